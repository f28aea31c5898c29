"""The one grid: H3 cells, what is counted in them, and what the counts are compared with.

Every statistic takes a cells frame (:data:`safespace.schemas.CELLS`) and never points, so two figures can
not silently use two grids. Frames join on ``cell``, never on position. ``cell_8`` is the exact cell of a
report at resolution 8: six or seven in a hundred points lie outside their parent cell, so children are
never rolled up.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from safespace.errors import AreaError, SchemaError
from safespace.schemas import CELLS, MOMENT, RESOLUTIONS, conform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    from safespace.engine import Engine

    Cells = NDArray[np.int64]

logger = logging.getLogger(__name__)

EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS 84, as H3 uses
EQUAL_AREA = "EPSG:6933"  # areas are true anywhere, so shares of an area are exact
BRITAIN = (-7.6, 49.8, 1.9, 60.9)  # west, south, east, north, degrees: where EPSG:27700 is meant for
MOST_CELLS = 3_000_000  # about England at resolution 9; past this a laptop runs out of memory
REPEATED_PIN_SOURCES = ("streetsafe",)
EVENT_COLUMNS = (
    "report_id",
    "source",
    "category",
    "factor",
    "occurred_from",
    "occurred_to",
    "lon",
    "lat",
    "event_id",
)
LONGEST_DAY = pd.Timedelta(hours=25)  # the night the clocks go back
_CHUNK = 65_536
_TICK = pd.Timedelta(microseconds=1)


def add_cells(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports with the exact cell at each resolution.

    Only distinct coordinates are converted: published locations repeat (snap points), often twenty times.

    Parameters
    ----------
    reports
        Frame with ``lon`` and ``lat`` in degrees (EPSG:4326).

    Returns
    -------
    pandas.DataFrame
        The same rows and index with ``cell_7`` to ``cell_10`` (int64).

    Raises
    ------
    SchemaError
        When a coordinate is missing or not finite.

    Examples
    --------
    >>> placed = add_cells(pd.DataFrame({"lon": [-1.15, -1.15], "lat": [52.95, 52.95]}))
    >>> [h3.int_to_str(cell) for cell in placed["cell_8"]]
    ['881943583dfffff', '881943583dfffff']
    """
    wrong = ~(np.isfinite(reports["lon"]) & np.isfinite(reports["lat"]))
    if wrong.any():
        raise SchemaError(
            "Coordinates are missing.",
            seen=f"{int(wrong.sum())} rows",
            remedy="Reject those rows when they are read.",
        )
    place = reports.groupby(["lon", "lat"], sort=False).ngroup().to_numpy()
    distinct = reports[["lon", "lat"]].drop_duplicates()
    return reports.assign(
        **{
            f"cell_{resolution}": locate(distinct["lon"], distinct["lat"], resolution=resolution)[place]
            for resolution in RESOLUTIONS
        }
    )


def locate(lon: ArrayLike, lat: ArrayLike, *, resolution: int) -> Cells:
    """Return the H3 cell of each point, shape (n,), int64.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,), finite.
    resolution
        H3 resolution.
    """
    lats, lons = np.asarray(lat, dtype=float).tolist(), np.asarray(lon, dtype=float).tolist()
    found = map(h3.latlng_to_cell, lats, lons, repeat(resolution))
    return np.fromiter(found, dtype=np.int64, count=len(lats))


