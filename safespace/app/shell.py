"""The shell every page stands in: settings, page list, the common frame and one place where errors end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from safespace import pipeline
from safespace.app import brief, cache, data, frame, method, places, routes, state, words
from safespace.errors import SafeSpaceError, StoreError
from safespace.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.navigation.page import StreamlitPage

    from safespace.pipeline import Catalog, View

_PAGES = (
    ("places", "Places", places.show),
    ("routes", "Routes", routes.show),
    ("brief", "Brief", brief.show),
)


def run() -> None:
    """Draw the app once: what Streamlit calls on every change."""
    st.set_page_config(page_title="SafeSpace", page_icon=frame.ICON, layout="wide")
    pages = [
        st.Page(_page(name, show), title=title, url_path=name, default=name == _PAGES[0][0])
        for name, title, show in _PAGES
    ]
    loading = st.Page(_data(pages[0]), title="Data", url_path="data")
    explained = st.Page(_method, title="Method", url_path="method")
    listed = [*pages, loading, explained]
    chosen = st.navigation(listed, position="hidden")
    state.arrive(chosen.title)
    frame.header(listed, chosen.title)
    chosen.run()
    frame.footer(_streets_credit())


def draw_alone(name: str) -> None:
    """Draw one page without the list of pages, for tests: they cannot switch between drawn pages."""
    drawn = {url: _page(url, show) for url, _, show in _PAGES} | {"data": _data(None)}
    state.arrive(name)
    frame.header([])
    drawn[name]()
    frame.footer(_streets_credit())


def _page(name: str, show: Callable[[View, Catalog, Settings], None]) -> Callable[[], None]:
    def page() -> None:
        try:
            _draw(show)
        except SafeSpaceError as problem:
            frame.problem(problem)

    page.__name__ = name
    return page


def _data(places: StreamlitPage | None) -> Callable[[], None]:
    """Return the page of data, which needs no reports to be there; ``places`` is the page of the map."""

    def page() -> None:
        try:
            data.show(load_settings(), places)
        except SafeSpaceError as problem:
            frame.problem(problem)

    page.__name__ = "data"
    return page


def _streets_credit() -> str:
    try:
        return pipeline.streets_credit(load_settings())
    except SafeSpaceError:  # the page has said it already
        return ""


def _method() -> None:
    method.show(load_settings())


def _draw(show: Callable[[View, Catalog, Settings], None]) -> None:
    settings = load_settings()
    try:
        held = cache.catalog(settings, pipeline.version(settings))
    except StoreError as problem:
        frame.nothing_loaded(settings, problem)
        return
    if held.sources.empty:
        frame.nothing_loaded(settings)
        return
    state.fit_to(held.sources["source"].tolist(), held.baselines)
    view = state.read_view()
    if view.edition != "police":  # before the rest: how many rows are held, and of what, was not released
        st.html(f'<div id="content">{words.SYNTHETIC_BANNER if held.synthetic else ""}</div>')
        st.info(words.PARTNER_NOTE)
        return
    frame.sidebar(view, held, settings)
    today = datetime.now(tz=ZoneInfo(settings.time_zone)).date()
    frame.dates(view, held, today)
    if frame.has_read_notes(view.sources):
        show(view, held, settings)
