"""What an edge costs a walker, and searches remembered by the weights themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from safespace.errors import InputError, PlaceError
from safespace.routes.search import Path, checked_weight, least, shortest_path
from safespace.streets import UNKNOWN, UNLIT
from safespace.tone import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from safespace.streets import StreetGraph

    Floats = NDArray[np.float64]

UNKNOWN_PRIOR: Final = 0.5
UNLIT_PRICE: Final = 1.0


def walking_cost(
    graph: StreetGraph,
    *,
    unknown_prior: float | Mapping[str, float] = UNKNOWN_PRIOR,
    unlit_price: float = UNLIT_PRICE,
) -> Floats:
    """Return what each edge costs a walker after dark: its length, dearer by the share taken to be unlit.

    Parameters
    ----------
    unknown_prior
        Share taken to be unlit where lighting is not mapped, 0 to 1; or one for each ``highway`` value
        (``"*"`` for the rest).
    unlit_price
        Extra cost of an unlit metre: 1 makes it count as two.

    Raises
    ------
    InputError
        When a share is not between 0 and 1 or the price is negative.
    """
    prior = dict(unknown_prior) if isinstance(unknown_prior, Mapping) else {"*": float(unknown_prior)}
    if any(not 0 <= share <= 1 for share in prior.values()) or not 0 <= unlit_price < np.inf:
        raise InputError(
            "The share taken to be unlit must be between 0 and 1, and the price not negative.",
            code="unlit-share-out-of-range",
            seen=f"{prior}, {unlit_price}",
            remedy="Give a share such as 0.5 and a price such as 1.",
        )
    by_class = np.array([prior.get(highway, prior.get("*", UNKNOWN_PRIOR)) for highway in graph.highways])
    unlit = np.select([graph.lit == UNLIT, graph.lit == UNKNOWN], [1.0, by_class[graph.highway_code]], 0.0)
    return np.asarray(graph.length_m * (1 + unlit_price * unlit), float)


def prior_in_words(unknown_prior: float | Mapping[str, float]) -> str:
    """Say what share of streets without mapped lighting is taken to be unlit.

    Examples
    --------
    >>> prior_in_words(0.5)
    '50% of it taken to be unlit'
    >>> prior_in_words({"residential": 0.2, "path": 0.9, "*": 0.5})
    '90% of path, 20% of residential and 50% of the rest taken to be unlit'
    """
    if not isinstance(unknown_prior, Mapping):
        return f"{percent(unknown_prior, space='')} of it taken to be unlit"
    named = sorted((kind, share) for kind, share in unknown_prior.items() if kind != "*")
    kinds = [f"{percent(share, space='')} of {kind}" for kind, share in named]
    rest = unknown_prior.get("*", UNKNOWN_PRIOR)
    return f"{', '.join(kinds)} and {percent(rest, space='')} of the rest taken to be unlit"


def fingerprint(graph: StreetGraph, weight: Floats) -> str:
    """Return a hash of the weights and of which edges can be walked; nothing else names an answer.

    Examples
    --------
    A name or a number of a version can be left unchanged when a weight changes; the weights cannot.
    """
    told = hashlib.blake2b(digest_size=16)
    for array in (graph.indptr, graph.to, graph.edge, np.ascontiguousarray(weight, float)):
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


@dataclass(frozen=True)
class Searches:
    """Walks found so far, remembered by :func:`fingerprint`: a changed weight never gets an old answer.

    One is made for one piece of work and goes with it; nothing is kept between calls.
    """

    found: dict[tuple[str, int, int], Path | None] = field(default_factory=dict)
    trees: dict[tuple[str, int], Floats] = field(default_factory=dict)

    def path(self, graph: StreetGraph, origin: int, destination: int, weight: Floats) -> Path | None:
        """Return the cheapest walk, or ``None`` when there is no way left."""
        key = (fingerprint(graph, weight), origin, destination)
        if key not in self.found:
            try:
                self.found[key] = shortest_path(graph, origin, destination, weight=weight)
            except PlaceError:
                self.found[key] = None
        return self.found[key]

    def distances(self, graph: StreetGraph, origin: int, weight: Floats) -> Floats:
        """Return the cost from a node to every node, infinite where there is no way, shape (n,)."""
        key = (fingerprint(graph, weight), origin)
        if key not in self.trees:
            self.trees[key] = least(graph, origin, checked_weight(graph, weight))
        return self.trees[key].copy()
