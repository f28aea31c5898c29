"""Two forces' months of police.uk incidents, and the areas they are studied in.

The City's is an outline drawn by hand. South Yorkshire's is the cells of resolution 7 that hold any incident of the
months learnt from (so nothing of later months is in it), the largest piece that hangs together, its holes filled: of 18
months 1,638 square kilometres, of a county of about 1,550.
"""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import shapely

from safespace.cells import hexagons, locate

# Roughly the Square Mile, drawn by hand: good to a street or two.
CITY = shapely.Polygon(
    [(-0.1135, 51.5105), (-0.1115, 51.5185), (-0.097, 51.5205), (-0.086, 51.522), (-0.0785, 51.5215),
     (-0.073, 51.514), (-0.078, 51.508), (-0.1, 51.5095)]
)  # fmt: skip


def read(path, category=None):
    """Return the incidents with coordinates as reports with a month each."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith("-street.csv"))
        wanted = ["Month", "Longitude", "Latitude", "Crime type"]
        rows = pd.concat([pd.read_csv(archive.open(name), usecols=wanted) for name in names])
    rows = rows.dropna(subset=["Longitude", "Latitude"])
    if category:
        rows = rows[rows["Crime type"] == category]
    rows = rows.reset_index(drop=True)
    number = rows.index.astype(str)
    month = (pd.to_datetime(rows["Month"]) + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    return pd.DataFrame(
        {
            "report_id": number, "event_id": number, "occurred_from": month,
            "lon": rows["Longitude"], "lat": rows["Latitude"],
        }
    )  # fmt: skip


def area_of(reports, *, before):
    """Return the largest piece of the cells of resolution 7 that hold a report of earlier months, filled."""
    earlier = reports[reports["occurred_from"] < before]
    cells = np.unique(locate(earlier["lon"], earlier["lat"], resolution=7))
    pieces = shapely.get_parts(hexagons(cells).union_all())
    return shapely.Polygon(max(pieces, key=lambda piece: piece.area).exterior)
