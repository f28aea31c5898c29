"""Street-level crime published at data.police.uk: an archive as it comes, a folder, or CSVs.

Only months are published, so every report spans its month and says nothing about nights. Who brought a crime
to light is not published. A crime listed more than once with the same place is taken once; one listed with
several places is held back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from safespace.registry import RECORDED, Source
from safespace.sources.coordinates import read_places
from safespace.sources.forms import Field, Form
from safespace.sources.moments import read_months
from safespace.sources.outcomes import Step, same
from safespace.sources.readers import Reader
from safespace.sources.taxonomy import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.sources.reading import Context

# Points are moved to the nearest of a list of places, each with eight or more addresses near it, so the
# true place is not known. A hundred metres is an assumption for towns; in the country it is more.
ACCURACY_M = 100.0

FORM = Form(
    "police_uk",
    "data.police.uk street-level crime",
    (
        Field(
            "reference",
            "text",
            "the crime's identifier; anti-social behaviour has none",
            "fb5980f681cc55836191d8537790a1629eb264de22acdf2eda1608f28e1f0a3f",
            synonyms=("crime_id", "persistent_id"),
        ),
        Field("month", "month", "the month it was recorded under", "2018-01", needed=True),
        Field(
            "longitude",
            "number",
            "longitude of the snap point, WGS 84",
            "-0.106453",
            needed=True,
            unit="degrees",
            synonyms=("lon", "lng"),
        ),
        Field(
            "latitude",
            "number",
            "latitude of the snap point, WGS 84",
            "51.518207",
            needed=True,
            unit="degrees",
            synonyms=("lat",),
        ),
        Field("location", "text", "what is at the snap point", "On or near Charterhouse Street"),
        Field(
            "category",
            "words",
            "the published category, or the API's slug",
            "Other theft",
            needed=True,
            synonyms=("crime_type",),
            vocabulary=("police_uk", "category"),
        ),
    ),
    either=(),
    prefer="-street.csv",
)


def _look(texts: pd.DataFrame, context: Context) -> Sequence[Step]:
    months = read_months(texts["month"], context.clock, name="month")
    fixed = same(
        texts.index,
        certainty="recorded",
        detected_by="unknown",
        accuracy_m=ACCURACY_M,
        reporter="not_stated",
        factor="",
        reported_at=pd.NaT,
    )
    return (
        resolve(texts["category"], context.taxonomy.words("police_uk", "category"), name="category"),
        Step({"occurred_from": months.earliest, "occurred_to": months.latest}, months.step.problems),
        read_places(texts.assign(easting="", northing="")),
        Step({**fixed, "reference": texts["reference"]}),
    )


SOURCE = Source(
    id="police_uk",
    layer=RECORDED,
    title="Recorded incidents (police.uk)",
    short="police.uk",
    about="The monthly archives of data.police.uk as they come, or an export of its figures.",
    reader=Reader(FORM, _look),
    sensitivity="published",
    policy="responsible-authority",
    dated="month",
    snaps=True,
    finest=8,  # on finer cells the points show, and not the streets round them
    place_note="police.uk places are snap points shared by at least eight addresses, dated by month only.",
    shares_of="category",
    credit="Contains public sector information licensed under the Open Government Licence v3.0",
)
