"""The store: a folder of Delta Lake tables in which a load counts wholly or not at all.

How a load becomes visible
--------------------------
Every row of ``reports``, ``repeats``, ``rejects`` and ``repairs`` belongs to a *part* (one attempt to write
one load), and a part is a folder of Parquet files. The small table ``loads`` lists which parts count, and
is replaced as a whole, last, on condition that nobody replaced it meanwhile. So:

* a reader, who starts from ``loads``, sees a load entirely or not at all, and is never blocked;
* a loader killed at any moment leaves parts that no row of ``loads`` names; nobody reads them, the load
  can be repeated, and :meth:`Store.tidy` clears them away;
* of two loaders at once one replaces ``loads`` first; the other looks again at what is held and retries.

The identifier of a load comes from the content of its files, so the same files are never loaded twice. A
report that another load already holds is kept aside in ``repeats``: rolling the first load back hands it
to the second. What the store holds is therefore always: the loads in force, in order, first come first kept.
A report held with *other* content is no repeat: :meth:`Store.differing` finds it, for the reader to hold it back
as a row of its load, and :meth:`Store.load` takes none such.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import random
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction

from safespace.engine import DuckDBEngine, Engine
from safespace.errors import AreaError, Remedy, SchemaError, StoreError
from safespace.schemas import (
    ASSETS,
    LOADS,
    PLACED,
    REJECTS,
    REPAIRS,
    REPORTS,
    Column,
    Table,
    conform,
    empty,
    one_piece,
    text_keys,
)
from safespace.settings import refuse_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

logger = logging.getLogger(__name__)

_LOAD_ID = MappingProxyType({"load_id": Column("text", "the load the row came with")})
_PART = MappingProxyType(
    {"part": Column("text", "the attempt that wrote the row; counts when a row of loads names it")}
)
# Looking for ten thousand identifiers among millions reads eight bytes a row, and not the text.
_KEY = MappingProxyType({"report_key": Column("integer", "64-bit hash of report_id")})
_LEDGER = Table(
    "loads",
    {
        **LOADS.columns,
        "sequence": Column("integer", "order in which loads came into force", low=1),
        "parts": Column("text", "parts that count, separated by spaces"),
    },
    key=("load_id",),
)
_AREAS = Table(
    "areas",
    {
        "area_id": Column("text", "identifier"),
        "name": Column("text", "name people use"),
        "wkb": Column("text", "shape as hexadecimal well-known binary, EPSG:4326"),
    },
    key=("area_id",),
)
# what a report says: its identifier is its own, its event and cells follow from the rest
_CONTENT = tuple(name for name in REPORTS.columns if name not in ("report_id", "source"))
_DEGREES = 1e-6  # a tenth of a metre: two versions of a datum shift differ by less
_KEYED = Table(PLACED.name, {**PLACED.columns, **_KEY}, PLACED.key)
_PARTED = MappingProxyType(
    {
        "reports": _KEYED,  # the reports a load was the first to bring
        "repeats": _KEYED,  # those that an earlier load already held
        "rejects": REJECTS,
        "repairs": REPAIRS,
    }
)
# loads last: it marks a finished store
_WHOLE = MappingProxyType({"areas": _AREAS, "assets": ASSETS, "loads": _LEDGER})

# columns whose values hardly repeat: a dictionary of them would be the column again
_DISTINCT = ("report_id", "event_id", "report_key", "original")
_ROW_GROUP = 262_144
_TRIES = 14
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


class HeldDifferentlyError(StoreError):
    """Reports of a load are held with other content, by a load that came in since they were looked up."""


class Batch(Protocol):
    """What a store needs to know of a reading: ``sources.Ingested`` is one."""

    @property
    def source(self) -> str:
        """Which provider."""
        ...

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files read."""
        ...

    @property
    def content_hash(self) -> str:
        """Hash of the files' bytes and the mapping they were read with."""
        ...

    @property
    def rejects(self) -> pd.DataFrame:
        """Rows not accepted, ``schemas.REJECTS``."""
        ...

    @property
    def repairs(self) -> pd.DataFrame:
        """Values mended, ``schemas.REPAIRS``."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether the data is made up."""
        ...

    def counts(self) -> dict[str, int]:
        """Rows ``read, accepted, repaired, quarantined, rejected, excluded``."""
        ...


