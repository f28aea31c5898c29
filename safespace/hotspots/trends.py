"""Whether it has changed: two periods side by side, and a run of periods in order.

Ratios of small counts are wide: 6 after 3 is "twice as many", and anything from half to eleven times. The
interval is always with the ratio, and a run of fewer than eight periods is refused.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.linalg import circulant
from scipy.spatial import cKDTree
from scipy.special import gammaln, ndtr, pdtr, pdtrc, xlogy
from scipy.stats import false_discovery_control

from safespace.cells import neighbours, to_metres
from safespace.errors import InputError, TooFewError
from safespace.hotspots.intensity import garwood
from safespace.hotspots.method import RepeatMethod
from safespace.hotspots.overdispersion import dispersed_at_least, share_interval
from safespace.hotspots.significance import ENOUGH_FOR_GI_STAR, ring_test
from safespace.nights import hour_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

FEWEST_PERIODS = 8
FEWEST_FOR_KNOX = 200
MOSTLY = 0.9  # of the slices: persistent
FEWEST_FOR_WEEK = 30  # events; 168 hours of the week share them
_TIE = 1e-9  # relative: a bound this close to a whole number is one
_NO_SPREAD = 0.05  # a kernel narrower than this, in steps of the circle, moves nothing


def compare_periods(
    before: pd.Series,
    after: pd.Series,
    *,
    days_before: float,
    days_after: float,
    level: float = 0.95,
    dispersion: float = 1.0,
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
    dispersion
        Variance over mean of counts between slices of time: events count as so many fewer.

    Returns
    -------
    pandas.DataFrame
        Indexed by cell, those with any event: ``before``, ``after``, ``ratio`` (per day, after over before;
        inf where there were none before), ``lower``, ``upper``, ``p_value`` (two-sided, exact),
        ``q_value`` (Benjamini-Hochberg), ``e_p_value`` and ``e_q_value`` (the same of the E-test).

    Raises
    ------
    InputError
        When a period has no days.
    TooFewError
        When no cell has any event in either period.

    Notes
    -----
    Given both counts together, those after are binomial; the interval is Clopper-Pearson's, turned into a
    ratio, and agrees with ``p_value``: it holds 1 where that is above 0.05. The E-test finds a little more
    of what is there and has no interval. A cell picked because it was high before falls on average whatever is done (regression to the
    mean): this is not an evaluation of a measure.

    References
    ----------
    Przyborowski, J. & Wilenski, H. (1940). doi:10.2307/2332612
    Clopper, C. J. & Pearson, E. S. (1934). doi:10.1093/biomet/26.4.404
    Krishnamoorthy, K. & Thomson, J. (2004). A more powerful test for comparing two Poisson means.
    doi:10.1016/S0378-3758(02)00408-1

    Examples
    --------
    >>> found = compare_periods(pd.Series({1: 3}), pd.Series({1: 6}), days_before=30, days_after=30)
    >>> found[["ratio", "lower", "upper", "p_value"]].round(2).to_numpy().tolist()
    [[2.0, 0.43, 12.36, 0.51]]
    """
    _refuse_no_days(days_before, days_after)
    both = pd.DataFrame({"before": before, "after": after}).fillna(0).astype("int64").rename_axis("cell")
    both = both[both.sum(axis="columns") > 0]
    if both.empty:
        raise TooFewError(
            "No cell has any event in either period.",
            code="no-event-in-either-period",
            seen=f"{days_before:g} and {days_after:g} days",
            remedy="At least one is needed; choose periods within the data, or a larger area.",
        )
    x, n = both["after"].to_numpy(), both.sum(axis="columns").to_numpy()
    low, high = share_interval(x, n, level=level, dispersion=dispersion)
    p_value = _two_sided(x / dispersion, n / dispersion, days_after / (days_before + days_after))
    days = {"days_before": days_before, "days_after": days_after}
    e_p_value = e_test(both["before"], both["after"], **days, dispersion=dispersion)
    scale = days_before / days_after
    with np.errstate(divide="ignore"):  # none before: the ratio and its upper end are infinite
        return both.assign(
            ratio=scale * x / (n - x),
            lower=scale * low / (1 - low),
            upper=scale * high / (1 - high),
            p_value=p_value,
            q_value=false_discovery_control(p_value),
            e_p_value=e_p_value,
            e_q_value=false_discovery_control(e_p_value),
        )


