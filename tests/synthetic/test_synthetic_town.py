"""The town as a whole: same seed, same bytes; labelled; real OpenStreetMap structure; areas that tile."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from pyproj import Transformer

from safespace.errors import FileError, InputError
from safespace.layers.boundaries import read_areas
from safespace.streets.osm import read_points, read_ways
from safespace.synthetic import build_town, load_truth
from safespace.synthetic.projection import grid_metres, to_bng, to_lonlat

SEED = 7


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def street_graph(osm):
    graph = nx.Graph()
    for tags, nodes in osm.streets():
        if tags.get("access") != "private":
            for first, last in pairwise(nodes):
                graph.add_edge(first, last, metres=osm.length_m([first, last]))
    return graph


def kilometres(graph, nodes):
    return graph.subgraph(nodes).size(weight="metres") / 1000


# ---- bytes and labels


def test_same_seed_gives_same_bytes_and_another_seed_does_not(stonebridge, tmp_path):
    again = hashes(build_town(tmp_path / "again", seed=SEED).folder)
    other = hashes(build_town(tmp_path / "other", seed=SEED + 1).folder)
    assert again == hashes(stonebridge.folder)
    # the plan does not depend on the seed, so areas and boundary stay; nor do the made-up weights
    same = {name for name in again if again[name] == other[name]}
    assert same == {"synthetic_areas.geojson", "synthetic_boundary.geojson", "synthetic_harm_weights.csv"}


def test_a_town_replaces_an_earlier_one_in_the_same_folder(stonebridge, tmp_path):
    build_town(tmp_path, seed=SEED + 1)
    assert hashes(build_town(tmp_path, seed=SEED).folder) == hashes(stonebridge.folder)


def test_every_output_says_it_is_synthetic(stonebridge, osm):
    assert "not a real place" in stonebridge.readme.read_text()
    assert "made-up" in osm.generator
    assert all(tags["source"] == "synthetic" for tags, _ in osm.ways)
    assert all(tags["source"] == "synthetic" for tags in osm.points)
    assert json.loads(stonebridge.truth_json.read_text())["synthetic"] is True
    weights = stonebridge.harm_weights_csv.read_text().splitlines()[1:]
    assert all("MADE UP" in line for line in weights)
    for path in (stonebridge.areas_geojson, stonebridge.boundary_geojson):
        assert all(one["properties"]["synthetic"] for one in json.loads(path.read_text())["features"])
    for path in (stonebridge.streetsafe_csv, stonebridge.nte_csv, stonebridge.spiking_csv):
        assert path.name.startswith("synthetic_")
        rows = path.read_text().splitlines()[1:]
        assert all(row.startswith(("SYN-", "Total")) for row in rows)


# ---- the streets file


def test_file_is_sorted_with_positive_identifiers_and_one_date(osm):
    kinds = [kind for kind, _ in osm.order]
    assert kinds == sorted(kinds, key="nwr".index)
    for kind in "nw":
        identifiers = [number for k, number in osm.order if k == kind]
        assert identifiers == list(range(1, len(identifiers) + 1))
    assert len(osm.dates) == 1
    assert all(node in osm.places for _, nodes in osm.ways for node in nodes)


def test_streets_are_one_piece_but_for_the_island(osm):
    graph = street_graph(osm)
    total = kilometres(graph, graph)
    main, *others = sorted(nx.connected_components(graph), key=len, reverse=True)
    assert 250 < total < 420
    assert kilometres(graph, main) > 0.9 * total
    (island,) = others
    assert 0.5 < kilometres(graph, island) < 3


def test_ground_level_streets_that_cross_share_a_node(osm):
    ground = [(tags, nodes) for tags, nodes in osm.streets() if "layer" not in tags]
    lines = np.array([shapely.LineString([osm.places[n] for n in nodes]) for _, nodes in ground])
    first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
    apart = [(a, b) for a, b in zip(first, second, strict=True) if not set(ground[a][1]) & set(ground[b][1])]
    assert apart == []


def test_subways_and_bridges_do_not_meet_what_they_cross(osm):
    ring = {n for tags, nodes in osm.streets() if tags.get("ref") == "A4999" for n in nodes}
    subways = [nodes for tags, nodes in osm.streets() if tags.get("tunnel") == "yes"]
    assert len(subways) == 2
    assert not any(ring & set(nodes) for nodes in subways)
    towpath = {n for tags, nodes in osm.streets() if tags.get("towpath") == "yes" for n in nodes}
    roads = [
        n for tags, n in osm.streets() if "bridge" in tags and tags["highway"] in {"primary", "secondary"}
    ]
    assert len(roads) > 6
    assert not any(towpath & set(nodes) for nodes in roads)


@pytest.mark.parametrize(
    "wanted",
    [
        {"highway": "trunk"},
        {"highway": "footway", "tunnel": "yes", "lit": "no"},
        {"highway": "footway", "bridge": "yes"},
        {"highway": "steps"},
        {"highway": "service", "service": "alley"},
        {"highway": "cycleway", "foot": "designated", "segregated": "yes"},
        {"highway": "path", "towpath": "yes"},
        {"highway": "primary", "sidewalk": "separate"},
        {"highway": "footway", "footway": "sidewalk"},
        {"highway": "footway", "opening_hours": "Mo-Su 07:30-20:00"},
        {"access": "private"},
        {"highway": "pedestrian", "name": "Market Place"},
        {"highway": "tertiary", "name": "Corn Street"},
        {"natural": "water"},
        {"leisure": "park"},
        {"leisure": "stadium"},
        {"building": "dormitory"},
        {"railway": "rail"},
    ],
    ids=lambda tags: "-".join(tags.values()),
)
def test_kinds_of_way_are_there(osm, wanted):
    assert any(wanted.items() <= tags.items() for tags, _ in osm.ways)


def test_lighting_is_tagged_in_british_shares(stonebridge, osm):
    length = Counter()
    for tags, nodes in osm.streets():
        length[tags.get("lit", "")] += osm.length_m(nodes)
    total = sum(length.values())
    yes = length["yes"] + length["24/7"] + length["automatic"]
    assert 0.28 < yes / total < 0.42
    assert 0.01 < length["no"] / total < 0.06
    assert yes / total == pytest.approx(stonebridge.truth.streets["lit_yes_share"], abs=0.002)
    assert total / 1000 == pytest.approx(stonebridge.truth.streets["km"], rel=0.003)


def test_centre_is_mostly_tagged_and_suburbs_are_mostly_not(osm):
    def tagged(inside):
        lengths = [(osm.length_m(n), "lit" in tags) for tags, n in osm.streets() if inside(osm.places[n[0]])]
        return sum(metres for metres, lit in lengths if lit) / sum(metres for metres, _ in lengths)

    def out_m(place):
        return np.hypot((place[0] + 1.6418) * 68_000, (place[1] - 52.3299) * 111_200)

    assert tagged(lambda place: out_m(place) < 450) > 0.85
    assert tagged(lambda place: out_m(place) > 1500) < 0.4


def test_the_streets_reader_takes_the_file(stonebridge):
    ways = read_ways(stonebridge.streets_pbf)
    points = read_points(stonebridge.streets_pbf)
    assert ways is not None
    kinds = points["kind"].value_counts()
    assert kinds["lamp"] > 1000
    expected = {
        "camera": 56,
        "pub": 30,
        "bar": 18,
        "club": 6,
        "housing": 9,
        "rail_station": 1,
        "bus_station": 1,
    }
    assert {kind: kinds[kind] for kind in expected} == expected


# ---- areas and coordinates


def test_areas_tile_the_boundary(stonebridge):
    areas = read_areas(stonebridge.areas_geojson)
    whole = read_areas(stonebridge.boundary_geojson).geometry.iloc[0]
    assert areas["name"].tolist() == sorted(areas["name"])
    assert areas["area_id"].tolist() == [f"SB{number:02d}" for number in range(1, 7)]
    union = areas.geometry.union_all()
    assert union.symmetric_difference(whole).area < 1e-9 * whole.area
    overlap = sum(
        a.intersection(b).area for i, a in enumerate(areas.geometry) for b in areas.geometry[i + 1 :]
    )
    assert overlap < 1e-9 * whole.area


def test_grid_and_degrees_agree_with_proj():
    xy = np.array([[0.0, 0.0], [2500.0, -1800.0], [-2900.0, 2100.0]])
    easting, northing = to_bng(xy).T
    lon, lat = Transformer.from_crs(27700, 4326, always_xy=True).transform(easting, northing)
    ours = to_lonlat(xy)
    apart_m = np.hypot((lon - ours[:, 0]) * 68_000, (lat - ours[:, 1]) * 111_200)
    assert apart_m.max() < 3  # PROJ may have the finer grid; seven parameters are good to about two metres
    np.testing.assert_allclose(grid_metres(ours[:, 0], ours[:, 1]), to_bng(xy), atol=0.51)


# ---- refusals


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(FileError, match="cannot be written there"):
        build_town(taken, seed=1)


def test_a_streets_file_that_cannot_be_replaced_is_refused(tmp_path):
    (tmp_path / "synthetic_town.osm.pbf").mkdir()
    with pytest.raises(FileError, match="cannot be written there"):
        build_town(tmp_path, seed=1)


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(InputError, match="seed"):
        build_town(tmp_path, seed=-1)


def test_truth_reads_back(stonebridge):
    assert load_truth(stonebridge.truth_json) == stonebridge.truth


def test_a_missing_truth_is_refused(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        load_truth(tmp_path / "planted_truth.json")


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"places": [{"cells": 3}]}'])
def test_another_file_is_not_a_truth(tmp_path, text):
    path = tmp_path / "planted_truth.json"
    path.write_text(text)
    with pytest.raises(FileError, match="not a planted truth"):
        load_truth(path)


def test_walks_worth_comparing_start_and_end_on_streets(stonebridge, osm):
    streets = shapely.MultiPoint([osm.places[node] for _, nodes in osm.streets() for node in nodes])
    assert len(stonebridge.truth.links) == 4
    for link in stonebridge.truth.links:
        for end in (link.start, link.end):
            assert streets.distance(shapely.Point(end)) * 111_200 < 120, link.name
