"""What a check found, in words and tables, and the step from there into the store."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from safespace import pipeline
from safespace.app import formatting, frame, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safespace.app.findings import Findings
    from safespace.app.upload_session import UploadSession
    from safespace.pipeline import Checked, Offer
    from safespace.settings import Settings

_LOAD = "load"
_SHOWN = 6
_SURE = {"sure": "Sure", "likely": "Likely", "guess": "A guess", "": ""}


def show(findings: Findings, mine: UploadSession, settings: Settings) -> None:
    """Draw what a check found, and what can be done with it."""
    st.header("3. What was found", anchor=False)
    st.html(outcomes(findings.checked.outcome.reading.counts()))
    made_up = "Synthetic data. " if findings.checked.outcome.reading.synthetic else ""
    left, right = st.columns([3, 1], gap="large")
    with left:
        st.html(f'<section class="ss-notes" aria-label="What was noticed">{noted(findings.notes)}</section>')
    if findings.picture:
        with right:
            st.image(findings.picture.decode(), width="stretch", alt=words.WHERE_ALT)
            st.caption(f"{made_up}{words.WHERE}")
    _by_row(findings)
    st.header("4. Load", anchor=False)
    _load(findings, mine, settings)


def _load(findings: Findings, mine: UploadSession, settings: Settings) -> None:
    checked = findings.checked
    counts = checked.outcome.reading.counts()
    fresh = counts["accepted"] + counts["repaired"]
    if checked.held_as:
        st.info(f"These files are already loaded as {checked.held_as}. Loading them again would add nothing.")
    elif not fresh:
        st.info("There is nothing to load: no row could be taken.")
    else:
        st.write(words.BEFORE_LOADING)
    with st.container(horizontal=True, gap="small", key="ss_load"):
        if fresh and not checked.held_as:
            st.button(
                f"Load {formatting.count(fresh, 'report')}",
                key="data_load",
                type="primary",
                on_click=mine.ask,
                args=(_LOAD,),
                disabled=bool(mine.job),
            )
        offer_rejects(findings.to_mend, key="data_rejects")
        st.button("Put these files away", key="data_away", on_click=mine.put_away, type="tertiary")
    frame.work(mine, _LOAD, "Loading…", partial(_add, checked, mine, settings))


def _add(checked: Checked, mine: UploadSession, settings: Settings) -> None:
    done = pipeline.load_upload(checked, settings)
    mine.put_away()
    mine.done = load_in_words(done)


def load_in_words(done: pipeline.Ingestion) -> tuple[str, ...]:
    """Say what became of a load, the load first."""
    rows, load, *_ = done.sentences()
    return load, rows


def offer_rejects(files: Mapping[str, bytes], *, key: str) -> None:
    """Draw a download of each file of rows to be mended."""
    for name, content in files.items():
        st.download_button(
            f"Rows to mend ({name})",
            content,
            name,
            "text/csv",
            on_click="ignore",
            key=f"{key}_{name}",
            help=words.MEND_HELP,
        )


def outcomes(counts: Mapping[str, int]) -> str:
    """Return the counts side by side with what each outcome means, and the sum."""
    tiles = "".join(
        f'<div class="ss-outcome ss-outcome-{name}"><dt>{name.capitalize()}</dt>'
        f"<dd><strong>{counts[name]:,}</strong><span>{escape(meaning)}</span></dd></div>"
        for name, meaning in words.OUTCOMES.items()
    )
    parts = " + ".join(f"{counts[name]:,} {name}" for name in words.OUTCOMES if name != "read")
    return (
        f'<dl class="ss-outcomes">{tiles}</dl>'
        f'<p class="ss-dates">{counts["read"]:,} rows read = {parts}. Nothing has been stored yet.</p>'
    )


def _by_row(findings: Findings) -> None:
    """Draw the first rows that were not taken and the first values that were mended, a tab each."""
    left, mended = int(findings.reasons["rows"].sum()), sum(findings.repaired.values())
    drawers = {
        f"Not taken: {formatting.count(left, 'row')}": (left, _not_taken),
        f"Repaired: {formatting.count(mended, 'value')}": (mended, _repaired),
    }
    there = {label: draw for label, (number, draw) in drawers.items() if number}
    for tab, draw in zip(st.tabs(list(there), key="data_rows") if there else (), there.values(), strict=True):
        with tab:
            draw(findings)


def _not_taken(findings: Findings) -> None:
    frame.table(reasons_in_words(findings.reasons), "Rows not taken, by reason")
    totals = findings.reasons.set_index(["outcome", "reason"])["rows"]
    for (outcome, reason), rows in findings.rejects.items():
        total = int(totals[outcome, reason])
        _excerpt(f"{in_words(reason)} ({formatting.count(total, 'row')}, {outcome})", rows, total, "row")
    if "excluded" in findings.reasons["outcome"].tolist():
        st.caption(words.EXCLUDED_NOT_SHOWN)


def _repaired(findings: Findings) -> None:
    for rule, rows in findings.repairs.items():
        total = findings.repaired[rule]
        _excerpt(f"{in_words(rule)} ({formatting.count(total, 'value')})", rows, total, "value")


def _excerpt(label: str, rows: pd.DataFrame, total: int, noun: str) -> None:
    with st.expander(label):
        frame.table(
            rows, f"The first {formatting.count(len(rows), noun)}" if len(rows) < total else f"Every {noun}"
        )


def reasons_in_words(short: pd.DataFrame) -> pd.DataFrame:
    """Return the reasons why rows were not taken as a table of words."""
    return pd.DataFrame(
        {
            "Reason": short["reason"].map(in_words),
            "Outcome": short["outcome"].str.capitalize(),
            "Rows": short["rows"],
            "For example": short["example"],
            "What to do": short["remedy"],
        }
    )


def in_words(code: str) -> str:
    """Write a reason or a rule as a person would.

    Examples
    --------
    >>> in_words("bng_in_degree_columns"), in_words("unknown_category")
    ('Grid metres in degree columns', 'Unknown category')
    """
    return words.CODES.get(code, code.replace("_", " ").capitalize())


def columns_in_words(offer: Offer, now: Mapping[str, str]) -> pd.DataFrame:
    """Return which header is which as a table; ``now`` is what is chosen, by our name of the column."""
    rows = []
    for column in offer.columns:
        header, changed = now[column.name], now[column.name] != column.header
        how, why = ("Chosen", "chosen by you") if changed else (_SURE[column.confidence], column.why)
        rows.append(
            {
                "What is looked for": f"{column.name.replace('_', ' ').capitalize()}{' (needed)' if column.needed else ''}",
                "Column in the file": header or "Not in this file",
                "How sure": how if header or changed else "",
                "Why": why,
                "Meaning": column.meaning,
            }
        )
    return pd.DataFrame(rows)


def missing(offer: Offer, chosen: Mapping[str, str]) -> list[str]:
    """Return the columns that are needed and have no header yet."""
    left = [column.name for column in offer.columns if column.needed and not chosen[column.name]]
    has_place = not offer.either or any(all(chosen.get(name) for name in group) for group in offer.either)
    return left if has_place else [*left, *offer.either[0]]


def list_of(sentences: Sequence[str]) -> str:
    """Return sentences as an HTML list; what they say of a file is only text."""
    return f'<ul class="ss-said">{"".join(f"<li>{escape(one)}</li>" for one in sentences)}</ul>'


def noted(notes: Sequence[str]) -> str:
    """Return what was noticed as a list, what is beyond the first few folded away."""
    shown, rest = notes[:_SHOWN], notes[_SHOWN:]
    folded = f"<details><summary>{len(rest)} more</summary>{list_of(rest)}</details>" if rest else ""
    return f"{list_of(shown)}{folded}"
