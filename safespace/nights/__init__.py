"""The calendar of the night: local time, parts of the night, and what was on.

``hours`` says which night a moment belongs to and how sure that is; ``calendars`` what day it was for the
people who were out: bank holidays, matches, events, campaigns.
"""

from __future__ import annotations

from safespace.nights.calendars import (
    CALENDAR,
    KINDS,
    bank_holidays,
    holiday_nights,
    holiday_weekends,
    on_at,
    on_that_day,
    read_calendar,
)
from safespace.nights.hours import (
    DAY,
    TIME_ZONE,
    USUAL_DEFAULTS,
    WEEK_H,
    WEEKDAYS,
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

__all__ = [
    "CALENDAR",
    "DAY",
    "KINDS",
    "TIME_ZONE",
    "USUAL_DEFAULTS",
    "WEEKDAYS",
    "WEEK_H",
    "aoristic",
    "bank_holidays",
    "day_of",
    "default_times",
    "holiday_nights",
    "holiday_weekends",
    "hour_table",
    "night_hours",
    "night_of",
    "night_table",
    "on_at",
    "on_that_day",
    "read_calendar",
    "weekday_and_hour",
    "window_by_zone",
    "window_of",
]
