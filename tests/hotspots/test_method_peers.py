"""The ways the published order is judged beside: smoothed towards the baseline, and a regression on rings."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import nbinom

from safespace.cells import study_window
from safespace.hotspots import fit_prior, scores_from, smoothed_rates
from safespace.hotspots.peers import _features, _fit, _rings, ring_regression

WINDOW = study_window(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)
WINDOW = WINDOW[WINDOW["ground"].isna()].reset_index(
    drop=True
)  # whole cells, so that counts and ground go together
INSIDE = WINDOW[~WINDOW["edge"]].set_index("cell")
CELLS = INSIDE.index.to_numpy()


def periods(seed, count=8):
    rng = np.random.default_rng(seed)
    mean = np.exp(-np.arange(len(CELLS)) / 15)
    return pd.DataFrame(rng.poisson(4 * mean[:, None], (len(CELLS), count)), index=CELLS)


def test_rings_are_those_of_the_grid():
    first, second = (ring.toarray() for ring in _rings(pd.Index(CELLS)))
    for row, cell in enumerate(CELLS[:12].tolist()):
        for ring, step in ((first, 1), (second, 2)):
            assert set(CELLS[ring[row] > 0]) == set(h3.grid_ring(cell, step)) & set(CELLS)
            assert set(ring[row]) <= {0, 1}


def test_the_regression_is_the_most_likely_one():
    counts, rng = periods(1), np.random.default_rng(2)
    held = counts[[0, 1, 2]].sum(axis=1).to_numpy(dtype=float)
    features, offset = _features(held, _rings(counts.index)), rng.normal(0, 0.1, len(CELLS))
    events = counts[3].to_numpy(dtype=float)
    found = _fit(features, events, offset)

    def likelihood(at, size):
        mean = np.exp(features @ at + offset)
        return nbinom.logpmf(events, size, size / (size + mean)).sum()

    sizes = np.exp(np.linspace(-2, 8, 200))
    most = max(likelihood(found, size) for size in sizes)
    for shift in np.vstack([np.eye(4), -np.eye(4), rng.normal(size=(20, 4))]) * 0.05:
        assert max(likelihood(found + shift, size) for size in sizes) < most + 1e-6


def test_it_learns_that_counts_come_again_and_that_area_counts():
    counts, area = periods(3), INSIDE["area_km2"]
    told = ring_regression(counts, area)
    assert told.sum() == pytest.approx(counts.to_numpy().sum())
    assert np.corrcoef(told, counts.sum(axis=1))[0, 1] > 0.9
    smaller = ring_regression(counts, area.where(area.index != CELLS[-1], area / 2))
    assert smaller.iloc[-1] / told.iloc[-1] == pytest.approx(0.5, rel=0.15)


def test_smoothed_is_pulled_towards_the_baseline_and_not_an_even_area():
    counts = periods(4)
    exposure = np.where(np.arange(len(CELLS)) < 20, 5.0, 1.0)
    exposure[-1] = 0.0
    whole = WINDOW["cell"].map(pd.Series(exposure, index=CELLS)).fillna(0.0)
    smoothed = scores_from(counts, WINDOW.assign(exposure=whole))["smoothed"] * INSIDE["area_km2"]
    total = counts.sum(axis=1).to_numpy()
    expected = exposure[:-1] * total[:-1].sum() / exposure.sum()
    rates = smoothed_rates(total[:-1], expected, prior=fit_prior(total[:-1], expected))["rate"]
    assert smoothed.to_numpy()[:-1] == pytest.approx(rates * expected)
    assert smoothed.iloc[-1] == 0  # nothing is known where there is no baseline


def test_all_are_per_square_kilometre_and_indexed_by_cell():
    counts, area = periods(5), INSIDE["area_km2"].to_numpy()
    scores = scores_from(counts, WINDOW)
    assert list(scores) == ["last period", "all periods", "smoothed", "kernel", "own and ring counts"]
    assert scores["last period"].to_numpy() == pytest.approx(counts[7].to_numpy() / area)
    assert scores["all periods"].to_numpy() == pytest.approx(counts.sum(axis=1).to_numpy() / area)
    for score in scores.values():
        assert score.index.tolist() == CELLS.tolist()
        assert (score >= 0).all()
