"""How many came, against what usually comes: partial files, campaign days, many reports in one sitting.

Nothing is left out or weighted here. A burst is a question for the analyst: a campaign, one person's evening, a
form that stopped working, or something that happened.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binom, poisson

from safespace.nights import TIME_ZONE, on_at

if TYPE_CHECKING:
    import numpy.typing as npt

LONGEST_DAY = pd.Timedelta(hours=25)  # rows dated by month only have no day to be counted on
MONTHS_LOOKED_AT = 12
FEWEST_MONTHS = 3
LEAST_CHANGE = 0.3  # a smaller change is not worth a question, however sure


def chance_of_as_many(
    here: npt.NDArray[np.int64], before: npt.NDArray[np.int64], share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the probability of at least ``here`` events if the rate is what it was before.

    Parameters
    ----------
    here
        Events now, shape (n,).
    before
        Events in the time looked back on, shape (n,).
    share
        Now's part of all the time, now and before, shape (n,), between 0 and 1.

    Returns
    -------
    np.ndarray
        One-sided probability, shape (n,). Exact: given the sum of two Poisson counts, one is binomial, so the
        past rate need not be known, only counted.

    Notes
    -----
    Reports that come in clusters make small probabilities commoner than they say.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series.
    doi:10.2307/2332612

    Examples
    --------
    >>> chance_of_as_many(np.array([2]), np.array([0]), np.array([0.5]))
    array([0.25])
    """
    return np.asarray(binom.sf(here - 1, here + before, share), dtype=np.float64)


def find_bursts(
    reports: pd.DataFrame,
    *,
    calendar: pd.DataFrame | None = None,
    weeks: int = 8,
    at_most: float = 0.0001,
    fewest: int = 5,
    time_zone: str = TIME_ZONE,
) -> pd.DataFrame:
    """Return the days on which far more were received than on the same weekday of the weeks before.

    Parameters
    ----------
    reports
        :data:`safespace.schemas.REPORTS`; the day is that of ``reported_at``, or of ``occurred_from`` where that
        is not stated. Rows dated by month only are left out.
    calendar
        Campaigns and events (:data:`safespace.nights.CALENDAR`) to name beside the days they cover.
    weeks
        Weeks looked back on; the first days of a source have fewer, and the first week none.
    at_most
        Probability at or below which a day is a burst. One in ten thousand days is one in 27 years.
    fewest
        Days with fewer reports are never one.
    time_zone
        Zone whose calendar day counts.

    Returns
    -------
    pd.DataFrame
        ``source, day`` (``datetime64[us]``), ``reports, usual`` (mean of those weekdays), ``p_value`` and
        ``on`` (what the calendar says was on), by source and day.

    Notes
    -----
    Each day stands against its own past (:func:`chance_of_as_many`), as outbreak detection does: Farrington,
    C. P. et al. (1996), doi:10.2307/2983331. Unlike there, the past is not cleaned of earlier bursts, so the same
    weekday soon after a burst is judged mildly.
    """
    days = [_daily(rows, str(source), weeks, time_zone) for source, rows in _dated(reports).groupby("source")]
    table = pd.concat([_no_days(), *days], ignore_index=True)
    table = table[(table["p_value"] <= at_most) & (table["reports"] >= fewest)].reset_index(drop=True)
    noon = (table["day"] + pd.Timedelta(hours=12)).dt.tz_localize(time_zone)
    named = pd.Series("", index=table.index, dtype="str") if calendar is None else on_at(noon, calendar)
    return table.assign(on=named)


