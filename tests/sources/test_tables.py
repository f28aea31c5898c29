import csv
import datetime as dt
import io
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import FileError, SafeSpaceError
from safespace.settings import LimitSettings
from safespace.sources.tables import open_grid, open_tables

WANTED = frozenset({"id", "month", "place"})
LIMITS = LimitSettings()


def grid(content, wanted=WANTED, limits=LIMITS):
    content = content.encode() if isinstance(content, str) else content
    return open_grid(content, "made.csv", wanted=wanted, limits=limits)


def cells(found):
    return [tuple(row.values()) for row in found.cells.to_pylist()]


def opened(*paths, limits=LIMITS, prefer=""):
    return open_tables([Path(path) for path in paths], wanted=WANTED, limits=limits, prefer=prefer)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found(delimiter):
    found = grid(f"id{delimiter}month\n1{delimiter}2018-01\n")
    assert (found.headers, cells(found)) == (("id", "month"), [("1", "2018-01")])


def test_lines_are_those_of_the_file_whatever_is_between():
    found = grid(
        'Report of all\n\nid,month,place\r\na,1,x\r\n\r\nb,2,"two\nlines"\r\nc,3\r\nd,4,y\r\n,,\r\ne,5,z'
    )
    assert cells(found) == [("a", "1", "x"), ("b", "2", "two\nlines"), ("d", "4", "y"), ("e", "5", "z")]
    assert found.lines.tolist() == [4, 6, 9, 11]
    assert found.ragged == ((8, "c,3"),)
    assert found.notes == ("made.csv: the header is on line 3; what is above it was not read.",)


def test_windows_1252_lines_are_read_and_said():
    found = grid(b"id,place\n1,Caf\xe9\n2,Caf\xc3\xa9\n")
    assert cells(found) == [("1", "Café"), ("2", "Café")]
    assert found.notes == ("made.csv: lines not in UTF-8, read as Windows-1252: 1 (line 2).",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_marked_encodings_are_read(encoding):
    assert cells(grid("id,place\n1,Café\n".encode(encoding))) == [("1", "Café")]


def test_numbers_keep_their_text():
    assert cells(grid("id,place\n007,1.50\nNA,null\n")) == [("007", "1.50"), ("NA", "null")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b" \n\n", "The file is empty"),
        (b"%PDF-1.7 ...", "not a table of text. Seen: a PDF"),
        (b"\x89PNG\r\n", "not a table of text. Seen: a picture"),
        (b"id,month\n1,\x002018\n", "not a table of text. Seen: not text"),
        (b"PK\x03\x04 not really", "zip archive is damaged"),
        (b"\xff\xfei\x00d", "text cannot be read"),
    ],
)
def test_what_is_not_a_table_is_refused(content, message):
    with pytest.raises(FileError, match=message):
        grid(content)


def test_a_quotation_mark_that_never_closes_is_refused():
    content = 'id,month\n1,"2018-01\n' + "2,2018-01\n" * 5000
    with pytest.raises(FileError, match=r"too long to be a value.*quotation mark"):
        grid(content)


def test_a_long_cell_is_refused_with_its_length():
    with pytest.raises(FileError, match="Seen: 20,001 characters"):
        grid("id,month\n1," + "x" * 20_001 + "\n")


