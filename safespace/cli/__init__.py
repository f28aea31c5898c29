"""The command line: one command a verb, each one call into :mod:`safespace.pipeline`.

``--json`` prints one JSON document for machines; without it people get tables and sentences. Bad input ends
with exit code 2 and one paragraph on standard error that says what, where and what to do; with ``--json`` the same in
parts, as one JSON document ``{"error": {"code", "what", "where", "seen", "remedy"}}`` on standard output.
"""

from __future__ import annotations

import sys

import typer

from safespace.cli.printing import tell_problem
from safespace.cli.verbs import Index
from safespace.errors import SafeSpaceError

app = typer.Typer(
    cls=Index,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def safespace() -> None:
    """Where reports are really more than usual, what to mend on walking links, and briefs to hand over."""


def main() -> None:
    """Run the command line; bad input ends with exit code 2 and one paragraph."""
    try:
        app()
    except SafeSpaceError as problem:
        tell_problem(problem, as_json="--json" in sys.argv[1:])
        sys.exit(2)
