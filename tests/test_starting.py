"""Starting costs what is used: importing the house, and asking for help, load none of the large libraries."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

import safespace
from safespace.cli import pages
from safespace.cli.verbs import VERBS, Later

HEAVY = ("numba", "scipy.stats", "sklearn", "hdbscan", "matplotlib", "folium", "streamlit", "pydeck", "osmnx")
LARGE = (*HEAVY, "geopandas", "shapely", "duckdb", "deltalake", "osmium", "typst", "pyspark")
ROOMS = tuple(f"safespace.{part.name}" for part in pkgutil.iter_modules(safespace.__path__) if part.ispkg)
COMMANDS = [name for name, _ in pages._commands({v.name: Later(v).read() for v in VERBS})]


def loaded_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after some code."""
    told = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(told.stdout.splitlines()[-1]))


def asked_for_help(*words: str) -> str:
    return f"from safespace.cli import app\ntry:\n    app({[*words, '--help']!r})\nexcept SystemExit: pass"


def test_importing_the_house_loads_no_large_library():
    assert not loaded_after("import safespace") & {*LARGE, "pandas", "numpy", "pydantic", "typer"}


def test_help_for_all_commands_loads_no_large_library():
    assert not loaded_after(asked_for_help()) & {*LARGE, "pandas", "numpy", "pydantic"}


def test_help_for_any_one_command_loads_no_large_library():
    asked = "\n".join(asked_for_help(*command.split()) for command in COMMANDS)
    assert not loaded_after(asked) & set(LARGE)


def test_asking_for_one_name_loads_what_it_needs_only():
    """Naming a large library in vain would let the tests above pass whatever is imported."""
    loaded = loaded_after("from safespace.hotspots import find_hotspots")
    assert {"scipy.stats", "pandas"} <= loaded
    assert not loaded & {"matplotlib", "streamlit", "osmnx", "hdbscan"}


def processor_seconds(*words: str) -> float:
    resource = pytest.importorskip("resource", reason="there is no processor time of children to read here")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_starting_takes_less_than_importing_geopandas():
    """Processor time in turns, the median of five: other work on the machine cancels out."""
    asked = {
        "geopandas": ("-c", "import geopandas"),
        "import": ("-c", "import safespace"),
        "help": ("-m", "safespace", "--help"),
    }
    rounds = [{name: processor_seconds(*words) for name, words in asked.items()} for _ in range(5)]
    usual = {name: median(one[name] for one in rounds) for name in asked}
    assert usual["help"] < 1.5 * usual["geopandas"]
    assert usual["import"] < usual["geopandas"]


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_a_room_offers_is_there(room):
    """A name listed for type checkers only would be found missing by whoever uses it first."""
    held = importlib.import_module(room)
    missing = [name for name in getattr(held, "__all__", ()) if not hasattr(held, name)]
    assert not missing


@pytest.mark.parametrize("room", ROOMS)
def test_names_listed_for_type_checkers_are_the_names_offered(room):
    held = importlib.import_module(room)
    stub = Path(held.__file__).with_suffix(".pyi")
    if stub.exists():
        listed = stub.read_text(encoding="utf-8").partition("__all__ = ")[2]
        assert sorted(ast.literal_eval(listed)) == sorted(held.__all__)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_index_says_what_the_command_says(verb):
    assert inspect.cleandoc(Later(verb).read().help).splitlines()[0] == verb.sentence
