"""Scenarios change only what they name; the fix list is worth what it says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import grid_graph, made_ways

from safespace import interventions
from safespace.errors import InputError, PlaceError
from safespace.interventions import Budget, Price, Scenario, Walk, greedy
from safespace.routes import distances, shortest_path
from safespace.streets import build_graph, replace
from safespace.tone import check_text

# Two ways from 1 to 4: over 2 (lit, then 100 m unlit) and over 3 (400 m, lighting unknown).
PLACES = {1: (0, 0), 2: (100, 0), 4: (200, 0), 3: (100, 170), 5: (900, 900), 6: (950, 900)}
ROWS = [
    (1, {"highway": "footway", "name": "Mill Lane", "lit": "yes"}, [1, 2]),
    (2, {"highway": "footway", "name": "Towpath", "lit": "no"}, [2, 4]),
    (3, {"highway": "residential", "name": "Corn Street"}, [1, 3, 4]),
    (4, {"highway": "path"}, [5, 6]),
]


@pytest.fixture
def graph():
    return build_graph(made_ways(ROWS, PLACES))


def node(graph, osm):
    return int(np.flatnonzero(graph.node_id == osm)[0])


def test_scenario_changes_what_it_names_and_nothing_else(graph):
    lit, cameras = graph.lit.copy(), graph.cameras.copy()
    after = interventions.apply(graph, Scenario("Towpath", light=(1,), camera=(2, 2)))
    assert after.lit.tolist() == [2, 2, 0, 0]
    assert after.cameras.tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(graph.lit, lit)
    np.testing.assert_array_equal(graph.cameras, cameras)
    for name in ("length_m", "u", "v", "way_id", "lamp_lit", "steps"):
        assert getattr(after, name) is getattr(graph, name)


def test_scenario_on_other_streets_is_refused(graph):
    with pytest.raises(InputError, match=r"Elsewhere: .*not in these streets. Seen: 99 of 4 segments"):
        interventions.apply(graph, Scenario("Elsewhere", light=(99,)))


def test_before_and_after_are_paired_and_add_up(graph):
    walks = [("short", np.array([0, 1])), ("long", np.array([2]))]
    table = interventions.before_after(
        graph, Scenario("s", light=(1,), camera=(0,), clear=(2,)), walks, hazards=np.array([1.0, 2, 4, 8])
    ).set_index("walk")
    assert table.loc["short", "lit_m_change"] == pytest.approx(100, rel=2e-3)
    assert table.loc["short", "unlit_m_change"] == pytest.approx(-100, rel=2e-3)
    assert table.loc["short", "camera_m_after"] == pytest.approx(100, rel=2e-3)
    assert table.loc["short", "hazards_change"] == 0
    assert table.loc["long", "hazards_before"] == 4
    assert table.loc["long", "hazards_after"] == 0
    assert table.loc["long", "unknown_m_change"] == 0
    for when in ("before", "after"):
        parts = table[[f"{kind}_m_{when}" for kind in ("lit", "unlit", "unknown")]].sum(axis=1)
        np.testing.assert_allclose(parts, table["length_m"])


def test_an_empty_scenario_changes_nothing(graph):
    table = interventions.before_after(graph, Scenario("nothing"), [("w", np.array([0, 1]))])
    assert (table.filter(like="_change") == 0).all(axis=None)
    with pytest.raises(InputError, match="No walks were given"):
        interventions.before_after(graph, Scenario("nothing"), [])


def test_unknown_is_priced_between_lit_and_unlit(graph):
    cost = interventions.walking_cost(graph, unknown_prior=0.5) / graph.length_m
    np.testing.assert_allclose(cost, [1, 2, 1.5, 1.5])
    by_class = (
        interventions.walking_cost(graph, unknown_prior={"residential": 0.1, "*": 0.9}) / graph.length_m
    )
    np.testing.assert_allclose(by_class, [1, 2, 1.1, 1.9])
    with pytest.raises(InputError, match="between 0 and 1"):
        interventions.walking_cost(graph, unknown_prior=1.5)


def test_fix_list_by_hand(graph):
    """Lighting the towpath takes 100 unlit metres off each of three people's walks."""
    walk = Walk("Centre to halls", node(graph, 1), node(graph, 4), people=3)
    fixes = interventions.rank_fixes(graph, [walk], budget=Budget(150))
    assert fixes.table["name"].tolist() == ["Towpath"]
    assert fixes.table["gain"].tolist() == pytest.approx([300], rel=2e-3)
    assert fixes.table["walks"].tolist() == ["Centre to halls"]
    assert fixes.before - fixes.after == pytest.approx(300, rel=2e-3)
    assert fixes.used_m == pytest.approx(100, rel=2e-3)


