"""Which reports a view asks for, and what it leaves aside: nothing is dropped silently."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from safespace import cells, nights
from safespace.engine import open_engine
from safespace.errors import DisclosureError, InputError
from safespace.hotspots import jeffreys
from safespace.pipeline.calendars import in_calendar, windows_of, zone_of
from safespace.pipeline.kinds import kinds_asked
from safespace.pipeline.view import View
from safespace.registry import SOURCES, layer_of
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from safespace.settings import Settings

_QUIET = 3.0  # mean gaps; a longer one comes one time in twenty by chance: exp(-3)
WITHOUT_PLACE = ("no_coordinates", "zero_coordinates", "bad_coordinates", "outside_britain")


@dataclass(frozen=True)
class Selection:
    """The reports a view asks for, and how many it left aside and why.

    ``kinds`` names the kinds of offence counted, where not all are.
    """

    reports: pd.DataFrame
    without_place: int
    found_by_patrol: int
    without_hour: int
    since: date | None
    until: date | None
    others: tuple[str, ...] = ()
    kinds: str = ""

    def sentences(self) -> tuple[str, ...]:
        """Say what was left aside; nothing is dropped silently."""
        said = []
        if self.without_place:
            said.append(f"{self.without_place:,} rows carry no usable place and are on no map.")
        if self.found_by_patrol:
            said.append(
                f"{self.found_by_patrol:,} rows found by patrols are left out: they show where patrols were."
            )
        if self.without_hour:
            said.append(f"{self.without_hour:,} rows carry no hour and are in no night window.")
        return (*said, *self.others)


def select(view: View, settings: Settings) -> Selection:
    """Return the reports a view asks for, anywhere, and the counts it leaves aside.

    Raises
    ------
    DisclosureError
        When the view is not of the police edition.
    InputError
        When felt and recorded reports are asked for in one number, the night window is unknown, the calendar
        holds nothing of the kind asked for, a night is asked of rows that carry no hour, or a source cannot tell
        the kinds of offence asked for.
    """
    _refuse_unreleased(view)
    layer_of(view.sources)
    store, kinds = Store.open(settings.store), kinds_asked(view, settings)
    since, until = _moments(view, settings)
    reports = store.reports(sources=view.sources, since=since, until=until)
    by_patrol = reports["detected_by"].eq("patrol") & (view.found_by == "public")
    kept = reports[~by_patrol]
    if view.factor:
        kept = kept[kept["factor"].str.split("|").map(lambda given: view.factor in given)]
    kept, on_nights = in_calendar(kept, view, settings)
    of_kind = kinds.sentences(kept) if kinds else ()
    kept, without_hour, zoned = _in_window(kept[kinds.of(kept)] if kinds else kept, view, settings)
    _refuse_no_hours(kept, without_hour)
    first, last = (
        kept[name].dt.tz_convert(settings.time_zone).dt.date for name in ("occurred_from", "occurred_to")
    )
    return Selection(
        reports=kept.reset_index(drop=True),
        without_place=_without_place(store, view),
        found_by_patrol=int(by_patrol.sum()),
        without_hour=without_hour,
        since=first.min() if len(kept) else None,
        until=last.max() if len(kept) else None,
        others=(*of_kind, *on_nights, *zoned),
        kinds=kinds.words if kinds else "",
    )


def received_span(view: View, settings: Settings) -> tuple[date, date] | None:
    """Return the first and last day for which every source of a view has received rows, wherever they lie.

    A quiet day or two at either end is no gap: the span is widened by as many days as would pass without a row
    one time in twenty at the source's usual rate, and ends with the view's own period. ``None`` where nothing is
    held.
    """
    everywhere = View(sources=view.sources, found_by="all")
    rows = select(everywhere, settings).reports
    if rows.empty:
        return None
    spans = [_widened(part, settings) for _, part in rows.groupby("source")]
    first, last = max(span[0] for span in spans), min(span[1] for span in spans)
    return max(first, view.since or first), min(last, view.until or last)


def _widened(rows: pd.DataFrame, settings: Settings) -> tuple[date, date]:
    zone = settings.time_zone
    first = rows["occurred_from"].dt.tz_convert(zone).dt.date.min()
    last = rows["occurred_to"].dt.tz_convert(zone).dt.date.max()
    quiet = timedelta(days=math.ceil(_QUIET * ((last - first).days + 1) / len(rows)))
    return first - quiet, last + quiet


def same_event_distances(view: View, settings: Settings) -> tuple[float, ...]:
    """Return the distances, metres, within which pins of a view's sources became one event when they were loaded.

    They are the store's and not the settings': a setting changed since joins nothing anew. Ascending, each once;
    loads that did not record it are left out.
    """
    loads = Store.open(settings.store).loads()
    ours = loads[(loads["status"] == "loaded") & loads["source"].isin(view.sources)]
    return tuple(sorted(ours["same_event_m"].dropna().unique().tolist()))


def check_factor(view: View, settings: Settings) -> None:
    """Refuse a reason that no report of a view's sources has ever given: none at all would be found.

    Raises
    ------
    InputError
        Listing the reasons that are given.
    """
    held = Store.open(settings.store).reports(sources=view.sources, columns=["factor"])["factor"]
    known = sorted({one for given in held.unique() for one in str(given).split("|")} - {""})
    if view.factor and view.factor not in known:
        raise InputError(
            "No report held gives this reason.",
            code="factor-unknown",
            seen=view.factor,
            remedy=f"Choose from: {', '.join(known) or 'none, since these reports give no reasons'}.",
        )


def count_events(view: View, window: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Count a view's reports in the cells of a window, where the settings say that queries run.

    Where the engine can tell by itself which rows are asked for, it reads the store's files and no row comes
    into memory here; nights and their parts follow the clocks and are told apart row by row.

    Raises
    ------
    EngineError, MissingExtraError
        When there is no engine at the address of the settings.
    InputError
        As :func:`select`.
    """
    _refuse_unreleased(view)
    layer_of(view.sources)
    reports, only = _countable(view, settings)
    engine = open_engine(settings.engine)
    return cells.count(reports, window, resolution=view.resolution, engine=engine, report_filter=only)


