"""Coordinates as text, to longitude and latitude, and British National Grid to WGS 84.

The change of datum is EPSG:1314 spelt out (a seven-parameter Helmert shift), so that every machine gives
the same figures whether or not it has a grid file. It is good to about 5 m, well inside the accuracy of
any report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyproj

from safespace.sources.outcomes import Problem, Repair, Step, problem

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]
    Flags: TypeAlias = npt.NDArray[np.bool_]

WEST, SOUTH, EAST, NORTH = -8.7, 49.8, 1.8, 60.9
DATUM_SHIFT = (
    "+proj=pipeline +step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 "
    "+ellps=airy +step +proj=push +v_3 +step +proj=cart +ellps=airy +step +proj=helmert +x=446.448 +y=-125.157 "
    "+z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 +convention=position_vector +step +inv +proj=cart "
    "+ellps=WGS84 +step +proj=pop +v_3 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)
_NULL_ISLAND_DEGREES = 1e-4
_SMALLEST_GRID_M = 1_000.0


@dataclass(frozen=True)
class _Places:
    """Longitude and latitude with the rule that mended each and the flags, shape (n,)."""

    lon: Numbers
    lat: Numbers
    swapped: Flags
    grid: Flags


def from_grid(easting_m: Any, northing_m: Any) -> tuple[Numbers, Numbers]:
    """Convert British National Grid to longitude and latitude.

    Parameters
    ----------
    easting_m, northing_m
        EPSG:27700, metres, shape (n,).

    Returns
    -------
    tuple of arrays
        Longitude and latitude, EPSG:4326, degrees, shape (n,); not finite where the grid has no answer.

    Examples
    --------
    >>> lon, lat = from_grid([406689.0], [286822.0])  # Birmingham New Street
    >>> round(float(lon[0]), 3), round(float(lat[0]), 3)
    (-1.903, 52.479)
    """
    shift = pyproj.Transformer.from_pipeline(DATUM_SHIFT)
    lon, lat = shift.transform(np.asarray(easting_m, dtype=float), np.asarray(northing_m, dtype=float))
    return np.asarray(lon), np.asarray(lat)


def in_britain(lon: Numbers, lat: Numbers) -> Flags:
    """Tell which points lie in the box round Great Britain and Northern Ireland; EPSG:4326, shape (n,)."""
    return (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)


def read_places(rows: pd.DataFrame) -> Step:
    """Read each row's place from ``latitude`` and ``longitude``, or from ``easting`` and ``northing``.

    Parameters
    ----------
    rows
        Trimmed text with those four columns; a row's degrees are used when it has any.

    Returns
    -------
    Step
        ``lon`` and ``lat`` (EPSG:4326, degrees, NaN where not usable). Swapped degrees, and grid metres
        in degree columns or the other way round, are repairs; every other fault a rejection.

    Notes
    -----
    Grid metres in degree columns can be read two ways round, and both may fall in Britain. The way
    nearer the middle of the rows that need no repair is taken; without such rows, latitude is northing.
    """
    degrees = (rows["latitude"] != "") | (rows["longitude"] != "")
    y_text = rows["latitude"].where(degrees, rows["northing"])
    x_text = rows["longitude"].where(degrees, rows["easting"])
    x, y = _number(x_text), _number(y_text)
    found = _understand(x, y, expects_grid=~degrees.to_numpy())
    seen = y_text.astype(object) + ", " + x_text.astype(object)
    good = in_britain(found.lon, found.lat)
    return Step(
        {
            "lon": pd.Series(np.where(good, found.lon, np.nan), index=rows.index),
            "lat": pd.Series(np.where(good, found.lat, np.nan), index=rows.index),
        },
        _faults(x, y, x_text, y_text, good, seen),
        _mended(found, good, degrees.to_numpy(), seen),
    )


def _number(texts: pd.Series) -> Numbers:
    numbers = np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _understand(x: Numbers, y: Numbers, *, expects_grid: Flags) -> _Places:
    fine = in_britain(x, y)
    swapped = in_britain(y, x) & ~fine
    lon, lat = np.where(swapped, y, x), np.where(swapped, x, y)
    grid = (np.minimum(np.abs(x), np.abs(y)) >= _SMALLEST_GRID_M) & ~fine & ~swapped
    told = grid & expects_grid
    lon[told], lat[told] = from_grid(x[told], y[told])
    guessed = grid & ~expects_grid
    if guessed.any():
        middle = _middle(lon, lat, (fine & ~expects_grid) | (told & in_britain(lon, lat)))
        lon[guessed], lat[guessed] = _nearer(x[guessed], y[guessed], middle)
    return _Places(lon, lat, swapped, grid)


def _middle(lon: Numbers, lat: Numbers, good: Flags) -> tuple[float, float] | None:
    return (float(np.median(lon[good])), float(np.median(lat[good]))) if good.any() else None


def _nearer(x: Numbers, y: Numbers, middle: tuple[float, float] | None) -> tuple[Numbers, Numbers]:
    lon, lat = from_grid(x, y)
    if middle is None:
        return lon, lat
    other_lon, other_lat = from_grid(y, x)
    here = np.hypot(lon - middle[0], lat - middle[1])
    there = np.hypot(other_lon - middle[0], other_lat - middle[1])
    turn = np.nan_to_num(there, nan=np.inf, posinf=np.inf) < np.nan_to_num(here, nan=np.inf, posinf=np.inf)
    return np.where(turn, other_lon, lon), np.where(turn, other_lat, lat)


def _faults(
    x: Numbers, y: Numbers, x_text: pd.Series, y_text: pd.Series, good: Flags, seen: pd.Series
) -> tuple[Problem, ...]:
    blank = (x_text == "") | (y_text == "")
    bad = pd.Series(np.isnan(x) | np.isnan(y), index=seen.index) & ~blank
    zero = pd.Series(
        (np.abs(x) < _NULL_ISLAND_DEGREES) & (np.abs(y) < _NULL_ISLAND_DEGREES), index=seen.index
    )
    outside = pd.Series(~good, index=seen.index) & ~blank & ~bad & ~zero
    found = (
        problem("rejected", "no_coordinates", blank, "The row has no coordinates."),
        problem("rejected", "bad_coordinates", bad, "The coordinates {!r} are not numbers.", seen),
        problem(
            "rejected",
            "zero_coordinates",
            zero,
            "The coordinates are 0, 0, which is a default and not a place.",
        ),
        problem(
            "rejected",
            "outside_britain",
            outside,
            "The coordinates {!r} are outside Great Britain and Northern Ireland.",
            seen,
        ),
    )
    return tuple(one for one in found if len(one.explanation))


def _mended(found: _Places, good: Flags, degrees: Flags, seen: pd.Series) -> tuple[Repair, ...]:
    rules = {
        "swapped_coordinates": found.swapped & degrees,
        "bng_in_degree_columns": found.grid & degrees,
        "degrees_in_bng_columns": ~found.grid & ~degrees,
    }
    after = pd.Series(found.lat, index=seen.index).round(6), pd.Series(found.lon, index=seen.index).round(6)
    repairs = []
    for rule, flags in rules.items():
        spots = flags & good
        if spots.any():
            repairs.append(
                Repair(rule, seen[spots], after[0][spots].astype(str) + ", " + after[1][spots].astype(str))
            )
    return tuple(repairs)
