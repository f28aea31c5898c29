"""Where a disc of cells, of whatever size, holds more than chance would put in any disc.

The ring test looks at one size; a scan looks at discs of many sizes at once and pays for it only once: the
highest score found is set beside the highest scores of simulated layers. Three chances are simulated, and
each can see something else. In one every event falls by the baseline alone: it sees everything, repeated
reports by one person too. In another the cells' own counts change places, so that busy cells stay as busy
as they are and only their lying together is left to be found: it sees no single cell. In the third, cells
differ as unevenly as these do, each by itself, and only discs of one cell are looked at.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar, cast

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from numba import njit
from scipy.special import xlogy

from safespace.display import in_html, in_short
from safespace.errors import InputError, TooFewError
from safespace.hotspots.intensity import fit_prior, garwood
from safespace.hotspots.method import ScanMethod
from safespace.schemas import CELLS, check
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

logger = logging.getLogger(__name__)

RADIUS = 8  # cells; at resolution 8 about 7 km
REPLICATES = 999
LEVEL = 0.025  # a place may differ to either side, as a 95 % interval leaves 2.5 % on each
MOST_OF_ALL = 0.5  # a disc with more than half of the baseline is a hole elsewhere
ALIKE = 2.0  # baselines within this factor of each other may change places
MOST_DISCS = 10  # that are told
MOST_COUNTED = 50_000_000  # events and baseline together: a table of that length is held
ENOUGH_TO_SWAP = 30  # cells that change places among themselves
_LANES = 16  # replicates counted side by side: one cache line of 32-bit counts
_TIE = 1e-9  # scores this close, relative, are the same count in discs that are the same but for rounding

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(frozen=True)
class Discs:
    """Every disc of up to ``radius`` rings round each of n cells, as the cells its rings add.

    ``members`` holds positions of cells, ring after ring, centre after centre; ring q of centre i is
    ``members[starts[i, q]:starts[i, q + 1]]``. Shapes (m,) and (n, radius + 2).
    """

    members: NDArray[np.int32]
    starts: Whole

    @property
    def radius(self) -> int:
        """Rings round the centre in the largest disc."""
        return int(self.starts.shape[1]) - 2

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of the cells' values in each disc, shape (n, radius + 1)."""
        running = np.concatenate([[0], np.cumsum(values[self.members])])
        summed: NDArray[Any] = running[self.starts[:, 1:]] - running[self.starts[:, :1]]
        return summed

    def only(self, cells: NDArray[np.bool_]) -> Discs:
        """Return the discs with some of their cells: sums of what lies in those alone are the same."""
        kept = cells[self.members]
        before = np.concatenate([[0], np.cumsum(kept)])
        return Discs(self.members[kept], before[self.starts].astype(np.int64))

    def of(self, centre: int, rings: int) -> NDArray[np.int32]:
        """Return the positions of the cells of one disc."""
        return self.members[self.starts[centre, 0] : self.starts[centre, rings + 1]]


