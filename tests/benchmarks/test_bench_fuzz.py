"""A million fuzzed rows through every reader: no crash, sums balance. ``SAFESPACE_BENCH_FUZZ`` sets the number."""

from __future__ import annotations

import os

from fuzzing import fuzz


def test_a_million_fuzzed_rows(benchmark, tmp_path):
    rows = int(os.environ.get("SAFESPACE_BENCH_FUZZ", "1000000" if benchmark.enabled else "2000"))
    told = {"seed": 2026, "rows": rows, "batch": min(rows // 4, 2_500)}
    tallies = benchmark.pedantic(fuzz, (tmp_path,), told, rounds=1)
    assert sum(tally.rows for tally in tallies.values()) >= rows
    for source, tally in tallies.items():
        benchmark.extra_info[source] = tally.outcomes | {"files_refused": sum(tally.refused.values())}
