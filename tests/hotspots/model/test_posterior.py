"""Rates beside draws of what they are made of, and design weights that add up."""

from __future__ import annotations

import numpy as np
import pytest
from made_graphs import dense_precision, hexagons
from scipy import optimize, stats

from safespace.errors import InputError
from safespace.hotspots.model.draws import Draws, draw_rates
from safespace.hotspots.model.field import make_field
from safespace.hotspots.model.hyperparameters import find_peak, lay_out
from safespace.hotspots.model.laplace import Model, Priors
from safespace.hotspots.model.likelihood import Likelihood
from safespace.hotspots.model.posterior import Rates, Surroundings, gather
from safespace.hotspots.model.posterior import _around as around_mode

EVENTS, EXPECTED = np.array([0.0, 2.0, 2.0, 30.0]), np.array([0.2, 0.2, 3.0, 12.0])


def around(sizes, weights, mean, sd):
    """Return surroundings with drawn log rates, cells independent."""
    sizes, weights, mean, sd = (np.asarray(part, dtype=float) for part in (sizes, weights, mean, sd))
    rng = np.random.default_rng(1)
    group = rng.choice(len(sizes), 100_000, p=weights)
    draws = mean[group] + sd[group] * rng.normal(size=(100_000, mean.shape[1]))
    return Surroundings(sizes, weights, mean, sd, draws, sizes[group])


@pytest.mark.parametrize("sd", [1e-3, 0.3, 1.2])
@pytest.mark.parametrize("sizes", [(0.3, 5.0), (40.0, 400.0)])
def test_rates_are_those_of_their_draws(sizes, sd):
    held = around(sizes, [0.4, 0.6], [[0.1, -0.5, 0.0, 0.3], [0.0, 0.2, 0.4, 0.5]], np.full((2, 4), sd))
    at = np.arange(4)
    rates = Rates.of(held, EVENTS, EXPECTED, at)
    draws = draw_rates(held, EVENTS, EXPECTED, at, seed=3)
    np.testing.assert_allclose(rates.moments()[0], draws.mean(axis=0), rtol=0.02)
    for threshold in (0.7, 1.5, 2.5):
        np.testing.assert_allclose(rates.above(threshold), (draws > threshold).mean(axis=0), atol=0.012)
    for probability in (0.025, 0.5, 0.975):
        quantile = rates.quantile(probability)
        np.testing.assert_allclose((draws < quantile).mean(axis=0), probability, atol=0.012)


def test_quantile_and_tail_are_each_others_inverse():
    held = around([0.05, 900.0], [0.5, 0.5], [[-3.0, 4.0, 0.0, 0.0]] * 2, [[0.4, 2.0, 0.01, 0.5]] * 2)
    rates = Rates.of(held, EVENTS, EXPECTED, np.arange(4))
    for probability in (0.005, 0.025, 0.4, 0.975, 0.995):
        quantile = rates.quantile(probability)
        assert np.isfinite(quantile).all()
        for cell in range(4):
            assert rates.above(float(quantile[cell]))[cell] == pytest.approx(1 - probability, abs=1.5e-4)


def test_without_any_field_a_rate_is_gamma():
    held = around([2.0], [1.0], np.zeros((1, 4)), np.full((1, 4), 1e-6))
    rates = Rates.of(held, EVENTS, EXPECTED, np.arange(4))
    gamma = stats.gamma(2 + EVENTS, scale=1 / (2 + EXPECTED))
    np.testing.assert_allclose(rates.moments()[0], gamma.mean(), rtol=1e-9)
    np.testing.assert_allclose(rates.quantile(0.975), gamma.ppf(0.975), rtol=0.02)
    np.testing.assert_allclose(rates.above(1.5), gamma.sf(1.5), atol=0.01)


def test_the_design_stands_for_the_whole_posterior_and_its_draws_for_the_gaussians():
    rng = np.random.default_rng(5)
    expected = rng.uniform(0.5, 3, 80)
    events = rng.poisson(expected).astype(float)
    model = Model(make_field(hexagons(8, 10)), Likelihood.of(events, expected), Priors())
    design = lay_out(model, find_peak(model, [np.array([-0.3, 1.5, -0.5])]))
    assert design.weights.sum() == pytest.approx(1)
    assert (design.weights >= 0).all()
    sizes, shares = design.sizes
    assert len(sizes) == len(np.unique(sizes)) == 5
    assert shares.sum() == pytest.approx(1)
    held = gather(model, design, draws=3000, seed=1)
    assert held.draws.shape == (3000, 80)
    np.testing.assert_allclose(held.draws.mean(axis=0), held.weights @ held.mean, atol=0.1)
    assert held.weights.sum() == pytest.approx(1)
    again = gather(model, design, draws=3000, seed=1)
    assert again.draws.tobytes() == held.draws.tobytes()


