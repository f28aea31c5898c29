"""The chance that a ring of cells holds so many, when single cells vary of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    Numbers = NDArray[np.float64]
    Ring = csr_array[Any, tuple[int, int]]


def overdispersed_chance(
    totals: ArrayLike, expected: ArrayLike, squares: ArrayLike, *, sizes: ArrayLike, weights: ArrayLike
) -> Numbers:
    """Return the chance of as many events or more in each ring, over what the size r may be.

    Parameters
    ----------
    totals, expected, squares
        Events of each ring, events expected there, and the sum of its cells' squared expectations, shape (n,).
    sizes, weights
        Sizes r of a cell's negative binomial count, and the share of the posterior of each, shape (k,).

    Returns
    -------
    numpy.ndarray
        Shape (n,); 1 where nothing is expected.

    Notes
    -----
    A ring's total is taken as negative binomial with mean E_R and size ``r E_R^2 / sum E^2``, which has the mean and
    variance of the sum of its cells and is exact where these expect the same. Events that the model divided by a
    dispersion are not whole; the chance is then that of the next whole number or more.

    Examples
    --------
    One cell, 1 expected, r = 1: three or more have the chance 1/8 where Poisson gives 0.08.

    >>> overdispersed_chance([3], [1.0], [1.0], sizes=[1.0], weights=[1.0]).round(4).tolist()
    [0.125]
    """
    mean = np.asarray(expected, dtype=float)
    above = np.ceil(np.round(np.asarray(totals, dtype=float), 9)) - 1
    known = mean > 0
    evenness = np.divide(mean**2, np.asarray(squares, dtype=float), out=np.ones_like(mean), where=known)
    chance = np.zeros_like(mean)
    for r, weight in zip(np.asarray(sizes, dtype=float), np.asarray(weights, dtype=float), strict=True):
        size = r * evenness
        chance += weight * nbinom.sf(above, size, size / (size + np.where(known, mean, 1.0)))
    return np.where(known, np.minimum(chance, 1.0), 1.0)


def ring_chances(
    events: ArrayLike, expected: ArrayLike, ring: Ring, *, sizes: ArrayLike, weights: ArrayLike
) -> pd.DataFrame:
    """Return each ring's overdispersed chance, with and without its largest cell.

    Parameters
    ----------
    events, expected
        Of each cell, shape (n,); both zero where a cell is not assessed.
    ring
        Which cells are in each cell's ring, itself included: :func:`safespace.cells.neighbours`, shape (n, n).
    sizes, weights
        As for :func:`overdispersed_chance`.

    Returns
    -------
    pandas.DataFrame
        ``ring_events``, ``ring_expected``, ``chance``, ``largest`` (most events of any of its cells),
        ``largest_cell`` (its position; the first of several) and ``chance_without_largest``, RangeIndex.

    Notes
    -----
    Without the largest cell, its events are gone and its expectation stays, so that a ring rests on more than one cell
    only where the others hold too many even so. Probabilities are for each ring alone, not adjusted for the many.
    """
    y, e = np.asarray(events, dtype=float), np.asarray(expected, dtype=float)
    totals, means, squares = ring @ y, ring @ e, ring @ e**2
    largest_cell = _largest_of_rings(y, ring)
    largest = y[largest_cell]
    shares = {"sizes": sizes, "weights": weights}
    return pd.DataFrame(
        {
            "ring_events": totals,
            "ring_expected": means,
            "chance": overdispersed_chance(totals, means, squares, **shares),
            "largest": largest,
            "largest_cell": largest_cell,
            "chance_without_largest": overdispersed_chance(totals - largest, means, squares, **shares),
        }
    )


def _largest_of_rings(events: Numbers, ring: Ring) -> NDArray[np.int64]:
    """Return the position of the cell with most events in each ring, the first of several."""
    rows = np.repeat(np.arange(ring.shape[0]), np.diff(ring.indptr))
    order = np.lexsort((ring.indices, -events[ring.indices], rows))
    first = ring.indptr[:-1]
    return ring.indices[order][first].astype(np.int64)
