import pandas as pd
import pytest

from safespace.errors import SchemaError
from safespace.sources.privacy import (
    domestic,
    free_text,
    markers,
    public_places,
    references,
    refuse_person_files,
)
from safespace.sources.taxonomy import load_taxonomy


@pytest.mark.parametrize(
    "header",
    [
        "Stalking flag",
        "bail_conditions",
        "Offender DOB",
        "SUSPECT-NAME",
        "Victim surname",
        "Custody ref",
        "Date of birth",
        "VictimAge",
        "OffenderID",
        "Bailed",
        "First name",
        "Witness name",
        "Aggrieved",
        "Home address",
        "NI number",
        "NINO",
        "IP name",
        "Name",
        "VRM",
        "Vehicle registration",
    ],
)
def test_a_file_about_persons_is_refused_with_the_columns_that_say_so(header):
    with pytest.raises(SchemaError, match="about persons, so none of it was read") as told:
        refuse_person_files(["reference", header], where="a.csv")
    assert header in str(told.value)


def test_ordinary_headers_are_not_taken_for_persons():
    refuse_person_files(
        [
            "Reported by",
            "Suspected method",
            "reporter",
            "Last outcome category",
            "bailiwick",
            "LSOA name",
            "Force name",
            "Venue name",
            "Street name",
            "Registered at",
        ],
        where="a.csv",
    )


def test_free_text_is_known_by_its_header():
    assert free_text(["Notes", "MO", "description of event", "month"]) == [
        "Notes",
        "MO",
        "description of event",
    ]


@pytest.mark.parametrize(
    ("marker", "out"),
    [
        ("Y", True),
        ("yes", True),
        ("1", True),
        ("?", True),
        ("DA", True),
        ("N", False),
        ("no", False),
        ("", False),
    ],
)
def test_anything_but_a_clear_no_is_domestic(marker, out):
    (found,) = domestic(pd.DataFrame({"domestic_abuse": [marker]}, dtype="str"))
    assert (found.outcome, bool(len(found.explanation))) == ("excluded", out)


def test_an_offence_that_says_domestic_is_domestic():
    (found,) = domestic(
        pd.DataFrame({"domestic_abuse": [""], "offence": ["Common assault (Domestic)"]}, dtype="str")
    )
    assert len(found.explanation) == 1


def test_homes_are_excluded_under_every_spelling():
    texts = pd.DataFrame({"location_type": ["Street", "Home", "Private dwelling", "", "Moon"]}, dtype="str")
    step = public_places(texts, load_taxonomy())
    found = {spot: (one.outcome, one.reason) for one in step.problems for spot in one.explanation.index}
    assert found == {
        1: ("excluded", "home_location"),
        2: ("excluded", "home_location"),
        4: ("quarantined", "unknown_location"),
    }


@pytest.mark.parametrize(
    "header", ["Domestic Abuse Y/N", "DomesticAbuse", "DAFlag", "IsDA", "DV?", "DASH completed", "HBV flag"]
)
def test_a_marker_of_domestic_abuse_is_read_under_any_header(header):
    found = markers(["reference", header], {"reference": 0}, ["domestic_abuse"], where="a.csv")
    assert found == {"domestic_abuse": 1}


@pytest.mark.parametrize("header", ["Location Type Desc", "premise type", "Type of venue", "AddressType"])
def test_the_kind_of_place_is_read_under_any_header(header):
    assert markers([header], {}, ["location_type"], where="a.csv") == {"location_type": 0}


def test_other_headers_are_no_marker():
    headers = ["Location", "Day", "Madam", "dvd", "type", "place"]
    assert markers(headers, {}, ["domestic_abuse", "location_type"], where="a.csv") == {}


def test_two_markers_are_asked_about_and_a_mapping_settles_it():
    headers, spots = ["DA marker", "DASH"], {"domestic_abuse": 0}
    with pytest.raises(SchemaError, match="More than one column could be domestic_abuse"):
        markers(headers, spots, ["domestic_abuse"], where="a.csv")
    assert markers(headers, spots, [], where="a.csv") == {}


@pytest.mark.parametrize("word", ["Dwelling house", "HALLS OF RESIDENCE", "back-garden", "HMO"])
def test_more_homes_are_excluded(word):
    step = public_places(pd.DataFrame({"location_type": [word]}, dtype="str"), load_taxonomy())
    assert [one.reason for one in step.problems if len(one.explanation)] == ["home_location"]


def test_an_offence_that_says_da_is_domestic():
    texts = pd.DataFrame({"domestic_abuse": "", "offence": ["Assault - DA", "Dada"]}, dtype="str")
    (found,) = domestic(texts)
    assert found.explanation.index.tolist() == [0]


@pytest.mark.parametrize(
    "text",
    [
        "John Smith 07700 900123",
        "jo@example.org",
        "07700900123",
        "AB12 CDE",
        "AB12CDE",
        "Mrs Jane Doe",
        "Jane Doe",
        "[phone]",
        "N/A",
        "null",
        "0000",
        "x" * 81,
    ],
)
def test_a_reference_that_is_a_contact_or_nothing_is_blanked_and_shown(text):
    step = references(pd.Series(["NTE-1", text], dtype="str"))
    assert step.columns["reference"].tolist() == ["NTE-1", ""]
    assert [(one.rule, one.before.tolist()) for one in step.repairs] == [("reference_blanked", [text])]


@pytest.mark.parametrize(
    "text", ["", "0", "NTE-0001", "20D1/12345/25", "ABC", "0123", "A 12", "f" * 64, "2025-03-01 00:00:00"]
)
def test_other_references_are_kept(text):
    step = references(pd.Series([text], dtype="str"))
    assert (step.columns["reference"].tolist(), step.repairs) == ([text], ())
