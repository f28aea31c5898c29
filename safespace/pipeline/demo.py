"""The main job from start to end on the made-up town, and what was found against what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from safespace.pipeline.handing import brief_of, headline, write_brief, write_places, write_walk
from safespace.pipeline.loading import ingest, ingest_layer, ingest_streets
from safespace.pipeline.places import find_places
from safespace.pipeline.view import PROVIDERS, View
from safespace.pipeline.walks import plan_walk
from safespace.sources.synthetic import build_town

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from safespace.pipeline.places import PlacesFound
    from safespace.pipeline.walks import WalkPlanned
    from safespace.settings import Settings
    from safespace.sources.synthetic import Town

MOST_WALKS = 3
SOURCES = ("streetsafe", "nte", "spiking")


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
    views = {source: View(sources=(source,)) for source in SOURCES}
    found = {source: find_places(view, settings) for source, view in views.items()}
    links = town.truth.links[:MOST_WALKS]
    walks = [plan_walk(link.start, link.end, views["streetsafe"], settings) for link in links]
    for source, answer in found.items():
        tell(f"{PROVIDERS[source]}: {headline(answer)}")
    files = write_demo(found, walks, out, settings)
    truth = pd.DataFrame(
        [row for source, answer in found.items() for row in against_truth(answer, town, source)]
    )
    tell(*_verdicts(truth))
    tell("Open these first:", *(f"  {path}" for path in files))
    return {"truth": truth.to_dict("records"), "files": files}


def load_town(town: Town, settings: Settings, tell: Callable[..., None]) -> None:
    """Load the town's reports, areas and streets, and tell what became of every row."""
    for source in SOURCES:
        done = ingest([getattr(town, f"{source}_csv")], source=source, settings=settings)
        tell(f"{PROVIDERS[source]}: {done.sentences()[0]}")
        for row in done.reasons.head(3).itertuples():
            tell(f"  {row.rows} {row.outcome}: {row.explanation}")
    tell(*ingest_layer([town.areas_geojson], layer="areas", settings=settings))
    tell(*ingest_streets(town.streets_pbf, settings=settings).sentences())


def write_demo(
    found: dict[str, PlacesFound], walks: Sequence[WalkPlanned], out: Path, settings: Settings
) -> list[Path]:
    """Write the brief, the places and the walks; return the files in the order a reader wants them."""
    felt = found["streetsafe"]
    brief = write_brief(brief_of(felt, walks, settings), out)
    pages = [
        write_places(felt, out / f"places.{kind}", settings) for kind in ("html", "csv", "geojson", "gpkg")
    ]
    kinds = ("html", "csv", "geojson", "gpx")
    ways = [write_walk(walks[0], out / f"routes.{kind}", settings) for kind in kinds]
    return [*brief, *pages, *ways]


def against_truth(found: PlacesFound, town: Town, source: str) -> list[dict[str, Any]]:
    """Say of each planted place of a source whether it was found, and of each decoy whether it was not.

    A place is found when any of its cells is higher than usual.
    """
    hot = set(found.hotspots.hot.tolist())
    resolution = found.view.resolution
    return [
        {
            "source": source,
            "place": place.name,
            "planted": place.kind,
            "found": bool(set(place.cells[resolution]) & hot),
            "why": place.why,
        }
        for place in town.truth.places
        if source in place.sources or (place.kind == "decoy" and not place.sources)
    ]


def _verdicts(truth: pd.DataFrame) -> list[str]:
    hot, decoys = truth[truth["planted"] == "hot"], truth[truth["planted"] == "decoy"]
    told, passed = (
        f"{int(hot['found'].sum())} of {len(hot)}",
        f"{int((~decoys['found']).sum())} of {len(decoys)}",
    )
    return [
        f"Planted places found: {told}. Decoys passed over: {passed}.",
        *(f"  {_verdict(row)}" for row in truth.to_dict("records")),
    ]


def _verdict(row: Mapping[Hashable, Any]) -> str:
    outcome = "found" if row["found"] else "not found"
    return f"{outcome}: {row['place']} ({row['planted']}, {PROVIDERS[row['source']]}). {row['why']}"
