import csv
import json
import random
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safespace.errors import InputError, SafeSpaceError, SchemaError
from safespace.registry import SOURCES
from safespace.settings import Settings
from safespace.sources import read_reports
from safespace.sources.formats import describe, example_csv
from safespace.sources.ingested import summarise
from safespace.sources.readers import forms
from safespace.sources.remedies import remedy

SETTINGS = Settings()
AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
STREETSAFE = "reference,submitted,latitude,longitude,reasons,reporter\n"
GOOD = "A1,2022-01-28 23:40,52.4778,-1.8983,Badly lit; Being followed,woman\n"
NTE = "reference,offence,start,end,easting,northing,found_by,location_type,domestic_abuse\n"
SPIKING = "reference,method,status,onset_from,onset_to,reported,latitude,longitude,place_confidence\n"
POLICE = "Crime ID,Month,Longitude,Latitude,Crime type,Last outcome category\n"


@pytest.fixture
def read(tmp_path):
    def go(source, text, mapping=None, name="made.csv", **more):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if mapping is not None:
            (tmp_path / "mapping.toml").write_text(mapping)
            more["mapping"] = tmp_path / "mapping.toml"
        return read_reports([path], source=source, settings=SETTINGS, as_of=AS_OF, **more)

    return go


def reasons(ingested):
    rejects = ingested.rejects
    return dict(zip(rejects["row"], zip(rejects["outcome"], rejects["reason"], strict=True), strict=True))


def test_a_streetsafe_row_becomes_a_report(read):
    ingested = read("streetsafe", STREETSAFE + GOOD)
    (report,) = ingested.reports.to_dict("records")
    moment = pd.Timestamp("2022-01-28 23:40", tz="UTC")
    assert report == {
        "report_id": "streetsafe:A1", "source": "streetsafe", "category": "both", "factor": "Badly lit|Being followed",
        "certainty": "reported", "occurred_from": moment, "occurred_to": moment, "reported_at": moment,
        "lon": -1.8983, "lat": 52.4778, "accuracy_m": 25.0, "detected_by": "public", "reporter": "woman",
    }  # fmt: skip
    assert ingested.counts()["accepted"] == 1
    assert not ingested.synthetic


def test_an_nte_row_becomes_a_report(read):
    row = "N1,Robbery,28/01/2022 23:40,29/01/2022 00:10,406689,286822,patrol,Street,N\n"
    (report,) = read("nte", NTE + row).reports.to_dict("records")
    assert (report["category"], report["factor"], report["detected_by"], report["certainty"]) == (
        "Robbery", "Street", "patrol", "recorded",
    )  # fmt: skip
    assert report["occurred_to"] == pd.Timestamp("2022-01-29 00:10", tz="UTC")
    assert pd.isna(report["reported_at"])


def test_a_spiking_row_becomes_a_report(read):
    row = "S1,needle,toxicology-supported,2022-01-28 23:10,2022-01-29 00:30,2022-01-29 14:05,52.4769,-1.9052,street\n"
    (report,) = read("spiking", SPIKING + row).reports.to_dict("records")
    assert (report["category"], report["factor"], report["certainty"], report["accuracy_m"]) == (
        "Suspected spiking", "needle", "supported", 100.0,
    )  # fmt: skip
    assert report["reported_at"] == pd.Timestamp("2022-01-29 14:05", tz="UTC")


def test_a_police_row_becomes_a_report_and_its_outcome_is_not_kept(read):
    ingested = read("police_uk", POLICE + "c0ffee,2018-01,-0.1064,51.5182,Other theft,Suspect charged\n")
    (report,) = ingested.reports.to_dict("records")
    assert (report["report_id"], report["detected_by"], report["factor"]) == (
        "police_uk:c0ffee",
        "unknown",
        "",
    )
    assert "Columns not read: Last outcome category." in ingested.notes


