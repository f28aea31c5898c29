"""A small sample of fuzzed rows through every reader; a million are put through by ``make bench``."""

from __future__ import annotations

import numpy as np
from fuzzing import FORMS, fuzz, mutated, random_rows


def test_fuzzed_rows_crash_no_reader_and_sums_balance(tmp_path):
    tallies = fuzz(tmp_path, seed=7, rows=6_400, batch=400)
    assert sum(tally.rows for tally in tallies.values()) == 6_400
    for source, tally in tallies.items():
        assert tally.read >= 0.6 * tally.rows, source
        assert min(tally.outcomes[name] for name in ("accepted", "repaired", "rejected")) > 0, source


def test_the_same_seed_gives_the_same_bytes():
    for source in FORMS:
        one, other = (
            mutated(random_rows(source, dice, 50), dice)
            for dice in (np.random.default_rng(3), np.random.default_rng(3))
        )
        assert one == other
