"""Small street networks made for the tests, without a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyproj import Geod

from safespace.sources.streets_osm import TAGS, Ways
from safespace.streets import build_graph

GEOD = Geod(ellps="WGS84")
ORIGIN = (-2.99, 51.58)
METRE_LON = 1 / GEOD.inv(*ORIGIN, ORIGIN[0] + 1e-3, ORIGIN[1])[2] * 1e-3
METRE_LAT = 1 / GEOD.inv(*ORIGIN, ORIGIN[0], ORIGIN[1] + 1e-3)[2] * 1e-3


def made_ways(rows, places, shut=()):
    """Make ways from ``(way_id, tags, [node, ...])`` and ``{node: (east_m, north_m)}``."""
    refs = np.array([node for _, _, nodes in rows for node in nodes], np.int64)
    metres = np.array([places[node] for node in refs.tolist()], float).reshape(-1, 2)
    tags = pd.DataFrame(
        [[tags.get(name, "") for name in TAGS] for _, tags, _ in rows], columns=list(TAGS), dtype="str"
    )
    return Ways(
        way_id=np.array([way for way, _, _ in rows], np.int64),
        tags=tags,
        start=np.cumsum([0] + [len(nodes) for _, _, nodes in rows]).astype(np.int64),
        node_ref=refs,
        lon=ORIGIN[0] + metres[:, 0] * METRE_LON,
        lat=ORIGIN[1] + metres[:, 1] * METRE_LAT,
        shut=np.array(sorted(shut), np.int64),
        left_out=pd.DataFrame({"reason": [], "ways": [], "km": []}),
    )


def grid_graph(side, *, seed, step_m=100.0, drop=0.0):
    """Make a jittered grid of side x side junctions, one way an edge, with random lighting."""
    rng = np.random.default_rng(seed)
    places = {
        i * side + j: (i * step_m + rng.uniform(-20, 20), j * step_m + rng.uniform(-20, 20))
        for i in range(side)
        for j in range(side)
    }
    pairs = [(i * side + j, i * side + j + 1) for i in range(side) for j in range(side - 1)]
    pairs += [(i * side + j, (i + 1) * side + j) for i in range(side - 1) for j in range(side)]
    kept = [pair for pair in pairs if rng.random() >= drop]
    lit = rng.choice(["yes", "no", ""], len(kept))
    rows = [
        (1000 + k, {"highway": "residential", "name": f"Street {k % 7}", "lit": lit[k]}, list(pair))
        for k, pair in enumerate(kept)
    ]
    return build_graph(made_ways(rows, places))
