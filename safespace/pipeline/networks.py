"""The street network a store holds: imported, downloaded, its lighting stated by those who know it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from safespace import streets
from safespace.download import public_data
from safespace.errors import InputError, Remedy, StoreError
from safespace.layers import assets, columns
from safespace.maps.palette import OSM_CREDIT
from safespace.pipeline.layers import read_stored
from safespace.pipeline.loading import STREETS_FILE, add_landmarks, area_outline
from safespace.store import Store

if TYPE_CHECKING:
    from safespace.settings import Settings
    from safespace.streets import StreetGraph, StreetSummary

SYNTHETIC_STREETS = "Synthetic streets"
STREETS_NOTE = "streets.json"
MAPPED_FILE = "streets-mapped.npz"
CACHE = "streets-cache"
STATED = "stated-lighting"
STATED_COLUMNS = ("way_id", "segment", "lit", "night", "hours", "as_of", "by")


@dataclass(frozen=True)
class StreetsHeld:
    """The store's street network in figures, what its extract held that was not taken, and who says what.

    ``left_out`` has ``reason, ways, km``; it is empty when the network was imported earlier. ``provenance``
    is :func:`safespace.streets.provenance`.
    """

    summary: StreetSummary
    left_out: pd.DataFrame
    provenance: pd.DataFrame
    credit: str
    kept: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the figures for machines."""
        tables = {name: getattr(self, name).to_dict("records") for name in ("left_out", "provenance")}
        return {**asdict(self.summary), **tables, "kept": self.kept, "credit": self.credit}

    def sentences(self) -> tuple[str, ...]:
        """Say the figures in words."""
        held = self.summary
        by_lighting = f"{held.lit_km:,.1f} mapped as lit, {held.unlit_km:,.1f} as unlit"
        said = ["Taken from the import that was kept: same file, same clip, same code."] if self.kept else []
        said += [
            f"{held.walkable_km:,.1f} walkable km: {by_lighting}, {held.unknown_km:,.1f} unknown ({held.unknown_share:.0%}).",
            f"{held.disconnected_km:,.1f} km in {_pieces(held.components - 1)} not connected to the rest.",
        ]
        if len(self.left_out):
            reasons = "; ".join(f"{row.reason} {row.km:,.1f} km" for row in self.left_out.itertuples())
            said.append(f"Not walkable, left out: {reasons}.")
        return (*said, f"{self.credit}.")


@dataclass(frozen=True)
class LightingStated:
    """What stating lighting came to: tables as :class:`safespace.streets.Asserted` has them, in km and words."""

    file: str
    filled_km: float
    conflicts: pd.DataFrame
    unmatched: int
    notes: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """Say what was taken over and what was not."""
        said = [f"{self.filled_km:,.1f} km of streets took their lighting from {self.file}.", *self.notes]
        if len(self.conflicts):
            km = float(self.conflicts["length_m"].sum()) / 1000
            said.append(
                f"{len(self.conflicts):,} segments ({km:,.1f} km) are mapped otherwise; the map was kept. Check them on site."
            )
        if self.unmatched:
            said.append(f"{self.unmatched:,} rows name no street held here.")
        return tuple(said)

    def as_dict(self) -> dict[str, object]:
        """Return the outcome for machines."""
        return asdict(self) | {"conflicts": self.conflicts.to_dict("records")}


def ingest_streets(path: Path, *, settings: Settings, clip: str = "", progress: bool = False) -> StreetsHeld:
    """Import an OpenStreetMap extract as the store's street network, replacing the one before.

    An import of the same file and clip is taken from the store's cache. Lighting stated earlier is stated
    again on the new streets.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or OSMnx's ``.graphml``.
    settings
        Where the store is and how far a lamp reaches.
    clip
        Identifier of a loaded area to keep; everything when empty.
    progress
        Show a bar on the terminal.

    Raises
    ------
    FileError
        When the extract cannot be read or holds no walkable way.
    """
    outline = area_outline(clip, Store.open(settings.store))[1] if clip else None
    made = streets.import_streets(
        path,
        clip=outline,
        lamp_reach_m=settings.routes.lamp_reach_m,
        cache=settings.store / CACHE,
        progress=progress,
    )
    Store.open(settings.store, create=True)  # only now: a file that cannot be read leaves nothing behind
    _keep(made.graph, settings.store / MAPPED_FILE)
    _keep(_restated(made.graph, settings), settings.store / STREETS_FILE)
    note = {"file": Path(path).name, "synthetic": Path(path).name.startswith("synthetic_")}
    (settings.store / STREETS_NOTE).write_text(json.dumps(note))
    add_landmarks(made.points, settings)
    return _held(settings, left_out=made.left_out, kept=made.kept)


