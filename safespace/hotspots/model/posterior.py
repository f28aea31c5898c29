"""What is known of each cell's rate once counts, neighbours and hyperparameters have had their say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri

from safespace.hotspots.model.compiling import compiled
from safespace.hotspots.model.laplace import size_of
from safespace.hotspots.model.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from safespace.hotspots.model.hyperparameters import Design
    from safespace.hotspots.model.laplace import Mode, Model

    Numbers = NDArray[np.float64]

_NODES = np.linspace(-4.8, 4.8, 41)  # of a standard normal, for the own excess
_SHARES = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()
_ALIKE = 0.1  # of the variance between normals to that within; the wider is at most half as wide again
_FAR = 1e3  # log rates; never reached by finite counts
_WIDEST = 1.0  # that one value of G may stand for, in log rates
_EXACT = 1e-4  # to which a tail of an interval is found
_MOST_SKEW = (
    0.5  # standard deviations: past this the first order no longer tells how far mode and mean are apart
)
_LEAST_SHARE = 1e-4  # of the posterior; below it a point is left out


@dataclass(frozen=True)
class Surroundings:
    """Log rate of each cell but for its own excess, at each of the likely hyperparameters.

    Parameters
    ----------
    sizes, weights
        Size r of each point of the design and the share of the posterior that it stands for, shape (points,).
    mean, sd
        Of the log rate there, shape (points, n).
    draws
        Joint draws of the log rates, shape (draws, n).
    draw_sizes
        The size that each was drawn with, shape (draws,).
    """

    sizes: Numbers
    weights: Numbers
    mean: Numbers
    sd: Numbers
    draws: Numbers
    draw_sizes: Numbers


def gather(model: Model, design: Design, *, draws: int, seed: int) -> Surroundings:
    """Return what is known of the log rates, over all likely hyperparameters.

    Parameters
    ----------
    model, design
        Counts on a graph, and hyperparameters with their weights.
    draws, seed
        How many joint draws, shared out by weight, and their seed.
    """
    weights = np.where(design.weights < _LEAST_SHARE, 0.0, design.weights)
    weights /= weights.sum()
    shares, points = _shared_out(weights, draws), np.flatnonzero(weights)
    found = in_threads(
        lambda at: _around(model, design.modes[at], int(shares[at]), (seed, int(at))),
        points,
    )
    sizes = np.array([size_of(design.thetas[at]) for at in points])
    return Surroundings(
        sizes=sizes,
        weights=weights[points],
        mean=np.array([mean for mean, _, _ in found]),
        sd=np.sqrt([variance for _, variance, _ in found]),
        draws=np.concatenate([drawn for _, _, drawn in found]),
        draw_sizes=np.repeat(sizes, shares[points]),
    )


def _shared_out(weights: Numbers, total: int) -> NDArray[np.int64]:
    """Return whole numbers in proportion to the weights, by largest remainder."""
    exact = weights * total
    shares = np.floor(exact).astype(np.int64)
    short = total - int(shares.sum())
    shares[np.argsort(shares - exact, kind="stable")[:short]] += 1
    return shares


def _around(model: Model, mode: Mode, draws: int, seed: tuple[int, int]) -> tuple[Numbers, Numbers, Numbers]:
    """Return mean, variance and draws of the log rates around a mode.

    The mean is the mode moved by the skewness of the counts' density, to first order.
    """
    gaussian = mode.gaussian
    diagonal = model.field.diagonal(gaussian.factor.inverse_on_pattern())
    variances = gaussian.variances(diagonal)
    skew = -variances * model.counts.information_by_rate(mode.eta, size_of(mode.theta)) / 2
    change, of_level = gaussian.solve(skew, skew.sum())
    furthest = _MOST_SKEW * np.sqrt(variances)
    mean = mode.eta + np.clip(change + of_level, -furthest, furthest)
    rng = np.random.default_rng(seed)
    drawn = gaussian.factor.draw(rng.standard_normal((model.field.size, draws)))
    level = rng.standard_normal(draws) / math.sqrt(gaussian.level_information)
    return mean, variances, (mean[:, None] + drawn + (1 - gaussian.pull)[:, None] * level).T


@dataclass(frozen=True)
class Rates:
    """Each assessed cell's own rate: its surroundings' times an own excess.

    Given the surroundings' rate the cell's is Gamma(r + y, r / rate + E), so that a rate above c means surroundings
    above ``r / (G / c - E)`` for a standard Gamma(r + y) number G. That is one normal tail for each of some values of
    G.

    Parameters
    ----------
    sizes
        As in :class:`Surroundings`.
    weights, mean, sd
        Shares of the posterior, and mean and standard deviation of the surroundings' log rate, shape (points, n).
    events, expected
        Shape (n,), expected above zero.
    excess
        Values of G by distinct size and distinct number of events, shape (sizes, distinct, values).
    of_size
        Which of the distinct sizes each point has, shape (points,).
    which
        Which of the distinct numbers each cell has, shape (n,).
    """

    sizes: Numbers
    weights: Numbers
    mean: Numbers
    sd: Numbers
    events: Numbers
    expected: Numbers
    excess: Numbers
    of_size: NDArray[np.int64]
    which: NDArray[np.int64]

    @classmethod
    def of(cls, around: Surroundings, events: Numbers, expected: Numbers, at: NDArray[np.intp]) -> Rates:
        """Return the rates of some cells, with their events and expected events."""
        distinct, which = np.unique(events, return_inverse=True)
        sizes, of_size = np.unique(around.sizes, return_inverse=True)
        excess = gammaincinv((sizes[:, None] + distinct)[:, :, None], ndtr(_NODES))
        mean, sd = (np.ascontiguousarray(part[:, at]) for part in (around.mean, around.sd))
        weights = np.repeat(around.weights[:, None], len(at), axis=1)
        for number in range(len(sizes)):
            _merge_alike(weights, mean, sd, np.flatnonzero(of_size == number))
        return cls(around.sizes, weights, mean, sd, events, expected, excess, of_size, which)

    def moments(self) -> tuple[Numbers, Numbers]:
        """Return mean and variance of each rate, shape (n,)."""
        nodes, shares = np.polynomial.hermite_e.hermegauss(15)
        mean, square = np.zeros(len(self.events)), np.zeros(len(self.events))
        for r, weight, middle, sd in zip(self.sizes, self.weights, self.mean, self.sd, strict=True):
            for node, share in zip(nodes, shares / shares.sum(), strict=True):
                rate = np.exp(middle + sd * node)
                scale = rate / (r + self.expected * rate)
                mean += weight * share * (r + self.events) * scale
                square += weight * share * (r + self.events) * (r + self.events + 1) * scale**2
        return mean, np.maximum(square - mean**2, 1e-300)

    def above(self, threshold: float) -> Numbers:
        """Return the probability that each rate is above a threshold, shape (n,)."""
        return self._in_parts(_above, np.full(len(self.events), math.log(threshold)), _SHARES)

    def quantile(self, probability: float) -> Numbers:
        """Return what each rate is below with a probability, shape (n,)."""
        mean, variance = self.moments()
        spread = np.log1p(variance / mean**2)
        start = np.log(mean) - spread / 2 + ndtri(probability) * np.sqrt(spread)  # a log-normal's
        return np.exp(self._in_parts(_quantiles, start, _SHARES, 1 - probability))

    def _in_parts(self, function: Callable[..., Numbers], start: Numbers, *more: float) -> Numbers:
        """Return what a compiled function makes of all cells, an eighth of them at a time."""

        def of_part(at: NDArray[np.intp]) -> Numbers:
            around = self.sizes, self.of_size, self.weights[:, at], self.mean[:, at], self.sd[:, at]
            return function(*around, self.expected[at], self.excess, self.which[at], start[at], *more)

        return np.concatenate(in_threads(of_part, np.array_split(np.arange(len(self.events)), 8)))


def _merge_alike(weights: Numbers, mean: Numbers, sd: Numbers, points: NDArray[np.intp]) -> None:
    """Make one normal, in place, of the points' where these are nearly the same; the others then weigh nothing."""
    share = weights[points] / weights[points].sum(axis=0)
    middle = (share * mean[points]).sum(axis=0)
    within = (share * sd[points] ** 2).sum(axis=0)
    between = (share * (mean[points] - middle) ** 2).sum(axis=0)
    widths = sd[points].max(axis=0) / sd[points].min(axis=0)
    alike = np.flatnonzero((between <= _ALIKE * within) & (widths <= 1 + 5 * _ALIKE))
    first, rest = points[0], points[1:]
    mean[first, alike], sd[first, alike] = middle[alike], np.sqrt(within + between)[alike]
    weights[first, alike] = weights[np.ix_(points, alike)].sum(axis=0)
    weights[np.ix_(rest, alike)] = 0.0


