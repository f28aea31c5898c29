"""The command line: one command a verb, each one call into :mod:`safespace.pipeline`.

``--json`` prints one JSON document for machines; without it people get tables and sentences. Bad input ends
with exit code 2 and one paragraph on standard error that says what, where and what to do; with ``--json`` the same in
parts, as one JSON document ``{"error": {"code", "what", "where", "seen", "remedy"}}`` on standard output.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from safespace.cli.printing import tell_problem
from safespace.cli.verbs import Index
from safespace.errors import InputError, SafeSpaceError

# Newer Typer carries a Click of its own; what its parts raise is known by the one class it shows.
_UsageError: Any = typer.BadParameter.__base__

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
        sys.exit(_run())
    except SafeSpaceError as problem:
        tell_problem(problem, as_json="--json" in sys.argv[1:])
        sys.exit(2)


def _run() -> int:
    """Run what was typed and return the exit code; words that cannot be read raise as any other bad input."""
    try:
        ended = app(standalone_mode=False)
    except typer.Abort:
        return 1
    except _UsageError as problem:
        if "NoArgs" in type(problem).__name__:  # nothing was typed after the name: the help is the answer
            problem.show()
            return 2
        raise _as_input_error(problem) from problem
    return ended if isinstance(ended, int) else 0


def _as_input_error(problem: Any) -> InputError:
    path = problem.ctx.command_path if problem.ctx else "safespace"
    return InputError(
        " ".join(problem.format_message().split()).rstrip(".") + ".",
        code="words-not-readable",
        remedy=f"See: {path} --help.",
    )
