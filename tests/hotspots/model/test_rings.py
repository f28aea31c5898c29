"""Chances of ring totals beside sums over all counts, and what one cell contributes."""

from __future__ import annotations

import numpy as np
import pytest
from made_graphs import ring_of
from scipy import stats

from safespace.hotspots.model import overdispersed_chance, ring_chances


def test_equal_cells_are_exact():
    """Seven cells of 0.4 with r = 0.8: their sum by convolution of the single counts."""
    one = stats.nbinom.pmf(np.arange(60), 0.8, 0.8 / 1.2)
    total = one
    for _ in range(6):
        total = np.convolve(total, one)
    chance = overdispersed_chance([6], [2.8], [7 * 0.16], sizes=[0.8], weights=[1.0])
    assert chance[0] == pytest.approx(total[6:].sum(), rel=1e-9)


def test_it_is_a_mean_over_sizes_and_near_poisson_where_cells_do_not_vary():
    few, many = (overdispersed_chance([9], [2.0], [0.6], sizes=[r], weights=[1.0])[0] for r in (0.5, 1e7))
    both = overdispersed_chance([9], [2.0], [0.6], sizes=[0.5, 1e7], weights=[0.25, 0.75])[0]
    assert both == pytest.approx(0.25 * few + 0.75 * many)
    assert many == pytest.approx(stats.poisson.sf(8, 2.0), rel=1e-4)
    assert few > 10 * many


def test_uneven_cells_keep_mean_and_variance():
    expected, r = np.array([0.1, 2.0, 0.5]), 1.3
    mean, squares = expected.sum(), (expected**2).sum()
    size = r * mean**2 / squares
    assert stats.nbinom(size, size / (size + mean)).var() == pytest.approx((expected + expected**2 / r).sum())
    found = overdispersed_chance([5], [mean], [squares], sizes=[r], weights=[1])[0]
    draws = (
        np.random.default_rng(1)
        .poisson(np.random.default_rng(2).gamma(r, expected / r, (200_000, 3)))
        .sum(axis=1)
    )
    assert found == pytest.approx((draws >= 5).mean(), rel=0.05)


def test_nothing_expected_and_no_events_are_certain():
    found = overdispersed_chance([0, 0, 3], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], sizes=[1.0], weights=[1.0])
    assert found.tolist() == [1, 1, 1]


def test_events_that_are_not_whole_count_as_the_next_whole_number():
    tempered, whole = (
        overdispersed_chance([k], [1.0], [1.0], sizes=[1.0], weights=[1.0])[0] for k in (2.3, 3)
    )
    assert tempered == whole == pytest.approx(0.125)


def test_the_largest_cell_is_taken_away_by_hand():
    # a row of four: rings {0,1}, {0,1,2}, {1,2,3}, {2,3}
    ring = ring_of(4, [(0, 1), (1, 2), (2, 3)])
    found = ring_chances([1, 5, 0, 5], [1.0, 1.0, 1.0, 1.0], ring, sizes=[1.0], weights=[1.0])
    assert found["ring_events"].tolist() == [6, 6, 10, 5]
    assert found["largest"].tolist() == [5, 5, 5, 5]
    assert found["largest_cell"].tolist() == [1, 1, 1, 3]
    # one event beside the largest, two cells of 1 expected with r = 1: 1 - (1/2)^2
    assert found["chance_without_largest"][0] == pytest.approx(0.75)
    # five or more of two such cells: sum of (k + 1) / 2^(k + 2) from 5 = 7/64
    assert found["chance"][3] == pytest.approx(7 / 64)
