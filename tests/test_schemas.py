from __future__ import annotations

import pandas as pd
import pytest

from safespace import schemas
from safespace.errors import SchemaError

TABLES = [value for value in vars(schemas).values() if isinstance(value, schemas.Table)]


def repairs(**changes):
    row = {"file": "a.csv", "row": 2, "rule": "trim", "before": " x", "after": "x"}
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_table_keeps_its_promise(table):
    schemas.check(schemas.empty(table), table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_says_what_it_means(table):
    assert all(column.meaning for column in table.columns.values())
    assert set(table.key) <= set(table.columns)


def test_a_kept_promise_is_silent():
    schemas.check(repairs(), schemas.REPAIRS)


def test_all_problems_are_listed_at_once():
    frame = repairs(row=0, rule=None).drop(columns="after")
    with pytest.raises(
        SchemaError, match=r"repairs: .*'after' is missing; row is out of bounds.*rule is blank in 1"
    ):
        schemas.check(frame, schemas.REPAIRS)


def test_a_wrong_kind_is_named_with_the_kind_seen():
    with pytest.raises(SchemaError, match="row is float64, not integer"):
        schemas.check(repairs(row=2.5), schemas.REPAIRS)


def test_a_word_outside_the_vocabulary_is_shown():
    rejects = pd.DataFrame(
        [{"file": "a", "row": 2, "outcome": "lost", "reason": "r", "explanation": "e", "original": "{}"}]
    )
    with pytest.raises(SchemaError, match="first 'lost'"):
        schemas.check(rejects, schemas.REJECTS)


def test_a_repeated_key_is_shown():
    cells = pd.DataFrame(
        {"cell": [5, 5], "area_km2": 1.0, "edge": False, "pins": 0, "events": 0, "exposure": 1.0}
    )
    with pytest.raises(SchemaError, match=r"cell repeats, first \[5\]"):
        schemas.check(cells, schemas.CELLS)


def test_conform_orders_types_and_leaves_the_callers_frame_alone():
    given = repairs().assign(extra=1)[["after", "before", "rule", "row", "file", "extra"]]
    kept = given.copy()
    made = schemas.conform(given, schemas.REPAIRS)
    assert list(made.columns) == list(schemas.REPAIRS.columns)
    pd.testing.assert_frame_equal(given, kept)


def test_conform_names_missing_columns():
    with pytest.raises(SchemaError, match="no before, after"):
        schemas.conform(repairs().drop(columns=["before", "after"]), schemas.REPAIRS)
