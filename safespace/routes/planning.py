"""From two points to a few walking options, each with its conditions and how sure they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from pyproj import Geod

from safespace.display import in_html, in_short
from safespace.errors import PlaceError, SchemaError
from safespace.routes import comparison
from safespace.routes.alternatives import DIFFERENT, MOST_STRETCH, SHORTEST, choose, different
from safespace.routes.facts import comparison_table
from safespace.routes.front import ParetoFront, trade_off
from safespace.routes.limits import Limited, Limits, ends_within, limit
from safespace.routes.method import RouteMethod
from safespace.routes.reasons import Route, describe_all
from safespace.routes.search import shortest_path
from safespace.routes.stability import Stability, rank_stability
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
FAR_M: Final = 50.0  # from the point asked for to where the walk starts: told when it is further
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
    stability
        Under how many weightings of the conditions each option comes first.
    limits, left_out
        What the walks keep to, and ``limit, segments, km`` it takes out of the streets loaded.
    unlimited_m
        Length of the shortest walk without the limits, metres.
    origin, destination
        The points asked for, ``(lon, lat)``.
    snapped_m
        How far each was from the street the walk starts or ends on, metres.
    method
        What the search and the intervals used.
    notes
        What a reader must know beside the figures; the credit first.
    credit
        Whom to credit for the streets, on everything drawn from this.
    """

    routes: tuple[Route, ...]
    front: Floats
    pairs: pd.DataFrame
    stability: Stability
    limits: Limits
    left_out: pd.DataFrame
    unlimited_m: float
    origin: Point
    destination: Point
    snapped_m: tuple[float, float]
    method: RouteMethod
    notes: tuple[str, ...]
    credit: str

    __repr__ = in_short
    _repr_html_ = in_html


def plan(  # noqa: PLR0913  keyword-only past the two points
    graph: StreetGraph,
    origin: Point,
    destination: Point,
    *,
    operator: csr_array,
    weights: ArrayLike,
    settings: RouteSettings,
    groups: ArrayLike | None = None,
    limits: Limits | None = None,
    seed: int = 0,
    credit: str = ATTRIBUTION,
) -> Options:
    """Find the walks between two places that trade length against reports nearby.

    Parameters
    ----------
    origin, destination
        ``(lon, lat)``, degrees, EPSG:4326.
    operator
        From ``streets.proximity_operator`` with ``settings.decay_m`` and ``settings.reach_m``, shape (m, r).
    weights
        Of each report, not negative, shape (r,): 0 leaves it out (another hour, another kind).
    groups
        Name of the kind of each report, shape (r,); the reasons then show one column a kind.
    limits
        What every option keeps to: no steps, paved streets, open at a moment.
    seed
        Of the bootstrap.
    credit
        Whom to credit for the streets.

    Raises
    ------
    PlaceError
        When a point is too far from any street, both are the same, they are not connected, or no walk
        remains within the limits (saying which to lift).
    SchemaError
        When the weights do not fit the operator.

    Notes
    -----
    Reports follow footfall: a busy street has more. Nothing here says where anyone should walk; the options
    are for deciding what to improve. An option is chosen by length and reports only; lighting and the other
    conditions are told, never scored, and nothing about residents is used.
    """
    values, limited = checked_reports(operator, weights, graph), limit(graph, limits or Limits())
    ends, unlimited_m = _ends(limited, origin, destination, settings.snap_limit_m)
    unit = 1 / on_street_m(settings)
    terms = _terms(operator, values, groups, unit)
    burden = np.sum(list(terms.values()), axis=0)
    front = trade_off(limited.graph, *ends, reports_nearby=burden, detour_cap=settings.detour_cap)
    walks = [(name, ends[0], edges) for name, edges in _shown(limited.graph, ends, front, settings)]
    method = RouteMethod.of(settings, seed=seed)
    resampled = comparison.draw(operator, [edges for *_, edges in walks], values, unit=unit, method=method)
    names = [name for name, *_ in walks]
    routes = describe_all(
        limited.graph,
        walks,
        resampled.evidence,
        terms=terms,
        speed_m_per_s=settings.walk_speed_m_per_s,
        shortest_m=float(front.length_m[0]),
    )
    made = Options(
        routes=routes,
        front=np.column_stack([front.length_m, front.reports_nearby]),
        pairs=comparison.pairs(names, resampled.bearing, values, resampled.samples, level=method.interval),
        stability=rank_stability(routes, resampled.samples),
        limits=limited.limits,
        left_out=limited.left_out(),
        unlimited_m=unlimited_m,
        origin=origin,
        destination=destination,
        snapped_m=(away_m(graph, ends[0], origin), away_m(graph, ends[1], destination)),
        method=method,
        notes=(),
        credit=credit,
    )
    return replace(made, notes=_notes(made, limited, int((values > 0).sum())))


