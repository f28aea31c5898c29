"""Judging on periods not seen: every index by hand, random places at 1, and a real hotspot well above."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.cells import add_cells
from safespace.errors import InputError, TooFewError
from safespace.hotspots import find_hotspots, order_cells
from safespace.hotspots.model import clear_dispersion
from safespace.hotspots.validation import (
    count_by_period,
    generalised_gini,
    jaccard_across,
    judge_order,
    judge_scores,
    portion,
    published,
    validate,
)
from safespace.settings import HotspotSettings

WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)
INSIDE = WINDOW[~WINDOW["edge"]]
CELLS = INSIDE["cell"].to_numpy()
MIDDLE = h3.latlng_to_cell(52.95, -1.15, 8)
NEAR = np.isin(CELLS, h3.grid_disk(MIDDLE, 1))


def periods(seed, *, near=8.0, elsewhere=0.2, count=16):
    rng = np.random.default_rng(seed)
    mean = np.where(NEAR, near, elsewhere)
    return pd.DataFrame(rng.poisson(mean[:, None], (len(CELLS), count)), index=CELLS)


def test_every_index_by_hand():
    # Four cells of one square kilometre, half of the area chosen. Earlier 6, 2, 1, 1; later 4, 1, 3, 0 a
    # period, the same each time, so that resampling changes nothing.
    cells = INSIDE.iloc[:4].assign(area_km2=1.0)
    one = [[3, 3], [1, 1], [1, 0], [0, 1]]
    counts = pd.DataFrame(np.hstack([one, np.tile([[4], [1], [3], [0]], 4)]), index=cells["cell"].to_numpy())
    ours = pd.Series([4.0, 3.0, 2.0, 1.0], index=counts.index)
    found = _validated(counts, cells, {"ours": ours})
    row = found.table[found.table["method"] == "ours"].set_index("area_share").loc[0.5]
    assert row["captured"] == 20
    assert row["hit_rate"] == pytest.approx(5 / 8)
    assert row["pai"] == pytest.approx((5 / 8) / 0.5)
    assert row["rri"] == pytest.approx((5 / 8) / (8 / 10))
    assert row["pei_star"] == pytest.approx(5 / 7)  # the best two hold 7 of 8
    assert row["pei"] == pytest.approx(1.25 / 2.0)  # a quarter could have held 4 of 8: PAI 2
    for figure in ("hit_rate", "pai", "rri", "pei", "pei_star"):
        assert row[f"{figure}_lower"] == row[f"{figure}_upper"] == pytest.approx(row[figure])


def _validated(counts, cells, scores):
    return judge_scores(counts, cells, scores, later=4, seed=1, shares=(0.25, 0.5), replicates=19)


@given(st.integers(0, 10_000), st.floats(0.01, 0.99), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_the_chosen_area_is_exactly_the_share(seed, share, values):
    rng = np.random.default_rng(seed)
    score, area = rng.integers(0, values, 30), rng.uniform(0.5, 2, 30)
    taken = portion(score, area, share)
    assert (taken * area).sum() == pytest.approx(share * area.sum())
    assert ((taken >= 0) & (taken <= 1)).all()
    first, rest = taken[score == score.max()], taken[score < score.max()]
    assert first.min() == pytest.approx(1) or rest.max(initial=0) == 0


def test_a_place_that_stays_busy_is_worth_more_than_random_and_random_is_worth_1():
    found = validate(periods(1), WINDOW, later=6, seed=1, replicates=199)
    table = found.table.set_index(["method", "area_share"])
    assert list(dict.fromkeys(found.table["method"])) == [
        "published list", "last period", "all periods", "smoothed", "kernel", "own and ring counts", "random"
    ]  # fmt: skip
    random = table.loc["random"]
    np.testing.assert_allclose(random["pai"], 1)
    np.testing.assert_allclose(random["rri"], 1)
    assert (random["pai_lower"] < 1).all()
    assert (random["pai_upper"] > 1).all()
    held = table.loc["all periods"]
    assert (held["pai_lower"] > 5).all()
    assert (held["pei_star"] > 0.75).all()
    assert (held["pei_star"] <= 1).all()
    assert (held["pei"] <= held["pei_star"] + 1e-12).all()
    for figure in ("hit_rate", "pai", "rri", "pei", "pei_star"):
        assert (held[f"{figure}_lower"] <= held[f"{figure}_upper"]).all()
    assert table.loc["last period", "over_last"].tolist() == [0.5] * 4
    assert (table.loc["random", "over_last"] < 0.01).all()
    assert found.basis().startswith(f"Learnt from {found.earlier:,} events in 10 periods, judged on ")


def test_nothing_is_worth_more_than_random_when_every_place_is_alike():
    pai = [
        validate(periods(seed, near=1.0, elsewhere=1.0), WINDOW, later=6, seed=1, replicates=19)
        .table.query("method == 'all periods' and area_share == 0.1")["pai"].iloc[0]
        for seed in range(6)
    ]  # fmt: skip
    assert np.mean(pai) == pytest.approx(1, abs=0.06)


def test_the_same_seed_gives_the_same_table_and_frames_are_left_alone():
    counts = periods(3)
    before = counts.copy(deep=True)
    one, two = (validate(counts, WINDOW, later=5, seed=2, replicates=49).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert counts.equals(before)


def test_events_are_counted_once_in_every_period_between_the_first_and_the_last():
    lat, lon = h3.cell_to_latlng(MIDDLE)
    when = pd.to_datetime(
        ["2022-01-31T23:30Z", "2022-01-31T23:40Z", "2022-03-31T23:30Z", "2022-02-01T00:00Z"]
    )
    reports = add_cells(
        pd.DataFrame(
            {
                "report_id": list("abcd"), "event_id": ["a", "a", "c", "d"], "occurred_from": when,
                "lon": [lon, lon, lon, 0.0], "lat": [lat, lat, lat, 0.0],
            }
        )
    )  # fmt: skip
    counts = count_by_period(reports, WINDOW)
    assert [str(column) for column in counts.columns] == ["2022-01", "2022-02", "2022-03", "2022-04"]
    assert counts.loc[MIDDLE].tolist() == [1, 0, 0, 1]  # half past midnight in summer time
    assert counts.to_numpy().sum() == 2
    assert list(counts.index) == CELLS.tolist()
    with pytest.raises(TooFewError, match=r"No event falls inside .* 1 events in other cells"):
        count_by_period(reports.iloc[3:], WINDOW)


def test_the_published_list_is_judged_by_the_function_that_makes_it():
    counts = periods(6)
    past = counts.iloc[:, :10]
    events = WINDOW["cell"].map(past.sum(axis=1)).fillna(0).astype("int64")
    cells = WINDOW.assign(pins=events, events=events)
    found = find_hotspots(
        cells, baseline="area", settings=HotspotSettings(), dispersion=clear_dispersion(past)
    )
    listed = order_cells(cells, found.model).set_index("cell")["foretold_density"].reindex(CELLS)
    pd.testing.assert_series_equal(published(past, WINDOW), listed, check_index=False)
    whole = validate(counts, WINDOW, later=6, seed=1, replicates=19).table.set_index("method")
    area, later = INSIDE["area_km2"].to_numpy(), counts.iloc[:, 10:].sum(axis=1).to_numpy()
    held = [portion(listed, area, share) @ later / later.sum() for share in (0.01, 0.03, 0.05, 0.1)]
    assert whole.loc["published list", "hit_rate"].tolist() == pytest.approx(held)


def test_every_figure_is_shown_with_its_interval():
    found = validate(periods(6), WINDOW, later=6, seed=1, replicates=19)
    row, shown = found.table.iloc[1], found.shown().iloc[1]
    assert shown["area_share"] == "3 %"
    assert (
        shown["hit_rate"]
        == f"{row['hit_rate']:.3f} ({row['hit_rate_lower']:.3f} to {row['hit_rate_upper']:.3f})"
    )
    assert (
        shown["pei_star"]
        == f"{row['pei_star']:.2f} ({row['pei_star_lower']:.2f} to {row['pei_star_upper']:.2f})"
    )
    assert len(found.shown()) == len(found.table)


def test_nothing_later_enters_an_order():
    counts = periods(7)
    changed = counts.copy()
    changed.iloc[:, 10:] = changed.iloc[::-1, 10:].to_numpy()
    for name in ("published list", "kernel", "own and ring counts", "smoothed"):
        one, other = (
            validate(held, WINDOW, later=6, seed=1, replicates=9).table.set_index("method").loc[name, "rri"]
            for held in (counts, changed)
        )
        assert (one > other).all()  # the same choice, and what it then holds is another's


def test_without_a_baseline_a_cell_is_never_listed():
    bare = WINDOW.assign(exposure=WINDOW["area_km2"].where(WINDOW["cell"] != MIDDLE, 0.0))
    told = published(periods(8), bare)
    assert told[MIDDLE] == 0
    assert (told.drop(MIDDLE) > 0).all()


def monthly(seed, months, **means):
    counts = periods(seed, count=months, **means)
    return counts.set_axis(pd.period_range("2020-01", periods=months, freq="M"), axis="columns")


def test_the_line_says_what_the_first_of_the_area_held_and_from_what():
    counts = monthly(9, 24)
    told = judge_order(counts, WINDOW, seed=1)
    ours = {"published list": published(counts.iloc[:, :12], WINDOW)}
    found = judge_scores(counts, WINDOW, ours, later=12, seed=1)
    row = found.table[np.isclose(found.table["area_share"], 0.03)].set_index("method")
    ours, last = row.loc["published list"], row.loc["last period", "hit_rate"]
    assert told == (
        f"In the year after, the first 3 % of the area held {100 * ours['hit_rate']:.1f} % (95 % interval "
        f"{100 * ours['hit_rate_lower']:.1f} % to {100 * ours['hit_rate_upper']:.1f} %) of events; last month's count "
        f"{100 * last:.1f} %. Judged on an order made in the same way from the year before."
    )
    assert told == found.line()


def test_the_line_says_where_it_is_no_better_than_chance_and_where_nothing_can_be_said():
    even = judge_order(monthly(1, 12, near=0.2, elsewhere=0.2), WINDOW, seed=1)
    assert even.startswith("In the 6 months after, the first 3 % of the area held ")
    assert "not told apart from places at random" in even
    few = judge_order(monthly(2, 10, near=0.1, elsewhere=0.005), WINDOW, seed=1)
    assert few.startswith("Too little to judge this order by: ")
    assert "in the 5 months kept back, where 20 are the fewest" in few
    assert "Too little to judge this order by. There are too few periods" in judge_order(
        monthly(3, 5), WINDOW, seed=1
    )
    bare = WINDOW.assign(exposure=0.0)
    assert "The baseline holds nothing from before" in judge_order(monthly(4, 12), bare, seed=1)
    nine = WINDOW[WINDOW["cell"].isin(CELLS[:9])]
    assert "9 cells, of which 10 % is less than one" in judge_order(
        monthly(4, 12, elsewhere=2.0).iloc[:9], nine, seed=1
    )
    twenty = WINDOW[WINDOW["cell"].isin(CELLS[:20])]
    assert "the first 5 % of the area" in judge_order(monthly(4, 12, elsewhere=2.0).iloc[:20], twenty, seed=1)


def test_too_little_and_nonsense_are_refused():
    counts = periods(5)
    with pytest.raises(
        TooFewError, match=r"too few periods .* Seen: 13 earlier and 3 later\. At least 2 and 4"
    ):
        validate(counts, WINDOW, later=3, seed=1)
    with pytest.raises(TooFewError, match="nothing to learn from"):
        validate(counts.assign().mul(0), WINDOW, later=5, seed=1)
    with pytest.raises(InputError, match="between 0 and 1"):
        validate(counts, WINDOW, later=5, seed=1, shares=(0.1, 1.5))
    with pytest.raises(InputError, match=r"mine: A method does not score every cell\. Seen: \d+ of"):
        validate(
            counts, WINDOW, later=5, seed=1, scores={"mine": pd.Series(1.0, index=CELLS[:3])}, replicates=9
        )
    with pytest.raises(TooFewError, match="nothing to be concentrated"):
        generalised_gini([0, 0])


def test_concentration_by_hand():
    # places 1, 2, 3, 6 of 12: 2 (1 + 4 + 9 + 24) / 12 - 5 = 1.333, over four places
    assert generalised_gini([6, 1, 3, 2]) == pytest.approx((2 * 38 / 12 - 5) / 4)
    assert generalised_gini([5, 5, 5]) == pytest.approx(0)
    assert generalised_gini([1, 0, 0, 1]) == pytest.approx(0)
    assert generalised_gini([2, 0, 0, 0]) == pytest.approx(1 / 2)


def test_ground_chosen_at_two_resolutions_is_compared_by_area():
    fine = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=9)["cell"].to_numpy()
    middles = np.array([h3.cell_to_latlng(cell) for cell in fine.tolist()])
    same = fine[[h3.latlng_to_cell(lat, lon, 8) == MIDDLE for lat, lon in middles.tolist()]]
    assert 6 <= len(same) <= 8
    assert jaccard_across([MIDDLE], same, within=fine) == 1
    assert jaccard_across([MIDDLE], same[:3], within=fine) == pytest.approx(3 / len(same), rel=0.01)
    assert jaccard_across([], [], within=fine) == 1
    assert jaccard_across([MIDDLE], [], within=fine) == 0
