"""The hours of the night: which night a moment belongs to, in which part of it, and how sure that is.

Moments come in as UTC; everything here speaks local time, with its clock changes. "The night of" Saturday
runs past midnight into Sunday, and in a year one night has an hour fewer and one an hour more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import InputError, SettingsError
from safespace.settings import NIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import time

    import numpy.typing as npt

    from safespace.settings import NightWindow

TIME_ZONE = "Europe/London"
DAY = "day"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEK_H = 168
USUAL_DEFAULTS = ("00:00", "00:01", "12:00")

_DAY_MIN = 1440
_HOUR_MS = 3_600_000
# Weights are whole multiples of 2**-30: a row's add up to exactly 1, and those of eight million rows to
# exactly eight million, in whatever order they are added. The price is an error below 1e-9 in one weight.
_UNIT = 1 << 30


def night_of(moments: pd.Series, *, windows: Sequence[NightWindow] = NIGHT, tz: str = TIME_ZONE) -> pd.Series:
    """Return the date whose night each moment belongs to.

    Parameters
    ----------
    moments
        Moments with a time zone, shape (n,).
    windows
        The parts of the night, in order; their ends are half-open.
    tz
        The local time zone.

    Returns
    -------
    pd.Series
        ``datetime64[us]`` at midnight, shape (n,), same index: the date on which the night began. ``NaT`` in
        the day, and where the moment is not known.

    Examples
    --------
    >>> sunday = pd.Series(pd.to_datetime(["2022-01-30 02:00", "2022-01-30 06:00"], utc=True))
    >>> night_of(sunday).dt.day_name().tolist()
    ['Saturday', nan]
    """
    places, first = _clock(windows)
    local = _local(moments, tz)
    minute = _minute(local)
    before_dawn = pd.to_timedelta(np.where(minute < first, 1, 0), unit="D")
    dates = (local.dt.tz_localize(None).dt.normalize() - before_dawn).astype("datetime64[us]")
    nights: pd.Series = dates.where(places[minute] >= 0)
    return nights


def day_of(moments: pd.Series, *, windows: Sequence[NightWindow] = NIGHT, tz: str = TIME_ZONE) -> pd.Series:
    """Return the date each moment counts with: that of its night, or in the daytime its own.

    Parameters
    ----------
    moments, windows, tz
        As for :func:`night_of`.

    Returns
    -------
    pd.Series
        ``datetime64[us]`` at midnight, shape (n,), same index; ``NaT`` where the moment is not known.

    Examples
    --------
    >>> sunday = pd.Series(pd.to_datetime(["2022-01-30 02:00", "2022-01-30 14:00"], utc=True))
    >>> day_of(sunday).dt.day_name().tolist()
    ['Saturday', 'Sunday']
    """
    own = _local(moments, tz).dt.tz_localize(None).dt.normalize().astype("datetime64[us]")
    dates: pd.Series = night_of(moments, windows=windows, tz=tz).fillna(own)
    return dates


def window_of(
    moments: pd.Series, *, windows: Sequence[NightWindow] = NIGHT, tz: str = TIME_ZONE
) -> pd.Series:
    """Return the name of the part of the night each moment falls in, or ``day``.

    Parameters
    ----------
    moments
        Moments with a time zone, shape (n,).
    windows, tz
        As for :func:`night_of`.

    Returns
    -------
    pd.Series
        ``str``, shape (n,), same index; missing where the moment is not known.

    Examples
    --------
    >>> moments = pd.Series(pd.to_datetime(["2022-01-28 22:00", "2022-01-29 04:00"], utc=True))
    >>> window_of(moments).tolist()
    ['nte-core', 'nte-late']
    """
    places, _ = _clock(windows)
    names = np.array([*(window.name for window in windows), DAY], dtype=object)
    local = _local(moments, tz)
    named = pd.Series(names[places[_minute(local)]], index=moments.index, dtype="str")
    return named.where(local.notna())


def window_by_zone(
    moments: pd.Series,
    zones: pd.Series,
    *,
    of_zone: Mapping[str, Sequence[NightWindow]],
    windows: Sequence[NightWindow] = NIGHT,
    tz: str = TIME_ZONE,
) -> pd.Series:
    """Return the name of the part of the night each moment falls in, by the windows of its zone.

    Parameters
    ----------
    moments
        Moments with a time zone, shape (n,).
    zones
        The zone of each moment, same index; those without windows of their own have the usual ones.
    of_zone
        Windows by zone: a campus and a street of clubs do not keep the same hours.
    windows
        The usual windows, of every other place.
    tz
        As for :func:`night_of`.

    Returns
    -------
    pd.Series
        As for :func:`window_of`.

    Examples
    --------
    >>> eleven = pd.Series(pd.to_datetime(["2022-01-28 23:00"] * 2, utc=True))
    >>> campus = [NIGHT[0].model_copy(update={"name": "campus", "end": NIGHT[1].end})]
    >>> window_by_zone(eleven, pd.Series(["Campus", "Centre"]), of_zone={"Campus": campus}).tolist()
    ['campus', 'nte-core']
    """
    named = window_of(moments, windows=windows, tz=tz)
    where = zones.reindex(moments.index)
    for zone, own in of_zone.items():
        here = where.eq(zone)
        named = named.where(~here, window_of(moments, windows=own, tz=tz))
    return named


def night_hours(
    dates: pd.Series, *, windows: Sequence[NightWindow] = NIGHT, tz: str = TIME_ZONE
) -> pd.DataFrame:
    """Return how many real hours each part of each night has.

    Parameters
    ----------
    dates
        Dates on which the nights begin, without a time zone, shape (n,).
    windows, tz
        As for :func:`night_of`.

    Returns
    -------
    pd.DataFrame
        One column a window and ``night``, their sum; float hours, shape (n, windows + 1), same index.

    Notes
    -----
    Rates by the hour must divide by these: when clocks go back the default night has 13 hours, when they
    go forward 11.

    Examples
    --------
    >>> nights = pd.Series(pd.to_datetime(["2022-03-26", "2022-10-29", "2022-10-30"]))
    >>> night_hours(nights)["night"].tolist()
    [11.0, 13.0, 12.0]
    """
    places, first = _clock(windows)
    nominal = np.bincount(places[places >= 0], minlength=len(windows))
    minutes = np.tile(nominal, (len(dates), 1))
    start, end = (_localize(dates, first, days, tz) for days in (0, 1))
    for row in np.flatnonzero((end - start) != pd.Timedelta(days=1)):
        instants = pd.Series(pd.date_range(start.iloc[row], end.iloc[row], freq="min", inclusive="left"))
        found = places[_minute(instants)]
        minutes[row] = np.bincount(found[found >= 0], minlength=len(windows))
    hours = pd.DataFrame(minutes / 60, index=dates.index, columns=[window.name for window in windows])
    return hours.assign(night=hours.sum(axis=1))


def weekday_and_hour(moments: pd.Series, *, tz: str = TIME_ZONE) -> pd.DataFrame:
    """Return the local ``weekday`` (Monday 0) and ``hour`` of each moment, int64, same index.

    Raises
    ------
    InputError
        When a moment is not known: use :func:`aoristic` for those.

    Examples
    --------
    >>> weekday_and_hour(pd.Series(pd.to_datetime(["2022-07-01 23:30"], utc=True))).values.tolist()
    [[5, 0]]
    """
    local = _local(moments, tz)
    _refuse_unknown(local, "moments")
    return pd.DataFrame({"weekday": local.dt.day_of_week, "hour": local.dt.hour}).astype("int64")


def aoristic(
    occurred_from: pd.Series, occurred_to: pd.Series, *, tz: str = TIME_ZONE
) -> npt.NDArray[np.float64]:
    """Spread each report over the hours of the week in which it can have happened.

    Parameters
    ----------
    occurred_from, occurred_to
        Earliest and latest moment, with a time zone, shape (n,). A missing ``occurred_to`` is taken to be
        ``occurred_from``.
    tz
        The local time zone.

    Returns
    -------
    np.ndarray
        Weights, shape (n, 7, 24): weekday (Monday 0), local hour. Each row's weights add up to exactly 1.

    Raises
    ------
    InputError
        When ``occurred_from`` is missing or after ``occurred_to``.

    Notes
    -----
    A weight is the share of the interval's real time that lies in the hour (Ratcliffe 2002,
    doi 10.1023/A:1013240828824), the interval being half-open. An interval of a week or more says
    nothing about the hour: it is capped at a week and every hour of the week gets 1/168. Weights are not
    counts: print whole numbers from counts, and call weights weights.

    The result takes 1.3 kB a report; :func:`hour_table` sums without building it.

    Examples
    --------
    >>> start = pd.Series(pd.to_datetime(["2022-01-28 22:30"], utc=True))
    >>> weights = aoristic(start, start + pd.Timedelta(hours=2))
    >>> weights[0, 4, 22], weights[0, 4, 23], weights[0, 5, 0]
    (np.float64(0.25), np.float64(0.5), np.float64(0.25))
    """
    pairs, which = _pairs(occurred_from, occurred_to, tz)
    row, hour, units = _spread(pairs, tz)
    flat = np.bincount(row * WEEK_H + hour, weights=units, minlength=len(pairs) * WEEK_H) / _UNIT
    weights: npt.NDArray[np.float64] = flat.reshape(-1, 7, 24)[which]
    return weights


def hour_table(
    occurred_from: pd.Series, occurred_to: pd.Series, *, tz: str = TIME_ZONE
) -> npt.NDArray[np.float64]:
    """Return the sum of :func:`aoristic` over all reports, shape (7, 24), in little memory.

    Examples
    --------
    >>> start = pd.Series(pd.to_datetime(["2022-01-28 22:30"] * 3, utc=True))
    >>> hour_table(start, start).sum()
    np.float64(3.0)
    """
    pairs, which = _pairs(occurred_from, occurred_to, tz)
    row, hour, units = _spread(pairs, tz)
    times = np.bincount(which, minlength=len(pairs))
    table: npt.NDArray[np.float64] = np.bincount(hour, weights=units * times[row], minlength=WEEK_H) / _UNIT
    return table.reshape(7, 24)


def night_table(hours: npt.NDArray[np.float64], *, windows: Sequence[NightWindow] = NIGHT) -> pd.DataFrame:
    """Turn a table by calendar day and hour into one by night and hour.

    Parameters
    ----------
    hours
        shape (7, 24), as :func:`hour_table` gives.
    windows
        The parts of the night.

    Returns
    -------
    pd.DataFrame
        One row a night (``Monday`` is the night that begins on Monday), one column an hour of the night in
        the order in which they pass: 18 ... 23, 0 ... 5. The day is left out.

    Examples
    --------
    >>> hours = np.zeros((7, 24))
    >>> hours[6, 2] = 5  # Sunday 02:00
    >>> night_table(hours).loc["Saturday", 2]
    np.float64(5.0)
    """
    places, first = _clock(windows)
    order = [hour % 24 for hour in range(first // 60, first // 60 + 24) if places[hour % 24 * 60] >= 0]
    late = np.roll(hours, -1, axis=0)  # row Saturday, column 2 holds Sunday 02:00
    columns = [late[:, hour] if hour * 60 < first else hours[:, hour] for hour in order]
    return pd.DataFrame(np.column_stack(columns), index=list(WEEKDAYS), columns=order)


def default_times(moments: pd.Series, *, tz: str = TIME_ZONE) -> pd.DataFrame:
    """Count the moments at times that a form fills in by itself: 00:00, 00:01 and 12:00 exactly.

    Returns
    -------
    pd.DataFrame
        ``time, reports, share, expected_share``, a row each. The share expected of a minute by chance is
        1/1440; one many times that says that the time is a default and not what happened.

    Examples
    --------
    >>> default_times(pd.Series(pd.to_datetime(["2022-01-28 00:00"] * 4, utc=True)))["share"].tolist()
    [1.0, 0.0, 0.0]
    """
    local = _local(moments, tz).dropna()
    exact = local[local.dt.second + local.dt.microsecond == 0].dt.strftime("%H:%M")
    reports = exact.value_counts().reindex(list(USUAL_DEFAULTS), fill_value=0)
    return pd.DataFrame(
        {
            "time": reports.index.astype("str"),
            "reports": reports.to_numpy(),
            "share": reports.to_numpy() / max(len(local), 1),
            "expected_share": 1 / _DAY_MIN,
        }
    )


def _clock(windows: Sequence[NightWindow]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the window of each minute of the day (-1: none), shape (1440,), and the night's first minute."""
    places = np.full(_DAY_MIN, -1, dtype="int64")
    if not windows:
        raise SettingsError(
            "A night needs at least one window.",
            code="night-without-window",
            where="night",
            remedy="Name one.",
        )
    first, reached = _minute_of(windows[0].start), 0
    for place, window in enumerate(windows):
        begin = (_minute_of(window.start) - first) % _DAY_MIN
        end = begin + ((_minute_of(window.end) - _minute_of(window.start)) % _DAY_MIN or _DAY_MIN)
        if begin != reached or end > _DAY_MIN:
            raise SettingsError(
                "The windows of a night must follow each other.",
                code="night-windows-out-of-order",
                where="night",
                seen=f"{window.name} {window.start:%H:%M} to {window.end:%H:%M}",
                remedy="Put them in the order of the night, each starting when the one before ends.",
            )
        places[(first + np.arange(begin, end)) % _DAY_MIN] = place
        reached = end
    return places, first


