"""Shares with Jeffreys intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from safespace.errors import InputError
from safespace.hotspots import jeffreys, share_by


def test_two_of_three_is_anything_from_a_fifth_to_nearly_all():
    lower, upper = jeffreys([2, 10], [3, 15])
    assert lower.round(2).tolist() == [0.18, 0.42]
    assert upper.round(2).tolist() == [0.96, 0.86]


def test_the_interval_is_the_beta_quantile_with_whole_ends():
    count, total = np.arange(11), np.full(11, 10)
    lower, upper = jeffreys(count, total, level=0.9)
    peer = stats.beta(count + 0.5, total - count + 0.5)
    np.testing.assert_allclose(lower[1:], peer.ppf(0.05)[1:], rtol=1e-9)
    np.testing.assert_allclose(upper[:-1], peer.ppf(0.95)[:-1], rtol=1e-9)
    assert (lower[0], upper[-1]) == (0, 1)
    assert [end.tolist() for end in jeffreys([0], [0])] == [[0.0], [1.0]]


def test_a_count_above_its_total_is_refused():
    with pytest.raises(InputError, match=r"does not fit its total\. Seen: 4 of 3\."):
        jeffreys([1, 4], [2, 3])


def test_an_event_counts_once_with_its_first_pin():
    reports = pd.DataFrame(
        {
            "report_id": list("abcde"),
            "event_id": ["a", "a", "c", "d", "e"],
            "occurred_from": pd.to_datetime(["2022-01-02", "2022-01-01", *["2022-01-03"] * 3], utc=True),
            "cell_8": [2, 1, 1, 2, 2],
        }
    )
    found = share_by(reports, [True, False, False, True, False], by="cell_8")
    assert found["cell_8"].tolist() == [1, 2]
    assert found["count"].tolist() == [1, 1]
    assert found["total"].tolist() == [2, 2]
    assert found["elsewhere"].tolist() == [0.5, 0.5]
    assert (found["lower"] < found["share"]).all()
    only = share_by(reports.iloc[:2], [True, False], by=["cell_8"])
    assert only["elsewhere"].tolist() == only["share"].tolist() == [1.0]
