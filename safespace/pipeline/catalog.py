"""What a store holds: sources, reasons, landmarks and the baselines it can serve."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from safespace import streets
from safespace.pipeline.baselines import BASELINES
from safespace.pipeline.calendars import HOLIDAY, held_calendar, windows_of
from safespace.pipeline.exposures import is_held
from safespace.pipeline.kinds import list_kinds
from safespace.pipeline.loading import version
from safespace.pipeline.networks import load_streets
from safespace.pipeline.view import CALENDARS, NOT
from safespace.registry import SOURCES
from safespace.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from safespace.settings import NightWindow, Settings
    from safespace.streets import StreetSummary


@dataclass(frozen=True)
class Catalog:
    """What a store holds, for a face to offer choices from.

    Parameters
    ----------
    sources
        One row a source: ``source, name, rows, first, last``.
    factors
        Reasons seen in each source, in alphabetical order.
    kinds
        Groups of offences that each source can be asked for: printed name by identifier (see
        :mod:`safespace.sources.offences`); the sources held that have none are left out.
    loads
        Every load (:data:`safespace.schemas.LOADS`).
    synthetic
        The reports are made up.
    streets
        Summary of the street network, or ``None``.
    baselines
        Keys of :data:`BASELINES` that this store can serve, the usual one first.
    windows
        Parts of the night that can be asked for, by area identifier (empty for all areas together) and zone
        (empty for the usual night); see :func:`safespace.pipeline.calendars.windows_of`.
    calendar
        Matches, events and campaigns held (:data:`safespace.nights.CALENDAR`).
    calendars
        Keys of :data:`CALENDARS` that this store can answer.
    version
        Fingerprint of everything held.
    notes
        What is in the store and cannot be asked for: reports of a source that is not registered here.
    """

    sources: pd.DataFrame
    factors: dict[str, tuple[str, ...]]
    kinds: dict[str, dict[str, str]]
    loads: pd.DataFrame
    synthetic: bool
    streets: StreetSummary | None
    baselines: tuple[str, ...]
    windows: dict[str, dict[str, tuple[NightWindow, ...]]]
    calendar: pd.DataFrame
    calendars: tuple[str, ...]
    version: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return what is held for machines."""
        night = {
            area: {zone: [part.model_dump(mode="json") for part in parts] for zone, parts in zones.items()}
            for area, zones in self.windows.items()
        }
        return {
            "sources": self.sources.to_dict("records"),
            "factors": self.factors,
            "kinds": self.kinds,
            "synthetic": self.synthetic,
            "streets": None if self.streets is None else asdict(self.streets),
            "baselines": self.baselines,
            "windows": night,
            "calendar": self.calendar.to_dict("records"),
            "calendars": self.calendars,
            "version": self.version,
            "notes": self.notes,
        }


def areas(settings: Settings) -> pd.DataFrame:
    """Return the loaded areas, ``area_id`` and ``name``, in alphabetical order of name."""
    held: pd.DataFrame = Store.open(settings.store).areas()[["area_id", "name"]]
    return held.sort_values("name", ignore_index=True)


def landmarks(settings: Settings) -> pd.DataFrame:
    """Return the named points a walk can start or end at: ``name, kind, lon, lat``, by name.

    Names that several points share are told apart by a number, in order of their position.
    """
    held = Store.open(settings.store).assets()
    named = held[held["name"].fillna("").ne("")].sort_values(["name", "lon", "lat"])[
        ["name", "kind", "lon", "lat"]
    ]
    turn = named.groupby("name").cumcount()
    repeats = named["name"].duplicated(keep=False)
    numbered = named["name"] + " (" + (turn + 1).astype(str) + ")"
    return named.assign(name=named["name"].where(~repeats, numbered)).reset_index(drop=True)


def catalog(settings: Settings) -> Catalog:
    """Return what the store holds.

    Raises
    ------
    StoreError
        When there is no store there yet.
    """
    store = Store.open(settings.store)
    every, loads, graph = store.reports(), store.loads(), load_streets(settings)
    known = every["source"].isin(list(SOURCES))
    reports, unknown = every[known], every.loc[~known, "source"]
    in_force, calendar = loads[loads["status"] == "loaded"], held_calendar(settings)
    return Catalog(
        sources=_sources_held(reports, settings),
        factors=_factors_held(reports),
        kinds=list_kinds(settings, tuple(s for s in SOURCES if s in set(reports["source"]))),
        loads=loads,
        synthetic=bool(in_force["synthetic"].any()),
        streets=None if graph is None else streets.summary(graph),
        baselines=_baselines_held(settings, set(reports["source"])),
        windows={area: dict(windows_of(area, settings)) for area in ("", *store.areas()["area_id"])},
        calendar=calendar,
        calendars=_calendars_held(set(calendar["kind"])),
        version=version(settings),
        notes=_unknown_in_words(unknown),
    )


def _unknown_in_words(unknown: pd.Series) -> tuple[str, ...]:
    """Name the sources of reports that nothing here knows how to count, so that none is counted as another."""
    return tuple(
        f"{rows:,} reports of {source}, a source that is not registered here, are held and counted nowhere."
        for source, rows in unknown.value_counts().sort_index().items()
    )


def _sources_held(reports: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    days = reports.assign(day=reports["occurred_from"].dt.tz_convert(settings.time_zone).dt.date)
    held = days.groupby("source").agg(rows=("source", "size"), first=("day", "min"), last=("day", "max"))
    held = held.reindex([source for source in SOURCES if source in held.index]).reset_index()
    return held.assign(name=[SOURCES[source].title for source in held["source"]])[
        ["source", "name", "rows", "first", "last"]
    ]


def _factors_held(reports: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    single = reports[["source", "factor"]].assign(factor=reports["factor"].str.split("|")).explode("factor")
    single = single[single["factor"] != ""].drop_duplicates()
    return {str(source): tuple(sorted(rows["factor"])) for source, rows in single.groupby("source")}


def _calendars_held(kinds: set[str]) -> tuple[str, ...]:
    return tuple(name for name in CALENDARS if name.removeprefix(NOT) in {"", HOLIDAY, *kinds})


def _baselines_held(settings: Settings, names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in BASELINES if is_held(name, settings, names))