def _minute_of(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _local(moments: pd.Series, tz: str) -> pd.Series:
    if not isinstance(moments.dtype, pd.DatetimeTZDtype):
        raise InputError(
            "Moments need a time zone.",
            code="moments-without-time-zone",
            seen=moments.dtype,
            remedy="Give them in UTC.",
        )
    local: pd.Series = moments.dt.tz_convert(tz)
    return local


def _minute(local: pd.Series) -> npt.NDArray[np.int64]:
    """Return the minute of the day, 0 where the moment is not known."""
    minute: npt.NDArray[np.int64] = (local.dt.hour * 60 + local.dt.minute).fillna(0).to_numpy(dtype="int64")
    return minute


def _localize(dates: pd.Series, minute: int, days: int, tz: str) -> pd.Series:
    """Return the moment at a minute of a day some days after each date, in local time."""
    naive = dates.dt.normalize() + pd.Timedelta(days=days, minutes=minute)
    first_pass = np.ones(len(naive), dtype=bool)
    local: pd.Series = naive.dt.tz_localize(tz, ambiguous=first_pass, nonexistent="shift_forward")
    return local


def _refuse_unknown(moments: pd.Series, where: str) -> None:
    if moments.isna().any():
        raise InputError(
            "Some moments are not known.",
            code="moments-unknown",
            where=where,
            seen=f"{int(moments.isna().sum())} rows",
            remedy="Leave those rows out.",
        )


def _pairs(
    occurred_from: pd.Series, occurred_to: pd.Series, tz: str
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return the distinct intervals (``start, end``, ms since 1970, UTC) and which of them each report has."""
    start, end = _local(occurred_from, tz), _local(occurred_to, tz)
    _refuse_unknown(start, "occurred_from")
    end = end.where(end.notna(), start)
    if (end < start).any():
        row = int(np.argmax(end < start))
        raise InputError(
            "An interval ends before it starts.",
            code="interval-reversed",
            where=f"row {row}",
            seen=f"{start.iloc[row]} to {end.iloc[row]}",
            remedy="Swap the two or leave the row out.",
        )
    both = pd.DataFrame({"start": _milliseconds(start), "end": _milliseconds(end)})
    groups = both.groupby(["start", "end"], sort=False).ngroup()
    return both.drop_duplicates(ignore_index=True), np.asarray(groups, dtype=np.int64)


def _milliseconds(moments: pd.Series) -> npt.NDArray[np.int64]:
    naive = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    numbers: npt.NDArray[np.int64] = naive.to_numpy().astype("datetime64[ms]").astype("int64")
    return numbers


def _spread(
    pairs: pd.DataFrame, tz: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for every hour each interval touches: its row, its hour of the week and its weight in units."""
    start, end = pairs["start"].to_numpy(), pairs["end"].to_numpy()
    whole_week = end - start >= WEEK_H * _HOUR_MS
    rows = np.flatnonzero(~whole_week)
    # An instant is taken as a millisecond long, so that it needs no case of its own.
    short = _spread_short(start[rows], np.maximum(end[rows], start[rows] + 1), tz)
    cuts = np.arange(WEEK_H + 1) * _UNIT // WEEK_H
    weeks = np.flatnonzero(whole_week)
    return (
        np.concatenate([rows[short[0]], np.repeat(weeks, WEEK_H)]),
        np.concatenate([short[1], np.tile(np.arange(WEEK_H), len(weeks))]),
        np.concatenate([short[2], np.tile(np.diff(cuts), len(weeks))]),
    )


def _spread_short(
    start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], tz: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Walk the real hours of each interval; clocks change on the hour, so each has one local name."""
    local = pd.DatetimeIndex(start.astype("datetime64[ms]"), tz="UTC").tz_convert(tz).tz_localize(None)
    into_hour = local.to_numpy().astype("datetime64[ms]").astype("int64") % _HOUR_MS
    hours = -((start - into_hour - end) // _HOUR_MS)
    row = np.repeat(np.arange(len(start)), hours)
    step = np.arange(len(row)) - np.repeat(np.cumsum(hours) - hours, hours)
    begins = (start - into_hour)[row] + step * _HOUR_MS
    name = pd.DatetimeIndex(begins.astype("datetime64[ms]"), tz="UTC").tz_convert(tz)
    lasts = (end - start)[row]
    passed = np.maximum(begins - start[row], 0), np.minimum(begins + _HOUR_MS - start[row], lasts)
    # Differences of a rounded-down running share: they cannot but add up to the whole.
    units = passed[1] * _UNIT // lasts - passed[0] * _UNIT // lasts
    return row, (name.day_of_week * 24 + name.hour).to_numpy(dtype="int64"), units
