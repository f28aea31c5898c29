"""The main job on real files: City of London, Newport and Birmingham, from files to hand-over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from safespace import pipeline
from safespace.errors import InputError
from safespace.settings import load_settings

pytestmark = pytest.mark.realdata

OUTLINES = Path(__file__).parents[1] / "data" / "geo"
RECORDED = pipeline.View(sources=("police_uk",), baseline="area", resolution=8)


def test_city_of_london_from_archive_to_brief(realdata, tmp_path):
    settings = load_settings(store=tmp_path / "store")
    months = realdata / "police-uk-city-of-london-2018-01_2021-09.zip"
    counts = pipeline.ingest([months], source="police_uk", settings=settings).reading.counts()
    assert counts["read"] == 28_761 == sum(counts.values()) - counts["read"]
    pipeline.ingest_layer([OUTLINES / "city_of_london.geojson"], layer="areas", settings=settings)
    streets = pipeline.ingest_streets(realdata / "london-moorgate.osm.pbf", settings=settings)
    assert 15 < streets.summary.walkable_km < 25

    found = pipeline.find_places(RECORDED, settings)
    assert len(found.places) >= 1
    assert found.until == date(2021, 9, 30), "a month ends on its last day"
    assert "Open Government Licence" in found.credit
    assert "OpenStreetMap" in found.credit
    with pytest.raises(InputError, match="does not cover the area"):
        pipeline.find_places(RECORDED.but(baseline="streets"), settings)

    plan = pipeline.plan_walk((-0.0905, 51.5205), (-0.0855, 51.5165), RECORDED, settings)
    assert len(plan.table) >= 2
    files = pipeline.write_brief(pipeline.brief_of(found, [plan], settings), tmp_path / "brief")
    assert files[0].read_bytes().startswith(b"%PDF-")
    assert "Synthetic" not in files[1].read_text()


def test_newport_walks_show_lighting_as_mostly_unknown(realdata, tmp_path):
    settings = load_settings(store=tmp_path / "store")
    extract, outline = realdata / "newport-2023-06-13.osm.pbf", OUTLINES / "newport_centre.geojson"
    strewn = pipeline.simulate_reports(extract, tmp_path, seed=1, within=outline)["streetsafe_csv"]
    pipeline.ingest([strewn], source="streetsafe", settings=settings)
    pipeline.ingest_layer([outline], layer="areas", settings=settings)
    held = pipeline.ingest_streets(extract, settings=settings)
    left_out_km = held.left_out.set_index("reason")["km"]
    walkable_or_private_km = (
        held.summary.walkable_km + left_out_km["private or closed"] + left_out_km["closed to walkers"]
    )
    assert walkable_or_private_km == pytest.approx(992, rel=0.01)
    assert 0.88 < held.summary.unknown_share < 0.92
    assert held.summary.disconnected_km > 1

    plan = pipeline.plan_walk((-2.9975, 51.5885), (-2.985, 51.583), pipeline.View(), settings)
    assert len(plan.front) >= 3
    assert plan.table["Lighting not known (m)"].max() > 500
    assert pipeline.find_places(pipeline.View(), settings).places.empty, "evenly strewn reports cry wolf"


def test_birmingham_centre_against_several_baselines(realdata, tmp_path):
    settings = load_settings(store=tmp_path / "store")
    done = pipeline.ingest(
        [realdata / "birmingham-centre-crimes.csv"],
        source="police_uk",
        settings=settings,
        mapping=Path("police-uk-api"),
    )
    assert done.reading.counts()["accepted"] == 17_260
    for layer, name in [
        ("areas", OUTLINES / "birmingham_centre.geojson"),
        ("areas", realdata / "lsoa-birmingham.geojson"),
        ("areas", realdata / "west-midlands.gpkg"),
        ("stops", realdata / "naptan-430-west-midlands-stops.csv"),
        ("residents", realdata / "census2021-ts001-usual-residents-lsoa.csv"),
        ("recorded_counts", realdata / "lsoa-monthly-crime-counts-birmingham-2023-05_2026-03.tar.xz"),
    ]:
        pipeline.ingest_layer([name], layer=layer, settings=settings)
    assert len(pipeline.areas(settings)) == 661
    assert len(pipeline.landmarks(settings)) > 15_000
    assert pipeline.catalog(settings).baselines == ("area", "recorded", "residents", "recorded_counts")
    centre = RECORDED.but(area="birmingham-centre")
    for baseline in ("area", "residents", "recorded_counts"):
        found = pipeline.find_places(centre.but(baseline=baseline), settings)
        assert found.events > 10_000
        assert found.other is not None
        assert len(found.places) >= 1
        assert found.places["name"].str.startswith("Near ").all(), (
            "stops name places where no street is loaded"
        )
