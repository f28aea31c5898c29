"""What each table promises: its columns, types, units and vocabulary.

A table is a plain frame; its promise is a :class:`Table` here. :func:`check` lists every broken promise
at once, where the table is made, so that no later room has to look again.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.errors import SchemaError
from safespace.registry import source_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

Kind: TypeAlias = Literal["text", "integer", "number", "yes_no", "moment"]

DETECTED_BY = ("public", "patrol", "unknown")
OUTCOMES = ("accepted", "repaired", "quarantined", "rejected", "excluded")
LIGHTING = ("unknown", "no", "yes")
RESOLUTIONS = (7, 8, 9, 10)

MOMENT = "datetime64[us, UTC]"
_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)  # of the 64-bit Fowler-Noll-Vo hash
_DTYPES: Mapping[Kind, str] = MappingProxyType(
    {"text": "str", "integer": "int64", "number": "float64", "yes_no": "bool", "moment": MOMENT}
)


@dataclass(frozen=True)
class Column:
    """One column: its kind, what it means (with its unit) and the limits its values keep.

    ``words`` are asked for when a table is checked, where they are a function: sources can be registered.
    """

    kind: Kind
    meaning: str
    required: bool = True
    words: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Table:
    """A table's promise. ``key`` is the column or columns whose values do not repeat."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()


REPORTS = Table(
    "reports",
    {
        "report_id": Column("text", "stable identifier: the provider's own, or a hash of the row's content"),
        "source": Column("text", "which provider", words=source_ids),
        "category": Column("text", "what kind, in the source's taxonomy"),
        "factor": Column(
            "text", "reasons or method within the category, joined by '|' in alphabetical order"
        ),
        "certainty": Column("text", "how sure: reported, suspected, supported (by toxicology), recorded"),
        "occurred_from": Column("moment", "earliest moment it can have happened, UTC"),
        "occurred_to": Column("moment", "latest moment it can have happened, UTC, not before occurred_from"),
        "reported_at": Column("moment", "when it was reported, UTC", required=False),
        "lon": Column("number", "longitude, degrees, WGS 84", low=-180, high=180),
        "lat": Column("number", "latitude, degrees, WGS 84", low=-90, high=90),
        "accuracy_m": Column("number", "radius within which the place is known, metres", low=0),
        "detected_by": Column("text", "who brought it to light", words=DETECTED_BY),
        "reporter": Column("text", "woman, man, other or not_stated; never shown below force level"),
    },
    key=("report_id",),
)

PLACED = Table(
    "placed reports",
    {
        **REPORTS.columns,
        "event_id": Column("text", "the same for pins that are one event (same reasons, day and place)"),
        **{f"cell_{r}": Column("integer", f"exact H3 cell at resolution {r}", low=1) for r in RESOLUTIONS},
    },
    key=("report_id",),
)

REJECTS = Table(
    "rejects",
    {
        "file": Column("text", "file name the row came from"),
        "row": Column("integer", "line number in that file, the header being 1", low=1),
        "outcome": Column("text", "what became of it", words=("quarantined", "rejected", "excluded")),
        "reason": Column("text", "reason code"),
        "explanation": Column("text", "the reason in plain words, with the value seen"),
        "original": Column("text", "the row as it was, as JSON"),
    },
)

REPAIRS = Table(
    "repairs",
    {
        "file": Column("text", "file name the row came from"),
        "row": Column("integer", "line number in that file, the header being 1", low=1),
        "rule": Column("text", "repair rule"),
        "before": Column("text", "value as it was"),
        "after": Column("text", "value as it was loaded"),
    },
)

LOADS = Table(
    "loads",
    {
        "load_id": Column("text", "identifier of the load, from its content"),
        "source": Column("text", "which provider"),
        "files": Column("text", "file names, joined by '; '"),
        "loaded_at": Column("moment", "when, UTC"),
        "read": Column("integer", "rows read", low=0),
        "accepted": Column("integer", "rows accepted as they were", low=0),
        "repaired": Column("integer", "rows accepted after a shown repair", low=0),
        "quarantined": Column("integer", "rows held back for a decision", low=0),
        "rejected": Column("integer", "rows that cannot be used", low=0),
        "excluded": Column("integer", "rows that must not be used; counted only", low=0),
        "already_held": Column("integer", "accepted or repaired rows that were in the store before", low=0),
        "synthetic": Column("yes_no", "made-up data"),
        "status": Column("text", "loaded or rolled_back", words=("loaded", "rolled_back")),
        "name": Column("text", "what people call it; may be empty"),
        "same_event_m": Column(
            "number",
            "distance within which its pins became one event, metres; missing where that was not recorded",
            low=0,
            required=False,
        ),
    },
    key=("load_id",),
)

