"""Loads equal those of a plain search pair by pair; what enters a junction leaves it; stops by hand."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import METRE_LAT, METRE_LON, ORIGIN, grid_graph, made_ways
from scipy.sparse import csr_array

from safespace import corridors
from safespace.errors import InputError, SchemaError
from safespace.interventions import Scenario, apply
from safespace.routes import distances
from safespace.streets import build_graph, replace


def brute_force(graph, origins, destinations, weight, people):
    """Search every pair with networkx and add up."""
    made = nx.MultiGraph()
    made.add_nodes_from(range(graph.nodes))
    for e, (u, v, w) in enumerate(zip(graph.u.tolist(), graph.v.tolist(), weight.tolist(), strict=True)):
        made.add_edge(u, v, key=e, weight=w)
    load, cost = np.zeros(graph.edges), np.full(people.shape, np.inf)
    for i, o in enumerate(origins):
        for j, d in enumerate(destinations):
            try:
                path = nx.dijkstra_path(made, o, d)
            except nx.NetworkXNoPath:
                continue
            steps = [min(made[a][b].items(), key=lambda item: item[1]["weight"]) for a, b in pairwise(path)]
            cost[i, j] = sum(data["weight"] for _, data in steps)
            for e, _ in steps:
                load[e] += people[i, j]
    return load, cost


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_loads_equal_brute_force_on_graphs_in_pieces(seed):
    rng = np.random.default_rng(seed)
    graph = grid_graph(5, seed=seed, drop=0.3)
    origins, destinations = rng.integers(graph.nodes, size=4), rng.integers(graph.nodes, size=5)
    people = rng.integers(0, 4, (4, 5)).astype(float)
    weights = [graph.length_m, graph.length_m * rng.uniform(1, 3, graph.edges)]
    found = corridors.corridor_load(graph, origins, destinations, weights, people=people)
    for k, weight in enumerate(weights):
        load, cost = brute_force(graph, origins.tolist(), destinations.tolist(), weight, people)
        np.testing.assert_allclose(found.load[k], load)
        np.testing.assert_allclose(found.cost[k], cost)
    np.testing.assert_allclose(found.blend, found.load.mean(axis=0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_people_are_neither_made_nor_lost(seed):
    """Over all edges, load x length is people x length of their walks; from one origin, junctions balance."""
    rng = np.random.default_rng(seed)
    graph = grid_graph(6, seed=seed, drop=0.15)
    origins, destinations = rng.integers(graph.nodes, size=6), rng.integers(graph.nodes, size=3)
    people = rng.uniform(0, 9, (6, 3))
    found = corridors.corridor_load(graph, origins, destinations, [graph.length_m], people=people)
    reached = np.isfinite(found.cost[0])
    assert found.load[0] @ graph.length_m == pytest.approx(
        (people * np.where(reached, found.cost[0], 0)).sum()
    )

    one = corridors.corridor_load(graph, origins[:1], destinations, [graph.length_m], people=people[:1])
    ends = np.zeros(graph.nodes)
    np.add.at(ends, destinations, np.where(reached[0], people[0], 0))
    ends[origins[0]] = 0  # who is there already walks nowhere
    from_here = distances(graph, int(origins[0]))
    inward = from_here[graph.u] < from_here[graph.v]
    net = np.zeros(graph.nodes)
    np.add.at(net, np.where(inward, graph.v, graph.u), one.load[0])
    np.add.at(net, np.where(inward, graph.u, graph.v), -one.load[0])
    net[origins[0]] = 0
    np.testing.assert_allclose(net, ends, atol=1e-9)


def test_a_corridor_by_hand():
    """Two halls reach the station over one bridge: it carries both, each approach its own."""
    places = {1: (0, 0), 2: (0, 100), 3: (100, 50), 4: (200, 50)}
    rows = [
        (1, {"highway": "footway", "name": "North Hall Lane"}, [1, 3]),
        (2, {"highway": "footway", "name": "South Hall Lane"}, [2, 3]),
        (3, {"highway": "footway", "name": "Bridge", "bridge": "yes"}, [3, 4]),
    ]
    graph = build_graph(made_ways(rows, places))
    at = {int(osm): k for k, osm in enumerate(graph.node_id)}
    found = corridors.corridor_load(graph, [at[1], at[2]], [at[4]], [graph.length_m], people=[[30], [12]])
    by_way = dict(zip(graph.way_id.tolist(), found.load[0].tolist(), strict=True))
    assert by_way == {1: 30, 2: 12, 3: 42}
    shut = apply(graph, Scenario("Bridge closed", close=(int(np.flatnonzero(graph.way_id == 3)[0]),)))
    none = corridors.corridor_load(shut, [at[1], at[2]], [at[4]], [graph.length_m])
    assert not none.load.any()
    assert np.isinf(none.cost).all()


def test_what_cannot_be_asked_says_why():
    graph = grid_graph(3, seed=1)
    with pytest.raises(InputError, match=r"0 origins and 1 destinations.*at least one place"):
        corridors.corridor_load(graph, [], [1], [graph.length_m])
    with pytest.raises(InputError, match="not on these streets"):
        corridors.corridor_load(graph, [99], [1], [graph.length_m])
    with pytest.raises(InputError, match="no weighting"):
        corridors.corridor_load(graph, [0], [1], [])
    with pytest.raises(InputError, match=r"people of shape \(1, 2\) for 1 x 1"):
        corridors.corridor_load(graph, [0], [1], [graph.length_m], people=[[1, 2]])
    with pytest.raises(SchemaError, match="not negative"):
        corridors.corridor_load(graph, [0], [1], [-graph.length_m])


def place(east_m, north_m):
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


@pytest.fixture
def line():
    """Return a street of 300 m lit and 300 m of unlit steps with a camera, from west to east."""
    places = {1: (0, 0), 2: (300, 0), 3: (600, 0)}
    rows = [
        (1, {"highway": "residential", "name": "Mill Lane", "lit": "yes", "surface": "asphalt"}, [1, 2]),
        (2, {"highway": "steps", "lit": "no", "tunnel": "yes"}, [2, 3]),
    ]
    lon, lat = place(450, 10)
    camera = pd.DataFrame({"kind": ["camera"], "lon": [lon], "lat": [lat]})
    return build_graph(made_ways(rows, places), points=camera)


def test_the_last_400_m_of_a_stop_by_hand(line):
    """From the western end: 300 m of lit street and the first 100 m of the steps."""
    west, far = place(0, 20), place(0, 4000)
    stops = pd.DataFrame(
        {
            "name": ["Mill Lane", "Moor"],
            "kind": "bus_stop",
            "lon": [west[0], far[0]],
            "lat": [west[1], far[1]],
        }
    )
    near = csr_array(np.array([[1.0, 0, 0.2], [0, 0, 5.0]]))
    table = corridors.around_stops(line, stops, bearing=near)
    row = table.iloc[0]
    figures = row[["streets_m", "lit_m", "unlit_m", "unknown_m", "steps_m", "tunnel_m"]].tolist()
    assert figures == pytest.approx([400, 300, 100, 0, 100, 100], abs=1)
    assert row[["cameras", "reports_within_reach"]].tolist() == [1, 2]
    assert row["problem"] == ""
    assert "No connected street within 300 m; the nearest is 3,999 m" in table.loc[1, "problem"]
    assert table.loc[1, list(corridors._AROUND)].isna().all()


def test_metres_by_lighting_add_up_round_every_stop():
    graph = grid_graph(7, seed=3, drop=0.1)
    stops = pd.DataFrame({"name": "s", "kind": "bus_stop", "lon": graph.lon[:20], "lat": graph.lat[:20]})
    table = corridors.around_stops(graph, stops)
    table = table[table["problem"] == ""]
    np.testing.assert_allclose(table[["lit_m", "unlit_m", "unknown_m"]].sum(axis=1), table["streets_m"])
    assert (table["streets_m"] <= graph.length_m.sum()).all()


def test_the_checklist_holds_every_item_of_every_segment(line):
    table = corridors.checklist(line, [1, 0], people=np.array([3.0, 9.0]))
    assert table["segment"].tolist() == [1] * 7 + [0] * 7
    assert table["item"].tolist() == [*corridors.ITEMS] * 2
    told = table[table["segment"] == 1].set_index("item")
    assert told.loc["Lighting", "as_mapped"] == "no"
    assert told.loc["Sight lines", "as_mapped"] == "underpass"
    assert told.loc["Overgrown planting", "as_mapped"] == "not mapped: look"
    assert told.loc["Surface and steps", "as_mapped"] == "not mapped: look; steps"
    assert told.loc["CCTV", "as_mapped"] == "1 mapped within 25 m"
    assert told.loc["Exits", "as_mapped"] == "1 other ways on at one end, 0 at the other"
    assert (told["people"] == 9).all()
    assert (table[["seen_on_site", "what_to_do", "owner", "checked_on"]] == "").all(axis=None)
    with pytest.raises(SchemaError, match="not in these streets"):
        corridors.checklist(line, [7])


def test_nothing_of_the_streets_is_changed(line):
    before = replace(line, length_m=line.length_m.copy())
    corridors.corridor_load(line, [0], [2], [line.length_m])
    np.testing.assert_array_equal(before.length_m, line.length_m)
