"""Before and after: values worked by hand, intervals that cover, and claims that are refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace.errors import InputError, SchemaError, SettingsError, TooFewError
from safespace.evaluation import (
    Counts,
    count_periods,
    detectable_change,
    evaluate,
    rate_ratio,
    weighted_displacement_difference,
)
from safespace.tone import check_text

WORKED = Counts(treated=(50, 30), control=(60, 55))


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
    assert found.maryland_level == 3


def test_displacement_counts_on_both_sides() -> None:
    found = weighted_displacement_difference(
        Counts(treated=(50, 30), control=(60, 55), displacement=(20, 26), displacement_control=(18, 17))
    )
    assert found.value == -15 + 6 + 1  # next door rose by six while its comparison fell by one
    assert found.standard_error == pytest.approx(math.sqrt(195 + 46 + 35))


def test_a_shorter_period_after_is_scaled_up() -> None:
    whole = weighted_displacement_difference(Counts((50, 30), (60, 55)))
    half = weighted_displacement_difference(Counts((50, 15), (60, 27)), after_per_before=0.5)
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
    found = rate_ratio(Counts((9, 0), (10, 10)))
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
    shown = sum(rate_ratio(Counts((t0, t1), (c0, c1))).upper < 1 for t0, t1, c0, c1 in draws)
    assert shown / runs == pytest.approx(0.8, abs=0.04)


# ---- verdicts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "verdict", "claim"),
    [
        (Counts((500, 300), (600, 590)), "fewer", True),
        (Counts((500, 700), (600, 590)), "more", True),
        (Counts((500, 480), (600, 590)), "no difference", False),
        (Counts((10, 1), (12, 12)), "too few", False),
        # down by 100 of 400 where a comparison ten times as busy fell by 600: more in number, alike in proportion
        (Counts((400, 300), (4000, 3400)), "disagree", False),
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
    assert "more telling looks the same" in evaluate(Counts((500, 700), (600, 590))).sentence


@given(st.tuples(*[st.tuples(st.integers(1, 900), st.integers(0, 900))] * 4))
def test_no_sentence_breaks_the_tone_rules(pairs) -> None:
    found = evaluate(Counts(*pairs))
    for text in (found.sentence, *found.caveats):
        assert check_text(text) == ()


@given(st.tuples(*[st.tuples(st.integers(1, 900), st.integers(0, 900))] * 2))
def test_swapping_the_places_turns_the_figures_round(pairs) -> None:
    one, two = evaluate(Counts(*pairs)), evaluate(Counts(*pairs[::-1]))
    assert one.difference.value == -two.difference.value
    assert one.ratio.value == pytest.approx(1 / two.ratio.value)
    assert one.ratio.lower <= one.ratio.value <= one.ratio.upper


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 4))
def test_more_counts_detect_smaller_changes(treated, control, times) -> None:
    few, many = detectable_change(treated, control), detectable_change(treated * times, control * times)
    assert 0 < many <= few < 1


def test_nothing_changed_is_rarely_called_a_change() -> None:
    rng = np.random.default_rng(3)
    claims = sum(evaluate(Counts(*map(tuple, rng.poisson(300, (2, 2)).tolist()))).claim for _ in range(1000))
    assert claims <= 65  # both intervals must agree: at most about 5 %


# ---- refusals ---------------------------------------------------------------------------------------


def test_nothing_before_is_refused() -> None:
    with pytest.raises(TooFewError, match=r"Nothing was reported before.*Seen: treated 0, control 9"):
        evaluate(Counts((0, 3), (9, 9)))


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"evaluation: Some options are out of range.*'dispersion': 0.5"):
        evaluate(WORKED, dispersion=0.5)
    with pytest.raises(SettingsError, match="after_per_before"):
        evaluate(WORKED, after_per_before=0)
    with pytest.raises(InputError, match=r"negative. Seen: {'control': \(1, -2\)}"):
        Counts((1, 1), (1, -2))


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
    roles = pd.Series({1: "treated", 2: "control"})
    assert count_periods(frame, roles, resolution=9, **PERIODS) == Counts((2, 1), (0, 1))


def test_periods_and_roles_that_make_no_sense_are_refused() -> None:
    frame, roles = reports((1, "a", "2022-01-01")), pd.Series({1: "treated"})
    with pytest.raises(InputError, match="must end before the one after starts"):
        count_periods(frame, roles, resolution=9, before=PERIODS["after"], after=PERIODS["before"])
    with pytest.raises(InputError, match=r"Not a role of a place. Seen: buffer"):
        count_periods(frame, pd.Series({1: "buffer"}), resolution=9, **PERIODS)
    with pytest.raises(SchemaError, match="no cell_8"):
        count_periods(frame, roles, resolution=8, **PERIODS)
