"""How far the order of the options rests on what a planner holds to be important."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from safespace.routes.reasons import Route

    Floats = NDArray[np.float64]

REPORTS: Final = "reports nearby"
CRITERIA: Final = (
    "length",
    REPORTS,
    "unlit, as mapped",
    "lighting not known",
    "steps, tunnels and underpasses",
)
PARTS: Final = 10
_TIE: Final = 1e-12


@dataclass(frozen=True)
class Stability:
    """Which option comes first, over a whole set of weightings.

    Parameters
    ----------
    table
        One row an option: ``option``, ``first`` (share of weightings under which it comes first; where
        options tie they share it) and ``first_resampled`` (the same with the reports drawn again).
    weightings
        How many were tried.
    criteria
        What was weighed: the conditions in which the options differ.
    """

    table: pd.DataFrame
    weightings: int
    criteria: tuple[str, ...]

    def shares(self) -> list[str]:
        """Return the share of weightings under which each option comes first, in words."""
        return [share(value) for value in self.table["first"]]

    def sentence(self) -> str:
        """Say how often the option that is most often first comes first."""
        if not self.criteria:
            return "The options do not differ in anything that is weighed, so none comes first."
        row = self.table.iloc[int(self.table["first"].argmax())]
        return (
            f"{row['option']} comes first under {share(row['first'])} of {self.weightings:,} weightings of "
            f"{_listed(self.criteria)}; with the reports drawn again, under {share(row['first_resampled'])}."
        )


def share(value: float) -> str:
    """Write a share of weightings; only all of them are 100 %, and only none of them 0 %.

    Examples
    --------
    >>> share(0.834), share(0.9999), share(1.0), share(0.0004)
    ('83%', 'over 99%', '100%', 'under 1%')
    """
    if 0.995 <= value < 1 - _TIE:
        return "over 99%"
    return "under 1%" if _TIE < value < 0.005 else f"{value:.0%}"


def rank_stability(routes: Sequence[Route], samples: Floats) -> Stability:
    """Count under how many weightings each option comes first.

    Parameters
    ----------
    routes
        The options, at least one.
    samples
        Their reports nearby under resampled reports, shape (options, resamples).

    Notes
    -----
    Every weighting in steps of a tenth of the conditions in :data:`CRITERIA` is tried: exact, without
    chance. Each condition is stretched to 0 to 1 over the options shown, so a share speaks of these
    options only and changes when an option is added. This is the acceptability index of Lahdelma,
    Hokkanen & Salminen (1998, European Journal of Operational Research 106, 137-143) with all weightings
    alike. It changes no figure of any option, and first is not a recommendation.
    """
    facts = np.array([_facts(route) for route in routes])
    told = np.flatnonzero(np.ptp(facts, axis=0) > _TIE)
    weights = weightings(len(told))
    first = _first(weights @ _stretched(facts[:, told]).T).mean(axis=0)
    drawn = [_first(weights @ _stretched(_with_reports(facts, one)[:, told]).T) for one in samples.T]
    resampled = np.mean([share.mean(axis=0) for share in drawn], axis=0)
    table = pd.DataFrame(
        {"option": [route.name for route in routes], "first": first, "first_resampled": resampled}
    )
    return Stability(table, len(weights), tuple(CRITERIA[k] for k in told))


def weightings(criteria: int, parts: int = PARTS) -> Floats:
    """Return every way to share ``parts`` equal parts among criteria, each row adding up to 1.

    Examples
    --------
    >>> weightings(2, parts=2).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    >>> len(weightings(5))
    1001
    """
    if not criteria:
        return np.zeros((1, 0))
    bars = np.array(list(combinations(range(parts + criteria - 1), criteria - 1)), np.int64)
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, parts + criteria - 1)))
    return np.asarray((np.diff(edges, axis=1) - 1) / parts, float)


def _facts(route: Route) -> tuple[float, ...]:
    dark, unknown = route.lit_no_m, route.lit_unknown_m
    return route.length_m, route.reports_nearby, dark, unknown, route.steps_m + route.tunnel_m


def _with_reports(facts: Floats, reports_nearby: Floats) -> Floats:
    changed = facts.copy()
    changed[:, CRITERIA.index(REPORTS)] = reports_nearby
    return changed


def _stretched(facts: Floats) -> Floats:
    low, span = facts.min(axis=0), np.ptp(facts, axis=0)
    return np.asarray((facts - low) / np.where(span > 0, span, 1.0), float)


def _first(costs: Floats) -> Floats:
    """Return each option's part in being first, one row a weighting; options that tie share it."""
    least = costs <= costs.min(axis=1, keepdims=True) + _TIE
    return np.asarray(least / least.sum(axis=1, keepdims=True), float)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{'; '.join(words[:-1])}; and {words[-1]}"
