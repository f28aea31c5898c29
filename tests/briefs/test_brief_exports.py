from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import date
from io import StringIO

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import finding

from safespace.briefs import (
    write_csv,
    write_hotspots_csv,
    write_hotspots_geojson,
    write_hotspots_geopackage,
)
from safespace.briefs.exports import write_brief_data
from safespace.disclosure import escape_formula
from safespace.errors import SchemaError
from safespace.maps.palette import classify, legend

CREDIT = "© OpenStreetMap contributors"
DAY = date(2025, 10, 31)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_are_stopped(start):
    assert escape_formula(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@given(st.text())
def test_escaped_cells_never_begin_a_formula_and_keep_their_text(text):
    escaped = escape_formula(text)
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert escaped.removeprefix("'") == text or escaped == text


def test_csv(tmp_path):
    frame = pd.DataFrame(
        {"name": ["=1+1", 'a,"b"'], "rate": [-1.5, None], "cells": [[1, 2], [3]], "=bad": ["x", None]}
    )
    path = write_csv(frame, tmp_path / "t.csv", credit=CREDIT, synthetic=True)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["name", "rate", "cells", "'=bad", "credit", "label_of_data"],
        ["'=1+1", "-1.5", "1 2", "x", CREDIT, "Synthetic data"],
        ['a,"b"', "", "3", "", CREDIT, "Synthetic data"],
    ]
    assert list(frame.columns) == ["name", "rate", "cells", "=bad"]


