"""Streets that OSMnx saved as GraphML, or holds in memory.

OSMnx keeps a street in both directions, and may have joined ways before it saved them. Here each street
is taken once, and what an edge says of several ways at a time is not taken for any of them.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pyproj import Geod, Transformer

from safespace.errors import FileError
from safespace.streets.ways import Gathered, pieces, row_of, why_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from safespace.streets.ways import Box, Ways

WAY_TAGS: Final = (
    "highway", "name", "ref", "lit", "lit:conditional", "check_date:lit", "check_date", "surface", "foot",
    "foot:conditional", "access", "access:conditional", "opening_hours", "motorroad", "bicycle", "segregated",
    "footway", "path", "cycleway", "service", "sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right",
    "tunnel", "covered", "bridge", "layer", "step_count",
)  # fmt: skip
NODE_TAGS: Final = (
    "highway", "barrier", "foot", "foot:conditional", "access", "access:conditional", "opening_hours", "locked",
)  # fmt: skip
_GEOD: Final = Geod(ellps="WGS84")
_BENDS_BELOW: Final = -(10**15)  # vertices that OSMnx joined away have no number of their own
_REMEDY: Final = (
    "Save it with osmnx.save_graphml from a graph made with simplify=False, or import the extract."
)


def is_graphml(path: str | Path) -> bool:
    """Say whether a file is OSMnx's GraphML, by its name."""
    return Path(path).suffix.lower() == ".graphml"


def read_ways(path: Path, *, clip: Box | BaseGeometry | None = None) -> Ways:
    """Read the ways a walker may use from a GraphML file that OSMnx saved.

    Raises
    ------
    FileError
        When the file is missing, cannot be read, or holds no way open to walkers.
    AreaError
        When the clip is empty or holds none of them.

    Notes
    -----
    Where OSMnx joined several ways into one edge, only what kind of way it is and its name are kept, and
    ``left_out`` says of how many kilometres: a tag of one of them is no tag of the others. An edge with a
    closed way in it is closed. OSMnx keeps few tags unless it is told to (``settings.useful_tags_way``), and no lamps, premises or parks.
    """
    return ways_of(_load(path), where=path, clip=clip)


def ways_of(graph: Any, *, where: Path, clip: Box | BaseGeometry | None = None) -> Ways:
    """Return the walkable ways of an OSMnx graph; as :func:`read_ways`, for a graph in memory."""
    gathered, lon, lat = Gathered(), array("d"), array("d")
    try:
        place = _places(graph)
        for node, tags in graph.nodes(data=True):
            gathered.add_node(int(node), {key: str(value) for key, value in tags.items()})
        for way, tags, chain in _chains(graph, place):
            _gather(way, tags, chain, gathered, lon, lat)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileError(
            "The graph is not one of OSMnx's.",
            code="graph-not-osmnx",
            where=where,
            seen=repr(problem)[:200],
            remedy=_REMEDY,
        ) from problem
    day = str(graph.graph.get("created_date", ""))[:10]
    return pieces(gathered, np.asarray(lon), np.asarray(lat), clip, where=where, as_of=day)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise FileError(
            "No such file.", code="path-missing", where=path, remedy="Check the path of the GraphML file."
        )
    import osmnx  # noqa: PLC0415

    try:
        return osmnx.load_graphml(path)
    except Exception as problem:  # whatever XML, networkx and OSMnx make of a file that is not theirs
        raise FileError(
            "The GraphML file cannot be read.",
            code="graphml-not-readable",
            where=path,
            seen=f"{type(problem).__name__}: {problem}"[:200],
            remedy=_REMEDY,
        ) from problem


def _places(graph: Any) -> Any:
    """Return a function from x, y of the graph to degrees."""
    crs = graph.graph["crs"]
    turn = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    if str(crs).lower() in ("epsg:4326", "wgs84"):
        return lambda x, y: (x, y)
    return turn.transform


_Vertex = tuple[int, float, float]


