"""Options are honoured: another possible value of every option of every command changes the answer."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from awkward_server import Awkward, Step, serving
from commands import COMMANDS, FLAGS, OPTIONS
from typer.testing import CliRunner

from safespace import cli, pipeline
from safespace.pipeline.networks import require_streets
from safespace.settings import load_settings
from safespace.streets import labels
from safespace.streets.graph import UNLIT

WALK = "Stonebridge Bus Station > Barge Hall"
ENDS = ("--from", "Stonebridge Bus Station", "--to", "Barge Hall")
PERIODS = ("--before", "2025-09-01:2025-11-30", "--after", "2026-03-01:2026-05-31")
COARSE = ("--resolution", "8")
NTE = ("--source", "nte")
AUGUST = (*NTE, "--since", "2026-08-01")
TWO = ("{files}/synthetic_two.csv", "--source", "streetsafe")
BOOK = ("{files}/synthetic_book.xlsx", "--source", "streetsafe", "--sheet", "First")
FOOTFALL = ("{files}/footfall.geojson", "--source", "footfall", "--value-column", "people")
AREAS = ("{files}/areas.geojson", "--source", "areas", "--name-column", "name")
TABLE = ("{files}/lighting.csv",)

# What is usually asked. {town} and {files} are folders of files, {load} a load of the store, {server} an address.
USUAL: dict[str, tuple[str, ...]] = {
    "ingest": ("{town}/synthetic_spiking.csv", "--source", "spiking"),
    "fetch": ("police-area", "--month", "2022-01", "--area", "SB01"),
    "mapping": ("{town}/synthetic_streetsafe.csv", "--source", "streetsafe"),
    "rollback": ("{load}",),
    "tidy": ("--older-than-h", "0"),
    **dict.fromkeys(("hotspots", "surface", "agreement", "clusters", "brief"), COARSE),
    "validate": ("--resolution", "7"),
    "routes": ENDS,
    "reach": ("--from", "Barge Hall"),
    "improve": ("--walk", WALK),
    "corridors": ENDS,
    "evaluate": ("--area", "SB04", "--control", "SB05", "--changed", "2026-03-01"),
    "scenario new": ("Tried", "--light", "0"),
    "scenario show": ("Tried", "--walk", WALK),
    "scenario compare": ("Tried", "--walk", WALK),
    "scenario undo": ("Tried",),
    "scenario delete": ("Tried",),
}
# What is asked instead, where the option is used only beside others or shows only there.
BESIDE: dict[tuple[str, str], tuple[str, ...]] = {
    ("town", "--within"): ("--streets-of", "{town}/synthetic_town.osm.pbf"),
    ("ingest", "--source"): FOOTFALL,
    ("ingest", "--mapping"): TWO,
    ("ingest", "--sheet"): BOOK,
    ("ingest", "--name-column"): AREAS,
    ("ingest", "--value-column"): FOOTFALL,
    ("ingest", "--check"): ("{files}/synthetic_two.csv", "--source", "streetsafe"),
    ("ingest", "--name"): TWO,
    ("fetch", "--address"): ("boundaries",),
    ("mapping", "--sheet"): BOOK,
    ("streets", "--clip"): ("{town}/synthetic_town.osm.pbf",),
    ("streets", "--download"): ("{town}/synthetic_town.osm.pbf", "--clip", "SB01"),
    ("lighting", "--council"): TABLE,
    ("lighting", "--out"): TABLE,
    ("trends", "--before"): PERIODS,
    ("trends", "--after"): PERIODS,
    ("trends", "--freq"): ("--emerging",),
    ("trends", "--resolution"): ("--emerging",),
    ("trends", "--baseline"): ("--emerging", *NTE, *COARSE),
    ("clusters", "--timed"): (*NTE, "--since", "2026-01-01"),
    ("hotspots", "--weights"): (*NTE, *COARSE, "--kind", "robbery-and-theft-from-the-person"),
    ("surface", "--window"): (*COARSE, "--having", "lighting"),
    ("scenario new", "--hours"): ("Tried", "--close", "0"),
    **{
        (name, option): (*USUAL.get(name, ()), *(NTE if name != "agreement" else ()))
        for name, option, _ in OPTIONS
        if option in {"--found-by", "--kind"}
    },
    **{(name, option): AUGUST for name in ("trends", "clusters") for option in ("--found-by", "--kind")},
    # cells of one area are enough only where they are small
    **{
        (name, "--area"): () for name in ("hotspots", "surface", "agreement", "clusters", "validate", "brief")
    },
    ("validate", "--baseline"): COARSE,
}
# Another value that each option can have: the same for every command, unless the command is named.
OTHER: dict[str | tuple[str, str], str] = {
    "--address": "{server}/other.geojson",
    "--after": "2026-04-01:2026-06-30",
    "--area": "SB04",
    "--at": "Mon 12:00",
    "--baseline": "area",
    "--before": "2025-10-01:2025-12-30",
    "--bound-s": "0",
    "--budget-m": "100",
    "--budget-pounds": "9000",
    "--budget-segments": "2",
    "--calendar": "not-bank-holiday",
    "--camera": "1",
    "--changed": "2026-02-01",
    "--clear": "1",
    "--clip": "SB04",
    "--close": "1",
    "--control": "SB06",
    "--council": "Stonebridge",
    "--days": "90",
    "--factor": "Badly lit",
    "--forget": "1",
    "--found-by": "all",
    "--freq": "quarter",
    "--from": "Foundry",
    "--from-file": "{files}/spots.csv",
    "--having": "lighting",
    "--hours": "22:00-06:00",
    "--kind": "violence",
    "--later": "5",
    "--light": "1",
    "--mapping": "{files}/mapping.toml",
    "--method": "dbscan",
    "--minutes": "5",
    "--month": "2022-02",
    "--name": "other",
    "--name-column": "ward",
    "--older-than-h": "24",
    "--out": "answer.csv",
    "--port": "8765",
    "--rejects": "rejects.csv",
    "--resolution": "7",
    "--save": "Saved",
    "--seed": "7",
    "--sheet": "Second",
    "--shown": "5",
    "--since": "2026-03-01",
    "--source": "nte",
    "--store": "other",
    "--streets-of": "{town}/synthetic_town.osm.pbf",
    "--to": "Foundry",
    "--to-file": "{files}/spots.csv",
    "--trade-off": "3",
    "--until": "2026-02-28",
    "--value-column": "dogs",
    "--walk": "Foundry > Barge Hall",
    "--walks": "{files}/walks.csv",
    "--window": "night",
    "--weights": "{town}/synthetic_harm_weights.csv",
    "--within": "{files}/one.geojson",
    ("ingest", "--source"): "population",
    ("fetch", "--area"): "SB02",
    ("evaluate", "--area"): "SB03",
    ("clusters", "--area"): "SB03",
    ("clusters", "--source"): "spiking",
    ("validate", "--resolution"): "8",
    ("trends", "--source"): "spiking",
    ("validate", "--source"): "spiking",
    ("validate", "--freq"): "week",
    ("validate", "--since"): "2025-10-01",
    ("validate", "--until"): "2026-06-30",
    ("mapping", "--out"): "other.toml",
    **{(name, "--out"): "other" for name in ("town", "brief", "demo", "docs")},
}
# Where one option takes the place of others.
INSTEAD: dict[tuple[str, str], tuple[str, ...]] = {
    ("streets", "--download"): ("--clip", "SB01", "--download"),
}
# What is done first, and what is looked at afterwards, of a store that the command changes.
FIRST: dict[str | tuple[str, str], tuple[str, ...]] = {
    "tidy": ("rollback", "{load}"),
    ("fetch", "--refresh"): ("fetch", *USUAL["fetch"]),
    ("lighting", "--forget"): ("lighting", *TABLE),
}
AFTERWARDS = {
    "ingest": ("catalog", "loads"),
    "rollback": ("loads",),
    "fetch": (),
    "tidy": (),
    "streets": (),
    "lighting": ("lighting",),
    "improve": ("scenario list",),
    **dict.fromkeys(("scenario new", "scenario undo", "scenario delete"), ("scenario list",)),
}
# Where words change and no figure does.
IN_WORDS: dict[tuple[str, str], str] = {
    ("ingest", "--source"): "one amount in one point is loaded as another layer",
    ("ingest", "--name-column"): "the catalog names the same areas otherwise",
    ("ingest", "--value-column"): "the amount loaded is told in a sentence",
    ("ingest", "--name"): "a load is listed by its name",
    ("fetch", "--store"): "the same file lies in another folder",
    ("scenario new", "--hours"): "hours are listed as times of day",
    ("validate", "--baseline"): "which ground is higher, told in a sentence; the orders compared may agree",
}
UNCHANGED: dict[tuple[str, str], str] = {
    **{
        (name, option): "the same counts from either engine are the promise: tests/pipeline/test_engines.py"
        for name, option, _ in OPTIONS
        if option == "--engine"
    },
    ("validate", "--self"): "half a minute of made-up layers: tests/test_cli.py runs it",
}
HANDED_ON = {(name, option) for name, option, _ in OPTIONS if name in {"demo", "app"}}
REPEATED = {"--light", "--camera", "--clear", "--close"}
MADE_NOW = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\b[0-9a-f]{12,64}\b|127\.0\.0\.1:\d+|\b\d+\.\d s\b"
)
CRIME = {
    "category": "violent-crime",
    "persistent_id": "",
    "month": "2022-01",
    "context": "",
    "location_type": "Force",
    "outcome_status": None,
    "location": {"longitude": "-1.6463", "latitude": "52.3303", "street": {"id": 7, "name": "A"}},
}
OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6"><node id="1" lat="{y}" lon="{x}"/><node id="2" lat="{north}" lon="{x}"/>
<way id="5"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>
"""


