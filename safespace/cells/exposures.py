"""What the counts of cells are compared with, joined on the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from safespace.cells.grid import EQUAL_AREA, locate
from safespace.cells.ground import ground_shapes, on_ground
from safespace.errors import AreaError, SchemaError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike


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
        raise SchemaError(
            "A cell is given twice.",
            code="exposure-cell-repeated",
            where="exposure",
            remedy="Sum the values per cell.",
        )
    joined = exposure.reindex(cells["cell"].to_numpy(), fill_value=0.0).to_numpy(dtype=float)
    wrong = ~np.isfinite(joined) | (joined < 0)
    if wrong.any():
        raise SchemaError(
            "The baseline has values that are not amounts.",
            code="exposure-not-amounts",
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
        Cells frame; points outside it add nothing, nor do those on the far side of its outline.
    resolution
        Resolution of the window.
    """
    cell = locate(lon, lat, resolution=resolution)
    inside = on_ground(cell, lon, lat, window)
    summed = pd.Series(np.asarray(weight, dtype=float)[inside], index=cell[inside]).groupby(level=0).sum()
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
        outside the window, or on the far side of its outline, is left out.

    Raises
    ------
    AreaError
        When the areas state no CRS.

    Notes
    -----
    Within an area the total is taken to be even, which houses and night-time crowds are not.
    """
    if areas.crs is None:
        raise AreaError(
            "The areas state no coordinate system.",
            code="areas-without-crs",
            remedy="Set their CRS before spreading.",
        )
    ground = areas.geometry.to_crs(EQUAL_AREA).to_numpy()
    hexes = ground_shapes(window).to_crs(EQUAL_AREA).to_numpy()
    area, cell = shapely.STRtree(hexes).query(ground, predicate="intersects")
    shared = shapely.area(shapely.intersection(ground[area], hexes[cell]))
    whole = shapely.area(ground)
    density = np.divide(np.asarray(values, dtype=float), whole, out=np.zeros(len(whole)), where=whole > 0)
    spread = np.bincount(cell, weights=shared * density[area], minlength=len(window))
    return pd.Series(spread, index=pd.Index(window["cell"].to_numpy(), name="cell"))
