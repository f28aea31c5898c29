"""Lighting and surface tags in shares like those of a British town: the centre mapped, most suburbs not."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from safespace.synthetic.noding import Network
    from safespace.synthetic.shapes import Floats

PATCH_M = 700.0

# share of ways tagged lit=yes and lit=no, by part of the town; the rest has no lit tag
_LIT = MappingProxyType(
    {
        "core": (0.92, 0.02),
        "main": (0.86, 0.0),
        "terraces": (0.30, 0.01),
        "suburb": (0.02, 0.01),
        "works": (0.15, 0.05),
        "campus": (0.70, 0.02),
        "stadium": (0.80, 0.0),
        "water": (0.12, 0.45),
        "park": (0.10, 0.40),
        "subway": (0.0, 0.0),
        "sidewalk": (0.55, 0.0),
        "fields": (0.0, 0.12),
        "island": (0.0, 0.0),
    }
)
# in patches a keen mapper has walked, most streets of terraces and suburbs carry the tag
_KEEN = (0.86, 0.03)
_KEEN_SHARE = 0.16

LIT_WORDS = ("yes", "24/7", "automatic")  # what the town's lit tags say where there is light


def tag_ways(network: Network, rng: np.random.Generator) -> Network:
    """Return the network with lit, surface and speed tags added."""
    lit = _lighting(network, rng)
    draws = rng.random(len(network.ways))
    tagged = []
    for way, light, draw in zip(network.ways, lit, draws, strict=True):
        tags = dict(way.tags)
        if light and "lit" not in tags:
            tags["lit"] = light
        tags |= _surface(tags["highway"], draw)
        tagged.append(replace(way, tags=tags | {"source": "synthetic"}))
    return replace(network, ways=tuple(tagged))


def _lighting(network: Network, rng: np.random.Generator) -> list[str]:
    middle = np.array([network.xy[nodes[len(nodes) // 2]] for nodes in network.nodes])
    share = np.array([_LIT[way.zone] for way in network.ways])
    growable = np.array([way.zone in {"terraces", "suburb"} for way in network.ways])
    share[growable & _keen(middle, rng)] = _KEEN
    draw = rng.random(len(middle))
    words = np.select([draw < share[:, 0], draw < share.sum(axis=1)], ["yes", "no"], "")
    trunk = np.array([way.tags["highway"] == "trunk" for way in network.ways])
    words = np.where((words == "yes") & trunk, "24/7", words)
    return [str(word) for word in np.where((words == "yes") & (draw < 0.02), "automatic", words)]


def _keen(middle: Floats, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    column, row = np.floor(middle / PATCH_M).astype(int).T + 6
    walked = rng.random((12, 12)) < _KEEN_SHARE
    return np.asarray(walked[column % 12, row % 12], dtype=bool)


def _surface(highway: str, draw: float) -> dict[str, str]:
    if highway in {"path", "footway"}:
        return {"surface": "asphalt" if draw < 0.4 else "compacted"} if draw < 0.6 else {}
    if highway in {"residential", "unclassified"} and draw < 0.5:
        return {"maxspeed": "20 mph" if draw < 0.3 else "30 mph"}
    return {}
