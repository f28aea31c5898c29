"""The area map as a vector picture for paper: streets, cells, numbered places, north, scale, credit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import shapely
import shapely.affinity
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from safespace.errors import AreaError
from safespace.maps.drawing import bare_axes, font, local_plane, new_figure, on_plane, to_svg
from safespace.maps.naming import has_name, joined, place_marks
from safespace.maps.palette import (
    DARK_BLUE,
    GREY,
    HIGHER_CLASSES,
    INK,
    MID_GREY,
    OSM_CREDIT,
    SYNTHETIC,
    WHITE,
    Style,
    classify,
    legend,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_KEY_MM = 47.0
_HATCH_PT = 0.35
_HATCHES = {"": "", "stripe": "///", "cross": "xxx", "dot": ".."}
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
_STREET_PT = {"main": 1.5, "other": 0.55}
# Past this width paths, service roads and the like are left out: on paper they merge into grey.
_FINE = ("service", "footway", "path", "steps", "cycleway", "track", "bridleway", "corridor")
_FINE_BELOW_M = 4500
_LANDMARKS = ("rail_station", "venue", "tram_stop")
_LABELS = 7
_LABEL_PT = 6.8
_SMALLEST_PT = 2.5
_NUMBER_PT = 13


@dataclass(frozen=True)
class _Ground:
    """What the layers are drawn on: the axes, its extent in metres and the plane's CRS."""

    axes: Axes
    extent: tuple[float, float, float, float]
    plane: str

    @property
    def box(self) -> BaseGeometry:
        return shapely.box(*self.extent)

    @property
    def metres_per_pt(self) -> float:
        return self.width_m / (self.axes.get_window_extent().width / self.axes.figure.dpi * 72)

    @property
    def width_m(self) -> float:
        return self.extent[2] - self.extent[0]


def area_map_svg(
    hotspots: pd.DataFrame,
    *,
    area: BaseGeometry,
    streets: gpd.GeoDataFrame | None = None,
    places: pd.DataFrame | None = None,
    assets: pd.DataFrame | None = None,
    size_mm: tuple[float, float] = (178, 112),
    synthetic: bool = False,
    streets_credit: str = OSM_CREDIT,
) -> bytes:
    """Draw an area's cells over its streets as SVG.

    Parameters
    ----------
    hotspots
        Table :data:`safespace.schemas.HOTSPOTS`.
    area
        Polygon, EPSG:4326; the map is fitted to it.
    streets
        Columns ``name, highway, geometry`` (lines, EPSG:4326).
    places
        Columns ``place`` (the number shown) and ``cells`` (cells of the place).
    assets
        Table :data:`safespace.schemas.ASSETS`; stations and venues are marked.
    size_mm
        Width and height of the picture, millimetres.
    synthetic
        Whether the data are made up; the picture then says so.
    streets_credit
        Whom to credit for the streets, when they are drawn.

    Returns
    -------
    bytes
        SVG; the same input gives the same bytes.

    Raises
    ------
    AreaError
        When the area is empty.
    """
    if area is None or area.is_empty:
        raise AreaError(
            "The area to draw is empty.", code="area-to-draw-empty", remedy="Choose an area with a shape."
        )
    figure = new_figure(*size_mm)
    ground = _ground(figure, area, size_mm)
    classes = classify(hotspots)
    lines = _streets_on(ground, streets)
    _draw_streets(ground, lines)
    marks = place_marks(places)
    marked = _draw_cells(ground, hotspots, classes, bare=_numbered_inside(ground, marks))
    _draw_streets_over(ground, lines, hotspots.loc[classes.isin(HIGHER_CLASSES), "cell"].tolist())
    _draw_outline(ground, area)
    taken = _draw_numbers(ground, marks)
    taken += _draw_landmarks(ground, assets, taken)
    _draw_street_names(ground, lines, taken + marked)
    credit = "" if streets is None else streets_credit
    _draw_key(figure, ground, legend(classes), size_mm, (SYNTHETIC if synthetic else "", credit))
    return to_svg(figure)


