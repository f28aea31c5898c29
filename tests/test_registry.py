"""What differs by source and by baseline: one value each, one added here, and what is unknown refused by name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from safespace import cli, pipeline, tone
from safespace import settings as settings_module
from safespace.app import words
from safespace.cells import add_events
from safespace.errors import InputError, SchemaError
from safespace.hotspots.clusters import refuse_snap_points
from safespace.pipeline import View
from safespace.pipeline.baselines import BASELINES
from safespace.registry import (
    FELT,
    RECORDED,
    SOURCES,
    Baseline,
    Layer,
    Source,
    layer_of,
    of_layer,
)
from safespace.schemas import REPORTS, check
from safespace.sources.coordinates import read_places
from safespace.sources.forms import PLACE, Field, Form
from safespace.sources.moments import read_moments
from safespace.sources.outcomes import Step, same
from safespace.sources.readers import Reader, forms
from safespace.sources.taxonomy import resolve
from safespace.store import Store

# ---- a source, as one would be added: its form, its steps and its value


FORM = Form(
    "ambulance",
    "Ambulance call-outs",
    (
        Field("reference", "text", "the service's identifier", "A-1"),
        Field("called", "moment", "when the call came, local time", "2025-06-07 23:10", needed=True),
        *PLACE,
        Field(
            "nature", "words", "what it was about", "Fall", needed=True, vocabulary=("ambulance", "nature")
        ),
    ),
    words={"nature": {"Fall": {"synonyms": ("fell over",)}, "Collapse": {}}},
)


def look(texts, context):
    called = read_moments(texts["called"], context.clock, name="called", needed=True)
    nature = resolve(texts["nature"], context.taxonomy.words("ambulance", "nature"), name="category")
    at = {"occurred_from": called.earliest, "occurred_to": called.latest, "reported_at": called.earliest}
    fixed = same(
        texts.index,
        certainty="recorded",
        detected_by="public",
        accuracy_m=20.0,
        reporter="not_stated",
        factor="",
    )
    said = Step({**fixed, "reference": texts["reference"]})
    return nature, read_places(texts), Step(at, called.step.problems, called.step.repairs), said


AMBULANCE = Source(
    id="ambulance",
    layer=Layer("called-out", "Ambulance call-outs", "what ambulances were called to"),
    title="Ambulance call-outs",
    short="Ambulance",
    about="Call-outs of ambulances to public places.",
    reader=Reader(FORM, look),
    sensitivity="restricted",
    policy="partner",
    times_note="Ambulance times are when the call came.",
    factor_label="Nature",
    shares_of="category",
    shares_label="What the calls were about",
    credit="Contains ambulance data",
)


@pytest.fixture(scope="module")
def town_with_calls(town_settings, tmp_path_factory):
    """Return settings of a copy of the town's store with call-outs where incidents were, and the count before."""
    folder = tmp_path_factory.mktemp("calls")
    shutil.copytree(town_settings.store, folder / "store")
    settings = town_settings.model_copy(update={"store": folder / "store"})
    at = Store.open(settings.store).reports(sources=("nte",)).head(600)
    local = at["occurred_from"].dt.tz_convert("Europe/London").dt.strftime("%Y-%m-%d %H:%M")
    rows = pd.DataFrame(
        {
            "reference": [f"A-{number}" for number in range(len(at))],
            "called": local,
            "latitude": at["lat"],
            "longitude": at["lon"],
            "nature": np.where(np.arange(len(at)) % 3, "fell over", "Collapse"),
        }
    )
    file = folder / "synthetic_calls.csv"
    rows.to_csv(file, index=False)
    with SOURCES.registered(AMBULANCE):
        done = pipeline.ingest([file], source="ambulance", settings=settings)
    return settings, done


def test_an_added_source_is_read_with_its_own_words(town_with_calls):
    _, done = town_with_calls
    assert done.reading.counts()["accepted"] + done.reading.counts()["repaired"] == 600
    assert set(done.reading.reports["category"]) == {"Fall", "Collapse"}
    assert done.repairs()["rule"].tolist() == ["synonym"]


