"""From a question to places, and what lies behind one cell."""

from __future__ import annotations

import pytest

from safespace import hotspots, pipeline
from safespace.errors import AreaError, InputError, StoreError, TooFewError
from safespace.pipeline.selection import select
from safespace.settings import load_settings


@pytest.fixture(scope="module")
def found(town_settings):
    return pipeline.find_places(pipeline.View(), town_settings)


def test_the_answer_carries_what_it_rests_on(found):
    assert 540 < found.pins <= 544
    assert 500 < found.events < 544
    assert found.synthetic
    assert "Synthetic" in found.credit
    assert found.hotspots.baseline == "length of walkable street"
    assert found.other is not None
    assert found.other.baseline == "area of the cell"
    assert 350 < (found.until - found.since).days < 366


def test_the_second_baseline_is_told(found):
    assert found.notes[0].startswith("Against area of the cell, 4 of 4 places would be higher too.")


def planted(town, kind, source):
    return [place for place in town.truth.places if place.kind == kind and source in place.sources]


def test_planted_places_are_found(found, town):
    hot = set(found.hotspots.hot.tolist())
    missed = [place.name for place in planted(town, "hot", "streetsafe") if not set(place.cells[9]) & hot]
    assert len(planted(town, "hot", "streetsafe")) >= 3
    assert not missed


def test_one_persons_many_pins_are_no_place(found, town):
    (decoy,) = planted(town, "decoy", "streetsafe")
    assert decoy.reports["streetsafe"] > 10
    assert not set(decoy.cells[9]) & set(found.hotspots.hot.tolist())


def test_what_patrols_found_raises_nothing(town_settings, town):
    (decoy,) = planted(town, "decoy", "nte")
    asked = pipeline.View(sources=("nte",))
    usual = pipeline.find_places(asked, town_settings)
    with_patrols = pipeline.find_places(asked.but(found_by="all"), town_settings)
    assert not set(decoy.cells[9]) & set(usual.hotspots.hot.tolist())
    assert set(decoy.cells[9]) & set(with_patrols.hotspots.hot.tolist())
    assert any("found by patrols are left out" in note for note in usual.notes)


def test_places_are_named_after_streets_and_numbered(found):
    assert found.places["place"].tolist() == list(range(1, len(found.places) + 1))
    assert found.places["name"].str.contains("Subway|Street|Lane|Road|Towpath|Path|Passage").any()


def test_felt_and_recorded_are_not_added_together(town_settings):
    with pytest.raises(InputError, match="not added together"):
        pipeline.find_places(pipeline.View(sources=("streetsafe", "nte")), town_settings)


def test_an_unknown_area_lists_those_loaded(town_settings):
    with pytest.raises(AreaError, match=r"narnia.*SB01"):
        pipeline.find_places(pipeline.View(area="narnia"), town_settings)


def test_one_cell_is_too_few(town_settings):
    with pytest.raises(TooFewError, match="finer resolution"):
        pipeline.find_places(pipeline.View(area="SB04", resolution=8), town_settings)


def test_an_unknown_window_lists_those_set(town_settings):
    with pytest.raises(InputError, match="nte-core"):
        pipeline.find_places(pipeline.View(window="teatime"), town_settings)


def test_a_baseline_the_store_cannot_serve_is_refused(town_settings):
    with pytest.raises(InputError, match=r"residents.*area of the cell"):
        pipeline.find_places(pipeline.View(baseline="residents"), town_settings)


def test_no_store_is_said_plainly(tmp_path):
    with pytest.raises(StoreError, match="no store here"):
        pipeline.find_places(pipeline.View(), load_settings(store=tmp_path / "none"))


def test_the_story_of_a_cell_adds_up(found, town_settings):
    cell = int(found.places["core_cell"].iloc[0])
    story = pipeline.tell_cell(found, cell, town_settings)
    row = found.hotspots.table.set_index("cell").loc[cell]
    assert story.name == found.places["name"].iloc[0]
    assert f"{int(row['events'])} events" in story.sentences[1]
    assert story.hours.shape == (7, 24)
    assert story.hours.sum() == pytest.approx(row["events"])
    assert (story.shares["of"] == row["events"]).all()


def test_night_windows_leave_out_the_day(town_settings):
    any_time, night = (
        pipeline.count_cells(pipeline.View(sources=("nte",), window=window), town_settings)["events"].sum()
        for window in ("", "night")
    )
    parts = [
        pipeline.count_cells(pipeline.View(sources=("nte",), window=window), town_settings)["events"].sum()
        for window in ("nte-evening", "nte-core", "nte-late")
    ]
    assert sum(parts) == night < any_time


