"""What must not come in: files about persons, domestic abuse, homes, and free text.

A file about persons is refused whole, because filtering it would mean reading it. A row marked as
domestic abuse or placed at a home is excluded: it is counted, and its text is kept nowhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import SchemaError
from safespace.sources.forms import Field, plain
from safespace.sources.outcomes import Problem, Step, problem
from safespace.sources.taxonomy import resolve
from safespace.sources.texts import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.sources.taxonomy import Taxonomy

_PERSON_WORDS = re.compile(
    r"\b(?:stalk(?:ing|er)|bail|offenders?|suspects?|nominal|custody|pnc|marac|mappa|perpetrators?|dob|date of birth|"
    r"surname|forename|victims?|complainants?)\b"
)
_FREE_TEXT = re.compile(
    r"\b(?:notes?|comments?|description|details|narrative|summary|mo|text|remarks|statement)\b"
)
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
            where=where,
            seen=", ".join(header[:60] for header in signs),
            remedy="SafeSpace takes public-place reports only. Export again without stalking, bail, custody, "
            "suspect, offender or other person columns.",
        )


def free_text(headers: Sequence[str]) -> list[str]:
    """Return the headers that look like free text, which is never stored."""
    return [header for header in headers if _FREE_TEXT.search(_spaced(header))]


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
            marked |= np.array(["domestic" in word.casefold() for word in words], dtype=bool)[codes]
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
    return plain(header).replace("_", " ")
