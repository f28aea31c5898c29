"""Cost of adding to a store and of counting it; asserted only when benchmarks are enabled.

``SAFESPACE_BENCH_ROWS`` says how many rows the store holds (2,000,000 when benchmarks are enabled).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store_loader import Reading

from safespace import cells
from safespace.engine import DuckDBEngine
from safespace.schemas import PLACED, conform
from safespace.store import Store

SOURCES = ("police_uk", "nte", "streetsafe")
PEER_SQL = """
    SELECT cell_8 AS cell, DATE_TRUNC('month', occurred_from) AS month, source, COUNT(*) AS pins
    FROM reports GROUP BY ALL ORDER BY ALL
"""


def made(number: int, rows: int) -> pd.DataFrame:
    """Return placed reports of one source at 500 snap points over 16 years, one pin in twenty repeated."""
    dice = np.random.default_rng(number)
    points = cells.add_cells(
        pd.DataFrame(
            {"lon": dice.normal(-1.5, 0.5, 500).round(6), "lat": dice.normal(52.6, 0.4, 500).round(6)}
        )
    )
    source, hexes = SOURCES[number % 3], dice.bytes(16 * rows).hex()
    ids = np.array([f"{source}:{hexes[32 * i : 32 * i + 32]}" for i in range(rows)], dtype=object)
    events = ids.copy()
    events[19::20] = events[18::20][: len(events[19::20])]
    moments = pd.Timestamp("2010-01-01", tz="UTC") + pd.to_timedelta(
        dice.integers(0, 16 * 365 * 86_400, rows), unit="s"
    )
    frame = points.iloc[dice.integers(0, 500, rows)].reset_index(drop=True)
    return conform(
        frame.assign(
            report_id=ids,
            event_id=events,
            source=source,
            category=dice.choice(["Violence", "Theft", "Drugs"], rows),
            factor="",
            certainty="recorded",
            occurred_from=moments,
            occurred_to=moments,
            reported_at=moments,
            accuracy_m=100.0,
            detected_by="public",
            reporter="not_stated",
        ),
        PLACED,
    )


def reading(frame: pd.DataFrame, name: str) -> Reading:
    return Reading(frame["source"].iloc[0], name, len(frame))


@pytest.fixture(scope="module")
def store(request, tmp_path_factory):
    """Return a store of many rows in a few loads."""
    option = request.config.getoption
    small = option("--benchmark-disable") and not option("--benchmark-enable")
    rows = int(os.environ.get("SAFESPACE_BENCH_ROWS", "20000" if small else "2000000"))
    held = Store.open(tmp_path_factory.mktemp("bench") / "store", create=True)
    for number, size in enumerate(np.diff([*range(0, rows, 1_000_000), rows])):
        frame = made(number, int(size))
        held.load(frame, reading(frame, f"load {number}"))
    return held


def best_cpu_s(call, *, rounds=3):
    """Return the least processor time of a few rounds: other work on the machine does not count."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def test_adding_10_000_rows(benchmark, store):
    fresh = iter(range(1000, 2000))
    rows = 1_000 if benchmark.disabled else 10_000

    def prepare():
        frame = made(next(fresh), rows)
        return (frame, reading(frame, f"added {time.monotonic_ns()}")), {}

    load = benchmark.pedantic(store.load, setup=prepare, rounds=5)
    assert load.added == rows
    if not benchmark.disabled:
        assert benchmark.stats.stats.min <= 0.5


def test_loading_the_same_again_costs_next_to_nothing(benchmark, store):
    frame = made(3000, 20_000 if benchmark.disabled else 300_000)
    start = time.perf_counter()
    store.load(frame, reading(frame, "same"))
    once_s = time.perf_counter() - start
    assert benchmark.pedantic(store.load, (frame, reading(frame, "same")), rounds=3).already_loaded
    if not benchmark.disabled:
        assert once_s + benchmark.stats.stats.min <= 1.2 * once_s


def many_groups(folder: Path, rows: int) -> None:
    """Write reports at 20,000 snap points over 16 years: of 20 M rows, 3.1 M cells, months and sources."""
    dice = np.random.default_rng(0)
    points = cells.add_cells(
        pd.DataFrame(
            {"lon": dice.normal(-1.5, 0.5, 20_000).round(6), "lat": dice.normal(52.6, 0.4, 20_000).round(6)}
        )
    )
    for number, size in enumerate(np.diff([*range(0, rows, 1_000_000), rows])):
        moments = np.datetime64("2010-01-01", "us") + dice.integers(0, 16 * 365 * 86_400, size).astype(
            "m8[s]"
        )
        table = pa.table(
            {
                "source": pa.array([SOURCES[number % 3]]).take(pa.array(np.zeros(size, dtype=np.int64))),
                "occurred_from": pa.array(moments, pa.timestamp("us", tz="UTC")),
                "cell_7": points["cell_7"].to_numpy()[dice.integers(0, 20_000, size)],
            }
        )
        pq.write_table(table, folder / f"{number:03}.parquet", row_group_size=262_144)


COUNTING = """
import sys, time
from pathlib import Path
from safespace import cells
from safespace.engine import DuckDBEngine
files, sql = sorted(map(str, Path(sys.argv[1]).glob("*.parquet"))), sys.argv[2]
start = time.process_time()
if sql:
    found = DuckDBEngine().query(sql, reports=files)
else:
    found = cells.count_months(files, resolution=7, engine=DuckDBEngine(memory_mb=200))
took = time.process_time() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(len(found), took, int(peak) / 1024)
"""


def counting(folder: Path, sql: str = "") -> tuple[int, float, float]:
    """Count in a process of its own; return groups, processor time (s) and peak memory (MB)."""
    told = [sys.executable, "-c", COUNTING, str(folder), sql]
    done = subprocess.run(told, check=True, capture_output=True, text=True)
    groups, took, peak_mb = done.stdout.split()[-3:]
    return int(groups), float(took), float(peak_mb)


def test_counting_into_millions_of_groups_takes_half_a_gigabyte(benchmark, tmp_path):
    if not (benchmark.enabled and Path("/proc/self/status").exists()):
        pytest.skip("measured in processes of its own on Linux, and only when benchmarks are enabled")
    many_groups(tmp_path, int(os.environ.get("SAFESPACE_BENCH_ROWS", "20000000")))
    ours = [counting(tmp_path) for _ in range(2)]
    ours.append(benchmark.pedantic(counting, (tmp_path,), rounds=1))
    plain = [counting(tmp_path, PEER_SQL.replace("cell_8", "cell_7")) for _ in range(3)]
    ratio = min(took for _, took, _ in ours) / min(took for _, took, _ in plain)
    peak_mb = max(peak for _, _, peak in ours)
    benchmark.extra_info |= {"groups": ours[0][0], "over_plain": ratio, "peak_mb": peak_mb}
    benchmark.extra_info["plain_peak_mb"] = max(peak for _, _, peak in plain)
    assert ratio <= 1.2
    assert peak_mb <= 500


def test_counting_by_month_against_a_plain_query(benchmark, store):
    engine, files = DuckDBEngine(), store.report_files()
    counted = benchmark(cells.count_months, files, resolution=8, engine=engine)
    plain = engine.query(PEER_SQL, reports=files)
    assert counted["pins"].sum() == plain["pins"].sum()
    if not benchmark.disabled:
        ours = best_cpu_s(lambda: cells.count_months(files, resolution=8, engine=engine))
        assert ours <= 1.2 * best_cpu_s(lambda: engine.query(PEER_SQL, reports=files))
