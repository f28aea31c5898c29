from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import shapely
from made_findings import finding

from safespace import tone
from safespace.errors import AreaError, InputError
from safespace.maps.accessible_table import hex_table
from safespace.maps.pages import PageText, hex_page, route_page

CHROMIUM = Path("/usr/bin/chromium")
TEXT = PageText(
    "Places in Made-up Town", subtitle="To 31 October 2025", synthetic=True, credits=("police.uk",)
)


class _Reader(HTMLParser):
    """Collects what a test needs: attributes that would load something, table cells, and text."""

    def __init__(self):
        super().__init__()
        self.loads, self.cells, self.text, self.inside = [], [], [], None

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.loads += [value for name, value in attrs if name in {"src", "href", "action", "data"}]
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, _tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in {"td", "th"}:
            self.cells[-1] += data
        elif self.inside not in {"script", "style"} and data.strip():
            self.text.append(data.strip())


def _read(page):
    reader = _Reader()
    reader.feed(page)
    return reader


def test_no_outside_address_at_all(hotspots, area, streets, places):
    page = hex_page(finding(hotspots), area=area, text=TEXT, streets=streets, places=places)
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a namespace: a name, never fetched
    assert all(value.startswith("#") for value in _read(page).loads)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_same_input_same_text(hotspots, area, streets, places, routes):
    one, two = (
        hex_page(finding(hotspots), area=area, text=TEXT, streets=streets, places=places) for _ in range(2)
    )
    assert one == two
    one, two = (route_page(routes, text=TEXT, streets=streets) for _ in range(2))
    assert one == two


def test_table_holds_the_facts_of_the_twin(hotspots, area):
    twin = hex_table(finding(hotspots))
    cells = _read(hex_page(finding(hotspots), area=area, text=TEXT)).cells
    for value in twin.to_numpy().ravel():
        assert value in cells


def test_page_says_what_it_is(hotspots, area, streets):
    page = hex_page(finding(hotspots), area=area, text=TEXT, streets=streets)
    words = _read(page).text
    for wanted in ("Synthetic data", "What this shows", "What this does not show", tone.ABSENCE):
        assert wanted in words
    assert "police.uk · © OpenStreetMap contributors · Synthetic data" in words
    assert '<html lang="en-GB">' in page
    assert "Copyright (c) 2010-2023, Volodymyr Agafonkin" in page  # the licence of what is inlined
    assert "© OpenStreetMap" not in hex_page(finding(hotspots), area=area, text=PageText("No streets"))


def test_names_never_become_markup(hotspots, area, streets, places):
    evil = '</script><img src=x onerror="alert(1)">{{ 7*7 }}'
    page = hex_page(
        finding(hotspots),
        area=area,
        text=PageText(evil),
        streets=streets,
        places=places.assign(name=evil),
    )
    assert "<img" not in page
    assert _read(page).loads == ["#table"]
    assert "{{ 7*7 }}" in page
    facts = json.loads(re.search(r"safespace\.facts = (.*);", page)[1])
    assert any(evil in fact["title"] for fact in facts.values())


def test_words_pass_the_tone_rules(hotspots, area, streets, routes):
    pages = (
        hex_page(finding(hotspots), area=area, text=TEXT, streets=streets),
        route_page(routes, text=TEXT),
    )
    for text in (line for page in pages for line in _read(page).text):
        assert [f for f in tone.check_text(text, edition="partner") if "felt unsafe" not in text] == [], text


def test_route_page(routes, streets):
    page = route_page(routes, text=TEXT, streets=streets)
    assert "1,100 m" in _read(page).cells
    assert "A: Option A" in _read(page).cells or "A: A" in _read(page).cells
    with pytest.raises(InputError, match="no walking option"):
        route_page(routes.iloc[:0], text=TEXT)


def test_empty_area_is_refused(hotspots):
    with pytest.raises(AreaError, match="area to draw is empty"):
        hex_page(finding(hotspots), area=shapely.Polygon(), text=TEXT)


@pytest.mark.browser
def test_opens_with_no_network_and_by_keyboard(hotspots, area, streets, places, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    page_file = tmp_path / "places.html"
    page_file.write_text(
        hex_page(finding(hotspots), area=area, text=TEXT, streets=streets, places=places), encoding="utf-8"
    )
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--use-angle=swiftshader",
                "--enable-unsafe-swiftshader",
                "--headless=new",
                "--no-sandbox",
            ],
        )
        page = browser.new_context(offline=True).new_page()
        problems, asked = [], []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_selector("path.ss-higher_3")
        assert page.locator("path.leaflet-interactive[tabindex='0']").count() == 7
        page.locator("path.ss-higher_3").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".leaflet-popup-content")
        assert "3.6 times its usual" in page.inner_text(".leaflet-popup-content")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Show 2: Canal on the map").click()
        page.wait_for_selector("text=2: Canal >> nth=0")
        assert problems == []
        assert asked == [page_file.as_uri()]
        browser.close()
