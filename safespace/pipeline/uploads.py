"""Files handed over in a browser: bytes, and a name that is only ever text.

For as long as a verb reads them the bytes lie in a folder that only this user can enter, under names of
ours; what the verb returns or raises calls them by the names they were handed over with.
"""

from __future__ import annotations

import secrets
import tempfile
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from safespace.errors import FileError, Remedy, SafeSpaceError, SchemaError
from safespace.pipeline.baselines import BASELINES
from safespace.pipeline.choices import layer_kinds
from safespace.pipeline.loading import MAPPINGS, Ingestion, commit, ingest, ingest_layer
from safespace.pipeline.networks import ingest_streets
from safespace.registry import SOURCES
from safespace.sources import mapping as mappings
from safespace.sources import proposals
from safespace.sources.mapping import Mapping
from safespace.sources.privacy import refuse_person_files
from safespace.sources.readers import reader_of
from safespace.sources.rejects import write_to_mend
from safespace.sources.sheets import list_sheets
from safespace.sources.texts import plain
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Lookup

    import pandas as pd

    from safespace.settings import Settings
    from safespace.sources.forms import Form
    from safespace.sources.mapping import Crs, DateOrder

_REPORTS = (".csv", ".zip", ".xlsx", ".parquet", ".gpkg", ".geojson")
_LAYERS: Lookup[str, tuple[str, ...]] = MappingProxyType(
    {
        "areas": (".geojson", ".kml", ".gpkg"),
        "streets": (".osm.pbf",),
        "stops": (".csv",),
    }
)
_MB = 2**20
_HEAD_BYTES = 4096
_LONGEST_NAME = 80
# How the areas' kinds begin. The library behind them looks at the bytes and not at the name, and knows
# kinds that only point to other files and addresses; those are not let through.
_AREA_STARTS = MappingProxyType(
    {".geojson": (b"{",), ".kml": (b"<?xml", b"<kml"), ".gpkg": (b"SQLite format 3\0",)}
)


def upload_kinds() -> dict[str, tuple[str, ...]]:
    """Return what may be handed over for each source of reports and each layer, by how the name ends."""
    figures = [name for name, baseline in BASELINES.items() if baseline.title]
    return {
        **dict.fromkeys(SOURCES, _REPORTS),
        **_LAYERS,
        **dict.fromkeys(figures, (".csv", ".zip", ".tar.xz")),
    }


