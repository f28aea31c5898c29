"""How every report reader runs: open, match, clean, look, settle.

A reader says what its file looks like (a :class:`~safespace.sources.forms.Form`) and how its own columns
become :data:`safespace.schemas.REPORTS` (a function from rows to steps). Everything a reader shares with
the others is here: what to leave out, exact repeats, identifiers, and the sums.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.nights import TIME_ZONE
from safespace.schemas import REPORTS, cast, repeated
from safespace.sources import mapping as mappings
from safespace.sources import tables
from safespace.sources.forms import Form, match_header
from safespace.sources.ingested import Ingested
from safespace.sources.moments import Clock, refuse_ambiguous
from safespace.sources.outcomes import (
    Problem,
    Repair,
    Step,
    blanked,
    disarm,
    first_problems,
    problem,
    rejects_frame,
    repairs_frame,
    same,
    shown,
)
from safespace.sources.privacy import (
    domestic,
    free_text,
    markers,
    references,
    refuse_person_files,
    set_aside,
)
from safespace.sources.rejects import HEADERS, unfold
from safespace.sources.taxonomy import Taxonomy, load_taxonomy
from safespace.sources.texts import arrow, edged, encode, is_blank, matches, plain, said, series, spread

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.settings import Settings
    from safespace.sources.texts import Flags

logger = logging.getLogger(__name__)

_FOOTER = (
    r"(?i)^\W*(?:(?:(?:grand|sub)[ -]?total|total|totals|end of (?:report|file|data|export)|"
    r"report (?:run|generated|produced)|generated (?:on|by|at)|produced (?:on|by)|row count|rows returned|\d+ rows)\b"
    r"|source:|records?:|count:)"
)
# 1.23E+11, and identifiers such as MAR1 and 3-4 that became dates, and a formula's errors
_MANGLED = (
    r"^\d(?:[.,]\d+)?[Ee]\+?\d{2,}$|^\d{1,2}-[A-Z][a-z]{2}(?:-\d{2,4})?$|^[A-Z][a-z]{2}-\d{2}$|"
    r"^\d{4}-\d{2}-\d{2}(?: 00:00:00)?$|^#+$|^#(?:NAME\?|REF!|VALUE!|N/A|NUM!|NULL!|DIV/0!)$"
)
# cells that may need a hand: spaces at an end, or a start that a spreadsheet would run
_UNTIDY = (
    r"^[\s\x{A0}\x{200B}\x{FEFF}=@\x{FF1D}\x{FF20}\x{FF0B}\x{FF0D}]|[\s\x{A0}\x{200B}\x{FEFF}]$|"
    r"^[+-](?:$|[^0-9.]|\.[^0-9]|[0-9.,\s+eE-]*[^0-9.,\s+eE-])"
)

_UNTIDY_START, _UNTIDY_END = b"\t\n\f\r =@+-", b"\t\n\f\r "


@dataclass(frozen=True)
class Context:
    """What a reader's steps may ask for: how to read moments, and the words of each source."""

    clock: Clock
    taxonomy: Taxonomy


@dataclass(frozen=True)
class Rows:
    """Every row of every file under our names: text as read, with ``file`` and ``row``.

    ``filled`` says which cells (file, line, our name) were blank under a merged cell.
    """

    frame: pd.DataFrame
    headers: dict[str, dict[str, str]]
    notes: tuple[str, ...]
    filled: tuple[tuple[str, int, str], ...] = ()


_HELD = tuple(name for name in ("reference", *REPORTS.columns) if name not in ("report_id", "source"))

_SET_ASIDE = MappingProxyType(
    {
        "home_location": "A column that is not read places it at a home; only counted.",
        "domestic_abuse": "A column that is not read marks it as domestic abuse; only counted.",
    }
)

Look: TypeAlias = Callable[[pd.DataFrame, Context], Sequence[Step]]
# REPORTS to ``report_id, differs, load_id`` of those that are held with other content
Held: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
_FIRST_SHOWN = 3


