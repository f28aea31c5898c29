"""Files and folders to be written, looked at before the work: what could not be kept is refused, not made first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safespace.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def check_outputs(paths: Sequence[Path], endings: Sequence[str]) -> None:
    """Refuse files that could not be written, or not side by side; nothing is written or made.

    Parameters
    ----------
    paths
        Files to be written; a folder that is missing is made when they are.
    endings
        The kinds that are written, each with its dot.

    Raises
    ------
    FileError
        When an ending is none of these, a file is named twice or is a folder, or its folder cannot be written to.

    Examples
    --------
    >>> from pathlib import Path
    >>> check_outputs([Path("cells.csv")], [".csv"])
    >>> check_outputs([Path("cells.csv"), Path("./cells.csv")], [".csv"])
    Traceback (most recent call last):
    safespace.errors.FileError: cells.csv: One file cannot hold two answers. Name each file once.
    """
    seen: set[Path] = set()
    for path in paths:
        if path.suffix.lower() not in endings:
            raise FileError(
                "Nothing is written in this kind of file.",
                code="output-kind-unknown",
                where=path,
                remedy=f"Choose from: {', '.join(endings)}.",
            )
        if path.resolve() in seen:
            raise FileError(
                "One file cannot hold two answers.",
                code="output-named-twice",
                where=path,
                remedy="Name each file once.",
            )
        seen.add(path.resolve())
        _refuse_folder(path)
        check_output_folder(path.parent)


def check_output_folder(folder: Path) -> None:
    """Refuse a folder that is a file, or could not be made or written to; nothing is written or made.

    Raises
    ------
    FileError
        Naming the part of the path that stands in the way.
    """
    there = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    if not there.is_dir():
        raise FileError(
            "A file stands where a folder is needed.",
            code="output-folder-is-file",
            where=folder,
            seen=there,
            remedy="Name another folder.",
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise FileError(
            "Nothing can be written in this folder.",
            code="output-folder-not-writable",
            where=folder,
            seen=there,
            remedy="Choose a folder you may write to.",
        )


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise FileError(
            "This is a folder, and a file is to be written.",
            code="output-is-folder",
            where=path,
            remedy="Name a file in it.",
        )
