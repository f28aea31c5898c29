"""Options: figures that add up, how sure a difference is, exports that open, words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streets import METRE_LAT, METRE_LON, ORIGIN, grid_graph, made_ways

from safespace import routes
from safespace.errors import PlaceError, SchemaError
from safespace.routes import comparison
from safespace.routes.alternatives import DIFFERENT, MOST_OVERLAP, MOST_STRETCH, overlap
from safespace.routes.reasons import worst_stretch
from safespace.settings import RouteSettings
from safespace.streets import add_points, build_graph, nearest_node, osm, proximity_operator, to_metres
from safespace.tone import check_text

SETTINGS = RouteSettings()
FORBIDDEN = re.compile(
    r"\b(safe|safest|safer|unsafe|danger\w*|risk\w*|avoid\w*|victim\w*|crimes?)\b", re.IGNORECASE
)


def at(east_m, north_m):
    return ORIGIN[0] + east_m * METRE_LON, ORIGIN[1] + north_m * METRE_LAT


@pytest.fixture(scope="module")
def town():
    """Return a grid of streets and 60 reports of two kinds, most along one side of it."""
    graph = grid_graph(8, seed=5)
    rng = np.random.default_rng(8)
    lon, lat = at(rng.uniform(-50, 400, 60), rng.uniform(-50, 400, 60))
    operator = proximity_operator(graph, lon, lat, decay_m=SETTINGS.decay_m, reach_m=SETTINGS.reach_m)
    return graph, operator, np.where(np.arange(60) % 3, "recorded incidents", "StreetSafe")


@pytest.fixture(scope="module")
def options(town):
    graph, operator, groups = town
    return routes.plan(
        graph,
        at(0, 0),
        at(700, 700),
        operator=operator,
        weights=np.ones(60),
        settings=SETTINGS,
        groups=groups,
    )


def test_shows_both_ends_and_keeps_within_the_detour_limit(options):
    assert 2 <= len(options.routes) <= SETTINGS.options_shown
    assert options.routes[0].name == "Shortest"
    assert options.routes[0].detour == 0
    assert len({route.name for route in options.routes}) == len(options.routes)
    assert all(route.detour <= 0.5 + 1e-9 for route in options.routes)
    fewest = min(route.reports_nearby for route in options.routes)
    assert fewest == pytest.approx(options.front[-1, 1])


def test_reasons_add_up_to_the_totals_exactly(options):
    for route in options.routes:
        reasons = route.reasons
        assert reasons["reports_nearby"].sum() == route.reports_nearby
        parts = reasons["StreetSafe"] + reasons["recorded incidents"]
        np.testing.assert_array_equal(parts, reasons["reports_nearby"])
        assert reasons["length_m"].sum() == pytest.approx(route.length_m)
        assert reasons["share"].sum() == pytest.approx(1)
        assert [edge for edges in reasons["edges"] for edge in edges] == route.edges.tolist()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_reasons_add_up_exactly_whatever_the_reports(seed):
    """Segment by segment and kind by kind, the sum is the walk's figure to the last bit."""
    rng = np.random.default_rng(seed)
    graph = grid_graph(6, seed=seed % 20)
    lon, lat = at(rng.uniform(-50, 600, 25), rng.uniform(-50, 600, 25))
    operator = proximity_operator(graph, lon, lat)
    start, end = (to_lonlat(graph, int(node)) for node in rng.choice(graph.nodes, 2, replace=False))
    options = routes.plan(
        graph,
        start,
        end,
        operator=operator,
        weights=rng.exponential(1, 25),
        settings=SETTINGS,
        groups=rng.choice(["a", "b", "c"], 25),
    )
    kinds = [name for name in ("a", "b", "c") if name in options.routes[0].reasons]
    segments = routes.segments_to_frame(options, graph)
    for route in options.routes:
        assert route.reasons["reports_nearby"].sum() == route.reports_nearby
        assert segments.loc[segments["option"] == route.name, "reports_nearby"].sum() == route.reports_nearby
        np.testing.assert_array_equal(route.reasons[kinds].sum(axis=1), route.reasons["reports_nearby"])
        assert route.reports_nearby_per_km == pytest.approx(route.reports_nearby / route.length_m * 1000)
        assert (
            route.reports_nearby_per_km_lower
            <= route.reports_nearby_per_km
            <= route.reports_nearby_per_km_upper + 1e-12
        )
        assert route.paved_m + route.unpaved_m + route.surface_unknown_m == pytest.approx(route.length_m)
        assert route.worst_100m <= route.reports_nearby + 1e-12
    assert options.stability.table["first"].sum() == pytest.approx(1)
    for other in options.routes:
        if not other.name.startswith(DIFFERENT):
            continue
        assert other.length_m <= MOST_STRETCH * options.routes[0].length_m * (1 + 1e-9)
        shown = options.routes[: options.routes.index(other)]
        assert max(overlap(graph, other.edges, route.edges) for route in shown) <= MOST_OVERLAP + 1e-9


