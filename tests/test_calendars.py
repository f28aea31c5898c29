"""Calendars: the bank holidays there were, files a person keeps, and what was on when."""

from __future__ import annotations

from datetime import date, time, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace.errors import FileError, InputError, SettingsError
from safespace.nights import (
    bank_holidays,
    day_of,
    holiday_nights,
    holiday_weekends,
    on_at,
    on_that_day,
    read_calendar,
    window_by_zone,
)
from safespace.nights.calendars import CALENDAR
from safespace.schemas import check
from safespace.settings import NightWindow, load_settings


def utc(*moments: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


# ---- bank holidays ----------------------------------------------------------------------------------


def easter_sunday(year: int) -> date:
    """Anonymous Gregorian algorithm (Nature, 20 April 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@pytest.mark.parametrize("year", range(2018, 2028))
def test_every_year_has_its_holidays_where_the_rules_put_them(year) -> None:
    held = bank_holidays()
    days = {day.date(): name for day, name in held.items() if day.year == year}
    assert len(days) == 8 + {2022: 2, 2023: 1}.get(year, 0)
    assert days[easter_sunday(year) - timedelta(days=2)] == "Good Friday"
    assert days[easter_sunday(year) + timedelta(days=1)] == "Easter Monday"
    mondays = {name: day for day, name in days.items() if day.weekday() == 0}
    assert mondays["Summer bank holiday"].month == 8
    assert mondays["Summer bank holiday"].day > 24
    assert not [day for day in days if day.weekday() > 4]
    assert held.index.is_monotonic_increasing
    assert held.index.is_unique


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2020-05-08", "Early May bank holiday (VE day)"),
        ("2022-06-02", "Spring bank holiday"),
        ("2022-06-03", "Platinum Jubilee bank holiday"),
        ("2023-05-08", "Coronation of King Charles III"),
        ("2021-12-27", "Christmas Day (substitute day)"),
        ("2027-12-28", "Boxing Day (substitute day)"),
    ],
)
def test_the_days_no_rule_gives(day, name) -> None:
    assert bank_holidays()[pd.Timestamp(day)] == name


def test_a_night_knows_the_holiday_it_leads_into() -> None:
    dates = pd.Series(pd.to_datetime(["2022-08-28", "2022-08-29", "2022-08-30", None]), index=list("abcd"))
    out = holiday_nights(dates)
    assert out["eve_of"].tolist()[:3] == ["Summer bank holiday", "", ""]
    assert out["bank_holiday"].tolist()[:3] == ["", "Summer bank holiday", ""]
    assert out.loc["d"].isna().all()
    assert list(out.index) == list("abcd")


def test_holidays_are_text_by_date_at_midnight() -> None:
    held = bank_holidays()
    assert (held.name, held.index.name) == ("name", "date")
    assert (str(held.dtype), str(held.index.dtype)) == ("str", "datetime64[us]")
    assert held.index[0] == pd.Timestamp("2018-01-01")
    assert held.index[-1] == pd.Timestamp("2027-12-28")


def test_the_first_and_the_last_year_are_known_to_their_ends() -> None:
    ends = ["2017-12-30", "2017-12-31", "2018-01-01", "2018-01-02", "2027-12-28", "2027-12-30", "2027-12-31"]
    dates = pd.Series(pd.to_datetime(ends), index=list("abcdefg"))
    out = holiday_nights(dates)
    assert out["bank_holiday"].isna().tolist() == [True, True, *[False] * 5]
    assert out["bank_holiday"].tolist()[2:] == ["New Year's Day", "", "Boxing Day (substitute day)", "", ""]
    assert out["eve_of"].isna().tolist() == [True, *[False] * 5, True]
    assert out["eve_of"].tolist()[1:6] == ["New Year's Day", "", "", "", ""]
    assert out.dtypes.astype(str).tolist() == ["str", "str"]
    weekends = holiday_weekends(dates)
    assert weekends.isna().tolist() == [True, True, *[False] * 5]
    assert weekends.tolist()[2:] == [
        "New Year's Day",
        "",
        "Christmas Day (substitute day); Boxing Day (substitute day)",
        "",
        "",
    ]
    assert weekends.index.tolist() == list("abcdefg")
    assert str(weekends.dtype) == "str"
    none = holiday_weekends(dates.iloc[:0])
    assert (str(none.dtype), len(none)) == ("str", 0)


def test_a_holiday_in_the_week_has_its_eve_and_no_weekend() -> None:
    # Wednesday 1 January 2020, between two ordinary weekends
    dates = pd.Series(pd.date_range("2019-12-27", "2020-01-05", unit="us"))
    named = holiday_weekends(dates)
    assert dates[named.ne("")].dt.strftime("%m-%d").tolist() == ["12-31", "01-01"]
    assert set(named) == {"", "New Year's Day"}


def test_years_whose_holidays_are_not_known_are_missing_and_not_ordinary() -> None:
    out = holiday_nights(pd.Series(pd.to_datetime(["2017-12-31", "2028-01-01"])))
    assert out["bank_holiday"].isna().all()
    assert out["eve_of"].tolist()[0] == "New Year's Day"


# ---- calendars --------------------------------------------------------------------------------------


def written(tmp_path, *rows: str, header: str = "name,kind,starts,ends,zone"):
    path = tmp_path / "calendar.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return path


def test_matches_and_campaigns_are_read_in_local_time(tmp_path) -> None:
    path = written(
        tmp_path,
        "City v United,match,2022-07-02 19:45,2022-07-02 21:45,Stadium",
        "Call to report,campaign,2022-01-24,2022-01-30,",
        "Lights on, event ,2022-11-19,,",
    )
    out = read_calendar(path)
    check(out, CALENDAR)
    assert out["name"].tolist() == ["Call to report", "City v United", "Lights on"]
    assert out["starts"].tolist() == utc("2022-01-24", "2022-07-02 18:45", "2022-11-19").tolist()
    assert out["ends"].tolist() == utc("2022-01-31", "2022-07-02 20:45", "2022-11-20").tolist()
    assert out["zone"].tolist() == ["", "Stadium", ""]


def test_a_calendar_without_zones_is_for_everywhere(tmp_path) -> None:
    out = read_calendar(written(tmp_path, "A,event,2022-01-01,", header="Name, Kind, Starts, Ends"))
    assert out["zone"].tolist() == [""]


def test_clock_changes_are_read_as_the_first_pass_and_the_hour_after(tmp_path) -> None:
    path = written(
        tmp_path,
        "Twice,event,2022-10-30 01:30,2022-10-30 02:30,",
        "Never,event,2022-03-27 01:30,2022-03-27 03:00,",
    )
    out = read_calendar(path)
    assert out["name"].tolist() == ["Never", "Twice"]
    assert out["starts"].tolist() == utc("2022-03-27 01:00", "2022-10-30 00:30").tolist()
    assert out["ends"].tolist() == utc("2022-03-27 02:00", "2022-10-30 02:30").tolist()


def test_a_calendar_is_read_in_the_zone_asked_for(tmp_path) -> None:
    path = written(tmp_path, "A,event,2022-07-01 20:00,,", "B,event,2022-07-02,2022-07-03 01:00,")
    out = read_calendar(path, tz="America/New_York")
    assert out["starts"].tolist() == utc("2022-07-02 00:00", "2022-07-02 04:00").tolist()
    assert out["ends"].tolist() == utc("2022-07-02 04:00", "2022-07-03 05:00").tolist()


def test_rows_are_sorted_and_numbered_afresh_and_kept_as_text(tmp_path) -> None:
    path = written(
        tmp_path,
        "20, match ,2022-02-01 , , North ",
        "Ärger,event,2022-01-01,,007",
        "003,event,2022-01-01,,",
        "NA, campaign,2022-01-01T10:00,2022-01-01T10:01,nan",
    )
    out = read_calendar(path)
    check(out, CALENDAR)
    assert out["name"].tolist() == ["003", "Ärger", "NA", "20"]
    assert out["zone"].tolist() == ["", "007", "nan", "North"]
    assert out["kind"].tolist() == ["event", "event", "campaign", "match"]
    assert out.index.tolist() == [0, 1, 2, 3]
    assert read_calendar(written(tmp_path)).empty
    alone = read_calendar(written(tmp_path, '007, "match", "2022-02-01 19:45",, "North, by the river"'))
    assert (alone["name"][0], alone["zone"][0]) == ("007", "North, by the river")


REMEDY = (
    "Kinds are match, event, campaign, recording-change; moments are written 2022-01-28 19:45 or 2022-01-28."
)


def test_every_row_that_cannot_be_used_is_named(tmp_path) -> None:
    path = written(
        tmp_path,
        "A,party,2022-01-01,,",
        ",match,28/01/2022,,",
        "B,match,2022-01-02 20:00,2022-01-02 19:00,",
        "C,match,2022-02-30,soon,",
        "D,match,2022-01-01,,",
        "E,match,2022-01-02 20:00,2022-01-02 20:00,",
        "F,match,2022-01-02 20:00,2022-01-02 20:01,",
    )
    with pytest.raises(FileError) as caught:
        read_calendar(path)
    assert caught.value.code == "calendar-rows-not-usable"
    assert str(caught.value) == (
        f"{path}: Some rows of the calendar cannot be used. Seen: row 2: kind 'party'; row 3: no name; "
        "row 3: starts '28/01/2022'; row 4: ends '2022-01-02 19:00', before it starts; "
        "row 5: starts '2022-02-30'; row 5: ends 'soon'; row 7: ends '2022-01-02 20:00', before it starts. "
        f"{REMEDY}"
    )


@pytest.mark.parametrize("wrong", [9, 10, 11, 12])
def test_no_more_than_ten_rows_are_named(tmp_path, wrong) -> None:
    path = written(tmp_path, *["A,party,2022-01-01,,"] * wrong)
    with pytest.raises(FileError) as caught:
        read_calendar(path)
    named = "; ".join(f"row {line}: kind 'party'" for line in range(2, 2 + min(wrong, 10)))
    more = {11: "; and 1 more", 12: "; and 2 more"}.get(wrong, "")
    assert (
        str(caught.value)
        == f"{path}: Some rows of the calendar cannot be used. Seen: {named}{more}. {REMEDY}"
    )


def test_files_that_are_no_calendars_are_refused(tmp_path) -> None:
    path = written(tmp_path, "A,2022-01-01", header="name,starts")
    with pytest.raises(FileError) as lacking:
        read_calendar(path)
    assert lacking.value.code == "calendar-column-missing"
    assert str(lacking.value) == (
        f"{path}: The calendar lacks a column. Seen: no kind, ends. Columns are name, kind, starts, ends, zone."
    )
    (tmp_path / "empty.csv").write_text("")
    for name, seen in (("none.csv", "No such file"), ("empty.csv", "No columns to parse from file")):
        with pytest.raises(FileError) as unread:
            read_calendar(tmp_path / name)
        assert unread.value.code == "calendar-not-readable"
        assert str(unread.value).startswith(f"{tmp_path / name}: The calendar cannot be read. Seen: ")
        assert seen in str(unread.value)
        assert str(unread.value).endswith(
            ". Give a CSV file with the columns name, kind, starts, ends, zone."
        )
        assert unread.value.__cause__ is not None


def test_hours_before_and_after_are_counted_to_the_second(tmp_path) -> None:
    calendar = read_calendar(written(tmp_path, "Match,match,2022-01-28 19:45,2022-01-28 21:45,"))
    edges = ["17:44:59", "17:45", "19:44:59", "19:45", "21:44:59", "21:45", "22:14:59", "22:15"]
    moments = utc(*(f"2022-01-28 {edge}" for edge in edges))

    def on(**margins: float) -> list[bool]:
        return on_at(moments, calendar, **margins).eq("Match").tolist()

    assert on() == [False, False, False, True, True, False, False, False]
    assert on(before_h=2) == [False, True, True, True, True, False, False, False]
    assert on(after_h=0.5) == [False, False, False, True, True, True, True, False]
    assert on(before_h=2, after_h=0.5) == [False, True, True, True, True, True, True, False]


def test_zones_are_matched_by_label_and_not_by_place(tmp_path) -> None:
    calendar = read_calendar(written(tmp_path, "Match,match,2022-01-28,,North", "XX,event,2022-01-28,,XXXX"))
    moments = utc("2022-01-28 12:00", "2022-01-28 12:00").set_axis([7, 3])
    zones = pd.Series(["South", "North"], index=[7, 3])
    for given_zones in (zones, zones.iloc[::-1], pd.concat([zones, pd.Series(["North"], index=[9])])):
        out = on_at(moments, calendar, zones=given_zones)
        assert (out.index.tolist(), out.tolist()) == ([7, 3], ["", "Match"])
    assert on_at(moments, calendar).tolist() == ["", ""]
    none = on_at(moments.iloc[:0], calendar)
    assert (str(none.dtype), len(none)) == ("str", 0)
    with pytest.raises(InputError) as refused:
        on_at(moments.dt.tz_localize(None), calendar)
    assert refused.value.code == "moments-without-time-zone"
    assert str(refused.value) == "Moments need a time zone. Seen: datetime64[us]. Give them in UTC."


def test_what_was_on_depends_on_where_and_when(tmp_path) -> None:
    calendar = read_calendar(
        written(
            tmp_path,
            "Match,match,2022-01-28 19:45,2022-01-28 21:45,Stadium",
            "Week,campaign,2022-01-24,2022-01-30,",
        )
    )
    moments = utc("2022-01-28 20:00", "2022-01-28 20:00", "2022-01-28 21:45", "2022-01-31", None)
    zones = pd.Series(["Stadium", "Centre", "Stadium", "Stadium", "Stadium"])
    assert on_at(moments, calendar, zones=zones).tolist() == ["Week; Match", "Week", "Week", "", ""]
    assert on_at(moments, calendar).tolist() == ["Week", "Week", "Week", "", ""]
    assert on_at(moments, calendar, zones=zones, kinds=["match"]).tolist() == ["Match", "", "", "", ""]
    late = on_at(moments, calendar, zones=zones, kinds=["match"], after_h=1)
    assert late.tolist() == ["Match", "", "Match", "", ""]
    with pytest.raises(InputError, match=r"Moments need a time zone"):
        on_at(moments.dt.tz_localize(None), calendar)


@given(st.integers(0, 48), st.integers(1, 48))
def test_an_event_covers_exactly_its_hours(start, length) -> None:
    hours = pd.Series(pd.date_range("2022-03-26", periods=100, freq="h", tz="UTC"))
    row = {
        "name": "A",
        "kind": "event",
        "starts": hours[start],
        "ends": hours[start] + pd.Timedelta(hours=length),
    }
    on = on_at(hours, pd.DataFrame([{**row, "zone": ""}]))
    assert on.eq("A").sum() == length
    assert on[start] == "A"


# ---- zones ------------------------------------------------------------------------------------------


def test_a_zone_keeps_its_own_hours() -> None:
    late = (NightWindow(name="campus-late", start=time(20), end=time(3)),)
    moments, zones = (
        utc("2022-01-28 21:00", "2022-01-28 21:00", "2022-01-28 12:00"),
        pd.Series(["C", "X", "C"]),
    )
    out = window_by_zone(moments, zones, of_zone={"C": late})
    assert out.tolist() == ["campus-late", "nte-evening", "day"]


def test_zones_are_settings() -> None:
    zone = {"name": "Campus", "night": [{"name": "late", "start": "20:00", "end": "03:00"}]}
    held = load_settings(zones=[zone])
    assert held.night_of("Campus")[0].name == "late"
    assert held.night_of("Centre") == held.night
    with pytest.raises(SettingsError, match=r"zones\.0\.night"):
        load_settings(zones=[{"name": "Campus", "night": []}])


# ---- nights of the calendar -------------------------------------------------------------------------


def test_a_day_is_that_of_its_night_or_its_own() -> None:
    moments = utc("2022-01-29 01:30", "2022-01-29 05:59", "2022-01-29 06:00", "2022-01-29 23:00", None)
    days = day_of(moments)
    assert [str(day)[:10] for day in days] == ["2022-01-28", "2022-01-28", "2022-01-29", "2022-01-29", "NaT"]


@pytest.mark.parametrize(
    ("first", "last", "nights"),
    [
        ("2022-05-27", "2022-06-05", 0),  # 28 May to 1 June is an ordinary weekend, see below for the Jubilee
        ("2022-08-26", "2022-08-29", 4),
        ("2022-04-14", "2022-04-18", 5),
        ("2022-12-23", "2022-12-27", 5),
    ],
)
def test_bank_holiday_weekends_run_from_their_eve(first: str, last: str, nights: int) -> None:
    dates = pd.Series(pd.date_range(first, last, unit="us"))
    if nights:
        around = pd.Series(pd.to_datetime([first, last]) + pd.to_timedelta([-1, 1], unit="D"))
        assert (holiday_weekends(dates) != "").sum() == nights == len(dates)
        assert holiday_weekends(around).tolist() == ["", ""]
    else:
        weekend = holiday_weekends(dates)
        assert weekend.ne("").tolist() == [False] * 5 + [True] * 5  # Wednesday 1 June leads into the Jubilee
    assert holiday_weekends(pd.Series([pd.NaT, pd.Timestamp("1999-08-30")])).isna().all()


def test_an_entry_covers_its_nights_and_starts_with_its_day() -> None:
    rows = pd.DataFrame(
        {
            "name": ["Ball", "Week of reporting"],
            "kind": ["event", "campaign"],
            "starts": utc("2022-01-28 20:00", "2022-01-31 00:00"),
            "ends": utc("2022-01-29 02:00", "2022-02-02 00:00"),
            "zone": "",
        }
    )
    dates = pd.Series(pd.date_range("2022-01-27", "2022-02-02", unit="us"))
    assert on_that_day(dates, rows).tolist() == [
        "", "Ball", "", "", "Week of reporting", "Week of reporting", ""
    ]  # fmt: skip


def entry(starts: str, ends: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"name": ["Ball"], "kind": "event", "starts": utc(starts), "ends": utc(ends), "zone": ""}
    )


@pytest.mark.parametrize(
    ("starts", "ends", "options", "days"),
    [
        # in London's summer 23:00 UTC is midnight: an entry from then starts with its day
        ("2022-07-01 23:00", "2022-07-02 23:00", {}, ["07-02"]),
        ("2022-07-01 22:59", "2022-07-02 10:00", {}, ["07-01", "07-02"]),
        ("2022-07-01 23:30", "2022-07-02 01:00", {}, ["07-01"]),
        # it ends before its last second: 06:00 local is a new day's first
        ("2022-07-01 20:00", "2022-07-02 05:00", {}, ["07-01"]),
        ("2022-07-01 20:00", "2022-07-02 05:00:02", {}, ["07-01", "07-02"]),
        ("2022-07-01 20:00", "2022-07-02 05:00:01", {}, ["07-01", "07-02"]),
        # a night of other hours: until 03:00 only
        ("2022-07-02 01:30", "2022-07-02 02:30", {}, ["07-01"]),
        ("2022-07-02 02:30", "2022-07-02 03:30", {"windows": "campus"}, ["07-02"]),
        ("2022-07-01 20:30", "2022-07-02 02:30", {"windows": "campus"}, ["07-01", "07-02"]),
        ("2022-07-01 20:30", "2022-07-02 02:00", {"windows": "campus"}, ["07-01"]),
        # New York is four hours behind UTC: 04:00 is its midnight, and 02:00 its evening before
        ("2022-07-02 04:00", "2022-07-03 04:00", {"tz": "America/New_York"}, ["07-02"]),
        ("2022-07-02 02:00", "2022-07-02 09:00", {"tz": "America/New_York"}, ["07-01"]),
        ("2022-07-01 23:00", "2022-07-02 23:00", {"tz": "America/New_York"}, ["07-01", "07-02"]),
        ("2022-07-02 09:00", "2022-07-02 12:00", {"tz": "America/New_York"}, ["07-01", "07-02"]),
    ],
)
def test_the_days_of_an_entry(starts, ends, options, days) -> None:
    if "windows" in options:
        options = {"windows": CAMPUS}
    dates = pd.Series(pd.date_range("2022-06-29", "2022-07-05", unit="us"))
    on = on_that_day(dates, entry(starts, ends), **options)
    assert dates[on.eq("Ball")].dt.strftime("%m-%d").tolist() == days
    assert set(on) == {"", "Ball"}


def test_days_keep_their_index_and_what_was_on_is_joined() -> None:
    rows = pd.concat([entry("2022-07-01 20:00", "2022-07-01 22:00")] * 2)
    dates = pd.Series([pd.Timestamp("2022-07-01"), pd.NaT], index=[7, 3])
    out = on_that_day(dates, rows)
    assert (out.index.tolist(), out.tolist()) == ([7, 3], ["Ball; Ball", ""])
    none = on_that_day(dates.iloc[:0], rows)
    assert (str(none.dtype), len(none)) == ("str", 0)


def test_zones_without_a_night_of_their_own_keep_the_settings_night() -> None:
    one = [NightWindow(name="all-night", start=time(20), end=time(8))]
    at = utc("2022-01-28 23:00", "2022-01-28 23:00")
    zones = pd.Series(["Campus", ""])
    assert window_by_zone(at, zones, of_zone={"Campus": CAMPUS}, windows=one).tolist() == [
        "late",
        "all-night",
    ]


CAMPUS = [NightWindow(name="late", start=time(21), end=time(3))]
