"""Counts weighted by harm: a sum of weights over events, with an interval that knows how few events carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from safespace.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_OF_ONE = 0.5  # a sum that one event makes more than half of is that event's, and no figure of a place
ONE_EVENT = "one event is more than half of it"


def weigh_counts(counts: pd.DataFrame, weights: pd.Series, *, level: float = 0.95) -> pd.DataFrame:
    r"""Return the sum of weights of each row of counts, with an interval and the share of its heaviest event.

    Parameters
    ----------
    counts
        One row a cell or place, one column a kind: whole numbers of events.
    weights
        Weight of one event by kind, above zero; every column of ``counts`` has one.
    level
        Confidence of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``harm, harm_lower, harm_upper, harm_largest`` (share of the heaviest single event, 0 to 1) and
        ``harm_note``. Where one event is more than half of it, the first four are missing and the note says so.

    Raises
    ------
    InputError
        When a weight is missing, is not above zero, or has no end.

    Notes
    -----
    The number of events of each kind is taken to be Poisson, so that the sum is compound Poisson, with mean
    :math:`y = \sum w_k n_k` and variance estimated by :math:`v = \sum w_k^2 n_k`. The interval is the gamma
    approximation of Fay and Feuer: the lower end is the quantile of a gamma with mean y and variance v, the upper that
    with one more event of the heaviest kind. With all weights 1 it is Garwood's exact interval. It covers at least its
    level in simulation, and more where few events carry much weight. It is for one place named beforehand, and knows
    nothing of how well a weight stands for harm.

    References
    ----------
    Fay, M. P. & Feuer, E. J. (1997). Confidence intervals for directly standardized rates: a method based on the
    gamma distribution. Statistics in Medicine 16(7). doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#

    Examples
    --------
    Two robberies of weight 700 and three thefts of weight 80.

    >>> counts = pd.DataFrame({"robbery": [2], "theft": [3]})
    >>> weigh_counts(counts, pd.Series({"robbery": 700.0, "theft": 80.0})).iloc[0, :3].round(0).tolist()
    [1640.0, 299.0, 5268.0]
    """
    each = _checked(counts, weights)
    held = counts.to_numpy(dtype=float)
    total, variance = held @ each, held @ each**2
    lower, upper = gamma_interval(total, variance, heaviest=float(each.max(initial=0.0)), level=level)
    largest = np.max(np.where(held > 0, each, 0.0), axis=1, initial=0.0)
    share = np.divide(largest, total, out=np.zeros_like(total), where=total > 0)
    figures = pd.DataFrame(
        {"harm": total, "harm_lower": lower, "harm_upper": upper, "harm_largest": share}, index=counts.index
    )
    hidden = share > MOST_OF_ONE
    return figures.mask(np.repeat(hidden[:, None], figures.shape[1], axis=1)).assign(
        harm_note=np.where(hidden, ONE_EVENT, "")
    )


def gamma_interval(
    total: ArrayLike, variance: ArrayLike, *, heaviest: float, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the interval of a weighted sum of Poisson counts: see :func:`weigh_counts`.

    Parameters
    ----------
    total, variance
        The sum of weights and of their squares over the events, shape (n,).
    heaviest
        The largest weight that an event can have.
    level
        Confidence.
    """
    y, v, tail = np.asarray(total, dtype=float), np.asarray(variance, dtype=float), (1 - level) / 2
    some = y > 0
    shape, scale = (np.divide(a, b, out=np.ones_like(y), where=some) for a, b in ((y**2, v), (v, y)))
    lower = np.where(some, gammaincinv(shape, tail) * scale, 0.0)
    more, spread = y + heaviest, v + heaviest**2
    upper = gammaincinv(more**2 / spread, 1 - tail) * spread / more
    return lower, upper


def _checked(counts: pd.DataFrame, weights: pd.Series) -> NDArray[np.float64]:
    each = weights.reindex(counts.columns).to_numpy(dtype=float)
    unusable = ~(np.isfinite(each) & (each > 0))
    if unusable.any() or not len(each):
        raise InputError(
            "Every kind needs a weight above zero.",
            code="weights-not-above-zero",
            seen=", ".join(map(str, counts.columns[unusable])) or "no kind",
            remedy="Leave out the kinds without one, or give each a weight.",
        )
    return each
