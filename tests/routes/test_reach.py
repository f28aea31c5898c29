"""How far one walks in some minutes, and the walks to many places, against plain ways to the same."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import METRE_LAT, METRE_LON, ORIGIN, grid_graph, made_ways

from safespace import routes
from safespace.errors import InputError, PlaceError
from safespace.routes.limits import Limits
from safespace.settings import RouteSettings
from safespace.streets import build_graph, proximity_operator, replace

SETTINGS = RouteSettings(walk_speed_m_per_s=1.0)  # 60 m a minute, to count in the head


def at(east_m, north_m=0.0):
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


@pytest.fixture(scope="module")
def line():
    """Return one street: 100 m lit, 100 m unlit, 100 m not known, and a flight of steps off its middle."""
    places = {k: (100 * k, 0) for k in range(4)} | {9: (100, 50)}
    rows = [
        (1, {"highway": "footway", "lit": "yes", "surface": "asphalt"}, [0, 1]),
        (2, {"highway": "footway", "lit": "no", "surface": "gravel"}, [1, 2]),
        (3, {"highway": "footway", "name": "Third Street"}, [2, 3]),
        (4, {"highway": "steps"}, [1, 9]),
    ]
    return build_graph(made_ways(rows, places))


def test_metres_within_some_minutes_by_hand(line):
    found = routes.reachable(line, at(0), [4, 2], settings=SETTINGS)
    assert found.table["minutes"].tolist() == [2, 4]
    # in 2 minutes 120 m: the lit 100 m, 20 m unlit and 20 m of the steps; in 4 minutes 240 m
    rows = found.table.set_index("minutes")
    assert rows.loc[2, ["lit_yes_m", "lit_no_m", "lit_unknown_m", "steps_m"]].tolist() == pytest.approx(
        [100, 20, 20, 20], abs=0.1
    )
    assert rows.loc[4, ["lit_yes_m", "lit_no_m", "lit_unknown_m", "steps_m"]].tolist() == pytest.approx(
        [100, 100, 90, 50], abs=0.1
    )
    assert rows.loc[4, ["paved_m", "unpaved_m", "surface_unknown_m"]].tolist() == pytest.approx(
        [100, 100, 90], abs=0.1
    )


def test_segments_hold_each_metre_once_and_areas_grow(line):
    found = routes.reachable(line, at(0), [2, 4], settings=SETTINGS)
    assert found.segments.groupby("minutes")["length_m"].sum().tolist() == pytest.approx([140, 150], abs=0.2)
    drawn = found.segments.to_crs(line.crs).length
    np.testing.assert_allclose(drawn, found.segments["length_m"], rtol=2e-3)
    small, large = found.areas.geometry
    assert large.contains(small)
    assert small.contains(shapely.Point(at(110)))
    assert not small.contains(shapely.Point(at(160)))
    assert found.areas.crs == found.segments.crs == "EPSG:4326"
    assert set(found.areas["attribution"]) == {"© OpenStreetMap contributors"}


def test_an_edge_walked_from_both_ends_is_counted_once():
    """A ring of 400 m: in 3 minutes all but the far 40 m, in 4 minutes the whole, each metre once."""
    places = {1: (0, 0), 2: (100, 0), 3: (100, 100), 4: (0, 100)}
    graph = build_graph(
        made_ways(
            [(1, {"highway": "path"}, [1, 2, 3, 4, 1]), (2, {"highway": "path"}, [3, 5])],
            places | {5: (400, 100)},
        )
    )
    found = routes.reachable(graph, at(0), [3, 4], settings=SETTINGS).table["length_m"].tolist()
    assert found == pytest.approx([360, 400 + 40], abs=1)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_reach_equals_a_count_of_points_along_the_streets(seed):
    """Points every metre: one is within reach when the nearer end leaves enough metres for it."""
    graph = grid_graph(5, seed=seed % 97)
    rng = np.random.default_rng(seed)
    node, minutes = int(rng.integers(graph.nodes)), float(rng.uniform(1, 8))
    found = routes.reachable(
        graph, (float(graph.lon[node]), float(graph.lat[node])), [minutes], settings=SETTINGS
    )
    cost = routes.distances(graph, node)
    total = 0.0
    for edge in range(graph.edges):
        along = np.linspace(0, graph.length_m[edge], 501)
        away = np.minimum(cost[graph.u[edge]] + along, cost[graph.v[edge]] + along[::-1])
        total += float((away <= minutes * 60).mean()) * graph.length_m[edge]
    assert found.table["length_m"][0] == pytest.approx(total, abs=0.4 * graph.edges)


def test_limits_stop_at_the_steps(line):
    lengthened = replace(line, length_m=line.length_m * 20)
    found = routes.reachable(lengthened, at(0), [60], settings=SETTINGS, limits=Limits(step_free=True))
    assert found.table["steps_m"].tolist() == [0]
    assert found.left_out["segments"].tolist() == [1]
    assert any("Step-free: 1 segments" in note for note in found.notes)


def test_times_that_are_none_are_refused(line):
    for minutes in ([], [0], [-5], [61], [float("nan")]):
        with pytest.raises(InputError, match=r"Not a walking time.*over 0 and at most 60"):
            routes.reachable(line, at(0), minutes, settings=SETTINGS)
    with pytest.raises(PlaceError, match=r"No street within 300 m"):
        routes.reachable(line, at(-3000), [5], settings=SETTINGS)


def test_proximity_is_shared_out_by_the_metres_walked(line):
    operator = proximity_operator(line, *[[value] for value in at(50)])
    whole = routes.reachable(line, at(0), [60], settings=SETTINGS, reports_nearby=operator @ np.ones(1))
    assert whole.table["reports_nearby"][0] == pytest.approx(operator.sum() / routes.on_street_m(SETTINGS))
    assert whole.table["reports_nearby_per_km"][0] == pytest.approx(
        whole.table["reports_nearby"][0] / whole.table["length_m"][0] * 1000
    )


@pytest.fixture(scope="module")
def town():
    graph = grid_graph(7, seed=4, drop=0.1)
    rng = np.random.default_rng(3)
    lon, lat = at(rng.uniform(0, 600, 40), rng.uniform(0, 600, 40))
    return graph, proximity_operator(graph, lon, lat)


def test_walks_to_many_places_are_the_shortest_walks(town):
    graph, operator = town
    rng = np.random.default_rng(5)
    start, *ends = rng.choice(np.flatnonzero(graph.component == 0), 9, replace=False).tolist()

    def where(node):
        return float(graph.lon[node]), float(graph.lat[node])

    found = routes.one_to_many(
        graph,
        where(start),
        {f"place {node}": where(node) for node in ends},
        operator=operator,
        weights=np.ones(40),
        settings=SETTINGS,
    )
    assert found["to"].tolist() == [f"place {node}" for node in ends]
    assert found["length_m"].tolist() == pytest.approx(
        [routes.shortest_path(graph, start, node).cost for node in ends], abs=1e-3
    )
    assert (found["problem"] == "").all()
    one = routes.plan(
        graph, where(start), where(ends[0]), operator=operator, weights=np.ones(40), settings=SETTINGS
    ).routes[0]
    assert found["reports_nearby"][0] == pytest.approx(one.reports_nearby, abs=1e-3)
    assert found["lit_unknown_m"][0] == pytest.approx(one.lit_unknown_m, abs=1e-3)
    assert set(found["attribution"]) == {"© OpenStreetMap contributors"}


def test_a_place_that_cannot_be_reached_keeps_its_row_and_says_why(line):
    operator = proximity_operator(line, [ORIGIN[0]], [ORIGIN[1]])
    found = routes.one_to_many(
        line,
        at(0),
        {
            "here": at(1),
            "there": at(300),
            "far": at(5000),
            "none": (float("nan"), 51.0),
            "above": at(100, 50),
        },
        operator=operator,
        weights=[1],
        settings=RouteSettings(snap_limit_m=20),
        limits=None,
    )
    assert found["problem"].map(bool).tolist() == [True, False, True, True, False]
    assert "street corner" in found["problem"][0]
    assert "No street within 20 m" in found["problem"][2]
    assert "Not a place in degrees" in found["problem"][3]
    assert found["length_m"].isna().tolist() == [True, False, True, True, False]
    long = replace(line, length_m=line.length_m * 20)
    limited = routes.one_to_many(
        long,
        at(0),
        {"above": at(100, 50)},
        operator=operator,
        weights=[1],
        settings=RouteSettings(snap_limit_m=20),
        limits=Limits(step_free=True),
    )
    assert "No walk to this place remains within these limits" in limited["problem"][0]
