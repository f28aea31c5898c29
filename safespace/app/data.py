"""The page of data: files in, checked before anything is stored, loaded whole, and taken out again."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from safespace import pipeline
from safespace.app import checks, findings, frame, held, state, words
from safespace.app.upload_session import upload_session
from safespace.errors import InputError
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.navigation.page import StreamlitPage
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from safespace.app.upload_session import UploadSession
    from safespace.pipeline import Given, Offer
    from safespace.settings import Settings
    from safespace.sources.mapping import Crs, DateOrder, Mapping

_CHECK, _ADD = "check", "add"
_GUESS_SHEET = "data_sheet"


def show(settings: Settings, places: StreamlitPage | None) -> None:
    """Draw the page; ``places`` is where to look at what was loaded."""
    st.html(f'<div id="content">{words.DATA_HEAD}</div>')
    if state.read_view().edition != "police":
        st.info(words.DATA_PARTNER)
        return
    mine = upload_session()
    _say_what_was_done(mine, places)
    source = _choose_source()
    files = _choose_files(source, mine, settings)
    if files:
        _go_on(files, source, mine, settings)
    elif mine.take_up(()):
        mine.cancel()
    if mine.problem is not None:
        frame.told(mine.problem)
    held.show(mine, settings)
    mine.cancel()
    frame.limits(words.DATA_DOES, words.DATA_DOES_NOT)


def _say_what_was_done(mine: UploadSession, places: StreamlitPage | None) -> None:
    if not mine.done:
        return
    first, *rest = mine.done
    lines = "".join(f"<li>{escape(line)}</li>" for line in rest)
    st.html(f'<div class="ss-done" role="status"><strong>{escape(first)}</strong><ul>{lines}</ul></div>')
    if places is not None:
        with st.container(key="ss_next"):
            st.page_link(places, label="See the map", query_params=st.query_params.to_dict())


def _choose_source() -> str:
    st.header("1. Choose files", anchor=False)
    chosen: str = st.selectbox(
        "What the files hold", list(pipeline.upload_kinds()), format_func=words.upload_name, key="data_source"
    )
    st.caption(words.upload_help(chosen))
    return chosen


def _choose_files(source: str, mine: UploadSession, settings: Settings) -> list[UploadedFile]:
    kinds = pipeline.upload_kinds()[source]
    return st.file_uploader(
        f"Files, up to {settings.limits.upload_mb:,} MB together",
        type=list(kinds),
        accept_multiple_files=True,
        key=f"data_files_{source}_{mine.turn}",
        max_upload_size=settings.limits.upload_mb,
    )


def _given(files: Sequence[UploadedFile]) -> list[Given]:
    return [pipeline.Given(file.name, file.getvalue()) for file in files]


def _go_on(files: Sequence[UploadedFile], source: str, mine: UploadSession, settings: Settings) -> None:
    """Draw what follows once files are there: the next step of reports, or the one step of a layer."""
    if source not in SOURCES:
        mine.take_up((source, *(file.file_id for file in files)))
        _add_layer(files, source, mine, settings)
        return
    sheet = _choose_sheet(files, source, mine, settings)
    if mine.take_up((source, sheet, *(file.file_id for file in files))):
        _look(files, source, sheet, mine, settings)
    if mine.offer is None:
        return
    chosen = _confirm(mine.offer, mine)
    action = partial(_check, files, chosen, sheet, mine, settings)
    st.button(
        "Check the files",
        key="data_check",
        type="primary" if mine.found is None else "secondary",
        on_click=mine.ask,
        args=(_CHECK,),
        disabled=bool(mine.job),
        help="Reads and counts every row. Nothing is stored yet.",
    )
    frame.work(mine, _CHECK, "Reading every row…", action)
    if mine.found is not None and mine.found_with == chosen:
        checks.show(mine.found, mine, settings)
    elif mine.found is not None:
        st.info(words.CHECK_AGAIN)


def _choose_sheet(
    files: Sequence[UploadedFile], source: str, mine: UploadSession, settings: Settings
) -> str | None:
    """Ask for the sheet when there are several; listing them opens the files, so the list is kept."""
    key = (source, *(file.file_id for file in files))
    kept: tuple[Any, tuple[str, ...]] = st.session_state.get(_GUESS_SHEET, ((), ()))
    if kept[0] != key:
        kept = (
            key,
            mine.attempt(
                lambda: pipeline.list_upload_sheets(_given(files), source=source, settings=settings), ()
            ),
        )
        st.session_state[_GUESS_SHEET] = kept
    if not kept[1]:
        return None
    return st.selectbox("Sheet or layer to read", kept[1], key=f"data_sheet_{mine.turn}")


def _look(
    files: Sequence[UploadedFile], source: str, sheet: str | None, mine: UploadSession, settings: Settings
) -> None:
    with st.spinner("Looking at the columns…"):
        mine.offer = mine.attempt(
            lambda: pipeline.propose_upload(_given(files), source=source, settings=settings, sheet=sheet),
            None,
        )


def _confirm(
    offer: Offer, mine: UploadSession
) -> tuple[tuple[tuple[str, str], ...], DateOrder | None, Crs | None]:
    """Draw how the files would be read, each part changeable, and return what is chosen now."""
    st.header("2. Confirm how they are read", anchor=False)
    st.html(checks.list_of([words.REMEMBERED if offer.remembered else words.GUESSED, *offer.notes]))
    before = {column.name: column.header for column in offer.columns}
    now = {
        name: st.session_state.get(f"data_column_{mine.number}_{name}", header)
        for name, header in before.items()
    }
    frame.table(checks.columns_in_words(offer, now), "Which column of the file is which")
    with st.expander("Change which column is which", expanded=bool(checks.missing(offer, before))):
        _choose_columns(offer, mine)
    left, right = st.columns(2)
    with left:
        order = _choose_order(offer, mine)
    with right:
        crs = st.selectbox(
            "How places are written",
            list(words.CRS_NAMES),
            index=list(words.CRS_NAMES).index(offer.mapping.crs),
            format_func=words.CRS_NAMES.__getitem__,
            key=f"data_crs_{mine.number}",
        )
    return tuple(now.items()), order, crs


def _choose_columns(offer: Offer, mine: UploadSession) -> None:
    spots = st.columns(3)
    for place, column in enumerate(offer.columns):
        options = [*([] if column.known else [""]), *offer.headers]
        with spots[place % 3]:
            st.selectbox(
                f"{column.name.replace('_', ' ').capitalize()}{' (needed)' if column.needed else ''}",
                options,
                index=options.index(column.header) if column.header in options else 0,
                format_func=lambda header: header or "Not in this file",
                key=f"data_column_{mine.number}_{column.name}",
                help=f"{column.meaning.capitalize()}.",
            )


def _choose_order(offer: Offer, mine: UploadSession) -> DateOrder | None:
    undecided = offer.undecided is not None
    if offer.undecided is not None:
        st.warning(frame.said(offer.undecided))
    options = [name for name in words.DATE_ORDERS if name is not None or not undecided]
    return st.radio(
        "How dates are written",
        options,
        index=None if undecided else options.index(offer.mapping.date_order),
        format_func=words.DATE_ORDERS.__getitem__,
        key=f"data_order_{mine.number}",
    )


def _check(
    files: Sequence[UploadedFile],
    chosen: tuple[tuple[tuple[str, str], ...], DateOrder | None, Crs | None],
    sheet: str | None,
    mine: UploadSession,
    settings: Settings,
) -> None:
    offer = mine.offer
    if offer is None:
        return
    mine.found = None
    mapping = _mapping(offer, *chosen)
    checked = pipeline.check_upload(
        _given(files), source=offer.source, settings=settings, mapping=mapping, sheet=sheet
    )
    mine.found = findings.find(checked, settings)
    mine.found_with = chosen


def _mapping(
    offer: Offer, columns: tuple[tuple[str, str], ...], order: DateOrder | None, crs: Crs | None
) -> Mapping:
    if offer.undecided and order is None:
        raise InputError(
            "Say how the dates are written.",
            code="date-order-not-chosen",
            remedy="Choose day first or month first above.",
        )
    return pipeline.settle_mapping(offer, dict(columns), date_order=order, crs=crs)


def _add_layer(files: Sequence[UploadedFile], layer: str, mine: UploadSession, settings: Settings) -> None:
    options = _layer_options(layer, settings)
    st.button(
        f"Add {words.upload_name(layer).lower()}",
        key="data_add",
        type="primary",
        on_click=mine.ask,
        args=(_ADD,),
        disabled=bool(mine.job),
    )

    def add() -> None:
        done = pipeline.add_layer(_given(files), layer=layer, settings=settings, **options)
        mine.put_away()
        mine.done = done

    frame.work(mine, _ADD, "Reading and adding…", add)


def _layer_options(layer: str, settings: Settings) -> dict[str, str]:
    if layer == "areas":
        text = st.text_input(
            "Column with the name of each area", key="data_name_column", help=words.NAME_COLUMN
        )
        return {"name_column": text.strip()}
    if layer != "streets":
        return {}
    areas = held.areas(settings)
    chosen = st.selectbox(
        "Keep the streets of",
        ["", *areas],
        format_func=lambda area: areas.get(area, "Everything in the file"),
        key="data_clip",
    )
    return {"clip": chosen}
