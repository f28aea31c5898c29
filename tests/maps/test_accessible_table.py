from __future__ import annotations

import pytest
from made_findings import finding

from safespace import tone
from safespace.maps.accessible_table import (
    COLUMNS,
    count_in_words,
    hex_table,
    number_in_words,
    rate_in_words,
)
from safespace.tone import Label


def test_rate_in_words():
    assert (
        rate_in_words(2.3, 1.4, 3.6, 18, interval=0.95)
        == "2.3 times its usual (95 % interval 1.4 to 3.6; 18 events)"
    )
    assert rate_in_words(0.01, 0, 12.7, 1, interval=0.9) == (
        "under 0.1 times its usual (90 % interval 0.0 to 13; 1 event)"
    )


@pytest.mark.parametrize(("value", "words"), [(0, "0.0"), (0.05, "0.1"), (9.94, "9.9"), (1234.4, "1,234")])
def test_number_in_words(value, words):
    assert number_in_words(value) == words


def test_every_cell_is_in_the_table_or_in_a_gathered_row(hotspots):
    twin = hex_table(finding(hotspots), names={int(hotspots["cell"][0]): "Broad Street"})
    assert list(twin.columns) == list(COLUMNS)
    cells = set(twin["Cell"])
    shown = {f"{cell:x}" for cell in hotspots["cell"]} & cells
    assert len(shown) == 7
    assert count_in_words(11, "cell") in cells
    assert count_in_words(1, "cell") in cells
    assert twin["Place"][0] == "Broad Street"
    assert twin["Compared with its usual"][0] == "3.6 times its usual (95 % interval 2.4 to 6.0; 18 events)"


def test_none_received_says_what_absence_means(hotspots):
    twin = hex_table(finding(hotspots)).set_index("Place")
    assert twin.loc["No reports received", "What it means"] == tone.ABSENCE
    assert twin.loc["Just outside the area: not judged", "Events"] == "2"


def test_hidden_and_unknown_cells_carry_no_number(hotspots):
    twin = hex_table(finding(hotspots))
    for words in (Label.HIDDEN.sentence, Label.NOT_KNOWN.sentence):
        (row,) = twin[twin["What it means"] == words].itertuples(index=False)
        assert not any(character.isdigit() for part in (row[0], *row[2:]) for character in part)


def test_order_of_rows_does_not_matter(hotspots):
    assert hex_table(finding(hotspots)).equals(hex_table(finding(hotspots.iloc[::-1])))


def test_words_pass_the_tone_rules(hotspots):
    for text in hex_table(finding(hotspots)).to_numpy().ravel():
        assert tone.check_text(text, edition="partner") == (), text


def test_empty_table(hotspots):
    assert hex_table(finding(hotspots.iloc[:0])).empty
