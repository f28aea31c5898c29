"""Open delimited files and workbooks as text, keeping line numbers and refusing what is not a table."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from safespace.errors import FileError, Remedy, SchemaError
from safespace.sources.datafiles import kind_of, open_datafile
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from safespace.settings import LimitSettings

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_WITHIN = 20
# tables of text pack to a tenth or a thirtieth; only a bomb, or an empty file, packs to a five-hundredth
_MOST_FILES = 5_000  # fifteen years of months of every force are 8,000, and are loaded in parts
_BOMB_BYTES, _BOMB_RATIO = 50 * 2**20, 500
# a workbook keeps fifteen figures of a number, so a longer identifier has lost its end
_ROUNDED = 10**15
_LONGEST_HEADER = 100_000
_SHOWN_LINES = 5
_SAMPLE_BYTES, _MOST_BLOCK_BYTES = 2**20, 2**30
_MOST_BLANK_LINES = 5_000_000  # read in a few seconds; more is a fault
_HEAD_BYTES = 65_536
_ZERO_BYTED = (b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")  # zip and UTF-16
_BINARY_STARTS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx or CSV",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"SQLite": "a database",
    **dict.fromkeys(
        (b"<html", b"<HTML", b"<!DOC", b"<!doc", b"<?xml", b"<table"), "a web page, whatever its name ends in"
    ),
}

Wanted: TypeAlias = "frozenset[str]"


@dataclass(frozen=True)
class Grid:
    """One table as it was in its file, every cell as text.

    Parameters
    ----------
    file
        File name, an archive's member as ``archive.zip/member.csv``.
    headers
        Header cells as written.
    cells
        Arrow table of text, columns ``f0, f1, ...``, shape (n, headers).
    lines
        Line of each row in its file, the first line of the file being 1, shape (n,).
    ragged
        Line and text of the rows that do not split into as many cells as there are headers.
    notes
        What was done to open it.
    filled
        Line and column of each blank cell that was given the text of the merged cell it lies under.
    first_line
        Line of the first row under the header.
    sheet
        The sheet of a workbook in words, and the other ones to choose from; empty for other files.
    """

    file: str
    headers: tuple[str, ...]
    cells: pa.Table
    lines: npt.NDArray[np.int64]
    ragged: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    filled: Mapping[tuple[int, int], str] = field(default_factory=dict)
    first_line: int = 2
    sheet: str = ""

    @property
    def where(self) -> str:
        """The file, and the sheet of a workbook."""
        return f"{self.file}: {self.sheet}" if self.sheet else self.file


@dataclass(frozen=True)
class Opened:
    """The tables of one source's files and the SHA-256 over the files' bytes."""

    grids: tuple[Grid, ...]
    digest: str
    passed_over: tuple[str, ...] = ()


def open_tables(
    paths: Sequence[Path],
    *,
    wanted: Wanted,
    limits: LimitSettings,
    prefer: str = "",
    sheet: str | None = None,
    track: Callable[[Sequence[Path]], Any] | None = None,
) -> Opened:
    """Open every table in the files, folders and zip archives given.

    Parameters
    ----------
    paths
        CSV files (any of ``, ; | tab``), ``.xlsx`` workbooks, Parquet, GeoPackage and GeoJSON files, zip
        archives of CSVs, or folders of them.
    wanted
        Headers that would be recognised, in plain form; the header line is the one with most of them.
    limits
        Sizes past which a file is refused.
    prefer
        In folders and archives, read only names ending so when there are any (``-street.csv``).
    sheet
        The sheet of a workbook, or the layer of a GeoPackage; its first when not given.
    track
        Wraps the paths to show progress.

    Raises
    ------
    FileError
        When a file is missing, empty, too large, not a table, or the same file is there twice.
    """
    if not paths:
        raise FileError("No file was given.", code="no-file-given", remedy="Name at least one file.")
    sha, grids, seen = hashlib.sha256(), [], Counter[str]()
    skipped: list[str] = []
    for path in track(paths) if track else paths:
        for name, content in _contents(Path(path), limits=limits, prefer=prefer, skipped=skipped):
            digest = hashlib.sha256(content).hexdigest()
            sha.update(digest.encode())
            grid = open_grid(content, name, wanted=wanted, limits=limits, sheet=sheet)
            seen[digest] += 1
            if seen[digest] > 1 and grid.cells.num_rows:
                raise FileError(
                    "The same file was given twice.",
                    code="file-given-twice",
                    where=name,
                    remedy="Leave one of them out.",
                )
            grids.append(grid)
    return Opened(tuple(grids), sha.hexdigest(), tuple(skipped))


def hash_files(
    paths: Sequence[Path], *, limits: LimitSettings, prefer: str = ""
) -> tuple[tuple[str, ...], str]:
    """Return the names and the SHA-256 that :func:`open_tables` would give, without looking into the files.

    Parameters
    ----------
    paths, limits, prefer
        As for :func:`open_tables`.

    Raises
    ------
    FileError
        When a file is missing, empty or too large.
    """
    sha, names = hashlib.sha256(), []
    for path in paths:
        for name, content in _contents(Path(path), limits=limits, prefer=prefer, skipped=[]):
            sha.update(hashlib.sha256(content).hexdigest().encode())
            names.append(name)
    return tuple(names), sha.hexdigest()


def open_sample(
    path: Path, *, wanted: Wanted, limits: LimitSettings, prefer: str = "", sheet: str | None = None
) -> Grid:
    """Open the head of a file's first table: all of it but for a long CSV, of which the first megabyte.

    Parameters
    ----------
    path, wanted, limits, prefer, sheet
        As for :func:`open_tables`.

    Raises
    ------
    FileError
        When the file cannot be opened or is not a table.
    """
    path = Path(path)
    name, content = path.name, b""
    if path.is_file():
        check_size(path, limits)
        with path.open("rb") as file:
            content = file.read(_SAMPLE_BYTES + 1)
    if len(content) <= _SAMPLE_BYTES or content.startswith(b"PK\x03\x04") or kind_of(content):
        name, content = next(_contents(path, limits=limits, prefer=prefer, skipped=[]))
    else:
        content = content[: content.rfind(b"\n") + 1] or content
    return open_grid(content, name, wanted=wanted, limits=limits, sheet=sheet)


def open_grid(
    content: bytes, name: str, *, wanted: Wanted, limits: LimitSettings, sheet: str | None = None
) -> Grid:
    """Open one table from a file's bytes; other arguments as for :func:`open_tables`.

    Raises
    ------
    FileError
        When the bytes are empty or not a table.
    """
    if not content or content.isspace():
        raise FileError("The file is empty.", code="file-empty", where=name, remedy="Export it again.")
    if content[:4] == b"PK\x03\x04":
        return _open_workbook(content, name, wanted=wanted, limits=limits, sheet=sheet)
    if kind_of(content):
        table, told = open_datafile(content, name, layer=sheet, limits=limits)
        return _grid_of_table(table, name, limits, told)
    text, notes = _as_utf8(content, name)
    _refuse_blank_lines(text, name)
    start, line, delimiter = _find_header(text, wanted)
    grid = _parse(text[start:], name, delimiter=delimiter, first_line=line, limits=limits)
    if line > 1:
        notes = (*notes, f"{name}: the header is on line {line}; what is above it was not read.")
    return Grid(grid.file, grid.headers, grid.cells, grid.lines, grid.ragged, notes)


def check_size(path: Path, limits: LimitSettings) -> None:
    """Raise when a file is missing, is not a file, is empty or is larger than the limit.

    Raises
    ------
    FileError
        Saying which.
    """
    if not path.exists():
        raise FileError(
            "There is no such file.",
            code="file-missing",
            where=path,
            seen="nothing",
            remedy="Check the path.",
        )
    if not path.is_file():
        raise FileError(
            "This is not a file.", code="not-a-file", where=path, seen="a folder", remedy="Name a file."
        )
    size = path.stat().st_size
    if size == 0:
        raise FileError("The file is empty.", code="file-empty", where=path.name, remedy="Export it again.")
    if size > limits.file_mb * 2**20:
        raise FileError(
            "The file is too large.",
            code="file-too-large",
            where=path.name,
            seen=f"{size / 2**20:,.0f} MB",
            remedy=Remedy.limit(f"The limit is {limits.file_mb:,} MB", "limits.file_mb", "split the file"),
        )


def open_archive(content: bytes, name: str, limits: LimitSettings) -> zipfile.ZipFile:
    """Open a zip archive after checking its names and the size it says it unpacks to.

    Raises
    ------
    FileError
        When it is not a zip, is encrypted, holds a path that leaves its folder, or unpacks to too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise FileError(
            "The zip archive is damaged.",
            code="archive-damaged",
            where=name,
            seen=str(problem),
            remedy="Fetch it again.",
        ) from problem
    total = sum(item.file_size for item in archive.infolist())
    if total > limits.file_mb * 2**20:
        raise FileError(
            "The zip archive unpacks to too much.",
            code="archive-too-large",
            where=name,
            seen=f"{total / 2**20:,.0f} MB",
            remedy=Remedy.limit(f"The limit is {limits.file_mb:,} MB", "limits.file_mb"),
        )
    packed = sum(item.compress_size for item in archive.infolist())
    if total > max(_BOMB_BYTES, _BOMB_RATIO * packed):
        raise FileError(
            "The zip archive unpacks to far more than a table does.",
            code="archive-too-dense",
            where=name,
            seen=f"{total / 2**20:,.0f} MB from {packed / 2**20:,.1f} MB",
            remedy="Fetch it again; if it is sound, unpack it and give the files.",
        )
    for item in archive.infolist():
        parts = PurePosixPath(item.filename.replace("\\", "/")).parts
        if ".." in parts or item.filename.startswith(("/", "\\")) or item.flag_bits & 1:
            raise FileError(
                "The zip archive holds an entry that is not read.",
                code="archive-entry-not-read",
                where=name,
                seen=item.filename[:80],
                remedy="Entries must stay inside the archive and not be encrypted.",
            )
    return archive


