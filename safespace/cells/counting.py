"""What is counted in the cells of a window, by day and by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from safespace.cells.ground import cut_cells, on_ground
from safespace.errors import AreaError
from safespace.schemas import MOMENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from safespace.engine import Engine

    Cells = NDArray[np.int64]

_PLACE = ", lon, lat"
_TICK = pd.Timedelta(microseconds=1)


@dataclass(frozen=True)
class ReportFilter:
    """Which reports are counted, where the engine can tell by itself.

    Parameters
    ----------
    since, until
        ``occurred_from`` at or after the one and before the other, moments with a time zone.
    factor
        Only reports that give this reason; empty for all.
    patrols
        Also those found by patrols.
    kinds
        Only reports of these, each a source and a category; of any when not given.
    """

    since: datetime | None = None
    until: datetime | None = None
    factor: str = ""
    patrols: bool = True
    kinds: tuple[tuple[str, str], ...] | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the filter as a table of one row, so that no value is pasted into a query."""
        ends = pd.DataFrame({"since": [self.since], "until": [self.until]})
        ends = ends.astype({"since": MOMENT, "until": MOMENT})
        return ends.assign(wanted=pd.Series([self.factor], dtype="str"), patrols=self.patrols)

    def kinds_frame(self) -> pd.DataFrame:
        """Return the kinds as a table, ``of_source`` and ``of_kind``."""
        return pd.DataFrame(self.kinds or (), columns=["of_source", "of_kind"], dtype="str")


def count(
    reports: pd.DataFrame | Sequence[str],
    window: pd.DataFrame,
    *,
    resolution: int,
    engine: Engine,
    report_filter: ReportFilter | None = None,
) -> pd.DataFrame:
    """Return the window with pins and events counted in each cell.

    Parameters
    ----------
    reports
        Placed reports (:data:`safespace.schemas.PLACED`), as a frame or as paths of Parquet files.
    window
        Cells from :func:`study_window`.
    resolution
        Resolution of the window; the reports' ``cell_{resolution}`` is counted.
    engine
        Where the query runs.
    report_filter
        Which of the reports are counted; all of them when not given.

    Returns
    -------
    pandas.DataFrame
        :data:`safespace.schemas.CELLS`; every other column of the window is kept as it was.

    Raises
    ------
    AreaError
        When the window was made at another resolution.

    Notes
    -----
    An event counts once, in the cell of its earliest pin, so events add up over cells. Reports outside
    the window count nowhere, nor do those in a cell that the outline runs through but on its far side;
    :func:`require_reports` refuses a window without any.
    """
    if len(window) and h3.get_resolution(int(window["cell"].iloc[0])) != resolution:
        raise AreaError(
            "The window was made at another resolution.",
            code="window-resolution-differs",
            seen=h3.get_resolution(int(window["cell"].iloc[0])),
            remedy=f"Make it again at {resolution}.",
        )
    source, asked = _filtered(report_filter)
    counted = engine.query(_count_sql(resolution, source), reports=reports, study=window[["cell"]], **asked)
    counted = counted.set_index("cell")
    if len(cut := cut_cells(window)):
        study = pd.DataFrame({"cell": cut})
        points = engine.query(_count_points_sql(resolution, source), reports=reports, study=study, **asked)
        inside = _on_ground(points, window).groupby("cell").sum().reindex(cut, fill_value=0)
        counted = pd.concat([counted[~counted.index.isin(cut)], inside])
    counted = counted.reindex(window["cell"].to_numpy())
    return window.assign(
        pins=counted["pins"].to_numpy(dtype=np.int64), events=counted["events"].to_numpy(dtype=np.int64)
    )


