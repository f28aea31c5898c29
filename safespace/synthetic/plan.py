"""The town's plan: what was there before the houses. Water, railway, main roads, parks and set pieces.

Everything is in metres east (x) and north (y) of the market place. The plan does not depend on the seed;
what fills it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import unary_union

from safespace.synthetic.shapes import Floats, Way, bearing, blob, chop, lines_of, offset, polar

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# Open country in the West Midlands region: British National Grid works there, and there is no town under it.
ORIGIN_EASTING_M, ORIGIN_NORTHING_M = 424_500.0, 270_300.0

RIVER_WIDTH_M, CANAL_WIDTH_M, RAIL_WIDTH_M = 26.0, 12.0, 14.0

# angle, name outside the ring road, name inside it
RADIALS = (
    (88.0, "Station Road", "Northgate Street"),
    (138.0, "Chapel Road", "Tower Street"),
    (179.0, "Westgate Road", "Corn Street"),
    (222.0, "Priory Road", "Priory Row"),
    (268.0, "London Road", "Southgate Street"),
    (312.0, "Wharf Road", "Wharf Street"),
    (2.0, "College Road", "Bridge Street"),
    (46.0, "Abbey Road", "Minster Street"),
)
SUBWAYS = ((24.0, "Friars Subway", "Friars Passage"), (245.0, "Tanners Subway", "Tanners Passage"))


@dataclass(frozen=True)
class Plan:
    """The parts of the town that do not depend on the seed."""

    boundary: Polygon
    built_limit: Polygon
    ring: Polygon
    market: Polygon
    river: LineString
    canal: LineString
    rail: LineString
    parks: dict[str, Polygon]
    campus: Polygon
    stadium: Polygon
    island: Polygon

    @property
    def river_area(self) -> BaseGeometry:
        """The river as an area."""
        return self.river.buffer(RIVER_WIDTH_M / 2, cap_style="flat").intersection(self.boundary)

    @property
    def canal_area(self) -> BaseGeometry:
        """The canal, with its basin at the eastern end, as an area."""
        basin = Point(self.canal.coords[-1]).buffer(34)
        return self.canal.buffer(CANAL_WIDTH_M / 2, cap_style="flat").union(basin).intersection(self.boundary)

    @property
    def rail_area(self) -> BaseGeometry:
        """The railway's land as an area."""
        return self.rail.buffer(RAIL_WIDTH_M / 2, cap_style="flat").intersection(self.boundary)

    @property
    def barriers(self) -> BaseGeometry:
        """Everything a street needs a bridge for."""
        return unary_union([self.river_area, self.canal_area, self.rail_area])


def ring_radius_m(degrees: Floats | float) -> Floats:
    """Return the ring road's distance from the market place at an angle."""
    angle = np.radians(np.asarray(degrees, float))
    return np.asarray(545 + 55 * np.sin(2 * angle + 0.6) + 30 * np.sin(3 * angle))


def circular_radius_m(degrees: Floats | float) -> Floats:
    """Return the outer circular road's distance from the market place at an angle."""
    angle = np.radians(np.asarray(degrees, float))
    return np.asarray(1420 + 260 * np.cos(angle) + 60 * np.sin(2 * angle) + 40 * np.sin(5 * angle))


def _oval(across_m: float, up_m: float, wobble: float) -> Polygon:
    angle = np.linspace(0, 360, 180, endpoint=False)
    turn = np.radians(angle)
    # exponent 3: between an ellipse and a rectangle, as town edges are
    reach = (np.abs(np.cos(turn) / across_m) ** 3 + np.abs(np.sin(turn) / up_m) ** 3) ** (-1 / 3)
    return Polygon(polar(reach * (1 + wobble * np.sin(5 * turn + 1) + wobble * np.sin(8 * turn)), angle))


def river_x_m(y: Floats | float) -> Floats:
    """Return where the river is at a northing."""
    y = np.asarray(y, float)
    return np.asarray(860 + 110 * np.sin(y / 620) + 45 * np.sin(y / 290 + 1))


