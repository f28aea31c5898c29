"""Commands about what to mend first on walking links."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from safespace import pipeline
from safespace.cli.printing import print_json, records, say, show, wrote_files
from safespace.cli.question import REPORTS, JsonOption, StoreOption, asks, link, out_files, settings_of
from safespace.cli.refusals import Command, only_used
from safespace.cli.routes import AtOption  # noqa: TC001 - Typer reads it while it runs
from safespace.errors import InputError

if TYPE_CHECKING:
    from safespace.settings import Settings

WalkOption = Annotated[
    list[str] | None, typer.Option("--walk", help="A walking link, as 'FROM > TO'; repeat for more.")
]
WalksOption = Annotated[
    Path | None,
    typer.Option(
        "--walks", exists=True, dir_okay=False, help="A table of walks: from, to, and if there people, name."
    ),
]
# Hazards are environmental reasons, which the public gives: no offence is one, and no patrol finds one.
HAZARDS = tuple(part for part in REPORTS if part not in {"found_by", "kind"})
_SHOWN = ("rank", "segment", "name", "lit", "length_m", "gain", "cost_low", "cost_high", "afforded", "stays")


def improve(  # noqa: PLR0913, PLR0917 - these are the options
    walk: WalkOption = None,
    walks: WalksOption = None,
    budget_m: Annotated[float | None, typer.Option(help="Metres of street that can be lit (500).")] = None,
    budget_segments: Annotated[int | None, typer.Option(help="Segments that can be lit.")] = None,
    budget_pounds: Annotated[float | None, typer.Option(help="Pounds that can be spent.")] = None,
    bound_s: Annotated[
        float | None, typer.Option(min=0, help="Seconds to look for the best possible; 0 leaves it out.")
    ] = None,
    save: Annotated[str, typer.Option(help="Keep the list as a scenario of this name.")] = "",
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson", ".gpkg")] = None,
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
    kept = pipeline.save_fixes(made, save, settings) if save else None
    if as_json:
        print_json(
            {
                "fixes": records(made.fixes.table),
                "walks": records(made.fixes.walks),
                "method": made.fixes.method.as_dict(),
                "share_of_best": made.fixes.share_of_best(),
                "sentences": made.sentences(),
                "synthetic": made.synthetic,
            }
        )
        return
    show(made.fixes.table[list(_SHOWN)], "Segments to light, best first")
    show(made.fixes.walks, "What they do for each walk")
    say(*made.sentences())
    if budget.unit == "pounds":
        show(
            pd.DataFrame(pipeline.cost_table(settings)),
            "Costs taken, in pounds; the improvement settings hold them",
        )
    say(*((f"Kept as the scenario {kept.name}.",) if kept else ()))
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
            code="budget-in-two-units",
            seen=" and ".join(unit for unit, _ in named),
            remedy="Give one of --budget-m, --budget-segments and --budget-pounds.",
        )
    unit, amount = named[0] if named else ("metres", 500.0)
    return pipeline.Budget(float(amount), unit)


scenario = typer.Typer(
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="Make, keep, compare and take back scenarios: what would change if.",
)
NameArgument = Annotated[str, typer.Argument(help="What the scenario is called.")]
SegmentsHelp = "a segment's number, way:ID, or a street's name; repeat for more."


@scenario.command("new", cls=Command)
@only_used(
    "hours",
    when=lambda given: bool(given["close"]),
    remedy="The hours are those of closing: add --close, or leave them out.",
)
def scenario_new(
    name: NameArgument,
    light: Annotated[list[str] | None, typer.Option(help=f"Segments to light: {SegmentsHelp}")] = None,
    camera: Annotated[list[str] | None, typer.Option(help=f"Segments to watch: {SegmentsHelp}")] = None,
    clear: Annotated[list[str] | None, typer.Option(help=f"Hazards to clear: {SegmentsHelp}")] = None,
    close: Annotated[list[str] | None, typer.Option(help=f"Ways to close: {SegmentsHelp}")] = None,
    hours: Annotated[
        str, typer.Option(help="When they are closed, as 22:00-06:00; always if left out.")
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a scenario, or a new version of one: light, watch, clear or close segments.

    Example: `safespace scenario new "Towpath lit, gate shut" --light Towpath --close 412 --hours 22:00-06:00`
    """
    given = {"light": light, "camera": camera, "clear": clear, "close": close}
    changes = {change: some for change, some in given.items() if some}
    kept = pipeline.make_scenario(name, settings_of(store), changes=changes, closed_hours=hours)
    counts = {change: len(getattr(kept, change)) for change in given}
    if as_json:
        print_json({"scenario": kept.name, "saved_at": kept.saved_at} | counts)
        return
    told = ", ".join(f"{number:,} to {change}" for change, number in counts.items() if number)
    say(f"Kept {kept.name}: segments {told}. Take it back with: safespace scenario undo.")


