"""How the field varies: the most probable hyperparameters, and a small design that stands for all likely ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from safespace.hotspots.intensity import fit_prior
from safespace.hotspots.model.field import LONGEST, SHORTEST
from safespace.hotspots.model.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from safespace.hotspots.model.laplace import Explained, Mode, Model
    from safespace.hotspots.model.likelihood import Likelihood

    Numbers = NDArray[np.float64]

# log sigma, log ell, -1/2 log r: beyond these a field or an own excess is nothing, or everything
LOWEST = np.log([0.01, SHORTEST, 0.01])
HIGHEST = np.log([10.0, LONGEST, 30.0])
_USUAL_RANGE = 4.5  # cells: the most probable beforehand
_FARTHEST = 1.0  # one step moves no hyperparameter by more than a factor e
_ROUNDS, _HALVINGS = 60, 8
_CLOSE = 1e-4  # of the peak: twice the log density that another step would add
_NUDGE = 0.02
_FLATTEST = 0.1  # a curvature below this is the prior's doing alone
_AXES = [2, 1, 0]  # size first, so that the first axis is its profile


@dataclass(frozen=True)
class Peak:
    """The most probable hyperparameters and how far others are likely too.

    Parameters
    ----------
    explained
        The peak itself.
    covariance
        Of a normal with the curvature found there, shape (3, 3).
    evaluations
        How many sets of hyperparameters were tried.
    """

    explained: Explained
    covariance: Numbers
    evaluations: int

    @property
    def theta(self) -> Numbers:
        """(log sigma, log ell, -1/2 log r)."""
        return self.explained.mode.theta


def find_peak(model: Model, starts: Sequence[Numbers]) -> Peak:
    """Find the most probable hyperparameters by a quasi-Newton search.

    Parameters
    ----------
    model
        Counts on a graph.
    starts
        (log sigma, log ell, -1/2 log r) of one place to start from or more; the search goes on from the best.
    """
    modes = in_threads(lambda start: model.find_mode(np.clip(start, LOWEST, HIGHEST)), starts)
    best = max(modes, key=model.value)
    here, tried = model.explain(best.theta, near=best.eta), len(starts) + 4
    spread = _covariance(model, here)
    for _ in range(_ROUNDS):
        step = _step(here, spread)
        if here.gradient @ step < _CLOSE:
            break
        there, more = _onwards(model, here, step)
        tried += more
        if there is None:
            break
        spread = _updated(spread, there.mode.theta - here.mode.theta, here.gradient - there.gradient)
        here = there
    return Peak(here, _covariance(model, here), tried + 3)


def likely_starts(counts: Likelihood) -> list[Numbers]:
    """Return hyperparameters to start a search from: rates differ by place, by surroundings, or by some of both.

    Parameters
    ----------
    counts
        Their variance between cells, by the negative binomial likelihood, is what either has to explain.
    """
    known = counts.expected > 0
    variance = fit_prior(counts.events[known], counts.expected[known]).variance
    sigma, excess = np.log(np.log1p(variance)) / 2, np.log(variance) / 2
    shared = [(sigma, excess - 2), (sigma - 2, excess), (sigma - 0.35, excess - 0.35)]
    return [np.array([log_sigma, np.log(_USUAL_RANGE), own]) for log_sigma, own in shared]


def _step(here: Explained, spread: Numbers) -> Numbers:
    """Return the next step, within bounds and not too far."""
    theta, slope = here.mode.theta, here.gradient
    stuck = ((theta <= LOWEST) & (slope < 0)) | ((theta >= HIGHEST) & (slope > 0))
    free = np.where(stuck, 0.0, 1.0)
    step = free * (spread @ (free * slope))
    step = step * min(1.0, _FARTHEST / max(float(np.abs(step).max()), 1e-12))
    bounded: Numbers = np.clip(theta + step, LOWEST, HIGHEST) - theta
    return bounded


def _onwards(model: Model, here: Explained, step: Numbers) -> tuple[Explained | None, int]:
    """Return where a step leads, halved until it gains, and how many were tried."""
    for tried in range(1, _HALVINGS + 1):
        there = model.explain(here.mode.theta + step, near=foresee(here, step))
        if there.value >= here.value + 1e-4 * float(here.gradient @ step):
            return there, tried
        step = step / 2 if tried == 1 else step / 4
    return None, _HALVINGS


def foresee(here: Explained, step: Numbers) -> Numbers:
    """Return the log rates that are expected a step further."""
    change = here.by_theta @ step
    return here.mode.eta + (change if np.abs(change).max() < 1 else 0.0)


def _updated(spread: Numbers, moved: Numbers, fell: Numbers) -> Numbers:
    """Return the inverse curvature that explains how the gradient fell (Broyden, Fletcher, Goldfarb, Shanno)."""
    along = float(moved @ fell)
    if along <= 1e-10:
        return spread
    back = np.eye(3) - np.outer(moved, fell) / along
    updated: Numbers = back @ spread @ back.T + np.outer(moved, moved) / along
    return updated


def _covariance(model: Model, peak: Explained) -> Numbers:
    """Return the inverse curvature at the peak from the gradient beside it."""

    def column(axis: int) -> Numbers:
        nudge = np.zeros(3)
        nudge[axis] = _NUDGE if peak.mode.theta[axis] + _NUDGE <= HIGHEST[axis] else -_NUDGE
        beside = model.explain(peak.mode.theta + nudge, near=foresee(peak, nudge))
        fell: Numbers = peak.gradient - beside.gradient
        return fell / float(nudge[axis])

    curvature = np.array(in_threads(column, range(3)))
    sizes, ways = np.linalg.eigh((curvature + curvature.T) / 2)
    inverse: Numbers = (ways / np.maximum(np.abs(sizes), _FLATTEST)) @ ways.T
    return inverse


@dataclass(frozen=True)
class Design:
    """Hyperparameters that stand for all likely ones.

    Parameters
    ----------
    thetas
        (log sigma, log ell, -1/2 log r) of each point, shape (points, 3).
    weights
        Share of the posterior that each stands for, adding up to 1, shape (points,).
    group
        Which points have the same size r, shape (points,).
    modes
        The most probable field at each. Their factors are what takes the memory: 25 MB each at 23,000 cells.
    """

    thetas: Numbers
    weights: Numbers
    group: NDArray[np.int64]
    modes: tuple[Mode, ...]

    @property
    def sizes(self) -> tuple[Numbers, Numbers]:
        """The sizes r and the share that each stands for, one a group."""
        first = np.unique(self.group, return_index=True)[1]
        return np.exp(-2 * self.thetas[first, 2]), np.bincount(self.group, weights=self.weights).astype(float)


def lay_out(model: Model, peak: Peak) -> Design:
    """Lay out hyperparameters around the peak and weigh them by their posterior density.

    Parameters
    ----------
    model
        Counts on a graph.
    peak
        From :func:`find_peak`.

    Notes
    -----
    Five values of the size r along its profile (Gauss-Hermite nodes for the normal of the peak), and at each three of
    range and standard deviation, in a triangle that has their conditional mean and covariance. The weights are those
    of the normal corrected by what the density really is there. Beside a grid of 729 points the logarithm of r had
    the same mean and standard deviation to 0.15 and 0.2, and a ring's chance was the same to 8 %.
    """
    places, normal, group = _prism()
    spread = np.linalg.cholesky(peak.covariance[np.ix_(_AXES, _AXES)])
    thetas = np.empty_like(places)
    thetas[:, _AXES] = peak.theta[_AXES] + places @ spread.T
    thetas = np.clip(thetas, LOWEST, HIGHEST)
    modes = in_threads(
        lambda theta: model.find_mode(theta, near=foresee(peak.explained, theta - peak.theta)), thetas
    )
    values = np.array([model.value(mode) for mode in modes])
    logs = values + (places**2).sum(axis=1) / 2 + np.log(normal)
    weights = np.exp(logs - logs.max())
    return Design(thetas, weights / weights.sum(), group, tuple(modes))


def lay_again(model: Model, table: pd.DataFrame) -> Design:
    """Return the design of another fit, with its weights, and the most probable fields of these counts.

    Parameters
    ----------
    model
        Counts on a graph.
    table
        ``weight``, ``sigma``, ``range_cells`` and ``size``, one row a point.
    """
    thetas = np.log(np.column_stack([table["sigma"], table["range_cells"], table["size"] ** -0.5]))
    modes = in_threads(model.find_mode, thetas)
    group = np.unique(table["size"].round(12), return_inverse=True)[1].astype(np.int64)
    return Design(thetas, table["weight"].to_numpy(dtype=float), group, tuple(modes))


def _prism() -> tuple[Numbers, Numbers, NDArray[np.int64]]:
    """Return points and weights for a standard normal of three dimensions, and which share the first coordinate."""
    along, shares = np.polynomial.hermite_e.hermegauss(5)
    places, normal = [], []
    for number, (first, share) in enumerate(zip(along, shares / shares.sum(), strict=True)):
        turn = np.pi * (number % 2) + 2 * np.pi * np.arange(3) / 3  # triangles point either way in turn
        places.append(
            np.column_stack([np.full(3, first), np.sqrt(2) * np.cos(turn), np.sqrt(2) * np.sin(turn)])
        )
        normal.append(np.full(3, share / 3))
    return np.concatenate(places), np.concatenate(normal), np.repeat(np.arange(5), 3)