def _ground(figure: Figure, area: BaseGeometry, size_mm: tuple[float, float]) -> _Ground:
    plane = local_plane(area)
    width_mm, height_mm = size_mm[0] - _KEY_MM, size_mm[1]
    left, bottom, right, top = on_plane(gpd.GeoSeries([area], crs=4326), plane).total_bounds
    metres_per_mm = max((right - left) / width_mm, (top - bottom) / height_mm) * 1.06
    across, up = metres_per_mm * width_mm / 2, metres_per_mm * height_mm / 2
    x, y = (left + right) / 2, (bottom + top) / 2
    axes = bare_axes(figure, (0, 0, width_mm / size_mm[0], 1))
    axes.set_xlim(x - across, x + across)
    axes.set_ylim(y - up, y + up)
    return _Ground(axes, (x - across, y - up, x + across, y + up), plane)


def _streets_on(ground: _Ground, streets: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the streets inside the picture on its plane, with their class for drawing."""
    if streets is None or streets.empty:
        return gpd.GeoDataFrame(
            {"name": [], "highway": [], "main": [], "geometry": []}, geometry="geometry", crs=ground.plane
        )
    shapes = on_plane(streets[["name", "highway", "geometry"]], ground.plane)
    shapes = shapes[shapes.intersects(ground.box)]
    kinds = shapes["highway"].str.removesuffix("_link")
    shapes = shapes.assign(main=kinds.isin(_MAIN))
    if ground.width_m > _FINE_BELOW_M:
        shapes = shapes[~kinds.isin(_FINE)]
    clipped = shapes.geometry.intersection(ground.box).simplify(ground.width_m / 2500)
    return cast("gpd.GeoDataFrame", shapes.set_geometry(clipped).explode(ignore_index=True))


def _one_line(shapes: gpd.GeoSeries) -> NDArray[np.float64]:
    """Return many lines as one with gaps, shape (n, 2): one path in the file instead of thousands."""
    gap = np.full((1, 2), np.nan)
    parts = [part for line in _lines(shapes) for part in (line, gap)]
    return np.vstack(parts) if parts else np.empty((0, 2))


def _lines(shapes: gpd.GeoSeries) -> list[np.ndarray]:
    return [shapely.get_coordinates(line) for line in shapes if line.geom_type == "LineString"]


def _draw_streets(ground: _Ground, lines: gpd.GeoDataFrame) -> None:
    scale = min(1.0, 4000 / ground.width_m) ** 0.5
    for main, width in ((False, _STREET_PT["other"]), (True, _STREET_PT["main"])):
        drawn = _one_line(lines.geometry[lines["main"] == main])
        ground.axes.plot(*drawn.T, color=MID_GREY, lw=width * scale, zorder=1, solid_capstyle="round")


def _draw_streets_over(ground: _Ground, lines: gpd.GeoDataFrame, hot: Sequence[int]) -> None:
    """Draw the streets again in white where dark cells would hide them."""
    if not len(hot) or lines.empty:
        return
    dark = shapely.union_all([shapely.Polygon(ring) for ring in _rings(ground, hot)])
    over = lines.geometry[lines.intersects(dark)].intersection(dark).explode(ignore_index=True)
    ground.axes.plot(*_one_line(over).T, color=WHITE, lw=0.5, alpha=0.75, zorder=4)


def _rings(ground: _Ground, cells: Sequence[int]) -> list[np.ndarray]:
    shapes = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(int(cell))]) for cell in cells]
    return [
        shapely.get_coordinates(shape) for shape in on_plane(gpd.GeoSeries(shapes, crs=4326), ground.plane)
    ]


def _draw_cells(
    ground: _Ground, hotspots: pd.DataFrame, classes: pd.Series, *, bare: frozenset[int]
) -> list[BaseGeometry]:
    """Draw the cells class by class, marking those not in ``bare``; return where the marks are."""
    ordered = hotspots.assign(drawn=classes).sort_values("cell")
    marked = []
    for style in legend(classes):
        if style.name == "edge":
            continue  # a cell that is not judged is bare paper
        cells = ordered.loc[ordered["drawn"] == style.name, "cell"].tolist()
        rings = _rings(ground, cells)
        drawn = PolyCollection(rings, zorder=3 if style.mark else 2, **_look(style))
        drawn.set_hatch_linewidth(_HATCH_PT)
        ground.axes.add_collection(drawn)
        for cell, ring in zip(cells, rings, strict=True):
            if style.mark and cell not in bare:
                marked.append(_stamp(ground, ring, style))
    return marked


def _stamp(ground: _Ground, ring: NDArray[np.float64], style: Style) -> BaseGeometry:
    """Write a class's mark in a cell, no larger than the cell; return where."""
    x, y = ring.mean(axis=0)
    size_pt = min(7.0, 0.4 * np.ptp(ring[:, 0]) / ground.metres_per_pt / max(1, 0.62 * len(style.mark)))
    if size_pt >= _SMALLEST_PT:
        halo = [withStroke(linewidth=2.0, foreground=style.fill)]
        ground.axes.text(
            x, y, style.mark, fontproperties=font("Bold", round(float(size_pt), 1)), ha="center",
            va="center_baseline", color=style.ink, path_effects=halo, zorder=6,
        )  # fmt: skip
    return shapely.Point(x, y).buffer(_LABEL_PT * ground.metres_per_pt)


def _look(style: Style) -> dict[str, Any]:
    # Plain paper and pale classes stay see-through so that the streets under them can be read.
    see_through = not style.mark and style.name != "not_different"
    return {
        "facecolors": "none" if see_through else style.fill,
        "edgecolors": style.line if style.mark else MID_GREY,
        "hatchcolors": GREY,
        "hatch": _HATCHES[style.hatch] or None,
        "linewidths": style.line_pt,
        "alpha": None if style.mark else 0.65,
    }


def _draw_outline(ground: _Ground, area: BaseGeometry) -> None:
    shape = on_plane(gpd.GeoSeries([area], crs=4326), ground.plane).boundary.explode(ignore_index=True)
    ground.axes.add_collection(
        LineCollection(_lines(shape), colors=DARK_BLUE, linewidths=1.1, linestyles=[(0, (6, 2))], zorder=5)
    )


def _is_small(ground: _Ground, ring: NDArray[np.float64]) -> bool:
    """Say whether a number would hide its cell; it then stands beside it, on a stalk."""
    return bool(np.ptp(ring[:, 0]) < 2.4 * _NUMBER_PT * ground.metres_per_pt)


def _numbered_inside(ground: _Ground, marks: Mapping[int, str]) -> frozenset[int]:
    """Return the cells whose number stands in them, where a mark would lie under it."""
    rings = zip(marks, _rings(ground, list(marks)), strict=True)
    return frozenset(cell for cell, ring in rings if not _is_small(ground, ring))


def _draw_numbers(ground: _Ground, marks: Mapping[int, str]) -> list[BaseGeometry]:
    """Write each place's number on its cell, the first places first; return where they are.

    A number that would cover an earlier one is left out: the table has every place.
    """
    spots: list[tuple[float, float]] = []
    for ring, number in zip(_rings(ground, list(marks)), marks.values(), strict=True):
        x, y = (float(side) for side in ring.mean(axis=0))
        if any(np.hypot(x - other[0], y - other[1]) < _NUMBER_PT * ground.metres_per_pt for other in spots):
            continue
        _write_number(ground, (x, y), number, stalk_pt=_NUMBER_PT if _is_small(ground, ring) else 0)
        spots.append((x, y))
    return [shapely.Point(spot).buffer(_NUMBER_PT / 2 * ground.metres_per_pt) for spot in spots]


def _write_number(ground: _Ground, spot: tuple[float, float], number: str, *, stalk_pt: float) -> None:
    ground.axes.annotate(
        number, spot, xytext=(stalk_pt, stalk_pt), textcoords="offset points", zorder=9, color=INK,
        fontproperties=font("Bold", 8 if len(number) < 2 else 6.5), ha="center", va="center_baseline",
        bbox={"boxstyle": "circle,pad=0.32", "facecolor": WHITE, "edgecolor": INK, "linewidth": 1.1},
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0} if stalk_pt else None,
    )  # fmt: skip


