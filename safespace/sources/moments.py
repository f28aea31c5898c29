"""Dates and times as text, to moments in UTC, whatever a spreadsheet did to them.

Local times at the two clock changes are handled on purpose: a time that does not exist (01:30 on the last
Sunday of March) is moved an hour on and shown as a repair; a time that happened twice (01:30 on the last
Sunday of October) keeps both readings, so its interval is an hour longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.errors import Remedy, SchemaError
from safespace.sources.outcomes import Problem, Repair, Step, problem
from safespace.sources.texts import arrow, encode, is_blank, matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.sources.mapping import DateOrder

    Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
    Times: TypeAlias = np.ndarray[Any, np.dtype[np.datetime64]]

Edge: TypeAlias = Literal["from", "to"]

_TIME = r"(?:(?:,?\s+|T)(?P<H>\d{1,2})[:.]?(?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:\.\d+)?)?\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?$"
_YEAR_FIRST = r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME
_YEAR_LAST = r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2}|[A-Za-z]{3,9})[-/. ](?P<y>\d{4}|\d{2})" + _TIME
_NUMBER = "(?:0?[1-9]|1[0-2])"
_EITHER = rf"^{_NUMBER}[-/. ]{_NUMBER}[-/. ](?:\d{{4}}|\d{{2}})(?:[^0-9]|$)"
_SETTLED = r"^(?:(?:1[3-9]|2\d|3[01])[-/. ]\d{1,2}|\d{1,2}[-/. ](?:1[3-9]|2\d|3[01]))[-/. ](?:\d{4}|\d{2})(?:[^0-9]|$)"
# a weekday in front says nothing new; a clock's name stands for its offset; eight figures are a date
_RESPELLED = (
    (r"(?i)^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,? +", ""),
    (r"(?i)(\d|[ap]m) *BST$", r"\1+01:00"),
    (r"(?i)(\d|[ap]m) *(?:GMT|UTC)$", r"\1Z"),
    (r"^(\d{4})(\d{2})(\d{2})($|[ T])", r"\1-\2-\3\4"),
)
# the last day there is, which systems write for "no end"
_LAST_DAY = r"^9999(?:[-/.]12[-/.]31|1231)|^(?:31[-/. ]12|12[-/. ]31)[-/. ]9999"
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
# months written as words are kept apart from numbers, which have two digits at most
_NAMED = 100
_BETWEEN = np.frombuffer(b"-/.", dtype=np.uint8)
_BETWEEN_LATE = np.frombuffer(b"-/. ", dtype=np.uint8)
_NEVER = np.datetime64("NaT", "s")
_SECOND = np.timedelta64(1, "s")
_DAY = np.timedelta64(1, "D")
_ENOUGH_MONTH_FIRST = 3
_FIRST_YEAR = 2000
_FIRST = np.datetime64(f"{_FIRST_YEAR}-01-01", "s")
_AFTER_DEFAULTS = np.datetime64("1902-01-01", "s")
_DEFAULT_MINUTES = (0, 1, 720)
_ENOUGH_DEFAULTS = 10
_DEFAULT_SHARE = 0.05


@dataclass(frozen=True)
class Clock:
    """How a file's moments are read.

    Parameters
    ----------
    zone
        Time zone of times that do not say theirs.
    as_of
        Moments a day or more after this are in the future.
    order
        ``dmy`` or ``mdy``; None reads day first, and refuses a column that is plainly month first.
    """

    zone: str
    as_of: pd.Timestamp
    order: DateOrder | None = None


@dataclass(frozen=True)
class Moments:
    """A column of moments: the earliest and the latest each can be (UTC), and what was met on the way."""

    earliest: pd.Series
    latest: pd.Series
    step: Step


@dataclass(frozen=True)
class _Local:
    """Texts as local wall time, with flags, each shape (n,)."""

    at: Times
    offset_s: Numbers
    day_only: Flags
    bad: Flags
    twenty_four: Flags
    serial: Flags


def read_moments(values: pd.Series, clock: Clock, *, name: str, needed: bool) -> Moments:
    """Read a column of dates with or without times.

    Parameters
    ----------
    values
        Trimmed text. Year-first (``2022-01-28 23:40``, ``20220128``), day-first (``28/01/2022 23:40``,
        ``Fri 28 Jan 2022 23.40``) and Excel day numbers are understood; a time zone at the end (``Z``,
        ``+01:00``, ``BST``, ``GMT``) is obeyed.
    clock
        Time zone, date order and the present.
    name
        The column's name, for messages.
    needed
        Whether a blank is a problem.

    Returns
    -------
    Moments
        Earliest and latest moment; NaT where blank or not usable. A date without a time spans its day.

    Raises
    ------
    SchemaError
        When dates in the column are month first and nothing said so.
    """
    texts = arrow(values)
    local = _rows(texts, order=clock.order, name=name)
    first, last, gap = _utc(local, clock.zone)
    blank = is_blank(texts)
    bad = local.bad & ~blank
    at, usable = _column(first, values.index), ~(bad | blank)
    rules = {"24:00": local.twenty_four, "excel_date": local.serial, "clock_gap": gap}
    step = Step(
        problems=_problems(values, first, bad, blank, name=name, as_of=clock.as_of, needed=needed),
        repairs=_repairs(values, at, rules, clock.zone),
        notes=_round_times(local, name),
    )
    return Moments(
        _column(np.where(usable, first, _NEVER), values.index),
        _column(np.where(usable, last, _NEVER), values.index),
        step,
    )


def refuse_ambiguous(columns: Mapping[str, tuple[str, pd.Series]]) -> None:
    """Raise when dates fit both day first and month first everywhere, and nothing settles which.

    Parameters
    ----------
    columns
        Our column name to the file's header and its trimmed text. Columns of one file are written alike,
        so one date that fits only one way settles all of them.

    Raises
    ------
    SchemaError
        Naming the columns, two readings of a date that was seen, and the line to put in a mapping.
    """
    seen: dict[str, str] = {}
    texts = {header: arrow(values) for header, values in columns.values()}
    if any(_is_settled(held) for held in texts.values()):
        return
    for header, held in texts.items():
        perhaps = pc.unique(held.filter(pa.array(matches(held, _EITHER))))
        either = [text for text in perhaps.to_pylist() if _differs(text)]
        if either:
            seen[header] = either[0]
    if seen:
        header, text = next(iter(seen.items()))
        raise SchemaError(
            f"The dates in {', '.join(seen)} fit both day first and month first.",
            code="dates-fit-both-orders",
            seen=f"{text}, which can be {_spoken(text, 'dmy')} or {_spoken(text, 'mdy')}",
            remedy=Remedy(
                cli='Say which in a mapping file: date_order = "day", or date_order = "month".',
                app="Choose how the dates are written.",
                library='Give a mapping with date_order "dmy" or "mdy".',
            ),
        )


def _is_settled(texts: pa.Array) -> bool:
    few = texts.slice(0, 10_000)  # nearly always enough
    return bool(matches(few, _SETTLED).any() or matches(texts, _SETTLED).any())


def _differs(text: str) -> bool:
    first, second = re.split("[-/. ]", text)[:2]
    return int(first) != int(second)


def _spoken(text: str, order: DateOrder) -> str:
    first, second = map(int, re.split("[-/. ]", text)[:2])
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{day} {list(_MONTHS)[month - 1].capitalize()}"


def read_months(values: pd.Series, clock: Clock, *, name: str) -> Moments:
    """Read a column of months (``2018-01``), each spanning from its first to its last second.

    Parameters
    ----------
    values, clock, name
        As in :func:`read_moments`.
    """
    codes, distinct = encode(values)
    parts = _parts(pa.array(distinct, type=pa.string()), r"^(?P<y>\d{4})[-/](?P<m>\d{1,2})(?:[-/]\d{1,2})?$")
    start, valid = _date(parts["y"], parts["m"], np.ones(len(distinct)))
    end = np.asarray((start.astype("M8[M]") + 1).astype("M8[s]") - _SECOND, dtype="M8[s]")
    first = _localise(start.astype("M8[s]"), clock.zone, early=True)
    last = _localise(end, clock.zone, early=False)
    blank = is_blank(values)
    bad, usable = ~valid[codes] & ~blank, valid[codes] & ~blank
    problems = _problems(values, first[codes], bad, blank, name=name, as_of=clock.as_of, needed=True)
    return Moments(
        _column(np.where(usable, first[codes], _NEVER), values.index),
        _column(np.where(usable, last[codes], _NEVER), values.index),
        Step(problems=problems),
    )


def span(start: Moments, end: Moments, texts: pd.Series) -> Step:
    """Join a start and an end; where the end is blank the start stands for both.

    Parameters
    ----------
    start, end
        From :func:`read_moments`.
    texts
        The end as text, for the message.

    Returns
    -------
    Step
        ``occurred_from`` and ``occurred_to``, and every problem and repair of both.
    """
    until = end.latest.where(end.latest.notna(), start.latest)
    wrong = (until < start.earliest) & end.latest.notna() & start.earliest.notna()
    problems = (problem("rejected", "end_before_start", wrong, "The end {!r} is before the start.", texts),)
    return Step(
        {"occurred_from": start.earliest, "occurred_to": until},
        start.step.problems + end.step.problems + (problems if wrong.any() else ()),
        start.step.repairs + end.step.repairs,
        start.step.notes + end.step.notes,
    )


def _column(at: Times, index: pd.Index) -> pd.Series:
    return pd.Series(pd.DatetimeIndex(at.astype("M8[us]")).tz_localize("UTC"), index=index)


def _rows(texts: pa.Array, *, order: DateOrder | None, name: str) -> _Local:
    """Read every cell: the commonest spellings digit by digit, each other distinct text by patterns."""
    at, plainly = _plainly(texts, order)
    codes, distinct = encode(texts.filter(pa.array(~plainly)))
    others = pa.array(distinct, type=pa.string())
    try:
        local = _local(others, order=order, name=name)
    except SchemaError:
        # month-first dates are weighed against all the dates there are
        codes, distinct = encode(texts)
        plainly[:] = False
        local = _local(pa.array(distinct, type=pa.string()), order=order, name=name)
    return _spread(local, codes, at, plainly)


def _spread(local: _Local, codes: Any, at: Times, plainly: Flags) -> _Local:
    def over(values: Any, instead: Any) -> Any:
        whole = np.full(len(plainly), instead, dtype=values.dtype)
        whole[spots] = values[codes]
        return whole

    spots = np.flatnonzero(~plainly)
    return _Local(
        np.where(plainly, at, over(local.at, _NEVER)),
        over(local.offset_s, np.nan),
        *(over(flags, False) for flags in (local.day_only, local.bad, local.twenty_four, local.serial)),
    )


def _plainly(texts: pa.Array, order: DateOrder | None) -> tuple[Times, Flags]:
    """Read ``28/01/2022 23:40`` and ``2022-01-28 23:40``, with or without seconds, from their bytes."""
    at, good = np.full(len(texts), _NEVER), np.zeros(len(texts), dtype=bool)
    sizes = np.asarray(pc.binary_length(texts))
    for width in (16, 19):
        spots = np.flatnonzero(sizes == width)
        if len(spots):
            held = texts if len(spots) == len(texts) else texts.take(pa.array(spots))
            seconds, fits = _from_bytes(_byte_columns(held, width), order)
            at[spots], good[spots] = seconds.astype("M8[s]"), fits
    at[~good] = _NEVER
    return at, good


def _byte_columns(texts: pa.Array, width: int) -> Any:
    _, offsets, content = texts.buffers()
    start = np.frombuffer(offsets, dtype=np.int64)[texts.offset]
    block = np.frombuffer(content, dtype=np.uint8, count=len(texts) * width, offset=start)
    return np.ascontiguousarray(block.reshape(-1, width).T)


def _from_bytes(column: Any, order: DateOrder | None) -> tuple[Any, Flags]:
    digit = column - ord("0")  # bytes wrap round, so what is no digit is above nine
    year_first = np.isin(column[4], _BETWEEN)
    fits = (column[10] == ord(" ")) | (column[10] == ord("T"))
    year, month, day = (
        np.where(year_first, one, other)
        for one, other in zip(
            (_read(digit, 0, 4), _read(digit, 5, 2), _read(digit, 8, 2)),
            (_read(digit, 6, 4), *_in_order(_read(digit, 3, 2), _read(digit, 0, 2), order)),
            strict=True,
        )
    )
    for spots, where in (((4, 7), year_first), ((2, 5), ~year_first)):
        for spot in range(10):
            apart = np.isin(column[spot], _BETWEEN_LATE if spots[0] == 2 else _BETWEEN)
            fits &= (apart if spot in spots else digit[spot] <= 9) | ~where
    clock = [(11, 23), (14, 59), *([(17, 59)] if len(column) == 19 else [])]
    seconds = np.zeros(column.shape[1], dtype=np.int64)
    for (spot, most), weight in zip(clock, (3600, 60, 1), strict=False):
        part = _read(digit, spot, 2)
        fits &= (digit[spot] <= 9) & (digit[spot + 1] <= 9) & (part <= most)
        fits &= (spot == 11) | (column[spot - 1] == ord(":"))
        seconds += part * weight
    days, valid = _days(year, month, day)
    return days * 86_400 + seconds, fits & valid


def _read(digit: Any, spot: int, count: int) -> Any:
    value = digit[spot].astype(np.int64)
    for more in range(spot + 1, spot + count):
        value = value * 10 + digit[more]
    return value


def _in_order(second: Any, first: Any, order: DateOrder | None) -> tuple[Any, Any]:
    return (first, second) if order == "mdy" else (second, first)


def _days(year: Any, month: Any, day: Any) -> tuple[Any, Flags]:
    """Return the day number of each date; there are far fewer dates than rows."""
    inside = (year >= 1800) & (year < 2200) & (month <= 12) & (day <= 31)
    key = np.where(inside, ((year - 1800) * 13 + month) * 32 + day, 0)
    there = np.flatnonzero(np.bincount(key))
    found, valid = _date(
        *(part.astype(np.float64) for part in (there // 416 + 1800, there // 32 % 13, there % 32))
    )
    number, good = np.zeros(there[-1] + 1, dtype=np.int64), np.zeros(there[-1] + 1, dtype=bool)
    number[there], good[there] = np.where(valid, found.astype(np.int64), 0), valid
    return number[key], good[key] & inside


def _local(texts: pa.Array, *, order: DateOrder | None, name: str) -> _Local:
    for pattern, instead in _RESPELLED:
        texts = pc.replace_substring_regex(texts, pattern, instead)
    first, last = _parts(texts, _YEAR_FIRST), _parts(texts, _YEAR_LAST)
    day, month = _day_and_month(last, order, name)
    is_first = ~np.isnan(first["y"])
    part = {key: np.where(is_first, first[key], last[key]) for key in ("H", "M", "S", "half", "zone")}
    year = np.where(is_first, first["y"], np.where(last["y"] < 100, last["y"] + 2000, last["y"]))
    date, valid = _date(year, np.where(is_first, first["m"], month), np.where(is_first, first["d"], day))
    seconds, good, twenty_four = _time_of_day(part)
    serial, at_serial = _serials(texts)
    at = np.where(serial, at_serial, date.astype("M8[s]") + seconds.astype("m8[s]"))
    bad = ~(valid & good) & ~serial
    return _Local(
        np.where(bad, np.datetime64("NaT"), at).astype("M8[s]"),
        part["zone"],
        np.isnan(part["H"]) & ~serial & ~bad,
        bad,
        twenty_four & ~bad,
        serial,
    )


def _parts(texts: pa.Array, pattern: str) -> dict[str, Numbers]:
    """Return each named group as numbers, NaN where the pattern or the group is not there."""
    found = pc.extract_regex(texts, pattern)
    parts = {}
    for group in found.type:
        coded = pc.fill_null(pc.struct_field(found, group.name), "").dictionary_encode()
        figures = [_figure(word, group.name) for word in coded.dictionary.to_pylist()]
        parts[group.name] = np.array(figures, dtype=np.float64)[np.asarray(coded.indices)]
    return parts


def _figure(word: str, group: str) -> float:
    if word == "":
        return np.nan
    if group == "zone":
        return _offset(word)
    if group == "half":
        return float(word.casefold() == "pm")
    if word.isdigit():
        return float(word)
    return float(_NAMED + _MONTHS.get(word[:3].casefold(), 0))


def _day_and_month(last: dict[str, Numbers], order: DateOrder | None, name: str) -> tuple[Numbers, Numbers]:
    first, second = last["a"], last["b"]
    named = second >= _NAMED
    late = (second > 12) & ~named
    if order is None and late.sum() >= max(_ENOUGH_MONTH_FIRST, (first > 12).sum() + 1):
        raise SchemaError(
            f"The dates in {name} look month first.",
            code="dates-look-month-first",
            seen=f"{late.sum():,} different dates with a day above 12 in second place",
            remedy=Remedy(
                cli='Say so in a mapping file: date_order = "month", or "day" if those dates are wrong.',
                app="Choose month first, or day first if those dates are wrong.",
                library='Give a mapping with date_order "mdy", or "dmy" if those dates are wrong.',
            ),
        )
    turn = ~named & (order == "mdy")
    return np.where(turn, second, first), np.where(named, second - _NAMED, np.where(turn, first, second))


def _date(year: Numbers, month: Numbers, day: Numbers) -> tuple[Times, Flags]:
    valid = (year >= 1800) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    y, m, d = (
        np.where(valid, part, instead).astype(np.int64)
        for part, instead in ((year, 1970), (month, 1), (day, 1))
    )
    months = (y - 1970).astype("M8[Y]").astype("M8[M]") + (m - 1)
    date = months.astype("M8[D]") + (d - 1)
    valid &= date.astype("M8[M]") == months
    return np.where(valid, date, np.datetime64("NaT")).astype("M8[D]"), valid


def _time_of_day(part: dict[str, Numbers]) -> tuple[Any, Flags, Flags]:
    hour, minute, second = (np.nan_to_num(part[key]) for key in ("H", "M", "S"))
    halved = ~np.isnan(part["half"])
    good = (minute < 60) & (second < 60) & (~halved | ((hour >= 1) & (hour <= 12)))
    hour = np.where(halved, hour % 12 + 12 * np.nan_to_num(part["half"]), hour)
    twenty_four = (hour == 24) & (minute == 0) & (second == 0)
    good &= (hour < 24) | twenty_four
    return (hour * 3600 + minute * 60 + second).astype(np.int64), good, twenty_four & good


def _serials(texts: pa.Array) -> tuple[Flags, Times]:
    serial = np.asarray(pc.match_substring_regex(texts, _SERIAL), dtype=bool)
    days = np.zeros(len(serial))
    days[serial] = [float(text) for text in texts.filter(pa.array(serial)).to_pylist()]
    minutes = np.rint(days * 1440).astype(np.int64)
    # Excel counts days from 1899-12-30 for every date after February 1900
    return serial, np.datetime64("1899-12-30T00:00:00", "s") + minutes.astype("m8[m]")


def _offset(text: str) -> float:
    if text == "Z":
        return 0.0
    digits = text[1:].replace(":", "")
    return float((1 if text[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60))


def _utc(local: _Local, zone: str) -> tuple[Times, Times, Flags]:
    at = local.at
    end = np.where(local.day_only, at + _DAY - _SECOND, at).astype("M8[s]")
    shift, quiet = _quiet_days(at, zone)
    first, last, gap = at - shift, end - shift, np.zeros(len(end), dtype=bool)
    rest = np.flatnonzero(~(quiet & np.isnan(local.offset_s)))
    first[rest], last[rest], gap[rest] = _utc_by_clock(at[rest], end[rest], local.offset_s[rest], zone)
    return first, last, gap


def _quiet_days(at: Times, zone: str) -> tuple[Any, Flags]:
    """Return what local time is ahead of UTC, and whether that is so all day long.

    There are two days a year on which it is not, and only their times are looked up one by one.
    """
    day = at.astype("M8[D]").astype(np.int64)
    known = ~np.isnat(at)
    if not known.any():
        return np.zeros(len(at), dtype="m8[s]"), ~known
    low = day[known].min()
    spot = np.where(known, day - low, 0)
    there = np.flatnonzero(np.bincount(spot[known]))
    midnight = (there + low).astype("M8[D]").astype("M8[s]")
    begin, end = (at - _localise(at, zone, early=True) for at in (midnight, midnight + _DAY))
    ahead, quiet = np.zeros(there[-1] + 1, dtype="m8[s]"), np.zeros(there[-1] + 1, dtype=bool)
    ahead[there], quiet[there] = begin, begin == end
    return ahead[spot], quiet[spot] & known


def _utc_by_clock(at: Times, end: Times, offset_s: Numbers, zone: str) -> tuple[Times, Times, Flags]:
    told = ~np.isnan(offset_s)
    shift = np.nan_to_num(offset_s).astype(np.int64).astype("m8[s]")
    first, last = _localise(at, zone, early=True), _localise(end, zone, early=False)
    exists = pd.DatetimeIndex(at).tz_localize(
        zone, ambiguous=np.full(len(told), fill_value=True), nonexistent="NaT"
    )
    gap = np.asarray(exists.isna()) & ~np.isnat(at) & ~told
    return np.where(told, at - shift, first), np.where(told, end - shift, last), gap


def _localise(at: Times, zone: str, *, early: bool) -> Times:
    daylight = np.full(len(at), fill_value=early)
    there = pd.DatetimeIndex(at).tz_localize(zone, ambiguous=daylight, nonexistent=pd.Timedelta(hours=1))
    return there.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[s]")


def _problems(
    values: pd.Series,
    at: Times,
    bad: Flags,
    blank: Flags,
    *,
    name: str,
    as_of: pd.Timestamp,
    needed: bool,
) -> tuple[Problem, ...]:
    tomorrow = (as_of + pd.Timedelta(days=1)).tz_convert("UTC").tz_localize(None).to_datetime64()
    usable = ~bad & ~blank
    old = (at < _FIRST) & usable
    default = (at < _AFTER_DEFAULTS) & usable
    default |= bad & matches(arrow(values), _LAST_DAY) if bad.any() else False
    read = f"The {name} {{!r}} is "
    found = [
        ("bad_moment", bad & ~default, f"{read}not a date or time that can be read."),
        ("default_date", default, f"{read}a system's default, not a date."),
        ("too_old", old & ~default, f"{read}before the year {_FIRST_YEAR}."),
        ("future_date", (at >= tomorrow) & usable, f"{read}in the future."),
        *([("no_moment", blank, f"The {name} is blank.")] if needed else []),
    ]
    return tuple(
        problem("rejected", reason, pd.Series(where, index=values.index), sentence, values)
        for reason, where, sentence in found
        if where.any()
    )


def _round_times(local: _Local, name: str) -> tuple[str, ...]:
    # times that systems fill in by themselves; a real share above this would be a coincidence
    timed = ~(local.day_only | local.bad | local.twenty_four)
    second = local.at.view(np.int64) % 86_400
    total, told = int(timed.sum()), []
    for minutes in _DEFAULT_MINUTES:
        count = int(((second == minutes * 60) & timed).sum())
        if count >= _ENOUGH_DEFAULTS and count > _DEFAULT_SHARE * total:
            told.append(
                f"{count:,} of {total:,} times in {name} are exactly {minutes // 60:02d}:{minutes % 60:02d}: "
                "perhaps a default and not a time."
            )
    return tuple(told)


def _repairs(values: pd.Series, at: pd.Series, rules: dict[str, Flags], zone: str) -> tuple[Repair, ...]:
    repairs = []
    for rule, spots in rules.items():
        if spots.any():
            after = at[spots].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M")
            repairs.append(Repair(rule, values[spots], after))
    return tuple(repairs)