def summed(graph, walks, cost):
    return sum(w.people * distances(graph, w.origin, weight=cost)[w.destination] for w in walks)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_gains_are_exact_and_near_the_best_of_all_pairs(seed):
    graph = grid_graph(4, seed=seed)
    rng = np.random.default_rng(seed)
    walks = [
        Walk(f"w{k}", *map(int, rng.choice(graph.nodes, 2, replace=False)), people=k + 1) for k in range(3)
    ]
    cost = interventions.walking_cost(graph)
    try:
        fixes = interventions.rank_fixes(graph, walks, budget=Budget(260))
    except InputError:
        return
    lit = cost.copy()
    running = summed(graph, walks, cost)
    assert fixes.before == pytest.approx(running)
    for edge, gain in zip(fixes.table["segment"], fixes.table["gain"], strict=True):
        lit[edge] = graph.length_m[edge]
        now = summed(graph, walks, lit)
        assert running - now == pytest.approx(gain, abs=1e-6)
        running = now
    assert fixes.after == pytest.approx(running)
    assert fixes.used_m <= 260
    assert running <= best_pair(graph, walks, cost, 260) * 1.05


def best_pair(graph, walks, cost, budget_m):
    """Try every one or two segments within the budget."""
    found = [summed(graph, walks, cost)]
    dark = np.flatnonzero(graph.lit != 2)
    for pair in [(e, e) for e in dark] + list(combinations(dark, 2)):
        if graph.length_m[list(set(pair))].sum() <= budget_m:
            lit = cost.copy()
            lit[list(pair)] = graph.length_m[list(pair)]
            found.append(summed(graph, walks, lit))
    return min(found)


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_list_is_within_half_a_per_cent_of_the_proven_best(seed):
    graph, walks = made_task(seed)
    fixes = interventions.rank_fixes(graph, walks, budget=Budget(800), priors=(), bound_s=60)
    assert fixes.bound.proven_best
    least = fixes.bound.least_cost
    assert least * (1 - 1e-6) <= fixes.after <= least * 1.005
    assert fixes.share_of_best() >= 0.95


def made_task(seed, *, side=11, people=6):
    graph = grid_graph(side, seed=seed, drop=0.05)
    rng = np.random.default_rng(seed)
    ends = np.flatnonzero(graph.component == 0)
    return graph, [
        Walk(f"w{k}", *map(int, rng.choice(ends, 2, replace=False)), people=k % 3 + 1) for k in range(people)
    ]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_no_list_beats_either_bound(seed):
    """Against every set of segments there is, on a graph small enough to try them all."""
    graph = grid_graph(3, seed=seed)
    walks = [Walk("a", 0, 8, people=2), Walk("b", 2, 6)]
    cost = interventions.walking_cost(graph)
    dark = np.flatnonzero(cost > graph.length_m)
    task = greedy.make_task(graph, walks, cost, graph.length_m, 250.0, dark)
    if not len(task.allowed):
        return
    best = min(
        summed(graph, walks, np.where(np.isin(np.arange(graph.edges), some), graph.length_m, cost))
        for size in range(4)
        for some in combinations(dark.tolist(), size)
        if graph.length_m[list(some)].sum() <= 250
    )
    solved = interventions.best_possible(task, time_limit_s=30)
    alone = interventions.best_possible(task, most_variables=0)
    assert solved.proven_best
    assert solved.least_cost == pytest.approx(best, rel=1e-5)
    assert alone.least_cost <= best * (1 + 1e-9)
    assert "too large for the solver" in alone.method


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_distances_brought_up_to_date_are_those_searched_afresh(seed):
    graph, walks = made_task(seed, side=5, people=3)
    cost = interventions.walking_cost(graph)
    dark = np.flatnonzero(cost > graph.length_m)
    task = greedy.make_task(graph, walks, cost, graph.length_m, 1e6, dark)
    state = greedy.begin(task)
    for edge in np.random.default_rng(seed).permutation(task.allowed)[:5].tolist():
        state = greedy._light(task, state, edge)
    np.testing.assert_allclose(state.reach, greedy.begin(task, state.lit).reach)
    assert greedy.total(task, state) == pytest.approx(summed(graph, walks, state.cost))


