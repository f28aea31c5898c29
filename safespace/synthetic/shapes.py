"""Plane geometry the town is drawn with: curves, blobs, halving and chopping. Metres throughout."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import polygonize, split, substring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

Floats: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Way:
    """A line and its OpenStreetMap tags.

    Attributes
    ----------
    line
        Metres east and north of the market place.
    tags
        OpenStreetMap tags.
    zone
        Which part of the town it is in: core, terraces, suburb, path ...
    level
        0 meets every line it crosses; above (bridges) and below (tunnels) it meets others at its ends only.
    """

    line: LineString
    tags: dict[str, str] = field(default_factory=dict)
    zone: str = "main"
    level: int = 0


def polar(radius_m: Floats | float, degrees: Floats | float) -> Floats:
    """Return points at a distance and a bearing anticlockwise from east, shape (n, 2)."""
    radius, angle = np.broadcast_arrays(np.asarray(radius_m, float), np.radians(degrees))
    return np.column_stack([(radius * np.cos(angle)).ravel(), (radius * np.sin(angle)).ravel()])


def bearing(point: Point) -> tuple[float, float]:
    """Return the distance (metres) and the angle (degrees, 0 to 360, anticlockwise from east) of a point."""
    return float(np.hypot(point.x, point.y)), float(np.degrees(np.arctan2(point.y, point.x)) % 360)


def blob(x: float, y: float, width_m: float, height_m: float, *, wobble: float = 0.08) -> Polygon:
    """Return a rounded, slightly irregular polygon about a point."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    reach = 1 + wobble * np.sin(3 * angle + x) + wobble / 2 * np.sin(5 * angle + y)
    return Polygon(
        np.column_stack([x + width_m / 2 * reach * np.cos(angle), y + height_m / 2 * reach * np.sin(angle)])
    )


def bezier(start: Floats, first: Floats, second: Floats, end: Floats, *, steps: int = 10) -> LineString:
    """Return a cubic curve through four control points as a line."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    points = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end
    return LineString(points)


def lines_of(geometry: BaseGeometry, *, shortest_m: float = 20.0) -> list[LineString]:
    """Return the lines within a geometry that are long enough to be a street."""
    parts = shapely.get_parts(geometry, return_index=False)
    return [part for part in parts if isinstance(part, LineString) and part.length >= shortest_m]


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons within a geometry."""
    return [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]


def chop(line: LineString, length_m: float) -> list[LineString]:
    """Return the line in equal pieces no longer than about ``length_m``."""
    pieces = max(1, round(line.length / length_m))
    marks = np.linspace(0, line.length, pieces + 1)
    parts = (substring(line, start, end) for start, end in pairwise(marks))
    return [part for part in parts if isinstance(part, LineString)]


def sides(polygon: Polygon) -> tuple[Floats, Floats, Floats]:
    """Return centre, long half-axis and short half-axis of the tightest rectangle round a polygon."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(polygon))
    if len(corners) < 4:
        corners = shapely.get_coordinates(shapely.envelope(polygon))
    first, second = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    long, short = (first, second) if np.hypot(*first) >= np.hypot(*second) else (second, first)
    return (corners[0] + corners[2]) / 2, long, short


def cut_across(polygon: Polygon, rng: np.random.Generator, *, tilt: float, bend: float) -> LineString:
    """Return a line across the polygon's short side near its middle, tilted and bent a little."""
    centre, long, short = sides(polygon)
    middle = centre + long * rng.uniform(-0.22, 0.22)
    reach = 1.6 * short
    lean = long / np.hypot(*long) * np.hypot(*reach) * rng.uniform(-tilt, tilt)
    bow = long / np.hypot(*long) * np.hypot(*reach) * rng.uniform(-bend, bend)
    start, end = middle - reach - lean, middle + reach + lean
    return bezier(start, start + (end - start) / 3 + bow, start + (end - start) * 2 / 3 + bow, end, steps=8)


@dataclass(frozen=True)
class Cut:
    """A street made by halving a block, and how many halvings came before it."""

    line: LineString
    depth: int


def faces_between(lines: BaseGeometry) -> list[Polygon]:
    """Return the pieces of land that noded lines enclose."""
    return [part for part in polygonize(shapely.get_parts(lines).tolist()) if isinstance(part, Polygon)]


def subdivide(
    polygon: Polygon, rng: np.random.Generator, *, target_m2: float, tilt: float, bend: float
) -> tuple[list[Cut], list[Polygon]]:
    """Halve a polygon again and again; return the streets made and the blocks left.

    Notes
    -----
    Halving across the long side makes the T-junctions and unequal blocks of streets that grew, not of
    streets that were ruled.
    """
    cuts, blocks, todo = [], [], [(polygon, 0)]
    while todo:
        block, depth = todo.pop()
        if block.area < 1.5 * target_m2 or np.hypot(*sides(block)[2]) < 14:
            blocks.append(block)
            continue
        line = cut_across(block, rng, tilt=tilt, bend=bend)
        pieces = polygons_of(split(block, line))
        cuts += [Cut(part, depth) for part in lines_of(shapely.intersection(line, block))]
        todo += [(piece, depth + 1) for piece in pieces] if len(pieces) > 1 else []
        blocks += [block] if len(pieces) <= 1 else []
    return cuts, blocks


def offset(line: LineString, distance_m: float) -> list[LineString]:
    """Return the line moved sideways (left is positive), as the pieces long enough to keep."""
    return lines_of(shapely.offset_curve(shapely.simplify(line, 0.5), distance_m, join_style="mitre"))


def along(line: LineString, spacing_m: float) -> list[Point]:
    """Return points along a line, half a spacing from its start."""
    marks: Iterable[float] = np.arange(spacing_m / 2, line.length, spacing_m)
    return [line.interpolate(mark) for mark in marks]
