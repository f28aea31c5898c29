"""How much more neighbouring counts differ than chance alone would have them, and what that does to a chance.

People who report more than once, reports placed on shared map points and incidents recorded in batches come in
clumps. Counts of clumps vary more than counts of single events, everywhere and at every size of data, and a test
that takes each as independent finds places all over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
from scipy.special import betainc, betaincinv

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]

CLEARLY = 2.0  # standard errors above chance; less is taken as chance
_ENOUGH_SEVENS = 5  # for one of them to be the middle
_MIDDLE_OF_SIX = 0.891  # median over mean of a chi-squared number of six degrees of freedom
_FINEST = 15  # resolution of H3
_APART = 2  # resolutions between a cell and the 49 that its spread is judged among


@dataclass(frozen=True)
class LocalDispersion:
    """Variance over mean of counts of seven cells among the 49 they lie in.

    Parameters
    ----------
    estimate, standard_error
        As measured; ``standard_error`` is what it would be for counts that only vary by chance, None when nothing
        could be measured.
    groups
        How many groups of 49 were looked at.
    """

    estimate: float = 1.0
    standard_error: float | None = None
    groups: int = 0

    @property
    def value(self) -> float:
        """What is allowed for: the estimate where it is clearly above chance, otherwise 1."""
        if self.standard_error is None:
            return 1.0
        return self.estimate if self.estimate > 1 + CLEARLY * self.standard_error else 1.0

    def words(self) -> str:
        """Say it in one sentence.

        Examples
        --------
        >>> LocalDispersion(1.84, 0.08, 65).words()
        'Counts of neighbouring cells vary 1.8 times as much as chance alone; the test allows for it.'
        >>> LocalDispersion(1.02, 0.08, 65).words()
        'Counts of neighbouring cells vary no more than by chance.'
        """
        if self.standard_error is None:
            return "There are too few cells to see whether neighbouring counts vary more than by chance."
        if self.value == 1:
            return "Counts of neighbouring cells vary no more than by chance."
        return (
            f"Counts of neighbouring cells vary {self.value:.1f} times as much as chance alone; "
            "the test allows for it."
        )


@dataclass(frozen=True)
class Nests:
    """Cells in their parents, and these in the parents above.

    ``parent`` is that of each cell, ``group`` that of each parent, both as positions from 0.
    """

    parent: NDArray[np.int64]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, cells: ArrayLike) -> Nests:
        """Return how cells of one resolution nest; those of resolution 0 are their own parents."""
        index = np.asarray(cells, dtype=np.int64)
        parents, parent = np.unique(_parents(index, 1), return_inverse=True)
        _, group = np.unique(_parents(parents, _APART - 1), return_inverse=True)
        return cls(parent.astype(np.int64), group.astype(np.int64))

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.group.max(initial=-1)) + 1


def _parents(cells: NDArray[np.int64], up: int) -> NDArray[np.int64]:
    """Return the cells some resolutions above; one call a cell would take longer than the test."""
    if not len(cells):
        return cells
    resolution = max(h3.get_resolution(int(cells[0])) - up, 0)
    unused = (1 << 3 * (_FINEST - resolution)) - 1  # an index marks the digits it does not use by ones
    coarse: NDArray[np.int64] = (cells & ~(0xF << 52)) | (resolution << 52) | unused
    return coarse


def rough_dispersion(events: ArrayLike, exposure: ArrayLike, nests: Nests) -> float:
    """Return a first idea of the dispersion between cells that a few places among them do not move.

    Parameters
    ----------
    events, exposure
        As for :func:`local_dispersion`.
    nests
        How the cells nest.

    Returns
    -------
    float
        The middle one of the ratios of all sevens with two events or more, over that of chance with many events
        (a chi-squared number of six degrees of freedom over its mean, 0.89); at least 1.

    Notes
    -----
    To begin from, not to be told: it sees only clumps that lie in one cell, and half of the sevens decide it alone.
    """
    y, e = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    parents = len(nests.group)
    of_seven, base = (np.bincount(nests.parent, values, parents) for values in (y, e))
    share = np.divide(e, base[nests.parent], out=np.zeros_like(e), where=base[nests.parent] > 0)
    mean = of_seven[nests.parent] * share
    squares = np.bincount(nests.parent, (y - mean) ** 2, parents)
    variance = np.bincount(nests.parent, mean * (1 - share), parents)
    known = (of_seven >= 2) & (variance > 1e-12)
    if known.sum() < _ENOUGH_SEVENS:
        return 1.0
    return max(1.0, float(np.median(squares[known] / variance[known])) / _MIDDLE_OF_SIX)


def local_dispersion(
    events: ArrayLike,
    exposure: ArrayLike,
    nests: Nests,
    *,
    counted: ArrayLike | None = None,
) -> LocalDispersion:
    """Measure how much more counts differ between neighbours than chance alone would have them.

    Parameters
    ----------
    events
        Events per cell, shape (n,); zero where a cell does not take part.
    exposure
        The baseline per cell, shape (n,); zero where a cell does not take part.
    nests
        How the cells nest.
    counted
        The counts a baseline is made from, when it is made from counts, shape (n,).

    Notes
    -----
    The events of a group of 49 cells fall to its sevens by their share s of its baseline: binomial with mean
    ``m = Y s`` and variance ``m (1 - s)``, or hypergeometric beside counts. Squared departures, summed, over those
    variances, summed, is 1 by chance whatever rates differ between groups. Clumps of k events make it
    ``E k^2 / E k``. A place would make it too large; whoever tests for places leaves their cells aside.

    References
    ----------
    McCullagh, P. & Nelder, J. A. (1989). Generalized Linear Models. doi:10.1201/9780203753736

    Examples
    --------
    One group, two sevens alike, 6 and 2 events: 4 are expected in each with variance 2, and both depart by 2, so
    8 / 4 = 2.

    >>> found = local_dispersion([6, 2], [1.0, 1.0], Nests(np.array([0, 1]), np.array([0, 0])))
    >>> found.estimate, found.groups
    (2.0, 1)
    """
    y, e = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    beside = None if counted is None else np.asarray(counted, dtype=float)
    at_risk = e if beside is None else y + beside
    own, all_own = _summed(y, nests)
    part, whole = _summed(at_risk, nests)
    share = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    mean = all_own * share
    variance = mean * (1 - share)
    if beside is not None:  # without replacement from what happened of either
        rest = np.divide(whole - all_own, whole - 1, out=np.zeros_like(whole), where=whole > 1)
        variance = variance * rest
    takes_part = variance > 1e-12
    return _ratio(
        own[takes_part], mean[takes_part], variance[takes_part], share[takes_part], nests.group[takes_part]
    )


def _summed(values: Numbers, nests: Nests) -> tuple[Numbers, Numbers]:
    """Return sums of each parent, and beside them of its group."""
    parents, groups = len(nests.group), nests.groups
    of_parents = np.bincount(nests.parent, values, parents).astype(float)
    of_groups = np.bincount(nests.group, of_parents, groups).astype(float)
    return of_parents, of_groups[nests.group]


def _ratio(
    own: Numbers, mean: Numbers, variance: Numbers, share: Numbers, group: NDArray[np.int64]
) -> LocalDispersion:
    total = variance.sum()
    if not total > 0:
        return LocalDispersion()
    # of a squared departure: the fourth moment of a binomial less its variance squared
    spread = 2 * variance**2 + variance * (1 - 6 * share * (1 - share))
    error = float(np.sqrt(np.clip(spread, 0, None).sum()) / total)
    estimate = float(((own - mean) ** 2).sum() / total)
    return LocalDispersion(estimate, error, len(np.unique(group)))


def dispersed_at_least(
    count: ArrayLike, total: ArrayLike, share: ArrayLike, *, dispersion: float = 1.0
) -> Numbers:
    """Return the chance of ``count`` or more out of ``total`` where counts vary more than by chance.

    Parameters
    ----------
    count, total
        Events of a part and of the whole, shape (n,).
    share
        The part's share, shape (n,).
    dispersion
        Variance over what it would be by chance; at 1 the answer is the binomial's.

    Notes
    -----
    The larger of two chances: the binomial's of counts divided by the dispersion, and the negative binomial's with
    the same mean and variance, whose tail is that of clumps of unequal size (Poisson clumps, logarithmic sizes).

    References
    ----------
    Quenouille, M. H. (1949). A relation between the logarithmic, Poisson, and negative binomial series.
    doi:10.2307/3001917

    Examples
    --------
    >>> dispersed_at_least([2], [2], [0.5]).tolist()
    [0.25]
    >>> dispersed_at_least([2], [2], [0.5], dispersion=2.0).round(3).tolist()
    [0.5]
    """
    k, n = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    part = np.asarray(share, dtype=float)
    tempered = _binomial_tail(k / dispersion, n / dispersion, part)
    if dispersion <= 1:
        return tempered
    mean = n * part
    spread = dispersion * (1 - part)
    clumped = (k > 0) & (spread > 1) & (mean > 0)
    size = np.divide(mean, spread - 1, out=np.ones_like(mean), where=clumped)
    tail = betainc(np.where(clumped, k, 1.0), size, np.where(clumped, 1 - 1 / np.maximum(spread, 1), 0.5))
    return np.where(clumped, np.maximum(tempered, tail), tempered)


def _binomial_tail(count: Numbers, total: Numbers, share: Numbers) -> Numbers:
    some = np.where(count > 0, count, 1.0)
    tail = betainc(some, np.maximum(total - some + 1, 1e-9), share)
    return np.where(count > 0, tail, 1.0)


def share_interval(
    count: ArrayLike, total: ArrayLike, *, level: float, dispersion: float = 1.0
) -> tuple[Numbers, Numbers]:
    """Return the exact interval of a part's share of the whole.

    Parameters
    ----------
    count, total
        Events of a part and of the whole, shape (n,).
    level
        Probability the interval holds.
    dispersion
        Events are divided by it: so many independent ones were there.

    Returns
    -------
    tuple of arrays
        Lower and upper ends, each shape (n,).

    References
    ----------
    Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
    binomial. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [end.round(3).tolist() for end in share_interval([2], [10], level=0.95)]
    [[0.025], [0.556]]
    """
    k, n = np.asarray(count, dtype=float) / dispersion, np.asarray(total, dtype=float) / dispersion
    tail = (1 - level) / 2
    rest = np.maximum(n - k, 0.0)
    lower = np.where(k > 0, betaincinv(np.where(k > 0, k, 1.0), rest + 1, tail), 0.0)
    upper = np.where(rest > 0, betaincinv(k + 1, np.where(rest > 0, rest, 1.0), 1 - tail), 1.0)
    return lower, upper
