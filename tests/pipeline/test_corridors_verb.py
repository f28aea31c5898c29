"""Corridors from named sets of places to the files people print and open."""

from __future__ import annotations

import csv
import re
from html import unescape

import geopandas as gpd
import pytest

from safespace import corridors, pipeline
from safespace.errors import FileError, InputError, PlaceError, SchemaError
from safespace.pipeline import Spot
from safespace.tone import check_text


@pytest.fixture(scope="module")
def found(town_settings):
    return pipeline.find_corridors(
        ["kind:bus_station"], ["kind:housing"], pipeline.View(), town_settings, shown=12
    )


def test_loads_are_people_over_the_trade_offs(found):
    table, walks = found.segments, len(found.pairs)
    at = table[[f"people_at_{price:g}" for price in pipeline.TRADE_OFFS]]
    assert table["people"].tolist() == pytest.approx(at.mean(axis=1).tolist())
    assert table["people"].is_monotonic_decreasing
    assert table["share"].between(0, 1).all()
    assert (table["people_at_0"] * table["length_m"]).sum() == pytest.approx(found.pairs["shortest_m"].sum())
    assert at.to_numpy().max() <= walks


def test_every_stop_has_its_last_400_m_and_the_checklist_the_most_passed(found):
    stops = found.stops[found.stops["problem"] == ""]
    assert len(stops)
    assert stops[["lit_m", "unlit_m", "unknown_m"]].sum(axis=1).tolist() == pytest.approx(
        stops["streets_m"].tolist()
    )
    assert (
        found.checklist["segment"].drop_duplicates().tolist() == found.segments["segment"].head(12).tolist()
    )
    assert set(found.checklist["item"]) == set(corridors.ITEMS)


def test_files_carry_the_credit_and_can_be_printed(found, tmp_path):
    page = unescape(pipeline.write_corridors(found, tmp_path / "audit.html").read_text())
    assert page.count("<section>") == 12
    assert "Synthetic data" in page
    assert found.credit in page
    assert "not for publication" in page
    assert "<script" not in page
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not [flag for text in (words, *found.notes) for flag in check_text(text)]
    for name, rows in (
        ("stops", len(found.stops)),
        ("checklist", 84),
        ("pairs", len(found.pairs)),
        ("load", len(found.segments)),
    ):
        path = pipeline.write_corridors(found, tmp_path / f"{name}.csv")
        held = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
        assert len(held) == rows
        assert {row["credit"] for row in held} == {found.credit}
    layer = gpd.read_file(pipeline.write_corridors(found, tmp_path / "load.gpkg"), layer="segments")
    assert len(layer) == len(found.segments)
    with pytest.raises(FileError, match=r"\.csv, \.geojson, \.gpkg, \.html"):
        pipeline.write_corridors(found, tmp_path / "load.pdf")


def test_a_formula_in_a_place_name_is_stopped(town_settings, tmp_path, found):
    lon, lat = found.segments.geometry.iloc[0].coords[0]
    spot = Spot("=cmd|x", lon, lat)
    made = pipeline.find_corridors([spot], ["kind:housing"], pipeline.View(), town_settings)
    text = pipeline.write_corridors(made, tmp_path / "stops.csv").read_text("utf-8-sig")
    assert "'=cmd|x" in text
    assert "\n=cmd" not in text


def test_partners_are_given_no_counts_near_stops(town_settings):
    view = pipeline.View(edition="partner")
    made = pipeline.find_corridors(["kind:bus_station"], ["kind:housing"], view, town_settings)
    assert set(made.stops["reports_within_reach"]) == {"Hidden to protect people"}
    assert not any("events:" in note for note in made.notes)


def test_places_in_a_file_are_read_and_bad_rows_named(tmp_path, town_settings):
    path = tmp_path / "hubs.csv"
    path.write_text("Name,Lon,Lat,Kind\nNorth Hub,-1.47,52.3,hub\nSouth Hub,-1.48,52.31,\n")
    assert pipeline.read_spots(path, town_settings) == [
        Spot("North Hub", -1.47, 52.3, "hub"),
        Spot("South Hub", -1.48, 52.31),
    ]
    path.write_text("name,lon,lat\nA,-1.47,52.3\n,-1.47,52.3\nB,9999,52\nC,x,52\n")
    with pytest.raises(SchemaError, match=r"3 rows cannot be used.*line 3, 4, 5"):
        pipeline.read_spots(path, town_settings)
    path.write_text("name,lon,lat\nA,-1.47,52.3\nA,-1.48,52.3\n")
    with pytest.raises(SchemaError, match="a name of its own"):
        pipeline.read_spots(path, town_settings)


def test_what_cannot_be_asked_says_what_to_do(town_settings):
    ask = pipeline.find_corridors
    view = pipeline.View()
    with pytest.raises(InputError, match=r"empty.*from 1 to 400 places"):
        ask([], ["kind:housing"], view, town_settings)
    with pytest.raises(PlaceError, match=r"No named landmark is of this kind.*bus_station"):
        ask(["kind:castle"], ["kind:housing"], view, town_settings)
    with pytest.raises(PlaceError, match=r"No street within 300 m of any.*Choose places nearer"):
        ask([Spot("Sea", 0.0, 51.0)], ["kind:housing"], view, town_settings)
    with pytest.raises(PlaceError, match="No two of these places are apart"):
        ask(["Barge Hall"], ["Barge Hall"], view, town_settings)
    with pytest.raises(InputError, match="trade-offs from 0 to 10"):
        ask(["Barge Hall"], ["kind:housing"], view, town_settings, trade_offs=[-1.0])


def test_nothing_but_streets_places_and_lighting_moves_a_load(found, town_settings):
    """Another choice of reports changes the counts near stops and no load."""
    other = pipeline.find_corridors(
        ["kind:bus_station"], ["kind:housing"], pipeline.View(factor="Badly lit"), town_settings, shown=12
    )
    assert other.segments.equals(found.segments)