@dataclass(frozen=True)
class Scan:
    """What a scan found, and what it was set beside.

    Parameters
    ----------
    table
        One row a disc, the most striking first, none sharing a cell with another: ``place`` (rank),
        ``core_cell``, ``radius`` (rings), ``cells``, ``events``, ``expected``, ``ratio`` (events over
        expected), ``lower``, ``upper`` (its exact interval, for a disc named beforehand), ``llr`` (log
        likelihood ratio), ``p_poisson``, ``p_shuffle``, ``p_one_cell`` (1 where that chance was not
        simulated, or cannot see such a disc), ``p_value`` (the three put together, see :func:`scan_cells`),
        ``higher`` (at or below the level). A scan of periods adds ``periods``, how many of the last it
        takes in.
    cells
        The cells searched, shape (n,).
    members
        Which cells of ``cells`` each row's disc holds.
    best
        The highest score of the discs round each cell, shape (n,).
    best_ratio
        Events over expected in that disc; 1 where none holds more than expected.
    best_alone
        Whether that disc is the cell alone.
    highest
        The highest score of each simulated layer, by the chance simulated.
    events
        Events in the cells searched.
    method
        How they were searched.
    """

    table: pd.DataFrame
    cells: Whole
    members: tuple[Whole, ...]
    best: Numbers
    best_ratio: Numbers
    best_alone: NDArray[np.bool_]
    highest: dict[str, Numbers]
    events: int
    method: ScanMethod

    __repr__ = in_short
    _repr_html_ = in_html

    def p_values(self) -> pd.Series:
        """Return the probability of the best disc round each cell, indexed by cell.

        Allowed for all discs searched; see :func:`scan_cells`.
        """
        p = _chances(self.best, self.best_alone, self.highest)
        return pd.Series(p["p_value"], index=pd.Index(self.cells, name="cell"), name="p_value")

    def by_cell(self) -> pd.DataFrame:
        """Return what the scan says of each cell, indexed by cell.

        Returns
        -------
        pandas.DataFrame
            ``p_poisson``, ``p_shuffle``, ``p_one_cell``, ``p_value``, ``ratio`` (events over expected),
            ``place`` (the row of ``table`` whose disc holds the cell, 0 for none) and ``higher``. The
            figures are those of that disc, or of the best disc round the cell where no row holds it.
        """
        told = pd.DataFrame(_chances(self.best, self.best_alone, self.highest)).assign(
            ratio=self.best_ratio, place=0, higher=False
        )
        told.index = pd.Index(self.cells, name="cell")
        columns = ["p_poisson", "p_shuffle", "p_one_cell", "p_value", "ratio", "place", "higher"]
        rows = self.table[columns].to_dict("records")
        for inside, row in zip(self.members, rows, strict=True):
            told.loc[inside, columns] = [row[name] for name in columns]
        return told[columns]

    def place_of(self) -> pd.Series:
        """Return which found disc each cell lies in, indexed by cell; only those that are higher."""
        rows = self.table.loc[self.table["higher"], "place"]
        held = [pd.Series(place, index=self.members[place - 1]) for place in rows]
        found = pd.concat(held) if held else pd.Series(dtype="int64")
        return found.astype("int64").rename_axis("cell").rename("place")

    def basis(self) -> str:
        """Say in one line what the finding rests on."""
        return (
            f"{self.events:,} events in {len(self.cells):,} cells, compared with: {self.method.baseline}. "
            f"{self.method.replicates} random layers of each kind, level {percent(self.method.level, space='')}."
        )


# --- discs ---------------------------------------------------------------------------------------------


def discs(cells: Whole, *, radius: int) -> Discs:
    """Return every disc of up to ``radius`` rings round each cell, within the cells given.

    Parameters
    ----------
    cells
        Distinct H3 cells of one resolution, shape (n,).
    radius
        Rings round the centre in the largest disc.

    Notes
    -----
    At a border a disc has the cells that are there and no others. Shared between calls: read-only.
    """
    return _discs(np.ascontiguousarray(cells, dtype=np.int64).tobytes(), radius)


@lru_cache(maxsize=4)  # takes as long as the scan itself
def _discs(content: bytes, radius: int) -> Discs:
    cells = np.frombuffer(content, dtype=np.int64)
    order = np.argsort(cells, kind="stable")
    rings = [_ring(cells, order, q) for q in range(radius + 1)]
    sizes = np.column_stack([np.bincount(row, minlength=len(cells)) for row, _ in rings])
    row, at = (np.concatenate([ring[part] for ring in rings]) for part in (0, 1))
    members = at[np.argsort(row, kind="stable")].astype(np.int32)
    ends = np.cumsum(sizes).reshape(sizes.shape)
    starts = np.column_stack([ends[:, 0] - sizes[:, 0], ends])
    members.flags.writeable = starts.flags.writeable = False
    return Discs(members, starts.astype(np.int64))


def _ring(cells: Whole, order: NDArray[np.intp], distance: int) -> tuple[Whole, Whole]:
    """Return centre and member, as positions, of every pair that many cells apart."""
    rings = list(map(h3.grid_ring, cells.tolist(), repeat(distance)))
    row = np.repeat(np.arange(len(cells)), np.fromiter(map(len, rings), dtype=np.int64, count=len(rings)))
    member = np.fromiter(chain.from_iterable(rings), dtype=np.int64, count=len(row))
    at = order[np.minimum(np.searchsorted(cells, member, sorter=order), len(cells) - 1)]
    held = cells[at] == member
    return row[held], at[held]


# --- scans ---------------------------------------------------------------------------------------------


