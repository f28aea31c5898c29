"""Map pages that open with no network: folium's map, Leaflet inlined, own streets, and the table below.

The page carries a content policy that forbids every outside request, so that opening it tells nobody
which area is being looked at. Words in popups are set as text and never read as markup.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import folium
import h3.api.basic_int as h3
import jinja2
import pandas as pd
import shapely
from folium.utilities import JsCode

from safespace import tone
from safespace.errors import AreaError, InputError
from safespace.maps.accessible_table import GATHERED, NONE, hex_table
from safespace.maps.agreement import STYLES as AGREEMENT_STYLES
from safespace.maps.agreement import agreement_table
from safespace.maps.naming import joined, numbers_of, place_marks
from safespace.maps.palette import (
    BLUE,
    DARK_BLUE,
    HIGHER_CLASSES,
    INK,
    LIGHT_BLUE,
    MID_GREY,
    OSM_CREDIT,
    SYNTHETIC,
    Style,
    classify,
    legend,
    style_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import geopandas as gpd
    from branca.element import Element
    from shapely.geometry.base import BaseGeometry

    from safespace.hotspots import Agreed, Hotspots

HOW_TO_REPORT = (
    "To report: 999 in an emergency, 101 otherwise. On trains and at stations text British Transport Police "
    "on 61016. Where you felt unsafe can be told anonymously on StreetSafe, police.uk/streetsafe."
)
_CELLS_SHOW = (
    "Where more reports were received than the area's usual, with how sure that is.",
    "Each cell beside what its share of the baseline would give. Cells of one class are not ranked.",
)
_CELLS_DO_NOT_SHOW = (
    tone.ABSENCE,
    "What happened at an address, or to whom. Cells are areas, not points.",
    "What comes next: every figure is about the period stated.",
    "Private places and the internet.",
)
_AGREEMENT_SHOWS = (
    "Where public reports, recorded incidents, or both, are higher than the area's usual for each.",
    "Higher in one only is not a mistake of the other: most of what makes people uneasy is never an incident.",
)
_ROUTES_SHOW = (
    "Options for the same walk, with the conditions along each, so that partners can see what to mend.",
)
_ROUTES_DO_NOT_SHOW = (
    "Which way anyone ought to walk. Options are compared to find segments to improve.",
    "Lighting where it is not mapped: unknown is neither lit nor unlit.",
    tone.ABSENCE,
)
_PAINTS = {"": "", "stripe": "url(#ss-stripe)", "cross": "url(#ss-cross)", "dot": "url(#ss-dot)"}
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
_OPTION_LINES = ((DARK_BLUE, None), (BLUE, "10 6"), (INK, "2 6"), (LIGHT_BLUE, "14 4 2 4"), (INK, "6 4"))
_URL = re.compile(r"https?://(?!www\.w3\.org)[^\s\"'*)]+")
_GRID = 1e-5  # degrees; about a metre


@dataclass(frozen=True)
class PageText:
    """The words around a map.

    Only the title is needed; what is left blank is filled in by the kind of page. ``credits`` are the
    sources to credit (``streets_credit`` is added wherever streets are drawn), and ``synthetic`` says that
    the data are made up, which the page then shows at the top.
    """

    title: str
    subtitle: str = ""
    credits: tuple[str, ...] = ()
    synthetic: bool = False
    caption: str = ""
    key_note: str = ""
    shows: tuple[str, ...] = ()
    does_not_show: tuple[str, ...] = ()
    table_title: str = "The same facts as a table"
    how_to_report: str = HOW_TO_REPORT
    streets_credit: str = OSM_CREDIT


@dataclass(frozen=True)
class _Row:
    values: tuple[str, ...]
    target: str = ""


@dataclass(frozen=True)
class _Sheet:
    """What one page is made of."""

    text: PageText
    columns: tuple[str, ...]
    rows: tuple[_Row, ...]
    key: list[dict[str, Any]]
    facts: dict[str, dict[str, Any]]


def hex_page(
    finding: Hotspots,
    *,
    area: BaseGeometry,
    text: PageText,
    streets: gpd.GeoDataFrame | None = None,
    places: pd.DataFrame | None = None,
) -> str:
    """Write a page with a map of cells, its key and its table.

    Parameters
    ----------
    finding
        The finding; its method says what the intervals are.
    area
        Polygon, EPSG:4326; the map opens on it.
    text
        The words around the map.
    streets
        Columns ``name, highway, geometry`` (lines, EPSG:4326).
    places
        Columns ``place``, ``cells`` (a list) and, where known, ``name``: of :func:`safespace.hotspots.places`, say.

    Returns
    -------
    str
        HTML; the same input gives the same text.

    Raises
    ------
    AreaError
        When the area is empty.
    """
    hotspots, accessible = finding.table, hex_table(finding, names=_names(places))
    ground = _ground(area, streets)
    _add_cells(ground, hotspots)
    classes = classify(hotspots)
    hot = bool(classes.isin(HIGHER_CLASSES).any())
    words = replace(
        text,
        caption=text.caption or "Cells higher than their usual first, then in the order of the grid.",
        key_note=text.key_note or ("Low end: of the rate's interval. A rate of 1 is usual." if hot else ""),
        shows=text.shows or _CELLS_SHOW,
        does_not_show=text.does_not_show or _CELLS_DO_NOT_SHOW,
        credits=_credits(text, with_streets=streets is not None),
    )
    rows = tuple(_Row(tuple(row), _target(row)) for row in accessible.itertuples(index=False, name=None))
    key = [_swatch(style) for style in legend(classes)]
    facts = _cell_facts(hotspots, accessible, place_marks(places))
    return _write(ground, _Sheet(words, tuple(accessible.columns), rows, key, facts))


def agreement_page(
    agreed: Agreed,
    *,
    area: BaseGeometry,
    text: PageText,
    streets: gpd.GeoDataFrame | None = None,
    names: Mapping[int, str] | None = None,
) -> str:
    """Write a page with a map of where public reports and recorded incidents agree, its key and its table.

    Parameters
    ----------
    agreed
        From :func:`safespace.hotspots.agree`.
    area, text, streets
        As for :func:`hex_page`.
    names
        Name of a place by cell, where it has one.

    Returns
    -------
    str
        HTML; the same input gives the same text.

    Raises
    ------
    AreaError
        When the area is empty.
    """
    agreement, accessible = agreed.table, agreement_table(agreed, names=names)
    ground = _ground(area, streets)
    classes = agreement["agreement"].map(lambda name: AGREEMENT_STYLES[name].name)
    present = [style for style in AGREEMENT_STYLES.values() if style.name in set(classes)]
    _add_classes(ground, agreement["cell"].tolist(), classes, present)
    words = replace(
        text,
        caption=text.caption or "Each layer is beside its own usual. The two are never added together.",
        shows=text.shows or _AGREEMENT_SHOWS,
        does_not_show=text.does_not_show or _CELLS_DO_NOT_SHOW,
        credits=_credits(text, with_streets=streets is not None),
    )
    rows = tuple(_Row(tuple(row), _target(row)) for row in accessible.itertuples(index=False, name=None))
    key = [_swatch(style) for style in present]
    return _write(
        ground, _Sheet(words, tuple(accessible.columns), rows, key, _agreement_facts(agreement, accessible))
    )


def _agreement_facts(agreement: pd.DataFrame, accessible: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what each cell's popup says, by its identifier."""
    told = {row[1]: row for row in accessible.itertuples(index=False, name=None)}
    facts = {}
    for cell, name in sorted(zip(agreement["cell"].tolist(), agreement["agreement"], strict=True)):
        row, style = told.get(f"{cell:x}"), AGREEMENT_STYLES[name]
        layers = () if row is None else (f"Public reports: {row[2]}", f"Recorded incidents: {row[3]}")
        title = f"Cell {cell:x}" if row is None or row[0] == NONE else row[0]
        facts[f"{cell:x}"] = {
            "title": title,
            "lines": (style.words, *layers),
            "stop": row is not None,
            "mark": style.mark,
            "beside": True,
            "kind": f"ss-mark ss-mark-{style.name}",
        }
    return facts


