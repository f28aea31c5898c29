"""OpenStreetMap extracts: walkable ways, named points and a drawing backdrop, straight to arrays.

Everything read here carries "© OpenStreetMap contributors" (Open Database Licence). Tags stay with
their own way: nothing is merged, filled in or guessed, so a missing ``lit`` tag stays missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from safespace.errors import AreaError, FileError
from safespace.schemas import ASSETS, conform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

Box: TypeAlias = tuple[float, float, float, float]
Tags: TypeAlias = "Mapping[str, str]"

ATTRIBUTION: Final = "© OpenStreetMap contributors"

TAGS: Final = (
    "highway",
    "name",
    "lit",
    "surface",
    "foot",
    "access",
    "bicycle",
    "segregated",
    "footway",
    "service",
    "sidewalk",
    "tunnel",
    "covered",
    "bridge",
    "layer",
    "step_count",
    "hours",
    "lit_conditional",
    "lit_date",
)

# Not open to walkers, or not a way one walks along, whatever else the way says.
_NEVER: Final = frozenset(
    [
        "motorway",
        "motorway_link",
        "construction",
        "proposed",
        "planned",
        "abandoned",
        "razed",
        "disused",
        "raceway",
        "escape",
        "emergency_bay",
        "services",
        "rest_area",
        "traffic_island",
        "no",
        "street_lamp",
    ]
)
# Open to walkers only where the foot tag says so.
_UNLESS_FOOT: Final = frozenset(("bus_guideway", "busway"))
_FOOT_YES: Final = frozenset(("yes", "designated", "permissive", "official", "destination", "customers"))
_FOOT_NO: Final = frozenset(("no", "private", "military"))
_SHUT: Final = frozenset(
    ("no", "private", "military", "agricultural", "forestry", "permit", "residents", "emergency")
)
_SIDEWALKS: Final = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_OPENS: Final = re.compile(r"\b(yes|designated|permissive|destination|customers)\s*@")
_DOORS: Final = frozenset(("shop", "amenity", "leisure", "tourism"))

# First match wins: (asset kind, key, values).
_KINDS: Final = (
    ("lamp", "highway", ("street_lamp",)),
    ("camera", "man_made", ("surveillance",)),
    ("pub", "amenity", ("pub",)),
    ("bar", "amenity", ("bar",)),
    ("club", "amenity", ("nightclub",)),
    ("bus_stop", "highway", ("bus_stop",)),
    ("bus_station", "amenity", ("bus_station",)),
    ("tram_stop", "railway", ("tram_stop",)),
    ("rail_station", "railway", ("station", "halt")),
    ("housing", "building", ("dormitory",)),
    ("housing", "amenity", ("student_accommodation",)),
    ("venue", "leisure", ("stadium",)),
    ("venue", "building", ("stadium",)),
    ("venue", "amenity", ("theatre", "arts_centre", "events_venue", "concert_hall", "music_venue")),
)


# Doors that people go in and out of; a bench or a car park is not one.
_DOOR_VALUES: Final = MappingProxyType(
    {
        "amenity": frozenset(
            (
                "pub", "bar", "nightclub", "restaurant", "fast_food", "cafe", "ice_cream", "food_court", "biergarten",
                "bank", "pharmacy", "post_office", "cinema", "theatre", "casino", "gambling", "library", "fuel",
                "arts_centre", "music_venue", "events_venue", "concert_hall", "community_centre", "taxi",
                "police", "hospital", "clinic", "doctors", "dentist", "stripclub", "internet_cafe", "marketplace",
            )
        ),
        "leisure": frozenset(
            ("fitness_centre", "sports_centre", "bowling_alley", "amusement_arcade", "adult_gaming_centre")
        ),
        "tourism": frozenset(("hotel", "hostel", "guest_house", "museum", "gallery")),
    }
)  # fmt: skip
_PARKS: Final = (
    ("park", "leisure", ("park", "garden", "recreation_ground", "nature_reserve", "playground", "common")),
    ("park", "landuse", ("cemetery", "recreation_ground", "village_green", "allotments")),
    ("park", "amenity", ("grave_yard",)),
)


@dataclass(frozen=True)
class Ways:
    """Walkable ways as arrays: one row a piece of one way, its own tags, its own vertices.

    A way that leaves the clip and comes back, or that misses a vertex, is several pieces.

    Parameters
    ----------
    way_id
        OpenStreetMap way of each piece, shape (n,).
    tags
        One column of text for each name in ``TAGS``, n rows; empty text where the way has no such tag.
    start
        Where each piece's vertices start, shape (n + 1,).
    node_ref
        OpenStreetMap node of each vertex, shape (m,).
    lon, lat
        Its place, degrees, EPSG:4326, shape (m,).
    shut
        Nodes that a walker cannot pass (a gate, wall or bollard line closed to foot), sorted.
    left_out
        What was not taken: ``reason``, ``ways`` and ``km`` (spherical), over the whole extract.
    gate, gate_hours
        Nodes where a barrier has opening hours or conditional access, sorted, and what they say.
    source, as_of
        Who mapped it, and the day of the extract, empty where it does not say.
    """

    way_id: NDArray[np.int64]
    tags: pd.DataFrame
    start: NDArray[np.int64]
    node_ref: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    shut: NDArray[np.int64]
    left_out: pd.DataFrame
    gate: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    gate_hours: tuple[str, ...] = ()
    source: str = "OpenStreetMap"
    as_of: str = ""


def read_ways(path: str | Path, *, clip: Box | BaseGeometry | None = None, progress: bool = False) -> Ways:
    """Read the ways a walker may use from an OSM extract (``.osm.pbf`` or ``.osm``).

    Kept: streets, paths, shared cycleways, steps, tunnels and bridges, carriageways whose pavements are
    mapped apart (``sidewalk=separate``), ways with opening hours. Dropped: motorways, ways closed to
    walkers, private ways unless the foot tag opens them.

    Parameters
    ----------
    path
        The extract.
    clip
        Polygon or ``(west, south, east, north)`` in degrees; a stretch with one end inside is kept whole.
    progress
        Show a progress bar on a terminal.

    Raises
    ------
    FileError
        When the file is missing, cannot be read, or holds no way open to walkers.
    AreaError
        When the clip is empty or holds no way of the extract.

    Notes
    -----
    In the United Kingdom a cycleway with no foot tag is open to walkers, and so is a trunk road unless
    ``motorroad=yes``; other countries differ.
    """
    inside = _inside(clip)
    gathered = _Gathered([], [], [], [], [], [], [], [])
    seen = _gather(_objects(path, ("highway", "barrier")), gathered, progress=progress)
    if not seen:
        raise FileError(
            "The extract holds no way open to walkers.",
            where=path,
            remedy="Check that it is a whole OpenStreetMap extract with its highway tags.",
        )
    ways = _pieces(gathered, inside, _as_of(path))
    if not len(ways.way_id):
        raise AreaError(
            "No walkable way lies in the clip.",
            where=path,
            seen=f"the ways span {_span(gathered)}",
            remedy="Use a clip in degrees (west, south, east, north) that meets them.",
        )
    return ways


def walkable(tags: Tags) -> bool:
    """Say whether a walker may use a way with these tags.

    Examples
    --------
    >>> walkable({"highway": "cycleway"}), walkable({"highway": "cycleway", "foot": "no"})
    (True, False)
    >>> walkable({"highway": "service", "access": "private", "foot": "permissive"})
    True
    """
    return not why_left_out(tags)


def why_left_out(tags: Tags) -> str:
    """Say why a way is not open to walkers, or return empty text when it is.

    Examples
    --------
    >>> why_left_out({"highway": "service", "access": "private"})
    'private or closed'
    """
    highway, foot = tags.get("highway", ""), tags.get("foot", "")
    if not highway or highway in _NEVER:
        return "motorway, unbuilt or not a way"
    if foot in _FOOT_YES:
        return ""
    closed = _closed(tags)
    if closed and not _opens_at_times(tags):
        return closed
    if highway in _UNLESS_FOOT or tags.get("motorroad") == "yes":
        return "for motor traffic only"
    return ""


def opening(tags: Tags) -> str:
    """Return opening hours and conditional access as one text, the last part counting most.

    Examples
    --------
    >>> opening({"opening_hours": "dawn-dusk"}), opening({"foot:conditional": "no @ (22:00-06:00)"})
    ('dawn-dusk', 'no @ (22:00-06:00)')
    >>> opening({"access": "no", "foot:conditional": "yes @ (06:00-22:00)"})
    'no && yes @ (06:00-22:00)'

    Notes
    -----
    Where the foot tag opens a way, conditions on access in general do not close it.
    """
    parts = ["no"] if _closed(tags) and _opens_at_times(tags) else []
    keys = ["opening_hours", "access:conditional", "foot:conditional"]
    if tags.get("foot") in _FOOT_YES:
        keys.remove("access:conditional")
    return " && ".join(parts + [tags[key].strip() for key in keys if tags.get(key, "").strip()])


def _closed(tags: Tags) -> str:
    if tags.get("foot") in _FOOT_YES:
        return ""
    if tags.get("foot") in _FOOT_NO:
        return "closed to walkers"
    return "private or closed" if tags.get("access") in _SHUT else ""


def _opens_at_times(tags: Tags) -> bool:
    """Say whether conditional access opens what is otherwise closed."""
    keys = (
        ("foot:conditional",) if tags.get("foot") in _FOOT_NO else ("foot:conditional", "access:conditional")
    )
    return any(_OPENS.search(tags.get(key, "")) for key in keys)


def read_points(path: str | Path, *, clip: Box | BaseGeometry | None = None) -> pd.DataFrame:
    """Read lamps, cameras, pubs, bars, clubs, stops, stations, student housing and venues.

    Returns
    -------
    pandas.DataFrame
        ``schemas.ASSETS``, sorted by ``asset_id``; a building stands at the mean of its corners.

    Raises
    ------
    FileError
        When the file is missing or cannot be read.

    Notes
    -----
    What is not mapped is not absent: a street with no lamp here may have lamps.
    """
    inside = _inside(clip)
    keys = tuple(dict.fromkeys(key for _, key, _ in _KINDS))
    rows = [row for thing in _objects(path, keys) if (row := _asset(thing)) is not None]
    frame = pd.DataFrame(rows, columns=["asset_id", "kind", "name", "lon", "lat"]).assign(
        source="OpenStreetMap", as_of=_as_of(path)
    )
    kept = frame[inside(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))]
    return conform(kept.sort_values("asset_id", ignore_index=True), ASSETS)


def read_premises(path: str | Path, *, clip: Box | BaseGeometry | None = None) -> pd.DataFrame:
    """Read shops, pubs, takeaways and other doors that people go in and out of, with their hours.

    Returns
    -------
    pandas.DataFrame
        ``premise_id``, ``kind`` (such as ``amenity=pub``), ``name``, ``lon``, ``lat`` (degrees) and
        ``opening_hours`` (empty where not mapped), sorted by ``premise_id``.

    Raises
    ------
    FileError
        When the file is missing or cannot be read.
    """
    inside = _inside(clip)
    rows = [row for thing in _objects(path, tuple(_DOORS)) if (row := _premise(thing)) is not None]
    frame = pd.DataFrame(rows, columns=["premise_id", "kind", "name", "lon", "lat", "opening_hours"])
    kept = frame[inside(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))]
    text = dict.fromkeys(("premise_id", "kind", "name", "opening_hours"), "str")
    return kept.sort_values("premise_id", ignore_index=True).astype(text | {"lon": float, "lat": float})


def read_parks(path: str | Path, *, clip: Box | BaseGeometry | None = None) -> gpd.GeoDataFrame:
    """Read parks, gardens and burial grounds that have opening hours.

    Returns
    -------
    geopandas.GeoDataFrame
        ``park_id``, ``name``, ``hours`` and the outline, EPSG:4326, sorted by ``park_id``.

    Raises
    ------
    FileError
        When the file is missing or cannot be read.
    """
    inside = _inside(clip)
    rows = []
    for thing in _objects(path, ("opening_hours",), areas=True):
        if thing.is_area() and _kind(thing.tags, _PARKS):
            name, hours = thing.tags.get("name") or "", opening(dict(thing.tags))
            rows.append((thing.orig_id() * (1 if thing.from_way() else -1), name, hours, _outline(thing)))
    frame = gpd.GeoDataFrame(rows, columns=["park_id", "name", "hours", "geometry"], crs="EPSG:4326")
    if clip is not None and len(frame):
        near = frame.geometry.representative_point()
        frame = frame[inside(near.x.to_numpy(), near.y.to_numpy())]
    return frame.sort_values("park_id", ignore_index=True)


# --- reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gathered:
    way_id: list[int]
    rows: list[tuple[str, ...]]
    count: list[int]
    refs: list[int]
    places: list[Any]
    shut: list[int]
    left_out: list[tuple[str, float]]
    gates: list[tuple[int, str]]


def _objects(path: str | Path, keys: tuple[str, ...], *, areas: bool = False) -> Iterator[Any]:
    """Stream the objects that carry one of the keys; every reading fault becomes a FileError."""
    if not Path(path).is_file():
        raise FileError("No such file.", where=path, remedy="Check the path of the OpenStreetMap extract.")
    try:
        reader = osmium.FileProcessor(str(path)).with_locations()
        if areas:
            reader = reader.with_areas(osmium.filter.KeyFilter(*keys))
        yield from reader.with_filter(osmium.filter.KeyFilter(*keys))
    except (RuntimeError, ValueError, OSError) as problem:
        raise FileError(
            "The OpenStreetMap extract cannot be read.",
            where=path,
            seen=str(problem).strip().rstrip("."),
            remedy="Download it again: it must be a whole .osm.pbf or .osm file.",
        ) from problem


def _gather(things: Iterable[Any], into: _Gathered, *, progress: bool) -> int:
    """Put the walkable ways and the shut barriers into the lists; return the number of ways."""
    for thing in _shown(things, progress=progress):
        tags = dict(thing.tags)
        if thing.is_way() and "highway" in tags:
            reason = why_left_out(tags)
            if reason:
                into.left_out.append((reason, _length_km(thing)))
            else:
                _add_way(thing, tags, into)
        elif thing.is_node() and _shuts(tags):
            into.shut.append(thing.id)
        elif thing.is_node() and "barrier" in tags and opening(tags):
            into.gates.append((thing.id, opening(tags)))
    return len(into.way_id)


def _add_way(way: Any, tags: dict[str, str], into: _Gathered) -> None:
    nodes = way.nodes
    into.way_id.append(way.id)
    into.rows.append(_row(tags))
    into.count.append(len(nodes))
    into.refs.extend([node.ref for node in nodes])
    into.places.extend([node.location for node in nodes])


def _length_km(way: Any) -> float:
    try:
        return float(osmium.geom.haversine_distance(way.nodes)) / 1000
    except osmium.InvalidLocationError:  # a vertex beyond the extract
        return 0.0


def _row(tags: Tags) -> tuple[str, ...]:
    get = tags.get
    filled = {
        "name": get("name") or get("ref", ""),
        "sidewalk": "separate"
        if any(get(key) == "separate" for key in _SIDEWALKS) or get("foot") == "use_sidepath"
        else get("sidewalk", ""),
        "footway": get("footway") or get("path", "") or get("cycleway", ""),
        "hours": opening(tags),
        "lit_conditional": get("lit:conditional", ""),
        "lit_date": get("check_date:lit") or get("check_date", ""),
    }
    return tuple(filled.get(name, get(name, "")) for name in TAGS)


def _shuts(tags: Tags) -> bool:
    """Say whether a barrier node stops a walker: only where its tags say so, and at all hours."""
    if "barrier" not in tags or tags.get("foot") in _FOOT_YES or opening(tags):
        return False
    return (
        tags.get("foot") in _FOOT_NO
        or tags.get("access") in _SHUT
        or (tags.get("locked") == "yes" and "access" not in tags)
    )


def _shown(things: Iterable[Any], *, progress: bool) -> Iterable[Any]:
    if not progress:
        return things
    from rich.progress import track  # noqa: PLC0415  only a terminal needs it

    return track(things, description="Reading streets", transient=True)


# --- cutting into pieces -----------------------------------------------------------------------------


def _pieces(gathered: _Gathered, inside: Callable[[Any, Any], NDArray[np.bool_]], as_of: str = "") -> Ways:
    """Cut ways where a vertex has no place or lies beyond the clip; drop repeats of one vertex."""
    lon, lat = _degrees(gathered.places)
    refs = np.asarray(gathered.refs, np.int64)
    way = np.repeat(np.arange(len(gathered.way_id)), gathered.count)
    held = ~np.isnan(lon)
    repeat = np.zeros(len(refs), bool)
    repeat[1:] = (refs[1:] == refs[:-1]) & (way[1:] == way[:-1])
    refs, way = refs[~repeat], way[~repeat]
    held, lon, lat = held[~repeat], lon[~repeat], lat[~repeat]
    within = inside(lon, lat) & held
    joined = (way[1:] == way[:-1]) & held[1:] & held[:-1] & (within[1:] | within[:-1])
    kept = np.append(joined, False) | np.insert(joined, 0, False)
    first = kept & ~np.insert(joined, 0, False)
    start = np.append(np.flatnonzero(first[kept]), kept.sum()).astype(np.int64)
    row = way[first]
    gates = sorted(gathered.gates)
    tags = pd.DataFrame(gathered.rows, columns=list(TAGS), dtype="str").iloc[row].reset_index(drop=True)
    return Ways(
        way_id=np.asarray(gathered.way_id, np.int64)[row],
        tags=tags,
        start=start,
        node_ref=refs[kept],
        lon=lon[kept],
        lat=lat[kept],
        shut=np.unique(np.asarray(gathered.shut, np.int64)),
        left_out=_left_out(gathered.left_out),
        gate=np.asarray([node for node, _ in gates], np.int64),
        gate_hours=tuple(hours for _, hours in gates),
        as_of=as_of,
    )


def _left_out(dropped: list[tuple[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(dropped, columns=["reason", "km"]).astype({"reason": "str", "km": "float64"})
    return frame.groupby("reason", as_index=False).agg(ways=("km", "size"), km=("km", "sum"))


def _degrees(places: list[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read fixed-point places (1e-7 degree); a place that is not known is NaN."""
    x = np.asarray([place.x for place in places], float) / 1e7
    y = np.asarray([place.y for place in places], float) / 1e7
    known = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    return np.where(known, x, np.nan), np.where(known, y, np.nan)


