"""Build the town: plan, streets, assets, areas, reports, dirt, truth; then write every file."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from safespace.errors import FileError, InputError
from safespace.synthetic import clock, dirt, reports
from safespace.synthetic.areas import draw_areas, write_areas, write_boundary
from safespace.synthetic.assets import Assets, place_assets
from safespace.synthetic.fill import fill
from safespace.synthetic.names import StreetNames
from safespace.synthetic.noding import Network, drop_scraps, node_ways
from safespace.synthetic.osm_file import write_pbf
from safespace.synthetic.plan import Plan, draw_plan, main_ways
from safespace.synthetic.planted import Plant, count_of, plants, walks_worth_comparing
from safespace.synthetic.streams import stream
from safespace.synthetic.tagging import LIT_WORDS, tag_ways
from safespace.synthetic.truth import LABEL, Truth, describe, describe_links, write_truth
from safespace.synthetic.walking import Walks, walkable

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Town:
    """Where the town's files are, and what was planted in them."""

    folder: Path
    streets_pbf: Path
    areas_geojson: Path
    boundary_geojson: Path
    streetsafe_csv: Path
    nte_csv: Path
    spiking_csv: Path
    harm_weights_csv: Path
    truth_json: Path
    truth_csv: Path
    readme: Path
    truth: Truth


# Made up, so that the option can be tried: no weight of any published score or index is shipped.
_HARM_WEIGHTS = """kind,weight,source,date
Rape,900,MADE UP for the synthetic town,2026-01-01
Sexual assault,200,MADE UP for the synthetic town,2026-01-01
Indecent exposure,20,MADE UP for the synthetic town,2026-01-01
Violence without injury,10,MADE UP for the synthetic town,2026-01-01
Robbery,120,MADE UP for the synthetic town,2026-01-01
Theft from the person,15,MADE UP for the synthetic town,2026-01-01
"""


@dataclass(frozen=True)
class _Ground:
    plan: Plan
    network: Network
    assets: Assets
    walks: Walks
    places: tuple[Plant, ...]


