"""The parts the town is made with: noding, halving, names, streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from safespace.synthetic.names import StreetNames
from safespace.synthetic.noding import drop_scraps, node_ways
from safespace.synthetic.plan import draw_plan, main_ways
from safespace.synthetic.shapes import Way, chop, offset, polar, subdivide
from safespace.synthetic.streams import stream
from safespace.synthetic.walking import Walks, draw_places, walkable

EAST = Way(LineString([(0, 0), (100, 0)]))
NORTH = Way(LineString([(50, -40), (50, 60)]))


def shared(network, first=0, second=1):
    return set(network.nodes[first].tolist()) & set(network.nodes[second].tolist())


# ---- noding


def test_two_streets_that_cross_share_one_node_at_the_crossing():
    network = node_ways([EAST, NORTH])
    (node,) = shared(network)
    assert network.xy[node] == pytest.approx([50, 0])
    assert [len(nodes) for nodes in network.nodes] == [3, 3]
    assert network.length_m() == pytest.approx([100, 100])


def test_a_bridge_shares_no_node_with_the_street_under_it():
    over = Way(NORTH.line, level=1)
    assert not shared(node_ways([EAST, over]))


def test_a_bridge_meets_the_street_its_end_is_on():
    over = Way(LineString([(50, 0), (50, 60)]), level=1)
    (node,) = shared(node_ways([EAST, over]))
    assert len(node_ways([EAST, over]).nodes[0]) == 3
    assert node_ways([EAST, over]).xy[node] == pytest.approx([50, 0])


@pytest.mark.parametrize(("gap_m", "meets"), [(0.0, True), (0.8, True), (4.0, False)])
def test_an_end_near_a_street_meets_it(gap_m, meets):
    side = Way(LineString([(30, gap_m), (30, 50)]))
    assert bool(shared(node_ways([EAST, side]))) is meets


def test_a_closed_way_keeps_its_order_and_closes():
    loop = Way(LineString([(0, 0), (40, 0), (40, 40), (0, 40), (0, 0)]))
    network = node_ways([loop, Way(LineString([(20, -20), (20, 60)]))])
    nodes = network.nodes[0]
    assert nodes[0] == nodes[-1]
    assert network.length_m()[0] == pytest.approx(160)
    assert len(nodes) == 7
    assert len(shared(network)) == 2


def test_scraps_go_and_the_island_stays():
    far = LineString([(900, 900), (900, 950)])
    long = Way(LineString([(0, 0), (3000, 0)]))
    network = node_ways([long, Way(far), Way(far.parallel_offset(100), zone="island"), NORTH])
    kept = drop_scraps(network, keep="island")
    assert [way.zone for way in kept.ways] == ["main", "island", "main"]
    assert max(nodes.max() for nodes in kept.nodes) == len(kept.xy) - 1


# ---- shapes


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.floats(120, 900), height=st.floats(120, 900))
def test_halving_loses_no_land_and_stops_at_the_target(seed, width, height):
    land = box(0, 0, width, height)
    cuts, blocks = subdivide(land, np.random.default_rng(seed), target_m2=9000, tilt=0.2, bend=0.2)
    assert sum(block.area for block in blocks) == pytest.approx(land.area, rel=1e-6)
    assert all(land.buffer(1e-6).contains(cut.line) for cut in cuts)
    assert max(block.area for block in blocks) < 13_500


def test_chop_gives_equal_pieces():
    assert [piece.length for piece in chop(LineString([(0, 0), (100, 0)]), 34)] == pytest.approx(
        [100 / 3] * 3
    )


def test_offset_to_the_left_of_an_eastward_line_is_north():
    (moved,) = offset(LineString([(0, 0), (100, 0)]), 10)
    assert {y for _, y in moved.coords} == {10.0}


def test_polar_measures_anticlockwise_from_east():
    np.testing.assert_allclose(polar(10.0, np.array([0.0, 90.0])), [[10, 0], [0, 10]], atol=1e-12)


def test_plan_keeps_set_pieces_apart_and_inside():
    plan = draw_plan()
    pieces = [*plan.parks.values(), plan.campus, plan.stadium, plan.island]
    assert all(plan.boundary.contains(piece) for piece in pieces)
    assert not any(a.intersects(b) for i, a in enumerate(pieces) for b in pieces[i + 1 :])
    assert not any(piece.intersects(plan.barriers) for piece in pieces)
    assert 4000 < plan.built_limit.bounds[2] - plan.built_limit.bounds[0] < 5500
    assert len(main_ways(plan)) > 100


# ---- names, streams, walking


def test_names_never_repeat():
    names = StreetNames(stream(1, "streets"))
    taken = [names.take(kind) for kind in ("suburb", "terraces", "close", "core") for _ in range(1500)]
    assert len(set(taken)) == len(taken)


def test_streams_are_apart_and_repeatable():
    parts = ("streets", "tags", "assets", "streetsafe", "nte", "spiking", "dirt")
    first = [stream(3, part).random() for part in parts]
    assert len(set(first)) == len(parts)
    assert first == [stream(3, part).random() for part in parts]
    assert stream(4, "dirt").random() != stream(3, "dirt").random()


def test_places_are_drawn_in_proportion_to_length():
    walks = Walks(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([[300.0, 0.0], [1100.0, 0.0]]))
    drawn = draw_places(walks, np.random.default_rng(1), 4000)
    assert (drawn[:, 0] < 600).mean() == pytest.approx(0.75, abs=0.03)
    assert np.abs(drawn[:, 1]).max() <= 8


def test_private_ways_are_not_walked():
    shut = Way(NORTH.line, {"access": "private"})
    walks = walkable(node_ways([EAST, shut]))
    assert walks.length_m.sum() == pytest.approx(100)
    assert walks.length_m.max() <= 25
    # middles at 12.5, 37.5, 62.5 and 87.5 m
    assert len(walks.within((0.0, 0.0), 30.0).start) == 1
