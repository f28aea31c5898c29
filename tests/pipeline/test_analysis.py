"""Clusters, change over time, and places judged on months they have not seen."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
from scipy.stats import poisson_means_test

from safespace import pipeline
from safespace.errors import InputError, TooFewError
from safespace.hotspots import pull_to_even
from safespace.pipeline import View
from safespace.pipeline.analysis import _known_before
from safespace.settings import load_settings

NTE = View(sources=("nte",))


def test_planted_places_are_clusters_that_come_back(town, town_settings):
    found = pipeline.find_clusters(pipeline.View(), town_settings)
    steady = found.table[found.table["stability"] > 0.8].to_crs(found.method.system)
    planted = [place for place in town.truth.hot() if "streetsafe" in place.sources]
    points = gpd.points_from_xy(*zip(*[(p.lon, p.lat) for p in planted], strict=True), crs="EPSG:4326")
    for point in points.to_crs(found.method.system):
        assert steady.distance(point).min() < 100
    assert found.table["p_value"].between(0, 1).all()


def test_months_add_up_to_the_events_inside(town_settings):
    view = pipeline.View(sources=("nte",))
    counted = pipeline.count_cells(view, town_settings)
    change = pipeline.find_change(view, town_settings)
    assert change.months["events"].sum() == counted.loc[~counted["edge"], "events"].sum()
    assert change.months["month"].iloc[0] == "2025-09"
    assert change.near_repeat is not None


def test_a_part_of_a_month_is_no_part_of_a_trend(town_settings):
    view = NTE.but(since=date(2025, 9, 10), until=date(2026, 8, 20))
    change = pipeline.find_change(view, town_settings)
    assert change.months.loc[~change.months["whole"], "month"].tolist() == ["2025-09", "2026-08"]
    assert change.trend.periods == int(change.months["whole"].sum()) == 10
    assert any("2025-09, 2026-08" in note for note in change.notes)
    assert pipeline.find_change(NTE, town_settings).months["whole"].all()
    patterns = pipeline.find_emerging(view.but(resolution=8), town_settings)
    assert any("2025-09, 2026-08" in note for note in patterns.notes)


def test_campaigns_are_named_beside_the_months_they_fall_in(town_settings, tmp_path):
    folder = shutil.copytree(town_settings.store, tmp_path / "store")
    settings = load_settings(store=folder)
    (tmp_path / "c.csv").write_text(
        "name,kind,starts,ends\nTell us where,campaign,2026-03-01,2026-03-14\n"
        "Long ago,campaign,2019-03-01,2019-03-14\nCup tie,match,2026-01-10 15:00,2026-01-10 17:00\n"
    )
    pipeline.ingest_calendar(tmp_path / "c.csv", settings=settings)
    notes = " ".join(pipeline.find_change(NTE, settings).notes)
    assert "1 Campaign: Tell us where, 1 to 14 March 2026; Match: Cup tie, 10 January 2026." in notes
    assert "A campaign brings more reports, not more harm." in notes
    assert "Long ago" not in notes


def test_no_trend_is_told_across_a_change_of_recording(town_settings, tmp_path):
    settings = load_settings(store=shutil.copytree(town_settings.store, tmp_path / "store"))
    (tmp_path / "c.csv").write_text("name,kind,starts,ends\nNew form,recording-change,2026-05-12,\n")
    pipeline.ingest_calendar(tmp_path / "c.csv", settings=settings)
    change = pipeline.find_change(NTE, settings)
    assert change.trend is None
    assert any(
        "No trend is told across the change of recording New form of 12 May 2026" in n for n in change.notes
    )
    (tmp_path / "c.csv").write_text("name,kind,starts,ends\nNew form,recording-change,2024-05-12,\n")
    pipeline.ingest_calendar(tmp_path / "c.csv", settings=settings)
    assert pipeline.find_change(NTE, settings).trend is not None


def test_a_trend_is_told_again_a_year_after_a_change_of_recording():
    months = pd.period_range("2023-01", periods=30, freq="M")
    counts = pd.DataFrame([range(30)], columns=months)
    table = pd.DataFrame({"month": months.astype(str), "events": range(30), "whole": True})
    marks = pd.DataFrame(
        {
            "name": ["Old"],
            "kind": ["recording-change"],
            "first": [date(2023, 4, 2)],
            "last": [date(2023, 4, 2)],
        }
    )
    kept, said = pipeline.Months(table, marks, counts, ()).after_changes()
    assert [str(month) for month in kept][:1] == ["2023-05"]
    assert said == "The trend is of the 26 whole months after the change of recording Old of 2 April 2023."


def test_marks_of_another_place_are_left_out(town_settings, tmp_path):
    settings = load_settings(store=shutil.copytree(town_settings.store, tmp_path / "store"))
    names = pipeline.areas(settings).set_index("area_id")["name"]
    (tmp_path / "c.csv").write_text(
        "name,kind,starts,ends,zone\n"
        f"Here,event,2026-03-01,,{names['SB01']}\nAway,event,2026-03-02,,{names['SB06']}\n"
        "Anywhere,event,2026-03-03,,\n"
    )
    pipeline.ingest_calendar(tmp_path / "c.csv", settings=settings)
    found = pipeline.find_months(NTE.but(area="SB01"), settings)
    assert found.marks["name"].tolist() == ["Here", "Anywhere"]


def test_places_beat_random_where_places_were_planted(town_settings):
    found = pipeline.validate_places(pipeline.View(sources=("nte",)), town_settings, later=4)
    tenth = found.table[found.table["area_share"].round(2) == 0.1].set_index("method")
    assert tenth.loc["smoothed", "pai_lower"] > 1
    assert tenth.loc["random", "pai"] == pytest.approx(1, abs=0.3)


def test_too_few_months_to_judge_on_is_said(town_settings):
    with pytest.raises(TooFewError, match="later"):
        pipeline.validate_places(pipeline.View(sources=("nte",)), town_settings, later=11)


AUTUMN, SPRING = (date(2025, 9, 1), date(2025, 11, 30)), (date(2026, 3, 1), date(2026, 5, 31))


def test_two_periods_are_compared_for_the_area_and_each_cell(town_settings):
    found = pipeline.compare_periods(NTE, town_settings, before=AUTUMN, after=SPRING)
    whole = found.whole.iloc[0]
    asked = NTE.but(since=AUTUMN[0], until=AUTUMN[1])
    counted = pipeline.count_cells(asked, town_settings)
    assert whole["before"] == counted.loc[~counted["edge"], "events"].sum() == found.cells["before"].sum()
    phi = found.method.dispersion
    assert 1 <= phi < 2
    made_whole = [
        {math.floor(whole[name] / phi), math.ceil(whole[name] / phi)} for name in ("before", "after")
    ]
    told = [poisson_means_test(one, 91, other, 92).pvalue for one in made_whole[0] for other in made_whole[1]]
    assert whole["e_p_value"] == pytest.approx(max(told), abs=1e-6)  # rounding makes no difference
    assert any(note.startswith("Counts vary") for note in found.notes)
    assert whole["lower"] < whole["ratio"] < whole["upper"]
    assert found.cells["e_q_value"].is_monotonic_increasing
    assert found.cells["name"].str.len().min() > 0
    assert (found.cells["changed"] == (found.cells["e_q_value"] <= 0.05)).all()
    assert not any("goes beyond the data" in note for note in found.notes)


def test_that_periods_can_hold_unlike_numbers_of_the_nights_asked_for_is_said(town_settings):
    view = NTE.but(calendar="bank-holiday")
    found = pipeline.compare_periods(view, town_settings, before=AUTUMN, after=SPRING)
    assert "more such nights" in found.notes[0]


def test_a_place_that_began_is_found_to_have_changed(town_settings):
    view = NTE.but(found_by="all")
    whole_year = pipeline.compare_periods(
        view,
        town_settings,
        before=(date(2020, 1, 1), date(2025, 8, 31)),
        after=(date(2025, 9, 1), date(2026, 8, 31)),
    )
    assert whole_year.whole["before"].iloc[0] == 0
    assert whole_year.cells["changed"].any()
    assert "The first period goes beyond the data, which run from 2025-09-" in whole_year.notes[0]


@pytest.mark.parametrize(
    ("before", "after", "refused", "says"),
    [
        (SPRING, AUTUMN, InputError, "must begin after the first ends"),
        (AUTUMN, (date(2025, 11, 30), date(2026, 1, 1)), InputError, "2025-11-30"),
        (
            (date(2010, 1, 1), date(2010, 2, 1)),
            (date(2010, 3, 1), date(2010, 4, 1)),
            TooFewError,
            r"No event falls in either period. Seen: events from 2025-09-.* to 2026-08-",
        ),
    ],
)
def test_periods_that_cannot_be_compared_are_refused(town_settings, before, after, refused, says):
    with pytest.raises(refused, match=says):
        pipeline.compare_periods(NTE, town_settings, before=before, after=after)


def test_what_is_new_is_scanned_for_and_patterns_say_what_they_need(town_settings):
    found = pipeline.find_emerging(NTE, town_settings)
    assert (found.scan.table["periods"] <= 6).all()
    assert found.patterns is None
    assert any("Each needs at least" in note for note in found.notes)
    with pytest.raises(InputError, match="week, month, quarter"):
        pipeline.find_emerging(NTE, town_settings, freq="decade")


def test_patterns_are_named_where_every_slice_has_enough(town_settings):
    found = pipeline.find_emerging(NTE.but(resolution=8), town_settings)
    assert found.patterns is not None
    assert set(found.patterns["pattern"]) & {"persistent", "intensifying", "consecutive", "sporadic"}
    assert list(found.patterns.columns[:2]) == ["cell", "name"]


def test_timed_clusters_need_a_thousand_events(town_settings):
    with pytest.raises(TooFewError, match="At least 1,000 are needed"):
        pipeline.find_clusters(View(), town_settings, timed=True)


def test_places_are_judged_on_weeks_too(town_settings):
    found = pipeline.validate_places(NTE, town_settings, later=10, freq="week")
    assert found.periods[1] == 10
    assert found.periods[0] > 40


@pytest.fixture(scope="module")
def found(town_settings):
    return pipeline.find_places(View(), town_settings)


def test_a_scan_is_joined_to_cells_and_places(found, town_settings, tmp_path):
    joined, scan = pipeline.add_scan(found, town_settings)
    assert joined.hotspots.hot.tolist() == found.hotspots.hot.tolist()
    by_cell = joined.hotspots.table.set_index("cell")["scan_p_value"]
    for place in joined.places.itertuples():
        assert (
            place.scan_p_value
            == by_cell[place.cells].min()
            == min(2 * min(max(place.scan_p_poisson, place.scan_p_shuffle), place.scan_p_one_cell), 1)
        )
    assert scan.events == found.events
    pipeline.write_places(joined, tmp_path / "places.csv", town_settings)
    header = (tmp_path / "places.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert "scan_p_poisson,scan_p_shuffle,scan_p_one_cell,scan_p_value" in header
    table = pipeline.places_table(joined)
    assert table.iloc[0, -1].count(",") == 2


def test_checks_are_joined_to_places(found, town_settings):
    joined = pipeline.add_checks(found, town_settings)
    assert joined.places["stability"].str.fullmatch(r"\d of 4 checks").all()
    assert pipeline.places_table(joined)["Holds in"].iloc[0].startswith("4 of 4 checks")
    assert "The wording of reports is not kept" in " ".join(joined.notes)


def test_shares_need_no_baseline_and_never_say_who_reported_in_a_place(found, town_settings):
    shares = pipeline.find_shares(found, town_settings).set_index(["what", "place"])
    whole = shares.xs(0, level="place")
    assert list(whole.index) == [
        "name lighting", "name behaviour", "were at night", "are from a woman, where stated"
    ]  # fmt: skip
    assert whole.loc["name lighting", "total"] == found.events
    assert (shares["lower"] <= shares["share"]).all()
    assert (shares["share"] <= shares["upper"]).all()
    assert list(shares.loc["are from a woman, where stated"].index) == [0]
    subway = found.places.loc[found.places["name"].str.contains("Subway"), "place"].iloc[0]
    assert shares.loc[("were at night", subway), "lower"] > shares.loc[("were at night", subway), "elsewhere"]


def test_shares_of_reports_that_can_have_none_are_refused(found, town_settings):
    monthly = replace(found, view=found.view.but(sources=("police_uk",)))
    with pytest.raises(InputError, match=r"nothing to take shares of\. Seen: police_uk"):
        pipeline.find_shares(monthly, town_settings)


def test_hours_are_smoothed_for_drawing_and_keep_their_sum(found, town_settings):
    story = pipeline.tell_cell(found, int(found.places["core_cell"].iloc[0]), town_settings)
    assert story.smooth.sum() == pytest.approx(story.hours.sum())
    assert story.smooth.max() < story.hours.max()
    assert (story.smooth > 0).sum() > (story.hours > 0).sum()


def test_local_statistics_stand_beside_cells_and_are_blank_where_too_few(found, town_settings, tmp_path):
    joined = pipeline.add_local(found, town_settings)
    table = joined.hotspots.table
    assert table["cell"].tolist() == found.hotspots.table["cell"].tolist()
    judged = table[table["tested"]]
    few = judged["ring_expected"] < 5
    assert few.any()
    assert not few.all()
    assert judged.loc[few, ["gi_star", "moran", "moran_p_value"]].isna().all(axis=None)
    assert (judged.loc[few, "gi_note"] == "too few for Gi*").all()
    assert judged.loc[~few, ["gi_star", "moran", "marshall_rate"]].notna().all(axis=None)
    assert judged[["rate", "marshall_rate"]].corr().iloc[0, 1] > 0.95, "one cross-checks the other"
    pipeline.write_places(joined, tmp_path / "cells.geojson", town_settings)
    assert "NaN" not in (tmp_path / "cells.geojson").read_text()


def test_a_mix_is_found_where_it_was_planted(town, town_settings, tmp_path):
    found = pipeline.find_mix(View(), town_settings, having="lighting")
    (street,) = [place for place in town.truth.hot() if place.name == "Corn Street"]
    table = found.table.set_index("cell")
    dark = [cell for place in town.truth.hot() if "Unlit" in place.why for cell in place.cells[9]]
    assert table.loc[table.index.isin(street.cells[9]), "ratio"].max() < 1, "bars, not lamps"
    assert table.loc[table.index.isin(dark), "ratio"].median() > 1
    assert set(table["contour"]) == {"more", "fewer", ""}
    assert found.scan.table["higher"].any()
    pipeline.write_mix(found, tmp_path / "mix.geojson")
    assert "Synthetic data" in (tmp_path / "mix.geojson").read_text()


@pytest.mark.parametrize(
    ("view", "having", "says"),
    [
        (NTE, "lighting", r"lighting: These reports cannot tell. Seen: nte"),
        (NTE, "moon", "lighting, behaviour, night"),
    ],
)
def test_a_mix_that_cannot_be_told_is_refused(town_settings, view, having, says):
    with pytest.raises(InputError, match=says):
        pipeline.find_mix(view, town_settings, having=having)


def test_concentration_and_agreement_across_resolutions_are_said(town_settings):
    said = pipeline.describe_concentration(NTE, town_settings)
    assert said[0].startswith("Concentration over cells: generalised Gini 0.")
    assert said[1].startswith("Ground higher than usual at resolution 8 or 9 that is so at both: ")


def test_the_order_is_judged_in_a_line_and_so_is_too_little(town_settings):
    told = pipeline.judge_order(NTE, town_settings)
    found = pipeline.validate_places(NTE, town_settings, later=6)
    assert told == found.line()
    assert told.startswith("In the 6 months after, the first 3 % of the area held ")
    assert "last month's count" in told
    few = NTE.but(until=date(2025, 10, 31))
    assert pipeline.judge_order(few, town_settings).startswith(
        "Too little to judge this order by. There are too few"
    )


def test_a_counted_baseline_is_judged_as_it_was_known_before(town_settings):
    view = View(sources=("streetsafe",), baseline="recorded", resolution=8)
    counted = pipeline.count_cells(view, town_settings)
    months = pd.DataFrame(columns=pd.period_range("2026-01", periods=6, freq="M"))
    known = _known_before(months, 4, counted, view, town_settings)
    recorded = View(sources=("nte", "spiking"), resolution=8, found_by="all")
    before = pipeline.count_cells(recorded.but(until=date(2026, 2, 28)), town_settings)
    assert 0 < known["exposure"].sum() < counted["exposure"].sum()
    inside = ~before["edge"]
    pulled = pull_to_even(before["events"], before["area_km2"], inside)  # as a finding does
    assert known["exposure"].tolist() == pulled.tolist()
    assert (known.loc[inside, "exposure"] > 0).all()
    assert counted["exposure"].tolist() == pipeline.count_cells(recorded, town_settings)["events"].tolist()
    by_area = view.but(baseline="area")
    assert _known_before(months, 4, counted, by_area, town_settings) is counted
