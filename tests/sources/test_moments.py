import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import SchemaError
from safespace.sources.moments import Clock, read_moments, read_months, span

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
CLOCK = Clock("Europe/London", AS_OF)


def read(*texts, order=None, needed=True):
    clock = Clock("Europe/London", AS_OF, order)
    return read_moments(pd.Series(texts, dtype="str"), clock, name="start", needed=needed)


def reasons(step):
    return {(one.reason, spot) for one in step.problems for spot in one.explanation.index}


def rules(step):
    return {(one.rule, spot, one.after[spot]) for one in step.repairs for spot in one.after.index}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-01-28 23:40", "2022-01-28 23:40"),  # winter: local is UTC
        ("2022-07-28 23:40", "2022-07-28 22:40"),  # summer: an hour ahead
        ("2022-07-28T23:40:30", "2022-07-28 22:40:30"),
        ("2022-07-28T23:40Z", "2022-07-28 23:40"),  # a zone that is told is obeyed
        ("2022-07-28T23:40:00+0200", "2022-07-28 21:40"),
        ("2022-07-28 23:40:00+02", "2022-07-28 21:40"),  # as PostgreSQL writes it
        ("28/01/2022 23:40", "2022-01-28 23:40"),
        ("28/01/22 9:05", "2022-01-28 09:05"),
        ("28 Jan 2022 23:40", "2022-01-28 23:40"),
        ("28-January-2022, 23:40", "2022-01-28 23:40"),
        ("28.01.2022 11:40 pm", "2022-01-28 23:40"),
        ("28/01/2022 12:05 AM", "2022-01-28 00:05"),
        ("03/04/2022 12:00", "2022-04-03 11:00"),  # day first unless told
        ("29/02/2024 12:00", "2024-02-29 12:00"),
        ("28/07/2022 22.30", "2022-07-28 21:30"),
        ("28/07/2022 2230", "2022-07-28 21:30"),
        ("28/07/2022 930", "2022-07-28 08:30"),
        ("20250905 22:30", "2025-09-05 21:30"),
        ("5 Sep 2025 22:30 BST", "2025-09-05 21:30"),
        ("5 Sep 2025 22:30 GMT", "2025-09-05 22:30"),
        ("05/09/2025 10:30pm BST", "2025-09-05 21:30"),
        ("Fri 5 Sep 2025 22:30", "2025-09-05 21:30"),
        ("Friday, 5 September 2025 22:30", "2025-09-05 21:30"),
    ],
)
def test_one_moment_is_read_as_utc(text, utc):
    moments = read(text)
    assert moments.earliest[0] == moments.latest[0] == pd.Timestamp(utc, tz="UTC")
    assert not moments.step.problems


def test_a_date_without_a_time_spans_its_local_day():
    moments = read("2022-07-28")
    assert moments.earliest[0] == pd.Timestamp("2022-07-27 23:00", tz="UTC")
    assert moments.latest[0] == pd.Timestamp("2022-07-28 22:59:59", tz="UTC")


def test_24_00_is_the_next_midnight_and_is_shown():
    moments = read("31/12/2021 24:00")
    assert moments.earliest[0] == pd.Timestamp("2022-01-01", tz="UTC")
    assert rules(moments.step) == {("24:00", 0, "2022-01-01 00:00")}


def test_a_time_that_does_not_exist_moves_an_hour_on():
    moments = read("2022-03-27 01:30")
    assert moments.earliest[0] == pd.Timestamp("2022-03-27 01:30", tz="UTC")  # 02:30 in London
    assert rules(moments.step) == {("clock_gap", 0, "2022-03-27 02:30")}


def test_a_time_that_happened_twice_keeps_both_readings():
    moments = read("2022-10-30 01:30")
    assert moments.earliest[0] == pd.Timestamp("2022-10-30 00:30", tz="UTC")
    assert moments.latest[0] == pd.Timestamp("2022-10-30 01:30", tz="UTC")
    assert not moments.step.repairs


def test_an_excel_day_number_is_repaired():
    moments = read("44589.986111")  # 28 January 2022, 23:40
    assert moments.earliest[0] == pd.Timestamp("2022-01-28 23:40", tz="UTC")
    assert rules(moments.step) == {("excel_date", 0, "2022-01-28 23:40")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_moment"),
        ("yesterday", "bad_moment"),
        ("2022-02-30 10:00", "bad_moment"),
        ("29/02/2023 10:00", "bad_moment"),
        ("2022-01-28 25:00", "bad_moment"),
        ("2022-01-28 24:01", "bad_moment"),
        ("2022-01-28 23:60", "bad_moment"),
        ("28/01/2022 13:00 pm", "bad_moment"),
        ("01/01/1900 00:00", "default_date"),
        ("1970-01-01 00:00", "too_old"),
        ("2031-05-01 22:00", "future_date"),
    ],
)
def test_what_is_not_a_moment_is_rejected_with_its_reason(text, reason):
    moments = read(text)
    assert reasons(moments.step) == {(reason, 0)}
    assert moments.step.problems[0].outcome == "rejected"


