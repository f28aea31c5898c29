"""Reports of some kinds of offence: counted alike by every way, named in every answer, refused where they cannot be told."""

from __future__ import annotations

import shutil
from datetime import date

import pandas as pd
import pytest
import shapely

from safespace import pipeline
from safespace.cli.verbs import VERBS, Later
from safespace.errors import DisclosureError, InputError
from safespace.pipeline import View
from safespace.pipeline.kinds import refuse_private_area
from safespace.pipeline.selection import count_days, count_events, count_months, received_span, select
from safespace.settings import load_settings

HEADER = "source,kind,group,may_hold,no_weight,note\n"
ASKING = (
    *("count", "hotspots", "surface", "agreement", "clusters", "trends", "validate"),
    *("routes", "brief", "evaluate", "corridors"),
)
NTE = View(sources=("nte",), baseline="area", resolution=8)
POLICE = (
    "Crime ID,Month,Longitude,Latitude,Location,Crime type\n"
    "a1,2022-01,-1.10,52.95,On or near A,Violence and sexual offences\n"
    "a2,2022-01,-1.10,52.95,On or near A,Drugs\n"
    "a3,2022-02,-1.11,52.95,On or near B,Public disorder and weapons\n"
    "a4,2022-02,-1.11,52.95,On or near B,Public order\n"
)


@pytest.fixture(scope="module")
def police(tmp_path_factory):
    folder = tmp_path_factory.mktemp("police")
    (folder / "2022-01-town-street.csv").write_text(POLICE)
    settings = load_settings(store=folder / "store")
    pipeline.ingest([folder / "2022-01-town-street.csv"], source="police_uk", settings=settings)
    return settings


def kept(settings, **asked):
    return select(View(sources=("police_uk",), resolution=8, **asked), settings)


def test_only_the_kinds_asked_for_are_counted_and_named(town_settings):
    every, some = (select(NTE.but(kinds=kinds), town_settings) for kinds in ((), ("violence",)))
    mine = every.reports["category"].isin(["Violence with injury", "Violence without injury"])
    assert some.reports["report_id"].tolist() == every.reports.loc[mine, "report_id"].tolist()
    said = some.sentences()
    assert any(
        f"Kinds: Violence only: {mine.sum():,} of {len(every.reports):,} reports, as offence_groups.csv ("
        in s
        for s in said
    )


def test_groups_add_up_to_all_kinds(town_settings):
    kinds = pipeline.list_kinds(town_settings, ("nte",))["nte"]
    parts = [len(select(NTE.but(kinds=(kind,)), town_settings).reports) for kind in kinds]
    assert sum(parts) == len(select(NTE, town_settings).reports)


def test_the_engine_counts_what_the_selection_holds(town_settings):
    view = NTE.but(kinds=("violence", "drugs"))
    rows = select(view, town_settings).reports
    window = pipeline.count_cells(view, town_settings)[["cell", "area_km2", "edge"]]
    inside = rows[rows["cell_8"].isin(window["cell"])]
    assert count_events(view, window, town_settings)["pins"].sum() == len(inside) > 0
    assert count_days(view, window, town_settings)["events"].sum() == inside["event_id"].nunique()
    within = rows["cell_8"].isin(window.loc[~window["edge"], "cell"])
    assert count_months(view, window, town_settings)["pins"].sum() == within.sum() > 0


def test_whether_rows_were_received_is_asked_of_every_kind(town_settings):
    view = NTE.but(kinds=("harassment-and-stalking-in-public",))
    assert received_span(view, town_settings) == received_span(NTE, town_settings)


def test_what_police_uk_cannot_tell_apart_is_refused_with_the_reason(police):
    with pytest.raises(
        InputError, match=r"“Violence and sexual offences” together with Violence and Har"
    ) as one:
        kept(police, kinds=("sexual-offences",))
    assert one.value.code == "kind-not-told"
    assert "drugs, other, violence-and-sexual-offences" in one.value.told("cli")
    assert len(kept(police, kinds=("violence-and-sexual-offences",)).reports) == 1
    whole = ("violence", "sexual-offences", "harassment-and-stalking-in-public")
    assert kept(police, kinds=whole).reports["category"].tolist() == ["Violence and sexual offences"]


def test_what_may_be_of_the_kind_too_is_left_out_and_said(police):
    found = kept(police, kinds=("public-order",))
    assert found.reports["category"].tolist() == ["Public order"]
    assert any(
        "1 reports of Public disorder and weapons may be of these kinds too" in s for s in found.sentences()
    )
    both = kept(police, kinds=("public-order", "other"))
    assert sorted(both.reports["category"]) == ["Public disorder and weapons", "Public order"]


