"""Surfaces: they add up, agree with a plain loop, and call nothing a hill that chance could make."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.cells import to_metres
from safespace.errors import InputError, TooFewError
from safespace.hotspots.surfaces import _foretold, choose_bandwidth, density, relative_density

WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)
INSIDE = ~WINDOW["edge"].to_numpy()
MIDDLE = h3.latlng_to_cell(52.95, -1.15, 8)
NEAR = np.isin(WINDOW["cell"], h3.grid_disk(MIDDLE, 1))
CENTRES = np.array([h3.cell_to_latlng(c)[::-1] for c in WINDOW["cell"].tolist()])
PLACE = to_metres(CENTRES[:, 0], CENTRES[:, 1])[0]
AREA = WINDOW["area_km2"].to_numpy()


def with_events(events):
    return WINDOW.assign(events=events, pins=events)


def by_chance(count, seed):
    share = AREA * INSIDE
    return np.random.default_rng(seed).multinomial(count, share / share.sum())


@given(st.integers(0, 10_000), st.floats(300, 20_000))
@settings(max_examples=20, deadline=None)
def test_a_surface_adds_up_to_its_events(seed, bandwidth_m):
    found = density(with_events(by_chance(60, seed)), bandwidth_m=bandwidth_m)
    assert (found.table["density"] * AREA[INSIDE]).sum() == pytest.approx(60)
    assert found.basis() == f"60 events, smoothed with a bandwidth of {bandwidth_m:,.0f} m."


def test_a_surface_is_the_plain_sum_of_corrected_kernels():
    events, width = by_chance(30, 1), 1500.0
    inside = np.flatnonzero(INSIDE)
    expected = np.zeros(len(inside))
    for j in np.flatnonzero(events):
        kernel = np.exp(-((PLACE[inside] - PLACE[j]) ** 2).sum(axis=1) / (2 * width**2)) / (
            2 * np.pi * (width / 1000) ** 2
        )
        expected += events[j] * kernel / (kernel * AREA[inside]).sum()
    found = density(with_events(events), bandwidth_m=width).table["density"]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # far from the border nothing is put back: one event at its own place is 1 / (2 pi h^2)
    one = np.where(WINDOW["cell"] == MIDDLE, 1, 0)
    peak = density(with_events(one), bandwidth_m=1000.0).table["density"].max()
    assert peak == pytest.approx(1 / (2 * np.pi), rel=0.01)


def test_the_likelihood_leaves_each_event_out():
    # two events in two cells: each is foretold by the other alone
    place, area = np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([1.0, 1.0])
    k = np.exp(-0.5)
    expected = 2 * np.log(k / (1 + k))
    found = _foretold(place, np.array([0, 1]), area, np.array([1, 1]), 1000.0)
    assert found == pytest.approx(expected)


def test_the_bandwidth_follows_the_size_of_the_clusters():
    tight = by_chance(40, 2) + 8 * NEAR
    broad = np.random.default_rng(3).multinomial(96, _hill(3000.0))
    assert choose_bandwidth(with_events(tight)) < choose_bandwidth(with_events(broad))


def _hill(width):
    weight = np.exp(-((PLACE - PLACE[NEAR].mean(axis=0)) ** 2).sum(axis=1) / (2 * width**2)) * INSIDE
    return weight / weight.sum()


def test_where_the_mix_differs_is_outlined_and_where_it_does_not_is_not():
    totals = by_chance(600, 5) + 6 * NEAR * INSIDE
    rng = np.random.default_rng(6)
    lit = rng.binomial(totals, np.where(NEAR, 0.8, 0.3))
    found = relative_density(
        with_events(totals).assign(lit=lit), having="lit", seed=1, bandwidth_m=900, replicates=199
    )
    held = found.table.set_index("cell")
    assert held.loc[MIDDLE, "contour"] == "more"
    assert held.loc[MIDDLE, "ratio"] > 2
    assert np.isfinite(held["ratio"]).all()
    outlined = []
    for seed in range(20):
        lit = np.random.default_rng(seed).binomial(totals, 0.3)
        even = relative_density(
            with_events(totals).assign(lit=lit), having="lit", seed=seed, bandwidth_m=900, replicates=199
        )
        outlined.append((even.table["contour"] != "").mean())
    assert np.mean(outlined) < 0.08
    again = relative_density(
        with_events(totals).assign(lit=lit), having="lit", seed=19, bandwidth_m=900, replicates=199
    )
    assert again.table.equals(even.table)


def test_far_from_any_event_there_is_no_ratio():
    totals = 10 * NEAR * INSIDE
    found = relative_density(
        with_events(totals).assign(lit=totals // 2), having="lit", seed=1, bandwidth_m=700, replicates=19
    )
    assert not found.table["enough"].all()
    assert (found.table.loc[~found.table["enough"], "ratio"] == 1).all()
    assert (found.table.loc[~found.table["enough"], "contour"] == "").all()


def test_too_little_and_nonsense_are_refused():
    with pytest.raises(TooFewError, match=r"too few events .* Seen: 9 events in \d cells\. At least 10"):
        density(with_events(by_chance(9, 1)))
    with pytest.raises(TooFewError, match="20 events in 1 cells"):
        density(with_events(np.where(WINDOW["cell"] == MIDDLE, 20, 0)))
    with pytest.raises(InputError, match=r"above zero\. Seen: 0"):
        density(with_events(by_chance(9, 1)), bandwidth_m=0)
    cells = with_events(by_chance(50, 1))
    with pytest.raises(InputError, match="more with it than events"):
        relative_density(cells.assign(lit=cells["events"] + 1), having="lit", seed=1)
    with pytest.raises(TooFewError, match="All or none"):
        relative_density(cells.assign(lit=0), having="lit", seed=1)
    assert (density(with_events(np.zeros(len(WINDOW), int)), bandwidth_m=500).table["density"] == 0).all()
