"""Gi and local Moran against esda, by hand, and their permutations against a plain loop."""

from __future__ import annotations

import warnings

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.cells import neighbours, study_window
from safespace.hotspots import gi_score, local_moran, permuted_tails

WINDOW = study_window(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
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
