"""Two periods side by side and runs of periods: by hand, against scipy, and by simulation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from scipy import stats

from safespace.errors import InputError, TooFewError
from safespace.hotspots import compare_periods, e_test, find_trend


def test_six_after_three_may_be_half_or_twelvefold():
    row = compare_periods(pd.Series({7: 3}), pd.Series({7: 6}), days_before=30, days_after=30).loc[7]
    assert row["ratio"] == 2
    assert row[["lower", "upper"]].round(2).tolist() == [0.43, 12.36]
    # 6 or more of 9 by a fair coin: (84 + 36 + 9 + 1) / 512, both sides
    assert row["p_value"] == pytest.approx(2 * 130 / 512)


@pytest.mark.parametrize("days", [(30, 30), (365, 28), (10, 100)])
def test_ratio_and_interval_are_the_binomial_ones(days):
    rng = np.random.default_rng(1)
    before, after = (pd.Series(rng.poisson(4, 60), index=range(60)) for _ in range(2))
    found = compare_periods(before, after, days_before=days[0], days_after=days[1], level=0.9)
    for cell, row in found.iterrows():
        x, n = int(after[cell]), int(after[cell] + before[cell])
        usual = days[1] / sum(days)
        ends = stats.binomtest(x, n).proportion_ci(0.9, method="exact")
        scale = days[0] / days[1]
        assert row["lower"] == pytest.approx(scale * ends.low / (1 - ends.low))
        if ends.high < 1:
            assert row["upper"] == pytest.approx(scale * ends.high / (1 - ends.high))
        tails = [stats.binomtest(x, n, usual, alternative=side).pvalue for side in ("less", "greater")]
        assert row["p_value"] == pytest.approx(min(2 * min(tails), 1))
    np.testing.assert_allclose(found["q_value"], stats.false_discovery_control(found["p_value"]))


def test_cells_join_and_those_without_events_are_left_out():
    found = compare_periods(pd.Series({1: 4, 2: 0}), pd.Series({3: 5, 2: 0}), days_before=7, days_after=7)
    assert found.index.tolist() == [1, 3]
    assert found["ratio"].tolist() == [0, np.inf]
    assert found["upper"].tolist()[1] == np.inf
    assert found["lower"].iloc[1] > 0
    with pytest.raises(InputError, match="no days"):
        compare_periods(pd.Series({1: 4}), pd.Series({1: 5}), days_before=0, days_after=7)


def test_the_ratio_interval_covers_and_no_change_is_seldom_called_one():
    rng = np.random.default_rng(2)
    before, after = (pd.Series(rng.poisson(mean, 4000)) for mean in (8, 12))
    found = compare_periods(before, after, days_before=100, days_after=100)
    assert ((found["lower"] <= 1.5) & (found["upper"] >= 1.5)).mean() >= 0.95
    same = compare_periods(before, pd.Series(rng.poisson(8, 4000)), days_before=100, days_after=100)
    assert (same["p_value"] <= 0.05).mean() <= 0.05


def plain_e_test(before, after, days_before, days_after):
    """Return the E-test's probability by a loop in fractions, where ties are ties."""

    def apart(x, y):
        gap, spread = x * days_after - y * days_before, x * days_after**2 + y * days_before**2
        return Fraction(gap**2, spread) if spread else Fraction(0)

    rate, seen = (before + after) / (days_before + days_after), apart(before, after)
    most = 40 + 4 * (before + after)
    chance = [stats.poisson.pmf(np.arange(most), rate * days) for days in (days_before, days_after)]
    return sum(chance[0][x] * chance[1][y] for x in range(most) for y in range(most) if apart(x, y) >= seen)


@pytest.mark.parametrize(
    "pair", [(3, 6, 30, 30), (2, 0, 28, 365), (3, 1, 90, 30), (1, 1, 90, 90), (0, 7, 30, 30)]
)
def test_the_e_test_counts_every_tie(pair):
    before, after, *days = pair
    ours = e_test([before], [after], days_before=days[0], days_after=days[1])[0]
    assert ours == pytest.approx(min(plain_e_test(*pair), 1), abs=1e-9)


