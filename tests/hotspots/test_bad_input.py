"""Nothing here is ever a NaN on a map: each call gives a whole answer, or a sentence with what would do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice

from safespace import hotspots
from safespace.cells import add_cells, neighbours, study_window
from safespace.errors import InputError, SafeSpaceError, TooFewError
from safespace.settings import HotspotSettings

SETTINGS = HotspotSettings(rates="cells")
WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
SPOT = study_window(shapely.Point(-1.15, 52.95).buffer(0.0001), resolution=8)


def counted(window, each, **columns):
    return window.assign(events=each, pins=each, **columns)


AREAS = {
    "no events": counted(WINDOW, 0),
    "one event": counted(WINDOW, (np.arange(len(WINDOW)) == np.flatnonzero(~WINDOW["edge"])[0]).astype(int)),
    "one cell": counted(SPOT, 9),
    "no cell inside": counted(WINDOW, 3, edge=True),
    "no cell at all": counted(WINDOW.iloc[:0], 0).astype({"events": "int64", "pins": "int64"}),
    "a baseline of zeros": counted(WINDOW, 3, exposure=0.0),
    "a baseline without an end": counted(WINDOW, 3, exposure=np.inf),
}


def by_period(cells, periods=12):
    return pd.DataFrame({at: cells["events"].to_numpy() for at in range(periods)}, index=cells["cell"])


def half(cells):
    return cells.assign(half=cells["events"] // 2)


CALLS = {
    "find_hotspots": lambda c: hotspots.find_hotspots(c, baseline="b", settings=SETTINGS).table,
    "rates of all cells together": lambda c: (
        hotspots.find_hotspots(c, baseline="b", settings=HotspotSettings()).table
    ),
    "counted": lambda c: (
        hotspots.find_hotspots(
            c.assign(exposure=np.rint(c["exposure"])), baseline="b", settings=SETTINGS, counted_baseline=True
        ).table
    ),
    "compare_baselines": lambda c: (
        hotspots.compare_baselines(
            c, {name: c.set_index("cell")["exposure"] for name in ("a", "b")}, settings=SETTINGS
        )["a"].table
    ),
    "scan_cells": lambda c: hotspots.scan_cells(c, baseline="b", seed=1, replicates=19, radius=2).by_cell(),
    "scan_shares": lambda c: hotspots.scan_shares(
        half(c), having="half", name="n", seed=1, replicates=19, radius=2
    ).by_cell(),
    "scan_periods": lambda c: hotspots.scan_periods(by_period(c), seed=1, replicates=9, radius=2).by_cell(),
    "density": lambda c: hotspots.density(c).table,
    "density, bandwidth stated": lambda c: hotspots.density(c, bandwidth_m=500.0).table,
    "relative_density": lambda c: (
        hotspots.relative_density(half(c), having="half", seed=1, replicates=9).table
    ),
    "classify_emerging": lambda c: hotspots.classify_emerging(by_period(c), c.set_index("cell")["exposure"]),
    "validate": lambda c: hotspots.validate(by_period(c[~c["edge"]]), c, later=4, seed=1, replicates=9).table,
    "ring_test": lambda c: hotspots.ring_test(c["events"], c["exposure"], neighbours(c["cell"])),
    "gi_star": lambda c: hotspots.gi_star(c["events"], neighbours(c["cell"]), c["events"]),
    "local_moran": lambda c: hotspots.local_moran(
        c["events"], neighbours(c["cell"]), c["events"], seed=1, replicates=9
    ),
    "marshall_rates": lambda c: pd.DataFrame({"rate": hotspots.marshall_rates(c["events"], c["area_km2"])}),
    "check_promises": lambda c: hotspots.check_promises(c, settings=SETTINGS, seed=1, layers=1),
}


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("call", CALLS)
def test_an_area_gives_a_whole_answer_or_a_sentence_with_what_would_do(area, call):
    try:
        table = CALLS[call](AREAS[area])
    except SafeSpaceError as problem:
        said = str(problem)
        assert said.count(". ") >= 1  # what is wrong, and what to do
        assert "nan" not in said.lower()
        return
    figures = table.select_dtypes("number").to_numpy(dtype=float)
    assert not np.isnan(figures).any()


@pytest.mark.parametrize(
    ("area", "call", "says"),
    [
        (
            "no events",
            "find_hotspots",
            r"too few events .* Seen: 0 events in 114 cells\. At least 4 are needed",
        ),
        (
            "one event",
            "scan_cells",
            r"too little to scan\. Seen: 1 events .* At least two of each are needed",
        ),
        (
            "one cell",
            "find_hotspots",
            r"One cell has nothing to be compared with\. Choose a finer resolution",
        ),
        ("one cell", "validate", r"One cell leaves nothing to choose\. .* Choose a finer resolution"),
        ("no cell inside", "find_hotspots", r"No cell lies inside .* At least two are needed"),
        ("no cell inside", "density", r"No cell lies inside the area\. .* larger area"),
        ("a baseline of zeros", "find_hotspots", r"baseline is zero in every cell\. .* covers the area"),
        ("a baseline of zeros", "scan_cells", r"baseline is zero in every cell.* covers the area"),
        ("a baseline of zeros", "classify_emerging", r"no baseline in any cell\. .* covers the area"),
        ("a baseline without an end", "find_hotspots", r"no end in some cells\. .* division by zero"),
        ("no events", "marshall_rates", r"Seen: 0 events, .* At least one event"),
        ("no events", "validate", r"Seen: 0 earlier and 0 later events\. At least one of each"),
        ("no events", "classify_emerging", r"Each needs at least \d+, five in a ring"),
        ("one cell", "check_promises", r"no whole ring of cells\. .* At least seven cells"),
    ],
)
def test_the_sentence_says_what_would_be_enough(area, call, says):
    with pytest.raises(SafeSpaceError, match=says):
        CALLS[call](AREAS[area])


def reports(count):
    names = [f"streetsafe:{number}" for number in range(count)]
    moment = pd.Timestamp("2022-01-01", tz="UTC")
    place = np.random.default_rng(1).uniform([-1.19, 52.91], [-1.11, 52.99], (count, 2))
    frame = pd.DataFrame(
        {
            "report_id": names, "event_id": names, "source": "streetsafe", "occurred_from": moment,
            "occurred_to": moment, "detected_by": "public", "lon": place[:, 0], "lat": place[:, 1],
        }
    ).astype({"occurred_from": "datetime64[us, UTC]", "occurred_to": "datetime64[us, UTC]"})  # fmt: skip
    return add_cells(frame)


@pytest.mark.parametrize("count", [0, 1])
def test_periods_outside_the_data_are_refused_with_how_many_would_do(count):
    outside = reports(count)  # what is left of the data when the period asked for lies outside
    asked = {
        "At least 16 are needed": lambda: hotspots.find_clusters(outside, seed=1),
        "At least 1,000 are needed": lambda: hotspots.find_timed_clusters(outside, seed=1),
        "At least 200 are needed": lambda: hotspots.near_repeat(outside, seed=1),
        "At least 30 are needed": lambda: hotspots.week_surface(outside),
    }
    for enough, call in asked.items():
        with pytest.raises(TooFewError, match=rf"Seen: {count} events.*{enough}"):
            call()


def test_nothing_in_either_period_is_a_sentence():
    none = pd.Series({1: 0, 2: 0})
    with pytest.raises(TooFewError, match=r"any event in either period.* At least one .* within the data"):
        hotspots.compare_periods(none, none, days_before=30, days_after=30)
    with pytest.raises(
        TooFewError, match=r"No event falls inside the area\. Seen: 0 events in other cells\. At least one"
    ):
        hotspots.count_by_period(reports(0), WINDOW)
    with pytest.raises(TooFewError, match=r"No cell lies inside the area"):
        hotspots.count_by_period(reports(3), WINDOW.assign(edge=True))
    with pytest.raises(TooFewError, match=r"no events to take a share of\. Seen: 0 reports"):
        hotspots.share_by(reports(0), [], by="cell_8")
    counts = by_period(counted(WINDOW[~WINDOW["edge"]], 3))
    with pytest.raises(TooFewError, match=r"Seen: 0 earlier and 12 later\. At least 2 and 4 are needed"):
        hotspots.validate(counts, WINDOW, later=50, seed=1)


def test_what_is_no_number_is_refused():
    with pytest.raises(InputError, match=r"A period has no count\. Seen: 1 of 12 periods"):
        hotspots.find_trend(pd.Series([1.0] * 11 + [np.nan]))
    with pytest.raises(InputError, match="all with a weight"):
        hotspots.smooth_week(np.full((7, 24), np.nan))
    with pytest.raises(InputError, match="A period has no days"):
        hotspots.e_test([1], [2], days_before=0, days_after=7)
    with pytest.raises(InputError, match=r"Nothing is expected in some cells\. Seen: 1 of 2"):
        hotspots.fit_prior([1, 2], [0.0, 1.0])
    assert hotspots.marshall_rates([1, 2], [0.0, 1.0]).tolist() == [3.0, 3.0]  # nothing expected: the mean
