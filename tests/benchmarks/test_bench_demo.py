"""The whole job on the made-up town: time and memory of one process, started cold."""

from __future__ import annotations

import resource
import subprocess
import sys

MOST_S, MOST_MB = 60, 1536


def run_demo(out):
    command = [sys.executable, "-m", "safespace", "demo", "--no-serve", "--json", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)


def test_the_demo_is_quick_and_small(benchmark, tmp_path):
    benchmark.pedantic(run_demo, args=(tmp_path,), rounds=1, iterations=1)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert (tmp_path / "brief.pdf").exists()
    if benchmark.enabled:
        benchmark.extra_info |= {"peak_mb": round(peak_mb), "most_s": MOST_S, "most_mb": MOST_MB}
        assert benchmark.stats["max"] <= MOST_S
        assert peak_mb <= MOST_MB
