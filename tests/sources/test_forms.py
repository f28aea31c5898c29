import pytest

from safespace.errors import SchemaError
from safespace.sources.forms import match_header
from safespace.sources.mapping import Mapping
from safespace.sources.nte import FORM as NTE
from safespace.sources.police_uk import FORM as POLICE
from safespace.sources.readers import forms
from safespace.sources.streetsafe import FORM as STREETSAFE
from safespace.sources.texts import plain


def match(headers, form=STREETSAFE, mapping=Mapping()):  # noqa: B008 - frozen
    return match_header(headers, form, mapping, where="a.csv")


def test_synonyms_case_and_spacing_are_matched():
    assert match(["ID", "Date Submitted", " LAT ", "Lng", "Reason", "extra"]) == {
        "reference": 0, "submitted": 1, "latitude": 2, "longitude": 3, "reasons": 4,
    }  # fmt: skip


def test_our_own_name_wins_over_a_synonym():
    assert match(["date", "submitted", "lat", "lon", "reasons"])["submitted"] == 1


def test_a_wrong_header_lists_what_is_seen_and_needed_and_how_to_map():
    with pytest.raises(SchemaError) as told:
        match(["when", "where"])
    message = told.value.told("cli")
    assert "a.csv" in message
    assert "Seen: when, where" in message
    assert "Needed: submitted, reasons; and latitude and longitude or easting and northing" in message
    assert "[columns]" in message
    assert 'submitted = "their header"' in message


def test_a_mapping_names_their_headers():
    mapping = Mapping(columns={"submitted": "When", "reasons": "Why", "latitude": "Y", "longitude": "X"})
    assert match(["why", "x", "y", "when"], mapping=mapping) == {
        "submitted": 3,
        "latitude": 2,
        "longitude": 1,
        "reasons": 0,
        "easting": 1,
        "northing": 2,
    }


def test_a_mapping_with_a_header_that_is_not_there_is_refused():
    with pytest.raises(SchemaError, match=r"not in the file: Why.*Seen: id, date"):
        match(["id", "date"], mapping=Mapping(columns={"reasons": "Why"}))


def test_a_mapping_for_a_column_that_is_not_ours_is_refused():
    with pytest.raises(SchemaError, match=r"does not have.*Seen: cause"):
        match(["id"], mapping=Mapping(columns={"cause": "id"}))


def test_a_declared_grid_renames_degree_columns():
    found = match(["date", "lat", "lon", "reasons"], mapping=Mapping(crs="EPSG:27700"))
    assert (found["northing"], found["easting"]) == (1, 2)
    assert "latitude" not in found


def test_two_columns_that_could_be_one_are_refused():
    with pytest.raises(SchemaError, match="Two columns could both be month"):
        match(["Month", "month", "longitude", "latitude", "crime type"], form=POLICE)


def test_nte_needs_a_place_one_way_or_the_other():
    assert "easting" in match(["offence", "start", "easting", "northing"], form=NTE)
    with pytest.raises(SchemaError, match="latitude and longitude"):
        match(["offence", "start", "easting"], form=NTE)


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.source)
def test_no_spelling_means_two_columns(form):
    spellings = [plain(name) for field in form.fields for name in {field.name, *field.synonyms}]
    assert len(spellings) == len(set(spellings))


def test_no_place_is_asked_for_where_the_form_has_only_one_way():
    with pytest.raises(SchemaError, match=r"category\. Give a mapping") as told:
        match_header(["Month"], POLICE, Mapping(), where="a.csv")
    assert "; and ." not in str(told.value)
