"""The product as verbs: the only room the faces call.

Each verb opens the store named in the settings, does one thing and returns a frozen value or a plain frame.
"""

from safespace.pipeline.holdings import Holdings, areas, holdings, landmarks
from safespace.pipeline.loading import (
    LAYERS,
    Ingestion,
    StreetsHeld,
    build_town,
    held_streets,
    ingest,
    ingest_layer,
    ingest_streets,
    list_loads,
    load_backdrop,
    roll_back,
    version,
)
from safespace.pipeline.places import (
    CellStory,
    PlacesFound,
    count_cells,
    find_places,
    street_lines,
    tell_cell,
)
from safespace.pipeline.view import BASELINES, EDITIONS, FOUND_BY, PROVIDERS, View
from safespace.pipeline.walks import WalkPlanned, find_point, plan_walk

__all__ = [
    "BASELINES",
    "EDITIONS",
    "FOUND_BY",
    "LAYERS",
    "PROVIDERS",
    "CellStory",
    "Holdings",
    "Ingestion",
    "PlacesFound",
    "StreetsHeld",
    "View",
    "WalkPlanned",
    "areas",
    "build_town",
    "count_cells",
    "find_places",
    "find_point",
    "held_streets",
    "holdings",
    "ingest",
    "ingest_layer",
    "ingest_streets",
    "landmarks",
    "list_loads",
    "load_backdrop",
    "plan_walk",
    "roll_back",
    "street_lines",
    "tell_cell",
    "version",
]
