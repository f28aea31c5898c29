"""Twins of pipeline calls that remember their answers.

Keys are small values: the question as text, the settings, the version of the store. The edition is part of
the question, so one edition never meets the other's answer, and a load changes the version, so no answer
outlives its data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from safespace import pipeline
from safespace.app import decks
from safespace.pipeline import Limits, View
from safespace.settings import Settings

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pydeck as pdk

    from safespace.app.state import End
    from safespace.pipeline import Agreement, Catalog, CellStory, Months, PlacesFound, WalkPlanned

_Keys: TypeAlias = dict[str | type[Any], Callable[[Any], Any]]


def _keys() -> _Keys:
    """Say how a question and the settings become part of a key."""
    return {
        Settings: lambda settings: settings.model_dump_json(),
        View: lambda view: tuple(sorted(view.to_query().items())),
        Limits: lambda limits: limits.words(),
    }


@st.cache_data(show_spinner=False, max_entries=4, hash_funcs=_keys())
def catalog(settings: Settings, version: str) -> Catalog:
    """Say what the store holds."""
    del version
    return pipeline.catalog(settings)


@st.cache_data(show_spinner=False, max_entries=8, hash_funcs=_keys())
def areas(settings: Settings, version: str) -> pd.DataFrame:
    """List the loaded areas."""
    del version
    return pipeline.areas(settings)


@st.cache_data(show_spinner=False, max_entries=8, hash_funcs=_keys())
def landmarks(settings: Settings, version: str) -> pd.DataFrame:
    """List the named points a walk can start or end at."""
    del version
    return pipeline.landmarks(settings)


@st.cache_data(show_spinner=False, max_entries=4, hash_funcs=_keys())
def to_mend(load_id: str, settings: Settings) -> dict[str, bytes]:
    """Return the files of rows that a load did not take; what a load holds never changes."""
    return pipeline.rejects_to_mend(pipeline.rejects_of(load_id, settings))


@st.cache_data(show_spinner="Counting reports and testing every cell…", max_entries=32, hash_funcs=_keys())
def places(view: View, settings: Settings, version: str) -> PlacesFound:
    """Find the places that are higher than their usual."""
    del version
    return pipeline.find_places(view, settings)


@st.cache_data(show_spinner="Counting month by month…", max_entries=16, hash_funcs=_keys())
def months(view: View, settings: Settings, version: str) -> Months:
    """Count a view's events by month, beside the calendar."""
    del version
    return pipeline.find_months(view, settings)


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs=_keys())
def story(view: View, cell: int, settings: Settings, version: str) -> CellStory:
    """Say why one cell is as it is."""
    return pipeline.tell_cell(places(view, settings, version), cell, settings)


@st.cache_data(show_spinner=False, max_entries=8, hash_funcs=_keys())
def street_lines(area: str, settings: Settings, version: str) -> gpd.GeoDataFrame | None:
    """Return the street lines drawn under the cells of an area."""
    del version
    return pipeline.street_lines(View(area=area), settings)


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs=_keys())
def places_deck(view: View, turn: int, settings: Settings, version: str) -> pdk.Deck:
    """Return the map of a view, the picked cell outlined; nobody may change it."""
    found = places(view.but(cell=0), settings, version)
    return decks.hex_map(found, street_lines(view.area, settings, version), picked=view.cell, turn=turn)


@st.cache_data(
    show_spinner="Testing public reports and recorded incidents, each alone…",
    max_entries=16,
    hash_funcs=_keys(),
)
def agreement(view: View, settings: Settings, version: str) -> Agreement:
    """Say where public reports and recorded incidents agree."""
    del version
    return pipeline.find_agreement(view, settings)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=_keys())
def agreement_deck(view: View, settings: Settings, version: str) -> pdk.Deck:
    """Return the map of where the two agree, the picked cell outlined; nobody may change it."""
    found = agreement(view.but(cell=0), settings, version)
    return decks.agreement_map(found, street_lines(view.area, settings, version), picked=view.cell)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=_keys())
def walk_deck(
    ends: tuple[End, End], view: View, limits: Limits, settings: Settings, version: str
) -> pdk.Deck:
    """Return the map of the walking options; nobody may change it."""
    return decks.walk_map(walk(*ends, view, limits, settings, version), street_lines("", settings, version))


@st.cache_data(show_spinner="Searching the walking network…", max_entries=32, hash_funcs=_keys())
def walk(
    origin: End,
    destination: End,
    view: View,
    limits: Limits,
    settings: Settings,
    version: str,
) -> WalkPlanned:
    """Plan the walking options between two ends, within limits."""
    del version
    return pipeline.plan_walk(origin, destination, view, settings, limits=limits)


@st.cache_data(show_spinner="Writing the brief…", max_entries=16, hash_funcs=_keys())
def brief_files(
    view: View, ends: tuple[End, End] | None, settings: Settings, version: str
) -> tuple[str, bytes]:
    """Return a brief as an HTML page and as a PDF, with one walking link when there is one."""
    del version
    brief = pipeline.make_brief(view, settings, links=[ends] if ends else [])
    return pipeline.brief_html(brief), pipeline.brief_pdf(brief)
