"""Where it is really more than usual, and how sure that is.

``find_hotspots`` takes counted cells and gives a :class:`Hotspots`, which carries its baseline, sample
and intervals everywhere; ``places`` turns it into a ranked list.
"""

from safespace.hotspots.clusters import (
    Clusters,
    find_clusters,
    find_timed_clusters,
    refuse_snap_points,
)
from safespace.hotspots.finding import Hotspots, compare_baselines, find_hotspots
from safespace.hotspots.intensity import GammaPrior, fit_prior, garwood, marshall_rates, smoothed_rates
from safespace.hotspots.layers import AGREEMENT, agree, with_scan
from safespace.hotspots.method import HotspotMethod
from safespace.hotspots.promises import check_promises
from safespace.hotspots.ranking import place_of, places, tied_ranks
from safespace.hotspots.scan import Scan, scan_cells, scan_periods, scan_shares
from safespace.hotspots.shares import jeffreys, share_by
from safespace.hotspots.significance import (
    at_least,
    events_needed,
    gi_score,
    gi_star,
    gi_star_score,
    local_moran,
    permuted_tails,
    ring_test,
)
from safespace.hotspots.stability import (
    add_checks,
    jaccard,
    without_busiest_day,
    without_busiest_week,
    without_patrol,
)
from safespace.hotspots.surfaces import Surface, choose_bandwidth, density, relative_density
from safespace.hotspots.trends import (
    NearRepeat,
    Trend,
    Week,
    classify_emerging,
    compare_periods,
    e_test,
    find_trend,
    near_repeat,
    smooth_week,
    week_surface,
)
from safespace.hotspots.validation import (
    Validation,
    count_by_period,
    generalised_gini,
    jaccard_across,
    scores_from,
    sum_periods,
    validate,
)

__all__ = [
    "AGREEMENT",
    "Clusters",
    "GammaPrior",
    "HotspotMethod",
    "Hotspots",
    "NearRepeat",
    "Scan",
    "Surface",
    "Trend",
    "Validation",
    "Week",
    "add_checks",
    "agree",
    "at_least",
    "check_promises",
    "choose_bandwidth",
    "classify_emerging",
    "compare_baselines",
    "compare_periods",
    "count_by_period",
    "density",
    "e_test",
    "events_needed",
    "find_clusters",
    "find_hotspots",
    "find_timed_clusters",
    "find_trend",
    "fit_prior",
    "garwood",
    "generalised_gini",
    "gi_score",
    "gi_star",
    "gi_star_score",
    "jaccard",
    "jaccard_across",
    "jeffreys",
    "local_moran",
    "marshall_rates",
    "near_repeat",
    "permuted_tails",
    "place_of",
    "places",
    "refuse_snap_points",
    "relative_density",
    "ring_test",
    "scan_cells",
    "scan_periods",
    "scan_shares",
    "scores_from",
    "share_by",
    "smooth_week",
    "smoothed_rates",
    "sum_periods",
    "tied_ranks",
    "validate",
    "week_surface",
    "with_scan",
    "without_busiest_day",
    "without_busiest_week",
    "without_patrol",
]