class Answer(NamedTuple):
    """What a command said and wrote: its figures apart from its words."""

    figures: Any
    words: str
    files: dict[str, str]


def figures(value: Any) -> Any:
    """Return a document without its texts and how it was made, which repeat the question."""
    if isinstance(value, dict):
        return {name: figures(one) for name, one in value.items() if name not in {"method", "scan_method"}}
    if isinstance(value, list):
        return [figures(one) for one in value]
    return None if isinstance(value, str) else value


@pytest.fixture(scope="module")
def server(town):
    """Return a server whose answers are other for other questions."""

    areas = gpd.read_file(town.areas_geojson).set_index("area_id")
    inside = areas.geometry["SB01"].representative_point()

    def answer(path: str, sent: bytes) -> Step:
        if "interpreter" in path:
            return Step(body=OSM.format(x=inside.x, y=inside.y, north=inside.y + 0.0004).encode())
        number = zlib.crc32(path.encode() + sent)
        crimes = [CRIME | {"id": number + more} for more in range(1 + number % 97)]
        return Step(body=json.dumps(crimes).encode())

    with serving(Awkward(answer=answer)) as awkward:
        yield awkward


@pytest.fixture(scope="module")
def files(town, town_settings, tmp_path_factory):
    """Return a folder of small files that options name."""
    folder = tmp_path_factory.mktemp("files")
    rows = (
        pd.read_csv(town.streetsafe_csv)
        .iloc[::2]
        .reset_index(drop=True)
        .assign(lat2=lambda one: one["latitude"].where(one.index > 4))
    )
    rows["reference"] = rows["reference"] + "-T"
    rows.to_csv(folder / "synthetic_two.csv", index=False)
    (folder / "mapping.toml").write_text('[columns]\nlatitude = "lat2"\n')
    with pd.ExcelWriter(folder / "synthetic_book.xlsx") as book:
        rows.drop(columns="lat2").to_excel(book, sheet_name="First", index=False)
        rows.head(9).rename(columns={"reporter": "who"}).to_excel(book, sheet_name="Second", index=False)
    point = gpd.GeoDataFrame({"people": [7], "dogs": [3]}, geometry=[shapely.Point(-1.646, 52.33)], crs=4326)
    point.to_file(folder / "footfall.geojson")
    areas = gpd.read_file(town.areas_geojson)
    areas.assign(ward=areas["name"] + " ward").to_file(folder / "areas.geojson")
    areas[areas["area_id"] == "SB04"].to_file(folder / "one.geojson")
    lighting_file(require_streets(town_settings)).to_csv(folder / "lighting.csv", index=False)
    (folder / "walks.csv").write_text("from,to,people\nFoundry,Lock Hall,3\n")
    (folder / "spots.csv").write_text("name,lon,lat\nHere,-1.6463,52.3303\n")
    return folder


