"""What a screen may show of rows that were not taken: lines and figures, and nobody's own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace import pipeline
from safespace.pipeline import excerpts
from safespace.pipeline.uploads import Given
from safespace.settings import load_settings
from safespace.sources.mapping import Mapping

HEADER = "reference,submitted,latitude,longitude,reasons,reporter,domestic_abuse,comments\n"
SECRETS = (
    "Ann",
    "Smith",
    "07700 900123",
    "followed me home",
    "AB12 CDE",
    "ann@example.org",
    "woman",
    "kitchen",
)


def row(**cells):
    usual = {
        "reference": "SS-1",
        "submitted": "2022-01-28 23:40",
        "latitude": "52.4778",
        "longitude": "-1.8983",
        "reasons": "Badly lit",
        "reporter": "woman",
        "domestic_abuse": "N",
        "comments": "Ann Smith in the kitchen, 07700 900123",
    }
    return ",".join(f'"{text}"' for text in {**usual, **cells}.values()) + "\n"


DIRTY = HEADER + "".join(
    [
        row(reference="SS-1"),
        row(reference="SS-2", latitude="Ann Smith"),
        row(reference="SS-3", reasons="Ann Smith followed me home 07700 900123"),
        row(reference="SS-4", reasons="Bady lit"),
        row(reference="Ann Smith", submitted="last night with Ann"),
        row(reference="SS-6", domestic_abuse="Y", reasons="Ann in the kitchen"),
        row(reference="SS-7", submitted="28/01/2022 25:40"),
        row(reference="SS-8 Ann", reasons=" Badly lit "),
        row(reference=" Ann Smith ann@example.org", reasons="Poor lighting"),
        row(reference="SS-10", reporter="Ann Smith AB12 CDE"),
        row(reference="SS-11", reporter=" female"),
        row(reference="姓名", reasons="姓名"),
        *(row(reference=f"SS-2{i}", reasons="Noisy bins") for i in range(5)),
    ]
)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    settings = load_settings(store=tmp_path_factory.mktemp("dirty") / "store")
    files = [Given("dirty.csv", DIRTY.encode())]
    return pipeline.check_upload(files, source="streetsafe", settings=settings, mapping=Mapping())


def shown(checked):
    reading = checked.outcome.reading
    frames = [
        *pipeline.first_rejects(reading, checked.mapping).values(),
        *pipeline.first_repairs(reading).values(),
        pipeline.reasons_in_short(reading),
    ]
    return "\n".join(frame.to_csv() for frame in frames)


def test_nobodys_own_words_are_shown(checked):
    told = shown(checked)
    assert [secret for secret in SECRETS if secret in told] == []
    assert "姓名" not in told
    assert excerpts.NOT_SHOWN in told


def test_excluded_rows_are_counted_and_never_shown(checked):
    reading = checked.outcome.reading
    assert not [key for key in pipeline.first_rejects(reading, checked.mapping) if key[0] == "excluded"]
    short = pipeline.reasons_in_short(reading).set_index("reason")
    assert short.loc["domestic_abuse", "rows"] == 1
    assert "SS-6" not in shown(checked)


def test_what_has_to_be_mended_can_be_found(checked):
    found = pipeline.first_rejects(checked.outcome.reading, checked.mapping)
    wrong = found["quarantined", "unknown_category"].set_index("Line")
    assert wrong.loc["5", "What is wrong"] == (
        "The reasons 'Bady lit' is not in the list; the nearest is 'Badly lit'."
    )
    assert wrong.loc["5", ["reference", "latitude"]].tolist() == ["SS-4", "52.4778"]
    assert found["rejected", "bad_moment"].set_index("Line").loc["8", "submitted"] == "28/01/2022 25:40"


def test_who_reported_is_not_described(checked):
    found = pipeline.first_rejects(checked.outcome.reading, checked.mapping)
    wrong = found["quarantined", "unknown_reporter"]["What is wrong"]
    assert set(wrong) == {"The reporter is not in the list."}


def test_the_app_says_its_own_remedy_for_rows(checked):
    short = pipeline.reasons_in_short(checked.outcome.reading).set_index("reason")
    assert short.loc["unknown_category", "remedy"] == "Write a word of the list."
    (rejects,) = pipeline.rejects_to_mend(checked.outcome.reading.rejects).values()
    assert b"Write a word of the list." in rejects
    assert b"mapping file" not in rejects


def test_a_category_that_several_rows_share_is_shown(checked):
    wrong = pipeline.first_rejects(checked.outcome.reading, checked.mapping)[
        "quarantined", "unknown_category"
    ]
    assert wrong["What is wrong"].str.contains("'Noisy bins'").sum() == 5


def test_no_column_about_persons_or_of_free_text_is_among_them(checked):
    found = pipeline.first_rejects(checked.outcome.reading, checked.mapping)
    columns = {column for frame in found.values() for column in frame.columns}
    assert columns == {"Line", "reference", "submitted", "latitude", "longitude", "reasons", "What is wrong"}


def test_a_column_under_another_name_is_judged_by_what_it_is_read_as(tmp_path):
    text = DIRTY.replace("reporter", "who it was", 1).replace("reasons", "what it was", 1)
    mapping = Mapping(columns={"reporter": "who it was", "reasons": "what it was"})
    checked = pipeline.check_upload(
        [Given("odd.csv", text.encode())],
        source="streetsafe",
        settings=load_settings(store=tmp_path / "store"),
        mapping=mapping,
    )
    columns = {
        c for frame in pipeline.first_rejects(checked.outcome.reading, mapping).values() for c in frame
    }
    assert "what it was" in columns
    assert "who it was" not in columns
    assert [secret for secret in SECRETS if secret in shown(checked)] == []


def test_no_more_rows_than_asked_for_are_shown(checked):
    found = pipeline.first_rejects(checked.outcome.reading, checked.mapping, rows=2)
    assert max(map(len, found.values())) == 2
    assert max(map(len, pipeline.first_repairs(checked.outcome.reading, rows=1).values())) == 1


@given(
    st.text(st.characters(categories=["L"]), min_size=3, max_size=12),
    st.sampled_from(["28/01/2022 ", "SS 12 ", ""]),
)
def test_letters_are_shown_only_when_they_are_words_of_the_lists(text, before):
    words = excerpts._known_words()
    told = excerpts._fit_value(before + text, words)
    assert told == excerpts.NOT_SHOWN or excerpts._is_word(text, words) or excerpts._is_figures(before + text)


@pytest.mark.parametrize("mark", ["[email]", "[phone]", "[vehicle]", "[name]", "[text]"])
def test_a_date_beside_what_was_blanked_is_still_shown(mark):
    cell = f"28/01/2022 {mark} 23:40"
    assert excerpts._fit_value(cell, frozenset()) == cell
