"""The shell every page stands in: settings, page list, the common frame and one place where errors end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from safespace import pipeline
from safespace.app import brief, cache, frame, method, places, routes, state, words
from safespace.errors import SafeSpaceError, StoreError
from safespace.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from safespace.pipeline import Holdings, View

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
    explained = st.Page(_method, title="Method", url_path="method")
    chosen = st.navigation([*pages, explained], position="hidden")
    state.arrive(chosen.title)
    frame.header(pages)
    chosen.run()
    frame.footer(_streets_credit())


def draw_alone(name: str) -> None:
    """Draw one page without the list of pages, for tests: they cannot switch between drawn pages."""
    title, show = next((title, show) for url, title, show in _PAGES if url == name)
    state.arrive(title)
    frame.header([])
    _page(name, show)()
    frame.footer(_streets_credit())


def _page(name: str, show: Callable[[View, Holdings, Settings], None]) -> Callable[[], None]:
    def page() -> None:
        try:
            _draw(show)
        except SafeSpaceError as problem:
            frame.problem(problem)

    page.__name__ = name
    return page


def _streets_credit() -> str:
    try:
        return pipeline.streets_credit(load_settings())
    except SafeSpaceError:  # the page has said it already
        return ""


def _method() -> None:
    method.show(load_settings())


def _draw(show: Callable[[View, Holdings, Settings], None]) -> None:
    settings = load_settings()
    try:
        held = cache.holdings(settings, pipeline.version(settings))
    except StoreError as problem:
        frame.nothing_loaded(settings, problem)
        return
    if held.sources.empty:
        frame.nothing_loaded(settings)
        return
    state.fit_to(held.sources["source"].tolist(), held.baselines)
    view = state.read_view()
    frame.sidebar(view, held, settings)
    today = datetime.now(tz=ZoneInfo(settings.time_zone)).date()
    frame.dates(view, held, today)
    if view.edition != "police":
        st.info(words.PARTNER_NOTE)
    elif "spiking" not in view.sources or frame.has_read_spiking_note():
        show(view, held, settings)
