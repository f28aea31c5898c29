import json

import pandas as pd
import pytest

from safespace.sources.outcomes import (
    Problem,
    Repair,
    blanked,
    disarm,
    first_problems,
    rejects_frame,
    repairs_frame,
    shown,
)

ROWS = pd.DataFrame(
    {
        "reference": ["a", "b", "c"],
        "place": ["=1+1", "ring 07700 900123", "x@y.org AB12 CDE"],
        "file": "f.csv",
        "row": [2, 3, 5],
        "ragged": "",
    }
)
HEADERS = {"f.csv": {"reference": "Ref", "place": "Where"}}


def found(outcome, reason, **told):
    return Problem(
        outcome, reason, pd.Series({int(spot[1:]): text for spot, text in told.items()}, dtype=object)
    )


def test_exclusion_comes_first_and_then_what_was_found_first():
    first = first_problems(
        [
            found("rejected", "early", r0="1", r1="2"),
            found("quarantined", "late", r1="3", r2="4"),
            found("excluded", "home", r0="5"),
        ]
    )
    assert first["reason"].to_dict() == {0: "home", 1: "early", 2: "late"}


def test_no_problem_is_an_empty_frame():
    assert first_problems([]).empty


def test_the_original_is_kept_without_formulas_contacts_or_excluded_text():
    first = first_problems(
        [found("rejected", "x", r0="no", r1="no"), found("excluded", "home", r2="only counted")]
    )
    rejects = rejects_frame(first, ROWS, HEADERS)
    assert rejects["row"].tolist() == [2, 3, 5]
    assert [json.loads(text) if text else "" for text in rejects["original"]] == [
        {"Ref": "a", "Where": "'=1+1"},
        {"Ref": "b", "Where": "ring [phone]"},
        "",
    ]


def test_what_was_blanked_is_counted():
    first = first_problems([found("rejected", "x", r1="no", r2="no")])
    assert blanked(rejects_frame(first, ROWS, HEADERS)) == 3
    assert blanked(rejects_frame(first.iloc[:0], ROWS, HEADERS)) == 0


def test_repairs_of_rows_that_were_not_kept_are_left_out():
    mended = Repair("trimmed", pd.Series({0: " a", 1: " b"}), pd.Series({0: "a", 1: "b"}))
    told = repairs_frame([mended], ROWS, pd.Index([1]))
    assert told.to_dict("records") == [
        {"file": "f.csv", "row": 3, "rule": "trimmed", "before": " b", "after": "b"}
    ]
    assert repairs_frame([], ROWS, pd.Index([1])).empty


@pytest.mark.parametrize("text", ["=cmd()", "@SUM(A1)", "+cmd", "-cmd", "\tx", "-2+3+cmd|' /C calc'!A0"])
def test_what_a_spreadsheet_would_run_is_disarmed(text):
    assert disarm(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.9", "+44", "-.5", "plain", "", "a=b"])
def test_what_it_would_not_run_is_left(text):
    assert disarm(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("call 0121 496 0000 now", "call [phone] now"),
        ("+44 7700 900123", "[phone]"),
        ("a.b@example.org.uk", "[email]"),
        ("seen in BD51 SMR", "seen in [vehicle]"),
        ("(0121) 496 0123", "[phone]"),
        ("+44 (0)7700 900123", "[phone]"),
        ("0044 7700-900-123", "[phone]"),
        ("07700.900.123", "[phone]"),
        ("in bd51 smr", "in [vehicle]"),
        ("Mrs Jane Doe", "[name]"),
        ("Printed by J Smith", "Printed by [name]"),
        ("Ring John Smith on 07700 900123", "[text]"),
        ("word " * 20, "[text]"),
        ("Badly lit; " * 20, ("Badly lit; " * 20)[:80] + "…"),
        ("0123456789" + "ab" * 27, "0123456789" + "ab" * 27),  # a police.uk identifier
        ("01-02-2022 23:40", "01-02-2022 23:40"),
        ("01 02 2022 23:40", "01 02 2022 23:40"),
        ("52.477812, -1.898312", "52.477812, -1.898312"),
        ("28/01/2022 23:40", "28/01/2022 23:40"),
        ("x" * 90, "x" * 80 + "…"),
    ],
)
def test_shown_values_are_short_and_without_contacts(text, told):
    assert shown(text) == told


@pytest.mark.parametrize("text", ["=1", "  @SUM(A1)", "\t=1", "\n=1", "\uff1d1", "+cmd", " -x"])
def test_formulas_are_disarmed_behind_blanks_too(text):
    assert disarm(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.9", " -1.9", "+44", "High Street", "a=b"])
def test_numbers_and_plain_words_are_not(text):
    assert disarm(text) == text
