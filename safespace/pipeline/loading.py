"""Reports, areas, stops and streets in: the verbs that fill a store."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from safespace import cells, sources
from safespace.errors import AreaError, FileError, InputError, Remedy, StoreError
from safespace.layers import assets as asset_files
from safespace.layers import boundaries, columns
from safespace.pipeline.baselines import BASELINES, loaded_as
from safespace.pipeline.calendars import held_calendar, ingest_calendar
from safespace.pipeline.choices import layer_kinds
from safespace.pipeline.layers import ingest_supplied, keep, layer_file, read_stored, told_before
from safespace.registry import SOURCES, USUAL_SOURCE
from safespace.schemas import OUTCOMES, REPORTS, empty
from safespace.sources import mapping as mappings
from safespace.sources import proposals, volumes
from safespace.sources.ingested import Ingested, summarise, summarise_repairs
from safespace.sources.outcomes import disarm, shown
from safespace.store import HeldDifferentlyError, Load, Store
from safespace.synthetic import build_town, scatter_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shapely.geometry.base import BaseGeometry

    from safespace.settings import Settings

MAPPINGS = "mappings"
RECALLED = "Read with the mapping that files with these headers were last loaded with."
_LONGEST_NAME = 60
_FIRST_SHOWN = 6
_LOOKED_AT, _LONGEST_FIGURES = 1_000, 12  # references looked up for zeros in front, and how long they can be
MOST_VOLUME_NOTES = 3
STREETS_FILE = "streets.npz"


@dataclass(frozen=True)
class Ingestion:
    """What came of loading files: the reading and, unless it was only a check, the load it became."""

    reading: Ingested
    load: Load | None
    reasons: pd.DataFrame
    notes: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """Say in words what happened to every row."""
        counts = self.reading.counts()
        outcomes = ", ".join(f"{number:,} {name}" for name, number in counts.items() if name != "read")
        return (
            f"{counts['read']:,} rows read: {outcomes}.",
            *self._load_sentences(),
            *self.notes,
            *self.reading.notes,
        )

    def repairs(self) -> pd.DataFrame:
        """Return the repairs by rule: the first before and after, how many cells, and the first lines."""
        return summarise_repairs(self.reading.repairs)

    def as_dict(self) -> dict[str, object]:
        """Return the outcome for machines."""
        return {
            "files": self.reading.files,
            "counts": self.reading.counts(),
            "load": None if self.load is None else asdict(self.load) | {"added": self.load.added},
            "reasons": self.reasons.to_dict("records"),
            "repairs": self.repairs().to_dict("records"),
            "notes": (*self.notes, *self.reading.notes),
        }

    def _load_sentences(self) -> tuple[str, ...]:
        if self.load is None:
            return ("Checked only: nothing was loaded.",)
        if self.load.already_loaded:
            return (f"These files are already loaded as {self.load.load_id}; nothing was added.",)
        held = f" {self.load.already_held:,} were already held." if self.load.already_held else ""
        called = f" ({self.load.name})" if self.load.name else ""
        return (f"{self.load.added:,} reports added as load {self.load.load_id}{called}.{held}",)


def write_town(out: Path, *, seed: int, progress: bool = False) -> dict[str, Path]:
    """Write the made-up town's files to a folder and return each by what it is.

    Raises
    ------
    FileError
        When the folder cannot be written.
    """
    town = build_town(out, seed=seed, progress=progress)
    files = {field.name: getattr(town, field.name) for field in fields(town)}
    return {name: path for name, path in files.items() if isinstance(path, Path) and path.is_file()}


def simulate_reports(extract: Path, out: Path, *, seed: int, within: Path | None = None) -> dict[str, Path]:
    """Write made-up reports along real streets, evenly: for places whose own reports are not public.

    Raises
    ------
    FileError, AreaError
        When the extract or the outline cannot be used, or the folder cannot be written.
    """
    outline = None if within is None else boundaries.read_areas(within).geometry.union_all()
    return {f"{USUAL_SOURCE}_csv": scatter_reports(extract, out, seed=seed, clip=outline)}


def ingest(
    paths: Sequence[Path],
    *,
    source: str,
    settings: Settings,
    mapping: Path | None = None,
    sheet: str | None = None,
    check_only: bool = False,
    progress: bool = False,
    name: str = "",
) -> Ingestion:
    """Read report files, place them on the grid and add them to the store as one load.

    Parameters
    ----------
    paths
        Files of one provider, loaded together wholly or not at all.
    source
        A name in :data:`safespace.registry.SOURCES`.
    settings
        Where the store is, and how events and times are read.
    mapping
        TOML file naming which of their columns is which of ours. When none is given, the one that files with
        the same headers were last loaded with is used again, and a note says so.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage.
    check_only
        Read and count, but change nothing.
    progress
        Show a bar on the terminal.
    name
        What to call the load, at most 60 characters.

    Raises
    ------
    FileError, SchemaError, InputError
        When a file cannot be used, saying which and why; or the name cannot. Single rows never raise: they are counted.
    StoreError
        When the store cannot be written.
    """
    name = load_name(name)
    if mapping:
        mappings.read_mapping(mapping)  # one that is missing or cannot be read is refused before any file is
    recalled = None if mapping else _recalled(paths, source, settings, sheet)
    how = (RECALLED,) if recalled else ()
    if not check_only:
        known = _known(paths, source, settings, mapping or recalled, sheet)
        if known is not None:
            return replace(known, notes=how)
    read = partial(
        sources.read_reports, list(paths), source=source, mapping=mapping or recalled, settings=settings,
        sheet=sheet, progress=progress,
    )  # fmt: skip
    checked = _checked(read, how, settings)
    if check_only:
        return checked
    try:
        loaded = commit(checked, settings=settings, name=name)
    except HeldDifferentlyError:  # by a load that came in meanwhile
        loaded = commit(_checked(read, how, settings), settings=settings, name=name)
    if mapping:
        _remember(paths, source, settings, sheet, mapping)
    return loaded


def _checked(read: Callable[..., Ingested], how: tuple[str, ...], settings: Settings) -> Ingestion:
    held = Store.open(settings.store).differing if (settings.store / "loads").is_dir() else None
    reading = read(known=held)
    return Ingestion(reading, None, summarise(reading.rejects), (*how, *_notes(reading, settings)))


def commit(checked: Ingestion, *, settings: Settings, name: str = "") -> Ingestion:
    """Add to the store what a check has read, so that nothing is read again: wholly or not at all.

    Parameters
    ----------
    checked
        From :func:`ingest` with ``check_only``.
    settings
        Where the store is, and how events are told apart.
    name
        What to call the load.

    Raises
    ------
    InputError
        When the name cannot be used, or there is no row.
    StoreError
        When the store cannot be written, or holds real reports and these are synthetic, or the reverse.
    """
    reading, name = checked.reading, load_name(name)
    if not reading.read:
        raise FileError(
            "There is a header and no row under it, so there is nothing to load.",
            code="file-without-rows",
            where=", ".join(reading.files[:3]),
            remedy="Export the file again with its rows.",
        )
    _refuse_mixing(reading, settings)
    load = Store.open(settings.store, create=True).load(
        _placed(reading, settings), reading, name=name, same_event_m=settings.hotspots.same_event_m
    )
    return replace(checked, load=load)


def _known(
    paths: Sequence[Path], source: str, settings: Settings, mapping: Path | None, sheet: str | None
) -> Ingestion | None:
    """Return what a load in force made of the same content, or ``None``; no row is read for it."""
    if not (settings.store / "loads").is_dir():
        return None
    store = Store.open(settings.store)
    files, content_hash = sources.identify_files(
        list(paths), source=source, mapping=mapping, settings=settings, sheet=sheet
    )
    load = store.find_load(source, content_hash)
    if load is None:
        return None
    rejects, repairs = (
        of_load(load.load_id).drop(columns="load_id") for of_load in (store.rejects, store.repairs)
    )
    counts = {name: getattr(load, name) for name in ("read", *OUTCOMES)}
    reading = Ingested(
        source, files, content_hash, load.read, empty(REPORTS), rejects, repairs, load.synthetic,
        recorded=counts,
    )  # fmt: skip
    return Ingestion(reading, load, summarise(rejects))


def propose_mapping(
    paths: Sequence[Path], *, source: str, settings: Settings, sheet: str | None = None
) -> proposals.Proposal:
    """Guess which of a file's columns is which of ours, to be confirmed by a person.

    Raises
    ------
    FileError, InputError
        When the file cannot be opened, or there is no such source.
    """
    return proposals.propose(list(paths), source=source, settings=settings, sheet=sheet)


def write_mapping(proposal: proposals.Proposal, path: Path) -> Path:
    """Write a proposed mapping as a TOML file to be checked, corrected and given with ``--mapping``."""
    return mappings.write_mapping(proposal.mapping, path)


def _recalled(paths: Sequence[Path], source: str, settings: Settings, sheet: str | None) -> Path | None:
    folder = settings.store / MAPPINGS
    if not folder.is_dir():
        return None
    return proposals.recall(list(paths), source=source, folder=folder, settings=settings, sheet=sheet)


def _remember(
    paths: Sequence[Path], source: str, settings: Settings, sheet: str | None, mapping: Path
) -> None:
    headers = proposals.headers(list(paths), source=source, settings=settings, sheet=sheet)
    mappings.remember(settings.store / MAPPINGS, headers, source, mappings.read_mapping(mapping))


def _notes(reading: Ingested, settings: Settings) -> tuple[str, ...]:
    """Say where a reading is unlike the ones before: partial, with a month missing, another kind of file."""
    fresh = reading.reports
    if fresh.empty:
        return ()
    held = _held_about(fresh, settings)
    notes = _first_few([note for note in volumes.compare_volumes(fresh, held)["note"] if note])
    gaps = volumes.find_gaps(fresh, held, time_zone=settings.time_zone)
    if len(gaps):
        months = ", ".join(f"{month:%B %Y}" for month in gaps["month"].head(_FIRST_SHOWN))
        more = f" and {len(gaps) - _FIRST_SHOWN:,} more" if len(gaps) > _FIRST_SHOWN else ""
        usual = f"{gaps['usual'][0]:,.0f} a month are usual"
        notes.append(f"No reports at all for {months}{more}, where {usual}: a file left out?")
    for new in volumes.find_new_categories(fresh, held).itertuples():
        notes.append(
            f"{new.category} makes up {new.share:.0%} of these reports and none of the {len(held):,} held about "
            "that time: another kind of file, or new words?"
        )
    return (*notes, *_reference_notes(fresh, settings), *_volume_notes(fresh, settings))


def _reference_notes(fresh: pd.DataFrame, settings: Settings) -> list[str]:
    """Say where references of figures differ only by zeros in front, which spreadsheets drop."""
    source = str(fresh["source"].iloc[0])
    references = fresh["report_id"].str.removeprefix(f"{source}:")
    references = references[references.str.fullmatch("[0-9]{1,12}")]
    bare = references.str.lstrip("0")
    twice = references[bare.duplicated(keep=False)].sort_values(key=lambda one: one.str.lstrip("0"))
    notes = [_zeros_in_words(twice.head(2).tolist(), "of the same files")] if len(twice) else []
    if not (settings.store / "loads").is_dir() or references.empty:
        return notes
    sample = references.iloc[:: max(1, len(references) // _LOOKED_AT)]
    others = {
        f"{source}:{text.lstrip('0').zfill(width)}": text
        for text in sample
        for width in range(max(1, len(text.lstrip("0"))), _LONGEST_FIGURES + 1)
        if width != len(text)
    }
    held = Store.open(settings.store).holding(list(others))
    pair = [others[held[0]], held[0].removeprefix(f"{source}:")] if held else []
    return [*notes, _zeros_in_words(pair, "held")] if held else notes


def _zeros_in_words(pair: Sequence[str], where: str) -> str:
    return (
        f"References differ from those {where} only by zeros in front, such as {pair[0]} and {pair[1]}: a spreadsheet "
        "drops them, and one incident may then be here twice. Take the file from its source again."
    )


def _volume_notes(fresh: pd.DataFrame, settings: Settings) -> tuple[str, ...]:
    """Say where reports came in bursts or in one sitting."""
    notes: list[str] = []
    calendar = held_calendar(settings).assign(zone="")  # a campaign in one place fills the whole file's day
    bursts = volumes.find_bursts(fresh, calendar=calendar, time_zone=settings.time_zone)
    if len(bursts):
        notes.append(_bursts_in_words(bursts))
    sittings = volumes.find_sittings(fresh)
    if len(sittings):
        runs = "run of reports" if len(sittings) == 1 else "runs of reports"
        notes.append(f"{len(sittings)} {runs} came minutes apart: one person or one group each, perhaps.")
    return tuple(notes)


def _first_few(notes: list[str]) -> list[str]:
    """Keep the first notes and count the rest: another area's file beside this one's would give one a month."""
    rest = len(notes) - MOST_VOLUME_NOTES
    if rest <= 1:
        return notes
    return [
        *notes[:MOST_VOLUME_NOTES],
        f"{rest} more months are as unlike what is held. Another area's file?",
    ]


def _bursts_in_words(bursts: pd.DataFrame) -> str:
    """Say how many days stand out, the most of them, and what the calendar names on which of them."""
    most = bursts.sort_values("reports").iloc[-1]
    days = "day has" if len(bursts) == 1 else "days have"
    told = (
        f"{len(bursts)} {days} far more than usual, the most {most['day']:%-d %B %Y}: "
        f"{most['reports']:,} where {most['usual']:.1f} is usual."
    )
    known = bursts[bursts["on"] != ""]
    if known.empty:
        return f"{told} A campaign?"
    rest = len(bursts) - len(known)
    named = "; ".join(dict.fromkeys(known["on"]))
    return f"{told} The calendar names {len(known)} of them: {named}." + (
        f" The other {rest}: a campaign?" if rest else ""
    )


def _held_about(fresh: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return source, moment and category of the reports held in the months that fresh ones are compared with."""
    if not (settings.store / "loads").is_dir():
        return fresh.iloc[:0]
    day = pd.Timedelta(days=1)
    # one month more, and a day: months begin at different moments in each zone
    months = volumes.MONTHS_LOOKED_AT + 1
    return Store.open(settings.store).reports(
        sources=[str(fresh["source"].iloc[0])],
        since=fresh["occurred_from"].min() - pd.DateOffset(months=months) - day,
        until=fresh["occurred_from"].max() + day,
        columns=["source", "occurred_from", "category"],
    )


