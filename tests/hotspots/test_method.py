"""A finding carries how it was made, and other cells are asked in the same way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice

from safespace import hotspots
from safespace.cells import neighbours
from safespace.errors import InputError
from safespace.hotspots import GammaPrior, HotspotMethod, ScanMethod, SurfaceMethod, find_hotspots
from safespace.settings import HotspotSettings
from safespace.tone import Label

UNUSUAL = HotspotSettings(interval=0.8, false_discovery_rate=0.01, min_events=6, rates="cells")
WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
INSIDE = np.flatnonzero(~WINDOW["edge"])
RING = neighbours(WINDOW["cell"])
MIDDLE = next(
    at for at in INSIDE[len(INSIDE) // 2 :] if (~WINDOW["edge"].to_numpy())[RING[[at]].indices].all()
)


def cells(extra=20, each=1):
    events = np.where(WINDOW["edge"], 0, each)
    events[MIDDLE] += extra
    return WINDOW.assign(events=events, pins=events, exposure=2.0)


@pytest.mark.parametrize("counted", [True, False])
def test_the_same_cells_give_the_same_finding(counted):
    other = find_hotspots(cells(30), baseline="area", settings=UNUSUAL)
    found = find_hotspots(
        cells(), baseline="incidents", settings=UNUSUAL, counted_baseline=counted, second=other
    )
    assert Label.HIGHER_IN_BOTH in set(found.table["label"])
    again = found.refind(cells())
    assert again.table.equals(found.table)
    assert (again.method, again.prior, again.second) == (found.method, found.prior, other)
    assert hotspots.places(again).equals(hotspots.places(found))


def test_rates_of_all_cells_together_are_asked_again_with_the_same_hyperparameters():
    found = find_hotspots(cells(30), baseline="area", settings=HotspotSettings())
    again = found.refind(cells(30))
    assert again.hot.tolist() == found.hot.tolist()
    assert again.model.hyperparameters.equals(found.model.hyperparameters)
    pd.testing.assert_frame_equal(again.table, found.table, rtol=1e-4)
    assert found.method.words().count("all cells together (seed 0)") == 1
    shuffled = find_hotspots(
        cells(30).sample(frac=1, random_state=1), baseline="area", settings=HotspotSettings()
    )
    ordered = shuffled.table.sort_values("cell", ignore_index=True)
    pd.testing.assert_frame_equal(ordered, found.table.sort_values("cell", ignore_index=True), rtol=1e-6)
    assert hotspots.places(shuffled)["smoothed"].tolist() == hotspots.places(found)["smoothed"].tolist()


def test_the_method_holds_every_setting_that_shaped_the_finding():
    method = find_hotspots(cells(), baseline="area", settings=UNUSUAL).method
    assert method == HotspotMethod(
        baseline="area", counted_baseline=False, false_discovery_rate=0.01, interval=0.8, min_events=6
    )
    assert method.interval_words == "80 % interval"
    with pytest.raises(dataclasses.FrozenInstanceError):
        method.interval = 0.95


def test_other_cells_are_asked_with_the_findings_settings_not_the_usual_ones():
    found = find_hotspots(cells(), baseline="area", settings=UNUSUAL)
    for fewer in (cells(4, 0), cells(5, 0)):  # one below the fewest that can stand out
        with pytest.raises(hotspots.finding.TooFewError, match="At least 6 are needed"):
            found.refind(fewer)
    usual = find_hotspots(cells(12), baseline="area", settings=HotspotSettings(rates="cells"))
    again = found.refind(cells(12))
    row = np.flatnonzero(WINDOW["cell"] == WINDOW["cell"].iloc[MIDDLE])
    width = (again.table["upper"] - again.table["lower"]).iloc[row]
    assert (width < (usual.table["upper"] - usual.table["lower"]).iloc[row]).all()
    assert "intervals 80%" in again.basis()
    assert "False discovery rate 1%" in again.basis()


def test_a_stated_prior_and_thresholds_are_used():
    found = find_hotspots(cells(), baseline="area", settings=UNUSUAL)
    prior = GammaPrior(50.0, 50.0)
    stated = dataclasses.replace(found, method=found.method.but(prior=prior)).refind(cells())
    assert stated.prior == prior
    row = stated.table.iloc[MIDDLE]
    assert row["rate"] == pytest.approx((50 + row["events"]) / (50 + row["expected"]))
    wide = dataclasses.replace(found, method=found.method.but(times_usual=100.0)).refind(cells())
    assert (wide.table["above_double"] <= found.table["above_double"]).all()
    tested = wide.table[wide.table["tested"] & ~wide.table["hot"] & (wide.table["label"] != Label.AROUND)]
    assert set(tested["label"]) == {Label.NOT_DIFFERENT}


def test_a_finding_tells_machines_how_it_was_made():
    found = find_hotspots(cells(), baseline="area", settings=UNUSUAL)
    told = found.method_as_dict()
    assert {name: told[name] for name in ("baseline", "interval", "times_usual", "resolution")} == {
        "baseline": "area",
        "interval": 0.8,
        "times_usual": 2.0,
        "resolution": 8,
    }
    assert told["prior"] == {"shape": found.prior.shape, "rate": found.prior.rate}


def test_other_resolutions_are_refused_where_a_second_layer_is_in_the_labels():
    second = find_hotspots(cells(), baseline="area", settings=UNUSUAL)
    found = find_hotspots(cells(), baseline="area", settings=UNUSUAL, second=second)
    finer = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=9)
    events = np.where(finer["edge"], 0, 3)
    with pytest.raises(InputError, match="different resolutions"):
        found.refind(finer.assign(events=events, pins=events))


def test_a_scan_carries_how_it_was_searched_and_can_be_asked_again():
    found = hotspots.scan_cells(cells(), baseline="area", seed=3, radius=2, replicates=19, level=0.1)
    how = found.method
    assert how == ScanMethod(baseline="area", radius=2, replicates=19, level=0.1, seed=3)
    assert "compared with: area. 19 random layers of each kind, level 10%" in found.basis()
    again = hotspots.scan_cells(cells(), **dataclasses.asdict(how))
    assert again.table.equals(found.table)
    beside = hotspots.scan_cells(cells(), baseline="incidents", seed=3, replicates=9, counted_baseline=True)
    assert beside.method.baseline == "events beside incidents"


def test_a_surface_carries_whether_its_bandwidth_was_chosen_and_how_its_contours_were_drawn():
    given = hotspots.density(cells(), bandwidth_m=700)
    assert given.method == SurfaceMethod(bandwidth_m=700, chosen=False)
    chosen = hotspots.density(cells())
    assert (chosen.method.chosen, chosen.method.bandwidth_m) == (True, hotspots.choose_bandwidth(cells()))
    mixed = cells().assign(lit=lambda one: one["events"] // 2)
    relative = hotspots.relative_density(mixed, having="lit", seed=4, bandwidth_m=700, replicates=19)
    assert relative.method == SurfaceMethod(bandwidth_m=700, chosen=False, replicates=19, level=0.025, seed=4)
    assert relative.basis().endswith("contours at 2.5% of 19 random layers (seed 4).")
