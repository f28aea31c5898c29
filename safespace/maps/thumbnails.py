"""A small picture of where rows lie, for a person to see that coordinates were read as they were meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import LineCollection

from safespace.maps.drawing import MM, new_figure, to_svg
from safespace.maps.palette import BLUE, GREY, MID_GREY

if TYPE_CHECKING:
    from typing import TypeAlias

    import geopandas as gpd
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]

_COLUMNS, _ROWS = 60, 40
_MARGIN = 0.1
_SMALLEST_DEG = 0.01


def points_svg(
    lon: Numbers, lat: Numbers, *, areas: gpd.GeoSeries | None = None, size_mm: tuple[float, float] = (84, 56)
) -> bytes:
    """Draw where points lie over the outlines of areas; where, and not how many.

    Parameters
    ----------
    lon, lat
        Degrees, WGS 84, shape (n,) with n at least 1.
    areas
        Outlines to draw under them, EPSG:4326; they do not widen the picture beyond one of the points.
    size_mm
        Width and height.

    Returns
    -------
    bytes
        SVG. The picture is squares on a grid of 60 by 40, so that no single place can be read off it.
    """
    west, south, east, north = _around(lon, lat, areas)
    figure = new_figure(*size_mm)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_color(MID_GREY)
    if areas is not None and len(areas):
        axes.add_collection(LineCollection(_lines(areas), colors=GREY, linewidths=0.6, zorder=1))
    x = west + (np.floor((lon - west) / (east - west) * _COLUMNS) + 0.5) * (east - west) / _COLUMNS
    y = south + (np.floor((lat - south) / (north - south) * _ROWS) + 0.5) * (north - south) / _ROWS
    spots = np.unique(np.column_stack([x, y]), axis=0)
    side_pt = size_mm[0] * MM * 72 * 0.98 / _COLUMNS
    axes.scatter(spots[:, 0], spots[:, 1], s=side_pt**2, marker="s", color=BLUE, linewidths=0, zorder=2)
    return to_svg(figure)


def _around(lon: Numbers, lat: Numbers, areas: gpd.GeoSeries | None) -> tuple[float, float, float, float]:
    """Return west, south, east and north of what is drawn, in the shape of the picture on the ground."""
    box = shapely.box(lon.min(), lat.min(), lon.max(), lat.max())
    near = [] if areas is None else [one for one in areas if one.intersects(box)]
    west, south, east, north = shapely.union_all([box, *(one.envelope for one in near)]).bounds
    shrink = np.cos(np.radians((south + north) / 2))
    middle = (west + east) / 2, (south + north) / 2
    across = (
        max((east - west) * shrink, (north - south) * _COLUMNS / _ROWS, _SMALLEST_DEG) * (1 + _MARGIN) / 2
    )
    up = across * _ROWS / _COLUMNS
    return middle[0] - across / shrink, middle[1] - up, middle[0] + across / shrink, middle[1] + up


def _lines(areas: gpd.GeoSeries) -> list[Numbers]:
    parts = shapely.get_parts(shapely.get_parts(shapely.boundary(areas.to_numpy())))
    return [shapely.get_coordinates(part) for part in parts]