def canal_y_m(x: Floats | float) -> Floats:
    """Return where the canal is at an easting."""
    return np.asarray(-800 + 45 * np.sin(np.asarray(x, float) / 560 + 0.4))


def draw_plan() -> Plan:
    """Return the plan."""
    north = np.arange(3400, -3401, -40.0)
    east = np.arange(-3600, 3601, 60.0)
    canal_east = east[east < float(river_x_m(-800.0)) - 70]
    turn = np.linspace(0, 360, 120, endpoint=False)
    return Plan(
        boundary=_oval(3000, 2500, 0.015),
        built_limit=_oval(2480, 1990, 0.02),
        ring=Polygon(polar(ring_radius_m(turn), turn)),
        market=Polygon([(-58, -30), (50, -42), (62, 34), (-46, 42)]),
        river=LineString(np.column_stack([river_x_m(north), north])),
        canal=LineString(np.column_stack([canal_east, canal_y_m(canal_east)])),
        rail=LineString(np.column_stack([east, 1010 + 0.16 * east + 70 * np.sin(east / 1500)])),
        parks={
            "Abbey Park": blob(-830, -310, 390, 320),
            "Mill Meadow": blob(1290, -430, 330, 250),
            "Priory Gardens": blob(-115, 310, 120, 110),
            "Northfield Recreation Ground": blob(-700, 1530, 330, 240),
        },
        campus=blob(1270, 430, 500, 440, wobble=0.05),
        stadium=blob(-560, -1560, 280, 230, wobble=0.02),
        island=blob(2010, -900, 330, 250, wobble=0.02),
    )


def radial_line(plan: Plan, degrees: float, *, inside: bool) -> LineString:
    """Return a main road outside the ring road, or the street that continues it to the market place."""
    start, end = (20.0, float(ring_radius_m(degrees))) if inside else (float(ring_radius_m(degrees)), 3600.0)
    radius = np.arange(start, end + 25, 25.0 if inside else 60.0)
    radius[-1] = end
    sway = 5 * np.sin((radius - ring_radius_m(degrees)) / (90 if inside else 520) + degrees)
    sway -= 5 * np.sin(float(degrees))
    line = LineString(polar(radius, degrees + sway * (1 if inside else 1.4)))
    kept = shapely.difference(line, plan.market) if inside else shapely.intersection(line, plan.boundary)
    return max(lines_of(kept), key=lambda part: part.length)


def main_ways(plan: Plan) -> list[Way]:
    """Return the ring road, main roads, circular road, paths by the water and the outlines of set pieces."""
    return [
        *_ring(plan),
        *_radials(plan),
        *_circular(plan),
        *_outer_drive(plan),
        *_railway_footbridge(plan),
        *_waterside(plan),
        *_subways(plan),
        *_outlines(plan),
    ]


