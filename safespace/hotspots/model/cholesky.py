"""Factor sparse symmetric matrices on a hexagon graph: solve, log determinant, selected inverse, draws.

A multifrontal Cholesky factorisation over a nested dissection of the graph. The order in which cells are
eliminated is found once a graph (:func:`plan_elimination`) and serves every matrix with that pattern. Almost
all the work is dense linear algebra of BLAS, so no package is needed beyond scipy.

References
----------
Liu, J. W. H. (1992). The multifrontal method for sparse matrix solution. doi:10.1137/1034004
George, A. (1973). Nested dissection of a regular finite element mesh. doi:10.1137/0710032
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg.lapack import dtrtri
from scipy.sparse.csgraph import connected_components, dijkstra

from safespace.errors import InputError
from safespace.hotspots.model.compiling import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Numbers = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Pattern = csr_array[Any, tuple[int, int]]

_NONE = np.empty(0, dtype=np.int64)
_NO_HALVES: tuple[NDArray[np.int64], ...] = ()
SMALLEST_PART = 80  # cells that are eliminated together: measured, 60 to 120 differ by a few hundredths


@dataclass(frozen=True)
class Front:
    """Cells eliminated together, and the later cells that they touch.

    Parameters
    ----------
    start, size
        First place in the elimination order, and how many cells.
    beyond
        Places, all later, that the cells or those eliminated below them touch, ascending.
    parent
        The front that takes the remainder, or -1.
    children
        Fronts whose remainder this one takes.
    in_parent
        Where ``beyond`` lies in the rows of the parent's front.
    source, target
        Positions of the matrix's stored values, and where they go in the front (column by column).
    """

    start: int
    size: int
    beyond: Whole
    parent: int
    children: tuple[int, ...]
    in_parent: Whole
    source: Whole
    target: Whole

    @property
    def reach(self) -> int:
        """How many cells lie beyond."""
        return len(self.beyond)

    @property
    def width(self) -> int:
        """Rows of the front: its own cells and those beyond."""
        return self.size + len(self.beyond)


@dataclass(frozen=True)
class Elimination:
    """In which order the cells of a graph are eliminated, for any matrix with its pattern.

    Parameters
    ----------
    order
        Cells in the order of elimination, shape (n,).
    place
        Place of each cell in that order, shape (n,).
    fronts
        Children before parents.
    kept
        For each stored value of the pattern, the position of the one of its pair that a front takes, shape
        (nnz,).
    layout
        Fronts as numbers, one a row: start, size, cells beyond, and where its pivot, what is below it and its cells
        beyond begin when those of all fronts are strung together, shape (fronts, 6).
    beyond
        The cells beyond of all fronts, strung together.
    """

    order: Whole
    place: Whole
    fronts: tuple[Front, ...]
    kept: Whole
    layout: Whole
    beyond: Whole

    def factor(self, values: Numbers) -> Factor:
        """Return the factor of the matrix with these stored values.

        Parameters
        ----------
        values
            In the order of the pattern's ``data``, symmetric, shape (nnz,).

        Raises
        ------
        InputError
            When the matrix is not positive definite.
        """
        rest: dict[int, Numbers] = {}
        factor = Factor(self, *(np.empty(int(length)) for length in _lengths(self.layout)))
        for at, front in enumerate(self.fronts):
            full = np.zeros((front.width, front.width), order="F")
            full.ravel(order="K")[front.target] = values[front.source]
            for child in front.children:
                _add_below(full, rest.pop(child), self.fronts[child].in_parent)
            pivot, coupled = factor.pivot(at), factor.below(at)
            _eliminate(full, pivot, coupled)
            if front.reach:
                rest[at] = full[front.size :, front.size :] - coupled @ coupled.T
        return factor


def _lengths(layout: Whole) -> tuple[int, int]:
    """Return how many numbers all pivots take, and all that is below them."""
    _, size, beyond, pivot, below, _ = layout[-1].tolist()
    return pivot + size * size, below + beyond * size


@compiled
def _add_below(full: Numbers, part: Numbers, rows: Whole) -> None:
    """Add, in place, a child's remainder to the rows and columns that it stands for, lower triangle only."""
    for column in range(len(rows)):
        into = full[:, rows[column]]
        for row in range(column, len(rows)):
            into[rows[row]] += part[row, column]


@compiled
def _among(inverse: Numbers, rows: Whole) -> Numbers:
    """Return the rows and columns of a symmetric matrix."""
    taken = np.empty((len(rows), len(rows)))
    for at in range(len(rows)):
        column = inverse[:, rows[at]]
        for row in range(len(rows)):
            taken[at, row] = column[rows[row]]
    return taken.T


