"""The command line: one command a verb, each one call into :mod:`safespace.pipeline`.

``--json`` prints one JSON document for machines; without it people get tables and sentences. Bad input ends
with exit code 2 and one paragraph that says what, where and what to do.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from safespace import pipeline
from safespace.errors import InputError, SafeSpaceError
from safespace.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Where reports are really more than usual, what to mend on walking links, and briefs to hand over.",
)

_DAY = typer.Option(formats=["%Y-%m-%d"])
StoreOption = Annotated[Path | None, typer.Option("--store", help="Folder of the store (./safespace-data).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
OutOption = Annotated[
    list[Path] | None, typer.Option(help="File to write; its ending says the kind. Repeat for more.")
]


def main() -> None:
    """Run the command line; bad input ends with exit code 2 and one paragraph."""
    try:
        app()
    except SafeSpaceError as problem:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(problem), markup=False)
        sys.exit(2)


def _question(  # noqa: PLR0913, PLR0917 - these are the parts of the question
    area: Annotated[str, typer.Option(help="Identifier of a loaded area; all of them when left out.")] = "",
    source: Annotated[
        list[str], typer.Option(help="streetsafe, nte, spiking or police_uk; repeat for more.")
    ] = ["streetsafe"],  # noqa: B006 - Typer shows it as the default and hands each call its own
    resolution: Annotated[int, typer.Option(help="H3 resolution, 7 to 10: 8 is 0.7 km², 9 is 0.1 km².")] = 9,
    baseline: Annotated[str, typer.Option(help=f"One of: {', '.join(pipeline.BASELINES)}.")] = "streets",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, included.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    window: Annotated[str, typer.Option(help="night, or a window's name; any time when left out.")] = "",
    factor: Annotated[str, typer.Option(help="Only reports that give this reason.")] = "",
    found_by: Annotated[
        str, typer.Option(help="public leaves out rows found by patrols; all does not.")
    ] = "public",
) -> pipeline.View:
    return pipeline.View(
        area=area,
        sources=tuple(source),
        resolution=resolution,
        baseline=baseline,
        since=since.date() if since else None,
        until=until.date() if until else None,
        window=window,
        factor=factor,
        found_by=found_by,
    )


def _asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes a ``view`` the options the question is made of."""
    parts = inspect.signature(_question, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters

    @functools.wraps(command)
    def asked(**given: Any) -> None:
        view = _question(**{name: given.pop(name) for name in parts})
        command(view=view, **given)

    merged = [*parts.values(), *(part for name, part in own.items() if name != "view")]
    asked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in merged]
    )
    asked.__annotations__ = {part.name: part.annotation for part in merged}
    return asked


def _settings(store: Path | None) -> Settings:
    return load_settings(store=store)


def _point(text: str) -> tuple[float, float] | str:
    """Read ``lon,lat``; anything else is the name of a landmark."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return text
    return lon, lat


def _link(text: str) -> tuple[tuple[float, float] | str, tuple[float, float] | str]:
    start, arrow, end = text.partition(">")
    if not arrow:
        raise InputError("A walking link needs two ends.", seen=text, remedy="Write it as 'FROM > TO'.")
    return _point(start.strip()), _point(end.strip())


def _one_of(word: str, known: tuple[str, ...]) -> Any:
    if word not in known:
        raise InputError("There is no such choice.", seen=word, remedy=f"Choose from: {', '.join(known)}.")
    return word


def _on_terminal(as_json: bool) -> bool:
    return sys.stderr.isatty() and not as_json


def _say(*sentences: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for sentence in sentences:
        console.print(sentence, markup=False)


def _show(frame: pd.DataFrame, title: str) -> None:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in frame.columns:
        table.add_column(
            str(name).replace("_", " "), justify="right" if frame[name].dtype.kind in "if" else "left"
        )
    for row in frame.itertuples(index=False):
        table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row))
    Console(highlight=False).print(table)


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso"))
    return records


def _wrote(paths: list[Path]) -> None:
    for path in paths:
        _say(f"Wrote {path}")


@app.command()
def town(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("synthetic-town"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 2022,
    streets_of: Annotated[
        Path | None, typer.Option(help="Strew made-up reports over the real streets of this extract instead.")
    ] = None,
    within: Annotated[Path | None, typer.Option(help="Outline to stay within, with --streets-of.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the made-up town: streets, areas, reports with realistic dirt, and the planted truth.

    Example: `safespace town --seed 7 --out town`
    """
    if streets_of is None:
        files = pipeline.write_town(out, seed=seed, progress=_on_terminal(as_json))
    else:
        files = pipeline.strew_reports(streets_of, out, seed=seed, within=within)
    if as_json:
        _print_json(files)
        return
    _say(f"Synthetic data, seed {seed}:")
    _wrote(list(files.values()))


