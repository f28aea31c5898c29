"""Felt and recorded on the same cells, each with its own sample."""

from __future__ import annotations

import csv
import json
from datetime import date

import pytest

from safespace import pipeline
from safespace.cells import data_beyond
from safespace.errors import AreaError, FileError, InputError, TooFewError
from safespace.pipeline import View


@pytest.fixture(scope="module")
def found(town_settings):
    return pipeline.find_agreement(View(), town_settings)


def test_each_layer_is_found_by_itself(found, town_settings):
    alone = pipeline.find_places(View(), town_settings)
    assert found.felt.hot.tolist() == alone.hotspots.hot.tolist()
    assert found.felt.events == alone.events
    recorded = pipeline.find_places(View(sources=("nte", "spiking", "police_uk")), town_settings)
    assert found.recorded.hot.tolist() == recorded.hotspots.hot.tolist()
    assert found.recorded.events == recorded.events > found.felt.events


def test_every_cell_inside_has_one_class_and_both_is_where_both_are(found):
    assert sum(found.counts().values()) == len(found.table) == (~found.felt.table["edge"]).sum()
    both = set(found.felt.hot.tolist()) & set(found.recorded.hot.tolist())
    assert set(found.table.loc[found.table["agreement"] == "both", "cell"]) == both
    assert both, "the town has a place planted in both"


def test_nothing_is_added_together(found):
    assert found.table["felt_events"].sum() <= found.felt.events
    assert not {"events", "rate"} & set(found.table.columns)
    assert "The two layers are never added together." in found.notes
    for layer, told in (("Public reports", found.felt), ("Recorded incidents", found.recorded)):
        assert f"{layer}: {told.basis()}" in found.notes
        assert f"{layer}: {data_beyond(told.table).sentence()}" in found.notes


def test_files_carry_both_layers_and_the_label(found, town_settings, tmp_path):
    for kind in ("csv", "geojson", "html"):
        pipeline.write_agreement(found, tmp_path / f"a.{kind}", town_settings)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found.table)
    assert rows[0]["label_of_data"] == "Synthetic data"
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert {feature["properties"]["agreement"] for feature in features} == {
        name for name, number in found.counts().items() if number
    }
    assert "Higher than its usual in both public reports" in (tmp_path / "a.html").read_text()
    with pytest.raises(FileError, match=r"\.csv, \.geojson, \.html"):
        pipeline.write_agreement(found, tmp_path / "a.gpkg", town_settings)


def test_a_layer_is_not_its_own_baseline(town_settings):
    with pytest.raises(InputError, match="both a layer and the baseline"):
        pipeline.find_agreement(View(baseline="recorded"), town_settings)


def test_a_thin_layer_is_named(town_settings):
    with pytest.raises((TooFewError, AreaError), match="Public reports"):
        pipeline.find_agreement(View(since=date(2026, 2, 1), until=date(2026, 2, 2)), town_settings)
