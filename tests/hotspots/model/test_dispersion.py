"""Dispersion worked by hand, of Poisson counts, and of counts with a known excess."""

from __future__ import annotations

import numpy as np
import pytest

from safespace.errors import InputError, TooFewError
from safespace.hotspots.model import estimate_dispersion


def test_by_hand():
    # rows 6 and 6, columns 4, 4, 4, so 2 expected everywhere; departures 2, 0, 2 and again: 16 in squares.
    # By chance 12 x 2/3 x 1/2 x 12/11 = 4.3636
    assert estimate_dispersion([[4, 2, 0], [0, 2, 4]]) == pytest.approx(16 / (12 * 2 / 3 / 2 * 12 / 11))
    # with shares given the places are not compared: 16 over 12 x 2/3
    assert estimate_dispersion([[4, 2, 0], [0, 2, 4]], shares=[1 / 3] * 3) == pytest.approx(2)


def test_many_places_and_equal_slices_give_the_plain_formula():
    counts = np.random.default_rng(1).poisson(3, (4000, 6)) * 2
    expected = counts.sum(axis=1)[:, None] * counts.sum(axis=0) / counts.sum()
    plain = ((counts - expected) ** 2).sum() / expected.sum() * 6 / 5
    assert estimate_dispersion(counts) == pytest.approx(plain, rel=1e-3)
    assert plain == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("shape", [(2, 12), (3, 3), (500, 4)])
def test_poisson_counts_have_none_on_average_in_few_places_too(shape):
    """Before it is held at 1: means over layers of the plain ratio, by multiplying counts by 10 (phi is then 10)."""
    rng = np.random.default_rng(2)
    place = rng.gamma(2, 2, (shape[0], 1))
    found = [estimate_dispersion(10 * rng.poisson(place * np.ones(shape[1]) + 0.5)) for _ in range(400)]
    # a factor of 10 reaches every part but N / (N - 1)
    assert np.mean(found) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("phi", [2.0, 3.0])
def test_negative_binomial_counts_of_a_known_variance(phi):
    rng = np.random.default_rng(3)
    mean = rng.gamma(2, 3, (800, 1)) * np.array([1.0, 1.5, 0.7, 1.0, 1.2, 0.9])
    counts = rng.poisson(rng.gamma(mean / (phi - 1), phi - 1))
    assert estimate_dispersion(counts) == pytest.approx(phi, rel=0.1)


def test_it_is_never_below_one():
    assert estimate_dispersion([[5, 5, 5], [2, 2, 2]]) == 1.0


@pytest.mark.parametrize(
    ("counts", "match"),
    [
        ([[1], [2]], "at least two slices"),
        ([1, 2, 3], "at least two slices"),
        ([[0, 0], [0, 0]], "no events"),
        ([[3, 4, 5]], "one place or one slice"),
        ([[3, 0], [4, 0]], "one place or one slice"),
    ],
)
def test_too_little_is_refused(counts, match):
    with pytest.raises(TooFewError, match=match):
        estimate_dispersion(counts)


def test_what_is_no_count_and_what_are_no_shares_is_refused():
    with pytest.raises(InputError, match="not amounts"):
        estimate_dispersion([[1, -1], [2, 3]])
    with pytest.raises(InputError, match="not amounts"):
        estimate_dispersion([[1, np.nan], [2, 3]])
    for shares in ([0.5], [0.5, 0.6], [1.5, -0.5]):
        with pytest.raises(InputError, match="add up to 1"):
            estimate_dispersion([[1, 2]], shares=shares)
