"""What to light first: a ranked list within a budget, how good it is at most, and what it hangs on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from safespace.display import in_html, in_short
from safespace.errors import InputError
from safespace.interventions.bounds import TIME_LIMIT_S, Bound, best_possible
from safespace.interventions.budgets import Budget, Price
from safespace.interventions.greedy import State, Task, begin, choose, in_order, make_task, total
from safespace.interventions.measures import EXPECTATIONS
from safespace.interventions.weights import UNKNOWN_PRIOR, UNLIT_PRICE, prior_in_words, walking_cost
from safespace.routes.search import shortest_path
from safespace.schemas import LIGHTING
from safespace.streets import LIT, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from safespace.interventions.scenarios import Walk
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PRIORS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
LIGHT_PRICE: Final = Price(60.0, 160.0)
AT_EITHER, AT_LOW = "at either cost", "only at the low cost"


@dataclass(frozen=True, kw_only=True)
class FixMethod:
    """What was chosen before any segment was ranked.

    Parameters
    ----------
    budget
        What could be spent.
    price
        The cost range used, with its source.
    unknown_prior
        Share of streets without mapped lighting taken to be unlit: one, or one for each kind of street.
    unlit_price
        How much dearer an unlit metre is; 1 counts it as two.
    priors
        The shares of unknown lighting that ``stays`` counts over; empty when it was not asked for.
    bound_s
        How long the best possible was looked for, seconds; 0 leaves it out.
    """

    budget: Budget
    price: Price
    unknown_prior: float | Mapping[str, float]
    unlit_price: float
    priors: tuple[float, ...]
    bound_s: float

    def words(self) -> str:
        """Say how segments are ranked, and what is taken of lighting that is not mapped."""
        prior = prior_in_words(self.unknown_prior)
        return (
            "Ranked by how much lighting each segment, after those above it, would improve the listed walks; one "
            "with no gain of its own completes a link with those below it. "
            f"An unlit metre counts as {1 + self.unlit_price:g} m; where lighting is not mapped, {prior}. "
            "Check on site before spending whether a segment with no mapped lighting is already lit. "
            "Improvements are in walking conditions; they say nothing of later reports."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return every part for machines."""
        return asdict(self)


@dataclass(frozen=True)
class Fixes:
    """A ranked list of segments to light.

    Parameters
    ----------
    table
        One row a fix, best first: ``rank, segment, way_id, name, lit, length_m, gain, cumulative_length_m,
        cumulative_gain, cost_low, cost_high, cumulative_cost_low, cumulative_cost_high, afforded, stays,
        people, walks``. ``gain`` is the fall in the walks' summed cost, in unlit metres x people; costs are
        pounds; ``stays`` is in how many of the assumptions about unknown lighting the fix is on the list.
    walks
        One row a walk: ``walk, people, cost_before, cost_after, gain, fixes`` (how many it would pass) and
        ``changes_way``.
    before, after
        Summed cost of the walks, metres x people, with everything on the list lit.
    after_sure
        The same with only what is afforded at either cost.
    used_m
        Metres that the list would light.
    bound
        The least summed cost that any list within the budget (at the high cost) could bring; ``None`` when
        it was not asked for.
    method
        What was chosen beforehand.
    expectation
        A sentence to print beside the list.
    """

    table: pd.DataFrame
    walks: pd.DataFrame
    before: float
    after: float
    after_sure: float
    used_m: float
    bound: Bound | None
    method: FixMethod
    expectation: str

    __repr__ = in_short
    _repr_html_ = in_html

    def share_of_best(self) -> float | None:
        """Return the list's gain as a share of the most any list could gain, 0 to 1; ``None`` if unbounded."""
        if self.bound is None:
            return None
        most = self.before - self.bound.least_cost
        return 1.0 if most <= 1e-9 * self.before else min((self.before - self.after_sure) / most, 1.0)

    def sentences(self) -> tuple[str, ...]:
        """Say what the list spends, how good it is at most, and what it hangs on."""
        return tuple(
            part for part in (self._spent(), self._gap(), self._hangs_on(), self.method.words()) if part
        )

    def _spent(self) -> str:
        spent = (
            f"{len(self.table):,} segments, {self.used_m:,.0f} m, of a budget of {self.method.budget.words()}"
        )
        low, high = (float(self.table[f"cost_{end}"].sum()) for end in ("low", "high"))
        sure = int((self.table["afforded"] == AT_EITHER).sum())
        price = self.method.price
        cost = f"; £{low:,.0f} to £{high:,.0f} at £{price.low:g} to £{price.high:g} a metre ({price.source})"
        if self.method.budget.unit != "pounds":
            return f"{spent}{cost}."
        return f"{spent}{cost}: {sure:,} afforded at the high cost, {len(self.table):,} at the low cost."

    def _gap(self) -> str:
        share = self.share_of_best()
        if share is None or self.bound is None:
            return ""
        short = np.ceil(1000 * (1 - share) - 1e-6) / 10
        what = "list afforded at the high cost" if self.method.budget.unit == "pounds" else "list"
        if short <= 0:
            return f"No {what} gains more ({self.bound.method})."
        return f"The {what} gains within {short:.1f} % of the best possible ({self.bound.method})."

    def _hangs_on(self) -> str:
        if not self.method.priors:
            return ""
        steady = int((self.table["stays"] == len(self.method.priors)).sum())
        shares = ", ".join(f"{share:.0%}" for share in self.method.priors)
        return (
            f"{steady:,} of {len(self.table):,} stay on the list whether {shares} of the streets with no mapped "
            "lighting are taken to be unlit."
        )


