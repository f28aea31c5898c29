"""The night's calendar: clock changes, half-open windows and aoristic weights worked by hand."""

from __future__ import annotations

from datetime import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import InputError, SettingsError
from safespace.nights import (
    aoristic,
    day_of,
    default_times,
    hour_table,
    night_hours,
    night_of,
    night_table,
    weekday_and_hour,
    window_by_zone,
    window_of,
)
from safespace.settings import NIGHT, NightWindow

FRI, SAT, SUN = 4, 5, 6


def utc(*moments: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


def london(*moments: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments))).dt.tz_localize("Europe/London").dt.tz_convert("UTC")


def weights(start: str, end: str) -> dict[tuple[int, int], float]:
    """Return the non-zero weights of one interval by (weekday, hour)."""
    table = aoristic(utc(start), utc(end))[0]
    return {(int(d), int(h)): round(float(table[d, h]), 8) for d, h in zip(*np.nonzero(table), strict=True)}


# ---- nights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "night"),
    [
        ("2022-01-30 02:00", "2022-01-29"),  # Sunday 02:00 is Saturday's night
        ("2022-01-29 18:00", "2022-01-29"),  # the start belongs
        ("2022-01-29 17:59:59", None),
        ("2022-01-30 05:59:59", "2022-01-29"),
        ("2022-01-30 06:00", None),  # the end does not
        ("2022-01-30 00:00", "2022-01-29"),
        ("2022-07-02 00:30", "2022-07-01"),  # still Friday 23:30 in UTC
        ("2022-01-01 03:00", "2021-12-31"),
    ],
)
def test_night_of(local, night) -> None:
    found = night_of(london(local)).iloc[0]
    assert found is pd.NaT if night is None else found == pd.Timestamp(night)


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("2022-01-29 18:00", "nte-evening"),
        ("2022-01-29 22:00", "nte-core"),
        ("2022-01-30 03:59:59", "nte-core"),
        ("2022-01-30 04:00", "nte-late"),
        ("2022-01-30 06:00", "day"),
        ("2022-01-30 12:00", "day"),
    ],
)
def test_window_of(local, name) -> None:
    assert window_of(london(local)).tolist() == [name]


def test_what_is_not_known_stays_unknown() -> None:
    moments = utc("2022-01-29 23:00", None)
    assert night_of(moments).isna().tolist() == [False, True]
    assert window_of(moments).isna().tolist() == [False, True]


def test_the_index_is_kept() -> None:
    moments = utc("2022-01-29 23:00", "2022-01-29 12:00").set_axis([7, 3])
    assert night_of(moments).index.tolist() == window_of(moments).index.tolist() == [7, 3]
    assert weekday_and_hour(moments).index.tolist() == [7, 3]


def test_night_hours_across_the_clock_changes_of_2022() -> None:
    nights = pd.Series(pd.to_datetime(["2022-03-26", "2022-03-27", "2022-10-29", "2022-10-30"]))
    hours = night_hours(nights)
    assert hours["night"].tolist() == [11, 12, 13, 12]
    assert hours["nte-core"].tolist() == [5, 6, 7, 6]
    assert hours["nte-evening"].tolist() == [4] * 4
    assert hours["nte-late"].tolist() == [2] * 4


def test_night_hours_when_a_window_ends_inside_the_repeated_hour() -> None:
    windows = (
        NightWindow(name="before", start=time(22), end=time(1, 30)),
        NightWindow(name="after", start=time(1, 30), end=time(4)),
    )
    hours = night_hours(pd.Series(pd.to_datetime(["2022-10-29"])), windows=windows)
    assert hours.iloc[0].tolist() == [4.0, 3.0, 7.0]  # 01:00 to 01:30 and 01:30 to 02:00 both pass twice


