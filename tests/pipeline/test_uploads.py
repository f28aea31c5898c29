"""Files handed over in a browser: names that are only text, mappings that are confirmed, nothing left behind."""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest

from safespace import pipeline
from safespace.errors import AreaError, FileError, SchemaError, StoreError
from safespace.pipeline import uploads
from safespace.pipeline.uploads import Given
from safespace.settings import load_settings
from safespace.sources.mapping import Mapping, write_mapping

OURS = (
    "reference,submitted,latitude,longitude,reasons\n"
    "A1,2022-01-28 23:40,52.4778,-1.8983,Badly lit\n"
    "A2,2022-01-28 25:40,52.4778,-1.8983,Badly lit\n"
)
THEIRS = "No;Sent on;Concern type;North;East\n1;03/04/2022 21:00;Badly lit;52.4778;-1.8983\n"
CHOSEN = {
    "submitted": "Sent on",
    "reasons": "Concern type",
    "latitude": "North",
    "longitude": "East",
    "reference": "No",
}


@pytest.fixture
def settings(tmp_path):
    return load_settings(store=tmp_path / "store")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Return the folder where temporary folders are made during the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def given(text, name="made.csv"):
    return Given(name, text.encode() if isinstance(text, str) else text)


def check(files, settings, *, source="streetsafe", mapping=None, **more):
    return pipeline.check_upload(
        files, source=source, settings=settings, mapping=mapping or Mapping(), **more
    )


def test_a_check_counts_every_row_and_changes_nothing(settings, temporary):
    done = check([given(OURS)], settings).outcome
    assert done.reading.counts() | {"read": 0} == {
        "read": 0, "accepted": 1, "repaired": 0, "quarantined": 0, "rejected": 1, "excluded": 0,
    }  # fmt: skip
    assert done.load is None
    assert not settings.store.exists()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../escaped.csv", "/etc/cron.d/x.csv", "C:\\Windows\\x.csv", "a\x00b\nc\u202e.csv"]
)
def test_a_name_is_text_and_never_a_path(settings, temporary, monkeypatch, name):
    written = []
    before = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: (written.append(self), before(self, data))[1])
    done = check([given(OURS, name)], settings).outcome
    assert {path.parent.parent for path in written} == {temporary}
    assert all(path.name.startswith("given_") and path.suffix == ".csv" for path in written)
    (told,) = done.reading.files
    assert told == pipeline.name_to_show(name)
    assert not set("/\\\x00\n\u202e") & set(told)
    assert set(done.reading.rejects["file"]) == {told}


def test_the_folder_is_private_and_gone_when_reading_fails(settings, temporary, monkeypatch):
    modes = []

    def failing(paths, **more):
        modes.append(stat.S_IMODE(paths[0].parent.stat().st_mode))
        raise FileError("Cannot.", where=paths[0], seen=paths[0].name)

    monkeypatch.setattr(uploads, "ingest", failing)
    with pytest.raises(FileError) as problem:
        check([given(OURS, "May.csv")], settings)
    assert str(problem.value) == "May.csv: Cannot. Seen: May.csv."
    assert modes == [0o700]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "No file was given"),
        ([Given("macro.xlsm", b"x")], r"macro\.xlsm: This kind of file is not taken here\. Seen: \.xlsm\."),
        ([Given("noending", b"x")], "no ending"),
        ([Given("empty.csv", b"")], r"empty\.csv: The file is empty"),
        (
            [Given("a.csv", b"x" * 700_000), Given("b.csv", b"x" * 700_000)],
            r"1\.3 MB together.*limit is 1 MB",
        ),
    ],
)
def test_what_is_not_taken_is_said_by_name(tmp_path, files, said):
    settings = load_settings(store=tmp_path / "store", limits={"upload_mb": 1})
    with pytest.raises(FileError, match=said):
        check(files, settings)


def test_files_of_one_name_are_told_apart(settings):
    other = OURS.replace("A1", "B1").replace("A2", "B2")
    done = check([given(OURS, "x/made.csv"), given(other, "y/made.csv")], settings).outcome
    assert done.reading.files == ("made.csv", "(2) made.csv")
    assert done.reading.counts()["rejected"] == 2


