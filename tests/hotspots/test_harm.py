"""Weighted counts: worked by hand, beside Garwood where weights are one, and covering what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from safespace.errors import InputError
from safespace.hotspots import gamma_interval, garwood, weigh_counts

WEIGHTS = pd.Series({"robbery": 700.0, "theft": 80.0, "damage": 10.0})


def test_two_robberies_and_three_thefts_by_hand():
    counts = pd.DataFrame({"robbery": [2], "theft": [3], "damage": [0]}, index=["here"])
    found = weigh_counts(counts, WEIGHTS).loc["here"]
    y, v = 2 * 700 + 3 * 80, 2 * 700**2 + 3 * 80**2
    assert (y, v) == (1_640, 999_200)
    lower = v / (2 * y) * chi2.ppf(0.025, 2 * y**2 / v)
    upper = (v + 700**2) / (2 * (y + 700)) * chi2.ppf(0.975, 2 * (y + 700) ** 2 / (v + 700**2))
    assert found[["harm", "harm_lower", "harm_upper"]].tolist() == pytest.approx([y, lower, upper])
    assert (round(found["harm_lower"]), round(found["harm_upper"])) == (299, 5268)
    assert found["harm_largest"] == pytest.approx(700 / 1640)
    assert found["harm_note"] == ""


def test_with_weights_of_one_it_is_garwoods_interval():
    counts = pd.DataFrame({"a": [0, 1, 2, 9], "b": [0, 1, 0, 4]})
    found = weigh_counts(counts, pd.Series({"a": 1.0, "b": 1.0}), level=0.9)
    lower, upper = garwood(counts.sum(axis=1), level=0.9)
    assert found["harm_lower"].to_numpy() == pytest.approx(lower)
    assert found["harm_upper"].to_numpy() == pytest.approx(upper)
    assert found["harm"].tolist() == [0, 2, 2, 13]


def test_a_sum_that_one_event_makes_is_not_shown():
    counts = pd.DataFrame({"robbery": [1, 2, 0], "theft": [8, 0, 1], "damage": [0, 0, 0]})
    found = weigh_counts(counts, WEIGHTS)
    assert found["harm_note"].eq("").tolist() == [False, True, False]  # 700 of 1340, 700 of 1400, 80 of 80
    assert found[["harm", "harm_lower", "harm_upper", "harm_largest"]].isna().all(axis=1).tolist() == [
        True,
        False,
        True,
    ]


def test_no_event_bounds_the_sum_by_the_heaviest_kind():
    found = weigh_counts(pd.DataFrame({"robbery": [0], "theft": [0], "damage": [0]}), WEIGHTS).iloc[0]
    assert (found["harm"], found["harm_lower"]) == (0, 0)
    assert found["harm_upper"] == pytest.approx(700 * -np.log(0.025))


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_a_kind_without_a_weight_above_zero_is_refused(wrong):
    with pytest.raises(InputError, match="above zero") as refused:
        weigh_counts(pd.DataFrame({"a": [1], "b": [1]}), pd.Series({"a": 1.0, "b": wrong}))
    assert refused.value.seen == "b"
    with pytest.raises(InputError, match="above zero"):
        weigh_counts(pd.DataFrame(index=[0]), pd.Series(dtype=float))


@pytest.mark.parametrize("mean", [0.5, 3.0, 20.0, 200.0])
@pytest.mark.parametrize("shares", [(0.9, 0.09, 0.01), (0.34, 0.33, 0.33), (0.5, 0.0, 0.5)])
def test_the_interval_covers_at_least_its_level(mean, shares):
    each, rng = np.array([10.0, 100.0, 1000.0]), np.random.default_rng(5)
    means = mean * np.array(shares)
    counts = pd.DataFrame(rng.poisson(means, (8_000, 3)), columns=["a", "b", "c"])
    held = counts.to_numpy() @ np.column_stack([each, each**2])
    lower, upper = gamma_interval(held[:, 0], held[:, 1], heaviest=1000.0)
    covered = np.mean((lower <= means @ each) & (means @ each <= upper))
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 8_000)
