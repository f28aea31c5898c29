"""The address bar holds the question; widgets only change it.

Every run reads the :class:`~safespace.pipeline.View` from the address once. A widget is set from the view
before it is drawn, and its change handler writes the view that follows back to the address: there is no
second copy to fall out of step, and back, forward, reload and a shared link all work.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd
import streamlit as st

from safespace.app.words import dated_by_month
from safespace.pipeline import View, point_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

End: TypeAlias = "str | tuple[float, float]"

_HELD = "question"
_PAGE = "page"
_OWN = "Choose dates"


def arrive(page: str) -> None:
    """Put the question back in the address where a change of page dropped it.

    Streamlit's own page links start the next page with an empty address. A person who comes to a page
    from another one in the same session goes on with the same question.
    """
    came_from = st.session_state.get(_PAGE)
    if came_from not in (None, page) and not st.query_params.to_dict():
        st.query_params.from_dict(st.session_state.get(_HELD, {}))
    st.session_state[_PAGE] = page
    st.session_state[_HELD] = st.query_params.to_dict()


def read_view() -> View:
    """Read the view from the address bar.

    Raises
    ------
    InputError
        When a value in the address does not fit, naming it.
    """
    return View.from_query(st.query_params.to_dict())


def fit_to(sources: Sequence[str], baselines: Sequence[str]) -> None:
    """Ask about what the store holds where the address does not say, so that it opens on figures."""
    asked, view = st.query_params.to_dict(), read_view()
    changes: dict[str, Any] = {}
    if "sources" not in asked and not set(view.sources) & set(sources):
        changes["sources"] = (sources[0],)
    if "baseline" not in asked and view.baseline not in baselines:
        changes["baseline"] = baselines[0]
    if changes:
        go(view.but(**changes))


def go(view: View, **others: str) -> None:
    """Write a view to the address bar, keeping what the view does not know (the ends of a walk)."""
    mine = set(View.__dataclass_fields__)
    kept = {name: text for name, text in st.query_params.to_dict().items() if name not in mine}
    query = {**kept, **others, **view.to_query()}
    st.query_params.from_dict({name: text for name, text in query.items() if text})
    st.session_state[_HELD] = st.query_params.to_dict()


def forget() -> None:
    """Go back to the usual question."""
    st.query_params.clear()
    st.session_state[_HELD] = {}


def text(name: str) -> str:
    """Return a word of the address that is not part of the view."""
    return str(st.query_params.get(name, ""))


def walk_ends() -> tuple[End, End] | None:
    """Return the two ends of a walk in the address, or nothing when one is missing."""
    ends = text("from"), text("to")
    return (point_of(ends[0]), point_of(ends[1])) if all(ends) else None


def choose(
    label: str,
    field: str,
    options: Sequence[Any],
    *,
    words: Callable[[Any], str] = str,
    explain: str | None = None,
    radio: bool = False,
    drops: Callable[[Any], dict[str, Any]] | None = None,
) -> None:
    """Draw a choice for one field of the view; ``drops`` says what else a new value changes.

    A value the list does not hold (a link to an area since removed) is listed all the same, so that the
    widget shows what the address says.
    """
    key, value = f"choose_{field}", getattr(read_view(), field)
    listed = list(options) if value in options else [value, *options]
    st.session_state[key] = value
    draw: Any = st.radio if radio else st.selectbox
    draw(label, listed, format_func=words, key=key, help=explain, on_change=_take, args=(field, key, drops))


def choose_many(
    label: str, field: str, options: Sequence[str], *, words: Callable[[Any], str], explain: str, none: str
) -> None:
    """Draw a choice of several values for one field of the view; none chosen means all, and reads ``none``."""
    key, value = f"choose_{field}", list(getattr(read_view(), field))
    listed = [*options, *(one for one in value if one not in options)]
    st.session_state[key] = value
    st.multiselect(
        label,
        listed,
        format_func=words,
        key=key,
        help=explain,
        placeholder=none,
        on_change=_take_many,
        args=(field, key),
    )


def _take_many(field: str, key: str) -> None:
    go(read_view().but(**{field: tuple(st.session_state[key])}))


# What a change makes meaningless: another area or cell size has other cells, another source other reasons.
_DROPPED: Mapping[str, dict[str, Any]] = MappingProxyType(
    {"area": {"cell": 0}, "resolution": {"cell": 0}, "sources": {"cell": 0, "factor": "", "kinds": ()}}
)


def _take(field: str, key: str, drops: Callable[[Any], dict[str, Any]] | None) -> None:
    chosen = st.session_state[key]
    dropped = {**_DROPPED.get(field, {}), **(drops(chosen) if drops else {})}
    if field == "sources" and dated_by_month(chosen):
        dropped = {**dropped, "window": "", "calendar": ""}
    go(read_view().but(**{field: chosen, **dropped}))


def choose_period(first: date, last: date) -> None:
    """Draw the choice of period: everything held, its last months, or own dates.

    Parameters
    ----------
    first, last
        First and last day held.
    """
    view = read_view()
    presets = _presets(first, last)
    now = next((name for name, ends in presets.items() if ends == (view.since, view.until)), _OWN)
    st.session_state["choose_period"] = now
    st.selectbox("Period", [*presets, _OWN], key="choose_period", on_change=_take_period, args=(first, last))
    if now == _OWN:
        for field, label, end in (("since", "First day", first), ("until", "Last day", last)):
            st.session_state[f"choose_{field}"] = getattr(view, field) or end
            st.date_input(
                label, key=f"choose_{field}", format="DD/MM/YYYY", min_value=None, on_change=_take_days
            )


def _presets(first: date, last: date) -> dict[str, tuple[date | None, date | None]]:
    """Return the named periods that fit inside what is held, ending on its last day."""
    day, starts = pd.DateOffset(days=1), {}
    for months in (12, 6, 3):
        since = (pd.Timestamp(last) + day - pd.DateOffset(months=months)).date()
        if since > first:
            starts[f"Last {months} months held"] = (since, last)
    return {"All dates held": (None, None), **starts}


def _take_period(first: date, last: date) -> None:
    chosen = st.session_state["choose_period"]
    since, until = _presets(first, last).get(chosen, (first, last))
    go(read_view().but(since=since, until=until))


def _take_days() -> None:
    since, until = st.session_state["choose_since"], st.session_state["choose_until"]
    if since and until:
        # The two boxes are one choice: the later change wins and the other end follows.
        go(read_view().but(since=min(since, until), until=max(since, until)))
