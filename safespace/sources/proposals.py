"""Guess what a provider's columns are, from their names and from what is in them, for a person to confirm."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from safespace.errors import SchemaError
from safespace.sources.coordinates import EAST, NORTH, SOUTH, WEST
from safespace.sources.mapping import Mapping, remembered, remembered_for_some
from safespace.sources.moments import Clock, read_moments, refuse_ambiguous
from safespace.sources.readers import reader_of
from safespace.sources.rejects import HEADERS, unfold
from safespace.sources.tables import open_sample
from safespace.sources.taxonomy import load_taxonomy, resolve_many
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from safespace.settings import Settings
    from safespace.sources.forms import Field, Form
    from safespace.sources.mapping import Crs, DateOrder
    from safespace.sources.tables import Grid
    from safespace.sources.taxonomy import Taxonomy

Confidence: TypeAlias = Literal["sure", "likely", "guess"]

_ROWS = 2_000
_NEAR = 0.8
_DAY_OR_MONTH_FIRST = r"^\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}"
_ENOUGH = 0.6
_GRID_M = (0.0, 700_000.0, 1_300_000.0)


@dataclass(frozen=True)
class Guess:
    """One column: ours, theirs, how sure, and the reason in words."""

    column: str
    header: str
    confidence: Confidence
    why: str


@dataclass(frozen=True)
class Proposal:
    """A mapping to be confirmed.

    Parameters
    ----------
    mapping
        What would be used.
    guesses
        One for each column of ours that was found, in the reader's order.
    missing
        Columns that are needed and were not found; the mapping cannot be used until they are named.
    headers
        Every header of the file, to choose from.
    notes
        Sentences about dates and coordinates.
    undecided
        The problem of dates that fit two orders, where a person has to say which.
    """

    mapping: Mapping
    guesses: tuple[Guess, ...]
    missing: tuple[str, ...]
    headers: tuple[str, ...]
    notes: tuple[str, ...]
    undecided: SchemaError | None = None


def propose(paths: Sequence[Path], *, source: str, settings: Settings, sheet: str | None = None) -> Proposal:
    """Guess a mapping from the head of the first file.

    Parameters
    ----------
    paths
        Files of one provider, of which the first is looked at.
    source
        Whose columns to look for.
    settings
        Time zone and limits.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage.

    Returns
    -------
    Proposal
        Names that are ours or known are sure, near spellings likely, and columns known only by what is in
        them a guess.

    Raises
    ------
    InputError
        When there is no such source.
    FileError
        When the file cannot be opened.

    Notes
    -----
    A guess from content can be wrong where two columns hold the same kind of thing, such as the start and
    the end of an incident: a person has to confirm it.
    """
    form = reader_of(source).form
    grid = unfold(_head(paths, form, settings, sheet))
    sample = _sample(grid)
    guesses = _match(sample, form, settings)
    columns = {guess.column: guess.header for guess in guesses if plain(guess.header) != guess.column}
    crs, places = _crs(sample, guesses)
    order, dates, undecided = _order(sample, guesses, form, settings)
    return Proposal(
        Mapping(columns=columns, date_order=order, crs=crs),
        guesses,
        _missing(form, {guess.column for guess in guesses}),
        grid.headers,
        (*places, *dates),
        undecided,
    )


def recall(
    paths: Sequence[Path], *, source: str, folder: Path, settings: Settings, sheet: str | None = None
) -> Path | None:
    """Return the mapping kept for files with these headers, or None when there is none.

    Parameters
    ----------
    paths, source, settings, sheet
        As for :func:`propose`.
    folder
        Where :func:`safespace.sources.mapping.remember` keeps them.

    Notes
    -----
    A file of rows to be mended holds only the columns that were read; it is given the mapping kept last
    whose headers are all there.
    """
    grid = _head(paths, reader_of(source).form, settings, sheet)
    own = unfold(grid).headers
    kept = remembered(folder, own, source)
    return kept if kept or own == grid.headers else remembered_for_some(folder, own, source)


def headers(
    paths: Sequence[Path], *, source: str, settings: Settings, sheet: str | None = None
) -> tuple[str, ...]:
    """Return the provider's headers in the first file; arguments as for :func:`propose`."""
    return unfold(_head(paths, reader_of(source).form, settings, sheet)).headers


def _head(paths: Sequence[Path], form: Form, settings: Settings, sheet: str | None) -> Grid:
    wanted = form.wanted(Mapping()) | HEADERS
    return open_sample(paths[0], wanted=wanted, limits=settings.limits, prefer=form.prefer, sheet=sheet)


def _sample(grid: Grid) -> dict[str, pd.Series]:
    cells = grid.cells.slice(0, _ROWS)
    texts = [
        pd.Series(cells.column(i).to_pylist(), dtype="str").str.strip() for i in range(len(grid.headers))
    ]
    return dict(zip(grid.headers, texts, strict=True))


