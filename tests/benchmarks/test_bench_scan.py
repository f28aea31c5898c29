"""Speed of the scan, of clusters and of permutations; asserted only when benchmarks are enabled."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
import shapely
from hdbscan import HDBSCAN

from safespace.cells import neighbours, study_window, to_metres
from safespace.hotspots import find_clusters, permuted_tails, scan_cells
from safespace.hotspots.scan import discs


@pytest.fixture(scope="module")
def county():
    """Return about 3,000 cells at resolution 8 with 544 events placed at random."""
    window = study_window(shapely.box(-1.52, 52.78, -1.01, 53.33), resolution=8)
    inside = ~window["edge"].to_numpy()
    share = window["area_km2"].to_numpy() * inside
    events = np.random.default_rng(1).multinomial(544, share / share.sum())
    return window.assign(events=events, pins=events)


def test_scan_of_3_000_cells_and_999_layers_of_both_chances(benchmark, county):
    inside = county[~county["edge"]]
    assert 2_900 < len(inside) < 3_400
    replicates = 15 if benchmark.disabled else 999
    scan_cells(county, baseline="area", seed=1, replicates=15)  # compiled and discs found beforehand
    call = partial(scan_cells, county, baseline="area", seed=1, replicates=replicates)
    assert benchmark.pedantic(call, rounds=3).method.replicates == replicates
    if benchmark.disabled:
        return
    start = time.process_time()
    call()
    cpu_s = time.process_time() - start
    held = discs(np.sort(inside["cell"].to_numpy()), radius=8)
    # what cannot be avoided: every member of every disc is read once a layer
    benchmark.extra_info["ns_a_member_and_layer"] = 1e9 * cpu_s / (len(held.members) * 2 * replicates)
    benchmark.extra_info["cpu_s"] = cpu_s
    assert cpu_s <= 4.0  # two seconds on two cores, whatever else the machine is doing


def strewn(count):
    """Return reports in the county, three of five in two hundred spots of about 100 metres."""
    rng = np.random.default_rng(2)
    spots = rng.uniform([-1.52, 52.78], [-1.01, 53.33], (200, 2))
    tight = spots[rng.integers(0, 200, 3 * count // 5)]
    tight = tight + rng.normal(0, 1, tight.shape) * [60 / 67_000, 60 / 111_000]
    place = np.vstack([tight, rng.uniform([-1.52, 52.78], [-1.01, 53.33], (count - len(tight), 2))])
    names = [f"streetsafe:{number}" for number in range(count)]
    moment = pd.Timestamp("2022-01-01", tz="UTC")
    return pd.DataFrame(
        {
            "report_id": names, "event_id": names, "source": "streetsafe", "occurred_from": moment,
            "occurred_to": moment, "lon": place[:, 0], "lat": place[:, 1],
        }
    )  # fmt: skip


def library(metres):
    """Return a call of the hdbscan library as it comes, but for the exact tree and one process."""
    return HDBSCAN(min_cluster_size=8, approx_min_span_tree=False, core_dist_n_jobs=1).fit(metres)


def test_hdbscan_of_100_000_points_beside_the_library_alone(benchmark):
    reports = strewn(2_000 if benchmark.disabled else 100_000)
    call = partial(find_clusters, reports, seed=1, resamples=0)
    found = benchmark.pedantic(call, rounds=2)
    assert len(found.table) > 20
    if benchmark.disabled:
        return
    metres, _ = to_metres(reports["lon"], reports["lat"])
    ratio = benchmark.stats["min"] / min(_timed(lambda: library(metres)) for _ in range(2))
    benchmark.extra_info["over_the_library_alone"] = ratio
    assert ratio <= 1.5


def test_clusters_of_544_events_beside_the_library_alone(benchmark):
    reports = strewn(544)
    resamples = 1 if benchmark.disabled else 50
    call = partial(find_clusters, reports, seed=1, resamples=resamples)
    benchmark.pedantic(call, rounds=2)
    if benchmark.disabled:
        return
    metres, _ = to_metres(reports["lon"], reports["lat"])
    alone = min(_timed(lambda: library(metres)) for _ in range(5))
    ratio = benchmark.stats["min"] / (alone * (resamples + 1))
    benchmark.extra_info["over_the_library_alone"] = ratio
    assert ratio <= 3.0


def test_local_moran_of_a_county_with_999_permutations(benchmark):
    window = study_window(shapely.box(-1.35, 52.80, -0.67, 53.225), resolution=9)
    ring = neighbours(window["cell"])
    events = np.random.default_rng(3).poisson(0.5, len(window))
    benchmark(permuted_tails, events, ring, seed=1, replicates=99 if benchmark.disabled else 999)
    if not benchmark.disabled:
        sums = min(_timed(lambda: ring @ events) for _ in range(20))
        # a plain loop would take 999 times the ring's sums
        benchmark.extra_info["share_of_999_ring_sums"] = benchmark.stats["min"] / (999 * sums)
        assert benchmark.stats["min"] <= 999 * sums


def _timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
