"""How every report reader runs: open, match, clean, look, settle.

A reader says what its file looks like (a :class:`~safespace.sources.forms.Form`) and how its own columns
become :data:`safespace.schemas.REPORTS` (a function from rows to steps). Everything a reader shares with
the others is here: what to leave out, exact repeats, identifiers, and the sums.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.schemas import REPORTS, conform
from safespace.sources import mapping as mappings
from safespace.sources import tables
from safespace.sources.forms import Form, match_header
from safespace.sources.ingested import Ingested
from safespace.sources.moments import Clock
from safespace.sources.outcomes import (
    Problem,
    Repair,
    Step,
    disarm,
    first_problems,
    problem,
    rejects_frame,
    repairs_frame,
)
from safespace.sources.privacy import domestic, free_text, refuse_person_files
from safespace.sources.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.settings import Settings

logger = logging.getLogger(__name__)

_FOOTER = (
    r"(?i)^\W*(?:(?:(?:grand|sub)[ -]?total|total|totals|end of (?:report|file|data|export)|"
    r"report (?:run|generated|produced)|generated (?:on|by|at)|produced (?:on|by)|row count|rows returned|\d+ rows)\b"
    r"|source:|records?:|count:)"
)
_MANGLED = r"^\d(?:\.\d+)?[Ee]\+\d+$"
# cells that may need a hand: spaces at an end, or a start that a spreadsheet would run
_UNTIDY = r"^[\s\x{A0}\x{200B}\x{FEFF}=@]|[\s\x{A0}\x{200B}\x{FEFF}]$|^[+-](?:$|[^0-9.]|\.[^0-9])"


@dataclass(frozen=True)
class Context:
    """What a reader's steps may ask for: how to read moments, and the words of each source."""

    clock: Clock
    taxonomy: Taxonomy


@dataclass(frozen=True)
class Rows:
    """Every row of every file under our names: text as read, with ``file`` and ``row``."""

    frame: pd.DataFrame
    headers: dict[str, dict[str, str]]
    notes: tuple[str, ...]


Look: TypeAlias = Callable[[pd.DataFrame, Context], Sequence[Step]]


def read_form(
    paths: Sequence[Path],
    form: Form,
    look: Look,
    *,
    mapping: Path | str | None,
    settings: Settings,
    as_of: pd.Timestamp | None = None,
    prefer: str = "",
    progress: bool = False,
) -> Ingested:
    """Read one source's files.

    Parameters
    ----------
    paths
        CSV, ``.xlsx``, zip of CSVs, or folders.
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
    prefer
        In archives and folders read only names ending so when there are any.
    progress
        Show a bar over the files.

    Raises
    ------
    FileError, SchemaError
        When a file cannot be opened or does not have the columns needed.
    """
    told = mappings.read_mapping(mapping) if mapping is not None else mappings.Mapping()
    opened = tables.open_tables(
        paths,
        wanted=form.wanted(told),
        limits=settings.limits,
        prefer=prefer,
        track=_track if progress else None,
    )
    rows = gather(opened, form, told)
    now = as_of if as_of is not None else pd.Timestamp.now(tz="UTC")
    context = Context(Clock(settings.time_zone, now, told.date_order), load_taxonomy())
    texts, cleaning = clean(rows.frame, form, told)
    steps = [leave_out(texts), repeated_headers(texts, rows.headers), cleaning, *look(texts, context)]
    digest = hashlib.sha256(opened.digest.encode() + told.digest).hexdigest()
    return settle(rows, steps, form, digest=digest, synthetic=_is_synthetic(texts, paths))


def gather(opened: tables.Opened, form: Form, mapping: mappings.Mapping) -> Rows:
    """Bring the tables together under our names.

    Raises
    ------
    SchemaError
        When a table does not have the columns needed.
    """
    parts, headers, notes = (
        [],
        {},
        [f"{len(opened.passed_over)} other files in the archive were not read."]
        if opened.passed_over
        else [],
    )
    for grid in opened.grids:
        tables.refuse_headless(grid)
        refuse_person_files(grid.headers, where=grid.file)
        spots = match_header(grid.headers, form, mapping, where=grid.file)
        headers[grid.file] = {name: grid.headers[spot] for name, spot in spots.items()}
        parts.append(_renamed(grid, spots, form))
        parts.append(_ragged(grid, form))
        notes += [*grid.notes, *_unread(grid, spots)]
    frame = pa.concat_tables(parts).to_pandas()
    frame["file"] = frame["file"].astype("str")
    return Rows(
        frame.astype(dict.fromkeys((*form.names(), "ragged"), "str")), headers, tuple(dict.fromkeys(notes))
    )


def _renamed(grid: tables.Grid, spots: dict[str, int], form: Form) -> pa.Table:
    count = grid.cells.num_rows
    blank = pa.repeat(pa.scalar(""), count)
    columns = {name: grid.cells.column(spots[name]) if name in spots else blank for name in form.names()}
    return pa.table(
        {
            **columns,
            "ragged": blank,
            "file": pa.repeat(pa.scalar(grid.file), count),
            "row": pa.array(grid.lines),
        }
    )


def _ragged(grid: tables.Grid, form: Form) -> pa.Table:
    count = len(grid.ragged)
    blank = pa.repeat(pa.scalar(""), count)
    return pa.table(
        {
            **dict.fromkeys(form.names(), blank),
            "ragged": pa.array([text for _, text in grid.ragged], type=pa.string()),
            "file": pa.repeat(pa.scalar(grid.file), count),
            "row": pa.array([line for line, _ in grid.ragged], type=pa.int64()),
        }
    )


