"""What day it was for the people who were out: bank holidays, matches, events and campaigns.

Calendars are files a person keeps. They explain reports; they never change a count.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

from safespace.errors import FileError, InputError
from safespace.nights.hours import TIME_ZONE, day_of
from safespace.schemas import Column, Table, conform
from safespace.settings import NIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safespace.settings import NightWindow

KINDS = ("match", "event", "campaign", "recording-change")
CALENDAR = Table(
    "calendar",
    {
        "name": Column("text", "what it was"),
        "kind": Column("text", "match, event, campaign (a call to report) or recording-change", words=KINDS),
        "starts": Column("moment", "first moment, UTC"),
        "ends": Column("moment", "first moment after it, UTC"),
        "zone": Column("text", "where, as the settings name their zones; empty for everywhere"),
    },
)
_COLUMNS = ("name", "kind", "starts", "ends", "zone")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?")


def bank_holidays() -> pd.Series:
    """Return the bank holidays of England and Wales, 2018 to 2027: name by date.

    Returns
    -------
    pd.Series
        ``str``, indexed by ``datetime64[us]`` at midnight, in order.

    Notes
    -----
    As published at https://www.gov.uk/bank-holidays under the Open Government Licence v3.0. Scotland and
    Northern Ireland have others.

    Examples
    --------
    >>> bank_holidays()[pd.Timestamp("2022-09-19")]
    'State Funeral of Queen Elizabeth II'
    """
    with files("safespace.nights").joinpath("bank_holidays.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype={"name": "str"}, parse_dates=["date"])
    dates = pd.DatetimeIndex(table["date"], name="date").as_unit("us")
    return pd.Series(table["name"].to_numpy(), index=dates, name="name", dtype="str")


def holiday_nights(dates: pd.Series) -> pd.DataFrame:
    """Return for each night whether it is a bank holiday's, or leads into one.

    Parameters
    ----------
    dates
        Dates on which nights begin (:func:`night_of`), shape (n,); may be missing.

    Returns
    -------
    pd.DataFrame
        ``bank_holiday`` and ``eve_of``: names, empty where the date is an ordinary one, missing where it is
        unknown or in a year whose holidays are not known. Same index.

    Notes
    -----
    People go out on the eve, when nobody works the next day: compare a Sunday before a bank holiday with
    Saturdays, not with Sundays.

    Examples
    --------
    >>> holiday_nights(pd.Series(pd.to_datetime(["2022-08-28", "2022-08-30"]))).values.tolist()
    [['', 'Summer bank holiday'], ['', '']]
    """
    held = bank_holidays()
    day = pd.DatetimeIndex(dates).as_unit("us").normalize()
    named = {}
    for column, asked in (("bank_holiday", day), ("eve_of", day + pd.Timedelta(days=1))):
        names = held.reindex(asked).fillna("")
        known = (asked.year >= held.index[0].year) & (asked.year <= held.index[-1].year)
        named[column] = pd.Series(names.to_numpy(), index=dates.index, dtype="str").where(known)
    return pd.DataFrame(named)


def holiday_weekends(dates: pd.Series) -> pd.Series:
    """Return which bank holiday's weekend each night belongs to.

    Parameters
    ----------
    dates
        Dates on which nights begin (:func:`night_of`), shape (n,); may be missing.

    Returns
    -------
    pd.Series
        ``str``, same index: the holidays of the weekend, joined by ``; ``; empty for other nights, missing where
        the date is unknown or in a year whose holidays are not known.

    Notes
    -----
    The weekend is the run of days off with a bank holiday among them, and the night that leads into it: from
    Friday to Monday where Monday is one, Thursday to Monday at Easter.

    Examples
    --------
    >>> august = pd.Series(pd.to_datetime(["2022-08-25", "2022-08-26", "2022-08-28", "2022-08-29"]))
    >>> holiday_weekends(august).tolist()
    ['', 'Summer bank holiday', 'Summer bank holiday', 'Summer bank holiday']
    """
    held = bank_holidays()
    days = pd.date_range(f"{held.index[0].year}-01-01", f"{held.index[-1].year}-12-31", unit="us")
    off = (days.day_of_week >= 5) | days.isin(held.index)
    run = pd.Series((~off).cumsum(), index=days).where(off)
    holidays = held.groupby(run.reindex(held.index).to_numpy()).agg("; ".join)
    named = run.map(holidays).fillna("")
    eves = named.shift(-1, fill_value="")
    weekend = named.where(named.ne("") | off, eves)
    asked = pd.DatetimeIndex(dates).as_unit("us").normalize()
    return pd.Series(weekend.reindex(asked).to_numpy(), index=dates.index, dtype="str")


def read_calendar(path: Path, *, tz: str = TIME_ZONE) -> pd.DataFrame:
    """Read matches, events and campaigns from a CSV file.

    Parameters
    ----------
    path
        Columns ``name, kind, starts, ends, zone``. Local moments ``2022-01-28 19:45``, or dates: an end given as
        a date runs to its midnight, and an empty end is that of the day it starts on. ``zone`` may be left out.
    tz
        The local time zone.

    Returns
    -------
    pd.DataFrame
        :data:`CALENDAR`, sorted by ``starts`` and ``name``.

    Raises
    ------
    FileError
        When the file cannot be read, lacks a column, or has rows that cannot be used: all of them are named.
    """
    rows = _read_rows(path)
    starts = [_moment(text, tz) for text in rows["starts"]]
    ends = [
        _moment(end or start[:10], tz, end=True)
        for start, end in zip(rows["starts"], rows["ends"], strict=True)
    ]
    problems = []
    told: list[dict[Any, Any]] = rows.to_dict("records")
    for line, (row, first, last) in enumerate(zip(told, starts, ends, strict=True), start=2):
        problems += [f"row {line}: {what}" for what in _problems(row, first, last)]
    if problems:
        raise FileError(
            "Some rows of the calendar cannot be used.",
            code="calendar-rows-not-usable",
            where=path,
            seen="; ".join(problems[:10])
            + (f"; and {len(problems) - 10} more" if len(problems) > 10 else ""),
            remedy=f"Kinds are {', '.join(KINDS)}; moments are written 2022-01-28 19:45 or 2022-01-28.",
        )
    table = rows.assign(
        starts=pd.to_datetime(pd.Series(starts, dtype="object"), utc=True),
        ends=pd.to_datetime(pd.Series(ends, dtype="object"), utc=True),
    )
    return conform(table, CALENDAR).sort_values(["starts", "name"], ignore_index=True)


def on_at(
    moments: pd.Series,
    calendar: pd.DataFrame,
    *,
    kinds: Sequence[str] = KINDS,
    zones: pd.Series | None = None,
    before_h: float = 0.0,
    after_h: float = 0.0,
) -> pd.Series:
    """Return what was on at each moment, the names joined by ``; ``.

    Parameters
    ----------
    moments
        Moments with a time zone, shape (n,).
    calendar
        :data:`CALENDAR`.
    kinds
        Only these.
    zones
        The zone of each moment, same index; without it only what was on everywhere is matched.
    before_h, after_h
        Hours before the start and after the end that belong to it: a crowd comes early and leaves late.

    Returns
    -------
    pd.Series
        ``str``, same index; empty where nothing was on or the moment is not known.

    Notes
    -----
    Being on at the time is not being the reason.

    Examples
    --------
    >>> start = pd.Timestamp("2022-01-28 19:45", tz="UTC")
    >>> match = {"name": "City v United", "kind": "match", "starts": start, "ends": start + pd.Timedelta(hours=2)}
    >>> calendar = pd.DataFrame([{**match, "zone": ""}])
    >>> on_at(pd.Series([start, start + pd.Timedelta(hours=2)]), calendar).tolist()
    ['City v United', '']
    """
    if not isinstance(moments.dtype, pd.DatetimeTZDtype):
        raise InputError(
            "Moments need a time zone.",
            code="moments-without-time-zone",
            seen=moments.dtype,
            remedy="Give them in UTC.",
        )
    names = pd.Series("", index=moments.index, dtype="str")
    where = pd.Series("", index=moments.index, dtype="str") if zones is None else zones.reindex(moments.index)
    entries: list[dict[Any, Any]] = calendar[calendar["kind"].isin(list(kinds))].to_dict("records")
    margins = pd.Timedelta(hours=before_h), pd.Timedelta(hours=after_h)
    for entry in entries:
        here = (moments >= entry["starts"] - margins[0]) & (moments < entry["ends"] + margins[1])
        if entry["zone"]:
            here &= where.eq(entry["zone"])
        names = names.where(~here, (names + "; " + entry["name"]).str.removeprefix("; "))
    return names


def on_that_day(
    dates: pd.Series,
    calendar: pd.DataFrame,
    *,
    windows: Sequence[NightWindow] = NIGHT,
    tz: str = TIME_ZONE,
) -> pd.Series:
    """Return what was on in each night or day, the names joined by ``; ``, whatever its zone.

    Parameters
    ----------
    dates
        Dates that moments count with (:func:`safespace.nights.day_of`), shape (n,); may be missing.
    calendar
        :data:`CALENDAR`.
    windows, tz
        The night and its zone: what ends at 01:00 belongs to the night before. What starts at midnight
        starts with that day.

    Returns
    -------
    pd.Series
        ``str``, same index; empty where nothing was on or the date is not known.

    Examples
    --------
    >>> start = pd.Timestamp("2022-01-28 22:00", tz="UTC")
    >>> ball = {"name": "Ball", "kind": "event", "starts": start, "ends": start + pd.Timedelta(hours=4), "zone": ""}
    >>> nights = pd.Series(pd.to_datetime(["2022-01-28", "2022-01-29"]))
    >>> on_that_day(nights, pd.DataFrame([ball])).tolist()
    ['Ball', '']
    """
    names = pd.Series("", index=dates.index, dtype="str")
    local = calendar["starts"].dt.tz_convert(tz).dt.tz_localize(None)
    midnight = local == local.dt.normalize()
    first = local.dt.normalize().where(midnight, day_of(calendar["starts"], windows=windows, tz=tz))
    last = day_of(calendar["ends"] - pd.Timedelta(seconds=1), windows=windows, tz=tz)
    for name, since, until in zip(calendar["name"], first, last, strict=True):
        here = (dates >= since) & (dates <= until)
        names = names.where(~here, (names + "; " + name).str.removeprefix("; "))
    return names


def _read_rows(path: Path) -> pd.DataFrame:
    try:
        rows = pd.read_csv(
            path,
            dtype="str",
            keep_default_na=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
            compression=None,  # by its ending, a damaged archive would raise an error of its own
        )
    except (OSError, ValueError) as problem:
        raise FileError(
            "The calendar cannot be read.",
            code="calendar-not-readable",
            where=path,
            seen=str(problem),
            remedy=f"Give a CSV file with the columns {', '.join(_COLUMNS)}.",
        ) from problem
    rows = rows.rename(columns=lambda name: name.strip().lower())
    missing = [name for name in _COLUMNS[:-1] if name not in rows]
    if missing:
        raise FileError(
            "The calendar lacks a column.",
            code="calendar-column-missing",
            where=path,
            seen=f"no {', '.join(missing)}",
            remedy=f"Columns are {', '.join(_COLUMNS)}.",
        )
    wanted = rows.reindex(columns=list(_COLUMNS), fill_value="")
    stripped: pd.DataFrame = wanted.apply(lambda column: column.str.strip())
    return stripped


def _moment(text: str, tz: str, *, end: bool = False) -> pd.Timestamp | None:
    """Return a local moment, or ``None`` for text that is none; a date as an end is the midnight after it."""
    found = _MOMENT.fullmatch(text)
    try:
        naive = pd.Timestamp(f"{found[1]} {found[2] or '00:00'}") if found else None
    except ValueError:
        naive = None
    if naive is None or found is None:
        return None
    if end and not found[2]:
        naive += pd.Timedelta(days=1)
    return naive.tz_localize(tz, ambiguous=True, nonexistent="shift_forward")


def _problems(entry: dict[str, Any], first: pd.Timestamp | None, last: pd.Timestamp | None) -> list[str]:
    problems = [] if entry["name"] else ["no name"]
    if entry["kind"] not in KINDS:
        problems.append(f"kind {entry['kind']!r}")
    if first is None:
        problems.append(f"starts {entry['starts']!r}")
    if last is None and entry["ends"]:
        problems.append(f"ends {entry['ends']!r}")
    if first is not None and last is not None and last <= first:
        problems.append(f"ends {entry['ends']!r}, before it starts")
    return problems
