"""What was found against what was planted: recall, precision, decoys."""

from __future__ import annotations

import dataclasses

import pytest

from safespace import pipeline
from safespace.pipeline.demo import _scores_in_words, score_truth
from safespace.pipeline.view import View
from safespace.synthetic import load_truth


@pytest.fixture(scope="module")
def truth(town):
    return load_truth(town.truth_json)


@pytest.fixture(scope="module")
def found(town_settings):
    return {
        source: pipeline.find_places(View(sources=(source,)), town_settings)
        for source in ("streetsafe", "nte", "spiking")
    }


def test_all_that_was_planted_is_found_and_nothing_else(found, truth):
    scores = score_truth(found, truth).set_index("source")
    assert scores["planted"].to_dict() == {"streetsafe": 4, "nte": 2, "spiking": 1, "all": 7}
    assert scores.loc["all", "recall"] == 1
    assert scores.loc["all", "precision"] >= 0.9
    assert scores.loc["all", "passed"] == scores.loc["all", "decoys"] == 5


def test_a_place_elsewhere_and_one_not_found_are_counted(found, truth):
    answer = found["nte"]
    first = answer.places.iloc[[0]]
    elsewhere = first.assign(cells=[[1]])
    hot = answer.hotspots.table.assign(hot=False)
    blind = dataclasses.replace(
        answer, places=elsewhere, hotspots=dataclasses.replace(answer.hotspots, table=hot)
    )
    row = score_truth({"nte": blind}, truth).set_index("source").loc["nte"]
    assert (row["recall"], row["precision"], row["passed"]) == (0, 0, row["decoys"])


def test_scores_are_said_in_words(found, truth):
    said = _scores_in_words(score_truth(found, truth))
    assert said[0].startswith("Against the truth planted: recall 100% (7 of 7 places planted), precision ")
    assert said[0].endswith("5 of 5 decoys passed over.")
    assert said[1].startswith("  StreetSafe reports: recall 100% (4 of 4")
