"""Every setting that shows in words shows as it is set: an 80 % interval is never printed as another."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

import safespace
from safespace import briefs, cli, pipeline
from safespace.app import decks, formatting, method, words
from safespace.briefs import exports
from safespace.pipeline.exposures import baseline_note
from safespace.settings import Settings, load_settings

LEVEL = re.compile(r"\b95 ?%")
# What each setting is set to, how the usual value shows, and how this one must.
SHOWN: dict[str, tuple[Any, str, str]] = {
    "hotspots.false_discovery_rate": (0.04, "discovery rate 5%", "discovery rate 4%"),
    "hotspots.interval": (0.8, "times its usual (95 % interval", "times its usual (80 % interval"),
    "hotspots.min_events": (4, "fewer than 3 events", "fewer than 4 events"),
    "hotspots.seed": (7, "together (seed 0)", "together (seed 7)"),
    "hotspots.same_event_m": (12.5, "within 30 m of each", "within 12.5 m of each"),
    "hotspots.premises_reach_m": (180.0, "each reaching 250 m", "each reaching 180 m"),
    "routes.walk_speed_m_per_s": (1.1, '"walk_speed_m_per_s": 1.3', '"walk_speed_m_per_s": 1.1'),
    "routes.snap_limit_m": (250.0, '"snap_limit_m": 300.0', '"snap_limit_m": 250.0'),
    "routes.decay_m": (40.0, "falling off over 50 m", "falling off over 40 m"),
    "routes.reach_m": (120.0, "ends at 150 m", "ends at 120 m"),
    "routes.detour_cap": (1.45, "Options up to 1.5 times", "Options up to 1.45 times"),
    "routes.options_shown": (3, '"options_shown": 4', '"options_shown": 3'),
    "routes.interval": (0.7, "lower end, 95 %", "lower end, 70 %"),
    "routes.resamples": (150, '"resamples": 200', '"resamples": 150'),
    "improvement.light_per_m": ((70.0, 170.0), "'low': 60.0", "'low': 70.0"),
    "improvement.light_each": ((10.0, 20.0), "'low_each': 0.0", "'low_each': 10.0"),
    "improvement.costs_from": ("a quotation of March", "(assumption, edit)", "(a quotation of March)"),
    "improvement.camera_each": ((6_000.0, 21_000.0), "'low': 5000.0", "'low': 6000.0"),
    "improvement.clear_each": ((300.0, 2_100.0), "'low': 200.0", "'low': 300.0"),
    "improvement.close_each": ((1_100.0, 10_100.0), "'low': 1000.0", "'low': 1100.0"),
    "improvement.unknown_prior": (0.125, "50% of it taken to be unlit", "12.5% of it taken to be unlit"),
    "improvement.unlit_price": (2.0, "An unlit metre counts as 2 m", "An unlit metre counts as 3 m"),
}
NOT_SHOWN = {
    "hotspots.rates": "told in the method as all cells together or each alone; set otherwise it would hide the seed",
    "hotspots.places_listed": "how long a list may be; a note counts what it leaves out, tested in test_places",
    "routes.lamp_reach_m": "settled when streets are imported; words say only that lamps are mapped nearby",
    "improvement.bound_s": "left out here, where each answer would take as long: tests/pipeline/test_improvement.py",
    "improvement.unknown_prior_by_highway": "no numbers unless set; tested beside the prices themselves",
    "limits": "sizes past which a file is refused, told in the refusal",
    "fetch": "how patiently files are fetched; no figure rests on it",
    "policies": "a profile names its own threshold wherever one is used",
    "night": "times of day, told as such",
    "zones": "times of day, told as such",
    "store": "where everything is read from; files written are named by their own path",
    "engine": "the same counts from either engine are the promise: tests/pipeline/test_engines.py",
    "time_zone": "moments are shown as the clock there shows them",
    "offence_groups": "a file, named beside every answer that asks for kinds: tests/pipeline/test_kinds.py",
}


def every(model: type[BaseModel], prefix: str = ""):
    """Return the dotted name of every setting."""
    for name, field in model.model_fields.items():
        kind, dotted = field.annotation, f"{prefix}{name}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from every(kind, f"{dotted}.")
        else:
            yield dotted


def changed(store: Path) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    for dotted, (value, *_) in SHOWN.items():
        section, name = dotted.split(".")
        sections.setdefault(section, {})[name] = value
    return load_settings(store=store, **sections)


def everything_said(settings: Settings, town: Any, tmp: Path) -> str:
    """Return the words of every output there is, of a finding, a walk, a brief and what to mend."""
    found = pipeline.find_places(pipeline.View(), settings)
    story = pipeline.tell_cell(found, int(found.places["core_cell"].iloc[0]), settings)
    names = pipeline.landmarks(settings)["name"].tolist()
    ends = (names[0], names[-1])
    plan = pipeline.plan_walk(*ends, pipeline.View(), settings)
    reach = pipeline.find_reach(ends[0], [10.0], pipeline.View(), settings, to=[ends[1]])
    brief = pipeline.brief_of(found, [plan], settings)
    mended = pipeline.improve([pipeline.Link(*ends)], settings, budget=pipeline.Budget(500.0), bound_s=0.0)
    linked = pipeline.find_corridors([ends[0]], [ends[1]], pipeline.View(), settings)
    place = next(found.places.itertuples(index=False))
    files = [
        pipeline.write_places(found, tmp / f"places.{kind}", settings) for kind in ("csv", "geojson", "html")
    ]
    files.append(exports.write_brief_data(brief, tmp / "brief.json"))
    said = [
        pipeline.places_table(found).to_csv(),
        json.dumps(pipeline.places_as_dict(found), default=str),
        *found.notes,
        *story.sentences,
        formatting.shares_in_words(story.shares, method=story.method).to_csv(),
        formatting.place_card(place, method=found.hotspots.method),
        decks.hex_map(found, None, picked=0, turn=0).to_json(),
        *words.shows(settings),
        *method.sections(settings).values(),
        plan.table.to_csv(),
        *plan.notes,
        json.dumps(pipeline.walk_as_dict(plan), default=str),
        formatting.option_cards(plan),
        reach.walks_table.to_csv(),
        json.dumps(pipeline.reach_as_dict(reach), default=str),
        briefs.to_html(brief),
        *mended.sentences(),
        str(mended.fixes.method.as_dict()),
        *linked.notes,
        str(asdict(linked.method)),
        *analysed(settings),
        baseline_note("premises", settings),
        str(pipeline.cost_table(settings)),
        *(path.read_text(encoding="utf-8-sig") for path in files),
    ]
    return "\n".join(said)


def analysed(settings: Settings) -> list[str]:
    """Return the words and methods of trends, new places, clusters and mixes, over the night's incidents."""
    view = pipeline.View(sources=("nte",), resolution=8)
    autumn, spring = ((date(2025, 9, 1), date(2025, 11, 30)), (date(2026, 3, 1), date(2026, 5, 31)))
    change = pipeline.find_change(view, settings)
    compared = pipeline.compare_periods(view, settings, before=autumn, after=spring)
    emerging = pipeline.find_emerging(view, settings)
    clusters = pipeline.find_clusters(view.but(sources=("streetsafe",)), settings)
    mix = pipeline.find_mix(view, settings, having="night")
    assert change.near_repeat is not None
    ways = (change.near_repeat, compared, emerging, clusters, mix.surface, mix.scan)
    return [
        *(str(asdict(one.method)) for one in ways),
        *(note for one in (change, compared, emerging) for note in one.notes),
        *(one.basis() for one in (clusters, mix)),
    ]


