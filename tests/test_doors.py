"""Every public door and every command, given a file that is not what it says: our error, never a library's.

Each error says where it is, and what to do about it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

import safespace as ss
from safespace import cli
from safespace.errors import InputError, SafeSpaceError, StoreError
from safespace.pipeline.calendars import held_calendar
from safespace.pipeline.choices import layer_kinds
from safespace.pipeline.layers import layer_file
from safespace.pipeline.loading import area_values
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AREA = shapely.box(-1.2, 52.9, -1.1, 53.0)
HERE = pd.DataFrame({"lon": [-1.15] * 50, "lat": [52.95] * 50})
ENDINGS = ("csv", "xlsx", "parquet", "gpkg", "geojson", "shp", "zip", "osm.pbf", "npz")
YEAR = (date(2025, 1, 1), date(2025, 12, 31))

DOORS: dict[str, Callable[[Path], object]] = {
    "add_cells": ss.add_cells,
    "count": lambda path: ss.count(path, AREA, resolution=8),
    "count, area": lambda path: ss.count(HERE, path, resolution=8),
    "grid": lambda path: ss.grid(path, resolution=8),
    "find_hotspots": lambda path: ss.find_hotspots(path, AREA),
    "find_hotspots, area": lambda path: ss.find_hotspots(HERE, path),
    "scan": lambda path: ss.scan(path, AREA),
    "evaluate": lambda path: ss.evaluate(path, AREA, AREA, changed=YEAR[0], days=3),
    "release": lambda path: ss.release(path, AREA, period=YEAR, sources=["nte"], recipients=["council"]),
    "read_streets": ss.read_streets,
    "read_reports": lambda path: ss.read_reports([path], source="streetsafe", settings=ss.Settings()),
    "Store": lambda path: ss.Store.open(path).loads(),
}

COMMANDS: dict[str, Callable[[Path, Path], list[object]]] = {
    **{
        f"ingest {kind}": lambda path, store, kind=kind: ["ingest", path, "--source", kind, "--store", store]
        for kind in (*SOURCES, *layer_kinds())
    },
    "ingest --mapping": lambda path, store: [
        *("ingest", path, "--source", "nte", "--mapping", path, "--store", store, "--check")
    ],
    "mapping": lambda path, store: ["mapping", path, "--source", "nte", "--out", store / "ours.toml"],
    "streets": lambda path, store: ["streets", path, "--store", store],
    "lighting": lambda path, store: ["lighting", path, "--store", store],
    "improve": lambda path, store: ["improve", "--walks", path, "--store", store],
    "corridors": lambda path, store: ["corridors", "--from-file", path, "--to-file", path, "--store", store],
    "town": lambda path, store: ["town", store / "town", "--streets-of", path],
    "hotspots": lambda path, _: ["hotspots", "--store", path],
    "loads": lambda path, _: ["loads", "--store", path],
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> list[Path]:
    """Write folders, noise, empty files, a CSV under other names, and files cut in half."""
    folder = tmp_path_factory.mktemp("broken")
    noise = np.random.default_rng(1).bytes(4000)
    for ending in ENDINGS:
        (folder / f"folder.{ending}").mkdir()
        (folder / f"noise.{ending}").write_bytes(noise)
        (folder / f"empty.{ending}").touch()
    for ending in ("gpkg", "geojson", "osm.pbf", "parquet", "npz"):
        HERE.to_csv(folder / f"table.{ending}", index=False)
    points = gpd.GeoDataFrame(HERE, geometry=gpd.points_from_xy(HERE["lon"], HERE["lat"]), crs=4326)
    points.to_parquet(folder / "cut.parquet")
    points.to_file(folder / "cut.gpkg")
    for whole in (folder / "cut.parquet", folder / "cut.gpkg"):
        content = whole.read_bytes()
        whole.write_bytes(content[: len(content) // 2])
    return [*sorted(folder.iterdir()), folder / "missing.csv", folder / "missing.gpkg"]


def complaint(problem: BaseException | None, path: Path, *, taken: bool) -> str:
    """Return what is wrong with how a file was refused, or nothing."""
    if problem is None:
        return "" if taken else f"{path.name}: taken"
    if not isinstance(problem, SafeSpaceError):
        return f"{path.name}: {type(problem).__name__}: {problem}"
    lacks = [part for part in ("where", "remedy") if not str(getattr(problem, part))]
    return f"{path.name}: {problem.code} lacks {lacks}" if lacks else ""


@pytest.mark.parametrize("door", DOORS)
def test_a_door_refuses_what_is_not_a_file_of_its_kind(door, broken):
    wrong = []
    for path in broken:
        problem: BaseException | None = None
        try:
            DOORS[door](path)
        except Exception as caught:  # noqa: BLE001 - whatever it is, it is looked at
            problem = caught
        wrong.append(complaint(problem, path, taken=False))
    assert list(filter(None, wrong)) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_what_is_not_a_file_of_its_kind(command, broken, tmp_path):
    wrong, refused = [], 0
    for path in broken:
        words = [str(word) for word in COMMANDS[command](path, tmp_path)]
        ended = CliRunner().invoke(cli.app, words, standalone_mode=False)
        ours = isinstance(ended.exception, SafeSpaceError)
        typed = ended.exception is not None and type(ended.exception).__module__.startswith(
            ("typer", "click")
        )
        refused += ours or typed
        if not typed:  # a missing file or a folder is refused by name before a command begins
            # A CSV is read as one whatever it is called, and a place for a store may be new.
            wrong.append(complaint(ended.exception, path, taken=path.stem.startswith("table")))
    assert list(filter(None, wrong)) == []
    assert refused >= len(broken) - 5


def test_a_damaged_layer_of_a_store_is_said_to_be_damaged(tmp_path):
    settings = ss.load_settings(store=tmp_path)
    for name, read in (
        ("residents", lambda: area_values("residents", settings)),
        ("calendar", lambda: held_calendar(settings)),
    ):
        file = layer_file(name, settings)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"PAR1 not a table PAR1")
        with pytest.raises(StoreError, match="A table of the store cannot be read") as seen:
            read()
        assert (seen.value.where, bool(seen.value.remedy)) == (file, True)


def test_a_mapping_that_is_no_toml_is_named(broken, tmp_path):
    noise = next(path for path in broken if path.name == "noise.csv")
    table = tmp_path / "a.csv"
    HERE.to_csv(table, index=False)
    with pytest.raises(InputError, match=r"noise\.csv"):
        ss.read_reports([table], source="nte", settings=ss.Settings(), mapping=noise)


# ---- frames and files that are whole and yet not what is wanted ---------------------------------------

POINTS = gpd.GeoDataFrame(geometry=gpd.points_from_xy(HERE["lon"], HERE["lat"]), crs=4326)
WRONG_POINTS = {
    "no CRS": (POINTS.set_crs(None, allow_override=True), "state no coordinate system"),
    "metres said to be degrees": (POINTS.to_crs(27700).set_crs(4326, allow_override=True), "degrees"),
    "metres without a system": (
        pd.DataFrame({"lon": [457210.0], "lat": [339520.0]}),
        "metres of the British",
    ),
    "swapped axes": (HERE.rename(columns={"lon": "lat", "lat": "lon"}), "other way round"),
    "a missing column": (HERE[["lon"]], "Columns are missing: lat"),
    "lines": (gpd.GeoSeries([shapely.LineString([(-1.2, 52.9), (-1.1, 53.0)])], crs=4326), "must be a point"),
    "no such file": ("nowhere.csv", "There is no such file"),
}
WRONG_AREAS = {
    "no CRS": (gpd.GeoSeries([AREA]), "states no coordinate system"),
    "points": (POINTS, "not a polygon"),
    "lines": (gpd.GeoSeries([AREA.exterior], crs=4326), "not a polygon"),
    "an empty frame": (gpd.GeoSeries([], crs=4326), "not a polygon"),
    "no such file": ("nowhere.geojson", "There is no such file"),
}
TAKES_POINTS = {
    "add_cells": ss.add_cells,
    "count": lambda points: ss.count(points, AREA, resolution=8),
    "find_hotspots": lambda points: ss.find_hotspots(points, AREA),
    "scan": lambda points: ss.scan(points, AREA),
    "evaluate": lambda points: ss.evaluate(points, AREA, ELSEWHERE, changed=YEAR[0], days=28),
    "release": lambda points: ss.release(
        points, AREA, period=YEAR, sources=["nte"], recipients=["the council"]
    ),
}
ELSEWHERE = shapely.box(-1.4, 52.9, -1.3, 53.0)
TAKES_AREAS = {
    "grid": ss.grid,
    "count": lambda area: ss.count(HERE, area),
    "find_hotspots": lambda area: ss.find_hotspots(HERE, area),
    "scan": lambda area: ss.scan(HERE, area),
    "evaluate": lambda area: ss.evaluate(
        HERE.assign(occurred_from="2025-01-01"), area, ELSEWHERE, changed=YEAR[0], days=28
    ),
    "release": lambda area: ss.release(
        HERE.assign(occurred_from="2025-01-01"),
        area,
        period=YEAR,
        sources=["nte"],
        recipients=["the council"],
    ),
}


@pytest.fixture(scope="module")
def graph(town):
    return ss.read_streets(town.streets_pbf)


def walked(graph, start, end, points):
    return ss.plan_walk(graph, start, end, reports=points)


def linked(graph, _, end, points):
    return ss.find_corridors(graph, points, pd.DataFrame([end], columns=["lon", "lat"]))


def passed(graph, start, end, points):
    ends = [pd.DataFrame([one], columns=["lon", "lat"]) for one in (start, end)]
    return ss.find_corridors(graph, *ends, reports=points)


@pytest.mark.parametrize("wrong", WRONG_POINTS)
@pytest.mark.parametrize("door", TAKES_POINTS)
def test_every_door_refuses_points_it_cannot_place(door, wrong):
    given, said = WRONG_POINTS[wrong]
    with pytest.raises(SafeSpaceError, match=said) as refused:
        TAKES_POINTS[door](given)
    assert refused.value.remedy


@pytest.mark.parametrize("wrong", WRONG_POINTS)
@pytest.mark.parametrize("door", [walked, linked, passed])
def test_every_door_of_walks_refuses_points_it_cannot_place(door, wrong, graph, town):
    (given, said), link = WRONG_POINTS[wrong], town.truth.links[0]
    with pytest.raises(SafeSpaceError, match=said) as refused:
        door(graph, link.start, link.end, given)
    assert refused.value.remedy


@pytest.mark.parametrize("wrong", WRONG_AREAS)
@pytest.mark.parametrize("door", TAKES_AREAS)
def test_every_door_refuses_an_area_it_cannot_draw(door, wrong):
    given, said = WRONG_AREAS[wrong]
    with pytest.raises(SafeSpaceError, match=said) as refused:
        TAKES_AREAS[door](given)
    assert refused.value.remedy


def test_no_points_at_all_count_as_none_and_are_no_finding():
    """An empty frame is an answer where counting is asked for, and too few where a finding is."""
    nothing = POINTS.iloc[:0]
    assert ss.add_cells(nothing).empty
    assert ss.count(nothing, AREA, resolution=8)["events"].sum() == 0
    for door in (ss.find_hotspots, ss.scan):
        with pytest.raises(SafeSpaceError, match=r"too few|too little"):
            door(nothing, AREA)