def test_an_added_source_is_never_added_to_another_layer(town_settings, town_with_calls):
    settings, _ = town_with_calls
    with SOURCES.registered(AMBULANCE):
        for other in ("streetsafe", "nte"):
            with pytest.raises(
                InputError, match=r"What ambulances were called to and what .* are not added together"
            ):
                pipeline.count_cells(View(sources=("ambulance", other)), settings)
        assert layer_of(("ambulance",)) not in (FELT, RECORDED)
        for view in (View(), View(sources=("nte", "spiking")), View(baseline="recorded")):
            before, after = (pipeline.count_cells(view, held) for held in (town_settings, settings))
            pd.testing.assert_frame_equal(before, after)
        calls = pipeline.count_cells(View(sources=("ambulance",)), settings)
    assert 0 < calls["events"].sum() <= 600


def test_an_added_source_is_named_everywhere(town_with_calls, tmp_path):
    settings, _ = town_with_calls
    with SOURCES.registered(AMBULANCE):
        held = pipeline.catalog(settings)
        assert dict(held.sources[["source", "name"]].to_numpy())["ambulance"] == "Ambulance call-outs"
        assert held.notes == ()
        asked = ["hotspots", "--source", "ambulance", "--resolution", "8", "--store", str(settings.store)]
        page = tmp_path / "calls.html"
        shown = CliRunner().invoke(cli.app, [*asked, "--out", str(page)], catch_exceptions=False)
        told = json.loads(CliRunner().invoke(cli.app, [*asked, "--json"], catch_exceptions=False).stdout)
        assert words.upload_name("ambulance") == "Ambulance call-outs"
        assert words.upload_help("ambulance") == AMBULANCE.about
        assert words.factor_name(("ambulance",)) == "Nature"
        assert words.shares_name(("ambulance",)) == "What the calls were about"
        assert "ambulance" in pipeline.upload_kinds()
    assert "Ambulance call-outs" in shown.stdout
    assert "Contains ambulance data" in shown.stdout
    assert "Ambulance times are when the call came." in " ".join(shown.stdout.split())
    assert told["sources"] == ["Ambulance call-outs"]
    assert "Ambulance call-outs: where there are more than usual" in page.read_text(encoding="utf-8")


def test_an_added_source_can_be_briefed(town_with_calls):
    settings, _ = town_with_calls
    with SOURCES.registered(AMBULANCE):
        brief = pipeline.make_brief(View(sources=("ambulance",), resolution=8), settings)
        page = pipeline.brief_html(brief)
    assert brief.title == "Ambulance call-outs: where there are more than usual"
    assert brief.sources[0] == "Ambulance call-outs"
    assert set(brief.shares["what"]) == {"Fall", "Collapse"}
    assert "Ambulance call-outs" in page


def test_a_store_that_holds_an_unknown_source_names_it_and_counts_it_nowhere(town_settings, town_with_calls):
    settings, _ = town_with_calls
    held = pipeline.catalog(settings)
    assert "ambulance" not in set(held.sources["source"])
    assert "ambulance" not in held.factors
    assert held.notes == (
        "600 reports of ambulance, a source that is not registered here, are held and counted nowhere.",
    )
    before, after = (
        pipeline.count_cells(View(sources=of_layer(RECORDED)), s) for s in (town_settings, settings)
    )
    pd.testing.assert_frame_equal(before, after)
    shown = CliRunner().invoke(cli.app, ["catalog", "--store", str(settings.store)], catch_exceptions=False)
    assert "not registered here" in " ".join(shown.stdout.split())


# ---- what is unknown fails closed


def test_an_unknown_source_is_refused_in_a_view_an_address_and_an_option():
    with pytest.raises(InputError, match="source 'ambulance'"):
        View(sources=("ambulance",))
    with pytest.raises(InputError, match="source 'ambulance'"):
        View.from_query({"sources": "ambulance"})
    asked = CliRunner().invoke(cli.app, ["count", "--source", "ambulance"])
    assert asked.exit_code != 0


