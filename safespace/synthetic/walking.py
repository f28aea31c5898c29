"""Where people can walk, as pieces to draw places from in proportion to their length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from safespace.synthetic.noding import Network
    from safespace.synthetic.shapes import Floats

ASIDE_M = 4.0  # pins are put beside the line of the street, about this far


@dataclass(frozen=True)
class Walks:
    """Straight pieces of walkable street: starts and ends (metres), shape (n, 2) each."""

    start: Floats
    end: Floats

    @property
    def length_m(self) -> Floats:
        """Length of each piece."""
        return np.asarray(np.hypot(*(self.end - self.start).T))

    def within(self, xy: tuple[float, float], radius_m: float) -> Walks:
        """Return the pieces whose middle is within a distance of a place."""
        middle = (self.start + self.end) / 2
        near = np.hypot(*(middle - np.array(xy)).T) <= radius_m
        return Walks(self.start[near], self.end[near])


def walkable(network: Network) -> Walks:
    """Return the pieces of every way that people may walk."""
    open_ways = [
        nodes
        for way, nodes in zip(network.ways, network.nodes, strict=True)
        if way.tags.get("access") != "private" and way.tags.get("foot") != "no"
    ]
    first = np.concatenate([nodes[:-1] for nodes in open_ways])
    last = np.concatenate([nodes[1:] for nodes in open_ways])
    start, end = network.xy[first], network.xy[last]
    # long straight pieces are cut, so that a piece is either near a place or not
    return cut(Walks(start, end), longest_m=25.0)


def cut(walks: Walks, *, longest_m: float) -> Walks:
    """Return the same pieces, the long ones cut into equal parts no longer than given, metres."""
    parts = np.maximum(1, np.ceil(walks.length_m / longest_m)).astype(int)
    which = np.repeat(np.arange(len(parts)), parts)
    step = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    span = (walks.end - walks.start)[which] / parts[which, None]
    start = walks.start[which] + span * step[:, None]
    return Walks(start, start + span)


def draw_places(walks: Walks, rng: np.random.Generator, count: int) -> Floats:
    """Return random places beside the streets, in proportion to their length, shape (count, 2)."""
    total = np.cumsum(walks.length_m)
    piece = np.searchsorted(total, rng.random(count) * total[-1])
    share = rng.random((count, 1))
    on_line = walks.start[piece] + share * (walks.end - walks.start)[piece]
    aside = np.clip(rng.normal(0, ASIDE_M, (count, 2)), -2 * ASIDE_M, 2 * ASIDE_M)
    return np.asarray(on_line + aside)
