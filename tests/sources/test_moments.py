import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import SchemaError
from safespace.sources.moments import (
    Clock,
    _local,
    _plainly,
    read_moments,
    read_months,
    refuse_ambiguous,
    span,
)
from safespace.sources.texts import arrow

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
CLOCK = Clock("Europe/London", AS_OF)


def read(*texts, order=None, needed=True):
    clock = Clock("Europe/London", AS_OF, order)
    return read_moments(pd.Series(texts, dtype="str"), clock, name="start", needed=needed)


def texts_of(*texts):
    return arrow(pd.Series(texts, dtype="str"))


def said(step):
    """Return every explanation with its reason and its row."""
    return [(one.reason, spot, text) for one in step.problems for spot, text in one.explanation.items()]


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


def by_patterns(texts, order=None):
    local = _local(texts, order=order, name="start")
    return local.at.tolist()


# the two commonest spellings, at every edge of every part: they are read from their bytes
PLAIN = [
    ("2022-01-28 23:40", None, "2022-01-28T23:40"),
    ("2022/01/28T23:40:59", None, "2022-01-28T23:40:59"),
    ("2022.09.29 09:59", None, "2022-09-29T09:59"),
    ("1999-10-31 00:00:00", None, "1999-10-31T00:00"),
    ("1800-01-01 00:00", None, "1800-01-01T00:00"),
    ("2199-12-31 23:59:59", None, "2199-12-31T23:59:59"),
    ("28/01/2022 23:40", None, "2022-01-28T23:40"),
    ("28-01-2022T23:40:59", None, "2022-01-28T23:40:59"),
    ("29.09.1999 09:59:09", None, "1999-09-29T09:59:09"),
    ("31 12 2022 19:19", None, "2022-12-31T19:19"),
    ("01/12/2022 10:00", "dmy", "2022-12-01T10:00"),
    ("01/12/2022 10:00", "mdy", "2022-01-12T10:00"),
    ("12/31/2022 10:00:01", "mdy", "2022-12-31T10:00:01"),
    ("2022-01-12 10:00", "mdy", "2022-01-12T10:00"),
]


@pytest.mark.parametrize(("text", "order", "at"), PLAIN)
def test_plain_spellings_are_read_from_their_bytes_and_alike_by_patterns(text, order, at):
    plain, known = _plainly(texts_of(text), order)
    assert known.tolist() == [True]
    assert plain.tolist() == by_patterns(texts_of(text), order) == [np.datetime64(at, "s").item()]


def test_plain_spellings_are_read_among_others_and_from_part_of_a_column():
    mixed = texts_of(
        "5 Sep 2025 22:30", *(text for text, order, _ in PLAIN if order is None), "", "yesterday"
    )
    expected = [None, *(np.datetime64(at, "s") for _, order, at in PLAIN if order is None), None, None]
    for begin, end in ((0, len(mixed)), (1, 3), (4, 9), (8, len(mixed))):
        at, known = _plainly(mixed.slice(begin, end - begin), None)
        assert known.tolist() == [one is not None for one in expected[begin:end]]
        assert [one for one in at.tolist() if one] == [
            one.item() for one in expected[begin:end] if one is not None
        ]
        assert np.isnat(at[~known]).all()
    alike = texts_of("28/01/2022 23:40", "29/01/2022 23:41", "30/01/2022 23:42").slice(1)
    at, known = _plainly(alike, None)
    assert known.all()
    assert at.tolist() == [np.datetime64(f"2022-01-{day}").item() for day in ("29T23:41:00", "30T23:42:00")]


@pytest.mark.parametrize("text", ["2022-01-28 23:40:59", "28/01/2022 23:40:59", "2022-01-28 23:40"])
def test_no_other_byte_is_taken_for_one_of_a_plain_spelling(text):
    # before 0 and after 9, a letter, and what stands between other parts
    changes = [(spot, byte) for spot, was in enumerate(text) for byte in "/:x .-0T" if byte != was]
    for spot, byte in changes:
        changed = texts_of(text[:spot] + byte + text[spot + 1 :])
        (at,), (known,) = _plainly(changed, None)
        if known:
            assert byte in ("0", *(" T" if spot == 10 else "-/. "))
            assert [at.item()] == by_patterns(changed)
        else:
            assert np.isnat(at)