@dataclass(frozen=True)
class Load:
    """One load as the store records it.

    ``already_loaded`` says that the same content was there before this call, which changed nothing. ``same_event_m``
    is the distance within which its pins became one event, metres, or None where that was not recorded.
    """

    load_id: str
    source: str
    files: str
    loaded_at: datetime
    read: int
    accepted: int
    repaired: int
    quarantined: int
    rejected: int
    excluded: int
    already_held: int
    synthetic: bool
    name: str = ""
    same_event_m: float | None = None
    already_loaded: bool = False

    @property
    def added(self) -> int:
        """Reports the store did not hold before."""
        return self.accepted + self.repaired - self.already_held


@dataclass(frozen=True)
class Store:
    """A folder of Delta Lake tables.

    Use :meth:`open`. The object holds no state beyond its address: every call looks at the disk.

    Parameters
    ----------
    path
        The folder.
    engine
        Where the search for reports already held runs.
    """

    path: Path
    engine: Engine = field(default=DuckDBEngine(), repr=False)

    @classmethod
    def open(cls, path: Path | str, *, create: bool = False, engine: Engine | None = None) -> Store:
        """Return the store in a folder.

        Parameters
        ----------
        path
            The folder.
        create
            Make the store when there is none yet.
        engine
            Where searches run; DuckDB in this process when not given.

        Raises
        ------
        StoreError
            When there is no store there and ``create`` is false, or one cannot be made; also when the path
            has one of the characters ``[ ] %``, which Delta Lake's file layer cannot hold.
        SettingsError
            When the path is an address, such as ``s3://...``.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(Store.open(folder, create=True).loads())
        0
        """
        store = cls(_nameable(refuse_address(Path(path)).absolute()), engine or DuckDBEngine())
        with _guard(store.path, "opened"):
            if not DeltaTable.is_deltatable(str(store.path / "loads")):
                if not create:
                    raise StoreError(
                        "There is no store here.",
                        code="store-missing",
                        where=path,
                        remedy="Load some reports first.",
                    )
                store._create()
        return store

    # ---- loads -------------------------------------------------------------------------------------

    def load(
        self,
        placed: pd.DataFrame,
        batch: Batch,
        *,
        loaded_at: datetime | None = None,
        name: str = "",
        same_event_m: float | None = None,
    ) -> Load:
        """Add the reports of one reading, wholly or not at all, and never twice.

        Parameters
        ----------
        placed
            The accepted and repaired reports, ``schemas.PLACED``.
        batch
            The reading they are from.
        loaded_at
            When; now, when not given.
        name
            What people call it.
        same_event_m
            Distance within which its pins became one event, metres; recorded, since settings change.

        Returns
        -------
        Load
            What was recorded. ``already_held`` counts reports some other load had brought; they are not
            doubled.

        Raises
        ------
        SchemaError
            When the reports break their promise or do not match the reading's counts.
        HeldDifferentlyError
            When a report is held with other content: dropping either would lose it. Nothing is loaded then.
        StoreError
            When the store cannot be written to, or other loaders kept it busy. Nothing is loaded then.
        """
        moment = loaded_at or datetime.now(tz=UTC)
        load_id = _load_id(batch.source, batch.content_hash)
        if (before := self.find_load(batch.source, batch.content_hash)) is not None:
            return before
        reports = _keyed(_checked(placed, batch))
        written: tuple[str, npt.NDArray[np.bool_]] | None = None
        for pause_s in _pauses():
            with _guard(self.path, "loaded into"):
                _try_writing(self.path)
                table, ledger = self._ledger()
                row = ledger[ledger["load_id"] == load_id]
                if _in_force(row).any():
                    ours = written is not None and written[0] in row["parts"].iloc[0].split()
                    return _as_load(row, already_loaded=not ours)
                held = _alike(self._held(ledger, reports), reports, self.path)
                if written is None or not np.array_equal(written[1], held):
                    written = self._write_load(load_id, reports, held, batch), held
                line = _ledger_line(load_id, batch, moment, ledger, int(held.sum()), written[0])
                line = line.assign(name=name, same_event_m=np.nan if same_event_m is None else same_event_m)
                after = pd.concat([ledger[ledger["load_id"] != load_id], line], ignore_index=True)
                if _replace(table, after, _LEDGER):
                    return _as_load(line)
            time.sleep(pause_s)
        raise _busy(self.path)

    def find_load(self, source: str, content_hash: str) -> Load | None:
        """Return the load in force that brought this content, or ``None``: no row needs to be looked at."""
        with _guard(self.path, "read"):
            ledger = self._ledger()[1]
        row = ledger[_in_force(ledger) & (ledger["load_id"] == _load_id(source, content_hash))]
        return None if row.empty else _as_load(row, already_loaded=True)

    def differing(self, reports: pd.DataFrame) -> pd.DataFrame:
        """Return those reports that a load in force holds with other content.

        Parameters
        ----------
        reports
            ``schemas.REPORTS``.

        Returns
        -------
        pd.DataFrame
            ``report_id``, ``differs`` (the columns that do, joined by commas) and ``load_id`` (who holds it).
        """
        with _guard(self.path, "read"):
            held = self._held(self._ledger()[1], _keyed(reports))
        return held[held["differs"] != ""].reset_index(drop=True)

    def holding(self, report_ids: Sequence[str]) -> list[str]:
        """Return those of these identifiers that a load in force has, in alphabetical order."""
        with _guard(self.path, "read"):
            files = self._files_of("reports", self._parts(self._ledger()[1]))
            if not files or not len(report_ids):
                return []
            fresh = _keyed(pd.DataFrame({"report_id": pd.Series(report_ids, dtype="str")}))
            held = self.engine.query(_same_identifier_sql(), held=files, fresh=fresh)
        return sorted(held["report_id"])

    def rollback(self, load_id: str) -> None:
        """Take a load out of force; reports that a later load also brought stay, as that load's.

        Parameters
        ----------
        load_id
            As :meth:`loads` lists it. The same files can be loaded again afterwards.

        Raises
        ------
        StoreError
            When no such load is in force, or the store cannot be written to.
        """
        for pause_s in _pauses():
            with _guard(self.path, "rolled back"):
                _try_writing(self.path)
                table, ledger = self._ledger()
                row = ledger["load_id"] == load_id
                if not _in_force(ledger[row]).any():
                    known = ", ".join(ledger.loc[_in_force(ledger), "load_id"]) or "none"
                    raise StoreError(
                        "No such load is in force.",
                        code="load-not-in-force",
                        seen=load_id,
                        remedy=f"In force: {known}.",
                    )
                after = self._with_heirs(ledger, row)
                after.loc[row, ["status", "parts"]] = ["rolled_back", ""]
                if _replace(table, after, _LEDGER):
                    self._drop(set(ledger.loc[row, "parts"].iloc[0].split()))
                    return
            time.sleep(pause_s)
        raise _busy(self.path)

    def loads(self) -> pd.DataFrame:
        """Return every load ever recorded, ``schemas.LOADS``, in the order they came into force."""
        with _guard(self.path, "read"):
            return self._ledger()[1][list(LOADS.columns)]

    # ---- reading -----------------------------------------------------------------------------------

    def reports(
        self,
        *,
        sources: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the reports in force, ``schemas.PLACED`` and ``load_id``, as one consistent state.

        Parameters
        ----------
        sources
            Only these providers; all when not given.
        since, until
            Only reports whose ``occurred_from`` is at or after ``since`` and before ``until``, moments with
            a time zone. Half-open, so that neighbouring periods share no report.
        columns
            Only these columns: a row then takes tens of bytes and not a thousand. All when not given.

        Returns
        -------
        pd.DataFrame
            shape (n, 19), or (n, the columns asked for), in the order of loading. No rows when nothing matches.
        """
        when = _period(since, until)
        with _guard(self.path, "read"):
            return _read(self.report_files(sources=sources), PLACED, when, columns)

    def report_files(self, *, sources: Sequence[str] | None = None) -> list[str]:
        """Return paths of the Parquet files that hold exactly the reports in force, for an engine."""
        with _guard(self.path, "read"):
            return self._files("reports", sources=sources)

    def rejects(self, load_id: str | None = None) -> pd.DataFrame:
        """Return rows not accepted, ``schemas.REJECTS`` and ``load_id``, of one load or of all in force."""
        with _guard(self.path, "read"):
            return _read(self._files("rejects", load_id=load_id), REJECTS)

    def repairs(self, load_id: str | None = None) -> pd.DataFrame:
        """Return values mended, ``schemas.REPAIRS`` and ``load_id``, of one load or of all in force."""
        with _guard(self.path, "read"):
            return _read(self._files("repairs", load_id=load_id), REPAIRS)

    def version_hash(self) -> str:
        """Return a fingerprint of what the store holds, for the foot of a brief.

        Returns
        -------
        str
            16 hexadecimal digits. The same loads in the same order, and the same areas and assets, give the
            same fingerprint on any machine; times of loading do not enter into it.
        """
        with _guard(self.path, "read"):
            ledger = self._ledger()[1]
            held = " ".join(ledger.loc[_in_force(ledger), "load_id"])
            areas, assets = (_read_whole(self._table(name), _WHOLE[name]) for name in ("areas", "assets"))
        facts = (held, _fingerprint(areas, "area_id"), _fingerprint(assets, "asset_id"))
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]

    # ---- areas and assets --------------------------------------------------------------------------

    def put_areas(self, areas: gpd.GeoDataFrame) -> None:
        """Replace the areas.

        Parameters
        ----------
        areas
            ``area_id, name, geometry`` in EPSG:4326.

        Raises
        ------
        AreaError
            When the coordinates are not EPSG:4326.
        SchemaError
            When a column is missing or an ``area_id`` repeats.
        """
        if areas.crs is None or areas.crs.to_epsg() != 4326:
            raise AreaError(
                "Areas must be in EPSG:4326.",
                code="areas-not-in-degrees",
                seen=areas.crs,
                remedy="Reproject them first.",
            )
        plain = pd.DataFrame(areas.drop(columns=areas.geometry.name)).assign(
            wkb=areas.geometry.to_wkb(hex=True)
        )
        self._put("areas", plain)

    def areas(self) -> gpd.GeoDataFrame:
        """Return the areas: ``area_id, name, geometry`` in EPSG:4326."""
        with _guard(self.path, "read"):
            plain = _read_whole(self._table("areas"), _AREAS)
        shapes = gpd.GeoSeries.from_wkb(plain["wkb"], crs="EPSG:4326")
        return gpd.GeoDataFrame(plain[["area_id", "name"]], geometry=shapes, crs="EPSG:4326")

    def put_assets(self, assets: pd.DataFrame) -> None:
        """Replace the assets of each source named in the frame (``schemas.ASSETS``); others stay."""
        self._put("assets", assets, replacing="source")

    def assets(self) -> pd.DataFrame:
        """Return the assets, ``schemas.ASSETS``."""
        with _guard(self.path, "read"):
            return _read_whole(self._table("assets"), ASSETS)

    # ---- housekeeping ------------------------------------------------------------------------------

    def tidy(self, *, older_than_h: float = 24.0) -> int:
        """Delete what no longer counts: parts of killed, beaten and rolled-back loads, and old versions.

        Parameters
        ----------
        older_than_h
            Spare what is younger, hours: a load may be writing it, or a reader reading it. 0 erases
            everything, for a store that nothing else is using.

        Returns
        -------
        int
            Files deleted.
        """
        removed = 0
        with _guard(self.path, "tidied"):
            _try_writing(self.path)
            counting = self._parts(self._ledger()[1])
            for name in _PARTED:
                self._drop(_stale(self._table(name), counting, older_than_h), tables=(name,))
            for name in (*_PARTED, *_WHOLE):
                gone = self._table(name).vacuum(
                    round(older_than_h), dry_run=False, enforce_retention_duration=False, full=True
                )
                removed += len(gone)
        return removed

    # ---- private -----------------------------------------------------------------------------------

    def _create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        _try_writing(self.path)
        for name, promise in {**_PARTED, **_WHOLE}.items():
            schema, by = _schema(promise), []
            if name in _PARTED:
                schema, by = _schema(_with(promise, {**_LOAD_ID, **_PART})), ["part"]
            try:
                DeltaTable.create(self._address(name), schema=schema, partition_by=by, mode="ignore")
            except DeltaError:
                if not DeltaTable.is_deltatable(self._address(name)):  # another process may have been first
                    raise

    def _address(self, name: str) -> str:
        return str(self.path / name)

    def _table(self, name: str) -> DeltaTable:
        return DeltaTable(self._address(name))

    def _ledger(self) -> tuple[DeltaTable, pd.DataFrame]:
        table = self._table("loads")
        held = table.to_pandas()
        if "name" not in held:  # stores are older than names
            held["name"] = ""
        if "same_event_m" not in held:  # and than the distance of events
            held["same_event_m"] = np.nan
        return table, conform(held, _LEDGER).sort_values("sequence", ignore_index=True)

    def _files(
        self, name: str, *, sources: Sequence[str] | None = None, load_id: str | None = None
    ) -> list[str]:
        """List the files of the parts that count, looking again when ``loads`` changed meanwhile."""
        while True:
            table, ledger = self._ledger()
            if sources is not None:
                ledger = ledger[ledger["source"].isin(list(sources))]
            if load_id is not None:
                ledger = ledger[ledger["load_id"] == load_id]
            files = self._files_of(name, self._parts(ledger))
            if self._table("loads").version() == table.version():
                return files

    def _files_of(self, name: str, parts: Sequence[str]) -> list[str]:
        order = {part: place for place, part in enumerate(parts)}
        actions = _actions(self._table(name))
        actions = actions[actions["part"].isin(order)].assign(place=lambda a: a["part"].map(order))
        return [str(self.path / name / path) for path in actions.sort_values(["place", "path"])["path"]]

    @staticmethod
    def _parts(ledger: pd.DataFrame) -> list[str]:
        return [part for parts in ledger.loc[_in_force(ledger), "parts"] for part in parts.split()]

    def _held(self, ledger: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
        """Return ``report_id, differs, load_id`` of the reports that a load in force brought before."""
        files = self._files_of("reports", self._parts(ledger))
        none = pd.DataFrame({"report_id": [], "differs": [], "load_id": []}, dtype="str")
        if not files or reports.empty:
            return none
        keys = self.engine.query(_same_key_sql(), held=files, fresh=reports[["report_key"]])
        maybe = reports.loc[
            reports["report_key"].isin(keys["report_key"]), ["report_id", "report_key", *_CONTENT]
        ]
        if maybe.empty:
            return none
        return self.engine.query(_same_report_sql(), held=files, fresh=maybe).astype("str")

    def _write_load(
        self, load_id: str, reports: pd.DataFrame, mask: npt.NDArray[np.bool_], batch: Batch
    ) -> str:
        part = _new_part(load_id)
        none = not mask.any()  # a first load is the rule, and copying it is dear
        pieces = {
            "reports": reports if none else reports[~mask],
            "repeats": reports.iloc[:0] if none else reports[mask],
            "rejects": batch.rejects,
            "repairs": batch.repairs,
        }
        for name, rows in pieces.items():
            self._append(name, rows, load_id, part)
        return part

    def _append(self, name: str, rows: pd.DataFrame, load_id: str, part: str) -> None:
        if rows.empty:
            return
        table = _arrow(rows, _PARTED[name])
        told = pa.array([load_id], pa.large_string()).dictionary_encode()
        table = table.append_column("load_id", told.take(pa.repeat(0, len(table))))
        path = f"part={part}/{uuid.uuid4().hex}.parquet"
        size = _write_parquet(table, self.path / name / path)
        made = AddAction(
            path,
            size,
            {"part": part},
            round(time.time() * 1000),
            True,
            json.dumps({"numRecords": len(table)}),
        )
        schema = _schema(_with(_PARTED[name], {**_LOAD_ID, **_PART}))
        self._table(name).create_write_transaction([made], "append", schema, partition_by=["part"])

    def _with_heirs(self, ledger: pd.DataFrame, leaving: pd.Series) -> pd.DataFrame:
        """Write the reports that pass to other loads as their parts; return the ledger naming those."""
        staying = ledger[_in_force(ledger) & ~leaving]
        own = self._files_of("reports", self._parts(ledger[leaving]))
        repeats = self._files_of("repeats", self._parts(staying))
        after = ledger.copy()
        if not own or not repeats:
            return after
        passed = self.engine.query(_heirs_sql(), own=own, repeats=repeats, loads=staying)
        for heir, rows in passed.groupby("load_id", sort=True):
            part = _new_part(str(heir))
            self._append("reports", rows, str(heir), part)
            after.loc[after["load_id"] == heir, "parts"] += f" {part}"
        return after

    def _drop(self, parts: set[str], *, tables: Sequence[str] = tuple(_PARTED)) -> None:
        """Delete parts that no longer count. Readers of an earlier state keep their files until a tidy."""
        names = ", ".join(f"'{part}'" for part in sorted(parts))
        for table in tables if parts else ():
            try:
                self._table(table).delete(f"part IN ({names})")
            except (OSError, DeltaError) as problem:  # they do not count already; the next tidy tries again
                logger.warning("%s: parts that no longer count stay for now: %s", table, problem)

    def _put(self, name: str, frame: pd.DataFrame, *, replacing: str | None = None) -> None:
        rows = conform(frame, _WHOLE[name])
        for pause_s in _pauses():
            with _guard(self.path, "written to"):
                _try_writing(self.path)
                table = self._table(name)
                kept = _read_whole(table, _WHOLE[name])
                kept = kept[~kept[replacing].isin(rows[replacing])] if replacing else kept.iloc[:0]
                if _replace(table, pd.concat([kept, rows], ignore_index=True), _WHOLE[name]):
                    return
            time.sleep(pause_s)
        raise _busy(self.path)


def _try_writing(path: Path) -> None:
    """Raise OSError where nothing can be written: Delta Lake prints a trace of its own before it raises."""
    log = path / "loads" / "_delta_log"  # where a load comes into force
    with tempfile.TemporaryFile(dir=log if log.is_dir() else path):
        pass


def _nameable(path: Path) -> Path:
    if set("[]%") & set(str(path)):
        raise StoreError(
            "A store cannot stand in a folder whose path has square brackets or a per cent sign.",
            code="store-path-not-usable",
            where=path,
            remedy=Remedy(
                cli="Rename the folder, or name another with --store.",
                app="Rename the folder, or ask whoever runs this app for another folder.",
                library="Rename the folder, or give another.",
            ),
        )
    return path


def _same_key_sql() -> str:
    return "SELECT report_key FROM held WHERE report_key IN (SELECT report_key FROM fresh)"


def _same_report_sql() -> str:
    """Two identifiers may share a key, however rarely, so the identifiers themselves decide."""
    unlike = {name: f"held.{name} IS DISTINCT FROM fresh.{name}" for name in _CONTENT}
    unlike |= {name: f"ABS(held.{name} - fresh.{name}) > {_DEGREES}" for name in ("lon", "lat")}
    names = ", ".join(f"CASE WHEN {differs} THEN '{name}' END" for name, differs in unlike.items())
    return f"""
        SELECT held.report_id, CONCAT_WS(', ', {names}) AS differs, held.load_id FROM held
        JOIN fresh ON held.report_key = fresh.report_key AND held.report_id = fresh.report_id
    """  # noqa: S608 - the names put in are those of our own columns


def _same_identifier_sql() -> str:
    return """
        SELECT DISTINCT held.report_id FROM held
        JOIN fresh ON held.report_key = fresh.report_key AND held.report_id = fresh.report_id
    """


def _heirs_sql() -> str:
    """For each report of the leaving load, the copy of the earliest load that also brought it."""
    return """
        SELECT * FROM (
            SELECT repeats.*, ROW_NUMBER() OVER (
                PARTITION BY repeats.report_id ORDER BY loads.sequence NULLS LAST
            ) AS place
            FROM repeats JOIN loads ON repeats.load_id = loads.load_id
            WHERE repeats.report_id IN (SELECT report_id FROM own)
        ) AS claims WHERE place = 1
    """


def _checked(placed: pd.DataFrame, batch: Batch) -> pd.DataFrame:
    reports, counts = conform(placed, PLACED), batch.counts()
    if len(reports) != counts["accepted"] + counts["repaired"]:
        raise SchemaError(
            "The reports do not match the reading's counts.",
            code="reports-not-as-counted",
            where=batch.source,
            seen=f"{len(reports)} reports, {counts['accepted']} accepted and {counts['repaired']} repaired",
            remedy="Nothing was loaded. Give reports and counts of one reading.",
        )
    strange = sorted(set(reports["source"].unique()) - {batch.source})
    if strange:
        raise SchemaError(
            "Reports of another source.",
            code="reports-of-other-source",
            where=batch.source,
            seen=", ".join(strange),
            remedy="Load each source by itself.",
        )
    return reports


def _alike(stored: pd.DataFrame, reports: pd.DataFrame, path: Path) -> npt.NDArray[np.bool_]:
    """Say for each report whether it is held already, and refuse when it is held with other content."""
    other = stored[stored["differs"] != ""]
    if len(other):
        first = ", ".join(other["report_id"].sort_values().head(3))
        raise HeldDifferentlyError(
            "Reports are held with other content.",
            code="reports-held-differently",
            where=path,
            seen=f"{len(other):,}, first {first} ({other['differs'].iloc[0]})",
            remedy="Nothing was loaded. Read the files again: such rows are then held back for a decision.",
        )
    known = pc.is_in(one_piece(reports["report_id"]), value_set=one_piece(stored["report_id"]))
    return np.asarray(known, dtype=bool)  # pandas looks each text up in Python


def _keyed(reports: pd.DataFrame) -> pd.DataFrame:
    """Add ``report_key``: a hash of the identifier that is the same for ever."""
    return reports.assign(report_key=text_keys(one_piece(reports["report_id"])))


def _load_id(source: str, content_hash: str) -> str:
    """Return an identifier that the same content always gets: ``nte-3f5a...``."""
    return f"{source}-{hashlib.sha256(f'{source} {content_hash}'.encode()).hexdigest()[:12]}"


def _new_part(load_id: str) -> str:
    # Random, since two loaders of the same file must not write into each other's part.
    return f"{load_id}-{uuid.uuid4().hex[:8]}"


def _ledger_line(
    load_id: str, batch: Batch, loaded_at: datetime, ledger: pd.DataFrame, already_held: int, part: str
) -> pd.DataFrame:
    line = {
        "load_id": load_id,
        "source": batch.source,
        "files": "; ".join(batch.files),
        "loaded_at": pd.Timestamp(loaded_at),
        **batch.counts(),
        "already_held": already_held,
        "synthetic": batch.synthetic,
        "status": "loaded",
        "name": "",
        "same_event_m": np.nan,
        "sequence": int(ledger["sequence"].max()) + 1 if len(ledger) else 1,
        "parts": part,
    }
    return conform(pd.DataFrame([line]), _LEDGER)


def _as_load(row: pd.DataFrame, *, already_loaded: bool = False) -> Load:
    facts = row.drop(columns=["status", "sequence", "parts"]).to_dict("records")[0]
    values: dict[str, Any] = {str(name): value for name, value in facts.items()}
    values["loaded_at"] = values["loaded_at"].to_pydatetime()
    values["same_event_m"] = None if pd.isna(values["same_event_m"]) else values["same_event_m"]
    return Load(**values, already_loaded=already_loaded)


def _in_force(ledger: pd.DataFrame) -> pd.Series:
    return ledger["status"] == "loaded"


def _stale(table: DeltaTable, counting: Sequence[str], older_than_h: float) -> set[str]:
    actions = _actions(table)
    age_h = (time.time() - actions["modification_time"] / 1000) / 3600
    return set(actions.loc[~actions["part"].isin(counting) & (age_h >= older_than_h), "part"])


def _actions(table: DeltaTable) -> pd.DataFrame:
    """Return one row a live file: ``path`` within the table, ``part``, ``modification_time`` (ms)."""
    actions = pa.table(table.get_add_actions(flatten=True))
    return pd.DataFrame(
        {
            "path": actions["path"].to_pylist(),
            "part": actions["partition.part"].to_pylist(),
            "modification_time": [_milliseconds(value) for value in actions["modification_time"].to_pylist()],
        }
    )


def _milliseconds(value: Any) -> float:
    return value.timestamp() * 1000 if isinstance(value, datetime) else float(value)


def _replace(table: DeltaTable, frame: pd.DataFrame, promise: Table) -> bool:
    """Replace a table's content on condition that it is still the version given; say whether it was."""
    # Without retries the commit takes exactly the next version number, or fails: compare and swap.
    alone = CommitProperties(max_commit_retries=0)
    grown: Literal["overwrite"] | None = None
    if {field.name for field in table.schema().fields} != set(promise.columns):
        grown = "overwrite"
    try:
        write_deltalake(
            table, _arrow(frame, promise), mode="overwrite", schema_mode=grown, commit_properties=alone
        )
    except CommitFailedError as beaten:
        logger.info("%s changed while it was being written: %s", promise.name, beaten)
        return False
    return True


def _write_parquet(table: pa.Table, file: Path) -> int:
    """Write a file that nothing names yet, wholly or not at all; return its size, bytes.

    Delta Lake's own writer takes three times as long, and 600 MB more for a million rows.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    few = [name for name in table.column_names if name not in _DISTINCT]
    try:
        pq.write_table(table, file, use_dictionary=few, store_schema=False, row_group_size=_ROW_GROUP)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file.stat().st_size


def _read_whole(table: DeltaTable, promise: Table) -> pd.DataFrame:
    return conform(table.to_pandas(), promise)


def _read(
    files: list[str],
    promise: Table,
    when: ds.Expression | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    wanted = _with(promise, _LOAD_ID)
    none = empty(wanted) if columns is None else empty(wanted)[list(columns)]
    if not files:
        return none
    dataset = ds.dataset(files, schema=_schema(wanted), format="parquet")
    rows: pd.DataFrame = dataset.to_table(columns=list(none.columns), filter=when).to_pandas()
    return rows.astype(none.dtypes)


def _period(since: datetime | None, until: datetime | None) -> ds.Expression | None:
    limits = []
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            raise StoreError(
                "A moment needs a time zone.",
                code="store-moment-without-time-zone",
                seen=moment,
                remedy="Use UTC.",
            )
    if since is not None:
        limits.append(ds.field("occurred_from") >= pd.Timestamp(since))
    if until is not None:
        limits.append(ds.field("occurred_from") < pd.Timestamp(until))
    if len(limits) == 2:
        return limits[0] & limits[1]
    return limits[0] if limits else None


def _with(promise: Table, columns: Mapping[str, Column]) -> Table:
    return Table(promise.name, {**promise.columns, **columns}, promise.key)


def _schema(promise: Table) -> pa.Schema:
    return pa.Schema.from_pandas(empty(promise), preserve_index=False).remove_metadata()


def _arrow(frame: pd.DataFrame, promise: Table) -> pa.Table:
    typed = frame[list(promise.columns)].astype(empty(promise).dtypes)
    return pa.Table.from_pandas(typed, schema=_schema(promise), preserve_index=False)


def _fingerprint(frame: pd.DataFrame, key: str) -> str:
    rows = pd.util.hash_pandas_object(frame.sort_values(key).fillna(""), index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()


def _pauses() -> Iterator[float]:
    """Yield waits that double, with jitter so that beaten loaders do not meet again, seconds."""
    for attempt in range(_TRIES):
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)
        yield random.uniform(longest / 2, longest)  # noqa: S311 (not a secret)


def _busy(path: Path) -> StoreError:
    return StoreError(
        "Other loads kept changing the store.",
        code="store-busy",
        where=path,
        seen=f"{_TRIES} attempts",
        remedy="Nothing was changed. Try again when they have finished.",
    )


@contextlib.contextmanager
def _guard(path: Path, verb: str) -> Iterator[None]:
    """Turn what the disk or the format complains about into one plain error."""
    try:
        yield
    except (OSError, DeltaError, pa.ArrowException) as problem:
        raise StoreError(
            f"The store could not be {verb}.",
            code="store-failed",
            where=path,
            seen=" ".join(str(problem).split()).rstrip("."),
            remedy="What was in it before is untouched. Check that the folder can be written to and that the "
            "disk has room, then try again.",
        ) from problem
