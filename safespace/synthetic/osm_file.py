"""Write the town as a real, sorted ``.osm.pbf``: nodes, then ways, one fixed date, positive identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import osmium
import shapely
from osmium.osm import mutable

from safespace.synthetic.projection import to_lonlat

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.synthetic.assets import Assets, Shape
    from safespace.synthetic.noding import Network
    from safespace.synthetic.shapes import Floats

GENERATOR = "SafeSpace synthetic town (made-up data, not a real place)"
_DATE = "2026-09-01T00:00:00Z"


def write_pbf(path: Path, network: Network, assets: Assets) -> None:
    """Write streets, assets and areas to one file, replacing what is there.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    header = osmium.io.Header()
    header.set("generator", GENERATOR)
    try:
        with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
            outlines = _write_nodes(writer, network, assets)
            _write_ways(writer, network, assets.shapes, outlines)
    except RuntimeError as problem:  # what osmium raises for a full disk or a folder of that name
        raise OSError(0, str(problem)) from problem


def _write_nodes(writer: osmium.SimpleWriter, network: Network, assets: Assets) -> list[list[int]]:
    """Write all nodes; return the node identifiers of each shape."""
    next_id = 1
    next_id = _write_run(writer, next_id, network.xy, [{}] * len(network.xy))
    points = np.array([(p.x, p.y) for p in assets.points])
    next_id = _write_run(writer, next_id, points, [p.tags | {"source": "synthetic"} for p in assets.points])
    outlines = []
    for shape in assets.shapes:
        xy, closed = shapely.get_coordinates(shape.outline), shape.outline.geom_type == "Polygon"
        own = xy[:-1] if closed else xy
        identifiers = list(range(next_id, next_id + len(own)))
        next_id = _write_run(writer, next_id, own, [{}] * len(own))
        outlines.append([*identifiers, identifiers[0]] if closed else identifiers)
    return outlines


def _write_run(writer: osmium.SimpleWriter, first_id: int, xy: Floats, tags: list[dict[str, str]]) -> int:
    for number, ((lon, lat), about) in enumerate(zip(to_lonlat(xy).tolist(), tags, strict=True)):
        writer.add_node(
            mutable.Node(id=first_id + number, location=(lon, lat), version=1, timestamp=_DATE, tags=about)
        )
    return first_id + len(xy)


def _write_ways(
    writer: osmium.SimpleWriter, network: Network, shapes: tuple[Shape, ...], outlines: list[list[int]]
) -> None:
    streets = [
        ((nodes + 1).tolist(), way.tags) for way, nodes in zip(network.ways, network.nodes, strict=True)
    ]
    areas = list(zip(outlines, (shape.tags for shape in shapes), strict=True))
    for identifier, (nodes, tags) in enumerate([*streets, *areas], start=1):
        writer.add_way(mutable.Way(id=identifier, nodes=nodes, version=1, timestamp=_DATE, tags=tags))
