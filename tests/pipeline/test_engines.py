"""Counting the store's files, as engines do, is counting the rows; `test_engine_spark.py` runs verbs on Spark."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from safespace import cells, hotspots, pipeline
from safespace.engine import open_engine
from safespace.errors import AreaError, EngineError
from safespace.pipeline.loading import area_outline
from safespace.pipeline.selection import count_days, count_events, count_months, select
from safespace.pipeline.view import View
from safespace.store import Store

ASKED = {
    "everything": View(sources=("nte",), found_by="all"),
    "without patrols": View(sources=("nte",)),
    "two sources and a period": View(
        sources=("nte", "spiking"), since=date(2025, 10, 26), until=date(2026, 3, 29)
    ),
    "a reason": View(factor="Badly lit"),
    "part of a reason is none": View(factor="lit"),
    "text that could be a pattern": View(factor="%'|_"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_counting_the_files_is_counting_the_rows(town_settings, asked):
    view = ASKED[asked]
    _, area = pipeline.loading.area_outline("", pipeline.places.Store.open(town_settings.store))
    window = cells.study_window(area, resolution=9)
    rows = select(view, town_settings).reports
    by_rows = cells.count(rows, window, resolution=9, engine=open_engine())
    pd.testing.assert_frame_equal(count_events(view, window, town_settings), by_rows, check_exact=True)
    assert (by_rows["pins"].sum() > 0) == (
        asked not in {"part of a reason is none", "text that could be a pattern"}
    )


def test_months_of_the_files_are_months_of_the_rows(town_settings):
    view = View(sources=("nte",), since=date(2025, 10, 26), until=date(2026, 3, 29))
    _, area = area_outline(view.area, Store.open(town_settings.store))
    window = cells.study_window(area, resolution=9)
    rows = select(view, town_settings).reports
    by_rows = cells.count_months(rows, resolution=9, engine=open_engine(), window=window)
    pd.testing.assert_frame_equal(count_months(view, window, town_settings), by_rows, check_exact=True)
    assert by_rows["pins"].sum() == cells.lies_in(rows["lon"], rows["lat"], area).sum() > 0
    assert by_rows["month"].min() == pd.Timestamp("2025-10-01")
    with pytest.raises(AreaError, match=r"All areas: No report falls inside"):
        pipeline.count_monthly(view.but(since=date(2010, 1, 1), until=date(2010, 2, 1)), town_settings)


@pytest.mark.parametrize("freq", ["M", "W-SUN"])
def test_periods_of_the_files_are_periods_of_the_rows(town_settings, freq):
    view = View(sources=("nte",))
    counted = pipeline.count_cells(view, town_settings)
    days = count_days(view, counted, town_settings)
    by_rows = hotspots.count_by_period(select(view, town_settings).reports, counted, freq=freq)
    pd.testing.assert_frame_equal(hotspots.sum_periods(days, counted, freq=freq), by_rows, check_exact=True)
    assert days["events"].sum() == counted["events"].sum()


def test_an_engine_that_is_none_is_refused(town_settings):
    settings = town_settings.model_copy(update={"engine": "oracle"})
    with pytest.raises(EngineError, match=r"No such engine.*oracle.*local-cluster"):
        pipeline.count_cells(pipeline.View(), settings)
