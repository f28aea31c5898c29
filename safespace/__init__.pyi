from . import errors as errors
from .api.found import Hotspots, find_agreement, find_hotspots, scan
from .api.grid import add_cells, count, grid

__all__ = [
    "Hotspots",
    "__version__",
    "add_cells",
    "count",
    "errors",
    "find_agreement",
    "find_hotspots",
    "grid",
    "scan",
]

__version__: str
