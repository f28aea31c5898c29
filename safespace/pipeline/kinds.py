"""Which recorded reports a question about kinds of offence is asked of, and what it cannot be asked of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import h3.api.basic_int as h3

from safespace import cells
from safespace.engine import open_engine
from safespace.errors import InputError, Remedy
from safespace.registry import SOURCES
from safespace.sources.offences import OTHER, Offence, OffenceGroups, load_offence_groups
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from safespace.pipeline.view import View
    from safespace.settings import Settings

Pair = tuple[str, str]
FINEST_PRIVATE = 8  # no finer cell tells of sexual offences alone: nobody must be led to a person


@dataclass(frozen=True)
class KindsAsked:
    """What a question about some kinds counts, of what the store holds.

    Parameters
    ----------
    words
        The groups by their printed names: "Violence or Drugs".
    counted
        Source and category of what is counted.
    unlisted
        Those that the file of groups does not list: they count under "Other".
    mixed
        Those left out that may hold what was asked for together with something else.
    file
        The file of groups.
    """

    words: str
    counted: tuple[Pair, ...]
    unlisted: tuple[Pair, ...]
    mixed: tuple[Pair, ...]
    file: str

    def of(self, reports: pd.DataFrame) -> pd.Series:
        """Say of each report whether it is counted."""
        return _among(reports, self.counted)

    def sentences(self, reports: pd.DataFrame) -> tuple[str, ...]:
        """Say what is counted of some reports of every kind, and what could not be told apart."""
        rows = int(self.of(reports).sum())
        said = [
            f"Kinds: {self.words} only: {rows:,} of {len(reports):,} reports, as {self.file} groups them."
        ]
        if mixed := int(_among(reports, self.mixed).sum()):
            said.append(
                f"{mixed:,} reports of {_named(self.mixed)} may be of these kinds too and are not counted: they "
                "cannot be told apart."
            )
        if unlisted := int(_among(reports, self.unlisted).sum()):
            said.append(
                f"{unlisted:,} reports of {_named(self.unlisted)} stand in no line of that file and count under Other."
            )
        return tuple(said)


def kinds_asked(view: View, settings: Settings) -> KindsAsked | None:
    """Return what a view's kinds of offence count, or ``None`` when it asks for all of them.

    Raises
    ------
    FileError, InputError
        As :func:`check_kinds`.
    """
    if not view.kinds:
        return None
    groups = check_kinds(view, settings)
    return choose_kinds(view.kinds, held_kinds(view.sources, settings), groups)


def choose_kinds(kinds: tuple[str, ...], held: tuple[Pair, ...], groups: OffenceGroups) -> KindsAsked:
    """Return which of the categories held are of some kinds (identifiers of groups, which there are)."""
    lines = {pair: groups.of(*pair) or Offence(*pair, OTHER) for pair in held}
    counted = tuple(pair for pair, line in lines.items() if _is_counted(line, kinds))
    return KindsAsked(
        words=" or ".join(groups.titles[kind] for kind in kinds),
        counted=counted,
        unlisted=tuple(pair for pair in held if groups.of(*pair) is None),
        mixed=tuple(p for p, line in lines.items() if p not in counted and set(line.may_hold) & set(kinds)),
        file=groups.file,
    )


def check_kinds(view: View, settings: Settings, *, sources: tuple[str, ...] | None = None) -> OffenceGroups:
    """Refuse kinds of offence that a view's sources cannot be asked for, and return the groups there are.

    ``sources`` stand in for the view's; without any only the names of the groups are looked at.

    Raises
    ------
    FileError
        When the file of groups cannot be used.
    InputError
        When there is no such group, a source cannot tell it apart, or cells are too fine for it.
    """
    groups = load_offence_groups(settings.offence_groups)
    asked = view.sources if sources is None else sources
    _refuse_unknown(view, groups)
    for source in asked:
        _refuse_untold(source, view.kinds, groups)
    if _is_private(view.kinds, asked, groups) and view.resolution > FINEST_PRIVATE:
        _refuse_private(view, groups)
    return groups


def held_kinds(sources: tuple[str, ...], settings: Settings) -> tuple[Pair, ...]:
    """Return each source and category that the store holds reports of, in alphabetical order."""
    files = Store.open(settings.store).report_files(sources=sources)
    if not files:
        return ()
    held = cells.list_categories(files, engine=open_engine(settings.engine))
    known = held[held["source"].isin(list(sources))]
    return tuple(zip(known["source"], known["category"], strict=True))


def kinds_in_words(view: View, settings: Settings) -> str:
    """Return the names of a view's kinds, "Violence or Drugs"; empty when it asks for all of them."""
    groups = load_offence_groups(settings.offence_groups) if view.kinds else None
    return "" if groups is None else " or ".join(groups.titles.get(kind, kind) for kind in view.kinds)


