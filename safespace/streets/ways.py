"""Walkable ways as arrays, and the rules that say which ways a walker may use, whatever file they come in.

Tags stay with their own way: nothing is merged, filled in or guessed, so a missing ``lit`` tag stays missing.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import pandas as pd
import shapely

from safespace.errors import AreaError, FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Degrees = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Box: TypeAlias = tuple[float, float, float, float]
Tags: TypeAlias = "Mapping[str, str]"

MAPPED_BY: Final = "OpenStreetMap"
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
    (
        "no", "private", "military", "agricultural", "forestry", "permit", "residents", "emergency",
        "delivery", "employees", "staff",
    )
)  # fmt: skip
# Built so that walkers get past: only the foot tag shuts them, access=no speaks of vehicles.
_PASSED_ON_FOOT: Final = frozenset(
    (
        "bollard", "block", "cycle_barrier", "motorcycle_barrier", "bus_trap", "sump_buster", "kissing_gate", "stile",
        "horse_stile", "cattle_grid", "kerb", "height_restrictor", "jersey_barrier", "log", "rope", "chain", "entrance",
    )
)  # fmt: skip
_WALLS: Final = frozenset(("wall", "retaining_wall", "city_wall", "fence", "hedge", "guard_rail"))
# Walkers get past, wheels and pushchairs may not.
_NARROW: Final = frozenset(
    (
        "stile", "horse_stile", "kissing_gate", "turnstile", "full-height_turnstile", "cycle_barrier",
        "motorcycle_barrier", "log",
    )
)  # fmt: skip
_SIDEWALKS: Final = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_OPENS: Final = re.compile(r"\b(yes|designated|permissive|destination|customers)\s*@")


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
    narrow
        Nodes where a stile, turnstile or the like lets walkers past but maybe not wheels, sorted.
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
    narrow: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    source: str = MAPPED_BY
    as_of: str = ""


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


def row_of(tags: Tags) -> tuple[str, ...]:
    """Return what is kept of a way's tags, in the order of ``TAGS``."""
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


def shuts(tags: Tags) -> bool:
    """Say whether a barrier node stops a walker at all hours: by its tags, or as a wall without a gap.

    Examples
    --------
    >>> shuts({"barrier": "gate"}), shuts({"barrier": "gate", "access": "private"}), shuts({"barrier": "wall"})
    (False, True, True)
    >>> shuts({"barrier": "bollard", "access": "no"}), shuts({"barrier": "bollard", "foot": "no"})
    (False, True)
    """
    barrier = tags.get("barrier", "")
    if not barrier or tags.get("foot") in _FOOT_YES or opening(tags):
        return False
    if tags.get("foot") in _FOOT_NO:
        return True
    if barrier in _PASSED_ON_FOOT:
        return False
    by_tags = tags.get("access") in _SHUT or (tags.get("locked") == "yes" and "access" not in tags)
    return by_tags or (barrier in _WALLS and "access" not in tags)


# --- cutting into pieces -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Gathered:
    """What a reader puts together, way by way, before ways are cut into pieces."""

    way_id: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    refs: array[int] = field(default_factory=lambda: array("q"))
    shut: list[int] = field(default_factory=list)
    gates: list[tuple[int, str]] = field(default_factory=list)
    narrow: list[int] = field(default_factory=list)
    left_out: list[tuple[str, float]] = field(default_factory=list)

    def add_node(self, node: int, tags: Tags) -> None:
        """Keep a barrier that stops walkers, always or for hours, or that stops wheels."""
        if tags.get("barrier") in _NARROW:
            self.narrow.append(node)
        if shuts(tags):
            self.shut.append(node)
        elif "barrier" in tags and (hours := opening(tags)):
            self.gates.append((node, hours))


def pieces(
    gathered: Gathered,
    lon: Degrees,
    lat: Degrees,
    clip: Box | BaseGeometry | None,
    *,
    where: Path,
    as_of: str,
    source: str = MAPPED_BY,
) -> Ways:
    """Cut ways where a vertex has no place (NaN) or lies beyond the clip; drop repeats of one vertex.

    Raises
    ------
    FileError
        When there are no ways.
    AreaError
        When none meets the clip, saying where they are.
    """
    if not gathered.way_id:
        raise FileError(
            "The extract holds no way open to walkers.",
            code="extract-without-ways",
            where=where,
            remedy="Check that it is a whole OpenStreetMap extract with its highway tags.",
        )
    way = np.repeat(np.arange(len(gathered.way_id)), gathered.count)
    refs = np.asarray(gathered.refs, np.int64)
    fresh = np.ones(len(refs), bool)
    fresh[1:] = (refs[1:] != refs[:-1]) | (way[1:] != way[:-1])
    refs, way, lon, lat = refs[fresh], way[fresh], lon[fresh], lat[fresh]
    kept, first = _runs(way, ~np.isnan(lon), inside_of(clip)(lon, lat))
    if not kept.any():
        raise AreaError(
            "No walkable way lies in the clip.",
            code="clip-without-ways",
            where=where,
            seen=f"the ways span {_span(lon, lat)}",
            remedy="Use a clip in degrees (west, south, east, north) that meets them.",
        )
    row = way[first]
    gates = sorted(gathered.gates)
    tags = pd.DataFrame(gathered.rows, columns=list(TAGS), dtype="str").iloc[row].reset_index(drop=True)
    return Ways(
        way_id=np.asarray(gathered.way_id, np.int64)[row],
        tags=tags,
        start=np.append(np.flatnonzero(first[kept]), kept.sum()).astype(np.int64),
        node_ref=refs[kept],
        lon=lon[kept],
        lat=lat[kept],
        shut=np.unique(np.asarray(gathered.shut, np.int64)),
        left_out=_left_out(gathered.left_out),
        gate=np.asarray([node for node, _ in gates], np.int64),
        gate_hours=tuple(hours for _, hours in gates),
        narrow=np.unique(np.asarray(gathered.narrow, np.int64)),
        source=source,
        as_of=as_of,
    )


def _runs(way: NDArray[np.int64], mask: Flags, within: Flags) -> tuple[Flags, Flags]:
    """Say which vertices are kept and which of them begin a piece."""
    within = within & mask
    joined = (way[1:] == way[:-1]) & mask[1:] & mask[:-1] & (within[1:] | within[:-1])
    kept = np.append(joined, False) | np.insert(joined, 0, False)
    return kept, kept & ~np.insert(joined, 0, False)


def _left_out(dropped: list[tuple[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(dropped, columns=["reason", "km"]).astype({"reason": "str", "km": "float64"})
    return frame.groupby("reason", as_index=False).agg(ways=("km", "size"), km=("km", "sum"))


def inside_of(clip: Box | BaseGeometry | None) -> Callable[[Degrees, Degrees], Flags]:
    """Return the question whether points lie in a clip; everything does where there is none."""
    if clip is None:
        return lambda lon, _lat: np.ones(len(lon), bool)
    area = shapely.box(*clip) if isinstance(clip, tuple) else clip
    if area.is_empty or area.area == 0:
        raise AreaError(
            "The clip is empty.",
            code="clip-empty",
            seen=clip,
            remedy="Give west, south, east, north in degrees.",
        )
    shapely.prepare(area)
    return lambda lon, lat: shapely.contains_xy(area, lon, lat)


def _span(lon: Degrees, lat: Degrees) -> str:
    if np.isnan(lon).all():
        return "no known place"
    return f"{np.nanmin(lon):.4f}, {np.nanmin(lat):.4f} to {np.nanmax(lon):.4f}, {np.nanmax(lat):.4f}"
