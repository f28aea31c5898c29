"""Did what we did make a difference: before and after, held against places where nothing was done.

Two figures stand side by side because they assume different things about what would have happened anyway:
the weighted displacement difference takes the comparison's change in *numbers*, the rate ratio its change in
*proportion*. A claim is made only when both agree and the counts were large enough to have shown a change
worth talking about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from safespace import cells
from safespace.display import in_html, in_short
from safespace.errors import InputError, SchemaError, SettingsError, TooFewError
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shapely.geometry.base import BaseGeometry

Verdict: TypeAlias = Literal["too few", "no difference", "fewer", "more", "disagree"]
BeforeAfter: TypeAlias = tuple[int, int]

ROLES = ("treated", "control", "displacement", "displacement_control")
# Proposals for sign-off, as every threshold: the largest change that may stay undetectable, and the chance of
# detecting it.
LARGEST_UNDETECTABLE = 0.5
POWER = 0.8
LEVEL = 0.95
MOST_SHARED = 0.001  # of the smaller area: outlines drawn one by one overlap by slivers
# Before and after with a comparison area (Sherman and others 1998; the scale runs from 1 to 5).
MARYLAND_LEVEL = 3

_WORDS: Mapping[Verdict, str] = MappingProxyType(
    {
        "too few": "Too few to say.",
        "no difference": "Not distinguishable from no difference.",
        "fewer": "Fewer reports than the comparison leads one to expect.",
        "more": "More reports than the comparison leads one to expect; more telling looks the same.",
        "disagree": "The two ways of comparing disagree, so no claim is made.",
    }
)


@dataclass(frozen=True)
class PeriodCounts:
    """Events before and after, where something was done and where not.

    Parameters
    ----------
    treated
        Where something was done, ``(before, after)``.
    control
        The comparison: like places where nothing was done.
    displacement
        Around the treated places, where trouble may have moved or benefits spread.
    displacement_control
        The comparison for those.
    """

    treated: BeforeAfter
    control: BeforeAfter
    displacement: BeforeAfter = (0, 0)
    displacement_control: BeforeAfter = (0, 0)

    def __post_init__(self) -> None:
        negative = {role: getattr(self, role) for role in ROLES if min(getattr(self, role)) < 0}
        if negative:
            raise InputError(
                "Counts cannot be negative.",
                code="evaluation-counts-negative",
                seen=negative,
                remedy="Give zero or more for each.",
            )


@dataclass(frozen=True)
class Difference:
    """The weighted displacement difference with its interval, in events per period as long as the one before."""

    value: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Ratio:
    """The rate ratio, treated over comparison, after over before, with its interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class EvaluationMethod:
    """What was chosen before the counts were looked at.

    Parameters
    ----------
    level
        Probability of the intervals.
    power
        Chance with which the detectable change would have shown.
    largest_undetectable
        The largest change that may stay undetectable before the counts are called too few.
    after_per_before
        Length of the period after as a multiple of the one before.
    dispersion
        Variance of the counts as a multiple of their mean.
    maryland_level
        Of the design, 1 to 5.
    """

    level: float
    power: float = POWER
    largest_undetectable: float = LARGEST_UNDETECTABLE
    after_per_before: float
    dispersion: float
    maryland_level: int = MARYLAND_LEVEL


@dataclass(frozen=True)
class Evaluation:
    """What can be said about an intervention.

    ``detectable_change`` is the smallest fall that counts like those before would have shown, as a share:
    0.59 says that nothing less than minus 59 % would. ``claim`` says whether the verdict is one.
    """

    counts: PeriodCounts
    difference: Difference
    ratio: Ratio
    detectable_change: float
    verdict: Verdict
    sentence: str
    caveats: tuple[str, ...]
    method: EvaluationMethod

    __repr__ = in_short
    _repr_html_ = in_html

    @property
    def claim(self) -> bool:
        """Whether a difference is claimed."""
        return self.verdict in {"fewer", "more"}


