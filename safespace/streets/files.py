"""A street graph in one file, and back."""

from __future__ import annotations

import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np

from safespace.errors import FileError
from safespace.streets.graph import StreetGraph

FORMAT: Final = 3
_WORDS: Final = ("names", "highways", "surfaces", "hours")
_TEXTS: Final = ("crs", "source", "as_of")


def save(graph: StreetGraph, path: str | Path) -> None:
    """Write the graph to one ``.npz`` file; the same graph gives the same bytes."""
    arrays = {field.name: np.asarray(getattr(graph, field.name)) for field in fields(graph)}
    with Path(path).open("wb") as file:
        np.savez(file, allow_pickle=False, format=np.asarray(FORMAT), **arrays)


def load(path: str | Path) -> StreetGraph:
    """Read a graph that :func:`save` wrote.

    Raises
    ------
    FileError
        When the file is missing, torn, or of another version.
    """
    remedy = "Import the streets again from their OpenStreetMap extract."
    if not Path(path).is_file():
        raise FileError("No such file.", code="path-missing", where=path, remedy=remedy)
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as problem:
        raise FileError(
            "The street file cannot be read.", code="street-file-not-readable", where=path, remedy=remedy
        ) from problem
    wanted = {field.name for field in fields(StreetGraph)}
    if arrays.pop("format", None) != FORMAT or set(arrays) != wanted:
        raise FileError(
            "The street file is of another version.", code="street-file-version", where=path, remedy=remedy
        )
    words = {name: tuple(arrays[name].tolist()) for name in _WORDS}
    return StreetGraph(**arrays | words | {name: str(arrays[name]) for name in _TEXTS})
