"""Independent random streams, one a part of the town, so that a change to one part moves no other."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Part: TypeAlias = Literal["streets", "tags", "assets", "streetsafe", "nte", "spiking", "dirt", "scatter"]
_PARTS: tuple[Part, ...] = ("streets", "tags", "assets", "streetsafe", "nte", "spiking", "dirt", "scatter")


def stream(seed: int, part: Part) -> np.random.Generator:
    """Return the generator of one part of the town.

    Examples
    --------
    >>> bool(stream(1, "nte").random() == stream(1, "nte").random())
    True
    >>> bool(stream(1, "nte").random() == stream(1, "dirt").random())
    False
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_PARTS.index(part),))
    return np.random.Generator(np.random.PCG64(sequence))