def _contents(
    path: Path, *, limits: LimitSettings, prefer: str, skipped: list[str]
) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        names = sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())
        for name in _chosen(names, path.name, prefer=prefer, skipped=skipped):
            check_size(path / name, limits)
            yield f"{path.name}/{name}", _read(path / name)
        return
    check_size(path, limits)
    content = _read(path)
    if content[:4] == b"PK\x03\x04" and path.suffix.casefold() != ".xlsx":
        archive = open_archive(content, path.name, limits)
        for name in _chosen(sorted(archive.namelist()), path.name, prefer=prefer, skipped=skipped):
            yield f"{path.name}/{name}", _unpacked(archive, name, path.name)
        return
    yield path.name, content


def _read(path: Path) -> bytes:
    """Return a file's bytes, having looked at the first of them whether the rest is worth reading."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if not (head.startswith(_ZERO_BYTED) or kind_of(head)):
            _refuse_binary(head, path.name)
        file.seek(0)
        return file.read()


def _unpacked(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as problem:
        raise FileError(
            "An entry of the zip archive cannot be unpacked.",
            code="archive-entry-not-unpackable",
            where=f"{where}/{name}",
            seen=str(problem)[:200],
            remedy="Fetch the archive again.",
        ) from problem
    except Exception as problem:  # zlib.error, lzma.LZMAError: neither has a common base
        raise FileError(
            "An entry of the zip archive is damaged.",
            code="archive-entry-damaged",
            where=f"{where}/{name}",
            seen=str(problem)[:200],
            remedy="Fetch the archive again.",
        ) from problem


def _chosen(names: list[str], where: str, *, prefer: str, skipped: list[str]) -> list[str]:
    tables = [name for name in names if name.casefold().endswith(".csv") and "__MACOSX" not in name]
    wanted = [name for name in tables if prefer and name.casefold().endswith(prefer)] or tables
    if not wanted:
        raise FileError(
            "There is no CSV file in it.",
            code="no-csv-in-archive",
            where=where,
            seen=", ".join(names[:10]) or "nothing",
            remedy="Archives and folders are read for CSV files; take any other file out and give it by itself.",
        )
    if len(wanted) > _MOST_FILES:
        raise FileError(
            "There are too many files in it.",
            code="archive-too-many-files",
            where=where,
            seen=f"{len(wanted):,} CSV files",
            remedy=f"Give {_MOST_FILES:,} or fewer at a time.",
        )
    left = set(wanted)
    skipped += [f"{where}/{name}" for name in names if name not in left and not name.endswith("/")]
    return wanted


def _as_utf8(content: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _transcode(content, "utf-16", name), (f"{name}: read as UTF-16.",)
    _refuse_binary(content, name)
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.isascii():
        return content, ()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _mend_lines(content, name)
    return content, ()


def _transcode(content: bytes, encoding: str, name: str) -> bytes:
    try:
        return content.decode(encoding).encode()
    except UnicodeDecodeError as problem:
        raise FileError(
            "The file's text cannot be read.",
            code="text-not-readable",
            where=name,
            seen=str(problem)[:120],
            remedy="Save it as UTF-8.",
        ) from problem


def _mend_lines(content: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    # files stitched together from several systems mix encodings, so each line is judged on its own
    lines, mended = content.split(b"\n"), list[int]()
    for number, line in enumerate(lines):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            lines[number] = line.decode("cp1252", errors="replace").encode()
            mended.append(number + 1)
    first = ", ".join(map(str, mended[:_SHOWN_LINES])) + (" …" if len(mended) > _SHOWN_LINES else "")
    told = f"{name}: lines not in UTF-8, read as Windows-1252: {len(mended):,} (line {first})."
    return b"\n".join(lines), (told,)


def _refuse_binary(content: bytes, name: str) -> None:
    kind = next((kind for start, kind in _BINARY_STARTS.items() if content.startswith(start)), None)
    if kind is None and b"\0" in content:
        kind = "not text, or UTF-16 without its mark (save that as CSV UTF-8)"
    if kind is not None:
        raise FileError(
            "The file is not a table of text.",
            code="file-not-text-table",
            where=name,
            seen=kind,
            remedy="Give a CSV, an .xlsx, a zip of CSVs, a Parquet, a GeoPackage or a GeoJSON.",
        )


def _refuse_blank_lines(text: bytes, name: str) -> None:
    # a pair of line ends is at least one blank line
    blank = text.count(b"\n\n") + text.count(b"\n\r\n")
    if blank > _MOST_BLANK_LINES:
        raise FileError(
            "The file is mostly blank lines.",
            code="file-mostly-blank",
            where=name,
            seen=f"{blank:,} or more",
            remedy=f"At most {_MOST_BLANK_LINES:,} are passed over; export it again, or take them out.",
        )


def _find_header(text: bytes, wanted: Wanted) -> tuple[int, int, str]:
    best, offset = (0, 0, 1, ","), 0
    for number, line in enumerate(_top(text), start=1):
        for delimiter in _DELIMITERS:
            cells = _split(line.decode("utf-8", errors="replace").strip("\r"), delimiter)
            hits = len({plain(cell) for cell in cells} & wanted)
            if hits > best[0]:
                best = (hits, offset, number, delimiter)
        offset += len(line) + 1
    if best[0]:
        return best[1:]
    first = _top(text)[0].decode("utf-8", errors="replace")
    return 0, 1, max(_DELIMITERS, key=first.count)


def _top(text: bytes) -> list[bytes]:
    """Return the first lines, where a header is looked for, without copying what follows them."""
    lines: list[bytes] = []
    start = 0
    while len(lines) < _HEADER_WITHIN:
        end = text.find(b"\n", start)
        lines.append(text[start:] if end < 0 else text[start:end])
        if end < 0:
            break
        start = end + 1
    return lines


def _split(line: str, delimiter: str) -> list[str]:
    if len(line) > _LONGEST_HEADER:
        return []
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _parse(text: bytes, name: str, *, delimiter: str, first_line: int, limits: LimitSettings) -> Grid:
    bad: list[tuple[int, str]] = []

    def keep_bad(row: Any) -> str:
        bad.append((row.number, row.text))
        return "skip"

    if len(_top(text)[0]) > _LONGEST_HEADER:
        raise _too_long(name, f"a header line of more than {_LONGEST_HEADER:,} characters", limits)
    width = len(_split(_top(text)[0].decode().strip("\r"), delimiter))
    table = _all_text(_read_csv(text, name, width, delimiter, keep_bad, limits))
    _check_fields(table, bad, name, limits)
    breaks = text.count(b"\n") + (not text.endswith(b"\n"))
    lines, ragged = _line_numbers(table, bad, first_line, plainly=breaks == table.num_rows + len(bad))
    headers = tuple(str(column[0].as_py()) for column in table.columns) if table.num_rows else ()
    filled = _filled(table)
    filled[:1] = False
    body = table.slice(1) if filled[1:].all() else table.filter(pa.array(filled))
    return Grid(name, headers, body, lines[filled], ragged)


def _read_csv(
    text: bytes, name: str, width: int, delimiter: str, keep_bad: Callable[[Any], str], limits: LimitSettings
) -> pa.Table:
    try:
        return pyarrow.csv.read_csv(
            pa.BufferReader(text),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                autogenerate_column_names=True,
                # in one piece while it can be, so that no column has to be put together afterwards
                block_size=min(max(len(text) + 1, 1 << 20), _MOST_BLOCK_BYTES),
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=keep_bad,
                ignore_empty_lines=False,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={f"f{i}": pa.large_string() for i in range(width)},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as problem:
        if "straddling" in str(problem):  # a row larger than the largest piece that is read at once
            raise _too_long(
                name, f"a row of more than {limits.field_chars:,} characters", limits
            ) from problem
        raise FileError(
            "The file cannot be split into rows.",
            code="rows-not-splittable",
            where=name,
            seen=str(problem)[:160],
            remedy="Look for a quotation mark that is opened and never closed.",
        ) from problem


def _all_text(table: pa.Table) -> pa.Table:
    # a column beyond those in our reading of the header has no type, and every cell of it is blank
    typed = table.cast(pa.schema([(name, pa.large_string()) for name in table.column_names]))
    return typed if not any(pa.types.is_null(kind) for kind in table.schema.types) else _unnulled(typed)


def _unnulled(table: pa.Table) -> pa.Table:
    return pa.table({name: pc.fill_null(table.column(name), "") for name in table.column_names})


def _check_fields(table: pa.Table, bad: list[tuple[int, str]], name: str, limits: LimitSettings) -> None:
    longest = max((_longest(column, limits.field_chars) for column in table.columns), default=0)
    longest = max([longest, *(len(text) for _, text in bad)])
    if longest > limits.field_chars:
        raise _too_long(name, f"{longest:,} characters", limits)


def _too_long(name: str, seen: str, limits: LimitSettings) -> FileError:
    return FileError(
        "A cell is too long to be a value.",
        code="cell-too-long",
        where=name,
        seen=seen,
        remedy=Remedy.limit(
            f"The limit is {limits.field_chars:,}",
            "limits.field_chars",
            "look for a quotation mark that is never closed",
        ),
    )


def _longest(column: pa.ChunkedArray, limit: int) -> int:
    most_bytes = pc.max(pc.binary_length(column)).as_py() or 0
    return most_bytes if most_bytes <= limit else int(pc.max(pc.utf8_length(column)).as_py())


def _filled(table: pa.Table) -> npt.NDArray[np.bool_]:
    # most rows are settled by their first cell, so only the others are looked at again
    filled = np.zeros(table.num_rows, dtype=bool)
    for column in table.columns:
        spots = np.flatnonzero(~filled)
        if not len(spots):
            break
        rest = column if len(spots) == table.num_rows else column.take(pa.array(spots))
        filled[spots] = np.asarray(pc.not_equal(pc.utf8_trim_whitespace(rest), ""), dtype=bool)
    return filled


def _line_numbers(
    table: pa.Table, bad: list[tuple[int, str]], first_line: int, *, plainly: bool
) -> tuple[npt.NDArray[np.int64], tuple[tuple[int, str], ...]]:
    total = table.num_rows + len(bad)
    broken = np.array([number - 1 for number, _ in bad], dtype=np.int64)
    is_whole = np.ones(total, dtype=bool)
    is_whole[broken] = False
    whole = np.flatnonzero(is_whole)
    extra = np.zeros(total, dtype=np.int64)
    for column in () if plainly else table.columns:  # no cell holds a line break when lines and rows agree
        extra[whole] += np.asarray(pc.count_substring(column, "\n"), dtype=np.int64)
    extra[broken] = [text.count("\n") for _, text in bad]
    starts = first_line + np.arange(total) + np.concatenate([[0], np.cumsum(extra)[:-1]]).astype(np.int64)
    return starts[whole], tuple(
        (int(starts[spot]), text) for spot, (_, text) in zip(broken, bad, strict=True)
    )


def _grid_of_table(table: pa.Table, name: str, limits: LimitSettings, notes: tuple[str, ...]) -> Grid:
    headers = tuple(table.column_names)
    cells = table.rename_columns([f"f{i}" for i in range(len(headers))])
    _check_fields(cells, [], name, limits)
    filled = _filled(cells)
    # such a file has no lines: its first row is given the number it would have under a header
    lines = np.arange(2, len(filled) + 2, dtype=np.int64)
    return Grid(name, headers, cells.filter(pa.array(filled)), lines[filled], notes=notes)


def _open_workbook(
    content: bytes, name: str, *, wanted: Wanted, limits: LimitSettings, sheet: str | None
) -> Grid:
    archive = open_archive(content, name, limits)
    import openpyxl  # noqa: PLC0415 - slow to load and seldom needed

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        names = [one.title for one in book.worksheets]
        page = book.worksheets[names.index(sheet) if sheet in names else 0]
        rows = [[_cell_text(cell) for cell in row] for row in page.iter_rows(values_only=True)]
        merged = _merged(archive.read(page._worksheet_path))  # noqa: SLF001 - read-only books hide them
    except Exception as problem:  # openpyxl raises whatever its XML and zip layers raise
        raise FileError(
            "The workbook cannot be read.",
            code="workbook-not-readable",
            where=name,
            seen=str(problem)[:160],
            remedy="Save it again as .xlsx or CSV.",
        ) from problem
    if sheet is not None and sheet not in names:
        raise FileError(
            "There is no such sheet.",
            code="sheet-unknown",
            where=name,
            seen=sheet,
            remedy=f"Choose one of: {', '.join(names)}.",
        )
    where = f"{name}: sheet {page.title}"
    if not any(any(row) for row in rows):
        raise FileError(
            "The sheet is empty.",
            code="sheet-empty",
            where=where,
            remedy=Remedy(
                cli=f"Choose a sheet with --sheet: {', '.join(names)}.",
                app=f"Choose one of its sheets above: {', '.join(names)}.",
                library=f"Give another as sheet: {', '.join(names)}.",
            ),
        )
    left = [one for one in names if one != page.title]
    notes = (f"{where} was read, and not {', '.join(left)}.",) if left else ()
    spread = _spread_merged(rows, merged, header=_header_row(rows, wanted))
    grid = _grid_of_rows(rows, name, wanted=wanted, limits=limits)
    kept = {(line, column): rows[line - 1][column] for line, column in spread if line >= grid.first_line}
    others = f" (others, not read: {', '.join(left)})" if left else ""
    return replace(grid, notes=notes, filled=kept, sheet=f"sheet {page.title}{others}")


def _merged(sheet: bytes) -> list[tuple[int, int, int, int]]:
    """Return the first and last row and column (from nought) of each block of merged cells."""
    from openpyxl.utils import range_boundaries  # noqa: PLC0415

    blocks = [range_boundaries(ref.decode()) for ref in re.findall(rb'<mergeCell ref="([A-Z0-9:]+)"', sheet)]
    return [(top - 1, left - 1, bottom - 1, right - 1) for left, top, right, bottom in blocks]


def _spread_merged(
    rows: list[list[str]], blocks: list[tuple[int, int, int, int]], *, header: int
) -> list[tuple[int, int]]:
    """Write a merged cell's text into the blank cells that it covers; return their lines and columns.

    Only down its first column where it is above the header, in it, or as wide as the table: a title, and not a
    value.
    """
    filled = []
    for top, left, bottom, right in blocks:
        is_title = top <= header or right - left + 1 >= len(rows[header])
        for row in range(top, min(bottom + 1, len(rows))):
            for column in range(left, min(left if is_title else right, len(rows[row]) - 1) + 1):
                if not rows[row][column] and rows[top][left]:
                    rows[row][column] = rows[top][left]
                    filled.append((row + 1, column))
    return filled


def _header_row(rows: list[list[str]], wanted: Wanted) -> int:
    return int(np.argmax([len({plain(cell) for cell in row} & wanted) for row in rows[:_HEADER_WITHIN]]))


def _grid_of_rows(rows: list[list[str]], name: str, *, wanted: Wanted, limits: LimitSettings) -> Grid:
    top = _header_row(rows, wanted)
    headers, body = tuple(rows[top]), rows[top + 1 :]
    cells = pa.table(
        {f"f{i}": pa.array([row[i] for row in body], type=pa.large_string()) for i in range(len(headers))}
    )
    _check_fields(cells, [], name, limits)
    lines = np.arange(top + 2, top + 2 + len(body), dtype=np.int64)
    filled = _filled(cells)
    return Grid(name, headers, cells.filter(pa.array(filled)), lines[filled], first_line=top + 2)


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int | float) and abs(cell) >= _ROUNDED:
        return f"{cell:.5E}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()  # a workbook keeps a date without a time as its midnight
    return str(cell)


def refuse_headless(grid: Grid) -> None:
    """Raise when a table has rows but nothing that could be a header.

    Raises
    ------
    SchemaError
        When no header cell holds text.
    """
    if not any(header.strip() for header in grid.headers):
        raise SchemaError(
            "The table has no header.",
            code="table-without-header",
            where=grid.file,
            remedy="Put column names on the first line.",
        )
