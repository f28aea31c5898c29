from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from safespace import tone
from safespace.briefs.wording import contents, headline, sentences
from safespace.tone import Label


@pytest.mark.parametrize("edition", ["police", "partner", "volunteer", "public"])
def test_every_generated_sentence_passes_the_tone_rules(brief, full, edition):
    for one in (brief, full, replace(brief, places=brief.places.iloc[:0], cells={})):
        for text in sentences(replace(one, edition=edition)):
            flags = [flag for flag in tone.check_text(text, edition=edition) if "felt unsafe" not in text]
            assert flags == [], text


def test_rate_interval_and_count_in_words(brief):
    (first, *_) = contents(brief)["places"]["rows"]
    assert first == [
        "Broad Street and Gas Street 0",
        "1",
        "1 =",
        "2.3 times its usual (95 % interval 1.4 to 3.6; 18 events)",
        "Higher than its usual; could be reporting",
    ]


def test_reports_per_km_by_hand(brief):
    # 9.3 reports over 1.24 km is 7.5 a km; 5 is 4.03 and 14 is 11.3.
    row = contents(brief)["links"]["rows"][0]
    assert row[1:] == ["1,240", "610", "80", "550", "12", "64", "7.5 (4.0 to 11); 21 reports"]
    empty = replace(brief, links=brief.links.assign(length_m=0.0))
    assert contents(empty)["links"]["rows"][0][-1] == Label.TOO_FEW.sentence


def test_shares_and_facts(brief):
    told = contents(brief)
    assert told["shares"]["rows"][0] == ["Badly lit 0", "54 of 100", "54 %", "44 to 64 %"]
    assert told["facts"] == [
        ["Rows read", "612"],
        ["Accepted", "544"],
        ["Not accepted", "68"],
        ["Place not known", "5.1 %"],
        ["Newest record", "31 October 2025"],
    ]


def test_headline(brief):
    assert headline(brief) == [
        "2 places had more reports than usual, and more than chance would give.",
        "Which comes first is not sure, so they share a rank.",
        "For 34 cells of 61 there are too few reports to say.",
    ]
    assert headline(replace(brief, places=brief.places.iloc[:1].assign(tied=False), cells={})) == [
        "1 place had more reports than usual, and more than chance would give."
    ]
    none = headline(replace(brief, places=brief.places.iloc[:0], cells={}))
    assert none == ["No place had more reports than its usual that chance would not also give."]


def test_long_tables_say_how_many_more(full):
    told = contents(full)
    assert told["places"]["more"] == "And 34 more places in the data file."
    assert told["links"]["more"] == "And 25 more links in the data file."
    assert told["sources"][-1] == "And 8 more in the data file."
    assert all(len(row[0]) <= 56 for row in told["places"]["rows"])


def test_contents_are_plain_and_repeatable(brief):
    assert json.dumps(contents(brief)) == json.dumps(contents(brief))
    shuffled = replace(brief, places=brief.places.iloc[::-1])
    assert contents(shuffled) == contents(brief)


def test_day_without_clock(brief):
    assert contents(brief)["date"] == [2025, 10, 31]
    assert isinstance(brief.places, pd.DataFrame)


@pytest.mark.parametrize("edition", ["volunteer", "public"])
def test_editions_without_counts(brief, edition):
    told = contents(replace(brief, edition=edition))
    assert told["places"]["rows"][0] == [
        "Broad Street and Gas Street 0",
        "1",
        "Higher than its usual; could be reporting",
    ]
    assert told["facts"] == [["Newest record", "31 October 2025"]]
    assert (told["shares"]["rows"], told["hours"]) == ([], "")
    words = json.dumps({name: value for name, value in told.items() if name != "map"})
    for figure in ("18 events", "612", "544", "54 of 100", "21 reports", "34 cells", "2.3 times"):
        assert figure not in words


def test_hidden_places_carry_no_number(brief):
    hidden = replace(brief, edition="partner", places=brief.places.assign(label=Label.HIDDEN))
    assert contents(hidden)["places"]["rows"][0][3:] == ["\u2013", Label.HIDDEN.sentence]


def test_no_interval_from_no_reports(brief):
    none = replace(
        brief, links=brief.links.assign(reports_within_reach=0, reports_nearby=0.0, reports_nearby_lower=0.0)
    )
    assert contents(none)["links"]["rows"][0][-1] == "No reports received"
