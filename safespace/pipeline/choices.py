"""The words a caller can choose from, apart from the code that acts on them.

Help for a command names them, and must not import what the command works with.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safespace.pipeline.baselines import loaded_as

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "police": "archives of police.uk, one for each month: all forces, the three years up to it",
        "police-area": "police.uk crimes inside a loaded area, one CSV for each month",
        "streets": "an OpenStreetMap extract at an address (or the set one), or the streets of a loaded area",
        "boundaries": "a boundary file at an address, or at the set one",
    }
)
MIXES: Mapping[str, str] = MappingProxyType(
    {"lighting": "name lighting", "behaviour": "name behaviour", "night": "were at night"}
)
PERIODS: Mapping[str, str] = MappingProxyType({"week": "W-SUN", "month": "M", "quarter": "Q"})


def layer_kinds() -> tuple[str, ...]:
    """Return the layers that can be loaded beside reports and streets.

    Examples
    --------
    >>> layer_kinds()
    ('areas', 'stops', 'calendar', 'residents', 'recorded_counts', 'footfall', 'population')
    """
    return ("areas", "stops", "calendar", *loaded_as("areas"), *loaded_as("amounts"))
