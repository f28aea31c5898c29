"""What leaves the house cannot be turned back into what was hidden, by hand, by algebra or by enumeration."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from safespace.disclosure import (
    HIDDEN,
    TOTAL,
    Release,
    attack,
    escape_formula,
    release,
    suppress,
)
from safespace.errors import DisclosureError, SchemaError, SettingsError
from safespace.settings import POLICIES

POLICY = POLICIES[0]  # threshold 5, resolution 8, three months
YEAR = (date(2022, 1, 1), date(2023, 1, 1))
FIRST = 613_177_664_827_555_839  # a resolution 8 cell; those that follow it keep the resolution


def cells(*counts: int, **columns) -> pd.DataFrame:
    made = {"cell": FIRST + np.arange(len(counts)), "area_km2": 0.7, "events": np.array(counts)}
    return pd.DataFrame({**made, **columns})


def areas(*names: str | None) -> pd.Series:
    return pd.Series(names, index=FIRST + np.arange(len(names)), dtype="str")


def make(frame: pd.DataFrame, policy=POLICY, **options) -> Release:
    return release(frame, policy, **{"period": YEAR, "sources": ["nte"], **options})


def shown(made: Release) -> list[int | None]:
    return [None if pd.isna(v) else int(v) for v in made.table["events"]]


def sums(made: Release) -> dict[str, int | None]:
    return {n: None if pd.isna(v) else int(v) for n, v in made.totals.itertuples(index=False)}


# ---- by hand ----------------------------------------------------------------------------------------


def test_none_and_too_few_are_one_class() -> None:
    made = make(cells(0, 4, 5, 12, 1, 0))
    assert shown(made) == [None, None, 5, 12, None, None]  # 0 + 4 + 1 + 0 reach five: nothing more to hide
    hidden = made.table[made.table["state"] == "hidden"].drop(columns=["cell", "area_id", "events"])
    assert len(hidden.drop_duplicates()) == 1
    assert made.table["label"].tolist()[:2] == [HIDDEN, HIDDEN]
    assert sums(made) == {TOTAL: 22}
    assert (made.primary, made.secondary) == (4, 0)


def test_one_hidden_cell_needs_company() -> None:
    made = make(cells(3, 6, 9))
    assert shown(made) == [None, None, 9]
    assert (made.primary, made.secondary) == (1, 1)


def test_hidden_cells_that_are_all_empty_need_company() -> None:
    # otherwise 15 = 6 + 9 would say that both others are zero
    assert shown(make(cells(0, 6, 9, 0))) == [None, None, 9, None]


def test_an_areas_sum_is_protected_like_the_total() -> None:
    made = make(cells(3, 6, 9, 2, 8, 7), areas=areas("A", "A", "A", "B", "B", "B"))
    assert shown(made) == [None, None, 9, None, 8, None]
    assert sums(made) == {"A": 18, "B": 17, TOTAL: 35}


def test_a_sum_that_is_few_is_withheld_and_not_left_to_subtraction() -> None:
    # B's sum is 3. With A's and the total it would follow, so A's is withheld or more is hidden.
    made = make(cells(9, 7, 2, 1), areas=areas("A", "A", "B", "B"))
    assert sums(made)["B"] is None
    assert (sums(made)["A"], sums(made)[TOTAL]) == (None, 19)
    assert shown(made) == [9, None, None, None]


def test_nothing_is_published_about_hardly_anything() -> None:
    made = make(cells(1, 0, 2))
    assert shown(made) == [None] * 3
    assert sums(made) == {TOTAL: None}


def test_what_needs_no_hiding_is_shown_whole() -> None:
    made = make(cells(5, 6, 7), areas=areas("A", "A", "B"))
    assert shown(made) == [5, 6, 7]
    assert sums(made) == {"A": 11, "B": 7, TOTAL: 18}
    assert made.attack.failed


def test_only_allowed_columns_leave() -> None:
    frame = cells(
        2, 3, 9, 20, rate=1.0, lower=0.5, upper=2.0, ring_events=29, p_value=0.1, q_value=0.1, expected=4.0
    ).assign(pins=30, exposure=1.0, label="Not different from its usual", hot=False, edge=False)
    table = make(frame).table
    leaving = ["cell", "area_id", "area_km2", "state", "events", "label", "rate", "lower", "upper"]
    assert list(table.columns) == leaving
    assert table["rate"].isna().tolist() == [True, True, False, False]
    assert table["label"].tolist() == [HIDDEN] * 2 + ["Not different from its usual"] * 2
    assert "rate" not in make(cells(1, 1, rate=1.0)).table  # the total is withheld, and rates would give it


def test_rows_come_in_the_order_of_cells() -> None:
    frame = cells(9, 2, 3, 7).iloc[::-1]
    kept = frame.copy()
    made = make(frame)
    assert made.table["cell"].is_monotonic_increasing
    pd.testing.assert_frame_equal(frame, kept)


def test_the_same_release_has_the_same_hash_and_another_has_another() -> None:
    base = make(cells(9, 2, 3, 7))
    assert make(cells(9, 2, 3, 7).sample(frac=1, random_state=1)).sha256 == base.sha256
    assert make(cells(9, 3, 2, 7)).sha256 == base.sha256  # the recipient sees no difference
    assert make(cells(9, 2, 3, 8)).sha256 != base.sha256


# ---- limits -----------------------------------------------------------------------------------------


def test_cells_finer_than_the_policy_are_refused() -> None:
    fine = cells(9, 9).assign(cell=lambda c: c["cell"] + (1 << 52))
    with pytest.raises(DisclosureError, match=r"finer than the policy 'responsible-authority'.*resolution 9"):
        make(fine)
    with pytest.raises(SchemaError, match="Cells of one resolution"):
        make(pd.concat([cells(9, 9), fine]))


def test_periods_shorter_than_the_policy_are_refused() -> None:
    with pytest.raises(DisclosureError, match=r"period is shorter.*2 whole months. Use at least 3 months"):
        make(cells(9, 9), period=(date(2022, 1, 15), date(2022, 4, 14)))
    make(cells(9, 9), period=(date(2022, 1, 15), date(2022, 4, 15)))
    with pytest.raises(SettingsError, match="must end after it starts"):
        make(cells(9, 9), period=YEAR[::-1])


def test_tables_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SchemaError, match="no area_km2, events"):
        make(cells(9)[["cell"]])
    with pytest.raises(SchemaError, match="Cells repeat"):
        make(pd.concat([cells(9), cells(9)]))
    with pytest.raises(SchemaError, match=r"Counts are negative. Seen: -1"):
        make(cells(9, -1))
    with pytest.raises(SchemaError, match="areas: An area cannot have the name of the total"):
        make(cells(9, 9), areas=areas("total", None))


# ---- the solver -------------------------------------------------------------------------------------


def test_the_row_space_finds_what_no_single_sum_gives_away() -> None:
    # x + y, y + z and x + z together give all three; each alone gives none
    members = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=bool)
    counts, hidden = np.array([3, 8, 9]), np.ones(3, dtype=bool)
    assert attack(counts, hidden, members, threshold=5).derivable == (0, 1, 2)
    assert attack(counts, hidden, members[:2], threshold=5).derivable == ()


def test_bounds_find_what_algebra_does_not() -> None:
    # x + y = 2 settles neither, but both are surely few
    found = attack(np.array([1, 1]), np.ones(2, dtype=bool), np.ones((1, 2), dtype=bool), threshold=5)
    assert found.derivable == ()
    assert found.narrow == (0, 1)
    assert found.smallest_upper == 2.0


def test_a_lower_bound_above_none_is_found() -> None:
    # x + y = 14 and y + z = 10 with z at least 0: y at most 10, so x at least 4
    members = np.array([[1, 1, 0], [0, 1, 1]], dtype=bool)
    found = attack(np.array([4, 10, 0]), np.ones(3, dtype=bool), members, threshold=5)
    assert 0 in found.narrow


def test_a_release_that_can_be_undone_is_refused(monkeypatch) -> None:
    def careless(counts, codes, *, threshold):
        return counts < threshold, np.zeros(0, dtype=bool), True

    monkeypatch.setattr("safespace.disclosure.suppress", careless)
    with pytest.raises(
        DisclosureError, match=r"the release alone: Hidden counts can be worked out. Seen: 1 exactly"
    ):
        make(cells(3, 6, 9))


# ---- the ledger -------------------------------------------------------------------------------------


def test_the_same_release_again_is_no_news() -> None:
    first = make(cells(9, 2, 3, 7))
    assert make(cells(9, 2, 3, 7), ledger=[first]).sha256 == first.sha256


def test_a_total_published_later_may_give_the_rest_away() -> None:
    # Each is sound alone. The first hides all four and says 8 + 4 = 12; the second shows the 8.
    frame = cells(8, 4, 3, 9)
    with_areas = make(frame, areas=areas("A", "A", "B", "B"))
    assert sums(with_areas)["A"] == 12
    other = make(frame, areas=areas("A", "B", "B", "A"))
    with pytest.raises(DisclosureError, match=r"together with earlier releases: Hidden counts"):
        make(frame, areas=areas("A", "B", "B", "A"), ledger=[with_areas])
    assert other.attack.failed


def test_overlapping_periods_and_nested_sources_are_refused() -> None:
    first = make(cells(9, 2, 3, 7))
    later = (date(2022, 7, 1), date(2023, 7, 1))
    with pytest.raises(DisclosureError, match=r"overlaps this one and the two cannot be compared"):
        make(cells(9, 2, 3, 7), period=later, ledger=[first])
    with pytest.raises(
        DisclosureError, match=r"events of nte, spiking, 2022-01-01 to 2023-01-01, resolution 8"
    ):
        make(cells(9, 2, 3, 8), sources=["nte", "spiking"], ledger=[first])
    make(cells(9, 2, 3, 7), period=(YEAR[1], date(2024, 1, 1)), ledger=[first])
    make(cells(9, 2, 3, 7), sources=["spiking"], ledger=[first])


def test_late_rows_in_a_released_period_are_refused() -> None:
    first = make(cells(9, 2, 3, 7))
    for changed in (cells(9, 2, 3, 8), cells(9, 3, 3, 7)):  # the second shows in the total only
        with pytest.raises(DisclosureError, match="data for the period has changed"):
            make(changed, ledger=[first])


# ---- any table --------------------------------------------------------------------------------------


def equations(made: Release) -> tuple[list[list[int]], list[int], list[int]]:
    """Write down, from what is published alone, the sums over hidden cells; return also which are hidden."""
    table, values = made.table, sums(made)
    hidden = [i for i, state in enumerate(table["state"]) if state == "hidden"]
    rows, left = [], []
    for name, value in values.items():
        if value is not None:
            inside = [name == TOTAL or table["area_id"][i] == name for i in range(len(table))]
            seen = sum(int(table["events"][i]) for i in range(len(table)) if inside[i] and i not in hidden)
            rows.append([int(inside[i]) for i in hidden])
            left.append(value - seen)
    return rows, left, hidden


def settled(rows: list[list[int]]) -> list[int]:
    """Return unknowns that Gauss and Jordan, in fractions, leave alone in an equation."""
    matrix, place = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(matrix[0]) if matrix else 0):
        pivot = next((r for r in range(place, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        matrix[place], matrix[pivot] = matrix[pivot], matrix[place]
        matrix[place] = [v / matrix[place][column] for v in matrix[place]]
        for r, row in enumerate(matrix):
            if r != place and row[column]:
                matrix[r] = [a - row[column] * b for a, b in zip(row, matrix[place], strict=True)]
        place += 1
    return [row.index(1) for row in matrix if sum(v != 0 for v in row) == 1]


tables = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["A", "B", "C", None])), min_size=1, max_size=12
)


@settings(max_examples=120, deadline=None)
@given(tables, st.integers(2, 10))
def test_no_hidden_count_is_ever_recovered(rows, threshold) -> None:
    counts, names = zip(*rows, strict=True)
    made = make(
        cells(*counts), policy=POLICY.model_copy(update={"threshold": threshold}), areas=areas(*names)
    )
    seen = [value for value in shown(made) if value is not None]
    assert all(value >= threshold for value in seen)
    assert all(v is None or v >= threshold for v in sums(made).values())
    matrix, left, hidden = equations(made)
    assert settled(matrix) == []
    for k, position in enumerate(hidden):
        if counts[position] >= threshold or not matrix:
            continue
        goal = np.eye(len(hidden))[k]
        least, most = (linprog(s * goal, A_eq=matrix, b_eq=left).fun for s in (1, -1))
        assert least == pytest.approx(0, abs=1e-6)
        assert most is None or -most >= threshold - 1e-6


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=6),
    st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=4),
)
def test_the_solver_agrees_with_fractions(counts, members) -> None:
    n = len(counts)
    system = np.array(members)[:, :n]
    found = attack(np.array(counts), np.ones(n, dtype=bool), system, threshold=5)
    assert set(found.derivable) == set(settled(system.astype(int).tolist()))


def test_suppression_is_fast_enough_for_a_force() -> None:
    rng = np.random.default_rng(5)
    counts = rng.poisson(rng.gamma(0.2, 10, 3000))
    names = [f"A{i}" for i in rng.integers(0, 30, 3000)]
    made = make(cells(*counts), areas=areas(*names))
    assert made.attack.failed
    assert made.primary > 1000


# ---- text that leaves -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_formulas_are_escaped(text) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "High Street", "a=b", "O'Neill's", "2022-01-01"])
def test_plain_text_is_left_alone(text) -> None:
    assert escape_formula(text) == text


def test_suppress_leaves_its_arguments_alone() -> None:
    counts, codes = np.array([3, 6, 9]), np.array([0, 0, -1])
    suppress(counts, codes, threshold=5)
    assert counts.tolist() == [3, 6, 9]
    assert codes.tolist() == [0, 0, -1]


def test_a_release_is_frozen() -> None:
    made = make(cells(9, 9))
    with pytest.raises(AttributeError):
        made.sha256 = "x"
    assert replace(made, recipients=("council",)).recipients == ("council",)
