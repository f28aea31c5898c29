"""Cells that are high and rise to one peak are one place; places whose order is not sure share a rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from safespace.cells import neighbours
from safespace.hotspots.intensity import smoothed_rates
from safespace.hotspots.model import Draws
from safespace.hotspots.ordering import SURE, how_sure, order_cells
from safespace.hotspots.overdispersion import dispersed_at_least, share_interval
from safespace.hotspots.significance import FEW_EVENTS, STANDS_ALONE
from safespace.schemas import CELLS
from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import ArrayLike, NDArray

    from safespace.hotspots.finding import Hotspots
    from safespace.hotspots.model import RateModel


def place_of(hotspots: Hotspots) -> pd.Series:
    """Return which place each cell belongs to, as text indexed by ``cell``; cells of no place are left out.

    A place is either touching cells that are higher than usual themselves and rise to one peak, or, where no
    cell is, the cells with events of the disc that is: a cell and its neighbours. Without peaks a whole city
    centre would be a single place. A place is named after its core, the cell with the highest rate (the
    lowest cell among equals), so its name holds while its outline changes.
    """
    members = _members(hotspots)
    index = pd.Index(members["cell"].to_numpy(dtype=np.int64), name="cell")
    return pd.Series(members["place"].to_numpy(), index=index, name="place", dtype="str")


def _members(hotspots: Hotspots) -> pd.DataFrame:
    """Return ``cell``, ``place`` and ``disc`` (no cell of the place is higher by itself), one row a cell of a place.

    Touching cells whose own count together does not bear it are no place; the disc that holds them may be.
    """
    ordered = hotspots.table.sort_values("cell", ignore_index=True)
    around = ordered[ordered["around"]].assign(peak=_peaks(ordered))
    hot = around[around["hot"]]
    raised = hot.assign(place=_named_after_core(hot, _touching(hot)), disc=False)
    if len(raised):
        sums = raised.groupby("place")[["events", "expected"]].sum()
        lower, _ = own_interval(hotspots, sums["events"], sums["expected"])
        raised = raised[raised["place"].isin(sums.index[lower > 1])]
    discs = _discs(ordered, around, taken=set(raised["cell"]))
    both = [part[["cell", "place", "disc"]] for part in (raised, discs) if len(part)]
    empty = pd.DataFrame(
        {"cell": np.array([], np.int64), "place": pd.Series(dtype="str"), "disc": np.array([], bool)}
    )
    return pd.concat(both, ignore_index=True) if both else empty


def own_interval(
    hotspots: Hotspots, events: ArrayLike, expected: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the interval of events over expected of places that were chosen for being high.

    Parameters
    ----------
    hotspots
        The finding they were chosen in.
    events, expected
        Of each place together, shape (n,).

    Returns
    -------
    tuple of arrays
        Lower and upper ends, each shape (n,).

    Notes
    -----
    Exact (Clopper-Pearson), of counts divided by the dispersion the test allows for, and at ``1 - (1 - level) R / m``
    where R of m cells lie in a high ring: of intervals of chosen places so many hold as of intervals nobody chose. A
    ring that the test calls lies above usual by this interval too, as both are one calculation.

    References
    ----------
    Benjamini, Y. & Yekutieli, D. (2005). False discovery rate-adjusted multiple confidence intervals for selected
    parameters. doi:10.1198/016214504000001907
    """
    y, e = np.asarray(events, dtype=float), np.asarray(expected, dtype=float)
    looked_at = max(int(hotspots.table["around"].sum()), 1) / max(hotspots.tested, 1)
    level = 1 - (1 - hotspots.method.interval) * looked_at
    total, dispersion = float(hotspots.events), hotspots.allowed_dispersion
    if not hotspots.method.counted_baseline:
        lower, upper = share_interval(y, total, level=level, dispersion=dispersion)
        return lower * total / e, upper * total / e
    tested = hotspots.table["tested"]
    times = (
        float(hotspots.table.loc[tested, "exposure"].sum()) / total
    )  # of the baseline's counts for an event
    lower, upper = share_interval(y, y + e * times, level=level, dispersion=dispersion)
    return lower / (1 - lower) * times, np.where(
        upper < 1, upper / np.maximum(1 - upper, 1e-12) * times, y / e
    )


