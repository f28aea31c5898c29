"""Corridors between hubs, venues and halls: streets by how many would pass, stops, and what to look at on site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from safespace import corridors, interventions, streets
from safespace.briefs import exports
from safespace.briefs.checklists import write_checklist_html
from safespace.display import in_html, in_short
from safespace.errors import FileError, InputError, PlaceError
from safespace.pipeline.catalog import landmarks
from safespace.pipeline.lines import lines_of, write_lines
from safespace.pipeline.networks import SYNTHETIC_STREETS
from safespace.pipeline.points import Spot
from safespace.pipeline.walks import find_point, ground
from safespace.schemas import LIGHTING
from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from safespace.pipeline.view import View
    from safespace.pipeline.walks import Point
    from safespace.settings import Settings

TRADE_OFFS: Final = (0.0, 0.5, 1.0, 2.0)
NEAR_M: Final = 50.0
MOST_PLACES: Final = 400
MOST_SHOWN: Final = 50
OWNERS_ONLY: Final = "For the owners of the streets and their lighting; not for publication."


@dataclass(frozen=True, kw_only=True)
class CorridorMethod:
    """How walks were sent and stops described.

    Parameters
    ----------
    trade_offs
        How much dearer an unlit metre is to each kind of walker.
    unknown_prior
        Share of streets without mapped lighting taken to be unlit: one, or one for each kind of street.
    snap_limit_m
        Furthest a place may be from a street, metres.
    near_m, last_m
        How near to a street a report near a stop is, and how far from the stop that street, metres.
    shown
        Segments on the checklist.
    """

    trade_offs: tuple[float, ...]
    unknown_prior: float | Mapping[str, float]
    snap_limit_m: float
    near_m: float
    last_m: float
    shown: int


@dataclass(frozen=True)
class CorridorsFound:
    """Streets between two sets of places by how many would pass, the stops among them, and a checklist.

    Parameters
    ----------
    segments
        One row a street segment that anybody passes, most passed first, with its line (EPSG:4326):
        ``segment, way_id, name, lit, length_m, people`` (mean over the trade-offs), ``share`` of all walks,
        and ``people_at_…`` for each trade-off.
    pairs
        One row a pair: ``origin, destination, connected, shortest_m``.
    stops
        The last 400 m of every place (:func:`safespace.corridors.around_stops`).
    checklist
        What to look at on site, for the segments most passed (:func:`safespace.corridors.checklist`).
    method
        How all of it was made.
    notes, credit, synthetic
        What belongs beside the figures.
    """

    segments: gpd.GeoDataFrame
    pairs: pd.DataFrame
    stops: pd.DataFrame
    checklist: pd.DataFrame
    method: CorridorMethod
    notes: tuple[str, ...]
    credit: str
    synthetic: bool

    __repr__ = in_short
    _repr_html_ = in_html


def places_of(wanted: Sequence[str | Point | Spot], settings: Settings) -> list[Spot]:
    """Return places by name, by position, or every landmark of a kind (``kind:rail_station``), each once.

    Raises
    ------
    PlaceError
        When no landmark has the name or the kind, listing the kinds there are.
    """
    known = landmarks(settings)
    found: list[Spot] = []
    for one in wanted:
        if isinstance(one, Spot):
            found.append(one)
        elif isinstance(one, str) and one.strip().lower().startswith("kind:"):
            kind = one.strip()[5:].strip().lower()
            some = known[known["kind"] == kind]
            if some.empty:
                kinds = ", ".join(sorted(set(known["kind"])))
                raise PlaceError(
                    "No named landmark is of this kind.",
                    code="landmark-kind-unknown",
                    seen=kind,
                    remedy=f"Choose from: {kinds}." if kinds else "Import streets or stops first.",
                )
            whole = zip(some["name"], some["lon"], some["lat"], some["kind"], strict=True)
            found += [Spot(str(name), float(lon), float(lat), str(kind)) for name, lon, lat, kind in whole]
        else:
            name, (lon, lat) = find_point(one, settings)
            found.append(Spot(name, lon, lat))
    return list(dict.fromkeys(found))


def find_corridors(
    origins: Sequence[str | Point | Spot],
    destinations: Sequence[str | Point | Spot],
    view: View,
    settings: Settings,
    *,
    trade_offs: Sequence[float] = TRADE_OFFS,
    shown: int = MOST_SHOWN,
) -> CorridorsFound:
    """Find the streets that walks between two sets of places would share.

    Parameters
    ----------
    origins, destinations
        Names of landmarks, positions, ``kind:`` and a kind of landmark, or :class:`Spot`.
    view
        Which reports are counted near stops.
    trade_offs
        How much dearer an unlit metre is to each kind of walker; 0 takes the shortest way. All count alike.
    shown
        How many segments to put on the checklist.

    Raises
    ------
    StoreError
        When no streets were imported.
    PlaceError
        When a name or kind is unknown, or no place of a set is near a street.
    InputError
        When a set is empty or too large, or a trade-off is negative.
    """
    _refuse_odd(trade_offs, shown)
    held = ground(view.but(edition="police"), settings)  # what was counted is hidden below
    sides = [places_of(side, settings) for side in (origins, destinations)]
    found = corridors_between(
        held.graph, sides[0], sides[1], settings, reports=held.events, trade_offs=trade_offs, shown=shown
    )
    police = view.edition == "police"
    return replace(
        found,
        stops=found.stops if police else found.stops.assign(reports_within_reach=Label.HIDDEN.sentence),
        notes=(*found.notes, *(held.notes if police else ())),
        credit=held.credit,
        synthetic=held.synthetic or held.credit == SYNTHETIC_STREETS,
    )


def corridors_between(
    graph: streets.StreetGraph,
    origins: Sequence[Spot],
    destinations: Sequence[Spot],
    settings: Settings,
    *,
    reports: pd.DataFrame,
    trade_offs: Sequence[float] = TRADE_OFFS,
    shown: int = MOST_SHOWN,
) -> CorridorsFound:
    """Find the streets that walks between two sets of places would share, on streets already read.

    Parameters
    ----------
    reports
        ``lon``, ``lat`` (degrees, EPSG:4326) of the events counted near stops.
    trade_offs, shown
        As for :func:`find_corridors`.

    Returns
    -------
    CorridorsFound
        Without credit: whoever read the streets knows whom to name.

    Raises
    ------
    PlaceError, InputError
        As :func:`find_corridors`.
    """
    _refuse_odd(trade_offs, shown)
    sides = [list(origins), list(destinations)]
    (here, start), (there, stop) = (_placed(graph, side, settings) for side in sides)
    apart = (start[:, None] != stop[None, :]).astype(float)
    weights = [*_prices(graph, trade_offs, settings), graph.length_m]
    found = corridors.corridor_load(graph, start, stop, weights, people=apart)
    loads, metres = found.load[:-1], found.cost[-1]
    reached = np.isfinite(metres) & (apart > 0)
    if not reached.any():
        raise PlaceError(
            "No two of these places are apart and connected.",
            code="places-not-apart",
            seen=f"{len(here)} by {len(there)} places",
            remedy="Choose places further apart on the same connected streets.",
        )
    segments = _segments(graph, loads, trade_offs, int(reached.sum()))
    how = _method(trade_offs, shown, settings)
    left_out = [len(sides[0]) - len(here), len(sides[1]) - len(there)]
    return CorridorsFound(
        segments=segments,
        pairs=_pairs(here, there, metres, apart > 0),
        stops=_stops([*sides[0], *sides[1]], graph, reports, settings),
        checklist=corridors.checklist(
            graph, segments["segment"].head(shown).to_numpy(), people=loads.mean(axis=0)
        ),
        method=how,
        notes=_notes(how, apart > 0, reached, left_out),
        credit="",
        synthetic=False,
    )


def _method(trade_offs: Sequence[float], shown: int, settings: Settings) -> CorridorMethod:
    return CorridorMethod(
        trade_offs=tuple(map(float, trade_offs)),
        unknown_prior=settings.improvement.priors(),
        snap_limit_m=settings.routes.snap_limit_m,
        near_m=NEAR_M,
        last_m=corridors.LAST_M,
        shown=shown,
    )


def _prices(graph: streets.StreetGraph, trade_offs: Sequence[float], settings: Settings) -> list[np.ndarray]:
    prior = settings.improvement.priors()
    return [
        interventions.walking_cost(graph, unknown_prior=prior, unlit_price=float(price))
        for price in trade_offs
    ]


def _refuse_odd(trade_offs: Sequence[float], shown: int) -> None:
    if not trade_offs or any(not 0 <= price <= 10 for price in trade_offs) or not 0 < shown <= 1000:
        raise InputError(
            "The corridors cannot be made.",
            code="corridors-options",
            seen=f"trade-offs {', '.join(f'{price:g}' for price in trade_offs) or 'none'}; {shown} shown",
            remedy="Give trade-offs from 0 to 10, and from 1 to 1,000 segments to show.",
        )


def write_corridors(answer: CorridorsFound, path: Path) -> Path:
    """Write segments as GeoJSON, GeoPackage or CSV, or the checklist as a page to print (``.html``).

    Parameters
    ----------
    path
        Its ending says which; a CSV whose name ends in ``stops``, ``pairs`` or ``checklist`` holds that table.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    if path.suffix.lower() == ".html":
        return write_checklist_html(
            answer.checklist,
            path,
            title="Site-audit checklist",
            credit=answer.credit,
            notes=(OWNERS_ONLY, *answer.notes),
            synthetic=answer.synthetic,
        )
    tables = {"stops": answer.stops, "pairs": answer.pairs, "checklist": answer.checklist}
    named = next((table for name, table in tables.items() if path.stem.lower().endswith(name)), None)
    if path.suffix.lower() == ".csv" and named is not None:
        return exports.write_csv(named, path, credit=answer.credit, synthetic=answer.synthetic)
    if path.suffix.lower() not in (".csv", ".geojson", ".gpkg"):
        raise FileError(
            "Nothing is written in this kind of file.",
            code="output-kind-unknown",
            where=path,
            remedy="Choose from: .csv, .geojson, .gpkg, .html.",
        )
    return write_lines(
        answer.segments,
        path,
        credit=answer.credit,
        synthetic=answer.synthetic,
        notes=(OWNERS_ONLY, *answer.notes),
    )