@dataclass(frozen=True)
class Given:
    """A file as it was handed over; its name is shown and never used as a path."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Column:
    """One column a reader looks for, and which of the file's headers it would be.

    Parameters
    ----------
    name, meaning, needed
        As the reader says.
    header
        The header proposed, blank when none.
    confidence, why
        How sure, and the reason in words.
    known
        The header is recognised by its name, so it cannot be left out.
    """

    name: str
    meaning: str
    needed: bool
    header: str = ""
    confidence: str = ""
    why: str = ""
    known: bool = False


@dataclass(frozen=True)
class Offer:
    """How some files would be read, for a person to confirm.

    Parameters
    ----------
    source
        Whose files they are said to be.
    columns
        Every column the reader looks for, in its order.
    headers
        Every header of the first file, to choose from.
    either
        Groups of columns of which one must be there whole.
    mapping
        What would be used: remembered or guessed.
    remembered
        Files with these headers were loaded before, and this is how.
    undecided
        Why the order of the dates has to be asked, if it has.
    notes
        Sentences about what was noticed.
    """

    source: str
    columns: tuple[Column, ...]
    headers: tuple[str, ...]
    either: tuple[tuple[str, ...], ...]
    mapping: Mapping
    remembered: bool
    undecided: SafeSpaceError | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """A reading that changed nothing, kept so that exactly this can be loaded.

    ``held_as`` names the load in force that has the same content, or is blank.
    """

    outcome: Ingestion
    mapping: Mapping
    headers: tuple[str, ...]
    held_as: str


def list_upload_sheets(files: Sequence[Given], *, source: str, settings: Settings) -> tuple[str, ...]:
    """Return the sheets or layers to choose from: those of the first file that has several.

    Raises
    ------
    FileError
        When a file is too large, damaged or of a kind that is not taken.
    """
    with _laid_out(files, source, settings) as shelf:
        listed = (list_sheets(path, limits=settings.limits) for path in shelf.paths)
        return next((names for names in listed if len(names) > 1), ())


def propose_upload(
    files: Sequence[Given], *, source: str, settings: Settings, sheet: str | None = None
) -> Offer:
    """Say how files would be read: as files with these headers were last loaded, or as guessed.

    Parameters
    ----------
    files
        Files of one provider, of which the first is looked at.
    source
        Which provider.
    settings
        Where the store is, with its remembered mappings, and the limits.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage.

    Raises
    ------
    FileError
        When a file cannot be opened, is too large or of a kind that is not taken.
    SchemaError
        When the file is about persons.
    """
    with _laid_out(files, source, settings) as shelf:
        told = proposals.propose(shelf.paths, source=source, settings=settings, sheet=sheet)
        refuse_person_files(told.headers, where=shelf.paths[0].name)
        kept = proposals.recall(
            shelf.paths, source=source, folder=settings.store / MAPPINGS, settings=settings, sheet=sheet
        )
        mapping = mappings.read_mapping(kept) if kept else told.mapping
    form = reader_of(source).form
    known = _recognised(form, told.headers)
    return Offer(
        source=source,
        columns=tuple(_column(form, name, told, mapping if kept else None, known) for name in form.names()),
        headers=tuple(dict.fromkeys(header for header in told.headers if header.strip())),
        either=form.either,
        mapping=mapping,
        remembered=kept is not None,
        undecided=told.undecided if mapping.date_order is None else None,
        notes=told.notes,
    )


def settle_mapping(
    offer: Offer, chosen: Lookup[str, str], *, date_order: DateOrder | None, crs: Crs | None
) -> Mapping:
    """Return the mapping a person confirmed.

    Parameters
    ----------
    offer
        What was offered.
    chosen
        Our column name to their header; blank for a column the file does not have.
    date_order, crs
        As in :class:`safespace.sources.mapping.Mapping`; None lets the file decide.

    Returns
    -------
    Mapping
        The offered one itself when nothing was changed. A header that is recognised by its name is not
        named again, so that a file needing no mapping gets an empty one.

    Raises
    ------
    SchemaError
        Naming the columns that are needed and were not chosen.
    """
    _refuse_missing(offer, chosen)
    known = _recognised(reader_of(offer.source).form, offer.headers)
    columns = {name: header for name, header in chosen.items() if header and header != known.get(name)}
    own = {name: header for name, header in offer.mapping.columns.items() if header != known.get(name)}
    as_offered = (own, offer.mapping.date_order, offer.mapping.crs) == (columns, date_order, crs)
    if as_offered and offer.remembered:
        return offer.mapping
    return Mapping(columns=columns, words=offer.mapping.words, date_order=date_order, crs=crs)


def check_upload(
    files: Sequence[Given], *, source: str, settings: Settings, mapping: Mapping, sheet: str | None = None
) -> Checked:
    """Read files and count every row, changing nothing.

    Parameters
    ----------
    files
        Files of one provider.
    source
        Which provider.
    settings
        Where the store is, and the limits.
    mapping
        What :func:`settle_mapping` returned.
    sheet
        The sheet of a workbook, or the layer of a GeoPackage.

    Raises
    ------
    FileError, SchemaError
        When a file cannot be used, by the name it was handed over with.
    """
    with _laid_out(files, source, settings) as shelf:
        written = shelf.write_mapping(mapping)
        outcome = ingest(
            shelf.paths, source=source, settings=settings, mapping=written, sheet=sheet, check_only=True
        )
        headers = proposals.headers(shelf.paths, source=source, settings=settings, sheet=sheet)
        outcome = shelf.rename(outcome)
    return Checked(outcome, mapping, headers, _held_as(outcome, settings))


def load_upload(checked: Checked, settings: Settings) -> Ingestion:
    """Add to the store what was checked, wholly or not at all, and remember its mapping.

    Raises
    ------
    StoreError
        When the store cannot be written, or synthetic and real reports would be mixed.
    """
    done = commit(checked.outcome, settings=settings)
    if not _is_empty(checked.mapping):
        source = checked.outcome.reading.source
        mappings.remember(settings.store / MAPPINGS, checked.headers, source, checked.mapping)
    return done


def add_layer(
    files: Sequence[Given], *, layer: str, settings: Settings, name_column: str = "", clip: str = ""
) -> tuple[str, ...]:
    """Add areas, stops, figures of areas or a street network, and say what was added.

    Parameters
    ----------
    files
        Files of one layer.
    layer
        One of :func:`safespace.pipeline.choices.layer_kinds`, or ``streets``.
    settings
        Where the store is, and the limits.
    name_column
        Areas: the column that names each, when it is not found.
    clip
        Streets: the loaded area to keep; everything when blank.

    Raises
    ------
    FileError, SchemaError, AreaError
        When a file cannot be used, by the name it was handed over with.
    """
    with _laid_out(files, layer, settings) as shelf:
        if layer in layer_kinds():
            told = ingest_layer(shelf.paths, layer=layer, settings=settings, name_column=name_column or None)
        elif len(shelf.paths) > 1:
            raise FileError(
                "Streets are loaded from one extract.",
                code="streets-need-one-extract",
                seen=f"{len(shelf.paths)} files",
                remedy="Choose one file.",
            )
        else:
            told = ingest_streets(shelf.paths[0], settings=settings, clip=clip).sentences()
        return tuple(map(shelf.tell, told))


def rejects_to_mend(rejects: pd.DataFrame) -> dict[str, bytes]:
    """Return the CSV files of rows not taken, by name, to be mended in a spreadsheet and handed over again.

    Parameters
    ----------
    rejects
        :data:`safespace.schemas.REJECTS`.
    """
    with tempfile.TemporaryDirectory(prefix="safespace-") as folder:
        written = write_to_mend(rejects, Path(folder, "rejects.csv"), face="app")
        return {path.name: path.read_bytes() for path in written}


def rejects_of(load_id: str, settings: Settings) -> pd.DataFrame:
    """Return the rows a load did not take, :data:`safespace.schemas.REJECTS` and ``load_id``."""
    return Store.open(settings.store).rejects(load_id)


def name_to_show(name: str) -> str:
    r"""Return what a file is called on the screen and in the store: one line, no folders, not too long.

    Examples
    --------
    >>> name_to_show("../../etc/pass\nwd.csv"), name_to_show("C:\\Exports\\May 2022.xlsx")
    ('pass wd.csv', 'May 2022.xlsx')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in last)
    text = " ".join(seen.split()) or "file"
    return text if len(text) <= _LONGEST_NAME else f"{text[:60]}…{text[-16:]}"


