"""Whether a change worked, what may be released, and the brief: from points or a finding, without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import pandas as pd

from safespace import briefs, cells, disclosure, evaluation, maps
from safespace.api.found import counted_cells, is_counted
from safespace.api.inputs import TIME_ZONE, moments_of, of_kinds, outline_of, points_of
from safespace.errors import InputError
from safespace.pipeline.kinds import FINEST_PRIVATE, refuse_private_area
from safespace.pipeline.releases import refuse_private
from safespace.pipeline.view import View
from safespace.settings import POLICIES, PolicyProfile, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from safespace.api.found import Hotspots
    from safespace.api.inputs import Area, Points


def evaluate(  # noqa: PLR0913 - each is a part of the question
    points: Points,
    treated: Area,
    control: Area,
    *,
    changed: date,
    days: int,
    around: tuple[Area, Area] | None = None,
    kinds: Sequence[str] = (),
    time_zone: str = TIME_ZONE,
    level: float = evaluation.LEVEL,
) -> evaluation.Evaluation:
    """Compare an area before and after a change with another area, and claim only what the counts carry.

    Parameters
    ----------
    points
        A GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path, holding both periods whole.
        ``occurred_from`` says when; a row where it is missing counts in neither period. Where there is ``event_id``,
        pins of one event count once; otherwise each row is an event.
    treated, control
        Where something was done, and the comparison, chosen by the same rule but left as it was: each a polygon in
        degrees, a GeoDataFrame of polygons in any stated CRS, or a path.
    changed
        The day of the change (local); it counts as after.
    days
        Length of each period, days.
    around
        Where trouble may have moved, around the treated area, and the comparison for that.
    kinds
        Only these groups of offences (:mod:`safespace.sources.offences`), of points with ``source`` and ``category``.
    time_zone
        IANA name: of the days, and of moments without a zone.
    level
        Probability of the intervals, between 0 and 1.

    Returns
    -------
    safespace.evaluation.Evaluation
        With ``verdict``, ``sentence``, ``difference``, ``ratio`` and ``caveats``.

    Raises
    ------
    SchemaError, AreaError
        When points or areas cannot be used, saying why.
    InputError
        When the areas share ground.
    TooFewError
        When nothing was reported before in either.

    Examples
    --------
    >>> import safespace as ss, shapely
    >>> here, there = shapely.box(-1.20, 52.90, -1.17, 52.93), shapely.box(-1.13, 52.97, -1.10, 53.00)
    >>> days = ["2026-02-20"] * 50 + ["2026-03-10"] * 30 + ["2026-02-20"] * 60 + ["2026-03-10"] * 55
    >>> seen = pd.DataFrame({"lon": [-1.185] * 80 + [-1.115] * 115, "lat": [52.915] * 80 + [52.985] * 115})
    >>> change = ss.evaluate(
    ...     seen.assign(occurred_from=days), here, there, changed=date(2026, 3, 1), days=28
    ... )
    >>> change.verdict, round(change.ratio.value, 2)
    ('too few', 0.65)
    """
    areas = dict(zip(evaluation.ROLES, map(outline_of, (treated, control, *(around or ()))), strict=False))
    only = of_kinds(points, kinds, resolution=FINEST_PRIVATE)
    placed = points_of(only.points)
    when = moments_of(placed, "occurred_from", time_zone=time_zone)
    events = placed["event_id"] if "event_id" in placed else range(len(placed))
    middle = datetime.combine(changed, datetime.min.time(), ZoneInfo(time_zone))
    span = timedelta(days=days)
    _refuse_private_area(placed, only.ids, areas.values())
    counts = evaluation.count_periods(
        placed.assign(occurred_from=when, event_id=events),
        evaluation.roles_by_ground(placed, areas),
        before=(middle - span, middle),
        after=(middle, middle + span),
    )
    found = evaluation.evaluate(counts, level=level)
    said = (f"Only reports of this kind are counted: {only.words}.",) if kinds else ()
    return replace(found, caveats=(*said, *found.caveats))


def release(  # noqa: PLR0913 - each is one part of the question
    points_or_cells: Points,
    area: Area | None = None,
    *,
    period: tuple[date, date],
    sources: Sequence[str],
    recipients: Sequence[str],
    policy: str | PolicyProfile = "partner",
    resolution: int = 8,
    kinds: Sequence[str] = (),
    ledger: Sequence[disclosure.Release] = (),
) -> disclosure.Release:
    """Suppress counts for an audience, attack the outcome as an outsider would, and refuse it when that succeeds.

    Parameters
    ----------
    points_or_cells
        Points (a GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path), or cells counted
        by :func:`safespace.count`. Points with ``occurred_from`` are counted where they lie in the period; all others
        are taken to, and so are counted cells.
    area
        Where points were looked for: a polygon in degrees, a GeoDataFrame of polygons, or a path.
    period
        Its first and its last day (local).
    sources
        Whose reports are counted, by their names in :data:`safespace.registry.SOURCES`.
    recipients
        Who will hold it.
    policy
        Name of a profile of the default settings, or a profile of your own that allows no more than the sources do.
    resolution
        H3 resolution, 7 to 10; cells bring theirs.
    kinds
        Only these groups of offences (:mod:`safespace.sources.offences`), of points with ``source`` and ``category``.
    ledger
        Everything the same recipients hold already: releases are attacked together.

    Returns
    -------
    safespace.disclosure.Release
        With ``table``, ``totals`` and the ``attack`` that failed.

    Raises
    ------
    DisclosureError
        When a source allows less than the policy, when it is finer or shorter than the policy allows, or when it
        would reveal a hidden count.
    SettingsError
        When no profile has that name, or the period ends before it starts.
    SchemaError, AreaError, InputError
        When points or area cannot be used, saying why, or nobody is named as recipient or source.

    Notes
    -----
    Points are counted in whole cells, also where the area's outline runs through them: of two areas whose outlines
    differ a little, the difference of cut cells would tell of a few doors. Cells given are refused where they are cut;
    ``count(..., whole=True)`` counts them whole.

    Examples
    --------
    >>> import numpy as np, safespace as ss, shapely
    >>> rng = np.random.default_rng(1)
    >>> pins = pd.DataFrame({"lon": rng.normal(-1.15, 0.01, 400), "lat": rng.normal(52.95, 0.01, 400)})
    >>> given = ss.release(
    ...     pins, shapely.box(-1.2, 52.9, -1.1, 53.0), period=(date(2025, 1, 1), date(2025, 12, 31)),
    ...     sources=["streetsafe"], recipients=["the council"],
    ... )
    >>> given.attack.failed, set(given.table["state"]) == {"shown", "hidden"}
    (True, True)
    """
    _require_named(sources, recipients)
    profile = policy if isinstance(policy, PolicyProfile) else Settings(policies=POLICIES).policy(policy)
    since, until = period
    only = of_kinds(points_or_cells, kinds, resolution=resolution)
    if kinds:
        refuse_private(View(sources=tuple(sources), kinds=only.ids), Settings(policies=POLICIES))
    given = only.points if is_counted(only.points) else _within(points_of(only.points), since, until)
    counted, _ = counted_cells(given, area, resolution=resolution, whole=True)
    _refuse_cut(counted)
    finest = max(h3.get_resolution(cell) for cell in counted["cell"].tolist())
    disclosure.require_allowed(sources, profile, POLICIES, resolution=finest)
    return disclosure.release(
        counted[~counted["edge"]].reset_index(drop=True),
        profile,
        period=(since, until + timedelta(days=1)),
        sources=sources,
        kinds=only.ids,
        recipients=recipients,
        ledger=ledger,
    )


def make_brief(
    finding: Hotspots,
    *,
    area: str,
    period: tuple[date, date],
    rows: tuple[int, int],
    sources: Sequence[str],
    names: Mapping[int, str] | None = None,
    notes: Sequence[str] = (),
    synthetic: bool = False,
) -> briefs.Brief:
    """Put together the brief of a finding: its places, map, method and small print.

    Parameters
    ----------
    finding
        From :func:`find_hotspots`.
    area
        What the area is called.
    period
        First and last day the reports cover.
    rows
        How many the file has, and how many of them were used.
    sources
        Titles of the sources, each with the attribution it asks for.
    names
        What people call a cell; a place is named after its core, or by its H3 text.
    notes
        Local knowledge; checked against the tone rules.
    synthetic
        Whether the data are made up; every page then says so.

    Returns
    -------
    safespace.briefs.Brief
        For :func:`safespace.briefs.write_pdf` and :func:`safespace.briefs.write_html`.

    Raises
    ------
    InputError
        When the rows do not add up, or typed words carry a flag that nobody answers for.

    Notes
    -----
    Hours, reasons and walking links need more than a finding holds: :func:`safespace.pipeline.make_brief` takes them
    from a store.

    Examples
    --------
    >>> import numpy as np, safespace as ss, shapely
    >>> rng = np.random.default_rng(1)
    >>> even = pd.DataFrame({"lon": rng.uniform(-1.2, -1.1, 200), "lat": rng.uniform(52.9, 53.0, 200)})
    >>> busy = pd.DataFrame({"lon": rng.normal(-1.15, 0.001, 60), "lat": rng.normal(52.95, 0.001, 60)})
    >>> found = ss.find_hotspots(pd.concat([even, busy]), shapely.box(-1.2, 52.9, -1.1, 53.0), resolution=8)
    >>> brief = ss.make_brief(
    ...     found, area="Centre", period=(date(2025, 1, 1), date(2025, 12, 31)), rows=(260, 260),
    ...     sources=["Made up"], synthetic=True,
    ... )
    >>> brief.period, len(brief.places)
    ('1 January 2025 to 31 December 2025', 1)
    """
    known, (since, until), (read, accepted) = names or {}, period, rows
    core = finding.places["core_cell"].tolist()
    places = finding.places.assign(
        place=range(1, len(core) + 1), name=[known.get(cell, f"Cell {cell:x}") for cell in core]
    )
    labels = finding.cells.loc[~finding.cells["edge"], "label"].value_counts()
    return briefs.Brief(
        title="Where there are more reports than usual",
        area=area,
        period=f"{since.day} {since:%B %Y} to {until.day} {until:%B %Y}",
        data_date=finding.data_date or until,
        places=places,
        counts=briefs.RowCounts(read=read, accepted=accepted, rejected=read - accepted),
        map_svg=maps.area_map_svg(finding.cells, area=finding.area, places=places, synthetic=synthetic),
        cells={str(label): int(number) for label, number in labels.items()},
        method=finding.finding.method,
        basis=finding.basis(),
        sources=tuple(sources),
        notes=tuple(notes),
        synthetic=synthetic,
    )


def _refuse_private_area(placed: pd.DataFrame, kinds: tuple[str, ...], areas: Iterable[BaseGeometry]) -> None:
    if kinds:
        sources = tuple(sorted(placed["source"].unique()))
        refuse_private_area(View(sources=sources, kinds=kinds), areas, Settings(policies=POLICIES))


def _within(placed: pd.DataFrame, since: date, until: date) -> pd.DataFrame:
    """Return the points of a period, where they say when they happened."""
    if "occurred_from" not in placed:
        return placed
    days = moments_of(placed, "occurred_from").dt.tz_convert(TIME_ZONE).dt.tz_localize(None).dt.normalize()
    inside: pd.DataFrame = placed[
        days.between(pd.Timestamp(since), pd.Timestamp(until))
    ]  # a missing day is in no period
    return inside


def _refuse_cut(counted: pd.DataFrame) -> None:
    """Refuse cells counted only in part, which would be other units in each area."""
    inside = counted[~counted["edge"]]
    cut = int((inside["area_km2"] < (1 - 1e-6) * cells.areas_km2(inside["cell"])).sum())
    if cut:
        raise InputError(
            "A release takes whole cells.",
            code="release-of-cut-cells",
            where="points_or_cells",
            seen=f"{cut} of {len(inside)} cells counted only in the part that is inside the area",
            remedy="Give points, or cells counted whole: count(..., whole=True).",
        )


def _require_named(sources: Sequence[str], recipients: Sequence[str]) -> None:
    missing = [name for name, told in (("sources", sources), ("recipients", recipients)) if not told]
    if missing:
        raise InputError(
            "A release names whose reports it counts and who will hold it.",
            code="release-unnamed",
            where=", ".join(missing),
            seen="nobody",
            remedy='Give both, for example sources=["streetsafe"], recipients=["the council"].',
        )
