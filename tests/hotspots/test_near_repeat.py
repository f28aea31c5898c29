"""Near repeats, emerging classes and the smoothed week."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pointpats
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.errors import InputError, TooFewError
from safespace.hotspots.trends import (
    _pattern,
    _repeat_table,
    classify_emerging,
    knox,
    near_repeat,
    pair_spread,
    smooth_week,
    week_surface,
)

WINDOW = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=7)
CELLS = np.sort(WINDOW["cell"].to_numpy())
AREA = WINDOW.set_index("cell")["area_km2"]


def reports(seed, *, count=300, repeats=0):
    """Return reports at random over a year, some followed by another within 50 m and five days."""
    rng = np.random.default_rng(seed)
    place = rng.uniform([-1.20, 52.93], [-1.16, 52.96], (count, 2))
    day = rng.uniform(0, 365, count)
    place = np.vstack([place, place[:repeats] + rng.uniform(-3e-4, 3e-4, (repeats, 2))])
    day = np.concatenate([day, day[:repeats] + rng.uniform(0, 5, repeats)])
    names = [f"nte:{number}" for number in range(len(day))]
    when = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame(
        {
            "report_id": names, "event_id": names, "occurred_from": when, "occurred_to": when,
            "lon": place[:, 0], "lat": place[:, 1],
        }
    )  # fmt: skip


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_pairs_are_those_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    place, day = rng.uniform(0, 500, (25, 2)), rng.integers(0, 40, 25).astype(float)
    metres, days = (100.0, 200.0, 400.0), (7.0, 14.0)
    expected = np.zeros((3, 2), dtype=int)
    for i in range(25):
        for j in range(i):
            apart, late = np.hypot(*(place[i] - place[j])), abs(day[i] - day[j])
            if apart <= 400 and late <= 14:
                expected[next(k for k, m in enumerate(metres) if apart <= m), int(late > 7)] += 1
    seen, drawn = knox(place, day, metres, days, permutations=7, seed=seed)
    assert (seen == expected).all()
    assert drawn.shape == (7, 3, 2)
    assert (drawn.sum(axis=2) <= ((_distances(place) <= 400).sum() - 25) // 2).all()


def test_pairs_and_their_chance_are_those_of_pointpats():
    rng = np.random.default_rng(5)
    place, day = rng.uniform(0, 900, (120, 2)), rng.uniform(0, 60, 120)
    theirs = pointpats.Knox(place, day[:, None], delta=100, tau=7, permutations=0)
    seen, drawn = knox(place, day, [100.0], [7.0], permutations=999, seed=1)
    assert seen[0, 0] == theirs.statistic_
    # what permutations bring on average: close pairs times those near in time, over all pairs
    close, soon = (_distances(place) <= 100).sum() - 120, (np.abs(day[:, None] - day) <= 7).sum() - 120
    assert drawn.mean() == pytest.approx(close / 2 * soon / (120 * 119), rel=0.02)


def test_a_ratio_by_hand():
    # three at one place within a week, three elsewhere far apart in time: 3 pairs in place and time
    place = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [5000.0, 0.0], [5010.0, 0.0], [5000.0, 10.0]])
    day = np.array([0.0, 1.0, 2.0, 100.0, 200.0, 300.0])
    seen, drawn = knox(place, day, [100.0], [7.0], permutations=4000, seed=1)
    assert seen.tolist() == [[3]]
    # six pairs near in place, 3 of 15 pairs near in time: 6 x 3 / 15
    assert drawn.mean() == pytest.approx(1.2, rel=0.03)
    table = _repeat_table(seen, drawn, np.ones((1, 1)), [100.0], [7.0], 0.95)
    assert table["ratio"].iloc[0] == pytest.approx(3 / 1.2, rel=0.03)
    # all three near in place happens when the three days meet in one place: 2 of 20 ways
    assert table["p_value"].iloc[0] == pytest.approx(0.1, abs=0.015)


def test_the_spread_of_pairs_is_the_jackknifes_less_the_pairs_own():
    rng = np.random.default_rng(6)
    place, day = rng.uniform(0, 600, (60, 2)), rng.uniform(0, 60, 60)
    place[40:], day[40:] = place[0] + rng.uniform(-9, 9, (20, 2)), day[0] + rng.uniform(0, 3, 20)
    close, soon = _distances(place) <= 100, np.abs(day[:, None] - day) <= 7
    both = close & soon

    def effect(held):
        return (held.sum(axis=1) - 1) / ((held.sum() - 60) / 2)

    jackknife = ((effect(both) - effect(close) - effect(soon) + 2 / 60) ** 2).sum()
    seen = (both.sum() - 60) / 2
    found = pair_spread(place, day, [100.0], [7.0])
    assert found[0, 0] == pytest.approx(seen * jackknife - 1)
    assert found[0, 0] > 2  # most pairs hang on one place
    assert pair_spread(place[:3] * 100, day[:3], [1.0, 2.0], [0.001]).tolist() == [[1.0], [1.0]]


def _distances(place):
    return np.linalg.norm(place[:, None] - place, axis=2)


def test_repeats_are_found_in_their_band_and_nothing_in_the_others():
    found = near_repeat(reports(1, repeats=40), seed=1, permutations=199)
    table = found.table.set_index(["metres", "days"])
    first = table.loc[(100, 7)]
    assert first["p_value"] == 1 / 200
    assert first["ratio"] > 3
    assert 1 < first["lower"] < first["ratio"] < first["upper"]
    assert (table.drop((100, 7))["p_value"] > 0.01).all()
    assert (found.events, found.method.permutations) == (340, 199)
    assert found.table.equals(near_repeat(reports(1, repeats=40), seed=1, permutations=199).table)


def test_chance_alone_is_seldom_called_a_repeat_and_its_interval_holds_1():
    p, holds = [], []
    for seed in range(40):
        row = near_repeat(
            reports(seed, count=220), seed=seed, metres=(300,), days=(14,), permutations=49
        ).table.iloc[0]
        p.append(row["p_value"] <= 0.05)
        holds.append(row["lower"] <= 1 <= row["upper"])
    assert sum(p) <= 5
    assert sum(holds) >= 34


def test_ratios_where_chance_brings_none():
    drawn = np.zeros((9, 1, 2), dtype=int)
    table = _repeat_table(np.array([[2, 0]]), drawn, np.ones((1, 2)), (100,), (7, 14), 0.95)
    assert table[["ratio", "lower", "upper"]].to_numpy().tolist() == [[np.inf] * 3, [1, 0, np.inf]]
    assert table["p_value"].tolist() == [0.1, 1.0]


def test_too_few_or_untimed_events_are_refused():
    with pytest.raises(
        TooFewError, match=r"Seen: 199 events known to within a day\. At least 200 are needed"
    ):
        near_repeat(reports(2, count=199), seed=1)
    month = reports(2).assign(occurred_to=lambda held: held["occurred_from"] + pd.Timedelta(days=28))
    with pytest.raises(TooFewError, match="Seen: 0 events"):
        near_repeat(month, seed=1)
    with pytest.raises(InputError, match=r"days: Bands must ascend"):
        near_repeat(reports(2), seed=1, days=(14, 7))


def slices(seed, count=8, each=30.0):
    return pd.DataFrame(np.random.default_rng(seed).poisson(each, (len(CELLS), count)), index=CELLS)


def test_a_place_that_becomes_busy_is_new_and_one_always_busy_persists():
    counts = slices(1)
    middle = h3.latlng_to_cell(52.95, -1.15, 7)
    assert (classify_emerging(counts, AREA)["pattern"] == "").mean() > 0.9
    fresh, always = counts.copy(), counts.copy()
    fresh.loc[middle, 7] += 120
    always.loc[middle] += 120
    assert classify_emerging(fresh, AREA).loc[middle, "pattern"] == "new"
    assert classify_emerging(always, AREA).loc[middle, "pattern"] == "persistent"
    grown = always.copy()
    grown.loc[middle] += 30 * np.arange(8)
    assert classify_emerging(grown, AREA).loc[middle, "pattern"] == "intensifying"


def test_when_all_cells_rise_alike_none_is_intensifying():
    """Counts up by 4 % a slice everywhere: every busy cell rises, no cell's share does."""
    middle = h3.latlng_to_cell(52.95, -1.15, 7)
    rng = np.random.default_rng(5)
    means = np.full((len(CELLS), 24), 30.0)
    means[middle == CELLS] = 150
    counts = pd.DataFrame(rng.poisson(means * 1.04 ** np.arange(24)), index=CELLS)
    patterns = classify_emerging(counts, AREA)
    assert patterns.loc[middle, "pattern"] == "persistent"
    assert not patterns["pattern"].isin(["intensifying", "diminishing"]).any()


