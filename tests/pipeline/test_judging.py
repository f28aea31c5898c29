"""Clusters, change over time, and places judged on months they have not seen."""

from __future__ import annotations

import geopandas as gpd
import pytest

from safespace import pipeline
from safespace.errors import TooFewError


def test_planted_places_are_clusters_that_come_back(town, town_settings):
    found = pipeline.find_clusters(pipeline.View(), town_settings)
    steady = found.table[found.table["stability"] > 0.8].to_crs(found.system)
    planted = [place for place in town.truth.hot() if "streetsafe" in place.sources]
    points = gpd.points_from_xy(*zip(*[(p.lon, p.lat) for p in planted], strict=True), crs="EPSG:4326")
    for point in points.to_crs(found.system):
        assert steady.distance(point).min() < 100
    assert found.table["p_value"].between(0, 1).all()


def test_months_add_up_to_the_events_inside(town_settings):
    view = pipeline.View(sources=("nte",))
    counted = pipeline.count_cells(view, town_settings)
    change = pipeline.find_change(view, town_settings)
    assert change.months["events"].sum() == counted.loc[~counted["edge"], "events"].sum()
    assert change.months["month"].iloc[0] == "2025-09"
    assert change.near_repeat is not None


def test_places_beat_random_where_places_were_planted(town_settings):
    found = pipeline.validate_places(pipeline.View(sources=("nte",)), town_settings, later=4)
    tenth = found.table[found.table["area_share"].round(2) == 0.1].set_index("method")
    assert tenth.loc["smoothed", "pai_lower"] > 1
    assert tenth.loc["random", "pai"] == pytest.approx(1, abs=0.3)


def test_too_few_months_to_judge_on_is_said(town_settings):
    with pytest.raises(TooFewError, match="later"):
        pipeline.validate_places(pipeline.View(sources=("nte",)), town_settings, later=11)
