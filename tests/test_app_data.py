"""The page of data without a browser: check, load, roll back, and what must never be on the screen."""

from __future__ import annotations

import io
import re
import threading
import time

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from safespace import pipeline, tone
from safespace.app import checks, frame, words
from safespace.app import upload_session as desks
from safespace.app.upload_session import UploadSession
from safespace.cli.problems import raised
from safespace.errors import FileError, Remedy
from safespace.settings import load_settings

HEADER = "reference,submitted,latitude,longitude,reasons,reporter,domestic_abuse,comments\n"
GOOD = 'SS-1,2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman,N,"Ann Smith in the kitchen"\n'
DIRTY = (
    HEADER
    + GOOD
    + 'SS-2,2022-01-28 23:40,Ann Smith,-1.8983,Badly lit,woman,N,"ring 07700 900123"\n'
    + "SS-3,2022-01-28 23:40,52.4778,-1.8983,Ann Smith followed me,woman,N,\n"
    + "SS-4,2022-01-29 23:40,52.4778,-1.8983, Badly lit,woman,N,\n"
    + "SECRET-5,2022-01-28 23:40,52.4778,-1.8983,Badly lit,woman,Y,ann@example.org\n"
)
THEIRS = "No;Sent on;Concern type;North;East\n1;03/04/2022 21:00;Badly lit;52.4778;-1.8983\n"


def draw_page(name: str) -> None:
    from safespace.app import shell  # noqa: PLC0415 - the function is run as a script of its own

    shell.draw_alone(name)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFESPACE_STORE", str(tmp_path / "store"))
    return load_settings()


@pytest.fixture
def app(settings):
    return AppTest.from_function(draw_page, args=("data",), default_timeout=60).run()


def hand_over(app, *files, source="streetsafe"):
    """Choose what the files hold, and the files: names and content."""
    app.selectbox(key="data_source").select(source).run()
    given = [(name, text.encode() if isinstance(text, str) else text, "") for name, text in files]
    app.get("file_uploader")[0].set_value(given)
    return app.run()


def checked(app, *files, **more):
    return hand_over(app, *files, **more).button(key="data_check").click().run()


def html_of(app) -> str:
    return "\n".join(item.proto.body for item in app.get("html") if not item.proto.body.startswith("<style"))


def everything(app) -> str:
    """Return every word and value that went to the browser, but for the look."""
    blocks = [str(item.proto) for kind in ("expander", "tab") for item in app.get(kind)]
    drawn = [
        str(item.proto)
        for kind in (
            "markdown",
            "caption",
            "error",
            "info",
            "warning",
            "header",
            "button",
            "selectbox",
            "radio",
        )
        for item in app.get(kind)
    ]
    return "\n".join([html_of(app), *blocks, *drawn])


def labels(app) -> list[str]:
    return [item.label for item in app.button]


def test_a_check_tells_what_became_of_every_row_and_changes_nothing(app, settings):
    checked(app, ("May.csv", DIRTY))
    page = html_of(app)
    assert not app.exception
    assert "5 rows read = 1 accepted + 1 repaired + 1 quarantined + 1 rejected + 1 excluded." in page
    assert "Columns not read: comments." in page
    assert "Free text is never stored: comments." in page
    assert "The rows that can be used are dated 28 January 2022 to 29 January 2022." in page
    assert [item.label for item in app.tabs] == ["Not taken: 3 rows", "Repaired: 1 value"]
    assert [item.label for item in app.expander][1:] == [
        "Unknown category (1 row, quarantined)", "Bad coordinates (1 row, rejected)", "Spaces taken off (1 value)",
    ]  # fmt: skip
    assert [item.value for item in app.caption if words.WHERE in item.value] == [words.WHERE]
    assert "Load 2 reports" in labels(app)
    assert not settings.store.exists()