def scan_cells(
    cells: pd.DataFrame,
    *,
    baseline: str,
    seed: int,
    counted_baseline: bool = False,
    radius: int = RADIUS,
    replicates: int = REPLICATES,
    level: float = LEVEL,
) -> Scan:
    """Find discs of cells that hold more events than their share of the baseline.

    Parameters
    ----------
    cells
        Counted cells (:data:`safespace.schemas.CELLS`) with the baseline as ``exposure``. Cells at the edge
        or without any baseline take no part.
    baseline
        Name of the baseline.
    seed
        Of the random layers; the same seed gives the same answer.
    counted_baseline
        Say so when the baseline counts something that happened: it is then scanned beside the events, as
        :func:`scan_shares` does, and no cell without it is left out.
    radius
        Rings round the centre in the largest disc.
    replicates
        Random layers of each kind.
    level
        At or below which a disc is called higher. One chance in forty, so that the scan and the ring test
        beside it seldom find anything by chance: a probability at 0.05 would hold in one layer of twenty.

    Raises
    ------
    TooFewError
        When fewer than two cells or two events can take part.
    InputError
        When the baseline is zero in every cell inside the area.

    Notes
    -----
    The score is Kulldorff's likelihood ratio over discs with at most half of the baseline. A probability
    is (1 + random layers that score as high) / (layers + 1), ties counting as "as high", so it allows for
    all discs searched. Later discs are set beside the highest score of each layer too, which is cautious.
    The second chance (``p_shuffle``) moves counts among cells whose baselines are within a factor of two of
    each other; it answers repeated reports by one person, as the events of a cell then stay together (Loh
    and Zhu 2007). For the same reason it cannot see what lies within one cell. The third (``p_one_cell``)
    looks at single cells alone, in layers whose cells differ by a gamma law fitted to all of them, the
    striking one among them: repeats make every cell uneven, one busy cell does not.
    ``p_value`` is twice the smaller of two: the larger of ``p_poisson`` and ``p_shuffle``, for cells that lie
    together, and ``p_one_cell`` (Bonferroni), so that looking for both finds nothing more by chance. A single
    cell that stands out may still be one person over months: counts cannot tell. A disc is round where a
    street is long: its outline is rough, and its ratio is too high for having been picked.

    References
    ----------
    Kulldorff, M. (1997). A spatial scan statistic. doi:10.1080/03610929708831995
    Loh, J. M. & Zhu, Z. (2007). Accounting for spatial correlation in the scan statistic.
    doi:10.1214/07-AOAS129
    """
    check(cells, CELLS)
    _refuse_zero(cells, baseline)
    if counted_baseline:
        together = cells.assign(having=cells["events"], events=cells["events"] + cells["exposure"])
        return scan_shares(
            together, having="having", name=f"events beside {baseline}", seed=seed, radius=radius,
            replicates=replicates, level=level,
        )  # fmt: skip
    used = cells[~cells["edge"] & (cells["exposure"] > 0)].sort_values("cell")
    events, exposure = used["events"].to_numpy(), used["exposure"].to_numpy()
    total = _enough(used, int(events.sum()), baseline)
    held = discs(used["cell"].to_numpy(), radius=radius)
    share = held.sums(exposure) / exposure.sum()
    rng = np.random.default_rng(seed)
    layers = {
        "poisson": rng.multinomial(total, exposure / exposure.sum(), size=replicates),
        "shuffle": _shuffled(events, exposure, replicates, rng),
    }
    counts = held.sums(events)
    scores = _poisson_scores(counts, share, total)
    highest = {name: _highest(layer, held, share, total) for name, layer in layers.items()}
    uneven = _uneven(events, exposure, replicates, rng)
    highest["one_cell"] = _highest(uneven, _alone(len(events)), share[:, :1], total)
    found = _Found(counts, share * total, scores)
    return _told(used, held, found, highest, baseline=baseline, level=level, seed=seed)