def compare(options: Options) -> pd.DataFrame:
    """Return one row an option in plain columns with units; the table with the facts of every picture of the options."""
    return comparison_table(
        options.routes,
        options.pairs,
        options.stability.table["first"].tolist(),
        interval=options.method.interval,
    )


def on_street_m(settings: RouteSettings) -> float:
    """Return what one report on a long straight street adds up to, in reports x metres.

    Dividing by it makes such a report count 1, so reports nearby read as a number of reports.

    Examples
    --------
    >>> from safespace.settings import RouteSettings
    >>> round(on_street_m(RouteSettings()), 2)
    95.02
    """
    return float(2 * settings.decay_m * (1 - np.exp(-settings.reach_m / settings.decay_m)))


def checked_reports(operator: csr_array, weights: ArrayLike, graph: StreetGraph) -> Floats:
    """Return the weights of the reports as an array.

    Raises
    ------
    SchemaError
        When they do not fit the operator, or the operator does not fit the graph.
    """
    values = np.asarray(weights, float)
    fits = operator.shape == (graph.edges, len(values)) if values.ndim == 1 else False
    if not fits or not np.isfinite(values).all() or values.min(initial=0) < 0:
        raise SchemaError(
            "Weights must be one finite number a report, not negative, and the operator made for this graph.",
            code="route-weights-by-report",
            seen=f"{values.shape} weights, operator {operator.shape}, {graph.edges} edges",
            remedy="Give one weight a report, and the operator made from the same graph and reports.",
        )
    return values


def _ends(
    limited: Limited, origin: Point, destination: Point, limit_m: float
) -> tuple[tuple[int, int], float]:
    """Return the junctions the walks run between, and the length of the shortest without limits."""
    whole = limited.whole
    ends = nearest_node(whole, *origin, limit_m), nearest_node(whole, *destination, limit_m)
    if ends[0] == ends[1]:
        raise PlaceError(
            "The two points lie at the same street corner.",
            code="points-same-corner",
            seen=f"{origin} and {destination}",
            remedy="Choose two places further apart.",
        )
    unlimited_m = shortest_path(whole, *ends).cost
    if not limited.limits:
        return ends, unlimited_m
    return ends_within(limited, origin, destination, limit_m), unlimited_m


def _terms(operator: csr_array, weights: Floats, groups: ArrayLike | None, unit: float) -> dict[str, Floats]:
    if groups is None:
        return {ALL_REPORTS: (operator @ weights) * unit}
    names = np.asarray(groups, str)
    found = [str(name) for name in np.unique(names)] or [ALL_REPORTS]
    return {name: (operator @ (weights * (names == name))) * unit for name in found}


def _shown(
    graph: StreetGraph, ends: tuple[int, int], front: ParetoFront, settings: RouteSettings
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


def away_m(graph: StreetGraph, node: int, point: Point) -> float:
    """Return how far a junction is from a point, metres."""
    return float(_GEOD.inv(*point, graph.lon[node], graph.lat[node])[2])


def _notes(made: Options, limited: Limited, reports: int) -> tuple[str, ...]:
    shortest = next(route for route in made.routes if route.name == SHORTEST)
    unknown = 1 - shortest.lighting_known
    notes = [
        made.credit,
        *_within_limits(made, limited, shortest),
        f"Options up to {made.method.detour_cap:g} times as long as the shortest were compared.",
        f"Lighting is not known for {unknown:.0%} of the shortest option; not known is not unlit.",
        "Reports follow footfall: busy streets have more, whatever their conditions.",
        "The options are for deciding which segments to improve.",
    ]
    if len(made.routes) > 1:
        notes.append(made.stability.sentence())
    if not reports:
        notes.append("No reports were given, so the options differ by length only.")
    return tuple(notes)


def _within_limits(made: Options, limited: Limited, shortest: Route) -> list[str]:
    """Say what the limits leave out, what they change, and how far from the points the walks run."""
    told = list(limited.sentences())
    if limited.limits:
        told.append(
            f"Without these limits the shortest walk is {made.unlimited_m:,.0f} m; within them "
            f"{shortest.length_m:,.0f} m."
        )
    told.extend(
        f"The walks {verb} {far_m:,.0f} m from the point asked for, at the nearest junction that can be used."
        for verb, far_m in zip(("start", "end"), made.snapped_m, strict=True)
        if far_m > FAR_M
    )
    return told
