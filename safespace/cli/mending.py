"""Commands about what to mend first on walking links."""

from __future__ import annotations

from typing import Annotated

import typer

from safespace import pipeline
from safespace.cli.asking import JsonOption, OutOption, StoreOption, link, settings_of
from safespace.cli.printing import print_json, records, say, show, wrote_files


def improve(
    walk: Annotated[list[str], typer.Option(help="A walking link, as 'FROM > TO'; repeat for more.")],
    budget_m: Annotated[float, typer.Option(help="Metres of street that can be lit.")] = 500.0,
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank the segments to light for a set of walks, within a budget of metres.

    Example: `safespace improve --walk "Station > Canal Halls" --budget-m 800 --out fixes.csv`
    """
    made = pipeline.improve([link(text) for text in walk], settings_of(store), budget_m=budget_m)
    wrote = [pipeline.write_table(made.fixes.table, path, credit=made.credit) for path in out or []]
    if as_json:
        print_json({"fixes": records(made.fixes.table), "sentences": made.sentences()})
        return
    show(made.fixes.table, "Segments to light, best first")
    say(*made.sentences())
    wrote_files(wrote)
