"""The app's pages, drawn without a browser, against the synthetic town in a real store."""

from __future__ import annotations

import json
import re
import socket
import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from safespace import pipeline, tone
from safespace.app import agreement, method, months, state, words
from safespace.app.serve import command, serve
from safespace.errors import SettingsError
from safespace.maps.decks import CELL_COLUMNS
from safespace.registry import SOURCES
from safespace.settings import load_settings

ROOT = Path(__file__).parents[1]
WALK = {"from": "Barge Hall", "to": "Velvet"}
PAYLOAD_BYTES = 300_000


def draw_page(name: str) -> None:
    from safespace.app import shell  # noqa: PLC0415 - the function is run as a script of its own

    shell.draw_alone(name)


@pytest.fixture
def open_app(monkeypatch, town_settings):
    """Return a function that opens a page of the app at an address and draws it."""
    monkeypatch.setenv("SAFESPACE_STORE", str(town_settings.store))

    def opened(page: str = "places", **query: str) -> AppTest:
        app = AppTest.from_function(draw_page, args=(page,), default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return opened


def query_of(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def html_of(app: AppTest) -> str:
    return "\n".join(item.proto.body for item in app.get("html") if not item.proto.body.startswith("<style"))


def text_of(app: AppTest) -> str:
    """Return every word the page shows."""
    parts = [re.sub(r"<[^>]+>", " ", html_of(app))]
    for kind in ("markdown", "caption", "error", "info", "warning", "header", "subheader", "title"):
        parts += [str(item.value) for item in app.get(kind)]
    for kind in ("selectbox", "radio", "button"):
        parts += [f"{item.label} {getattr(item, 'help', '') or ''}" for item in app.get(kind)]
    parts += [option for kind in ("selectbox", "radio") for item in app.get(kind) for option in item.options]
    return " ".join(parts)


def deck_of(app: AppTest) -> dict:
    return json.loads(app.get("deck_gl_json_chart")[0].proto.json)


def test_the_whole_app_opens_on_places(monkeypatch, town_settings):
    monkeypatch.setenv("SAFESPACE_STORE", str(town_settings.store))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert "higher than" in html_of(app)
    assert "SafeSpace" in html_of(app)


def test_places_says_what_the_pipeline_found(open_app, town_settings):
    app = open_app()
    found = pipeline.find_places(pipeline.View(), town_settings)
    assert not app.exception
    assert f"{len(found.places)} places are higher than their usual" in html_of(app)
    assert f"{found.events:,} events from {found.pins:,} reports" in html_of(app)
    for place in found.places.itertuples():
        assert place.name in html_of(app)
        assert f"{place.lower:.1f} to {place.upper:.1f}" in html_of(app)


def test_the_table_holds_every_cell_with_reports(open_app, town_settings):
    rows = html_of(open_app())
    table = pipeline.find_places(pipeline.View(), town_settings).hotspots.table
    told = table[(table["events"] > 0) & ~table["edge"]]
    assert all(f"<td>{int(cell):x}</td>" in rows for cell in told["cell"])
    assert '<th scope="row">' in rows
    assert "<caption>" in rows


@pytest.mark.parametrize(("page", "query"), [("places", {}), ("routes", WALK), ("brief", {})])
def test_every_page_carries_the_common_frame(open_app, page, query):
    app = open_app(page, **query)
    text = text_of(app)
    assert not app.exception
    for said in (
        "Synthetic data.",
        "Newest report is",
        "What this shows",
        "What this does not show",
        "call 999",
        "text British Transport Police on 61016",
        "Support",
        "Streets and landmarks: Synthetic streets",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("page", "query"),
    [("places", {}), ("places", {"sources": "nte"}), ("routes", WALK), ("routes", {}), ("brief", {})],
)
def test_no_page_uses_words_that_blame_or_brand(open_app, page, query):
    text = text_of(open_app(page, **query)).replace(tone.ABSENCE, "").replace("Victim Support", "")
    flags = tone.check_text(text, edition="partner")
    assert [flag.words for flag in flags if flag.level == "red"] == []
    assert (
        re.findall(r"(?i)\b(?:un)?safe(?:st|r)?\b|\bdanger\w*|\brisk\w*|\bavoid\w*|\bvictim\w*", text) == []
    )


def test_a_choice_goes_to_the_address_and_back(open_app):
    app = open_app()
    app.selectbox(key="choose_resolution").select(8).run()
    app.selectbox(key="choose_factor").select("Badly lit").run()
    assert query_of(app) == {"resolution": "8", "factor": "Badly lit"}
    shared = open_app(**query_of(app))
    assert shared.selectbox(key="choose_resolution").value == 8
    assert shared.selectbox(key="choose_factor").value == "Badly lit"
    assert html_of(shared) == html_of(app)


def test_other_reports_drop_the_reason_that_only_these_have(open_app):
    app = open_app(factor="Badly lit", cell="617439290129645567")
    app.radio(key="choose_sources").set_value(("nte",)).run()
    assert query_of(app) == {"sources": "nte"}


def test_months_are_drawn_with_the_calendar_once_asked_for(open_app, town_settings):
    app = open_app("places", sources="nte", since="2025-09-10")
    app.session_state["map_or_table"] = months.TAB
    app.run()
    assert not app.exception
    found = pipeline.find_months(pipeline.View(sources=("nte",), since=date(2025, 9, 10)), town_settings)
    assert "2025-09" in found.notes[0]
    assert found.notes[0] in " ".join(str(item.value) for item in app.caption)
    assert '<th scope="row">2025-10</th>' in html_of(app)
    assert '<th scope="row">2025-09</th>' not in html_of(app)


def test_kinds_of_offence_are_chosen_together_and_named(open_app):
    app = open_app("places", sources="nte", resolution="8")
    app.multiselect(key="choose_kinds").set_value(["violence", "drugs"]).run()
    assert query_of(app)["kinds"] == "violence,drugs"
    assert "Violence or Drugs only: " in text_of(app)
    app.radio(key="choose_sources").set_value(("streetsafe",)).run()
    assert "kinds" not in query_of(app)
    assert not [one for one in app.multiselect if one.key == "choose_kinds"]


def test_a_period_is_one_choice(open_app):
    app = open_app()
    app.selectbox(key="choose_period").select("Last 3 months held").run()
    assert query_of(app) == {"since": "2026-05-31", "until": "2026-08-30"}
    app.selectbox(key="choose_period").select("Choose dates").run()
    app.date_input(key="choose_since").set_value(date(2026, 1, 1)).run()
    assert query_of(app) == {"since": "2026-01-01", "until": "2026-08-30"}
    assert "1 January 2026 to" in text_of(app)
    app.selectbox(key="choose_period").select("All dates held").run()
    assert query_of(app) == {}


def test_why_a_place_is_listed_can_be_asked_without_the_map(open_app, town_settings):
    found = pipeline.find_places(pipeline.View(), town_settings)
    core = int(found.places["core_cell"].iloc[0])
    app = open_app()
    app.button(key="why_1").click().run()
    assert query_of(app) == {"cell": str(core)}
    story = pipeline.tell_cell(found, core, town_settings)
    for said in story.sentences:
        assert said in html_of(app)
    assert words.SMOOTHED in [caption.value for caption in app.caption]
    drawn_hours = re.search(r"<caption>Events by hour and day.*?</table>", html_of(app), re.DOTALL)[0]
    counted = [float(one) for one in re.findall(r"<td class=ss-number>([\d.]+)<", drawn_hours)]
    assert counted == [round(one, 1) for one in story.hours.T.ravel()]
    app.button(key="all_places").click().run()
    assert query_of(app) == {}


def test_a_cell_can_be_found_by_the_name_of_its_street(open_app, town_settings):
    names = pipeline.find_places(pipeline.View(), town_settings).names
    cell, name = min(names.items())
    app = open_app()
    app.selectbox(key="look_at").select(cell).run()
    assert query_of(app) == {"cell": str(cell)}
    assert f"<h3>{name}</h3>" in html_of(app)


def test_a_filter_never_moves_the_map(open_app):
    usual = deck_of(open_app())
    for query in ({"factor": "Badly lit"}, {"sources": "nte"}, {"resolution": "8"}, {"window": "nte-core"}):
        other = deck_of(open_app(**query))
        assert other["initialViewState"] == usual["initialViewState"]
        assert [layer["id"] for layer in other["layers"]] == [layer["id"] for layer in usual["layers"]]


def test_the_map_sends_only_what_may_be_seen(open_app):
    deck = deck_of(open_app())
    assert deck["mapStyle"].startswith("data:application/json,")
    assert "http" not in deck["mapStyle"]
    allowed = {*CELL_COLUMNS, "path", "wide", "at", "sign", "ink", "number"}
    sent = {
        name for layer in deck["layers"] for row in layer["data"] if isinstance(row, dict) for name in row
    }
    assert sent <= allowed
    assert len(json.dumps(deck).encode()) < PAYLOAD_BYTES


def test_an_address_that_cannot_be_read_is_explained(open_app):
    app = open_app(baseline="moon", resolution="9")
    assert "baseline 'moon'" in app.error[0].value
    app.button(key="start_again").click().run()
    assert not app.error
    assert query_of(app) == {}


def test_an_area_that_is_not_loaded_is_explained(open_app):
    app = open_app(area="atlantis")
    assert not app.exception
    assert "atlantis" in app.error[0].value


def test_too_few_reports_are_said_to_be_too_few(open_app):
    app = open_app(since="2026-08-01", until="2026-08-02")
    assert not app.exception
    assert "too few" in app.error[0].value.lower()


def test_an_empty_store_says_which_command_fills_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SAFESPACE_STORE", str(tmp_path / "nothing"))
    app = AppTest.from_function(draw_page, args=("places",), default_timeout=60).run()
    assert not app.exception
    assert app.header[0].value == "Nothing is loaded yet"
    assert "safespace demo" in app.get("code")[0].value
    assert not app.selectbox


def test_a_store_without_streetsafe_opens_on_what_it_holds(monkeypatch, tmp_path, town):
    settings = load_settings(store=tmp_path / "store")
    pipeline.ingest([town.nte_csv], source="nte", settings=settings)
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    monkeypatch.setenv("SAFESPACE_STORE", str(settings.store))
    app = AppTest.from_function(draw_page, args=("places",), default_timeout=60).run()
    assert not app.exception
    assert not app.error
    assert query_of(app) == {"sources": "nte", "baseline": "area"}
    assert "Night-time" in html_of(app)
    assert [tab.label for tab in app.tabs] == ["Map", "Table", months.TAB]


def test_a_new_load_shows_at_the_next_change(monkeypatch, tmp_path, town):
    settings = load_settings(store=tmp_path / "store")
    pipeline.ingest([town.nte_csv], source="nte", settings=settings)
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    monkeypatch.setenv("SAFESPACE_STORE", str(settings.store))
    app = AppTest.from_function(draw_page, args=("places",), default_timeout=60).run()
    assert len(app.radio(key="choose_sources").options) == 1
    pipeline.ingest([town.streetsafe_csv], source="streetsafe", settings=settings)
    assert len(app.run().radio(key="choose_sources").options) == 2


def test_spiking_reports_come_after_a_content_note(open_app):
    app = open_app(sources="spiking")
    assert app.info[0].value == SOURCES["spiking"].content_note
    assert "higher than" not in html_of(app)
    app.button(key="read_spiking_note").click().run()
    assert not app.info
    assert "suspected spiking" in html_of(app)


def test_the_content_note_can_be_skipped(open_app):
    app = open_app(sources="spiking", resolution="8")
    app.button(key="skip_spiking").click().run()
    assert query_of(app) == {"resolution": "8"}


@pytest.mark.parametrize("page", ["places", "routes", "brief"])
def test_the_partner_edition_shows_nothing_that_was_not_released(open_app, page):
    app = open_app(page, edition="partner", **WALK)
    assert app.info[0].value == words.PARTNER_NOTE
    assert "events" not in html_of(app)
    assert " held" not in html_of(app)
    assert not app.sidebar.children
    assert not app.get("deck_gl_json_chart")
    assert not app.get("download_button")


def test_routes_shows_every_option_with_the_same_facts(open_app, town_settings):
    app = open_app("routes", **WALK)
    plan = pipeline.plan_walk(WALK["from"], WALK["to"], pipeline.View(), town_settings)
    page = html_of(app)
    assert not app.exception
    assert page.count('class="ss-option ') == len(plan.options.routes) >= 2
    for route in plan.options.routes:
        assert f"{route.length_m:,.0f} m, " in page
        assert f"{route.reports_nearby_lower:.1f} to {route.reports_nearby_upper:.1f}" in page
        assert page.count("not known") >= len(plan.options.routes)
    assert page.count("in walking order</caption>") == len(plan.options.routes)


def test_limits_of_a_walk_live_in_the_address(open_app, town_settings):
    app = open_app("routes", **WALK, step_free="1", at="2022-03-05 23:30")
    assert [box.value for box in app.checkbox] == [True, False]
    limits = pipeline.Limits(
        step_free=True, at=pipeline.moment_of("2022-03-05 23:30", today=date(2022, 1, 1))
    )
    plan = pipeline.plan_walk(WALK["from"], WALK["to"], pipeline.View(), town_settings, limits=limits)
    page = text_of(app)
    assert "Step-free; Open at 23:30 on Saturday 5 March 2022." in page
    assert plan.options.stability.sentence() in page
    assert f"without these limits {plan.options.unlimited_m:,.0f} m" in page
    app.checkbox[1].check().run(timeout=60)
    assert "1" in app.query_params["paved"]
    assert "Paved only" in text_of(app)


def test_a_time_that_is_none_is_a_sentence_and_leaves_the_choices(open_app):
    app = open_app("routes", **WALK, at="late")
    assert "Not a time of a walk" in text_of(app)
    assert len(app.checkbox) == 2


def test_the_ends_of_a_walk_live_in_the_address(open_app):
    app = open_app("routes")
    assert "Choose where the walk starts" in text_of(app)
    app.selectbox(key="end_from").select(WALK["from"]).run()
    app.selectbox(key="end_to").select(WALK["to"]).run()
    assert query_of(app) == WALK
    app.selectbox(key="choose_resolution").select(8).run()
    assert query_of(app) == {**WALK, "resolution": "8"}


def test_a_walk_can_start_at_typed_coordinates(open_app, town_settings):
    known = pipeline.landmarks(town_settings).set_index("name").loc[WALK["from"]]
    app = open_app("routes", **{**WALK, "from": f"{known['lon']}, {known['lat']}"})
    assert not app.error
    assert "ss-option " in html_of(app)


def test_an_unknown_landmark_is_explained(open_app):
    app = open_app("routes", **{**WALK, "to": "Narnia"})
    assert "Narnia" in app.error[0].value
    assert "lon,lat" in app.error[0].value


def test_the_brief_can_be_taken_away(open_app):
    app = open_app("brief", area="SB04")
    assert not app.exception
    assert [item.proto.label for item in app.get("download_button")] == ["Download PDF", "Download web page"]
    assert len(app.get("iframe")) == 1


def test_a_change_of_page_keeps_the_question(monkeypatch):
    def script() -> None:
        from safespace.app import state as kept  # noqa: PLC0415

        kept.arrive("Brief")

    app = AppTest.from_function(script)
    app.session_state["page"], app.session_state["question"] = "Places", {"resolution": "8"}
    assert query_of(app.run()) == {"resolution": "8"}


def test_a_fresh_address_is_left_as_it_is():
    def script() -> None:
        from safespace.app import state as kept  # noqa: PLC0415

        kept.arrive("Places")

    assert query_of(AppTest.from_function(script).run()) == {}


def test_the_method_is_told_with_the_settings_in_force():
    told = " ".join(
        method.sections(load_settings(hotspots={"min_events": 7}, routes={"reach_m": 123})).values()
    )
    assert "fewer than 7 events" in told
    assert "123 m" in told
    assert "{" not in told
    assert [flag.words for flag in tone.check_text(told, edition="partner") if flag.level == "red"] == []


def test_reports_dated_by_month_offer_no_time_of_day(open_app):
    app = open_app(sources="police_uk")
    assert not {"choose_window", "choose_calendar"} & {item.key for item in app.selectbox}


def test_reports_dated_by_month_drop_the_nights_asked_for():
    def script() -> None:
        from safespace.app import state as kept  # noqa: PLC0415

        kept._take("sources", "mine", None)

    app = AppTest.from_function(script)
    app.session_state["mine"] = ("police_uk",)
    for name, text in {"window": "night", "calendar": "match", "area": "SB04"}.items():
        app.query_params[name] = text
    assert query_of(app.run()) == {"area": "SB04", "sources": "police_uk"}


def test_nights_of_the_calendar_are_offered_as_far_as_it_is_held(open_app):
    app = open_app()
    choice = app.selectbox(key="choose_calendar")
    offered = (
        "Any night",
        "Nights of bank-holiday weekends",
        "Nights other than nights of bank-holiday weekends",
    )
    assert tuple(choice.options) == offered
    choice.select("not-bank-holiday").run()
    assert query_of(app) == {"calendar": "not-bank-holiday"}
    assert "of bank-holiday weekends only: " in html_of(app)
    elsewhere = open_app(calendar="match")
    assert "The calendar holds no match" in elsewhere.error[0].value
    assert "Choose any night" in elsewhere.error[0].value
    assert "Match nights" in elsewhere.selectbox(key="choose_calendar").options


def test_a_zone_offers_the_parts_of_its_own_night(monkeypatch, open_app):
    night = [{"name": "late-study", "start": "20:00", "end": "03:00"}]
    monkeypatch.setenv("SAFESPACE_ZONES", json.dumps([{"name": "SB04", "night": night}]))
    app = open_app(window="late-study")
    offered = app.selectbox(key="choose_window").options
    assert "late-study in SB04 20:00 to 03:00" in offered
    assert "Whole night 18:00 to 06:00; in SB04 20:00 to 03:00" in offered
    app.selectbox(key="choose_area").select("SB04").run()
    assert query_of(app) == {"area": "SB04", "window": "late-study"}
    assert app.selectbox(key="choose_window").options[1:] == [
        "Whole night 20:00 to 03:00",
        "late-study 20:00 to 03:00",
    ]
    app.selectbox(key="choose_area").select("").run()
    app.selectbox(key="choose_window").select("nte-core").run()
    app.selectbox(key="choose_area").select("SB04").run()
    assert query_of(app) == {"area": "SB04"}


def test_felt_and_recorded_stand_side_by_side_once_asked_for(open_app, town_settings):
    app = open_app()
    assert [tab.label for tab in app.tabs] == ["Map", "Table", months.TAB, agreement.TAB]
    assert len(app.get("deck_gl_json_chart")) == 1
    app.session_state["map_or_table"] = agreement.TAB
    app.run()
    assert (
        app.info[0].value == SOURCES["spiking"].content_note
    )  # the recorded layer counts suspected spiking too
    assert len(app.get("deck_gl_json_chart")) == 1
    app.button(key="read_spiking_note").click().run()
    found = pipeline.find_agreement(pipeline.View(), town_settings)
    assert not app.exception
    for said in (
        agreement.headline(found.counts()),
        found.felt.basis(),
        found.recorded.basis(),
        "Reports of suspected",
    ):
        assert said in html_of(app)
    for row in pipeline.agreement_table(found).itertuples(index=False):
        assert f"<td>{row[2]}</td><td>{row[3]}</td><td>{row[4]}</td>" in html_of(app)
    deck = json.loads(app.get("deck_gl_json_chart")[1].proto.json)
    sent = {
        name for layer in deck["layers"] for row in layer["data"] if isinstance(row, dict) for name in row
    }
    assert sent <= {*CELL_COLUMNS, "at", "sign", "ink"}
    assert {button.proto.label.split(" (")[0] for button in app.get("download_button")} == {
        "Both layers",
        "Map page of both layers",
    }
    app.radio(key="choose_sources").set_value(("nte",)).run()
    assert not app.exception
    assert app.info[0].value == words.ask_felt()
    assert len(app.get("deck_gl_json_chart")) == 1


def test_felt_and_recorded_that_cannot_be_told_is_a_sentence(open_app):
    app = open_app(baseline="recorded")
    app.session_state["map_or_table"] = agreement.TAB
    app.session_state["spiking_note_read"] = True
    assert "cannot be both a layer and the baseline" in app.run().info[0].value


def test_the_look_is_the_same_however_the_app_is_started():
    packaged = tomllib.loads(files("safespace.app").joinpath("config.toml").read_text(encoding="utf-8"))
    assert tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")) == packaged


def test_serving_passes_on_only_options_streamlit_knows():
    options = [
        part[2:].split("=")[0]
        for part in command(port=1, address="127.0.0.1", upload_mb=7)
        if part[:2] == "--"
    ]
    known = set(config.get_config_options())
    assert {"browser.gatherUsageStats", "theme.primaryColor", "server.port"} <= set(options) <= known


def test_a_taken_port_is_said_to_be_taken(town_settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"127\.0\.0\.1:{port}: The app cannot listen here"
        ) as problem:
            serve(town_settings, port=port)
    assert "--port" in problem.value.told("cli")


def test_nothing_is_asked_of_another_host():
    sent = files("safespace.app").joinpath("style.css").read_text(encoding="utf-8") + words.FOOTER
    assert re.findall(r"https?:|url\(|@import", sent) == []


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        (date(2026, 11, 24), "from today"),
        (date(2026, 11, 23), "from yesterday"),
        (date(2026, 11, 10), "14 days old"),
        (date(2026, 6, 1), "about 6 months old"),
        (date(2022, 12, 31), "about 4 years old"),
        (date(2027, 1, 1), "dated in the future"),
    ],
)
def test_age_is_said_as_a_person_would(newest, said):
    assert words.age_in_words(newest, date(2026, 11, 24)).startswith(f"Newest report is {said} (")


def test_periods_offered_fit_inside_what_is_held():
    offered = state._presets(date(2026, 1, 1), date(2026, 8, 31))
    assert list(offered) == ["All dates held", "Last 6 months held", "Last 3 months held"]
    assert offered["Last 6 months held"] == (date(2026, 3, 1), date(2026, 8, 31))
