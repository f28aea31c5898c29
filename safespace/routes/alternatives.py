"""Which walks of a trade-off set to show, and walks along different streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from safespace.routes.search import shortest_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from safespace.routes.front import ParetoFront
    from safespace.streets import StreetGraph

    Ints = NDArray[np.int64]

SHORTEST: Final = "Shortest"
BALANCED: Final = "Balanced"
BETWEEN: Final = "In between"
FEWEST: Final = "Fewest reports nearby"
DIFFERENT: Final = "Different streets"

PENALTY: Final = 1.3
MOST_OVERLAP: Final = 0.6
MOST_STRETCH: Final = 1.3
ROUNDS: Final = 12


def knee(front: ParetoFront) -> int:
    """Return the walk furthest below the straight line between both ends of the set.

    Notes
    -----
    Both axes are stretched to 0 to 1 first, so the answer does not depend on the units.
    """
    x, y = _unit(front)
    return int(np.argmin(x + y))


def choose(front: ParetoFront, count: int) -> list[tuple[int, str]]:
    """Choose the walks to show: both ends, the knee, then those furthest from any shown already.

    Parameters
    ----------
    count
        How many at most.

    Returns
    -------
    list of (position in the set, option name)
        Shortest first. One walk when it is best in both.
    """
    last = len(front.paths) - 1
    if last == 0:
        return [(0, SHORTEST)]
    named = {0: SHORTEST, last: FEWEST}
    if last > 1 and count > 2:
        named.setdefault(knee(front), BALANCED)
    x, y = _unit(front)
    while len(named) < count:
        away = np.min([np.hypot(x - x[k], y - y[k]) for k in named], axis=0)
        if away.max() < 0.1:  # closer than a tenth of the span is the same choice to a reader
            break
        named[int(np.argmax(away))] = BETWEEN
    return sorted(named.items())


def different(
    graph: StreetGraph,
    ends: tuple[int, int],
    shown: Sequence[Ints],
    *,
    longest_m: float,
) -> Ints | None:
    """Find a walk that shares at most 60 % of its length with every walk shown, or none.

    Parameters
    ----------
    ends
        Origin and destination nodes.
    shown
        Edges of the walks shown already.
    longest_m
        Longest walk allowed, metres.

    Notes
    -----
    Penalty method: edges used so far are priced 1.3 times more each round, at most twelve rounds. It finds
    good alternatives, not provably the best (Chondrogiannis et al. 2020, doi 10.1007/s00778-020-00604-x).
    """
    weight = graph.length_m.copy()
    for used in shown:
        weight[used] *= PENALTY
    for _ in range(ROUNDS):
        path = shortest_path(graph, *ends, weight=weight).edges
        shared = max((overlap(graph, path, other) for other in shown), default=0.0)
        if shared <= MOST_OVERLAP and graph.length_m[path].sum() <= longest_m:
            return path
        weight[path] *= PENALTY
    return None


def overlap(graph: StreetGraph, path: Ints, other: Ints) -> float:
    """Return the share of the first walk's length that lies on the second."""
    shared = np.isin(path, other)
    return float(graph.length_m[path[shared]].sum() / graph.length_m[path].sum())


def _unit(front: ParetoFront) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    length, burden = front.length_m, front.reports_nearby
    span_m, span = np.ptp(length) or 1.0, np.ptp(burden) or 1.0
    return (length - length.min()) / span_m, (burden - burden.min()) / span
