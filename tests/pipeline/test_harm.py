"""Harm-weighted counts stand beside the plain ones, in the police edition only, or are refused with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from safespace import disclosure, pipeline
from safespace.errors import DisclosureError, FileError, InputError
from safespace.pipeline import View
from safespace.settings import POLICIES

HEADER = "kind,weight,source,date\n"
NTE = View(sources=("nte",), baseline="area", resolution=8)
THEFTS = NTE.but(kinds=("robbery-and-theft-from-the-person",))


@pytest.fixture(scope="module")
def found(town_settings):
    return pipeline.find_places(NTE, town_settings)


@pytest.fixture(scope="module")
def weighed(town, town_settings):
    answer = pipeline.find_places(THEFTS, town_settings)
    return answer, pipeline.add_harm(answer, town_settings, weights=town.harm_weights_csv)


def table_of(tmp_path, *lines):
    file = tmp_path / "own.csv"
    file.write_text(HEADER + "".join(f"{line},Own work,2026-05-01\n" for line in lines))
    return file


def test_the_weighted_count_is_beside_the_plain_one_and_changes_nothing_else(weighed, town_settings):
    plain, both = weighed
    cells = both.hotspots.table
    assert cells[list(plain.hotspots.table.columns)].equals(plain.hotspots.table)
    rows = pipeline.selection.select(THEFTS, town_settings).reports
    rows = rows[rows["cell_8"].isin(cells.loc[cells["tested"], "cell"])]
    held = rows["category"].map({"Robbery": 120.0, "Theft from the person": 15.0})
    sums = held.groupby(rows["cell_8"]).sum().reindex(cells["cell"]).to_numpy()
    shown = cells["harm"].notna().to_numpy() & (cells["events"] > 0).to_numpy()
    assert shown.sum() > 3
    assert cells["harm"].to_numpy()[shown].tolist() == sums[shown].tolist()
    assert not cells.loc[~cells["tested"], "harm"].notna().any()
    alone = cells["harm_note"] != ""
    assert cells.loc[alone, "harm"].isna().all()


def test_what_it_rests_on_is_said_wherever_it_goes(weighed, town_settings, tmp_path):
    _, both = weighed
    said = both.harm.words()
    for part in (
        "MADE UP for the synthetic town",
        "2026-01-01",
        "synthetic_harm_weights.csv (",
        "95 % interval",
        "Fay",
    ):
        assert part in said
    assert said in pipeline.places_as_dict(both)["notes"]
    file = pipeline.write_places(both, tmp_path / "p.csv", town_settings)
    assert pd.read_csv(file)["harm_method"].eq(said).all()
    assert "harm" in pipeline.places_as_dict(both)["harm"]["file"]
    if len(both.places):
        assert "Harm-weighted, beside the count" in pipeline.places_table(both)


def test_a_brief_never_holds_them(weighed, town_settings):
    brief = pipeline.brief_of(weighed[1], [], town_settings)
    assert not [name for name in brief.places if name.startswith("harm")]
    assert "arm-weighted" not in pipeline.brief_html(brief)


def test_kinds_too_coarse_for_one_weight_are_refused_and_named(found, town_settings, tmp_path):
    file = table_of(tmp_path, "Robbery,9", "Public order,2", "Drugs,1")
    with pytest.raises(InputError, match=r"Drugs: it holds possession.*Public order: it holds drunk") as one:
        pipeline.add_harm(found, town_settings, weights=file)
    assert one.value.code == "kind-too-coarse-to-weigh"


def test_a_table_that_misses_many_kinds_is_a_sentence(found, town, town_settings):
    with pytest.raises(InputError, match=r"% of [\d,]+ events have no weight: .*Public order \(") as one:
        pipeline.add_harm(found, town_settings, weights=town.harm_weights_csv)
    assert one.value.code == "weights-miss-kinds"
    assert "--kind" in one.value.told("cli")


def test_a_few_events_without_a_weight_are_named(town_settings, tmp_path):
    kinds = pipeline.selection.select(NTE, town_settings).reports["category"].value_counts()
    own = tmp_path / "groups.csv"
    own.write_text("source,kind,group\n" + "".join(f"nte,{kind},Any\n" for kind in kinds.index))
    settings = town_settings.model_copy(update={"offence_groups": own})
    answer = pipeline.find_places(NTE.but(kinds=("any",)), settings)
    few = kinds.index[-1]
    file = table_of(tmp_path, *(f"{kind},5" for kind in kinds.index if kind != few))
    both = pipeline.add_harm(answer, settings, weights=file)
    ((kind, events),) = both.harm.unweighed
    assert (kind, both.harm.weighed + events) == (few, answer.events)
    assert f"No weight, so only in the plain counts: {few} ({events})." in both.harm.words()


def test_only_the_police_edition_and_only_offences(found, weighed, town, town_settings):
    partner = replace(found, view=replace(found.view, edition="partner"))
    with pytest.raises(DisclosureError, match="police edition only"):
        pipeline.add_harm(partner, town_settings, weights=town.harm_weights_csv)
    felt = pipeline.find_places(View(resolution=8, baseline="area"), town_settings)
    with pytest.raises(InputError, match="Only recorded offences"):
        pipeline.add_harm(felt, town_settings, weights=town.harm_weights_csv)
    with pytest.raises(FileError, match="cannot be read"):
        pipeline.add_harm(found, town_settings, weights=town.folder / "none.csv")


def test_nothing_weighted_is_released(weighed):
    cells = weighed[1].hotspots.table.assign(harm=np.float64(50.0))
    period = (pd.Timestamp("2025-09-01").date(), pd.Timestamp("2026-09-01").date())
    given = {"period": period, "sources": ["nte"]}
    with pytest.raises(DisclosureError, match="never released"):
        disclosure.release(cells, POLICIES[0], measure="harm", **given)
    inside = cells[~cells["edge"]].reset_index(drop=True)
    made = disclosure.release(inside.drop(columns=["rate", "lower", "upper"]), POLICIES[0], **given)
    assert not [name for name in made.table if name.startswith("harm")]
