"""Limits that a walk keeps to, and what they leave out of the streets: told, never silent.

Only what is mapped can be left out. A street whose surface is not known stays, and its metres are told;
kerbs, slopes and lifts are in no map used here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from safespace import streets
from safespace.errors import PlaceError
from safespace.streets import UNKNOWN, UNPAVED, to_metres

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Point = tuple[float, float]

STEP_FREE: Final = "Step-free"
PAVED_ONLY: Final = "Paved only"
OPEN: Final = "Open at the time"
_FIELD: Final = {STEP_FREE: "step_free", PAVED_ONLY: "paved", OPEN: "at"}


@dataclass(frozen=True)
class Limits:
    """What a walk must keep to; none by default.

    Parameters
    ----------
    step_free
        Leave out stairs, and what leads through a stile, a turnstile or the like.
    paved
        Leave out what is mapped as unpaved. Where the surface is not known the street stays.
    at
        Local time of the walk: what is closed then is left out, and lighting is told as at that time.

    Examples
    --------
    >>> Limits(step_free=True).names(), bool(Limits())
    (('Step-free',), False)
    >>> Limits(step_free=True, paved=True).without("Step-free")
    Limits(step_free=False, paved=True, at=None)
    """

    step_free: bool = False
    paved: bool = False
    at: datetime | None = None

    def __bool__(self) -> bool:
        """Say whether there is any limit."""
        return bool(self.names())

    def names(self) -> tuple[str, ...]:
        """Return the names of the limits that hold."""
        return tuple(name for name, field in _FIELD.items() if getattr(self, field) not in {False, None})

    def without(self, *names: str) -> Limits:
        """Return the limits with those named lifted."""
        unset = Limits()
        return replace(self, **{_FIELD[name]: getattr(unset, _FIELD[name]) for name in names})

    def words(self) -> tuple[str, ...]:
        """Return the limits as a reader is told them, the moment included.

        Examples
        --------
        >>> from datetime import datetime
        >>> Limits(paved=True, at=datetime(2026, 11, 28, 23, 30)).words()
        ('Paved only', 'Open at 23:30 on Saturday 28 November 2026')
        """
        moment = f"Open at {self.at:%H:%M on %A %-d %B %Y}" if self.at else ""
        return tuple(moment if name == OPEN else name for name in self.names())


@dataclass(frozen=True)
class Limited:
    """The streets that limits leave.

    Parameters
    ----------
    whole
        All the streets, lighting as at the time asked for.
    graph
        The same edges and numbers; its rows lead only along edges that are allowed.
    limits
        What was asked for.
    out
        Edges each limit takes out, by its name, each shape (m,).
    """

    whole: StreetGraph
    graph: StreetGraph
    limits: Limits
    out: Mapping[str, Flags]

    @property
    def allowed(self) -> Flags:
        """Edges that no limit takes out, shape (m,)."""
        kept = np.ones(self.graph.edges, bool)
        for taken in self.out.values():
            kept &= ~taken
        return kept

    def left_out(self) -> pd.DataFrame:
        """Return one row a limit: ``limit, segments, km`` taken out of the streets loaded."""
        length_m = self.graph.length_m
        rows = [(name, int(out.sum()), float(length_m[out].sum()) / 1000) for name, out in self.out.items()]
        return pd.DataFrame(rows, columns=["limit", "segments", "km"])

    def sentences(self) -> tuple[str, ...]:
        """Say what each limit leaves out, and what it cannot know."""
        rows = self.left_out().itertuples(index=False)
        return tuple(
            f"{said}: {row.segments:,} segments ({row.km:,.1f} km of the streets loaded) are left out. "
            f"{self._unknown(str(row.limit))}"
            for said, row in zip(self.limits.words(), rows, strict=True)
        )

    def _unknown(self, name: str) -> str:
        if name == STEP_FREE:
            return "Kerbs, slopes and lifts are not known."
        if name == PAVED_ONLY:
            km = float(self.graph.length_m[self.graph.paving == UNKNOWN].sum()) / 1000
            return f"Where the surface is not mapped ({km:,.1f} km) streets stay."
        km = float(self.graph.length_m[streets.hours_unread(self.graph)].sum()) / 1000
        return f"Conditions that cannot be read ({km:,.1f} km) count as open; lighting is as at that time."


def limit(graph: StreetGraph, limits: Limits) -> Limited:
    """Return the streets that limits leave; the graph given stays as it was."""
    out: dict[str, Flags] = {}
    if limits.step_free:
        out[STEP_FREE] = graph.steps | graph.narrow
    if limits.paved:
        out[PAVED_ONLY] = graph.paving == UNPAVED
    if limits.at is not None:
        out[OPEN] = ~streets.open_at(graph, limits.at)
        graph = streets.replace(graph, lit=streets.lit_at(graph, limits.at))
    made = Limited(graph, graph, limits, out)
    return replace(made, graph=_over(graph, made.allowed)) if out else made


def ends_within(limited: Limited, origin: Point, destination: Point, limit_m: float) -> tuple[int, int]:
    """Return the junctions that a walk within the limits starts and ends at.

    Both lie on one piece of what the limits leave: of the pieces within reach of both points, the one
    that is nearest to the two together.

    Raises
    ------
    PlaceError
        When no piece is within reach of both; the message says which limits to lift.
    """
    found = _ends_on_one_piece(limited.graph, origin, destination, limit_m)
    if found is None:
        raise PlaceError(
            "No walk between the two places remains within these limits.",
            code="no-walk-within-limits",
            seen=", ".join(limited.limits.words()),
            remedy=_to_lift(limited, origin, destination, limit_m),
        )
    return found


def _ends_on_one_piece(
    graph: StreetGraph, origin: Point, destination: Point, limit_m: float
) -> tuple[int, int] | None:
    used = np.flatnonzero((np.diff(graph.indptr) > 0) & (graph.component == 0))
    piece = pieces(graph)[used]
    found = [_nearest_by_piece(graph, used, piece, point, limit_m) for point in (origin, destination)]
    shared = [
        (found[0][k][0] + found[1][k][0], found[0][k][1], found[1][k][1])
        for k in found[0].keys() & found[1].keys()
        if found[0][k][1] != found[1][k][1]
    ]
    return min(shared)[1:] if shared else None


def pieces(graph: StreetGraph) -> Ints:
    """Return which connected piece of the rows each node is in, shape (n,)."""
    rows = csr_array((np.ones(len(graph.to), np.int8), graph.to, graph.indptr), shape=(graph.nodes,) * 2)
    return np.asarray(connected_components(rows, directed=False)[1], np.int64)


def _nearest_by_piece(
    graph: StreetGraph, nodes: Ints, piece: Ints, point: Point, limit_m: float
) -> dict[int, tuple[float, int]]:
    """Return, for each piece within reach of a point, how far its nearest node is and which it is."""
    x, y = to_metres(np.array([point[0]]), np.array([point[1]]), graph.crs)
    away = np.hypot(graph.x[nodes] - x[0], graph.y[nodes] - y[0])
    near = np.flatnonzero(away <= limit_m)
    near = near[np.lexsort((nodes[near], away[near]))]
    kinds, first = np.unique(piece[near], return_index=True)
    return {
        int(kind): (float(away[near[k]]), int(nodes[near[k]])) for kind, k in zip(kinds, first, strict=True)
    }


def _to_lift(limited: Limited, origin: Point, destination: Point, limit_m: float) -> str:
    """Say which of the limits to lift: the fewest that give a walk."""
    names = limited.limits.names()
    for count in range(1, len(names) + 1):
        enough = [
            " and ".join(some)
            for some in combinations(names, count)
            if _ends_on_one_piece(_over(limited.whole, _allowed(limited, some)), origin, destination, limit_m)
        ]
        if enough:
            return f"Lift this limit: {', or '.join(enough)}."
    return "Choose two places further apart, or on the same connected piece."


def _allowed(limited: Limited, lifted: tuple[str, ...]) -> Flags:
    kept = {name: out for name, out in limited.out.items() if name not in lifted}
    return replace(limited, out=kept).allowed


def _over(graph: StreetGraph, allowed: Flags) -> StreetGraph:
    """Return the graph with rows that lead only along the edges allowed."""
    keep = allowed[graph.edge]
    before = np.concatenate([[0], np.cumsum(keep)])
    return streets.replace(graph, indptr=before[graph.indptr], to=graph.to[keep], edge=graph.edge[keep])
