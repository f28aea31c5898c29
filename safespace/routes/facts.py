"""A walk's figures by name for files, and the options side by side for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from safespace.tone import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.routes.reasons import Route

FACTS = (
    "length_m",
    "walk_s",
    "detour",
    "lit_yes_m",
    "lit_no_m",
    "lit_unknown_m",
    "lamp_lit_m",
    "steps_m",
    "step_count",
    "tunnel_m",
    "conditional_m",
    "paved_m",
    "unpaved_m",
    "surface_unknown_m",
    "crossings",
    "cameras",
    "reports_nearby",
    "reports_nearby_lower",
    "reports_nearby_upper",
    "reports_nearby_per_km",
    "reports_nearby_per_km_lower",
    "reports_nearby_per_km_upper",
    "worst_100m",
    "reports_within_reach",
    "lighting_known",
    "surface_known",
)


def facts(route: Route) -> dict[str, Any]:
    """Return the figures of a walk by name, rounded, for a file or a record."""
    return {name: plain_value(getattr(route, name)) for name in FACTS}


def plain_value(value: Any) -> Any:
    """Return a figure rounded for a file; what is not finite is nothing."""
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value


def comparison_table(
    routes: Sequence[Route], stated: pd.DataFrame, first: Sequence[float], *, interval: float
) -> pd.DataFrame:
    """Return one row an option in plain columns with units, for a screen or a page.

    Parameters
    ----------
    stated
        From :func:`safespace.routes.comparison.pairs`.
    first
        Share of weightings under which each option comes first.
    interval
        Probability of the intervals.
    """
    against = stated[stated["option"] == routes[0].name].set_index("other")["verdict"]
    return pd.DataFrame(
        [
            _row(route, percent(interval))
            | {
                "First under (% of weightings)": round(100 * share, 1),
                "Compared with the shortest": against.get(route.name, ""),
            }
            for route, share in zip(routes, first, strict=True)
        ]
    )


def _row(route: Route, level: str) -> dict[str, object]:
    return {
        "Option": route.name,
        "Walking time (min)": round(route.walk_s / 60, 1),
        "Length (m)": round(route.length_m),
        "Longer than the shortest (%)": round(100 * route.detour, 1),
        "Lit, as mapped (m)": round(route.lit_yes_m),
        "Unlit, as mapped (m)": round(route.lit_no_m),
        "Lighting not known (m)": round(route.lit_unknown_m),
        "of it with lamps mapped nearby (m)": round(route.lamp_lit_m),
        "Steps (m)": round(route.steps_m),
        "of them counted, as mapped (steps)": route.step_count,
        "Tunnel or underpass (m)": round(route.tunnel_m),
        "Opening hours or conditions (m)": round(route.conditional_m),
        "Paved, as mapped (m)": round(route.paved_m),
        "Unpaved, as mapped (m)": round(route.unpaved_m),
        "Surface not known (m)": round(route.surface_unknown_m),
        "Marked crossings, as mapped": route.crossings,
        "Cameras, as mapped": route.cameras,
        "Reports nearby (weighted by distance)": round(route.reports_nearby, 2),
        f"lower end, {level}": round(route.reports_nearby_lower, 2),
        f"upper end, {level}": round(route.reports_nearby_upper, 2),
        "Reports nearby per km": round(route.reports_nearby_per_km, 2),
        f"per km, lower end, {level}": round(route.reports_nearby_per_km_lower, 2),
        f"per km, upper end, {level}": round(route.reports_nearby_per_km_upper, 2),
        "Most in any 100 m": round(route.worst_100m, 2),
        "Reports within reach": route.reports_within_reach,
        "Lighting known (%)": round(100 * route.lighting_known),
        "Surface known (%)": round(100 * route.surface_known),
    }
