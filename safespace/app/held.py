"""What the store holds: its loads, with the way back out of each."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from safespace import pipeline
from safespace.app import cache, checks, formatting, frame, words
from safespace.errors import StoreError
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from safespace.app.upload_session import UploadSession
    from safespace.settings import Settings

_ROLL_BACK = "roll back"


def show(mine: UploadSession, settings: Settings) -> None:
    """Draw what the store holds, every load, and how one is taken out."""
    st.header("What is loaded", anchor=False)
    loads = _loads(settings)
    st.html(_summary(settings))
    if loads.empty:
        return
    frame.table(loads_in_words(loads, settings.time_zone), "Loads, the newest first")
    in_force = loads.loc[loads["status"] == "loaded", "load_id"].tolist()[::-1]
    if in_force:
        _one(loads.set_index("load_id"), in_force, mine, settings)


def areas(settings: Settings) -> dict[str, str]:
    """Return the loaded areas' names by identifier; none when there is no store."""
    try:
        listed = cache.areas(settings, pipeline.version(settings))
    except StoreError:
        return {}
    return dict(zip(listed["area_id"], listed["name"], strict=True))


def _loads(settings: Settings) -> pd.DataFrame:
    try:
        return pipeline.list_loads(settings)
    except StoreError:
        return pd.DataFrame()


def _summary(settings: Settings) -> str:
    """Say in one line each what is there and what is still wanted, so that a first person knows where to start."""
    try:
        there = cache.catalog(settings, pipeline.version(settings))
    except StoreError:
        return f'<p class="ss-dates">{escape(words.START_HERE)}</p>'
    banner = words.SYNTHETIC_BANNER if there.synthetic else ""
    spans = zip(*(there.sources[name] for name in ("name", "rows", "first", "last")), strict=True)
    lines = [
        f"{name}: {rows:,}, {words.period_in_words(first, last)}." for name, rows, first, last in spans
    ] or ["No reports yet."]
    named = len(areas(settings))
    lines.append(f"Areas: {named:,}." if named else words.NO_AREAS)
    km = "" if there.streets is None else f"Streets: {there.streets.walkable_km:,.1f} walkable km."
    return banner + checks.list_of([*lines, km or words.NO_STREETS, *there.notes])


def loads_in_words(loads: pd.DataFrame, time_zone: str) -> pd.DataFrame:
    """Return the loads as a table of words, the newest first."""
    newest = loads.iloc[::-1]
    local = newest["loaded_at"].dt.tz_convert(time_zone)
    figures = {name.capitalize(): newest[name] for name in words.OUTCOMES}
    named = {"Name": newest["name"]} if (newest["name"] != "").any() else {}
    return pd.DataFrame(
        {
            "Load": newest["load_id"],
            **named,
            "Reports": [_source_name(source) for source in newest["source"]],
            "Files": newest["files"].map(words.files_in_words),
            "Loaded": [f"{words.day_in_words(at.date())}, {at:%H:%M}" for at in local],
            "State": newest["status"].map(words.LOAD_STATES),
            **figures,
            "Held before": newest["already_held"],
        }
    )


def _source_name(source: str) -> str:
    """Return what a source is called; one that is not known here by its identifier, with what that means."""
    return SOURCES[source].title if source in SOURCES else f"{source} (not known here, counted nowhere)"


def _one(loads: pd.DataFrame, in_force: list[str], mine: UploadSession, settings: Settings) -> None:
    """Draw what can be done with one load: its rows to mend, and the way out, confirmed first."""
    chosen = st.selectbox(
        "Look at one load",
        in_force,
        format_func=lambda load: f"{load}: {words.files_in_words(str(loads.loc[load, 'files']))}",
        key="data_one_load",
    )
    with st.container(horizontal=True, gap="small", key="ss_one_load"):
        checks.offer_rejects(cache.to_mend(chosen, settings), key=f"data_kept_{chosen}")
        st.button(
            "Roll this load back",
            key="data_roll_back",
            on_click=_leave,
            args=(mine, chosen),
            disabled=bool(mine.job) or mine.leaving == chosen,
        )
    if mine.leaving == chosen:
        _confirm(loads.loc[[chosen]].iloc[0], chosen, mine, settings)


def _leave(mine: UploadSession, load: str) -> None:
    mine.leaving, mine.done, mine.problem = load, (), None


def _confirm(row: pd.Series, load: str, mine: UploadSession, settings: Settings) -> None:
    added = int(row["accepted"] + row["repaired"] - row["already_held"])
    said = (
        f"Roll back {load}? {formatting.count(added, 'report')} from {words.files_in_words(row['files'])} would leave every map and table. "
        "To undo this, load the same files again."
    )
    st.html(f'<p class="ss-ask" role="alert">{escape(said)}</p>')
    with st.container(horizontal=True, gap="small", key="ss_confirm"):
        st.button(
            "Yes, roll it back",
            key="data_roll_back_yes",
            type="primary",
            on_click=mine.ask,
            args=(_ROLL_BACK,),
            disabled=bool(mine.job),
        )
        st.button("Keep it", key="data_roll_back_no", on_click=_leave, args=(mine, ""))
    frame.work(mine, _ROLL_BACK, "Rolling back…", partial(_roll_back, load, mine, settings))


def _roll_back(load: str, mine: UploadSession, settings: Settings) -> None:
    mine.leaving = ""
    pipeline.roll_back(load, settings)
    # what was checked may have been said to be held already
    mine.found = None
    mine.done = (f"Load {load} was rolled back.", "To undo this, load the same files again.")
