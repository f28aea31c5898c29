"""Shares inside the reports, for where nothing outside them says how many people passed.

"Two of three reports here are about lighting" needs no footfall: how often people report at all cancels,
as long as it does not depend on the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from safespace.errors import InputError, TooFewError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]


def jeffreys(
    count: ArrayLike, total: ArrayLike, *, level: float = 0.95, dispersion: float = 1.0
) -> tuple[Numbers, Numbers]:
    """Return the interval of a share, from Jeffreys' prior.

    Parameters
    ----------
    count, total
        How many of how many, whole numbers, shape (n,).
    level
        Probability the interval holds, between 0 and 1.
    dispersion
        How many reports come as one: events that are not independent count as so many fewer.

    Returns
    -------
    tuple of arrays
        Lower and upper ends, each shape (n,); 0 to 1 where the total is 0, since nothing is known.

    Raises
    ------
    InputError
        When a count is below zero or above its total.

    Notes
    -----
    None of many gives a lower end of exactly 0, all of many an upper end of exactly 1.

    References
    ----------
    Brown, L. D., Cai, T. T. & DasGupta, A. (2001). Interval estimation for a binomial proportion.
    doi:10.1214/ss/1009213286

    Examples
    --------
    >>> low, high = jeffreys([2, 10], [3, 15])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.18, 0.42], [0.96, 0.86])
    """
    x, n = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    wrong = (x < 0) | (x > n)
    if wrong.any():
        raise InputError(
            "A count does not fit its total.",
            code="share-does-not-fit",
            seen=f"{np.atleast_1d(x)[np.atleast_1d(wrong)][0]:g} of {np.atleast_1d(n)[np.atleast_1d(wrong)][0]:g}",
            remedy="Count both over the same reports.",
        )
    x, n, tail = x / dispersion, n / dispersion, (1 - level) / 2
    lower: Numbers = np.where(x == 0, 0.0, betaincinv(x + 0.5, n - x + 0.5, tail))
    upper: Numbers = np.where(x == n, 1.0, betaincinv(x + 0.5, n - x + 0.5, 1 - tail))
    return lower, upper


def share_by(
    reports: pd.DataFrame,
    having: ArrayLike,
    *,
    by: str | Sequence[str],
    level: float = 0.95,
    dispersion: float = 1.0,
) -> pd.DataFrame:
    """Return the share of events that have something, in each group, beside the share of all others.

    Parameters
    ----------
    reports
        Placed reports; an event counts once, and has it when any of its pins does.
    having
        Whether each report has it (dark, lighting, reported by a woman), yes or no, shape (n,).
    by
        Column or columns to group by, ``cell_8`` say.
    level, dispersion
        As for :func:`jeffreys`.

    Returns
    -------
    pandas.DataFrame
        One row a group: the group's columns, ``count``, ``total``, ``share``, ``lower``, ``upper`` and
        ``elsewhere``, the share among events of the other groups (the same as ``share`` when there are
        none).

    Raises
    ------
    TooFewError
        When there are no reports.
    """
    groups = [by] if isinstance(by, str) else list(by)
    if reports.empty:
        raise TooFewError(
            "There are no events to take a share of.",
            code="no-events-for-share",
            seen="0 reports",
            remedy="At least one is needed; widen the dates, the area or the sources.",
        )
    # An event with pins in two groups counts with its first, so that events add up over groups.
    ordered = reports.assign(having=np.asarray(having, dtype=bool)).sort_values(
        ["occurred_from", "report_id"], kind="stable"
    )
    events = ordered.groupby("event_id", sort=False).agg(
        **{name: (name, "first") for name in groups}, having=("having", "any")
    )
    counted = events.groupby(groups, sort=True)["having"].agg(count="sum", total="size").reset_index()
    lower, upper = jeffreys(counted["count"], counted["total"], level=level, dispersion=dispersion)
    rest, others = counted["count"].sum() - counted["count"], counted["total"].sum() - counted["total"]
    share = counted["count"] / counted["total"]
    return counted.assign(
        share=share, lower=lower, upper=upper, elsewhere=(rest / others.where(others > 0)).fillna(share)
    )
