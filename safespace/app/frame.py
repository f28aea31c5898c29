"""What every page has around it: header, data dates, the question at the side, limits and the footer."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st

from safespace.app import cache, state, words
from safespace.pipeline import BASELINES, CALENDARS, FOUND_BY
from safespace.pipeline.baselines import ALWAYS_THERE
from safespace.registry import SOURCES, USUAL_SOURCE
from safespace.schemas import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    import pandas as pd
    from streamlit.navigation.page import StreamlitPage

    from safespace.app.upload_session import UploadSession
    from safespace.errors import SafeSpaceError
    from safespace.pipeline import Catalog, View
    from safespace.settings import NightWindow, Settings

# A drawn hexagon, so that no emoji font or outside picture is asked for.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Cpath fill='%2312436D' d='M16 1l13 7.5v15L16 31 3 23.5v-15z'/%3E%3C/svg%3E"
)
# Problems that the area of each cell, a baseline that is always there, may not have.
OF_BASELINE = frozenset(
    {
        "baseline-not-loaded",
        "baseline-not-covering",
        "baseline-zero",
        "baseline-zero-or-infinite",
        "baseline-infinite",
        "baseline-not-counted",
        "no-cell-in-area",
        "one-cell-only",
        "ring-is-whole-area",
        "too-few-to-stand-out",
    }
)


def header(pages: Sequence[StreamlitPage], here: str = "") -> None:
    """Draw the skip link, the name of the product, its edition and the pages; ``here`` is the one shown."""
    st.html(_css())
    edition = words.EDITION_LINES.get(state.text("edition") or "police", words.EDITION_LINES["police"])
    st.html(
        '<a class="ss-skip" href="#content">Skip to the figures</a>'
        '<header class="ss-band"><span class="ss-product">SafeSpace</span>'
        '<span class="ss-strap">Public-space reports, conditions and briefs</span>'
        f'<span class="ss-edition">{edition}</span></header>'
    )
    with st.container(key="ss_nav", horizontal=True, gap="small"):
        for page in pages:
            if page.title == here:
                st.html(f'<span class="ss-here" aria-current="page">{escape(here)}</span>', width="content")
            else:
                st.page_link(page, query_params=st.query_params.to_dict())


def _css() -> str:
    return f"<style>{files('safespace.app').joinpath('style.css').read_text(encoding='utf-8')}</style>"


def dates(view: View, catalog: Catalog, today: date) -> None:
    """Say what is made up, how old the newest report is and what period is held."""
    banner = words.SYNTHETIC_BANNER if catalog.synthetic else ""
    shown = catalog.sources[catalog.sources["source"].isin(view.sources)]
    if shown.empty:
        st.html(f'<div id="content">{banner}</div>')
        st.warning("The store holds none of the reports asked for. Choose other reports on the left.")
        return
    newest, oldest = shown["last"].max(), shown["first"].min()
    names = " and ".join(escape(str(name)) for name in shown["name"])
    st.html(
        f'<div id="content">{banner}<p class="ss-dates"><strong>{escape(words.age_in_words(newest, today))}.</strong> '
        f"{names}: {int(shown['rows'].sum()):,} held, {escape(words.period_in_words(oldest, newest))}.</p></div>"
    )


def sidebar(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw the question: where, which reports, when, and against what."""
    with st.sidebar:
        st.header("What to look at", anchor=False)
        _where(view, settings, catalog)
        _which(view, catalog)
        _when(view, catalog)
        st.header("How to compare", anchor=False)
        _against(catalog)


def _where(view: View, settings: Settings, catalog: Catalog) -> None:
    listed = cache.areas(settings, catalog.version)
    names = dict(zip(listed["area_id"], listed["name"], strict=True))
    # Without a loaded area there is nothing to choose between; the whole of the data is one area.
    options = list(names) if len(names) == 1 else ["", *names]
    state.choose(
        "Area",
        "area",
        options,
        words=lambda area: names.get(area, area or "All areas together"),
        # A zone has parts of the night of its own; what the next area does not know cannot be asked there.
        drops=lambda area: {} if view.window in words.windows_held(_zones(catalog, area)) else {"window": ""},
    )


