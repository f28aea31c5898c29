"""Dates and times as text, to moments in UTC, whatever a spreadsheet did to them.

Local times at the two clock changes are handled on purpose: a time that does not exist (01:30 on the last
Sunday of March) is moved an hour on and shown as a repair; a time that happened twice (01:30 on the last
Sunday of October) keeps both readings, so its interval is an hour longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.errors import SchemaError
from safespace.schemas import MOMENT
from safespace.sources.outcomes import Problem, Repair, Step, problem

if TYPE_CHECKING:
    from safespace.sources.mapping import DateOrder

    Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
    Times: TypeAlias = np.ndarray[Any, np.dtype[np.datetime64]]

Edge: TypeAlias = Literal["from", "to"]

_TIME = r"(?:(?:,?\s+|T)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.\d+)?)?\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
_YEAR_FIRST = r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME
_YEAR_LAST = r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2}|[A-Za-z]{3,9})[-/. ](?P<y>\d{4}|\d{2})" + _TIME
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
# months written as words are kept apart from numbers, which have two digits at most
_NAMED = 100
_SECOND = np.timedelta64(1, "s")
_DAY = np.timedelta64(1, "D")
_ENOUGH_MONTH_FIRST = 3
_FIRST_YEAR = 2000
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
    """Distinct texts as local wall time, with flags, each shape (n,)."""

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
        Trimmed text. Year-first (``2022-01-28 23:40``), day-first (``28/01/2022 23:40``, ``28 Jan 2022``) and
        Excel day numbers are understood; a time zone at the end (``Z``, ``+01:00``) is obeyed.
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
    codes, distinct = pd.factorize(values)
    texts = pa.array(list(distinct), type=pa.string())
    local = _local(texts, order=clock.order, name=name)
    first, last, gap = _utc(local, clock.zone)
    blank = values == ""
    at = pd.Series(first[codes], index=values.index).dt.tz_localize("UTC").astype(MOMENT)
    to = pd.Series(last[codes], index=values.index).dt.tz_localize("UTC").astype(MOMENT)
    bad = pd.Series(local.bad[codes], index=values.index) & ~blank
    step = Step(
        problems=_problems(values, at, bad, blank, name=name, as_of=clock.as_of, needed=needed),
        repairs=_repairs(
            values,
            at,
            codes,
            {"24:00": local.twenty_four, "excel_date": local.serial, "clock_gap": gap},
            clock.zone,
        ),
        notes=_round_times(local, codes, name),
    )
    usable = ~(bad | blank)
    return Moments(at.where(usable), to.where(usable), step)


def read_months(values: pd.Series, clock: Clock, *, name: str) -> Moments:
    """Read a column of months (``2018-01``), each spanning from its first to its last second.

    Parameters
    ----------
    values, clock, name
        As in :func:`read_moments`.
    """
    codes, distinct = pd.factorize(values)
    texts = pa.array(list(distinct), type=pa.string())
    parts = _parts(texts, r"^(?P<y>\d{4})[-/](?P<m>\d{1,2})(?:[-/]\d{1,2})?$")
    start, valid = _date(parts["y"], parts["m"], np.ones(len(texts)))
    end = np.asarray((start.astype("M8[M]") + 1).astype("M8[s]") - _SECOND, dtype="M8[s]")
    first = _localise(start.astype("M8[s]"), clock.zone, early=True)
    last = _localise(end, clock.zone, early=False)
    blank = values == ""
    at = pd.Series(first[codes], index=values.index).dt.tz_localize("UTC").astype(MOMENT)
    to = pd.Series(last[codes], index=values.index).dt.tz_localize("UTC").astype(MOMENT)
    bad = pd.Series(~valid[codes], index=values.index) & ~blank
    problems = _problems(values, at, bad, blank, name=name, as_of=clock.as_of, needed=True)
    return Moments(at.where(~(bad | blank)), to.where(~(bad | blank)), Step(problems=problems))


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


def _local(texts: pa.Array, *, order: DateOrder | None, name: str) -> _Local:
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
            seen=f"{late.sum():,} different dates with a day above 12 in second place",
            remedy='Say so in a mapping file with date_order = "mdy", or "dmy" if those dates are wrong.',
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
    return float((1 if text[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60))


def _utc(local: _Local, zone: str) -> tuple[Times, Times, Flags]:
    told = ~np.isnan(local.offset_s)
    shift = np.nan_to_num(local.offset_s).astype(np.int64).astype("m8[s]")
    end = np.where(local.day_only, local.at + _DAY - _SECOND, local.at).astype("M8[s]")
    first, last = _localise(local.at, zone, early=True), _localise(end, zone, early=False)
    exists = pd.DatetimeIndex(local.at).tz_localize(
        zone, ambiguous=np.full(len(told), fill_value=True), nonexistent="NaT"
    )
    gap = np.asarray(exists.isna()) & ~np.isnat(local.at) & ~told
    return np.where(told, local.at - shift, first), np.where(told, end - shift, last), gap


def _localise(at: Times, zone: str, *, early: bool) -> Times:
    daylight = np.full(len(at), fill_value=early)
    there = pd.DatetimeIndex(at).tz_localize(zone, ambiguous=daylight, nonexistent=pd.Timedelta(hours=1))
    return there.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[s]")


def _problems(
    values: pd.Series,
    at: pd.Series,
    bad: pd.Series,
    blank: pd.Series,
    *,
    name: str,
    as_of: pd.Timestamp,
    needed: bool,
) -> tuple[Problem, ...]:
    year = at.dt.year
    old = (year < _FIRST_YEAR) & ~bad & ~blank
    default = old & (year <= 1901)
    future = (at >= as_of + pd.Timedelta(days=1)) & ~bad & ~blank
    found = [
        problem(
            "rejected",
            "bad_moment",
            bad,
            f"The {name} {{!r}} is not a date or time that can be read.",
            values,
        ),
        problem(
            "rejected",
            "default_date",
            default,
            f"The {name} {{!r}} is a system's default, not a date.",
            values,
        ),
        problem(
            "rejected",
            "too_old",
            old & ~default,
            f"The {name} {{!r}} is before the year {_FIRST_YEAR}.",
            values,
        ),
        problem("rejected", "future_date", future, f"The {name} {{!r}} is in the future.", values),
    ]
    if needed:
        found.append(problem("rejected", "no_moment", blank, f"The {name} is blank."))
    return tuple(one for one in found if len(one.explanation))


def _round_times(local: _Local, codes: Any, name: str) -> tuple[str, ...]:
    # times that systems fill in by themselves; a real share above this would be a coincidence
    at = local.at - local.at.astype("M8[D]")
    timed = ~(local.day_only | local.bad | local.twenty_four)[codes]
    told = []
    for minutes in _DEFAULT_MINUTES:
        count = int(((at == np.timedelta64(minutes * 60, "s"))[codes] & timed).sum())
        if count >= _ENOUGH_DEFAULTS and count > _DEFAULT_SHARE * timed.sum():
            told.append(
                f"{count:,} of {timed.sum():,} times in {name} are exactly {minutes // 60:02d}:{minutes % 60:02d}: "
                "perhaps a default and not a time."
            )
    return tuple(told)


def _repairs(
    values: pd.Series, at: pd.Series, codes: Any, rules: dict[str, Flags], zone: str
) -> tuple[Repair, ...]:
    repairs = []
    for rule, flags in rules.items():
        spots = flags[codes]
        if spots.any():
            after = at[spots].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M")
            repairs.append(Repair(rule, values[spots], after))
    return tuple(repairs)
