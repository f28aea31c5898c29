from .counting import ReportFilter, count, count_days, count_months, list_categories, require_reports
from .events import EVENT_COLUMNS, LONGEST_DAY, add_events
from .exposures import add_exposure, spread_areas, sum_points
from .grid import (
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
from .ground import area_of, cut_cells, ground_shapes, lies_in, on_ground
from .windows import MOST_CELLS, Beyond, data_beyond, study_window

__all__ = [
    "BRITAIN",
    "EARTH_RADIUS_M",
    "EQUAL_AREA",
    "EVENT_COLUMNS",
    "LONGEST_DAY",
    "MOST_CELLS",
    "Beyond",
    "ReportFilter",
    "add_cells",
    "add_events",
    "add_exposure",
    "area_of",
    "areas_km2",
    "count",
    "count_days",
    "count_months",
    "cut_cells",
    "data_beyond",
    "ground_shapes",
    "hexagons",
    "lies_in",
    "list_categories",
    "locate",
    "neighbours",
    "on_ground",
    "require_reports",
    "spread_areas",
    "study_window",
    "sum_points",
    "to_metres",
]
