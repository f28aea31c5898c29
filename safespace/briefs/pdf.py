"""The brief as a tagged PDF (PDF/UA-1) of two A4 pages, set by Typst.

What the brief says travels as JSON beside the template and is never read as markup; fonts are ours and the
machine's are ignored; the date in the file is the data's. So the same brief gives the same bytes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import typst

from safespace.briefs.wording import contents
from safespace.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from safespace.briefs.definition import Brief


def to_pdf(brief: Brief) -> bytes:
    """Set a brief as PDF.

    Parameters
    ----------
    brief
        What to say.

    Returns
    -------
    bytes
        Two A4 pages, PDF/UA-1: tagged, titled, in British English, with a description of each picture.

    Notes
    -----
    Long tables end with how many more rows the data file holds, so that a page can be printed and read
    in a minute.
    """
    told = contents(brief)
    moment = datetime(brief.data_date.year, brief.data_date.month, brief.data_date.day, tzinfo=UTC)
    template = files("safespace.briefs").joinpath("templates", "brief.typ").read_bytes()
    with as_file(files("safespace.maps").joinpath("fonts")) as fonts:
        pdf: bytes = typst.compile(
            template,
            format="pdf",
            sys_inputs={"brief": json.dumps(told, ensure_ascii=False, sort_keys=True)},
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)]
            ),
            pdf_standards=["ua-1"],
            timestamp=int(moment.timestamp()),
        )
    return pdf


def write_pdf(brief: Brief, path: Path) -> Path:
    """Write a brief as PDF and return where.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    return put(to_pdf(brief), path)


def put(content: bytes, path: Path) -> Path:
    """Write bytes to a file, making its folder.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        raise FileError(
            "The file cannot be written.",
            code="file-not-writable",
            where=path,
            seen=problem.strerror,
            remedy="Choose a folder you may write to.",
        ) from problem
    return path
