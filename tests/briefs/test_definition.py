from __future__ import annotations

from dataclasses import replace

import pytest

from safespace.briefs import RowCounts
from safespace.errors import InputError, SchemaError
from safespace.tone import Override, check_text


def test_counts_must_add_up():
    with pytest.raises(InputError, match=r"do not add up.*read 10, accepted 8, not accepted 1"):
        RowCounts(read=10, accepted=8, rejected=1)
    with pytest.raises(InputError, match="without a place 11"):
        RowCounts(read=10, accepted=8, rejected=2, unknown_place=11)


def test_tables_are_checked(brief):
    with pytest.raises(SchemaError, match=r"places of a brief.*'rate' is missing"):
        replace(brief, places=brief.places.drop(columns="rate"))
    with pytest.raises(SchemaError, match="share is out of bounds"):
        replace(brief, shares=brief.shares.assign(share=54.0))
    with pytest.raises(SchemaError, match="label is out of bounds"):
        replace(brief, places=brief.places.assign(label="A hot place"))


def test_typed_words_are_checked_and_an_override_is_printed(brief):
    note = "The council's leaflet said 'stick to well-lit streets'."
    with pytest.raises(InputError, match="stick to well-lit streets"):
        replace(brief, notes=(note,))
    (flag,) = check_text(note)
    kept = replace(brief, notes=(note,), overrides=(Override(flag, who="A. Analyst", reason="quotation"),))
    assert kept.notes == (note,)


def test_edition_decides_what_may_be_said(brief):
    note = "The hotspot moved north."
    assert replace(brief, notes=(note,)).notes == (note,)
    with pytest.raises(InputError, match="priority place"):
        replace(brief, notes=(note,), edition="partner")


def test_long_notes_are_refused(brief):
    with pytest.raises(InputError, match=r"too long for two pages.*500 characters.*420"):
        replace(brief, notes=("x" * 500,))
