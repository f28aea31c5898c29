"""Walking links: from two places to options side by side, with the reasons street by street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from safespace import routes, streets
from safespace.errors import PlaceError
from safespace.pipeline.holdings import landmarks
from safespace.pipeline.loading import require_streets, streets_credit, version
from safespace.pipeline.selection import select
from safespace.pipeline.view import PROVIDERS
from safespace.store import Store

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from safespace.pipeline.view import View
    from safespace.settings import Settings

Point: TypeAlias = tuple[float, float]


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
        One row an option, in plain columns with units; the twin of map and chart.
    front
        Every exact trade-off, shape (n, 2): length in metres, reports nearby.
    routes
        One row an option with its line, EPSG:4326.
    segments
        One row a street segment of an option: its conditions and what it adds.
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
    notes: tuple[str, ...]
    credit: str
    synthetic: bool
    version: str


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
        When no landmark, or more than one, answers to the name, listing those that come close.
    """
    if not isinstance(place, str):
        return in_degrees(place), place
    known = landmarks(settings)
    lowered = known["name"].str.lower()
    found = known[lowered == place.strip().lower()]
    if found.empty:
        found = known[lowered.str.contains(place.strip().lower(), regex=False)]
    if len(found) != 1:
        close = ", ".join((found if len(found) else known)["name"].head(8))
        what = "No landmark has this name." if found.empty else "Several landmarks have this name."
        raise PlaceError(what, seen=place, remedy=f"Give lon,lat, or one of: {close}.")
    row = found.iloc[0]
    return str(row["name"]), (float(row["lon"]), float(row["lat"]))


def _called(found: tuple[str, Point], graph: streets.StreetGraph) -> tuple[str, Point]:
    """Call a point that has no name of its own after the street it lies on."""
    name, point = found
    if name != in_degrees(point):
        return found
    return str(streets.place_names(graph, *point)[0]).partition(" / ")[0] or name, point


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
    graph = require_streets(settings)
    (origin_name, start), (destination_name, end) = (
        _called(find_point(place, settings), graph) for place in (origin, destination)
    )
    chosen = select(view, settings)
    events = chosen.reports.drop_duplicates("event_id")
    operator = streets.exposure_operator(
        graph, events["lon"], events["lat"], decay_m=settings.routes.decay_m, reach_m=settings.routes.reach_m
    )
    credit = streets_credit(settings)
    options = routes.plan(
        graph,
        start,
        end,
        operator=operator,
        weights=np.ones(len(events)),
        settings=settings.routes,
        groups=events["category"],
        limits=limits,
        credit=credit,
    )
    loads = Store.open(settings.store).loads()
    counted = " and ".join(PROVIDERS[source] for source in view.sources)
    return WalkPlanned(
        view=view,
        origin_name=origin_name,
        destination_name=destination_name,
        options=options,
        table=routes.compare(options),
        front=options.front,
        routes=routes.to_frame(options),
        segments=routes.segments_to_frame(options, graph),
        notes=(
            f"Reports nearby are {len(events):,} events: {counted}.",
            *chosen.sentences(),
            *(note for note in options.notes if note != credit),
        ),
        credit=credit,
        synthetic=bool(loads.loc[loads["status"] == "loaded", "synthetic"].any()),
        version=version(settings),
    )
