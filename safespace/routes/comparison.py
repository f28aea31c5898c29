"""How options compare, and how sure that is: a Poisson bootstrap over the reports."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from safespace.routes.method import RouteMethod

    Floats = NDArray[np.float64]

FEWEST_REPORTS: Final = 5

NOT_DISTINGUISHABLE: Final = "Not distinguishable"


class Evidence(NamedTuple):
    """A walk's interval of reports nearby and the number of reports within reach of it."""

    lower: float
    upper: float
    reports: int


class Resampled(NamedTuple):
    """What reports say of some walks: their bearing, the reports nearby when drawn again, and the intervals."""

    bearing: Floats
    samples: Floats
    evidence: list[Evidence]


def draw(
    operator: csr_array,
    paths: Sequence[NDArray[np.int64]],
    weights: Floats,
    *,
    unit: float,
    method: RouteMethod,
) -> Resampled:
    """Draw the reports again and again, and say what that leaves of each walk's reports nearby.

    Parameters
    ----------
    unit
        Reports in one report x metre of the operator.
    method
        How often they are drawn, the seed, and the probability of the intervals.
    """
    bearing = bearings(operator, paths) * unit
    samples = resample(bearing, weights, seed=method.seed, resamples=method.resamples)
    return Resampled(bearing, samples, evidence(bearing, weights, samples, level=method.interval))


def bearings(operator: csr_array, paths: Sequence[NDArray[np.int64]]) -> Floats:
    """Return how strongly each report bears on each walk, shape (walks, reports)."""
    return np.vstack([np.asarray(operator[path].sum(axis=0), float).ravel() for path in paths])


def resample(bearing: Floats, weights: Floats, *, seed: int, resamples: int) -> Floats:
    """Return the walks' reports nearby under a Poisson bootstrap of the reports, shape (walks, resamples).

    Notes
    -----
    Each report is drawn Poisson(1) times, independently: the bootstrap for data that come as they come
    (Hanley & MacGibbon 2006, doi 10.1016/j.cmpb.2006.04.006). Pass one weight an event, not a pin: pins of
    one event are not independent and would make the interval too narrow. Walks chosen for having few
    reports look a little better here than they will on new reports.
    """
    near = np.flatnonzero((bearing * weights).any(axis=0))
    draws = np.random.default_rng(seed).poisson(1.0, (resamples, len(near)))
    found: Floats = (bearing[:, near] * weights[near]) @ draws.T
    return found


def evidence(bearing: Floats, weights: Floats, samples: Floats, *, level: float) -> list[Evidence]:
    """Return each walk's percentile interval and the number of reports it rests on."""
    tail = (1 - level) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=1)
    near = (bearing * weights > 0).sum(axis=1)
    return [Evidence(*row) for row in zip(low.tolist(), high.tolist(), near.tolist(), strict=True)]


def pairs(
    names: Sequence[str], bearing: Floats, weights: Floats, samples: Floats, *, level: float
) -> pd.DataFrame:
    """Say for each pair of walks which has fewer reports nearby, and how sure that is.

    Parameters
    ----------
    level
        Probability of the intervals, and the share of resamples from which one is said to have fewer.

    Returns
    -------
    pandas.DataFrame
        ``option``, ``other``, ``difference`` (option minus other), ``lower``, ``upper``, ``share_lower``
        (share of resamples in which ``option`` has fewer, ties counted half), ``reports`` (those that tell
        the two apart), ``fewer`` (the option that has fewer, empty where that cannot be said) and ``verdict``, the
        same in words: "Too few to say", "Not distinguishable" or which has fewer.
    """
    rows = []
    for a, b in combinations(range(len(names)), 2):
        apart = samples[a] - samples[b]
        share = float((apart < 0).mean() + (apart == 0).mean() / 2)
        telling = int((((bearing[a] - bearing[b]) * weights) != 0).sum())
        low, high = np.quantile(apart, [(1 - level) / 2, (1 + level) / 2])
        difference = float((bearing[a] - bearing[b]) @ weights)
        fewer = _fewer(names[a], names[b], share, telling, level)
        verdict = _verdict(fewer, share, telling)
        rows.append((names[a], names[b], difference, float(low), float(high), share, telling, fewer, verdict))
    columns = [
        "option",
        "other",
        "difference",
        "lower",
        "upper",
        "share_lower",
        "reports",
        "fewer",
        "verdict",
    ]
    return pd.DataFrame(rows, columns=columns)


def _fewer(name: str, other: str, share: float, telling: int, level: float) -> str:
    """Return the walk that has fewer reports nearby, or nothing where that cannot be said."""
    if telling < FEWEST_REPORTS or 1 - level < share < level:
        return ""
    return name if share >= level else other


def _verdict(fewer: str, share: float, telling: int) -> str:
    if telling < FEWEST_REPORTS:
        return Label.TOO_FEW.sentence
    return (
        f"{fewer}: fewer reports nearby ({max(share, 1 - share):.0%} of resamples)"
        if fewer
        else NOT_DISTINGUISHABLE
    )
