"""Made-up reports on streets that are not made up."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
import shapely

from safespace.errors import AreaError
from safespace.settings import load_settings
from safespace.sources import read_reports
from safespace.synthetic import scatter_reports


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(town, tmp_path):
    made = [
        scatter_reports(town.streets_pbf, tmp_path / str(i), seed=seed) for i, seed in enumerate((1, 1, 2))
    ]
    assert digest(made[0]) == digest(made[1]) != digest(made[2])


def test_every_row_is_accepted_and_known_to_be_synthetic(town, tmp_path):
    strewn = scatter_reports(town.streets_pbf, tmp_path, seed=1)
    read = read_reports([strewn], source="streetsafe", settings=load_settings())
    assert read.synthetic
    assert read.counts()["accepted"] == read.counts()["read"] == 544


def test_reports_stay_near_the_outline(town, tmp_path):
    middle = shapely.box(-1.655, 52.325, -1.630, 52.335)
    rows = pd.read_csv(scatter_reports(town.streets_pbf, tmp_path, seed=1, clip=middle))
    near = shapely.contains_xy(middle.buffer(0.001), rows["longitude"], rows["latitude"])
    assert near.mean() > 0.95  # a way is cut at a vertex, so a few pieces reach out


def test_an_outline_without_streets_is_said(town, tmp_path):
    with pytest.raises(AreaError, match="No walkable way lies in the clip"):
        scatter_reports(town.streets_pbf, tmp_path, seed=1, clip=shapely.box(0, 51, 0.1, 51.1))
