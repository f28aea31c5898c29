"""From two points to a few walking options, each with its conditions and how sure they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from pyproj import Geod

from safespace.errors import PlaceError, SchemaError
from safespace.routes import comparison
from safespace.routes.alternatives import DIFFERENT, MOST_STRETCH, SHORTEST, choose, different
from safespace.routes.front import Front, trade_off
from safespace.routes.reasons import Route, describe
from safespace.streets import nearest_node

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from safespace.settings import RouteSettings
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Point = tuple[float, float]

ATTRIBUTION: Final = "© OpenStreetMap contributors"
ALL_REPORTS: Final = "reports"
_GEOD: Final = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Options:
    """Walking options between two places.

    Parameters
    ----------
    routes
        The options shown, the shortest first.
    front
        The whole trade-off set: length in metres and reports nearby (weighted), shape (p, 2).
    pairs
        Which of each pair has fewer reports nearby, how sure, or not distinguishable.
    origin, destination
        The points asked for, ``(lon, lat)``.
    snapped_m
        How far each was from the street the walk starts or ends on, metres.
    detour_cap, resamples, seed
        What the search and the intervals used.
    notes
        What a reader must know beside the figures; the credit first.
    credit
        Whom to credit for the streets, on everything drawn from this.
    """

    routes: tuple[Route, ...]
    front: Floats
    pairs: pd.DataFrame
    origin: Point
    destination: Point
    snapped_m: tuple[float, float]
    detour_cap: float
    resamples: int
    seed: int
    notes: tuple[str, ...]
    credit: str


def plan(  # noqa: PLR0913  keyword-only past the two points
    graph: StreetGraph,
    origin: Point,
    destination: Point,
    *,
    operator: csr_array,
    weights: ArrayLike,
    settings: RouteSettings,
    groups: ArrayLike | None = None,
    seed: int = 0,
    credit: str = ATTRIBUTION,
) -> Options:
    """Find the walks between two places that trade length against reports nearby.

    Parameters
    ----------
    origin, destination
        ``(lon, lat)``, degrees, EPSG:4326.
    operator
        From ``streets.exposure_operator`` with ``settings.decay_m`` and ``settings.reach_m``, shape (m, r).
    weights
        Of each report, not negative, shape (r,): 0 leaves it out (another hour, another kind).
    groups
        Name of the kind of each report, shape (r,); the reasons then show one column a kind.
    seed
        Of the bootstrap.
    credit
        Whom to credit for the streets.

    Raises
    ------
    PlaceError
        When a point is too far from any street, both are the same, or they are not connected.
    SchemaError
        When the weights do not fit the operator.

    Notes
    -----
    Reports follow footfall: a busy street has more. Nothing here says where anyone should walk; the options
    are for deciding what to improve. An option is chosen by length and reports only; lighting and the other
    conditions are told, never scored, and nothing about residents is used.
    """
    values = _weights(operator, weights, graph)
    ends = _ends(graph, origin, destination, settings.snap_limit_m)
    unit = 1 / on_street_m(settings)
    terms = _terms(operator, values, groups, unit)
    burden = np.sum(list(terms.values()), axis=0)
    front = trade_off(graph, *ends, exposure=burden, detour_cap=settings.detour_cap)
    shown = _shown(graph, ends, front, settings)
    bearing = comparison.bearings(operator, [edges for _, edges in shown]) * unit
    samples = comparison.resample(bearing, values, seed=seed)
    told = comparison.evidence(bearing, values, samples)
    shortest_m, speed = float(front.length_m[0]), settings.walk_speed_m_per_s
    routes = tuple(
        describe(
            graph,
            (name, ends[0], edges),
            terms=terms,
            shortest_m=shortest_m,
            speed_m_per_s=speed,
            evidence=one,
        )
        for (name, edges), one in zip(shown, told, strict=True)
    )
    return Options(
        routes=routes,
        front=np.column_stack([front.length_m, front.exposure]),
        pairs=comparison.pairs([route.name for route in routes], bearing, values, samples),
        origin=origin,
        destination=destination,
        snapped_m=(_away(graph, ends[0], origin), _away(graph, ends[1], destination)),
        detour_cap=settings.detour_cap,
        resamples=comparison.RESAMPLES,
        seed=seed,
        notes=_notes(routes, int((values > 0).sum()), credit, settings.detour_cap),
        credit=credit,
    )


def compare(options: Options) -> pd.DataFrame:
    """Return one row an option in plain columns with units; the twin of every picture of the options."""
    return comparison.table(options.routes, options.pairs)


def on_street_m(settings: RouteSettings) -> float:
    """Return what one report on a long straight street adds up to, in reports x metres.

    Dividing by it makes such a report count 1, so exposures read as a number of reports.

    Examples
    --------
    >>> from safespace.settings import RouteSettings
    >>> round(on_street_m(RouteSettings()), 2)
    95.02
    """
    return float(2 * settings.decay_m * (1 - np.exp(-settings.reach_m / settings.decay_m)))


def _weights(operator: csr_array, weights: ArrayLike, graph: StreetGraph) -> Floats:
    values = np.asarray(weights, float)
    fits = operator.shape == (graph.edges, len(values)) if values.ndim == 1 else False
    if not fits or not np.isfinite(values).all() or values.min(initial=0) < 0:
        raise SchemaError(
            "Weights must be one finite number a report, not negative, and the operator made for this graph.",
            seen=f"{values.shape} weights, operator {operator.shape}, {graph.edges} edges",
        )
    return values


def _ends(graph: StreetGraph, origin: Point, destination: Point, limit_m: float) -> tuple[int, int]:
    ends = nearest_node(graph, *origin, limit_m), nearest_node(graph, *destination, limit_m)
    if ends[0] == ends[1]:
        raise PlaceError(
            "The two points lie at the same street corner.",
            seen=f"{origin} and {destination}",
            remedy="Choose two places further apart.",
        )
    return ends


def _terms(operator: csr_array, weights: Floats, groups: ArrayLike | None, unit: float) -> dict[str, Floats]:
    if groups is None:
        return {ALL_REPORTS: (operator @ weights) * unit}
    names = np.asarray(groups, str)
    found = [str(name) for name in np.unique(names)] or [ALL_REPORTS]
    return {name: (operator @ (weights * (names == name))) * unit for name in found}


def _shown(
    graph: StreetGraph, ends: tuple[int, int], front: Front, settings: RouteSettings
) -> list[tuple[str, Ints]]:
    """Choose from the trade-off set, keeping a place for a walk along different streets if there is one."""
    count = settings.options_shown
    chosen = choose(front, max(count - 1, 2))
    paths = [front.paths[k] for k, _ in chosen]
    longest_m = float(front.length_m[0]) * min(MOST_STRETCH, settings.detour_cap)
    apart: list[Ints] = []
    while len(paths) + len(apart) < count and len(apart) < 2:
        found = different(graph, ends, [*paths, *apart], longest_m=longest_m)
        if found is None:
            break
        apart.append(found)
    if not apart:
        chosen = choose(front, count)
    named = [(name, front.paths[k]) for k, name in chosen] + [(DIFFERENT, path) for path in apart]
    return _numbered(named)


def _numbered(named: list[tuple[str, Ints]]) -> list[tuple[str, Ints]]:
    """Give names that repeat a number, so that every option can be told by its name."""
    total, seen = Counter(name for name, _ in named), Counter[str]()
    out = []
    for name, path in named:
        seen[name] += 1
        out.append((f"{name} {seen[name]}" if total[name] > 1 else name, path))
    return out


def _away(graph: StreetGraph, node: int, point: Point) -> float:
    return float(_GEOD.inv(*point, graph.lon[node], graph.lat[node])[2])


def _notes(routes: tuple[Route, ...], reports: int, credit: str, detour_cap: float) -> tuple[str, ...]:
    shortest = next(route for route in routes if route.name == SHORTEST)
    unknown = 1 - shortest.lighting_known
    notes = [
        credit,
        f"Options up to {detour_cap:g} times as long as the shortest were compared.",
        f"Lighting is not known for {unknown:.0%} of the shortest option; not known is not unlit.",
        "Reports follow footfall: busy streets have more, whatever their conditions.",
        "The options are for deciding which segments to improve.",
    ]
    if not reports:
        notes.append("No reports were given, so the options differ by length only.")
    return tuple(notes)
