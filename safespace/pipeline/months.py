"""Events month by month, whole months only, beside what the calendar says happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from safespace import hotspots, maps
from safespace.display import in_html, in_short
from safespace.pipeline.calendars import held_calendar, outline_of
from safespace.pipeline.loading import area_outline
from safespace.pipeline.places import count_window
from safespace.pipeline.selection import count_days, received_span
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.maps.months import Numbered
    from safespace.pipeline.view import View
    from safespace.settings import Settings

MOST_NAMED = 12
SEASON = 12  # whole months after a change of recording, before a trend is told again
_BESIDE = {
    "campaign": "A campaign brings more reports, not more harm.",
    "recording-change": "After a change of recording the same events give other counts.",
}


@dataclass(frozen=True)
class Months:
    """Events of an area by month, and the entries of the calendar that fall in them.

    ``table`` is one row a month: ``month``, ``events``, ``whole`` (rows were received for all of it). ``marks`` are
    ``name, kind, first, last``; ``notes`` name the months left out and every mark. ``counts`` are the whole months by
    cell.
    """

    table: pd.DataFrame
    marks: pd.DataFrame
    counts: pd.DataFrame
    notes: tuple[str, ...]

    __repr__ = in_short
    _repr_html_ = in_html

    def picture(self, *, synthetic: bool, size_mm: tuple[float, float] = (120, 46)) -> bytes:
        """Return the bars with every mark drawn on them, as SVG."""
        return maps.month_chart_svg(self.table, self.marks, size_mm=size_mm, synthetic=synthetic)

    def after_changes(self) -> tuple[pd.DataFrame, str]:
        """Return the whole months that lie after the last change of recording, and the sentence that says so.

        Fewer than twelve of them bear no trend: the table is then without months.
        """
        changes = self.marks[self.marks["kind"] == "recording-change"]
        first = str(self.table["month"].iloc[0]) if len(self.table) else ""
        inside = changes[changes["first"].map(lambda day: f"{day:%Y-%m}") >= first]
        if inside.empty:
            return self.counts, ""
        last = inside.sort_values("first").iloc[-1]
        kept = self.counts.loc[:, [str(month) > f"{last['first']:%Y-%m}" for month in self.counts]]
        when = f"the change of recording {last['name']} of {last['first']:%-d %B %Y}"
        if kept.shape[1] < SEASON:
            return kept.iloc[:, :0], f"No trend is told across {when}, nor in the {SEASON} months after it."
        return kept, f"The trend is of the {kept.shape[1]} whole months after {when}."


def find_months(view: View, settings: Settings) -> Months:
    """Count an area's events by month, and find what the calendar says of those months.

    Raises
    ------
    AreaError
        When the area is not loaded.
    TooFewError
        When no event falls inside.
    """
    counted = count_window(view, settings)
    by_month = hotspots.sum_periods(count_days(view, counted, settings), counted, freq="M")
    span = received_span(view, settings)
    whole, left_out = (
        hotspots.whole_periods(by_month, *span) if span else (by_month.iloc[:, :0], tuple(map(str, by_month)))
    )
    events = by_month.sum()
    table = pd.DataFrame({"month": events.index.astype(str), "events": events.to_numpy()})
    table["whole"] = ~table["month"].isin(left_out)
    marks = marks_in(table["month"], view, settings)
    notes = (*left_out_in_words(left_out, "month"), *_in_words(maps.number_marks(marks)))
    return Months(table, marks, whole, notes)


def marks_in(months: pd.Series, view: View, settings: Settings) -> pd.DataFrame:
    """Return the calendar's entries in some months and in the view's area: ``name, kind, first, last`` (local days).

    An entry of a zone that lies wholly outside the area is left out; one whose zone is no loaded area is kept.
    """
    held, zone = held_calendar(settings), settings.time_zone
    if held.empty or months.empty:
        return pd.DataFrame({"name": [], "kind": [], "first": [], "last": []}, dtype="object")
    store = Store.open(settings.store)
    _, area = area_outline(view.area, store)
    outlines = {name: outline_of(str(name), store.areas()) for name in held["zone"].unique() if name}
    away = {
        name for name, outline in outlines.items() if outline is not None and not outline.intersects(area)
    }
    ends = held["ends"] - pd.Timedelta(microseconds=1)
    days = held.assign(
        first=held["starts"].dt.tz_convert(zone).dt.date, last=ends.dt.tz_convert(zone).dt.date
    )
    inside = (days["last"].map(lambda day: f"{day:%Y-%m}") >= months.iloc[0]) & (
        days["first"].map(lambda day: f"{day:%Y-%m}") <= months.iloc[-1]
    )
    kept: pd.DataFrame = days.loc[inside & ~days["zone"].isin(away), ["name", "kind", "first", "last"]]
    return kept.sort_values(["first", "name"], ignore_index=True)


def left_out_in_words(left_out: Sequence[str], noun: str) -> list[str]:
    """Name the periods of which only part was received."""
    if not left_out:
        return []
    plural = "s" if len(left_out) > 1 else ""
    return [f"Left out of every trend, as rows cover only part of the {noun}{plural}: {', '.join(left_out)}."]


def _in_words(numbered: Sequence[Numbered]) -> list[str]:
    """Name every mark as it is drawn; of many matches the first, and how many more."""
    if not numbered:
        return []
    matches = [mark.words for mark in numbered if mark.kind == "match"]
    named = [mark.words for mark in numbered if mark.kind != "match"] + matches[:MOST_NAMED]
    more = f"; and {len(matches) - MOST_NAMED:,} more matches" if len(matches) > MOST_NAMED else ""
    kinds = dict.fromkeys(mark.kind for mark in numbered)
    return [
        f"In the calendar: {'; '.join(named)}{more}.",
        *(_BESIDE[kind] for kind in kinds if kind in _BESIDE),
    ]
