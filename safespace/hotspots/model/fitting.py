"""One call from counts to rates, ranks and places; everything it rests on comes with the answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from safespace.cells import neighbours
from safespace.errors import InputError, TooFewError
from safespace.hotspots.model.draws import Draws, draw_rates
from safespace.hotspots.model.field import make_field
from safespace.hotspots.model.hyperparameters import find_peak, lay_again, lay_out, likely_starts
from safespace.hotspots.model.laplace import Model, Priors
from safespace.hotspots.model.likelihood import Likelihood
from safespace.hotspots.model.posterior import Rates, gather
from safespace.hotspots.model.rings import ring_chances
from safespace.hotspots.model.threads import one_thread_each
from safespace.schemas import CELLS, check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from safespace.hotspots.model.hyperparameters import Design

    Numbers = NDArray[np.float64]
    Ring = csr_array[Any, tuple[int, int]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Method:
    """What was asked of the model: with the counts, all that its answer depends on.

    Parameters
    ----------
    seed
        Of the draws that ranks and places rest on.
    level
        Probability that intervals hold.
    above
        Rates whose being exceeded is given a probability; 1 is the area's mean.
    top
        Lengths of list whose being on is given a probability.
    dispersion
        phi: variance over mean between time slices (:func:`estimate_dispersion`). Events and expected events are
        divided by it.
    draws
        How many joint draws; a probability of one in ten from 400 has a standard error of 0.015.
    priors
        Of the hyperparameters.
    """

    seed: int
    level: float = 0.95
    above: tuple[float, ...] = (1.5, 2.0)
    top: tuple[int, ...] = (10, 50)
    dispersion: float = 1.0
    draws: int = 400
    priors: Priors = field(default_factory=Priors)

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        wrong = {
            "level": not 0 < self.level < 1,
            "above": not all(0 < one < np.inf for one in self.above),
            "top": not all(k >= 1 for k in self.top),
            "dispersion": not 1 <= self.dispersion < np.inf,
            "draws": self.draws < 2,
            "seed": self.seed < 0,
        }
        for name in (name for name, is_wrong in wrong.items() if is_wrong):
            raise InputError(
                f"The model cannot be asked with this {name}.",
                code="model-option",
                where=name,
                seen=getattr(self, name),
                remedy=_ASK[name],
            )


_ASK = {
    "level": "Give a probability between 0 and 1.",
    "above": "Give rates above 0; 1 is the area's mean.",
    "top": "Give whole numbers from 1.",
    "dispersion": "Give 1 or more; estimate_dispersion does.",
    "draws": "Give at least 2; some hundreds for ranks.",
    "seed": "Give 0 or more.",
}


@dataclass(frozen=True)
class RateModel:
    """What the model says of every assessed cell, and what it rests on.

    Parameters
    ----------
    table
        One row an assessed cell, keyed by ``cell``: ``events``, ``expected``, ``rate`` (posterior mean; 1 is the
        area's mean), ``lower``, ``upper`` (equal tails), ``p_above_c`` for each threshold, ``expected_rank``,
        ``rank_lower``, ``rank_upper`` and ``p_top_k`` for each length of list. No value is missing.
    method
        What was asked.
    hyperparameters
        The design, one row a point: ``weight``, ``sigma`` (sd of log rates between surroundings), ``range_cells``
        (correlation length in cells) and ``size`` (r: the own excess has variance 1 / r).
    draws
        Joint draws of the rates.
    left_out
        Events in cells that were not assessed, as nothing is expected there.
    """

    table: pd.DataFrame
    method: Method
    hyperparameters: pd.DataFrame
    draws: Draws
    left_out: float

    @property
    def events(self) -> float:
        """How many events were assessed."""
        return float(self.table["events"].sum())

    def basis(self) -> str:
        """Say in one line what the figures rest on."""
        spread = f", dispersion {self.method.dispersion:.2f}" if self.method.dispersion > 1 else ""
        return (
            f"{self.events:,.0f} events in {len(self.table):,} cells{spread}; size r {self._sized(0.05):.2g} to "
            f"{self._sized(0.95):.2g}, intervals {self.method.level:.0%}, {self.method.draws} draws, seed "
            f"{self.method.seed}."
        )

    def _sized(self, share: float) -> float:
        """Return the size r that a share of the posterior lies below."""
        ordered = self.hyperparameters.sort_values("size", kind="stable")
        return float(ordered["size"].to_numpy()[np.searchsorted(ordered["weight"].cumsum(), share - 1e-12)])

    def place(self, cells: ArrayLike) -> dict[str, float]:
        """Return what is known of several cells together.

        Parameters
        ----------
        cells
            Assessed cells of the place.

        Returns
        -------
        dict
            ``events``, ``expected``, ``rate`` (mean), ``lower``, ``upper`` and ``p_above_c`` for each threshold.

        Raises
        ------
        InputError
            When there is no cell, or one that was not assessed.

        Notes
        -----
        From the joint draws, so that cells that rise and fall together are not taken as independent. A place chosen
        because its rates are high has a mean that is too high by that choice; the model's pull towards the
        surroundings lessens this, and does not undo it.
        """
        rates, tail = self.draws.of_place(cells), (1 - self.method.level) / 2
        held = self.table[self.table["cell"].isin(np.asarray(cells))]
        lower, upper = np.quantile(rates, [tail, 1 - tail])
        return {
            "events": float(held["events"].sum()),
            "expected": float(held["expected"].sum()),
            "rate": float(rates.mean()),
            "lower": float(lower),
            "upper": float(upper),
            **{f"p_above_{c:g}": float((rates > c).mean()) for c in self.method.above},
        }

    def rings(self, ring: Ring, cells: ArrayLike) -> pd.DataFrame:
        """Return the chance of each ring's total if cells only vary of themselves, as much as they do here.

        Parameters
        ----------
        ring, cells
            Which of the window's cells are in each cell's ring (:func:`safespace.cells.neighbours`), shape (n, n), and
            the cells in that order.

        Returns
        -------
        pandas.DataFrame
            :func:`ring_chances` by cell of the window, with ``cell`` and ``largest_cell`` as H3 cells. Cells that were
            not assessed add nothing. Events and expectations are divided by the dispersion, as in the model.
        """
        order = np.asarray(cells, dtype=np.int64)
        held = self.table.set_index("cell").reindex(order, fill_value=0.0)
        events, expected = (held[name].to_numpy() / self.method.dispersion for name in ("events", "expected"))
        sizes, weights = (self.hyperparameters[name].to_numpy() for name in ("size", "weight"))
        found = ring_chances(events, expected, ring, sizes=sizes, weights=weights)
        found = found.assign(largest_cell=order[found["largest_cell"].to_numpy()])
        found.insert(0, "cell", order)
        return found


def fit_cells(cells: pd.DataFrame, method: Method) -> RateModel:
    """Fit the model to counted cells.

    Parameters
    ----------
    cells
        :data:`safespace.schemas.CELLS` with the baseline as ``exposure``. Cells at the edge, and cells without any
        baseline, are part of the graph and not assessed, as in :func:`safespace.hotspots.find_hotspots`.
    method
        Level, thresholds, dispersion and seed.

    Raises
    ------
    SchemaError
        When ``cells`` breaks its promise.
    TooFewError, InputError
        As :func:`fit_rates`.
    """
    check(cells, CELLS)
    exposure = np.where(cells["edge"], 0.0, cells["exposure"])
    return fit_rates(
        cells["events"], exposure, neighbours(cells["cell"]), cells=cells["cell"].to_numpy(), method=method
    )


def fit_rates(
    events: ArrayLike,
    exposure: ArrayLike,
    ring: Ring,
    *,
    method: Method,
    cells: ArrayLike | None = None,
    hyperparameters: pd.DataFrame | None = None,
) -> RateModel:
    """Fit rates that vary smoothly between cells, with an excess of each cell's own, to counts.

    Parameters
    ----------
    events
        Events of each cell, zero or more, shape (n,).
    exposure
        What they are compared with, zero or more, shape (n,); a cell with none is not assessed.
    ring
        Non-zero where cells touch: :func:`safespace.cells.neighbours`, shape (n, n).
    method
        Level, thresholds, dispersion and seed.
    cells
        Names of the cells, shape (n,); 0 to n - 1 when not given.
    hyperparameters
        Those of another fit (:attr:`RateModel.hyperparameters`), to ask other counts in the same way; when not given they
        are searched for. The counts are then laid beside them as they are, which takes a tenth of the time.

    Returns
    -------
    RateModel
        Rows in the order of the cells that are assessed.

    Raises
    ------
    TooFewError
        When there are fewer than two cells to assess, or no events in them.
    InputError
        When shapes differ, a value is negative or not finite, or the exposure is zero everywhere.

    Notes
    -----
    ``y ~ NB(mean E exp(level + x), size r)``: E is the exposure scaled to as many events as there are, x a Gaussian
    field on the hexagon graph, r the size of each cell's own excess. Standard deviation and range of the field and r
    have penalised-complexity priors and are integrated over, r along its profile, as it is poorly pinned by the data
    and decides what a ring of cells may hold by chance. Given them the field is Laplace's Gaussian with its mean
    corrected to first order.

    A rate is the whole cell's, own excess included. Intervals hold their level on average over cells, not for a cell
    picked because it is the highest. Probabilities of exceeding a threshold are for ranking and for effect sizes: they
    have next to no power as a test where counts are sparse, which is why hotspots are called by
    :func:`safespace.hotspots.ring_test` and :meth:`RateModel.rings`.

    References
    ----------
    Besag, J., York, J. & Mollie, A. (1991). Bayesian image restoration, with two applications in spatial statistics.
    doi:10.1007/BF00116466
    """
    y, e = np.array(events, dtype=float), np.array(exposure, dtype=float)
    names = np.arange(len(y)) if cells is None else np.asarray(cells, dtype=np.int64)
    _refuse(y, e, ring, names)
    at = np.flatnonzero(e > 0)
    left_out, y = float(y[e == 0].sum()), np.where(e > 0, y, 0.0)
    expected = e * (y.sum() / e.sum())
    tempered = y / method.dispersion, expected / method.dispersion
    with one_thread_each():
        model = Model(make_field(ring), Likelihood.of(*tempered), method.priors)
        if hyperparameters is None:
            design = lay_out(model, find_peak(model, likely_starts(model.counts)))
        else:
            design = lay_again(model, hyperparameters)
        around = gather(model, design, draws=method.draws, seed=method.seed)
        own = tempered[0][at], tempered[1][at]
        rates = Rates.of(around, *own, at)
        drawn = Draws(names[at], expected[at], draw_rates(around, *own, at, seed=method.seed))
        table = _table(rates, drawn, y[at], method)
    found = RateModel(table, method, _design_table(design), drawn, left_out)
    logger.info("%s", found.basis())
    return found


def _table(rates: Rates, drawn: Draws, events: Numbers, method: Method) -> pd.DataFrame:
    tail = (1 - method.level) / 2
    of_rates = pd.DataFrame(
        {
            "cell": drawn.cells,
            "events": events,
            "expected": drawn.expected,
            "rate": rates.moments()[0],
            "lower": rates.quantile(tail),
            "upper": rates.quantile(1 - tail),
            **{f"p_above_{c:g}": rates.above(c) for c in method.above},
        }
    )
    return pd.concat([of_rates, drawn.ranks(top=method.top, level=method.level)], axis="columns")


def _design_table(design: Design) -> pd.DataFrame:
    sigma, span, excess = np.exp(design.thetas).T
    return pd.DataFrame({"weight": design.weights, "sigma": sigma, "range_cells": span, "size": excess**-2})


def _refuse(events: Numbers, exposure: Numbers, ring: Ring, names: NDArray[np.int64]) -> None:
    """Raise where no answer would mean anything."""
    shapes = [events.shape, exposure.shape, names.shape, (ring.shape[0],), (ring.shape[1],)]
    if len(set(shapes)) > 1 or events.ndim != 1:
        raise InputError(
            "Events, exposure, cells and neighbours do not belong together.",
            code="model-inputs-differ",
            seen=f"shapes {events.shape}, {exposure.shape}, {names.shape}, {ring.shape}",
            remedy="Give one of each for every cell.",
        )
    for name, values in (("events", events), ("exposure", exposure)):
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            raise InputError(
                f"Some {name} are not amounts.",
                code="model-input-not-amounts",
                where=name,
                seen=f"{int(wrong.sum())} cells, first {values[wrong][0]}",
                remedy="Give zero or more in each cell.",
            )
    if exposure.size and not exposure.any():
        raise InputError(
            "The baseline is zero in every cell.",
            code="baseline-zero",
            seen=f"{len(exposure)} cells",
            remedy="Choose a baseline that covers the area.",
        )
    assessed = exposure > 0
    if assessed.sum() < 2 or events[assessed].sum() <= 0:
        raise TooFewError(
            "There is too little for rates to be compared.",
            code="model-too-little",
            seen=f"{events[assessed].sum():g} events in {int(assessed.sum())} cells with a baseline",
            remedy="At least one event and two cells are needed; widen the dates, the area or the sources.",
        )


def probability_both(first: RateModel, second: RateModel, *, above: float) -> pd.DataFrame:
    """Return the probability that a cell's rate is above a threshold in both of two layers.

    Parameters
    ----------
    first, second
        Fits of two layers (felt and recorded, say) with the threshold among those asked for.
    above
        The threshold; 1 is each layer's own mean.

    Returns
    -------
    pandas.DataFrame
        ``cell``, ``p_first``, ``p_second`` and ``p_both`` of the cells that both layers assess, in the first's order.

    Raises
    ------
    InputError
        When a fit has not been asked about the threshold, or no cell is assessed by both.

    Notes
    -----
    The product of two separate posteriors: what the layers share beyond their counts does not enter, so neither layer
    lends the other its evidence.
    """
    name = f"p_above_{above:g}"
    for fit in (first, second):
        if name not in fit.table:
            raise InputError(
                "A fit has not been asked about this threshold.",
                code="model-threshold-not-asked",
                seen=f"{above:g} of {fit.method.above}",
                remedy="Add it to the method's thresholds.",
            )
    one, other = (fit.table[["cell", name]] for fit in (first, second))
    joined = one.merge(other, on="cell", suffixes=("_first", "_second"))
    if joined.empty:
        raise InputError(
            "The two layers have no cell in common.",
            code="model-layers-apart",
            seen=f"{len(one)} and {len(other)} cells",
            remedy="Fit both over one window, at one resolution.",
        )
    p_first, p_second = joined[f"{name}_first"], joined[f"{name}_second"]
    return pd.DataFrame(
        {"cell": joined["cell"], "p_first": p_first, "p_second": p_second, "p_both": p_first * p_second}
    )
