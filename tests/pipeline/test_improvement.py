"""What to mend first, from walks people name to files they open."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from itertools import combinations

import geopandas as gpd
import pytest

from safespace import pipeline
from safespace.errors import FileError, InputError, PlaceError, SchemaError
from safespace.pipeline import Budget, Link
from safespace.settings import load_settings
from safespace.tone import check_text

LINK = ("Stonebridge Bus Station", "Barge Hall")


@pytest.fixture(scope="module")
def made(town_settings):
    return pipeline.improve([Link(*LINK, people=40), LINK], town_settings, budget=Budget(400), bound_s=20)


def test_walks_of_one_name_are_told_apart(made):
    assert made.walks == (f"{' to '.join(LINK)} (1)", f"{' to '.join(LINK)} (2)")
    assert made.fixes.walks["people"].tolist() == [40.0, 1.0]


def test_the_list_says_what_it_spends_how_good_it_is_and_promises_nothing(made):
    said = " ".join(made.sentences())
    assert "assumption, edit" in said
    assert "HiGHS" in said
    assert "no change in violence" in said
    assert "Sources:" in said
    assert made.sentences()[-1] == "Synthetic streets."
    assert not [flag for text in made.sentences() for flag in check_text(text)]


def test_every_file_holds_the_list_with_its_credit(made, tmp_path):
    paths = [
        pipeline.write_improvement(made, tmp_path / f"fixes.{end}") for end in ("csv", "geojson", "gpkg")
    ]
    rows = list(csv.DictReader(paths[0].read_text("utf-8-sig").splitlines()))
    whole = json.loads(paths[1].read_text())
    layer = gpd.read_file(paths[2], layer="segments")
    segments = made.fixes.table["segment"].tolist()
    assert [int(row["segment"]) for row in rows] == segments
    assert {row["credit"] for row in rows} == {whole["attribution"]} == set(layer["credit"]) == {made.credit}
    assert whole["label"] == "Synthetic data"
    assert [feature["properties"]["segment"] for feature in whole["features"]] == segments
    assert layer["segment"].tolist() == segments
    assert (layer.to_crs("EPSG:27700").length - made.fixes.table["length_m"]).abs().max() < 1
    with pytest.raises(FileError, match=r"Choose from: \.csv, \.geojson, \.gpkg"):
        pipeline.write_improvement(made, tmp_path / "fixes.docx")


def test_a_list_of_walks_is_read_and_rows_that_cannot_be_used_are_named(tmp_path, town_settings):
    path = tmp_path / "walks.csv"
    path.write_text(f'Name,From,To,People\nHome,{LINK[0]},{LINK[1]},12\n,"-1.4,52.3",{LINK[1]},\n')
    assert pipeline.read_links(path, town_settings) == [
        Link(*LINK, 12.0, "Home"),
        Link((-1.4, 52.3), LINK[1], 1.0, ""),
    ]
    path.write_text("from,to,people\nA,B,3\nA,,1\nA,B,-4\nA,B,many\n")
    with pytest.raises(SchemaError, match=r"3 rows cannot be used.*line 3, 4, 5"):
        pipeline.read_links(path, town_settings)
    path.write_text("from,to\n")
    with pytest.raises(InputError):
        pipeline.read_links(path, town_settings)
    path.write_text("start,finish\nA,B\n")
    with pytest.raises(SchemaError, match="from, to"):
        pipeline.read_links(path, town_settings)


def test_every_walk_that_cannot_be_placed_is_named_with_the_remedy(town_settings):
    links = [LINK, ("Nowhere", "Barge Hall"), ((0.0, 51.0), "Barge Hall"), ("Barge Hall", "Barge Hall")]
    with pytest.raises(PlaceError, match=r"No landmark has this name.*No street within.*same street corner"):
        pipeline.improve(links, town_settings, budget=Budget(100))
    with pytest.raises(InputError, match="No walks were given"):
        pipeline.improve([], town_settings, budget=Budget(100))


def test_costs_are_shown_with_where_they_are_from(town_settings):
    table = pipeline.cost_table(town_settings)
    assert {row["source"] for row in table} == {"assumption, edit"}
    assert all(low["low"] < low["high"] for low in table)
    assert len({row["measure"] for row, _ in combinations(table, 2)}) == 3


@pytest.fixture(scope="module")
def own_settings(town, tmp_path_factory):
    """A store of its own, since scenarios are kept in it: streets only."""
    settings = load_settings(store=tmp_path_factory.mktemp("improvement"))
    pipeline.ingest_streets(town.streets_pbf, settings=settings)
    return settings


def test_a_list_of_fixes_becomes_a_scenario_that_is_compared_and_taken_back(own_settings, tmp_path):
    made = pipeline.improve([LINK], own_settings, budget=Budget(300), bound_s=0)
    kept = pipeline.save_fixes(made, "First 300 m", own_settings)
    assert len(kept.light) == len(made.fixes.table)
    street = made.fixes.table["name"].iloc[0]
    pipeline.make_scenario(
        "Gate shut", own_settings, changes={"close": [street], "camera": ["0"]}, closed_hours="22:00-06:00"
    )
    found = pipeline.compare_scenarios(["First 300 m", "Gate shut"], [LINK], pipeline.View(), own_settings)
    walks = found[0].comparison.walks.set_index("compared")
    gain = made.fixes.before - made.fixes.after
    assert walks.loc["Walks free to change", "cost_change"] == pytest.approx(-gain)
    table = pipeline.side_by_side(found)
    assert table["scenario"].tolist() == ["First 300 m", "Gate shut"]
    assert table.loc[0, "unlit_m, same walks"] <= 0
    said = [text for one in found for text in one.sentences()]
    assert any("Closing a way at set hours" in text for text in said)
    assert not [flag for text in said for flag in check_text(text)]
    path = pipeline.write_scenario(found[0], tmp_path / "after.gpkg")
    assert set(gpd.read_file(path, layer="segments")["credit"]) == {"Synthetic streets"}
    assert pipeline.list_scenarios(own_settings)["gone"].tolist() == [0, 0]
    pipeline.delete_scenario("Gate shut", own_settings)
    assert pipeline.list_scenarios(own_settings)["scenario"].tolist() == ["First 300 m"]
    assert pipeline.undo_scenario("Gate shut", own_settings).closed_hours == "22:00-06:00"


def test_unmapped_lighting_is_priced_by_kind_of_street_and_said(own_settings):
    kinds = dict.fromkeys(("footway", "path", "residential", "cycleway", "steps", "service"), 0.0)
    improvement = own_settings.improvement.model_copy(update={"unknown_prior_by_highway": kinds})
    known = own_settings.model_copy(update={"improvement": improvement})
    usual = pipeline.improve([LINK], own_settings, budget=Budget(300), bound_s=0)
    made = pipeline.improve([LINK], known, budget=Budget(300), bound_s=0)
    assert made.fixes.before < usual.fixes.before
    assert "0% of footway, 0% of path" in made.fixes.method.words()
    assert "50% of the rest taken to be unlit" in made.fixes.method.words()


def test_a_gate_is_open_by_day_and_closed_by_night(own_settings):
    pipeline.make_scenario("All shut", own_settings, changes={"close": ["0"]}, closed_hours="22:00-06:00")
    day, night = (datetime(2026, 11, 28, hour, 30) for hour in (12, 23))  # noqa: DTZ001 - local
    held = [
        pipeline.compare_scenarios(["All shut"], [LINK], pipeline.View(), own_settings, at=at)[0].comparison
        for at in (day, night)
    ]
    assert not held[0].segments["closed"].any()
    assert held[1].segments.set_index("segment").loc[0, "closed"]


def test_what_cannot_be_a_scenario_says_what_to_do(own_settings):
    with pytest.raises(InputError, match=r"no such segment.*Seen: 999999.*a segment's number"):
        pipeline.make_scenario("x", own_settings, changes={"light": ["999999"]})
    with pytest.raises(InputError, match="no such segment"):
        pipeline.make_scenario("x", own_settings, changes={"light": ["way:12345678901234567890123"]})
    with pytest.raises(InputError, match="no such change"):
        pipeline.make_scenario("x", own_settings, changes={"paint": ["1"]})
    with pytest.raises(InputError, match=r"no scenario of this name.*Seen: Other"):
        pipeline.compare_scenarios(["Other"], [LINK], pipeline.View(), own_settings)
    pipeline.make_scenario("y", own_settings, changes={"light": ["0"]})
    with pytest.raises(InputError, match="No walks were given"):
        pipeline.compare_scenarios(["y"], [], pipeline.View(), own_settings)