def _placed(
    graph: streets.StreetGraph, side: list[Spot], settings: Settings
) -> tuple[list[Spot], np.ndarray]:
    if not 0 < len(side) <= MOST_PLACES:
        raise InputError(
            "A set of places is empty." if not side else "A set of places is too large.",
            code="place-set-empty" if not side else "place-set-too-large",
            seen=f"{len(side):,} places",
            remedy=f"Name from 1 to {MOST_PLACES} places on either side.",
        )
    limit_m = settings.routes.snap_limit_m
    nodes, _ = corridors.snap(graph, [s.lon for s in side], [s.lat for s in side], limit_m=limit_m)
    if (nodes < 0).all():
        raise PlaceError(
            f"No street within {limit_m:,.0f} m of any of these places.",
            code="places-without-street",
            seen=", ".join(spot.name for spot in side[:5]),
            remedy="Choose places nearer to streets, or load the streets there.",
        )
    return [spot for spot, node in zip(side, nodes, strict=True) if node >= 0], nodes[nodes >= 0]


def _stops(
    spots: list[Spot], graph: streets.StreetGraph, reports: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    bearing = streets.proximity_operator(
        graph, reports["lon"], reports["lat"], decay_m=NEAR_M, reach_m=NEAR_M
    )
    every = pd.DataFrame([vars(spot) for spot in dict.fromkeys(spots)])
    limit_m = settings.routes.snap_limit_m
    return corridors.around_stops(graph, every, limit_m=limit_m, bearing=bearing)


def _segments(
    graph: streets.StreetGraph, loads: np.ndarray, trade_offs: Sequence[float], walks: int
) -> gpd.GeoDataFrame:
    people = loads.mean(axis=0)
    edges = np.flatnonzero(people)
    edges = edges[np.lexsort((edges, -people[edges]))]
    table = pd.DataFrame(
        {
            "segment": edges,
            "way_id": graph.way_id[edges],
            "name": streets.labels(graph)[edges],
            "lit": np.asarray(LIGHTING, object)[graph.lit[edges]],
            "length_m": graph.length_m[edges],
            "people": people[edges],
            "share": people[edges] / walks,
            **{f"people_at_{price:g}": load[edges] for price, load in zip(trade_offs, loads, strict=True)},
        }
    )
    return lines_of(graph, table)


def _pairs(here: list[Spot], there: list[Spot], metres: np.ndarray, apart: np.ndarray) -> pd.DataFrame:
    rows = [
        {
            "origin": a.name,
            "destination": b.name,
            "connected": bool(np.isfinite(metres[i, j])),
            "shortest_m": float(metres[i, j]) if np.isfinite(metres[i, j]) else float("nan"),
        }
        for i, a in enumerate(here)
        for j, b in enumerate(there)
        if apart[i, j]
    ]
    return pd.DataFrame(rows, columns=["origin", "destination", "connected", "shortest_m"])


def _notes(how: CorridorMethod, apart: np.ndarray, reached: np.ndarray, far: list[int]) -> tuple[str, ...]:
    cut = int(apart.sum() - reached.sum())
    counts_as = ", ".join(f"{1 + price:g}" for price in how.trade_offs)
    prior = interventions.prior_in_words(how.unknown_prior)
    walks = f"{int(reached.sum()):,} walks, one for each pair of places, at {len(how.trade_offs)} trade-offs"
    told = [
        f"{walks}: an unlit metre counts as {counts_as} m; where lighting is not mapped, {prior}.",
        "Loads are what people would walk if they took the cheapest way; they are not counts of people.",
        f"Reports near a stop are events within {how.near_m:g} m of a street reached in {how.last_m:g} m.",
    ]
    if cut:
        told.append(f"{cut:,} pairs have no way between them.")
    if any(far):
        told.append(f"{sum(far):,} places are too far from any street and are left out.")
    return tuple(told)
