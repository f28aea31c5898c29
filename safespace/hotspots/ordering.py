"""In which order cells and places are published: by what the next period is foretold to hold there.

Two forecasts that err differently are pooled: the hierarchical model's rate, and counts averaged over rings from the
cell alone to the whole area, each width weighing as much as it foretells events that were kept from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, diags_array

from safespace.cells import neighbours
from safespace.errors import InputError
from safespace.schemas import CELLS, check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.hotspots.model import Draws, RateModel

    Numbers = NDArray[np.float64]
    Ring = csr_array[Any, tuple[int, int]]

_STEPS = (0, 1, 2, 4, 8, 16, 32)  # rings walked: from the cell alone to some 30 cells round it
_FOLDS = 10
_ROUNDS = 200  # of expectation-maximisation; most end after some dozens
SHARE, SURE = 0.01, 0.9  # the short list: what lies among the densest hundredth, by 9 draws in 10


def order_cells(cells: pd.DataFrame, model: RateModel, *, ground: pd.Series | None = None) -> pd.DataFrame:
    """Return the assessed cells in the order that is published, the most events foretold on the least ground first.

    Parameters
    ----------
    cells
        The window's cells (:data:`safespace.schemas.CELLS`) that the model was fitted to, for their ground.
    model
        From :func:`safespace.hotspots.model.fit_cells`, or a finding's. Its events and expectations count.
    ground
        What events are spread over, indexed by cell: kilometres of street, say. Square kilometres when not given. A
        cell with none of it comes last.

    Returns
    -------
    pandas.DataFrame
        One row a cell the model assesses: ``cell``, ``order`` (1 first, none shared: the lower cell among equals),
        ``foretold`` (events in a period as long as the one learnt from) and ``foretold_density`` (per unit of ground,
        what the order is by), in that order.

    Raises
    ------
    SchemaError
        When ``cells`` breaks its promise.
    InputError
        When the model assesses a cell that is not among them.

    Notes
    -----
    The geometric mean of two forecasts, made to add up to the events: the model's mean rate times what it expects, and
    :func:`local_rates` likewise. With few events the second knows more of the wider surroundings; with many both are
    the counts. Nothing in it is random. An order by a rate against a baseline answers another question, where it is
    more than usual: it is not the order that catches most of what comes next.
    """
    check(cells, CELLS)
    held = _assessed(cells, model, ground)
    every = np.sort(cells["cell"].to_numpy())  # events are dealt in this order
    counted = held[["events", "expected"]].reindex(every, fill_value=0.0)
    local = local_rates(counted["events"].to_numpy(), counted["expected"].to_numpy(), neighbours(every))
    nearby = pd.Series(local, index=every).reindex(held.index).to_numpy()
    pooled = held["expected"].to_numpy() * np.sqrt(held["rate"].to_numpy() * nearby)
    foretold = pooled * (held["events"].sum() / pooled.sum())
    table = pd.DataFrame({"cell": held.index, "foretold": foretold})
    table["foretold_density"] = _per(foretold, held["ground"].to_numpy())
    ordered = table.sort_values(["foretold_density", "cell"], ascending=[False, True], ignore_index=True)
    ordered.insert(1, "order", np.arange(1, len(ordered) + 1))
    return ordered


def order_places(ordered: pd.DataFrame, cells: pd.DataFrame, place: pd.Series) -> pd.DataFrame:
    """Return places in the order that is published, the most events foretold on the least ground first.

    Parameters
    ----------
    ordered
        From :func:`order_cells`.
    cells
        The cells it was made from, for their ground.
    place
        Which place each cell belongs to, indexed by cell (:func:`safespace.hotspots.place_of`); cells of no place, and
        those that are not assessed, are passed over.

    Returns
    -------
    pandas.DataFrame
        ``place``, ``order`` (1 first; the place named first among equals), ``foretold``, ``area_km2`` and
        ``foretold_density``, in that order.
    """
    area = cells.set_index("cell")["area_km2"]
    held = ordered.assign(area_km2=ordered["cell"].map(area), place=ordered["cell"].map(place))
    summed = held.dropna(subset=["place"]).groupby("place")[["foretold", "area_km2"]].sum().reset_index()
    summed = summed.assign(foretold_density=summed["foretold"] / summed["area_km2"])
    summed = summed.sort_values(["foretold_density", "place"], ascending=[False, True], ignore_index=True)
    summed.insert(1, "order", np.arange(1, len(summed) + 1))
    return summed


def short_list(
    cells: pd.DataFrame,
    model: RateModel,
    *,
    share: float = SHARE,
    sure: float = SURE,
    ground: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the cells that are surely among the densest of the area: a list short enough to act on.

    Parameters
    ----------
    cells, model
        As for :func:`order_cells`.
    share
        Of the assessed cells, between 0 and 1: k is as many, at least one.
    sure
        A cell is listed when the probability that it is among the k densest is this or more.
    ground
        As for :func:`order_cells`; a cell with none of it is not listed.

    Returns
    -------
    pandas.DataFrame
        In the published order: ``cell``, ``order``, ``rank`` (shared by those that cannot be told apart),
        ``rank_lower``, ``rank_upper``; how much: ``density`` (events per unit of ground, posterior mean),
        ``density_lower``, ``density_upper``, ``rate``, ``lower``, ``upper``; how sure: ``p_top``. ``attrs["top"]`` is k.
        No rows where none is as sure as that.

    Raises
    ------
    SchemaError, InputError
        As :func:`order_cells`; also when a share or probability is not between 0 and 1.

    Notes
    -----
    With many events almost every cell differs from usual, and the probability of being above twice usual is 1 for
    hundreds. Being among the k densest stays a question of size, as only k can be.
    """
    _refuse_shares(share, sure)
    held = _assessed(cells, model, ground)
    told = _densities(model, held["ground"].to_numpy())
    top = max(1, round(share * len(held)))
    ranks = told.ranks(top=(top,), level=model.method.level)
    tails = [(1 - model.method.level) / 2, (1 + model.method.level) / 2]
    lower, upper = np.quantile(told.rates, tails, axis=0)
    much = held[["rate", "lower", "upper"]].assign(
        density=told.rates.mean(axis=0), density_lower=lower, density_upper=upper, p_top=ranks[f"p_top_{top}"].to_numpy(),
        rank_lower=ranks["rank_lower"].to_numpy(), rank_upper=ranks["rank_upper"].to_numpy(),
    )  # fmt: skip
    ordered = order_cells(cells, model, ground=ground)[["cell", "order"]].merge(
        much, left_on="cell", right_index=True
    )
    listed = (ordered["p_top"] >= sure) & (ordered["density"] > 0)
    # Ranks count every cell above, listed or not.
    down_to_last = ordered[: int(ordered["order"].where(listed).max())] if listed.any() else ordered[:0]
    at = pd.Index(told.cells).get_indexer(pd.Index(down_to_last["cell"]))
    ranked = down_to_last.assign(rank=told.tied_ranks(at, level=model.method.level))
    chosen = ranked.loc[listed[: len(ranked)], list(_LISTED)].reset_index(drop=True)
    chosen.attrs["top"] = top
    return chosen


