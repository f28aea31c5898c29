"""The public interface: every door takes what people hold, in any stated CRS, and says what is wrong with the rest."""

from __future__ import annotations

import ast
import doctest
import sqlite3
import tomllib
from contextlib import closing
from datetime import date
from pathlib import Path

import folium
import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

import safespace as ss
from safespace import briefs, hotspots, maps
from safespace.settings import POLICIES
from safespace.streets import to_frame

mpl.use("Agg")
SYSTEMS = ("EPSG:4326", "EPSG:27700", "EPSG:3857")
AREA = shapely.box(-1.20, 52.90, -1.10, 53.00)
OUTLINE = gpd.GeoDataFrame(geometry=[AREA], crs="EPSG:4326")
NAMES = {
    name.strip('", ')
    for name in Path(ss.__file__).with_suffix(".pyi").read_text().split()
    if name.endswith('",')
}


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(3)
    lon = np.r_[rng.uniform(-1.199, -1.101, 300), rng.normal(-1.15, 0.001, 80)]
    lat = np.r_[rng.uniform(52.901, 52.999, 300), rng.normal(52.95, 0.001, 80)]
    return gpd.GeoDataFrame(
        {"kind": "lamp"}, index=range(380), geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326"
    )


@pytest.fixture(scope="module")
def found(points):
    return ss.find_hotspots(points, AREA, resolution=8)


def test_every_name_offered_is_there_and_documented():
    assert "find_hotspots" in NAMES
    assert set(dir(ss)) | {"__version__"} >= NAMES
    assert not [name for name in sorted(NAMES) if not getattr(ss, name).__doc__]