def read_form(  # noqa: PLR0913 - each is a separate choice
    paths: Sequence[Path],
    form: Form,
    look: Look,
    *,
    mapping: Path | str | None,
    settings: Settings,
    as_of: pd.Timestamp | None = None,
    sheet: str | None = None,
    progress: bool = False,
    known: Held | None = None,
) -> Ingested:
    """Read one source's files.

    Parameters
    ----------
    paths
        CSV, ``.xlsx``, Parquet, GeoPackage, GeoJSON, zip of CSVs, or folders.
    form
        What the files look like.
    look
        The reader's own steps: from rows of trimmed text to values, problems and repairs.
    mapping
        A mapping file, or the name of one that comes with SafeSpace.
    settings
        Time zone and limits.
    as_of
        Moments a day or more after this are in the future; now when not given.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage; its first when not given.
    progress
        Show a bar over the files.
    known
        Looks reports up in a store: those held with other content are quarantined.

    Raises
    ------
    FileError, SchemaError
        When a file cannot be opened or does not have the columns needed.
    """
    told = mappings.read_mapping(mapping) if mapping is not None else mappings.Mapping()
    opened = tables.open_tables(
        paths,
        wanted=form.wanted(told) | HEADERS,
        limits=settings.limits,
        prefer=form.prefer,
        sheet=sheet,
        track=_track if progress else None,
    )
    rows = gather(opened, form, told)
    now = as_of if as_of is not None else pd.Timestamp.now(tz="UTC")
    context = Context(Clock(settings.time_zone, now, told.date_order), load_taxonomy(form))
    texts, cleaning = clean(rows.frame, form, told)
    if told.date_order is None:
        refuse_ambiguous(_foreign_moments(texts, rows.headers, form))
    steps = [
        leave_out(texts),
        repeated_headers(texts, rows.headers),
        merged_cells(texts, rows),
        cleaning,
        *look(texts, context),
        references(texts["reference"]),
    ]
    digest = _content_hash(opened.digest, told, sheet, settings)
    return settle(rows, steps, form, digest=digest, synthetic=_is_synthetic(texts, paths), known=known)


def identify_files(
    paths: Sequence[Path],
    form: Form,
    *,
    mapping: Path | str | None,
    settings: Settings,
    sheet: str | None = None,
) -> tuple[tuple[str, ...], str]:
    """Return the names and the content hash that reading these files would give, without reading a row.

    Parameters
    ----------
    paths, form, mapping, settings, sheet
        As for :func:`read_form`.

    Raises
    ------
    FileError
        When a file cannot be opened.
    """
    told = mappings.read_mapping(mapping) if mapping is not None else mappings.Mapping()
    names, digest = tables.hash_files(paths, limits=settings.limits, prefer=form.prefer)
    return names, _content_hash(digest, told, sheet, settings)


def _content_hash(digest: str, mapping: mappings.Mapping, sheet: str | None, settings: Settings) -> str:
    """Return SHA-256 over the files and over whatever else decides what their rows become."""
    zone = settings.time_zone
    told = [] if sheet is None else [f"sheet {sheet}"]
    told += [] if zone == TIME_ZONE else [f"time zone {zone}"]
    return hashlib.sha256(digest.encode() + mapping.digest + "\n".join(told).encode()).hexdigest()


def _foreign_moments(
    texts: pd.DataFrame, headers: Mapping[str, Mapping[str, str]], form: Form
) -> dict[str, tuple[str, pd.Series]]:
    """Return the columns of moments that a file calls by a name of its own.

    Under our own header the page of formats says that 03/04 is day first, so nobody needs to be asked.
    """
    moments = [field.name for field in form.fields if field.kind == "moment"]
    theirs = {name: [h[name] for h in headers.values() if name in h] for name in moments}
    foreign = {name: [h for h in held if plain(h) != name] for name, held in theirs.items()}
    return {name: (held[0], texts[name]) for name, held in foreign.items() if held}