def _held_beside(reading: Ingested, settings: Settings) -> pd.DataFrame | None:
    """Return the pins held of the days that these are of, for those that can be the same event."""
    fresh = reading.reports
    if fresh.empty or not SOURCES[reading.source].merges:
        return None
    day = pd.Timedelta(days=1)
    return Store.open(settings.store, create=True).reports(
        sources=[reading.source],
        since=fresh["occurred_from"].min() - day,
        until=fresh["occurred_from"].max() + day,
        columns=cells.EVENT_COLUMNS,
    )


def _placed(reading: Ingested, settings: Settings) -> pd.DataFrame:
    events = cells.add_events(
        reading.reports,
        same_event_m=settings.hotspots.same_event_m,
        time_zone=settings.time_zone,
        stored=_held_beside(reading, settings),
    )
    return cells.add_cells(events)  # the store holds them against their promise


def _refuse_mixing(reading: Ingested, settings: Settings) -> None:
    """Keep made-up and real reports in different stores: nobody could tell them apart on a map."""
    loads = Store.open(settings.store, create=True).loads()
    held = loads[loads["status"] == "loaded"]
    if len(held) and bool(held["synthetic"].iloc[0]) != reading.synthetic:
        kind = "synthetic" if held["synthetic"].iloc[0] else "real"
        raise StoreError(
            f"This store holds {kind} reports; synthetic and real reports are not mixed.",
            code="store-holds-other-kind",
            where=settings.store,
            seen=", ".join(reading.files[:3]),
            remedy=Remedy(
                cli="Name another folder with --store.",
                app="Ask whoever runs this app for another folder.",
                library="Use settings whose store is another folder.",
            ),
        )


