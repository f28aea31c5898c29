"""Corridors: how many people would pass each street between two sets of places, and the last 400 m of stops.

Loads are what people would walk if they took the cheapest way; they are for choosing which streets to look
at on site, and they are not counts of people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.spatial import cKDTree

from safespace.display import in_html, in_short
from safespace.errors import InputError, SchemaError
from safespace.routes.search import checked_weight, least, pop, push
from safespace.schemas import LIGHTING
from safespace.streets import CAMERA_REACH_M, LIT, SIGHT, UNKNOWN, UNLIT, compiled, labels, to_metres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LAST_M: Final = 400.0
LOOK: Final = "not mapped: look"
ITEMS: Final = (
    "Lighting",
    "Sight lines",
    "Overgrown planting",
    "Surface and steps",
    "Signage",
    "CCTV",
    "Exits",
)


@dataclass(frozen=True)
class Corridors:
    """People passing each edge between two sets of places.

    Parameters
    ----------
    load
        People passing each edge, one row a weighting, shape (L, m).
    blend
        Mean over the weightings, shape (m,): some people go the shortest way, others do not.
    cost
        Least summed weight of each pair, infinite where there is no way, shape (L, k, l).
    """

    load: Floats
    blend: Floats
    cost: Floats

    __repr__ = in_short
    _repr_html_ = in_html


def corridor_load(
    graph: StreetGraph,
    origins: ArrayLike,
    destinations: ArrayLike,
    weights: Sequence[ArrayLike],
    *,
    people: ArrayLike | None = None,
) -> Corridors:
    """Send people from every origin to every destination along the cheapest way, at several weightings.

    Parameters
    ----------
    origins, destinations
        Nodes, shapes (k,) and (l,).
    weights
        Weights of the edges, each shape (m,), one for each kind of walker.
    people
        From each origin to each destination, shape (k, l); one each when not given.

    Raises
    ------
    InputError
        When a set is empty, there is no weighting, or the numbers of people do not fit.
    SchemaError
        When weights are not one finite, non-negative number an edge.

    Notes
    -----
    One search an origin; people are added up from the furthest node of its tree inwards, so that what
    enters a junction leaves it or ends there. Of ways equally cheap one is taken. Pairs without a way
    add nothing and show as an infinite cost.
    """
    start, stop = np.asarray(origins, np.int64).ravel(), np.asarray(destinations, np.int64).ravel()
    flow = np.ones((len(start), len(stop))) if people is None else np.asarray(people, float)
    _refuse_misfits(graph, start, stop, flow, weights)
    rows, pairs = (graph.indptr, graph.to, graph.edge), (graph.u, graph.v)
    found = [_load(rows, pairs, checked_weight(graph, weight), start, stop, flow) for weight in weights]
    load = np.vstack([one for one, _ in found])
    return Corridors(load, load.mean(axis=0), np.stack([cost for _, cost in found]))


def snap(
    graph: StreetGraph, lon: ArrayLike, lat: ArrayLike, *, limit_m: float = 300.0
) -> tuple[Ints, Floats]:
    """Return the nearest junction of the largest connected piece to each point, and how far it is.

    Returns
    -------
    tuple
        Nodes, -1 where none is within the limit, and metres, each shape (k,).
    """
    x, y = to_metres(np.asarray(lon, float).ravel(), np.asarray(lat, float).ravel(), graph.crs)
    connected = np.flatnonzero(graph.component == 0)
    tree = cKDTree(np.column_stack([graph.x[connected], graph.y[connected]]))
    placed = np.isfinite(x) & np.isfinite(y)
    away, at = tree.query(np.column_stack([np.where(placed, x, 1e12), np.where(placed, y, 1e12)]))
    return np.where(away <= limit_m, connected[at], -1), np.asarray(away, float)


def around_stops(
    graph: StreetGraph,
    stops: pd.DataFrame,
    *,
    radius_m: float = LAST_M,
    limit_m: float = 300.0,
    bearing: csr_array | None = None,
) -> pd.DataFrame:
    """Describe the streets within a walk of each stop: the last metres of every journey.

    Parameters
    ----------
    stops
        ``name, kind, lon, lat``, degrees (EPSG:4326).
    radius_m
        How far along the streets, metres, from the junction nearest to the stop.
    limit_m
        How far a stop may be from a junction, metres.
    bearing
        Which reports lie near which edge, shape (m, r): any entry above zero counts.

    Returns
    -------
    pandas.DataFrame
        One row a stop, in the order given: ``name, kind, lon, lat, problem, streets_m, lit_m, unlit_m,
        unknown_m, lamp_lit_m, steps_m, tunnel_m, cameras, reports_within_reach``. A stop too far from any street
        says so in ``problem`` and its figures are missing.

    Notes
    -----
    Metres lit, unlit and not known add up to ``streets_m``; a street reached in part counts in part. No
    camera mapped does not mean none there.
    """
    nodes, away = snap(graph, stops["lon"], stops["lat"], limit_m=limit_m)
    seen = _cameras_by_edge(graph)
    near = csr_array((graph.edges, 0)) if bearing is None else bearing
    rows: list[dict[str, Any]] = []
    for node, far in zip(nodes.tolist(), away.tolist(), strict=True):
        if node < 0:
            rows.append(
                {"problem": f"No connected street within {limit_m:,.0f} m; the nearest is {far:,.0f} m away"}
            )
            continue
        metres = _reached(graph, node, radius_m)
        rows.append({"problem": ""} | _around(graph, metres, seen, near))
    told = pd.DataFrame(rows, columns=["problem", *_AROUND], index=stops.index)
    return pd.concat([stops[["name", "kind", "lon", "lat"]], told], axis=1).reset_index(drop=True)


def checklist(graph: StreetGraph, edges: ArrayLike, *, people: Floats | None = None) -> pd.DataFrame:
    """Lay out what to look at on site, item by item, beside what is mapped.

    Returns
    -------
    pandas.DataFrame
        One row an item of a segment: ``segment, way_id, street, length_m, people, from_lon, from_lat,
        to_lon, to_lat, item, as_mapped``, and empty ``seen_on_site, what_to_do, owner, checked_on``.
    """
    chosen = np.asarray(edges, np.int64).ravel()
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= graph.edges):
        raise SchemaError(
            "A segment is not in these streets.",
            code="segment-not-in-streets",
            seen=int(chosen.max()),
            remedy="Choose segments of the streets in use.",
        )
    names, degree = labels(graph), np.diff(graph.indptr)
    rows = []
    for edge in chosen.tolist():
        ends = graph.u[edge], graph.v[edge]
        head = {
            "segment": edge,
            "way_id": int(graph.way_id[edge]),
            "street": names[edge],
            "length_m": float(graph.length_m[edge]),
            "people": float("nan") if people is None else float(people[edge]),
            "from_lon": float(graph.lon[ends[0]]),
            "from_lat": float(graph.lat[ends[0]]),
            "to_lon": float(graph.lon[ends[1]]),
            "to_lat": float(graph.lat[ends[1]]),
        }
        told = _mapped(graph, edge, [int(degree[end]) - 1 for end in ends])
        rows += [head | {"item": item, "as_mapped": told[item]} for item in ITEMS]
    blank = dict.fromkeys(("seen_on_site", "what_to_do", "owner", "checked_on"), "")
    return pd.DataFrame(rows).assign(**blank)


# --- private -----------------------------------------------------------------------------------------

_AROUND: Final = (
    *("streets_m", "lit_m", "unlit_m", "unknown_m", "lamp_lit_m"),
    *("steps_m", "tunnel_m", "cameras", "reports_within_reach"),
)


def _refuse_misfits(
    graph: StreetGraph, start: Ints, stop: Ints, flow: Floats, weights: Sequence[ArrayLike]
) -> None:
    problems = []
    if not len(start) or not len(stop):
        problems.append(f"{len(start)} origins and {len(stop)} destinations")
    ends = np.concatenate([start, stop])
    if len(ends) and (ends.min() < 0 or ends.max() >= graph.nodes):
        problems.append("a place that is not on these streets")
    if flow.shape != (len(start), len(stop)) or not np.isfinite(flow).all() or flow.min(initial=0) < 0:
        problems.append(f"people of shape {flow.shape} for {len(start)} x {len(stop)} pairs")
    if not len(weights):
        problems.append("no weighting")
    if problems:
        raise InputError(
            "The corridors cannot be made.",
            code="corridors-options",
            seen="; ".join(problems),
            remedy="Give at least one place on either side, and one finite number of people a pair.",
        )


def _reached(graph: StreetGraph, node: int, radius_m: float) -> Floats:
    """Return how many metres of each edge lie within a walk of a node, shape (m,)."""
    left = np.maximum(radius_m - least(graph, node, graph.length_m, radius_m), 0.0)
    left[~np.isfinite(left)] = 0.0
    reached: Floats = np.minimum(left[graph.u] + left[graph.v], graph.length_m)
    return np.where(np.isin(np.arange(graph.edges), graph.edge), reached, 0.0)


def _around(graph: StreetGraph, metres: Floats, seen: csr_array, near: csr_array) -> dict[str, float]:
    edges = np.flatnonzero(metres)
    by_lit = np.bincount(graph.lit[edges], metres[edges], 3)
    return {
        "streets_m": float(metres.sum()),
        "lit_m": float(by_lit[LIT]),
        "unlit_m": float(by_lit[UNLIT]),
        "unknown_m": float(by_lit[UNKNOWN]),
        "lamp_lit_m": float(metres[graph.lamp_lit & (graph.lit == UNKNOWN)].sum()),
        "steps_m": float(metres[graph.steps].sum()),
        "tunnel_m": float(metres[graph.tunnel].sum()),
        "cameras": len(np.unique(seen[edges].indices)),
        "reports_within_reach": len(np.unique(near[edges].indices)),
    }


def _cameras_by_edge(graph: StreetGraph) -> csr_array:
    """Return which mapped cameras stand within reach of which edge, shape (m, c)."""
    stands: Any = shapely.points(graph.camera_x, graph.camera_y)
    if not len(stands):
        return csr_array((graph.edges, 0))
    x, y = to_metres(graph.geom_lon, graph.geom_lat, graph.crs)
    owner = np.repeat(np.arange(graph.edges), np.diff(graph.geom_start))
    lines: Any = shapely.linestrings(np.column_stack([x, y]), indices=owner)
    edge, camera = shapely.STRtree(stands).query(lines, predicate="dwithin", distance=CAMERA_REACH_M)
    return coo_array((np.ones(len(edge)), (edge, camera)), shape=(graph.edges, len(stands))).tocsr()


def _mapped(graph: StreetGraph, edge: int, exits: list[int]) -> dict[str, str]:
    lamps = "; lamps mapped nearby" if graph.lamp_lit[edge] else ""
    surface = graph.surfaces[graph.surface_code[edge]].replace("_", " ") or LOOK
    steps = "; steps" if graph.steps[edge] else ""
    cameras = int(graph.cameras[edge])
    return {
        "Lighting": f"{LIGHTING[graph.lit[edge]].replace('unknown', 'not known')}{lamps}",
        "Sight lines": SIGHT[graph.sight[edge]].lower() or LOOK,
        "Overgrown planting": LOOK,
        "Surface and steps": f"{surface}{steps}",
        "Signage": LOOK,
        "CCTV": f"{cameras} mapped within {CAMERA_REACH_M:g} m" if cameras else LOOK,
        "Exits": f"{exits[0]} other ways on at one end, {exits[1]} at the other",
    }


@compiled
def _settle(
    rows: tuple[Ints, Ints, Ints], weight: Floats, origin: int, wanted: NDArray[np.bool_], work: Any
) -> int:
    """Search from a node until every wanted node is settled; return how many nodes are, in their order."""
    indptr, to, edge = rows
    gone, back, order, keys, items = work
    gone[:] = np.inf
    gone[origin] = 0.0
    settled, left = 0, wanted.sum()
    size = push(keys, items, 0, 0.0, origin)
    while size > 0 and left > 0:
        key, node = keys[0], items[0]
        size = pop(keys, items, size)
        if key > gone[node]:
            continue
        order[settled] = node
        settled += 1
        left -= wanted[node]
        for k in range(indptr[node], indptr[node + 1]):
            far = key + weight[edge[k]]
            if far < gone[to[k]]:
                gone[to[k]], back[to[k]] = far, edge[k]
                size = push(keys, items, size, far, to[k])
    return settled


@compiled
def _load(
    rows: tuple[Ints, Ints, Ints],
    pairs: tuple[Ints, Ints],
    weight: Floats,
    origins: Ints,
    destinations: Ints,
    people: Floats,
) -> Any:
    """Search once an origin, then add people up along its tree from the furthest node inwards."""
    u, v = pairs
    nodes, arcs = len(rows[0]) - 1, len(rows[1])
    load, cost = np.zeros(len(weight)), np.full(people.shape, np.inf)
    wanted, through = np.zeros(nodes, np.bool_), np.zeros(nodes)
    wanted[destinations] = True
    order, back = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    work = (np.empty(nodes), back, order, np.empty(arcs + 1), np.empty(arcs + 1, np.int64))
    for o in range(len(origins)):
        settled = _settle(rows, weight, origins[o], wanted, work)
        for d in range(len(destinations)):
            cost[o, d] = work[0][destinations[d]]
            through[destinations[d]] += people[o, d]
        for s in range(settled - 1, 0, -1):
            node = order[s]
            if through[node] > 0:
                load[back[node]] += through[node]
                through[u[back[node]] + v[back[node]] - node] += through[node]
        through[:] = 0.0
    return load, cost