@pytest.fixture(scope="module")
def usual(town_settings, town, tmp_path_factory):
    return everything_said(town_settings, town, tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def other(town_settings, town, tmp_path_factory):
    return everything_said(changed(town_settings.store), town, tmp_path_factory.mktemp("other"))


def test_every_setting_is_shown_or_excused():
    names = set(every(Settings))
    excused = {name for name in names if name in NOT_SHOWN or name.split(".")[0] in NOT_SHOWN}
    assert names - excused == set(SHOWN)


@pytest.mark.parametrize("name", list(SHOWN))
def test_a_setting_shows_as_it_is_set(name, usual, other):
    _, old, new = SHOWN[name]
    assert old in usual  # or its absence below would say nothing
    assert new in other
    assert old not in other


def test_the_distance_of_events_is_the_one_they_were_loaded_with(other):
    assert "within 30 m, on the same day" in other
    assert '"same_event_m": [30.0]' in other
    assert "within 12.5 m, on" not in other


METHODS = {  # parts of the methods of answers, as usual and as set
    "near repeats": ("'permutations': 999, 'interval': 0.95", "'permutations': 999, 'interval': 0.8"),
    "two periods": (
        "{'interval': 0.95, 'false_discovery_rate': 0.05, 'dispersion': ",
        "{'interval': 0.8, 'false_discovery_rate': 0.04, 'dispersion': ",
    ),
    "what is new": (
        "'baseline': 'length of walkable street', 'false_discovery_rate': 0.05",
        "'baseline': 'length of walkable street', 'false_discovery_rate': 0.04",
    ),
    "corridors": ("'snap_limit_m': 300.0, 'near_m'", "'snap_limit_m': 250.0, 'near_m'"),
    "fixes": ("'unlit_price': 1.0, 'priors'", "'unlit_price': 2.0, 'priors'"),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_method_of_an_answer_holds_what_was_set(name, usual, other):
    old, new = METHODS[name]
    assert (old in usual, new in usual) == (True, False)
    assert (old in other, new in other) == (False, True)


def test_no_interval_is_printed_as_another(other):
    levels = set(re.findall(r"([\d.]+) ?% intervals?\b|intervals ([\d.]+)%", other))
    assert {one or two for one, two in levels} == {"80", "70"}


def test_the_terminal_says_the_interval_in_force(town_settings, monkeypatch):
    monkeypatch.setenv("SAFESPACE_HOTSPOTS__INTERVAL", "0.8")
    said = CliRunner().invoke(cli.app, ["hotspots", "--shares", "--store", str(town_settings.store)])
    assert said.exit_code == 0, said.output
    assert "Shares of events, with 80 % intervals" in said.output
    assert "intervals 80%" in said.output
    assert not LEVEL.search(re.sub(r"\d+ of \d+", "", said.output))


def test_no_code_writes_a_level_of_its_own():
    root = Path(safespace.__file__).parent
    seen = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sorted(root.rglob("*.py"))
        for node in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if LEVEL.search(node.value)
    ]
    pages = [
        path
        for kind in ("html", "js", "typ")
        for path in root.rglob(f"*.{kind}")
        if "leaflet" not in path.parts
    ]
    seen += [path.name for path in pages if LEVEL.search(path.read_text(encoding="utf-8"))]
    assert seen == []


def _texts(tree: ast.Module):
    """Return the texts of a module that are not docstrings."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body[0] for node in ast.walk(tree) if isinstance(node, holders) and node.body]
    docstrings = {id(one.value) for one in bodies if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def test_the_search_for_levels_would_find_one():
    tree = ast.parse('"""95 % in a docstring."""\nheading = f"{1} 95 % interval"\n')
    assert [bool(LEVEL.search(node.value)) for node in _texts(tree)] == [True]
    assert pd.Series(["lower end, 95 %"]).str.contains(LEVEL).all()
