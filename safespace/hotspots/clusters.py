"""The shapes of point clusters: what ground reports lie close together on, for a map and no more.

A clustering algorithm finds clusters in anything. So each comes with how many events it has, how probable
its like is by chance (from the scan of cells), and in how many resamples it comes back. Locations that were
moved to shared points before publication are refused: the clusters would be those points.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, replace
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
from safespace.hotspots.method import ClusterMethod
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from safespace.hotspots.scan import Scan

    Numbers = NDArray[np.float64]
    Labels = NDArray[np.int64]
    Chosen = NDArray[np.int64]
    Finder = Callable[[Chosen], Labels]  # from positions of events, some more than once, to their labels

logger = logging.getLogger(__name__)

Method = Literal["hdbscan", "dbscan"]
MOST_SHARED = 0.5  # of events on a coordinate with another: free pins share almost none
FEWEST_TO_TELL = 20  # events before shared coordinates say anything
REACH_M = 150.0
MIN_EVENTS = 8
FEWEST_TIMED = 1000
MOST_FOR_SQUARE = 2_000  # events; past it a library whose time does not grow with their square
RESAMPLES = 200
FEWEST_RESAMPLES = 20
MOST_DRAWN = 1_000_000  # events over all resamples: some twenty seconds
_CHANCES = ("p_poisson", "p_shuffle", "p_one_cell", "p_value")
RECURS = 0.5  # Jaccard above which a resample is said to have the same cluster


@dataclass(frozen=True)
class Clusters:
    """Clusters of events, and what they rest on.

    Parameters
    ----------
    table
        One row a cluster, the largest first: ``cluster`` (from 1), ``events``, ``area_km2`` (of its hull),
        ``p_poisson``, ``p_shuffle``, ``p_one_cell`` and ``p_value`` (from the scan: of the disc its most striking cell lies in,
        the last the larger; 1 when no scan is given or its cells were not scanned), ``stability`` (share of resamples it comes back in; 0 when there were
        none), ``geometry`` (convex hull, EPSG:4326). Timed clusters add ``first`` and ``last`` (UTC).
    member
        Which cluster each event is in, 0 for none, indexed by ``event_id``.
    method
        How they were found.
    """

    table: gpd.GeoDataFrame
    member: pd.Series
    method: ClusterMethod

    def basis(self) -> str:
        """Say in one line what the clusters rest on."""
        inside = int((self.member > 0).sum())
        return (
            f"{inside:,} of {len(self.member):,} events in {len(self.table)} clusters: {self.method.words()}."
        )


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
    snapped = sorted(source for source in events["source"].unique() if SOURCES[source].snaps)
    if snapped:
        raise InputError(
            "These locations were moved to shared snap points, so their clusters would be those points.",
            code="clusters-of-snap-points",
            where=", ".join(snapped),
            seen=f"{int(events['source'].isin(snapped).sum())} events",
            remedy=f"Count them in cells of resolution {min(SOURCES[one].finest for one in snapped)} or coarser, or leave the source out.",
        )
    shared = events.duplicated(["lon", "lat"], keep=False).mean()
    if len(events) >= FEWEST_TO_TELL and shared > MOST_SHARED:
        raise InputError(
            "Most events share their exact coordinate with another, as snap points and venue addresses do.",
            code="clusters-of-shared-points",
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
    resamples: int = RESAMPLES,
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
        How often the events are drawn again, with replacement; fewer for more than 5,000 events, as
        :func:`affordable` says.

    Raises
    ------
    InputError
        When the locations are snap points (see :func:`refuse_snap_points`).
    TooFewError
        When there are fewer than twice ``min_events`` events.

    Notes
    -----
    Distances are in metres on a plane. The shape is the hull of events, not a place with a border.
    A cluster with a probability of 1 is a shape only (one within a single cell has a ``p_shuffle`` near 1
    whatever it holds, see :func:`safespace.hotspots.scan_cells`); one with low stability depends on a few events.
    HDBSCAN has several trees to choose from where distances are equal, and past 2,000 events a quicker
    library chooses others: events at the rim of a cluster may then be in it or not. 100,000 events take a few
    seconds, and each resample as long again.

    References
    ----------
    Campello, R. J. G. B., Moulavi, D. & Sander, J. (2013). Density-based clustering based on hierarchical
    density estimates. doi:10.1007/978-3-642-37456-2_14
    McInnes, L., Healy, J. & Astels, S. (2017). hdbscan: hierarchical density based clustering.
    doi:10.21105/joss.00205
    Ester, M., Kriegel, H.-P., Sander, J. & Xu, X. (1996). A density-based algorithm for discovering
    clusters in large spatial databases with noise. KDD-96, 226-231.
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. doi:10.1016/j.csda.2006.11.025
    """
    events = _events(reports, 2 * min_events)
    metres, system = to_metres(events["lon"], events["lat"])

    def finder(chosen: Chosen) -> Labels:
        if method == "dbscan":
            return _dbscan(metres[chosen], min_events=min_events, reach_m=reach_m)
        return _hdbscan(metres[chosen], min_events=min_events)

    how = ClusterMethod(
        name=method,
        min_events=min_events,
        reach_m=reach_m if method == "dbscan" else None,
        system=system,
        resamples=affordable(len(events), resamples),
        seed=seed,
        scan=scan.method if scan else None,
    )
    return _clusters(events, metres, finder, how, scan=scan)