def route_page(
    routes: gpd.GeoDataFrame,
    *,
    text: PageText,
    streets: gpd.GeoDataFrame | None = None,
    comparison: pd.DataFrame | None = None,
) -> str:
    """Write a page with walking options, their conditions and the table that compares them.

    Parameters
    ----------
    routes
        Columns ``option, length_m, geometry`` (lines, EPSG:4326).
    text
        The words around the map.
    streets
        Columns ``name, highway, geometry`` (lines, EPSG:4326).
    comparison
        One row an option in the order of ``routes``, columns as they should be read, the option first;
        by default the option and its length.

    Returns
    -------
    str
        HTML; the same input gives the same text.

    Raises
    ------
    InputError
        When there is no option to draw.
    """
    if routes.empty:
        raise InputError(
            "There is no walking option to draw.", code="no-walk-to-draw", remedy="Plan a route first."
        )
    table = _route_table(routes) if comparison is None else comparison.astype("str")
    ground = _ground(shapely.box(*routes.total_bounds), streets, outline=False)
    _add_routes(ground, routes)
    words = replace(
        text,
        caption=text.caption or "Walking options between the two points.",
        shows=text.shows or _ROUTES_SHOW,
        does_not_show=text.does_not_show or _ROUTES_DO_NOT_SHOW,
        credits=_credits(text, with_streets=True),
    )
    rows = tuple(
        _Row((f"{_letter(place)}: {row[0]}", *row[1:]), f"option-{place}")
        for place, row in enumerate(table.itertuples(index=False, name=None))
    )
    looks = [_route_look(place) for place in range(len(routes))]
    key = [
        {"words": f"{_letter(place)}  {option}", "stroke": look["color"], "dash": look["dashArray"] or "none"}
        for place, (option, look) in enumerate(zip(routes["option"], looks, strict=True))
    ]
    return _write(ground, _Sheet(words, tuple(table.columns), rows, key, _route_facts(table)))


