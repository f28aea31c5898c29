"""Study windows: exact shares, nothing inside an area in no cell, and where data stop."""

from __future__ import annotations

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from safespace import cells as grid
from safespace.engine import open_engine
from safespace.errors import AreaError

TOWN = shapely.box(-1.20, 52.90, -1.10, 53.00)
STRIP = shapely.box(-1.66, 52.332, -1.6159012004603848, 52.332538986704996)  # 3 km by 60 m
ISLANDS = shapely.MultiPolygon(
    [shapely.Point(-1.3 + 0.031 * i, 52.9 + 0.017 * (i % 3)).buffer(0.0002 * (i + 1)) for i in range(8)]
)
RING = shapely.Point(-1.15, 52.95).buffer(0.02).difference(shapely.Point(-1.15, 52.95).buffer(0.0195))
SPECK = shapely.Point(-1.15, 52.95).buffer(0.0001)
SHAPES = {"town": TOWN, "strip": STRIP, "islands": ISLANDS, "ring": RING, "speck": SPECK}


def ellipsoid_km2(shape):
    """Return the area of a shape on the WGS 84 ellipsoid, by geodesics between close corners."""
    dense = shapely.segmentize(shape, 0.001)
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(dense))[0]) / 1e6


def sphere_per_ellipsoid(latitude):
    """Return how much smaller a piece of ground is on H3's sphere, from the radii of curvature."""
    a, e2 = 6_378_137.0, 0.00669437999014
    flat = 1 - e2 * np.sin(np.radians(latitude)) ** 2
    return grid.EARTH_RADIUS_M**2 / (a**2 * (1 - e2) / flat**2)


def as_reports(lon, lat):
    names = [f"nte:{number}" for number in range(len(lon))]
    when = pd.Series(pd.Timestamp("2026-03-01T22:00Z"), index=range(len(lon))).astype("datetime64[us, UTC]")
    frame = pd.DataFrame(
        {
            "report_id": names,
            "event_id": names,
            "source": "nte",
            "occurred_from": when,
            "lon": lon,
            "lat": lat,
        }
    )
    return grid.add_cells(frame)


def points_in(shape, count, rng):
    """Return points uniform over a shape in degrees."""
    west, south, east, north = shape.bounds
    kept = np.empty((0, 2))
    while len(kept) < count:
        drawn = rng.uniform([west, south], [east, north], (200 * count, 2))
        kept = np.vstack([kept, drawn[shapely.contains_xy(shape, drawn)]])
    return kept[:count].T


@pytest.mark.parametrize("resolution", [7, 8, 9, 10])
@pytest.mark.parametrize("name", SHAPES)
def test_the_cells_hold_exactly_the_ground_of_the_area(name, resolution):
    shape = SHAPES[name]
    window = grid.study_window(shape, resolution=resolution)
    inside = window[~window["edge"]]
    expected = ellipsoid_km2(shape) * sphere_per_ellipsoid(shape.centroid.y)
    assert inside["area_km2"].sum() == pytest.approx(expected, rel=2e-4)
    whole = np.array([h3.cell_area(cell, unit="km^2") for cell in window["cell"]])
    assert (window["area_km2"] <= whole * (1 + 1e-12)).all()
    uncut = window["ground"].isna()
    assert window.loc[uncut, "area_km2"].tolist() == whole[uncut].tolist()
    assert (inside["area_km2"] > 0).all()
    assert (window["exposure"] == window["area_km2"]).all()
    assert window[["pins", "events"]].to_numpy().sum() == 0
    assert window["cell"].is_monotonic_increasing


