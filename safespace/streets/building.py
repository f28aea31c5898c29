"""From ways to the street graph: cut at junctions, each edge with the tags of its one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from safespace.errors import SchemaError
from safespace.streets.graph import (
    _GEOD,
    CAMERA_REACH_M,
    HOURS_FROM,
    LIT_SOURCES,
    UNKNOWN,
    StreetGraph,
    replace,
    samples,
    to_metres,
)
from safespace.streets.hours import BOTH
from safespace.streets.tags import lighting, on_foot_only, paving, sight

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from safespace.streets.osm import Ways

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FRONT_REACH_M: Final = 25.0


def build_graph(
    ways: Ways,
    *,
    points: pd.DataFrame | None = None,
    premises: pd.DataFrame | None = None,
    parks: gpd.GeoDataFrame | None = None,
    lamp_reach_m: float = 20.0,
    camera_reach_m: float = CAMERA_REACH_M,
) -> StreetGraph:
    """Split ways at junctions and return the walking graph.

    Parameters
    ----------
    ways
        From ``streets.osm.read_ways``.
    points
        ``schemas.ASSETS``; lamps and cameras in it are matched to the edges near them.
    premises
        From ``streets.osm.read_premises``: shops, pubs and other doors, with their hours.
    parks
        From ``streets.osm.read_parks``: areas whose opening hours the paths in them keep.
    lamp_reach_m, camera_reach_m
        How far a lamp or a camera is taken to reach, metres.

    Raises
    ------
    SchemaError
        When there are no ways.

    Notes
    -----
    A junction is a vertex shared by two ways, or met twice by one. Ways that cross without a shared vertex
    (a bridge over a street) do not meet. A shut barrier parts the way it stands on; a gate with opening
    hours gives them to the edges that lead through it.
    """
    if not len(ways.way_id):
        raise SchemaError(
            "There are no ways to build streets from.", code="no-ways", remedy="Read another extract."
        )
    first, last, piece = _cuts(ways)
    node_id, u, v, at = _junctions(ways, first, last)
    lon, lat = ways.lon[at], ways.lat[at]
    crs = local_crs(float(np.median(lon)), float(np.median(lat)))
    x, y = to_metres(lon, lat, crs)
    indptr, to, edge = _rows(len(node_id), u, v)
    start, take = _ranges(first, last)
    length_m = _lengths(ways, first)
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
        indptr=indptr,
        to=to,
        edge=edge,
        geom_start=start,
        geom_lon=ways.lon[take],
        geom_lat=ways.lat[take],
        crs=crs,
        step_count=_step_counts(ways.tags["step_count"], piece, length_m),
        source=ways.source,
        as_of=ways.as_of,
        **_edge_columns(ways.tags, piece),
        **_nothing_near(len(u)),
    )
    graph = _hold_gates(graph, ways, first, last)
    if parks is not None:
        graph = add_parks(graph, parks)
    if premises is not None:
        graph = add_premises(graph, premises)
    return graph if points is None else add_points(graph, points, lamp_reach_m, camera_reach_m)


def add_points(
    graph: StreetGraph, points: pd.DataFrame, lamp_reach_m: float = 20.0, camera_reach_m: float = 25.0
) -> StreetGraph:
    """Return the graph with ``lamp_lit`` and ``cameras`` from a table of lamps and cameras.

    Notes
    -----
    What lamps suggest stays apart from what is mapped: ``lit`` is as it was.
    """
    x, y, owner = samples(graph)
    places = cKDTree(np.column_stack([x, y]))
    lamps = _places_of(graph, points, "lamp")
    away = cKDTree(lamps).query(places.data)[0] if len(lamps) else np.full(len(x), np.inf)
    near = np.asarray(away) <= lamp_reach_m
    share = np.bincount(owner, near, graph.edges) / np.bincount(owner, minlength=graph.edges)
    cameras = np.zeros(graph.edges, np.int64)
    stands = _places_of(graph, points, "camera")
    for close in places.query_ball_point(stands, camera_reach_m):
        cameras[np.unique(owner[close])] += 1
    lamp_lit = share >= 0.5
    lamps_only = np.where(lamp_lit, LIT_SOURCES.index("lamps"), 0).astype(np.int8)
    return replace(
        graph,
        lamp_lit=lamp_lit,
        lit_source=np.where(graph.lit == UNKNOWN, lamps_only, graph.lit_source),
        cameras=cameras,
        camera_x=stands[:, 0],
        camera_y=stands[:, 1],
    )


def add_premises(graph: StreetGraph, premises: pd.DataFrame, reach_m: float = FRONT_REACH_M) -> StreetGraph:
    """Return the graph with the premises whose place is within reach of each edge.

    Parameters
    ----------
    premises
        Columns ``lon``, ``lat`` (degrees) and ``opening_hours`` (empty where not known), one row a door.
    reach_m
        How far from the street a door may be, metres.
    """
    x, y, owner = samples(graph)
    doors = np.column_stack(
        to_metres(premises["lon"].to_numpy(float), premises["lat"].to_numpy(float), graph.crs)
    )
    near = cKDTree(np.column_stack([x, y])).query_ball_point(doors.reshape(-1, 2), reach_m)
    pairs = [(int(e), k) for k, close in enumerate(near) for e in np.unique(owner[close])]
    front = np.asarray(sorted(pairs), np.int64).reshape(-1, 2)
    codes, hours = worded(graph.hours, premises["opening_hours"])
    return replace(
        graph,
        frontage=np.bincount(front[:, 0], minlength=graph.edges),
        front_edge=front[:, 0],
        front_premise=front[:, 1],
        premise_hours_code=codes,
        hours=hours,
    )


def add_parks(graph: StreetGraph, parks: gpd.GeoDataFrame) -> StreetGraph:
    """Return the graph whose paths keep the opening hours of the park that at least half of each lies in.

    Parameters
    ----------
    parks
        Column ``hours`` and polygons, EPSG:4326.

    Notes
    -----
    Only paths with no hours of their own, and never a road, which a park does not close.
    """
    x, y, owner = samples(graph)
    free = on_foot_only(graph.highways)[graph.highway_code] & (graph.hours_code == graph.hours.index(""))
    asked = np.flatnonzero(free[owner])
    asked = asked[np.argsort(x[asked], kind="stable")]
    size, eastward = np.bincount(owner, minlength=graph.edges), x[asked]
    edges, texts = [np.zeros(0, np.int64)], []
    for hours, shape in zip(parks["hours"], parks.geometry.to_crs(graph.crs), strict=True):
        west, south, east, north = shape.bounds
        near = asked[slice(*np.searchsorted(eastward, [west, east]))]
        near = near[(y[near] >= south) & (y[near] <= north)]
        shapely.prepare(shape)
        edge, within = np.unique(
            owner[near[shapely.contains_xy(shape, x[near], y[near])]], return_counts=True
        )
        edges.append(edge[2 * within >= size[edge]])
        texts += [hours] * len(edges[-1])
    return _with_texts(graph, np.concatenate(edges), texts, source="park")


def with_hours(graph: StreetGraph, edges: ArrayLike, text: str, *, source: str = "way") -> StreetGraph:
    """Return the graph with opening hours on some edges: a gate locked at night, say.

    Parameters
    ----------
    edges
        Which edges, shape (k,).
    text
        As OpenStreetMap writes them: ``06:00-22:00``, ``dawn-dusk``, ``no @ (22:00-06:00)``. Edges that have
        hours keep them too, so that both must be open.
    source
        Whose hours they are, one of ``HOURS_FROM``.
    """
    chosen = np.asarray(edges, np.int64).ravel()
    return _with_texts(graph, chosen, [text] * len(chosen), source=source)


def _with_texts(graph: StreetGraph, edges: Ints, texts: list[str], *, source: str) -> StreetGraph:
    joined: dict[int, str] = {}
    for edge, text in zip(edges.tolist(), texts, strict=True):
        held = joined.get(edge, graph.hours[graph.hours_code[edge]])
        joined[edge] = text if not held else held if text in held.split(BOTH) else held + BOTH + text
    chosen = np.asarray(list(joined), np.int64)
    codes, hours = worded(graph.hours, joined.values())
    code, origin, conditional = graph.hours_code.copy(), graph.hours_from.copy(), graph.conditional.copy()
    code[chosen], origin[chosen], conditional[chosen] = codes, HOURS_FROM.index(source), True
    return replace(graph, hours_code=code, hours=hours, hours_from=origin, conditional=conditional)


def worded(vocabulary: tuple[str, ...], texts: Iterable[str]) -> tuple[Ints, tuple[str, ...]]:
    """Return the position of each text in a vocabulary, and the vocabulary with the new ones at its end.

    Examples
    --------
    >>> worded(("", "24/7"), ["dawn-dusk", ""])
    (array([2, 0]), ('', '24/7', 'dawn-dusk'))
    """
    wanted = list(texts)
    longer = (*vocabulary, *sorted(set(wanted) - set(vocabulary)))
    place = {text: code for code, text in enumerate(longer)}
    return np.asarray([place[text] for text in wanted], np.int64), longer


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


# --- building ----------------------------------------------------------------------------------------


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


def _edge_columns(tags: pd.DataFrame, piece: Ints) -> dict[str, Any]:
    """Read the tags of each way once, then give them to its edges."""
    name, names = pd.factorize(tags["name"], sort=True)
    highway, highways = pd.factorize(tags["highway"], sort=True)
    surface, surfaces = pd.factorize(tags["surface"], sort=True)
    lit, night, lit_hours = lighting(tags["lit"], tags["lit_conditional"])
    codes, hours = pd.factorize(pd.concat([tags["hours"], lit_hours, pd.Series([""])]), sort=True)
    half = len(tags)
    by_way: dict[str, Any] = {
        "name_code": np.asarray(name, np.int64),
        "highway_code": np.asarray(highway, np.int64),
        "surface_code": np.asarray(surface, np.int64),
        "hours_code": np.asarray(codes[:half], np.int64),
        "hours_from": (tags["hours"] != "").to_numpy(np.int8) * np.int8(HOURS_FROM.index("way")),
        "conditional": (tags["hours"] != "").to_numpy(bool),
        "lit": lit,
        "lit_night": night,
        "lit_hours_code": np.asarray(codes[half : 2 * half], np.int64),
        "lit_source": np.where(lit == UNKNOWN, 0, LIT_SOURCES.index("mapped")).astype(np.int8),
        "lit_as_of": _days(tags["lit_date"]),
        "paving": paving(tags["surface"]),
        "sight": sight(tags),
        "steps": (tags["highway"] == "steps").to_numpy(bool),
        "tunnel": (_says(tags["tunnel"]) | (tags["covered"] == "yes")).to_numpy(bool),
        "bridge": _says(tags["bridge"]).to_numpy(bool),
        "crossing": (tags["footway"] == "crossing").to_numpy(bool),
        "separate": (tags["sidewalk"] == "separate").to_numpy(bool),
    }
    words: dict[str, Any] = {"names": names, "highways": highways, "surfaces": surfaces, "hours": hours}
    return {key: values[piece] for key, values in by_way.items()} | {
        key: tuple(values.tolist()) for key, values in words.items()
    }


def _nothing_near(edges: int) -> dict[str, Any]:
    """Return the columns that points and premises fill, with none of them."""
    none = np.zeros(0, np.int64)
    return {
        "lamp_lit": np.zeros(edges, bool),
        "narrow": np.zeros(edges, bool),
        "cameras": np.zeros(edges, np.int64),
        "camera_x": np.zeros(0),
        "camera_y": np.zeros(0),
        "frontage": np.zeros(edges, np.int64),
        "front_edge": none,
        "front_premise": none,
        "premise_hours_code": none,
    }


def _step_counts(stated: pd.Series, piece: Ints, length_m: Floats) -> Floats:
    """Share the steps of a flight over its edges by length; NaN where the flight does not say."""
    count = pd.to_numeric(stated, errors="coerce").to_numpy(float)
    count = np.where((count > 0) & (count < 10_000), count, np.nan)
    whole = np.bincount(piece, length_m, len(stated))
    return np.asarray(count[piece] * length_m / np.maximum(whole[piece], 1e-9), float)


def _days(texts: pd.Series) -> NDArray[np.datetime64]:
    """Read days as OpenStreetMap writes them; a month or a year counts as its first day."""
    code, found = pd.factorize(texts)
    pattern = r"^(\d{4}(?:-\d{2}){0,2})"
    days = pd.to_datetime(pd.Series(found).str.extract(pattern)[0], errors="coerce", format="ISO8601")
    return days.to_numpy().astype("datetime64[D]")[code]


def _hold_gates(graph: StreetGraph, ways: Ways, first: Ints, last: Ints) -> StreetGraph:
    """Give a gate's hours, and the narrowness of stiles, to the edges that lead through them."""
    hours = dict(zip(ways.gate.tolist(), ways.gate_hours, strict=True))
    edge, node = _through(graph, ways, ways.gate, first, last)
    graph = _with_texts(graph, edge, [hours[one] for one in node.tolist()], source="gate")
    narrow = graph.narrow.copy()
    narrow[_through(graph, ways, ways.narrow, first, last)[0]] = True
    return replace(graph, narrow=narrow)


def _through(graph: StreetGraph, ways: Ways, nodes: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return edges that lead through nodes, and which node; where more than two meet, only the paths."""
    at = np.flatnonzero(np.isin(ways.node_ref, nodes))
    low, high = np.searchsorted(last, at), np.searchsorted(first, at, side="right") - 1
    pairs = np.column_stack([np.concatenate([low, high]), np.tile(ways.node_ref[at], 2)])
    edge, node = np.unique(pairs, axis=0).T
    _, place, meets = np.unique(node, return_inverse=True, return_counts=True)
    foot = on_foot_only(graph.highways)[graph.highway_code[edge]]
    kept = foot | (meets[place] <= 2)
    return edge[kept], node[kept]


def _says(values: pd.Series) -> pd.Series:
    return (values != "") & (values != "no")


def _places_of(graph: StreetGraph, points: pd.DataFrame, kind: str) -> Floats:
    these = points[points["kind"] == kind]
    return np.column_stack(
        to_metres(these["lon"].to_numpy(float), these["lat"].to_numpy(float), graph.crs)
    ).reshape(-1, 2)
