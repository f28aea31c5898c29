"""City of London police.uk months: the results make sense to somebody who knows the place."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest
from real_forces import CITY

from safespace.cells import add_cells, add_events, count, study_window, sum_points
from safespace.engine import open_engine
from safespace.hotspots import compare_baselines, find_hotspots, jaccard, places
from safespace.settings import HotspotSettings

pytestmark = pytest.mark.realdata
SETTINGS = HotspotSettings(rates="cells")
VIOLENCE = "Violence and sexual offences"
LIVERPOOL_STREET = (-0.0823, 51.5178)


@pytest.fixture(scope="module")
def incidents(realdata):
    """Return the rows with coordinates as placed reports, month only."""
    with zipfile.ZipFile(realdata / "police-uk-city-of-london-2018-01_2021-09.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith("-street.csv"))
        rows = pd.concat([pd.read_csv(archive.open(name)) for name in names], ignore_index=True)
    rows = rows.dropna(subset=["Longitude", "Latitude"], ignore_index=True)
    month = pd.to_datetime(rows["Month"]).dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    reports = pd.DataFrame(
        {
            "report_id": [f"police_uk:{number}" for number in rows.index],
            "source": "police_uk",
            "category": rows["Crime type"],
            "factor": "",
            "occurred_from": month,
            "occurred_to": month + pd.Timedelta(days=28),
            "lon": rows["Longitude"],
            "lat": rows["Latitude"],
        }
    )
    return add_cells(add_events(reports, same_event_m=30))


def counted(reports, resolution=10):
    window = study_window(CITY, resolution=resolution)
    return count(reports, window, resolution=resolution, engine=open_engine())


def test_month_only_rows_stay_apart(incidents):
    assert len(incidents) == 26_570
    assert incidents["event_id"].is_unique


def test_violence_concentrates_round_liverpool_street(incidents):
    violence = incidents[incidents["category"] == VIOLENCE]
    found = find_hotspots(counted(violence), baseline="area", settings=SETTINGS)
    assert found.events + found.left_out <= len(violence)
    assert found.events > 0.9 * len(violence)
    top = places(found)
    assert 1 <= len(top) <= 12  # incidents on shared map points vary 19 times as much as by chance
    first = top.iloc[0]
    assert np.hypot((first["lon"] - LIVERPOOL_STREET[0]) * 0.62, first["lat"] - LIVERPOOL_STREET[1]) < 0.004
    assert first["lower"] > 2
    assert (top["lower"] <= top["rate"]).all()
    assert np.isfinite(found.table.select_dtypes("number").to_numpy()).all()


def test_hot_cells_of_two_years_are_mostly_those_of_the_next_two(incidents):
    before = incidents["occurred_from"] < pd.Timestamp("2019-11-15", tz="UTC")
    halves = [
        find_hotspots(counted(half), baseline="area", settings=SETTINGS)
        for half in (incidents[before], incidents[~before])
    ]
    assert jaccard(*halves) >= 0.5


def test_the_baseline_decides_what_usual_means(incidents):
    violence = incidents[incidents["category"] == VIOLENCE]
    cells = counted(violence)
    area = pd.Series(cells["area_km2"].to_numpy(), index=cells["cell"])
    every = sum_points(incidents["lon"], incidents["lat"], np.ones(len(incidents)), cells, resolution=10)
    found = compare_baselines(cells, {"area": area, "all recorded incidents": every}, settings=SETTINGS)
    by_area, by_incidents = (found[name].table["hot"].sum() for name in found)
    assert 0 < by_incidents < by_area  # most of the concentration is where everything concentrates
    assert set(found["area"].table["hot_under"]) == {0, 1, 2}