def evaluate(
    counts: PeriodCounts, *, after_per_before: float = 1.0, dispersion: float = 1.0, level: float = LEVEL
) -> Evaluation:
    """Compare before and after with the comparison areas, and say only what the counts can carry.

    Parameters
    ----------
    counts
        Events (de-duplicated reports) by role.
    after_per_before
        Length of the period after as a multiple of the one before.
    dispersion
        Variance of the counts as a multiple of their mean; 1 for Poisson counts, more when reports come in
        bursts.
    level
        Confidence level of the intervals.

    Returns
    -------
    Evaluation

    Raises
    ------
    TooFewError
        When nothing was reported before in the treated places or in the comparison.
    SettingsError
        When an option is out of range.

    Examples
    --------
    Down by 40 %, one might say; the comparison fell too, and the counts are small.

    >>> found = evaluate(PeriodCounts(treated=(50, 30), control=(60, 55)))
    >>> found.verdict, round(found.difference.value), round(found.ratio.value, 2)
    ('too few', -15, 0.65)
    >>> print(found.sentence)
    Too few to say. 15 fewer reports than the comparison leads one to expect (95 % interval: 42 fewer to 12 more); rate ratio 0.65 (0.37 to 1.17). With 50 before, only a fall of 59 % or more would have shown.
    """
    _check_options(after_per_before, dispersion, level)
    detectable = detectable_change(
        counts.treated[0],
        counts.control[0],
        after_per_before=after_per_before,
        dispersion=dispersion,
        level=level,
    )
    options = {"after_per_before": after_per_before, "dispersion": dispersion, "level": level}
    difference, ratio = weighted_displacement_difference(counts, **options), rate_ratio(counts, **options)
    verdict = _verdict(difference, ratio, detectable)
    return Evaluation(
        counts=counts,
        difference=difference,
        ratio=ratio,
        detectable_change=detectable,
        verdict=verdict,
        sentence=_sentence(verdict, counts, difference, ratio, detectable, level),
        caveats=_caveats(counts, after_per_before, dispersion),
        method=EvaluationMethod(level=level, after_per_before=after_per_before, dispersion=dispersion),
    )


def weighted_displacement_difference(
    counts: PeriodCounts, *, after_per_before: float = 1.0, dispersion: float = 1.0, level: float = LEVEL
) -> Difference:
    """Return the change beyond the comparison's, displacement included.

    Parameters
    ----------
    counts, after_per_before, dispersion, level
        As for :func:`evaluate`.

    Returns
    -------
    Difference
        Negative when there were fewer events than expected.

    Notes
    -----
    Change in treated minus change in control, plus the same for the displacement areas; its variance is the sum
    of all the counts (Wheeler & Ratcliffe 2018, doi 10.1186/s40163-018-0085-5). Counts after are scaled to the
    length of the period before. It assumes that treated and comparison would have changed by the same
    *number*, which misleads when the comparison is much busier or quieter: see :func:`rate_ratio` beside it.

    Examples
    --------
    >>> found = weighted_displacement_difference(PeriodCounts((50, 30), (60, 55)))
    >>> found.value, round(found.standard_error, 2), round(found.lower, 1), round(found.upper, 1)
    (-15.0, 13.96, -42.4, 12.4)
    """
    signs = {"treated": 1, "control": -1, "displacement": 1, "displacement_control": -1}
    pairs = {role: getattr(counts, role) for role in ROLES}
    value = sum(signs[role] * (after / after_per_before - before) for role, (before, after) in pairs.items())
    variance = sum(before + after / after_per_before**2 for before, after in pairs.values())
    error = math.sqrt(dispersion * variance)
    reach = _z(level) * error
    return Difference(float(value), error, value - reach, value + reach)


def rate_ratio(
    counts: PeriodCounts, *, after_per_before: float = 1.0, dispersion: float = 1.0, level: float = LEVEL
) -> Ratio:
    """Return the treated places' ratio of after to before over the comparison's.

    Parameters
    ----------
    counts, after_per_before, dispersion, level
        As for :func:`evaluate`. The lengths of the periods cancel; displacement areas are not used.

    Returns
    -------
    Ratio
        Below 1 when there were fewer events than expected.

    Notes
    -----
    The interval is Wald's on the logarithm, whose variance is the sum of the four counts' reciprocals. When one
    of them is zero a half is added to each (Haldane 1956, doi 10.1111/j.1469-1809.1955.tb01285.x). It
    assumes that treated and comparison would have changed in the same *proportion*.

    Examples
    --------
    >>> found = rate_ratio(PeriodCounts((50, 30), (60, 55)))
    >>> round(found.value, 2), round(found.lower, 2), round(found.upper, 2)
    (0.65, 0.37, 1.17)
    """
    del after_per_before
    cells = [*counts.treated, *counts.control]
    half = 0.5 if min(cells) == 0 else 0.0
    before, after, control_before, control_after = (cell + half for cell in cells)
    value = (after / before) / (control_after / control_before)
    error = math.sqrt(dispersion * (1 / before + 1 / after + 1 / control_before + 1 / control_after))
    reach = math.exp(_z(level) * error)
    return Ratio(value, value / reach, value * reach)