def _chains(graph: Any, place: Any) -> Iterator[tuple[int, dict[str, str], list[_Vertex]]]:
    """Yield each way's number, tags and vertices: single stretches joined again, each direction once."""
    at = {node: place(float(data["x"]), float(data["y"])) for node, data in graph.nodes(data=True)}
    stretches: dict[int, dict[tuple[int, int], None]] = defaultdict(dict)
    tags_of: dict[int, dict[str, str]] = {}
    bends, seen = _BENDS_BELOW, set()
    for u, v, data in graph.edges(data=True):
        joined, tags = isinstance(data["osmid"], list), _texts(data)
        if not joined and "geometry" not in data:
            way = int(data["osmid"])
            tags_of.setdefault(way, tags)
            if (v, u) not in stretches[way]:
                stretches[way][u, v] = None
            continue
        line = [place(x, y) for x, y in data["geometry"].coords] if "geometry" in data else [at[u], at[v]]
        key = (min(u, v), max(u, v), min(tuple(line), tuple(line[::-1])))
        if key not in seen:
            seen.add(key)
            inner = [(bends - k, *point) for k, point in enumerate(line[1:-1])]
            bends -= len(inner)
            way = int(data["osmid"][0] if joined else data["osmid"])
            yield way, tags | ({"joined": "yes"} if joined else {}), [(u, *at[u]), *inner, (v, *at[v])]
    for way in sorted(stretches):
        for run in _walks(list(stretches[way])):
            yield way, tags_of[way], [(node, *at[node]) for node in run]


def _walks(stretches: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Join the stretches of one way end to end, from its ends and forks first, then its loops."""
    ways: dict[int, list[int]] = defaultdict(list)
    for k, ends in enumerate(stretches):
        for end in ends:
            ways[end].append(k)
    left = set(range(len(stretches)))
    starts = [node for node, meets in ways.items() if len(meets) != 2]
    for node in (*starts, *ways):
        for k in ways[node]:
            if k in left:
                run, at = [node], node
                step: int | None = k
                while step is not None:
                    left.discard(step)
                    u, v = stretches[step]
                    at = v if at == u else u
                    run.append(at)
                    onward = [other for other in ways[at] if other in left] if len(ways[at]) == 2 else []
                    step = onward[0] if onward else None
                yield run


def _texts(data: dict[str, Any]) -> dict[str, str]:
    """Return tags as text; of several ways at a time only kind and name, and what closes any of them."""
    if not isinstance(data["osmid"], list):
        return {key: str(data[key]) for key in WAY_TAGS if data.get(key) is not None}
    several = {
        key: [str(one) for one in (value if isinstance(value, list) else [value])]
        for key in ("highway", "name", "ref", "access", "foot", "motorroad")
        if (value := data.get(key)) is not None
    }
    kinds = sorted(
        several.get("highway", [""]), key=lambda kind: (not why_left_out({"highway": kind}), kind != "steps")
    )
    closing = [
        {key: one}
        for key in ("access", "foot", "motorroad")
        for one in several.get(key, [])
        if why_left_out({"highway": "path", key: one})
    ]
    names = {key: several[key][0] for key in ("name", "ref") if key in several}
    return {"highway": kinds[0]} | names | (closing[0] if closing else {})


def _gather(
    way: int, tags: dict[str, str], chain: list[_Vertex], into: Gathered, lon: array[float], lat: array[float]
) -> None:
    line = [point[1:] for point in chain]
    reason = why_left_out(tags)
    if reason or "joined" in tags:
        told = reason or "joined ways: only kind and name kept"
        into.left_out.append((told, float(_GEOD.line_length(*zip(*line, strict=True))) / 1000))
    if reason:
        return
    into.way_id.append(way)
    into.rows.append(row_of(tags))
    into.count.append(len(chain))
    into.refs.extend([node for node, _, _ in chain])
    lon.extend([x for x, _ in line])
    lat.extend([y for _, y in line])