def _draw_landmarks(
    ground: _Ground, assets: pd.DataFrame | None, taken: list[BaseGeometry]
) -> list[BaseGeometry]:
    if assets is None or assets.empty:
        return []
    named = assets[assets["kind"].isin(_LANDMARKS) & assets["name"].fillna("").ne("")]
    order = named["kind"].map({kind: rank for rank, kind in enumerate(_LANDMARKS)})
    named = named.assign(order=order).sort_values(["order", "name", "asset_id"]).drop_duplicates("name")
    points = on_plane(gpd.GeoSeries(gpd.points_from_xy(named["lon"], named["lat"]), crs=4326), ground.plane)
    drawn: list[BaseGeometry] = []
    for name, point in zip(named["name"].astype(str), points, strict=True):
        spot = (float(point.x), float(point.y))
        room = _room(ground, spot, name, beside=True)
        if len(drawn) < _LABELS and _is_free(ground, room, taken + drawn):
            ground.axes.plot(*spot, "s", ms=4.5, mfc=INK, mec=WHITE, mew=0.8, zorder=7)
            _write(ground, spot, name, offset_pt=(4.5, 0), weight="SemiBold")
            drawn.append(room)
    return drawn


def _draw_street_names(ground: _Ground, lines: gpd.GeoDataFrame, taken: list[BaseGeometry]) -> None:
    """Name the longest main streets (any streets where there are none), clear of what is there already."""
    named = lines[has_name(lines)]
    named = named[named["main"]] if len(named) and named["main"].any() else named
    if named.empty:
        return
    totals = named.geometry.length.groupby(named["name"]).sum()
    busy = list(taken)
    for name in sorted(totals.index, key=lambda street: (-totals[street], street)):
        if len(busy) - len(taken) == _LABELS:
            return
        spot, angle = _middle(joined(named.geometry[named["name"] == name].to_numpy())[0])
        room = shapely.affinity.rotate(_room(ground, spot, str(name)), angle)
        if totals[name] > ground.width_m * 0.08 and _is_free(ground, room, busy):
            _write(ground, spot, str(name), angle=angle, offset_pt=(0, 0))
            busy.append(room)


