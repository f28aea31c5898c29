"""Dispersion among neighbours: hand-worked, unbiased by chance and by clumps, and what it does to a chance."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, nbinom

from safespace.hotspots import LocalDispersion, Nests, dispersed_at_least, local_dispersion, share_interval
from safespace.hotspots.overdispersion import rough_dispersion

CELLS = np.array(sorted(h3.grid_disk(h3.latlng_to_cell(52.95, -1.15, 9), 24)), dtype=np.int64)
NESTS = Nests.of(CELLS)


@pytest.mark.parametrize("resolution", [0, 1, 2, 7, 15])
def test_cells_nest_as_h3_says(resolution):
    cells = np.array(sorted(h3.grid_disk(h3.latlng_to_cell(52.95, -1.15, resolution), 2)), dtype=np.int64)
    nests = Nests.of(cells)
    for up, found in ((1, nests.parent), (2, nests.group[nests.parent])):
        theirs = [h3.cell_to_parent(cell, max(resolution - up, 0)) for cell in cells.tolist()]
        assert (
            len(set(zip(found.tolist(), theirs, strict=True))) == len(set(theirs)) == len(set(found.tolist()))
        )


def test_two_sevens_worked_by_hand():
    """Beside counts of 10 and 10, 6 and 2 of 8: at risk 16 and 12 of 28, so means 8 x 16 / 28 and 8 x 12 / 28.

    Both variances are 8 x 16/28 x 12/28 x (28 - 8) / 27 and both departures 6 - 32/7 = 10/7.
    """
    pair = Nests(np.array([0, 1]), np.array([0, 0]))
    assert local_dispersion([6, 2], [1.0, 3.0], pair).estimate == pytest.approx(2 * 4**2 / (2 * 8 * 3 / 16))
    found = local_dispersion([6, 2], [10, 10], pair, counted=[10, 10])
    assert found.estimate == pytest.approx((10 / 7) ** 2 / (8 * 16 / 28 * 12 / 28 * 20 / 27))


@pytest.mark.parametrize(("clump", "phi"), [(1, 1.0), (2, 2.0), (4, 4.0)])
@pytest.mark.parametrize("uneven", [False, True])
def test_over_many_layers_it_is_the_size_of_the_clumps(clump, phi, uneven):
    rng = np.random.default_rng(1)
    exposure = rng.lognormal(0, 1, len(CELLS)) if uneven else np.ones(len(CELLS))
    layers = clump * rng.multinomial(800 // clump, exposure / exposure.sum(), size=60)
    told = np.array([local_dispersion(layer, exposure, NESTS).estimate for layer in layers])
    assert told.mean() == pytest.approx(phi, rel=0.05)


def test_by_chance_it_is_taken_as_one_in_nearly_every_layer_and_its_error_is_right():
    rng = np.random.default_rng(2)
    told = [local_dispersion(rng.poisson(0.3, len(CELLS)), np.ones(len(CELLS)), NESTS) for _ in range(300)]
    assert np.mean([one.value == 1 for one in told]) > 0.93
    assert np.std([one.estimate for one in told]) == pytest.approx(told[0].standard_error, rel=0.2)


def test_rates_that_differ_between_groups_are_no_dispersion():
    rng = np.random.default_rng(3)
    rate = rng.lognormal(0, 0.7, NESTS.groups)[NESTS.group[NESTS.parent]]
    told = [local_dispersion(rng.poisson(rate), np.ones(len(CELLS)), NESTS).estimate for _ in range(60)]
    assert np.mean(told) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("cells", [CELLS[:1], CELLS[:0]])
def test_where_nothing_can_be_measured_nothing_is_allowed_for_and_it_says_so(cells):
    found = local_dispersion(np.ones(len(cells)), np.ones(len(cells)), Nests.of(cells))
    assert (found.value, found.groups) == (1.0, 0)
    assert found.words().startswith("There are too few cells")


def test_a_chance_is_the_binomials_and_grows_with_dispersion():
    counts = np.arange(12)
    plain = dispersed_at_least(counts, 544, np.full(12, 0.002))
    assert plain == pytest.approx(binom.sf(counts - 1, 544, 0.002))
    last = plain
    for phi in (1.2, 2.0, 5.0):
        wider = dispersed_at_least(counts, 544, np.full(12, 0.002), dispersion=phi)
        assert (wider[2:] >= last[2:]).all()
        assert wider[0] == 1
        last = wider
    clumped = nbinom.sf(counts[3:] - 1, 1.088 / (2 * 0.998 - 1), 1 / (2 * 0.998))
    assert (
        dispersed_at_least(counts, 544, np.full(12, 0.002), dispersion=2.0)[3:] >= clumped * (1 - 1e-9)
    ).all()


@given(count=st.integers(0, 50), more=st.integers(0, 500), level=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_a_share_lies_in_its_interval_which_says_what_the_chance_says(count, more, level):
    total = count + more
    lower, upper = share_interval([count], [total], level=level)
    assert 0 <= lower[0] <= (count / total if total else 0) <= upper[0] <= 1
    if 0 < count < total:
        tail = (1 - level) / 2
        assert dispersed_at_least([count], [total], [lower[0]])[0] == pytest.approx(tail, rel=1e-6)
        assert binom.cdf(count, total, upper[0]) == pytest.approx(tail, rel=1e-6)


def test_a_rough_idea_sees_clumps_and_no_place():
    rng = np.random.default_rng(4)
    even, plain = np.ones(len(CELLS)), rng.poisson(0.8, len(CELLS))
    assert rough_dispersion(plain, even, NESTS) < 1.2
    assert rough_dispersion(5 * plain, even, NESTS) == pytest.approx(5, rel=0.25)
    place = plain + 60 * (np.arange(len(CELLS)) < 30)
    assert rough_dispersion(place, even, NESTS) < 1.3
    assert rough_dispersion(np.zeros(len(CELLS)), even, NESTS) == 1


def test_words_follow_the_figures():
    for one in (LocalDispersion(1.0, 0.1, 9), LocalDispersion(1.15, 0.1, 9)):
        assert one.words().endswith("no more than by chance.")
    assert "2.3 times" in LocalDispersion(2.31, 0.1, 9).words()
