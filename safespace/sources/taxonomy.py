"""The words each source uses, read from ``taxonomy.toml``, and columns held against them."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from safespace.errors import SettingsError
from safespace.sources.outcomes import Problem, Repair, Step, shown
from safespace.sources.texts import encode, said, spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.sources.forms import Form

NEAR = 0.6  # of the letters in common, as difflib counts them


@dataclass(frozen=True)
class Words:
    """One list of words: the labels, and what else means each of them.

    Parameters
    ----------
    labels
        The words that are stored.
    group
        The group a label belongs to (``environmental``); the list's own name when it has none.
    known
        Every accepted spelling in plain form, to its label.
    codes
        The labels' and the provider's codes' plain forms: accepted without a shown repair.
    """

    labels: tuple[str, ...]
    group: Mapping[str, str]
    known: Mapping[str, str]
    codes: frozenset[str]

    def nearest(self, word: str) -> str:
        """Return the label nearest in spelling, or nothing when none is near: a far one would mislead.

        Examples
        --------
        >>> methods = load_taxonomy().words("spiking", "method")
        >>> methods.nearest("neeedle"), methods.nearest("see log")
        ('needle', '')
        """
        close = difflib.get_close_matches(_plain(word), self.known, n=1, cutoff=NEAR)
        return self.known[close[0]] if close else ""


@dataclass(frozen=True)
class Taxonomy:
    """The whole file: its version and its lists."""

    version: str
    lists: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def words(self, source: str, *names: str) -> Words:
        """Return one list, or several joined, of a source."""
        labels, group, known, codes = [], {}, {}, set()
        for name in names:
            for label, more in self.lists[source][name].items():
                labels.append(label)
                group[label] = name
                official = [_plain(word) for word in (label, *more.get("codes", ()))]
                codes.update(official)
                known.update(dict.fromkeys([*official, *map(_plain, more.get("synonyms", ()))], label))
        return Words(tuple(labels), group, known, frozenset(codes))


def load_taxonomy(*forms: Form) -> Taxonomy:
    """Read the file of words, and the lists that some forms bring of their own.

    Raises
    ------
    SettingsError
        When one spelling means two labels of one list.
    """
    told = tomllib.loads(files("safespace.sources").joinpath("taxonomy.toml").read_text(encoding="utf-8"))
    lists = {name: table for name, table in told.items() if isinstance(table, dict)}
    for form in forms:
        if form.words:
            lists[form.source] = {**lists.get(form.source, {}), **form.words}
    for source, tables in lists.items():
        for name, labels in tables.items():
            spellings = [
                word
                for label, more in labels.items()
                for word in {_plain(w) for w in (label, *more.get("codes", ()), *more.get("synonyms", ()))}
            ]
            twice = {word for word in spellings if spellings.count(word) > 1}
            if twice:
                raise SettingsError(
                    "A spelling is there twice.",
                    code="taxonomy-spelling-twice",
                    where=f"taxonomy {source}.{name}",
                    seen=sorted(twice),
                    remedy="Keep it under one label.",
                )
    return Taxonomy(told["version"], lists)


def resolve(
    values: pd.Series, words: Words, *, name: str, blank: str | None = None, code: str = "unknown_category"
) -> Step:
    """Hold a column against a list of words.

    Parameters
    ----------
    values
        Text, one word a row; its name is the column's, for messages.
    words
        The list.
    name
        What the labels are called in the step's columns.
    blank
        What a blank means; None holds blank rows back.
    code
        Reason code of a word that is not in the list.

    Returns
    -------
    Step
        Labels under ``name``; words in no list quarantined with the nearest label; synonyms as repairs.
    """
    codes, distinct = encode(values)
    plains = [_plain(word) for word in distinct]
    labels = [(blank or "") if not text else words.known.get(text, "") for text in plains]
    mended = np.array([bool(t) and t in words.known and t not in words.codes for t in plains], dtype=bool)
    strange = np.array([not label for label in labels], dtype=bool)
    found = spread(labels, codes, values.index)
    problems = _unknown(values, strange[codes], words, code) if strange.any() else ()
    spots = mended[codes]
    repairs = (Repair("synonym", values[spots], found[spots]),) if mended.any() else ()
    return Step({name: found}, problems, repairs)


def resolve_many(values: pd.Series, words: Words, *, name: str) -> Step:
    """Hold a column of several words joined by ``;``, ``|`` or a comma against a list.

    Returns
    -------
    Step
        Under ``name`` the labels in alphabetical order joined by ``|``; rows with a word in no list, or
        with none, quarantined; rows with a synonym as repairs.
    """
    codes, distinct = encode(values)
    split = [_parts(text, words) for text in distinct]
    strange = np.array(
        [not parts or any(_plain(p) not in words.known for p in parts) for parts in split], dtype=bool
    )
    joined = [
        "" if bad else "|".join(sorted({words.known[_plain(p)] for p in parts}))
        for bad, parts in zip(strange, split, strict=True)
    ]
    mended = np.array(
        [any(_plain(p) in words.known and _plain(p) not in words.codes for p in parts) for parts in split],
        dtype=bool,
    )
    found = spread(joined, codes, values.index)
    problems = _unknown(values, strange[codes], words, "unknown_category") if strange.any() else ()
    spots = (mended & ~strange)[codes]
    repairs = (Repair("synonym", values[spots], found[spots]),) if spots.any() else ()
    return Step({name: found}, problems, repairs)


def _parts(text: str, words: Words) -> list[str]:
    # a comma may be part of a word, so it divides only where every part is then known
    parts, finer = ([part for part in re.split(marks, text) if _plain(part)] for marks in (r"[;|]", r"[;|,]"))
    return finer if all(_plain(part) in words.known for part in finer) else parts


def _unknown(values: pd.Series, where: np.ndarray[Any, Any], words: Words, code: str) -> tuple[Problem, ...]:
    held = values[where]
    codes, distinct = encode(held)
    told = said([_not_known(text, words, str(values.name)) for text in distinct], codes)
    return (Problem("quarantined", code, pd.Series(told, index=held.index, dtype=object)),)


def _not_known(text: str, words: Words, name: str) -> str:
    parts = [
        part.strip() for part in re.split(r"[;|]", text) if _plain(part) and _plain(part) not in words.known
    ]
    if not parts:
        return f"The {name} is blank; it should be one of: {', '.join(words.labels)}."
    near = words.nearest(parts[0])
    suggestion = f"the nearest is {near!r}" if near else f"it has: {', '.join(words.labels)}"
    return f"The {name} {shown(parts[0])!r} is not in the list; {suggestion}."


def _plain(word: str) -> str:
    return re.sub(r"[^0-9a-z]+", " ", word.casefold()).strip()
