"""Options are honoured or refused: every command, every option, an impossible value for each."""

from __future__ import annotations

import hashlib
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from commands import COMMANDS, FLAGS, OPTIONS, VALUED

from safespace import cli, pipeline
from safespace.registry import SOURCES
from safespace.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

# What a command needs beside the option that is tried; {town} is the folder of the made-up town's files.
NEEDED = {
    "ingest": ("{town}/synthetic_streetsafe.csv", "--source", "streetsafe"),
    "mapping": ("{town}/synthetic_streetsafe.csv", "--source", "streetsafe"),
    "fetch": ("police-area", "--month", "2022-01", "--area", "SB01"),
    "rollback": ("tried",),
    "routes": ("--from", "Stonebridge Bus Station", "--to", "Barge Hall"),
    "reach": ("--from", "Barge Hall"),
    "evaluate": ("--area", "SB04", "--control", "SB05", "--changed", "2026-03-01"),
    "improve": ("--walk", "Stonebridge Bus Station > Barge Hall"),
    "corridors": ("--from", "kind:bus_station", "--to", "kind:housing"),
    "scenario new": ("Tried", "--light", "0"),
    "scenario show": ("Tried", "--walk", "Stonebridge Bus Station > Barge Hall"),
    "scenario compare": ("Tried", "--walk", "Stonebridge Bus Station > Barge Hall"),
    "scenario undo": ("Tried",),
    "scenario delete": ("Tried",),
}
ALONE = {  # where an option is used only beside others, or instead of what is needed otherwise
    ("town", "--within"): ("--streets-of", "{town}/synthetic_town.osm.pbf"),
    ("ingest", "--name-column"): ("{town}/synthetic_areas.geojson", "--source", "areas"),
    ("ingest", "--value-column"): ("{town}/synthetic_areas.geojson", "--source", "footfall"),
    ("fetch", "--address"): ("boundaries",),
    ("streets", "--clip"): ("{town}/synthetic_town.osm.pbf",),
    ("lighting", "--out"): ("{town}/synthetic_streetsafe.csv",),
    ("trends", "--before"): ("--after", "2022-01-01:2022-02-01"),
    ("trends", "--after"): ("--before", "2022-01-01:2022-02-01"),
    ("trends", "--freq"): ("--emerging",),
    ("trends", "--baseline"): ("--emerging",),
    ("scenario new", "--hours"): ("Tried", "--close", "0"),
}
# For each option what it can never be; {taken} is a file where a folder is needed.
IMPOSSIBLE = {
    "--address": "not-an-address",
    "--after": "last year",
    "--area": "no-such-area",
    "--at": "late",
    "--baseline": "vibes",
    "--before": "last year",
    "--bound-s": "-1",
    "--budget-m": "-5",
    "--budget-pounds": "-5",
    "--budget-segments": "-5",
    "--calendar": "full-moon",
    "--camera": "No Such Street",
    "--changed": "soon",
    "--clear": "No Such Street",
    "--clip": "no-such-area",
    "--close": "No Such Street",
    "--control": "no-such-area",
    "--days": "3",
    "--engine": "oracle",
    "--factor": "no-such-reason",
    "--kind": "piracy",
    "--forget": "99",
    "--found-by": "robots",
    "--freq": "fortnight",
    "--from": "Atlantis",
    "--from-file": "nowhere.csv",
    "--having": "moon",
    "--hours": "25:00-26:00",
    "--later": "2",
    "--light": "No Such Street",
    "--mapping": "nowhere.toml",
    "--method": "kmeans",
    "--minutes": "90",
    "--month": "June",
    "--name": "=1+1",
    "--name-column": "no-such-column",
    "--older-than-h": "-1",
    "--out": "answer.shp",
    "--port": "0",
    "--rejects": "nowhere/rejects.csv",
    "--resolution": "3",
    "--save": "=1+1",
    "--seed": "-1",
    "--sheet": "no-such-sheet",
    "--shown": "0",
    "--since": "yesterday",
    "--source": "twitter",
    "--store": "s3://bucket/store",
    "--streets-of": "nowhere.osm.pbf",
    "--to": "Atlantis",
    "--to-file": "nowhere.csv",
    "--trade-off": "-1",
    "--until": "someday",
    "--value-column": "no-such-column",
    "--walk": "Station",
    "--walks": "nowhere.csv",
    "--weights": "nowhere.csv",
    "--window": "teatime",
    "--within": "nowhere.geojson",
}
FOLDERS = {("town", "--out"), ("brief", "--out"), ("demo", "--out"), ("docs", "--out")}
ANYTHING = {("lighting", "--council"): "any text can be the name of a council"}