def _eliminate(full: Numbers, pivot: Numbers, coupled: Numbers) -> None:
    """Put, in place, the inverse triangle of a front's own cells, and what couples the later ones to them.

    numpy's functions let other threads run meanwhile, scipy's do not, so the triangle is inverted (the one call that
    does not, and small) and multiplied with.
    """
    size = len(pivot)
    try:
        triangle = np.linalg.cholesky(full[:size, :size])
    except np.linalg.LinAlgError as failed:
        raise InputError(
            "A matrix of the model is not positive definite.",
            code="model-not-positive-definite",
            seen=f"a front of {size} cells",
            remedy="Look for counts or a baseline without a finite size.",
        ) from failed
    pivot[:], _ = dtrtri(triangle, lower=1)
    np.matmul(full[size:, :size], pivot.T, out=coupled)


@dataclass(frozen=True)
class Factor:
    """The triangle L of A = L L', front by front.

    Parameters
    ----------
    elimination
        The order it was made in.
    pivots
        Inverse triangles of the fronts' own cells, column by column, strung together.
    belows
        What couples the cells beyond to them, likewise.
    """

    elimination: Elimination
    pivots: Numbers
    belows: Numbers

    def pivot(self, at: int) -> Numbers:
        """Return the inverse triangle of a front's own cells, shape (size, size)."""
        _, size, _, start, _, _ = self.elimination.layout[at].tolist()
        return self.pivots[start : start + size * size].reshape((size, size), order="F")

    def below(self, at: int) -> Numbers:
        """Return what couples the cells beyond a front to its own, shape (beyond, size)."""
        _, size, beyond, _, start, _ = self.elimination.layout[at].tolist()
        return self.belows[start : start + beyond * size].reshape((beyond, size), order="F")

    @cached_property
    def log_determinant(self) -> float:
        """Logarithm of the matrix's determinant."""
        fronts = range(len(self.elimination.fronts))
        return -2.0 * float(sum(np.log(np.diagonal(self.pivot(at))).sum() for at in fronts))

    def solve(self, right: Numbers) -> Numbers:
        """Return x with A x = right, shape (n,) or (n, several) as ``right`` is."""
        held = np.asarray(right, dtype=float)[self.elimination.order].reshape(len(right), -1)
        for column in held.T:
            solved = np.ascontiguousarray(column)
            parts = self.elimination.layout, self.elimination.beyond, self.pivots, self.belows
            _forwards(solved, *parts)
            _backwards(solved, *parts)
            column[:] = solved
        return held[self.elimination.place].reshape(np.shape(right))

    def draw(self, noise: Numbers) -> Numbers:
        """Return draws with mean 0 and covariance A^-1 from independent standard normals.

        Parameters
        ----------
        noise
            Standard normal numbers, shape (n, several).
        """
        held = np.array(noise, dtype=float)
        for at in range(len(self.elimination.fronts) - 1, -1, -1):
            front = self.elimination.fronts[at]
            rows = slice(front.start, front.start + front.size)
            own = held[rows] - self.below(at).T @ held[front.beyond]
            held[rows] = self.pivot(at).T @ own
        return held[self.elimination.place]

    def inverse_on_pattern(self) -> Numbers:
        """Return the inverse where the matrix has stored values, in their order, shape (nnz,).

        Notes
        -----
        Takahashi's recursion, front by front from the last: the inverse among the cells beyond a front lies
        whole in its parent's.

        References
        ----------
        Erisman, A. M. & Tinney, W. F. (1975). On computing certain elements of the inverse of a sparse
        matrix. doi:10.1145/360680.360704
        """
        fronts = self.elimination.fronts
        found = np.zeros(len(self.elimination.kept))
        inverses: dict[int, Numbers] = {}
        for at in range(len(fronts) - 1, -1, -1):
            front = fronts[at]
            beyond = np.empty((0, 0))
            if len(front.beyond):
                beyond = _among(inverses[front.parent], front.in_parent)
            inverse = _inverse_of_front(self.pivot(at), self.below(at), beyond)
            found[front.source] = inverse.ravel(order="K")[front.target]
            if front.children:
                inverses[at] = inverse
            if front.parent >= 0 and fronts[front.parent].children[0] == at:
                del inverses[front.parent]  # its first child is the last to ask
        return found[self.elimination.kept]


