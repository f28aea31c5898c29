"""The rules of access, one row a case: from tags in an extract to what a walker may do in the graph."""

from __future__ import annotations

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from safespace import streets
from safespace.streets import osm

NIGHT, NOON = (0, 2.0), (0, 12.0)  # Monday

# What it is, its tags, and what is expected: "open", "closed", or "day" for open at noon and shut at night;
# then conditions that must hold of its edge.
WAYS = [
    ("street", {"highway": "residential"}, "open", {}),
    ("street for those who live there", {"highway": "residential", "access": "destination"}, "open", {}),
    ("closed to motors", {"highway": "unclassified", "motor_vehicle": "no"}, "open", {}),
    ("closed to vehicles", {"highway": "track", "vehicle": "private"}, "open", {}),
    ("trunk road", {"highway": "trunk"}, "open", {}),
    ("trunk road, no walkers", {"highway": "trunk", "foot": "no"}, "closed", {}),
    ("motor road", {"highway": "primary", "motorroad": "yes"}, "closed", {}),
    ("motorway", {"highway": "motorway", "foot": "yes"}, "closed", {}),
    ("being built", {"highway": "construction", "construction": "footway"}, "closed", {}),
    # cycleways and paths
    ("cycleway", {"highway": "cycleway"}, "open", {}),
    ("shared cycleway", {"highway": "cycleway", "foot": "designated", "segregated": "yes"}, "open", {}),
    ("cycleway for cycles alone", {"highway": "cycleway", "foot": "no"}, "closed", {}),
    ("path designated to cycles", {"highway": "path", "bicycle": "designated", "foot": "designated"}, "open", {}),
    ("bridleway", {"highway": "bridleway"}, "open", {}),
    ("pedestrian street", {"highway": "pedestrian", "access": "no", "foot": "yes"}, "open", {}),
    # pavements mapped apart
    ("pavements apart", {"highway": "primary", "sidewalk": "separate"}, "open", {"separate": True}),
    ("one pavement apart", {"highway": "primary", "sidewalk:left": "separate"}, "open", {"separate": True}),
    ("use the path beside", {"highway": "primary", "foot": "use_sidepath"}, "open", {"separate": True}),
    ("pavement", {"highway": "footway", "footway": "sidewalk"}, "open", {"separate": False}),
    ("crossing", {"highway": "footway", "footway": "crossing"}, "open", {"crossing": True}),
    # steps, tunnels, underpasses, bridges
    ("steps", {"highway": "steps", "step_count": "12"}, "open", {"steps": True, "step_count": 12.0}),
    ("underpass", {"highway": "footway", "tunnel": "yes", "layer": "-1"}, "open", {"tunnel": True, "sight": 2}),
    ("road tunnel", {"highway": "tertiary", "tunnel": "yes"}, "open", {"tunnel": True, "sight": 1}),
    ("road tunnel for motors", {"highway": "trunk", "tunnel": "yes", "motorroad": "yes"}, "closed", {}),
    ("arch", {"highway": "footway", "tunnel": "building_passage"}, "open", {"sight": 3}),
    ("arcade", {"highway": "footway", "covered": "yes"}, "open", {"tunnel": True, "sight": 3}),
    ("alley", {"highway": "service", "service": "alley"}, "open", {"sight": 4}),
    ("footbridge", {"highway": "footway", "bridge": "yes", "layer": "1"}, "open", {"bridge": True}),
    ("no bridge", {"highway": "footway", "bridge": "no"}, "open", {"bridge": False}),
    # parks and towpaths
    ("towpath", {"highway": "path", "towpath": "yes", "access": "permissive"}, "open", {}),
    ("private towpath", {"highway": "track", "towpath": "yes", "access": "private"}, "closed", {}),
    ("towpath walkers may use", {"highway": "track", "access": "private", "foot": "permissive"}, "open", {}),
    ("park path", {"highway": "footway", "opening_hours": "dawn-dusk"}, "day", {"conditional": True}),
    ("park path, hours not read", {"highway": "footway", "opening_hours": "ask"}, "open", {"conditional": True}),
    # conditional access
    ("shut at night", {"highway": "footway", "foot:conditional": "no @ (22:00-06:00)"}, "day", {}),
    ("all access shut at night", {"highway": "service", "access:conditional": "no @ (18:00-08:00)"}, "day", {}),
    ("open by day", {"highway": "service", "access": "private", "access:conditional": "yes @ (06:00-22:00)"}, "day", {}),
    ("open to walkers by day", {"highway": "path", "foot": "no", "foot:conditional": "yes @ (06:00-20:00)"}, "day", {}),
    ("walkers always", {"highway": "service", "foot": "yes", "access:conditional": "no @ (18:00-08:00)"}, "open", {}),
    ("motors at times", {"highway": "service", "motor_vehicle:conditional": "no @ (10:00-16:00)"}, "open", {}),
    ("private but for motors at times", {"highway": "service", "access": "private", "access:conditional": "no @ (Su)"}, "closed", {}),
    # private ways
    ("drive", {"highway": "service", "service": "driveway"}, "open", {}),
    ("private drive", {"highway": "service", "service": "driveway", "access": "private"}, "closed", {}),
    ("private path", {"highway": "footway", "foot": "private"}, "closed", {}),
    ("customers", {"highway": "footway", "access": "customers"}, "open", {}),
    ("deliveries", {"highway": "service", "access": "delivery"}, "closed", {}),
    ("permit", {"highway": "service", "access": "permit"}, "closed", {}),
    ("army", {"highway": "track", "access": "military"}, "closed", {}),
    ("busway", {"highway": "busway"}, "closed", {}),
    ("busway with a path", {"highway": "busway", "foot": "designated"}, "open", {}),
]  # fmt: skip

