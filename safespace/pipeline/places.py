"""Where reports are really more than usual: counting, places and what lies behind each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from safespace import cells, hotspots, maps, streets
from safespace.display import in_html, in_short
from safespace.engine import open_engine
from safespace.errors import AreaError, InputError, Remedy, SafeSpaceError, TooFewError
from safespace.pipeline.baselines import ALWAYS_THERE, BASELINES
from safespace.pipeline.exposures import baseline_note, exposure
from safespace.pipeline.kinds import held_kinds, sources_telling
from safespace.pipeline.loading import area_outline, version
from safespace.pipeline.networks import load_streets, streets_credit
from safespace.pipeline.selection import (
    count_events,
    count_months,
    factor_shares,
    hours_of_week,
    is_private,
    same_event_distances,
    select,
)
from safespace.pipeline.view import FOUND_BY
from safespace.registry import FELT, RECORDED, SOURCES, layer_of, of_layer, titles
from safespace.schemas import CELLS
from safespace.store import Store
from safespace.tone import ABSENCE, Label, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from safespace.cells import Beyond
    from safespace.hotspots import Hotspots
    from safespace.pipeline.harm import HarmMethod
    from safespace.pipeline.selection import Selection
    from safespace.pipeline.view import View
    from safespace.settings import Settings

MOST_UNCOVERED = 0.2  # of the events; past this the cells that are covered look high for want of the others
HOW_FIGURES_DIFFER = (
    "A place's figure is its own count over what is usual there, with an interval that allows for its having been "
    "chosen; a cell's is its rate as all cells together give it. So one cell that is a place has two."
)
LANDMARK_REACH_M = 400.0
FEW_TO_REST_ON = 10  # events that one person reporting over months has been seen to send
COUNTED_TWICE = (
    "An incident that several of the recorded sources hold counts once in each: they share no number."
)
MOST_TRIED = 30
PARTS: tuple[hotspots.stability.Part, ...] = ("day", "week", "origin")
NO_WORDING = (
    "The wording of reports is not kept: reports look like one origin where the spot (10 m) and either the "
    "reasons or the hour agree. They may be one person, one address or one corner."
)
NO_SPOTS = "Places of these reports are shared map points, so that what has one origin cannot be told."
ONE_KIND = "Only recorded incidents have kinds of offence: public reports are of every reason."


@dataclass(frozen=True)
class PlacesFound:
    """The answer to a :class:`View`: every cell judged, the places that stand out, and the small print.

    Parameters
    ----------
    view, area_name, area
        The question and the polygon it was asked of (EPSG:4326).
    hotspots
        Every cell (:data:`safespace.schemas.HOTSPOTS`), with baseline and sample size.
    places
        Cells higher than usual that belong together, ranked: ``place`` (1 first), ``name``, ``cells`` (a list),
        and the columns of :func:`safespace.hotspots.places`.
    names
        Street names by cell, for the cells with events.
    other
        The same cells against a second baseline, or ``None`` when the store has only one.
    pins, events
        Reports and events inside the area.
    beyond
        Whether the data go on past the area's outline.
    since, until
        First and last day of the reports used (local), or ``None`` when there are none.
    synthetic
        The reports are made up.
    notes
        Sentences that belong beside the map.
    credits
        Attributions that belong on everything drawn from this.
    version
        Fingerprint of what the answer rests on.
    unlisted
        How many more places are higher than usual than ``places`` lists.
    harm
        How harm-weighted counts beside it were made, or ``None`` where there are none.
    same_event_m
        Distances, metres, within which pins became one event when they were loaded; none where not recorded.
    """

    view: View
    area_name: str
    area: BaseGeometry
    hotspots: Hotspots
    places: pd.DataFrame
    names: dict[int, str]
    other: Hotspots | None
    pins: int
    events: int
    beyond: Beyond
    since: date | None
    until: date | None
    synthetic: bool
    notes: tuple[str, ...]
    credits: tuple[str, ...]
    version: str
    unlisted: int = 0
    harm: HarmMethod | None = None
    same_event_m: tuple[float, ...] = ()

    __repr__ = in_short
    _repr_html_ = in_html

    @property
    def credit(self) -> str:
        """Every attribution, in one line."""
        return ". ".join(self.credits)


@dataclass(frozen=True)
class CellStory:
    """What lies behind one cell: sentences, shares of reasons with intervals, hours of the week.

    ``method`` is the finding's; the shares have its intervals. ``hours`` has shape (7, 24), Monday first, and sums to the number of events with a usable hour; ``smooth`` is
    the same smoothed round the week, for drawing.
    """

    cell: int
    name: str
    sentences: tuple[str, ...]
    shares: pd.DataFrame
    method: hotspots.HotspotMethod
    hours: NDArray[np.float64]
    smooth: NDArray[np.float64]
    checks: tuple[str, ...]


def count_cells(view: View, settings: Settings) -> pd.DataFrame:
    """Count the reports of a view in every cell of its area, zero cells included.

    Returns
    -------
    pandas.DataFrame
        :data:`safespace.schemas.CELLS`, the view's baseline as ``exposure``; all of what lies inside the area,
        and round it the cells just outside, flagged ``edge``.
    """
    return count_window(view, settings)[list(CELLS.columns)]


def count_window(view: View, settings: Settings) -> pd.DataFrame:
    """Count as :func:`count_cells`, keeping beside each cell the ground of the area in it."""
    _, area = area_outline(view.area, Store.open(settings.store))
    return _asked(area, view, settings)


def count_monthly(view: View, settings: Settings) -> pd.DataFrame:
    """Count the reports of a view by cell, month and source, in the cells of its area that have any.

    Returns
    -------
    pandas.DataFrame
        ``cell, month`` (its first day), ``source`` and ``pins``, sorted.

    Raises
    ------
    AreaError
        When the area is not loaded, or no report falls inside.
    """
    name, area = area_outline(view.area, Store.open(settings.store))
    window = cells.study_window(area, resolution=view.resolution)
    held = count_months(view, window, settings)
    if held.empty:
        raise AreaError(
            "No report falls inside this area.",
            code="no-report-in-area",
            where=name,
            seen=f"{int(select(view, settings).reports.shape[0]):,} reports elsewhere",
            remedy="Widen the dates and sources, or choose another area.",
        )
    return held


def _refuse_thin_baseline(counted: pd.DataFrame, view: View) -> None:
    """Refuse a baseline that is missing where many of the reports are: every other cell would look high."""
    inside = counted[~counted["edge"]]
    bare = inside["exposure"] == 0
    lost = inside.loc[bare, "events"].sum() / max(inside["events"].sum(), 1)
    if lost > MOST_UNCOVERED:
        raise InputError(
            "This baseline does not cover the area.",
            code="baseline-not-covering",
            where=BASELINES[view.baseline].words,
            seen=f"none of it in {int(bare.sum()):,} of {len(inside):,} cells, which hold {lost:.0%} of the events",
            remedy="Load it for the whole area, choose a smaller area, or compare with the area of the cell.",
        )


def _asked(area: BaseGeometry, view: View, settings: Settings) -> pd.DataFrame:
    """Count what a view asks for, in every cell of an area, beside its baseline."""
    window = cells.study_window(area, resolution=view.resolution)
    counted = count_events(view, window, settings)
    return cells.add_exposure(counted, exposure(view.baseline, window, view, settings))


def _counted(reports: pd.DataFrame, area: BaseGeometry, view: View, settings: Settings) -> pd.DataFrame:
    """Count rows that were chosen otherwise than by a view."""
    window = cells.study_window(area, resolution=view.resolution)
    engine = open_engine(settings.engine)
    counted = cells.count(reports, window, resolution=view.resolution, engine=engine)
    return cells.add_exposure(counted, exposure(view.baseline, window, view, settings))


def find_places(view: View, settings: Settings) -> PlacesFound:
    """Find where reports are higher than usual in an area, with the figures behind every cell.

    Parameters
    ----------
    view
        The question.
    settings
        Rates, intervals and where the store is.

    Raises
    ------
    AreaError
        When the area is not loaded, or holds no reports at all.
    InputError
        When the question mixes layers, or the store cannot serve the baseline.
    TooFewError
        When there are too few events for any place to stand out, saying how many would be enough.
    """
    store = Store.open(settings.store)
    name, area = area_outline(view.area, store)
    chosen = select(view, settings)
    counted = cells.require_reports(_asked(area, view, settings), area=name)
    _refuse_thin_baseline(counted, view)
    second = _recorded_layer(area, view, settings)
    found = _find(counted, view.baseline, chosen, view, settings, second=second)
    other = _against_another(counted, chosen, view, settings)
    names = name_cells(chosen.reports, view.resolution, settings)
    synthetic = is_synthetic(store)
    told, more = _numbered_places(found, names, settings.hotspots.places_listed)
    return PlacesFound(
        view=view,
        area_name=name,
        area=area,
        hotspots=found,
        places=told,
        unlisted=more,
        names=names,
        other=other,
        pins=found.pins,
        events=found.events,
        beyond=cells.data_beyond(found.table),
        since=chosen.since,
        until=chosen.until,
        synthetic=synthetic,
        notes=(
            _two_baselines(told, other),
            *chosen.sentences(),
            *_not_listed(told, more),
            *_resting_on_few(told),
            *_small_print(found, view, settings),
        ),
        credits=credits_of(view, settings, synthetic=synthetic),
        version=version(settings),
        same_event_m=same_event_distances(view, settings),
    )


def _find(
    counted: pd.DataFrame,
    baseline: str,
    chosen: Selection,
    view: View,
    settings: Settings,
    second: Hotspots | None = None,
) -> Hotspots:
    period = (str(chosen.since), str(chosen.until)) if chosen.since else None
    found = hotspots.find_hotspots(
        counted,
        baseline=BASELINES[baseline].words,
        # Incidents vary by chance as reports do; taken as known, they would give false places.
        counted_baseline=BASELINES[baseline].counted,
        settings=settings.hotspots,
        dispersion=_month_dispersion(chosen, counted),
        second=second,
        period=period,
        sources=view.sources,
    )
    return replace(found, method=found.method.but(kinds=chosen.kinds))


def _month_dispersion(chosen: Selection, counted: pd.DataFrame) -> float | None:
    """Return how much more the cells' counts vary between whole months than by chance, or None where none can tell."""
    if chosen.since is None or chosen.until is None:
        return None
    try:
        by_month = hotspots.count_by_period(chosen.reports, counted)
        whole, _ = hotspots.whole_periods(by_month, chosen.since, chosen.until)
        return hotspots.clear_dispersion(whole)
    except TooFewError:
        return None


