"""How good a list could be at most: HiGHS on the exact programme, or a bound that needs no solver."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, coo_array, csr_array, hstack, vstack

from safespace.interventions.greedy import begin, mattering, walk_costs
from safespace.routes.search import least

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.interventions.greedy import Task

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TIME_LIMIT_S: Final = 10.0
MOST_VARIABLES: Final = 60_000
CLOSE: Final = 1e-6
_MULTIPLIERS: Final = 12


@dataclass(frozen=True)
class Bound:
    """The least that the walks' summed cost could be within the budget, and how that is known.

    Parameters
    ----------
    least_cost
        No list within the budget brings the summed cost below this, metres x people.
    proven_best
        The solver finished, so the bound is reached by some list.
    method
        How it was found, as a sentence.
    seconds
        How long that took.
    """

    least_cost: float
    proven_best: bool
    method: str
    seconds: float


def best_possible(
    task: Task, *, time_limit_s: float = TIME_LIMIT_S, most_variables: int = MOST_VARIABLES
) -> Bound:
    """Return the least the walks' summed cost could be, whatever list is made within the budget.

    Parameters
    ----------
    time_limit_s
        How long the solver may take; the bound it has by then is still valid.
    most_variables
        Above this many variables the solver is not asked.

    Notes
    -----
    The programme chooses edges (binary) and, for each walk, a flow that may use an edge at its lit cost only
    when it is chosen (Dilkina, Lai & Gomes 2011, doi 10.1007/978-3-642-21311-3_9). The other bound gives
    every walk the whole budget for itself and prices it by a Lagrange multiplier (Handler & Zang 1980, "A dual
    algorithm for the constrained shortest path problem"), so it is valid and looser the more walks share it.
    """
    started = time.perf_counter()
    alone = _each_alone(task)
    held = mattering(task, walk_costs(task, begin(task)))
    size = int(4 * held.sum() + len(task.allowed))
    if not len(task.allowed) or size > most_variables:
        method = "bounded walk by walk: too large for the solver" if len(task.allowed) else "nothing to light"
        return Bound(alone, not len(task.allowed), method, time.perf_counter() - started)
    found = _solve(task, held, time_limit_s)
    dual = getattr(found, "mip_dual_bound", None)
    solved = alone if dual is None or not np.isfinite(dual) else max(float(dual), alone)
    told = "solved to the best by HiGHS" if found.status == 0 else f"HiGHS stopped after {time_limit_s:g} s"
    return Bound(solved, found.status == 0, told, time.perf_counter() - started)


# --- private -----------------------------------------------------------------------------------------


def _each_alone(task: Task) -> float:
    """Return the sum over walks of the least cost each could have with the whole budget to itself."""
    return float(sum(people * _alone(task, k) for k, people in enumerate(task.people)))


def _alone(task: Task, walk: int) -> float:
    """Search for the multiplier that gives one walk's greatest lower bound, by thirds."""
    lit, dark = task.graph.length_m, task.cost
    ends = int(task.ends[task.start[walk]]), int(task.ends[task.stop[walk]])

    def value(multiplier: float) -> float:
        weight = dark.copy()
        priced = lit[task.allowed] + multiplier * task.charge[task.allowed]
        weight[task.allowed] = np.minimum(dark[task.allowed], priced)
        return float(least(task.graph, ends[0], weight)[ends[1]]) - multiplier * task.budget

    rates = (dark - lit)[task.allowed] / task.charge[task.allowed]
    low, high = 0.0, float(rates.max(initial=0.0))
    best = max(value(low), value(high))
    for _ in range(_MULTIPLIERS):  # the value is concave in the multiplier
        third = (high - low) / 3
        left, right = value(low + third), value(high - third)
        best = max(best, left, right)
        low, high = (low + third, high) if left < right else (low, high - third)
    return best


def _solve(task: Task, mask: NDArray[np.bool_], time_limit_s: float) -> Any:
    """Solve the programme: lit and unlit arcs of each walk, both directions, and one choice an edge."""
    place = np.full(task.graph.edges, -1)
    place[task.allowed] = np.arange(len(task.allowed))
    flows = [_flow(task, walk, np.flatnonzero(mask[walk]), place) for walk in range(len(task.people))]
    width = len(task.allowed)
    balance = hstack([block_diag([flow.balance for flow in flows]), _zeros(flows, width)], format="csr")
    supply = np.concatenate([flow.supply for flow in flows])
    linked = hstack(
        [block_diag([flow.uses for flow in flows]), vstack([-flow.choice for flow in flows])], format="csr"
    )
    spent = np.concatenate([np.zeros(balance.shape[1] - width), task.charge[task.allowed]])
    return milp(
        np.concatenate([*(flow.cost for flow in flows), np.zeros(width)]),
        constraints=[
            LinearConstraint(balance, supply, supply),
            LinearConstraint(linked, -np.inf, 0),
            LinearConstraint(csr_array(spent[None, :]), 0, task.budget),
        ],
        integrality=np.repeat([0, 1], [len(spent) - width, width]),
        bounds=Bounds(0, 1),
        options={"time_limit": time_limit_s, "mip_rel_gap": CLOSE},
    )


@dataclass(frozen=True)
class _Flow:
    """One walk's part of the programme."""

    cost: Floats
    balance: csr_array
    supply: Floats
    uses: csr_array
    choice: csr_array


def _flow(task: Task, walk: int, edges: Ints, place: Ints) -> _Flow:
    graph = task.graph
    dark = edges[place[edges] >= 0]
    arcs = np.concatenate([edges, edges, dark, dark])
    tail = np.concatenate([graph.u[edges], graph.v[edges], graph.u[dark], graph.v[dark]])
    head = np.concatenate([graph.v[edges], graph.u[edges], graph.v[dark], graph.u[dark]])
    cost = np.where(np.arange(len(arcs)) < 2 * len(edges), task.cost[arcs], graph.length_m[arcs])
    ends = task.ends[task.start[walk]], task.ends[task.stop[walk]]
    nodes, at = np.unique(np.concatenate([tail, head, ends]), return_inverse=True)
    tails, heads = at[: len(arcs)], at[len(arcs) : 2 * len(arcs)]
    number = np.arange(len(arcs))
    balance = coo_array(
        (np.repeat([1.0, -1.0], len(arcs)), (np.concatenate([tails, heads]), np.tile(number, 2))),
        shape=(len(nodes), len(arcs)),
    )
    supply = np.zeros(len(nodes))
    supply[at[-2]], supply[at[-1]] = 1.0, -1.0
    lit = np.arange(2 * len(edges), len(arcs))
    row = np.tile(np.arange(len(dark)), 2)
    return _Flow(
        cost=task.people[walk] * cost,
        balance=balance.tocsr(),
        supply=supply,
        uses=coo_array((np.ones(len(lit)), (row, lit)), shape=(len(dark), len(arcs))).tocsr(),
        choice=coo_array(
            (np.ones(len(dark)), (np.arange(len(dark)), place[dark])), shape=(len(dark), len(task.allowed))
        ).tocsr(),
    )


def _zeros(flows: list[_Flow], width: int) -> csr_array:
    return csr_array((sum(flow.balance.shape[0] for flow in flows), width))
