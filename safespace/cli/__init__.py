"""The command line: one command a verb, each one call into :mod:`safespace.pipeline`.

``--json`` prints one JSON document for machines; without it people get tables and sentences. Bad input ends
with exit code 2 and one paragraph on standard error that says what, where and what to do; with ``--json`` the same in
parts, as one JSON document ``{"error": {"code", "what", "where", "seen", "remedy"}}`` on standard output.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from safespace import pipeline
from safespace.cli import export, hotspots, improve, loading, routes
from safespace.cli.printing import tell_problem, wrote_files
from safespace.errors import SafeSpaceError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Where reports are really more than usual, what to mend on walking links, and briefs to hand over.",
)

for _command in (
    loading.town,
    loading.ingest,
    loading.fetch,
    loading.mapping,
    loading.catalog,
    loading.loads,
    loading.rollback,
    loading.tidy,
    hotspots.count,
    hotspots.hotspots,
    hotspots.surface,
    hotspots.agreement,
    hotspots.clusters,
    hotspots.trends,
    hotspots.validate,
    routes.streets,
    routes.lighting,
    routes.routes,
    routes.reach,
    export.brief,
    improve.improve,
    improve.corridors,
    export.evaluate,
    export.demo,
):
    app.command()(_command)
app.command(name="app")(export.app_command)
app.add_typer(improve.scenario, name="scenario")


def main() -> None:
    """Run the command line; bad input ends with exit code 2 and one paragraph."""
    try:
        app()
    except SafeSpaceError as problem:
        tell_problem(problem, as_json="--json" in sys.argv[1:])
        sys.exit(2)


@app.command(hidden=True)
def docs(out: Annotated[Path, typer.Option(help="The docs folder.")] = Path("docs")) -> None:
    """Regenerate the pages that are made from code.

    Example: `safespace docs --out docs`
    """
    pages = {"formats.md": pipeline.describe_formats(), "cli.md": describe_commands()}
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    wrote_files([out / name for name in pages])


def describe_commands() -> str:
    """Return the page that lists every command with its options, written from the commands themselves."""
    group = typer.main.get_group(app)
    told = [_describe(name, command) for name, command in _commands(group) if not command.hidden]
    return "\n".join(
        ["# Commands", "", "Written from the commands by `make docs`; a test holds it to them.", "", *told]
    )


def _commands(group: Any, above: str = "") -> list[tuple[str, Any]]:
    """Return every command with its name; of a group of verbs, each with the group's name before it."""
    return [
        pair
        for name, command in group.commands.items()
        for pair in (
            _commands(command, f"{above}{name} ")
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