def test_every_dirty_row_has_one_outcome_with_its_line(read):
    ingested = read(
        "streetsafe",
        STREETSAFE
        + GOOD  # 2
        + "A2,2022-01-28 23:40,-1.8983,52.4778,Poor lighting ,woman\n"  # 3: three repairs
        + GOOD  # 4: an exact repeat
        + "A3,2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman\n"  # 5 and 6: one reference, two contents
        + "A3,2022-01-28 23:40,52.4778,-1.8983,Rundown,woman\n"
        + "A4,2022-01-28 23:40,,,Badly lit,woman\n"  # 7
        + "A5,2022-01-28 23:40,52.4778,-1.8983,Bad vibes,woman\n"  # 8
        + "A6,2022-01-28\n"  # 9
        + STREETSAFE  # 10
        + "1.2E+11,2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman\n"  # 11
        + "Total,7,,,,\n",  # 12
    )
    assert reasons(ingested) == {
        4: ("rejected", "duplicate_row"),
        5: ("quarantined", "same_reference"),
        6: ("quarantined", "same_reference"),
        7: ("rejected", "no_coordinates"),
        8: ("quarantined", "unknown_category"),
        9: ("rejected", "ragged_row"),
        10: ("rejected", "header_row"),
        11: ("quarantined", "mangled_reference"),
        12: ("rejected", "footer_row"),
    }
    assert ingested.counts() == {
        "read": 11,
        "accepted": 1,
        "repaired": 1,
        "quarantined": 4,
        "rejected": 5,
        "excluded": 0,
    }
    assert ingested.rejects.set_index("row")["original"][9] == ""  # nobody knows what its text is
    assert sorted(ingested.repairs["rule"]) == ["swapped_coordinates", "synonym", "trimmed"]
    assert set(ingested.repairs["row"]) == {3}


NTE_ROW = "N1,Robbery,28/01/2022 23:40,,406689,286822,public,Street,N\n"


def test_a_header_without_rows_is_said(read):
    assert "made.csv: there is a header and no row under it." in read("nte", NTE).notes


def test_a_web_page_named_as_a_workbook_is_told(read):
    with pytest.raises(SafeSpaceError, match="a web page"):
        read("nte", "<html><table><tr><td>reference</td></tr></table>", name="made.xls")