@pytest.mark.parametrize("text", ["31/12/9999", "9999-12-31 23:59:59", "99991231", "12/31/9999"])
def test_the_last_day_there_is_is_a_default(text):
    assert reasons(read(text).step) == {("default_date", 0)}


def test_eight_figures_are_a_date_that_spans_its_day():
    moments = read("20250905")
    assert str(moments.earliest[0]) == "2025-09-04 23:00:00+00:00"
    assert str(moments.latest[0]) == "2025-09-05 22:59:59+00:00"


@pytest.mark.parametrize(
    "text", ["20251305", "Someday 5 Sep 2025", "28/07/2022 2260", "5 Sep 2025 22:30 EST"]
)
def test_what_looks_like_these_spellings_and_is_not(text):
    assert reasons(read(text).step) == {("bad_moment", 0)}


def test_the_explanation_shows_the_value():
    (found,) = read("yesterday").step.problems
    assert found.explanation[0] == "The start 'yesterday' is not a date or time that can be read."


def test_a_blank_that_is_not_needed_is_no_problem():
    moments = read("", needed=False)
    assert not moments.step.problems
    assert moments.earliest.isna().all()


def test_month_first_is_refused_until_told():
    texts = ("01/28/2022 10:00", "01/29/2022 10:00", "01/30/2022 10:00", "03/04/2022 10:00")
    with pytest.raises(SchemaError, match=r'month first.*date_order "mdy"'):
        read(*texts)
    moments = read(*texts, order="mdy")
    assert moments.earliest.dt.strftime("%m-%d").tolist() == ["01-28", "01-29", "01-30", "03-04"]


def test_one_slip_does_not_make_a_column_month_first():
    moments = read("28/01/2022 10:00", "01/28/2022 10:00")
    assert reasons(moments.step) == {("bad_moment", 1)}


def test_a_month_spans_from_its_first_to_its_last_local_second():
    months = read_months(pd.Series(["2019-10", "2018-01"], dtype="str"), CLOCK, name="month")
    assert months.earliest.tolist() == [
        pd.Timestamp("2019-09-30 23:00", tz="UTC"),
        pd.Timestamp("2018-01-01", tz="UTC"),
    ]
    assert months.latest.tolist() == [
        pd.Timestamp("2019-10-31 23:59:59", tz="UTC"),
        pd.Timestamp("2018-01-31 23:59:59", tz="UTC"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"), [("2018-13", "bad_moment"), ("", "no_moment"), ("2099-01", "future_date")]
)
def test_what_is_not_a_month_is_rejected(text, reason):
    months = read_months(pd.Series([text], dtype="str"), CLOCK, name="month")
    assert reasons(months.step) == {(reason, 0)}


def test_a_blank_end_is_the_start():
    step = span(read("2022-01-28 23:40"), read("", needed=False), pd.Series([""], dtype="str"))
    assert step.columns["occurred_to"][0] == step.columns["occurred_from"][0]


def test_an_end_before_the_start_is_rejected():
    end = "2022-01-28 22:40"
    step = span(read("2022-01-28 23:40"), read(end), pd.Series([end], dtype="str"))
    assert reasons(step) == {("end_before_start", 0)}
    assert "22:40" in step.problems[0].explanation[0]


def test_an_end_in_the_hour_that_happened_twice_is_not_before_the_start():
    end = "2022-10-30 01:10"
    step = span(read("2022-10-30 01:50"), read(end), pd.Series([end], dtype="str"))
    assert not step.problems
    assert step.columns["occurred_to"][0] == pd.Timestamp("2022-10-30 01:10", tz="UTC")


def test_times_that_look_like_a_default_are_said():
    texts = ["2022-01-28 00:00"] * 12 + [f"2022-01-28 21:{minute:02d}" for minute in range(40)]
    assert read(*texts).step.notes == (
        "12 of 52 times in start are exactly 00:00: perhaps a default and not a time.",
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(pd.Timestamp("2001-01-01"), pd.Timestamp("2026-01-01")), min_size=1, max_size=20)
)
def test_what_is_written_in_utc_comes_back(moments):
    texts = [f"{one:%Y-%m-%d %H:%M:%S}Z" for one in moments]
    back = read(*texts).earliest
    assert [f"{one:%Y-%m-%d %H:%M:%S}Z" for one in back] == texts


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="0123456789/-: TZapmJan.+", max_size=20), min_size=1, max_size=8))
def test_no_text_makes_it_fall_over(texts):
    texts = [text.strip() for text in texts]
    try:
        moments = read(*texts)
    except SchemaError:
        return
    hurt = {spot for _, spot in reasons(moments.step)}
    assert all(moments.earliest.notna()[spot] for spot in range(len(texts)) if spot not in hurt)
    assert (moments.earliest <= moments.latest)[moments.earliest.notna()].all()