def _zones(catalog: Catalog, area: str) -> Mapping[str, tuple[NightWindow, ...]]:
    """Return the parts of the night of an area by zone; those of all areas for one that is not loaded."""
    return catalog.windows.get(area, catalog.windows[""])


def _which(view: View, catalog: Catalog) -> None:
    names = dict(zip(catalog.sources["source"], catalog.sources["name"], strict=True))
    state.choose(
        "Reports",
        "sources",
        [(source,) for source in names],
        words=lambda chosen: " and ".join(names.get(source, source) for source in chosen),
        explain="What people felt and what was recorded are never added together.",
        radio=True,
    )
    reasons = sorted({factor for source in view.sources for factor in catalog.factors.get(source, ())})
    if reasons:
        label = words.factor_name(view.sources)
        state.choose(label, "factor", ["", *reasons], words=lambda reason: reason or "All")
    kinds = {kind: name for source in view.sources for kind, name in catalog.kinds.get(source, {}).items()}
    if kinds:
        state.choose_many(
            "Kinds of offence",
            "kinds",
            list(kinds),
            words=lambda kind: kinds.get(kind, kind),
            explain=words.KINDS_HELP,
            none="All kinds",
        )


def _when(view: View, catalog: Catalog) -> None:
    shown = catalog.sources[catalog.sources["source"].isin(view.sources)]
    if len(shown):
        state.choose_period(shown["first"].min(), shown["last"].max())
    if words.dated_by_month(view.sources):
        st.caption("These reports are dated by month only, so no time of day and no nights can be chosen.")
        return
    zones = _zones(catalog, view.area)
    state.choose(
        "Time of day",
        "window",
        words.windows_held(zones),
        words=lambda name: words.window_in_words(name, zones),
        explain="02:00 on Sunday belongs to Saturday night. Reports without an hour are in no night window.",
    )
    _which_nights(catalog)


def _which_nights(catalog: Catalog) -> None:
    if len(catalog.calendars) > 1:
        state.choose(
            "Nights of the calendar",
            "calendar",
            catalog.calendars,
            words=lambda name: CALENDARS[name].capitalize(),
            explain=words.CALENDAR_HELP,
        )


def _against(catalog: Catalog) -> None:
    state.choose("Cell size", "resolution", RESOLUTIONS, words=words.CELL_SIZES.__getitem__)
    state.choose(
        "Compared with",
        "baseline",
        catalog.baselines,
        words=lambda name: BASELINES[name].words.capitalize(),
        explain="What a cell's reports are held against. Some places stand out under one baseline and not "
        "under another; the panel of each place says so.",
    )
    state.choose(
        "How reports were found",
        "found_by",
        list(FOUND_BY),
        words=words.FOUND.__getitem__,
        explain="“By the public” keeps rows that do not say. Rows found by patrols show where patrols were.",
    )


def limits(shows: Sequence[str], does_not_show: Sequence[str], notes: Sequence[str] = ()) -> None:
    """Draw what a page shows and what it does not, and the small print of the figures."""
    st.html(
        '<section class="ss-limits" aria-label="Limits">'
        f"<div><h2>What this shows</h2>{list_of(shows)}</div>"
        f"<div><h2>What this does not show</h2>{list_of(does_not_show)}</div></section>"
    )
    if notes:
        with st.expander("What these figures rest on"):
            st.html(list_of(notes))


def list_of(sentences: Sequence[str]) -> str:
    """Return sentences as an HTML list; each is only text."""
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def footer(streets_credit: str = "") -> None:
    """Draw how to report, where support is, the method and the credit."""
    st.html(words.FOOTER.format(credit=f"Streets and landmarks: {escape(streets_credit or 'none held')}."))


def told(problem: SafeSpaceError) -> None:
    """Show an error as the sentence it is."""
    st.error(said(problem))


def work(mine: UploadSession, job: str, label: str, action: Callable[[], None]) -> None:
    """Do the job when it was asked for, saying so meanwhile, and draw the page again with what came of it."""
    if mine.job != job:
        return
    with st.spinner(label, show_time=True):
        mine.work(job, action)
    st.rerun()


