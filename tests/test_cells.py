"""The grid: exact binning, events, windows, counts, neighbours and exposure."""

from __future__ import annotations

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace import cells as grid
from safespace.engine import open_engine
from safespace.errors import AreaError, SchemaError

TOWN = shapely.box(-1.20, 52.90, -1.10, 53.00)


def pins(rows, source="streetsafe"):
    """Return reports from (metres east, metres north, local time, factor) round one point."""
    frame = pd.DataFrame(rows, columns=["east", "north", "when", "factor"])
    when = pd.to_datetime(frame["when"]).dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    degree = np.pi * grid.EARTH_RADIUS_M / 180
    return pd.DataFrame(
        {
            "report_id": [f"{source}:{i}" for i in range(len(frame))],
            "source": source,
            "category": "environmental",
            "factor": frame["factor"],
            "occurred_from": when,
            "occurred_to": when,
            "lon": -1.15 + frame["east"] / degree / np.cos(np.radians(52.95)),
            "lat": 52.95 + frame["north"] / degree,
        }
    )


def test_cells_are_exact_at_every_resolution_and_not_parents():
    rng = np.random.default_rng(1)
    reports = pd.DataFrame({"lon": rng.uniform(-1.2, -1.1, 2000), "lat": rng.uniform(52.9, 53.0, 2000)})
    placed = grid.add_cells(pd.concat([reports, reports], ignore_index=True))
    for resolution in (7, 8, 9, 10):
        expected = [h3.latlng_to_cell(p.lat, p.lon, resolution) for p in placed.itertuples()]
        assert placed[f"cell_{resolution}"].tolist() == expected
    parents = np.array([h3.cell_to_parent(cell, 8) for cell in placed["cell_9"]])
    assert 0.04 < (parents != placed["cell_8"]).mean() < 0.09  # METHODS: 6 to 7 in a hundred


def test_missing_coordinates_are_named():
    with pytest.raises(SchemaError, match=r"Coordinates are missing\. Seen: 1 rows"):
        grid.add_cells(pd.DataFrame({"lon": [-1.0, np.nan], "lat": [52.0, 52.0]}))


def test_repeated_pins_are_one_event_named_by_the_earliest():
    reports = pins(
        [
            (0, 0, "2022-01-28 23:40", "lit"),
            (25, 0, "2022-01-28 23:35", "lit"),  # earlier: the event takes its name
            (50, 0, "2022-01-28 12:00", "followed"),  # other reasons
            (54, 0, "2022-01-28 23:50", "lit"),  # 29 m from the second: joined by the chain
            (0, 0, "2022-01-29 00:05", "lit"),  # the next day
            (0, 40, "2022-01-28 23:40", "lit"),  # too far
        ]
    )
    events = grid.add_events(reports, same_event_m=30)["event_id"]
    assert events.tolist() == [f"streetsafe:{i}" for i in (1, 1, 2, 1, 4, 5)]


def test_the_day_is_local():
    reports = pins([(0, 0, "2022-07-01 00:30", "lit"), (0, 0, "2022-07-01 23:30", "lit")])
    assert reports["occurred_from"].dt.date.nunique() == 2
    assert len(set(grid.add_events(reports, same_event_m=30)["event_id"])) == 1


def test_pins_loaded_later_join_the_event_that_is_held():
    three = pins(
        [
            (0, 0, "2022-01-28 12:00", "lit"),
            (25, 0, "2022-01-28 11:00", "lit"),
            (90, 0, "2022-01-28 13:00", "lit"),
        ]
    )
    held = grid.add_events(three.iloc[:1], same_event_m=30)
    later = grid.add_events(three.iloc[1:], same_event_m=30, stored=held)
    first, near, far = three["report_id"]
    # though the later pin is of an earlier hour, what is held keeps its name
    assert later.set_index("report_id")["event_id"].to_dict() == {near: first, far: far}
    assert grid.add_events(three.iloc[1:], same_event_m=30, stored=held.iloc[:0])["event_id"].tolist() == [
        near,
        far,
    ]
    recorded = grid.add_events(pins([(0, 0, "2022-01-28 12:00", "lit")], "nte"), same_event_m=30, stored=held)
    assert recorded["event_id"].tolist() == recorded["report_id"].tolist()


