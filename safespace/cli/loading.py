"""Commands that fill a store and look after its loads."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safespace import pipeline
from safespace.cli.printing import on_terminal, print_json, records, say, show, wrote_files
from safespace.cli.question import JsonOption, StoreOption, out_files, out_folder, settings_of
from safespace.cli.refusals import naming, only_used
from safespace.pipeline.baselines import loaded_as
from safespace.pipeline.choices import layer_kinds
from safespace.registry import SOURCES, listed

if TYPE_CHECKING:
    import pandas as pd


@only_used(
    "within",
    when=lambda given: given["streets_of"] is not None,
    remedy="The made-up town has an outline of its own: add --streets-of, or leave it out.",
)
def town(
    out: Annotated[Path, out_folder("Folder to write to.")] = Path("synthetic-town"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 2022,
    streets_of: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Strew made-up reports over the real streets of this extract instead.",
        ),
    ] = None,
    within: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Outline to stay within, with --streets-of."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the made-up town: streets, areas, reports with realistic dirt, and the planted truth.

    Example: `safespace town --seed 7 --out town`
    """
    if streets_of is None:
        files = pipeline.write_town(out, seed=seed, progress=on_terminal(as_json))
    else:
        files = pipeline.simulate_reports(streets_of, out, seed=seed, within=within)
    if as_json:
        print_json(files)
        return
    say(f"Synthetic data, seed {seed}:")
    wrote_files(list(files.values()))


