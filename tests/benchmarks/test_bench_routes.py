"""Speed on Newport and on 200,000 made junctions, as ratios taken in one run; asserted only when enabled."""

from __future__ import annotations

import time
from typing import NamedTuple

import networkx as nx
import numpy as np
import pytest
from made_streets import big_graph

from safespace import routes
from safespace.routes.limits import limit
from safespace.settings import RouteSettings
from safespace.streets import build_graph, osm, proximity_operator

PAIRS = 30


class Town(NamedTuple):
    """Streets, the reports nearby of their edges, and walks of 0.8 to 2.5 km as the crow flies."""

    graph: object
    reports_nearby: np.ndarray
    pairs: list


def town_of(graph, *, reports):
    rng = np.random.default_rng(1)
    node = rng.integers(graph.nodes, size=reports)
    lon = graph.lon[node] + rng.normal(0, 5e-4, reports)
    lat = graph.lat[node] + rng.normal(0, 3e-4, reports)
    reports_nearby = proximity_operator(graph, lon, lat) @ np.ones(reports)
    connected = np.flatnonzero(graph.component == 0)
    start = rng.choice(connected, 400)
    pairs = []
    for node in start.tolist():
        away = np.hypot(graph.x[connected] - graph.x[node], graph.y[connected] - graph.y[node])
        near = connected[(away > 800) & (away < 2500)]
        if len(near):
            pairs.append((node, int(rng.choice(near))))
    return Town(graph, reports_nearby, pairs[:PAIRS])


@pytest.fixture(scope="module")
def newport(realdata):
    return town_of(build_graph(osm.read_ways(realdata / "newport-2023-06-13.osm.pbf")), reports=2000)


@pytest.fixture(scope="module")
def county(benchmark_is_on):
    """Return about 200,000 junctions when speed is measured, a hundredth of it when the code is only run."""
    side = 475 if benchmark_is_on else 47
    return town_of(big_graph(side, seed=1), reports=side * 40)


@pytest.fixture(scope="module")
def benchmark_is_on(request):
    return bool(request.config.getoption("benchmark_enable") or request.config.getoption("benchmark_only"))


@pytest.fixture(params=["newport", pytest.param("county", id="200k")])
def town(request):
    if request.param == "newport":
        request.applymarker(pytest.mark.realdata)
    return request.getfixturevalue(request.param)


def seconds(call, *args, **kwargs):
    """Return the time our own thread took, so that other work on the machine is not counted."""
    start = time.thread_time()
    call(*args, **kwargs)
    return time.thread_time() - start


def told(benchmark, request, **figures):
    """Keep figures with the benchmark and print them beside its name."""
    benchmark.extra_info |= figures
    print(f"\n{request.node.name}: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items()))  # noqa: T201  figures are for reading


def test_walk_with_fresh_weights_against_networkx(town, benchmark, request):
    """Both are handed a new array of weights for every walk; handing it over is part of the time."""
    graph, _, pairs = town
    rng = np.random.default_rng(2)
    made = nx.Graph()
    made.add_nodes_from(range(graph.nodes))
    made.add_edges_from(
        zip(graph.u.tolist(), graph.v.tolist(), ({"at": k} for k in range(graph.edges)), strict=True)
    )

    def theirs_with(weight, origin, destination):
        held = weight.tolist()
        nx.bidirectional_dijkstra(made, origin, destination, weight=lambda *told: held[told[2]["at"]])

    routes.shortest_path(graph, *pairs[0])
    ours, theirs = [], []
    for origin, destination in pairs[: PAIRS if benchmark.enabled else 3]:
        weight = graph.length_m * (1 + rng.random(graph.edges))
        ours.append(
            min(seconds(routes.shortest_path, graph, origin, destination, weight=weight) for _ in range(3))
        )
        theirs.append(min(seconds(theirs_with, weight, origin, destination) for _ in range(3)))
    benchmark(routes.shortest_path, graph, *pairs[0], weight=graph.length_m * 1.5)
    walk_ms, ratio = float(np.median(ours) * 1000), float(np.median(theirs) / np.median(ours))
    told(benchmark, request, walk_ms=walk_ms, walk_worst_ms=max(ours) * 1000, networkx_ratio=ratio)
    if benchmark.enabled:
        assert walk_ms <= 1
        assert ratio >= 15


def test_trade_off_set(town, benchmark, request):
    graph, reports_nearby, pairs = town
    routes.trade_off(graph, *pairs[0], reports_nearby=reports_nearby)
    times = [seconds(routes.trade_off, graph, *pair, reports_nearby=reports_nearby) for pair in pairs]
    fronts = [len(routes.trade_off(graph, *pair, reports_nearby=reports_nearby).paths) for pair in pairs[:10]]
    benchmark(routes.trade_off, graph, *pairs[0], reports_nearby=reports_nearby)
    median_ms, worst_ms = float(np.median(times) * 1000), float(max(times) * 1000)
    told(benchmark, request, median_ms=median_ms, worst_ms=worst_ms, walks_in_set=float(np.median(fronts)))
    if benchmark.enabled:
        assert median_ms <= 10
        assert worst_ms <= 100


def test_limits_and_reach(town, benchmark, request):
    """A limit is one pass over the rows; ten minutes on foot one search and some drawing."""
    graph, reports_nearby, pairs = town
    origin = float(graph.lon[pairs[0][0]]), float(graph.lat[pairs[0][0]])
    limits = routes.Limits(step_free=True, paved=True)
    masked = min(seconds(limit, graph, limits) for _ in range(3))
    given = {"settings": RouteSettings(), "reports_nearby": reports_nearby}
    reach = min(seconds(routes.reachable, graph, origin, [10], **given) for _ in range(2))
    tree = min(seconds(routes.shortest_tree, graph, pairs[0][0]) for _ in range(3))
    benchmark(routes.reachable, graph, origin, [10], **given)
    told(benchmark, request, limit_ms=masked * 1000, reach_ms=reach * 1000, one_to_all_ms=tree * 1000)