def test_metres_by_lighting_add_up_and_unknown_is_kept(options):
    for route in options.routes:
        total = route.lit_yes_m + route.lit_no_m + route.lit_unknown_m
        assert total == pytest.approx(route.length_m)
        assert route.lighting_known == pytest.approx(1 - route.lit_unknown_m / route.length_m)
        by_lit = route.reasons.groupby("lit")["length_m"].sum()
        assert by_lit.get("unknown", 0) == pytest.approx(route.lit_unknown_m)


def test_one_report_on_a_straight_street_counts_one():
    places = {k: (k * 500, 0) for k in range(5)}
    graph = build_graph(made_ways([(1, {"highway": "path"}, [0, 1, 2, 3, 4])], places))
    operator = proximity_operator(graph, *[[value] for value in at(1000, 0)])
    options = routes.plan(graph, at(0, 0), at(2000, 0), operator=operator, weights=[1], settings=SETTINGS)
    assert len(options.routes) == 1
    assert options.routes[0].reports_nearby == pytest.approx(1, rel=0.01)
    assert options.routes[0].reports_nearby_per_km == pytest.approx(0.5, rel=0.01)


def test_line_runs_from_origin_to_destination_without_gaps(options, town):
    graph = town[0]
    for route in options.routes:
        x, y = to_metres(*shapely.get_coordinates(route.geometry).T, graph.crs)
        assert np.hypot(np.diff(x), np.diff(y)).sum() == pytest.approx(route.length_m, rel=1e-3)
        first, last = route.geometry.coords[0], route.geometry.coords[-1]
        assert first == (graph.lon[route.nodes[0]], graph.lat[route.nodes[0]])
        assert last == (graph.lon[route.nodes[-1]], graph.lat[route.nodes[-1]])


def test_worst_stretch_by_hand():
    assert worst_stretch(np.array([30.0]), np.array([7.0])) == (7.0, 0.0)
    # 20 m at 0.1, 100 m at 0.02, 50 m at 0.06 a metre: the last 100 m hold 50 * 0.06 + 50 * 0.02
    value, start = worst_stretch(np.array([20.0, 100, 50]), np.array([2.0, 2.0, 3.0]))
    assert (value, start) == (pytest.approx(4.0), pytest.approx(70.0))


def test_worst_stretch_is_not_beaten_by_any_other_start():
    rng = np.random.default_rng(2)
    length, burden = rng.uniform(5, 90, 30), rng.random(30)
    best, _ = worst_stretch(length, burden)
    along, total = np.append(0, np.cumsum(length)), np.append(0, np.cumsum(burden))
    starts = np.linspace(0, along[-1] - 100, 5000)
    held = np.interp(starts + 100, along, total) - np.interp(starts, along, total)
    assert best >= held.max() - 1e-12
    assert best <= held.max() + 0.01


def test_cameras_count_once_a_walk(town):
    graph, operator, _ = town
    rows = [("camera", *to_lonlat(graph, 5)), ("camera", *at(9000, 9000))]
    seen = add_points(graph, pd.DataFrame(rows, columns=["kind", "lon", "lat"]))
    end = to_lonlat(graph, graph.nodes - 1)
    options = routes.plan(
        seen, to_lonlat(graph, 5), end, operator=operator, weights=np.ones(60), settings=SETTINGS
    )
    assert [route.cameras for route in options.routes] == [1] * len(options.routes)


def to_lonlat(graph, node):
    return float(graph.lon[node]), float(graph.lat[node])


