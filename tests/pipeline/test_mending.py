"""What to mend first, from walks people name to files they open."""

from __future__ import annotations

import csv
import json
from itertools import combinations

import geopandas as gpd
import pytest

from safespace import pipeline
from safespace.errors import FileError, InputError, PlaceError, SchemaError
from safespace.pipeline import Budget, Link
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
