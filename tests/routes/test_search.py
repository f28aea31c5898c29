"""Shortest walks equal networkx, igraph and the scipy way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import grid_graph, made_ways

from safespace import routes
from safespace.errors import PlaceError, SchemaError
from safespace.routes.search import nodes_along, trace
from safespace.streets import build_graph, osm

GRAPH = grid_graph(7, seed=11, drop=0.15)
CONNECTED = np.flatnonzero(GRAPH.component == 0)


def as_networkx(graph, weight):
    made = nx.MultiGraph()
    made.add_weighted_edges_from(zip(graph.u.tolist(), graph.v.tolist(), weight.tolist(), strict=True))
    return made


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_equals_networkx_igraph_and_scipy(seed):
    rng = np.random.default_rng(seed)
    origin, destination = map(int, rng.choice(CONNECTED, 2, replace=False))
    weight = rng.random(GRAPH.edges) * GRAPH.length_m
    path = routes.shortest_path(GRAPH, origin, destination, weight=weight)
    assert path.cost == pytest.approx(
        nx.dijkstra_path_length(as_networkx(GRAPH, weight), origin, destination), rel=1e-9
    )
    other = igraph.Graph(n=GRAPH.nodes, edges=np.column_stack([GRAPH.u, GRAPH.v]).tolist())
    assert path.cost == pytest.approx(
        other.distances(origin, destination, weights=weight.tolist())[0][0], rel=1e-9
    )
    assert (
        routes.shortest_path_scipy(GRAPH, origin, destination, weight=weight).edges.tolist()
        == path.edges.tolist()
    )
    assert path.nodes[0] == origin
    assert path.nodes[-1] == destination
    assert nodes_along(GRAPH, origin, path.edges).tolist() == path.nodes.tolist()
    assert routes.distances(GRAPH, origin, weight=weight)[destination] == pytest.approx(path.cost, rel=1e-12)
    cost, back = routes.shortest_tree(GRAPH, origin, weight=weight)
    np.testing.assert_array_equal(cost, routes.distances(GRAPH, origin, weight=weight))
    assert trace(GRAPH, back, origin, destination, weight).edges.tolist() == path.edges.tolist()


def test_zero_weights_are_walked():
    path = routes.shortest_path(GRAPH, int(CONNECTED[0]), int(CONNECTED[-1]), weight=np.zeros(GRAPH.edges))
    assert path.cost == 0


def test_distances_stop_at_the_limit():
    whole = routes.distances(GRAPH, int(CONNECTED[0]))
    near = routes.distances(GRAPH, int(CONNECTED[0]), limit=300)
    np.testing.assert_array_equal(near, np.where(whole <= 300, whole, np.inf))


def test_the_shorter_of_two_ways_between_the_same_corners_is_taken():
    places = {1: (0, 0), 2: (100, 0), 3: (50, 40), 4: (200, 0)}
    rows = [
        (1, {"highway": "path"}, [1, 3, 2]),
        (2, {"highway": "path"}, [1, 2]),
        (3, {"highway": "path"}, [2, 4]),
    ]
    graph = build_graph(made_ways(rows, places))
    for search in (routes.shortest_path, routes.shortest_path_scipy):
        assert graph.way_id[search(graph, 0, 2).edges].tolist() == [2, 3]


def test_weights_that_do_not_fit_are_refused():
    for weight in (np.ones(3), -np.ones(GRAPH.edges), np.full(GRAPH.edges, np.nan)):
        with pytest.raises(SchemaError, match="one finite number an edge"):
            routes.shortest_path(GRAPH, 0, 1, weight=weight)


def test_an_island_is_said_to_be_one():
    places = {1: (0, 0), 2: (100, 0), 3: (5000, 0), 4: (5100, 0)}
    rows = [(1, {"highway": "path"}, [1, 2]), (2, {"highway": "path"}, [3, 4])]
    graph = build_graph(made_ways(rows, places))
    for search in (routes.shortest_path, routes.shortest_path_scipy):
        with pytest.raises(PlaceError, match=r"not connected.*load a wider extract"):
            search(graph, 0, 2)
    with pytest.raises(PlaceError, match="not connected"):
        routes.trade_off(graph, 0, 2, reports_nearby=np.ones(2))


@pytest.mark.realdata
def test_equals_networkx_and_igraph_on_newport(realdata):
    graph = build_graph(osm.read_ways(realdata / "newport-2023-06-13.osm.pbf"))
    rng = np.random.default_rng(6)
    weight = rng.random(graph.edges) * graph.length_m
    theirs = as_networkx(graph, weight)
    other = igraph.Graph(n=graph.nodes, edges=np.column_stack([graph.u, graph.v]).tolist())
    for origin, destination in rng.choice(np.flatnonzero(graph.component == 0), (8, 2)).tolist():
        cost = routes.shortest_path(graph, origin, destination, weight=weight).cost
        assert cost == pytest.approx(nx.dijkstra_path_length(theirs, origin, destination), rel=1e-9)
        found = other.distances(origin, destination, weights=weight.tolist())[0][0]
        assert cost == pytest.approx(found, rel=1e-9)
        again = routes.shortest_path_scipy(graph, origin, destination, weight=weight)
        assert again.cost == pytest.approx(cost, rel=1e-12)


PLAIN = """
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from made_streets import grid_graph
from safespace import routes
from safespace.settings import RouteSettings
from safespace.streets import proximity_operator
graph = grid_graph(6, seed=5)
operator = proximity_operator(graph, graph.lon[::3], graph.lat[::3])
ends = [(float(graph.lon[k]), float(graph.lat[k])) for k in (0, graph.nodes - 1)]
plan = routes.plan(graph, *ends, operator=operator, weights=np.ones(operator.shape[1]), settings=RouteSettings())
print(routes.to_geojson(plan))
"""


def test_without_compiling_the_answers_are_the_same():
    """NUMBA_DISABLE_JIT runs every hot loop as plain Python: the same options, to the last byte."""
    made = [
        subprocess.run(
            [sys.executable, "-c", PLAIN, str(Path(__file__).parents[1])],
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
            capture_output=True,
            check=True,
        ).stdout
        for off in ("0", "1")
    ]
    assert made[0] == made[1]
    assert b'"option": "Shortest"' in made[0]
