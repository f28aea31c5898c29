"""Streets, walks and corridors without a store: read a file of streets, then ask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace import interventions, routes, streets
from safespace.api.inputs import points_of
from safespace.maps.palette import OSM_CREDIT
from safespace.pipeline.corridors import TRADE_OFFS, CorridorsFound, corridors_between
from safespace.pipeline.points import Spot
from safespace.settings import RouteSettings, Settings
from safespace.synthetic import build_town

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from safespace.api.inputs import Points
    from safespace.synthetic import Town

    Point = tuple[float, float]


def demo_data(folder: str | PathLike[str], *, seed: int = 2022) -> Town:
    """Make up a town and write it to a folder: streets, areas, reports, and what was planted in them.

    Parameters
    ----------
    folder
        Made when absent.
    seed
        Same seed, same bytes.

    Raises
    ------
    FileError
        When the folder cannot be written to.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     town = ss.demo_data(folder)
    ...     print(town.streets_pbf.name)
    synthetic_town.osm.pbf
    """
    return build_town(Path(folder), seed=seed)


def read_streets(path: str | PathLike[str]) -> streets.StreetGraph:
    """Read walkable streets from OpenStreetMap PBF or XML, or from GraphML saved by OSMnx.

    Raises
    ------
    FileError
        When the file is missing, or of another kind.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = ss.read_streets(ss.demo_data(folder).streets_pbf)
    >>> repr(graph).startswith("StreetGraph(")
    True
    """
    return streets.import_streets(Path(path)).graph


def plan_walk(
    graph: streets.StreetGraph,
    origin: Point,
    destination: Point,
    *,
    reports: Points | None = None,
    settings: RouteSettings | None = None,
    limits: routes.Limits | None = None,
) -> routes.Options:
    """Compare walking options between two points: length, lighting, and reports nearby.

    Parameters
    ----------
    graph
        From :func:`read_streets`.
    origin, destination
        ``(lon, lat)``, degrees, EPSG:4326.
    reports
        A GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path; none when not given.
    settings
        Walking speed, distance decay, longest detour; the defaults when not given.
    limits
        What every option keeps to: no steps, paved, open at a moment.

    Raises
    ------
    PlaceError
        When a point is too far from any street, both are one, or they are not connected.

    Notes
    -----
    The options are for deciding what to mend. They are not advice on where to walk.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     town = ss.demo_data(folder)
    ...     graph, link = ss.read_streets(town.streets_pbf), town.truth.links[0]
    >>> options = ss.plan_walk(graph, link.start, link.end)
    >>> len(options.routes) >= 1
    True
    """
    used = settings or RouteSettings()
    placed = points_of(pd.DataFrame({"lon": [], "lat": []}) if reports is None else reports)
    operator = streets.proximity_operator(
        graph, placed["lon"], placed["lat"], decay_m=used.decay_m, reach_m=used.reach_m
    )
    return routes.plan(
        graph,
        origin,
        destination,
        operator=operator,
        weights=np.ones(len(placed)),
        settings=used,
        limits=limits,
    )


def isochrone(
    graph: streets.StreetGraph,
    origin: Point,
    minutes: Sequence[float] = (5, 10, 15),
    *,
    settings: RouteSettings | None = None,
    limits: routes.Limits | None = None,
) -> routes.Reach:
    """Say what lies within some minutes on foot of a point: streets by lighting and surface, and their outline.

    Parameters
    ----------
    graph
        From :func:`read_streets`.
    origin
        ``(lon, lat)``, degrees, EPSG:4326.
    minutes
        Each holds those before it.
    settings
        Walking speed; the default when not given.
    limits
        What the walks keep to.

    Raises
    ------
    PlaceError
        When the point is too far from any street.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     town = ss.demo_data(folder)
    ...     graph, link = ss.read_streets(town.streets_pbf), town.truth.links[0]
    >>> len(ss.isochrone(graph, link.start, [5, 10]).areas)
    2
    """
    return routes.reachable(graph, origin, minutes, settings=settings or RouteSettings(), limits=limits)


def find_corridors(
    graph: streets.StreetGraph,
    origins: Points,
    destinations: Points,
    *,
    reports: Points | None = None,
    trade_offs: Sequence[float] = TRADE_OFFS,
    settings: Settings | None = None,
    credit: str = OSM_CREDIT,
    synthetic: bool = False,
) -> CorridorsFound:
    """Find the streets that walks between two sets of places would share.

    Parameters
    ----------
    graph
        From :func:`read_streets`.
    origins, destinations
        A GeoDataFrame of points in any stated CRS, a frame with ``lon`` and ``lat``, or a path; ``name`` and ``kind``
        are used where there.
    reports
        Counted near each place, in the same forms; none when not given.
    trade_offs
        How much dearer an unlit metre is to each kind of walker; 0 takes the shortest way. All count alike.
    settings
        How near a street must be, and what unmapped lighting is taken to be; the defaults when not given.
    credit, synthetic
        Attribution of the streets, and whether they are made up; files written of the answer say both.

    Returns
    -------
    safespace.pipeline.CorridorsFound
        With ``segments`` (lines, EPSG:4326), ``pairs``, ``stops`` and a ``checklist`` for the site.

    Raises
    ------
    SchemaError
        When the places cannot be used, saying why.
    PlaceError
        When no place of a set is near a street, or no two are apart and connected.
    InputError
        When a set is empty or too large, or a trade-off is out of range.

    Notes
    -----
    Loads are what people would walk if they took the cheapest way; they are not counts of people.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     town = ss.demo_data(folder)
    ...     graph, link = ss.read_streets(town.streets_pbf), town.truth.links[0]
    >>> here, there = (pd.DataFrame([end], columns=["lon", "lat"]) for end in (link.start, link.end))
    >>> shared = ss.find_corridors(graph, here, there, synthetic=True)
    >>> bool(shared.pairs["connected"].all()), float(shared.segments["share"].max())
    (True, 1.0)
    """
    sides = [_spots(side, called) for side, called in ((origins, "origin"), (destinations, "destination"))]
    nearby = points_of(pd.DataFrame({"lon": [], "lat": []}) if reports is None else reports)
    found = corridors_between(
        graph, sides[0], sides[1], settings or Settings(), reports=nearby, trade_offs=trade_offs
    )
    return replace(found, credit=credit, synthetic=synthetic)


def _spots(ends: Points, called: str) -> list[Spot]:
    """Return places with their names, or numbered where they have none."""
    placed = points_of(ends)
    numbered = pd.Series(
        [f"{called} {n}" for n in range(1, len(placed) + 1)], index=placed.index, dtype=object
    )
    blank = pd.Series("", index=placed.index, dtype=object)
    names, kinds = (placed[c].fillna("") if c in placed else blank for c in ("name", "kind"))
    rows = zip(names.where(names != "", numbered), placed["lon"], placed["lat"], kinds, strict=True)
    return [Spot(str(name), float(lon), float(lat), str(kind)) for name, lon, lat, kind in rows]


def rank_fixes(
    graph: streets.StreetGraph, walks: Sequence[tuple[Point, Point]], *, budget_m: float = 500.0
) -> interventions.Fixes:
    """Rank the segments to light for a set of walks, within a budget, and say how near to the best that is.

    Parameters
    ----------
    graph
        From :func:`read_streets`.
    walks
        Pairs of ends, ``(lon, lat)``, degrees, EPSG:4326; one person each.
    budget_m
        Metres of street that can be lit.

    Raises
    ------
    PlaceError
        When an end is too far from any street.
    InputError
        When there is no walk, or no segment within the budget would change one.

    Examples
    --------
    >>> import tempfile, safespace as ss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     town = ss.demo_data(folder)
    ...     graph, link = ss.read_streets(town.streets_pbf), town.truth.links[0]
    >>> ss.rank_fixes(graph, [(link.start, link.end)], budget_m=400).used_m <= 400
    True
    """
    limit_m = RouteSettings().snap_limit_m
    placed = [
        interventions.Walk(
            f"walk {number}", *(streets.nearest_node(graph, *end, limit_m=limit_m) for end in ends)
        )
        for number, ends in enumerate(walks, start=1)
    ]
    return interventions.rank_fixes(graph, placed, budget=interventions.Budget(budget_m, "metres"))