def _recorded_layer(area: BaseGeometry, view: View, settings: Settings) -> Hotspots | None:
    """Return the recorded incidents judged on the same cells, when people's reports are asked for."""
    if layer_of(view.sources) != FELT:
        return None
    recorded = view.but(sources=of_layer(RECORDED), factor="", kinds=())
    if BASELINES[recorded.baseline].made_of == RECORDED:
        recorded = recorded.but(baseline=ALWAYS_THERE)
    chosen = select(recorded, settings)
    if chosen.reports.empty:
        return None
    try:
        return _find(_asked(area, recorded, settings), recorded.baseline, chosen, recorded, settings)
    except TooFewError:
        return None


@dataclass(frozen=True)
class Agreement:
    """Where what people felt and what was recorded agree: two findings on the same cells, never added.

    ``agreed`` is :func:`safespace.hotspots.agree`'s without the cells at the edge, ``table`` its table; ``felt`` and ``recorded`` are the
    findings it is made of, each with its own sample; ``names`` has a name for each cell with reports of either.
    The other fields are those of :class:`PlacesFound`.
    """

    view: View
    area_name: str
    area: BaseGeometry
    agreed: hotspots.Agreed
    felt: Hotspots
    recorded: Hotspots
    names: dict[int, str]
    synthetic: bool
    notes: tuple[str, ...]
    credits: tuple[str, ...]
    version: str
    unlisted: int = 0

    __repr__ = in_short
    _repr_html_ = in_html

    @property
    def credit(self) -> str:
        """Every attribution, in one line."""
        return ". ".join(self.credits)

    @property
    def table(self) -> pd.DataFrame:
        """One row a cell of the area."""
        return self.agreed.table

    def counts(self) -> dict[str, int]:
        """Return how many cells are of each class."""
        held = self.table["agreement"].value_counts()
        return {name: int(held.get(name, 0)) for name in hotspots.AGREEMENT}


