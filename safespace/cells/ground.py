"""The ground of an area in each cell: which cells an outline runs through, and what part of each is inside.

An area's edges are straight in degrees, as GeoJSON has them. A cell's are great circles, which leave the
straight line between its corners by a few centimetres at resolution 7. Cells are therefore clipped a little
larger than they are drawn, and H3 alone says which cell a point is in: so no point falls between two cells.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely

from safespace.cells.grid import EARTH_RADIUS_M, locate, outlines

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    Cells = NDArray[np.int64]
    Shapes = NDArray[np.object_]

LEAST_SHARE = 1e-9  # of a cell: what an area only touches still has a size to divide by
_DEGREE_M = 111_320.0  # no degree of longitude or latitude is longer by more than 0.4 %
_GROWN = 2e-4  # of a cell's size; great circles leave straight lines by a tenth of that, or less
_ON_OUTLINE = 1e-9  # degrees, a tenth of a millimetre: cutting an outline rounds its new corners
_MARGIN = 1e-4  # degrees round a group of cells, so that what is cut there touches none of them
_GROUP = 64  # cells clipped by one piece of an outline, which may have a hundred thousand corners


def cells_by_outline(polygon: BaseGeometry, resolution: int) -> tuple[Cells, Cells]:
    """Return the cells that lie wholly inside a polygon, and all others that could touch it.

    Parameters
    ----------
    polygon
        Valid polygon or multipolygon, EPSG:4326.
    resolution
        H3 resolution.

    Notes
    -----
    Points along the outline, at most half a cell's side apart, leave no cell that it runs through unseen:
    such a cell holds one of them, or touches a cell that does. No other cell is cut, so for those it is
    enough to know which side their centre is on, and an outline of a few corners tells as well.
    """
    side = h3.average_hexagon_edge_length(resolution, unit="m") / _DEGREE_M
    along = shapely.get_coordinates(shapely.segmentize(polygon.boundary, side / 2))
    near = with_neighbours(locate(along[:, 0], along[:, 1], resolution=resolution))
    plain = shapely.simplify(polygon, side / 2)
    filled = np.fromiter([] if plain.is_empty else h3.geo_to_cells(plain, resolution), dtype=np.int64)
    return np.setdiff1d(filled, near), near


def with_neighbours(cells: Cells) -> Cells:
    """Return cells and all that touch them, sorted."""
    disks = map(h3.grid_disk, np.unique(cells).tolist(), repeat(1))
    return np.unique(np.fromiter(chain.from_iterable(disks), dtype=np.int64))


def clip(cells: Cells, polygon: BaseGeometry) -> pd.DataFrame:
    """Return those of some cells that touch a polygon, with the ground inside.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``cell``: ``ground`` (the polygon in and just round the cell, or None where it holds all of
        that) and ``share`` of the cell inside, above 0.
    """
    grown = outlines(cells, grown=_GROWN)
    shapely.prepare(polygon)
    inside = shapely.intersects(polygon, grown)
    cut = inside & ~shapely.contains_properly(polygon, grown)
    ground: Shapes = np.full(len(cells), None, dtype=object)
    ground[cut] = _pieces(grown[cut], polygon)
    inside &= ~shapely.is_empty(ground)
    share = np.ones(len(cells))
    share[cut] = np.maximum(_shares(outlines(cells[cut]), ground[cut]), LEAST_SHARE)
    index = pd.Index(cells, name="cell", dtype="int64")
    return pd.DataFrame({"ground": ground, "share": share}, index=index)[inside]


def _pieces(shapes: Shapes, polygon: BaseGeometry) -> Shapes:
    """Return the part of a polygon in each shape, shape (n,), cutting out the surroundings of some at a time."""
    found: list[Shapes] = []
    for some in np.array_split(shapes, max(-(-len(shapes) // _GROUP), 1)):
        if len(some):
            west, south, east, north = shapely.total_bounds(some)
            around = shapely.box(west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)
            found.append(shapely.intersection(some, _areas_of([shapely.intersection(polygon, around)])[0]))
    return _areas_of(np.concatenate(found)) if found else np.empty(0, dtype=object)


def _areas_of(shapes: Any) -> Shapes:
    """Return the shapes without the points and lines in which two only touch."""
    held: Shapes = np.array(shapes, dtype=object)
    kinds = shapely.get_type_id(held)
    for at in np.flatnonzero(
        (kinds != shapely.GeometryType.POLYGON) & (kinds != shapely.GeometryType.MULTIPOLYGON)
    ):
        parts = shapely.get_parts(held[at])
        held[at] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return held


def _shares(hexes: Shapes, ground: Shapes) -> NDArray[np.float64]:
    """Return the share of each cell that is inside, on the sphere on which H3 measures cells, shape (n,)."""
    return np.asarray(_size(shapely.intersection(hexes, ground)) / _size(hexes))


def _size(shapes: Shapes) -> NDArray[np.float64]:
    # Lambert's cylinder keeps the areas of a sphere: degrees east by the sine of the latitude.
    flat = shapely.transform(shapes, lambda xy: np.column_stack([xy[:, 0], np.sin(np.radians(xy[:, 1]))]))
    return np.asarray(shapely.area(flat))


def area_of(area: BaseGeometry) -> float:
    """Return the size of an area (EPSG:4326), square kilometres, on the sphere on which H3 measures cells."""
    return float(np.radians(_size(np.array([area]))[0])) * (EARTH_RADIUS_M / 1000) ** 2


def ground_shapes(window: pd.DataFrame) -> gpd.GeoSeries:
    """Return what is counted of each cell of a window as a shape, EPSG:4326, indexed by cell.

    Parameters
    ----------
    window
        Cells from :func:`safespace.cells.study_window`: the whole hexagon where its ``ground`` is None.
    """
    shapes, ground = outlines(window["cell"]), _ground(window)
    cut = ~shapely.is_missing(ground)
    shapes[cut] = _areas_of(shapely.intersection(shapes[cut], ground[cut]))
    return gpd.GeoSeries(
        shapes, index=pd.Index(window["cell"].to_numpy(), name="cell", dtype="int64"), crs="EPSG:4326"
    )


def cut_cells(window: pd.DataFrame) -> Cells:
    """Return the cells of a window that its outline runs through."""
    cut: Cells = window["cell"].to_numpy(dtype=np.int64)[~shapely.is_missing(_ground(window))]
    return cut


def _ground(window: pd.DataFrame) -> Shapes:
    if "ground" not in window:
        return np.full(len(window), None, dtype=object)
    ground: Shapes = window["ground"].to_numpy(dtype=object)
    return ground


def on_ground(cell: ArrayLike, lon: ArrayLike, lat: ArrayLike, window: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which points lie on what a window counts: in a cell of it and, where that is cut, inside.

    Parameters
    ----------
    cell
        H3 cell of each point, of the window's resolution, shape (n,).
    lon, lat
        Degrees, EPSG:4326, shape (n,).
    window
        Cells from :func:`safespace.cells.study_window`, those at the edge included.

    Returns
    -------
    numpy.ndarray
        bool, shape (n,). A point on the outline is inside.
    """
    at = pd.Index(window["cell"]).get_indexer(np.asarray(cell, dtype=np.int64))
    held: NDArray[np.bool_] = at >= 0
    ground = np.where(held, _ground(window)[at], None) if len(window) else np.full(len(at), None)
    cut = ~shapely.is_missing(ground)
    shapely.prepare(ground[cut])
    points = shapely.points(np.asarray(lon, dtype=float)[cut], np.asarray(lat, dtype=float)[cut])
    held[cut] = shapely.dwithin(ground[cut], points, _ON_OUTLINE)
    return held


def lies_in(lon: ArrayLike, lat: ArrayLike, area: BaseGeometry) -> NDArray[np.bool_]:
    """Tell which points lie in an area or on its outline, shape (n,).

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,).
    area
        Polygon or multipolygon, EPSG:4326.
    """
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)))
