"""Small graphs and a witness of the model that shares no code with it."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.sparse import csr_array


def ring_of(size: int, pairs: list[tuple[int, int]]) -> csr_array:
    """Return a ring matrix (ones where cells touch, and on the diagonal) from pairs of cells."""
    dense = np.eye(size)
    for one, other in pairs:
        dense[one, other] = dense[other, one] = 1
    return csr_array(dense)


def hexagons(rows: int, columns: int) -> csr_array:
    """Return the ring matrix of a parallelogram of hexagons in axial coordinates."""
    pairs = []
    for q in range(rows):
        for r in range(columns):
            pairs += [
                (q * columns + r, (q + a) * columns + r + b)
                for a, b in ((1, 0), (0, 1), (1, -1))
                if q + a < rows and 0 <= r + b < columns
            ]
    return ring_of(rows * columns, pairs)


def dense_precision(ring: csr_array, sigma: float, length: float) -> np.ndarray:
    """Return the field's precision by its formula, dense."""
    beside = (ring.toarray() > 0) * (1.0 - np.eye(ring.shape[0]))
    degree, k = beside.sum(axis=1), np.sqrt(1.5) / length
    root = k**2 * np.eye(len(degree)) + np.diag(degree) - beside + k / 2 * np.diag(6 - degree)
    return lattice_variance(k**2, 1600) / sigma**2 * root @ root


def lattice_variance(k_squared: float, points: int = 600) -> float:
    """Return the variance of K^-1 times white noise on an endless hexagonal lattice, by the midpoint rule."""
    turn = (np.arange(points) + 0.5) / points * 2 * np.pi
    one, other = np.meshgrid(turn, turn)
    return float(np.mean((k_squared + 6 - 2 * (np.cos(one) + np.cos(other) + np.cos(one - other))) ** -2.0))


def weigh_by_sampling(
    ring: csr_array, events: np.ndarray, expected: np.ndarray, *, above: float, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior means of the rates, and chances of exceeding a threshold, by weighing draws of the prior.

    The level is summed over a grid, everything else is drawn: no mode, no Gaussian, no design.
    """
    rng = np.random.default_rng(seed)
    sigma, length, excess = (
        rng.exponential(1 / 1.5, draws), 1 / rng.exponential(1 / 4.5, draws), rng.exponential(1, draws)
    )  # fmt: skip
    kept = (length > 0.6) & (length < 80) & (excess > 0.01)
    sigma, length, r = sigma[kept], length[kept], excess[kept] ** -2
    knots = np.geomspace(0.6, 80, 25)
    scale = np.exp(
        np.interp(np.log(length), np.log(knots), [np.log(lattice_variance(1.5 / k**2)) for k in knots])
    )
    beside = (ring.toarray() > 0) * (1.0 - np.eye(ring.shape[0]))
    degree, k = beside.sum(axis=1), np.sqrt(1.5) / length
    roots = k[:, None, None] ** 2 * np.eye(len(degree)) + np.diag(degree) - beside
    roots = roots + k[:, None, None] / 2 * np.diag(6 - degree)
    noise = rng.normal(size=(len(k), len(degree), 1))
    x = np.linalg.solve(roots, noise)[:, :, 0] * (sigma / np.sqrt(scale))[:, None]
    total, mean, over = 0.0, np.zeros(len(degree)), np.zeros(len(degree))
    for level in np.linspace(-6, 6, 61):
        rate = np.exp(x + level)
        chance = stats.nbinom.pmf(events, r[:, None], r[:, None] / (r[:, None] + expected * rate)).prod(
            axis=1
        )
        shape, per = r[:, None] + events, r[:, None] / rate + expected
        total += chance.sum()
        mean += chance @ (shape / per)
        over += chance @ stats.gamma.sf(above * per, shape)
    return mean / total, over / total
