"""What is known along a walk, segment by segment, as sums that add up to the walk's figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from safespace.routes.search import nodes_along
from safespace.schemas import LIGHTING
from safespace.streets import CAMERA_REACH_M, LIT, PAVED, SIGHT, UNKNOWN, UNLIT, UNPAVED, labels, to_metres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from safespace.routes.comparison import Evidence
    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WINDOW_M = 100.0
SURFACES = ("unknown", "unpaved", "paved")


@dataclass(frozen=True)
class Route:
    """One walking option and what is known along it. Metres are metres of the walk.

    Parameters
    ----------
    name
        Option name.
    nodes, edges
        The walk through the graph, shapes (k + 1,) and (k,).
    geometry
        EPSG:4326, in walking direction.
    length_m, walk_s, detour
        Length; time at the set walking speed; how much longer than the shortest (0.1 is 10 %).
    lit_yes_m, lit_no_m, lit_unknown_m
        By street lighting as mapped; they add up to ``length_m``.
    lamp_lit_m
        Of ``lit_unknown_m``, where lamps are mapped nearby.
    steps_m, step_count, tunnel_m, conditional_m
        Stairs, and the steps counted on them where mapped; tunnels, underpasses and covered ways; ways with
        opening hours or conditional access.
    paved_m, unpaved_m, surface_unknown_m
        By surface as mapped; they add up to ``length_m``.
    crossings, cameras
        Marked crossings met, and cameras within 25 m, as mapped. None mapped does not mean none there.
    reports_nearby, reports_nearby_lower, reports_nearby_upper
        Reports nearby, each counted less with distance: one on a straight street counts 1. With the
        Poisson-bootstrap interval of :class:`safespace.routes.RouteMethod`.
    reports_nearby_per_km, reports_nearby_per_km_lower, reports_nearby_per_km_upper
        The same per kilometre.
    worst_100m, worst_start_m
        The most in any 100 m, and where along the walk that stretch starts.
    reports_within_reach
        Number of reports within reach.
    lighting_known, surface_known
        Share of the walk whose lighting, and whose surface, is mapped, 0 to 1.
    reasons
        One row a segment, in walking order; ``reports_nearby`` adds up to the walk's exactly.
    """

    name: str
    nodes: Ints
    edges: Ints
    geometry: shapely.LineString
    length_m: float
    walk_s: float
    detour: float
    lit_yes_m: float
    lit_no_m: float
    lit_unknown_m: float
    lamp_lit_m: float
    steps_m: float
    step_count: int
    tunnel_m: float
    conditional_m: float
    paved_m: float
    unpaved_m: float
    surface_unknown_m: float
    crossings: int
    cameras: int
    reports_nearby: float
    reports_nearby_lower: float
    reports_nearby_upper: float
    reports_nearby_per_km: float
    reports_nearby_per_km_lower: float
    reports_nearby_per_km_upper: float
    worst_100m: float
    worst_start_m: float
    reports_within_reach: int
    lighting_known: float
    surface_known: float
    reasons: pd.DataFrame


def describe_all(
    graph: StreetGraph,
    walks: Sequence[tuple[str, int, Ints]],
    evidences: Sequence[Evidence],
    *,
    terms: Mapping[str, Floats],
    speed_m_per_s: float,
    shortest_m: float | None = None,
) -> tuple[Route, ...]:
    """Return several walks with what is known along each; see :func:`describe`.

    Parameters
    ----------
    shortest_m
        Length of the shortest walk between their ends; each walk's own when left out.
    """
    return tuple(
        describe(
            graph,
            walk,
            terms=terms,
            shortest_m=shortest_m or float(graph.length_m[walk[2]].sum()),
            speed_m_per_s=speed_m_per_s,
            evidence=evidence,
        )
        for walk, evidence in zip(walks, evidences, strict=True)
    )


def describe(
    graph: StreetGraph,
    walk: tuple[str, int, Ints],
    *,
    terms: Mapping[str, Floats],
    shortest_m: float,
    speed_m_per_s: float,
    evidence: Evidence,
) -> Route:
    """Return a walk with everything that is known along it.

    Parameters
    ----------
    walk
        Option name, origin node and edges.
    terms
        Exposure of every edge by group of reports, each shape (m,).
    evidence
        The walk's interval of reports nearby and the number of reports it rests on.
    """
    name, origin, edges = walk
    reasons = reasons_along(graph, edges, terms)
    reports_nearby, length_m = float(reasons["reports_nearby"].sum()), float(graph.length_m[edges].sum())
    km = length_m / 1000
    burden = np.sum([values[edges] for values in terms.values()], axis=0)
    worst, worst_start_m = worst_stretch(graph.length_m[edges], burden)
    return Route(
        name=name,
        nodes=nodes_along(graph, origin, edges),
        edges=edges,
        geometry=walk_line(graph, origin, edges),
        length_m=length_m,
        walk_s=length_m / speed_m_per_s,
        detour=max(length_m / shortest_m - 1, 0.0),
        cameras=_cameras(graph, origin, edges),
        reports_nearby=reports_nearby,
        reports_nearby_lower=evidence.lower,
        reports_nearby_upper=evidence.upper,
        reports_nearby_per_km=reports_nearby / km,
        reports_nearby_per_km_lower=evidence.lower / km,
        reports_nearby_per_km_upper=evidence.upper / km,
        worst_100m=worst,
        worst_start_m=worst_start_m,
        reports_within_reach=evidence.reports,
        reasons=reasons,
        **_conditions(graph, edges),
    )


def _conditions(graph: StreetGraph, edges: Ints) -> dict[str, Any]:
    """Return the fields of a :class:`Route` that say what the streets along it are like."""
    step_m = graph.length_m[edges]
    length_m = float(step_m.sum())
    by_lit = np.bincount(graph.lit[edges], step_m, 3).tolist()
    by_surface = np.bincount(graph.paving[edges], step_m, 3).tolist()

    def metres(flag: NDArray[np.bool_]) -> float:
        return float(step_m[flag[edges]].sum())

    return {
        "lit_yes_m": by_lit[LIT],
        "lit_no_m": by_lit[UNLIT],
        "lit_unknown_m": by_lit[UNKNOWN],
        "lamp_lit_m": metres(graph.lamp_lit & (graph.lit == UNKNOWN)),
        "steps_m": metres(graph.steps),
        "step_count": round(float(np.nansum(graph.step_count[edges]))),
        "tunnel_m": metres(graph.tunnel),
        "conditional_m": metres(graph.conditional),
        "paved_m": by_surface[PAVED],
        "unpaved_m": by_surface[UNPAVED],
        "surface_unknown_m": by_surface[UNKNOWN],
        "crossings": _runs(graph.crossing[edges]),
        "lighting_known": max(1 - by_lit[UNKNOWN] / length_m, 0.0),
        "surface_known": max(1 - by_surface[UNKNOWN] / length_m, 0.0),
    }


def reasons_along(graph: StreetGraph, edges: Ints, terms: Mapping[str, Floats]) -> pd.DataFrame:
    """Return one row for each stretch of one street with the same conditions, in walking order.

    Returns
    -------
    pandas.DataFrame
        ``segment`` (from 1), ``name``, ``length_m``, ``lit``, ``lamp_lit``, ``surface``, ``steps``,
        ``tunnel``, ``sight`` (what hides the way ahead), ``hours`` (when it is open, as mapped), ``edges`` (tuple of edge numbers), one column a term, ``reports_nearby`` (their sum) and ``share``.
    """
    along = pd.DataFrame(
        {
            "name": labels(graph, edges),
            "length_m": graph.length_m[edges],
            "lit": np.asarray(LIGHTING, object)[graph.lit[edges]],
            "lamp_lit": graph.lamp_lit[edges],
            "surface": np.asarray(SURFACES, object)[graph.paving[edges]],
            "steps": graph.steps[edges],
            "tunnel": graph.tunnel[edges],
            "sight": np.asarray(SIGHT, object)[graph.sight[edges]],
            "hours": np.asarray(graph.hours, object)[graph.hours_code[edges]],
            "edges": edges,
            **{name: values[edges] for name, values in terms.items()},
        }
    )
    same = ["name", "lit", "surface", "steps", "tunnel", "sight", "hours"]
    changed = (along[same] != along[same].shift()).any(axis=1)
    how: dict[str, Any] = dict.fromkeys(same, "first") | {
        "length_m": "sum",
        "lamp_lit": "all",
        "edges": tuple,
    }
    rows = along.groupby(changed.cumsum().rename("segment")).agg(how | dict.fromkeys(terms, "sum"))
    reports_nearby = rows[list(terms)].sum(axis=1)
    total = float(reports_nearby.sum())
    rows = rows.assign(reports_nearby=reports_nearby, share=reports_nearby / total if total else 0.0)
    facts = ["length_m", "lit", "lamp_lit", "surface", "steps", "tunnel", "sight", "hours", "edges"]
    return rows[["name", *facts, *terms, "reports_nearby", "share"]].reset_index()


def worst_stretch(length_m: Floats, burden: Floats, *, window_m: float = WINDOW_M) -> tuple[float, float]:
    """Return the most reports nearby in any stretch of the walk, and where along it that stretch starts.

    Parameters
    ----------
    length_m, burden
        Length and reports nearby of each edge in walking order, shape (k,); within an edge it is even.

    Examples
    --------
    >>> worst_stretch(np.array([50.0, 50.0, 200.0]), np.array([1.0, 4.0, 2.0]))
    (5.0, 0.0)
    """
    at = np.concatenate([[0.0], np.cumsum(length_m)])
    total = np.concatenate([[0.0], np.cumsum(burden)])
    if at[-1] <= window_m:
        return float(total[-1]), 0.0
    # piecewise linear, so the greatest value has one end of the stretch at the end of an edge
    starts = np.clip(np.concatenate([at, at - window_m]), 0, at[-1] - window_m)
    held = np.interp(starts + window_m, at, total) - np.interp(starts, at, total)
    best = int(np.argmax(held))
    return float(held[best]), float(starts[best])


def walk_line(graph: StreetGraph, origin: int, edges: Ints) -> shapely.LineString:
    """Return the walk as a line in walking direction, EPSG:4326."""
    return shapely.LineString(_vertices(graph, origin, edges))


def _vertices(graph: StreetGraph, origin: int, edges: Ints) -> Floats:
    parts, node = [], origin
    for edge in edges:
        span = slice(graph.geom_start[edge], graph.geom_start[edge + 1])
        part = np.column_stack([graph.geom_lon[span], graph.geom_lat[span]])
        parts.append(part if graph.u[edge] == node else part[::-1])
        node = graph.u[edge] + graph.v[edge] - node
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def _cameras(graph: StreetGraph, origin: int, edges: Ints) -> int:
    """Count each mapped camera within reach of the walk once."""
    if not len(graph.camera_x) or not graph.cameras[edges].any():
        return 0
    lon, lat = _vertices(graph, origin, edges).T
    line = shapely.LineString(np.column_stack(to_metres(lon, lat, graph.crs)))
    stands = shapely.points(graph.camera_x, graph.camera_y)
    return int((shapely.distance(stands, line) <= CAMERA_REACH_M).sum())


def _runs(flags: NDArray[np.bool_]) -> int:
    return int((flags & ~np.insert(flags[:-1], 0, False)).sum())
