"""Made-up layers whose truth is known: how often an interval holds it, and how often chance finds a place.

The tests take few layers, the benchmarks many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from safespace.cells import count
from safespace.engine import DuckDBEngine
from safespace.hotspots import (
    compare_periods,
    find_hotspots,
    fit_prior,
    garwood,
    jeffreys,
    judge_scores,
    near_repeat,
    scan_cells,
    smoothed_rates,
)
from safespace.settings import HotspotSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_county import County

SETTINGS = HotspotSettings(rates="cells")
KINDS = ("uniform", "repeated pins", "uneven")


def smoothed_coverage(
    cells: int, mean: float, rates: Callable[[np.random.Generator, int], np.ndarray], *, layers: int
) -> float:
    """Return the share of Poisson-gamma intervals that hold the rate they are for."""
    held = []
    for seed in range(layers):
        rng = np.random.default_rng(seed)
        expected, truth = mean * rng.uniform(0.5, 1.5, cells), rates(rng, cells)
        events = rng.poisson(expected * truth)
        scale = events.sum() / expected.sum()
        found = smoothed_rates(events, expected * scale, prior=fit_prior(events, expected * scale))
        held.append(found["lower"].le(truth / scale) & found["upper"].ge(truth / scale))
    return float(np.concatenate(held).mean())


def garwood_coverage(means: np.ndarray) -> np.ndarray:
    """Return the exact chance that the interval of a count holds its mean."""
    counts = np.arange(int(means.max() + 12 * np.sqrt(means.max()) + 30))
    lower, upper = garwood(counts)
    chance = stats.poisson.pmf(counts, means[:, None])
    return (chance * ((lower <= means[:, None]) & (means[:, None] <= upper))).sum(axis=1)


def jeffreys_coverage(total: int, shares: np.ndarray) -> np.ndarray:
    """Return the exact chance that the interval of a share holds it."""
    lower, upper = jeffreys(np.arange(total + 1), np.full(total + 1, total))
    chance = stats.binom.pmf(np.arange(total + 1), total, shares[:, None])
    return (chance * ((lower <= shares[:, None]) & (shares[:, None] <= upper))).sum(axis=1)


def ratio_coverage(before: float, ratio: float, *, pairs: int, seed: int = 0) -> float:
    """Return the share of intervals between two periods that hold the true ratio, where anything was seen."""
    rng = np.random.default_rng(seed)
    counts = [pd.Series(rng.poisson(mean, pairs)) for mean in (before, before * ratio)]
    found = compare_periods(*counts, days_before=100, days_after=100)
    return float(((found["lower"] <= ratio) & (ratio <= found["upper"])).mean())


def knox_coverage(events: int, repeats: int, *, layers: int, chained: bool = False) -> float:
    """Return the share of near-repeat intervals, over the bands, that hold the ratio of the means."""
    tables = [
        near_repeat(_followed(seed, events, repeats, chained=chained), seed=seed, permutations=99).table
        for seed in range(layers)
    ]
    pairs, expected = (
        np.array([table[name] for table in tables]).mean(axis=0) for name in ("pairs", "expected")
    )
    truth = pairs / expected
    return float(np.mean([(table["lower"] <= truth) & (truth <= table["upper"]) for table in tables]))


def _followed(seed: int, events: int, repeats: int, *, chained: bool) -> pd.DataFrame:
    """Return events at random, some followed by another within 50 m and a week; chained, one by several."""
    rng = np.random.default_rng(seed)
    place, day = rng.uniform(0, 3000, (events, 2)), rng.uniform(0, 365, events)
    who = rng.integers(0, events, repeats) if chained else np.arange(repeats)
    place = np.vstack([place, place[who] + rng.uniform(-50, 50, (repeats, 2))])
    day = np.concatenate([day, day[who] + rng.uniform(0, 7, repeats)])
    when = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(day, unit="D")
    names = [f"nte:{number}" for number in range(len(day))]
    return pd.DataFrame(
        {
            "report_id": names, "event_id": names, "occurred_from": when, "occurred_to": when,
            "lon": -1.2 + place[:, 0] / 67_000, "lat": 52.9 + place[:, 1] / 111_000,
        }
    )  # fmt: skip


def pai_coverage(window: pd.DataFrame, later: int, *, layers: int) -> float:
    """Return the share of intervals of a fixed choice's PAI that hold its true value."""
    inside = window[~window["edge"]]
    busy = np.arange(len(inside)) % 10 == 0
    mean = np.where(busy, 2.0, 0.2)
    fixed = pd.Series(busy.astype(float), index=inside["cell"].to_numpy())
    area = inside["area_km2"].to_numpy()
    share = float(area[busy].sum() / area.sum())
    truth, held = mean[busy].sum() / mean.sum() / share, 0
    for seed in range(layers):
        rng = np.random.default_rng(seed)
        counts = pd.DataFrame(rng.poisson(mean[:, None], (len(inside), later + 2)), index=fixed.index)
        found = judge_scores(
            counts, window, {"fixed": fixed}, later=later, seed=seed, shares=(share,), replicates=399
        )
        row = found.table.set_index("method").loc["fixed"]
        held += row["pai_lower"] <= truth <= row["pai_upper"]
    return held / layers


def chance_layer(county: County, kind: str, resolution: int, seed: int) -> pd.DataFrame:
    """Return counted cells of 544 reports where nothing is more than usual.

    "uniform" places each anew; in "repeated pins" 340 people send 1.6 each; "uneven" follows a baseline that
    differs a hundredfold between cells, and has it as its exposure.
    """
    window = county.windows[resolution]
    if kind == "uneven":
        exposure = np.exp(np.random.default_rng(9).normal(0, 1.5, len(window)))
        share = exposure * ~window["edge"].to_numpy()
        events = np.random.default_rng(seed).multinomial(544, share / share.sum())
        return window.assign(exposure=exposure, events=events, pins=events)
    people, each = (544, 1.0) if kind == "uniform" else (340, 1.6)
    reports = county.reports(people, seed=seed, pins_each=each)
    return count(reports, window, resolution=resolution, engine=DuckDBEngine(threads=1))


def found_by_chance(cells: pd.DataFrame, *, seed: int, replicates: int, radius: int = 8) -> tuple[bool, bool]:
    """Return whether the ring test, and whether the scan, find anything."""
    hot = find_hotspots(cells, baseline="made up", settings=SETTINGS).hot
    scan = scan_cells(cells, baseline="made up", seed=seed, radius=radius, replicates=replicates)
    return bool(hot.size), bool(scan.table["higher"].any())
