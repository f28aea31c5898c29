"""The page of routes: two ends, a few real options side by side, and what could be mended on each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from safespace import maps, pipeline
from safespace.app import cache, formatting, frame, state, words
from safespace.app.decks import WALK_HEIGHT_PX

if TYPE_CHECKING:
    import pydeck as pdk

    from safespace.pipeline import Catalog, Limits, View, WalkPlanned
    from safespace.settings import Settings

_ENDS = (("from", "From"), ("to", "To"))
_LIMITS = (
    (
        "step_free",
        "Step-free",
        "Leave out stairs, stiles and the like. Kerbs, slopes and lifts are not known.",
    ),
    (
        "paved",
        "Paved only",
        "Leave out what is mapped as unpaved. Where the surface is not known streets stay.",
    ),
)
_TIMES = ("Fri 23:00", "Sat 02:00", "Sat 23:30", "Sun 03:00")
_EXPORTS = (
    ("geojson", "GeoJSON", "application/geo+json"),
    ("gpkg", "GeoPackage", "application/geopackage+sqlite3"),
    ("gpx", "GPX", "application/gpx+xml"),
    ("csv", "Table (CSV)", "text/csv"),
)


def show(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw the page for one view and the two ends in the address."""
    st.html('<h1 class="ss-title">Compare walking links</h1>')
    if catalog.streets is None:
        st.info("No streets are loaded, so no walk can be planned. Load them first:")
        st.code("safespace streets town.osm.pbf", language=None)
        return
    _choose_ends(cache.landmarks(settings, catalog.version)["name"].tolist())
    _choose_limits()
    ends = state.walk_ends()
    if ends is None:
        st.write("Choose where the walk starts and where it ends. The options appear here, side by side.")
        notes: tuple[str, ...] = ()
    else:
        limits = _limits(settings)
        planned = cache.walk(*ends, view.but(cell=0), limits, settings, catalog.version)
        notes = planned.notes
        _draw(planned, cache.walk_deck(ends, view.but(cell=0), limits, settings, catalog.version), settings)
    frame.limits(words.WALKS_SHOW, words.WALKS_DO_NOT_SHOW, notes)


def _choose_ends(names: list[str]) -> None:
    columns = st.columns(2)
    for column, (name, label) in zip(columns, _ENDS, strict=True):
        now = state.text(name) or None
        st.session_state[f"end_{name}"] = now
        with column:
            st.selectbox(
                label,
                names if now in (None, *names) else [now, *names],
                key=f"end_{name}",
                index=None,
                accept_new_options=True,
                placeholder="Landmark, or longitude, latitude",
                on_change=_take_end,
                args=(name,),
            )


def _take_end(name: str) -> None:
    state.go(state.read_view(), **{name: st.session_state[f"end_{name}"] or ""})


def _choose_limits() -> None:
    *boxes, wide = st.columns([1, 1, 2], vertical_alignment="bottom")
    for column, (name, label, explain) in zip(boxes, _LIMITS, strict=True):
        st.session_state[f"limit_{name}"] = state.text(name) == "1"
        with column:
            st.checkbox(label, key=f"limit_{name}", help=explain, on_change=_take_limit, args=(name,))
    now = state.text("at") or None
    st.session_state["limit_at"] = now
    with wide:
        st.selectbox(
            "Time of the walk",
            _TIMES if now in {None, *_TIMES} else [now, *_TIMES],
            key="limit_at",
            index=None,
            accept_new_options=True,
            placeholder="Any time; or a weekday and an hour, or a date and an hour",
            on_change=_take_time,
        )


def _take_limit(name: str) -> None:
    state.go(state.read_view(), **{name: "1" if st.session_state[f"limit_{name}"] else ""})


def _take_time() -> None:
    state.go(state.read_view(), at=st.session_state["limit_at"] or "")


def _limits(settings: Settings) -> Limits:
    """Read the limits from the address."""
    moment = pipeline.moment_of(state.text("at"), today=pipeline.today_of(settings))
    return pipeline.Limits(
        step_free=state.text("step_free") == "1", paved=state.text("paved") == "1", at=moment
    )


def _draw(planned: WalkPlanned, deck: pdk.Deck, settings: Settings) -> None:
    st.html(formatting.option_cards(planned))
    st.write(formatting.told_beside(planned))
    with st.container(key="ss_split"):
        left, right = st.columns([2, 1], gap="large")
    with left:
        _map_and_table(planned, deck)
    with right:
        _trade_off(planned)
    _reasons(planned)
    _downloads(planned, settings)


def _map_and_table(planned: WalkPlanned, deck: pdk.Deck) -> None:
    as_map, as_table = st.tabs(["Map", "Table"], key="walk_map_or_table")
    with as_map:
        st.pydeck_chart(
            deck,
            key="walk_map",
            height=WALK_HEIGHT_PX,
            alt="Map of the walking options. The Table tab gives the same facts.",
        )
    with as_table:
        frame.table(formatting.facts_by_option(planned), "Every fact about every option")
    st.caption(planned.credit)


def _trade_off(planned: WalkPlanned) -> None:
    st.subheader("Length against reports nearby", anchor=False)
    picture = maps.trade_off_svg(
        formatting.lettered(planned), front=planned.front, size_mm=(84, 78), synthetic=planned.synthetic
    )
    st.image(
        picture.decode(), width="stretch", alt="Each option by length and by reports near it; see the table."
    )
    st.caption(
        "Small circles are every walk for which no other is both shorter and has fewer reports nearby."
    )


def _reasons(planned: WalkPlanned) -> None:
    st.subheader("Segments of each option, and what could be improved", anchor=False)
    named = zip(formatting.letters(planned), planned.options.routes, strict=True)
    for tab, route in zip(
        st.tabs([f"{letter}: {route.name}" for letter, route in named], key="reasons_of"),
        planned.options.routes,
        strict=True,
    ):
        with tab:
            frame.table(formatting.reasons_in_words(route), f"Segments of “{route.name}” in walking order")


def _downloads(planned: WalkPlanned, settings: Settings) -> None:
    with st.container(horizontal=True, gap="small", key="ss_downloads"):
        for kind, label, mime in _EXPORTS:
            st.download_button(
                label,
                data=partial(pipeline.export_walk, planned, kind, settings),
                file_name=f"walk.{kind}",
                mime=mime,
                on_click="ignore",
                key=f"walk_{kind}",
            )
