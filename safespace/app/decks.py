"""The live maps: decks of :mod:`safespace.maps`, fitted to how Streamlit shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydeck as pdk
import shapely

from safespace import maps
from safespace.app import formatting
from safespace.maps.palette import INK, WHITE, rgb

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from safespace.pipeline import Agreement, PlacesFound, WalkPlanned

MAP_HEIGHT_PX = 500
WALK_HEIGHT_PX = 480


def hex_map(answer: PlacesFound, streets: gpd.GeoDataFrame | None, *, picked: int, turn: int) -> pdk.Deck:
    """Return the deck of one finding; where it looks depends on the area alone, so filters never move it.

    ``turn`` counts the picks of this session. Streamlit fades every cell but the selected one for as long
    as the layer that was clicked is there, and a faded colour would mean another class: with the count in
    its name, the clicked layer is gone once the pick has been read.
    """
    deck = maps.hex_deck(
        answer.hotspots,
        viewport=maps.Viewport.of(answer.area, width_px=700, height_px=MAP_HEIGHT_PX),
        streets=streets,
        names=answer.names,
        chosen=(picked,) if picked else (),
    )
    for layer in deck.layers:
        if layer.pickable:
            layer.id = f"{layer.id}-{turn}"
    deck.layers.append(_numbers(answer.places))
    return deck


def agreement_map(agreement: Agreement, streets: gpd.GeoDataFrame | None, *, picked: int) -> pdk.Deck:
    """Return the deck of where felt and recorded agree, looking where the map of the places first looks."""
    return maps.agreement_deck(
        agreement.agreed,
        viewport=maps.Viewport.of(agreement.area, width_px=700, height_px=MAP_HEIGHT_PX),
        streets=streets,
        names=agreement.names,
        chosen=(picked,) if picked else (),
    )


def _numbers(places: pd.DataFrame) -> pdk.Layer:
    """Return the layer that writes each place's number on the map, as the list beside it does."""
    data = [
        {"at": [round(lon, 5), round(lat, 5)], "number": str(number)}
        for lon, lat, number in zip(places["lon"], places["lat"], places["place"], strict=True)
    ]
    return pdk.Layer(
        "TextLayer",
        data,
        id="numbers",
        get_position="at",
        get_text="number",
        get_size=16,
        get_color=rgb(INK),
        font_weight=700,
        font_family=pdk.types.String("Source Sans, Arial, sans-serif"),
        background=True,
        get_background_color=rgb(WHITE),
        get_border_color=rgb(INK),
        get_border_width=2,
        background_padding=[6, 2],
        get_pixel_offset=[0, -22],
        pickable=False,
    )


def walk_map(planned: WalkPlanned, streets: gpd.GeoDataFrame | None) -> pdk.Deck:
    """Return the deck of the walking options, looking at all of them."""
    lines = formatting.lettered(planned)
    say = {
        letter: f"{route.name}: {route.walk_s / 60:.0f} min, {route.length_m:,.0f} m"
        for letter, route in zip(lines["option"], planned.options.routes, strict=True)
    }
    around = shapely.box(*lines.total_bounds)
    viewport = maps.Viewport.of(around, width_px=700, height_px=WALK_HEIGHT_PX)
    return maps.route_deck(lines, viewport=viewport, streets=streets, say=say)
