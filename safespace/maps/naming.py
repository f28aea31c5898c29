"""What people call a place: the streets that run through its cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import geopandas as gpd
import h3.api.basic_int as h3
import pandas as pd
import shapely

from safespace.maps.drawing import local_plane, on_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def name_places(
    cells: Sequence[Sequence[int]], streets: gpd.GeoDataFrame, *, names_each: int = 2
) -> tuple[str, ...]:
    """Name places after the streets that run longest through them.

    Parameters
    ----------
    cells
        Cells (int64 H3) of each place.
    streets
        Columns ``name, geometry`` (lines, EPSG:4326).
    names_each
        How many street names make a place's name.

    Returns
    -------
    tuple of str
        One name a place, for example "Broad Street and Gas Street"; "Unnamed place" where no named
        street runs through it.

    Notes
    -----
    A name helps people find the place; it does not say that reports came from that street.
    """
    if not cells:
        return ()
    shapes = gpd.GeoDataFrame(
        {"place": range(len(cells))},
        geometry=[shapely.union_all([_hexagon(int(cell)) for cell in group]) for group in cells],
        crs=4326,
    )
    named = streets.loc[has_name(streets), ["name", "geometry"]]
    met = gpd.sjoin(named if named.crs else named.set_crs(4326), shapes, predicate="intersects")
    inside = met.geometry.intersection(shapes.geometry.loc[met["place"]].set_axis(met.index), align=False)
    lengths = on_plane(inside, local_plane(shapes.union_all())).length
    each = pd.DataFrame({"place": met["place"], "name": met["name"], "length_m": lengths})
    totals = each.groupby(["place", "name"])["length_m"].sum().reset_index()
    ordered = totals.sort_values(["place", "length_m", "name"], ascending=[True, False, True])
    chosen = ordered.groupby("place")["name"].apply(lambda names: " and ".join(names[:names_each]))
    return tuple(str(chosen.get(place, "Unnamed place")) for place in range(len(cells)))


def place_marks(places: pd.DataFrame | None) -> dict[int, str]:
    """Return the number to write on a map for each place, by the cell nearest to the middle of its cells.

    Parameters
    ----------
    places
        Columns ``place`` (number) and ``cells`` (cells of the place); nothing gives no marks.
    """
    if places is None:
        return {}
    marks = {}
    for number, cells in zip(places["place"].tolist(), places["cells"].tolist(), strict=True):
        centres = {int(cell): h3.cell_to_latlng(int(cell)) for cell in sorted(cells)}
        lat, lon = (sum(side) / len(centres) for side in zip(*centres.values(), strict=True))
        nearest = min(centres, key=lambda cell: math.hypot(centres[cell][0] - lat, centres[cell][1] - lon))
        marks[nearest] = str(number)
    return marks


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


def _hexagon(cell: int) -> shapely.Polygon:
    return shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