@app.command()
def ingest(  # noqa: PLR0913, PLR0917 - each is one documented option
    files: Annotated[list[Path], typer.Argument(help="Files of one provider, loaded wholly or not at all.")],
    source: Annotated[
        str,
        typer.Option(
            help="streetsafe, nte, spiking or police_uk; or areas, stops, residents, recorded_counts."
        ),
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file: which of their columns is which of ours.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or layer of a GeoPackage.")] = None,
    name_column: Annotated[str | None, typer.Option(help="Areas: the column that names each.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Read and count, but change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write rows not accepted to this CSV, to be mended and loaded back.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load files: every row is accepted, repaired, held back or rejected with its reason, and the sums add up.

    Example: `safespace ingest streetsafe.csv --source streetsafe --check`
    """
    settings = _settings(store)
    if source in pipeline.LAYERS:
        told = pipeline.ingest_layer(files, layer=source, settings=settings, name_column=name_column)
        _print_json({"layer": source, "sentences": told}) if as_json else _say(*told)
        return
    done = pipeline.ingest(
        files,
        source=source,
        settings=settings,
        mapping=mapping,
        sheet=sheet,
        check_only=check,
        progress=_on_terminal(as_json),
    )
    wrote = pipeline.write_rejects(done.reading.rejects, rejects) if rejects else []
    if as_json:
        _print_json(done.as_dict() | {"files_written": wrote})
        return
    _say(*done.sentences())
    if len(done.reasons):
        _show(done.reasons, "Rows not accepted")
    _wrote(wrote)


@app.command()
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
        _settings(store),
        months=month or [],
        area=area,
        address=address,
        refresh=refresh,
        progress=_on_terminal(as_json),
    )
    if as_json:
        _print_json([dataclasses.asdict(one) for one in got])
        return
    for one in got:
        _say(
            f"{'Kept' if one.kept else 'Fetched'} {one.path} ({one.size:,} bytes, sha256 {one.sha256[:16]}…)"
        )


@app.command()
def mapping(
    file: Annotated[Path, typer.Argument(help="A file with headers that are not ours.")],
    source: Annotated[str, typer.Option(help="streetsafe, nte, spiking or police_uk.")],
    out: Annotated[Path, typer.Option(help="TOML file to write.")] = Path("mapping.toml"),
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or layer of a GeoPackage.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Guess which of a file's columns is which of ours, and write the guess down to be confirmed.

    Example: `safespace mapping export.csv --source nte --out ours.toml`
    """
    guess = pipeline.propose_mapping([file], source=source, settings=_settings(None), sheet=sheet)
    wrote = pipeline.write_mapping(guess, out)
    if as_json:
        _print_json(dataclasses.asdict(guess) | {"file": wrote})
        return
    for one in guess.guesses:
        _say(f"{one.column} = {one.header!r}: {one.confidence}, {one.why}")
    if guess.missing:
        _say(f"Not found, and needed: {', '.join(guess.missing)}. Name them in {wrote}.")
    _say(*guess.notes, f"Check {wrote}, then: safespace ingest {file} --source {source} --mapping {wrote}")


@app.command()
def loads(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List every load with its counts and whether it is in force.

    Example: `safespace loads`
    """
    listed = pipeline.list_loads(_settings(store))
    _print_json(_records(listed)) if as_json else _show(listed, "Loads")


@app.command()
def rollback(
    load_id: Annotated[str, typer.Argument(help="As `safespace loads` lists it.")], store: StoreOption = None
) -> None:
    """Take a load out of force; the same files can be loaded again afterwards.

    Example: `safespace rollback 3f2a9c0d`
    """
    pipeline.roll_back(load_id, _settings(store))
    _say(f"Load {load_id} is no longer in force.")


@app.command()
@_asks
def count(
    view: pipeline.View, out: OutOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Count reports in every H3 cell of an area, zero cells included.

    Example: `safespace count --area centre --resolution 9 --out cells.csv`
    """
    counted = pipeline.count_cells(view, _settings(store))
    wrote = [pipeline.write_table(counted, path) for path in out or []]
    if as_json:
        _print_json(_records(counted))
        return
    inside = counted[~counted["edge"]]
    empty = int((inside["events"] == 0).sum())
    _say(
        f"{int(inside['events'].sum()):,} events ({int(inside['pins'].sum()):,} reports) in {len(inside):,} cells; "
        f"{empty:,} cells have none."
    )
    _wrote(wrote)


@app.command()
@_asks
def hotspots(
    view: pipeline.View,
    scan: Annotated[
        bool, typer.Option("--scan", help="Search discs of every size beside two chances.")
    ] = False,
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where reports are higher than usual, with intervals, against a named baseline.

    Example: `safespace hotspots --area centre --out places.csv --out places.geojson --out map.html`
    """
    settings = _settings(store)
    if scan:
        _show_scan(pipeline.scan_places(view, settings), out, as_json=as_json)
        return
    found = pipeline.find_places(view, settings)
    wrote = [pipeline.write_places(found, path, settings) for path in out or []]
    if as_json:
        _print_json(pipeline.places_as_dict(found))
        return
    _say(f"{found.area_name}: {pipeline.headline(found)}")
    if len(found.places):
        _show(pipeline.places_table(found), "Places higher than usual")
    _say(*found.notes, found.credit)
    _wrote(wrote)


def _show_scan(found: Any, out: list[Path] | None, *, as_json: bool) -> None:
    wrote = [pipeline.write_table(found.table, path) for path in out or []]
    if as_json:
        _print_json({"basis": found.basis(), "discs": _records(found.table)})
        return
    shown = ["place", "radius", "cells", "events", "expected", "ratio", "p_poisson", "p_shuffle", "higher"]
    _show(found.table[shown], "Discs of cells, the most striking first")
    _say(
        found.basis(), "A disc is called higher when the larger of its two p values is at or below the level."
    )
    _wrote(wrote)


@app.command()
@_asks
def clusters(
    view: pipeline.View,
    method: Annotated[str, typer.Option(help="hdbscan or dbscan.")] = "hdbscan",
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where events lie close together: shapes, each with its probability and stability.

    Example: `safespace clusters --source streetsafe --out clusters.csv`
    """
    found = pipeline.find_clusters(
        view, _settings(store), method=_one_of(method, ("hdbscan", "dbscan")), seed=seed
    )
    table = found.table.drop(columns="geometry").assign(shape_wkt=found.table.geometry.to_wkt())
    wrote = [pipeline.write_table(table, path) for path in out or []]
    if as_json:
        _print_json(_records(table))
        return
    _show(table.drop(columns="shape_wkt"), "Clusters, the largest first")
    _say(
        found.basis(),
        "A hull of events is a shape, not a place with a border.",
        "The p value is the larger of two chances: strewn at random, and whole cells changing places.",
    )
    _wrote(wrote)


@app.command()
@_asks
def trends(view: pipeline.View, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Tell how an area's events went: month by month, any steady rise or fall, and near repeats.

    Example: `safespace trends --area centre --source nte`
    """
    found = pipeline.find_change(view, _settings(store))
    near = None if found.near_repeat is None else found.near_repeat.table
    if as_json:
        repeats = None if near is None else _records(near)
        _print_json({"months": _records(found.months), "near_repeat": repeats, "notes": found.notes})
        return
    _show(found.months, "Events by month")
    if near is not None:
        _show(near, "Pairs of events near in place and time, beside what chance brings")
    _say(*found.notes)


@app.command()
@_asks
def validate(
    view: pipeline.View,
    later: Annotated[int, typer.Option(min=4, help="How many of the last months are kept back.")] = 6,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    itself: Annotated[
        bool, typer.Option("--self", help="Put the method's own promises to the test on made-up layers.")
    ] = False,
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose places from the earlier months and judge them on the later ones, beside simpler ways to choose.

    Example: `safespace validate --source police_uk --baseline area --resolution 9 --later 12`
    """
    if itself:
        kept = pipeline.check_promises(_settings(store), resolution=view.resolution, seed=seed)
        _print_json(_records(kept)) if as_json else _show(kept, "What the method promises, on made-up layers")
        raise typer.Exit(0 if kept["kept"].all() else 1)
    found = pipeline.validate_places(view, _settings(store), later=later, seed=seed)
    wrote = [pipeline.write_table(found.table, path) for path in out or []]
    if as_json:
        _print_json({"basis": found.basis(), "methods": _records(found.table)})
        return
    shown = [name for name in found.table.columns if not name.endswith(("_lower", "_upper"))]
    _show(found.table[shown], "Later events in places chosen from earlier ones")
    _say(found.basis())
    _wrote(wrote)


@app.command()
def streets(
    extract: Annotated[
        Path | None, typer.Argument(help="OpenStreetMap extract, .osm.pbf; none shows what is held.")
    ] = None,
    clip: Annotated[str, typer.Option(help="Keep only the streets of this loaded area.")] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import streets, or show what is held: walkable kilometres by lighting, and what is disconnected.

    Example: `safespace streets city.osm.pbf --clip centre`
    """
    settings = _settings(store)
    if extract is None:
        held = pipeline.held_streets(settings)
    else:
        held = pipeline.ingest_streets(extract, settings=settings, clip=clip, progress=_on_terminal(as_json))
    _print_json(held.as_dict()) if as_json else _say(*held.sentences())


@app.command()
@_asks
def routes(
    view: pipeline.View,
    origin: Annotated[str, typer.Option("--from", help="lon,lat or the name of a landmark.")],
    destination: Annotated[str, typer.Option("--to", help="lon,lat or the name of a landmark.")],
    out: OutOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare walking options between two points: length, lighting, reports nearby, and what to mend.

    Example: `safespace routes --from "-1.4720,52.3012" --to "Canal Halls" --out options.geojson --out audit.gpx`
    """
    settings = _settings(store)
    plan = pipeline.plan_walk(_point(origin), _point(destination), view, settings)
    wrote = [pipeline.write_walk(plan, path, settings) for path in out or []]
    if as_json:
        _print_json(pipeline.walk_as_dict(plan))
        return
    _say(
        f"{plan.origin_name} to {plan.destination_name}: {len(plan.front):,} exact trade-offs, {len(plan.table)} shown."
    )
    _show(plan.table.set_index("Option").T.rename_axis("").reset_index(), "Options")
    _say(*plan.notes, plan.credit)
    _wrote(wrote)


@app.command()
@_asks
def brief(
    view: pipeline.View,
    walk: Annotated[
        list[str] | None, typer.Option(help="A walking link to describe, as 'FROM > TO'; repeat for more.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write brief.pdf and brief.html to.")] = Path("brief"),
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a two-page brief of an area, as PDF and HTML.

    Example: `safespace brief --area centre --walk "Station > Canal Halls" --out centre-brief`
    """
    settings = _settings(store)
    made = pipeline.make_brief(view, settings, links=[_link(text) for text in walk or []])
    wrote = pipeline.write_brief(made, out)
    _print_json({"files": wrote}) if as_json else _wrote(wrote)


@app.command()
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
    made = pipeline.improve([_link(text) for text in walk], _settings(store), budget_m=budget_m)
    wrote = [pipeline.write_table(made.fixes.table, path, credit=made.credit) for path in out or []]
    if as_json:
        _print_json({"fixes": _records(made.fixes.table), "sentences": made.sentences()})
        return
    _show(made.fixes.table, "Segments to light, best first")
    _say(*made.sentences())
    _wrote(wrote)


@app.command()
@_asks
def evaluate(
    view: pipeline.View,
    control: Annotated[str, typer.Option(help="The comparison area, left as it was.")],
    changed: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the change; it counts as after.")
    ],
    days: Annotated[int, typer.Option(min=7, help="Length of each period, days.")] = 182,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare an area before and after a change with another area; weak claims are refused.

    Example: `safespace evaluate --area centre --control westgate --changed 2026-02-01 --source nte`
    """
    found = pipeline.evaluate(view, _settings(store), control=control, changed=changed.date(), days=days)
    if as_json:
        _print_json(dataclasses.asdict(found))
        return
    _say(found.sentence, *found.caveats)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write everything to.")] = Path("demo-output"),
    seed: Annotated[int, typer.Option(help="Seed of the made-up town.")] = 2022,
    serve: Annotated[bool, typer.Option(help="Serve the app at the end.")] = True,
    port: Annotated[int, typer.Option(help="Port of the app on 127.0.0.1.")] = 8501,
    as_json: JsonOption = False,
) -> None:
    """Run the main job from start to end on the made-up town, say what to open, then serve the app.

    Example: `safespace demo --no-serve`
    """
    told = pipeline.run_demo(out, seed=seed, settings=_settings(out / "store"), say=None if as_json else _say)
    if as_json:
        _print_json(told)
    if serve:
        _serve(_settings(out / "store"), port)


@app.command(name="app")
def app_command(
    store: StoreOption = None, port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501
) -> None:
    """Serve the app on 127.0.0.1 over the store; nobody else can reach it.

    Example: `safespace app --store safespace-data`
    """
    _serve(_settings(store), port)


def _serve(settings: Settings, port: int) -> None:
    # Importing Streamlit takes a second that no other command should pay.
    from safespace.app.serve import serve  # noqa: PLC0415

    serve(settings, port=port)


@app.command(hidden=True)
def docs(out: Annotated[Path, typer.Option(help="The docs folder.")] = Path("docs")) -> None:
    """Regenerate the pages that are made from code.

    Example: `safespace docs --out docs`
    """
    pages = {"formats.md": pipeline.describe_formats(), "cli.md": describe_commands()}
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    _wrote([out / name for name in pages])


def describe_commands() -> str:
    """Return the page that lists every command with its options, written from the commands themselves."""
    group = typer.main.get_group(app)
    told = [_describe(name, command) for name, command in group.commands.items() if not command.hidden]
    return "\n".join(
        ["# Commands", "", "Written from the commands by `make docs`; a test holds it to them.", "", *told]
    )


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
