"""Scans of discs: worked by hand, set beside a plain loop, quiet under chance, and able to find."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cells import lattice

from safespace.errors import InputError, TooFewError
from safespace.hotspots.scan import (
    _alike,
    _bernoulli_scores,
    _dealt,
    _highest,
    _highest_share,
    _poisson_scores,
    _rank_p,
    discs,
    scan_cells,
    scan_periods,
    scan_shares,
)

WINDOW = lattice(shapely.box(-1.22, 52.88, -1.08, 53.02), resolution=8)
INSIDE = WINDOW[~WINDOW["edge"]].sort_values("cell", ignore_index=True)
CELLS = INSIDE["cell"].to_numpy()
AREA = INSIDE["area_km2"].to_numpy()
MIDDLE = h3.latlng_to_cell(52.95, -1.15, 8)
RING = np.array(h3.grid_disk(MIDDLE, 1))


def with_events(events):
    """Return the window with events inside, in the order of CELLS."""
    held = pd.Series(events, index=CELLS).reindex(WINDOW["cell"], fill_value=0).to_numpy()
    return WINDOW.assign(events=held, pins=held)


def by_chance(count, seed):
    return np.random.default_rng(seed).multinomial(count, AREA / AREA.sum())


def find(events, *, seed=1, replicates=99, **options):
    return scan_cells(
        with_events(events), baseline="area", seed=seed, replicates=replicates, radius=4, **options
    )


def test_discs_hold_the_cells_within_so_many_steps():
    held = discs(CELLS, radius=3)
    for centre in (0, len(CELLS) // 2, len(CELLS) - 1):
        for rings in range(4):
            within = set(h3.grid_disk(int(CELLS[centre]), rings)) & set(CELLS.tolist())
            assert set(CELLS[held.of(centre, rings)].tolist()) == within
    sums = held.sums(AREA)
    assert sums[5, 2] == pytest.approx(AREA[held.of(5, 2)].sum())
    assert held.radius == 3


def test_the_scores_by_hand():
    # 8 of 10 where half are expected: 8 log 1.6 + 2 log 0.4
    score = _poisson_scores(np.array([[8, 5, 9]]), np.array([[0.5, 0.5, 0.6]]), 10)
    assert score.tolist() == [[pytest.approx(8 * np.log(1.6) + 2 * np.log(0.4)), 0, 0]]
    # 3 of 4 have it inside, 1 of 6 outside, 4 of 10 in all
    inside, outside = 3 * np.log(0.75) + np.log(0.25), np.log(1 / 6) + 5 * np.log(5 / 6)
    whole = 4 * np.log(0.4) + 6 * np.log(0.6)
    score = _bernoulli_scores(np.array([[3, 1, 4]]), np.array([[4, 4, 6]]), 4, 10)
    assert score.tolist() == [[pytest.approx(inside + outside - whole), 0, 0]]
    assert _rank_p(np.array([2.0, 5.0, 0.0]), np.array([1.0, 2.0, 2.0, 3.0])).tolist() == [0.8, 0.2, 1.0]


@given(st.integers(0, 10_000), st.sampled_from([5, 60, 3000]))
@settings(max_examples=15, deadline=None)
def test_the_quick_scores_are_the_plain_ones(seed, total):
    rng = np.random.default_rng(seed)
    held, exposure = discs(CELLS, radius=4), rng.gamma(0.5, 2, len(CELLS))
    share = held.sums(exposure) / exposure.sum()
    layers = rng.multinomial(total, exposure / exposure.sum(), size=20)
    plain = [_poisson_scores(held.sums(layer), share, total).max() for layer in layers]
    np.testing.assert_allclose(_highest(layers, held, share, total), plain, rtol=1e-9, atol=1e-8)
    totals = rng.integers(0, 9, len(CELLS))
    cases = rng.multivariate_hypergeometric(
        totals, min(total, totals.sum() // 2), size=20, method="marginals"
    )
    size, drawn = held.sums(totals), int(cases[0].sum())
    plain = [_bernoulli_scores(held.sums(layer), size, drawn, totals.sum()).max() for layer in cases]
    np.testing.assert_allclose(_highest_share(cases, held, size, totals.sum()), plain, rtol=1e-9, atol=1e-8)


def test_the_best_disc_is_the_best_of_a_plain_loop():
    events = by_chance(150, 4) + np.isin(CELLS, RING) * 3
    found = find(events).table.iloc[0]
    inside = set(CELLS.tolist())
    n, best = events.sum(), (0.0, None)
    count = dict(zip(CELLS.tolist(), events.tolist(), strict=True))
    size = dict(zip(CELLS.tolist(), AREA.tolist(), strict=True))
    for centre in CELLS.tolist():
        for rings in range(5):
            held = [cell for cell in h3.grid_disk(centre, rings) if cell in inside]
            c, e = sum(count[x] for x in held), n * sum(size[x] for x in held) / AREA.sum()
            if e <= n / 2 and c > e:
                score = c * np.log(c / e) + ((n - c) * np.log((n - c) / (n - e)) if c < n else 0)
                best = max(best, (score, (centre, rings, c)))
    assert found["llr"] == pytest.approx(best[0], abs=1e-9)
    assert (found["core_cell"], found["radius"], found["events"]) == best[1]


def test_chance_alone_is_seldom_found():
    p = np.array([find(by_chance(200, seed), seed=seed).table["p_value"].iloc[0] for seed in range(60)])
    assert (p <= 0.05).sum() <= 5
    assert 0.3 < p.mean() < 0.75  # not so cautious that nothing could be found


def test_uneven_exposure_is_not_found_against_its_own_baseline():
    found = against_area = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        exposure = np.exp(rng.normal(0, 1.2, len(CELLS)))
        events = rng.multinomial(200, exposure / exposure.sum())
        cells = with_events(events)
        held = pd.Series(exposure, index=CELLS).reindex(WINDOW["cell"], fill_value=0.0).to_numpy()
        own = scan_cells(cells.assign(exposure=held), baseline="own", seed=seed, replicates=99, radius=4)
        found += own.table["higher"].iloc[0]
        against_area += find(events, seed=seed).table["p_poisson"].iloc[0] <= 0.05
    assert found <= 3
    assert against_area >= 20


def test_a_planted_disc_is_found_where_it_is():
    places = 0
    for seed in range(20):
        extra = np.bincount(
            np.searchsorted(CELLS, np.random.default_rng(seed).choice(RING, 20)), minlength=len(CELLS)
        )
        found = find(by_chance(200, seed) + extra, seed=seed)
        held = found.place_of()
        places += bool(held.index.isin(RING).any())
    assert places >= 19


def test_reports_that_stay_together_are_left_to_the_second_chance():
    # each of 25 people sends eight pins from one cell
    higher = poisson = 0
    for seed in range(20):
        found = find(8 * by_chance(25, seed), seed=seed).table.iloc[0]
        poisson += found["p_poisson"] <= 0.05
        higher += found["higher"]
    assert poisson >= 18
    assert higher <= 2


def test_what_lies_in_one_cell_is_found_where_the_others_are_even():
    # a dozen in one cell beside 120 by chance: no shuffle can tell, single cells can
    found = sum(
        bool(find(by_chance(120, seed) + 12 * (CELLS == MIDDLE), seed=seed).by_cell().loc[MIDDLE, "higher"])
        for seed in range(20)
    )
    assert found >= 18


def test_a_busy_cell_among_uneven_cells_is_none():
    """Repeats by one person make every cell uneven; one of them is no place."""
    higher = sum(
        find(8 * by_chance(25, seed), seed=seed).table["p_one_cell"].min() <= 0.0125 for seed in range(20)
    )
    assert higher <= 1


def test_the_same_seed_gives_the_same_answer_in_any_order_of_rows():
    events = by_chance(200, 7) + 3 * np.isin(CELLS, RING)
    cells = with_events(events)
    before = cells.copy(deep=True)
    one = scan_cells(cells, baseline="area", seed=3, replicates=99, radius=4)
    mixed = cells.sample(frac=1, random_state=2)
    two = scan_cells(mixed, baseline="area", seed=3, replicates=99, radius=4)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert cells.equals(before)
    assert one.p_values().equals(two.p_values())
    assert one.p_values().min() == one.table["p_value"].min()


def test_what_is_found_says_what_it_rests_on_and_no_two_places_share_a_cell():
    far = h3.grid_ring(MIDDLE, 5)
    second = next(cell for cell in far if set(h3.grid_disk(cell, 1)) <= set(CELLS.tolist()))
    events = by_chance(200, 8) + 5 * np.isin(CELLS, RING) + 5 * np.isin(CELLS, h3.grid_disk(second, 1))
    found = find(events)
    assert found.table["place"].tolist() == list(range(1, len(found.table) + 1))
    assert found.table["higher"].iloc[:2].all()
    assert {MIDDLE, second} <= set(found.place_of().index)
    every = np.concatenate(found.members)
    assert len(every) == len(set(every.tolist()))
    row = found.table.iloc[0]
    assert row["p_value"] == 2 * max(row["p_poisson"], row["p_shuffle"])  # six rings are no single cell
    assert row["p_one_cell"] == 1
    assert row["lower"] < row["ratio"] < row["upper"]
    assert row["events"] / row["expected"] == pytest.approx(row["ratio"])
    assert found.basis() == (
        f"{events.sum()} events in {len(CELLS)} cells, compared with: area. "
        "99 random layers of each kind, level 2.5%."
    )


def test_what_it_says_of_each_cell_is_what_it_says_of_the_disc():
    found = find(by_chance(200, 8) + 5 * np.isin(CELLS, RING))
    told = found.by_cell()
    assert told.index.equals(pd.Index(CELLS, name="cell"))
    first = found.table.iloc[0]
    inside = told.loc[found.members[0]]
    for name in ("p_poisson", "p_shuffle", "p_one_cell", "p_value", "ratio", "place", "higher"):
        assert (inside[name] == first[name]).all()
    assert set(told.index[told["higher"]]) == set(found.place_of().index)
    outside = told[told["place"] == 0]
    assert not outside["higher"].any()
    assert outside["p_value"].equals(found.p_values()[outside.index])
    larger = outside[["p_poisson", "p_shuffle"]].max(axis="columns")
    together = np.minimum(2 * np.minimum(larger, outside["p_one_cell"]), 1)
    assert (outside["p_value"] == together).all()
    assert np.isfinite(told.drop(columns="higher").to_numpy(dtype=float)).all()


def test_the_ratio_of_the_best_disc_round_a_cell_by_hand():
    # all ten events in one of a hundred and more cells
    events = np.where(CELLS == MIDDLE, 10, 0)
    found = scan_cells(with_events(events), baseline="area", seed=1, replicates=19, radius=0)
    told = found.by_cell()
    at = int(np.flatnonzero(CELLS == MIDDLE)[0])
    assert told.loc[MIDDLE, "ratio"] == pytest.approx(AREA.sum() / AREA[at])
    assert told.loc[MIDDLE, "p_poisson"] == 0.05
    assert told.loc[MIDDLE, "p_shuffle"] > 0.2  # in whatever cell they are, they score about as high
    assert told.loc[MIDDLE, "p_value"] == min(
        2 * min(told.loc[MIDDLE, "p_shuffle"], told.loc[MIDDLE, "p_one_cell"]), 1
    )
    assert (told["ratio"].drop(MIDDLE) == 1).all()


def test_counts_change_places_only_among_cells_of_like_baseline():
    exposure = np.concatenate([np.full(40, 1.0), np.full(40, 1.9), np.full(35, 10.0), np.full(10, 100.0)])
    groups = _alike(exposure)
    assert sorted(np.concatenate(groups).tolist()) == list(range(125))
    assert [len(group) for group in groups] == [80, 45]  # ten are too few to swap among themselves
    assert [len(group) for group in _alike(AREA)] == [len(AREA)]


def test_a_counted_baseline_is_scanned_beside_the_events():
    rng = np.random.default_rng(5)
    beside = pd.Series(rng.poisson(3, len(CELLS)), index=CELLS).reindex(WINDOW["cell"], fill_value=0)
    cells = with_events(by_chance(200, 9) + 4 * np.isin(CELLS, RING)).assign(
        exposure=beside.to_numpy(dtype=float)
    )
    found = scan_cells(cells, baseline="recorded", seed=1, counted_baseline=True, replicates=99, radius=4)
    assert found.method.baseline == "events beside recorded"
    assert MIDDLE in found.place_of().index


def test_a_share_is_found_whatever_the_reporting():
    rng = np.random.default_rng(6)
    totals = rng.poisson(rng.gamma(0.5, 20, len(CELLS))) + np.isin(CELLS, RING) * 6
    lit = np.where(np.isin(CELLS, RING), rng.binomial(totals, 0.7), rng.binomial(totals, 0.2))
    options = {"having": "lit", "name": "about lighting", "seed": 1, "replicates": 99, "radius": 4}
    found = scan_shares(with_events(totals).assign(lit=_spread(lit)), **options)
    assert MIDDLE in found.place_of().index
    quiet = sum(
        scan_shares(
            with_events(totals).assign(lit=_spread(np.random.default_rng(s).binomial(totals, 0.3))), **options
        ).table["higher"].iloc[0]
        for s in range(30)
    )  # fmt: skip
    assert quiet <= 4
    with pytest.raises(InputError, match=r"lit: A cell has more with it than events"):
        scan_shares(with_events(totals).assign(lit=_spread(totals + 1)), **options)
    with pytest.raises(TooFewError, match="All events have it"):
        scan_shares(with_events(totals).assign(lit=_spread(totals)), **options)
    with pytest.raises(InputError, match=r"whole number\. Seen: \d+\.5"):
        scan_shares(with_events(totals).assign(lit=_spread(totals * 0.5)), **options)


def _spread(values):
    return pd.Series(values, index=CELLS).reindex(WINDOW["cell"], fill_value=0).to_numpy()


def months(seed, *, each=2.0):
    """Return a year of months: a busy middle, a busy summer, nothing new."""
    rng = np.random.default_rng(seed)
    place = np.where(np.isin(CELLS, RING), 4.0, 0.3) * each
    season = 1 + 0.5 * np.sin(np.arange(12))
    return pd.DataFrame(rng.poisson(place[:, None] * season), index=CELLS)


def test_only_what_is_new_is_emerging():
    quiet = sum(
        scan_periods(months(seed), seed=seed, replicates=49, radius=3).table["higher"].iloc[0]
        for seed in range(20)
    )
    assert quiet <= 3
    grown = months(1)
    other = np.isin(CELLS, h3.grid_disk(h3.grid_ring(MIDDLE, 4)[0], 1))
    grown.loc[other, [10, 11]] += 4
    found = scan_periods(grown, seed=1, replicates=99, radius=3)
    first = found.table.iloc[0]
    assert first["higher"]
    assert first["periods"] == 2
    assert set(found.members[0]) & set(CELLS[other])
    with pytest.raises(TooFewError, match=r"too few periods .* Seen: 3 periods"):
        scan_periods(grown[[0, 1, 2]], seed=1)


def test_dealing_keeps_every_cells_and_every_periods_total():
    table = months(2).to_numpy()
    dealt = _dealt(table, 12, 3, np.random.default_rng(0))
    assert (dealt[-1] == table.sum(axis=1)).all()
    assert (table.sum(axis=0)[::-1][1:] == np.diff(dealt.sum(axis=2), axis=0).T).all()
    assert (np.diff(dealt, axis=0) >= 0).all()
    thick = np.full((6, 5), 40)  # more events than it pays to deal one by one
    dealt = _dealt(thick, 2, 3, np.random.default_rng(0))
    assert (dealt[-1] <= 200).all()
    assert (dealt.sum(axis=2) == [[240] * 3, [480] * 3]).all()


def test_dealing_one_by_one_is_dealing_from_what_is_left():
    table = np.array(
        [[2, 1, 0], [1, 0, 2], [0, 3, 1]]
    )  # ten events, four and then three in the last two periods
    drawn = {
        way: _dealt(np.vstack([table, np.zeros((rows, 3), int)]), 2, 4000, np.random.default_rng(1))[:, :, :3]
        for way, rows in (("left", 0), ("one by one", 7))
    }
    for window in (0, 1):
        left, one = drawn["left"][window], drawn["one by one"][window]
        assert np.allclose(left.mean(axis=0), one.mean(axis=0), atol=0.06)
        assert np.allclose(np.cov(left.T), np.cov(one.T), atol=0.06)


def test_discs_of_some_cells_hold_what_lies_in_them():
    held, some = discs(CELLS, radius=3), np.arange(len(CELLS)) % 3 == 0
    values = by_chance(200, 3)
    assert (held.only(some).sums(values) == held.sums(values * some)).all()


def test_counts_past_what_memory_holds_are_refused():
    cells = with_events(by_chance(50, 1)).assign(exposure=1e6)
    with pytest.raises(InputError, match=r"too many to scan beside.* at most 50,000,000"):
        scan_cells(cells, baseline="residents", seed=1, counted_baseline=True, replicates=9)


def test_too_little_is_refused_with_what_would_do():
    with pytest.raises(TooFewError, match=r"area: There is too little to scan\. Seen: 1 events in \d+ cells"):
        find(np.eye(1, len(CELLS), dtype=int)[0])
    with pytest.raises(TooFewError, match="20 events in 1 cells"):
        scan_cells(with_events(by_chance(9, 1)).assign(exposure=0.0).pipe(_one_cell), baseline="area", seed=1)


def _one_cell(cells):
    at = cells.index[cells["cell"] == MIDDLE]
    cells.loc[at, ["events", "pins"]] = 20
    cells.loc[at, "exposure"] = 1.0
    return cells


@given(
    seed=st.integers(0, 10_000),
    mean=st.sampled_from([0.01, 0.3, 5.0, 4000.0]),
    unit=st.sampled_from([1e-6, 1.0, 1e9]),
    bare=st.sampled_from([0.0, 0.5, 0.98]),
    edge=st.sampled_from([0.0, 0.3, 0.99]),
    counted=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_cells_give_a_whole_answer_or_a_sentence(seed, mean, unit, bare, edge, counted):
    rng = np.random.default_rng(seed)
    size = len(WINDOW)
    events = rng.poisson(mean * rng.gamma(0.3, 3, size))
    exposure = np.where(rng.random(size) < bare, 0.0, rng.lognormal(0, 2, size) * unit)
    cells = WINDOW.assign(
        events=events,
        pins=events,
        exposure=np.rint(exposure / unit * 3) if counted else exposure,
        edge=rng.random(size) < edge,
    )
    try:
        found = scan_cells(cells, baseline="any", seed=1, counted_baseline=counted, replicates=19, radius=3)
    except (InputError, TooFewError):
        return
    assert np.isfinite(found.table.select_dtypes("number").to_numpy()).all()
    assert found.table["p_value"].between(0.05, 1).all()
    assert found.p_values().between(0.05, 1).all()
    assert set(found.place_of().index) <= set(cells.loc[~cells["edge"], "cell"])
    assert (np.diff(found.table["llr"]) <= 1e-8).all()
