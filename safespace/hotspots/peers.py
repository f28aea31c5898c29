"""Simpler ways to order places, which the published order is judged beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from safespace.cells import neighbours
from safespace.hotspots.intensity import fit_prior, smoothed_rates
from safespace.hotspots.surfaces import density

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Numbers = NDArray[np.float64]
    Ring = csr_array[Any, tuple[int, int]]

LAST = "last period"
_PARTS = 4  # of the past: each is foretold by the others
_SIZES = (-8.0, 8.0)  # log sizes of the negative binomial that are told apart


def scores_from(counts: pd.DataFrame, cells: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what each usual method would rank the cells by, given the counts of the past.

    Parameters
    ----------
    counts
        From :func:`safespace.hotspots.count_by_period`, the past only.
    cells
        The cells frame it was counted in; its ``exposure`` is the baseline of the smoothed rate.

    Returns
    -------
    dict of pandas.Series
        Indexed by cell, all per square kilometre: "last period", "all periods", "smoothed" (Poisson-gamma, towards
        the baseline), "kernel" (Gaussian, cross-validated bandwidth) and "own and ring counts"
        (:func:`ring_regression`).
    """
    held = cells[~cells["edge"]].set_index("cell").reindex(counts.index)
    area, total = held["area_km2"], counts.sum(axis="columns")
    counted = held.rename_axis("cell").reset_index().assign(events=total.to_numpy(), pins=total.to_numpy())
    kernel = density(counted[["cell", "area_km2", "edge", "pins", "events", "exposure"]]).table
    return {
        LAST: counts.iloc[:, -1] / area,
        "all periods": total / area,
        "smoothed": _smoothed(total, held["exposure"]) / area,
        "kernel": kernel.set_index("cell")["density"],
        "own and ring counts": ring_regression(counts, area) / area,
    }


def _smoothed(total: pd.Series, exposure: pd.Series) -> pd.Series:
    """Return the events each cell is expected to have, pulled towards its share of the baseline; none without any."""
    known = exposure > 0
    expected = exposure[known] * (total[known].sum() / exposure[known].sum())
    prior = fit_prior(total[known], expected)
    rates = smoothed_rates(total[known], expected, prior=prior)["rate"].to_numpy()
    pulled: pd.Series = (expected * rates).reindex(total.index, fill_value=0.0)
    return pulled


def ring_regression(counts: pd.DataFrame, area: pd.Series) -> pd.Series:
    """Return the events each cell is expected to have, by negative binomial regression on counts round it.

    Parameters
    ----------
    counts
        Events by cell (index) and period (columns).
    area
        Square kilometres, indexed by cell.

    Returns
    -------
    pandas.Series
        Indexed by cell, adding up to the events of the past.

    Notes
    -----
    The log mean is linear in log(1 + count) of the cell, of its neighbours and of theirs, with the log of the area as
    an offset. The periods are dealt to four parts, and each part is the outcome of the counts of the other three. Of
    the ways tried (one ring or two, square roots, halves of the past, squares) this one foretold most.

    References
    ----------
    Osgood, D. W. (2000). Poisson-based regression analysis of aggregate crime rates. doi:10.1023/A:1007521427059
    """
    rings, total = _rings(counts.index), counts.sum(axis="columns").to_numpy(dtype=float)
    parts = [counts.iloc[:, k::_PARTS].sum(axis="columns").to_numpy(dtype=float) for k in range(_PARTS)]
    parts = [part for part in parts if part.any()]
    offset = np.log(area.reindex(counts.index).to_numpy(dtype=float))
    others = np.vstack([_features(total - part, rings) for part in parts])
    found = _fit(others, np.concatenate(parts), np.tile(offset, len(parts)))
    mean = np.exp(_features(total, rings) @ found + offset)
    return pd.Series(mean * (total.sum() / mean.sum()), index=counts.index)


def _rings(cells: pd.Index) -> tuple[Ring, Ring]:
    """Return which cells are one step away, and which are two."""
    near = neighbours(cells.to_series()).astype(np.int64)
    first = near.copy()
    first.setdiag(0)
    first.eliminate_zeros()
    second = ((near @ near) > 0).astype(np.int64) - (near > 0).astype(np.int64)
    second.eliminate_zeros()
    return first.tocsr(), second.tocsr()


def _features(held: Numbers, rings: tuple[Ring, Ring]) -> Numbers:
    return np.column_stack(
        [np.ones(len(held)), *(np.log1p(x) for x in (held, rings[0] @ held, rings[1] @ held))]
    )


def _fit(features: Numbers, events: Numbers, offset: Numbers) -> Numbers:
    """Return the most likely coefficients, shape (features,)."""

    def loss(at: Numbers) -> tuple[float, Numbers]:
        size = np.exp(np.clip(at[-1], *_SIZES))
        mean = np.exp(np.clip(features @ at[:-1] + offset, -30, 30))
        held = gammaln(events + size) - gammaln(size) + events * np.log(mean / (mean + size))
        value = (held - size * np.log1p(mean / size)).sum()
        by_mean = features.T @ (events - (events + size) * mean / (mean + size))
        by_size = (
            digamma(events + size) - digamma(size) - np.log1p(mean / size) + (mean - events) / (size + mean)
        )
        return -value / len(events), -np.append(by_mean, by_size.sum() * size) / len(events)

    start = np.zeros(features.shape[1] + 1)
    start[0] = np.log(events.sum() / np.exp(offset).sum())
    found: Numbers = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7}).x[:-1]
    return found