def problem(problem: SafeSpaceError) -> None:
    """Show an error as the sentence it is, with the ways out."""
    st.error(said(problem))
    with st.container(horizontal=True):
        if problem.code in OF_BASELINE and state.read_view().baseline != ALWAYS_THERE:
            st.button("Compare with the area of each cell", on_click=_compare_areas, key="compare_areas")
        st.button("Start again with the usual choices", on_click=state.forget, key="start_again")


def said(problem: SafeSpaceError) -> str:
    """Return what is wrong, with what can be done about it here, as text that draws nothing."""
    return plain(problem.told("app"))


def plain(text: str) -> str:
    r"""Return text that Markdown shows as it is: what a person typed or a file says draws and links nothing.

    Examples
    --------
    >>> plain("![x](//elsewhere) *a*")
    '!\\[x\\](//elsewhere) \\*a\\*'
    """
    return re.sub(r"([\\`*_\[\]<>#$~|{}])", r"\\\1", text)


def _compare_areas() -> None:
    state.go(state.read_view().but(baseline=ALWAYS_THERE))


def nothing_loaded(settings: Settings, problem: SafeSpaceError | None = None) -> None:
    """Say how to fill an empty store."""
    st.html('<div id="content"></div>')
    st.header("Nothing is loaded yet", anchor=False)
    st.html(words.GO_TO_DATA)
    st.write(f"The store folder is `{settings.store}`. The made-up town is built with one command:")
    st.code("safespace demo --no-serve", language=None)
    st.write("Your own files can be loaded by commands too:")
    st.code(
        f"safespace ingest reports.csv --source {USUAL_SOURCE}\nsafespace ingest areas.geojson --source areas\n"
        "safespace streets city.osm.pbf",
        language=None,
    )
    st.write("Then reload this page.")
    if problem is not None:
        st.caption(said(problem))


def has_read_notes(sources: Iterable[str]) -> bool:
    """Show each source's content note once before its figures; true when all have been read."""
    unread = [
        SOURCES[name]
        for name in sources
        if SOURCES[name].content_note and not st.session_state.get(_note(name))
    ]
    for source in unread[:1]:
        st.info(source.content_note)
        with st.container(horizontal=True):
            st.button(
                "Show these reports",
                key=f"read_{source.id}_note",
                on_click=_read_note,
                args=(source.id,),
                type="primary",
            )
            st.button(
                f"Go to {SOURCES[USUAL_SOURCE].title}",
                key=f"skip_{source.id}",
                on_click=_skip,
                args=(state.read_view(),),
            )
    return not unread


def _note(source: str) -> str:
    return f"{source}_note_read"


def _read_note(source: str) -> None:
    st.session_state[_note(source)] = True


def _skip(view: View) -> None:
    state.go(view.but(sources=(USUAL_SOURCE,), factor="", kinds=(), cell=0))


def table(rows: pd.DataFrame, caption: str) -> None:
    """Draw a frame as a real HTML table with a caption and row headings, as screen readers expect it."""
    numeric = [kind.kind in "if" for kind in rows.dtypes]
    head = "".join(
        f'<th scope="col"{" class=ss-number" if is_number else ""}>{escape(str(name))}</th>'
        for name, is_number in zip(rows.columns, [False, *numeric[1:]], strict=True)
    )
    body = "".join(_row(row, numeric) for row in rows.itertuples(index=False, name=None))
    st.html(
        f'<div class="ss-table" role="region" tabindex="0" aria-label="{escape(caption)}"><table><caption>'
        f"{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: tuple[object, ...], numeric: Sequence[bool]) -> str:
    first, *rest = row
    cells = "".join(
        f"<td{' class=ss-number' if is_number else ''}>{escape(_said(value))}</td>"
        for value, is_number in zip(rest, numeric[1:], strict=True)
    )
    return f'<tr><th scope="row">{escape(_said(first))}</th>{cells}</tr>'


def _said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