@only_used(
    *("mapping", "sheet", "name", "rejects"),
    when=lambda given: given["source"] not in layer_kinds(),
    remedy=f"It goes with reports, not with {listed(layer_kinds())}: leave it out.",
)
@only_used(
    "name_column",
    when=lambda given: given["source"] == "areas",
    remedy="It goes with --source areas: leave it out.",
)
@only_used(
    "value_column",
    when=lambda given: given["source"] in loaded_as("amounts"),
    remedy=f"It goes with --source {listed(loaded_as('amounts'))}: leave it out.",
)
@only_used(
    "name",
    when=lambda given: not given["check"],
    remedy="Nothing is loaded with --check, so nothing is called that: leave one of the two out.",
)
@only_used(
    "sheet",
    when=lambda given: _may_have_sheets(*given["files"]),
    remedy="These files have no sheets: leave it out.",
)
def ingest(  # noqa: PLR0913, PLR0917 - each is one documented option
    files: Annotated[list[Path], typer.Argument(help="Files of one provider, loaded wholly or not at all.")],
    source: Annotated[
        str,
        typer.Option(help=f"{listed(SOURCES)}; or {', '.join(layer_kinds())}."),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="TOML file: which of their columns is which of ours."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or layer of a GeoPackage.")] = None,
    name_column: Annotated[str | None, typer.Option(help="Areas: the column that names each.")] = None,
    value_column: Annotated[
        str,
        typer.Option(help="Footfall, population: the column of amounts, a total for each polygon or point."),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check/--load", help="Read and count, but change nothing; or load.")
    ] = False,
    name: Annotated[str, typer.Option(help="What to call the load, at most 60 characters.")] = "",
    rejects: Annotated[
        Path | None, typer.Option(help="Write rows not accepted to this CSV, to be mended and loaded back.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load files: every row is accepted, repaired, held back or rejected with its reason, and the sums add up.

    Example: `safespace ingest streetsafe.csv --source streetsafe --check`
    """
    settings = settings_of(store)
    if source in layer_kinds():
        told = pipeline.ingest_layer(
            files,
            layer=source,
            settings=settings,
            name_column=name_column,
            value_column=value_column,
            check_only=check,
        )
        print_json({"layer": source, "sentences": told}) if as_json else say(*told)
        return
    if rejects:
        with naming("--rejects"):
            pipeline.refuse_unwritable(rejects)
    done = pipeline.ingest(
        files,
        source=source,
        settings=settings,
        mapping=mapping,
        sheet=sheet,
        check_only=check,
        progress=on_terminal(as_json),
        name=name,
    )
    wrote = pipeline.write_rejects(done.reading.rejects, rejects) if rejects else []
    if as_json:
        print_json(done.as_dict() | {"files_written": wrote})
        return
    _show_ingested(done)
    wrote_files(wrote)


def _may_have_sheets(*files: Path) -> bool:
    """Say whether a workbook or a GeoPackage may be among files; folders and archives may hold some."""
    return any(file.suffix.lower() not in {".csv", ".tsv", ".txt", ".json", ".geojson"} for file in files)


def _show_ingested(done: pipeline.Ingestion) -> None:
    say(*done.sentences())
    if len(done.reasons):
        show(done.reasons.drop(columns="remedy"), "Rows not accepted")
        say(*(f"{reason}: {remedy}" for reason, remedy in done.reasons[["reason", "remedy"]].to_numpy()))
    if len(done.reading.repairs):
        show(done.repairs(), "Cells repaired")


@only_used(
    "month",
    when=lambda given: given["kind"] in {"police", "police-area"},
    remedy="Months belong to police and police-area: leave it out.",
)
@only_used(
    "area",
    when=lambda given: given["kind"] in {"police-area", "streets"},
    remedy="An area belongs to police-area and streets: leave it out.",
)
@only_used(
    "address",
    when=lambda given: given["kind"] == "boundaries" or (given["kind"] == "streets" and not given["area"]),
    remedy="An address belongs to boundaries, and to streets without --area: leave it out.",
)
def fetch(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(pipeline.KINDS)}.")],
    month: Annotated[list[str] | None, typer.Option(help="As 2022-01; repeat for more.")] = None,
    area: Annotated[str, typer.Option(help="Identifier of a loaded area.")] = "",
    address: Annotated[str, typer.Option(help="Where the file is, when not the address that is set.")] = "",
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask for a newer version of what is there.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch public data whole, or not at all: resumed, hashed, kept and paced.

    Example: `safespace fetch police --month 2022-01`
    """
    got = pipeline.fetch(
        kind,
        settings_of(store),
        months=month or [],
        area=area,
        address=address,
        refresh=refresh,
        progress=on_terminal(as_json),
    )
    if as_json:
        print_json([dataclasses.asdict(one) for one in got])
        return
    for one in got:
        say(f"{'Kept' if one.kept else 'Fetched'} {one.path} ({one.size:,} bytes, sha256 {one.sha256[:16]}…)")


@only_used(
    "sheet",
    when=lambda given: _may_have_sheets(given["file"]),
    remedy="This file has no sheets: leave it out.",
)
def mapping(
    file: Annotated[Path, typer.Argument(help="A file with headers that are not ours.")],
    source: Annotated[str, typer.Option(help=f"{listed(SOURCES)}.")],
    out: Annotated[Path, out_files(".toml", one=True)] = Path("mapping.toml"),
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or layer of a GeoPackage.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Guess which of a file's columns is which of ours, and write the guess down to be confirmed.

    Example: `safespace mapping export.csv --source nte --out ours.toml`
    """
    guess = pipeline.propose_mapping([file], source=source, settings=settings_of(None), sheet=sheet)
    wrote = pipeline.write_mapping(guess, out)
    if as_json:
        undecided = None if guess.undecided is None else guess.undecided.parts("cli")
        print_json(dataclasses.asdict(guess) | {"undecided": undecided, "file": wrote})
        return
    for one in guess.guesses:
        say(f"{one.column} = {one.header!r}: {one.confidence}, {one.why}")
    if guess.missing:
        say(f"Not found, and needed: {', '.join(guess.missing)}. Name them in {wrote}.")
    if guess.undecided is not None:
        say(f"To be decided: {guess.undecided.told('cli')}")
    say(*guess.notes, f"Check {wrote}, then: safespace ingest {file} --source {source} --mapping {wrote}")


def catalog(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List what can be asked for: sources, reasons, areas, baselines, parts of the night, the calendar.

    Example: `safespace catalog`
    """
    settings = settings_of(store)
    held, areas = pipeline.catalog(settings), pipeline.areas(settings)
    if as_json:
        print_json(held.as_dict() | {"areas": records(areas)})
        return
    show(held.sources, "Sources")
    say(*held.notes)
    show(areas, "Areas")
    for source, factors in held.factors.items():
        say(f"Reasons in {source}: {', '.join(factors)}.")
    for source, kinds in held.kinds.items():
        say(f"Kinds of offence in {source}: {', '.join(kinds)}.")
    say(f"Baselines: {', '.join(held.baselines)}.", f"Nights: {', '.join(filter(None, held.calendars))}.")
    for zone, night in held.windows[""].items():
        parts = ", ".join(f"{part.name} {part.start:%H:%M} to {part.end:%H:%M}" for part in night)
        say(f"Parts of the night{f' in {zone}' if zone else ''}: {parts}.")
    if len(held.calendar):
        show(held.calendar, "Calendar, UTC")


def loads(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List every load with its counts and whether it is in force.

    Example: `safespace loads`
    """
    listed = pipeline.list_loads(settings_of(store))
    print_json(records(listed)) if as_json else show(_for_people(listed), "Loads")


def _for_people(loads: pd.DataFrame) -> pd.DataFrame:
    """Return what fits on a terminal: when, what, and what became of the rows."""
    outcomes = ("accepted", "repaired", "quarantined", "rejected", "excluded")
    counts = [
        ", ".join(f"{row[name]:,} {name}" for name in outcomes if row[name])
        for row in loads.to_dict("records")
    ]
    when = loads["loaded_at"].dt.strftime("%Y-%m-%d %H:%M UTC")
    first = ["load_id", "name", "files"] if (loads["name"] != "").any() else ["load_id", "files"]
    return loads[first].assign(
        loaded=when, read=loads["read"], outcome=counts, already_held=loads["already_held"]
    )


def rollback(
    load: Annotated[str, typer.Argument(help="Identifier or name, as `safespace loads` lists them.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a load out of force; the same files can be loaded again afterwards.

    Example: `safespace rollback 3f2a9c0d`
    """
    load_id = pipeline.roll_back(load, settings_of(store))
    print_json({"rolled_back": load_id}) if as_json else say(f"Load {load_id} is no longer in force.")


def tidy(
    older_than_h: Annotated[
        float, typer.Option(help="Leave younger files: a loader may be writing them, a reader reading them.")
    ] = 24.0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase files that no load in force needs: after a rollback, a load replaced, a loader that was killed.

    Example: `safespace tidy --older-than-h 24`
    """
    erased = pipeline.tidy(settings_of(store), older_than_h=older_than_h)
    print_json({"erased": erased}) if as_json else say(f"{erased:,} files erased.")
