from __future__ import annotations

import json
from urllib.parse import unquote

import h3.api.basic_int as h3
import pandas as pd
import pytest
import shapely
from made_findings import agreed, finding

from safespace.hotspots import AGREEMENT
from safespace.maps.decks import (
    CELL_COLUMNS,
    STREET_VERTICES,
    Viewport,
    agreement_deck,
    agreement_legend,
    hex_deck,
    payload_bytes,
    route_deck,
    street_style,
)
from safespace.maps.palette import STYLES


@pytest.fixture
def viewport(area):
    return Viewport.of(area)


def _layers(deck):
    return {layer["id"]: layer for layer in json.loads(deck.to_json())["layers"]}


def test_layer_ids_and_view_do_not_move_with_the_data(hotspots, streets, viewport):
    full = json.loads(hex_deck(finding(hotspots), viewport=viewport, streets=streets).to_json())
    few = json.loads(hex_deck(finding(hotspots.iloc[:1]), viewport=viewport, streets=streets).to_json())
    none = json.loads(hex_deck(finding(hotspots.iloc[:0]), viewport=viewport).to_json())
    wanted = [*(f"cells-{style.name}" for style in STYLES), "signs", "chosen"]
    for deck in (full, few, none):
        assert [layer["id"] for layer in deck["layers"]] == wanted
        assert deck["initialViewState"] == full["initialViewState"]


def test_only_the_allowed_columns_reach_the_browser(hotspots, viewport):
    layers = _layers(hex_deck(finding(hotspots.assign(reporter="do not send")), viewport=viewport))
    for name, layer in layers.items():
        if name.startswith("cells-"):
            assert {key for row in layer["data"] if isinstance(row, dict) for key in row} <= set(CELL_COLUMNS)
    assert "do not send" not in json.dumps(layers)


def test_hidden_cells_send_no_number(hotspots, viewport):
    (row,) = _layers(hex_deck(finding(hotspots), viewport=viewport))["cells-hidden"]["data"]
    assert row["say"] == ""
    assert not any(character.isdigit() for character in row["title"])


def test_style_asks_no_host(hotspots, viewport):
    text = hex_deck(finding(hotspots), viewport=viewport).to_json()
    deck = json.loads(text)
    assert deck["mapStyle"] == street_style(None, viewport)
    assert deck["mapStyle"].startswith("data:application/json,")
    assert "http" not in text


def test_same_input_same_bytes_and_order_free(hotspots, streets, viewport):
    one = hex_deck(finding(hotspots), viewport=viewport, streets=streets).to_json()
    assert one == hex_deck(finding(hotspots.iloc[::-1]), viewport=viewport, streets=streets).to_json()


def test_payload_of_five_thousand_cells(hotspots, viewport):
    cells = sorted(h3.grid_disk(int(hotspots["cell"][0]), 40))
    many = pd.concat([hotspots.iloc[[5]]] * len(cells), ignore_index=True).assign(cell=cells)
    busy = pd.concat([many.iloc[:-1000], many.iloc[-1000:].assign(events=1)])
    assert len(busy) == 4921
    assert payload_bytes(hex_deck(finding(busy), viewport=viewport)) < 300_000


def test_streets_are_capped_main_streets_first(streets, viewport):
    wiggle = shapely.LineString(
        [(-1.9 + 0.00002 * (i % 300), 52.475 + 0.00001 * (i % 977)) for i in range(STREET_VERTICES)]
    )
    many = pd.concat([streets, streets.iloc[[1]].set_geometry([wiggle]).set_crs(4326)], ignore_index=True)
    style = json.loads(unquote(street_style(many, viewport).removeprefix("data:application/json,")))
    lines = {name: source["data"]["geometry"]["coordinates"] for name, source in style["sources"].items()}
    assert lines["main"] == [[[-1.93, 52.48], [-1.9, 52.4805], [-1.87, 52.48]]]
    assert sum(len(line) for drawn in lines.values() for line in drawn) <= STREET_VERTICES


def test_route_deck(routes, streets, viewport):
    layers = _layers(
        route_deck(routes, viewport=viewport, streets=streets, say={"A": "12 minutes"}, chosen="B")
    )
    assert list(layers) == ["route-1", "route-2", "ends", "letters"]
    assert layers["route-1"]["data"][0]["say"] == "12 minutes"
    assert layers["route-2"]["data"][0]["say"] == "1,100 m"
    assert layers["route-2"]["getWidth"] > layers["route-1"]["getWidth"]
    assert [mark["sign"] for mark in layers["letters"]["data"]] == ["Start", "End", "A", "B"]


def test_agreement_deck_says_both_layers_and_marks_every_class_but_one(viewport):
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(52.48, -1.9, 9), 1))[:5]
    told = pd.DataFrame(
        {
            "cell": cells,
            "agreement": AGREEMENT,
            **{
                f"{layer}_{part}": 2.0
                for layer in ("felt", "recorded")
                for part in ("events", "expected", "rate", "lower", "upper")
            },
        }
    )
    layers = _layers(agreement_deck(agreed(told), viewport=viewport, names={cells[0]: "Mill Lane"}))
    assert list(layers) == [
        *(f"cells-{name}" for name in ("both", "felt_only", "recorded_only", "neither", "too_few")),
        "signs",
        "chosen",
    ]
    (both,) = layers["cells-both"]["data"]
    assert set(both) == set(CELL_COLUMNS)
    assert both["title"].startswith("Mill Lane: Higher than its usual in both")
    assert both["say"].startswith("Public reports: ")
    assert "\nRecorded incidents: " in both["say"]
    assert layers["cells-neither"]["data"] == [f"{cells[3]:x}"]
    assert sorted(mark["sign"] for mark in layers["signs"]["data"]) == ["=", "B", "P", "R"]
    assert [style.mark for style in agreement_legend(AGREEMENT)] == ["B", "P", "R", "=", ""]
