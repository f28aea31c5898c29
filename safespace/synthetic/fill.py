"""What fills the plan: the streets of each quarter, by the way that kind of quarter grew."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import unary_union

from safespace.synthetic.plan import circular_radius_m, ring_radius_m
from safespace.synthetic.shapes import (
    Cut,
    Floats,
    Way,
    bearing,
    bezier,
    chop,
    faces_between,
    lines_of,
    offset,
    sides,
    subdivide,
)

if TYPE_CHECKING:
    from safespace.synthetic.names import StreetNames
    from safespace.synthetic.plan import Plan

Quarter: TypeAlias = Literal["core", "terraces", "suburb", "works", "fields", "water"]


@dataclass(frozen=True)
class Face:
    """A piece of land between main roads and barriers, and what was built on it."""

    land: Polygon
    quarter: Quarter


def faces(plan: Plan, ways: list[Way]) -> list[Face]:
    """Return the pieces of land the main ways and the barriers leave, with what is built on each."""
    set_pieces = [*plan.parks.values(), plan.campus, plan.stadium, plan.island]
    taken = unary_union([plan.barriers.buffer(6), *set_pieces])
    fences = [
        plan.boundary.exterior,
        plan.built_limit.exterior,
        plan.barriers.buffer(8).boundary,
        plan.island.exterior,
    ]
    roads = [way.line for way in ways if way.zone != "subway"]
    pieces = [piece for piece in faces_between(unary_union([*roads, *fences])) if piece.area > 900]
    free = plan.boundary.difference(taken)
    return [
        Face(piece, _quarter(plan, piece)) for piece in pieces if free.contains(piece.representative_point())
    ]


def _quarter(plan: Plan, piece: Polygon) -> Quarter:
    inside = piece.representative_point()
    radius, angle = bearing(inside)
    if not plan.built_limit.contains(inside):
        return "fields"
    if radius < ring_radius_m(angle):
        return "core"
    if 275 < angle < 312 and radius > circular_radius_m(angle):
        return "works"
    inner = radius < circular_radius_m(angle)
    return "terraces" if inner and (80 < angle < 275 or angle > 300) else "suburb"


def fill(plan: Plan, ways: list[Way], rng: np.random.Generator, names: StreetNames) -> list[Way]:
    """Return the streets, alleys and paths of every quarter, park and set piece."""
    made: list[Way] = []
    for face in faces(plan, ways):
        made += _FILLERS[face.quarter](face.land, rng, names)
    made += _sidewalks(ways)
    made += [way for name, park in plan.parks.items() for way in _park_paths(name, park, rng)]
    return [*made, *_campus_paths(plan.campus, rng), *_island(plan.island, names)]


def _core(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    cuts, blocks = subdivide(land, rng, target_m2=5200, tilt=0.28, bend=0.16)
    ways = [_core_street(cut, rng, names) for cut in cuts]
    courts = [block for block in blocks if block.area > 3500]
    return ways + [_alley(block, rng, "core") for block in courts if rng.random() < 0.25]


def _core_street(cut: Cut, rng: np.random.Generator, names: StreetNames) -> Way:
    kind = rng.choice(["residential", "living_street", "pedestrian", "footway"], p=[0.5, 0.14, 0.14, 0.22])
    if kind == "footway" and cut.line.length < 95 and rng.random() < 0.5:
        kind = "steps"  # the old town is on a hill
    return Way(cut.line, {"highway": str(kind), "name": names.take("core")}, "core")


def _alley(block: Polygon, rng: np.random.Generator, zone: str) -> Way:
    """Lead a dead-end service alley from a block's edge to a little past its middle."""
    start = block.exterior.interpolate(rng.random(), normalized=True)
    centre = block.representative_point()
    tags = {"highway": "service", "service": "alley"}
    tags |= {"access": "private"} if rng.random() < 0.3 else {}
    return Way(LineString([(start.x, start.y), (centre.x, centre.y)]), tags, zone)


