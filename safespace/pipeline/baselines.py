"""Baselines: what the counts of a cell are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safespace import cells, streets
from safespace.engine import open_engine
from safespace.errors import InputError
from safespace.pipeline.loading import area_values, load_streets
from safespace.pipeline.view import AREA_LAYERS, BASELINES, RECORDED
from safespace.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from safespace.pipeline.view import View
    from safespace.settings import Settings


def exposure(baseline: str, window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    """Return a baseline per cell of a window, indexed by cell.

    Raises
    ------
    InputError
        When the store has nothing to make that baseline from, saying what to load.
    """
    if baseline in AREA_LAYERS:
        made = _layer_exposure(baseline, window, settings)
    else:
        makers = {"area": _area_exposure, "streets": _street_exposure, "recorded": _recorded_exposure}
        made = makers[baseline](window, view, settings)
    if made is None:
        raise InputError(
            "The store has nothing to make this baseline from.",
            seen=BASELINES[baseline],
            remedy="Compare with the area of the cell, or load what is missing: see docs/formats.md.",
        )
    return made


def _area_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series:
    del view, settings
    return window.set_index("cell")["area_km2"]


def _street_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    graph = load_streets(settings)
    return None if graph is None else streets.walkable_length(graph, window, resolution=view.resolution)


def _recorded_exposure(window: pd.DataFrame, view: View, settings: Settings) -> pd.Series | None:
    others = [source for source in RECORDED if source not in view.sources]
    files = Store.open(settings.store).report_files(sources=others)
    if not files:
        return None
    engine = open_engine(settings.engine)
    counted = cells.count(files, window, resolution=view.resolution, engine=engine)
    return counted.set_index("cell")["events"].astype(float)


def _layer_exposure(layer: str, window: pd.DataFrame, settings: Settings) -> pd.Series | None:
    values = area_values(layer, settings)
    if values is None:
        return None
    held = Store.open(settings.store).areas()
    held = held[held["area_id"].isin(values.index)]
    return cells.spread_areas(held, values.reindex(held["area_id"]).to_numpy(float), window)
