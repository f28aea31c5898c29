"""One built town for all tests of this folder, and its streets read back from the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pytest

from safespace.synthetic import Town, build_town

if TYPE_CHECKING:
    from pathlib import Path

SEED = 7


@dataclass(frozen=True)
class OsmFile:
    """A file as read back: places of nodes, tagged points, ways with their nodes, and kinds in file order."""

    places: dict[int, tuple[float, float]]
    points: list[dict[str, str]]
    ways: list[tuple[dict[str, str], list[int]]]
    order: list[tuple[str, int]]
    dates: set[str]
    generator: str

    def length_m(self, nodes: list[int]) -> float:
        lon, lat = np.array([self.places[node] for node in nodes]).T
        return float(np.hypot(np.diff(lon) * np.cos(np.radians(52.33)), np.diff(lat)).sum() * 111_200)

    def streets(self) -> list[tuple[dict[str, str], list[int]]]:
        return [(tags, nodes) for tags, nodes in self.ways if "highway" in tags]


def read_osm(path: Path) -> OsmFile:
    places, points, ways, order, dates = {}, [], [], [], set()
    for item in osmium.FileProcessor(str(path)):
        order.append((item.type_str(), item.id))
        dates.add(str(item.timestamp))
        if item.is_node():
            places[item.id] = (item.location.lon, item.location.lat)
            points += [dict(item.tags)] if len(item.tags) else []
        else:
            ways.append((dict(item.tags), [node.ref for node in item.nodes]))
    header = osmium.io.Reader(str(path)).header()
    return OsmFile(places, points, ways, order, dates, header.get("generator"))


@pytest.fixture(scope="session")
def stonebridge(tmp_path_factory) -> Town:
    return build_town(tmp_path_factory.mktemp("stonebridge"), seed=SEED)


@pytest.fixture(scope="session")
def osm(stonebridge) -> OsmFile:
    return read_osm(stonebridge.streets_pbf)
