import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.sources.coordinates import from_grid, in_britain, read_places


def rows(*places, grid=False):
    names = ("northing", "easting") if grid else ("latitude", "longitude")
    frame = pd.DataFrame(places, columns=list(names), dtype="str")
    blank = dict.fromkeys({"latitude", "longitude", "northing", "easting"} - set(names), "")
    return frame.assign(**blank).astype("str")


def outcome(step):
    problems = {spot: one.reason for one in step.problems for spot in one.explanation.index}
    repairs = {spot: one.rule for one in step.repairs for spot in one.after.index}
    return problems, repairs


def test_grid_to_degrees_agrees_with_ordnance_surveys_own_example():
    # OS, "A guide to coordinate systems in Great Britain", annex C: TG 51409 13177 (Caister water tower)
    # is 52 39 28.723 N, 1 42 57.787 E in ETRS89 by the grid file; the seven-parameter shift is within 5 m
    lon, lat = from_grid([651409.903], [313177.270])
    east = (lon[0] - (1 + 42 / 60 + 57.787 / 3600)) * np.cos(np.radians(lat[0])) * 111_320
    north = (lat[0] - (52 + 39 / 60 + 28.723 / 3600)) * 111_320
    assert np.hypot(east, north) < 5


def test_good_degrees_are_left_alone():
    step = read_places(rows(("52.4778", "-1.8983")))
    assert (step.columns["lon"][0], step.columns["lat"][0]) == (-1.8983, 52.4778)
    assert outcome(step) == ({}, {})


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (("", ""), "no_coordinates"),
        (("52.4", ""), "no_coordinates"),
        (("0", "0.0"), "zero_coordinates"),
        (("north", "-1.9"), "bad_coordinates"),
        (("nan", "inf"), "bad_coordinates"),
        (("48.85", "2.35"), "outside_britain"),
        (("52.4", "19.0"), "outside_britain"),
        (("9999999", "9999999"), "outside_britain"),
    ],
)
def test_what_is_not_a_place_is_rejected(place, reason):
    step = read_places(rows(place))
    assert outcome(step) == ({0: reason}, {})
    assert step.columns["lon"].isna()[0]


@pytest.mark.parametrize("place", [("52,4778", "-1,8983"), ("52.4778", "-1,8983"), ("-1,8983", "52,4778")])
def test_decimal_commas_are_read_and_shown(place):
    step = read_places(rows(place))
    assert (step.columns["lon"][0], step.columns["lat"][0]) == (-1.8983, 52.4778)
    assert step.repairs[-1].rule == "decimal_comma"
    assert step.repairs[-1].before[0] == ", ".join(place)
    assert step.repairs[-1].after[0] == "52.4778, -1.8983"


def test_commas_in_metres_are_decimals_only_where_nothing_else_fits():
    step = read_places(rows(("286822,5", "406689,0"), ("286,822", "406,689"), grid=True))
    assert outcome(step) == ({1: "bad_coordinates"}, {0: "decimal_comma"})


def test_swapped_degrees_are_mended_and_shown():
    step = read_places(rows(("-1.8983", "52.4778")))
    assert (step.columns["lon"][0], step.columns["lat"][0]) == (-1.8983, 52.4778)
    assert outcome(step) == ({}, {0: "swapped_coordinates"})
    assert (step.repairs[0].before[0], step.repairs[0].after[0]) == ("-1.8983, 52.4778", "52.4778, -1.8983")


@pytest.mark.parametrize("place", [("286822", "406689"), ("406689", "286822")])
def test_grid_metres_in_degree_columns_are_mended_whichever_way_round(place):
    step = read_places(rows(("52.4778", "-1.8983"), place))
    assert outcome(step) == ({}, {1: "bng_in_degree_columns"})
    assert step.columns["lon"][1] == pytest.approx(-1.903, abs=0.001)
    assert step.columns["lat"][1] == pytest.approx(52.479, abs=0.001)


def test_without_a_good_row_latitude_is_northing():
    step = read_places(rows(("286822", "406689")))
    assert step.columns["lat"][0] == pytest.approx(52.479, abs=0.001)


def test_grid_columns_are_converted_without_a_repair():
    step = read_places(rows(("286822", "406689"), grid=True))
    assert outcome(step) == ({}, {})
    assert step.columns["lon"][0] == pytest.approx(-1.903, abs=0.001)


def test_degrees_in_grid_columns_are_mended():
    step = read_places(rows(("52.4778", "-1.8983"), ("0", "0"), ("", ""), grid=True))
    assert outcome(step) == ({1: "zero_coordinates", 2: "no_coordinates"}, {0: "degrees_in_bng_columns"})


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), min_size=1, max_size=10))
def test_every_row_is_a_place_or_a_problem(places):
    step = read_places(rows(*places))
    problems, repairs = outcome(step)
    placed = step.columns["lon"].notna() & step.columns["lat"].notna()
    assert set(placed.index[~placed]) == set(problems)
    assert set(repairs) <= set(placed.index[placed])
    assert in_britain(step.columns["lon"].to_numpy(), step.columns["lat"].to_numpy())[placed].all()
