"""Baselines: what the counts of a cell are held against, one value each; the usual one first."""

from __future__ import annotations

from safespace.registry import RECORDED, Baseline, Register

_ONS = "Source: Office for National Statistics, Census 2021, Open Government Licence v3.0"
_POLICE = "Contains public sector information licensed under the Open Government Licence v3.0"
_MAKERS = "safespace.pipeline.exposures"

_LISTED = (
    Baseline(
        id="streets",
        words="length of walkable street",
        exposure=f"{_MAKERS}:street_exposure",
        available=f"{_MAKERS}:has_streets",
        needs="the streets of the area",
    ),
    Baseline(
        id="area",
        words="area of the cell",
        exposure=f"{_MAKERS}:area_exposure",
        available=f"{_MAKERS}:always",
    ),
    Baseline(
        id="premises",
        words="pubs, bars and clubs within reach",
        exposure=f"{_MAKERS}:premises_exposure",
        available=f"{_MAKERS}:has_premises",
        needs="streets, whose extract maps pubs, bars and clubs",
        note=f"{_MAKERS}:premises_note",
    ),
    Baseline(
        id="recorded",
        words="recorded incidents",
        exposure=f"{_MAKERS}:recorded_exposure",
        available=f"{_MAKERS}:has_recorded",
        needs="recorded incidents",
        counted=True,
        made_of=RECORDED,
    ),
    Baseline(
        id="residents",
        words="residents (Census)",
        exposure=f"{_MAKERS}:layer_exposure",
        available=f"{_MAKERS}:has_area_values",
        needs="residents by area",
        loaded_as="areas",
        columns=("mnemonic", "total"),
        credit=_ONS,
        title="Residents by area",
        about="Census residents, one row an area. Load the areas first.",
    ),
    Baseline(
        id="recorded_counts",
        words="recorded incidents, published by area",
        exposure=f"{_MAKERS}:layer_exposure",
        available=f"{_MAKERS}:has_area_values",
        needs="recorded counts by area",
        made_of=RECORDED,
        loaded_as="areas",
        columns=("lsoa_code", "crime_count"),
        credit=_POLICE,
        title="Recorded counts by area",
        about="Monthly recorded counts, one row an area and month. Load the areas first.",
    ),
    Baseline(
        id="footfall",
        words="people passing, as supplied",
        exposure=f"{_MAKERS}:supplied_exposure",
        available=f"{_MAKERS}:has_supplied",
        needs="a supplied layer of people passing",
        note=f"{_MAKERS}:supplied_note",
        loaded_as="amounts",
    ),
    Baseline(
        id="population",
        words="people living or staying there, as supplied",
        exposure=f"{_MAKERS}:supplied_exposure",
        available=f"{_MAKERS}:has_supplied",
        needs="a supplied layer of people living or staying there",
        note=f"{_MAKERS}:supplied_note",
        loaded_as="amounts",
    ),
)
BASELINES: Register[Baseline] = Register("baseline", {baseline.id: baseline for baseline in _LISTED})
USUAL_BASELINE = "streets"
ALWAYS_THERE = "area"  # what can be compared with when nothing but reports is loaded


def loaded_as(kind: str) -> tuple[str, ...]:
    """Return the baselines that are loaded in a way of their own: as ``areas`` or as ``amounts``.

    Examples
    --------
    >>> loaded_as("areas"), loaded_as("amounts")
    (('residents', 'recorded_counts'), ('footfall', 'population'))
    """
    return tuple(name for name, baseline in BASELINES.items() if baseline.loaded_as == kind)
