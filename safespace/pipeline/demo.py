"""The main job from start to end on the made-up town, and what was found against what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from safespace.pipeline.export import brief_of, headline, write_brief, write_places, write_walk
from safespace.pipeline.loading import ingest, ingest_layer
from safespace.pipeline.networks import ingest_streets
from safespace.pipeline.places import find_places
from safespace.pipeline.view import View
from safespace.pipeline.walks import plan_walk
from safespace.registry import SOURCES, USUAL_SOURCE
from safespace.synthetic import build_town, load_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from safespace.pipeline.places import PlacesFound
    from safespace.pipeline.walks import WalkPlanned
    from safespace.settings import Settings
    from safespace.synthetic import Town, Truth

MOST_WALKS = 3


def run_demo(
    out: Path, *, seed: int, settings: Settings, say: Callable[..., None] | None = None
) -> dict[str, Any]:
    """Build the town, load it, count, find places, compare walks and write everything to a folder.

    Parameters
    ----------
    out
        Folder for the town (``town``), the store (named in ``settings``) and the results.
    seed
        Of the town; the same seed gives the same files.
    settings
        Where the store is.
    say
        Called with sentences as the work goes on.

    Returns
    -------
    dict
        What was found against what was planted, and the files written.

    Raises
    ------
    FileError, StoreError
        When the folder cannot be written.
    """
    tell = say or (lambda *_: None)
    tell("Synthetic data: the town and everything in it are made up.")
    town = build_town(out / "town", seed=seed)
    load_town(town, settings, tell)
    views = {source: View(sources=(source,)) for source in made(town)}
    found = {source: find_places(view, settings) for source, view in views.items()}
    links = town.truth.links[:MOST_WALKS]
    walks = [plan_walk(link.start, link.end, views[USUAL_SOURCE], settings) for link in links]
    for source, answer in found.items():
        tell(f"{SOURCES[source].title}: {headline(answer)}")
    files = write_demo(found, walks, out, settings)
    planted = load_truth(town.truth_json)
    truth = [row for source, answer in found.items() for row in against_truth(answer, planted, source)]
    scores = score_truth(found, planted)
    tell(*_scores_in_words(scores), *(f"  {_verdict(row)}" for row in truth))
    tell("Open these first:", *(f"  {path}" for path in files))
    return {"truth": truth, "scores": scores.to_dict("records"), "files": files}


def made(town: Town) -> tuple[str, ...]:
    """Return the sources that the town has a file of."""
    return tuple(source for source in SOURCES if hasattr(town, f"{source}_csv"))


def load_town(town: Town, settings: Settings, tell: Callable[..., None]) -> None:
    """Load the town's reports, areas and streets, and tell what became of every row."""
    for source in made(town):
        done = ingest([getattr(town, f"{source}_csv")], source=source, settings=settings)
        tell(f"{SOURCES[source].title}: {done.sentences()[0]}")
        for row in done.reasons.head(3).itertuples():
            tell(f"  {row.rows} {row.outcome}: {row.explanation}")
    tell(*ingest_layer([town.areas_geojson], layer="areas", settings=settings))
    tell(*ingest_streets(town.streets_pbf, settings=settings).sentences())


def write_demo(
    answers: dict[str, PlacesFound], walks: Sequence[WalkPlanned], out: Path, settings: Settings
) -> list[Path]:
    """Write the brief, the places and the walks; return the files in the order a reader wants them."""
    felt = answers[USUAL_SOURCE]
    brief = write_brief(brief_of(felt, walks, settings), out)
    pages = [
        write_places(felt, out / f"places.{kind}", settings) for kind in ("html", "csv", "geojson", "gpkg")
    ]
    kinds = ("html", "csv", "geojson", "gpx")
    ways = [write_walk(walks[0], out / f"routes.{kind}", settings) for kind in kinds]
    return [*brief, *pages, *ways]


def against_truth(answer: PlacesFound, truth: Truth, source: str) -> list[dict[str, Any]]:
    """Say of each planted place of a source whether it was found, and of each decoy whether it was not.

    A place is found when any of its cells is higher than usual.
    """
    hot = set(answer.hotspots.hot.tolist())
    resolution = answer.view.resolution
    return [
        {
            "source": source,
            "place": place.name,
            "planted": place.kind,
            "found": bool(set(place.cells[resolution]) & hot),
            "why": place.why,
        }
        for place in truth.places
        if source in place.sources or (place.kind == "decoy" and not place.sources)
    ]


def score_truth(answers: Mapping[str, PlacesFound], truth: Truth) -> pd.DataFrame:
    """Return recall and precision of what was found against what was planted, by source and over all.

    Returns
    -------
    pandas.DataFrame
        ``source`` (``all`` in the last row), ``planted`` and ``recalled`` (hot places planted, and those with a cell
        higher than usual), ``recall``, ``places`` and ``right`` (places told, and those that take in a planted
        cell), ``precision``, ``decoys`` and ``passed`` (planted to mislead, and those with no such cell).

    Notes
    -----
    A cell beside a planted one is often higher with its neighbours, so precision is of places, not of cells. Where
    nothing was told there is nothing to be wrong about, and precision is 1.
    """
    counts = pd.DataFrame([_score(answer, truth, source) for source, answer in answers.items()])
    whole = counts.sum(numeric_only=True).to_frame().T.assign(source="all")
    both = pd.concat([counts, whole], ignore_index=True)
    return both.assign(
        recall=(both["recalled"] / both["planted"]).where(both["planted"] > 0, 1.0),
        precision=(both["right"] / both["places"]).where(both["places"] > 0, 1.0),
    )


def _score(answer: PlacesFound, truth: Truth, source: str) -> dict[str, Any]:
    told = pd.DataFrame(against_truth(answer, truth, source))
    hot, decoys = told[told["planted"] == "hot"], told[told["planted"] == "decoy"]
    ground = {
        cell
        for place in truth.hot()
        if source in place.sources
        for cell in place.cells[answer.view.resolution]
    }
    return {
        "source": source,
        "planted": len(hot),
        "recalled": int(hot["found"].sum()),
        "places": len(answer.places),
        "right": sum(bool(ground & set(cells)) for cells in answer.places["cells"]),
        "decoys": len(decoys),
        "passed": int((~decoys["found"].astype(bool)).sum()),
    }


def _scores_in_words(scores: pd.DataFrame) -> list[str]:
    """Say recall, precision and decoys over all, then by source."""
    by_source = scores[scores["source"] != "all"].to_dict("records")
    whole = scores[scores["source"] == "all"].to_dict("records")[0]
    return [
        f"Against the truth planted: {_score_in_words(whole)}",
        *(f"  {SOURCES[row['source']].title}: {_score_in_words(row)}" for row in by_source),
    ]


def _score_in_words(row: Mapping[Hashable, Any]) -> str:
    return (
        f"recall {row['recall']:.0%} ({row['recalled']} of {row['planted']} places planted), "
        f"precision {row['precision']:.0%} ({row['right']} of {row['places']} places told), "
        f"{row['passed']} of {row['decoys']} decoys passed over."
    )


def _verdict(row: Mapping[str, Any]) -> str:
    outcome = "found" if row["found"] else "not found"
    return f"{outcome}: {row['place']} ({row['planted']}, {SOURCES[row['source']].title}). {row['why']}"