def test_missing_and_empty_files_are_refused(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        opened(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(FileError, match="is empty"):
        opened(tmp_path / "empty.csv")
    with pytest.raises(FileError, match="No file was given"):
        opened()


def test_a_large_sparse_file_is_refused_at_once(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(FileError, match=r"too large. Seen: 10,240 MB"):
        opened(tmp_path / "huge.csv")


def test_a_sparse_file_within_the_limit_is_refused_by_its_head(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.write(b"id,month\n1,2\n")
        file.truncate(2**30)
    start = time.process_time()
    with pytest.raises(FileError, match=r"not a table of text. Seen: not text"):
        opened(tmp_path / "huge.csv")
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_fifty_million_blank_lines_are_refused_in_seconds(tmp_path, ends):
    (tmp_path / "blank.csv").write_bytes(f"id,month{ends}1,2{ends}".encode() + ends.encode() * 50_000_000)
    start = time.process_time()
    with pytest.raises(
        FileError, match=r"mostly blank lines. Seen: \d\d,\d{3},\d{3} or more. At most 5,000,000"
    ):
        opened(tmp_path / "blank.csv")
    assert time.process_time() - start < 5


def archive(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def test_an_archive_is_read_in_order_and_prefers_street_files(tmp_path):
    made = archive(
        tmp_path / "a.zip",
        {
            "2018-02/2018-02-x-street.csv": "id\n2\n",
            "2018-01/2018-01-x-street.csv": "id\n1\n",
            "2018-01/2018-01-x-outcomes.csv": "id\n9\n",
        },
    )
    found = opened(made, prefer="-street.csv")
    assert [grid.file for grid in found.grids] == [
        "a.zip/2018-01/2018-01-x-street.csv",
        "a.zip/2018-02/2018-02-x-street.csv",
    ]
    assert found.passed_over == ("a.zip/2018-01/2018-01-x-outcomes.csv",)


def test_a_folder_is_read_as_an_archive_is(tmp_path):
    (tmp_path / "months" / "2018-01").mkdir(parents=True)
    (tmp_path / "months" / "2018-01" / "x-street.csv").write_text("id\n1\n")
    assert [grid.file for grid in opened(tmp_path / "months").grids] == ["months/2018-01/x-street.csv"]


def test_the_digest_follows_the_bytes(tmp_path):
    for name, content in {"a.csv": "id\n1\n", "b.csv": "id\n1\n", "c.csv": "id\n2\n"}.items():
        (tmp_path / name).write_text(content)
    digests = [opened(tmp_path / name).digest for name in ("a.csv", "b.csv", "c.csv")]
    assert digests[0] == digests[1] != digests[2]


def test_the_same_file_twice_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    with pytest.raises(FileError, match="given twice"):
        opened(tmp_path / "a.csv", tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["../../x.csv", "/etc/x.csv", "a\\..\\..\\x.csv"])
def test_an_entry_that_leaves_the_archive_is_refused(tmp_path, name):
    with pytest.raises(FileError, match="must stay inside the archive"):
        opened(archive(tmp_path / "a.zip", {name: "id\n1\n"}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    made = archive(tmp_path / "bomb.zip", {"a.csv": b"0" * 3 * 2**20})
    with pytest.raises(FileError, match=r"unpacks to too much. Seen: 3 MB"):
        opened(made, limits=LimitSettings(file_mb=2))


def test_an_archive_that_packs_like_a_bomb_is_refused_whatever_the_limit(tmp_path):
    made = archive(tmp_path / "bomb.zip", {"a.csv": b"0" * 60 * 2**20})
    with pytest.raises(FileError, match=r"far more than a table does. Seen: 60 MB from 0.1 MB"):
        opened(made)


def test_an_archive_of_thousands_of_files_is_refused(tmp_path):
    made = archive(tmp_path / "many.zip", {f"{i}.csv": "id" for i in range(5001)})
    with pytest.raises(FileError, match=r"too many files in it. Seen: 5,001 CSV files"):
        opened(made)


@pytest.mark.parametrize(
    "around", [("id,month\n1,", "\n"), ('id,month\n1,"', '"\n'), ("id,", "\n1,2\n"), ("", "")]
)
def test_a_field_of_a_hundred_megabytes_is_refused_in_seconds(tmp_path, around):
    (tmp_path / "long.csv").write_text(around[0] + "x" * 100 * 2**20 + around[1])
    start = time.perf_counter()
    with pytest.raises(FileError, match="too long to be a value"):
        opened(tmp_path / "long.csv")
    assert time.perf_counter() - start < 20  # a second or two on a machine at rest


def test_an_archive_without_a_table_says_what_it_holds(tmp_path):
    with pytest.raises(FileError, match=r"no CSV file in it. Seen: readme.txt"):
        opened(archive(tmp_path / "a.zip", {"readme.txt": "hello"}))


def test_a_damaged_entry_is_refused(tmp_path):
    made = archive(tmp_path / "a.zip", {"a.csv": "id\n" + "\n".join(str(i) for i in range(3000))})
    content = bytearray(made.read_bytes())
    content[60:90] = b"\xff" * 30
    made.write_bytes(content)
    with pytest.raises(FileError, match=r"damaged|cannot be unpacked"):
        opened(made)


def test_the_first_sheet_of_a_workbook_is_read(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Title"],
        ["id", "month", "place"],
        [7, dt.datetime.fromisoformat("2022-01-28 23:40"), 52.5],
        [None] * 3,
        [8, dt.date(2022, 1, 29), "x"],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    (found,) = opened(tmp_path / "a.xlsx").grids
    assert cells(found) == [("7", "2022-01-28 23:40:00", "52.5"), ("8", "2022-01-29", "x")]
    assert found.lines.tolist() == [3, 5]


def test_a_broken_workbook_is_refused(tmp_path):
    made = archive(tmp_path / "a.xlsx", {"x.txt": "not a workbook"})
    with pytest.raises(FileError, match="workbook cannot be read"):
        opened(made)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fall_over(content):
    try:
        found = grid(content)
    except SafeSpaceError:
        return
    assert len(found.lines) == found.cells.num_rows


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\r\0", codec="utf-8"), max_size=5),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    )
)
def test_what_csv_writes_comes_back(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["id", "month"], *rows])
    kept = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert cells(grid(text.getvalue())) == kept
