"""Commands that find where reports are more than usual, and judge how well that holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safespace import pipeline
from safespace.cli.printing import print_json, records, say, show, wrote_files
from safespace.cli.question import (
    CELLS,
    PERIOD,
    WHOLE,
    EngineOption,
    JsonOption,
    StoreOption,
    asks,
    one_of,
    out_files,
    period,
    settings_of,
)
from safespace.cli.refusals import naming, only_used
from safespace.errors import InputError
from safespace.registry import titles
from safespace.tone import percent

MOST_SHOWN = 20  # rows on a terminal; the files hold them all

if TYPE_CHECKING:
    import pandas as pd


@only_used(
    "baseline",
    when=lambda given: not given["monthly"],
    remedy="Counts by month have no baseline: leave it out, or leave out --monthly.",
)
@asks(*WHOLE)
def count(
    view: pipeline.View,
    monthly: Annotated[
        bool, typer.Option("--monthly", help="Reports by cell, month and source instead; only what occurs.")
    ] = False,
    out: Annotated[list[Path] | None, out_files(".csv")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count reports in every H3 cell of an area, zero cells included.

    Example: `safespace count --area centre --resolution 9 --out cells.csv`
    """
    settings = settings_of(store, engine)
    counted = (pipeline.count_monthly if monthly else pipeline.count_cells)(view, settings)
    wrote = [pipeline.write_answer(counted, path, view, settings) for path in out or []]
    if as_json:
        print_json(records(counted))
        return
    if monthly:
        by_month = counted.assign(month=counted["month"].dt.strftime("%Y-%m")).groupby(["month", "source"])
        show(by_month.agg(pins=("pins", "sum")).reset_index(), "Reports by month")
        wrote_files(wrote)
        return
    inside = counted[~counted["edge"]]
    empty = int((inside["events"] == 0).sum())
    say(
        f"{pipeline.counted_in_words(view, settings)}: {int(inside['events'].sum()):,} events ({int(inside['pins'].sum()):,} reports) in {len(inside):,} cells; "
        f"{empty:,} cells have none.",
        pipeline.data_beyond(counted).sentence(),
    )
    wrote_files(wrote)


@asks(*WHOLE)
def hotspots(  # noqa: PLR0913, PLR0917 - each is one documented option
    view: pipeline.View,
    scan: Annotated[
        bool, typer.Option("--scan", help="Also search discs of every size, beside two chances.")
    ] = False,
    checks: Annotated[
        bool,
        typer.Option(
            "--checks", help="Also find again without each place's busiest day, week, one origin ..."
        ),
    ] = False,
    local: Annotated[
        bool, typer.Option("--local", help="Also write Gi*, local Moran and Marshall's rate in the tables.")
    ] = False,
    shares: Annotated[
        bool,
        typer.Option("--shares", help="Also show shares of lighting, behaviour and night, with intervals."),
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Also weigh events by harm: a CSV of kind, weight, source, date. Police edition only."
        ),
    ] = None,
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson", ".gpkg", ".html")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where reports are higher than usual, with intervals, against a named baseline.

    Example: `safespace hotspots --area centre --scan --checks --out places.csv --out places.geojson --out map.html`
    """
    settings = settings_of(store, engine)
    found = pipeline.find_places(view, settings)
    discs = None
    if scan:
        found, discs = pipeline.add_scan(found, settings)
    if checks:
        found = pipeline.add_checks(found, settings)
    if local:
        found = pipeline.add_local(found, settings)
    if weights:
        with naming("--weights"):
            found = pipeline.add_harm(found, settings, weights=weights)
    told = pipeline.find_shares(found, settings) if shares else None
    wrote = [pipeline.write_places(found, path, settings) for path in out or []]
    if as_json:
        scanned = (
            {}
            if discs is None
            else {"scan": discs.basis(), "scan_method": asdict(discs.method), "discs": records(discs.table)}
        )
        shared = {} if told is None else {"shares": records(told)}
        beside = {"cells": records(found.hotspots.table)} if local else {}
        print_json(pipeline.places_as_dict(found) | scanned | shared | beside)
        return
    _show_places(found, discs, told)
    if local:
        _show_local(found)
    wrote_files(wrote)


def _show_places(answer: pipeline.PlacesFound, discs: Any, shares: pd.DataFrame | None) -> None:
    kinds = answer.hotspots.method.kinds
    counted = f"{titles(answer.view.sources)}{f', {kinds} only' if kinds else ''}"
    say(f"{answer.area_name}, {counted}: {pipeline.headline(answer)}")
    if len(answer.places):
        show(pipeline.places_table(answer), "Places higher than usual")
    if discs is not None:
        shown = [
            "place",
            "radius",
            "cells",
            "events",
            "expected",
            "ratio",
            "p_poisson",
            "p_shuffle",
            "p_one_cell",
            "higher",
        ]
        show(discs.table[shown], "Discs of cells, the most striking first")
        say(
            "p_poisson sees every disc, and reports by one person too. p_shuffle sees cells lying together, never "
            "a single cell. p_one_cell sees single cells only. Higher: twice the smaller of p_one_cell and the larger "
            "of the first two is at or below the level."
        )
        say(discs.basis())
    if shares is not None:
        show(shares, f"Shares of events, with {answer.hotspots.method.interval_words}s")
    say(*answer.notes, *((answer.harm.words(),) if answer.harm else ()), answer.credit)


def _show_local(answer: pipeline.PlacesFound) -> None:
    """Show the local statistics of each place's core, where there are enough events for them."""
    names = ["rate", "marshall_rate", "gi_star", "gi_note", "moran", "moran_quadrant", "moran_note"]
    cores = answer.hotspots.table.set_index("cell").reindex(answer.places["core_cell"])[names]
    told = cores.reset_index(drop=True).dropna(axis="columns", how="all")
    told = told.loc[:, [name for name in told if (told[name] != "").any()]]
    told.insert(0, "place", answer.places["name"].to_numpy())
    show(told, "The core of each place beside Gi* and local Moran, which decide nothing")