def test_a_header_that_is_missing_names_the_sheet_and_the_others(read, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.active.append(["West Midlands"])
    book.create_sheet("Data").append(NTE.strip().split(","))
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(SchemaError, match=r"book\.xlsx: sheet Cover \(others, not read: Data\)"):
        read_reports([tmp_path / "book.xlsx"], source="nte", settings=SETTINGS, as_of=AS_OF)


def test_a_repeated_header_is_no_domestic_abuse(read):
    ingested = read("nte", NTE + NTE_ROW + NTE)
    assert reasons(ingested) == {3: ("rejected", "header_row")}


def test_a_row_with_one_cell_is_a_heading_or_a_footer(read):
    ingested = read("nte", NTE + NTE_ROW + "Restricted,,,,,,,,\n" + ",,,,,,,Printed by J Smith,\n")
    assert reasons(ingested) == {3: ("rejected", "footer_row"), 4: ("rejected", "footer_row")}
    assert "Smith" not in "".join(ingested.rejects["original"])


def test_a_quotation_mark_that_is_never_closed_says_how_many_lines_it_took(read):
    ingested = read("nte", NTE + NTE_ROW + NTE_ROW.replace("Robbery", '"Robbery') + NTE_ROW * 3)
    (told,) = ingested.rejects.to_dict("records")
    assert (told["row"], told["reason"]) == (3, "ragged_row")
    assert "not closed and takes in the 3 lines after it" in told["explanation"]


@pytest.mark.parametrize(
    "reference",
    [
        "1.23E+11",
        '"1,23E+11"',
        "1E+05",
        "01-Mar",
        "Mar-25",
        "2025-03-01",
        "2025-03-01 00:00:00",
        "#NAME?",
        "####",
    ],
)
def test_a_reference_that_a_spreadsheet_changed_is_held_back(read, reference):
    again = NTE_ROW.replace("Robbery", "Rape")  # held back for what it is, whatever else shares it
    ingested = read("nte", NTE + (NTE_ROW + again).replace("N1", reference))
    assert set(ingested.rejects["reason"]) == {"mangled_reference"}
    assert ingested.counts()["quarantined"] == 2


def test_rows_that_share_a_reference_are_told_where_the_others_are(read):
    rows = NTE_ROW + NTE_ROW.replace("Robbery", "Rape") * 2
    told = read("nte", NTE + rows).rejects.set_index("row")["explanation"]
    assert told[2] == (
        "The reference 'N1' is there again with other content, first on line 2 and last on line 3."
    )
    assert told[4] == "The row repeats line 3."


def test_a_repeat_in_another_file_is_named_with_its_file(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    paths[0].write_text(NTE + NTE_ROW)
    paths[1].write_text(NTE + NTE_ROW.replace("N1", "N2") + NTE_ROW)
    ingested = read_reports(paths, source="nte", settings=SETTINGS, as_of=AS_OF)
    assert ingested.rejects["explanation"].tolist() == ["The row repeats line 2 of a.csv."]


def test_rejects_can_be_mended_and_read_back(read):
    ingested = read("streetsafe", STREETSAFE + "A5,2022-01-28 23:40,52.4778,-1.8983,Bad vibes,woman\n")
    row = json.loads(ingested.rejects["original"][0])
    mended = pd.DataFrame([{**row, "reasons": "Badly lit"}]).to_csv(index=False)
    assert read("streetsafe", mended).reports["report_id"].tolist() == ["streetsafe:A5"]


def test_excluded_rows_are_counted_and_their_text_is_nowhere(read):
    ingested = read(
        "nte",
        NTE
        + "SECRET1,Robbery,28/01/2022 23:40,,406689,286822,public,Street,Y\n"
        + "SECRET2,Robbery,28/01/2022 23:40,,406689,286822,public,Flat,N\n"
        + "SECRET3,Common assault - domestic,,,,,public,,\n",
    )
    assert reasons(ingested) == {
        2: ("excluded", "domestic_abuse"),
        3: ("excluded", "home_location"),
        4: ("excluded", "domestic_abuse"),
    }
    everything = ingested.rejects.to_csv() + ingested.repairs.to_csv() + ingested.reports.to_csv()
    assert "SECRET" not in everything
    assert "286822" not in everything


def test_free_text_is_never_stored(read):
    header, row = (
        STREETSAFE.strip() + ",Notes\n",
        "A5,2022-01-28 23:40,52.4778,-1.8983,Bad vibes,woman,Jane Doe said so\n",
    )
    ingested = read("streetsafe", header + row)
    assert "Jane" not in ingested.rejects.to_csv()
    assert "Free text is never stored: Notes." in ingested.notes


def test_a_file_about_persons_is_refused(read):
    with pytest.raises(SchemaError, match=r"made.csv: This file is about persons.*Seen: Offender name"):
        read("nte", NTE.strip() + ",Offender name\n")


def test_formulas_are_disarmed_and_shown(read):
    ingested = read("streetsafe", STREETSAFE + "=cmd(),2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman\n")
    assert ingested.reports["report_id"].tolist() == ["streetsafe:'=cmd()"]
    assert ingested.repairs["rule"].tolist() == ["formula_text"]
    assert not ingested.repairs["before"].str.startswith("=").any()


def test_the_text_guard_of_a_spreadsheet_is_undone(read):
    ingested = read(
        "streetsafe", STREETSAFE + '"=""0012""",2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman\n'
    )
    assert ingested.reports["report_id"].tolist() == ["streetsafe:0012"]
    assert ingested.repairs["rule"].tolist() == ["excel_text"]


def test_alike_anonymous_rows_stay_apart_and_reading_again_gives_the_same_identifiers(read):
    row = ",2018-01,-0.1064,51.5182,Anti-social behaviour,\n"
    other = ",2018-01,-0.1064,51.5182,Other theft,\n"
    ids = read("police_uk", POLICE + row + other + row).reports["report_id"]
    assert ids.is_unique
    assert {one[-2:] for one in ids} == {"-0", "-1"}
    assert set(read("police_uk", POLICE + other + row + row).reports["report_id"]) == set(ids)


def test_anonymous_rows_alike_to_a_tenth_of_a_metre_are_alike(read):
    ids = read(
        "police_uk", POLICE + ",2018-01,-0.1064,51.5182,Drugs,\n,2018-01,-0.10640000001,51.5182,Drugs,\n"
    ).reports["report_id"]
    assert ids.is_unique


def test_a_mapping_renames_columns_and_words(read):
    mapping = (
        'date_order = "mdy"\ncrs = "EPSG:27700"\n[columns]\nsubmitted = "When"\nlatitude = "North"\nlongitude = "East"\n'
        'reasons = "Why"\n[values.reasons]\n"Lamp" = "Badly lit"\n'
    )
    ingested = read("streetsafe", "When;North;East;Why\n01/28/2022 23:40;286822;406689;Lamp\n", mapping)
    assert ingested.reports["factor"].tolist() == ["Badly lit"]
    assert ingested.reports["lat"][0] == pytest.approx(52.479, abs=0.001)
    assert ingested.counts()["repaired"] == 0  # a person decided all of it


ASKED = "id,date_from,date_to,category,x,y\n1,{},{},Robbery,406689,286822\n"


def test_dates_that_fit_both_ways_are_asked_about(read):
    message = r"dates in date_from fit both.*Seen: 03/04/2022 23:40, which can be 3 Apr or 4 Mar"
    text = ASKED.format("03/04/2022 23:40", "04/04/2022")
    with pytest.raises(InputError, match=message):
        read("nte", text)
    april = read("nte", text, 'date_order = "day"\n').reports["occurred_from"][0]
    march = read("nte", text.replace(",04/04", ",05/04"), 'date_order = "month"\n').reports["occurred_from"][
        0
    ]
    assert (april.month, march.month) == (4, 3)


@pytest.mark.parametrize(
    "text",
    [
        ASKED.format("03/04/2022 23:40", "13/04/2022 00:10"),  # the end settles the start
        ASKED.format("03/03/2022 23:40", ""),  # the same both ways
        ASKED.format("2022-04-03 23:40", ""),
        ASKED.format("3 Apr 2022 23:40", ""),
        ASKED.replace("date_from", "Start")
        .replace("date_to", "End")
        .format("03/04/2022 23:40", "03/04/2022 23:50"),
    ],
)
def test_dates_that_fit_one_way_or_stand_under_our_own_header_are_not_asked_about(read, text):
    assert read("nte", text).counts()["accepted"] == 1


def test_the_content_hash_follows_the_file_and_the_mapping(read):
    mapping = '[columns]\nreporter = "reporter"\n'
    hashes = {
        read("streetsafe", STREETSAFE + GOOD).content_hash,
        read("streetsafe", STREETSAFE + GOOD, mapping).content_hash,
        read("streetsafe", STREETSAFE + GOOD + GOOD).content_hash,
    }
    assert len(hashes) == 3
    assert read("streetsafe", STREETSAFE + GOOD).content_hash in hashes


def test_made_up_files_say_so(read):
    assert read("streetsafe", STREETSAFE + GOOD, name="synthetic_streetsafe.csv").synthetic


def test_a_wrong_header_says_what_was_seen_and_how_to_map(read):
    message = r"made.csv: The header does not have.*Seen: when, where.*Needed: submitted"
    with pytest.raises(SchemaError, match=message) as problem:
        read("streetsafe", "when,where\n1,2\n")
    assert "a line [columns]" in problem.value.told("cli")
    assert problem.value.told("app").endswith("Choose which of the file's columns each is.")


def test_a_bar_can_be_shown_over_the_files(read, capsys):
    assert read("streetsafe", STREETSAFE + GOOD, progress=True).read == 1


def test_a_workbook_and_a_zip_read_as_the_csv_does(read, tmp_path):
    book, rows = openpyxl.Workbook(), list(csv.reader([STREETSAFE, GOOD]))
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("made.csv", STREETSAFE + GOOD)
    wanted = read("streetsafe", STREETSAFE + GOOD).reports
    for name in ("made.xlsx", "made.zip"):
        again = read_reports([tmp_path / name], source="streetsafe", settings=SETTINGS, as_of=AS_OF)
        assert again.reports.equals(wanted)


def test_a_header_alone_can_be_checked_and_has_no_rows(read):
    # a load of it is refused: tests of the pipeline
    assert read("streetsafe", STREETSAFE).counts()["read"] == 0


def test_a_source_that_is_not_there_lists_those_that_are(read):
    with pytest.raises(InputError, match=f"Seen: twitter. Choose one of: {', '.join(SOURCES)}"):
        read("twitter", GOOD)


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.source)
def test_the_example_row_of_the_page_is_accepted(read, form):
    ingested = read(form.source, example_csv(form))
    assert ingested.counts() == {
        "read": 1,
        "accepted": 1,
        "repaired": 0,
        "quarantined": 0,
        "rejected": 0,
        "excluded": 0,
    }


def test_the_page_of_formats_is_what_the_readers_say(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "formats.md").read_text(encoding="utf-8")
    assert page == describe(), (
        "write it again: python -c 'from safespace.sources.formats import describe; print(describe(), end=\"\")' > docs/formats.md"
    )


def mutated(text, seed):
    rng = random.Random(seed)  # noqa: S311
    content = bytearray(text.encode())
    for _ in range(rng.randint(1, 12)):
        spot = rng.randrange(len(content))
        content[spot : spot + rng.randint(0, 3)] = bytes(
            rng.choice(b'0;,"\n\r=-9AZ \xff\xc3') for _ in range(rng.randint(0, 3))
        )
    return bytes(content)


EXAMPLES = {form.source: example_csv(form) for form in forms()}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 2**32))
def test_no_mutation_makes_a_reader_fall_over(tmp_path_factory, source, seed):
    header, row = EXAMPLES[source].splitlines()
    path = tmp_path_factory.mktemp("fuzz") / "made.csv"
    path.write_bytes(header.encode() + b"\n" + mutated("\n".join([row] * 8), seed))
    try:
        ingested = read_reports([path], source=source, settings=SETTINGS, as_of=AS_OF)
    except SafeSpaceError:
        return
    counts = ingested.counts()
    assert counts.pop("read") == sum(counts.values())