def test_nobodys_own_words_reach_the_browser(app):
    page = everything(checked(app, ("May.csv", DIRTY)))
    for secret in ("Ann", "Smith", "kitchen", "07700", "example.org", "SECRET-5", "followed me", "woman"):
        assert secret not in page
    assert pipeline.NOT_SHOWN in page
    assert words.EXCLUDED_NOT_SHOWN in page


def test_a_load_goes_in_is_listed_and_comes_out_again_when_that_is_confirmed(app, settings):
    checked(app, ("May.csv", DIRTY)).button(key="data_load").click().run()
    (load,) = pipeline.list_loads(settings)["load_id"]
    assert f"2 reports added as load {load}." in html_of(app)
    assert "<td>May.csv</td>" in html_of(app)
    assert "data_load" not in [item.key for item in app.button]  # the files were put away
    app.button(key="data_roll_back").click().run()
    assert f"Roll back {load}? 2 reports from May.csv would leave every map and table." in html_of(app)
    app.button(key="data_roll_back_no").click().run()
    assert pipeline.list_loads(settings)["status"].tolist() == ["loaded"]
    app.button(key="data_roll_back").click().run()
    app.button(key="data_roll_back_yes").click().run()
    assert pipeline.list_loads(settings)["status"].tolist() == ["rolled_back"]
    assert f"Load {load} was rolled back." in html_of(app)
    assert "<td>Rolled back</td>" in html_of(app)
    checked(app, ("May.csv", DIRTY)).button(key="data_load").click().run()
    assert pipeline.list_loads(settings)["status"].tolist() == ["loaded"]


def test_files_that_are_loaded_already_are_said_to_be(app, settings):
    checked(app, ("May.csv", HEADER + GOOD)).button(key="data_load").click().run()
    checked(app, ("Again.csv", HEADER + GOOD))
    assert "already loaded as streetsafe-" in app.info[0].value
    assert "data_load" not in [item.key for item in app.button]


def test_a_guess_is_confirmed_and_the_order_of_dates_asked(app, settings):
    hand_over(app, ("theirs.csv", THEIRS))
    page = html_of(app)
    assert '<th scope="row">Reasons (needed)</th><td>Concern type</td><td>A guess</td>' in page
    assert "100% of its words are in the list" in page
    assert "fit both day first and month first" in app.warning[0].value
    app.button(key="data_check").click().run()
    assert app.error[0].value.startswith("Say how the dates are written.")
    app.radio[0].set_value("dmy").run()
    app.button(key="data_check").click().run()
    assert "1 rows read = 1 accepted" in html_of(app)
    assert "dated 3 April 2022" in html_of(app)
    app.button(key="data_load").click().run()
    hand_over(app, ("June.csv", THEIRS.replace("03/04", "05/06")))
    assert words.REMEMBERED in html_of(app)
    assert app.radio[0].value == "dmy"
    assert not app.warning


def test_each_column_can_be_changed_and_a_change_asks_for_another_check(app):
    hand_over(app, ("theirs.csv", THEIRS.replace("03/04", "28/04")))
    column = {item.key.rsplit("_", 1)[1]: item for item in app.selectbox if "data_column" in item.key}
    assert column["reference"].value == ""
    column["reference"].select("No").run()
    assert "<td>No</td><td>Chosen</td><td>chosen by you</td>" in html_of(app)
    app.button(key="data_check").click().run()
    assert "Load 1 report" in labels(app)
    next(item for item in app.selectbox if item.key.endswith("_reasons")).select("").run()
    assert words.CHECK_AGAIN in [item.value for item in app.info]
    assert "Load 1 report" not in labels(app)
    app.button(key="data_check").click().run()
    assert "nothing for reasons" in app.error[0].value


def test_a_sheet_is_chosen(app):
    book = openpyxl.Workbook()
    book.active.append(["cover"])
    page = book.create_sheet("May")
    for line in (HEADER, GOOD):
        page.append(line.strip().replace('"', "").split(","))
    content = io.BytesIO()
    book.save(content)
    hand_over(app, ("book.xlsx", content.getvalue()))
    chosen = next(item for item in app.selectbox if "sheet" in item.key)
    assert chosen.options == ["Sheet", "May"]
    chosen.select("May").run()
    app.button(key="data_check").click().run()
    assert "1 rows read = 1 accepted" in html_of(app)


