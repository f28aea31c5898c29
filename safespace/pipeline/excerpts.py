"""The first rows of what was not taken or was mended, fit for a screen.

A screen is seen by more people than a file, so it shows less than the rows to be mended hold: lines, times,
places, references, words of the lists, and nothing that could be somebody's own words. Excluded rows
are counted and never shown.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from safespace import maps
from safespace.sources.outcomes import BLANKED
from safespace.sources.readers import forms, reader_of
from safespace.sources.remedies import remedy
from safespace.sources.taxonomy import load_taxonomy
from safespace.sources.texts import plain
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup
    from collections.abc import Sequence
    from typing import TypeAlias

    from safespace.settings import Settings
    from safespace.sources.forms import Field
    from safespace.sources.ingested import Ingested
    from safespace.sources.mapping import Mapping

    Words: TypeAlias = frozenset[str]

NOT_SHOWN = "(text not shown)"
_SHARED_BY = 5  # so many rows share a category; fewer may share a person
_NEAR = 0.8
_FIGURES = frozenset({"moment", "month", "number"})
_PERSONS = frozenset({"reporter"})
# said in place of an explanation that shows how a person was described, or could be
_ABOUT_PERSONS = {f"unknown_{name}": f"The {name} is not in the list." for name in _PERSONS}
# a word in quotation marks, as the explanations of problems write the value that was seen
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
# up to three short runs of letters or a source's name, and then figures
_REFERENCE = re.compile(
    r"(?i)(?:(?:[a-z]{1,5}|streetsafe|spiking)[-/_#.]){0,3}[a-z]{0,5}[0-9][a-z0-9/_.#~+-]{0,70}|[0-9a-f]{32,64}"
)
_IN_DATES = re.compile(
    r"jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|"
    r"dec(ember)?|mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(rs?(day)?)?|fri(day)?|sat(urday)?|sun(day)?|am|pm|utc|"
    r"gmt|bst|st|nd|rd|th|[tznesw]"
)


def first_rejects(
    reading: Ingested, mapping: Mapping, *, rows: int = 20
) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the first rows of each outcome and reason, but for excluded rows.

    Parameters
    ----------
    reading
        What a check read.
    mapping
        How it was read.
    rows
        The most to return of each.

    Returns
    -------
    dict
        ``(outcome, reason)`` to a frame of text: ``Line``, ``File`` when there are several, the cells that
        may be shown under the provider's own headers, and ``What is wrong``; the most frequent first.
    """
    shown = reading.rejects[reading.rejects["outcome"] != "excluded"]
    theirs = {plain(header): name for name, header in mapping.columns.items()}
    words = _known_words()
    order = shown.groupby(["outcome", "reason"]).size().sort_values(ascending=False, kind="stable").index
    found = {}
    for outcome, reason in order:
        held = shown[(shown["outcome"] == outcome) & (shown["reason"] == reason)]
        said = _fit_sentences(held["explanation"], str(reason), rows, words)
        head = held.head(rows).reset_index(drop=True)
        allowed = [words | _quoted(sentence) for sentence in said]
        cells = _cells(head["original"], reading.source, theirs, allowed)
        lines = _lines(head, several=len(reading.files) > 1)
        found[str(outcome), str(reason)] = pd.DataFrame({**lines, **cells, "What is wrong": said})
    return found


def first_repairs(reading: Ingested, *, rows: int = 20) -> dict[str, pd.DataFrame]:
    """Return the first values changed by each rule: ``Line``, ``File`` when there are several, before and after."""
    words, several = _known_words(), len(reading.files) > 1
    found = {}
    for rule in reading.repairs["rule"].value_counts().index:
        held = reading.repairs[reading.repairs["rule"] == rule].head(rows)
        pair = {
            name: [_fit_value(text, words) for text in held[column]]
            for name, column in (("As it was", "before"), ("As it would be stored", "after"))
        }
        found[str(rule)] = pd.DataFrame({**_lines(held, several=several), **pair})
    return found


def reasons_in_short(reading: Ingested) -> pd.DataFrame:
    """Count what was not taken: ``outcome, reason, rows, example, remedy``, the most frequent first."""
    words, counted = _known_words(), []
    for (outcome, reason), held in reading.rejects.groupby(["outcome", "reason"]):
        (example,) = _fit_sentences(held["explanation"], str(reason), 1, words)
        counted.append({"outcome": outcome, "reason": reason, "rows": len(held), "example": example})
    table = pd.DataFrame(counted, columns=["outcome", "reason", "rows", "example"])
    table["remedy"] = table["reason"].map(partial(remedy, face="app")).astype("str")
    return table.sort_values(["rows", "outcome", "reason"], ascending=[False, True, True], ignore_index=True)


