"""Small street networks made for the tests, without a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyproj import Geod

from safespace.streets import build_graph
from safespace.streets.ways import TAGS, Ways

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


def big_graph(side, *, seed, named=True, keep=0.65):
    """Make side x side junctions 70 m apart in streets of about eight edges, without a file.

    ``side=475`` gives about 200,000 junctions and 270,000 edges in two seconds; ``side=920`` about a million edges.
    """
    return build_graph(big_ways(side, seed=seed, named=named, keep=keep))


def big_ways(side, *, seed, named=True, keep=0.65):
    """Make the ways of :func:`big_graph`: rows and columns cut at random, with a bend in every edge."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    place = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1) * 70.0
    place += rng.uniform(-20, 20, place.shape)
    first = np.concatenate([node[:, :-1].ravel(), node[:-1].T.ravel()])
    then = np.concatenate([node[:, 1:].ravel(), node[1:].T.ravel()])
    held = np.flatnonzero(rng.random(len(first)) < keep)
    follows = (np.diff(held) == 1) & (then[held[:-1]] == first[held[1:]]) & (rng.random(len(held) - 1) < 0.87)
    new = np.concatenate([[True], ~follows])
    street = np.cumsum(new) - 1
    flat = place.reshape(-1, 2)
    bend = (flat[first[held]] + flat[then[held]]) / 2 + rng.uniform(-5, 5, (len(held), 2))
    # each street: its first junction, then a bend and a junction for every edge
    at = 2 * np.arange(len(held)) + street
    refs = np.zeros(2 * len(held) + street[-1] + 1, np.int64)
    spots = np.zeros((len(refs), 2))
    for offset, ids, metres in (
        (0, first[held], flat[first[held]]),
        (1, side * side + np.arange(len(held)), bend),
        (2, then[held], flat[then[held]]),
    ):
        refs[at + offset], spots[at + offset] = ids + 1, metres
    ways = street[-1] + 1
    kind = rng.choice(
        ["residential", "footway", "tertiary", "service", "primary"], ways, p=[0.5, 0.25, 0.1, 0.1, 0.05]
    )
    tags = pd.DataFrame({name: pd.Series([""] * ways, dtype="str") for name in TAGS})
    tags["highway"] = pd.Series(kind, dtype="str")
    tags["lit"] = pd.Series(rng.choice(["yes", "no", ""], ways, p=[0.2, 0.05, 0.75]), dtype="str")
    if named:
        tags["name"] = "Street " + pd.Series(np.arange(ways) % 20_000).astype("str")
    return Ways(
        way_id=np.arange(ways, dtype=np.int64) + 1,
        tags=tags,
        start=np.append(at[new], len(refs)).astype(np.int64),
        node_ref=refs,
        lon=ORIGIN[0] + spots[:, 0] * METRE_LON,
        lat=ORIGIN[1] + spots[:, 1] * METRE_LAT,
        shut=np.zeros(0, np.int64),
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
