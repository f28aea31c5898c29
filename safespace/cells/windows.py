"""The cells of an area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from scipy.stats import binom

from safespace.cells.grid import areas_km2, neighbours
from safespace.cells.ground import cells_by_outline, clip, with_neighbours
from safespace.errors import AreaError
from safespace.schemas import CELLS, conform

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

FEW = 0.05  # chance below which so few events outside are no accident
MOST_CELLS = 3_000_000  # about England at resolution 9; past this a laptop runs out of memory


def study_window(area: BaseGeometry, *, resolution: int) -> pd.DataFrame:
    """Return every cell that touches an area, with nothing counted yet and the ground inside as the exposure.

    Parameters
    ----------
    area
        Polygon or multipolygon, EPSG:4326; heights are ignored.
    resolution
        H3 resolution.

    Returns
    -------
    pandas.DataFrame
        :data:`safespace.schemas.CELLS` sorted by ``cell``: all cells with any ground inside, whose
        ``area_km2`` is that ground alone, and round them the ring of cells without, flagged ``edge``, with
        their whole size. Beside it ``ground``, the part of the area in and just round a cell that the outline
        crosses (EPSG:4326), and None for every other cell.

    Raises
    ------
    AreaError
        When the area is not a valid polygon in degrees, or has too many cells.

    Notes
    -----
    Every point inside the area lies in a cell of it, however thin, small or scattered the area is. What
    is counted or summed in the window (:func:`count`, :func:`sum_points`, :func:`spread_areas`) is clipped
    to ``ground``, so counts, areas and baselines are of the same ground. A window without that column
    counts its cells whole.
    Sizes are H3's own times the share of the cell inside, both on a sphere, on which England is 0.4 %
    smaller than on the ellipsoid.

    Examples
    --------
    >>> window = study_window(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=8)
    >>> len(window), int(window["edge"].sum()), int(window["ground"].notna().sum())
    (192, 52, 50)
    >>> round(float(window.loc[~window["edge"], "area_km2"].sum()), 2)
    74.5
    """
    polygon = _checked(area, resolution)
    whole, near = cells_by_outline(polygon, resolution)
    touched = clip(near, polygon)
    cells = np.union1d(whole, with_neighbours(touched.index.to_numpy()))
    inside = np.union1d(whole, touched.index.to_numpy())
    share = touched["share"].reindex(cells, fill_value=1.0).to_numpy()
    area_km2 = areas_km2(cells) * share
    frame = pd.DataFrame({"cell": cells, "area_km2": area_km2, "edge": ~np.isin(cells, inside)})
    window = conform(frame.assign(pins=0, events=0, exposure=area_km2), CELLS)
    ground = np.full(len(cells), None, dtype=object)
    ground[np.searchsorted(cells, touched.index)] = touched["ground"]
    return window.assign(ground=ground)


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
    along = float(polygon.length) * 111.32 / h3.average_hexagon_edge_length(resolution, unit="km")
    wanted = along + _rough_area_km2(polygon) / h3.average_hexagon_area(resolution, unit="km^2")
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


@dataclass(frozen=True)
class Beyond:
    """Whether data go on past the outline of an area, as the cells on both sides of it tell.

    Parameters
    ----------
    outcome
        What is concluded.
    events
        Events in the cells just outside, which touch the area's cells and hold none of its ground.
    expected
        How many those cells would hold at the rate of the cells along the outline.
    """

    outcome: Literal["go on", "stop", "not known"]
    events: int
    expected: float

    def sentence(self) -> str:
        """Say it, with what follows for the cells that the outline runs through."""
        held = f"{self.events:,} event{'s' * (self.events != 1)}" if self.events else "no event"
        said = {
            "go on": "The data go on past the outline",
            "stop": "The data seem to stop at the outline",
            "not known": "Whether the data go on past the outline is not known",
        }[self.outcome]
        return (
            f"{said}: the cells just outside hold {held}, where about {self.expected:,.1f} would be usual. Only what "
            "lies inside is counted, and a cell that the outline crosses by the part of it inside."
        )


def data_beyond(cells: pd.DataFrame) -> Beyond:
    """Tell from counted cells whether the data go on past the outline of their area.

    Parameters
    ----------
    cells
        Counted cells of a :func:`study_window` (:data:`safespace.schemas.CELLS`), those at the edge included.

    Returns
    -------
    Beyond
        "stop" where the cells just outside hold a tenth or less of what the cells along the outline make
        usual there, and chance alone would seldom leave so few (5 %); "go on" where they hold more;
        "not known" where they hold none and few would be usual.

    Notes
    -----
    Usual is by the baseline, or by the ground where there is no baseline on one of the two sides. A coast
    stops data as well as an extract does. Nothing is reckoned otherwise for the answer: the area's cells
    are counted and compared by their part inside in either case.
    """
    edge = cells["edge"].to_numpy()
    along = ~edge & np.asarray((neighbours(cells["cell"]) @ edge.astype(np.int64)) > 0)
    events = cells["events"].to_numpy()
    inside, outside = int(events[along].sum()), int(events[edge].sum())
    size = cells["exposure"].to_numpy()
    if not (size[edge].sum() > 0 and size[along].sum() > 0):
        size = cells["area_km2"].to_numpy()
    if not (size[edge].sum() > 0 and size[along].sum() > 0):
        return Beyond("not known", outside, 0.0)
    share = float(size[edge].sum() / (size[edge].sum() + size[along].sum()))
    expected = inside * share / (1 - share)
    seldom = float(binom.cdf(outside, inside + outside, share)) < FEW
    if seldom and outside <= expected / 10:
        return Beyond("stop", outside, expected)
    return Beyond("go on" if outside else "not known", outside, expected)
