"""A table of weights is used whole or refused, each line named."""

from __future__ import annotations

import pytest

from safespace.errors import FileError
from safespace.sources.harm_weights import read_harm_weights

HEADER = "kind,weight,source,date\n"
LINE = "Robbery,746,ONS,2026-05-01\n"


def test_a_table_says_whose_weights_of_when_and_in_which_file(tmp_path):
    file = tmp_path / "ours.csv"
    file.write_text(HEADER + LINE + "Theft from person,86.5,Own work,2025-01-31\n")
    table = read_harm_weights(file)
    assert table.of("robbery ") == 746
    assert table.of("Theft-from-person") == 86.5
    assert table.of("Arson") is None
    assert (table.source, table.dated) == ("ONS; Own work", "2025-01-31, 2026-05-01")
    assert table.file.startswith("ours.csv (")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind,weight\nRobbery,1\n", "no source, date"),
        (HEADER, "no line"),
        (HEADER + LINE + "robbery,3,ONS,2026-05-01\n", "row 3: robbery is there twice"),
        (HEADER + "Robbery,-1,ONS,2026-05-01\n", "row 2: weight '-1'"),
        (HEADER + "Robbery,0,ONS,2026-05-01\n", "row 2: weight '0'"),
        (HEADER + "Robbery,nan,ONS,2026-05-01\n", "row 2: weight 'nan'"),
        (HEADER + "Robbery,inf,ONS,2026-05-01\n", "row 2: weight 'inf'"),
        (HEADER + "Robbery,,ONS,2026-05-01\n", "row 2: no weight"),
        (HEADER + "Robbery,1,,2026-05-01\n", "row 2: no source"),
        (HEADER + "Robbery,1,ONS,\n", "row 2: no date"),
        (HEADER + "Robbery,1,ONS,May\n", "row 2: date 'May'"),
        ("\xff\xfe", "CSV in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, told):
    file = tmp_path / "own.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(FileError, match=told):
        read_harm_weights(file)
    with pytest.raises(FileError, match="cannot be read"):
        read_harm_weights(tmp_path / "none.csv")