def find_sittings(
    reports: pd.DataFrame, *, gap_min: float = 3.0, at_most: float = 0.0001, fewest: int = 6
) -> pd.DataFrame:
    """Return runs of reports that came so close together that one person or group may have sent them.

    Parameters
    ----------
    reports
        :data:`safespace.schemas.REPORTS`; only rows with ``reported_at`` take part.
    gap_min
        Longest pause within a run, minutes.
    at_most
        Probability at or below which a run is shown.
    fewest
        Runs of fewer reports are never shown.

    Returns
    -------
    pd.DataFrame
        ``source, starts, ends`` (UTC), ``reports, places`` (distinct cells of about 100 m), ``p_value``.

    Notes
    -----
    The probability is the Poisson tail of as many more reports in the time the run took, at the source's mean
    rate in its busiest hour of the day, which the runs are part of. The run chose its own time, so only very
    small probabilities mean anything. It says nothing of who sent them: a class, a meeting and a walk by one
    person look alike. Nothing is removed.
    """
    dated = reports[reports["reported_at"].notna()].sort_values(["source", "reported_at", "report_id"])
    pause = dated.groupby("source")["reported_at"].diff()
    run = ((pause.isna()) | (pause > pd.Timedelta(minutes=gap_min))).cumsum()
    place = dated.groupby([(dated["lon"] * 700).round(), (dated["lat"] * 1000).round()]).ngroup()
    grouped = dated.assign(run=run, place=place).groupby(["source", "run"], sort=True)
    runs = grouped.agg(
        starts=("reported_at", "first"),
        ends=("reported_at", "last"),
        reports=("report_id", "size"),
        places=("place", "nunique"),
    ).reset_index()
    per_s = runs["source"].map(_rate_per_s(dated)).astype("float64")
    lasted_s = (runs["ends"] - runs["starts"]).dt.total_seconds() + 1
    chance = poisson.sf(runs["reports"] - 2, per_s * lasted_s)
    found = runs.assign(p_value=chance)[(chance <= at_most) & (runs["reports"] >= fewest)]
    return found.drop(columns="run").reset_index(drop=True)