def test_ranks_by_hand():
    rates = np.array([[3, 2, 1], [3, 1, 2], [1, 2, 3], [3, 2, 1]], dtype=np.float32)
    ranks = Draws(np.array([7, 8, 9]), np.ones(3), rates).ranks(top=(1, 2, 9), level=0.5)
    assert ranks["expected_rank"].tolist() == [1.5, 2.25, 2.25]
    assert ranks["p_top_1"].tolist() == [0.75, 0.0, 0.25]
    assert ranks["p_top_2"].tolist() == [0.75, 0.75, 0.5]
    assert ranks["p_top_9"].tolist() == [1.0, 1.0, 1.0]
    assert ranks["rank_lower"].tolist() == [1, 2, 1]
    assert ranks["rank_upper"].tolist() == [1, 2, 3]


def test_a_place_is_the_mean_by_what_its_cells_expect():
    drawn = Draws(
        np.array([7, 8, 9]), np.array([1.0, 3.0, 5.0]), np.array([[4, 2, 1], [1, 1, 9]], dtype=np.float32)
    )
    assert drawn.of_place([8, 7]).tolist() == [2.5, 1.0]
    with pytest.raises(InputError, match="not assessed"):
        drawn.of_place([7, 10])
    with pytest.raises(InputError, match="holds no cell"):
        drawn.of_place([])


def weighed(ring, events, expected, sigma, length, r, *, draws, seed):
    """Return draws of log rates at known hyperparameters and their weights: dense, from a wide t about the mode."""
    rng, n = np.random.default_rng(seed), len(events)
    prior = np.linalg.inv(
        np.linalg.inv(dense_precision(ring, sigma, length)) + 25.0
    )  # a level of sd 5 and the field

    def minus_log_density(eta):
        mean = expected * np.exp(eta)
        counts = stats.nbinom.logpmf(events, r, r / (r + mean)).sum(axis=-1)
        return np.einsum("...i,ij,...j->...", eta, prior, eta) / 2 - counts

    mode = optimize.minimize(minus_log_density, np.zeros(n), method="BFGS").x
    mean = expected * np.exp(mode)
    precision = prior + np.diag((events + r) * r * mean / (mean + r) ** 2)
    wide = stats.multivariate_t(mode, np.linalg.inv(precision), df=12, seed=rng)
    eta = wide.rvs(draws)
    logs = -minus_log_density(eta) - wide.logpdf(eta)
    weights = np.exp(logs - logs.max())
    return eta, weights / weights.sum()


def test_means_and_spreads_beside_weighed_draws():
    """Thirty cells, a third of which hold nothing: log rates at known hyperparameters."""
    rng, ring = np.random.default_rng(8), hexagons(5, 6)
    expected = rng.uniform(0.5, 3, 30)
    events = rng.poisson(expected * np.exp(rng.normal(-0.5, 1, 30))).astype(float)
    eta, weights = weighed(ring, events, expected, 0.7, 2.0, 4.0, draws=60_000, seed=1)
    assert 1 / (weights**2).sum() > 2000
    theirs = weights @ eta
    spread = np.sqrt(weights @ (eta - theirs) ** 2)
    model = Model(make_field(ring), Likelihood.of(events, expected), Priors())
    theta = np.array([np.log(0.7), np.log(2.0), -np.log(4.0) / 2])
    mode = model.find_mode(theta)
    mean, variance, drawn = around_mode(model, mode, 4000, (1, 1))
    np.testing.assert_allclose(mean, theirs, atol=0.05)
    np.testing.assert_allclose(np.sqrt(variance), spread, rtol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), np.sqrt(variance), rtol=0.06)
    both = ((eta - theirs) / spread * weights[:, None]).T @ ((eta - theirs) / spread)
    np.testing.assert_allclose(np.corrcoef(drawn.T), both, atol=0.12)
    # the mode lies off by more: the counts' skewness is what the correction is for
    assert np.abs(mode.eta - theirs).max() > 2 * np.abs(mean - theirs).max()
