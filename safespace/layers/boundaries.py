"""Read areas people work with: neighbourhoods, wards, zones, a force's boundary."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from safespace.errors import AreaError, FileError
from safespace.settings import LimitSettings
from safespace.sources.coordinates import EAST, NORTH, SOUTH, WEST, from_grid
from safespace.sources.tables import check_size
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

_SUFFIXES = (".geojson", ".json", ".kml", ".gpkg")
_NAMES = ("name", "area_name", "ward", "npu", "neighbourhood", "label", "title")
_CODES = ("area_id", "id", "code", "area_code", "ref")
_GRID_EPSG, _DEGREES_EPSG = 27700, 4326


def read_areas(
    path: Path, *, name_column: str | None = None, limits: LimitSettings | None = None
) -> gpd.GeoDataFrame:
    """Read areas from GeoJSON, KML or GeoPackage, in degrees or British National Grid.

    Parameters
    ----------
    path
        The file. A grid that is not declared, or is declared as degrees but holds metres, is taken from
        the size of the coordinates.
    name_column
        Column with the name people use; found by its name when not given.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    GeoDataFrame
        ``area_id, name, geometry``; EPSG:4326, two-dimensional valid polygons, in file order. Sentences
        about what was mended are in ``attrs["notes"]``.

    Raises
    ------
    FileError
        When the file is missing, too large, or not one of those kinds.
    AreaError
        When it holds no polygon, or one that is empty or outside Great Britain and Northern Ireland.
    """
    path = Path(path)
    check_size(path, limits or LimitSettings())
    raw, notes = _read_layers(path)
    shapes, moved = to_degrees(raw, path)
    shapes, mended = flat_and_valid(shapes, path)
    names = _names(raw, path, name_column)
    check_in_britain(shapes, names, path)
    areas = gpd.GeoDataFrame({"area_id": _codes(raw), "name": names}, geometry=shapes, crs=_DEGREES_EPSG)
    areas.attrs["notes"] = (*notes, *moved, *mended)
    for note in areas.attrs["notes"]:
        logger.info("%s: %s", path.name, note)
    return areas


def _read_layers(path: Path) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    if path.suffix.casefold() not in _SUFFIXES:
        raise FileError(
            "This kind of area file is not read.",
            code="area-file-kind-unknown",
            where=path.name,
            seen=path.suffix or "no suffix",
            remedy="Give GeoJSON, KML or GeoPackage.",
        )
    try:
        names = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        layers = [gpd.read_file(path, layer=name, engine="pyogrio") for name in names]
    except Exception as problem:  # pyogrio has several bases and GDAL's own texts
        raise FileError(
            "The areas cannot be read.",
            code="areas-not-readable",
            where=path.name,
            seen=str(problem)[:200],
            remedy="Open it in a map program and save it again.",
        ) from problem
    kept = [layer[_is_area(layer)] for layer in layers if len(layer)]
    found, total = sum(map(len, kept)), sum(map(len, layers))
    if not found:
        raise AreaError(
            "There is no polygon in the file.",
            code="no-polygon-in-file",
            where=path.name,
            seen=f"{total:,} features",
            remedy="Give areas, not points or lines.",
        )
    left = (f"{total - found:,} features are not polygons and were not read.",) if total > found else ()
    return _joined([layer for layer in kept if len(layer)]), left


def _is_area(layer: gpd.GeoDataFrame) -> pd.Series:
    held = layer.geometry.notna() & ~layer.geometry.is_empty
    kinds = layer.geom_type.isin(["Polygon", "MultiPolygon", "GeometryCollection"])
    return pd.Series(held & kinds)


def _joined(layers: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    if len(layers) == 1:
        return layers[0].reset_index(drop=True)
    crs = layers[0].crs
    same = [layer if layer.crs == crs or crs is None else layer.to_crs(crs) for layer in layers]
    return gpd.GeoDataFrame(pd.concat(same, ignore_index=True), crs=crs)


def to_degrees(raw: gpd.GeoDataFrame, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the shapes in two dimensions and degrees, EPSG:4326, and sentences about what was taken for granted.

    Raises
    ------
    AreaError
        When the coordinates are neither degrees nor British National Grid and no system is declared.
    """
    shapes = np.asarray(raw.geometry.array)
    shapes = shapely.force_2d(np.array(list(shapes), dtype=object))
    epsg = raw.crs.to_epsg() if raw.crs is not None else None
    left, bottom, right, top = shapely.total_bounds(shapes)
    degrees = max(abs(left), abs(right)) <= 180 and max(abs(bottom), abs(top)) <= 90
    if epsg == _GRID_EPSG:
        return _shifted(shapes), ()
    if epsg == _DEGREES_EPSG or raw.crs is None:
        if degrees:
            return shapes, () if epsg else ("No coordinate system is declared; read as degrees.",)
        if min(left, bottom) >= 0 and right <= 800_000 and top <= 1_400_000:
            return _shifted(shapes), (
                "The coordinates are metres and not degrees; read as British National Grid.",
            )
        raise AreaError(
            "The coordinates are neither degrees nor British National Grid.",
            code="area-crs-unknown",
            where=path.name,
            seen=f"x {left:,.0f} to {right:,.0f}, y {bottom:,.0f} to {top:,.0f}",
            remedy="Declare the coordinate system, or save the file as WGS 84.",
        )
    return np.array(
        list(raw.set_geometry(gpd.GeoSeries(shapes, crs=raw.crs)).to_crs(_DEGREES_EPSG).geometry),
        dtype=object,
    ), (f"Converted from {raw.crs.name}.",)


