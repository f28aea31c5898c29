"""One hierarchical count model on the hexagon graph: rates, intervals, ranks and what two layers share.

``fit_cells`` takes counted cells (or ``fit_rates`` plain arrays and the ring matrix) and gives a
:class:`RateModel`. To wire it into a finding:

* rates and intervals of cells from ``table`` (join on ``cell``; a cell that is not assessed has no row);
* a place's own claim from ``place(cells)``;
* the call from ``rings(ring, cells)``: ``chance`` through Benjamini-Hochberg, and ``chance_without_largest`` to
  tell "one cell stands out" from a place;
* the order of a list from ``expected_rank``, a short list from ``p_top_k``;
* two layers from ``probability_both``;
* ``estimate_dispersion`` of counts by month beforehand, into ``Method(dispersion=...)``.
"""

from safespace.hotspots.model.dispersion import clear_dispersion, estimate_dispersion
from safespace.hotspots.model.draws import Draws
from safespace.hotspots.model.fitting import Method, RateModel, fit_cells, fit_rates, probability_both
from safespace.hotspots.model.laplace import Priors
from safespace.hotspots.model.rings import overdispersed_chance, ring_chances

__all__ = [
    "Draws",
    "Method",
    "Priors",
    "RateModel",
    "clear_dispersion",
    "estimate_dispersion",
    "fit_cells",
    "fit_rates",
    "overdispersed_chance",
    "probability_both",
    "ring_chances",
]
