"""The room's promises in many made-up layers: few when benchmarks are disabled, and then only run through.

Shares of layers or of intervals are in ``extra_info``; figures in docs/decisions are from here.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from made_cells import lattice
from made_county import County
from made_layers import (
    KINDS,
    chance_layer,
    found_by_chance,
    garwood_coverage,
    jeffreys_coverage,
    knox_coverage,
    pai_coverage,
    ratio_coverage,
    smoothed_coverage,
)

WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)


@pytest.fixture(scope="module")
def county():
    """Return the made-up county."""
    return County()


@pytest.mark.parametrize("resolution", [7, 8, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_chance_finds_a_place_in_at_most_one_layer_of_twenty(benchmark, county, kind, resolution):
    layers, replicates = (1, 39) if benchmark.disabled else (200, 199)

    def found():
        cells = (chance_layer(county, kind, resolution, seed) for seed in range(layers))
        return [found_by_chance(one, seed=seed, replicates=replicates) for seed, one in enumerate(cells)]

    ring, scan = np.array(benchmark.pedantic(found, rounds=1)).T
    if benchmark.disabled:
        return
    benchmark.extra_info |= {
        "ring": ring.mean(), "scan": scan.mean(), "either": (ring | scan).mean(), "layers": layers
    }  # fmt: skip
    assert ring.mean() <= 0.05
    assert scan.mean() <= 0.05
    assert (ring | scan).mean() <= 0.05


@pytest.mark.parametrize(
    ("cells", "mean", "variance"),
    [
        (3300, 0.165, 0.5),
        (470, 1.15, 1.0),
        (100, 5.0, 0.5),
        (30, 100.0, 1.0),
        (300, 2.0, 0.2),
        (23112, 0.024, 1.0),
    ],
)
def test_smoothed_rates_hold_the_truth(benchmark, cells, mean, variance):
    layers = 1 if benchmark.disabled else 300

    def gamma(rng, n):
        return rng.gamma(1 / variance, variance, n)

    covered = benchmark.pedantic(smoothed_coverage, (cells, mean, gamma), {"layers": layers}, rounds=1)
    if not benchmark.disabled:
        benchmark.extra_info["covered"] = covered
        assert 0.93 <= covered <= 0.97


def test_exact_intervals_hold_the_truth(benchmark):
    pairs = 1000 if benchmark.disabled else 200_000
    covered = {
        f"ratio of {mean} and half as many again": ratio_coverage(mean, 1.5, pairs=pairs)
        for mean in (0.5, 2, 8, 30, 100)
    }
    benchmark.pedantic(garwood_coverage, (np.linspace(0.1, 400, 800),), rounds=1)
    for low, high in ((0.05, 1), (1, 8), (8, 400)):
        held = garwood_coverage(np.linspace(low, high, 800))
        covered[f"count, mean {low} to {high}"] = [float(held.min()), float(held.mean())]
    for total in (3, 10, 30, 200):
        held = jeffreys_coverage(total, np.linspace(0.02, 0.98, 193))
        covered[f"share of {total}"] = [float(held.min()), float(held.mean())]
    benchmark.extra_info["covered"] = covered
    if not benchmark.disabled:
        assert 0.93 <= covered["share of 30"][1] <= 0.97
        assert 0.95 <= covered["count, mean 8 to 400"][1] <= 0.97
        assert 0.95 <= covered["ratio of 30 and half as many again"] <= 0.97


@pytest.mark.parametrize(("repeats", "chained"), [(0, False), (40, False), (100, True)])
def test_near_repeat_ratios_hold_the_truth(benchmark, repeats, chained):
    layers = 2 if benchmark.disabled else 400
    covered = benchmark.pedantic(
        knox_coverage, (300, repeats), {"layers": layers, "chained": chained}, rounds=1
    )
    if not benchmark.disabled:
        benchmark.extra_info["covered"] = covered
        assert 0.93 <= covered <= 0.975


@pytest.mark.parametrize("later", [4, 9, 24])
def test_pai_holds_the_truth(benchmark, later):
    layers = 2 if benchmark.disabled else 400
    covered = benchmark.pedantic(pai_coverage, (WINDOW, later), {"layers": layers}, rounds=1)
    if not benchmark.disabled:
        benchmark.extra_info["covered"] = covered
        assert 0.92 <= covered <= 0.97
