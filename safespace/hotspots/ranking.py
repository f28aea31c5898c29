"""Hot cells that rise to one peak are one place; places whose intervals overlap share a rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from safespace.cells import neighbours
from safespace.hotspots.intensity import garwood, smoothed_rates
from safespace.tone import HIGHER, HIGHER_IN_BOTH

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from safespace.hotspots.finding import Hotspots


def place_of(hotspots: Hotspots) -> pd.Series:
    """Return which place each hot cell belongs to, as text indexed by ``cell``.

    A hot cell belongs with the neighbour whose ring is highest, and so on up to a peak: touching hot cells
    are one place, unless they rise to peaks of their own. Without the second rule a whole city centre would
    be a single place. A place is named after its core, the cell
    with the highest rate (the lowest cell among equals), so its name holds while its outline changes.
    """
    table = hotspots.table.sort_values("cell", ignore_index=True)
    hot = table[table["hot"]].assign(peak=_peaks(table))
    first = hot.sort_values(["rate", "cell"], ascending=[False, True]).drop_duplicates("peak")
    core = first.set_index("peak")["cell"].map(lambda cell: h3.int_to_str(int(cell)))
    index = pd.Index(hot["cell"].to_numpy(dtype=np.int64), name="cell")
    return pd.Series(core.reindex(hot["peak"]).to_numpy(), index=index, name="place", dtype="str")


def _peaks(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the peak each hot cell rises to, as its position among the hot cells, shape (hot,)."""
    hot = table["hot"].to_numpy()
    # The middle weighs twice, so one busy cell among empty ones is its own peak.
    events = (table["ring_events"] + table["events"]).to_numpy()
    expected = (table["ring_expected"] + table["expected"]).to_numpy()
    height = np.divide(events, expected, out=np.zeros(len(hot)), where=expected > 0)[hot]
    order = np.empty(len(height), dtype=np.int64)  # heights as distinct ranks: the lower cell wins a tie
    by_height = np.lexsort((-np.arange(len(height)), height))
    order[by_height] = np.arange(len(height))
    among = neighbours(table["cell"][hot])
    if not len(height):
        return order
    peak = by_height[np.maximum.reduceat(order[among.indices], among.indptr[:-1])]
    while (peak != peak[peak]).any():
        peak = peak[peak]
    return peak


def places(hotspots: Hotspots) -> pd.DataFrame:
    """Return the hot cells as ranked places, those that cannot be told apart sharing a rank.

    Parameters
    ----------
    hotspots
        From :func:`safespace.hotspots.find_hotspots`.

    Returns
    -------
    pandas.DataFrame
        One row a place: ``rank``, ``tied``, ``place`` (H3 text of its core), ``core_cell``, ``lon``,
        ``lat`` (its centre, EPSG:4326), ``cells`` (a list), ``n_cells``, ``area_km2``, ``pins``, ``events``, ``expected``,
        ``rate``, ``lower``, ``upper``, ``q_value`` (least of its cells), ``label``. No rows when nothing
        is hot.

    Notes
    -----
    A place takes in cells that are hot for their neighbours' sake, so its rate is lower than its core's.
    Where the method's ``enough_to_judge`` events or more would be usual and the place's own exact interval still reaches
    usual, only its neighbours are higher: its cells stay hot, but it is no place of its own and is left out.
    The rate is pulled towards usual like a cell's, which answers part of "the highest of many is too
    high"; it is not a promise of what comes next.
    """
    hot = hotspots.table[hotspots.table["hot"]]
    names = place_of(hotspots).reindex(hot["cell"].to_numpy()).to_numpy()
    summed = (
        hot.assign(place=names, both=hot["label"] == HIGHER_IN_BOTH)
        .groupby("place", sort=True)
        .agg(
            cells=("cell", list),
            n_cells=("cell", "size"),
            area_km2=("area_km2", "sum"),
            pins=("pins", "sum"),
            events=("events", "sum"),
            expected=("expected", "sum"),
            q_value=("q_value", "min"),
            both=("both", "any"),
        )
        .reset_index()
    )
    method = hotspots.method
    rates = smoothed_rates(summed["events"], summed["expected"], prior=hotspots.prior, level=method.interval)
    told = _described(summed).join(rates[["rate", "lower", "upper"]])
    least, _ = garwood(told["events"], level=method.interval)
    slope = (least <= told["expected"]) & (told["expected"] >= method.enough_to_judge)
    return _ranked(told[~slope].reset_index(drop=True))


def _described(summed: pd.DataFrame) -> pd.DataFrame:
    core = np.array([h3.str_to_int(place) for place in summed["place"]], dtype=np.int64)
    centre = np.array([h3.cell_to_latlng(int(cell)) for cell in core], dtype=float).reshape(-1, 2)
    label = np.where(summed["both"], HIGHER_IN_BOTH, HIGHER)
    return summed.assign(core_cell=core, lon=centre[:, 1], lat=centre[:, 0], label=label.astype(str))


def _ranked(described: pd.DataFrame) -> pd.DataFrame:
    rank = tied_ranks(described["rate"], described["lower"], described["upper"])
    tied = pd.Series(rank).duplicated(keep=False).to_numpy()
    ordered = described.assign(rank=rank, tied=tied).sort_values(["rank", "place"], ignore_index=True)
    return ordered[list(_PLACE_COLUMNS)]


_PLACE_COLUMNS = (
    "rank",
    "tied",
    "place",
    "core_cell",
    "lon",
    "lat",
    "cells",
    "n_cells",
    "area_km2",
    "pins",
    "events",
    "expected",
    "rate",
    "lower",
    "upper",
    "q_value",
    "label",
)


def tied_ranks(rate: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> NDArray[np.int64]:
    """Return the rank of each rate, 1 the highest, shared where the intervals overlap.

    From the highest down, a rate whose interval reaches the lower end of the leader's shares the leader's
    rank; the first that does not leads the next group, and its rank counts all above it.

    Parameters
    ----------
    rate, lower, upper
        Rates and the ends of their intervals, shape (n,).

    Returns
    -------
    numpy.ndarray
        int64, shape (n,), in the order given.

    Notes
    -----
    Overlap does not carry over: the last of a group may differ from the first of the next by little.

    Examples
    --------
    >>> tied_ranks([5.0, 4.0, 1.0], [3.5, 3.0, 0.5], [7.0, 5.0, 2.0]).tolist()
    [1, 1, 3]
    """
    rates, low, high = (np.asarray(values, dtype=float) for values in (rate, lower, upper))
    ranks = np.zeros(len(rates), dtype=np.int64)
    reach, leader = np.inf, 0
    for position, at in enumerate(np.argsort(-rates, kind="stable").tolist(), start=1):
        if leader == 0 or high[at] < reach:
            leader, reach = position, low[at]
        ranks[at] = leader
    return ranks
