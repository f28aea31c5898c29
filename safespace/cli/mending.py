"""Commands about what to mend first on walking links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from safespace import pipeline
from safespace.cli.asking import JsonOption, OutOption, StoreOption, link, settings_of
from safespace.cli.printing import print_json, records, say, show, wrote_files
from safespace.errors import InputError

if TYPE_CHECKING:
    from safespace.settings import Settings

WalkOption = Annotated[
    list[str] | None, typer.Option("--walk", help="A walking link, as 'FROM > TO'; repeat for more.")
]
WalksOption = Annotated[
    Path | None, typer.Option("--walks", help="A table of walks: from, to, and if there people, name.")
]
_SHOWN = ("rank", "segment", "name", "lit", "length_m", "gain", "cost_low", "cost_high", "afforded", "stays")


def improve(  # noqa: PLR0913, PLR0917 - these are the options
    walk: WalkOption = None,
    walks: WalksOption = None,
    budget_m: Annotated[float | None, typer.Option(help="Metres of street that can be lit (500).")] = None,
    budget_segments: Annotated[int | None, typer.Option(help="Segments that can be lit.")] = None,
    budget_pounds: Annotated[float | None, typer.Option(help="Pounds that can be spent.")] = None,
    bound_s: Annotated[
        float | None, typer.Option(help="Seconds to look for the best possible; 0 leaves it out.")
    ] = None,
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank the segments to light for a set of walks, within a budget, and say how near to the best that is.

    Example: `safespace improve --walk "Station > Canal Halls" --budget-m 800 --out fixes.csv --out fixes.gpkg`
    """
    settings = settings_of(store)
    budget = _budget(budget_m, budget_segments, budget_pounds)
    made = pipeline.improve(links_of(walk, walks, settings), settings, budget=budget, bound_s=bound_s)
    wrote = [pipeline.write_improvement(made, path) for path in out or []]
    if as_json:
        print_json(
            {
                "fixes": records(made.fixes.table),
                "walks": records(made.fixes.walks),
                "share_of_best": made.fixes.share_of_best(),
                "sentences": made.sentences(),
            }
        )
        return
    show(made.fixes.table[list(_SHOWN)], "Segments to light, best first")
    show(made.fixes.walks, "What they do for each walk")
    say(*made.sentences())
    if budget.unit == "pounds":
        show(
            pd.DataFrame(pipeline.cost_table(settings)),
            "Costs taken, in pounds: edit [mending] in the settings",
        )
    wrote_files(wrote)


def links_of(walk: list[str] | None, walks: Path | None, settings: Settings) -> list[pipeline.Link]:
    """Return the walks typed and those of a file."""
    typed = [pipeline.Link(*link(text)) for text in walk or []]
    return typed + (pipeline.read_links(walks, settings) if walks else [])


def _budget(metres: float | None, segments: int | None, pounds: float | None) -> pipeline.Budget:
    given = {"metres": metres, "segments": segments, "pounds": pounds}
    named = [(unit, amount) for unit, amount in given.items() if amount is not None]
    if len(named) > 1:
        raise InputError(
            "A budget is in one unit.",
            seen=" and ".join(unit for unit, _ in named),
            remedy="Give one of --budget-m, --budget-segments and --budget-pounds.",
        )
    unit, amount = named[0] if named else ("metres", 500.0)
    return pipeline.Budget(float(amount), unit)