@pytest.mark.parametrize(
    ("header", "out", "stays"),
    [
        ("Location", "Home address", "High Street"),
        ("Address", "12 Private dwelling, Mill Lane", "Home Bargains, Mill Lane"),
        ("Premises", "HOUSE", "The House of Fraser"),
        ("Place", "Home", "Railway station"),
        ("Scene", "victim's home", ""),
        ("Keywords", "alcohol; DA", "alcohol"),
        ("Tags", "Domestic incident", "non-domestic"),
        ("OffenceQualifier", "HBV", "hate"),
    ],
)
@pytest.mark.parametrize("source", ["nte", "streetsafe"])
def test_a_column_that_is_not_read_still_keeps_homes_and_abuse_out(read, source, header, out, stays):
    start = {"nte": "reference,offence,start", "streetsafe": "reference,reasons,submitted"}[source]
    word = {"nte": "Robbery", "streetsafe": "Badly lit"}[source]
    rows = [
        f'{n},{word},2022-01-28 23:40,52.4778,-1.8983,"{text}"\n' for n, text in enumerate((out, stays), 1)
    ]
    ingested = read(source, f"{start},latitude,longitude,{header}\n" + "".join(rows))
    assert ingested.counts() | {"accepted": 1, "excluded": 1} == ingested.counts()
    (row,) = ingested.rejects.to_dict("records")
    reason = "domestic_abuse" if header in {"Keywords", "Tags", "OffenceQualifier"} else "home_location"
    assert (row["row"], row["reason"], row["original"]) == (2, reason, "")
    assert "only counted" in row["explanation"]
    assert any(f"not read: {header}." in note for note in ingested.notes)


