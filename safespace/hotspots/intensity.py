"""How many there are, beside how many were to be expected, with how far that can be trusted.

A cell with one report where 0.02 were expected is not "fifty times usual". The Poisson-gamma model pulls
each cell's rate towards the area's by as much as the cell knows too little, and says how wide the doubt is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import digamma, gammaincc, gammaincinv, gammaln

from safespace.errors import InputError, TooFewError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

DOUBLE = 2.0  # "more than twice usual": METHODS step 3
_SPREADS = np.log([1e-6, 1e3])  # log variance of the rate searched; usual is 1


@dataclass(frozen=True)
class GammaPrior:
    """How rates differ between cells before a cell's own count is seen: Gamma(shape, rate).

    Examples
    --------
    >>> prior = GammaPrior(shape=2.0, rate=2.0)
    >>> prior.mean, prior.variance
    (1.0, 0.5)
    """

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Mean rate; near 1 when the expected counts add up to the events."""
        return self.shape / self.rate

    @property
    def variance(self) -> float:
        """Variance of the rate between cells."""
        return self.shape / self.rate**2


def garwood(counts: ArrayLike, *, level: float = 0.95) -> tuple[Numbers, Numbers]:
    """Return the exact interval of a Poisson mean for each count.

    Parameters
    ----------
    counts
        Whole numbers, shape (n,).
    level
        Confidence, between 0 and 1.

    Returns
    -------
    tuple of arrays
        Lower and upper ends, each shape (n,).

    Notes
    -----
    Covers at least ``level`` and often more, because counts are whole. It is for one count that was not
    picked for being large: the largest of many cells is too high on average.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> low, high = garwood([0, 10])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    held, which = np.unique(np.asarray(counts, dtype=float), return_inverse=True)
    tail = (1 - level) / 2
    lower = np.where(held > 0, gammaincinv(np.where(held > 0, held, 1), tail), 0.0)
    upper = gammaincinv(held + 1, 1 - tail).astype(float)
    return lower[which], upper[which]


def fit_prior(events: ArrayLike, expected: ArrayLike, *, adjusted: bool = True) -> GammaPrior:
    """Fit how rates differ between cells, by the negative binomial marginal likelihood.

    Parameters
    ----------
    events
        Events per cell, shape (n,).
    expected
        Events expected per cell, above zero, shape (n,).
    adjusted
        Multiply the likelihood by v / (1 + v), v the variance, so that it is never estimated as zero.

    Raises
    ------
    TooFewError
        When there are no cells or no events.
    InputError
        When nothing is expected in a cell.

    Notes
    -----
    With sparse counts the plain maximum is often at no variation at all, and every cell would then be
    "exactly usual" with an interval of no width. The adjusted likelihood avoids that, and stays finite
    with very few events; its effect vanishes as cells are added.

    References
    ----------
    Clayton, D. & Kaldor, J. (1987). Empirical Bayes estimates of age-standardized relative risks for use
    in disease mapping. doi:10.2307/2532003
    Li, H. & Lahiri, P. (2010). An adjusted maximum likelihood method for solving small area estimation
    problems. Journal of Multivariate Analysis 101, 882-902.
    """
    y, e = np.asarray(events, dtype=float), np.asarray(expected, dtype=float)
    if y.sum() <= 0:
        raise TooFewError(
            "There are no events to learn from.",
            code="no-events-to-learn-from",
            seen=f"{len(y)} cells",
            remedy="At least one is needed; widen the dates, the area or the sources.",
        )
    if not (e > 0).all():
        raise InputError(
            "Nothing is expected in some cells.",
            code="cells-with-nothing-expected",
            seen=f"{int((e <= 0).sum())} of {len(e)}",
            remedy="Leave those cells out, or choose another baseline.",
        )
    start = np.array([0.0, np.log(y.sum() / e.sum())])
    parts = (y[y > 0], e[y > 0], e, adjusted)
    found = minimize(
        _minus_log_likelihood, start, args=parts, jac=True, method="BFGS", options={"gtol": 1e-6}
    )
    shape = float(np.exp(-np.clip(found.x[0], *_SPREADS)))
    return GammaPrior(shape=shape, rate=shape / float(np.exp(found.x[1])))


def _minus_log_likelihood(
    at: Numbers, y: Numbers, e_of_y: Numbers, e: Numbers, adjusted: bool
) -> tuple[float, Numbers]:
    """Return minus the log likelihood and its gradient in (log variance, log mean); y holds no zeros."""
    a = np.exp(-np.clip(at[0], *_SPREADS))  # a line search may try absurd values on its way
    b = a / np.exp(np.clip(at[1], -20, 20))
    value = (gammaln(a + y) - gammaln(a) - y * np.log(b + e_of_y)).sum() - a * np.log1p(e / b).sum()
    by_a = (digamma(a + y) - digamma(a)).sum() - np.log1p(e / b).sum()
    by_b = (a / b * e / (b + e)).sum() - (y / (b + e_of_y)).sum()
    gradient = np.array([-a * by_a - b * by_b + adjusted * a / (1 + a), -b * by_b])
    return -(value - adjusted * np.log1p(a)), -gradient


def pull_to_even(counts: ArrayLike, area: ArrayLike, inside: ArrayLike) -> Numbers:
    """Return counts pulled towards an even spread over the ground: a zero by luck is not a zero.

    Parameters
    ----------
    counts
        Whole numbers, shape (n,).
    area
        Ground of each cell, shape (n,).
    inside
        Which cells say how uneven counts are, shape (n,), at least one of them with a count.

    Examples
    --------
    >>> pull_to_even([0, 10, 2], [1.0, 1.0, 1.0], [True, True, True]).round(1).tolist()
    [0.4, 9.4, 2.2]
    """
    held, ground, judged = np.asarray(counts), np.asarray(area, dtype=float), np.asarray(inside, dtype=bool)
    even = ground * (held[judged].sum() / ground[judged].sum())
    prior = fit_prior(held[judged], even[judged])
    pulled: Numbers = smoothed_rates(held, even, prior=prior)["rate"].to_numpy() * even
    return pulled


def smoothed_rates(
    events: ArrayLike,
    expected: ArrayLike,
    *,
    prior: GammaPrior,
    level: float = 0.95,
    times_usual: float = DOUBLE,
) -> pd.DataFrame:
    """Return each cell's rate, pulled towards usual by as much as it knows too little.

    Parameters
    ----------
    events, expected
        Events and events expected per cell, shape (n,); a cell with nothing expected keeps the prior.
    prior
        From :func:`fit_prior`.
    level
        Probability the interval holds, between 0 and 1.
    times_usual
        What ``above_double`` is told of: twice, unless stated otherwise.

    Returns
    -------
    pandas.DataFrame
        ``rate`` (posterior mean, 1 is usual), ``lower``, ``upper`` (equal tails) and ``above_double``
        (probability that the rate is above ``times_usual``), RangeIndex.

    Notes
    -----
    The interval takes the prior as known. It holds its level on average over cells, not for a cell picked
    because it is the highest.

    Examples
    --------
    >>> smoothed_rates([0, 8], [1.0, 2.0], prior=GammaPrior(2.0, 2.0)).round(2).to_numpy().tolist()
    [[0.67, 0.08, 1.86, 0.02], [2.5, 1.2, 4.27, 0.72]]
    """
    y, e = np.asarray(events, dtype=np.int64), np.asarray(expected, dtype=float)
    tail = (1 - level) / 2
    distinct, which = np.unique(y, return_inverse=True)  # an inverse per distinct count, not per cell
    shape, rate = prior.shape + y, prior.rate + e
    return pd.DataFrame(
        {
            "rate": shape / rate,
            "lower": gammaincinv(prior.shape + distinct, tail)[which] / rate,
            "upper": gammaincinv(prior.shape + distinct, 1 - tail)[which] / rate,
            "above_double": gammaincc(shape, times_usual * rate),
        }
    )


def marshall_rates(events: ArrayLike, expected: ArrayLike) -> Numbers:
    """Return empirical Bayes rates by the method of moments, a cross-check that assumes no distribution.

    Parameters
    ----------
    events, expected
        Events and events expected per cell, shape (n,); a cell with nothing expected takes the mean.

    Raises
    ------
    TooFewError
        When there are no events, or nothing is expected anywhere.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators.
    doi:10.2307/2347593

    Examples
    --------
    >>> marshall_rates([0, 2, 10], [4.0, 4.0, 4.0]).round(3).tolist()
    [0.214, 0.607, 2.179]
    """
    y, e = np.asarray(events, dtype=float), np.asarray(expected, dtype=float)
    if y.sum() <= 0 or e.sum() <= 0:
        raise TooFewError(
            "There is nothing to compare rates with.",
            code="nothing-to-compare-rates-with",
            seen=f"{y.sum():g} events, {e.sum():g} expected",
            remedy="At least one event and a baseline above zero are needed.",
        )
    mean, known = y.sum() / e.sum(), e > 0
    raw = np.divide(y, e, out=np.full(len(e), mean), where=known)
    between = max((e * (raw - mean) ** 2).sum() / e.sum() - mean / e[known].mean(), 0.0)
    pull = between * e / (between * e + mean)
    pulled: Numbers = mean + pull * (raw - mean)
    return pulled
