"""The shapes of point clusters: what ground reports lie close together on, for a map and no more.

A clustering algorithm finds clusters in anything. So each comes with how many events it has, how probable
its like is by chance (from the scan of cells), and in how many resamples it comes back. Locations that were
moved to shared points before publication are refused: the clusters would be those points.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from safespace.cells import locate, to_metres
from safespace.errors import InputError, TooFewError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from safespace.hotspots.scan import Scan

    Numbers = NDArray[np.float64]
    Labels = NDArray[np.int64]
    Finder = Callable[[Numbers], Labels]

logger = logging.getLogger(__name__)

Method = Literal["hdbscan", "dbscan"]
SNAPPED_SOURCES = ("police_uk",)
MOST_SHARED = 0.5  # of events on a coordinate with another: free pins share almost none
FEWEST_TO_TELL = 20  # events before shared coordinates say anything
REACH_M = 150.0
MIN_EVENTS = 8
FEWEST_TIMED = 1000
MOST_FOR_HDBSCAN = 20_000
RECURS = 0.5  # Jaccard above which a resample is said to have the same cluster


@dataclass(frozen=True)
class Clusters:
    """Clusters of events, and what they rest on.

    Parameters
    ----------
    table
        One row a cluster, the largest first: ``cluster`` (from 1), ``events``, ``area_km2`` (of its hull),
        ``p_value`` (of the best disc of the scan round any of its cells; 1 when no scan is given or its
        cells were not scanned), ``stability`` (share of resamples it comes back in), ``geometry`` (convex
        hull, EPSG:4326). Timed clusters add ``first`` and ``last`` (UTC).
    member
        Which cluster each event is in, 0 for none, indexed by ``event_id``.
    method, system
        How they were found, and the coordinate system of the metres.
    """

    table: gpd.GeoDataFrame
    member: pd.Series
    method: str
    system: str

    def basis(self) -> str:
        """Say in one line what the clusters rest on."""
        inside = int((self.member > 0).sum())
        return f"{inside:,} of {len(self.member):,} events in {len(self.table)} clusters ({self.method})."


def refuse_snap_points(events: pd.DataFrame) -> None:
    """Refuse locations that were moved to shared points, saying why.

    Parameters
    ----------
    events
        ``source``, ``lon`` and ``lat``, one row an event.

    Raises
    ------
    InputError
        When a source publishes snap points, or more than half of twenty events or more share their exact
        coordinate with another.

    References
    ----------
    Tompson, L., Johnson, S., Ashby, M., Perkins, C. & Edwards, P. (2015). UK open source crime data:
    accuracy and possibilities for research. doi:10.1080/15230406.2014.972456
    """
    snapped = sorted(set(events["source"]) & set(SNAPPED_SOURCES))
    if snapped:
        raise InputError(
            "These locations were moved to shared snap points, so their clusters would be those points.",
            where=", ".join(snapped),
            seen=f"{int(events['source'].isin(snapped).sum())} events",
            remedy="Count them in cells of resolution 8 or coarser, or leave the source out.",
        )
    shared = events.duplicated(["lon", "lat"], keep=False).mean()
    if len(events) >= FEWEST_TO_TELL and shared > MOST_SHARED:
        raise InputError(
            "Most events share their exact coordinate with another, as snap points and venue addresses do.",
            seen=f"{shared:.0%} of {len(events)} events",
            remedy="Count them in cells instead: clusters would only show the shared points.",
        )


def find_clusters(
    reports: pd.DataFrame,
    *,
    seed: int,
    method: Method = "hdbscan",
    min_events: int = MIN_EVENTS,
    reach_m: float = REACH_M,
    scan: Scan | None = None,
    resamples: int = 200,
) -> Clusters:
    """Find where events lie close together.

    Parameters
    ----------
    reports
        Placed reports; an event counts once, at its earliest pin.
    seed
        Of the resamples.
    method
        "hdbscan" finds clusters of differing density, "dbscan" those with ``min_events`` within ``reach_m``.
    min_events
        Fewest events of a cluster.
    reach_m
        For "dbscan" only, metres.
    scan
        A scan of the same events in cells (:func:`safespace.hotspots.scan_cells`), for the probabilities.
    resamples
        How often the events are drawn again, with replacement.

    Raises
    ------
    InputError
        When the locations are snap points (see :func:`refuse_snap_points`), or there are more than 20,000
        events for "hdbscan".
    TooFewError
        When there are fewer than twice ``min_events`` events.

    Notes
    -----
    Distances are in metres on a plane. The shape is the hull of events, not a place with a border.
    A cluster with a probability of 1 is a shape only; one with low stability depends on a few events.
    HDBSCAN takes time with the square of the events, so more than 20,000 are refused; DBSCAN takes half a
    second for 100,000. Resamples take as many times longer.

    References
    ----------
    Campello, R. J. G. B., Moulavi, D. & Sander, J. (2013). Density-based clustering based on hierarchical
    density estimates. doi:10.1007/978-3-642-37456-2_14
    Ester, M., Kriegel, H.-P., Sander, J. & Xu, X. (1996). A density-based algorithm for discovering
    clusters in large spatial databases with noise. KDD-96, 226-231.
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. doi:10.1016/j.csda.2006.11.025
    """
    events = _events(reports, 2 * min_events)
    if method == "hdbscan" and len(events) > MOST_FOR_HDBSCAN:
        raise InputError(
            "There are too many events for HDBSCAN, which would take hours.",
            seen=f"{len(events):,} events, at most {MOST_FOR_HDBSCAN:,}",
            remedy='Use method "dbscan", or a smaller area or period.',
        )
    metres, system = to_metres(events["lon"], events["lat"])
    finder = _finder(method, min_events, reach_m)
    labels = _by_size(finder(metres))
    stability = _stability(metres, labels, finder, resamples, np.random.default_rng(seed))
    table = _told(metres, labels, system).assign(p_value=_p_values(events, labels, scan), stability=stability)
    return _clusters(table, events, labels, method, system)


def find_timed_clusters(
    reports: pd.DataFrame,
    *,
    reach_m: float = REACH_M,
    reach_days: float = 7.0,
    min_events: int = MIN_EVENTS,
) -> Clusters:
    """Find where events lie close together in space and in time (ST-DBSCAN).

    Parameters
    ----------
    reports
        Placed reports with moments known to within a day.
    reach_m, reach_days
        Two events are close when both are at or below these, metres and days.
    min_events
        Fewest events close to one at the heart of a cluster, itself included.

    Raises
    ------
    InputError
        When the locations are snap points.
    TooFewError
        When fewer than 1,000 events have a moment known to within a day.

    Notes
    -----
    ``stability`` and ``p_value`` are 1: neither is worked out here, and a busy street in a busy month makes
    such clusters by chance. :func:`safespace.hotspots.scan_periods` tests what is new.

    References
    ----------
    Birant, D. & Kut, A. (2007). ST-DBSCAN: an algorithm for clustering spatial-temporal data.
    doi:10.1016/j.datak.2006.01.013
    """
    timed = reports[reports["occurred_to"] - reports["occurred_from"] <= pd.Timedelta(days=1)]
    count = timed["event_id"].nunique()
    if count < FEWEST_TIMED:
        raise TooFewError(
            "There are too few timed events for clusters in space and time.",
            seen=f"{count} events known to within a day",
            remedy=f"At least {FEWEST_TIMED:,} are needed.",
        )
    events = _events(timed, FEWEST_TIMED)
    metres, system = to_metres(events["lon"], events["lat"])
    days = (events["occurred_from"] - events["occurred_from"].min()) / pd.Timedelta(days=1)
    labels = _by_size(st_dbscan(metres, days.to_numpy(), reach_m, reach_days, min_events=min_events))
    when = events["occurred_from"].groupby(labels)
    table = _told(metres, labels, system)
    inside = table["cluster"].to_numpy()
    table = table.assign(
        p_value=1.0,
        stability=1.0,
        first=when.min().reindex(inside).array,
        last=when.max().reindex(inside).array,
    )
    return _clusters(table, events, labels, "st-dbscan", system)


def st_dbscan(
    metres: Numbers, days: Numbers, reach_m: float, reach_days: float, *, min_events: int
) -> Labels:
    """Return the cluster of each event, -1 for none, shape (n,): DBSCAN with two distances.

    Parameters
    ----------
    metres, days
        Shapes (n, 2) and (n,).
    reach_m, reach_days, min_events
        As for :func:`find_timed_clusters`.

    Examples
    --------
    >>> place = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [10.0, 0.0]])
    >>> st_dbscan(place, np.array([0.0, 1.0, 1.0, 300.0]), 50, 7, min_events=3).tolist()
    [0, 0, 0, -1]
    """
    from sklearn.cluster import DBSCAN  # noqa: PLC0415 - takes a second to import

    pairs = cKDTree(metres).query_pairs(reach_m, output_type="ndarray")
    pairs = pairs[np.abs(days[pairs[:, 0]] - days[pairs[:, 1]]) <= reach_days]
    own = np.arange(len(days))
    row, column = (np.concatenate([pairs[:, one], pairs[:, 1 - one], own]) for one in (0, 1))
    close = csr_array((np.full(len(row), 0.5), (row, column)), shape=(len(days), len(days)))
    close.sort_indices()
    labels: Labels = DBSCAN(eps=1.0, min_samples=min_events, metric="precomputed").fit(close).labels_
    return labels.astype(np.int64)


def _events(reports: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Return one row an event, its earliest pin, or refuse what cannot be clustered."""
    ordered = reports.sort_values(["occurred_from", "report_id"], kind="stable")
    events = ordered.drop_duplicates("event_id").reset_index(drop=True)
    if len(events) < fewest:
        raise TooFewError(
            "There are too few events to have clusters.",
            seen=f"{len(events)} events",
            remedy=f"At least {fewest} are needed; widen the dates, the area or the sources.",
        )
    refuse_snap_points(events)
    return events


