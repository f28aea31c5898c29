"""Questions that nothing can answer: a sentence with a remedy at every face, never NaN, never an empty success."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import safespace as ss
from safespace.errors import SafeSpaceError

TOWN = shapely.box(-1.20, 52.90, -1.10, 53.00)
SPECK = shapely.Point(-1.15, 52.95).buffer(0.00002)


def area(shape):
    return gpd.GeoDataFrame({"area_id": ["a"], "name": ["A"]}, geometry=[shape], crs=4326)


def points(lon, lat):
    count = len(np.atleast_1d(lon))
    moment = pd.date_range("2026-01-01", periods=count, freq="D", tz="UTC")
    return gpd.GeoDataFrame({"occurred_from": moment}, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def strewn(count, seed=1):
    rng = np.random.default_rng(seed)
    return points(rng.uniform(-1.195, -1.105, count), rng.uniform(52.905, 52.995, count))


QUESTIONS = {
    "one report": (points([-1.15], [52.95]), TOWN, 8),
    "two reports": (points([-1.15, -1.14], [52.95, 52.96]), TOWN, 8),
    "an area smaller than a cell": (points([-1.15] * 40, [52.95] * 40), SPECK, 8),
    "an area of one cell at a coarse resolution": (strewn(200), TOWN, 5),
    "no report inside": (points([-1.5] * 40, [52.5] * 40), TOWN, 8),
}


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_a_question_without_an_answer_is_a_sentence_with_a_remedy(name):
    reports, shape, resolution = QUESTIONS[name]
    with pytest.raises(SafeSpaceError) as raised:
        ss.find_hotspots(reports, area(shape), resolution=resolution)
    said = str(raised.value)
    assert raised.value.code
    assert len(said) > 40
    assert "nan" not in said.lower()
    assert said.rstrip().endswith((".", ")"))


def test_all_in_one_cell_is_an_answer_with_figures():
    found = ss.find_hotspots(points([-1.15] * 60, [52.95] * 60), area(TOWN), resolution=8)
    assert len(found.places) == 1
    table = found.finding.table
    figures = table.loc[table["tested"]].select_dtypes("number").to_numpy()
    assert np.isfinite(figures).all()
    place = found.places.iloc[0]
    assert place["lower"] > 1
    assert np.isfinite(place[["rate", "lower", "upper", "smoothed", "foretold"]].astype(float)).all()


def test_layers_that_never_meet_share_no_place():
    west = strewn(300).cx[:-1.15, :]
    east = strewn(300, seed=2).cx[-1.15:, :]
    agreed = ss.find_agreement(*(ss.find_hotspots(layer, area(TOWN), resolution=8) for layer in (west, east)))
    assert "both" not in set(agreed["agreement"])
    assert not pd.DataFrame(agreed.drop(columns="geometry")).select_dtypes("number").isna().any(axis=None)