def test_every_minute_of_two_years_belongs_to_one_night() -> None:
    minutes = pd.Series(pd.date_range("2021-06-01", "2022-11-30", freq="min", tz="UTC"))
    nights = night_of(minutes).value_counts() / 60
    whole = nights.drop([nights.index.min(), nights.index.max()])
    dates = pd.Series(whole.index, index=whole.index)
    assert (whole == night_hours(dates)["night"]).all()
    assert sorted(set(whole)) == [11, 12, 13]


@pytest.mark.parametrize(
    ("windows", "seen"),
    [
        ((NIGHT[1], NIGHT[0]), "nte-evening 18:00 to 22:00"),
        ((NIGHT[0], NightWindow(name="late", start=time(21), end=time(6))), "late 21:00 to 06:00"),
        ((NIGHT[0], NightWindow(name="late", start=time(22, 1), end=time(6))), "late 22:01 to 06:00"),
        ((NIGHT[0], NightWindow(name="late", start=time(21, 59), end=time(6))), "late 21:59 to 06:00"),
        ((NIGHT[0], NightWindow(name="late", start=time(22), end=time(18, 1))), "late 22:00 to 18:01"),
        ((NIGHT[0], NightWindow(name="again", start=time(22), end=time(22))), "again 22:00 to 22:00"),
    ],
)
def test_windows_out_of_order_are_refused(windows, seen) -> None:
    for ask in (night_of, window_of):
        with pytest.raises(SettingsError) as refused:
            ask(utc("2022-01-01"), windows=windows)
        assert refused.value.code == "night-windows-out-of-order"
        assert str(refused.value) == (
            f"night: The windows of a night must follow each other. Seen: {seen}. "
            "Put them in the order of the night, each starting when the one before ends."
        )


def test_a_night_without_windows_is_refused() -> None:
    with pytest.raises(SettingsError) as refused:
        window_of(utc("2022-01-01"), windows=())
    assert refused.value.code == "night-without-window"
    assert str(refused.value) == "night: A night needs at least one window. Name one."


ODD = (
    NightWindow(name="dusk", start=time(19, 30), end=time(23, 15)),
    NightWindow(name="dark", start=time(23, 15), end=time(4, 45)),
)


@pytest.mark.parametrize(
    ("local", "name", "night", "day"),
    [
        ("2022-01-29 19:29:59", "day", None, "2022-01-29"),
        ("2022-01-29 19:30", "dusk", "2022-01-29", "2022-01-29"),
        ("2022-01-29 23:14:59", "dusk", "2022-01-29", "2022-01-29"),
        ("2022-01-29 23:15", "dark", "2022-01-29", "2022-01-29"),
        ("2022-01-30 00:00", "dark", "2022-01-29", "2022-01-29"),
        ("2022-01-30 04:44:59", "dark", "2022-01-29", "2022-01-29"),
        ("2022-01-30 04:45", "day", None, "2022-01-30"),
        ("2022-01-30 05:30", "day", None, "2022-01-30"),
    ],
)
def test_windows_of_other_hours_are_honoured(local, name, night, day) -> None:
    moment = london(local)
    assert window_of(moment, windows=ODD).tolist() == [name]
    found = night_of(moment, windows=ODD)
    assert found.isna().tolist() == [night is None]
    assert night is None or found[0] == pd.Timestamp(night)
    assert day_of(moment, windows=ODD)[0] == pd.Timestamp(day)
    assert window_by_zone(moment, pd.Series(["Z"]), of_zone={"Z": ODD}).tolist() == [name]
    assert window_by_zone(moment, pd.Series(["Y"]), of_zone={"Z": NIGHT}, windows=ODD).tolist() == [name]


def test_a_night_that_ends_as_it_starts_may_be_whole() -> None:
    around = (NIGHT[0], NightWindow(name="rest", start=time(22), end=time(18)))
    moments = london("2022-01-29 17:59", "2022-01-29 18:00")
    assert window_of(moments, windows=around).tolist() == ["rest", "nte-evening"]
    assert night_of(moments, windows=around).tolist() == [
        pd.Timestamp("2022-01-28"),
        pd.Timestamp("2022-01-29"),
    ]


