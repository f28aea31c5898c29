"""Kinds of offence: which recorded categories belong together, from a file that a force can replace.

``offence_groups.csv`` of this package is used where no other is set. Its columns:

``source, kind``
    The source's identifier, and the category as it is stored.
``group``
    The name of the group it is counted in, as it is printed.
``may_hold``
    Names of groups that the category holds without telling them apart, joined by ``|``; blank where it is one kind.
``no_weight``
    Why one weight cannot stand for it, within a sentence; blank where one can.
``note``
    Anything else, for people.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from safespace.errors import FileError
from safespace.registry import SOURCES, group_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OTHER = "other"
OURS = "offence_groups.csv"
_NEEDED = ("source", "kind", "group")
_COLUMNS = (*_NEEDED, "may_hold", "no_weight", "note")
_TITLES: Mapping[str, str] = MappingProxyType({OTHER: "Other"})


@dataclass(frozen=True)
class Offence:
    """One line of the file.

    Parameters
    ----------
    source, kind
        The source's identifier, and the category as it is stored.
    group
        Identifier of its group (:func:`safespace.registry.group_id`).
    may_hold
        Identifiers of the groups it holds without telling them apart.
    no_weight
        Why one weight cannot stand for it, within a sentence.
    """

    source: str
    kind: str
    group: str
    may_hold: tuple[str, ...] = ()
    no_weight: str = ""


@dataclass(frozen=True)
class OffenceGroups:
    """The whole file: its lines, what its groups are called, and which file it was.

    Parameters
    ----------
    offences
        Each line.
    titles
        Printed name of each group by its identifier, in the order of the file; "Other" is always there.
    file
        Name of the file and the first digits of its SHA-256, as an answer names it.
    """

    offences: tuple[Offence, ...]
    titles: Mapping[str, str]
    file: str

    def of(self, source: str, kind: str) -> Offence | None:
        """Return the line of a category, or None where the file does not list it."""
        wanted = _plain(kind)
        return next((o for o in self.offences if o.source == source and _plain(o.kind) == wanted), None)

    def group_of(self, source: str, kind: str) -> str:
        """Return the group a category is counted in: a category that is not listed is "other".

        Examples
        --------
        >>> groups = load_offence_groups()
        >>> groups.group_of("nte", "Rape"), groups.group_of("nte", "Something new")
        ('sexual-offences', 'other')
        """
        line = self.of(source, kind)
        return OTHER if line is None else line.group

    def groups_in(self, source: str) -> tuple[str, ...]:
        """Return the groups that a source can tell, in the order of the file.

        Examples
        --------
        >>> load_offence_groups().groups_in("streetsafe"), len(load_offence_groups().groups_in("nte"))
        ((), 7)
        """
        told = {offence.group for offence in self.offences if offence.source == source}
        return tuple(group for group in self.titles if group in told)


def load_offence_groups(path: Path | None = None) -> OffenceGroups:
    """Read which categories belong together, from a file of the force's own or from ours.

    Parameters
    ----------
    path
        CSV of the columns above; ours when not given.

    Raises
    ------
    FileError
        When the file cannot be read, lacks a column, or has lines that cannot be used: all of them are named.
    """
    name, content = (OURS, _ours()) if path is None else (path.name, _bytes(path))
    table = _table(content, name)
    problems = [f"row {line}: {what}" for line, row in _numbered(table) for what in _problems(row)]
    twice = table[["source", "kind"]].map(_plain).duplicated()
    problems += [f"row {line}: {row['kind']} is there twice" for line, row in _numbered(table[twice])]
    if problems or table.empty:
        raise FileError(
            "Some lines of the offence groups cannot be used.",
            code="offence-groups-not-usable",
            where=name,
            seen="; ".join(problems[:10]) or "no line",
            remedy=f"Each line needs {', '.join(_NEEDED)}; a category has one line.",
        )
    named = dict.fromkeys([*table["group"], *(p for row in table["may_hold"] for p in _parts(row))])
    titles = {group_id(str(group)): str(group) for group in named} | dict(_TITLES)
    digest = hashlib.sha256(content).hexdigest()[:8]
    return OffenceGroups(_offences(table), MappingProxyType(titles), f"{name} ({digest})")


def _ours() -> bytes:
    return files("safespace.sources").joinpath(OURS).read_bytes()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise FileError(
            "The file of offence groups cannot be read.",
            code="offence-groups-not-readable",
            where=path,
            seen=problem.strerror,
            remedy="Name a CSV that is there in the setting offence_groups, or take the setting out.",
        ) from problem


def _table(content: bytes, name: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.StringIO(content.decode("utf-8-sig")), dtype="str", keep_default_na=False)
    except (UnicodeDecodeError, ValueError) as problem:
        raise FileError(
            "The file of offence groups is no table.",
            code="offence-groups-not-a-table",
            where=name,
            seen=str(problem),
            remedy="Save it as CSV in UTF-8.",
        ) from problem
    lost = [column for column in _NEEDED if column not in table]
    if lost:
        raise FileError(
            "The file of offence groups lacks columns.",
            code="offence-groups-lack-columns",
            where=name,
            seen=f"no {', '.join(lost)}",
            remedy=f"Its columns are {', '.join(_COLUMNS)}.",
        )
    return table.reindex(columns=list(_COLUMNS), fill_value="").map(str.strip)


def _numbered(table: pd.DataFrame) -> list[tuple[int, dict[str, str]]]:
    rows: list[dict[str, str]] = table.to_dict("records")  # type: ignore[assignment]
    return list(zip((table.index + 2).tolist(), rows, strict=True))


def _problems(row: Mapping[str, str]) -> list[str]:
    blank = [f"no {name}" for name in _NEEDED if not row[name]]
    unknown = (
        [f"no source is called {row['source']}"] if row["source"] and row["source"] not in SOURCES else []
    )
    nameless = ["a group without letters"] if row["group"] and not group_id(row["group"]) else []
    return blank + unknown + nameless


def _offences(table: pd.DataFrame) -> tuple[Offence, ...]:
    return tuple(
        Offence(
            row["source"],
            row["kind"],
            group_id(row["group"]),
            tuple(map(group_id, _parts(row["may_hold"]))),
            row["no_weight"],
        )
        for _, row in _numbered(table)
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _plain(word: str) -> str:
    return re.sub(r"[^0-9a-z]+", " ", word.casefold()).strip()
