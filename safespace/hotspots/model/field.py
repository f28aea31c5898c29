"""What neighbouring cells share: a smooth random field on the hexagon graph.

The field has precision ``c(k) / sigma^2 * K^2`` with ``K = k^2 I + L + k/2 * (6 - degree)``: L is the graph
Laplacian, ``k = sqrt(1.5) / ell`` for a correlation length of ``ell`` cells, and ``c`` makes ``sigma`` the standard
deviation of a cell within an endless lattice.

References
----------
Lindgren, F., Rue, H. & Lindstroem, J. (2011). An explicit link between Gaussian fields and Gaussian Markov random
fields. doi:10.1111/j.1467-9868.2011.00777.x
Daon, Y. & Stadler, G. (2018). Mitigating the influence of the boundary on PDE-based covariance operators.
doi:10.3934/ipi.2018045
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import Chebyshev
from scipy.sparse import csr_array, diags_array, eye_array

from safespace.errors import InputError
from safespace.hotspots.model.cholesky import Elimination, plan_elimination

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Ring = csr_array[Any, tuple[int, int]]

SIDES = 6  # of a hexagon
SHORTEST, LONGEST = 0.6, 80.0  # correlation lengths, in cells, that are told apart
LEAK = 0.5  # measured: standard deviations at the border, of ranges up to 32 cells, are within 10 % of sigma
_RANGE = [float(np.log(SHORTEST)), float(np.log(LONGEST))]
_KNOTS = 14  # log determinants are then good to 1e-4 at 20,000 cells
_LATTICE = 1024


@dataclass(frozen=True)
class Precision:
    """The field's precision matrix at one standard deviation and range.

    Parameters
    ----------
    matrix
        The precision, with the field's pattern, shape (n, n).
    by_range
        Its derivative by the logarithm of the range.
    log_determinant, log_determinant_by_range
        Of the matrix, and its derivative by the logarithm of the range.
    """

    matrix: Ring
    by_range: Ring
    log_determinant: float
    log_determinant_by_range: float


@dataclass(frozen=True)
class Field:
    """The hexagon graph of a window, ready for any field on it.

    Parameters
    ----------
    pattern
        Which cells are within two steps of each other, shape (n, n).
    elimination
        How matrices with that pattern are factored.
    parts
        Stored values of the matrices that make up K^2, shape (6, nnz): I, L, L^2, D, LD + DL, D^2, where D holds the
        missing sides of each cell.
    log_scale, log_determinant
        Of c, and of K^2, by the logarithm of the range.

    Notes
    -----
    At the window's border, and around islands, the graph ends but the field does not. Plain graph Laplacians hold
    nothing there: variances rise to four times sigma^2 at corners, and without any limit on an isolated cell. Each
    missing side therefore adds ``k / 2`` to the diagonal, the discrete form of the boundary condition of Daon and
    Stadler, which keeps variances near sigma^2 up to the border and near 2 sigma^2 on a cell by itself. Parts of the
    window that do not touch are taken as independent but for the level.
    """

    pattern: Ring
    elimination: Elimination
    parts: Numbers
    log_scale: Chebyshev
    log_determinant: Chebyshev

    @property
    def size(self) -> int:
        """How many cells there are."""
        return int(self.pattern.shape[0])

    def precision(self, log_sigma: float, log_range: float) -> Precision:
        """Return the precision at a standard deviation and a range, both as logarithms.

        Parameters
        ----------
        log_sigma, log_range
            Of the standard deviation of log rates, and of the correlation length in cells.
        """
        k = np.sqrt(1.5) * np.exp(-log_range)
        scale = np.exp(self.log_scale(log_range) - 2 * log_sigma)
        by_scale = float(self.log_scale.deriv()(log_range))
        values = scale * (_weights(k) @ self.parts)
        return Precision(
            matrix=self.matrix(values),
            by_range=self.matrix(by_scale * values - scale * k * (_weights_by_k(k) @ self.parts)),
            log_determinant=float(self.size * np.log(scale) + self.log_determinant(log_range)),
            log_determinant_by_range=float(self.size * by_scale + self.log_determinant.deriv()(log_range)),
        )

    def matrix(self, values: Numbers) -> Ring:
        """Return stored values as a matrix."""
        return csr_array((values, self.pattern.indices, self.pattern.indptr), shape=self.pattern.shape)

    def diagonal(self, values: Numbers) -> Numbers:
        """Return the diagonal among stored values, shape (n,)."""
        found: Numbers = values[self.parts[0] > 0]
        return found

    def with_diagonal(self, values: Numbers, added: Numbers) -> Numbers:
        """Return stored values with something added on the diagonal."""
        more = values.copy()
        more[self.parts[0] > 0] += added
        return more


def _weights(k: float) -> Numbers:
    """Return what each part of K^2 counts."""
    b = LEAK
    return np.array([k**4, 2 * k**2, 1.0, 2 * b * k**3, b * k, (b * k) ** 2])


def _weights_by_k(k: float) -> Numbers:
    b = LEAK
    return np.array([4 * k**3, 4 * k, 0.0, 6 * b * k**2, b, 2 * b**2 * k])


def make_field(ring: Ring) -> Field:
    """Prepare fields on a window's hexagon graph.

    Parameters
    ----------
    ring
        Symmetric, non-zero where cells touch; what stands on its diagonal does not matter. From
        :func:`safespace.cells.neighbours`, shape (n, n).

    Raises
    ------
    InputError
        When the matrix is empty, not square or not symmetric, or a cell has more than six neighbours.

    Notes
    -----
    Of 21,000 cells it takes about a second, so the last few are kept.

    Examples
    --------
    >>> field = make_field(csr_array(np.ones((3, 3))))
    >>> field.size, len(field.elimination.fronts)
    (3, 1)
    """
    links = csr_array(ring)
    links.sort_indices()
    _refuse_no_graph(links)
    return _made(links.indptr.tobytes(), links.indices.astype(np.int64).tobytes(), links.indptr.dtype.str)


def _refuse_no_graph(links: Ring) -> None:
    rows, columns = links.shape
    remedy = "Take them from safespace.cells.neighbours."
    if rows != columns or not rows:
        shape = f"shape {links.shape}"
        raise InputError(
            "The neighbours are not a table of cells by cells.",
            code="neighbours-not-a-table",
            seen=shape,
            remedy=remedy,
        )
    if abs(links.astype(bool) - links.astype(bool).T).nnz:
        raise InputError(
            "Some cells are neighbours one way only.",
            code="neighbours-one-way",
            seen=f"{rows} cells",
            remedy=remedy,
        )
    if (most := int(_adjacency(links).sum(axis=1).max())) > SIDES:
        raise InputError(
            "A cell has more neighbours than a hexagon.", code="neighbours-too-many", seen=most, remedy=remedy
        )


def _adjacency(links: Ring) -> Ring:
    """Return ones where different cells touch."""
    held = links.astype(bool).astype(float)
    apart = csr_array(held - diags_array(held.diagonal()))
    apart.eliminate_zeros()
    return apart


@lru_cache(maxsize=4)  # felt and recorded layers of one window share it
def _made(starts: bytes, columns: bytes, kind: str) -> Field:
    indptr, indices = np.frombuffer(starts, dtype=kind), np.frombuffer(columns, dtype=np.int64)
    n = len(indptr) - 1
    beside = _adjacency(csr_array((np.ones(len(indices)), indices, indptr), shape=(n, n)))
    reach = csr_array((beside + eye_array(n)) @ (beside + eye_array(n)))
    reach.sort_indices()
    pattern = csr_array((np.ones(reach.nnz), reach.indices.copy(), reach.indptr.copy()), shape=(n, n))
    degree = beside.sum(axis=1)
    laplacian = csr_array(diags_array(degree) - beside)
    missing = diags_array(SIDES - degree)
    matrices = [
        eye_array(n), laplacian, laplacian @ laplacian, missing, laplacian @ missing + missing @ laplacian,
        missing @ missing,
    ]  # fmt: skip
    parts = np.array([_on_pattern(csr_array(matrix), pattern) for matrix in matrices])
    nearest = csr_array(beside + eye_array(n))
    nearest.sort_indices()
    first_order = np.array(
        [_on_pattern(csr_array(matrix), nearest) for matrix in (matrices[0], laplacian, missing)]
    )
    return Field(
        pattern=pattern,
        elimination=plan_elimination(pattern),
        parts=parts,
        log_scale=_interpolated(_log_lattice_scale),
        log_determinant=_interpolated(_log_determinants(nearest, first_order)),
    )


def _on_pattern(matrix: Ring, pattern: Ring) -> Numbers:
    """Return a matrix's values at the places of a wider pattern."""
    n = pattern.shape[0]
    held, wanted = (
        np.repeat(np.arange(n), np.diff(one.indptr)) * n + one.indices for one in (matrix, pattern)
    )
    values = np.zeros(len(wanted))
    values[np.searchsorted(wanted, held)] = matrix.data
    return values


