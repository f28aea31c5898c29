"""Lists of walks and of places that people bring: pairs typed, or rows of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace import interventions, streets
from safespace.errors import InputError, PlaceError, SchemaError
from safespace.layers.columns import read_columns
from safespace.pipeline.walks import find_point

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safespace.pipeline.walks import Point
    from safespace.settings import Settings
    from safespace.streets import StreetGraph

MOST_ROWS = 5_000


@dataclass(frozen=True)
class Link:
    """A walk somebody asks about: its two ends, how many people make it, and what to call it."""

    start: Point | str
    end: Point | str
    people: float = 1.0
    name: str = ""


@dataclass(frozen=True)
class Spot:
    """A named place, ``lon`` and ``lat`` in degrees (EPSG:4326)."""

    name: str
    lon: float
    lat: float
    kind: str = ""


def read_links(path: Path, settings: Settings) -> list[Link]:
    """Read a list of walks from a table with the columns ``from`` and ``to``, and if there ``people, name``.

    An end is ``lon,lat`` or the name of a landmark.

    Raises
    ------
    FileError, SchemaError
        When the file cannot be read, lacks a column, or a row cannot be used; every such row is named.
    """
    names = ("from", "to", "people", "name")
    rows = read_columns(path, names, limits=settings.limits, optional=names[2:])
    people = pd.to_numeric(rows["people"].where(rows["people"] != "", "1"), errors="coerce")
    blank = (rows["from"] == "") | (rows["to"] == "")
    _refuse_rows(path, rows, blank | ~(people > 0) | np.isinf(people), "two ends and a number of people")
    whole = zip(rows["from"], rows["to"], people, rows["name"], strict=True)
    return [Link(point_of(start), point_of(end), float(n), str(name)) for start, end, n, name in whole]


def read_spots(path: Path, settings: Settings) -> list[Spot]:
    """Read named places from a table with the columns ``name, lon, lat`` (degrees), and if there ``kind``.

    Raises
    ------
    FileError, SchemaError
        When the file cannot be read, lacks a column, or a row cannot be used; every such row is named.
    """
    rows = read_columns(path, ("name", "lon", "lat", "kind"), limits=settings.limits, optional=("kind",))
    lon, lat = (pd.to_numeric(rows[name], errors="coerce") for name in ("lon", "lat"))
    bad = (rows["name"] == "") | ~((lon.abs() <= 180) & (lat.abs() <= 90))
    _refuse_rows(path, rows, bad, "a name, and lon and lat in degrees")
    repeats = rows["name"].duplicated(keep=False)
    _refuse_rows(path, rows, repeats, "a name of its own")
    whole = zip(rows["name"], lon, lat, rows["kind"], strict=True)
    return [Spot(str(name), float(x), float(y), str(kind)) for name, x, y, kind in whole]


def point_of(text: str) -> Point | str:
    """Read ``lon,lat``; anything else is the name of a landmark.

    Examples
    --------
    >>> point_of("-1.89, 52.48"), point_of("New Street Station")
    ((-1.89, 52.48), 'New Street Station')
    """
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return text.strip()
    return lon, lat


def walks_of(
    links: Sequence[Link | tuple[Point | str, Point | str]], graph: StreetGraph, settings: Settings
) -> list[interventions.Walk]:
    """Place the ends of walks on the streets; walks of one name are told apart by a number.

    Raises
    ------
    InputError
        When there are no walks.
    PlaceError
        Naming every walk whose ends cannot be used, and why.
    """
    if not links:
        raise InputError(
            "No walks were given.", code="no-walks", remedy="Name at least one walk, as 'FROM > TO'."
        )
    found: list[interventions.Walk] = []
    problems: list[PlaceError] = []
    for link in (one if isinstance(one, Link) else Link(*one) for one in links):
        try:
            found.append(_walk(link, graph, settings))
        except PlaceError as problem:
            problems.append(problem)
    if problems:
        raise PlaceError(
            "Some walks cannot be placed on the streets.", code="walks-not-placed", causes=problems
        )
    return _told_apart(found)


def _walk(link: Link, graph: StreetGraph, settings: Settings) -> interventions.Walk:
    ends = [find_point(place, settings) for place in (link.start, link.end)]
    nodes = [streets.nearest_node(graph, *point, settings.routes.snap_limit_m) for _, point in ends]
    name = link.name or f"{ends[0][0]} to {ends[1][0]}"
    if nodes[0] == nodes[1]:
        raise PlaceError(
            "The two ends lie at the same street corner.",
            code="walk-ends-same-corner",
            where=name,
            remedy="Choose two places further apart.",
        )
    return interventions.Walk(name, nodes[0], nodes[1], link.people)


def _told_apart(walks: list[interventions.Walk]) -> list[interventions.Walk]:
    names = pd.Series([walk.name for walk in walks])
    turn = names.groupby(names).cumcount() + 1
    shown = names.where(~names.duplicated(keep=False), names + " (" + turn.astype(str) + ")")
    return [
        interventions.Walk(str(name), walk.origin, walk.destination, walk.people)
        for name, walk in zip(shown, walks, strict=True)
    ]


def _refuse_rows(path: Path, rows: pd.DataFrame, bad: pd.Series, wanted: str) -> None:
    if not len(rows) or len(rows) > MOST_ROWS:
        raise SchemaError(
            "The list is empty." if not len(rows) else "The list is too long.",
            code="list-empty" if not len(rows) else "list-too-long",
            where=path.name,
            seen=f"{len(rows):,} rows",
            remedy=f"Give from 1 to {MOST_ROWS:,} rows.",
        )
    if bad.any():
        where = ", ".join(str(number + 2) for number in np.flatnonzero(bad)[:10])
        raise SchemaError(
            f"{int(bad.sum()):,} rows cannot be used.",
            code="list-rows-not-usable",
            where=path.name,
            seen=f"line {where}: {' | '.join(rows[bad].iloc[0])}",
            remedy=f"Every row needs {wanted}.",
        )