def add_events(
    reports: pd.DataFrame,
    *,
    same_event_m: float,
    time_zone: str = "Europe/London",
    sources: Sequence[str] = REPEATED_PIN_SOURCES,
    held: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the reports with ``event_id``: repeated pins of one experience share one.

    Pins are one event when they have the same source, category and reasons, the same local day, and a
    chain of pins no more than ``same_event_m`` apart joins them. The event takes the identifier of its
    earliest pin.

    Parameters
    ----------
    reports
        Frame with the columns of :data:`safespace.schemas.REPORTS`.
    same_event_m
        Greatest distance between two neighbouring pins of one event, metres.
    time_zone
        Zone whose calendar day counts.
    sources
        Sources whose rows can be repeated pins.
    held
        Reports that have their events already (:data:`EVENT_COLUMNS`): a pin that belongs to one of those
        takes its name, so that pins loaded one after the other are one event too.

    Returns
    -------
    pandas.DataFrame
        The same rows and index with ``event_id``.

    Notes
    -----
    Recorded incidents and suspected spiking have a reference each: two on one night in one place are two,
    and the cluster is what is looked for, so only anonymous pins are merged unless ``sources`` says
    otherwise. Rows without a usable day (a span above 25 hours, as the month-only rows of police.uk) are
    never merged. Pins either side of midnight stay two events, which errs towards more events.
    Only the local day bounds a chain: with pins at 0, 29 and 58 m the ends are one event by the pin between
    them, though they are 58 m apart. One experience is often told along a street, and without the middle pin
    they would be two.
    """
    usable = _repeatable(reports, sources)
    if not usable.any():
        return reports.assign(event_id=reports["report_id"])
    pins = reports.loc[usable, list(EVENT_COLUMNS[:-1])].assign(event_id=reports["report_id"], fresh=True)
    if held is not None and len(held):
        earlier = held.loc[_repeatable(held, sources), list(EVENT_COLUMNS)]
        pins = pd.concat([pins, earlier.assign(fresh=False)], ignore_index=True)
    pins = pins.assign(event=_components(pins, same_event_m, time_zone))
    # what is held keeps its name, whichever pin came first
    ordered = pins.sort_values(["fresh", "occurred_from", "report_id"], kind="stable")
    first = ordered.drop_duplicates("event").set_index("event")["event_id"]
    events = reports["report_id"].astype(object).to_numpy(copy=True)
    events[usable] = first.reindex(pins.loc[pins["fresh"], "event"]).to_numpy()
    return reports.assign(event_id=pd.Series(events, index=reports.index, dtype=reports["report_id"].dtype))


def _repeatable(reports: pd.DataFrame, sources: Sequence[str]) -> NDArray[np.bool_]:
    span = reports["occurred_to"] - reports["occurred_from"]
    return (reports["source"].isin(list(sources)) & (span <= LONGEST_DAY)).to_numpy(dtype=bool)


def _components(pins: pd.DataFrame, same_event_m: float, time_zone: str) -> NDArray[np.int64]:
    """Return the number of the connected component of each pin, shape (n,)."""
    if pins.empty:
        return np.empty(0, dtype=np.int64)
    keys = pins[["source", "category", "factor", "lon", "lat"]].assign(
        day=pins["occurred_from"].dt.tz_convert(time_zone).dt.date
    )
    alike = keys.groupby(["source", "category", "factor", "day"], sort=False).ngroup()
    keys = keys.assign(alike=alike)
    # Identical pins first: a snap point with a thousand pins would give half a million pairs.
    point = keys.groupby(["alike", "lon", "lat"], sort=False).ngroup().to_numpy()
    distinct = keys.drop_duplicates(["alike", "lon", "lat"])
    apart = distinct["alike"].to_numpy() * 10.0 * same_event_m  # a fourth axis keeps groups out of reach
    metres = np.column_stack([_on_globe_m(distinct["lon"], distinct["lat"]), apart])
    pairs = cKDTree(metres).query_pairs(same_event_m, output_type="ndarray")
    size = len(distinct)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    return connected_components(links, directed=False)[1].astype(np.int64)[point]


def _on_globe_m(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return points on a sphere in metres, shape (n, 3): straight distance is exact enough within 1 km."""
    east, north = np.radians(np.asarray(lon, dtype=float)), np.radians(np.asarray(lat, dtype=float))
    unit = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    return EARTH_RADIUS_M * unit


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], str]:
    """Return points on a plane in metres, shape (n, 2), and the coordinate system they are in.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,), at least one.

    Notes
    -----
    The British National Grid (EPSG:27700) where all points lie within its reach, otherwise the UTM zone of
    their middle. Distances are good to one part in a thousand within a zone; points of several countries
    do not belong on one plane.

    Examples
    --------
    >>> metres, system = to_metres([-1.15], [52.95])
    >>> metres.round(-1).tolist(), system
    ([[457210.0, 339520.0]], 'EPSG:27700')
    >>> to_metres([24.94], [60.17])[1]
    'EPSG:32635'
    """
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    west, south, east, north = BRITAIN
    if ((lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)).all():
        system = "EPSG:27700"
    else:
        zone = int((np.median(lons) + 180) // 6) % 60 + 1
        system = f"EPSG:{32600 + zone + 100 * bool(np.median(lats) < 0)}"
    plane = Transformer.from_crs("EPSG:4326", system, always_xy=True)
    return np.column_stack(plane.transform(lons, lats)), system


def study_window(area: BaseGeometry, *, resolution: int) -> pd.DataFrame:
    """Return every cell of an area, with nothing counted yet and its real size as the exposure.

    Parameters
    ----------
    area
        Polygon or multipolygon, EPSG:4326; heights are ignored.
    resolution
        H3 resolution.

    Returns
    -------
    pandas.DataFrame
        :data:`safespace.schemas.CELLS` sorted by ``cell``: all cells whose centre is inside, and the ring
        of cells around them flagged ``edge``.

    Raises
    ------
    AreaError
        When the area is not a valid polygon in degrees, or has too many cells.

    Notes
    -----
    A polygon too small to hold a centre gives the cell it lies in. A cell inside counts with its whole
    size even where the border cuts it, so where data stop at the border its density reads low, never high.

    Examples
    --------
    >>> window = study_window(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
    >>> len(window), int(window["edge"].sum()), round(float(window["area_km2"].mean()), 3)
    (162, 48, 0.654)
    """
    polygon = _checked(area, resolution)
    inside = np.fromiter(h3.geo_to_cells(polygon, resolution), dtype=np.int64)
    if inside.size == 0:
        point = polygon.representative_point()
        inside = locate([point.x], [point.y], resolution=resolution)
    reached = np.fromiter(chain.from_iterable(map(h3.grid_disk, inside.tolist(), repeat(1))), dtype=np.int64)
    cells = np.unique(reached)
    area_km2 = areas_km2(cells)
    frame = pd.DataFrame({"cell": cells, "area_km2": area_km2, "edge": ~np.isin(cells, inside)})
    return conform(frame.assign(pins=0, events=0, exposure=area_km2), CELLS)


def _checked(area: BaseGeometry, resolution: int) -> BaseGeometry:
    if not isinstance(area, shapely.Polygon | shapely.MultiPolygon) or area.is_empty:
        raise AreaError(
            "The area is not a polygon.", seen=area.geom_type, remedy="Give a polygon or multipolygon."
        )
    polygon: BaseGeometry = shapely.force_2d(area)
    west, south, east, north = polygon.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise AreaError(
            "The area's coordinates are not degrees.", seen=polygon.bounds, remedy="Convert it to EPSG:4326."
        )
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        raise AreaError("The area is not a valid polygon.", seen=reason, remedy="Mend its outline.")
    wanted = _rough_area_km2(polygon) / h3.average_hexagon_area(resolution, unit="km^2")
    if wanted > MOST_CELLS:
        raise AreaError(
            f"The area has too many cells at resolution {resolution}.",
            seen=f"about {wanted:,.0f}",
            remedy="Choose a coarser resolution or a smaller area.",
        )
    return polygon


def _rough_area_km2(polygon: BaseGeometry) -> float:
    middle = float(np.cos(np.radians(polygon.centroid.y)))
    return float(polygon.area) * middle * 111.32**2


def areas_km2(cells: ArrayLike) -> NDArray[np.float64]:
    """Return the real area of each cell, square kilometres, shape (n,).

    Notes
    -----
    Never a constant: at one resolution areas differ by a tenth within England alone.
    """
    held = np.asarray(cells, dtype=np.int64).tolist()
    return np.fromiter(map(partial(h3.cell_area, unit="km^2"), held), dtype=float, count=len(held))


@dataclass(frozen=True)
class Limits:
    """Which reports are counted, where the engine can tell by itself.

    Parameters
    ----------
    since, until
        ``occurred_from`` at or after the one and before the other, moments with a time zone.
    factor
        Only reports that give this reason; empty for all.
    patrols
        Also those found by patrols.
    """

    since: datetime | None = None
    until: datetime | None = None
    factor: str = ""
    patrols: bool = True

    def to_frame(self) -> pd.DataFrame:
        """Return the limits as a table of one row, so that no value is pasted into a query."""
        ends = pd.DataFrame({"since": [self.since], "until": [self.until]})
        ends = ends.astype({"since": MOMENT, "until": MOMENT})
        return ends.assign(wanted=pd.Series([self.factor], dtype="str"), patrols=self.patrols)


def count(
    reports: pd.DataFrame | Sequence[str],
    window: pd.DataFrame,
    *,
    resolution: int,
    engine: Engine,
    limits: Limits | None = None,
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
    limits
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
    the window count nowhere; :func:`require_reports` refuses a window without any.
    """
    if len(window) and h3.get_resolution(int(window["cell"].iloc[0])) != resolution:
        raise AreaError(
            "The window was made at another resolution.",
            seen=h3.get_resolution(int(window["cell"].iloc[0])),
            remedy=f"Make it again at {resolution}.",
        )
    source, asked = _limited(limits)
    counted = engine.query(_count_sql(resolution, source), reports=reports, study=window[["cell"]], **asked)
    counted = counted.set_index("cell").reindex(window["cell"].to_numpy())
    return window.assign(
        pins=counted["pins"].to_numpy(dtype=np.int64), events=counted["events"].to_numpy(dtype=np.int64)
    )


def _limited(limits: Limits | None) -> tuple[str, dict[str, pd.DataFrame]]:
    """Return what a query reads from, and the table of limits it then needs."""
    if limits is None or limits == Limits():
        return "reports", {}
    return _LIMITED, {"asked": limits.to_frame()}


_LIMITED = """(
    SELECT reports.* FROM reports CROSS JOIN asked
    WHERE (since IS NULL OR occurred_from >= since) AND (until IS NULL OR occurred_from < until)
          AND (wanted = '' OR POSITION('|' || wanted || '|' IN '|' || factor || '|') > 0)
          AND (patrols OR detected_by <> 'patrol')
) AS reports"""


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


def _orphans_sql(resolution: int, reports: str) -> str:
    """Return the parts of a query that find, in ``orphans``, pins of events whose first pin is not there."""
    return f"""followers AS (
            SELECT cell_{resolution:d} AS cell, report_id, event_id, occurred_from
            FROM {reports} WHERE report_id <> event_id
        ), led AS (
            SELECT DISTINCT event_id FROM {reports}
            WHERE report_id = event_id AND event_id IN (SELECT event_id FROM followers)
        ), orphans AS (
            SELECT followers.cell AS cell, occurred_from, ROW_NUMBER() OVER (
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
    limits: Limits | None = None,
) -> pd.DataFrame:
    """Return how many events began in each cell of a window on each day.

    Parameters
    ----------
    reports, resolution, engine, limits
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
    source, asked = _limited(limits)
    counted = engine.query(
        _count_days_sql(resolution, source),
        reports=reports,
        study=window[["cell"]],
        days=_days(time_zone, "D"),
        **asked,
    )
    day = pd.DatetimeIndex(counted["day"].to_numpy(np.int64).astype("datetime64[D]")).as_unit("us")
    return counted.assign(day=day)


def _count_days_sql(resolution: int, reports: str) -> str:
    return f"""
        WITH {_orphans_sql(resolution, reports)}, firsts AS (
            SELECT cell_{resolution:d} AS cell, occurred_from FROM {reports} WHERE report_id = event_id
            UNION ALL SELECT cell, occurred_from FROM orphans WHERE nth = 1
        ), placed AS (
            SELECT cell, occurred_from, CAST(occurred_from AS DATE) AS day FROM firsts
        ), calendar AS (
            SELECT CAST(day AS DATE) AS day, before, after, turns FROM days
        ), dated AS (
            SELECT placed.cell AS cell, CAST(
                CASE WHEN occurred_from < turns THEN before ELSE after END AS INTEGER
            ) AS day
            FROM placed JOIN calendar ON placed.day = calendar.day JOIN study ON placed.cell = study.cell
        )
        SELECT cell, day, COUNT(*) AS events FROM dated GROUP BY cell, day
        ORDER BY cell NULLS LAST, day NULLS LAST
    """  # noqa: S608 - a number formatted as such, and one of two fixed texts


def count_months(
    reports: pd.DataFrame | Sequence[str],
    *,
    resolution: int,
    engine: Engine,
    time_zone: str = "Europe/London",
    limits: Limits | None = None,
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
    time_zone
        Zone whose calendar months count, by ``occurred_from``.
    limits
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
    source, asked = _limited(limits)
    sources = engine.query(_SOURCES_SQL, reports=reports).assign(place=lambda f: np.arange(len(f)))
    counted = engine.query(
        _count_months_sql(resolution, source),
        reports=reports,
        days=_days(time_zone, "M"),
        sources=sources,
        **asked,
    )
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


def _count_months_sql(resolution: int, reports: str) -> str:
    """Both engines cut moments in UTC; the small table of days puts the hours between the clocks right.

    Groups are kept by two numbers, the second being month and source in one: text among the keys would
    double the memory that three million groups take.
    """
    return f"""
        WITH placed AS (
            SELECT cell_{resolution:d} AS cell, source, occurred_from, CAST(occurred_from AS DATE) AS day
            FROM {reports}
        ), calendar AS (
            SELECT CAST(day AS DATE) AS day, before, after, turns FROM days
        ), size AS (
            SELECT COUNT(*) AS many FROM sources
        ), dated AS (
            SELECT cell, CAST(
                CASE WHEN occurred_from < turns THEN before ELSE after END * size.many + sources.place AS INTEGER
            ) AS month_and_place
            FROM placed JOIN calendar ON placed.day = calendar.day
                 JOIN sources ON placed.source = sources.source CROSS JOIN size
        )
        SELECT cell, month_and_place, COUNT(*) AS pins FROM dated GROUP BY cell, month_and_place
        ORDER BY cell NULLS LAST, month_and_place NULLS LAST
    """  # noqa: S608 - a number formatted as such, and one of two fixed texts


def require_reports(cells: pd.DataFrame, *, area: str) -> pd.DataFrame:
    """Return the cells as they are, or refuse an area that no report falls in.

    Raises
    ------
    AreaError
        When nothing was counted inside: a polygon in the sea, in another town, or with swapped axes.
    """
    if int(cells.loc[~cells["edge"], "pins"].sum()) == 0:
        lat, lon = h3.cell_to_latlng(int(cells["cell"].iloc[len(cells) // 2]))
        raise AreaError(
            "No report falls inside this area.",
            where=area,
            seen=f"an area near longitude {lon:.3f}, latitude {lat:.3f}",
            remedy="Check the area's place and the order of its coordinates, or widen the dates and sources.",
        )
    return cells


def neighbours(cells: ArrayLike) -> csr_array[Any, tuple[int, int]]:
    """Return which cells are in each cell's ring: itself and the cells beside it, within those given.

    Parameters
    ----------
    cells
        Distinct H3 cells of one resolution, shape (n,).

    Returns
    -------
    scipy.sparse.csr_array
        Shape (n, n), int64 ones, rows and columns in the order of ``cells``. Shared between calls and
        therefore read-only.

    Examples
    --------
    >>> window = study_window(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=7)
    >>> ring = neighbours(window["cell"])
    >>> int((ring @ np.ones(len(window), dtype=np.int64)).max())
    7
    """
    return _ring(np.ascontiguousarray(cells, dtype=np.int64).tobytes())


@lru_cache(maxsize=4)  # building takes far longer than every statistic drawn from it
def _ring(content: bytes) -> csr_array[Any, tuple[int, int]]:
    cells = np.frombuffer(content, dtype=np.int64)
    order = np.argsort(cells, kind="stable")
    parts = [_ring_rows(cells[at : at + _CHUNK], cells, order) for at in range(0, len(cells), _CHUNK)]
    per_row = np.concatenate([lengths for lengths, _ in parts] or [np.empty(0, dtype=np.int64)])
    columns = np.concatenate([found for _, found in parts] or [np.empty(0, dtype=np.int64)])
    starts = np.concatenate([[0], np.cumsum(per_row)])
    ones = np.ones(len(columns), dtype=np.int64)
    ring = csr_array((ones, columns, starts), shape=(len(cells), len(cells)))
    ring.sort_indices()
    for part in (ring.data, ring.indices, ring.indptr):
        part.flags.writeable = False
    return ring


def _ring_rows(some: Cells, cells: Cells, order: NDArray[np.intp]) -> tuple[Cells, Cells]:
    """Return how many ring members each of some cells has among all, and their positions in a row."""
    disks = list(map(h3.grid_disk, some.tolist(), repeat(1)))
    row = np.repeat(np.arange(len(some)), np.fromiter(map(len, disks), dtype=np.int64, count=len(some)))
    member = np.fromiter(chain.from_iterable(disks), dtype=np.int64, count=len(row))
    at = order[np.minimum(np.searchsorted(cells, member, sorter=order), len(cells) - 1)]
    held = cells[at] == member
    return np.bincount(row[held], minlength=len(some)).astype(np.int64), at[held].astype(np.int64)


def add_exposure(cells: pd.DataFrame, exposure: pd.Series) -> pd.DataFrame:
    """Return the cells with another baseline, joined on ``cell``.

    Parameters
    ----------
    cells
        Cells frame.
    exposure
        The baseline per cell in its own unit, indexed by cell. A cell that is absent has none (0).

    Raises
    ------
    SchemaError
        When a value is negative or not finite, or a cell is given twice.
    """
    if exposure.index.has_duplicates:
        raise SchemaError("A cell is given twice.", where="exposure", remedy="Sum the values per cell.")
    joined = exposure.reindex(cells["cell"].to_numpy(), fill_value=0.0).to_numpy(dtype=float)
    wrong = ~np.isfinite(joined) | (joined < 0)
    if wrong.any():
        raise SchemaError(
            "The baseline has values that are not amounts.",
            where="exposure",
            seen=f"{int(wrong.sum())} cells, first {joined[wrong][0]}",
            remedy="Give zero or more in each cell.",
        )
    return cells.assign(exposure=joined)


def sum_points(
    lon: ArrayLike, lat: ArrayLike, weight: ArrayLike, window: pd.DataFrame, *, resolution: int
) -> pd.Series:
    """Return the sum of point weights in each cell of the window, indexed by cell.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,).
    weight
        What each point adds, shape (n,).
    window
        Cells frame; points outside it add nothing.
    resolution
        Resolution of the window.
    """
    weights = pd.Series(np.asarray(weight, dtype=float), index=locate(lon, lat, resolution=resolution))
    summed = weights.groupby(level=0).sum()
    return summed.reindex(pd.Index(window["cell"].to_numpy(), name="cell"), fill_value=0.0)


def spread_areas(areas: gpd.GeoDataFrame, values: ArrayLike, window: pd.DataFrame) -> pd.Series:
    """Return area totals spread over the window's cells in proportion to the shared ground.

    Parameters
    ----------
    areas
        Polygons in any stated CRS, not overlapping.
    values
        A total for each area (residents, say), in the areas' order, shape (n,).
    window
        Cells frame.

    Returns
    -------
    pandas.Series
        Indexed by cell. An area wholly under the window keeps its total to rounding; the share of an area
        outside the window is left out.

    Raises
    ------
    AreaError
        When the areas state no CRS.

    Notes
    -----
    Within an area the total is taken to be even, which houses and night-time crowds are not.
    """
    if areas.crs is None:
        raise AreaError("The areas state no coordinate system.", remedy="Set their CRS before spreading.")
    ground = areas.geometry.to_crs(EQUAL_AREA).to_numpy()
    hexes = hexagons(window["cell"]).to_crs(EQUAL_AREA).to_numpy()
    area, cell = shapely.STRtree(hexes).query(ground, predicate="intersects")
    shared = shapely.area(shapely.intersection(ground[area], hexes[cell]))
    whole = shapely.area(ground)
    density = np.divide(np.asarray(values, dtype=float), whole, out=np.zeros(len(whole)), where=whole > 0)
    spread = np.bincount(cell, weights=shared * density[area], minlength=len(window))
    return pd.Series(spread, index=pd.Index(window["cell"].to_numpy(), name="cell"))


def hexagons(cells: Iterable[int] | ArrayLike) -> gpd.GeoSeries:
    """Return the shape of each cell, EPSG:4326, indexed by cell.

    Examples
    --------
    >>> shape = hexagons([h3.str_to_int("881943583dfffff")]).iloc[0]
    >>> len(shape.exterior.coords), round(shape.centroid.x, 2)
    (7, -1.16)
    """
    held = np.asarray(cells, dtype=np.int64).tolist()
    outlines = list(map(h3.cell_to_boundary, held))
    lengths = np.fromiter(map(len, outlines), dtype=np.int64, count=len(outlines))
    lat_lon = np.array(list(chain.from_iterable(outlines)), dtype=float).reshape(-1, 2)
    owner = np.repeat(np.arange(len(held)), lengths)
    rings = shapely.linearrings(lat_lon[:, ::-1], indices=owner) if held else np.empty(0, dtype=object)
    return gpd.GeoSeries(
        shapely.polygons(rings), index=pd.Index(held, name="cell", dtype="int64"), crs="EPSG:4326"
    )
