"""The live maps: decks of :mod:`safespace.maps`, fitted to how Streamlit shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydeck as pdk
import shapely
from pydeck.bindings.json_tools import default_serialize

from safespace import maps
from safespace.app import drawn
from safespace.maps.palette import INK, WHITE, rgb

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from safespace.pipeline import PlacesFound, WalkPlanned

MAP_HEIGHT_PX = 500
WALK_HEIGHT_PX = 480


class WrittenDeck(pdk.Deck):  # type: ignore[misc] # pydeck is untyped
    """A deck that is JSON already.

    pydeck writes indented JSON, which takes half a second and a third more bytes for a map of streets, on
    every change of any widget. This one is written once, compactly, and remembered.
    """

    def __init__(self, text: str, tooltip: Any) -> None:
        super().__init__(layers=[], tooltip=tooltip)
        self.text = text

    @classmethod
    def of(cls, deck: pdk.Deck) -> WrittenDeck:
        """Write a deck."""
        text = json.dumps(deck, sort_keys=True, default=default_serialize, separators=(",", ":"))
        return cls(text, deck._tooltip)  # noqa: SLF001 - pydeck offers no other way to read it

    def to_json(self) -> str:
        """Return the JSON as it was written."""
        return self.text


def hex_map(found: PlacesFound, streets: gpd.GeoDataFrame | None, *, picked: int, turn: int) -> WrittenDeck:
    """Return the deck of one finding; where it looks depends on the area alone, so filters never move it.

    ``turn`` counts the picks of this session. Streamlit fades every cell but the selected one for as long
    as the layer that was clicked is there, and a faded colour would mean another class: with the count in
    its name, the clicked layer is gone once the pick has been read.
    """
    deck = maps.hex_deck(
        found.hotspots.table,
        view=maps.View.of(found.area, width_px=700, height_px=MAP_HEIGHT_PX),
        streets=streets,
        names=found.names,
        chosen=(picked,) if picked else (),
        interval=found.hotspots.level,
    )
    for layer in deck.layers:
        if layer.pickable:
            layer.id = f"{layer.id}-{turn}"
    deck.layers.append(_numbers(found.places))
    return WrittenDeck.of(deck)


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


def walk_map(planned: WalkPlanned, streets: gpd.GeoDataFrame | None) -> WrittenDeck:
    """Return the deck of the walking options, looking at all of them."""
    lines = drawn.lettered(planned)
    say = {
        letter: f"{route.name}: {route.walk_s / 60:.0f} min, {route.length_m:,.0f} m"
        for letter, route in zip(lines["option"], planned.options.routes, strict=True)
    }
    around = shapely.box(*lines.total_bounds)
    view = maps.View.of(around, width_px=700, height_px=WALK_HEIGHT_PX)
    return WrittenDeck.of(maps.route_deck(lines, view=view, streets=streets, say=say))
