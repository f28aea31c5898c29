"""The street graph as plain arrays, what it adds up to, and where a point meets it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod, Transformer
from scipy.spatial import cKDTree

from safespace.display import in_html, in_short
from safespace.errors import PlaceError, Remedy
from safespace.schemas import LIGHTING, SEGMENTS, conform

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Codes = NDArray[np.int8]
    Flags = NDArray[np.bool_]

"""GRAPH"""
UNKNOWN, UNLIT, LIT = 0, 1, 2
PART_NIGHT, ALL_NIGHT = 1, 2
UNPAVED, PAVED = 1, 2
LIT_SOURCES: Final = ("", "mapped", "lamps", "asserted", "council")
HOURS_FROM: Final = ("", "way", "gate", "park")
SIGHT: Final = ("", "Tunnel", "Underpass", "Covered way", "Alley")


CAMERA_REACH_M: Final = 25.0


SAMPLE_M: Final = 10.0


_GEOD: Final = Geod(ellps="WGS84")


_KIND_OF_WAY: Final = {
    "footway": "Footpath",
    "path": "Path",
    "pedestrian": "Pedestrian street",
    "cycleway": "Shared cycle track",
    "steps": "Steps",
    "service": "Service road",
    "track": "Track",
    "bridleway": "Bridleway",
    "corridor": "Indoor corridor",
    "residential": "Residential street",
    "living_street": "Residential street",
}


@dataclass(frozen=True)
class StreetGraph:
    """Streets as an undirected graph of n junctions, m edges and g vertices.

    Parameters
    ----------
    node_id
        OpenStreetMap node, shape (n,); negative where a shut barrier parts a way.
    lon, lat
        Junctions, degrees, EPSG:4326, shape (n,).
    x, y
        The same in metres, in ``crs``, shape (n,).
    component
        Connected piece of each junction, 0 being the longest in kilometres, shape (n,).
    u, v
        Ends of each edge, shape (m,).
    length_m
        Geodesic length (WGS 84), metres, shape (m,).
    way_id, name_code, highway_code, surface_code
        The way each edge is cut from, and positions in ``names``, ``highways``, ``surfaces``, shape (m,).
    lit
        As mapped: 0 unknown, 1 no, 2 yes, shape (m,).
    lamp_lit
        Lamps are mapped within reach of at least half of the edge; never mixed into ``lit``, shape (m,).
    cameras
        Mapped cameras within 25 m, shape (m,). None mapped does not mean none there.
    camera_x, camera_y
        Where the mapped cameras stand, metres in ``crs``, shape (c,).
    narrow
        A stile, turnstile, kissing gate or the like stands on it: walkers pass, wheels may not, shape (m,).
    steps, tunnel, bridge, crossing, separate, conditional
        Stairs; tunnel, underpass or covered way; bridge; marked crossing; carriageway with its pavement
        mapped apart; opening hours or conditional access, shape (m,).
    lit_night
        For how much of the night it is lit: 0 not known, 1 part (switched off for hours), 2 all, shape (m,).
    lit_source, lit_as_of
        Where the lighting comes from, a position in ``LIT_SOURCES``, and the day it was seen or said
        (``NaT`` where not known), shape (m,). Source "lamps" goes with lighting that stays unknown.
    lit_hours_code, hours_code
        When the lighting is on, and when the edge is open; positions in ``hours``, shape (m,).
    hours_from
        Whose opening hours they are, a position in ``HOURS_FROM``, shape (m,).
    step_count
        Steps of the flight, shared over its edges by length; NaN where not known, shape (m,).
    paving
        Surface: 0 not known, 1 unpaved, 2 paved, shape (m,).
    sight
        What hides the way ahead, a position in ``SIGHT``; 0 where nothing is mapped, shape (m,).
    frontage
        Mapped premises with a door within 25 m, shape (m,). None mapped does not mean none there.
    front_edge, front_premise
        Which premises those are, pairs in order of edge, shape (k,).
    premise_hours_code
        When each premise is open, a position in ``hours``, shape (p,).
    indptr, to, edge
        Both directions in compressed rows: leaving node i, ``to[indptr[i]:indptr[i+1]]`` over ``edge[...]``.
    geom_start, geom_lon, geom_lat
        Vertices of edge e: ``geom_start[e]:geom_start[e+1]``, degrees.
    names, highways, surfaces, hours
        Vocabularies of the codes; empty text where the way has no such tag.
    crs
        Coordinate system of ``x`` and ``y``.
    source, as_of
        Who mapped the streets, and the day of the extract (empty where it does not say).
    """

    node_id: Ints
    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    component: Ints
    u: Ints
    v: Ints
    length_m: Floats
    way_id: Ints
    name_code: Ints
    highway_code: Ints
    surface_code: Ints
    lit: Codes
    lamp_lit: Flags
    cameras: Ints
    camera_x: Floats
    camera_y: Floats
    steps: Flags
    tunnel: Flags
    bridge: Flags
    crossing: Flags
    separate: Flags
    conditional: Flags
    narrow: Flags
    lit_night: Codes
    lit_source: Codes
    lit_as_of: NDArray[np.datetime64]
    lit_hours_code: Ints
    hours_code: Ints
    hours_from: Codes
    step_count: Floats
    paving: Codes
    sight: Codes
    frontage: Ints
    front_edge: Ints
    front_premise: Ints
    premise_hours_code: Ints
    indptr: Ints
    to: Ints
    edge: Ints
    geom_start: Ints
    geom_lon: Floats
    geom_lat: Floats
    names: tuple[str, ...]
    highways: tuple[str, ...]
    surfaces: tuple[str, ...]
    hours: tuple[str, ...]
    crs: str
    source: str
    as_of: str

    __repr__ = in_short
    _repr_html_ = in_html

    @property
    def nodes(self) -> int:
        """Number of junctions."""
        return len(self.node_id)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.u)

    @cached_property
    def least_detour(self) -> float:
        """Least length per straight metre of any edge: a hair under 1, as length is geodesic and straight is not.

        Computed once, since neither lengths nor places change; A* rests its bound on it.
        """
        straight = np.hypot(self.x[self.u] - self.x[self.v], self.y[self.u] - self.y[self.v])
        some = straight > 0
        return float((self.length_m[some] / straight[some]).min(initial=1.0)) * (1 - 1e-9)


@dataclass(frozen=True)
class StreetSummary:
    """What a street graph holds, in kilometres; shares are of ``walkable_km``."""

    walkable_km: float
    lit_km: float
    unlit_km: float
    unknown_km: float
    unknown_share: float
    lamp_lit_km: float
    steps_km: float
    tunnel_km: float
    conditional_km: float
    components: int
    largest_km: float
    disconnected_km: float


def replace(graph: StreetGraph, **changes: Any) -> StreetGraph:
    """Return the graph with some arrays changed; the one given stays as it was."""
    return StreetGraph(**{field.name: getattr(graph, field.name) for field in fields(graph)} | changes)


def summary(graph: StreetGraph) -> StreetSummary:
    """Add up what the graph holds and how much of its lighting is known."""
    km = graph.length_m / 1000
    total = float(km.sum())
    by_lit = np.bincount(graph.lit, km, 3)
    by_component = np.bincount(graph.component[graph.u], km)
    return StreetSummary(
        walkable_km=total,
        lit_km=float(by_lit[LIT]),
        unlit_km=float(by_lit[UNLIT]),
        unknown_km=float(by_lit[UNKNOWN]),
        unknown_share=float(by_lit[UNKNOWN]) / total,
        lamp_lit_km=float(km[graph.lamp_lit].sum()),
        steps_km=float(km[graph.steps].sum()),
        tunnel_km=float(km[graph.tunnel].sum()),
        conditional_km=float(km[graph.conditional].sum()),
        components=len(by_component),
        largest_km=float(by_component[0]),
        disconnected_km=total - float(by_component[0]),
    )


def nearest_node(
    graph: StreetGraph, lon: float, lat: float, limit_m: float = 300.0, *, connected: bool = True
) -> int:
    """Return the junction nearest to a point.

    Parameters
    ----------
    lon, lat
        The point, degrees, EPSG:4326.
    limit_m
        How far away the junction may be, metres.
    connected
        Only the largest connected piece, so that a route can be found.

    Raises
    ------
    PlaceError
        When there is none within the limit; the message says how far the nearest is.
    """
    if not (np.isfinite([lon, lat]).all() and abs(lon) <= 180 and abs(lat) <= 90):
        raise PlaceError(
            "Not a place in degrees.",
            code="place-not-in-degrees",
            seen=(lon, lat),
            remedy="Give longitude, then latitude.",
        )
    allowed = np.flatnonzero(graph.component == 0) if connected else np.arange(graph.nodes)
    best, away_m = _closest(graph, allowed, lon, lat)
    if away_m <= limit_m:
        return best
    seen = f"the nearest connected street is {away_m:,.0f} m away"
    other, other_m = _closest(graph, np.arange(graph.nodes), lon, lat)
    if other_m <= limit_m:
        piece = graph.component[graph.u] == graph.component[other]
        km = float(graph.length_m[piece].sum()) / 1000
        seen = f"the streets there are an island of {km:.2f} km that nothing joins to the rest; {seen}"
    nearer = "Choose a point nearer to a street, load the streets of that place"
    raise PlaceError(
        f"No street within {limit_m:,.0f} m of the point{' leads on' if other_m <= limit_m else ''}.",
        code="no-street-near-point",
        where=f"{lon:.5f}, {lat:.5f}",
        seen=seen,
        remedy=Remedy(
            cli=f"{nearer}, or raise routes.snap_limit_m.",
            app=f"{nearer}.",
            library=f"{nearer}, or raise routes.snap_limit_m.",
        ),
    )


def _closest(graph: StreetGraph, allowed: Ints, lon: float, lat: float) -> tuple[int, float]:
    """Return the junction of those allowed that is nearest, and how far: nearly in degrees, then exactly."""
    east = (graph.lon[allowed] - lon + 180) % 360 - 180
    nearly = (east * np.cos(np.radians(lat))) ** 2 + (graph.lat[allowed] - lat) ** 2
    few = allowed[np.argpartition(nearly, min(32, len(allowed) - 1))[:32]]
    away = _GEOD.inv(np.full(len(few), lon), np.full(len(few), lat), graph.lon[few], graph.lat[few])[2]
    best = int(np.argmin(away))
    return int(few[best]), float(away[best])


def to_metres(lon: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    """Project degrees (EPSG:4326) to the metres of a graph's ``crs``, each shape (k,)."""
    x, y = _projection(crs).transform(lon, lat)
    return np.asarray(x, float), np.asarray(y, float)


