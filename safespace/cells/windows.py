"""The cells of an area."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely

from safespace.cells.grid import areas_km2, locate
from safespace.errors import AreaError
from safespace.schemas import CELLS, conform

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

MOST_CELLS = 3_000_000  # about England at resolution 9; past this a laptop runs out of memory


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
            "The area is not a polygon.",
            code="area-not-polygon",
            seen=area.geom_type,
            remedy="Give a polygon or multipolygon.",
        )
    polygon: BaseGeometry = shapely.force_2d(area)
    west, south, east, north = polygon.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise AreaError(
            "The area's coordinates are not degrees.",
            code="area-not-degrees",
            seen=polygon.bounds,
            remedy="Convert it to EPSG:4326.",
        )
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        raise AreaError(
            "The area is not a valid polygon.", code="area-not-valid", seen=reason, remedy="Mend its outline."
        )
    wanted = _rough_area_km2(polygon) / h3.average_hexagon_area(resolution, unit="km^2")
    if wanted > MOST_CELLS:
        raise AreaError(
            f"The area has too many cells at resolution {resolution}.",
            code="area-too-many-cells",
            seen=f"about {wanted:,.0f}",
            remedy="Choose a coarser resolution or a smaller area.",
        )
    return polygon


def _rough_area_km2(polygon: BaseGeometry) -> float:
    middle = float(np.cos(np.radians(polygon.centroid.y)))
    return float(polygon.area) * middle * 111.32**2