def test_every_door_shows_how_it_is_used():
    rooms = Path(ss.__file__).parent / "api"
    written = [node for path in rooms.glob("*.py") for node in ast.parse(path.read_text()).body]
    doors = [node for node in written if isinstance(node, ast.FunctionDef) and node.name in NAMES]
    assert len(doors) >= 4
    assert not [door.name for door in doors if ">>>" not in (ast.get_docstring(door) or "")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_any_stated_system_gives_the_same_cells(points, system):
    usual = ss.add_cells(points, resolution=9)["cell"]
    assert (ss.add_cells(points.to_crs(system), resolution=9)["cell"] == usual).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_any_stated_system_gives_the_same_counts_and_places(points, found, system):
    counted = ss.count(points.to_crs(system), OUTLINE.to_crs(system), resolution=8)
    assert counted["events"].sum() == 380
    again = ss.find_hotspots(points.to_crs(system), OUTLINE.to_crs(system), resolution=8)
    assert_frame_equal(again.places, found.places)


def test_a_frame_with_lon_and_lat_a_series_and_a_file_give_the_same(points, tmp_path):
    usual = ss.count(points, AREA, resolution=8)
    frame = pd.DataFrame({"lon": points.geometry.x, "lat": points.geometry.y})
    frame.to_csv(tmp_path / "points.csv", index=False)
    points.to_file(tmp_path / "points.gpkg")
    OUTLINE.to_file(tmp_path / "area.geojson")
    for given in (frame, points.geometry, tmp_path / "points.csv", str(tmp_path / "points.gpkg")):
        assert_frame_equal(ss.count(given, tmp_path / "area.geojson", resolution=8), usual)


def test_counting_agrees_with_a_join_of_shapes(points):
    counted = ss.count(points, AREA, resolution=9)
    joined = counted.sjoin(points, predicate="contains").groupby("cell").size()
    shown = counted.set_index("cell")["events"]
    assert (shown[shown > 0] == joined.reindex(shown[shown > 0].index)).all()
    assert shown.sum() == 380


def test_the_callers_frame_stays_as_it_was(points):
    before = points.copy()
    ss.count(points, AREA, resolution=8)
    assert_frame_equal(points, before)


def test_pins_of_one_event_count_once():
    pins = pd.DataFrame(
        {"lon": [-1.15] * 3, "lat": [52.95] * 3, "report_id": ["a", "b", "c"], "event_id": ["a", "a", "c"]}
    )
    pins["occurred_from"] = pd.Timestamp("2024-01-01", tz="UTC")
    counted = ss.count(pins, AREA, resolution=8)
    assert (counted["pins"].sum(), counted["events"].sum()) == (3, 2)


STRIP = shapely.box(-1.18, 52.9300, -1.14, 52.9305)  # 2.7 km by 56 m


def test_a_thin_area_loses_no_point_and_is_drawn_as_it_is():
    rng = np.random.default_rng(3)
    pins = pd.DataFrame({"lon": rng.uniform(-1.18, -1.14, 40), "lat": rng.uniform(52.9300, 52.9305, 40)})
    beside = pd.DataFrame({"lon": [-1.16] * 9, "lat": [52.931] * 9})
    counted = ss.count(pd.concat([pins, beside]), STRIP)
    inside = counted[~counted["edge"]]
    assert inside["events"].sum() == 40
    assert inside.union_all().symmetric_difference(STRIP).area < 1e-9 * STRIP.area
    assert inside["area_km2"].sum() == pytest.approx(inside.to_crs("EPSG:27700").area.sum() / 1e6, rel=0.01)
    assert ss.count(pd.concat([pins, beside]), STRIP, whole=True)["events"].sum() == 49


def test_a_release_takes_whole_cells_only(points):
    asked = {"period": YEAR, "sources": ["streetsafe"], "recipients": ["council"]}
    with pytest.raises(
        ss.errors.InputError, match=r"whole cells.*Seen: \d+ of 140 cells.*whole=True"
    ) as refused:
        ss.release(ss.count(points, AREA, resolution=8), AREA, **asked)
    assert refused.value.code == "release-of-cut-cells"
    given = ss.release(ss.count(points, AREA, resolution=8, whole=True), AREA, **asked)
    assert_frame_equal(given.table, ss.release(points, AREA, **asked).table)


def test_no_points_give_zeros_and_no_finding(points):
    assert ss.add_cells(points.iloc[:0]).empty
    assert ss.count(points.iloc[:0], AREA, resolution=8)["events"].sum() == 0
    with pytest.raises(ss.errors.TooFewError, match=r"too few events.*0 events"):
        ss.find_hotspots(points.iloc[:0], AREA, resolution=8)


def test_what_states_no_system_is_refused(points):
    bare = gpd.GeoDataFrame(geometry=points.geometry.to_numpy())
    with pytest.raises(ss.errors.SchemaError, match=r"points state no coordinate system.*set_crs"):
        ss.add_cells(bare)
    with pytest.raises(ss.errors.AreaError, match=r"area states no coordinate system.*set_crs"):
        ss.grid(gpd.GeoDataFrame(geometry=[AREA]))


@pytest.mark.parametrize(
    "shape", [AREA, shapely.LineString([(-1.15, 52.95), (-1.1, 52.9)]), shapely.Point(), None]
)
def test_what_is_no_point_is_refused(shape):
    with pytest.raises(ss.errors.SchemaError, match="Every row must be a point"):
        ss.add_cells(gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326"))


def test_what_is_no_area_is_refused():
    for wrong in (shapely.Point(0, 0), shapely.Polygon(), OUTLINE.iloc[:0]):
        with pytest.raises(ss.errors.AreaError, match="The area is not a polygon"):
            ss.grid(wrong)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"lon": 406689, "lat": 286822}, "look like metres of the British National Grid"),
        ({"lon": -1.15, "lat": 91.0}, "These are not degrees.*row 0"),
        ({"lon": np.nan, "lat": 52.9}, "A coordinate is missing"),
        ({"lon": "east", "lat": 52.9}, "coordinates are not numbers.*east"),
        ({"lng": 1, "lat": 2}, "Columns are missing: lon.*Seen: lng, lat"),
    ],
)
def test_columns_that_hold_no_degrees_are_refused(row, said):
    with pytest.raises(ss.errors.SchemaError, match=said):
        ss.add_cells(pd.DataFrame([row]))


def test_files_that_are_not_there_or_not_read_are_refused(tmp_path):
    with pytest.raises(ss.errors.FileError, match=r"none\.csv: There is no such file"):
        ss.add_cells(tmp_path / "none.csv")
    (tmp_path / "points.txt").touch()
    with pytest.raises(ss.errors.FileError, match=r"not read here.*\.txt"):
        ss.add_cells(tmp_path / "points.txt")