def gather(opened: tables.Opened, form: Form, mapping: mappings.Mapping) -> Rows:
    """Bring the tables together under our names.

    Raises
    ------
    SchemaError
        When a table does not have the columns needed.
    """
    others = len(opened.passed_over)
    notes = [f"{others} other files in the archive were not read."] if others else []
    parts, headers, filled = [], {}, []
    for grid in map(unfold, opened.grids):
        tables.refuse_headless(grid)
        refuse_person_files(grid.headers, where=grid.where)
        spots = match_header(grid.headers, form, mapping, where=grid.where)
        undecided = [name for name in form.names() if name not in mapping.columns]
        spots |= markers(grid.headers, spots, undecided, where=grid.where)
        grid, times = join_times(grid, spots, form)  # noqa: PLW2901 - one cell a moment from here on
        headers[grid.file] = {name: grid.headers[spot] for name, spot in spots.items()}
        unread = [spot for spot in range(len(grid.headers)) if spot not in {*spots.values(), *times}]
        aside, said_by = set_aside(
            [(grid.headers[spot], grid.cells.column(spot)) for spot in unread], grid.cells.num_rows
        )
        parts.append(_renamed(grid, spots, form).append_column("set_aside", aside))
        if grid.ragged:
            parts.append(_ragged(grid, form))
        bare = not grid.cells.num_rows and not grid.ragged
        notes += [f"{grid.file}: there is a header and no row under it."] if bare else []
        notes += [*grid.notes, *_unread(grid, unread), *_aside_note(said_by)]
        ours = {spot: name for name, spot in spots.items()}
        filled += [(grid.file, line, ours[spot]) for line, spot in grid.filled if spot in ours]
    table = pa.concat_tables(parts)
    index = pd.RangeIndex(table.num_rows)
    columns = {
        name: series(_one_piece(table.column(name)), index) for name in table.column_names if name != "row"
    }
    frame = pd.DataFrame({**columns, "row": np.array(table.column("row"))})
    return Rows(frame, headers, tuple(dict.fromkeys(notes)), tuple(filled))


def _one_piece(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)


def _renamed(grid: tables.Grid, spots: dict[str, int], form: Form) -> pa.Table:
    count = grid.cells.num_rows
    blank = pa.repeat(pa.scalar("", pa.large_string()), count)
    columns = {name: grid.cells.column(spots[name]) if name in spots else blank for name in form.names()}
    return pa.table(
        {
            **columns,
            "ragged": blank,
            "file": pa.repeat(pa.scalar(grid.file, pa.large_string()), count),
            "row": pa.array(grid.lines),
        }
    )


def _ragged(grid: tables.Grid, form: Form) -> pa.Table:
    count = len(grid.ragged)
    blank = pa.repeat(pa.scalar("", pa.large_string()), count)
    return pa.table(
        {
            **dict.fromkeys(form.names(), blank),
            "ragged": pa.array([text for _, text in grid.ragged], type=pa.large_string()),
            "file": pa.repeat(pa.scalar(grid.file, pa.large_string()), count),
            "row": pa.array([line for line, _ in grid.ragged], type=pa.int64()),
            "set_aside": blank,
        }
    )


def join_times(grid: tables.Grid, spots: Mapping[str, int], form: Form) -> tuple[tables.Grid, list[int]]:
    """Put a column of times behind the dates it stands beside: Date and Time, Date from and Time from.

    Parameters
    ----------
    grid
        A table as read.
    spots
        Our column name to a position among its headers.
    form
        Whose columns they are.

    Returns
    -------
    tuple
        The table, and the positions of the times that were taken.
    """
    moments = [field.name for field in form.fields if field.kind == "moment" and field.name in spots]
    squeezed = [plain(header).replace("_", "") for header in grid.headers]
    taken: list[int] = []
    for name in moments:
        date, cells = squeezed[spots[name]], grid.cells
        wanted = {date.replace("date", "time")} if "date" in date else set()
        wanted |= {"time"} if name == moments[0] else set()
        beside = [n for n, header in enumerate(squeezed) if header in wanted and n not in spots.values()]
        if len(beside) != 1 or beside[0] in taken:
            continue
        joined = _joined(cells.column(spots[name]), cells.column(beside[0]))
        whole = cells.set_column(spots[name], cells.column_names[spots[name]], joined)
        note = f"{grid.headers[spots[name]]} and {grid.headers[beside[0]]} are read together, as one moment."
        grid, taken = replace(grid, cells=whole, notes=(*grid.notes, note)), [*taken, *beside]
    return grid, taken