def _shifted(shapes: np.ndarray) -> np.ndarray:
    return np.asarray(shapely.transform(shapes, lambda xy: np.column_stack(from_grid(xy[:, 0], xy[:, 1]))))


def flat_and_valid(shapes: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return polygons that do not cross themselves, and a sentence about those that were mended.

    Raises
    ------
    AreaError
        When an area has no surface.
    """
    broken = ~shapely.is_valid(shapes)
    mended = shapes.copy()
    mended[broken] = [_areas_of(shapely.make_valid(shape)) for shape in shapes[broken]]
    collections = shapely.get_type_id(mended) == 7
    mended[collections] = [_areas_of(shape) for shape in mended[collections]]
    empty = np.flatnonzero(shapely.is_empty(mended) | (shapely.area(mended) == 0))
    if len(empty):
        raise AreaError(
            "An area has no surface.",
            code="area-without-surface",
            where=path.name,
            seen=f"feature {', '.join(str(spot + 1) for spot in empty[:5])}",
            remedy="Draw it again or remove it.",
        )
    told = (
        (
            f"{broken.sum():,} areas crossed themselves and were mended: feature {', '.join(str(s + 1) for s in np.flatnonzero(broken)[:5])}.",
        )
        if broken.any()
        else ()
    )
    return mended, told


def _areas_of(shape: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def check_in_britain(shapes: np.ndarray, names: Sequence[str], path: Path) -> None:
    """Refuse shapes outside Great Britain and Northern Ireland, naming one.

    Raises
    ------
    AreaError
        With the first that is outside.
    """
    west, south, east, north = shapely.bounds(shapes).T
    outside = np.flatnonzero((east < WEST) | (west > EAST) | (north < SOUTH) | (south > NORTH))
    if len(outside):
        spot = outside[0]
        raise AreaError(
            f"{len(outside):,} of {len(shapes):,} areas are outside Great Britain and Northern Ireland.",
            code="areas-outside-country",
            where=path.name,
            seen=f"{names[spot]} at longitude {west[spot]:.3f}, latitude {south[spot]:.3f}",
            remedy="Check that longitude comes before latitude, and which coordinate system the file is in.",
        )


def _names(raw: gpd.GeoDataFrame, path: Path, name_column: str | None) -> list[str]:
    columns = [name for name in raw.columns if name != raw.geometry.name]
    if name_column is not None and name_column not in columns:
        raise AreaError(
            "The name column is not in the file.",
            code="name-column-missing",
            where=path.name,
            seen=name_column,
            remedy=f"Choose one of: {', '.join(columns)}.",
        )
    likely = [c for wanted in _NAMES for c in columns if plain(c) == wanted]
    likely += [c for c in columns if plain(c).endswith(("nm", "name"))]
    chosen = name_column or next((c for c in likely if raw[c].notna().any()), None)
    stem = path.stem.replace("-", " ").replace("_", " ")
    told = raw[chosen].astype(object).to_list() if chosen else [None] * len(raw)
    blank = [stem] if len(raw) == 1 else [f"{stem} {spot}" for spot in range(1, len(raw) + 1)]
    return [
        str(name).strip() if isinstance(name, str) and name.strip() else instead
        for name, instead in zip(told, blank, strict=True)
    ]


def _codes(raw: gpd.GeoDataFrame) -> list[str]:
    likely = [c for wanted in _CODES for c in raw.columns if plain(c) == wanted]
    likely += [c for c in raw.columns if plain(c).endswith("cd")]
    for column in likely:
        if raw[column].notna().all() and raw[column].is_unique:
            return [str(code) for code in raw[column]]
    return [str(spot) for spot in range(1, len(raw) + 1)]