def test_a_resolution_that_is_not_kept_is_refused(points):
    for ask in (lambda: ss.add_cells(points, resolution=11), lambda: ss.grid(AREA, resolution=6)):
        with pytest.raises(ss.errors.InputError, match="no such resolution here"):
            ask()


def test_cells_lacking_a_column_name_it(points):
    counted = ss.count(points, AREA, resolution=8).drop(columns="exposure")
    with pytest.raises(ss.errors.SchemaError, match="cells: Columns are missing: exposure"):
        ss.find_hotspots(counted)


def test_points_without_an_area_are_refused(points):
    with pytest.raises(ss.errors.InputError, match="Points need the area"):
        ss.find_hotspots(points)


def test_counted_cells_give_what_points_give(points, found):
    assert_frame_equal(ss.find_hotspots(ss.count(points, AREA, resolution=8)).cells, found.cells)


def test_a_baseline_is_named_and_changes_what_is_usual(points, found):
    cells = ss.count(points, AREA, resolution=8).set_index("cell")
    people = (cells["events"] + 0.5).rename("people")
    other = ss.find_hotspots(points, AREA, resolution=8, baseline=people)
    assert "compared with: people" in other.basis()
    assert "area of the cell" in found.basis()
    assert not len(other.places)
    with pytest.raises(ss.errors.InputError, match=r"no such baseline without a store.*'footfall'"):
        ss.find_hotspots(points, AREA, baseline="footfall")


def test_a_finding_is_short_where_it_is_typed(found):
    assert repr(found).startswith("<Hotspots: 1 place higher than usual; 380 events in 140 cells")
    assert len(repr(found)) < 300
    assert "<table" in found._repr_html_()


def test_a_finding_is_drawn_and_saved(found, tmp_path):
    shown = found.to_gdf()
    assert shown.crs == "EPSG:4326"
    assert shown["class"].isin(["higher_2", "higher_3"]).sum() == len(found.finding.hot)
    assert isinstance(found.explore(), folium.Map)
    assert "http" not in found.explore().get_root().render().partition("<body>")[2]
    assert len(found.plot().collections) == 1
    for name in ("cells.csv", "cells.geojson", "cells.gpkg", "map.html"):
        assert found.save(tmp_path / name).stat().st_size > 1_000
    assert len(gpd.read_file(tmp_path / "cells.geojson")) == len(found.cells)
    with pytest.raises(ss.errors.FileError, match=r"map\.pdf.*not written as this kind"):
        found.save(tmp_path / "map.pdf")


def test_functions_fit_together(found):
    """The places of a finding are what the page draws: ``cells`` is a list in both."""
    page = maps.hex_page(
        found.finding, area=AREA, text=maps.PageText("Places"), places=hotspots.places(found.finding)
    )
    assert "Place 1" in page
    assert [len(cells) for cells in found.places["cells"]] == found.places["n_cells"].tolist()


def test_a_scan_finds_what_was_put_there_and_says_the_same_again(points, found):
    first, again = (ss.scan(points, AREA, resolution=8, seed=5, replicates=99) for _ in range(2))
    assert int(first.table["core_cell"].iloc[0]) in found.finding.hot
    assert_frame_equal(first.table, again.table)


def test_two_findings_are_laid_side_by_side(points, found):
    even = ss.find_hotspots(points.iloc[:300], AREA, resolution=8)
    beside = ss.find_agreement(found, even)
    assert set(beside.loc[beside["cell"].isin(found.finding.hot), "agreement"]) <= {"felt only", "too few"}
    with pytest.raises(ss.errors.InputError, match="do not have the same cells"):
        ss.find_agreement(found, ss.find_hotspots(points, AREA, resolution=9))


@pytest.fixture(scope="module")
def graph(town):
    return ss.read_streets(town.streets_pbf)


