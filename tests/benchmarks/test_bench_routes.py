"""Speed on Newport, as ratios taken in one run; asserted only when benchmarks are enabled."""

from __future__ import annotations

import time

import networkx as nx
import numpy as np
import pytest

from safespace import routes
from safespace.sources import streets_osm
from safespace.streets import build_graph, exposure_operator

pytestmark = pytest.mark.realdata
PAIRS = 30


@pytest.fixture(scope="module")
def newport(realdata):
    """Return the graph, the exposure of its edges and walks of 0.8 to 2.5 km as the crow flies."""
    graph = build_graph(streets_osm.read_ways(realdata / "newport-2023-06-13.osm.pbf"))
    rng = np.random.default_rng(1)
    node = rng.integers(graph.nodes, size=2000)
    lon = graph.lon[node] + rng.normal(0, 5e-4, 2000)
    lat = graph.lat[node] + rng.normal(0, 3e-4, 2000)
    exposure = exposure_operator(graph, lon, lat) @ np.ones(2000)
    connected = np.flatnonzero(graph.component == 0)
    drawn = rng.choice(connected, (4000, 2))
    away = np.hypot(
        *(graph.x[drawn[:, 0]] - graph.x[drawn[:, 1]], graph.y[drawn[:, 0]] - graph.y[drawn[:, 1]])
    )
    return graph, exposure, drawn[(away > 800) & (away < 2500)][:PAIRS].tolist()


def seconds(call, *args, **kwargs):
    start = time.perf_counter()
    call(*args, **kwargs)
    return time.perf_counter() - start


def test_walk_with_fresh_weights_against_networkx(newport, benchmark):
    """networkx is given the fresh weights for nothing: only its search is timed."""
    graph, _, pairs = newport
    rng = np.random.default_rng(2)
    made = nx.MultiGraph()
    made.add_nodes_from(range(graph.nodes))
    made.add_edges_from(zip(graph.u.tolist(), graph.v.tolist(), range(graph.edges), strict=True))
    routes.shortest_path(graph, *pairs[0])
    ours, theirs = [], []
    for origin, destination in pairs:
        weight = graph.length_m * (1 + rng.random(graph.edges))
        given = {
            (u, v, k): w
            for u, v, k, w in zip(
                graph.u.tolist(), graph.v.tolist(), range(graph.edges), weight.tolist(), strict=True
            )
        }
        nx.set_edge_attributes(made, given, "weight")
        ours.append(
            min(seconds(routes.shortest_path, graph, origin, destination, weight=weight) for _ in range(3))
        )
        theirs.append(seconds(nx.bidirectional_dijkstra, made, origin, destination))
    weight = graph.length_m * 1.5
    benchmark(routes.shortest_path, graph, *pairs[0], weight=weight)
    benchmark.extra_info["networkx_ratio"] = ratio = float(np.median(theirs) / np.median(ours))
    if benchmark.enabled:
        assert ratio >= 15


def test_trade_off_set(newport, benchmark):
    graph, exposure, pairs = newport
    routes.trade_off(graph, *pairs[0], exposure=exposure)
    times = [seconds(routes.trade_off, graph, *pair, exposure=exposure) for pair in pairs]
    benchmark(routes.trade_off, graph, *pairs[0], exposure=exposure)
    benchmark.extra_info["median_ms"] = median_ms = float(np.median(times) * 1000)
    benchmark.extra_info["worst_ms"] = float(max(times) * 1000)
    if benchmark.enabled:
        assert median_ms <= 10
        assert max(times) <= 0.1
