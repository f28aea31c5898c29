"""What to mend, whether it worked, and what may leave."""

from __future__ import annotations

from datetime import date

import pytest

from safespace import pipeline
from safespace.errors import DisclosureError, InputError
from safespace.interventions import Budget
from safespace.settings import HotspotSettings

LINK = ("Stonebridge Bus Station", "Barge Hall")
YEAR = {"since": date(2025, 9, 1), "until": date(2026, 8, 31)}


def test_a_budget_is_kept_and_a_larger_one_does_no_worse(town_settings):
    small, large = (
        pipeline.improve([LINK], town_settings, budget=Budget(metres)).fixes for metres in (200, 800)
    )
    assert small.used_m <= 200
    assert large.used_m <= 800
    assert large.after <= small.after <= small.before
    assert (small.table["lit"] != "yes").all()


@pytest.mark.parametrize(
    "ask",
    [
        pipeline.find_places,
        pipeline.find_agreement,
        pipeline.find_change,
        pipeline.find_emerging,
        pipeline.find_clusters,
        pipeline.count_cells,
        pipeline.count_monthly,
        lambda view, settings: pipeline.find_reach("Barge Hall", [5], view, settings),
        lambda view, settings: pipeline.plan_walk("Barge Hall", "Velvet", view, settings),
    ],
)
def test_nothing_is_counted_for_partners_but_by_a_release(town_settings, ask):
    with pytest.raises(DisclosureError, match="released figures only"):
        ask(pipeline.View(edition="partner"), town_settings)


def test_what_partners_get_names_no_small_count(town_settings):
    view = pipeline.View(sources=("nte",), resolution=8, baseline="area", **YEAR)
    made = pipeline.release(view, town_settings, policy="partner", recipients=["Licensing"])
    shown = made.table[made.table["state"] != "hidden"]
    assert (shown["events"] >= 10).all()
    assert made.attack.failed
    assert "pins" not in made.table


def test_a_release_finer_than_the_policy_is_refused(town_settings):
    view = pipeline.View(sources=("nte",), resolution=9, baseline="area", **YEAR)
    with pytest.raises(DisclosureError, match="9"):
        pipeline.release(view, town_settings, policy="partner", recipients=["Licensing"])


def test_a_release_keeps_to_what_its_source_allows(town_settings):
    view = pipeline.View(sources=("spiking",), resolution=8, baseline="area", **YEAR)
    with pytest.raises(DisclosureError, match="allows more than a source's own, 'partner'"):
        pipeline.release(view, town_settings, policy="responsible-authority", recipients=["Licensing"])


@pytest.mark.parametrize("asked", [{"window": "night"}, {"calendar": "bank-holiday"}])
def test_a_release_does_not_leave_out_a_source_without_hours_unsaid(town_settings, asked):
    view = pipeline.View(sources=("nte", "police_uk"), resolution=8, baseline="area", **YEAR, **asked)
    with pytest.raises(InputError, match="dated by month only"):
        pipeline.release(view, town_settings, policy="partner", recipients=["Licensing"])


def test_a_release_is_of_a_fixed_window(town_settings):
    with pytest.raises(InputError, match="first and a last day"):
        pipeline.release(pipeline.View(resolution=8), town_settings, policy="partner", recipients=["x"])


def test_an_area_is_not_its_own_comparison(town_settings):
    with pytest.raises(
        InputError, match=r"share ground.*100% of the smaller of the areas treated and control"
    ):
        pipeline.evaluate(
            pipeline.View(area="SB04"), town_settings, control="SB04", changed=date(2026, 3, 1), days=90
        )


def test_counts_before_and_after_are_those_of_the_area(town_settings):
    view = pipeline.View(area="SB04", sources=("nte",))
    found = pipeline.evaluate(view, town_settings, control="SB05", changed=date(2026, 3, 1), days=90)
    interval = town_settings.model_copy(update={"hotspots": HotspotSettings(interval=0.8)})
    wide = pipeline.evaluate(view, interval, control="SB05", changed=date(2026, 3, 1), days=90)
    assert (found.method.level, wide.method.level) == (0.95, 0.8)
    before = pipeline.count_cells(view.but(since=date(2025, 12, 1), until=date(2026, 2, 28)), town_settings)
    assert found.counts.treated[0] == before.loc[~before["edge"], "events"].sum()