def test_streets_are_clipped_as_points_are(graph, town):
    lines = to_frame(graph).to_crs("EPSG:27700")
    west, south, east, north = lines.total_bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    rng = np.random.default_rng(1)
    spot = rng.normal([west + (east - west) / 4, (south + north) / 2], 40, (80, 2))
    pins = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spot.T), crs="EPSG:27700")
    area = gpd.GeoDataFrame(geometry=[half], crs="EPSG:27700")
    by_points = ss.find_hotspots(pins, area, baseline=graph)
    by_cells = ss.find_hotspots(ss.count(pins, area), baseline=graph)
    assert_frame_equal(by_points.cells, by_cells.cells)
    inside = by_points.cells[~by_points.cells["edge"]]
    assert inside["exposure"].sum() == pytest.approx(lines.clip(half).length.sum(), rel=0.01)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_walk_counts_reports_nearby_in_any_stated_system(graph, town, system):
    link = town.truth.links[0]
    path = ss.plan_walk(graph, link.start, link.end).routes[0].geometry
    beside = gpd.GeoDataFrame(geometry=[path.interpolate(0.5, normalized=True)] * 4, crs="EPSG:4326")
    usual = ss.plan_walk(graph, link.start, link.end, reports=beside)
    told = ss.plan_walk(graph, link.start, link.end, reports=beside.to_crs(system))
    assert told.front[:, 1].max() > 3
    np.testing.assert_allclose(told.front, usual.front, rtol=1e-3)


def test_walks_reach_and_fixes_answer_from_a_file_of_streets(graph, town):
    link = town.truth.links[0]
    reach = ss.isochrone(graph, link.start, [5, 10])
    assert reach.table["length_m"].is_monotonic_increasing
    fixes = ss.rank_fixes(graph, [(link.start, link.end)], budget_m=400)
    assert 0 < fixes.used_m <= 400
    for answer in (graph, reach, fixes):
        assert len(repr(answer)) < 300
    with pytest.raises(ss.errors.PlaceError):
        ss.isochrone(graph, (0.0, 51.5))


