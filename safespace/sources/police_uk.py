"""Read street-level crime published at data.police.uk: an archive as it comes, a folder, or CSVs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from safespace.sources.coordinates import read_places
from safespace.sources.forms import Field, Form
from safespace.sources.moments import read_months
from safespace.sources.outcomes import Step, same
from safespace.sources.reading import Context, read_form
from safespace.sources.taxonomy import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safespace.settings import Settings
    from safespace.sources.ingested import Ingested
    from safespace.sources.reading import Held

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


def read(
    paths: Sequence[Path],
    *,
    mapping: Path | str | None = None,
    settings: Settings,
    as_of: pd.Timestamp | None = None,
    sheet: str | None = None,
    progress: bool = False,
    held: Held | None = None,
) -> Ingested:
    """Read police.uk files; see :func:`safespace.sources.reading.read_form`.

    Notes
    -----
    Only months are published, so every report spans its month and says nothing about nights. Who brought
    a crime to light is not published. A crime listed more than once with the same place is taken once; one
    listed with several places is held back.
    """
    return read_form(
        paths,
        FORM,
        _look,
        mapping=mapping,
        settings=settings,
        as_of=as_of,
        sheet=sheet,
        progress=progress,
        held=held,
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
