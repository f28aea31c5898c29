"""Options as GeoJSON, GPX and frames, each carrying the attribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from safespace.routes.facts import facts, plain_value
from safespace.routes.planning import ATTRIBUTION
from safespace.routes.reasons import walk_line

if TYPE_CHECKING:
    from safespace.routes.planning import Options
    from safespace.routes.reach import Reach
    from safespace.routes.reasons import Route
    from safespace.streets import StreetGraph

ODBL = "https://opendatacommons.org/licenses/odbl/"


def to_frame(options: Options) -> gpd.GeoDataFrame:
    """Return one row an option with its figures and its line, EPSG:4326."""
    rows = [{"option": route.name} | facts(route) for route in options.routes]
    return gpd.GeoDataFrame(
        pd.DataFrame(rows).assign(attribution=options.credit),
        geometry=[route.geometry for route in options.routes],
        crs="EPSG:4326",
    )


def segments_to_frame(options: Options, graph: StreetGraph) -> gpd.GeoDataFrame:
    """Return one row a segment of every option: its reasons and its line, EPSG:4326."""
    frames = [_segments(route, graph, options.credit) for route in options.routes]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs="EPSG:4326")


def to_geojson(options: Options, *, label: str = "") -> str:
    """Return the options as a GeoJSON FeatureCollection; the same options give the same text.

    Parameters
    ----------
    label
        What is said of made-up data.
    """
    features = [
        {
            "type": "Feature",
            "properties": {"option": route.name} | facts(route),
            "geometry": {
                "type": "LineString",
                "coordinates": np.round(shapely.get_coordinates(route.geometry), 7).tolist(),
            },
        }
        for route in options.routes
    ]
    whole = {
        "type": "FeatureCollection",
        "attribution": options.credit,
        "label": label,
        "limits": list(options.limits.words()),
        "notes": list(options.notes),
        "features": features,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def reach_to_geojson(reach: Reach, walks: gpd.GeoDataFrame, *, label: str = "") -> str:
    """Return ground and streets within reach, and the walks to places, as a GeoJSON FeatureCollection.

    Parameters
    ----------
    walks
        From :func:`safespace.routes.one_to_many`; places without a walk have no geometry.
    label
        What is said of made-up data.
    """
    layers = {"ground": reach.areas, "street": reach.segments, "walk": walks}
    features = [
        {
            "type": "Feature",
            "properties": {"what": what}
            | {name: plain_value(row[name]) for name in frame.columns.drop("geometry")},
            "geometry": shape and json.loads(shapely.to_geojson(shapely.set_precision(shape, 1e-7))),
        }
        for what, frame in layers.items()
        for row, shape in zip(frame.to_dict("records"), frame.geometry, strict=True)
    ]
    whole = {
        "type": "FeatureCollection",
        "attribution": reach.credit,
        "label": label,
        "notes": list(reach.notes),
        "features": features,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def to_gpx(options: Options) -> str:
    """Return the options as GPX 1.1 tracks, for a site audit on foot."""
    root = ET.Element("gpx", version="1.1", creator="SafeSpace", xmlns="http://www.topografix.com/GPX/1/1")
    metadata = ET.SubElement(root, "metadata")
    ET.SubElement(metadata, "desc").text = "Walking options for a site audit"
    owner = ET.SubElement(metadata, "copyright", author=options.credit.removeprefix("© "))
    if options.credit == ATTRIBUTION:
        ET.SubElement(owner, "license").text = ODBL
    for route in options.routes:
        track = ET.SubElement(root, "trk")
        ET.SubElement(track, "name").text = route.name
        ET.SubElement(track, "desc").text = f"{route.length_m:,.0f} m. {options.credit}"
        line = ET.SubElement(track, "trkseg")
        for lon, lat in shapely.get_coordinates(route.geometry):
            ET.SubElement(line, "trkpt", lat=f"{lat:.7f}", lon=f"{lon:.7f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _segments(route: Route, graph: StreetGraph, credit: str) -> pd.DataFrame:
    ends = np.cumsum([len(edges) for edges in route.reasons["edges"]])
    starts = route.nodes[np.concatenate([[0], ends[:-1]])]
    lines: Any = [
        walk_line(graph, int(start), np.asarray(edges, np.int64))
        for start, edges in zip(starts, route.reasons["edges"], strict=True)
    ]
    frame = route.reasons.drop(columns="edges").assign(geometry=lines, attribution=credit)
    frame.insert(0, "option", route.name)
    return frame
