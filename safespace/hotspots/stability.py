"""Whether a finding survives what could have made it: a campaign, one day, one person, patrols, the baseline chosen.

Each check counts again with something changed and finds again. A hot cell carries "4 of 5 checks"; one
that falls with the busiest week is a place where a campaign was, until shown otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from safespace.cells import to_metres
from safespace.errors import InputError, TooFewError
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from safespace.hotspots.finding import Hotspots

Part: TypeAlias = Literal["day", "week", "origin"]
ORIGIN_M = 10.0  # about as well as a phone or a pin on a map places one spot
ORIGIN_MINUTES = 60.0
_FREQS = {"day": "D", "week": "W-SUN"}
_DAY = pd.Timedelta(days=1)


class Removal(NamedTuple):
    """What is left out of a place: labels of rows, and what they are, "the 7 reports of the week of 3 May 2026"."""

    rows: pd.Index
    words: str


@dataclass(frozen=True)
class LeftOut:
    """Cells counted without some reports, and what was left out of the place of each cell it speaks of."""

    counted: pd.DataFrame
    words: Mapping[int, str]


def heaviest_part(
    reports: pd.DataFrame, place: Sequence[int], *, by: Part, cell: str, time_zone: str = "Europe/London"
) -> Removal | None:
    """Return the reports in and around a place that come from its busiest day, its busiest week, or one origin.

    Parameters
    ----------
    reports
        With ``source, category, factor, occurred_from, occurred_to, lon, lat``, ``reported_at`` where it is stated, and
        the column ``cell``.
    place
        Cells of the place. Those beside them are looked at too, as the test of the place does.
    by
        ``day`` or ``week`` (Monday to Sunday), by when a report was received or, where that is not stated, when it
        happened; or ``origin``: reports of one source within ten metres of one of them, and like it in kind and
        reasons or within an hour of it in time of day.
    cell
        Name of the column with each report's cell.
    time_zone
        Zone of the calendar.

    Returns
    -------
    Removal or None
        None where it cannot be told: no report carries its day, or every place is a shared map point.

    Notes
    -----
    What looks like one origin may be one person, one address or one hot corner: that is for a person to find out. The
    wording of reports is not kept, so that reasons stand in for it.
    """
    zone = {int(near) for one in place for near in h3.grid_disk(int(one), 1)}
    near = reports[reports[cell].isin(zone)]
    if by == "origin":
        return _of_one_origin(near, time_zone)
    period = _period(near, _FREQS[by], time_zone).dropna()
    if period.empty:
        return None
    busiest = period[period.map(period.value_counts()) == period.value_counts().max()].min()
    rows = period.index[period == busiest]
    first = f"{busiest.start_time:%-d %B %Y}"
    return Removal(rows, f"{_the(len(rows))} of {f'the week of {first}' if by == 'week' else first}")


def _the(number: int) -> str:
    return f"the {number:,} reports" if number > 1 else "the one report"


def _period(reports: pd.DataFrame, freq: str, time_zone: str) -> pd.Series:
    """Return the day or week of each report, missing where it is not known to a day."""
    dated = reports["occurred_to"] - reports["occurred_from"] < _DAY
    moment = reports["occurred_from"].where(dated)
    if "reported_at" in reports:
        moment = reports["reported_at"].fillna(moment)
    period: pd.Series = moment.dt.tz_convert(time_zone).dt.tz_localize(None).dt.to_period(freq)
    return period


def _of_one_origin(reports: pd.DataFrame, time_zone: str) -> Removal | None:
    """Return the largest set of reports that are near one of them and like it in reasons or in hour."""
    placed = reports[~reports["source"].isin([name for name in SOURCES if SOURCES[name].snaps])]
    if placed.empty:
        return None
    minutes = _minutes(placed, time_zone)
    reasons = placed.groupby(["category", "factor"], sort=False).ngroup().to_numpy()
    source = placed.groupby("source", sort=False).ngroup().to_numpy()
    metres, _ = to_metres(placed["lon"], placed["lat"])
    near = cKDTree(metres).query_ball_point(metres, ORIGIN_M, return_sorted=True)
    alike = [
        np.array(some)[
            (source[some] == source[one])
            & ((reasons[some] == reasons[one]) | (_apart(minutes[some], minutes[one]) <= ORIGIN_MINUTES))
        ]
        for one, some in enumerate(near)
    ]
    most = int(np.argmax([len(some) for some in alike]))
    told = placed.loc[placed.index[most]]
    kind = str(told["factor"]).replace("|", ", ") or str(told["category"])
    hour = (
        ""
        if np.isnan(minutes[most])
        else f" or in hour ({int(minutes[most]) // 60:02d}:{int(minutes[most]) % 60:02d})"
    )
    rows = placed.index[alike[most]]
    return Removal(
        rows, f"{_the(len(rows))} from within {ORIGIN_M:.0f} m of one spot, alike in reasons ({kind}){hour}"
    )


def _minutes(reports: pd.DataFrame, time_zone: str) -> NDArray[np.float64]:
    """Return the minute of the local day at which each report began, missing where its hour is not known."""
    local = reports["occurred_from"].dt.tz_convert(time_zone)
    timed = reports["occurred_to"] - reports["occurred_from"] < _DAY
    minutes: NDArray[np.float64] = (local.dt.hour * 60 + local.dt.minute).where(timed).to_numpy(dtype=float)
    return minutes


def _apart(some: NDArray[np.float64], one: float) -> NDArray[np.float64]:
    """Return how many minutes lie between times of the day, round the clock."""
    gap = np.abs(some - one)
    round_the_clock: NDArray[np.float64] = np.minimum(gap, 1440 - gap)
    return round_the_clock


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


def add_checks(
    hotspots: Hotspots, changed: Mapping[str, pd.DataFrame | Hotspots | Sequence[LeftOut]]
) -> pd.DataFrame:
    """Return the finding's table with how many checks each hot cell survives.

    Parameters
    ----------
    hotspots
        The finding to be checked.
    changed
        By the name of what was changed, counted cells (without the busiest week, with patrols), which are asked
        with the finding's own method, or a finding made with another method (another baseline). All of the
        finding's resolution. Or what was left out of each place in turn (:class:`LeftOut`): a cell is judged by
        what was left out of its own place, and passes where nothing could be.

    Returns
    -------
    pandas.DataFrame
        The table in its order with ``checks_passed``, ``checks`` (how many could be made),
        ``stability`` ("3 of 4 checks", empty where not hot) and ``fails`` (the names of the checks
        a hot cell does not survive, joined by "; "; of what was left out of its place, that in words).

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
    failed = {name: _failing(hotspots, name, one) for name, one in changed.items()}
    passed = np.sum([[c not in lost for c in cells.tolist()] for lost in failed.values()], axis=0) * hot
    fails = [
        "; ".join(lost[cell] for lost in failed.values() if is_hot and cell in lost)
        for cell, is_hot in zip(cells.tolist(), hot, strict=True)
    ]
    words = [f"{k} of {len(changed)} checks" if is_hot else "" for k, is_hot in zip(passed, hot, strict=True)]
    return table.assign(checks_passed=passed, checks=len(changed), stability=words, fails=fails)


def _failing(
    hotspots: Hotspots, name: str, changed: pd.DataFrame | Hotspots | Sequence[LeftOut]
) -> dict[int, str]:
    """Return the hot cells that a check loses, each with the check's words."""
    if not isinstance(changed, Sequence):
        again = set(_hot_again(hotspots, changed).tolist())
        return {cell: name for cell in hotspots.hot.tolist() if cell not in again}
    lost: dict[int, str] = {}
    for one in changed:
        again = set(_hot_again(hotspots, one.counted).tolist())
        lost |= {cell: f"without {words}" for cell, words in one.words.items() if cell not in again}
    return lost


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