def build_town(out: Path, *, seed: int, progress: bool = False) -> Town:
    """Make up the town of Stonebridge and write its files to a folder, replacing those of an earlier town.

    Parameters
    ----------
    out
        Folder; made when absent.
    seed
        Same seed, same bytes in every file.
    progress
        Log each step at INFO.

    Returns
    -------
    Town
        Paths and the planted truth.

    Raises
    ------
    FileError
        When the folder cannot be made or written to.
    InputError
        When the seed is negative.

    Notes
    -----
    Everything is made up. The coordinates are open country in Warwickshire, so that longitude and latitude
    (EPSG:4326) and the British National Grid (EPSG:27700) both work.
    """
    if seed < 0:
        raise InputError(
            "The seed must be zero or more.", code="seed-negative", seen=seed, remedy="Give another seed."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        truth = _write(out, seed, logging.INFO if progress else logging.DEBUG)
    except OSError as problem:
        raise FileError(
            "The town cannot be written there.",
            code="town-not-writable",
            where=out,
            seen=problem.strerror,
            remedy="Choose a folder you may write to.",
        ) from problem
    return _town(out, truth)


def _write(out: Path, seed: int, level: int) -> Truth:
    logger.log(level, "Laying out streets")
    ground = _lay_out(seed)
    logger.log(level, "Writing streets and areas")
    write_pbf(out / "synthetic_town.osm.pbf", ground.network, ground.assets)
    areas = draw_areas(ground.plan)
    write_areas(out / "synthetic_areas.geojson", areas)
    write_boundary(out / "synthetic_boundary.geojson", areas)
    logger.log(level, "Writing reports")
    rows = _write_reports(out, ground, seed)
    (out / "synthetic_harm_weights.csv").write_text(_HARM_WEIGHTS, encoding="utf-8", newline="\n")
    truth = _tell(ground, rows, seed)
    write_truth(out / "planted_truth.json", out / "planted_truth.csv", truth)
    _write_readme(out / "README.txt", truth)
    return truth


def _lay_out(seed: int) -> _Ground:
    plan = draw_plan()
    main = main_ways(plan)
    rng = stream(seed, "streets")
    network = drop_scraps(node_ways([*main, *fill(plan, main, rng, StreetNames(rng))]), keep="island")
    network = tag_ways(network, stream(seed, "tags"))
    assets = place_assets(plan, network, stream(seed, "assets"))
    return _Ground(plan, network, assets, walkable(network), plants(plan))


def _write_reports(out: Path, ground: _Ground, seed: int) -> dict[str, int]:
    """Write the three files; return how many rows each has."""
    clean: dict[dirt.File, pd.DataFrame] = {
        "streetsafe": reports.streetsafe(ground.walks, ground.places, stream(seed, "streetsafe")),
        "nte": reports.nte(ground.walks, ground.assets, ground.places, stream(seed, "nte")),
        "spiking": reports.spiking(ground.assets, ground.places, stream(seed, "spiking")),
    }
    rng, rows = stream(seed, "dirt"), {}
    for source, frame in clean.items():
        dirty = dirt.add_dirt(frame, source, rng)
        dirty.to_csv(out / f"synthetic_{source}.csv", index=False, lineterminator="\n", encoding="utf-8")
        rows[str(source)] = len(dirty)
    return rows


def _tell(ground: _Ground, rows: dict[str, int], seed: int) -> Truth:
    accepted = {
        "streetsafe": reports.STREETSAFE_ROWS,
        "nte": reports.NTE_ROWS,
        "spiking": reports.SPIKING_ROWS,
    }
    background = {source: accepted[source] - count_of(ground.places, source) for source in accepted}
    first, last = clock.CAMPAIGN_DAYS
    return Truth(
        seed=seed,
        baseline="walkable street length",
        places=tuple(describe(plant, ground.walks, background) for plant in ground.places),
        accepted=accepted,
        rows=rows,
        dirt=dirt.planted_counts(),
        outcomes=dirt.outcomes(),
        campaign=(str(clock.FIRST_DAY + first), str(clock.FIRST_DAY + last - 1)),
        streets=_measure(ground),
        links=describe_links(walks_worth_comparing(ground.plan)),
    )


def _measure(ground: _Ground) -> dict[str, float]:
    length = ground.network.length_m()
    lit = np.array([way.tags.get("lit", "") for way in ground.network.ways])
    island = np.array([way.zone == "island" for way in ground.network.ways])
    return {
        "ways": len(length),
        "km": round(float(length.sum()) / 1000, 1),
        "walkable_km": round(float(ground.walks.length_m.sum()) / 1000, 1),
        "lit_yes_share": round(float(length[np.isin(lit, LIT_WORDS)].sum() / length.sum()), 3),
        "lit_no_share": round(float(length[lit == "no"].sum() / length.sum()), 3),
        "island_km": round(float(length[island].sum()) / 1000, 2),
    }


def _write_readme(path: Path, truth: Truth) -> None:
    streets = truth.streets
    lines = (
        f"{LABEL}",
        "",
        "Every street, name, report and incident in this folder was made up by a program from the seed",
        f"{truth.seed}. It is for trying SafeSpace and for its tests; nothing in it says anything about a real",
        "place or a real person. Its coordinates are open country in Warwickshire (near 52.33 N, 1.64 W), so",
        "that degrees and the British National Grid both work; there is no such town there.",
        "",
        "synthetic_town.osm.pbf       streets, lamps, cameras, premises, stops; OpenStreetMap's format, not its data",
        "synthetic_areas.geojson      six neighbourhood areas that tile the town",
        "synthetic_boundary.geojson   the town's boundary",
        f"synthetic_streetsafe.csv     {truth.accepted['streetsafe']} reports of places where people felt unsafe, and dirt",
        f"synthetic_nte.csv            {truth.accepted['nte']} recorded night-time-economy incidents, and dirt",
        f"synthetic_spiking.csv        {truth.accepted['spiking']} reports of suspected spiking, and dirt",
        "synthetic_harm_weights.csv   weights for kinds of offence, MADE UP: of no score or index, to be used nowhere else",
        "planted_truth.json, .csv     what was planted where and why, and how many rows of each kind of dirt",
        "",
        f"Streets: {streets['km']} km in {streets['ways']:.0f} ways, of which {streets['walkable_km']} km may be walked;",
        f"lit=yes on {streets['lit_yes_share']:.1%}, lit=no on {streets['lit_no_share']:.1%} of the length, no lit tag on the rest;",
        f"{streets['island_km']} km (a holiday park) are joined to nothing.",
        f"Background reports are in proportion to {truth.baseline}. Reporting was invited from {truth.campaign[0]} to {truth.campaign[1]}.",
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _town(out: Path, truth: Truth) -> Town:
    return Town(
        folder=out,
        streets_pbf=out / "synthetic_town.osm.pbf",
        areas_geojson=out / "synthetic_areas.geojson",
        boundary_geojson=out / "synthetic_boundary.geojson",
        streetsafe_csv=out / "synthetic_streetsafe.csv",
        nte_csv=out / "synthetic_nte.csv",
        spiking_csv=out / "synthetic_spiking.csv",
        harm_weights_csv=out / "synthetic_harm_weights.csv",
        truth_json=out / "planted_truth.json",
        truth_csv=out / "planted_truth.csv",
        readme=out / "README.txt",
        truth=truth,
    )
