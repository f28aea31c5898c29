"""Rates and intervals: hand-worked values, peers and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from safespace.errors import TooFewError
from safespace.hotspots import GammaPrior, fit_prior, garwood, marshall_rates, smoothed_rates


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_garwood_is_the_chi_squared_interval(level):
    counts, tail = np.arange(200), (1 - level) / 2
    lower, upper = garwood(counts, level=level)
    assert lower[0] == 0
    np.testing.assert_allclose(lower[1:], stats.chi2.ppf(tail, 2 * counts[1:]) / 2, rtol=1e-9)
    np.testing.assert_allclose(upper, stats.chi2.ppf(1 - tail, 2 * counts + 2) / 2, rtol=1e-9)


def minus_log_likelihood(at, events, expected, adjusted):
    shape = np.exp(-at[0])
    rate = shape / np.exp(at[1])
    fit = stats.nbinom.logpmf(events, shape, rate / (rate + expected)).sum()
    return -(fit - adjusted * np.log1p(shape))


@pytest.mark.parametrize("adjusted", [True, False])
@pytest.mark.parametrize(
    ("cells", "mean", "variance"), [(3300, 0.165, 0.5), (470, 1.2, 1.0), (60, 40.0, 2.0), (500, 5.0, 0.3)]
)
def test_the_prior_is_the_brute_force_optimum(cells, mean, variance, adjusted):
    rng = np.random.default_rng(cells)
    expected = mean * rng.lognormal(0, 0.8, cells)
    events = rng.poisson(expected * rng.gamma(1 / variance, variance, cells))
    prior = fit_prior(events, expected, adjusted=adjusted)
    ours = [-np.log(prior.shape), np.log(prior.mean)]
    brute = minimize(
        minus_log_likelihood,
        [0, 0],
        args=(events, expected, adjusted),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    )
    np.testing.assert_allclose(ours, brute.x, atol=2e-5)


def test_no_variation_is_never_certain():
    events = np.ones(200, dtype=int)
    plain = fit_prior(events, np.ones(200), adjusted=False)
    assert plain.variance < 1e-5
    adjusted = fit_prior(events, np.ones(200))
    assert 0.001 < adjusted.variance < 0.1


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.floats(1e-6, 1e6)), min_size=2, max_size=50),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_counts_give_a_finite_prior_and_ordered_intervals(pairs, adjusted):
    events, expected = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    events[0] += 1
    prior = fit_prior(events, expected, adjusted=adjusted)
    assert 0 < prior.shape < np.inf
    assert 0 < prior.rate < np.inf
    rates = smoothed_rates(events, expected, prior=prior)
    assert np.isfinite(rates.to_numpy()).all()
    assert (rates["lower"] <= rates["upper"]).all()
    assert rates["above_double"].between(0, 1).all()


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(TooFewError, match=r"no events to learn from\. Seen: 3 cells"):
        fit_prior([0, 0, 0], [1.0, 1.0, 1.0])


def test_a_rate_by_hand():
    # Gamma(2, 2) seen with 8 where 2 were expected: Gamma(10, 4), mean 2.5
    row = smoothed_rates([8], [2.0], prior=GammaPrior(2.0, 2.0)).iloc[0]
    posterior = stats.gamma(10, scale=1 / 4)
    assert row["rate"] == 2.5
    assert row["lower"] == pytest.approx(posterior.ppf(0.025))
    assert row["upper"] == pytest.approx(posterior.ppf(0.975))
    assert row["above_double"] == pytest.approx(posterior.sf(2))


def test_an_unseen_cell_keeps_the_prior():
    row = smoothed_rates([0], [0.0], prior=GammaPrior(4.0, 4.0)).iloc[0]
    assert row["rate"] == 1
    assert row["upper"] == pytest.approx(stats.gamma(4, scale=0.25).ppf(0.975))


def test_marshall_by_hand_and_near_the_gamma_fit():
    # raw 0, 0.5, 2.5 about 1: spread 3.5/3 less 1/4 is 0.917; pull 0.917 / (0.917 + 0.25) = 0.786
    assert marshall_rates([0, 2, 10], [4.0] * 3) == pytest.approx([0.2143, 0.6071, 2.1786], abs=1e-4)
    rng = np.random.default_rng(1)
    expected = rng.uniform(5, 15, 400)
    events = rng.poisson(expected * rng.gamma(2, 0.5, 400))
    ours = smoothed_rates(events, expected, prior=fit_prior(events, expected))["rate"]
    assert np.abs(ours - marshall_rates(events, expected)).max() < 0.15
