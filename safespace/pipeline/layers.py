"""Layers kept beside the tables of a store, under names decided here: supplied amounts, and whole-file writing."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from safespace.errors import InputError, Remedy, StoreError
from safespace.layers import weights
from safespace.pipeline.baselines import BASELINES
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from safespace.settings import Settings


@dataclass(frozen=True)
class Supplied:
    """A supplied layer of amounts: ``value`` and ``geometry`` (EPSG:4326, all polygons or all points), and its source."""

    amounts: gpd.GeoDataFrame
    file: str
    value_column: str

    @property
    def points(self) -> bool:
        """The amounts are weights of points, not totals of polygons."""
        return bool((self.amounts.geom_type == "Point").all())


def layer_file(name: str, settings: Settings) -> Path:
    """Return where the layer of a name is kept; only names written in the code are ever asked for."""
    return settings.store / "layers" / f"{name}.parquet"


def keep(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame beside the file it replaces and then put it in its place: a reader sees one or the other.

    Raises
    ------
    StoreError
        When it cannot be written; what was there stays.
    """
    put_whole(file, frame.to_parquet)


def put_whole(file: Path, write: Callable[[str], object]) -> None:
    """Write a file of the store wholly or not at all; see :func:`keep`."""
    beside = file.with_name(f"{file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(str(beside))
        beside.replace(file)
    except OSError as problem:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise StoreError(
            "A layer could not be kept.",
            code="layer-not-kept",
            where=file,
            seen=str(problem),
            remedy="What was there before is untouched. Check the folder and the room on the disk.",
        ) from problem


def ingest_supplied(
    paths: Sequence[Path], *, layer: str, value_column: str, settings: Settings, check_only: bool = False
) -> tuple[str, ...]:
    """Keep a supplied layer of amounts as the baseline of that name, replacing the one before; say what it holds.

    With ``check_only`` it is read and told, and nothing is kept.

    Raises
    ------
    InputError
        When more than one file is given, or no value column is named.
    FileError, AreaError, SchemaError
        As :func:`safespace.layers.weights.read_weights`.
    """
    if len(paths) != 1 or not value_column:
        raise InputError(
            "A supplied layer is one file and the column of its amounts.",
            code="amounts-need-file-and-column",
            seen=f"{len(paths)} files, {f'column {value_column}' if value_column else 'no column'}",
            remedy=Remedy(
                cli=f"safespace ingest FILE --source {layer} --value-column COLUMN",
                app="Ask whoever runs this app to load the layer.",
                library="Give one path, and the column as value_column.",
            ),
        )
    (path,) = paths
    amounts = weights.read_weights(path, value_column=value_column, limits=settings.limits)
    replaced = told_before(layer, settings) if check_only else ()
    if not check_only:
        Store.open(settings.store, create=True)
        named = amounts.assign(file=path.name, value_column=value_column)
        put_whole(layer_file(layer, settings), named.to_parquet)
    kind = "points" if Supplied(amounts, path.name, value_column).points else "polygons"
    total = amounts["value"].sum()
    return (
        f"{BASELINES[layer].words.capitalize()}: {total:,.0f} in {len(amounts):,} {kind} ({path.name}, {value_column}).",
        *replaced,
        *amounts.attrs["notes"],
    )


def told_before(layer: str, settings: Settings) -> tuple[str, ...]:
    """Say that a layer is held which loading another would replace, if one is."""
    return ("It would replace the one held.",) if layer_file(layer, settings).exists() else ()


def read_stored(file: Path, read: Callable[[Path], pd.DataFrame] = pd.read_parquet) -> pd.DataFrame:
    """Return a table that the store keeps beside its loads.

    Raises
    ------
    StoreError
        When the file is damaged.
    """
    try:
        return read(file)
    except (OSError, ValueError, pa.ArrowException) as problem:
        raise StoreError(
            "A table of the store cannot be read.",
            code="stored-table-not-readable",
            where=file,
            seen=next(iter(str(problem).splitlines()), type(problem).__name__).rstrip("."),
            remedy="Load what it was made from again; that replaces it.",
        ) from problem


def supplied(layer: str, settings: Settings) -> Supplied | None:
    """Return a supplied layer, or ``None`` when it was never loaded."""
    file = layer_file(layer, settings)
    if not file.exists():
        return None
    held = read_stored(file, gpd.read_parquet)
    return Supplied(held[["value", "geometry"]], str(held["file"].iloc[0]), str(held["value_column"].iloc[0]))
