"""A table of weights for kinds of offence: supplied by the force, with where each weight is from.

Columns ``kind, weight, source, date``. None is shipped: the ONS Crime Severity Score, the Cambridge Crime Harm Index
or the force's own, each under its own licence, is given as a file.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from safespace.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS = ("kind", "weight", "source", "date")


@dataclass(frozen=True)
class HarmWeights:
    """Weights by kind of offence, and where they are from.

    Parameters
    ----------
    by_kind
        Weight by the kind in plain form (:func:`plain_kind`), above zero.
    source
        Where the weights are from, as the table states it.
    dated
        Of when they are, as the table states it.
    file
        Name of the file and the first digits of its SHA-256.
    """

    by_kind: Mapping[str, float]
    source: str
    dated: str
    file: str

    def of(self, kind: str) -> float | None:
        """Return the weight of a kind, or None where the table has none."""
        return self.by_kind.get(plain_kind(kind))


def plain_kind(kind: str) -> str:
    """Return a kind without case and punctuation, so that spellings meet.

    Examples
    --------
    >>> plain_kind("Theft from-the Person ")
    'theft from the person'
    """
    return re.sub(r"[^0-9a-z]+", " ", kind.casefold()).strip()


def read_harm_weights(path: Path) -> HarmWeights:
    """Read a table of weights, or refuse it naming every line that cannot be used.

    Parameters
    ----------
    path
        CSV of :data:`COLUMNS`; dates are written 2026-05-01.

    Raises
    ------
    FileError
        When the file cannot be read or lacks a column; or a weight is no number above zero, a kind is there twice, or
        a line does not say where its weight is from and of when.
    """
    content = _bytes(path)
    table = _table(content, path)
    rows: list[dict[str, str]] = table.to_dict("records")  # type: ignore[assignment]
    problems = [f"row {line}: {what}" for line, row in enumerate(rows, start=2) for what in _problems(row)]
    twice = table["kind"].map(plain_kind).duplicated()
    problems += [f"row {line + 2}: {table['kind'][line]} is there twice" for line in table.index[twice]]
    if problems or not rows:
        raise FileError(
            "Some lines of the table of weights cannot be used.",
            code="weights-not-usable",
            where=path,
            seen="; ".join(problems[:10]) or "no line",
            remedy="Each line needs a kind, a weight above zero, its source, and its date written 2026-05-01.",
        )
    return HarmWeights(
        {plain_kind(row["kind"]): float(row["weight"]) for row in rows},
        "; ".join(dict.fromkeys(row["source"] for row in rows)),
        ", ".join(sorted({row["date"] for row in rows})),
        f"{path.name} ({hashlib.sha256(content).hexdigest()[:8]})",
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise FileError(
            "The table of weights cannot be read.",
            code="weights-not-readable",
            where=path,
            seen=problem.strerror,
            remedy="Name a CSV that is there.",
        ) from problem


def _table(content: bytes, path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.StringIO(content.decode("utf-8-sig")), dtype="str", keep_default_na=False)
    except (UnicodeDecodeError, ValueError) as problem:
        raise FileError(
            "The table of weights is no table.",
            code="weights-not-a-table",
            where=path,
            seen=str(problem),
            remedy="Save it as CSV in UTF-8.",
        ) from problem
    lost = [name for name in COLUMNS if name not in table]
    if lost:
        raise FileError(
            "The table of weights lacks columns.",
            code="weights-lack-columns",
            where=path,
            seen=f"no {', '.join(lost)}",
            remedy=f"Its columns are {', '.join(COLUMNS)}: a weight without its source and date is not used.",
        )
    return table[list(COLUMNS)].map(str.strip)


def _problems(row: Mapping[str, str]) -> list[str]:
    blank = [f"no {name}" for name in COLUMNS if not row[name]]
    usable = not row["weight"] or _is_weight(row["weight"])
    dated = not row["date"] or _is_day(row["date"])
    return [
        *blank,
        *([] if usable else [f"weight {row['weight']!r}"]),
        *([] if dated else [f"date {row['date']!r}"]),
    ]


def _is_weight(text: str) -> bool:
    try:
        weight = float(text)
    except ValueError:
        return False
    return math.isfinite(weight) and weight > 0


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