def test_every_question_is_asked_in_the_zone_named() -> None:
    """01:30 UTC in July is half past nine the evening before in New York, and 02:30 in London."""
    moment, new_york = utc("2022-07-02 01:30"), "America/New_York"
    assert window_of(moment).tolist() == ["nte-core"]
    assert window_of(moment, tz=new_york).tolist() == ["nte-evening"]
    assert night_of(moment, tz=new_york)[0] == pd.Timestamp("2022-07-01")
    noon = utc("2022-07-02 02:30")  # the evening before there
    assert day_of(noon, tz=new_york)[0] == pd.Timestamp("2022-07-01")
    day = utc("2022-07-02 03:30")
    by_day = (NightWindow(name="short", start=time(1), end=time(2)),)
    assert day_of(day, windows=by_day)[0] == pd.Timestamp("2022-07-02")
    assert day_of(day, windows=by_day, tz=new_york)[0] == pd.Timestamp("2022-07-01")
    zones = pd.Series(["Z"])
    assert window_by_zone(moment, zones, of_zone={}, tz=new_york).tolist() == ["nte-evening"]
    assert window_by_zone(moment, zones, of_zone={"Z": NIGHT}, tz=new_york).tolist() == ["nte-evening"]
    assert weekday_and_hour(moment, tz=new_york).to_numpy().tolist() == [[FRI, 21]]
    assert aoristic(moment, moment, tz=new_york)[0, FRI, 21] == 1
    assert hour_table(moment, moment, tz=new_york)[FRI, 21] == 1
    assert default_times(utc("2022-07-02 04:00"), tz=new_york)["reports"].tolist() == [1, 0, 0]
    changes = pd.Series(pd.to_datetime(["2022-03-12", "2022-03-26", "2022-11-05", "2022-10-29"]))
    assert night_hours(changes, tz=new_york)["night"].tolist() == [11, 12, 13, 12]


def test_london_in_summer_is_an_hour_ahead_in_every_answer() -> None:
    edge = utc("2022-07-02 20:59:59", "2022-07-02 21:00", "2022-07-02 05:00", "2022-07-02 04:59:59")
    assert window_of(edge).tolist() == ["nte-evening", "nte-core", "day", "nte-late"]
    by_zone = window_by_zone(edge, pd.Series(["Z", "Z", "Y", "Y"]), of_zone={"Z": NIGHT})
    assert by_zone.tolist() == ["nte-evening", "nte-core", "day", "nte-late"]
    late = utc("2022-07-01 23:30")
    by_day = (NightWindow(name="noon", start=time(12), end=time(13)),)
    assert day_of(late, windows=by_day)[0] == pd.Timestamp("2022-07-02")


def test_zones_are_matched_by_label() -> None:
    moments = utc("2022-01-29 23:00", "2022-01-29 23:00").set_axis([7, 3])
    zones = pd.Series(["Y", "Z"], index=[3, 7])
    own = (NightWindow(name="own", start=time(20), end=time(3)),)
    out = window_by_zone(moments, zones, of_zone={"Z": own})
    assert (out.index.tolist(), out.tolist()) == ([7, 3], ["own", "nte-core"])


def test_no_moments_have_no_nights() -> None:
    none = utc("2022-01-01").iloc[:0]
    for out, kind in (
        (night_of(none), "datetime64[us]"),
        (day_of(none), "datetime64[us]"),
        (window_of(none), "str"),
        (window_by_zone(none, pd.Series([], dtype="str"), of_zone={"Z": NIGHT}), "str"),
    ):
        assert (str(out.dtype), len(out)) == (kind, 0)
    assert weekday_and_hour(none).shape == (0, 2)
    assert night_hours(none.dt.tz_localize(None)).shape == (0, len(NIGHT) + 1)
    assert default_times(none)["share"].tolist() == [0, 0, 0]


