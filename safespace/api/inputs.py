"""Points and areas as people hold them, made into ours: degrees (EPSG:4326), checked at the door."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from safespace.errors import AreaError, FileError, SchemaError
from safespace.layers.boundaries import read_areas
from safespace.pipeline.kinds import check_kinds, choose_kinds
from safespace.pipeline.view import View
from safespace.registry import group_id
from safespace.settings import POLICIES, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

Points: TypeAlias = "gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame | str | PathLike[str]"
Area: TypeAlias = "BaseGeometry | gpd.GeoDataFrame | gpd.GeoSeries | str | PathLike[str]"

TIME_ZONE = "Europe/London"
_TABLES = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
_SHAPES = (".geojson", ".json", ".gpkg", ".shp", ".kml")
_BRITAIN = (
    -9.0,
    2.1,
    49.0,
    61.0,
)  # degrees west, east, south, north; the other way round it is the sea off East Africa
_GRID = (-9_000.0, 665_000.0, 0.0, 1_225_000.0)  # of the British National Grid, metres: where there is land


def points_of(points: Points) -> pd.DataFrame:
    """Return points as a frame with ``lon`` and ``lat`` in degrees, beside every other column.

    Parameters
    ----------
    points
        A GeoDataFrame of points that states its CRS, a frame with ``lon`` and ``lat`` in degrees (EPSG:4326), or the
        path of a CSV, Parquet, Excel, GeoJSON or GeoPackage file holding one of these.

    Raises
    ------
    SchemaError
        When no CRS is stated, a row is no point, a column is missing, or a coordinate is not in degrees.
    FileError
        When a file is missing, of a kind that is not read, or damaged.

    Examples
    --------
    >>> grid = gpd.GeoDataFrame(geometry=gpd.points_from_xy([457210], [339520]), crs="EPSG:27700")
    >>> points_of(grid).round(2).to_dict("records")
    [{'lon': -1.15, 'lat': 52.95}]
    >>> points_of(pd.DataFrame({"lon": [406689], "lat": [286822]}))
    Traceback (most recent call last):
    ...
    safespace.errors.SchemaError: lon, lat: These look like metres of the British National Grid, not degrees. Seen: \
