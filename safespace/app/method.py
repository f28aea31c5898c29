"""The page of the method: how every figure is made, in plain words, with the settings in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from safespace.app import words
from safespace.tone import FIXED_SENTENCES, percent

if TYPE_CHECKING:
    from safespace.settings import Settings


def show(settings: Settings) -> None:
    """Draw the page."""
    st.html('<div id="content"><h1 class="ss-title">How the figures are made</h1></div>')
    with st.container(key="ss_reading"):
        for heading, text in sections(settings).items():
            st.subheader(heading, anchor=False)
            st.write(text)
        st.subheader("What is said of a cell", anchor=False)
        st.write("One of these sentences, and no other:")
        st.write("\n".join(f"- {sentence}" for sentence in FIXED_SENTENCES))


def sections(settings: Settings) -> dict[str, str]:
    """Return the headings and texts of the method, with the numbers of these settings."""
    return {
        "From reports to events": words.METHOD_EVENTS.format(metres=settings.hotspots.same_event_m),
        "From events to places": words.METHOD_PLACES.format(
            rate=percent(settings.hotspots.false_discovery_rate, space=""),
            level=percent(settings.hotspots.interval, space=""),
            fewest=settings.hotspots.min_events,
        ),
        "Nights": words.METHOD_NIGHTS,
        "Walking links": words.METHOD_WALKS.format(
            decay=settings.routes.decay_m, reach=settings.routes.reach_m, cap=settings.routes.detour_cap
        ),
    }
