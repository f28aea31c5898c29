"""How often each interval holds what it is for, in few layers; `make bench` takes many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice
from made_layers import (
    garwood_coverage,
    jeffreys_coverage,
    knox_coverage,
    pai_coverage,
    ratio_coverage,
    smoothed_coverage,
)
from scipy import stats

from safespace.hotspots import validate
from safespace.hotspots.validation import widening

WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)


@pytest.mark.parametrize(
    ("cells", "mean", "variance"), [(3300, 0.165, 0.5), (470, 1.15, 1.0), (100, 5.0, 0.5), (30, 100.0, 1.0)]
)
def test_smoothed_rates_where_rates_are_gamma(cells, mean, variance):
    covered = smoothed_coverage(cells, mean, lambda rng, n: rng.gamma(1 / variance, variance, n), layers=40)
    assert 0.93 <= covered <= 0.97


def test_smoothed_rates_are_wide_where_every_place_is_the_same():
    """The model does not hold: rates do not differ at all, and the intervals say too little, not too much."""
    assert smoothed_coverage(470, 1.15, lambda _, n: np.ones(n), layers=10) > 0.97


def test_exact_intervals_of_counts_and_ratios_never_hold_too_seldom():
    """They are for whole counts: above their level where few are expected, near it where many are."""
    assert garwood_coverage(np.linspace(0.1, 400, 700)).min() >= 0.95
    assert 0.95 <= garwood_coverage(np.linspace(8, 400, 700)).mean() <= 0.97
    assert garwood_coverage(np.array([0.5]))[0] > 0.98
    assert ratio_coverage(2, 1.5, pairs=4000) >= 0.97
    assert 0.95 <= ratio_coverage(60, 1.5, pairs=4000) <= 0.97


@pytest.mark.parametrize("total", [10, 30, 200])
def test_jeffreys_on_average_over_shares(total):
    covered = jeffreys_coverage(total, np.linspace(0.02, 0.98, 97))
    assert 0.94 <= covered.mean() <= 0.96
    assert covered.min() < 0.93  # at one share in particular it may hold less often


def test_near_repeats():
    assert 0.92 <= knox_coverage(300, 0, layers=12) <= 1
    assert 0.90 <= knox_coverage(300, 40, layers=12) <= 0.99


def test_pai_from_few_periods():
    assert pai_coverage(WINDOW, 4, layers=15) >= 0.8  # 0.94 in many layers


def test_an_interval_is_widened_about_its_estimate_and_holds_it():
    inside = WINDOW[~WINDOW["edge"]]
    rng = np.random.default_rng(1)
    counts = pd.DataFrame(rng.poisson(0.5, (len(inside), 12)), index=inside["cell"].to_numpy())
    table = validate(counts, WINDOW, later=4, seed=1, replicates=99).table
    for figure in ("hit_rate", "pai", "rri", "pei", "pei_star"):
        assert (table[f"{figure}_lower"] >= 0).all()
        assert (table[f"{figure}_lower"] <= table[figure]).all()
        assert (table[figure] <= table[f"{figure}_upper"]).all()
    assert (table[["hit_rate_upper", "pei_upper", "pei_star_upper"]] <= 1).all(axis=None)
    assert widening(4, 0.95) == pytest.approx(stats.t.ppf(0.975, 3) / stats.norm.ppf(0.975) * np.sqrt(4 / 3))
