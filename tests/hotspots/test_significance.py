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
from made_cells import lattice
from scipy import stats
from scipy.sparse import csr_array

from safespace.cells import neighbours
from safespace.errors import InputError
from safespace.hotspots import at_least, events_needed, gi_star, ring_test

WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
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


def ring_of(*rows: str) -> csr_array:
    """Return a ring written row by row, ``11.`` being the first two of three cells."""
    return csr_array(np.array([[int(mark == "1") for mark in row] for row in rows]))


def test_a_ring_test_by_hand():
    # 4 events, a ring with half of the baseline holds 3: (4 + 1) / 16; doubled 5 / 8. The others hold 1 or more
    # of 4 with a quarter each: 1 - (3/4)^4 = 175 / 256, and none: 1. Adjusted over three tests: 5/8 x 3/1 is above 1.
    found = ring_test([3, 1, 0], [2, 1, 1], ring_of("1..", ".1.", "..1"))
    assert found["ring_events"].tolist() == [3, 1, 0]
    assert found["ring_expected"].tolist() == [2, 1, 1]
    assert found["p_value"].tolist() == pytest.approx([5 / 16, 175 / 256, 1])
    assert found["q_value"].tolist() == [1, 1, 1]
    # all 8 of 8 in an eighth of the baseline: 8^-8, doubled and times three
    sure = ring_test([8, 0, 0], [1, 3, 4], ring_of("1..", ".1.", "..1"))
    assert sure["p_value"][0] == pytest.approx(8.0**-8)
    assert sure["q_value"][0] == pytest.approx(6 * 8.0**-8)
    assert sure["q_value"].tolist()[1:] == [1, 1]


