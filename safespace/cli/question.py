"""What commands share in being asked: the parts of the question as options, and how ends of a walk are read."""

from __future__ import annotations

import functools
import inspect
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safespace import pipeline
from safespace.cli.refusals import naming
from safespace.errors import InputError
from safespace.pipeline.baselines import BASELINES, USUAL_BASELINE
from safespace.registry import SOURCES, USUAL_SOURCE, group_id, listed
from safespace.settings import Settings, load_settings, refuse_address

if TYPE_CHECKING:
    from collections.abc import Callable

# The parts of the question that each kind of answer uses.
REPORTS = ("source", "since", "until", "window", "calendar", "factor", "kind", "found_by")
CELLS = ("area", *REPORTS, "resolution")
WHOLE = (*CELLS, "baseline")
PERIOD = ("since", "until")


def _folder_only(store: Path | None) -> Path | None:
    """Refuse an address: a store is a folder, and one called ``s3:`` would be made here."""
    if store is not None:
        with naming("--store"):
            refuse_address(store)
    return store


StoreOption = Annotated[
    Path | None,
    typer.Option("--store", help="Folder of the store (./safespace-data).", callback=_folder_only),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="Where counting runs: duckdb, spark://HOST:PORT or local-cluster."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


def out_files(*endings: str, one: bool = False) -> Any:
    """Return the option of a command that writes files of these endings; it looks at them before any work."""

    def check(paths: Any) -> Any:
        with naming("--out"):
            pipeline.check_outputs([paths] if one else paths or [], endings)
        return paths

    more = "" if one else "; repeat for more"
    return typer.Option(help=f"File to write, {listed(endings)}{more}.", callback=check)


def out_folder(help_text: str) -> Any:
    """Return the option of a command that writes into a folder; it looks at it before any work."""

    def check(folder: Path) -> Path:
        with naming("--out"):
            pipeline.check_output_folder(folder)
        return folder

    return typer.Option(help=help_text, callback=check)


def _question(  # noqa: PLR0913, PLR0917 - these are the parts of the question
    area: Annotated[str, typer.Option(help="Identifier of a loaded area; all of them when left out.")] = "",
    source: Annotated[list[str], typer.Option(help=f"{listed(SOURCES)}; repeat for more.")] = [USUAL_SOURCE],  # noqa: B006 - Typer shows it as the default and hands each call its own
    resolution: Annotated[int, typer.Option(help="H3 resolution, 7 to 10: 8 is 0.7 km², 9 is 0.1 km².")] = 9,
    baseline: Annotated[str, typer.Option(help=f"One of: {', '.join(BASELINES)}.")] = USUAL_BASELINE,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, included.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    window: Annotated[
        str, typer.Option(help="night, or a window's name, as `safespace catalog` lists them.")
    ] = "",
    calendar: Annotated[
        str,
        typer.Option(help=f"Only these nights: {', '.join(name for name in pipeline.CALENDARS if name)}."),
    ] = "",
    factor: Annotated[str, typer.Option(help="Only reports that give this reason.")] = "",
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only this group of offences, as `safespace catalog` lists them; repeat for more."),
    ] = None,
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
        calendar=calendar,
        factor=factor,
        kinds=tuple(dict.fromkeys(map(group_id, kind or ()))),
        found_by=found_by,
    )


def asks(*used: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that takes a ``view`` the options of the parts of the question it uses, and no others.

    Parameters
    ----------
    used
        Names of the parts, such as :data:`REPORTS`, :data:`CELLS` or :data:`WHOLE`.
    """
    every = inspect.signature(_question, eval_str=True).parameters
    parts = {name: part for name, part in every.items() if name in used}
    usual = {name: part.default for name, part in every.items()}

    def give(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters

        @functools.wraps(command)
        def asked(**given: Any) -> None:
            view = _question(**usual | {name: given.pop(name) for name in parts})
            if view.factor:
                with naming("--factor"):
                    pipeline.check_factor(view, settings_of(given.get("store")))
            if view.kinds:
                with naming("--kind"):
                    pipeline.check_kinds(
                        view, settings_of(given.get("store")), sources=None if "source" in parts else ()
                    )
            command(view=view, **given)

        merged = [*parts.values(), *(part for name, part in own.items() if name != "view")]
        asked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in merged]
        )
        asked.__annotations__ = {part.name: part.annotation for part in merged}
        return asked

    return give


def settings_of(store: Path | None, engine: str | None = None) -> Settings:
    """Read the settings, with the store and the engine named on the command line where they are."""
    return load_settings(store=store, engine=engine)


def period(text: str) -> tuple[date, date]:
    """Read two days parted by a colon, the first and the last of a period.

    Examples
    --------
    >>> period("2022-01-01:2022-03-31")[1]
    datetime.date(2022, 3, 31)
    """
    try:
        first, last = (date.fromisoformat(part.strip()) for part in text.split(":"))
    except ValueError as problem:
        raise InputError(
            "A period needs a first and a last day.",
            code="period-incomplete",
            seen=repr(text),
            remedy="Write it as 2022-01-01:2022-03-31.",
        ) from problem
    return first, last


def link(text: str) -> tuple[tuple[float, float] | str, tuple[float, float] | str]:
    """Read a walking link, two ends parted by an arrow."""
    start, arrow, end = text.partition(">")
    if not arrow:
        raise InputError(
            "A walking link needs two ends.",
            code="walk-needs-two-ends",
            seen=text,
            remedy="Write it as 'FROM > TO'.",
        )
    return pipeline.point_of(start), pipeline.point_of(end)


def one_of(word: str, known: tuple[str, ...]) -> Any:
    """Return the word when it is one of those known, and refuse it otherwise."""
    if word not in known:
        raise InputError(
            "There is no such choice.",
            code="choice-unknown",
            seen=word,
            remedy=f"Choose from: {', '.join(known)}.",
        )
    return word
