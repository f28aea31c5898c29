"""Whether the places found in the past are where the next events fall, beside simpler ways to choose them.

A map that looks right is easy; a map that captures more of next month than last month's own count is not.
Every figure here is made from counts before a date and judged on counts after it, at a stated share of the
area, with an interval from resampling the later periods.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from safespace.cells import areas_km2, locate, on_ground
from safespace.errors import InputError, TooFewError
from safespace.hotspots.model import Method, clear_dispersion, fit_cells
from safespace.hotspots.ordering import order_cells
from safespace.hotspots.peers import LAST, scores_from
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

logger = logging.getLogger(__name__)

SHARES = (0.01, 0.03, 0.05, 0.10)  # of the area
FEWEST_LATER = 4  # periods to resample; with fewer an interval says nothing
PUBLISHED = "published list"
RANDOM = "random"
MOST_LATER = 12
_TOLD = 0.03  # the share of the area that the one line of a brief is about, where that holds a cell
FEWEST_JUDGED = 20  # later events; with fewer a share is anybody's guess


@dataclass(frozen=True)
class Validation:
    """How well places chosen from the past held the events of later periods.

    Parameters
    ----------
    table
        One row a method and share of the area: ``method``, ``area_share``, ``captured`` (later events in
        the chosen area), ``hit_rate``, ``pai``, ``rri``, ``pei``, ``pei_star``, each of the last five with
        ``_lower`` and ``_upper``, and ``over_last`` (probability of capturing more than the last period's
        counts would; one half is no difference).
    earlier, later
        Events before and after the cut.
    periods
        How many periods were learnt from and judged on.
    cells
        How many cells there were to choose from.
    level
        Probability of the intervals.
    noun
        What a period is: "month", "week", "quarter", or "period" where that is not known.
    left_out
        Periods that rows covered only part of.
    """

    table: pd.DataFrame
    earlier: int
    later: int
    periods: tuple[int, int]
    cells: int
    level: float
    noun: str = "period"
    left_out: tuple[str, ...] = ()

    def basis(self) -> str:
        """Say in one line what the figures rest on."""
        learnt, judged = self.periods
        part = f" Left out, as rows cover only part: {', '.join(self.left_out)}." if self.left_out else ""
        return (
            f"Learnt from {self.earlier:,} events in {learnt} periods, judged on {self.later:,} in the next "
            f"{judged}, {self.cells:,} cells. Intervals {percent(self.level, space='')}, from resampling whole periods."
            f"{part}"
        )

    def shown(self) -> pd.DataFrame:
        """Return the table for reading: each figure with its interval in brackets."""
        told = self.table[["method", "area_share", "captured"]].assign(
            area_share=[percent(share) for share in self.table["area_share"]],
            captured=self.table["captured"].round(1),
        )
        for figure, digits in (("hit_rate", 3), ("pai", 2), ("rri", 2), ("pei", 2), ("pei_star", 2)):
            held = self.table[[figure, f"{figure}_lower", f"{figure}_upper"]].to_numpy()
            told[figure] = [
                f"{at:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})" for at, low, high in held
            ]
        return told.assign(over_last=self.table["over_last"].round(3))

    def line(self) -> str:
        """Say in a line for briefs and lists how much of what came next the published order held.

        Returns
        -------
        str
            About the first 3 % of the area (the next share judged where that is less than a cell), beside the last period's count;
            and what it was made from, as the list it stands under is made from later events too. Where there are too
            few later events or cells, that there is too little to judge by.
        """
        few = self._too_little()
        if few:
            return f"Too little to judge this order by: {few}."
        rows = self.table[np.isclose(self.table["area_share"], self._told_about())].set_index("method")
        held, share = (
            rows[["hit_rate", "hit_rate_lower", "hit_rate_upper"]].T.to_dict("dict"),
            self._told_about(),
        )
        ours, last = held[PUBLISHED], held[LAST]
        low, high = (in_words(ours[f"hit_rate_{end}"]) for end in ("lower", "upper"))
        learnt, judged = (_spelt(number, self.noun) for number in self.periods)
        doubt = " That is not told apart from places at random." if ours["hit_rate_lower"] <= share else ""
        return (
            f"In the {judged} after, the first {percent(share)} of the area held {in_words(ours['hit_rate'])} "
            f"({percent(self.level)} interval {low} to {high}) of events; last {self.noun}'s count "
            f"{in_words(last['hit_rate'])}.{doubt} Judged on an order made in the same way from the {learnt} before."
        )

    def _told_about(self) -> float:
        """Return the first share of the area from 3 % on that holds a cell, or 0 where none does."""
        shares = [share for share in np.unique(self.table["area_share"]) if share * self.cells >= 1 - 1e-9]
        return float(min((share for share in shares if share >= _TOLD - 1e-9), default=0.0))

    def _too_little(self) -> str:
        if self.later < FEWEST_JUDGED:
            kept = _spelt(self.periods[1], self.noun)
            return f"{self.later:,} events in the {kept} kept back, where {FEWEST_JUDGED} are the fewest"
        largest = percent(self.table["area_share"].max())
        return "" if self._told_about() else f"{self.cells:,} cells, of which {largest} is less than one"


def in_words(share: float) -> str:
    """Return a share that was measured, in per cent to a tenth.

    Examples
    --------
    >>> in_words(0.4249), in_words(0.0)
    ('42.5 %', '0.0 %')
    """
    return f"{100 * share:.1f} %"


def _spelt(number: int, noun: str) -> str:
    return "year" if (number, noun) == (12, "month") else f"{number} {noun}s"


def count_by_period(reports: pd.DataFrame, cells: pd.DataFrame, *, freq: str = "M") -> pd.DataFrame:
    """Return the events of each cell inside the area in each period.

    Parameters
    ----------
    reports
        Placed reports; an event counts once, with its earliest pin.
    cells
        Cells frame; those at the edge are left out, and so is what lies on the far side of its outline.
    freq
        A pandas period: "M" months, "W-SUN" weeks from Monday, "Q" quarters.

    Returns
    -------
    pandas.DataFrame
        Whole numbers, one row a cell (index) and one column a period, none left out between the first and
        the last; the period is that of ``occurred_from`` in local time.

    Raises
    ------
    TooFewError
        When no event falls inside.
    """
    column = f"cell_{h3.get_resolution(int(cells['cell'].iloc[0]))}" if len(cells) else "cell_9"
    first = reports.sort_values(["occurred_from", "report_id"], kind="stable").drop_duplicates("event_id")
    if "ground" in cells:
        first = first[on_ground(first[column], first["lon"], first["lat"], cells)]
    local = first["occurred_from"].dt.tz_convert("Europe/London").dt.tz_localize(None)
    days = pd.DataFrame(
        {"cell": first[column].to_numpy(), "day": local.dt.normalize().to_numpy(), "events": 1}
    )
    return sum_periods(days, cells, freq=freq)


def sum_periods(days: pd.DataFrame, cells: pd.DataFrame, *, freq: str = "M") -> pd.DataFrame:
    """Return the events of each cell inside the area in each period, from counts by day.

    Parameters
    ----------
    days
        ``cell, day, events`` (:func:`safespace.cells.count_days`), local days.
    cells, freq
        As in :func:`count_by_period`, and so is what is returned.

    Raises
    ------
    TooFewError
        When no event falls inside.
    """
    inside = cells.loc[~cells["edge"], "cell"].to_numpy()
    if not len(inside):
        raise TooFewError(
            "No cell lies inside the area.",
            code="no-cell-in-area",
            seen=f"{len(cells)} cells at the edge",
            remedy="Choose a finer resolution or a larger area.",
        )
    held = days[days["cell"].isin(inside)]
    if held.empty:
        raise TooFewError(
            "No event falls inside the area.",
            code="no-event-in-area",
            seen=f"{int(days['events'].sum())} events in other cells",
            remedy="At least one is needed; widen the dates, the area or the sources.",
        )
    period = held["day"].dt.to_period(freq)
    every = pd.period_range(period.min(), period.max(), freq=freq)
    summed = held.assign(period=period).pivot_table(
        index="cell", columns="period", values="events", aggfunc="sum", fill_value=0
    )
    whole = summed.reindex(index=inside, columns=every, fill_value=0).astype("int64")
    return whole.rename_axis(index="cell", columns="period")


def whole_periods(counts: pd.DataFrame, first: date, last: date) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the periods that lie within what is known, and the names of those left out.

    Parameters
    ----------
    counts
        From :func:`sum_periods`.
    first, last
        First and last day for which rows would have been received, both included.

    Examples
    --------
    >>> from datetime import date
    >>> months = pd.period_range("2022-01", "2022-03", freq="M", name="period")
    >>> counts = pd.DataFrame([[4, 5, 1]], columns=months)
    >>> kept, left_out = whole_periods(counts, date(2022, 1, 1), date(2022, 3, 9))
    >>> list(kept.columns.astype(str)), left_out
    (['2022-01', '2022-02'], ('2022-03',))
    """
    periods = pd.PeriodIndex(counts.columns)
    starts, ends = periods.start_time.date, periods.end_time.date
    whole = (starts >= first) & (ends <= last)
    return counts.loc[:, whole], tuple(periods[~whole].astype(str))