@lru_cache(maxsize=4)  # looking a projection up takes longer than using it
def _projection(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def samples(graph: StreetGraph) -> tuple[Floats, Floats, Ints]:
    """Return the middles of equal steps of at most 10 m along every edge, metres, and their edge."""
    x, y = to_metres(graph.geom_lon, graph.geom_lat, graph.crs)
    along = np.zeros(len(x))
    along[1:] = np.hypot(np.diff(x), np.diff(y))
    along[graph.geom_start[:-1]] = 0.0
    along = np.cumsum(along) + np.repeat(np.arange(graph.edges), np.diff(graph.geom_start))  # kept apart
    low, high = along[graph.geom_start[:-1]], along[graph.geom_start[1:] - 1]
    count = np.maximum(np.ceil(graph.length_m / SAMPLE_M), 1).astype(np.int64)
    owner = np.repeat(np.arange(graph.edges), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    at = low[owner] + (within + 0.5) / count[owner] * (high - low)[owner]
    return np.interp(at, along, x), np.interp(at, along, y), owner


def to_frame(graph: StreetGraph, *, reports_nearby: ArrayLike | None = None) -> gpd.GeoDataFrame:
    """Return one row an edge: ``schemas.SEGMENTS``, the conditions as mapped, and the line.

    Parameters
    ----------
    reports_nearby
        Reports x metres of each edge, shape (m,); zero when not given.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326. Anything drawn from it carries "© OpenStreetMap contributors".
    """
    values = np.zeros(graph.edges) if reports_nearby is None else np.asarray(reports_nearby, float)
    frame = pd.DataFrame(
        {
            "segment": np.arange(graph.edges),
            "way_id": graph.way_id,
            "name": labels(graph),
            "highway": np.asarray(graph.highways, object)[graph.highway_code],
            "length_m": graph.length_m,
            "lit": np.asarray(LIGHTING, object)[graph.lit],
            "reports_nearby": values,
        }
    )
    more = {name: getattr(graph, name) for name in (*_FLAGS, "cameras", "frontage", "step_count")} | _told(
        graph
    )
    return gpd.GeoDataFrame(
        conform(frame, SEGMENTS).assign(**more),
        geometry=shapely.linestrings(
            np.column_stack([graph.geom_lon, graph.geom_lat]),
            indices=np.repeat(np.arange(graph.edges), np.diff(graph.geom_start)),
        ),
        crs="EPSG:4326",
    )


def labels(graph: StreetGraph, edges: Ints | None = None) -> NDArray[np.object_]:
    """Return what to call each edge, or each of some: its street's name, else the kind of way, shape (m,)."""
    some = slice(None) if edges is None else edges
    kinds = [_KIND_OF_WAY.get(h, h.replace("_", " ").capitalize() + " road") for h in graph.highways]
    names = np.asarray(graph.names, object)[graph.name_code[some]]
    return np.where(names == "", np.asarray(kinds, object)[graph.highway_code[some]], names)


def place_names(
    graph: StreetGraph, lon: ArrayLike, lat: ArrayLike, *, limit_m: float = 400.0
) -> NDArray[np.object_]:
    """Name points after the nearest named street and the next one: "Corn Street / Mill Lane".

    Parameters
    ----------
    lon, lat
        Points, degrees, EPSG:4326, shape (k,).
    limit_m
        Streets further away lend no name, metres.

    Returns
    -------
    numpy.ndarray
        Text, shape (k,); empty where no named street is within the limit.
    """
    x, y, owner = samples(graph)
    named = graph.name_code[owner] != graph.names.index("") if "" in graph.names else np.ones(len(x), bool)
    wanted = np.column_stack(
        to_metres(np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float)), graph.crs)
    )
    if not named.any():
        return np.full(len(wanted), "", object)
    code = graph.name_code[owner[named]]
    tree = cKDTree(np.column_stack([x[named], y[named]]))
    _, near = tree.query(wanted, k=min(60, len(code)), distance_upper_bound=limit_m)
    near = near.reshape(len(wanted), -1)
    found = [list(dict.fromkeys(code[row[row < len(code)]].tolist()))[:2] for row in near]
    return np.asarray([" / ".join(graph.names[c] for c in codes) for codes in found], object)


_FLAGS: Final = (
    "lamp_lit",
    "steps",
    "tunnel",
    "bridge",
    "crossing",
    "separate",
    "conditional",
    "narrow",
)


def _told(graph: StreetGraph) -> dict[str, NDArray[np.object_]]:
    """Return the coded conditions in words; empty where nothing is mapped."""
    return {
        "lit_night": np.asarray(("", "part", "all"), object)[graph.lit_night],
        "lit_source": np.asarray(LIT_SOURCES, object)[graph.lit_source],
        "surface": np.asarray(("", "unpaved", "paved"), object)[graph.paving],
        "sight": np.asarray(SIGHT, object)[graph.sight],
        "hours": np.asarray(graph.hours, object)[graph.hours_code],
    }
