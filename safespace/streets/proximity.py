"""How reports bear on streets, and how much street lies in a cell: both by points along every edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer
from scipy.sparse import csr_array

from safespace.cells import sum_points
from safespace.streets.compiling import compiled
from safespace.streets.graph import samples, to_metres

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from safespace.streets.graph import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def proximity_operator(
    graph: StreetGraph, lon: ArrayLike, lat: ArrayLike, *, decay_m: float = 50.0, reach_m: float = 150.0
) -> csr_array:
    """Return how strongly each report bears on each edge, as a sparse matrix.

    Entry (e, r) is the integral along edge e of ``exp(-d / decay_m)``, d being the distance to report r in
    metres, zero beyond ``reach_m``; the edge is sampled at the middle of equal steps of at most 10 m. The
    product with any weights of the reports (an hour, a category, a bootstrap draw) gives the reports nearby of
    every edge, in reports x metres.

    Parameters
    ----------
    lon, lat
        Reports, degrees, EPSG:4326, shape (r,).
    decay_m
        Distance over which a report's bearing falls to 37 %, metres.
    reach_m
        Distance beyond which it has none, metres.

    Returns
    -------
    scipy.sparse.csr_array
        Shape (m, r), sorted indices.

    Notes
    -----
    Reports follow footfall: a busy street has more. A report at a snap point bears on streets it may have
    nothing to do with. Nothing here says what will happen on a street.
    """
    there = np.asarray(lon, float).ravel(), np.asarray(lat, float).ravel()
    rx, ry = to_metres(*there, graph.crs)
    x, y, owner = samples(graph)
    start = np.searchsorted(owner, np.arange(graph.edges + 1))
    step = graph.length_m / np.diff(start)
    order, grid, low, shape = _grid(rx, ry, reach_m)
    indptr, indices, data = _kernel(
        (x, y, start, step), (rx[order], ry[order], grid, low, shape), float(decay_m), float(reach_m)
    )
    matrix = csr_array((data, order[indices], indptr), shape=(graph.edges, len(rx)))
    matrix.sort_indices()
    return matrix


def walkable_length(graph: StreetGraph, window: pd.DataFrame, *, resolution: int) -> pd.Series:
    """Return the metres of walkable street in each cell of a window, indexed by cell.

    Parameters
    ----------
    window
        Cells frame (:data:`safespace.schemas.CELLS`).
    resolution
        Resolution of the window.

    Returns
    -------
    pandas.Series
        Metres. Streets are cut into steps of at most 10 m, each given whole to the cell of its middle, so
        the sum over a window that covers every street is the length of the graph.
    """
    x, y, owner = samples(graph)
    step_m = (graph.length_m / np.bincount(owner, minlength=graph.edges))[owner]
    lon, lat = Transformer.from_crs(graph.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return sum_points(lon, lat, step_m, window, resolution=resolution)


def _grid(x: Floats, y: Floats, side: float) -> tuple[Ints, Ints, Floats, Ints]:
    """Sort points into square bins; return their order, where each bin starts, the corner and the size."""
    if not len(x):
        return np.zeros(0, np.int64), np.zeros(2, np.int64), np.zeros(2), np.ones(2, np.int64)
    low = np.array([x.min(), y.min()])
    column, row = ((x - low[0]) // side).astype(np.int64), ((y - low[1]) // side).astype(np.int64)
    shape = np.array([column.max() + 1, row.max() + 1])
    bins = row * shape[0] + column
    order = np.argsort(bins, kind="stable")
    return order, np.searchsorted(bins[order], np.arange(shape[0] * shape[1] + 1)), low, shape


@compiled
def _kernel(
    along: tuple[Floats, Floats, Ints, Floats],
    bins: tuple[Floats, Floats, Ints, Floats, Ints],
    decay_m: float,
    reach_m: float,
) -> tuple[Ints, Ints, Floats]:
    """Sum the kernel over each edge's samples, edge by edge, in a dense row that is wiped after use."""
    x, y, start, step = along
    edges, reports = len(start) - 1, len(bins[0])
    indptr = np.zeros(edges + 1, np.int64)
    total, touched = np.zeros(reports), np.zeros(reports, np.int64)
    indices, data = np.empty(1024, np.int64), np.empty(1024, np.float64)
    for e in range(edges):
        count = 0
        for s in range(start[e], start[e + 1]):
            count = _bear(x[s], y[s], step[e], bins, decay_m, reach_m, total, touched, count)
        held = indptr[e]
        if held + count > len(indices):
            size = max(2 * len(indices), held + count)
            indices, data = _grown(indices, size), _grown(data, size)
        for k in range(count):
            indices[held + k], data[held + k] = touched[k], total[touched[k]]
            total[touched[k]] = 0.0
        indptr[e + 1] = held + count
    return indptr, indices[: indptr[edges]], data[: indptr[edges]]


@compiled
def _bear(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    x: float,
    y: float,
    step: float,
    bins: tuple[Floats, Floats, Ints, Floats, Ints],
    decay_m: float,
    reach_m: float,
    total: Floats,
    touched: Ints,
    count: int,
) -> int:
    """Add one sample's bearing to every report in its bin and the eight round it."""
    rx, ry, grid, low, shape = bins
    column, row = int((x - low[0]) // reach_m), int((y - low[1]) // reach_m)
    for j in range(max(row - 1, 0), min(row + 2, shape[1])):
        first = j * shape[0] + max(column - 1, 0)
        beyond = j * shape[0] + min(column + 2, shape[0])
        if first >= beyond:
            continue
        for r in range(grid[first], grid[beyond]):
            away = np.hypot(x - rx[r], y - ry[r])
            if away <= reach_m:
                if total[r] == 0.0:
                    touched[count] = r
                    count += 1
                total[r] += np.exp(-away / decay_m) * step
    return count


@compiled
def _grown(values: Any, size: int) -> Any:
    more = np.empty(size, values.dtype)
    more[: len(values)] = values
    return more
