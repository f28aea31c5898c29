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
import pyarrow as pa
import pyarrow.compute as pc
import pyproj

from safespace.sources.outcomes import Problem, Repair, Step, problem
from safespace.sources.texts import arrow, is_blank, matches, series

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
# so few figures that every way of reading them gives the same number
_DEGREES_COMMA, _METRES_COMMA = r"^-?[0-9]{1,2},[0-9]{2,}$", r"^[0-9]{5,7},[0-9]+$"
_PLAIN_NUMBER = r"^-?[0-9]{1,7}(?:\.[0-9]{1,8})?$"


@dataclass(frozen=True)
class _Seen:
    """The coordinates as text, put together only for the rows that need showing."""

    x: pa.Array
    y: pa.Array
    index: pd.Index

    def at(self, where: Flags) -> pd.Series:
        """Return ``latitude, longitude`` as written, for the rows flagged."""
        mask = pa.array(where)
        joined = pc.binary_join_element_wise(
            self.y.filter(mask), self.x.filter(mask), pa.scalar(", ", pa.large_string())
        )
        return series(joined, self.index[where])


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
    texts = {name: arrow(rows[name]) for name in ("latitude", "longitude", "easting", "northing")}
    degrees = ~(is_blank(texts["latitude"]) & is_blank(texts["longitude"]))
    y_text = _either(degrees, texts["latitude"], texts["northing"])
    x_text = _either(degrees, texts["longitude"], texts["easting"])
    (x, x_comma), (y, y_comma) = (_with_commas(text, degrees) for text in (x_text, y_text))
    found = _understand(x, y, expects_grid=~degrees)
    good = in_britain(found.lon, found.lat)
    seen = _Seen(x_text, y_text, rows.index)
    return Step(
        {
            "lon": pd.Series(np.where(good, found.lon, np.nan), index=rows.index),
            "lat": pd.Series(np.where(good, found.lat, np.nan), index=rows.index),
        },
        _faults(x, y, good, seen),
        _mended(found, good, degrees, seen) + _comma_repairs(found, (x_comma | y_comma) & good, seen),
    )


def _either(where: Flags, first: pa.Array, other: pa.Array) -> pa.Array:
    if where.all() or not where.any():
        return first if where.any() else other
    return pc.if_else(pa.array(where), first, other)


def _number(texts: pa.Array) -> Numbers:
    plainly = matches(texts, _PLAIN_NUMBER)
    known = texts if plainly.all() else pc.if_else(pa.array(plainly), texts, "0")
    numbers = np.array(pc.cast(known, pa.float64()))
    rest = texts.filter(pa.array(~plainly)).to_pylist()
    numbers[~plainly] = pd.to_numeric(pd.Series(rest, dtype=object), errors="coerce")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _with_commas(texts: pa.Array, degrees: Flags) -> tuple[Numbers, Flags]:
    """Return numbers, and which were written with a decimal comma: ``52,4778``, and never ``406,689`` metres."""
    commas = np.zeros(len(texts), dtype=bool)
    rest = np.flatnonzero(~matches(texts, _PLAIN_NUMBER))
    held = texts.take(pa.array(rest))
    commas[rest] = np.where(degrees[rest], matches(held, _DEGREES_COMMA), matches(held, _METRES_COMMA))
    if commas.any():
        mask = pa.array(commas)
        dotted = pc.replace_substring(texts.filter(mask), ",", ".")
        texts = pc.replace_with_mask(texts, mask, dotted)
    return _number(texts), commas


def _understand(x: Numbers, y: Numbers, *, expects_grid: Flags) -> _Places:
    fine = in_britain(x, y)
    swapped = in_britain(y, x) & ~fine
    lon, lat = np.where(swapped, y, x), np.where(swapped, x, y)
    grid = (np.minimum(np.abs(x), np.abs(y)) >= _SMALLEST_GRID_M) & ~fine & ~swapped
    told = grid & expects_grid
    lon[told], lat[told] = _from_distinct(x[told], y[told])
    guessed = grid & ~expects_grid
    if guessed.any():
        middle = _middle(lon, lat, (fine & ~expects_grid) | (told & in_britain(lon, lat)))
        lon[guessed], lat[guessed] = _nearer(x[guessed], y[guessed], middle)
    return _Places(lon, lat, swapped, grid)


def _from_distinct(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    (x_codes, xs), (y_codes, ys) = pd.factorize(x), pd.factorize(y)
    codes, pairs = pd.factorize(x_codes.astype(np.int64) * len(ys) + y_codes)
    lon, lat = from_grid(xs[pairs // len(ys)], ys[pairs % len(ys)]) if len(pairs) else (xs, ys)
    return lon[codes], lat[codes]


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


def _faults(x: Numbers, y: Numbers, good: Flags, seen: _Seen) -> tuple[Problem, ...]:
    blank = is_blank(seen.x) | is_blank(seen.y)
    bad = (np.isnan(x) | np.isnan(y)) & ~blank
    zero = (np.abs(x) < _NULL_ISLAND_DEGREES) & (np.abs(y) < _NULL_ISLAND_DEGREES)
    found = (
        ("no_coordinates", blank, "The row has no coordinates."),
        ("bad_coordinates", bad, "The coordinates {!r} are not numbers."),
        ("zero_coordinates", zero, "The coordinates are 0, 0, which is a default and not a place."),
        (
            "outside_britain",
            ~(good | blank | bad | zero),
            "The coordinates {!r} are outside Great Britain and Northern Ireland.",
        ),
    )
    return tuple(
        problem("rejected", reason, pd.Series(where, index=seen.index), sentence, seen.at(where))
        for reason, where, sentence in found
        if where.any()
    )


def _comma_repairs(coordinates: _Places, spots: Flags, seen: _Seen) -> tuple[Repair, ...]:
    if not spots.any():
        return ()
    before = seen.at(spots)
    lat, lon = (
        pd.Series(one[spots], index=before.index).round(6) for one in (coordinates.lat, coordinates.lon)
    )
    return (Repair("decimal_comma", before, lat.astype(str) + ", " + lon.astype(str)),)


def _mended(coordinates: _Places, good: Flags, degrees: Flags, seen: _Seen) -> tuple[Repair, ...]:
    rules = {
        "swapped_coordinates": coordinates.swapped & degrees,
        "bng_in_degree_columns": coordinates.grid & degrees,
        "degrees_in_bng_columns": ~coordinates.grid & ~degrees,
    }
    repairs = []
    for rule, flags in rules.items():
        spots = flags & good
        if spots.any():
            before = seen.at(spots)
            lat, lon = (
                pd.Series(one[spots], index=before.index).round(6)
                for one in (coordinates.lat, coordinates.lon)
            )
            repairs.append(Repair(rule, before, lat.astype(str) + ", " + lon.astype(str)))
    return tuple(repairs)
