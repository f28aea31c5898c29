"""One reader a provider: files in, :class:`~safespace.sources.ingested.Ingested` or a named layer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safespace.errors import InputError
from safespace.schemas import SOURCES
from safespace.sources import nte, police_uk, reading, spiking, streetsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import ModuleType

    import pandas as pd

    from safespace.settings import Settings
    from safespace.sources.forms import Form
    from safespace.sources.ingested import Ingested
    from safespace.sources.reading import Held

SOURCE_NAMES = SOURCES


def read_reports(
    paths: Sequence[Path],
    *,
    source: str,
    mapping: Path | str | None = None,
    settings: Settings,
    as_of: pd.Timestamp | None = None,
    sheet: str | None = None,
    progress: bool = False,
    held: Held | None = None,
) -> Ingested:
    """Read one source's files into reports, with what became of every other row.

    Parameters
    ----------
    paths
        CSV, ``.xlsx``, Parquet, GeoPackage, GeoJSON or zip files, or folders of CSVs.
    source
        One of :data:`SOURCE_NAMES`.
    mapping
        A mapping file, or the name of one that comes with SafeSpace (``police-uk-api``).
    settings
        Time zone and limits.
    as_of
        Moments a day or more after this are in the future; now when not given.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage; its first when not given.
    progress
        Show a bar over the files.
    held
        Looks reports up in a store; those held with other content are quarantined.

    Raises
    ------
    InputError
        When there is no such source.
    FileError, SchemaError
        When a file cannot be opened or does not have the columns needed.
    """
    read: Callable[..., Ingested] = _reader(source).read
    return read(
        paths, mapping=mapping, settings=settings, as_of=as_of, sheet=sheet, progress=progress, held=held
    )


def identify_files(
    paths: Sequence[Path],
    *,
    source: str,
    mapping: Path | str | None = None,
    settings: Settings,
    sheet: str | None = None,
) -> tuple[tuple[str, ...], str]:
    """Return the names and the content hash that :func:`read_reports` would give, without reading a row.

    Parameters
    ----------
    paths, source, mapping, settings, sheet
        As for :func:`read_reports`.

    Raises
    ------
    InputError
        When there is no such source.
    FileError
        When a file cannot be opened.
    """
    form: Form = _reader(source).FORM
    return reading.identify_files(paths, form, mapping=mapping, settings=settings, sheet=sheet)


def _reader(source: str) -> ModuleType:
    readers = {"streetsafe": streetsafe, "nte": nte, "spiking": spiking, "police_uk": police_uk}
    if source not in readers:
        raise InputError(
            "No such source.",
            code="source-unknown",
            seen=source,
            remedy=f"Choose one of: {', '.join(SOURCE_NAMES)}.",
        )
    return readers[source]
