"""Made-up reports strewn along the real streets of an extract, for places whose own reports are not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from safespace.errors import FileError
from safespace.streets import osm
from safespace.synthetic import reports
from safespace.synthetic.plan import ORIGIN_EASTING_M, ORIGIN_NORTHING_M
from safespace.synthetic.projection import grid_metres
from safespace.synthetic.streams import stream
from safespace.synthetic.walking import Walks, cut

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from safespace.streets.osm import Ways


def scatter_reports(extract: Path, out: Path, *, seed: int, clip: BaseGeometry | None = None) -> Path:
    """Write 544 made-up StreetSafe reports along the streets of a real extract.

    Parameters
    ----------
    extract
        ``.osm.pbf`` file in Great Britain.
    out
        Folder; made when absent.
    seed
        Same seed and extract, same bytes.
    clip
        Polygon to stay within, EPSG:4326.

    Returns
    -------
    pathlib.Path
        ``synthetic_streetsafe.csv`` in that folder.

    Raises
    ------
    FileError
        When the extract cannot be read, or the folder cannot be written to.
    AreaError
        When there is no street within the clip.

    Notes
    -----
    Every metre of walkable street is as likely as any other, so no place is truly more than usual: what
    a method calls higher than usual here is a false alarm.
    """
    rows = reports.streetsafe(_walks(osm.read_ways(extract, clip=clip)), (), stream(seed, "scatter"))
    path = out / "synthetic_streetsafe.csv"
    try:
        out.mkdir(parents=True, exist_ok=True)
        rows.to_csv(path, index=False, lineterminator="\n")
    except OSError as problem:
        raise FileError(
            "The reports cannot be written there.",
            code="scatter-not-writable",
            where=out,
            seen=problem.strerror,
            remedy="Choose a folder you may write to.",
        ) from problem
    return path


def _walks(ways: Ways) -> Walks:
    """Return the straight pieces of every way, in metres from the made-up town's market place."""
    metres = grid_metres(ways.lon, ways.lat) - np.array([ORIGIN_EASTING_M, ORIGIN_NORTHING_M])
    joined = np.ones(len(metres) - 1, dtype=bool)
    joined[np.asarray(ways.start[1:-1]) - 1] = False  # the last vertex of a way and the first of the next
    return cut(Walks(metres[:-1][joined], metres[1:][joined]), longest_m=25.0)
