"""Scenarios people make, keep, compare and take back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from safespace import interventions, streets
from safespace.errors import InputError
from safespace.interventions.comparing import FREE, SAME
from safespace.interventions.scenarios import CHANGES
from safespace.pipeline.lines import lines_of, write_lines
from safespace.pipeline.networks import SYNTHETIC_STREETS, require_streets, streets_credit
from safespace.pipeline.points import walks_of
from safespace.pipeline.walks import ground
from safespace.routes import Limits, on_street_m
from safespace.routes.limits import limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import geopandas as gpd

    from safespace.interventions import Comparison, Saved, SegmentRef
    from safespace.pipeline.improvement import Improvement
    from safespace.pipeline.points import Link
    from safespace.pipeline.view import View
    from safespace.pipeline.walks import Point
    from safespace.settings import Settings
    from safespace.streets import StreetGraph

SCENARIOS = "scenarios"
HAZARDS = ("environmental", "both")


@dataclass(frozen=True)
class ScenarioCompared:
    """A scenario before and after for a list of walks, and which of its segments are no longer there."""

    name: str
    comparison: Comparison
    lines: gpd.GeoDataFrame
    gone: tuple[SegmentRef, ...]
    cards: tuple[interventions.Card, ...]
    credit: str
    synthetic: bool

    def sentences(self) -> tuple[str, ...]:
        """Say what changes, what could not be found, and what is known of the measures."""
        lost = [f"{ref.name} (way {ref.way_id})" for ref in self.gone]
        missing = (
            (f"No longer in the streets in use, so left out: {', '.join(lost)}. Save the scenario again.",)
            if lost
            else ()
        )
        return (
            *self.comparison.sentences(),
            *missing,
            "Which way people take is an assumption: the cheapest, with unlit metres counting more.",
            *(f"{card.title}: {card.text()}" for card in self.cards),
            f"{self.credit}.",
        )


def make_scenario(
    name: str,
    settings: Settings,
    *,
    changes: Mapping[str, Sequence[str]],
    closed_hours: str = "",
) -> Saved:
    """Keep a scenario, or a new version of one.

    Parameters
    ----------
    name
        What to call it.
    changes
        For each of ``light, camera, clear, close`` the segments: a segment's number, ``way:`` and an
        OpenStreetMap way, or the name of a street.
    closed_hours
        When the closed segments are closed, as ``22:00-06:00``; always when empty.

    Raises
    ------
    InputError
        When the name cannot be used, a segment is not there, or nothing would change.
    StoreError
        When no streets were imported, or the scenario cannot be written.
    """
    unknown = set(changes) - set(CHANGES)
    if unknown:
        raise InputError(
            "There is no such change.",
            code="change-unknown",
            seen=", ".join(sorted(unknown)),
            remedy=f"Choose from: {', '.join(CHANGES)}.",
        )
    graph = require_streets(settings)
    edges = {change: _edges_of(graph, changes.get(change, ())) for change in CHANGES}
    scenario = interventions.Scenario(
        name, **edges, closed_hours=closed_hours
    )  # refuses hours it cannot read
    refs: dict[str, Any] = {change: interventions.refer(graph, edges[change]) for change in CHANGES}
    return _kept(settings).save(interventions.Saved(name, **refs, closed_hours=scenario.closed_hours))


def save_fixes(made: Improvement, name: str, settings: Settings) -> Saved:
    """Keep a list of fixes as a scenario that lights its segments."""
    segments = [str(edge) for edge in made.fixes.table["segment"]]
    return make_scenario(name, settings, changes={"light": segments})


def list_scenarios(settings: Settings) -> pd.DataFrame:
    """Return one row a scenario: what it would change, when it was saved, and how much of it is gone."""
    kept = _kept(settings)
    graph = require_streets(settings)
    rows = []
    for saved in kept.all():
        _, gone = interventions.find_segments(graph, saved)
        rows.append(
            {"scenario": saved.name}
            | {change: len(getattr(saved, change)) for change in CHANGES}
            | {"closed_hours": saved.closed_hours, "saved_at": saved.saved_at}
            | {"versions": len(kept.versions(saved.name)), "gone": len(gone)}
        )
    columns = ["scenario", *CHANGES, "closed_hours", "saved_at", "versions", "gone"]
    return pd.DataFrame(rows, columns=columns)


def undo_scenario(name: str, settings: Settings) -> Saved | None:
    """Take back the last change to a scenario, deleting included; return what is now in force."""
    return _kept(settings).undo(name)


def delete_scenario(name: str, settings: Settings) -> Saved:
    """Take a scenario away; :func:`undo_scenario` brings it back."""
    return _kept(settings).delete(name)


def compare_scenarios(
    names: Sequence[str],
    links: Sequence[Link | tuple[Point | str, Point | str]],
    view: View,
    settings: Settings,
    *,
    at: datetime | None = None,
) -> tuple[ScenarioCompared, ...]:
    """Compare scenarios for the same list of walks, each with the streets as they are.

    Parameters
    ----------
    names
        Scenarios that were saved.
    links
        The walks.
    view
        Which reports count as hazards: those that give an environmental reason.
    at
        Local time of the walks: what is closed or unlit then is so before and after.

    Raises
    ------
    InputError
        When there is no scenario or no walk of that name.
    PlaceError
        When an end of a walk is unknown or too far from any street.
    StoreError
        When no streets were imported, or a scenario cannot be read.
    """
    saved = [_kept(settings).get(name) for name in dict.fromkeys(names)]
    if not saved:
        raise InputError("No scenario was named.", code="no-scenario-named", remedy="Name at least one.")
    held = ground(view, settings)
    graph = held.graph if at is None else limit(held.graph, Limits(at=at)).graph
    walks = walks_of(links, graph, settings)
    environmental = held.events["category"].isin(HAZARDS).to_numpy(float)
    hazards = np.asarray(held.operator @ environmental, float) / on_street_m(settings.routes)
    found, assumed, out = interventions.Searches(), settings.improvement, []
    for one in saved:
        scenario, gone = interventions.find_segments(held.graph, one)
        comparison = interventions.compare_walks(
            graph,
            scenario,
            walks,
            hazards=hazards,
            unknown_prior=assumed.priors(),
            unlit_price=assumed.unlit_price,
            at=at.time() if at else None,
            searches=found,
        )
        credit = streets_credit(settings)
        out.append(
            ScenarioCompared(
                one.name,
                comparison,
                lines_of(graph, comparison.segments),
                gone,
                tuple(interventions.CARDS[change] for change in CHANGES if getattr(one, change)),
                credit,
                synthetic=credit == SYNTHETIC_STREETS or held.synthetic,
            )
        )
    return tuple(out)


def side_by_side(compared: Sequence[ScenarioCompared]) -> pd.DataFrame:
    """Return scenarios beside one another: metres gained on the walks as they are, and free to change."""
    rows = []
    for one in compared:
        walks = one.comparison.walks
        row: dict[str, object] = {"scenario": one.name}
        for told, compared_as in (("same walks", SAME), ("free to change", FREE)):
            part = walks[walks["compared"] == compared_as]
            for name in ("lit_m", "unlit_m", "camera_m", "hazards", "length_m"):
                row[f"{name}, {told}"] = float((part[f"{name}_change"] * part["people"]).sum())
        row |= {"no way left": len(one.comparison.no_way), "unchanged": len(one.comparison.unchanged)}
        rows.append(row | {"segments gone": len(one.gone)})
    return pd.DataFrame(rows)


def write_scenario(compared: ScenarioCompared, path: Path) -> Path:
    """Write the segments of a comparison as CSV, GeoJSON or GeoPackage, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    return write_lines(
        compared.lines,
        path,
        credit=compared.credit,
        synthetic=compared.synthetic,
        notes=compared.sentences(),
        lit="lit_after",
    )