def test_layers_where_nothing_changes_seldom_have_a_trend():
    """Many busy cells, 12 slices, no change: by p values alone every third such layer would name a trend."""
    rng = np.random.default_rng(7)
    means = rng.gamma(0.5, 200, len(CELLS)) + 20
    named = by_p_alone = 0
    for _ in range(40):
        counts = pd.DataFrame(rng.poisson(means[:, None], (len(CELLS), 12)), index=CELLS)
        patterns = classify_emerging(counts, AREA)
        named += patterns["pattern"].isin(["intensifying", "diminishing"]).any()
        by_p_alone += ((patterns["p_value"] <= 0.05) & (patterns["hot_slices"] >= 11)).any()
    assert named <= 3
    assert by_p_alone >= 12


def test_thin_slices_are_refused_with_how_many_each_would_need():
    with pytest.raises(
        TooFewError,
        match=r"too few events .* Seen: \d+ events in the thinnest of 8 slices\. Each needs at least \d+",
    ):
        classify_emerging(slices(2, each=0.3), AREA)
    with pytest.raises(TooFewError, match=r"too few slices .* Seen: 7 slices\. At least 8"):
        classify_emerging(slices(2, count=7), AREA)


@pytest.mark.parametrize(
    ("hot", "rising", "name"),
    [
        ("00000000", 0, ""),
        ("00000001", 0, "new"),
        ("00000111", 0, "consecutive"),
        ("01000101", 0, "sporadic"),
        ("11111111", 0, "persistent"),
        ("11111111", 1, "intensifying"),
        ("11111111", -1, "diminishing"),
        ("11111110", 0, "historical"),
        ("01010000", 0, "past"),
    ],
)
def test_patterns_by_hand(hot, rising, name):
    assert _pattern(np.array([one == "1" for one in hot]), rising) == name


