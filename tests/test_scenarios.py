"""Scenarios on small streets worked by hand: compared, remembered by their weights, kept and found again."""

from __future__ import annotations

import json
from datetime import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import grid_graph, made_ways

from safespace import interventions
from safespace.errors import InputError, StoreError
from safespace.interventions import Saved, Scenario, Scenarios, Searches, Walk, compare_walks
from safespace.streets import build_graph, replace
from safespace.tone import check_text

# Two ways from 1 to 4: over 2 (100 m lit, then 100 m unlit) and over 3 (about 394 m, unknown). 5 hangs off 4.
PLACES = {1: (0, 0), 2: (100, 0), 4: (200, 0), 3: (100, 170), 5: (300, 0)}
ROWS = [
    (1, {"highway": "footway", "name": "Mill Lane", "lit": "yes"}, [1, 2]),
    (2, {"highway": "footway", "name": "Towpath", "lit": "no"}, [2, 4]),
    (3, {"highway": "residential", "name": "Corn Street"}, [1, 3, 4]),
    (4, {"highway": "footway", "name": "Gate Passage", "lit": "yes"}, [4, 5]),
]
MILL, TOWPATH, CORN, GATE = range(4)


@pytest.fixture
def graph():
    return build_graph(made_ways(ROWS, PLACES))


def walks_on(graph):
    at = {int(osm): k for k, osm in enumerate(graph.node_id)}
    return [Walk("a", at[1], at[4], people=3), Walk("b", at[1], at[5])]


def row_of(found, walk, compared):
    rows = found.walks[(found.walks["walk"] == walk) & (found.walks["compared"] == compared)]
    assert len(rows) == 1
    return rows.iloc[0]


SAME, FREE = "Same walk, new conditions", "Walks free to change"


def test_lighting_by_hand(graph):
    """100 unlit metres of either walk become lit; nobody has a reason to change."""
    hazards = np.array([0.0, 2.0, 5.0, 0.0])
    found = compare_walks(
        graph,
        Scenario("Light", light=(TOWPATH,), clear=(TOWPATH,), camera=(MILL,)),
        walks_on(graph),
        hazards=hazards,
    )
    for compared in (SAME, FREE):
        row = row_of(found, "a", compared)
        changes = row[
            ["length_m_change", "lit_m_change", "unlit_m_change", "unknown_m_change", "cost_change"]
        ]
        assert changes.tolist() == pytest.approx([0, 100, -100, 0, -100], rel=2e-3)
        assert row[["hazards_before", "hazards_after", "camera_m_after"]].tolist() == pytest.approx(
            [2, 0, 100], rel=2e-3
        )
    segments = found.segments.set_index("segment")
    assert segments.loc[TOWPATH, ["lit_before", "lit_after"]].tolist() == ["no", "yes"]
    assert segments["people_before"].to_dict() == {MILL: 4, TOWPATH: 4, GATE: 1}
    assert found.no_way == ()


def test_a_gate_closed_at_night_by_hand(graph):
    """With the towpath shut, one walk goes round by Corn Street; with the passage shut, the other has no way."""
    at_night = Scenario("Shut", close=(TOWPATH, GATE), closed_hours="22:00-06:00")
    found = compare_walks(graph, at_night, walks_on(graph), at=time(23))
    same, free = row_of(found, "a", SAME), row_of(found, "a", FREE)
    assert same["outcome"] == "Closed on the way"
    assert same["closed_m"] == pytest.approx(100, rel=2e-3)
    assert free["outcome"] == "Changes way"
    assert free["length_m_after"] == pytest.approx(2 * np.hypot(100, 170), rel=2e-3)
    assert free["unknown_m_after"] == pytest.approx(free["length_m_after"])
    assert row_of(found, "b", FREE)["outcome"] == "No way left"
    assert np.isnan(row_of(found, "b", FREE)["length_m_after"])
    assert found.no_way == ("b",)
    assert "No way is left for: b." in found.sentences()
    assert found.segments.set_index("segment")["people_change"].to_dict() == {
        MILL: -4,
        TOWPATH: -4,
        CORN: 3,
        GATE: -1,
    }
    by_day = compare_walks(graph, at_night, walks_on(graph), at=time(12))
    assert by_day.unchanged == ("a", "b")
    always = compare_walks(graph, at_night, walks_on(graph))
    assert always.no_way == ("b",)


