"""What reads each source's files: its form, its own steps, and the words its records may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safespace.registry import SOURCES

if TYPE_CHECKING:
    from safespace.sources.forms import Form
    from safespace.sources.reading import Look


@dataclass(frozen=True)
class Reader:
    """How one source's files are read: what they look like, and the steps from their rows to reports."""

    form: Form
    look: Look


def reader_of(source: str) -> Reader:
    """Return what reads a source's files.

    Raises
    ------
    InputError
        When there is no such source.
    TypeError
        When the source's record names something that is not a :class:`Reader`.
    """
    reader = SOURCES[source].reader
    if not isinstance(reader, Reader):
        raise TypeError(f"the reader of {source} is {type(reader).__name__}, not Reader")
    return reader


def forms() -> tuple[Form, ...]:
    """Return what the files of every source look like, in the order in which sources are offered."""
    return tuple(reader_of(source).form for source in SOURCES)