def test_a_baseline_that_covers_little_of_the_area_is_refused(town, town_settings, tmp_path):
    settings = load_settings(store=tmp_path / "store")
    pipeline.ingest([town.streetsafe_csv], source="streetsafe", settings=settings)
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    pipeline.ingest_streets(town.streets_pbf, settings=settings, clip="SB04")
    with pytest.raises(
        InputError, match=r"does not cover the area.*none of it in .* cells.*area of the cell"
    ):
        pipeline.find_places(pipeline.View(), settings)


def test_made_up_streets_are_not_credited_to_openstreetmap(found, town_settings, tmp_path):
    page = pipeline.places_page(found, town_settings)
    pdf = pipeline.write_brief(pipeline.brief_of(found, [], town_settings), tmp_path)[1].read_text()
    assert "Synthetic streets" in page
    assert "OpenStreetMap contributors" not in page + pdf


def test_months_have_no_hours_and_it_is_said(tmp_path):
    settings = load_settings(store=tmp_path / "store")
    months = tmp_path / "2022-01-west-midlands-street.csv"
    months.write_text(
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
        "Last outcome category,Context\n"
        + "".join(f",2022-01,,,-1.{890 + i},52.48,On or near X,,,Anti-social behaviour,,\n" for i in range(9))
    )
    pipeline.ingest([months], source="police_uk", settings=settings)
    with pytest.raises(InputError, match=r"9 rows carry no hour of the day.*any time"):
        select(pipeline.View(sources=("police_uk",), window="night"), settings)


def test_a_single_cell_lists_no_sexual_offences(town_settings):
    found = pipeline.find_places(pipeline.View(sources=("nte",)), town_settings)
    busiest = int(found.hotspots.table.set_index("cell")["events"].idxmax())
    story = pipeline.tell_cell(found, busiest, town_settings)
    listed = " ".join(story.shares["factor"])
    assert "exual" not in listed
    assert "Rape" not in listed
    assert any("not listed for a single cell" in sentence for sentence in story.sentences)
    assert "Sexual offences" in set(
        pipeline.factor_shares(_reports(found, town_settings), level=0.95)["factor"]
    )


def _reports(found, settings):
    return select(found.view, settings).reports


def test_a_place_says_how_many_checks_it_survives(found, town_settings):
    checked = pipeline.check_places(found, town_settings)
    hot = checked[checked["hot"]]
    assert (hot["checks"] == 4).all(), "day, week, one origin and another baseline; no patrols here"
    assert hot["checks_passed"].between(0, 4).all()
    assert (checked.loc[~checked["hot"], "stability"] == "").all()
    core = int(found.places["core_cell"].iloc[0])
    (sentence,) = pipeline.tell_cell(found, core, town_settings).checks
    assert sentence.startswith("Higher in 4 of 4 checks.")


def test_what_patrols_found_is_one_of_the_checks(town_settings):
    found = pipeline.find_places(pipeline.View(sources=("nte",)), town_settings)
    assert (pipeline.check_places(found, town_settings)["checks"] == 5).all()


def test_checks_of_a_recorded_baseline_keep_its_chance(town_settings):
    answer = pipeline.find_places(pipeline.View(baseline="recorded"), town_settings)
    assert answer.hotspots.method.counted_baseline
    counted = pipeline.count_cells(answer.view, town_settings)
    assert answer.hotspots.refind(counted).hot.tolist() == answer.hotspots.hot.tolist()
    taken_as_known = hotspots.find_hotspots(
        counted, baseline="recorded incidents", settings=town_settings.hotspots
    )
    assert taken_as_known.hot.tolist() != answer.hotspots.hot.tolist()


def test_a_list_that_is_shortened_says_so_and_counts_what_it_leaves_out(town_settings):
    every = pipeline.find_places(pipeline.View(), town_settings)
    assert every.unlisted == 0
    assert not any(note.startswith("Listed:") for note in every.notes)
    fewer = town_settings.model_copy(
        update={"hotspots": town_settings.hotspots.model_copy(update={"places_listed": 2})}
    )
    short = pipeline.find_places(pipeline.View(), fewer)
    assert 1 <= len(short.places) <= 2
    assert len(short.places) + short.unlisted == len(every.places)
    (note,) = [note for note in short.notes if note.startswith("Listed:")]
    assert f"{len(short.places)} place" in note
    assert f"{short.unlisted} more" in note
    assert pipeline.headline(short) == pipeline.headline(every)
    assert short.hotspots.hot.tolist() == every.hotspots.hot.tolist()
