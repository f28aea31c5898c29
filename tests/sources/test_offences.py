"""Which categories belong together: our file, and a force's own."""

from __future__ import annotations

import pytest

from safespace.errors import FileError
from safespace.registry import SOURCES
from safespace.sources.offences import load_offence_groups
from safespace.sources.taxonomy import load_taxonomy

GROUPS = load_offence_groups()
HEADER = "source,kind,group,may_hold,no_weight,note\n"


def test_every_category_that_is_stored_is_listed_once():
    taxonomy = load_taxonomy()
    for source, name in (("nte", "offence"), ("police_uk", "category")):
        stored = taxonomy.words(source, name).labels
        listed = [offence.kind for offence in GROUPS.offences if offence.source == source]
        assert sorted(listed) == sorted(stored)


def test_the_groups_are_those_a_force_asks_about():
    assert GROUPS.groups_in("nte") == (
        "sexual-offences",
        "harassment-and-stalking-in-public",
        "violence",
        "robbery-and-theft-from-the-person",
        "public-order",
        "drugs",
        "other",
    )


def test_private_kinds_are_the_sexual_offences_and_no_others():
    listed = {offence.kind for offence in GROUPS.offences if offence.group == "sexual-offences"}
    assert listed == set(SOURCES["nte"].private_kinds)


def test_a_category_too_coarse_to_tell_apart_belongs_to_a_group_of_its_own():
    coarse = GROUPS.of("police_uk", "violence AND sexual-offences")
    assert coarse is not None
    assert coarse.group not in coarse.may_hold
    assert set(coarse.may_hold) == {"violence", "sexual-offences", "harassment-and-stalking-in-public"}


def test_a_forces_own_file_takes_the_place_of_ours(tmp_path):
    own = tmp_path / "ours.csv"
    own.write_text(HEADER + "nte,Rape,RASSO,,,\n")
    groups = load_offence_groups(own)
    assert groups.groups_in("nte") == ("rasso",)
    assert groups.group_of("nte", "Robbery") == "other"
    assert groups.file.startswith("ours.csv (")
    own.write_text(HEADER + "nte,Rape,Sexual,,,\n")
    assert load_offence_groups(own).file != groups.file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source,kind\nnte,Rape\n", "no group"),
        (HEADER, "no line"),
        (HEADER + "twitter,Rape,Sexual,,,\n", "row 2: no source is called twitter"),
        (HEADER + "nte,,Sexual,,,\n", "row 2: no kind"),
        (HEADER + "nte,Rape,---,,,\n", "a group without letters"),
        (HEADER + "nte,Rape,A,,,\nnte,rape ,B,,,\n", "row 3: rape is there twice"),
        ("\xff\xfe", "CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_naming_each_line(tmp_path, text, told):
    own = tmp_path / "own.csv"
    own.write_bytes(text.encode("latin-1"))
    with pytest.raises(FileError, match=told):
        load_offence_groups(own)
    with pytest.raises(FileError, match="cannot be read"):
        load_offence_groups(tmp_path / "none.csv")
