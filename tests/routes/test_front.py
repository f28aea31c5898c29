"""The trade-off set is exactly what full enumeration finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import grid_graph, made_ways

from safespace import routes
from safespace.errors import PlaceError
from safespace.routes.alternatives import BALANCED, FEWEST, SHORTEST, choose, different, knee, overlap
from safespace.routes.front import _boa, _front, _pop, _push
from safespace.streets import build_graph, osm, proximity_operator, replace


def every_walk(graph, origin, destination, cap_m):
    """Enumerate all walks that visit no node twice, within the cap: (length, edges)."""
    found, stack = [], [(origin, 0.0, (), {origin})]
    while stack:
        node, length, edges, seen = stack.pop()
        if node == destination:
            found.append((length, edges))
            continue
        for k in range(graph.indptr[node], graph.indptr[node + 1]):
            to, edge = int(graph.to[k]), int(graph.edge[k])
            if to not in seen and length + graph.length_m[edge] <= cap_m:
                stack.append((to, length + graph.length_m[edge], (*edges, edge), seen | {to}))
    return found


def best_of(points, tolerance=1e-9):
    kept = []
    for length, burden in sorted(points):
        if not kept or burden < kept[-1][1] * (1 - tolerance):
            kept.append((length, burden))
    return np.array(kept)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1.2, 1.5, 2.0]))
def test_equals_full_enumeration(seed, cap):
    graph = grid_graph(4, seed=seed, drop=0.1)
    rng = np.random.default_rng(seed)
    connected = np.flatnonzero(graph.component == 0)
    origin, destination = map(int, rng.choice(connected, 2, replace=False))
    reports_nearby = rng.choice([0.0, 1.0, 2.0, 5.0], graph.edges) * rng.choice(
        [1.0, rng.random()], graph.edges
    )
    front = routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, detour_cap=cap)
    shortest = routes.distances(graph, origin)[destination]
    walks = every_walk(graph, origin, destination, shortest * cap * (1 + 1e-9))
    wanted = best_of([(length, float(reports_nearby[list(edges)].sum())) for length, edges in walks])
    np.testing.assert_allclose(
        np.column_stack([front.length_m, front.reports_nearby]), wanted, rtol=1e-9, atol=1e-9
    )
    for path, length, burden in zip(front.paths, front.length_m, front.reports_nearby, strict=True):
        assert graph.length_m[path].sum() == pytest.approx(length)
        assert reports_nearby[path].sum() == pytest.approx(burden)


def test_front_rises_and_falls_and_starts_at_the_shortest():
    graph = grid_graph(8, seed=2)
    reports_nearby = np.random.default_rng(0).random(graph.edges)
    front = routes.trade_off(graph, 0, graph.nodes - 1, reports_nearby=reports_nearby, detour_cap=1.5)
    assert len(front.paths) > 5
    assert (np.diff(front.length_m) > 0).all()
    assert (np.diff(front.reports_nearby) < 0).all()
    assert front.length_m[0] == pytest.approx(routes.shortest_path(graph, 0, graph.nodes - 1).cost)
    least = routes.shortest_path(graph, 0, graph.nodes - 1, weight=reports_nearby + 1e-9 * graph.length_m)
    if graph.length_m[least.edges].sum() <= 1.5 * front.length_m[0]:
        assert front.reports_nearby[-1] == pytest.approx(reports_nearby[least.edges].sum())


def test_every_weighted_sum_answer_within_the_cap_is_on_the_front():
    graph = grid_graph(8, seed=4)
    reports_nearby = np.random.default_rng(1).random(graph.edges) * 100
    front = routes.trade_off(graph, 0, graph.nodes - 1, reports_nearby=reports_nearby, detour_cap=3.0)
    for share in np.linspace(0.01, 0.99, 15):
        path = routes.shortest_path(
            graph, 0, graph.nodes - 1, weight=share * graph.length_m + (1 - share) * reports_nearby
        ).edges
        away = np.hypot(
            front.length_m - graph.length_m[path].sum(), front.reports_nearby - reports_nearby[path].sum()
        )
        assert away.min() < 1e-6


def test_no_reports_gives_the_shortest_alone():
    graph = grid_graph(5, seed=2)
    front = routes.trade_off(graph, 0, graph.nodes - 1, reports_nearby=np.zeros(graph.edges))
    assert len(front.paths) == 1
    assert choose(front, 4) == [(0, SHORTEST)]


def test_too_many_partial_walks_is_said_not_swallowed():
    graph = grid_graph(8, seed=2)
    reports_nearby = np.random.default_rng(0).random(graph.edges)
    with pytest.raises(
        PlaceError, match=r"too far apart for an exact trade-off set.*lower routes.detour_cap"
    ):
        routes.trade_off(graph, 0, graph.nodes - 1, reports_nearby=reports_nearby, most_labels=50)


def test_choice_has_both_ends_and_the_knee():
    length_m = np.array([100.0, 101, 110, 120, 135, 150])
    reports_nearby = np.array([50.0, 48, 20, 18, 12, 10])
    front = routes.ParetoFront(length_m, reports_nearby, tuple(np.array([k]) for k in range(6)))
    assert knee(front) == 2
    names = dict(choose(front, 4))
    assert names[0] == SHORTEST
    assert names[2] == BALANCED
    assert names[5] == FEWEST
    assert len(names) == 4
    assert list(dict(choose(front, 2))) == [0, 5]


def test_walk_along_different_streets_shares_little():
    graph = grid_graph(6, seed=3)
    shortest = routes.shortest_path(graph, 0, graph.nodes - 1)
    found = different(graph, (0, graph.nodes - 1), [shortest.edges], longest_m=1.3 * shortest.cost)
    assert found is not None
    assert overlap(graph, found, shortest.edges) <= 0.6
    assert graph.length_m[found].sum() <= 1.3 * shortest.cost


def test_no_different_walk_on_the_only_street():
    places = {1: (0, 0), 2: (100, 0), 3: (200, 0)}
    rows = [(1, {"highway": "path"}, [1, 2]), (2, {"highway": "path"}, [2, 3])]
    graph = build_graph(made_ways(rows, places))
    only = routes.shortest_path(graph, 0, 2)
    assert different(graph, (0, 2), [only.edges], longest_m=1e9) is None


def triangle(long_m=149.0):
    """Return three places in straight lines: 0 to 1 is 100 m, by way of 2 it is as long as asked."""
    half = long_m / 2
    places = {1: (0, 0), 2: (100, 0), 3: (50, (half**2 - 50**2) ** 0.5)}
    rows = [
        (1, {"highway": "path"}, [1, 2]),
        (2, {"highway": "path"}, [1, 3]),
        (3, {"highway": "path"}, [3, 2]),
    ]
    graph = build_graph(made_ways(rows, places))
    node = [
        int(np.argmin(np.hypot(graph.x - graph.x.min() - x, graph.y - graph.y.min() - y)))
        for x, y in places.values()
    ]
    reports_nearby = np.where(np.isclose(graph.length_m, 100, atol=0.5), 9.0, 1.0)
    return graph, node, reports_nearby


@pytest.mark.parametrize(
    ("options", "walks"),
    [
        ({}, 2),
        ({"detour_cap": 1.5}, 2),
        ({"detour_cap": 1.495}, 2),
        ({"detour_cap": 1.485}, 1),
        ({"detour_cap": 1.0}, 1),
    ],
)
def test_a_walk_of_straight_lines_up_to_the_cap_is_found(options, walks):
    """No bound may be above the straight line: the way by 2 is straight twice, and just within the cap."""
    graph, (origin, destination, _), reports_nearby = triangle()
    front = routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, **options)
    assert front.length_m.tolist() == pytest.approx([100, 149][:walks], rel=1e-3)
    assert front.reports_nearby.tolist() == [9, 2][:walks]
    assert [len(path) for path in front.paths] == [1, 2][:walks]


def test_the_usual_cap_is_half_as_long_again():
    graph, (origin, destination, _), reports_nearby = triangle(long_m=151)
    assert len(routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby).paths) == 1
    assert (
        len(
            routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, detour_cap=1.52).paths
        )
        == 2
    )


def test_partial_walks_are_counted_to_the_last():
    # nowhere; to 1 and to 2 from there; and from 2 on to 1
    graph, (origin, destination, _), reports_nearby = triangle()
    assert (
        len(routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, most_labels=4).paths)
        == 2
    )
    with pytest.raises(PlaceError) as refused:
        routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, most_labels=3)
    assert refused.value.code == "places-too-far-apart"
    assert str(refused.value) == (
        "The two places are too far apart for an exact trade-off set. Seen: the shortest walk is 100 m. "
        "Choose nearer places, or lower routes.detour_cap."
    )
    assert refused.value.parts("cli")["remedy"] == "Choose nearer places, or lower routes.detour_cap."
    assert refused.value.parts("app")["remedy"] == "Choose nearer places."


def squares(number):
    """Return a row of squares joined at their corners, walked from left to right; both ways round each are alike."""
    here = 3 * np.arange(number)
    pairs = np.concatenate([[(at, at + 1), (at, at + 2), (at + 1, at + 3), (at + 2, at + 3)] for at in here])
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    indptr = np.searchsorted(pairs[:, 0], np.arange(3 * number + 2))
    steps = np.arange(3 * number + 1)
    left = 2.0 * (number - steps // 3) - (steps % 3 > 0)
    return (indptr, pairs[:, 1].copy(), np.arange(len(pairs))), np.ones(len(pairs)), left


@pytest.mark.parametrize("number", [1, 5, 12])
def test_partial_walks_that_are_equal_are_followed_once(number):
    """2 to the power of twelve walks are alike; four partial walks a square are held, and the first."""
    rows, ones, left = squares(number)
    ends, limits = (0, 3 * number), (2.0 * number, 1e-9)
    count, start, edges = _boa(rows, (ones, ones), (left, left), ends, limits, 4 * number + 1)
    assert (count, start.tolist(), len(edges)) == (1, [0, 2 * number], 2 * number)
    assert _boa(rows, (ones, ones), (left, left), ends, limits, 2 * number)[0] == -1


def test_a_walk_to_where_one_is_has_no_edges():
    graph, (origin, *_), reports_nearby = triangle()
    front = routes.trade_off(graph, origin, origin, reports_nearby=reports_nearby)
    assert (front.length_m.tolist(), front.reports_nearby.tolist()) == ([0], [0])
    assert [path.tolist() for path in front.paths] == [[]]


def ladder(stages):
    """Return a street with a way round at every stage: each one taken is 2^k longer, each one not has 2^k reports."""
    places = {2 * k + 1: (100.0 * k, 0.0) for k in range(stages + 1)}
    places |= {2 * k + 2: (100.0 * k + 50, 50.0) for k in range(stages)}
    direct = [(k + 1, {"highway": "path"}, [2 * k + 1, 2 * k + 3]) for k in range(stages)]
    around = [(stages + k + 1, {"highway": "path"}, [2 * k + 1, 2 * k + 2, 2 * k + 3]) for k in range(stages)]
    graph = build_graph(made_ways(direct + around, places))
    east = graph.x - graph.x.min()
    stage, bent = ((east[graph.u] + east[graph.v]) / 2 // 100).astype(int), graph.length_m > 120
    length_m, reports_nearby = (
        np.where(bent, 10_000.0 + 2.0**stage, 10_000.0),
        np.where(bent, 0.0, 2.0**stage),
    )
    return replace(graph, length_m=length_m), (int(np.argmin(east)), int(np.argmax(east))), reports_nearby


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_a_ladder_has_every_sum_of_powers_of_two(scale):
    """All 1,024 choices of ten ways round are on the set, in whatever unit the reports are counted."""
    graph, ends, reports_nearby = ladder(10)
    front = routes.trade_off(graph, *ends, reports_nearby=reports_nearby * scale)
    longer = np.arange(1024)
    np.testing.assert_allclose(front.length_m, 100_000 + longer, rtol=1e-12)
    np.testing.assert_allclose(front.reports_nearby, (1023 - longer) * scale, rtol=1e-12)
    for taken, path in zip(longer[::97].tolist(), front.paths[::97], strict=True):
        assert len(path) == 10
        assert [edge for edge in path if reports_nearby[edge] == 0] == [
            edge for k, edge in enumerate(path) if taken >> k & 1
        ]


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_the_unit_of_reports_changes_no_walk(scale):
    graph = grid_graph(6, seed=3)
    reports_nearby = np.random.default_rng(2).random(graph.edges)
    plain, scaled = (
        routes.trade_off(graph, 0, graph.nodes - 1, reports_nearby=one)
        for one in (reports_nearby, reports_nearby * scale)
    )
    assert len(plain.paths) == 4
    np.testing.assert_allclose(scaled.length_m, plain.length_m, rtol=1e-12)
    np.testing.assert_allclose(scaled.reports_nearby, plain.reports_nearby * scale, rtol=1e-9)


def test_walks_that_are_equal_up_to_rounding_are_one():
    graph, _, _ = triangle()
    made = replace(graph, length_m=np.array([100.0, 100.0, 110.0]))
    paths = [np.array([edge]) for edge in range(3)]
    for burden, kept in (
        ([5, 5, 4], [0, 2]),
        ([5, 5 * (1 - 1e-12), 4], [1, 2]),
        ([5, 6, 5], [0]),
        ([5, 6, 5 * (1 - 1e-10)], [0]),
        ([5, 6, 5 * (1 - 1e-8)], [0, 2]),
        ([5, 6, 7], [0]),
        ([5, 6, 0], [0, 2]),
        ([0, 0, 0], [0]),
    ):
        front = _front(made, np.array(burden, dtype=float), paths)
        assert [path.tolist() for path in front.paths] == [[edge] for edge in kept]
        assert front.length_m.tolist() == [made.length_m[edge] for edge in kept]
        assert front.reports_nearby.tolist() == [burden[edge] for edge in kept]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40), st.integers(0, 3))
def test_the_heap_gives_back_by_the_first_and_then_the_second(pairs, between):
    """Some are taken out between, as a search does."""
    heap, held, size, out = np.full((64, 3), np.nan), [], 0, []
    for label, (first, second) in enumerate(pairs):
        size = _push(heap, size, float(first), float(second), label)
        held.append((first, second))
        if between and label % 4 == between:
            out.append(tuple(heap[0, :2]))
            assert out[-1] == min(held) == pairs[int(heap[0, 2])]
            held.remove(out[-1])
            size = _pop(heap, size)
    while size:
        assert size == len(held)
        assert tuple(heap[0, :2]) == min(held) == pairs[int(heap[0, 2])]
        held.remove(min(held))
        size = _pop(heap, size)
    assert not held


def supported(graph, ends, reports_nearby, cap_m):
    """Find the corners of the trade-off set by weighted sums alone (Aneja & Nair 1979), within the cap."""

    def walk(share):
        weight = share * graph.length_m + (1 - share) * reports_nearby
        path = routes.shortest_path(graph, *ends, weight=weight).edges
        return float(graph.length_m[path].sum()), float(reports_nearby[path].sum())

    found = {walk(1 - 1e-9), walk(1e-9)}
    todo = [tuple(sorted(found))] if len(found) == 2 else []
    while todo:
        (short, more), (long, fewer) = todo.pop()
        share = (more - fewer) / ((more - fewer) + (long - short))
        middle = walk(share)
        level = share * short + (1 - share) * more
        if share * middle[0] + (1 - share) * middle[1] < level * (1 - 1e-9):
            found.add(middle)
            todo += [((short, more), middle), (middle, (long, fewer))]
    return [point for point in found if point[0] <= cap_m]


@pytest.mark.realdata
def test_holds_every_supported_point_on_newport(realdata):
    graph = build_graph(osm.read_ways(realdata / "newport-2023-06-13.osm.pbf"))
    rng = np.random.default_rng(4)
    node = rng.integers(graph.nodes, size=800)
    reports_nearby = proximity_operator(graph, graph.lon[node], graph.lat[node]) @ np.ones(800)
    connected = np.flatnonzero(graph.component == 0)
    points = 0
    for origin in rng.choice(connected, 12).tolist():
        away = np.hypot(graph.x[connected] - graph.x[origin], graph.y[connected] - graph.y[origin])
        ends = origin, int(rng.choice(connected[(away > 600) & (away < 1500)]))
        front = routes.trade_off(graph, *ends, reports_nearby=reports_nearby, detour_cap=2.0)
        for length, burden in supported(graph, ends, reports_nearby, 2.0 * front.length_m[0]):
            away = np.abs(front.length_m / length - 1) + np.abs(front.reports_nearby - burden) / (burden + 1)
            assert away.min() < 1e-6
            points += 1
    assert points > 20


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_looking_only_at_the_neighbourhood_loses_nothing(seed):
    """Lengths far from the straight line, and a far-off part of the graph, change no walk of the set."""
    graph = grid_graph(5, seed=seed % 50)
    rng = np.random.default_rng(seed)
    graph = replace(graph, length_m=graph.length_m * rng.uniform(0.2, 5, graph.edges))
    reports_nearby = rng.random(graph.edges)
    origin, destination = map(int, rng.choice(graph.nodes, 2, replace=False))
    front = routes.trade_off(graph, origin, destination, reports_nearby=reports_nearby, detour_cap=1.3)
    cap_m = front.length_m[0] * 1.3 * (1 + 1e-9)
    walks = every_walk(graph, origin, destination, cap_m)
    wanted = best_of([(length, float(reports_nearby[list(edges)].sum())) for length, edges in walks])
    np.testing.assert_allclose(np.column_stack([front.length_m, front.reports_nearby]), wanted, rtol=1e-9)
    assert 0 < graph.least_detour < 1