def test_what_was_checked_is_loaded_once_and_said_to_be_there_afterwards(settings):
    checked = check([given(OURS, "April.csv")], settings)
    done = pipeline.load_upload(checked, settings)
    assert done.load.added == 1
    assert pipeline.list_loads(settings)["files"].tolist() == ["April.csv"]
    assert pipeline.load_upload(checked, settings).load.already_loaded
    assert check([given(OURS, "other name.csv")], settings).held_as == done.load.load_id


def test_a_file_is_the_same_load_whether_handed_over_or_named(settings, tmp_path):
    (tmp_path / "made.csv").write_text(OURS)
    named = pipeline.ingest([tmp_path / "made.csv"], source="streetsafe", settings=settings)
    offer = pipeline.propose_upload([given(OURS)], source="streetsafe", settings=settings)
    assert check([given(OURS)], settings, mapping=settle(offer)).held_as == named.load.load_id


def settle(offer, date_order=None, **changed):
    chosen = {column.name: column.header for column in offer.columns} | changed
    return pipeline.settle_mapping(offer, chosen, date_order=date_order, crs=offer.mapping.crs)


def test_a_guess_is_offered_confirmed_and_remembered(settings):
    files = [given(THEIRS)]
    offer = pipeline.propose_upload(files, source="streetsafe", settings=settings)
    assert {column.name: column.header for column in offer.columns if column.header} == {
        name: header for name, header in CHOSEN.items() if name != "reference"
    }
    assert not offer.remembered
    assert offer.undecided.code == "dates-fit-both-orders"
    assert offer.undecided.what == "The dates in Sent on fit both day first and month first."
    assert offer.undecided.told("app").endswith("3 Apr or 4 Mar. Choose how the dates are written.")
    mapping = settle(offer, "dmy", reference="No")
    pipeline.load_upload(check(files, settings, mapping=mapping), settings)
    again = pipeline.propose_upload(files, source="streetsafe", settings=settings)
    assert again.remembered
    assert again.undecided is None
    assert settle(again, again.mapping.date_order) is again.mapping
    assert {column.name: column.header for column in again.columns if column.header} == CHOSEN
    assert check(files, settings, mapping=again.mapping).held_as


def test_a_mapping_with_comments_gives_the_same_load_when_it_is_offered_again(settings, tmp_path):
    (tmp_path / "made.csv").write_text(THEIRS)
    path = write_mapping(Mapping(columns=CHOSEN, date_order="dmy"), tmp_path / "ours.toml")
    path.write_text(f"# May\n{path.read_text()}")
    load = pipeline.ingest([tmp_path / "made.csv"], source="streetsafe", settings=settings, mapping=path).load
    offer = pipeline.propose_upload([given(THEIRS)], source="streetsafe", settings=settings)
    assert check([given(THEIRS)], settings, mapping=settle(offer, "dmy")).held_as == load.load_id


def test_columns_that_are_needed_have_to_be_named(settings):
    offer = pipeline.propose_upload([given(THEIRS)], source="streetsafe", settings=settings)
    with pytest.raises(
        SchemaError, match=r"nothing for reasons; latitude and longitude or easting and northing"
    ):
        settle(offer, "dmy", reasons="", longitude="")


def test_dates_that_fit_both_ways_are_refused_when_nobody_was_asked(settings):
    mapping = Mapping(columns=CHOSEN)
    with pytest.raises(SchemaError, match=r"Sent on fit both") as problem:
        check([given(THEIRS)], settings, mapping=mapping)
    assert problem.value.code == "dates-fit-both-orders"


def test_a_file_about_persons_is_refused_before_its_columns_are_offered(settings):
    text = "suspect_name,offence,start\nAnn,Robbery,2022-01-01\n"
    with pytest.raises(SchemaError, match=r"persons\.csv: This file is about persons.*suspect_name"):
        pipeline.propose_upload([given(text, "persons.csv")], source="nte", settings=settings)