def test_a_whole_missing_link_is_lit_where_one_segment_alone_gains_nothing():
    """From 1 to 4 by lit streets is 350 m; the dark way is 2 x 100 m and costs 400 until both are lit."""
    places = {1: (0, 0), 2: (100, 0), 4: (200, 0), 3: (100, 143.6)}
    rows = [
        (1, {"highway": "path", "lit": "no"}, [1, 2]),
        (2, {"highway": "path", "lit": "no"}, [2, 4]),
        (3, {"highway": "footway", "lit": "no"}, [2, 3]),
        (4, {"highway": "residential", "lit": "yes"}, [1, 3]),
        (5, {"highway": "residential", "lit": "yes"}, [3, 4]),
    ]
    graph = build_graph(made_ways(rows, places))
    walk = Walk("w", node(graph, 1), node(graph, 4))
    graph = replace(graph, length_m=np.array([100.0, 100.0, 100.0, 145.0, 145.0]))
    with pytest.raises(InputError, match="would not change these walks"):
        interventions.rank_fixes(graph, [walk], budget=Budget(100), bound_s=0)
    fixes = interventions.rank_fixes(graph, [walk], budget=Budget(200))
    assert sorted(fixes.table["segment"]) == [0, 1]
    assert fixes.table["gain"].tolist() == [0.0, 90.0]
    assert (fixes.before, fixes.after) == (290.0, 200.0)
    assert fixes.bound.proven_best
    assert "No list gains more (solved to the best by HiGHS)." in fixes.sentences()


def test_gains_are_those_of_lighting_each_segment_alone():
    graph = grid_graph(5, seed=9)
    walks = [Walk("a", 0, graph.nodes - 1), Walk("b", 4, graph.nodes - 5)]
    cost = interventions.walking_cost(graph)
    edges = np.flatnonzero(graph.lit != 2)
    task = greedy.make_task(graph, walks, cost, graph.length_m, 1e6, edges)
    gains = dict(zip(task.allowed, greedy.gains_of(task, greedy.begin(task), task.allowed), strict=True))
    before = summed(graph, walks, cost)
    for edge in edges:
        lit = cost.copy()
        lit[edge] = graph.length_m[edge]
        assert gains.get(edge, 0.0) == pytest.approx(before - summed(graph, walks, lit), abs=1e-6)


def test_pounds_say_how_many_are_afforded_at_each_cost(graph):
    """The towpath, 100 m, is £6,000 to £16,000; Corn Street, about 394 m, £23,700 to £63,100."""
    walks = [Walk("a", node(graph, 1), node(graph, 4)), Walk("b", node(graph, 1), node(graph, 4), people=2)]
    fixes = interventions.rank_fixes(graph, walks, budget=Budget(16_100, "pounds"))
    row = fixes.table.iloc[0]
    assert row[["cost_low", "cost_high"]].tolist() == pytest.approx([6000, 16_000], rel=2e-3)
    assert row["afforded"] == "at either cost"
    cheap = interventions.rank_fixes(graph, walks, budget=Budget(7_000, "pounds"))
    assert cheap.table["afforded"].tolist() == ["only at the low cost"]
    assert cheap.after_sure == cheap.before > cheap.after
    assert "0 afforded at the high cost, 1 at the low cost" in cheap.sentences()[0]
    assert "assumption, edit" in cheap.sentences()[0]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(3000, 60_000))
