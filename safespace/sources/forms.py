"""What a reader's file looks like: its columns, and how a file's own header is matched to them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as default
from typing import TYPE_CHECKING, Literal, TypeAlias

from safespace.errors import Remedy, SchemaError
from safespace.sources.texts import plain

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup
    from collections.abc import Sequence

    from safespace.sources.mapping import Mapping

    Lists: TypeAlias = Lookup[str, Lookup[str, Lookup[str, Sequence[str]]]]

Kind: TypeAlias = Literal["text", "moment", "month", "number", "words"]


@dataclass(frozen=True)
class Field:
    """One column of a reader's file."""

    name: str
    kind: Kind
    meaning: str
    example: str
    needed: bool = False
    unit: str = ""
    synonyms: tuple[str, ...] = ()
    vocabulary: tuple[str, str] | None = None


@dataclass(frozen=True)
class Form:
    """One reader's file: its source, its columns and the groups of which one must be there.

    In archives and folders only names ending in ``prefer`` are read, when there are any. ``words`` are lists
    of its own, beside those of the taxonomy: by the list's name, each label with its ``codes`` and ``synonyms``.
    """

    source: str
    title: str
    fields: tuple[Field, ...]
    either: tuple[tuple[str, ...], ...] = (("latitude", "longitude"), ("easting", "northing"))
    prefer: str = ""
    words: Lists = default(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """Return the column names, in order."""
        return tuple(field.name for field in self.fields)

    def wanted(self, mapping: Mapping) -> frozenset[str]:
        """Return every header that would be recognised, in plain form."""
        known = {plain(name) for field in self.fields for name in (field.name, *field.synonyms)}
        return frozenset(known | {plain(header) for header in mapping.columns.values()})


PLACE = (
    Field("latitude", "number", "latitude, WGS 84", "", unit="degrees", synonyms=("lat", "y_lat", "gps_lat")),
    Field(
        "longitude",
        "number",
        "longitude, WGS 84",
        "",
        unit="degrees",
        synonyms=("lon", "lng", "long", "gps_lon"),
    ),
    Field(
        "easting",
        "number",
        "British National Grid easting",
        "",
        unit="metres",
        synonyms=("eastings", "x", "grid_x", "bng_e"),
    ),
    Field(
        "northing",
        "number",
        "British National Grid northing",
        "",
        unit="metres",
        synonyms=("northings", "y", "grid_y", "bng_n"),
    ),
)


def match_header(headers: Sequence[str], form: Form, mapping: Mapping, *, where: str) -> dict[str, int]:
    """Find which column of a file holds each of the reader's columns.

    Returns
    -------
    dict
        Our column name to the position in ``headers``; columns that are absent are left out.

    Raises
    ------
    SchemaError
        When a needed column is absent or could be two columns, or when
        the mapping names a column or a header that does not exist.
    """
    _check_mapping(headers, form, mapping, where=where)
    taken: dict[str, list[int]] = {}
    plains = [plain(header) for header in headers]
    for field in form.fields:
        mapped = mapping.columns.get(field.name)
        names = (mapped,) if mapped is not None else (field.name, *field.synonyms)
        spots = next((found for name in names if (found := _spots(plains, name))), [])
        if spots:
            taken[field.name] = spots
    _check_matched(taken, headers, form, where=where)
    return _declared_grid({name: spots[0] for name, spots in taken.items()}, mapping)


def how_to_map(form: Form) -> Remedy:
    """Say which columns are needed and how a mapping is written."""
    needed = [field.name for field in form.fields if field.needed]
    pairs = " or ".join(" and ".join(group) for group in form.either)
    example = "; ".join(f'{name} = "their header"' for name in needed[:2])
    place = f"; and {pairs}" if pairs else ""
    columns = f"Needed: {', '.join(needed)}{place}."
    return Remedy(
        cli=f"{columns} Write a mapping file with a line [columns] and "
        f"under it one line a column, such as {example}; then give it with --mapping FILE.",
        app=f"{columns} Choose which of the file's columns each is.",
        library=f"{columns} Give a mapping from each to its header.",
    )


def _spots(plains: list[str], name: str) -> list[int]:
    # DateFrom, Date from and date_from are one name
    squeezed = plain(name).replace("_", "")
    return [spot for spot, header in enumerate(plains) if header.replace("_", "") == squeezed]


def _check_mapping(headers: Sequence[str], form: Form, mapping: Mapping, *, where: str) -> None:
    strangers = [name for name in (*mapping.columns, *mapping.words) if name not in form.names()]
    if strangers:
        raise SchemaError(
            "The mapping names columns this reader does not have.",
            code="mapping-columns-unknown",
            where=where,
            seen=", ".join(strangers),
            remedy=f"Use: {', '.join(form.names())}.",
        )
    plains = {plain(header) for header in headers}
    absent = [header for header in mapping.columns.values() if plain(header) not in plains]
    if absent:
        raise SchemaError(
            f"The mapping names headers that are not in the file: {', '.join(absent)}.",
            code="mapping-headers-absent",
            where=where,
            seen=_listed(headers),
            remedy=Remedy(
                cli="Mend the mapping, or leave out the columns the file does not have.",
                app="Choose again which of the file's columns each is.",
                library="Mend the mapping, or leave out the columns the file does not have.",
            ),
        )


def _check_matched(taken: dict[str, list[int]], headers: Sequence[str], form: Form, *, where: str) -> None:
    missing = [field.name for field in form.fields if field.needed and field.name not in taken]
    if form.either and not any(all(name in taken for name in group) for group in form.either):
        missing.append(" and ".join(form.either[0]))
    if missing:
        raise SchemaError(
            f"The header does not have what the {form.source} reader needs: {', '.join(missing)}.",
            code="header-lacks-columns",
            where=where,
            seen=_listed(headers),
            remedy=how_to_map(form),
        )
    double = [name for name, spots in taken.items() if len(spots) > 1]
    if double:
        raise SchemaError(
            f"Two columns could both be {', '.join(double)}.",
            code="header-columns-ambiguous",
            where=where,
            seen=_listed(headers),
            remedy="Rename or remove one of them.",
        )


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(header[:60] or "(no name)" for header in headers[:60])


def _declared_grid(spots: dict[str, int], mapping: Mapping) -> dict[str, int]:
    # a mapping that declares grid metres under degree names is a decision, so no repair is shown for it
    if mapping.crs != "EPSG:27700":
        return spots
    renamed = {"latitude": "northing", "longitude": "easting"}
    return {renamed.get(name, name): spot for name, spot in spots.items()}
