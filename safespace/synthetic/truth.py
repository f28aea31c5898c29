"""The planted truth: what was put where and why, written beside the town and read back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import h3
import h3.api.basic_int
import numpy as np

from safespace.errors import FileError
from safespace.schemas import RESOLUTIONS
from safespace.synthetic.projection import to_lonlat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safespace.synthetic.planted import Plant
    from safespace.synthetic.walking import Walks

_CSV_COLUMNS = (
    "place", "kind", "lon", "lat", "radius_m", "sources", "window", "factor", "why", "resolution", "cell",
)  # fmt: skip
LABEL = "Synthetic data: Stonebridge is made up and is not a real place."


@dataclass(frozen=True)
class PlantedPlace:
    """One planted place.

    Attributes
    ----------
    name, why
        What it is called and why it was planted.
    kind
        ``hot``: more than the streets there account for. ``decoy``: must not be called hot.
    lon, lat, radius_m
        Its middle (degrees, EPSG:4326) and reach (metres).
    sources
        Sources with reports planted there.
    window
        When, in words.
    reports
        Reports planted beyond the background, by source.
    factor
        How many times as many reports as its walkable length alone would bring, by source.
    cells
        H3 cells (int64) that hold part of its streets, by resolution 7 to 10, ascending.
    """

    name: str
    kind: str
    lon: float
    lat: float
    radius_m: float
    sources: tuple[str, ...]
    window: str
    reports: Mapping[str, int]
    factor: Mapping[str, float]
    why: str
    cells: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class Link:
    """A walk worth comparing: from one named place to another, (longitude, latitude) each, EPSG:4326."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Truth:
    """Everything planted in one town.

    Attributes
    ----------
    seed
        The seed the town was built from.
    baseline
        What the background is in proportion to.
    places
        Hot places, then decoys.
    accepted
        Rows a reader accepts or mends, by source.
    rows
        Rows in each file, by source.
    dirt
        Rows of each kind of dirt, by kind and source.
    outcomes
        What a reader does with each kind of dirt.
    campaign
        First and last day of the week in which reporting was invited, ISO dates.
    streets
        Measured kilometres and shares.
    links
        Walks worth comparing, past the planted places.
    """

    seed: int
    baseline: str
    places: tuple[PlantedPlace, ...]
    accepted: Mapping[str, int]
    rows: Mapping[str, int]
    dirt: Mapping[str, Mapping[str, int]]
    outcomes: Mapping[str, str]
    campaign: tuple[str, str]
    streets: Mapping[str, float]
    links: tuple[Link, ...]

    def hot(self) -> tuple[PlantedPlace, ...]:
        """Return the places that are more than their streets account for."""
        return tuple(place for place in self.places if place.kind == "hot")

    def decoys(self) -> tuple[PlantedPlace, ...]:
        """Return the places that only look hot."""
        return tuple(place for place in self.places if place.kind == "decoy")


def describe(plant: Plant, walks: Walks, background: Mapping[str, int]) -> PlantedPlace:
    """Return a plant with its cells and its factor over the background.

    Parameters
    ----------
    plant
        What was planted.
    walks
        All walkable streets.
    background
        Reports spread over the streets, by source.
    """
    near = walks.within(plant.xy, plant.radius_m)
    share = float(near.length_m.sum() / walks.length_m.sum())
    lon, lat = to_lonlat(np.array([plant.xy]))[0].tolist()
    usual = {source: background[source] * share for source in plant.extra}
    return PlantedPlace(
        name=plant.name,
        kind=plant.kind,
        lon=lon,
        lat=lat,
        radius_m=float(plant.radius_m),
        sources=tuple(plant.extra),
        window=plant.window,
        reports=dict(plant.extra),
        factor={
            source: round(1 + plant.extra[source] / max(usual[source], 0.05), 1) for source in plant.extra
        },
        why=plant.why,
        cells={resolution: _cells(near, plant, resolution) for resolution in RESOLUTIONS},
    )


def _cells(near: Walks, plant: Plant, resolution: int) -> tuple[int, ...]:
    middle = (near.start + near.end) / 2 if len(near.start) else np.array([plant.xy])
    places = np.vstack([middle, [plant.xy]])
    found = {h3.api.basic_int.latlng_to_cell(lat, lon, resolution) for lon, lat in to_lonlat(places).tolist()}
    return tuple(sorted(found))


def describe_links(walks: Mapping[str, tuple[tuple[float, float], tuple[float, float]]]) -> tuple[Link, ...]:
    """Return walks given in metres from the market place as links in degrees."""
    ends = {name: to_lonlat(np.array(pair)).tolist() for name, pair in walks.items()}
    return tuple(Link(name, (a[0], a[1]), (b[0], b[1])) for name, (a, b) in ends.items())


def write_truth(json_path: Path, csv_path: Path, truth: Truth) -> None:
    """Write the truth as JSON and, one row a place, resolution and cell, as CSV."""
    document = {"synthetic": True, "note": LABEL, **asdict(truth)}
    document["places"] = [_place_to_json(place) for place in truth.places]
    json_path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8", newline="\n")
    csv_path.write_text(_as_csv(truth), encoding="utf-8", newline="\n")


def _place_to_json(place: PlantedPlace) -> dict[str, Any]:
    # hexadecimal, as h3 writes them: integers this large lose digits in many JSON readers
    cells = {
        str(resolution): [h3.int_to_str(cell) for cell in cells] for resolution, cells in place.cells.items()
    }
    return {**asdict(place), "cells": cells}


def _as_csv(truth: Truth) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for place in truth.places:
        sources = ";".join(place.sources)
        about = [place.name, place.kind, place.lon, place.lat, place.radius_m, sources, place.window]
        factor = ";".join(f"{source} {times}" for source, times in place.factor.items())
        for resolution, cells in place.cells.items():
            writer.writerows([[*about, factor, place.why, resolution, h3.int_to_str(cell)] for cell in cells])
    return table.getvalue()


def load_truth(path: Path) -> Truth:
    """Read ``planted_truth.json``.

    Raises
    ------
    FileError
        When the file is missing or is not a planted truth.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        places = tuple(_place_from_json(place) for place in document.pop("places"))
        document["campaign"] = tuple(document["campaign"])
        document["links"] = tuple(_link_from_json(link) for link in document["links"])
        wanted = {name: document[name] for name in Truth.__dataclass_fields__ if name != "places"}
        return Truth(places=places, **wanted)
    except OSError as problem:
        raise FileError(
            "The planted truth cannot be read.",
            code="truth-not-readable",
            where=path,
            seen=problem.strerror,
            remedy="Build the town first.",
        ) from problem
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise FileError(
            "This is not a planted truth.",
            code="truth-unknown",
            where=path,
            seen=repr(problem),
            remedy="Give the planted_truth.json that was written with the town.",
        ) from problem


def _link_from_json(link: dict[str, Any]) -> Link:
    return Link(link["name"], tuple(link["start"]), tuple(link["end"]))


def _place_from_json(place: dict[str, Any]) -> PlantedPlace:
    cells = {
        int(resolution): tuple(h3.str_to_int(cell) for cell in cells)
        for resolution, cells in place["cells"].items()
    }
    return PlantedPlace(**{**place, "sources": tuple(place["sources"]), "cells": cells})
