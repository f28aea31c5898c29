"""Baselines: what the counts of a cell are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from safespace import cells, streets
from safespace.engine import open_engine
from safespace.errors import InputError, Remedy
from safespace.pipeline.choices import SUPPLIED
from safespace.pipeline.layers import supplied
from safespace.pipeline.loading import area_values
from safespace.pipeline.networks import load_streets
from safespace.pipeline.view import AREA_LAYERS, BASELINES
from safespace.registry import RECORDED, of_layer
from safespace.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from safespace.pipeline.view import View
    from safespace.settings import Settings


PREMISES = ("pub", "bar", "club")


def exposure(baseline: str, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    """Return a baseline per cell of a window, indexed by cell.

    Raises
    ------
    InputError
        When the store has nothing to make that baseline from, saying what to load.
    """
    if baseline in AREA_LAYERS:
        made = _layer_exposure(baseline, window, settings)
    elif baseline in SUPPLIED:
        made = _supplied_exposure(baseline, window, view, settings)
    else:
        makers = {
            "area": _area_exposure,
            "streets": _street_exposure,
            "premises": _premises_exposure,
            "recorded": _recorded_exposure,
        }
        made = makers[baseline](window, view, settings)
    if made is None:
        raise InputError(
            "The store has nothing to make this baseline from.",
            code="baseline-not-loaded",
            seen=BASELINES[baseline],
            remedy=Remedy(
                cli="Compare with the area of the cell, or load what is missing: see docs/formats.md.",
                app="Compare with the area of each cell, or load what is missing on the Data page.",
                library="Compare with the area of the cell, or load what is missing: see docs/formats.md.",
            ),
        )
    return made


def _area_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    del view, settings
    return window.set_index("cell")["area_km2"]


def _street_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    graph = load_streets(settings)
    return None if graph is None else streets.walkable_length(graph, window, resolution=view.resolution)


def _premises_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    """Return how many premises each cell has, each spread evenly over the ground within reach of its door."""
    del view
    held = premises(settings)
    if held.empty:
        return None
    metres, system = cells.to_metres(held["lon"], held["lat"])
    doors = gpd.GeoSeries(gpd.points_from_xy(*metres.T), crs=system)
    ground = gpd.GeoDataFrame(geometry=doors.buffer(settings.hotspots.premises_reach_m))
    return cells.spread_areas(ground, np.ones(len(ground)), window)


def premises(settings: Settings) -> pd.DataFrame:
    """Return the pubs, bars and clubs among the landmarks (:data:`safespace.schemas.ASSETS`)."""
    held = Store.open(settings.store).assets()
    found: pd.DataFrame = held[held["kind"].isin(PREMISES)]
    return found


def baseline_note(baseline: str, settings: Settings) -> str:
    """Return what a reader must know of where a baseline came from, or nothing."""
    if baseline == "premises":
        reach = settings.hotspots.premises_reach_m
        return f"{len(premises(settings)):,} pubs, bars and clubs as mapped, each reaching {reach:g} m."
    layer = supplied(baseline, settings) if baseline in SUPPLIED else None
    if layer is None:
        return ""
    return f"The baseline is column {layer.value_column} of {layer.file}, as supplied; nobody has checked it."


def _recorded_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    others = [source for source in of_layer(RECORDED) if source not in view.sources]
    files = Store.open(settings.store).report_files(sources=others)
    if not files:
        return None
    engine = open_engine(settings.engine)
    counted = cells.count(files, window, resolution=view.resolution, engine=engine)
    return counted.set_index("cell")["events"].astype(float)


def _supplied_exposure(layer: str, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    held = supplied(layer, settings)
    if held is None:
        return None
    values = held.amounts["value"].to_numpy(float)
    if held.points:
        place = held.amounts.geometry
        return cells.sum_points(place.x, place.y, values, window, resolution=view.resolution)
    return cells.spread_areas(held.amounts, values, window)


def _layer_exposure(layer: str, window: pd.DataFrame, settings: Settings) -> pd.Series | None:
    values = area_values(layer, settings)
    if values is None:
        return None
    held = Store.open(settings.store).areas()
    held = held[held["area_id"].isin(values.index)]
    return cells.spread_areas(held, values.reindex(held["area_id"]).to_numpy(float), window)