def test_what_is_surely_afforded_keeps_the_budget_at_the_high_cost(seed, pounds):
    graph, walks = made_task(seed, side=6, people=4)
    try:
        fixes = interventions.rank_fixes(graph, walks, budget=Budget(pounds, "pounds"), priors=(), bound_s=0)
    except InputError:
        return
    sure = fixes.table[fixes.table["afforded"] == "at either cost"]
    assert sure["cost_high"].sum() <= pounds * (1 + 1e-9)
    assert fixes.table["cost_low"].sum() <= pounds * (1 + 1e-9)
    assert fixes.after <= fixes.after_sure <= fixes.before
    assert fixes.table["gain"].sum() == pytest.approx(fixes.before - fixes.after)
    assert fixes.walks["gain"].sum() == pytest.approx(fixes.before - fixes.after)


def test_a_budget_of_segments_counts_segments():
    graph, walks = made_task(2)
    fixes = interventions.rank_fixes(graph, walks, budget=Budget(3, "segments"), priors=(), bound_s=0)
    assert len(fixes.table) == 3


def test_stays_counts_the_assumptions_under_which_a_fix_is_listed(graph):
    """The towpath is mapped as unlit, so it stays whatever is assumed of the rest."""
    fixes = interventions.rank_fixes(graph, [Walk("w", node(graph, 1), node(graph, 4))], budget=Budget(150))
    assert fixes.table["stays"].tolist() == [5]
    assert "1 of 1 stay on the list whether 0%, 25%, 50%, 75%, 100%" in fixes.sentences()[2]


def test_only_candidates_are_lit():
    graph = grid_graph(5, seed=9)
    walk = Walk("a", 0, graph.nodes - 1)
    path = shortest_path(graph, 0, graph.nodes - 1).edges
    fixes = interventions.rank_fixes(graph, [walk], budget=Budget(400), candidates=path.tolist())
    assert set(fixes.table["segment"]) <= set(path.tolist())
    assert (fixes.table["lit"] != "yes").all()


def test_requests_that_cannot_be_met_say_why(graph):
    walk = Walk("w", node(graph, 1), node(graph, 4))
    for amount in (0, -5, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"the budget is .* metres\. Give a budget above zero"):
            Budget(amount)
    with pytest.raises(InputError, match="metres, segments, pounds"):
        Budget(5, "lamps")
    with pytest.raises(InputError, match="from a lower to a higher"):
        Price(160, 60)
    with pytest.raises(InputError, match="no walks were given"):
        interventions.rank_fixes(graph, [], budget=Budget(100))
    with pytest.raises(InputError, match="starts where it ends"):
        interventions.rank_fixes(graph, [Walk("w", 1, 1)], budget=Budget(100))
    with pytest.raises(InputError, match=r"would not change these walks.*Raise the budget"):
        interventions.rank_fixes(graph, [walk], budget=Budget(20))
    with pytest.raises(PlaceError, match="not connected"):
        interventions.rank_fixes(graph, [Walk("w", node(graph, 1), node(graph, 5))], budget=Budget(100))


def test_expectations_promise_nothing_and_pass_the_tone_rules(graph):
    fixes = interventions.rank_fixes(graph, [Walk("w", node(graph, 1), node(graph, 4))], budget=Budget(150))
    cards = [
        sentence for card in interventions.CARDS.values() for sentence in (card.title, *card.sentences())
    ]
    for text in (*interventions.EXPECTATIONS.values(), *fixes.sentences(), *cards):
        assert not check_text(text)
    assert "no change in violence" in fixes.expectation
    assert "50% of it taken to be unlit" in fixes.method.words()