def _middle(line: BaseGeometry) -> tuple[tuple[float, float], float]:
    """Return a line's middle and the angle of the line there, degrees, readable from the left."""
    centre, before, after = (line.interpolate(share, normalized=True) for share in (0.5, 0.4, 0.6))
    angle = np.degrees(np.arctan2(after.y - before.y, after.x - before.x))
    return (float(centre.x), float(centre.y)), float((angle + 90) % 180 - 90)


def _room(ground: _Ground, spot: tuple[float, float], words: str, *, beside: bool = False) -> BaseGeometry:
    """Return the box that words take up on the plane, with some air round them."""
    length, height = (
        (0.55 * _LABEL_PT * len(words) + 6) * ground.metres_per_pt,
        1.6 * _LABEL_PT * ground.metres_per_pt,
    )
    left = spot[0] - (height / 2 if beside else length / 2)
    return shapely.box(
        left, spot[1] - height / 2, left + length + (height if beside else 0), spot[1] + height / 2
    )


def _is_free(ground: _Ground, room: BaseGeometry, taken: list[BaseGeometry]) -> bool:
    return bool(ground.box.contains(room)) and not any(room.intersects(other) for other in taken)


def _write(
    ground: _Ground,
    spot: tuple[float, float],
    words: str,
    *,
    angle: float = 0,
    offset_pt: tuple[float, float],
    weight: str = "Regular",
) -> None:
    ground.axes.annotate(
        words,
        spot,
        xytext=offset_pt,
        textcoords="offset points",
        fontproperties=font(weight, _LABEL_PT),
        rotation=angle,
        ha="left" if offset_pt[0] else "center",
        va="center",
        color=INK,
        path_effects=[withStroke(linewidth=2.2, foreground=WHITE)],
        zorder=7,
    )


