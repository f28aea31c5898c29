"""The command line as people and machines use it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from safespace import cli
from safespace.cli.pages import describe_commands
from safespace.errors import FileError, InputError, SafeSpaceError

ROOT = Path(__file__).parents[1]
VERBS = (
    "improve",
    "corridors",
    "scenario new",
    "scenario list",
    "scenario show",
    "scenario compare",
    "scenario undo",
    "scenario delete",
    "town",
    "ingest",
    "count",
    "hotspots",
    "streets",
    "lighting",
    "routes",
    "reach",
    "brief",
    "app",
    "demo",
    "agreement",
    "surface",
    "catalog",
    "loads",
    "rollback",
    "tidy",
    "trends",
    "clusters",
    "validate",
)
runner = CliRunner()


def ask(*words, **more):
    return runner.invoke(cli.app, [str(word) for word in words], catch_exceptions=False, **more)


def ask_json(*words):
    return json.loads(ask(*words, "--json").stdout)


@pytest.fixture
def store(town_settings):
    return ("--store", town_settings.store)


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help_with_an_example(verb):
    told = ask(*verb.split(), "--help")
    assert told.exit_code == 0
    assert f"Example: safespace {verb}" in " ".join(told.stdout.split())


def test_the_page_of_commands_is_up_to_date():
    assert (ROOT / "docs" / "cli.md").read_text() == describe_commands()


def test_town_writes_its_files_and_lists_them(tmp_path):
    files = ask_json("town", "--out", tmp_path, "--seed", 5)
    assert Path(files["streets_pbf"]).name == "synthetic_town.osm.pbf"
    assert all(Path(path).exists() for path in files.values())


def test_rejects_that_cannot_be_written_are_told_before_anything_is_loaded(town, tmp_path):
    store, kept = ("--store", tmp_path / "store"), tmp_path / "kept.csv"
    told = ("ingest", town.nte_csv, "--source", "nte", *store, "--rejects")
    with pytest.raises(FileError, match=r"none.rejects.csv: The rows to mend cannot.*Nothing was loaded"):
        ask(*told, tmp_path / "none" / "rejects.csv")
    with pytest.raises(FileError, match="rows to mend cannot be written"):
        ask(*told, tmp_path)
    assert not (tmp_path / "store").exists()
    kept.write_text("before")
    with pytest.raises(FileError, match=r"missing\.csv"):
        ask("ingest", tmp_path / "missing.csv", "--source", "nte", *store, "--rejects", kept)
    assert kept.read_text() == "before"


def test_load_is_the_other_of_check_and_a_name_is_listed_and_rolled_back(town, tmp_path):
    store = ("--store", tmp_path / "store")
    loaded = ask("ingest", town.spiking_csv, "--source", "spiking", "--load", "--name", "tryout", *store)
    assert "(tryout)" in loaded.stdout
    assert ask_json("loads", *store)[0]["name"] == "tryout"
    assert "tryout" in ask("loads", *store).stdout
    assert "no longer in force" in ask("rollback", "tryout", *store).stdout


def test_ingest_check_tells_every_row_and_writes_rejects(town, tmp_path):
    rejects = tmp_path / "rejects.csv"
    told = ask(
        *("ingest", town.streetsafe_csv, "--source", "streetsafe", "--check"),
        *("--rejects", rejects, "--store", tmp_path / "store"),
    )
    assert "587 rows read: 511 accepted, 33 repaired, 9 quarantined, 34 rejected, 0 excluded." in told.stdout
    assert "Checked only" in told.stdout
    assert len(rejects.read_text().splitlines()) >= 9 + 34
    assert not (tmp_path / "store").exists()


def test_a_mapping_is_guessed_confirmed_and_remembered(tmp_path):
    theirs, guessed, store = tmp_path / "export.csv", tmp_path / "ours.toml", ("--store", tmp_path / "store")
    theirs.write_text(
        "Ref,Date sent,Lat,Long,Concern,Who\n"
        "A1,2022-01-28 23:40,52.48,-1.89,Badly lit,woman\n"
        "A2,2022-01-29 21:10,52.49,-1.88,Being followed,man\n"
    )
    told = ask("mapping", theirs, "--source", "streetsafe", "--out", guessed)
    assert "Check" in told.stdout
    text = guessed.read_text()
    if "submitted" not in text:  # a header nobody could guess is for the analyst to name
        guessed.write_text(text + 'submitted = "Date sent"\n')
    first = ask_json("ingest", theirs, "--source", "streetsafe", "--mapping", guessed, *store)
    assert first["counts"]["accepted"] == 2
    again = ask_json("ingest", theirs, "--source", "streetsafe", *store)
    assert any("last loaded with" in note for note in again["notes"])
    assert again["load"]["already_loaded"]


def test_fetch_brings_a_file_once_and_keeps_it(tmp_path, town, monkeypatch):
    handler = partial(QuietHandler, directory=str(town.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{town.areas_geojson.name}"
        words = ("fetch", "boundaries", "--address", address, "--store", tmp_path)
        first, again = ask_json(*words), ask_json(*words)
        server.shutdown()
    assert Path(first[0]["path"]).read_bytes() == town.areas_geojson.read_bytes()
    assert not first[0]["kept"]
    assert again[0]["kept"]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_loads_and_rollback(town, tmp_path):
    store = ("--store", tmp_path / "store")
    load = ask_json("ingest", town.spiking_csv, "--source", "spiking", *store)["load"]
    assert load["added"] == 70
    assert [row["load_id"] for row in ask_json("loads", *store)] == [load["load_id"]]
    assert "no longer in force" in ask("rollback", load["load_id"], *store).stdout
    assert ask_json("loads", *store)[0]["status"] == "rolled_back"


def test_count_keeps_zero_cells(store):
    cells = ask_json("count", *store)
    assert sum(cell["pins"] for cell in cells) == 544
    assert any(cell["events"] == 0 for cell in cells)


def test_counts_by_month_add_up(store, tmp_path):
    table = tmp_path / "months.csv"
    months = ask_json("count", "--monthly", "--source", "nte", "--area", "SB04", "--out", table, *store)
    cells = ask_json("count", "--source", "nte", "--area", "SB04", *store)
    inside = {cell["cell"]: cell["pins"] for cell in cells if not cell["edge"]}
    assert {month["cell"] for month in months} <= set(inside)
    assert sum(month["pins"] for month in months) == sum(inside.values())
    written = table.read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == "cell,month,source,pins,credit,label_of_data"
    assert written[1].endswith("Synthetic data")
    assert "2025-09" in ask("count", "--monthly", "--source", "nte", "--area", "SB04", *store).stdout


def test_cells_in_json_are_text_that_h3_tools_read(store):
    (cell, *_) = ask_json("count", "--area", "SB04", *store)
    told = ask_json("hotspots", "--source", "nte", *store)
    assert all(len(text) == 15 for text in (cell["cell"], told["places"][0]["core_cell"]))
    assert told["places"][0]["core_cell"] in told["places"][0]["cells"]


def test_names_with_brackets_are_shown_as_they_are(town, tmp_path):
    store, calendar = ("--store", tmp_path / "store"), tmp_path / "calendar.csv"
    calendar.write_text("name,kind,starts,ends\nCity [/] v [red]United,match,2022-01-28,\n")
    ask("ingest", town.areas_geojson, "--source", "areas", *store)
    ask("ingest", calendar, "--source", "calendar", *store)
    assert "[/] v [red]United" in ask("catalog", *store, env={"COLUMNS": "200"}).stdout


def test_tidy_erases_what_a_rollback_left(town, tmp_path):
    store = ("--store", tmp_path / "store")
    load = ask_json("ingest", town.spiking_csv, "--source", "spiking", *store)["load"]["load_id"]
    ask("rollback", load, *store)
    assert ask_json("tidy", *store)["erased"] == 0, "a reader of an earlier state may still be at it"
    assert ask_json("tidy", "--older-than-h", 0, *store)["erased"] > 0
    with pytest.raises(SafeSpaceError, match="age cannot be below zero"):
        ask("tidy", "--older-than-h", "-1", *store)


def test_hotspots_say_what_they_rest_on_and_write_files(store, tmp_path):
    outs = [tmp_path / f"places.{kind}" for kind in ("csv", "geojson", "gpkg", "html")]
    told = ask("hotspots", *store, *(word for path in outs for word in ("--out", path)))
    assert "higher than usual, against length of walkable street" in told.stdout
    assert "Synthetic" in told.stdout
    assert all(path.stat().st_size > 1000 for path in outs)


def test_catalog_list_what_can_be_asked_for(store):
    held = ask_json("catalog", *store)
    assert {area["area_id"] for area in held["areas"]} >= {"SB01", "SB04"}
    assert [part["name"] for part in held["windows"]["SB01"][""]] == ["nte-evening", "nte-core", "nte-late"]
    assert "nte-core 22:00 to 04:00" in " ".join(ask("catalog", *store).stdout.split())


def test_nights_of_a_calendar_are_counted_by_themselves(store):
    every, weekends, others = (
        sum(cell["pins"] for cell in ask_json("count", "--source", "nte", *words, *store))
        for words in ((), ("--calendar", "bank-holiday"), ("--calendar", "not-bank-holiday"))
    )
    assert 0 < weekends < others
    assert weekends + others == every


def test_agreement_shows_both_layers_apart(store, tmp_path):
    page = tmp_path / "agreement.html"
    told = ask("agreement", *store, "--out", page)
    assert "never added together" in told.stdout
    assert "Public" in told.stdout
    assert page.stat().st_size > 10_000
    cells = ask_json("agreement", *store)["cells"]
    assert list(cells) == ["both", "felt only", "recorded only", "neither", "too few"]


def test_streets_show_what_is_held(store):
    held = ask_json("streets", *store)
    assert held["walkable_km"] == pytest.approx(held["lit_km"] + held["unlit_km"] + held["unknown_km"])


def test_routes_between_landmarks_write_files(store, tmp_path, town_settings):
    outs = [tmp_path / f"walk.{kind}" for kind in ("geojson", "gpx", "csv", "html")]
    told = ask(
        *("routes", "--from", "Stonebridge Bus Station", "--to", "Barge Hall", *store),
        *(word for path in outs for word in ("--out", path)),
    )
    assert "exact trade-offs" in told.stdout
    assert "Shortest" in told.stdout
    assert all(path.stat().st_size > 300 for path in outs)


def test_routes_keep_to_limits_and_a_time(store, tmp_path):
    out = tmp_path / "walks.gpkg"
    told = ask_json(
        *("routes", "--from", "Stonebridge Bus Station", "--to", "Barge Hall", "--step-free", "--paved"),
        *("--at", "2022-03-05 23:30", "--out", out, *store),
    )
    assert told["limits"] == ["Step-free", "Paved only", "Open at 23:30 on Saturday 5 March 2022"]
    assert {option["Unpaved, as mapped (m)"] for option in told["options"]} == {0}
    assert out.read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(InputError, match=r"Not a time of a walk.*'Sat 23:30'"):
        ask("routes", "--from", "Barge Hall", "--to", "Velvet", "--at", "late", *store)


def test_reach_tells_streets_and_walks(store, tmp_path):
    out = tmp_path / "reach.geojson"
    asked = (
        "reach",
        "--from",
        "Barge Hall",
        "--minutes",
        5,
        "--minutes",
        10,
        "--to",
        "Velvet",
        "--step-free",
    )
    told = ask(*asked, "--out", out, *store).stdout
    assert "Within a walk of Barge Hall" in told
    assert "Shortest walks from Barge Hall" in told
    assert "Step-free: " in told
    assert json.loads(out.read_text())["features"]
    found = ask_json(*asked, *store)
    assert [row["minutes"] for row in found["within"]] == [5, 10]
    assert found["walks"][0]["to"] == "Velvet"
    with pytest.raises(InputError, match=r"Not a walking time.*at most 60"):
        ask("reach", "--from", "Barge Hall", "--minutes", 90, *store)


def test_routes_in_json_carry_the_whole_trade_off(store):
    told = ask_json("routes", "--from", "Stonebridge Bus Station", "--to", "Barge Hall", *store)
    lengths = [point["length_m"] for point in told["trade_offs"]]
    nearby = [point["reports_nearby"] for point in told["trade_offs"]]
    assert lengths == sorted(lengths)
    assert nearby == sorted(nearby, reverse=True)


def test_brief_writes_both_forms(store, tmp_path):
    files = ask_json("brief", "--walk", "Stonebridge Bus Station > Barge Hall", "--out", tmp_path, *store)[
        "files"
    ]
    assert [Path(file).name for file in files] == ["brief.pdf", "brief.html", "brief.json"]
    assert Path(files[0]).read_bytes().startswith(b"%PDF-")


def test_improve_ranks_segments_within_the_budget(store, tmp_path):
    fixes = tmp_path / "fixes.csv"
    walk = ("--walk", "Stonebridge Bus Station > Barge Hall")
    told = ask_json("improve", *walk, "--budget-m", 400, "--out", fixes, *store)
    assert sum(row["length_m"] for row in told["fixes"]) <= 400
    assert [row["rank"] for row in told["fixes"]] == list(range(1, len(told["fixes"]) + 1))
    assert any("violence" in sentence for sentence in told["sentences"])
    assert fixes.read_text(encoding="utf-8-sig").startswith("rank,")


def test_clusters_carry_size_probability_and_stability(store):
    answer = ask_json("clusters", *store)
    assert answer["method"]["name"] == "hdbscan"
    found = answer["clusters"]
    assert len(found) >= 3
    assert {"events", "p_value", "stability", "area_km2"} <= set(found[0])
    assert found[0]["events"] >= found[-1]["events"]


def test_trends_say_what_is_too_few(store):
    felt = ask("trends", *store)
    assert "Events by month" in felt.stdout
    rare = ask("trends", "--source", "spiking", *store)
    assert "At least 200 are needed" in " ".join(rare.stdout.split())


def test_validate_sets_places_beside_simpler_choices(store):
    told = ask_json("validate", "--source", "nte", "--later", 4, *store)
    methods = {row["method"] for row in told["methods"]}
    assert {"random", "last period", "smoothed"} <= methods
    assert all(row["pai_lower"] <= row["pai"] <= row["pai_upper"] for row in told["methods"])
    assert any("generalised Gini" in note for note in told["notes"])


def test_hotspots_are_set_beside_scan_checks_and_shares(store, tmp_path):
    table = tmp_path / "places.csv"
    told = ask_json("hotspots", "--scan", "--checks", "--shares", "--source", "nte", "--out", table, *store)
    assert "999 random layers" in told["scan"]
    assert all(
        disc["p_value"] == min(2 * min(max(disc["p_poisson"], disc["p_shuffle"]), disc["p_one_cell"]), 1)
        for disc in told["discs"]
    )
    assert all(place["scan_p_value"] <= 1 and "of 5 checks" in place["stability"] for place in told["places"])
    assert {row["what"] for row in told["shares"]} == {"were at night"}
    assert "scan_p_value" in table.read_text(encoding="utf-8-sig").splitlines()[0]


def test_local_statistics_and_surfaces_are_shown(store, tmp_path):
    told = ask("hotspots", "--local", *store).stdout
    assert "which decide nothing" in told
    cells = ask_json("hotspots", "--local", *store)["cells"]
    assert {"gi_star", "moran", "marshall_rate"} <= set(cells[0])
    out = tmp_path / "surface.csv"
    mix = ask_json("surface", "--having", "night", "--source", "nte", "--out", out, *store)
    assert "bandwidth" in mix["basis"]
    assert out.read_text(encoding="utf-8-sig").startswith("cell,density,ratio")


def test_trends_compare_two_periods_and_look_for_what_is_new(store, tmp_path):
    table = tmp_path / "cells.csv"
    periods = ("--before", "2025-09-01:2025-11-30", "--after", "2026-03-01:2026-05-31")
    told = ask_json("trends", "--source", "nte", *periods, "--out", table, *store)
    assert told["area"]["before"] == sum(cell["before"] for cell in told["cells"])
    assert table.read_text(encoding="utf-8-sig").startswith("cell,name,before,after,ratio")
    assert "E-test" in ask("trends", "--source", "nte", *periods, *store).stdout
    new = ask("trends", "--emerging", "--source", "nte", *store).stdout
    assert "busier in the last periods" in new
    assert "Each needs at least" in new


def test_the_methods_own_promises_are_kept(tmp_path):
    told = ask("validate", "--self", "--resolution", 7, "--json", "--store", tmp_path / "none")
    assert told.exit_code == 0
    promises = json.loads(told.stdout)
    assert len(promises) >= 5
    assert all(promise["kept"] for promise in promises)


def test_evaluate_refuses_a_weak_claim(store):
    told = ask("evaluate", "--area", "SB04", "--control", "SB05", "--changed", "2026-03-01", *store)
    assert told.stdout.startswith("Too few to say.")
    assert "95 % interval" in " ".join(told.stdout.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hotspots", "--store", "nowhere"), "nowhere: There is no store here"),
        (("ingest", "missing.csv", "--source", "streetsafe"), "missing.csv"),
        (("ingest", "missing.csv", "--source", "twitter"), "twitter"),
        (("streets", "missing.osm.pbf", "--store", "s"), "missing.osm.pbf"),
        (("hotspots", "--resolution", "3"), "resolution 3"),
        (("hotspots", "--calendar", "full-moon"), "calendar 'full-moon'"),
        (("hotspots", "--since", "2022-02-01", "--until", "2022-01-01"), "ends (2022-01-01) before"),
        (("brief", "--walk", "Station"), "FROM > TO"),
        (("ingest", "f.gpkg", "--source", "footfall"), "--value-column COLUMN"),
        (("agreement", "--source", "nte"), "No such option: --source"),
        (("surface", "--having", "moon", "--store", "nowhere"), "lighting, behaviour, night"),
        (("count", "--engine", "oracle", "--store", "nowhere"), "nowhere"),
        (("trends", "--before", "last year", "--after", "2022-01-01:2022-02-01"), "2022-01-01:2022-03-31"),
        (("trends", "--before", "2022-01-01:2022-02-01"), "A period needs a first and a last day. Seen: ''"),
        (("fetch", "weather"), "police-area"),
        (("fetch", "police"), "--month 2022-01"),
        (("fetch", "boundaries"), "[fetch] in safespace.toml"),
    ],
)
def test_bad_input_ends_with_two_and_one_paragraph(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["safespace", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert says in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not told.out


def test_with_json_bad_input_is_one_document_in_parts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["safespace", "brief", "--walk", "Station", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (2, "")
    problem = json.loads(told.out)["error"]
    assert {name: problem[name] for name in ("what", "where", "seen", "remedy")} == {
        "what": "A walking link needs two ends.",
        "where": "--walk",
        "seen": "Station",
        "remedy": "Write it as 'FROM > TO'.",
    }


def test_a_process_ends_with_two_and_no_traceback(tmp_path):
    words = (sys.executable, "-m", "safespace", "hotspots", "--store", "nowhere")
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "nowhere: There is no store here" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not ended.stdout


def test_an_unknown_landmark_lists_some_that_are_known(store):
    with pytest.raises(SafeSpaceError, match=r"No landmark has this name.*Atlantis"):
        ask("routes", "--from", "Atlantis", "--to", "Barge Hall", *store)


def test_an_unknown_kind_of_file_lists_those_written(store, tmp_path):
    with pytest.raises(SafeSpaceError, match=r"\.csv, \.geojson, \.gpkg, \.html"):
        ask("hotspots", *store, "--out", tmp_path / "places.shp")
    with pytest.raises(
        SafeSpaceError, match=r"Nothing is written in this kind of file.*Choose from: \.csv\."
    ):
        ask("count", "--area", "SB04", *store, "--out", tmp_path / "cells.geojson")
    assert not list(tmp_path.iterdir())


def test_a_scenario_is_made_shown_and_taken_back_on_the_command_line(town, tmp_path):
    store, walk = ("--store", tmp_path / "store"), ("--walk", "Stonebridge Bus Station > Barge Hall")
    ask("streets", town.streets_pbf, *store)
    made = ask_json(
        "scenario", "new", "Gate", "--light", "0", "--close", "1", "--hours", "22:00-06:00", *store
    )
    assert (made["light"], made["close"]) == (1, 1)
    assert [row["scenario"] for row in ask_json("scenario", "list", *store)] == ["Gate"]
    shown = ask_json("scenario", "show", "Gate", *walk, "--at", "2026-11-28 23:30", *store)
    assert {row["compared"] for row in shown["walks"]} == {
        "Same walk, new conditions",
        "Walks free to change",
    }
    assert len(ask_json("scenario", "compare", "Gate", *walk, *store)["scenarios"]) == 1
    assert "Bring it back" in ask("scenario", "delete", "Gate", *store).stdout
    assert "Gate: as saved" in ask("scenario", "undo", "Gate", *store).stdout


def test_corridors_write_a_checklist_to_print(store, tmp_path):
    out = tmp_path / "checklist.html"
    told = ask_json("corridors", "--from", "kind:bus_station", "--to", "kind:housing", "--out", out, *store)
    assert told["segments"][0]["people"] >= told["segments"][-1]["people"]
    assert told["synthetic"] is True
    assert "Site-audit checklist" in out.read_text()
