"""Scenarios kept in a folder: one file each with every version, so that a change can be undone.

A segment is kept by its way, its two ends and its line, never by its number, so that streets imported
again either have it or are told not to.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from pydantic import TypeAdapter, ValidationError

from safespace.errors import InputError, Remedy, StoreError
from safespace.interventions.scenarios import CHANGES, Scenario
from safespace.streets import labels, to_metres

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from safespace.streets import StreetGraph

SAME_M: Final = 5.0
LONGEST_NAME: Final = 60
MOST_SEGMENTS: Final = 2_000
MOST_VERSIONS: Final = 50
_EXTRA: Final = frozenset(" -'&,.()+/£%")


@dataclass(frozen=True)
class SegmentRef:
    """A segment by what stays the same when streets are imported again.

    Parameters
    ----------
    way_id
        OpenStreetMap way.
    name
        What it was called.
    line
        Its vertices, ``(lon, lat)`` in degrees (EPSG:4326), from one end to the other.
    """

    way_id: int
    name: str
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Saved:
    """One version of a scenario as it is kept.

    ``saved_at`` is in UTC; ``deleted`` versions hold what was there, so that deleting can be undone.
    """

    name: str
    light: tuple[SegmentRef, ...] = ()
    camera: tuple[SegmentRef, ...] = ()
    clear: tuple[SegmentRef, ...] = ()
    close: tuple[SegmentRef, ...] = ()
    closed_hours: str = ""
    saved_at: str = ""
    deleted: bool = False


@dataclass(frozen=True)
class Scenarios:
    """The scenarios of a folder.

    Every change writes a whole file beside the old one and then takes its place: a reader sees one version
    or the other. Two people changing one scenario at the same moment: the later version stays.
    """

    folder: Path

    def save(self, scenario: Saved) -> Saved:
        """Keep a new version of a scenario.

        Raises
        ------
        InputError
            When the name cannot be used, or nothing would change.
        StoreError
            When the folder cannot be written.
        """
        name = checked_name(scenario.name)
        counted = sum(len(getattr(scenario, change)) for change in CHANGES)
        if not 0 < counted <= MOST_SEGMENTS:
            raise InputError(
                "A scenario needs something to change." if not counted else "The scenario is too large.",
                code="scenario-empty" if not counted else "scenario-too-large",
                where=name,
                seen=f"{counted:,} segments",
                remedy=f"Name from 1 to {MOST_SEGMENTS:,} segments to light, watch, clear or close.",
            )
        kept = replace(scenario, name=name, saved_at=datetime.now(tz=UTC).isoformat(timespec="seconds"))
        self._write(name, [*self._versions(name), kept])
        return kept

    def names(self) -> tuple[str, ...]:
        """Return the names of the scenarios, in alphabetical order."""
        return tuple(sorted((one.name for one in self.all()), key=str.casefold))

    def all(self) -> tuple[Saved, ...]:
        """Return the version in force of every scenario, by name.

        Raises
        ------
        StoreError
            When a file cannot be read.
        """
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        last = [versions[-1] for path in paths if (versions := _read(path))]
        return tuple(sorted((one for one in last if not one.deleted), key=lambda one: one.name.casefold()))

    def get(self, name: str) -> Saved:
        """Return the version of a scenario that is in force.

        Raises
        ------
        InputError
            When there is no such scenario, listing those there are.
        """
        versions = self._versions(name)
        if not versions or versions[-1].deleted:
            held = ", ".join(self.names()[:10])
            first = Remedy(
                cli="Make one first: safespace scenario new.",
                app="Make one first.",
                library="Save one first.",
            )
            raise InputError(
                "There is no scenario of this name.",
                code="scenario-unknown",
                seen=name,
                remedy=f"Choose from: {held}." if held else first,
            )
        return versions[-1]

    def versions(self, name: str) -> tuple[Saved, ...]:
        """Return every version kept of a scenario, oldest first."""
        return tuple(self._versions(name))

    def delete(self, name: str) -> Saved:
        """Take a scenario away; :meth:`undo` brings it back.

        Raises
        ------
        InputError
            When there is no such scenario.
        """
        now = datetime.now(tz=UTC).isoformat(timespec="seconds")
        gone = replace(self.get(name), deleted=True, saved_at=now)
        self._write(gone.name, [*self._versions(name), gone])
        return gone

    def undo(self, name: str) -> Saved | None:
        """Take back the last change; return the version now in force, or ``None`` when none is left.

        Raises
        ------
        InputError
            When there is nothing to undo.
        """
        versions = self._versions(name)
        if not versions:
            raise InputError(
                "There is nothing to undo: no scenario had this name.",
                code="scenario-nothing-to-undo",
                seen=name,
                remedy=Remedy(
                    cli="List the scenarios: safespace scenario list.",
                    app="Choose one of the scenarios.",
                    library="List the scenarios with all.",
                ),
            )
        left = versions[:-1]
        if left:
            self._write(versions[-1].name, left)
        else:
            self._path(name).unlink(missing_ok=True)
        return left[-1] if left and not left[-1].deleted else None

    def _path(self, name: str) -> Path:
        """Return the file of a scenario: words people know it by, and a hash that tells like names apart."""
        key = checked_name(name).casefold()
        plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30]
        return self.folder / f"{slug or 'scenario'}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"

    def _versions(self, name: str) -> list[Saved]:
        path = self._path(name)
        return list(_read(path)) if path.is_file() else []

    def _write(self, name: str, versions: list[Saved]) -> None:
        path = self._path(name)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        text = json.dumps([asdict(one) for one in versions[-MOST_VERSIONS:]], ensure_ascii=False, indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as problem:
            beside.unlink(missing_ok=True)
            raise StoreError(
                "The scenario cannot be written.",
                code="scenario-not-writable",
                where=path,
                seen=problem.strerror,
                remedy="What was there before is untouched. Check that the folder can be written to.",
            ) from problem


def checked_name(name: str) -> str:
    """Return a scenario's name when it can be used: letters, digits and plain punctuation, up to 60.

    Raises
    ------
    InputError
        When it cannot.

    Examples
    --------
    >>> checked_name("  Light the towpath (phase 2) ")
    'Light the towpath (phase 2)'
    """
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    good = all(letter.isalnum() or letter in _EXTRA for letter in plain)
    if not good or not 0 < len(plain) <= LONGEST_NAME or not plain[0].isalnum():
        raise InputError(
            "This name cannot be used for a scenario.",
            code="scenario-name-not-usable",
            seen=repr(name[: 2 * LONGEST_NAME]),
            remedy=f"Begin with a letter or digit; use letters, digits and plain punctuation, up to {LONGEST_NAME}.",
        )
    return plain


def refer(graph: StreetGraph, edges: Iterable[int]) -> tuple[SegmentRef, ...]:
    """Return edges as references that survive another import.

    Raises
    ------
    InputError
        When an edge is not in the graph.
    """
    names = labels(graph)
    told = []
    for edge in dict.fromkeys(int(edge) for edge in edges):
        if not 0 <= edge < graph.edges:
            raise InputError(
                "There is no such segment in these streets.",
                code="segment-unknown",
                seen=f"{edge} of {graph.edges:,} segments",
                remedy="Choose the segments again on the streets in use.",
            )
        span = slice(graph.geom_start[edge], graph.geom_start[edge + 1])
        points = np.column_stack([graph.geom_lon[span], graph.geom_lat[span]]).round(7).tolist()
        told.append(SegmentRef(int(graph.way_id[edge]), str(names[edge]), tuple((x, y) for x, y in points)))
    return tuple(told)


def find_segments(graph: StreetGraph, saved: Saved) -> tuple[Scenario, tuple[SegmentRef, ...]]:
    """Find a saved scenario's segments on the streets in use; return it, and the segments that are gone.

    Notes
    -----
    A segment is found when edges lie along its whole line within 5 m: edges of its own way, or, where the
    way was given another number, any edges. One that was split is found as its pieces; one that moved, was
    taken away or became part of a longer edge is gone.
    """
    boxes = _boxes(graph)
    found: dict[str, tuple[int, ...]] = {}
    gone: list[SegmentRef] = []
    for change in CHANGES:
        edges: list[int] = []
        for ref in getattr(saved, change):
            along = _along(graph, boxes, ref)
            edges += along
            gone += [] if along or ref in gone else [ref]
        found[change] = tuple(dict.fromkeys(edges))
    return Scenario(saved.name, **found, closed_hours=saved.closed_hours), tuple(gone)


# --- private -----------------------------------------------------------------------------------------

_VERSIONS: Final = TypeAdapter(list[Saved])


def _read(path: Path) -> list[Saved]:
    try:
        return _VERSIONS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as problem:
        raise StoreError(
            "A saved scenario cannot be read.",
            code="scenario-not-readable",
            where=path,
            remedy="Put back a copy of the file, or delete it and make the scenario again.",
        ) from problem


def _boxes(graph: StreetGraph) -> tuple[shapely.STRtree, list[shapely.LineString]]:
    x, y = to_metres(graph.geom_lon, graph.geom_lat, graph.crs)
    owner = np.repeat(np.arange(graph.edges), np.diff(graph.geom_start))
    lines = np.atleast_1d(np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=owner), object))
    return shapely.STRtree(lines.tolist()), lines.tolist()


def _along(
    graph: StreetGraph, boxes: tuple[shapely.STRtree, list[shapely.LineString]], ref: SegmentRef
) -> list[int]:
    """Return the edges that lie along a saved line and cover it, those of its own way first."""
    tree, lines = boxes
    lon, lat = np.asarray(ref.line, float).T
    x, y = to_metres(lon, lat, graph.crs)
    if len(ref.line) < 2 or not np.isfinite([*x, *y]).all():
        return []
    old = shapely.LineString(np.column_stack([x, y]))
    near = np.sort(tree.query(old, predicate="dwithin", distance=SAME_M)).tolist()
    own = [k for k in near if graph.way_id[k] == ref.way_id]
    for some in (own, near):
        whole = [k for k in some if shapely.hausdorff_distance(lines[k], old) <= SAME_M]
        pieces = [k for k in some if _within(lines[k], old)]
        if whole or _cover([lines[k] for k in pieces], old):
            return whole or pieces
    return []


def _within(piece: shapely.LineString, old: shapely.LineString) -> bool:
    """Say whether a line lies along an older one and not past its ends."""
    middle = old.project(piece.interpolate(0.5, normalized=True))
    return bool(0 < middle < old.length and old.buffer(SAME_M).covers(piece))


def _cover(pieces: list[shapely.LineString], old: shapely.LineString) -> bool:
    length_m = sum(piece.length for piece in pieces)
    close = abs(length_m - old.length) <= 2 * SAME_M + 0.05 * old.length
    return close and bool(shapely.union_all(pieces).buffer(SAME_M).covers(old))
