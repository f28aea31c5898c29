"""A mapping file: what a provider's own headers and words are called here."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from safespace.errors import FileError, Remedy, SchemaError
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

DateOrder: TypeAlias = Literal["dmy", "mdy"]
Crs: TypeAlias = Literal["EPSG:4326", "EPSG:27700"]

_KEYS = {"columns", "values", "date_order", "crs"}
_ORDERS: Lookup[str, DateOrder] = MappingProxyType({"day": "dmy", "month": "mdy", "dmy": "dmy", "mdy": "mdy"})
_WRITTEN = (
    'A mapping is a TOML file with a [columns] table of ours = "their header", and if needed '
    '[values.COLUMN] tables of "their word" = "our word", date_order = "day" or "month", '
    'crs = "EPSG:4326" or "EPSG:27700".'
)
_HOW = Remedy(cli=_WRITTEN, app="Choose again which of the file's columns each is.", library=_WRITTEN)


@dataclass(frozen=True)
class Mapping:
    """How one provider's file is read.

    Parameters
    ----------
    columns
        Our column name to the header in the file.
    words
        Our column name to a table from the provider's word to ours.
    date_order
        ``dmy`` (day first; ``day`` in the file) or ``mdy`` (``month``) for dates such as 03/04/2022; None when the file decides.
    crs
        What the latitude and longitude columns really hold; None when the file decides.
    digest
        The file's bytes, which take part in a load's content hash.
    """

    columns: Lookup[str, str] = field(default_factory=dict)
    words: Lookup[str, Lookup[str, str]] = field(default_factory=dict)
    date_order: DateOrder | None = None
    crs: Crs | None = None
    digest: bytes = b""


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with SafeSpace.

    Examples
    --------
    >>> shipped_mappings()
    ('police-uk-api',)
    """
    names = (item.name for item in files("safespace.sources").joinpath("mappings").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_mapping(path: Path | str) -> Mapping:
    """Read a mapping file, or one that comes with SafeSpace by its name.

    Parameters
    ----------
    path
        A TOML file, or a name from :func:`shipped_mappings`.

    Raises
    ------
    FileError
        When there is no such file or it is not TOML.
    SchemaError
        When it holds something that is not part of a mapping.

    Examples
    --------
    >>> read_mapping("police-uk-api").columns["category"]
    'type'
    """
    content = _find(path).read_bytes()
    try:
        told = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise FileError(
            "The mapping is not valid TOML.",
            code="mapping-not-toml",
            where=path,
            seen=str(problem),
            remedy=_HOW,
        ) from problem
    _check(told, path)
    return Mapping(
        columns=told.get("columns", {}),
        words=told.get("values", {}),
        date_order=_ORDERS.get(told.get("date_order", "")),
        crs=cast("Crs | None", told.get("crs")),
        digest=content,
    )


def write_mapping(mapping: Mapping, path: Path) -> Path:
    """Write a mapping as TOML, wholly or not at all; what is read back is the same.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    return _write(to_toml(mapping).encode(), Path(path))


def to_toml(mapping: Mapping) -> str:
    """Return a mapping as the text of its file.

    Examples
    --------
    >>> print(to_toml(Mapping(columns={"reasons": "Concern type"}, date_order="dmy")), end="")
    date_order = "day"
    <BLANKLINE>
    [columns]
    reasons = "Concern type"
    """
    order = {"dmy": "day", "mdy": "month"}.get(mapping.date_order or "", "")
    lines = [f"date_order = {_quoted(order)}"] if order else []
    lines += [f"crs = {_quoted(mapping.crs)}"] if mapping.crs else []
    tables = {
        "columns": mapping.columns,
        **{f"values.{name}": words for name, words in mapping.words.items()},
    }
    for title, table in tables.items():
        if table:
            lines += ["", f"[{title}]"]
            key = str if title == "columns" else _quoted
            lines += [f"{key(left)} = {_quoted(right)}" for left, right in table.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def remember(folder: Path, headers: Sequence[str], source: str, mapping: Mapping) -> Path:
    """Keep a mapping for the next file of this source with the same set of headers.

    Parameters
    ----------
    folder
        Where mappings are kept; made when it is not there.
    headers
        The file's headers, in any order.
    source
        Which provider.
    mapping
        What was decided; one that was read from a file is kept byte for byte.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    return _write(mapping.digest or to_toml(mapping).encode(), _kept_at(folder, headers, source))


def remembered(folder: Path, headers: Sequence[str], source: str) -> Path | None:
    """Return the file of the mapping kept for such headers, or None when there is none.

    Parameters
    ----------
    folder, headers, source
        As for :func:`remember`.
    """
    path = _kept_at(folder, headers, source)
    return path if path.is_file() else None


def remembered_for_some(folder: Path, headers: Sequence[str], source: str) -> Path | None:
    """Return the mapping kept last of which every header is among these, or None when there is none.

    Parameters
    ----------
    folder, headers, source
        As for :func:`remember`.
    """
    there = {plain(header) for header in headers}
    kept = sorted(Path(folder).glob(f"{source}-*.toml"), key=lambda path: (-path.stat().st_mtime, path.name))
    for path in kept:
        named = {plain(header) for header in read_mapping(path).columns.values()}
        if named and named <= there:
            return path
    return None


def _kept_at(folder: Path, headers: Sequence[str], source: str) -> Path:
    names = "\n".join([source, *sorted({plain(header) for header in headers})])
    return Path(folder) / f"{source}-{hashlib.sha256(names.encode()).hexdigest()[:16]}.toml"


def _write(content: bytes, path: Path) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as problem:
        raise FileError(
            "The mapping cannot be written.",
            code="mapping-not-writable",
            where=path,
            seen=problem.strerror or str(problem),
            remedy="Choose a folder that can be written to.",
        ) from problem
    return path


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's strings, but for one sign


def _find(path: Path | str) -> Traversable | Path:
    if Path(path).is_file():
        return Path(path)
    if str(path) in shipped_mappings():
        return files("safespace.sources").joinpath("mappings", f"{path}.toml")
    known = ", ".join(shipped_mappings())
    raise FileError(
        "No such mapping.",
        code="mapping-unknown",
        seen=str(path),
        remedy=Remedy(
            cli=f"Give a TOML file, or a name that is here: {known}.",
            app="Choose again which of the file's columns each is.",
            library=f"Give a TOML file, or a name that is here: {known}.",
        ),
    )


def _check(entry: dict[str, Any], path: Path | str) -> None:
    problems = [f"unknown key {key!r}" for key in entry if key not in _KEYS]
    if not _is_words(entry.get("columns", {})):
        problems.append("[columns] is not a table of text")
    values = entry.get("values", {})
    if not isinstance(values, dict) or not all(_is_words(words) for words in values.values()):
        problems.append("[values] is not a table of tables of text")
    if entry.get("date_order", "day") not in _ORDERS:
        problems.append(f"date_order {entry['date_order']!r}")
    if entry.get("crs", "EPSG:4326") not in ("EPSG:4326", "EPSG:27700"):
        problems.append(f"crs {entry['crs']!r}")
    if problems:
        raise SchemaError(
            "The mapping cannot be used.",
            code="mapping-not-usable",
            where=path,
            seen="; ".join(problems),
            remedy=_HOW,
        )


def _is_words(table: object) -> bool:
    return isinstance(table, dict) and all(isinstance(word, str) for word in table.values())
