"""Volumes: days and sittings that stand out, and months unlike the ones before them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from safespace.sources.volumes import (
    chance_of_as_many,
    compare_volumes,
    find_bursts,
    find_gaps,
    find_new_categories,
    find_sittings,
)


def reports(moments, source="streetsafe", *, reported=True) -> pd.DataFrame:
    when = pd.Series(pd.to_datetime(list(moments), utc=True)).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "report_id": [f"{source}:{i}" for i in range(len(when))],
            "source": source,
            "occurred_from": when,
            "occurred_to": when,
            "reported_at": when if reported else pd.Series(pd.NaT, index=when.index, dtype=when.dtype),
            "lon": -1.9 + np.arange(len(when)) % 3 / 100,
            "lat": np.full(len(when), 52.4),
        }
    )


def steady(days: int, a_day: int = 2, *, start: str = "2022-01-03") -> list[pd.Timestamp]:
    first = pd.Timestamp(start, tz="UTC")
    return [first + pd.Timedelta(days=d, hours=10 + 8 * n) for d in range(days) for n in range(a_day)]


def test_the_chance_by_hand() -> None:
    # 9 events in a ninth of the time, 8 before: at least 9 of 17, each in that ninth with probability 1/9
    by_hand = binom.sf(8, 17, 1 / 9)
    out = chance_of_as_many(np.array([9, 0, 3]), np.array([8, 5, 0]), np.array([1 / 9, 0.5, 0.5]))
    np.testing.assert_allclose(out, [by_hand, 1.0, 1 / 8])
    assert by_hand == pytest.approx(2.71e-5, rel=0.01)


def test_a_campaign_day_stands_out_and_is_named() -> None:
    day = pd.Timestamp("2022-03-02 12:00", tz="UTC")
    rows = reports([*steady(70), *[day + pd.Timedelta(minutes=20 * i) for i in range(12)]])
    calendar = pd.DataFrame(
        [
            {
                "name": "Call to report",
                "kind": "campaign",
                "starts": pd.Timestamp("2022-02-28", tz="UTC"),
                "ends": pd.Timestamp("2022-03-07", tz="UTC"),
                "zone": "",
            }
        ]
    )
    found = find_bursts(rows, calendar=calendar)
    assert found[["source", "reports", "usual", "on"]].to_numpy().tolist() == [
        ["streetsafe", 14, 2.0, "Call to report"]
    ]
    assert found["day"].tolist() == [pd.Timestamp("2022-03-02")]
    assert found["p_value"].iloc[0] == pytest.approx(binom.sf(13, 30, 1 / 9), rel=1e-9)
    assert find_bursts(rows)["on"].tolist() == [""]


def test_weekends_are_held_against_weekends() -> None:
    busy = [m for m in steady(100, 1) for _ in range(12 if m.day_of_week >= 5 else 1)]
    assert find_bursts(reports(busy), weeks=8).query("day > '2022-01-16'").empty


def test_a_steady_year_has_no_burst_and_noise_hardly_any() -> None:
    assert find_bursts(reports(steady(365))).empty
    dice = np.random.default_rng(4)
    noisy = [m for m in steady(2000, 1) for _ in range(dice.poisson(4))]
    assert len(find_bursts(reports(noisy))) <= 2


def test_each_source_has_its_own_past_and_months_have_no_days() -> None:
    quiet, loud = reports(steady(60, 1), "nte"), reports(steady(60, 2), "streetsafe")
    both = pd.concat([quiet, loud], ignore_index=True)
    assert find_bursts(both).empty
    month = reports(["2022-03-01"] * 50, "police_uk", reported=False)
    month["occurred_to"] += pd.Timedelta(days=30)
    assert find_bursts(pd.concat([both, month], ignore_index=True)).empty
    assert find_bursts(both.iloc[:0]).empty


def test_twelve_reports_in_ten_minutes_are_one_sitting() -> None:
    start = pd.Timestamp("2022-02-05 21:00", tz="UTC")
    many = [start + pd.Timedelta(seconds=55 * i) for i in range(12)]
    found = find_sittings(reports([*steady(60), *many]))
    assert found[["source", "reports", "places"]].to_numpy().tolist() == [["streetsafe", 12, 3]]
    assert found[["starts", "ends"]].iloc[0].tolist() == [many[0], many[-1]]
    assert found["p_value"].iloc[0] < 1e-10
    slower = [start + pd.Timedelta(minutes=5 * i) for i in range(12)]
    assert find_sittings(reports([*steady(60), *slower])).empty
    assert find_sittings(reports(many[:5])).empty
    assert find_sittings(reports([])).empty


def test_a_source_that_is_always_busy_has_no_sittings() -> None:
    start = pd.Timestamp("2022-02-05", tz="UTC")
    gaps = np.random.default_rng(5).exponential(60, 5000).cumsum()
    found = find_sittings(reports(start + pd.to_timedelta(gaps, unit="s")))
    assert len(found) <= 1


def months(counts: dict[str, int], source: str = "nte") -> pd.DataFrame:
    return reports([f"{month}-15 12:00" for month, count in counts.items() for _ in range(count)], source)


HELD = {"2022-01": 95, "2022-02": 105, "2022-03": 100}


def test_a_partial_file_is_asked_about_in_a_sentence() -> None:
    out = compare_volumes(months({"2022-04": 38}), months(HELD))
    assert out.loc[0, ["source", "reports", "usual"]].tolist() == ["nte", 38, 100.0]
    assert out["change"].iloc[0] == pytest.approx(-0.62)
    assert out["note"].iloc[0] == "2022-04: 38 reports, −62% on usual (100 a month): partial file?"  # noqa: RUF001
    # two-sided: 38 or fewer of 338, each in this month with probability 1/4
    assert out["p_value"].iloc[0] == pytest.approx(2 * binom.cdf(38, 338, 0.25))


def test_too_many_are_asked_about_too_and_usual_months_are_not() -> None:
    out = compare_volumes(months({"2022-04": 205, "2022-05": 104}), months(HELD))
    assert out["note"].tolist()[0].startswith("2022-04: 205 reports, +105% on usual")
    assert out["note"].tolist()[1] == ""


def test_a_small_source_is_not_accused_for_chance() -> None:
    out = compare_volumes(months({"2022-04": 1}), months({"2022-01": 3, "2022-02": 4, "2022-03": 3}))
    assert out["note"].tolist() == [""]


def test_without_a_past_nothing_is_compared() -> None:
    fresh = months({"2022-04": 38})
    for held in (
        months({}),
        months({"2022-02": 90, "2022-03": 90}),
        months(HELD, "spiking"),
        months({"2020-01": 9}),
    ):
        assert compare_volumes(fresh, held).empty
    assert compare_volumes(months({}), months(HELD)).columns.tolist()[-1] == "note"


def test_the_last_twelve_months_are_the_usual() -> None:
    past = {f"{2020 + m // 12}-{m % 12 + 1:02d}": 10 if m < 12 else 50 for m in range(24)}
    out = compare_volumes(months({"2022-01": 50}), months(past))
    assert out["usual"].tolist() == [50.0]


def monthly(*months: str, each: int = 8, source: str = "streetsafe") -> pd.DataFrame:
    return reports([f"{month}-{day + 1:02d} 12:00" for month in months for day in range(each)], source)


def test_months_between_those_held_and_those_read_are_missed() -> None:
    held = monthly(*(f"2022-{month:02d}" for month in range(1, 8)))
    gaps = find_gaps(monthly("2022-10"), held)
    assert gaps["month"].dt.strftime("%Y-%m").tolist() == ["2022-08", "2022-09"]
    assert gaps["usual"].tolist() == [8.0, 8.0]
    assert find_gaps(monthly("2022-08"), held).empty
    # a gap that was there before is not told again, and one within the reading is
    assert (
        find_gaps(monthly("2022-11"), pd.concat([held, monthly("2022-10")]))["month"].dt.month.tolist() == []
    )
    assert find_gaps(monthly("2022-01", "2022-02", "2022-04"), held.iloc[:0])["month"].dt.month.tolist() == [
        3
    ]


def test_a_month_without_reports_is_no_gap_where_that_is_likely() -> None:
    few = monthly("2022-01", "2022-02", "2022-03", each=6)  # exp(-6) is 0.0025
    assert find_gaps(monthly("2022-06", each=6), few).empty
    other = monthly("2022-01", "2022-02", "2022-03", source="nte")
    assert find_gaps(monthly("2022-06"), other).empty


@pytest.mark.parametrize(("new", "held", "told"), [(11, 50, True), (10, 50, False), (11, 49, False)])
def test_a_kind_never_held_is_told_above_a_tenth_of_the_rows(new, held, told) -> None:
    fresh = pd.DataFrame({"category": ["Rape"] * new + ["Robbery"] * (100 - new)})
    found = find_new_categories(fresh, pd.DataFrame({"category": ["Robbery"] * held}))
    assert found.to_dict("records") == ([{"category": "Rape", "reports": 11, "share": 0.11}] if told else [])
    assert find_new_categories(fresh.iloc[:4], pd.DataFrame({"category": ["Robbery"] * 50})).empty
