"""How much more counts vary over time than by chance, in the reports a question is asked of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace import hotspots
from safespace.errors import TooFewError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

LONG, SHORT = 28, 7  # days a slice: long ones see longer series, but six of them are needed
_ENOUGH_SLICES = 6
_SHOWN = 1.05  # below it a figure with one decimal would read 1.0


def dispersion_within(
    reports: pd.DataFrame,
    places: pd.Series,
    *,
    periods: Sequence[tuple[date, date]],
    time_zone: str,
) -> float | None:
    """Return variance over mean of counts in slices of time within periods, or None where none can tell.

    Parameters
    ----------
    reports
        Placed reports; an event counts once, with its earliest pin.
    places
        Which place each report belongs to, row by row; those of no place are passed over.
    periods
        First and last day of each, included. Places may differ between periods, as they are compared: only what
        varies within a period counts.
    time_zone
        Of the days.

    Notes
    -----
    Slices of four weeks where a period has six of them, of a week where not; days past the last whole slice are passed
    over. See :func:`safespace.hotspots.estimate_dispersion`; periods weigh by their events.
    """
    placed = reports.assign(place=places.to_numpy()).sort_values(
        ["occurred_from", "report_id"], kind="stable"
    )
    first = placed.drop_duplicates("event_id")
    day = first["occurred_from"].dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
    told = pd.DataFrame({"place": first["place"], "day": day}).dropna()
    found, weights = [], []
    for since, until in periods:
        counts = _sliced(told, pd.Timestamp(since), (until - since).days + 1)
        try:
            shares = np.full(counts.shape[1], 1 / max(counts.shape[1], 1))
            found.append(hotspots.estimate_dispersion(counts, shares=shares))
        except TooFewError:
            continue
        weights.append(counts.sum())
    return float(np.average(found, weights=weights)) if found else None


def _sliced(told: pd.DataFrame, since: pd.Timestamp, days: int) -> NDArray[np.int64]:
    """Return events of each place with any in each whole slice, shape (places, slices)."""
    length = LONG if days // LONG >= _ENOUGH_SLICES else SHORT
    slices = days // length
    at = (told["day"] - since).dt.days // length
    held = told.assign(slice=at)[at.between(0, slices - 1)]
    names, row = np.unique(held["place"].to_numpy(), return_inverse=True)
    counts = np.zeros((len(names), slices), dtype=np.int64)
    np.add.at(counts, (row, held["slice"].to_numpy()), 1)
    return counts


def dispersion_words(dispersion: float | None) -> str:
    """Say how counts vary over time, and what is made of it.

    Examples
    --------
    >>> dispersion_words(2.31)
    'Counts vary 2.3 times as much from one slice of time to the next as by chance; intervals and tests allow for it.'
    >>> dispersion_words(1.0)
    'Counts vary no more from one slice of time to the next than by chance.'
    >>> dispersion_words(None)
    'How counts vary over time is not known: intervals and tests take it as chance.'
    """
    if dispersion is None:
        return "How counts vary over time is not known: intervals and tests take it as chance."
    if dispersion < _SHOWN:
        return "Counts vary no more from one slice of time to the next than by chance."
    return (
        f"Counts vary {dispersion:.1f} times as much from one slice of time to the next as by chance; intervals and "
        "tests allow for it."
    )