def _refuse_no_days(before: float, after: float) -> None:
    if not min(before, after) > 0:
        remedy = "Give the length of each period in days, above zero."
        raise InputError(
            "A period has no days.", code="period-without-days", seen=f"{before} and {after}", remedy=remedy
        )


def e_test(
    before: ArrayLike, after: ArrayLike, *, days_before: float, days_after: float, dispersion: float = 1.0
) -> Numbers:
    """Return the two-sided probability of two counts differing as much per day, by the E-test, shape (n,).

    Parameters
    ----------
    before, after
        Whole numbers, shape (n,).
    days_before, days_after
        Length of each period, days.
    dispersion
        Variance over mean of counts between slices of time. Both counts are divided by it, and made whole towards each
        other, so that rounding never makes a difference.

    Notes
    -----
    Counts are simulated in full at the rate of both periods together; all pairs whose difference, in its
    standard errors, is as large count, ties included (scipy's ``poisson_means_test`` loses some ties to
    rounding, and is then smaller). Where nothing differs it is at or below 0.05 in at most 5.5 % of pairs,
    seldom where fewer than two are expected.

    References
    ----------
    Krishnamoorthy, K. & Thomson, J. (2004). A more powerful test for comparing two Poisson means.
    doi:10.1016/S0378-3758(02)00408-1

    Examples
    --------
    >>> e_test([3, 0], [6, 0], days_before=30, days_after=30).round(3).tolist()
    [0.362, 1.0]
    """
    _refuse_no_days(days_before, days_after)
    pairs = np.column_stack([np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)])
    if dispersion > 1:
        fewer = pairs / dispersion
        rises = fewer[:, 1] * days_before >= fewer[:, 0] * days_after
        low, high = np.ceil(fewer).astype(np.int64), np.floor(fewer).astype(np.int64)
        pairs = np.where(np.column_stack([rises, ~rises]), low, high)
    distinct, which = np.unique(pairs, axis=0, return_inverse=True)
    p = np.array([_e_test_of_one(int(one), int(other), days_before, days_after) for one, other in distinct])
    return p.reshape(-1)[which.ravel()]


def _e_test_of_one(before: int, after: int, days_before: float, days_after: float) -> float:
    """Sum, over every count before, the chance of counts after that are as far from it on either side.

    The difference in standard errors falls as the count after grows, so its two bounds are the roots of a
    quadratic, and counts in the millions take no longer than their square root.
    """
    rate = (before + after) / (days_before + days_after)
    gap = (before / days_before - after / days_after) ** 2
    if gap == 0:
        return 1.0
    far = gap / (before / days_before**2 + after / days_after**2)  # squared
    mean, reach = rate * days_before, 9 * np.sqrt(rate * days_before) + 40
    x = np.arange(max(int(mean - reach), 0), int(mean + reach) + 1)
    middle = x * (days_after / days_before) + far / 2
    spread = np.sqrt(middle**2 - (days_after / days_before) ** 2 * (x.astype(float) ** 2 - far * x))
    slack = _TIE * (1 + middle)
    fewer, more = np.floor(middle - spread + slack), np.ceil(middle + spread - slack)
    usual = rate * days_after
    tails = np.where(fewer >= 0, pdtr(np.maximum(fewer, 0), usual), 0.0) + pdtrc(more - 1, usual)
    # None in either is no difference, though the quadratic lets it through.
    tails[x == 0] = pdtrc(np.maximum(more[x == 0], 1) - 1, usual)
    chance = np.exp(xlogy(x, mean) - mean - gammaln(x + 1))
    return float(min(chance @ tails, 1.0))


def _two_sided(x: Numbers, n: Numbers, share: float) -> Numbers:
    """Return twice the smaller exact tail, at most 1, which agrees with the interval."""
    few = dispersed_at_least(n - x, n, np.full(len(n), 1 - share))
    many = dispersed_at_least(x, n, np.full(len(n), share))
    smaller: Numbers = np.minimum(2 * np.minimum(many, few), 1.0)
    return smaller