def test_same_input_gives_the_same_bytes_and_the_given_arrays_stay(town):
    graph, operator, groups = town
    weights, before = np.ones(60), operator.data.copy()
    texts = [
        routes.to_geojson(
            routes.plan(
                graph,
                at(0, 0),
                at(700, 700),
                operator=operator,
                weights=weights,
                settings=SETTINGS,
                groups=groups,
            )
        )
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    np.testing.assert_array_equal(weights, np.ones(60))
    np.testing.assert_array_equal(operator.data, before)


def test_weights_of_nought_leave_reports_out(town):
    graph, operator, _ = town
    none = routes.plan(
        graph, at(0, 0), at(700, 700), operator=operator, weights=np.zeros(60), settings=SETTINGS
    )
    assert [route.reports_nearby for route in none.routes] == [0.0] * len(none.routes)
    assert set(none.pairs["verdict"]) <= {"Too few to say"}
    assert any("No reports were given" in note for note in none.notes)


def test_a_clear_difference_is_told_and_a_small_one_is_not():
    bearing = np.zeros((3, 60))
    bearing[0, :40] = 1.0
    bearing[1, :10] = 1.0
    bearing[2, 40:52] = 1.0
    weights = np.ones(60)
    samples = comparison.resample(bearing, weights, seed=1, resamples=200)
    told = comparison.pairs(["a", "b", "c"], bearing, weights, samples, level=0.95).set_index(
        ["option", "other"]
    )
    assert told.loc[("a", "b"), "verdict"].startswith("b: fewer reports nearby")
    assert told.loc[("b", "c"), "verdict"] == "Not distinguishable"
    assert told["fewer"].tolist() == ["b", told.loc[("a", "c"), "fewer"], ""]
    few = np.zeros((2, 60))
    few[0, :4] = 9.0
    told = comparison.pairs(
        ["a", "b"], few, weights, comparison.resample(few, weights, seed=1, resamples=200), level=0.95
    )
    assert told["verdict"].tolist() == ["Too few to say"]
    assert told["fewer"].tolist() == [""]


def test_bootstrap_interval_covers_in_simulation():
    """100 Poisson worlds of mean 30: the 95 % interval holds 30 in about 95 of them."""
    rng = np.random.default_rng(3)
    held = 0
    for world in range(100):
        count = rng.poisson(30)
        bearing, weights = np.ones((1, count)), np.ones(count)
        drawn = comparison.resample(bearing, weights, seed=world, resamples=200)
        found = comparison.evidence(bearing, weights, drawn, level=0.95)[0]
        held += found.lower <= 30 <= found.upper
    assert 88 <= held <= 99


def test_geojson_and_gpx_parse_and_carry_the_attribution(options):
    made = json.loads(routes.to_geojson(options))
    assert made["attribution"] == "© OpenStreetMap contributors"
    assert [feature["properties"]["option"] for feature in made["features"]] == [
        r.name for r in options.routes
    ]
    assert shapely.from_geojson(json.dumps(made["features"][0]["geometry"])).equals_exact(
        options.routes[0].geometry, 1e-6
    )
    root = ET.fromstring(routes.to_gpx(options))  # noqa: S314  our own text
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    assert root.find("g:metadata/g:copyright", space).get("author") == "OpenStreetMap contributors"
    tracks = root.findall("g:trk", space)
    assert len(tracks) == len(options.routes)
    assert len(tracks[0].findall("g:trkseg/g:trkpt", space)) == len(options.routes[0].geometry.coords)


def test_frames_hold_an_option_and_a_segment_a_row(options, town):
    frame = routes.to_frame(options)
    assert frame["option"].tolist() == [route.name for route in options.routes]
    assert frame.crs == "EPSG:4326"
    assert set(frame["attribution"]) == {"© OpenStreetMap contributors"}
    segments = routes.segments_to_frame(options, town[0])
    assert len(segments) == sum(len(route.reasons) for route in options.routes)
    total = segments.groupby("option")["reports_nearby"].sum()
    assert total["Shortest"] == pytest.approx(options.routes[0].reports_nearby)


def test_table_is_plain_and_speaks_of_reports(options):
    table = routes.compare(options)
    assert table["Option"].iloc[0] == "Shortest"
    metres = table[["Lit, as mapped (m)", "Unlit, as mapped (m)", "Lighting not known (m)"]].sum(axis=1)
    np.testing.assert_allclose(metres, table["Length (m)"], atol=2)
    text = table.to_csv() + " ".join(options.notes) + options.pairs.to_csv() + routes.to_geojson(options)
    assert not FORBIDDEN.search(text)
    assert not check_text(" ".join([*options.notes, *table["Compared with the shortest"], *table["Option"]]))


def test_points_that_cannot_be_used_are_named(town):
    graph, operator, _ = town
    given = {"operator": operator, "weights": np.ones(60), "settings": SETTINGS}
    with pytest.raises(PlaceError, match=r"No street within 300 m.*2,\d\d\d m away"):
        routes.plan(graph, at(-2500, 0), at(700, 700), **given)
    with pytest.raises(PlaceError, match=r"same street corner.*further apart"):
        routes.plan(graph, at(0, 0), at(1, 1), **given)
    with pytest.raises(SchemaError, match="one finite number a report"):
        routes.plan(graph, at(0, 0), at(700, 700), **(given | {"weights": np.ones(3)}))


def test_streets_without_tags_are_walked_and_said_to_be_unknown():
    places = {1: (0, 0), 2: (300, 0), 3: (600, 0)}
    graph = build_graph(made_ways([(1, {}, [1, 2, 3])], places))
    operator = proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])
    options = routes.plan(graph, at(0, 0), at(600, 0), operator=operator, weights=[1], settings=SETTINGS)
    route = options.routes[0]
    assert (route.lighting_known, route.surface_known) == (0, 0)
    assert (route.lit_unknown_m, route.surface_unknown_m) == pytest.approx((600, 600), abs=0.5)
    assert any("Lighting is not known for 100% of the shortest option" in note for note in options.notes)
    assert not FORBIDDEN.search(routes.compare(options).to_csv())


