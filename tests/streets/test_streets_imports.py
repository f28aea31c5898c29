"""The same streets whatever file they come in: PBF, XML, OSMnx GraphML and an Overpass service."""

from __future__ import annotations

import numpy as np
import osmnx
import pandas as pd
import pytest
from made_extract import write, write_graphml

from safespace import streets
from safespace.errors import AreaError, FileError, SafeSpaceError
from safespace.streets import importing, osm


@pytest.fixture(scope="module")
def graphml(tmp_path_factory):
    return write_graphml(tmp_path_factory.mktemp("g"))


def told(graph):
    """Return every edge as length, ends, way and conditions, in one order whatever the edges' own."""
    ends = np.sort(np.column_stack([graph.node_id[graph.u], graph.node_id[graph.v]]), axis=1)
    ends[ends < 0] = -1  # the two sides of a shut gate
    words = np.asarray(graph.hours)[graph.hours_code]
    columns = (
        graph.way_id,
        graph.lit,
        graph.lit_night,
        graph.paving,
        graph.sight,
        graph.steps,
        graph.lit_as_of,
    )
    rows = zip(graph.length_m.round(6), ends.min(1), ends.max(1), words, *columns, strict=True)
    return sorted(map(repr, rows))


def test_every_file_gives_the_same_streets(tmp_path, graphml):
    pbf = streets.build_graph(osm.read_ways(write(tmp_path / "a.osm.pbf")))
    xml = streets.build_graph(osm.read_ways(write(tmp_path / "a.osm")))
    saved = streets.build_graph(osm.read_ways(graphml))
    assert pbf.edges == 13
    assert told(xml) == told(pbf)
    assert told(saved) == told(pbf)
    sums = [vars(streets.summary(graph)) for graph in (saved, pbf)]
    assert sums[0] == pytest.approx(sums[1])
    assert osm.read_points(graphml).empty
    assert osm.read_premises(graphml).empty
    assert osm.read_parks(graphml).empty


def test_simplified_graphs_keep_lengths_and_never_smear_a_tag(tmp_path, graphml):
    loose = osmnx.load_graphml(graphml)
    loose.remove_edges_from(
        [(u, v, k) for u, v, k, way in loose.edges(keys=True, data="osmid") if way == 105]
    )
    joined = osmnx.simplify_graph(loose)
    osmnx.save_graphml(joined, tmp_path / "joined.graphml")
    ways = osm.read_ways(tmp_path / "joined.graphml")
    graph, whole = streets.build_graph(ways), streets.build_graph(osm.read_ways(graphml))
    assert graph.length_m.sum() == pytest.approx(whole.length_m.sum(), rel=1e-9)
    lit_m = whole.length_m[(whole.lit == 2) & (whole.way_id != 108)].sum()
    assert graph.length_m[graph.lit == 2].sum() == pytest.approx(lit_m)
    assert graph.length_m[graph.steps].sum() == pytest.approx(whole.length_m[whole.steps].sum())
    km = ways.left_out.set_index("reason").loc["joined ways: only kind and name kept", "km"]
    assert km == pytest.approx(whole.length_m[np.isin(whole.way_id, (107, 108))].sum() / 1000)


def test_an_edge_with_a_private_way_in_it_is_left_out(tmp_path, graphml):
    """Corn Street's end and the private drive become one edge, which nobody can walk through."""
    osmnx.save_graphml(osmnx.simplify_graph(osmnx.load_graphml(graphml)), tmp_path / "joined.graphml")
    ways = osm.read_ways(tmp_path / "joined.graphml")
    assert ways.left_out.set_index("reason").loc["private or closed", "km"] == pytest.approx(0.18, abs=0.02)


def test_made_up_streets_are_never_called_mapped(town, graphml):
    graph = streets.build_graph(osm.read_ways(town.streets_pbf))
    assert graph.source == "Synthetic data"
    assert set(osm.read_points(town.streets_pbf)["source"]) == {"Synthetic data"}
    saved = streets.build_graph(osm.read_ways(graphml))
    assert saved.source == "OpenStreetMap"
    assert saved.as_of[:2] == "20"


def test_a_projected_graph_comes_back_to_degrees(tmp_path, graphml):
    osmnx.save_graphml(osmnx.project_graph(osmnx.load_graphml(graphml)), tmp_path / "p.graphml")
    graph = streets.build_graph(osm.read_ways(tmp_path / "p.graphml"))
    whole = streets.build_graph(osm.read_ways(graphml))
    np.testing.assert_allclose(np.sort(graph.length_m), np.sort(whole.length_m), rtol=1e-7)