def _match(sample: dict[str, pd.Series], form: Form, settings: Settings) -> tuple[Guess, ...]:
    """Try names first, then spellings, then content, and give no header away twice."""
    taxonomy = load_taxonomy(form)
    found: dict[str, Guess] = {}
    ways: tuple[Callable[[Field, str], Guess | None], ...] = (
        _by_name,
        _by_spelling,
        lambda field, header: _by_content(field, header, sample[header], taxonomy, settings),
    )
    for way in ways:
        for field in form.fields:
            left = [header for header in sample if header not in {guess.header for guess in found.values()}]
            guesses = [] if field.name in found else [way(field, header) for header in left]
            first = next((guess for guess in guesses if guess is not None), None)
            if first is not None and not _has_place(field, found):
                found[field.name] = first
    return tuple(found[field.name] for field in form.fields if field.name in found)


def _has_place(field: Field, guesses: dict[str, Guess]) -> bool:
    pairs = (("latitude", "longitude"), ("easting", "northing"))
    return any(field.name not in pair and set(pair) <= set(guesses) for pair in pairs) and field.name in {
        name for pair in pairs for name in pair
    }


def _by_name(field: Field, header: str) -> Guess | None:
    if plain(header) == field.name:
        return Guess(field.name, header, "sure", "our own name")
    if plain(header) in map(plain, field.synonyms):
        return Guess(field.name, header, "sure", "a name that is known")
    return None


def _by_spelling(field: Field, header: str) -> Guess | None:
    names = [plain(name) for name in (field.name, *field.synonyms) if len(name) > 3]
    near = difflib.get_close_matches(plain(header), names, n=1, cutoff=_NEAR)
    return Guess(field.name, header, "likely", f"spelt nearly like {near[0]}") if near else None


def _by_content(
    field: Field, header: str, values: pd.Series, taxonomy: Taxonomy, settings: Settings
) -> Guess | None:
    held = values[values != ""]
    if held.empty:
        return None
    if field.kind == "words" and field.vocabulary:
        source, names = field.vocabulary
        step = resolve_many(held, taxonomy.words(source, *names.split()), name="label")
        share, why = float((step.columns["label"] != "").mean()), "words are in the list"
    elif field.kind == "moment":
        share, why = _dates(held, settings), "cells are dates"
    elif field.kind == "number":
        share, why = _within(held, field.name), f"numbers could be the {field.name}"
    else:
        return None
    told = f"{share:.0%} of its {why}"
    return Guess(field.name, header, "guess", told) if share >= _ENOUGH else None


def _dates(values: pd.Series, settings: Settings) -> float:
    shares = []
    for order in ("dmy", "mdy"):
        clock = Clock(settings.time_zone, pd.Timestamp("2200-01-01", tz="UTC"), order)
        shares.append(float(read_moments(values, clock, name="date", needed=True).earliest.notna().mean()))
    return max(shares)


def _within(values: pd.Series, name: str) -> float:
    low, high = {
        "latitude": (SOUTH, NORTH),
        "longitude": (WEST, EAST),
        "easting": _GRID_M[:2],
        "northing": (_GRID_M[0], _GRID_M[2]),
    }[name]
    numbers = np.asarray(pd.to_numeric(values, errors="coerce"), dtype=float)
    grid = name in ("easting", "northing")
    fits = (numbers >= low) & (numbers <= high) & (numbers != 0) & ((np.abs(numbers) > 1000) == grid)
    # a count or a flag can lie between two degrees, but has no decimals
    return float((fits & (grid | (numbers != np.rint(numbers)))).mean())


def _crs(sample: dict[str, pd.Series], guesses: Sequence[Guess]) -> tuple[Crs | None, list[str]]:
    theirs = {guess.column: sample[guess.header] for guess in guesses}
    if not {"latitude", "longitude"} <= set(theirs):
        return None, []
    numbers = pd.to_numeric(theirs["latitude"], errors="coerce").abs()
    if numbers.median() > 1000:
        return "EPSG:27700", ["The degree columns hold British National Grid metres."]
    return None, []


def _order(
    sample: dict[str, pd.Series], guesses: Sequence[Guess], form: Form, settings: Settings
) -> tuple[DateOrder | None, list[str], SchemaError | None]:
    moments = {field.name for field in form.fields if field.kind == "moment"}
    theirs = {g.column: (g.header, sample[g.header]) for g in guesses if g.column in moments}
    try:
        refuse_ambiguous(theirs)
        for header, values in theirs.values():
            clock = Clock(settings.time_zone, pd.Timestamp("2200-01-01", tz="UTC"))
            read_moments(values, clock, name=header, needed=False)
    except SchemaError as problem:
        if problem.code == "dates-fit-both-orders":
            return None, [], problem
        return "mdy", ["The dates are month first."], None
    # kept, as no date of the next file may settle it
    if any(values.str.contains(_DAY_OR_MONTH_FIRST).any() for _, values in theirs.values()):
        return "dmy", ["The dates are day first."], None
    return None, [], None


def _missing(form: Form, columns: set[str]) -> tuple[str, ...]:
    needed = [field.name for field in form.fields if field.needed and field.name not in columns]
    place = form.either and not any(set(pair) <= columns for pair in form.either)
    return (*needed, *(form.either[0] if place else ()))