def test_what_is_closed_already_is_no_effect_of_the_scenario(graph):
    cut = interventions.apply(graph, Scenario("before", close=(GATE,)))
    found = compare_walks(cut, Scenario("s", light=(TOWPATH,)), walks_on(graph))
    assert row_of(found, "b", FREE)["outcome"] == "No way before either"
    assert found.no_way == ()
    assert found.sentences()[-1] == ("There is no way before the change either, so it is not judged for: b.")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_pairs_add_up_by_walk_and_by_segment(seed):
    graph, rng = grid_graph(5, seed=seed), np.random.default_rng(seed)
    walks = [Walk(f"w{k}", *map(int, rng.choice(25, 2, replace=False)), people=k + 1) for k in range(4)]
    some = tuple(rng.choice(graph.edges, 6, replace=False).tolist())
    found = compare_walks(graph, Scenario("s", light=some[:3], close=some[3:]), walks)
    free = found.walks[found.walks["compared"] == FREE]
    for when in ("before", "after"):
        by_walk = (free[f"length_m_{when}"] * free["people"]).sum()
        by_segment = (found.segments["length_m"] * found.segments[f"people_{when}"]).sum()
        assert by_walk == pytest.approx(by_segment)
        lit = found.segments[found.segments[f"lit_{when}"] == "yes"]
        assert (free[f"lit_m_{when}"] * free["people"]).sum() == pytest.approx(
            (lit["length_m"] * lit[f"people_{when}"]).sum()
        )
    held = free.dropna(subset=["length_m_after"])
    assert (held["length_m_before"] + held["length_m_change"]).tolist() == pytest.approx(
        held["length_m_after"].tolist()
    )
    if not some[3:]:
        assert (held["cost_change"] <= 1e-9).all()


def test_answers_are_remembered_by_the_weights_and_never_stale(graph):
    """The same array changed in place, and a way closed at the same weights, are both told apart."""
    searches, weight = Searches(), graph.length_m.copy()
    start, end = walks_on(graph)[0].origin, walks_on(graph)[0].destination
    first = searches.path(graph, start, end, weight)
    assert first.edges.tolist() == [MILL, TOWPATH]
    assert searches.path(graph, start, end, weight) is first
    weight[TOWPATH] = 1e6
    assert searches.path(graph, start, end, weight).edges.tolist() == [CORN]
    assert searches.distances(graph, start, weight)[end] == pytest.approx(weight[CORN])
    weight[TOWPATH] = graph.length_m[TOWPATH]
    shut = interventions.apply(graph, Scenario("s", close=(MILL,)))
    assert searches.path(shut, start, end, weight).edges.tolist() == [CORN]
    searches.distances(graph, start, weight)[:] = 0  # what was handed out is not what is kept
    assert searches.distances(graph, start, weight)[end] == pytest.approx(first.cost)
    assert len({interventions.fingerprint(g, w) for g in (graph, shut) for w in (weight, weight * 2)}) == 4


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_remembered_searches_give_what_fresh_ones_give(seed):
    graph, rng = grid_graph(4, seed=seed), np.random.default_rng(seed)
    walks, shared = [Walk("w", 0, 15), Walk("v", 3, 12)], Searches()
    for k in range(3):
        some = tuple(rng.choice(graph.edges, 4, replace=False).tolist())
        scenario = Scenario(f"s{k}", light=some[:2], close=some[2:])
        fresh = compare_walks(graph, scenario, walks)
        again = compare_walks(graph, scenario, walks, searches=shared)
        assert fresh.walks.equals(again.walks)
        assert fresh.segments.equals(again.segments)


def test_hours_that_cannot_be_read_are_refused():
    for hours in ("22-06", "24:00-06:00", "22:00-22:00", "late"):
        with pytest.raises(InputError, match="Write them as 22:00-06:00"):
            Scenario("s", close=(1,), closed_hours=hours)


# --- keeping -----------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    return Scenarios(tmp_path / "scenarios")


def saved_of(graph, name="Light the towpath", **changes):
    return Saved(name, **{change: interventions.refer(graph, edges) for change, edges in changes.items()})


