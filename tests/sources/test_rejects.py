import pandas as pd
import pytest

from safespace.errors import FileError, SchemaError
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.sources.rejects import to_mend, write_to_mend

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
MAPPING = '[columns]\nreasons = "reason"\nsubmitted = "Sent"\n'
DIRTY = (
    "Id;Sent;lat;lon;reason;da\n"
    "A1;28/01/2022 23:40;52.4778;-1.8983;Badly lit;N\n"
    "A2;28/01/2022 23:40;52.4778;-1.8983;Bad vibes;N\n"
    "A3;28/01/2022 25:40;52.4778;-1.8983;Café, Badly lit;N\n"
    "SECRET;28/01/2022 23:40;52.4778;-1.8983;Badly lit;Y\n"
    "A5;28/01/2022 23:40\n"
)


def read(path, **more):
    return read_reports([path], source="streetsafe", settings=Settings(), as_of=AS_OF, **more)


@pytest.fixture
def dirty(tmp_path):
    (tmp_path / "dirty.csv").write_text(DIRTY)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return read(tmp_path / "dirty.csv", mapping=tmp_path / "mapping.toml")


def test_rejects_are_laid_out_with_the_providers_own_columns(dirty):
    (frame,) = to_mend(dirty.rejects)
    assert list(frame.columns) == [
        "reject_file", "reject_row", "reject_outcome", "reject_reason", "reject_explanation",
        "reject_remedy",
        "Id", "Sent", "lat", "lon", "reason", "da",
    ]  # fmt: skip
    assert frame["Id"].tolist() == ["A2", "A3"]
    assert frame["reject_row"].tolist() == ["3", "4"]
    assert "SECRET" not in frame.to_csv()


def test_cells_are_mended_and_the_file_is_loaded_with_the_same_mapping(dirty, tmp_path):
    (path,) = write_to_mend(dirty.rejects, tmp_path / "rejects.csv")
    mended = path.read_text(encoding="utf-8-sig").replace("Bad vibes", "Rundown").replace("25:40", "22:40")
    path.write_text(mended, encoding="cp1252")  # as a spreadsheet may save it
    again = read(path, mapping=tmp_path / "mapping.toml")
    assert again.reports["report_id"].tolist() == ["streetsafe:A2"]
    assert again.rejects["reason"].tolist() == ["unknown_category"]  # "Café, Badly lit" waits still
    assert "rejects.csv: 2 rows that were not taken before, read again." in again.notes


def test_what_was_never_wrong_has_the_identifiers_it_would_have_had(dirty, tmp_path):
    (path,) = write_to_mend(dirty.rejects, tmp_path / "rejects.csv")
    path.write_text(path.read_text(encoding="utf-8-sig").replace("Café, ", "").replace("25:40", "23:40"))
    right = DIRTY.replace("Café, ", "").replace("25:40", "23:40")
    (tmp_path / "right.csv").write_text(right)
    told = {"mapping": tmp_path / "mapping.toml"}
    mended, wanted = read(path, **told).reports, read(tmp_path / "right.csv", **told).reports
    merged = pd.concat([dirty.reports, mended], ignore_index=True)
    assert merged.equals(wanted)


def test_the_rejects_as_they_are_kept_are_read_too(dirty, tmp_path):
    mended = dirty.rejects.assign(original=dirty.rejects["original"].str.replace("Bad vibes", "Rundown"))
    mended.to_csv(tmp_path / "kept.csv", index=False)
    again = read(tmp_path / "kept.csv", mapping=tmp_path / "mapping.toml")
    assert again.reports["report_id"].tolist() == ["streetsafe:A2"]
    assert again.rejects["row"].tolist() == [3]
    assert "kept.csv: 2 rows without their text were passed over." in again.notes


@pytest.mark.parametrize("bad", ["{not json", "[1, 2]"])
def test_a_row_whose_original_was_spoilt_is_named(tmp_path, bad):
    row = {"file": "a", "row": 2, "outcome": "rejected", "reason": "x", "explanation": "y", "original": bad}
    pd.DataFrame([row]).to_csv(tmp_path / "kept.csv", index=False)
    with pytest.raises(SchemaError, match=r"kept.csv, line 2, column original: A row's original cannot be"):
        read(tmp_path / "kept.csv")


def test_files_with_other_headers_are_laid_out_apart(dirty, tmp_path):
    (tmp_path / "other.csv").write_text("date,lat,lon,reason\n2022-01-28,1,1,Rundown\n")
    both = pd.concat([dirty.rejects, read(tmp_path / "other.csv").rejects], ignore_index=True)
    written = write_to_mend(both, tmp_path / "rejects.csv")
    assert [path.name for path in written] == ["rejects.csv", "rejects-2.csv"]
    assert "date" in pd.read_csv(written[1]).columns


def test_no_rows_to_mend_are_no_file(dirty, tmp_path):
    assert write_to_mend(dirty.rejects[:0], tmp_path / "rejects.csv") == ()


def test_a_folder_that_is_not_there_is_said(dirty, tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        write_to_mend(dirty.rejects, tmp_path / "nowhere" / "rejects.csv")


def test_rejects_written_before_there_were_remedies_are_read_back(tmp_path):
    header = "reject_file,reject_row,reject_outcome,reject_reason,reject_explanation,"
    row = "old.csv,3,rejected,no_moment,The submitted is blank.,"
    for more, cell in (("", ""), ("reject_remedy,", "Fill in the date from the source.,")):
        path = tmp_path / "rejects.csv"
        own = (
            "reference,submitted,latitude,longitude,reasons",
            "A1,2022-01-28 23:40,52.4778,-1.8983,Badly lit",
        )
        path.write_text(f"{header}{more}{own[0]}\n{row}{cell}{own[1]}\n")
        ingested = read_reports([path], source="streetsafe", settings=Settings(), as_of=AS_OF)
        assert ingested.counts()["accepted"] == 1
        assert not any("Columns not read" in note for note in ingested.notes)