def _joined(dates: pa.ChunkedArray, times: pa.ChunkedArray) -> pa.ChunkedArray:
    # a date with its midnight is what a spreadsheet makes of a date alone
    bare = pc.replace_substring_regex(dates, r"[ T]0?0:00(?::00(?:\.0+)?)?\s*$", "")
    clock = pc.replace_substring_regex(times, r"^\s+|\s+$", "")
    told = pc.and_(pc.not_equal(clock, ""), pc.invert(pc.match_substring_regex(bare, r"^\s*$|\d:\d")))
    space = pa.scalar(" ", pa.large_string())
    return pc.if_else(told, pc.binary_join_element_wise(bare, clock, space), dates)


def _unread(grid: tables.Grid, unread: Sequence[int]) -> list[str]:
    left = [grid.headers[spot] for spot in unread]
    told = [f"Columns not read: {', '.join(name or '(no name)' for name in left)}."] if left else []
    free = free_text(left)
    return [*told, *([f"Free text is never stored: {', '.join(free)}."] if free else [])]


def _aside_note(headers: list[str]) -> list[str]:
    if not headers:
        return []
    named = ", ".join(header[:60] for header in headers)
    which = f"Rows were left out for a home or domestic abuse named in columns that are not read: {named}."
    return [f"{which} A mapping can say that one is location_type or domestic_abuse."]


def clean(frame: pd.DataFrame, form: Form, mapping: mappings.Mapping) -> tuple[pd.DataFrame, Step]:
    """Trim every cell, undo ``="..."``, disarm formulas, and apply the mapping's words.

    Returns
    -------
    tuple
        The rows with clean text, and the repairs that were made. Words put in place by the mapping were
        decided by a person and are not shown as repairs.
    """
    texts, repairs = {}, []
    for name in form.names():
        texts[name], mended = _clean_column(frame[name])
        repairs += mended
        words = mapping.words.get(name)
        if words:
            codes, theirs = encode(texts[name])
            texts[name] = spread([words.get(word, word) for word in theirs], codes, frame.index)
    return frame.assign(**texts), Step(repairs=tuple(repairs))


def _clean_column(raw: pd.Series) -> tuple[pd.Series, list[Repair]]:
    untidy = _untidy(arrow(raw))
    if not untidy.any():
        return raw, []
    held = raw[untidy]
    codes, words = encode(held)
    tidied = [_tidy(word) for word in words]
    after = spread([text for text, _ in tidied], codes, held.index)
    rules = said([rule for _, rule in tidied], codes)
    mended = [Repair(rule, held[rules == rule], after[rules == rule]) for rule in sorted(set(rules) - {""})]
    whole = pc.replace_with_mask(arrow(raw), pa.array(untidy), arrow(after))
    return series(whole, raw.index), mended


def _untidy(texts: pa.Array) -> Flags:
    perhaps = np.flatnonzero(edged(texts, first=_UNTIDY_START, last=_UNTIDY_END))
    untidy = np.zeros(len(texts), dtype=bool)
    untidy[perhaps] = matches(texts.take(pa.array(perhaps)), _UNTIDY)
    return untidy


def _tidy(text: str) -> tuple[str, str]:
    trimmed = text.strip(" \t\r\n\v\f\u00a0\u200b\ufeff").strip()
    if trimmed.startswith('="') and trimmed.endswith('"') and len(trimmed) > 3:
        return disarm(trimmed[2:-1].strip()), "excel_text"
    safe = disarm(trimmed)
    if safe != trimmed:
        return safe, "formula_text"
    return trimmed, "trimmed" if trimmed and trimmed != text else ""


def leave_out(texts: pd.DataFrame) -> Step:
    """Find the rows that are not reports, and those that must not be used."""
    ragged = pd.Series(~is_blank(texts["ragged"]), index=texts.index)
    footer = pd.Series(_footers(texts), index=texts.index)
    swallowed = pd.Series(matches(texts["ragged"], "\n."), index=texts.index)
    found = [
        problem("rejected", "footer_row", footer, "The row is a total or a footer and not a report."),
        problem(
            "rejected",
            "footer_row",
            pd.Series(_lonely(texts), index=texts.index) & ~footer,
            "The row holds one cell and nothing else, as a heading or a footer does.",
        ),
        problem(
            "rejected",
            "ragged_row",
            ragged & ~footer & ~swallowed,
            "The line has more or fewer cells than there are headers; its text is not kept here.",
        ),
        Problem("rejected", "ragged_row", _open_quotes(texts["ragged"][swallowed & ~footer])),
    ]
    if "domestic_abuse" in texts:
        found += domestic(texts)
    found += [
        problem("excluded", reason, texts["set_aside"] == reason, sentence)
        for reason, sentence in _SET_ASIDE.items()
    ]
    return Step(problems=tuple(one for one in found if len(one.explanation)))


def _open_quotes(texts: pd.Series) -> pd.Series:
    """Explain the rows that run over several lines, as they do when a quotation mark is never closed."""
    more = texts.str.strip().str.count("\n").astype("str")
    sentence = "A quotation mark on this line is not closed and takes in the %s lines after it: close it and load again."
    return pd.Series([sentence % count for count in more], index=texts.index, dtype=object)


def merged_cells(texts: pd.DataFrame, rows: Rows) -> Step:
    """Show the cells of a workbook that took the text of the merged cell they lie under."""
    repairs = []
    places = (
        pd.MultiIndex.from_frame(texts[["file", "row"]])
        if rows.filled
        else pd.MultiIndex.from_arrays([[], []])
    )
    for name in sorted({name for _, _, name in rows.filled}):
        spots = places.isin([(file, line) for file, line, ours in rows.filled if ours == name])
        after = texts.loc[spots, name]
        repairs.append(Repair("merged_cell", pd.Series("", index=after.index, dtype="str"), after))
    return Step(repairs=tuple(repairs))


def repeated_headers(texts: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]) -> Step:
    """Find the rows that are the header again, as stitched files have."""
    shared = set.intersection(*(set(names) for names in headers.values()))
    same = pd.Series(data=True, index=texts.index)
    for name in sorted(shared):
        same &= texts[name].isin({names[name].strip() for names in headers.values()})
        if not same.any():
            return Step()
    return Step(problems=(problem("rejected", "header_row", same, "The row is the header again."),))


def _footers(texts: pd.DataFrame) -> Flags:
    """Tell which rows' first cell that holds anything reads like a total or a footer."""
    footer, rest = np.zeros(len(texts), dtype=bool), np.arange(len(texts))
    for name in texts.columns.drop(["file", "row", "set_aside"]):
        held = arrow(texts[name])
        held = held if len(rest) == len(texts) else held.take(pa.array(rest))
        footer[rest] = matches(held, _FOOTER)
        rest = rest[is_blank(held)]
    return footer


def _lonely(texts: pd.DataFrame) -> Flags:
    """Tell which rows hold one cell only."""
    filled = np.zeros(len(texts), dtype=np.int16)
    for name in texts.columns.drop(["file", "row", "set_aside"]):
        filled += ~is_blank(texts[name])
    alone: Flags = (filled == 1) & is_blank(texts["ragged"])
    return alone


