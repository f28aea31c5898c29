"""Importing streets once: the same file, clip and code give the graph that was kept."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa
import shapely

from safespace.errors import FileError
from safespace.schemas import ASSETS, conform
from safespace.streets import osm
from safespace.streets.building import build_graph
from safespace.streets.files import load, save

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from safespace.streets.graph import StreetGraph
    from safespace.streets.ways import Box

KEPT: Final = 5
_CODE: Final = (
    "building.py",
    "tags.py",
    "hours.py",
    "files.py",
    "graph.py",
    "importing.py",
    "ways.py",
    "osm.py",
    "osmnx_graphs.py",
)


@dataclass(frozen=True)
class Imported:
    """Streets from a file.

    Parameters
    ----------
    graph
        With lamps, cameras, premises and the hours of parks.
    points
        ``schemas.ASSETS``: what :func:`safespace.streets.osm.read_points` read.
    left_out
        ``reason``, ``ways``, ``km``.
    key
        Hash of the file's content, the clip, the reach of lamps and the code that reads.
    kept
        Whether it came from the cache.
    """

    graph: StreetGraph
    points: pd.DataFrame
    left_out: pd.DataFrame
    key: str
    kept: bool


def import_streets(
    path: str | Path,
    *,
    clip: Box | BaseGeometry | None = None,
    lamp_reach_m: float = 20.0,
    cache: Path | None = None,
    progress: bool = False,
) -> Imported:
    """Read an extract (``.osm.pbf``, ``.osm``, ``.graphml``) and build its streets, or take those kept before.

    Parameters
    ----------
    path, clip, progress
        As in ``streets.osm.read_ways``.
    lamp_reach_m
        How far a lamp is taken to reach, metres.
    cache
        Folder to keep imports in; the five used last stay. Nothing is kept when it is not given.

    Raises
    ------
    FileError
        When the file is missing, cannot be read, or holds no way open to walkers.
    AreaError
        When the clip is empty or holds no way of the extract.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(
            "No such file.",
            code="path-missing",
            where=path,
            remedy="Check the path of the OpenStreetMap extract.",
        )
    key = _key(path, clip, lamp_reach_m)
    found = _kept(cache, key) if cache is not None else None
    if found is not None:
        return found
    ways = osm.read_ways(path, clip=clip, progress=progress)
    points = osm.read_points(path, clip=clip)
    graph = build_graph(
        ways,
        points=points,
        premises=osm.read_premises(path, clip=clip),
        parks=osm.read_parks(path, clip=clip),
        lamp_reach_m=lamp_reach_m,
    )
    made = Imported(graph, points, ways.left_out, key, kept=False)
    if cache is not None:
        _keep(cache, made)
    return made


def _key(path: Path, clip: Box | BaseGeometry | None, lamp_reach_m: float) -> str:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    area = shapely.box(*clip) if isinstance(clip, tuple) else clip
    told = [
        content,
        path.suffix.lower(),
        "" if area is None else shapely.to_wkt(area, -1),
        lamp_reach_m,
        _code(),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _code() -> str:
    """Return a hash of the modules that shape what is kept, so that new code never meets old results."""
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update(resources.files("safespace.streets").joinpath(name).read_bytes())
    return digest.hexdigest()


def _kept(cache: Path, key: str) -> Imported | None:
    """Return what was kept under a key; None where nothing was, or where a file of it is torn."""
    graph_file, points_file, note_file = _files(cache, key)
    try:
        graph = load(graph_file)
        points = conform(pd.read_parquet(points_file), ASSETS)
        left_out = pd.DataFrame(json.loads(note_file.read_text()), columns=["reason", "ways", "km"])
    except (FileError, OSError, ValueError, pa.ArrowInvalid):
        return None
    for file in _files(cache, key):
        file.touch()
    return Imported(graph, points, left_out, key, kept=True)


def _keep(cache: Path, made: Imported) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    graph_file, points_file, note_file = _files(cache, made.key)
    parts = [file.with_name(f"{file.name}.{os.getpid()}.part") for file in _files(cache, made.key)]
    save(made.graph, parts[0])
    made.points.to_parquet(parts[1])
    parts[2].write_text(json.dumps(made.left_out.to_dict(orient="list")))
    for part, file in zip(parts, (graph_file, points_file, note_file), strict=True):
        part.replace(file)
    newest = sorted(cache.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in newest[KEPT:]:
        for file in _files(cache, old.stem):
            file.unlink(missing_ok=True)


def _files(cache: Path, key: str) -> tuple[Path, Path, Path]:
    return cache / f"{key}.npz", cache / f"{key}.parquet", cache / f"{key}.json"
