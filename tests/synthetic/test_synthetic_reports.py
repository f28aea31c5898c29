"""The made-up reports: exact formats, known numbers, planted places that a right test finds, counted dirt."""

from __future__ import annotations

import csv
import json
import tomllib
from importlib.resources import files
from itertools import pairwise

import h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, false_discovery_control

from safespace.layers.boundaries import read_areas
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.synthetic import clock, reports
from safespace.synthetic.dirt import KINDS

HEADERS = {
    "streetsafe": "reference,submitted,latitude,longitude,reasons,reporter",
    "nte": "reference,offence,start,end,easting,northing,found_by,location_type,domestic_abuse",
    "spiking": "reference,method,status,onset_from,onset_to,reported,latitude,longitude,place_confidence",
}
# what a reader calls each kind of dirt: its reason code, or its repair rule
CALLED = {
    "trailing_space": "trimmed",
    "synonym": "synonym",
    "swapped_coordinates": "swapped_coordinates",
    "bng_in_degree_columns": "bng_in_degree_columns",
    "hour_24": "24:00",
    "blank_coordinates": "no_coordinates",
    "zero_coordinates": "zero_coordinates",
    "out_of_area": "outside_britain",
    "exact_duplicate": "duplicate_row",
    "reference_reused": "same_reference",
    "end_before_start": "end_before_start",
    "year_1900": "default_date",
    "future_date": "future_date",
    "unknown_category": "unknown_category",
    "domestic_abuse": "domestic_abuse",
    "home_location": "home_location",
    "totals_row": "footer_row",
}


def path_of(town, source):
    return getattr(town, f"{source}_csv")


@pytest.fixture(scope="module")
def loaded(stonebridge):
    now = Settings()
    return {
        source: read_reports([path_of(stonebridge, source)], source=source, settings=now)
        for source in HEADERS
    }


# ---- formats and numbers


@pytest.mark.parametrize("source", HEADERS)
def test_headers_are_exactly_the_canonical_ones(stonebridge, source):
    text = path_of(stonebridge, source).read_bytes()
    assert text.split(b"\n", 1)[0].decode() == HEADERS[source]
    assert b"\r" not in text


@pytest.mark.parametrize("source", HEADERS)
def test_readers_accept_what_was_planted_and_name_every_kind_of_dirt(stonebridge, loaded, source):
    truth, got = stonebridge.truth, loaded[source]
    planted = {CALLED[kind]: rows[source] for kind, rows in truth.dirt.items() if source in rows}
    found = got.rejects["reason"].value_counts().to_dict()
    mended = got.repairs.groupby("rule")["row"].nunique().to_dict()
    assert {**found, **mended} == planted
    assert len(got.reports) == truth.accepted[source]
    assert got.read == truth.rows[source]
    assert got.synthetic


@pytest.mark.parametrize("source", HEADERS)
def test_outcomes_are_those_the_truth_tells(stonebridge, loaded, source):
    truth, counts = stonebridge.truth, loaded[source].counts()
    for outcome in ("repaired", "rejected", "quarantined", "excluded"):
        kinds = [kind for kind, what in truth.outcomes.items() if what == outcome]
        assert counts[outcome] == sum(truth.dirt[kind].get(source, 0) for kind in kinds), outcome


def test_every_kind_of_dirt_is_planted_somewhere():
    assert {kind.name for kind in KINDS} == set(CALLED)
    assert all(count > 0 for kind in KINDS for count in kind.rows.values())


def test_words_are_the_readers_own():
    words = tomllib.loads(files("safespace.sources").joinpath("taxonomy.toml").read_text(encoding="utf-8"))
    assert set(reports.ENVIRONMENTAL) == set(words["streetsafe"]["environmental"])
    assert set(reports.BEHAVIOURAL) == set(words["streetsafe"]["behavioural"])
    assert set(reports.OFFENCES) <= set(words["nte"]["offence"])


def test_numbers_are_those_of_the_commissioning_paper(loaded):
    pins = loaded["streetsafe"].reports
    assert len(pins) == 544
    assert (pins["reporter"] == "woman").sum() == round(0.65 * 544)
    assert len(loaded["nte"].reports) == 2500
    assert len(loaded["spiking"].reports) == 70


# ---- time


@pytest.mark.parametrize("source", HEADERS)
def test_reports_are_within_one_year(loaded, source):
    when = loaded[source].reports["occurred_from"]
    assert when.min() >= pd.Timestamp("2025-08-31", tz="UTC")
    assert when.max() < pd.Timestamp("2026-09-02", tz="UTC")


def test_reporting_jumps_in_the_campaign_week(stonebridge, loaded):
    first, last = (pd.Timestamp(day, tz="UTC") for day in stonebridge.truth.campaign)
    when = loaded["streetsafe"].reports["occurred_from"]
    assert (last - first).days == 6
    in_week = when.between(first, last + pd.Timedelta(days=1)).sum()
    assert in_week > 3 * len(when) / 52


def test_incidents_are_mostly_on_friday_and_saturday_nights(loaded):
    local = loaded["nte"].reports["occurred_from"].dt.tz_convert("Europe/London")
    night = (local - pd.Timedelta(hours=6)).dt.day_of_week
    assert 0.5 < night.isin([4, 5]).mean() < 0.85


def test_clock_changes_are_stepped_over():
    asked = np.array(["2026-03-29T01:30", "2025-10-26T01:00", "2026-03-29T00:59"], dtype="datetime64[m]")
    got = ["2026-03-29T03:30", "2025-10-26T03:00", "2026-03-29T00:59"]
    assert clock.mend_clock_changes(asked).astype(str).tolist() == got