def settle(
    rows: Rows,
    steps: Sequence[Step],
    form: Form,
    *,
    digest: str,
    synthetic: bool,
    known: Held | None = None,
) -> Ingested:
    """Decide each row's one outcome, give every report its identifier, and balance the sums.

    Parameters
    ----------
    rows
        Text as read.
    steps
        What was found; together their values fill REPORTS but for ``report_id`` and ``source``, and
        ``reference`` (may be blank).
    form
        Whose rows they are.
    digest
        SHA-256 over files and mapping.
    synthetic
        Made-up data.
    known
        Looks reports up in a store.
    """
    values = {name: column for step in steps for name, column in step.columns.items()}
    problems = [one for step in steps for one in step.problems]
    usable = _without(first_problems(problems), len(rows.frame))
    everything = pd.DataFrame({name: values[name] for name in _HELD})
    problems += repeats(everything, rows.frame, usable)
    found = first_problems(problems)
    kept = _kept(everything, _without(found, len(everything)))
    reports = kept.assign(report_id=identify(kept, form.source), **same(kept.index, source=form.source))
    changed = held_otherwise(reports, known(reports)) if known else None
    if changed is not None and len(changed.explanation):
        found = first_problems([*problems, changed])
        reports = reports.drop(index=changed.explanation.index)
    rejects = rejects_frame(found, rows.frame, rows.headers)
    notes = [*rows.notes, *(note for step in steps for note in step.notes), *_blanked_note(blanked(rejects))]
    notes += _changed_note(kept["reference"].drop(reports.index))
    return Ingested(
        source=form.source,
        files=tuple(rows.headers),
        content_hash=digest,
        read=len(rows.frame),
        reports=cast(reports.reset_index(drop=True), REPORTS),
        rejects=rejects,
        repairs=repairs_frame([one for step in steps for one in step.repairs], rows.frame, reports.index),
        synthetic=synthetic,
        notes=tuple(dict.fromkeys(notes)),
    )


def held_otherwise(reports: pd.DataFrame, differing: pd.DataFrame) -> Problem:
    """Hold back the reports that a store holds with other content, as nothing says which is right.

    Parameters
    ----------
    reports
        :data:`safespace.schemas.REPORTS`.
    differing
        ``report_id, differs, load_id`` of those that are held with other content.
    """
    other = differing.set_index("report_id")
    spots = reports["report_id"].isin(other.index)
    reference = reports.loc[spots, "reference"]
    held = other.loc[reports.loc[spots, "report_id"]]
    told = zip(reference, held["load_id"], held["differs"], strict=True)
    sentences = [
        f"The reference {shown(text)!r} is held by load {load} with another {differs}."
        for text, load, differs in told
    ]
    return Problem(
        "quarantined",
        "held_with_other_content",
        pd.Series(sentences, index=reference.index, dtype=object),
    )


def _changed_note(references: pd.Series) -> list[str]:
    if references.empty:
        return []
    first = ", ".join(map(shown, references.head(_FIRST_SHOWN)))
    more = " …" if len(references) > _FIRST_SHOWN else ""
    changed = (
        f"Of the rows, {len(references):,} changed since they were loaded and are held back: {first}{more}."
    )
    remedy = "Where the new ones are right, roll back the load that holds the old ones, and this one if loaded, and load both again, newest first."
    return [f"{changed} {remedy}"]


def _blanked_note(count: int) -> list[str]:
    if not count:
        return []
    what = "contact details, vehicle marks, names or sentences"
    return [f"{count:,} {what} in rows that were not taken were blanked before anything was kept."]


def _kept(everything: pd.DataFrame, left: Flags) -> pd.DataFrame:
    # column by column is twice as quick as row by row, and one index serves them all
    index = everything.index[left]
    columns = {name: everything[name].array[left] for name in everything.columns}
    return pd.DataFrame(columns, index=index, copy=False)


def _without(rows: pd.DataFrame, count: int) -> Flags:
    left = np.ones(count, dtype=bool)
    left[rows.index.to_numpy(dtype=np.int64)] = False  # rows are numbered from nought
    return left


