"""Harm-weighted counts beside the plain ones: for the police edition, from weights that the force supplies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from safespace import cells, hotspots
from safespace.errors import DisclosureError, InputError, Remedy
from safespace.pipeline.selection import select
from safespace.registry import RECORDED, layer_of
from safespace.sources.harm_weights import HarmWeights, read_harm_weights
from safespace.sources.offences import load_offence_groups
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safespace.pipeline.places import PlacesFound
    from safespace.settings import Settings
    from safespace.sources.offences import OffenceGroups

FEWEST_WEIGHED = 0.95  # of the events; below it the sum is of what happens to have a weight


@dataclass(frozen=True)
class HarmMethod:
    """How counts were weighted: whose weights, of when, and which events have none.

    Parameters
    ----------
    source, dated, file
        Where the weights are from, of when, and the file they came in.
    level
        Probability of the intervals.
    weighed
        How many events have a weight.
    unweighed
        Kinds without a weight, with their events.
    """

    source: str
    dated: str
    file: str
    level: float
    weighed: int
    unweighed: tuple[tuple[str, int], ...]

    def words(self) -> str:
        """Say in one paragraph what the weighted counts rest on."""
        left = ", ".join(f"{kind} ({events:,})" for kind, events in self.unweighed)
        without = f" No weight, so only in the plain counts: {left}." if left else ""
        return (
            f"Harm-weighted counts of {self.weighed:,} events: weights of {self.source}, {self.dated}, from {self.file}; "
            f"{percent(self.level)} intervals of a compound Poisson sum (gamma method of Fay and Feuer 1997).{without} "
            "A weight follows sentences and recording, not what a person went through; the plain counts decide the "
            "places. Police edition only: a weighted sum of few events gives the offences away."
        )


def add_harm(answer: PlacesFound, settings: Settings, *, weights: Path) -> PlacesFound:
    """Return an answer with harm-weighted counts beside its cells and places, changing nothing else.

    Parameters
    ----------
    answer
        Places found in recorded incidents, for the police edition.
    settings
        Where the store is.
    weights
        Table of weights (:func:`safespace.sources.harm_weights.read_harm_weights`).

    Returns
    -------
    PlacesFound
        Cells and places with the columns of :func:`safespace.hotspots.weigh_counts`, and ``harm`` its method. Cells
        that were not judged have none.

    Raises
    ------
    DisclosureError
        For any edition but the police's.
    FileError
        When the table cannot be used.
    InputError
        When the reports are of no offence, a kind is too coarse for the weight it is given, or more than one event in
        twenty has no weight.
    """
    _refuse_other_editions(answer)
    table, groups = read_harm_weights(weights), load_offence_groups(settings.offence_groups)
    events = _events(answer, settings)
    pairs = {
        (str(source), str(kind)): len(rows) for (source, kind), rows in events.groupby(["source", "category"])
    }
    _refuse_coarse(pairs, table, groups)
    held = {pair: weight for pair in pairs if (weight := table.of(pair[1])) is not None}
    missing = tuple((pair[1], number) for pair, number in pairs.items() if pair not in held)
    _refuse_unweighed(missing, len(events), table)
    level = answer.hotspots.method.interval
    kinds = events["source"] + ": " + events["category"]
    each = pd.Series({f"{source}: {kind}": weight for (source, kind), weight in held.items()}, dtype=float)
    counts = pd.crosstab(events["cell"], kinds).reindex(columns=each.index, fill_value=0)
    method = HarmMethod(table.source, table.dated, table.file, level, int(counts.to_numpy().sum()), missing)
    return _beside(answer, counts, each, method)


def _beside(answer: PlacesFound, counts: pd.DataFrame, each: pd.Series, method: HarmMethod) -> PlacesFound:
    cells = answer.hotspots.table
    judged = cells.loc[cells["tested"], "cell"]
    by_cell = hotspots.weigh_counts(counts.reindex(judged, fill_value=0), each, level=method.level)
    joined = cells.merge(
        by_cell.rename_axis("cell").reset_index(), on="cell", how="left", validate="one_to_one"
    )
    joined["harm_note"] = joined["harm_note"].fillna("")
    members = [counts.reindex(held, fill_value=0).sum() for held in answer.places["cells"]]
    by_place = pd.DataFrame(members, index=answer.places.index, columns=each.index)
    weighed = hotspots.weigh_counts(by_place.astype("int64"), each, level=method.level)
    finding = replace(answer.hotspots, table=joined)
    return replace(answer, hotspots=finding, places=answer.places.join(weighed), harm=method)


def _events(answer: PlacesFound, settings: Settings) -> pd.DataFrame:
    """Return the judged events: ``cell, source, category``; an event is in the cell of its earliest pin."""
    if layer_of(answer.view.sources) != RECORDED:
        raise InputError(
            "Only recorded offences are weighted by harm.",
            code="harm-needs-offences",
            seen=", ".join(answer.view.sources),
            remedy=Remedy(
                cli="Give --source nte, or leave out --weights.",
                app="Choose recorded incidents.",
                library="Ask for recorded incidents.",
            ),
        )
    ordered = select(answer.view, settings).reports.sort_values(["occurred_from", "report_id"], kind="stable")
    cell = f"cell_{answer.view.resolution}"
    first = ordered.drop_duplicates("event_id").rename(columns={cell: "cell"})
    first = first.loc[cells.lies_in(first["lon"], first["lat"], answer.area), ["cell", "source", "category"]]
    judged = answer.hotspots.table.loc[answer.hotspots.table["tested"], "cell"]
    inside: pd.DataFrame = first[first["cell"].isin(judged)].astype({"source": "str", "category": "str"})
    return inside


def _refuse_other_editions(answer: PlacesFound) -> None:
    if answer.view.edition != "police":
        raise DisclosureError(
            "Harm-weighted counts are for the police edition only.",
            code="harm-police-only",
            seen=answer.view.edition,
            remedy="Leave the weights out: a weighted sum of one to three events gives the offences away.",
        )


def _refuse_coarse(pairs: Mapping[tuple[str, str], int], table: HarmWeights, groups: OffenceGroups) -> None:
    """Refuse a weight for a kind that one weight cannot stand for, naming each with the reason."""
    told = [
        f"{kind}: {line.no_weight}"
        for source, kind in pairs
        if table.of(kind) is not None and (line := groups.of(source, kind)) is not None and line.no_weight
    ]
    if told:
        raise InputError(
            "These kinds are too coarse for one weight.",
            code="kind-too-coarse-to-weigh",
            where=table.file,
            seen="; ".join(told),
            remedy="Take them out of the table, or load exact categories and name them in the file of offence groups.",
        )


def _refuse_unweighed(missing: tuple[tuple[str, int], ...], events: int, table: HarmWeights) -> None:
    left = sum(number for _, number in missing)
    if events and left <= (1 - FEWEST_WEIGHED) * events:
        return
    share = f"{left / events:.0%} of {events:,} events have no weight" if events else "no event to weigh"
    raise InputError(
        "The table does not weigh enough of these events, so the sum would be of those that happen to have a weight.",
        code="weights-miss-kinds",
        where=table.file,
        seen=f"{share}: {', '.join(f'{kind} ({number:,})' for kind, number in missing) or 'none'}",
        remedy=Remedy(
            cli="Ask only for kinds that it weighs, with --kind, or add the others with their source and date.",
            app="Choose kinds that it weighs.",
            library="Ask only for kinds that it weighs, or add the others with their source and date.",
        ),
    )