@dataclass(frozen=True)
class _Shelf:
    """A private folder with the files in it, and what each is really called (ours to theirs)."""

    folder: Path
    names: Lookup[str, str]

    @property
    def paths(self) -> list[Path]:
        return [self.folder / name for name in self.names]

    def write_mapping(self, mapping: Mapping) -> Path | None:
        if _is_empty(mapping):
            return None
        path = self.folder / "mapping.toml"
        path.write_bytes(mapping.digest or mappings.to_toml(mapping).encode())
        return path

    def tell(self, text: str) -> str:
        for ours, theirs in self.names.items():
            text = text.replace(f"{self.folder / ours}", theirs).replace(ours, theirs)
        return text.replace(f"{self.folder / 'mapping.toml'}", "the columns chosen")

    def tell_problem(self, problem: SafeSpaceError) -> SafeSpaceError:
        return problem.changed(self.tell)

    def rename(self, done: Ingestion) -> Ingestion:
        reading = done.reading
        told = replace(
            reading,
            files=tuple(map(self.tell, reading.files)),
            notes=tuple(map(self.tell, reading.notes)),
            rejects=self._renamed(reading.rejects),
            repairs=self._renamed(reading.repairs),
        )
        return replace(done, reading=told, notes=tuple(map(self.tell, done.notes)))

    def _renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = {name: self.tell(name) for name in frame["file"].unique()}
        return frame.assign(file=frame["file"].map(names).astype(frame["file"].dtype))


@contextmanager
def _laid_out(files: Sequence[Given], source: str, settings: Settings) -> Iterator[_Shelf]:
    """Lay files out in a private folder; errors raised meanwhile call them by their own names."""
    shown = _shown_names(files)
    endings = [_ending(name, source) for name in shown]
    _refuse_large(files, settings)
    token = secrets.token_hex(4)
    with tempfile.TemporaryDirectory(prefix="safespace-") as folder:
        names = {}
        for number, (file, name, ending) in enumerate(zip(files, shown, endings, strict=True), start=1):
            # made-up files are known by how their names begin
            kind = "synthetic" if name_to_show(file.name).casefold().startswith("synthetic") else "given"
            ours = f"{kind}_{token}_{number}{ending}"
            if source == "areas":
                _refuse_disguised(file.content, ending, name)
            Path(folder, ours).write_bytes(file.content)
            names[ours] = name
        shelf = _Shelf(Path(folder), names)
        try:
            yield shelf
        except SafeSpaceError as problem:
            raise shelf.tell_problem(problem) from problem