def _on_ground(points: pd.DataFrame, window: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose place is inside the outline of a window, without the place."""
    inside = on_ground(points["cell"], points["lon"], points["lat"], window)
    return points[inside].drop(columns=["lon", "lat"])


def _filtered(report_filter: ReportFilter | None) -> tuple[str, dict[str, pd.DataFrame]]:
    """Return what a query reads from, and the filter's table it then needs."""
    if report_filter is None or report_filter == ReportFilter():
        return "reports", {}
    if report_filter.kinds is None:
        return f"({_FILTERED}) AS reports", {"asked": report_filter.to_frame()}
    return f"({_FILTERED} AND {_OF_KIND}) AS reports", {
        "asked": report_filter.to_frame(),
        "kinds": report_filter.kinds_frame(),
    }


_FILTERED = """
    SELECT reports.* FROM reports CROSS JOIN asked
    WHERE (since IS NULL OR occurred_from >= since) AND (until IS NULL OR occurred_from < until)
          AND (wanted = '' OR POSITION('|' || wanted || '|' IN '|' || factor || '|') > 0)
          AND (patrols OR detected_by <> 'patrol')
"""
_OF_KIND = "EXISTS (SELECT 1 FROM kinds WHERE of_source = source AND of_kind = category)"
_CATEGORIES_SQL = """
    SELECT source, category, COUNT(*) AS pins FROM reports GROUP BY source, category
    ORDER BY source NULLS LAST, category NULLS LAST
"""


def list_categories(reports: pd.DataFrame | Sequence[str], *, engine: Engine) -> pd.DataFrame:
    """Return the categories that reports of each source have: ``source, category, pins``, sorted.

    Parameters
    ----------
    reports, engine
        As in :func:`count`.

    Raises
    ------
    EngineError
        When the query fails.
    """
    return engine.query(_CATEGORIES_SQL, reports=reports)


def _count_sql(resolution: int, reports: str) -> str:
    """Count an event where its first pin is, sorting only the few events whose first pin is not there.

    An event is named after its first pin (:func:`add_events`), so that pin is known by its two identifiers
    being equal. Only where a selection left it out must the earliest of the others be looked for. The table is
    named three times and not once in front: DuckDB would copy it into memory.
    """
    return f"""
        WITH {_orphans_sql(resolution, reports)}, counted AS (
            SELECT cell_{resolution:d} AS cell, COUNT(*) AS pins,
                   COUNT(*) FILTER (WHERE report_id = event_id) AS events
            FROM {reports} GROUP BY 1
        ), adopted AS (
            SELECT cell, COUNT(*) AS events FROM orphans WHERE nth = 1 GROUP BY cell
        )
        SELECT study.cell AS cell, COALESCE(counted.pins, 0) AS pins,
               COALESCE(counted.events, 0) + COALESCE(adopted.events, 0) AS events
        FROM study LEFT JOIN counted ON study.cell = counted.cell
             LEFT JOIN adopted ON study.cell = adopted.cell
    """  # noqa: S608 - a number formatted as such, and one of two fixed texts


def _count_points_sql(resolution: int, reports: str) -> str:
    """Count as :func:`_count_sql`, each place by itself: only outside a query is it known what is inside."""
    return f"""
        WITH {_orphans_sql(resolution, reports, _PLACE)}, pins AS (
            SELECT cell_{resolution:d} AS cell{_PLACE}, TRUE AS pin, report_id = event_id AS event FROM {reports}
            UNION ALL SELECT cell{_PLACE}, FALSE AS pin, TRUE AS event FROM orphans WHERE nth = 1
        )
        SELECT pins.cell AS cell{_PLACE}, COUNT(*) FILTER (WHERE pin) AS pins,
               COUNT(*) FILTER (WHERE event) AS events
        FROM pins JOIN study ON pins.cell = study.cell GROUP BY pins.cell{_PLACE}
    """  # noqa: S608 - a number formatted as such, and fixed texts


def _orphans_sql(resolution: int, reports: str, place: str = "") -> str:
    """Return the parts of a query that find, in ``orphans``, pins of events whose first pin is not there."""
    return f"""followers AS (
            SELECT cell_{resolution:d} AS cell{place}, report_id, event_id, occurred_from
            FROM {reports} WHERE report_id <> event_id
        ), led AS (
            SELECT DISTINCT event_id FROM {reports}
            WHERE report_id = event_id AND event_id IN (SELECT event_id FROM followers)
        ), orphans AS (
            SELECT followers.cell AS cell{place}, occurred_from, ROW_NUMBER() OVER (
                PARTITION BY followers.event_id ORDER BY occurred_from, report_id
            ) AS nth
            FROM followers LEFT JOIN led ON followers.event_id = led.event_id WHERE led.event_id IS NULL
        )"""  # noqa: S608 - a number formatted as such, and one of two fixed texts


def count_days(
    reports: pd.DataFrame | Sequence[str],
    window: pd.DataFrame,
    *,
    resolution: int,
    engine: Engine,
    time_zone: str = "Europe/London",
    report_filter: ReportFilter | None = None,
) -> pd.DataFrame:
    """Return how many events began in each cell of a window on each day.

    Parameters
    ----------
    reports, resolution, engine, report_filter
        As in :func:`count`.
    window
        Cells from :func:`study_window`.
    time_zone
        Zone whose calendar days count, by ``occurred_from`` of an event's earliest pin.

    Returns
    -------
    pandas.DataFrame
        ``cell`` (int64), ``day`` (``datetime64[us]``) and ``events`` (int64), sorted; only what occurs.

    Raises
    ------
    EngineError
        When the query fails.
    """
    source, asked = _filtered(report_filter)
    study, place = _study(window)
    counted = engine.query(
        _count_days_sql(resolution, source, place),
        reports=reports,
        study=study,
        days=_days(time_zone, "D"),
        **asked,
    )
    if place:
        counted = _summed(counted, window, ["cell", "day"])
    day = pd.DatetimeIndex(counted["day"].to_numpy(np.int64).astype("datetime64[D]")).as_unit("us")
    return counted.assign(day=day)


def _study(window: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the cells that a query is about, and the names by which it tells the places in those that are cut."""
    cut = np.isin(window["cell"].to_numpy(), cut_cells(window))
    return window[["cell"]].assign(cut=cut), _PLACE if cut.any() else ""


def _summed(counted: pd.DataFrame, window: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return what was counted by place summed over the places inside the outline, sorted."""
    return _on_ground(counted, window).groupby(by, sort=True).sum().reset_index()


def _place_sql(place: str) -> str:
    """Return the columns of a place for a row of a query, filled only where the outline runs through its cell."""
    return ", CASE WHEN cut THEN lon END AS lon, CASE WHEN cut THEN lat END AS lat" if place else ""


def _count_days_sql(resolution: int, reports: str, place: str) -> str:
    return f"""
        WITH {_orphans_sql(resolution, reports, place)}, firsts AS (
            SELECT cell_{resolution:d} AS cell, occurred_from{place} FROM {reports} WHERE report_id = event_id
            UNION ALL SELECT cell, occurred_from{place} FROM orphans WHERE nth = 1
        ), placed AS (
            SELECT cell, occurred_from, CAST(occurred_from AS DATE) AS day{place} FROM firsts
        ), calendar AS (
            SELECT CAST(day AS DATE) AS day, before, after, turns FROM days
        ), dated AS (
            SELECT placed.cell AS cell, CAST(
                CASE WHEN occurred_from < turns THEN before ELSE after END AS INTEGER
            ) AS day{_place_sql(place)}
            FROM placed JOIN calendar ON placed.day = calendar.day JOIN study ON placed.cell = study.cell
        )
        SELECT cell, day{place}, COUNT(*) AS events FROM dated GROUP BY cell, day{place}
        ORDER BY cell NULLS LAST, day NULLS LAST
    """  # noqa: S608 - a number formatted as such, and fixed texts


def count_months(
    reports: pd.DataFrame | Sequence[str],
    *,
    resolution: int,
    engine: Engine,
    window: pd.DataFrame | None = None,
    time_zone: str = "Europe/London",
    report_filter: ReportFilter | None = None,
) -> pd.DataFrame:
    """Return how many pins each source has in each cell in each month.

    Parameters
    ----------
    reports
        Placed reports (:data:`safespace.schemas.PLACED`), as a frame or as paths of Parquet files.
    resolution
        The reports' ``cell_{resolution}`` is counted.
    engine
        Where the query runs; memory grows with the cells and months, not with the reports.
    window
        Cells from :func:`study_window`: only what lies in its area, those at the edge left out. Everything
        when not given.
    time_zone
        Zone whose calendar months count, by ``occurred_from``.
    report_filter
        Which of the reports are counted; all of them when not given.

    Returns
    -------
    pandas.DataFrame
        ``cell`` (int64), ``month`` (``datetime64[us]``, its first day), ``source``, ``pins`` (int64), sorted;
        only what occurs.

    Raises
    ------
    EngineError
        When the query fails.

    Notes
    -----
    Pins, not events: an event whose pins fall either side of midnight would be in two months.
    """
    source, asked = _filtered(report_filter)
    sources = engine.query(_SOURCES_SQL, reports=reports).assign(place=lambda f: np.arange(len(f)))
    study, place_names = (None, "") if window is None else _study(window[~window["edge"]])
    counted = engine.query(
        _count_months_sql(resolution, source, place_names, within=study is not None),
        reports=reports,
        days=_days(time_zone, "M"),
        sources=sources,
        **asked,
        **({} if study is None else {"study": study}),
    )
    if window is not None and place_names:
        counted = _summed(counted, window, ["cell", "month_and_place"])
    month, place = np.divmod(counted["month_and_place"].to_numpy(), max(len(sources), 1))
    counted["month_and_place"] = pd.DatetimeIndex(month.astype("datetime64[M]")).as_unit("us")
    named = sources["source"].astype("str").take(place).reset_index(drop=True)
    counted.insert(2, "source", named)
    return counted.rename(columns={"month_and_place": "month"})


def _days(time_zone: str, unit: Literal["D", "M"]) -> pd.DataFrame:
    """Return the local day or month (since 1970) before and after the one moment in a UTC day it can change."""
    day = pd.date_range("1970-01-01", "2100-01-01", freq="D", tz="UTC").as_unit("us")
    first, last = (_number(moments, time_zone, unit) for moments in (day, day + pd.Timedelta("24h") - _TICK))
    starts = pd.DatetimeIndex(last.astype(f"datetime64[{unit}]")).tz_localize(
        time_zone, nonexistent="shift_forward", ambiguous=np.ones(len(last), dtype=bool)
    )
    turns = np.where(first == last, day.tz_localize(None), starts.tz_convert("UTC").tz_localize(None))
    turns_utc = pd.DatetimeIndex(turns).tz_localize("UTC").as_unit("us")
    return pd.DataFrame({"day": day.tz_localize(None), "before": first, "after": last, "turns": turns_utc})


def _number(moments: pd.DatetimeIndex, time_zone: str, unit: Literal["D", "M"]) -> Cells:
    local = moments.tz_convert(time_zone).tz_localize(None)
    return local.to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)


_SOURCES_SQL = "SELECT DISTINCT source FROM reports WHERE source IS NOT NULL ORDER BY source NULLS LAST"


def _count_months_sql(resolution: int, reports: str, place: str, *, within: bool) -> str:
    """Both engines cut moments in UTC; the small table of days puts the hours between the clocks right.

    Groups are kept by two numbers, the second being month and source in one: text among the keys would
    double the memory that three million groups take.
    """
    study = " JOIN study ON placed.cell = study.cell" if within else ""
    return f"""
        WITH placed AS (
            SELECT cell_{resolution:d} AS cell, source, occurred_from, CAST(occurred_from AS DATE) AS day{place}
            FROM {reports}
        ), calendar AS (
            SELECT CAST(day AS DATE) AS day, before, after, turns FROM days
        ), size AS (
            SELECT COUNT(*) AS many FROM sources
        ), dated AS (
            SELECT placed.cell AS cell, CAST(
                CASE WHEN occurred_from < turns THEN before ELSE after END * size.many + sources.place AS INTEGER
            ) AS month_and_place{_place_sql(place)}
            FROM placed JOIN calendar ON placed.day = calendar.day
                 JOIN sources ON placed.source = sources.source CROSS JOIN size{study}
        )
        SELECT cell, month_and_place{place}, COUNT(*) AS pins FROM dated GROUP BY cell, month_and_place{place}
        ORDER BY cell NULLS LAST, month_and_place NULLS LAST
    """  # noqa: S608 - a number formatted as such, and fixed texts


def require_reports(cells: pd.DataFrame, *, area: str) -> pd.DataFrame:
    """Return the cells as they are, or refuse an area that no report falls in.

    Raises
    ------
    AreaError
        When nothing was counted inside: a polygon in the sea, in another town, or with swapped axes.
    """
    if int(cells.loc[~cells["edge"], "pins"].sum()) == 0:
        inside = cells.loc[~cells["edge"], "cell"]
        lat, lon = h3.cell_to_latlng(int(inside.iloc[len(inside) // 2]))
        raise AreaError(
            "No report falls inside this area.",
            code="no-report-in-area",
            where=area,
            seen=f"an area near longitude {lon:.3f}, latitude {lat:.3f}",
            remedy="Check the area's place and the order of its coordinates, or widen the dates and sources.",
        )
    return cells
