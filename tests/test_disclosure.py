"""What leaves the house cannot be turned back into what was hidden, by hand, by algebra or by enumeration."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from safespace.disclosure import (
    TOTAL,
    Attack,
    Release,
    attack,
    escape_formula,
    release,
    require_allowed,
    suppress,
)
from safespace.errors import DisclosureError, InputError, SchemaError, SettingsError
from safespace.settings import POLICIES
from safespace.tone import Label

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


def other(**changes: object):
    """Return the usual policy with some of its settings changed."""
    return POLICY.model_copy(update=changes)


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
    assert made.table["label"].tolist()[:2] == [Label.HIDDEN, Label.HIDDEN]
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
    ).assign(pins=30, exposure=1.0, label=Label.NOT_DIFFERENT, hot=False, edge=False)
    table = make(frame).table
    leaving = ["cell", "area_id", "area_km2", "state", "events", "label", "rate", "lower", "upper"]
    assert list(table.columns) == leaving
    assert table["rate"].isna().tolist() == [True, True, False, False]
    assert table["label"].tolist() == [Label.HIDDEN] * 2 + [Label.NOT_DIFFERENT] * 2
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


@pytest.mark.parametrize(
    ("counts", "codes", "threshold", "expected"),
    [
        # what reaches the threshold exactly is not few: a count, an area's sum, the hidden together, the total
        ([2, 3, 9], [-1, -1, -1], 5, ([2, 3], [], True)),
        ([2, 3, 9], [-1, -1, -1], 6, ([2, 3, 9], [], True)),
        ([2, 3, 5], [-1, -1, -1], 5, ([2, 3], [], True)),
        ([2, 3, 9, 9], [0, 0, 1, 1], 5, ([2, 3], [True, True], True)),
        ([5, 4, 1], [0, 1, 1], 5, ([4, 1], [True, True], True)),
        ([2, 3], [-1, -1], 5, ([2, 3], [], True)),
        ([2, 3], [-1, -1], 6, ([2, 3], [], False)),
        # of two smallest the first is hidden beside the few one
        ([3, 7, 6, 6], [-1, -1, -1, -1], 5, ([3, 6], [], True)),
        # a few cell alone outside all areas: the smaller area's sum goes first (16 of 16 and 17), then its 7 is hidden
        ([9, 7, 4, 8, 9], [0, 0, -1, 1, 1], 5, ([7, 4], [False, True], True)),
        ([8, 9, 4, 9, 7], [0, 0, -1, 1, 1], 5, ([4, 7], [True, False], True)),
        # two that are together few are no better than one
        ([9, 7, 0, 4, 8, 8], [0, 0, -1, -1, 1, 1], 5, ([7, 0, 4], [False, True], True)),
        ([9, 7, 1, 4, 8, 8], [0, 0, -1, -1, 1, 1], 5, ([1, 4], [True, True], True)),
        # cells of no area add to no area's sum
        ([4, 20, 30], [-1, 0, 0], 5, ([4, 20], [False], True)),
        # an area that is few in all (3) takes another's sum with it
        ([9, 7, 8, 8, 2, 1], [0, 0, 1, 1, 2, 2], 5, ([7, 2, 1], [False, True, False], True)),
    ],
)
def test_suppression_at_its_edges(counts, codes, threshold, expected) -> None:
    hidden, published, total = suppress(np.array(counts), np.array(codes), threshold=threshold)
    assert (np.array(counts)[hidden].tolist(), published.tolist(), total) == expected


@pytest.mark.parametrize(
    ("threshold", "few", "hidden"),
    [
        (1, 1, [0, 3]),
        (3, 1, [0, 3]),
        (4, 2, [0, 3, 4]),
        (10, 3, [0, 3, 4, 12]),
        (13, 6, [0, 3, 4, 12, 12, 12]),
    ],
)
def test_every_threshold_is_honoured(threshold, few, hidden) -> None:
    # what is few, and beside it only what the few need to be two and to reach the threshold together
    made = make(cells(0, 3, 4, 12, 12, 12, 30), policy=other(threshold=threshold))
    assert shown(made) == [None] * len(hidden) + [0, 3, 4, 12, 12, 12, 30][len(hidden) :]
    assert (made.primary, made.secondary) == (few, len(hidden) - few)


def test_a_release_in_full() -> None:
    policy = other(name="council", threshold=4)
    frame = cells(2, 3, 9, 20, 6, label=list("abcde"), rate=[1.0, 2, 3, 4, 5], lower=0.5, upper=7.0)
    made = make(
        frame.rename(columns={"events": "pins"}),
        policy,
        period=(date(2022, 3, 1), date(2022, 6, 1)),
        sources=["spiking", "nte"],
        areas=areas("A", "A", "A", "B", None),
        measure="pins",
        recipients=["council", "police"],
    )
    pd.testing.assert_frame_equal(
        made.table,
        pd.DataFrame(
            {
                "cell": FIRST + np.arange(5),
                "area_id": pd.Series(["A", "A", "A", "B", None], dtype="str"),
                "area_km2": 0.7,
                "state": pd.Series(["hidden", "hidden", "shown", "shown", "shown"], dtype="str"),
                "pins": pd.array([None, None, 9, 20, 6], dtype="Int64"),
                "label": pd.Series([Label.HIDDEN, Label.HIDDEN, "c", "d", "e"], dtype="str"),
                "rate": [np.nan, np.nan, 3, 4, 5],
                "lower": [np.nan, np.nan, 0.5, 0.5, 0.5],
                "upper": [np.nan, np.nan, 7.0, 7, 7],
            }
        ),
    )
    pd.testing.assert_frame_equal(
        made.totals,
        pd.DataFrame({"name": ["A", "B", TOTAL], "value": pd.array([14, 20, 40], dtype="Int64")}),
    )
    assert (made.sources, made.measure, made.resolution) == (("nte", "spiking"), "pins", 8)
    assert (made.since, made.until, made.policy) == (date(2022, 3, 1), date(2022, 6, 1), policy)
    assert (made.primary, made.secondary, made.recipients) == (2, 0, ("council", "police"))
    # the attacker knows A, B and the total; 2 + 3 = 5 bounds each by 5, no closer than the threshold of 4
    assert made.attack == Attack(hidden=2, sums=3, derivable=(), narrow=(), smallest_upper=5.0)


def test_without_labels_or_rates_the_shown_have_none() -> None:
    table = make(cells(2, 3, 9, rate=[1.0, 2, 3])).table
    assert table["label"].tolist() == [Label.HIDDEN, Label.HIDDEN, ""]
    assert table["label"].dtype == "str"
    assert list(table.columns) == ["cell", "area_id", "area_km2", "state", "events", "label", "rate"]
    assert table["area_id"].isna().all()


def test_the_hash_covers_what_is_said_beside_the_table() -> None:
    frame = cells(9, 2, 3, 7, pins=[9, 2, 3, 7])
    changes: list[dict] = [
        {},
        {"sources": ["spiking"]},
        {"measure": "pins"},
        {"period": (YEAR[0], date(2023, 2, 1))},
        {"period": (date(2021, 12, 1), YEAR[1])},
        {"policy": other(name="council")},
        {"areas": areas("A", "A", "A", "A")},
    ]
    seen = {make(frame, **change).sha256 for change in changes}
    assert len(seen) == len(changes)
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in seen)
    assert make(frame, recipients=["council"]).sha256 == make(frame).sha256
    one, two = (make(frame, sources=order).sha256 for order in (["nte", "spiking"], ["spiking", "nte"]))
    assert one == two


# ---- limits -----------------------------------------------------------------------------------------


def at_resolution(frame: pd.DataFrame, resolution: int) -> pd.DataFrame:
    return frame.assign(cell=frame["cell"] + ((resolution - 8) << 52))


def test_cells_finer_than_the_policy_are_refused() -> None:
    for finest in (7, 8, 9):
        made = make(at_resolution(cells(9, 9), finest), other(finest_resolution=finest))
        assert made.resolution == finest
        with pytest.raises(DisclosureError) as refused:
            make(at_resolution(cells(9, 9), finest + 1), other(finest_resolution=finest))
        assert refused.value.code == "policy-cells-too-fine"
        assert str(refused.value) == (
            "Cells are finer than the policy 'responsible-authority' allows. "
            f"Seen: resolution {finest + 1}. Use resolution {finest} or coarser."
        )
    assert make(at_resolution(cells(9, 9), 5)).resolution == 5
    with pytest.raises(SchemaError) as mixed:
        make(pd.concat([cells(9, 9), at_resolution(cells(9, 9), 9)]))
    assert mixed.value.code == "cells-mixed-resolutions"
    assert (
        str(mixed.value)
        == "cells: Cells of one resolution are needed. Seen: [8, 9]. Count all at one resolution."
    )


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (date(2022, 1, 15), date(2022, 4, 14), 2),
        (date(2022, 1, 15), date(2022, 4, 15), 3),
        (date(2021, 11, 1), date(2022, 2, 1), 3),
        (date(2021, 12, 31), date(2022, 12, 31), 12),
        (date(2020, 2, 29), date(2022, 2, 28), 23),
        (date(2022, 1, 1), date(2022, 1, 2), 0),
    ],
)
def test_periods_shorter_than_the_policy_are_refused(since, until, months) -> None:
    if months:
        make(cells(9, 9), other(shortest_window_months=months), period=(since, until))
    with pytest.raises(DisclosureError) as refused:
        make(cells(9, 9), other(shortest_window_months=months + 1), period=(since, until))
    assert refused.value.code == "policy-period-too-short"
    assert str(refused.value) == (
        "The period is shorter than the policy 'responsible-authority' allows. "
        f"Seen: {since} to {until}, {months} whole months. Use at least {months + 1} months."
    )


@pytest.mark.parametrize("period", [YEAR[::-1], (YEAR[0], YEAR[0])])
def test_periods_that_end_before_they_start_are_refused(period) -> None:
    with pytest.raises(SettingsError) as refused:
        make(cells(9, 9), period=period)
    assert refused.value.code == "period-ends-before-start"
    assert (
        str(refused.value)
        == f"A period must end after it starts. Seen: {period[0]} to {period[1]}. Swap the two dates."
    )


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (
            cells(9)[["cell"]],
            {},
            "cells: Columns are missing. Seen: no area_km2, events. Give the table with these columns.",
        ),
        (
            cells(9),
            {"measure": "pins"},
            "cells: Columns are missing. Seen: no pins. Give the table with these columns.",
        ),
        (pd.concat([cells(9, 9), cells(9, 9)]), {}, "cells: Cells repeat. Seen: 2. Sum the counts per cell."),
        (cells(9, -1, -2), {}, "events: Counts are negative. Seen: -2. Give zero or more in every cell."),
        (cells(), {}, "cells: Cells of one resolution are needed. Seen: []. Count all at one resolution."),
        (
            cells(9, 9),
            {"areas": areas("total", None)},
            "areas: An area cannot have the name of the total. Seen: total. Give the area another name.",
        ),
    ],
)
def test_tables_that_make_no_sense_are_refused(frame, options, said) -> None:
    with pytest.raises(SchemaError) as refused:
        make(frame, **options)
    assert str(refused.value) == said
    codes = {
        "Columns": "columns-missing",
        "Cells repeat": "cells-repeated",
        "Counts": "counts-negative",
        "Cells of": "cells-mixed-resolutions",
        "An area": "area-named-as-total",
    }
    assert [refused.value.code] == [code for start, code in codes.items() if f": {start}" in said]


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


@pytest.mark.parametrize("threshold", [2, 3, 4, 7])
def test_what_is_narrow_depends_on_the_threshold(threshold) -> None:
    # x + y = 3: each is 3 at most, which says that it is few where few is below 4 or more
    found = attack(np.array([1, 2]), np.ones(2, dtype=bool), np.ones((1, 2), dtype=bool), threshold=threshold)
    few = tuple(place for place, count in enumerate([1, 2]) if count < threshold)
    assert found.narrow == (few if threshold > 3 else ())
    assert found.smallest_upper == 3
    assert found.failed == (threshold <= 3)


@pytest.mark.parametrize(
    ("lower", "upper", "narrow"),
    [
        (0.0, 5.0, False),  # five at most and none at least: that is what everybody knows
        (5e-7, 5 - 5e-7, False),  # as the solver may round it
        (0.0, 5 - 2e-6, True),
        (2e-6, 5.0, True),
        (0.0, 4.0, True),
        (1.0, np.inf, True),
        (0.0, np.inf, False),
    ],
)
def test_limits_as_the_solver_rounds_them(monkeypatch, lower, upper, narrow) -> None:
    def rounded(system, left, wanted):
        return np.array([lower]), np.array([upper])

    monkeypatch.setattr("safespace.disclosure._bounds", rounded)
    monkeypatch.setattr("safespace.disclosure._in_row_space", lambda _: np.zeros(1, dtype=bool))
    found = attack(np.array([3]), np.ones(1, dtype=bool), np.ones((1, 1), dtype=bool), threshold=5)
    assert bool(found.narrow) == narrow
    assert found.failed != narrow
    assert found.smallest_upper == upper


def test_an_attack_in_full() -> None:
    # 1 + 3 + x = 4 + x is seen with 9 shown; the 2 stands in a sum of its own; the last is in no sum at all
    counts = np.array([1, 3, 9, 2, 4])
    hidden = np.array([True, True, False, True, True])
    members = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 1, 0]], dtype=bool)
    found = attack(counts, hidden, members, threshold=5)
    assert found == Attack(hidden=4, sums=2, derivable=(3,), narrow=(0, 1, 3), smallest_upper=2.0)
    assert not found.failed
    assert not replace(found, derivable=()).failed
    assert not replace(found, narrow=()).failed
    assert replace(found, derivable=(), narrow=()).failed


def test_without_sums_or_hidden_counts_nothing_is_learned() -> None:
    none = np.zeros((0, 2), dtype=bool)
    found = attack(np.array([1, 2]), np.ones(2, dtype=bool), none, threshold=5)
    assert found == Attack(hidden=2, sums=0, derivable=(), narrow=(), smallest_upper=np.inf)
    found = attack(
        np.array([8, 9]), np.zeros(2, dtype=bool), ~none[:1].any() & np.ones((1, 2), bool), threshold=5
    )
    assert found == Attack(hidden=0, sums=1, derivable=(), narrow=(), smallest_upper=np.inf)


def test_bounds_are_those_of_few_counts_only() -> None:
    # x + y = 9 where only x is few; y's own bound is not asked for
    found = attack(np.array([2, 7]), np.ones(2, dtype=bool), np.array([[1, 1], [0, 1]], bool), threshold=5)
    assert found.derivable == (0, 1)
    assert found.narrow == (0,)
    assert found.smallest_upper == pytest.approx(2.0)


def test_sums_that_contradict_each_other_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("safespace.disclosure.linprog", lambda *_, **__: SimpleNamespace(status=2, fun=None))
    with pytest.raises(DisclosureError) as refused:
        attack(np.array([2, 3]), np.ones(2, dtype=bool), np.ones((1, 2), dtype=bool), threshold=5)
    assert refused.value.code == "published-disagrees"
    assert str(refused.value) == (
        "What was published before does not agree with the data now. "
        "The data for the period has changed: withdraw the earlier release first."
    )


def test_a_lower_bound_above_none_is_found() -> None:
    # x + y = 14 and y + z = 10 with z at least 0: y at most 10, so x at least 4
    members = np.array([[1, 1, 0], [0, 1, 1]], dtype=bool)
    found = attack(np.array([4, 10, 0]), np.ones(3, dtype=bool), members, threshold=5)
    assert 0 in found.narrow


def test_a_release_that_can_be_undone_is_refused(monkeypatch) -> None:
    def careless(counts, codes, *, threshold):
        return counts < threshold, np.zeros(0, dtype=bool), True

    monkeypatch.setattr("safespace.disclosure.suppress", careless)
    with pytest.raises(DisclosureError) as refused:
        make(cells(3, 6, 9))
    assert refused.value.code == "hidden-counts-recoverable"
    assert str(refused.value) == (
        "the release alone: Hidden counts can be worked out. Seen: 1 exactly, 1 within too narrow limits. "
        "Use larger cells, a longer period, or fewer totals."
    )


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


@pytest.mark.parametrize("names", [("A", "B"), ("nan", "B"), ("None", "B"), ("A", "<NA>"), (1, 2)])
def test_two_areas_and_two_totals_leave_the_cell_in_neither(names) -> None:
    # 16 in all; the first says 6 of two, the second 8 of two others; the fifth cell is what is left
    frame = cells(3, 3, 4, 4, 2)
    one = pd.Series([names[0]] * 2, index=frame["cell"][:2])
    two = pd.Series([names[1]] * 2, index=frame["cell"][2:4])
    first = make(frame, areas=one)
    assert sums(first) == {str(names[0]): 6, TOTAL: 16}
    make(frame, areas=two)
    with pytest.raises(DisclosureError) as refused:
        make(frame, areas=two, ledger=[first])
    assert refused.value.code == "hidden-counts-recoverable"
    assert str(refused.value) == (
        "together with earlier releases: Hidden counts can be worked out. "
        "Seen: 1 exactly, 1 within too narrow limits. Use larger cells, a longer period, or fewer totals."
    )


@pytest.mark.parametrize("thresholds", [(5, 10), (10, 5)])
def test_releases_under_two_policies_are_attacked_by_the_lower_threshold(thresholds) -> None:
    # 2 + 3 = 5 bounds both by five: no closer than 5, but closer than 10, which hides the 20 as well
    frame, (before, now) = cells(2, 3, 20, 30), thresholds
    first = make(frame, policy=other(threshold=before))
    assert shown(first).count(None) == {5: 2, 10: 3}[before]
    made = make(frame, policy=other(threshold=now), ledger=[first])
    assert made.sha256 != first.sha256
    assert made.attack.hidden == {5: 2, 10: 3}[now]


def test_periods_that_touch_do_not_overlap() -> None:
    first = make(cells(9, 2, 3, 7))
    for period in ((date(2021, 1, 1), YEAR[0]), (YEAR[1], date(2024, 1, 1))):
        make(cells(8, 1, 6, 7), period=period, ledger=[first])
    for period in ((date(2021, 1, 1), date(2022, 1, 2)), (date(2022, 12, 31), date(2024, 1, 1))):
        with pytest.raises(DisclosureError, match="overlaps this one"):
            make(cells(8, 1, 6, 7), period=period, ledger=[first])


def test_overlapping_periods_and_nested_sources_are_refused() -> None:
    first = make(cells(9, 2, 3, 7))
    with pytest.raises(DisclosureError) as refused:
        make(cells(9, 2, 3, 8), sources=["nte", "spiking"], ledger=[first])
    assert refused.value.code == "release-not-comparable"
    assert str(refused.value) == (
        "An earlier release overlaps this one and the two cannot be compared. "
        "Seen: events of nte, 2022-01-01 to 2023-01-01, resolution 8 and "
        "events of nte, spiking, 2022-01-01 to 2023-01-01, resolution 8. "
        "Release the same cells, sources and period again, or a period that does not overlap."
    )
    make(cells(9, 2, 3, 7), sources=["spiking"], ledger=[first])


@pytest.mark.parametrize(
    "frame",
    [
        cells(9, 2, 3, 7, 8),  # a cell more
        at_resolution(cells(9, 2, 3, 7), 7),
        cells(9, 2, 3, 7).assign(cell=FIRST + np.array([0, 1, 2, 9])),
    ],
)
def test_other_cells_of_the_same_period_are_refused(frame) -> None:
    with pytest.raises(DisclosureError, match="overlaps this one and the two cannot be compared"):
        make(frame, ledger=[make(cells(9, 2, 3, 7))])


@pytest.mark.parametrize(
    "changed",
    [
        cells(9, 2, 3, 8),  # in the total and in a cell
        cells(9, 3, 3, 7),  # in the total only
        cells(8, 2, 3, 8),  # in cells only, the total as it was
    ],
)
def test_late_rows_in_a_released_period_are_refused(changed) -> None:
    first = make(cells(9, 2, 3, 7))
    with pytest.raises(DisclosureError) as refused:
        make(changed, ledger=[first])
    assert refused.value.code == "release-data-changed"
    assert str(refused.value) == (
        "The data for the period has changed since it was released. Seen: 2022-01-01 to 2023-01-01. "
        "The difference would show what changed. Withdraw the earlier release first."
    )


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


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t1",
        "\r1",
        "\n1",
        "  =1",
        " \t-1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        "\u3000\uff1d1",
    ],
)
def test_formulas_are_escaped(text) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", " High Street", "a=b", "O'Neill's", "2022-01-01", "1 -"])
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


def test_a_policy_laxer_than_a_source_allows_is_refused():
    partner = POLICIES[1]
    allowed = {"policies": POLICIES, "resolution": 8}
    require_allowed(["nte"], POLICY, **allowed)
    require_allowed(["nte", "spiking"], partner, **allowed)
    with pytest.raises(
        DisclosureError, match=r"suspected spiking: .* Seen: threshold 5, not 10; shortest_"
    ) as seen:
        require_allowed(["nte", "spiking"], POLICY, **allowed)
    assert seen.value.code == "policy-laxer-than-source"


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"threshold": 4}, "threshold 4, not 5"),
        ({"finest_resolution": 9}, "finest_resolution 9, not 8"),
        ({"shortest_window_months": 2}, "shortest_window_months 2, not 3"),
    ],
)
def test_each_part_of_a_policy_is_held_against_the_source(change, seen):
    with pytest.raises(DisclosureError, match=f"Seen: {seen}[.] "):
        require_allowed(["streetsafe"], other(**change), POLICIES, resolution=8)


@pytest.mark.parametrize(
    "change", [{"threshold": 6}, {"finest_resolution": 7}, {"shortest_window_months": 4}]
)
def test_a_policy_stricter_than_the_source_is_allowed(change):
    require_allowed(["streetsafe"], other(**change), POLICIES, resolution=7)


def test_what_is_not_known_of_a_source_is_not_released():
    with pytest.raises(InputError, match=r"No such source. Seen: ambulance"):
        require_allowed(["ambulance"], POLICY, POLICIES, resolution=8)
    with pytest.raises(InputError, match="whose reports it counts"):
        require_allowed([], POLICY, POLICIES, resolution=8)
    with pytest.raises(
        DisclosureError, match=r"profile of a source is not among the settings. Seen: no 'partner'"
    ):
        require_allowed(["spiking"], POLICIES[1], POLICIES[:1], resolution=8)


def test_cells_finer_than_the_places_of_a_source_are_not_released():
    fine = other(finest_resolution=9)
    own = [fine.model_copy(update={"name": "responsible-authority"})]
    require_allowed(["police_uk"], fine, own, resolution=8)
    with pytest.raises(DisclosureError, match=r"Seen: resolution 9. Use resolution 8 or coarser"):
        require_allowed(["police_uk"], fine, own, resolution=9)