@dataclass(frozen=True)
class Trend:
    """A run of periods: its Mann-Kendall test and its slope.

    ``s`` is rises less falls over all pairs, ``p_value`` two-sided, ``slope`` the median rise a period; ``level`` is
    the confidence at which a rise or fall is called ``steady``.
    """

    periods: int
    s: int
    p_value: float
    slope: float
    level: float

    @property
    def steady(self) -> bool:
        """Whether the test tells the run from one without any trend, at its level."""
        return self.p_value <= 1 - self.level


def find_trend(counts: pd.Series, *, level: float = 0.95) -> Trend:
    """Test a run of counts, in order of time, for a steady rise or fall.

    Parameters
    ----------
    counts
        One count a period of equal length, in order, shape (n,), eight or more.
    level
        Confidence at which a rise or fall is called steady, between 0 and 1.

    Raises
    ------
    TooFewError
        When there are fewer than eight periods.
    InputError
        When a period has no count.

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
    if np.isnan(held).any():
        seen = f"{int(np.isnan(held).sum())} of {n} periods"
        raise InputError(
            "A period has no count.",
            code="period-without-count",
            seen=seen,
            remedy="Give 0 where none were counted.",
        )
    if n < FEWEST_PERIODS:
        raise TooFewError(
            "There are too few periods to see a trend.",
            code="too-few-periods-for-trend",
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
    return Trend(
        periods=n, s=s, p_value=float(2 * ndtr(-abs(z))), slope=float(np.median(rises / apart)), level=level
    )


@dataclass(frozen=True)
class NearRepeat:
    """How many more pairs of events are close in space and in time than either alone would bring.

    ``table`` has one row a band: ``metres`` and ``days`` (upper ends), ``pairs``, ``expected`` (mean of the
    permutations), ``ratio``, ``lower``, ``upper`` and ``p_value`` (one-sided: as many or more).
    """

    table: pd.DataFrame
    events: int
    method: RepeatMethod


def near_repeat(
    reports: pd.DataFrame,
    *,
    seed: int,
    metres: Sequence[float] = (100, 200, 400),
    days: Sequence[float] = (7, 14, 28),
    permutations: int = 999,
    level: float = 0.95,
) -> NearRepeat:
    """Test whether events near in place come near in time more often than chance (Knox).

    Parameters
    ----------
    reports
        Placed reports; an event counts once, at its earliest pin, when its moment is known to within a day.
    seed
        Of the permutations.
    metres, days
        Upper ends of the bands, ascending; a pair falls in the first band that holds it.
    permutations
        How often the times change places among the events.
    level
        Of the interval.

    Raises
    ------
    TooFewError
        When fewer than 200 events have a moment known to within a day.
    InputError
        When bands do not ascend from above zero.

    Notes
    -----
    The interval takes pairs as Poisson, widened by how much they hang on single events (one event followed by
    five is not five repeats): the jackknife's variance less what pairs alone would give. It covers 93 to
    97 % on average over the bands with up to a third of the events repeats, and a little less in the widest
    band. Places keep their events and times theirs, so busy streets
    and busy weeks are allowed for; a street that was busy in some weeks only is what is found. Nine bands
    are nine tests. Locations on snap points make pairs at zero metres: read nothing into the first band.

    References
    ----------
    Knox, E. G. (1964). The detection of space-time interactions. Applied Statistics 13, 25-29.
    Efron, B. & Stein, C. (1981). The jackknife estimate of variance. doi:10.1214/aos/1176345462
    Johnson, S. D. et al. (2007). Space-time patterns of risk: a cross national assessment of residential
    burglary victimization. doi:10.1007/s10940-007-9025-3
    """
    for name, bands in (("metres", metres), ("days", days)):
        if not len(bands) or min(np.diff([0.0, *bands])) <= 0:
            raise InputError(
                "Bands must ascend from above zero.",
                code="bands-not-ascending",
                where=name,
                seen=tuple(bands),
                remedy="Give the upper ends in ascending order, such as 100, 200, 400.",
            )
    known = reports[reports["occurred_to"] - reports["occurred_from"] <= pd.Timedelta(days=1)]
    events = known.sort_values(["occurred_from", "report_id"], kind="stable").drop_duplicates("event_id")
    if len(events) < FEWEST_FOR_KNOX:
        raise TooFewError(
            "There are too few timed events for near repeats.",
            code="too-few-for-near-repeats",
            seen=f"{len(events)} events known to within a day",
            remedy=f"At least {FEWEST_FOR_KNOX} are needed; widen the dates, the area or the sources.",
        )
    place, _ = to_metres(events["lon"], events["lat"])
    day = ((events["occurred_from"] - events["occurred_from"].min()) / pd.Timedelta(days=1)).to_numpy()
    table = knox_table(place, day, metres, days, permutations=permutations, seed=seed, level=level)
    how = RepeatMethod(
        metres=tuple(metres), days=tuple(days), permutations=permutations, interval=level, seed=seed
    )
    return NearRepeat(table, len(events), how)


def knox_table(
    place: Numbers,
    day: Numbers,
    metres: Sequence[float],
    days: Sequence[float],
    *,
    permutations: int,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the table of :func:`near_repeat` for places in metres, shape (n, 2), and days, shape (n,)."""
    seen, drawn = knox(place, day, metres, days, permutations=permutations, seed=seed)
    return _repeat_table(seen, drawn, pair_spread(place, day, metres, days), metres, days, level)