# A barrier in the middle of a path: "open", "closed", "day", and whether wheels may not pass.
BARRIERS = [
    ("gate", {"barrier": "gate"}, "open", False),
    ("locked gate", {"barrier": "gate", "locked": "yes"}, "closed", False),
    ("locked to others", {"barrier": "gate", "locked": "yes", "foot": "yes"}, "open", False),
    ("private gate", {"barrier": "gate", "access": "private"}, "closed", False),
    ("private to motors", {"barrier": "lift_gate", "motor_vehicle": "private"}, "open", False),
    ("gate locked at night", {"barrier": "gate", "opening_hours": "06:00-22:00"}, "day", False),
    ("gate closed by condition", {"barrier": "gate", "access:conditional": "no @ (21:00-07:00)"}, "day", False),
    ("gate opened by condition", {"barrier": "gate", "access": "no", "access:conditional": "yes @ (07:00-21:00)"}, "day", False),
    ("bollards to motors", {"barrier": "bollard", "access": "no"}, "open", False),
    ("bollards to walkers", {"barrier": "bollard", "foot": "no"}, "closed", False),
    ("wall", {"barrier": "wall"}, "closed", False),
    ("wall with a gap", {"barrier": "wall", "foot": "yes"}, "open", False),
    ("fence", {"barrier": "fence"}, "closed", False),
    ("stile", {"barrier": "stile"}, "open", True),
    ("kissing gate", {"barrier": "kissing_gate"}, "open", True),
    ("turnstile", {"barrier": "turnstile"}, "open", True),
    ("private turnstile", {"barrier": "turnstile", "access": "private"}, "closed", True),
    ("cycle barrier", {"barrier": "cycle_barrier"}, "open", True),
]  # fmt: skip


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """Return the graph of an extract with one way a case, way 100 + i, and a street besides."""
    path = tmp_path_factory.mktemp("access") / "ways.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for i in range(len(WAYS)):
            writer.add_node(Node(id=2 * i + 1, location=(-3.0, 51.5 + i * 0.001)))
            writer.add_node(Node(id=2 * i + 2, location=(-2.999, 51.5 + i * 0.001)))
        for i, (_, tags, _, _) in enumerate(WAYS):
            writer.add_way(Way(id=100 + i, nodes=[2 * i + 1, 2 * i + 2], tags=tags))
    return streets.build_graph(osm.read_ways(path))


@pytest.mark.parametrize("case", range(len(WAYS)), ids=[row[0] for row in WAYS])
def test_a_way_is_open_as_its_tags_say(ways, case):
    _, _, expected, conditions = WAYS[case]
    at = (ways.way_id == 100 + case).nonzero()[0]
    assert len(at) == (expected != "closed")
    for edge in at:
        assert streets.open_at(ways, NOON)[edge]
        assert streets.open_at(ways, NIGHT)[edge] == (expected == "open")
        assert {name: getattr(ways, name)[edge] for name in conditions} == conditions


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    """Return the graph of an extract with one path a case, the barrier in its middle."""
    path = tmp_path_factory.mktemp("access") / "gates.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for i, (_, tags, _, _) in enumerate(BARRIERS):
            for k in range(3):
                place = (-3.0 + k * 0.001, 51.5 + i * 0.001)
                writer.add_node(Node(id=3 * i + k + 1, location=place, tags=tags if k == 1 else {}))
        for i in range(len(BARRIERS)):
            writer.add_way(Way(id=100 + i, nodes=[3 * i + 1, 3 * i + 2, 3 * i + 3], tags={"highway": "path"}))
    return streets.build_graph(osm.read_ways(path))


@pytest.mark.parametrize("case", range(len(BARRIERS)), ids=[row[0] for row in BARRIERS])
def test_a_barrier_stops_as_its_tags_say(gates, case):
    _, _, expected, narrow = BARRIERS[case]
    at = (gates.way_id == 100 + case).nonzero()[0]
    assert len(at) == (2 if expected == "closed" else 1)
    assert len(set(gates.component[gates.u[at]])) == len(at)
    assert streets.open_at(gates, NOON)[at].all()
    assert streets.open_at(gates, NIGHT)[at].all() == (expected != "day")
    assert gates.narrow[at].all() == narrow
    assert gates.length_m[at].sum() == pytest.approx(138.9, abs=0.5)