def reading_in_words(reading: Ingested, settings: Settings) -> tuple[str, ...]:
    """Say when and where the rows that can be used are, so that wrong dates or coordinates are noticed."""
    reports = reading.reports
    if reports.empty:
        return ()
    local = reports["occurred_from"].dt.tz_convert(settings.time_zone)
    first, last = local.min(), local.max()
    south, north = reports["lat"].min(), reports["lat"].max()
    west, east = (
        f"{abs(lon):.2f} {'west' if lon < 0 else 'east'}"
        for lon in (reports["lon"].min(), reports["lon"].max())
    )
    return (
        f"The rows that can be used are dated {first.day} {first:%B %Y} to {last.day} {last:%B %Y}.",
        f"Their places lie between {south:.2f} and {north:.2f} degrees north, and {west} and {east}.",
    )


def reading_picture(reading: Ingested, settings: Settings) -> bytes:
    """Draw as SVG where the rows that can be used lie over the loaded areas; nothing when there are none."""
    reports = reading.reports
    if reports.empty:
        return b""
    held = (settings.store / "loads").is_dir()
    areas = Store.open(settings.store).areas().geometry if held else None
    return maps.points_svg(reports["lon"].to_numpy(), reports["lat"].to_numpy(), areas=areas)


def _cells(
    originals: pd.Series, source: str, theirs: Lookup[str, str], allowed: Sequence[Words]
) -> dict[str, list[str]]:
    rows = [json.loads(text) if text else {} for text in originals]
    form = reader_of(source).form
    may_be_shown = [one for one in form.fields if one.name not in _PERSONS and _is_shown(one)]
    found = {}
    for header in dict.fromkeys(header for row in rows for header in row):
        column = next((one for one in may_be_shown if _is_called(header, one, theirs)), None)
        if column is None:
            continue
        figures = column.kind in _FIGURES
        found[header] = [
            _fit_cell(str(row.get(header, "")), words, figures=figures)
            for row, words in zip(rows, allowed, strict=True)
        ]
    return found


def _is_shown(column: Field) -> bool:
    return column.kind != "text" or column.name == "reference"


def _is_called(header: str, column: Field, theirs: Lookup[str, str]) -> bool:
    if plain(header) in theirs:
        return theirs[plain(header)] == column.name
    return plain(header) in map(plain, (column.name, *column.synonyms))


def _lines(stored: pd.DataFrame, *, several: bool) -> dict[str, list[str]]:
    lines = {"Line": stored["row"].astype(str).tolist()}
    return {**lines, "File": stored["file"].tolist()} if several else lines


def _fit_cell(text: str, words: Words, *, figures: bool) -> str:
    if figures:
        return text if _is_figures(text) else NOT_SHOWN
    return _fit_value(text, words)


def _fit_sentences(sentences: pd.Series, reason: str, rows: int, words: Words) -> list[str]:
    """Return the first explanations, the values quoted in them fit to be shown or shared by several rows."""
    if reason in _ABOUT_PERSONS:
        return [_ABOUT_PERSONS[reason]] * min(rows, len(sentences))
    counts = sentences.value_counts()
    return [
        text if counts[text] >= _SHARED_BY else _QUOTED.sub(lambda seen: _fit_quoted(seen[0], words), text)
        for text in sentences.head(rows)
    ]


def _quoted(sentence: str) -> Words:
    """Return the words an explanation shows: what may be said of a row may stand in it."""
    return frozenset(plain(quoted[1:-1]) for quoted in _QUOTED.findall(sentence))


def _fit_quoted(quoted: str, words: Words) -> str:
    return quoted if _fit_value(quoted[1:-1], words) != NOT_SHOWN else NOT_SHOWN


def _fit_value(text: str, words: Words) -> str:
    """Return a value when it is figures, a reference or words of the lists, and otherwise that it is not shown.

    Examples
    --------
    >>> words = _known_words()
    >>> [_fit_value(text, words) for text in ("28/01/2022 23:40", "SS-0012", "Poorly litt; Followed", "Ann followed me")]
    ['28/01/2022 23:40', 'SS-0012', 'Poorly litt; Followed', '(text not shown)']
    """
    bare = text.strip().lstrip("'=").strip('"')
    parts = [part for part in re.split(r"[;|]", bare) if part.strip()]
    fit = _is_figures(bare) or _REFERENCE.fullmatch(bare) or all(_is_word(part, words) for part in parts)
    return text if fit else NOT_SHOWN


def _is_figures(text: str) -> bool:
    bare = re.sub(BLANKED, "", text)
    words = re.findall(r"[^\W\d_]+", bare.casefold())
    has_figure = any(sign.isdigit() for sign in bare)
    return len(bare) <= 80 and all(has_figure and _IN_DATES.fullmatch(word) for word in words)


def _is_word(text: str, words: Words) -> bool:
    word = plain(text)
    return word in words or bool(difflib.get_close_matches(word, words, n=1, cutoff=_NEAR))


def _known_words() -> Words:
    """Return every label, code and synonym in plain form, but for those that describe a person."""
    taxonomy = load_taxonomy(*forms())
    return frozenset(
        plain(word)
        for source, lists in taxonomy.lists.items()
        for word in taxonomy.words(source, *(name for name in lists if name not in _PERSONS)).known
    )
