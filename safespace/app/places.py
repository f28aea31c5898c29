"""The page of places: a map and a table of equal standing, and why a place is listed."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, cast

import streamlit as st

from safespace import maps, pipeline
from safespace.app import agreement, cache, formatting, frame, months, state, words
from safespace.app.decks import MAP_HEIGHT_PX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.elements.lib.mutable_tab_container import TabContainer

    from safespace.pipeline import Catalog, CellStory, PlacesFound, View
    from safespace.settings import Settings

_TABS = "map_or_table"
_MAP, _TURN = "places_map", "places_map_turn"
_EXPORTS = (
    ("csv", "Table (CSV)", "text/csv"),
    ("geojson", "GeoJSON", "application/geo+json"),
    ("gpkg", "GeoPackage", "application/geopackage+sqlite3"),
    ("html", "Map page (HTML)", "text/html"),
)


def show(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw the page for one view."""
    found = cache.places(view.but(cell=0), settings, catalog.version)
    story = cache.story(view.but(cell=0), view.cell, settings, catalog.version) if view.cell else None
    st.html(_headline(found))
    with st.container(key="ss_split"):
        left, right = st.columns([2, 1], gap="large")
    with left:
        _map_and_table(found, view, settings, catalog)
        if story is not None:
            _hours(story, found)
    with right:
        _find_cell(found, view)
        if story is None:
            _list(found)
        else:
            _story(story, view)
    frame.limits(words.shows(settings), words.DOES_NOT_SHOW, found.notes)


def _headline(answer: PlacesFound) -> str:
    count = len(answer.places)
    said = {0: "No place is higher than its usual", 1: "1 place is higher than its usual"}
    headline = said.get(count, f"{count} places are higher than their usual")
    period = (
        words.period_in_words(answer.since, answer.until) if answer.since and answer.until else "no dates"
    )
    kinds = answer.hotspots.method.kinds
    only = f", {escape(kinds)} only" if kinds else ""
    return (
        f'<h1 class="ss-title">{headline}</h1><p class="ss-dates">{escape(answer.area_name)}{only}, {escape(period)}: '
        f"{answer.events:,} events from {answer.pins:,} reports, compared with "
        f"{escape(answer.hotspots.baseline)}.</p>"
    )


def _map_and_table(answer: PlacesFound, view: View, settings: Settings, catalog: Catalog) -> None:
    as_map, as_table, by_month, *beside = _tabs(catalog)
    with as_map:
        turn = st.session_state.setdefault(_TURN, 0)
        st.pydeck_chart(
            cache.places_deck(view, turn, settings, catalog.version),
            key=_MAP,
            height=MAP_HEIGHT_PX,
            on_select=_pick_from_map,
            selection_mode="single-object",
            alt=f"Map of {answer.area_name} in hexagons. The Table tab gives the same facts.",
        )
        st.html(formatting.key(maps.legend(maps.classify(answer.hotspots.table))))
        st.caption(f"Colours mean the same on every map. {answer.credit}")
    with as_table:
        accessible = maps.hex_table(answer.hotspots, names=answer.names)
        frame.table(accessible, f"Cells of {answer.area_name}, and how they compare with their usual")
        st.caption(answer.credit)
    if by_month.open:
        with by_month:
            months.show(view, catalog, settings)
        return
    for tab in beside:
        if tab.open:
            with tab:
                agreement.show(view, catalog, settings)
            return  # with its own downloads: those of the places are not of what is shown
    _downloads(answer, settings)


def _tabs(catalog: Catalog) -> Sequence[TabContainer]:
    """Return the tabs; those beside the map and the table are worked out only once open."""
    names = ["Map", "Table", months.TAB, *([agreement.TAB] if agreement.offered(catalog) else [])]
    if st.session_state.get(_TABS) not in (None, *names):
        st.session_state[_TABS] = names[0]
    return st.tabs(names, key=_TABS, on_change="rerun")


def _downloads(answer: PlacesFound, settings: Settings) -> None:
    with st.container(horizontal=True, gap="small", key="ss_downloads"):
        for kind, label, mime in _EXPORTS:
            st.download_button(
                label,
                data=partial(pipeline.export_places, answer, kind, settings),
                file_name=f"places.{kind}",
                mime=mime,
                on_click="ignore",
                key=f"places_{kind}",
            )


def _pick_from_map() -> None:
    """Look at the clicked cell; a click on the cell looked at already, or on none, goes back to all."""
    picked = st.session_state[_MAP]["selection"]["objects"]
    cells = [int(str(item["cell"]), 16) for items in picked.values() for item in items]
    st.session_state[_TURN] += 1
    _look(cells[0] if cells and cells[0] != state.read_view().cell else 0)


def _look(cell: int) -> None:
    state.go(state.read_view().but(cell=cell))


def _find_cell(answer: PlacesFound, view: View) -> None:
    table = answer.hotspots.table.set_index("cell")["events"]
    cells = sorted(answer.names, key=lambda cell: (answer.names[cell], cell))
    labels = {
        cell: f"{answer.names[cell]} ({formatting.count(int(table.get(cell, 0)), 'event')})" for cell in cells
    }
    options = [0, *cells] if view.cell in (0, *cells) else [0, view.cell, *cells]
    st.session_state["look_at"] = view.cell
    st.selectbox(
        "Look at one cell",
        options,
        key="look_at",
        format_func=lambda cell: labels.get(cell, f"Cell {cell:x}" if cell else "Type a street name"),
        on_change=lambda: _look(int(st.session_state["look_at"] or 0)),
    )


def _list(answer: PlacesFound) -> None:
    if answer.places.empty:
        st.html(
            '<section class="ss-panel"><h3>Nothing stands out</h3><p>In this period no group of cells holds more '
            "reports than chance alone would explain. That is a finding too.</p></section>"
        )
        return
    if answer.places["tied"].any():
        st.caption("Places with the same rank cannot be told apart: which comes first is not sure.")
    for place in answer.places.itertuples(index=False):
        st.html(formatting.place_card(place, method=answer.hotspots.method))
        st.button(
            "Why is this here?",
            key=f"why_{place.place}",
            on_click=_look,
            args=(cast("int", place.core_cell),),
            help=f"Show what lies behind {place.name}",
        )


def _story(story: CellStory, view: View) -> None:
    st.button("Back to all places", key="all_places", on_click=_look, args=(0,), type="tertiary")
    lines = "".join(f"<li>{escape(line)}</li>" for line in (*story.sentences, *story.checks))
    st.html(f'<section class="ss-panel"><h3>{escape(story.name)}</h3><ul>{lines}</ul></section>')
    if len(story.shares):
        frame.table(
            formatting.shares_in_words(story.shares, method=story.method), words.shares_name(view.sources)
        )


def _hours(story: CellStory, answer: PlacesFound) -> None:
    """Draw the hours of the week smoothed, and give the same as a table of what was counted."""
    if story.hours.sum() > 0:
        st.subheader(f"When, in the week: {story.name}", anchor=False)
        picture = maps.hour_chart_svg(
            story.smooth, rows="weekday", size_mm=(140, 60), synthetic=answer.synthetic
        )
        st.image(picture.decode(), width="stretch", alt=formatting.hours_in_words(story.hours))
        st.caption(words.SMOOTHED)
        with st.expander("Hours of the week as counted"):
            frame.table(
                formatting.hours_as_table(story.hours), f"Events by hour and day of the week: {story.name}"
            )
