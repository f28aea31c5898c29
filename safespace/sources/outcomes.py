"""What became of each row: problems, repairs and steps, and how they are put together.

A step looks at whole columns and returns new values with the rows it could not use and the values it
mended. Nothing is dropped inside a step; :func:`settle` decides once, so that every row has one outcome.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.schemas import MOMENT, REJECTS, REPAIRS, conform
from safespace.sources.texts import arrow, encode, is_blank, matches, said, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from safespace.sources.texts import Flags

Outcome: TypeAlias = Literal["quarantined", "rejected", "excluded"]

_SHOWN_CHARS = 80
_CONTACTS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[email]"),
    (  # 01-02-2022 23:40 is a date
        re.compile(
            r"(?<![\w.])(?!\d{1,2}[ -]\d{1,2}[ -]\d{4})"
            r"(?:(?:\+|00)44[\s-]?(?:\(0\)[\s-]?)?|\(?0)[1-9](?:[\s()-]{0,2}\d){8,9}(?!\w)"
        ),
        "[phone]",
    ),
    (re.compile(r"\b07\d{3}\.\d{3}\.\d{3}\b"), "[phone]"),
    (re.compile(r"\b[A-Za-z]{2}\d{2}\s?[A-Za-z]{3}\b|\b[A-Z]\d{1,3} [A-Z]{3}\b"), "[vehicle]"),
    (
        re.compile(
            r"\b(?:Mr|Mrs|Ms|Miss|Dr|W?PC|DC|PS|PCSO|Sgt|Insp|(?<=by )[A-Z])\.?(?: \d{1,5})?(?: [A-Z][a-z'\u2019-]+){1,2}"
        ),
        "[name]",
    ),
)
BLANKED = r"\[(?:email|phone|vehicle|name|text)\]"
# a sentence with a contact in it is about a person, and so may one be that is longer than any label
_SENTENCE_WITH_CONTACT, _SENTENCE = 5, 20
# behind blanks and in wide signs too; a sign before a number is a number, as most longitudes are
_FORMULA = re.compile(r"[\t\r\n]|\s*(?:[=@\uff1d\uff20]|[+\-\uff0b\uff0d](?!\.?\d[\d.,\s+\-eE]*$))")
# cells that may hold a contact, a name, a formula, or what JSON spells out; every other cell is kept as it is
_PERHAPS = (
    r"[^ -~]|[\"\\@]|^ *[=+-]|(?:(?:\+|00)44|0)[\s()0-]*[1-9](?:[\s().-]{0,2}[0-9]){8}|"
    r"[A-Za-z]{2}[0-9]{2}\s?[A-Za-z]{3}|[A-Z][0-9]{1,3} [A-Z]{3}|"
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|W?PC|DC|PS|PCSO|Sgt|Insp|by [A-Z])\b|(?:\S+\s+){19}"
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
    """Make a problem for the rows where ``where`` holds; ``{}`` in the sentence is the value seen.

    ``seen`` has a value for every row, or only for those.
    """
    index = where.index[where.to_numpy(dtype=bool)]
    if seen is None:
        return Problem(outcome, reason, pd.Series(sentence, index=index, dtype=object))
    codes, words = encode(seen if len(seen) == len(index) else seen[where])
    told = said([sentence.format(shown(word)) for word in words], codes)
    return Problem(outcome, reason, pd.Series(told, index=index, dtype=object))


def same(index: pd.Index, **values: object) -> dict[str, pd.Series]:
    """Return columns that hold one value in every row; NaT gives a column of moments.

    Examples
    --------
    >>> same(pd.RangeIndex(2), certainty="reported")["certainty"].tolist()
    ['reported', 'reported']
    """
    return {name: _constant(value, index) for name, value in values.items()}


def _constant(value: object, index: pd.Index) -> pd.Series:
    if isinstance(value, str):
        return spread([value], np.zeros(len(index), dtype=np.int64), index)
    return pd.Series(value, index=index, dtype=MOMENT if value is pd.NaT else None)


def first_problems(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return one problem a row: a repeated header first, then exclusions, then the first that was found.

    A header's own ``domestic_abuse`` is no clear no, but nobody's.

    Returns
    -------
    DataFrame
        ``outcome, reason, explanation`` indexed by row.
    """
    ordered = [
        one
        for one in sorted(problems, key=lambda one: (one.reason != "header_row", one.outcome != "excluded"))
        if len(one.explanation)
    ]
    if not ordered:
        return pd.DataFrame({"outcome": [], "reason": [], "explanation": []}, dtype=object)
    which = np.repeat(np.arange(len(ordered)), [len(one.explanation) for one in ordered])
    told = np.concatenate([one.explanation.to_numpy(dtype=object) for one in ordered])
    rows = pd.Index(np.concatenate([one.explanation.index for one in ordered]))
    first = np.flatnonzero(~rows.duplicated())
    first = first[np.argsort(rows[first], kind="stable")]
    return pd.DataFrame(
        {
            "outcome": said([one.outcome for one in ordered], which[first]),
            "reason": said([one.reason for one in ordered], which[first]),
            "explanation": told[first],
        },
        index=rows[first],
    )