def _names(places: pd.DataFrame | None) -> dict[int, str]:
    if places is None or places.empty:
        return {}
    numbers = numbers_of(places)
    names = places["name"] if "name" in places else [f"Place {number}" for number in numbers]
    return {
        int(cell): f"{number}: {name}" if "name" in places else str(name)
        for number, name, cells in zip(numbers, names, places["cells"], strict=True)
        for cell in cells
    }


def _credits(text: PageText, *, with_streets: bool) -> tuple[str, ...]:
    streets = (text.streets_credit,) if with_streets else ()
    return tuple(dict.fromkeys((*text.credits, *streets, *((SYNTHETIC,) if text.synthetic else ()))))


def _target(row: tuple[str, ...]) -> str:
    """Return the cell of a table row as hexadecimal, or nothing for a gathered row."""
    return row[1] if re.fullmatch(r"[0-9a-f]{15}", row[1]) else ""


def _ground(area: BaseGeometry, streets: gpd.GeoDataFrame | None, *, outline: bool = True) -> folium.Map:
    """Return a folium map without tiles or outside scripts, fitted to the area, with the streets on it."""
    if area is None or area.is_empty:
        raise AreaError(
            "The area to draw is empty.", code="area-to-draw-empty", remedy="Choose an area with a shape."
        )
    left, bottom, right, top = area.bounds
    ground = folium.Map(
        location=[(bottom + top) / 2, (left + right) / 2],
        tiles=None,
        control_scale=True,
        attribution_control=False,
        zoom_snap=0.25,
    )
    ground.default_js, ground.default_css = [], []
    ground.fit_bounds([[bottom, left], [top, right]])
    if streets is not None and not streets.empty:
        _add_streets(ground, streets, area)
    if outline:
        _add_layer(ground, [_feature(area.boundary, {})], lambda _: _line(DARK_BLUE, 2, "8 4"))
    return ground