def test_rows_are_mended_and_handed_over_again(app, settings):
    checked(app, ("May.csv", DIRTY)).button(key="data_load").click().run()
    (load,) = pipeline.list_loads(settings)["load_id"]
    assert [item.proto.label for item in app.get("download_button")] == ["Rows to mend (rejects.csv)"]
    ((name, content),) = pipeline.rejects_to_mend(pipeline.rejects_of(load, settings)).items()
    mended = content.decode("utf-8-sig").replace("Ann Smith followed me", "Being followed")
    checked(app, (name, mended.replace("Ann Smith", "52.4779"))).button(key="data_load").click().run()
    assert "2 reports added" in html_of(app)
    assert pipeline.catalog(settings).sources["rows"].tolist() == [4]


def test_synthetic_and_real_are_not_mixed(app, settings):
    checked(app, ("May.csv", HEADER + GOOD)).button(key="data_load").click().run()
    checked(app, ("synthetic.csv", HEADER + GOOD.replace("SS-1", "SYN-1"))).button(
        key="data_load"
    ).click().run()
    assert "synthetic and real reports are not mixed" in app.error[0].value
    assert app.error[0].value.endswith("Ask whoever runs this app for another folder.")
    assert len(pipeline.list_loads(settings)) == 1


def test_a_file_about_persons_is_refused_whole(app):
    hand_over(app, ("bail.csv", "suspect name,start\nAnn Smith,2022-01-01\n"), source="nte")
    assert "bail.csv: This file is about persons" in app.error[0].value
    assert "Ann Smith" not in everything(app)
    assert "data_check" not in [item.key for item in app.button]


def test_what_a_name_or_a_header_says_is_only_text(app):
    name = "<img src=x onerror=alert(1)> ![x](elsewhere.example) [a](b).csv"
    hand_over(app, (name, "<b>what</b>,reasons\n1,2\n"))
    assert "&lt;b&gt;" not in html_of(app)  # no column is proposed for it
    app.button(key="data_check").click().run()
    assert "needed" in app.error[0].value
    hand_over(app, (name, "x"))
    checked(app, (name, HEADER + GOOD + GOOD)).button(key="data_load").click().run()
    assert "<img" not in html_of(app)
    assert "&lt;img src=x" in html_of(app)
    hand_over(app, (f"a{name}", b"\x89PNG"))
    assert r"!\[x\](elsewhere" in app.error[0].value
    assert r"\<img" in app.error[0].value


@pytest.mark.parametrize("asked", ["", "check", "roll back"])
def test_the_partner_edition_can_neither_load_nor_roll_back(app, settings, asked):
    checked(app, ("May.csv", HEADER + GOOD)).button(key="data_load").click().run()
    mine = app.session_state[desks._KEPT]
    mine.job, mine.leaving = asked, pipeline.list_loads(settings)["load_id"].iloc[0]
    app.query_params["edition"] = "partner"
    app.run()
    assert app.info[0].value == words.DATA_PARTNER
    assert not app.get("file_uploader")
    assert not app.get("download_button")
    assert not app.button
    assert "May.csv" not in everything(app)
    assert pipeline.list_loads(settings)["status"].tolist() == ["loaded"]


def test_areas_and_streets_are_added(app, settings, town):
    hand_over(app, ("wards.geojson", town.areas_geojson.read_bytes()), source="areas")
    app.button(key="data_add").click().run()
    assert "6 areas loaded from wards.geojson." in html_of(app)
    hand_over(app, (town.streets_pbf.name, town.streets_pbf.read_bytes()), source="streets")
    assert "Everything in the file" in app.selectbox(key="data_clip").options
    app.button(key="data_add").click().run()
    assert "walkable km" in html_of(app)
    assert "Areas: 6." in html_of(app)
    hand_over(app, ("wrong.csv", "a,b\n1,2\n"), source="residents")
    app.button(key="data_add").click().run()
    assert app.error[0].value.startswith("wrong.csv: Columns are missing")


