"""The index of commands: the name of each, where it is written, and the sentence people choose it by.

``safespace --help`` needs no more than these lines, so it imports none of the libraries that the commands
work with; a command is read from its module when it is called, or asked for its own help.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from safespace.cli.refusals import Command


class Verb(NamedTuple):
    """One line of the index; ``at`` is the module of this package and the name in it."""

    name: str
    at: str
    sentence: str
    hidden: bool = False


VERBS = (
    Verb(
        "town",
        "loading:town",
        "Write the made-up town: streets, areas, reports with realistic dirt, and the planted truth.",
    ),
    Verb(
        "ingest",
        "loading:ingest",
        "Load files: every row is accepted, repaired, held back or rejected with its reason, and the sums add up.",
    ),
    Verb(
        "fetch", "loading:fetch", "Fetch public data whole, or not at all: resumed, hashed, kept and paced."
    ),
    Verb(
        "mapping",
        "loading:mapping",
        "Guess which of a file's columns is which of ours, and write the guess down to be confirmed.",
    ),
    Verb(
        "catalog",
        "loading:catalog",
        "List what can be asked for: sources, reasons, areas, baselines, parts of the night, the calendar.",
    ),
    Verb("loads", "loading:loads", "List every load with its counts and whether it is in force."),
    Verb(
        "rollback",
        "loading:rollback",
        "Take a load out of force; the same files can be loaded again afterwards.",
    ),
    Verb(
        "tidy",
        "loading:tidy",
        "Erase files that no load in force needs: after a rollback, a load replaced, a loader that was killed.",
    ),
    Verb("count", "hotspots:count", "Count reports in every H3 cell of an area, zero cells included."),
    Verb(
        "hotspots",
        "hotspots:hotspots",
        "Find where reports are higher than usual, with intervals, against a named baseline.",
    ),
    Verb(
        "surface",
        "hotspots:surface",
        "Smooth events to a surface, and find where the mix differs: more of them about lighting, or at night.",
    ),
    Verb(
        "agreement",
        "hotspots:agreement",
        "Show where public reports and recorded incidents are both higher than usual, and where only one is.",
    ),
    Verb(
        "clusters",
        "hotspots:clusters",
        "Find where events lie close together: shapes, each with its probability and stability.",
    ),
    Verb(
        "trends",
        "hotspots:trends",
        "Tell how events went: by month with any steady rise and near repeats; or two periods; or what is new.",
    ),
    Verb(
        "validate",
        "hotspots:validate",
        "Choose places from the earlier periods and judge them on the later ones, beside simpler ways to choose.",
    ),
    Verb(
        "streets",
        "routes:streets",
        "Import streets, or show what is held: walkable kilometres by lighting, and what is disconnected.",
    ),
    Verb(
        "lighting",
        "routes:lighting",
        "State lighting where it is not mapped: street by street, or by a council's lamp columns.",
    ),
    Verb(
        "routes",
        "routes:routes",
        "Compare walking options between two points: length, lighting, reports nearby, and what to mend.",
    ),
    Verb(
        "reach",
        "routes:reach",
        "Say what lies within some minutes on foot of a place, and the shortest walk from it to each of many.",
    ),
    Verb("brief", "export:brief", "Write a two-page brief of an area, as PDF and HTML."),
    Verb(
        "improve",
        "improve:improve",
        "Rank the segments to light for a set of walks, within a budget, and say how near to the best that is.",
    ),
    Verb(
        "corridors",
        "improve:corridors",
        "Find the streets that walks between two sets of places share, the last 400 m of stops, and what to look at.",
    ),
    Verb(
        "evaluate",
        "export:evaluate",
        "Compare an area before and after a change with another area; weak claims are refused.",
    ),
    Verb(
        "demo",
        "export:demo",
        "Run the main job from start to end on the made-up town, say what to open, then serve the app.",
    ),
    Verb("app", "export:app_command", "Serve the app on 127.0.0.1 over the store; nobody else can reach it."),
    Verb(
        "scenario", "improve:scenario", "Make, keep, compare and take back scenarios: what would change if."
    ),
    Verb("docs", "pages:docs", "Regenerate the pages that are made from code.", hidden=True),
)


class Later(TyperCommand):
    """A command that is known by its line in the index until it is called."""

    def __init__(self, verb: Verb) -> None:
        super().__init__(verb.name, help=verb.sentence, hidden=verb.hidden, rich_markup_mode="markdown")
        self.verb = verb

    def read(self) -> Any:
        """Import the module the command is written in, and return the command itself."""
        module, name = self.verb.at.split(":")
        written = getattr(import_module(f"safespace.cli.{module}"), name)
        if isinstance(written, typer.Typer):
            return typer.main.get_group(written)
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        alone.command(name=self.verb.name, cls=Command)(written)
        return typer.main.get_command(alone)

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Start the command that is meant, which from here on takes this one's place."""
        return self.read().make_context(*args, **more)


class Index(TyperGroup):
    """All commands of the index, in its order."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for verb in VERBS:
            self.add_command(Later(verb))
