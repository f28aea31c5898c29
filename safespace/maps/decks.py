"""Live maps for the app: pydeck decks with cell identifiers on the wire and no outside request.

Cells travel as identifiers, not polygons, in one layer a class, so that colour and outline are said
once; only columns named here ever reach a browser. Layer identifiers never change and the viewport is given
by the caller, so that a filter changes what is drawn and never where the reader looks.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import h3.api.basic_int as h3
import pydeck as pdk
import shapely

from safespace.maps.accessible_table import GATHERED, NONE, hex_table
from safespace.maps.agreement import GATHERED as GATHERED_AGREEMENT
from safespace.maps.agreement import STYLES as AGREEMENT_STYLES
from safespace.maps.agreement import agreement_table
from safespace.maps.naming import joined
from safespace.maps.palette import (
    BLUE,
    DARK_BLUE,
    GREY,
    INK,
    LIGHT_BLUE,
    MID_GREY,
    STYLES,
    WHITE,
    Style,
    classify,
    rgb,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from safespace.hotspots import Agreed, Hotspots

CELL_COLUMNS = ("cell", "title", "say")
ROUTE_COLUMNS = ("option", "title", "say", "path")
STREET_VERTICES = 9_000

_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
_SIGNS = {"hidden": "\u00d7", "not_known": "?", "neither": "="}
_THIN_PT = 0.3
_OPTION_COLOURS = (DARK_BLUE, BLUE, INK, LIGHT_BLUE, GREY)


@dataclass(frozen=True)
class Viewport:
    """Where a map looks: degrees of WGS 84 and a web-map zoom."""

    lon: float
    lat: float
    zoom: float

    @classmethod
    def of(cls, area: BaseGeometry, *, width_px: int = 760, height_px: int = 520) -> Viewport:
        """Return the viewport that shows a whole area (EPSG:4326) in a map of that size.

        Examples
        --------
        >>> Viewport.of(shapely.box(-2.0, 52.4, -1.8, 52.5))
        Viewport(lon=-1.9, lat=52.45, zoom=10.92)
        """
        left, bottom, right, top = area.bounds
        lat = (bottom + top) / 2
        across = max(right - left, 1e-4) / (360 * width_px / 512)
        up = max(top - bottom, 1e-4) / (360 * math.cos(math.radians(lat)) * height_px / 512)
        return cls(round((left + right) / 2, 5), round(lat, 5), round(-math.log2(max(across, up)) - 0.2, 2))


class SlimDeck(pdk.Deck):  # type: ignore[misc, unused-ignore]
    """A deck whose JSON carries no blanks: pydeck writes each number on a line of its own."""

    def to_json(self) -> str:
        """Return the deck as JSON, without indentation."""
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"), ensure_ascii=False)


def hex_deck(
    finding: Hotspots,
    *,
    viewport: Viewport,
    streets: gpd.GeoDataFrame | None = None,
    names: Mapping[int, str] | None = None,
    chosen: Iterable[int] = (),
) -> pdk.Deck:
    """Return a deck of cells over streets.

    Parameters
    ----------
    finding
        The finding; its method says what the intervals are.
    viewport
        Where the map looks; the same whatever is filtered.
    streets
        Columns ``highway, geometry`` (lines, EPSG:4326).
    names
        Name of a place by cell, where it has one.
    chosen
        Cells to outline, for example the ones chosen in the table.

    Returns
    -------
    pydeck.Deck
        Layers ``cells-<class>``, ``signs`` and ``chosen``, always all of them, over the streets of :func:`street_style`.

    Notes
    -----
    Each cell carries :data:`CELL_COLUMNS` and nothing else: what a browser holds, a reader can read.
    """
    hotspots, facts = finding.table, _cell_facts(finding, names or {})
    classes = classify(hotspots)
    layers = [
        *(
            # most cells by far: identifiers alone
            _class_layer(style, hotspots.loc[classes == style.name, "cell"], facts, style.name in GATHERED)
            for style in STYLES
        ),
        _sign_layer(hotspots["cell"], classes, STYLES),
        _chosen_layer(chosen),
    ]
    return _deck(layers, viewport, streets)


def agreement_deck(
    agreed: Agreed,
    *,
    viewport: Viewport,
    streets: gpd.GeoDataFrame | None = None,
    names: Mapping[int, str] | None = None,
    chosen: Iterable[int] = (),
) -> pdk.Deck:
    """Return a deck of where public reports and recorded incidents agree, over streets.

    Parameters
    ----------
    agreed
        From :func:`safespace.hotspots.agree`; cells outside the area are left out.
    viewport, streets, names, chosen
        As for :func:`hex_deck`.

    Returns
    -------
    pydeck.Deck
        Layers ``cells-<class>``, ``signs`` and ``chosen``, always all of them, over the streets of :func:`street_style`.
        What a cell says has both layers apart, each beside its own usual.
    """
    agreement, facts = agreed.table, _agreement_facts(agreed, names or {})
    classes = agreement["agreement"].map(lambda name: AGREEMENT_STYLES[name].name)
    styles = agreement_legend(AGREEMENT_STYLES)
    layers = [
        *(
            _class_layer(
                style, agreement.loc[classes == style.name, "cell"], facts, name in GATHERED_AGREEMENT
            )
            for name, style in zip(AGREEMENT_STYLES, styles, strict=True)
        ),
        _sign_layer(agreement["cell"], classes, styles),
        _chosen_layer(chosen),
    ]
    return _deck(layers, viewport, streets)


def agreement_legend(classes: Iterable[str]) -> tuple[Style, ...]:
    """Return the styles of an agreement that occur, as a deck draws them, for a key beside it.

    A deck has no hatches, so a class that another is told from by its hatch has a mark here.

    Examples
    --------
    >>> [(style.mark, style.words) for style in agreement_legend(["neither", "felt only"])]
    [('P', 'Higher than its usual in public reports only'), ('=', 'Not different from its usual in either')]
    """
    present = set(classes)
    return tuple(
        replace(style, mark=style.mark or _SIGNS.get(style.name, ""))
        for name, style in AGREEMENT_STYLES.items()
        if name in present
    )


def route_deck(
    routes: gpd.GeoDataFrame,
    *,
    viewport: Viewport,
    streets: gpd.GeoDataFrame | None = None,
    say: Mapping[str, str] | None = None,
    chosen: str | None = None,
) -> pdk.Deck:
    """Return a deck of walking options over streets.

    Parameters
    ----------
    routes
        Columns ``option, length_m, geometry`` (lines, EPSG:4326).
    viewport
        Where the map looks.
    streets
        Columns ``highway, geometry`` (lines, EPSG:4326).
    say
        What to say of each option, by its name; its length where nothing is given.
    chosen
        The option to draw broader.

    Returns
    -------
    pydeck.Deck
        Layers ``route-1`` ... in the order of ``routes``, ``ends`` and ``letters``.
    """
    words = {
        str(option): (say or {}).get(str(option), f"{length:,.0f} m")
        for option, length in zip(routes["option"], routes["length_m"], strict=True)
    }
    layers = []
    for place, (option, shape) in enumerate(zip(routes["option"], routes.geometry, strict=True)):
        layers.append(_route_layer(place, str(option), shape, words[str(option)], broad=option == chosen))
    return _deck([*layers, *_end_layers(routes)], viewport, streets)


def payload_bytes(deck: pdk.Deck) -> int:
    """Return how many bytes a deck sends to a browser."""
    return len(deck.to_json().encode())


def _deck(layers: list[pdk.Layer], viewport: Viewport, streets: gpd.GeoDataFrame | None) -> pdk.Deck:
    state = pdk.ViewState(
        longitude=viewport.lon, latitude=viewport.lat, zoom=viewport.zoom, pitch=0, bearing=0
    )
    # Text, never HTML: a street's name must not become markup.
    tooltip = {"text": "{title}\n{say}"}
    return SlimDeck(
        layers=layers,
        initial_view_state=state,
        map_provider="carto",
        map_style=street_style(streets, viewport),
        tooltip=tooltip,
    )


def _cell_facts(finding: Hotspots, names: Mapping[int, str]) -> dict[str, dict[str, str]]:
    accessible = hex_table(finding, names=names)
    rows = zip(
        accessible["Place"],
        accessible["Cell"],
        accessible["Compared with its usual"],
        accessible["What it means"],
        strict=True,
    )
    return {
        cell: {
            "title": meaning if name == NONE else f"{name}: {meaning}",
            "say": "" if says == meaning else says,
        }
        for name, cell, says, meaning in rows
    }


def _agreement_facts(agreed: Agreed, names: Mapping[int, str]) -> dict[str, dict[str, str]]:
    accessible = agreement_table(agreed, names=names)
    return {
        cell: {
            "title": meaning if name == NONE else f"{name}: {meaning}",
            "say": f"Public reports: {felt}\nRecorded incidents: {recorded}",
        }
        for name, cell, felt, recorded, meaning in accessible.itertuples(index=False, name=None)
    }


def _class_layer(
    style: Style, cells: pd.Series, facts: Mapping[str, dict[str, str]], silent: bool
) -> pdk.Layer:
    """Return the layer of one class; a silent one is identifiers alone, said to be so by "-"."""
    keys = [f"{int(cell):x}" for cell in sorted(cells)]
    strong = style.line_pt > _THIN_PT
    data: list[Any] = keys if silent else [{"cell": key, **facts[key]} for key in keys]
    return pdk.Layer(
        "H3HexagonLayer",
        data,
        id=f"cells-{style.name}",
        get_hexagon="-" if silent else "cell",
        get_fill_color=_deck_fill(style),
        get_line_color=rgb(style.line, 255 if strong else 110),
        line_width_min_pixels=2 if strong else 1,
        stroked=style.name != "edge",
        filled=True,
        extruded=False,
        pickable=not silent,
        auto_highlight=False,
    )


def _deck_fill(style: Style) -> list[int]:
    alphas = {
        "not_different": 190,
        "neither": 190,
        "too_few": 45,
        "hidden": 110,
        "not_known": 0,
        "none_received": 0,
        "edge": 0,
    }
    grey = style.name in {"too_few", "hidden"}
    return rgb(GREY if grey else style.fill, alphas.get(style.name, 215))


def _sign_layer(cells: pd.Series, classes: pd.Series, styles: Iterable[Style]) -> pdk.Layer:
    """Write a mark on every class that colour alone would tell from another."""
    drawn = tuple(styles)
    signs = {style.name: style.mark for style in drawn if style.mark} | _SIGNS
    inks = {style.name: rgb(style.ink) for style in drawn}
    data = []
    for cell, name in sorted(zip(cells, classes, strict=True)):
        if name in signs:
            lat, lon = h3.cell_to_latlng(int(cell))
            data.append({"at": [round(lon, 5), round(lat, 5)], "sign": signs[name], "ink": inks[name]})
    edge_m = h3.average_hexagon_edge_length(h3.get_resolution(int(cells.iloc[0])), "m") if len(cells) else 0
    return pdk.Layer(
        "TextLayer",
        data,
        id="signs",
        get_position="at",
        get_text="sign",
        get_color="ink",
        get_size=round(edge_m * 0.45, 1),
        size_units=pdk.types.String("meters"),
        size_max_pixels=18,
        font_weight=700,
        character_set=pdk.types.String("auto"),
        pickable=False,
    )


def _chosen_layer(chosen: Iterable[int]) -> pdk.Layer:
    return pdk.Layer(
        "H3HexagonLayer",
        [{"cell": f"{int(cell):x}"} for cell in sorted(chosen)],
        id="chosen",
        get_hexagon="cell",
        filled=False,
        stroked=True,
        extruded=False,
        get_line_color=rgb(INK),
        line_width_min_pixels=5,
        pickable=False,
    )


def street_style(streets: gpd.GeoDataFrame | None, viewport: Viewport) -> str:
    """Return a map style of our own as a data address: white paper and the streets near the viewport.

    The default style, and none at all, both ask a tile host. Streets travel here, where they stay the same
    from one filter to the next, and the map draws them once.
    """
    lines = {"main": [], "other": []} if streets is None or streets.empty else _near_lines(streets, viewport)
    style = {
        "version": 8,
        "sources": {name: _source(shapes) for name, shapes in lines.items()},
        "layers": [
            {"id": "paper", "type": "background", "paint": {"background-color": "white"}},
            *(_line_style(name, width) for name, width in (("other", 1), ("main", 2.5))),
        ],
    }
    return "data:application/json," + quote(json.dumps(style, separators=(",", ":")), safe='[]{}:,"-')


def _source(lines: list[list[list[float]]]) -> dict[str, Any]:
    geometry = {"type": "MultiLineString", "coordinates": lines}
    return {"type": "geojson", "data": {"type": "Feature", "properties": {}, "geometry": geometry}}


def _line_style(name: str, width: float) -> dict[str, Any]:
    red, green, blue, _ = rgb(MID_GREY)
    paint = {"line-color": f"rgb({red},{green},{blue})", "line-width": width}
    return {"id": f"streets-{name}", "type": "line", "source": name, "paint": paint}


def _near_lines(streets: gpd.GeoDataFrame, viewport: Viewport) -> dict[str, list[list[list[float]]]]:
    """Return the streets near the viewport, main streets first, until the vertices allowed are used up."""
    reach = 900 / 512 * 360 / 2**viewport.zoom
    near = streets[streets.intersects(shapely.Point(viewport.lon, viewport.lat).buffer(reach))]
    main = near["highway"].str.removesuffix("_link").isin(_MAIN).to_numpy()
    lines: dict[str, list[list[list[float]]]] = {"main": [], "other": []}
    left = STREET_VERTICES
    for name, chosen in (("main", main), ("other", ~main)):
        for part in joined(near.geometry.to_numpy()[chosen], tolerance=reach / 3000):
            points = shapely.get_coordinates(part).round(5).tolist()
            left -= len(points)
            if left < 0:
                return lines
            lines[name].append(points)
    return lines


def _route_layer(place: int, option: str, shape: BaseGeometry, say: str, *, broad: bool) -> pdk.Layer:
    points = [[round(x, 5), round(y, 5)] for x, y in shapely.get_coordinates(shape)]
    return pdk.Layer(
        "PathLayer",
        [{"option": option, "title": f"Option {option}", "say": say, "path": points}],
        id=f"route-{place + 1}",
        get_path="path",
        get_color=rgb(_OPTION_COLOURS[place % len(_OPTION_COLOURS)]),
        get_width=8 if broad else 5,
        width_units=pdk.types.String("pixels"),
        cap_rounded=True,
        joint_rounded=True,
        pickable=True,
    )


def _end_layers(routes: gpd.GeoDataFrame) -> list[pdk.Layer]:
    """Mark start and end, and write each option's letter on its middle, so that colour is not alone."""
    ends = shapely.get_coordinates(routes.geometry.iloc[0])[[0, -1]].round(5).tolist() if len(routes) else []
    marks = [{"at": at, "sign": sign} for at, sign in zip(ends, ("Start", "End"), strict=False)]
    for option, shape in zip(routes["option"], routes.geometry, strict=True):
        middle = shape.interpolate(0.5, normalized=True)
        marks.append({"at": [round(middle.x, 5), round(middle.y, 5)], "sign": str(option)})
    dots = [{"at": at} for at in ends]
    return [
        pdk.Layer(
            "ScatterplotLayer",
            dots,
            id="ends",
            get_position="at",
            get_radius=7,
            filled=True,
            stroked=True,
            radius_units=pdk.types.String("pixels"),
            get_fill_color=rgb(WHITE),
            get_line_color=rgb(INK),
            line_width_min_pixels=3,
            pickable=False,
        ),
        pdk.Layer(
            "TextLayer",
            marks,
            id="letters",
            get_position="at",
            get_text="sign",
            get_size=15,
            font_weight=700,
            get_color=rgb(INK),
            background=True,
            get_background_color=rgb(WHITE, 235),
            background_padding=[4, 2],
            get_pixel_offset=[0, -16],
            character_set=pdk.types.String("auto"),
            pickable=False,
        ),
    ]