def test_a_scenario_survives_and_every_change_can_be_undone(graph, kept):
    kept.save(saved_of(graph, light=[TOWPATH]))
    kept.save(saved_of(graph, light=[TOWPATH, CORN]))
    fresh = Scenarios(kept.folder)
    assert interventions.find_segments(graph, fresh.get("light THE towpath"))[0].light == (TOWPATH, CORN)
    fresh.delete("Light the towpath")
    assert fresh.names() == ()
    with pytest.raises(InputError, match="no scenario of this name"):
        fresh.get("Light the towpath")
    assert len(fresh.undo("Light the towpath").light) == 2
    assert len(fresh.undo("Light the towpath").light) == 1
    assert fresh.undo("Light the towpath") is None
    with pytest.raises(InputError, match="nothing to undo"):
        fresh.undo("Light the towpath")
    assert not list(kept.folder.iterdir())


def test_streets_imported_again_are_found_and_what_is_gone_is_said(graph, kept):
    saved = kept.save(saved_of(graph, light=[TOWPATH, CORN], close=[GATE]))
    again = build_graph(made_ways(list(reversed(ROWS)), PLACES))
    names = interventions.find_segments(again, saved)[0]
    assert {int(again.way_id[edge]) for edge in names.light} == {2, 3}
    assert again.way_id[list(names.close)].tolist() == [4]
    split = [
        (1, ROWS[0][1], [1, 2]),
        (2, ROWS[1][1], [2, 6]),
        (99, ROWS[1][1], [6, 4]),
        (5, {"highway": "path"}, [6, 7]),
    ]
    moved = build_graph(made_ways(split, PLACES | {6: (150, 0), 7: (150, 50)}))
    scenario, gone = interventions.find_segments(moved, saved)
    assert sorted(moved.way_id[list(scenario.light)].tolist()) == [2, 99]
    assert moved.length_m[list(scenario.light)].sum() == pytest.approx(100, rel=2e-3)
    assert [ref.name for ref in gone] == ["Corn Street", "Gate Passage"]


def test_a_longer_edge_is_not_taken_for_the_one_saved(graph, kept):
    saved = kept.save(saved_of(graph, light=[TOWPATH]))
    joined = build_graph(made_ways([(2, {"highway": "footway"}, [1, 2, 4])], PLACES))
    scenario, gone = interventions.find_segments(joined, saved)
    assert scenario.light == ()
    assert [ref.way_id for ref in gone] == [2]


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a\\b", ".hidden", "x" * 61, "a\nb\x00", "=cmd|x", "<b>"]
)
def test_names_that_cannot_be_used_are_refused_and_nothing_is_written(graph, kept, name):
    with pytest.raises(InputError, match="cannot be used for a scenario"):
        kept.save(saved_of(graph, name=name, light=[MILL]))
    assert not kept.folder.exists()


@pytest.mark.parametrize("name", ["con", "Café Lane", "塔", "A/B (phase 2)", "50% of £5"])
def test_other_names_stay_in_the_folder(graph, kept, name):
    kept.save(saved_of(graph, name=name, light=[MILL]))
    assert kept.names() == (name,)
    assert [path.parent for path in kept.folder.iterdir()] == [kept.folder]


def test_a_scenario_that_changes_nothing_and_a_torn_file_are_told(graph, kept):
    with pytest.raises(InputError, match="needs something to change"):
        kept.save(Saved("Nothing"))
    kept.save(saved_of(graph, light=[MILL]))
    path = next(kept.folder.iterdir())
    for text in ("", "{", "[{}]", json.dumps([{"name": "x", "light": [{"way_id": "a"}]}])):
        path.write_text(text)
        with pytest.raises(StoreError, match=r"cannot be read.*Put back a copy"):
            kept.all()


def test_a_write_that_fails_leaves_the_version_before(graph, kept, monkeypatch):
    kept.save(saved_of(graph, light=[MILL]))
    before = next(kept.folder.iterdir()).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"No space left.*untouched"):
        kept.save(saved_of(graph, light=[CORN]))
    assert [path.read_bytes() for path in kept.folder.iterdir()] == [before]


def test_what_is_said_promises_nothing(graph):
    found = compare_walks(graph, Scenario("s", light=(TOWPATH,), close=(GATE,)), walks_on(graph))
    words = (*found.sentences(), *found.walks["outcome"], *found.walks["compared"])
    assert not [flag for text in words for flag in check_text(text)]


def test_the_streets_given_are_left_as_they_were(graph):
    held = replace(graph, lit=graph.lit.copy())
    compare_walks(graph, Scenario("s", light=(TOWPATH,), camera=(0,), close=(GATE,)), walks_on(graph))
    np.testing.assert_array_equal(graph.lit, held.lit)
    assert len(graph.to) == 2 * graph.edges
