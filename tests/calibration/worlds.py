"""Simulated worlds whose truth is known: nothing there, or a cluster that was planted.

A rule that says where something is more than usual is put to them by :mod:`rates`. Each world says what a
well-informed person would call a place found in it, because counts cannot always tell: ten pins of one
person and ten of ten people are the same counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from made_county import County
from pyproj import Transformer

from safespace.cells import EQUAL_AREA, locate, neighbours, on_ground, study_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

REPORTS = 544  # as many as the one published set of StreetSafe reports of a force
SNAP_POINTS_PER_KM2 = 8.0
COX_RANGE_M = 2_000.0
_WAVES = 200  # that make up a random field
_TO_DEGREES = Transformer.from_crs(EQUAL_AREA, "EPSG:4326", always_xy=True)
_TO_METRES = Transformer.from_crs("EPSG:4326", EQUAL_AREA, always_xy=True)


class Stage:
    """An area and its cells at a resolution, laid out once for all layers.

    ``window`` is :func:`safespace.cells.study_window`'s, ``share`` each cell's share of the ground inside,
    ``middle`` the cells' centres in equal-area metres, shape (n, 2).
    """

    def __init__(self, area: shapely.Geometry, resolution: int) -> None:
        self.resolution = resolution
        self.window = study_window(area, resolution=resolution)
        size = (self.window["area_km2"] * ~self.window["edge"]).to_numpy()
        self.km2 = float(size.sum())
        self.share: Numbers = size / size.sum()
        lat_lon = np.array([h3.cell_to_latlng(cell) for cell in self.window["cell"].tolist()])
        self.middle: Numbers = np.column_stack(_TO_METRES.transform(lat_lon[:, 1], lat_lon[:, 0]))
        self.ring = neighbours(self.window["cell"])
        dense = shapely.segmentize(area, 0.001)
        self.ground = shapely.transform(dense, lambda xy: np.column_stack(_TO_METRES.transform(*xy.T)))
        shapely.prepare(self.ground)
        whole = (self.share > 0) & self.window["ground"].isna().to_numpy()
        self.whole_rings: Whole = np.flatnonzero(self.ring @ whole.astype(np.int64) == 7)

    def points(self, count: int, rng: np.random.Generator) -> Numbers:
        """Return points uniform over the area, equal-area metres, shape (count, 2)."""
        west, south, east, north = self.ground.bounds
        drawn = max(1000, int(1.5 * count * (east - west) * (north - south) / self.ground.area))
        kept = np.empty((0, 2))
        while len(kept) < count:
            some = rng.uniform([west, south], [east, north], (drawn, 2))
            kept = np.vstack([kept, some[shapely.contains_xy(self.ground, some)]])
        return kept[:count]

    def cells_of(self, points: Numbers) -> Whole:
        """Return the place in the window of each point's cell, -1 for those outside the area."""
        lon, lat = _TO_DEGREES.transform(points[:, 0], points[:, 1])
        cell = locate(lon, lat, resolution=self.resolution)
        at = pd.Index(self.window["cell"]).get_indexer(cell)
        inside = on_ground(cell, lon, lat, self.window) & (self.share[at] > 0)
        return np.where(inside, at, -1).astype(np.int64)

    def count(self, at: Whole) -> Whole:
        """Return how many of some points are in each cell of the window, shape (n,)."""
        return np.bincount(at[at >= 0], minlength=len(self.share)).astype(np.int64)


@dataclass(frozen=True)
class Layer:
    """One draw of a world: counted cells, which of them hold what was planted, and who reported when.

    ``points`` (``at``, a row of the cells, ``day`` and ``person``) is what counts do not say; only worlds of
    people and days have it.
    """

    cells: pd.DataFrame
    planted: NDArray[np.bool_]
    points: pd.DataFrame | None = None


@dataclass(frozen=True)
class World:
    """A world: ``draw`` gives its layers; ``truth`` is what a well-informed person would call a place in it.

    ``nothing`` says whether any place is one too many. ``events`` is how many a layer has, about.
    """

    name: str
    events: int
    truth: str
    draw: Callable[[Stage, np.random.Generator], Layer] = field(repr=False)
    area: str = "county"
    nothing: bool = True
    resolutions: tuple[int, ...] = (8, 9)


def _layer(
    stage: Stage,
    events: Whole,
    *,
    exposure: Numbers | None = None,
    planted: Whole | None = None,
    points: pd.DataFrame | None = None,
) -> Layer:
    cells = stage.window.assign(events=events, pins=events)
    mask = np.zeros(len(events), dtype=bool)
    mask[planted if planted is not None else []] = True
    return Layer(cells if exposure is None else cells.assign(exposure=exposure), mask, points)


