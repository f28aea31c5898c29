"""What may leave the house: suppression, and an attack on it before it goes.

A partner is given a :class:`Release` and nothing else. Cells below the policy's threshold are hidden,
none and too few being one class; then more are hidden until nobody can work the first ones out from the
totals; then the outcome is attacked as an outsider would, with linear algebra and linear programming, and
refused when the attack gets anywhere.

Not covered here: releases at several resolutions for one period, and periods that partly overlap. Both are
refused rather than guessed at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import null_space
from scipy.optimize import linprog

from safespace.display import in_html, in_short
from safespace.errors import DisclosureError, InputError, SchemaError, SettingsError
from safespace.registry import SOURCES
from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    import numpy.typing as npt

    from safespace.registry import Source
    from safespace.settings import PolicyProfile

    Flags = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]

TOTAL = "total"

_RATES = ("rate", "lower", "upper")
_SLACK = 1e-6
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Attack:
    """What the solver found out about the hidden counts, knowing all that is published.

    Parameters
    ----------
    hidden
        How many counts are hidden.
    sums
        How many published sums the attacker has.
    derivable
        Positions of hidden counts that follow exactly from the sums.
    narrow
        Positions of hidden counts that are few, and that an attacker can tell to be at least one or to be
        below the threshold.
    smallest_upper
        The smallest upper bound the attacker gets for a count that is few; infinite where no sum bounds it.
    """

    hidden: int
    sums: int
    derivable: tuple[int, ...]
    narrow: tuple[int, ...]
    smallest_upper: float

    @property
    def failed(self) -> bool:
        """Whether the attacker learned nothing."""
        return not self.derivable and not self.narrow


@dataclass(frozen=True, eq=False)
class Release:
    """What one audience is given, as it was attacked.

    Parameters
    ----------
    table
        One row a cell, sorted by cell: ``cell, area_id, area_km2, state`` (``shown`` or ``hidden``), the
        measure (``Int64``, missing where hidden), ``label`` and, where given and safe, ``rate, lower, upper``.
    totals
        ``name, value``: the published sums; withheld ones are missing.
    sources
        Whose reports are counted.
    kinds
        Groups of offences counted, by identifier; empty for all.
    measure
        Name of the counted column.
    resolution
        H3 resolution of the cells.
    since, until
        First day, and the day after the last.
    policy
        The profile that was applied.
    primary, secondary
        Cells hidden for being few, and hidden to protect those.
    attack
        The attack that failed.
    recipients
        Who it is for.
    sha256
        Hash of everything a recipient sees.
    """

    table: pd.DataFrame
    totals: pd.DataFrame
    sources: tuple[str, ...]
    measure: str
    resolution: int
    since: date
    until: date
    policy: PolicyProfile
    primary: int
    secondary: int
    attack: Attack
    recipients: tuple[str, ...]
    sha256: str
    kinds: tuple[str, ...] = ()

    __repr__ = in_short
    _repr_html_ = in_html


def release(  # noqa: PLR0913 - each is one part of what is released
    cells: pd.DataFrame,
    policy: PolicyProfile,
    *,
    period: tuple[date, date],
    sources: Sequence[str],
    kinds: Sequence[str] = (),
    areas: pd.Series | None = None,
    measure: str = "events",
    recipients: Sequence[str] = (),
    ledger: Sequence[Release] = (),
) -> Release:
    """Suppress a table of cells for an audience, attack the outcome, and refuse it when that succeeds.

    Parameters
    ----------
    cells
        ``schemas.CELLS`` or ``schemas.HOTSPOTS``, shape (n, .), one resolution, zero cells included.
    policy
        The audience's profile.
    period
        Its first day, and the day after its last.
    sources
        Whose reports are counted.
    kinds
        Groups of offences counted, by identifier; empty for all. What its recipients hold of other kinds for the
        same period cannot be compared: the difference would be a count of the rest.
    areas
        Area of each cell, indexed by ``cell``; the sum of each area is published. Cells without an area
        count in the total only.
    measure
        The column to publish.
    recipients
        Who it is for.
    ledger
        What the same recipients hold already.

    Returns
    -------
    Release
        Rows in the order of cells, so that the order says nothing.

    Raises
    ------
    DisclosureError
        When the measure is weighted by harm, the cells are finer or the period shorter than the policy allows, when
        the attack succeeds, alone or together with what is in the ledger, or when the ledger holds something that cannot be
        compared.
    SchemaError
        When a needed column is missing, cells repeat or resolutions are mixed.

    Notes
    -----
    A sum over hidden cells is published only where at least two are hidden in it and together they reach
    the threshold; otherwise the smallest shown cell is hidden as well, and where there is none the sum
    is withheld. Ring sums, p-values, expected counts and pins are never part of a release: each is
    another equation about hidden cells. Rates follow from counts and the total and are left out when the total
    is withheld. The attack takes counts to be non-negative numbers; it does not use knowledge of how the
    cells to hide were chosen.
    """
    _refuse_weighted(measure)
    frame = _checked(cells, measure, areas)
    resolution = _within_limits(frame, policy, *period)
    counts = frame[measure].to_numpy(dtype="int64")
    codes, names = pd.factorize(frame["area_id"], sort=True)
    hidden, published, total = suppress(counts, codes, threshold=policy.threshold)
    few = counts < policy.threshold
    found = attack(counts, hidden, _members(codes, published, total), threshold=policy.threshold)
    _refuse_success(found, "the release alone")
    table = _shown_table(frame, hidden, measure, rates=total)
    totals = _totals_table(counts, codes, names, published, total=total)
    made = Release(
        table=table,
        totals=totals,
        sources=tuple(sorted(sources)),
        measure=measure,
        resolution=resolution,
        since=period[0],
        until=period[1],
        policy=policy,
        primary=int(few.sum()),
        secondary=int((hidden & ~few).sum()),
        attack=found,
        recipients=tuple(recipients),
        sha256=_hash(table, totals, f"{_whose(sources, kinds)} {measure} {period[0]} {period[1]} {policy}"),
        kinds=tuple(sorted(kinds)),
    )
    _audit(made, counts, ledger)
    return made


def _refuse_weighted(measure: str) -> None:
    """Refuse harm-weighted figures: of the sums of one to three weights most point to one mix of offences."""
    if measure.startswith("harm"):
        raise DisclosureError(
            "Harm-weighted figures are never released.",
            code="harm-not-released",
            seen=measure,
            remedy="Release the counts: a weighted sum of few events gives the offences away.",
        )


def require_allowed(
    sources: Sequence[str], policy: PolicyProfile, policies: Iterable[PolicyProfile], *, resolution: int
) -> None:
    """Refuse to release what the sources do not allow: a laxer profile than their own, or cells too fine for them.

    Parameters
    ----------
    sources
        Whose reports are counted, by their names in :data:`safespace.registry.SOURCES`.
    policy
        The profile to be applied; it may be stricter than a source's own.
    policies
        The profiles there are, among which each source's own is looked for by name.
    resolution
        H3 resolution of the cells.

    Raises
    ------
    InputError
        When a source is not known: what it allows is not known either.
    DisclosureError
        When a source's own profile is missing or stricter, or its places mean nothing in cells so small.
    """
    if not sources:
        raise InputError(
            "A release names whose reports it counts.",
            code="release-without-source",
            seen="none",
            remedy=f"Name from: {', '.join(SOURCES)}.",
        )
    own = {profile.name: profile for profile in policies}
    for source in map(SOURCES.__getitem__, sources):
        _refuse_laxer(policy, own.get(source.policy), source)
        if resolution > source.finest:
            raise DisclosureError(
                "Cells are finer than the places of a source mean anything.",
                code="source-cells-too-fine",
                where=source.title,
                seen=f"resolution {resolution}",
                remedy=f"Use resolution {source.finest} or coarser.",
            )


def _refuse_laxer(policy: PolicyProfile, own: PolicyProfile | None, source: Source) -> None:
    if own is None:
        raise DisclosureError(
            "The profile of a source is not among the settings.",
            code="source-policy-missing",
            where=source.title,
            seen=f"no '{source.policy}'",
            remedy="Add the profile to the settings; until then nothing of this source is released.",
        )
    laxer = {
        "threshold": policy.threshold < own.threshold,
        "finest_resolution": policy.finest_resolution > own.finest_resolution,
        "shortest_window_months": policy.shortest_window_months < own.shortest_window_months,
    }
    if any(laxer.values()):
        seen = [f"{name} {getattr(policy, name)}, not {getattr(own, name)}" for name in laxer if laxer[name]]
        raise DisclosureError(
            f"The policy '{policy.name}' allows more than a source's own, '{own.name}'.",
            code="policy-laxer-than-source",
            where=source.title,
            seen="; ".join(seen),
            remedy=f"Use '{own.name}', or leave this source out.",
        )


def suppress(counts: Ints, area_codes: Ints, *, threshold: int) -> tuple[Flags, Flags, bool]:
    """Choose which cells to hide and which sums to publish.

    Parameters
    ----------
    counts
        Count of each cell, shape (n,).
    area_codes
        Area of each cell as 0 ... k - 1, or -1 for none, shape (n,).
    threshold
        Counts below it are hidden, zero included.

    Returns
    -------
    tuple
        Hidden cells, shape (n,); areas whose sum is published, shape (k,); whether the total is.

    Examples
    --------
    Two cells are few, 3 together; hiding the 6 as well makes their sum say nothing.

    >>> hidden, areas, total = suppress(np.array([1, 2, 6, 9]), np.array([0, 0, 0, 0]), threshold=5)
    >>> hidden.tolist(), areas.tolist(), total
    ([True, True, True, False], [True], True)
    """
    hidden = counts < threshold
    sums = np.bincount(area_codes[area_codes >= 0], weights=counts[area_codes >= 0]).astype("int64")
    published = sums >= threshold
    total = bool(counts.sum() >= threshold)
    while (
        block := _weak_block(counts, hidden, _blocks(area_codes, published), threshold, total)
    ) is not None:
        shown = np.flatnonzero((_blocks(area_codes, published) == block) & ~hidden)
        if shown.size:
            hidden[shown[np.argmin(counts[shown])]] = True
        elif block >= 0:
            published[block] = False
        elif published.any():
            published[np.argmin(np.where(published, sums, np.iinfo("int64").max))] = False
        else:
            total = False
    return hidden, published, total


def attack(counts: Ints, hidden: Flags, members: Flags, *, threshold: int) -> Attack:
    """Try to work out hidden counts from published sums.

    Parameters
    ----------
    counts
        True counts, shape (n,): the sums are made from them, and what is few is judged by them.
    hidden
        Which the attacker does not see, shape (n,).
    members
        Which counts each published sum adds up, shape (sums, n).
    threshold
        Below it a count is few.

    Returns
    -------
    Attack

    Notes
    -----
    A hidden count follows exactly when its indicator lies in the row space of the sums over hidden
    counts. Counts that are in the same sums can be exchanged for each other, so they are one unknown to
    the solver; bounds come from two linear programs an unknown.

    Examples
    --------
    >>> found = attack(np.array([2, 9]), np.array([True, False]), np.array([[True, True]]), threshold=5)
    >>> found.derivable, found.failed
    ((0,), False)
    """
    where = np.flatnonzero(hidden)
    few = counts[where] < threshold
    patterns, group, size = np.unique(
        members[:, where].T.astype("int8"), axis=0, return_inverse=True, return_counts=True
    )
    system = patterns.T.astype(float)
    left = members[:, where].astype("int64") @ counts[where]
    derivable = (size == 1) & _in_row_space(system)
    lower, upper = _bounds(system, left, np.unique(group[few]))
    lower[size > 1] = 0.0
    narrow = few & ((lower[group] > _SLACK) | (upper[group] < threshold - _SLACK))
    return Attack(
        hidden=len(where),
        sums=len(members),
        derivable=tuple(where[derivable[group]].tolist()),
        narrow=tuple(where[narrow].tolist()),
        smallest_upper=float(upper[group[few]].min(initial=np.inf)),
    )


def escape_formula(text: str) -> str:
    """Return text that a spreadsheet shows and does not run.

    Parameters
    ----------
    text
        One field of an export.

    Returns
    -------
    str
        The text, after an apostrophe where it starts, white space aside, like a formula.

    Examples
    --------
    >>> escape_formula("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    >>> escape_formula("High Street")
    'High Street'
    """
    return (
        f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS) else text
    )


def _checked(cells: pd.DataFrame, measure: str, areas: pd.Series | None) -> pd.DataFrame:
    missing = [name for name in ("cell", "area_km2", measure) if name not in cells]
    if missing:
        raise SchemaError(
            "Columns are missing.",
            code="columns-missing",
            where="cells",
            seen=f"no {', '.join(missing)}",
            remedy="Give the table with these columns.",
        )
    if cells["cell"].duplicated().any():
        raise SchemaError(
            "Cells repeat.",
            code="cells-repeated",
            where="cells",
            seen=int(cells["cell"].duplicated().sum()),
            remedy="Sum the counts per cell.",
        )
    if (cells[measure] < 0).any():
        raise SchemaError(
            "Counts are negative.",
            code="counts-negative",
            where=measure,
            seen=int(cells[measure].min()),
            remedy="Give zero or more in every cell.",
        )
    if areas is not None and areas.eq(TOTAL).any():
        raise SchemaError(
            "An area cannot have the name of the total.",
            code="area-named-as-total",
            where="areas",
            seen=TOTAL,
            remedy="Give the area another name.",
        )
    # as text before cells without an area turn 1 into 1.0
    area_id = cells["cell"].map(areas.astype("str")) if areas is not None else None
    return cells.assign(area_id=area_id).sort_values("cell", ignore_index=True)


def _within_limits(frame: pd.DataFrame, policy: PolicyProfile, since: date, until: date) -> int:
    """Return the cells' resolution, having held it and the period against the policy."""
    levels = np.unique(frame["cell"].to_numpy(dtype="int64") >> 52 & 15)  # where H3 keeps the resolution
    if len(levels) != 1:
        raise SchemaError(
            "Cells of one resolution are needed.",
            code="cells-mixed-resolutions",
            where="cells",
            seen=levels.tolist(),
            remedy="Count all at one resolution.",
        )
    if levels[0] > policy.finest_resolution:
        raise DisclosureError(
            f"Cells are finer than the policy '{policy.name}' allows.",
            code="policy-cells-too-fine",
            seen=f"resolution {levels[0]}",
            remedy=f"Use resolution {policy.finest_resolution} or coarser.",
        )
    months = _whole_months(since, until)
    if months < policy.shortest_window_months:
        raise DisclosureError(
            f"The period is shorter than the policy '{policy.name}' allows.",
            code="policy-period-too-short",
            seen=f"{since} to {until}, {months} whole months",
            remedy=f"Use at least {policy.shortest_window_months} months.",
        )
    return int(levels[0])


def _whole_months(since: date, until: date) -> int:
    if until <= since:
        raise SettingsError(
            "A period must end after it starts.",
            code="period-ends-before-start",
            seen=f"{since} to {until}",
            remedy="Swap the two dates.",
        )
    months = (until.year - since.year) * 12 + until.month - since.month
    return months - (1 if until.day < since.day else 0)


def _blocks(area_codes: Ints, published: Flags) -> Ints:
    """Return the finest published sum each cell is in: its area, or -1 for what only the total covers."""
    if not published.size:
        return np.full(len(area_codes), -1, dtype="int64")
    blocks: Ints = np.where((area_codes >= 0) & published[area_codes], area_codes, -1)
    return blocks


def _weak_block(counts: Ints, hidden: Flags, blocks: Ints, threshold: int, total: bool) -> int | None:
    """Return a block whose hidden cells are one, or together few, so that its sum would give them away."""
    for block in np.unique(blocks[hidden]).tolist():
        if block < 0 and not total:
            continue
        inside = hidden & (blocks == block)
        if inside.sum() < 2 or counts[inside].sum() < threshold:
            return int(block)
    return None


def _members(area_codes: Ints, published: Flags, total: bool) -> Flags:
    rows = [area_codes == area for area in np.flatnonzero(published)]
    rows += [np.ones(len(area_codes), dtype=bool)] if total else []
    return np.array(rows, dtype=bool).reshape(len(rows), len(area_codes))


def _in_row_space(system: npt.NDArray[np.float64]) -> Flags:
    """Say of each unknown whether its value follows from the equations, shape (unknowns,)."""
    if not system.size:
        return np.zeros(system.shape[1], dtype=bool)
    free: npt.NDArray[np.float64] = null_space(system)
    still: Flags = np.abs(free).max(axis=1, initial=0.0) < _SLACK
    return still


def _bounds(
    system: npt.NDArray[np.float64], left: Ints, wanted: Ints
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the least and the most each wanted unknown can be; others are left unbounded."""
    unknowns = system.shape[1]
    lower, upper = np.zeros(unknowns), np.full(unknowns, np.inf)
    for j in wanted.tolist():
        if not system[:, j].any():
            continue  # in no sum, so nothing bounds it
        goal = np.zeros(unknowns)
        goal[j] = 1.0
        ends = [linprog(sign * goal, A_eq=system, b_eq=left, method="highs") for sign in (1, -1)]
        if any(end.status != 0 for end in ends):
            raise DisclosureError(
                "What was published before does not agree with the data now.",
                code="published-disagrees",
                remedy="The data for the period has changed: withdraw the earlier release first.",
            )
        lower[j], upper[j] = float(ends[0].fun or 0), -float(ends[1].fun or 0)
    return lower, upper


def _refuse_success(attempt: Attack, by: str) -> None:
    if not attempt.failed:
        raise DisclosureError(
            "Hidden counts can be worked out.",
            code="hidden-counts-recoverable",
            where=by,
            seen=f"{len(attempt.derivable)} exactly, {len(attempt.narrow)} within too narrow limits",
            remedy="Use larger cells, a longer period, or fewer totals.",
        )


def _shown_table(frame: pd.DataFrame, hidden: Flags, measure: str, *, rates: bool) -> pd.DataFrame:
    """Build the table from an allow-list: a column not named here cannot leave."""
    made = frame[["cell", "area_id", "area_km2"]].assign(
        state=np.where(hidden, "hidden", "shown"), **{measure: frame[measure].astype("Int64").mask(hidden)}
    )
    if "label" in frame:
        made["label"] = frame["label"].mask(hidden, Label.HIDDEN)
    else:
        made["label"] = pd.Series(np.where(hidden, Label.HIDDEN, ""), dtype="str")
    for name in _RATES:
        if rates and name in frame:
            made[name] = frame[name].mask(hidden)
    return made


def _totals_table(
    counts: Ints, codes: Ints, names: pd.Index, published: Flags, *, total: bool
) -> pd.DataFrame:
    sums = [int(counts[codes == code].sum()) if published[code] else None for code in range(len(names))]
    values = [*sums, int(counts.sum()) if total else None]
    return pd.DataFrame({"name": [*map(str, names), TOTAL], "value": pd.array(values, dtype="Int64")})


def _whose(sources: Sequence[str], kinds: Sequence[str]) -> str:
    return f"{sorted(sources)} {sorted(kinds)}" if kinds else f"{sorted(sources)}"


def _hash(table: pd.DataFrame, totals: pd.DataFrame, head: str) -> str:
    text = "\n".join([head, table.to_csv(index=False), totals.to_csv(index=False)])
    return hashlib.sha256(text.encode()).hexdigest()


def _audit(made: Release, counts: Ints, ledger: Sequence[Release]) -> None:
    """Attack the release together with everything its recipients hold about the same people."""
    together = [old for old in ledger if _overlap(old, made) and old.sha256 != made.sha256]
    for old in together:
        _refuse_incomparable(made, old)
    if together:
        everything = [made, *together]
        hidden = np.all([_hidden(one) for one in everything], axis=0)
        members = np.array([row for one in everything for row in _sums(one)], dtype=bool)
        threshold = min(one.policy.threshold for one in everything)
        found = attack(counts, hidden, members.reshape(-1, len(counts)), threshold=threshold)
        _refuse_success(found, "together with earlier releases")


def _overlap(old: Release, made: Release) -> bool:
    """Say whether the two can be about the same reports."""
    same_time = old.since < made.until and made.since < old.until
    return same_time and bool(set(old.sources) & set(made.sources))


def _refuse_incomparable(made: Release, old: Release) -> None:
    if _frame_of(old) != _frame_of(made) or not old.table["cell"].equals(made.table["cell"]):
        raise DisclosureError(
            "An earlier release overlaps this one and the two cannot be compared.",
            code="release-not-comparable",
            seen=f"{_frame_of(old)} and {_frame_of(made)}",
            remedy="Release the same cells, sources and period again, or a period that does not overlap.",
        )
    both = ~(_hidden(old) | _hidden(made))
    counts_agree = (old.table[old.measure][both] == made.table[made.measure][both]).all()
    before, now = _sums(old), _sums(made)
    if not (counts_agree and all(before[members] == now[members] for members in before.keys() & now.keys())):
        raise DisclosureError(
            "The data for the period has changed since it was released.",
            code="release-data-changed",
            seen=f"{old.since} to {old.until}",
            remedy="The difference would show what changed. Withdraw the earlier release first.",
        )


def _frame_of(made: Release) -> str:
    """Return what must be the same for two releases to be compared."""
    sources = ", ".join(made.sources) + (f" ({' or '.join(made.kinds)} only)" if made.kinds else "")
    return f"{made.measure} of {sources}, {made.since} to {made.until}, resolution {made.resolution}"


def _hidden(made: Release) -> Flags:
    hidden: Flags = made.table["state"].eq("hidden").to_numpy(dtype=bool)
    return hidden


def _sums(made: Release) -> dict[tuple[bool, ...], int]:
    """Return the value of each published sum by which rows of the table it adds up."""
    area = made.table["area_id"]
    published = made.totals.dropna()
    return {
        (True,) * len(area) if name == TOTAL else tuple(area.eq(name)): int(value)
        for name, value in zip(published["name"], published["value"], strict=True)
    }
