"""Ranks from joint draws: shared where the order is not sure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.hotspots.model import Draws


def drawn(rates):
    held = np.asarray(rates, dtype=np.float32)
    return Draws(np.arange(held.shape[1]), np.ones(held.shape[1]), held)


def test_a_rank_is_shared_until_the_first_of_it_is_surely_higher():
    # The first is above the second in 3 of 4, above the third in all; the second is above the third in half.
    told = drawn([[9, 5, 1], [9, 5, 6], [9, 5, 1], [4, 5, 6]])
    assert told.tied_ranks([0, 1, 2], level=0.75).tolist() == [1, 2, 2]
    told = drawn([[9, 5, 1], [9, 5, 6], [9, 5, 1], [7, 8, 6]])
    assert told.tied_ranks([0, 1, 2], level=0.9).tolist() == [1, 1, 3]


def test_cells_that_rise_together_are_told_apart_though_their_intervals_overlap():
    together = drawn([[1.2, 1.0], [2.2, 2.0], [3.2, 3.0], [4.2, 4.0]])
    assert together.tied_ranks([0, 1], level=0.95).tolist() == [1, 2]


def test_equal_draws_count_half():
    same = drawn([[2, 2], [3, 3]])
    assert same.tied_ranks([0, 1], level=0.6).tolist() == [1, 1]
    assert same.tied_ranks([0, 1], level=0.5).tolist() == [1, 2]


def test_nothing_listed_has_no_ranks():
    assert drawn([[1.0], [2.0]]).tied_ranks([], level=0.9).tolist() == []


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.8, 0.95]))
@settings(max_examples=25, deadline=None)
def test_ranks_count_all_above_and_are_shared_only_below_the_level(seed, level):
    rng = np.random.default_rng(seed)
    told = drawn(rng.gamma(5, 1, (50, 12)) * np.linspace(3, 1, 12))
    ranks = told.tied_ranks(np.arange(12), level=level)
    first = ranks == np.arange(1, 13)
    assert first[0]
    assert (ranks == np.maximum.accumulate(np.where(first, np.arange(1, 13), 0))).all()
    for position in np.flatnonzero(~first):
        assert (told.rates[:, ranks[position] - 1] > told.rates[:, position]).mean() < level


def test_ranks_and_their_intervals_by_hand():
    told = drawn([[9, 5, 4]] * 3 + [[9, 4, 5]]).ranks(top=(1, 2), level=0.5)
    assert told["expected_rank"].tolist() == [1, 2.25, 2.75]
    assert told["p_top_2"].tolist() == [1, 0.75, 0.25]
    assert told[["rank_lower", "rank_upper"]].to_numpy().tolist() == [[1, 1], [2, 2], [2, 3]]


def test_a_place_weighs_its_cells_by_what_they_expect():
    told = Draws(np.array([5, 6]), np.array([1.0, 3.0]), np.array([[4.0, 2.0], [1.0, 1.0]], dtype=np.float32))
    assert told.of_place([5, 6]) == pytest.approx([2.5, 1.0])