def _quarter(line: LineString) -> str:
    angle = bearing(line.interpolate(0.5, normalized=True))[1]
    return ("east", "north", "west", "south")[int((angle + 45) // 90) % 4]


def _ring(plan: Plan) -> list[Way]:
    pieces = chop(LineString(plan.ring.exterior.coords), 220)
    return [
        Way(
            piece,
            {
                "highway": "trunk",
                "name": f"Ring Road ({_quarter(piece)})",
                "ref": "A4999",
                "sidewalk": "both",
                "maxspeed": "40 mph",
            },
        )
        for piece in pieces
    ]


def _radials(plan: Plan) -> list[Way]:
    ways = []
    for degrees, outer, inner in RADIALS:
        tags = {
            "highway": "secondary" if degrees in {138.0, 222.0, 312.0} else "primary",
            "name": outer,
            "sidewalk": "separate" if outer in {"London Road", "Station Road"} else "both",
        }
        ways += _bridged(plan, radial_line(plan, degrees, inside=False), tags, 420)
        kind = "pedestrian" if inner in {"Bridge Street", "Minster Street"} else "tertiary"
        inner_tags = {"highway": kind, "name": inner}
        ways += [
            Way(piece, inner_tags, "core") for piece in chop(radial_line(plan, degrees, inside=True), 260)
        ]
    square = {"highway": "pedestrian", "name": "Market Place"}
    return [*ways, Way(LineString(plan.market.exterior.coords), square, "core")]


def _circular(plan: Plan) -> list[Way]:
    turn = np.linspace(0, 360, 145)
    line = LineString(polar(circular_radius_m(turn), turn))
    ways = _bridged(plan, line, {"highway": "tertiary", "name": "Circular Road"}, 380)
    return [
        Way(w.line, {**w.tags, "name": f"Circular Road ({_quarter(w.line)})"}, w.zone, w.level) for w in ways
    ]


def _outer_drive(plan: Plan) -> list[Way]:
    """Lead a distributor road along parts of the built edge, where the newest estates are."""
    ways = []
    corners = np.array(plan.built_limit.exterior.coords)[:-1]
    angle = np.degrees(np.arctan2(corners[:, 1], corners[:, 0])) % 360
    for name, start, end in (("Northern", 48, 152), ("Western", 192, 262), ("Southern", 276, 348)):
        arc = LineString(corners[(angle >= start) & (angle <= end)])
        ways += _bridged(plan, arc, {"highway": "unclassified", "name": f"{name} Outer Drive"}, 400)
    return [Way(way.line, way.tags, "suburb", way.level) for way in ways]


def _railway_footbridge(plan: Plan) -> list[Way]:
    """Cross the railway on foot, by steps up and down."""
    path = LineString([(470, 640), (490, 900), (515, 1110), (540, 1440)])
    ways = _bridged(plan, path, {"highway": "footway", "name": "Northfields Footbridge"}, 400)
    return [
        Way(way.line, way.tags | {"highway": "steps"} if way.level else way.tags, "suburb", way.level)
        for way in ways
    ]


def _bridged(plan: Plan, line: LineString, tags: dict[str, str], piece_m: float) -> list[Way]:
    wet = plan.barriers.buffer(16)
    over = [
        Way(part, {**tags, "bridge": "yes", "layer": "1"}, "main", 1)
        for part in lines_of(line.intersection(wet))
    ]
    ground = [
        Way(p, tags) for part in lines_of(line.difference(wet), shortest_m=5) for p in chop(part, piece_m)
    ]
    return over + ground


def _waterside(plan: Plan) -> list[Way]:
    towpath = {
        "highway": "path",
        "name": "Canal towpath",
        "towpath": "yes",
        "foot": "designated",
        "surface": "compacted",
    }
    greenway = {
        "highway": "cycleway",
        "name": "College Greenway",
        "foot": "designated",
        "bicycle": "designated",
        "segregated": "yes",
    }
    walks = (
        (towpath, _banks(plan)[0]),
        ({"highway": "footway", "name": "Halls Walk"}, _banks(plan)[1]),
        ({"highway": "footway", "name": "Riverside Walk"}, _banks(plan)[2]),
        (greenway, _banks(plan)[3]),
    )
    ways = []
    for tags, bank in walks:
        inside = bank.intersection(plan.boundary)
        ways += [Way(piece, tags, "water") for kept in lines_of(inside) for piece in chop(kept, 300)]
    return [*ways, *_crossings(plan), *_towpath_link(plan), *_stairs(plan)]


def _banks(plan: Plan) -> tuple[LineString, LineString, LineString, LineString]:
    south = lines_of(offset(plan.canal, -22.0)[0].intersection(shapely.box(-1000, -2000, 560, 0)))
    return offset(plan.canal, 11.0)[0], south[0], offset(plan.river, -22.0)[0], offset(plan.river, 22.0)[0]


def _crossings(plan: Plan) -> list[Way]:
    towpath, halls, west, east = _banks(plan)
    spans = (
        ("College Footbridge", LineString([(400, 250), (1400, 250)]), west, east),
        ("Meadow Footbridge", LineString([(400, -430), (1400, -430)]), west, east),
        ("Wharf Lock", LineString([(330, -1000), (330, -600)]), towpath, halls),
        ("Halls Footbridge", LineString([(60, -1000), (60, -600)]), towpath, halls),
        ("Tannery Lock", LineString([(-900, -1000), (-900, -600)]), towpath, halls),
    )
    tags = {"highway": "footway", "bridge": "yes", "layer": "1"}
    return [Way(_span(line, a, b), {**tags, "name": name}, "water", 1) for name, line, a, b in spans]


def _span(line: LineString, start: LineString, end: LineString) -> LineString:
    ends = [shapely.get_coordinates(line.intersection(bank))[0] for bank in (start, end)]
    return LineString(ends)


def _towpath_link(plan: Plan) -> list[Way]:
    # The towpath ends at the basin; a short path joins it to the riverside.
    towpath, _, bank, _ = _banks(plan)
    start = shapely.get_coordinates(towpath)[-1]
    nearest = bank.interpolate(bank.project(Point(start)))
    tags = {"highway": "path", "name": "Canal towpath", "towpath": "yes", "foot": "designated"}
    return [Way(LineString([start, (start[0] + 25, start[1] + 35), (nearest.x, nearest.y)]), tags, "water")]


def _subways(plan: Plan) -> list[Way]:
    ways = []
    for degrees, name, passage in SUBWAYS:
        edge = float(ring_radius_m(degrees))
        tunnel = {
            "highway": "footway",
            "name": name,
            "tunnel": "yes",
            "layer": "-1",
            "lit": "no",
            "covered": "yes",
        }
        ways.append(Way(LineString(polar(np.array([edge - 26, edge + 26]), degrees)), tunnel, "subway", -1))
        foot = {"highway": "footway", "name": passage}
        inner = LineString(polar(np.array([20.0, edge - 26]), degrees)).difference(plan.market)
        bank = _banks(plan)[2] if degrees < 90 else _banks(plan)[0]
        outer = LineString(polar(np.array([edge + 26, 2400.0]), degrees)).difference(bank.buffer(0.01))
        ways += [Way(max(lines_of(inner), key=lambda part: part.length), foot, "core")]
        ways += [Way(shapely.get_parts(outer)[0], {**foot, "name": name + " approach"}, "subway")]
    return ways


def _outlines(plan: Plan) -> list[Way]:
    paths = [
        (park, {"highway": "footway", "name": name + " perimeter path"}, "park")
        for name, park in plan.parks.items()
    ]
    campus = (
        plan.campus,
        {"highway": "unclassified", "name": "University Road", "sidewalk": "both"},
        "campus",
    )
    ground = (plan.stadium, {"highway": "service", "name": "Stadium Way"}, "stadium")
    return [
        Way(piece, tags, zone)
        for polygon, tags, zone in (*paths, campus, ground)
        for piece in chop(LineString(polygon.exterior.coords), 350)
    ]


def _stairs(plan: Plan) -> list[Way]:
    """Join paths by the water to the road bridges over them, and both sides of the railway, by steps."""
    bridges = [
        way
        for degrees, *_ in RADIALS
        for way in _bridged(plan, radial_line(plan, degrees, inside=False), {}, 9e9)
    ]
    banks = _banks(plan)
    ways = []
    for bridge in (way for way in bridges if way.level):
        for bank in banks:
            if bridge.line.intersects(bank):
                end = min(
                    (Point(c) for c in (bridge.line.coords[0], bridge.line.coords[-1])), key=bank.distance
                )
                foot = bank.interpolate(bank.project(end) + 12)
                ways.append(
                    Way(LineString([end, foot]), {"highway": "steps", "name": "Steps to the water"}, "water")
                )
    return ways
