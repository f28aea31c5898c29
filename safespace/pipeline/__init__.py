"""The product as verbs: the only room the faces call.

Each verb opens the store named in the settings, does one thing and returns a frozen value or a plain frame.
"""

from safespace.pipeline.demo import run_demo
from safespace.pipeline.handing import (
    brief_html,
    brief_of,
    brief_pdf,
    export_places,
    export_walk,
    headline,
    make_brief,
    places_as_dict,
    places_page,
    places_table,
    walk_as_dict,
    walk_page,
    write_brief,
    write_places,
    write_table,
    write_walk,
)
from safespace.pipeline.holdings import Holdings, areas, holdings, landmarks
from safespace.pipeline.loading import (
    LAYERS,
    Ingestion,
    StreetsHeld,
    held_streets,
    ingest,
    ingest_layer,
    ingest_streets,
    list_loads,
    load_backdrop,
    roll_back,
    version,
    write_town,
)
from safespace.pipeline.places import (
    CellStory,
    PlacesFound,
    count_cells,
    find_places,
    street_lines,
    tell_cell,
)
from safespace.pipeline.selection import factor_shares, hours_of_week
from safespace.pipeline.view import BASELINES, EDITIONS, FOUND_BY, PROVIDERS, View
from safespace.pipeline.walks import WalkPlanned, find_point, plan_walk
from safespace.sources.formats import describe as describe_formats

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
    "brief_html",
    "brief_of",
    "brief_pdf",
    "count_cells",
    "describe_formats",
    "export_places",
    "export_walk",
    "factor_shares",
    "find_places",
    "find_point",
    "headline",
    "held_streets",
    "holdings",
    "hours_of_week",
    "ingest",
    "ingest_layer",
    "ingest_streets",
    "landmarks",
    "list_loads",
    "load_backdrop",
    "make_brief",
    "places_as_dict",
    "places_page",
    "places_table",
    "plan_walk",
    "roll_back",
    "run_demo",
    "street_lines",
    "tell_cell",
    "version",
    "walk_as_dict",
    "walk_page",
    "write_brief",
    "write_places",
    "write_table",
    "write_town",
    "write_walk",
]
