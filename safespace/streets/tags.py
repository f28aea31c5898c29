"""What the tags of a way say: lighting, surface, sight lines. No tag means not known, never no."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from safespace.streets.graph import ALL_NIGHT, LIT, PART_NIGHT, PAVED, SIGHT, UNKNOWN, UNLIT, UNPAVED
from safespace.streets.hours import JOINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int8]
    Flags = NDArray[np.bool_]

_ALL_NIGHT: Final = frozenset(("24/7", "sunset-sunrise", "dusk-dawn", "sunset-dawn", "dusk-sunrise"))
_PART: Final = frozenset(("limited", "interval"))
_LIT: Final = frozenset(("yes", "automatic")) | _ALL_NIGHT | _PART
_UNLIT: Final = frozenset(("no", "disused"))
_TIMES: Final = re.compile(r"\d\d?:\d\d|\b(dusk|dawn|sunset|sunrise)\b")

_PAVED: Final = frozenset(
    (
        "paved", "asphalt", "concrete", "concrete:plates", "concrete:lanes", "paving_stones", "sett", "bricks",
        "brick", "cobblestone", "unhewn_cobblestone", "chipseal", "metal", "metal_grid", "wood", "rubber",
        "tiles", "tartan", "stone", "plastic", "acrylic", "paving_stones:lanes", "cobblestone:flattened",
    )
)  # fmt: skip
_UNPAVED: Final = frozenset(
    (
        "unpaved", "compacted", "fine_gravel", "gravel", "pebblestone", "ground", "dirt", "earth", "grass",
        "grass_paver", "mud", "sand", "woodchips", "rock", "shells", "soil", "clay", "dirt/sand",
    )
)  # fmt: skip
_FOOT_ONLY: Final = frozenset(
    ("footway", "path", "pedestrian", "cycleway", "steps", "bridleway", "track", "service", "corridor")
)
_PASSAGES: Final = frozenset(("footway", "path", "pedestrian", "cycleway", "steps", "bridleway"))


def on_foot_only(highways: Sequence[str]) -> Flags:
    """Say which kinds of way are paths and drives, that a gate or a park may close, rather than streets."""
    return np.asarray([highway in _FOOT_ONLY for highway in highways], bool)


def lighting(lit: pd.Series, conditional: pd.Series) -> tuple[Codes, Codes, pd.Series]:
    """Return lighting, how much of the night, and its hours, from ``lit`` and ``lit:conditional``.

    Returns
    -------
    tuple
        Codes as in ``StreetGraph.lit`` and ``lit_night``, and hours as text, one a way.
    """
    both = pd.MultiIndex.from_arrays([lit, conditional])
    code, distinct = pd.factorize(both)
    said = [_lighting(*pair) for pair in distinct]
    column = [np.asarray([row[k] for row in said], np.int8)[code] for k in (0, 1)]
    hours = pd.Series([row[2] for row in said], dtype="str")
    return column[0], column[1], hours.iloc[code].reset_index(drop=True)


def paving(surface: pd.Series) -> Codes:
    """Return 2 for paved, 1 for unpaved and 0 where the tag does not say.

    Examples
    --------
    >>> paving(pd.Series(["asphalt", "gravel", "", "good"])).tolist()
    [2, 1, 0, 0]
    """
    return np.select([surface.isin(_PAVED), surface.isin(_UNPAVED)], [PAVED, UNPAVED], 0).astype(np.int8)


def sight(tags: pd.DataFrame) -> Codes:
    """Return what hides the way ahead: a tunnel, an underpass, a covered way or an alley."""
    passage = (tags["tunnel"] == "building_passage") | tags["covered"].isin(("yes", "arcade", "colonnade"))
    tunnel = (tags["tunnel"] != "") & (tags["tunnel"] != "no")
    on_foot = tags["highway"].isin(_PASSAGES)
    cases = [passage, tunnel & on_foot, tunnel, tags["service"] == "alley"]
    names = ["Covered way", "Underpass", "Tunnel", "Alley"]
    return np.select(cases, [SIGHT.index(name) for name in names], 0).astype(np.int8)


def _lighting(lit: str, conditional: str) -> tuple[int, int, str]:
    """Read one pair of tags.

    Examples
    --------
    >>> _lighting("yes", ""), _lighting("24/7", ""), _lighting("", ""), _lighting("no", "")
    ((2, 0, ''), (2, 2, ''), (0, 0, ''), (1, 0, ''))
    >>> _lighting("dusk-23:30", ""), _lighting("yes", "no @ (00:00-05:00)"), _lighting("limited", "")
    ((2, 1, 'dusk-23:30'), (2, 1, 'no @ (00:00-05:00)'), (2, 1, ''))
    """
    if conditional:
        base = f"no{JOINT}" if lit in _UNLIT or (not lit and conditional.startswith("yes")) else ""
        return LIT, PART_NIGHT, base + conditional
    if lit in _UNLIT:
        return UNLIT, 0, ""
    if lit in _LIT:
        return LIT, ALL_NIGHT if lit in _ALL_NIGHT else PART_NIGHT if lit in _PART else 0, ""
    return (LIT, PART_NIGHT, lit) if _TIMES.search(lit) else (UNKNOWN, 0, "")