def test_a_clip_cuts_graphml_too(graphml):
    ways = osm.read_ways(graphml, clip=(-3.0, 51.4995, -2.9975, 51.5005))
    assert set(ways.way_id.tolist()) == {100, 101}
    with pytest.raises(AreaError, match="No walkable way lies in the clip"):
        osm.read_ways(graphml, clip=(0, 0, 1, 1))


@pytest.mark.parametrize("text", ["", "hello", "<graphml></graphml>", '<?xml version="1.0"?><a/>'])
def test_files_that_are_no_graphml_are_refused(tmp_path, text):
    (tmp_path / "bad.graphml").write_text(text)
    with pytest.raises(FileError, match=r"(GraphML file cannot be read|not one of OSMnx's|no way open)"):
        osm.read_ways(tmp_path / "bad.graphml")


def test_a_graph_without_tags_says_so(tmp_path, graphml):
    bare = osmnx.load_graphml(graphml)
    for _, _, data in bare.edges(data=True):
        data.pop("highway")
    osmnx.save_graphml(bare, tmp_path / "bare.graphml")
    with pytest.raises(FileError, match=r"no way open to walkers.*with its highway tags"):
        osm.read_ways(tmp_path / "bare.graphml")
    with pytest.raises(FileError, match="No such file"):
        osm.read_ways(tmp_path / "absent.graphml")


def test_the_same_file_is_imported_once(tmp_path, monkeypatch):
    path, cache = write(tmp_path / "a.osm.pbf"), tmp_path / "cache"
    first = streets.import_streets(path, cache=cache)
    write(tmp_path / "again.osm.pbf")
    monkeypatch.setattr(osm, "read_ways", lambda *_args, **_more: pytest.fail("read again"))
    second = streets.import_streets(tmp_path / "again.osm.pbf", cache=cache)
    assert (first.kept, second.kept) == (False, True)
    for name in first.graph.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(second.graph, name), getattr(first.graph, name))
    pd.testing.assert_frame_equal(second.left_out, first.left_out)
    pd.testing.assert_frame_equal(second.points, first.points)


def test_another_clip_content_reach_or_code_is_another_import(tmp_path, monkeypatch):
    path, cache = write(tmp_path / "a.osm.pbf"), tmp_path / "cache"
    keys = [streets.import_streets(path, cache=cache).key]
    keys += [streets.import_streets(path, clip=(-3.0, 51.49, -2.99, 51.51), cache=cache).key]
    keys += [streets.import_streets(path, lamp_reach_m=30, cache=cache).key]
    keys += [streets.import_streets(write(tmp_path / "a.osm"), cache=cache).key]
    monkeypatch.setattr(importing, "_code", lambda: "other")
    keys += [streets.import_streets(path, cache=cache).key]
    keys += [streets.import_streets(path, lamp_reach_m=40, cache=cache).key]
    assert len(set(keys)) == 6
    assert len(list(cache.glob("*.npz"))) == importing.KEPT
    assert not list(cache.glob("*.part"))


def test_a_torn_cache_is_made_again(tmp_path):
    path, cache = write(tmp_path / "a.osm.pbf"), tmp_path / "cache"
    made = streets.import_streets(path, cache=cache)
    for ending in ("npz", "parquet", "json"):
        (cache / f"{made.key}.{ending}").write_bytes(b"PK torn")
        assert not streets.import_streets(path, cache=cache).kept
        assert streets.import_streets(path, cache=cache).kept
    assert not streets.import_streets(path).kept
    with pytest.raises(FileError, match="No such file"):
        streets.import_streets(tmp_path / "absent.osm.pbf", cache=cache)


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm"])
def test_spoilt_extracts_are_read_or_refused_in_a_sentence(tmp_path, name):
    """Bytes changed and ends cut at random: never a bare traceback."""
    whole, rng = write(tmp_path / name).read_bytes(), np.random.default_rng(1)
    spoilt = tmp_path / f"x{name}"
    remedies = []
    for _ in range(60):
        content = bytearray(whole)
        for at in rng.integers(len(whole), size=rng.integers(1, 4)):
            content[at] = rng.integers(256)
        spoilt.write_bytes(content[: rng.integers(len(whole) // 2, 2 * len(whole))])
        try:
            streets.build_graph(osm.read_ways(spoilt), parks=osm.read_parks(spoilt))
        except SafeSpaceError as problem:
            remedies.append(problem.remedy)
    assert len(remedies) > 20
    assert all(remedies)
