"""The statistician's questions: clusters with their shape, change over time, and how well places hold later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import pandas as pd
import shapely

from safespace import cells, hotspots, nights
from safespace.display import in_html, in_short
from safespace.errors import InputError, Remedy, TooFewError
from safespace.pipeline.baselines import BASELINES
from safespace.pipeline.calendars import zone_of
from safespace.pipeline.choices import MIXES, PERIODS
from safespace.pipeline.dispersion import dispersion_within, dispersion_words
from safespace.pipeline.exposures import recorded_until
from safespace.pipeline.kinds import asks_private, kinds_in_words
from safespace.pipeline.months import Months, find_months, left_out_in_words
from safespace.pipeline.places import (
    NO_SPOTS,
    NO_WORDING,
    check_places,
    count_window,
    credit_of,
    find_places,
    is_synthetic,
    name_cells,
)
from safespace.pipeline.selection import count_days, part_of_night, received_span, select
from safespace.registry import SOURCES
from safespace.schemas import RESOLUTIONS
from safespace.store import Store
from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from safespace.pipeline.places import PlacesFound
    from safespace.pipeline.selection import Selection
    from safespace.pipeline.view import View
    from safespace.registry import Share
    from safespace.settings import Settings

T = TypeVar("T")
LOOKS_NEW = "A campaign in one place looks like something new."
REGRESSION = (
    "A place picked because it was high before falls on average whatever is done: an evaluation sets a "
    "comparison area beside it."
)
LIGHTING = "Badly lit"
BY_WHOM = "are from a woman, where stated"
NIGHTS_UNEVEN = (
    "Certain nights were asked for, and events are per day of each whole period: where one holds more such nights "
    "than the other, that passes for a change."
)
FEWEST_TO_TELL_WHO = 100
FEW_DAYS = 7  # data may begin or end so many quiet days inside a period
COUNTY = shapely.box(-1.45, 52.80, -0.80, 53.22)  # about as large as Nottinghamshire, and as far north


@dataclass(frozen=True)
class Change:
    """How an area's events went over time.

    ``months`` has one row a month: ``month``, ``events`` and ``whole``, whether rows were received for all of it; a
    part of a month plays no part in the trend. ``trend`` and ``near_repeat`` are ``None`` where there is too little
    for them; ``notes`` then say what would be enough. ``by_month`` draws the months with what the calendar holds.
    """

    months: pd.DataFrame
    trend: hotspots.Trend | None
    near_repeat: hotspots.NearRepeat | None
    notes: tuple[str, ...]
    by_month: Months

    __repr__ = in_short
    _repr_html_ = in_html


def validate_places(
    view: View, settings: Settings, *, later: int = 6, freq: str = "month", seed: int = 0
) -> hotspots.Validation:
    """Choose places from the earlier periods and judge them on the later ones, beside simpler ways to choose.

    Parameters
    ----------
    view
        The question; its baseline smooths the rates. One that counts what happened is counted in the earlier periods
        only, and periods of which rows cover only part are left out.
    settings
        Where the store is.
    later
        How many of the last periods are kept back, four or more.
    freq
        Length of a period, a key of :data:`PERIODS`.
    seed
        Of the resampling.

    Raises
    ------
    InputError
        When there is no such length.
    TooFewError
        When there are too few periods or events, saying how many would be enough.
    """
    counted = count_window(view, settings)
    periods, left_out = _whole(_counted_by(view, counted, _period(freq), settings), view, settings)
    known = _known_before(periods, later, counted, view, settings)
    level = settings.hotspots.interval
    found = hotspots.validate(periods, known, later=later, seed=seed, level=level)
    return replace(found, left_out=left_out)


def judge_order(view: View, settings: Settings, *, seed: int = 0) -> str:
    """Say in one line how the published order of a view did in the months last seen.

    Parameters
    ----------
    view, settings
        The question, and where the store is.
    seed
        Of the resampling behind the interval.

    Returns
    -------
    str
        How much of the months kept back the first of the area held, beside the last month's count, or that there is
        too little to judge by.

    Raises
    ------
    AreaError, InputError
        When the area is not loaded, or the store cannot serve the baseline.
    """
    counted = count_window(view, settings)
    try:
        months, _ = _whole(_counted_by(view, counted, PERIODS["month"], settings), view, settings)
    except TooFewError as error:
        return f"Too little to judge this order by. {error.what}"
    known = _known_before(months, hotspots.kept_back(months.shape[1]), counted, view, settings)
    return hotspots.judge_order(months, known, seed=seed, level=settings.hotspots.interval)


def _known_before(
    periods: pd.DataFrame, later: int, counted: pd.DataFrame, view: View, settings: Settings
) -> pd.DataFrame:
    """Return the cells with the baseline as it was known before the periods kept back.

    Nothing is judged on what chose it: a baseline that counts what happened is counted in the earlier periods only, and
    pulled towards an even spread as :func:`safespace.hotspots.find_hotspots` does.
    """
    if not BASELINES[view.baseline].counted or not 0 < later < periods.shape[1]:
        return counted
    first = pd.PeriodIndex(periods.columns)[-later].start_time.date()
    study = counted.drop(columns=["pins", "events", "exposure"])
    known = recorded_until(first - timedelta(days=1), study, view, settings)
    inside = ~counted["edge"].to_numpy()
    counts = known.reindex(counted["cell"]).to_numpy()
    if not counts[inside].any():
        return cells.add_exposure(counted, known)
    return counted.assign(exposure=hotspots.pull_to_even(counts, counted["area_km2"], inside))


def describe_concentration(view: View, settings: Settings) -> tuple[str, ...]:
    """Say how concentrated events are over cells, and how far the next coarser cells choose the same ground.

    Raises
    ------
    AreaError
        When the area is not loaded.
    """
    counted, notes = count_window(view, settings), list[str]()
    if view.kinds:
        notes.append(f"Kinds: {kinds_in_words(view, settings)} only.")
    held = counted[~counted["edge"]]
    alike = held[held["area_km2"] >= held["area_km2"].median() / 2]  # a sliver holds less for being small
    gini = _or_say(lambda: hotspots.generalised_gini(alike["events"]), notes)
    if gini is not None:
        notes.append(f"Concentration over cells: generalised Gini {gini:.2f} (0 is as even as can be).")
    if view.resolution > min(RESOLUTIONS):
        coarser = view.but(resolution=view.resolution - 1)
        fine, coarse = (_hot_or_say(asked, settings, notes) for asked in (view, coarser))
        if fine is not None and coarse is not None:
            share = hotspots.jaccard_across(coarse, fine, within=held["cell"])
            notes.append(
                f"Ground higher than usual at resolution {coarser.resolution} or {view.resolution} that is so at "
                f"both: {share:.0%}. Coarse cells cover ground fine ones leave out, so it is never all."
            )
    return tuple(notes)


def _hot_or_say(view: View, settings: Settings, notes: list[str]) -> NDArray[np.int64] | None:
    return _or_say(lambda: find_places(view, settings).hotspots.hot, notes)


def check_promises(settings: Settings, *, resolution: int, seed: int = 0) -> pd.DataFrame:
    """Put what the method promises to the test on made-up layers over a county of about 2,000 km².

    Returns
    -------
    pandas.DataFrame
        ``promise, layers, seen, least, most, kept``; see :func:`safespace.hotspots.check_promises`.
    """
    window = cells.study_window(COUNTY, resolution=resolution)
    return hotspots.check_promises(window, settings=settings.hotspots, seed=seed)


def scan_places(view: View, settings: Settings, *, radius: int = 8, seed: int = 0) -> hotspots.Scan:
    """Find the discs of cells, of any size, that hold more events than chance brings.

    Parameters
    ----------
    view
        The question.
    settings
        Where the store is.
    radius
        Rings of cells in the largest disc.
    seed
        Of the random layers.

    Raises
    ------
    InputError, TooFewError
        As :func:`safespace.hotspots.scan_cells`.
    """
    return hotspots.scan_cells(
        count_window(view, settings),
        baseline=BASELINES[view.baseline].words,
        seed=seed,
        counted_baseline=BASELINES[view.baseline].counted,
        radius=radius,
    )


def add_scan(answer: PlacesFound, settings: Settings, *, seed: int = 0) -> tuple[PlacesFound, hotspots.Scan]:
    """Return an answer with the scan's probabilities beside its cells and places, and the scan itself.

    A place has the probabilities of the most striking disc that takes in one of its cells, or lies round one:
    ``scan_p_poisson``, ``scan_p_shuffle``, ``scan_p_one_cell`` and ``scan_p_value``. The ring test still decides what a
    place is.

    Raises
    ------
    InputError, TooFewError
        As :func:`safespace.hotspots.scan_cells`.
    """
    scan = scan_places(answer.view, settings, seed=seed)
    joined = hotspots.with_scan(answer.hotspots, scan)
    names = ["scan_p_poisson", "scan_p_shuffle", "scan_p_one_cell", "scan_p_value"]
    by_cell = joined.table.set_index("cell")[names].sort_values("scan_p_value", kind="stable")
    best = [by_cell[by_cell.index.isin(cells)].iloc[0].to_list() for cells in answer.places["cells"]]
    beside = pd.DataFrame(best, columns=names, index=answer.places.index, dtype="float64")
    return replace(answer, hotspots=joined, places=answer.places.join(beside)), scan


def add_checks(answer: PlacesFound, settings: Settings) -> PlacesFound:
    """Return an answer with how many checks its cells and places survive; see :func:`check_places`.

    A place has those of its core cell: ``stability`` ("3 of 4 checks") and ``fails``, the names of those it does
    not survive: what was left out, in words.
    """
    table = check_places(answer, settings)
    core = table.set_index("cell")[["stability", "fails"]].reindex(answer.places["core_cell"])
    places = answer.places.assign(stability=core["stability"].to_numpy(), fails=core["fails"].to_numpy())
    snapped = all(SOURCES[source].snaps for source in answer.view.sources)
    notes = (*answer.notes, NO_SPOTS if snapped else NO_WORDING)
    return replace(answer, hotspots=replace(answer.hotspots, table=table), places=places, notes=notes)


def add_local(answer: PlacesFound, settings: Settings, *, seed: int = 0) -> PlacesFound:
    """Return an answer with Gi*, local Moran and Marshall's rate beside its cells: a cross-check, deciding nothing.

    Gi* and local Moran (:func:`safespace.hotspots.gi_star`, :func:`safespace.hotspots.local_moran`) are left blank
    where fewer than five events are expected in the ring, and ``gi_note`` and ``moran_note`` say so;
    ``marshall_rate`` is set beside ``rate``, which it checks. Cells that were not judged have none of them.
    """
    del settings
    table = answer.hotspots.table
    judged = table[table["tested"]].sort_values("cell", ignore_index=True)
    ring = cells.neighbours(judged["cell"])
    events, expected = judged["events"], judged["ring_expected"]
    gi = hotspots.gi_star(events, ring, expected)
    moran = hotspots.local_moran(events, ring, expected, seed=seed)
    moran = moran.rename(
        columns={name: f"moran_{name}" for name in ("p_high", "p_low", "p_value", "quadrant")}
    )
    shown = [_blank_where_noted(gi, "gi_note"), _blank_where_noted(moran, "moran_note")]
    rate = hotspots.marshall_rates(events, judged["expected"])
    local = pd.concat([judged[["cell"]], *shown], axis="columns").assign(marshall_rate=rate)
    joined = table.merge(local, on="cell", how="left", validate="one_to_one")
    return replace(answer, hotspots=replace(answer.hotspots, table=joined))


def _blank_where_noted(figures: pd.DataFrame, note: str) -> pd.DataFrame:
    """Return the figures with gaps where a note says that there are too few for them."""
    blank = figures.where((figures[note] == ""), other=np.nan)
    return blank.assign(**{note: figures[note]})


@dataclass(frozen=True)
class Mix:
    """Where the mix of the events differs: a surface to look at, and the discs that chance does not explain.

    ``surface`` is :func:`safespace.hotspots.relative_density`'s and ``density`` the events' own, by cell in one
    ``table``; ``scan`` is :func:`safespace.hotspots.scan_shares`'s.
    """

    what: str
    table: pd.DataFrame
    surface: hotspots.Surface
    scan: hotspots.Scan
    synthetic: bool
    credit: str

    __repr__ = in_short
    _repr_html_ = in_html

    def basis(self) -> str:
        """Say in one line what it rests on."""
        return f"Share that {self.what}: {self.surface.basis()} A contour is for one cell; the scan allows for all."


def find_mix(view: View, settings: Settings, *, having: str, seed: int = 0) -> Mix:
    """Find where more of the events have something than elsewhere: no baseline is needed for it.

    Parameters
    ----------
    view
        The question.
    settings
        Where the store is.
    having
        ``lighting``, ``behaviour`` or ``night``.
    seed
        Of the random labels.

    Raises
    ------
    InputError
        When there is no such choice, or these reports cannot have it.
    TooFewError
        When there are too few events, or all or none have it.
    """
    if having not in MIXES:
        raise InputError(
            "No such mix.", code="mix-unknown", seen=having, remedy=f"Choose from: {', '.join(MIXES)}."
        )
    counted = count_window(view, settings)
    rows = inside(select(view, settings).reports, counted, view)
    known = _what_is_shared(rows, view, settings)
    if MIXES[having] not in known:
        raise InputError(
            "These reports cannot tell.",
            code="mix-not-recorded",
            where=having,
            seen=", ".join(view.sources),
            remedy="Choose another mix.",
        )
    some, has = known[MIXES[having]]
    both = _count_having(some, has, counted, view)
    surface = hotspots.relative_density(both, having="having", seed=seed)
    dense = hotspots.density(both, bandwidth_m=surface.method.bandwidth_m).table
    scan = hotspots.scan_shares(
        both, having="having", name=f"events beside those that {MIXES[having]}", seed=seed
    )
    table = dense.merge(surface.table, on="cell", validate="one_to_one")
    synthetic = is_synthetic(Store.open(settings.store))
    credit = credit_of(view, settings, synthetic=synthetic)
    what = f"{MIXES[having]} (kinds: {kinds_in_words(view, settings)} only)" if view.kinds else MIXES[having]
    return Mix(what, table, surface, scan, synthetic, credit)


def _count_having(rows: pd.DataFrame, has: pd.Series, counted: pd.DataFrame, view: View) -> pd.DataFrame:
    """Return the cells with the events of some rows, and how many of those have something; an event counts once."""
    ordered = rows.assign(has=has).sort_values(["occurred_from", "report_id"], kind="stable")
    events = ordered.groupby("event_id", sort=False).agg(
        cell=(f"cell_{view.resolution}", "first"), has=("has", "any"), pins=("has", "size")
    )
    summed = events.groupby("cell").agg(events=("has", "size"), having=("has", "sum"), pins=("pins", "sum"))
    held = summed.reindex(counted["cell"].to_numpy(), fill_value=0).astype("int64")
    return counted.assign(**{name: held[name].to_numpy() for name in ("events", "having", "pins")})


def find_shares(answer: PlacesFound, settings: Settings) -> pd.DataFrame:
    """Return shares inside the reports, of the area and of each place beside the rest: they need no baseline.

    Of public reports: how many name lighting, and behaviour. Of all that carry an hour: how many were at night.
    Who reported is said of all loaded areas together and of a hundred events or more, never of a place.

    Returns
    -------
    pandas.DataFrame
        ``what, place`` (0 for the whole area), ``name, count, total, share, lower, upper`` (Jeffreys, of the finding's level) and
        ``elsewhere``, the share outside the place.

    Raises
    ------
    InputError
        When the reports can have none of these, as recorded incidents dated by month.
    """
    reports = select(answer.view, settings).reports
    reports = reports[cells.lies_in(reports["lon"], reports["lat"], answer.area)]
    members = zip(answer.places["place"], answer.places["cells"], strict=True)
    place = {cell: number for number, cells_held in members for cell in cells_held}
    of_place = reports[f"cell_{answer.view.resolution}"].map(place).fillna(0).astype("int64")
    names = {0: answer.area_name, **dict(zip(answer.places["place"], answer.places["name"], strict=True))}
    rows, level = [], answer.hotspots.method.interval
    for what, (some, having) in _what_is_shared(reports, answer.view, settings).items():
        by_place = some.assign(place=of_place.reindex(some.index))
        share = partial(
            hotspots.share_by, by="place", level=level, dispersion=answer.hotspots.allowed_dispersion
        )
        whole, parts = share(some.assign(place=0), having), share(by_place, having)
        parts = parts[(parts["place"] > 0) & (what != BY_WHOM)]
        rows.append(pd.concat([whole, parts]).assign(what=what))
    if not rows:
        raise InputError(
            "These reports have nothing to take shares of.",
            code="nothing-to-share",
            seen=", ".join(answer.view.sources),
            remedy="Ask for public reports, or for incidents that carry an hour.",
        )
    shares = pd.concat(rows, ignore_index=True)
    columns = ["what", "place", "name", "count", "total", "share", "lower", "upper", "elsewhere"]
    return shares.assign(name=shares["place"].map(names))[columns]


def _what_is_shared(
    reports: pd.DataFrame, view: View, settings: Settings
) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """Return, by name, the reports that can have something and which of them do; only what some can have."""
    lit, behaviour, who = (_bearing(reports, share) for share in ("lighting", "behaviour", "reporter"))
    timed = reports[reports["occurred_to"] - reports["occurred_from"] < pd.Timedelta(days=1)]
    night = part_of_night(timed, zone_of(timed, settings)[0], settings) != nights.DAY
    stated = who[who["reporter"].isin(["woman", "man", "other"])] if view.area == "" else who.iloc[:0]
    stated = stated if stated["event_id"].nunique() >= FEWEST_TO_TELL_WHO else stated.iloc[:0]
    told = {
        MIXES["lighting"]: (lit, lit["factor"].str.split("|").map(lambda given: LIGHTING in given)),
        MIXES["behaviour"]: (behaviour, behaviour["category"].isin(["behavioural", "both"])),
        MIXES["night"]: (timed, night),
        BY_WHOM: (stated, stated["reporter"] == "woman"),
    }
    return {what: pair for what, pair in told.items() if len(pair[0])}


def _bearing(reports: pd.DataFrame, share: Share) -> pd.DataFrame:
    """Return the reports of the sources of which a share means something."""
    return reports[reports["source"].isin([name for name in SOURCES if share in SOURCES[name].bears])]


def find_clusters(
    view: View,
    settings: Settings,
    *,
    method: Literal["hdbscan", "dbscan"] = "hdbscan",
    timed: bool = False,
    seed: int = 0,
) -> hotspots.Clusters:
    """Find where events lie close together, each cluster with the probability of its place and its stability.

    Parameters
    ----------
    view, settings
        The question, and where the store is.
    method
        How clusters in space are found; clusters in space and time are found by ST-DBSCAN.
    timed
        Find events that are close in time as well, a thousand or more of them.
    seed
        Of the resampling and of the random layers.

    Raises
    ------
    InputError
        When the locations are snap points, whose clusters would be those points.
    TooFewError
        When there are too few events.
    """
    if asks_private(view, settings):
        raise InputError(
            "Sexual offences alone are not drawn as clusters, whose hulls could lead to a person.",
            code="kind-private-clusters",
            seen=", ".join(view.kinds),
            remedy="Ask for all kinds together, or for hotspots at resolution 8.",
        )
    ours = inside(select(view, settings).reports, count_window(view, settings), view)
    scan = scan_places(view, settings, seed=seed)
    if timed:
        return hotspots.find_timed_clusters(ours, seed=seed, scan=scan)
    return hotspots.find_clusters(ours, seed=seed, method=method, scan=scan)


def find_change(view: View, settings: Settings, *, seed: int = 0) -> Change:
    """Tell how an area's events went: month by month, any steady rise or fall, and near repeats.

    Raises
    ------
    AreaError
        When the area is not loaded.
    TooFewError
        When no event falls inside.
    """
    months, chosen = find_months(view, settings), select(view, settings)
    notes = [*_of_kinds(chosen), *months.notes]
    judged, changed = months.after_changes()
    trend = None
    if not changed or judged.shape[1]:
        trend = _or_say(lambda: hotspots.find_trend(judged.sum(), level=settings.hotspots.interval), notes)
    notes += filter(None, [changed])
    if trend is not None:
        notes.append(_trend_in_words(trend))
    ours, level = inside(chosen.reports, count_window(view, settings), view), settings.hotspots.interval
    near = _or_say(lambda: hotspots.near_repeat(ours, seed=seed, level=level), notes)
    return Change(months.table, trend, near, tuple(notes), months)


def _of_kinds(chosen: Selection) -> list[str]:
    """Name the kinds of offence counted, where not all are."""
    return [f"Kinds: {chosen.kinds} only."] if chosen.kinds else []


def _counted_by(view: View, counted: pd.DataFrame, freq: str, settings: Settings) -> pd.DataFrame:
    """Count the view's events by cell and period where the settings say that queries run."""
    return hotspots.sum_periods(count_days(view, counted, settings), counted, freq=freq)


def _whole(counts: pd.DataFrame, view: View, settings: Settings) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the periods for which rows were received from first to last day, and the names of the others."""
    span = received_span(view, settings)
    return hotspots.whole_periods(counts, *span) if span else (counts.iloc[:, :0], tuple(map(str, counts)))


def _or_say(find: Callable[[], T], notes: list[str]) -> T | None:
    """Return what is found, or put the sentence that says what would be enough among the notes."""
    try:
        return find()
    except TooFewError as problem:
        notes.append(str(problem))
        return None


@dataclass(frozen=True)
class Emerging:
    """Places that are busier lately than their own past explains.

    ``scan`` is the space-time scan and ``patterns`` the pattern of each cell that has one (``cell``, ``name`` and
    the columns of :func:`safespace.hotspots.classify_emerging`); each is ``None`` where there is too little for it,
    and ``notes`` then say what would be enough. ``method`` is how both were made.
    """

    scan: hotspots.Scan | None
    patterns: pd.DataFrame | None
    notes: tuple[str, ...]
    method: hotspots.EmergingMethod

    __repr__ = in_short
    _repr_html_ = in_html


def find_emerging(view: View, settings: Settings, *, freq: str = "month", seed: int = 0) -> Emerging:
    """Look for what is new: discs busier in the last periods, and cells whose hotspots come and go.

    Parameters
    ----------
    view
        The question; its baseline is that of the cells' patterns. The scan needs none.
    settings
        Where the store is.
    freq
        Length of a period, a key of :data:`PERIODS`.
    seed
        Of the random layers.

    Raises
    ------
    InputError
        When there is no such length.
    TooFewError
        When no event falls inside.
    """
    counted, chosen = count_window(view, settings), select(view, settings)
    every = _counted_by(view, counted, _period(freq), settings)
    counts, left_out = _whole(every, view, settings)
    held = counted[~counted["edge"] & (counted["exposure"] > 0)]
    exposure = held.set_index("cell")["exposure"]
    rate, notes = (
        settings.hotspots.false_discovery_rate,
        [*_of_kinds(chosen), *left_out_in_words(left_out, freq), LOOKS_NEW],
    )
    scan = _or_say(lambda: hotspots.scan_periods(counts, seed=seed), notes)
    patterns = _or_say(
        lambda: hotspots.classify_emerging(counts.loc[exposure.index], exposure, false_discovery_rate=rate),
        notes,
    )
    if patterns is not None:
        patterns = _named(
            patterns[patterns["pattern"] != ""].sort_index().reset_index(), chosen.reports, view, settings
        )
    how = hotspots.EmergingMethod(
        freq=freq,
        baseline=BASELINES[view.baseline].words,
        false_discovery_rate=rate,
        scan=None if scan is None else scan.method,
    )
    return Emerging(scan, patterns, tuple(notes), how)


def _named(cells_told: pd.DataFrame, reports: pd.DataFrame, view: View, settings: Settings) -> pd.DataFrame:
    """Return a table of cells with the name of each after its ``cell``."""
    names = name_cells(reports, view.resolution, settings)
    named = cells_told.copy()
    named.insert(1, "name", [names.get(int(cell), f"Cell {cell:x}") for cell in cells_told["cell"]])
    return named


def _period(freq: str) -> str:
    if freq not in PERIODS:
        raise InputError(
            "No such length of period.",
            code="period-length-unknown",
            seen=freq,
            remedy=f"Choose from: {', '.join(PERIODS)}.",
        )
    return PERIODS[freq]


@dataclass(frozen=True)
class Compared:
    """Two periods side by side.

    ``whole`` is one row for the area, ``cells`` one row a cell with any event (``cell``, ``name`` and the columns of
    :func:`safespace.hotspots.compare_periods`, with ``changed`` at the false discovery rate over all cells), the
    surest first; ``method`` has the probability of the intervals and that rate.
    """

    whole: pd.DataFrame
    cells: pd.DataFrame
    method: hotspots.PeriodsMethod
    notes: tuple[str, ...]

    __repr__ = in_short
    _repr_html_ = in_html


def compare_periods(
    view: View, settings: Settings, *, before: tuple[date, date], after: tuple[date, date]
) -> Compared:
    """Compare events per day in two periods, for the area and cell by cell.

    Parameters
    ----------
    view
        The question; its own first and last day are not used.
    settings
        Where the store is, and the false discovery rate.
    before, after
        First and last day of each, included; the second begins after the first ends.

    Raises
    ------
    InputError
        When the periods overlap or end before they start.
    TooFewError
        When no event falls in either, saying from when to when there are any.
    """
    if not before[0] <= before[1] < after[0] <= after[1]:
        raise InputError(
            "The second period must begin after the first ends.",
            code="periods-out-of-order",
            seen=f"{before[0]} to {before[1]}, {after[0]} to {after[1]}",
            remedy=Remedy(
                cli="Give the earlier one as --before, each as FIRST:LAST.",
                app="Choose the earlier one first.",
                library="Give the earlier one as before.",
            ),
        )
    counts = [_events_in(view, settings, period) for period in (before, after)]
    _refuse_empty(counts, view, settings)
    days = [float((last - first).days + 1) for first, last in (before, after)]
    chosen = select(view.but(since=before[0], until=after[1]), settings)
    ours = inside(chosen.reports, count_window(view, settings), view)
    dispersion = dispersion_within(
        ours,
        ours[f"cell_{view.resolution}"],
        periods=(before, after),
        time_zone=settings.time_zone,
    )
    compared = partial(
        hotspots.compare_periods,
        days_before=days[0],
        days_after=days[1],
        level=settings.hotspots.interval,
        dispersion=dispersion or 1.0,
    )
    found = compared(*counts)
    whole = compared(*(pd.Series({0: int(one.sum())}) for one in counts))
    whole = whole.drop(columns=["q_value", "e_q_value"])
    rate = settings.hotspots.false_discovery_rate
    table = found.assign(changed=found["e_q_value"] <= rate).sort_values(
        ["e_q_value", "e_p_value"], kind="stable"
    )
    named = _named(table.reset_index(), chosen.reports, view, settings)
    notes = (
        *_of_kinds(chosen),
        *_beyond(view, settings, before, after),
        *_compared_notes(table, days, rate),
        dispersion_words(dispersion),
    )
    notes = (NIGHTS_UNEVEN, *notes) if view.calendar else notes
    how = hotspots.PeriodsMethod(
        interval=settings.hotspots.interval, false_discovery_rate=rate, dispersion=dispersion
    )
    return Compared(whole.reset_index(drop=True), named, how, notes)


def _beyond(
    view: View, settings: Settings, before: tuple[date, date], after: tuple[date, date]
) -> tuple[str, ...]:
    """Say which period goes beyond the data: what is missing there is counted as nothing having happened."""
    held = select(view.but(since=None, until=None), settings)
    if held.since is None or held.until is None:
        return ()
    named = {"first": before, "second": after}
    beyond = [
        name
        for name, (first, last) in named.items()
        if max((held.since - first).days, (last - held.until).days) > FEW_DAYS
    ]
    return tuple(
        f"The {name} period goes beyond the data, which run from {held.since} to {held.until}: its days without "
        "data count as days without events, so what changed may be the data."
        for name in beyond
    )


def _events_in(view: View, settings: Settings, period: tuple[date, date]) -> pd.Series:
    counted = count_window(view.but(since=period[0], until=period[1]), settings)
    return counted[~counted["edge"]].set_index("cell")["events"]


def _refuse_empty(counts: list[pd.Series], view: View, settings: Settings) -> None:
    if sum(int(one.sum()) for one in counts):
        return
    held = select(view.but(since=None, until=None), settings)
    raise TooFewError(
        "No event falls in either period.",
        code="no-event-in-periods",
        seen=f"events from {held.since} to {held.until}" if held.since else "no events at any time",
        remedy="Choose periods within the data.",
    )


def _compared_notes(table: pd.DataFrame, days: list[float], rate: float) -> tuple[str, ...]:
    changed, of_all = int(table["changed"].sum()), f"{len(table):,} cells with any event"
    return (
        f"{changed:,} of {of_all} changed (E-test per day; false discovery rate {percent(rate, space='')} over all of them).",
        f"The periods have {days[0]:.0f} and {days[1]:.0f} days; a season may be in one and not in the other.",
        REGRESSION,
    )


def _trend_in_words(trend: hotspots.Trend) -> str:
    if not trend.steady:
        return (
            f"No steady rise or fall over {trend.periods} months "
            f"(Mann-Kendall p = {trend.p_value:.2f}, above {percent(1 - trend.level, space='')})."
        )
    way = "rise" if trend.slope > 0 else "fall"
    return (
        f"A steady {way} of about {abs(trend.slope):.1f} events a month over {trend.periods} months "
        f"(Theil-Sen; Mann-Kendall p = {trend.p_value:.3f})."
    )


def inside(reports: pd.DataFrame, counted: pd.DataFrame, view: View) -> pd.DataFrame:
    """Return the reports that lie in the area of counted cells."""
    window = counted[~counted["edge"]]
    cell, lon, lat = (reports[name] for name in (f"cell_{view.resolution}", "lon", "lat"))
    return reports[cells.on_ground(cell, lon, lat, window)]