def _interpolated(function: Callable[[float], float]) -> Chebyshev:
    """Return a function of the log range as a polynomial over all ranges."""
    return Chebyshev.interpolate(np.vectorize(function), _KNOTS - 1, domain=_RANGE)


@lru_cache(maxsize=1)
def _eigenvalues() -> Numbers:
    """Return the eigenvalues of the Laplacian of a large hexagonal torus, shape (_LATTICE, _LATTICE)."""
    turn = np.linspace(0, 2 * np.pi, _LATTICE, endpoint=False)
    return SIDES - 2 * (np.cos(turn)[:, None] + np.cos(turn) + np.cos(turn[:, None] - turn))


@lru_cache(maxsize=4 * _KNOTS)
def _log_lattice_scale(log_range: float) -> float:
    return float(np.log(np.mean((1.5 * np.exp(-2 * log_range) + _eigenvalues()) ** -2.0)))


def _log_determinants(nearest: Ring, parts: Numbers) -> Callable[[float], float]:
    """Return log det K^2, by the log range, for the parts I, L and D of K."""
    elimination = plan_elimination(nearest)

    def at(log_range: float) -> float:
        k = np.sqrt(1.5) * np.exp(-log_range)
        return 2 * elimination.factor(np.array([k**2, 1.0, LEAK * k]) @ parts).log_determinant

    return at
