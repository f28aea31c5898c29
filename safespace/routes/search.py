"""Shortest walks: A* and Dijkstra on the graph's arrays, and a scipy way to the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from safespace.errors import PlaceError, SchemaError
from safespace.streets import compiled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Path:
    """A walk through the graph: ``nodes`` shape (k + 1,), ``edges`` shape (k,), and its summed weight."""

    nodes: Ints
    edges: Ints
    cost: float


def shortest_path(
    graph: StreetGraph, origin: int, destination: int, *, weight: ArrayLike | None = None
) -> Path:
    """Find the path of least summed weight with A*.

    Parameters
    ----------
    origin, destination
        Nodes.
    weight
        Not negative, one an edge, shape (m,); length in metres when not given.

    Raises
    ------
    PlaceError
        When the two are not connected.
    SchemaError
        When the weights are not one finite, non-negative number an edge.

    Notes
    -----
    The bound is the straight line times the least weight per straight metre of any edge, so it never
    overestimates, whatever the weights (Hart, Nilsson & Raphael 1968, doi 10.1109/TSSC.1968.300136).
    """
    costs = checked_weight(graph, weight)
    scale = _least_rate(graph.length_m, costs) * graph.least_detour
    back = _astar((graph.indptr, graph.to, graph.edge), costs, graph.x, graph.y, scale, origin, destination)
    return trace(graph, back, origin, destination, costs)


def shortest_path_scipy(
    graph: StreetGraph, origin: int, destination: int, *, weight: ArrayLike | None = None
) -> Path:
    """Find the same path without compiled code of our own: about forty times slower, for checking.

    Raises
    ------
    PlaceError
        When the two are not connected.
    """
    costs = checked_weight(graph, weight)
    tail = np.repeat(np.arange(graph.nodes), np.diff(graph.indptr))
    order = np.lexsort((graph.edge, costs[graph.edge], graph.to, tail))
    pair = tail[order] * graph.nodes + graph.to[order]
    first = order[np.insert(pair[1:] != pair[:-1], 0, True)]
    matrix = csr_array((costs[graph.edge[first]], (tail[first], graph.to[first])), shape=(graph.nodes,) * 2)
    _, before = dijkstra(matrix, indices=[origin], return_predecessors=True)
    chosen = dict(
        zip(pair_keys(graph, tail[first], graph.to[first]), graph.edge[first].tolist(), strict=True)
    )
    back = np.full(graph.nodes, -1, np.int64)
    for node in range(graph.nodes):
        if before[0, node] >= 0:
            back[node] = chosen[int(before[0, node]) * graph.nodes + node]
    return trace(graph, back, origin, destination, costs)


def pair_keys(graph: StreetGraph, tail: Ints, head: Ints) -> list[int]:
    """Return one number for each ordered pair of nodes."""
    keys: list[int] = (tail * graph.nodes + head).tolist()
    return keys


def distances(
    graph: StreetGraph, origin: int, *, weight: ArrayLike | None = None, limit: float = np.inf
) -> Floats:
    """Return the least summed weight from a node to every node, infinite past ``limit``, shape (n,)."""
    return least(graph, origin, checked_weight(graph, weight), limit)


def least(graph: StreetGraph, origin: int, costs: Floats, limit: float = np.inf) -> Floats:
    """Run :func:`distances` on weights that were checked before."""
    found: Floats = spread((graph.indptr, graph.to, graph.edge), costs, origin, float(limit), -1)[0]
    return found


def shortest_tree(
    graph: StreetGraph, origin: int, *, weight: ArrayLike | None = None, limit: float = np.inf
) -> tuple[Floats, Ints]:
    """Return the least summed weight to every node and the edge each is reached by, from one search.

    Returns
    -------
    tuple
        Weight, infinite past ``limit``, and edge, -1 at the origin and past the limit; each shape (n,).
        :func:`trace` walks the edges back.
    """
    costs = checked_weight(graph, weight)
    cost, back = spread((graph.indptr, graph.to, graph.edge), costs, origin, float(limit), -1)
    return cost, back


def checked_weight(graph: StreetGraph, weight: ArrayLike | None) -> Floats:
    """Return the weights as an array, lengths when none are given.

    Raises
    ------
    SchemaError
        When they are not one finite, non-negative number an edge.
    """
    if weight is None:
        return graph.length_m
    costs = np.ascontiguousarray(weight, float)
    # least and most tell it all: not a number is neither
    if costs.shape != (graph.edges,) or not 0 <= costs.min(initial=0) <= costs.max(initial=0) < np.inf:
        raise SchemaError(
            "Weights must be one finite number an edge, not negative.",
            code="route-weights-by-edge",
            seen=f"shape {costs.shape} for {graph.edges} edges, least {costs.min(initial=0):g}",
            remedy="Give one weight an edge, zero or more.",
        )
    return costs


def trace(graph: StreetGraph, back: Ints, origin: int, destination: int, costs: Floats) -> Path:
    """Walk the edges back from the destination.

    Raises
    ------
    PlaceError
        When the destination was not reached.
    """
    nodes, path = _unwind(back, graph.u, graph.v, origin, destination)
    if not len(nodes):
        raise PlaceError(
            "The two places are not connected by streets open to walkers.",
            code="places-not-connected",
            remedy="Choose a point on the same connected piece, or load a wider extract.",
        )
    return Path(nodes, path, float(costs[path].sum()))


def nodes_along(graph: StreetGraph, origin: int, edges: Ints) -> Ints:
    """Return the nodes a walk along these edges meets, the origin first, shape (k + 1,)."""
    nodes = np.empty(len(edges) + 1, np.int64)
    nodes[0] = origin
    for k, edge in enumerate(edges):
        nodes[k + 1] = graph.u[edge] + graph.v[edge] - nodes[k]
    return nodes


# --- compiled ----------------------------------------------------------------------------------------


@compiled
def _unwind(back: Ints, u: Ints, v: Ints, origin: int, destination: int) -> Any:
    """Return the nodes and edges of the walk back to the origin, in order; no nodes when there is none."""
    steps, node = 0, destination
    while node != origin:
        if back[node] < 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        node = u[back[node]] + v[back[node]] - node
        steps += 1
    nodes, edges, node = np.empty(steps + 1, np.int64), np.empty(steps, np.int64), destination
    nodes[steps] = destination
    for k in range(steps - 1, -1, -1):
        edges[k] = back[node]
        node = u[edges[k]] + v[edges[k]] - node
        nodes[k] = node
    return nodes, edges


@compiled
def _least_rate(length_m: Floats, costs: Floats) -> float:
    """Return the least weight per metre of any edge, taken a hair lower against rounding."""
    rate = np.inf
    for e in range(len(costs)):
        if costs[e] < rate * length_m[e]:
            rate = costs[e] / length_m[e]
    return float(rate * (1 - 1e-9)) if np.isfinite(rate) else 0.0


@compiled
def push(keys: Floats, items: Ints, size: int, key: float, item: int) -> int:
    """Put an item in a four-way heap; return the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if keys[above] <= key:
            break
        keys[at], items[at] = keys[above], items[above]
        at = above
    keys[at], items[at] = key, item
    return size + 1