def _add_streets(ground: folium.Map, streets: gpd.GeoDataFrame, area: BaseGeometry) -> None:
    frame = _frame(area)
    near = streets[streets.intersects(frame)]
    main = near["highway"].str.removesuffix("_link").isin(_MAIN)
    for chosen, weight in ((~main, 1), (main, 2.5)):
        lines = near.geometry[chosen].intersection(frame).to_numpy()
        if len(lines):
            merged = shapely.MultiLineString(joined(lines, tolerance=2 * _GRID))
            _add_layer(ground, [_feature(merged, {})], lambda _, w=weight: _line(MID_GREY, w))


def _frame(area: BaseGeometry) -> BaseGeometry:
    """Return the box the streets are cut to: wide enough to fill a landscape map that shows the area."""
    left, bottom, right, top = area.bounds
    side = max(right - left, 1.6 * (top - bottom)) * 0.7 + 0.002
    x, y = (left + right) / 2, (bottom + top) / 2
    return shapely.box(x - 1.7 * side, y - 0.7 * side, x + 1.7 * side, y + 0.7 * side)


def _add_cells(ground: folium.Map, hotspots: pd.DataFrame) -> None:
    classes = classify(hotspots)
    _add_classes(ground, hotspots["cell"].tolist(), classes, legend(classes))


def _add_classes(
    ground: folium.Map, cells: Sequence[int], classes: pd.Series, styles: Sequence[Style]
) -> None:
    features = []
    for cell, style in sorted(zip(cells, classes, strict=True)):
        if style != "edge":
            shape = shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
            features.append(_feature(shape, {"target": f"{cell:x}", "class": style}))
    looks = {style.name: _cell_look(style) for style in styles}
    _add_layer(ground, features, lambda feature: looks[feature["properties"]["class"]], bind=True)


def _cell_facts(
    hotspots: pd.DataFrame, accessible: pd.DataFrame, numbers: Mapping[int, str]
) -> dict[str, dict[str, Any]]:
    """Return what each cell's popup says, by its identifier."""
    words = {row[1]: row for row in accessible.itertuples(index=False, name=None)}
    facts = {}
    for cell, style in sorted(zip(hotspots["cell"].tolist(), classify(hotspots), strict=True)):
        row = words.get(f"{cell:x}")
        title, lines = _popup(row) if row else (style_of(style).words, (tone.ABSENCE,))
        facts[f"{cell:x}"] = {
            "title": title,
            "lines": lines,
            "stop": style not in GATHERED,
            "mark": numbers.get(cell, "") or style_of(style).mark,
            "beside": True,
            "kind": "ss-number" if cell in numbers else f"ss-mark ss-mark-{style}",
        }
    return facts


