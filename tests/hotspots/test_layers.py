"""Findings side by side: the scan's figures on the ring test's cells, the felt beside the recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.cells import neighbours
from safespace.errors import InputError
from safespace.hotspots import AGREEMENT, agree, find_hotspots, scan_cells, with_scan
from safespace.schemas import HOTSPOTS, check
from safespace.settings import HotspotSettings
from safespace.tone import Label

SETTINGS = HotspotSettings(rates="cells")
WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)
INSIDE = ~WINDOW["edge"].to_numpy()
RING = neighbours(WINDOW["cell"])
WHOLE = np.flatnonzero(INSIDE & (RING @ INSIDE.astype(int) == 7))
HERE, THERE = int(WHOLE[len(WHOLE) // 4]), int(WHOLE[3 * len(WHOLE) // 4])


def layer(*planted, each=9, seed=1):
    """Return counted cells with some events everywhere and thirty more in the rings named."""
    events = np.random.default_rng(seed).poisson(each, len(WINDOW)) * INSIDE
    for at in planted:
        events[RING[[at]].indices] += 30
    return WINDOW.assign(events=events, pins=events)


def find(cells, **options):
    return find_hotspots(cells, baseline="area", settings=SETTINGS, **options)


def scan(cells, **options):
    return scan_cells(cells, baseline="area", seed=1, radius=3, replicates=99, **options)


def test_the_scan_stands_beside_the_ring_test_in_every_cell():
    cells = layer(HERE)
    found, scanned = find(cells), scan(cells)
    told = with_scan(found, scanned)
    check(told.table[list(HOTSPOTS.columns)], HOTSPOTS)
    assert told.table[found.table.columns].equals(found.table)
    assert "scan_place" not in found.table
    row, disc = told.table.iloc[HERE], scanned.table.iloc[0]
    assert row["scan_place"] == 1
    assert row["scan_higher"]
    assert row["scan_ratio"] == disc["ratio"] > 1
    together = min(max(row["scan_p_poisson"], row["scan_p_shuffle"]), row["scan_p_one_cell"])
    assert row["scan_p_value"] == min(2 * together, 1) == disc["p_value"]
    edge = told.table[~INSIDE]
    assert (edge[["scan_p_poisson", "scan_p_shuffle", "scan_p_value", "scan_ratio"]] == 1).all(axis=None)
    assert not edge[["scan_place", "scan_higher"]].any(axis=None)
    assert np.isfinite(told.table.select_dtypes("number").to_numpy()).all()
    assert told.table["scan_place"].dtype == np.int64
    assert told.table["scan_higher"].dtype == bool


def test_rows_are_joined_by_cell_whatever_their_order():
    cells = layer(HERE)
    mixed = cells.sample(frac=1, random_state=3)
    one, two = with_scan(find(cells), scan(mixed)).table, with_scan(find(mixed), scan(cells)).table
    two = two.set_index("cell").loc[one["cell"]].reset_index()
    pd.testing.assert_frame_equal(one, two[one.columns], check_exact=False)


def test_a_counted_baseline_joins_its_scan_of_shares():
    cells = layer(HERE).assign(exposure=9.0)
    found, scanned = find(cells, counted_baseline=True), scan(cells, counted_baseline=True)
    assert with_scan(found, scanned).table["scan_place"].iloc[HERE] == 1


def test_a_scan_of_something_else_is_refused():
    cells = layer(HERE)
    with pytest.raises(InputError, match=r"not of the same events and baseline\. Seen: .* beside area"):
        with_scan(find(cells), scan(layer(THERE, seed=2)))
    by_streets = find(cells).method.but(baseline="street length")
    with pytest.raises(InputError, match="Make both from the same counted cells"):
        with_scan(replace(find(cells), method=by_streets), scan(cells))


def test_each_cell_is_one_of_five_and_each_layer_keeps_its_own_rate():
    felt, recorded = find(layer(HERE, THERE)), find(layer(HERE, each=30, seed=4))
    told = agree(felt, recorded).table
    assert told["cell"].tolist() == felt.table["cell"].tolist()
    assert told["agreement"].iloc[[HERE, THERE]].tolist() == ["both", "felt only"]
    turned = agree(recorded, felt).table["agreement"]
    assert turned.iloc[THERE] == "recorded only"
    far = (told["agreement"] == "neither").to_numpy()
    assert far.sum() > 10
    assert (told.loc[~INSIDE, "agreement"] == "too few").all()  # at the edge nothing is known
    for name, found in (("felt", felt), ("recorded", recorded)):
        for column in ("events", "expected", "rate", "lower", "upper"):
            assert told[f"{name}_{column}"].equals(found.table[column].rename(f"{name}_{column}"))
    assert not any(column in told for column in ("events", "rate", "pins"))  # nothing of both together


def test_only_is_not_said_where_the_other_layer_cannot_tell():
    felt, sparse = find(layer(HERE)), find(layer(each=0.2, seed=5))
    assert sparse.table["label"].iloc[HERE] == Label.TOO_FEW
    told = agree(felt, sparse).table
    assert felt.table["hot"].iloc[HERE]
    assert told["agreement"].iloc[HERE] == "too few"
    assert set(told["agreement"]) == {"too few"}


def test_layers_of_other_cells_are_refused():
    finer = lattice(shapely.box(-1.20, 52.90, -1.10, 53.00), resolution=9)
    other = find(finer.assign(events=5, pins=5))
    with pytest.raises(InputError, match=r"do not have the same cells\. Seen: .* resolution 8, .* at 9"):
        agree(find(layer(HERE)), other)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.3, 20), st.floats(0.3, 20))
def test_agreement_is_a_matter_of_the_two_findings_alone(seed, one, other):
    felt, recorded = find(layer(HERE, each=one, seed=seed)), find(layer(THERE, each=other, seed=seed + 1))
    told, turned = agree(felt, recorded).table, agree(recorded, felt).table
    swap = {"felt only": "recorded only", "recorded only": "felt only"}
    assert turned["agreement"].replace(swap).equals(told["agreement"])
    assert set(told["agreement"]) <= set(AGREEMENT)
    both = told["felt_hot"] & told["recorded_hot"]
    assert (told["agreement"] == "both").equals(both)
    assert not (told["agreement"].isin(["neither", "too few"]) & both).any()