def test_the_five_lines_of_the_readme_go_from_a_table_to_a_map(points, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"lon": points.geometry.x, "lat": points.geometry.y}).to_csv("reports.csv", index=False)
    OUTLINE.to_file("area.geojson")
    readme = (Path(ss.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    lines = readme.partition("```python\nimport safespace as ss\n")[2].partition("```")[0]
    assert len([line for line in lines.splitlines() if line]) == 4
    told: dict[str, object] = {"ss": ss}
    exec(lines, told)  # noqa: S102 - the lines as people copy them
    assert len(told["found"].places) == 1
    assert "Place 1" in Path("map.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "tasks"), [("docs/five-lines.md", 9), ("README.md", 1)])
def test_five_lines_for_each_task_run_as_printed(page, tasks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (Path(ss.__file__).parents[1] / page).read_text(encoding="utf-8")
    blocks = [f">>> {part.partition('```')[0]}" for part in text.split("```python\n>>> ")[1:]]
    assert len(blocks) >= tasks
    assert max(block.count(">>> ") for block in blocks) <= 5
    lines = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, None, 0)
    said: list[str] = []
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(lines, out=said.append).failed == 0, said


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((Path(ss.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert ss.__version__ == project["project"]["version"]


HERE, THERE = shapely.box(-1.20, 52.90, -1.17, 52.93), shapely.box(-1.13, 52.97, -1.10, 53.00)


@pytest.fixture(scope="module")
def dated():
    """Return 50 and 30 points in one area, 60 and 55 in the other, before and from 1 March."""
    lon, lat = [-1.185] * 80 + [-1.115] * 115, [52.915] * 80 + [52.985] * 115
    days = ["2026-02-28"] * 50 + ["2026-03-01"] * 30 + ["2026-02-28"] * 60 + ["2026-03-01"] * 55
    return gpd.GeoDataFrame({"occurred_from": days}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_change_is_judged_from_points_in_any_stated_system(dated, system):
    one = gpd.GeoDataFrame(geometry=[HERE], crs="EPSG:4326").to_crs(system)
    change = ss.evaluate(dated.to_crs(system), one, THERE, changed=date(2026, 3, 1), days=28)
    assert (change.counts.treated, change.counts.control) == ((50, 30), (60, 55))
    assert (change.verdict, round(change.difference.value)) == ("too few", -15)
    assert len(repr(change)) < 300


def test_a_change_needs_systems_moments_and_areas_apart(dated):
    asked = {"changed": date(2026, 3, 1), "days": 28}
    with pytest.raises(ss.errors.SchemaError, match="points state no coordinate system"):
        ss.evaluate(dated.set_crs(None, allow_override=True), HERE, THERE, **asked)
    with pytest.raises(ss.errors.SchemaError, match="Columns are missing: occurred_from"):
        ss.evaluate(dated[["geometry"]], HERE, THERE, **asked)
    for wrong in ("01/03/2026", 20260301):
        with pytest.raises(ss.errors.SchemaError, match="These are not moments"):
            ss.evaluate(dated.assign(occurred_from=wrong), HERE, THERE, **asked)
    with pytest.raises(ss.errors.InputError, match="share ground"):
        ss.evaluate(dated, HERE, HERE, **asked)


def test_an_evaluation_carries_the_level_it_was_asked_at(dated):
    asked = {"changed": date(2026, 3, 1), "days": 28}
    usual, wide = (ss.evaluate(dated, HERE, THERE, level=level, **asked) for level in (0.95, 0.8))
    assert (usual.method.level, wide.method.level) == (0.95, 0.8)
    assert "80 % interval" in wide.sentence
    assert usual.difference.lower < wide.difference.lower < wide.difference.upper < usual.difference.upper


def test_what_moved_is_counted_around(dated):
    other = shapely.box(-1.20, 52.97, -1.17, 53.00)
    apart = dated.iloc[[0, 50]].set_geometry(gpd.points_from_xy([-1.185] * 2, [52.985] * 2), crs="EPSG:4326")
    change = ss.evaluate(
        pd.concat([dated, apart]),
        HERE,
        THERE,
        changed=date(2026, 3, 1),
        days=28,
        around=(other, shapely.box(-1.13, 52.90, -1.10, 52.93)),
    )
    assert (change.counts.displacement, change.counts.displacement_control) == ((1, 1), (0, 0))


YEAR = (date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_release_hides_what_is_few_in_any_stated_system(points, system):
    asked = {"period": YEAR, "sources": ["streetsafe"], "recipients": ["council"]}
    usual = ss.release(points, AREA, **asked)
    given = ss.release(points.to_crs(system), OUTLINE.to_crs(system), **asked)
    assert_frame_equal(given.table, usual.table)
    shown = given.table[given.table["state"] == "shown"]
    assert shown["events"].min() >= given.policy.threshold
    assert given.table.loc[given.table["state"] == "hidden", "events"].isna().all()
    assert (given.since, given.until) == (date(2025, 1, 1), date(2026, 1, 1))


def test_a_release_counts_its_period_only_and_names_who_holds_it(points):
    asked = {"sources": ["streetsafe"], "recipients": ["council"], "period": YEAR}
    days = np.where(np.arange(380) < 300, "2024-12-31 23:30", "2025-12-31 23:30")
    given = ss.release(points.assign(occurred_from=days), AREA, **asked)
    alone = ss.release(points.iloc[300:], AREA, **asked)
    assert_frame_equal(given.table, alone.table)
    with pytest.raises(ss.errors.SchemaError, match="points state no coordinate system"):
        ss.release(points.set_crs(None, allow_override=True), AREA, **asked)
    with pytest.raises(ss.errors.InputError, match="recipients: A release names"):
        ss.release(points, AREA, **(asked | {"recipients": []}))
    with pytest.raises(ss.errors.InputError, match=r"No such source. Seen: ambulance"):
        ss.release(points, AREA, **(asked | {"sources": ["ambulance"]}))
    lax = POLICIES[0].model_copy(update={"threshold": 3})
    with pytest.raises(ss.errors.DisclosureError, match="threshold 3, not 5"):
        ss.release(points, AREA, policy=lax, **asked)
    with pytest.raises(ss.errors.DisclosureError, match="finer than the policy"):
        ss.release(points, AREA, resolution=10, **asked)


@pytest.mark.parametrize("system", SYSTEMS)
def test_corridors_take_places_in_any_stated_system(graph, town, system):
    link = town.truth.links[0]
    ends = [
        gpd.GeoDataFrame({"name": [name]}, geometry=gpd.points_from_xy([end[0]], [end[1]]), crs="EPSG:4326")
        for name, end in (("Hall", link.start), ("", link.end))
    ]
    shared = ss.find_corridors(graph, *(end.to_crs(system) for end in ends), reports=ends[0].to_crs(system))
    assert shared.pairs[["origin", "destination"]].to_numpy().tolist() == [["Hall", "destination 1"]]
    assert shared.segments.crs == "EPSG:4326"
    assert shared.credit == "© OpenStreetMap contributors"
    assert len(repr(shared)) < 300
    shortest = ss.plan_walk(graph, link.start, link.end).routes[0].length_m
    assert shared.pairs["shortest_m"].iloc[0] == pytest.approx(shortest, rel=0.02)
    with pytest.raises(ss.errors.SchemaError, match="points state no coordinate system"):
        ss.find_corridors(graph, ends[0].set_crs(None, allow_override=True), ends[1])


def test_a_brief_says_what_the_finding_says(found):
    asked = {"area": "Centre", "period": YEAR, "sources": ["Made up"], "synthetic": True}
    core = int(found.places["core_cell"].iloc[0])
    brief = ss.make_brief(found, rows=(400, 380), names={core: "Market"}, **asked)
    page = briefs.to_html(brief)
    assert "Market" in page
    assert "1 January 2025 to 31 December 2025" in page
    assert (brief.counts.rejected, brief.data_date) == (20, date(2025, 12, 31))
    assert sum(brief.cells.values()) == found.finding.tested
    with pytest.raises(ss.errors.InputError, match="notes are too long"):
        ss.make_brief(found, rows=(380, 380), notes=["x" * 1000], **asked)


def test_what_is_saved_carries_credit_label_and_day(points, found, tmp_path):
    dated = ss.find_hotspots(points.assign(occurred_from="2025-06-30 23:30"), AREA, resolution=8)
    assert (dated.data_date, found.data_date) == (date(2025, 6, 30), None)
    for name in ("cells.csv", "cells.geojson", "map.html"):
        text = dated.save(tmp_path / name, credit="Licensed by us", synthetic=True).read_text(
            encoding="utf-8"
        )
        assert "Licensed by us" in text
        assert "SYNTHETIC" in text.upper()
    with closing(sqlite3.connect(dated.save(tmp_path / "cells.gpkg"))) as held:
        assert held.execute("SELECT last_change FROM gpkg_contents").fetchone()[0].startswith("2025-06-30")
    with closing(sqlite3.connect(found.save(tmp_path / "undated.gpkg"))) as held:
        assert not held.execute("SELECT last_change FROM gpkg_contents").fetchone()[0].startswith("1970")


def test_some_kinds_of_offence_are_counted_and_named(points):
    frame = points.assign(source="nte", category="Robbery", occurred_from="2026-02-20")
    frame.loc[frame.index[::4], "category"] = "Drugs"
    some = ss.find_hotspots(frame, AREA, resolution=8, kinds=["Robbery and theft from the person"])
    whole = ss.find_hotspots(frame[frame["category"] == "Robbery"], AREA, resolution=8)
    assert some.basis() == f"Robbery and theft from the person only: {whole.basis()}"
    west, east = shapely.box(-1.20, 52.90, -1.15, 53.00), shapely.box(-1.14, 52.90, -1.10, 53.00)
    change = ss.evaluate(frame, west, east, changed=date(2026, 3, 1), days=28, kinds=["drugs"])
    assert change.caveats[0] == "Only reports of this kind are counted: Drugs."
    given = {"period": (date(2026, 1, 1), date(2026, 12, 31)), "sources": ["nte"], "recipients": ["x"]}
    assert ss.release(frame, AREA, **given, kinds=["drugs"]).kinds == ("drugs",)
    with pytest.raises(ss.errors.DisclosureError, match="not released"):
        ss.release(frame, AREA, **given, kinds=["sexual-offences"])
    with pytest.raises(ss.errors.SchemaError, match="source, category"):
        ss.find_hotspots(points, AREA, resolution=8, kinds=["drugs"])