def test_a_mapping_says_what_a_place_column_is(read):
    text = "reference,offence,start,latitude,longitude,Location\n1,Robbery,2022-01-28 23:40,52.4778,-1.8983,Home\n"
    ingested = read("nte", text, mapping='[columns]\nlocation_type = "Location"\n')
    assert ingested.rejects["explanation"].tolist() == ["The place is a home; only counted."]
    assert not any("not read" in note for note in ingested.notes)


@pytest.mark.parametrize("time", ["22:30", "22.30", "2230", "10.30pm", "22:30:00", " 22:30 "])
def test_a_time_in_a_column_of_its_own_belongs_to_the_date_beside_it(read, time):
    text = (
        "reference,offence,Date from,Time from,Date to,Time to,lat,lon\n"
        f"1,Robbery,28/07/2022,{time},28/07/2022 00:00:00,23:15,52.4778,-1.8983\n"
        f"2,Robbery,28/07/2022,{time},28/07/2022,,52.4778,-1.8983\n"
        "3,Robbery,28/07/2022,about ten,28/07/2022,,52.4778,-1.8983\n"
    )
    ingested = read("nte", text)
    moments = ingested.reports[["occurred_from", "occurred_to"]].astype(str).to_numpy().tolist()
    assert moments[0] == ["2022-07-28 21:30:00+00:00", "2022-07-28 22:15:00+00:00"]
    assert moments[1] == ["2022-07-28 21:30:00+00:00", "2022-07-28 22:59:59+00:00"]
    assert reasons(ingested) == {4: ("rejected", "bad_moment")}
    assert "'28/07/2022 about ten'" in ingested.rejects["explanation"][0]
    assert "Date from and Time from are read together, as one moment." in ingested.notes
    assert not any("not read" in note for note in ingested.notes)


