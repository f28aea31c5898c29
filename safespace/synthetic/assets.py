"""Things that stand beside the streets: lamps, cameras, premises, stops, stations, halls, names of places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from safespace.synthetic.names import BARS, CLUBS, FOOD, SIGNS, SUBURBS
from safespace.synthetic.plan import Plan, canal_y_m, radial_line
from safespace.synthetic.shapes import along, polar, polygons_of

if TYPE_CHECKING:
    from safespace.synthetic.noding import Network
    from safespace.synthetic.shapes import Floats

LAMP_SPACING_M = 34.0
CORN_STREET_DEGREES, CHAPEL_ROAD_DEGREES = 179.0, 138.0


@dataclass(frozen=True)
class Asset:
    """A tagged point, metres from the market place."""

    x: float
    y: float
    tags: dict[str, str]


@dataclass(frozen=True)
class Shape:
    """A tagged area or line that is not part of the street network."""

    outline: Polygon | LineString
    tags: dict[str, str]


@dataclass(frozen=True)
class Assets:
    """All points and shapes of the town."""

    points: tuple[Asset, ...]
    shapes: tuple[Shape, ...]

    def premises(self) -> list[Asset]:
        """Return pubs, bars and nightclubs."""
        return [p for p in self.points if p.tags.get("amenity") in {"pub", "bar", "nightclub"}]


def place_assets(plan: Plan, network: Network, rng: np.random.Generator) -> Assets:
    """Return what stands beside the streets."""
    points = [
        *_lamps(network, rng),
        *_cameras(network, rng),
        *_premises(plan, network, rng),
        *_stops(plan),
        *_places(),
    ]
    return Assets(tuple(points), tuple(_shapes(plan)))


def _lamps(network: Network, rng: np.random.Generator) -> list[Asset]:
    lamps: list[Asset] = []
    for way, nodes, draw in zip(network.ways, network.nodes, rng.random(len(network.ways)), strict=True):
        chance = {"core": 0.9, "main": 0.9, "campus": 0.8}.get(way.zone, 0.5)
        chance = chance if way.tags.get("lit") == "yes" else 0.07 * (way.zone == "suburb")
        if draw < chance and way.level == 0:
            lamps += _row_of_lamps(network.xy[nodes])
    return lamps


def _row_of_lamps(path: Floats) -> list[Asset]:
    line = LineString(path)
    marks = np.arange(LAMP_SPACING_M / 2, line.length, LAMP_SPACING_M)
    here = shapely.get_coordinates(line.interpolate(marks))
    ahead = shapely.get_coordinates(line.interpolate(marks + 1)) - shapely.get_coordinates(
        line.interpolate(marks - 1)
    )
    length = np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    side = np.where(np.arange(len(marks)) % 2, 1, -1)[:, None]
    places = here + side * 4.0 * np.column_stack([-ahead[:, 1], ahead[:, 0]]) / length
    return [Asset(x, y, {"highway": "street_lamp"}) for x, y in places.tolist()]


def _cameras(network: Network, rng: np.random.Generator) -> list[Asset]:
    core = [i for i, way in enumerate(network.ways) if way.zone == "core" and way.level == 0]
    tags = {"man_made": "surveillance", "surveillance": "public", "surveillance:type": "camera"}
    chosen = rng.choice(core, size=56, replace=False)
    spots = [network.xy[network.nodes[i][0]] + rng.normal(0, 3, 2) for i in chosen]
    return [Asset(float(x), float(y), tags) for x, y in spots]


def _premises(plan: Plan, network: Network, rng: np.random.Generator) -> list[Asset]:
    corn = radial_line(plan, CORN_STREET_DEGREES, inside=True)
    chapel = radial_line(plan, CHAPEL_ROAD_DEGREES, inside=False)
    spots = {
        "club": _beside(corn, rng, 5, (150, 380))
        + _beside(radial_line(plan, 268.0, inside=True), rng, 1, (100, 200)),
        "bar": _beside(corn, rng, 10, (60, 420))
        + _beside(chapel, rng, 4, (820, 990))
        + _in_core(network, rng, 4),
        "pub": _beside(corn, rng, 4, (40, 420)) + _in_core(network, rng, 12) + _elsewhere(network, rng, 14),
        "food": _beside(corn, rng, 5, (60, 420)) + _beside(chapel, rng, 1, (850, 950)),
    }
    kinds = {
        "club": ("nightclub", CLUBS),
        "bar": ("bar", BARS),
        "pub": ("pub", SIGNS),
        "food": ("fast_food", FOOD),
    }
    return [
        Asset(x, y, {"amenity": kinds[kind][0], "name": f"The {name}" if kind == "pub" else name})
        for kind, places in spots.items()
        for (x, y), name in zip(places, kinds[kind][1], strict=True)
    ]


def _beside(
    line: LineString, rng: np.random.Generator, count: int, stretch_m: tuple[float, float]
) -> list[tuple[float, float]]:
    marks = np.sort(rng.uniform(*stretch_m, count))
    places = shapely.get_coordinates(line.interpolate(marks)) + rng.normal(0, 7, (count, 2))
    return [(float(x), float(y)) for x, y in places]


def _in_core(network: Network, rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    return _on_ways(network, rng, count, {"core"})


def _elsewhere(network: Network, rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    return _on_ways(network, rng, count, {"terraces", "suburb"})


def _on_ways(
    network: Network, rng: np.random.Generator, count: int, zones: set[str]
) -> list[tuple[float, float]]:
    among = [i for i, way in enumerate(network.ways) if way.zone in zones and "name" in way.tags]
    places = [
        network.xy[network.nodes[i][0]] + rng.normal(0, 6, 2) for i in rng.choice(among, count, replace=False)
    ]
    return [(float(x), float(y)) for x, y in places]


def _stops(plan: Plan) -> list[Asset]:
    stops = []
    for degrees in (88.0, 138.0, 179.0, 222.0, 268.0, 312.0, 2.0, 46.0):
        line = radial_line(plan, degrees, inside=False).intersection(plan.built_limit)
        part = max(shapely.get_parts(line), key=shapely.length)
        stops += [
            Asset(
                p.x + 6,
                p.y + 6,
                {"highway": "bus_stop", "public_transport": "platform", "name": f"Stop {chr(65 + n)}"},
            )
            for n, p in enumerate(along(part, 330.0))
        ]
    station = radial_line(plan, 88.0, inside=False).intersection(plan.rail).centroid
    return [
        *stops,
        Asset(
            station.x - 40,
            station.y - 30,
            {"railway": "station", "public_transport": "station", "name": "Stonebridge"},
        ),
        Asset(
            210.0,
            -230.0,
            {"amenity": "bus_station", "public_transport": "station", "name": "Stonebridge Bus Station"},
        ),
    ]


def _places() -> list[Asset]:
    town = Asset(
        0.0, 0.0, {"place": "town", "name": "Stonebridge", "note": "Synthetic data: not a real place"}
    )
    return [town, *(Asset(float(x), float(y), {"place": "suburb", "name": name}) for name, x, y in SUBURBS)]


def _shapes(plan: Plan) -> list[Shape]:
    areas = [
        *(
            (p, {"natural": "water", "water": "river", "name": "River Alder"})
            for p in polygons_of(plan.river_area)
        ),
        *(
            (p, {"natural": "water", "water": "canal", "name": "Wharf Canal"})
            for p in polygons_of(plan.canal_area)
        ),
        *((park, {"leisure": "park", "name": name}) for name, park in plan.parks.items()),
        (plan.campus, {"amenity": "university", "name": "University of Stonebridge"}),
        (plan.stadium.buffer(-25), {"leisure": "stadium", "building": "stadium", "name": "Alder Ground"}),
    ]
    rail = shapely.get_parts(plan.rail.intersection(plan.boundary))[0]
    lines = [(rail, {"railway": "rail", "name": "Stonebridge line"})]
    return [
        Shape(outline, tags | {"source": "synthetic"}) for outline, tags in [*areas, *lines, *_halls(plan)]
    ]


def _halls(plan: Plan) -> list[tuple[Polygon, dict[str, str]]]:
    """Return the student halls: six south of the canal, three beside the campus."""
    south = [(x, float(canal_y_m(x)) - 62) for x in (50.0, 140.0, 230.0, 320.0, 410.0, 500.0)]
    centre = plan.campus.centroid
    east = [
        (float(c[0]), float(c[1]))
        for c in polar(185.0, np.array([60.0, 95.0, 130.0])) + np.array([centre.x, centre.y])
    ]
    tags = {"building": "dormitory", "amenity": "student_accommodation"}
    wings = ("Barge", "Lock", "Lighter", "Narrowboat", "Towline", "Windlass", "Fen", "Moor", "Weald")
    return [
        (shapely.box(x - 32, y - 14, x + 32, y + 14), {**tags, "name": f"{wing} Hall"})
        for (x, y), wing in zip(south + east, wings, strict=True)
    ]