def _unread(grid: tables.Grid, spots: dict[str, int]) -> list[str]:
    left = [header for spot, header in enumerate(grid.headers) if spot not in spots.values()]
    told = [f"Columns not read: {', '.join(name or '(no name)' for name in left)}."] if left else []
    free = free_text(left)
    return [*told, *([f"Free text is never stored: {', '.join(free)}."] if free else [])]


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
            texts[name] = texts[name].map(lambda text, words=words: words.get(text, text)).astype("str")
    return frame.assign(**texts), Step(repairs=tuple(repairs))


def _clean_column(raw: pd.Series) -> tuple[pd.Series, list[Repair]]:
    untidy = np.asarray(pc.match_substring_regex(pa.array(raw, type=pa.string()), _UNTIDY), dtype=bool)
    if not untidy.any():
        return raw, []
    held = raw[untidy].astype(object)
    tidied = {text: _tidy(text) for text in held.unique()}
    after, rules = (
        held.map({k: v[0] for k, v in tidied.items()}),
        held.map({k: v[1] for k, v in tidied.items()}),
    )
    mended = [Repair(rule, held[rules == rule], after[rules == rule]) for rule in sorted(set(rules) - {""})]
    whole = raw.astype(object)
    whole[untidy] = after
    return whole.astype("str"), mended


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
    ragged = texts["ragged"] != ""
    first = _first_filled(texts)
    footer = first.str.match(_FOOTER)
    found = [
        problem("rejected", "footer_row", footer, "The row is a total or a footer and not a report."),
        problem(
            "rejected",
            "ragged_row",
            ragged & ~footer,
            "The line has more or fewer cells than there are headers; its text is not kept here.",
        ),
    ]
    if "domestic_abuse" in texts:
        found += domestic(texts)
    return Step(problems=tuple(one for one in found if len(one.explanation)))


def repeated_headers(texts: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]) -> Step:
    """Find the rows that are the header again, as stitched files have."""
    shared = set.intersection(*(set(names) for names in headers.values()))
    same = pd.Series(data=True, index=texts.index)
    for name in sorted(shared):
        same &= texts[name].isin({names[name].strip() for names in headers.values()})
        if not same.any():
            return Step()
    return Step(problems=(problem("rejected", "header_row", same, "The row is the header again."),))


def _first_filled(texts: pd.DataFrame) -> pd.Series:
    names = [name for name in texts.columns if name not in ("file", "row")]
    first = texts[names[0]]
    for name in names[1:]:
        blank = first == ""
        if not blank.any():
            break
        first = first.where(~blank, texts[name])
    return first.astype("str")


def settle(rows: Rows, steps: Sequence[Step], form: Form, *, digest: str, synthetic: bool) -> Ingested:
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
    """
    values = {name: column for step in steps for name, column in step.columns.items()}
    problems = [one for step in steps for one in step.problems]
    usable = ~rows.frame.index.isin(first_problems(problems).index)
    held = pd.DataFrame(values).loc[usable]
    problems += repeats(held, rows.frame)
    found = first_problems(problems)
    kept = held[~held.index.isin(found.index)]
    reports = kept.assign(report_id=identify(kept, form.source), source=form.source)
    notes: list[str] = [*rows.notes, *(note for step in steps for note in step.notes)]
    return Ingested(
        source=form.source,
        files=tuple(rows.headers),
        content_hash=digest,
        read=len(rows.frame),
        reports=conform(reports.reset_index(drop=True), REPORTS),
        rejects=rejects_frame(found, rows.frame, rows.headers),
        repairs=repairs_frame([one for step in steps for one in step.repairs], rows.frame, kept.index),
        synthetic=synthetic,
        notes=tuple(dict.fromkeys(notes)),
    )


def repeats(held: pd.DataFrame, rows: pd.DataFrame) -> list[Problem]:
    """Find rows that share a reference: exact repeats rejected, different content quarantined.

    Notes
    -----
    Rows are compared on what would be stored, so a repeat that differs only in a column that is not read
    is an exact repeat. Of rows that differ none is taken: nothing says which is right.
    """
    named = held[(held["reference"] != "") & held.duplicated("reference", keep=False)]
    again = named.duplicated()
    differing = named[~again]
    differing = differing[differing.duplicated("reference", keep=False)]
    lines = rows.loc[named.index, "row"].astype(str)
    first = lines.groupby(named["reference"]).transform("first")
    mangled = held["reference"].str.match(_MANGLED)
    found = [
        Problem("rejected", "duplicate_row", "The row repeats line " + first[again] + "."),
        problem(
            "quarantined",
            "same_reference",
            pd.Series(True, index=differing.index),
            "The reference {!r} is there again with other content.",
            differing["reference"],
        ),
        problem(
            "quarantined",
            "mangled_reference",
            mangled,
            "The reference {!r} was shortened by a spreadsheet.",
            held["reference"],
        ),
    ]
    return [one for one in found if len(one.explanation)]


def identify(kept: pd.DataFrame, source: str) -> pd.Series:
    """Return each report's identifier: its reference, or a hash of its content and its occurrence.

    Notes
    -----
    Two rows without a reference may be alike in everything and still be two incidents, so the second has
    occurrence 1. The identifiers do not depend on the order of rows or files.
    """
    ids = source + ":" + kept["reference"]
    nameless = kept["reference"] == ""
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
    return named or beside or bool(texts["reference"].str.startswith("SYN-").any())


def _track(paths: Sequence[Path]) -> Any:
    from rich.progress import track  # noqa: PLC0415 - only when a bar is wanted

    return track(paths, description="Reading", transient=True)