def list_kinds(settings: Settings, sources: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return by source the groups it can be asked for, each with its printed name; sources without any are left out."""
    groups = load_offence_groups(settings.offence_groups)
    told = {source: {kind: groups.titles[kind] for kind in groups.groups_in(source)} for source in sources}
    return {source: of_it for source, of_it in told.items() if of_it}


def sources_telling(sources: tuple[str, ...], kinds: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """Return those of some sources that can tell each of some kinds from the others."""
    groups = load_offence_groups(settings.offence_groups)
    return tuple(source for source in sources if all(not _why_not(source, k, kinds, groups) for k in kinds))


def asks_private(view: View, settings: Settings) -> bool:
    """Say whether a view asks by itself for a kind that is told of no single cell: sexual offences."""
    if not view.kinds:
        return False
    return _is_private(view.kinds, view.sources, load_offence_groups(settings.offence_groups))


def refuse_private_area(view: View, areas: Iterable[BaseGeometry], settings: Settings) -> None:
    """Refuse to count a kind that is told of no single cell in an area smaller than the finest cell it is told of.

    Raises
    ------
    InputError
        With the size of the smallest of some areas (EPSG:4326).
    """
    if not asks_private(view, settings):
        return
    least = h3.average_hexagon_area(FINEST_PRIVATE, unit="km^2")
    size = min(float(cells.area_of(area)) for area in areas)
    if size < least:
        raise InputError(
            "Sexual offences alone are not counted in so small an area, which could lead to a person.",
            code="kind-private-area",
            seen=f"{size:.2f} km², under {least:.2f} km²",
            remedy="Choose larger areas, or ask for all kinds together.",
        )


def _is_private(kinds: tuple[str, ...], sources: tuple[str, ...], groups: OffenceGroups) -> bool:
    for kind in kinds:
        held = [o for o in groups.offences if o.source in sources and o.group == kind]
        if held and all(o.kind in SOURCES[o.source].private_kinds for o in held):
            return True
    return False


def _is_counted(line: Offence, kinds: tuple[str, ...]) -> bool:
    """Say whether a category is of the kinds asked for: its group is, or everything it may hold is."""
    return line.group in kinds or (bool(line.may_hold) and set(line.may_hold) <= set(kinds))


def _refuse_unknown(view: View, groups: OffenceGroups) -> None:
    unknown = [kind for kind in view.kinds if kind not in groups.titles]
    if unknown:
        raise InputError(
            "There is no such kind of offence.",
            code="kind-unknown",
            where=groups.file,
            seen=", ".join(unknown),
            remedy=f"Choose from: {', '.join(groups.titles)}.",
        )


def _refuse_untold(source: str, kinds: tuple[str, ...], groups: OffenceGroups) -> None:
    """Refuse kinds that a source cannot tell, with the reason: a count without them would look like none."""
    reasons = list(filter(None, (_why_not(source, kind, kinds, groups) for kind in kinds)))
    if not reasons:
        return
    there = ", ".join(groups.groups_in(source))
    raise InputError(
        f"{SOURCES[source].title} cannot be asked for this kind of offence.",
        code="kind-not-told",
        where=groups.file,
        seen="; ".join(reasons),
        remedy=Remedy(
            cli=f"Choose for --kind: {there}." if there else "Leave out --kind, or choose another source.",
            app="Choose another kind, or other reports.",
            library=f"Choose from: {there}." if there else "Leave out kinds, or choose another source.",
        ),
    )


def _why_not(source: str, kind: str, kinds: tuple[str, ...], groups: OffenceGroups) -> str:
    """Return why a source cannot tell a kind, or nothing."""
    ours = [offence for offence in groups.offences if offence.source == source]
    title = groups.titles.get(kind, kind)
    if not ours:
        return f"{SOURCES[source].short} says nothing of kinds of offence"
    if kind == OTHER or any(_is_counted(o, kinds) and (o.group == kind or kind in o.may_hold) for o in ours):
        return ""
    mixed = [offence for offence in ours if kind in offence.may_hold]
    if mixed:
        more = " and ".join(groups.titles[part] for part in mixed[0].may_hold if part != kind)
        return f"{title}: {SOURCES[source].short} has them in “{mixed[0].kind}” together with {more}, and does not tell them apart"
    return f"{title}: {SOURCES[source].short} has no category of this kind"


def _refuse_private(view: View, groups: OffenceGroups) -> None:
    raise InputError(
        "Sexual offences alone are counted in no cell this small, so that nobody is led to a person.",
        code="kind-private-too-fine",
        where=" or ".join(groups.titles[kind] for kind in view.kinds),
        seen=f"resolution {view.resolution}",
        remedy=Remedy(
            cli=f"Give --resolution {FINEST_PRIVATE}; what has no --resolution is asked of all kinds together.",
            app="Choose larger cells, or all kinds together.",
            library=f"Ask at resolution {FINEST_PRIVATE} or coarser, or for all kinds together.",
        ),
    )


def _among(reports: pd.DataFrame, pairs: tuple[Pair, ...]) -> pd.Series:
    known = {f"{source}\n{category}" for source, category in pairs}
    asked: pd.Series = (reports["source"].astype("str") + "\n" + reports["category"].astype("str")).isin(
        known
    )
    return asked


def _named(pairs: tuple[Pair, ...]) -> str:
    return ", ".join(sorted({category for _, category in pairs}))
