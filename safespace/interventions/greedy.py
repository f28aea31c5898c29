"""Choosing segments to light within a budget: by segment, by whole missing link, then exchanged one by one.

Distances from every end of a walk are kept and brought up to date exactly when one edge becomes cheaper,
with two searches in place of one for each end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from safespace.errors import PlaceError
from safespace.routes.search import least, shortest_path, spread
from safespace.streets import compiled
from safespace.streets import replace as changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from safespace.interventions.scenarios import Walk
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLENDS: Final = (0.0, 0.4, 0.8)
TRIED: Final = 4
EFFORT: Final = 7000000
STARTS: Final = 2
HALVINGS: Final = 10
NEAR: Final = (0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.4)
LINKS: Final = 12
MOST_OVER: Final = 3.0
_LEAST: Final = 1e-9


@dataclass(frozen=True)
class Task:
    """Walks of W people-weighted pairs over T ends, and what may be lit within a budget.

    Parameters
    ----------
    graph
        Streets; rows lead only along edges that matter to a walk.
    ends
        Nodes where walks start or end, shape (T,).
    start, stop
        Position in ``ends`` of each walk's origin and destination, shape (W,).
    people
        Weight of each walk, shape (W,).
    cost
        What each edge costs a walker now, shape (m,); ``graph.length_m`` once lit.
    charge
        What lighting each edge takes of the budget, shape (m,).
    budget
        In the unit of ``charge``.
    allowed
        Edges that may be lit and could shorten a walk, shape (k,).
    """

    graph: StreetGraph
    ends: Ints
    start: Ints
    stop: Ints
    people: Floats
    cost: Floats
    charge: Floats
    budget: float
    allowed: Ints


@dataclass(frozen=True)
class State:
    """Edges lit so far, what is left of the budget, the costs and the distances from every end, (T, n)."""

    lit: tuple[int, ...]
    left: float
    cost: Floats
    reach: Floats


def make_task(
    graph: StreetGraph, walks: Sequence[Walk], cost: Floats, charge: Floats, budget: float, allowed: Ints
) -> Task:
    """Lay out the task on the streets that could matter.

    Raises
    ------
    PlaceError
        When the ends of a walk are not connected.

    Notes
    -----
    No lighting can bring an edge onto a walk when the way through it would be longer than the walk is now
    even with everything lit; such edges are left out, which loses nothing.
    """
    ends, place = np.unique([(walk.origin, walk.destination) for walk in walks], return_inverse=True)
    start, stop = place.reshape(-1, 2).T
    task = Task(
        graph=graph,
        ends=ends,
        start=start,
        stop=stop,
        people=np.asarray([walk.people for walk in walks], float),
        cost=cost,
        charge=charge,
        budget=budget,
        allowed=allowed[np.isin(allowed, graph.edge)],
    )
    now = walk_costs(task, begin(task))
    if not np.isfinite(now).all():
        raise PlaceError(
            "The two ends of a walk are not connected.",
            code="walk-ends-not-connected",
            where=walks[int(np.flatnonzero(~np.isfinite(now))[0])].name,
            remedy="Choose ends on the same connected piece of streets.",
        )
    matters: NDArray[np.bool_] = np.logical_or.reduce(mattering(task, now), axis=0)
    kept = matters[graph.edge]
    rows = np.concatenate([[0], np.cumsum(kept)])[graph.indptr]
    less = changed(graph, indptr=rows, to=graph.to[kept], edge=graph.edge[kept])
    return replace(task, graph=less, allowed=task.allowed[matters[task.allowed]])


def mattering(task: Task, now: Floats) -> NDArray[np.bool_]:
    """Say which edges could be on each walk whatever is lit, shape (W, m)."""
    graph = task.graph
    cheapest = task.cost.copy()
    cheapest[task.allowed] = graph.length_m[task.allowed]
    reach = _reach(task, cheapest)
    out: NDArray[np.bool_] = np.zeros((len(task.people), graph.edges), bool)
    edges = np.unique(graph.edge)
    u, v = graph.u[edges], graph.v[edges]
    for k, (a, b) in enumerate(zip(task.start, task.stop, strict=True)):
        through = np.minimum(reach[a][u] + reach[b][v], reach[a][v] + reach[b][u]) + cheapest[edges]
        out[k, edges] = through <= now[k] * (1 + _LEAST)
    return out


def begin(task: Task, lit: Iterable[int] = ()) -> State:
    """Return the state with some edges lit, searched from every end."""
    edges = list(lit)
    cost = task.cost.copy()
    cost[edges] = task.graph.length_m[edges]
    return State(tuple(edges), task.budget - float(task.charge[edges].sum()), cost, _reach(task, cost))


@dataclass
class _Effort:
    """How many more lists may be searched from every end, fewer the larger the streets: never a clock."""

    task: Task
    lit: int
    used: int = 0

    def left(self) -> bool:
        """Take one, and say whether there was one to take: a longer list takes longer to fill up."""
        self.used += (len(self.task.ends) + 4 * self.lit) * len(self.task.graph.to)
        return self.used <= EFFORT


def walk_costs(task: Task, state: State) -> Floats:
    """Return the cost of every walk, shape (W,)."""
    costs: Floats = state.reach[task.start, task.ends[task.stop]]
    return costs


def total(task: Task, state: State) -> float:
    """Return the walks' summed cost, metres x people."""
    return float(task.people @ walk_costs(task, state))


