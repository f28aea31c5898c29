from .accessible_table import count_in_words, hex_table, rate_in_words
from .agreement import agreement_table
from .charts import hour_chart_svg, trade_off_svg
from .decks import Viewport, agreement_deck, agreement_legend, hex_deck, route_deck
from .months import KIND_WORDS, key_lines, month_chart_svg, number_marks
from .pages import PageText, agreement_page, hex_page, route_page
from .palette import classify, legend
from .static import area_map_svg
from .thumbnails import points_svg

__all__ = [
    "KIND_WORDS",
    "PageText",
    "Viewport",
    "agreement_deck",
    "agreement_legend",
    "agreement_page",
    "agreement_table",
    "area_map_svg",
    "classify",
    "count_in_words",
    "hex_deck",
    "hex_page",
    "hex_table",
    "hour_chart_svg",
    "key_lines",
    "legend",
    "month_chart_svg",
    "number_marks",
    "points_svg",
    "rate_in_words",
    "route_deck",
    "route_page",
    "trade_off_svg",
]
