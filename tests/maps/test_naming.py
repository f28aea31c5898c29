from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from safespace.maps.naming import has_name, name_places


def test_longest_streets_name_the_place(hotspots, centre, streets):
    assert name_places([[centre]], streets) == ("Gas Street and Broad Street",) or name_places(
        [[centre]], streets
    ) == ("Broad Street and Gas Street",)
    assert len(name_places([[centre]], streets, names_each=1)[0].split(" and ")) == 1


def test_kinds_of_way_are_not_names(streets):
    assert has_name(streets).tolist() == [True, True, False]


def test_place_without_a_named_street(centre):
    far = gpd.GeoDataFrame({"name": ["X"]}, geometry=[shapely.LineString([(0, 0), (0, 1)])], crs=4326)
    assert name_places([[centre]], far) == ("Unnamed place",)
    assert name_places([], far) == ()


@pytest.mark.parametrize("name", ["", None])
def test_blank_names(name):
    frame = gpd.GeoDataFrame({"name": [name]}, geometry=[shapely.LineString([(0, 0), (0, 1)])], crs=4326)
    assert has_name(frame).tolist() == [False]