def choose(task: Task, state: State | None = None, *, quick: bool = False) -> State:
    """Return the best list found from several starts, improved by exchange.

    Parameters
    ----------
    state
        Lit already; kept.
    quick
        Leave the exchanges out.
    """
    first = state or begin(task)
    tried = [_by_edge(task, first, per_charge=per_charge) for per_charge in (False, True)]
    effort = _Effort(task, len(tried[1].lit) - len(first.lit))
    tried.append(_by_edge(task, _by_path(task, first, effort), per_charge=True))
    if quick:
        return min(tried, key=lambda made: total(task, made))
    tried += [_filled(task, first, lit) for lit in _priced_lists(task, first) if effort.left()]
    tried.sort(key=lambda made: total(task, made))
    better = [_exchange(task, made, first, effort) for made in tried[:STARTS]]
    best = _with_links(task, min(better, key=lambda made: total(task, made)), first, effort)
    best = _without_links(task, best, first, effort)
    return _exchange(task, best, first, effort, out=2)


def in_order(task: Task, edges: Sequence[int]) -> tuple[list[int], list[float]]:
    """Put chosen edges in order of gain after those above, per unit of the budget; return the gains too."""
    state, left = begin(task), list(edges)
    order: list[int] = []
    gains: list[float] = []
    while left:
        gain = gains_of(task, state, np.asarray(left)) / task.charge[left]
        edge = left.pop(int(np.argmax(gain)))
        after = _light(task, state, edge)
        order.append(edge)
        gains.append(max(total(task, state) - total(task, after), 0.0))
        state = after
    return order, gains


def gains_of(task: Task, state: State, edges: Ints) -> Floats:
    """Return how much lighting each edge alone would take off the walks' summed cost, shape (k,)."""
    u, v, lit_m = task.graph.u[edges], task.graph.v[edges], task.graph.length_m[edges]
    there, back = state.reach[task.start], state.reach[task.stop]
    through = np.minimum(there[:, u] + back[:, v], there[:, v] + back[:, u]) + lit_m
    saved: Floats = task.people @ np.maximum(walk_costs(task, state)[:, None] - through, 0.0)
    return saved


# --- private -----------------------------------------------------------------------------------------


def _reach(task: Task, cost: Floats) -> Floats:
    return np.vstack([least(task.graph, int(node), cost) for node in task.ends])


def _light(task: Task, state: State, edge: int) -> State:
    """Light one edge: distances through it are compared with those there were, which is exact."""
    graph, cost = task.graph, state.cost.copy()
    cost[edge] = lit_m = graph.length_m[edge]
    u, v = graph.u[edge], graph.v[edge]
    over_u, over_v = state.reach[:, [v]] + lit_m, state.reach[:, [u]] + lit_m
    reach = np.minimum(state.reach, over_u + least(graph, int(u), cost))
    reach = np.minimum(reach, over_v + least(graph, int(v), cost))
    return State((*state.lit, edge), state.left - float(task.charge[edge]), cost, reach)


def _open(task: Task, state: State) -> Ints:
    """Return the edges that can still be lit within what is left."""
    fits = task.charge[task.allowed] <= state.left * (1 + _LEAST)
    dark = state.cost[task.allowed] > task.graph.length_m[task.allowed]
    return task.allowed[fits & dark]