def list_loads(settings: Settings) -> pd.DataFrame:
    """Return every load, newest last, with its counts and whether it is in force."""
    return Store.open(settings.store).loads()


def roll_back(load: str, settings: Settings) -> str:
    """Take a load out of force, by its identifier or its name; return the identifier.

    The files can be loaded again afterwards.

    Raises
    ------
    InputError
        When several loads in force have that name.
    StoreError
        When no such load is in force, or the store cannot be written.
    """
    store = Store.open(settings.store)
    loads = store.loads()
    named = loads.loc[(loads["status"] == "loaded") & (loads["name"] == load) & (load != ""), "load_id"]
    if len(named) > 1:
        raise InputError(
            "Several loads have this name.",
            code="load-name-ambiguous",
            seen=load,
            remedy=f"Give one of: {', '.join(named)}.",
        )
    load_id = load if named.empty or load in set(loads["load_id"]) else str(named.iloc[0])
    store.rollback(load_id)
    return load_id


def tidy(settings: Settings, *, older_than_h: float = 24.0) -> int:
    """Erase files that no load in force needs any more, and return how many.

    Raises
    ------
    InputError
        When the age is below zero.
    StoreError
        When there is no store there, or it cannot be written to.
    """
    if older_than_h < 0:
        raise InputError(
            "An age cannot be below zero.",
            code="age-negative",
            seen=f"{older_than_h:g} h",
            remedy="Give hours, 24 when unsure.",
        )
    return Store.open(settings.store).tidy(older_than_h=older_than_h)


