"""What must not come in: files about persons, domestic abuse, homes, and free text.

A file about persons is refused whole, because filtering it would mean reading it. A row marked as
domestic abuse or placed at a home is excluded: it is counted, and its text is kept nowhere.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from safespace.errors import Remedy, SchemaError
from safespace.sources.forms import Field
from safespace.sources.outcomes import BLANKED, Problem, Repair, Step, problem, shown
from safespace.sources.taxonomy import load_taxonomy, resolve
from safespace.sources.texts import encode, matches, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safespace.sources.taxonomy import Taxonomy

_PERSON_WORDS = re.compile(
    r"\b(?:stalk(?:ing|ers?)|bail(?:ed)?|offenders?|suspects?|nominals?|custody|pnc|marac|mappa|perps?|perpetrators?|"
    r"dob|date of birth|birth date|surnames?|forenames?|victims?|complainants?|aggrieved|accused|defendants?|"
    r"ni (?:number|no)|nino|ip names?|vrms?|vehicle registration|registration (?:mark|number|plate)|number plate|"
    r"arrestees?|arrested persons?|detainees?|convictions?|home address|national insurance|persons? id|"
    r"(?:first|last|full|middle|family|given|maiden|person|caller|witness|informant|reporter) names?)\b|^names?$"
)
_FREE_TEXT = re.compile(
    r"\b(?:notes?|comments?|description|details|narrative|summary|mo|text|remarks|statement|e ?mail|phone|mobile|telephone)\b"
)
# a marker under a name of its own is still the marker: a row of domestic abuse must not come in because of a header
_MARKER_HEADERS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "domestic_abuse": re.compile(
            r"\b(?:domestic|da|dv|hbv|dash|dara|honou?r based|intimate partner|non molestation)\b"
        ),
        "location_type": re.compile(
            r"\b(?:location|place|premises?|venue|scene|address|site) ?(?:type|category|class|kind)|"
            r"\b(?:type|kind|class|category) of (?:location|place|premises?|venue|scene)\b"
        ),
    }
)
_DOMESTIC_WORDS = re.compile(r"domestic|\b(?:da|dv|hbv)\b")
# a column that is not read still says what its rows are
_PLACE_HEADERS = re.compile(r"\b(?:locations?|address|premises?|place|scene|venue|site)\b")
_TAG_HEADERS = re.compile(
    r"\b(?:key ?words?|tags?|qualifiers?|markers?|flags?|labels?|classifiers?|classifications?|sub ?(?:type|category))\b"
)
_HOMES = re.compile(
    r"\b(?:home address|dwelling|own home|at home|private (?:house|flat|residence|address|home)|"
    r"(?:victim|offender|suspect|complainant|ip)s?(?: s)? (?:home|house|flat|address))\b"
)
_NOT_DOMESTIC = re.compile(r"\b(?:non|not)[ -]?(?:domestic|da|dv)\b")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# what may be no identifier: words without a figure, a contact, or a word for nothing
_PERHAPS_NO_REFERENCE = r"(?i)[ @+\[]|^07[0-9]{9}$|^[a-z]{2}[0-9]{2}[a-z]{3}$|^[^0-9]+$|^0+$|^.{81}"
_NOTHING = frozenset(
    {"n/a", "na", "null", "none", "nil", "nan", "-", "unknown", "not known", "tbc", "tba", "?"}
)
_WORDS_ONLY = re.compile(r"[^\d]*[A-Za-z]{2,}[ ,.]+[^\d]*[A-Za-z]{2,}[^\d]*")
_LONGEST_REFERENCE = 80
_NOT_ABUSE = ("", "n", "no", "false", "0", "none")

DOMESTIC = Field(
    "domestic_abuse",
    "text",
    "Y or N; a row with anything but a clear N or a blank is excluded and only counted",
    "N",
    synonyms=(
        "da_marker",
        "domestic",
        "da",
        "da_flag",
        "domestic_marker",
        "domestic_abuse_marker",
        "domestic_violence",
    ),
)
LOCATION = Field(
    "location_type",
    "words",
    "kind of place; a row at a home is excluded and only counted",
    "Street",
    synonyms=("place_type", "premises_type", "venue_type", "location_category"),
    vocabulary=("nte", "location_type"),
)


def refuse_person_files(headers: Sequence[str], *, where: str) -> None:
    """Raise when the headers say that the file is about persons and not about places.

    Raises
    ------
    SchemaError
        Naming the columns that say so.
    """
    signs = [h for h in headers if _PERSON_WORDS.search(_spaced(h))]
    if signs:
        raise SchemaError(
            "This file is about persons, so none of it was read.",
            code="file-about-persons",
            where=where,
            seen=", ".join(header[:60] for header in signs),
            remedy="SafeSpace takes public-place reports only. Export again without stalking, bail, custody, "
            "suspect, offender or other person columns.",
        )


def markers(
    headers: Sequence[str], spots: Mapping[str, int], names: Sequence[str], *, where: str
) -> dict[str, int]:
    """Find the marker of domestic abuse and the kind of place under headers that were not matched.

    Parameters
    ----------
    headers
        Header cells.
    spots
        What was matched: our column name to a position in ``headers``.
    names
        Our columns that no mapping decides.
    where
        The file, for messages.

    Returns
    -------
    dict
        Those of ``domestic_abuse`` and ``location_type`` that were not matched and are there all the same.

    Raises
    ------
    SchemaError
        When several columns could be one of them, as a row could then come in by the wrong one.
    """
    found: dict[str, int] = {}
    left = [(spot, _spaced(header)) for spot, header in enumerate(headers) if spot not in spots.values()]
    for name in _MARKER_HEADERS.keys() & set(names):
        likely = [spot for spot, header in left if _MARKER_HEADERS[name].search(header)]
        held = [spots[name]] if name in spots else []
        if likely and len(held + likely) > 1:
            raise SchemaError(
                f"More than one column could be {name}.",
                code="marker-column-ambiguous",
                where=where,
                seen=", ".join(headers[spot][:60] for spot in held + likely),
                remedy=Remedy(
                    cli=f'Say which in a mapping file, under [columns]: {name} = "their header".',
                    app=f"Choose which of the file's columns is {name}.",
                    library=f"Give a mapping whose columns say which is {name}.",
                ),
            )
        found |= {name: likely[0]} if likely else {}
    return found


def set_aside(columns: Sequence[tuple[str, pa.ChunkedArray]], count: int) -> tuple[pa.Array, list[str]]:
    """Tell which rows a column that is not read places at a home or marks as domestic abuse.

    Parameters
    ----------
    columns
        Header and cells (text) of each column that is not read.
    count
        How many rows there are.

    Returns
    -------
    tuple
        ``home_location``, ``domestic_abuse`` or nothing for each row, and the headers that said so.

    Notes
    -----
    Only columns named like a place are looked through for homes, and only those named like keywords, tags or
    qualifiers for domestic abuse: in sentences "domestic" and "home" stand for too much else.
    """
    looked: tuple[tuple[str, re.Pattern[str], str, Callable[[str], bool]], ...] = (
        ("home_location", _PLACE_HEADERS, _homes(), bool),
        ("domestic_abuse", _TAG_HEADERS, rf"(?i){_DOMESTIC_WORDS.pattern}", _says_domestic),
    )
    found, said_by = np.zeros(count, dtype=np.int64), []
    for header, cells in columns:
        for number, (_, headers, pattern, says) in enumerate(looked, start=1):
            if headers.search(_spaced(header)):
                perhaps = np.flatnonzero(matches(cells, pattern))
                codes, words = encode(cells.take(pa.array(perhaps)).combine_chunks())
                here = perhaps[np.array([says(word) for word in words], dtype=bool)[codes]]
                found[here] = number
                said_by += [header] if len(here) else []
    reasons = pa.array(["", *(name for name, *_ in looked)], type=pa.large_string())
    return reasons.take(pa.array(found)), list(dict.fromkeys(said_by))


def _homes() -> str:
    """Return a pattern of the cells that name a home: a word of the list alone, or a plain phrase in any text."""
    words = load_taxonomy().words("nte", "location_type").known.items()
    alone = "|".join(sorted(plain(word) for word, label in words if label == "Home")).replace(
        "_", "[^0-9a-z]+"
    )
    phrases = _HOMES.pattern.replace(" ", "[^0-9a-z]+")
    return f"(?i)^[^0-9a-z]*(?:{alone})[^0-9a-z]*$|{phrases}"


def _says_domestic(text: str) -> bool:
    return bool(_DOMESTIC_WORDS.search(_NOT_DOMESTIC.sub("", text.casefold())))


def free_text(headers: Sequence[str]) -> list[str]:
    """Return the headers that look like free text, which is never stored."""
    return [header for header in headers if _FREE_TEXT.search(_spaced(header))]


def references(values: pd.Series) -> Step:
    """Blank the references that are a contact, a name, a sentence or a word for nothing.

    A reference becomes part of a report's identifier and would be kept, so text about a person must not pass
    for one. A row without a reference is known by its content.

    Returns
    -------
    Step
        ``reference``, and a shown repair where one was blanked.
    """
    spots = matches(values, _PERHAPS_NO_REFERENCE)
    spots[spots] = [_is_no_reference(text) for text in values[spots]]
    if not spots.any():
        return Step({"reference": values})
    before = values[spots]
    return Step(
        {"reference": values.mask(spots, "")},
        repairs=(Repair("reference_blanked", before, pd.Series("", index=before.index, dtype="str")),),
    )


def _is_no_reference(text: str) -> bool:
    return bool(
        text.casefold() in _NOTHING
        or (len(text) > 1 and not text.strip("0"))
        or len(text) > _LONGEST_REFERENCE
        or _WORDS_ONLY.fullmatch(text)
        or re.search(BLANKED, shown(text))
    ) and bool(text)


def domestic(texts: pd.DataFrame) -> list[Problem]:
    """Find the rows marked as domestic abuse, and those whose marker is not a clear no.

    Parameters
    ----------
    texts
        Trimmed text with ``domestic_abuse``; an offence or method that says "domestic" counts as well.
    """
    codes, words = encode(texts["domestic_abuse"])
    marked = np.array([word.casefold() not in _NOT_ABUSE for word in words], dtype=bool)[codes]
    for name in ("offence", "method", "ragged"):
        if name in texts:
            codes, words = encode(texts[name])
            marked |= np.array([bool(_DOMESTIC_WORDS.search(word.casefold())) for word in words], dtype=bool)[
                codes
            ]
    return [
        problem(
            "excluded",
            "domestic_abuse",
            pd.Series(marked, index=texts.index),
            "Domestic abuse, or not clearly marked as not; only counted.",
        )
    ]


def public_places(texts: pd.DataFrame, taxonomy: Taxonomy) -> Step:
    """Hold ``location_type`` against its list and exclude the rows at a home.

    Returns
    -------
    Step
        Labels under ``location_type``, blank where the file does not say.
    """
    blank = "Unknown"
    step = resolve(
        texts["location_type"],
        taxonomy.words("nte", "location_type"),
        name="location_type",
        blank=blank,
        code="unknown_location",
    )
    codes, words = encode(step.columns["location_type"])
    home = pd.Series(np.array([word == "Home" for word in words], dtype=bool)[codes], index=texts.index)
    excluded = problem("excluded", "home_location", home, "The place is a home; only counted.")
    return Step(step.columns, (*step.problems, excluded), step.repairs)


def _spaced(header: str) -> str:
    return plain(_CAMEL.sub(" ", header)).replace("_", " ")