def _terraces(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    """Rule parallel streets with cross streets and back alleys, then turn them to the quarter."""
    cuts, estates = subdivide(land, rng, target_m2=110_000, tilt=0.12, bend=0.05)
    ways = [
        Way(cut.line, {"highway": "residential", "name": names.take("terraces")}, "terraces") for cut in cuts
    ]
    return ways + [way for estate in estates for way in _terrace_rows(estate, rng, names)]


def _terrace_rows(estate: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    centre, long, short = sides(estate)
    spacing = rng.uniform(62, 76)
    reach = float(np.hypot(*short))
    lean = rng.uniform(-0.06, 0.06)
    across, down = _unit(long) + lean * _unit(short), _unit(short) - lean * _unit(long)
    ways = []
    for number, aside in enumerate(np.arange(-reach + spacing * 0.7, reach - 25, spacing)):
        ways += _ruled(estate, centre + down * aside, across, {"highway": "residential"}, names)
        alley = {"highway": "service", "service": "alley"} if number % 2 else {}
        ways += _ruled(estate, centre + down * (aside + spacing / 2), across, alley, None) if alley else []
    for aside in np.arange(-np.hypot(*long) + 120, np.hypot(*long) - 60, rng.uniform(170, 220)):
        ways += _ruled(estate, centre + across * aside, down, {"highway": "residential"}, names)
    return ways


def _ruled(
    land: Polygon, through: Floats, heading: Floats, tags: dict[str, str], names: StreetNames | None
) -> list[Way]:
    line = LineString([through - heading * 1500, through + heading * 1500])
    parts = lines_of(line.intersection(land), shortest_m=45)
    named = {"name": names.take("terraces")} if names and parts else {}
    return [Way(part, {**tags, **named}, "terraces") for part in parts]


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.hypot(*vector))


def _suburb(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    cuts, blocks = subdivide(land, rng, target_m2=34_000, tilt=0.2, bend=0.3)
    kinds = ["tertiary", "unclassified", "residential"]
    ways = [
        Way(cut.line, {"highway": kinds[min(cut.depth, 2)], "name": names.take("suburb")}, "suburb")
        for cut in cuts
    ]
    return ways + [way for block in blocks for way in _inside_block(block, rng, names)]


def _inside_block(block: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    choice = rng.random()
    if block.area < 14_000:
        return []
    if choice < 0.42:
        return [_crescent(block, rng, names)]
    closes = [_close(block, rng, names) for _ in range(1 if block.area < 30_000 else 2)]
    # a footpath from the end of a close to the far side is how such estates let people through
    through = [_cut_through(block, closes[0])] if choice > 0.7 else []
    return [way for way in [*closes, *through] if way is not None]


def _crescent(block: Polygon, rng: np.random.Generator, names: StreetNames) -> Way:
    centre, long, short = sides(block)
    side = 1 if rng.random() < 0.5 else -1
    base, depth = centre - short * side * 1.3, short * side * rng.uniform(1.6, 2.0)
    start, end = (_on_edge(block, base + long * share) for share in (-0.55, 0.55))
    line = bezier(start, start + depth, end + depth, end, steps=14)
    return Way(_kept(line, block), {"highway": "residential", "name": names.take("crescent")}, "suburb")


def _close(block: Polygon, rng: np.random.Generator, names: StreetNames) -> Way:
    centre, long, _ = sides(block)
    start = block.exterior.interpolate(rng.random(), normalized=True)
    foot = np.array([start.x, start.y])
    end = centre + long * rng.uniform(-0.4, 0.4)
    bow = np.array([foot[1] - end[1], end[0] - foot[0]]) * rng.uniform(-0.22, 0.22)
    line = bezier(foot, foot + (end - foot) / 3 + bow, foot + (end - foot) * 2 / 3 + bow, end, steps=6)
    return Way(_kept(line, block), {"highway": "residential", "name": names.take("close")}, "suburb")


def _cut_through(block: Polygon, close: Way) -> Way | None:
    end = np.array(close.line.coords[-1])
    heading = _unit(end - np.array(close.line.coords[0]))
    parts = lines_of(LineString([end, end + heading * 600]).intersection(block))
    return Way(parts[0], {"highway": "footway"}, "suburb") if parts else None


def _on_edge(block: Polygon, point: Floats) -> Floats:
    nearest = block.exterior.interpolate(block.exterior.project(Point(point)))
    return np.array([nearest.x, nearest.y])


def _kept(line: LineString, block: Polygon) -> LineString:
    """Return the longest part of a line that stays within its block."""
    parts = lines_of(line.intersection(block.buffer(0.5)), shortest_m=0)
    return max(parts, key=lambda part: part.length)


def _works(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    cuts, blocks = subdivide(land, rng, target_m2=52_000, tilt=0.08, bend=0.04)
    ways = [
        Way(
            cut.line,
            {"highway": "unclassified" if cut.depth < 2 else "service", "name": names.take("works")},
            "works",
        )
        for cut in cuts
    ]
    yards = [_alley(block, rng, "works") for block in blocks]
    return ways + [Way(y.line, {"highway": "service", "access": "private"}, "works") for y in yards]


def _fields(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    if land.area < 60_000:
        return []
    cuts, _ = subdivide(land, rng, target_m2=420_000, tilt=0.3, bend=0.3)
    ways = []
    for cut in cuts:
        lane = {"highway": "unclassified", "name": names.take("lane")}
        path = {"highway": "path", "foot": "yes", "designation": "public_footpath"}
        ways.append(Way(cut.line, lane if rng.random() < 0.45 else path, "fields"))
    return ways


def _nothing(land: Polygon, rng: np.random.Generator, names: StreetNames) -> list[Way]:
    del land, rng, names
    return []


_FILLERS = MappingProxyType(
    {
        "core": _core,
        "terraces": _terraces,
        "suburb": _suburb,
        "works": _works,
        "fields": _fields,
        "water": _nothing,
    }
)


def _sidewalks(ways: list[Way]) -> list[Way]:
    """Draw the footways of roads whose pavements are mapped apart from the carriageway."""
    made = []
    for way in ways:
        if way.level == 0 and way.tags.get("sidewalk") == "separate":
            tags = {"highway": "footway", "footway": "sidewalk"}
            made += [Way(part, tags, "sidewalk") for side in (8.0, -8.0) for part in offset(way.line, side)]
            middle = way.line.interpolate(0.5, normalized=True)
            made += [
                Way(_square_on(way.line, middle), {"highway": "footway", "footway": "crossing"}, "sidewalk")
            ]
    return made


def _square_on(line: LineString, point: Point) -> LineString:
    at = line.project(point)
    behind, ahead = (np.array(line.interpolate(at + step).coords[0]) for step in (-2, 2))
    side = _unit(np.array([behind[1] - ahead[1], ahead[0] - behind[0]])) * 9
    centre = np.array([point.x, point.y])
    return LineString([centre - side, centre, centre + side])


def _park_paths(name: str, park: Polygon, rng: np.random.Generator) -> list[Way]:
    """Cross a park with curved paths; the larger ones are shut at night, which opening_hours says."""
    gated = {"opening_hours": "Mo-Su 07:30-20:00"} if name in {"Abbey Park", "Priory Gardens"} else {}
    ways = []
    for turn in np.arange(3) * 60 + rng.uniform(0, 40):
        start, end = (_on_rim(park, turn + half) for half in (0.0, 180.0))
        centre = np.array(park.centroid.coords[0])
        line = bezier(start, centre + (start - centre) * 0.2, centre + (end - centre) * 0.2 + 12, end)
        ways.append(Way(line, {"highway": "footway", "name": f"{name} path", **gated}, "park"))
    return ways


def _on_rim(park: Polygon, degrees: float) -> Floats:
    centre = np.array(park.centroid.coords[0])
    ray = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * 2000
    return np.array(LineString([centre, centre + ray]).intersection(park.exterior).coords[0])


def _campus_paths(campus: Polygon, rng: np.random.Generator) -> list[Way]:
    cuts, _ = subdivide(campus, rng, target_m2=9000, tilt=0.1, bend=0.08)
    kinds = ["unclassified", "footway", "footway", "footway"]
    return [
        Way(
            cut.line,
            {"highway": kinds[min(cut.depth, 3)], "name": "Campus Walk" if cut.depth else "College Avenue"},
            "campus",
        )
        for cut in cuts
    ]


def _island(land: Polygon, names: StreetNames) -> list[Way]:
    """Lay out a holiday park that was mapped without its road to the town: an island of streets."""
    rim = land.buffer(-45)
    tags = {"highway": "service", "name": "Fold Farm Holiday Park"}
    west, south, east, north = rim.bounds
    middle = (south + north) / 2
    spine = lines_of(LineString([(west, middle), (east, middle)]).intersection(rim))
    rows = [
        part
        for x in np.linspace(west, east, 6)[1:-1]
        for part in lines_of(LineString([(x, south), (x, north)]).intersection(rim))
    ]
    outline = chop(LineString(rim.exterior.coords), 400)
    return [
        *[Way(line, tags, "island") for line in [*outline, *spine]],
        *[Way(line, {"highway": "residential", "name": names.take("close")}, "island") for line in rows],
    ]