def load_name(text: str) -> str:
    """Return a name for a load, its ends trimmed.

    Raises
    ------
    InputError
        When it is long, could run in a spreadsheet, or holds what cannot be printed or is about a person.
    """
    name = text.strip()
    plainly = name.isprintable() and disarm(name) == name and shown(name) == name
    if len(name) > _LONGEST_NAME or not plainly:
        raise InputError(
            "This cannot be the name of a load.",
            code="load-name-not-usable",
            seen=shown(name),
            remedy=f"Use at most {_LONGEST_NAME} letters, figures and spaces, and no contact details.",
        )
    return name


def ingest_areas(
    path: Path, *, settings: Settings, name_column: str | None = None, check_only: bool = False
) -> gpd.GeoDataFrame:
    """Add areas from GeoJSON, KML or GeoPackage; an area with the same identifier is replaced.

    With ``check_only`` they are read and returned, and nothing is kept.

    Raises
    ------
    FileError, AreaError
        When the file cannot be read or holds no usable polygon.
    """
    found = boundaries.read_areas(path, name_column=name_column)
    if check_only:
        return found
    store = Store.open(settings.store, create=True)
    held = store.areas()
    kept = held[~held["area_id"].isin(found["area_id"])]
    store.put_areas(gpd.GeoDataFrame(pd.concat([kept, found], ignore_index=True), crs="EPSG:4326"))
    return found


