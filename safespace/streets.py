"""The walking graph: streets split at junctions, as plain arrays.

Each edge keeps the tags of the one way it was cut from. Lighting has three values, because most streets
in the United Kingdom carry no ``lit`` tag: unknown is not unlit. What nearby lamps suggest is held apart
from what is mapped. Disconnected pieces stay in the graph and are reported in kilometres.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numba import njit
from pyproj import Geod, Transformer
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from safespace.cells import sum_points
from safespace.errors import FileError, PlaceError, SchemaError
from safespace.schemas import LIGHTING, SEGMENTS, conform

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from safespace.sources.streets_osm import Ways

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

UNKNOWN, UNLIT, LIT = 0, 1, 2
SAMPLE_M: Final = 10.0
CAMERA_REACH_M: Final = 25.0
_FORMAT: Final = 1
_GEOD: Final = Geod(ellps="WGS84")

_LIT: Final = frozenset(("yes", "24/7", "automatic", "sunset-sunrise", "dusk-dawn", "limited", "interval"))
_UNLIT: Final = frozenset(("no", "disused"))
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

F = TypeVar("F", bound="Callable[..., Any]")


def compiled(function: F) -> F:
    """Compile with numba, keeping the result on disk where a folder for it can be written."""
    try:
        return cast("F", njit(cache=True)(function))
    except RuntimeError:  # an installed package in a read-only place and no home folder: compile each time
        return cast("F", njit(function))


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
    steps, tunnel, bridge, crossing, separate, conditional
        Stairs; tunnel, underpass or covered way; bridge; marked crossing; carriageway with its pavement
        mapped apart; opening hours or conditional access, shape (m,).
    indptr, to, edge
        Both directions in compressed rows: leaving node i, ``to[indptr[i]:indptr[i+1]]`` over ``edge[...]``.
    geom_start, geom_lon, geom_lat
        Vertices of edge e: ``geom_start[e]:geom_start[e+1]``, degrees.
    names, highways, surfaces
        Vocabularies of the codes; empty text where the way has no such tag.
    crs
        Coordinate system of ``x`` and ``y``.
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
    lit: NDArray[np.int8]
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
    indptr: Ints
    to: Ints
    edge: Ints
    geom_start: Ints
    geom_lon: Floats
    geom_lat: Floats
    names: tuple[str, ...]
    highways: tuple[str, ...]
    surfaces: tuple[str, ...]
    crs: str

    @property
    def nodes(self) -> int:
        """Number of junctions."""
        return len(self.node_id)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.u)


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


def build_graph(
    ways: Ways,
    *,
    points: pd.DataFrame | None = None,
    lamp_reach_m: float = 20.0,
    camera_reach_m: float = CAMERA_REACH_M,
) -> StreetGraph:
    """Split ways at junctions and return the walking graph.

    Parameters
    ----------
    ways
        From ``sources.streets_osm.read_ways``.
    points
        ``schemas.ASSETS``; lamps and cameras in it are matched to the edges near them.
    lamp_reach_m, camera_reach_m
        How far a lamp or a camera is taken to reach, metres.

    Raises
    ------
    SchemaError
        When there are no ways.

    Notes
    -----
    A junction is a vertex shared by two ways, or met twice by one. Ways that cross without a shared vertex
    (a bridge over a street) do not meet. A shut barrier parts the way it stands on.
    """
    if not len(ways.way_id):
        raise SchemaError("There are no ways to build streets from.", remedy="Read another extract.")
    first, last, piece = _cuts(ways)
    node_id, u, v, at = _junctions(ways, first, last)
    length_m = _lengths(ways, first)
    lon, lat = ways.lon[at], ways.lat[at]
    crs = local_crs(float(np.median(lon)), float(np.median(lat)))
    x, y = to_metres(lon, lat, crs)
    indptr, to, edge = _rows(len(node_id), u, v)
    start, take = _ranges(first, last)
    columns = _edge_columns(ways.tags.iloc[piece])
    graph = StreetGraph(
        node_id=node_id,
        lon=lon,
        lat=lat,
        x=x,
        y=y,
        component=_components(len(node_id), u, v, length_m),
        u=u,
        v=v,
        length_m=length_m,
        way_id=ways.way_id[piece],
        lamp_lit=np.zeros(len(u), bool),
        cameras=np.zeros(len(u), np.int64),
        camera_x=np.zeros(0),
        camera_y=np.zeros(0),
        indptr=indptr,
        to=to,
        edge=edge,
        geom_start=start,
        geom_lon=ways.lon[take],
        geom_lat=ways.lat[take],
        crs=crs,
        **columns,
    )
    return graph if points is None else add_points(graph, points, lamp_reach_m, camera_reach_m)


def add_points(
    graph: StreetGraph, points: pd.DataFrame, lamp_reach_m: float = 20.0, camera_reach_m: float = 25.0
) -> StreetGraph:
    """Return the graph with ``lamp_lit`` and ``cameras`` from a table of lamps and cameras.

    Examples
    --------
    A council's own lamp columns go in the same way as OpenStreetMap's: rows of kind ``lamp``.
    """
    x, y, owner = _samples(graph)
    places = cKDTree(np.column_stack([x, y]))
    lamps = _places_of(graph, points, "lamp")
    away = cKDTree(lamps).query(places.data)[0] if len(lamps) else np.full(len(x), np.inf)
    near = np.asarray(away) <= lamp_reach_m
    share = np.bincount(owner, near, graph.edges) / np.bincount(owner, minlength=graph.edges)
    cameras = np.zeros(graph.edges, np.int64)
    stands = _places_of(graph, points, "camera")
    for close in places.query_ball_point(stands, camera_reach_m):
        cameras[np.unique(owner[close])] += 1
    return replace(
        graph, lamp_lit=share >= 0.5, cameras=cameras, camera_x=stands[:, 0], camera_y=stands[:, 1]
    )


def replace(graph: StreetGraph, **changes: Any) -> StreetGraph:
    """Return the graph with some arrays changed; the one given stays as it was."""
    return StreetGraph(**{field.name: getattr(graph, field.name) for field in fields(graph)} | changes)


def local_crs(lon: float, lat: float) -> str:
    """Return British National Grid inside Great Britain, else the place's UTM zone.

    Examples
    --------
    >>> local_crs(-2.99, 51.58), local_crs(24.94, 60.17), local_crs(-6.26, 53.35)
    ('EPSG:27700', 'EPSG:32635', 'EPSG:32629')
    """
    ireland = lon < -5.4 and 51.3 < lat < 55.35
    if -7.8 <= lon <= 1.8 and 49.8 <= lat <= 60.9 and not ireland:
        return "EPSG:27700"
    zone = int((lon + 180) // 6) + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


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
        raise PlaceError("Not a place in degrees.", seen=(lon, lat), remedy="Give longitude, then latitude.")
    allowed = np.flatnonzero(graph.component == 0) if connected else np.arange(graph.nodes)
    away = _GEOD.inv(
        np.full(len(allowed), lon), np.full(len(allowed), lat), graph.lon[allowed], graph.lat[allowed]
    )[2]
    best = int(np.argmin(away))
    if away[best] > limit_m:
        raise PlaceError(
            f"No street within {limit_m:,.0f} m of the point.",
            where=f"{lon:.5f}, {lat:.5f}",
            seen=f"the nearest connected street is {away[best]:,.0f} m away",
            remedy="Choose a point nearer to a street, load the streets of that place, "
            "or raise routes.snap_limit_m.",
        )
    return int(allowed[best])


def exposure_operator(
    graph: StreetGraph, lon: ArrayLike, lat: ArrayLike, *, decay_m: float = 50.0, reach_m: float = 150.0
) -> csr_array:
    """Return how strongly each report bears on each edge, as a sparse matrix.

    Entry (e, r) is the integral along edge e of ``exp(-d / decay_m)``, d being the distance to report r in
    metres, zero beyond ``reach_m``; the edge is sampled at the middle of equal steps of at most 10 m. The
    product with any weights of the reports (an hour, a category, a bootstrap draw) is the exposure of
    every edge, in reports x metres.

    Parameters
    ----------
    lon, lat
        Reports, degrees, EPSG:4326, shape (r,).
    decay_m
        Distance over which a report's bearing falls to 37 %, metres.
    reach_m
        Distance beyond which it has none, metres.

    Returns
    -------
    scipy.sparse.csr_array
        Shape (m, r), sorted indices.

    Notes
    -----
    Reports follow footfall: a busy street has more. A report at a snap point bears on streets it may have
    nothing to do with. Nothing here says what will happen on a street.
    """
    there = np.asarray(lon, float).ravel(), np.asarray(lat, float).ravel()
    rx, ry = to_metres(*there, graph.crs)
    x, y, owner = _samples(graph)
    start = np.searchsorted(owner, np.arange(graph.edges + 1))
    step = graph.length_m / np.diff(start)
    order, grid, low, shape = _grid(rx, ry, reach_m)
    indptr, indices, data = _kernel(
        (x, y, start, step), (rx[order], ry[order], grid, low, shape), float(decay_m), float(reach_m)
    )
    matrix = csr_array((data, order[indices], indptr), shape=(graph.edges, len(rx)))
    matrix.sort_indices()
    return matrix


def to_frame(graph: StreetGraph, *, exposure: ArrayLike | None = None) -> gpd.GeoDataFrame:
    """Return one row an edge: ``schemas.SEGMENTS``, the conditions as mapped, and the line.

    Parameters
    ----------
    exposure
        Reports x metres of each edge, shape (m,); zero when not given.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326. Anything drawn from it carries "© OpenStreetMap contributors".
    """
    values = np.zeros(graph.edges) if exposure is None else np.asarray(exposure, float)
    frame = pd.DataFrame(
        {
            "segment": np.arange(graph.edges),
            "way_id": graph.way_id,
            "name": labels(graph),
            "highway": np.asarray(graph.highways, object)[graph.highway_code],
            "length_m": graph.length_m,
            "lit": np.asarray(LIGHTING, object)[graph.lit],
            "exposure": values,
        }
    )
    more = {name: getattr(graph, name) for name in _FLAGS} | {"cameras": graph.cameras}
    return gpd.GeoDataFrame(
        conform(frame, SEGMENTS).assign(**more),
        geometry=shapely.linestrings(
            np.column_stack([graph.geom_lon, graph.geom_lat]),
            indices=np.repeat(np.arange(graph.edges), np.diff(graph.geom_start)),
        ),
        crs="EPSG:4326",
    )


def walkable_length(graph: StreetGraph, window: pd.DataFrame, *, resolution: int) -> pd.Series:
    """Return the metres of walkable street in each cell of a window, indexed by cell.

    Parameters
    ----------
    window
        Cells frame (:data:`safespace.schemas.CELLS`).
    resolution
        Resolution of the window.

    Returns
    -------
    pandas.Series
        Metres. Streets are cut into steps of at most 10 m, each given whole to the cell of its middle, so
        the sum over a window that covers every street is the length of the graph.
    """
    x, y, owner = _samples(graph)
    step_m = (graph.length_m / np.bincount(owner, minlength=graph.edges))[owner]
    lon, lat = Transformer.from_crs(graph.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return sum_points(lon, lat, step_m, window, resolution=resolution)


def labels(graph: StreetGraph) -> NDArray[np.object_]:
    """Return what to call each edge: its street's name, else the kind of way, shape (m,)."""
    kinds = [_KIND_OF_WAY.get(h, h.replace("_", " ").capitalize() + " road") for h in graph.highways]
    names = np.asarray(graph.names, object)[graph.name_code]
    return np.where(names == "", np.asarray(kinds, object)[graph.highway_code], names)


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
    x, y, owner = _samples(graph)
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