def knox(
    place: Numbers,
    day: Numbers,
    metres: Sequence[float],
    days: Sequence[float],
    *,
    permutations: int,
    seed: int,
) -> tuple[Whole, Whole]:
    """Count pairs by band of distance and of time, as they are and with the times permuted.

    Parameters
    ----------
    place, day
        Metres, shape (n, 2), and days, shape (n,).
    metres, days, permutations, seed
        As for :func:`near_repeat`; ends belong to their band.

    Returns
    -------
    tuple of arrays
        Pairs, shape (metres, days), and of each permutation, shape (permutations, metres, days).

    Examples
    --------
    >>> place = np.array([[0.0, 0.0], [50.0, 0.0], [50.0, 90.0]])
    >>> knox(place, np.array([0.0, 3.0, 30.0]), [60, 100], [7, 28], permutations=0, seed=1)[0].tolist()
    [[1, 0], [0, 1]]
    """
    pairs, band = _close_pairs(place, metres)
    rng = np.random.default_rng(seed)

    def counted(when: Numbers) -> Whole:
        late = np.searchsorted(np.asarray(days, dtype=float), np.abs(when[pairs[:, 0]] - when[pairs[:, 1]]))
        width = len(days) + 1  # the last column is later than all bands
        flat = np.bincount(band * width + late, minlength=len(metres) * width)
        return flat.reshape(len(metres), width)[:, :-1].astype(np.int64)

    drawn = [counted(rng.permutation(day)) for _ in range(permutations)]
    shape = (permutations, len(metres), len(days))
    return counted(day), np.array(drawn, dtype=np.int64).reshape(shape)


def _close_pairs(place: Numbers, metres: Sequence[float]) -> tuple[Whole, Whole]:
    """Return the pairs of events near in place, shape (pairs, 2), and the band of distance of each."""
    pairs = cKDTree(place).query_pairs(max(metres), output_type="ndarray")
    apart = np.linalg.norm(place[pairs[:, 0]] - place[pairs[:, 1]], axis=1)
    band = np.searchsorted(np.asarray(metres, dtype=float), apart)
    return pairs.astype(np.int64), band.astype(np.int64)


