"""Limits: what they leave out is told, walks keep to them, and what to lift is said."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import METRE_LAT, METRE_LON, ORIGIN, grid_graph, made_ways

from safespace import routes, streets
from safespace.errors import PlaceError
from safespace.routes.limits import Limits, ends_within, limit
from safespace.settings import RouteSettings
from safespace.streets import build_graph, proximity_operator

SETTINGS = RouteSettings()
PLACES = {1: (0, 0), 2: (200, 0), 3: (400, 0), 4: (200, 80), 5: (200, -160), 6: (900, 0), 7: (0, 50)}
# From 1 to 3: over stairs (400 m), along an earth path (431 m), or round by a paved street (512 m).
ROWS = [
    (10, {"highway": "steps", "surface": "paved"}, [1, 2]),
    (11, {"highway": "footway", "surface": "asphalt"}, [2, 3]),
    (12, {"highway": "path", "surface": "earth"}, [1, 4, 3]),
    (13, {"highway": "residential"}, [1, 5, 3]),
    (14, {"highway": "residential"}, [3, 6]),
    (15, {"highway": "steps"}, [1, 7]),
]


def at(node):
    east_m, north_m = PLACES[node]
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


@pytest.fixture(scope="module")
def hill():
    graph = build_graph(made_ways(ROWS, PLACES))
    lon, lat = at(4)
    return graph, proximity_operator(graph, [lon], [lat])


def planned(hill, start=1, end=3, **limits):
    graph, operator = hill
    return routes.plan(
        graph,
        at(start),
        at(end),
        operator=operator,
        weights=np.ones(1),
        settings=SETTINGS,
        limits=Limits(**limits),
    )


def ways(options):
    return [options.routes[0].reasons["edges"].explode().nunique(), round(options.routes[0].length_m)]


def test_each_limit_takes_the_next_way_round(hill):
    assert ways(planned(hill)) == [2, 400]
    assert ways(planned(hill, step_free=True)) == [1, 431]
    assert ways(planned(hill, step_free=True, paved=True)) == [1, 512]
    assert ways(planned(hill, paved=True)) == [2, 400]


def test_what_is_left_out_and_what_it_changes_is_told(hill):
    options = planned(hill, step_free=True, paved=True)
    assert options.limits == Limits(step_free=True, paved=True)
    assert options.left_out["limit"].tolist() == ["Step-free", "Paved only"]
    assert options.left_out["segments"].tolist() == [2, 1]
    assert options.left_out["km"].to_numpy() == pytest.approx([0.25, 0.431], abs=0.001)
    assert round(options.unlimited_m) == 400
    notes = " ".join(options.notes)
    assert "Step-free: 2 segments (0.2 km of the streets loaded) are left out. Kerbs, slopes and" in notes
    assert "Where the surface is not mapped (1.0 km, " not in notes
    assert "Where the surface is not mapped (1.1 km) streets stay." in notes
    assert "Without these limits the shortest walk is 400 m; within them 512 m." in notes


def test_no_limits_say_nothing_and_change_nothing(hill):
    graph, operator = hill
    plain = routes.plan(graph, at(1), at(3), operator=operator, weights=np.ones(1), settings=SETTINGS)
    assert plain.notes == planned(hill).notes
    assert plain.left_out.empty
    assert not any("limit" in note for note in plain.notes)
    assert limit(graph, Limits()).graph is graph


def test_unknown_surface_is_kept_and_its_metres_told(hill):
    route = planned(hill, step_free=True, paved=True).routes[0]
    assert (route.paved_m, route.unpaved_m) == (0, 0)
    assert route.surface_unknown_m == pytest.approx(route.length_m)
    assert route.surface_known == pytest.approx(0)
    earth = planned(hill, step_free=True).routes[0]
    assert earth.unpaved_m == pytest.approx(earth.length_m)
    assert earth.reasons["surface"].tolist() == ["unpaved"]


@pytest.mark.parametrize(
    ("limits", "lift"),
    [
        ({"step_free": True}, "Step-free"),
        ({"step_free": True, "paved": True}, "Step-free"),
    ],
)
def test_when_no_walk_remains_the_limit_to_lift_is_named(limits, lift):
    places = {1: (0, 0), 2: (400, 0), 3: (800, 0)}
    rows = [(1, {"highway": "steps"}, [1, 2]), (2, {"highway": "footway"}, [2, 3])]
    graph = build_graph(made_ways(rows, places))
    ends = [(ORIGIN[0] + east * METRE_LON, ORIGIN[1]) for east in (0, 800)]
    with pytest.raises(PlaceError, match=rf"No walk .* within these limits.*Lift this limit: {lift}\."):
        ends_within(limit(graph, Limits(**limits)), *ends, 300)


def test_two_limits_that_must_go_together_are_named_together():
    places = {1: (0, 0), 2: (400, 0), 3: (800, 0)}
    rows = [(1, {"highway": "steps"}, [1, 2]), (2, {"highway": "path", "surface": "mud"}, [2, 3])]
    graph = build_graph(made_ways(rows, places))
    ends = [(ORIGIN[0] + east * METRE_LON, ORIGIN[1]) for east in (0, 800)]
    with pytest.raises(PlaceError, match=r"Lift this limit: Step-free and Paved only\."):
        ends_within(limit(graph, Limits(step_free=True, paved=True)), *ends, 300)


def test_a_walk_starts_where_the_limits_allow_and_says_how_far_that_is():
    """The nearest junction lies at the foot of stairs: a step-free walk starts on the street above."""
    places = {1: (0, 0), 2: (0, 90), 3: (600, 90)}
    rows = [(1, {"highway": "steps"}, [1, 2]), (2, {"highway": "footway"}, [2, 3])]
    graph = build_graph(made_ways(rows, places))
    operator = proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])
    options = routes.plan(
        graph,
        ORIGIN,
        (ORIGIN[0] + 600 * METRE_LON, ORIGIN[1] + 90 * METRE_LAT),
        operator=operator,
        weights=[1],
        settings=SETTINGS,
        limits=Limits(step_free=True),
    )
    assert options.snapped_m[0] == pytest.approx(90, abs=1)
    assert any("start 90 m from the point asked for" in note for note in options.notes)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_walks_within_limits_are_the_shortest_of_the_streets_left(seed):
    rng = np.random.default_rng(seed)
    graph = grid_graph(5, seed=3)
    graph = streets.replace(graph, steps=rng.random(graph.edges) < 0.3)
    limited = limit(graph, Limits(step_free=True))
    assert not graph.steps[limited.graph.edge].any()
    kept = np.flatnonzero(~graph.steps)
    assert sorted(set(limited.graph.edge.tolist())) == kept.tolist()
    origin = int(rng.integers(graph.nodes))
    weight = np.where(graph.steps, 1e6, graph.length_m)
    with_price = routes.distances(graph, origin, weight=weight)
    within = routes.distances(limited.graph, origin)
    np.testing.assert_allclose(within, np.where(with_price < 1e6, with_price, np.inf), rtol=1e-9)


# A park path from 1 to 2 open until 22:00, a street round it, and a towpath whose hours nobody can read.
PARK = {1: (0, 0), 2: (400, 0), 3: (200, -200), 4: (600, 0)}
PARK_ROWS = [
    (1, {"highway": "footway", "hours": "06:00-22:00", "lit": "yes"}, [1, 2]),
    (2, {"highway": "residential"}, [1, 3, 2]),
    (3, {"highway": "path", "hours": "see sign"}, [2, 4]),
]


@pytest.fixture(scope="module")
def park():
    graph = build_graph(made_ways(PARK_ROWS, PARK))
    return graph, proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])


def saturday(hour, minute):
    return datetime.fromisoformat(f"2026-11-28T{hour:02d}:{minute:02d}")


def across(park, moment, to=(400, 0)):
    graph, operator = park
    end = ORIGIN[0] + to[0] * METRE_LON, ORIGIN[1] + to[1] * METRE_LAT
    given = {"operator": operator, "weights": [1], "settings": SETTINGS, "limits": Limits(at=moment)}
    return routes.plan(graph, ORIGIN, end, **given)


@pytest.mark.parametrize(
    ("hour", "minute", "length_m"), [(21, 59, 400), (22, 0, 566), (5, 59, 566), (6, 0, 400)]
)
def test_a_park_closed_at_night_is_walked_round(park, hour, minute, length_m):
    options = across(park, saturday(hour, minute))
    assert round(options.routes[0].length_m) == length_m
    assert round(options.unlimited_m) == 400
    notes = " ".join(options.notes)
    closed = length_m > 400
    assert (
        f"{minute:02d} on Saturday 28 November 2026: {int(closed)} segments ({0.4 * closed:.1f} km" in notes
    )
    assert "Conditions that cannot be read (0.2 km) count as open" in notes
    assert f"Without these limits the shortest walk is 400 m; within them {length_m} m." in notes


def test_hours_that_cannot_be_read_close_nothing(park):
    options = across(park, saturday(23, 30), to=(600, 0))
    assert round(options.routes[0].length_m) == 766
    assert options.routes[0].reasons["hours"].tolist() == ["", "see sign"]


def test_the_moment_is_a_limit_that_can_be_lifted():
    graph = build_graph(made_ways([PARK_ROWS[0], PARK_ROWS[2]], PARK))
    operator = proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])
    with pytest.raises(PlaceError, match=r"Open at 23:30 on Saturday .*Lift this limit: Open at the time\."):
        across((graph, operator), saturday(23, 30), to=(600, 0))


def test_lighting_is_told_as_at_the_time():
    """Lamps switched off at midnight: lit at eleven, unlit at one; without a time as mapped."""
    rows = [(1, {"highway": "footway", "lit": "05:00-24:00"}, [1, 2])]
    graph = build_graph(made_ways(rows, {1: (0, 0), 2: (400, 0)}))
    pair = graph, proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])
    assert across(pair, None).routes[0].lit_yes_m == pytest.approx(400, abs=0.5)
    assert across(pair, saturday(23, 0)).routes[0].lit_yes_m == pytest.approx(400, abs=0.5)
    assert across(pair, saturday(1, 0)).routes[0].lit_no_m == pytest.approx(400, abs=0.5)
