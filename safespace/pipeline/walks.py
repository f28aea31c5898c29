"""Walking links: from two places to options side by side, with the reasons street by street."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from safespace import routes, streets
from safespace.display import in_html, in_short
from safespace.errors import InputError, PlaceError
from safespace.pipeline.catalog import landmarks
from safespace.pipeline.loading import version
from safespace.pipeline.networks import require_streets, streets_credit
from safespace.pipeline.places import is_synthetic
from safespace.pipeline.selection import select
from safespace.registry import titles
from safespace.store import Store

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from safespace.pipeline.view import View
    from safespace.settings import Settings

Point: TypeAlias = tuple[float, float]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class WalkPlanned:
    """The answer to "how can people walk from here to there": options, and what they rest on.

    Parameters
    ----------
    view
        Which reports were counted.
    origin_name, destination_name
        What the ends are called.
    options
        The options shown and the pairwise comparison (:class:`safespace.routes.Options`).
    table
        One row an option, in plain columns with units; the table with the facts of map and chart.
    front
        Every exact trade-off, shape (n, 2): length in metres, reports nearby.
    routes
        One row an option with its line, EPSG:4326.
    segments
        One row a street segment of an option: its conditions and what it adds.
    until
        Day of the newest report counted.
    notes
        Sentences that belong beside the table.
    credit
        Attribution that belongs on everything drawn from this.
    synthetic
        Streets or reports are made up.
    version
        Fingerprint of what the answer rests on.
    """

    view: View
    origin_name: str
    destination_name: str
    options: routes.Options
    table: pd.DataFrame
    front: NDArray[np.float64]
    routes: gpd.GeoDataFrame
    segments: gpd.GeoDataFrame
    until: date | None
    notes: tuple[str, ...]
    credit: str
    synthetic: bool
    version: str

    __repr__ = in_short
    _repr_html_ = in_html


def in_degrees(point: Point) -> str:
    """Write a point as people do, latitude first.

    Examples
    --------
    >>> in_degrees((-1.8904, 52.4862))
    '52.4862, -1.8904'
    """
    lon, lat = point
    return f"{lat:.4f}, {lon:.4f}"


def find_point(place: Point | str, settings: Settings) -> tuple[str, Point]:
    """Return the name and position of a place given as ``(lon, lat)`` or as a landmark's name.

    Raises
    ------
    PlaceError
        When no landmark, or more than one, answers to the name, listing those that come close; when a
        position is none on the earth.
    """
    if not isinstance(place, str):
        if not (abs(place[0]) <= 180 and abs(place[1]) <= 90):  # not a number is neither
            raise PlaceError(
                "Not a place in degrees.",
                code="place-not-in-degrees",
                seen=place,
                remedy="Give longitude, then latitude.",
            )
        return in_degrees(place), place
    known = landmarks(settings)
    lowered = known["name"].str.lower()
    found = known[lowered == place.strip().lower()]
    if found.empty:
        found = known[lowered.str.contains(place.strip().lower(), regex=False)]
    if len(found) != 1:
        close = ", ".join((found if len(found) else known)["name"].head(8))
        raise PlaceError(
            "No landmark has this name." if found.empty else "Several landmarks have this name.",
            code="landmark-unknown" if found.empty else "landmark-ambiguous",
            seen=place,
            remedy=f"Give lon,lat, or one of: {close}.",
        )
    row = found.iloc[0]
    return str(row["name"]), (float(row["lon"]), float(row["lat"]))


def called(named_point: tuple[str, Point], graph: streets.StreetGraph) -> tuple[str, Point]:
    """Call a point that has no name of its own after the street it lies on."""
    name, point = named_point
    if name != in_degrees(point):
        return named_point
    return str(streets.place_names(graph, *point)[0]).partition(" / ")[0] or name, point


def today_of(settings: Settings) -> date:
    """Return today's date where the reports are, not where the machine's clock is set."""
    return datetime.now(tz=ZoneInfo(settings.time_zone)).date()


def moment_of(text: str, *, today: date) -> datetime | None:
    """Read the time of a walk: a date with an hour, or a weekday with an hour, taken as the next such day.

    Parameters
    ----------
    text
        Nothing for no time.
    today
        The day a weekday is counted from; that day counts itself.

    Raises
    ------
    InputError
        When it is neither.

    Examples
    --------
    >>> from datetime import date
    >>> str(moment_of("Sat 23:30", today=date(2026, 11, 25)))
    '2026-11-28 23:30:00'
    >>> str(moment_of("2026-12-24 18:05", today=date(2026, 11, 25)))
    '2026-12-24 18:05:00'
    """
    if not text.strip():
        return None
    day, _, hour = re.sub(r"(?<=\d)T(?=\d)", " ", text.strip()).rpartition(" ")
    try:
        clock = time.fromisoformat(hour.zfill(5))
        wanted = _weekday(day)
        at = (
            date.fromisoformat(day)
            if wanted is None
            else today + timedelta(days=(wanted - today.weekday()) % 7)
        )
        if clock.tzinfo is None:
            return datetime.combine(at, clock)
    except ValueError:
        pass
    raise InputError(
        "Not a time of a walk.",
        code="walk-time-not-readable",
        seen=text,
        remedy="Give a weekday and an hour, as 'Sat 23:30', or a date and an hour, as '2026-11-28 23:30'.",
    )


def _weekday(word: str) -> int | None:
    """Return the number of a weekday, Monday being 0, from its name or the first three letters of it."""
    lowered = word.strip().lower()
    return next((k for k, name in enumerate(DAYS) if lowered in {name, name[:3]}), None)


def plan_walk(
    origin: Point | str,
    destination: Point | str,
    view: View,
    settings: Settings,
    *,
    limits: routes.Limits | None = None,
) -> WalkPlanned:
    """Compare walking options between two places under the reports a view asks for.

    Parameters
    ----------
    origin, destination
        ``(lon, lat)`` in degrees (EPSG:4326), or the name of a landmark.
    view
        Which reports count; its area and resolution play no part.
    settings
        Distance decay, detour limit, walking speed.
    limits
        What the walks keep to; nothing when left out.

    Raises
    ------
    StoreError
        When no streets were imported.
    PlaceError
        When a place is unknown, too far from any street, both are one, or no walk remains within the limits.

    Notes
    -----
    The options are for deciding what to mend. They are not advice on where to walk.
    """
    found = ground(view, settings)
    (origin_name, start), (destination_name, end) = (
        called(find_point(place, settings), found.graph) for place in (origin, destination)
    )
    options = routes.plan(
        found.graph,
        start,
        end,
        operator=found.operator,
        weights=np.ones(len(found.events)),
        settings=settings.routes,
        groups=found.events["category"],
        limits=limits,
        credit=found.credit,
    )
    return WalkPlanned(
        view=view,
        origin_name=origin_name,
        destination_name=destination_name,
        options=options,
        table=routes.compare(options),
        front=options.front,
        routes=routes.to_frame(options),
        segments=routes.segments_to_frame(options, found.graph),
        until=found.until,
        notes=(*found.notes, *(note for note in options.notes if note != found.credit)),
        credit=found.credit,
        synthetic=found.synthetic,
        version=version(settings),
    )


class Ground(NamedTuple):
    """What walks are described on: streets, the events a view asks for, and how these bear on those."""

    graph: streets.StreetGraph
    events: pd.DataFrame
    operator: csr_array
    until: date | None
    notes: tuple[str, ...]
    credit: str
    synthetic: bool


def ground(view: View, settings: Settings) -> Ground:
    """Return the streets held and the events a view asks for.

    Raises
    ------
    StoreError
        When no streets were imported.
    """
    graph, chosen = require_streets(settings), select(view, settings)
    events = chosen.reports.drop_duplicates("event_id")
    operator = streets.proximity_operator(
        graph, events["lon"], events["lat"], decay_m=settings.routes.decay_m, reach_m=settings.routes.reach_m
    )
    kinds = f" ({chosen.kinds} only)" if chosen.kinds else ""
    counted = f"{titles(view.sources)}{kinds}"
    return Ground(
        graph=graph,
        events=events,
        operator=operator,
        until=chosen.until,
        notes=(f"Reports nearby are {len(events):,} events: {counted}.", *chosen.sentences()),
        credit=streets_credit(settings),
        synthetic=is_synthetic(Store.open(settings.store)),
    )