def test_a_point_on_an_island_is_told_how_far_the_connected_streets_are():
    places = {1: (0, 0), 2: (600, 0), 3: (0, 2000), 4: (80, 2000)}
    rows = [(1, {"highway": "path"}, [1, 2]), (2, {"highway": "path"}, [3, 4])]
    graph = build_graph(made_ways(rows, places))
    operator = proximity_operator(graph, [ORIGIN[0]], [ORIGIN[1]])
    with pytest.raises(
        PlaceError, match=r"No street within 300 m.*nearest connected street is (2,000|1,999) m away.*Choose"
    ):
        routes.plan(graph, at(0, 2000), at(600, 0), operator=operator, weights=[1], settings=SETTINGS)


@pytest.mark.realdata
def test_walk_across_newport_is_mostly_unknown(realdata):
    path = realdata / "newport-2023-06-13.osm.pbf"
    graph = build_graph(osm.read_ways(path), points=osm.read_points(path))
    rng = np.random.default_rng(1)
    operator = proximity_operator(graph, rng.uniform(-3.01, -2.975, 1500), rng.uniform(51.57, 51.6, 1500))
    options = routes.plan(
        graph,
        (-2.9995, 51.5889),
        (-2.985, 51.579),
        operator=operator,
        weights=np.ones(1500),
        settings=SETTINGS,
    )
    assert len(options.routes) >= 3
    assert len(options.front) > 5
    assert all(route.lighting_known < 0.5 for route in options.routes)
    table = routes.compare(options)
    assert (table["Lighting not known (m)"] > 0).all()


@pytest.mark.realdata
def test_walk_across_moorgate_knows_its_lighting(realdata):
    path = realdata / "london-moorgate.osm.pbf"
    graph = build_graph(osm.read_ways(path), points=osm.read_points(path))
    origin = nearest_node(graph, -0.0935, 51.5175)
    operator = proximity_operator(graph, graph.lon[::9], graph.lat[::9])
    options = routes.plan(
        graph,
        (float(graph.lon[origin]), float(graph.lat[origin])),
        (-0.0865, 51.5195),
        operator=operator,
        weights=np.ones(operator.shape[1]),
        settings=SETTINGS,
    )
    assert len(options.routes) >= 2
    assert max(route.lighting_known for route in options.routes) > 0.3


def test_made_up_streets_credit_nobody_else(options):
    mine = replace(options, credit="Synthetic streets", notes=())
    assert "OpenStreetMap" not in routes.to_gpx(mine) + routes.to_geojson(mine)
    assert set(routes.to_frame(mine)["attribution"]) == {"Synthetic streets"}