def repeats(everything: pd.DataFrame, rows: pd.DataFrame, usable: Flags) -> list[Problem]:
    """Find rows that share a reference: exact repeats rejected, different content quarantined.

    Parameters
    ----------
    everything
        What would be stored of every row.
    rows
        Text as read.
    usable
        Rows that had no problem so far, shape (n,); only they are compared.

    Notes
    -----
    Rows are compared on what would be stored, so a repeat that differs only in a column that is not read
    is an exact repeat. Of rows that differ none is taken: nothing says which is right.
    """
    reference = everything["reference"][usable]
    named = everything.loc[reference.index[repeated(reference) & ~is_blank(reference)]]
    again = named.duplicated()
    differing = named[~again]
    differing = differing[differing.duplicated("reference", keep=False)]
    lines = _lines(rows.loc[named.index])
    first = lines.groupby(pd.util.hash_pandas_object(named, index=False)).transform("first")
    mangled = pd.Series(matches(reference, _MANGLED), index=reference.index)
    found = [
        problem(
            "quarantined",
            "mangled_reference",
            mangled,
            "The reference {!r} was changed by a spreadsheet; take it from the source again.",
            reference,
        ),
        Problem("rejected", "duplicate_row", "The row repeats " + first[again] + "."),
        Problem("quarantined", "same_reference", _said_again(differing["reference"], lines)),
    ]
    return [one for one in found if len(one.explanation)]


def _said_again(reference: pd.Series, lines: pd.Series) -> pd.Series:
    held = lines[reference.index].groupby(reference)
    told = reference.map({text: repr(shown(text)) for text in reference.unique()}).astype("str")
    spots = "first on " + held.transform("first") + " and last on " + held.transform("last")
    return "The reference " + told + " is there again with other content, " + spots + "."


def _lines(rows: pd.DataFrame) -> pd.Series:
    """Return where each row stands, with its file when there are several."""
    lines = "line " + rows["row"].astype("str")
    return lines if rows["file"].nunique() < 2 else lines + " of " + rows["file"].astype("str")


def identify(kept: pd.DataFrame, source: str) -> pd.Series:
    """Return each report's identifier: its reference, or a hash of its content and its occurrence.

    Notes
    -----
    Two rows without a reference may be alike in everything and still be two incidents, so the second has
    occurrence 1. The identifiers do not depend on the order of rows or files.
    """
    ids = source + ":" + kept["reference"]
    nameless = pd.Series(is_blank(kept["reference"]), index=kept.index)
    if not nameless.any():
        return ids
    made = source + ":~" + _by_content(kept[nameless].drop(columns="reference"))
    return ids.where(~nameless, made.reindex(kept.index, fill_value=""))


def _by_content(content: pd.DataFrame) -> pd.Series:
    plain = pd.DataFrame({name: _comparable(content[name]) for name in sorted(content.columns)})
    group = plain.groupby(list(plain.columns), sort=False)
    number, occurrence = group.ngroup(), group.cumcount()
    distinct = plain[~number.duplicated()]
    rows = zip(*(distinct[name].tolist() for name in distinct.columns), strict=True)
    hashes = [hashlib.sha256(repr(row).encode()).hexdigest()[:24] for row in rows]
    return pd.Series(hashes, dtype="str").loc[number].set_axis(content.index) + "-" + occurrence.astype(str)


def _comparable(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        seconds = column.dt.tz_localize(None).to_numpy().astype("M8[s]").astype(np.int64)
        return pd.Series(seconds, index=column.index)
    # six decimals of a degree are a tenth of a metre: finer than any report, the same on every machine
    return column.round(6) if pd.api.types.is_float_dtype(column.dtype) else column


def _is_synthetic(texts: pd.DataFrame, paths: Sequence[Path]) -> bool:
    # the synthetic town says so in its file names and, should those be changed, in some references
    named = any(path.name.casefold().startswith("synthetic") for path in paths)
    beside = any(
        (path if path.is_dir() else path.parent).joinpath("planted_truth.json").exists() for path in paths
    )
    return named or beside or bool(pc.any(pc.starts_with(arrow(texts["reference"]), "SYN-")).as_py())


def _track(paths: Sequence[Path]) -> Any:
    from rich.progress import track  # noqa: PLC0415 - only when a bar is wanted

    return track(paths, description="Reading", transient=True)