@asks(*CELLS)
def surface(
    view: pipeline.View,
    having: Annotated[str, typer.Option(help=f"Which mix: {', '.join(pipeline.MIXES)}.")] = "night",
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Smooth events to a surface, and find where the mix differs: more of them about lighting, or at night.

    Example: `safespace surface --area centre --having lighting --out surface.geojson`
    """
    found = pipeline.find_mix(view, settings_of(store, engine), having=having)
    wrote = [pipeline.write_mix(found, path) for path in out or []]
    if as_json:
        discs = records(found.scan.table)
        how = pipeline.mix_methods(found)
        print_json({"basis": found.basis(), "method": how, "discs": discs, "cells": records(found.table)})
        return
    shown = ["place", "radius", "cells", "events", "expected", "ratio", "p_value", "higher"]
    show(found.scan.table[shown], f"Discs where more events {found.what}")
    marked = found.table["contour"].value_counts()
    say(
        found.basis(),
        f"Cells inside a contour: {marked.get('more', 0)} with more of them, {marked.get('fewer', 0)} with fewer.",
        "A surface makes hills of single events: a hill is not a finding.",
        found.credit,
    )
    wrote_files(wrote)


@asks(*(part for part in WHOLE if part != "source"))
def agreement(
    view: pipeline.View,
    out: Annotated[list[Path] | None, out_files(".csv", ".geojson", ".html")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where public reports and recorded incidents are both higher than usual, and where only one is.

    The layers are found apart, each with its own events, and never added together.

    Example: `safespace agreement --area centre --baseline streets --out agreement.geojson --out agreement.html`
    """
    settings = settings_of(store, engine)
    found = pipeline.find_agreement(view, settings)
    wrote = [pipeline.write_agreement(found, path, settings) for path in out or []]
    if as_json:
        print_json(pipeline.agreement_as_dict(found))
        return
    show(pipeline.agreement_table(found), f"{found.area_name}: higher than usual in which layer")
    say(*found.notes, found.credit)
    wrote_files(wrote)


@asks(*WHOLE)
def clusters(
    view: pipeline.View,
    method: Annotated[str, typer.Option(help="hdbscan or dbscan.")] = "hdbscan",
    timed: Annotated[
        bool,
        typer.Option("--timed", help="Close in time as well (ST-DBSCAN), for 1,000 timed events or more."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 0,
    out: Annotated[list[Path] | None, out_files(".csv")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where events lie close together: shapes, each with its probability and stability.

    Example: `safespace clusters --source streetsafe --out clusters.csv`
    """
    settings = settings_of(store, engine)
    found = pipeline.find_clusters(
        view,
        settings,
        method=one_of(method, ("hdbscan", "dbscan")),
        timed=timed,
        seed=seed,
    )
    table = found.table.drop(columns="geometry").assign(shape_wkt=found.table.geometry.to_wkt())
    wrote = [pipeline.write_answer(table, path, view, settings) for path in out or []]
    if as_json:
        print_json({"basis": found.basis(), "method": asdict(found.method), "clusters": records(table)})
        return
    show(table.drop(columns="shape_wkt"), "Clusters, the largest first")
    say(
        f"{pipeline.counted_in_words(view, settings)}: {found.basis()}",
        "A hull of events is a shape, not a place with a border.",
        "The p value is the larger of two chances: strewn at random, and whole cells changing places.",
    )
    wrote_files(wrote)


@only_used(
    "freq",
    when=lambda given: given["emerging"],
    remedy="A length of period belongs to --emerging: add that, or leave it out.",
)
@only_used(
    "emerging",
    when=lambda given: not (given["before"] or given["after"]),
    remedy="Two periods are compared, or what is new is looked for: leave it out, or --before and --after.",
)
@only_used(
    *PERIOD,
    when=lambda given: not (given["before"] or given["after"]),
    remedy="--before and --after say which days are compared: leave it out.",
)
@only_used(
    "resolution",
    when=lambda given: given["emerging"] or given["before"] or given["after"],
    remedy="Months are counted inside the outline: a resolution belongs to --emerging or two periods; leave it out.",
)
@only_used(
    "baseline",
    when=lambda given: given["emerging"],
    remedy="Only what is new is set beside a baseline: add --emerging, or leave it out.",
)
@asks(*WHOLE)
def trends(  # noqa: PLR0913, PLR0917 - each is one documented option
    view: pipeline.View,
    before: Annotated[str, typer.Option(help="Compare this period, as FIRST:LAST ...")] = "",
    after: Annotated[str, typer.Option(help="... with this one, day by day of 2022-01-01:2022-03-31.")] = "",
    emerging: Annotated[
        bool, typer.Option("--emerging", help="Look for what is new: a scan of periods, and cells' patterns.")
    ] = False,
    freq: Annotated[str, typer.Option(help="week, month or quarter: a period of --emerging.")] = "month",
    out: Annotated[list[Path] | None, out_files(".csv", ".svg")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how events went: by month with any steady rise and near repeats; or two periods; or what is new.

    Example: `safespace trends --area centre --source nte --before 2025-09-01:2025-11-30 --after 2026-03-01:2026-05-31`
    """
    settings = settings_of(store, engine)
    if before or after or emerging:
        with naming("--out"):
            pipeline.check_outputs(out or [], (".csv",))
    if before or after:
        told = pipeline.compare_periods(view, settings, before=period(before), after=period(after))
        wrote = [pipeline.write_answer(told.cells, path, view, settings) for path in out or []]
        _show_compared(told, wrote, as_json=as_json)
    elif emerging:
        new = pipeline.find_emerging(view, settings, freq=freq)
        if new.scan is None and out:
            raise InputError(
                "There is no table to write.",
                code="no-table-to-write",
                where=out[0],
                seen=" ".join(new.notes),
                remedy="Leave out --out, or widen the dates, the area or the sources.",
            )
        tables = [] if new.scan is None else [new.scan.table]
        wrote = [pipeline.write_answer(one, path, view, settings) for one in tables for path in out or []]
        _show_emerging(new, wrote, as_json=as_json)
    else:
        change = pipeline.find_change(view, settings)
        wrote = [pipeline.write_months(change, path, view, settings) for path in out or []]
        _show_change(change, wrote, as_json=as_json)


def _show_change(change: pipeline.Change, wrote: list[Path], *, as_json: bool) -> None:
    near = None if change.near_repeat is None else change.near_repeat.table
    if as_json:
        repeats = None if near is None else records(near)
        how = None if change.near_repeat is None else asdict(change.near_repeat.method)
        months = {"months": records(change.months), "near_repeat": repeats}
        print_json({"method": {"near_repeat": how}, **months, "notes": change.notes})
        return
    show(change.months, "Events by month")
    if near is not None:
        show(near, "Pairs of events near in place and time, beside what chance brings")
    say(*change.notes)
    wrote_files(wrote)


def _show_compared(compared: pipeline.Compared, wrote: list[Path], *, as_json: bool) -> None:
    if as_json:
        cells = {"area": records(compared.whole)[0], "cells": records(compared.cells)}
        print_json(cells | {"method": asdict(compared.method), "notes": compared.notes})
        return
    show(compared.whole, "Events per day in the area, after beside before")
    shown = ["name", "before", "after", "ratio", "lower", "upper", "e_q_value"]
    changed = compared.cells.loc[compared.cells["changed"], shown]
    if len(changed):
        show(
            changed.head(MOST_SHOWN),
            f"Cells that changed, the surest first; --out writes all {len(compared.cells)}",
        )
    say(*compared.notes)
    wrote_files(wrote)


def _show_emerging(emerging: pipeline.Emerging, wrote: list[Path], *, as_json: bool) -> None:
    discs = None if emerging.scan is None else emerging.scan.table
    if as_json:
        patterns = None if emerging.patterns is None else records(emerging.patterns)
        told = None if discs is None else records(discs)
        how = asdict(emerging.method)
        print_json({"method": how, "discs": told, "patterns": patterns, "notes": emerging.notes})
        return
    if discs is not None:
        shown = ["place", "radius", "cells", "periods", "events", "expected", "ratio", "p_value", "higher"]
        show(discs[shown], "Discs busier in the last periods than their own past explains")
    if emerging.patterns is not None:
        say(*_patterns_in_words(emerging.patterns))
    say(*emerging.notes)
    wrote_files(wrote)


def _patterns_in_words(patterns: pd.DataFrame) -> list[str]:
    """Say how many cells have each pattern, and name the first of them."""
    told = []
    for pattern in sorted(set(patterns["pattern"])):
        names = patterns.loc[patterns["pattern"] == pattern, "name"].tolist()
        more = " ..." if len(names) > MOST_SHOWN else ""
        told.append(f"{pattern.capitalize()} ({len(names)}): {'; '.join(names[:MOST_SHOWN])}{more}")
    return told


@only_used(
    *(part for part in WHOLE if part != "resolution"),
    *("later", "freq", "out", "engine"),
    when=lambda given: not given["itself"],
    remedy="--self makes layers of its own, by --resolution and --seed: leave the other options out.",
)
@asks(*WHOLE)
def validate(  # noqa: PLR0913, PLR0917 - each is one documented option
    view: pipeline.View,
    later: Annotated[int, typer.Option(min=4, help="How many of the last periods are kept back.")] = 6,
    freq: Annotated[str, typer.Option(help="week, month or quarter: the length of a period.")] = "month",
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 0,
    itself: Annotated[
        bool, typer.Option("--self", help="Put the method's own promises to the test on made-up layers.")
    ] = False,
    out: Annotated[list[Path] | None, out_files(".csv")] = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose places from the earlier periods and judge them on the later ones, beside simpler ways to choose.

    Example: `safespace validate --source police_uk --baseline area --resolution 9 --later 12`
    """
    if itself:
        kept = pipeline.check_promises(settings_of(store, engine), resolution=view.resolution, seed=seed)
        print_json(records(kept)) if as_json else show(kept, "What the method promises, on made-up layers")
        raise typer.Exit(0 if kept["kept"].all() else 1)
    settings = settings_of(store, engine)
    found = pipeline.validate_places(view, settings, later=later, freq=freq, seed=seed)
    wrote = [pipeline.write_answer(found.table, path, view, settings) for path in out or []]
    notes = pipeline.describe_concentration(view, settings)
    if as_json:
        print_json(
            {
                "line": found.line(),
                "basis": found.basis(),
                "interval": found.level,
                "methods": records(found.table),
                "notes": notes,
            }
        )
        return
    show(
        found.shown(),
        f"Later events in places chosen from earlier ones, with {percent(found.level)} intervals",
    )
    say(found.line(), found.basis(), *notes)
    wrote_files(wrote)
