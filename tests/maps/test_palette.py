from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from safespace import tone
from safespace.maps import palette
from safespace.maps.palette import STYLES, classify, contrast, grey_of, legend
from safespace.tone import Label


def test_contrast_by_hand():
    # WCAG 2.2: #767676 on white is the well-known 4.54:1.
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert contrast("#FFFFFF", "#FFFFFF") == 1


def test_every_class_in_turn(hotspots):
    assert classify(hotspots).tolist()[:9] == [
        "higher_3",
        "higher_2",
        "higher_1",
        "not_different",
        "too_few",
        "none_received",
        "edge",  # although its label says not known
        "not_known",
        "hidden",
    ]


def test_band_follows_the_lower_end_and_not_the_rate(hotspots):
    loud = hotspots.assign(rate=99.0, lower=1.0)
    assert classify(loud).tolist()[0] == "higher_2"


def test_frames_are_left_as_they_were(hotspots):
    before = hotspots.copy()
    classify(hotspots)
    assert hotspots.equals(before)


def test_marks_and_lines_keep_three_to_one():
    for style in STYLES:
        assert contrast(style.line, "#FFFFFF") >= 3, style.name
        if style.mark:
            assert contrast(style.ink, style.fill) >= 4.5, style.name
    for hatch_ink in (palette.GREY,):
        assert contrast(hatch_ink, "#FFFFFF") >= 3


def test_neighbouring_classes_are_parted_without_relying_on_colour():
    for one, other in combinations(STYLES, 2):
        by_look = (one.mark, one.hatch, one.dashed) != (other.mark, other.hatch, other.dashed)
        # Where two plain classes meet, the line between them keeps 3:1 to at least one of them.
        by_line = max(contrast(one.line, one.fill), contrast(other.line, other.fill)) >= 3
        assert by_line, (one.name, other.name)
        assert by_look or {one.name, other.name} == {"not_different", "none_received"}
    # These two are both "nothing to see from here"; their fills must still differ in greyscale.
    assert grey_of(palette.PALE) != grey_of(palette.WHITE)


def test_bands_are_ordered_in_greyscale():
    greys = [int(grey_of(style.fill)[1:3], 16) for style in STYLES[:4]]
    assert greys == sorted(greys)
    assert min(b - a for a, b in pairwise(greys)) >= 30


def test_legend_words_pass_the_tone_rules():
    assert [style.words for style in legend(["hidden", "higher_1"])][-1] == Label.HIDDEN.sentence
    for style in STYLES:
        assert tone.check_text(style.words, edition="partner") == ()
