from __future__ import annotations

import html as escapes
import re
from dataclasses import replace

from safespace import tone
from safespace.briefs import contents, to_html, write_html


def _text(page):
    return " ".join(escapes.unescape(re.sub(r"<[^>]+>", " ", page.split("<body>")[1])).split())


def test_self_contained(brief):
    page = to_html(brief)
    assert set(re.findall(r"https?://[^\s\"'<>)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in page
    assert not re.search(r"url\((?!data:|#)", page)
    assert "default-src 'none'" in page


def test_same_facts_as_the_pdf(brief):
    words = _text(to_html(brief))
    told = contents(brief)
    for part in ("places", "links", "shares"):
        for row in told[part]["rows"]:
            assert all(value in words for value in row)
    for text in (*told["headline"], *told["does_not_show"], told["method"], tone.ABSENCE, "Synthetic data"):
        assert text in words


def test_semantic(brief):
    page = to_html(brief)
    assert page.count("<h1>") == 1
    assert '<html lang="en-GB">' in page
    assert page.count('role="img" aria-label="') == 3
    assert '<th scope="row">Broad Street and Gas Street 0</th>' in page
    assert "@page" in page


def test_words_are_escaped(brief):
    evil = "<img src=x onerror=alert(1)>{{ 7*7 }}"
    page = to_html(replace(brief, area=evil, notes=(evil,), sources=(evil,)))
    assert "<img" not in page
    assert evil in _text(page)


def test_same_brief_same_text(brief, tmp_path):
    assert to_html(brief) == to_html(brief)
    assert write_html(brief, tmp_path / "b.html").read_text(encoding="utf-8") == to_html(brief)
