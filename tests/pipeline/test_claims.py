"""Every sentence about a cell or a place, read by somebody hostile, over many questions of the made-up town."""

from __future__ import annotations

from datetime import date

import pytest

from safespace import pipeline
from safespace.errors import TooFewError
from safespace.pipeline import View
from safespace.store import Store
from safespace.tone import Label

RISEN = (Label.HIGHER, Label.HIGHER_IN_BOTH, Label.AROUND)
QUESTIONS = [
    View(sources=(source,), resolution=resolution, baseline=baseline, since=since)
    for source in ("streetsafe", "nte", "spiking")
    for resolution, baseline in ((8, "streets"), (9, "streets"), (9, "area"))
    for since in (None, date(2026, 3, 1), date(2026, 8, 1))
]


@pytest.fixture(scope="module")
def answers(town_settings):
    found = []
    for view in QUESTIONS:
        try:
            found.append(pipeline.find_places(view, town_settings))
        except TooFewError:
            continue
    assert len(found) >= 15
    return found


def test_a_cell_is_called_higher_only_where_its_own_figures_say_so(answers):
    for found in answers:
        table = found.hotspots.table
        higher = table[table["label"].isin([Label.HIGHER, Label.HIGHER_IN_BOTH])]
        assert (higher["lower"] > 1).all(), found.view
        assert (higher["events"] > 0).all(), found.view
        risen = table[table["label"].isin(RISEN)]
        assert (risen["events"] > risen["expected"]).all(), found.view
        both = table[table["label"] == Label.HIGHER_IN_BOTH].set_index("cell")
        if len(both):
            other = found.hotspots.second.table.set_index("cell").loc[both.index]
            assert (other["lower"] > 1).all(), found.view
            assert (other["events"] > other["expected"]).all(), found.view


def test_a_place_is_called_higher_only_where_its_own_figures_say_so(answers):
    for found in answers:
        places = found.places
        assert (places["lower"] > 1).all(), found.view
        assert (places["rate"] > 1).all(), found.view
        assert (places["events"] > places["expected"]).all(), found.view
        table = found.hotspots.table.set_index("cell")
        for place in places.itertuples():
            assert (table.loc[place.cells, "events"] > 0).all(), found.view
            if place.label == Label.HIGHER_IN_BOTH:
                other = found.hotspots.second.table.set_index("cell").loc[place.cells]
                assert other["events"].sum() > other["expected"].sum(), found.view


def test_the_events_of_a_place_are_those_a_plain_count_finds_in_its_cells(answers, town_settings):
    """Counted from the stored rows by another way: distinct events whose first pin lies in the cells."""
    rows = Store.open(town_settings.store).reports()
    rows = rows[rows["detected_by"] != "patrol"].sort_values(["occurred_from", "report_id"])
    for found in answers:
        ours = rows[rows["source"].isin(found.view.sources)]
        if found.view.since:
            day = ours["occurred_from"].dt.tz_convert(town_settings.time_zone).dt.date
            ours = ours[day >= found.view.since]
        first = ours.drop_duplicates("event_id")
        column = f"cell_{found.view.resolution}"
        for place in found.places[~found.places["disc"]].itertuples():
            assert place.events == first[column].isin(place.cells).sum(), found.view
