"""Before and after: values worked by hand, intervals that cover, and claims that are refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from safespace.errors import InputError, SchemaError, SettingsError, TooFewError
from safespace.evaluation import (
    Difference,
    PeriodCounts,
    Ratio,
    _verdict,
    count_periods,
    detectable_change,
    evaluate,
    rate_ratio,
    roles_by_ground,
    weighted_displacement_difference,
)
from safespace.tone import check_text

WORKED = PeriodCounts(treated=(50, 30), control=(60, 55))


# ---- by hand ----------------------------------------------------------------------------------------


def test_the_worked_example() -> None:
    found = evaluate(WORKED)
    # (30 - 50) - (55 - 60) = -15; variance 50 + 30 + 60 + 55 = 195
    assert found.difference.value == -15
    assert found.difference.standard_error == pytest.approx(math.sqrt(195))
    assert (found.difference.lower, found.difference.upper) == pytest.approx((-42.37, 12.37), abs=0.01)
    # 0.6 of before against 0.9167 of before
    assert found.ratio.value == pytest.approx(0.6545, abs=1e-4)
    assert (found.ratio.lower, found.ratio.upper) == pytest.approx((0.366, 1.171), abs=1e-3)
    assert found.verdict == "too few"
    assert not found.claim
    assert found.method.maryland_level == 3


def test_displacement_counts_on_both_sides() -> None:
    found = weighted_displacement_difference(
        PeriodCounts(treated=(50, 30), control=(60, 55), displacement=(20, 26), displacement_control=(18, 17))
    )
    assert found.value == -15 + 6 + 1  # next door rose by six while its comparison fell by one
    assert found.standard_error == pytest.approx(math.sqrt(195 + 46 + 35))


def test_a_shorter_period_after_is_scaled_up() -> None:
    whole = weighted_displacement_difference(PeriodCounts((50, 30), (60, 55)))
    half = weighted_displacement_difference(PeriodCounts((50, 15), (60, 27)), after_per_before=0.5)
    assert half.value == -20 - (54 - 60)
    assert half.standard_error == pytest.approx(math.sqrt(50 + 60 + 4 * (15 + 27)))
    assert half.standard_error > whole.standard_error


def test_bursts_widen_both_intervals() -> None:
    calm, bursty = evaluate(WORKED), evaluate(WORKED, dispersion=4)
    assert bursty.difference.standard_error == pytest.approx(2 * calm.difference.standard_error)
    assert math.log(bursty.ratio.upper / bursty.ratio.value) == pytest.approx(
        2 * math.log(calm.ratio.upper / calm.ratio.value)
    )
    assert bursty.detectable_change > calm.detectable_change


def test_a_zero_after_has_a_finite_ratio() -> None:
    found = rate_ratio(PeriodCounts((9, 0), (10, 10)))
    assert found.value == pytest.approx((0.5 / 9.5) / 1.0)
    assert math.isfinite(found.upper)


def test_detectable_change_solves_its_own_equation() -> None:
    share = detectable_change(50, 60)
    after = 50 * (1 - share)
    error = math.sqrt(1 / 50 + 1 / after + 2 / 60)
    assert -math.log(1 - share) == pytest.approx((1.959964 + 0.841621) * error, rel=1e-5)
    assert share == pytest.approx(0.592, abs=1e-3)


def test_detectable_change_keeps_its_promise_in_simulation() -> None:
    rng = np.random.default_rng(11)
    share, runs = detectable_change(200, 240), 2000
    draws = rng.poisson([200, 200 * (1 - share), 240, 240], (runs, 4)).tolist()
    shown = sum(rate_ratio(PeriodCounts((t0, t1), (c0, c1))).upper < 1 for t0, t1, c0, c1 in draws)
    assert shown / runs == pytest.approx(0.8, abs=0.04)


# ---- settings other than the usual ------------------------------------------------------------------

Z80, Z90, Z95 = 1.2815516, 1.6448536, 1.9599640  # of two-sided intervals, from any table of the normal


@pytest.mark.parametrize(("level", "z"), [(0.8, Z80), (0.9, Z90), (0.95, Z95)])
def test_the_level_asked_for_is_the_level_of_both_intervals(level, z) -> None:
    found = evaluate(WORKED, level=level)
    reach = z * math.sqrt(195)
    assert (found.difference.lower, found.difference.upper) == pytest.approx((-15 - reach, -15 + reach))
    spread = math.exp(z * math.sqrt(1 / 50 + 1 / 30 + 1 / 60 + 1 / 55))
    assert found.ratio.lower == pytest.approx(found.ratio.value / spread)
    assert found.ratio.upper == pytest.approx(found.ratio.value * spread)
    assert found.detectable_change == detectable_change(50, 60, level=level)


def test_the_level_decides_the_verdict() -> None:
    # 200 to 150 beside 300 to 290: -40 +- 30.66 z; at 95 % and 80 % detectable falls are 0.34 and 0.28
    counts = PeriodCounts((200, 150), (300, 290))
    assert evaluate(counts).verdict == "no difference"
    assert evaluate(counts, level=0.8).verdict == "fewer"


@pytest.mark.parametrize(
    ("level", "written"), [(0.8, "80 %"), (0.95, "95 %"), (0.975, "97.5 %"), (0.999, "99.9 %")]
)
def test_the_sentence_names_the_level_unrounded(level, written) -> None:
    assert f"({written} interval: " in evaluate(WORKED, level=level).sentence


@pytest.mark.parametrize(
    ("length", "dispersion", "level", "power", "z"),
    [
        (0.5, 1.0, 0.95, 0.8, 1.959964 + 0.8416212),
        (2.0, 1.0, 0.9, 0.9, 1.6448536 + 1.2815516),
        (0.25, 2.0, 0.8, 0.5, 1.2815516),
    ],
)
def test_detectable_change_honours_every_option(length, dispersion, level, power, z) -> None:
    share = detectable_change(
        200, 300, after_per_before=length, dispersion=dispersion, level=level, power=power
    )
    after = 200 * length * (1 - share)
    error = math.sqrt(dispersion * (1 / 200 + 1 / after + 1 / 300 + 1 / (300 * length)))
    assert -math.log(1 - share) == pytest.approx(z * error, rel=1e-5)


def test_detectable_change_where_only_a_great_fall_would_show() -> None:
    share = detectable_change(20, 24)
    error = math.sqrt(1 / 20 + 1 / (20 * (1 - share)) + 2 / 24)
    assert -math.log(1 - share) == pytest.approx((1.959964 + 0.8416212) * error, rel=1e-5)
    assert 0.85 < share < 0.87
    assert detectable_change(1, 1) == 1 - 1e-9


def test_evaluate_hands_its_options_to_every_figure() -> None:
    counts, options = PeriodCounts((200, 60), (300, 140)), {"dispersion": 2.0, "level": 0.9}
    found = evaluate(counts, after_per_before=0.5, **options)
    assert found.counts is counts
    assert found.difference.value == 60 / 0.5 - 200 - (140 / 0.5 - 300)
    error = math.sqrt(2 * (200 + 300 + 4 * (60 + 140)))
    assert found.difference.standard_error == pytest.approx(error)
    assert found.difference.upper == pytest.approx(found.difference.value + Z90 * error)
    # the lengths cancel in the ratio of ratios
    assert found.ratio.value == pytest.approx((60 / 200) / (140 / 300))
    assert found.ratio == rate_ratio(counts, **options)
    assert found.ratio == rate_ratio(counts, after_per_before=0.5, **options)
    assert found.detectable_change == detectable_change(200, 300, after_per_before=0.5, **options)


# ---- verdicts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "verdict", "claim"),
    [
        (PeriodCounts((500, 300), (600, 590)), "fewer", True),
        (PeriodCounts((500, 700), (600, 590)), "more", True),
        (PeriodCounts((500, 480), (600, 590)), "no difference", False),
        (PeriodCounts((10, 1), (12, 12)), "too few", False),
        # down by 100 of 400 where a comparison ten times as busy fell by 600: more in number, alike in proportion
        (PeriodCounts((400, 300), (4000, 3400)), "disagree", False),
    ],
)
def test_verdicts(counts, verdict, claim) -> None:
    found = evaluate(counts)
    assert (found.verdict, found.claim) == (verdict, claim)


def test_the_sentence_names_the_figures_and_the_limit() -> None:
    said = evaluate(WORKED).sentence
    assert said.startswith("Too few to say. 15 fewer reports")
    assert "(95 % interval: 42 fewer to 12 more)" in said
    assert "0.65 (0.37 to 1.17)" in said
    assert said.endswith("With 50 before, only a fall of 59 % or more would have shown.")
    assert "more telling looks the same" in evaluate(PeriodCounts((500, 700), (600, 590))).sentence


def figures(lower: float, upper: float) -> Difference:
    return Difference((lower + upper) / 2, 1.0, lower, upper)


@pytest.mark.parametrize(
    ("difference", "ratio", "detectable", "verdict"),
    [
        ((-9, -1), (0.5, 0.9), 0.5, "fewer"),  # half is not more than half
        ((-9, -1), (0.5, 0.9), 0.5000001, "too few"),
        ((-9, 0), (0.5, 1.0), 0.2, "no difference"),  # an interval that ends at nothing holds nothing
        ((0, 9), (1.0, 1.5), 0.2, "no difference"),
        ((1, 9), (1.1, 1.5), 0.2, "more"),
        ((-9, 0.5), (0.5, 0.9), 0.2, "disagree"),
        ((0.5, 9), (1.1, 1.5), 0.2, "more"),
        ((1, 9), (0.9, 1.5), 0.2, "disagree"),
        ((-9, -1), (1.1, 1.5), 0.2, "disagree"),
    ],
)
def test_verdicts_at_their_edges(difference, ratio, detectable, verdict) -> None:
    assert _verdict(figures(*difference), Ratio(1.0, *ratio), detectable) == verdict


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            PeriodCounts((500, 480), (600, 590)),
            (
                "Not distinguishable from no difference. 10 fewer reports than the comparison leads one to expect "
                "(95 % interval: 101 fewer to 81 more); rate ratio 0.98 (0.82 to 1.16). "
                "With 500 before, only a fall of 22 % or more would have shown."
            ),
        ),
        (
            PeriodCounts((500, 300), (600, 590)),
            (
                "Fewer reports than the comparison leads one to expect. 190 fewer reports than the comparison leads "
                "one to expect (95 % interval: 277 fewer to 103 fewer); rate ratio 0.61 (0.51 to 0.73)."
            ),
        ),
        (
            PeriodCounts((500, 700), (600, 590)),
            (
                "More reports than the comparison leads one to expect; more telling looks the same. 210 more reports "
                "than the comparison leads one to expect (95 % interval: 114 more to 306 more); "
                "rate ratio 1.42 (1.21 to 1.67)."
            ),
        ),
        (
            PeriodCounts((400, 300), (4000, 3400)),
            (
                "The two ways of comparing disagree, so no claim is made. 500 more reports than the comparison leads "
                "one to expect (95 % interval: 324 more to 676 more); rate ratio 0.88 (0.75 to 1.03)."
            ),
        ),
        (
            PeriodCounts((500, 500), (500, 500)),
            (
                "Not distinguishable from no difference. No fewer and no more reports than the comparison leads one "
                "to expect (95 % interval: 88 fewer to 88 more); rate ratio 1.00 (0.84 to 1.19). "
                "With 500 before, only a fall of 23 % or more would have shown."
            ),
        ),
        (
            PeriodCounts((1, 0), (1, 1)),
            (
                "Too few to say. 1 fewer report than the comparison leads one to expect "
                "(95 % interval: 4 fewer to 2 more); rate ratio 0.33 (0.01 to 16.80). "
                "With 1 before, no fall would have shown."
            ),
        ),
        (
            # -2, give or take 1.96 times the root of four
            PeriodCounts((1, 0), (1, 2)),
            (
                "Too few to say. 2 fewer reports than the comparison leads one to expect "
                "(95 % interval: 6 fewer to 2 more); rate ratio 0.20 (0.00 to 8.82). "
                "With 1 before, no fall would have shown."
            ),
        ),
    ],
)
def test_sentences_in_full(counts, sentence) -> None:
    assert evaluate(counts).sentence == sentence


def test_an_interval_that_ends_near_nothing_says_no_fewer() -> None:
    # 39 fewer; its error is the root of 759, 27.5, and 1.4255 of those are 39.3
    assert (
        "(84.6 % interval: 78 fewer to no fewer)"
        in evaluate(PeriodCounts((200, 160), (200, 199)), level=0.846).sentence
    )


def test_caveats_in_full() -> None:
    always = (
        "Reports are what people told; more of them is more trouble, more telling or both.",
        "Places chosen because they were high tend to fall by themselves.",
        "A comparison cannot rule out something else that happened in one of the two places and not in the other.",
    )
    nowhere = "No displacement areas were counted, so moving next door would not show."
    lengths = "The periods differ in length; a season may be in one and not in the other."
    bursts = "The intervals take reports to come one by one; bursts would make them wider."
    assert evaluate(WORKED).caveats == (*always, nowhere, bursts)
    assert evaluate(WORKED, dispersion=2.0).caveats == (*always, nowhere)
    assert evaluate(WORKED, dispersion=1.5).caveats == (*always, nowhere)
    assert evaluate(WORKED, after_per_before=2.0).caveats == (*always, nowhere, lengths, bursts)
    for beside in ({"displacement": (0, 1)}, {"displacement_control": (1, 0)}):
        assert evaluate(PeriodCounts((50, 30), (60, 55), **beside)).caveats == (*always, bursts)


@given(st.tuples(*[st.tuples(st.integers(1, 900), st.integers(0, 900))] * 4))
def test_no_sentence_breaks_the_tone_rules(pairs) -> None:
    found = evaluate(PeriodCounts(*pairs))
    for text in (found.sentence, *found.caveats):
        assert check_text(text) == ()


@given(st.tuples(*[st.tuples(st.integers(1, 900), st.integers(0, 900))] * 2))
def test_swapping_the_places_turns_the_figures_round(pairs) -> None:
    one, two = evaluate(PeriodCounts(*pairs)), evaluate(PeriodCounts(*pairs[::-1]))
    assert one.difference.value == -two.difference.value
    assert one.ratio.value == pytest.approx(1 / two.ratio.value)
    assert one.ratio.lower <= one.ratio.value <= one.ratio.upper


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 4))
def test_more_counts_detect_smaller_changes(treated, control, times) -> None:
    few, many = detectable_change(treated, control), detectable_change(treated * times, control * times)
    assert 0 < many <= few < 1


def test_nothing_changed_is_rarely_called_a_change() -> None:
    rng = np.random.default_rng(3)
    claims = sum(
        evaluate(PeriodCounts(*map(tuple, rng.poisson(300, (2, 2)).tolist()))).claim for _ in range(1000)
    )
    assert claims <= 65  # both intervals must agree: at most about 5 %


# ---- refusals ---------------------------------------------------------------------------------------


def test_nothing_before_is_refused() -> None:
    for counts, seen in (
        (PeriodCounts((0, 3), (9, 9)), "treated 0, control 9"),
        (PeriodCounts((9, 3), (0, 9)), "treated 9, control 0"),
    ):
        with pytest.raises(TooFewError) as refused:
            evaluate(counts)
        assert refused.value.code == "nothing-before"
        assert str(refused.value) == (
            f"Nothing was reported before, so a change cannot be told. Seen: {seen}. "
            "Use a longer period before, or larger places."
        )


@pytest.mark.parametrize(
    "options",
    [
        {"after_per_before": 0},
        {"after_per_before": -1.0},
        {"dispersion": 0.999},
        {"level": 0},
        {"level": 1},
        {"level": 1.5},
        {"after_per_before": -0.5, "dispersion": 0.5, "level": -0.1},
    ],
)
def test_options_out_of_range_are_refused(options) -> None:
    with pytest.raises(SettingsError) as refused:
        evaluate(WORKED, **options)
    assert refused.value.code == "evaluation-options"
    assert str(refused.value) == (
        f"evaluation: Some options are out of range. Seen: {options}. Give these options within their range."
    )


def test_negative_counts_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        PeriodCounts((1, 1), (1, -2))
    assert refused.value.code == "evaluation-counts-negative"
    assert str(refused.value) == (
        "Counts cannot be negative. Seen: {'control': (1, -2)}. Give zero or more for each."
    )


# ---- counting ---------------------------------------------------------------------------------------


def moment(month: int) -> datetime:
    return datetime(2022, month, 1, tzinfo=UTC)


PERIODS = {"before": (moment(1), moment(4)), "after": (moment(4), moment(7))}


def reports(*rows: tuple[int, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["cell_9", "event_id", "occurred_from"])
    return frame.assign(occurred_from=pd.to_datetime(frame["occurred_from"], utc=True, format="ISO8601"))


def test_events_are_counted_by_role_and_period() -> None:
    frame = reports(
        (1, "a", "2022-01-01"),
        (1, "a", "2022-01-01 00:05"),  # the same event again
        (1, "b", "2022-03-31 23:59:59"),
        (1, "c", "2022-04-01"),
        (2, "d", "2022-05-01"),
        (3, "e", "2022-02-01"),  # no role
        (1, "f", "2022-07-01"),  # too late
    )
    roles = frame["cell_9"].map({1: "treated", 2: "control"})
    assert count_periods(frame, roles, **PERIODS) == PeriodCounts((2, 1), (0, 1))


def test_the_edges_of_periods_are_half_open_and_may_leave_a_gap() -> None:
    frame = reports(
        (1, "a", "2022-01-01"), (1, "b", "2022-02-15"), (1, "c", "2022-03-01"), (1, "d", "2022-04-01")
    )
    gap = {"before": (moment(1), moment(2)), "after": (moment(3), moment(4))}
    assert count_periods(frame, frame["cell_9"].map({1: "treated"}), **gap).treated == (1, 1)


def test_every_role_has_its_own_count_whatever_the_rows_are_called() -> None:
    frame = reports(*[(cell, f"{cell}", "2022-02-01") for cell in (1, 2, 3, 4)])
    frame = pd.concat([frame, frame[frame["cell_9"] > 2].assign(event_id="again")])
    roles = frame["cell_9"].map({1: "treated", 2: "control", 3: "displacement", 4: "displacement_control"})
    assert count_periods(frame, roles, **PERIODS) == PeriodCounts((1, 0), (1, 0), (2, 0), (2, 0))


def test_a_report_has_the_role_of_the_area_it_lies_in_though_cells_are_shared() -> None:
    west, east = shapely.box(-1.20, 52.9, -1.15, 53.0), shapely.box(-1.15001, 52.9, -1.10, 53.0)
    points = pd.DataFrame({"lon": [-1.1502, -1.150005, -1.1499, -1.30], "lat": [52.95] * 4}, index=[7] * 4)
    found = roles_by_ground(points, {"treated": west, "control": east})
    assert found.dropna().tolist() == ["treated", "treated", "control"]  # the second lies in a sliver of both
    assert pd.isna(found.iloc[3])
    assert found.index.tolist() == [7] * 4


def test_areas_that_share_ground_cannot_be_compared() -> None:
    points = pd.DataFrame({"lon": [-1.15], "lat": [52.95]})
    here, wide = shapely.box(-1.20, 52.9, -1.15, 53.0), shapely.box(-1.16, 52.9, -1.06, 53.0)
    with pytest.raises(
        InputError, match=r"Seen: 20% of the smaller of the areas treated and displacement\."
    ) as refused:
        roles_by_ground(points, {"treated": here, "displacement": wide})
    assert refused.value.code == "areas-share-ground"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((moment(4), moment(7)), (moment(1), moment(4))),  # the wrong way round
        ((moment(1), moment(1)), (moment(4), moment(7))),  # nothing before
        ((moment(1), moment(4)), (moment(7), moment(7))),  # nothing after
        ((moment(1), moment(5)), (moment(4), moment(7))),  # both hold April
    ],
)
def test_periods_that_make_no_sense_are_refused(before, after) -> None:
    with pytest.raises(InputError) as refused:
        count_periods(
            reports((1, "a", "2022-01-01")),
            pd.Series(["treated"]),
            before=before,
            after=after,
        )
    assert refused.value.code == "evaluation-periods-overlap"
    assert str(refused.value) == (
        "The period before must end before the one after starts. "
        f"Seen: {before[0]} to {before[1]}, {after[0]} to {after[1]}. "
        "Choose periods that do not overlap, the earlier one first."
    )


def test_roles_and_columns_that_are_not_known_are_refused() -> None:
    frame = reports((1, "a", "2022-01-01"), (2, "b", "2022-01-01"))
    with pytest.raises(InputError) as refused:
        count_periods(frame, pd.Series(["buffer", "area"]), **PERIODS)
    assert refused.value.code == "place-role-unknown"
    assert str(refused.value) == (
        "Not a role of a place. Seen: area, buffer. Use: treated, control, displacement, displacement_control."
    )
    with pytest.raises(SchemaError) as lacking:
        count_periods(frame.drop(columns="event_id"), pd.Series(["treated"] * 2), **PERIODS)
    assert lacking.value.code == "columns-missing"
    assert (
        str(lacking.value)
        == "reports: Columns are missing. Seen: no event_id. Give the table with these columns."
    )


def test_an_evaluation_carries_how_it_was_judged():
    made = evaluate(PeriodCounts((60, 40), (60, 55)), level=0.9, dispersion=1.5, after_per_before=0.5).method
    assert (made.level, made.dispersion, made.after_per_before) == (0.9, 1.5, 0.5)
    assert (made.power, made.largest_undetectable, made.maryland_level) == (0.8, 0.5, 3)
