import random

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import FileError, SafeSpaceError
from safespace.settings import LimitSettings, Settings
from safespace.sources import read_reports
from safespace.sources.datafiles import kind_of, open_datafile

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
ROWS = pd.DataFrame(
    {
        "reference": ["A1", "A2"],
        "submitted": ["2022-07-28 23:40", "2022-01-29 00:10"],
        "reasons": ["Badly lit", "Being followed"],
    }
)
AT = shapely.points([[-1.8983, 52.4778], [-1.9052, 52.4769]])


def read(path, source="streetsafe", **more):
    return read_reports([path], source=source, settings=Settings(), as_of=AS_OF, **more)


@pytest.fixture
def wanted(tmp_path):
    path = tmp_path / "made.csv"
    ROWS.assign(longitude=shapely.get_x(AT), latitude=shapely.get_y(AT)).to_csv(path, index=False)
    return read(path).reports


@pytest.mark.parametrize("name", ["made.geojson", "made.gpkg", "geo.parquet", "plain.parquet"])
def test_points_and_parquet_read_as_the_csv_does(tmp_path, wanted, name):
    path = tmp_path / name
    features = gpd.GeoDataFrame(ROWS, geometry=AT, crs=4326)
    if name == "plain.parquet":
        ROWS.assign(lon=shapely.get_x(AT), lat=shapely.get_y(AT)).to_parquet(path)
    elif name == "geo.parquet":
        features.to_parquet(path)
    else:
        features.to_file(path)
    assert read(path).reports.equals(wanted)


def test_points_on_the_grid_stand_as_eastings_and_northings(tmp_path, wanted):
    path = tmp_path / "made.gpkg"
    gpd.GeoDataFrame(ROWS, geometry=AT, crs=4326).to_crs(27700).to_file(path)
    table, _ = open_datafile(path.read_bytes(), "made.gpkg", layer=None, limits=LimitSettings())
    assert {"easting", "northing"} <= set(table.column_names)
    away = read(path).reports[["lon", "lat"]] - wanted[["lon", "lat"]]
    assert np.abs(away.to_numpy()).max() < 1e-4


def test_a_moment_that_says_it_is_utc_is_obeyed_and_one_that_does_not_is_local(tmp_path):
    at = pd.to_datetime(ROWS["submitted"])
    place = {"lon": shapely.get_x(AT), "lat": shapely.get_y(AT)}
    for name, moments in {"local": at, "utc": at.dt.tz_localize("UTC")}.items():
        ROWS.assign(submitted=moments, **place).to_parquet(tmp_path / f"{name}.parquet")
    local, utc = (read(tmp_path / f"{name}.parquet").reports["occurred_from"][0] for name in ("local", "utc"))
    assert (local.hour, utc.hour) == (22, 23)  # July: London is an hour ahead


def test_numbers_of_a_parquet_file_are_written_plainly(tmp_path):
    pd.DataFrame(
        {"id": [7.0, 1.5, None], "n": [1, 2, 3], "day": pd.to_datetime(["2022-01-28"] * 3)}
    ).to_parquet(tmp_path / "a.parquet")
    table, _ = open_datafile((tmp_path / "a.parquet").read_bytes(), "a", layer=None, limits=LimitSettings())
    assert table["id"].to_pylist() == ["7", "1.5", ""]
    assert table["day"].to_pylist()[0] == "2022-01-28 00:00:00"


def test_a_layer_is_chosen_by_name_and_the_others_are_said(tmp_path):
    path = tmp_path / "made.gpkg"
    for layer, part in {"first": ROWS[:1], "second": ROWS[1:]}.items():
        gpd.GeoDataFrame(part, geometry=AT[: len(part)], crs=4326).to_file(path, layer=layer)
    assert read(path, sheet="second").reports["report_id"].tolist() == ["streetsafe:A2"]
    assert "made.gpkg: layer first was read, and not second." in read(path).notes
    with pytest.raises(FileError, match=r"no such layer. Seen: third. Choose one of: first, second"):
        read(path, sheet="third")


def test_areas_are_not_reports(tmp_path):
    path = tmp_path / "made.geojson"
    gpd.GeoDataFrame(ROWS, geometry=shapely.buffer(AT, 0.01), crs=4326).to_file(path)
    with pytest.raises(FileError, match=r"shapes are not points. Seen: Polygon"):
        read(path)


@pytest.mark.parametrize("start", [b"PAR1", b'{"type": "FeatureCollection", ['])
def test_a_damaged_file_is_refused(tmp_path, start):
    (tmp_path / "made.x").write_bytes(start + b"and then nothing that makes sense" * 20)
    assert kind_of((tmp_path / "made.x").read_bytes())
    with pytest.raises(FileError, match="file is damaged"):
        read(tmp_path / "made.x")