@compiled
def _tail(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    sizes: Numbers,
    of_size: NDArray[np.int64],
    weights: Numbers,
    mean: Numbers,
    sd: Numbers,
    expected: float,
    excess: Numbers,
    shares: Numbers,
    log_threshold: float,
) -> float:
    """Return the probability that one cell's rate is above a threshold."""
    total, threshold, last = 0.0, math.exp(log_threshold), len(shares) - 1
    for point in range(len(sizes)):
        if weights[point] == 0.0:
            continue
        start, part, group = math.log(sizes[point]) - mean[point], 0.0, of_size[point]
        for node in range(len(shares)):
            own = excess[group, node]
            beyond = own / threshold - expected
            if beyond > 0.0:
                # a value of G stands for those half way to its neighbours: without their spread the tail has steps
                gap = (excess[group, min(node + 1, last)] - excess[group, max(node - 1, 0)]) / (2 * threshold)
                spread = sd[point] ** 2 + min(gap / beyond, _WIDEST) ** 2 / 12.0
                part += shares[node] * math.erfc((start - math.log(beyond)) / math.sqrt(2.0 * spread))
        total += weights[point] * part / 2
    return total


@compiled
def _quantile(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    sizes: Numbers,
    of_size: NDArray[np.int64],
    weights: Numbers,
    mean: Numbers,
    sd: Numbers,
    expected: float,
    excess: Numbers,
    shares: Numbers,
    start: float,
    above: float,
) -> float:
    """Return the log rate that one cell is above with a probability: bracketed, then by false position (Illinois)."""
    low, high, step = start, start, 0.25
    of_low = _tail(sizes, of_size, weights, mean, sd, expected, excess, shares, start) - above
    of_high = of_low
    while of_low < 0.0 and step < _FAR:
        low, high, of_high, step = low - step, low, of_low, 2 * step
        of_low = _tail(sizes, of_size, weights, mean, sd, expected, excess, shares, low) - above
    while of_high > 0.0 and step < _FAR:
        low, high, of_low, step = high, high + step, of_high, 2 * step
        of_high = _tail(sizes, of_size, weights, mean, sd, expected, excess, shares, high) - above
    middle = low
    for _ in range(60):
        if of_low == of_high or high - low < 1e-9:
            break
        middle = low + (high - low) * of_low / (of_low - of_high)
        here = _tail(sizes, of_size, weights, mean, sd, expected, excess, shares, middle) - above
        if abs(here) < _EXACT:
            break
        if here > 0.0:
            low, of_low, of_high = middle, here, of_high / 2.0
        else:
            high, of_high, of_low = middle, here, of_low / 2.0
    return middle


