"""Read what stands in the street: transport stops from NaPTAN, a council's lamp columns."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import SchemaError
from safespace.layers.columns import read_columns
from safespace.schemas import ASSETS, conform
from safespace.sources.coordinates import from_grid, in_britain

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

# What councils call the columns of their lighting inventories; the first that is filled counts.
_LAMP_HEADERS = MappingProxyType(
    {
        "asset_id": ("asset_id", "column_id", "column_number", "column_no", "unit_id", "unit_number", "unit_no", "lamp_id", "asset_number", "central_asset_id", "objectid", "id"),
        "lon": ("longitude", "lon", "lng", "long"),
        "lat": ("latitude", "lat"),
        "easting": ("easting", "eastings", "x", "x_coordinate"),
        "northing": ("northing", "northings", "y", "y_coordinate"),
        "name": ("street", "street_name", "road", "road_name", "location"),
        "off": ("switch_off", "switch_off_time", "off_time", "part_night_off"),
        "on": ("switch_on", "switch_on_time", "on_time", "part_night_on"),
        "part": ("part_night", "part_night_lighting", "switch_regime", "burning_hours", "regime", "operating_hours"),
        "as_of": ("installed", "installed_date", "installation_date", "install_date", "date_installed", "commissioned"),
    }
)  # fmt: skip
_PART_NIGHT = re.compile(r"^(y|yes|true|1)$|part", re.IGNORECASE)
_ALL_NIGHT = re.compile(r"^(n|no|false|0)$|all.?night|dusk.{1,4}dawn|24/7", re.IGNORECASE)
_CLOCK = re.compile(r"^(\d{1,2})[:.]?(\d{2})(?:[:.]00)?$")


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
            code="stops-without-places",
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


def read_lamp_columns(
    path: Path, *, council: str = "Council", limits: LimitSettings | None = None
) -> pd.DataFrame:
    """Read a council's inventory of lamp columns.

    Parameters
    ----------
    path
        CSV, Excel or zip, one row a column: an identifier, longitude and latitude or easting and northing
        (British National Grid), and where there are any ``part_night`` (yes, no, "part night", "dusk to dawn"),
        ``switch_off`` and ``switch_on`` (24-hour clock) and ``installed`` (a day). The usual synonyms are known.
    council
        Whose inventory it is, kept with every column.
    limits
        Sizes past which the file is refused.

    Returns
    -------
    DataFrame
        :data:`safespace.schemas.ASSETS` of kind ``lamp``, and ``night`` ("part", "all" or empty where not
        known) and ``hours`` (when it is on, as OpenStreetMap writes hours). ``attrs["notes"]`` says what was
        left out.

    Raises
    ------
    FileError
        When the file cannot be read.
    SchemaError
        When there is no identifier or no place.

    Notes
    -----
    A column in an inventory may be out of order or unlit tonight, and a street without one may be lit by
    another owner: it stays unknown.
    """
    told = _lamp_cells(Path(path), limits)
    lon, lat = _places(told)
    placed = in_britain(lon, lat) & (told["asset_id"] != "").to_numpy()
    if not placed.any():
        raise SchemaError(
            "No lamp column has an identifier and a place.",
            code="lamps-without-places",
            where=Path(path).name,
            remedy="Give asset_id, and longitude and latitude or easting and northing.",
        )
    held = told.assign(lon=lon, lat=lat)[placed]
    once = held.drop_duplicates("asset_id")
    frame = conform(
        once.assign(
            asset_id="lamp:" + once["asset_id"], kind="lamp", source=council, as_of=_day_of(once["as_of"])
        )[["asset_id", "kind", "name", "lon", "lat", "source", "as_of"]].reset_index(drop=True),
        ASSETS,
    )
    night = [_night(*row) for row in once[["part", "off", "on"]].itertuples(index=False)]
    frame = frame.assign(night=[row[0] for row in night], hours=[row[1] for row in night])
    frame.attrs["notes"] = _lamp_notes(len(told) - len(held), len(held) - len(once))
    return frame


def _lamp_cells(path: Path, limits: LimitSettings | None) -> pd.DataFrame:
    every = tuple(name for names in _LAMP_HEADERS.values() for name in names)
    cells = read_columns(path, every, limits=limits, optional=every)
    told = {
        name: cells[list(names)].replace("", None).bfill(axis=1).iloc[:, 0]
        for name, names in _LAMP_HEADERS.items()
    }
    frame = pd.DataFrame(told).fillna("").astype("str")
    canonical = {"lon": "Longitude", "lat": "Latitude", "easting": "Easting", "northing": "Northing"}
    return frame.rename(columns=canonical)


def _lamp_notes(lacking: int, repeated: int) -> tuple[str, ...]:
    said = (
        (lacking, "lamp columns left out: no identifier or no place"),
        (repeated, "repeated lamp columns left out"),
    )
    return tuple(f"{count:,} {what}." for count, what in said if count)


def _night(part: str, off: str, on: str) -> tuple[str, str]:
    """Say for how much of the night a column is on, and when.

    Examples
    --------
    >>> _night("", "00:00", "05:30"), _night("yes", "", ""), _night("Dusk to dawn", "", ""), _night("", "", "")
    (('part', 'dusk-00:00,05:30-dawn'), ('part', ''), ('all', ''), ('', ''))
    """
    stops, starts = _clock(off), _clock(on)
    if stops:
        return "part", f"dusk-{stops}" + (f",{starts}-dawn" if starts else "")
    if _PART_NIGHT.search(part):
        return "part", ""
    return ("all", "") if _ALL_NIGHT.search(part) else ("", "")


def _clock(text: str) -> str:
    found = _CLOCK.match(text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        return ""
    return f"{int(found[1]):02d}:{found[2]}"


def _day_of(texts: pd.Series) -> pd.Series:
    """Read days written 2019-05-31 or 31/05/2019, empty where neither."""
    written = texts.str.slice(0, 10)
    days = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    days = days.fillna(pd.to_datetime(written, format="%d/%m/%Y", errors="coerce"))
    return days.dt.strftime("%Y-%m-%d").fillna("")


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
