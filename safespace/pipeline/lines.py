"""Tables of street segments with their lines, and the files they are handed over in."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from safespace.briefs import exports
from safespace.briefs.geopackage import Category, Layer, write_geopackage
from safespace.briefs.pdf import put
from safespace.errors import FileError
from safespace.maps.palette import BLUE, GREY, INK, SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safespace.streets import StreetGraph

ENDINGS: Final = (".csv", ".geojson", ".gpkg")
# Not known is drawn as a line of its own kind, neither as lit nor as unlit.
LIGHTING: Final = (
    Category("yes", "Lit, as mapped", BLUE, 1.2),
    Category("no", "Unlit, as mapped", INK, 1.2, "4;1.5"),
    Category("unknown", "Lighting not known", GREY, 1.2, "1;1.5"),
)


def lines_of(graph: StreetGraph, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with a column ``segment`` with the line of each, EPSG:4326."""
    edges = table["segment"].to_numpy(np.int64)
    vertices = np.column_stack([graph.geom_lon, graph.geom_lat])
    lines = [
        shapely.LineString(vertices[start:stop])
        for start, stop in zip(graph.geom_start[edges], graph.geom_start[edges + 1], strict=True)
    ]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(lines, index=table.index), crs="EPSG:4326")


def write_lines(
    lines: gpd.GeoDataFrame,
    path: Path,
    *,
    credit: str,
    synthetic: bool = False,
    notes: Sequence[str] = (),
    lit: str = "lit",
) -> Path:
    """Write segments as CSV (without their lines), GeoJSON or GeoPackage, by the file's ending.

    Parameters
    ----------
    credit
        Attribution, carried by every file.
    notes
        Sentences that belong beside the figures.
    lit
        Column of the lighting that the GeoPackage is drawn by.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        return exports.write_csv(
            pd.DataFrame(lines.drop(columns="geometry")), path, credit=credit, synthetic=synthetic
        )
    if ending == ".geojson":
        return put(_geojson(lines, credit, notes, synthetic=synthetic).encode(), path)
    if ending == ".gpkg":
        layer = Layer("segments", lines, lit, LIGHTING, "Street segments, drawn by lighting as mapped.")
        day = date(1970, 1, 1)  # streets carry no day of a newest record; the same data give the same file
        return write_geopackage(
            [layer], path, data_date=day, credit=credit, synthetic=synthetic, notes=list(notes)
        )
    raise FileError(
        "Nothing is written in this kind of file.",
        code="output-kind-unknown",
        where=path,
        remedy=f"Choose from: {', '.join(ENDINGS)}.",
    )


def _geojson(lines: gpd.GeoDataFrame, credit: str, notes: Sequence[str], *, synthetic: bool) -> str:
    names = [name for name in lines.columns if name != "geometry"]
    features = [
        {
            "type": "Feature",
            "properties": {name: _plain(value) for name, value in zip(names, row[:-1], strict=True)},
            "geometry": {
                "type": "LineString",
                "coordinates": np.round(shapely.get_coordinates(row[-1]), 7).tolist(),
            },
        }
        for row in lines[[*names, "geometry"]].itertuples(index=False)
    ]
    whole = {
        "type": "FeatureCollection",
        "attribution": credit,
        "label": SYNTHETIC if synthetic else "",
        "notes": list(notes),
        "features": features,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain
