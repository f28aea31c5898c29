"""Reading OpenStreetMap extracts: each tag rule in an extract made by the test."""

from __future__ import annotations

import numpy as np
import osmium
import pytest
import shapely
from osmium.osm.mutable import Node, Way

from safespace.errors import AreaError, FileError
from safespace.schemas import ASSETS, check
from safespace.streets import osm


def write_extract(path, ways, nodes=None):
    """Write parallel two-vertex ways, way i from node 2i+1 to node 2i+2, 0.001 degree apart."""
    nodes = nodes or {}
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for i in range(len(ways)):
            for k, lon in ((1, -3.0), (2, -2.999)):
                node = 2 * i + k
                writer.add_node(Node(id=node, location=(lon, 51.5 + i * 0.001), tags=nodes.get(node, {})))
        for i, tags in enumerate(ways):
            writer.add_way(Way(id=100 + i, nodes=[2 * i + 1, 2 * i + 2], tags=tags))
    return path


KEPT = [
    {"highway": "residential"},
    {"highway": "cycleway"},
    {"highway": "cycleway", "foot": "designated", "segregated": "no"},
    {"highway": "tertiary", "sidewalk": "separate"},
    {"highway": "tertiary", "sidewalk:both": "separate"},
    {"highway": "steps"},
    {"highway": "footway", "tunnel": "yes"},
    {"highway": "footway", "bridge": "yes"},
    {"highway": "service", "access": "private", "foot": "permissive"},
    {"highway": "path", "opening_hours": "dawn-dusk"},
    {"highway": "trunk"},
    {"highway": "busway", "foot": "yes"},
    {"highway": "unclassified", "access": "destination"},
]
DROPPED = [
    {"highway": "motorway"},
    {"highway": "motorway_link", "foot": "yes"},
    {"highway": "service", "access": "private"},
    {"highway": "track", "access": "no"},
    {"highway": "cycleway", "foot": "no"},
    {"highway": "residential", "foot": "private"},
    {"highway": "trunk", "motorroad": "yes"},
    {"highway": "construction", "construction": "residential"},
    {"highway": "busway"},
    {"waterway": "canal"},
]


@pytest.mark.parametrize("tags", KEPT, ids=str)
def test_ways_open_to_walkers_are_kept(tags):
    assert osm.walkable(tags)


@pytest.mark.parametrize("tags", DROPPED, ids=str)
def test_ways_closed_to_walkers_are_dropped(tags):
    assert not osm.walkable(tags)


def test_each_way_keeps_its_own_tags(tmp_path):
    path = write_extract(tmp_path / "t.osm.pbf", KEPT + DROPPED)
    ways = osm.read_ways(path)
    assert ways.way_id.tolist() == list(range(100, 100 + len(KEPT)))
    assert ways.tags["highway"].tolist() == [tags["highway"] for tags in KEPT]
    assert (ways.tags["sidewalk"] == "separate").tolist() == [i in (3, 4) for i in range(len(KEPT))]
    assert ways.tags["hours"].tolist()[9] == "dawn-dusk"
    assert np.diff(ways.start).tolist() == [2] * len(KEPT)
    np.testing.assert_allclose(ways.lon[:2], [-3.0, -2.999], atol=1e-9)


def test_what_is_left_out_is_reported(tmp_path):
    path = write_extract(tmp_path / "t.osm.pbf", [KEPT[0], DROPPED[2], DROPPED[3], DROPPED[0]])
    left_out = osm.read_ways(path).left_out.set_index("reason")
    assert left_out.loc["private or closed", "ways"] == 2
    assert left_out.loc["private or closed", "km"] == pytest.approx(2 * 0.0692, abs=0.002)
    assert left_out.loc["motorway, unbuilt or not a way", "ways"] == 1


def test_lit_stays_as_written_and_missing_stays_missing(tmp_path):
    rows = [{"highway": "footway"} | ({"lit": lit} if lit else {}) for lit in ("yes", "", "no", "24/7")]
    ways = osm.read_ways(write_extract(tmp_path / "t.osm.pbf", rows))
    assert ways.tags["lit"].tolist() == ["yes", "", "no", "24/7"]


def test_only_barriers_closed_by_their_tags_are_shut(tmp_path):
    nodes = {
        1: {"barrier": "gate"},
        2: {"barrier": "gate", "access": "private"},
        3: {"barrier": "gate", "locked": "yes"},
        4: {"barrier": "gate", "access": "no", "foot": "yes"},
        5: {"barrier": "bollard"},
        6: {"barrier": "gate", "foot": "no"},
    }
    ways = osm.read_ways(write_extract(tmp_path / "t.osm.pbf", [{"highway": "path"}] * 3, nodes))
    assert ways.shut.tolist() == [2, 3, 6]


