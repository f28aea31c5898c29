"""The sheets of a workbook and the layers of a GeoPackage, for a person to choose from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pyogrio

from safespace.errors import FileError
from safespace.sources.datafiles import kind_of
from safespace.sources.tables import check_size, open_archive

if TYPE_CHECKING:
    from safespace.settings import LimitSettings

_HEAD_BYTES = 4096


def list_sheets(path: Path, *, limits: LimitSettings) -> tuple[str, ...]:
    """Return the names of a workbook's sheets or a GeoPackage's layers; none for any other file.

    Parameters
    ----------
    path
        The file.
    limits
        Sizes past which it is refused.

    Raises
    ------
    FileError
        When the file is missing, too large or damaged.
    """
    path = Path(path)
    check_size(path, limits)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        if path.suffix.casefold() == ".xlsx" and head.startswith(b"PK\x03\x04"):
            return _of_workbook(path, limits)
        if kind_of(head) == "gpkg":
            return tuple(str(name) for name in pyogrio.list_layers(path)[:, 0])
    except FileError:
        raise
    except Exception as problem:  # openpyxl and GDAL raise whatever their layers below raise
        raise FileError(
            "The file's sheets or layers cannot be listed.",
            code="sheets-not-listable",
            where=path.name,
            seen=" ".join(str(problem).split())[:160],
            remedy="Save it again.",
        ) from problem
    return ()


def _of_workbook(path: Path, limits: LimitSettings) -> tuple[str, ...]:
    content = path.read_bytes()
    open_archive(content, path.name, limits)
    import openpyxl  # noqa: PLC0415 - slow to load and seldom needed

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return tuple(page.title for page in book.worksheets)