def hash_of(folder: Path) -> str:
    """Return a fingerprint of every file and folder below one."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"/")
    return digest.hexdigest()


@pytest.fixture(scope="module")
def held(town_settings, tmp_path_factory):
    """Return a store of the made-up town that also keeps a scenario; nothing here may change it."""
    store = tmp_path_factory.mktemp("held") / "store"
    shutil.copytree(town_settings.store, store)
    settings = load_settings(store=store)
    pipeline.make_scenario("Tried", settings, changes={"light": ["0"]})
    return store


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command line in a folder of its own; give the exit code and what it printed to either stream."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["safespace", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return run


@pytest.fixture
def refused(run, tmp_path):
    """Run the command line and hold that it ends with two, one paragraph that names the option, and no trace."""

    def refused(option, words, *folders):
        before = [hash_of(folder) for folder in (tmp_path, *folders)]
        code, out, err = run(*words)
        assert (code, out, len(err.strip().splitlines())) == (2, "", 1), err
        assert option in err
        assert [hash_of(folder) for folder in (tmp_path, *folders)] == before
        return err

    return refused


def words_for(command, option, value, town, store):
    """Return the words of a command with what it needs, the option set to the value, and the store."""
    needed = [word.format(town=town) for word in ALONE.get((command, option), NEEDED.get(command, ()))]
    if option in needed:
        at = needed.index(option)
        del needed[at : at + 2]
    takes_store = any(part.name == "store" for part in COMMANDS[command].params)
    where = ["--store", store] if takes_store and option != "--store" else []
    return [*command.split(), *needed, option, value, *where]


@pytest.mark.parametrize(("command", "option"), sorted(set(VALUED) - set(ANYTHING)))
def test_an_impossible_value_is_refused_by_name(command, option, refused, tmp_path, town, held):
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder would have to be")
    value = str(taken) if (command, option) in FOLDERS else IMPOSSIBLE[option]
    words = words_for(command, option, value, town.folder, held)
    refused(option, words, held)


SINGLE = sorted((name, option) for name, option, part in OPTIONS if not part.multiple and option != "--json")


@pytest.mark.parametrize(("command", "option"), SINGLE)
def test_an_option_that_takes_one_value_is_taken_once(command, option, refused):
    once = (option,) if (command, option) in FLAGS else (option, "one")
    told = refused(option, [*command.split(), *once, *once])
    assert f"{option}: This option takes one value. Seen: given 2 times. Give it once." in told


def test_an_option_that_takes_several_is_taken_more_than_once(run, held):
    code, out, _ = run("count", "--source", "nte", "--source", "spiking", "--area", "SB04", "--store", held)
    assert (code, "events" in out) == (0, True)


# Options that a command takes and could not use beside what else was typed, and what it then says to do.
IDLE = [
    ("town", "--within", ["--within", "{town}/synthetic_areas.geojson"], "add --streets-of"),
    ("ingest", "--mapping", ["{areas}", "--source", "areas", "--mapping", "{mapping}"], "goes with reports"),
    ("ingest", "--sheet", ["{areas}", "--source", "areas", "--sheet", "one"], "goes with reports"),
    ("ingest", "--rejects", ["{areas}", "--source", "areas", "--rejects", "r.csv"], "goes with reports"),
    ("ingest", "--name", ["{areas}", "--source", "areas", "--name", "tried"], "goes with reports"),
    ("ingest", "--name", ["{nte}", "--source", "nte", "--check", "--name", "tried"], "Nothing is loaded"),
    ("ingest", "--sheet", ["{nte}", "--source", "nte", "--sheet", "one"], "have no sheets"),
    ("ingest", "--name-column", ["{nte}", "--source", "nte", "--name-column", "n"], "--source areas"),
    ("ingest", "--name-column", ["f", "--source", "footfall", "--name-column", "n"], "--source areas"),
    (
        "ingest",
        "--value-column",
        ["{areas}", "--source", "areas", "--value-column", "n"],
        "footfall or population",
    ),
    ("fetch", "--month", ["boundaries", "--month", "2022-01"], "police and police-area"),
    ("fetch", "--area", ["police", "--month", "2022-01", "--area", "SB01"], "police-area and streets"),
    ("fetch", "--address", ["streets", "--area", "SB01", "--address", "x"], "without --area"),
    ("streets", "--clip", ["--clip", "SB01"], "Name an extract"),
    ("streets", "--download", ["{pbf}", "--clip", "SB01", "--download"], "one of the two"),
    ("lighting", "--council", ["--council", "Stonebridge"], "name one"),
    ("lighting", "--out", ["--out", "differs.csv"], "name one"),
    ("count", "--baseline", ["--monthly", "--baseline", "area"], "no baseline"),
    ("trends", "--freq", ["--freq", "week"], "--emerging"),
    ("trends", "--baseline", ["--baseline", "area"], "--emerging"),
    ("trends", "--since", ["--before", "a", "--after", "b", "--since", "2022-01-01"], "which days"),
    ("trends", "--emerging", ["--before", "a", "--after", "b", "--emerging"], "leave it out"),
    ("validate", "--area", ["--self", "--area", "SB04"], "layers of its own"),
    ("validate", "--out", ["--self", "--out", "kept.csv"], "layers of its own"),
    ("scenario new", "--hours", ["Gate", "--light", "0", "--hours", "22:00-06:00"], "add --close"),
    ("demo", "--port", ["--no-serve", "--port", "9000"], "Nothing is served"),
]


@pytest.mark.parametrize(("command", "option", "words", "remedy"), IDLE)
def test_an_option_that_would_change_nothing_is_refused(
    command, option, words, remedy, refused, town, tmp_path
):
    mapping = tmp_path / "ours.toml"
    mapping.write_text("")
    files = {"areas": town.areas_geojson, "nte": town.nte_csv, "pbf": town.streets_pbf, "mapping": mapping}
    told = refused(option, [*command.split(), *(word.format(town=town.folder, **files) for word in words)])
    assert told.startswith(f"{option}: This option would change nothing here.")
    assert remedy in told


@pytest.mark.parametrize(
    ("command", "parts"),
    [(name, {"--area", "--resolution", "--baseline"}) for name in ("routes", "reach", "corridors")]
    + [
        (f"scenario {verb}", {"--area", "--resolution", "--baseline", "--found-by", "--kind"})
        for verb in ("show", "compare")
    ]
    + [("evaluate", {"--since", "--until", "--resolution", "--baseline"})]
    + [("surface", {"--baseline"}), ("agreement", {"--source"})],
)
def test_parts_of_the_question_that_play_no_part_are_not_offered(command, parts, refused):
    assert not parts & {option for name, option, _ in OPTIONS if name == command}
    for part in parts:
        assert f"No such option: {part}" in refused(part, [*command.split(), part, "8"])


TWICE = ["--out", "one.csv", "--out", "./one.csv"]
UNWRITABLE = [
    (TWICE, "One file cannot hold two answers. Name each file once."),
    (["--out", "one.shp"], "Nothing is written in this kind of file. Choose from: .csv."),
    (["--out", "folder.csv"], "This is a folder, and a file is to be written."),
    (["--out", "taken/one.csv"], "A file stands where a folder is needed."),
]


@pytest.mark.parametrize(("words", "says"), UNWRITABLE)
def test_files_that_could_not_be_written_are_refused_before_the_work(words, says, refused, tmp_path):
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "folder.csv").mkdir()
    assert says in refused("--out", ["count", *words, "--store", "there-is-no-store"])


@pytest.mark.parametrize("address", ["s3://bucket/x", "abfss://lake/x", "file:///x", "hdfs://x", "gs://x"])
@pytest.mark.parametrize("given", ["option", "environment"])
def test_a_store_is_no_address(address, given, refused, monkeypatch, town):
    ingest = ["ingest", town.nte_csv, "--source", "nte"]
    if given == "environment":
        monkeypatch.setenv("SAFESPACE_STORE", address)
        assert "A store is a folder, not an address." in refused("store", ingest)
    else:
        told = refused("--store", [*ingest, "--store", address])
        assert "Name a folder of this machine" in told


# ---- --check ------------------------------------------------------------------------------------------

CODES = "mnemonic,total\nSB01,1200\nSB02,900\nE09,5\n"
COUNTS = "lsoa_code,crime_count\nSB01,12\nSB02,9\n"
MATCHES = "name,kind,starts,ends\nCup final,match,2022-01-28,\n"
STOPS = "ATCOCode,CommonName,Longitude,Latitude,StopType\n43000001,High Street,-1.66,52.31,BCT\n"
FOOTFALL = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"people":7},'
    '"geometry":{"type":"Point","coordinates":[-1.66,52.31]}}]}'
)
POLICE = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context\n"
    ",2022-01,A Force,A Force,-1.66,52.31,On or near High Street,E01000001,Town 1A,Anti-social behaviour,,\n"
)
LAYER_FILES = {
    "areas": ("areas.geojson", None, "areas would be loaded from areas.geojson: 0 new, and"),
    "stops": ("stops.csv", STOPS, "1 stops would be loaded from stops.csv: 1 new, and 0 in place"),
    "calendar": ("matches.csv", MATCHES, "1 match"),
    "residents": ("residents.csv", CODES, "2,100 residents in 2 loaded areas. 1 codes are of no loaded area"),
    "recorded_counts": ("counts.csv", COUNTS, "21 recorded counts in 2 loaded areas."),
    "footfall": ("footfall.geojson", FOOTFALL, "7 in 1 points"),
    "population": ("population.geojson", FOOTFALL, "7 in 1 points"),
}


def layer_file(source, folder, town):
    name, text, _ = LAYER_FILES[source]
    path = folder / name
    path.write_text(text) if text else shutil.copy(town.areas_geojson, path)
    more = ["--value-column", "people"] if source in ("footfall", "population") else []
    return [path, "--source", source, *more]


def test_every_layer_is_tried():
    assert set(LAYER_FILES) == set(pipeline.layer_kinds())


@pytest.mark.parametrize("source", LAYER_FILES)
def test_a_check_of_a_layer_tells_and_writes_nothing(source, run, tmp_path, town, held):
    words = ["ingest", *layer_file(source, tmp_path, town), "--check", "--store", held]
    before = hash_of(held), hash_of(tmp_path)
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert LAYER_FILES[source][2] in " ".join(out.split())
    assert "Checked only: nothing was loaded." in out
    assert (hash_of(held), hash_of(tmp_path)) == before


@pytest.mark.parametrize("source", LAYER_FILES)
def test_loading_the_same_layer_changes_the_store(source, run, tmp_path, town, held):
    """A check that is told apart by nothing would pass the test above."""
    store = tmp_path / "store"
    shutil.copytree(held, store)
    before = hash_of(store)
    code, _, err = run("ingest", *layer_file(source, tmp_path, town), "--store", store)
    assert (code, err) == (0, "")
    assert hash_of(store) != before


@pytest.mark.parametrize("source", SOURCES)
def test_a_check_of_reports_writes_nothing(source, run, tmp_path, town, held):
    file = getattr(town, f"{source}_csv", tmp_path / "2022-01-street.csv")
    if not file.exists():
        file.write_text(POLICE)
    before = hash_of(held), hash_of(tmp_path)
    code, out, err = run("ingest", file, "--source", source, "--check", "--store", held)
    assert (code, err) == (0, "")
    assert "Checked only: nothing was loaded." in out
    assert (hash_of(held), hash_of(tmp_path)) == before


def test_a_check_makes_no_store(run, tmp_path, town):
    for source in ("areas", "stops", "calendar", "footfall"):
        code, _, err = run(
            "ingest", *layer_file(source, tmp_path, town), "--check", "--store", tmp_path / "new"
        )
        assert (code, err) == (0, "")
    assert not (tmp_path / "new").exists()


def test_the_tables_are_of_options_that_exist():
    every = {(name, option) for name, option, _ in OPTIONS}
    assert set(IMPOSSIBLE) == {option for _, option in set(VALUED) - set(ANYTHING)}
    assert {*ALONE, *FOLDERS, *ANYTHING} <= every
