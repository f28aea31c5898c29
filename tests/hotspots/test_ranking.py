"""Places and shared ranks."""

from __future__ import annotations

from dataclasses import replace

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice
from scipy.sparse.csgraph import connected_components

from safespace.cells import neighbours
from safespace.hotspots import find_hotspots, order_cells, order_places, place_of, places, shorten, tied_ranks
from safespace.schemas import CELLS
from safespace.settings import HotspotSettings
from safespace.tone import Label

SETTINGS = HotspotSettings(rates="cells")
WINDOW = lattice(shapely.box(-1.40, 52.80, -1.00, 53.10), resolution=8)
RING = neighbours(WINDOW["cell"])


def at(lat, lon):
    return int(np.flatnonzero(WINDOW["cell"] == h3.latlng_to_cell(lat, lon, 8))[0])


def found(*planted):
    """Return the finding with one event in every tenth cell and more where planted."""
    events = np.zeros(len(WINDOW), dtype=np.int64)
    events[::10] = 1
    for where, count in planted:
        events[where] += count
    return find_hotspots(WINDOW.assign(events=events, pins=events), baseline="area", settings=SETTINGS)


def test_contiguous_hot_cells_are_one_place_and_a_clear_winner_ranks_first():
    hotspots = found((at(52.95, -1.2), 90), (at(53.0, -1.1), 25))
    table = places(hotspots)
    assert table["rank"].tolist() == [1, 2]
    assert not table["tied"].any()
    assert table["core_cell"].tolist() == [
        WINDOW["cell"].iloc[at(52.95, -1.2)],
        WINDOW["cell"].iloc[at(53.0, -1.1)],
    ]
    assert table["place"].tolist() == [h3.int_to_str(cell) for cell in table["core_cell"]]
    assert table["n_cells"].sum() == len(hotspots.hot)
    assert sorted(cell for cells in table["cells"] for cell in cells) == hotspots.hot.tolist()
    hot = hotspots.table[hotspots.table["hot"]]
    assert table["events"].sum() == hot["events"].sum()
    assert table["expected"].sum() == pytest.approx(hot["expected"].sum())
    assert (table["label"] == Label.HIGHER).all()
    assert h3.latlng_to_cell(table["lat"].iloc[0], table["lon"].iloc[0], 8) == table["core_cell"].iloc[0]


def test_places_that_cannot_be_told_apart_share_a_rank_in_the_order_of_their_names():
    table = places(found((at(52.95, -1.2), 20), (at(53.0, -1.1), 18), (at(52.85, -1.3), 19)))
    assert table["rank"].tolist() == [1, 1, 1]
    assert table["tied"].all()
    assert table["place"].is_monotonic_increasing


def test_every_hot_cell_belongs_to_the_place_around_it():
    hotspots = found((at(52.95, -1.2), 60), (at(53.0, -1.1), 12))
    names = place_of(hotspots)
    assert names.index.tolist() == hotspots.hot.tolist()
    for cell, name in names.items():
        beside = set(h3.grid_disk(cell, 1)) & set(names.index)
        assert {names[other] for other in beside} == {name}


def test_two_peaks_that_touch_are_two_places():
    one = int(WINDOW["cell"].iloc[at(52.95, -1.2)])
    ridge = h3.grid_path_cells(one, int(WINDOW["cell"].iloc[at(52.95, -1.12)]))
    positions = WINDOW.reset_index().set_index("cell")["index"]
    planted = [(positions[cell], 60 if cell in (ridge[0], ridge[-1]) else 8) for cell in ridge]
    hotspots = found(*planted)
    assert set(ridge) <= set(hotspots.hot.tolist())
    assert set(places(hotspots)["core_cell"]) == {ridge[0], ridge[-1]}


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_place_is_in_one_piece_and_holds_its_core(seed):
    events = np.random.default_rng(seed).negative_binomial(0.05, 0.02, len(WINDOW))
    hotspots = find_hotspots(WINDOW.assign(events=events, pins=events), baseline="area", settings=SETTINGS)
    for name, cells in place_of(hotspots).groupby(place_of(hotspots)).groups.items():
        if h3.str_to_int(name) in hotspots.hot:
            assert h3.str_to_int(name) in cells
            assert connected_components(neighbours(cells))[0] == 1
        else:
            assert set(cells) <= set(h3.grid_disk(h3.str_to_int(name), 1))
    for place in places(hotspots).itertuples():
        assert place.lower > 1
        assert place.events > place.expected


