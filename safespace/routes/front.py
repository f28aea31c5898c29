"""The exact trade-off set: every walk that no other walk beats in both length and reports nearby."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from safespace.errors import PlaceError, Remedy
from safespace.routes.search import checked_weight, least, pop, push, shortest_path
from safespace.streets import compiled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TOLERANCE: Final = 1e-9  # relative: sums of the same edges in another order must count as equal
_TOO_MANY: Final = -1  # in place of a number of walks


@dataclass(frozen=True)
class ParetoFront:
    """The trade-off set, shortest first.

    Parameters
    ----------
    length_m
        Rising, metres, shape (p,).
    reports_nearby
        Falling, reports x metres, shape (p,).
    paths
        The edges of each walk, in order from the origin.
    """

    length_m: Floats
    reports_nearby: Floats
    paths: tuple[Ints, ...]


def trade_off(
    graph: StreetGraph,
    origin: int,
    destination: int,
    *,
    reports_nearby: ArrayLike,
    detour_cap: float = 1.5,
    most_labels: int = 5_000_000,
) -> ParetoFront:
    """Find every walk within the detour limit that none beats in both length and reports nearby.

    Parameters
    ----------
    reports_nearby
        Of each edge, not negative, shape (m,).
    detour_cap
        Longest walk allowed, as a multiple of the shortest.
    most_labels
        Partial walks held at most, about 60 bytes each.

    Raises
    ------
    PlaceError
        When the two are not connected, or so far apart that the exact set would not fit in memory.

    Notes
    -----
    Bi-objective A* with constant-time dominance checks (Hernández, Yeoh, Baier, Zhang, Suazo & Koenig 2020,
    doi 10.1609/icaps.v30i1.6655), guided by two exact backward searches. A weighted sum would find only the
    corners of this set. Of walks equal in both, one is kept.
    """
    burden = checked_weight(graph, reports_nearby)
    cap_m = shortest_path(graph, origin, destination).cost * detour_cap * (1 + _TOLERANCE)
    rows = (graph.indptr, graph.to, graph.edge)
    to_go = _to_go(graph, rows, burden, (origin, destination), cap_m)
    slack = _TOLERANCE * max(float(to_go[1][origin]), float(burden.max(initial=0)), 1e-300)
    count, start, edges = _boa(
        rows, (graph.length_m, burden), to_go, (origin, destination), (cap_m, slack), most_labels
    )
    if count == _TOO_MANY:
        raise PlaceError(
            "The two places are too far apart for an exact trade-off set.",
            code="places-too-far-apart",
            seen=f"the shortest walk is {to_go[0][origin]:,.0f} m",
            remedy=Remedy(
                cli="Choose nearer places, or lower routes.detour_cap.",
                app="Choose nearer places.",
                library="Choose nearer places, or lower routes.detour_cap.",
            ),
        )
    return _front(graph, burden, [edges[start[k] : start[k + 1]] for k in range(count)])


def _to_go(
    graph: StreetGraph, rows: tuple[Ints, Ints, Ints], burden: Floats, ends: tuple[int, int], cap_m: float
) -> tuple[Floats, Floats]:
    """Return the least length and the fewest reports nearby from every node to the destination.

    Only nodes that a walk within the limit can pass are looked at: those whose length to go and straight
    line from the origin fit in it. The rest stay infinite, so a county costs no more than its neighbourhood.
    """
    to_go_m = least(graph, ends[1], graph.length_m, cap_m)
    straight_m = _straight(graph.x, graph.y, ends[0]) * graph.least_detour
    return to_go_m, _least_among(rows, burden, ends[1], to_go_m + straight_m <= cap_m)


def _front(graph: StreetGraph, burden: Floats, paths: list[Ints]) -> ParetoFront:
    """Sum each walk and leave out those another equals up to rounding."""
    length_m = np.array([graph.length_m[path].sum() for path in paths])
    reports_nearby = np.array([burden[path].sum() for path in paths])
    order = np.lexsort((reports_nearby, length_m))
    kept: list[int] = []
    for k in order:
        if not kept or reports_nearby[k] < reports_nearby[kept[-1]] * (1 - _TOLERANCE):
            kept.append(int(k))
    return ParetoFront(length_m[kept], reports_nearby[kept], tuple(paths[k] for k in kept))


@compiled
def _straight(x: Floats, y: Floats, origin: int) -> Any:
    return np.hypot(x - x[origin], y - y[origin])


@compiled
def _least_among(rows: tuple[Ints, Ints, Ints], costs: Floats, origin: int, some: NDArray[np.bool_]) -> Any:
    """Return the least weight from a node to others, passing only some nodes."""
    indptr, to, edge = rows
    gone = np.full(len(indptr) - 1, np.inf)
    keys, items = np.empty(len(to) + 1), np.empty(len(to) + 1, np.int64)
    gone[origin] = 0.0
    size = push(keys, items, 0, 0.0, origin)
    while size > 0:
        key, node = keys[0], items[0]
        size = pop(keys, items, size)
        if key > gone[node]:
            continue
        for k in range(indptr[node], indptr[node + 1]):
            far = key + costs[edge[k]]
            if some[to[k]] and far < gone[to[k]]:
                gone[to[k]] = far
                size = push(keys, items, size, far, to[k])
    return gone


@compiled
def _boa(
    rows: tuple[Ints, Ints, Ints],
    costs: tuple[Floats, Floats],
    to_go: tuple[Floats, Floats],
    ends: tuple[int, int],
    limits: tuple[float, float],
    most_labels: int,
) -> Any:
    """Return the number of walks, where each starts and their edges; :data:`_TOO_MANY` walks when there are."""
    (indptr, to, edge), (cap_m, slack) = rows, limits
    best = np.full(len(indptr) - 1, np.inf)
    entries, gone, heap = _room(1024)
    found = np.empty(64, np.int64)
    count, used, size = 0, 1, 1
    entries[0, 0] = ends[0]
    gone[0, 0], gone[0, 1] = 0.0, 0.0
    heap[0, 0], heap[0, 1], heap[0, 2] = to_go[0][ends[0]], to_go[1][ends[0]], 0.0
    while size > 0:
        label, second = np.int64(heap[0, 2]), heap[0, 1]
        size = _pop(heap, size)
        node = entries[label, 0]
        if gone[label, 1] >= best[node] - slack or second >= best[ends[1]] - slack:
            continue
        best[node] = gone[label, 1]
        if node == ends[1]:
            found = _longer(found, count)
            found[count] = label
            count += 1
            continue
        for k in range(indptr[node], indptr[node + 1]):
            length = gone[label, 0] + costs[0][edge[k]]
            burden = gone[label, 1] + costs[1][edge[k]]
            first, second = length + to_go[0][to[k]], burden + to_go[1][to[k]]
            if first > cap_m or burden >= best[to[k]] - slack or second >= best[ends[1]] - slack:
                continue
            if used == len(entries):
                entries, gone, heap = _more_room(entries, gone, heap)
            entries[used, 0], entries[used, 1], entries[used, 2] = to[k], label, edge[k]
            gone[used, 0], gone[used, 1] = length, burden
            size = _push(heap, size, first, second, used)
            used += 1
        if used > most_labels:
            return _TOO_MANY, found, found
    return _unroll(entries, found, count)


@compiled
def _room(size: int) -> Any:
    # filled, so that no walk hangs on what memory held before: nothing comes before, and no sum is known
    return np.full((size, 3), -1, np.int64), np.full((size, 2), np.nan), np.full((size, 3), np.nan)


@compiled
def _more_room(entries: Ints, gone: Floats, heap: Floats) -> Any:
    more = _room(2 * len(entries))
    more[0][: len(entries)], more[1][: len(entries)], more[2][: len(entries)] = entries, gone, heap
    return more


@compiled
def _longer(labels: Ints, count: int) -> Any:
    if count < len(labels):
        return labels
    more = np.empty(2 * len(labels), np.int64)
    more[:count] = labels
    return more


@compiled
def _before(heap: Floats, i: int, first: float, second: float) -> bool:
    return bool(heap[i, 0] < first or (heap[i, 0] == first and heap[i, 1] <= second))


@compiled
def _push(heap: Floats, size: int, first: float, second: float, label: int) -> int:
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if _before(heap, above, first, second):
            break
        heap[at] = heap[above]
        at = above
    heap[at, 0], heap[at, 1], heap[at, 2] = first, second, label
    return size + 1


@compiled
def _pop(heap: Floats, size: int) -> int:
    size -= 1
    first, second, label = heap[size, 0], heap[size, 1], heap[size, 2]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if not _before(heap, best, heap[other, 0], heap[other, 1]):
                best = other
        if not _before(heap, best, first, second):
            break
        heap[at] = heap[best]
        at = best
    heap[at, 0], heap[at, 1], heap[at, 2] = first, second, label
    return size


@compiled
def _unroll(entries: Ints, labels: Ints, count: int) -> Any:
    """Follow each found label back to the origin; return the walks' edges end to end, in order."""
    start = np.zeros(count + 1, np.int64)
    for k in range(count):
        label = labels[k]
        while entries[label, 1] >= 0:
            start[k + 1] += 1
            label = entries[label, 1]
        start[k + 1] += start[k]
    edges = np.empty(start[count], np.int64)
    for k in range(count):
        label, at = labels[k], start[k + 1] - 1
        while entries[label, 1] >= 0:
            edges[at] = entries[label, 2]
            label, at = entries[label, 1], at - 1
    return count, start, edges
