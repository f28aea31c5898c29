"""Areas that are thin, scattered or smaller than a cell, asked for by their own outline."""

from __future__ import annotations

import csv
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from safespace import cells, pipeline
from safespace.cli import app
from safespace.pipeline import View
from safespace.settings import load_settings

STRIP = shapely.box(-1.66, 52.332, -1.6159012004603848, 52.332538986704996)  # a park path, 3 km by 60 m
ISLANDS = shapely.MultiPolygon([shapely.Point(-1.64 + 0.008 * i, 52.34).buffer(0.0006) for i in range(4)])
GATE = shapely.Point(-1.64, 52.35).buffer(0.0003)
OUTLINES = {"STRIP": STRIP, "ISLANDS": ISLANDS, "GATE": GATE}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Return settings of a store with three areas, 30 reports in each and 40 just outside them."""
    folder = tmp_path_factory.mktemp("outlines")
    held = load_settings(store=folder / "store")
    frame = gpd.GeoDataFrame(
        {"name": [name.title() for name in OUTLINES], "code": list(OUTLINES)},
        geometry=list(OUTLINES.values()),
        crs="EPSG:4326",
    )
    frame.to_file(folder / "areas.geojson", engine="pyogrio")
    rng = np.random.default_rng(5)
    places = [points(shape, 30, rng) for shape in OUTLINES.values()]
    around = shapely.union_all([shape.buffer(0.001) for shape in OUTLINES.values()])
    places.append(points(around.difference(shapely.union_all(list(OUTLINES.values()))), 40, rng))
    with (folder / "reports.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["submitted", "latitude", "longitude", "reasons", "domestic_abuse"])
        for number, (lon, lat) in enumerate(np.vstack(places)):
            write.writerow(
                [f"{1 + number % 28:02d}/03/2026 22:15", f"{lat:.7f}", f"{lon:.7f}", "Badly lit", "N"]
            )
    pipeline.ingest_layer([folder / "areas.geojson"], layer="areas", settings=held)
    pipeline.ingest([folder / "reports.csv"], source="streetsafe", settings=held)
    return held


def points(shape, count, rng):
    west, south, east, north = shape.bounds
    drawn = rng.uniform([west, south], [east, north], (400 * count, 2))
    drawn = drawn[shapely.contains_xy(shape.buffer(-1e-6), drawn)]
    return drawn[:count]


@pytest.mark.parametrize("resolution", [7, 8, 9])
@pytest.mark.parametrize("area", OUTLINES)
def test_every_report_inside_is_in_a_cell_and_none_from_outside(settings, area, resolution):
    counted = pipeline.count_cells(View(area=area, baseline="area", resolution=resolution), settings)
    inside = counted[~counted["edge"]]
    assert inside["pins"].sum() == 30
    window = cells.study_window(OUTLINES[area], resolution=resolution)
    assert inside["area_km2"].sum() == pytest.approx(window.loc[~window["edge"], "area_km2"].sum(), rel=1e-6)
    assert (inside["exposure"] == inside["area_km2"]).all()
    assert "ground" not in counted


def test_the_command_says_how_many_and_whether_data_go_on(settings):
    asked = ["count", "--area", "STRIP", "--baseline", "area", "--store", str(settings.store)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    said = " ".join(told.output.split())
    assert "(30 reports) in 16 cells" in said
    assert "just outside" in said
    table = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    assert sum(row["pins"] for row in table if not row["edge"]) == 30


def test_months_are_of_the_same_reports(settings):
    months = pipeline.count_monthly(View(area="STRIP", baseline="area"), settings)
    assert months["pins"].sum() == 30


def test_places_in_a_strip_rest_on_its_thirty_reports(settings):
    found = pipeline.find_places(View(area="STRIP", baseline="area", resolution=9), settings)
    assert found.pins == 30
    assert found.beyond == cells.data_beyond(found.hotspots.table)
    assert found.beyond.sentence() in found.notes
    cut = found.hotspots.table.loc[found.hotspots.table["pins"] > 0, "cell"].iloc[0]
    story = pipeline.tell_cell(found, int(cut), settings)
    assert any("of it lies inside, and only that is counted" in sentence for sentence in story.sentences)
