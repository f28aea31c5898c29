"""The site-audit checklist as a page to print: what is mapped, beside room for what is seen."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2

from safespace.briefs.pdf import put
from safespace.maps.palette import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd


def to_checklist_html(
    table: pd.DataFrame, *, title: str, credit: str, notes: Sequence[str] = (), synthetic: bool = False
) -> str:
    """Lay a checklist (``corridors.checklist``) out as a page that opens with no network and prints.

    Notes
    -----
    Every word is escaped by the template. The page's content policy forbids scripts and outside requests.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    source = files("safespace.briefs").joinpath("templates", "checklist.html").read_text(encoding="utf-8")
    segments = [
        {
            "number": number,
            "way": rows["way_id"].iloc[0],
            "street": rows["street"].iloc[0],
            "length": f"{rows['length_m'].iloc[0]:,.0f} m",
            "start": f"{rows['from_lat'].iloc[0]:.5f}, {rows['from_lon'].iloc[0]:.5f}",
            "end": f"{rows['to_lat'].iloc[0]:.5f}, {rows['to_lon'].iloc[0]:.5f}",
            "rows": list(zip(rows["item"], rows["as_mapped"], strict=True)),
        }
        for number, rows in table.groupby("segment", sort=False)
    ]
    return environment.from_string(source).render(
        title=title, credit=credit, notes=notes, segments=segments, label=SYNTHETIC if synthetic else ""
    )


def write_checklist_html(
    table: pd.DataFrame,
    path: Path,
    *,
    title: str,
    credit: str,
    notes: Sequence[str] = (),
    synthetic: bool = False,
) -> Path:
    """Write a checklist as HTML and return where.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    page = to_checklist_html(table, title=title, credit=credit, notes=notes, synthetic=synthetic)
    return put(page.encode(), path)
