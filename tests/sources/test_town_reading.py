"""The synthetic town's dirt is planted in known numbers, so what the readers make of it can be checked."""

from collections import Counter

import pandas as pd
import pytest

from safespace.settings import Settings
from safespace.sources import read_reports

AS_OF = pd.Timestamp("2027-01-01", tz="UTC")
REASONS = {
    "blank_coordinates": "no_coordinates",
    "zero_coordinates": "zero_coordinates",
    "out_of_area": "outside_britain",
    "exact_duplicate": "duplicate_row",
    "reference_reused": "same_reference",
    "end_before_start": "end_before_start",
    "unknown_category": "unknown_category",
    "domestic_abuse": "domestic_abuse",
    "home_location": "home_location",
    "totals_row": "footer_row",
}
RULES = {
    "trailing_space": "trimmed",
    "synonym": "synonym",
    "swapped_coordinates": "swapped_coordinates",
    "bng_in_degree_columns": "bng_in_degree_columns",
    "hour_24": "24:00",
}


@pytest.fixture(scope="module", params=["streetsafe", "nte", "spiking"])
def read(request, town):
    path = getattr(town, f"{request.param}_csv")
    return request.param, read_reports([path], source=request.param, settings=Settings(), as_of=AS_OF)


def planted(town, source, names):
    return {
        code: town.truth.dirt[kind].get(source, 0)
        for kind, code in names.items()
        if town.truth.dirt[kind].get(source)
    }


def test_every_planted_row_is_found_under_its_reason(town, read):
    source, ingested = read
    found = Counter(ingested.rejects["reason"])
    wanted = planted(town, source, REASONS)
    assert {code: found[code] for code in wanted} == wanted


def test_every_planted_fault_is_mended_under_its_rule(town, read):
    source, ingested = read
    assert dict(Counter(ingested.repairs["rule"])) == planted(town, source, RULES)


def test_outcomes_are_those_planted_and_the_town_says_it_is_made_up(town, read):
    source, ingested = read
    wanted = Counter()
    for kind, rows in town.truth.dirt.items():
        wanted[town.truth.outcomes[kind]] += rows.get(source, 0)
    counts = ingested.counts()
    assert {name: counts[name] for name in wanted} == dict(wanted)
    assert counts["accepted"] + counts["repaired"] == town.truth.accepted[source]
    assert ingested.synthetic
