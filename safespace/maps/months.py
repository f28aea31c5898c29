"""Events month by month, with what else happened drawn on it: campaigns, events, matches, changes of recording."""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from safespace.errors import InputError
from safespace.maps.drawing import font, new_figure, to_svg
from safespace.maps.palette import BLUE, DARK_BLUE, GREY, INK, MID_GREY, PALE, SYNTHETIC, WHITE

if TYPE_CHECKING:
    from datetime import date

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 5  # of the key below the bars
_LINE_MM = 3.4
_ORDER = ("recording-change", "campaign", "event", "match")
KIND_WORDS = {
    "recording-change": "Change of recording",
    "campaign": "Campaign",
    "event": "Event",
    "match": "Match",
}


class Numbered(NamedTuple):
    """One entry of the calendar as drawn: its number (0 for a match), its line of the key, its kind, its first and last day."""

    number: int
    words: str
    kind: str
    first: date
    last: date


def number_marks(marks: pd.DataFrame) -> list[Numbered]:
    """Return the entries of a calendar numbered in order of day, each with its line of words; matches are drawn without a number.

    Parameters
    ----------
    marks
        ``name, kind, first, last``: days, both included.

    Examples
    --------
    >>> from datetime import date
    >>> day = date(2026, 5, 3)
    >>> marks = pd.DataFrame({"name": ["New form"], "kind": ["recording-change"], "first": [day], "last": [day]})
    >>> number_marks(marks)[0].words
    '1 Change of recording: New form, 3 May 2026'
    """
    ordered = marks.sort_values(["first", "name"], kind="stable")
    rows = zip(*(ordered[name] for name in ("name", "kind", "first", "last")), strict=True)
    turn, numbered = 0, []
    for name, kind, first, last in rows:
        turn += kind != "match"
        number = 0 if kind == "match" else turn
        lead = f"{number} " if number else ""
        words = f"{lead}{KIND_WORDS[kind]}: {name}, {_days(first, last)}"
        numbered.append(Numbered(number, words, kind, first, last))
    return numbered


def _days(first: date, last: date) -> str:
    if first == last:
        return f"{first:%-d %B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last:%-d %B %Y}"
    return f"{first:%-d %B %Y} to {last:%-d %B %Y}"


def month_chart_svg(
    months: pd.DataFrame,
    marks: pd.DataFrame,
    *,
    size_mm: tuple[float, float] = (120, 46),
    synthetic: bool = False,
) -> bytes:
    """Draw events by month as bars, with the entries of a calendar where they fall and a key of their names.

    Parameters
    ----------
    months
        ``month`` ("2026-05", in order and without gaps), ``events`` and ``whole``: a month of which only part was
        received has no bar, since a short bar would read as a fall.
    marks
        ``name, kind, first, last`` as for :func:`number_marks`; those outside the months are left out.
    size_mm
        Width and height of the bars with their labels, millimetres; the key is added below.
    synthetic
        Whether the data are made up; the picture then says so.

    Returns
    -------
    bytes
        SVG; the same input gives the same bytes.

    Raises
    ------
    InputError
        When there is no month to draw.
    """
    if months.empty:
        raise InputError("There is no month to draw.", code="no-month-to-draw", remedy="Widen the dates.")
    numbered = [mark for mark in number_marks(marks) if _falls_in(mark, months["month"])]
    lines = key_lines(numbered)
    width, height = size_mm[0], size_mm[1] + _LINE_MM * len(lines)
    figure = new_figure(width, height)
    low = 1 - (size_mm[1] - 8) / height
    axes = figure.add_axes((0.09, low, 0.89, 1 - low - 8 / height))
    _draw_bars(axes, months)
    for mark in numbered:
        _draw_mark(axes, mark, months["month"])
    _draw_key(figure, lines, height)
    title = "Events by month"
    figure.text(0.005, 0.99, title, fontproperties=font("Bold", 7.5), va="top", color=INK)
    if synthetic:
        figure.text(0.995, 0.99, SYNTHETIC, fontproperties=font("Bold", 6), ha="right", va="top", color=INK)
    return to_svg(figure)


