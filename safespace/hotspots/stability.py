"""Whether a finding survives what could have made it: a campaign, one day, patrols, the baseline chosen.

Each check counts again with something changed and finds again. A hot cell carries "4 of 5 checks"; one
that falls with the busiest week is a place where a campaign was, until shown otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import InputError, TooFewError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.hotspots.finding import Hotspots


def without_busiest_day(reports: pd.DataFrame, *, time_zone: str = "Europe/London") -> pd.DataFrame:
    """Return the reports without the day on which most were received (the first of equals).

    The day is that of ``reported_at``, or of ``occurred_from`` where that is not stated.
    """
    return _without_busiest(reports, "D", time_zone)


def without_busiest_week(reports: pd.DataFrame, *, time_zone: str = "Europe/London") -> pd.DataFrame:
    """Return the reports without the busiest week, Monday to Sunday: a campaign's, if there was one."""
    return _without_busiest(reports, "W-SUN", time_zone)


def _without_busiest(reports: pd.DataFrame, freq: str, time_zone: str) -> pd.DataFrame:
    if reports.empty:
        return reports
    moment = reports["occurred_from"]
    if "reported_at" in reports:
        moment = reports["reported_at"].fillna(moment)
    period = moment.dt.tz_convert(time_zone).dt.tz_localize(None).dt.to_period(freq)
    busiest = period.value_counts(sort=False).sort_index().idxmax()
    kept: pd.DataFrame = reports.loc[period != busiest]
    return kept


def without_patrol(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports that patrols did not bring to light.

    Notes
    -----
    What patrols find grows with where they are sent. Counting it would send them there again.

    References
    ----------
    Ensign, D. et al. (2018). Runaway feedback loops in predictive policing. arXiv:1706.09847
    """
    return reports.loc[reports["detected_by"] != "patrol"]


def add_checks(hotspots: Hotspots, changed: Mapping[str, pd.DataFrame | Hotspots]) -> pd.DataFrame:
    """Return the finding's table with how many checks each hot cell survives.

    Parameters
    ----------
    hotspots
        The finding to be checked.
    changed
        By the name of what was changed, counted cells (without the busiest week, with patrols), which are asked
        with the finding's own method, or a finding made with another method (another baseline). All of the
        finding's resolution.

    Returns
    -------
    pandas.DataFrame
        The table in its order with ``checks_passed``, ``checks`` (how many could be made),
        ``stability`` ("3 of 4 checks", empty where not hot) and ``fails`` (the names of the checks
        a hot cell does not survive, joined by "; ").

    Raises
    ------
    InputError
        When nothing is given to check with.

    Notes
    -----
    A check that leaves too few events to find anything is failed, not left out: what cannot be found
    again has not held.
    """
    if not changed:
        raise InputError(
            "There is nothing to check the finding with.",
            code="nothing-to-check-with",
            remedy="Give at least one change.",
        )
    table = hotspots.table
    cells, hot = table["cell"].to_numpy(), table["hot"].to_numpy()
    survived = {name: np.isin(cells, _hot_again(hotspots, one)) & hot for name, one in changed.items()}
    passed = np.sum(list(survived.values()), axis=0)
    fails = [
        "; ".join(name for name, held in survived.items() if is_hot and not held[row])
        for row, is_hot in enumerate(hot)
    ]
    words = [f"{k} of {len(changed)} checks" if is_hot else "" for k, is_hot in zip(passed, hot, strict=True)]
    return table.assign(checks_passed=passed, checks=len(changed), stability=words, fails=fails)


def _hot_again(
    hotspots: Hotspots, changed: pd.DataFrame | Hotspots
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    try:
        again = hotspots.refind(changed) if isinstance(changed, pd.DataFrame) else changed
    except TooFewError:  # too few are left to find anything
        return np.empty(0, dtype=np.int64)
    return again.hot


def jaccard(one: Hotspots, other: Hotspots) -> float:
    """Return the share of cells hot in either that are hot in both; 1 when neither has any.

    References
    ----------
    Jaccard, P. (1912). The distribution of the flora in the alpine zone.
    doi:10.1111/j.1469-8137.1912.tb05611.x
    """
    either = np.union1d(one.hot, other.hot)
    return float(len(np.intersect1d(one.hot, other.hot)) / len(either)) if len(either) else 1.0
