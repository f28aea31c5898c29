"""StreetSafe: where people said they felt unsafe, and why. Not crime reporting.

The moment is when the report was sent, which can be long after what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.registry import FELT, Source
from safespace.sources.coordinates import read_places
from safespace.sources.forms import PLACE, Field, Form
from safespace.sources.moments import read_moments
from safespace.sources.outcomes import Step, same
from safespace.sources.privacy import DOMESTIC
from safespace.sources.readers import Reader
from safespace.sources.taxonomy import resolve, resolve_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safespace.sources.reading import Context

# a pin put on a street map by hand; an assumption
ACCURACY_M = 25.0

FORM = Form(
    "streetsafe",
    "StreetSafe",
    (
        Field(
            "reference",
            "text",
            "the provider's identifier",
            "SS-2022-0001",
            synonyms=("id", "ref", "report_id", "streetsafe_id", "submission_id"),
        ),
        Field(
            "submitted",
            "moment",
            "when it was sent, local time",
            "2022-01-28 23:40",
            needed=True,
            synonyms=(
                "submitted_at",
                "date_submitted",
                "created",
                "created_at",
                "date",
                "datetime",
                "reported",
            ),
        ),
        *(
            Field(
                f.name,
                f.kind,
                f.meaning,
                {"latitude": "52.477800", "longitude": "-1.898300"}.get(f.name, ""),
                unit=f.unit,
                synonyms=f.synonyms,
            )
            for f in PLACE
        ),
        Field(
            "reasons",
            "words",
            "one or more reasons joined by ;",
            "Badly lit; Being followed",
            needed=True,
            synonyms=("reason", "factors", "factor", "concern", "concerns", "issue", "issues"),
            vocabulary=("streetsafe", "environmental behavioural"),
        ),
        Field(
            "reporter",
            "words",
            "who reported; never shown below force level",
            "woman",
            synonyms=("gender", "sex", "reporter_gender", "reporter_sex"),
            vocabulary=("streetsafe", "reporter"),
        ),
        DOMESTIC,
    ),
)


def _look(texts: pd.DataFrame, context: Context) -> Sequence[Step]:
    sent = read_moments(texts["submitted"], context.clock, name="submitted", needed=True)
    words = context.taxonomy.words("streetsafe", "environmental", "behavioural")
    reasons = resolve_many(texts["reasons"], words, name="factor")
    reporter = resolve(
        texts["reporter"],
        context.taxonomy.words("streetsafe", "reporter"),
        name="reporter",
        blank="not_stated",
        code="unknown_reporter",
    )
    fixed = same(texts.index, certainty="reported", detected_by="public", accuracy_m=ACCURACY_M)
    return (
        reasons,
        read_places(texts),
        Step(
            {"occurred_from": sent.earliest, "occurred_to": sent.latest, "reported_at": sent.earliest},
            sent.step.problems,
            sent.step.repairs,
            sent.step.notes,
        ),
        reporter,
        Step(
            {
                **fixed,
                "reference": texts["reference"],
                "category": _category(reasons.columns["factor"], words.group),
            }
        ),
    )


def _category(factors: pd.Series, group: Mapping[str, str]) -> pd.Series:
    codes, distinct = pd.factorize(factors)
    groups = [sorted({group[label] for label in str(text).split("|") if label}) for text in distinct]
    names = np.array([found[0] if len(found) == 1 else "both" for found in groups], dtype=object)
    return pd.Series(names[codes], index=factors.index, dtype="str")


SOURCE = Source(
    id="streetsafe",
    layer=FELT,
    title="StreetSafe reports",
    short="StreetSafe",
    about="How places feel to people. One row a report, with a time, a place and one or more reasons.",
    reader=Reader(FORM, _look),
    sensitivity="restricted",
    policy="responsible-authority",
    times_note="StreetSafe times are when a report was sent, which may be later than what it tells of.",
    merges=True,  # pins are anonymous, and one person can put down several of one experience
    factor_label="Reason given",
    shares_label="Reasons given",
    bears=frozenset({"lighting", "behaviour", "reporter"}),
)