def lighting_file(graph):
    """Return streets said to be lit, some of the walk and one mapped as unlit: by way, and by a lamp column."""
    walked = np.flatnonzero(np.isin(labels(graph), ["Halls Walk", "Candle Close"]))
    edges = [*walked, np.flatnonzero(graph.lit == UNLIT)[0]]
    at = graph.u[edges]
    ways = pd.DataFrame(
        {"way_id": graph.way_id[edges], "lit": "yes", "lon": graph.lon[at], "lat": graph.lat[at]}
    )
    return ways.assign(column_id=np.arange(len(ways))).drop_duplicates("way_id")


@pytest.fixture(scope="module")
def stores(town_settings, files, tmp_path_factory):
    """Return a folder of two stores that differ in all that commands read."""
    folder = tmp_path_factory.mktemp("stores")
    for name in ("store", "other"):
        shutil.copytree(town_settings.store, folder / name)
        settings = load_settings(store=folder / name)
        if name == "other":
            differ(settings, files)
        changes = {"light": ["86"], "close": ["879", "3609"]}  # on the walk of the usual question
        pipeline.make_scenario("Tried", settings, changes=changes, closed_hours="22:00-06:00")
    return folder


def differ(settings, files):
    """Make a store differ: fewer reports, a load taken back and not tidied, more lit, another scenario."""
    pipeline.roll_back(load_of(settings, "streetsafe"), settings)
    pipeline.ingest([files / "synthetic_two.csv"], source="streetsafe", settings=settings)
    pipeline.ingest_layer([files / "areas.geojson"], layer="areas", settings=settings)
    pipeline.state_lighting(files / "lighting.csv", settings=settings)
    pipeline.make_scenario("Beside", settings, changes={"close": ["1"]})


