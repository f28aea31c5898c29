"""A hotspot that a campaign, one day, a patrol or a baseline made does not survive without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from safespace.cells import add_cells, count
from safespace.engine import open_engine
from safespace.errors import InputError
from safespace.hotspots import (
    LeftOut,
    add_checks,
    find_hotspots,
    heaviest_part,
    jaccard,
    without_busiest_day,
    without_busiest_week,
    without_patrol,
)
from safespace.settings import HotspotSettings

SETTINGS = HotspotSettings(rates="cells")


def find(cells):
    return find_hotspots(cells, baseline="area", settings=SETTINGS)


def cluster(name, lon, lat, days, detected_by="public"):
    """Return one report a day at about one place."""
    when = pd.to_datetime(days).tz_localize("UTC")
    rng = np.random.default_rng(len(name))
    frame = pd.DataFrame(
        {
            "report_id": [f"{name}:{i}" for i in range(len(when))],
            "occurred_from": when,
            "reported_at": when,
            "lon": lon + rng.uniform(-1e-3, 1e-3, len(when)),
            "lat": lat + rng.uniform(-1e-3, 1e-3, len(when)),
            "detected_by": detected_by,
        }
    )
    return add_cells(frame.assign(event_id=frame["report_id"], source="streetsafe"))


@pytest.fixture(scope="module")
def reports(county):
    """Return reports at random with three clusters: lasting, of one campaign week, and found by patrols."""
    background = county.reports(400, seed=3)
    background = background.assign(reported_at=background["occurred_from"], detected_by="public")
    year = pd.date_range("2022-02-01", periods=40, freq="8D")
    week = pd.date_range("2022-06-06", periods=40, freq="4h")  # a Monday, for six days and a half
    return pd.concat(
        [
            background,
            cluster("lasting", -1.0, 53.1, year),
            cluster("campaign", -0.9, 53.2, week),
            cluster("patrol", -1.1, 53.0, year, "patrol"),
        ],
        ignore_index=True,
    )


def cell_at(frame, name):
    return frame.loc[frame["report_id"].str.startswith(name), "cell_8"].mode().iloc[0]


def test_checks_tell_the_lasting_place_from_the_others(reports, county):
    def counted(some):
        return count(some, county.windows[8], resolution=8, engine=open_engine())

    changed = {
        "without the busiest week": counted(without_busiest_week(reports)),
        "without the busiest day": counted(without_busiest_day(reports)),
        "without patrols": counted(without_patrol(reports)),
    }
    table = add_checks(find(counted(reports)), changed).set_index("cell")
    lasting, campaign, patrol = (table.loc[cell_at(reports, n)] for n in ("lasting", "campaign", "patrol"))
    assert (lasting["stability"], lasting["fails"]) == ("3 of 3 checks", "")
    assert (campaign["stability"], campaign["fails"]) == ("2 of 3 checks", "without the busiest week")
    assert (patrol["stability"], patrol["fails"]) == ("2 of 3 checks", "without patrols")
    quiet = table[~table["hot"]]
    assert (quiet["checks_passed"] == 0).all()
    assert (quiet["stability"] == "").all()


def test_patrol_rows_do_not_raise_a_place_once_they_are_left_out(reports, county):
    more = pd.concat(
        [reports, cluster("more", -1.0, 53.1, pd.date_range("2022-01-01", periods=300), "patrol")]
    )
    before = count(without_patrol(reports), county.windows[8], resolution=8, engine=open_engine())
    after = count(without_patrol(more), county.windows[8], resolution=8, engine=open_engine())
    assert after.equals(before)


def test_a_check_that_leaves_too_few_is_failed(reports, county):
    counted = count(reports, county.windows[8], resolution=8, engine=open_engine())
    table = add_checks(find(counted), {"none": counted.assign(events=0, pins=0)})
    assert set(table.loc[table["hot"], "stability"]) == {"0 of 1 checks"}
    with pytest.raises(InputError, match="nothing to check"):
        add_checks(find(counted), {})


def test_a_check_keeps_the_findings_method(reports, county):
    counted = count(reports, county.windows[8], resolution=8, engine=open_engine())
    found = find_hotspots(
        counted.assign(exposure=1.0), baseline="incidents", settings=SETTINGS, counted_baseline=True
    )
    table = add_checks(found, {"nothing": counted.assign(exposure=1.0)})
    assert set(table.loc[table["hot"], "stability"]) == {"1 of 1 checks"}
    as_known = find_hotspots(counted.assign(exposure=1.0), baseline="incidents", settings=SETTINGS)
    assert found.table["around"].sum() < as_known.table["around"].sum()
    by_area = find(counted)
    table = add_checks(found, {"against area": by_area})
    held = table.loc[table["hot"] & (table["checks_passed"] == 1), "cell"]
    assert sorted(held) == sorted(set(found.hot) & set(by_area.hot))


def test_the_busiest_day_is_local_and_that_of_reporting():
    reports = pd.DataFrame(
        {
            "occurred_from": pd.to_datetime(["2022-01-01"] * 4, utc=True),
            "reported_at": pd.to_datetime(
                ["2022-07-01 23:30", "2022-07-02 12:00", "2022-07-03 12:00", None], utc=True
            ),
        }
    )
    assert without_busiest_day(reports).index.tolist() == [2, 3]
    assert without_busiest_week(reports).index.tolist() == [3]
    assert without_busiest_week(reports.drop(columns="reported_at")).empty
    assert without_busiest_day(reports.iloc[:0]).empty


def test_jaccard_by_hand(reports, county):
    cells = count(reports, county.windows[8], resolution=8, engine=open_engine())
    one = find(cells)
    other = find(count(without_patrol(reports), county.windows[8], resolution=8, engine=open_engine()))
    both = len(set(one.hot) & set(other.hot))
    assert 0 < jaccard(one, other) == both / len(set(one.hot) | set(other.hot)) < 1
    none = find(cells.assign(events=np.arange(len(cells)) % 7 == 0).astype({"events": "int64"}))
    assert jaccard(one, one) == jaccard(none, none) == 1


def pins(days, *, lon=-1.0, factor="Badly lit", hours=22, source="streetsafe"):
    """Return one report for each day, at about one hour."""
    when = pd.to_datetime(days) + pd.to_timedelta(hours, unit="h")
    when = when.tz_localize("Europe/London").tz_convert("UTC")
    frame = pd.DataFrame(
        {
            "source": source,
            "category": "environmental",
            "factor": factor,
            "occurred_from": when,
            "occurred_to": when,
            "lon": lon,
            "lat": 53.1,
        }
    )
    return add_cells(frame)


def test_what_is_left_out_of_a_place_is_its_own_and_is_named():
    here = pins(["2026-05-04", "2026-05-06", "2026-05-06", "2026-06-01"])
    away = pins(["2026-07-01"] * 9, lon=-0.8)
    both = pd.concat([here, away], ignore_index=True)
    place = [int(here["cell_9"].iloc[0])]
    day, week = (heaviest_part(both, place, by=by, cell="cell_9") for by in ("day", "week"))
    assert (day.rows.tolist(), day.words) == ([1, 2], "the 2 reports of 6 May 2026")
    assert (week.rows.tolist(), week.words) == ([0, 1, 2], "the 3 reports of the week of 4 May 2026")
    alone = heaviest_part(both.iloc[3:], place, by="day", cell="cell_9")
    assert alone.words == "the one report of 1 June 2026"


def test_the_first_of_equal_days_is_left_out():
    both = pins(["2026-06-01", "2026-05-06"])
    assert heaviest_part(both, [int(both["cell_9"].iloc[0])], by="day", cell="cell_9").words.endswith(
        "6 May 2026"
    )


def test_one_origin_is_a_spot_with_the_same_reasons_or_hour():
    one = pins(pd.date_range("2026-05-01", periods=5), hours=np.array([1, 6, 11, 16, 21]))
    same_hour = pins(["2026-06-01", "2026-06-02"], factor="Rundown", hours=np.array([1.9, 0.5]))
    neither = pins(["2026-06-03"], factor="Rundown", hours=np.array([3.5]))
    nine_m, twelve_m = (pins(["2026-07-01"], lon=-1.0 + metres / 66_800) for metres in (9, 12))
    both = pd.concat([one, same_hour, neither, nine_m, twelve_m], ignore_index=True)
    found = heaviest_part(both, [int(one["cell_9"].iloc[0])], by="origin", cell="cell_9")
    assert found.rows.tolist() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert found.words == (
        "the 8 reports from within 10 m of one spot, alike in reasons (Badly lit) or in hour (01:00)"
    )


def test_an_hour_is_counted_round_midnight():
    late = pins(["2026-05-01"], hours=23.75)
    early = pins(["2026-05-03"], hours=0.25, factor="Rundown")
    both = pd.concat([late, early], ignore_index=True)
    assert len(heaviest_part(both, [int(late["cell_9"].iloc[0])], by="origin", cell="cell_9").rows) == 2


def test_what_cannot_be_told_is_not_left_out():
    month = pins(["2026-05-01"] * 3, source="police_uk")
    month = month.assign(occurred_to=month["occurred_from"] + pd.Timedelta(days=31))
    place = [int(month["cell_9"].iloc[0])]
    assert [heaviest_part(month, place, by=by, cell="cell_9") for by in ("day", "week", "origin")] == [
        None
    ] * 3


def test_a_prolific_reporter_is_found_by_origin_and_by_nothing_else(county):
    background = county.reports(400, seed=4)
    background = background.assign(
        category="environmental",
        factor="Rundown",
        source="streetsafe",
        occurred_to=background["occurred_from"],
    )
    one = pins(pd.date_range("2022-02-01", periods=14, freq="16D"), lon=-1.0)
    one = one.assign(
        report_id=[f"one:{i}" for i in range(len(one))], event_id=[f"one:{i}" for i in range(len(one))]
    )
    reports = pd.concat([background, one], ignore_index=True)
    base = count(reports, county.windows[8], resolution=8, engine=open_engine())
    found = find(base)
    mine = cell_at(reports, "one")
    assert mine in found.hot
    checks = {}
    for by in ("day", "week", "origin"):
        removal = heaviest_part(reports, [mine], by=by, cell="cell_8", time_zone="Europe/London")
        kept = count(reports.drop(index=removal.rows), base, resolution=8, engine=open_engine())
        checks[by] = [LeftOut(kept, {int(mine): removal.words})]
    row = add_checks(found, checks).set_index("cell").loc[mine]
    assert row["stability"] == "2 of 3 checks"
    assert row["fails"].startswith("without the 14 reports from within 10 m of one spot")
