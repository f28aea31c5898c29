"""Charts for paper: when reports fall in the week, and what a longer walk buys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from safespace.errors import InputError
from safespace.maps.drawing import bare_axes, font, new_figure, to_svg
from safespace.maps.palette import BLUE, DARK_BLUE, GREY, INK, MID_GREY, PALE, SYNTHETIC, WHITE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOON = 12
_NIGHT = (18 - _NOON, 30 - _NOON)


def hour_chart_svg(
    weights: NDArray[np.float64],
    *,
    rows: Literal["night", "weekday"] = "weekday",
    size_mm: tuple[float, float] = (86, 58),
    synthetic: bool = False,
) -> bytes:
    """Draw in which hours of which night reports fall, as squares whose area is the number.

    Parameters
    ----------
    weights
        Shape (7, 24): events by day (Monday first) and hour of the clock; not negative.
    rows
        Whether a row is a night already ("night": 02:00 on Sunday stands in Saturday's row) or a day of
        the calendar ("weekday"), which is then turned into nights.
    size_mm
        Width and height of the picture, millimetres.
    synthetic
        Whether the data are made up; the picture then says so.

    Returns
    -------
    bytes
        SVG; the same input gives the same bytes.

    Raises
    ------
    InputError
        When the shape is another, or a value is negative or missing.

    Notes
    -----
    Area and not colour carries the number, so the chart reads the same in greyscale. Where a report's
    time is a span, its weight is spread over the hours it covers (aoristic), so the squares are weights
    and need not be whole numbers.
    """
    nights = _from_noon(_checked(weights), rows)
    figure = new_figure(*size_mm)
    axes = bare_axes(figure, (0.105, 0.13, 0.80, 0.60))
    _draw_squares(axes, nights)
    _draw_hours(figure, axes, nights)
    _draw_totals(figure, nights)
    if synthetic:
        figure.text(0.995, 0.975, SYNTHETIC, fontproperties=font("Bold", 6), ha="right", va="top", color=INK)
    return to_svg(figure)


def _checked(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    table = np.asarray(weights, dtype=float)
    if table.shape != (7, 24):
        raise InputError(
            "The weights are not 7 days by 24 hours.",
            code="week-weights-shape",
            seen=table.shape,
            remedy="Sum them by day and hour.",
        )
    if not np.isfinite(table).all() or (table < 0).any():
        raise InputError(
            "Some weights are missing or negative.",
            code="week-weights-not-amounts",
            seen=float(np.nanmin(table)),
            remedy="Give zero or more for each hour.",
        )
    return table


def _from_noon(table: NDArray[np.float64], rows: str) -> NDArray[np.float64]:
    """Return nights from noon to noon: 02:00 on Sunday stands in Saturday's row."""
    morning = table[:, :_NOON] if rows == "night" else np.roll(table[:, :_NOON], -1, axis=0)
    return np.hstack([table[:, _NOON:], morning])


def _draw_squares(axes: Axes, nights: NDArray[np.float64]) -> None:
    axes.set_xlim(0, 24)
    axes.set_ylim(7, 0)
    axes.add_patch(Rectangle((_NIGHT[0], 0), _NIGHT[1] - _NIGHT[0], 7, facecolor=PALE, edgecolor="none"))
    axes.hlines(range(8), 0, 24, colors=WHITE, linewidths=1.2)
    largest = nights.max()
    if largest == 0:
        axes.text(
            12, 3.5, "No reports with a time", fontproperties=font("Regular", 7.5), ha="center", va="center"
        )
        return
    width, height = axes.get_window_extent().size
    squareness = (width / 24) / (height / 7)
    squares = []
    for (day, hour), weight in np.ndenumerate(nights):
        side = 0.92 * np.sqrt(weight / largest)
        if side > 0:
            tall = min(side * squareness, 1.0)
            squares.append(Rectangle((hour + 0.5 - side / 2, day + 0.5 - tall / 2), side, tall))
    axes.add_collection(PatchCollection(squares, facecolor=DARK_BLUE, edgecolor="none"))


def _draw_hours(figure: Figure, axes: Axes, nights: NDArray[np.float64]) -> None:
    for hour in range(0, 25, 3):
        axes.text(
            hour,
            7.25,
            f"{(hour + _NOON) % 24:02d}:00" if hour % 6 == 0 else "",
            fontproperties=font("Regular", 6.5),
            ha="center",
            va="top",
            color=INK,
        )
        axes.vlines(hour, 7, 7.15, colors=GREY, linewidths=0.5, clip_on=False)
    for day, name in enumerate(DAYS):
        axes.text(
            -0.5, day + 0.5, name, fontproperties=font("Regular", 7), ha="right", va="center", color=INK
        )
    figure.text(0.005, 0.985, _caption(nights), fontproperties=font("Bold", 7.5), va="top", color=INK)


def _caption(nights: NDArray[np.float64]) -> str:
    """Say the busiest single hour's share, which is what a reader looks for first.

    The hours of the largest four-hour block are named, over all nights together.
    """
    total = nights.sum()
    if total == 0:
        return "When: no times received"
    by_hour = nights.sum(axis=0)
    blocks = [by_hour[start : start + 4].sum() for start in range(21)]
    start = int(np.argmax(blocks))
    clock = (start + _NOON) % 24, (start + _NOON + 4) % 24
    return (
        f"{round(100 * blocks[start] / total)} % of reports between {clock[0]:02d}:00 and {clock[1]:02d}:00"
    )


def _draw_totals(figure: Figure, nights: NDArray[np.float64]) -> None:
    """Draw totals by hour above and by night at the side; only their lengths are compared."""
    top = bare_axes(figure, (0.105, 0.745, 0.80, 0.15))
    top.set_xlim(0, 24)
    top.bar(np.arange(24) + 0.5, nights.sum(axis=0), width=0.8, color=BLUE)
    top.set_ylim(0, max(nights.sum(axis=0).max(), 1e-9))
    side = bare_axes(figure, (0.915, 0.13, 0.08, 0.60))
    side.set_ylim(7, 0)
    side.barh(np.arange(7) + 0.5, nights.sum(axis=1), height=0.7, color=BLUE)
    side.set_xlim(0, max(nights.sum(axis=1).max(), 1e-9))


def trade_off_svg(
    options: pd.DataFrame,
    *,
    front: NDArray[np.float64] | None = None,
    size_mm: tuple[float, float] = (110, 74),
    synthetic: bool = False,
) -> bytes:
    """Draw walking options by length and by reports near them, over the whole trade-off set.

    Parameters
    ----------
    options
        Columns ``option`` (its letter or name), ``length_m`` and ``reports_nearby`` (reports near the walk,
        weighted by distance).
    front
        Shape (n, 2): length in metres and reports nearby of every walk for which no other is both shorter and
        less exposed.
    size_mm
        Width and height of the picture, millimetres.
    synthetic
        Whether the data are made up; the picture then says so.

    Returns
    -------
    bytes
        SVG; the same input gives the same bytes.

    Raises
    ------
    InputError
        When there is no option to draw.
    """
    if options.empty:
        raise InputError(
            "There is no walking option to draw.", code="no-walk-to-draw", remedy="Plan a route first."
        )
    points = options[["length_m", "reports_nearby"]].to_numpy(float)
    figure = new_figure(*size_mm)
    axes = figure.add_axes((0.12, 0.15, 0.85, 0.76))
    _frame(axes)
    shown = points if front is None or not len(front) else np.vstack([points, front])
    if front is not None and len(front):
        ordered = np.asarray(front, dtype=float)[np.argsort(front[:, 0], kind="stable")]
        axes.plot(*ordered.T, drawstyle="steps-post", color=MID_GREY, lw=1.0, zorder=1)
        axes.plot(*ordered.T, "o", ms=3, mfc=WHITE, mec=GREY, mew=0.8, zorder=2)
    _draw_options(axes, options["option"].astype(str).tolist(), points)
    _fit(axes, shown)
    if synthetic:
        figure.text(0.97, 0.985, SYNTHETIC, fontproperties=font("Bold", 6.5), ha="right", va="top", color=INK)
    return to_svg(figure)


def _frame(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, width=0.5, length=2.5)
    axes.set_xlabel("Length of the walk, metres", fontproperties=font("Regular", 7.5), color=INK)
    axes.set_title(
        "Reports near the walk, weighted by distance",
        fontproperties=font("Regular", 7.5),
        loc="left",
        color=INK,
    )
    axes.grid(visible=True, color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_options(axes: Axes, names: list[str], points: NDArray[np.float64]) -> None:
    for name, (length_m, reports_nearby) in zip(names, points, strict=True):
        axes.plot(length_m, reports_nearby, "o", ms=13, mfc=DARK_BLUE, mec=WHITE, mew=1.2, zorder=4)
        inside = len(name) <= 2
        axes.annotate(
            name,
            (length_m, reports_nearby),
            xytext=(0, 0) if inside else (9, 7),
            textcoords="offset points",
            ha="center" if inside else "left",
            va="center_baseline" if inside else "bottom",
            fontproperties=font("Bold", 7.5),
            color=WHITE if inside else INK,
            zorder=5,
            path_effects=[] if inside else [withStroke(linewidth=2, foreground=WHITE)],
        )


def _fit(axes: Axes, points: NDArray[np.float64]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, (high - low) * 0.12, np.maximum(high * 0.1, 1))
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(0, high[1] + room[1])  # from zero, or a small gain would look like a large one
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_fontproperties(font("Regular", 7))
