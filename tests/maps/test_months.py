"""Bars of whole months only, with every mark drawn where its days are and named in a key."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from safespace.errors import InputError
from safespace.maps import key_lines, month_chart_svg, number_marks
from safespace.maps.months import _across

MONTHS = pd.DataFrame(
    {"month": ["2026-01", "2026-02", "2026-03"], "events": [4, 2, 6], "whole": [True, True, True]}
)


def marks(*rows):
    return pd.DataFrame(rows, columns=["name", "kind", "first", "last"])


CAMPAIGN = ("Tell us", "campaign", date(2026, 2, 1), date(2026, 2, 14))
CHANGE = ("New form", "recording-change", date(2026, 3, 1), date(2026, 3, 1))
MATCH = ("City v United", "match", date(2026, 1, 10), date(2026, 1, 10))


def bars(svg):
    return svg.count(b"fill: #12436d")


def test_marks_are_numbered_by_day_and_matches_are_not():
    numbered = number_marks(marks(CHANGE, MATCH, CAMPAIGN))
    assert [mark.words for mark in numbered] == [
        "Match: City v United, 10 January 2026",
        "1 Campaign: Tell us, 1 to 14 February 2026",
        "2 Change of recording: New form, 1 March 2026",
    ]


def test_the_key_keeps_what_bears_most_on_a_trend_and_says_how_many_more():
    many = [MATCH] * 7 + [CAMPAIGN, CHANGE]
    lines = key_lines(number_marks(marks(*many)))
    assert len(lines) == 5
    assert any("New form" in line for line in lines)
    assert any("Tell us" in line for line in lines)
    assert lines[-1].startswith("and 5 more, drawn")


def test_a_part_of_a_month_has_no_bar():
    whole = month_chart_svg(MONTHS, marks())
    part = month_chart_svg(MONTHS.assign(whole=[True, True, False]), marks())
    assert (bars(whole), bars(part)) == (3, 2)


@pytest.mark.parametrize(
    "mark", [CAMPAIGN, CHANGE, MATCH, ("Fair", "event", date(2026, 1, 3), date(2026, 1, 5))]
)
def test_every_kind_of_mark_is_drawn(mark):
    bare, drawn = (month_chart_svg(MONTHS, table) for table in (marks(), marks(mark)))
    assert len(re.findall(rb"<path|<use", drawn)) > len(re.findall(rb"<path|<use", bare))
    assert drawn == month_chart_svg(MONTHS, marks(mark))


def test_marks_outside_the_months_are_not_drawn():
    away = ("Long ago", "campaign", date(2019, 3, 1), date(2019, 3, 9))
    assert month_chart_svg(MONTHS, marks(away)) == month_chart_svg(MONTHS, marks())


def test_a_day_lies_where_it_is_in_its_month():
    assert _across(date(2026, 1, 1), MONTHS["month"], 0.0) == 0
    assert _across(date(2026, 2, 14), MONTHS["month"], 1.0) == pytest.approx(1.5)
    assert _across(date(2026, 3, 31), MONTHS["month"], 1.0) == 3
    assert _across(date(2019, 3, 1), MONTHS["month"], 0.0) == 0


def test_no_month_is_a_sentence():
    with pytest.raises(InputError, match="no month to draw"):
        month_chart_svg(MONTHS.iloc[:0], marks())
