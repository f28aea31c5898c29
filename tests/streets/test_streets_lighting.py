"""Lighting that people state: filled where unknown, reported where it differs, never smeared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_streets import METRE_LAT, METRE_LON, ORIGIN, made_ways

from safespace import streets
from safespace.errors import SchemaError
from safespace.layers import assets
from safespace.schemas import ASSETS, check

PLACES = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100), 5: (100, -100)}


def at(east_m, north_m):
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


@pytest.fixture
def graph():
    """Return four edges: way 10 (0 and 1) lit as mapped, way 11 (2) not tagged, way 12 (3) mapped unlit."""
    rows = [
        (
            10,
            {"highway": "residential", "lit": "yes", "name": "Corn Street", "lit_date": "2021-06-01"},
            [1, 2, 3],
        ),
        (11, {"highway": "footway"}, [5, 2]),
        (12, {"highway": "footway", "lit": "no"}, [2, 4]),
    ]
    return streets.build_graph(made_ways(rows, PLACES))


def test_a_statement_fills_the_unknown_and_keeps_who_said_it(graph):
    table = pd.DataFrame({"way_id": [11], "lit": ["yes"], "as_of": ["2026-11-01"], "by": ["Planner"]})
    done = streets.assert_lighting(graph, table)
    assert done.graph.lit.tolist() == [2, 2, 2, 1]
    assert [streets.LIT_SOURCES[k] for k in done.graph.lit_source] == [
        "mapped",
        "mapped",
        "asserted",
        "mapped",
    ]
    assert str(done.graph.lit_as_of[2]) == "2026-11-01"
    assert done.applied[["segment", "lit", "by"]].to_numpy().tolist() == [[2, "yes", "Planner"]]
    assert done.conflicts.empty
    assert done.unmatched.empty
    assert graph.lit.tolist() == [2, 2, 0, 1]


def test_what_is_mapped_stands_and_the_conflict_is_reported(graph):
    table = pd.DataFrame({"way_id": [10, 12, 99], "lit": ["no", "yes", "yes"]})
    done = streets.assert_lighting(graph, table)
    assert done.graph.lit.tolist() == graph.lit.tolist()
    conflicts = done.conflicts
    assert conflicts["segment"].tolist() == [0, 1, 3]
    assert conflicts["held"].tolist() == ["yes", "yes", "no"]
    assert conflicts["said"].tolist() == ["no", "no", "yes"]
    assert conflicts["held_as_of"].tolist() == ["2021-06-01", "2021-06-01", ""]
    assert set(conflicts["kept"]) == {"held"}
    assert done.unmatched["way_id"].tolist() == [99]
    over = streets.assert_lighting(graph, table, over_mapped=True)
    assert over.graph.lit.tolist() == [1, 1, 0, 2]
    assert set(over.conflicts["kept"]) == {"said"}


def test_a_segment_counts_before_its_way(graph):
    table = pd.DataFrame({"way_id": [10, None], "segment": [None, 1], "lit": ["yes", "no"]})
    done = streets.assert_lighting(graph, table)
    assert done.conflicts["segment"].tolist() == [1]


def test_part_night_fills_in_beside_mapped_lighting(graph):
    table = pd.DataFrame({"way_id": [10], "lit": ["yes"], "hours": ["dusk-00:00,05:00-dawn"]})
    done = streets.assert_lighting(graph, table, source="council").graph
    assert done.lit_night.tolist() == [1, 1, 0, 0]
    assert done.lit_source.tolist() == graph.lit_source.tolist()
    assert streets.lit_at(done, (0, 3.0)).tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"lit": ["yes"]}, "lacks its columns.*way_id or segment"),
        ({"way_id": [10], "lit": ["maybe"]}, r"row 1 lit 'maybe': yes or no"),
        ({"way_id": [10], "lit": ["yes"], "night": ["half"]}, "row 1 night 'half'"),
        ({"way_id": [10], "lit": ["yes"], "as_of": ["lately"]}, "row 1 as_of 'lately'"),
        ({"way_id": [10, 10], "lit": ["yes", "no"]}, "contradicts itself.*segments 0, 1"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(graph, table, match):
    with pytest.raises(SchemaError, match=match):
        streets.assert_lighting(graph, pd.DataFrame(table))
    with pytest.raises(SchemaError, match="asserted or council"):
        streets.assert_lighting(graph, pd.DataFrame({"way_id": [10], "lit": ["yes"]}), source="rumour")


def lamp_file(path, rows, header="Column ID,Longitude,Latitude,Switch Off,Switch On,Part Night,Install Date"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def test_lamp_columns_light_the_edges_they_line_and_say_nothing_of_others(tmp_path, graph):
    rows = [(f"C{y}", *at(103, y), "24:00", "0530", "", "31/05/2019") for y in range(-100, 1, 20)]
    rows += [("C-far", *at(103, 98), "", "", "no", "2020-01-01")]
    columns = assets.read_lamp_columns(lamp_file(tmp_path / "lamps.csv", rows), council="Newport")
    check(columns[list(ASSETS.columns)], ASSETS)
    assert columns["night"].tolist() == ["part"] * 6 + ["all"]
    assert columns["as_of"].tolist() == ["2019-05-31"] * 6 + ["2020-01-01"]
    table = streets.lit_by_columns(graph, columns)
    assert table["segment"].tolist() == [2]
    done = streets.assert_lighting(graph, table, source="council").graph
    assert done.lit.tolist() == [2, 2, 2, 1]
    assert streets.LIT_SOURCES[done.lit_source[2]] == "council"
    assert streets.lit_at(done, (0, 3.0)).tolist() == [2, 2, 1, 1]
    assert streets.lit_at(done, (0, 22.0))[2] == 2
    assert streets.lit_by_columns(graph, columns.iloc[:0]).empty


def test_lamp_columns_on_the_national_grid_with_rows_left_out(tmp_path):
    rows = [("A", 331500, 187500, ""), ("A", 331500, 187500, ""), ("B", "", "", ""), ("", 331500, 187500, "")]
    path = lamp_file(tmp_path / "lamps.csv", rows, "Unit ID,Easting,Northing,Regime")
    columns = assets.read_lamp_columns(path)
    assert columns[["asset_id", "night", "hours"]].to_numpy().tolist() == [["lamp:A", "", ""]]
    assert columns.loc[0, "lon"] == pytest.approx(-2.99, abs=0.02)
    assert columns.attrs["notes"] == (
        "2 lamp columns left out: no identifier or no place.",
        "1 repeated lamp columns left out.",
    )
    none = lamp_file(tmp_path / "none.csv", [("A", "", "")], "Unit ID,Easting,Northing")
    with pytest.raises(
        SchemaError, match=r"none.csv: No lamp column has an identifier and a place.*asset_id"
    ):
        assets.read_lamp_columns(none)


def test_every_condition_says_where_it_comes_from(graph):
    table = pd.DataFrame({"way_id": [11], "lit": ["yes"], "as_of": ["2026-11-01"]})
    told = streets.provenance(streets.assert_lighting(graph, table).graph).set_index(["condition", "source"])
    assert told.loc[("lighting", "mapped"), "km"] == pytest.approx(0.3, rel=2e-3)
    assert told.loc[("lighting", "mapped"), "as_of"] == "2021-06-01"
    assert told.loc[("lighting", "asserted"), "share"] == pytest.approx(0.25, rel=2e-3)
    assert told.loc[("cameras", "OpenStreetMap"), "km"] == 0
    assert np.isfinite(told["share"]).all()