def book(*names):
    made = openpyxl.Workbook()
    for name in names:
        made.create_sheet(name).append(["reference", "submitted", "latitude", "longitude", "reasons"])
    made[names[-1]].append(["A1", "2022-01-28 23:40", 52.4778, -1.8983, "Badly lit"])
    del made["Sheet"]
    content = io.BytesIO()
    made.save(content)
    return Given("book.xlsx", content.getvalue())


def test_the_sheet_of_a_workbook_is_chosen(settings):
    assert pipeline.list_upload_sheets([book("Cover", "May")], source="streetsafe", settings=settings) == (
        "Cover", "May",
    )  # fmt: skip
    done = check([book("Cover", "May")], settings, sheet="May").outcome
    assert done.reading.counts()["accepted"] == 1
    assert pipeline.list_upload_sheets([book("May")], source="streetsafe", settings=settings) == ()


def test_mended_rows_come_back_under_the_same_mapping(settings):
    text = THEIRS.replace("Badly lit", "Bad vibes") + "2;03/04/2022 22:00;Badly lit;52.4;-1.8\n"
    offer = pipeline.propose_upload([given(text)], source="streetsafe", settings=settings)
    mapping = settle(offer, "dmy", reference="No", reasons="Concern type")
    done = pipeline.load_upload(check([given(text)], settings, mapping=mapping), settings)
    assert (done.load.added, done.load.quarantined) == (1, 1)
    kept = pipeline.rejects_of(done.load.load_id, settings)
    ((name, content),) = pipeline.rejects_to_mend(kept).items()
    mended = Given(name, content.replace(b"Bad vibes", b"Rundown"))
    again = pipeline.propose_upload([mended], source="streetsafe", settings=settings)
    assert again.remembered
    done = pipeline.load_upload(check([mended], settings, mapping=settle(again, "dmy")), settings)
    assert done.load.added == 1
    assert pipeline.catalog(settings).sources["rows"].tolist() == [2]


def test_made_up_files_are_known_by_their_names_and_not_mixed(town, settings):
    content = town.spiking_csv.read_bytes().replace(b"SYN-", b"REF-")
    made_up = check([Given("Synthetic spiking.csv", content)], settings, source="spiking")
    assert made_up.outcome.reading.synthetic
    pipeline.load_upload(check([given(OURS)], settings), settings)
    with pytest.raises(StoreError, match=r"holds real reports.*Seen: Synthetic spiking\.csv"):
        pipeline.load_upload(made_up, settings)


def test_an_archive_that_leaves_its_folder_is_refused(settings, temporary):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("../../x.csv", OURS)
    with pytest.raises(FileError, match=r"^months\.zip: The zip archive holds an entry"):
        check([Given("months.zip", content.getvalue())], settings)
    assert list(temporary.iterdir()) == []


def test_layers_are_added_by_the_names_they_were_handed_over_with(town, settings):
    said = pipeline.add_layer(
        [Given("wards.geojson", town.areas_geojson.read_bytes())], layer="areas", settings=settings
    )
    assert said == ("6 areas loaded from wards.geojson.",)
    said = pipeline.add_layer(
        [Given("synthetic_town.osm.pbf", town.streets_pbf.read_bytes())], layer="streets", settings=settings
    )
    assert "walkable km" in said[0]
    assert pipeline.streets_credit(settings) == "Synthetic streets"
    census = b"total,name,mnemonic\n1200,Somewhere,E01000001\n"
    with pytest.raises(AreaError, match=r"^census\.csv: None of the codes"):
        pipeline.add_layer([Given("census.csv", census)], layer="residents", settings=settings)


@pytest.mark.parametrize("name", ["areas.geojson", "areas.kml", "areas.gpkg"])
def test_a_file_that_points_elsewhere_is_not_opened_as_areas(settings, name):
    pointer = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource>'
    with pytest.raises(FileError, match="not what its name says"):
        pipeline.add_layer([Given(name, pointer)], layer="areas", settings=settings)
    assert not settings.store.exists()
