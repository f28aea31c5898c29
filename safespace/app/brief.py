"""The page of briefs: what would be handed over, shown before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from safespace.app import cache, frame, state, words

if TYPE_CHECKING:
    from safespace.pipeline import Catalog, View
    from safespace.settings import Settings


def show(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw the preview of the brief for one view, and its downloads."""
    st.html(
        '<h1 class="ss-title">Brief</h1><p class="ss-dates">Two pages for the area and period chosen on the left, '
        "with the walking link chosen under Routes, if any. The same choices always give the same file.</p>"
    )
    page, pdf = cache.brief_files(view.but(cell=0), state.walk_ends(), settings, catalog.version)
    name = f"brief-{view.area or 'all'}"
    with st.container(horizontal=True, gap="small", key="ss_downloads"):
        st.download_button(
            "Download PDF",
            pdf,
            f"{name}.pdf",
            "application/pdf",
            on_click="ignore",
            type="primary",
            key="brief_pdf",
        )
        st.download_button(
            "Download web page", page, f"{name}.html", "text/html", on_click="ignore", key="brief_html"
        )
    st.subheader("Preview", anchor=False)
    with st.container(key="ss_preview"):
        st.iframe(page, height=1100, alt="Preview of the brief as a web page")
    frame.limits(words.shows(settings), words.DOES_NOT_SHOW)
