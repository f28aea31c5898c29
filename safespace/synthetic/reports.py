"""The three made-up report files before any dirt: background in proportion to walkable street, and plants."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.synthetic import clock
from safespace.synthetic.planted import Plant, count_of
from safespace.synthetic.projection import to_bng, to_lonlat
from safespace.synthetic.walking import Walks, draw_places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safespace.synthetic.assets import Assets
    from safespace.synthetic.clock import Moments
    from safespace.synthetic.shapes import Floats

STREETSAFE_ROWS, NTE_ROWS, SPIKING_ROWS = 544, 2500, 70
REPEATED_PINS = 18  # pins beyond the first of people who dropped several in one place on one day

STREETSAFE_COLUMNS = ("reference", "submitted", "latitude", "longitude", "reasons", "reporter")
NTE_COLUMNS = (
    "reference",
    "offence",
    "start",
    "end",
    "easting",
    "northing",
    "found_by",
    "location_type",
    "domestic_abuse",
)
SPIKING_COLUMNS = (
    "reference", "method", "status", "onset_from", "onset_to", "reported", "latitude", "longitude", "place_confidence",
)  # fmt: skip

ENVIRONMENTAL = (
    "Badly lit", "Absence of CCTV", "Empty buildings or isolated", "Poor street layout", "Restricted visibility",
    "Rundown", "Signs of drug or alcohol use", "Other environmental",
)  # fmt: skip
BEHAVIOURAL = (
    "Being followed", "Verbal harassment by a stranger", "Verbal harassment by a group", "Other harassment",
)  # fmt: skip
_REASON_WEIGHT = np.array([5, 1.6, 2, 1.2, 1.6, 1.4, 2.2, 0.5, 2.2, 2.4, 1.5, 1.0])

OFFENCES = MappingProxyType(
    {
        "Violence without injury": 0.27,
        "Public order": 0.2,
        "Violence with injury": 0.16,
        "Theft from the person": 0.1,
        "Harassment": 0.08,
        "Drugs": 0.06,
        "Robbery": 0.05,
        "Sexual assault": 0.04,
        "Other sexual offence": 0.02,
        "Suspicious behaviour": 0.02,
    }
)
_AT_PREMISES = MappingProxyType(
    {
        "Licensed premises": 0.5,
        "Street": 0.3,
        "Outside licensed premises": 0.15,
        "Takeaway or restaurant": 0.05,
    }
)
_IN_STREETS = MappingProxyType(
    {
        "Street": 0.78,
        "Car park": 0.07,
        "Public transport": 0.06,
        "Park or open space": 0.05,
        "Shop": 0.04,
    }
)
_FOUND = MappingProxyType({"public": 0.72, "patrol": 0.16, "": 0.12})
_PATROL = MappingProxyType({"patrol": 1.0})
_REPORTERS = MappingProxyType({"woman": 0.65, "man": 0.19, "other": 0.02, "": 0.14})

_WHEN: Mapping[str, Callable[[np.random.Generator, int], Moments]] = MappingProxyType(
    {
        "Corn Street": clock.weekend_nights,
        "Friars Subway": lambda rng, n: clock.any_time(rng, n, hours="dark"),
        "Canal towpath by the halls": clock.term_time,
        "Abbey Park path": clock.winter,
        "Chapel Road parade": lambda rng, n: clock.weekend_nights(rng, n, hours="late evening"),
        "Meadow End patrol area": clock.weekdays,
    }
)


def _pick(rng: np.random.Generator, count: int, shares: Mapping[str, float]) -> list[str]:
    weight = np.array(list(shares.values()))
    names = list(shares)
    return [names[i] for i in rng.choice(len(names), count, p=weight / weight.sum())]


def _exact_mix(rng: np.random.Generator, count: int, shares: Mapping[str, float]) -> list[str]:
    """Return words in exactly the given shares (to rounding), in random order."""
    names = list(shares)
    edges = np.round(np.cumsum(list(shares.values())) / sum(shares.values()) * count).astype(int)
    words = [name for name, n in zip(names, np.diff(edges, prepend=0), strict=True) for _ in range(n)]
    return [words[i] for i in rng.permutation(count)]


# ---- StreetSafe


def streetsafe(walks: Walks, places: tuple[Plant, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Return the StreetSafe rows that a reader accepts, as text in the file's columns and order."""
    planted = [_planted_pins(walks, plant, rng) for plant in places if "streetsafe" in plant.extra]
    background = STREETSAFE_ROWS - count_of(places, "streetsafe") - REPEATED_PINS
    pins = [_background_pins(walks, rng, background), *planted]
    pins.append(_repeated(pins[0], rng))
    frame = pd.concat(pins, ignore_index=True)
    frame["reporter"] = _exact_mix(rng, len(frame), _REPORTERS)
    frame = frame.sort_values(["when", "x", "y"], kind="stable", ignore_index=True)
    lon, lat = to_lonlat(frame[["x", "y"]].to_numpy()).T
    frame["reference"] = [f"SYN-SS-{number:05d}" for number in range(1, len(frame) + 1)]
    frame["submitted"] = clock.iso(frame["when"].to_numpy())
    frame["latitude"], frame["longitude"] = _degrees(lat), _degrees(lon)
    return frame[list(STREETSAFE_COLUMNS)]


