"""The promises of the hotspot room, put to the test on made-up layers whose truth is known.

Nothing here looks at real reports. A promise is kept when what was seen over the layers is not against it:
a share that should be at most 5 % may come out a little higher in few layers, and the bound says by how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binom

from safespace.cells import neighbours
from safespace.errors import TooFewError
from safespace.hotspots.finding import find_hotspots
from safespace.hotspots.intensity import fit_prior, garwood, smoothed_rates
from safespace.hotspots.scan import scan_cells
from safespace.hotspots.significance import at_least

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.settings import HotspotSettings

    Whole = NDArray[np.int64]
    Numbers = NDArray[np.float64]

POWER = 0.99  # with which the events added to one ring should be found; the promise is 95 %
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
    rows = [
        _at_most("chance alone gives no hotspot", _ring_layers(window, share, settings, seed, events, layers)),
        _at_most("nor does uneven use of places, beside itself",
                 _uneven_layers(window, share, settings, seed, events, layers)),
        _at_most("chance alone gives no disc of the scan", _scan_layers(window, share, seed, events, layers)),
        _at_least(f"{extra} more events in one ring are found",
                  _planted_layers(window, share, settings, seed, events, layers, extra)),
        *_interval_rows(seed, layers),
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _ring_layers(
    window: pd.DataFrame, share: Numbers, settings: HotspotSettings, seed: int, events: int, layers: int
) -> list[bool]:
    drawn = np.random.default_rng(seed).multinomial(events, share, size=layers)
    return [bool(_hot(window, layer, settings).any()) for layer in drawn]


def _uneven_layers(
    window: pd.DataFrame, share: Numbers, settings: HotspotSettings, seed: int, events: int, layers: int
) -> list[bool]:
    rng = np.random.default_rng([seed, 1])
    exposure = share * np.exp(rng.normal(0, 1.5, len(share)))
    drawn = rng.multinomial(events, exposure / exposure.sum(), size=layers)
    return [bool(_hot(window.assign(exposure=exposure), layer, settings).any()) for layer in drawn]


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
        raise TooFewError("The area has no whole ring of cells.", seen=seen, remedy=finer)
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
    raise TooFewError("No number of events in one ring would stand out.", seen=f"{tests} cells")


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
        hot = _hot(window, rng.multinomial(events, share) + added, settings)
        found.append(bool(hot[members].any()))
    return found


def _hot(window: pd.DataFrame, layer: Whole, settings: HotspotSettings) -> NDArray[np.bool_]:
    found = find_hotspots(window.assign(events=layer, pins=layer), baseline="made up", settings=settings)
    hot: NDArray[np.bool_] = found.table["hot"].to_numpy()
    return hot


def _at_most(promise: str, happened: list[bool], bound: float = 0.05) -> dict[str, object]:
    most = float(binom.ppf(SURE, len(happened), bound)) / len(happened)
    return _row(promise, len(happened), float(np.mean(happened)), 0.0, most)


def _at_least(promise: str, happened: list[bool], bound: float = 0.95) -> dict[str, object]:
    least = float(binom.ppf(1 - SURE, len(happened), bound)) / len(happened)
    return _row(promise, len(happened), float(np.mean(happened)), least, 1.0)


def _row(promise: str, layers: int, seen: float, least: float, most: float) -> dict[str, object]:
    kept = least <= seen <= most
    return {"promise": promise, "layers": layers, "seen": seen, "least": least, "most": most, "kept": kept}


def _interval_rows(seed: int, layers: int) -> list[dict[str, object]]:
    """Return how often 95 % intervals hold the truth: smoothed rates of gamma rates, and Garwood's."""
    rng = np.random.default_rng([seed, 4])
    expected = rng.uniform(0.2, 4, 500)
    smoothed, exact = [], []
    for _ in range(layers):
        rate = rng.gamma(2.0, 0.5, 500)
        counts = rng.poisson(expected * rate)
        told = smoothed_rates(counts, expected, prior=fit_prior(counts, expected))
        smoothed.append(((told["lower"] <= rate) & (rate <= told["upper"])).mean())
        low, high = garwood(counts)
        exact.append(((low <= expected * rate) & (expected * rate <= high)).mean())
    return [
        _row("intervals of rates hold the truth in 93 to 97 %", layers, float(np.mean(smoothed)), 0.93, 0.97),
        _row("exact intervals of counts hold it in 95 % or more", layers, float(np.mean(exact)), 0.945, 1.0),
    ]