def _inside(clip: Box | BaseGeometry | None) -> Callable[[Any, Any], NDArray[np.bool_]]:
    if clip is None:
        return lambda lon, _lat: np.ones(len(lon), bool)
    area = shapely.box(*clip) if isinstance(clip, tuple) else clip
    if area.is_empty or area.area == 0:
        raise AreaError("The clip is empty.", seen=clip, remedy="Give west, south, east, north in degrees.")
    shapely.prepare(area)
    return lambda lon, lat: shapely.contains_xy(area, lon, lat)


def _span(gathered: _Gathered) -> str:
    lon, lat = _degrees(gathered.places)
    if np.isnan(lon).all():
        return "no known place"
    return f"{np.nanmin(lon):.4f}, {np.nanmin(lat):.4f} to {np.nanmax(lon):.4f}, {np.nanmax(lat):.4f}"


# --- points and polygons -----------------------------------------------------------------------------


def _kind(tags: Any, kinds: tuple[tuple[str, str, tuple[str, ...]], ...]) -> str:
    return next((kind for kind, key, values in kinds if tags.get(key) in values), "")


def _asset(thing: Any) -> tuple[str, str, str, float, float] | None:
    kind = _kind(thing.tags, _KINDS)
    place = _place(thing) if kind else None
    if place is None:
        return None
    letter = "n" if thing.is_node() else "w"
    return f"osm:{letter}{thing.id}", kind, thing.tags.get("name") or "", *place


