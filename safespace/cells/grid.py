"""Cells by number: which point lies in which, how large they are, what they look like, which touch."""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse import csr_array

from safespace.errors import SchemaError
from safespace.schemas import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Cells = NDArray[np.int64]

EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS 84, as H3 uses
EQUAL_AREA = "EPSG:6933"  # areas are true anywhere, so shares of an area are exact
BRITAIN = (-7.6, 49.8, 1.9, 60.9)  # west, south, east, north, degrees: where EPSG:27700 is meant for
_CHUNK = 65_536


def add_cells(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports with the exact cell at each resolution.

    Only distinct coordinates are converted: published locations repeat (snap points), often twenty times.

    Parameters
    ----------
    reports
        Frame with ``lon`` and ``lat`` in degrees (EPSG:4326).

    Returns
    -------
    pandas.DataFrame
        The same rows and index with ``cell_7`` to ``cell_10`` (int64).

    Raises
    ------
    SchemaError
        When a coordinate is missing or not finite.

    Examples
    --------
    >>> placed = add_cells(pd.DataFrame({"lon": [-1.15, -1.15], "lat": [52.95, 52.95]}))
    >>> [h3.int_to_str(cell) for cell in placed["cell_8"]]
    ['881943583dfffff', '881943583dfffff']
    """
    wrong = ~(np.isfinite(reports["lon"]) & np.isfinite(reports["lat"]))
    if wrong.any():
        raise SchemaError(
            "Coordinates are missing.",
            code="coordinates-missing",
            seen=f"{int(wrong.sum())} rows",
            remedy="Reject those rows when they are read.",
        )
    place = reports.groupby(["lon", "lat"], sort=False).ngroup().to_numpy()
    distinct = reports[["lon", "lat"]].drop_duplicates()
    return reports.assign(
        **{
            f"cell_{resolution}": locate(distinct["lon"], distinct["lat"], resolution=resolution)[place]
            for resolution in RESOLUTIONS
        }
    )


def locate(lon: ArrayLike, lat: ArrayLike, *, resolution: int) -> Cells:
    """Return the H3 cell of each point, shape (n,), int64.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,), finite.
    resolution
        H3 resolution.
    """
    lats, lons = np.asarray(lat, dtype=float).tolist(), np.asarray(lon, dtype=float).tolist()
    found = map(h3.latlng_to_cell, lats, lons, repeat(resolution))
    return np.fromiter(found, dtype=np.int64, count=len(lats))


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], str]:
    """Return points on a plane in metres, shape (n, 2), and the coordinate system they are in.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, shape (n,), at least one.

    Notes
    -----
    The British National Grid (EPSG:27700) where all points lie within its reach, otherwise the UTM zone of
    their middle. Distances are good to one part in a thousand within a zone; points of several countries
    do not belong on one plane.

    Examples
    --------
    >>> metres, system = to_metres([-1.15], [52.95])
    >>> metres.round(-1).tolist(), system
    ([[457210.0, 339520.0]], 'EPSG:27700')
    >>> to_metres([24.94], [60.17])[1]
    'EPSG:32635'
    """
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    west, south, east, north = BRITAIN
    if ((lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)).all():
        system = "EPSG:27700"
    else:
        zone = int((np.median(lons) + 180) // 6) % 60 + 1
        system = f"EPSG:{32600 + zone + 100 * bool(np.median(lats) < 0)}"
    plane = Transformer.from_crs("EPSG:4326", system, always_xy=True)
    return np.column_stack(plane.transform(lons, lats)), system


def areas_km2(cells: ArrayLike) -> NDArray[np.float64]:
    """Return the real area of each cell, square kilometres, shape (n,).

    Notes
    -----
    Never a constant: at one resolution areas differ by a tenth within England alone.
    """
    held = np.asarray(cells, dtype=np.int64).tolist()
    return np.fromiter(map(partial(h3.cell_area, unit="km^2"), held), dtype=float, count=len(held))


def neighbours(cells: ArrayLike) -> csr_array[Any, tuple[int, int]]:
    """Return which cells are in each cell's ring: itself and the cells beside it, within those given.

    Parameters
    ----------
    cells
        Distinct H3 cells of one resolution, shape (n,).

    Returns
    -------
    scipy.sparse.csr_array
        Shape (n, n), int64 ones, rows and columns in the order of ``cells``. Shared between calls and
        therefore read-only.

    Examples
    --------
    >>> middle = h3.str_to_int("881943583dfffff")
    >>> neighbours(h3.grid_disk(middle, 1)).sum(axis=1).tolist()
    [7, 4, 4, 4, 4, 4, 4]
    """
    return _ring(np.ascontiguousarray(cells, dtype=np.int64).tobytes())


@lru_cache(maxsize=4)  # building takes far longer than every statistic drawn from it
def _ring(content: bytes) -> csr_array[Any, tuple[int, int]]:
    cells = np.frombuffer(content, dtype=np.int64)
    order = np.argsort(cells, kind="stable")
    parts = [_ring_rows(cells[at : at + _CHUNK], cells, order) for at in range(0, len(cells), _CHUNK)]
    per_row = np.concatenate([lengths for lengths, _ in parts] or [np.empty(0, dtype=np.int64)])
    columns = np.concatenate([found for _, found in parts] or [np.empty(0, dtype=np.int64)])
    starts = np.concatenate([[0], np.cumsum(per_row)])
    ones = np.ones(len(columns), dtype=np.int64)
    ring = csr_array((ones, columns, starts), shape=(len(cells), len(cells)))
    ring.sort_indices()
    for part in (ring.data, ring.indices, ring.indptr):
        part.flags.writeable = False
    return ring


def _ring_rows(some: Cells, cells: Cells, order: NDArray[np.intp]) -> tuple[Cells, Cells]:
    """Return how many ring members each of some cells has among all, and their positions in a row."""
    disks = list(map(h3.grid_disk, some.tolist(), repeat(1)))
    row = np.repeat(np.arange(len(some)), np.fromiter(map(len, disks), dtype=np.int64, count=len(some)))
    member = np.fromiter(chain.from_iterable(disks), dtype=np.int64, count=len(row))
    at = order[np.minimum(np.searchsorted(cells, member, sorter=order), len(cells) - 1)]
    held = cells[at] == member
    return np.bincount(row[held], minlength=len(some)).astype(np.int64), at[held].astype(np.int64)


def hexagons(cells: Iterable[int] | ArrayLike) -> gpd.GeoSeries:
    """Return the shape of each cell, EPSG:4326, indexed by cell.

    Examples
    --------
    >>> shape = hexagons([h3.str_to_int("881943583dfffff")]).iloc[0]
    >>> len(shape.exterior.coords), round(shape.centroid.x, 2)
    (7, -1.16)
    """
    held = np.asarray(cells, dtype=np.int64)
    return gpd.GeoSeries(outlines(held), index=pd.Index(held, name="cell", dtype="int64"), crs="EPSG:4326")


def outlines(cells: ArrayLike, *, grown: float = 0.0) -> NDArray[np.object_]:
    """Return the polygon of each cell, EPSG:4326, shape (n,).

    Parameters
    ----------
    cells
        H3 cells, shape (n,).
    grown
        By how much of its size each corner is moved away from the middle.
    """
    corners = list(map(h3.cell_to_boundary, np.asarray(cells, dtype=np.int64).tolist()))
    if not corners:
        return np.empty(0, dtype=object)
    lengths = np.fromiter(map(len, corners), dtype=np.int64, count=len(corners))
    lon_lat = np.array(list(chain.from_iterable(corners)), dtype=float)[:, ::-1]
    starts = np.cumsum(lengths) - lengths
    middle = np.add.reduceat(lon_lat, starts) / lengths[:, None]
    owner = np.repeat(np.arange(len(corners)), lengths)
    moved = lon_lat + grown * (lon_lat - middle[owner])
    return np.asarray(shapely.polygons(shapely.linearrings(moved, indices=owner)), dtype=object)
