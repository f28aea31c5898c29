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
from .windows import MOST_CELLS, study_window

__all__ = [
    "BRITAIN",
    "EARTH_RADIUS_M",
    "EQUAL_AREA",
    "EVENT_COLUMNS",
    "LONGEST_DAY",
    "MOST_CELLS",
    "ReportFilter",
    "add_cells",
    "add_events",
    "add_exposure",
    "areas_km2",
    "count",
    "count_days",
    "count_months",
    "hexagons",
    "list_categories",
    "locate",
    "neighbours",
    "require_reports",
    "spread_areas",
    "study_window",
    "sum_points",
    "to_metres",
]
