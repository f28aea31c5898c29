"""Every error's code and remedies, walked from the places where they are raised."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

import safespace
from safespace.cli.pages import _commands
from safespace.cli.problems import describe_errors, raised
from safespace.cli.verbs import VERBS, Later
from safespace.errors import FACES
from safespace.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = Path(safespace.__file__).parent
RAISED = raised()
COMMAND = re.compile(r"(?<![\w-])--[a-z][a-z-]*|\bsafespace (?!db\b)[a-z]+\b")
SETTING = re.compile(r"\b(?:hotspots|routes|improvement|limits|fetch)\.[a-z_]+")
FILED = re.compile(r"\.toml|\bTOML\b|SAFESPACE_|docs/|mapping file|under \[[a-z]+\]")
AT_THE_APP = re.compile(r"Data page|\babove[.:]|whoever runs this app|on the left|on the map")
OF_FUNCTIONS = re.compile(r"^Pass [a-z_]+\b|\b(value_column|name_column|counted_baseline)\b")


def remedies(face):
    """Return what a face may be told, with where: what only one face raises is told at no other."""
    own = {"cli": "app/", "app": "cli/", "library": ("app/", "cli/")}[face]
    return [
        (one, remedy.at(face)) for one in RAISED for remedy in one.remedies if not one.room.startswith(own)
    ]


def wrong(face, *patterns):
    return [
        f"{one.room}:{one.line} {text}"
        for one, text in remedies(face)
        for pattern in patterns
        if pattern.search(text)
    ]


def test_the_page_of_errors_is_up_to_date():
    assert (ROOT / "docs" / "errors.md").read_text() == describe_errors(), "run: make docs"


def test_every_error_has_a_code_of_its_own():
    assert [one for one in RAISED if not re.fullmatch(r"[a-z]+(-[a-z]+)+", one.code)] == []
    meanings = {}
    for one in RAISED:
        meanings.setdefault(one.code, set()).add((one.kind, one.what))
    assert {code: found for code, found in meanings.items() if len(found) > 1} == {}
    assert len(meanings) > 250


def test_every_error_says_what_can_be_done():
    assert {one.code for one in RAISED if not one.remedies} == {
        "walks-not-placed"
    }  # the errors it gathers say
    assert [one for one, text in remedies("library") if not text.strip()] == []


def test_the_app_is_told_of_nothing_that_only_the_command_line_has():
    assert wrong("app", COMMAND, SETTING, FILED, OF_FUNCTIONS) == []


def test_the_command_line_is_told_of_nothing_that_only_the_app_or_a_function_has():
    assert wrong("cli", AT_THE_APP, OF_FUNCTIONS) == []


def test_the_library_is_told_of_nothing_that_only_a_face_has():
    assert wrong("library", COMMAND, AT_THE_APP) == []


def test_what_would_be_enough_is_said_alike_at_every_face():
    """Answers quote these errors among their notes, which every face shows."""
    few = [remedy for one in RAISED if one.kind == "TooFewError" for remedy in one.remedies]
    assert len(few) > 20
    assert [remedy for remedy in few if len({remedy.at(face) for face in FACES}) > 1] == []


def options():
    found = dict(_commands({verb.name: Later(verb).read() for verb in VERBS}))
    return found, {name for command in found.values() for part in command.params for name in part.opts}


def test_remedies_name_commands_and_options_that_there_are():
    commands, known = options()
    firsts = {name.split()[0] for name in commands}
    named = [match for _, text in remedies("cli") for match in COMMAND.findall(text)]
    assert len(named) > 20
    assert {one for one in named if one.startswith("--")} - known == {"--help"}  # every command has it
    assert {one.removeprefix("safespace ") for one in named if one.startswith("safespace")} - firsts == set()


def test_remedies_name_settings_that_there_are():
    paths = {
        f"{section}.{name}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields
    }
    named = {match for face in FACES for _, text in remedies(face) for match in SETTING.findall(text)}
    assert named
    assert named <= paths


def sentences(tree):
    """Yield the texts of a module but for docstrings and what is said at the command line alone."""
    skipped = {
        id(part)
        for node in ast.walk(tree)
        for said in (
            [node.value]
            if isinstance(node, ast.Expr)
            else [keyword.value for keyword in node.keywords if keyword.arg == "cli"]
            if isinstance(node, ast.Call)
            else []
        )
        for part in ast.walk(said)
        if isinstance(part, ast.Constant)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped
    ]


@pytest.mark.parametrize(
    "room", sorted({path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")} - {"cli", "app"})
)
def test_no_sentence_below_the_faces_names_a_command(room):
    """A note is shown at every face: only the remedy for the command line may name commands and options."""
    inside = PACKAGE / room
    found = [
        f"{path.name}:{node.lineno} {node.value}"
        for path in ([inside] if inside.is_file() else sorted(inside.rglob("*.py")))
        for node in sentences(ast.parse(path.read_text(encoding="utf-8")))
        if COMMAND.search(node.value) and "\n" not in node.value  # a page, such as docs/formats.md
    ]
    assert found == []


def test_codes_that_the_code_asks_for_are_raised():
    asked = {
        value.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "code"
        for side in node.comparators
        for value in ast.walk(side)
        if isinstance(value, ast.Constant)
    }
    assert asked
    assert asked <= {one.code for one in RAISED}
