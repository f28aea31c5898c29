"""How far people walk from a place, and the shortest walks from it to several places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from safespace import routes
from safespace.display import in_html, in_short
from safespace.pipeline.loading import version
from safespace.pipeline.walks import called, find_point, ground, in_degrees
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import geopandas as gpd

    from safespace.pipeline.view import View
    from safespace.pipeline.walks import Ground, Point
    from safespace.settings import Settings


@dataclass(frozen=True)
class ReachFound:
    """The answer to "what is within a walk of here": streets by minutes, and walks to places named.

    Parameters
    ----------
    view
        Which reports were counted.
    origin_name
        What the place is called.
    reach
        Streets and ground within each time (:class:`safespace.routes.Reach`).
    table
        One row a time, in plain columns with units.
    walks
        One row a place asked for with its line, EPSG:4326; see :func:`safespace.routes.one_to_many`.
    walks_table
        The same in plain columns; no rows when no place was asked for.
    until, notes, credit, synthetic, version
        As :class:`safespace.pipeline.WalkPlanned` has them.
    """

    view: View
    origin_name: str
    reach: routes.Reach
    table: pd.DataFrame
    walks: gpd.GeoDataFrame
    walks_table: pd.DataFrame
    until: date | None
    notes: tuple[str, ...]
    credit: str
    synthetic: bool
    version: str

    __repr__ = in_short
    _repr_html_ = in_html


def find_reach(
    origin: Point | str,
    minutes: Sequence[float],
    view: View,
    settings: Settings,
    *,
    to: Sequence[Point | str] = (),
    limits: routes.Limits | None = None,
) -> ReachFound:
    """Find the streets within some minutes on foot of a place, and the shortest walks to others.

    Parameters
    ----------
    origin, to
        ``(lon, lat)`` in degrees (EPSG:4326), or the names of landmarks.
    minutes
        One or more times, over 0 and at most 60.
    view
        Which reports count; its area and resolution play no part.
    limits
        What the walks keep to; nothing when left out.

    Raises
    ------
    StoreError
        When no streets were imported.
    PlaceError
        When a place is unknown, or the origin is too far from any street that can be used.
    InputError
        When a time is not over 0 and at most 60 minutes.
    """
    held = ground(view, settings)
    name, start = called(find_point(origin, settings), held.graph)
    weights = np.ones(len(held.events))
    reach = routes.reachable(
        held.graph,
        start,
        minutes,
        settings=settings.routes,
        reports_nearby=held.operator @ weights,
        limits=limits,
        credit=held.credit,
    )
    walks = _walks(held, start, to, settings, limits)
    return ReachFound(
        view=view,
        origin_name=name,
        reach=reach,
        table=reach_in_words(reach),
        walks=walks,
        walks_table=walks_in_words(walks, method=reach.method),
        until=held.until,
        notes=(*held.notes, *(note for note in reach.notes if note != held.credit)),
        credit=held.credit,
        synthetic=held.synthetic,
        version=version(settings),
    )


def _walks(
    walkable: Ground,
    start: Point,
    to: Sequence[Point | str],
    settings: Settings,
    limits: routes.Limits | None,
) -> gpd.GeoDataFrame:
    destinations: dict[str, Point] = {}
    for name, point in (called(find_point(place, settings), walkable.graph) for place in to):
        destinations[name if name not in destinations else f"{name} ({in_degrees(point)})"] = point
    return routes.one_to_many(
        walkable.graph,
        start,
        destinations,
        operator=walkable.operator,
        weights=np.ones(len(walkable.events)),
        settings=settings.routes,
        limits=limits,
        credit=walkable.credit,
    )


def reach_in_words(reach: routes.Reach) -> pd.DataFrame:
    """Return what is within each time in plain columns with units."""
    table = reach.table
    named = {
        "Within (min)": "minutes",
        "Streets (m)": "length_m",
        "Lit, as mapped (m)": "lit_yes_m",
        "Unlit, as mapped (m)": "lit_no_m",
        "Lighting not known (m)": "lit_unknown_m",
        "Steps (m)": "steps_m",
        "Tunnel or underpass (m)": "tunnel_m",
        "Paved, as mapped (m)": "paved_m",
        "Unpaved, as mapped (m)": "unpaved_m",
        "Surface not known (m)": "surface_unknown_m",
    }
    whole = {words: table[name].round().astype("int64") for words, name in named.items() if name != "minutes"}
    return pd.DataFrame(
        {
            "Within (min)": table["minutes"],
            **whole,
            "Reports nearby (weighted by distance)": table["reports_nearby"].round(2),
            "Reports nearby per km": table["reports_nearby_per_km"].round(2),
        }
    )


def walks_in_words(walks: gpd.GeoDataFrame, *, method: routes.RouteMethod) -> pd.DataFrame:
    """Return the walks to several places in plain columns; a place without a walk says why."""
    reached, level = walks["problem"] == "", percent(method.interval)
    figures = {
        "Walking time (min)": (walks["walk_s"] / 60).round(1),
        "Length (m)": walks["length_m"].round(),
        "Lit, as mapped (m)": walks["lit_yes_m"].round(),
        "Unlit, as mapped (m)": walks["lit_no_m"].round(),
        "Lighting not known (m)": walks["lit_unknown_m"].round(),
        "Steps (m)": walks["steps_m"].round(),
        "Reports nearby (weighted by distance)": walks["reports_nearby"].round(2),
        f"lower end, {level}": walks["reports_nearby_lower"].round(2),
        f"upper end, {level}": walks["reports_nearby_upper"].round(2),
        "Most in any 100 m": walks["worst_100m"].round(2),
    }
    told = {
        name: [f"{value:,g}" if had else "" for value, had in zip(values, reached, strict=True)]
        for name, values in figures.items()
    }
    return pd.DataFrame({"To": walks["to"], **told, "Note": walks["problem"]})


def reach_as_dict(isochrones: ReachFound) -> dict[str, Any]:
    """Return the answer for machines."""
    walks = isochrones.walks.drop(columns="geometry")
    return {
        "from": isochrones.origin_name,
        "method": isochrones.reach.method.as_dict(),
        "limits": isochrones.reach.limits.words(),
        "left_out": isochrones.reach.left_out.to_dict("records"),
        "within": isochrones.reach.table.to_dict("records"),
        "walks": walks.astype(object).where(walks.notna(), None).to_dict("records"),
        "notes": isochrones.notes,
        "credit": isochrones.credit,
        "synthetic": isochrones.synthetic,
        "version": isochrones.version,
    }
