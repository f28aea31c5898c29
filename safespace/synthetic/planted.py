"""What is planted in the reports: the places that are hot and why, and the places that only look hot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from safespace.synthetic.assets import CHAPEL_ROAD_DEGREES, CORN_STREET_DEGREES
from safespace.synthetic.plan import SUBWAYS, Plan, canal_y_m, radial_line, ring_radius_m
from safespace.synthetic.shapes import polar

if TYPE_CHECKING:
    from collections.abc import Mapping

PlantKind: TypeAlias = Literal["hot", "decoy"]


@dataclass(frozen=True)
class Plant:
    """One planted place.

    Attributes
    ----------
    xy
        Metres from the market place.
    extra
        Reports planted beyond the background, by source.
    window
        When they were planted, in words.
    reasons
        What StreetSafe reports there say; empty means as elsewhere.
    """

    name: str
    kind: PlantKind
    xy: tuple[float, float]
    radius_m: float
    extra: Mapping[str, int]
    window: str
    reasons: tuple[str, ...]
    why: str


def plants(plan: Plan) -> tuple[Plant, ...]:
    """Return every planted place: five hot ones and three that must not become hot."""
    return (*_hot(plan), *_decoys(plan))


def _hot(plan: Plan) -> list[Plant]:
    subway = polar(float(ring_radius_m(SUBWAYS[0][0])), SUBWAYS[0][0])[0]
    corn = radial_line(plan, CORN_STREET_DEGREES, inside=True).interpolate(250)
    chapel = radial_line(plan, CHAPEL_ROAD_DEGREES, inside=False).interpolate(905)
    park = plan.parks["Abbey Park"].centroid
    return [
        Plant(
            "Corn Street", "hot", (corn.x, corn.y), 170, {"streetsafe": 56, "nte": 640, "spiking": 46},
            "mostly Friday and Saturday nights, 22:00 to 04:00",
            ("Verbal harassment by a stranger", "Verbal harassment by a group", "Other harassment"),
            "Bars and nightclubs close together: harassment in the street at closing time.",
        ),
        Plant(
            "Friars Subway", "hot", (float(subway[0]), float(subway[1])), 100, {"streetsafe": 46},
            "evenings and nights", ("Badly lit", "Being followed", "Restricted visibility"),
            "Unlit footway under the Ring Road with blind corners, on the way to the riverside.",
        ),
        Plant(
            "Canal towpath by the halls", "hot", (190.0, float(canal_y_m(190.0)) + 8), 150, {"streetsafe": 44},
            "evenings in term time", ("Badly lit", "Empty buildings or isolated", "Being followed"),
            "Unlit towpath between the student halls and the town.",
        ),
        Plant(
            "Abbey Park path", "hot", (park.x, park.y), 150, {"streetsafe": 40},
            "mostly 17:00 to 22:00, from October to March", ("Badly lit", "Restricted visibility", "Signs of drug or alcohol use"),
            "Overgrown path used as a short cut; the park is shut at night and walkers go round it.",
        ),
        Plant(
            "Chapel Road parade", "hot", (chapel.x, chapel.y), 140, {"nte": 170},
            "mostly Friday and Saturday nights, 21:00 to 01:00", (),
            "A parade of bars in a suburb: recorded incidents without public reports.",
        ),
    ]  # fmt: skip


def _decoys(plan: Plan) -> list[Plant]:
    campus = plan.campus.centroid
    return [
        Plant(
            "University campus", "decoy", (campus.x, campus.y), 220, {}, "any time", (),
            "Many paths close together, so many reports, but no more than their length accounts for.",
        ),
        Plant(
            "Westgate corner", "decoy", (-1700.0, -250.0), 15, {"streetsafe": 16}, "one evening",
            ("Badly lit", "Rundown"),
            "Sixteen pins by one person in one evening: one event, however many pins.",
        ),
        Plant(
            "Meadow End patrol area", "decoy", (1620.0, -1010.0), 170, {"nte": 260}, "weekday afternoons and evenings", (),
            "Incidents found by patrols sent here: they show where officers were, not where more happened.",
        ),
    ]  # fmt: skip


def count_of(places: tuple[Plant, ...], source: str) -> int:
    """Return how many reports of one source are planted beyond the background."""
    return int(np.sum([plant.extra.get(source, 0) for plant in places], dtype=int))


def walks_worth_comparing(plan: Plan) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Return walks people make past the planted places: name to start and end, metres from the market place."""
    halls = (190.0, float(canal_y_m(190.0)) - 24)
    station = radial_line(plan, 88.0, inside=False).intersection(plan.rail).centroid
    corn = radial_line(plan, CORN_STREET_DEGREES, inside=True).interpolate(250)
    west_gate = (plan.campus.bounds[0], plan.campus.centroid.y)
    return {
        "Wharfside halls to Corn Street": (halls, (corn.x, corn.y)),
        "Market Place to the University": ((0.0, 40.0), west_gate),
        "Stonebridge station to Wharfside halls": ((station.x, station.y), halls),
        "Westgate to the Market Place": ((-1240.0, -330.0), (0.0, 40.0)),
    }
