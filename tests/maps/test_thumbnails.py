from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from safespace.maps.thumbnails import _around, points_svg


def places(svg: bytes) -> list[tuple[float, float]]:
    """Return the corners where the squares are set down, points from the top left."""
    return [(float(x), float(y)) for x, y in re.findall(rb'<use [^>]*x="([\d.]+)" y="([\d.]+)"', svg)]


def test_each_spot_is_drawn_once_where_it_lies():
    lon, lat = np.array([-1.9, -1.9, -1.8]), np.array([52.5, 52.5, 52.4])
    (x_1, y_1), (x_2, y_2) = places(points_svg(lon, lat))
    assert x_1 < x_2  # west to the left
    assert y_1 < y_2  # north at the top


def test_areas_near_the_points_are_outlined_and_others_do_not_widen_the_picture():
    lon, lat = np.array([-1.9]), np.array([52.5])
    near, far = shapely.box(-2, 52.4, -1.8, 52.6), shapely.box(-0.1, 51.5, 0, 51.6)
    areas = gpd.GeoSeries([near, far], crs=4326)
    alone, together = (_around(lon, lat, some) for some in (areas[:1], areas))
    assert alone == together
    assert len(points_svg(lon, lat, areas=areas)) > len(points_svg(lon, lat))


def test_the_same_points_give_the_same_bytes():
    lon, lat = np.array([-1.9, -1.8]), np.array([52.5, 52.4])
    assert points_svg(lon, lat) == points_svg(lon, lat)


@given(st.lists(st.tuples(st.floats(-8, 1.7), st.floats(50, 60)), min_size=1, max_size=5))
def test_every_point_is_inside_the_picture_and_a_kilometre_is_as_long_up_as_across(points):
    lon, lat = (np.array(one) for one in zip(*points, strict=True))
    west, south, east, north = _around(lon, lat, None)
    assert west < lon.min() <= lon.max() < east
    assert south < lat.min() <= lat.max() < north
    across = (east - west) * np.cos(np.radians((south + north) / 2))
    assert across / (north - south) == pytest.approx(1.5, rel=0.02)