_LISTED = (
    "cell", "order", "rank", "rank_lower", "rank_upper", "density", "density_lower", "density_upper", "rate", "lower",
    "upper", "p_top",
)  # fmt: skip


def how_sure(
    cells: pd.DataFrame, model: RateModel, place: pd.Series, *, share: float = SHARE
) -> pd.DataFrame:
    """Return how dense each place is, and how surely as dense as the densest cells of the area.

    Parameters
    ----------
    cells, model, share
        As for :func:`short_list`.
    place
        Which place each cell belongs to, indexed by cell.

    Returns
    -------
    pandas.DataFrame
        ``place``, ``density`` (events per square kilometre, posterior mean), ``density_lower``, ``density_upper`` and
        ``p_top``: the probability that the place as a whole is as dense as the k-th densest cell, k being the share
        of the cells. A short list of places holds those with ``p_top`` at :data:`SURE` or above.
    """
    _refuse_shares(share)
    held = _assessed(cells, model)
    area = held["ground"].to_numpy()
    told = _densities(model, area)
    last = len(held) - max(1, round(share * len(held)))
    least = np.partition(told.rates, last, axis=1)[:, last]
    tails = [(1 - model.method.level) / 2, (1 + model.method.level) / 2]
    rows = []
    for name, members in place.groupby(place).groups.items():
        at = np.isin(told.cells, np.asarray(members, dtype=np.int64))
        if not at.any():
            continue
        dense = told.rates[:, at].astype(float) @ (area[at] / area[at].sum())
        lower, upper = np.quantile(dense, tails)
        rows.append((name, dense.mean(), lower, upper, (dense >= least * (1 - 1e-6)).mean()))
    return pd.DataFrame(rows, columns=["place", "density", "density_lower", "density_upper", "p_top"])


def _densities(model: RateModel, ground: Numbers) -> Draws:
    """Return the model's draws as events per unit of ground; none where there is no ground."""
    per = _per(model.draws.expected, ground)
    return replace(model.draws, rates=(model.draws.rates * per).astype(np.float32))


def _refuse_shares(*shares: float) -> None:
    wrong = [share for share in shares if not 0 < share < 1]
    if wrong:
        raise InputError(
            "A short list is asked for by shares between 0 and 1.",
            code="short-list-share",
            seen=", ".join(map(str, wrong)),
            remedy="Give a share of the cells such as 0.01, and a probability such as 0.9.",
        )