def scan_shares(
    cells: pd.DataFrame,
    *,
    having: str,
    name: str,
    seed: int,
    radius: int = RADIUS,
    replicates: int = REPLICATES,
    level: float = LEVEL,
) -> Scan:
    """Find discs of cells in which a larger share of the events has something (is about lighting, say).

    Parameters
    ----------
    cells
        Counted cells with one more column.
    having
        That column: how many of the cell's ``events`` have it.
    name
        What is compared, shown with every figure.
    seed, radius, replicates, level
        As for :func:`scan_cells`.

    Raises
    ------
    InputError
        When a count is not a whole number from 0 to the cell's events, or there are over 50 million.
    TooFewError
        When fewer than two cells or two events can take part, or all or none have it.

    Notes
    -----
    Kulldorff's Bernoulli score; random layers deal out the same number among the same events. How often
    people report cancels, so no baseline is needed. ``expected`` is the share of all events times the
    disc's. ``p_shuffle`` is 1 here and not part of ``p_value``.

    References
    ----------
    Kulldorff, M. (1997). A spatial scan statistic. doi:10.1080/03610929708831995
    """
    used = cells[~cells["edge"] & (cells["events"] > 0)].sort_values("cell")
    cases, totals = _whole(used[having], having), _whole(used["events"], "events")
    if (cases < 0).any() or (cases > totals).any():
        raise InputError(
            "A cell has more with it than events.",
            code="share-above-total",
            where=having,
            remedy="Count both alike.",
        )
    _enough(used, int(cases.sum()), name)
    if totals.sum() > MOST_COUNTED:
        raise InputError(
            "The counts are too many to scan beside each other.",
            code="scan-counts-too-many",
            where=name,
            seen=f"{totals.sum():,}, at most {MOST_COUNTED:,}",
            remedy="Give such a baseline as known, not as counted: its own chance is small.",
        )
    if cases.sum() == totals.sum():
        raise TooFewError(
            "All events have it, so no share differs.",
            code="share-of-all-events",
            where=name,
            seen=int(cases.sum()),
            remedy="Choose a share that some events lack.",
        )
    held = discs(used["cell"].to_numpy(), radius=radius)
    layer = np.random.default_rng(seed).multivariate_hypergeometric(
        totals, int(cases.sum()), size=replicates, method="marginals"
    )
    size = held.sums(totals)
    count = held.sums(cases)
    scores = _bernoulli_scores(count, size, int(cases.sum()), int(totals.sum()))
    highest = {"poisson": _highest_share(layer, held, size, int(totals.sum()))}
    expected = size * (cases.sum() / totals.sum())
    found = _Found(count, expected, scores)
    return _told(used.assign(events=cases), held, found, highest, baseline=name, level=level, seed=seed)


def scan_periods(
    counts: pd.DataFrame,
    *,
    seed: int,
    last: int | None = None,
    radius: int = RADIUS,
    replicates: int = REPLICATES,
    level: float = LEVEL,
) -> Scan:
    """Find discs of cells that hold more in the last periods than their past and the whole area explain.

    Parameters
    ----------
    counts
        Events, one row a cell (the index) and one column a period of equal length, in order of time.
    seed, radius, replicates, level
        As for :func:`scan_cells`.
    last
        The longest run of last periods tried; half of all when not given.

    Raises
    ------
    TooFewError
        When there are fewer than four periods, two cells or two events.

    Notes
    -----
    The space-time permutation score: each cell keeps its events and each period its own, and only which
    of them meet is left to chance, so neither a busy place nor a busy month is found, only a place that is
    busier than usual now. It needs no baseline. A campaign in one place looks just like it.

    References
    ----------
    Kulldorff, M., Heffernan, R., Hartman, J., Assunção, R. & Mostashari, F. (2005). A space-time
    permutation scan statistic for disease outbreak detection. doi:10.1371/journal.pmed.0020059
    """
    counts = counts.sort_index()
    table = _whole(counts, "counts")
    periods = table.shape[1]
    last = periods // 2 if last is None else last
    if periods < 4 or not 1 <= last < periods:
        raise TooFewError(
            "There are too few periods to call one of them new.",
            code="too-few-periods-for-scan",
            seen=f"{periods} periods, the last {last} tried",
            remedy="Give four or more, and try at most all but the first.",
        )
    used = pd.DataFrame({"cell": counts.index.to_numpy(), "events": table.sum(axis=1)})
    total = _enough(used, int(table.sum()), "its own past")
    held = discs(used["cell"].to_numpy(), radius=radius)
    share = held.sums(used["events"].to_numpy()) / total
    in_last = np.cumsum(table[:, ::-1], axis=1)[:, :last]  # the last one, two, three ... periods
    simulated = _dealt(table, last, replicates, np.random.default_rng(seed))
    busy = held.only(used["events"].to_numpy() > 0)  # a cell without events has none when periods swap
    best: _Found | None = None
    highest = np.zeros(replicates)
    for window in range(last):
        fraction = in_last[:, window].sum() / total
        seen = held.sums(in_last[:, window])
        usable = np.where(share <= MOST_OF_ALL, share, 1.0) * fraction
        scores = np.where(share <= MOST_OF_ALL, _poisson_scores(seen, usable, total), 0.0)
        best = _better(best, _Found(seen, share * fraction * total, scores, np.full(share.shape, window + 1)))
        layer = simulated[window]
        highest = np.maximum(highest, _highest(layer, busy, share, total, fraction=fraction))
    assert best is not None  # noqa: S101 - last is at least 1
    return _told(used, held, best, {"poisson": highest}, baseline="its own past", level=level, seed=seed)