@compiled
def _forwards(held: Numbers, layout: Whole, beyond: Whole, pivots: Numbers, belows: Numbers) -> None:
    """Solve L x = held in place, front by front."""
    own, taken = np.empty(len(held)), np.empty(len(held))
    for front in range(len(layout)):
        start, size, reach, pivot, below, later = layout[front]
        own[:size] = 0.0
        taken[:reach] = 0.0
        for column in range(size):
            at = pivot + column * size
            for row in range(column, size):
                own[row] += pivots[at + row] * held[start + column]
        for column in range(size):
            at = below + column * reach
            for row in range(reach):
                taken[row] += belows[at + row] * own[column]
        held[start : start + size] = own[:size]
        for row in range(reach):
            held[beyond[later + row]] -= taken[row]


@compiled
def _backwards(held: Numbers, layout: Whole, beyond: Whole, pivots: Numbers, belows: Numbers) -> None:
    """Solve L' x = held in place, front by front from the last."""
    own, known = np.empty(len(held)), np.empty(len(held))
    for front in range(len(layout) - 1, -1, -1):
        start, size, reach, pivot, below, later = layout[front]
        for row in range(reach):
            known[row] = held[beyond[later + row]]
        for column in range(size):
            at = below + column * reach
            own[column] = held[start + column] - np.dot(belows[at : at + reach], known[:reach])
        for column in range(size):
            at = pivot + column * size
            held[start + column] = np.dot(pivots[at + column : at + size], own[column:size])


def _inverse_of_front(pivot: Numbers, coupled: Numbers, beyond: Numbers) -> Numbers:
    """Return the inverse over a front's rows, given the inverse among the cells beyond it."""
    size, width = len(pivot), len(pivot) + len(beyond)
    whole = np.empty((width, width), order="F")
    own = pivot.T @ pivot
    if len(beyond):
        weights = coupled @ pivot
        across = beyond @ weights
        own += weights.T @ across
        whole[size:, size:] = beyond
        whole[size:, :size] = -across
        whole[:size, size:] = -across.T
    whole[:size, :size] = own
    return whole


def plan_elimination(pattern: Pattern, *, smallest: int = SMALLEST_PART) -> Elimination:
    """Find in which order to eliminate the cells of a graph.

    Parameters
    ----------
    pattern
        Symmetric pattern with its diagonal, indices sorted, shape (n, n).
    smallest
        Parts of no more cells than this are not cut further.

    Notes
    -----
    Parts are cut in halves across their longer direction, directions being differences of distances from
    far-apart cells, so that no coordinates are needed and any graph will do. Cells of one half that touch
    the other are eliminated after both.
    """
    parts, parents = _dissect(pattern, smallest)
    order = np.concatenate(parts)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    stored = _stored(pattern, place)
    fronts = _fronts([len(part) for part in parts], parents, stored)
    return Elimination(
        order=order,
        place=place,
        fronts=fronts,
        kept=_kept(stored, len(order)),
        layout=_layout(fronts),
        beyond=np.concatenate([front.beyond for front in fronts]),
    )


def _layout(fronts: tuple[Front, ...]) -> Whole:
    """Return the fronts as numbers, one a row; see :class:`Elimination`."""
    start, size, reach = (
        np.array([getattr(front, name) for front in fronts], dtype=np.int64)
        for name in ("start", "size", "reach")
    )
    before = [np.concatenate([[0], np.cumsum(part)[:-1]]) for part in (size * size, size * reach, reach)]
    return np.column_stack([start, size, reach, *before]).astype(np.int64)


def _kept(stored: _Stored, n: int) -> Whole:
    """Return where the value of the pair is that lies on or below the diagonal when read as a column."""
    above, below = stored.row * n + stored.column, stored.column * n + stored.row
    by_key = np.argsort(above)
    mirror = by_key[np.searchsorted(above[by_key], below)]
    return np.where(stored.column >= stored.row, np.arange(len(mirror)), mirror)


def _dissect(pattern: Pattern, smallest: int) -> tuple[list[Whole], list[int]]:
    """Return parts of cells, those that touch both of two parts after them, and the part above each."""
    direction = _directions(pattern)
    parts: list[Whole] = []
    above: list[int] = []
    waiting = [(np.arange(pattern.shape[0]), -1)]
    while waiting:
        cells, parent = waiting.pop()
        if len(cells) <= smallest:
            separator, halves = cells, _NO_HALVES
        else:
            separator, halves = _cut(pattern, direction[cells], cells)
        if len(separator):
            parts.append(separator)
            above.append(parent)
            parent = len(parts) - 1
        waiting.extend((half, parent) for half in halves if len(half))
    last = len(parts) - 1
    return parts[::-1], [last - parent if parent >= 0 else -1 for parent in above[::-1]]