def detectable_change(
    treated_before: int,
    control_before: int,
    *,
    after_per_before: float = 1.0,
    dispersion: float = 1.0,
    level: float = LEVEL,
    power: float = POWER,
) -> float:
    """Return the smallest fall that would probably show, for planning and for refusing.

    Parameters
    ----------
    treated_before, control_before
        Events before.
    after_per_before, dispersion, level
        As for :func:`evaluate`.
    power
        The chance with which it should show.

    Returns
    -------
    float
        A share of the events expected: 0.3 is a fall of 30 %. Always below 1.

    Raises
    ------
    TooFewError
        When there is nothing to compare with.

    Notes
    -----
    The fall at which the logarithm of the rate ratio is as many standard errors from zero as level and power ask
    for together, the comparison staying as it was. It needs no counts from after, so it can be worked
    out, and written down, before anything is done.

    Examples
    --------
    >>> round(detectable_change(50, 60), 2), round(detectable_change(500, 600), 2)
    (0.59, 0.22)
    """
    if treated_before < 1 or control_before < 1:
        raise TooFewError(
            "Nothing was reported before, so a change cannot be told.",
            code="nothing-before",
            seen=f"treated {treated_before}, control {control_before}",
            remedy="Use a longer period before, or larger places.",
        )
    reach = _z(level) + NormalDist().inv_cdf(power)

    def missing(log_ratio: float) -> float:
        after = treated_before * after_per_before * math.exp(log_ratio)
        control = 1 / control_before + 1 / (control_before * after_per_before)
        error = math.sqrt(dispersion * (1 / treated_before + 1 / after + control))
        return -log_ratio - reach * error

    # Past the lowest logarithm at which the error still shrinks slower than the ratio there is no answer.
    lowest = next((x for x in (-k / 20 for k in range(1, 200)) if missing(x) >= 0), None)
    return 1 - math.exp(brentq(missing, lowest, 0.0)) if lowest is not None else 1 - 1e-9


def count_periods(
    reports: pd.DataFrame,
    roles: pd.Series,
    *,
    before: tuple[datetime, datetime],
    after: tuple[datetime, datetime],
) -> PeriodCounts:
    """Count events before and after in the places of each role.

    Parameters
    ----------
    reports
        With ``event_id`` and ``occurred_from``.
    roles
        Role of each report (``treated, control, displacement, displacement_control``), row by row, missing where it has
        none; from :func:`roles_by_ground`.
    before, after
        Half-open periods of ``occurred_from``, moments with a time zone.

    Returns
    -------
    PeriodCounts

    Raises
    ------
    InputError
        When the periods overlap or a role is not one of the four.
    SchemaError
        When a column is missing.

    Notes
    -----
    Repeated pins are one event. Places whose counts before were what led to the intervention tend to fall by
    themselves (regression to the mean); choose the comparison by the same rule.
    """
    _check_periods(roles, before, after)
    missing = [name for name in ("event_id", "occurred_from") if name not in reports]
    if missing:
        raise SchemaError(
            "Columns are missing.",
            code="columns-missing",
            where="reports",
            seen=f"no {', '.join(missing)}",
            remedy="Give the table with these columns.",
        )
    pairs: dict[str, BeforeAfter] = {}
    for name in ROLES:
        placed = reports[(roles == name).to_numpy()]
        pairs[name] = (_events(placed, *before), _events(placed, *after))
    return PeriodCounts(**pairs)


def roles_by_ground(reports: pd.DataFrame, areas: Mapping[str, BaseGeometry]) -> pd.Series:
    """Return the role of each report: that of the area whose outline it lies in, missing where it lies in none.

    Parameters
    ----------
    reports
        With ``lon`` and ``lat``, degrees (EPSG:4326).
    areas
        The outline of each role, EPSG:4326. In a sliver that two outlines share, the one named first has the report.

    Raises
    ------
    InputError
        When two areas share more than a thousandth of the smaller.
    """
    for (one, first), (other, second) in combinations(areas.items(), 2):
        shared = first.intersection(second).area / min(first.area, second.area)
        if shared > MOST_SHARED:
            raise InputError(
                "Two of the areas share ground.",
                code="areas-share-ground",
                seen=f"{shared:.0%} of the smaller of the areas {one} and {other}",
                remedy="Choose areas that lie apart.",
            )
    role = np.full(len(reports), None, dtype=object)
    for name, area in reversed(tuple(areas.items())):
        role[cells.lies_in(reports["lon"], reports["lat"], area)] = name
    return pd.Series(role, index=reports.index)


