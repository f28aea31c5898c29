"""Files in: what is counted, what is refused, and what a store says it holds."""

from __future__ import annotations

import json
from functools import partial

import pandas as pd
import pytest
import shapely

from safespace import pipeline, sources
from safespace.cells import count, study_window
from safespace.engine import open_engine
from safespace.errors import AreaError, FileError, InputError, StoreError
from safespace.pipeline import loading
from safespace.settings import load_settings
from safespace.store import Store


@pytest.fixture
def settings(tmp_path):
    return load_settings(store=tmp_path / "store")


@pytest.mark.parametrize("source", ["streetsafe", "nte", "spiking"])
def test_every_planted_kind_of_dirt_is_met(town, settings, source):
    done = pipeline.ingest([getattr(town, f"{source}_csv")], source=source, settings=settings)
    counts = done.reading.counts()
    planted = dict.fromkeys(counts, 0)
    for kind, files in town.truth.dirt.items():
        planted[town.truth.outcomes[kind]] += files.get(source, 0)
    assert counts["read"] == town.truth.rows[source]
    assert done.load.added == town.truth.accepted[source]
    assert {name: counts[name] for name in ("repaired", "quarantined", "rejected", "excluded")} == {
        name: planted[name] for name in ("repaired", "quarantined", "rejected", "excluded")
    }


def test_loading_the_same_file_again_adds_nothing_and_says_so(town, settings):
    first = pipeline.ingest([town.spiking_csv], source="spiking", settings=settings)
    again = pipeline.ingest([town.spiking_csv], source="spiking", settings=settings)
    assert first.load.load_id == again.load.load_id
    assert "nothing was added" in again.sentences()[1]
    assert len(pipeline.list_loads(settings)) == 1
    assert again.reading.counts() == first.reading.counts()
    assert again.as_dict()["counts"] == first.as_dict()["counts"]
    assert again.reading.files == first.reading.files
    pd.testing.assert_frame_equal(again.reasons, first.reasons)
    pd.testing.assert_frame_equal(again.reading.rejects, first.reading.rejects)


def test_a_file_loaded_before_is_not_read_again_but_by_a_check(town, settings, monkeypatch):
    first = pipeline.ingest([town.nte_csv], source="nte", settings=settings)
    monkeypatch.setattr("safespace.sources.reading.gather", _not_to_be_called)
    again = pipeline.ingest([town.nte_csv], source="nte", settings=settings)
    assert again.load.already_loaded
    assert again.reading.reports.empty
    with pytest.raises(AssertionError, match="rows were read"):
        pipeline.ingest([town.nte_csv], source="nte", settings=settings, check_only=True)
    pipeline.roll_back(first.load.load_id, settings)
    with pytest.raises(AssertionError, match="rows were read"):
        pipeline.ingest([town.nte_csv], source="nte", settings=settings)


def _not_to_be_called(*_):
    raise AssertionError("rows were read")


