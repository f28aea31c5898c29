"""Whether it has changed: two periods side by side, and a run of periods in order.

Ratios of small counts are wide: 6 after 3 is "twice as many", and anything from half to eleven times. The
interval is always with the ratio, and a run of fewer than eight periods is refused.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtr
from scipy.stats import false_discovery_control

from safespace.errors import InputError, TooFewError
from safespace.hotspots.significance import at_least

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

FEWEST_PERIODS = 8


def compare_periods(
    before: pd.Series, after: pd.Series, *, days_before: float, days_after: float, level: float = 0.95
) -> pd.DataFrame:
    """Compare events per day in two periods, cell by cell.

    Parameters
    ----------
    before, after
        Events of each cell in each period, whole numbers, indexed by cell; a cell in one only has none
        in the other.
    days_before, days_after
        Length of each period, days.
    level
        Confidence, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Indexed by cell, those with any event: ``before``, ``after``, ``ratio`` (per day, after over before;
        inf where there were none before), ``lower``, ``upper``, ``p_value`` (two-sided, exact),
        ``q_value`` (Benjamini-Hochberg).

    Raises
    ------
    InputError
        When a period has no days.

    Notes
    -----
    Given both counts together, those after are binomial; the interval is Clopper-Pearson's, turned into a
    ratio. A cell picked because it was high before falls on average whatever is done (regression to the
    mean): this is not an evaluation of a measure.

    References
    ----------
    Przyborowski, J. & Wilenski, H. (1940). doi:10.1093/biomet/31.3-4.313
    Clopper, C. J. & Pearson, E. S. (1934). doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> found = compare_periods(pd.Series({1: 3}), pd.Series({1: 6}), days_before=30, days_after=30)
    >>> found[["ratio", "lower", "upper", "p_value"]].round(2).to_numpy().tolist()
    [[2.0, 0.43, 12.36, 0.51]]
    """
    if min(days_before, days_after) <= 0:
        raise InputError("A period has no days.", seen=f"{days_before} and {days_after}")
    both = pd.DataFrame({"before": before, "after": after}).fillna(0).astype("int64").rename_axis("cell")
    both = both[both.sum(axis="columns") > 0]
    x, n = both["after"].to_numpy(), both.sum(axis="columns").to_numpy()
    low, high = _clopper_pearson(x, n, (1 - level) / 2)
    p_value = _two_sided(x, n, days_after / (days_before + days_after))
    scale = days_before / days_after
    with np.errstate(divide="ignore"):  # none before: the ratio and its upper end are infinite
        return both.assign(
            ratio=scale * x / (n - x),
            lower=scale * low / (1 - low),
            upper=scale * high / (1 - high),
            p_value=p_value,
            q_value=false_discovery_control(p_value) if len(n) else p_value,
        )


def _clopper_pearson(
    x: Whole,
    n: Whole,
    tail: float,
) -> tuple[Numbers, Numbers]:
    lower = np.where(x > 0, betaincinv(np.maximum(x, 1), n - x + 1, tail), 0.0)
    upper = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail), 1.0)
    return lower, upper


def _two_sided(
    x: Whole,
    n: Whole,
    share: float,
) -> Numbers:
    """Return twice the smaller exact tail, at most 1, which agrees with the interval."""
    few = at_least(n - x, n, np.full(len(n), 1 - share))
    smaller: Numbers = np.minimum(2 * np.minimum(at_least(x, n, np.full(len(n), share)), few), 1.0)
    return smaller


@dataclass(frozen=True)
class Trend:
    """A run of periods: its Mann-Kendall test and its slope.

    ``s`` is rises less falls over all pairs, ``p_value`` two-sided, ``slope`` the median rise a period.
    """

    periods: int
    s: int
    p_value: float
    slope: float


def find_trend(counts: pd.Series) -> Trend:
    """Test a run of counts, in order of time, for a steady rise or fall.

    Parameters
    ----------
    counts
        One count a period of equal length, in order, shape (n,), eight or more.

    Raises
    ------
    TooFewError
        When there are fewer than eight periods.

    Notes
    -----
    Ties are allowed for. Periods next to each other must be independent; a season is not a trend, so a
    run covers whole years or compares like with like. Monthly counts of sparse reports are mostly zeros,
    for which it has little to say.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. doi:10.2307/1907187
    Kendall, M. G. (1975). Rank correlation methods (4th ed.). Griffin.
    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau.
    doi:10.1080/01621459.1968.10480934

    Examples
    --------
    >>> trend = find_trend(pd.Series([1, 2, 2, 3, 4, 4, 5, 6]))
    >>> trend.s, round(trend.p_value, 4), round(trend.slope, 2)
    (26, 0.0017, 0.67)
    """
    held = counts.to_numpy(dtype=float)
    n = len(held)
    if n < FEWEST_PERIODS:
        raise TooFewError(
            "There are too few periods to see a trend.",
            seen=f"{n} periods",
            remedy=f"At least {FEWEST_PERIODS} are needed; use shorter periods or more of them.",
        )
    pairs = list(itertools.combinations(range(n), 2))
    rises = np.array([held[later] - held[earlier] for earlier, later in pairs])
    apart = np.array([later - earlier for earlier, later in pairs])
    s = int(np.sign(rises).sum())
    _, ties = np.unique(held, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    z = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0.0
    return Trend(periods=n, s=s, p_value=float(2 * ndtr(-abs(z))), slope=float(np.median(rises / apart)))
