"""Gi and local Moran against esda, by hand, and their permutations against a plain loop."""

from __future__ import annotations

import warnings

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice
from scipy.sparse import csr_array

from safespace.cells import neighbours
from safespace.hotspots import gi_score, local_moran, permuted_tails

WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
RING = neighbours(WINDOW["cell"])
LINKS = RING.toarray()
np.fill_diagonal(LINKS, 0)
SIZE = len(WINDOW)
AMPLE = np.full(SIZE, 9.0)


def counts(seed, mean=2.0):
    return np.random.default_rng(seed).poisson(mean, SIZE)


@pytest.fixture(scope="module")
def peer():
    """Return esda and the same weights for it."""
    esda, weights = pytest.importorskip("esda"), pytest.importorskip("libpysal").weights
    held = {i: np.flatnonzero(row).tolist() for i, row in enumerate(LINKS)}
    return esda, weights.W(held, silence_warnings=True)


@pytest.mark.parametrize("mean", [0.2, 2.0, 30.0])
def test_gi_and_local_moran_are_esdas(peer, mean):
    esda, weights = peer
    y = counts(1, mean)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's own; ours are errors
        gi = esda.G_Local(y.astype(float), weights, transform="B", star=False, permutations=0)
        moran = esda.Moran_Local(y.astype(float), weights, transformation="B", permutations=0)
    ours = local_moran(y, RING, AMPLE, seed=1, replicates=9)
    np.testing.assert_allclose(gi_score(y, RING), gi.Zs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours["moran"], moran.Is, rtol=0, atol=1e-9)
    # its statistic divides by n - 1, its conditional moments are for division by n
    score = (moran.Is * SIZE / (SIZE - 1) - moran.EIc) / np.sqrt(moran.VIc)
    np.testing.assert_allclose(ours["moran_score"], score, rtol=0, atol=1e-9)


def test_local_moran_by_hand():
    # A ring of 7; the middle holds 7, the rest none: mean 1, squares 36 + 6 = 42. The middle's six
    # neighbours hold -6: 6 x 6 x -6 / 42. A cell of the rim has the middle and two of the rim beside it.
    middle = h3.latlng_to_cell(52.95, -1.15, 8)
    cells = [middle, *sorted(set(h3.grid_disk(middle, 1)) - {middle})]
    found = local_moran([7, 0, 0, 0, 0, 0, 0], neighbours(cells), np.full(7, 4.9), seed=1, replicates=19)
    assert found["moran"].iloc[0] == pytest.approx(6 * 6 * -6 / 42)
    assert found["moran"].iloc[1:].tolist() == pytest.approx([6 * -1 * (6 - 2) / 42] * 6)
    assert found["moran_score"].iloc[0] == 0  # the others are all the same
    # beside the rim: 3 of 6 others, sum 7; mean 7 / 6, variance 49 / 6 - 49 / 36 = 6.81
    score = (7 - 3 * 7 / 6) / np.sqrt((49 / 6 - 49 / 36) * 3 * (6 - 3) / 5)
    assert found["moran_score"].iloc[1:].tolist() == pytest.approx([-score] * 6)
    assert found["quadrant"].tolist() == ["high among low", *["low among high"] * 6]
    assert (found["moran_note"] == "too few for local Moran").all()
    assert (local_moran(counts(2), RING, AMPLE, seed=1, replicates=9)["moran_note"] == "").all()


CHAIN = csr_array(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]]))
PAIR = csr_array(np.ones((2, 2), dtype=np.int64))


def test_gi_of_hardly_any_cells_by_hand():
    # an end of a chain of three: the others hold 1 and 4, mean 2.5, variance 2.25, and the one beside it 1
    assert gi_score([5, 1, 4], CHAIN).tolist() == pytest.approx([-1, 0, -1])
    assert gi_score([3, 1], PAIR).tolist() == [0, 0]  # its neighbour is all the others
    assert gi_score([3], csr_array([[1]])).tolist() == [0]
    assert gi_score([], neighbours([])).shape == (0,)


def test_gi_knows_rounding_from_variance():
    # the others are all a third of a million, and squaring that leaves 3e-5 of variance to rounding
    links = csr_array(
        np.eye(5, dtype=np.int64) + np.eye(5, k=1, dtype=np.int64) + np.eye(5, k=-1, dtype=np.int64)
    )
    others = np.full(5, 1e6 / 3)
    others[0] = 500_001
    assert gi_score(others, links)[0] == 0
    # a real variance of a quarter beside counts of ten thousand is none of rounding's
    few = counts(8, 0.3) > 0
    np.testing.assert_allclose(gi_score(few + 10_000, RING), gi_score(few, RING), atol=1e-3)


def test_local_moran_of_hardly_any_cells_by_hand():
    # half above and half below the mean of a half: 1 x 1/2 x -1/2 / (1/4 + 1/4)
    assert local_moran([1, 0], PAIR, [9, 9], seed=1, replicates=9)["moran"].tolist() == [-0.5, -0.5]
    one = local_moran([4], csr_array([[1]]), [9], seed=1, replicates=9)
    assert one["quadrant"].tolist() == ["low among low"]
    none = local_moran([], neighbours([]), [], seed=1, replicates=9)
    assert none.columns.tolist() == [
        "moran",
        "moran_score",
        "p_high",
        "p_low",
        "p_value",
        "quadrant",
        "moran_note",
    ]
    assert none.empty