def _kept(settings: Settings) -> interventions.Scenarios:
    return interventions.Scenarios(settings.store / SCENARIOS)


def _edges_of(graph: StreetGraph, keys: Sequence[str]) -> tuple[int, ...]:
    """Return the segments named by number, by way or by street, each once."""
    names = pd.Series(streets.labels(graph)).str.casefold()
    edges: list[int] = []
    for text in keys:
        word = text.strip()
        if word.isdecimal():
            found = [int(word)] if int(word) < graph.edges else []
        elif word.lower().startswith("way:") and word[4:].strip().isdecimal():
            found = np.flatnonzero(graph.way_id.astype(str) == word[4:].strip()).tolist()
        else:
            found = np.flatnonzero(names == word.casefold()).tolist()
        if not found:
            raise InputError(
                "There is no such segment in these streets.",
                code="segment-unknown",
                seen=word,
                remedy=f"Give a segment's number (0 to {graph.edges - 1:,}), way: and a number, or a street's "
                f"name{_close(graph, word)}.",
            )
        edges += found
    return tuple(dict.fromkeys(edges))


def _close(graph: StreetGraph, word: str) -> str:
    close = sorted({name for name in graph.names if name and word.casefold() in name.casefold()})[:5]
    return f" such as {', '.join(close)}" if close and word else ""
