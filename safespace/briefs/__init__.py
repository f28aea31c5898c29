"""Briefs that can be handed over: two A4 pages, the same as a web page, and the data files beside them.

One definition (:class:`Brief`) gives every form, so that they cannot say different things; the sentences are
made once, in :mod:`safespace.briefs.wording`, and pass the tone rules.
"""

from __future__ import annotations

from safespace.briefs.definition import Brief, Counts
from safespace.briefs.exports import (
    write_csv,
    write_hotspots_csv,
    write_hotspots_geojson,
    write_hotspots_geopackage,
)
from safespace.briefs.html import to_html, write_html
from safespace.briefs.pdf import to_pdf, write_pdf
from safespace.briefs.wording import contents

__all__ = [
    "Brief",
    "Counts",
    "contents",
    "to_html",
    "to_pdf",
    "write_csv",
    "write_hotspots_csv",
    "write_hotspots_geojson",
    "write_hotspots_geopackage",
    "write_html",
    "write_pdf",
]