def test_recorded_incidents_and_month_only_rows_are_never_merged():
    twice = [(0, 0, "2022-01-28 23:40", "lit"), (0, 0, "2022-01-28 23:40", "lit")]
    assert len(set(grid.add_events(pins(twice, "nte"), same_event_m=30)["event_id"])) == 2
    assert len(set(grid.add_events(pins(twice, "nte"), same_event_m=30, sources=("nte",))["event_id"])) == 1
    month = pins(twice).assign(occurred_to=lambda f: f["occurred_from"] + pd.Timedelta(days=30))
    assert len(set(grid.add_events(month, same_event_m=30)["event_id"])) == 2
    assert grid.add_events(pins(twice).iloc[:0], same_event_m=30)["event_id"].tolist() == []


def test_a_thousand_pins_on_one_snap_point_are_quick_and_one():
    many = pins([(0, 0, "2022-01-28 12:00", "lit")] * 5000)
    assert len(set(grid.add_events(many, same_event_m=30)["event_id"])) == 1


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_events_do_not_depend_on_row_order(order):
    rng = np.random.default_rng(5)
    reports = pins([(e, n, "2022-01-28 12:00", "lit") for e, n in rng.uniform(0, 120, (12, 2))])
    plain = grid.add_events(reports, same_event_m=30).set_index("report_id")["event_id"]
    mixed = grid.add_events(reports.iloc[list(order)], same_event_m=30).set_index("report_id")["event_id"]
    assert mixed.sort_index().equals(plain.sort_index())


def placed(reports):
    return grid.add_cells(grid.add_events(reports, same_event_m=30))


def test_counts_put_an_event_in_the_cell_of_its_earliest_pin(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        (e, n, f"2022-01-{1 + i % 5:02d} 12:00", "lit")
        for i, (e, n) in enumerate(rng.uniform(-900, 900, (400, 2)))
    ]
    reports = placed(pins(rows * 2))
    window = grid.study_window(TOWN, resolution=10)
    counted = grid.count(reports, window, resolution=10, engine=open_engine())
    assert counted["pins"].sum() == 800
    assert counted["events"].sum() == reports["event_id"].nunique() < 400
    first = reports.sort_values(["occurred_from", "report_id"]).drop_duplicates("event_id")
    by_hand = first.groupby("cell_10").size()
    held = counted[counted["events"] > 0].set_index("cell")["events"]
    assert held.to_dict() == by_hand.to_dict()
    reports.to_parquet(tmp_path / "part.parquet")
    again = grid.count([str(tmp_path / "part.parquet")], window, resolution=10, engine=open_engine())
    assert again.equals(counted)
    assert window["pins"].sum() == 0  # the caller's frame is left alone


@pytest.mark.parametrize("seed", range(5))
def test_an_event_without_its_first_pin_counts_at_the_earliest_that_is_left(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (e, n, f"2022-01-{1 + i % 9:02d} 12:00", "lit")
        for i, (e, n) in enumerate(rng.uniform(-300, 300, (300, 2)))
    ]
    chosen = placed(pins(rows * 2))
    chosen = chosen[rng.random(len(chosen)) < 0.5]
    window = grid.study_window(TOWN, resolution=10)
    counted = grid.count(chosen, window, resolution=10, engine=open_engine())
    first = chosen.sort_values(["occurred_from", "report_id"]).drop_duplicates("event_id")
    assert (first["report_id"] != first["event_id"]).sum() > 10
    held = counted[counted["events"] > 0].set_index("cell")["events"]
    assert held.to_dict() == first.groupby("cell_10").size().to_dict()
    assert counted["pins"].sum() == len(chosen)


