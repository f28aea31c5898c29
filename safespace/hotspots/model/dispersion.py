"""How much more counts vary from one time to the next than chance alone would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safespace.errors import InputError, TooFewError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]


def estimate_dispersion(counts: ArrayLike, *, shares: ArrayLike | None = None) -> float:
    """Return variance over mean of counts in time slices, allowing for how places and slices differ.

    Parameters
    ----------
    counts
        Events of each place in each slice of time, shape (places, slices). Slices should be whole, alike and in one
        stretch: months, say, of which the first and last are complete.
    shares
        Share of a place's events that each slice is expected to hold (of its days, say), adding up to 1, shape
        (slices,). When not given it is the slice's share of all events, which takes two places or more.

    Returns
    -------
    float
        phi, at least 1; 1 where counts are Poisson.

    Raises
    ------
    TooFewError
        When there are too few slices or places to see any variation, or no events.
    InputError
        When a count is negative or not finite, or the shares do not add up to 1.

    Notes
    -----
    Squared departures from ``m = place's total x slice's share``, summed, over what that sum would be for Poisson
    counts with those totals: ``sum m (1 - slice's share)``, and where the slices' shares are those of the counts
    ``sum m (1 - slice's share) (1 - place's share) N / (N - 1)``. With many places and T equal slices both are
    ``sum m (T - 1) / T``. It is a ratio of sums and not Pearson's mean of ratios, which is led by cells that expect
    next to nothing.

    It sees noise that differs between slices (series of reports, counts made in batches), not what is there in every
    slice. Where it is above 1, intervals and tests take events and expected events divided by it. Below 1 it is given
    as 1: counts more even than chance are more often an accident of few slices than something to lean on.

    References
    ----------
    McCullagh, P. & Nelder, J. A. (1989). Generalized Linear Models. doi:10.1201/9780203753736

    Examples
    --------
    Two places with 4 events each in two slices of 4: each count is expected to be 2, with variance 4/7 (of a
    hypergeometric number, 4 of 8 with 4 drawn). All four depart by 2, so phi is 4 / (4/7):

    >>> round(estimate_dispersion([[4, 0], [0, 4]]), 9)
    7.0

    One place with 8 events over four slices that are expected to be alike: departures 4, 2, 0 and 2 squared make 24,
    where chance makes 4 x 2 x 3/4 = 6:

    >>> estimate_dispersion([[6, 0, 2, 0]], shares=[0.25] * 4)
    4.0
    """
    seen = _checked(counts)
    total = seen.sum()
    of_slices = seen.sum(axis=0) / total if shares is None else _checked_shares(shares, seen.shape[1])
    expected = np.outer(seen.sum(axis=1), of_slices)
    by_chance = float((expected * (1 - of_slices)).sum())
    if shares is None:
        of_places = seen.sum(axis=1) / total
        by_chance *= float(1 - (of_places**2).sum()) * total / max(total - 1, 1.0)
    if by_chance <= 1e-9 * total:
        raise TooFewError(
            "All events lie in one place or one slice, so no variation can be seen.",
            code="dispersion-of-one-place-or-slice",
            seen=f"{total:g} events, shape {seen.shape}",
            remedy="Give more slices or places.",
        )
    return max(1.0, float(((seen - expected) ** 2).sum() / by_chance))


def clear_dispersion(counts: ArrayLike) -> float:
    """Return :func:`estimate_dispersion` where it is clearly above chance, otherwise 1.

    Parameters
    ----------
    counts
        Events of each place in each slice of time, shape (places, slices).

    Notes
    -----
    Clearly is two standard errors that the estimate has when counts are Poisson: squared departures of a count that
    expects m vary by ``2 m^2 + m``.

    Examples
    --------
    >>> clear_dispersion([[4, 0], [0, 4]]), clear_dispersion([[2, 3], [3, 2]])
    (7.0, 1.0)
    """
    seen = np.asarray(counts, dtype=float)
    found = estimate_dispersion(seen)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    error = float(np.sqrt((2 * expected**2 + expected).sum()) / expected.sum())
    return round(found, 9) if found > 1 + 2 * error else 1.0


def _checked(counts: ArrayLike) -> Numbers:
    seen = np.asarray(counts, dtype=float)
    if seen.ndim != 2 or seen.shape[1] < 2:
        raise TooFewError(
            "Dispersion needs counts of at least two slices of time.",
            code="dispersion-of-one-slice",
            seen=f"shape {seen.shape}",
            remedy="Give one row a place and one column a slice.",
        )
    if not np.isfinite(seen).all() or (seen < 0).any():
        raise InputError(
            "Some counts are not amounts.",
            code="dispersion-counts-not-amounts",
            where="dispersion",
            remedy="Give zero or more.",
        )
    if seen.sum() == 0:
        raise TooFewError(
            "There are no events to see any dispersion in.",
            code="dispersion-without-events",
            seen=f"shape {seen.shape}",
            remedy="Widen the dates, the area or the sources.",
        )
    return seen


def _checked_shares(shares: ArrayLike, slices: int) -> Numbers:
    held = np.asarray(shares, dtype=float)
    if held.shape != (slices,) or not (held >= 0).all() or abs(held.sum() - 1) > 1e-9:
        raise InputError(
            "The slices' shares do not add up to 1.",
            code="dispersion-shares-not-one",
            seen=f"{held.size} shares, sum {held.sum():g}",
            remedy=f"Give one share for each of the {slices} slices.",
        )
    return held
