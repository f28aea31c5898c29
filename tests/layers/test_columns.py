import tarfile

import pytest

from safespace.errors import FileError, SchemaError
from safespace.layers.assets import read_naptan
from safespace.layers.columns import read_area_values
from safespace.schemas import ASSETS, check
from safespace.settings import LimitSettings

COUNTS = 'code,kind,n\nE2,Robbery,3\nE1,Drugs,"1,000"\nE1,Robbery,2\n,,\n,A footnote,\n'


@pytest.fixture
def counts(tmp_path):
    (tmp_path / "a.csv").write_text(COUNTS)
    return tmp_path / "a.csv"


def test_rows_of_one_area_are_added_up(counts):
    values = read_area_values(counts, code_column="Code", value_column="n")
    assert values.to_dict() == {"E1": 1002.0, "E2": 3.0}
    assert (values.name, values.index.name, values.dtype) == ("n", "Code", "float64")


def test_only_what_is_to_be_kept_is_counted(counts):
    assert read_area_values(
        counts, code_column="code", value_column="n", keep={"kind": ["Robbery"]}
    ).to_dict() == {"E1": 2.0, "E2": 3.0}
    with pytest.raises(SchemaError, match=r"No row has the values to keep. Seen: kind in \['robbery'\]"):
        read_area_values(counts, code_column="code", value_column="n", keep={"kind": ["robbery"]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,m\nE1,2\n", r"Columns are missing: n.*Seen: code, m"),
        ("code,n\nE1,two\n", r"1 figures in n are not numbers. Seen: 'two'"),
        ("code,n\n,2\n", "1 rows have no code"),
        ("code,n\nE1,2,3\n", "line 2: A row does not split"),
    ],
)
def test_figures_that_cannot_be_used_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(SchemaError, match=message):
        read_area_values(tmp_path / "a.csv", code_column="code", value_column="n")


def pack(tmp_path, *names):
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as made:
        for name in names:
            (tmp_path / name).write_text(COUNTS + f"E9,{name},1\n")
            made.add(tmp_path / name, arcname=f"folder/{name}")
    return tmp_path / "a.tar.xz"


def test_the_tables_of_an_archive_are_read_together(tmp_path):
    values = read_area_values(
        pack(tmp_path, "x.csv", "y.csv", "readme.txt"), code_column="code", value_column="n"
    )
    assert values.to_dict() == {"E1": 2004.0, "E2": 6.0, "E9": 2.0}


def test_an_archive_without_a_table_is_refused(tmp_path):
    with pytest.raises(FileError, match="no CSV file in it"):
        read_area_values(pack(tmp_path, "readme.txt"), code_column="code", value_column="n")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as made:
        (tmp_path / "big.csv").write_text("0" * (2**20 + 1))
        made.add(tmp_path / "big.csv", arcname="big.csv")
    with pytest.raises(FileError, match="unpacks to too much"):
        read_area_values(
            tmp_path / "a.tar.xz", code_column="code", value_column="n", limits=LimitSettings(file_mb=1)
        )


def test_a_damaged_archive_is_refused(tmp_path):
    whole = pack(tmp_path, "x.csv")
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(FileError, match=r"damaged|not a table"):
        read_area_values(whole, code_column="code", value_column="n")


def test_stops_are_placed_by_degrees_or_by_grid(tmp_path):
    (tmp_path / "stops.csv").write_text(
        "ATCOCode,CommonName,Easting,Northing,Longitude,Latitude,StopType,Status,ModificationDateTime\n"
        "1,New Street,,,-1.8983,52.4778,RSE,active,2024-05-03T10:56:11\n"
        "2,High Street,406689,286822,,,BCT,inactive,\n"
        "3,Nowhere,,,,,BCT,active,\n"
        "4,Odd,,,-1.9,52.4,XYZ,active,\n"
    )
    stops = read_naptan(tmp_path / "stops.csv")
    check(stops, ASSETS)
    assert stops[["asset_id", "kind", "as_of"]].to_numpy().tolist() == [
        ["naptan:1", "rail_station", "2024-05-03"],
        ["naptan:2", "bus_stop", ""],
        ["naptan:4", "transport_other", ""],
    ]
    assert stops["lat"][1] == pytest.approx(52.479, abs=0.001)
    assert read_naptan(tmp_path / "stops.csv", active_only=True)["asset_id"].tolist() == [
        "naptan:1",
        "naptan:4",
    ]


def test_stops_without_a_place_or_a_column_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("ATCOCode,CommonName,StopType\n1,x,BCT\n")
    with pytest.raises(SchemaError, match="No stop has a place"):
        read_naptan(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("ATCOCode,CommonName\n1,x\n")
    with pytest.raises(SchemaError, match="Columns are missing: StopType"):
        read_naptan(tmp_path / "a.csv")
