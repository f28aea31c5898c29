"""Read a layer of amounts on the ground: residents, people passing, floor space, in polygons or at points."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from safespace.errors import AreaError, FileError, Remedy, SchemaError
from safespace.layers.boundaries import check_in_britain, flat_and_valid, to_degrees
from safespace.settings import LimitSettings
from safespace.sources.tables import check_size

logger = logging.getLogger(__name__)

_SUFFIXES = (".geojson", ".json", ".gpkg")


def read_weights(path: Path, *, value_column: str, limits: LimitSettings | None = None) -> gpd.GeoDataFrame:
    """Read amounts from a GeoJSON or GeoPackage file: each polygon's total, or each point's weight.

    Parameters
    ----------
    path
        A file with one layer, in degrees or British National Grid.
    value_column
        Column of the amounts, zero or more: totals, not densities.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    GeoDataFrame
        ``value`` (float64) and ``geometry``, EPSG:4326, in file order: all polygons or all points. Sentences about
        what was mended are in ``attrs["notes"]``.

    Raises
    ------
    FileError
        When the file is missing, too large, not one of those kinds, or has several layers.
    AreaError
        When it mixes polygons and points, holds neither, or lies outside Great Britain and Northern Ireland.
    SchemaError
        When the column is missing, or holds what is not an amount, naming the first rows.
    """
    path = Path(path)
    check_size(path, limits or LimitSettings())
    raw = _read(path)
    values = _amounts(raw, value_column, path)
    points = _all_points(raw, path)
    shapes, moved = to_degrees(raw, path)
    shapes, mended = (shapes, ()) if points else flat_and_valid(shapes, path)
    check_in_britain(shapes, [f"feature {row}" for row in range(1, len(raw) + 1)], path)
    layer = gpd.GeoDataFrame({"value": values}, geometry=shapes, crs="EPSG:4326")
    layer.attrs["notes"] = (*moved, *mended)
    logger.info("%s: %s amounts in %s", path.name, len(layer), value_column)
    return layer


def _read(path: Path) -> gpd.GeoDataFrame:
    if path.suffix.casefold() not in _SUFFIXES:
        raise FileError(
            "This kind of layer is not read.",
            code="amounts-kind-unknown",
            where=path.name,
            seen=path.suffix or "no suffix",
            remedy="Give GeoJSON or GeoPackage.",
        )
    try:
        layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        frame = gpd.read_file(path, layer=layers[0], engine="pyogrio") if len(layers) == 1 else None
    except Exception as problem:  # pyogrio has several bases and GDAL's own texts
        raise FileError(
            "The layer cannot be read.",
            code="amounts-not-readable",
            where=path.name,
            seen=str(problem)[:200],
            remedy="Open it in a map program and save it again.",
        ) from problem
    if frame is None:
        raise FileError(
            "The file must hold one layer.",
            code="amounts-several-layers",
            where=path.name,
            seen=", ".join(layers) or "none",
            remedy="Save the layer wanted in a file of its own.",
        )
    return frame


def _all_points(raw: gpd.GeoDataFrame, path: Path) -> bool:
    """Say whether all are points; refuse a mixture, lines, and shapes that are not there."""
    kinds = set(raw.geom_type.where(raw.geometry.notna() & ~raw.geometry.is_empty, "nothing"))
    if kinds and kinds <= {"Point"}:
        return True
    if kinds and kinds <= {"Polygon", "MultiPolygon"}:
        return False
    raise AreaError(
        "A layer of amounts must be all polygons or all points.",
        code="amounts-mixed-shapes",
        where=path.name,
        seen=", ".join(sorted(map(str, kinds))) or "no features",
        remedy="Remove the others, or save them in a file of their own.",
    )


def _amounts(raw: gpd.GeoDataFrame, value_column: str, path: Path) -> np.ndarray:
    held = [name for name in raw.columns if name != raw.geometry.name]
    if value_column not in held:
        known = ", ".join(map(str, held[:60])) or "there are none"
        raise SchemaError(
            "The value column is not in the file.",
            code="value-column-missing",
            where=path.name,
            seen=value_column or "none named",
            remedy=Remedy(
                cli=f"Name one of these with --value-column: {known}.",
                app=f"Ask whoever runs this app to load it by one of these: {known}.",
                library=f"Give one of these as value_column: {known}.",
            ),
        )
    text = raw[value_column].astype(str).str.strip().str.replace(",", "", regex=False)
    values: np.ndarray = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(wrong):
        raise SchemaError(
            f"{len(wrong):,} values of {value_column} are not amounts.",
            code="values-not-amounts",
            where=path.name,
            seen=", ".join(
                f"{str(raw[value_column].iloc[row])[:40]!r} in feature {row + 1}" for row in wrong[:3]
            ),
            remedy="Give zero or more in every row.",
        )
    if not values.sum() > 0:
        raise SchemaError(
            f"All values of {value_column} are zero.",
            code="values-all-zero",
            where=path.name,
            remedy="Name the column of the amounts.",
        )
    return values