@scenario.command("list", cls=Command)
def scenario_list(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the scenarios kept, and how many of their segments are gone from the streets in use.

    Example: `safespace scenario list`
    """
    table = pipeline.list_scenarios(settings_of(store))
    if as_json:
        print_json(records(table))
    elif table.empty:
        say("No scenario is kept. Make one: safespace scenario new NAME --light STREET.")
    else:
        show(table, "Scenarios")


@scenario.command("show", cls=Command)
@asks(*HAZARDS)
def scenario_show(
    view: pipeline.View,
    name: NameArgument,
    walk: WalkOption = None,
    walks: WalksOption = None,
    at: AtOption = "",
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson", ".gpkg")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare walks before and after a scenario: the same walks, and walks free to change.

    Example: `safespace scenario show "Towpath lit" --walk "Station > Canal Halls" --at "Sat 23:30" --out after.gpkg`
    """
    settings = settings_of(store)
    (found,) = _compared([name], walk, walks, view, settings, at)
    wrote = [pipeline.write_scenario(found, path) for path in out or []]
    if as_json:
        told = {"walks": records(found.comparison.walks), "segments": records(found.comparison.segments)}
        print_json(
            {
                "scenario": found.name,
                "sentences": found.sentences(),
                "synthetic": found.synthetic,
                **told,
            }
        )
        return
    shown = [
        "walk",
        "compared",
        "outcome",
        "length_m_change",
        "lit_m_change",
        "unlit_m_change",
        "unknown_m_change",
    ]
    show(found.comparison.walks[shown], found.name)
    say(*found.sentences())
    wrote_files(wrote)


@scenario.command("compare", cls=Command)
@asks(*HAZARDS)
def scenario_compare(
    view: pipeline.View,
    names: Annotated[list[str], typer.Argument(help="Scenarios to lay side by side.")],
    walk: WalkOption = None,
    walks: WalksOption = None,
    at: AtOption = "",
    out: Annotated[list[Path] | None, out_files(".csv")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lay scenarios side by side for the same walks: metres x people gained, walks with no way left.

    Example: `safespace scenario compare "Towpath lit" "Gate shut" --walks walks.csv --out sides.csv`
    """
    settings = settings_of(store)
    found = _compared(names, walk, walks, view, settings, at)
    table = pipeline.side_by_side(found)
    first = found[0]
    wrote = [
        pipeline.write_table(table, path, credit=first.credit, synthetic=first.synthetic)
        for path in out or []
    ]
    if as_json:
        print_json({"scenarios": records(table), "credit": first.credit, "synthetic": first.synthetic})
        return
    show(table.set_index("scenario").T.rename_axis("metres x people").reset_index(), "Side by side")
    say(*(f"{one.name}: {one.comparison.sentences()[0]}" for one in found), f"{first.credit}.")
    wrote_files(wrote)


@scenario.command("undo", cls=Command)
def scenario_undo(name: NameArgument, store: StoreOption = None) -> None:
    """Take back the last change to a scenario; deleting is a change too.

    Example: `safespace scenario undo "Towpath lit"`
    """
    left = pipeline.undo_scenario(name, settings_of(store))
    say(f"{name}: as saved {left.saved_at}." if left else f"{name}: no version is left in force.")


@scenario.command("delete", cls=Command)
def scenario_delete(name: NameArgument, store: StoreOption = None) -> None:
    """Take a scenario away; undo brings it back.

    Example: `safespace scenario delete "Towpath lit"`
    """
    gone = pipeline.delete_scenario(name, settings_of(store))
    say(f"{gone.name} is taken away. Bring it back with: safespace scenario undo.")


def _compared(
    names: list[str],
    walk: list[str] | None,
    walks: Path | None,
    view: pipeline.View,
    settings: Settings,
    at: str,
) -> tuple[pipeline.ScenarioCompared, ...]:
    moment = pipeline.moment_of(at, today=pipeline.today_of(settings))
    return pipeline.compare_scenarios(names, links_of(walk, walks, settings), view, settings, at=moment)


@asks(*REPORTS)
def corridors(  # noqa: PLR0913, PLR0917 - these are the options
    view: pipeline.View,
    origin: Annotated[
        list[str] | None, typer.Option("--from", help="lon,lat, a landmark, or kind:rail_station; repeat.")
    ] = None,
    destination: Annotated[
        list[str] | None, typer.Option("--to", help="lon,lat, a landmark, or kind:housing; repeat.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A table of places: name, lon, lat.")
    ] = None,
    to_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A table of places: name, lon, lat.")
    ] = None,
    trade_off: Annotated[
        list[float] | None, typer.Option(help="How much dearer an unlit metre is (0, 0.5, 1, 2); repeat.")
    ] = None,
    shown: Annotated[int, typer.Option(help="Segments to list and to put on the checklist.")] = 20,
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson", ".gpkg", ".html")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the streets that walks between two sets of places share, the last 400 m of stops, and what to look at.

    Example: `safespace corridors --from kind:bus_station --to kind:housing --out load.gpkg --out checklist.html`
    """
    settings = settings_of(store)
    start, end = (
        [
            *(pipeline.point_of(text) for text in typed or []),
            *(pipeline.read_spots(file, settings) if file else []),
        ]
        for typed, file in ((origin, from_file), (destination, to_file))
    )
    prices = tuple(trade_off) if trade_off else pipeline.TRADE_OFFS
    found = pipeline.find_corridors(start, end, view, settings, trade_offs=prices, shown=shown)
    wrote = [pipeline.write_corridors(found, path) for path in out or []]
    bare = pd.DataFrame(found.segments.drop(columns="geometry"))
    if as_json:
        tables = {"segments": bare, "pairs": found.pairs, "stops": found.stops, "checklist": found.checklist}
        told = {name: records(table) for name, table in tables.items()}
        print_json(
            {
                "method": asdict(found.method),
                **told,
                "notes": found.notes,
                "credit": found.credit,
                "synthetic": found.synthetic,
            }
        )
        return
    columns = ["segment", "name", "lit", "length_m", "people", "share"]
    show(bare[columns].head(shown), "Segments, most passed first")
    show(
        found.stops[
            ["name", "streets_m", "lit_m", "unlit_m", "unknown_m", "cameras", "reports_within_reach"]
        ],
        "The last 400 m",
    )
    say(*found.notes, f"{found.credit}.")
    wrote_files(wrote)
