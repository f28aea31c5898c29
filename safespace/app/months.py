"""The tab of months: events month by month, with what the calendar says happened meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from safespace.app import cache, frame

if TYPE_CHECKING:
    from safespace.pipeline import Catalog, View
    from safespace.settings import Settings

TAB = "Month by month"


def show(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw the months of a view with every entry of the calendar, their table, and what is left out."""
    found = cache.months(view.but(cell=0), settings, catalog.version)
    picture = found.picture(synthetic=catalog.synthetic).decode()
    alt = "Bars: events in each whole month. " + " ".join(found.notes)
    st.image(picture, width="stretch", alt=alt)
    for note in found.notes:
        st.caption(frame.plain(note))
    whole = found.table[found.table["whole"]]
    told = whole.rename(columns={"month": "Month", "events": "Events"})[["Month", "Events"]]
    frame.table(told, "Events in each whole month")
