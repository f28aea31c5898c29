"""What to improve first: scenarios on the street graph, before and after, and a ranked list of fixes.

A scenario changes what is known of some edges and nothing else. Effects here are changes in conditions
along walks, in metres; what a measure has been found to do to reports is told by its expectation card and
never computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from safespace.errors import InputError, PlaceError
from safespace.routes.search import least, shortest_path
from safespace.schemas import LIGHTING
from safespace.streets import LIT, UNKNOWN, UNLIT, labels, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

# Wording and sources: College of Policing What Works briefings; the New York trial, NBER w25798.
EXPECTATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "light": (
            "Reviews of better street lighting find fewer burglaries and thefts, in daytime too, and no "
            "change in violence; one large New York trial found at least 36 % fewer night-time outdoor "
            "index offences. How bright a street is does not by itself match how people feel there."
        ),
        "camera": (
            "Reviews of CCTV find a small reduction overall, clearest in car parks and for vehicle "
            "offences, and no effect on violence; it does better together with lighting and wide coverage."
        ),
        "clear": (
            "Removing a reported hazard answers the people who reported it. No figure for its effect on "
            "other reports is established; ask again three months later."
        ),
    }
)
UNKNOWN_PRIOR: Final = 0.5
UNLIT_PRICE: Final = 1.0


@dataclass(frozen=True)
class Scenario:
    """Edges to change: nothing else about the streets differs.

    Parameters
    ----------
    name
        What the planner calls it.
    light
        Edges that would be lit.
    camera
        Edges that would have one more camera.
    clear
        Edges where reported hazards would be cleared.

    Examples
    --------
    >>> Scenario("Light the towpath", light=(4, 5)).light
    (4, 5)
    """

    name: str
    light: tuple[int, ...] = ()
    camera: tuple[int, ...] = ()
    clear: tuple[int, ...] = ()


@dataclass(frozen=True)
class Walk:
    """A walk people make: its ends as nodes, and how many people, or any other weight."""

    name: str
    origin: int
    destination: int
    people: float = 1.0


@dataclass(frozen=True)
class Fixes:
    """A ranked list of segments to light.

    Parameters
    ----------
    table
        One row a fix, best first: ``rank, segment, name, lit, length_m, gain, cumulative_length_m,
        cumulative_gain, walks``. ``gain`` is the fall in the walks' summed cost, in unlit metres x people.
    before, after
        Summed cost of the walks, metres x people.
    budget_m, used_m
        Metres that could be lit, and that the list would light.
    unknown_prior
        Share of streets with no mapped lighting taken to be unlit: an assumption to show and to change.
    method, expectation
        Sentences to print beside the list.
    """

    table: pd.DataFrame
    before: float
    after: float
    budget_m: float
    used_m: float
    unknown_prior: float
    method: str
    expectation: str


def apply(graph: StreetGraph, scenario: Scenario) -> StreetGraph:
    """Return the graph as it would be; the one given stays as it was.

    Raises
    ------
    InputError
        When the scenario names an edge that the graph does not have.
    """
    named = np.asarray([*scenario.light, *scenario.camera, *scenario.clear], np.int64)
    wrong = named[(named < 0) | (named >= graph.edges)]
    if len(wrong):
        raise InputError(
            "The scenario names segments that are not in these streets.",
            where=scenario.name,
            seen=f"{wrong[0]} of {graph.edges} segments",
            remedy="Choose the segments again on the streets in use.",
        )
    lit, cameras = graph.lit.copy(), graph.cameras.copy()
    lit[list(scenario.light)] = LIT
    cameras[list(dict.fromkeys(scenario.camera))] += 1
    return replace(graph, lit=lit, cameras=cameras)


def before_after(
    graph: StreetGraph,
    scenario: Scenario,
    walks: Sequence[tuple[str, Ints]],
    *,
    hazards: Floats | None = None,
) -> pd.DataFrame:
    """Compare the same walks before and after a scenario.

    Parameters
    ----------
    walks
        Name and edges of each walk (a route option's ``edges``). The walk stays where it is: pairs differ
        only in the conditions along it.
    hazards
        Reported environmental hazards bearing on each edge, shape (m,); cleared on ``scenario.clear``.

    Returns
    -------
    pandas.DataFrame
        One row a walk: ``walk, length_m``, then ``_before``, ``_after`` and ``_change`` of ``lit_m``,
        ``unlit_m``, ``unknown_m``, ``camera_m`` (metres with a camera near) and ``hazards``.
    """
    if not len(walks):
        raise InputError("No walks were given.", remedy="Plan or choose at least one walk.")
    held = np.zeros(graph.edges) if hazards is None else np.asarray(hazards, float)
    cleared = held.copy()
    after = apply(graph, scenario)
    cleared[list(scenario.clear)] = 0.0
    rows = []
    for name, edges in walks:
        then, now = _conditions(graph, edges, held), _conditions(after, edges, cleared)
        row: dict[str, Any] = {"walk": name, "length_m": float(graph.length_m[edges].sum())}
        for key in then:
            row |= {
                f"{key}_before": then[key],
                f"{key}_after": now[key],
                f"{key}_change": now[key] - then[key],
            }
        rows.append(row)
    return pd.DataFrame(rows)


def walking_cost(
    graph: StreetGraph,
    *,
    unknown_prior: float | Mapping[str, float] = UNKNOWN_PRIOR,
    unlit_price: float = UNLIT_PRICE,
) -> Floats:
    """Return what each edge costs a walker after dark: its length, dearer by the share taken to be unlit.

    Parameters
    ----------
    unknown_prior
        Share taken to be unlit where lighting is not mapped, 0 to 1; or one for each ``highway`` value
        (``"*"`` for the rest).
    unlit_price
        Extra cost of an unlit metre: 1 makes it count as two.

    Raises
    ------
    InputError
        When a share is not between 0 and 1 or the price is negative.
    """
    prior = dict(unknown_prior) if not isinstance(unknown_prior, float | int) else {"*": float(unknown_prior)}
    if any(not 0 <= share <= 1 for share in prior.values()) or not 0 <= unlit_price < np.inf:
        raise InputError(
            "The share taken to be unlit must be between 0 and 1, and the price not negative.",
            seen=f"{prior}, {unlit_price}",
        )
    by_class = np.array([prior.get(highway, prior.get("*", UNKNOWN_PRIOR)) for highway in graph.highways])
    unlit = np.select([graph.lit == UNLIT, graph.lit == UNKNOWN], [1.0, by_class[graph.highway_code]], 0.0)
    return np.asarray(graph.length_m * (1 + unlit_price * unlit), float)


def rank_fixes(
    graph: StreetGraph,
    walks: Sequence[Walk],
    *,
    budget_m: float,
    unknown_prior: float | Mapping[str, float] = UNKNOWN_PRIOR,
    unlit_price: float = UNLIT_PRICE,
    candidates: Iterable[int] | None = None,
) -> Fixes:
    """Rank the segments to light within a budget of metres, for a set of walks.

    Every round takes the segment whose lighting lowers the walks' summed cost most, with walkers free to
    change to a cheaper way: the exact gain of every segment at once, from one search a terminal. Done once
    by gain and once by gain a metre, and the better list is kept.

    Parameters
    ----------
    walks
        The walks and their weights.
    budget_m
        Metres of street that can be lit.
    candidates
        Edges that may be lit; every edge not mapped as lit when not given.

    Raises
    ------
    InputError
        When there are no walks, the budget is not above zero, or nothing on the walks is left to light.
    PlaceError
        When the ends of a walk are not connected.

    Notes
    -----
    Choosing the best set is NP-hard (Dilkina, Lai & Gomes 2011, "Upgrading Shortest Paths in Networks",
    doi 10.1007/978-3-642-21311-3_9); the greedy list has no guarantee. On the centre of Newport (1,622
    edges, 12 walks, 300 and 800 m, six draws) its summed cost was within 0.08 % of the proven best and its
    gain 98 to 100 % of it. Segments without mapped lighting may already be lit: check
    on site first. The gain is in walking conditions; it says nothing of later reports.
    """
    _check_walks(walks, budget_m)
    cost = walking_cost(graph, unknown_prior=unknown_prior, unlit_price=unlit_price)
    allowed = _lightable(graph, cost, candidates)
    lists = [_greedy(graph, walks, cost, allowed, budget_m, by_metre=by_metre) for by_metre in (False, True)]
    chosen, gains, before = max(lists, key=lambda made: sum(made[1]))
    if not chosen:
        raise InputError(
            "Lighting any one segment within the budget would not change these walks.",
            seen=f"{budget_m:,.0f} m",
            remedy="Raise the budget, or choose walks with unlit or unmapped segments.",
        )
    prior = UNKNOWN_PRIOR if not isinstance(unknown_prior, float | int) else float(unknown_prior)
    table = _fix_table(graph, walks, cost, chosen, gains)
    return Fixes(
        table=table,
        before=before,
        after=before - float(sum(gains)),
        budget_m=budget_m,
        used_m=float(table["length_m"].sum()),
        unknown_prior=prior,
        method=_method(unknown_prior, unlit_price),
        expectation=EXPECTATIONS["light"],
    )


# --- private -----------------------------------------------------------------------------------------


def _conditions(graph: StreetGraph, edges: Ints, hazards: Floats) -> dict[str, float]:
    metres = graph.length_m[edges]
    by_lit = np.bincount(graph.lit[edges], metres, 3)
    return {
        "lit_m": float(by_lit[LIT]),
        "unlit_m": float(by_lit[UNLIT]),
        "unknown_m": float(by_lit[UNKNOWN]),
        "camera_m": float(metres[graph.cameras[edges] > 0].sum()),
        "hazards": float(hazards[edges].sum()),
    }


def _check_walks(walks: Sequence[Walk], budget_m: float) -> None:
    problems = []
    if not len(walks):
        problems.append("no walks were given")
    problems += [f"{walk.name!r} starts where it ends" for walk in walks if walk.origin == walk.destination]
    problems += [f"{walk.name!r} has {walk.people} people" for walk in walks if not 0 < walk.people < np.inf]
    if not 0 < budget_m < np.inf:
        problems.append(f"the budget is {budget_m} m")
    if problems:
        raise InputError(
            "The list of fixes cannot be made.",
            seen="; ".join(problems),
            remedy="Give at least one walk between two places and a budget above zero.",
        )


def _lightable(graph: StreetGraph, cost: Floats, candidates: Iterable[int] | None) -> Ints:
    allowed = np.arange(graph.edges) if candidates is None else np.unique(np.asarray(list(candidates), int))
    return np.asarray(allowed[(graph.lit[allowed] != LIT) & (cost[allowed] > graph.length_m[allowed])])


def _greedy(
    graph: StreetGraph, walks: Sequence[Walk], cost: Floats, allowed: Ints, budget_m: float, *, by_metre: bool
) -> tuple[list[int], list[float], float]:
    """Light one edge at a time; return the edges, their gains and the walks' summed cost beforehand."""
    cost, left_m = cost.copy(), budget_m
    chosen: list[int] = []
    gains: list[float] = []
    before, tree = _searches(graph, walks, cost)
    start = before
    while len(allowed):
        allowed = allowed[graph.length_m[allowed] <= left_m]
        gain = _gains(graph, walks, tree, allowed)
        worth = gain / graph.length_m[allowed] if by_metre else gain
        if not len(gain) or gain.max() <= 1e-9 * start:
            break
        best = int(np.argmax(worth))
        edge = int(allowed[best])
        cost[edge] = graph.length_m[edge]
        left_m -= float(graph.length_m[edge])
        after, tree = _searches(graph, walks, cost)
        chosen.append(edge)
        gains.append(before - after)
        before, allowed = after, np.delete(allowed, best)
    return chosen, gains, start


def _searches(graph: StreetGraph, walks: Sequence[Walk], cost: Floats) -> tuple[float, dict[int, Floats]]:
    """Search once from every terminal; return the walks' summed cost and the distances."""
    terminals = sorted({node for walk in walks for node in (walk.origin, walk.destination)})
    tree = {node: least(graph, node, cost) for node in terminals}
    for walk in walks:
        if not np.isfinite(tree[walk.origin][walk.destination]):
            raise PlaceError(
                "The two ends of a walk are not connected.",
                where=walk.name,
                remedy="Choose ends on the same connected piece of streets.",
            )
    return float(sum(walk.people * tree[walk.origin][walk.destination] for walk in walks)), tree


def _gains(graph: StreetGraph, walks: Sequence[Walk], tree: dict[int, Floats], edges: Ints) -> Floats:
    """Return how much lighting each edge alone would take off the walks' summed cost, shape (k,)."""
    u, v, lit_m = graph.u[edges], graph.v[edges], graph.length_m[edges]
    total = np.zeros(len(edges))
    for walk in walks:
        there, back = tree[walk.origin], tree[walk.destination]
        through = np.minimum(there[u] + back[v], there[v] + back[u]) + lit_m
        total += walk.people * np.maximum(there[walk.destination] - through, 0.0)
    return total


def _fix_table(
    graph: StreetGraph, walks: Sequence[Walk], cost: Floats, chosen: list[int], gains: list[float]
) -> pd.DataFrame:
    """Lay out the list; ``walks`` names those that would pass the segment once all are lit."""
    edges = np.asarray(chosen, np.int64)
    lit = cost.copy()
    lit[edges] = graph.length_m[edges]
    paths = {w.name: shortest_path(graph, w.origin, w.destination, weight=lit).edges for w in walks}
    users = ["; ".join(name for name, path in paths.items() if edge in path) for edge in chosen]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(edges) + 1),
            "segment": edges,
            "name": labels(graph)[edges],
            "lit": np.asarray(LIGHTING, object)[graph.lit[edges]],
            "length_m": graph.length_m[edges],
            "gain": gains,
            "cumulative_length_m": np.cumsum(graph.length_m[edges]),
            "cumulative_gain": np.cumsum(gains),
            "walks": users,
        }
    )


def _method(unknown_prior: float | Mapping[str, float], unlit_price: float) -> str:
    prior = (
        f"{unknown_prior:.0%} of it taken to be unlit"
        if isinstance(unknown_prior, float | int)
        else "a share of it by kind of street taken to be unlit"
    )
    return (
        "Ranked by how much lighting each segment, after those above it, would improve the listed walks. "
        f"An unlit metre counts as {1 + unlit_price:g} m; where lighting is not mapped, {prior}. "
        "Check on site before spending whether a segment with no mapped lighting is already lit. "
        "Improvements are in walking conditions; they say nothing of later reports."
    )