def count_days(view: View, window: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Count a view's events in the cells of a window by local day; as :func:`count_events` runs.

    Returns
    -------
    pandas.DataFrame
        As :func:`safespace.cells.count_days`.
    """
    _refuse_unreleased(view)
    layer_of(view.sources)
    reports, only = _countable(view, settings)
    return cells.count_days(
        reports,
        window,
        resolution=view.resolution,
        engine=open_engine(settings.engine),
        time_zone=settings.time_zone,
        report_filter=only,
    )


def count_months(view: View, window: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Count a view's reports in the area of a window by cell, month and source; as :func:`count_events` runs.

    Returns
    -------
    pandas.DataFrame
        As :func:`safespace.cells.count_months`: pins, since an event can span two months.
    """
    _refuse_unreleased(view)
    layer_of(view.sources)
    reports, only = _countable(view, settings)
    return cells.count_months(
        reports,
        resolution=view.resolution,
        engine=open_engine(settings.engine),
        window=window,
        time_zone=settings.time_zone,
        report_filter=only,
    )


def _countable(view: View, settings: Settings) -> tuple[pd.DataFrame | list[str], cells.ReportFilter | None]:
    """Return the store's files and the filter an engine can apply by itself, or else the rows."""
    by_clock = view.window or view.calendar
    files = [] if by_clock else Store.open(settings.store).report_files(sources=view.sources)
    if not files:
        return select(view, settings).reports, None
    since, until = _moments(view, settings)
    kinds = kinds_asked(view, settings)
    return files, cells.ReportFilter(
        since,
        until,
        view.factor,
        patrols=view.found_by == "all",
        kinds=kinds.counted if kinds else None,
    )


def _refuse_no_hours(kept: pd.DataFrame, without_hour: int) -> None:
    if without_hour and kept.empty:
        raise InputError(
            "A part of the night was asked for.",
            code="hours-needed-for-window",
            seen=f"{without_hour:,} rows carry no hour of the day",
            remedy="Ask for any time.",
        )


def _refuse_unreleased(view: View) -> None:
    """Refuse to count for any edition but the police's here, so that no face has to remember to."""
    if view.edition != "police":
        raise DisclosureError(
            "This edition shows released figures only.",
            code="partner-edition-not-released",
            where=view.edition,
            remedy="Make a release of the area and the period, which is checked before it goes.",
        )


def _moments(view: View, settings: Settings) -> tuple[datetime | None, datetime | None]:
    """Return the period as moments, half-open: the day after the last is not included."""
    zone = ZoneInfo(settings.time_zone)
    since = datetime.combine(view.since, datetime.min.time(), zone) if view.since else None
    until = (
        datetime.combine(view.until + timedelta(days=1), datetime.min.time(), zone) if view.until else None
    )
    return since, until


def _in_window(
    reports: pd.DataFrame, view: View, settings: Settings
) -> tuple[pd.DataFrame, int, tuple[str, ...]]:
    """Return the reports of the view's part of the night, how many are in none, and what to say of zones.

    A report spanning two parts belongs to the one it began in; a span of a day or more belongs to none.
    """
    if not view.window:
        return reports, 0, ()
    known = [window.name for night in windows_of(view.area, settings).values() for window in night]
    if view.window not in (*known, "night"):
        raise InputError(
            "No such night window.",
            code="window-unknown",
            where=view.area,
            seen=view.window,
            remedy=f"Choose from: night, {', '.join(dict.fromkeys(known))}.",
        )
    timed = reports[reports["occurred_to"] - reports["occurred_from"] < pd.Timedelta(days=1)]
    zones, lost = zone_of(timed, settings)
    part = part_of_night(timed, zones, settings)
    wanted = part != nights.DAY if view.window == "night" else part == view.window
    return timed[wanted], len(reports) - len(timed), _of_zones(zones[wanted], lost)


def part_of_night(reports: pd.DataFrame, zones: pd.Series, settings: Settings) -> pd.Series:
    """Return the named part of the night each report began in, by the night of its zone, or ``day``."""
    return nights.window_by_zone(
        reports["occurred_from"],
        zones,
        of_zone={zone.name: zone.night for zone in settings.zones},
        windows=settings.night,
        tz=settings.time_zone,
    )


def _of_zones(zones: pd.Series, lost: Sequence[str]) -> tuple[str, ...]:
    """Say where a night other than the usual one was used, and which zones have no area."""
    held = zones[zones != ""].value_counts().sort_index()
    own = [f"{name} keeps its own parts of the night: {rows:,} rows." for name, rows in held.items()]
    return (*own, *(f"No loaded area is called {name}: its own night is not used." for name in lost))


def _without_place(store: Store, view: View) -> int:
    """Count rows of these sources whose place could not be used."""
    rejects = store.rejects()
    loads = store.loads().set_index("load_id")["source"]
    ours = rejects["load_id"].map(loads).isin(view.sources)
    return int((ours & rejects["reason"].isin(WITHOUT_PLACE)).sum())


def hours_of_week(reports: pd.DataFrame, settings: Settings) -> NDArray[np.float64]:
    """Return aoristic weights by weekday and local hour, shape (7, 24), Monday first.

    Reports whose moment is not known to within a day add nothing: their weight would be spread over
    every hour and say nothing.
    """
    span = reports["occurred_to"] - reports["occurred_from"]
    timed = reports[span <= pd.Timedelta(days=1)]
    return nights.hour_table(timed["occurred_from"], timed["occurred_to"], tz=settings.time_zone)


def is_private(reports: pd.DataFrame) -> pd.Series:
    """Say of each report whether its kind is told with others as one, and never of a single cell.

    Raises
    ------
    InputError
        When a report is of no source that there is.
    """
    there = [SOURCES[source] for source in reports["source"].unique()]
    return reports["category"].isin([kind for source in there for kind in source.private_kinds])


def factor_shares(reports: pd.DataFrame, *, level: float, dispersion: float = 1.0) -> pd.DataFrame:
    """Return how often each reason is given, as a share of events, with Jeffreys intervals of that level.

    Of recorded incidents, whose reason nobody asked for, it is the kinds that are counted; sexual offences
    are one kind.

    Returns
    -------
    pandas.DataFrame
        ``factor, n, of, share, lower, upper``, most frequent first. A report may give several reasons, so
        the shares do not sum to one.
    """
    events = reports.drop_duplicates("event_id")
    there = [SOURCES[source] for source in events["source"].unique()]
    of_a_kind = events["source"].isin([source.id for source in there if source.shares_of == "category"])
    kinds = events["category"].where(~is_private(events), "Sexual offences")
    given = kinds.where(of_a_kind, events["factor"]).str.split("|").explode()
    counts = given[given != ""].value_counts().rename_axis("factor").rename("n").reset_index()
    lower, upper = jeffreys(
        counts["n"], np.full(len(counts), len(events)), level=level, dispersion=dispersion
    )
    told = counts.assign(of=len(events), share=counts["n"] / max(len(events), 1), lower=lower, upper=upper)
    return told.sort_values(["n", "factor"], ascending=[False, True], ignore_index=True)
