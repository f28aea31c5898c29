"""City of London police.uk months: places learnt from three years hold the next nine months.

Snap points make cells of resolution 10 the finest that mean anything here, where points are thick; no
point clusters are looked for.
"""

from __future__ import annotations

import zipfile

import pandas as pd
import pytest
import shapely

from safespace.cells import add_cells, study_window
from safespace.hotspots import count_by_period, generalised_gini, validate

pytestmark = pytest.mark.realdata
# Roughly the Square Mile, drawn by hand: good to a street or two.
CITY = shapely.Polygon(
    [(-0.1135, 51.5105), (-0.1115, 51.5185), (-0.097, 51.5205), (-0.086, 51.522), (-0.0785, 51.5215),
     (-0.073, 51.514), (-0.078, 51.508), (-0.1, 51.5095)]
)  # fmt: skip


@pytest.fixture(scope="module")
def months(realdata):
    """Return the window and the violence and sexual offences of 45 months in it."""
    with zipfile.ZipFile(realdata / "police-uk-city-of-london-2018-01_2021-09.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith("-street.csv"))
        rows = pd.concat([pd.read_csv(archive.open(name)) for name in names], ignore_index=True)
    rows = rows[rows["Crime type"] == "Violence and sexual offences"]
    rows = rows.dropna(subset=["Longitude", "Latitude"]).reset_index(drop=True)
    number = rows.index.astype(str)
    month = (pd.to_datetime(rows["Month"]) + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    reports = pd.DataFrame(
        {
            "report_id": number, "event_id": number, "occurred_from": month,
            "lon": rows["Longitude"], "lat": rows["Latitude"],
        }
    )  # fmt: skip
    window = study_window(CITY, resolution=10)
    return window, count_by_period(add_cells(reports), window)


def test_the_past_holds_more_than_chance_and_than_the_last_month(months):
    window, counts = months
    assert counts.shape == (243, 45)
    found = validate(counts, window, later=9, seed=1)
    assert found.basis().startswith(
        "Learnt from 2,825 events in 36 periods, judged on 475 in the next 9, 243 cells."
    )
    table = found.table.set_index(["method", "area_share"])
    pai = table.loc["all periods", "pai"]
    assert pai.round(1).tolist() == [18.4, 9.6, 7.4, 4.7]
    assert (table.loc["all periods", "pai_lower"] > table.loc["random", "pai_upper"]).all()
    assert (table.loc[["all periods", "kernel"], "over_last"] > 0.95).all()
    assert (table.loc["all periods", "pei_star"] > 0.8).all()
    # what was high stays high: no regression to the mean to speak of over three years
    assert table.loc["all periods", "rri"].between(0.9, 1.3).all()


def test_concentration_is_stated(months):
    _, counts = months
    assert generalised_gini(counts.sum(axis="columns")) == pytest.approx(0.628, abs=0.001)
