"""The promises of the hotspot room, put to the test on made-up layers whose truth is known.

Nothing here looks at real reports. A promise is kept when what was seen over the layers is not against it:
a share that should be at most 5 % may come out a little higher in few layers, and the bound says by how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from scipy.stats import binom

from safespace.cells import add_events, locate, neighbours
from safespace.errors import TooFewError
from safespace.hotspots.finding import find_hotspots
from safespace.hotspots.intensity import fit_prior, garwood, smoothed_rates
from safespace.hotspots.ranking import places
from safespace.hotspots.scan import scan_cells
from safespace.hotspots.shares import jeffreys
from safespace.hotspots.significance import at_least
from safespace.hotspots.trends import compare_periods, knox_table
from safespace.hotspots.validation import judge_scores
from safespace.registry import USUAL_SOURCE
from safespace.tone import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.hotspots.finding import Hotspots
    from safespace.settings import HotspotSettings

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

POWER = 0.99  # with which the events added to one ring should be found; the promise is less
_ABOUT = 0.02  # to either side of the level, what is called about it
_CHANCE = 0.005  # below the level, what made-up layers can bring by chance
SURE = 0.995  # a kept promise is called broken in one check of two hundred


def check_promises(
    window: pd.DataFrame, *, settings: HotspotSettings, seed: int, events: int = 544, layers: int = 40
) -> pd.DataFrame:
    """Return what the room promises of an area, and what made-up layers of that area show.

    Parameters
    ----------
    window
        Cells of the area, from :func:`safespace.cells.study_window`; what is counted in it is not used.
    settings
        As for :func:`safespace.hotspots.find_hotspots`.
    seed
        Of the layers.
    events
        Events of a layer.
    layers
        How many layers each promise is put to.

    Returns
    -------
    pandas.DataFrame
        ``promise``, ``layers``, ``seen`` (share of layers, or of cells for intervals), ``least``, ``most``
        (what may be seen where the promise is kept) and ``kept``.

    Raises
    ------
    TooFewError
        When the area has no whole ring of cells, or the events are too few for any place to stand out.

    Notes
    -----
    Layers follow the promise's own model: uniform events, or events in proportion to a baseline. Real
    reports have repeated pins, campaigns and people at the wrong baseline, of which this says nothing.
    """
    share = (window["area_km2"] * ~window["edge"]).to_numpy()
    share = share / max(share.sum(), np.finfo(float).tiny)
    extra = enough_extra(window, share, settings, events)
    level, least = settings.interval, round(settings.interval - _ABOUT, 6)
    rows = [
        _at_most("chance alone gives no hotspot", _ring_layers(window, share, settings, seed, events, layers)),
        _at_most("nor does uneven use of places, beside itself",
                 _uneven_layers(window, share, settings, seed, events, layers)),
        _at_most("nor do repeated pins, once they are one event",
                 _pinned_layers(window, share, settings, seed, events, layers)),
        _at_most("chance alone gives no disc of the scan", _scan_layers(window, share, seed, events, layers)),
        _at_least(f"{extra} more events in one ring are found",
                  _planted_layers(window, share, settings, seed, events, layers, extra)),
        *_interval_rows(seed, layers, level),
        _ratio_row(seed, layers, level),
        _repeat_row(seed, layers, level),
        _at_least(f"intervals of PAI hold the truth in {percent(least)} or more, from four periods",
                  _validated_layers(window, share, seed, layers, level), least),
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _ring_layers(
    window: pd.DataFrame, share: Numbers, settings: HotspotSettings, seed: int, events: int, layers: int
) -> list[bool]:
    drawn = np.random.default_rng(seed).multinomial(events, share, size=layers)
    return [_claims(window, layer, settings) for layer in drawn]


def _uneven_layers(
    window: pd.DataFrame, share: Numbers, settings: HotspotSettings, seed: int, events: int, layers: int
) -> list[bool]:
    rng = np.random.default_rng([seed, 1])
    exposure = share * np.exp(rng.normal(0, 1.5, len(share)))
    drawn = rng.multinomial(events, exposure / exposure.sum(), size=layers)
    return [_claims(window.assign(exposure=exposure), layer, settings) for layer in drawn]


def _pinned_layers(
    window: pd.DataFrame, share: Numbers, settings: HotspotSettings, seed: int, events: int, layers: int
) -> list[bool]:
    """Return whether anything is hot where people send 1.6 pins each, within a few metres of one another."""
    rng = np.random.default_rng([seed, 5])
    cells = window["cell"].to_numpy()
    middles = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()])[:, ::-1]
    people, resolution = round(events / 1.6), h3.get_resolution(int(cells[0]))
    found = []
    for _ in range(layers):
        pins = 1 + rng.poisson(0.6, people)
        at = rng.choice(len(cells), people, p=share)
        place = np.repeat(middles[at] + rng.uniform(-5e-4, 5e-4, (people, 2)), pins, axis=0)
        reports = _pins(
            place + rng.uniform(-5e-5, 5e-5, place.shape), rng.integers(0, 365, people).repeat(pins)
        )
        first = add_events(reports, same_event_m=settings.same_event_m).drop_duplicates("event_id")
        held = pd.Series(1, index=locate(first["lon"], first["lat"], resolution=resolution))
        counts = held.groupby(level=0).sum().reindex(cells, fill_value=0).to_numpy()
        layer: Whole = np.where(share > 0, counts, 0).astype(np.int64)
        found.append(_claims(window, layer, settings))
    return found


def _pins(place: Numbers, day: Whole) -> pd.DataFrame:
    moment = pd.Timestamp("2022-01-01T21:00Z") + pd.to_timedelta(day, unit="D")
    when = pd.Series(pd.DatetimeIndex(moment)).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "report_id": [f"{USUAL_SOURCE}:{number}" for number in range(len(place))],
            "source": USUAL_SOURCE,
            "category": "environmental",
            "factor": "lit",
            "occurred_from": when,
            "occurred_to": when,
            "lon": place[:, 0],
            "lat": place[:, 1],
        }
    )


def _scan_layers(window: pd.DataFrame, share: Numbers, seed: int, events: int, layers: int) -> list[bool]:
    drawn = np.random.default_rng([seed, 2]).multinomial(events, share, size=layers)
    found = []
    for number, layer in enumerate(drawn):
        cells = window.assign(events=layer, pins=layer, exposure=window["area_km2"])
        one = scan_cells(cells, baseline="area", seed=seed + number, radius=4, replicates=99)
        found.append(bool(one.table["higher"].any()))
    return found


def _whole_rings(window: pd.DataFrame, share: Numbers) -> Whole:
    """Return the cells whose ring of seven lies inside the area, or refuse an area without any."""
    ring, inside = neighbours(window["cell"]), (share > 0).astype(np.int64)
    whole = np.flatnonzero((ring @ inside == 7) & (inside == 1))
    if not len(whole):
        finer = "At least seven cells round one are needed; choose a finer resolution or a larger area."
        seen = f"{inside.sum()} cells"
        raise TooFewError(
            "The area has no whole ring of cells.", code="no-whole-ring", seen=seen, remedy=finer
        )
    return whole.astype(np.int64)


def enough_extra(window: pd.DataFrame, share: Numbers, settings: HotspotSettings, events: int) -> int:
    """Return how many more events in one ring should be found in 99 layers of 100.

    Parameters
    ----------
    window, settings, events
        As for :func:`check_promises`.
    share
        Each cell's share of the baseline, shape (n,).
    """
    ring = neighbours(window["cell"]) @ share
    usual, tests = float(np.median(ring[_whole_rings(window, share)])), int((share > 0).sum())
    for extra in range(settings.min_events, events + 1):
        counts = np.arange(settings.min_events, events + extra + 1)
        tail = at_least(counts, events + extra, np.full(len(counts), usual))
        passing = counts[2 * tail <= settings.false_discovery_rate / tests]
        if len(passing) and binom.sf(passing[0] - extra - 1, events, usual) >= POWER:
            return extra
    raise TooFewError(
        "No number of events in one ring would stand out.",
        code="no-count-would-stand-out",
        seen=f"{tests} cells",
        remedy="Choose larger cells or a longer period, or a higher false discovery rate.",
    )


def _planted_layers(
    window: pd.DataFrame,
    share: Numbers,
    settings: HotspotSettings,
    seed: int,
    events: int,
    layers: int,
    extra: int,
) -> list[bool]:
    rng, ring = np.random.default_rng([seed, 3]), neighbours(window["cell"])
    found = []
    for middle in rng.choice(_whole_rings(window, share), layers):
        members = ring.indices[ring.indptr[middle] : ring.indptr[middle + 1]]
        added = np.bincount(rng.choice(members, extra), minlength=len(share))
        finding = _find(window, rng.multinomial(events, share) + added, settings)
        told = [cell for cells in places(finding)["cells"] for cell in cells]
        found.append(bool(np.isin(window["cell"].to_numpy()[members], told).any()))
    return found


def _find(window: pd.DataFrame, layer: Whole, settings: HotspotSettings) -> Hotspots:
    return find_hotspots(window.assign(events=layer, pins=layer), baseline="made up", settings=settings)


def _claims(window: pd.DataFrame, layer: Whole, settings: HotspotSettings) -> bool:
    """Say whether anything at all is claimed: of a ring, and so of a cell or a place; rates do not enter it."""
    of_cells = settings.model_copy(update={"rates": "cells"})
    return bool(_find(window, layer, of_cells).table["around"].any())


def _at_most(promise: str, happened: list[bool], bound: float = 0.05) -> dict[str, object]:
    most = float(binom.ppf(SURE, len(happened), bound)) / len(happened)
    return _row(promise, len(happened), float(np.mean(happened)), 0.0, most)


def _at_least(promise: str, happened: list[bool], bound: float = 0.95) -> dict[str, object]:
    least = float(binom.ppf(1 - SURE, len(happened), bound)) / len(happened)
    return _row(promise, len(happened), float(np.mean(happened)), least, 1.0)


def _row(promise: str, layers: int, seen: float, least: float, most: float) -> dict[str, object]:
    kept = least <= seen <= most
    return {"promise": promise, "layers": layers, "seen": seen, "least": least, "most": most, "kept": kept}


def _about(promise: str, layers: int, seen: float, level: float, *, slack: float = 0.0) -> dict[str, object]:
    """Return the row of intervals that hold the truth about as often as their level says."""
    words = f"{100 * (level - _ABOUT):.4g} to {percent(level + _ABOUT)}"
    allowed = _ABOUT + slack
    return _row(promise.format(words), layers, seen, round(level - allowed, 6), round(level + allowed, 6))


def _exact(promise: str, layers: int, seen: float, level: float) -> dict[str, object]:
    """Return the row of intervals that hold the truth as often as their level says, or more."""
    return _row(promise.format(percent(level)), layers, seen, round(level - _CHANCE, 6), 1.0)


def _interval_rows(seed: int, layers: int, level: float) -> list[dict[str, object]]:
    """Return how often intervals hold the truth: smoothed rates of gamma rates, and Garwood's."""
    rng = np.random.default_rng([seed, 4])
    expected = rng.uniform(0.2, 4, 500)
    smoothed, exact = [], []
    for _ in range(layers):
        rate = rng.gamma(2.0, 0.5, 500)
        counts = rng.poisson(expected * rate)
        told = smoothed_rates(counts, expected, prior=fit_prior(counts, expected), level=level)
        smoothed.append(((told["lower"] <= rate) & (rate <= told["upper"])).mean())
        low, high = garwood(counts, level=level)
        exact.append(((low <= expected * rate) & (expected * rate <= high)).mean())
    shares = np.linspace(0.02, 0.98, 49)
    of_thirty = jeffreys(np.arange(31), np.full(31, 30), level=level)
    held = (of_thirty[0] <= shares[:, None]) & (shares[:, None] <= of_thirty[1])
    of_shares = (binom.pmf(np.arange(31), 30, shares[:, None]) * held).sum(axis=1)
    return [
        _about("intervals of rates hold the truth in {}", layers, float(np.mean(smoothed)), level),
        _exact("exact intervals of counts hold it in {} or more", layers, float(np.mean(exact)), level),
        _about("intervals of shares hold it in {}, on average", len(shares), float(of_shares.mean()), level),
    ]


