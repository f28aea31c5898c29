"""Points to hexagons: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from safespace import cells
from safespace.api.inputs import outline_of, points_of
from safespace.engine import open_engine
from safespace.errors import InputError
from safespace.schemas import MOMENT, RESOLUTIONS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from safespace.api.inputs import Area, Points


def add_cells(points: Points, *, resolution: int = 9) -> pd.DataFrame:
    """Return the points with the H3 cell each lies in.

    Parameters
    ----------
    points
        A GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path.
    resolution
        H3 resolution, 7 to 10: 8 is 0.7 km², 9 is 0.1 km².

    Returns
    -------
    pandas.DataFrame
        The same rows and index with ``lon``, ``lat`` (degrees, EPSG:4326) and ``cell`` (int64).

    Raises
    ------
    SchemaError
        When the points cannot be placed (:func:`safespace.api.inputs.points_of`).
    InputError
        When there is no such resolution.

    Examples
    --------
    >>> import safespace as ss
    >>> placed = ss.add_cells(pd.DataFrame({"lon": [-1.15], "lat": [52.95]}), resolution=8)
    >>> [f"{cell:x}" for cell in placed["cell"]]
    ['881943583dfffff']
    """
    _check(resolution)
    placed = points_of(points)
    return placed.assign(cell=cells.locate(placed["lon"], placed["lat"], resolution=resolution))


def grid(area: Area, *, resolution: int = 9) -> gpd.GeoDataFrame:
    """Return every cell of an area as a hexagon, with nothing counted yet.

    Parameters
    ----------
    area
        A polygon in degrees, a GeoDataFrame of polygons in any stated CRS, or a path.
    resolution
        H3 resolution, 7 to 10.

    Returns
    -------
    geopandas.GeoDataFrame
        :data:`safespace.schemas.CELLS` and ``geometry``, EPSG:4326: every cell that touches the area, as the part of
        its hexagon inside, and round them, whole, the cells just outside, flagged ``edge``.

    Raises
    ------
    AreaError
        When the area is no polygon, states no CRS, or has too many cells.

    Examples
    --------
    >>> import safespace as ss, shapely
    >>> len(ss.grid(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8))
    192
    """
    _check(resolution)
    return _drawn(cells.study_window(outline_of(area), resolution=resolution))


def count(points: Points, area: Area, *, resolution: int = 9, whole: bool = False) -> gpd.GeoDataFrame:
    """Count points in every cell of an area, zero cells included.

    Parameters
    ----------
    points
        A GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path. Where it has ``report_id`` and
        ``event_id``, pins of one event count once in ``events``; otherwise each row is an event.
    area
        A polygon in degrees, a GeoDataFrame of polygons in any stated CRS, or a path.
    resolution
        H3 resolution, 7 to 10.
    whole
        Count cells whole, also where the outline of the area runs through them. A release takes whole cells only.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`grid`, the ground inside as ``exposure``. Points outside the area are counted just outside it, in cells
        flagged ``edge``, or nowhere.

    Raises
    ------
    SchemaError, AreaError
        When the points or the area cannot be used, saying why.

    Examples
    --------
    >>> import safespace as ss, shapely
    >>> pins = pd.DataFrame({"lon": [-1.15, -1.15, 0.0], "lat": [52.95, 52.95, 51.5]})
    >>> int(ss.count(pins, shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)["events"].sum())
    2
    """
    return _drawn(count_window(points, outline_of(area), resolution=resolution, whole=whole))


def count_window(points: Points, area: BaseGeometry, *, resolution: int, whole: bool) -> pd.DataFrame:
    """Count as :func:`count`, without shapes but with the ``ground`` of cells that are cut."""
    placed = add_cells(points, resolution=resolution).rename(columns={"cell": f"cell_{resolution}"})
    window = cells.study_window(area, resolution=resolution)
    if whole:
        size = cells.areas_km2(window["cell"])
        window = window.drop(columns="ground").assign(area_km2=size, exposure=size)
    return cells.count(_as_reports(placed), window, resolution=resolution, engine=open_engine("duckdb"))


def _drawn(window: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the cells of a window with what is counted of each as a shape."""
    shapes = cells.ground_shapes(window).to_numpy()
    frame = window.drop(columns="ground", errors="ignore")
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def with_hexagons(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a frame keyed by ``cell`` with the shape of each cell, EPSG:4326."""
    return gpd.GeoDataFrame(frame, geometry=cells.hexagons(frame["cell"]).to_numpy(), crs="EPSG:4326")


def _as_reports(placed: pd.DataFrame) -> pd.DataFrame:
    """Return the columns counting reads; a row without an event of its own is one."""
    if {"report_id", "event_id", "occurred_from"} <= set(placed.columns):
        return placed
    number = pd.Series([str(row) for row in range(len(placed))], index=placed.index, dtype="str")
    never = pd.Series(pd.NaT, index=placed.index, dtype=MOMENT)
    cell = [name for name in placed.columns if str(name).startswith("cell_")]
    return placed[["lon", "lat", *cell]].assign(report_id=number, event_id=number, occurred_from=never)


def _check(resolution: int) -> None:
    if resolution not in RESOLUTIONS:
        raise InputError(
            "There is no such resolution here.",
            code="resolution-unknown",
            where="resolution",
            seen=resolution,
            remedy=f"Choose one of: {', '.join(map(str, RESOLUTIONS))}.",
        )