def validate(
    counts: pd.DataFrame,
    cells: pd.DataFrame,
    *,
    later: int,
    seed: int,
    scores: Mapping[str, pd.Series] | None = None,
    shares: Sequence[float] = SHARES,
    replicates: int = 999,
    level: float = 0.95,
) -> Validation:
    """Judge the published order and the usual ways to choose places on periods they have not seen.

    Parameters
    ----------
    counts
        From :func:`count_by_period`: all periods in order.
    cells
        The cells frame it was counted in; its ``exposure`` the baseline as it was known before the later periods.
    later
        How many of the last periods are kept back to judge on, four or more.
    seed
        Of the resampling.
    scores
        More methods by name: the higher a cell's value the sooner it is chosen, indexed by cell. Made from
        the earlier periods only; that cannot be checked here.
    shares
        Shares of the area, between 0 and 1.
    replicates
        How often the later periods are resampled.
    level
        Probability of the intervals.

    Raises
    ------
    InputError
        When a share is not between 0 and 1, or a method's scores miss a cell.
    TooFewError
        When there are fewer than two earlier or four later periods, or no events in either.

    Notes
    -----
    PAI is the share of events captured over the share of the area; random places have 1. PEI divides it by
    the highest PAI any choice within the shares tried could have had, PEI* by that of the same size.
    RRI is the share captured later over the share captured earlier: below 1 is regression to the mean, and
    all methods that learn from counts have it. Cells with equal scores are taken in part, and the last
    cell is cut to the size, so every method has exactly the same area. Whole periods are resampled
    because events of one week are not independent; few periods resample too narrowly, so the intervals are
    widened as Student's are (Hesterberg's expanded percentiles), and then hold a fixed choice's PAI in 93 to
    96 % from four periods on (80 % without, at four). The best choice is made anew in each resample, so the
    intervals of PEI and PEI* lie low and promise nothing. The method's choice is taken as it is. All of it
    takes the later periods as alike: with a season or a trend in them the intervals are for their mix. That a place will have events again is no measure of what patrols find: see
    :func:`safespace.hotspots.without_patrol`.

    References
    ----------
    Chainey, S., Tompson, L. & Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial
    patterns of crime. doi:10.1057/palgrave.sj.8350066
    Levine, N. (2008). The "hottest" part of a hotspot. doi:10.1057/sj.2008.5
    Hesterberg, T. C. (2015). What teachers should know about the bootstrap. doi:10.1080/00031305.2015.1089789
    White, V. M., Hunt, J. & Green, B. (2023). A discussion of current crime forecasting indices and an
    improvement to the prediction efficiency index for applications. Security Journal.
    """
    past = counts.iloc[:, : counts.shape[1] - later]
    _check_shares(shares)
    _check_periods(past, counts.iloc[:, counts.shape[1] - later :])
    usual = {PUBLISHED: published(past, cells), **scores_from(past, cells)}
    return judge_scores(
        counts, cells, {**usual, **(scores or {})}, later=later, seed=seed, shares=shares, replicates=replicates,
        level=level,
    )  # fmt: skip