def test_night_hours_of_windows_without_an_hour_of_their_own() -> None:
    # the hour that never was is all of the first, and the last lies wholly after it
    windows = (
        NightWindow(name="gone", start=time(1), end=time(2)),
        NightWindow(name="after", start=time(2), end=time(3)),
        NightWindow(name="late", start=time(3), end=time(3, 30)),
    )
    nights = pd.Series(pd.to_datetime(["2022-03-27", "2022-03-28", "2022-10-30"]), index=[7, 3, 5])
    hours = night_hours(nights, windows=windows)
    assert hours.loc[3].tolist() == [1, 1, 0.5, 2.5]
    assert hours.loc[5].tolist() == [2, 1, 0.5, 3.5]
    assert hours.loc[7].tolist() == [0, 1, 0.5, 1.5]
    assert hours.columns.tolist() == ["gone", "after", "late", "night"]


def test_a_night_may_be_a_day_long() -> None:
    day = (NightWindow(name="all", start=time(6), end=time(6)),)
    assert night_of(london("2022-01-02 05:59"), windows=day).tolist() == [pd.Timestamp("2022-01-01")]
    whole = pd.Series(pd.to_datetime(["2022-03-26", "2022-10-29", "2022-10-30"]))
    assert night_hours(whole, windows=day)["all"].tolist() == [23, 25, 24]


def test_moments_without_a_time_zone_are_refused() -> None:
    naive = pd.Series(pd.to_datetime(["2022-01-01"]))
    asked = (night_of, day_of, window_of, weekday_and_hour, default_times)
    for ask in (*asked, lambda moments: aoristic(moments, utc("2022-01-01"))):
        with pytest.raises(InputError) as refused:
            ask(naive)
        assert refused.value.code == "moments-without-time-zone"
        assert str(refused.value) == f"Moments need a time zone. Seen: {naive.dtype}. Give them in UTC."


def test_weekday_and_hour_are_local() -> None:
    out = weekday_and_hour(utc("2022-07-01 23:30", "2022-01-01 23:30"))
    assert out.to_numpy().tolist() == [[SAT, 0], [SAT, 23]]
    with pytest.raises(InputError) as refused:
        weekday_and_hour(utc(None, "2022-01-01", None))
    assert refused.value.code == "moments-unknown"
    assert str(refused.value) == "moments: Some moments are not known. Seen: 2 rows. Leave those rows out."


# ---- aoristic weights, by hand ----------------------------------------------------------------------


def test_an_instant_is_in_its_hour() -> None:
    assert weights("2022-01-28 22:59:59", "2022-01-28 22:59:59") == {(FRI, 22): 1.0}


def test_a_missing_end_is_the_start() -> None:
    table = aoristic(utc("2022-01-28 22:10"), utc(None))
    assert table[0, FRI, 22] == 1.0


def test_an_interval_is_half_open() -> None:
    assert weights("2022-01-28 22:00", "2022-01-28 23:00") == {(FRI, 22): 1.0}


def test_part_hours_count_by_their_share() -> None:
    # 22:45 to 00:30 is 105 minutes: 15, 60 and 30
    expected = {(FRI, 22): 0.14285714, (FRI, 23): 0.57142857, (SAT, 0): 0.28571429}
    assert weights("2022-01-28 22:45", "2022-01-29 00:30") == expected


def test_the_hour_that_passes_twice_counts_twice() -> None:
    # 00:30 BST to 02:30 GMT on 30 October 2022 is three real hours: half, two and half
    expected = {(SUN, 0): 0.16666667, (SUN, 1): 0.66666667, (SUN, 2): 0.16666667}
    assert weights("2022-10-29 23:30", "2022-10-30 02:30") == pytest.approx(expected)


def test_the_hour_that_never_was_counts_nothing() -> None:
    # 00:00 GMT to 03:00 BST on 27 March 2022 is two real hours
    assert weights("2022-03-27 00:00", "2022-03-27 02:00") == {(SUN, 0): 0.5, (SUN, 2): 0.5}


