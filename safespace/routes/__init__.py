"""Walking options between two places, compared by what is known about them.

Not a route planner for the public: it compares conditions along walks so that a partnership can decide
which segments to improve first.
"""

from __future__ import annotations

from safespace.routes.exports import reach_to_geojson, segments_to_frame, to_frame, to_geojson, to_gpx
from safespace.routes.front import ParetoFront, trade_off
from safespace.routes.limits import Limits
from safespace.routes.planning import Options, compare, on_street_m, plan
from safespace.routes.reach import Reach, one_to_many, reachable
from safespace.routes.reasons import Route
from safespace.routes.search import Path, distances, shortest_path, shortest_path_scipy, shortest_tree
from safespace.routes.stability import Stability

__all__ = [
    "Limits",
    "Options",
    "ParetoFront",
    "Path",
    "Reach",
    "Route",
    "Stability",
    "compare",
    "distances",
    "on_street_m",
    "one_to_many",
    "plan",
    "reach_to_geojson",
    "reachable",
    "segments_to_frame",
    "shortest_path",
    "shortest_path_scipy",
    "shortest_tree",
    "to_frame",
    "to_geojson",
    "to_gpx",
    "trade_off",
]
