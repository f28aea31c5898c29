"""The search for hyperparameters, and the design beside sums over a grid."""

from __future__ import annotations

import numpy as np
import pytest
from made_graphs import hexagons

from safespace.hotspots.model.field import make_field
from safespace.hotspots.model.hyperparameters import HIGHEST, LOWEST, find_peak, lay_out, likely_starts
from safespace.hotspots.model.laplace import Model, Priors
from safespace.hotspots.model.likelihood import Likelihood

STARTS = [(-0.3, 1.5, -0.5), (-2.0, 0.0, 1.5), (1.0, 3.0, -3.0), (0.5, 0.0, -2.0), (9.0, 9.0, 9.0)]


def sheet(seed, mean):
    """Return a model of 180 cells whose rates differ by a gradient and by themselves."""
    rng = np.random.default_rng(seed)
    expected = np.full(180, mean)
    rate = np.exp(np.linspace(-1, 1, 180)) * rng.gamma(2, 0.5, 180)
    return Model(
        make_field(hexagons(12, 15)),
        Likelihood.of(rng.poisson(expected * rate).astype(float), expected),
        Priors(),
    )


@pytest.mark.parametrize("mean", [0.3, 4.0, 200.0])
def test_all_starts_lead_to_one_peak(mean):
    model = sheet(1, mean)
    peaks = [find_peak(model, [np.array(start)]) for start in STARTS] + [
        find_peak(model, likely_starts(model.counts))
    ]
    values = [peak.explained.value for peak in peaks]
    assert np.ptp(values) < 2e-3
    thetas = np.array([peak.theta for peak in peaks])
    spread = np.sqrt(np.diag(peaks[-1].covariance))
    assert (np.ptp(thetas, axis=0) < 0.1 * spread).all()


def test_the_covariance_is_the_inverse_curvature_of_the_value():
    model = sheet(2, 4.0)
    peak = find_peak(model, likely_starts(model.counts))

    def value(*moves):
        return model.value(model.find_mode(peak.theta + np.sum(moves, axis=0), near=peak.explained.mode.eta))

    steps = np.eye(3) * 0.05
    curvature = [
        [
            -(value(a, b) - value(a, -b) - value(-a, b) + value(-a, -b)) / (4 * 0.05**2)
            for b in steps
        ]
        for a in steps
    ]  # fmt: skip
    np.testing.assert_allclose(np.linalg.inv(peak.covariance), curvature, atol=0.08 * np.abs(curvature).max())


@pytest.mark.parametrize("mean", [0.3, 4.0])
def test_the_designs_moments_are_those_of_a_sum_over_a_grid(mean):
    """Means and standard deviations of log sigma, log ell and -1/2 log r over 1,089 points."""
    model = sheet(3, mean)
    peak = find_peak(model, likely_starts(model.counts))
    design = lay_out(model, peak)
    sd = np.sqrt(np.diag(peak.covariance))
    axes = [
        np.clip(peak.theta[i] + sd[i] * np.linspace(-4.5, 4.5, 11), LOWEST[i], HIGHEST[i]) for i in range(3)
    ]
    axes[1] = np.linspace(LOWEST[1], HIGHEST[1], 9)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    values = np.array([model.value(model.find_mode(point, near=peak.explained.mode.eta)) for point in points])
    weights = np.exp(values - values.max())
    theirs = moments(points, weights / weights.sum())
    ours = moments(design.thetas, design.weights)
    np.testing.assert_array_less(np.abs(ours[0] - theirs[0]), 0.25 * theirs[1])
    np.testing.assert_allclose(ours[1], theirs[1], rtol=0.25)


def moments(thetas, weights):
    mean = weights @ thetas
    return mean, np.sqrt(weights @ thetas**2 - mean**2)


def test_the_design_keeps_within_bounds_and_shares_sizes_within_a_group():
    model = sheet(4, 0.05)
    design = lay_out(model, find_peak(model, likely_starts(model.counts)))
    assert (design.thetas >= LOWEST).all()
    assert (design.thetas <= HIGHEST).all()
    for group in range(5):
        assert np.ptp(design.thetas[design.group == group, 2]) == pytest.approx(0, abs=1e-12)
