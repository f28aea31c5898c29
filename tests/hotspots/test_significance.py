"""The ring test, Benjamini-Hochberg and Gi*: by hand and against scipy and esda."""

from __future__ import annotations

import time
import warnings

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from safespace.cells import neighbours, study_window
from safespace.hotspots import at_least, events_needed, gi_star, ring_test

WINDOW = study_window(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
RING = neighbours(WINDOW["cell"])
AREA = WINDOW["area_km2"].to_numpy()


def random_counts(seed, mean=0.5):
    return np.random.default_rng(seed).poisson(mean, len(WINDOW))


def test_ring_probabilities_are_binomial_tails():
    events = random_counts(1)
    found = ring_test(events, AREA, RING)
    dense = RING.toarray()
    assert found["ring_events"].tolist() == (dense @ events).tolist()
    share = dense @ AREA / AREA.sum()
    np.testing.assert_allclose(found["ring_expected"], share * events.sum(), rtol=1e-12)
    peer = stats.binom.sf(dense @ events - 1, events.sum(), share)
    np.testing.assert_allclose(found["p_value"], peer, rtol=1e-9)
    assert found["ring_cells"].tolist() == dense.sum(axis=1).tolist()


def test_q_values_are_benjamini_hochberg_of_the_doubled_probability():
    found = ring_test(random_counts(2, 3), AREA, RING)
    doubled = np.minimum(2 * found["p_value"], 1)
    np.testing.assert_allclose(found["q_value"], stats.false_discovery_control(doubled), rtol=1e-12)
    # by hand: the k-th smallest of m, times m / k, never above a larger one's
    p = np.sort(doubled)
    by_hand = np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(found["q_value"]), by_hand, rtol=1e-12)


def test_cells_that_take_no_part_change_nothing():
    events, tested = random_counts(3), ~WINDOW["edge"].to_numpy()
    found = ring_test(events, AREA, RING, tested=tested)
    swollen = np.where(tested, events, 1000)
    assert ring_test(swollen, AREA, RING, tested=tested).equals(found)
    assert (found.loc[~tested, ["p_value", "q_value"]] == 1).all(axis=None)
    inside = WINDOW.loc[tested, "cell"]
    alone = ring_test(events[tested], AREA[tested], neighbours(inside))
    np.testing.assert_allclose(found.loc[tested, "q_value"], alone["q_value"], rtol=1e-12)


def test_an_exact_tail_by_hand():
    # 3 or more of 5 with share 1/2: (10 + 5 + 1) / 32
    assert at_least([3], 5, [0.5])[0] == pytest.approx(0.5)
    assert at_least([5], 5, [0.1])[0] == pytest.approx(1e-5)
    assert at_least([0], 5, [0.0])[0] == 1


def test_beside_another_layer_the_tail_is_never_below_fishers():
    events, beside = random_counts(5), random_counts(6, 2)
    beside[events.argmax()] = 0
    events[events.argmax()] += 6
    found = ring_test(events, beside, RING, counted=beside)
    k, b = RING @ events, RING @ beside
    n, m = events.sum(), beside.sum()
    peer = [
        stats.binomtest(x, x + y, n / (n + m), alternative="greater").pvalue
        for x, y in zip(k, b, strict=True)
    ]
    np.testing.assert_allclose(found["p_value"], peer, rtol=1e-9)
    fisher = stats.hypergeom.sf(k - 1, n + m, n, k + b)
    few = fisher < 0.2
    assert few.sum() > 5
    assert (found["p_value"][few] >= fisher[few]).all()
    assert found["p_value"].min() < 0.01


def test_huge_counts_beside_are_quick():
    counted = np.full(len(AREA), 10**9)
    start = time.perf_counter()
    found = ring_test(random_counts(6), counted, RING, counted=counted)
    assert time.perf_counter() - start < 1
    np.testing.assert_allclose(
        found["p_value"], ring_test(random_counts(6), counted, RING)["p_value"], atol=0.02
    )


