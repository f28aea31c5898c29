"""How counts vary over time within the periods of a question, and what comparisons make of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from safespace.evaluation import PeriodCounts, evaluate
from safespace.hotspots import compare_periods, e_test, jeffreys
from safespace.pipeline.dispersion import dispersion_within

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def reports(days, cells, first=date(2026, 1, 1)):
    moment = pd.Timestamp(first, tz="Europe/London") + pd.to_timedelta(np.asarray(days), unit="D")
    names = [f"a:{n:05}" for n in range(len(days))]
    return pd.DataFrame(
        {
            "report_id": names,
            "event_id": names,
            "occurred_from": (moment + pd.Timedelta(hours=12)).tz_convert("UTC"),
            "cell_9": cells,
        }
    )


def within(rows, places, *periods):
    return dispersion_within(
        rows, rows["cell_9"].map(places), periods=periods or (YEAR,), time_zone="Europe/London"
    )


def test_it_is_worked_by_hand():
    """One place, 7 and 1 events in the two weeks of a period of 15 days: departures of 3 squared make 18, by chance 4."""
    short = (date(2026, 1, 1), date(2026, 1, 15))
    rows = reports([0, 1, 2, 3, 4, 5, 6, 7, 14], [5] * 9)  # the last day lies in no whole week
    assert within(rows, {5: "here"}, short) == pytest.approx(18 / 4)
    assert within(rows, {6: "elsewhere"}, short) is None
    two = reports([0, 1, 2, 3, 4, 5, 6, 7], [5] * 8)
    pinned_twice = pd.concat([two, two.assign(report_id=two["report_id"] + "b")], ignore_index=True)
    assert within(pinned_twice, {5: "here"}, short) == pytest.approx(18 / 4)


def test_series_are_seen_single_events_and_a_change_between_periods_are_not():
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 30, 600)
    single = reports(rng.integers(0, 364, 600), cells)
    places = {cell: cell for cell in range(30)}
    assert within(single, places) == pytest.approx(1, abs=0.15)
    starts = rng.integers(0, 360, 200)
    series = reports(np.repeat(starts, 3) + np.tile([0, 1, 2], 200), np.repeat(cells[:200], 3))
    assert within(series, places) == pytest.approx(3, rel=0.2)
    half = (YEAR[0], date(2026, 7, 1)), (date(2026, 7, 2), YEAR[1])
    risen = reports(
        np.concatenate([rng.integers(0, 182, 100), rng.integers(182, 364, 900)]), rng.integers(0, 30, 1000)
    )
    assert within(risen, places, *half) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_nothing_changed_is_called_a_change_in_one_of_twenty_whatever_the_dispersion(phi):
    rng = np.random.default_rng(2)
    draw = (
        rng.poisson if phi == 1 else lambda mean, size: rng.negative_binomial(mean / (phi - 1), 1 / phi, size)
    )
    before, after = (draw(20.0, 4000) for _ in range(2))
    days = {"days_before": 100, "days_after": 100}
    told = compare_periods(pd.Series(before), pd.Series(after), **days, dispersion=phi)
    assert (told["e_p_value"] <= 0.05).mean() < 0.06
    assert (told["p_value"] <= 0.05).mean() < 0.06
    finite = told[(told["before"] > 0) & (told["after"] > 0)]
    assert 0.94 <= (finite["lower"].le(1) & finite["upper"].ge(1)).mean() <= 0.995
    assert (e_test(before, after, **days) <= 0.05).mean() > (0.14 if phi >= 2 else 0.0)
    quartets = zip(*(draw(60.0, 500) for _ in range(4)), strict=True)
    found = [
        evaluate(PeriodCounts((int(a), int(b)), (int(c), int(d))), dispersion=phi).claim
        for a, b, c, d in quartets
    ]
    assert np.mean(found) < 0.08


def test_events_that_come_together_tell_less_of_a_share():
    (low, wide_low), (high, wide_high) = zip(
        jeffreys([12], [20]), jeffreys([12], [20], dispersion=2), strict=True
    )
    assert wide_low < low < high < wide_high
    assert jeffreys([24], [40], dispersion=2)[0] == pytest.approx(low)


def test_dates_past_the_data_are_slices_without_events():
    rows = reports([3, 9], [5, 5], first=YEAR[0])
    later = (YEAR[1] + timedelta(days=1), YEAR[1] + timedelta(days=60))
    assert within(rows, {5: "here"}, later) is None