def _popup(row: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    name, cell, _, _, compared, meaning = row
    title = name if name != NONE else f"Cell {cell}"
    return title, (meaning,) if compared == meaning else (meaning, compared)


def _cell_look(style: Style) -> dict[str, Any]:
    return {
        "color": style.line,
        "weight": 1.8 if style.mark else 0.6,
        "fillColor": style.fill,
        "fillOpacity": 0.85 if style.mark else 0.55,
        "className": f"ss-{style.name}",
    }


def _line(colour: str, weight: float, dash: str | None = None) -> dict[str, Any]:
    look = {"color": colour, "weight": weight, "fill": False, "interactive": False}
    return look if dash is None else {**look, "dashArray": dash}


def _add_routes(ground: folium.Map, routes: gpd.GeoDataFrame) -> None:
    features = [
        _feature(shape, {"target": f"option-{place}", "class": place})
        for place, shape in enumerate(routes.geometry)
    ]
    _add_layer(ground, features, lambda feature: _route_look(feature["properties"]["class"]), bind=True)


def _route_look(place: int) -> dict[str, Any]:
    colour, dash = _OPTION_LINES[place % len(_OPTION_LINES)]
    return {"color": colour, "weight": 5, "fill": False, "dashArray": dash}


def _letter(place: int) -> str:
    """Return what marks an option on the map: A for the first."""
    return ascii_uppercase[place % len(ascii_uppercase)]


def _route_facts(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what each option's popup says, by its place in the table."""
    return {
        f"option-{place}": {
            "title": f"{_letter(place)}: {row[0]}",
            "lines": [f"{column}: {value}" for column, value in zip(table.columns[1:], row[1:], strict=True)],
            "stop": True,
            "mark": _letter(place),
            "kind": "ss-number",
        }
        for place, row in enumerate(table.itertuples(index=False, name=None))
    }


def _route_table(routes: gpd.GeoDataFrame) -> pd.DataFrame:
    lengths = routes["length_m"].map("{:,.0f} m".format)
    return pd.DataFrame({"Option": routes["option"].astype("str"), "Length": lengths})


def _feature(shape: BaseGeometry, facts: Mapping[str, Any]) -> dict[str, Any]:
    geometry = shapely.set_precision(shape, _GRID, mode="pointwise")
    return {
        "type": "Feature",
        "properties": dict(facts),
        "geometry": json.loads(shapely.to_geojson(geometry)),
    }


def _add_layer(ground: folium.Map, features: list[dict[str, Any]], style: Any, *, bind: bool = False) -> None:
    collection = {"type": "FeatureCollection", "features": features}
    each = JsCode("safespace.bind") if bind else None
    folium.GeoJson(collection, style_function=style, on_each_feature=each).add_to(ground)


def _swatch(style: Style) -> dict[str, Any]:
    return {
        "words": style.words,
        "paint": _PAINTS[style.hatch] or style.fill,
        "line": style.line,
        "width": 1.6 if style.mark else 1,
        "mark": style.mark,
        "ink": style.ink,
        "dashed": style.dashed,
    }


def _write(ground: folium.Map, sheet: _Sheet) -> str:
    """Put the map into the page.

    Words never pass through folium: it reads what it is given as a template once more, so that a street
    named ``{{ ... }}`` would be run. Its features carry identifiers only; this template writes the words.
    """
    figure = ground.get_root()
    for place, element in enumerate(_elements(figure)):
        element._id = f"{place:06x}"  # noqa: SLF001 -- folium's random identifiers would change the bytes
    ground.render()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(_part("page", "page.html"))
    return template.render(
        page=sheet.text,
        columns=sheet.columns,
        rows=sheet.rows,
        key=sheet.key,
        facts=sheet.facts,
        leaflet_js=_without_outside(_part("leaflet", "leaflet.js")),
        leaflet_licence=_part("leaflet", "LICENSE.txt"),
        leaflet_css=_without_outside(re.sub(r"url\([^)]*\)", "none", _part("leaflet", "leaflet.css"))),
        page_js=_part("page", "page.js"),
        page_css=_part("page", "page.css"),
        map_html=figure.html.render(),
        map_script=figure.script.render(),
    )


def _elements(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():  # noqa: SLF001 -- branca offers no other way to walk its tree
        yield from _elements(child)


def _without_outside(text: str) -> str:
    """Take web addresses out of a vendored file's comments and links, so that a page names no other host."""
    return _URL.sub("", text).split("//# sourceMappingURL", maxsplit=1)[0]


@cache
def _part(*names: str) -> str:
    return files("safespace.maps").joinpath(*names).read_text(encoding="utf-8")
