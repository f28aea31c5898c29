"""A few streets as a file of OpenStreetMap and as OSMnx saves them."""

from __future__ import annotations

import osmium
import osmnx
import shapely
from osmium.osm.mutable import Node, Way

from safespace.streets.osmnx_graphs import NODE_TAGS as NODE_TAGS_KEPT
from safespace.streets.osmnx_graphs import WAY_TAGS

# A street crossed by another, a lit path in two ways, a loop, a gated path, a private drive, an island.
NODES = {k: (-3.0 + (k % 5) * 0.001, 51.5 + (k // 5) * 0.001) for k in range(1, 25)}
NODE_TAGS = {
    12: {"barrier": "gate", "opening_hours": "06:00-22:00"},
    17: {"barrier": "gate", "access": "private"},
}
WAYS = {
    100: ([1, 2, 3, 4], {"highway": "residential", "name": "Corn Street", "lit": "yes"}),
    101: ([2, 7, 12, 13], {"highway": "footway", "surface": "gravel"}),
    102: ([13, 14], {"highway": "footway", "lit": "24/7", "check_date:lit": "2024-02-03"}),
    103: ([14, 9, 8, 13], {"highway": "steps", "step_count": "30", "tunnel": "yes"}),
    104: ([3, 8], {"highway": "cycleway", "foot": "designated"}),
    105: ([4, 9], {"highway": "service", "access": "private"}),
    106: ([14, 19, 18, 17, 16, 19], {"highway": "path", "foot:conditional": "no @ (22:00-06:00)"}),
    107: ([21, 22, 23], {"highway": "path"}),
    108: ([23, 24], {"highway": "path", "lit": "yes"}),
}


def write(path):
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for node, place in NODES.items():
            writer.add_node(Node(id=node, location=place, tags=NODE_TAGS.get(node, {}), version=1))
        for way, (nodes, tags) in WAYS.items():
            writer.add_way(Way(id=way, nodes=nodes, tags=tags, version=1))
    return path


def write_graphml(folder):
    """Save the streets as OSMnx does, told to keep the tags our reader takes."""
    tags = {"useful_tags_way": list(WAY_TAGS), "useful_tags_node": list(NODE_TAGS_KEPT), "log_console": False}
    before = {name: getattr(osmnx.settings, name) for name in tags}
    for name, value in tags.items():
        setattr(osmnx.settings, name, value)
    try:
        graph = osmnx.graph_from_xml(write(folder / "a.osm"), simplify=False, retain_all=True)
    finally:
        for name, value in before.items():
            setattr(osmnx.settings, name, value)
    osmnx.save_graphml(graph, folder / "a.graphml")
    return folder / "a.graphml"


AREA = shapely.box(-3.01, 51.49, -2.99, 51.51)