def test_a_week_or_more_says_nothing() -> None:
    for end in ("2022-02-04 22:10", "2022-03-01"):
        table = aoristic(utc("2022-01-28 22:10"), utc(end))[0]
        assert table.sum() == 1.0
        assert table == pytest.approx(np.full((7, 24), 1 / 168), abs=1e-9)


def test_a_week_is_seven_days_to_the_millisecond() -> None:
    start = utc("2022-01-28 22:10")
    week = aoristic(start, start + pd.Timedelta(days=7))[0]
    short = aoristic(start, start + pd.Timedelta(days=7) - pd.Timedelta(milliseconds=1))[0]
    assert np.ptp(week) < 2**-29  # shares of 2^30 that are no multiple of 168
    assert np.ptp(short) > 0  # 22:00 to 23:00 is short of a millisecond
    assert short[FRI, 22] < week[FRI, 22]
    assert short.sum() == week.sum() == 1


def test_the_shortest_intervals() -> None:
    for ms in (0, 1):
        start = utc("2022-01-28 22:59:59.999")
        assert aoristic(start, start + pd.Timedelta(milliseconds=ms))[0, FRI, 22] == 1
    two = aoristic(start, start + pd.Timedelta(milliseconds=2))[0]
    assert (two[FRI, 22], two[FRI, 23]) == (0.5, 0.5)


def test_the_same_interval_counts_each_time_and_in_its_own_row() -> None:
    start = utc("2022-01-28 22:30", "2022-01-29 01:15", "2022-01-28 22:30")
    end = start + pd.Timedelta(hours=1)
    table = aoristic(start, end)
    assert (table[:, FRI, 22].tolist(), table[:, SAT, 1].tolist()) == ([0.5, 0, 0.5], [0, 0.75, 0])
    total = hour_table(start, end)
    assert (total[FRI, 22], total[FRI, 23], total[SAT, 1], total[SAT, 2]) == (1, 1, 0.75, 0.25)


def test_just_short_of_a_week_still_says_something() -> None:
    table = aoristic(utc("2022-01-28 22:00"), utc("2022-02-04 21:00"))[0]
    assert table[FRI, 21] == 0
    assert np.count_nonzero(table) == 167


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=pd.Timestamp("2015-01-01"), max_value=pd.Timestamp("2030-01-01")),
            st.one_of(st.just(0), st.integers(0, 15 * 24 * 3600 * 1000)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_weights_sum_to_exactly_one_and_agree_with_counting_seconds(rows) -> None:
    start = utc(*(str(moment) for moment, _ in rows))
    end = start + pd.to_timedelta([ms for _, ms in rows], unit="ms")
    table = aoristic(start, end)
    assert (table.reshape(len(rows), -1).sum(axis=1) == 1.0).all()
    assert (table.reshape(len(rows), -1)[:, ::-1].sum(axis=1) == 1.0).all()
    assert (table >= 0).all()
    total = hour_table(start, end)
    assert total.sum() == len(rows)
    assert (total == table.sum(axis=0)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400 * 1440), st.integers(1, 3000))
def test_weights_agree_with_counting_minutes(begin, minutes) -> None:
    start = utc("2022-01-01") + pd.Timedelta(minutes=begin)
    passing = pd.Series(pd.date_range(start.iloc[0], periods=minutes, freq="min"))
    counted = np.zeros((7, 24))
    named = weekday_and_hour(passing)
    np.add.at(counted, (named["weekday"], named["hour"]), 1 / minutes)
    assert aoristic(start, start + pd.Timedelta(minutes=minutes))[0] == pytest.approx(counted, abs=1e-6)


