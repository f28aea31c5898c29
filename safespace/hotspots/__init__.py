"""Where it is really more than usual, and how sure that is.

``find_hotspots`` takes counted cells and gives a :class:`Hotspots`, which carries its baseline, sample
and intervals everywhere; ``places`` turns it into a ranked list.
"""

from safespace.hotspots.finding import Hotspots, compare_baselines, find_hotspots
from safespace.hotspots.intensity import GammaPrior, fit_prior, garwood, marshall_rates, smoothed_rates
from safespace.hotspots.ranking import place_of, places, tied_ranks
from safespace.hotspots.significance import at_least, events_needed, gi_star, ring_test

__all__ = [
    "GammaPrior",
    "Hotspots",
    "at_least",
    "compare_baselines",
    "events_needed",
    "find_hotspots",
    "fit_prior",
    "garwood",
    "gi_star",
    "marshall_rates",
    "place_of",
    "places",
    "ring_test",
    "smoothed_rates",
    "tied_ranks",
]
