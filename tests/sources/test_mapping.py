import pytest

from safespace.errors import FileError, SchemaError
from safespace.sources.mapping import read_mapping


def write(tmp_path, text):
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    return path


def test_everything_in_a_mapping_is_read(tmp_path):
    path = write(
        tmp_path,
        'date_order = "mdy"\ncrs = "EPSG:27700"\n[columns]\nreasons = "Why"\n[values.reasons]\n"Dim" = "Badly lit"\n',
    )
    mapping = read_mapping(path)
    assert (mapping.date_order, mapping.crs) == ("mdy", "EPSG:27700")
    assert mapping.columns == {"reasons": "Why"}
    assert mapping.words == {"reasons": {"Dim": "Badly lit"}}
    assert mapping.digest == path.read_bytes()


@pytest.mark.parametrize(("told", "order"), [("day", "dmy"), ("month", "mdy"), ("dmy", "dmy")])
def test_a_date_order_is_said_in_words_or_letters(tmp_path, told, order):
    assert read_mapping(write(tmp_path, f'date_order = "{told}"\n')).date_order == order


def test_one_that_comes_with_safespace_is_read_by_name():
    assert read_mapping("police-uk-api").columns["category"] == "type"


def test_a_name_that_is_not_there_lists_those_that_are():
    with pytest.raises(FileError, match=r"No such mapping. Seen: nope.*police-uk-api"):
        read_mapping("nope")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("[columns", FileError, "not valid TOML"),
        ("colums = 1", SchemaError, "unknown key 'colums'"),
        ("[columns]\nreasons = 3", SchemaError, r"\[columns\] is not a table of text"),
        ('[values]\nreasons = "x"', SchemaError, r"\[values\] is not a table"),
        ('date_order = "ymd"', SchemaError, "date_order 'ymd'"),
        ('crs = "EPSG:3857"', SchemaError, "crs 'EPSG:3857'"),
    ],
)
def test_what_is_not_a_mapping_is_refused_and_says_how(tmp_path, text, error, message):
    with pytest.raises(error, match=message) as told:
        read_mapping(write(tmp_path, text))
    assert "A mapping is a TOML file" in str(told.value)