def _by_edge(task: Task, state: State, *, per_charge: bool) -> State:
    """Light the edge of greatest gain, or of greatest gain for what it takes, until none gains."""
    least_gain = _LEAST * total(task, state)
    while len(allowed := _open(task, state)):
        gain = gains_of(task, state, allowed)
        if gain.max() <= least_gain:
            break
        worth = gain / task.charge[allowed] if per_charge else gain
        state = _light(task, state, int(allowed[np.argmax(worth)]))
    return state


def _by_path(task: Task, state: State, effort: _Effort) -> State:
    """Light whole missing links: the dark edges of one walk's way, where a single one would gain nothing."""
    while effort.left() and (links := _links(task, state)):
        gains = [_gain_of_link(task, state, link) for link in links[:TRIED]]
        best = int(np.argmax(gains))
        if gains[best] <= _LEAST * total(task, state):
            break
        state = begin(task, (*state.lit, *links[best]))
    return state


def _gain_of_link(task: Task, state: State, link: tuple[int, ...]) -> float:
    """Return the gain of lighting a link, for what it takes of the budget."""
    cost, edges = state.cost.copy(), list(link)
    cost[edges] = task.graph.length_m[edges]
    after = float(_used(*_arrays(task), cost, task.people) @ cost)
    return (total(task, state) - after) / float(task.charge[edges].sum())


def _links(task: Task, state: State) -> list[tuple[int, ...]]:
    """Return sets of dark edges that would complete a way for some walk, most promising first."""
    graph, now = task.graph, walk_costs(task, state)
    could = np.zeros(graph.edges, bool)
    could[_open(task, state)] = True
    found: dict[tuple[int, ...], float] = {}
    for blend in BLENDS:
        weight = np.where(could, graph.length_m + blend * (state.cost - graph.length_m), state.cost)
        for k, (a, b) in enumerate(zip(task.ends[task.start], task.ends[task.stop], strict=True)):
            path = shortest_path(graph, int(a), int(b), weight=weight).edges
            link = tuple(sorted(path[could[path]].tolist()))
            taken = float(task.charge[list(link)].sum())
            lit = float(np.where(could[path], graph.length_m[path], state.cost[path]).sum())
            gain = float(task.people[k] * (now[k] - lit))
            if link and gain > 0 and taken <= state.left * (1 + _LEAST):
                found[link] = max(found.get(link, 0.0), gain / taken)
    return sorted(found, key=lambda link: (-found[link], link))


def _exchange(task: Task, state: State, first: State, effort: _Effort, *, out: int = 1) -> State:
    """Take some edges out in turn and spend what they took otherwise, until nothing is better."""
    again = True
    while again:
        again = False
        for some in combinations(state.lit[len(first.lit) :], out):
            if not effort.left():
                return state
            without = begin(task, [edge for edge in state.lit if edge not in some])
            better = _by_edge(task, without, per_charge=True)
            if _less(task, better, state):
                state, again = better, True
                break
    return state


def _with_links(task: Task, state: State, first: State, effort: _Effort) -> State:
    """Put a whole link in, take the least used edges out to pay for it, until nothing is better."""
    again = True
    while again:
        links = _links(task, replace(state, left=task.budget))[:LINKS]
        made = [_filled(task, first, (*state.lit, *link), kept=link) for link in links if effort.left()]
        better = min(made, key=lambda one: total(task, one), default=state)
        again = _less(task, better, state)
        state = _exchange(task, better, first, effort) if again else state
    return state


def _without_links(task: Task, state: State, first: State, effort: _Effort) -> State:
    """Take out everything lit on one walk's way and spend it on whole links, until nothing is better."""
    again = True
    while again:
        again = False
        for k in range(len(task.people)):
            if not effort.left():
                return state
            rows, pairs, (start, stop) = _arrays(task)
            on = _used(rows, pairs, (start[[k]], stop[[k]]), state.cost, task.people[[k]]) > 0
            kept = [edge for edge in state.lit if edge in first.lit or not on[edge]]
            better = _by_edge(task, _by_path(task, begin(task, kept), effort), per_charge=True)
            if _less(task, better, state):
                state, again = _exchange(task, better, first, effort), True
                break
    return state


def _less(task: Task, made: State, state: State) -> bool:
    return total(task, made) < total(task, state) * (1 - _LEAST)


