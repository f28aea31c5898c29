from __future__ import annotations

import geopandas as gpd
import openpyxl
import pytest
import shapely

from safespace.errors import FileError
from safespace.settings import LimitSettings
from safespace.sources.sheets import list_sheets

LIMITS = LimitSettings()


def test_the_sheets_of_a_workbook_are_listed_in_order(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.create_sheet("January")
    book.save(tmp_path / "book.xlsx")
    assert list_sheets(tmp_path / "book.xlsx", limits=LIMITS) == ("Cover", "January")


def test_the_layers_of_a_geopackage_are_listed(tmp_path):
    points = gpd.GeoDataFrame({"a": ["1"]}, geometry=[shapely.Point(-1.9, 52.5)], crs=4326)
    for layer in ("night", "day"):
        points.to_file(tmp_path / "points.gpkg", layer=layer)
    assert set(list_sheets(tmp_path / "points.gpkg", limits=LIMITS)) == {"night", "day"}


def test_other_files_have_none(tmp_path):
    (tmp_path / "plain.csv").write_text("a,b\n1,2\n")
    assert list_sheets(tmp_path / "plain.csv", limits=LIMITS) == ()


def test_a_damaged_workbook_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 nothing more")
    with pytest.raises(FileError, match=r"broken\.xlsx.*damaged"):
        list_sheets(tmp_path / "broken.xlsx", limits=LIMITS)
