"""The app in a real browser: nothing asked of another host, a map that stays put, keyboard and small screens."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from safespace import pipeline
from safespace.settings import load_settings

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--headless=new",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
OURS = re.compile(r"^(?:(?:https?|wss?)://(?:127\.0\.0\.1|localhost)[:/]|data:|blob:)")
WALK = "from=Barge+Hall&to=Velvet"
MAP = '[data-testid="stDeckGlJsonChart"]'
# Where the map looks, from the tree React draws now (elements may point to the one before): two views can
# give the same picture by chance, two states cannot.
VIEW_STATE = """() => {
  const root = document.getElementById('root');
  const key = Object.keys(root).find((name) => name.startsWith('__reactContainer'));
  const waiting = [root[key].stateNode.current];
  while (waiting.length) {
    const fiber = waiting.pop();
    const view = fiber.memoizedProps && fiber.memoizedProps.viewState;
    if (view && view.zoom !== undefined) return [view.longitude, view.latitude, view.zoom];
    if (fiber.sibling) waiting.push(fiber.sibling);
    if (fiber.child) waiting.push(fiber.child);
  }
  return null;
}"""


@contextmanager
def serving(store):
    """Serve the app on a store until the block ends; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "safespace", "app", "--store", str(store), "--port", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_stcore/health", server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def address(town_settings):
    with serving(town_settings.store) as url:
        yield url