def test_days_are_local_and_an_event_is_on_that_of_its_first_pin_there():
    moments = [
        "2022-03-26 23:59",
        "2022-03-27 22:59",
        "2022-03-27 23:00",
        "2022-03-28 09:00",
        "2022-03-29 09:00",
    ]
    reports = pd.DataFrame(
        {
            "cell_8": [7, 7, 7, 7, 9],
            "report_id": list("abcde"),
            "event_id": ["a", "b", "c", "gone", "gone"],  # its first pin is not among these
            "occurred_from": pd.to_datetime(moments, utc=True),
        }
    )
    window = pd.DataFrame({"cell": [7]})
    out = grid.count_days(reports, window, resolution=8, engine=open_engine())
    days = dict(zip(out["day"].dt.strftime("%m-%d"), out["events"], strict=True))
    assert days == {"03-26": 1, "03-27": 1, "03-28": 2}
    west = grid.count_days(reports, window, resolution=8, engine=open_engine(), time_zone="America/New_York")
    assert west["day"].dt.strftime("%m-%d").tolist() == ["03-26", "03-27", "03-28"]
    assert west["events"].tolist() == [1, 2, 1]


def test_months_are_local_and_clocks_change_within_them():
    moments = [
        "2022-03-31 22:59",
        "2022-03-31 23:00",
        "2022-10-31 23:59",
        "2022-12-31 23:59",
        "2023-01-01 00:00",
    ]
    reports = pd.DataFrame({"cell_8": 7, "source": "nte", "occurred_from": pd.to_datetime(moments, utc=True)})
    out = grid.count_months(reports, resolution=8, engine=open_engine())
    months = ["2022-03-01", "2022-04-01", "2022-10-01", "2022-12-01", "2023-01-01"]
    assert out["month"].tolist() == [pd.Timestamp(month) for month in months]
    assert out["pins"].tolist() == [1, 1, 1, 1, 1]
    east = grid.count_months(reports, resolution=8, engine=open_engine(), time_zone="Asia/Kolkata")
    assert east["month"].dt.month.tolist() == [4, 11, 1]
    assert east["pins"].tolist() == [2, 1, 2]
    west = grid.count_months(reports, resolution=8, engine=open_engine(), time_zone="America/New_York")
    assert west["month"].dt.strftime("%y-%m").tolist() == ["22-03", "22-10", "22-12"]


