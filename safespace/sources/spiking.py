"""Reports of suspected spiking (drink, needle, injection, vape, food).

Place and time are often uncertain: the onset window is kept as it is, and the place's confidence becomes a
radius in metres.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

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

    import pandas as pd

    from safespace.sources.reading import Context

# how far a believed place can be from the point given; assumptions
ACCURACY_M = MappingProxyType({"exact": 25.0, "street": 100.0, "area": 500.0, "unknown": 2000.0})

FORM = Form(
    "spiking",
    "Suspected spiking",
    (
        Field(
            "reference",
            "text",
            "the force's identifier",
            "SP-0001",
            synonyms=("id", "ref", "crime_number", "incident_number", "urn"),
        ),
        Field(
            "method",
            "words",
            "how it is believed to have been done",
            "drink",
            needed=True,
            synonyms=("spiking_method", "type", "spiking_type"),
            vocabulary=("spiking", "method"),
        ),
        Field(
            "status",
            "words",
            "how sure it is; blank is reported",
            "suspected",
            synonyms=("certainty", "confirmation"),
            vocabulary=("spiking", "status"),
        ),
        Field(
            "onset_from",
            "moment",
            "earliest onset, local time",
            "2022-01-28 23:10",
            needed=True,
            synonyms=("onset", "occurred_from", "date_from", "from", "onset_start"),
        ),
        Field(
            "onset_to",
            "moment",
            "latest onset; blank when it is the earliest",
            "2022-01-29 00:30",
            synonyms=("occurred_to", "date_to", "to", "onset_end"),
        ),
        Field(
            "reported",
            "moment",
            "when it was reported, local time",
            "2022-01-29 14:05",
            synonyms=("reported_at", "date_reported", "report_date"),
        ),
        *(
            Field(
                f.name,
                f.kind,
                f.meaning,
                {"latitude": "52.476900", "longitude": "-1.905200"}.get(f.name, ""),
                unit=f.unit,
                synonyms=f.synonyms,
            )
            for f in PLACE
        ),
        Field(
            "place_confidence",
            "words",
            "how well the place is known; blank is unknown",
            "street",
            synonyms=("location_confidence", "place_certainty"),
            vocabulary=("spiking", "place_confidence"),
        ),
        LOCATION,
        DOMESTIC,
    ),
)


def _look(texts: pd.DataFrame, context: Context) -> Sequence[Step]:
    start = read_moments(texts["onset_from"], context.clock, name="onset_from", needed=True)
    end = read_moments(texts["onset_to"], context.clock, name="onset_to", needed=False)
    told = read_moments(texts["reported"], context.clock, name="reported", needed=False)
    words = context.taxonomy.words
    place = resolve(
        texts["place_confidence"],
        words("spiking", "place_confidence"),
        name="confidence",
        blank="unknown",
        code="unknown_confidence",
    )
    fixed = same(texts.index, category="Suspected spiking", detected_by="public", reporter="not_stated")
    return (
        public_places(texts, context.taxonomy),
        resolve(texts["method"], words("spiking", "method"), name="factor"),
        read_places(texts),
        span(start, end, texts["onset_to"]),
        Step({"reported_at": told.earliest}, told.step.problems, told.step.repairs),
        resolve(
            texts["status"],
            words("spiking", "status"),
            name="certainty",
            blank="reported",
            code="unknown_status",
        ),
        Step({}, place.problems, place.repairs),
        Step(
            {
                **fixed,
                "reference": texts["reference"],
                "accuracy_m": place.columns["confidence"].map(ACCURACY_M).astype(float),
            }
        ),
    )


SOURCE = Source(
    id="spiking",
    layer=RECORDED,
    title="Reports of suspected spiking",
    short="Suspected spiking",
    about="Suspected spiking with method, status and the span in which it may have happened.",
    reader=Reader(FORM, _look),
    sensitivity="sensitive",
    policy="partner",
    factor_label="Method",
    shares_label="Method reported",
    content_note=(
        "The next figures are about reports of suspected spiking. Only some are confirmed, and place and time are "
        "often uncertain. You can leave them out and go on with StreetSafe reports."
    ),
)