406689.0, 286822.0 in row 0. Make a GeoDataFrame of them with crs="EPSG:27700".
    """
    if isinstance(points, gpd.GeoDataFrame | gpd.GeoSeries):
        return _from_shapes(points)
    if isinstance(points, pd.DataFrame):
        return _from_columns(points)
    return points_of(_read(Path(points)))


def outline_of(area: Area) -> BaseGeometry:
    """Return an area as one polygon in degrees (EPSG:4326).

    Parameters
    ----------
    area
        A polygon in degrees, a GeoDataFrame of polygons that states its CRS (joined together), or the path of a
        GeoJSON, KML or GeoPackage file.

    Raises
    ------
    AreaError
        When no CRS is stated, or there is no polygon.

    Examples
    --------
    >>> import shapely
    >>> outline_of(shapely.box(-1.2, 52.9, -1.1, 53.0)).bounds
    (-1.2, 52.9, -1.1, 53.0)
    """
    if isinstance(area, BaseGeometry):
        joined = area
    elif isinstance(area, gpd.GeoDataFrame | gpd.GeoSeries):
        if area.crs is None:
            raise AreaError(
                "The area states no coordinate system.",
                code="area-without-crs",
                remedy='Set its CRS, for example area.set_crs("EPSG:27700").',
            )
        joined = area.geometry.to_crs("EPSG:4326").union_all()
    else:
        joined = read_areas(Path(area)).geometry.union_all()
    if joined.is_empty or joined.geom_type not in {"Polygon", "MultiPolygon"}:
        raise AreaError(
            "The area is not a polygon.",
            code="area-not-a-polygon-here",
            seen="nothing" if joined.is_empty else joined.geom_type,
            remedy="Give a polygon or multipolygon.",
        )
    return joined


def require_columns(frame: pd.DataFrame, names: tuple[str, ...], *, where: str) -> None:
    """Refuse a frame without the columns needed, naming those it lacks.

    Raises
    ------
    SchemaError
        With the columns that are missing and those that are there.
    """
    missing = [name for name in names if name not in frame]
    if missing:
        raise SchemaError(
            f"Columns are missing: {', '.join(missing)}.",
            code="columns-missing-here",
            where=where,
            seen=", ".join(map(str, frame.columns)) or "no columns",
            remedy="Add them or rename yours.",
        )


def moments_of(placed: pd.DataFrame, column: str, *, time_zone: str = TIME_ZONE) -> pd.Series:
    """Return when each row happened, UTC; days and moments without a zone are of the time zone given.

    Parameters
    ----------
    placed
        From :func:`points_of`.
    column
        Moments, days, or text in ISO 8601 (``2026-03-01 22:15``). A missing one stays missing.
    time_zone
        IANA name. An hour that comes twice in autumn is taken as its first.

    Raises
    ------
    SchemaError
        When there is no such column, or it holds something else.

    Examples
    --------
    >>> moments_of(pd.DataFrame({"seen": ["2026-07-01 00:30"]}), "seen").iloc[0].isoformat()
    '2026-06-30T23:30:00+00:00'
    """
    require_columns(placed, (column,), where="points")
    told = placed[column]
    try:
        if pd.api.types.is_numeric_dtype(told) and told.notna().any():
            raise ValueError(f"{told.dropna().iloc[0]}, a number")  # noqa: TRY301 - said below
        read = pd.to_datetime(told, format="ISO8601")
        if read.dt.tz is None:
            summer = np.ones(len(read), bool)
            read = read.dt.tz_localize(time_zone, ambiguous=summer, nonexistent="shift_forward")
        return read.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    except (ValueError, TypeError, AttributeError) as problem:
        raise SchemaError(
            "These are not moments.",
            code="not-moments",
            where=column,
            seen=str(problem)[:80],
            remedy="Give moments or days, or text such as 2026-03-01 22:15.",
        ) from problem


def _from_shapes(points: gpd.GeoDataFrame | gpd.GeoSeries) -> pd.DataFrame:
    if points.crs is None:
        raise SchemaError(
            "The points state no coordinate system.",
            code="points-without-crs",
            remedy='Set their CRS, for example points.set_crs("EPSG:27700").',
        )
    kinds = set(points.geom_type.fillna("missing")) - {"Point"}
    if kinds or points.geometry.is_empty.any():
        raise SchemaError(
            "Every row must be a point.",
            code="not-points",
            where="geometry",
            seen=", ".join(sorted(map(str, kinds))) or "an empty point",
            remedy="Leave out those rows, or take their centroids.",
        )
    shapes = points.geometry.to_crs("EPSG:4326")
    held = (
        pd.DataFrame(points.drop(columns=points.geometry.name))
        if isinstance(points, gpd.GeoDataFrame)
        else None
    )
    placed = pd.DataFrame(index=points.index) if held is None else held
    return _checked(placed.assign(lon=shapes.x.to_numpy(float), lat=shapes.y.to_numpy(float)))


def _from_columns(points: pd.DataFrame) -> pd.DataFrame:
    require_columns(points, ("lon", "lat"), where="points")
    try:
        return _checked(points.astype({"lon": float, "lat": float}))
    except (TypeError, ValueError) as problem:
        if isinstance(problem, SchemaError):
            raise
        raise SchemaError(
            "The coordinates are not numbers.",
            code="coordinates-not-numbers",
            where="lon, lat",
            seen=str(problem)[:80],
            remedy="Give degrees as numbers.",
        ) from problem


def _checked(placed: pd.DataFrame) -> pd.DataFrame:
    lon, lat = placed["lon"].to_numpy(float), placed["lat"].to_numpy(float)
    for wrong, sentence, remedy in _misfits(lon, lat):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise SchemaError(
                sentence,
                code="coordinates-not-degrees",
                where="lon, lat",
                seen=f"{lon[row]}, {lat[row]} in row {placed.index[row]}",
                remedy=remedy,
            )
    return placed


def _misfits(lon: np.ndarray, lat: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
    """Return what can be wrong with coordinates, what is easiest to mend first."""
    missing = ~(np.isfinite(lon) & np.isfinite(lat))
    outside = ~missing & ((np.abs(lon) > 180) | (np.abs(lat) > 90))
    west, east, south, north = _GRID
    large = (np.abs(lon) > 1_000) | (np.abs(lat) > 1_000)
    left, right, low, high = _BRITAIN
    turned = (lat >= left) & (lat <= right) & (lon >= low) & (lon <= high)
    metres = outside & large & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return [
        (
            metres,
            "These look like metres of the British National Grid, not degrees.",
            'Make a GeoDataFrame of them with crs="EPSG:27700".',
        ),
        (
            turned,
            "These look like lat and lon the other way round.",
            "Put lon and lat in each other's place.",
        ),
        (outside, "These are not degrees.", "Give lon in -180 to 180 and lat in -90 to 90, or state a CRS."),
        (missing, "A coordinate is missing.", "Leave out rows without a place."),
    ]


def _read(path: Path) -> Any:
    if not path.is_file():
        raise FileError(
            "There is no such file.",
            code="file-missing",
            where=path,
            seen="a folder" if path.is_dir() else "nothing",
            remedy="Check its name.",
        )
    kind = path.suffix.casefold()
    if kind not in (*_TABLES, *_SHAPES):
        raise FileError(
            "This kind of file is not read here.",
            code="points-file-kind-unknown",
            where=path.name,
            seen=kind or "no ending",
            remedy=f"Give one of: {', '.join((*_TABLES, *_SHAPES))}.",
        )
    try:
        return _TABLES[kind](path) if kind in _TABLES else gpd.read_file(path)  # type: ignore[operator]
    except Exception as problem:  # pandas, Arrow, openpyxl and GDAL have no common base
        raise FileError(
            "This file cannot be read.",
            code="points-file-not-readable",
            where=path,
            seen=f"{kind}: {_first_line(problem)}",
            remedy="Look whether it is whole and what its ending says it is, or export it again.",
        ) from problem


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__).rstrip(".")


@dataclass(frozen=True)
class OfKinds:
    """Points of some kinds of offence: the points, and the names of the kinds ("Violence or Drugs")."""

    points: Points
    words: str = ""
    ids: tuple[str, ...] = ()


def of_kinds(points: Points, kinds: Sequence[str], *, resolution: int) -> OfKinds:
    """Return the points of some groups of offences, or all of them when none is named.

    Parameters
    ----------
    points
        With ``source`` and ``category``, as reports of a store have them; not counted cells.
    kinds
        Groups by identifier or printed name; see :mod:`safespace.sources.offences`.
    resolution
        Of the cells they will be counted in.

    Raises
    ------
    SchemaError
        When the points have no categories, as counted cells have none.
    InputError
        When there is no such group, a source cannot tell it, or cells are too fine for it.
    """
    if not kinds:
        return OfKinds(points)
    placed = points_of(points)
    require_columns(placed, ("source", "category"), where="points")
    held = placed[["source", "category"]].drop_duplicates()
    ids = tuple(dict.fromkeys(map(group_id, kinds)))
    view = View(sources=tuple(sorted(held["source"].unique())), kinds=ids, resolution=resolution)
    known = check_kinds(view, Settings(policies=POLICIES))
    asked = choose_kinds(ids, tuple(zip(held["source"], held["category"], strict=True)), known)
    return OfKinds(placed[asked.of(placed)], asked.words, ids)
