"""Walks through the pipeline: limits, times, words, and what must never matter."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from safespace import pipeline
from safespace.errors import InputError, PlaceError, StoreError
from safespace.pipeline import Limits, View
from safespace.settings import load_settings
from safespace.tone import check_text

# Words that tell people where to walk or call a street good or bad; no output of a route may carry one.
FORBIDDEN = re.compile(
    r"\b(un)?(safe|safer|safest|safely|safety)\b|\b(avoid|danger|risk|victim|crime)\w*", re.IGNORECASE
)


@pytest.fixture(scope="module")
def ends(town_settings):
    names = pipeline.landmarks(town_settings)["name"].tolist()
    return names[0], names[-1]


@pytest.fixture(scope="module")
def planned(town_settings, ends):
    return pipeline.plan_walk(*ends, View(), town_settings)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat 23:30", "2026-11-28 23:30:00"),
        ("wednesday 7:05", "2026-11-25 07:05:00"),
        ("tue 22:00", "2026-12-01 22:00:00"),
        ("2026-12-24 18:05", "2026-12-24 18:05:00"),
        ("2026-12-24T18:05", "2026-12-24 18:05:00"),
    ],
)
def test_times_of_a_walk_are_read(text, moment):
    assert str(pipeline.moment_of(text, today=date(2026, 11, 25))) == moment


def test_no_time_is_no_time():
    assert pipeline.moment_of("  ", today=date(2026, 11, 25)) is None


@pytest.mark.parametrize(
    "text",
    ["23:30", "Sat", "Sat 25:00", "Someday 10:00", "2026-13-01 10:00", "now", "Sat 23:30+01:00", "T T T"],
)
def test_other_times_are_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"Not a time of a walk.*'Sat 23:30'"):
        pipeline.moment_of(text, today=date(2026, 11, 25))


def test_limits_go_from_the_question_to_the_record(town_settings, ends):
    limits = Limits(step_free=True, at=pipeline.moment_of("2022-03-05 23:30", today=date(2022, 1, 1)))
    plan = pipeline.plan_walk(*ends, View(), town_settings, limits=limits)
    record = pipeline.walk_as_dict(plan)
    assert record["limits"] == ("Step-free", "Open at 23:30 on Saturday 5 March 2022")
    assert [row["limit"] for row in record["left_out"]] == ["Step-free", "Open at the time"]
    assert all(option["Steps (m)"] == 0 for option in record["options"])
    assert any(note.startswith("Without these limits the shortest walk is") for note in record["notes"])


def test_record_holds_every_fact_and_is_plain(planned):
    record = json.loads(json.dumps(pipeline.walk_as_dict(planned), default=str))
    assert len(record["options"]) == len(record["first"]) == len(planned.options.routes)
    assert sum(row["first"] for row in record["first"]) == pytest.approx(1)
    assert record["weightings"] == planned.options.stability.weightings
    by_option = pd.DataFrame(record["segments"]).groupby("option")["reports_nearby"].sum()
    for route in planned.options.routes:
        assert by_option[route.name] == pytest.approx(route.reports_nearby)
    columns = planned.table.columns
    for wanted in (
        "Walking time (min)",
        "Length (m)",
        "Longer than the shortest (%)",
        "Lit, as mapped (m)",
        "Unlit, as mapped (m)",
        "Lighting not known (m)",
        "Steps (m)",
        "Marked crossings, as mapped",
        "Cameras, as mapped",
        "Reports nearby per km",
        "per km, lower end, 95 %",
        "per km, upper end, 95 %",
        "Most in any 100 m",
        "Lighting known (%)",
        "Surface known (%)",
        "First under (% of weightings)",
    ):
        assert wanted in columns


def _spoken(planned, reach):
    frames = [
        planned.table,
        planned.options.pairs,
        planned.segments.drop(columns="geometry"),
        planned.options.left_out,
    ]
    frames += [route.reasons for route in planned.options.routes]
    frames += [reach.table, reach.walks_table, reach.reach.segments.drop(columns="geometry")]
    words = [str(name) for frame in frames for name in frame.columns]
    words += [
        str(value)
        for frame in frames
        for name in frame.columns.difference(["edges"])
        for value in frame[name].unique()
    ]
    return [*words, *planned.notes, *reach.notes, planned.options.stability.sentence()]


def test_no_route_output_calls_a_street_names_or_tells_people_where_to_walk(town_settings, ends, planned):
    limits = Limits(
        step_free=True, paved=True, at=pipeline.moment_of("2022-03-05 23:30", today=date(2022, 1, 1))
    )
    limited = pipeline.plan_walk(*ends, View(), town_settings, limits=limits)
    reach = pipeline.find_reach(ends[0], [5, 10], View(), town_settings, to=[ends[1]], limits=limits)
    for plan in (planned, limited):
        for text in _spoken(plan, reach):
            assert not FORBIDDEN.search(text), text
        for sentence in (*plan.notes, *plan.table.columns, *reach.table.columns, *reach.notes):
            assert not check_text(sentence), sentence


def test_files_carry_the_attribution_and_no_such_word(town_settings, planned, tmp_path):
    for kind in ("geojson", "gpx", "csv"):
        text = pipeline.export_walk(planned, kind, town_settings).decode("utf-8-sig")
        assert planned.credit.removeprefix("© ") in text, kind
        assert not FORBIDDEN.search(text.replace("SafeSpace", "")), kind
    reach = pipeline.find_reach(planned.origin_name, [5], View(), town_settings)
    for kind in ("geojson", "csv"):
        text = pipeline.write_reach(reach, tmp_path / f"reach.{kind}").read_text("utf-8-sig")
        assert reach.credit in text


def test_reach_goes_from_the_question_to_the_file(town_settings, ends, tmp_path):
    found = pipeline.find_reach(ends[0], [10, 5], View(), town_settings, to=[ends[1], ends[1]])
    assert found.table["Within (min)"].tolist() == [5, 10]
    assert (found.table["Streets (m)"].diff().dropna() > 0).all()
    assert len(found.walks) == 2
    assert found.walks["to"].is_unique
    one = pipeline.plan_walk(*ends, View(), town_settings).options.routes[0]
    assert found.walks["length_m"][0] == pytest.approx(one.length_m, abs=1e-3)
    made = json.loads(pipeline.write_reach(found, tmp_path / "reach.geojson").read_text())
    assert made["label"] == "Synthetic data"
    assert {feature["properties"]["what"] for feature in made["features"]} == {"ground", "street", "walk"}
    record = json.loads(json.dumps(pipeline.reach_as_dict(found), default=str))
    assert len(record["within"]) == len(record["walks"]) == 2


def _fingerprint(plan):
    figures = plan.routes.drop(columns="geometry").to_csv()
    return (
        figures
        + plan.table.to_csv()
        + repr(plan.front.tolist())
        + plan.options.pairs.to_csv()
        + plan.routes.to_wkt().to_csv()
    )


def _swapped(column):
    """Turn the values of a column round among its distinct values, so that every row's changes."""
    kinds = sorted(column.astype(str).unique())
    return column.astype(str).map(dict(zip(kinds, [*kinds[1:], kinds[0]], strict=True)))


