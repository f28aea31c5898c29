"""Names and marks on maps: which streets have a name of their own, and where a place's number stands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

_KINDS = frozenset(
    (
        "footpath",
        "path",
        "pedestrian street",
        "shared cycle track",
        "steps",
        "service road",
        "track",
        "bridleway",
        "indoor corridor",
        "residential street",
    )
)


def place_marks(places: pd.DataFrame | None) -> dict[int, str]:
    """Return the number to write on a map for each place, by the cell nearest to the middle of its cells.

    Parameters
    ----------
    places
        Columns ``place`` and ``cells`` (a list, the cells of the place); nothing gives no marks.
    """
    if places is None:
        return {}
    marks = {}
    for number, cells in zip(numbers_of(places), places["cells"].tolist(), strict=True):
        centres = {int(cell): h3.cell_to_latlng(int(cell)) for cell in sorted(cells)}
        lat, lon = (sum(side) / len(centres) for side in zip(*centres.values(), strict=True))
        nearest = min(centres, key=lambda cell: math.hypot(centres[cell][0] - lat, centres[cell][1] - lon))
        marks[nearest] = str(number)
    return marks


def numbers_of(places: pd.DataFrame) -> list[int]:
    """Return the number of each place: as stated, or its row counted from 1 where places are named by their core.

    Examples
    --------
    >>> numbers_of(pd.DataFrame({"place": ["891943583dbffff", "89194358203ffff"]}))
    [1, 2]
    """
    stated = places["place"]
    return stated.tolist() if pd.api.types.is_integer_dtype(stated) else list(range(1, len(places) + 1))


def joined(lines: NDArray[np.object_], *, tolerance: float = 0.0) -> list[shapely.LineString]:
    """Join lines end to end where only two meet, simplify each, and return them longest first.

    Crossings stay crossings, so this takes a hundredth of the time of a union.
    """
    parts = shapely.get_parts(lines)
    kept = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    whole = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(kept)))
    simple = list(shapely.simplify(whole, tolerance, preserve_topology=False))
    return sorted(simple, key=lambda line: (-line.length, line.wkb))


def has_name(streets: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Say which streets have a name of their own.

    The street table writes the kind of way ("Footpath") where a way has none; nobody calls a place that.
    """
    names = streets["name"].fillna("").astype("str").str.casefold()
    kind = streets["highway"] if "highway" in streets else pd.Series("", index=streets.index)
    spelt = kind.astype("str").str.replace("_", " ")
    own: NDArray[np.bool_] = (
        names.ne("") & ~names.isin(_KINDS) & names.ne(spelt) & names.ne(spelt + " road")
    ).to_numpy(bool)
    return own
