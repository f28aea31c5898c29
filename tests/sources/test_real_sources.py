"""The real files: what is in them is known, so what the readers make of them can be checked."""

import numpy as np
import pytest

from safespace.layers.assets import read_naptan
from safespace.layers.boundaries import read_areas
from safespace.layers.columns import read_area_values, read_columns
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.sources.coordinates import from_grid

pytestmark = pytest.mark.realdata
CITY = "police-uk-city-of-london-2018-01_2021-09.zip"


def reports(path, **more):
    return read_reports([path], source="police_uk", settings=Settings(), **more)


@pytest.fixture(scope="module")
def city(realdata):
    return reports(realdata / CITY)


def test_city_of_london_balances(city):
    assert city.counts() == {
        "read": 28761,
        "accepted": 26188,
        "repaired": 0,
        "quarantined": 351,
        "rejected": 2222,
        "excluded": 0,
    }
    lacking = (city.rejects["reason"] == "no_coordinates").sum()
    assert round(100 * lacking / city.read, 1) == 7.6
    assert len(city.files) == 45


def test_city_of_london_reads_the_same_twice(realdata, city):
    again = reports(realdata / CITY)
    assert again.reports.equals(city.reports)
    assert again.rejects.equals(city.rejects)
    assert again.content_hash == city.content_hash


def test_city_of_london_repeated_identifiers_are_held_back_or_taken_once(city):
    assert city.reports["report_id"].is_unique
    assert (city.rejects["reason"] == "duplicate_row").sum() == 31
    assert (city.rejects["reason"] == "same_reference").sum() == 351


def test_an_export_of_the_api_is_read_through_its_mapping(realdata):
    centre = reports(realdata / "birmingham-centre-crimes.csv", mapping="police-uk-api")
    assert centre.counts()["accepted"] == centre.read == 17260
    assert centre.reports["category"].nunique() == 14
    assert centre.reports["occurred_to"].dt.strftime("%Y-%m").agg(["min", "max"]).tolist() == [
        "2017-01",
        "2017-11",
    ]


def test_south_yorkshire_balances(realdata):
    south = reports(realdata / "police-uk-south-yorkshire-2019-10_2021-09.zip")
    assert south.counts() == {
        "read": 346683,
        "accepted": 334438,
        "repaired": 0,
        "quarantined": 0,
        "rejected": 12245,
        "excluded": 0,
    }
    assert len(south.reports[["lon", "lat"]].drop_duplicates()) == 17717


def test_west_midlands_stops_are_read_and_agree_with_their_grid_references(realdata):
    path = realdata / "naptan-430-west-midlands-stops.csv"
    stops = read_naptan(path)
    assert stops["kind"].value_counts().to_dict() == {
        "bus_stop": 15104,
        "bus_station_bay": 222,
        "rail_station": 168,
        "tram_stop": 67,
    }
    grid = read_columns(path, ("Easting", "Northing")).astype(float)
    lon, lat = from_grid(grid["Easting"], grid["Northing"])
    apart_m = np.hypot((lon - stops["lon"]) * np.cos(np.radians(lat)), lat - stops["lat"]) * 111_320
    assert apart_m.max() < 2


def test_census_residents_are_read_without_the_footnote(realdata):
    residents = read_area_values(
        realdata / "census2021-ts001-usual-residents-lsoa.csv", code_column="mnemonic", value_column="total"
    )
    assert len(residents) == 35672  # the file's 35,679 lines end with a footnote
    assert residents.sum() == 59_597_601


def test_recorded_counts_of_areas_join_their_boundaries(realdata):
    path = realdata / "lsoa-monthly-crime-counts-birmingham-2023-05_2026-03.tar.xz"
    assert len(read_columns(path, ("lsoa_code",))) == 292_504
    counts = read_area_values(path, code_column="lsoa_code", value_column="crime_count")
    areas = read_areas(realdata / "lsoa-birmingham.geojson")
    assert len(areas) == 659
    without = areas.loc[~areas["area_id"].isin(counts.index), "area_id"].tolist()
    assert without == ["E01009290", "E01033567"]  # no row in any month: not known, which is not nought


def test_the_force_boundary_opens_flat(realdata):
    (force,) = read_areas(realdata / "west-midlands.gpkg").itertuples()
    assert (force.name, force.geometry.has_z, force.geometry.is_valid) == ("west midlands", False, True)