@dataclass(frozen=True)
class _Found:
    """Count, expected count and score of every disc, shape (n, radius + 1)."""

    counts: Whole
    expected: Numbers
    scores: Numbers
    periods: Whole | None = None


def _better(one: _Found | None, other: _Found) -> _Found:
    """Return, disc by disc, whichever scores higher; the first of equals."""
    if one is None:
        return other
    assert one.periods is not None  # noqa: S101
    assert other.periods is not None  # noqa: S101
    up = other.scores > one.scores
    return _Found(
        np.where(up, other.counts, one.counts),
        np.where(up, other.expected, one.expected),
        np.where(up, other.scores, one.scores),
        np.where(up, other.periods, one.periods),
    )


def _refuse_zero(cells: pd.DataFrame, baseline: str) -> None:
    inside = cells.loc[~cells["edge"], "exposure"]
    if len(inside) and not 0 < inside.sum() < np.inf:
        raise InputError(
            "The baseline is zero in every cell, or without an end in one.",
            code="baseline-zero-or-infinite",
            where=baseline,
            seen=f"{len(inside)} cells inside",
            remedy="Choose a baseline that covers the area.",
        )


def _enough(used: pd.DataFrame, events: int, where: str) -> int:
    """Return the events, or refuse what no disc could be found in."""
    if len(used) < 2 or events < 2:
        raise TooFewError(
            "There is too little to scan.",
            code="too-little-to-scan",
            where=where,
            seen=f"{events} events in {len(used)} cells",
            remedy="At least two of each are needed; widen the dates, the area or the sources.",
        )
    return events


def _whole(values: pd.Series | pd.DataFrame, where: str) -> Whole:
    held = values.to_numpy(dtype=float)
    whole: Whole = np.rint(held).astype(np.int64)
    if not (whole == held).all():
        raise InputError(
            "A count must be a whole number.",
            code="count-not-whole",
            where=where,
            seen=held[whole != held][0],
            remedy="Give counts of whole events.",
        )
    return whole


# --- random layers -------------------------------------------------------------------------------------


def _shuffled(events: Whole, exposure: Numbers, replicates: int, rng: np.random.Generator) -> Whole:
    """Return layers in which counts change places among cells of like baseline, shape (replicates, n)."""
    layers = np.empty((replicates, len(events)), dtype=np.int64)
    for group in _alike(exposure):
        layers[:, group] = rng.permuted(np.tile(events[group], (replicates, 1)), axis=1)
    return layers


def _uneven(events: Whole, exposure: Numbers, replicates: int, rng: np.random.Generator) -> Whole:
    """Return layers of the same total whose cells differ as unevenly as these, shape (replicates, n)."""
    prior = fit_prior(events, exposure * (events.sum() / exposure.sum()), adjusted=False)
    rates = exposure * rng.gamma(prior.shape, size=(replicates, len(events))) / prior.shape
    layers: Whole = rng.multinomial(events.sum(), rates / rates.sum(axis=1, keepdims=True))
    return layers


def _alone(cells: int) -> Discs:
    """Return the discs of one cell each."""
    at = np.arange(cells)
    return Discs(at.astype(np.int32), np.column_stack([at, at + 1]))


