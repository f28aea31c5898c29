"""The field given how it varies, and how well any such variation explains the counts.

The marginal likelihood of the hyperparameters is Laplace's: the counts' density and the field's at the mode, over the
Gaussian that fits there. Its gradient is exact, the mode's own movement included.

References
----------
Rue, H., Martino, S. & Chopin, N. (2009). Approximate Bayesian inference for latent Gaussian models by using integrated
nested Laplace approximations. doi:10.1111/j.1467-9868.2008.00700.x
Simpson, D. et al. (2017). Penalising model component complexity. doi:10.1214/16-STS576
Fuglstad, G.-A. et al. (2019). Constructing priors that penalize the complexity of Gaussian random fields.
doi:10.1080/01621459.2017.1415907
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from safespace.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.hotspots.model.cholesky import Factor
    from safespace.hotspots.model.field import Field, Precision, Ring
    from safespace.hotspots.model.likelihood import Likelihood

    Numbers = NDArray[np.float64]

_STEPS = 100  # Newton has needed 5 to 12 from nothing, 2 to 4 from beside
_LONGEST_STEP = 4.0  # a log rate moves no further at once
_CLOSE = 1e-9  # of the mode: what another step would add to the log density
_SLOW = 0.3  # steps with an old factor gain at most this share of the one before, or the factor is renewed
_LEAST = 1e-12
_ROUNDING = 1e-13  # of a sum of millions of events, by which a step seems to lose


@dataclass(frozen=True)
class Priors:
    """How large standard deviations and own excesses, and how short ranges, are believed beforehand.

    Parameters
    ----------
    sigma_rate
        Rate of the exponential prior of the field's standard deviation: 1.5 puts 5 % above 2.
    range_rate
        ``ell**-2 exp(-range_rate / ell)`` is the prior of the range in cells: 4.5 puts 5 % below 1.5.
    excess_rate
        Rate of the exponential prior of ``1 / sqrt(r)``: 1 puts 5 % above 3.
    """

    sigma_rate: float = 1.5
    range_rate: float = 4.5
    excess_rate: float = 1.0

    def log_density(self, theta: Numbers) -> tuple[float, Numbers]:
        """Return the log density of (log sigma, log ell, -1/2 log r), but for a constant, and its gradient."""
        sigma, span, excess = np.exp(theta)
        value = -self.sigma_rate * sigma - self.range_rate / span - self.excess_rate * excess
        gradient = [
            1 - self.sigma_rate * sigma, self.range_rate / span - 1, 1 - self.excess_rate * excess
        ]  # fmt: skip
        return float(value + theta[0] - theta[1] + theta[2]), np.array(gradient)


@dataclass(frozen=True)
class Gaussian:
    """What the field and its level are like around some log rates.

    Parameters
    ----------
    information
        Minus the second derivative of the counts' log density, shape (n,).
    factor
        Of the field's precision with the information on its diagonal.
    pull
        That inverse times the information, shape (n,): how far each cell's field gives way to the level.
    level_information
        What is known of the level once the field is allowed for.
    """

    information: Numbers
    factor: Factor
    pull: Numbers
    level_information: float

    def solve(self, right: Numbers, right_of_level: Numbers) -> tuple[Numbers, Numbers]:
        """Return the change of field and level that balances a push on each.

        Parameters
        ----------
        right, right_of_level
            Shape (n,) and a number, or (n, several) and (several,).
        """
        free = self.factor.solve(right)
        level = (right_of_level - self.information @ free) / self.level_information
        return free - np.multiply.outer(self.pull, level), level

    def variances(self, inverse_diagonal: Numbers) -> Numbers:
        """Return the variance of each log rate, given the diagonal of the factor's inverse, shape (n,)."""
        return inverse_diagonal + (1 - self.pull) ** 2 / self.level_information

    @property
    def log_determinant(self) -> float:
        """Of the precision of field and level together."""
        return self.factor.log_determinant + float(np.log(self.level_information))


@dataclass(frozen=True)
class Mode:
    """The most probable field at some hyperparameters.

    Parameters
    ----------
    theta
        (log sigma, log ell, -1/2 log r).
    x, level
        The field, shape (n,), and the level that is added to it.
    gaussian
        What field and level are like there.
    objective
        Log density of counts and field there, but for constants.
    """

    theta: Numbers
    x: Numbers
    level: float
    gaussian: Gaussian
    objective: float

    @property
    def eta(self) -> Numbers:
        """Log rates at the mode, shape (n,)."""
        return self.x + self.level


@dataclass(frozen=True)
class Explained:
    """How well some hyperparameters explain the counts.

    Parameters
    ----------
    mode
        The most probable field there.
    value
        Log posterior density of the hyperparameters, but for a constant.
    gradient
        Its gradient, shape (3,).
    by_theta
        Derivative of the log rates at the mode, shape (n, 3).
    """

    mode: Mode
    value: float
    gradient: Numbers
    by_theta: Numbers


def size_of(theta: Numbers) -> float:
    """Return the size r of (log sigma, log ell, -1/2 log r)."""
    return float(np.exp(-2 * theta[2]))


