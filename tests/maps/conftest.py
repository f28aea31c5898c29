"""A made-up neighbourhood of a few cells, small enough to check by eye."""

from __future__ import annotations

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely

from safespace.schemas import HOTSPOTS, conform
from safespace.tone import Label

LON, LAT = -1.9, 52.48


@pytest.fixture
def centre():
    return h3.latlng_to_cell(LAT, LON, 9)


@pytest.fixture
def hotspots(centre):
    """Nineteen cells with every class: bands 3, 2, 1, not different, too few, none, edge, not known, hidden."""
    cells = sorted(h3.grid_disk(centre, 2))
    labels = [
        Label.HIGHER_IN_BOTH,
        Label.HIGHER,
        Label.AROUND,
        Label.NOT_DIFFERENT,
        Label.TOO_FEW,
        Label.TOO_FEW,
    ]
    labels += [Label.NOT_KNOWN, Label.NOT_KNOWN, Label.HIDDEN] + [Label.TOO_FEW] * (len(cells) - 9)
    events = [18, 9, 6, 4, 1, 0, 2, 0, 3] + [0] * (len(cells) - 9)
    lower = [2.4, 1.2, 0.8] + [0.4] * (len(cells) - 3)
    frame = pd.DataFrame({"cell": cells, "events": events, "pins": events, "lower": lower, "label": labels})
    frame = frame.assign(
        area_km2=0.1,
        edge=[False] * 6 + [True] + [False] * (len(cells) - 7),
        exposure=0.1,
        expected=2.0,
        rate=frame["lower"] * 1.5,
        upper=frame["lower"] * 2.5,
        ring_events=frame["events"] + 2,
        ring_expected=14.0,
        p_value=0.5,
        q_value=np.where(frame.index < 3, 0.01, 0.9),
        around=frame.index < 3,
        hot=frame.index < 2,
    )
    return conform(frame, HOTSPOTS)


@pytest.fixture
def area(hotspots):
    return shapely.union_all(
        [shapely.Polygon([(x, y) for y, x in h3.cell_to_boundary(int(cell))]) for cell in hotspots["cell"]]
    )


@pytest.fixture
def streets():
    lines = {
        "Broad Street": ("primary", [(-1.93, 52.48), (-1.9, 52.4805), (-1.87, 52.48)]),
        "Gas Street": ("residential", [(-1.9, 52.47), (-1.9, 52.49)]),
        "Footpath": ("footway", [(-1.902, 52.47), (-1.902, 52.49)]),
    }
    return gpd.GeoDataFrame(
        {"name": list(lines), "highway": [highway for highway, _ in lines.values()]},
        geometry=[shapely.LineString(points) for _, points in lines.values()],
        crs=4326,
    )


@pytest.fixture
def places(hotspots):
    cells = hotspots["cell"].tolist()
    return pd.DataFrame(
        {"place": [1, 2], "name": ["Broad Street", "Canal"], "cells": [cells[:2], cells[2:3]]}
    )


@pytest.fixture
def routes():
    return gpd.GeoDataFrame(
        {"option": ["A", "B"], "length_m": [900.0, 1100.4]},
        geometry=[
            shapely.LineString([(-1.905, 52.476), (-1.9, 52.48), (-1.895, 52.484)]),
            shapely.LineString([(-1.905, 52.476), (-1.895, 52.478), (-1.895, 52.484)]),
        ],
        crs=4326,
    )
