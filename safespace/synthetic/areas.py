"""The town's neighbourhood policing areas, which tile its boundary along the main roads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shapely.geometry import LineString, Polygon, mapping
from shapely.ops import unary_union

from safespace.synthetic.plan import Plan, radial_line
from safespace.synthetic.projection import polygon_to_lonlat
from safespace.synthetic.shapes import bearing, faces_between

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

# the first main road (angle) of each area, anticlockwise, and the area's name
_SECTORS = (
    (2.0, "College and Abbey"),
    (88.0, "Northfields and Chapel Hill"),
    (179.0, "Westgate and Priory"),
    (268.0, "Wharfside"),
    (312.0, "Meadow End"),
)
CENTRE = "Stonebridge Centre"


def draw_areas(plan: Plan) -> dict[str, Polygon]:
    """Return the areas by name, metres from the market place; together they are the boundary exactly."""
    edges: list[LineString] = [plan.boundary.exterior, plan.ring.exterior]
    for degrees, _ in _SECTORS:
        road = radial_line(plan, degrees, inside=False)
        (x, y), (u, v) = road.coords[0], road.coords[-1]
        edges.append(LineString([(x * 0.98, y * 0.98), *road.coords, (u * 1.02, v * 1.02)]))
    return {_name(plan, piece): piece for piece in faces_between(unary_union(edges))}


def _name(plan: Plan, piece: Polygon) -> str:
    inside = piece.representative_point()
    if plan.ring.contains(inside):
        return CENTRE
    # roads bend, so the area whose middle angle is nearest is the one meant
    starts = [angle for angle, _ in _SECTORS]
    ends = [*starts[1:], starts[0] + 360]
    middle = bearing(piece.centroid)[1]
    gaps = [abs((middle - (a + b) / 2 + 180) % 360 - 180) for a, b in zip(starts, ends, strict=True)]
    return _SECTORS[gaps.index(min(gaps))][1]


def write_areas(path: Path, areas: dict[str, Polygon]) -> None:
    """Write the areas as GeoJSON (EPSG:4326, properties ``area_id``, ``name``, ``synthetic``)."""
    features = [
        _feature(f"SB{number:02d}", name, polygon_to_lonlat(areas[name]))
        for number, name in enumerate(sorted(areas), start=1)
    ]
    write_geojson(path, features)


def write_boundary(path: Path, areas: dict[str, Polygon]) -> None:
    """Write the town's boundary, the union of the written areas, as GeoJSON with the same properties."""
    # joined after rounding to seven decimals, so that the areas tile the boundary vertex for vertex
    whole = unary_union([polygon_to_lonlat(area) for area in areas.values()])
    write_geojson(path, [_feature("SB", "Stonebridge", whole)])


def _feature(area_id: str, name: str, shape: BaseGeometry) -> dict[str, Any]:
    properties = {"area_id": area_id, "name": name, "synthetic": True}
    return {"type": "Feature", "properties": properties, "geometry": mapping(shape)}


def write_geojson(path: Path, features: list[dict[str, Any]]) -> None:
    """Write features with the label every output of the town carries."""
    collection = {
        "type": "FeatureCollection",
        "note": "Synthetic data: not a real place",
        "features": features,
    }
    path.write_text(json.dumps(collection, indent=1) + "\n", encoding="utf-8", newline="\n")