def find_agreement(view: View, settings: Settings) -> Agreement:
    """Say of each cell whether public reports, recorded incidents, both or neither are higher than usual.

    Parameters
    ----------
    view
        The question. Its sources are not asked: felt is StreetSafe, recorded is everything else that is loaded.
        Both are held against its baseline, each with its own number of events.
    settings
        Rates, intervals and where the store is.

    Raises
    ------
    InputError
        When the baseline is one of the two layers, or the store cannot serve it.
    TooFewError
        When one of the layers has too few events for any place to stand out, saying which.
    """
    if BASELINES[view.baseline].made_of in (FELT, RECORDED):
        raise InputError(
            "Recorded incidents cannot be both a layer and the baseline.",
            code="baseline-is-a-layer",
            seen=BASELINES[view.baseline].words,
            remedy="Compare with streets, the area of the cell, premises or residents.",
        )
    store = Store.open(settings.store)
    name, area = area_outline(view.area, store)
    asked = [view.but(sources=of_layer(FELT), kinds=()), _recorded_alone(view, settings)]
    chosen = [select(one, settings) for one in asked]
    felt, recorded = (_layer(area, one, rows, settings) for one, rows in zip(asked, chosen, strict=True))
    agreed = hotspots.agree(felt, recorded)
    inside = ~felt.table["edge"].to_numpy()
    reports = pd.concat([rows.reports for rows in chosen], ignore_index=True)
    synthetic = is_synthetic(store)
    return Agreement(
        view=view,
        area_name=name,
        area=area,
        agreed=replace(agreed, table=agreed.table[inside].reset_index(drop=True)),
        felt=felt,
        recorded=recorded,
        names=name_cells(reports, view.resolution, settings),
        synthetic=synthetic,
        notes=_agreement_notes(felt, recorded, chosen, view, settings),
        credits=credits_of(
            view.but(sources=(*of_layer(FELT), *of_layer(RECORDED))), settings, synthetic=synthetic
        ),
        version=version(settings),
    )