def test_nothing_hot_gives_a_table_without_rows():
    events = np.random.default_rng(0).poisson(0.2, len(WINDOW))
    hotspots = find_hotspots(WINDOW.assign(events=events, pins=events), baseline="area", settings=SETTINGS)
    assert not hotspots.hot.size
    table = places(hotspots)
    assert table.empty
    assert list(table.columns) == list(places(found((at(52.95, -1.2), 60))).columns)
    assert place_of(hotspots).empty


def test_the_words_of_a_place_come_from_its_cells():
    plan = ((at(52.95, -1.2), 60),)
    events = found(*plan).table["events"]
    both = find_hotspots(
        WINDOW.assign(events=events, pins=events), baseline="area", settings=SETTINGS, second=found(*plan)
    )
    assert places(both)["label"].tolist() == [Label.HIGHER_IN_BOTH]


@pytest.mark.parametrize(
    ("rate", "lower", "upper", "ranks"),
    [
        ([9, 8, 1], [7, 6, 0.5], [11, 9, 2], [1, 1, 3]),
        ([1, 8, 9], [0.5, 6, 7], [2, 9, 11], [3, 1, 1]),
        ([9, 5, 1], [8, 4, 0.5], [10, 6, 2], [1, 2, 3]),
        ([9, 8, 7], [7.5, 7, 6], [10, 9, 7.4], [1, 1, 3]),
        ([], [], [], []),
    ],
)
def test_ranks_are_shared_where_intervals_overlap(rate, lower, upper, ranks):
    assert tied_ranks(rate, lower, upper).tolist() == ranks


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 5), st.floats(0, 5)), max_size=20))
def test_a_higher_rank_is_never_a_lower_rate(rows):
    rate = np.array([row[0] for row in rows])
    ranks = tied_ranks(rate, rate - [row[1] for row in rows], rate + [row[2] for row in rows])
    for one in range(len(rows)):
        for other in range(len(rows)):
            if ranks[one] < ranks[other]:
                assert rate[one] >= rate[other]


@pytest.mark.parametrize(("events", "kept"), [(10, False), (40, True)])
def test_a_cell_that_is_hot_only_for_its_neighbours_is_no_place_of_its_own(events, kept):
    """Ten events would be usual; the exact interval of 10 reaches it (4.8 to 18.4), that of 40 does not."""
    hotspots, lone = found((at(52.95, -1.2), 60)), at(52.85, -1.3)
    table = hotspots.table.copy()
    table.loc[lone, ["around", "hot", "events", "expected"]] = [True, True, events, 10.0]
    listed = places(replace(hotspots, table=table))["core_cell"].tolist()
    assert (WINDOW["cell"].iloc[lone] in listed) is kept
    assert WINDOW["cell"].iloc[at(52.95, -1.2)] in listed


def test_a_disc_whose_cells_are_not_higher_by_themselves_is_named_as_one():
    """One event in each of seven cells where one in thirty has any: only together are they many."""
    events = np.random.default_rng(1).poisson(0.03, len(WINDOW))
    events[RING[[at(52.95, -1.2)]].indices] = 1
    hotspots = find_hotspots(WINDOW.assign(events=events, pins=events), baseline="area", settings=SETTINGS)
    assert not hotspots.hot.size
    (place,) = places(hotspots).itertuples()
    assert place.label == Label.AROUND
    assert place.disc
    assert place.events == hotspots.table.set_index("cell").loc[place.core_cell, "ring_events"]
    members = hotspots.table.set_index("cell").loc[place_of(hotspots).index]
    assert (members["events"] > 0).all()
    assert (members["label"] == Label.AROUND).any()


