"""Read transport hubs from NaPTAN, the national list of public-transport stops."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import SchemaError
from safespace.schemas import ASSETS, conform
from safespace.sources.layers import read_columns
from safespace.sources.places import from_grid, in_britain

if TYPE_CHECKING:
    from safespace.settings import LimitSettings

# NaPTAN schema guide, table of StopType values; entrances and platforms belong to the same hub
KINDS = MappingProxyType(
    {
        "BCT": "bus_stop", "BCS": "bus_station_bay", "BCQ": "bus_station_bay", "BCE": "bus_station", "BST": "bus_station",
        "TMU": "tram_stop", "MET": "tram_stop", "PLT": "tram_stop", "RSE": "rail_station", "RLY": "rail_station",
        "RPL": "rail_station", "FER": "ferry", "FTD": "ferry", "FBT": "ferry", "AIR": "airport", "GAT": "airport",
        "TXR": "taxi_rank", "STR": "taxi_rank", "SDA": "car_drop_off", "LPL": "cable_car", "LCB": "cable_car", "LCE": "cable_car", "LSE": "cable_car",
    }
)  # fmt: skip
_COLUMNS = (
    "ATCOCode",
    "CommonName",
    "Easting",
    "Northing",
    "Longitude",
    "Latitude",
    "StopType",
    "ModificationDateTime",
    "Status",
)


def read_naptan(
    path: Path, *, active_only: bool = False, limits: LimitSettings | None = None
) -> pd.DataFrame:
    """Read a NaPTAN CSV of stops.

    Parameters
    ----------
    path
        CSV as published, one row a stop.
    active_only
        Leave out stops whose status is not active.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    DataFrame
        :data:`safespace.schemas.ASSETS`, ``asset_id`` as ``naptan:ATCOCode``, in file order. A stop type that is
        not known has the kind ``transport_other``.

    Raises
    ------
    FileError
        When the file cannot be read.
    SchemaError
        When columns are missing, no stop has a place, or a stop code repeats.

    Notes
    -----
    A station has a row for each entrance and a bus stop one for each side of the road, so rows are not
    hubs. Longitude and latitude are used where given, the grid reference where not.
    """
    stops = read_columns(
        Path(path),
        _COLUMNS,
        limits=limits,
        optional=("Longitude", "Latitude", "Easting", "Northing", "ModificationDateTime", "Status"),
    )
    if active_only:
        stops = stops[stops["Status"].isin(("active", ""))]
    lon, lat = _places(stops)
    placed = in_britain(lon, lat)
    if not placed.any():
        raise SchemaError(
            "No stop has a place.",
            where=Path(path).name,
            remedy="Give the NaPTAN CSV with Longitude and Latitude, or Easting and Northing.",
        )
    held = stops[placed]
    return conform(
        pd.DataFrame(
            {
                "asset_id": "naptan:" + held["ATCOCode"],
                "kind": held["StopType"].map(KINDS).fillna("transport_other"),
                "name": held["CommonName"],
                "lon": lon[placed],
                "lat": lat[placed],
                "source": "NaPTAN",
                "as_of": held["ModificationDateTime"].str.slice(0, 10),
            }
        ).reset_index(drop=True),
        ASSETS,
    )


def _places(stops: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    number = {
        name: pd.to_numeric(stops[name], errors="coerce").to_numpy(dtype=float)
        for name in ("Longitude", "Latitude", "Easting", "Northing")
    }
    lon, lat = number["Longitude"].copy(), number["Latitude"].copy()
    lacking = (
        ~(np.isfinite(lon) & np.isfinite(lat))
        & np.isfinite(number["Easting"])
        & np.isfinite(number["Northing"])
    )
    lon[lacking], lat[lacking] = from_grid(number["Easting"][lacking], number["Northing"][lacking])
    return lon, lat
