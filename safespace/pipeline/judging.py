"""The statistician's questions: clusters with their shape, change over time, and how well places hold later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
import shapely

from safespace import cells, hotspots
from safespace.errors import TooFewError
from safespace.pipeline.places import count_cells
from safespace.pipeline.selection import select
from safespace.pipeline.view import BASELINES

if TYPE_CHECKING:
    from safespace.pipeline.view import View
    from safespace.settings import Settings

COUNTY = shapely.box(-1.45, 52.80, -0.80, 53.22)  # about as large as Nottinghamshire, and as far north


@dataclass(frozen=True)
class Change:
    """How an area's events went over time.

    ``months`` has one row a whole month: ``month`` and ``events``. ``trend`` and ``near_repeat`` are ``None``
    where there is too little for them; ``notes`` then say what would be enough.
    """

    months: pd.DataFrame
    trend: hotspots.Trend | None
    near_repeat: hotspots.NearRepeat | None
    notes: tuple[str, ...]


def validate_places(view: View, settings: Settings, *, later: int = 6, seed: int = 0) -> hotspots.Validation:
    """Choose places from the earlier months and judge them on the later ones, beside simpler ways to choose.

    Parameters
    ----------
    view
        The question; its baseline smooths the rates.
    settings
        Where the store is.
    later
        How many of the last months are kept back, four or more.
    seed
        Of the resampling.

    Raises
    ------
    TooFewError
        When there are too few months or events, saying how many would be enough.
    """
    counted = count_cells(view, settings)
    months = hotspots.count_by_period(select(view, settings).reports, counted, freq="M")
    return hotspots.validate(months, counted, later=later, seed=seed)


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
        count_cells(view, settings),
        baseline=BASELINES[view.baseline],
        seed=seed,
        counted_baseline=view.baseline == "recorded",
        radius=radius,
    )


def find_clusters(
    view: View, settings: Settings, *, method: Literal["hdbscan", "dbscan"] = "hdbscan", seed: int = 0
) -> hotspots.Clusters:
    """Find where events lie close together, each cluster with the probability of its place and its stability.

    Raises
    ------
    InputError
        When the locations are snap points, whose clusters would be those points.
    TooFewError
        When there are too few events.
    """
    counted = count_cells(view, settings)
    inside = counted.loc[~counted["edge"], "cell"]
    reports = select(view, settings).reports
    ours = reports[reports[f"cell_{view.resolution}"].isin(inside)]
    scan = scan_places(view, settings, seed=seed)
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
    counted = count_cells(view, settings)
    reports = select(view, settings).reports
    ours = reports[reports[f"cell_{view.resolution}"].isin(counted.loc[~counted["edge"], "cell"])]
    events = hotspots.count_by_period(reports, counted, freq="M").sum()
    months = pd.DataFrame({"month": events.index.astype(str), "events": events.to_numpy()})
    notes: list[str] = []
    trend = near = None
    try:
        trend = hotspots.find_trend(events)
        notes.append(_trend_in_words(trend))
    except TooFewError as problem:
        notes.append(str(problem))
    try:
        near = hotspots.near_repeat(ours, seed=seed)
    except TooFewError as problem:
        notes.append(str(problem))
    return Change(months, trend, near, tuple(notes))


def _trend_in_words(trend: hotspots.Trend) -> str:
    if trend.p_value > 0.05:
        return f"No steady rise or fall over {trend.periods} months (Mann-Kendall p = {trend.p_value:.2f})."
    way = "rise" if trend.slope > 0 else "fall"
    return (
        f"A steady {way} of about {abs(trend.slope):.1f} events a month over {trend.periods} months "
        f"(Theil-Sen; Mann-Kendall p = {trend.p_value:.3f}). The first and last month may be incomplete."
    )