def _recorded_alone(view: View, settings: Settings) -> View:
    """Return the question of recorded incidents; of some kinds only, of the sources that can tell those."""
    sources = of_layer(RECORDED)
    if view.kinds:
        held = {source for source, _ in held_kinds(sources, settings)}
        telling = sources_telling(sources, view.kinds, settings)
        sources = tuple(s for s in telling if s in held) or tuple(s for s in sources if s in held) or sources
    return view.but(sources=sources, factor="")


def _layer(area: BaseGeometry, view: View, chosen: Selection, settings: Settings) -> Hotspots:
    layer = layer_of(view.sources).title
    counted = cells.require_reports(_asked(area, view, settings), area=layer)
    _refuse_thin_baseline(counted, view)
    try:
        return _find(counted, view.baseline, chosen, view, settings)
    except TooFewError as problem:
        raise problem.located(f"{layer}, {problem.where}") from problem


def _agreement_notes(
    felt: Hotspots, recorded: Hotspots, chosen: Sequence[Selection], view: View, settings: Settings
) -> tuple[str, ...]:
    layers = {"Public reports": felt, "Recorded incidents": recorded}
    said = [f"{name}: {layer.basis()}" for name, layer in layers.items()]
    said += [f"{name}: {cells.data_beyond(layer.table).sentence()}" for name, layer in layers.items()]
    if note := baseline_note(view.baseline, settings):
        said.append(note)
    if view.kinds:
        said.append(f"{ONE_KIND} Recorded incidents are those of: {titles(recorded.sources)}.")
    if len(set(chosen[1].reports["source"])) > 1:
        said.append(COUNTED_TWICE)
    aside = [sentence for rows in chosen for sentence in rows.sentences()]
    return (*said, *dict.fromkeys(aside), "The two layers are never added together.", ABSENCE)