def _events(reports: pd.DataFrame, since: datetime, until: datetime) -> int:
    inside = (reports["occurred_from"] >= since) & (reports["occurred_from"] < until)
    return int(reports.loc[inside, "event_id"].nunique())


def _check_periods(
    roles: pd.Series, before: tuple[datetime, datetime], after: tuple[datetime, datetime]
) -> None:
    strange = sorted(set(roles.dropna()) - set(ROLES))
    if strange:
        raise InputError(
            "Not a role of a place.",
            code="place-role-unknown",
            seen=", ".join(map(str, strange)),
            remedy=f"Use: {', '.join(ROLES)}.",
        )
    if not before[0] < before[1] <= after[0] < after[1]:
        raise InputError(
            "The period before must end before the one after starts.",
            code="evaluation-periods-overlap",
            seen=f"{before[0]} to {before[1]}, {after[0]} to {after[1]}",
            remedy="Choose periods that do not overlap, the earlier one first.",
        )


def _check_options(after_per_before: float, dispersion: float, level: float) -> None:
    wrong = {
        "after_per_before": after_per_before if after_per_before <= 0 else None,
        "dispersion": dispersion if dispersion < 1 else None,
        "level": level if not 0 < level < 1 else None,
    }
    seen = {name: value for name, value in wrong.items() if value is not None}
    if seen:
        raise SettingsError(
            "Some options are out of range.",
            code="evaluation-options",
            where="evaluation",
            seen=seen,
            remedy="Give these options within their range.",
        )


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def _verdict(difference: Difference, ratio: Ratio, detectable: float) -> Verdict:
    if detectable > LARGEST_UNDETECTABLE:
        return "too few"
    by_number = _side(difference.lower, difference.upper, 0.0)
    by_share = _side(ratio.lower, ratio.upper, 1.0)
    if by_number != by_share:
        return "disagree"
    return by_number


def _side(lower: float, upper: float, nothing: float) -> Literal["fewer", "more", "no difference"]:
    if upper < nothing:
        return "fewer"
    return "more" if lower > nothing else "no difference"


def _sentence(
    verdict: Verdict,
    counts: PeriodCounts,
    difference: Difference,
    ratio: Ratio,
    detectable: float,
    level: float,
) -> str:
    span = f"{percent(level)} interval: "
    said = (
        f"{_WORDS[verdict]} {_number(difference.value).capitalize()} than the comparison leads one to expect "
        f"({span}{_number(difference.lower, '')} to {_number(difference.upper, '')}); "
        f"rate ratio {ratio.value:.2f} ({ratio.lower:.2f} to {ratio.upper:.2f})."
    )
    if verdict in {"too few", "no difference"}:
        share = detectable * 100
        least = f"only a fall of {share:.0f} % or more" if share < 99.5 else "no fall"
        said += f" With {counts.treated[0]} before, {least} would have shown."
    return said


def _number(value: float, noun: str = " reports") -> str:
    """Say a difference in whole reports: ``15 fewer reports``."""
    whole = round(value)
    if whole == 0:
        return f"no fewer{noun}" if not noun else f"no fewer and no more{noun}"
    return (
        f"{abs(whole)} {'fewer' if whole < 0 else 'more'}{noun if abs(whole) > 1 else noun.removesuffix('s')}"
    )


def _caveats(counts: PeriodCounts, after_per_before: float, dispersion: float) -> tuple[str, ...]:
    caveats = [
        "Reports are what people told; more of them is more trouble, more telling or both.",
        "Places chosen because they were high tend to fall by themselves.",
        "A comparison cannot rule out something else that happened in one of the two places and not in the other.",
    ]
    if not any((*counts.displacement, *counts.displacement_control)):
        caveats.append("No displacement areas were counted, so moving next door would not show.")
    if after_per_before != 1.0:
        caveats.append("The periods differ in length; a season may be in one and not in the other.")
    if dispersion == 1.0:
        caveats.append("The intervals take reports to come one by one; bursts would make them wider.")
    return tuple(caveats)