def _shown_names(files: Sequence[Given]) -> list[str]:
    """Return the names to show, told apart where two files have the same."""
    if not files:
        raise FileError("No file was given.", code="no-file-given", remedy="Choose at least one file.")
    names: list[str] = []
    for file in files:
        name, turn = name_to_show(file.name), 2
        while name in names:
            name, turn = f"({turn}) {name_to_show(file.name)}", turn + 1
        names.append(name)
    return names


def _ending(name: str, source: str) -> str:
    taken = upload_kinds()[source]
    found = next((ending for ending in taken if name.casefold().endswith(ending)), None)
    if found is None:
        seen = Path(name).suffix or "no ending"
        raise FileError(
            "This kind of file is not taken here.",
            code="upload-kind-not-taken",
            where=name,
            seen=seen,
            remedy=f"Give {', '.join(taken)}.",
        )
    return found


def _refuse_large(files: Sequence[Given], settings: Settings) -> None:
    size, most = sum(len(file.content) for file in files), settings.limits.upload_mb
    if size > most * _MB:
        raise FileError(
            "The files are too large to hand over here.",
            code="upload-too-large",
            seen=f"{size / _MB:,.1f} MB together",
            remedy=Remedy(
                cli=f"The limit is {most:,} MB (limits.upload_mb). Load them with: safespace ingest.",
                app=f"The limit is {most:,} MB. Load them in parts, or ask whoever runs this app to load them.",
                library=f"The limit is {most:,} MB (limits.upload_mb). Load them from their paths.",
            ),
        )


def _refuse_disguised(content: bytes, ending: str, name: str) -> None:
    head = content[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(_AREA_STARTS[ending]) or (ending == ".kml" and b"<kml" not in head):
        raise FileError(
            "The file is not what its name says.",
            code="upload-not-as-named",
            where=name,
            seen=ending,
            remedy="Export it again.",
        )


def _recognised(form: Form, headers: Sequence[str]) -> dict[str, str]:
    """Return the headers that the reader takes by their names, by our name of the column."""
    plains = {plain(header): header for header in reversed(headers)}
    found = {}
    for column in form.fields:
        name = next((name for name in (column.name, *column.synonyms) if plain(name) in plains), None)
        if name is not None:
            found[column.name] = plains[plain(name)]
    return found


def _column(
    form: Form, name: str, proposal: proposals.Proposal, kept: Mapping | None, known: Lookup[str, str]
) -> Column:
    about = next(column for column in form.fields if column.name == name)
    base = Column(name, about.meaning, about.needed, known=name in known)
    if kept is not None and name in kept.columns:
        return replace(
            base, header=kept.columns[name], confidence="sure", why="as such files were loaded last"
        )
    if kept is not None and name not in known:
        return base
    guess = next((guess for guess in proposal.guesses if guess.column == name), None)
    if guess is not None:
        return replace(base, header=guess.header, confidence=guess.confidence, why=guess.why)
    return (
        replace(base, header=known[name], confidence="sure", why="a name that is known")
        if base.known
        else base
    )


def _refuse_missing(offer: Offer, chosen: Lookup[str, str]) -> None:
    missing = [column.name for column in offer.columns if column.needed and not chosen.get(column.name)]
    groups = [all(chosen.get(name) for name in group) for group in offer.either]
    if groups and not any(groups):
        missing.append(" or ".join(" and ".join(group) for group in offer.either))
    if missing:
        raise SchemaError(
            "Some columns that are needed have not been named.",
            code="columns-not-named",
            seen=f"nothing for {'; '.join(missing)}",
            remedy="Choose which of the file's columns each is.",
        )


def _is_empty(mapping: Mapping) -> bool:
    return not (mapping.digest or mapping.columns or mapping.words or mapping.date_order or mapping.crs)


def _held_as(outcome: Ingestion, settings: Settings) -> str:
    if not (settings.store / "loads").is_dir():
        return ""
    reading = outcome.reading
    load = Store.open(settings.store).find_load(reading.source, reading.content_hash)
    return "" if load is None else load.load_id