def load_of(settings, source):
    loads = pipeline.list_loads(settings)
    return loads.loc[loads["files"].str.contains(source), "load_id"].iloc[0]


@pytest.fixture
def ask(town, files, stores, server, tmp_path, monkeypatch):
    """Ask a command in a folder of its own; give what it said, and every file it wrote there."""
    for name, value in {
        "POLICE_API": "api/",
        "OVERPASS": "interpreter",
        "BOUNDARIES": "usual.geojson",
    }.items():
        monkeypatch.setenv(f"SAFESPACE_FETCH__{name}", f"{server.address}/{value}")
    monkeypatch.setenv("SAFESPACE_FETCH__REQUESTS_PER_S", "100")
    monkeypatch.setenv("SAFESPACE_HOTSPOTS__RATES", "cells")  # the quick ones: options are asked, not rates
    load = load_of(load_settings(store=stores / "store"), "spiking")
    known = {"town": town.folder, "files": files, "server": server.address, "load": load}

    def ask(command, words, first=(), *, plain=False):
        where = Path(tempfile.mkdtemp(dir=tmp_path))
        monkeypatch.chdir(where)
        for name in ("store", "other"):
            if command in AFTERWARDS:
                shutil.copytree(stores / name, name)
            else:
                Path(name).symlink_to(stores / name)
        words, first = ([word.format(**known) for word in some] for some in (words, first))
        if first:
            said(first[0], first[1:], store_of(words))
        told = [said(command, words, plain=plain)]
        told += [said(one, (), store_of(words)) for one in AFTERWARDS.get(command, ())]
        return Answer(figures(told), MADE_NOW.sub("", str(told)), written(where))

    return ask


def store_of(words):
    return words[words.index("--store") + 1] if "--store" in words else "store"


def said(command, words, store="store", *, plain=False):
    """Return what a command said, as a document unless it is to be plain or never is one."""
    parts = {part.name for part in COMMANDS[command].params}
    more = ["--store", store] if "store" in parts and "--store" not in words else []
    more += ["--json"] if "as_json" in parts and "--json" not in words and not plain else []
    ended = CliRunner().invoke(cli.app, [*command.split(), *words, *more])
    assert ended.exit_code == 0, ended.output or ended.exception
    with contextlib.suppress(ValueError):
        return json.loads(ended.stdout)
    return ended.stdout


