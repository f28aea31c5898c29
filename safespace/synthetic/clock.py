"""Moments for made-up reports: minutes of local time within the town's year of data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from safespace.synthetic.shapes import Floats

Moments: TypeAlias = np.ndarray[tuple[int], np.dtype[np.datetime64]]

FIRST_DAY, DAYS = np.datetime64("2025-09-01"), 365
CAMPAIGN_DAYS = (189, 196)  # 9 to 15 March 2026: reporting is invited, and reports jump for a week

_WEEKDAY = np.array([0.8, 0.8, 0.9, 1.0, 1.5, 1.5, 0.8])  # Monday first
_WEEKEND_NIGHTS = np.array([0.12, 0.12, 0.15, 0.3, 2.6, 3.1, 0.35])
_WEEKDAYS_ONLY = np.array([1.0, 1.2, 1.2, 1.1, 0.8, 0.1, 0.1])
_LOCAL_MINUTE = "datetime64[m]"


def _hours(*peaks: tuple[float, float, float], floor: float = 0.15) -> Floats:
    hour = np.arange(24.0)
    weight = np.full(24, floor)
    for centre, width, height in peaks:
        gap = np.abs((hour - centre + 12) % 24 - 12)
        weight += height * np.exp(-0.5 * (gap / width) ** 2)
    return np.asarray(weight / weight.sum())


HOURS = MappingProxyType(
    {
        "any": _hours((8, 1.5, 0.4), (18, 2.5, 1.0), (22, 2.0, 0.8)),
        "dark": _hours((21.5, 2.2, 1.0), floor=0.02),
        "evening": _hours((18.5, 1.5, 1.0), floor=0.01),
        "night": _hours((0.5, 2.0, 1.0), floor=0.015),
        "late evening": _hours((23, 1.3, 1.0), floor=0.01),
        "patrol": _hours((17, 2.2, 1.0), floor=0.02),
    }
)


def _draw(rng: np.random.Generator, count: int, days: Floats, hours: Floats) -> Moments:
    day = rng.choice(DAYS, count, p=days / days.sum())
    hour = rng.choice(24, count, p=hours)
    minute = rng.integers(0, 60, count)
    # hours after midnight belong to the night before, so they are written on the next calendar day
    late = (hour < 6).astype(int)
    day = np.minimum(day + late, DAYS - 1)
    return mend_clock_changes((FIRST_DAY + day).astype(_LOCAL_MINUTE) + hour * 60 + minute)


def mend_clock_changes(moments: Moments) -> Moments:
    """Move moments out of the hour that the spring change skips and the hour the autumn change repeats."""
    changes = np.array(["2025-10-26T01:00", "2026-03-29T01:00"], dtype=_LOCAL_MINUTE)
    gap = (moments[:, None] - changes).astype(int)
    shift = np.where(((gap >= 0) & (gap < 60)).any(axis=1), 120, 0).astype("timedelta64[m]")
    return np.asarray(moments + shift)


def _by_weekday(weights: Floats) -> Floats:
    return np.resize(weights, DAYS)  # the first day is a Monday


def any_time(rng: np.random.Generator, count: int, *, hours: str = "any") -> Moments:
    """Return moments through the year, more at weekends and in the campaign week."""
    day = np.arange(DAYS)
    weight = _by_weekday(_WEEKDAY)
    weight = np.where((day >= CAMPAIGN_DAYS[0]) & (day < CAMPAIGN_DAYS[1]), 9 * weight, weight)
    return _draw(rng, count, weight, HOURS[hours])


def weekend_nights(rng: np.random.Generator, count: int, *, hours: str = "night") -> Moments:
    """Return moments mostly on Friday and Saturday nights."""
    return _draw(rng, count, _by_weekday(_WEEKEND_NIGHTS), HOURS[hours])


def weekdays(rng: np.random.Generator, count: int, *, hours: str = "patrol") -> Moments:
    """Return moments mostly from Monday to Friday."""
    return _draw(rng, count, _by_weekday(_WEEKDAYS_ONLY), HOURS[hours])


def winter(rng: np.random.Generator, count: int, *, hours: str = "evening") -> Moments:
    """Return moments from October to March."""
    day = np.arange(DAYS)
    return _draw(rng, count, np.where((day >= 30) & (day < 212), 1.0, 0.0), HOURS[hours])


def term_time(rng: np.random.Generator, count: int, *, hours: str = "dark") -> Moments:
    """Return moments in the three terms of a university year."""
    day = np.arange(DAYS)
    term = ((day >= 27) & (day < 103)) | ((day >= 132) & (day < 202)) | ((day >= 230) & (day < 285))
    return _draw(rng, count, np.where(term, _by_weekday(_WEEKDAY), 0.0), HOURS[hours])


def iso(moments: Moments) -> list[str]:
    """Return moments as ``2026-01-28 23:40``."""
    return pd.DatetimeIndex(moments).strftime("%Y-%m-%d %H:%M").tolist()


def day_first(moments: Moments) -> list[str]:
    """Return moments as ``28/01/2026 23:40``."""
    return pd.DatetimeIndex(moments).strftime("%d/%m/%Y %H:%M").tolist()
