"""A scenario: which edges would be lit, watched, cleared or closed, and the streets as they would be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Final

import numpy as np

from safespace.errors import InputError
from safespace.streets import LIT, replace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.streets import StreetGraph

    Flags = NDArray[np.bool_]

CHANGES: Final = ("light", "camera", "clear", "close")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


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
    close
        Edges that nobody could walk along.
    closed_hours
        When they are closed, as ``22:00-06:00`` (local, the end not included); always when empty.

    Raises
    ------
    InputError
        When the hours cannot be read.

    Examples
    --------
    >>> Scenario("Light the towpath", light=(4, 5)).light
    (4, 5)
    """

    name: str
    light: tuple[int, ...] = ()
    camera: tuple[int, ...] = ()
    clear: tuple[int, ...] = ()
    close: tuple[int, ...] = ()
    closed_hours: str = ""

    def __post_init__(self) -> None:
        """Refuse hours that cannot be read."""
        if self.closed_hours:
            _span(self.closed_hours)

    def edges(self) -> tuple[int, ...]:
        """Return every edge it names, each once, in order of number."""
        return tuple(sorted({edge for change in CHANGES for edge in getattr(self, change)}))


@dataclass(frozen=True)
class Walk:
    """A walk people make: its ends as nodes, and how many people, or any other weight."""

    name: str
    origin: int
    destination: int
    people: float = 1.0


def apply(graph: StreetGraph, scenario: Scenario, *, at: time | None = None) -> StreetGraph:
    """Return the graph as it would be; the one given stays as it was.

    Parameters
    ----------
    at
        The hour of the walk, local. Ways closed at other hours only stay open; without an hour they are
        taken to be closed.

    Raises
    ------
    InputError
        When the scenario names an edge that the graph does not have.

    Notes
    -----
    A closed edge keeps its number, its length and its conditions; it only leads nowhere.
    """
    _refuse_unknown(graph, scenario)
    lit, cameras = graph.lit.copy(), graph.cameras.copy()
    lit[list(scenario.light)] = LIT
    cameras[list(dict.fromkeys(scenario.camera))] += 1
    changed = replace(graph, lit=lit, cameras=cameras)
    shut = list(scenario.close) if closed_at(scenario, at) else []
    return _without(changed, shut) if shut else changed


def closed_at(scenario: Scenario, at: time | None) -> bool:
    """Say whether the scenario's closed ways are closed at an hour.

    Examples
    --------
    >>> gate = Scenario("Park gate", close=(3,), closed_hours="22:00-06:00")
    >>> [closed_at(gate, time(hour)) for hour in (21, 22, 2, 6)], closed_at(gate, None)
    ([False, True, True, False], True)
    """
    if not scenario.close or at is None or not scenario.closed_hours:
        return bool(scenario.close)
    start, end = _span(scenario.closed_hours)
    return start <= at < end if start < end else at >= start or at < end


def _span(hours: str) -> tuple[time, time]:
    found = _HOURS.fullmatch(hours)
    a, b, c, d = (int(part) for part in found.groups()) if found else (0, 0, 0, 0)
    start, end = time(a, b), time(c, d)
    if start == end:
        raise InputError(
            "The hours of closing cannot be read.",
            code="closing-hours-not-readable",
            seen=hours,
            remedy="Write them as 22:00-06:00.",
        )
    return start, end


def _refuse_unknown(graph: StreetGraph, scenario: Scenario) -> None:
    named = np.asarray(scenario.edges(), np.int64)
    wrong = named[(named < 0) | (named >= graph.edges)]
    if len(wrong):
        raise InputError(
            "The scenario names segments that are not in these streets.",
            code="scenario-of-other-streets",
            where=scenario.name,
            seen=f"{wrong[0]} of {graph.edges} segments",
            remedy="Choose the segments again on the streets in use.",
        )


def _without(graph: StreetGraph, edges: list[int]) -> StreetGraph:
    """Return the graph with rows that do not lead along these edges."""
    shut: Flags = np.zeros(graph.edges, bool)
    shut[edges] = True
    kept = ~shut[graph.edge]
    indptr = np.concatenate([[0], np.cumsum(kept)])[graph.indptr]
    return replace(graph, indptr=indptr, to=graph.to[kept], edge=graph.edge[kept])
