import pandas as pd
import pytest

from safespace.errors import SchemaError
from safespace.sources.privacy import domestic, free_text, public_places, refuse_person_files
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
    ],
)
def test_a_file_about_persons_is_refused_with_the_columns_that_say_so(header):
    with pytest.raises(SchemaError, match="about persons, so none of it was read") as told:
        refuse_person_files(["reference", header], where="a.csv")
    assert header in str(told.value)


def test_ordinary_headers_are_not_taken_for_persons():
    refuse_person_files(
        ["Reported by", "Suspected method", "reporter", "Last outcome category", "bailiwick"], where="a.csv"
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