def test_spiking_onset_comes_before_the_report(loaded):
    rows = loaded["spiking"].reports
    assert (rows["occurred_from"] <= rows["occurred_to"]).all()
    assert (rows["occurred_to"] <= rows["reported_at"]).all()


# ---- planted truth


def test_truth_cells_are_cells_of_the_place(stonebridge):
    for place in stonebridge.truth.places:
        for resolution, cells in place.cells.items():
            names = [h3.int_to_str(cell) for cell in cells]
            assert list(cells) == sorted(set(cells))
            assert all(h3.get_resolution(name) == resolution for name in names)
            assert h3.latlng_to_cell(place.lat, place.lon, resolution) in names
            reach_m = place.radius_m + 2.2 * h3.average_hexagon_edge_length(resolution, unit="m")
            middle = (place.lat, place.lon)
            assert all(
                h3.great_circle_distance(middle, h3.cell_to_latlng(n), unit="m") < reach_m for n in names
            )


def test_truth_files_agree(stonebridge):
    rows = list(csv.DictReader(stonebridge.truth_csv.read_text(encoding="utf-8").splitlines()))
    told = json.loads(stonebridge.truth_json.read_text())["places"]
    from_csv = {(row["place"], row["resolution"], row["cell"]) for row in rows}
    from_json = {(p["name"], r, cell) for p in told for r, cells in p["cells"].items() for cell in cells}
    assert from_csv == from_json
    assert len(stonebridge.truth.hot()) == 5
    assert len(stonebridge.truth.decoys()) == 3


def places_near(frame, place):
    east = (frame["lon"] - place.lon) * 111_200 * np.cos(np.radians(place.lat))
    north = (frame["lat"] - place.lat) * 111_200
    return frame[np.hypot(east, north) <= place.radius_m]


def test_planted_reports_are_where_the_truth_says(stonebridge, loaded):
    for place in stonebridge.truth.places:
        for source in set(place.sources) - {"spiking"}:  # spiking places are blurred on purpose
            near = places_near(loaded[source].reports, place)
            # a few of them are at the mercy of the dice of premises and dirt
            assert len(near) >= 0.95 * place.reports[source], (place.name, source)


def test_factors_are_the_planted_over_the_usual(stonebridge):
    by_name = {place.name: place for place in stonebridge.truth.places}
    assert by_name["Friars Subway"].factor["streetsafe"] > 10
    assert by_name["University campus"].factor == {}


def test_patrol_decoy_was_found_by_patrols(stonebridge, loaded):
    (place,) = [p for p in stonebridge.truth.decoys() if "nte" in p.sources]
    near = places_near(loaded["nte"].reports, place)
    assert (near["detected_by"] == "patrol").sum() >= 0.95 * place.reports["nte"]
    assert (near["detected_by"] == "public").sum() < 30


def test_one_persons_pins_are_one_event(stonebridge, loaded):
    (place,) = [p for p in stonebridge.truth.decoys() if "streetsafe" in p.sources]
    near = places_near(loaded["streetsafe"].reports, place)
    pins = near[near["factor"] == "Badly lit|Rundown"]
    assert len(pins) >= 16
    local = pins["occurred_from"].dt.tz_convert("Europe/London").dt.date
    assert local.value_counts().iloc[0] >= 15
    spread_m = np.ptp(pins["lat"]) * 111_200, np.ptp(pins["lon"]) * 68_000
    assert np.hypot(*spread_m) < 30


# ---- what a right test finds in it


def ring_test(points, streets_m, resolution, area):
    """Return hot cells: exact binomial on each cell and its ring against street length, Benjamini-Hochberg."""
    inside = set(h3.geo_to_cells(area, resolution))
    cells = sorted(inside)
    spot = {cell: number for number, cell in enumerate(cells)}
    count, usual = np.zeros(len(cells)), np.zeros(len(cells))
    for (lon, lat), metres in streets_m:
        usual[spot.get(h3.latlng_to_cell(lat, lon, resolution), 0)] += metres
    for lon, lat in points:
        count[spot.get(h3.latlng_to_cell(lat, lon, resolution), 0)] += 1
    rings = [[spot[n] for n in h3.grid_disk(cell, 1) if n in spot] for cell in cells]
    seen = np.array([count[ring].sum() for ring in rings])
    share = np.array([usual[ring].sum() for ring in rings]) / usual.sum()
    q = false_discovery_control(binom.sf(seen - 1, count.sum(), np.clip(share, 0, 1)))
    return {
        h3.str_to_int(cell)
        for cell, value, own in zip(cells, q, count, strict=True)
        if value <= 0.05 and own >= 3
    }


@pytest.fixture(scope="module")
def streets_m(osm):
    pieces = []
    for _, nodes in osm.streets():
        for first, last in pairwise(nodes):
            middle = np.mean([osm.places[first], osm.places[last]], axis=0)
            pieces.append((tuple(middle), osm.length_m([first, last])))
    return pieces


@pytest.mark.parametrize("resolution", [8, 9])
def test_ring_test_finds_the_hot_places_and_not_the_decoys(stonebridge, loaded, streets_m, resolution):
    area = read_areas(stonebridge.boundary_geojson).geometry.iloc[0]
    pins = loaded["streetsafe"].reports
    # one event: the same reasons on the same day within about a hundred metres
    same = [pins["lon"].round(3), pins["lat"].round(3), pins["factor"], pins["occurred_from"].dt.date]
    events = pins.groupby(same)[["lon", "lat"]].first()
    hot = ring_test(events.to_numpy(), streets_m, resolution, area)
    truth = stonebridge.truth
    for place in truth.hot():
        assert ("streetsafe" not in place.sources) or hot & set(place.cells[resolution]), place.name
    for place in truth.decoys():
        assert not hot & set(place.cells[resolution]), place.name