def _draw_key(
    figure: Figure,
    ground: _Ground,
    styles: tuple[Style, ...],
    size_mm: tuple[float, float],
    notes: tuple[str, ...],
) -> None:
    width_mm, height_mm = size_mm
    axes = bare_axes(figure, (1 - _KEY_MM / width_mm, 0, _KEY_MM / width_mm, 1))
    axes.set_xlim(0, _KEY_MM)
    axes.set_ylim(0, height_mm)
    axes.text(
        4, height_mm - 3, "Compared with its usual", fontproperties=font("Bold", 8), va="top", color=INK
    )
    for place, style in enumerate(styles):
        _draw_key_row(axes, style, height_mm - 12.5 - 7.6 * place)
    _draw_north(axes, 32)
    _draw_scale(axes, ground, width_mm)
    for place, note in enumerate(note for note in notes if note):
        weight = "Bold" if note == SYNTHETIC else "Regular"
        axes.text(4, 6 - 3.6 * place, note, fontproperties=font(weight, 6.5), va="center", color=INK)


def _draw_key_row(axes: Axes, style: Style, y: float) -> None:
    look: dict[str, Any] = {
        "facecolor": style.fill,
        "edgecolor": style.line,
        "linewidth": max(style.line_pt, 0.5),
        "hatch": (_HATCHES[style.hatch] * 2) or None,
        "linestyle": "--" if style.dashed else "-",
    }
    patch = Rectangle((4, y - 2.4), 7.5, 4.8, **look)
    if style.hatch:
        patch.set_hatchcolor(GREY)
        patch.set_hatch_linewidth(_HATCH_PT)
    axes.add_patch(patch)
    axes.text(
        7.75,
        y,
        style.mark,
        fontproperties=font("Bold", 7.5),
        ha="center",
        va="center_baseline",
        color=style.ink,
    )
    axes.text(
        13.5,
        y,
        _broken(style.words),
        fontproperties=font("Regular", 7),
        va="center",
        color=INK,
        linespacing=1.05,
    )


def _broken(words: str, limit: int = 24) -> str:
    """Break words into lines of at most ``limit`` characters."""
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], joined] if len(joined) <= limit else [*lines, word]
    return "\n".join(lines)


def _draw_north(axes: Axes, y: float) -> None:
    axes.annotate(
        "",
        (7.5, y + 5),
        xytext=(7.5, y - 4),
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0},
    )
    axes.text(10.5, y, "North", fontproperties=font("Regular", 7), va="center", color=INK)


def _draw_scale(axes: Axes, ground: _Ground, width_mm: float) -> None:
    metres_per_mm = ground.width_m / (width_mm - _KEY_MM)
    length_m = max(step for step in _steps() if step / metres_per_mm <= 30)
    length_mm = length_m / metres_per_mm
    for start, fill in ((0.0, INK), (0.5, WHITE)):
        axes.add_patch(
            Rectangle(
                (4 + start * length_mm, 18), length_mm / 2, 1.6, facecolor=fill, edgecolor=INK, linewidth=0.6
            )
        )
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    for x, text in ((4.0, "0"), (4 + length_mm, words)):
        axes.text(x, 16.6, text, fontproperties=font("Regular", 7), ha="center", va="top", color=INK)


def _steps() -> list[float]:
    return [base * 10**power for power in range(6) for base in (1, 2, 5)]