def judge_scores(
    counts: pd.DataFrame,
    cells: pd.DataFrame,
    scores: Mapping[str, pd.Series],
    *,
    later: int,
    seed: int,
    shares: Sequence[float] = SHARES,
    replicates: int = 999,
    level: float = 0.95,
) -> Validation:
    """Judge some ways to choose places, the last period's count and random places on periods not seen.

    Parameters
    ----------
    counts, cells, later, seed, shares, replicates, level
        As for :func:`validate`.
    scores
        Ways by name, as there.

    Raises
    ------
    InputError, TooFewError
        As :func:`validate`.
    """
    _check_shares(shares)
    past, future = counts.iloc[:, : counts.shape[1] - later], counts.iloc[:, counts.shape[1] - later :]
    _check_periods(past, future)
    rng = np.random.default_rng(seed)
    weights = _resampled(later, replicates, rng)
    # The first column is the periods as they are. Whole numbers as floats: exact, and quick to multiply.
    drawn = future.to_numpy(dtype=float) @ weights.T.astype(float)
    drawn = drawn[:, drawn.any(axis=0)]  # of periods without events no share can be captured
    area = cells.set_index("cell")["area_km2"].reindex(counts.index).to_numpy()
    wanted = np.sort(np.asarray(shares, dtype=float))
    best = np.column_stack([_portions(column / area, area, wanted) @ column for column in drawn.T])
    judged = _Judged(past.sum(axis="columns").to_numpy(), drawn, best, area, wanted, level, later)
    methods = {**scores, LAST: scores.get(LAST, past.iloc[:, -1] / area)}
    portions = {
        name: _portions(_values(score, counts, name), area, wanted) for name, score in methods.items()
    }
    captured = {name: portion @ drawn for name, portion in portions.items()}
    rows = [judged.told(name, portion, captured[LAST]) for name, portion in portions.items()]
    rows.append(judged.told_random(rng, captured[LAST]))
    found = Validation(
        table=pd.concat(rows, ignore_index=True),
        earlier=int(past.to_numpy().sum()),
        later=int(future.to_numpy().sum()),
        periods=(past.shape[1], later),
        cells=len(counts),
        level=level,
        noun=_noun(counts.columns),
    )
    logger.info("%s", found.basis())
    return found