def test_an_unknown_source_is_refused_in_a_table(town_with_calls):
    _, done = town_with_calls
    calls = done.reading.reports
    with pytest.raises(SchemaError, match="source is out of bounds in 600 rows, first 'ambulance'"):
        check(calls, REPORTS)
    for use in (lambda: add_events(calls, same_event_m=30), lambda: refuse_snap_points(calls)):
        with pytest.raises(InputError, match=r"No such source\. Seen: ambulance\. Choose one of: streetsafe"):
            use()


def test_a_registration_is_undone_even_when_the_block_fails():
    def use_and_fail():
        with SOURCES.registered(AMBULANCE):
            assert SOURCES["ambulance"] is AMBULANCE
            assert FORM in forms()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert "ambulance" not in SOURCES


def test_a_name_is_taken_once():
    with pytest.raises(InputError, match=r"There is a source of this name\. Seen: nte"):
        SOURCES.register(replace(AMBULANCE, id="nte"))


def test_a_value_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="cannot be told to be one event"):
        replace(AMBULANCE, merges=True, dated="month")
    with pytest.raises(ValueError, match="needs a content note"):
        replace(AMBULANCE, sensitivity="sensitive")


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_keeps_to_what_its_value_says(source):
    record = SOURCES[source]
    assert record.id == source == record.reader.form.source
    assert record.policy in {profile.name for profile in settings_module.POLICIES}
    for said in (record.title, record.about, record.times_note, record.place_note, record.content_note):
        assert [flag for flag in tone.check_text(said) if flag.level == "red"] == []


def test_what_is_refused_follows_from_what_is_known():
    assert SOURCES["streetsafe"].refused == {}
    assert set(SOURCES["police_uk"].refused) == {"hours", "nights", "clusters"}


# ---- a baseline, as one would be added


def lamps(baseline, window, *_):
    return pd.Series(2.0, index=window["cell"], name=baseline.id)


LAMPS = Baseline(
    id="lamps",
    words="lamps in the cell",
    exposure=lamps,
    available=lambda _baseline, _settings, sources: bool(sources),
    note=lambda baseline, _settings: f"Two {baseline.words} everywhere.",
    credit="Lamps by the council",
)


def test_an_added_baseline_is_offered_named_and_credited(town_settings):
    with BASELINES.registered(LAMPS):
        assert "lamps" in pipeline.catalog(town_settings).baselines
        found = pipeline.find_places(View(baseline="lamps", resolution=8), town_settings)
        assert "against lamps in the cell" in pipeline.headline(found)
    assert found.hotspots.baseline == "lamps in the cell"
    assert "Two lamps in the cell everywhere." in found.notes
    assert found.credit.endswith("Lamps by the council")
    assert set(found.hotspots.table["exposure"]) == {2.0}


def test_an_added_baseline_that_cannot_be_made_says_what_to_load(town_settings):
    bare = replace(
        LAMPS, exposure=lambda *_: None, available=lambda *_: False, needs="the lamps of the council"
    )
    with BASELINES.registered(bare):
        assert "lamps" not in pipeline.catalog(town_settings).baselines
        with pytest.raises(InputError, match="or load the lamps of the council"):
            pipeline.find_places(View(baseline="lamps", resolution=8), town_settings)


def test_a_baseline_made_of_a_layer_is_not_held_against_it(town_settings):
    with (
        BASELINES.registered(replace(LAMPS, made_of=RECORDED)),
        pytest.raises(InputError, match="cannot be both a layer and the baseline"),
    ):
        pipeline.find_agreement(View(baseline="lamps"), town_settings)


def test_an_unknown_baseline_is_refused():
    with pytest.raises(InputError, match="baseline 'lamps'"):
        View(baseline="lamps")
