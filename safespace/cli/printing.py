"""How commands answer: sentences and tables for people, one JSON document for machines."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from safespace.errors import SafeSpaceError


_FEW = 4  # rows that are read more easily one below the other than with every word broken
_ANY_WIDTH = 10_000


def on_terminal(as_json: bool) -> bool:
    """Say whether a progress bar has somebody to show itself to."""
    return sys.stderr.isatty() and not as_json


def say(*sentences: str) -> None:
    """Print sentences, one a line."""
    console = Console(highlight=False, soft_wrap=True)
    for sentence in sentences:
        console.print(sentence, markup=False)


def show(frame: pd.DataFrame, title: str) -> None:
    """Print a frame as a table; few rows of more columns than fit side by side are printed one below the other.

    Into a file or a pipe a table goes as wide as it is.
    """
    console, table = Console(highlight=False), _table(frame, title)
    wide = Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), table).maximum
    if wide > console.width and 0 < len(frame) <= _FEW:
        on_side = frame.astype(object).set_axis(range(1, len(frame) + 1)).T.rename_axis("").reset_index()
        on_side[""] = on_side[""].str.replace("_", " ")
        table = _table(on_side, title)
    elif not console.is_terminal:
        console = Console(highlight=False, width=max(wide, console.width))
    console.print(table)


def _table(frame: pd.DataFrame, title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in frame.columns:
        table.add_column(
            str(name).replace("_", " "),
            justify="right" if frame[name].dtype.kind in "if" else "left",
            no_wrap=name in {"load_id", "reason"},  # to be copied
            overflow="fold",
        )
    for row in frame.itertuples(index=False):
        # As text: a name with square brackets in it is not markup.
        table.add_row(*(Text(f"{value:,.2f}" if isinstance(value, float) else str(value)) for value in row))
    return table


def tell_problem(problem: SafeSpaceError, *, as_json: bool) -> None:
    """Say what is wrong: one paragraph on standard error, or as JSON one document on standard output."""
    if as_json:
        print_json({"error": problem.parts("cli")})
    else:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(problem.told("cli"), markup=False)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as a list of rows, ready for JSON; cells are text, since many readers round such numbers."""
    cells = {
        name: [f"{cell:x}" for cell in frame[name]]
        for name in ("cell", "core_cell")
        if name in frame and frame[name].dtype.kind == "i"
    }
    frame = frame.assign(**cells)
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso"))
    return rows


def wrote_files(paths: list[Path]) -> None:
    """Say which files were written."""
    for path in paths:
        say(f"Wrote {path}")
