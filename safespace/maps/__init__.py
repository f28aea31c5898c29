"""Maps and charts: static vector pictures, pages that open with no network, decks, and their table twin.

Every picture has a table with the same facts (:func:`table_twin`), one palette that never rests on
colour alone (:mod:`safespace.maps.palette`) and a credit line for the data drawn.
"""

from __future__ import annotations

from safespace.maps.accessible_table import count_in_words, rate_in_words, table_twin
from safespace.maps.agreement import agreement_twin
from safespace.maps.charts import hour_chart_svg, trade_off_svg
from safespace.maps.decks import View, agreement_deck, agreement_legend, hex_deck, route_deck
from safespace.maps.pages import PageText, agreement_page, hex_page, route_page
from safespace.maps.palette import classify, legend
from safespace.maps.static import area_map_svg
from safespace.maps.thumbnails import points_svg

__all__ = [
    "PageText",
    "View",
    "agreement_deck",
    "agreement_legend",
    "agreement_page",
    "agreement_twin",
    "area_map_svg",
    "classify",
    "count_in_words",
    "hex_deck",
    "hex_page",
    "hour_chart_svg",
    "legend",
    "points_svg",
    "rate_in_words",
    "route_deck",
    "route_page",
    "table_twin",
    "trade_off_svg",
]