def ingest_stops(path: Path, *, settings: Settings, check_only: bool = False) -> pd.DataFrame:
    """Add public-transport stops from a NaPTAN export to the landmarks; with ``check_only`` only read them."""
    found: pd.DataFrame = asset_files.read_naptan(path)
    if not check_only:
        add_landmarks(found, settings)
    return found


def ingest_area_values(path: Path, *, layer: str, settings: Settings, check_only: bool = False) -> pd.Series:
    """Add one number for each loaded area (residents, recorded incidents) as a baseline of that name.

    With ``check_only`` they are read and returned, and nothing is kept.

    Raises
    ------
    FileError, SchemaError
        When the file cannot be read or lacks the columns it is published with.
    AreaError
        When no loaded area carries any of the file's codes.
    """
    code, value = BASELINES[layer].columns
    values = columns.read_area_values(path, code_column=code, value_column=value)
    held = values[values.index.isin(_loaded_areas(settings))]
    if held.empty:
        raise AreaError(
            "None of the codes in this file is a loaded area.",
            code="codes-without-area",
            where=path,
            seen=", ".join(map(str, values.index[:3])),
            remedy=Remedy(
                cli="Load the boundaries first: safespace ingest BOUNDARIES --source areas.",
                app="Load the boundaries first: choose Areas on the Data page.",
                library="Load the boundaries first.",
            ),
        )
    if not check_only:
        keep(held.rename("value").rename_axis("area_id").reset_index(), layer_file(layer, settings))
    held.attrs["left_out"] = [str(code) for code in values.index.difference(held.index)]
    return held


