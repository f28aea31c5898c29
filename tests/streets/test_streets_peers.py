"""Lengths beside OSMnx, and an optional job: walks beside Valhalla and OSRM (``pyvalhalla``, ``osrm-bindings``).

Those two have wheels for Python 3.12 and later. ``SAFESPACE_PEERS`` names a Python that has them::

    python3.12 -m venv peers && peers/bin/pip install pyvalhalla osrm-bindings
    SAFESPACE_PEERS=peers/bin/python python -m pytest tests/test_streets_peers.py

Every engine has its own rules of access. What is compared here is geometry, junctions, barriers and search, so the
engines are given an extract in which what our rules say is written out: ``foot=no`` on the ways and barriers we
close, ``foot=yes`` on cycleways, bridleways and trunk roads we keep. Walks run between street junctions on the ground.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import osmium
import osmnx
import pytest

from safespace import routes, streets
from safespace.streets import osm, ways

EXTRACTS = ("newport-2023-06-13.osm.pbf", "london-moorgate.osm.pbf")
ROADS = ("residential", "unclassified", "tertiary", "secondary", "primary", "living_street")
WALKS = 200

VALHALLA = """
import json, pathlib, subprocess, sys
import valhalla
folder = pathlib.Path(sys.argv[1])
(folder / "tiles").mkdir()
config = valhalla.get_config(tile_extract="", tile_dir=str(folder / "tiles"))
(folder / "valhalla.json").write_text(json.dumps(config))
build = pathlib.Path(valhalla.__file__).with_name("bin") / "valhalla_build_tiles"
subprocess.run([build, "-c", folder / "valhalla.json", folder / "a.osm.pbf"], check=True, capture_output=True)
actor, told = valhalla.Actor(str(folder / "valhalla.json")), []
for a, b, c, d in json.load(sys.stdin):
    ends = [{"lon": a, "lat": b, "preferred_layer": 0}, {"lon": c, "lat": d, "preferred_layer": 0}]
    asked = {"locations": ends, "costing": "pedestrian", "directions_type": "none"}
    asked["costing_options"] = {"pedestrian": {"shortest": True, "step_penalty": 0, "elevator_penalty": 0}}
    told.append(actor.route(asked)["trip"]["summary"]["length"] * 1000)
print(json.dumps(told))
"""

OSRM = """
import json, pathlib, subprocess, sys
import osrm
folder = pathlib.Path(sys.argv[1])
profile = next(pathlib.Path(osrm.__file__).parent.rglob("foot.lua"))
for step in (["extract", "-p", profile, folder / "a.osm.pbf"], ["partition", folder / "a.osrm"], ["customize", folder / "a.osrm"]):
    subprocess.run([sys.executable, "-m", "osrm", *step], check=True, capture_output=True)
engine, told = osrm.OSRM(algorithm="MLD", storage_config=str(folder / "a.osrm"), use_shared_memory=False), []
for a, b, c, d in json.load(sys.stdin):
    answer = engine.Route(osrm.RouteParameters(coordinates=[(a, b), (c, d)], overview="false"))
    told.append(float(answer["routes"][0]["distance"]))