def key_lines(numbered: list[Numbered]) -> list[str]:
    """Return the lines of the key: what bears most on a trend first, and how many more there are."""
    ranked = sorted(numbered, key=lambda mark: (_ORDER.index(mark.kind), mark.first))
    if len(ranked) <= MOST_LINES:
        return [mark.words for mark in sorted(ranked, key=lambda mark: mark.first)]
    shown = sorted(ranked[: MOST_LINES - 1], key=lambda mark: mark.first)
    return [
        *(mark.words for mark in shown),
        f"and {len(ranked) - len(shown):,} more, drawn (matches as triangles) and listed in the text",
    ]


def _falls_in(mark: Numbered, months: pd.Series) -> bool:
    return f"{mark.last:%Y-%m}" >= str(months.iloc[0]) and f"{mark.first:%Y-%m}" <= str(months.iloc[-1])


def _draw_bars(axes: Axes, months: pd.DataFrame) -> None:
    whole = months["whole"].to_numpy(dtype=bool)
    events = months["events"].to_numpy(dtype=float)
    highest = max(events[whole].max(initial=0.0), 1.0)
    axes.set_xlim(0, len(months))
    axes.set_ylim(0, highest * 1.22)
    for turn, (count, drawn) in enumerate(zip(events, whole, strict=True)):
        if drawn:
            axes.add_patch(
                Rectangle((turn + 0.1, 0), 0.8, count, facecolor=DARK_BLUE, edgecolor="none", zorder=2)
            )
        else:
            axes.text(
                turn + 0.5,
                highest * 0.03,
                "part",
                fontproperties=font("Regular", 5.5),
                ha="center",
                color=GREY,
            )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.grid(visible=True, axis="y", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(colors=INK, width=0.4, length=2)
    _label_months(axes, months["month"].tolist())
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font("Regular", 6))


def _label_months(axes: Axes, months: list[str]) -> None:
    every = max(1, -(-len(months) // 12))
    shown = list(range(0, len(months), every))
    names = [f"{pd.Timestamp(months[turn]):%b}\n{months[turn][:4]}" for turn in shown]
    same_year = [turn and months[turn][:4] == months[shown[i - 1]][:4] for i, turn in enumerate(shown)]
    axes.set_xticks([turn + 0.5 for turn in shown])
    axes.set_xticklabels(
        [name.split("\n")[0] if same else name for name, same in zip(names, same_year, strict=True)]
    )


def _draw_mark(axes: Axes, mark: Numbered, months: pd.Series) -> None:
    first, last = _across(mark.first, months, 0.0), _across(mark.last, months, 1.0)
    top = axes.get_ylim()[1]
    if mark.kind == "recording-change":
        axes.vlines(first, 0, top, colors=INK, linewidths=1.0, linestyles=(0, (3, 1.5)), zorder=4)
    elif mark.kind == "campaign":
        band = Rectangle(
            (first, 0), last - first, top, facecolor="none", edgecolor=MID_GREY, hatch="////", lw=0.3
        )
        axes.add_patch(band)
    elif mark.kind == "event":
        axes.vlines((first + last) / 2, 0, top, colors=BLUE, linewidths=0.8, zorder=3)
    else:
        axes.plot([(first + last) / 2], [top * 0.9], marker="v", ms=2.5, color=INK, mec="none", zorder=4)
        return
    axes.text(
        min(max((first + last) / 2, 0.15), len(months) - 0.15),
        top * 1.0,
        str(mark.number),
        fontproperties=font("Bold", 6),
        ha="center",
        va="top",
        color=INK,
        zorder=5,
        bbox={"facecolor": WHITE, "edgecolor": "none", "pad": 0.6},
    )


def _across(day: date, months: pd.Series, part_of_day: float) -> float:
    """Return where a day lies on the axis of months, kept inside it."""
    start = pd.Timestamp(str(months.iloc[0]))
    whole = (day.year - start.year) * 12 + day.month - start.month
    place = whole + (day.day - 1 + part_of_day) / monthrange(day.year, day.month)[1]
    return float(min(max(place, 0.0), len(months)))


def _draw_key(figure: Figure, lines: list[str], height: float) -> None:
    for turn, line in enumerate(reversed(lines)):
        figure.text(
            0.01, (0.8 + _LINE_MM * turn) / height, line, fontproperties=font("Regular", 6.3), color=INK
        )
