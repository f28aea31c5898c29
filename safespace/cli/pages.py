"""The pages of the documentation that are written from code."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

from safespace import pipeline
from safespace.cli.printing import wrote_files
from safespace.cli.problems import describe_errors
from safespace.cli.question import out_folder
from safespace.cli.verbs import VERBS, Later


def docs(out: Annotated[Path, out_folder("The docs folder.")] = Path("docs")) -> None:
    """Regenerate the pages that are made from code.

    Example: `safespace docs --out docs`
    """
    pages = {
        "formats.md": pipeline.describe_formats(),
        "cli.md": describe_commands(),
        "errors.md": describe_errors(),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    wrote_files([out / name for name in pages])


def describe_commands() -> str:
    """Return the page that lists every command with its options, written from the commands themselves."""
    read = {verb.name: Later(verb).read() for verb in VERBS if not verb.hidden}
    told = [_describe(name, command) for name, command in _commands(read)]
    return "\n".join(
        ["# Commands", "", "Written from the commands by `make docs`; a test holds it to them.", "", *told]
    )


def _commands(group: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Return every command with its name; of a group of verbs, each with the group's name before it."""
    return [
        pair
        for name, command in group.items()
        for pair in (
            _commands(command.commands, f"{above}{name} ")
            if hasattr(command, "commands")
            else [(above + name, command)]
        )
    ]


def _describe(name: str, command: Any) -> str:
    options = [
        f"| `{' '.join(part.opts)}` | {(getattr(part, 'help', '') or '').replace('|', '/')} |"
        for part in command.params
    ]
    return "\n".join(
        [
            f"## `safespace {name}`",
            "",
            inspect.cleandoc(command.help),
            "",
            "| option | what |",
            "|---|---|",
            *options,
            "",
        ]
    )