def rank_fixes(  # noqa: PLR0913  keyword-only past the walks
    graph: StreetGraph,
    walks: Sequence[Walk],
    *,
    budget: Budget,
    price: Price = LIGHT_PRICE,
    unknown_prior: float | Mapping[str, float] = UNKNOWN_PRIOR,
    unlit_price: float = UNLIT_PRICE,
    candidates: Iterable[int] | None = None,
    priors: Sequence[float] = PRIORS,
    bound_s: float = TIME_LIMIT_S,
) -> Fixes:
    """Rank the segments to light within a budget, for a set of walks.

    Every round takes the segment whose lighting lowers the walks' summed cost most, with walkers free to
    change to a cheaper way: the exact gain of every segment at once. Done by gain, by gain for what it takes
    of the budget, and by whole missing links; the best of the three is kept and its segments exchanged one
    by one while that helps.

    Parameters
    ----------
    walks
        The walks and their weights.
    budget
        Metres, segments or pounds. In pounds the list first spends the budget at the high cost, then what
        is left of it at the low cost.
    price
        Pounds a metre and a segment, as a range.
    candidates
        Edges that may be lit; every edge not mapped as lit when not given.
    priors
        Shares of unknown lighting to rank again under; none when empty.
    bound_s
        How long HiGHS may look for the best possible, seconds; 0 leaves the bound out.

    Raises
    ------
    InputError
        When there are no walks, or nothing on the walks is left to light within the budget.
    PlaceError
        When the ends of a walk are not connected.

    Notes
    -----
    Choosing the best set is NP-hard (Dilkina, Lai & Gomes 2011, "Upgrading Shortest Paths in Networks",
    doi 10.1007/978-3-642-21311-3_9), so ``bound`` says how far from the best the list could be. On thirty
    random grids of 207 to 727 edges with 12 walks the summed cost was within 0.42 % of the proven best in
    the first twenty and within 0.56 % in the other ten; the gain was 97 to 100 % of it in the first. Segments
    without mapped lighting may already be lit: check on site first. The gain is in walking conditions; it
    says nothing of later reports.
    """
    _check_walks(walks)
    options = _Options(walks, budget, price, unlit_price, None if candidates is None else tuple(candidates))
    task, sure, whole = _two_stages(graph, options, unknown_prior)
    if not whole.lit:
        raise InputError(
            "Lighting any one segment within the budget would not change these walks.",
            code="fixes-change-nothing",
            seen=budget.words(),
            remedy="Raise the budget, or choose walks with unlit or unmapped segments.",
        )
    table = _fix_table(task, options, sure, whole)
    stays = _stays(graph, options, priors, {unknown_prior: whole} if isinstance(unknown_prior, float) else {})
    return Fixes(
        table=table.assign(stays=[stays.get(int(edge), 0) for edge in table["segment"]])[list(_COLUMNS)],
        walks=_walk_table(task, walks, whole),
        before=total(task, begin(task)),
        after=total(task, whole),
        after_sure=total(task, sure),
        used_m=float(table["length_m"].sum()),
        bound=best_possible(task, time_limit_s=bound_s) if bound_s > 0 else None,
        method=FixMethod(
            budget=budget,
            price=price,
            unknown_prior=unknown_prior,
            unlit_price=unlit_price,
            priors=tuple(priors),
            bound_s=bound_s,
        ),
        expectation=EXPECTATIONS["light"],
    )


# --- private -----------------------------------------------------------------------------------------

_COLUMNS: Final = (
    *("rank", "segment", "way_id", "name", "lit", "length_m", "gain"),
    *("cumulative_length_m", "cumulative_gain"),
    *("cost_low", "cost_high", "cumulative_cost_low", "cumulative_cost_high"),
    *("afforded", "stays", "people", "walks"),
)


