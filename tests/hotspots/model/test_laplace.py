"""The mode and Laplace's value beside sums over grids, and the gradient beside differences."""

from __future__ import annotations

import numpy as np
import pytest
from made_graphs import dense_precision, hexagons, ring_of
from scipy import stats

from safespace.hotspots.model.field import make_field
from safespace.hotspots.model.laplace import Model, Priors, size_of
from safespace.hotspots.model.likelihood import Likelihood

RING = hexagons(11, 12)
RNG = np.random.default_rng(4)
EXPECTED = RNG.uniform(0.2, 3.0, 132) * (RNG.random(132) > 0.1)
EVENTS = RNG.poisson(EXPECTED * np.exp(RNG.normal(0, 0.7, 132))).astype(float)
SHEET = Model(make_field(RING), Likelihood.of(EVENTS, EXPECTED), Priors())


@pytest.mark.parametrize(
    "theta", [(-0.3, 1.5, -0.5), (0.5, 0.1, -2.0), (-2.0, 3.0, 0.8), (-1.0, 0.5, 2.0)], ids=str
)
@pytest.mark.parametrize("tempered", [1.0, 2.7])
def test_the_gradient_is_that_of_the_value(theta, tempered):
    counts = Likelihood.of(EVENTS / tempered, EXPECTED / tempered)
    model = Model(make_field(RING), counts, Priors())
    at, step = np.array(theta), 1e-4
    found = model.explain(at)
    for axis in range(3):
        nudge = np.eye(3)[axis] * step
        more, less = (
            model.value(model.find_mode(at + move, near=found.mode.eta)) for move in (nudge, -nudge)
        )
        assert found.gradient[axis] == pytest.approx((more - less) / (2 * step), rel=1e-5, abs=1e-5)


def test_the_modes_movement_is_foretold():
    at, step = np.array([-0.3, 1.5, -0.5]), 1e-4
    found = SHEET.explain(at)
    for axis in range(3):
        nudge = np.eye(3)[axis] * step
        more, less = (SHEET.find_mode(at + move).eta for move in (nudge, -nudge))
        np.testing.assert_allclose(found.by_theta[:, axis], (more - less) / (2 * step), atol=2e-4)


def test_the_mode_is_where_nothing_pulls_and_does_not_depend_on_the_start():
    theta = np.array([0.2, 1.0, -0.2])
    mode = SHEET.find_mode(theta)
    pull = SHEET.counts.gradient(mode.eta, size_of(theta))
    precision = dense_precision(RING, np.exp(0.2), np.exp(1.0))
    np.testing.assert_allclose(pull, precision @ mode.x, atol=1e-3)
    assert pull.sum() == pytest.approx(0, abs=1e-4)
    elsewhere = SHEET.find_mode(theta, near=RNG.normal(0, 5, 132))
    np.testing.assert_allclose(elsewhere.eta, mode.eta, atol=1e-4)


def by_grid(ring, events, expected, sigma, length, r):
    """Return the marginal likelihood, and mean and sd of each log rate, of three cells by a sum over a grid."""
    axis = np.linspace(-5, 5, 36)
    x = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    precision = dense_precision(ring, sigma, length)
    prior = np.exp(-np.einsum("ni,ij,nj->n", x, precision, x) / 2) * np.sqrt(np.linalg.det(precision))
    total, first, second = 0.0, np.zeros(3), np.zeros(3)
    for level in axis:
        mean = expected * np.exp(x + level)
        weight = prior * stats.nbinom.pmf(events, r, r / (r + mean)).prod(axis=1)
        total += weight.sum()
        first += weight @ (x + level)
        second += weight @ (x + level) ** 2
    return total, first / total, np.sqrt(second / total - (first / total) ** 2)


def test_laplaces_value_beside_a_sum_over_a_grid():
    """Differences of the marginal likelihood between hyperparameters, three cells in a row, to a tenth."""
    ring, events, expected = (
        ring_of(3, [(0, 1), (1, 2)]),
        np.array([2.0, 9.0, 4.0]),
        np.array([5.0, 5.0, 5.0]),
    )
    model = Model(make_field(ring), Likelihood.of(events, expected), Priors())
    points = [(0.5, 2.0, 3.0), (1.0, 2.0, 3.0), (0.5, 1.0, 3.0), (0.5, 2.0, 20.0), (0.8, 6.0, 1.5)]
    ours, theirs = [], []
    for sigma, length, r in points:
        theta = np.array([np.log(sigma), np.log(length), -0.5 * np.log(r)])
        ours.append(model.value(model.find_mode(theta)) - model.priors.log_density(theta)[0])
        theirs.append(np.log(by_grid(ring, events, expected, sigma, length, r)[0]))
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), atol=0.1)


def test_priors_put_a_twentieth_beyond_what_they_say():
    sigma, length, excess = stats.expon(scale=1 / 1.5), stats.expon(scale=1 / 4.5), stats.expon()
    assert sigma.sf(2) == pytest.approx(0.05, abs=0.001)
    assert length.sf(1 / 1.5) == pytest.approx(0.05, abs=0.001)  # of 1 / range
    assert excess.sf(3) == pytest.approx(0.05, abs=0.001)
    at = np.array([0.3, 1.2, -0.4])
    value, gradient = Priors().log_density(at)
    other, _ = Priors().log_density(at + 0.5)
    logs = [
        sum(one.logpdf(v) + j for one, v, j in zip((sigma, length, excess), values, jacobians, strict=True))
        for values, jacobians in (
            ((np.exp(p[0]), np.exp(-p[1]), np.exp(p[2])), (p[0], -p[1], p[2])) for p in (at, at + 0.5)
        )
    ]
    assert other - value == pytest.approx(logs[1] - logs[0])
    assert gradient[0] == pytest.approx(
        (Priors().log_density(at + np.array([1e-6, 0, 0]))[0] - value) / 1e-6, rel=1e-4
    )