def save(graph: StreetGraph, path: str | Path) -> None:
    """Write the graph to one ``.npz`` file; the same graph gives the same bytes."""
    arrays = {field.name: np.asarray(getattr(graph, field.name)) for field in fields(graph)}
    with Path(path).open("wb") as file:
        np.savez(file, allow_pickle=False, format=np.asarray(_FORMAT), **arrays)


def load(path: str | Path) -> StreetGraph:
    """Read a graph that :func:`save` wrote.

    Raises
    ------
    FileError
        When the file is missing, torn, or of another version.
    """
    remedy = "Import the streets again from their OpenStreetMap extract."
    if not Path(path).is_file():
        raise FileError("No such file.", where=path, remedy=remedy)
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as problem:
        raise FileError("The street file cannot be read.", where=path, remedy=remedy) from problem
    wanted = {field.name for field in fields(StreetGraph)}
    if arrays.pop("format", None) != _FORMAT or set(arrays) != wanted:
        raise FileError("The street file is of another version.", where=path, remedy=remedy)
    words = {name: tuple(arrays[name].tolist()) for name in ("names", "highways", "surfaces")}
    return StreetGraph(**arrays | words | {"crs": str(arrays["crs"])})


# --- building ----------------------------------------------------------------------------------------

_FLAGS: Final = (
    "lamp_lit",
    "steps",
    "tunnel",
    "bridge",
    "crossing",
    "separate",
    "conditional",
)