def _touching(hot: pd.DataFrame) -> NDArray[np.int32]:
    """Return the group of each hot cell: those that touch and rise to one peak, shape (hot,)."""
    if hot.empty:
        return np.array([], dtype=np.int32)
    among = neighbours(hot["cell"]).tocoo()
    peak = hot["peak"].to_numpy()
    same = peak[among.row] == peak[among.col]
    links = coo_array((np.ones(int(same.sum())), (among.row[same], among.col[same])), shape=among.shape)
    return connected_components(links, directed=False)[1]


def _named_after_core(hot: pd.DataFrame, group: NDArray[np.int32]) -> NDArray[np.object_]:
    grouped = hot.assign(group=group)
    first = grouped.sort_values(["rate", "cell"], ascending=[False, True]).drop_duplicates("group")
    core = first.set_index("group")["cell"].map(lambda cell: h3.int_to_str(int(cell)))
    named: NDArray[np.object_] = core.reindex(group).to_numpy(dtype=object)
    return named


def _discs(table: pd.DataFrame, around: pd.DataFrame, *, taken: set[int]) -> pd.DataFrame:
    """Return the cells with events of the discs that are higher though none of their cells is, the highest first.

    A disc that holds a cell of a place is that place's slope, and of two that share a cell the higher counts.
    """
    tops = around[around["peak"] == np.arange(len(around))].assign(
        height=lambda held: held["ring_events"] / held["ring_expected"]
    )
    holds = set(table.loc[table["tested"] & (table["events"] > 0), "cell"])
    rows: list[tuple[int, str, bool]] = []
    for cell in tops.sort_values(["height", "cell"], ascending=[False, True])["cell"].tolist():
        disc = set(h3.grid_disk(cell, 1))
        if not disc & taken:
            taken = taken | disc
            rows += [(member, h3.int_to_str(cell), True) for member in sorted(disc & holds)]
    return pd.DataFrame(rows, columns=["cell", "place", "disc"])


