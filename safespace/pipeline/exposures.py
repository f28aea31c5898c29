"""How each baseline is made, cell by cell, from what a store holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from safespace import cells, streets
from safespace.engine import open_engine
from safespace.errors import InputError, Remedy
from safespace.pipeline.baselines import BASELINES
from safespace.pipeline.layers import layer_file, supplied
from safespace.pipeline.loading import area_values
from safespace.pipeline.networks import load_streets
from safespace.pipeline.selection import count_events
from safespace.registry import RECORDED, called, of_layer
from safespace.store import Store

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from safespace.pipeline.view import View
    from safespace.registry import Baseline
    from safespace.settings import Settings


PREMISES = ("pub", "bar", "club")


def exposure(baseline: str, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    """Return a baseline per cell of a window, indexed by cell.

    Raises
    ------
    InputError
        When there is no such baseline, or the store has nothing to make it from, saying what to load.
    """
    record = BASELINES[baseline]
    made: pd.Series | None = called(record.exposure)(record, window, view, settings)
    if made is None:
        needs = record.needs or "what is missing"
        there = "on the Data page" if record.loaded_as != "amounts" else "with whoever runs this app"
        raise InputError(
            "The store has nothing to make this baseline from.",
            code="baseline-not-loaded",
            seen=record.words,
            remedy=Remedy(
                cli=f"Compare with the area of the cell, or load {needs}: see docs/formats.md.",
                app=f"Compare with the area of each cell, or load {needs} {there}.",
                library=f"Compare with the area of the cell, or load {needs}: see docs/formats.md.",
            ),
        )
    return made


def is_held(baseline: str, settings: Settings, sources: set[str]) -> bool:
    """Say whether the store can serve a baseline; ``sources`` are those it holds."""
    record = BASELINES[baseline]
    held: bool = called(record.available)(record, settings, sources)
    return held


def baseline_note(baseline: str, settings: Settings) -> str:
    """Return what a reader must know of where a baseline came from, or nothing."""
    record = BASELINES[baseline]
    note: str = called(record.note)(record, settings) if record.note else ""
    return note


def area_exposure(baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    """Return the area of each cell, km²."""
    del baseline, view, settings
    return window.set_index("cell")["area_km2"]


def street_exposure(
    baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings
) -> pd.Series | None:
    """Return the metres of walkable street in each cell."""
    del baseline
    graph = load_streets(settings)
    return None if graph is None else streets.walkable_length(graph, window, resolution=view.resolution)


def premises_exposure(
    baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings
) -> pd.Series | None:
    """Return how many premises each cell has, each spread evenly over the ground within reach of its door."""
    del baseline, view
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


def premises_note(baseline: Baseline, settings: Settings) -> str:
    """Say how many premises there are and how far each reaches."""
    del baseline
    reach = settings.hotspots.premises_reach_m
    return f"{len(premises(settings)):,} pubs, bars and clubs as mapped, each reaching {reach:g} m."


def supplied_note(baseline: Baseline, settings: Settings) -> str:
    """Say which column of which file the amounts are."""
    layer = supplied(baseline.id, settings)
    if layer is None:
        return ""
    return f"The baseline is column {layer.value_column} of {layer.file}, as supplied; nobody has checked it."


def always(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say that nothing has to be loaded."""
    del baseline, settings, sources
    return True


def has_streets(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say whether streets are loaded."""
    del baseline, sources
    return load_streets(settings) is not None


def has_premises(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say whether a pub, a bar or a club is among the landmarks."""
    del baseline, sources
    return not premises(settings).empty


def has_recorded(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say whether a recorded source is held."""
    del baseline, settings
    return bool(sources & set(of_layer(RECORDED)))


def has_area_values(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say whether its number for each area was loaded."""
    del sources
    return area_values(baseline.id, settings) is not None


def has_supplied(baseline: Baseline, settings: Settings, sources: set[str]) -> bool:
    """Say whether its amounts were loaded."""
    del sources
    return layer_file(baseline.id, settings).exists()


def recorded_exposure(
    baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings
) -> pd.Series | None:
    """Return the recorded events in each cell, of the sources that are not asked about."""
    del baseline
    others = [source for source in of_layer(RECORDED) if source not in view.sources]
    files = Store.open(settings.store).report_files(sources=others)
    if not files:
        return None
    engine = open_engine(settings.engine)
    counted = cells.count(files, window, resolution=view.resolution, engine=engine)
    return counted.set_index("cell")["events"].astype(float)


def recorded_until(until: date, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    """Return the recorded events in each cell up to a day, of the sources that are not asked about.

    What :func:`recorded_exposure` would have been then, for judging on what came after.
    """
    others = tuple(source for source in of_layer(RECORDED) if source not in view.sources)
    asked = view.but(
        sources=others, since=None, until=until, window="", calendar="", factor="", kinds=(), found_by="all"
    )
    return count_events(asked, window, settings).set_index("cell")["events"].astype(float)


def supplied_exposure(
    baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings
) -> pd.Series | None:
    """Return supplied amounts, summed over points or spread over polygons."""
    held = supplied(baseline.id, settings)
    if held is None:
        return None
    values = held.amounts["value"].to_numpy(float)
    if held.points:
        place = held.amounts.geometry
        return cells.sum_points(place.x, place.y, values, window, resolution=view.resolution)
    return cells.spread_areas(held.amounts, values, window)


def layer_exposure(
    baseline: Baseline, window: pd.DataFrame, view: View, settings: Settings
) -> pd.Series | None:
    """Return its number for each area, spread evenly over the area's ground."""
    del view
    values = area_values(baseline.id, settings)
    if values is None:
        return None
    held = Store.open(settings.store).areas()
    held = held[held["area_id"].isin(values.index)]
    return cells.spread_areas(held, values.reindex(held["area_id"]).to_numpy(float), window)
