"""How far people walk from a place in some minutes, and the shortest walks from it to many places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from safespace.display import in_html, in_short
from safespace.errors import InputError, PlaceError
from safespace.routes.comparison import draw
from safespace.routes.facts import FACTS, facts
from safespace.routes.limits import Limited, Limits, limit, pieces
from safespace.routes.method import RouteMethod
from safespace.routes.planning import (
    ALL_REPORTS,
    ATTRIBUTION,
    FAR_M,
    away_m,
    checked_reports,
    on_street_m,
)
from safespace.routes.reasons import describe_all
from safespace.routes.search import shortest_tree, trace
from safespace.schemas import LIGHTING
from safespace.streets import LIT, PAVED, UNKNOWN, UNLIT, UNPAVED, labels, nearest_node, to_metres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from safespace.routes.reasons import Route
    from safespace.settings import RouteSettings
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Point = tuple[float, float]

MOST_MINUTES: Final = 60
SLIVER_M: Final = 1e-6
STRIP_M: Final = 25.0
PIECE_M: Final = 1000.0  # a shorter piece of what limits leave is not taken for the network


@dataclass(frozen=True)
class Reach:
    """What lies within some minutes on foot of a place.

    Parameters
    ----------
    table
        One row a number of minutes, each holding those before: ``minutes, length_m`` (of street),
        ``lit_yes_m, lit_no_m, lit_unknown_m, steps_m, tunnel_m, paved_m, unpaved_m, surface_unknown_m,
        reports_nearby, reports_nearby_per_km``.
    areas
        ``minutes`` and the ground within 25 m of a street walked, EPSG:4326, the longest time last.
    segments
        One row a stretch of street walked: ``minutes`` (the first to hold it), ``segment, name, lit,
        length_m, geometry``, EPSG:4326.
    origin, snapped_m
        The point asked for, ``(lon, lat)``, and how far the nearest junction that can be used is.
    limits, left_out, method
        As :class:`safespace.routes.Options` has them.
    notes, credit
        What a reader must know beside the figures, the credit first; whom to credit for the streets.
    """

    table: pd.DataFrame
    areas: gpd.GeoDataFrame
    segments: gpd.GeoDataFrame
    origin: Point
    snapped_m: float
    limits: Limits
    left_out: pd.DataFrame
    method: RouteMethod
    notes: tuple[str, ...]
    credit: str

    __repr__ = in_short
    _repr_html_ = in_html


def reachable(
    graph: StreetGraph,
    origin: Point,
    minutes: Sequence[float],
    *,
    settings: RouteSettings,
    reports_nearby: ArrayLike | None = None,
    limits: Limits | None = None,
    credit: str = ATTRIBUTION,
) -> Reach:
    """Find the streets that can be reached on foot within some minutes.

    Parameters
    ----------
    origin
        ``(lon, lat)``, degrees, EPSG:4326.
    minutes
        One or more times, over 0 and at most 60.
    reports_nearby
        Of each edge, reports x metres, shape (m,); none when left out.
    limits
        What the walks keep to.

    Raises
    ------
    InputError
        When a time is not over 0 and at most 60 minutes.
    PlaceError
        When the point is too far from any street within the limits.

    Notes
    -----
    A street is walked as far as the time allows, also part of the way. The ground is a strip along the
    streets walked, so a lake or a railway in between is not said to be within reach. Waiting at crossings
    and hills are not counted.
    """
    times, limited = _checked(minutes), limit(graph, limits or Limits())
    node = _start(limited, origin, settings.snap_limit_m)
    metres = [time * 60 * settings.walk_speed_m_per_s for time in times]
    cost, _ = shortest_tree(limited.graph, node, limit=metres[-1])
    walked = [_walked(limited, cost, reach_m) for reach_m in metres]
    burden = np.zeros(graph.edges) if reports_nearby is None else np.asarray(reports_nearby, float)
    per_m = burden / on_street_m(settings) / graph.length_m
    rows = [
        _row(limited.graph, time, both[0] + both[1], per_m) for time, both in zip(times, walked, strict=True)
    ]
    segments = _segments(limited.graph, times, walked, credit)
    snapped_m = away_m(graph, node, origin)
    return Reach(
        table=pd.DataFrame(rows),
        areas=_areas(segments, times, graph.crs, credit),
        segments=segments.to_crs(4326),
        origin=origin,
        snapped_m=snapped_m,
        limits=limited.limits,
        left_out=limited.left_out(),
        method=RouteMethod.of(settings),
        notes=(credit, *limited.sentences(), *_far(snapped_m)),
        credit=credit,
    )


def one_to_many(  # noqa: PLR0913  keyword-only past the places
    graph: StreetGraph,
    origin: Point,
    destinations: Mapping[str, Point],
    *,
    operator: csr_array,
    weights: ArrayLike,
    settings: RouteSettings,
    limits: Limits | None = None,
    seed: int = 0,
    credit: str = ATTRIBUTION,
) -> gpd.GeoDataFrame:
    """Describe the shortest walk from one place to each of many, from one search.

    Parameters
    ----------
    origin, destinations
        ``(lon, lat)``, degrees, EPSG:4326; the destinations by name.
    operator, weights, seed
        As :func:`safespace.routes.plan` has them.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a destination, in the order given, EPSG:4326: ``to``, the figures of
        :class:`safespace.routes.Route`, ``attribution``, ``problem`` and the line. Where no walk was found
        ``problem`` says why and the figures are missing.

    Raises
    ------
    PlaceError
        When the origin is too far from any street within the limits.
    SchemaError
        When the weights do not fit the operator.
    """
    values, limited = checked_reports(operator, weights, graph), limit(graph, limits or Limits())
    node = _start(limited, origin, settings.snap_limit_m)
    cost, back = shortest_tree(limited.graph, node)
    found = _ends(limited, np.isfinite(cost), node, destinations, settings.snap_limit_m)
    walks = [
        (name, node, trace(graph, back, node, end, graph.length_m).edges)
        for name, end in found.items()
        if isinstance(end, int)
    ]
    unit = 1 / on_street_m(settings)
    method = RouteMethod.of(settings, seed=seed)
    paths = [edges for *_, edges in walks]
    told = draw(operator, paths, values, unit=unit, method=method).evidence if walks else []
    terms, speed = {ALL_REPORTS: (operator @ values) * unit}, settings.walk_speed_m_per_s
    routes = describe_all(limited.graph, walks, told, terms=terms, speed_m_per_s=speed)
    by_name = {route.name: route for route in routes}
    return gpd.GeoDataFrame(
        pd.DataFrame(
            [_told(name, by_name.get(name), found[name], credit) for name in destinations],
            columns=["to", *FACTS, "attribution", "problem"],
        ),
        geometry=[by_name[name].geometry if name in by_name else None for name in destinations],
        crs="EPSG:4326",
    )


def _told(name: str, route: Route | None, node: int | PlaceError, credit: str) -> dict[str, Any]:
    figures = dict.fromkeys(FACTS) if route is None else facts(route)
    problem = str(node) if route is None else ""
    return {"to": name} | figures | {"attribution": credit, "problem": problem}


def _checked(minutes: Sequence[float]) -> list[float]:
    times = sorted({float(time) for time in minutes})
    if not times or not 0 < times[0] <= times[-1] <= MOST_MINUTES:
        raise InputError(
            "Not a walking time.",
            code="walking-time-not-usable",
            seen=", ".join(f"{time:g}" for time in times) or "none",
            remedy=f"Give one or more numbers of minutes over 0 and at most {MOST_MINUTES}.",
        )
    return times


def _start(limited: Limited, origin: Point, limit_m: float) -> int:
    """Return the junction nearest to a point on a piece of what the limits leave that leads somewhere."""
    nearest = nearest_node(limited.whole, *origin, limit_m)
    if not limited.limits:
        return nearest
    graph, piece = limited.graph, pieces(limited.graph)
    long = np.bincount(piece[graph.u], graph.length_m * limited.allowed, piece.max() + 1) >= PIECE_M
    usable = np.flatnonzero(long[piece] & (graph.component == 0))
    node = _nearest(graph, usable, _in_metres([origin], graph.crs)[0], limit_m)
    if node is None:
        raise PlaceError(
            f"No street within {limit_m:,.0f} m of the point remains within these limits.",
            code="no-street-within-limits",
            seen=", ".join(limited.limits.words()),
            remedy="Lift a limit, or choose another point.",
        )
    return node


def _nearest(graph: StreetGraph, nodes: Ints, at: Floats, limit_m: float) -> int | None:
    away = np.hypot(graph.x[nodes] - at[0], graph.y[nodes] - at[1])
    if not len(away) or not away.min() <= limit_m:  # not a number is not near either
        return None
    return int(nodes[np.argmin(away)])


def _in_metres(points: Sequence[Point], crs: str) -> Floats:
    lon, lat = np.asarray(points, float).reshape(-1, 2).T
    return np.column_stack(to_metres(lon, lat, crs))


def _ends(
    limited: Limited,
    reached: NDArray[np.bool_],
    start: int,
    destinations: Mapping[str, Point],
    limit_m: float,
) -> dict[str, int | PlaceError]:
    """Return the reached junction nearest to each place, or why there is none."""
    whole, usable = np.flatnonzero(limited.whole.component == 0), np.flatnonzero(reached)
    found: dict[str, int | PlaceError] = {}
    at = _in_metres(list(destinations.values()), limited.whole.crs)
    for (name, point), here in zip(destinations.items(), at, strict=True):
        node = _nearest(limited.graph, usable, here, limit_m)
        if _nearest(limited.whole, whole, here, limit_m) is None:
            found[name] = _too_far(limited.whole, point, limit_m)
        elif node is None:
            found[name] = PlaceError(
                "No walk to this place remains within these limits.",
                code="place-not-within-limits",
                seen=", ".join(limited.limits.words()),
                remedy="Lift a limit.",
            )
        elif node == start:
            found[name] = PlaceError(
                "The place lies at the street corner the walks start from.",
                code="place-is-the-start",
                remedy="Choose a place further away.",
            )
        else:
            found[name] = node
    return found


def _too_far(graph: StreetGraph, point: Point, limit_m: float) -> int | PlaceError:
    try:
        return nearest_node(graph, *point, limit_m)
    except PlaceError as problem:
        return problem


def _walked(limited: Limited, cost: Floats, reach_m: float) -> tuple[Floats, Floats]:
    """Return how far each edge is walked from its first and from its last end, metres, each shape (m,).

    Where an edge is walked from both ends the two meet at the point that takes equally long either way.
    """
    graph = limited.graph
    length_m, from_u, from_v = graph.length_m, cost[graph.u], cost[graph.v]
    both = np.isfinite(from_u) & np.isfinite(from_v)
    apart = np.subtract(from_v, from_u, out=np.zeros(len(from_u)), where=both)
    meet = np.where(both, (length_m + apart) / 2, np.where(np.isfinite(from_u), length_m, 0.0))
    meet = np.clip(meet, 0.0, length_m)
    ahead = np.clip(reach_m - from_u, 0.0, meet) * limited.allowed
    return ahead, np.clip(reach_m - from_v, 0.0, length_m - meet) * limited.allowed


def _row(graph: StreetGraph, minutes: float, metres: Floats, per_m: Floats) -> dict[str, float]:
    total, burden = float(metres.sum()), float((metres * per_m).sum())
    by_lit = np.bincount(graph.lit, metres, 3)
    by_surface = np.bincount(graph.paving, metres, 3)
    return {
        "minutes": minutes,
        "length_m": total,
        "lit_yes_m": float(by_lit[LIT]),
        "lit_no_m": float(by_lit[UNLIT]),
        "lit_unknown_m": float(by_lit[UNKNOWN]),
        "steps_m": float(metres[graph.steps].sum()),
        "tunnel_m": float(metres[graph.tunnel].sum()),
        "paved_m": float(by_surface[PAVED]),
        "unpaved_m": float(by_surface[UNPAVED]),
        "surface_unknown_m": float(by_surface[UNKNOWN]),
        "reports_nearby": burden,
        "reports_nearby_per_km": burden / total * 1000 if total else 0.0,
    }


def _segments(
    graph: StreetGraph, times: Sequence[float], walked: Sequence[tuple[Floats, Floats]], credit: str
) -> gpd.GeoDataFrame:
    """Return the stretches each time adds to those before, in the graph's metres."""
    frames, before = [], (np.zeros(graph.edges), np.zeros(graph.edges))
    for time, now in zip(times, walked, strict=True):
        frames.append(_added(graph, before, now).assign(minutes=time))
        before = now
    parts = pd.concat(frames, ignore_index=True)
    edge = parts["segment"].to_numpy(np.int64)
    told = pd.DataFrame(
        {
            "minutes": parts["minutes"],
            "segment": edge,
            "name": labels(graph, edge),
            "lit": np.asarray(LIGHTING, object)[graph.lit[edge]],
            "length_m": parts["stop"] - parts["start"],
            "attribution": credit,
        }
    )
    return gpd.GeoDataFrame(told, geometry=_lines(graph, parts), crs=graph.crs)


