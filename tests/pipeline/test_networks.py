from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from awkward_server import Awkward, Step, serving
from made_extract import AREA, write

from safespace import pipeline, streets
from safespace.errors import InputError, SchemaError, StoreError
from safespace.pipeline.networks import MAPPED_FILE, load_streets
from safespace.settings import load_settings


@pytest.fixture
def held(town, tmp_path):
    """Return settings whose store holds the town's streets and areas."""
    settings = load_settings(store=tmp_path / "store")
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    pipeline.ingest_streets(town.streets_pbf, settings=settings)
    return settings


def unknown_way(settings):
    graph = load_streets(settings)
    return int(graph.way_id[np.flatnonzero(graph.lit == streets.UNKNOWN)[0]])


def state(settings, tmp_path, **columns):
    file = tmp_path / "stated.csv"
    pd.DataFrame(columns).to_csv(file, index=False)
    return pipeline.state_lighting(file, settings=settings)


def test_the_second_import_is_the_one_that_was_kept(held, town):
    again = pipeline.ingest_streets(town.streets_pbf, settings=held)
    assert again.kept
    assert again.sentences()[0].startswith("Taken from the import that was kept")
    assert again.summary == pipeline.held_streets(held).summary


def test_stated_lighting_fills_the_unknown_and_outlasts_an_import(held, town, tmp_path):
    way, before = unknown_way(held), pipeline.held_streets(held).summary
    done = state(held, tmp_path, way_id=[way, 999_999_999], lit=["yes", "no"], as_of=["2026-11-01", ""])
    after = pipeline.held_streets(held).summary
    assert done.filled_km == pytest.approx(before.unknown_km - after.unknown_km)
    assert done.filled_km > 0
    assert done.unmatched == 1
    assert "1 rows name no street held here." in done.sentences()
    pipeline.ingest_streets(town.streets_pbf, settings=held)
    assert pipeline.held_streets(held).summary == after
    assert pipeline.list_stated(held).to_dict("records") == [
        {"number": 1, "file": "stated.csv", "council": "", "rows": 2}
    ]


def test_a_statement_taken_back_leaves_the_streets_as_mapped(held, tmp_path):
    way, before = unknown_way(held), pipeline.held_streets(held).summary
    version = pipeline.version(held)
    state(held, tmp_path, way_id=[way], lit=["yes"])
    assert pipeline.version(held) != version
    pipeline.forget_lighting(1, settings=held)
    assert pipeline.held_streets(held).summary == before
    assert pipeline.version(held) == version
    with pytest.raises(InputError, match=r"Nothing was stated under this number.*Held: none"):
        pipeline.forget_lighting(1, settings=held)


def test_a_statement_that_cannot_be_taken_back_is_not_lost(held, tmp_path, monkeypatch):
    state(held, tmp_path, way_id=[unknown_way(held)], lit=["yes"])
    monkeypatch.setattr(streets, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        pipeline.forget_lighting(1, settings=held)
    assert pipeline.list_stated(held)["number"].tolist() == [1]


def test_what_is_mapped_is_kept_and_the_difference_told(held, tmp_path):
    graph = load_streets(held)
    lit = int(graph.way_id[np.flatnonzero(graph.lit == streets.LIT)[0]])
    done = state(held, tmp_path, way_id=[lit], lit=["no"])
    assert done.filled_km == 0
    assert set(done.conflicts["kept"]) == {"held"}
    assert "mapped otherwise; the map was kept" in " ".join(done.sentences())


def test_a_segment_stated_is_kept_by_its_way(held, tmp_path):
    segment = int(np.flatnonzero(load_streets(held).lit == streets.UNKNOWN)[0])
    state(held, tmp_path, segment=[segment], lit=["yes"])
    kept = pd.read_parquet(next((held.store / "stated-lighting").glob("*.parquet")))
    assert kept["way_id"].tolist() == [str(load_streets(held).way_id[segment])]
    assert "segment" not in kept


def test_a_council_states_by_its_lamp_columns(held, tmp_path):
    graph = load_streets(held)
    edge = int(np.flatnonzero(graph.lit == streets.UNKNOWN)[0])
    along = slice(graph.geom_start[edge], graph.geom_start[edge + 1])
    lon, lat = graph.geom_lon[along], graph.geom_lat[along]
    at = np.linspace(0, 1, 60)
    grid = np.linspace(0, 1, len(lon))
    file = tmp_path / "columns.csv"
    places = {"longitude": np.interp(at, grid, lon), "latitude": np.interp(at, grid, lat)}
    pd.DataFrame({"column_no": range(60), **places, "installed": "2020-05-01"}).to_csv(file, index=False)
    done = pipeline.state_lighting(file, settings=held, council="Stonebridge")
    assert done.filled_km * 1000 >= graph.length_m[edge] - 1e-6
    told = pipeline.held_streets(held).provenance
    assert "council" in set(told["source"])
    assert pipeline.list_stated(held)["council"].tolist() == ["Stonebridge"]


def test_bad_statements_and_stores_are_told(held, tmp_path):
    with pytest.raises(SchemaError, match="lacks its columns"):
        state(held, tmp_path, way_id=[1])
    with pytest.raises(SchemaError, match=r"row 1 lit 'perhaps'"):
        state(held, tmp_path, way_id=[unknown_way(held)], lit=["perhaps"])
    assert pipeline.list_stated(held).empty
    with pytest.raises(StoreError, match="No street network has been imported"):
        pipeline.state_lighting(tmp_path / "stated.csv", settings=load_settings(store=tmp_path / "none"))


def test_streets_are_downloaded_for_an_area_and_imported(tmp_path):
    content = write(tmp_path / "answer.osm").read_bytes()
    with serving(Awkward(answer=lambda _path, _sent: Step(body=content))) as server:
        fetch = {"overpass": f"{server.address}/api/interpreter", "stall_s": 5}
        settings = load_settings(store=tmp_path / "store", fetch=fetch)
        area = tmp_path / "area.geojson"
        shape = {"type": "Feature", "properties": {"area_id": "here", "name": "Here"}}
        rows = [shape | {"geometry": AREA.__geo_interface__}]
        area.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
        pipeline.ingest_layer([area], layer="areas", settings=settings)
        got = pipeline.download_streets("here", settings=settings)
    there = streets.import_streets(write(tmp_path / "a.osm.pbf"), clip=AREA)
    assert got.summary.walkable_km == pytest.approx(streets.summary(there.graph).walkable_km)
    assert got.credit == "© OpenStreetMap contributors"


def test_a_torn_import_leaves_the_streets_of_before(held, town, tmp_path, monkeypatch):
    before = (held.store / "streets.npz").read_bytes()
    shutil.copy(town.streets_pbf, tmp_path / "again.osm.pbf")
    monkeypatch.setattr(streets, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        pipeline.ingest_streets(tmp_path / "again.osm.pbf", settings=held)
    assert (held.store / "streets.npz").read_bytes() == before
    assert (held.store / MAPPED_FILE).exists()