def test_a_geopackage_cut_short_is_refused_and_another_database_is_not_one(tmp_path):
    path = tmp_path / "made.gpkg"
    gpd.GeoDataFrame(ROWS, geometry=AT, crs=4326).to_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileError, match="file is damaged"):
        read(path)
    path.write_bytes(b"SQLite format 3\0".ljust(100))
    with pytest.raises(FileError, match=r"not a table of text. Seen: a database"):
        read(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    features = gpd.GeoDataFrame(ROWS, geometry=AT, crs=4326)
    features.to_file(folder / "a.geojson")
    features.to_parquet(folder / "a.parquet")
    rows = [
        [*ROWS.columns, "latitude", "longitude"],
        *([*row, 52.4778, -1.8983] for row in ROWS.to_numpy().tolist()),
    ]
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(folder / "a.xlsx")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # GDAL says what it makes of odd shapes
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["a.geojson", "a.parquet", "a.xlsx"]), st.integers(0, 2**32))
def test_no_mutation_of_a_typed_file_makes_a_reader_fall_over(tmp_path_factory, sound, name, seed):
    rng, content = random.Random(seed), bytearray(sound[name])  # noqa: S311
    for _ in range(rng.randint(1, 6)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    try:
        counts = read(path).counts()
    except SafeSpaceError:
        return
    assert counts.pop("read") == sum(counts.values())


@pytest.fixture
def book(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "About"
    made.active.append(["Made for a test"])
    sheet = made.create_sheet("Reports")
    sheet.append(["StreetSafe", None, None, None, None])
    sheet.append(["reference", "submitted", "latitude", "longitude", "reasons"])
    sheet.append(["A1", 44589.98, 52.4778, -1.8983, "Badly lit"])
    sheet.append(["A2", "2022-01-29 00:10", 52.4769, -1.9052, None])
    sheet.append([1230000000000000000, "2022-01-29 00:10", 52.4769, -1.9052, "Rundown"])
    sheet.merge_cells("E3:E4")
    sheet.merge_cells("A1:E1")
    made.save(tmp_path / "made.xlsx")
    return tmp_path / "made.xlsx"


def test_a_sheet_is_chosen_by_name(book):
    ingested = read(book, sheet="Reports")
    assert ingested.reports["report_id"].tolist() == ["streetsafe:A1", "streetsafe:A2"]
    assert "made.xlsx: sheet Reports was read, and not About." in ingested.notes
    with pytest.raises(FileError, match=r"no such sheet. Seen: Nope. Choose one of: About, Reports"):
        read(book, sheet="Nope")


def test_cells_merged_across_columns_give_each_its_value(tmp_path):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["reference", "offence", "start", "end", "easting", "northing"])
    sheet.append(["N1", "Robbery", "2022-01-28 23:40", None, "406689", "286822"])
    sheet.append(["N2", "Robbery", None, None, "406700", "286900"])
    sheet.append(["March 2022", None, None, None, None, None])
    sheet.merge_cells("C2:D3")  # one moment is start and end of two rows
    sheet.merge_cells("A4:F4")  # a title within the table
    made.save(tmp_path / "made.xlsx")
    ingested = read_reports(
        [tmp_path / "made.xlsx"],
        source="nte",
        settings=Settings(),
        as_of=pd.Timestamp("2026-01-01", tz="UTC"),
    )
    assert ingested.reports["report_id"].tolist() == ["nte:N1", "nte:N2"]
    assert len(set(ingested.reports["occurred_to"])) == 1
    assert ingested.repairs[["row", "rule", "after"]].to_numpy().tolist() == [
        [2, "merged_cell", "2022-01-28 23:40"],
        [3, "merged_cell", "2022-01-28 23:40"],
        [3, "merged_cell", "2022-01-28 23:40"],
    ]
    assert ingested.rejects["row"].tolist() == [4]


def test_merged_cells_day_numbers_and_shortened_identifiers_are_met_by_name(book):
    ingested = read(book, sheet="Reports")
    shown = ingested.repairs[["row", "rule", "before", "after"]].to_numpy().tolist()
    assert shown == [
        [3, "excel_date", "44589.98", "2022-01-28 23:31"],
        [4, "merged_cell", "", "Badly lit"],
    ]
    assert ingested.rejects[["row", "reason"]].to_numpy().tolist() == [[5, "mangled_reference"]]
    assert "1.23000E+18" in ingested.rejects["explanation"][0]
    assert sum(ingested.counts().values()) == 2 * ingested.read