def _added(graph: StreetGraph, before: tuple[Floats, Floats], now: tuple[Floats, Floats]) -> pd.DataFrame:
    """Return ``segment, start, stop`` (metres from its first end) of what is walked now and was not before."""
    length_m = graph.length_m
    whole = (before[0] + before[1] == 0) & (now[0] + now[1] >= length_m * (1 - 1e-12))
    sides = [
        (np.zeros(len(whole)), length_m, whole),
        (before[0], now[0], ~whole & (now[0] > before[0] + SLIVER_M)),
        (length_m - now[1], length_m - before[1], ~whole & (now[1] > before[1] + SLIVER_M)),
    ]
    frames = [
        pd.DataFrame({"segment": np.flatnonzero(some), "start": start[some], "stop": stop[some]})
        for start, stop, some in sides
    ]
    return pd.concat(frames).sort_values(["segment", "start"], ignore_index=True)


def _lines(graph: StreetGraph, parts: pd.DataFrame) -> list[Any]:
    """Cut the stretches out of their edges, in the graph's metres."""
    edge = parts["segment"].to_numpy(np.int64)
    counts = np.diff(graph.geom_start)[edge]
    owner = np.repeat(np.arange(len(edge)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    take = graph.geom_start[edge][owner] + within
    x, y = to_metres(graph.geom_lon[take], graph.geom_lat[take], graph.crs)
    lines: Any = shapely.linestrings(x, y, indices=owner)
    start, stop = (parts[name].to_numpy(float) / graph.length_m[edge] for name in ("start", "stop"))
    return [
        line if (low, high) == (0.0, 1.0) else substring(line, low, high, normalized=True)
        for line, low, high in zip(lines, start, stop, strict=True)
    ]


def _areas(segments: gpd.GeoDataFrame, times: Sequence[float], crs: str, credit: str) -> gpd.GeoDataFrame:
    """Return the ground within a strip along what is walked, one shape a time, EPSG:4326."""
    shapes: list[Any] = []
    for time in times:
        lines = segments.loc[segments["minutes"] == time, "geometry"].to_numpy()
        strip = shapely.union_all(shapely.buffer(lines, STRIP_M, quad_segs=2))
        shapes.append(shapely.union(shapes[-1], strip) if shapes else strip)
    made = gpd.GeoDataFrame({"minutes": times, "attribution": credit}, geometry=shapes, crs=crs)
    return made.to_crs(4326)


def _far(snapped_m: float) -> list[str]:
    if snapped_m <= FAR_M:
        return []
    return [
        f"The walks start {snapped_m:,.0f} m from the point asked for, at the nearest junction that can be used."
    ]