def test_clip_keeps_a_stretch_with_one_end_inside_and_cuts_the_rest(tmp_path):
    path = tmp_path / "t.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for i in range(6):
            writer.add_node(Node(id=i + 1, location=(-3.0 + i * 0.001, 51.5)))
        writer.add_way(Way(id=7, nodes=[1, 2, 3, 4, 5, 6], tags={"highway": "path"}))
    ways = osm.read_ways(path, clip=(-2.9975, 51.4, -2.9965, 51.6))
    assert ways.node_ref.tolist() == [3, 4, 5]
    ends = shapely.MultiPolygon(
        [shapely.box(-3.0005, 51.4, -2.9995, 51.6), shapely.box(-2.9955, 51.4, -2.9945, 51.6)]
    )
    pieces = osm.read_ways(path, clip=ends)
    assert pieces.way_id.tolist() == [7, 7]
    assert pieces.node_ref.tolist() == [1, 2, 5, 6]


def test_clip_elsewhere_names_where_the_ways_are(tmp_path):
    path = write_extract(tmp_path / "t.osm.pbf", KEPT[:1])
    with pytest.raises(AreaError, match=r"No walkable way lies in the clip.*-3\.0000, 51\.5000"):
        osm.read_ways(path, clip=(0, 0, 1, 1))
    with pytest.raises(AreaError, match="The clip is empty"):
        osm.read_ways(path, clip=(0, 0, 0, 1))


def test_missing_corrupt_and_empty_extracts_are_refused(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        osm.read_ways(tmp_path / "absent.osm.pbf")
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"\x00\x00\x00\x0dnot a pbf at all")
    with pytest.raises(FileError, match=r"cannot be read.*Download it again"):
        osm.read_ways(bad)
    with pytest.raises(FileError, match="cannot be read"):
        osm.read_points(bad)
    whole = write_extract(tmp_path / "whole.osm.pbf", KEPT).read_bytes()
    torn = tmp_path / "torn.osm.pbf"
    torn.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="cannot be read"):
        osm.read_ways(torn)
    text = tmp_path / "streets.txt"
    text.write_text("hello")
    with pytest.raises(FileError, match="cannot be read"):
        osm.read_ways(text)
    with pytest.raises(FileError, match="holds no way open to walkers"):
        osm.read_ways(write_extract(tmp_path / "none.osm.pbf", DROPPED))


def test_a_vertex_beyond_the_extract_cuts_the_way(tmp_path):
    path = tmp_path / "t.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for i in (1, 2, 4, 5):
            writer.add_node(Node(id=i, location=(-3.0 + i * 0.001, 51.5)))
        writer.add_way(Way(id=7, nodes=[1, 2, 3, 4, 5], tags={"highway": "path", "lit": "yes"}))
    ways = osm.read_ways(path)
    assert ways.node_ref.tolist() == [1, 2, 4, 5]
    assert ways.start.tolist() == [0, 2, 4]


def test_points_by_kind(tmp_path):
    path = tmp_path / "t.osm.pbf"
    kinds = {
        "lamp": {"highway": "street_lamp"},
        "camera": {"man_made": "surveillance"},
        "pub": {"amenity": "pub", "name": "The Prince"},
        "bar": {"amenity": "bar"},
        "club": {"amenity": "nightclub"},
        "bus_stop": {"highway": "bus_stop"},
        "tram_stop": {"railway": "tram_stop"},
        "rail_station": {"railway": "station"},
    }
    corners = [(-3.0, 51.5), (-2.998, 51.5), (-2.998, 51.502), (-3.0, 51.502)]
    with osmium.SimpleWriter(str(path)) as writer:
        for i, tags in enumerate(kinds.values()):
            writer.add_node(Node(id=i + 1, location=(-3.0 + i * 0.001, 51.5), tags=tags))
        writer.add_node(Node(id=50, location=(-3.0, 51.5), tags={"amenity": "bench"}))
        for i, place in enumerate(corners):
            writer.add_node(Node(id=60 + i, location=place))
        ring = [60, 61, 62, 63, 60]
        writer.add_way(Way(id=1, nodes=ring, tags={"building": "dormitory", "name": "Hall"}))
        writer.add_way(Way(id=2, nodes=ring, tags={"leisure": "stadium"}))
    assets = osm.read_points(path).set_index("asset_id")
    check(assets.reset_index(), ASSETS)
    assert set(assets["kind"]) == {*kinds, "housing", "venue"}
    assert assets.loc["osm:n3", "name"] == "The Prince"
    assert assets.loc["osm:w1", ["lon", "lat"]].tolist() == pytest.approx([-2.999, 51.501])
    few = osm.read_points(path, clip=(-3.0005, 51.4, -2.9995, 51.5005))
    assert few["kind"].tolist() == ["lamp"]


@pytest.mark.realdata
def test_newport_length_differs_from_the_published_by_what_is_left_out(realdata):
    """992 km counts private and closed ways; ours plus those two is that figure."""
    ways = osm.read_ways(realdata / "newport-2023-06-13.osm.pbf")
    left_out = ways.left_out.set_index("reason")["km"]
    lon, lat = np.radians(ways.lon), np.radians(ways.lat)
    step = 6_371.0 * np.hypot(np.diff(lon) * np.cos(lat[1:]), np.diff(lat))
    step[ways.start[1:-1] - 1] = 0
    assert step.sum() == pytest.approx(933, rel=0.005)
    assert step.sum() + left_out["private or closed"] + left_out["closed to walkers"] == pytest.approx(
        992, rel=0.005
    )