def test_hotspots_csv_and_geojson(cells, tmp_path):
    one = write_hotspots_csv(finding(cells), tmp_path / "a.csv", credit=CREDIT, synthetic=True).read_bytes()
    assert (
        one
        == write_hotspots_csv(
            finding(cells.iloc[::-1]), tmp_path / "b.csv", credit=CREDIT, synthetic=True
        ).read_bytes()
    )
    text = write_hotspots_geojson(
        finding(cells), tmp_path / "a.geojson", credit=CREDIT, synthetic=True
    ).read_text(encoding="utf-8")
    read = json.loads(text)
    assert (read["credit"], read["label"], len(read["features"])) == (CREDIT, "Synthetic data", 7)
    first = read["features"][0]
    assert int(first["properties"]["cell"], 16) == cells["cell"].min()
    ring = first["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert len(ring) == 7
    frame = gpd.read_file(tmp_path / "a.geojson")
    assert frame.geometry.is_valid.all()
    assert frame.crs.to_epsg() == 4326


def test_geopackage_is_the_same_file_each_time(cells, tmp_path):
    one, two = (
        write_hotspots_geopackage(
            finding(cells), tmp_path / name, data_date=DAY, credit=CREDIT, synthetic=True
        ).read_bytes()
        for name in ("a.gpkg", "b.gpkg")
    )
    assert one == two
    frame = gpd.read_file(tmp_path / "a.gpkg", layer="cells")
    assert len(frame) == 7
    drawn = dict(zip(frame["cell"], frame["drawn_as"], strict=True))
    assert drawn == {f"{cell:x}": name for cell, name in zip(cells["cell"], classify(cells), strict=True)}
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database:
        ((qml,),) = database.execute("SELECT styleQML FROM layer_styles").fetchall()
    for style in legend(classify(cells)):
        assert f'value="{style.name}"' in qml
        assert style.words in qml
    assert set(frame["label_of_data"]) == {"Synthetic data"}
    assert set(frame["credit"]) == {CREDIT}


def test_cells_say_how_they_were_found(cells, tmp_path):
    found = finding(cells, interval=0.8, false_discovery_rate=0.01)
    rows = pd.read_csv(write_hotspots_csv(found, tmp_path / "a.csv"))
    assert set(rows["method"]) == {found.method.words()}
    assert "80 % intervals" in found.method.words()
    told = json.loads(write_hotspots_geojson(found, tmp_path / "a.geojson").read_text())["method"]
    assert (told["interval"], told["false_discovery_rate"], told["prior"]) == (
        0.8,
        0.01,
        {"shape": 2.0, "rate": 2.0},
    )
    path = write_hotspots_geopackage(found, tmp_path / "a.gpkg", data_date=DAY)
    with closing(sqlite3.connect(path)) as database:
        ((metadata,),) = database.execute("SELECT metadata FROM gpkg_metadata").fetchall()
    assert "intervals 80%" in metadata
    assert found.method.words() in metadata


def test_files_hold_the_code_of_a_label_and_its_sentence(cells, tmp_path):
    found = finding(cells)
    csv_rows = pd.read_csv(write_hotspots_csv(found, tmp_path / "a.csv"))
    features = json.loads(write_hotspots_geojson(found, tmp_path / "a.geojson").read_text())["features"]
    path = write_hotspots_geopackage(found, tmp_path / "a.gpkg", data_date=DAY)
    layer = gpd.read_file(path, layer="cells")
    for rows in (csv_rows, pd.DataFrame([feature["properties"] for feature in features]), layer):
        assert set(rows["label"]) == set(cells["label"]) == {"not_different"}
        assert set(rows["meaning"]) == {"Not different from its usual"}


def test_broken_tables_are_refused(cells, tmp_path):
    with pytest.raises(SchemaError, match="'rate' is missing"):
        write_hotspots_geojson(finding(cells.drop(columns="rate")), tmp_path / "x.geojson")


def test_the_data_behind_a_brief_holds_what_the_page_cuts_short(brief, tmp_path):
    first, again = (write_brief_data(brief, tmp_path / name) for name in ("a.json", "b.json"))
    told = json.loads(first.read_text())
    assert len(told["places"]) == len(brief.places)
    assert told["caveats"] == list(brief.caveats)
    assert told["counts"]["read"] == brief.counts.read
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("start", ["  =", "\n=", "\uff1d", " @", "\uff0b"])
def test_a_written_file_stops_formulas_behind_blanks_and_wide_signs(start, tmp_path):
    path = write_csv(pd.DataFrame({f"{start}head": [f"{start}1+1"], "value": [-1.5]}), tmp_path / "out.csv")
    names, row = csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    assert names == [f"'{start}head", "value"]
    assert row == [f"'{start}1+1", "-1.5"]


UNTOLD = ("expected", "rate", "lower", "upper", "ring_events", "ring_expected", "p_value", "q_value")


def test_cells_that_are_not_known_have_no_numbers_in_any_file(cells, tmp_path):
    unknown = cells["cell"].iloc[[0, 3]]
    found = finding(cells.assign(label=cells["label"].mask(cells["cell"].isin(unknown), "not_known")))
    write_hotspots_csv(found, tmp_path / "a.csv")
    write_hotspots_geojson(found, tmp_path / "a.geojson")
    write_hotspots_geopackage(found, tmp_path / "a.gpkg", data_date=DAY)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {"csv": list(csv.DictReader(file))}
    rows["geojson"] = [f["properties"] for f in json.loads((tmp_path / "a.geojson").read_text())["features"]]
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as base:
        base.row_factory = sqlite3.Row
        rows["gpkg"] = [dict(row) for row in base.execute("SELECT * FROM cells")]
    for kind, read in rows.items():
        hidden = [row for row in read if row["label"] == "not_known"]
        assert {int(row["cell"], 16) for row in hidden} == set(unknown), kind
        assert {row[name] for row in hidden for name in UNTOLD} == {"" if kind == "csv" else None}, kind
        shown = [row for row in read if row["label"] != "not_known"]
        assert all(float(row[name]) >= 0 for row in shown for name in UNTOLD), kind
        assert {str(row["ring_events"]) for row in shown} == set(
            cells.loc[~cells["cell"].isin(unknown), "ring_events"].astype(str)
        ), kind
