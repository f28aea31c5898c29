"""What to mend first for a set of walks, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safespace import interventions
from safespace.display import in_html, in_short
from safespace.interventions import Budget, Price
from safespace.pipeline.lines import lines_of, write_lines
from safespace.pipeline.networks import SYNTHETIC_STREETS, require_streets, streets_credit
from safespace.pipeline.points import walks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from safespace.pipeline.points import Link
    from safespace.pipeline.walks import Point
    from safespace.settings import Settings


@dataclass(frozen=True)
class Improvement:
    """Segments to light for a set of walks, best first, with what the measure is known to do and not do.

    ``lines`` is ``fixes.table`` with the line of each segment, EPSG:4326.
    """

    walks: tuple[str, ...]
    fixes: interventions.Fixes
    lines: gpd.GeoDataFrame
    card: interventions.Card
    credit: str
    synthetic: bool

    __repr__ = in_short
    _repr_html_ = in_html

    def sentences(self) -> tuple[str, ...]:
        """Say what the list rests on and what is known of the measure."""
        walks = f"For {len(self.walks):,} walk{'' if len(self.walks) == 1 else 's'}: "
        spent, *rest = self.fixes.sentences()
        return walks + spent, *rest, *self.card.sentences(), f"{self.credit}."


def improve(
    links: Sequence[Link | tuple[Point | str, Point | str]],
    settings: Settings,
    *,
    budget: Budget,
    bound_s: float | None = None,
) -> Improvement:
    """Rank the segments to light within a budget, for a set of walks.

    Parameters
    ----------
    links
        Walks, each two ends: ``(lon, lat)`` or a landmark's name; or :class:`Link` with people and a name.
    settings
        Where the store is, how far a point may be from a street, costs and what is assumed of lighting.
    budget
        Metres, segments or pounds.
    bound_s
        How long to look for the best possible, seconds; the setting when not given, 0 leaves it out.

    Raises
    ------
    StoreError
        When no streets were imported.
    PlaceError
        When an end is unknown or too far from any street, naming every such walk.
    InputError
        When there is no walk, or no segment within the budget would change one.
    """
    graph, assumed = require_streets(settings), settings.improvement
    walks = walks_of(links, graph, settings)
    fixes = interventions.rank_fixes(
        graph,
        walks,
        budget=budget,
        price=light_price(settings),
        unknown_prior=assumed.priors(),
        unlit_price=assumed.unlit_price,
        bound_s=assumed.bound_s if bound_s is None else bound_s,
    )
    credit = streets_credit(settings)
    return Improvement(
        tuple(walk.name for walk in walks),
        fixes,
        lines_of(graph, fixes.table),
        interventions.CARDS["light"],
        credit,
        synthetic=credit == SYNTHETIC_STREETS,
    )


def light_price(settings: Settings) -> Price:
    """Return the cost range of lighting from the settings."""
    assumed = settings.improvement
    return Price(*assumed.light_per_m, *assumed.light_each, assumed.costs_from)


def cost_table(settings: Settings) -> list[dict[str, object]]:
    """Return what each measure is taken to cost, with where the figures are from."""
    assumed = settings.improvement
    ranges: Mapping[str, tuple[str, tuple[float, float]]] = {
        "light": ("metre of street", assumed.light_per_m),
        "camera": ("camera", assumed.camera_each),
        "clear": ("segment", assumed.clear_each),
        "close": ("segment", assumed.close_each),
    }
    return [
        {"measure": interventions.CARDS[name].title, "per": per, "low": low, "high": high}
        | {"source": assumed.costs_from}
        for name, (per, (low, high)) in ranges.items()
    ]


def write_improvement(made: Improvement, path: Path) -> Path:
    """Write the list as CSV, GeoJSON or GeoPackage, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    return write_lines(made.lines, path, credit=made.credit, synthetic=made.synthetic, notes=made.sentences())
