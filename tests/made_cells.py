"""A lattice of whole cells, for statistics that are tried on cells of like size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from safespace.cells import areas_km2
from safespace.schemas import CELLS, conform

if TYPE_CHECKING:
    import shapely


def lattice(area: shapely.Polygon, *, resolution: int) -> pd.DataFrame:
    """Return the cells whose centre is in an area, none of them cut, and the ring round them flagged ``edge``."""
    inside = h3.geo_to_cells(area, resolution)
    cells = np.unique([cell for middle in inside for cell in h3.grid_disk(middle, 1)])
    size = areas_km2(cells)
    frame = pd.DataFrame({"cell": cells, "area_km2": size, "edge": ~np.isin(cells, inside), "exposure": size})
    return conform(frame.assign(pins=0, events=0), CELLS)