def _against_another(
    counted: pd.DataFrame, chosen: Selection, view: View, settings: Settings
) -> Hotspots | None:
    """Judge the same counts against the next baseline the store can serve; two are always compared."""
    for baseline in BASELINES:
        if baseline == view.baseline:
            continue
        try:
            swapped = cells.add_exposure(counted, exposure(baseline, counted, view, settings))
            return _find(swapped, baseline, chosen, view, settings)
        except SafeSpaceError:
            continue
    return None


def _two_baselines(places: pd.DataFrame, other: Hotspots | None) -> str:
    """Say how many of the places are higher against the second baseline too: a finding changes with it."""
    if other is None:
        return "There is no second baseline to compare with."
    hot = set(other.hot.tolist())
    too = sum(bool(hot & set(cells)) for cells in places["cells"])
    of_all = maps.count_in_words(len(places), "place")
    return f"Against {other.baseline}, {too} of {of_all} would be higher too."


def _numbered_places(finding: Hotspots, names: dict[int, str], most: int) -> tuple[pd.DataFrame, int]:
    """Return the places numbered in order of rank, each with its name, and how many more are higher and not listed."""
    every = hotspots.places(finding)
    ranked = hotspots.shorten(every, finding, most=most)
    numbered = ranked.assign(
        place=range(1, len(ranked) + 1),
        name=[
            next((names[cell] for cell in (core, *members) if cell in names), f"Cell {core:x}")
            for core, members in zip(ranked["core_cell"].tolist(), ranked["cells"], strict=True)
        ],
    )
    return numbered, len(every) - len(ranked)


def _not_listed(places: pd.DataFrame, more: int) -> tuple[str, ...]:
    """Say how the list was shortened, where it was."""
    if not more:
        return ()
    which = (
        f"surely (by {percent(hotspots.SURE)}) among the densest hundredth of the cells"
        if (places["p_top"] >= hotspots.SURE).all()
        else "first in the order of what is foretold there"
    )
    listed = maps.count_in_words(len(places), "place")
    return (
        (
            f"Listed: {listed}, {which}. {more:,} more "
            f"{'is' if more == 1 else 'are'} higher than usual: the map and the files of cells show them."
        ),
    )


def name_cells(reports: pd.DataFrame, resolution: int, settings: Settings) -> dict[int, str]:
    """Name each cell with reports after the streets nearest to the middle of its reports.

    Where no street is known, after the nearest landmark; where there is none either, by its H3 text.
    """
    middles = reports.groupby(f"cell_{resolution}")[["lon", "lat"]].mean()
    graph = load_streets(settings)
    if graph is None:
        texts = _landmark_names(middles, settings)
    else:
        texts = list(map(str, streets.place_names(graph, middles["lon"], middles["lat"])))
    return {int(cell): text or f"Cell {int(cell):x}" for cell, text in zip(middles.index, texts, strict=True)}


def _landmark_names(middles: pd.DataFrame, settings: Settings) -> list[str]:
    """Return "Near" and the nearest landmark within reach of each point, or nothing."""
    held = Store.open(settings.store).assets()
    named = held[held["name"].fillna("") != ""]
    if named.empty or middles.empty:
        return [""] * len(middles)
    both = pd.concat([named[["lon", "lat"]], middles])
    metres, _ = cells.to_metres(both["lon"], both["lat"])
    away_m, nearest = cKDTree(metres[: len(named)]).query(metres[len(named) :])
    names = named["name"].to_numpy()[nearest]
    reached = np.asarray(away_m) <= LANDMARK_REACH_M
    return [f"Near {name}" if near else "" for name, near in zip(names, reached, strict=True)]


def is_synthetic(store: Store) -> bool:
    """Say whether the reports in force are made up."""
    loads = store.loads()
    return bool(loads.loc[loads["status"] == "loaded", "synthetic"].any())


def _resting_on_few(places: pd.DataFrame) -> tuple[str, ...]:
    """Say of which places counts cannot tell many people from a few who reported again and again."""
    few = places[places["rests_on"] <= FEW_TO_REST_ON]
    if few.empty:
        return ()
    noun = "Place" if len(few) == 1 else "Places"
    verb = "rests" if len(few) == 1 else "rest"
    which = ", ".join(str(number) for number in few["place"])
    return (
        (
            f"{noun} {which} {verb} on {FEW_TO_REST_ON} events or fewer: a few people could have made the difference. "
            "Who reported, when and in what words tells; counts cannot."
        ),
    )