def _degrees(values: Floats) -> list[str]:
    return [f"{value:.6f}" for value in values.tolist()]


def _pins(xy: Floats, when: Moments, reasons: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "when": when, "reasons": reasons})


def _background_pins(walks: Walks, rng: np.random.Generator, count: int) -> pd.DataFrame:
    words, weight = ENVIRONMENTAL + BEHAVIOURAL, _REASON_WEIGHT / _REASON_WEIGHT.sum()
    sizes = rng.choice([1, 2, 3], count, p=[0.45, 0.38, 0.17])
    reasons = ["; ".join(words[i] for i in sorted(rng.choice(12, k, replace=False, p=weight))) for k in sizes]
    return _pins(draw_places(walks, rng, count), clock.any_time(rng, count), reasons)


def _planted_pins(walks: Walks, plant: Plant, rng: np.random.Generator) -> pd.DataFrame:
    count = plant.extra["streetsafe"]
    if plant.kind == "decoy":
        return _one_person(plant, rng, count)
    # most are in the middle of the place, the rest spread over it
    middle, spread = (
        walks.within(plant.xy, plant.radius_m * 0.45),
        walks.within(plant.xy, plant.radius_m - 15),
    )
    most = round(0.6 * count)
    xy = np.concatenate([draw_places(middle, rng, most), draw_places(spread, rng, count - most)])
    sizes = rng.choice([1, 2, 3], count, p=[0.35, 0.45, 0.2])
    reasons = ["; ".join(plant.reasons[i] for i in sorted(rng.choice(3, k, replace=False))) for k in sizes]
    return _pins(xy, _WHEN[plant.name](rng, count), reasons)


def _one_person(plant: Plant, rng: np.random.Generator, count: int) -> pd.DataFrame:
    xy = np.array(plant.xy) + rng.uniform(-7, 7, (count, 2))
    start = clock.any_time(rng, 1, hours="evening")
    when = (
        start.astype("datetime64[D]")
        + np.timedelta64(20 * 60, "m")
        + rng.integers(0, 40, count).astype("timedelta64[m]")
    )
    return _pins(xy, when.astype("datetime64[m]"), ["; ".join(plant.reasons)] * count)


