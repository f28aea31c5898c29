"""Joint draws of all cells' rates: what ranks, lists and places made of several cells rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import InputError
from safespace.hotspots.model.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from safespace.hotspots.model.posterior import Surroundings

    Numbers = NDArray[np.float64]

_OWN = 1_000_003  # numbers the stream of own excesses, beside those of the surroundings
_AT_ONCE = 50  # draws from one stream


@dataclass(frozen=True)
class Draws:
    """Rates of all assessed cells, drawn together from their posterior.

    Parameters
    ----------
    cells
        Assessed cells, shape (n,).
    expected
        Events expected in each at the area's mean rate, shape (n,).
    rates
        Relative to that, shape (draws, n).
    """

    cells: NDArray[np.int64]
    expected: Numbers
    rates: NDArray[np.float32]

    def ranks(self, *, top: Sequence[int], level: float) -> pd.DataFrame:
        """Return where each cell stands among all, 1 being the highest rate.

        Parameters
        ----------
        top
            Lengths of list, for the probability of being on it.
        level
            Probability the interval of the rank holds.

        Returns
        -------
        pandas.DataFrame
            ``expected_rank``, ``rank_lower``, ``rank_upper``, and ``p_top_k`` for each k, RangeIndex.
        """
        count, n = self.rates.shape
        ranks = np.empty((count, n), dtype=np.int32)
        places = np.arange(1, n + 1, dtype=np.int32)

        def rank(draw: int) -> None:
            ranks[draw, np.argsort(-self.rates[draw])] = places

        in_threads(rank, range(count))
        tail = (1 - level) / 2
        lower, upper = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
        on_list = {f"p_top_{k}": (ranks <= k).mean(axis=0) for k in top}
        held = {"expected_rank": ranks.mean(axis=0), "rank_lower": lower, "rank_upper": upper, **on_list}
        return pd.DataFrame(held)

    def tied_ranks(self, order: ArrayLike, *, level: float) -> NDArray[np.int64]:
        """Return the ranks of cells in a given order, shared by those whose order is not sure.

        Parameters
        ----------
        order
            Positions of cells in ``cells``, the first in the list first, shape (m,).
        level
            A cell starts a new rank when the first of the rank above it is higher with this probability or more.

        Returns
        -------
        numpy.ndarray
            1 first; a rank counts all above it (1, 1, 3), shape (m,), in the order given.

        Notes
        -----
        From the joint draws, so cells that rise and fall together are told apart sooner than their own intervals would
        have it; draws that are equal count half. Cells are held against the first of their group: held each against its
        neighbour in the list, a thousand small steps would make one group of all. The last of a group and the first
        of the next may therefore differ by little.

        Examples
        --------
        >>> rates = np.array([[9, 8, 1], [9, 6, 2], [9, 8, 1], [5, 8, 1]], dtype=np.float32)
        >>> drawn = Draws(np.array([7, 8, 9]), np.ones(3), rates)
        >>> drawn.tied_ranks([0, 1, 2], level=0.9).tolist(), drawn.tied_ranks([0, 1, 2], level=0.7).tolist()
        ([1, 1, 3], [1, 2, 3])
        """
        listed = np.asarray(order, dtype=np.intp)
        ranks = np.empty(len(listed), dtype=np.int64)
        first = np.empty(0, dtype=np.float32)
        for position, at in enumerate(listed.tolist()):
            drawn = self.rates[:, at]
            above = (first > drawn).mean() + (first == drawn).mean() / 2 if position else 1.0
            if above >= level:
                first, rank = drawn, position + 1
            ranks[position] = rank
        return ranks

    def of_place(self, cells: ArrayLike) -> Numbers:
        """Return draws of the rate of several cells together, shape (draws,).

        Parameters
        ----------
        cells
            Assessed cells: those of a place, each once.

        Raises
        ------
        InputError
            When there is no cell, or one that was not assessed.
        """
        wanted = np.unique(np.asarray(cells, dtype=np.int64))
        unknown = wanted[~np.isin(wanted, self.cells)]
        if not wanted.size or unknown.size:
            raise InputError(
                "A place holds cells that the model has not assessed."
                if wanted.size
                else "A place holds no cell.",
                code="model-place-not-assessed" if wanted.size else "model-place-empty",
                seen=f"{unknown.size} of {wanted.size} cells",
                remedy="Give assessed cells only; where nothing is expected nothing is known.",
            )
        held = np.isin(self.cells, wanted)
        share = self.expected[held] / self.expected[held].sum()
        drawn: Numbers = self.rates[:, held].astype(float) @ share
        return drawn


def draw_rates(
    around: Surroundings, events: Numbers, expected: Numbers, at: NDArray[np.intp], *, seed: int
) -> NDArray[np.float32]:
    """Return joint draws of the rates of some cells, shape (draws, n).

    Parameters
    ----------
    around
        Draws of all cells' surroundings.
    events, expected
        Of the cells, shape (n,).
    at
        Which they are.
    seed
        Of the own excesses; another stream than the surroundings'.
    """
    rates = np.empty((len(around.draws), len(at)), dtype=np.float32)

    def draw(part: int) -> None:
        rng = np.random.default_rng((seed, _OWN, part))
        for number in range(part, min(part + _AT_ONCE, len(rates))):
            surroundings, r = np.exp(around.draws[number, at]), around.draw_sizes[number]
            excess = rng.standard_gamma(r + events)
            rates[number] = excess * surroundings / (r + expected * surroundings)

    in_threads(draw, range(0, len(rates), _AT_ONCE))
    return rates
