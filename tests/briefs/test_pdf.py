from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pypdf
import pytest

from safespace import tone
from safespace.briefs import to_pdf, write_pdf
from safespace.errors import FileError


def _pages(pdf):
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(pdf)).pages]


@pytest.fixture(scope="module")
def pdf(brief):
    return to_pdf(brief)


def test_two_a4_pages(pdf):
    pages = pypdf.PdfReader(BytesIO(pdf)).pages
    assert len(pages) == 2
    for page in pages:
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]


def test_more_than_fits_is_still_two_pages(full):
    pages = _pages(to_pdf(full))
    assert len(pages) == 2
    assert "And 34 more places in the data file." in pages[0]
    assert "And 25 more links in the data file." in pages[1]


def test_less_of_everything(brief):
    bare = replace(
        brief, places=brief.places.iloc[:0], links=brief.links.iloc[:0], shares=brief.shares.iloc[:0],
        map_svg=b"", hours_svg=b"", notes=(), cells={}, version="",
    )  # fmt: skip
    pages = _pages(to_pdf(bare))
    assert len(pages) == 2
    assert tone.ABSENCE in pages[0]


def test_volunteer_edition_is_two_pages_without_counts(brief):
    first, second = _pages(to_pdf(replace(brief, edition="volunteer")))
    assert "Volunteer edition" in first
    assert "Higher than its usual; could be reporting" in first
    assert "events)" not in first
    assert "Reports per km" not in second


def test_words_of_both_pages(pdf):
    first, second = _pages(pdf)
    for wanted in (
        "Where reports are higher than usual",
        "Made-up Town centre",
        "Police edition: internal",
        "OFFICIAL",
        "Synthetic data",
        "2.3 times its usual (95 % interval 1.4 to 3.6; 18 events)",
        "31 October 2025",
        "Page 1 of 2",
        "61016",
        "Lighting column 14",
    ):
        assert wanted in first, wanted
    for wanted in (
        "What this does not show",
        tone.ABSENCE,
        "© OpenStreetMap contributors",
        "7.5 (4.0 to 11); 21 reports",
        "9f3c2a7be41d5580",
        "Page 2 of 2",
        "Synthetic data",
    ):
        assert wanted in second, wanted


def test_tagged_titled_and_in_english(pdf):
    reader = pypdf.PdfReader(BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Where reports are higher than usual: Made-up Town centre"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    kinds, described = _structure(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Figure", "/Table", "/TH", "/L"} <= kinds
    assert any(text.startswith("Map of the area") for text in described)
    assert any(text.startswith("Chart of reports by hour") for text in described)


def _structure(node):
    """Return the kinds of element in the structure tree, and the descriptions of its figures."""
    kinds, described = set(), []
    waiting = [node]
    while waiting:
        item = waiting.pop().get_object()
        if isinstance(item, pypdf.generic.ArrayObject):
            waiting += list(item)
        elif isinstance(item, pypdf.generic.DictionaryObject):
            kinds.add(item.get("/S"))
            described += [str(item["/Alt"])] if "/Alt" in item else []
            waiting += [item["/K"]] if "/K" in item else []
    return kinds, described


def test_same_brief_same_bytes(brief, pdf):
    assert to_pdf(brief) == pdf
    assert to_pdf(replace(brief, data_date=date(2025, 11, 1))) != pdf


def test_only_our_font_is_used(pdf):
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for page in pypdf.PdfReader(BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all(name.startswith("AtkinsonHyperlegibleNext") for name in fonts)


@pytest.mark.parametrize(
    "evil",
    [
        '#text(size: 90pt)[big] *bold* _x_ $x^2$ <label> @ref #include "/etc/passwd"',
        "= Heading // comment /* */ \\ #pagebreak()",
        '"); panic("no',
        "{{ 7*7 }} <script>alert(1)</script> &amp;",
    ],
)
def test_words_are_never_read_as_markup(brief, evil):
    names = brief.places.assign(name=evil[:60])
    pages = _pages(to_pdf(replace(brief, area=evil, places=names, notes=(evil,), sources=(evil,))))
    assert len(pages) == 2
    assert " ".join(evil.split()) in pages[0]


def test_write_pdf(brief, pdf, tmp_path):
    path = write_pdf(brief, tmp_path / "new" / "brief.pdf")
    assert path.read_bytes() == pdf
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(FileError, match=r"cannot be written.*Choose a folder"):
        write_pdf(brief, tmp_path / "file" / "brief.pdf")