@given(st.integers(0, 10_000), st.floats(0, 6), st.floats(0, 2))
@settings(max_examples=15, deadline=None)
def test_smoothing_keeps_the_sum_and_follows_a_turn_of_the_clock(seed, spread_h, spread_days):
    week = np.random.default_rng(seed).gamma(1, 1, (7, 24))
    smooth = smooth_week(week, spread_h=spread_h, spread_days=spread_days)
    assert smooth.sum() == pytest.approx(week.sum(), rel=1e-12)
    assert (smooth >= 0).all()
    turned = smooth_week(np.roll(week, 1, axis=0), spread_h=spread_h, spread_days=spread_days)
    np.testing.assert_allclose(turned, np.roll(smooth, 1, axis=0), rtol=1e-9)
    later = smooth_week(np.roll(week.ravel(), 5).reshape(7, 24), spread_h=spread_h)
    plain = smooth_week(week, spread_h=spread_h)
    np.testing.assert_allclose(later.ravel(), np.roll(plain.ravel(), 5), rtol=1e-9)


def test_the_week_of_events_is_aoristic_and_goes_round():
    sunday = pd.Timestamp("2022-01-30 22:30", tz="UTC")
    names = [f"nte:{number}" for number in range(40)]
    known = pd.DataFrame(
        {"report_id": names, "event_id": names, "occurred_from": sunday, "occurred_to": sunday}
    )
    between = known.iloc[:10].assign(
        report_id=names[:10], occurred_to=sunday + pd.Timedelta(hours=2)
    )  # half an hour of Sunday 22, then 23, then Monday 0 and half of it
    reports = pd.concat([between, known.iloc[10:]], ignore_index=True)
    month = known.iloc[:2].assign(
        report_id=["a", "b"], event_id=["a", "b"], occurred_to=sunday + pd.Timedelta(days=28)
    )
    found = week_surface(pd.concat([reports, month]), spread_h=1.0)
    assert (found.events, found.left_out) == (40, 2)
    assert found.weights[6, 22] == pytest.approx(30 + 10 * 0.25)
    assert found.weights[6, 23] == pytest.approx(10 * 0.5)
    assert found.weights[0, 0] == pytest.approx(10 * 0.25)
    np.testing.assert_allclose(found.smooth, smooth_week(found.weights, spread_h=1.0))
    assert found.smooth.sum() == pytest.approx(40)
    assert found.smooth[0, 0] > found.smooth[6, 18]  # Sunday's end runs on into Monday
    assert found.basis() == "40 events known to within a day, 2 left out; smoothed over 1 h round the week."
    with pytest.raises(
        TooFewError, match=r"too few timed events .* Seen: 29 events .* At least 30 are needed"
    ):
        week_surface(known.iloc[:29])


def test_smoothing_by_hand_and_refusals():
    one = np.zeros((7, 24))
    one[6, 23] = 1
    assert (smooth_week(one, spread_h=0) == one).all()
    smooth = smooth_week(one, spread_h=1.0)
    whole = 1 + 2 * sum(np.exp(-(k**2) / 2) for k in range(1, 20))
    assert smooth[6, 23] == pytest.approx(1 / whole)
    assert smooth[0, 1] == pytest.approx(np.exp(-2) / whole)
    with pytest.raises(InputError, match=r"seven days .* Seen: shape \(24,\)"):
        smooth_week(np.zeros(24))
    with pytest.raises(InputError, match="not below zero"):
        smooth_week(one, spread_h=-1)
