"""One reader a provider: files in, :class:`~safespace.sources.ingested.Ingested` or a named layer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safespace.sources import reading
from safespace.sources.readers import reader_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from safespace.settings import Settings
    from safespace.sources.ingested import Ingested
    from safespace.sources.reading import Held


def read_reports(
    paths: Sequence[Path],
    *,
    source: str,
    mapping: Path | str | None = None,
    settings: Settings,
    as_of: pd.Timestamp | None = None,
    sheet: str | None = None,
    progress: bool = False,
    known: Held | None = None,
) -> Ingested:
    """Read one source's files into reports, with what became of every other row.

    Parameters
    ----------
    paths
        CSV, ``.xlsx``, Parquet, GeoPackage, GeoJSON or zip files, or folders of CSVs.
    source
        One of :data:`safespace.registry.SOURCES`.
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
    known
        Looks reports up in a store; those held with other content are quarantined.

    Raises
    ------
    InputError
        When there is no such source.
    FileError, SchemaError
        When a file cannot be opened or does not have the columns needed.
    """
    reader = reader_of(source)
    return reading.read_form(
        paths,
        reader.form,
        reader.look,
        mapping=mapping,
        settings=settings,
        as_of=as_of,
        sheet=sheet,
        progress=progress,
        known=known,
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
    return reading.identify_files(
        paths, reader_of(source).form, mapping=mapping, settings=settings, sheet=sheet
    )
