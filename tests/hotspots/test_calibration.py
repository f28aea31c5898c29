"""What the product says of worlds whose truth is known: few layers here, ``make calibrate`` for the table."""

from __future__ import annotations

import pytest
from calibration.rates import share_of, wilson
from calibration.worlds import PLANTED, WORLDS
from scipy.stats import binom

BY_NAME = {world.name: world for world in (*WORLDS, *PLANTED)}
NOISE = [world.name for world in WORLDS if world.truth.startswith("noise")]
CLUMPED = ["snap points, 544", "snap points, 20,000", "snap points, 350,000", "1.6 pins a person, apart"]
LAYERS = 12


@pytest.mark.parametrize("name", [*NOISE, *CLUMPED])
def test_noise_makes_a_place_in_no_more_layers_than_one_in_twenty_would(name):
    found = share_of(BY_NAME[name], resolution=8, layers=LAYERS, seed=1)
    assert found.any * LAYERS <= binom.ppf(0.999, LAYERS, 0.05)


@pytest.mark.parametrize("world", PLANTED, ids=lambda world: world.name)
def test_what_is_planted_is_found_and_one_cell_is_called_one(world):
    resolution = world.resolutions[0]
    found = share_of(world, resolution=resolution, layers=LAYERS, seed=2)
    assert found.any * LAYERS >= binom.ppf(0.001, LAYERS, 0.9)
    if "one cell" in world.name:
        assert found.one_cell * LAYERS >= binom.ppf(0.001, LAYERS, 0.9)


def test_what_counts_cannot_tell_says_on_how_few_events_it_rests():
    found = share_of(BY_NAME["one person's 10 pins"], resolution=8, layers=LAYERS, seed=3)
    assert found.any > 0
    assert found.few >= 0.8 * found.any


def test_the_interval_of_a_share_is_wilsons():
    assert wilson(1, 20) == pytest.approx((0.0088, 0.2361), abs=1e-3)
