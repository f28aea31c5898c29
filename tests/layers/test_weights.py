"""Layers of amounts: polygons or points with a value, read or refused by name."""

from __future__ import annotations

import re

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point, Polygon, box

from safespace.errors import AreaError, FileError, SchemaError
from safespace.layers.weights import read_weights
from safespace.settings import LimitSettings

CENTRE = box(-1.91, 52.47, -1.88, 52.49)
GRID = box(406000, 286000, 408000, 288000)


def write(tmp_path, shapes, name="made.geojson", crs="EPSG:4326", **columns):
    path = tmp_path / name
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs).to_file(path, engine="pyogrio")
    return path


@pytest.mark.parametrize("values", [[10, 2.5], ["10", " 2.5 "], ["10.0", "2.50"]])
def test_polygons_and_their_totals(tmp_path, values):
    layer = read_weights(write(tmp_path, [CENTRE, CENTRE], people=values), value_column="people")
    assert layer["value"].tolist() == [10.0, 2.5]
    assert layer.crs == "EPSG:4326"
    assert list(layer.columns) == ["value", "geometry"]


def test_points_in_metres_come_back_in_degrees(tmp_path):
    path = write(tmp_path, [Point(407000, 287000)], "counters.gpkg", "EPSG:27700", passing=["1,250"])
    layer = read_weights(path, value_column="passing")
    assert layer["value"].tolist() == [1250.0]
    assert (layer.geometry.x.iloc[0], layer.geometry.y.iloc[0]) == pytest.approx((-1.897, 52.481), abs=0.002)


def test_a_shape_that_crosses_itself_is_mended_and_said(tmp_path):
    bow = Polygon([(-1.9, 52.47), (-1.88, 52.49), (-1.88, 52.47), (-1.9, 52.49)])
    layer = read_weights(write(tmp_path, [bow], n=[1]), value_column="n")
    assert layer.is_valid.all()
    assert "mended" in layer.attrs["notes"][0]


@pytest.mark.parametrize(
    ("shapes", "columns", "refused", "says"),
    [
        ([CENTRE], {"n": [1]}, SchemaError, r"value column is not in the file.*people.*--value-column: n"),
        ([CENTRE, CENTRE], {"people": [1, -2]}, SchemaError, r"1 values of people.*'-2' in feature 2"),
        ([CENTRE, CENTRE], {"people": ["many", None]}, SchemaError, r"2 values.*'many' in feature 1"),
        ([CENTRE], {"people": [0]}, SchemaError, "All values of people are zero"),
        (
            [CENTRE, Point(-1.9, 52.48)],
            {"people": [1, 2]},
            AreaError,
            "all polygons or all points.*Point, Poly",
        ),
        ([LineString([(-1.9, 52.4), (-1.8, 52.4)])], {"people": [1]}, AreaError, "LineString"),
        ([box(10, 50, 11, 51)], {"people": [1]}, AreaError, "outside Great Britain"),
    ],
)
def test_what_is_no_layer_of_amounts_is_refused(tmp_path, shapes, columns, refused, says):
    with pytest.raises(refused) as problem:
        read_weights(write(tmp_path, shapes, **columns), value_column="people")
    assert re.search(says, problem.value.told("cli"))


def test_files_of_other_kinds_are_refused(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("lon,lat,people\n")
    with pytest.raises(FileError, match=r"people\.csv: This kind of layer is not read"):
        read_weights(table, value_column="people")
    broken = tmp_path / "broken.geojson"
    broken.write_text("not a map")
    with pytest.raises(FileError, match=r"broken\.geojson: The layer cannot be read"):
        read_weights(broken, value_column="people")
    big = write(tmp_path, [CENTRE], "big.geojson", people=["x" * 2_000_000])
    with pytest.raises(FileError, match="limits"):
        read_weights(big, value_column="people", limits=LimitSettings(file_mb=1))
    two = write(tmp_path, [CENTRE], "two.gpkg", people=[1])
    gpd.GeoDataFrame({"n": [1]}, geometry=[GRID], crs="EPSG:27700").to_file(
        two, layer="other", engine="pyogrio"
    )
    with pytest.raises(FileError, match=r"must hold one layer. Seen: two, other"):
        read_weights(two, value_column="people")