def test_cells_without_events_of_their_own_pad_no_place():
    hotspots = found((at(52.95, -1.2), 60))
    assert len(place_of(hotspots)) == 1
    empty = hotspots.table[hotspots.table["around"] & (hotspots.table["events"] == 0)]
    assert len(empty)
    assert not empty["label"].isin([Label.HIGHER, Label.HIGHER_IN_BOTH, Label.AROUND]).any()


def test_both_is_said_only_of_ground_where_the_other_layer_is_higher_by_itself():
    """The other layer is high one cell further on: its spill-over lends nothing to the place."""
    here, beside = at(52.95, -1.2), RING[[at(52.95, -1.2)]].indices
    next_to = int(beside[beside != here][0])
    felt = found((here, 60)).table["events"]
    for planted, label in ((next_to, Label.HIGHER), (here, Label.HIGHER_IN_BOTH)):
        again = find_hotspots(
            WINDOW.assign(events=felt, pins=felt),
            baseline="area",
            settings=SETTINGS,
            second=found((planted, 60)),
        )
        assert places(again)["label"].tolist() == [label]
        assert again.table.loc[here, "label"] == label


def modelled(*planted, most=0):
    """Return the finding of :func:`found` with rates from all cells together."""
    events = np.ones(len(WINDOW), dtype=np.int64)
    for where, count in planted:
        events[where] += count
    return find_hotspots(
        WINDOW.assign(events=events, pins=events), baseline="area", settings=HotspotSettings(), period=None
    )


@pytest.fixture(scope="module")
def three():
    return modelled((at(52.95, -1.2), 90), (at(53.0, -1.1), 30), (at(52.85, -1.3), 33))


def test_places_stand_in_the_published_order_and_share_a_rank_where_it_is_not_sure(three):
    table = places(three)
    assert table["rank"].tolist() == [1, 2, 2]
    assert table["tied"].tolist() == [False, True, True]
    assert table[["rank_lower", "rank_upper"]].to_numpy().tolist() == [[1, 1], [2, 3], [2, 3]]
    ordered = order_places(
        order_cells(three.table[list(CELLS.columns)], three.model), three.table, place_of(three)
    )
    assert table["place"].tolist() == ordered["place"].tolist()
    assert table["foretold"].to_numpy() == pytest.approx(ordered["foretold"].to_numpy())
    assert (table["smoothed"] < table["rate"]).all()
    assert table["smoothed"].between(table["smoothed_lower"], table["smoothed_upper"]).all()


def test_what_a_place_rests_on_is_the_fewest_events_that_would_unmake_it(three):
    for row in places(three).itertuples():
        for fewer, kept in ((row.rests_on - 2, True), (row.rests_on, False)):  # one goes with the other rings
            less = three.table[list(CELLS.columns)].copy()
            less.loc[less["cell"] == row.core_cell, "events"] -= fewer
            again = find_hotspots(less, baseline="area", settings=SETTINGS)
            assert bool(again.table.set_index("cell")["around"][row.core_cell]) is kept, row.place


def test_a_longer_list_is_shortened_to_what_is_surely_dense_and_says_how_sure(three):
    every = places(three)
    assert shorten(every, three, most=3)["p_top"].tolist() == [1.0, 1.0, 1.0]
    short = shorten(every, three, most=2)
    assert 1 <= len(short) <= 2
    assert short["place"].tolist() == every["place"].tolist()[: len(short)]
    assert short["p_top"].between(0, 1).all()


def test_the_interval_of_a_place_lies_above_usual_just_where_its_ring_is_found():
    """Both are one calculation: a disc found by the test is never left out for its interval."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        ring = RING[[at(52.95, -1.2)]].indices
        hotspots = found(*[(cell, int(count)) for cell, count in zip(ring, rng.poisson(1.5, 7), strict=True)])
        assert (len(places(hotspots)) > 0) == bool(hotspots.table["around"].any())
