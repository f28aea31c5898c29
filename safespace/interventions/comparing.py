"""Before and after: the same walks under a scenario, and the walks people would take once it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from safespace.errors import InputError
from safespace.interventions.scenarios import apply
from safespace.interventions.weights import UNKNOWN_PRIOR, UNLIT_PRICE, Searches, walking_cost
from safespace.schemas import LIGHTING
from safespace.streets import LIT, UNKNOWN, UNLIT, labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import time

    from numpy.typing import NDArray

    from safespace.interventions.scenarios import Scenario, Walk
    from safespace.routes.search import Path
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SAME: Final = "Same walk, new conditions"
FREE: Final = "Walks free to change"
AS_BEFORE, CHANGES_WAY, NO_WAY, CLOSED, NEVER = (
    "Walks the same way",
    "Changes way",
    "No way left",
    "Closed on the way",
    "No way before either",
)


@dataclass(frozen=True)
class Comparison:
    """What a scenario changes for a list of walks.

    Parameters
    ----------
    walks
        Two rows a walk, one for each ``compared`` (:data:`SAME`, :data:`FREE`): ``walk, people, compared,
        outcome``, then ``_before``, ``_after`` and ``_change`` of ``length_m``, ``lit_m``, ``unlit_m``,
        ``unknown_m``, ``camera_m``, ``hazards`` and ``cost`` (length, an unlit metre counting more), and
        ``closed_m`` on the walk as it was. Missing where there is no way.
    segments
        One row a segment that the scenario names or a walk uses: its conditions before and after, and
        ``people_before``, ``people_after``, ``people_change`` with walks free to change.
    no_way
        Walks that have no way left.
    unchanged
        Walks for which nothing changes.
    """

    walks: pd.DataFrame
    segments: pd.DataFrame
    no_way: tuple[str, ...]
    unchanged: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """Say in words what changes."""
        free = self.walks[self.walks["compared"] == FREE]
        same = self.walks[self.walks["compared"] == SAME]
        ways = int((free["outcome"] == CHANGES_WAY).sum())
        first = (
            f"{len(free):,} walk{'' if len(free) == 1 else 's'}: {len(self.unchanged):,} unchanged, {ways:,} would take another way, "
            f"{len(self.no_way):,} have no way left."
        )
        second = (
            f"On the walks as they are, {_metres(same, 'lit_m')} lit and {_metres(same, 'unlit_m')} unlit; "
            f"free to change, {_metres(free, 'lit_m')} lit and {_metres(free, 'unlit_m')} unlit "
            "(each walk counted once, those with no way left not at all)."
        )
        gone = (f"No way is left for: {', '.join(self.no_way)}.",) if self.no_way else ()
        never = ", ".join(free.loc[free["outcome"] == NEVER, "walk"])
        cut = (
            (f"There is no way before the change either, so it is not judged for: {never}.",) if never else ()
        )
        return first, second, *gone, *cut


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
    _refuse_none(walks)
    held, cleared = _hazards(graph, scenario, hazards)
    after = apply(graph, scenario)
    rows = []
    for name, edges in walks:
        then, now = _conditions(graph, edges, held), _conditions(after, edges, cleared)
        row: dict[str, Any] = {"walk": name, "length_m": float(graph.length_m[edges].sum())}
        rows.append(row | _paired(then, now))
    return pd.DataFrame(rows)


def compare_walks(
    graph: StreetGraph,
    scenario: Scenario,
    walks: Sequence[Walk],
    *,
    hazards: Floats | None = None,
    unknown_prior: float | Mapping[str, float] = UNKNOWN_PRIOR,
    unlit_price: float = UNLIT_PRICE,
    at: time | None = None,
    searches: Searches | None = None,
) -> Comparison:
    """Compare a list of walks before and after a scenario: as they are, and free to change.

    Parameters
    ----------
    walks
        Ends and people of each walk; the way is the cheapest at :func:`walking_cost`.
    hazards
        Reported environmental hazards bearing on each edge, shape (m,).
    at
        The hour of the walks, local: ways closed at other hours stay open.
    searches
        Walks found for another scenario of the same piece of work, to find none twice.

    Raises
    ------
    InputError
        When there are no walks, or the scenario names an edge that the graph does not have.

    Notes
    -----
    Which way people would take is an assumption (cheapest, with unlit metres counting more), not a finding.
    """
    _refuse_none(walks)
    found = searches or Searches()
    held, cleared = _hazards(graph, scenario, hazards)
    after = apply(graph, scenario, at=at)
    prices = [walking_cost(g, unknown_prior=unknown_prior, unlit_price=unlit_price) for g in (graph, after)]
    ways = [
        tuple(
            found.path(g, walk.origin, walk.destination, p)
            for g, p in zip((graph, after), prices, strict=True)
        )
        for walk in walks
    ]
    shut = np.ones(graph.edges, bool)
    shut[after.edge] = False
    shut &= np.isin(np.arange(graph.edges), graph.edge)
    sides = ((graph, held, prices[0]), (after, cleared, prices[1]))
    rows = [row for walk, way in zip(walks, ways, strict=True) for row in _rows(walk, way, sides, shut)]
    table = pd.DataFrame(rows)
    nothing = table.filter(like="_change").fillna(1.0).eq(0).all(axis=1)
    still = table.assign(nothing=nothing).groupby("walk", sort=False)["nothing"].all()
    return Comparison(
        walks=table,
        segments=_segments(walks, ways, sides, scenario, shut),
        no_way=tuple(table.loc[(table["compared"] == FREE) & (table["outcome"] == NO_WAY), "walk"]),
        unchanged=tuple(still.index[still]),
    )


# --- private -----------------------------------------------------------------------------------------

_Side = tuple["StreetGraph", "Floats", "Floats"]
_Way = tuple["Path | None", ...]


def _metres(rows: pd.DataFrame, name: str) -> str:
    change = float(rows[f"{name}_change"].sum())
    return f"{abs(change):,.0f} m {'more' if change >= 0 else 'fewer'}"


def _refuse_none(walks: Sequence[object]) -> None:
    if not len(walks):
        raise InputError("No walks were given.", code="no-walks", remedy="Plan or choose at least one walk.")


def _hazards(graph: StreetGraph, scenario: Scenario, hazards: Floats | None) -> tuple[Floats, Floats]:
    held = np.zeros(graph.edges) if hazards is None else np.asarray(hazards, float)
    cleared = held.copy()
    cleared[list(scenario.clear)] = 0.0
    return held, cleared


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


def _paired(then: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    row: dict[str, float] = {}
    for key in then:
        row |= {
            f"{key}_before": then[key],
            f"{key}_after": now[key],
            f"{key}_change": now[key] - then[key],
        }
    return row


def _told(side: _Side, path: Path | None) -> dict[str, float]:
    """Return the conditions along a walk, all missing when there is none."""
    graph, hazards, price = side
    edges = np.zeros(0, np.int64) if path is None else path.edges
    told = {"length_m": float(graph.length_m[edges].sum())} | _conditions(graph, edges, hazards)
    told["cost"] = float(price[edges].sum())
    return dict.fromkeys(told, float("nan")) if path is None else told


def _rows(walk: Walk, way: _Way, sides: tuple[_Side, _Side], shut: NDArray[np.bool_]) -> list[dict[str, Any]]:
    before, after = way
    head = {"walk": walk.name, "people": walk.people}
    then = _told(sides[0], before)
    blocked_m = 0.0 if before is None else float(sides[0][0].length_m[before.edges[shut[before.edges]]].sum())
    same = {"compared": SAME, "outcome": NEVER if before is None else CLOSED if blocked_m else AS_BEFORE}
    if after is None:
        outcome = NEVER if before is None else NO_WAY
    else:
        kept = before is not None and np.array_equal(before.edges, after.edges)
        outcome = AS_BEFORE if kept else CHANGES_WAY
    free = {"compared": FREE, "outcome": outcome}
    return [
        head | same | _paired(then, _told(sides[1], before)) | {"closed_m": blocked_m},
        head | free | _paired(then, _told(sides[1], after)) | {"closed_m": blocked_m},
    ]


def _segments(
    walks: Sequence[Walk],
    ways: Sequence[_Way],
    sides: tuple[_Side, _Side],
    scenario: Scenario,
    shut: NDArray[np.bool_],
) -> pd.DataFrame:
    (graph, held, _), (after, cleared, _) = sides
    used = [np.zeros(graph.edges), np.zeros(graph.edges)]
    for walk, way in zip(walks, ways, strict=True):
        for people, path in zip(used, way, strict=True):
            if path is not None:
                people[path.edges] += walk.people
    named = np.zeros(graph.edges, bool)
    named[list(scenario.edges())] = True
    edges = np.flatnonzero((used[0] > 0) | (used[1] > 0) | named)
    lighting = np.asarray(LIGHTING, object)
    return pd.DataFrame(
        {
            "segment": edges,
            "way_id": graph.way_id[edges],
            "name": labels(graph)[edges],
            "length_m": graph.length_m[edges],
            "in_scenario": named[edges],
            "lit_before": lighting[graph.lit[edges]],
            "lit_after": lighting[after.lit[edges]],
            "cameras_before": graph.cameras[edges],
            "cameras_after": after.cameras[edges],
            "hazards_before": held[edges],
            "hazards_after": cleared[edges],
            "closed": shut[edges],
            "people_before": used[0][edges],
            "people_after": used[1][edges],
            "people_change": (used[1] - used[0])[edges],
        }
    )