def download_streets(area: str, *, settings: Settings, progress: bool = False) -> StreetsHeld:
    """Download the streets of a loaded area from the Overpass service that is set, and import them.

    Raises
    ------
    AreaError
        When the area is not loaded.
    FileError
        When the service cannot be reached or answers with nothing to use.
    """
    _, outline = area_outline(area, Store.open(settings.store))
    fetched = public_data.streets_around(
        outline, settings.store / "fetched", settings=settings.fetch, refresh=True, progress=progress
    )
    return ingest_streets(fetched.path, settings=settings, clip=area, progress=progress)


def state_lighting(path: Path, *, settings: Settings, council: str = "") -> LightingStated:
    """Take over the lighting that a planner states street by street, or a council by its lamp columns.

    It is kept in the store and stated again when streets are imported anew. What is mapped is never
    replaced; where a statement differs, both are reported.

    Parameters
    ----------
    path
        Without ``council``: CSV or Excel with ``lit`` (yes or no) and ``way_id`` or ``segment``, and where
        there are any ``night``, ``hours``, ``as_of``, ``by``. With it: an inventory of lamp columns
        (:func:`safespace.layers.assets.read_lamp_columns`).
    settings
        Where the store is.
    council
        Whose inventory of lamp columns it is; empty for a planner's own statements.

    Raises
    ------
    StoreError
        When no streets were imported.
    FileError, SchemaError
        When the file cannot be used, naming rows and values.
    """
    graph, path = require_streets(settings), Path(path)
    told, notes = _told(path, council, settings)
    done = _state(graph, told, council=council, settings=settings)
    folder = settings.store / STATED
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(file.stem[:4]) for file in folder.glob("*.parquet")), default=0)
    lasting = told if council else _by_way(graph, told)
    lasting.assign(council=council, file=path.name).to_parquet(folder / f"{number:04d}.parquet")
    _keep(done.graph, settings.store / STREETS_FILE)
    filled = done.applied["segment"].to_numpy(int)
    return LightingStated(
        path.name,
        float(graph.length_m[filled].sum()) / 1000,
        done.conflicts,
        0 if council else len(done.unmatched),
        notes,
    )


def list_stated(settings: Settings) -> pd.DataFrame:
    """Return what was stated of lighting, oldest first: ``number, file, council, rows``."""
    rows = [
        (int(file.stem), held["file"].iloc[0], held["council"].iloc[0], len(held))
        for file, held in _statements(settings)
        if len(held)
    ]
    return pd.DataFrame(rows, columns=["number", "file", "council", "rows"])


def forget_lighting(number: int, *, settings: Settings) -> StreetsHeld:
    """Take one statement of lighting back and state the others again on the streets as mapped.

    Raises
    ------
    InputError
        When there is none of that number, listing those there are.
    StoreError
        When no streets were imported.
    """
    file = settings.store / STATED / f"{number:04d}.parquet"
    if not file.is_file():
        known = ", ".join(map(str, list_stated(settings)["number"])) or "none"
        raise InputError(
            "Nothing was stated under this number.",
            code="stated-lighting-unknown",
            seen=str(number),
            remedy=f"Held: {known}.",
        )
    require_streets(settings)
    mapped = streets.load(settings.store / MAPPED_FILE)
    _keep(_restated(mapped, settings, leaving_out=file), settings.store / STREETS_FILE)
    file.unlink()  # only now: where the others cannot be stated again, nothing is lost
    return _held(settings)