def _alike(exposure: Numbers) -> list[NDArray[np.intp]]:
    """Return cells grouped by baseline: within a factor of two, or more where they would be too few."""
    order = np.argsort(exposure, kind="stable")
    held, ends, start = exposure[order], [], 0
    while start < len(held):
        end = int(np.searchsorted(held, ALIKE * held[start], side="right"))
        end = max(end, start + ENOUGH_TO_SWAP)
        start = len(held) if len(held) - end < ENOUGH_TO_SWAP else end
        ends.append(start)
    return [group for group in np.split(order, ends) if len(group)]


def _dealt(table: Whole, last: int, replicates: int, rng: np.random.Generator) -> Whole:
    """Return cells' events in the last one, two ... periods when events swap periods, (last, replicates, n).

    Cells and periods keep their totals: each period in turn, latest first, takes its number from what the
    cells have left.
    """
    dealt = np.zeros((last, replicates, table.shape[0]), dtype=np.int64)
    wanted = table.sum(axis=0)[::-1][:last].tolist()
    if table.sum() <= table.shape[0] * last:  # few events: each takes another's period
        cell = np.repeat(np.arange(table.shape[0]), table.sum(axis=1))
        ends = np.cumsum([0, *wanted])
        for replicate in range(replicates):
            order = rng.permutation(cell)
            for window in range(last):
                some = order[ends[window] : ends[window + 1]]
                dealt[window, replicate] = np.bincount(some, minlength=table.shape[0])
        return np.cumsum(dealt, axis=0)
    for replicate in range(replicates):
        left = table.sum(axis=1)
        for window, number in enumerate(wanted):
            taken = rng.multivariate_hypergeometric(left, number, method="marginals")
            left = left - taken
            dealt[window, replicate] = taken
    return np.cumsum(dealt, axis=0)


# --- scores --------------------------------------------------------------------------------------------


def _poisson_scores(counts: Whole, share: Numbers, total: int) -> Numbers:
    """Return the Poisson log likelihood ratio of each disc, 0 where it holds no more than expected."""
    usable = (share > 0) & (share <= MOST_OF_ALL) & (counts > share * total)
    inside, outside = counts.astype(float), (total - counts).astype(float)
    held = np.where(usable, share, 0.5)
    score = xlogy(inside, inside / (held * total)) + xlogy(outside, outside / ((1 - held) * total))
    scores: Numbers = np.where(usable, np.maximum(score, 0.0), 0.0)
    return scores


def _bernoulli_scores(cases: Whole, size: Whole, all_cases: int, total: int) -> Numbers:
    """Return the Bernoulli log likelihood ratio of each disc, 0 where the share is no higher than outside."""
    usable = (size > 0) & (size <= MOST_OF_ALL * total) & (cases * total > size * all_cases)
    c, n = cases.astype(float), size.astype(float)
    whole = _entropy(np.full(c.shape, float(all_cases)), np.full(c.shape, float(total)))
    score = _entropy(c, n) + _entropy(all_cases - c, total - n) - whole
    scores: Numbers = np.where(usable, np.maximum(score, 0.0), 0.0)
    return scores


def _entropy(c: Numbers, n: Numbers) -> Numbers:
    """Return c log(c / n) + (n - c) log((n - c) / n), 0 where that is empty."""
    value = xlogy(c, c) + xlogy(n - c, n - c) - xlogy(n, n)
    return value.astype(np.float64)


def _highest(
    layer: Whole, searched: Discs, share: Numbers, total: int, *, fraction: float = 1.0, workers: int = 2
) -> Numbers:
    """Return the highest Poisson score of each layer, shape (replicates,)."""
    usable = (share > 0) & (share <= MOST_OF_ALL)
    inside = np.where(usable, share * fraction, 0.25)
    limit = _limit(inside * total, usable)
    slope = np.log(inside) - np.log1p(-inside)
    level = total * (np.log1p(-inside) + np.log(total))
    count = np.arange(total + 1.0)
    log = xlogy(count, count)
    both = log + log[::-1]

    def best(block: NDArray[np.int32]) -> Numbers:
        return _highest_poisson(block, searched.members, searched.starts, limit, slope, level, both)

    return _in_lanes(layer, best, workers)