ASSETS = Table(
    "assets",
    {
        "asset_id": Column("text", "provider's identifier"),
        "kind": Column(
            "text", "lamp, camera, pub, bar, club, bus_stop, tram_stop, rail_station, housing, venue ..."
        ),
        "name": Column("text", "name people use", required=False),
        "lon": Column("number", "longitude, degrees, WGS 84", low=-180, high=180),
        "lat": Column("number", "latitude, degrees, WGS 84", low=-90, high=90),
        "source": Column("text", "where it is from"),
        "as_of": Column("text", "date of the source, YYYY-MM-DD, or empty", required=False),
    },
    key=("asset_id",),
)

CELLS = Table(
    "cells",
    {
        "cell": Column("integer", "H3 cell", low=1),
        "area_km2": Column(
            "number", "ground of the area in the cell, square kilometres; at the edge, the cell's own", low=0
        ),
        "edge": Column(
            "yes_no",
            "just outside the area: beside a cell of it, and without any of its ground; never ranked",
        ),
        "pins": Column("integer", "reports in the cell", low=0),
        "events": Column("integer", "events in the cell", low=0),
        "exposure": Column("number", "the baseline in the cell, in the baseline's unit", low=0),
    },
    key=("cell",),
)

HOTSPOTS = Table(
    "hotspots",
    {
        **CELLS.columns,
        "expected": Column("number", "events expected from the baseline", low=0),
        "rate": Column("number", "events relative to the area's mean (1 is usual)", low=0),
        "lower": Column("number", "lower end of the rate's interval", low=0),
        "upper": Column("number", "upper end of the rate's interval", low=0),
        "ring_events": Column("integer", "events in the cell and its neighbours", low=0),
        "ring_expected": Column("number", "events expected there", low=0),
        "p_value": Column("number", "one-sided probability of as many or more in the ring", low=0, high=1),
        "q_value": Column("number", "two-sided probability, Benjamini-Hochberg adjusted", low=0, high=1),
        "around": Column(
            "yes_no", "the ring's q_value at or below the chosen rate, not at the edge, enough events"
        ),
        "hot": Column("yes_no", "so it is, and the cell's own interval lies above usual"),
        "label": Column("text", "what is said of it: a code of safespace.tone.Label"),
    },
    key=("cell",),
)

SEGMENTS = Table(
    "segments",
    {
        "segment": Column("integer", "edge index in the street graph", low=0),
        "way_id": Column("integer", "OpenStreetMap way"),
        "name": Column("text", "street name, or the kind of way where it has none"),
        "highway": Column("text", "OpenStreetMap highway value"),
        "length_m": Column("number", "length, metres", low=0),
        "lit": Column("text", "street lighting as mapped", words=LIGHTING),
        "reports_nearby": Column("number", "reports weighted by distance, per segment", low=0),
    },
    key=("segment",),
)