def _peaks(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the peak each cell in a high ring rises to, as its position among these, shape (around,)."""
    high = table["around"].to_numpy()
    # The middle weighs twice, so one busy cell among empty ones is its own peak.
    events = (table["ring_events"] + table["events"]).to_numpy()
    expected = (table["ring_expected"] + table["expected"]).to_numpy()
    height = np.divide(events, expected, out=np.zeros(len(high)), where=expected > 0)[high]
    order = np.empty(len(height), dtype=np.int64)  # heights as distinct ranks: the lower cell wins a tie
    by_height = np.lexsort((-np.arange(len(height)), height))
    order[by_height] = np.arange(len(height))
    if not len(height):
        return order
    among = neighbours(table["cell"][high])
    peak = by_height[np.maximum.reduceat(order[among.indices], among.indptr[:-1])]
    while (peak != peak[peak]).any():
        peak = peak[peak]
    return peak


def places(hotspots: Hotspots) -> pd.DataFrame:
    """Return places higher than usual by their own figures, those that cannot be told apart sharing a rank.

    Parameters
    ----------
    hotspots
        From :func:`safespace.hotspots.find_hotspots`.

    Returns
    -------
    pandas.DataFrame
        One row a place: ``rank``, ``tied``, ``place`` (H3 text of its core), ``core_cell``, ``lon``,
        ``lat`` (its centre, EPSG:4326), ``cells`` (a list), ``n_cells``, ``disc``, ``area_km2``, ``pins``, ``events``,
        ``expected``, ``rate``, ``lower``, ``upper``, ``smoothed``, ``smoothed_lower``, ``smoothed_upper``,
        ``foretold``, ``rank_lower``, ``rank_upper``, ``rests_on``, ``one_cell``, ``q_value`` (least of its cells), ``label``. No rows when nothing is higher.

    Notes
    -----
    Every figure is the place's own: of its cells together, each higher by itself, or (``disc``) of a cell and
    its neighbours together, empty ones counted in, where none is higher alone. ``rate`` is events over expected, with
    :func:`own_interval`; a place whose interval reaches usual is left out. The label says "both" only where the other
    layer's own interval for the same cells lies above usual too, and its ring test finds one of them. ``one_cell``:
    without its largest cell the ring would not stand out, and a few people could have made that cell's events. ``rests_on`` is how many events fewer would be enough for
    the place not to be found, by its clearest ring or by its own interval: as few people could have made it.
    The order is that of :func:`safespace.hotspots.order_places`: most events ``foretold`` for a period as long as this
    on the least ground first. Places whose order is not sure at the finding's level share a rank, by joint draws of all
    rates, and ``rank_lower`` to ``rank_upper`` holds a place's rank among them. ``smoothed`` is the rate that all cells
    together give it. Without a model (``rates="cells"``) the order is by ``smoothed``, ranks are shared where intervals
    overlap, and what is ``foretold`` is that rate times what is expected.
    """
    figures = _summed(hotspots)
    lower, upper = own_interval(hotspots, figures["events"], figures["expected"])
    figures = figures.assign(rate=figures["events"] / figures["expected"], lower=lower, upper=upper)
    higher = figures[figures["lower"] > 1].reset_index(drop=True)
    described = _described(higher, hotspots)
    ranked = _by_rate(described, hotspots) if hotspots.model is None else _by_order(described, hotspots)
    return ranked[list(_PLACE_COLUMNS)]


def _summed(hotspots: Hotspots) -> pd.DataFrame:
    """Return the counts of each place, of a disc those of its whole ring."""
    members = _members(hotspots)
    table = hotspots.table.set_index("cell")
    joined = members.join(table, on="cell")
    core = joined["place"].map(h3.str_to_int).astype("int64")
    ring = table.loc[core, ["ring_events", "ring_expected"]].set_axis(joined.index)
    sums = joined.groupby("place", sort=True).agg(
        cells=("cell", list),
        n_cells=("cell", "size"), disc=("disc", "first"), area_km2=("area_km2", "sum"),
        pins=("pins", "sum"), events=("events", "sum"), expected=("expected", "sum"), q_value=("q_value", "min"),
    )  # fmt: skip
    whole = ring.assign(place=joined["place"]).groupby("place", sort=True).first()
    sums["events"] = sums["events"].where(~sums["disc"].astype(bool), whole["ring_events"])
    sums["expected"] = sums["expected"].where(~sums["disc"].astype(bool), whole["ring_expected"])
    return sums.reset_index()


def shorten(places: pd.DataFrame, hotspots: Hotspots, *, most: int) -> pd.DataFrame:
    """Return the places to act on first, where more are higher than a list can hold.

    Parameters
    ----------
    places
        From :func:`places`.
    hotspots
        The finding they are from.
    most
        Places that are listed whatever is sure; a longer list is shortened.

    Returns
    -------
    pandas.DataFrame
        The places in the order given, with ``p_top``: the probability that the place is as dense as the densest
        hundredth of the cells (:func:`safespace.hotspots.how_sure`), or 1 where nothing was left out or no model can
        tell. A longer list keeps those with probability .9 or more, ``most`` of them at most; where none is as sure as
        that, the first ``most``.

    Notes
    -----
    Over a whole force nearly every busy cell is higher than usual, and rightly so: a hundred such places are no list.
    """
    if len(places) <= most or hotspots.model is None:
        return places.head(most).assign(p_top=1.0)
    cells = hotspots.table[list(CELLS.columns)]
    member = places.explode("cells")
    sure = how_sure(cells, hotspots.model, pd.Series(member["place"].to_numpy(), index=member["cells"]))
    told = places.assign(p_top=places["place"].map(sure.set_index("place")["p_top"]).fillna(0.0))
    surely = told[told["p_top"] >= SURE]
    return (surely if len(surely) else told).head(most).reset_index(drop=True)


def _tested_of(hotspots: Hotspots, place: str, disc: bool, cells: Collection[int] = ()) -> list[int]:
    """Return the tested cells whose figures are the place's: its own, or all of a disc."""
    wanted = h3.grid_disk(h3.str_to_int(place), 1) if disc else list(cells)
    table = hotspots.table
    found: list[int] = table.loc[table["tested"] & table["cell"].isin(wanted), "cell"].tolist()
    return found


def higher_in_second(hotspots: Hotspots, cells: Collection[int]) -> bool:
    """Say whether the other layer's own figures for the same cells lie above usual, and it finds one of them."""
    second = hotspots.second
    if second is None:
        return False
    here = second.table[second.table["cell"].isin(list(cells)) & second.table["tested"]]
    if here.empty or not here["around"].any() or here["events"].sum() <= here["expected"].sum():
        return False
    if second.model is not None:
        return second.model.place(here["cell"])["lower"] > 1
    sums = [here["events"].sum()], [here["expected"].sum()]
    rates = smoothed_rates(*sums, prior=second.prior, level=second.method.interval)
    return bool(rates["lower"].iloc[0] > 1)


def _described(summed: pd.DataFrame, hotspots: Hotspots) -> pd.DataFrame:
    core = np.array([h3.str_to_int(place) for place in summed["place"]], dtype=np.int64)
    centre = np.array([h3.cell_to_latlng(int(cell)) for cell in core], dtype=float).reshape(-1, 2)
    both = np.array([higher_in_second(hotspots, cells) for cells in summed["cells"]], dtype=bool)
    rests_on, one_cell = _rests_on(summed, hotspots)
    choices = [both, one_cell, summed["disc"].to_numpy(dtype=bool)]
    label = np.select(choices, [Label.HIGHER_IN_BOTH, Label.ONE_CELL, Label.AROUND], default=Label.HIGHER)
    return summed.assign(
        core_cell=core,
        lon=centre[:, 1],
        lat=centre[:, 0],
        rests_on=rests_on,
        one_cell=one_cell,
        label=label.astype(str),
    )


def _rests_on(places: pd.DataFrame, hotspots: Hotspots) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return how many events fewer would leave each place unfound, and whether one cell makes it."""
    table = hotspots.table.reset_index(drop=True)
    position = pd.Series(table.index, index=table["cell"])
    core = places["place"].map(h3.str_to_int)
    inside = [
        position[[here] if disc else cells].to_numpy()
        for here, disc, cells in zip(core, places["disc"], places["cells"], strict=True)
    ]
    chance = table["p_value"].to_numpy()
    clearest = np.array([at[chance[at].argmin()] for at in inside], dtype=np.int64)
    without = table["p_without_largest"].to_numpy()[clearest]
    events, expected = (places[name].to_numpy() for name in ("events", "expected"))
    to_spare = table["ring_events"].to_numpy()[clearest] - _fewest_found(table, clearest, hotspots)
    own = _fewest(lambda fewer: own_interval(hotspots, fewer, expected)[0] > 1, 1, events)
    fewer = np.minimum(to_spare, events - own) + 1
    return fewer, (events <= FEW_EVENTS) & (without >= STANDS_ALONE)


def _fewest_found(table: pd.DataFrame, at: NDArray[np.int64], hotspots: Hotspots) -> NDArray[np.int64]:
    """Return the fewest events with which each ring would be found, as things are elsewhere, shape (at,)."""
    method, tested = hotspots.method, table["tested"].to_numpy()
    cut = method.false_discovery_rate * table["around"].sum() / max(tested.sum(), 1) / 2
    share = table["ring_expected"].to_numpy()[at] / hotspots.events
    most = table["ring_events"].to_numpy()[at].astype(np.int64)
    beside = np.zeros(len(at))
    if method.counted_baseline:
        counts = (table["exposure"] * tested).to_numpy()
        beside = (neighbours(table["cell"]) @ counts)[at]
        share = np.full(len(at), hotspots.events / (hotspots.events + counts.sum()))

    def found(events: NDArray[np.int64]) -> NDArray[np.bool_]:
        of = events + beside if method.counted_baseline else hotspots.events - (most - events)
        chance = dispersed_at_least(events, of, share, dispersion=hotspots.allowed_dispersion)
        enough: NDArray[np.bool_] = chance <= cut * (1 + 1e-9)
        return enough

    return _fewest(found, method.min_events, most)


def _fewest(
    found: Callable[[NDArray[np.int64]], NDArray[np.bool_]], least: int, most: ArrayLike
) -> NDArray[np.int64]:
    """Return the fewest events of each place that are still found, between ``least`` and ``most``, by halving."""
    high = np.asarray(most, dtype=np.int64)
    low = np.minimum(np.full(len(high), least - 1), high - 1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough, going = found(middle), high - low > 1
        low, high = np.where(going & ~enough, middle, low), np.where(going & enough, middle, high)
    return high


def _by_rate(places: pd.DataFrame, hotspots: Hotspots) -> pd.DataFrame:
    """Return the places by their rate pulled towards usual, those that overlap sharing a rank."""
    level = hotspots.method.interval
    rates = smoothed_rates(places["events"], places["expected"], prior=hotspots.prior, level=level)
    columns = {"rate": "smoothed", "lower": "smoothed_lower", "upper": "smoothed_upper"}
    told = places.join(rates.rename(columns=columns)[list(columns.values())])
    rank = tied_ranks(told["smoothed"], told["smoothed_lower"], told["smoothed_upper"])
    above = np.array(
        [(told["smoothed_lower"] > upper).sum() for upper in told["smoothed_upper"]], dtype=np.int64
    )
    below = np.array(
        [(told["smoothed_upper"] < lower).sum() for lower in told["smoothed_lower"]], dtype=np.int64
    )
    told = told.assign(
        foretold=told["smoothed"] * told["expected"], rank_lower=1 + above, rank_upper=len(told) - below
    )
    return _in_order(told.assign(rank=rank).sort_values(["rank", "place"], ignore_index=True))


def _by_order(places: pd.DataFrame, hotspots: Hotspots) -> pd.DataFrame:
    """Return the places in the published order, those whose order is not sure sharing a rank."""
    model, level = cast("RateModel", hotspots.model), hotspots.method.interval
    columns = [places[name] for name in ("place", "disc", "cells")]
    members = [_tested_of(hotspots, place, disc, cells) for place, disc, cells in zip(*columns, strict=True)]
    ground = hotspots.table.set_index("cell")["area_km2"]
    cells = order_cells(hotspots.table[list(CELLS.columns)], model).set_index("cell")
    told = [{**model.place(some), "foretold": cells.loc[some, "foretold"].sum()} for some in members]
    km2 = np.array([ground[some].sum() for some in members])
    drawn = np.column_stack([model.draws.of_place(some) for some in members]) if members else np.empty((1, 0))
    dense = drawn * np.array([one["expected"] for one in told]) / km2
    draws = Draws(np.arange(len(members)), np.ones(len(members)), dense.astype(np.float32))
    figures = pd.DataFrame(
        [(one["rate"], one["lower"], one["upper"], one["foretold"]) for one in told],
        columns=["smoothed", "smoothed_lower", "smoothed_upper", "foretold"],
    )
    whole = places.join(figures.astype(float)).assign(density=figures["foretold"] / km2)
    whole = whole.join(draws.ranks(top=(), level=level)[["rank_lower", "rank_upper"]].astype("int64"))
    ordered = whole.sort_values(["density", "place"], ascending=[False, True])
    return _in_order(ordered.assign(rank=draws.tied_ranks(ordered.index, level=level)).reset_index(drop=True))


def _in_order(ordered: pd.DataFrame) -> pd.DataFrame:
    return ordered.assign(tied=ordered["rank"].duplicated(keep=False))


_PLACE_COLUMNS = (
    "rank",
    "tied",
    "place",
    "core_cell",
    "lon",
    "lat",
    "cells",
    "n_cells",
    "disc",
    "area_km2",
    "pins",
    "events",
    "expected",
    "rate",
    "lower",
    "upper",
    "smoothed",
    "smoothed_lower",
    "smoothed_upper",
    "foretold",
    "rank_lower",
    "rank_upper",
    "rests_on",
    "one_cell",
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