def _small_print(finding: Hotspots, view: View, settings: Settings) -> tuple[str, ...]:
    said = [finding.basis(), HOW_FIGURES_DIFFER]
    if note := baseline_note(view.baseline, settings):
        said.append(note)
    if finding.left_out:
        left = maps.count_in_words(finding.left_out, "event")
        said.append(f"Not judged, in cells inside the area that have nothing of the baseline: {left}.")
    said.append(cells.data_beyond(finding.table).sentence())
    for source in map(SOURCES.__getitem__, view.sources):
        said += [source.times_note, source.place_note]
    said.append(f"Rows counted: {FOUND_BY[view.found_by]}.")
    return (*filter(None, said), ABSENCE)


def credit_of(view: View, settings: Settings, *, synthetic: bool) -> str:
    """Return the attribution that belongs on everything drawn for a view."""
    return ". ".join(credits_of(view, settings, synthetic=synthetic))


def credits_of(view: View, settings: Settings, *, synthetic: bool) -> tuple[str, ...]:
    """Return each credit that belongs on everything drawn for a view."""
    parts = ["Synthetic data"] if synthetic else []
    parts += [streets_credit(settings), *(SOURCES[source].credit for source in view.sources)]
    parts.append(BASELINES[view.baseline].credit)
    return tuple(dict.fromkeys(filter(None, parts)))


def street_lines(view: View, settings: Settings) -> gpd.GeoDataFrame | None:
    """Return the streets inside the view's area for drawing: ``name, highway, lit, geometry``, EPSG:4326."""
    graph = load_streets(settings)
    if graph is None:
        return None
    _, area = area_outline(view.area, Store.open(settings.store))
    lines = streets.to_frame(graph)[["name", "highway", "lit", "geometry"]]
    return lines[lines.intersects(area.buffer(0.002))].reset_index(drop=True)


def tell_cell(answer: PlacesFound, cell: int, settings: Settings) -> CellStory:
    """Tell what lies behind one cell.

    Raises
    ------
    InputError
        When the cell is not in the area.
    """
    row = answer.hotspots.table[answer.hotspots.table["cell"] == cell]
    if row.empty:
        raise InputError(
            "This cell is not in the area.",
            code="cell-not-in-area",
            seen=f"{cell:x}",
            remedy=Remedy(
                cli="Choose one of the cells found.",
                app="Pick a cell on the map.",
                library="Give one of the cells found.",
            ),
        )
    reports = select(answer.view, settings).reports
    here = reports[reports[f"cell_{answer.view.resolution}"] == cell]
    ours = here[cells.lies_in(here["lon"], here["lat"], answer.area)].drop_duplicates("event_id")
    hours, method = hours_of_week(ours, settings), answer.hotspots.method
    return CellStory(
        cell=cell,
        name=answer.names.get(cell, f"Cell {cell:x}"),
        sentences=(*_cell_sentences(row.iloc[0], method), *_private_notes(answer.view)),
        shares=factor_shares(
            ours[~is_private(ours)], level=method.interval, dispersion=answer.hotspots.allowed_dispersion
        ),
        method=method,
        hours=hours,
        smooth=hotspots.smooth_week(hours),
        checks=_cell_checks(cell, answer, settings),
    )


def _private_notes(view: View) -> list[str]:
    return list(filter(None, (SOURCES[source].private_note for source in view.sources)))


def _cell_sentences(row: pd.Series, method: hotspots.HotspotMethod) -> tuple[str, ...]:
    if row["edge"]:
        return ("This cell lies just outside the area and is not judged.",)
    return (
        f"{Label(row['label']).sentence}.",
        *_part_inside(row),
        f"{int(row['events']):,} events ({int(row['pins']):,} reports); {row['expected']:.1f} would be usual.",
        f"{row['rate']:.1f} times its usual ({method.interval_words} {row['lower']:.1f} to {row['upper']:.1f}).",
        f"With the cells around it: {int(row['ring_events']):,} events; {row['ring_expected']:.1f} would be usual.",
    )


