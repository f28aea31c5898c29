from __future__ import annotations

import xml.etree.ElementTree as ET

import pandas as pd
import pytest
import shapely

from safespace.errors import AreaError
from safespace.maps.drawing import local_plane
from safespace.maps.static import area_map_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_same_input_same_bytes(hotspots, area, streets, places):
    first = area_map_svg(hotspots, area=area, streets=streets, places=places, synthetic=True)
    again = area_map_svg(hotspots.iloc[::-1], area=area, streets=streets, places=places, synthetic=True)
    assert first == again


def test_picture_is_plain_svg_of_the_size_asked(hotspots, area):
    root = ET.fromstring(area_map_svg(hotspots, area=area, size_mm=(100, 60)))  # noqa: S314 -- our own bytes
    assert root.tag == f"{SVG}svg"
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(100 / 25.4 * 72, abs=0.01)
    # Text is outlines: nothing is left to a font that may not be installed.
    assert list(root.iter(f"{SVG}text")) == []


def test_no_outside_reference(hotspots, area, streets):
    text = area_map_svg(hotspots, area=area, streets=streets).decode()
    assert "<metadata>" not in text
    assert 'href="http' not in text
    assert "<image" not in text


def test_credit_and_synthetic_label_change_the_picture(hotspots, area, streets):
    plain = area_map_svg(hotspots, area=area)
    credited = area_map_svg(hotspots, area=area, streets=streets.iloc[:0])
    labelled = area_map_svg(hotspots, area=area, synthetic=True)
    assert len({plain, credited, labelled}) == 3


def test_every_layer_at_once(hotspots, area, streets, places):
    assets = pd.DataFrame(
        {
            "asset_id": ["1", "2", "3"],
            "kind": ["rail_station", "venue", "lamp"],
            "name": ["New Street station", "Arena", None],
            "lon": [-1.899, -1.904, -1.9],
            "lat": [52.482, 52.478, 52.48],
        }
    )
    bare = area_map_svg(hotspots, area=area)
    full = area_map_svg(hotspots, area=area, streets=streets, places=places, assets=assets)
    assert len(full) > len(bare)


def test_empty_area_is_refused(hotspots):
    with pytest.raises(AreaError, match=r"area to draw is empty.*Choose an area"):
        area_map_svg(hotspots, area=shapely.Polygon())


def test_caller_frames_are_left_alone(hotspots, area, streets, places):
    copies = [frame.copy() for frame in (hotspots, streets, places)]
    area_map_svg(hotspots, area=area, streets=streets, places=places)
    for before, after in zip(copies, (hotspots, streets, places), strict=True):
        assert before.equals(after)


def test_plane_is_local_and_in_metres():
    assert "+lat_0=52.450" in local_plane(shapely.box(-2, 52.4, -1.8, 52.5))