def test_q_values_where_places_stand_out_are_benjamini_hochberg_of_the_doubled_probability():
    events = random_counts(2, 1)
    events[[10, 60, 90]] += [9, 12, 6]
    found = ring_test(events, AREA, RING)
    p = found["p_value"].to_numpy()
    ranked = np.argsort(p)
    by_hand = np.minimum.accumulate((2 * p[ranked] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(found["q_value"].to_numpy()[ranked], np.minimum(by_hand, 1), rtol=1e-12)
    assert (found["q_value"] < 0.05).sum() > 3
    assert ((found["q_value"] > 0.05) & (found["q_value"] < 0.9)).sum() > 3


def test_a_share_is_one_at_most_whatever_rounding_makes_of_it():
    # these add up to 4.6 or to the number before it, by the order in which they are added
    base = [0.5, 0.5, 0.7, 0.9, 0.1, 0.2, 0.8, 0.9]
    everything = csr_array(np.ones((8, 8), dtype=np.int64))
    assert ((everything @ np.array(base)) / np.sum(base)).max() > 1
    found = ring_test([1, 0, 0, 0, 0, 0, 0, 2], base, everything)
    assert (found["p_value"] == 1).all()
    assert (found["ring_expected"] == 3).all()


def test_kinds_of_numbers_do_not_matter():
    ring, plain = ring_of("11.", "111", ".11"), None
    for events, exposure, counted, tested in (
        ([1, 2, 0], [3, 1, 0], [3, 1, 0], [True, True, False]),
        ([1.0, 2.0, 0.0], [3.0, 1.0, 0.0], [3.0, 1.0, 0.0], [1, 1, 0]),
        (
            np.array([1, 2, 0], dtype=np.uint8),
            (3, 1, 0),
            np.array([3, 1, 0], dtype=np.uint8),
            (1.0, 1.0, 0.0),
        ),
    ):
        found = ring_test(events, exposure, ring, counted=counted, tested=tested)
        plain = found if plain is None else plain
        assert found.equals(plain)
        assert found.dtypes.astype(str).tolist() == ["int64", "int64", *["float64"] * 5]
    assert plain["ring_cells"].tolist() == [2, 2, 1]


@pytest.mark.parametrize(
    ("base", "seen"),
    [([0, 0, 5], "0 over 2 cells"), ([0, 1e-300, 0], None), ([np.inf, 1, 1], "inf over 2 cells")],
)
def test_a_baseline_without_a_sum_is_refused(base, seen):
    ring, tested = ring_of("11.", "111", ".11"), np.array([True, True, False])
    if seen is None:
        assert ring_test([1, 1, 0], base, ring, tested=tested)["ring_expected"].tolist() == [2, 2, 2]
        return
    with pytest.raises(InputError) as refused:
        ring_test([1, 1, 0], np.where(tested, base, 0), ring, tested=tested)
    assert refused.value.code == "baseline-zero-or-infinite"
    assert str(refused.value) == (
        "The baseline is zero in every cell, or without an end in one. "
        f"Seen: {seen}. Choose a baseline that covers the area."
    )


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


def test_counts_beside_in_cells_that_take_no_part_change_nothing():
    events, beside, tested = random_counts(5), random_counts(6, 2) + 1, ~WINDOW["edge"].to_numpy()
    found = ring_test(events, beside, RING, counted=beside, tested=tested)
    swollen = np.where(tested, beside, 1000)
    assert ring_test(events, swollen, RING, counted=swollen, tested=tested).equals(found)
    inside = WINDOW.loc[tested, "cell"]
    alone = ring_test(events[tested], beside[tested], neighbours(inside), counted=beside[tested])
    np.testing.assert_allclose(found.loc[tested, "p_value"], alone["p_value"], rtol=1e-12)
    np.testing.assert_allclose(found.loc[tested, "q_value"], alone["q_value"], rtol=1e-12)


def test_counts_beside_by_hand():
    # events 3 + 1 of 4 + 12 in all, so a quarter; a ring with 3 of theirs among 4: (4 x 3 + 1) / 4^4
    found = ring_test([3, 1], [1, 11], ring_of("1.", ".1"), counted=[1, 11])
    assert found["p_value"][0] == pytest.approx(13 / 256)
    assert found["p_value"][1] == pytest.approx(1 - 0.75**12)


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


@pytest.mark.parametrize(
    ("tests", "rate", "least", "needed"),
    [
        (100, 0.05, 3, 4),  # log(0.05 / 200) / log(1/10) = 3.6
        (100, 0.2, 3, 3),  # 3.0 exactly: 0.2 / 200 = 10^-3
        (100, 0.01, 3, 5),  # 4.3
        (1000, 0.05, 3, 5),  # 4.6
        (100, 0.2, 1, 3),
        (100, 0.2, 8, 8),
        (1, 0.9, 1, 1),
        (1, 0.9, 2, 2),
    ],
)
def test_events_needed_honours_every_setting(tests, rate, least, needed):
    found = events_needed(0.1, tests=tests, false_discovery_rate=rate, min_events=least)
    assert found == needed
    if needed > least:
        # with as many, all in the ring, the place is found at that rate; with one fewer it is not
        assert 2 * tests * 0.1**needed <= rate * (1 + 1e-12)
        assert 2 * tests * 0.1 ** (needed - 1) > rate


def test_events_needed_is_what_the_ring_test_finds():
    ring = csr_array(np.eye(20, dtype=np.int64))
    for rate in (0.01, 0.05, 0.2):
        needed = events_needed(1 / 20, tests=20, false_discovery_rate=rate, min_events=1)
        for count in (needed - 1, needed):
            events = np.where(np.arange(20) == 7, count, 0)
            found = ring_test(events, np.ones(20), ring)["q_value"][7] <= rate
            assert found == (count == needed)


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


def test_gi_star_of_hardly_any_cells():
    # two cells apart: mean 2, spread 1, one of two in each ring: (3 - 2) / (1 x sqrt(1 x 1 / 1))
    assert gi_star([3, 1], ring_of("1.", ".1"), [5.0, 5.0])["gi_star"].tolist() == [1, -1]
    assert gi_star([3, 1], ring_of("11", "11"), [5.0, 5.0])["gi_star"].tolist() == [0, 0]
    assert gi_star([3], ring_of("1"), [5.0])["gi_star"].tolist() == [0]
    none = gi_star([], neighbours([]), [])
    assert none.shape == (0, 3)
    assert list(none) == ["gi_star", "gi_p_value", "gi_note"]


def test_gi_star_moves_with_neither_scale_nor_shift():
    events = random_counts(8, 2)
    plain = gi_star(events, RING, AREA)["gi_star"]
    np.testing.assert_allclose(gi_star(3 * events + 5, RING, AREA)["gi_star"], plain, atol=1e-9)
    assert (gi_star(np.full(len(AREA), 4), RING, AREA)["gi_star"] == 0).all()


def test_gi_star_says_where_there_are_too_few():
    notes = gi_star(random_counts(9), RING, np.where(np.arange(len(AREA)) < 5, 4.9, 5.0))["gi_note"]
    assert notes.iloc[:5].tolist() == ["too few for Gi*"] * 5
    assert (notes.iloc[5:] == "").all()
