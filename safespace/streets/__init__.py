"""The walking graph: streets split at junctions, as plain arrays.

Each edge keeps the tags of the one way it was cut from. Lighting has three values, because most streets
in the United Kingdom carry no ``lit`` tag: unknown is not unlit. What nearby lamps suggest is held apart
from what is mapped. Disconnected pieces stay in the graph and are reported in kilometres.
"""

from safespace.streets.building import (
    FRONT_REACH_M,
    add_parks,
    add_points,
    add_premises,
    build_graph,
    local_crs,
    with_hours,
)
from safespace.streets.compiling import compiled
from safespace.streets.exposure import exposure_operator, walkable_length
from safespace.streets.files import load, save
from safespace.streets.graph import (
    ALL_NIGHT,
    CAMERA_REACH_M,
    HOURS_FROM,
    LIT,
    LIT_SOURCES,
    PART_NIGHT,
    PAVED,
    SAMPLE_M,
    SIGHT,
    UNKNOWN,
    UNLIT,
    UNPAVED,
    StreetGraph,
    StreetSummary,
    labels,
    nearest_node,
    place_names,
    replace,
    samples,
    summary,
    to_frame,
    to_metres,
)
from safespace.streets.hours import (
    NOT_READ,
    Standing,
    as_moment,
    hours_text,
    hours_unread,
    lit_at,
    open_at,
    premises_open_at,
    text_at,
)
from safespace.streets.importing import Imported, import_streets
from safespace.streets.lighting import Asserted, assert_lighting, lit_by_columns, provenance

__all__ = [
    "ALL_NIGHT",
    "CAMERA_REACH_M",
    "FRONT_REACH_M",
    "HOURS_FROM",
    "LIT",
    "LIT_SOURCES",
    "NOT_READ",
    "PART_NIGHT",
    "PAVED",
    "SAMPLE_M",
    "SIGHT",
    "UNKNOWN",
    "UNLIT",
    "UNPAVED",
    "Asserted",
    "Imported",
    "Standing",
    "StreetGraph",
    "StreetSummary",
    "add_parks",
    "add_points",
    "add_premises",
    "as_moment",
    "assert_lighting",
    "build_graph",
    "compiled",
    "exposure_operator",
    "hours_text",
    "hours_unread",
    "import_streets",
    "labels",
    "lit_at",
    "lit_by_columns",
    "load",
    "local_crs",
    "nearest_node",
    "open_at",
    "place_names",
    "premises_open_at",
    "provenance",
    "replace",
    "samples",
    "save",
    "summary",
    "text_at",
    "to_frame",
    "to_metres",
    "walkable_length",
    "with_hours",
]
