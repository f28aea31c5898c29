import dataclasses

import pandas as pd
import pytest

from safespace.errors import SchemaError
from safespace.schemas import REJECTS, REPAIRS, REPORTS, conform, empty
from safespace.sources.ingested import Ingested, summarise, summarise_repairs


def rejects(*rows):
    return conform(pd.DataFrame(rows, columns=list(REJECTS.columns)), REJECTS)


THREE = rejects(
    ("f.csv", 2, "rejected", "no_coordinates", "The row has no coordinates.", "{}"),
    ("f.csv", 3, "rejected", "no_coordinates", "The row has no coordinates.", "{}"),
    ("f.csv", 4, "excluded", "home_location", "Only counted.", ""),
)


def made(**changes):
    fields = {
        "source": "nte",
        "files": ("f.csv",),
        "content_hash": "0",
        "read": 3,
        "reports": empty(REPORTS),
        "rejects": THREE,
        "repairs": empty(REPAIRS),
        "synthetic": False,
    }
    return Ingested(**{**fields, **changes})


def test_counts_add_up_to_the_rows_read():
    assert made().counts() == {
        "read": 3,
        "accepted": 0,
        "repaired": 0,
        "quarantined": 0,
        "rejected": 2,
        "excluded": 1,
    }


def test_sums_that_do_not_balance_cannot_exist():
    with pytest.raises(SchemaError, match="do not add up"):
        made(read=4)
    with pytest.raises(SchemaError, match="do not add up"):
        dataclasses.replace(made(), rejects=THREE.iloc[:2])


def test_a_repair_without_its_report_cannot_exist():
    repairs = conform(
        pd.DataFrame([("f.csv", 9, "trimmed", " a", "a")], columns=list(REPAIRS.columns)), REPAIRS
    )
    with pytest.raises(SchemaError, match="do not add up"):
        made(repairs=repairs)


def test_reasons_are_summed_most_frequent_first():
    summary = summarise(THREE)
    assert summary[["outcome", "reason", "rows"]].to_numpy().tolist() == [
        ["rejected", "no_coordinates", 2],
        ["excluded", "home_location", 1],
    ]
    assert summarise(empty(REJECTS)).empty


def test_the_first_lines_are_told_and_their_files_when_there_are_several():
    many = pd.concat([THREE] * 4, ignore_index=True).assign(row=range(2, 14))
    assert summarise(many)["lines"].tolist()[0].endswith(" …")
    two = THREE.assign(file=["a.csv", "b.csv", "b.csv"])
    assert all(":" in told for told in summarise(two)["lines"])


def test_repairs_are_summed_by_rule_with_the_first_before_and_after():
    held = pd.DataFrame(
        [
            ("f.csv", 2, "trimmed", " a", "a"),
            ("f.csv", 3, "trimmed", " b", "b"),
            ("f.csv", 3, "synonym", "x", "y"),
        ],
        columns=list(REPAIRS.columns),
    )
    assert summarise_repairs(conform(held, REPAIRS)).to_numpy().tolist() == [
        ["trimmed", " a", "a", 2, "2, 3"],
        ["synonym", "x", "y", 1, "3"],
    ]
    assert summarise_repairs(empty(REPAIRS)).empty