def test_a_kind_that_no_line_lists_counts_under_other_and_is_said(police, tmp_path):
    (tmp_path / "own.csv").write_text(HEADER + "police_uk,Drugs,Drugs,,,\n")
    own = police.model_copy(update={"offence_groups": tmp_path / "own.csv"})
    for kinds, rows in ((("other",), 3), (("drugs",), 1)):
        found = kept(own, kinds=kinds)
        assert len(found.reports) == rows
        assert any(
            "3 reports of Public disorder and weapons, Public order, Viol" in s for s in found.sentences()
        )
    assert pipeline.version(own) != pipeline.version(police)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sources": ("nte",), "kinds": ("murder",)}, "kind-unknown"),
        ({"sources": ("streetsafe",), "kinds": ("violence",)}, "kind-not-told"),
        ({"sources": ("nte", "spiking"), "kinds": ("violence",)}, "kind-not-told"),
        ({"sources": ("nte",), "kinds": ("anti-social-behaviour",)}, "kind-not-told"),
        (
            {"sources": ("nte",), "kinds": ("sexual-offences", "drugs"), "resolution": 9},
            "kind-private-too-fine",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(town_settings, asked, code):
    with pytest.raises(InputError) as refused:
        select(View(**asked), town_settings)
    assert refused.value.code == code


def test_sexual_offences_alone_are_neither_clustered_nor_released(town_settings):
    view = NTE.but(kinds=("sexual-offences",))
    assert len(select(view, town_settings).reports)
    with pytest.raises(InputError, match="not drawn as clusters"):
        pipeline.find_clusters(view, town_settings)
    with pytest.raises(DisclosureError, match="not released"):
        pipeline.release(
            view.but(since=date(2025, 9, 1), until=date(2026, 8, 31)), town_settings, policy="partner",
            recipients=["the council"],
        )  # fmt: skip


def test_releases_of_several_kinds_are_not_compared(town_settings):
    period = {"since": date(2025, 9, 1), "until": date(2026, 8, 31)}
    given = {"policy": "responsible-authority", "recipients": ["the council"]}
    some = pipeline.release(NTE.but(kinds=("violence",), **period), town_settings, **given)
    assert some.kinds == ("violence",)
    again = pipeline.release(NTE.but(kinds=("violence",), **period), town_settings, **given, ledger=[some])
    assert again.sha256 == some.sha256
    with pytest.raises(DisclosureError, match=r"cannot be compared.*violence only"):
        pipeline.release(NTE.but(**period), town_settings, **given, ledger=[some])


def test_every_answer_names_its_kinds(town_settings, tmp_path):
    view = NTE.but(kinds=("violence", "public-order"))
    words = "Violence or Public order"
    found = pipeline.find_places(view, town_settings)
    assert found.hotspots.basis().startswith(f"{words} only: ")
    assert found.hotspots.method.kinds == words
    assert pipeline.places_as_dict(found)["kinds"] == words
    assert pipeline.places_as_dict(found)["view"]["kinds"] == "violence,public-order"
    for ending in ("csv", "geojson", "html"):
        file = pipeline.write_places(found, tmp_path / f"places.{ending}", town_settings)
        assert words in file.read_text(encoding="utf-8-sig")
    brief = pipeline.brief_of(found, [], town_settings)
    assert f"({words} only)" in brief.title
    assert words in pipeline.brief_html(brief)
    assert words in " ".join(pipeline.find_change(view, town_settings).notes)
    periods = {
        "before": (date(2025, 10, 1), date(2025, 12, 31)),
        "after": (date(2026, 4, 1), date(2026, 6, 30)),
    }
    assert words in " ".join(pipeline.compare_periods(view, town_settings, **periods).notes)
    table = pipeline.write_answer(
        pipeline.count_cells(view, town_settings), tmp_path / "c.csv", view, town_settings
    )
    assert set(pd.read_csv(table)["kinds"]) == {f"{words} only"}


def test_an_evaluation_names_its_kinds(town_settings):
    view = View(area="SB01", sources=("nte",), kinds=("violence",))
    found = pipeline.evaluate(view, town_settings, control="SB02", changed=date(2026, 3, 1), days=150)
    assert found.caveats[0] == "Only reports of this kind are counted: Violence."


def test_agreement_asks_the_sources_that_can_tell(town_settings):
    found = pipeline.find_agreement(NTE.but(kinds=("violence",)), town_settings)
    assert found.recorded.sources == ("nte",)
    assert found.recorded.events < pipeline.find_agreement(NTE, town_settings).recorded.events
    assert any(
        "Recorded incidents are those of: Night-time-economy incidents." in note for note in found.notes
    )


def test_a_store_without_its_kind_counts_none(town_settings, tmp_path):
    own = town_settings.model_copy(update={"store": tmp_path / "store"})
    shutil.copytree(town_settings.store, own.store)
    (tmp_path / "own.csv").write_text(HEADER + "nte,Piracy,Piracy,,,\n")
    own = own.model_copy(update={"offence_groups": tmp_path / "own.csv"})
    assert select(NTE.but(kinds=("piracy",)), own).reports.empty


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.name in ASKING], ids=lambda verb: verb.name)
def test_every_verb_that_asks_of_reports_takes_kinds(verb):
    assert "--kind" in {name for part in Later(verb).read().params for name in part.opts}


def test_no_evaluation_of_a_private_kind_in_an_area_smaller_than_a_cell(town_settings):
    small = shapely.box(-1.640, 52.330, -1.632, 52.335)  # 545 m by 556 m
    asked = View(sources=("nte",), kinds=("sexual-offences",))
    with pytest.raises(InputError, match=r"so small an area.*Seen: 0\.30 km², under 0\.74 km²") as refused:
        refuse_private_area(asked, [shapely.box(-1.7, 52.3, -1.6, 52.4), small], town_settings)
    assert refused.value.code == "kind-private-area"
    refuse_private_area(asked, [shapely.box(-1.7, 52.3, -1.6, 52.4)], town_settings)
    refuse_private_area(asked.but(kinds=("violence",)), [small], town_settings)