def test_intervals_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        aoristic(utc("2022-01-02", "2022-01-02"), utc("2022-01-02", "2022-01-01 23:59:59"))
    assert refused.value.code == "interval-reversed"
    assert str(refused.value) == (
        "row 1: An interval ends before it starts. "
        "Seen: 2022-01-02 00:00:00+00:00 to 2022-01-01 23:59:59+00:00. Swap the two or leave the row out."
    )
    with pytest.raises(InputError) as unknown:
        hour_table(utc(None), utc("2022-01-01"))
    assert unknown.value.code == "moments-unknown"
    assert (
        str(unknown.value) == "occurred_from: Some moments are not known. Seen: 1 rows. Leave those rows out."
    )


def test_no_reports_have_no_weights() -> None:
    nothing = utc("2022-01-01").iloc[:0]
    assert aoristic(nothing, nothing).shape == (0, 7, 24)
    assert hour_table(nothing, nothing).sum() == 0


def test_a_third_of_a_million_rows_add_up_exactly() -> None:
    rng = np.random.default_rng(1)
    start = utc("2022-01-01").iloc[[0] * 346_683].reset_index(drop=True)
    start += pd.to_timedelta(rng.integers(0, 525_600, len(start)), unit="m")
    total = hour_table(start, start + pd.to_timedelta(rng.integers(0, 600, len(start)), unit="m"))
    assert total.sum() == len(start)


# ---- tables and defaults ----------------------------------------------------------------------------


def test_night_table_moves_the_small_hours_to_the_night_before() -> None:
    hours = np.arange(168, dtype=float).reshape(7, 24)
    table = night_table(hours)
    assert table.columns.tolist() == [18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5]
    assert table.loc["Saturday", 23] == hours[SAT, 23]
    assert table.loc["Saturday", 2] == hours[SUN, 2]
    assert table.loc["Sunday", 2] == hours[0, 2]


def test_night_table_of_other_windows() -> None:
    hours = np.arange(168, dtype=float).reshape(7, 24)
    early = (NightWindow(name="early", start=time(0), end=time(2)),)
    table = night_table(hours, windows=early)  # a night that starts at midnight is that day's
    assert table.columns.tolist() == [0, 1]
    assert table.loc["Saturday"].tolist() == [hours[SAT, 0], hours[SAT, 1]]
    across = (NightWindow(name="across", start=time(23), end=time(1)),)
    table = night_table(hours, windows=across)
    assert table.columns.tolist() == [23, 0]
    assert table.loc["Saturday"].tolist() == [hours[SAT, 23], hours[SUN, 0]]
    assert table.loc["Sunday"].tolist() == [hours[SUN, 23], hours[0, 0]]
    assert table.index.tolist()[0] == "Monday"
    whole = (NightWindow(name="whole", start=time(21), end=time(21)),)
    assert night_table(hours, windows=whole).columns.tolist() == [21, 22, 23, *range(21)]


def test_default_times_in_full() -> None:
    moments = utc(
        "2022-01-01 00:01",
        "2022-01-01 00:01:00.5",
        "2022-01-01 00:00:01",
        "2022-01-01 00:00:00.000001",
        "2022-01-01",
    )
    out = default_times(pd.concat([moments, utc("2022-01-01 00:00:01.000001", "2022-01-01 12:01")]))
    assert out.to_dict("list") == {
        "time": ["00:00", "00:01", "12:00"],
        "reports": [1, 1, 0],
        "share": pytest.approx([1 / 7, 1 / 7, 0]),
        "expected_share": pytest.approx([1 / 1440] * 3),
    }
    assert default_times(utc("2022-01-01"))["share"].tolist() == [1, 0, 0]


def test_default_times_are_counted_in_local_time() -> None:
    moments = utc("2022-07-01 23:00", "2022-07-01 11:00", "2022-07-01 11:00:30", "2022-01-01 00:01", None)
    out = default_times(moments).set_index("time")
    assert out["reports"].to_dict() == {"00:00": 1, "00:01": 1, "12:00": 1}
    assert out.loc["12:00", "share"] == 0.25