def published(counts: pd.DataFrame, cells: pd.DataFrame) -> pd.Series:
    """Return what the published list would have been ordered by, given the counts of the past.

    Parameters
    ----------
    counts, cells
        As for :func:`scores_from`; ``cells`` with the baseline as it was known then.

    Returns
    -------
    pandas.Series
        Events foretold per square kilometre, indexed by cell: :func:`safespace.hotspots.order_cells`, the function that
        orders the list. Zero where there is no baseline, as such cells are never listed.
    """
    every = cells.sort_values("cell", ignore_index=True)
    events = every["cell"].map(counts.sum(axis="columns")).fillna(0).astype("int64")
    counted = every.assign(pins=events, events=events)
    # The order is the posterior's own and takes no draws.
    model = fit_cells(counted, Method(seed=0, draws=2, dispersion=_dispersion(counts)))
    ordered = order_cells(counted, model).set_index("cell")["foretold_density"]
    return ordered.reindex(counts.index, fill_value=0.0)


def _dispersion(counts: pd.DataFrame) -> float:
    try:
        return clear_dispersion(counts)
    except TooFewError:  # all in one cell or one period: nothing is known of it
        return 1.0


def _noun(periods: pd.Index) -> str:
    """Return what the periods are."""
    return (
        _NOUNS.get(str(periods.freqstr).split("-")[0], "period")
        if isinstance(periods, pd.PeriodIndex)
        else "period"
    )