@compiled
def pop(keys: Floats, items: Ints, size: int) -> int:
    """Take the first item out (read it at 0 beforehand); return the new size."""
    size -= 1
    key, item = keys[size], items[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[best]:
                best = other
        if keys[best] >= key:
            break
        keys[at], items[at] = keys[best], items[best]
        at = best
    keys[at], items[at] = key, item
    return size


@compiled
def _astar(
    rows: tuple[Ints, Ints, Ints], costs: Floats, x: Floats, y: Floats, scale: float, origin: int, target: int
) -> Any:
    """Return, for each node reached, the edge it was reached by (-1 elsewhere)."""
    indptr, to, edge = rows
    nodes = len(indptr) - 1
    gone = np.full(nodes, np.inf)
    back = np.full(nodes, -1, np.int64)
    done = np.zeros(nodes, np.bool_)
    keys, items = np.empty(len(to) + 1), np.empty(len(to) + 1, np.int64)
    gone[origin] = 0.0
    size = push(keys, items, 0, 0.0, origin)
    while size > 0:
        node = items[0]
        size = pop(keys, items, size)
        if done[node]:
            continue
        if node == target:
            break
        done[node] = True
        for k in range(indptr[node], indptr[node + 1]):
            far = gone[node] + costs[edge[k]]
            if far < gone[to[k]]:
                gone[to[k]], back[to[k]] = far, edge[k]
                bound = scale * np.hypot(x[to[k]] - x[target], y[to[k]] - y[target])
                size = push(keys, items, size, far + bound, to[k])
    return back


@compiled
def spread(rows: tuple[Ints, Ints, Ints], costs: Floats, origin: int, limit: float, target: int) -> Any:
    """Return, for each node, the least weight and the edge it was reached by (-1 where none).

    The search ends at the target, -1 for none: what lies beyond it is then not known.
    """
    indptr, to, edge = rows
    gone = np.full(len(indptr) - 1, np.inf)
    back = np.full(len(indptr) - 1, -1, np.int64)
    keys, items = np.empty(len(to) + 1), np.empty(len(to) + 1, np.int64)
    gone[origin] = 0.0
    size = push(keys, items, 0, 0.0, origin)
    while size > 0:
        key, node = keys[0], items[0]
        size = pop(keys, items, size)
        if node == target:
            break
        if key > gone[node]:
            continue
        for k in range(indptr[node], indptr[node + 1]):
            far = key + costs[edge[k]]
            if far < gone[to[k]] and far <= limit:
                gone[to[k]], back[to[k]] = far, edge[k]
                size = push(keys, items, size, far, to[k])
    return gone, back
