"""One reader a provider: files in, :class:`~safespace.sources.ingested.Ingested` or a named layer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safespace.errors import InputError
from safespace.schemas import SOURCES
from safespace.sources import nte, police_uk, spiking, streetsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from safespace.settings import Settings
    from safespace.sources.ingested import Ingested

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

    Raises
    ------
    InputError
        When there is no such source.
    FileError, SchemaError
        When a file cannot be opened or does not have the columns needed.
    """
    readers: dict[str, Callable[..., Ingested]] = {
        "streetsafe": streetsafe.read,
        "nte": nte.read,
        "spiking": spiking.read,
        "police_uk": police_uk.read,
    }
    if source not in readers:
        raise InputError("No such source.", seen=source, remedy=f"Choose one of: {', '.join(SOURCE_NAMES)}.")
    return readers[source](
        paths, mapping=mapping, settings=settings, as_of=as_of, sheet=sheet, progress=progress
    )