def _part_inside(row: pd.Series) -> tuple[str, ...]:
    """Say how much of a cell is the area's, where not all of it is."""
    share = float(row["area_km2"] / cells.areas_km2([row["cell"]])[0])
    if share > 1 - 1e-9:
        return ()
    part = "under 1 %" if share < 0.01 else f"{min(math.floor(100 * share), 99)} %"
    return (
        f"The outline of the area runs through this cell: {part} of it lies inside, and only that is counted.",
    )


def check_places(
    answer: PlacesFound, settings: Settings, *, only: Collection[int] | None = None
) -> pd.DataFrame:
    """Find the places again with something changed each time, and say which cells hold.

    Of each place in turn its busiest day, its busiest week, and the most reports of one origin are left out (a
    campaign, one person), in and around it; the baseline is swapped, and what patrols found is counted in.

    Parameters
    ----------
    answer, settings
        The places, and where the store is.
    only
        Cells to be told of: what is left out of places without any of them is not tried.

    Returns
    -------
    pandas.DataFrame
        The finding's table with ``checks_passed, checks, stability`` and ``fails``; see
        :func:`safespace.hotspots.add_checks`.

    Notes
    -----
    Past thirty places several are tried at once, far down each other's list, so that the work is bounded.
    """
    places = [cells for cells in answer.places["cells"] if only is None or set(cells) & set(only)]
    return hotspots.add_checks(answer.hotspots, _changed(answer, places, answer.view, settings))


def _changed(
    answer: PlacesFound, places: Sequence[Sequence[int]], view: View, settings: Settings
) -> dict[str, pd.DataFrame | Hotspots | Sequence[hotspots.LeftOut]]:
    """Return by the name of what was changed the cells counted anew, or the finding made in another way."""
    reports = select(view, settings).reports
    everyone = select(view.but(found_by="all"), settings).reports
    whole = _counted(reports, answer.area, view, settings)
    changed: dict[str, pd.DataFrame | Hotspots | Sequence[hotspots.LeftOut]] = {}
    ours = reports[cells.lies_in(reports["lon"], reports["lat"], answer.area)]
    for part in PARTS:
        left = _left_out(ours, places, part, whole, view, settings)
        if left:
            changed[f"without its heaviest {part}"] = left
    if len(everyone) != len(reports):
        changed["with what patrols found"] = _recounted(everyone, whole, view, settings)
    if answer.other is not None:
        changed[f"against {answer.other.baseline}"] = answer.other
    return changed


def _left_out(
    reports: pd.DataFrame,
    places: Sequence[Sequence[int]],
    part: hotspots.stability.Part,
    whole: pd.DataFrame,
    view: View,
    settings: Settings,
) -> list[hotspots.LeftOut]:
    """Return the cells counted without the heaviest part of each place, where that can be told."""
    cell, zone = f"cell_{view.resolution}", settings.time_zone
    told = [(p, hotspots.heaviest_part(reports, p, by=part, cell=cell, time_zone=zone)) for p in places]
    known = [(place, removal) for place, removal in told if removal is not None]
    left = []
    for turn in range(min(len(known), MOST_TRIED)):
        together = known[turn::MOST_TRIED]
        gone = pd.Index(np.unique(np.concatenate([removal.rows for _, removal in together])))
        words = {int(one): removal.words for place, removal in together for one in place}
        counted = _recounted(reports.drop(index=gone), whole, view, settings)
        left.append(hotspots.LeftOut(counted, words))
    return left


def _recounted(rows: pd.DataFrame, whole: pd.DataFrame, view: View, settings: Settings) -> pd.DataFrame:
    """Count other rows in the same cells, beside the same baseline."""
    return cells.count(rows, whole, resolution=view.resolution, engine=open_engine(settings.engine))


def _cell_checks(cell: int, answer: PlacesFound, settings: Settings) -> tuple[str, ...]:
    """Say how many checks a hot cell survives, and which it does not."""
    if cell not in set(answer.hotspots.hot.tolist()):
        return ()
    row = check_places(answer, settings, only=(cell,)).set_index("cell").loc[cell]
    fails = f" It is not {row['fails'].replace('; ', ', nor ')}." if row["fails"] else ""
    return (f"Higher in {row['stability']}.{fails}",)
