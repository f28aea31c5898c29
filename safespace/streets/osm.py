"""OpenStreetMap extracts: walkable ways, named points and a drawing backdrop, straight to arrays.

Everything read here carries "© OpenStreetMap contributors" (Open Database Licence). Tags stay with
their own way: nothing is merged, filled in or guessed, so a missing ``lit`` tag stays missing.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from safespace.errors import FileError
from safespace.schemas import ASSETS, conform
from safespace.streets import osmnx_graphs
from safespace.streets.ways import (
    MAPPED_BY,
    TAGS,
    Box,
    Gathered,
    Tags,
    Ways,
    inside_of,
    opening,
    pieces,
    row_of,
    walkable,
    why_left_out,
)

__all__ = [
    "ATTRIBUTION",
    "TAGS",
    "Ways",
    "read_parks",
    "read_points",
    "read_premises",
    "read_ways",
    "walkable",
    "why_left_out",
]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

ATTRIBUTION: Final = "© OpenStreetMap contributors"

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


def read_ways(path: str | Path, *, clip: Box | BaseGeometry | None = None, progress: bool = False) -> Ways:
    """Read the ways a walker may use from an OSM extract (``.osm.pbf``, ``.osm``) or OSMnx's ``.graphml``.

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
    if osmnx_graphs.is_graphml(path):
        return osmnx_graphs.read_ways(Path(path), clip=clip)
    gathered, x, y = Gathered(), array("i"), array("i")
    inside_of(clip)  # an empty clip is told before the extract is read
    for thing in _shown(_objects(path, ("highway", "barrier")), progress=progress):
        _gather(thing, dict(thing.tags), gathered, x, y)
    as_of, source = _header(path)
    return pieces(gathered, *_degrees(x, y), clip, where=Path(path), as_of=as_of, source=source)


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
    inside = inside_of(clip)
    keys = tuple(dict.fromkeys(key for _, key, _ in _KINDS))
    rows = [row for thing in _objects(path, keys) if (row := _asset(thing)) is not None]
    as_of, source = _header(path)
    frame = pd.DataFrame(rows, columns=["asset_id", "kind", "name", "lon", "lat"]).assign(
        source=source, as_of=as_of
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
    inside = inside_of(clip)
    rows = [row for thing in _objects(path, ("shop", *_DOOR_VALUES)) if (row := _premise(thing)) is not None]
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
    inside = inside_of(clip)
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


def _objects(path: str | Path, keys: tuple[str, ...], *, areas: bool = False) -> Iterator[Any]:
    """Stream the objects that carry one of the keys; every reading fault becomes a FileError."""
    if not Path(path).is_file():
        raise FileError(
            "No such file.",
            code="path-missing",
            where=path,
            remedy="Check the path of the OpenStreetMap extract.",
        )
    if osmnx_graphs.is_graphml(path):  # streets alone: no lamps, premises or parks in it
        return
    try:
        reader = osmium.FileProcessor(str(path)).with_locations()
        if areas:
            reader = reader.with_areas(osmium.filter.KeyFilter(*keys))
        yield from reader.with_filter(osmium.filter.KeyFilter(*keys))
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as problem:
        raise FileError(
            "The OpenStreetMap extract cannot be read.",
            code="extract-not-readable",
            where=path,
            seen=str(problem).strip().rstrip("."),
            remedy="Download it again: it must be a whole .osm.pbf or .osm file.",
        ) from problem


def _gather(thing: Any, tags: Tags, into: Gathered, x: array[int], y: array[int]) -> None:
    """Put a walkable way, a shut barrier or a gate with hours into the lists."""
    if thing.is_node():
        into.add_node(thing.id, tags)
    elif thing.is_way() and "highway" in tags:
        reason = why_left_out(tags)
        if reason:
            into.left_out.append((reason, _length_km(thing)))
            return
        nodes = list(thing.nodes)
        places = [node.location for node in nodes]
        into.way_id.append(thing.id)
        into.rows.append(row_of(tags))
        into.count.append(len(nodes))
        into.refs.extend([node.ref for node in nodes])
        x.extend([place.x for place in places])
        y.extend([place.y for place in places])


def _length_km(way: Any) -> float:
    try:
        return float(osmium.geom.haversine_distance(way.nodes)) / 1000
    except osmium.InvalidLocationError:  # a vertex beyond the extract
        return 0.0


def _shown(things: Iterable[Any], *, progress: bool) -> Iterable[Any]:
    if not progress:
        return things
    from rich.progress import track  # noqa: PLC0415  only a terminal needs it

    return track(things, description="Reading streets", transient=True)


def _degrees(x: Sequence[int], y: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn fixed-point places (1e-7 degree) into degrees; a place that is not known is NaN."""
    lon, lat = np.asarray(x, float) / 1e7, np.asarray(y, float) / 1e7
    known = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    return np.where(known, lon, np.nan), np.where(known, lat, np.nan)


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
    corners = places[:-1] if len(places) > 1 and places[0] == places[-1] else places
    lon, lat = _degrees([corner.x for corner in corners], [corner.y for corner in corners])
    if not len(lon) or np.isnan(lon).any():
        return None
    return float(lon.mean()), float(lat.mean())


def _outline(area: Any) -> BaseGeometry:
    """Return an area's polygon as osmium put it together, made valid."""
    outline: BaseGeometry = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(area))
    return shapely.make_valid(outline)


def _header(path: str | Path) -> tuple[str, str]:
    """Return the extract's own date (its replication header, else empty) and who mapped it."""
    if osmnx_graphs.is_graphml(path):
        return "", MAPPED_BY
    header = osmium.FileProcessor(str(path)).header
    day = header.get("osmosis_replication_timestamp", "") or header.get("timestamp", "")
    made_up = "made-up data" in header.get("generator", "")  # as sources.synthetic writes it
    return str(day)[:10], "Synthetic data" if made_up else MAPPED_BY
