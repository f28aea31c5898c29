"""Night-time-economy incidents that police recorded in public places.

Rows marked as domestic abuse or at a home are excluded and only counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from safespace.registry import RECORDED, Source
from safespace.sources.coordinates import read_places
from safespace.sources.forms import PLACE, Field, Form
from safespace.sources.moments import read_moments, span
from safespace.sources.outcomes import Step, same
from safespace.sources.privacy import DOMESTIC, LOCATION, public_places
from safespace.sources.readers import Reader
from safespace.sources.taxonomy import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.sources.reading import Context

# grid metres of a recorded address or street; an assumption
ACCURACY_M = 20.0

FORM = Form(
    "nte",
    "Night-time-economy incidents",
    (
        Field(
            "reference",
            "text",
            "the force's identifier",
            "NTE-0001",
            synonyms=(
                "id",
                "ref",
                "crime_number",
                "crime_no",
                "incident_number",
                "incident_no",
                "urn",
                "log_number",
            ),
        ),
        Field(
            "offence",
            "words",
            "incident type",
            "Violence without injury",
            needed=True,
            synonyms=("offence_type", "incident_type", "crime_type", "type", "category"),
            vocabulary=("nte", "offence"),
        ),
        Field(
            "start",
            "moment",
            "earliest it can have happened, local time, day first",
            "28/01/2022 23:40",
            needed=True,
            synonyms=(
                "occurred_from",
                "date_from",
                "start_date",
                "from",
                "committed_from",
                "first_committed",
                "date",
            ),
        ),
        Field(
            "end",
            "moment",
            "latest it can have happened; blank when it is the start",
            "29/01/2022 00:10",
            synonyms=("occurred_to", "date_to", "end_date", "to", "committed_to", "last_committed"),
        ),
        *(
            Field(
                f.name,
                f.kind,
                f.meaning,
                {"easting": "406689", "northing": "286822"}.get(f.name, ""),
                unit=f.unit,
                synonyms=f.synonyms,
            )
            for f in PLACE
        ),
        Field(
            "found_by",
            "words",
            "who brought it to light",
            "public",
            synonyms=("detected_by", "how_reported", "source_of_detection", "origin"),
            vocabulary=("nte", "found_by"),
        ),
        LOCATION,
        DOMESTIC,
    ),
)


def _look(texts: pd.DataFrame, context: Context) -> Sequence[Step]:
    start = read_moments(texts["start"], context.clock, name="start", needed=True)
    end = read_moments(texts["end"], context.clock, name="end", needed=False)
    place = public_places(texts, context.taxonomy)
    words = context.taxonomy.words
    fixed = same(
        texts.index, certainty="recorded", accuracy_m=ACCURACY_M, reporter="not_stated", reported_at=pd.NaT
    )
    return (
        place,
        resolve(texts["offence"], words("nte", "offence"), name="category"),
        read_places(texts),
        span(start, end, texts["end"]),
        resolve(
            texts["found_by"],
            words("nte", "found_by"),
            name="detected_by",
            blank="unknown",
            code="unknown_found_by",
        ),
        Step({**fixed, "reference": texts["reference"], "factor": place.columns["location_type"]}),
    )


SOURCE = Source(
    id="nte",
    layer=RECORDED,
    title="Night-time-economy incidents",
    short="Night-time economy",
    about="Incidents recorded in public places. Domestic incidents and homes are left out and only counted.",
    reader=Reader(FORM, _look),
    sensitivity="restricted",
    policy="responsible-authority",
    factor_label="Kind of place",
    shares_of="category",
    private_kinds=("Rape", "Sexual assault", "Indecent exposure", "Other sexual offence"),
    private_note="Sexual offences are counted, but not listed for a single cell.",
)