def _uniform(count: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Place events anew, uniform over the ground."""
    return lambda stage, rng: _layer(stage, rng.multinomial(count, stage.share))


def _clipped(count: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Place points uniform inside the outline, none beyond it, and find their cells one by one."""
    return lambda stage, rng: _layer(stage, stage.count(stage.cells_of(stage.points(count, rng))))


def _cox(count: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Place events by a log-Gaussian field of standard deviation 1."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        share = stage.share * np.exp(_gaussian_field(stage.middle, rng))
        return _layer(stage, rng.multinomial(count, share / share.sum()))

    return draw


def _gaussian_field(places: Numbers, rng: np.random.Generator) -> Numbers:
    """Return a field of mean 0 and standard deviation 1 at some places, alike within ``COX_RANGE_M``."""
    waves = rng.normal(0, 1 / COX_RANGE_M, (2, _WAVES))
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    return np.cos(places @ waves + phase).sum(axis=1) * np.sqrt(2 / _WAVES)


def _snapped(count: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Give each event one of the area's shared map points, as the police.uk data do, all as likely."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        points = max(int(rng.poisson(SNAP_POINTS_PER_KM2 * stage.km2)), 1)
        at = rng.choice(len(stage.share), points, p=stage.share)
        each = rng.multinomial(count, np.full(points, 1 / points))
        return _layer(stage, np.bincount(at, weights=each, minlength=len(stage.share)).astype(np.int64))

    return draw


def _of_people(stage: Stage, place: Numbers, person: Whole, day: Whole, **more: Whole) -> Layer:
    at = stage.cells_of(place)
    points = pd.DataFrame({"at": at, "day": day, "person": person})[at >= 0].reset_index(drop=True)
    return _layer(stage, stage.count(at), points=points, **more)


def _repeated(count: int, each: float = 1.6) -> Callable[[Stage, np.random.Generator], Layer]:
    """Let people at random send several pins each, on other days and a street or two apart: none can be merged."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        people = round(count / each)
        person = np.repeat(np.arange(people), 1 + rng.poisson(each - 1, people))
        place = stage.points(people, rng)[person] + rng.normal(0, 100, (len(person), 2))
        return _of_people(stage, place, person, rng.integers(0, 365, len(person)))

    return draw


def _prolific(count: int, pins: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Add to uniform reports those of one person, each on another day within a street of one place."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        others, home = stage.points(count, rng), stage.points(1, rng)
        place = np.vstack([others, home + rng.normal(0, 40, (pins, 2))])
        person = np.concatenate([np.arange(count), np.full(pins, count)])
        day = np.concatenate([rng.integers(0, 365, count), rng.choice(365, pins, replace=False)])
        return _of_people(stage, place, person, day)

    return draw


def _campaign(count: int, weeks: int, each: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Add to uniform reports weeks in which many people of one district, a kilometre round, are asked to report."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        extra = weeks * each
        middle = np.repeat(stage.points(weeks, rng), each, axis=0)
        turn, out = rng.uniform(0, 2 * np.pi, extra), 1000 * np.sqrt(rng.uniform(0, 1, extra))
        asked = middle + np.column_stack([out * np.cos(turn), out * np.sin(turn)])
        first = np.repeat(rng.integers(0, 358, weeks), each)
        day = np.concatenate([rng.integers(0, 365, count), first + rng.integers(0, 7, extra)])
        return _of_people(stage, np.vstack([stage.points(count, rng), asked]), np.arange(count + extra), day)

    return draw


def _lost(count: int, kept: float = 0.2) -> Callable[[Stage, np.random.Generator], Layer]:
    """Lose most of the coordinates on one side of the area, as where one division's system keeps none."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        turn = rng.uniform(0, 2 * np.pi)
        along = stage.middle @ np.array([np.cos(turn), np.sin(turn)])
        share = stage.share * np.where(along < np.median(along), kept, 1.0)
        return _layer(stage, rng.multinomial(count, share / share.sum()))

    return draw


def _uneven(count: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Place events by a baseline that differs a hundredfold between cells, and hold them against it."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        exposure = stage.share * np.exp(rng.normal(0, 1.5, len(stage.share)))
        return _layer(stage, rng.multinomial(count, exposure / exposure.sum()), exposure=exposure)

    return draw


def _in_a_ring(count: int, extra: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Add events to a cell and the six round it, at random among the seven."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        middle = rng.choice(stage.whole_rings)
        members = stage.ring.indices[stage.ring.indptr[middle] : stage.ring.indptr[middle + 1]]
        added = stage.count(rng.choice(members, extra).astype(np.int64))
        return _layer(stage, rng.multinomial(count, stage.share) + added, planted=members)

    return draw


def _in_a_cell(count: int, extra: int) -> Callable[[Stage, np.random.Generator], Layer]:
    """Add events to one cell."""

    def draw(stage: Stage, rng: np.random.Generator) -> Layer:
        at = np.array([rng.choice(stage.whole_rings)])
        added = stage.count(np.repeat(at, extra))
        return _layer(stage, rng.multinomial(count, stage.share) + added, planted=at)

    return draw


_NOISE = "noise: nothing is there"
_STOPS = "noise: the data stop at the outline"
_UNEVEN = "true unevenness, but no place apart from the rest"
_MAP = "where shared map points happen to lie, not where anything happened"
_PEOPLE = "people who report more than once; it takes the reporter, the dates or the wording to tell"
_ONE = "one person over months; it takes the reporter, the dates or the wording to tell"
_ASKED = "people who were asked to report; the dates tell"
_GONE = "where coordinates were kept; the share of rows without a place tells"
_REAL = "a cluster"

WORLDS: tuple[World, ...] = (
    *(World(f"uniform, {n:,}", n, _NOISE, _uniform(n)) for n in (20, 60, 120, REPORTS)),
    World("uniform, 350,000", 350_000, _NOISE, _uniform(350_000)),
    World("uniform, stops at the outline of a square", REPORTS, _STOPS, _clipped(REPORTS), "square"),
    World("uniform, stops at the outline of a strip", REPORTS, _STOPS, _clipped(REPORTS), "strip"),
    World("uniform, stops at the outline of many parts", REPORTS, _STOPS, _clipped(REPORTS), "parts"),
    World("uneven baseline, against itself", REPORTS, _NOISE, _uneven(REPORTS)),
    World("log-Gaussian Cox, sd 1", REPORTS, _UNEVEN, _cox(REPORTS)),
    *(World(f"snap points, {n:,}", n, _MAP, _snapped(n)) for n in (REPORTS, 20_000, 350_000)),
    World("1.6 pins a person, apart", REPORTS, _PEOPLE, _repeated(REPORTS)),
    *(World(f"one person's {n} pins", REPORTS + n, _ONE, _prolific(REPORTS, n)) for n in (6, 10)),
    World("two campaign weeks of 12", REPORTS + 24, _ASKED, _campaign(REPORTS, 2, 12)),
    *(World(f"coordinates lost on one side, {n:,}", n, _GONE, _lost(n)) for n in (REPORTS, 20_000)),
)
PLANTED: tuple[World, ...] = (
    World("5 more in a ring", REPORTS + 5, _REAL, _in_a_ring(REPORTS, 5), nothing=False, resolutions=(9,)),
    World("10 more in a ring", REPORTS + 10, _REAL, _in_a_ring(REPORTS, 10), nothing=False, resolutions=(8,)),
    World("10 more in one cell", REPORTS + 10, _REAL, _in_a_cell(REPORTS, 10), nothing=False),
)


@lru_cache(maxsize=8)
def stage_of(area: str, resolution: int) -> Stage:
    """Return an area of the worlds laid out at a resolution, made once."""
    return Stage(_areas()[area], resolution)


@lru_cache(maxsize=1)
def _areas() -> dict[str, shapely.Geometry]:
    """Return the areas, EPSG:4326: a county, a square of 1.5 km, a strip of 300 m by 5 km, eight parts of 1 to 9 km²."""
    turn = np.radians(30)  # so that a strip runs along no row of cells
    parts = [
        shapely.affinity.rotate(
            _box(500 * (2 + i % 5), 500 * (2 + i % 5), 6000 * (i % 3) - 6000, 6000 * (i // 3)), 17 * i
        )
        for i in range(8)
    ]
    shapes = {
        "square": _box(1500, 1500),
        "strip": shapely.affinity.rotate(_box(5000, 300), turn, use_radians=True),
        "parts": shapely.MultiPolygon(parts),
    }
    return {"county": County().area, **{name: _to_degrees(shape) for name, shape in shapes.items()}}


def _box(wide_m: float, high_m: float, east_m: float = 0.0, north_m: float = 0.0) -> shapely.Polygon:
    return shapely.box(east_m - wide_m / 2, north_m - high_m / 2, east_m + wide_m / 2, north_m + high_m / 2)


def _to_degrees(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape in metres round a point of England, in degrees."""
    middle = np.array(Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True).transform(-1.15, 52.95))
    to_degrees = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True)
    dense = shapely.segmentize(shape, 200)
    return shapely.transform(dense, lambda xy: np.column_stack(to_degrees.transform(*(xy + middle).T)))
