"""The count's density beside scipy's, and its derivatives beside differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from safespace.hotspots.model.likelihood import Likelihood

Y, E = np.array([0.0, 1.0, 3.0, 3.0, 40.0, 0.0]), np.array([0.5, 0.1, 2.0, 7.0, 30.0, 0.0])
COUNTS = Likelihood.of(Y, E)
ETA = np.array([0.3, -1.0, 0.5, 0.0, 0.2, 1.0])


@pytest.mark.parametrize("r", [0.05, 1.0, 30.0])
def test_log_density_differs_from_scipys_by_terms_of_the_counts_alone(r):
    def theirs(eta, size):
        mean = E[:5] * np.exp(eta[:5])
        return stats.nbinom.logpmf(Y[:5], size, size / (size + mean)).sum()

    moved = ETA + np.linspace(-1, 1, 6)
    assert COUNTS.log_density(ETA, r) - COUNTS.log_density(moved, 2.0) == pytest.approx(
        theirs(ETA, r) - theirs(moved, 2.0)
    )


@pytest.mark.parametrize("r", [0.05, 1.0, 30.0])
def test_derivatives_are_differences(r):
    step = 1e-6
    up, down = (np.array([COUNTS.gradient(ETA + move, r)]) for move in (step, -step))
    np.testing.assert_allclose(COUNTS.information(ETA, r), (down - up)[0] / (2 * step), atol=1e-6)
    up, down = (COUNTS.information(ETA + move, r) for move in (step, -step))
    np.testing.assert_allclose(COUNTS.information_by_rate(ETA, r), (up - down) / (2 * step), atol=1e-6)
    for cell in range(6):
        one = np.eye(6)[cell] * step
        slope = (COUNTS.log_density(ETA + one, r) - COUNTS.log_density(ETA - one, r)) / (2 * step)
        assert COUNTS.gradient(ETA, r)[cell] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("r", [0.05, 1.0, 30.0])
def test_derivatives_by_the_size_are_differences(r):
    more, less, step = r * np.exp(1e-5), r * np.exp(-1e-5), 2e-5
    density, gradient, information = COUNTS.by_size(ETA, r)
    assert density == pytest.approx(
        (COUNTS.log_density(ETA, more) - COUNTS.log_density(ETA, less)) / step, abs=1e-5
    )
    np.testing.assert_allclose(
        gradient, (COUNTS.gradient(ETA, more) - COUNTS.gradient(ETA, less)) / step, atol=1e-5
    )
    np.testing.assert_allclose(
        information, (COUNTS.information(ETA, more) - COUNTS.information(ETA, less)) / step, atol=1e-5
    )


def test_information_is_never_negative_and_nothing_where_nothing_is_expected():
    assert (COUNTS.information(ETA, 0.3) >= 0).all()
    assert COUNTS.gradient(ETA, 0.3)[5] == COUNTS.information(ETA, 0.3)[5] == 0