def find_timed_clusters(
    reports: pd.DataFrame,
    *,
    seed: int,
    reach_m: float = REACH_M,
    reach_days: float = 7.0,
    min_events: int = MIN_EVENTS,
    scan: Scan | None = None,
    resamples: int = RESAMPLES,
) -> Clusters:
    """Find where events lie close together in space and in time (ST-DBSCAN).

    Parameters
    ----------
    reports
        Placed reports with moments known to within a day.
    seed, scan, resamples
        As for :func:`find_clusters`.
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
    The probability is that of the place over all the time scanned: a busy street in a busy month makes such
    clusters by chance. :func:`safespace.hotspots.scan_periods` tests what is new.

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
            code="too-few-for-timed-clusters",
            seen=f"{count} events known to within a day",
            remedy=f"At least {FEWEST_TIMED:,} are needed.",
        )
    events = _events(timed, FEWEST_TIMED)
    metres, system = to_metres(events["lon"], events["lat"])
    days = ((events["occurred_from"] - events["occurred_from"].min()) / pd.Timedelta(days=1)).to_numpy()

    def finder(chosen: Chosen) -> Labels:
        return st_dbscan(metres[chosen], days[chosen], reach_m, reach_days, min_events=min_events)

    how = ClusterMethod(
        name="st-dbscan",
        min_events=min_events,
        reach_m=reach_m,
        reach_days=reach_days,
        system=system,
        resamples=affordable(len(events), resamples),
        seed=seed,
        scan=scan.method if scan else None,
    )
    found = _clusters(events, metres, finder, how, scan=scan)
    when = events["occurred_from"].groupby(found.member.to_numpy())
    inside = found.table["cluster"].to_numpy()
    first, last = (moments.reindex(inside).array for moments in (when.min(), when.max()))
    columns = [*found.table.columns.drop("geometry"), "first", "last", "geometry"]
    return replace(found, table=found.table.assign(first=first, last=last)[columns])


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
            code="too-few-for-clusters",
            seen=f"{len(events)} events",
            remedy=f"At least {fewest} are needed; widen the dates, the area or the sources.",
        )
    refuse_snap_points(events)
    return events


def _dbscan(metres: Numbers, *, min_events: int, reach_m: float) -> Labels:
    from sklearn.cluster import DBSCAN  # noqa: PLC0415 - takes a second to import

    labels: Labels = DBSCAN(eps=reach_m, min_samples=min_events).fit(metres).labels_
    return labels.astype(np.int64)


def _hdbscan(metres: Numbers, *, min_events: int) -> Labels:
    labels = (_hdbscan_of_few if len(metres) <= MOST_FOR_SQUARE else _hdbscan_of_many)(metres, min_events)
    return labels.astype(np.int64)


def _hdbscan_of_few(metres: Numbers, min_events: int) -> Labels:
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415 - takes a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the default of ``copy`` will change
        labels: Labels = HDBSCAN(min_cluster_size=min_events, copy=True).fit(metres).labels_
    return labels


def _hdbscan_of_many(metres: Numbers, min_events: int, *, tree: str = "boruvka_kdtree") -> Labels:
    from hdbscan import HDBSCAN  # noqa: PLC0415 - takes a second to import

    # This library does not count an event among its own neighbours. One process: a pool costs seconds.
    fitted = HDBSCAN(
        min_cluster_size=min_events,
        min_samples=max(min_events - 1, 1),
        algorithm=tree,
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    ).fit(metres)
    labels: Labels = fitted.labels_
    return labels


def affordable(events: int, resamples: int) -> int:
    """Return how many resamples are drawn: as many as asked, or as a million events in all, twenty at least.

    Examples
    --------
    >>> [affordable(events, 200) for events in (544, 5_000, 10_000, 100_000)]
    [200, 200, 100, 20]
    """
    return min(resamples, max(FEWEST_RESAMPLES, MOST_DRAWN // max(events, 1)))


def _by_size(labels: Labels) -> Labels:
    """Return labels from 1, the largest cluster first (of equals the one met first), 0 for none."""
    named, met, which, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.zeros(len(named), dtype=np.int64)
    order = np.lexsort((met, -size))
    order = order[named[order] >= 0]
    rank[order] = np.arange(1, len(order) + 1)
    return rank[which]


def _stability(labels: Labels, finder: Finder, resamples: int, rng: np.random.Generator) -> Numbers:
    """Return the share of resamples in which each cluster comes back, shape (clusters,).

    It comes back when a cluster of the resample shares with it more than half of the events either has,
    among the events drawn.
    """
    count = int(labels.max(initial=0))
    recurred = np.zeros(count)
    for _ in range(resamples if count else 0):
        drawn = rng.integers(0, len(labels), len(labels))
        first = np.unique(drawn, return_index=True)[1]
        again = finder(drawn)[first]
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
    size = np.bincount(labels, minlength=1)
    pieces = np.split(metres[np.argsort(labels, kind="stable")], np.cumsum(size)[:-1])[1:]
    shape = gpd.GeoSeries([shapely.convex_hull(shapely.multipoints(piece)) for piece in pieces], crs=system)
    table = gpd.GeoDataFrame(
        {"cluster": np.arange(1, len(size)), "events": size[1:]}, geometry=shape.to_crs("EPSG:4326")
    )
    return table.assign(area_km2=shape.area.to_numpy() / 1e6)


def _chances(events: pd.DataFrame, labels: Labels, scan: Scan | None) -> pd.DataFrame:
    """Return the scan's probabilities for each cluster, those of its most striking cell, shape (clusters, 4)."""
    columns, clusters = list(_CHANCES), range(1, int(labels.max(initial=0)) + 1)
    if scan is None:
        return pd.DataFrame(1.0, index=clusters, columns=columns)
    resolution = h3.get_resolution(int(scan.cells[0]))
    cells = locate(events["lon"], events["lat"], resolution=resolution)
    told = scan.by_cell()[columns].reindex(cells).fillna(1.0).assign(cluster=labels)
    first = told.sort_values(["p_value", "p_poisson"], kind="stable").drop_duplicates("cluster")
    return first.set_index("cluster")[columns].reindex(clusters, fill_value=1.0)


def _clusters(
    events: pd.DataFrame,
    metres: Numbers,
    finder: Finder,
    method: ClusterMethod,
    *,
    scan: Scan | None,
) -> Clusters:
    """Return what a finder finds, with the figures that go with every cluster."""
    labels = _by_size(finder(np.arange(len(events))))
    table = _told(metres, labels, method.system).assign(
        **{str(name): p.to_numpy() for name, p in _chances(events, labels, scan).items()},
        stability=_stability(labels, finder, method.resamples, np.random.default_rng(method.seed)),
    )
    member = pd.Series(labels, index=pd.Index(events["event_id"], name="event_id"), name="cluster")
    columns = ["cluster", "events", "area_km2", *_CHANCES, "stability", "geometry"]
    found = Clusters(table[columns], member, method)
    logger.info("%s", found.basis())
    return found