def _assessed(cells: pd.DataFrame, model: RateModel, ground: pd.Series | None = None) -> pd.DataFrame:
    """Return what the model says of its cells, with their ground, by cell."""
    held = model.table.set_index("cell")
    known = cells.set_index("cell")["area_km2"].reindex(held.index)
    if known.isna().any():
        raise InputError(
            "The model assesses cells that are not among those counted.",
            code="order-of-other-cells",
            seen=f"{int(known.isna().sum())} of {len(held)} cells",
            remedy="Give the cells that the model was fitted to.",
        )
    spread = known if ground is None else ground.reindex(held.index).fillna(0.0)
    return held.assign(ground=spread.astype(float))


def _per(events: Numbers, ground: Numbers) -> Numbers:
    """Return events per unit of ground, none where there is none of it."""
    per: Numbers = np.divide(events, ground, out=np.zeros(len(ground)), where=ground > 0)
    return per


def local_rates(events: NDArray[Any], exposure: Numbers, ring: Ring) -> Numbers:
    """Return rates averaged over rings of several widths, each weighing as much as it foretells.

    Parameters
    ----------
    events
        Events of each cell, whole numbers, shape (n,); those where nothing is expected are left out.
    exposure
        What they are compared with, zero or more, shape (n,).
    ring
        Non-zero where cells touch, each touching itself: :func:`safespace.cells.neighbours`, shape (n, n).

    Returns
    -------
    numpy.ndarray
        Relative to the area's mean, shape (n,); zero where there is no exposure.

    Notes
    -----
    Deleted interpolation: the events, in the order of the cells, are dealt to ten hands, and each hand is foretold by
    the other nine from a mixture of the cell's own rate, rates walked 1, 2, 4, 8, 16 and 32 rings out, and the area's
    mean. The weights are the most likely ones, with one event's worth of doubt for each. So they follow from the counts
    alone, and the same counts give the same weights. Reports that one person makes again and again foretell each
    other: count them as one event beforehand.

    References
    ----------
    Jelinek, F. & Mercer, R. L. (1980). Interpolated estimation of Markov source parameters from sparse data.
    In: Pattern Recognition in Practice, 381-397.
    """
    counted = np.where(np.asarray(exposure) > 0, events, 0).astype(np.int64)
    if not counted.any():
        return (exposure > 0).astype(float)
    hands = _dealt(counted)
    weights = _weights(_forecasts(counted[:, None] - hands, exposure, ring), hands)
    chance = np.tensordot(weights, _forecasts(counted[:, None], exposure, ring), axes=1)[:, 0]
    return _per(chance, exposure / exposure.sum())


def _dealt(events: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the events dealt to hands in turn, shape (n, hands): hand h holds events h, h + 10, h + 20 ..."""
    until = np.concatenate([[0], np.cumsum(events)])
    dealt: NDArray[np.int64] = np.diff((until[:, None] + _FOLDS - 1 - np.arange(_FOLDS)) // _FOLDS, axis=0)
    return dealt


def _forecasts(counts: NDArray[np.int64], exposure: Numbers, ring: Ring) -> Numbers:
    """Return where the next event falls by each width alone, shape (widths, n, columns of counts).

    Over the cells each adds up to 1, or to 0 where there are no counts to learn from; the last is the exposure's.
    """
    step = (diags_array(1 / ring.sum(axis=1)) @ ring).T.tocsr()
    held, usual = counts.astype(float), exposure.copy()
    told = []
    for walked in range(_STEPS[-1] + 1):
        if walked in _STEPS:
            rate = np.divide(held, usual[:, None], out=np.zeros_like(held), where=usual[:, None] > 0)
            share = rate * exposure[:, None]
            total = share.sum(axis=0)
            told.append(np.divide(share, total, out=np.zeros_like(share), where=total > 0))
        held, usual = np.asarray(step @ held), np.asarray(step @ usual)
    return np.stack([*told, np.broadcast_to((exposure / exposure.sum())[:, None], held.shape)])


def _weights(forecasts: Numbers, held: NDArray[np.int64]) -> Numbers:
    """Return the weights under which what was held back is most likely, shape (widths,)."""
    where = held > 0
    chance, events = forecasts[:, where], held[where].astype(float)
    weights = np.full(len(chance), 1 / len(chance))
    for _ in range(_ROUNDS):
        part = weights[:, None] * chance
        credit = (part / part.sum(axis=0)) @ events
        last, weights = weights, (credit + 1) / (events.sum() + len(chance))
        if np.abs(weights - last).max() < 1e-6:
            break
    return weights
