"""Clusters of points: the library's partitions, refusals of snap points, and honest figures beside each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

from safespace.cells import locate, to_metres
from safespace.errors import InputError, TooFewError
from safespace.hotspots import scan_cells
from safespace.hotspots.clusters import (
    _by_size,
    _hdbscan,
    _hdbscan_of_many,
    _overlap,
    affordable,
    find_clusters,
    find_timed_clusters,
    refuse_snap_points,
    st_dbscan,
)

MIDDLES = np.array([[-1.15, 52.95], [-1.12, 52.97]])
DEGREES_A_METRE = np.array([1 / 67_000, 1 / 111_000])


def events(seed, *, spots=(25, 15), scattered=120, spread_m=50.0, source="streetsafe", days=300):
    """Return reports scattered over about 80 square kilometres, and two tight spots among them."""
    rng = np.random.default_rng(seed)
    pieces = [rng.uniform([-1.22, 52.90], [-1.08, 53.00], (scattered, 2))]
    for middle, count in zip(MIDDLES, spots, strict=True):
        pieces.append(middle + rng.normal(0, spread_m, (count, 2)) * DEGREES_A_METRE)
    place = np.vstack(pieces)
    names = [f"streetsafe:{number}" for number in range(len(place))]
    when = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, days, len(place)), unit="D")
    return pd.DataFrame(
        {
            "report_id": names, "event_id": names, "source": source, "occurred_from": when,
            "occurred_to": when, "lon": place[:, 0], "lat": place[:, 1],
        }
    )  # fmt: skip


def scanned(reports):
    window = lattice(shapely.box(-1.22, 52.90, -1.08, 53.00), resolution=10)
    at = locate(reports["lon"], reports["lat"], resolution=10)
    held = pd.Series(1, index=at).groupby(level=0).sum().reindex(window["cell"], fill_value=0).to_numpy()
    return scan_cells(window.assign(events=held, pins=held), baseline="area", seed=1, replicates=99, radius=3)


@pytest.mark.parametrize("method", ["hdbscan", "dbscan"])
def test_planted_spots_are_found_and_told_with_their_figures(method):
    reports = events(1, spread_m=100)
    found = find_clusters(reports, seed=1, method=method, scan=scanned(reports), resamples=30)
    table = found.table
    planted = table[table.contains(shapely.Point(MIDDLES[0]))].iloc[0]
    assert 20 <= planted["events"] <= 45
    assert planted["p_value"] <= 0.05
    assert planted["stability"] >= 0.5
    assert planted["area_km2"] < 2
    assert table.crs == "EPSG:4326"
    assert table["events"].is_monotonic_decreasing
    assert found.method.system == "EPSG:27700"
    assert found.member.value_counts()[1] == table["events"].iloc[0]
    assert f"events in {len(table)} clusters: {method}, from 8 events" in found.basis()
    assert found.basis().endswith("drawn again 30 times (seed 1).")


def test_dbscan_is_scikit_learns_in_metres():
    reports = events(2)
    ordered = reports.sort_values(["occurred_from", "report_id"])
    found = find_clusters(reports, seed=1, method="dbscan", resamples=0)
    metres, _ = to_metres(ordered["lon"], ordered["lat"])
    theirs = DBSCAN(eps=150, min_samples=8).fit(metres).labels_
    ours = found.member.loc[ordered["event_id"]].to_numpy()
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    assert len(pairs) == len(set(ours.tolist())) == len(set(theirs.tolist()))
    assert (0, -1) in pairs


def test_st_dbscan_is_dbscan_when_time_does_not_matter_and_splits_when_it_does():
    reports = events(3)
    metres, _ = to_metres(reports["lon"], reports["lat"])
    theirs = DBSCAN(eps=150, min_samples=8).fit(metres).labels_
    assert st_dbscan(metres, np.zeros(len(metres)), 150, 1, min_events=8).tolist() == theirs.tolist()
    halves = np.arange(len(metres)) % 2 * 100.0
    split = st_dbscan(metres, halves, 150, 7, min_events=5)
    assert len(set(split.tolist()) - {-1}) >= 3  # the spot of 25 is two in time


def test_random_points_are_shapes_without_a_probability_or_stability():
    striking = 0
    for seed in range(5):
        reports = events(seed, spots=(0, 0), scattered=150)
        found = find_clusters(reports, seed=1, min_events=5, scan=scanned(reports), resamples=10)
        striking += bool(((found.table["p_value"] <= 0.05) & (found.table["stability"] >= 0.8)).any())
    assert striking <= 1


def test_without_a_scan_no_probability_is_claimed_and_none_found_is_an_empty_table():
    found = find_clusters(events(4), seed=1, resamples=0)
    assert (found.table["p_value"] == 1).all()
    assert (found.table["stability"] == 0).all()
    sparse = find_clusters(events(4, spots=(0, 0), scattered=40), seed=1, method="dbscan", resamples=5)
    assert sparse.table.empty
    assert (sparse.member == 0).all()
    assert sparse.basis() == (
        "0 of 40 events in 0 clusters: dbscan, from 8 events within 150 m, drawn again 5 times (seed 1)."
    )


def test_pins_of_one_event_count_once_and_the_same_seed_gives_the_same_answer():
    reports = events(5)
    doubled = pd.concat([reports, reports.assign(report_id=reports["report_id"] + "-again")])
    one, two = (find_clusters(frame, seed=3, resamples=20) for frame in (reports, doubled))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.member.equals(two.member)


def test_snap_points_are_refused_with_the_reason():
    with pytest.raises(InputError, match=r"police_uk: .* moved to shared snap points.* resolution 8"):
        find_clusters(events(6, source="police_uk"), seed=1)
    rounded = events(6).round({"lon": 2, "lat": 2})
    with pytest.raises(InputError, match=r"share their exact coordinate .* Seen: \d+% of 160 events"):
        find_clusters(rounded, seed=1)
    refuse_snap_points(events(6))
    refuse_snap_points(rounded.iloc[:10])


def test_too_few_are_refused_with_how_many_would_do():
    with pytest.raises(TooFewError, match=r"too few events .* Seen: 15 events\. At least 16"):
        find_clusters(events(7).iloc[:15], seed=1)
    with pytest.raises(TooFewError, match=r"Seen: 160 events known to within a day\. At least 1,000"):
        find_timed_clusters(events(7), seed=1)


@pytest.mark.parametrize("again", [False, True])
def test_both_libraries_find_the_same_with_the_same_tree(again):
    metres = to_metres(*events(10, scattered=400)[["lon", "lat"]].to_numpy().T)[0]
    if again:  # points drawn twice lie on each other, as in every resample
        metres = metres[np.random.default_rng(1).integers(0, len(metres), len(metres))]
    ours = _hdbscan_of_many(metres, 8, tree="prims_kdtree")
    theirs = _hdbscan(metres, min_events=8)
    assert adjusted_rand_score(ours, theirs) == 1
    assert ((ours < 0) == (theirs < 0)).all()


def test_the_quicker_tree_finds_nearly_the_same():
    metres = to_metres(*events(11, spots=(60, 40), scattered=1400)[["lon", "lat"]].to_numpy().T)[0]
    exact = _hdbscan(metres, min_events=8)
    quick = _hdbscan_of_many(metres, 8)
    assert (quick == _hdbscan_of_many(metres, 8)).all()
    many = np.vstack([metres, metres[:600] + 7])
    assert (_hdbscan(many, min_events=8) == _hdbscan_of_many(many, 8)).all()
    assert adjusted_rand_score(exact, quick) > 0.9


def test_many_events_are_drawn_again_less_often_and_that_is_told():
    many = events(9, scattered=3_000, spots=(0, 0))
    found = find_clusters(many, seed=1, method="dbscan", min_events=4, resamples=3)
    assert found.basis().endswith("drawn again 3 times (seed 1).")
    assert affordable(60_000, 200) == 20
    assert find_clusters(many, seed=1, method="dbscan", resamples=0).basis().endswith("not drawn again.")


def test_clusters_in_time_say_when():
    reports = events(8, scattered=1100, spots=(40, 0), spread_m=100)
    burst = reports.index[1100:]
    when = pd.Timestamp("2022-05-01", tz="UTC") + pd.to_timedelta(np.linspace(0, 5, len(burst)), unit="D")
    reports.loc[burst, "occurred_from"] = reports.loc[burst, "occurred_to"] = when
    whole = find_timed_clusters(reports, seed=1, scan=scanned(reports), resamples=5)
    found = whole.table
    assert whole.method.name == "st-dbscan"
    assert len(found) == 1
    assert found["p_value"].iloc[0] <= 0.05
    assert found["stability"].iloc[0] >= 0.8
    assert found["first"].iloc[0] == pd.Timestamp("2022-05-01", tz="UTC")
    assert found["last"].iloc[0] >= pd.Timestamp("2022-05-05", tz="UTC")


def test_labels_by_size_and_overlap_by_hand():
    assert _by_size(np.array([1, 0, 0, -1, 1, 1])).tolist() == [1, 2, 2, 0, 1, 1]
    assert _by_size(np.array([-1, -1])).tolist() == [0, 0]
    # cluster 1 holds four, three of them in the one found again, which holds five: 3 of 6
    labels, again = np.array([1, 1, 1, 1, 0, 0, 2]), np.array([0, 0, 0, -1, 0, 0, 1])
    assert _overlap(labels, again, 2).tolist() == [0.5, 1.0]
    assert _overlap(labels, np.full(7, -1), 2).tolist() == [0, 0]