def _loaded_areas(settings: Settings) -> set[str]:
    """Return the identifiers of the areas held; none where there is no store yet, and none is made."""
    held = (settings.store / "loads").is_dir()
    return set(Store.open(settings.store).areas()["area_id"]) if held else set()


def ingest_layer(
    paths: Sequence[Path],
    *,
    layer: str,
    settings: Settings,
    name_column: str | None = None,
    value_column: str = "",
    check_only: bool = False,
) -> tuple[str, ...]:
    """Add files of a layer that is not reports, and say what was added.

    Parameters
    ----------
    paths
        The files; one only of a supplied layer (footfall, population).
    layer
        A name in :func:`~safespace.pipeline.choices.layer_kinds`.
    settings
        Where the store is.
    name_column
        The column that names each area; of areas only.
    value_column
        The column of amounts; of a supplied layer only.
    check_only
        Say what would be added, what it would replace and what would be left out, and change nothing.

    Raises
    ------
    InputError
        When there is no such layer, or it has no use for a column that was named.
    """
    _refuse_unused_columns(layer, name_column, value_column)
    checked = ("Checked only: nothing was loaded.",) if check_only else ()
    if layer in loaded_as("amounts"):
        told = ingest_supplied(
            paths, layer=layer, value_column=value_column, settings=settings, check_only=check_only
        )
        return *told, *checked
    tell = _TELLERS.get(layer, partial(_tell_area_values, layer=layer))
    return *(
        said
        for path in paths
        for said in tell(path, settings, name_column=name_column, check_only=check_only)
    ), *checked


def _refuse_unused_columns(layer: str, name_column: str | None, value_column: str) -> None:
    if layer not in layer_kinds():
        raise InputError(
            "No such layer.",
            code="layer-unknown",
            seen=layer,
            remedy=f"Choose from: {', '.join(layer_kinds())}.",
        )
    unused = name_column if layer != "areas" else value_column if layer not in loaded_as("amounts") else ""
    if unused:
        raise InputError(
            "This layer has no use for such a column.",
            code="layer-column-not-used",
            where=layer,
            seen=unused,
            remedy=Remedy(
                cli=f"Leave out --{'name' if layer != 'areas' else 'value'}-column.",
                app="Leave the column out.",
                library=f"Leave out {'name' if layer != 'areas' else 'value'}_column.",
            ),
        )


def _tell_areas(path: Path, settings: Settings, *, name_column: str | None, check_only: bool) -> list[str]:
    before = _loaded_areas(settings) if check_only else set[str]()
    found = ingest_areas(path, settings=settings, name_column=name_column, check_only=check_only)
    notes = found.attrs.get("notes", ())
    if not check_only:
        return [f"{len(found):,} areas loaded from {path.name}.", *notes]
    return [_would(len(found), int(found["area_id"].isin(before).sum()), "areas", path), *notes]


def _tell_stops(path: Path, settings: Settings, *, name_column: str | None, check_only: bool) -> list[str]:
    del name_column  # refused above
    found = ingest_stops(path, settings=settings, check_only=check_only)
    if not check_only:
        return [f"{len(found):,} stops loaded from {path.name}."]
    there = (settings.store / "loads").is_dir()
    before = set(Store.open(settings.store).assets()["asset_id"]) if there else set[str]()
    return [_would(len(found), int(found["asset_id"].isin(before).sum()), "stops", path)]


