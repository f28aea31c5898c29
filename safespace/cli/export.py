"""Commands that hand over: briefs, evaluations, the demo, the app and the written pages."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safespace import pipeline
from safespace.cli.printing import print_json, say, wrote_files
from safespace.cli.question import (
    CELLS,
    PERIOD,
    WHOLE,
    JsonOption,
    StoreOption,
    asks,
    link,
    out_folder,
    settings_of,
)
from safespace.cli.refusals import only_used

if TYPE_CHECKING:
    from safespace.settings import Settings


@asks(*WHOLE)
def brief(
    view: pipeline.View,
    walk: Annotated[
        list[str] | None, typer.Option(help="A walking link to describe, as 'FROM > TO'; repeat for more.")
    ] = None,
    out: Annotated[Path, out_folder("Folder to write brief.pdf and brief.html to.")] = Path("brief"),
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a two-page brief of an area, as PDF and HTML.

    Example: `safespace brief --area centre --walk "Station > Canal Halls" --out centre-brief`
    """
    settings = settings_of(store)
    made = pipeline.make_brief(view, settings, links=[link(text) for text in walk or []])
    wrote = pipeline.write_brief(made, out)
    print_json({"files": wrote}) if as_json else wrote_files(wrote)


@asks(*(part for part in CELLS if part not in {*PERIOD, "resolution"}))
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
    found = pipeline.evaluate(view, settings_of(store), control=control, changed=changed.date(), days=days)
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    say(found.sentence, *found.caveats)


@only_used(
    "port",
    when=lambda given: given["serve"],
    remedy="Nothing is served with --no-serve: leave one of the two out.",
)
def demo(
    out: Annotated[Path, out_folder("Folder to write everything to.")] = Path("demo-output"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the made-up town.")] = 2022,
    serve: Annotated[bool, typer.Option(help="Serve the app at the end.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the app on 127.0.0.1.")] = 8501,
    as_json: JsonOption = False,
) -> None:
    """Run the main job from start to end on the made-up town, say what to open, then serve the app.

    Example: `safespace demo --no-serve`
    """
    told = pipeline.run_demo(
        out, seed=seed, settings=settings_of(out / "store"), say=None if as_json else say
    )
    if as_json:
        print_json(told)
    if serve:
        _serve(settings_of(out / "store"), port)


def app_command(
    store: StoreOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8501,
) -> None:
    """Serve the app on 127.0.0.1 over the store; nobody else can reach it.

    Example: `safespace app --store safespace-data`
    """
    _serve(settings_of(store), port)


def _serve(settings: Settings, port: int) -> None:
    # Importing Streamlit takes a second that no other command should pay.
    from safespace.app.serve import serve  # noqa: PLC0415

    serve(settings, port=port)