@given(st.integers(0, 10_000), st.floats(0.01, 1000))
@settings(max_examples=30, deadline=None)
def test_the_baselines_unit_does_not_matter(seed, scale):
    events = random_counts(seed)
    events[0] += 1
    plain, scaled = ring_test(events, AREA, RING), ring_test(events, AREA * scale, RING)
    np.testing.assert_allclose(scaled.to_numpy(), plain.to_numpy(), rtol=1e-9)


@given(st.permutations(range(20)))
@settings(max_examples=20, deadline=None)
def test_row_order_does_not_matter(order):
    cells, order = WINDOW["cell"].to_numpy()[:20], np.array(order)
    events, area = random_counts(4, 3)[:20], AREA[:20]
    plain = ring_test(events, area, neighbours(cells)).iloc[order]
    moved = ring_test(events[order], area[order], neighbours(cells[order]))
    np.testing.assert_allclose(moved.to_numpy(), plain.to_numpy(), rtol=1e-9)


def test_probabilities_under_chance_are_never_too_small():
    tails = []
    for seed in range(60):
        events = np.random.default_rng(seed).multinomial(60, AREA / AREA.sum())
        tails.append(ring_test(events, AREA, RING)["p_value"])
    tails = np.concatenate(tails)
    for level in (0.01, 0.05, 0.2):
        assert (tails <= level).mean() <= level * 1.1


@pytest.mark.parametrize(
    ("share", "needed"), [(7 / 30, 5), (0.5, 11), (7 / 23_000, 3), (1.0, None), (0.0, 3)]
)
def test_how_many_events_would_be_enough(share, needed):
    # for half of the area: log2(2 x 30 / 0.05) = 10.2
    assert events_needed(share, tests=30, false_discovery_rate=0.05, min_events=3) == needed


def esda_gi(events, *, star):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's own; ours are errors
        esda = pytest.importorskip("esda")
        weights = pytest.importorskip("libpysal").weights
        links = RING.toarray()
        np.fill_diagonal(links, 0)
        held = weights.W(
            {i: np.flatnonzero(row).tolist() for i, row in enumerate(links)}, silence_warnings=True
        )
        return esda.G_Local(events.astype(float), held, transform="B", star=star, permutations=0).Zs


@pytest.mark.parametrize("mean", [0.2, 2.0, 30.0])
def test_gi_star_is_esdas(mean):
    events = random_counts(7, mean)
    ours = gi_star(events, RING, np.full(len(events), 10.0))
    np.testing.assert_allclose(ours["gi_star"], esda_gi(events, star=True), rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours["gi_p_value"], stats.norm.sf(ours["gi_star"]), rtol=1e-12)


def test_gi_star_by_hand():
    # A ring of 7 around one cell; the middle alone holds 7: every ring but the middle's is cut at the border.
    middle = h3.latlng_to_cell(52.95, -1.15, 8)
    cells = [middle, *sorted(set(h3.grid_disk(middle, 1)) - {middle})]
    found = gi_star([7, 0, 0, 0, 0, 0, 0], neighbours(cells), np.full(7, 10.0))["gi_star"]
    # n 7, mean 1, spread sqrt(6); a ring of 4 cells holds 7: (7 - 4) / (sqrt(6) sqrt(4 x 3 / 6))
    assert found.iloc[1:].tolist() == pytest.approx([3 / np.sqrt(12)] * 6)
    assert found.iloc[0] == 0  # its ring is everything


def test_gi_star_moves_with_neither_scale_nor_shift():
    events = random_counts(8, 2)
    plain = gi_star(events, RING, AREA)["gi_star"]
    np.testing.assert_allclose(gi_star(3 * events + 5, RING, AREA)["gi_star"], plain, atol=1e-9)
    assert (gi_star(np.full(len(AREA), 4), RING, AREA)["gi_star"] == 0).all()


def test_gi_star_says_where_there_are_too_few():
    notes = gi_star(random_counts(9), RING, np.where(np.arange(len(AREA)) < 5, 4.9, 5.0))["gi_note"]
    assert notes.iloc[:5].tolist() == ["too few for Gi*"] * 5
    assert (notes.iloc[5:] == "").all()
