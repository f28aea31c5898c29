"""The sentences and tables of a brief, made once and used by every form of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from safespace import tone
from safespace.briefs.definition import (
    LINE_CHARACTERS,
    MOST_LINES,
    MOST_LINKS,
    MOST_PLACES,
    MOST_SHARES,
    NAME_CHARACTERS,
)
from safespace.maps.accessible_table import NONE, count_in_words, number_in_words, rate_in_words
from safespace.maps.palette import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from safespace.briefs.definition import Brief

Contents: TypeAlias = dict[str, Any]

EDITIONS = {
    "police": "Police edition: internal",
    "partner": "Partner edition",
    "volunteer": "Volunteer edition",
    "public": "Public edition",
}
WITHOUT_COUNTS = ("volunteer", "public")
_NUMBERLESS = (tone.Label.HIDDEN, tone.Label.NOT_KNOWN)
LIGHTING_NOTE = "Lighting is as mapped; not known is neither lit nor unlit."
HOW_TO_REPORT = (
    "999 in an emergency, 101 otherwise. On trains and at stations: British Transport Police, text 61016. "
    "A place where people felt unsafe can be told anonymously on StreetSafe."
)
METHOD = (
    "Events in each cell and its neighbours are tested against what the baseline would give "
    "(exact test, Benjamini-Hochberg); rates are smoothed towards usual."
)
MAP_ALT = "Map of the area in hexagonal cells over its streets."
MONTHS_ALT = "Bars: events in each whole month."
NO_HOURS = "Not known: these records carry no hour of the day."
SHOWS = (
    "Where more reports were received than the area's usual, and how sure that is.",
    "What was told as the reason, and at what hours.",
    "Conditions on walking links that their owners can change.",
)
DOES_NOT_SHOW = (
    tone.ABSENCE,
    "How much happened: reports depend on who reports, and on campaigns and patrols.",
    "What comes next, what happened at an address, or anything about a person.",
    "Private places and the internet.",
)


def contents(brief: Brief) -> Contents:
    """Return everything a brief says as plain words and lists, ready for a template.

    Volunteer and public editions carry no counts, rates or shares: places and their meaning, conditions that
    can be mended, and how to report.

    Returns
    -------
    dict
        JSON-able; names, typed notes and pictures included. The same brief gives the same contents.

    Examples
    --------
    >>> day_in_words(__import__("datetime").date(2025, 10, 31))
    '31 October 2025'
    """
    told: Contents = {
        "title": brief.title,
        "area": brief.area,
        "edition": EDITIONS[brief.edition],
        "classification": brief.classification,
        "synthetic": SYNTHETIC if brief.synthetic else "",
        "period": brief.period,
        "data_date": day_in_words(brief.data_date),
        "date": [brief.data_date.year, brief.data_date.month, brief.data_date.day],
        "headline": headline(brief),
        "facts": _facts(brief),
        "map": brief.map_svg.decode(),
        "map_alt": _map_alt(brief),
        "hours": brief.hours_svg.decode(),
        "hours_alt": _hours_alt(brief),
        "no_hours": NO_HOURS,
        "months": brief.months_svg.decode(),
        "months_alt": " ".join([MONTHS_ALT, *brief.months_notes]) if brief.months_svg else "",
        "months_notes": list(brief.months_notes),
        "months_left_out": next((note for note in brief.months_notes if note.startswith("Left out")), ""),
        "places": _places(brief),
        "shares": _shares(brief),
        "links": _links(brief),
        "notes": list(brief.notes),
        "overrides": [_override(item) for item in brief.overrides],
        "shows": list(SHOWS),
        "does_not_show": [*DOES_NOT_SHOW, *_first(brief.caveats, brief)],
        "method": _method(brief),
        "sources": _first(brief.sources, brief),
        "assumptions": _first(brief.assumptions, brief),
        "version": brief.version,
        "how_to_report": HOW_TO_REPORT,
    }
    return _without_counts(told) if brief.edition in WITHOUT_COUNTS else told


def sentences(brief: Brief) -> list[str]:
    """Return the generated sentences of a brief, without names, typed notes and pictures."""
    told = contents(brief)
    rows = [*told["places"]["rows"], *told["shares"]["rows"], *told["links"]["rows"]]
    lists = [told[name] for name in ("headline", "shows", "does_not_show", "sources", "assumptions")]
    tables = [
        [*told[name]["columns"], told[name]["more"], told[name]["note"]]
        for name in ("places", "shares", "links")
    ]
    return [
        told["edition"],
        told["map_alt"],
        told["hours_alt"],
        told["months_alt"],
        told["method"],
        told["how_to_report"],
        *(f"{name}: {value}" for name, value in told["facts"]),
        *(text for part in (*lists, *tables) for text in part),
        *(value for row in rows for value in row[1:]),
    ]


def headline(brief: Brief) -> list[str]:
    """Say in at most three sentences what a reader with one minute needs."""
    number = len(brief.places)
    if number == 0:
        first = "No place had more reports than its usual that chance would not also give."
    else:
        noun = "place" if number == 1 else "places"
        first = f"{number} {noun} had more reports than usual, and more than chance would give."
    tied = number > 1 and bool(brief.places["tied"].all())
    second = "Which comes first is not sure, so they share a rank." if tied else ""
    third = "" if brief.edition in WITHOUT_COUNTS else _too_few(brief)
    return [text for text in (first, second, third) if text]


def _too_few(brief: Brief) -> str:
    number, of = brief.cells.get(tone.Label.TOO_FEW, 0), sum(brief.cells.values())
    return (
        f"For {count_in_words(number, 'cell')} of {of:,} there are too few reports to say." if number else ""
    )


def _without_counts(uncounted: Contents) -> Contents:
    """Leave out every count, rate and share; what is left says where, what it means and what to mend."""
    places, links = uncounted["places"], uncounted["links"]
    return {
        **uncounted,
        "facts": uncounted["facts"][-1:],
        "map_alt": MAP_ALT,
        "hours": "",
        "months": "",
        "months_alt": "",
        "months_notes": [],
        "months_left_out": "",
        "shares": {"columns": [], "rows": [], "more": "", "note": ""},
        "places": {
            **places,
            "columns": [*places["columns"][:2], places["columns"][-1]],
            "rows": [[*row[:2], row[-1]] for row in places["rows"]],
            "note": "",
        },
        "links": {
            **links,
            "columns": links["columns"][:-1],
            "rows": [row[:-1] for row in links["rows"]],
            "note": LIGHTING_NOTE,
        },
        "shows": [uncounted["shows"][0], uncounted["shows"][-1]],
        "does_not_show": [*DOES_NOT_SHOW],
    }


def day_in_words(day: date) -> str:
    """Write a day as people do.

    Examples
    --------
    >>> from datetime import date
    >>> day_in_words(date(2022, 5, 1))
    '1 May 2022'
    """
    return f"{day.day} {day:%B %Y}"


def _facts(brief: Brief) -> list[list[str]]:
    counts = brief.counts
    unknown = counts.unknown_place / counts.read if counts.read else 0
    return [
        ["Rows read", f"{counts.read:,}"],
        ["Accepted", f"{counts.accepted:,}"],
        ["Not accepted", f"{counts.rejected:,}"],
        ["Place not known", f"{unknown:.1%}".replace("%", " %")],
        ["Newest record", day_in_words(brief.data_date)],
    ]


def _map_alt(brief: Brief) -> str:
    number = len(brief.places)
    marked = (
        f"{count_in_words(number, 'numbered place')} higher than usual, listed in the table below the map."
    )
    cells = "; ".join(
        f"{tone.Label(label).sentence}: {count_in_words(count, 'cell')}"
        for label, count in brief.cells.items()
        if count
    )
    return " ".join([MAP_ALT, marked, *([f"{cells}."] if cells else [])])


def _hours_alt(brief: Brief) -> str:
    del brief
    return (
        "Chart of reports by hour and night, Monday to Sunday, from noon to noon. The area of a square is the "
        "number of reports, bars are totals, and the hours from 18:00 to 06:00 are shaded."
    )


def _places(brief: Brief) -> Contents:
    ordered = brief.places.sort_values("place")
    rows = [
        [
            _short(name),
            str(number),
            f"{rank}{' =' if tied else ''}",
            NONE
            if label in _NUMBERLESS
            else rate_in_words(rate, lower, upper, events, interval=brief.method.interval),
            tone.Label(label).sentence,
        ]
        for number, name, rank, tied, events, rate, lower, upper, label in _values(
            ordered.head(MOST_PLACES),
            "place",
            "name",
            "rank",
            "tied",
            "events",
            "rate",
            "lower",
            "upper",
            "label",
        )
    ]
    columns = ["Place", "No.", "Rank", "Compared with its usual", "What it means"]
    note = (
        "An equals sign marks a shared rank: which comes first is not sure." if ordered["tied"].any() else ""
    )
    more = _more(len(ordered), MOST_PLACES, "place", brief)
    return {"columns": columns, "rows": rows, "more": more, "note": note}


def _shares(brief: Brief) -> Contents:
    ordered = brief.shares.sort_values(["count", "what"], ascending=[False, True])
    rows = [
        [
            _short(what, 36),
            f"{count:,} of {of:,}",
            f"{share:.0%}".replace("%", " %"),
            f"{lower * 100:.0f} to {upper * 100:.0f} %",
        ]
        for what, count, of, share, lower, upper in _values(
            ordered.head(MOST_SHARES), "what", "count", "of", "share", "lower", "upper"
        )
    ]
    verb, noun = ("recorded", "kind") if brief.recorded else ("told", "reason")
    return {
        "heading": f"What was {verb}",
        "columns": [
            f"{noun.capitalize()} {verb}",
            "Reports",
            "Share",
            brief.method.interval_words,
        ],
        "rows": rows,
        "more": _more(len(ordered), MOST_SHARES, noun, brief),
        "note": "",
    }


def _links(brief: Brief) -> Contents:
    rows = [
        [
            _short(name),
            *(f"{metres:,.0f}" for metres in (length, lit, unlit, unknown, steps, tunnel)),
            _per_km(length, (reports_nearby, lower, upper), near),
        ]
        for name, length, lit, unlit, unknown, steps, tunnel, reports_nearby, lower, upper, near in _values(
            brief.links.head(MOST_LINKS),
            "name", "length_m", "lit_yes_m", "lit_no_m", "lit_unknown_m", "steps_m", "tunnel_m",
            "reports_nearby", "reports_nearby_lower", "reports_nearby_upper", "reports_within_reach",
        )
    ]  # fmt: skip
    columns = [
        "Walking link", "Length, m", "Lit, m", "Not lit, m", "Lighting not known, m", "Steps, m", "Underpass, m",
        "Reports per km (interval)",
    ]  # fmt: skip
    note = f"{LIGHTING_NOTE} Reports nearby are weighted by distance."
    more = _more(len(brief.links), MOST_LINKS, "link", brief)
    return {"columns": columns, "rows": rows, "more": more, "note": note}


def _per_km(length_m: float, reports_nearby: tuple[float, float, float], near: int) -> str:
    if length_m == 0:
        return tone.Label.TOO_FEW.sentence
    if near == 0:
        return "No reports received"  # an interval from nothing would be nought to nought
    rate, lower, upper = (value * 1000 / length_m for value in reports_nearby)
    interval = f"{number_in_words(rate)} ({number_in_words(lower)} to {number_in_words(upper)})"
    return f"{interval}; {count_in_words(near, 'report')}"


def _method(brief: Brief) -> str:
    return f"{method_of(brief)} Baseline: {brief.method.baseline}. Word list {tone.version()}."


def method_of(brief: Brief) -> str:
    """Say how the places were found, and what the finding rests on."""
    return f"{METHOD} {brief.basis}".strip()


def _override(item: tone.Override) -> str:
    return f"“{item.flag.words}” kept by {item.who}: {item.reason}"


def _first(lines: Sequence[str], brief: Brief) -> list[str]:
    left = len(lines) - MOST_LINES
    shown = [_short(line, LINE_CHARACTERS) for line in lines[:MOST_LINES]]
    return [*shown, *([f"And {left} more in {brief.data_file}."] if left > 0 else [])]


def _more(number: int, shown: int, noun: str, brief: Brief) -> str:
    left = number - shown
    return f"And {count_in_words(left, f'more {noun}')} in {brief.data_file}." if left > 0 else ""


def _short(words: str, most: int = NAME_CHARACTERS) -> str:
    """Cut words that would not fit their place."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _values(frame: pd.DataFrame, *columns: str) -> Any:
    return zip(*(frame[column].tolist() for column in columns), strict=True)