def _tell_calendar(path: Path, settings: Settings, *, name_column: str | None, check_only: bool) -> list[str]:
    del name_column  # refused above
    return [_calendar_in_words(ingest_calendar(path, settings=settings, check_only=check_only), path)]


def _tell_area_values(
    path: Path, settings: Settings, *, layer: str, name_column: str | None, check_only: bool
) -> list[str]:
    del name_column  # refused above
    values = ingest_area_values(path, layer=layer, settings=settings, check_only=check_only)
    told = [f"{values.sum():,.0f} {layer.replace('_', ' ')} in {len(values):,} loaded areas."]
    left = values.attrs.pop("left_out")
    if left:
        few = ", ".join(left[:_FIRST_SHOWN]) + (" ..." if len(left) > _FIRST_SHOWN else "")
        told.append(f"{len(left):,} codes are of no loaded area and are left out: {few}.")
    return [*told, *(told_before(layer, settings) if check_only else ())]


def _would(count: int, replaced: int, what: str, path: Path) -> str:
    return (
        f"{count:,} {what} would be loaded from {path.name}: {count - replaced:,} new, and {replaced:,} in place "
        "of those held under the same identifier."
    )


_TELLERS = {"areas": _tell_areas, "stops": _tell_stops, "calendar": _tell_calendar}


def _calendar_in_words(rows: pd.DataFrame, path: Path) -> str:
    kinds = rows["kind"].value_counts().sort_index()
    told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items()) or "nothing"
    return f"Calendar entries from {path.name}, in place of those it brought before: {told}."


def area_values(layer: str, settings: Settings) -> pd.Series | None:
    """Return the layer's value by area identifier, or ``None`` when it was never loaded."""
    file = layer_file(layer, settings)
    if not file.exists():
        return None
    values: pd.Series = read_stored(file).set_index("area_id")["value"]
    return values


def add_landmarks(rows: pd.DataFrame, settings: Settings) -> None:
    """Add landmarks; one with the same identifier is replaced."""
    store = Store.open(settings.store, create=True)
    held = store.assets()
    kept = held[~held["asset_id"].isin(rows["asset_id"])]
    store.put_assets(pd.concat([kept, rows], ignore_index=True))


def area_outline(area_id: str, store: Store) -> tuple[str, BaseGeometry]:
    """Return an area's name and polygon (EPSG:4326); of all areas together when ``area_id`` is empty.

    Raises
    ------
    AreaError
        When nothing is loaded under that identifier, listing what is.
    """
    areas = store.areas()
    if areas.empty:
        raise AreaError(
            "No areas are loaded.",
            code="no-areas-loaded",
            remedy=Remedy(
                cli="Load some: safespace ingest AREAS.geojson --source areas.",
                app="Load some: choose Areas on the Data page.",
                library="Load a file of areas first.",
            ),
        )
    if not area_id:
        name = areas["name"].iloc[0] if len(areas) == 1 else "All areas"
        return name, areas.geometry.union_all()
    row = areas[areas["area_id"] == area_id]
    if row.empty:
        known = ", ".join(areas["area_id"].head(12)) + (" ..." if len(areas) > 12 else "")
        raise AreaError(
            "No such area is loaded.", code="area-not-loaded", seen=area_id, remedy=f"Loaded: {known}."
        )
    return row["name"].iloc[0], row.geometry.iloc[0]


def version(settings: Settings) -> str:
    """Return a fingerprint of everything a result rests on: loads, areas, landmarks, streets, layers, own offence groups."""
    files = [settings.store / STREETS_FILE, *sorted((settings.store / "layers").glob("*.parquet"))]
    files += [settings.offence_groups] if settings.offence_groups else []
    digest = hashlib.sha256(Store.open(settings.store).version_hash().encode())
    for file in filter(Path.exists, files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