def _cut(pattern: Pattern, direction: Numbers, cells: Whole) -> tuple[Whole, tuple[Whole, ...]]:
    """Return the cells between two halves, and what is left of the halves."""
    along = direction[:, np.ptp(direction, axis=0).argmax()]
    order = np.argsort(along, kind="stable")
    half: Whole = np.full(pattern.shape[0], -1)
    one, other = np.split(cells[order], [len(cells) // 2])
    half[one], half[other] = 0, 1
    touching_one, touching_other = _touching(pattern, one, half == 1), _touching(pattern, other, half == 0)
    if touching_one.sum() <= touching_other.sum():
        return one[touching_one], (one[~touching_one], other)
    return other[touching_other], (one, other[~touching_other])


def _touching(pattern: Pattern, cells: Whole, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = pattern[cells]
    owner = np.repeat(np.arange(len(cells)), np.diff(rows.indptr))
    return np.bincount(owner, weights=marked[rows.indices], minlength=len(cells)) > 0


def _directions(pattern: Pattern) -> Numbers:
    """Return two coordinates of each cell from distances to far-apart cells of its component."""
    _, component = connected_components(pattern, directed=False)
    first = np.unique(component, return_index=True)[1]
    west = _farthest(_steps(pattern, first), component)
    from_west = _steps(pattern, west)
    east = _farthest(from_west, component)
    from_east = _steps(pattern, east)
    south = _farthest(np.minimum(from_west, from_east), component)
    from_south = _steps(pattern, south)
    from_north = _steps(pattern, _farthest(from_south, component))
    along, across = from_west - from_east, from_south - from_north
    # components lie side by side; the other direction parts cells that are alike in the first
    return np.column_stack([along + 1e-3 * across + 4.0 * len(component) * component, across + 1e-3 * along])


def _steps(pattern: Pattern, sources: Whole) -> Numbers:
    steps: Numbers = dijkstra(pattern, unweighted=True, indices=sources, min_only=True)
    return steps


def _farthest(steps: Numbers, component: NDArray[np.int32]) -> Whole:
    """Return the farthest cell of each component, the last of several."""
    order = np.lexsort((steps, component))
    last = np.append(np.diff(component[order]) != 0, True)
    farthest: Whole = order[last]
    return farthest


@dataclass(frozen=True)
class _Stored:
    """Stored values by the places of their row and column, rows ascending."""

    row: Whole
    column: Whole
    position: Whole
    starts: Whole

    def of_rows(self, start: int, stop: int) -> Whole:
        """Return the positions of the values in some rows."""
        return self.position[self.starts[start] : self.starts[stop]]


def _stored(pattern: Pattern, place: Whole) -> _Stored:
    n = len(place)
    row = place[np.repeat(np.arange(n), np.diff(pattern.indptr))]
    column = place[pattern.indices]
    order = np.lexsort((column, row))
    starts = np.searchsorted(row[order], np.arange(n + 1))
    return _Stored(row=row, column=column, position=order, starts=starts)


def _fronts(sizes: list[int], parents: list[int], stored: _Stored) -> tuple[Front, ...]:
    """Return the fronts with what lies beyond each, children first."""
    stops = np.cumsum(sizes).tolist()
    children: list[list[int]] = [[] for _ in sizes]
    beyond: list[Whole] = []
    for at, (size, stop) in enumerate(zip(sizes, stops, strict=True)):
        touched = stored.column[stored.of_rows(stop - size, stop)]
        reached = np.unique(np.concatenate([touched, *(beyond[child] for child in children[at])]))
        beyond.append(reached[reached >= stop])
        parents[at] = parents[at] if len(beyond[at]) else -1  # a component of the graph ends here
        if parents[at] >= 0:
            children[parents[at]].append(at)
    rows = [
        np.concatenate([np.arange(stop - size, stop), later])
        for size, stop, later in zip(sizes, stops, beyond, strict=True)
    ]
    above = [rows[parent] if parent >= 0 else _NONE for parent in parents]
    return tuple(
        Front(
            start=stops[at] - sizes[at],
            size=sizes[at],
            beyond=beyond[at],
            parent=parents[at],
            children=tuple(children[at]),
            in_parent=np.searchsorted(above[at], beyond[at]),
            **_scatter(rows[at], sizes[at], stored),
        )
        for at in range(len(sizes))
    )


def _scatter(rows: Whole, size: int, stored: _Stored) -> dict[str, Whole]:
    """Return which stored values a front takes, and where they go: its own columns, on and below the diagonal."""
    position = stored.of_rows(rows[0], rows[0] + size)
    column, row = stored.row[position], stored.column[position]  # symmetric: a row read as a column
    lower = row >= column
    target = np.searchsorted(rows, row[lower]) + len(rows) * (column[lower] - rows[0])
    return {"source": position[lower], "target": target}