@pytest.mark.parametrize("resolution", [8, 9])
def test_each_cell_has_its_own_share_on_the_ellipsoid(resolution):
    """Each cell by itself beside geodesics between its corners and the outline's."""
    window = grid.study_window(RING, resolution=resolution)
    inside = window[~window["edge"]].set_index("cell")
    hexes = grid.hexagons(inside.index)
    for cell, shape in hexes.items():
        part = ellipsoid_km2(shape.intersection(RING)) / ellipsoid_km2(shape)
        held = inside.loc[cell, "area_km2"] / h3.cell_area(cell, unit="km^2")
        assert held == pytest.approx(part, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_the_ring_outside_is_flagged_and_holds_no_ground(name):
    window = grid.study_window(SHAPES[name], resolution=9)
    inside = set(window.loc[~window["edge"], "cell"])
    outside = set(window.loc[window["edge"], "cell"])
    assert outside == {n for cell in inside for n in h3.grid_disk(cell, 1)} - inside
    assert not shapely.intersects(SHAPES[name], grid.hexagons(sorted(outside)).to_numpy()).any()
    assert window.loc[window["edge"], "ground"].isna().all()


def test_the_park_path_of_three_kilometres_keeps_its_thirty_reports():
    lon, lat = points_in(STRIP, 30, np.random.default_rng(1))
    window = grid.study_window(STRIP, resolution=9)
    counted = grid.count(as_reports(lon, lat), window, resolution=9, engine=open_engine())
    inside = counted[~counted["edge"]]
    assert inside["pins"].sum() == inside["events"].sum() == 30
    crossed = {int(cell) for cell in grid.locate(lon, lat, resolution=9)}
    assert crossed <= set(inside["cell"])
    assert len(inside) == 16
    assert inside["area_km2"].sum() == pytest.approx(0.18, rel=0.005)


def test_an_area_smaller_than_a_cell_is_the_part_it_covers():
    window = grid.study_window(SPECK, resolution=8)
    inside = window[~window["edge"]]
    assert inside["cell"].tolist() == [h3.latlng_to_cell(52.95, -1.15, 8)]
    assert len(window) == 7
    assert inside["area_km2"].iloc[0] == pytest.approx(ellipsoid_km2(SPECK), rel=0.005)


@st.composite
def areas(draw):
    """Draw an area of one or several stars, thin or round, from 20 m to 8 km across."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        turn = np.sort(rng.uniform(0, 2 * np.pi, draw(st.integers(5, 14))))
        radius = 10 ** draw(st.floats(-4, -1.4)) * rng.uniform(0.2, 1, len(turn))
        squeeze = draw(st.sampled_from([1.0, 0.3, 0.01]))
        star = np.column_stack([radius * np.cos(turn), squeeze * radius * np.sin(turn)])
        shape = shapely.make_valid(shapely.Polygon(star + rng.uniform([-1.3, 52.85], [-1.2, 52.95])))
        parts += [
            part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 1e-12
        ]
    return shapely.union_all(parts)


@given(areas(), st.sampled_from([7, 8, 9]), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_nothing_inside_an_area_is_ever_in_no_cell(area, resolution, seed):
    if area.is_empty or area.geom_type not in {"Polygon", "MultiPolygon"}:
        return
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    inside = np.array([part.representative_point().coords[0] for part in shapely.get_parts(area)])
    corners = shapely.get_coordinates(area)
    anywhere = rng.uniform([west, south], [east, north], (300, 2))
    on_it = shapely.dwithin(area, shapely.points(anywhere), 1e-8) & ~shapely.intersects_xy(area, anywhere)
    drawn = np.vstack([inside, corners, anywhere[~on_it]])  # a tenth of a millimetre counts as on the outline
    expected = int(shapely.intersects_xy(area, drawn).sum())
    window = grid.study_window(area, resolution=resolution)
    reports = as_reports(*drawn.T)
    counted = grid.count(reports, window, resolution=resolution, engine=open_engine())
    held = counted[~counted["edge"]]
    assert held["pins"].sum() == held["events"].sum() == expected >= len(inside) + len(corners)
    days = grid.count_days(reports, window[~window["edge"]], resolution=resolution, engine=open_engine())
    assert days["events"].sum() == expected
    months = grid.count_months(reports, resolution=resolution, engine=open_engine(), window=window)
    assert months["pins"].sum() == expected
    ones = np.ones(len(drawn))
    summed = grid.sum_points(*drawn.T, ones, window[~window["edge"]], resolution=resolution)
    assert summed.sum() == expected
    expected_km2 = ellipsoid_km2(area) * sphere_per_ellipsoid(area.centroid.y)
    assert held["area_km2"].sum() == pytest.approx(expected_km2, rel=1e-3, abs=1e-7)


def test_two_areas_that_share_a_border_share_no_report_and_lose_none():
    west, east = shapely.box(-1.20, 52.90, -1.15, 53.00), shapely.box(-1.15, 52.90, -1.10, 53.00)
    rng = np.random.default_rng(2)
    reports = as_reports(rng.uniform(-1.2, -1.1, 2000), rng.uniform(52.9, 53.0, 2000))
    counts = []
    for shape in (west, east):
        window = grid.study_window(shape, resolution=8)
        counted = grid.count(reports, window, resolution=8, engine=open_engine())
        counts.append(int(counted.loc[~counted["edge"], "events"].sum()))
    assert sum(counts) == 2000
    assert counts[0] == (reports["lon"] < -1.15).sum()


def test_an_event_counts_where_its_first_pin_is_though_others_are_inside():
    reports = as_reports([-1.1501, -1.1499, -1.1498], [52.95, 52.95, 52.95])
    reports = reports.assign(event_id=["nte:0", "nte:0", "nte:9"])
    window = grid.study_window(shapely.box(-1.15, 52.90, -1.10, 53.00), resolution=8)
    counted = grid.count(reports, window, resolution=8, engine=open_engine())
    inside = counted[~counted["edge"]]
    assert inside["pins"].sum() == 2
    assert inside["events"].sum() == 1  # the third, whose first pin is not among these
    days = grid.count_days(reports, window, resolution=8, engine=open_engine())
    assert days["events"].sum() == 1


def test_baselines_are_clipped_to_the_same_ground():
    window = grid.study_window(STRIP, resolution=9)
    people = gpd.GeoDataFrame(geometry=[shapely.box(-1.7, 52.3, -1.6, 52.4)], crs="EPSG:4326")
    ground = grid.ground_shapes(window[~window["edge"]])
    assert shapely.union_all(ground.to_numpy()).symmetric_difference(STRIP).area < 1e-9 * STRIP.area
    spread = grid.spread_areas(people, [1000.0], window[~window["edge"]])
    share = ellipsoid_km2(STRIP) / ellipsoid_km2(people.geometry[0])
    assert spread.sum() == pytest.approx(1000 * share, rel=1e-4)
    by_area = window.set_index("cell")["area_km2"].reindex(spread.index)
    assert (spread / spread.sum()).to_numpy() == pytest.approx((by_area / by_area.sum()).to_numpy(), rel=1e-3)


def test_a_window_without_ground_counts_its_cells_whole():
    window = grid.study_window(STRIP, resolution=9)
    near = as_reports([-1.64], [52.3328])  # north of the strip, in a cell of it
    inside = window[~window["edge"]]
    clipped = grid.count(near, inside, resolution=9, engine=open_engine())
    whole = grid.count(near, inside.drop(columns="ground"), resolution=9, engine=open_engine())
    assert (clipped["pins"].sum(), whole["pins"].sum()) == (0, 1)


def test_heights_holes_and_parts_are_understood():
    flat = grid.study_window(TOWN, resolution=8)
    high = grid.study_window(shapely.force_3d(TOWN, 12.0), resolution=8)
    assert high.equals(flat)
    hole = shapely.box(-1.17, 52.93, -1.13, 52.97)
    holed = grid.study_window(TOWN.difference(hole), resolution=9)
    centre = h3.latlng_to_cell(52.95, -1.15, 9)
    assert centre not in set(holed["cell"])
    parts = grid.study_window(shapely.MultiPolygon([TOWN, shapely.box(-0.9, 52.9, -0.8, 53.0)]), resolution=7)
    assert len(parts) > len(grid.study_window(TOWN, resolution=7))


def test_an_outline_of_many_corners_gives_the_cells_of_a_plain_one():
    plain = shapely.Point(-1.15, 52.95).buffer(0.05, quad_segs=8)
    dense = shapely.segmentize(plain, 0.00001)
    assert shapely.get_num_coordinates(dense) > 20_000
    one, other = (grid.study_window(shape, resolution=9) for shape in (plain, dense))
    assert other["cell"].tolist() == one["cell"].tolist()
    assert other["area_km2"].to_numpy() == pytest.approx(one["area_km2"].to_numpy(), rel=1e-4)


def counted_square(reach, count=2000):
    """Return a counted square of 1.5 km whose reports go on as far as said, in times its size."""
    square = shapely.box(-1.1612, 52.9433, -1.1388, 52.9567)
    rng = np.random.default_rng(4)
    wide = shapely.affinity.scale(square, reach, reach)
    lon, lat = points_in(wide, count, rng)
    window = grid.study_window(square, resolution=9)
    return grid.count(as_reports(lon, lat), window, resolution=9, engine=open_engine())


@pytest.mark.parametrize(("reach", "outcome", "words"), [
    (1.0, "stop", "seem to stop at the outline: the cells just outside hold no event"),
    (3.0, "go on", "go on past the outline: the cells just outside hold"),
])  # fmt: skip
def test_whether_data_go_on_past_the_outline_is_asked_of_them(reach, outcome, words):
    counted = counted_square(reach)
    told = grid.data_beyond(counted)
    assert told.outcome == outcome
    assert words in told.sentence()
    assert told.events == counted.loc[counted["edge"], "events"].sum()
    density = counted.loc[~counted["edge"], "events"].sum() / counted.loc[~counted["edge"], "area_km2"].sum()
    outside_km2 = counted.loc[counted["edge"], "area_km2"].sum()
    assert told.expected == pytest.approx(density * outside_km2, rel=0.2)


def test_few_reports_do_not_say_where_data_stop():
    told = grid.data_beyond(counted_square(1.0, count=2))
    assert told.outcome == "not known"
    assert told.events == 0


def test_uniform_reports_that_stop_at_the_outline_are_as_dense_in_its_cells_as_inside():
    counted = counted_square(1.0, count=20_000)
    inside = counted[~counted["edge"]]
    cut = inside["ground"].notna()
    density = [group["events"].sum() / group["area_km2"].sum() for _, group in inside.groupby(cut)]
    assert density[0] == pytest.approx(density[1], rel=0.03)


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (shapely.Point(0, 50), "not a polygon"),
        (shapely.Polygon(), "not a polygon"),
        (shapely.box(400_000, 280_000, 410_000, 290_000), "not degrees"),
        (shapely.Polygon([(0, 50), (1, 51), (1, 50), (0, 51)]), "not a valid polygon"),
        (shapely.box(-6, 50, 2, 59), "too many cells"),
    ],
)
def test_areas_that_cannot_be_used_are_refused(area, words):
    with pytest.raises(AreaError, match=words):
        grid.study_window(area, resolution=10)