def written(folder):
    """Return the files of a folder and what is in those whose bytes are the same each time."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if name.startswith(("store/", "other/")):
            continue
        if path.suffix == ".json":
            found[name] = figures(json.loads(path.read_text()))
        elif path.suffix in {".csv", ".toml"}:
            found[name] = path.read_text()
        else:
            found[name] = None
    return found


def with_option(words, command, option):
    """Return the words with the option set to another value, in place of the one there is."""
    if (command, option) in FLAGS:
        return (*words, option)
    value = OTHER.get((command, option), OTHER.get(option))
    if option in words and option not in REPEATED:
        at = words.index(option)
        return (*words[:at], option, value, *words[at + 2 :])
    return (*words, option, value)


ASKED: dict[tuple[Any, ...], Answer] = {}


def usual(ask, command, words, first, *, plain=False):
    """Return the answer to the usual question, asked once."""
    key = (command, *words, "first", *first, plain)
    if key not in ASKED:
        ASKED[key] = ask(command, words, first, plain=plain)
    return ASKED[key]


@pytest.mark.parametrize(
    "words",
    [
        ("hotspots", *COARSE),
        ("surface", *COARSE),
        ("agreement", *COARSE),
        ("clusters", *COARSE),
        ("trends", "--emerging"),
        ("trends", *PERIODS),
        ("routes", *ENDS),
        ("reach", "--from", "Barge Hall"),
        ("improve", "--walk", WALK, "--bound-s", "0"),
        ("corridors", *ENDS),
        ("evaluate", *USUAL["evaluate"]),
    ],
)
def test_an_answer_for_machines_carries_its_method(words, stores):
    told = said(words[0], words[1:], str(stores / "store"))
    assert isinstance(told["method"], dict)
    assert told["method"]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["app"], {"port": 8501, "store": "safespace-data"}),
        (["app", "--port", "8765", "--store", "other"], {"port": 8765, "store": "other"}),
        (["demo"], {"seed": 2022, "out": "demo-output", "port": 8501, "store": "demo-output/store"}),
        (["demo", "--seed", "7", "--out", "d"], {"seed": 7, "out": "d", "port": 8501, "store": "d/store"}),
        (
            ["demo", "--port", "8765"],
            {"seed": 2022, "out": "demo-output", "port": 8765, "store": "demo-output/store"},
        ),
        (["demo", "--no-serve"], {"seed": 2022, "out": "demo-output"}),
    ],
)
def test_what_is_served_and_shown_is_what_was_said(words, given, monkeypatch, tmp_path):
    """The demo and the server have tests of their own: here that each option reaches them."""
    told: dict[str, Any] = {}

    def run_demo(out, *, seed, settings, say):
        assert settings.store == out / "store"
        told.update(out=str(out), seed=seed)
        return {}

    def serving_of(settings, *, port):
        told.update(store=str(settings.store), port=port)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("safespace.pipeline.run_demo", run_demo)
    monkeypatch.setattr("safespace.app.serve.serve", serving_of)
    assert CliRunner().invoke(cli.app, words).exit_code == 0
    assert told == given


TRIED = sorted({(name, option) for name, option, _ in OPTIONS} - set(UNCHANGED) - set(HANDED_ON))


@pytest.mark.parametrize(("command", "option"), TRIED)
def test_another_possible_value_changes_the_answer(command, option, ask):
    words = BESIDE.get((command, option), USUAL.get(command, ()))
    first = FIRST.get((command, option), FIRST.get(command, ()))
    before = usual(ask, command, words, first, plain=option == "--json")
    after = ask(command, INSTEAD.get((command, option)) or with_option(words, command, option), first)
    told = (lambda one: one) if (command, option) in IN_WORDS else (lambda one: (one.figures, one.files))
    assert told(before) != told(after)


@pytest.mark.parametrize("command", sorted({command for command, _ in TRIED}))
def test_the_same_question_has_the_same_answer(command, ask):
    words, first = USUAL.get(command, ()), FIRST.get(command, ())
    assert ask(command, words, first) == usual(ask, command, words, first)


def test_the_tables_are_of_options_that_exist():
    every = {(name, option) for name, option, _ in OPTIONS}
    assert {*BESIDE, *INSTEAD, *IN_WORDS, *UNCHANGED, *HANDED_ON} <= every
    assert {key for key in OTHER if isinstance(key, str)} <= {option for _, option in every}
    assert {key for key in OTHER if isinstance(key, tuple)} <= every
