"""The brief as a web page: the same words, self-contained, and printable."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2

from safespace.briefs.pdf import put
from safespace.briefs.wording import contents

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.briefs.definition import Brief


def to_html(brief: Brief) -> str:
    """Write a brief as HTML that opens with no network; the same brief gives the same text.

    Notes
    -----
    Every word is escaped by the template. The page's content policy forbids scripts and outside requests.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    source = files("safespace.briefs").joinpath("templates", "brief.html").read_text(encoding="utf-8")
    template = environment.from_string(source)
    return template.render(brief=contents(brief), regular=_font("Regular"), bold=_font("Bold"))


def write_html(brief: Brief, path: Path) -> Path:
    """Write a brief as HTML and return where.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    return put(to_html(brief).encode(), path)


@cache
def _font(weight: str) -> str:
    path = files("safespace.maps").joinpath("fonts", f"AtkinsonHyperlegibleNext-{weight}.ttf")
    return base64.b64encode(path.read_bytes()).decode()
