"""Speed and memory of importing streets and of reports nearby; asserted only when benchmarks are enabled.

Times are of the processor, so that a busy machine does not decide. ``SAFESPACE_PYROSM`` names a Python that has
pyrosm and igraph, where this one has not.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import osmium
import osmnx
import pytest
from made_streets import big_graph

from safespace import streets
from safespace.streets import osm

TESTS = Path(__file__).parents[1]
EXTRACT = "newport-2023-06-13.osm.pbf"
SIDE = int(os.environ.get("SAFESPACE_BENCH_COUNTY", "920"))  # about a million edges

PYROSM = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pyrosm
took = []
for _ in range(3):
    start = time.process_time()
    osm = pyrosm.OSM(sys.argv[1])
    nodes, edges = osm.get_network("walking", nodes=True)
    read = time.process_time() - start
    osm.to_graph(nodes, edges, graph_type="igraph")
    took.append((read, time.process_time() - start))
print(json.dumps([min(column) for column in zip(*took)]))
"""

COUNTY = """
import json, resource, sys, time
import numpy as np
from made_streets import big_graph
from safespace import streets
graph = big_graph(int(sys.argv[1]), seed=1)
streets.save(graph, sys.argv[2])
del graph
graph = streets.load(sys.argv[2])
node = np.random.default_rng(1).integers(graph.nodes, size=20_000)
operator = streets.proximity_operator(graph, graph.lon[node], graph.lat[node])
reports_nearby = operator @ np.ones(20_000)
told = {"edges": graph.edges, "reports_nearby": float(reports_nearby.sum()), "seconds": time.process_time()}
print(json.dumps(told | {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""


def seconds(call, *args, times=3):
    """Return the least processor time of a few calls."""
    took = []
    for _ in range(times):
        start = time.process_time()
        call(*args)
        took.append(time.process_time() - start)
    return min(took)


def write_streets(path, out):
    held = {
        node.ref
        for way in osmium.FileProcessor(str(path), osmium.osm.WAY)
        if "highway" in way.tags
        for node in way.nodes
    }
    with osmium.SimpleWriter(str(out)) as writer:
        for thing in osmium.FileProcessor(str(path)):
            if (thing.is_node() and thing.id in held) or (thing.is_way() and "highway" in thing.tags):
                writer.add(thing)


def ours(path):
    return streets.build_graph(osm.read_ways(path))


@pytest.mark.realdata
def test_extract_to_graph_against_pyrosm(realdata, benchmark):
    python = os.environ.get("SAFESPACE_PYROSM") or (
        sys.executable if importlib.util.find_spec("pyrosm") else ""
    )
    if not python:
        pytest.skip("pyrosm is not installed; SAFESPACE_PYROSM can name a Python that has it")
    told = subprocess.run(
        [python, "-c", PYROSM, str(realdata / EXTRACT)], capture_output=True, text=True, check=True, env={}
    )
    read, whole = json.loads(told.stdout.splitlines()[-1])
    spent = seconds(ours, realdata / EXTRACT)
    benchmark.pedantic(ours, (realdata / EXTRACT,), rounds=3)
    benchmark.extra_info |= {"to_pyrosm_read": spent / read, "to_pyrosm_graph": spent / whole}
    if benchmark.enabled:
        assert spent <= 2 * read  # its network of nodes and edges, before it is any library's graph


@pytest.mark.realdata
def test_extract_to_graph_against_osmnx(realdata, benchmark, tmp_path):
    """OSMnx takes every way of its XML for a street, so it is given the streets alone; the small extract unless timed."""
    path = realdata / (EXTRACT if benchmark.enabled else "london-moorgate.osm.pbf")
    write_streets(path, tmp_path / "same.osm")
    start = time.process_time()
    theirs = osmnx.graph_from_xml(tmp_path / "same.osm", retain_all=True)
    spent = time.process_time() - start
    graph = benchmark.pedantic(ours, (path,), rounds=1)
    benchmark.extra_info |= {"to_osmnx": (ratio := seconds(ours, path) / spent), "theirs": len(theirs)}
    assert graph.edges > 100
    if benchmark.enabled:
        assert ratio <= 0.3


def test_proximity_of_a_city(benchmark):
    """30,000 edges and 5,000 reports: building once, then a product for every question."""
    graph = big_graph(158 if benchmark.enabled else 30, seed=1)
    rng = np.random.default_rng(1)
    node = rng.integers(graph.nodes, size=5000)
    lon, lat = (at[node] + rng.normal(0, 5e-4, 5000) for at in (graph.lon, graph.lat))
    streets.proximity_operator(graph, lon[:9], lat[:9])
    build = seconds(streets.proximity_operator, graph, lon, lat)
    operator = streets.proximity_operator(graph, lon, lat)
    weight = np.ones(5000)
    apply = seconds(lambda: [operator @ weight for _ in range(20)]) / 20
    benchmark(operator.__matmul__, weight)
    benchmark.extra_info |= {"edges": graph.edges, "build_s": build, "apply_ms": apply * 1000}
    if benchmark.enabled:
        assert graph.edges > 29_000
        assert build <= 1.0
        assert apply <= 2e-3


def test_a_metropolitan_county_in_four_gigabytes(benchmark, tmp_path):
    """Build, save, load and apply reports nearby in a fresh process; a small piece of it unless timed."""
    side = SIDE if benchmark.enabled else 60
    done = benchmark.pedantic(
        subprocess.run,
        ([sys.executable, "-c", COUNTY, str(side), str(tmp_path / "county.npz")],),
        {"capture_output": True, "text": True, "check": True, "cwd": TESTS, "env": os.environ | _path()},
        rounds=1,
    )
    told = json.loads(done.stdout)
    benchmark.extra_info |= told
    assert told["reports_nearby"] > 0
    if benchmark.enabled:
        assert told["edges"] > 900_000
        assert told["peak_gb"] <= 4


def _path():
    return {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])}