@pytest.mark.parametrize(
    ("events", "quadrants"),
    [
        # mean 2; what is as the mean is not high, and neighbours that are as the mean are not
        ([2, 1, 3], ["low among low", "low among high", "high among low"]),
        ([2, 3, 1], ["low among high", "high among low", "low among high"]),
        ([1, 2, 3], ["low among low", "low among low", "high among low"]),
        # half a report from the mean is high, or low
        ([3, 3, 2, 2], ["high among high", "high among low", "low among low", "low among low"]),
    ],
)
def test_quadrants_by_hand(events, quadrants):
    n = len(events)
    chain = csr_array(sum(np.eye(n, k=k, dtype=np.int64) for k in (-1, 0, 1)))
    found = local_moran(events, chain, np.full(n, 9.0), seed=1, replicates=9)
    assert found["quadrant"].tolist() == quadrants


def test_both_tails_are_told_and_the_smaller_doubled():
    found = local_moran(counts(3), RING, AMPLE, seed=5, replicates=60)
    high, low = permuted_tails(counts(3), RING, seed=5, replicates=60)
    assert found["p_high"].tolist() == high.tolist()
    assert found["p_low"].tolist() == low.tolist()
    assert found["p_value"].tolist() == np.minimum(1, 2 * np.minimum(high, low)).tolist()
    assert (found["p_value"] < 0.2).sum() > 3


@pytest.mark.parametrize("replicates", [19, 99, None])
def test_replicates_are_as_many_as_asked(replicates):
    options = {} if replicates is None else {"replicates": replicates}
    steps = (replicates or 999) + 1
    for found in (
        permuted_tails(counts(3), RING, seed=5, **options)[0],
        local_moran(counts(3), RING, AMPLE, seed=5, **options)["p_high"].to_numpy(),
    ):
        np.testing.assert_allclose(found * steps, np.round(found * steps), atol=1e-9)


def test_what_is_too_few_for_local_moran_is_below_five():
    found = local_moran([1, 2, 3], CHAIN, [4.999, 5.0, 5.001], seed=1, replicates=9)
    assert found["moran_note"].tolist() == ["too few for local Moran", "", ""]


def test_permutations_of_hardly_any_cells():
    high, low = permuted_tails([], neighbours([]), seed=1, replicates=9)
    assert high.shape == low.shape == (0,)
    # the other of two is always dealt beside a cell: as many and as few, always
    high, low = permuted_tails([3, 1], PAIR, seed=1, replicates=9)
    assert high.tolist() == low.tolist() == [1, 1]


def test_permutation_tails_are_those_of_a_plain_loop_over_the_same_deals():
    y = counts(3, 1.0)
    high, low = permuted_tails(y, RING, seed=5, replicates=60)
    rng = np.random.default_rng(5)
    most = int(LINKS.sum(axis=1).max())
    dealt = [rng.choice(SIZE, most + 1, replace=False) for _ in range(60)]
    for cell in range(0, SIZE, 7):
        k, seen = LINKS[cell].sum(), (LINKS[cell] * y).sum()
        sums = [y[[other for other in deal if other != cell][:k]].sum() for deal in dealt]
        assert high[cell] == pytest.approx((1 + sum(one >= seen for one in sums)) / 61)
        assert low[cell] == pytest.approx((1 + sum(one <= seen for one in sums)) / 61)


@given(st.integers(0, 10_000), st.sampled_from([0.1, 1.0, 20.0]))
@settings(max_examples=20, deadline=None)
def test_ties_count_in_both_tails(seed, mean):
    high, low = permuted_tails(counts(seed, mean), RING, seed=seed, replicates=39)
    assert (high + low >= 1).all()
    assert ((high >= 1 / 40) & (high <= 1) & (low >= 1 / 40) & (low <= 1)).all()


def test_nothing_but_zeros_beside_a_cell_is_no_cold_spot_when_most_cells_are_empty():
    found = local_moran(counts(4, 0.05), RING, AMPLE, seed=1, replicates=199)
    empty = LINKS @ counts(4, 0.05) == 0
    assert (found.loc[empty, "p_value"] > 0.5).all()


def test_under_chance_probabilities_hold_their_level_and_follow_the_score():
    tails = np.concatenate(
        [permuted_tails(counts(seed, 200.0), RING, seed=seed, replicates=199)[0] for seed in range(40)]
    )
    assert (tails <= 0.05).mean() == pytest.approx(0.05, abs=0.012)
    score = gi_score(counts(6, 20.0), RING)
    high, _ = permuted_tails(counts(6, 20.0), RING, seed=1)
    assert np.corrcoef(score, high)[0, 1] < -0.9


def test_the_same_seed_gives_the_same_answer_and_flat_or_lonely_cells_give_none():
    one, two = (local_moran(counts(7), RING, AMPLE, seed=3, replicates=49) for _ in range(2))
    assert one.equals(two)
    flat = local_moran(np.full(SIZE, 4), RING, AMPLE, seed=1, replicates=9)
    assert (flat[["moran", "moran_score"]] == 0).all(axis=None)
    assert (flat["p_value"] == 1).all()
    lonely = neighbours(WINDOW["cell"].to_numpy()[:1])
    alone = local_moran([4], lonely, [9.0], seed=1, replicates=9)
    assert np.isfinite(alone.select_dtypes("number").to_numpy()).all()
