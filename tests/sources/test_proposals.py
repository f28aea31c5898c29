import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace.errors import FileError, InputError
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.sources.mapping import Mapping, read_mapping, remember, remembered, to_toml, write_mapping
from safespace.sources.proposals import propose, recall
from safespace.sources.rejects import write_to_mend

SETTINGS = Settings()
ODD = (
    "Log ref,Kind of thing,First comitted,Until when,North,East\n"
    "1,Robbery,01/28/2022 23:40,01/29/2022 00:10,52.4778,-1.8983\n"
    "2,Drugs,01/29/2022 23:40,,52.4779,-1.8984\n"
    "3,Sexual assault,01/30/2022 23:40,,52.4780,-1.8985\n"
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def propose_of(tmp_path, text, source="nte"):
    (tmp_path / "made.csv").write_text(text)
    return propose([tmp_path / "made.csv"], source=source, settings=SETTINGS)


def test_names_are_sure_spellings_likely_and_content_a_guess(tmp_path):
    made = propose_of(tmp_path, ODD.replace("Log ref", "URN"))
    assert {guess.column: (guess.header, guess.confidence) for guess in made.guesses} == {
        "reference": ("URN", "sure"),
        "offence": ("Kind of thing", "guess"),
        "start": ("First comitted", "likely"),
        "end": ("Until when", "guess"),
        "latitude": ("North", "guess"),
        "longitude": ("East", "guess"),
    }
    assert made.mapping.date_order == "mdy"
    assert made.missing == ()
    assert made.guesses[1].why == "100% of its words are in the list"


def test_a_proposal_that_is_written_and_read_back_loads_the_file(tmp_path):
    made = propose_of(tmp_path, ODD)
    path = write_mapping(made.mapping, tmp_path / "kept" / "mapping.toml")
    ingested = read_reports([tmp_path / "made.csv"], source="nte", settings=SETTINGS, mapping=path)
    assert ingested.counts()["accepted"] == 3
    assert ingested.reports["occurred_from"][0].month == 1


def test_what_cannot_be_found_is_listed_and_ambiguous_dates_are_left_to_a_person(tmp_path):
    made = propose_of(tmp_path, "what,date_from\nxx,03/04/2022\n")
    assert made.missing == ("offence", "latitude", "longitude")
    assert made.headers == ("what", "date_from")
    assert made.undecided.code == "dates-fit-both-orders"
    assert made.undecided.what.startswith("The dates in date_from fit both")


def test_a_date_order_that_the_dates_settle_is_kept_for_files_that_do_not(tmp_path):
    assert propose_of(tmp_path, "what,date_from\nxx,03/04/2022\nxx,25/04/2022\n").mapping.date_order == "dmy"
    assert propose_of(tmp_path, "what,date_from\nxx,2022-04-03\n").mapping.date_order is None


def test_metres_under_degree_names_are_declared(tmp_path):
    made = propose_of(tmp_path, "date,lat,lon,reason\n2022-01-28,286822,406689,Badly lit\n", "streetsafe")
    assert made.mapping.crs == "EPSG:27700"


def test_counts_and_flags_are_no_degrees(tmp_path):
    made = propose_of(tmp_path, "date,reason,repeats,age\n2022-01-28,Badly lit,1,52\n", "streetsafe")
    assert set(made.missing) == {"latitude", "longitude"}


def test_a_source_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="No such source"):
        propose_of(tmp_path, ODD, "twitter")


@given(
    st.builds(
        Mapping,
        columns=st.dictionaries(st.sampled_from(["reasons", "start", "latitude"]), TEXT),
        words=st.dictionaries(
            st.sampled_from(["reasons", "offence"]), st.dictionaries(TEXT, TEXT, min_size=1)
        ),
        date_order=st.sampled_from([None, "dmy", "mdy"]),
        crs=st.sampled_from([None, "EPSG:4326", "EPSG:27700"]),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, mapping):
    back = read_mapping(write_mapping(mapping, tmp_path_factory.getbasetemp() / "back.toml"))
    for part in ("columns", "words", "date_order", "crs"):
        assert getattr(back, part) == getattr(mapping, part)


def test_a_mapping_is_remembered_for_the_same_headers_of_the_same_source(tmp_path):
    mapping, folder = Mapping(columns={"reasons": "Why"}, date_order="dmy"), tmp_path / "mappings"
    assert remembered(folder, ["Why", "When"], "nte") is None
    path = remember(folder, ["Why", "When"], "nte", mapping)
    assert remembered(folder, ["when ", "WHY"], "nte") == path
    assert path.read_text() == to_toml(mapping)
    assert remembered(folder, ["Why", "When"], "streetsafe") is None
    assert remembered(folder, ["Why"], "nte") is None


def test_a_mapping_from_a_file_is_kept_byte_for_byte_and_found_for_the_next_file(tmp_path):
    (tmp_path / "told.toml").write_text('# ours\n[columns]\noffence = "Kind of thing"\n')
    (tmp_path / "a.csv").write_text("Kind of thing,Other\n1,2\n")
    (tmp_path / "b.csv").write_text("Other,Kind of thing\n" + "3,4\n" * 400_000)
    told = read_mapping(tmp_path / "told.toml")
    path = remember(tmp_path / "kept", ["Kind of thing", "Other"], "nte", told)
    assert path.read_bytes() == told.digest
    for name in ("a.csv", "b.csv"):
        found = recall([tmp_path / name], source="nte", folder=tmp_path / "kept", settings=SETTINGS)
        assert found == path


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="mapping cannot be written"):
        remember(tmp_path / "file", ["a"], "nte", Mapping())


def test_rows_to_mend_are_mapped_as_the_file_they_came_from(tmp_path):
    (tmp_path / "odd.csv").write_text(ODD.replace("Robbery", "Loud music"))
    made = propose([tmp_path / "odd.csv"], source="nte", settings=SETTINGS)
    mapped = write_mapping(made.mapping, tmp_path / "made.toml")
    told = read_reports([tmp_path / "odd.csv"], source="nte", settings=SETTINGS, mapping=mapped)
    remember(tmp_path / "kept", made.headers, "nte", read_mapping(mapped))
    (to_mend,) = write_to_mend(told.rejects, tmp_path / "rejects.csv")
    again = propose([to_mend], source="nte", settings=SETTINGS)
    assert not [header for header in again.headers if header.startswith("reject_")]
    kept = recall([to_mend], source="nte", folder=tmp_path / "kept", settings=SETTINGS)
    assert kept.read_bytes() == mapped.read_bytes()


def test_a_file_of_its_own_is_not_given_a_mapping_that_fits_only_some_of_it(tmp_path):
    (tmp_path / "wider.csv").write_text("Kind,more,date,lat,lon\nRobbery,x,2022-01-01,52,-1.9\n")
    remember(tmp_path / "kept", ("Kind", "date"), "nte", Mapping(columns={"offence": "Kind"}))
    found = recall([tmp_path / "wider.csv"], source="nte", folder=tmp_path / "kept", settings=SETTINGS)
    assert found is None


def test_a_months_archive_is_judged_by_its_street_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "months.zip", "w") as archive:
        archive.writestr("2022-01/2022-01-x-outcomes.csv", "Crime ID,Outcome type\n1,None\n")
        archive.writestr(
            "2022-01/2022-01-x-street.csv", "Crime ID,Month,Longitude,Latitude,Location,Crime type\n"
        )
    made = propose([tmp_path / "months.zip"], source="police_uk", settings=SETTINGS)
    assert made.missing == ()
