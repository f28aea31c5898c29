"""Rank stability: an exact count over a whole grid of weightings."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.routes.stability import CRITERIA, rank_stability, weightings
from safespace.tone import check_text


def option(name, length_m, reports_nearby, unlit=0.0, unknown=0.0, stairs=0.0):
    return SimpleNamespace(
        name=name,
        length_m=length_m,
        reports_nearby=reports_nearby,
        lit_no_m=unlit,
        lit_unknown_m=unknown,
        steps_m=stairs,
        tunnel_m=0.0,
    )


def test_the_weightings_are_every_point_of_the_grid():
    for criteria, count in ((1, 1), (2, 11), (3, 66), (5, 1001)):
        made = weightings(criteria)
        assert made.shape == (count, criteria)
        np.testing.assert_allclose(made.sum(axis=1), 1)
        assert made.min() >= 0
        assert len(np.unique(made, axis=0)) == count


def test_two_criteria_by_hand():
    """A is shorter, B has fewer reports: A costs w of reports, B costs w of length, equal at a half.

    Of 11 weightings A comes first in 5, B in 5, and one is a tie they share.
    """
    walks = [option("A", 800, 9.0), option("B", 900, 3.0)]
    found = rank_stability(walks, np.array([[9.0], [3.0]]))
    assert found.weightings == 11
    assert found.criteria == ("length", "reports nearby")
    assert found.table["first"].tolist() == pytest.approx([0.5, 0.5])


def test_an_option_best_in_everything_is_first_under_all():
    walks = [option("A", 800, 3.0, unlit=0), option("B", 900, 9.0, unlit=50)]
    found = rank_stability(walks, np.array([[3.0, 2.0], [9.0, 9.0]]))
    assert found.table["first"].tolist() == [1.0, 0.0]
    assert found.sentence().startswith("A comes first under 100% of 66 weightings of length; reports nearby;")


def test_reports_drawn_again_move_only_what_rests_on_reports():
    """In half of the draws B has more reports than A: then A is first everywhere but on ties."""
    walks = [option("A", 800, 9.0), option("B", 900, 3.0)]
    found = rank_stability(walks, np.array([[9.0, 3.0], [3.0, 9.0]]))
    # the second draw: A costs nothing in either, so it is first under all 11
    assert found.table["first_resampled"].tolist() == pytest.approx([(0.5 + 1) / 2, 0.25])
    alike = [option("A", 800, 5.0), option("B", 900, 5.0)]
    assert rank_stability(alike, np.array([[1.0], [9.0]])).table["first_resampled"].tolist() == [1.0, 0.0]


def test_options_that_do_not_differ_are_said_not_to():
    walks = [option("A", 800, 3.0), option("B", 800, 3.0)]
    found = rank_stability(walks, np.array([[3.0], [3.0]]))
    assert found.table["first"].tolist() == [0.5, 0.5]
    assert "do not differ" in found.sentence()
    assert not check_text(found.sentence())


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_shares_add_up_to_one_and_equal_a_plain_count(seed, options):
    rng = np.random.default_rng(seed)
    walks = [option(str(k), *rng.choice([0.0, 1.0, 2.0, 5.0], 5)) for k in range(options)]
    samples = rng.choice([0.0, 1.0, 3.0], (options, 4))
    found = rank_stability(walks, samples)
    assert found.table[["first", "first_resampled"]].sum().tolist() == pytest.approx([1, 1])
    facts = np.array([[w.length_m, w.reports_nearby, w.lit_no_m, w.lit_unknown_m, w.steps_m] for w in walks])
    used = [k for k, name in enumerate(CRITERIA) if name in found.criteria]
    count = np.zeros(options)
    for weight in weightings(len(used)):
        costs = [
            sum(
                w * (facts[o, k] - facts[:, k].min()) / np.ptp(facts[:, k])
                for w, k in zip(weight, used, strict=True)
            )
            for o in range(options)
        ]
        ties = np.isclose(costs, min(costs), rtol=0, atol=1e-12)
        count += ties / ties.sum()
    np.testing.assert_allclose(found.table["first"], count / found.weightings)
