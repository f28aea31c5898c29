"""Pieces the pages are drawn from: keys, cards and tables of words."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from safespace.maps.palette import BLUE, INK
from safespace.tone import Label, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from safespace.hotspots import HotspotMethod
    from safespace.maps.palette import Style
    from safespace.pipeline import WalkPlanned
    from safespace.routes import Route, RouteMethod

_LIT = {"yes": "Lit", "no": "Unlit", "unknown": "Not known"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HATCH = {
    "": "",
    "stripe": "repeating-linear-gradient(45deg,{line} 0 1px,transparent 1px 5px)",
    "cross": "repeating-linear-gradient(45deg,{line} 0 1px,transparent 1px 5px),"
    "repeating-linear-gradient(-45deg,{line} 0 1px,transparent 1px 5px)",
    "dot": "radial-gradient({line} 1px,transparent 1.5px) 0 0/5px 5px",
}


def key(styles: Iterable[Style]) -> str:
    """Return the key of a map as an HTML list: colour, hatch, mark and words together."""
    items = []
    for style in styles:
        hatch = _HATCH[style.hatch].format(line=style.line)
        ground = f"background:{f'{hatch},' if hatch else ''}{style.fill}"
        border = f"border:1.5px {'dashed' if style.dashed else 'solid'} {style.line}"
        items.append(
            f'<li><span class="ss-swatch" aria-hidden="true" style="{ground};{border};color:{style.ink}">'
            f"{style.mark}</span>{escape(style.words)}</li>"
        )
    return f'<ul class="ss-key" aria-label="Key to the map">{"".join(items)}</ul>'


def place_card(place: Any, *, method: HotspotMethod) -> str:
    """Return one place of the list: its number on the map, name, rate with interval and counts."""
    rank = f"Rank {place.rank}{', shared' if place.tied else ''}"
    return (
        f'<section class="ss-place"><h3><span class="ss-rank">{place.place}</span>{escape(str(place.name))}</h3>'
        f"<p><strong>{place.rate:.1f} times its usual</strong> ({percent(method.interval, space='')} interval {place.lower:.1f} to "
        f"{place.upper:.1f})</p><p>{count(int(place.events), 'event')} where {place.expected:.1f} would be usual, in "
        f"{count(len(place.cells), 'cell')}. {rank}. With {count(int(place.rests_on), 'event')} fewer it would not stand out."
        f'</p><p class="ss-quiet">{escape(Label(place.label).sentence)}</p></section>'
    )


def count(number: int, noun: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> count(1, "event"), count(1200, "cell")
    ('1 event', '1,200 cells')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shares_in_words(shares: pd.DataFrame, *, method: HotspotMethod) -> pd.DataFrame:
    """Return the shares of reasons as words, the most given first."""
    return pd.DataFrame(
        {
            "What": shares["factor"],
            "Events": [f"{n} of {of}" for n, of in zip(shares["n"], shares["of"], strict=True)],
            f"Share ({method.interval_words})": [
                f"{row.share:.0%} ({row.lower:.0%} to {row.upper:.0%})" for row in shares.itertuples()
            ],
        }
    )


def hours_in_words(hours: NDArray[Any]) -> str:
    """Say in one sentence when reports fall, for those who do not see the chart."""
    day, hour = divmod(int(hours.argmax()), 24)
    return f"When reports fall in the week: most on {_DAYS[day]} between {hour:02d}:00 and {(hour + 1) % 24:02d}:00."


def hours_as_table(hours: NDArray[Any]) -> pd.DataFrame:
    """Return the events by hour of the clock (rows) and day of the week (columns), to a tenth.

    Examples
    --------
    >>> import numpy as np
    >>> table = hours_as_table(np.eye(7, 24) / 3)
    >>> table.shape, table.iloc[1, :3].to_dict()
    ((24, 8), {'From': '01:00', 'Monday': 0.0, 'Tuesday': 0.3})
    """
    days = {day: hours[row].round(1) for row, day in enumerate(_DAYS)}
    return pd.DataFrame({"From": [f"{hour:02d}:00" for hour in range(24)], **days})


def letters(planned: WalkPlanned) -> list[str]:
    """Return a letter for each option, in the order shown."""
    return [chr(ord("A") + place) for place in range(len(planned.options.routes))]


def lettered(planned: WalkPlanned) -> gpd.GeoDataFrame:
    """Return the options as lines: ``option`` (its letter), ``length_m, reports_nearby, geometry``."""
    shown = planned.options.routes
    return gpd.GeoDataFrame(
        {
            "option": letters(planned),
            "length_m": [route.length_m for route in shown],
            "reports_nearby": [route.reports_nearby for route in shown],
        },
        geometry=[route.geometry for route in shown],
        crs=4326,
    )


def option_cards(planned: WalkPlanned) -> str:
    """Return the options side by side, each with the same facts in the same order."""
    against = _against_shortest(planned)
    first = planned.options.stability.shares()
    cards = [
        _option_card(letter, route, against.get(route.name, ""), share, planned.options.method)
        for letter, route, share in zip(letters(planned), planned.options.routes, first, strict=True)
    ]
    return f'<div class="ss-options">{"".join(cards)}</div>'


def told_beside(planned: WalkPlanned) -> str:
    """Say under the cards what the walks keep to, what that changes, and how far the order rests on weights."""
    made = planned.options
    shown = made.routes[0].length_m
    kept = f"{'; '.join(made.limits.words())}. The shortest walk is {shown:,.0f} m; without these limits "
    limits = f"{kept}{made.unlimited_m:,.0f} m. " if made.limits else ""
    return limits + (made.stability.sentence() if len(made.routes) > 1 else "")


def _option_card(letter: str, route: Route, against: str, first: str, method: RouteMethod) -> str:
    longer = f"{route.detour:.0%} longer than the shortest" if route.detour >= 0.005 else "the shortest"
    facts = {
        "Reports nearby, weighted by distance": f"{route.reports_nearby:.1f}",
        method.interval_words: f"{route.reports_nearby_lower:.1f} to {route.reports_nearby_upper:.1f}",
        "Reports within reach": f"{route.reports_within_reach:,}",
        "Steps": _metres(route.steps_m),
        "Tunnel or underpass": _metres(route.tunnel_m),
        "Unpaved": _metres(route.unpaved_m),
        "Surface not known": f"{route.surface_unknown_m:,.0f} m",
        "Marked crossings": f"{route.crossings:,}",
        "Cameras mapped": f"{route.cameras:,}",
        "First under": f"{first} of weightings",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    told = f'<p class="ss-quiet">{escape(against)}</p>' if against else ""
    return (
        f'<section class="ss-option ss-option-{letter}"><h3><span class="ss-rank">{letter}</span>{escape(route.name)}</h3>'
        f'<p><span class="ss-figure">{route.walk_s / 60:.0f} min</span>{route.length_m:,.0f} m, {longer}</p>'
        f"{_lighting(route)}<dl>{rows}</dl>{told}</section>"
    )


def _against_shortest(planned: WalkPlanned) -> dict[str, str]:
    """Return by option what is said of it against the shortest, from the figures of the pair."""
    pairs = planned.options.pairs
    ours = pairs[pairs["option"] == planned.options.routes[0].name]
    return {str(pair.other): _pair_in_words(pair) for pair in ours.itertuples()}


def _pair_in_words(pair: Any) -> str:
    """Say of the second of two options whether it has fewer reports nearby than the first.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> pair = SimpleNamespace(option="Shortest", other="Balanced", fewer="Balanced", share_lower=0.03)
    >>> _pair_in_words(pair)
    'Than the shortest: fewer reports nearby (97% of resamples)'
    >>> pair = SimpleNamespace(option="Shortest", other="Balanced", fewer="Shortest", share_lower=1.0)
    >>> _pair_in_words(pair)
    'Than the shortest: more reports nearby (100% of resamples)'
    >>> _pair_in_words(SimpleNamespace(fewer="", verdict="Not distinguishable"))
    'Against the shortest: not distinguishable'
    """
    if not pair.fewer:
        return f"Against the shortest: {pair.verdict[0].lower()}{pair.verdict[1:]}"
    word, share = ("fewer", 1 - pair.share_lower) if pair.fewer == pair.other else ("more", pair.share_lower)
    return f"Than the shortest: {word} reports nearby ({share:.0%} of resamples)"


def _metres(length_m: float) -> str:
    return f"{length_m:,.0f} m" if length_m >= 0.5 else "none mapped"


def _lighting(route: Route) -> str:
    """Return the lighting of an option as a bar and in words; not known has its own place in both."""
    parts = (
        ("lit", route.lit_yes_m, BLUE),
        ("unlit", route.lit_no_m, INK),
        ("not known", route.lit_unknown_m, "repeating-linear-gradient(45deg,#6f777b 0 1px,#fff 1px 5px)"),
    )
    shares = [(name, length_m / route.length_m, ground) for name, length_m, ground in parts]
    bar = "".join(
        f'<span style="width:{share:.1%};background:{ground}"></span>' for _, share, ground in shares
    )
    said = ", ".join(f"{share:.0%} {name}" for name, share, _ in shares)
    return f'<div class="ss-bar" aria-hidden="true">{bar}</div><p>Lighting as mapped: {said}</p>'


def facts_by_option(planned: WalkPlanned) -> pd.DataFrame:
    """Return the comparison with facts as rows and options as columns."""
    turned = planned.table.drop(columns="Option").T
    turned.columns = pd.Index(
        [f"{letter}: {name}" for letter, name in zip(letters(planned), planned.table["Option"], strict=True)]
    )
    return turned.map(_said).rename_axis("Fact").reset_index()


def _said(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def reasons_in_words(route: Route) -> pd.DataFrame:
    """Return the segments of one option in walking order, with what is mapped there and the reports near it."""
    rows = route.reasons
    also = [_also(row) for row in rows.to_dict("records")]
    return pd.DataFrame(
        {
            "Segment": rows["segment"].astype(str),
            "Street": rows["name"],
            "Length": [f"{length_m:,.0f} m" for length_m in rows["length_m"]],
            "Lighting as mapped": [
                _LIT[lit] + (", lamps mapped nearby" if lamps and lit == "unknown" else "")
                for lit, lamps in zip(rows["lit"], rows["lamp_lit"], strict=True)
            ],
            "Surface as mapped": rows["surface"].replace("unknown", "not known").str.capitalize(),
            "Also": also,
            "Reports nearby": rows["reports_nearby"].map("{:.2f}".format),
            "Share of the option": rows["share"].map("{:.0%}".format),
        }
    )


def _also(row: Mapping[Any, Any]) -> str:
    """Say what else is mapped on a segment.

    Examples
    --------
    >>> _also({"steps": True, "tunnel": False, "sight": "Alley", "hours": "06:00-22:00"})
    'steps, alley, open 06:00-22:00'
    """
    hidden = row["sight"].lower() or ("tunnel or underpass" if row["tunnel"] else "")
    told = ("steps" if row["steps"] else "", hidden, f"open {row['hours']}" if row["hours"] else "")
    return ", ".join(filter(None, told)) or "none mapped"
