"""When streets, lighting and premises are open: words read, hours not read, gates and parks."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from made_streets import METRE_LAT, METRE_LON, ORIGIN, made_ways

from safespace import streets
from safespace.errors import InputError

PLACES = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100), 5: (100, -100)}
MONDAY_3AM, FRIDAY_NOON, FRIDAY_2330, SATURDAY_9AM = (0, 3.0), (4, 12.0), (4, 23.5), (5, 9.0)
MOMENTS = (MONDAY_3AM, FRIDAY_NOON, FRIDAY_2330, SATURDAY_9AM)


def at(east_m, north_m):
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


def cross(**tags):
    """Make a street from 1 to 3 and a footpath 5-2-4 over it, which has the tags."""
    rows = [(10, {"highway": "residential"}, [1, 2, 3]), (11, {"highway": "footway"} | tags, [5, 2, 4])]
    return streets.build_graph(made_ways(rows, PLACES))


@pytest.mark.parametrize(
    ("text", "open_then"),
    [
        ("", "1111"),
        ("24/7", "1111"),
        ("24 hours", "1111"),
        ("Mo-Su 24/7", "1111"),
        ("dawn-dusk", "0101"),
        ("Dawn to dusk", "0101"),
        ("sunrise-sunset", "0101"),
        ("06:00-22:00", "0101"),
        ("6am-10pm", "0101"),
        ("06:00\u201322:00", "0101"),
        ("Mo-Fr 07:00-19:00; Sa 10:00-18:00", "0100"),
        ("no @ (22:00-06:00)", "0101"),
        ("no @ 22:00-06:00", "0101"),
        ("no @ (Mo-Fr 00:00-07:00; Sa off)", "0111"),
        ("no @ (22:00-06:00); yes @ (Mo)", "1101"),
        ("no && yes @ (06:00-22:00)", "0101"),
        ("06:00-23:59 && no @ (dusk-dawn)", "0101"),
        ("off", "0000"),
    ],
)
def test_the_common_forms_are_read(text, open_then):
    graph = cross(hours=text)
    footpath = [int(streets.open_at(graph, moment)[2]) for moment in MOMENTS]
    assert "".join(map(str, footpath)) == open_then
    assert not streets.hours_unread(graph).any()
    assert all(streets.open_at(graph, moment)[:2].all() for moment in MOMENTS)


@pytest.mark.parametrize("text", ["see sign", "no @ (snow)", "maybe @ (22:00-06:00)", "Mo 27:99", "(" * 2000])
def test_hours_that_cannot_be_read_close_nothing_and_are_flagged(text):
    graph = cross(hours=text)
    assert all(streets.open_at(graph, moment).all() for moment in MOMENTS)
    assert streets.hours_unread(graph).tolist() == [False, False, True, True]
    assert streets.hours_text(graph).tolist() == ["", "", streets.NOT_READ, streets.NOT_READ]


def test_what_is_understood_counts_beside_what_is_not():
    graph = cross(hours="dawn-dusk && no @ (snow)")
    assert streets.open_at(graph, FRIDAY_2330).tolist() == [True, True, False, False]
    assert streets.hours_unread(graph)[2]


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text):
    found = streets.text_at(text, dt.datetime.fromisoformat("2026-03-20T23:00"), -2.99, 51.58)
    assert isinstance(found.open, bool)


def test_dusk_follows_the_date_and_a_zone_is_converted():
    graph = cross(hours="dawn-dusk")
    assert streets.open_at(graph, dt.datetime.fromisoformat("2026-06-21T21:00")).all()
    assert not streets.open_at(graph, dt.datetime.fromisoformat("2026-12-21T18:00")).all()
    late = cross(hours="06:00-22:00")
    utc = dt.datetime(2026, 7, 1, 21, 30, tzinfo=ZoneInfo("UTC"))  # half past ten in Newport
    assert not streets.open_at(late, utc).all()
    assert streets.open_at(late, utc.replace(tzinfo=None)).all()


@pytest.mark.parametrize("moment", [(7, 3), (0, 24), (0,), "Friday", None, ("Fr", 3)])
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises(InputError, match=r"Not a moment.*weekday from 0 \(Monday\) to 6"):
        streets.open_at(cross(), moment)


def test_a_gate_with_hours_closes_the_path_and_not_the_street():
    rows = [
        (10, {"highway": "residential"}, [1, 2, 3]),
        (11, {"highway": "footway"}, [2, 4]),
        (12, {"highway": "path"}, [2, 6, 5]),
    ]
    ways = made_ways(rows, PLACES | {6: (100, -50)})
    at_street = streets.build_graph(with_gates(ways, [2], ["06:00-22:00"]))
    assert streets.open_at(at_street, FRIDAY_2330).tolist() == [True, True, False, False]
    along = streets.build_graph(with_gates(ways, [6], ["06:00-22:00"]))
    assert streets.open_at(along, FRIDAY_2330).tolist() == [True, True, True, False]
    assert along.hours_from.tolist() == [0, 0, 0, streets.HOURS_FROM.index("gate")]


def with_gates(ways, gate, hours):
    held = {field: getattr(ways, field) for field in ways.__dataclass_fields__}
    return type(ways)(**held | {"gate": np.array(gate), "gate_hours": tuple(hours)})


def test_paths_keep_the_hours_of_their_park_and_roads_do_not():
    shape = shapely.box(*at(40, -120), *at(160, 120))
    parks = gpd.GeoDataFrame({"hours": ["dawn-dusk"]}, geometry=[shape], crs="EPSG:4326")
    own = cross(hours="06:00-23:00")
    graph = streets.add_parks(cross(), parks)
    assert streets.open_at(graph, FRIDAY_2330).tolist() == [True, True, False, False]
    assert graph.conditional.tolist() == [False, False, True, True]
    assert streets.hours_text(streets.add_parks(own, parks))[2] == "06:00-23:00"
    small = gpd.GeoDataFrame({"hours": ["off"]}, geometry=[shapely.box(*at(90, 10), *at(110, 50))], crs=4326)
    assert streets.open_at(streets.add_parks(cross(), small), FRIDAY_NOON).all()


def test_hours_put_on_by_hand_add_to_those_held_and_leave_the_graph_given():
    graph = cross(hours="06:00-23:45")
    closed = streets.with_hours(graph, [2], "06:00-22:00")
    assert streets.open_at(closed, FRIDAY_2330).tolist() == [True, True, False, True]
    assert streets.open_at(graph, FRIDAY_2330).all()
    assert streets.with_hours(closed, [2], "06:00-22:00").hours_code[2] == closed.hours_code[2]
    wider = streets.with_hours(closed, [2], "24/7")
    assert streets.open_at(wider, FRIDAY_2330).tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("lit", "conditional", "night", "at_2330", "at_3"),
    [
        ("yes", "", 0, 2, 2),
        ("24/7", "", streets.ALL_NIGHT, 2, 2),
        ("dusk-dawn", "", streets.ALL_NIGHT, 2, 2),
        ("dusk-00:30,05:30-dawn", "", streets.PART_NIGHT, 2, 1),
        ("yes", "no @ (00:00-05:00)", streets.PART_NIGHT, 2, 1),
        ("", "yes @ (18:00-23:00)", streets.PART_NIGHT, 1, 1),
        ("limited", "", streets.PART_NIGHT, 2, 2),
        ("", "", 0, 0, 0),
        ("no", "", 0, 1, 1),
    ],
)
def test_lighting_of_part_of_the_night(lit, conditional, night, at_2330, at_3):
    graph = cross(lit=lit, lit_conditional=conditional)
    assert graph.lit_night[2] == night
    assert streets.lit_at(graph, FRIDAY_2330)[2] == at_2330
    assert streets.lit_at(graph, MONDAY_3AM)[2] == at_3
    assert streets.lit_at(graph, MONDAY_3AM)[0] == 0


@given(lit=st.text(max_size=12) | st.sampled_from(["no", "yes", "disused", "dusk-23:00"]))
def test_only_the_word_no_makes_a_street_unlit(lit):
    graph = cross(lit=lit)
    assert (graph.lit[2] == streets.UNLIT) == (lit in ("no", "disused"))
    if graph.lit[2] == streets.UNKNOWN:
        assert streets.lit_at(graph, MONDAY_3AM)[2] == streets.UNKNOWN


def test_premises_are_open_shut_or_not_known():
    doors = pd.DataFrame(
        [
            (*at(100, 60), "18:00-02:00"),
            (*at(105, 70), "Mo-Sa 09:00-17:00"),
            (*at(95, 50), ""),
            (*at(110, 60), "ask at the bar"),
            (*at(900, 60), "24/7"),
        ],
        columns=["lon", "lat", "opening_hours"],
    )
    graph = streets.add_premises(cross(), doors)
    assert graph.frontage.tolist() == [0, 0, 0, 4]
    for moment, opened in ((FRIDAY_2330, 1), (FRIDAY_NOON, 1), (MONDAY_3AM, 0)):
        known, unknown = streets.premises_open_at(graph, moment)
        assert (known[3], unknown[3]) == (opened, 2)
    assert streets.premises_open_at(cross(), FRIDAY_NOON)[0].sum() == 0


@pytest.mark.parametrize(
    ("tags", "field", "value"),
    [
        ({"tunnel": "yes"}, "sight", "Underpass"),
        ({"tunnel": "yes", "highway": "residential"}, "sight", "Tunnel"),
        ({"tunnel": "building_passage"}, "sight", "Covered way"),
        ({"covered": "yes"}, "sight", "Covered way"),
        ({"service": "alley", "highway": "service"}, "sight", "Alley"),
        ({"tunnel": "no"}, "sight", ""),
    ],
)
def test_what_hides_the_way_ahead(tags, field, value):
    assert streets.SIGHT[getattr(cross(**tags), field)[2]] == value


def test_steps_are_shared_by_length_and_unknown_stays_unknown():
    graph = cross(highway="steps", step_count="40")
    np.testing.assert_allclose(graph.step_count, [np.nan, np.nan, 20, 20], rtol=2e-3)
    assert np.isnan(cross(highway="steps", step_count="many").step_count).all()


def test_lighting_carries_its_source_and_day():
    graph = cross(lit="yes", lit_date="2023-05")
    assert [streets.LIT_SOURCES[code] for code in graph.lit_source] == ["", "", "mapped", "mapped"]
    assert graph.lit_as_of.astype(str).tolist() == ["NaT", "NaT", "2023-05-01", "2023-05-01"]
    lamps = pd.DataFrame([("lamp", *at(x, 0)) for x in range(0, 201, 20)], columns=["kind", "lon", "lat"])
    lamped = streets.add_points(cross(), lamps)
    assert [streets.LIT_SOURCES[code] for code in lamped.lit_source[:2]] == ["lamps", "lamps"]
    assert lamped.lit.tolist() == [0, 0, 0, 0]