def test_swapping_residents_and_reporters_characteristics_changes_no_score(town, town_settings, tmp_path):
    """Who lives somewhere, and who reported, is in the data; no score of a walk may rest on it."""
    names = pipeline.landmarks(town_settings)["name"].tolist()
    before, after = (
        load_settings(store=tmp_path / "before"),
        load_settings(store=tmp_path / "after"),
    )
    reports = pd.read_csv(town.streetsafe_csv, dtype=str, keep_default_na=False)
    turned = reports.assign(reporter=_swapped(reports["reporter"]))
    assert (turned["reporter"] != reports["reporter"]).all()
    areas = json.loads(town.areas_geojson.read_text())
    residents = np.random.default_rng(1).integers(100, 9000, len(areas["features"]))
    for settings, people, told in ((before, residents, reports), (after, residents[::-1] * 3, turned)):
        for feature, number in zip(areas["features"], people.tolist(), strict=True):
            feature["properties"] |= {"residents": number, "share_of_a_group": number % 97}
        folder = settings.store.parent / f"{settings.store.name}-files"
        folder.mkdir()
        (folder / "areas.geojson").write_text(json.dumps(areas))
        told.to_csv(folder / "streetsafe.csv", index=False)
        pipeline.ingest([folder / "streetsafe.csv"], source="streetsafe", settings=settings)
        pipeline.ingest_layer([folder / "areas.geojson"], layer="areas", settings=settings)
        pipeline.ingest_streets(town.streets_pbf, settings=settings)
    plans = [pipeline.plan_walk(names[0], names[-1], View(), settings) for settings in (before, after)]
    assert _fingerprint(plans[0]) == _fingerprint(plans[1])
    assert plans[0].options.stability.table.equals(plans[1].options.stability.table)


def test_bad_places_are_sentences_with_a_remedy(town_settings, ends, tmp_path):
    lon, lat = pipeline.find_point(ends[0], town_settings)[1]
    with pytest.raises(
        PlaceError, match=r"No street within 300 m.*m away.*Choose a point nearer to a street"
    ):
        pipeline.plan_walk((lon - 0.2, lat), ends[1], View(), town_settings)
    with pytest.raises(PlaceError, match=r"same street corner.*further apart"):
        pipeline.plan_walk(ends[0], ends[0], View(), town_settings)
    with pytest.raises(PlaceError, match=r"No landmark has this name.*Give lon,lat"):
        pipeline.plan_walk("Nowhere Street", ends[1], View(), town_settings)
    for nowhere in ((float("nan"), lat), (float("inf"), lat), (lat, 200 + lon)):
        with pytest.raises(PlaceError, match=r"Not a place in degrees.*Give longitude, then latitude"):
            pipeline.plan_walk(nowhere, ends[1], View(), town_settings)
    with pytest.raises(StoreError, match=r"No street network has been imported") as problem:
        pipeline.plan_walk((lon, lat), (lon + 0.01, lat), View(), load_settings(store=tmp_path / "empty"))
    assert "Import one: safespace streets" in problem.value.told("cli")


def test_walks_and_reach_open_as_geopackages_with_styles(town_settings, planned, tmp_path):
    path = pipeline.write_walk(planned, tmp_path / "walks.gpkg", town_settings)
    options, segments = (gpd.read_file(path, layer=layer) for layer in ("options", "segments"))
    assert options["option"].tolist() == [route.name for route in planned.options.routes]
    assert segments.groupby("option")["reports_nearby"].sum()["Shortest"] == pytest.approx(
        planned.options.routes[0].reports_nearby
    )
    assert set(options["credit"]) == {planned.credit}
    assert set(options["label_of_data"]) == {"Synthetic data"}
    reach = pipeline.find_reach(
        planned.origin_name, [5, 10], View(), town_settings, to=[planned.destination_name]
    )
    path = pipeline.write_reach(reach, tmp_path / "reach.gpkg")
    assert gpd.read_file(path, layer="ground")["within"].tolist() == ["5 min", "10 min"]
    with closing(sqlite3.connect(path)) as database:
        styled = database.execute("SELECT f_table_name FROM layer_styles").fetchall()
    assert styled == [("ground",), ("streets",), ("walks",)]