def pair_spread(place: Numbers, day: Numbers, metres: Sequence[float], days: Sequence[float]) -> Numbers:
    """Return how many times a Poisson's the variance of each band's ratio is, 1 or more.

    Parameters
    ----------
    place, day, metres, days
        As for :func:`knox`.

    Returns
    -------
    numpy.ndarray
        Shape (metres, days); 1 in a band without pairs.

    Notes
    -----
    What each event does to the log of the ratio, squared and added up, is the jackknife's variance. Of that
    the pairs' own chance is counted twice, so it is taken off once.
    """
    pairs, band = _close_pairs(place, metres)
    late = np.searchsorted(np.asarray(days, dtype=float), np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]))
    of_event = np.zeros((len(day), len(metres), len(days) + 1))
    for end in (0, 1):
        np.add.at(of_event, (pairs[:, end], band, late), 1.0)
    soon = np.diff(_events_within(day, days), axis=1, prepend=0)[:, None, :]
    close = of_event.sum(axis=2, keepdims=True)
    both = of_event[:, :, :-1]
    effect = _of_all(both) - _of_all(close) - _of_all(soon) + 2 / len(day)
    seen = both.sum(axis=0) / 2
    spread: Numbers = np.maximum(seen * (effect**2).sum(axis=0) - (seen > 0), 1.0)
    return spread


def _events_within(day: Numbers, days: Sequence[float]) -> Whole:
    """Return how many other events each has within so many days, shape (n, days)."""
    ordered = np.sort(day)
    after = [np.searchsorted(ordered, day + wide, side="right") for wide in days]
    before = [np.searchsorted(ordered, day - wide, side="left") for wide in days]
    within: Whole = np.column_stack(after) - np.column_stack(before) - 1
    return within


def _of_all(counts: Numbers) -> Numbers:
    """Return each event's pairs as a share of all pairs, which have two events each; 0 where there are none."""
    whole = counts.sum(axis=0) / 2
    share: Numbers = np.divide(counts, whole, out=np.zeros(counts.shape), where=whole > 0)
    return share


def _repeat_table(
    seen: Whole, drawn: Whole, spread: Numbers, metres: Sequence[float], days: Sequence[float], level: float
) -> pd.DataFrame:
    expected = drawn.mean(axis=0)
    low, high = garwood((seen / spread).ravel(), level=level)
    lower, upper = (end.reshape(seen.shape) * spread for end in (low, high))
    as_many = (drawn >= seen).sum(axis=0)
    return pd.DataFrame(
        {
            "metres": np.repeat(np.asarray(metres, dtype=float), len(days)),
            "days": np.tile(np.asarray(days, dtype=float), len(metres)),
            "pairs": seen.ravel(),
            "expected": expected.ravel(),
            "ratio": _over(seen, expected, neither=1.0).ravel(),
            "lower": _over(lower, expected, neither=0.0).ravel(),
            "upper": _over(upper, expected, neither=np.inf).ravel(),
            "p_value": ((1 + as_many) / (len(drawn) + 1)).ravel(),
        }
    )


def _over(seen: NDArray[Any], by: Numbers, *, neither: float) -> Numbers:
    """Return the ratio; beyond all bounds where chance brings none, ``neither`` where none were seen either."""
    out = np.where(seen > 0, np.inf, neither)
    ratio: Numbers = np.divide(seen, by, out=out, where=by > 0)
    return ratio


