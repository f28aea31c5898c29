"""How often the product finds a place where nothing is, and misses one that is, over layers of a world.

``make calibrate`` prints the table of decision 27.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from calibration.worlds import PLANTED, WORLDS, World, stage_of
from scipy.special import ndtri

from safespace.errors import TooFewError
from safespace.hotspots import find_hotspots, places
from safespace.settings import HotspotSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calibration.worlds import Layer

SETTINGS = HotspotSettings(rates="cells")  # rates do not enter whether a place is called


@dataclass(frozen=True)
class Share:
    """How the product did over the layers of a world.

    ``any`` is the share of layers with any place (of a planted world: with one that holds a planted cell), ``lower``
    and ``upper`` its Wilson interval, ``one_cell`` the share where all those places say that one cell stands out,
    ``few`` where all rest on ten events or fewer, ``cells`` the mean share of cells in places, ``dispersion`` the middle
    one allowed for, and ``refused`` the share of layers that were not judged for having too few events.
    """

    world: str
    resolution: int
    layers: int
    any: float
    lower: float
    upper: float
    one_cell: float
    few: float
    cells: float
    dispersion: float
    refused: float
    truth: str


@dataclass(frozen=True)
class _Seen:
    any: bool = False
    one_cell: bool = False
    few: bool = False
    cells: float = 0.0
    dispersion: float = 1.0
    refused: bool = False


def share_of(world: World, *, resolution: int, layers: int, seed: int) -> Share:
    """Put the product to layers of a world; layer k of a seed is always the same."""
    stage = stage_of(world.area, resolution)
    seen = [_look(world.draw(stage, np.random.default_rng([seed, k])), world) for k in range(layers)]
    table = pd.DataFrame([vars(one) for one in seen])
    count = int(table["any"].sum())
    lower, upper = wilson(count, layers)
    return Share(
        world=world.name,
        resolution=resolution,
        layers=layers,
        any=count / layers,
        lower=lower,
        upper=upper,
        one_cell=float(table["one_cell"].mean()),
        few=float(table["few"].mean()),
        cells=float(table["cells"].mean()),
        dispersion=float(table["dispersion"].median()),
        refused=float(table["refused"].mean()),
        truth=world.truth,
    )


def _look(layer: Layer, world: World) -> _Seen:
    try:
        found = find_hotspots(layer.cells, baseline="made up", settings=SETTINGS)
    except TooFewError:
        return _Seen(refused=True)
    told = places(found)
    if not world.nothing:
        planted = set(layer.cells["cell"][layer.planted])
        told = told[[bool(planted & set(cells)) for cells in told["cells"]]]
    held = sum(told["n_cells"]) / max(found.tested, 1)
    return _Seen(
        any=len(told) > 0,
        one_cell=len(told) > 0 and bool(told["one_cell"].all()),
        few=len(told) > 0 and bool((told["rests_on"] <= 10).all()),
        cells=held,
        dispersion=found.allowed_dispersion,
    )


def wilson(count: int, of: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    doi:10.1080/01621459.1927.10502953
    """
    z, share = float(ndtri(0.5 + level / 2)), count / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def rows(worlds: Iterable[World], *, layers: int, seed: int) -> Iterable[Share]:
    """Yield a row for each world and resolution, in the order given."""
    for world in worlds:
        for resolution in world.resolutions:
            yield share_of(world, resolution=resolution, layers=layers, seed=seed)


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=60)
    parser.add_argument("--seed", type=int, default=2027)
    asked = parser.parse_args()
    print(
        "| world | res | any place | 95 % | one cell | rests on <= 10 | dispersion | what a place in it is |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in rows((*WORLDS, *PLANTED), layers=asked.layers, seed=asked.seed):
        print(
            f"| {row.world} | {row.resolution} | {row.any:.2f} | {row.lower:.2f} to {row.upper:.2f} | "
            f"{row.one_cell:.2f} | {row.few:.2f} | {row.dispersion:.2f} | {row.truth} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
