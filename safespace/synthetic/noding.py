"""Give lines that meet a shared node, as OpenStreetMap does and a walk graph needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from safespace.synthetic.shapes import Floats, Way

MEET_M = 1.2  # ends this near a line are on it
MERGE_M = 2.0  # vertices this near each other are one node


@dataclass(frozen=True)
class Network:
    """Ways over shared nodes.

    Attributes
    ----------
    ways
        As given, less those that were too short to keep.
    nodes
        Node numbers of each way, in order.
    xy
        Node places, metres from the market place, shape (n, 2).
    """

    ways: tuple[Way, ...]
    nodes: tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]
    xy: Floats

    def length_m(self) -> Floats:
        """Return the length of each way."""
        return np.array([np.hypot(*np.diff(self.xy[nodes], axis=0).T).sum() for nodes in self.nodes])


def node_ways(ways: list[Way]) -> Network:
    """Return the ways over nodes shared wherever two of them meet.

    Notes
    -----
    Ways above or below ground (level not 0) meet others at their ends only: a subway does not meet the
    road over it.
    """
    lines = np.array([way.line for way in ways], dtype=object)
    ground = np.array([way.level == 0 for way in ways])
    crossings = _crossings(lines, ground)
    ends = _ends(lines, ground)
    way_of, place, where = _vertices(lines, crossings, ends)
    merged, xy = _merge(place)
    order = np.lexsort((where, way_of))
    return _network(ways, way_of[order], merged[order], xy)


def _crossings(lines: np.ndarray, ground: np.ndarray) -> tuple[np.ndarray, Floats]:
    """Return (way, place) of every point where two ground ways cross, once for each of the two."""
    tree = shapely.STRtree(lines)
    first, second = tree.query(lines, predicate="intersects")
    pair = (first < second) & ground[first] & ground[second]
    first, second = first[pair], second[pair]
    meet = shapely.intersection(lines[first], lines[second])
    place, index = shapely.get_coordinates(meet, return_index=True)
    return np.concatenate([first[index], second[index]]), np.concatenate([place, place])


def _ends(lines: np.ndarray, ground: np.ndarray) -> tuple[np.ndarray, Floats]:
    """Return (way, place) of every end that lies on another ground way."""
    places = np.concatenate([_end(lines, 0), _end(lines, -1)])
    owner = np.tile(np.arange(len(lines)), 2)
    tree = shapely.STRtree(lines)
    end, line = tree.query(shapely.points(places), predicate="dwithin", distance=MEET_M)
    other = (owner[end] != line) & ground[line]
    return line[other], places[end[other]]


def _end(lines: np.ndarray, which: int) -> Floats:
    return shapely.get_coordinates(shapely.get_point(lines, which))


def _vertices(lines: np.ndarray, *met: tuple[np.ndarray, Floats]) -> tuple[np.ndarray, Floats, Floats]:
    """Return every vertex, own and met: its way, its place and how far along the way it is."""
    own_place, own_way = shapely.get_coordinates(lines, return_index=True)
    way_of = np.concatenate([own_way, *[way for way, _ in met]])
    place = np.concatenate([own_place, *[place for _, place in met]])
    where = shapely.line_locate_point(lines[way_of], shapely.points(place))
    step = np.hypot(*np.diff(own_place, axis=0, prepend=own_place[:1]).T)
    step[np.flatnonzero(np.diff(own_way, prepend=-1))] = 0
    run = np.cumsum(step)
    starts = np.flatnonzero(np.diff(own_way, prepend=-1))
    # a closed way's last vertex is its first: only the running length tells them apart
    where[: len(own_way)] = run - np.repeat(run[starts], np.bincount(own_way))
    return way_of, place, where


def _merge(place: Floats) -> tuple[np.ndarray, Floats]:
    """Return the node of each vertex and the nodes' places; vertices within MERGE_M are one node."""
    pairs = cKDTree(place).query_pairs(MERGE_M, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(place), len(place)))
    count, node = connected_components(links, directed=False)
    size = np.bincount(node, minlength=count)
    xy = np.column_stack([np.bincount(node, place[:, axis], minlength=count) / size for axis in (0, 1)])
    return node, xy


def _network(ways: list[Way], way_of: np.ndarray, node: np.ndarray, xy: Floats) -> Network:
    repeat = np.r_[False, (node[1:] == node[:-1]) & (way_of[1:] == way_of[:-1])]
    way_of, node = way_of[~repeat], node[~repeat]
    groups = np.split(node, np.flatnonzero(np.diff(way_of)) + 1)
    kept = [(ways[i], nodes) for i, nodes in zip(np.unique(way_of), groups, strict=True) if len(nodes) > 1]
    used, renumbered = np.unique(np.concatenate([nodes for _, nodes in kept]), return_inverse=True)
    parts = np.split(renumbered, np.cumsum([len(nodes) for _, nodes in kept])[:-1])
    return Network(tuple(way for way, _ in kept), tuple(parts), xy[used])


def drop_scraps(network: Network, *, keep: str, shortest_m: float = 2000.0) -> Network:
    """Return the network without the small pieces that meet nothing, except ways of the zone ``keep``."""
    flat = np.concatenate(network.nodes)
    way_of = np.repeat(np.arange(len(network.ways)), [len(nodes) for nodes in network.nodes])
    size = len(network.ways)
    members = coo_array((np.ones(len(flat)), (way_of, flat)), shape=(size, len(network.xy))).tocsr()
    _, piece = connected_components(members @ members.T, directed=False)
    long_enough = np.bincount(piece, network.length_m())[piece] >= shortest_m
    kept = long_enough | np.array([way.zone == keep for way in network.ways])
    chosen = [network.nodes[i] for i in np.flatnonzero(kept)]
    used, renumbered = np.unique(np.concatenate(chosen), return_inverse=True)
    parts = np.split(renumbered, np.cumsum([len(nodes) for nodes in chosen])[:-1])
    return Network(tuple(network.ways[i] for i in np.flatnonzero(kept)), tuple(parts), network.xy[used])
