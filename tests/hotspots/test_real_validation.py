"""Months of police.uk incidents: places learnt from the past hold the next months, in two forces.

Snap points decide the cells: resolution 8 in South Yorkshire, where half of the cells with any hold six points or
more; resolution 10 in the City of London, where 705 points on three square kilometres make three a cell. No point clusters
are looked for.
"""

from __future__ import annotations

import pandas as pd
import pytest
from real_forces import CITY, area_of, read

from safespace.cells import add_cells, study_window
from safespace.hotspots import count_by_period, generalised_gini, validate

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def city(realdata):
    """Return the window and the violence and sexual offences of 45 months in it."""
    path = realdata / "police-uk-city-of-london-2018-01_2021-09.zip"
    window = study_window(CITY, resolution=10)
    return window, count_by_period(add_cells(read(path, "Violence and sexual offences")), window)


@pytest.fixture(scope="module")
def county(realdata):
    """Return the window and all incidents of 24 months in South Yorkshire."""
    reports = read(realdata / "police-uk-south-yorkshire-2019-10_2021-09.zip")
    area = area_of(reports, before=pd.Timestamp("2021-04-01", tz="UTC"))
    window = study_window(area, resolution=8)
    return window, count_by_period(add_cells(reports), window)


def told(found):
    """Return the table by method and share, after what holds of any such table."""
    table = found.table.set_index(["method", "area_share"])
    for figure in ("hit_rate", "pai", "rri", "pei", "pei_star"):
        assert (table[f"{figure}_lower"] <= table[figure]).all()
        assert (table[figure] <= table[f"{figure}_upper"]).all()
    assert (table["pei_star"] <= 1).all()
    assert set(found.table["method"]) == {
        "last period",
        "all periods",
        "smoothed",
        "kernel",
        "own and ring counts",
        "published list",
        "random",
    }
    return table


def test_the_city_holds_more_than_chance_and_than_the_last_month(city):
    window, counts = city
    assert counts.shape == (281, 45)
    found = validate(counts, window, later=9, seed=1)
    assert found.basis().startswith(
        "Learnt from 2,822 events in 36 periods, judged on 477 in the next 9, 281 cells."
    )
    table = told(found)
    assert table.loc["all periods", "pai"].round(1).tolist() == [18.3, 9.6, 7.5, 4.7]
    assert (table.loc["all periods", "pai_lower"] > table.loc["random", "pai_upper"]).all()
    assert (table.loc[["all periods", "kernel"], "over_last"] > 0.95).all()
    assert (table.loc["all periods", "pei_star"] > 0.8).all()
    # what was high stays high: no regression to the mean to speak of over three years
    assert table.loc["all periods", "rri"].between(0.9, 1.3).all()


def test_south_yorkshire_holds_more_than_chance_and_no_less_than_the_last_month(county):
    window, counts = county
    inside = window[~window["edge"]]
    assert inside["area_km2"].sum() == pytest.approx(1638, abs=2)
    assert counts.shape == (2859, 24)
    found = validate(counts, window, later=6, seed=1)
    assert found.basis().startswith(
        "Learnt from 248,867 events in 18 periods, judged on 85,126 in the next 6, 2,859 cells."
    )
    table = told(found)
    assert table.loc["all periods", "pai"].round(1).tolist() == [17.6, 11.2, 9.1, 6.7]
    assert (table.loc["all periods", "pai_lower"] > table.loc["random", "pai_upper"]).all()
    assert (table.loc["all periods", "over_last"] > 0.95).all()
    assert (table.loc["all periods", "pei_star"] > 0.97).all()
    assert (table.loc["kernel", "pei_star"] > 0.95).all()
    assert table.loc["all periods", "rri"].between(0.95, 1.1).all()


def test_concentration_is_stated(city, county):
    for (window, counts), gini in ((city, 0.630), (county, 0.825)):
        size = window.set_index("cell")["area_km2"].reindex(counts.index)
        whole = counts[size > size.median() / 2]  # a cell cut to a sliver holds less for being small
        assert generalised_gini(whole.sum(axis="columns")) == pytest.approx(gini, abs=0.001)