def _ratio_row(seed: int, layers: int, level: float) -> dict[str, object]:
    rng = np.random.default_rng([seed, 6])
    before, after = (pd.Series(rng.poisson(mean, 100 * layers)) for mean in (30, 45))
    told = compare_periods(before, after, days_before=100, days_after=100, level=level)
    held = float(((told["lower"] <= 1.5) & (told["upper"] >= 1.5)).mean())
    return _exact("exact intervals between periods hold it in {} or more", layers, held, level)


def _repeat_row(seed: int, layers: int, level: float) -> dict[str, object]:
    """Return how often near-repeat ratios hold the ratio of the means; 40 of 300 events are followed."""
    rng, tables = np.random.default_rng([seed, 7]), []
    for number in range(layers):
        place, day = rng.uniform(0, 3000, (300, 2)), rng.uniform(0, 365, 300)
        place = np.vstack([place, place[:40] + rng.uniform(-50, 50, (40, 2))])
        day = np.concatenate([day, day[:40] + rng.uniform(0, 7, 40)])
        tables.append(
            knox_table(place, day, (100, 200, 400), (7, 14, 28), permutations=99, seed=number, level=level)
        )
    pairs, usual = (np.mean([table[name] for table in tables], axis=0) for name in ("pairs", "expected"))
    held = [(table["lower"] <= pairs / usual) & (pairs / usual <= table["upper"]) for table in tables]
    promise = "intervals of near repeats hold it in {}"
    return _about(promise, layers, float(np.mean(held)), level, slack=_ABOUT)


def _validated_layers(
    window: pd.DataFrame, share: Numbers, seed: int, layers: int, level: float
) -> list[bool]:
    """Return whether the interval of a fixed choice's PAI holds its true value, four periods judged on."""
    rng = np.random.default_rng([seed, 8])
    cells = window[share > 0].head(60)
    busy = np.arange(len(cells)) % 5 == 0
    mean, area = np.where(busy, 3.0, 0.5), cells["area_km2"].to_numpy()
    part = float(area[busy].sum() / area.sum())
    truth, chosen = (
        mean[busy].sum() / mean.sum() / part,
        pd.Series(busy * 1.0, index=cells["cell"].to_numpy()),
    )
    held = []
    for number in range(layers):
        counts = pd.DataFrame(rng.poisson(mean[:, None], (len(cells), 6)), index=chosen.index)
        found = judge_scores(
            counts,
            cells,
            {"fixed": chosen},
            later=4,
            seed=number,
            shares=[part],
            replicates=199,
            level=level,
        )
        row = found.table.set_index("method").loc["fixed"]
        held.append(bool(row["pai_lower"] <= truth <= row["pai_upper"]))
    return held