def _filled(task: Task, first: State, lit: Iterable[int], kept: tuple[int, ...] = ()) -> State:
    """Return a list brought within the budget by taking out what is used least, then filled up."""
    held = {*first.lit, *kept}
    loose = [edge for edge in dict.fromkeys(lit) if edge not in held]
    fixed = [*first.lit, *(edge for edge in kept if edge not in set(first.lit))]
    lit_m, limit = task.graph.length_m, task.budget * (1 + _LEAST)
    while loose and task.charge[fixed + loose].sum() > limit:
        cost = task.cost.copy()
        cost[fixed + loose] = lit_m[fixed + loose]
        used = _used(*_arrays(task), cost, task.people)[loose]
        charge = task.charge[loose]
        order = np.argsort(used * (task.cost - lit_m)[loose] / charge, kind="stable")
        over = charge.sum() + task.charge[fixed].sum() - limit
        many = np.searchsorted(np.cumsum(charge[order]), over) // 8  # a part at a time, then look again
        gone = set(order[: 1 + many].tolist())
        loose = [edge for k, edge in enumerate(loose) if k not in gone]
    if task.charge[fixed].sum() > limit:
        return first
    return _by_edge(task, begin(task, fixed + loose), per_charge=True)


def _priced_lists(task: Task, first: State) -> list[tuple[int, ...]]:
    """Return lists in which every walk pays for what it lights, at prices halved towards the budget."""
    if not len(task.allowed):
        return []
    saved = (task.cost - task.graph.length_m) / task.charge
    low, high = 0.0, float(saved[task.allowed].max() * task.people.sum())
    could = np.zeros(task.graph.edges, bool)
    could[task.allowed] = True
    order = np.argsort(-task.people, kind="stable")
    found: dict[tuple[int, ...], None] = {}

    def bought(price: float) -> Ints:
        charge = task.charge * price
        lit = _priced(*_arrays(task), task.cost, task.graph.length_m, could, charge, task.people, order)
        edges = np.flatnonzero(lit)
        if task.charge[edges].sum() <= MOST_OVER * task.budget:
            found[(*first.lit, *edges.tolist())] = None
        return edges

    for _ in range(HALVINGS):
        price = (low + high) / 2
        dear = task.charge[bought(price)].sum() <= task.budget
        low, high = (low, price) if dear else (price, high)
    for near in NEAR:
        bought(high * near)
    return list(found)


def _arrays(task: Task) -> tuple[tuple[Ints, Ints, Ints], tuple[Ints, Ints], tuple[Ints, Ints]]:
    graph = task.graph
    ends = task.ends[task.start], task.ends[task.stop]
    return (graph.indptr, graph.to, graph.edge), (graph.u, graph.v), ends


@compiled
def _used(
    rows: tuple[Ints, Ints, Ints],
    pairs: tuple[Ints, Ints],
    ends: tuple[Ints, Ints],
    cost: Floats,
    people: Floats,
) -> Floats:
    """Return how many people use each edge when every walk takes its cheapest way, shape (m,)."""
    u, v = pairs
    used = np.zeros(len(cost))
    for k in range(len(people)):
        back, node = spread(rows, cost, ends[0][k], np.inf, ends[1][k])[1], ends[1][k]
        while node != ends[0][k]:
            e = back[node]
            used[e] += people[k]
            node = u[e] + v[e] - node
    return used


@compiled
def _priced(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    rows: tuple[Ints, Ints, Ints],
    pairs: tuple[Ints, Ints],
    ends: tuple[Ints, Ints],
    cost: Floats,
    lit_m: Floats,
    could: NDArray[np.bool_],
    price: Floats,
    people: Floats,
    order: Ints,
) -> NDArray[np.bool_]:
    """Route walk by walk, lighting an edge where a walk gains more than its price; lit ones are free."""
    u, v = pairs
    edges, walks = len(cost), len(people)
    users, lights = np.zeros(edges, np.int64), np.zeros((walks, edges), np.bool_)
    for turn in range(3 * walks):
        k = order[turn % walks]
        users -= lights[k]
        lights[k] = False
        weight = cost.copy()
        for e in range(edges):
            if could[e]:
                paid = lit_m[e] if users[e] > 0 else lit_m[e] + price[e] / people[k]
                weight[e] = min(cost[e], paid)
        back, node = spread(rows, weight, ends[0][k], np.inf, ends[1][k])[1], ends[1][k]
        while node != ends[0][k]:
            e = back[node]
            lights[k, e] = could[e] and weight[e] < cost[e]
            node = u[e] + v[e] - node
        users += lights[k]
    return users > 0
