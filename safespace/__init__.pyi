from . import errors as errors
from .api.deciding import evaluate, make_brief, release
from .api.found import Hotspots, find_agreement, find_hotspots, scan
from .api.grid import add_cells, count, grid
from .api.walking import demo_data, find_corridors, isochrone, plan_walk, rank_fixes, read_streets
from .hotspots.trends import compare_periods, find_trend
from .pipeline.places import find_places
from .pipeline.view import View
from .settings import Settings, load_settings
from .sources import read_reports
from .store import Store
from .streets.graph import StreetGraph

__all__ = [
    "Hotspots",
    "Settings",
    "Store",
    "StreetGraph",
    "View",
    "__version__",
    "add_cells",
    "compare_periods",
    "count",
    "demo_data",
    "errors",
    "evaluate",
    "find_agreement",
    "find_corridors",
    "find_hotspots",
    "find_places",
    "find_trend",
    "grid",
    "isochrone",
    "load_settings",
    "make_brief",
    "plan_walk",
    "rank_fixes",
    "read_reports",
    "read_streets",
    "release",
    "scan",
]

__version__: str