def held_streets(settings: Settings) -> StreetsHeld:
    """Return the figures of the street network the store holds.

    Raises
    ------
    StoreError
        When none was imported, saying how to.
    """
    return _held(settings)


def streets_credit(settings: Settings) -> str:
    """Return whom to credit for the streets: OpenStreetMap, nobody for made-up ones, empty for none."""
    note = settings.store / STREETS_NOTE
    if not note.exists():
        return ""
    return SYNTHETIC_STREETS if json.loads(note.read_text())["synthetic"] else OSM_CREDIT


def load_streets(settings: Settings) -> StreetGraph | None:
    """Return the store's street network, or ``None`` when none was imported."""
    file = settings.store / STREETS_FILE
    return streets.load(file) if file.exists() else None


def require_streets(settings: Settings) -> StreetGraph:
    """Return the store's street network.

    Raises
    ------
    StoreError
        When none was imported, saying how to.
    """
    graph = load_streets(settings)
    if graph is None:
        raise StoreError(
            "No street network has been imported.",
            code="streets-not-loaded",
            where=settings.store,
            remedy=Remedy(
                cli="Import one: safespace streets EXTRACT.osm.pbf.",
                app="Load one: choose Streets on the Data page.",
                library="Import an OpenStreetMap extract first.",
            ),
        )
    return graph


def _held(settings: Settings, *, left_out: pd.DataFrame | None = None, kept: bool = False) -> StreetsHeld:
    graph = require_streets(settings)
    none = pd.DataFrame(columns=["reason", "ways", "km"])
    return StreetsHeld(
        streets.summary(graph),
        none if left_out is None else left_out,
        streets.provenance(graph),
        streets_credit(settings),
        kept=kept,
    )


def _pieces(number: int) -> str:
    return "1 piece is" if number == 1 else f"{number:,} pieces are"


def _keep(graph: StreetGraph, file: Path) -> None:
    """Write a graph in one move, so that a reader never meets half of it."""
    part = file.with_name(f"{file.name}.part")
    streets.save(graph, part)
    part.replace(file)


def _told(path: Path, council: str, settings: Settings) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if council:
        lamps = assets.read_lamp_columns(path, council=council, limits=settings.limits)
        return lamps, tuple(lamps.attrs["notes"])
    told = columns.read_columns(path, STATED_COLUMNS, limits=settings.limits, optional=STATED_COLUMNS)
    return told.loc[:, [name for name in told.columns if (told[name] != "").any()]], ()


def _state(graph: StreetGraph, stated: pd.DataFrame, *, council: str, settings: Settings) -> streets.Asserted:
    if not council:
        return streets.assert_lighting(graph, stated)
    table = streets.lit_by_columns(graph, stated, reach_m=settings.routes.lamp_reach_m)
    return streets.assert_lighting(graph, table, source="council")


def _by_way(graph: StreetGraph, stated: pd.DataFrame) -> pd.DataFrame:
    """Return statements that outlast an import: positions in these streets become the ways they lie on."""
    if "segment" not in stated:
        return stated
    segment = pd.to_numeric(stated["segment"], errors="coerce")
    held = segment.between(0, graph.edges - 1)
    way = stated["way_id"].copy() if "way_id" in stated else pd.Series("", stated.index)
    way[held] = graph.way_id[segment[held].astype(int)].astype(str)
    return stated.drop(columns="segment").assign(way_id=way)


def _statements(settings: Settings) -> list[tuple[Path, pd.DataFrame]]:
    return [(file, read_stored(file)) for file in sorted((settings.store / STATED).glob("*.parquet"))]


def _restated(graph: StreetGraph, settings: Settings, *, leaving_out: Path | None = None) -> StreetGraph:
    for file, held in _statements(settings):
        if file == leaving_out:
            continue
        council = str(held["council"].iloc[0]) if len(held) else ""
        told = held.drop(columns=["council", "file"])
        graph = _state(graph, told, council=council, settings=settings).graph
    return graph