@pytest.mark.parametrize(
    "text",
    [
        "2022-01-28 24:00",
        "2022-01-28 23:60",
        "2022-01-28 23:59:60",
        "2022-00-28 10:00",
        "2022-13-28 10:00",
        "2022-01-00 10:00",
        "2022-01-32 10:00",
        "2022-02-29 10:00",
        "2022-04-31 10:00",
        "1799-12-31 10:00",
        "2200-01-01 10:00",
        "2022 01 28 10:00",
        "28/13/2022 10:00",
        "28/01/2022 10.00",
        "28/01/2022 10:0Z",
        "28/01/22 10:00pm",
        "2022-01-28T10:00Z",
    ],
)
def test_what_is_not_plain_is_left_to_the_patterns(text):
    at, known = _plainly(texts_of("28/01/2022 23:40", text), None)
    assert known.tolist() == [True, False]
    assert np.isnat(at[1])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-07-28T10:00-05:30", "2022-07-28 15:30"),
        ("2022-07-28T10:00+05:30", "2022-07-28 04:30"),
        ("2022-07-28T10:00-0145", "2022-07-28 11:45"),
        ("2022-07-28T10:00-03", "2022-07-28 13:00"),
        ("28/01/00 10:00", "2000-01-28 10:00"),
        ("28/01/2022 12:00 pm", "2022-01-28 12:00"),
        ("28/01/2022 12:59:59 am", "2022-01-28 00:59:59"),
        ("28/01/2022 1:00 AM", "2022-01-28 01:00"),
        ("28/01/2022 11:59 pm", "2022-01-28 23:59"),
        ("28/01/2022 23:40:30.75", "2022-01-28 23:40:30"),
        ("1 Jan 2022 00:00", "2022-01-01 00:00"),
        ("31 December 2022 23:59", "2022-12-31 23:59"),
        ("28 FEB 2022 10:00", "2022-02-28 10:00"),
        ("Saturday 29 Jan 2022 10:00", "2022-01-29 10:00"),
        ("44562", "2022-01-01 00:00"),  # a day number is a moment, midnight
        ("44562.5", "2022-01-01 12:00"),
        ("44562.99966", "2022-01-02 00:00"),  # 23:59:31, to the nearest minute
        ("44562.00034", "2022-01-01 00:00"),
        ("01/01/2000 00:00", "2000-01-01 00:00"),  # the first that is not too old
    ],
)
def test_other_spellings_at_their_edges(text, utc):
    moments = read(text)
    assert moments.earliest[0] == moments.latest[0] == pd.Timestamp(utc, tz="UTC")
    assert not moments.step.problems


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu"])
def test_the_clocks_zone_is_honoured_on_quiet_days_and_others(zone):
    """Every half hour of a day, and of the two on which London changes its clocks, as pandas has it."""
    for day in ("2022-07-28", "2022-03-27", "2022-10-30", "2022-03-13", "2022-11-06"):
        naive = pd.date_range(day, periods=48, freq="30min")
        moments = read_moments(
            pd.Series(naive.strftime("%Y-%m-%d %H:%M"), dtype="str"),
            Clock(zone, AS_OF),
            name="start",
            needed=True,
        )
        for earlier, read_as in ((True, moments.earliest), (False, moments.latest)):
            expected = naive.tz_localize(
                zone, ambiguous=np.full(48, earlier), nonexistent=pd.Timedelta(hours=1)
            ).tz_convert("UTC")
            assert read_as.tolist() == expected.tolist()
        gaps = naive.tz_localize(zone, ambiguous=np.ones(48, dtype=bool), nonexistent="NaT").isna()
        assert {spot for rule, spot, _ in rules(moments.step) if rule == "clock_gap"} == set(
            np.flatnonzero(gaps)
        )


