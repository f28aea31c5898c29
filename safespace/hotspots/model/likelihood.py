"""The negative binomial count of a cell: its log density and derivatives.

``y ~ NB(mean m, size r)``, ``m = E exp(eta)``: a Poisson count whose rate has an own excess ~ Gamma(r, r).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Likelihood:
    """Events and expected events of the cells that are assessed.

    Parameters
    ----------
    events, expected
        Shape (n,); where nothing is expected a cell says nothing, and has no events.
    distinct, which
        The different numbers of events, and which of them each cell has.
    """

    events: Numbers
    expected: Numbers
    distinct: Numbers
    which: NDArray[np.intp]

    @classmethod
    def of(cls, events: Numbers, expected: Numbers) -> Likelihood:
        """Return the counts with their distinct values found."""
        distinct, which = np.unique(events, return_inverse=True)
        return cls(events=events, expected=expected, distinct=distinct, which=which)

    def log_density(self, eta: Numbers, r: float) -> float:
        """Return the log density of all counts, but for terms of the counts alone.

        Parameters
        ----------
        eta
            Log rates, shape (n,).
        r
            Size: the own excess of a cell has variance 1 / r.
        """
        y, m = self.events, self.expected * np.exp(eta)
        times = np.bincount(self.which)
        constant = times @ (gammaln(self.distinct + r) - gammaln(r) - self.distinct * np.log(r))
        return float(constant + y @ eta - (y + r) @ np.log1p(m / r))

    def gradient(self, eta: Numbers, r: float) -> Numbers:
        """Return the derivative of the log density by each log rate."""
        m = self.expected * np.exp(eta)
        return self.events - (self.events + r) * (m / (m + r))

    def information(self, eta: Numbers, r: float) -> Numbers:
        """Return minus the second derivative by each log rate; never negative."""
        m = self.expected * np.exp(eta)
        return (self.events + r) * r * m / (m + r) ** 2

    def information_by_rate(self, eta: Numbers, r: float) -> Numbers:
        """Return the derivative of the information by each log rate."""
        m = self.expected * np.exp(eta)
        return (self.events + r) * r * m * (r - m) / (m + r) ** 3

    def by_size(self, eta: Numbers, r: float) -> tuple[float, Numbers, Numbers]:
        """Return the derivatives by log r of the log density, its gradient and the information."""
        y, m = self.events, self.expected * np.exp(eta)
        times = np.bincount(self.which)
        density = times @ (digamma(self.distinct + r) - digamma(r)) + np.sum(
            (m - y) / (m + r) - np.log1p(m / r)
        )
        gradient = m * (y - m) / (m + r) ** 2
        information = m * ((y + 2 * r) * (m + r) - 2 * r * (y + r)) / (m + r) ** 3
        return float(r * density), r * gradient, r * information
