"""Read figures about areas: residents of the Census, recorded crime a month, anything with a code and a value."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from safespace.errors import FileError, Remedy, SchemaError
from safespace.settings import LimitSettings
from safespace.sources import tables
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def read_area_values(
    path: Path,
    *,
    code_column: str,
    value_column: str,
    keep: Mapping[str, Collection[str]] | None = None,
    limits: LimitSettings | None = None,
) -> pd.Series:
    """Read one figure for each area, rows of one area added up.

    Parameters
    ----------
    path
        CSV, zip of CSVs, or tar archive of CSVs (``.tar``, ``.tar.gz``, ``.tar.xz``).
    code_column, value_column
        Headers of the area's code and of the figure.
    keep
        Header to the values to count, such as ``{"category": ["Robbery"]}``; everything when not given.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    Series
        float64, named ``value_column``, index ``code_column`` sorted.

    Raises
    ------
    FileError
        When the file cannot be read.
    SchemaError
        When a column is missing, a figure is not a number, a code is blank, or ``keep`` leaves nothing.

    Notes
    -----
    Census residents are people asleep, not people about: a poor baseline for a city centre at night.
    """
    wanted = (code_column, value_column, *(keep or {}))
    frame = read_columns(path, wanted, limits=limits)
    for name, values in (keep or {}).items():
        frame = frame[frame[name].isin(list(values))]
        if frame.empty:
            raise SchemaError(
                "No row has the values to keep.",
                code="layer-values-absent",
                where=Path(path).name,
                seen=f"{name} in {sorted(values)}",
                remedy="Check how they are spelt in the file.",
            )
    frame = frame[(frame[code_column] != "") | (frame[value_column] != "")]  # a footnote has neither
    numbers = pd.to_numeric(frame[value_column].str.replace(",", "", regex=False), errors="coerce")
    _check(frame, numbers, code_column, value_column, Path(path).name)
    return numbers.astype("float64").groupby(frame[code_column]).sum().rename(value_column)


def read_columns(
    path: Path, names: Sequence[str], *, limits: LimitSettings | None = None, optional: Sequence[str] = ()
) -> pd.DataFrame:
    """Read columns of a table, or of an archive of tables, as trimmed text.

    Parameters
    ----------
    path
        As in :func:`read_area_values`.
    names
        Headers to read; case and punctuation do not matter.
    limits
        Sizes past which the file is refused.
    optional
        Those of ``names`` that may be absent, and are then blank.

    Raises
    ------
    FileError, SchemaError
        When the file cannot be read or lacks a column.
    """
    limits = limits or LimitSettings()
    wanted = frozenset(map(plain, names))
    path = Path(path)
    if path.is_file() and tarfile.is_tarfile(path):
        tables.check_size(path, limits)
        grids = [
            tables.open_grid(content, name, wanted=wanted, limits=limits)
            for name, content in _tar_members(path, limits)
        ]
    else:
        grids = list(tables.open_tables([path], wanted=wanted, limits=limits).grids)
    frame = pa.concat_tables([_pick(grid, names, optional) for grid in grids]).to_pandas()
    return pd.DataFrame({name: frame[name].astype("str").str.strip() for name in names})


def _pick(grid: tables.Grid, names: Sequence[str], optional: Sequence[str]) -> pa.Table:
    plains = [plain(header) for header in grid.headers]
    missing = [name for name in names if plain(name) not in plains and name not in optional]
    if missing:
        raise SchemaError(
            f"Columns are missing: {', '.join(missing)}.",
            code="layer-columns-missing",
            where=grid.file,
            seen=", ".join(grid.headers[:60]),
            remedy="Name the columns as they are in the file.",
        )
    if grid.ragged:
        raise SchemaError(
            "A row does not split into as many cells as there are headers.",
            code="layer-row-ragged",
            where=f"{grid.file} line {grid.ragged[0][0]}",
            seen=grid.ragged[0][1][:80],
            remedy="Mend the row.",
        )
    blank = pa.repeat(pa.scalar(""), grid.cells.num_rows)
    return pa.table(
        {
            name: grid.cells.column(plains.index(plain(name))) if plain(name) in plains else blank
            for name in names
        }
    )


def _tar_members(path: Path, limits: LimitSettings) -> Iterator[tuple[str, bytes]]:
    left, found = limits.file_mb * 2**20, 0
    try:
        with tarfile.open(path) as archive:
            for item in archive:
                left -= item.size
                if left < 0:
                    raise FileError(
                        "The archive unpacks to too much.",
                        code="layer-archive-too-large",
                        where=path.name,
                        remedy=Remedy.limit(f"The limit is {limits.file_mb:,} MB", "limits.file_mb"),
                    )
                member = archive.extractfile(item) if item.isfile() and item.name.endswith(".csv") else None
                if member is not None:
                    found += 1
                    yield f"{path.name}/{item.name}", member.read()
            if archive.fileobj is not None:
                archive.fileobj.read(
                    limits.file_mb * 2**20
                )  # an archive cut short between two members is only noticed at its end
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as problem:
        raise FileError(
            "The archive is damaged.",
            code="layer-archive-damaged",
            where=path.name,
            seen=str(problem)[:160],
            remedy="Fetch it again.",
        ) from problem
    if not found:
        raise FileError(
            "There is no CSV file in it.",
            code="no-csv-in-archive",
            where=path.name,
            remedy="Give an archive of CSV files.",
        )


def _check(frame: pd.DataFrame, numbers: pd.Series, code_column: str, value_column: str, where: str) -> None:
    bad = frame.loc[numbers.isna(), value_column]
    if len(bad):
        raise SchemaError(
            f"{len(bad):,} figures in {value_column} are not numbers.",
            code="layer-figures-not-numbers",
            where=where,
            seen=repr(bad.iloc[0][:60]),
            remedy="Mend or remove those rows.",
        )
    blank = int((frame[code_column] == "").sum())
    if blank:
        raise SchemaError(
            f"{blank:,} rows have no {code_column}.",
            code="layer-codes-blank",
            where=where,
            remedy="Mend or remove those rows.",
        )