print(json.dumps(told))
"""


def python_with(package):
    """Return a Python that has the package, or skip saying how to have one."""
    named = os.environ.get("SAFESPACE_PEERS", "")
    if not named and importlib.util.find_spec(package):
        return sys.executable
    found = named and subprocess.run([named, "-c", f"import {package}"], check=False, capture_output=True)
    if not named or found.returncode:
        pytest.skip(f"{package} is not installed here; SAFESPACE_PEERS can name a Python that has it")
    return named


def written_out(path, out):
    """Write the extract again with what our rules of access say as foot tags."""
    with osmium.SimpleWriter(str(out)) as writer:
        for thing in osmium.FileProcessor(str(path)):
            tags, held = dict(thing.tags), thing
            if thing.is_way() and "highway" in tags:
                if not ways.walkable(tags):
                    held = thing.replace(tags=tags | {"foot": "no"})
                elif tags["highway"] in ("cycleway", "bridleway", "trunk"):
                    held = thing.replace(tags=tags | {"foot": "yes"})
            elif thing.is_node() and ways.shuts(tags):
                held = thing.replace(tags=tags | {"foot": "no", "access": "no"})
            writer.add(held)


def walks(path):
    """Return the ends in degrees and our lengths of 200 walks of half a kilometre to three as the crow flies."""
    ways = osm.read_ways(path)
    graph = streets.build_graph(ways)
    aloft = np.isin(graph.way_id, ways.way_id[~ways.tags["layer"].isin(("", "0"))])
    road = np.isin(np.asarray(graph.highways)[graph.highway_code], ROADS)
    ends = (graph.component == 0) & touched(graph, road) & ~touched(graph, aloft)
    drawn = np.random.default_rng(7).choice(np.flatnonzero(ends), (6000, 2))
    away = np.hypot(*(place[drawn[:, 0]] - place[drawn[:, 1]] for place in (graph.x, graph.y)))
    drawn = drawn[(away > 500) & (away < 3000)][:WALKS]
    lengths = [graph.length_m[routes.shortest_path(graph, *pair).edges].sum() for pair in drawn.tolist()]
    return [[graph.lon[a], graph.lat[a], graph.lon[b], graph.lat[b]] for a, b in drawn], np.asarray(lengths)


def touched(graph, edges):
    at = np.zeros(graph.nodes, bool)
    at[graph.u[edges]] = at[graph.v[edges]] = True
    return at


@pytest.mark.realdata
@pytest.mark.parametrize("extract", EXTRACTS)
@pytest.mark.parametrize(
    ("package", "script"), [("valhalla", VALHALLA), ("osrm", OSRM)], ids=["valhalla", "osrm"]
)
def test_walks_beside_another_engine(realdata, tmp_path, package, script, extract):
    python = python_with(package)
    pairs, ours = walks(realdata / extract)
    written_out(realdata / extract, tmp_path / "a.osm.pbf")
    done = subprocess.run(
        [python, "-c", script, str(tmp_path)],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    assert done.returncode == 0, done.stderr
    off = np.abs(ours / np.asarray(json.loads(done.stdout.splitlines()[-1])) - 1)
    within = {share: float((off <= share).mean()) for share in (0.02, 0.05)}
    print(package, extract, within)  # noqa: T201 - the figures, shown with -s
    assert len(ours) == WALKS
    assert within[0.02] >= 0.90
    assert within[0.05] >= 0.97


@pytest.mark.realdata
@pytest.mark.parametrize("extract", EXTRACTS)
def test_lengths_beside_osmnx(realdata, tmp_path, extract):
    """OSMnx reads the same walkable ways as XML; shut barriers are opened on both sides, for it knows none."""
    if extract == EXTRACTS[0] and "SAFESPACE_PEERS" not in os.environ:
        pytest.skip("OSMnx takes half a minute over Newport: part of the job that SAFESPACE_PEERS names")
    path = realdata / extract
    held, kept = set(), set()
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY):
        if ways.walkable(dict(way.tags)):
            kept.add(way.id)
            held.update(node.ref for node in way.nodes)
    with osmium.SimpleWriter(str(tmp_path / "walk.osm")) as writer:
        for thing in osmium.FileProcessor(str(path)):
            if (thing.is_node() and thing.id in held) or (thing.is_way() and thing.id in kept):
                writer.add(thing.replace(tags=[]) if thing.is_node() else thing)
    theirs = osmnx.graph_from_xml(tmp_path / "walk.osm", bidirectional=True, simplify=False, retain_all=True)
    theirs = osmnx.convert.to_undirected(theirs)
    graph = streets.build_graph(osm.read_ways(tmp_path / "walk.osm"))
    total = sum(length for _, _, length in theirs.edges(data="length"))
    assert graph.length_m.sum() == pytest.approx(total, rel=0.005)  # theirs are on a sphere
    ends = np.random.default_rng(3).choice(np.flatnonzero(graph.component == 0), (5, WALKS // 5))
    for start, *others in ends.tolist():
        walked = nx.single_source_dijkstra_path_length(theirs, int(graph.node_id[start]), weight="length")
        ours = routes.distances(graph, start)[others]
        np.testing.assert_allclose(ours, [walked[int(graph.node_id[end])] for end in others], rtol=0.005)