def test_the_index_is_kept():
    texts = pd.Series(["2022-01-28 23:40", "", "soon", "44589"], index=[7, 3, 5, 1], dtype="str")
    moments = read_moments(texts, CLOCK, name="start", needed=True)
    assert moments.earliest.index.tolist() == moments.latest.index.tolist() == [7, 3, 5, 1]
    assert moments.earliest.isna().tolist() == moments.latest.isna().tolist() == [False, True, True, False]
    assert reasons(moments.step) == {("no_moment", 3), ("bad_moment", 5)}
    assert rules(moments.step) == {("excel_date", 1, "2022-01-28 00:00")}
    months = read_months(
        pd.Series(["2022-01", "", "soon"], index=[7, 3, 5], dtype="str"), CLOCK, name="month"
    )
    assert months.earliest.index.tolist() == months.latest.index.tolist() == [7, 3, 5]
    assert months.earliest.isna().tolist() == months.latest.isna().tolist() == [False, True, True]


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


@pytest.mark.parametrize(
    ("text", "reason", "sentence"),
    [
        ("", "no_moment", "The start is blank."),
        ("soon", "bad_moment", "The start 'soon' is not a date or time that can be read."),
        ("9999-12-31", "default_date", "The start '9999-12-31' is a system's default, not a date."),
        (
            "1901-12-31 23:59:59",
            "default_date",
            "The start '1901-12-31 23:59:59' is a system's default, not a date.",
        ),
        ("1902-01-01 00:00", "too_old", "The start '1902-01-01 00:00' is before the year 2000."),
        ("1999-12-31 23:59:59", "too_old", "The start '1999-12-31 23:59:59' is before the year 2000."),
        ("2026-11-02 00:00", "future_date", "The start '2026-11-02 00:00' is in the future."),
        (
            "28/01/0100 10:00",
            "bad_moment",
            "The start '28/01/0100 10:00' is not a date or time that can be read.",
        ),
        ("1 Jan 1800", "default_date", "The start '1 Jan 1800' is a system's default, not a date."),
        ("31 Dec 1799", "bad_moment", "The start '31 Dec 1799' is not a date or time that can be read."),
        ("31 Dec 2199", "future_date", "The start '31 Dec 2199' is in the future."),
        ("1 Jan 2200", "bad_moment", "The start '1 Jan 2200' is not a date or time that can be read."),
        ("28 Jxn 2022", "bad_moment", "The start '28 Jxn 2022' is not a date or time that can be read."),
        (
            "28/01/2022 0:30 am",
            "bad_moment",
            "The start '28/01/2022 0:30 am' is not a date or time that can be read.",
        ),
        (
            "2022-01-28 24:00:01",
            "bad_moment",
            "The start '2022-01-28 24:00:01' is not a date or time that can be read.",
        ),
        (
            "2022-01-28 23:59:60",
            "bad_moment",
            "The start '2022-01-28 23:59:60' is not a date or time that can be read.",
        ),
    ],
)
def test_every_rejection_in_full(text, reason, sentence):
    (only,) = (moments := read("2022-01-28 10:00", text)).step.problems
    assert (only.outcome, only.reason) == ("rejected", reason)
    assert said(moments.step) == [(reason, 1, sentence)]


def test_a_day_from_now_is_the_first_in_the_future():
    assert not read("2026-11-01 23:59:59").step.problems
    assert reasons(read("2026-11-02 00:00").step) == {("future_date", 0)}
    later = Clock("UTC", pd.Timestamp("2026-12-01 12:00", tz="Europe/London"))
    at = pd.Series(["2026-12-02 11:59:59", "2026-12-02 12:00"], dtype="str")
    assert reasons(read_moments(at, later, name="end", needed=True).step) == {("future_date", 1)}


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