def _premise(thing: Any) -> tuple[str, str, str, float, float, str] | None:
    tags = thing.tags
    shop = tags.get("shop") or ""
    kind = f"shop={shop}" if shop not in ("", "no", "vacant") else ""
    for key, values in _DOOR_VALUES.items():
        if not kind and tags.get(key) in values:
            kind = f"{key}={tags.get(key)}"
    place = _place(thing) if kind else None
    if place is None:
        return None
    letter = "n" if thing.is_node() else "w"
    name, hours = tags.get("name") or "", tags.get("opening_hours") or ""
    return f"osm:{letter}{thing.id}", kind, name, *place, hours


def _place(thing: Any) -> tuple[float, float] | None:
    """Return where a node stands, or the mean of a building's corners; None where not all are known."""
    if not (thing.is_node() or thing.is_way()):
        return None
    places = [thing.location] if thing.is_node() else [node.location for node in thing.nodes]
    lon, lat = _degrees(places[:-1] if len(places) > 1 and places[0] == places[-1] else places)
    if not len(lon) or np.isnan(lon).any():
        return None
    return float(lon.mean()), float(lat.mean())


def _outline(area: Any) -> BaseGeometry:
    """Return an area's polygon as osmium put it together, made valid."""
    outline: BaseGeometry = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(area))
    return shapely.make_valid(outline)


def _as_of(path: str | Path) -> str:
    """Return the extract's own date (its replication header), or empty text."""
    header = osmium.FileProcessor(str(path)).header
    return str(header.get("osmosis_replication_timestamp", "") or header.get("timestamp", ""))[:10]
