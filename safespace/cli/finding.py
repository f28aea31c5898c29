"""Commands that find where reports are more than usual, and judge how well that holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from safespace import pipeline
from safespace.cli.asking import EngineOption, JsonOption, OutOption, StoreOption, asks, one_of, settings_of
from safespace.cli.printing import print_json, records, say, show, wrote_files


@asks
def count(
    view: pipeline.View,
    out: OutOption = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count reports in every H3 cell of an area, zero cells included.

    Example: `safespace count --area centre --resolution 9 --out cells.csv`
    """
    counted = pipeline.count_cells(view, settings_of(store, engine))
    wrote = [pipeline.write_table(counted, path) for path in out or []]
    if as_json:
        print_json(records(counted))
        return
    inside = counted[~counted["edge"]]
    empty = int((inside["events"] == 0).sum())
    say(
        f"{int(inside['events'].sum()):,} events ({int(inside['pins'].sum()):,} reports) in {len(inside):,} cells; "
        f"{empty:,} cells have none."
    )
    wrote_files(wrote)


@asks
def hotspots(
    view: pipeline.View,
    scan: Annotated[
        bool, typer.Option("--scan", help="Search discs of every size beside two chances.")
    ] = False,
    out: OutOption = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where reports are higher than usual, with intervals, against a named baseline.

    Example: `safespace hotspots --area centre --out places.csv --out places.geojson --out map.html`
    """
    settings = settings_of(store, engine)
    if scan:
        _show_scan(pipeline.scan_places(view, settings), out, as_json=as_json)
        return
    found = pipeline.find_places(view, settings)
    wrote = [pipeline.write_places(found, path, settings) for path in out or []]
    if as_json:
        print_json(pipeline.places_as_dict(found))
        return
    say(f"{found.area_name}: {pipeline.headline(found)}")
    if len(found.places):
        show(pipeline.places_table(found), "Places higher than usual")
    say(*found.notes, found.credit)
    wrote_files(wrote)


def _show_scan(found: Any, out: list[Path] | None, *, as_json: bool) -> None:
    wrote = [pipeline.write_table(found.table, path) for path in out or []]
    if as_json:
        print_json({"basis": found.basis(), "discs": records(found.table)})
        return
    shown = ["place", "radius", "cells", "events", "expected", "ratio", "p_poisson", "p_shuffle", "higher"]
    show(found.table[shown], "Discs of cells, the most striking first")
    say(
        found.basis(), "A disc is called higher when the larger of its two p values is at or below the level."
    )
    wrote_files(wrote)


@asks
def agreement(
    view: pipeline.View,
    out: OutOption = None,
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


@asks
def clusters(
    view: pipeline.View,
    method: Annotated[str, typer.Option(help="hdbscan or dbscan.")] = "hdbscan",
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    out: OutOption = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find where events lie close together: shapes, each with its probability and stability.

    Example: `safespace clusters --source streetsafe --out clusters.csv`
    """
    found = pipeline.find_clusters(
        view, settings_of(store, engine), method=one_of(method, ("hdbscan", "dbscan")), seed=seed
    )
    table = found.table.drop(columns="geometry").assign(shape_wkt=found.table.geometry.to_wkt())
    wrote = [pipeline.write_table(table, path) for path in out or []]
    if as_json:
        print_json(records(table))
        return
    show(table.drop(columns="shape_wkt"), "Clusters, the largest first")
    say(
        found.basis(),
        "A hull of events is a shape, not a place with a border.",
        "The p value is the larger of two chances: strewn at random, and whole cells changing places.",
    )
    wrote_files(wrote)


@asks
def trends(
    view: pipeline.View,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how an area's events went: month by month, any steady rise or fall, and near repeats.

    Example: `safespace trends --area centre --source nte`
    """
    found = pipeline.find_change(view, settings_of(store, engine))
    near = None if found.near_repeat is None else found.near_repeat.table
    if as_json:
        repeats = None if near is None else records(near)
        print_json({"months": records(found.months), "near_repeat": repeats, "notes": found.notes})
        return
    show(found.months, "Events by month")
    if near is not None:
        show(near, "Pairs of events near in place and time, beside what chance brings")
    say(*found.notes)


@asks
def validate(
    view: pipeline.View,
    later: Annotated[int, typer.Option(min=4, help="How many of the last months are kept back.")] = 6,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    itself: Annotated[
        bool, typer.Option("--self", help="Put the method's own promises to the test on made-up layers.")
    ] = False,
    out: OutOption = None,
    engine: EngineOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose places from the earlier months and judge them on the later ones, beside simpler ways to choose.

    Example: `safespace validate --source police_uk --baseline area --resolution 9 --later 12`
    """
    if itself:
        kept = pipeline.check_promises(settings_of(store, engine), resolution=view.resolution, seed=seed)
        print_json(records(kept)) if as_json else show(kept, "What the method promises, on made-up layers")
        raise typer.Exit(0 if kept["kept"].all() else 1)
    found = pipeline.validate_places(view, settings_of(store, engine), later=later, seed=seed)
    wrote = [pipeline.write_table(found.table, path) for path in out or []]
    if as_json:
        print_json({"basis": found.basis(), "methods": records(found.table)})
        return
    shown = [name for name in found.table.columns if not name.endswith(("_lower", "_upper"))]
    show(found.table[shown], "Later events in places chosen from earlier ones")
    say(found.basis())
    wrote_files(wrote)
