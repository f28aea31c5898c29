"""Baselines made of premises and of supplied layers: amounts kept, spread exactly, named in every result."""

from __future__ import annotations

import re
import shutil

import geopandas as gpd
import pytest
import shapely

from safespace import cells, pipeline
from safespace.errors import InputError, SchemaError
from safespace.pipeline import View
from safespace.pipeline.exposures import PREMISES, exposure
from safespace.pipeline.layers import supplied
from safespace.store import Store


@pytest.fixture(scope="module")
def settings(town_settings, tmp_path_factory):
    """Return settings of a copy of the town's store, which tests may add layers to."""
    store = tmp_path_factory.mktemp("baselines") / "store"
    shutil.copytree(town_settings.store, store)
    return town_settings.model_copy(update={"store": store})


@pytest.fixture(scope="module")
def window(settings):
    outline = Store.open(settings.store).areas().geometry.union_all()
    return cells.study_window(outline, resolution=9)


def whole(window):
    """Return the cells that lie wholly inside the area."""
    return window.loc[~window["edge"] & window["ground"].isna(), "cell"]


def give(folder, shapes, values, settings, layer="footfall"):
    path = folder / f"{layer}.geojson"
    gpd.GeoDataFrame({"people": values}, geometry=shapes, crs="EPSG:4326").to_file(path, engine="pyogrio")
    return pipeline.ingest_layer([path], layer=layer, settings=settings, value_column="people")


def test_premises_keep_their_number_and_reach_neighbouring_cells(settings, window):
    spread = exposure("premises", window, View(), settings)
    held = Store.open(settings.store).assets()
    doors = held[held["kind"].isin(PREMISES)]
    inside = cells.sum_points(doors["lon"], doors["lat"], [1.0] * len(doors), window, resolution=9)
    assert inside.sum() == len(doors) > 40, "every pub, bar and club lies well inside"
    assert spread.sum() == pytest.approx(len(doors))
    assert (spread > 0).sum() > (inside > 0).sum()
    assert (spread == 0).any()


def test_polygon_totals_are_split_by_shared_ground(settings, window, tmp_path):
    one, other = whole(window).iloc[[40, 41]]
    shapes = cells.hexagons([one, other])
    give(tmp_path, [shapely.union_all(shapes.to_numpy())], [90.0], settings)
    spread = exposure("footfall", window, View(), settings)
    ground = shapes.to_crs(cells.EQUAL_AREA).area
    assert spread[[one, other]].tolist() == pytest.approx((90 * ground / ground.sum()).tolist(), rel=1e-6)
    assert spread.sum() == pytest.approx(90)


def test_point_weights_fall_in_their_cell(settings, window, tmp_path):
    middle = cells.hexagons(whole(window).iloc[[3, 9, 9]]).representative_point()
    give(tmp_path, list(middle), [5, 2, 3], settings, "population")
    spread = exposure("population", window, View(), settings)
    assert spread[spread > 0].tolist() == [5.0, 5.0]
    assert supplied("population", settings).points


def test_a_supplied_layer_is_named_and_compared(settings, tmp_path):
    before = pipeline.version(settings)
    outline = Store.open(settings.store).areas().geometry.union_all().buffer(0.01)
    told = give(tmp_path, [outline], [12_000], settings)
    assert told == ("People passing, as supplied: 12,000 in 1 polygons (footfall.geojson, people).",)
    assert pipeline.version(settings) != before
    found = pipeline.find_places(View(baseline="footfall"), settings)
    assert found.hotspots.baseline == "people passing, as supplied"
    assert found.other.baseline == "length of walkable street"
    assert any("column people of footfall.geojson" in note for note in found.notes)
    even = pipeline.find_places(View(baseline="area"), settings)
    assert found.hotspots.hot.tolist() == even.hotspots.hot.tolist(), "one polygon is the area of the cell"


def test_a_baseline_of_premises_says_what_it_counts(settings):
    found = pipeline.find_places(View(sources=("nte",), baseline="premises"), settings)
    assert "pubs, bars and clubs within reach" in found.hotspots.basis()
    assert any("as mapped, each reaching 250 m" in note for note in found.notes)
    assert "premises" in pipeline.catalog(settings).baselines


@pytest.mark.parametrize(
    ("files", "column", "refused", "says"),
    [
        (2, "people", InputError, "2 files, column people"),
        (1, "", InputError, r"no column.*--value-column COLUMN"),
        (1, "../people", SchemaError, r"\.\./people.*people"),
    ],
)
def test_a_supplied_layer_is_one_file_and_a_column(settings, tmp_path, files, column, refused, says):
    path = tmp_path / "f.geojson"
    box = shapely.box(-1.2, 52.9, -1.1, 53)
    gpd.GeoDataFrame({"people": [1]}, geometry=[box], crs="EPSG:4326").to_file(path, engine="pyogrio")
    with pytest.raises(refused) as problem:
        pipeline.ingest_layer([path] * files, layer="footfall", settings=settings, value_column=column)
    assert re.search(says, problem.value.told("cli"))
