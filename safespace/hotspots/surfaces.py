"""Smooth surfaces for display: how dense reports are, and where one kind makes up more of them.

A surface shows shape and decides nothing: it is drawn beside a finding, with its bandwidth. It is made from
counted cells, so it is never finer than they are.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import cdist

from safespace.cells import to_metres
from safespace.errors import InputError, TooFewError
from safespace.hotspots.method import SurfaceMethod
from safespace.schemas import CELLS, check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

logger = logging.getLogger(__name__)

FEWEST_EVENTS = 10  # below this a bandwidth chosen from the events is a guess
CONTOUR = 0.025  # a cell may differ to either side, as a 95 % interval leaves 2.5 % on each
ENOUGH_TO_COMPARE = 5.0  # events under the kernel before a ratio of two surfaces means anything
_TRIED = 15  # bandwidths looked at before the best is refined
_CHUNK = 4_000_000  # kernel values held at once


@dataclass(frozen=True)
class Surface:
    """A surface over cells: ``table`` (``cell`` and its columns), ``events``, and the method it was made by."""

    table: pd.DataFrame
    events: int
    method: SurfaceMethod

    def basis(self) -> str:
        """Say in one line what the surface rests on."""
        return f"{self.events:,} events, {self.method.words()}."


def density(cells: pd.DataFrame, *, bandwidth_m: float | None = None) -> Surface:
    """Return how dense events are round each cell, events per square kilometre.

    Parameters
    ----------
    cells
        Counted cells (:data:`safespace.schemas.CELLS`). Those at the edge are left out.
    bandwidth_m
        Standard deviation of the Gaussian kernel, metres; chosen from the events when not given.

    Returns
    -------
    Surface
        ``table`` has ``cell`` and ``density``, in the order of the cells inside.

    Raises
    ------
    TooFewError
        When a bandwidth is to be chosen from fewer than ten events, or from those of one cell.
    InputError
        When the bandwidth is not above zero.

    Notes
    -----
    Diggle's edge correction: what an event would put outside the area is put back inside, so the surface
    adds up to the events. Smoothing makes hills of single events: a hill is not a finding.

    References
    ----------
    Diggle, P. (1985). A kernel method for smoothing point process data. doi:10.2307/2347366
    """
    check(cells, CELLS)
    inside = _inside(cells)
    place, area = _centres(inside), inside["area_km2"].to_numpy()
    events = inside["events"].to_numpy()
    width = choose_bandwidth(cells) if bandwidth_m is None else _above_zero(bandwidth_m)
    held = np.flatnonzero(events)
    smooth, _ = _smooth(place, held, area, width, events[held][:, None])
    table = pd.DataFrame({"cell": inside["cell"].to_numpy(), "density": smooth[:, 0]})
    how = SurfaceMethod(bandwidth_m=width, chosen=bandwidth_m is None)
    return Surface(table, int(events.sum()), how)


def choose_bandwidth(cells: pd.DataFrame) -> float:
    """Return the bandwidth under which each event is best foretold by the others, metres.

    Parameters
    ----------
    cells
        As for :func:`density`.

    Raises
    ------
    TooFewError
        When there are fewer than ten events, or all are in one cell.

    Notes
    -----
    Likelihood cross-validation, between half the width of a cell and half that of the area. Repeated pins
    and snap points pull it towards the lower end, where the surface is no smoother than the counts.

    References
    ----------
    Habbema, J. D. F., Hermans, J. & van den Broek, K. (1974). A stepwise discriminant analysis program
    using density estimation. Compstat 1974, 101-110. Loader, C. R. (1999). Bandwidth selection: classical
    or plug-in? doi:10.1214/aos/1018031201
    """
    inside = _inside(cells)
    events, area = inside["events"].to_numpy(), inside["area_km2"].to_numpy()
    held = np.flatnonzero(events)
    if events.sum() < FEWEST_EVENTS or len(held) < 2:
        raise TooFewError(
            "There are too few events to choose a bandwidth.",
            code="too-few-for-bandwidth",
            seen=f"{events.sum()} events in {len(held)} cells",
            remedy=f"At least {FEWEST_EVENTS} in two cells are needed; or state the bandwidth.",
        )
    place = _centres(inside)
    apart = _apart(place, held)
    finest, widest = 500 * np.sqrt(np.median(area)), 500 * np.sqrt(area.sum())

    def loss(log_width: float) -> float:
        return -_foretold(place, held, area, events[held], float(np.exp(log_width)), apart)

    tried = np.linspace(np.log(finest), np.log(max(widest, 1.01 * finest)), _TRIED)
    at = int(np.argmin([loss(width) for width in tried]))
    around = (tried[max(at - 1, 0)], tried[min(at + 1, _TRIED - 1)])
    best = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 0.01})
    width = float(np.exp(best.x if best.fun < loss(tried[at]) else tried[at]))
    logger.info("Bandwidth %.0f m chosen from %s events.", width, int(events.sum()))
    return width


def _apart(place: Numbers, positions: NDArray[np.intp]) -> Numbers | None:
    """Return the squared distances of all cells from those held, where they are few enough to keep."""
    return cdist(place, place[positions], "sqeuclidean") if len(place) * len(positions) <= _CHUNK else None


def _foretold(
    place: Numbers,
    positions: NDArray[np.intp],
    area: Numbers,
    events: NDArray[np.int64],
    width: float,
    apart: Numbers | None = None,
) -> float:
    """Return the log likelihood of each event under the surface of all others."""
    smooth, own = _smooth(place, positions, area, width, events[:, None], apart)
    others = smooth[positions, 0] - own
    return float((events * np.log(np.maximum(others, np.finfo(float).tiny))).sum())


def _smooth(
    place: Numbers,
    positions: NDArray[np.intp],
    area: Numbers,
    width: float,
    values: NDArray[Any],
    apart: Numbers | None = None,
) -> tuple[Numbers, Numbers]:
    """Return the values of held cells smoothed over all cells, per square kilometre, and one's own part.

    ``values`` is of shape (held, k); the first result of shape (n, k), each column adding up, times the
    areas, to what was put in; the second, shape (held,), is what 1 in a cell leaves in the cell itself.
    A few columns of the kernel are held at once: in a county at a fine resolution it has billions of values.
    """
    smooth, own = np.zeros((len(place), values.shape[1])), np.zeros(len(positions))
    step = max(_CHUNK // len(place), 1)
    for at in range(0, len(positions), step):
        some = positions[at : at + step]
        kernel = cdist(place, place[some], "sqeuclidean") if apart is None else apart[:, at : at + step]
        kernel = kernel * (-0.5 / width**2)
        np.exp(kernel, out=kernel)
        own[at : at + step] = 1 / (area @ kernel)
        smooth += kernel @ (values[at : at + step] * own[at : at + step, None])
    return smooth, own


def relative_density(
    cells: pd.DataFrame, *, having: str, seed: int, bandwidth_m: float | None = None, replicates: int = 999
) -> Surface:
    """Return where events that have something are denser than the rest, and where chance could not do it.

    Parameters
    ----------
    cells
        Counted cells with one more column.
    having
        That column: how many of the cell's ``events`` have it.
    seed
        Of the random labels.
    bandwidth_m
        For both surfaces, metres; chosen from all events when not given.
    replicates
        How many times the labels are dealt out at random.

    Returns
    -------
    Surface
        ``table`` has ``cell``, ``ratio`` (1 where the mix is the area's; 1 where there are too few to say),
        ``p_more``, ``p_fewer`` (one-sided, at that cell alone), ``enough`` (five events or more under the
        kernel) and ``contour`` ("more", "fewer" or empty: outside the middle 95 % of random labels).

    Raises
    ------
    InputError
        When a cell has more with it than events.
    TooFewError
        When all or none have it, or as for :func:`choose_bandwidth`.

    Notes
    -----
    Contours are for one cell at a time: one in twenty cells is inside one by chance. A place is found by
    :func:`safespace.hotspots.scan_shares`, which allows for the many.

    References
    ----------
    Kelsall, J. E. & Diggle, P. J. (1995). Kernel estimation of relative risk. doi:10.2307/3318678
    Hazelton, M. L. & Davies, T. M. (2009). Inference based on kernel estimates of the relative risk
    function in geographical epidemiology. doi:10.1002/bimj.200810495
    """
    check(cells, CELLS)
    inside = _inside(cells)
    cases, events = inside[having].to_numpy(dtype=np.int64), inside["events"].to_numpy()
    if (cases < 0).any() or (cases > events).any():
        raise InputError(
            "A cell has more with it than events.",
            code="share-above-total",
            where=having,
            remedy="Count both alike.",
        )
    if cases.sum() in {0, events.sum()}:
        raise TooFewError(
            "All or none have it, so no mix differs.",
            code="mix-of-all-or-none",
            where=having,
            seen=f"{cases.sum()} of {events.sum()} events",
            remedy="At least one that has it and one that does not are needed.",
        )
    width = choose_bandwidth(cells) if bandwidth_m is None else _above_zero(bandwidth_m)
    held = np.flatnonzero(events)
    labels = np.random.default_rng(seed).multivariate_hypergeometric(
        events[held], int(cases.sum()), size=replicates, method="marginals"
    )
    values = np.column_stack([cases[held], events[held], labels.T])
    smooth, _ = _smooth(_centres(inside), held, inside["area_km2"].to_numpy(), width, values)
    seen, everyone = smooth[:, 0], smooth[:, 1]
    more, fewer = _tails(smooth[:, 2:], seen)
    # A Gaussian kernel weighs as much as a flat one over four pi times its variance.
    enough = everyone * (4 * np.pi * (width / 1000) ** 2) >= ENOUGH_TO_COMPARE
    share = np.divide(seen, everyone, out=np.full(len(seen), np.nan), where=everyone > 0)
    ratio = share / (1 - share) / (cases.sum() / (events.sum() - cases.sum()))
    contour = np.select(
        [enough & (more <= CONTOUR), enough & (fewer <= CONTOUR)], ["more", "fewer"], default=""
    )
    table = pd.DataFrame(
        {
            "cell": inside["cell"].to_numpy(),
            "ratio": np.where(enough, ratio, 1.0),
            "p_more": more,
            "p_fewer": fewer,
            "enough": enough,
            "contour": contour,
        }
    )
    how = SurfaceMethod(
        bandwidth_m=width, chosen=bandwidth_m is None, replicates=replicates, level=CONTOUR, seed=seed
    )
    return Surface(table, int(events.sum()), how)


def _tails(permuted: Numbers, seen: Numbers) -> tuple[Numbers, Numbers]:
    """Return, for each cell, how often random labels give as much or more, and as little or less."""
    slack = 1e-9 * (1e-300 + seen)  # sums of the same labels differ by rounding
    more = 1 + (permuted >= (seen - slack)[:, None]).sum(axis=1)
    fewer = 1 + (permuted <= (seen + slack)[:, None]).sum(axis=1)
    return more / (permuted.shape[1] + 1), fewer / (permuted.shape[1] + 1)


def _inside(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells inside the area, or refuse an area without any."""
    if cells["edge"].all():
        raise TooFewError(
            "No cell lies inside the area.",
            code="no-cell-in-area",
            seen=f"{len(cells)} cells at the edge",
            remedy="Choose a finer resolution or a larger area.",
        )
    return cells[~cells["edge"]]


def _centres(cells: pd.DataFrame) -> Numbers:
    """Return the centres of cells in metres, shape (n, 2)."""
    lat_lon = np.array([h3.cell_to_latlng(cell) for cell in cells["cell"].tolist()], dtype=float)
    return to_metres(lat_lon[:, 1], lat_lon[:, 0])[0]


def _above_zero(bandwidth_m: float) -> float:
    if not bandwidth_m > 0:
        raise InputError(
            "A bandwidth must be above zero.",
            code="bandwidth-not-positive",
            seen=bandwidth_m,
            remedy="Give it in metres.",
        )
    return float(bandwidth_m)