def late(count):
    return [f"01/{day}/2022 10:00" for day in range(13, 13 + count)]


def early(count, first=14):
    return [f"{day}/01/2022 10:00" for day in range(first, first + count)]


@pytest.mark.parametrize(
    ("texts", "refused"),
    [
        (late(2), False),
        (late(3), True),
        (late(1) * 9, False),  # one date written nine times is one
        ([*late(2), "01/12/2022 10:00"], False),
        ([*late(3), *early(2)], True),
        ([*late(3), *early(3)], False),  # as many that only fit day first
        ([*late(4), *early(3)], True),
        ([*late(3), *early(3, first=13)], False),
        ([*late(3), *early(2), "12/05/2022 10:00"], True),
        ([*late(3), "5 Jan 2022", "6 Feb 2022", "7 Mar 2022"], True),
    ],
)
def test_when_a_column_is_month_first(texts, refused):
    if not refused:
        assert reasons(read(*texts).step) == {
            ("bad_moment", spot) for spot, text in enumerate(texts) if text in late(9)
        }
        return
    with pytest.raises(SchemaError) as caught:
        read(*texts)
    count = len({text for text in texts if text in late(9)})
    assert caught.value.code == "dates-look-month-first"
    assert str(caught.value) == (
        f"The dates in start look month first. Seen: {count} different dates with a day above 12 in second place. "
        'Give a mapping with date_order "mdy", or "dmy" if those dates are wrong.'
    )
    assert {face: caught.value.parts(face)["remedy"] for face in ("cli", "app")} == {
        "cli": 'Say so in a mapping file: date_order = "month", or "day" if those dates are wrong.',
        "app": "Choose month first, or day first if those dates are wrong.",
    }
    assert reasons(read(*texts, order="dmy").step) == {
        ("bad_moment", spot) for spot, text in enumerate(texts) if text in late(9)
    }
    assert {spot for _, spot in reasons(read(*texts, order="mdy").step)} == {
        spot for spot, text in enumerate(texts) if text in early(9, first=13)
    }


def ambiguous(**columns):
    return {name: (name.upper(), pd.Series(texts, dtype="str")) for name, texts in columns.items()}


@pytest.mark.parametrize(
    "columns",
    [
        ambiguous(start=["03/04/2022 10:00", "13/04/2022"]),
        ambiguous(start=["03/04/2022 10:00", "04/13/2022"]),
        ambiguous(start=["03/04/2022 10:00"], end=["31/01/2022"]),  # columns of one file are written alike
        ambiguous(start=["03/03/2022", "12/12/22"]),  # the same day either way
        ambiguous(start=["2022-03-04", "4 Mar 2022", ""]),
        ambiguous(start=[]),
        ambiguous(start=["03/04/2022"] * 10_001 + ["28-01-2022"]),
        {},
    ],
)
def test_dates_that_settle_their_order_or_need_none_are_not_refused(columns):
    refuse_ambiguous(columns)


def test_dates_that_fit_both_orders_are_refused_in_full():
    columns = ambiguous(
        start=["05/05/2022", "03/04/2022 10:00", "01/02/2022"],
        note=["2022-01-01"],
        end=["12.1.22", "", "soon"],
    )
    with pytest.raises(SchemaError) as caught:
        refuse_ambiguous(columns)
    assert str(caught.value) == (
        "The dates in START, END fit both day first and month first. "
        "Seen: 03/04/2022 10:00, which can be 3 Apr or 4 Mar. "
        'Give a mapping with date_order "dmy" or "mdy".'
    )
    assert caught.value.code == "dates-fit-both-orders"
    assert {face: caught.value.parts(face)["remedy"] for face in ("cli", "app")} == {
        "cli": 'Say which in a mapping file: date_order = "day", or date_order = "month".',
        "app": "Choose how the dates are written.",
    }


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


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2018-01", "2018-01-01"),
        ("2018/12", "2018-12-01"),
        ("2018-1", "2018-01-01"),
        ("2018-01-15", "2018-01-01"),
    ],
)
def test_spellings_of_a_month(text, first):
    months = read_months(pd.Series([text], dtype="str"), CLOCK, name="month")
    assert months.earliest[0] == pd.Timestamp(first, tz="UTC")
    assert not months.step.problems