def classify_emerging(
    counts: pd.DataFrame, exposure: pd.Series, *, false_discovery_rate: float = 0.05
) -> pd.DataFrame:
    """Name how each cell's hotspots come and go over slices of time, where every slice has enough.

    Parameters
    ----------
    counts
        Events, one row a cell (index) and one column a slice of equal length, in order of time.
    exposure
        The baseline, indexed by cell.
    false_discovery_rate
        Of the ring test within each slice.

    Returns
    -------
    pandas.DataFrame
        Indexed by cell: ``hot_slices`` (how many), ``hot_last``, ``p_value`` and ``q_value`` (Mann-Kendall
        of the ring's share of each slice's events, and Benjamini-Hochberg over all cells) and ``pattern``: "new" (hot in the last slice and never before), "consecutive" (hot in an
        unbroken run to the last, under nine in ten of all), "persistent" (nine in ten or more, the last
        among them), "intensifying" and "diminishing" (persistent with a trend), "sporadic" (hot in the last
        and on and off before), "historical" (not in the last, nine in ten before), "past" (not in the last,
        fewer before) or empty.

    Raises
    ------
    TooFewError
        When there are fewer than eight slices, or a ring expects fewer than five events in any of them; the
        message says how many each slice would need.

    Notes
    -----
    A trend is one of shares, not counts: when reports rise alike everywhere no cell is intensifying. It is
    named where its ``q_value`` is at or below the rate, so that in layers where nothing changes a name of a
    trend is rare. Slices must be whole: a month half received looks like a fall.
    With 544 reports in 24 monthly slices, chance alone gives 72 in 100 cells such a name at least once.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. doi:10.2307/1907187
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate.
    doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    held = counts.sort_index()
    base = exposure.reindex(held.index).fillna(0).to_numpy(dtype=float)
    if not 0 < base.sum() < np.inf:
        seen = f"{base.sum():g} over {len(base)} cells"
        raise InputError(
            "There is no baseline in any cell.",
            code="baseline-empty",
            seen=seen,
            remedy="Choose one that covers the area.",
        )
    ring = neighbours(held.index.to_numpy(dtype=np.int64))
    _refuse_thin_slices(held, float(np.median((ring @ base) / base.sum())))
    table = held.to_numpy(dtype=np.int64)
    tests = [ring_test(column, base, ring)["q_value"] <= false_discovery_rate for column in table.T]
    hot = np.column_stack(tests)
    trends = [find_trend(pd.Series(row)) for row in (ring @ table) / table.sum(axis=0)]
    p_value = np.array([trend.p_value for trend in trends])
    q_value = false_discovery_control(p_value)
    rising = np.array([np.sign(trend.s) for trend in trends]) * (q_value <= false_discovery_rate)
    pattern = [_pattern(row, int(way)) for row, way in zip(hot, rising, strict=True)]
    return pd.DataFrame(
        {
            "hot_slices": hot.sum(axis=1),
            "hot_last": hot[:, -1],
            "p_value": p_value,
            "q_value": q_value,
            "pattern": pattern,
        },
        index=held.index.rename("cell"),
    )


def _refuse_thin_slices(counts: pd.DataFrame, share: float) -> None:
    slices = counts.shape[1]
    if slices < FEWEST_PERIODS:
        raise TooFewError(
            "There are too few slices to call a hotspot emerging.",
            code="too-few-slices",
            seen=f"{slices} slices",
            remedy=f"At least {FEWEST_PERIODS} are needed.",
        )
    fewest, needed = int(counts.sum().min()), math.ceil(ENOUGH_FOR_GI_STAR / share)
    if fewest < needed:
        raise TooFewError(
            "The slices hold too few events to call a hotspot emerging.",
            code="too-few-in-slices",
            seen=f"{fewest} events in the thinnest of {slices} slices",
            remedy=f"Each needs at least {needed:,}, five in a ring; use longer slices or larger cells.",
        )


def _pattern(hot: NDArray[np.bool_], rising: int) -> str:
    """Return the name of one cell's run of slices; the first that fits."""
    before, mostly = int(hot[:-1].sum()), hot.mean() >= MOSTLY
    if not hot[-1]:
        if not before:
            return ""
        return "historical" if hot[:-1].mean() >= MOSTLY else "past"
    if mostly:
        return {1: "intensifying", -1: "diminishing"}.get(rising, "persistent")
    if not before:
        return "new"
    run = len(hot) if hot.all() else int(np.argmin(hot[::-1]))
    return "consecutive" if run == before + 1 else "sporadic"