@given(
    st.lists(st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2040-01-01")), min_size=1, max_size=40)
)
@settings(max_examples=20, deadline=None)
def test_months_are_those_pandas_gives(moments):
    held = pd.Series(pd.to_datetime(moments, utc=True)).astype("datetime64[us, UTC]")
    reports = pd.DataFrame({"cell_8": 7, "source": "nte", "occurred_from": held})
    out = grid.count_months(reports, resolution=8, engine=open_engine())
    local = held.dt.tz_convert("Europe/London").dt.strftime("%Y-%m").value_counts().sort_index()
    assert out["month"].dt.strftime("%Y-%m").tolist() == local.index.tolist()
    assert out["pins"].tolist() == local.tolist()


def test_a_window_of_another_resolution_is_refused():
    window = grid.study_window(TOWN, resolution=8)
    with pytest.raises(AreaError, match=r"another resolution\. Seen: 8\. Make it again at 9"):
        grid.count(
            placed(pins([(0, 0, "2022-01-28 12:00", "lit")])), window, resolution=9, engine=open_engine()
        )


def test_an_area_without_reports_is_refused():
    with pytest.raises(
        AreaError, match=r"Sea: No report falls inside this area\. Seen: an area near longitude -1\.1"
    ):
        grid.require_reports(grid.study_window(TOWN, resolution=8), area="Sea")


@given(st.integers(7, 9), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_neighbours_are_the_ring_within_the_cells_given_in_any_order(resolution, seed):
    cells = grid.study_window(shapely.box(-1.16, 52.94, -1.12, 52.98), resolution=resolution)[
        "cell"
    ].to_numpy()
    cells = np.random.default_rng(seed).permutation(cells)[: max(3, len(cells) // 2)]
    dense = grid.neighbours(cells).toarray()
    for i, cell in enumerate(cells.tolist()):
        assert set(cells[dense[i] == 1].tolist()) == set(h3.grid_disk(cell, 1)) & set(cells.tolist())
    assert (dense == dense.T).all()


def test_neighbours_cannot_be_changed_by_a_caller():
    ring = grid.neighbours(grid.study_window(TOWN, resolution=8)["cell"])
    with pytest.raises(ValueError, match="read-only"):
        ring.data[0] = 5
    assert grid.neighbours([]).shape == (0, 0)


def test_exposure_joins_on_cell_and_says_what_is_wrong():
    window = grid.study_window(TOWN, resolution=8)
    people = pd.Series([5.0, 7.0], index=window["cell"].iloc[[3, 1]])
    joined = grid.add_exposure(window, people).set_index("cell")["exposure"]
    assert joined.loc[window["cell"].iloc[3]] == 5
    assert joined.sum() == 12
    with pytest.raises(SchemaError, match=r"not amounts\. Seen: 1 cells, first -1\.0"):
        grid.add_exposure(window, pd.Series([-1.0], index=window["cell"].iloc[:1]))
    with pytest.raises(SchemaError, match="given twice"):
        grid.add_exposure(window, pd.concat([people, people]))


def test_points_are_summed_in_the_window_only():
    window = grid.study_window(TOWN, resolution=8)
    summed = grid.sum_points([-1.15, -1.15, 0.0], [52.95, 52.95, 52.95], [2, 3, 100], window, resolution=8)
    assert summed.sum() == 5
    assert summed.loc[h3.latlng_to_cell(52.95, -1.15, 8)] == 5
    assert summed.index.tolist() == window["cell"].tolist()


@given(st.lists(st.floats(0, 1e6), min_size=16, max_size=16), st.sampled_from([7, 8, 9]))
@settings(max_examples=15, deadline=None)
def test_spreading_areas_keeps_their_totals(values, resolution):
    west, south, step = -1.18, 52.92, 0.015
    squares = [
        shapely.box(west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step)
        for i in range(4)
        for j in range(4)
    ]
    areas = gpd.GeoDataFrame(geometry=squares, crs="EPSG:4326")
    window = grid.study_window(shapely.box(-1.21, 52.89, -1.09, 53.01), resolution=resolution)
    spread = grid.spread_areas(areas.to_crs("EPSG:27700"), values, window)
    assert spread.sum() == pytest.approx(sum(values), rel=1e-6, abs=1e-6)
    assert (spread >= 0).all()


def test_an_area_half_outside_the_window_keeps_its_half():
    window = grid.study_window(TOWN, resolution=8)
    area = gpd.GeoDataFrame(geometry=[shapely.box(-1.15, 52.9, -0.9, 53.0)], crs="EPSG:4326")
    inside = grid.spread_areas(area, [100], window[~window["edge"]])
    assert inside.sum() == pytest.approx(20)  # 0.05 of 0.25 degrees
    with pytest.raises(AreaError, match="no coordinate system"):
        grid.spread_areas(area.set_crs(None, allow_override=True), [1], window)


def test_hexagons_are_indexed_by_cell():
    window = grid.study_window(TOWN, resolution=8)
    shapes = grid.hexagons(window["cell"])
    assert shapes.index.tolist() == window["cell"].tolist()
    assert shapes.crs == "EPSG:4326"
    for cell, shape in list(shapes.items())[:5]:
        assert h3.latlng_to_cell(shape.centroid.y, shape.centroid.x, 8) == cell
    assert grid.hexagons([]).empty