def _repeated(pins: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Repeat some reports a few metres and minutes away, as people who press the button again do."""
    early = np.flatnonzero(pins["when"].dt.hour.to_numpy() < 23)
    first = rng.choice(early, REPEATED_PINS // 2, replace=False)
    again = pins.iloc[np.repeat(first, 2)].reset_index(drop=True)
    again["x"] += rng.uniform(-8, 8, len(again))
    again["y"] += rng.uniform(-8, 8, len(again))
    again["when"] += pd.to_timedelta(rng.integers(1, 15, len(again)), unit="min").astype("timedelta64[s]")
    return again


# ---- night-time-economy incidents


def nte(walks: Walks, assets: Assets, places: tuple[Plant, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Return the recorded-incident rows that a reader accepts, as text in the file's columns and order."""
    premises = np.array([(p.x, p.y) for p in assets.premises()])
    planted = [_planted_incidents(walks, premises, plant, rng) for plant in places if "nte" in plant.extra]
    usual = _usual_incidents(walks, premises, NTE_ROWS - count_of(places, "nte"), rng)
    frame = pd.concat([*usual, *planted], ignore_index=True)
    frame = frame.sort_values(["start", "x", "y"], kind="stable", ignore_index=True)
    easting, northing = to_bng(frame[["x", "y"]].to_numpy()).round().astype(int).T
    frame["reference"] = [f"SYN-NTE-{number:06d}" for number in range(1, len(frame) + 1)]
    frame["easting"], frame["northing"] = easting.astype(str), northing.astype(str)
    frame["start"] = clock.day_first(frame["start"].to_numpy())
    frame["end"] = clock.day_first(frame["end"].to_numpy())
    return frame.assign(domestic_abuse="N")[list(NTE_COLUMNS)]


def _usual_incidents(
    walks: Walks, premises: Floats, count: int, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Return incidents about premises, in the old town's streets and along all streets."""
    inside, old_town = 520, 130
    anywhere = count - inside - old_town
    about = _about(premises, rng, inside)
    centre = draw_places(walks.within((0, 0), 480), rng, old_town)
    along = draw_places(walks, rng, anywhere)
    return [
        _incidents(about, clock.weekend_nights(rng, inside), _AT_PREMISES, _FOUND, rng),
        _incidents(centre, clock.weekend_nights(rng, old_town), _IN_STREETS, _FOUND, rng),
        _incidents(along, clock.weekend_nights(rng, anywhere, hours="any"), _IN_STREETS, _FOUND, rng),
    ]


def _about(premises: Floats, rng: np.random.Generator, count: int) -> Floats:
    # a few premises see most incidents: weights fall as one over rank
    weight = 1 / (1 + rng.permutation(len(premises)))
    chosen = rng.choice(len(premises), count, p=weight / weight.sum())
    return np.asarray(premises[chosen] + rng.normal(0, 12, (count, 2)))


def _planted_incidents(
    walks: Walks, premises: Floats, plant: Plant, rng: np.random.Generator
) -> pd.DataFrame:
    count = plant.extra["nte"]
    when = _WHEN[plant.name](rng, count)
    near = premises[np.hypot(*(premises - np.array(plant.xy)).T) < plant.radius_m]
    if plant.kind == "decoy" or not len(near):
        xy = draw_places(walks.within(plant.xy, plant.radius_m - 15), rng, count)
        return _incidents(xy, when, _IN_STREETS, _PATROL, rng)
    return _incidents(_about(near, rng, count), when, _AT_PREMISES, _FOUND, rng)


def _incidents(
    xy: Floats,
    start: Moments,
    kinds: Mapping[str, float],
    rates: Mapping[str, float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    count = len(xy)
    # most are known to minutes, some only to hours
    minutes = np.where(rng.random(count) < 0.88, rng.integers(0, 25, count), rng.integers(60, 420, count))
    return pd.DataFrame(
        {
            "x": xy[:, 0],
            "y": xy[:, 1],
            "start": start,
            "end": clock.mend_clock_changes(start + minutes.astype("timedelta64[m]")),
            "offence": _pick(rng, count, OFFENCES),
            "found_by": _pick(rng, count, rates),
            "location_type": _pick(rng, count, kinds),
        }
    )


# ---- suspected spiking


def spiking(assets: Assets, places: tuple[Plant, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Return the suspected-spiking rows that a reader accepts, as text in the file's columns and order."""
    premises = np.array([(p.x, p.y) for p in assets.premises() if p.tags["amenity"] != "pub"])
    planted = [plant for plant in places if "spiking" in plant.extra]
    rest = SPIKING_ROWS - count_of(places, "spiking")
    near = [
        (premises[np.hypot(*(premises - np.array(p.xy)).T) < p.radius_m], p.extra["spiking"]) for p in planted
    ]
    xy = np.concatenate([_about(premises, rng, rest), *[_about(some, rng, count) for some, count in near]])
    onset = clock.weekend_nights(rng, SPIKING_ROWS)
    frame = _suspicions(xy, onset, rng).sort_values(["onset", "longitude"], kind="stable", ignore_index=True)
    frame["reference"] = [f"SYN-ARG-{number:03d}" for number in range(1, len(frame) + 1)]
    return frame[list(SPIKING_COLUMNS)]


def _suspicions(xy: Floats, onset: Moments, rng: np.random.Generator) -> pd.DataFrame:
    count = len(xy)
    confidence = _pick(rng, count, {"exact": 0.4, "street": 0.35, "area": 0.2, "unknown": 0.05})
    blur = np.array(
        [{"exact": 5.0, "street": 35.0, "area": 120.0, "unknown": 250.0}[word] for word in confidence]
    )
    lon, lat = to_lonlat(xy + rng.normal(0, 1, (count, 2)) * blur[:, None]).T
    latest = clock.mend_clock_changes(onset + rng.integers(45, 260, count).astype("timedelta64[m]"))
    told = clock.mend_clock_changes(latest + rng.integers(300, 3600, count).astype("timedelta64[m]"))
    return pd.DataFrame(
        {
            "onset": onset,
            "method": _pick(
                rng,
                count,
                {"drink": 0.68, "needle": 0.1, "injection": 0.04, "vape": 0.06, "food": 0.02, "unknown": 0.1},
            ),
            "status": _pick(rng, count, {"reported": 0.5, "suspected": 0.42, "toxicology-supported": 0.08}),
            "onset_from": clock.iso(onset),
            "onset_to": clock.iso(latest),
            "reported": clock.iso(told),
            "latitude": _degrees(lat),
            "longitude": _degrees(lon),
            "place_confidence": confidence,
        }
    )
