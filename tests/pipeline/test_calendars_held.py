"""Nights a view asks for: calendars held in the store, and zones that keep their own night."""

from __future__ import annotations

import shutil

import pytest

from safespace import pipeline
from safespace.errors import FileError, InputError
from safespace.pipeline import View
from safespace.pipeline.selection import select
from safespace.settings import LimitSettings, load_settings

CAMPUS = {"name": "Campus", "night": [{"name": "late", "start": "20:00", "end": "03:00"}]}
HEADER = "reference,offence,start,end,easting,northing,found_by,location_type,domestic_abuse\n"
MATCH = "name,kind,starts,ends,zone\nCity v United,match,2022-01-28 19:45,2022-01-28 21:45,\n"
# All on Friday 28 January 2022 but the last two; the first three near the campus, the others in the centre.
ROWS = (
    ("A", "28/01/2022 23:40", 457200),
    ("B", "29/01/2022 02:30", 457200),  # still that Friday's night
    ("C", "28/01/2022 12:00", 457200),
    ("D", "28/01/2022 23:40", 459000),
    ("E", "29/01/2022 23:40", 459000),
    ("F", "27/08/2022 23:40", 459000),  # the Saturday of a bank-holiday weekend
)


def box(area_id, name, west, east):
    ring = [[west, 52.90], [east, 52.90], [east, 53.0], [west, 53.0], [west, 52.90]]
    return (
        f'{{"type":"Feature","properties":{{"area_id":"{area_id}","name":"{name}"}},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}'
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nights")
    settings = load_settings(store=folder / "store", zones=[CAMPUS])
    body = "".join(
        f"{ref},Public order,{start},{start},{east},339500,public,Street,N\n" for ref, start, east in ROWS
    )
    (folder / "nte.csv").write_text(HEADER + body)
    areas = ",".join([box("C1", "Campus", -1.17, -1.14), box("T1", "Centre", -1.14, -1.10)])
    (folder / "areas.geojson").write_text(f'{{"type":"FeatureCollection","features":[{areas}]}}')
    (folder / "fixtures.csv").write_text(MATCH)
    pipeline.ingest([folder / "nte.csv"], source="nte", settings=settings)
    pipeline.ingest_layer([folder / "areas.geojson"], layer="areas", settings=settings)
    pipeline.ingest_layer([folder / "fixtures.csv"], layer="calendar", settings=settings)
    return settings


def chosen(settings, **asked):
    found = select(View(sources=("nte",), **asked), settings)
    return "".join(sorted(found.reports["report_id"].str.removeprefix("nte:"))), found.sentences()


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"calendar": "match"}, "ABCD"),
        ({"calendar": "not-match"}, "EF"),
        ({"calendar": "bank-holiday"}, "F"),
        ({"calendar": "not-bank-holiday"}, "ABCDE"),
        ({"calendar": "match", "window": "night"}, "ABD"),
        ({"window": "late"}, "AB"),
        ({"window": "nte-core"}, "DEF"),
    ],
)
def test_nights_and_their_parts_choose_rows(settings, asked, kept):
    assert chosen(settings, **asked)[0] == kept


def test_what_was_left_aside_is_said(settings):
    _, said = chosen(settings, calendar="match", window="late")
    assert "Match nights only: 4 of 6 reports." in said
    assert "Campus keeps its own parts of the night: 2 rows." in said


def test_windows_are_those_of_the_area(settings):
    held = pipeline.catalog(settings)
    assert list(held.windows["C1"]) == ["Campus"]
    assert list(held.windows["T1"]) == list(held.windows[""]) == ["", "Campus"]
    assert held.calendars == ("", "match", "bank-holiday", "not-match", "not-bank-holiday")
    assert held.as_dict()["windows"]["C1"]["Campus"][0]["name"] == "late"
    with pytest.raises(InputError, match=r"C1: No such night window.*nte-core.*night, late\."):
        chosen(settings, area="C1", window="nte-core")


def test_an_entry_in_a_place_is_on_there_only(settings, tmp_path):
    fair = tmp_path / "fair.csv"
    fair.write_text(
        "name,kind,starts,ends,zone\nFair,event,2022-01-28,2022-01-29,Centre\nRace,event,2022-01-29,,Narnia\n"
    )
    own = settings.model_copy(update={"store": tmp_path / "store"})
    shutil.copytree(settings.store, own.store)
    before = pipeline.version(own)
    pipeline.ingest_calendar(fair, settings=own)
    kept, said = chosen(own, calendar="event")
    assert kept == "DE"
    assert "No loaded area is called Narnia: those entries match nothing." in said
    assert pipeline.version(own) != before


def test_a_file_of_the_same_name_replaces_what_it_brought(tmp_path, settings):
    own = settings.model_copy(update={"store": tmp_path / "store"})
    file = tmp_path / "fixtures.csv"
    for name in ("City v United", "City v Rovers"):
        file.write_text(MATCH.replace("City v United", name))
        said = pipeline.ingest_layer([file], layer="calendar", settings=own)
    assert said == ("Calendar entries from fixtures.csv, in place of those it brought before: 1 match.",)
    assert pipeline.held_calendar(own)["name"].tolist() == ["City v Rovers"]
    file.write_text("name,kind,starts,ends\nX,party,2022-01-28,\n")
    with pytest.raises(FileError, match=r"row 2: kind 'party'"):
        pipeline.ingest_calendar(file, settings=own)
    assert len(pipeline.held_calendar(own)) == 1


def test_a_calendar_that_is_too_large_is_refused(tmp_path, settings):
    big = tmp_path / "big.csv"
    big.write_text(MATCH + "x" * 1_100_000)
    own = settings.model_copy(update={"limits": LimitSettings(file_mb=1)})
    with pytest.raises(FileError, match="limits"):
        pipeline.ingest_calendar(big, settings=own)


def test_a_kind_that_is_not_held_is_refused(settings):
    with pytest.raises(InputError, match=r"holds no campaign") as problem:
        chosen(settings, calendar="campaign")
    assert "--source calendar" in problem.value.told("cli")


def test_a_named_campaign_is_named_beside_its_burst(town, tmp_path):
    own = load_settings(store=tmp_path / "store")
    before = pipeline.ingest([town.streetsafe_csv], source="streetsafe", settings=own, check_only=True)
    (note,) = [note for note in before.notes if "A campaign?" in note]
    year = tmp_path / "campaigns.csv"
    year.write_text("name,kind,starts,ends\nReclaim the night,campaign,2025-09-01,2026-08-31\n")
    pipeline.ingest_calendar(year, settings=own)
    after = pipeline.ingest([town.streetsafe_csv], source="streetsafe", settings=own, check_only=True)
    assert note.removesuffix("A campaign?") + "The calendar names" in " ".join(after.notes)
    assert "Reclaim the night." in " ".join(after.notes)