def test_a_semicolon_file_with_decimal_commas_is_read_and_shown(read):
    text = "reference;offence;Date;Time;lat;lon\n1;Robbery;28/07/2022;2230;52,4778;-1,8983\n"
    ingested = read("nte", text)
    assert ingested.counts() | {"repaired": 1} == ingested.counts()
    assert ingested.repairs[["rule", "before", "after"]].to_numpy().tolist() == [
        ["decimal_comma", "52,4778, -1,8983", "52.4778, -1.8983"]
    ]


def test_explanations_use_the_files_own_headers_and_reasons_have_remedies(read):
    text = (
        "URN,Incident Type,Date From,End Date,lat,lon,Source of detection\n"
        "1,Robery,28/01/2022 23:40,,52.4778,-1.8983,public\n"
        "2,Robbery,31/13/2022,,52.4778,-1.8983,public\n"
        "3,Robbery,28/01/2022 23:40,27/01/2022,52.4778,-1.8983,public\n"
        "4,Robbery,,,52.4778,-1.8983,public\n"
        "5,Robbery,28/01/2022 23:40,,52.4778,-1.8983,publik\n"
    )
    ingested = read("nte", text)
    assert ingested.rejects["explanation"].tolist() == [
        "The Incident Type 'Robery' is not in the list; the nearest is 'Robbery'.",
        "The Date From '31/13/2022' is not a date or time that can be read.",
        "The End Date '27/01/2022' is before the Date From.",
        "The Date From is blank.",
        "The Source of detection 'publik' is not in the list; the nearest is 'public'.",
    ]
    summary = summarise(ingested.rejects).set_index("reason")
    assert summary.loc["no_moment", "remedy"] == "Fill in the date from the source."
    assert "[values]" in summary.loc["unknown_category", "remedy"]


def test_every_reason_there_is_has_a_remedy():
    reasons_told = set(
        re.findall(r"`([a-z_]+)`", describe().split("| quarantined")[1].split("A row that is")[0])
    )
    assert {reason for reason in reasons_told if not remedy(reason)} == set()
