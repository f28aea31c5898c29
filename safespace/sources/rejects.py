"""Rejected rows as a table to mend in a spreadsheet, and such a table read back as the file it came from.

Two shapes are read. :func:`to_mend` gives the one for people: six columns beginning ``reject_`` that say
what was wrong and what to do, and then the provider's own columns, a cell each. The other is
:data:`safespace.schemas.REJECTS` as it is kept, with the row as JSON in ``original``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from safespace.errors import FileError, SchemaError
from safespace.schemas import REJECTS
from safespace.sources.remedies import remedy
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.errors import Face
    from safespace.sources.tables import Grid

_ABOUT = tuple(name for name in REJECTS.columns if name != "original")
_PREFIX = "reject_"
_REMEDY = f"{_PREFIX}remedy"
# what marks the header line of such a table, in plain form
HEADERS = frozenset(REJECTS.columns) | {_PREFIX + name for name in _ABOUT}


def to_mend(rejects: pd.DataFrame, *, face: Face = "cli") -> tuple[pd.DataFrame, ...]:
    """Return rejected rows with a column for each of the provider's own, to be mended and loaded again.

    Parameters
    ----------
    rejects
        :data:`safespace.schemas.REJECTS`.
    face
        Whose remedies the rows carry.

    Returns
    -------
    tuple of DataFrame
        One table for each set of headers, the largest first; ``reject_file``, ``reject_row``,
        ``reject_outcome``, ``reject_reason``, ``reject_explanation``, ``reject_remedy`` and the provider's columns, all text.

    Notes
    -----
    Rows whose text is not kept (excluded rows, and lines that could not be split into cells) are not
    among them, as there is nothing to mend. Contact details and vehicle marks have been blanked.
    """
    kept = rejects[rejects["original"] != ""]
    cells = [json.loads(text) for text in kept["original"]]
    shapes = pd.Series([tuple(row) for row in cells], index=kept.index, dtype=object)
    about = kept[list(_ABOUT)].rename(columns=_PREFIX.__add__).astype("str")
    about[_REMEDY] = kept["reason"].map(partial(remedy, face=face)).astype("str")
    frames = []
    for shape in shapes.value_counts(sort=True).index:
        spots = np.array([one == shape for one in shapes], dtype=bool)
        held = [row for row, here in zip(cells, spots, strict=True) if here]
        own = pd.DataFrame(held, columns=list(shape), index=kept.index[spots], dtype="str")
        frames.append(pd.concat([about[spots], own], axis=1).reset_index(drop=True))
    return tuple(frames)


def write_to_mend(rejects: pd.DataFrame, path: Path, *, face: Face = "cli") -> tuple[Path, ...]:
    """Write what :func:`to_mend` gives as CSV; the second and later tables as ``name-2.csv`` and so on.

    Parameters
    ----------
    rejects
        :data:`safespace.schemas.REJECTS`.
    path
        The first file.
    face
        Whose remedies the rows carry.

    Returns
    -------
    tuple of Path
        The files written; none when no row can be mended.

    Raises
    ------
    FileError
        When a file cannot be written.
    """
    written = []
    for number, frame in enumerate(to_mend(rejects, face=face), start=1):
        name = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            # a spreadsheet takes a CSV for Windows-1252 unless it begins with the mark of UTF-8
            frame.to_csv(name, index=False, encoding="utf-8-sig", lineterminator="\n")
        except OSError as problem:
            raise FileError(
                "The rows to mend cannot be written.",
                code="rejects-not-writable",
                where=name,
                seen=problem.strerror or str(problem),
                remedy="Name a file in a folder that is there and can be written to.",
            ) from problem
        written.append(name)
    return tuple(written)


def refuse_unwritable(path: Path) -> None:
    """Raise when the rows to mend could not be written to a file, and leave what is there as it is.

    Raises
    ------
    FileError
        Naming the file and what the system says.
    """
    there = path.exists()
    try:
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as problem:
        raise FileError(
            "The rows to mend cannot be written.",
            code="rejects-not-writable",
            where=path,
            seen=problem.strerror or str(problem),
            remedy="Nothing was loaded. Name a file in a folder that is there and can be written to.",
        ) from problem


def unfold(grid: Grid) -> Grid:
    """Return a table of rejected rows as the table they came from; any other as it is.

    Raises
    ------
    SchemaError
        When a row's ``original`` is not what was written there.
    """
    names = [plain(header) for header in grid.headers]
    if set(names) == set(REJECTS.columns):
        return _from_json(grid, names.index("original"))
    about = [spot for spot, name in enumerate(names) if name in {_PREFIX + one for one in _ABOUT}]
    if len(about) < len(_ABOUT):
        return grid
    about += [spot for spot, name in enumerate(names) if name == _REMEDY]
    own = [spot for spot in range(len(names)) if spot not in about]
    cells = grid.cells.select(own).rename_columns([f"f{i}" for i in range(len(own))])
    note = f"{grid.file}: {cells.num_rows:,} rows that were not taken before, read again."
    return replace(
        grid, headers=tuple(grid.headers[spot] for spot in own), cells=cells, notes=(*grid.notes, note)
    )


def _from_json(grid: Grid, spot: int) -> Grid:
    texts = grid.cells.column(spot).to_pylist()
    spots = np.array([i for i, text in enumerate(texts) if text], dtype=np.int64)
    rows = [_row(texts[i], int(grid.lines[i]), grid.file) for i in spots]
    headers = tuple(dict.fromkeys(header for row in rows for header in row))
    columns = {
        f"f{i}": pa.array([str(row.get(header, "")) for row in rows], type=pa.large_string())
        for i, header in enumerate(headers)
    }
    notes = [f"{grid.file}: {len(rows):,} rows that were not taken before, read again."]
    if len(rows) < len(texts):
        notes.append(f"{grid.file}: {len(texts) - len(rows):,} rows without their text were passed over.")
    return replace(
        grid,
        headers=headers,
        cells=pa.table(columns),
        lines=grid.lines[spots],
        notes=(*grid.notes, *notes),
    )


def _row(text: str, line: int, file: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as problem:
        raise _not_a_row(text, line, file) from problem
    if not isinstance(row, dict):
        raise _not_a_row(text, line, file)
    return row


def _not_a_row(text: str, line: int, file: str) -> SchemaError:
    return SchemaError(
        "A row's original cannot be read.",
        code="reject-original-not-readable",
        where=f"{file}, line {line}, column original",
        seen=text[:80],
        remedy='It is written as {"header": "cell", ...}; take the marks again from the rejects as written.',
    )
