"""The published order: both its forecasts by hand, what it foretells, and lists short enough to act on."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, identity

from safespace.cells import neighbours, study_window
from safespace.errors import InputError
from safespace.hotspots import how_sure, local_rates, order_cells, order_places, scores_from, short_list
from safespace.hotspots.model import Draws, Method, RateModel, fit_cells
from safespace.hotspots.ordering import _dealt
from safespace.hotspots.validation import portion

WINDOW = study_window(shapely.box(-1.20, 52.91, -1.10, 52.98), resolution=9)
INSIDE = WINDOW.loc[~WINDOW["edge"], "cell"].to_numpy()
FAR = np.array([h3.latlng_to_cell(52.9 + 0.1 * k, -1.2, 9) for k in range(4)])  # none touches another
# Two cells apart hold 4 events and none. Each event is foretold by the other three: surely in the first cell by any
# ring, at evens by the area. With one event of doubt for each of eight weights, the rings' together is W with
# 12 W = 4 W / (W + (1 - W) / 2) + 7, so 6 W² - 1.5 W - 3.5 = 0.
RINGS = (1.5 + np.sqrt(1.5**2 + 4 * 6 * 3.5)) / 12


def cells_with(events, cells=FAR, *, area=1.0, exposure=1.0):
    events = np.asarray(events, dtype=np.int64)
    return pd.DataFrame(
        {"cell": cells[: len(events)], "area_km2": area, "edge": False, "pins": events, "events": events,
         "exposure": np.broadcast_to(np.asarray(exposure, dtype=float), len(events))}
    )  # fmt: skip


def model_of(rate, expected, events, *, draws=None, cells=FAR, level=0.95):
    """Return a model whose figures are given, not fitted."""
    held, usual = cells[: len(rate)], np.asarray(expected, dtype=float)
    drawn = np.tile(rate, (2, 1)) if draws is None else np.asarray(draws)
    table = pd.DataFrame(
        {"cell": held, "events": events, "expected": usual, "rate": rate, "lower": 0.0, "upper": 9.0}
    )
    sampled = Draws(held, usual, drawn.astype(np.float32))
    return RateModel(table, Method(seed=0, level=level), pd.DataFrame(), sampled, 0.0)


def counted(events):
    held = pd.Series(events, index=INSIDE)
    whole = WINDOW["cell"].map(held).fillna(0).astype("int64")
    return WINDOW.assign(pins=whole, events=whole, exposure=WINDOW["area_km2"])


def test_events_are_dealt_in_turn():
    hands = _dealt(np.array([3, 0, 12]))
    assert hands[0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert hands[1].tolist() == [0] * 10
    assert hands[2].tolist() == [1, 1, 1, 2, 2, 1, 1, 1, 1, 1]


def test_two_cells_apart_by_hand():
    rates = local_rates(np.array([4, 0]), np.ones(2), csr_array(identity(2)))
    assert rates == pytest.approx([1 + RINGS, 1 - RINGS], abs=1e-4)


def test_the_order_by_hand():
    ordered = order_cells(cells_with([4, 0], area=[0.5, 2.0]), model_of([1.5, 0.5], [2, 2], [4, 0]))
    pooled = np.sqrt([1.5 * (1 + RINGS), 0.5 * (1 - RINGS)])
    foretold = 4 * pooled / pooled.sum()
    assert ordered["cell"].tolist() == FAR[:2].tolist()
    assert ordered["order"].tolist() == [1, 2]
    assert ordered["foretold"].to_numpy() == pytest.approx(foretold, rel=1e-4)
    assert ordered["foretold_density"].to_numpy() == pytest.approx(foretold / [0.5, 2.0], rel=1e-4)


def test_ground_decides_not_the_rate_alone():
    cells = cells_with([6, 4], exposure=[3.0, 1.0])  # against the baseline the second is higher ...
    ordered = order_cells(cells, model_of([0.8, 1.6], [7.5, 2.5], [6, 4]))
    assert (
        ordered["cell"].tolist() == FAR[:2].tolist()
    )  # ... and the first still holds more on as much ground


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_local_rates_average_to_one_whatever_the_unit_of_exposure(seed):
    rng = np.random.default_rng(seed)
    ring, exposure = neighbours(WINDOW["cell"]), rng.gamma(2, 1, len(WINDOW)) * ~WINDOW["edge"]
    exposure = exposure.to_numpy()
    events = rng.poisson(exposure * rng.uniform(0.01, 3))
    rates = local_rates(events, exposure, ring)
    assert (rates * exposure).sum() == pytest.approx(exposure.sum())
    assert (rates[exposure == 0] == 0).all()
    assert (rates[exposure > 0] > 0).all()
    np.testing.assert_allclose(local_rates(events, exposure * 1000, ring), rates)
    lost = events + 50 * (exposure == 0)
    np.testing.assert_array_equal(local_rates(lost, exposure, ring), rates)


def test_nothing_counted_is_usual_everywhere():
    assert local_rates(np.zeros(2), np.array([1.0, 0.0]), csr_array(identity(2))).tolist() == [1.0, 0.0]


@pytest.fixture(scope="module")
def fitted():
    """Return cells of a field that rises to the middle, the mean of each, and the model of 150 events."""
    lat_lon = np.array([h3.cell_to_latlng(cell) for cell in INSIDE.tolist()])
    away = np.hypot((lat_lon[:, 0] - 52.945) * 111, (lat_lon[:, 1] + 1.15) * 67)
    mean = np.exp(-away)
    counts = np.random.default_rng(3).multinomial(150, mean / mean.sum(), size=6).T
    cells = counted(counts[:, 0])
    return cells, mean, fit_cells(cells, Method(seed=1)), pd.DataFrame(counts, index=INSIDE)


def test_the_order_is_of_all_assessed_cells_and_adds_up(fitted):
    cells, _, model, _ = fitted
    before = cells.copy(deep=True)
    ordered = order_cells(cells, model)
    assert sorted(ordered["cell"]) == sorted(INSIDE)
    assert ordered["order"].tolist() == list(range(1, len(INSIDE) + 1))
    assert (np.diff(ordered["foretold_density"]) <= 0).all()
    assert ordered["foretold"].sum() == pytest.approx(150)
    assert cells.equals(before)


def test_the_order_takes_no_draws_and_no_order_of_rows(fitted):
    cells, _, model, _ = fitted
    shuffled = cells.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(order_cells(shuffled, model), order_cells(cells, model), rtol=1e-12)
    again = fit_cells(cells, Method(seed=99, draws=2))
    pd.testing.assert_frame_equal(order_cells(cells, again), order_cells(cells, model))


def test_the_order_foretells_more_than_counts_do(fitted):
    cells, mean, model, counts = fitted
    ours = order_cells(cells, model).set_index("cell")["foretold_density"].reindex(INSIDE)
    area = cells.set_index("cell")["area_km2"].reindex(INSIDE).to_numpy()
    month = counts[[0]].assign(none=0)[["none", 0]]
    peers = {"count": month[0] / area, "random": pd.Series(np.arange(len(INSIDE)) * 7919 % 997)}
    held = {
        name: [portion(score, area, share) @ mean / mean.sum() for share in (0.03, 0.1)]
        for name, score in {"ours": ours, **peers}.items()
    }
    for peer in peers:
        assert held["ours"][0] > held[peer][0] + 0.02
        assert held["ours"][1] > held[peer][1] + 0.05


def test_another_windows_cells_are_refused():
    with pytest.raises(InputError, match=r"not among those counted\. Seen: 1 of 2 cells"):
        order_cells(cells_with([4]), model_of([1.5, 0.5], [2, 2], [4, 0]))


def test_places_are_ordered_by_what_is_foretold_on_their_ground():
    ordered = pd.DataFrame({"cell": FAR, "foretold": [6.0, 1.0, 5.0, 3.0]})
    cells = cells_with([0, 0, 0, 0], area=[1.0, 1.0, 2.0, 0.5])
    place = pd.Series({FAR[0]: "wide", FAR[1]: "wide", FAR[3]: "small", 12345: "elsewhere"})
    told = order_places(ordered, cells, place)
    assert told.to_dict("list") == {
        "place": ["small", "wide"], "order": [1, 2], "foretold": [3.0, 7.0], "area_km2": [0.5, 2.0],
        "foretold_density": [6.0, 3.5],
    }  # fmt: skip


# Ten draws of four cells, one event expected in each. The first is highest in all; the second and third
# change places: 7 to 3; the fourth is always last.
DRAWN = np.array([[9, 5, 4, 1]] * 7 + [[9, 3, 6, 1]] * 3, dtype=float)


def listed(**asked):
    cells, ground = cells_with([9, 5, 4, 1]), asked.pop("area", 1.0)
    model = model_of([9.0, 4.4, 4.6, 1.0], [1.0] * 4, [9, 5, 4, 1], draws=DRAWN, level=0.8)
    return short_list(cells.assign(area_km2=ground), model, **asked)


def test_a_short_list_by_hand():
    told = listed(share=0.5, sure=0.65)
    assert told.attrs["top"] == 2
    assert told["cell"].tolist() == FAR[:2].tolist()
    assert told["p_top"].tolist() == [1.0, 0.7]
    assert told["density"].tolist() == pytest.approx([9.0, (7 * 5 + 3 * 3) / 10])
    assert told["density_lower"].tolist() == pytest.approx([9.0, 3.0])
    assert told["density_upper"].tolist() == pytest.approx([9.0, 5.0])
    assert told["rank"].tolist() == [1, 2]
    assert told["rank_lower"].tolist() == [1, 2]
    assert told["rank_upper"].tolist() == [1, 3]
    assert listed(share=0.5, sure=0.9)["cell"].tolist() == FAR[:1].tolist()


def test_the_short_list_is_by_ground():
    by_street = pd.Series([10.0, 1.0, 1.0, 0.1], index=FAR)  # 0.9, about 4.5 and 10 a kilometre
    told = listed(share=0.25, sure=0.9, ground=by_street)
    assert told["cell"].tolist() == [FAR[3]]
    assert told["density"].iloc[0] == pytest.approx(10)
    assert told[["order", "rank"]].to_numpy().tolist() == [[1, 1]]  # by area it stands fourth
    none = listed(share=0.5, sure=0.65, ground=by_street.drop(FAR[3]))
    assert FAR[3] not in none["cell"].tolist()
    assert listed(share=0.25, sure=0.9, area=[4.0, 1.0, 1.0, 0.1])["cell"].tolist() == [FAR[3]]


def test_a_list_of_nothing_sure_is_empty_and_not_an_error():
    told = listed(share=0.25, sure=0.9, ground=pd.Series([9.0, 4.4, 4.4, 1.0], index=FAR))
    assert told.empty
    assert "p_top" in told


def test_nonsense_is_refused():
    for asked in ({"share": 0.0}, {"sure": 1.0}):
        with pytest.raises(InputError, match="shares between 0 and 1"):
            listed(**asked)


def test_a_place_is_held_against_the_densest_cells():
    cells = cells_with([9, 5, 4, 1], area=[1.0, 1.0, 1.0, 3.0])
    model = model_of([9.0, 4.4, 4.6, 1.0], [1.0] * 4, [9, 5, 4, 1], draws=DRAWN, level=0.8)
    place = pd.Series({FAR[0]: "both", FAR[1]: "both", FAR[2]: "third", FAR[3]: "last", 12345: "elsewhere"})
    told = how_sure(cells, model, place, share=0.5).set_index("place")
    assert list(told.index) == ["both", "last", "third"]
    assert told["p_top"].to_dict() == {"both": 1.0, "third": 0.3, "last": 0.0}  # 7 or 6 beside 5 or 6
    assert told.loc["both", "density"] == pytest.approx((7 * 7 + 3 * 6) / 10)
    assert told.loc["last", "density"] == pytest.approx(1 / 3)
    assert (told["density_lower"] <= told["density_upper"]).all()


def test_scores_of_the_usual_methods_are_still_offered(fitted):
    *_, counts = fitted
    assert "own and ring counts" in scores_from(counts, fitted[0])