@dataclass(frozen=True)
class Model:
    """Counts on a graph, with what is believed beforehand.

    Parameters
    ----------
    field, counts, priors
        Graph, events of its cells, and priors of the hyperparameters.
    """

    field: Field
    counts: Likelihood
    priors: Priors

    def find_mode(self, theta: Numbers, *, near: Numbers | None = None) -> Mode:
        """Find the most probable field and level at some hyperparameters.

        Parameters
        ----------
        theta
            (log sigma, log ell, -1/2 log r).
        near
            Log rates to start from, shape (n,).

        Raises
        ------
        InputError
            When no mode is found, which finite counts have not brought about.

        Notes
        -----
        Newton's method; a factor serves for several steps while these shrink fast. The log density is concave, so
        steps that are halved until they lose nothing cannot go astray.
        """
        matrix = self.field.precision(theta[0], theta[1]).matrix
        r, eta = size_of(theta), np.zeros(self.field.size) if near is None else near
        x, level = eta - eta.mean(), float(eta.mean())
        gaussian, gain, current = self._gaussian(matrix, x + level, r), np.inf, True
        for _ in range(_STEPS):
            push = self.counts.gradient(x + level, r)
            right = push - matrix @ x
            change, of_level = gaussian.solve(right, push.sum())
            last, gain = gain, float(right @ change + push.sum() * of_level) / 2
            if gain < _CLOSE:
                settled = gaussian if current else self._gaussian(matrix, x + level, r)
                return Mode(theta, x, level, settled, self._objective(matrix, x, level, r))
            share = self._longest(matrix, x, level, (change, of_level), r)
            x, level = x + share * change, level + share * float(of_level)
            current = gain > _SLOW * last or share < 1
            if current:
                gaussian = self._gaussian(matrix, x + level, r)
        raise InputError(
            "The model found no most probable rates.",
            code="model-without-mode",
            seen=f"{self.counts.events.sum():g} events, {self.counts.expected.sum():g} expected",
            remedy="Look for counts or a baseline of absurd size.",
        )

    def _gaussian(self, matrix: Ring, eta: Numbers, r: float) -> Gaussian:
        information = self.counts.information(eta, r)
        factor = self.field.elimination.factor(self.field.with_diagonal(matrix.data, information))
        pull = factor.solve(information)
        known = float(information @ (1 - pull))
        return Gaussian(information, factor, pull, max(known, _LEAST))

    def _objective(self, matrix: Ring, x: Numbers, level: float, r: float) -> float:
        return self.counts.log_density(x + level, r) - float(x @ (matrix @ x)) / 2

    def _longest(
        self, matrix: Ring, x: Numbers, level: float, change: tuple[Numbers, Numbers], r: float
    ) -> float:
        """Return the largest share of a step, halving, that loses nothing."""
        step, of_level = change
        before = self._objective(matrix, x, level, r)
        enough = before - _CLOSE - _ROUNDING * abs(before)
        share = min(1.0, _LONGEST_STEP / float(np.abs(step + of_level).max()))
        while share > _LEAST:
            after = self._objective(matrix, x + share * step, level + share * float(of_level), r)
            if after >= enough:
                return share
            share /= 2
        return share

    def value(self, mode: Mode) -> float:
        """Return the log posterior density of the mode's hyperparameters, but for a constant."""
        prior, _ = self.priors.log_density(mode.theta)
        of_field = self.field.precision(mode.theta[0], mode.theta[1]).log_determinant
        return mode.objective + (of_field - mode.gaussian.log_determinant) / 2 + prior

    def explain(self, theta: Numbers, *, near: Numbers | None = None) -> Explained:
        """Return how well hyperparameters explain the counts, with the gradient.

        Parameters
        ----------
        theta, near
            As for :meth:`find_mode`.
        """
        mode = self.find_mode(theta, near=near)
        precision, gaussian = self.field.precision(theta[0], theta[1]), mode.gaussian
        inverse = gaussian.factor.inverse_on_pattern()
        diagonal = self.field.diagonal(inverse)
        explicit, pushes, traces = self._by_theta(mode, precision, inverse, diagonal)
        changes, of_level = gaussian.solve(*pushes)
        by_theta = changes + of_level
        by_mode = gaussian.variances(diagonal) * self.counts.information_by_rate(mode.eta, size_of(theta))
        _, of_prior = self.priors.log_density(theta)
        gradient = explicit - (traces + by_mode @ by_theta) / 2 + of_prior
        return Explained(mode, self.value(mode), gradient, by_theta)

    def _by_theta(
        self, mode: Mode, precision: Precision, inverse: Numbers, diagonal: Numbers
    ) -> tuple[Numbers, tuple[Numbers, Numbers], Numbers]:
        """Return, by each of theta: the objective's own derivative, the push on the mode, and the trace.

        Twice log sigma scales the whole precision Q down, so there derivatives are -2 Q. The size acts through the
        counts alone; theta holds -1/2 log r.
        """
        gaussian, x = mode.gaussian, mode.x
        own, push, information = self.counts.by_size(mode.eta, size_of(mode.theta))
        scaled, ranged = -2 * (precision.matrix @ x), precision.by_range @ x
        explicit = [
            -self.field.size - x @ scaled / 2,
            (precision.log_determinant_by_range - x @ ranged) / 2,
            -2 * own,
        ]
        pushes = np.column_stack([-scaled, -ranged, -2 * push]), np.array([0.0, 0.0, -2 * push.sum()])
        pull, known, weight = gaussian.pull, gaussian.level_information, gaussian.information
        traces = [
            -2 * (self.field.size - diagonal @ weight + (weight * pull) @ (1 - pull) / known),
            inverse @ precision.by_range.data + pull @ (precision.by_range @ pull) / known,
            -2 * gaussian.variances(diagonal) @ information,
        ]
        return np.array(explicit), pushes, np.array(traces)