def empty(table: Table) -> pd.DataFrame:
    """Return the table with no rows and the right types.

    Examples
    --------
    >>> list(empty(REPAIRS).columns)
    ['file', 'row', 'rule', 'before', 'after']
    """
    return pd.DataFrame(
        {name: pd.Series(dtype=_DTYPES[column.kind]) for name, column in table.columns.items()}
    )


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the table's columns in order with the promised types, then :func:`check` it.

    Raises
    ------
    SchemaError
        When a column is missing or a value does not keep the promise.
    """
    typed = cast(frame, table)
    check(typed, table)
    return typed


def cast(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the table's columns in order with the promised types, for one who checks them later.

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    missing = [name for name in table.columns if name not in frame]
    if missing:
        raise SchemaError(
            "Columns are missing.",
            code="columns-missing",
            where=table.name,
            seen=f"no {', '.join(missing)}",
            remedy="Give the table with these columns.",
        )
    return frame[list(table.columns)].astype({name: _DTYPES[c.kind] for name, c in table.columns.items()})


def check(frame: pd.DataFrame, table: Table) -> None:
    """Raise with every broken promise at once; return nothing when all are kept.

    Raises
    ------
    SchemaError
        Naming the table and, for each problem, the column, how many rows and a value seen.
    """
    problems = [f"column {name!r} is missing" for name in table.columns if name not in frame]
    present = {name: column for name, column in table.columns.items() if name in frame}
    for name, column in present.items():
        problems += _column_problems(frame[name], column)
    if table.key and not problems and _repeats(frame, table.key):
        repeat = frame.loc[frame.duplicated(list(table.key)), list(table.key)].iloc[0].tolist()
        problems.append(f"{' + '.join(table.key)} repeats, first {repeat}")
    if problems:
        raise SchemaError(
            "The table breaks its promise.",
            code="table-breaks-promise",
            where=table.name,
            seen="; ".join(problems),
            remedy="Mend these values where the table is made.",
        )


def _repeats(frame: pd.DataFrame, key: tuple[str, ...]) -> bool:
    if len(key) == 1 and isinstance(frame[key[0]].dtype, pd.StringDtype):
        return bool(repeated(frame[key[0]]).any())
    return bool(frame.duplicated(list(key)).any())


def repeated(values: pd.Series) -> npt.NDArray[np.bool_]:
    """Tell which cells hold a text that another cell holds too, shape (n,).

    Notes
    -----
    Texts are compared by a number made from their bytes, which differs for nearly all that differ, and only
    those whose numbers agree are compared themselves: four times as quick as asking pandas.

    Examples
    --------
    >>> repeated(pd.Series(["a", "b", "a"])).tolist()
    [True, False, True]
    """
    held = one_piece(values)
    alike = np.array(pd.Series(_numbers(held)).duplicated(keep=False))
    if alike.any():
        codes = np.asarray(held.filter(pa.array(alike)).dictionary_encode().indices)
        alike[alike] = np.bincount(codes)[codes] > 1
    return alike


def one_piece(values: pd.Series) -> pa.Array:
    """Return a column of text as one Arrow array, copied only when it is in pieces.

    Examples
    --------
    >>> one_piece(pd.Series(["a", "b"])).to_pylist()
    ['a', 'b']
    """
    held = pa.array(values, type=pa.large_string())
    return held.combine_chunks() if isinstance(held, pa.ChunkedArray) else held


def text_keys(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Return the 64-bit FNV-1a hash of each text's UTF-8 bytes, zero bytes passed over, shape (n,).

    Examples
    --------
    >>> hex(int(text_keys(pa.array(["a"], pa.large_string())).view("uint64")[0]))
    '0xaf63dc4c8601ec8c'
    """
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        texts = pc.replace_substring(texts, "\0", "")
    return _numbers(texts, _BASIS).view(np.int64)


def _numbers(texts: pa.Array, basis: np.uint64 | None = None) -> npt.NDArray[np.uint64]:
    sizes = np.asarray(pc.fill_null(pc.binary_length(texts), 0))
    numbers = np.full(len(sizes), basis, dtype=np.uint64) if basis is not None else sizes.astype(np.uint64)
    for size in np.unique(sizes):
        spots = np.flatnonzero(sizes == size)
        held = texts if len(spots) == len(texts) else texts.take(pa.array(spots))
        start = np.frombuffer(held.buffers()[1], dtype=np.int64)[held.offset] if size else 0
        block = np.frombuffer(held.buffers()[2] or b"", dtype=np.uint8, count=size * len(held), offset=start)
        made = numbers[spots]
        for column in block.reshape(len(held), size).T:
            made = (made ^ column) * _PRIME
        numbers[spots] = made
    return numbers


def _column_problems(values: pd.Series, column: Column) -> list[str]:
    problems = []
    if not _kind_fits(values, column.kind):
        return [f"{values.name} is {values.dtype}, not {column.kind}"]
    blank = values.isna().to_numpy()
    if column.required and blank.any():
        problems.append(f"{values.name} is blank in {int(blank.sum())} rows")
    held = values[~blank] if blank.any() else values
    wrong = np.zeros(len(held), dtype=bool)
    words = column.words() if callable(column.words) else column.words
    if words:
        wrong |= ~np.asarray(held.isin(words))
    if column.low is not None:
        wrong |= np.asarray(held < column.low)
    if column.high is not None:
        wrong |= np.asarray(held > column.high)
    if wrong.any():
        problems.append(
            f"{values.name} is out of bounds in {int(wrong.sum())} rows, first {held[wrong].iloc[0]!r}"
        )
    return problems


def _kind_fits(values: pd.Series, kind: Kind) -> bool:
    if kind == "text":
        return bool(
            pd.api.types.is_string_dtype(values.dtype) or all(isinstance(v, str) for v in values.dropna())
        )
    if kind == "moment":
        return isinstance(values.dtype, pd.DatetimeTZDtype)
    wanted = {"integer": np.integer, "number": np.floating, "yes_no": np.bool_}[kind]
    return isinstance(values.dtype, np.dtype) and np.issubdtype(values.dtype, wanted)
