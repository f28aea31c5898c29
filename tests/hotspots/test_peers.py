"""Each statistic beside another's implementation of it, and a value worked by hand.

Gi, Gi* and local Moran beside esda, Knox beside pointpats, Mann-Kendall beside pymannkendall, the E-test
beside scipy and clusters beside scikit-learn are with their own modules.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice
from scipy import stats
from sklearn.metrics import jaccard_score
from sklearn.neighbors import KernelDensity

from safespace.cells import neighbours, to_metres
from safespace.hotspots import (
    choose_bandwidth,
    compare_baselines,
    density,
    find_hotspots,
    garwood,
    generalised_gini,
    jaccard,
    marshall_rates,
    relative_density,
    ring_test,
)
from safespace.settings import HotspotSettings

WINDOW = lattice(shapely.box(-1.30, 52.80, -1.00, 53.10), resolution=8)
INSIDE = ~WINDOW["edge"].to_numpy()
SETTINGS = HotspotSettings(rates="cells")


def centres(cells):
    import h3.api.basic_int as h3  # noqa: PLC0415

    lat_lon = np.array([h3.cell_to_latlng(cell) for cell in cells["cell"].tolist()])
    return to_metres(lat_lon[:, 1], lat_lon[:, 0])[0]


PLACE = centres(WINDOW)


def with_events(events):
    return WINDOW.assign(events=events, pins=events)


def hill(count, width_m, seed=1):
    """Return events in the cells of a hill in the middle, far from the border."""
    apart = ((PLACE - PLACE.mean(axis=0)) ** 2).sum(axis=1)
    weight = np.exp(-apart / (2 * width_m**2)) * INSIDE
    return np.random.default_rng(seed).multinomial(count, weight / weight.sum())


def test_garwood_is_where_scipys_tails_are_a_fortieth():
    counts = np.array([1, 2, 5, 10, 40, 1000])
    low, high = garwood(counts)
    np.testing.assert_allclose(stats.poisson.sf(counts - 1, low), 0.025, rtol=1e-9)
    np.testing.assert_allclose(stats.poisson.cdf(counts, high), 0.025, rtol=1e-9)
    # none seen: exp(-x) is 0.025 at 3.689
    assert garwood([0])[1][0] == pytest.approx(-np.log(0.025))


def test_benjamini_and_hochberg_by_hand_and_scipys():
    # five rings apart from each other, ten events: tails doubled, then 5/k times the k-th, least from above
    cells = WINDOW[INSIDE].iloc[[0, 40, 80, 120, 160]]
    ring = neighbours(cells["cell"])
    assert ring.nnz == 5
    found = ring_test([6, 2, 1, 1, 0], np.ones(5), ring)
    tails = [stats.binom.sf(k - 1, 10, 0.2) for k in (6, 2, 1, 1, 0)]
    np.testing.assert_allclose(found["p_value"], tails)
    # 2 x 0.0064 x 5 = 0.0637; the rest are at 1 once doubled
    assert found["q_value"].round(4).tolist() == [0.0637, 1, 1, 1, 1]
    theirs = stats.false_discovery_control(np.minimum(2 * np.array(tails), 1))
    np.testing.assert_allclose(found["q_value"], theirs)


def test_marshall_is_esdas():
    smoothing = pytest.importorskip("esda.smoothing")
    rng = np.random.default_rng(3)
    expected = rng.uniform(0.5, 20, 80)
    events = rng.poisson(expected * rng.gamma(3, 1 / 3, 80))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's own; ours are errors
        theirs = np.asarray(smoothing.Empirical_Bayes(events, expected).r).ravel()
    np.testing.assert_allclose(marshall_rates(events, expected), theirs, rtol=1e-12)


def test_a_surface_far_from_the_border_is_scikit_learns():
    events = hill(80, 1500.0)
    found = density(with_events(events), bandwidth_m=1200.0).table["density"].to_numpy()
    points = np.repeat(PLACE, events, axis=0)
    tree = KernelDensity(bandwidth=1200.0, atol=0, rtol=0).fit(points)
    theirs = 80 * 1e6 * np.exp(tree.score_samples(PLACE[INSIDE]))
    high = theirs > theirs.max() / 100
    np.testing.assert_allclose(found[high], theirs[high], rtol=0.01)


def test_the_bandwidth_is_the_one_that_leaves_out_one_point_at_a_time():
    events = hill(120, 2000.0)
    points = np.repeat(PLACE, events, axis=0)

    def foretold(width):
        kernel = np.exp(-0.5 * ((points[:, None] - points) ** 2).sum(axis=2) / width**2) / width**2
        return np.log(kernel.sum(axis=1) - 1 / width**2).sum()

    widths = np.geomspace(400, 5000, 400)
    theirs = widths[np.argmax([foretold(width) for width in widths])]
    assert choose_bandwidth(with_events(events)) == pytest.approx(theirs, rel=0.03)


def test_relative_density_by_hand():
    # two places far apart, ten events each: eight of ten have it here, two of ten there
    here, there = (
        int(np.argmin(((PLACE - PLACE.mean(axis=0) - off) ** 2).sum(axis=1))) for off in (-6000, 6000)
    )
    events, having = np.zeros((2, len(WINDOW)), dtype=int)
    events[[here, there]], having[[here, there]] = 10, (8, 2)
    cells = with_events(events).assign(lighting=having)
    found = relative_density(cells, having="lighting", seed=1, bandwidth_m=800.0, replicates=4999)
    table = found.table.set_index("cell").loc[WINDOW["cell"].iloc[[here, there]]]
    # odds of 4 and of a quarter beside even odds
    np.testing.assert_allclose(table["ratio"], [4, 0.25], rtol=1e-3)
    # eight or more of the ten cases among ten of twenty
    chance = stats.hypergeom.sf(7, 20, 10, 10)
    assert chance == pytest.approx(0.0115, abs=1e-4)
    assert table["p_more"].iloc[0] == pytest.approx(chance, abs=0.004)
    assert table["p_fewer"].iloc[1] == pytest.approx(chance, abs=0.004)
    assert table["contour"].tolist() == ["more", "fewer"]


def test_concentration_is_the_plain_gini_where_events_outnumber_places():
    counts = np.random.default_rng(4).poisson(3, 60)
    differences = np.abs(counts[:, None] - counts).sum() / (2 * 60**2 * counts.mean())
    assert generalised_gini(counts) == pytest.approx(differences)
    # fewer events than places: four over ten, two at one, have a plain coefficient of 0.75, stretched to 0.375
    assert generalised_gini([2, 1, 1, *[0] * 7]) == pytest.approx((10 / 4) * (0.75 - 1) + 1)


def test_jaccard_is_scikit_learns():
    one, other = (
        find_hotspots(with_events(hill(900, 1500.0, seed) + 1), baseline="area", settings=SETTINGS)
        for seed in (1, 2)
    )
    theirs = jaccard_score(one.table["hot"], other.table["hot"])
    assert 0.3 < theirs < 1
    assert jaccard(one, other) == pytest.approx(theirs)


def test_swapping_the_baseline_moves_the_finding_to_where_it_is_not_expected():
    base = np.where(INSIDE, 1.0, 0.0)
    busy = hill(600, 1500.0) * 1.0
    events = (hill(600, 1500.0, seed=5) + np.random.default_rng(6).poisson(0.5, len(WINDOW))) * INSIDE
    baselines = {"area": base, "how many pass": busy + 0.5}
    series = {name: pd.Series(values, index=WINDOW["cell"]) for name, values in baselines.items()}
    found = compare_baselines(with_events(events), series, settings=SETTINGS)
    assert len(found["area"].hot) > 5
    assert len(found["how many pass"].hot) <= 1
    assert set(found["area"].table.loc[found["area"].table["hot"], "agreement"]) <= {
        "hot under 1 of 2 baselines", "hot under 2 of 2 baselines"
    }  # fmt: skip