def test_an_empty_store_is_where_one_starts(app, settings):
    assert words.START_HERE in html_of(app)
    assert not settings.store.exists()
    places = AppTest.from_function(draw_page, args=("places",), default_timeout=60).run()
    assert 'href="data"' in html_of(places)


def test_the_limit_is_shown_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("SAFESPACE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("SAFESPACE_LIMITS__UPLOAD_MB", "1")
    app = AppTest.from_function(draw_page, args=("data",), default_timeout=60).run()
    (chooser,) = app.get("file_uploader")
    assert chooser.label == "Files, up to 1 MB together"
    assert chooser.proto.max_upload_size_mb == 1
    hand_over(app, ("a.csv", "x" * 700_000), ("b.csv", "y" * 700_000))
    assert "1.3 MB together" in app.error[0].value
    assert "Load them in parts" in app.error[0].value


def test_made_up_rows_are_said_to_be_made_up(app):
    checked(app, ("synthetic.csv", HEADER + GOOD.replace("SS-1", "SYN-1")))
    assert f"Synthetic data. {words.WHERE}" in [item.value for item in app.caption]


def test_many_notes_are_folded_away():
    html = checks.noted([f"Note {i}" for i in range(9)])
    assert html.index("Note 5") < html.index("<summary>3 more</summary>") < html.index("Note 6")
    assert "<details>" not in checks.noted(["Note"])


def test_the_page_blames_and_brands_nobody(app):
    page = everything(checked(app, ("May.csv", DIRTY)))
    text = re.sub(r"<[^>]+>", " ", page).replace(tone.ABSENCE, "").replace("Victim Support", "")
    assert [flag.words for flag in tone.check_text(text, edition="partner") if flag.level == "red"] == []
    assert (
        re.findall(r"(?i)\b(?:un)?safe(?:st|r)?\b|\bdanger\w*|\brisk\w*|\bavoid\w*|\bvictim\w*", text) == []
    )


def test_a_job_is_done_once_however_often_it_is_asked_for():
    mine, done, begun, go_on = UploadSession(), [], threading.Event(), threading.Event()

    def action():
        begun.set()
        go_on.wait(10)
        done.append(1)

    mine.ask("load")
    first = threading.Thread(target=mine.work, args=("load", action))
    first.start()
    begun.wait(10)
    mine.ask("load")  # a second click while the first is at work
    second = threading.Thread(target=mine.work, args=("load", action))
    second.start()
    time.sleep(0.1)
    assert second.is_alive()  # it waits for what the first is doing
    go_on.set()
    first.join(10)
    second.join(10)
    assert done == [1]
    assert mine.job == ""


def test_a_job_that_fails_says_why_and_can_be_asked_for_again():
    def action():
        raise FileError("Cannot.")

    mine = UploadSession()
    mine.ask("check")
    mine.work("check", action)
    assert str(mine.problem) == "Cannot."
    mine.ask("check")
    assert (mine.job, mine.problem) == ("check", None)


def test_other_files_in_hand_start_afresh():
    mine = UploadSession()
    assert mine.take_up(("streetsafe", None, "1"))
    mine.found, mine.problem = "a check", FileError("x")
    assert not mine.take_up(("streetsafe", None, "1"))
    assert mine.found == "a check"
    assert mine.take_up(("nte", None, "1"))
    assert (mine.found, mine.problem) == (None, None)


def test_a_problem_says_what_can_be_done_in_the_app():
    remedy = Remedy(cli="Name one with --sheet.", app="Choose *one* above.", library="Give sheet.")
    assert frame.said(FileError("Two sheets.", remedy=remedy)) == r"Two sheets. Choose \*one\* above."


def test_the_codes_that_offer_another_baseline_are_raised():
    assert {one.code for one in raised()} >= frame.OF_BASELINE
