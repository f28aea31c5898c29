"""The one grid: H3 cells, what is counted in them, and what the counts are compared with.

Every statistic takes a cells frame (:data:`safespace.schemas.CELLS`) and never points, so two figures can
not silently use two grids. Frames join on ``cell``, never on position. ``cell_8`` is the exact cell of a
report at resolution 8: six or seven in a hundred points lie outside their parent cell, so children are
never rolled up.
"""

from safespace.cells.counting import Limits, count, count_days, count_months, require_reports
from safespace.cells.events import EVENT_COLUMNS, LONGEST_DAY, REPEATED_PIN_SOURCES, add_events
from safespace.cells.exposures import add_exposure, spread_areas, sum_points
from safespace.cells.grid import (
    BRITAIN,
    EARTH_RADIUS_M,
    EQUAL_AREA,
    add_cells,
    areas_km2,
    hexagons,
    locate,
    neighbours,
    to_metres,
)
from safespace.cells.windows import MOST_CELLS, study_window

__all__ = [
    "BRITAIN",
    "EARTH_RADIUS_M",
    "EQUAL_AREA",
    "EVENT_COLUMNS",
    "LONGEST_DAY",
    "MOST_CELLS",
    "REPEATED_PIN_SOURCES",
    "Limits",
    "add_cells",
    "add_events",
    "add_exposure",
    "areas_km2",
    "count",
    "count_days",
    "count_months",
    "hexagons",
    "locate",
    "neighbours",
    "require_reports",
    "spread_areas",
    "study_window",
    "sum_points",
    "to_metres",
]