_NOUNS = {"M": "month", "W": "week", "Q": "quarter"}


def judge_order(counts: pd.DataFrame, cells: pd.DataFrame, *, seed: int, level: float = 0.95) -> str:
    """Say in one line how the published order did in the periods last seen, or that there is too little to judge.

    Parameters
    ----------
    counts, cells
        From :func:`count_by_period`, whole periods only, and the cells they were counted in, with the baseline as it
        was known before the last half of them.
    seed
        Of the resampling.
    level
        Probability of the interval.

    Returns
    -------
    str
        :meth:`Validation.line`. The last half of the periods is kept back, twelve at most (:func:`kept_back`).
    """
    later = kept_back(counts.shape[1])
    if not (cells.loc[~cells["edge"], "exposure"] > 0).any():
        return (
            "Too little to judge this order by. The baseline holds nothing from before the periods kept back."
        )
    try:
        past = counts.iloc[:, : counts.shape[1] - later]
        _check_periods(past, counts.iloc[:, counts.shape[1] - later :])
        ours = {PUBLISHED: published(past, cells)}
        return judge_scores(counts, cells, ours, later=later, seed=seed, level=level).line()
    except TooFewError as error:
        return f"Too little to judge this order by. {error.what} Seen: {error.seen}."


def kept_back(periods: int) -> int:
    """Return how many of the last periods a line is judged on: half of them, from four to twelve.

    Examples
    --------
    >>> [kept_back(periods) for periods in (6, 10, 24, 60)]
    [4, 5, 12, 12]
    """
    return min(max(periods // 2, FEWEST_LATER), MOST_LATER)


def _check_shares(shares: Sequence[float]) -> None:
    wrong = [share for share in shares if not 0 < share < 1]
    if wrong or not shares:
        raise InputError(
            "A share of the area lies between 0 and 1.",
            code="area-share-out-of-range",
            seen=wrong or "none",
            remedy="Give a share such as 0.1.",
        )


def _check_periods(past: pd.DataFrame, future: pd.DataFrame) -> None:
    if past.shape[1] < 2 or future.shape[1] < FEWEST_LATER:
        raise TooFewError(
            "There are too few periods to learn from and to judge on.",
            code="too-few-periods-to-judge",
            seen=f"{past.shape[1]} earlier and {future.shape[1]} later",
            remedy=f"At least 2 and {FEWEST_LATER} are needed; use shorter periods or more of them.",
        )
    if len(past) < 2:
        seen = f"{len(past)} cells"
        raise TooFewError(
            "One cell leaves nothing to choose.",
            code="one-cell-to-choose",
            seen=seen,
            remedy="Choose a finer resolution.",
        )
    if past.to_numpy().sum() == 0 or future.to_numpy().sum() == 0:
        seen = f"{past.to_numpy().sum()} earlier and {future.to_numpy().sum()} later events"
        remedy = "At least one of each is needed; move the cut, or widen the area or the sources."
        raise TooFewError(
            "There is nothing to learn from or to judge on.",
            code="nothing-to-judge-on",
            seen=seen,
            remedy=remedy,
        )


def _values(score: pd.Series, counts: pd.DataFrame, name: str) -> Numbers:
    held = score.reindex(counts.index)
    if held.isna().any():
        seen = f"{int(held.isna().sum())} of {len(held)} cells without"
        raise InputError(
            "A method does not score every cell.",
            code="method-lacks-scores",
            where=name,
            seen=seen,
            remedy="Score every cell, with zero where nothing is expected.",
        )
    return held.to_numpy(dtype=float)


def _resampled(periods: int, replicates: int, rng: np.random.Generator) -> Whole:
    """Return how often each period is drawn, shape (1 + replicates, periods); the first row is all once."""
    drawn = rng.multinomial(periods, np.full(periods, 1 / periods), size=replicates)
    return np.vstack([np.ones((1, periods), dtype=np.int64), drawn])


def portion(score: ArrayLike, area: ArrayLike, share: float) -> Numbers:
    """Return how much of each cell is chosen: the highest first, until the share of the area is reached.

    Parameters
    ----------
    score, area
        Shape (n,).
    share
        Of the whole area, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        From 0 to 1, shape (n,); times the area it adds up to the share exactly. Equal scores at the cut are
        taken in equal part.

    Examples
    --------
    >>> portion([3, 1, 1, 0], [1.0, 1.0, 1.0, 1.0], 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    taken: Numbers = _portions(
        np.asarray(score, dtype=float), np.asarray(area, dtype=float), np.array([share])
    )[0]
    return taken


def _portions(score: Numbers, area: Numbers, shares: Numbers) -> Numbers:
    """Return :func:`portion` at each share, shape (shares, n)."""
    _, group = np.unique(-score, return_inverse=True)
    of_group = np.bincount(group, weights=area)
    before = np.cumsum(of_group) - of_group
    wanted = shares[:, None] * area.sum() - before
    taken: Numbers = np.clip(wanted / of_group, 0, 1)[:, group]
    return taken


@dataclass(frozen=True)
class _Judged:
    """What is judged: counts and areas of n cells, s shares, b resamples of the later periods.

    ``past`` (n,), ``drawn`` (n, b), ``best`` (s, b: the most any choice could capture), ``area`` (n,),
    ``periods`` how many later ones there are.
    """

    past: Whole
    drawn: Numbers
    best: Numbers
    area: Numbers
    shares: Numbers
    level: float
    periods: int

    def told(self, name: str, portions: Numbers, by_last: Numbers) -> pd.DataFrame:
        """Return the rows of a method that chose these portions."""
        captured, wider = portions @ self.drawn, widening(self.periods, self.level)
        return self._rows(name, captured, portions @ self.past, by_last, wider)

    def told_random(self, rng: np.random.Generator, by_last: Numbers) -> pd.DataFrame:
        """Return the rows of choosing at random, another choice each time the periods are resampled."""
        even = np.tile(self.shares[:, None], len(self.past))
        captured = np.empty((len(self.shares), self.drawn.shape[1]))
        captured[:, 0] = even @ self.drawn[:, 0]
        for b in range(1, captured.shape[1]):
            order = rng.random(len(self.past))
            captured[:, b] = _portions(order, self.area, self.shares) @ self.drawn[:, b]
        return self._rows(RANDOM, captured, even @ self.past, by_last, 1.0)  # the doubt is in the choice

    def _rows(
        self, name: str, captured: Numbers, before: Numbers, by_last: Numbers, wider: float
    ) -> pd.DataFrame:
        share = self.shares[:, None]
        hit_rate = captured / self.drawn.sum(axis=0)
        pai = hit_rate / share
        highest = (self.best / self.drawn.sum(axis=0) / share).max(axis=0)
        earlier = (before / self.past.sum())[:, None]
        rri = np.divide(hit_rate, earlier, out=np.zeros_like(hit_rate), where=earlier > 0)
        figures = {"hit_rate": hit_rate, "pai": pai, "rri": rri}
        # A best choice made of the same cells in another order adds up to a rounding error less.
        figures |= {"pei": np.minimum(pai / highest, 1.0), "pei_star": np.minimum(captured / self.best, 1.0)}
        ahead = captured[:, 1:] - by_last[:, 1:]
        rows = pd.DataFrame({"method": name, "area_share": self.shares, "captured": captured[:, 0]})
        for figure, values in figures.items():
            tails = np.quantile(values[:, 1:], [(1 - self.level) / 2, (1 + self.level) / 2], axis=1)
            low, high = np.clip(values[:, 0] + wider * (tails - values[:, 0]), 0.0, _MOST.get(figure, np.inf))
            low, high = np.minimum(low, values[:, 0]), np.maximum(high, values[:, 0])
            rows = rows.assign(**{figure: values[:, 0], f"{figure}_lower": low, f"{figure}_upper": high})
        return rows.assign(over_last=(ahead > 1e-9).mean(axis=1) + (np.abs(ahead) <= 1e-9).mean(axis=1) / 2)


_MOST = {"hit_rate": 1.0, "pei": 1.0, "pei_star": 1.0}


def widening(periods: int, level: float) -> float:
    """Return how many times wider an interval from resampling so few periods must be.

    Examples
    --------
    >>> [round(widening(periods, 0.95), 2) for periods in (4, 6, 9, 24)]
    [1.87, 1.44, 1.25, 1.08]
    """
    tail = (1 + level) / 2
    return float(stdtrit(periods - 1, tail) / ndtri(tail) * np.sqrt(periods / (periods - 1)))


def generalised_gini(counts: ArrayLike) -> float:
    """Return how concentrated events are over places: 0 is as even as can be.

    Parameters
    ----------
    counts
        Events of each place, whole numbers, shape (n,).

    Raises
    ------
    TooFewError
        When there are no places or no events.

    Notes
    -----
    With fewer events than places the plain coefficient is near 1 by arithmetic alone; this one is 0 when
    every event has a place to itself. All in one place gives 1 less one over the smaller of events and places.

    References
    ----------
    Bernasco, W. & Steenbeek, W. (2017). More places than crimes: implications for evaluating the law of
    crime concentration at place. doi:10.1007/s10940-016-9324-7

    Examples
    --------
    >>> round(generalised_gini([1, 1, 1, 0, 0, 0]), 3), round(generalised_gini([3, 0, 0, 0, 0, 0]), 3)
    (0.0, 0.667)
    """
    held = np.sort(np.asarray(counts, dtype=float))
    n, c = len(held), held.sum()
    if n == 0 or c <= 0:
        seen = f"{n} places, {c:g} events"
        raise TooFewError(
            "There is nothing to be concentrated.",
            code="nothing-to-concentrate",
            seen=seen,
            remedy="One event is enough.",
        )
    ranked = 2 * (np.arange(1, n + 1) * held).sum() / c - n - 1
    return float(max(1 / c, 1 / n) * ranked - max(n / c, 1) + 1)


def jaccard_across(coarse: ArrayLike, fine: ArrayLike, *, within: ArrayLike) -> float:
    """Return the share of ground chosen at either of two resolutions that is chosen at both.

    Parameters
    ----------
    coarse, fine
        Chosen H3 cells, each of one resolution, the first coarser.
    within
        All fine cells of the area.

    Returns
    -------
    float
        From 0 to 1, by area; 1 when nothing is chosen at either.

    Notes
    -----
    A fine cell is taken to lie in the coarse cell its centre is in, not in its parent by number: hexagons
    do not nest. Even a perfect finding is below 1, as a coarse cell covers ground a fine one can leave out.

    References
    ----------
    Jaccard, P. (1912). The distribution of the flora in the alpine zone.
    doi:10.1111/j.1469-8137.1912.tb05611.x
    """
    every = np.unique(np.asarray(within, dtype=np.int64))
    wide = np.asarray(coarse, dtype=np.int64)
    one = np.isin(every, np.asarray(fine, dtype=np.int64))
    other = np.zeros(len(every), dtype=bool)
    if len(wide) and len(every):
        lat_lon = np.array([h3.cell_to_latlng(cell) for cell in every.tolist()])
        resolution = h3.get_resolution(int(wide[0]))
        other = np.isin(locate(lat_lon[:, 1], lat_lon[:, 0], resolution=resolution), wide)
    area = areas_km2(every)
    either = area[one | other].sum()
    return float(area[one & other].sum() / either) if either else 1.0