def test_another_sheet_time_zone_or_mapping_is_another_load(town, settings, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nmethod = "method"\n')
    hashes = {
        sources.identify_files([town.spiking_csv], source="spiking", **more)[1]
        for more in (
            {"settings": settings},
            {"settings": settings, "sheet": "March"},
            {"settings": settings, "mapping": mapping},
            {"settings": settings.model_copy(update={"time_zone": "UTC"})},
        )
    }
    assert len(hashes) == 4
    with pytest.raises(InputError, match="No such source"):
        sources.identify_files([town.spiking_csv], source="gossip", settings=settings)


def test_a_check_changes_nothing(town, settings):
    done = pipeline.ingest([town.nte_csv], source="nte", settings=settings, check_only=True)
    assert done.load is None
    assert "Checked only" in done.sentences()[1]
    assert not settings.store.exists()


def test_what_was_checked_is_loaded_without_being_read_again(town, settings, tmp_path):
    given = tmp_path / town.nte_csv.name
    given.write_bytes(town.nte_csv.read_bytes())
    checked = pipeline.ingest([given], source="nte", settings=settings, check_only=True)
    given.unlink()
    done = pipeline.commit(checked, settings=settings)
    assert done.load.added == town.truth.accepted["nte"]
    assert pipeline.list_loads(settings)["load_id"].tolist() == [done.load.load_id]


def test_rolling_back_takes_a_load_out_and_lets_it_in_again(town, settings):
    load = pipeline.ingest([town.spiking_csv], source="spiking", settings=settings).load
    pipeline.roll_back(load.load_id, settings)
    assert pipeline.catalog(settings).sources.empty
    assert pipeline.ingest([town.spiking_csv], source="spiking", settings=settings).load.added == load.added


def test_real_and_synthetic_reports_are_not_mixed(town, settings, tmp_path):
    pipeline.ingest([town.spiking_csv], source="spiking", settings=settings)
    real = tmp_path / "spiking.csv"
    real.write_text(
        "reference,method,status,onset_from,onset_to,reported,latitude,longitude,place_confidence\n"
        "A1,drink,reported,2022-01-28 22:00,2022-01-28 23:00,2022-01-29 10:00,52.48,-1.89,street\n"
    )
    with pytest.raises(StoreError, match=r"holds synthetic reports.*spiking\.csv") as problem:
        pipeline.ingest([real], source="spiking", settings=settings)
    assert problem.value.told("cli").endswith("Name another folder with --store.")


def test_areas_with_the_same_identifier_are_replaced(town, settings):
    pipeline.ingest_layer([town.areas_geojson, town.areas_geojson], layer="areas", settings=settings)
    assert len(pipeline.areas(settings)) == 6


def test_the_streets_held_are_described_in_words(town_settings):
    held = pipeline.held_streets(town_settings)
    said = " ".join(held.sentences())
    assert f"{held.summary.walkable_km:,.1f} walkable km" in said
    assert f"unknown ({held.summary.unknown_share:.0%})" in said
    assert f"{held.summary.disconnected_km:,.1f} km in 1 piece is not connected" in said
    assert "Synthetic streets" in said


def test_walks_need_streets_and_say_how_to_get_them(settings, town):
    pipeline.ingest([town.spiking_csv], source="spiking", settings=settings)
    with pytest.raises(StoreError, match=r"No street network has been imported") as problem:
        pipeline.held_streets(settings)
    assert problem.value.told("cli").endswith("safespace streets EXTRACT.osm.pbf.")
    assert problem.value.told("app").endswith("Load one: choose Streets on the Data page.")


def test_area_figures_need_their_areas(town, settings, tmp_path):
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    census = tmp_path / "census.csv"
    census.write_text("total,name,mnemonic\n1200,Somewhere,E01000001\n")
    with pytest.raises(AreaError, match=r"None of the codes.*E01000001.*Load the boundaries first"):
        pipeline.ingest_layer([census], layer="residents", settings=settings)


def test_catalog_tell_what_can_be_asked(town_settings):
    held = pipeline.catalog(town_settings)
    assert held.synthetic
    assert held.baselines == ("streets", "area", "premises", "recorded")
    assert held.sources.set_index("source")["rows"].to_dict() == {
        "streetsafe": 544,
        "nte": 2500,
        "spiking": 70,
    }
    assert "Badly lit" in held.factors["streetsafe"]
    assert held.version == pipeline.version(town_settings)


@pytest.mark.parametrize("load", [pipeline.ingest_streets, partial(pipeline.ingest_areas, name_column=None)])
def test_a_file_that_cannot_be_read_leaves_no_store_behind(settings, tmp_path, load):
    broken = tmp_path / "broken.geojson"
    broken.write_text("not a map")
    with pytest.raises(FileError, match=r"broken\.geojson"):
        load(broken, settings=settings)
    assert not settings.store.exists()


def test_a_partial_file_is_asked_about(settings, tmp_path):
    def month(name, rows):
        path = tmp_path / f"2022-{name}-west-midlands-street.csv"
        header = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
        body = "".join(
            f"{name}{i:04},2022-{name},,,-1.89,52.48,On or near X,,,Drugs,,\n" for i in range(rows)
        )
        path.write_text(header + "Last outcome category,Context\n" + body)
        return path

    for name in ("01", "02", "03", "04"):
        pipeline.ingest([month(name, 200)], source="police_uk", settings=settings)
    done = pipeline.ingest([month("05", 76)], source="police_uk", settings=settings, check_only=True)
    assert any("62" in note and "partial" in note.lower() for note in done.notes)


def test_a_campaign_week_is_pointed_out(town, settings):
    done = pipeline.ingest([town.streetsafe_csv], source="streetsafe", settings=settings, check_only=True)
    assert any("A campaign?" in note for note in done.notes)


def _nte(path, *rows):
    """Write rows of reference, offence and place."""
    lines = (
        f"{reference},{offence},28/01/2022 23:40,52.4778,-1.8983,{place}"
        for reference, offence, place in rows
    )
    header = "reference,offence,start,latitude,longitude,location_type"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_a_row_that_changed_under_its_reference_is_held_back_and_told(settings, tmp_path):
    first = _nte(tmp_path / "first.csv", (1, "Robbery", "Street"), (2, "Robbery", "Street"))
    second = _nte(
        tmp_path / "second.csv", (1, "Rape", "Park"), (2, "Robbery", "Street"), (3, "Rape", "Street")
    )
    held_by = pipeline.ingest([first], source="nte", settings=settings).load.load_id
    checked = pipeline.ingest([second], source="nte", settings=settings, check_only=True)
    done = pipeline.ingest([second], source="nte", settings=settings)
    for told in (checked, done):
        assert told.reading.counts() | {"read": 3, "accepted": 2, "quarantined": 1} == told.reading.counts()
        (row,) = told.reading.rejects.to_dict("records")
        assert (row["row"], row["outcome"], row["reason"]) == (2, "quarantined", "held_with_other_content")
        assert "'1' is held by load " + held_by + " with another category, factor." in row["explanation"]
        assert json.loads(row["original"])["offence"] == "Rape"
        assert "Of the rows, 1 changed since they were loaded and are held back: 1. " in " ".join(
            told.sentences()
        )
    assert (done.load.quarantined, done.load.already_held, done.load.added) == (1, 1, 1)
    line = pipeline.list_loads(settings).iloc[-1]
    assert line["read"] == line[["accepted", "repaired", "quarantined", "rejected", "excluded"]].sum()
    assert Store.open(settings.store).rejects(done.load.load_id)["reason"].tolist() == [
        "held_with_other_content"
    ]
    # newest first, as the note says
    for load_id in (held_by, done.load.load_id):
        pipeline.roll_back(load_id, settings)
    assert pipeline.ingest([second], source="nte", settings=settings).load.added == 3
    older = pipeline.ingest([first], source="nte", settings=settings)
    assert (older.load.quarantined, older.load.already_held) == (1, 1)


def test_what_another_loader_brings_meanwhile_is_not_dropped_either(settings, tmp_path):
    first = _nte(tmp_path / "first.csv", (1, "Robbery", "Street"), (9, "Rape", "Street"))
    second = _nte(tmp_path / "second.csv", (1, "Rape", "Street"))
    checked = pipeline.ingest([second], source="nte", settings=settings, check_only=True)
    pipeline.ingest([first], source="nte", settings=settings)
    with pytest.raises(StoreError, match=r"held with other content.*1, first nte:1 \(category\).*again"):
        pipeline.commit(checked, settings=settings)
    assert len(pipeline.list_loads(settings)) == 1


def test_a_loader_overtaken_by_another_reads_again(settings, tmp_path, monkeypatch):
    first = _nte(tmp_path / "first.csv", (1, "Robbery", "Street"))
    second = _nte(tmp_path / "second.csv", (1, "Rape", "Street"), (2, "Rape", "Street"))
    looked, overtaken = loading.commit, []

    def overtake(checked, **more):
        if not overtaken:
            overtaken.append(checked)
            reading = sources.read_reports([first], source="nte", settings=settings)
            looked(loading.Ingestion(reading, None, checked.reasons), settings=settings)
        return looked(checked, **more)

    monkeypatch.setattr(loading, "commit", overtake)
    done = loading.ingest([second], source="nte", settings=settings)
    assert (done.load.quarantined, done.load.added) == (1, 1)


def test_repeated_pins_are_one_event_across_loads_and_stay_one_when_a_load_goes(settings, tmp_path):
    header = "reference,submitted,latitude,longitude,reasons,reporter\n"
    loads = []
    for name, minute in (("A", 40), ("B", 45), ("C", 50)):
        (tmp_path / f"{name}.csv").write_text(
            f"{header}{name},2022-01-28 23:{minute},52.477800,-1.898300,Badly lit,woman\n"
        )
        loads.append(pipeline.ingest([tmp_path / f"{name}.csv"], source="streetsafe", settings=settings).load)
    window = study_window(shapely.box(-1.91, 52.47, -1.89, 52.49), resolution=8)

    def counted():
        files = Store.open(settings.store).report_files()
        found = count(files, window, resolution=8, engine=open_engine())
        return int(found["pins"].sum()), int(found["events"].sum())

    assert counted() == (3, 1)
    pipeline.roll_back(loads[0].load_id, settings)
    assert counted() == (2, 1)
    again = pipeline.ingest([tmp_path / "A.csv"], source="streetsafe", settings=settings)
    assert again.load.added == 1
    assert counted() == (3, 1)


def test_a_load_can_be_named_and_rolled_back_by_its_name(settings, tmp_path):
    files = [_nte(tmp_path / f"{n}.csv", (n, "Robbery", "Street")) for n in range(3)]
    for file, name in zip(files, (" January, first ", "twice", "twice"), strict=True):
        pipeline.ingest([file], source="nte", settings=settings, name=name)
    listed = pipeline.list_loads(settings)
    assert listed["name"].tolist() == ["January, first", "twice", "twice"]
    assert pipeline.roll_back("January, first", settings) == listed["load_id"][0]
    with pytest.raises(InputError, match="Several loads have this name") as problem:
        pipeline.roll_back("twice", settings)
    assert all(load_id in str(problem.value) for load_id in listed["load_id"][1:])
    with pytest.raises(StoreError, match="No such load is in force"):
        pipeline.roll_back("January, first", settings)
    again = pipeline.ingest([files[0]], source="nte", settings=settings, name="anew")
    assert f"as load {again.load.load_id} (anew)." in again.sentences()[1]


@pytest.mark.parametrize("name", ["x" * 61, "a\nb", "=1+1", "ring 07700 900123", "a\u202eb"])
def test_a_name_that_is_long_or_not_plain_text_is_refused(settings, tmp_path, name):
    file = _nte(tmp_path / "one.csv", (1, "Robbery", "Street"))
    with pytest.raises(InputError, match="cannot be the name of a load"):
        pipeline.ingest([file], source="nte", settings=settings, name=name)
    assert not settings.store.exists()


def test_a_header_alone_is_checked_but_never_an_empty_load(settings, tmp_path):
    bare = _nte(tmp_path / "bare.csv")
    checked = pipeline.ingest([bare], source="nte", settings=settings, check_only=True)
    assert checked.reading.counts()["read"] == 0
    with pytest.raises(FileError, match=r"bare\.csv: There is a header and no row.*Export the file again"):
        pipeline.ingest([bare], source="nte", settings=settings)
    assert not settings.store.exists()
    # beside a file with rows it is a note
    full = _nte(tmp_path / "full.csv", (1, "Robbery", "Street"))
    done = pipeline.ingest([full, bare], source="nte", settings=settings)
    assert done.load.added == 1
    assert any("bare.csv: there is a header and no row under it" in note for note in done.sentences())


def test_references_that_lost_their_zeros_are_told(settings, tmp_path):
    first = _nte(tmp_path / "first.csv", ("000123", "Robbery", "Street"), ("A01", "Robbery", "Street"))
    told = pipeline.ingest([first], source="nte", settings=settings)
    assert not any("zeros" in note for note in told.notes)
    second = _nte(tmp_path / "second.csv", ("123", "Robbery", "Street"), ("A1", "Robbery", "Street"))
    told = pipeline.ingest([second], source="nte", settings=settings, check_only=True)
    assert any("those held only by zeros in front, such as 123 and 000123" in note for note in told.notes)
    both = _nte(tmp_path / "both.csv", ("0007", "Robbery", "Street"), ("7", "Robbery", "Street"))
    told = pipeline.ingest([both], source="nte", settings=settings, check_only=True)
    (note,) = (note for note in told.notes if "zeros" in note)
    assert note.startswith(
        "References differ from those of the same files only by zeros in front, such as 0007 and 7"
    )


def test_months_left_out_and_another_kind_of_file_are_asked_about(settings, tmp_path):
    def month(number, offence):
        rows = [(f"{number}-{n}", offence, "Street") for n in range(12)]
        path = _nte(tmp_path / f"{number}.csv", *rows)
        path.write_text(path.read_text().replace("28/01/2022", f"28/{number:02d}/2022"))
        return path

    pipeline.ingest([month(n, "Robbery") for n in range(1, 8)], source="nte", settings=settings)
    done = pipeline.ingest([month(10, "Rape")], source="nte", settings=settings, check_only=True)
    assert (
        "No reports at all for August 2022, September 2022, where 12 a month are usual: a file left out?"
        in done.notes
    )
    assert any(
        note.startswith("Rape makes up 100% of these reports and none of the 84 held") for note in done.notes
    )