@dataclass(frozen=True)
class _Options:
    """What stays the same whatever unknown lighting is taken to be."""

    walks: Sequence[Walk]
    budget: Budget
    price: Price
    unlit_price: float
    candidates: tuple[int, ...] | None


def _check_walks(walks: Sequence[Walk]) -> None:
    problems = [] if len(walks) else ["no walks were given"]
    problems += [f"{walk.name!r} starts where it ends" for walk in walks if walk.origin == walk.destination]
    problems += [f"{walk.name!r} has {walk.people} people" for walk in walks if not 0 < walk.people < np.inf]
    if problems:
        raise InputError(
            "The list of fixes cannot be made.",
            code="fix-list-options",
            seen="; ".join(problems),
            remedy="Give at least one walk between two places.",
        )


def _two_stages(
    graph: StreetGraph,
    options: _Options,
    unknown_prior: float | Mapping[str, float],
    *,
    quick: bool = False,
) -> tuple[Task, State, State]:
    """Spend the budget at the high cost, then what is left of it at the low cost, keeping the first list."""
    cost = walking_cost(graph, unknown_prior=unknown_prior, unlit_price=options.unlit_price)
    low, high = options.budget.charge(graph.length_m, options.price)
    allowed = np.arange(graph.edges) if options.candidates is None else np.unique(options.candidates)
    allowed = allowed[(graph.lit[allowed] != LIT) & (cost[allowed] > graph.length_m[allowed])]
    task = make_task(graph, options.walks, cost, high, options.budget.amount, allowed.astype(np.int64))
    sure = choose(task, quick=quick)
    if np.array_equal(low, high):
        return task, sure, sure
    cheap = replace(task, charge=low)
    return task, sure, choose(cheap, begin(cheap, sure.lit), quick=quick)


def _stays(
    graph: StreetGraph, options: _Options, priors: Sequence[float], known: Mapping[float, State]
) -> dict[int, int]:
    """Count in how many of the assumptions about unknown lighting each segment is on the list."""
    counted: dict[int, int] = {}
    for prior in priors:
        made = known.get(prior) or _two_stages(graph, options, prior, quick=True)[2]
        for edge in made.lit:
            counted[edge] = counted.get(edge, 0) + 1
    return counted


def _fix_table(task: Task, options: _Options, sure: State, whole: State) -> pd.DataFrame:
    """Lay out the list; ``walks`` names those that would pass the segment once all are lit."""
    graph = task.graph
    first, gains = in_order(task, sure.lit)
    rest = [edge for edge in whole.lit if edge not in set(sure.lit)]
    after = replace(task, cost=sure.cost)
    more, later = in_order(after, rest)
    edges = np.asarray([*first, *more], np.int64)
    used = [
        shortest_path(graph, walk.origin, walk.destination, weight=whole.cost).edges for walk in options.walks
    ]
    passing = [
        [walk for walk, path in zip(options.walks, used, strict=True) if edge in path] for edge in edges
    ]
    length_m = graph.length_m[edges]
    low, high = options.price.of(length_m)
    gain = np.asarray([*gains, *later])
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(edges) + 1),
            "segment": edges,
            "way_id": graph.way_id[edges],
            "name": labels(graph)[edges],
            "lit": np.asarray(LIGHTING, object)[graph.lit[edges]],
            "length_m": length_m,
            "gain": gain,
            "cumulative_length_m": np.cumsum(length_m),
            "cumulative_gain": np.cumsum(gain),
            "cost_low": low,
            "cost_high": high,
            "cumulative_cost_low": np.cumsum(low),
            "cumulative_cost_high": np.cumsum(high),
            "afforded": [AT_EITHER] * len(first) + [AT_LOW] * len(more),
            "people": [float(sum(walk.people for walk in some)) for some in passing],
            "walks": ["; ".join(walk.name for walk in some) for some in passing],
        }
    )


def _walk_table(task: Task, walks: Sequence[Walk], whole: State) -> pd.DataFrame:
    """Return what the list does for each walk."""
    lit, rows = set(whole.lit), []
    for walk in walks:
        then, now = (
            shortest_path(task.graph, walk.origin, walk.destination, weight=cost)
            for cost in (task.cost, whole.cost)
        )
        rows.append(
            {
                "walk": walk.name,
                "people": walk.people,
                "cost_before": then.cost,
                "cost_after": now.cost,
                "gain": walk.people * (then.cost - now.cost),
                "fixes": len(lit & set(now.edges.tolist())),
                "changes_way": not np.array_equal(then.edges, now.edges),
            }
        )
    return pd.DataFrame(rows)
