"""GeoPackages: layers read back, styles and credit in the file itself, formulas stopped, same bytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from safespace.briefs.geopackage import Category, Layer, style_qml, write_geopackage
from safespace.errors import FileError

CREDIT = "© OpenStreetMap contributors"


def lines(name="walks"):
    frame = gpd.GeoDataFrame(
        {"kind": ["a", "b"], "street": ["=1+1", "High Street"], "metres": [1.5, 2.0]},
        geometry=[shapely.LineString([(-3, 51), (-3, 51.1)]), shapely.LineString([(-3, 51), (-2.9, 51)])],
        crs=4326,
    )
    return Layer(
        name,
        frame,
        "kind",
        (Category("a", "Kind a", "#12436D"), Category("b", "Kind <b>", "#0B0C0C", 0.5, "3;2")),
        "Two lines.",
    )


def ground():
    frame = gpd.GeoDataFrame({"within": ["5 min"]}, geometry=[shapely.box(-3, 51, -2.9, 51.1)], crs=4326)
    return Layer("ground", frame, "within", (Category("5 min", "Within 5 min", "#2073BC"),), "Ground.")


def write(path, **given):
    return write_geopackage([lines(), ground()], path, data_date=date(2022, 3, 1), credit=CREDIT, **given)


def rows(path, query):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_layers_read_back_with_credit_and_without_formulas(tmp_path):
    path = write(tmp_path / "out.gpkg", synthetic=True)
    assert sorted(pyogrio.list_layers(path)[:, 0].tolist()) == ["ground", "layer_styles", "walks"]
    back = gpd.read_file(path, layer="walks")
    assert back.crs == "EPSG:4326"
    assert back["street"].tolist() == ["'=1+1", "High Street"]
    assert back["metres"].tolist() == [1.5, 2.0]
    assert set(back["credit"]) == {CREDIT}
    assert set(back["label_of_data"]) == {"Synthetic data"}
    assert back.geometry.equals(lines().frame.geometry)


def test_each_layer_has_its_default_style(tmp_path):
    path = write(tmp_path / "out.gpkg")
    styles = rows(path, "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles")
    assert [(name, column, default) for name, column, _, default in styles] == [
        ("walks", "geom", 1),
        ("ground", "geom", 1),
    ]
    assert {row[1] for row in rows(path, "SELECT table_name, column_name FROM gpkg_geometry_columns")} == {
        "geom"
    }
    root = ET.fromstring(styles[0][2].partition("\n")[2])  # noqa: S314  our own text
    renderer = root.find("renderer-v2")
    assert renderer.get("attr") == "kind"
    assert [(c.get("value"), c.get("label")) for c in renderer.iter("category")] == [
        ("a", "Kind a"),
        ("b", "Kind <b>"),
    ]
    second = renderer.findall("symbols/symbol")[1]
    assert second.get("type") == "line"
    found = {
        option.get("name"): option.get("value") for option in second.iter("Option") if option.get("name")
    }
    assert found["line_color"] == "11,12,12,255"
    assert (found["use_custom_dash"], found["customdash"]) == ("1", "3;2")
    assert {prop.get("k"): prop.get("v") for prop in second.iter("prop")} == found
    assert 'type="fill"' in style_qml(ground())


def test_attribution_and_notes_are_in_the_metadata(tmp_path):
    path = write(tmp_path / "out.gpkg", notes=["A note."])
    told = rows(
        path,
        "SELECT r.table_name, m.metadata FROM gpkg_metadata m JOIN gpkg_metadata_reference r ON m.id = r.md_file_id",
    )
    assert [name for name, _ in told] == ["walks", "ground"]
    for _, text in told:
        root = ET.fromstring(text.partition("\n")[2])  # noqa: S314  our own text
        assert root.find("rights").text == CREDIT
        assert root.find("abstract").text.endswith("A note.")
    described = dict(
        rows(path, "SELECT table_name, description FROM gpkg_contents WHERE data_type = 'features'")
    )
    assert all(text.endswith(CREDIT) for text in described.values())
    assert ("gpkg_metadata",) in rows(path, "SELECT extension_name FROM gpkg_extensions")


def test_the_same_layers_give_the_same_bytes(tmp_path):
    assert write(tmp_path / "a.gpkg").read_bytes() == write(tmp_path / "b.gpkg").read_bytes()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(FileError, match=r"cannot be written.*Choose a folder"):
        write(tmp_path / "taken" / "out.gpkg")


def test_missing_values_stay_missing(tmp_path):
    layer = lines()
    frame = layer.frame.assign(street=["@x", None], metres=pd.Series([1.0, None]))
    changed = Layer(layer.name, frame, layer.column, layer.classes, layer.description)
    path = write_geopackage([changed], tmp_path / "m.gpkg", data_date=date(2022, 3, 1), credit=CREDIT)
    back = gpd.read_file(path, layer="walks")
    assert back["street"].isna().tolist() == [False, True]
    assert back["metres"].isna().tolist() == [False, True]