@compiled
def _above(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    sizes: Numbers,
    of_size: NDArray[np.int64],
    weights: Numbers,
    mean: Numbers,
    sd: Numbers,
    expected: Numbers,
    excess: Numbers,
    which: NDArray[np.int64],
    log_threshold: Numbers,
    shares: Numbers,
) -> Numbers:
    found = np.empty(len(expected))
    for cell in range(len(expected)):
        found[cell] = _tail(
            sizes, of_size, weights[:, cell], mean[:, cell], sd[:, cell], expected[cell], excess[:, which[cell]], shares,
            log_threshold[cell],
        )  # fmt: skip
    return found


@compiled
def _quantiles(  # noqa: PLR0913, PLR0917  numba passes arrays, not objects
    sizes: Numbers,
    of_size: NDArray[np.int64],
    weights: Numbers,
    mean: Numbers,
    sd: Numbers,
    expected: Numbers,
    excess: Numbers,
    which: NDArray[np.int64],
    start: Numbers,
    shares: Numbers,
    above: float,
) -> Numbers:
    """Return the log rate that each cell is above with a probability."""
    found = np.empty(len(expected))
    for cell in range(len(expected)):
        found[cell] = _quantile(
            sizes, of_size, weights[:, cell], mean[:, cell], sd[:, cell], expected[cell], excess[:, which[cell]], shares, start[cell],
            above,
        )  # fmt: skip
    return found
