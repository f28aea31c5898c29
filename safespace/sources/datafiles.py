"""Open Parquet, GeoPackage and GeoJSON as tables of text, points as coordinates.

These keep types, so a moment is written out in full: with ``Z`` when the file says it is UTC (a GeoPackage
always does), and without when it is local time.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from pyproj import CRS, Transformer

from safespace.errors import FileError, Remedy

if TYPE_CHECKING:
    from safespace.settings import LimitSettings

_GRID_EPSG, _DEGREES_EPSG = 27700, 4326
_JSON_KINDS = (b'"FeatureCollection"', b'"Feature"')


def kind_of(content: bytes) -> str:
    """Tell which of the three a file's bytes are, or nothing when none.

    Examples
    --------
    >>> kind_of(b"PAR1..."), kind_of(b'{"type": "FeatureCollection"}'), kind_of(b"id,month")
    ('parquet', 'geojson', '')
    """
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(b"SQLite format 3\0") and content[68:72] in (b"GPKG", b"GP10", b"GP11"):
        return "gpkg"
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return "geojson" if start.startswith(b"{") and any(kind in start for kind in _JSON_KINDS) else ""


def open_datafile(
    content: bytes, name: str, *, layer: str | None, limits: LimitSettings
) -> tuple[pa.Table, tuple[str, ...]]:
    """Open one such file.

    Parameters
    ----------
    content
        The file's bytes; see :func:`kind_of`.
    name
        The file's name, for messages.
    layer
        The layer of a GeoPackage; its first when not given.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    tuple
        A table of text under the file's own names, and what was done to open it. Points stand under
        ``longitude`` and ``latitude`` (WGS 84), or ``easting`` and ``northing`` (British National Grid).

    Raises
    ------
    FileError
        When it cannot be opened, holds nothing, or holds shapes that are not points.
    """
    try:
        text, notes = _open(content, name, layer, limits)
        text.validate(full=True)
    except FileError:
        raise
    except Exception as problem:  # GDAL, PROJ, Parquet and JSON have no common base
        raise _damaged(name, problem) from problem
    if not text.num_columns:
        raise FileError(
            "The file holds no columns.",
            code="data-file-without-columns",
            where=name,
            remedy="Export it again.",
        )
    return text, notes


def _open(
    content: bytes, name: str, layer: str | None, limits: LimitSettings
) -> tuple[pa.Table, tuple[str, ...]]:
    opened = _open_parquet if kind_of(content) == "parquet" else _open_features
    table, points, crs, notes = opened(content, name, layer, limits)
    columns = {
        header: _as_text(column) for header, column in zip(table.column_names, table.columns, strict=True)
    }
    if points is not None:
        columns.update(_coordinates(points, crs, columns))
    return pa.table(columns), notes


def _open_parquet(
    content: bytes, name: str, layer: str | None, limits: LimitSettings
) -> tuple[pa.Table, Any, Any, tuple[str, ...]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - seldom needed

    del layer
    file = pq.ParquetFile(pa.BufferReader(content))
    size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if size > limits.file_mb * 2**20:
        raise FileError(
            "The file unpacks to too much.",
            code="data-file-too-large",
            where=name,
            seen=f"{size / 2**20:,.0f} MB",
            remedy=Remedy.limit(f"The limit is {limits.file_mb:,} MB", "limits.file_mb"),
        )
    table = file.read()
    told = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
    shape = told.get("primary_column", "")
    if shape not in table.column_names:
        return table, None, None, ()
    crs = told["columns"][shape].get("crs", _DEGREES_EPSG)
    return table.drop_columns(shape), _points(table.column(shape), name), crs, ()


def _open_features(
    content: bytes, name: str, layer: str | None, limits: LimitSettings
) -> tuple[pa.Table, Any, Any, tuple[str, ...]]:
    del limits  # neither kind is packed, so its size is what was checked
    kind = kind_of(content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"given.{kind}")
        path.write_bytes(content)
        layers = [str(one) for one in pyogrio.list_layers(path)[:, 0]]
        chosen = _layer(layers, layer, name) if kind == "gpkg" else layers[0]
        options = {"DATE_AS_STRING": "YES"} if kind == "geojson" else {}
        meta, table = pyogrio.read_arrow(path, layer=chosen, **options)
    left = [one for one in layers if one != chosen]
    notes = (f"{name}: layer {chosen} was read, and not {', '.join(left)}.",) if left else ()
    shape = meta["geometry_name"] or "wkb_geometry"
    if shape not in table.column_names:
        return table, None, None, notes
    return table.drop_columns(shape), _points(table.column(shape), name), meta["crs"], notes


def _layer(layers: list[str], wanted: str | None, name: str) -> str:
    if wanted is not None and wanted not in layers:
        raise FileError(
            "There is no such layer.",
            code="data-layer-unknown",
            where=name,
            seen=wanted,
            remedy=f"Choose one of: {', '.join(layers)}.",
        )
    return layers[0] if wanted is None else wanted


def _damaged(name: str, problem: Exception) -> FileError:
    return FileError(
        "The file is damaged.",
        code="data-file-damaged",
        where=name,
        seen=" ".join(str(problem).split())[:160],
        remedy="Export it again, or give a CSV.",
    )


def _points(column: pa.ChunkedArray, name: str) -> Any:
    shapes = shapely.from_wkb(np.array(column.to_pylist(), dtype=object), on_invalid="ignore")
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    if there.any() and not points[there].any():
        raise FileError(
            "The shapes are not points.",
            code="shapes-not-points",
            where=name,
            seen=str(shapes[there][0].geom_type),
            remedy="Reports need one point a row; areas are loaded as areas.",
        )
    shapes[~(points & there)] = None
    return shapes


def _coordinates(points: Any, crs: Any, taken: dict[str, Any]) -> dict[str, pa.Array]:
    x, y = (np.array(one) for one in (shapely.get_x(points), shapely.get_y(points)))
    system = CRS.from_user_input(crs if crs is not None else _DEGREES_EPSG)
    grid = system.to_epsg() == _GRID_EPSG
    if not grid and not system.equals(CRS.from_epsg(_DEGREES_EPSG), ignore_axis_order=True):
        x, y = Transformer.from_crs(system, _DEGREES_EPSG, always_xy=True).transform(x, y)
    headers = ("easting", "northing") if grid else ("longitude", "latitude")
    if all(header in taken for header in headers):
        return {}  # the file has its own columns for the place, written by a person
    places = 2 if grid else 7
    return {
        header: pa.array(
            ["" if np.isnan(one) else f"{one:.{places}f}" for one in values], type=pa.large_string()
        )
        for header, values in zip(headers, (x, y), strict=True)
    }


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        whole = column.cast(pa.timestamp("s", "UTC" if zoned else None), safe=False)
        text = pc.strftime(whole, format="%Y-%m-%d %H:%M:%SZ" if zoned else "%Y-%m-%d %H:%M:%S")
    elif pa.types.is_floating(kind):
        text = pa.chunked_array([_numbers(column)])
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        text = pa.chunked_array([pa.repeat(pa.scalar("", pa.large_string()), len(column))])
    else:
        text = column.cast(pa.large_string())
    return pc.fill_null(text.cast(pa.large_string()), "")


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    texts = [
        None if one is None else f"{one:.0f}" if one.is_integer() else repr(one) for one in column.to_pylist()
    ]
    return pa.array(texts, type=pa.large_string())