def rejects_frame(
    frame: pd.DataFrame, rows: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """Return :data:`safespace.schemas.REJECTS` for the rows in ``frame``.

    Parameters
    ----------
    frame
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
    told = np.array(frame["outcome"] != "excluded")
    told[told] = is_blank(rows["ragged"].loc[frame.index[told]])
    kept = np.full(len(frame), "", dtype=object)
    kept[told] = _originals(rows.loc[frame.index[told]], headers)
    return conform(
        pd.DataFrame(
            {
                "file": rows["file"].loc[frame.index].to_numpy(),
                "row": rows["row"].loc[frame.index].to_numpy(),
                **{name: frame[name].to_numpy() for name in ("outcome", "reason")},
                "explanation": _in_their_words(frame["explanation"], rows["file"], headers),
                "original": kept,
            }
        ),
        REJECTS,
    )


def _in_their_words(
    values: pd.Series, files: pd.Series, headers: Mapping[str, Mapping[str, str]]
) -> npt.NDArray[np.object_]:
    """Call each column by the file's own header, where a sentence begins with our name of it."""
    sentences = values.to_numpy(dtype=object).copy()
    for file, spots in (
        files.loc[values.index].groupby(files.loc[values.index], observed=True).indices.items()
    ):
        names = {ours: shown(theirs) for ours, theirs in headers[str(file)].items()}
        if all(theirs.strip().casefold() == ours for ours, theirs in names.items()):
            continue
        names |= {"end": names.get("end", names.get("onset_to", "end"))}
        codes, words = pd.factorize(sentences[spots])
        sentences[spots] = said([_retold(word, names) for word in words], codes)
    return sentences


def _retold(sentence: str, names: Mapping[str, str]) -> str:
    start = names.get("start", names.get("onset_from", "start"))
    sentence = re.sub(" is before the start[.]$", lambda _: f" is before the {start}.", sentence)
    ours = sentence.removeprefix("The ").split(" ", 1)[0]
    theirs = names.get(ours, ours)
    if theirs.strip().casefold() == ours or set("'\"") & set(theirs) or not theirs.strip():
        return sentence
    return (
        f"The {theirs.strip()}{sentence.removeprefix(f'The {ours}')}"
        if sentence.startswith("The ")
        else sentence
    )


def repairs_frame(repairs: Iterable[Repair], rows: pd.DataFrame, keep: pd.Index) -> pd.DataFrame:
    """Return :data:`safespace.schemas.REPAIRS` of the rows that were kept, by file and row."""
    kept = np.zeros(len(rows), dtype=bool)
    kept[rows.index.get_indexer(keep)] = True
    parts = [_only(one, kept[rows.index.get_indexer(one.before.index)]) for one in repairs]
    parts = [one for one in parts if len(one.before)]
    if not parts:
        return conform(pd.DataFrame(columns=list(REPAIRS.columns)), REPAIRS)
    spot = np.concatenate([one.before.index for one in parts])
    order = np.argsort(spot, kind="stable")
    rule = np.repeat(np.arange(len(parts)), [len(one.before) for one in parts])
    told = {
        "file": rows["file"].loc[spot[order]].to_numpy(),
        "row": rows["row"].loc[spot[order]].to_numpy(),
        "rule": said([one.rule for one in parts], rule[order]),
        "before": np.concatenate([_safe(one.before) for one in parts])[order],
        "after": np.concatenate([_safe(one.after) for one in parts])[order],
    }
    return conform(pd.DataFrame(told), REPAIRS)


def _only(item: Repair, there: Flags) -> Repair:
    return Repair(item.rule, item.before[there], item.after[there])


def _safe(values: pd.Series) -> np.ndarray:
    held = arrow(values.astype("str"))
    perhaps = matches(held, _PERHAPS) | np.asarray(pc.greater(pc.binary_length(held), _SHOWN_CHARS))
    safe = _mended(held, held, perhaps, lambda word: shown(disarm(word)))
    return np.array(safe.to_pylist(), dtype=object)


def disarm(text: str) -> str:
    """Return text that a spreadsheet will not run as a formula.

    Examples
    --------
    >>> disarm("=cmd|' /C calc'!A0"), disarm("-1.9")
    ("'=cmd|' /C calc'!A0", '-1.9')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _originals(stored: pd.DataFrame, headers: Mapping[str, Mapping[str, str]]) -> np.ndarray:
    texts = np.full(len(stored), "", dtype=object)
    for file, spots in stored.groupby("file", sort=False, observed=True).indices.items():
        names = headers[str(file)]
        cells: list[Any] = []
        for name, header in names.items():
            comma = ", " if cells else "{"
            cells += [f"{comma}{json.dumps(header, ensure_ascii=False)}: ", _quoted(stored[name].iloc[spots])]
        parts = [pa.scalar(one, pa.large_string()) if isinstance(one, str) else one for one in cells]
        empty = pa.scalar("", pa.large_string())
        joined = pc.binary_join_element_wise(*parts, pa.scalar("}", pa.large_string()), empty)
        texts[spots] = np.array(joined.to_pylist(), dtype=object)
    return texts


def _quoted(values: pd.Series) -> pa.Array:
    held, quote = arrow(values), pa.scalar('"', pa.large_string())
    quoted = pc.binary_join_element_wise(quote, held, quote, pa.scalar("", pa.large_string()))
    return _mended(
        held, quoted, matches(held, _PERHAPS), lambda word: json.dumps(_scrub(word), ensure_ascii=False)
    )


def _mended(values: pa.Array, plainly: pa.Array, perhaps: Flags, mend: Callable[[str], str]) -> pa.Array:
    """Return ``plainly``, and in its place what ``mend`` makes of the cells that may need it."""
    mask = pa.array(perhaps)
    codes, words = encode(values.filter(mask))
    after = pa.array([mend(word) for word in words], type=pa.large_string()).take(pa.array(codes))
    return pc.replace_with_mask(plainly, mask, after)


def _scrub(value: str) -> str:
    if value.replace(".", "", 1).isdigit():  # most cells are numbers, and short ones are no telephone's
        return value if len(value) < 10 else _without_contacts(value)
    return disarm(_without_contacts(value))


def _without_contacts(value: str) -> str:
    told = value
    for pattern, instead in _CONTACTS:
        told = pattern.sub(instead, told)
    longest = _SENTENCE if told == value else _SENTENCE_WITH_CONTACT
    # several words joined by ; or | are a list and not a sentence
    return "[text]" if any(len(part.split()) >= longest for part in re.split("[;|]", told)) else told


def blanked(rejects: pd.DataFrame) -> int:
    """Return how many cells of :data:`safespace.schemas.REJECTS` lost a contact, a mark or a sentence."""
    found = pc.count_substring_regex(arrow(rejects["original"]), BLANKED)
    return int(pc.sum(found).as_py() or 0)