def _wait_for(url: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own server on the loopback
        except OSError:
            time.sleep(0.3)
        else:
            return
    pytest.fail("the app's server did not start")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """Return a new page that keeps the addresses asked for outside this machine in ``page.outside``."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(90_000)
    opened.outside = []
    opened.on("request", lambda asked: None if OURS.match(asked.url) else opened.outside.append(asked.url))
    opened.on("websocket", lambda asked: None if OURS.match(asked.url) else opened.outside.append(asked.url))
    yield opened
    opened.close()


def settled(page, *, with_map: bool = True) -> None:
    """Wait until Streamlit has drawn everything and the map, which loads last, knows where it looks."""
    page.locator(".ss-footer").wait_for()
    page.wait_for_function("document.querySelector('[data-test-script-state=\"running\"]') === null")
    page.locator('[data-stale="true"]').first.wait_for(state="detached")
    if with_map:
        page.wait_for_function(f"({VIEW_STATE})() !== null")
    page.wait_for_timeout(600)


def said(page) -> str:
    """Return the line under the headline, which says what was counted."""
    return page.locator(".ss-title + .ss-dates").inner_text()


def told_anew(page, before: str) -> None:
    """Wait until the figures of the last choice are drawn, the map included."""
    page.wait_for_function(
        "before => { const line = document.querySelector('.ss-title + .ss-dates');"
        " return line && line.innerText !== before }",
        arg=before,
    )
    settled(page)


def look(page) -> list[float]:
    return page.evaluate(VIEW_STATE)


def choose(page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).first.click()


def move_map(page) -> None:
    box = page.locator(MAP).bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 250)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 200, steps=5)
    page.mouse.up()
    page.mouse.wheel(0, -240)
    page.wait_for_timeout(900)


@pytest.mark.parametrize("path", ["", f"routes?{WALK}", "brief", "data"])
def test_no_request_leaves_this_machine(page, address, path):
    page.goto(f"{address}/{path}")
    settled(page, with_map=path not in ("brief", "data"))
    page.wait_for_timeout(1500)
    assert page.outside == []
    assert page.locator('[data-testid="stException"]').count() == 0


def test_the_map_is_drawn_and_not_blank(page, address):
    page.goto(address)
    settled(page)
    page.wait_for_timeout(1500)
    seen = np.frombuffer(_pixels(page), dtype=np.uint8).reshape(-1, 3).astype(int)
    dark_blue = np.abs(seen - np.array([0x12, 0x43, 0x6D])).max(axis=1) < 40
    pale = np.abs(seen - np.array([0xE4, 0xEC, 0xF4])).max(axis=1) < 12
    assert dark_blue.mean() > 0.003
    assert pale.mean() > 0.1


def _pixels(page) -> bytes:
    from io import BytesIO  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415 - comes with matplotlib

    return Image.open(BytesIO(page.locator(MAP).screenshot())).convert("RGB").tobytes()


def test_the_map_stays_where_it_was_put_when_a_filter_changes(page, address):
    page.goto(address)
    settled(page)
    start = look(page)
    move_map(page)
    moved = look(page)
    assert moved != start
    before = said(page)
    choose(page, "Reason given", "Badly lit")
    told_anew(page, before)
    assert look(page) == moved
    before = said(page)
    page.get_by_text("Night-time-economy incidents", exact=True).click()
    told_anew(page, before)
    assert "sources=nte" in page.url
    assert look(page) == moved


def test_another_area_is_looked_at_whole(page, address):
    page.goto(address)
    settled(page)
    whole = look(page)
    choose(page, "Area", "Stonebridge Centre")
    page.wait_for_function(f"({VIEW_STATE})()[2] > {whole[2]}")


def test_a_click_on_the_map_shows_the_cell_and_fades_nothing(page, address):
    page.goto(f"{address}/?sources=nte&resolution=8")
    settled(page)
    before = look(page)
    box = page.locator(MAP).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.wait_for_timeout(1500)  # deck.gl looks under the pointer before it takes a click
    back = page.get_by_role("button", name="Back to all places")
    from playwright.sync_api import TimeoutError as TooLong  # noqa: PLC0415 - the browser is not everywhere

    for _ in range(3):  # a first click after loading is sometimes lost, which a person would make again
        page.mouse.click(*middle, delay=80)
        with suppress(TooLong):
            back.wait_for(timeout=20_000)
            break
    back.wait_for()
    assert "cell=" in page.url
    settled(page)
    assert look(page) == before
    page.mouse.move(5, 5)
    page.wait_for_timeout(1200)
    seen = np.frombuffer(_pixels(page), dtype=np.uint8).reshape(-1, 3).astype(int)
    assert (np.abs(seen - np.array([0x12, 0x43, 0x6D])).max(axis=1) < 40).mean() > 0.003


def test_a_shared_address_opens_on_the_same_question(page, address):
    page.goto(f"{address}/?resolution=8&factor=Badly+lit&window=nte-core")
    settled(page)
    assert page.get_by_role("combobox", name="Cell size").input_value().startswith("Quarter")
    assert page.get_by_role("combobox", name="Reason given").input_value() == "Badly lit"
    page.get_by_role("link", name="Brief").click()
    page.wait_for_url("**/brief**")
    settled(page, with_map=False)
    assert "factor=Badly+lit" in page.url
    page.go_back()
    page.wait_for_url(re.compile(r"/(?:places)?\?"))
    settled(page)
    assert page.get_by_role("combobox", name="Reason given").input_value() == "Badly lit"


def test_the_first_stop_of_the_keyboard_skips_to_the_figures(page, address):
    page.goto(address)
    settled(page)
    page.keyboard.press("Tab")
    stops = []
    for _ in range(30):
        stops.append(
            page.evaluate("document.activeElement.className + '|' + document.activeElement.innerText")
        )
        page.keyboard.press("Tab")
    assert any("ss-skip" in stop for stop in stops)


def test_the_map_has_a_name_and_the_table_is_one_tab_away(page, address):
    page.goto(address)
    settled(page)
    assert page.get_by_label(re.compile("^Map of All areas in hexagons")).count() >= 1
    page.get_by_role("tab", name="Table").click()
    table = page.get_by_role("table", name=re.compile("^Cells of All areas"))
    table.wait_for()
    assert table.get_by_role("rowheader").count() > 10


@pytest.mark.parametrize(
    ("path", "width"),
    [("", 1024), ("", 360), (f"routes?{WALK}", 360), ("brief", 360), ("data", 1024), ("data", 360)],
)
def test_nothing_is_cut_off_on_a_small_screen(page, address, path, width):
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(f"{address}/{path}")
    settled(page, with_map=path not in ("brief", "data"))
    assert (
        page.evaluate(
            "document.querySelector('.stMain').scrollWidth - document.querySelector('.stMain').clientWidth"
        )
        <= 1
    )


def test_the_brief_comes_down_as_a_pdf(page, address, tmp_path):
    page.goto(f"{address}/brief?area=SB04")
    settled(page, with_map=False)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download PDF").click()
    saved = tmp_path / "brief.pdf"
    waiting.value.save_as(saved)
    assert waiting.value.suggested_filename == "brief-SB04.pdf"
    assert saved.read_bytes().startswith(b"%PDF-")


def test_the_cells_come_down_as_a_page_that_needs_no_network(page, address, tmp_path):
    page.goto(address)
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Map page (HTML)").click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert "Synthetic data" in Path(saved).read_text(encoding="utf-8")


@pytest.fixture
def fresh(town, tmp_path):
    """Return the address of an app whose store holds areas and streets and no report."""
    settings = load_settings(store=tmp_path / "store")
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    pipeline.ingest_streets(town.streets_pbf, settings=settings)
    with serving(settings.store) as url:
        yield url, settings


def hand_over(page, *files):
    page.locator("input[type=file]").set_input_files([str(file) for file in files])
    page.get_by_role("button", name="Check the files").wait_for()
    settled(page, with_map=False)


def test_files_are_checked_loaded_seen_on_the_map_and_rolled_back(page, fresh, town):
    url, settings = fresh
    page.goto(url)
    page.get_by_role("link", name="Load your own files on the Data page").click()
    page.wait_for_url("**/data")
    hand_over(page, town.streetsafe_csv)
    page.get_by_role("button", name="Check the files").focus()
    page.keyboard.press("Enter")
    page.locator(".ss-outcomes").wait_for()
    settled(page, with_map=False)
    assert pipeline.list_loads(settings).empty
    page.get_by_role("button", name=re.compile("^Load [0-9]")).dblclick()
    page.locator(".ss-done").get_by_text(re.compile("reports added as load")).wait_for()
    (load,) = pipeline.list_loads(settings).itertuples()
    assert (load.status, load.already_held) == ("loaded", 0)
    page.get_by_role("link", name="See the map").click()
    settled(page)
    assert re.match(r"[1-9] places are higher than their usual", page.locator("h1").inner_text())
    page.get_by_role("link", name="Data").click()
    page.get_by_role("button", name="Roll this load back").click()
    page.get_by_role("alert").get_by_text("To undo this, load the same files again.").wait_for()
    page.get_by_role("button", name="Yes, roll it back").click()
    page.locator(".ss-done").get_by_text("was rolled back").wait_for()
    page.get_by_role("link", name="Places").click()
    page.get_by_role("heading", name="Nothing is loaded yet").wait_for()
    assert page.outside == []


def test_what_a_file_says_draws_nothing(page, address, tmp_path):
    marked = tmp_path / "<img src=x> ![x](elsewhere).csv"
    marked.write_text('"<img src=x>",submitted,reasons,"<b>lat</b>"\n1,2022-01-28,<img src=x>,2\n')
    page.goto(f"{address}/data")
    settled(page, with_map=False)
    hand_over(page, marked)
    page.get_by_role("button", name="Check the files").click()
    page.get_by_text("Some columns that are needed have not been named.").wait_for()
    page.get_by_role("combobox", name="Latitude", exact=True).click()
    page.get_by_role("option", name="<b>lat</b>").wait_for()
    assert page.locator("img[src=x], img[src=elsewhere]").count() == 0
    assert page.outside == []


def test_an_upload_from_elsewhere_is_refused(address):
    sent = urllib.request.Request(f"{address}/_stcore/upload_file/x/y", data=b"a,b", method="PUT")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(sent, timeout=10)  # noqa: S310 - our own server on the loopback
    refused.value.close()
    assert refused.value.code == 403
