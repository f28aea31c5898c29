"""Commands about streets and walking links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safespace import pipeline
from safespace.cli.printing import on_terminal, print_json, records, say, show, wrote_files
from safespace.cli.question import REPORTS, JsonOption, StoreOption, asks, out_files, settings_of
from safespace.cli.refusals import only_used

if TYPE_CHECKING:
    from safespace.settings import Settings


@only_used(
    "clip",
    when=lambda given: given["download"] or given["extract"] is not None,
    remedy="Name an extract to clip or add --download; what is held already stays as it is.",
)
@only_used(
    "download",
    when=lambda given: given["extract"] is None,
    remedy="Streets come from an extract or are downloaded: leave out one of the two.",
)
def streets(
    extract: Annotated[
        Path | None,
        typer.Argument(
            help="OpenStreetMap extract (.osm.pbf, .osm) or OSMnx's .graphml; none shows what is held."
        ),
    ] = None,
    clip: Annotated[str, typer.Option(help="Keep only the streets of this loaded area.")] = "",
    download: Annotated[
        bool,
        typer.Option("--download", help="Download the streets of the --clip area from Overpass instead."),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import streets, or show what is held: walkable kilometres by lighting, and what is disconnected.

    Example: `safespace streets city.osm.pbf --clip centre`
    """
    settings, shown = settings_of(store), on_terminal(as_json)
    if download:
        held = pipeline.download_streets(clip, settings=settings, progress=shown)
    elif extract is None:
        held = pipeline.held_streets(settings)
    else:
        held = pipeline.ingest_streets(extract, settings=settings, clip=clip, progress=shown)
    if as_json:
        print_json(held.as_dict())
        return
    say(*held.sentences())
    show(held.provenance, "Where each condition is known from; the rest is not known")


@only_used(
    *("council", "out"),
    when=lambda given: given["file"] is not None,
    remedy="It goes with a file of statements or lamp columns: name one, or leave it out.",
)
def lighting(
    file: Annotated[
        Path | None,
        typer.Argument(help="Statements or lamp columns, CSV or Excel; none lists what was stated."),
    ] = None,
    council: Annotated[str, typer.Option(help="The file is this council's inventory of lamp columns.")] = "",
    forget: Annotated[int | None, typer.Option(min=1, help="Take back the statement of this number.")] = None,
    out: Annotated[list[Path] | None, out_files(".csv")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """State lighting where it is not mapped: street by street, or by a council's lamp columns.

    The file has lit (yes or no) and way_id. What is mapped is never replaced; where the two differ, both are told.

    Example: `safespace lighting lamp-columns.csv --council "Stonebridge" --out differs.csv`
    """
    settings = settings_of(store)
    if forget:
        pipeline.forget_lighting(forget, settings=settings)
    if file is None:
        stated = pipeline.list_stated(settings)
        print_json(records(stated)) if as_json else show(stated, "Lighting stated")
        return
    done = pipeline.state_lighting(file, settings=settings, council=council)
    wrote = [
        pipeline.write_table(done.conflicts, path, credit=pipeline.streets_credit(settings))
        for path in out or []
    ]
    if as_json:
        print_json(done.as_dict())
        return
    say(*done.sentences())
    if len(done.conflicts):
        show(
            done.conflicts[["name", "length_m", "held", "said", "said_as_of"]],
            "Mapped otherwise, kept as mapped",
        )
    wrote_files(wrote)


StepFreeOption = Annotated[bool, typer.Option("--step-free", help="Leave out stairs, stiles and the like.")]
PavedOption = Annotated[
    bool, typer.Option("--paved", help="Leave out what is mapped as unpaved; unknown surfaces stay.")
]
AtOption = Annotated[
    str,
    typer.Option(
        "--at", help="Time of the walk, 'Sat 23:30' or '2026-11-28 23:30': what is closed is left out."
    ),
]
FromOption = Annotated[str, typer.Option("--from", help="lon,lat or the name of a landmark.")]


@asks(*REPORTS)
def routes(  # noqa: PLR0913, PLR0917 - these are the options
    view: pipeline.View,
    origin: FromOption,
    destination: Annotated[str, typer.Option("--to", help="lon,lat or the name of a landmark.")],
    step_free: StepFreeOption = False,
    paved: PavedOption = False,
    at: AtOption = "",
    out: Annotated[list[Path] | None, out_files(".geojson", ".gpkg", ".gpx", ".csv", ".html")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare walking options between two points: length, lighting, reports nearby, and what to mend.

    Example: `safespace routes --from "-1.4720,52.3012" --to "Canal Halls" --out options.geojson --out audit.gpx`
    """
    settings = settings_of(store)
    limits = _limits(at, settings, step_free=step_free, paved=paved)
    plan = pipeline.plan_walk(
        pipeline.point_of(origin), pipeline.point_of(destination), view, settings, limits=limits
    )
    wrote = [pipeline.write_walk(plan, path, settings) for path in out or []]
    if as_json:
        print_json(pipeline.walk_as_dict(plan))
        return
    say(
        f"{plan.origin_name} to {plan.destination_name}: {len(plan.front):,} exact trade-offs, {len(plan.table)} shown."
    )
    show(plan.table.set_index("Option").T.rename_axis("").reset_index(), "Options")
    say(*plan.notes, plan.credit)
    wrote_files(wrote)


@asks(*REPORTS)
def reach(  # noqa: PLR0913, PLR0917 - these are the options
    view: pipeline.View,
    origin: FromOption,
    minutes: Annotated[
        list[float] | None, typer.Option(help="Minutes on foot, at most 60 (10); repeat for more.")
    ] = None,
    to: Annotated[list[str] | None, typer.Option(help="Also walk to here; repeat for more.")] = None,
    step_free: StepFreeOption = False,
    paved: PavedOption = False,
    at: AtOption = "",
    out: Annotated[list[Path] | None, out_files(".geojson", ".gpkg", ".csv")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what lies within some minutes on foot of a place, and the shortest walk from it to each of many.

    Example: `safespace reach --from Station --minutes 5 --minutes 10 --to "Canal Halls" --out reach.geojson`
    """
    settings = settings_of(store)
    limits = _limits(at, settings, step_free=step_free, paved=paved)
    places = [pipeline.point_of(text) for text in to or []]
    found = pipeline.find_reach(
        pipeline.point_of(origin), minutes or [10.0], view, settings, to=places, limits=limits
    )
    wrote = [pipeline.write_reach(found, path) for path in out or []]
    if as_json:
        print_json(pipeline.reach_as_dict(found))
        return
    show(found.table, f"Within a walk of {found.origin_name}")
    if places:
        show(found.walks_table, f"Shortest walks from {found.origin_name}")
    say(*found.notes, found.credit)
    wrote_files(wrote)


def _limits(at: str, settings: Settings, *, step_free: bool, paved: bool) -> pipeline.Limits:
    moment = pipeline.moment_of(at, today=pipeline.today_of(settings))
    return pipeline.Limits(step_free=step_free, paved=paved, at=moment)
