"""The whole model: beside a witness that shares no code, over search paths, on planted truth and on bad input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from made_cells import lattice
from made_graphs import hexagons, ring_of, weigh_by_sampling
from scipy.sparse import csr_array

from safespace.cells import neighbours
from safespace.errors import InputError, SchemaError, TooFewError
from safespace.hotspots.model import Method, fit_cells, fit_rates, fitting, probability_both
from safespace.hotspots.model.field import make_field

METHOD = Method(seed=1, draws=200)
WINDOW = lattice(shapely.box(-1.25, 52.85, -1.05, 53.05), resolution=8)
RING = neighbours(WINDOW["cell"])
INSIDE = ~WINDOW["edge"].to_numpy()


def layer(seed, *, sigma=0.8, length=4.0, r=3.0, mean=2.0, phi=1.0):
    """Return rates and counts of the window: a field, an own excess, and noise of a known variance over mean."""
    rng = np.random.default_rng(seed)
    field = make_field(RING)
    precision = field.precision(np.log(sigma), np.log(length))
    x = field.elimination.factor(precision.matrix.data).draw(rng.normal(size=(len(WINDOW), 1)))[:, 0]
    rate = np.exp(x) * rng.gamma(r, 1 / r, len(WINDOW))
    rate = np.where(INSIDE, rate / rate[INSIDE].mean(), 0.0)
    expected = mean * rate
    counts = rng.poisson(expected if phi == 1 else rng.gamma(expected / (phi - 1) + 1e-12, phi - 1))
    return rate, counts


def counted(events):
    return WINDOW.assign(events=events, pins=events)


SMALL = {
    "four in a row": (ring_of(4, [(0, 1), (1, 2), (2, 3)]), [0, 3, 1, 12], [2, 5, 3, 6]),
    "three that touch": (ring_of(3, [(0, 1), (1, 2), (0, 2)]), [1, 0, 2], [1, 1, 1]),
    "two": (ring_of(2, [(0, 1)]), [20, 5], [1, 1]),
    "two and an island without events": (ring_of(3, [(0, 1)]), [4, 6, 0], [3, 4, 3]),
    "two and an island": (ring_of(3, [(0, 1)]), [4, 6, 3], [3, 4, 3]),
}


@pytest.mark.parametrize("case", SMALL.values(), ids=SMALL.keys())
def test_rates_are_those_of_a_sum_over_the_prior(case):
    """Hyperparameters, level, field and excess all drawn or summed: no mode, no normal, no design."""
    ring, events, exposure = case
    events, exposure = np.array(events, dtype=float), np.array(exposure, dtype=float)
    found = fit_rates(events, exposure, ring, method=METHOD).table
    mean, over = weigh_by_sampling(
        ring, events, found["expected"].to_numpy(), above=1.5, draws=15_000, seed=1
    )
    np.testing.assert_allclose(found["rate"], mean, rtol=0.04, atol=0.03)
    np.testing.assert_allclose(found["p_above_1.5"], over, atol=0.02)


STARTS = [(-0.3, 1.5, -0.5), (-2.0, 0.0, 1.5), (1.0, 3.0, -3.0), (0.5, 0.0, -2.0)]


@pytest.mark.parametrize("mean", [0.2, 2.0])
def test_the_answer_does_not_depend_on_where_the_search_starts(mean, monkeypatch):
    _, counts = layer(3, mean=mean)
    found = [fit_cells(counted(counts), METHOD)]
    for start in STARTS:
        monkeypatch.setattr(fitting, "likely_starts", lambda _, start=start: [np.array(start)])
        found.append(fit_cells(counted(counts), METHOD))
    sizes = [float(one.hyperparameters["weight"] @ np.log(one.hyperparameters["size"])) for one in found]
    assert np.ptp(sizes) < 0.05  # of log r; 0.43 to 2.76 by a search without gradient
    for other in found[1:]:
        for name, apart in (("rate", 0.01), ("lower", 0.02), ("upper", 0.02)):
            np.testing.assert_allclose(other.table[name], found[0].table[name], rtol=apart)
        np.testing.assert_allclose(other.table["p_above_2"], found[0].table["p_above_2"], atol=0.005)
        rings = [one.rings(RING, WINDOW["cell"])["chance"].to_numpy() for one in (other, found[0])]
        np.testing.assert_allclose(*np.log(rings), atol=0.05)


def test_same_seed_same_bytes_and_another_seed_moves_only_what_is_drawn():
    _, counts = layer(4)
    first, again, other = (fit_cells(counted(counts), replace(METHOD, seed=seed)) for seed in (1, 1, 2))
    assert first.table.to_csv() == again.table.to_csv()
    assert first.draws.rates.tobytes() == again.draws.rates.tobytes()
    exact = ["rate", "lower", "upper", "p_above_1.5", "p_above_2"]
    pd.testing.assert_frame_equal(first.table[exact], other.table[exact])
    assert first.draws.rates.tobytes() != other.draws.rates.tobytes()
    assert np.corrcoef(first.table["expected_rank"], other.table["expected_rank"])[0, 1] > 0.99


def test_figures_belong_together():
    _, counts = layer(5)
    found = fit_cells(counted(counts), METHOD)
    table = found.table
    assert table["cell"].tolist() == WINDOW.loc[INSIDE, "cell"].tolist()
    assert table["expected"].sum() == pytest.approx(table["events"].sum()) == pytest.approx(found.events)
    assert table.notna().all(axis=None)
    assert (table["lower"] < table["rate"]).all()
    assert (table["rate"] < table["upper"]).all()
    assert (table["p_above_2"] <= table["p_above_1.5"]).all()
    assert (table["p_top_10"] <= table["p_top_50"]).all()
    assert table["p_top_10"].sum() == pytest.approx(10)
    assert (table["rank_lower"] <= table["expected_rank"]).all()
    assert (table["expected_rank"] <= table["rank_upper"]).all()
    assert found.hyperparameters["weight"].sum() == pytest.approx(1)
    assert "intervals 95%" in found.basis()
    assert f"{found.events:,.0f} events" in found.basis()


def test_another_level_gives_other_intervals_about_the_same_rates():
    _, counts = layer(5)
    wide, narrow = (fit_cells(counted(counts), replace(METHOD, level=level)).table for level in (0.95, 0.5))
    assert wide["rate"].equals(narrow["rate"])
    assert (wide["lower"] < narrow["lower"]).all()
    assert (wide["upper"] > narrow["upper"]).all()


def test_rates_do_not_depend_on_the_order_of_cells_or_the_unit_of_exposure():
    _, counts = layer(6)
    exposure = np.where(INSIDE, WINDOW["exposure"], 0.0)
    first = fit_rates(counts, exposure, RING, method=METHOD, cells=WINDOW["cell"]).table.set_index("cell")
    order = np.random.default_rng(1).permutation(len(WINDOW))
    moved = fit_rates(
        counts[order], 1000 * exposure[order], neighbours(WINDOW["cell"].to_numpy()[order]), method=METHOD,
        cells=WINDOW["cell"].to_numpy()[order],
    ).table.set_index("cell")  # fmt: skip
    for name in ("rate", "lower", "upper", "expected"):
        np.testing.assert_allclose(moved[name].reindex(first.index), first[name], rtol=2e-3)


def test_a_planted_place_is_told_from_one_cell():
    counts = np.random.default_rng(7).poisson(0.5, len(WINDOW)) * INSIDE
    middles = np.flatnonzero(INSIDE & (RING @ INSIDE.astype(int) == 7))
    place = RING.indices[RING.indptr[middles[20]] : RING.indptr[middles[20] + 1]]
    alone = middles[-20]
    counts[place], counts[alone] = 4, 12
    found = fit_cells(counted(counts), METHOD)
    rings = found.rings(RING, WINDOW["cell"]).set_index("cell")
    names = WINDOW["cell"].to_numpy()
    assert rings.loc[names[middles[20]], "chance_without_largest"] < 1e-4
    assert rings.loc[names[alone], "chance_without_largest"] > 0.02
    assert rings.loc[names[alone], "largest_cell"] == names[alone]
    whole = found.place(names[place])
    assert whole["events"] == 28
    assert whole["lower"] > 1.5
    assert whole["lower"] < whole["rate"] < whole["upper"]
    assert whole["p_above_2"] > 0.95
    rates = found.table.set_index("cell")
    # neighbours that are high too lend a cell their evidence; one cell has its own alone
    assert rates.loc[names[place], "p_top_10"].min() > rates["p_top_10"].quantile(0.9)
    assert rates.loc[names[alone], "p_above_2"] > 0.95


def test_a_layer_without_anything_claims_next_to_nothing():
    claims = []
    for seed in range(3):
        counts = np.random.default_rng(seed).multinomial(80, INSIDE / INSIDE.sum())
        claims.append(fit_cells(counted(counts), METHOD).table["p_above_1.5"].max())
    assert max(claims) < 0.9


def test_both_is_the_product_over_cells_that_both_assess():
    first = fit_cells(counted(layer(1)[1]), METHOD)
    fewer = counted(layer(2)[1]).assign(
        exposure=WINDOW["exposure"].where(np.arange(len(WINDOW)) % 2 == 0, 0.0)
    )
    second = fit_cells(fewer, METHOD)
    both = probability_both(first, second, above=1.5)
    assert both["cell"].tolist() == [
        cell for cell in first.table["cell"] if cell in set(second.table["cell"])
    ]
    theirs = second.table.set_index("cell").loc[both["cell"], "p_above_1.5"].to_numpy()
    np.testing.assert_allclose(both["p_both"], both["p_first"] * theirs)
    with pytest.raises(InputError, match="not been asked about"):
        probability_both(first, second, above=3.0)
    apart = fit_rates([1, 2], [1, 1], ring_of(2, [(0, 1)]), method=METHOD)
    with pytest.raises(InputError, match="no cell in common"):
        probability_both(first, apart, above=1.5)


def coverage(phi, mean, *, layers, given):
    """Return how often the interval holds the rate, of counts with variance phi times their mean."""
    held = []
    for seed in range(layers):
        rate, counts = layer(seed, mean=mean, phi=phi)
        found = fit_cells(counted(counts), replace(METHOD, dispersion=given, draws=2)).table
        truth = rate[INSIDE] * mean / (counts[INSIDE].sum() / INSIDE.sum())
        held.append((found["lower"] <= truth) & (truth <= found["upper"]))
    return float(np.concatenate(held).mean())


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_intervals_hold_their_level_at_any_dispersion(phi):
    assert 0.93 <= coverage(phi, 20.0, layers=5, given=phi) <= 0.97


def test_intervals_hold_too_seldom_when_dispersion_is_passed_over():
    assert coverage(3.0, 20.0, layers=3, given=1.0) < 0.9


# ------------------------------------------------------------------------------------------------------- bad input


SHEET = hexagons(6, 6)


@pytest.mark.parametrize(
    ("events", "exposure", "error", "match"),
    [
        (np.zeros(36), np.ones(36), TooFewError, "too little for rates"),
        (np.ones(36), np.zeros(36), InputError, "baseline is zero in every cell"),
        (np.ones(36), np.eye(1, 36)[0], TooFewError, "1 events in 1 cells"),
        (np.eye(1, 36)[0], 1 - np.eye(1, 36)[0], TooFewError, "0 events in 35 cells"),
        (np.full(36, np.nan), np.ones(36), InputError, "events are not amounts"),
        (np.ones(36), np.full(36, np.inf), InputError, "exposure are not amounts"),
        (-np.ones(36), np.ones(36), InputError, "events are not amounts"),
        (np.ones(35), np.ones(36), InputError, "do not belong together"),
        (np.ones((36, 1)), np.ones(36), InputError, "do not belong together"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(events, exposure, error, match):
    with pytest.raises(error, match=match):
        fit_rates(events, exposure, SHEET, method=METHOD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": 1.0}, {"level": 0.0}, {"above": (0.0,)}, {"above": (math.inf,)}, {"top": (0,)}, {"dispersion": 0.5},
        {"dispersion": math.nan}, {"draws": 1}, {"seed": -1},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        replace(METHOD, **wrong)


def test_a_frame_that_breaks_its_promise_is_refused():
    with pytest.raises(SchemaError):
        fit_cells(WINDOW.drop(columns="events"), METHOD)


ISLANDS = csr_array(np.kron(np.eye(3), hexagons(3, 3).toarray()))
ALONE = ring_of(12, [])


@pytest.mark.parametrize(
    ("events", "exposure", "ring"),
    [
        (np.eye(1, 36, 14)[0], np.ones(36), SHEET),  # one report
        (544 * np.eye(1, 36, 14)[0], np.ones(36), SHEET),  # all in one cell
        (np.full(36, 1e6), np.ones(36), SHEET),  # all alike, and many
        (np.arange(36) ** 4, np.ones(36), SHEET),
        (np.ones(36), np.geomspace(1e-9, 1e6, 36), SHEET),  # exposures of every size
        (np.ones(36), (np.arange(36) < 2) * 1.0, SHEET),  # nearly all without exposure
        (np.arange(27) % 4, np.ones(27), ISLANDS),
        (np.arange(12) % 3, np.ones(12), ALONE),  # no cell touches another
        ([3, 0], [1.0, 1.0], ring_of(2, [])),
        ([0, 7], [1e-12, 1.0], ring_of(2, [(0, 1)])),
    ],
)
@pytest.mark.parametrize("dispersion", [1.0, 7.3])
def test_odd_input_has_a_sound_answer(events, exposure, ring, dispersion):
    found = fit_rates(events, exposure, ring, method=replace(METHOD, draws=20, dispersion=dispersion))
    table = found.table
    assert np.isfinite(table.to_numpy(dtype=float)).all()
    assert (table["lower"] <= table["upper"]).all()
    assert (table["lower"] >= 0).all()
    assert found.left_out + found.events == pytest.approx(np.sum(events))
    chances = found.rings(ring, np.arange(ring.shape[0]))
    assert chances["chance"].between(0, 1).all()
    assert chances["chance_without_largest"].between(0, 1).all()
    assert np.isfinite(list(found.place(table["cell"]).values())).all()
