"""The self-check says what it saw, and can say that a promise is broken."""

from __future__ import annotations

import pytest
import shapely

from safespace.cells import study_window
from safespace.errors import TooFewError
from safespace.hotspots.promises import _at_least, _at_most, _ring_layers, check_promises, enough_extra
from safespace.settings import HotspotSettings

WINDOW = study_window(shapely.box(-1.35, 52.85, -1.00, 53.05), resolution=8)


def test_every_promise_is_kept_on_a_made_up_area():
    found = check_promises(WINDOW, settings=HotspotSettings(rates="cells"), seed=1, layers=12)
    assert found["kept"].all(), found.to_string()
    assert len(found) == 11
    assert found["seen"].between(0, 1).all()
    few = [
        check_promises(WINDOW, settings=HotspotSettings(rates="cells"), seed=1, layers=2) for _ in range(2)
    ]
    assert few[0].equals(few[1])


def test_the_promises_are_those_of_the_interval_in_force():
    found = check_promises(WINDOW, settings=HotspotSettings(interval=0.8), seed=1, layers=12)
    said = " / ".join(found["promise"])
    assert "78 to 82 %" in said
    assert "in 80 % or more" in said
    assert "95 %" not in said
    of_counts = found.set_index("promise").loc["exact intervals of counts hold it in 80 % or more"]
    assert of_counts["kept"]
    assert of_counts["seen"] < 0.94  # they are narrower, and not the usual ones under another name


def test_how_many_more_are_enough_is_what_was_measured(county):
    # the county of 2,160 square kilometres: five at resolution 9, nine at 8
    extra = {}
    for resolution in (8, 9):
        window = county.windows[resolution]
        share = (window["area_km2"] * ~window["edge"]).to_numpy()
        extra[resolution] = enough_extra(window, share / share.sum(), HotspotSettings(rates="cells"), 544)
    assert extra == {8: 9, 9: 5}


def test_a_broken_promise_is_called_broken():
    assert not _at_most("none", [True] * 10 + [False] * 30)["kept"]
    assert _at_most("none", [True] * 2 + [False] * 38)["kept"]
    assert not _at_least("all", [True] * 20 + [False] * 20)["kept"]
    # a rate far too loose finds places in chance
    loose = HotspotSettings(false_discovery_rate=0.9, min_events=1)
    share = (WINDOW["area_km2"] * ~WINDOW["edge"]).to_numpy()
    found = _ring_layers(WINDOW, share / share.sum(), loose, 1, 544, 15)
    assert not _at_most("chance alone gives no hotspot", found)["kept"]


def test_an_area_without_a_whole_ring_is_refused():
    small = study_window(shapely.box(-1.16, 52.94, -1.14, 52.955), resolution=8)
    with pytest.raises(TooFewError):
        check_promises(small, settings=HotspotSettings(rates="cells"), seed=1, layers=3)