def _highest_share(layer: Whole, searched: Discs, size: Whole, total: int, *, workers: int = 2) -> Numbers:
    """Return the highest Bernoulli score of each layer, shape (replicates,)."""
    cases = int(layer[0].sum())
    usable = (size > 0) & (size <= MOST_OF_ALL * total)
    limit = _limit((size * (cases / total)).astype(np.float64), usable)
    log = xlogy(np.arange(total + 1.0), np.arange(total + 1.0))

    def best(block: NDArray[np.int32]) -> Numbers:
        return _highest_bernoulli(block, searched.members, searched.starts, limit, size, cases, total, log)

    return _in_lanes(layer, best, workers)


def _limit(expected: Numbers, usable: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the count a disc must pass to be looked at, out of reach where the disc is not usable."""
    limit: NDArray[np.int32] = np.where(usable, np.floor(expected), np.iinfo(np.int32).max).astype(np.int32)
    return limit


def _in_lanes(layer: Whole, best: Callable[[NDArray[np.int32]], Numbers], workers: int) -> Numbers:
    """Return the best of each layer, blocks of ``_LANES`` at a time on a few threads; order is kept."""
    replicates = len(layer)
    blocks = [_block(layer[at : at + _LANES]) for at in range(0, replicates, _LANES)]
    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(best, blocks)))[:replicates]


def _block(layer: Whole) -> NDArray[np.int32]:
    """Return some layers with a cell's counts side by side, shape (n, _LANES), padded with zeros."""
    block = np.zeros((layer.shape[1], _LANES), dtype=np.int32)
    block[:, : len(layer)] = layer.T
    return block


def _compiled(function: F) -> F:
    """Compile with numba so that threads run side by side; kept on disk where that can be written."""
    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # an installed package in a read-only place and no home folder: compile each time
        return cast("F", njit(nogil=True)(function))


@_compiled
def _highest_poisson(
    counts: NDArray[np.int32],
    members: NDArray[np.int32],
    starts: Whole,
    limit: NDArray[np.int32],
    slope: Numbers,
    level: Numbers,
    both: Numbers,
) -> Numbers:
    """Return the highest score in each lane: c log c + (N - c) log (N - c) - c slope - level."""
    best = np.zeros(_LANES)
    inside = np.zeros(_LANES, dtype=np.int32)
    for centre in range(starts.shape[0]):
        inside[:] = 0
        for ring in range(starts.shape[1] - 1):
            _add_ring(inside, counts, members, starts[centre, ring], starts[centre, ring + 1])
            for lane in range(_LANES):
                c = inside[lane]
                if c > limit[centre, ring]:
                    score = both[c] - c * slope[centre, ring] - level[centre, ring]
                    best[lane] = max(best[lane], score)
    return best


@_compiled
def _add_ring(
    inside: NDArray[np.int32], counts: NDArray[np.int32], members: NDArray[np.int32], start: int, end: int
) -> None:
    for at in range(start, end):
        row = np.uintp(members[at])  # unsigned, so that no index is looked at for its sign
        for lane in range(_LANES):
            inside[lane] += counts[row, lane]


@_compiled
def _highest_bernoulli(
    counts: NDArray[np.int32],
    members: NDArray[np.int32],
    starts: Whole,
    limit: NDArray[np.int32],
    size: Whole,
    cases: int,
    total: int,
    log: Numbers,
) -> Numbers:
    """Return the highest score in each lane, from a table of c log c."""
    best = np.zeros(_LANES)
    inside = np.zeros(_LANES, dtype=np.int32)
    whole = log[cases] + log[total - cases] - log[total]
    for centre in range(starts.shape[0]):
        inside[:] = 0
        for ring in range(starts.shape[1] - 1):
            _add_ring(inside, counts, members, starts[centre, ring], starts[centre, ring + 1])
            n = size[centre, ring]
            outside = log[n] + log[total - n] + whole
            for lane in range(_LANES):
                c = inside[lane]
                if c > limit[centre, ring]:
                    score = log[c] + log[n - c] + log[cases - c] + log[total - n - cases + c] - outside
                    best[lane] = max(best[lane], score)
    return best


# --- telling -------------------------------------------------------------------------------------------


def _told(
    used: pd.DataFrame,
    searched: Discs,
    scored: _Found,
    highest: dict[str, Numbers],
    *,
    baseline: str,
    level: float,
    seed: int,
) -> Scan:
    """Return the most striking discs that share no cell, with their probabilities."""
    cells = used["cell"].to_numpy(dtype=np.int64)
    picked = _apart(searched, scored.scores)
    at = tuple(np.array(picked, dtype=np.int64).reshape(-1, 2).T)
    members = tuple(np.sort(cells[searched.of(centre, rings)]) for centre, rings in picked)
    best = scored.scores.argmax(axis=1)[:, None]
    most, usual = (np.take_along_axis(each, best, axis=1)[:, 0] for each in (scored.counts, scored.expected))
    strongest = scored.scores.max(axis=1)
    table = pd.DataFrame(
        {
            "place": np.arange(1, len(picked) + 1),
            "core_cell": cells[at[0]],
            "radius": at[1],
            "cells": np.array([len(each) for each in members], dtype=np.int64),
            **_figures(scored, at, highest, level),
        }
    )
    scanned = Scan(
        table=table,
        cells=cells,
        members=members,
        best=strongest,
        best_ratio=np.divide(most, usual, out=np.ones(len(cells)), where=strongest > 0),
        best_alone=best[:, 0] == 0,
        highest=highest,
        events=int(used["events"].sum()),
        method=ScanMethod(
            baseline=baseline,
            radius=searched.radius,
            replicates=len(next(iter(highest.values()))),
            level=level,
            seed=seed,
        ),
    )
    logger.info("%s discs are higher than usual. %s", int(table["higher"].sum()), scanned.basis())
    return scanned


def _figures(
    scored: _Found, at: tuple[Whole, ...], highest: dict[str, Numbers], level: float
) -> dict[str, NDArray[Any]]:
    """Return the figures of the discs at some places, one array a column."""
    events, expected, scores = scored.counts[at], scored.expected[at], scored.scores[at]
    low, high = garwood(events)
    p = _chances(scores, at[1] == 0, highest)
    told = {
        "events": events,
        "expected": expected,
        "ratio": events / expected,
        "lower": low / expected,
        "upper": high / expected,
        "llr": scores,
        **p,
        "higher": p["p_value"] <= level,
    }
    return told if scored.periods is None else told | {"periods": scored.periods[at]}


def _chances(scores: Numbers, alone: NDArray[np.bool_], highest: dict[str, Numbers]) -> dict[str, Numbers]:
    """Return the probability of each score by each chance, 1 where it was not simulated, and of all together."""
    never = np.ones(len(scores))
    p = {name: _rank_p(scores, layers) for name, layers in highest.items()}
    poisson, shuffle = p.get("poisson", never), p.get("shuffle", never)
    one_cell = np.where(alone, p.get("one_cell", never), 1.0)
    together = np.maximum(poisson, p.get("shuffle", 0.0))
    both = "one_cell" in highest  # two looks are taken, so each must be twice as striking
    p_value = np.minimum(2 * np.minimum(together, one_cell), 1.0) if both else together
    return {"p_poisson": poisson, "p_shuffle": shuffle, "p_one_cell": one_cell, "p_value": p_value}


def _rank_p(scores: Numbers, highest: Numbers) -> Numbers:
    """Return (1 + layers that score as high) / (layers + 1), ties counting as high, shape (n,)."""
    ordered = np.sort(highest)
    reach = np.asarray(scores) * (1 - _TIE) - _TIE
    as_high = len(ordered) - np.searchsorted(ordered, reach, side="left")
    p: Numbers = (1 + as_high) / (len(ordered) + 1)
    return p


def _apart(searched: Discs, scores: Numbers) -> list[tuple[int, int]]:
    """Return centre and rings of the discs with the highest scores, none sharing a cell with a better."""
    width = scores.shape[1]
    flat = scores.ravel()
    order = np.lexsort((np.arange(len(flat)), -np.round(flat, 9)))  # of equals the smallest disc, first cell
    taken = np.zeros(scores.shape[0], dtype=bool)
    picked: list[tuple[int, int]] = []
    for disc in order.tolist():
        if flat[disc] <= _TIE or len(picked) == MOST_DISCS:
            break
        centre, rings = divmod(disc, width)
        inside = searched.of(centre, rings)
        if not taken[centre] and not taken[inside].any():
            taken[inside] = True
            picked.append((centre, rings))
    return picked