def _cuts(ways: Ways) -> tuple[Ints, Ints, Ints]:
    """Return the first and last vertex of every edge and the piece it belongs to."""
    _, inverse, counts = np.unique(ways.node_ref, return_inverse=True, return_counts=True)
    cut = (counts[inverse] > 1) | np.isin(ways.node_ref, ways.shut)
    cut[ways.start[:-1]] = True
    cut[ways.start[1:] - 1] = True
    piece = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.start))
    at = np.flatnonzero(cut)
    same = piece[at[1:]] == piece[at[:-1]]
    return at[:-1][same], at[1:][same], piece[at[:-1][same]]


def _junctions(ways: Ways, first: Ints, last: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Give numbers to the ends of the edges; each end at a shut barrier is a node of its own."""
    ends = np.concatenate([first, last])
    keys = ways.node_ref[ends].copy()
    shut = np.flatnonzero(np.isin(keys, ways.shut))
    keys[shut] = -1 - shut
    node_id, place, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return node_id, inverse[: len(first)], inverse[len(first) :], ends[place]


def _lengths(ways: Ways, first: Ints) -> Floats:
    """Return geodesic lengths: consecutive edges share their end vertex, so one sum by ranges does."""
    step = np.zeros(len(ways.lon))
    step[:-1] = _GEOD.inv(ways.lon[:-1], ways.lat[:-1], ways.lon[1:], ways.lat[1:])[2]
    step[ways.start[1:] - 1] = 0.0
    return np.asarray(np.add.reduceat(step, first), float)


def _rows(nodes: int, u: Ints, v: Ints) -> tuple[Ints, Ints, Ints]:
    tail, head = np.concatenate([u, v]), np.concatenate([v, u])
    edge = np.concatenate([np.arange(len(u)), np.arange(len(u))])
    order = np.lexsort((edge, tail))
    indptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=indptr[1:])
    return indptr, head[order], edge[order]


def _components(nodes: int, u: Ints, v: Ints, length_m: Floats) -> Ints:
    """Give numbers to the connected pieces from the longest down."""
    matrix = coo_array((np.ones(len(u), np.int8), (u, v)), shape=(nodes, nodes)).tocsr()
    count, label = connected_components(matrix, directed=False)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-np.bincount(label[u], length_m, count), kind="stable")] = np.arange(count)
    return np.asarray(rank[label], np.int64)


def _ranges(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return where each edge's vertices start and, for each, which vertex of the ways it is."""
    counts = last - first + 1
    start = np.zeros(len(first) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    take = np.arange(start[-1]) - np.repeat(start[:-1] - first, counts)
    return start, take


def _edge_columns(tags: pd.DataFrame) -> dict[str, Any]:
    name, names = pd.factorize(tags["name"], sort=True)
    highway, highways = pd.factorize(tags["highway"], sort=True)
    surface, surfaces = pd.factorize(tags["surface"], sort=True)
    lit = np.where(_lit(tags["lit"]), LIT, np.where(tags["lit"].isin(_UNLIT), UNLIT, UNKNOWN))
    return {
        "name_code": np.asarray(name, np.int64),
        "highway_code": np.asarray(highway, np.int64),
        "surface_code": np.asarray(surface, np.int64),
        "names": tuple(names.tolist()),
        "highways": tuple(highways.tolist()),
        "surfaces": tuple(surfaces.tolist()),
        "lit": lit.astype(np.int8),
        "steps": (tags["highway"] == "steps").to_numpy(bool),
        "tunnel": (_says(tags["tunnel"]) | (tags["covered"] == "yes")).to_numpy(bool),
        "bridge": _says(tags["bridge"]).to_numpy(bool),
        "crossing": (tags["footway"] == "crossing").to_numpy(bool),
        "separate": (tags["sidewalk"] == "separate").to_numpy(bool),
        "conditional": (tags["hours"] != "").to_numpy(bool),
    }


def _lit(values: pd.Series) -> pd.Series:
    """Lit for at least part of the night: the usual words, or hours such as 05:00-23:00."""
    return values.isin(_LIT) | values.str.match(r"\d\d?:\d\d-")


def _says(values: pd.Series) -> pd.Series:
    return (values != "") & (values != "no")


def to_metres(lon: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    """Project degrees (EPSG:4326) to the metres of a graph's ``crs``, each shape (k,)."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    return np.asarray(x, float), np.asarray(y, float)


def _places_of(graph: StreetGraph, points: pd.DataFrame, kind: str) -> Floats:
    these = points[points["kind"] == kind]
    return np.column_stack(
        to_metres(these["lon"].to_numpy(float), these["lat"].to_numpy(float), graph.crs)
    ).reshape(-1, 2)


# --- exposure ----------------------------------------------------------------------------------------


def _samples(graph: StreetGraph) -> tuple[Floats, Floats, Ints]:
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


def _grid(x: Floats, y: Floats, side: float) -> tuple[Ints, Ints, Floats, Ints]:
    """Sort points into square bins; return their order, where each bin starts, the corner and the size."""
    if not len(x):
        return np.zeros(0, np.int64), np.zeros(2, np.int64), np.zeros(2), np.ones(2, np.int64)
    low = np.array([x.min(), y.min()])
    column, row = ((x - low[0]) // side).astype(np.int64), ((y - low[1]) // side).astype(np.int64)
    shape = np.array([column.max() + 1, row.max() + 1])
    bins = row * shape[0] + column
    order = np.argsort(bins, kind="stable")
    return order, np.searchsorted(bins[order], np.arange(shape[0] * shape[1] + 1)), low, shape


@compiled
def _kernel(
    samples: tuple[Floats, Floats, Ints, Floats],
    bins: tuple[Floats, Floats, Ints, Floats, Ints],
    decay_m: float,
    reach_m: float,
) -> tuple[Ints, Ints, Floats]:
    """Sum the kernel over each edge's samples, edge by edge, in a dense row that is wiped after use."""
    x, y, start, step = samples
    edges, reports = len(start) - 1, len(bins[0])
    indptr = np.zeros(edges + 1, np.int64)
    total, touched = np.zeros(reports), np.zeros(reports, np.int64)
    indices, data = np.empty(1024, np.int64), np.empty(1024, np.float64)
    for e in range(edges):
        count = 0
        for s in range(start[e], start[e + 1]):
            count = _bear(x[s], y[s], step[e], bins, decay_m, reach_m, total, touched, count)
        held = indptr[e]
        if held + count > len(indices):
            size = max(2 * len(indices), held + count)
            indices, data = _grown(indices, size), _grown(data, size)
        for k in range(count):
            indices[held + k], data[held + k] = touched[k], total[touched[k]]
            total[touched[k]] = 0.0
        indptr[e + 1] = held + count
    return indptr, indices[: indptr[edges]], data[: indptr[edges]]


@compiled
def _bear(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    x: float,
    y: float,
    step: float,
    bins: tuple[Floats, Floats, Ints, Floats, Ints],
    decay_m: float,
    reach_m: float,
    total: Floats,
    touched: Ints,
    count: int,
) -> int:
    """Add one sample's bearing to every report in its bin and the eight round it."""
    rx, ry, grid, low, shape = bins
    column, row = int((x - low[0]) // reach_m), int((y - low[1]) // reach_m)
    for j in range(max(row - 1, 0), min(row + 2, shape[1])):
        first = j * shape[0] + max(column - 1, 0)
        beyond = j * shape[0] + min(column + 2, shape[0])
        if first >= beyond:
            continue
        for r in range(grid[first], grid[beyond]):
            away = np.hypot(x - rx[r], y - ry[r])
            if away <= reach_m:
                if total[r] == 0.0:
                    touched[count] = r
                    count += 1
                total[r] += np.exp(-away / decay_m) * step
    return count


@compiled
def _grown(values: Any, size: int) -> Any:
    more = np.empty(size, values.dtype)
    more[: len(values)] = values
    return more