def test_a_month_that_starts_or_ends_in_an_hour_that_passes_twice_holds_all_of_it():
    # in Havana clocks went back from 01:00 to midnight on 1 November 2020
    months = read_months(pd.Series(["2020-11"], dtype="str"), Clock("America/Havana", AS_OF), name="month")
    assert months.earliest[0] == pd.Timestamp("2020-11-01 04:00", tz="UTC")  # the first of two midnights
    assert months.latest[0] == pd.Timestamp("2020-12-01 04:59:59", tz="UTC")


def test_rejected_months_in_full():
    texts = pd.Series(["2018-13", "", "2099-01", "1999-12", "1900-01", "01-2018"], dtype="str")
    months = read_months(texts, CLOCK, name="month")
    assert sorted(said(months.step), key=lambda one: one[1]) == [
        ("bad_moment", 0, "The month '2018-13' is not a date or time that can be read."),
        ("no_moment", 1, "The month is blank."),
        ("future_date", 2, "The month '2099-01' is in the future."),
        ("too_old", 3, "The month '1999-12' is before the year 2000."),
        ("default_date", 4, "The month '1900-01' is a system's default, not a date."),
        ("bad_moment", 5, "The month '01-2018' is not a date or time that can be read."),
    ]


def test_a_span_carries_what_both_its_ends_met():
    round_times = ["2022-01-28 00:00"] * 12
    ends = ["2022-01-28 24:00", *["2022-01-28 12:00"] * 10, "2022-01-27 10:00"]
    start, end = read(*round_times[:-1], "44589"), read(*ends)
    step = span(start, end, pd.Series(ends, dtype="str"))
    assert said(step) == [("end_before_start", 11, "The end '2022-01-27 10:00' is before the start.")]
    assert step.problems[-1].outcome == "rejected"
    assert {one.rule for one in step.repairs} == {"excel_date", "24:00"}
    assert step.notes == (
        "12 of 12 times in start are exactly 00:00: perhaps a default and not a time.",
        "10 of 11 times in start are exactly 12:00: perhaps a default and not a time.",
    )
    assert list(step.columns) == ["occurred_from", "occurred_to"]
    wrong = span(read("soon"), read("later"), pd.Series(["later"], dtype="str"))
    assert reasons(wrong) == {("bad_moment", 0)}
    assert len(wrong.problems) == 2


def test_an_end_at_the_start_is_not_before_it():
    at = "2022-01-28 23:40"
    assert not span(read(at), read(at), pd.Series([at], dtype="str")).problems


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


@pytest.mark.parametrize(
    ("clock", "count", "others", "noted"),
    [
        ("00:00", 9, 0, False),
        ("00:00", 10, 0, True),
        ("00:00", 10, 189, True),  # 10 of 199 is more than a twentieth
        ("00:00", 10, 190, False),
        ("00:01", 10, 0, True),
        ("12:00", 11, 50, True),
        ("12:01", 50, 0, False),
        ("00:02", 50, 0, False),
    ],
)
def test_how_many_times_look_like_a_default(clock, count, others, noted):
    times = [f"2022-01-28 {21 + spot // 60}:{spot % 60:02d}" for spot in range(150)]
    texts = [f"2022-01-28 {clock}"] * count + (times * 2)[:others]
    # days without a time, the day's end and what cannot be read are no times
    found = read(*texts, *["2022-01-29"] * 20, *["soon"] * 20, *["2022-01-28 24:00"] * 20).step.notes
    total = count + others
    assert found == (
        (f"{count} of {total} times in start are exactly {clock}: perhaps a default and not a time.",)
        if noted
        else ()
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