def compare_volumes(
    fresh: pd.DataFrame, stored: pd.DataFrame, *, at_most: float = 0.001, time_zone: str = TIME_ZONE
) -> pd.DataFrame:
    """Compare how many reports a reading brings for each month with what its source usually has.

    Parameters
    ----------
    fresh
        The reports read, ``source`` and ``occurred_from`` at least.
    stored
        The reports in the store, likewise; those of other sources play no part.
    at_most
        Probability, either way, at or below which a difference is shown.
    time_zone
        Zone whose calendar months count.

    Returns
    -------
    pd.DataFrame
        ``source, month`` (its first day), ``reports, usual`` (mean of up to twelve months held before it),
        ``change`` (-0.62 is 62 % fewer), ``p_value`` and ``note``, a sentence; empty where nothing is unusual.
        A month with fewer than three months held before it is not compared, and not listed.

    Notes
    -----
    A difference says that the file is unlike the ones before. Seasons, a new form and a changed way of
    recording do that too.
    """
    rows: list[dict[str, object]] = []
    # without a past there is nothing to count
    now, past = (_monthly(frame if len(stored) else stored, time_zone) for frame in (fresh, stored))
    for source, month, count in now.reset_index(name="count").itertuples(index=False, name=None):
        mine = past[past.index.get_level_values("source") == source].droplevel("source")
        before = mine[(mine.index < month) & (mine.index >= month - MONTHS_LOOKED_AT)]
        if len(before) >= FEWEST_MONTHS:
            rows.append(_compared(str(source), month, int(count), before.to_numpy(), at_most))
    columns = {"source": "str", "month": "datetime64[us]", "reports": "int64", "usual": "float64"}
    columns |= {"change": "float64", "p_value": "float64", "note": "str"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def find_gaps(
    fresh: pd.DataFrame, stored: pd.DataFrame, *, at_most: float = 0.001, time_zone: str = TIME_ZONE
) -> pd.DataFrame:
    """Return the months without a report next to those a reading brings, which a file left out would leave.

    Parameters
    ----------
    fresh
        The reports read, of one source, ``source`` and ``occurred_from`` at least.
    stored
        The reports in the store, likewise.
    at_most
        A month is listed where none would come by chance with at most this probability, at the mean of the
        months there are: a source of seven reports a month or more.
    time_zone
        Zone whose calendar months count.

    Returns
    -------
    pd.DataFrame
        ``month`` (its first day) and ``usual`` (mean of the months there are), in order.
    """
    columns = {"month": "datetime64[us]", "usual": "float64"}
    mine = stored[stored["source"].isin(fresh["source"].unique())]
    now, past = (_monthly(one, time_zone).droplevel("source") for one in (fresh, mine))
    counts = now.add(past, fill_value=0).sort_index()
    usual = float(counts.mean()) if len(counts) else 0.0
    rows = [
        {"month": month.to_timestamp(), "usual": usual}
        for before, after in itertools.pairwise(counts.index)
        if before in now.index or after in now.index
        for month in pd.period_range(before + 1, after - 1, freq="M")
        if np.exp(-usual) <= at_most and len(counts) >= FEWEST_MONTHS
    ]
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def find_new_categories(
    fresh: pd.DataFrame, stored: pd.DataFrame, *, share: float = 0.1, fewest_held: int = 50, fewest: int = 5
) -> pd.DataFrame:
    """Return the categories that make up much of a reading and nothing of what is held.

    Parameters
    ----------
    fresh, stored
        Reports with ``category``.
    share
        Least part of the reading, between 0 and 1, that is listed.
    fewest_held
        With fewer reports held nothing is.
    fewest
        A category with fewer reports is never listed.

    Returns
    -------
    pd.DataFrame
        ``category, reports, share``, the most first.
    """
    counts = fresh["category"].value_counts()
    known = set(stored["category"].unique()) if len(stored) >= fewest_held else set(counts.index)
    new = counts[(counts >= fewest) & (counts > share * len(fresh)) & ~counts.index.isin(known)]
    found = {
        "category": new.index.astype("str"),
        "reports": new.to_numpy(),
        "share": new.to_numpy() / max(len(fresh), 1),
    }
    return pd.DataFrame(found)


def _compared(
    source: str, month: pd.Period, count: int, before: npt.NDArray[np.int64], at_most: float
) -> dict[str, object]:
    total, share = np.array([before.sum()]), np.array([1 / (len(before) + 1)])
    here, usual = np.array([count]), float(before.mean())
    as_many = float(chance_of_as_many(here, total, share)[0])
    as_few = float(binom.cdf(count, count + total[0], share[0]))
    chance, change = min(1.0, 2 * min(as_many, as_few)), count / usual - 1
    strange = chance <= at_most and abs(change) >= LEAST_CHANGE
    return {
        "source": source,
        "month": month.to_timestamp(),
        "reports": count,
        "usual": usual,
        "change": change,
        "p_value": chance,
        "note": _note(month, count, usual, change) if strange else "",
    }


def _note(month: pd.Period, count: int, usual: float, change: float) -> str:
    why = "partial file?" if change < 0 else "repeated rows, a campaign, or a new way of recording?"
    sign = "\N{MINUS SIGN}" if change < 0 else "+"
    return f"{month}: {count:,} reports, {sign}{abs(change):.0%} on usual ({usual:,.0f} a month): {why}"


def _monthly(reports: pd.DataFrame, time_zone: str) -> pd.Series:
    local = reports["occurred_from"].dt.tz_convert(time_zone).dt.tz_localize(None)
    months = reports[["source"]].assign(month=local.dt.to_period("M"))
    return months.groupby(["source", "month"], sort=True).size()


def _dated(reports: pd.DataFrame) -> pd.DataFrame:
    moment = reports["reported_at"].fillna(reports["occurred_from"])
    known = reports["reported_at"].notna() | (
        reports["occurred_to"] - reports["occurred_from"] <= LONGEST_DAY
    )
    return reports[["source"]].assign(moment=moment)[known]


def _daily(rows: pd.DataFrame, source: str, weeks: int, time_zone: str) -> pd.DataFrame:
    days = rows["moment"].dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
    counts = days.value_counts().sort_index()
    counts = counts.reindex(pd.date_range(counts.index[0], counts.index[-1], freq="D"), fill_value=0)
    past = pd.DataFrame({k: counts.shift(7 * k) for k in range(1, weeks + 1)})
    looked = past.notna().sum(axis=1)
    table = pd.DataFrame(
        {"source": source, "day": counts.index.as_unit("us"), "reports": counts.to_numpy(dtype="int64")}
    )
    before = past.sum(axis=1).to_numpy(dtype="int64")
    chance = chance_of_as_many(table["reports"].to_numpy(), before, 1 / (looked.to_numpy() + 1))
    compared = looked.to_numpy() > 0
    return table.assign(usual=past.mean(axis=1).to_numpy(), p_value=np.where(compared, chance, 1.0))


def _no_days() -> pd.DataFrame:
    kinds = {
        "source": "str",
        "day": "datetime64[us]",
        "reports": "int64",
        "usual": "float64",
        "p_value": "float64",
    }
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _rate_per_s(dated: pd.DataFrame) -> pd.Series:
    """Return each source's mean rate in its busiest hour of the day."""
    by_hour = dated.groupby(["source", dated["reported_at"].dt.hour.rename("hour")]).size()
    spans = dated.groupby("source")["reported_at"].agg(["min", "max"])
    days = ((spans["max"] - spans["min"]).dt.total_seconds() / 86_400).clip(lower=1.0)
    rate: pd.Series = by_hour.groupby("source").max() / days / 3600
    return rate
