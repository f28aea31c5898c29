from __future__ import annotations

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely

from safespace.maps import naming
from safespace.maps.naming import has_name, joined, place_marks
from safespace.streets import graph as street_room


def test_kinds_of_way_are_not_names(streets):
    assert has_name(streets).tolist() == [True, True, False]


@pytest.mark.parametrize("name", ["", None])
def test_blank_names(name):
    frame = gpd.GeoDataFrame({"name": [name]}, geometry=[shapely.LineString([(0, 0), (0, 1)])], crs=4326)
    assert has_name(frame).tolist() == [False]


def test_every_kind_the_street_table_writes_for_a_missing_name_is_known():
    assert {kind.casefold() for kind in street_room._KIND_OF_WAY.values()} <= naming._KINDS


def test_marks_stand_on_the_cell_nearest_the_middle(places, centre):
    ring = pd.DataFrame({"place": [7], "cells": [sorted(h3.grid_disk(centre, 1))]})
    assert place_marks(ring) == {centre: "7"}
    assert place_marks(None) == {}
    assert sorted(place_marks(places).values()) == ["1", "2"]


def test_lines_are_joined_where_only_two_meet():
    lines = np.array([shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(1, 0), (3, 0)])])
    (one,) = joined(lines, tolerance=0.1)
    assert one.length == 3
    assert len(one.coords) == 2
