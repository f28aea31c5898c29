from .exports import reach_to_geojson, segments_to_frame, to_frame, to_geojson, to_gpx
from .front import ParetoFront, trade_off
from .limits import Limits
from .method import RouteMethod
from .planning import Options, compare, on_street_m, plan
from .reach import Reach, one_to_many, reachable
from .reasons import Route
from .search import Path, distances, shortest_path, shortest_path_scipy, shortest_tree
from .stability import Stability

__all__ = [
    "Limits",
    "Options",
    "ParetoFront",
    "Path",
    "Reach",
    "Route",
    "RouteMethod",
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