def smooth_week(weights: Numbers, *, spread_h: float = 1.0, spread_days: float = 0.0) -> Numbers:
    """Smooth an hour by weekday surface round the clock and, if asked, round the week.

    Parameters
    ----------
    weights
        From :func:`safespace.nights.hour_table`: weekday (Monday 0) by local hour, shape (7, 24).
    spread_h
        Standard deviation along the hours of the week, hours; Sunday's midnight runs on into Monday. 0 for
        none.
    spread_days
        Standard deviation between the same hours of neighbouring weekdays, days; 0 for none.

    Returns
    -------
    numpy.ndarray
        Shape (7, 24), with the same sum.

    Raises
    ------
    InputError
        When the surface has another shape or a spread is below zero.

    Notes
    -----
    For drawing. A weekend night differs from a week night, so weekdays are not smoothed together unless
    asked. Where times are those of reporting, the surface shows when people report.

    References
    ----------
    Brunsdon, C. & Corcoran, J. (2006). Using circular statistics to analyse time patterns in crime
    incidence. doi:10.1016/j.compenvurbsys.2005.11.001

    Examples
    --------
    >>> one = np.zeros((7, 24))
    >>> one[6, 23] = 1.0
    >>> smooth = smooth_week(one)
    >>> bool(smooth[0, 0] == smooth[6, 22]), round(float(smooth.sum()), 12)
    (True, 1.0)
    """
    held = np.asarray(weights, dtype=float)
    if held.shape != (7, 24) or not np.isfinite(held).all() or min(spread_h, spread_days) < 0:
        raise InputError(
            "A week has seven days of 24 hours, all with a weight, and a spread is not below zero.",
            code="week-not-usable",
            seen=f"shape {held.shape}, spreads {spread_h} and {spread_days}",
            remedy="Give a weight above nought for each of 168 hours, and a spread of zero or more.",
        )
    along = _round_kernel(168, spread_h) @ held.ravel()
    smoothed: Numbers = _round_kernel(7, spread_days) @ along.reshape(7, 24)
    return smoothed


@dataclass(frozen=True)
class Week:
    """When in the week events were: hours by weekday, local time.

    ``weights`` and ``smooth`` have shape (7, 24), Monday first, and add up to ``events``; ``left_out`` had no
    moment known to within a day.
    """

    weights: Numbers
    smooth: Numbers
    events: int
    left_out: int
    spread_h: float

    def basis(self) -> str:
        """Say in one line what the surface rests on."""
        return (
            f"{self.events:,} events known to within a day, {self.left_out:,} left out; smoothed over "
            f"{self.spread_h:g} h round the week."
        )


def week_surface(
    reports: pd.DataFrame,
    *,
    spread_h: float = 1.0,
    spread_days: float = 0.0,
    time_zone: str = "Europe/London",
) -> Week:
    """Return the hour by weekday surface of events, each spread over the hours it can have happened in.

    Parameters
    ----------
    reports
        Placed reports; an event counts once, at its earliest pin, when its moment is known to within a day.
    spread_h, spread_days
        As for :func:`smooth_week`.
    time_zone
        Of the clock on the wall.

    Raises
    ------
    TooFewError
        When fewer than thirty events have a moment known to within a day.

    Notes
    -----
    An event between two moments gives each hour its share (aoristic weights), so a long gap is spread thin.
    Where times are those of reporting, the surface shows when people report.

    References
    ----------
    Ratcliffe, J. H. (2002). Aoristic signatures and the spatio-temporal analysis of high volume crime
    patterns. doi:10.1023/A:1013240828824
    """
    ordered = reports.sort_values(["occurred_from", "report_id"], kind="stable").drop_duplicates("event_id")
    known = ordered[ordered["occurred_to"] - ordered["occurred_from"] <= pd.Timedelta(days=1)]
    if len(known) < FEWEST_FOR_WEEK:
        raise TooFewError(
            "There are too few timed events for a surface of the week.",
            code="too-few-for-week",
            seen=f"{len(known)} events known to within a day",
            remedy=f"At least {FEWEST_FOR_WEEK} are needed; widen the dates, the area or the sources.",
        )
    weights = hour_table(known["occurred_from"], known["occurred_to"], tz=time_zone)
    smooth = smooth_week(weights, spread_h=spread_h, spread_days=spread_days)
    return Week(weights, smooth, len(known), len(ordered) - len(known), spread_h)


def _round_kernel(size: int, spread: float) -> Numbers:
    """Return weights between places on a circle, wrapped Gaussian, rows and columns adding up to 1."""
    if spread < _NO_SPREAD:
        return np.eye(size)
    step = np.minimum(np.arange(size), size - np.arange(size))  # the same both ways to the last digit
    laps = np.arange(-3, 4)[:, None] * size
    row = np.exp(-0.5 * ((step + laps) / spread) ** 2).sum(axis=0)
    whole: Numbers = circulant(row / row.sum())
    return whole
