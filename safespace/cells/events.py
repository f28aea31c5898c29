"""Repeated pins of one experience are one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from safespace.cells.grid import EARTH_RADIUS_M
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

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


def add_events(
    reports: pd.DataFrame,
    *,
    same_event_m: float,
    time_zone: str = "Europe/London",
    sources: Sequence[str] | None = None,
    stored: pd.DataFrame | None = None,
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
        Sources whose rows can be repeated pins; those whose record says so when not given.
    stored
        Reports that have their events already (:data:`EVENT_COLUMNS`): a pin that belongs to one of those
        takes its name, so that pins loaded one after the other are one event too.

    Returns
    -------
    pandas.DataFrame
        The same rows and index with ``event_id``.

    Raises
    ------
    InputError
        When ``sources`` are not given and a row is of no source that there is.

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
    sources = _merged(reports) if sources is None else sources
    usable = _repeatable(reports, sources)
    if not usable.any():
        return reports.assign(event_id=reports["report_id"])
    pins = reports.loc[usable, list(EVENT_COLUMNS[:-1])].assign(event_id=reports["report_id"], fresh=True)
    if stored is not None and len(stored):
        earlier = stored.loc[_repeatable(stored, sources), list(EVENT_COLUMNS)]
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


def _merged(reports: pd.DataFrame) -> list[str]:
    return [source for source in reports["source"].unique() if SOURCES[source].merges]


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
