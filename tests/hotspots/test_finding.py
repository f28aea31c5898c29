"""One call from counted cells to a labelled result, its refusals and its words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.cells import neighbours, study_window
from safespace.errors import InputError, SchemaError, TooFewError
from safespace.hotspots import compare_baselines, find_hotspots, place_of, ring_test
from safespace.schemas import HOTSPOTS, check
from safespace.settings import HotspotSettings
from safespace.tone import Label

SETTINGS = HotspotSettings(rates="cells")
WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
INSIDE = np.flatnonzero(~WINDOW["edge"])
RING = neighbours(WINDOW["cell"])
AREA = WINDOW["area_km2"].iloc[INSIDE].sum()
MIDDLE = next(
    at for at in INSIDE[len(INSIDE) // 2 :] if (~WINDOW["edge"].to_numpy())[RING[[at]].indices].all()
)


def with_events(extra=(), *, each=1, edge=0):
    """Return cells with ``each`` event everywhere inside and more where told."""
    events = np.where(WINDOW["edge"], edge, each)
    for at, count in extra:
        events[at] += count
    return WINDOW.assign(events=events, pins=events + 1)


def find(cells, **options):
    return find_hotspots(cells, baseline="area", settings=SETTINGS, **options)


def test_a_planted_place_is_hot_and_the_result_says_what_it_rests_on():
    found = find(with_events([(MIDDLE, 30)]), period=("2022-01-01", "2022-12-31"), sources=("streetsafe",))
    check(found.table, HOTSPOTS)
    assert WINDOW["cell"].iloc[MIDDLE] in found.hot
    assert found.table["label"].iloc[MIDDLE] == Label.HIGHER
    assert (found.events, found.tested, found.resolution) == (len(INSIDE) + 30, len(INSIDE), 8)
    assert found.pins == found.events + len(INSIDE)
    assert found.basis() == (
        "144 events (258 reports, 2022-01-01 to 2022-12-31) in 114 cells at resolution 8, compared with: area. "
        "False discovery rate 5%, intervals 95%, rates from each cell alone. Counts of neighbouring cells vary no more than by chance. "
        "How counts vary over time is not known: intervals take it as chance."
    )
    row = found.table.iloc[MIDDLE]
    assert row["lower"] < row["rate"] < row["upper"]
    assert row["expected"] == pytest.approx(144 * row["area_km2"] / WINDOW["area_km2"].iloc[INSIDE].sum())


def test_one_cell_that_a_few_people_could_have_made_says_so_and_a_ring_or_many_events_do_not():
    ring = RING[[MIDDLE]].indices
    for planted, label in (
        ([(MIDDLE, 12)], Label.ONE_CELL),
        ([(MIDDLE, 25)], Label.HIGHER),
        ([(cell, 3) for cell in ring] + [(MIDDLE, 12)], Label.HIGHER),
    ):
        found = find(with_events(planted))
        assert found.table["label"].iloc[MIDDLE] == label
        assert (found.table["p_without_largest"] >= found.table["p_value"]).all()


def test_clumps_everywhere_are_no_place_and_a_place_among_them_is_still_found():
    """Four events wherever there is one: the same counts taken as single events make a place in most layers."""
    silent, told, single, phi = 0, 0, 0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        clumps = 4 * rng.multinomial(200, WINDOW["area_km2"] * ~WINDOW["edge"] / AREA)
        found = find(WINDOW.assign(events=clumps, pins=clumps))
        silent += not found.table["around"].any()
        phi.append(found.dispersion.estimate)
        test = ring_test(clumps, found.table["exposure"], RING, tested=~WINDOW["edge"].to_numpy())
        single += bool(test["q_value"].min() <= SETTINGS.false_discovery_rate)
        more = clumps + np.bincount(np.repeat(RING[[MIDDLE]].indices, 25), minlength=len(clumps))
        told += bool(find(WINDOW.assign(events=more, pins=more)).table["around"].iloc[MIDDLE])
    assert np.mean(phi) == pytest.approx(4, rel=0.2)
    assert silent >= 18
    assert told >= 18
    assert single >= 10


def test_the_callers_frame_is_left_alone_and_same_input_gives_same_output():
    cells = with_events([(MIDDLE, 20)])
    before = cells.copy(deep=True)
    assert find(cells).table.equals(find(cells).table)
    assert cells.equals(before)


def test_row_order_does_not_matter():
    cells = with_events([(MIDDLE, 20)])
    mixed = cells.sample(frac=1, random_state=1)
    plain = find(cells).table.set_index("cell").sort_index()
    moved = find(mixed).table.set_index("cell").sort_index()
    pd.testing.assert_frame_equal(moved, plain, rtol=1e-6)


def test_edge_cells_are_neither_tested_nor_counted():
    plain, busy = find(with_events()), find(with_events(edge=50))
    assert busy.left_out == 0  # they are outside the area, not left out of it
    assert busy.events == plain.events
    edge = busy.table[WINDOW["edge"]]
    assert set(edge["label"]) == {Label.NOT_KNOWN}
    assert not edge["hot"].any()
    assert (edge["q_value"] == 1).all()
    assert busy.table.loc[~WINDOW["edge"], "q_value"].equals(plain.table.loc[~WINDOW["edge"], "q_value"])


def test_cells_without_any_baseline_are_not_known():
    cells = with_events([(MIDDLE, 20)])
    cells.loc[MIDDLE, "exposure"] = 0
    found = find(cells)
    assert found.table["label"].iloc[MIDDLE] == Label.NOT_KNOWN
    assert found.left_out == 21
    assert np.isfinite(found.table.select_dtypes("number").to_numpy()).all()


def test_sparse_counts_are_too_few_to_say_and_ample_ones_are_not_different():
    sparse = find(with_events([(at, 1) for at in INSIDE[::10]], each=0))
    assert set(sparse.table["label"].iloc[INSIDE]) == {Label.TOO_FEW}
    assert set(find(with_events(each=5)).table["label"].iloc[INSIDE]) == {Label.NOT_DIFFERENT}


def test_a_quiet_cell_beside_a_busy_one_is_not_called_higher():
    quiet = int(next(at for at in RING[[MIDDLE]].indices if at != MIDDLE))
    found = find(with_events([(MIDDLE, 2000), (quiet, -40)], each=40))
    assert found.table["q_value"].iloc[quiet] < 0.001
    assert not found.table["hot"].iloc[quiet]
    assert found.table["label"].iloc[quiet] == Label.NOT_DIFFERENT
    assert found.table["hot"].iloc[MIDDLE]


def test_two_layers_together_change_the_words_and_only_those():
    cells, recorded = with_events([(MIDDLE, 20)]), find(with_events([(MIDDLE, 400)], each=9))
    alone, both = find(cells), find(cells, second=recorded)
    assert both.table["label"].iloc[MIDDLE] == Label.HIGHER_IN_BOTH
    assert both.table.drop(columns="label").equals(alone.table.drop(columns="label"))
    other = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=9)
    finer = find_hotspots(other.assign(events=5, pins=5), baseline="area", settings=SETTINGS)
    with pytest.raises(InputError, match=r"different resolutions\. Seen: 8 and 9"):
        find(cells, second=finer)


def test_only_the_fixed_sentences_are_used():
    found = find(with_events([(MIDDLE, 20)]))
    assert set(found.table["label"]) <= set(Label)


def test_few_events_in_a_ring_are_never_hot():
    strict = HotspotSettings(min_events=30)
    found = find_hotspots(with_events([(MIDDLE, 22)]), baseline="area", settings=strict)
    assert found.table["ring_events"].max() == 29
    assert not found.hot.size


def test_too_few_events_are_refused_with_how_many_would_do():
    with pytest.raises(
        TooFewError, match=r"area: There are too few events .* Seen: 2 events in 114 cells\. At least 4 are"
    ):
        find(with_events([(MIDDLE, 2)], each=0))


def test_one_cell_and_one_ring_are_refused():
    one = study_window(shapely.Point(-1.15, 52.95).buffer(0.0001), resolution=8)
    with pytest.raises(TooFewError, match=r"One cell has nothing to be compared with\. Choose a finer"):
        find(one.assign(events=9, pins=9))
    with pytest.raises(TooFewError, match=r"Every ring of cells is the whole area\. Seen: 2 cells"):
        find(one.sort_values("edge").iloc[:2].assign(events=9, pins=9, edge=False))


def test_a_baseline_of_zeros_is_refused():
    with pytest.raises(
        InputError, match=r"streets: The baseline is zero in every cell\. Seen: 162 cells, 48"
    ):
        find_hotspots(with_events().assign(exposure=0.0), baseline="streets", settings=SETTINGS)


def test_a_counted_baseline_keeps_its_counts_tests_where_it_is_zero_and_must_be_whole():
    cells = with_events([(MIDDLE, 20)]).assign(exposure=2.0)
    cells.loc[MIDDLE, "exposure"] = 0.0
    found = find_hotspots(cells, baseline="recorded", settings=SETTINGS, counted_baseline=True)
    assert found.table["exposure"].equals(cells["exposure"])
    assert found.table["hot"].iloc[MIDDLE]
    assert found.left_out == 0
    assert found.table["expected"].sum() == pytest.approx(found.events)
    with pytest.raises(
        InputError, match=r"recorded: A counted baseline must hold whole numbers\. Seen: 2\.5"
    ):
        find_hotspots(
            cells.assign(exposure=2.5), baseline="recorded", settings=SETTINGS, counted_baseline=True
        )
    with pytest.raises(InputError, match="zero in every cell"):
        find_hotspots(
            cells.assign(exposure=0.0), baseline="recorded", settings=SETTINGS, counted_baseline=True
        )


def test_a_table_that_breaks_its_promise_is_refused():
    with pytest.raises(SchemaError, match="column 'events' is missing"):
        find(WINDOW.drop(columns="events"))


@given(
    seed=st.integers(0, 10_000),
    mean=st.sampled_from([0.0, 0.01, 0.3, 5.0, 4000.0]),
    unit=st.sampled_from([1e-6, 1.0, 1e9]),
    bare=st.sampled_from([0.0, 0.5, 0.98]),
    edge=st.sampled_from([0.0, 0.3, 0.99]),
    counted=st.booleans(),
)
@example(seed=329, mean=5.0, unit=1e9, bare=0.98, edge=0.0, counted=True)  # the prior alone lay above usual
@settings(max_examples=60, deadline=None)
def test_any_cells_give_a_whole_answer_or_a_sentence(seed, mean, unit, bare, edge, counted):
    rng = np.random.default_rng(seed)
    size = len(WINDOW)
    events = rng.poisson(mean * rng.gamma(0.3, 3, size))
    exposure = np.where(rng.random(size) < bare, 0.0, rng.lognormal(0, 2, size) * unit)
    cells = WINDOW.assign(
        events=events,
        pins=events * 2,
        exposure=np.rint(exposure) if counted else exposure,
        edge=rng.random(size) < edge,
    )
    try:
        found = find_hotspots(cells, baseline="any", settings=SETTINGS, counted_baseline=counted)
    except (InputError, TooFewError):
        return
    table = found.table
    check(table, HOTSPOTS)
    assert np.isfinite(table.select_dtypes("number").to_numpy()).all()
    assert set(table["label"]) <= set(Label)
    assert not (table["hot"] & table["edge"]).any()
    assert (table["label"].isin([Label.HIGHER, Label.ONE_CELL, Label.HIGHER_IN_BOTH]) == table["hot"]).all()
    assert found.events + found.left_out == events[~cells["edge"]].sum()
    assert counted or not len(found.hot) or len(place_of(found))
    higher = table[table["hot"]]
    assert (higher["lower"] > 1).all()
    assert (higher["events"] > higher["expected"]).all()
    around = table[table["label"] == Label.AROUND]
    assert (around["events"] > around["expected"]).all()
    assert (around["q_value"] <= SETTINGS.false_discovery_rate).all()


def test_baselines_are_compared_and_agreement_is_counted():
    cells = with_events([(MIDDLE, 20)])
    area = pd.Series(WINDOW["area_km2"].to_numpy(), index=WINDOW["cell"])
    busy = area.copy()
    busy.iloc[RING[[MIDDLE]].indices] *= 20
    found = compare_baselines(cells, {"area": area, "footfall": busy}, settings=SETTINGS)
    assert list(found) == ["area", "footfall"]
    table = found["area"].table
    assert table["hot"].iloc[MIDDLE]
    assert not found["footfall"].table["hot"].iloc[MIDDLE]
    assert (table["hot_under"].iloc[MIDDLE], table["known_under"].iloc[MIDDLE]) == (1, 2)
    assert table["agreement"].iloc[MIDDLE] == "hot under 1 of 2 baselines"
    whole = pd.Series(3.0, index=WINDOW["cell"])
    counted = compare_baselines(cells, {"area": area, "shops": whole}, settings=SETTINGS, counted=["shops"])
    assert counted["shops"].table["q_value"].iloc[MIDDLE] > counted["area"].table["q_value"].iloc[MIDDLE]
    with pytest.raises(InputError, match="needs two baselines"):
        compare_baselines(cells, {"area": area}, settings=SETTINGS)
