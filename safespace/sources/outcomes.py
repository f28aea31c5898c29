"""What became of each row: problems, repairs and steps, and how they are put together.

A step looks at whole columns and returns new values with the rows it could not use and the values it
mended. Nothing is dropped inside a step; :func:`settle` decides once, so that every row has one outcome.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from safespace.schemas import MOMENT, REJECTS, REPAIRS, conform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Outcome: TypeAlias = Literal["quarantined", "rejected", "excluded"]

_SHOWN_CHARS = 80
_CONTACTS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[email]"),
    (re.compile(r"(?<![\w.])(?:\+44\s?|0)[1-9](?:[\s-]?\d){8,9}(?!\w)"), "[phone]"),
    (re.compile(r"\b[A-Z]{2}\d{2}\s?[A-Z]{3}\b"), "[vehicle]"),
)


@dataclass(frozen=True)
class Problem:
    """Rows that cannot be used, with one explanation a row (its index says which rows)."""

    outcome: Outcome
    reason: str
    explanation: pd.Series


@dataclass(frozen=True)
class Repair:
    """Values that were mended: before and after, index says which rows."""

    rule: str
    before: pd.Series
    after: pd.Series


@dataclass(frozen=True)
class Step:
    """What looking at some columns gave."""

    columns: Mapping[str, pd.Series] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()


def shown(value: object) -> str:
    """Return a value fit to be shown: short, and without contact details or vehicle marks.

    Examples
    --------
    >>> shown("ring me on 07700 900123")
    'ring me on [phone]'
    """
    text = _without_contacts(str(value))
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def problem(
    outcome: Outcome, reason: str, where: pd.Series, sentence: str, seen: pd.Series | None = None
) -> Problem:
    """Make a problem for the rows where ``where`` holds; ``{}`` in the sentence is the value seen."""
    if seen is None:
        return Problem(outcome, reason, pd.Series(sentence, index=where.index[where], dtype=object))
    held = seen[where].astype(object)
    told = {value: sentence.format(shown(value)) for value in held.unique()}
    return Problem(outcome, reason, held.map(told))


def same(index: pd.Index, **values: object) -> dict[str, pd.Series]:
    """Return columns that hold one value in every row; NaT gives a column of moments.

    Examples
    --------
    >>> same(pd.RangeIndex(2), certainty="reported")["certainty"].tolist()
    ['reported', 'reported']
    """
    return {
        name: pd.Series(value, index=index, dtype=MOMENT if value is pd.NaT else None)
        for name, value in values.items()
    }


def first_problems(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return one problem a row: exclusions first, then the first that was found.

    Returns
    -------
    DataFrame
        ``outcome, reason, explanation`` indexed by row.
    """
    ordered = sorted(problems, key=lambda item: item.outcome != "excluded")
    parts = [
        pd.DataFrame(
            {"outcome": item.outcome, "reason": item.reason, "explanation": item.explanation.astype(object)}
        )
        for item in ordered
        if len(item.explanation)
    ]
    if not parts:
        return pd.DataFrame({"outcome": [], "reason": [], "explanation": []}, dtype=object)
    everything = pd.concat(parts)
    return everything[~everything.index.duplicated()].sort_index()


def rejects_frame(
    found: pd.DataFrame, rows: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """Return :data:`safespace.schemas.REJECTS` for the rows in ``found``.

    Parameters
    ----------
    found
        From :func:`first_problems`.
    rows
        Text as read, with ``file`` and ``row``.
    headers
        For each file, our column name to the file's header.

    Notes
    -----
    Only the columns the reader uses are kept, so free text is not. An excluded row keeps no text at all, and
    neither does one that could not be split into cells, as nobody knows which part of it is free text.
    """
    held = rows.loc[found.index]
    texts = _originals(held, headers)
    withheld = (found["outcome"] == "excluded") | (held["ragged"] != "")
    kept = np.where(withheld, "", texts)
    return conform(
        pd.DataFrame(
            {
                "file": held["file"].to_numpy(),
                "row": held["row"].to_numpy(),
                **{name: found[name].to_numpy() for name in ("outcome", "reason", "explanation")},
                "original": kept,
            }
        ),
        REJECTS,
    )


def repairs_frame(repairs: Iterable[Repair], rows: pd.DataFrame, keep: pd.Index) -> pd.DataFrame:
    """Return :data:`safespace.schemas.REPAIRS` of the rows that were kept, by file and row."""
    parts = [
        pd.DataFrame(
            {
                "spot": one.before.index,
                "rule": one.rule,
                "before": _safe(one.before),
                "after": _safe(one.after),
            }
        )
        for one in (_only(item, keep) for item in repairs)
        if len(one.before)
    ]
    if not parts:
        return conform(pd.DataFrame(columns=list(REPAIRS.columns)), REPAIRS)
    told = pd.concat(parts, ignore_index=True).sort_values("spot", kind="stable")
    place = rows.loc[told["spot"], ["file", "row"]].reset_index(drop=True)
    return conform(pd.concat([place, told.drop(columns="spot").reset_index(drop=True)], axis=1), REPAIRS)


def _only(item: Repair, keep: pd.Index) -> Repair:
    spots = item.before.index[item.before.index.isin(keep)]
    return Repair(item.rule, item.before.loc[spots], item.after.loc[spots])


def _safe(values: pd.Series) -> np.ndarray:
    distinct = {value: shown(disarm(str(value))) for value in values.unique()}
    return values.astype(object).map(distinct).to_numpy()


def disarm(text: str) -> str:
    """Return text that a spreadsheet will not run as a formula.

    Examples
    --------
    >>> disarm("=cmd|' /C calc'!A0"), disarm("-1.9")
    ("'=cmd|' /C calc'!A0", '-1.9')
    """
    risky = text.startswith(("=", "@", "\t", "\r")) or re.match(r"[+-](?!\.?\d)", text)
    return f"'{text}" if risky else text


def _originals(held: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]) -> np.ndarray:
    texts = np.full(len(held), "", dtype=object)
    for file, spots in held.groupby("file", sort=False, observed=True).indices.items():
        names = headers[str(file)]
        columns = [_scrubbed(held[name].iloc[spots].tolist()) for name in names]
        keys = list(names.values())
        texts[spots] = [
            json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False)
            for row in zip(*columns, strict=True)
        ]
    return texts


def _scrubbed(values: list[str]) -> list[str]:
    distinct = {value: _scrub(value) for value in set(values)}
    return [distinct[value] for value in values]


def _scrub(value: str) -> str:
    if value.replace(".", "", 1).isdigit():  # most cells are numbers, and short ones are no telephone's
        return value if len(value) < 10 else _without_contacts(value)
    return disarm(_without_contacts(value))


def _without_contacts(value: str) -> str:
    for pattern, instead in _CONTACTS:
        value = pattern.sub(instead, value)
    return value