def test_the_e_test_is_scipys_but_for_ties_lost_to_rounding():
    rng = np.random.default_rng(4)
    same = 0
    for mean in rng.choice([0.5, 3, 20, 300], 60):
        (before, after), days = rng.poisson(mean, 2), rng.choice([30, 365, 28, 91], 2, replace=False)
        theirs = stats.poisson_means_test(before, days[0], after, days[1]).pvalue
        ours = e_test([before], [after], days_before=days[0], days_after=days[1])[0]
        assert ours >= theirs - 1e-9
        same += ours == pytest.approx(theirs, abs=1e-9)
    assert same >= 50
    assert e_test([], [], days_before=1, days_after=1).shape == (0,)


def test_the_e_test_by_hand():
    # one in two days at the rate of one half: all but nothing at all differ by as much, and nothing is half as far
    # |T| of (1, 0) is 1; only (x, x) are nearer: 1 - sum of Poisson(1/2) squared
    near = (stats.poisson.pmf(np.arange(30), 0.5) ** 2).sum()
    # pairs such as (2, 1) and (1, 2): 1 / sqrt(3) is nearer too
    grid = np.arange(30)
    closer = sum(
        stats.poisson.pmf(x, 0.5) * stats.poisson.pmf(y, 0.5)
        for x in grid for y in grid if x != y and (x - y) ** 2 < x + y
    )  # fmt: skip
    assert e_test([1], [0], days_before=1, days_after=1)[0] == pytest.approx(1 - near - closer, abs=1e-9)
    found = compare_periods(pd.Series({1: 1, 2: 9}), pd.Series({1: 0, 2: 30}), days_before=1, days_after=1)
    np.testing.assert_allclose(found["e_q_value"], stats.false_discovery_control(found["e_p_value"]))
    assert (found["e_p_value"] <= found["p_value"]).all()  # the exact one gives a little away


def test_the_e_test_holds_its_level():
    counts = np.arange(60)
    for mean, ratio in ((0.5, 1), (2, 3), (5, 1), (5, 3)):
        before, after = np.meshgrid(counts, counts, indexing="ij")
        p = e_test(before.ravel(), after.ravel(), days_before=1, days_after=ratio).reshape(60, 60)
        chance = stats.poisson.pmf(before, mean) * stats.poisson.pmf(after, mean * ratio)
        assert chance[p <= 0.05].sum() <= 0.055


@pytest.mark.parametrize("spread", [2, 30])
def test_a_trend_with_ties_is_pymannkendalls(spread):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        counts = pd.Series(rng.integers(0, spread, 8 + seed) + (seed % 3) * np.arange(8 + seed) // 4)
        ours, theirs = find_trend(counts), pymannkendall.original_test(counts.to_numpy())
        assert ours.s == theirs.s
        assert ours.p_value == pytest.approx(theirs.p, abs=1e-12)
        assert ours.slope == pytest.approx(theirs.slope, abs=1e-12)


def test_a_trend_by_hand():
    # 26 rises, two ties of two: variance (8 x 7 x 21 - 2 x 18) / 18 = 63.33, z = 25 / 7.96
    trend = find_trend(pd.Series([1, 2, 2, 3, 4, 4, 5, 6]))
    assert trend.s == 26
    assert trend.p_value == pytest.approx(2 * stats.norm.sf(25 / np.sqrt(63 + 1 / 3)))
    assert find_trend(pd.Series([6, 5, 4, 4, 3, 2, 2, 1])).s == -26


def test_a_trend_is_steady_at_its_own_level():
    rising = pd.Series([1, 2, 2, 3, 4, 4, 5, 6])  # p = 0.0017
    assert find_trend(rising).steady
    assert find_trend(rising, level=0.998).steady
    assert not find_trend(rising, level=0.9985).steady
    assert not find_trend(pd.Series([3] * 12), level=0.5).steady


def test_a_slope_is_theil_and_sens():
    counts = pd.Series(np.random.default_rng(3).poisson(10, 24) + np.arange(24))
    assert find_trend(counts).slope == pytest.approx(stats.theilslopes(counts, np.arange(24)).slope)


def test_flat_and_random_runs_show_no_trend():
    assert find_trend(pd.Series([3] * 12)).p_value == 1
    p = [find_trend(pd.Series(np.random.default_rng(s).poisson(5, 12))).p_value for s in range(400)]
    assert np.mean(np.array(p) <= 0.05) <= 0.07


def test_too_few_periods_are_refused_with_how_many_would_do():
    with pytest.raises(TooFewError, match=r"too few periods .* Seen: 7 periods\. At least 8 are needed"):
        find_trend(pd.Series(range(7)))