def _finder(method: Method, min_events: int, reach_m: float) -> Finder:
    if method == "dbscan":
        return partial(_dbscan, min_events=min_events, reach_m=reach_m)
    return partial(_hdbscan, min_events=min_events)


def _dbscan(metres: Numbers, *, min_events: int, reach_m: float) -> Labels:
    from sklearn.cluster import DBSCAN  # noqa: PLC0415 - takes a second to import

    labels: Labels = DBSCAN(eps=reach_m, min_samples=min_events).fit(metres).labels_
    return labels.astype(np.int64)


def _hdbscan(metres: Numbers, *, min_events: int) -> Labels:
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415 - takes a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the default of ``copy`` will change
        labels: Labels = HDBSCAN(min_cluster_size=min_events, copy=True).fit(metres).labels_
    return labels.astype(np.int64)


def _by_size(labels: Labels) -> Labels:
    """Return labels from 1, the largest cluster first (of equals the one met first), 0 for none."""
    held = labels[labels >= 0]
    size = np.bincount(held, minlength=int(labels.max()) + 1)
    met = np.array([np.argmax(labels == one) for one in range(len(size))], dtype=np.int64)
    rank = np.zeros(len(size) + 1, dtype=np.int64)
    rank[np.lexsort((met, -size))] = np.arange(1, len(size) + 1)
    return rank[labels]  # -1 takes the last, which stays 0


