"""Which nights and which parts of them a view asks for: calendars a person keeps, and zones with their own night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from safespace import cells, nights
from safespace.errors import InputError, Remedy
from safespace.pipeline.layers import keep, layer_file, read_stored
from safespace.pipeline.view import CALENDARS, NOT
from safespace.schemas import Column, Table, conform, empty
from safespace.sources.tables import check_size
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from safespace.pipeline.view import View
    from safespace.settings import NightWindow, Settings

HOLIDAY = "bank-holiday"
_HELD = Table(
    "held calendar",
    {**nights.CALENDAR.columns, "file": Column("text", "file the entry is from; the same name replaces it")},
)


# ---- the calendar a store holds -----------------------------------------------------------------------


def ingest_calendar(path: Path, *, settings: Settings, check_only: bool = False) -> pd.DataFrame:
    """Add the matches, events and campaigns of a file, in place of what a file of that name brought before.

    With ``check_only`` they are read and returned, and nothing is kept.

    Raises
    ------
    FileError
        When the file cannot be used, naming every row that cannot.
    StoreError
        When the store cannot be written to.
    """
    check_size(Path(path), settings.limits)
    fresh = nights.read_calendar(path, tz=settings.time_zone).assign(file=Path(path).name)
    if check_only:
        return fresh
    Store.open(settings.store, create=True)
    held = _read(settings)
    both = pd.concat([held[held["file"] != Path(path).name], fresh], ignore_index=True)
    ordered = conform(both.sort_values(["starts", "name"], ignore_index=True), _HELD)
    keep(ordered, layer_file("calendar", settings))
    return fresh


def held_calendar(settings: Settings) -> pd.DataFrame:
    """Return every match, event and campaign held (:data:`safespace.nights.CALENDAR`), each once."""
    columns = list(nights.CALENDAR.columns)
    return _read(settings)[columns].drop_duplicates(ignore_index=True)


def _read(settings: Settings) -> pd.DataFrame:
    file = layer_file("calendar", settings)
    return conform(read_stored(file), _HELD) if file.exists() else empty(_HELD)


# ---- nights a view asks for -----------------------------------------------------------------------------


def in_calendar(
    reports: pd.DataFrame, view: View, settings: Settings
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the reports of the nights a view asks for, and sentences that say what that left aside.

    Raises
    ------
    InputError
        When nothing of that kind is in the calendar, or no report carries its day.
    """
    if not view.calendar:
        return reports, ()
    dated = reports[reports["occurred_to"] - reports["occurred_from"] < pd.Timedelta(days=1)]
    _refuse_no_days(reports, dated)
    day = nights.day_of(dated["occurred_from"], windows=settings.night, tz=settings.time_zone)
    kind = view.calendar.removeprefix(NOT)
    on, said = (nights.holiday_weekends(day), []) if kind == HOLIDAY else _entries(kind, day, dated, settings)
    wanted = on.eq("") if view.calendar.startswith(NOT) else on.fillna("").ne("")
    said = [
        f"{CALENDARS[view.calendar].capitalize()} only: {int(wanted.sum()):,} of {len(dated):,} reports.",
        *said,
    ]
    if len(dated) < len(reports):
        said.append(f"{len(reports) - len(dated):,} rows carry no day and are in neither.")
    if unknown := int(on.isna().sum()):
        said.append(f"{unknown:,} rows are from years whose bank holidays are not known, and are in neither.")
    return dated[wanted], tuple(said)


def _refuse_no_days(reports: pd.DataFrame, dated: pd.DataFrame) -> None:
    if dated.empty and len(reports):
        raise InputError(
            "Certain nights were asked for.",
            code="nights-need-days",
            seen=f"{len(reports):,} rows carry no day",
            remedy="Ask for any night.",
        )


def _entries(
    kind: str, day: pd.Series, reports: pd.DataFrame, settings: Settings
) -> tuple[pd.Series, list[str]]:
    """Return what of a kind was on at each report's day and place, and what could not be told."""
    calendar = held_calendar(settings)
    calendar = calendar[calendar["kind"] == kind]
    if calendar.empty:
        raise InputError(
            f"The calendar holds no {kind}.",
            code="calendar-kind-not-held",
            seen=f"{len(held_calendar(settings))} entries of other kinds",
            remedy=Remedy(
                cli="Load one: safespace ingest CALENDAR.csv --source calendar.",
                app="Choose any night, or ask whoever runs this app to load a calendar.",
                library="Load a calendar that holds some, or ask for any night.",
            ),
        )
    areas, lost = Store.open(settings.store).areas(), []
    named = pd.Series("", index=reports.index, dtype="str")
    for zone, entries in calendar.groupby("zone", sort=True):
        outline = outline_of(str(zone), areas) if zone else None
        if zone and outline is None:
            lost.append(str(zone))
            continue
        on = nights.on_that_day(day, entries, windows=settings.night, tz=settings.time_zone)
        here = on if outline is None else on.where(_inside(reports, outline), "")
        named = (named + "; " + here).str.strip("; ")
    return named, [
        f"No loaded area is called {', '.join(lost)}: those entries match nothing."
    ] if lost else []


# ---- zones with a night of their own --------------------------------------------------------------------


def windows_of(area_id: str, settings: Settings) -> Mapping[str, tuple[NightWindow, ...]]:
    """Return the named parts of the night an area can be asked for, by zone; ``""`` are the usual ones.

    An area that is itself a zone has its own only; any other may hold zones, each with theirs.
    """
    areas = Store.open(settings.store).areas()
    row = areas[areas["area_id"] == area_id]
    names = {area_id, *row["name"]} if area_id else set()
    own = {zone.name: zone.night for zone in settings.zones if zone.name in names}
    return own or {"": settings.night, **{zone.name: zone.night for zone in settings.zones}}


def zone_of(reports: pd.DataFrame, settings: Settings) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the zone each report lies in (the first that holds it, empty for none), and zones with no area."""
    zones, lost = pd.Series("", index=reports.index, dtype="str"), []
    areas = Store.open(settings.store).areas()
    for zone in settings.zones:
        outline = outline_of(zone.name, areas)
        if outline is None:
            lost.append(zone.name)
        else:
            zones = zones.where(zones.ne("") | ~_inside(reports, outline), zone.name)
    return zones, tuple(lost)


def outline_of(name: str, areas: gpd.GeoDataFrame) -> BaseGeometry | None:
    """Return the polygon of the areas of that name or identifier, EPSG:4326, or ``None``."""
    held = areas[(areas["name"] == name) | (areas["area_id"] == name)]
    return None if held.empty else held.geometry.union_all()


def _inside(reports: pd.DataFrame, outline: BaseGeometry) -> pd.Series:
    return pd.Series(cells.lies_in(reports["lon"], reports["lat"], outline), index=reports.index, dtype=bool)