def _stability(
    metres: Numbers, labels: Labels, finder: Finder, resamples: int, rng: np.random.Generator
) -> Numbers:
    """Return the share of resamples in which each cluster comes back, shape (clusters,).

    It comes back when a cluster of the resample shares with it more than half of the events either has,
    among the events drawn.
    """
    count = int(labels.max())
    recurred = np.zeros(count)
    for _ in range(resamples if count else 0):
        drawn = rng.integers(0, len(metres), len(metres))
        first = np.unique(drawn, return_index=True)[1]
        again = finder(metres[drawn])[first]
        recurred += _overlap(labels[drawn[first]], again, count) > RECURS
    return recurred / max(resamples, 1)


def _overlap(labels: Labels, again: Labels, count: int) -> Numbers:
    """Return the greatest Jaccard overlap of each cluster 1..count with any of the others."""
    others = int(again.max()) + 1
    if not others:
        return np.zeros(count)
    both = np.zeros((count + 1, others + 1))
    np.add.at(both, (labels, again), 1)  # those in no cluster again fall in the last column
    shared = both[1:, :others]
    either = both[1:].sum(axis=1)[:, None] + both[:, :others].sum(axis=0) - shared
    overlap: Numbers = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0).max(axis=1)
    return overlap


def _told(metres: Numbers, labels: Labels, system: str) -> gpd.GeoDataFrame:
    """Return one row a cluster with its events and hull."""
    clusters = np.arange(1, labels.max(initial=0) + 1)
    hulls = [shapely.convex_hull(shapely.multipoints(metres[labels == one])) for one in clusters]
    shape = gpd.GeoSeries(hulls, crs=system)
    table = gpd.GeoDataFrame(
        {"cluster": clusters, "events": np.bincount(labels, minlength=len(clusters) + 1)[1:]},
        geometry=shape.to_crs("EPSG:4326"),
    )
    return table.assign(area_km2=shape.area.to_numpy() / 1e6)


def _p_values(events: pd.DataFrame, labels: Labels, scan: Scan | None) -> Numbers:
    """Return the least scan probability of each cluster's cells, shape (clusters,)."""
    worst = np.ones(int(labels.max(initial=0)))
    if scan is None or not len(worst):
        return worst
    resolution = h3.get_resolution(int(scan.cells[0]))
    cells = locate(events["lon"], events["lat"], resolution=resolution)
    p = scan.p_values().reindex(cells).fillna(1.0).to_numpy()
    np.minimum.at(worst, labels[labels > 0] - 1, p[labels > 0])
    return worst


def _clusters(
    table: gpd.GeoDataFrame, events: pd.DataFrame, labels: Labels, method: str, system: str
) -> Clusters:
    member = pd.Series(labels, index=pd.Index(events["event_id"], name="event_id"), name="cluster")
    columns = ["cluster", "events", "area_km2", "p_value", "stability"]
    timed = [name for name in ("first", "last") if name in table]
    found = Clusters(table[[*columns, *timed, "geometry"]], member, method, system)
    logger.info("%s", found.basis())
    return found
