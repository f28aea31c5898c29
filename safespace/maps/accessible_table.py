"""The table with the same facts as a map, in words; the app, the pages and the brief all use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from safespace import tone
from safespace.maps.palette import STYLES, classify, style_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.hotspots import Hotspots

COLUMNS = ("Place", "Cell", "Events", "Usual", "Compared with its usual", "What it means")
# Of a cell whose own interval reaches usual the whole sentence would say too much.
WITH_NEIGHBOURS = style_of("higher_1").words
_WITHHELD = {"hidden", "not_known"}
GATHERED = {"none_received", "edge"}
NONE = "\u2013"


def rate_in_words(rate: float, lower: float, upper: float, events: int, *, interval: float) -> str:
    """Say a rate with its interval and how many events it rests on.

    Parameters
    ----------
    rate, lower, upper
        Events relative to what is usual (1 is usual) and the ends of the interval.
    events
        Events the rate rests on.
    interval
        Coverage of the interval, as a share.

    Examples
    --------
    >>> rate_in_words(2.31, 1.4, 3.62, 18, interval=0.95)
    '2.3 times its usual (95 % interval 1.4 to 3.6; 18 events)'
    """
    return (
        f"{number_in_words(rate)} times its usual ({tone.percent(interval)} interval "
        f"{number_in_words(lower)} to {number_in_words(upper)}; {count_in_words(events, 'event')})"
    )


def number_in_words(value: float) -> str:
    """Write a rate with the digits it deserves: one decimal below ten, none above.

    Examples
    --------
    >>> [number_in_words(value) for value in (0.02, 0.44, 9.96, 23.7)]
    ['under 0.1', '0.4', '10', '24']
    """
    if 0 < value < 0.05:
        return "under 0.1"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def count_in_words(count: int, noun: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> count_in_words(1, "event"), count_in_words(1200, "event")
    ('1 event', '1,200 events')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def hex_table(finding: Hotspots, *, names: Mapping[int, str] | None = None) -> pd.DataFrame:
    """Return the facts of a hexagon map as a table of words.

    Parameters
    ----------
    finding
        The finding; its method says what the intervals are.
    names
        Name of a place by cell, where it has one.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, all text: cells higher than their usual first, then the other classes in
        the order of the key. Cells without reports and cells just outside the area are gathered in one row each.

    Notes
    -----
    Rows of one class stand in the order of their cell, not of their rate: their intervals overlap, and
    a list sorted by rate would be read as a ranking. Hidden and unknown cells carry no number at all.
    """
    hotspots, interval = finding.table, finding.method.interval
    classes = classify(hotspots)
    parts = [
        _gathered(hotspots[classes == style.name], style.words)
        if style.name in GATHERED
        else _rows(hotspots[classes == style.name], style.name, names or {}, interval)
        for style in STYLES
    ]
    return pd.DataFrame([row for part in parts for row in part], columns=list(COLUMNS), dtype="str")


def _rows(frame: pd.DataFrame, name: str, names: Mapping[int, str], interval: float) -> list[tuple[str, ...]]:
    ordered = frame.sort_values("cell")
    if name in _WITHHELD:
        words = style_of(name).words
        return [
            (names.get(cell, NONE), f"{cell:x}", NONE, NONE, words, words)
            for cell in ordered["cell"].tolist()
        ]
    rows = ordered[["cell", "events", "expected", "rate", "lower", "upper", "label"]]
    return [
        (
            names.get(cell, NONE),
            f"{cell:x}",
            f"{events:,}",
            number_in_words(expected),
            rate_in_words(rate, lower, upper, events, interval=interval),
            WITH_NEIGHBOURS if name == "higher_1" else tone.Label(label).sentence,
        )
        for cell, events, expected, rate, lower, upper, label in zip(
            *(rows[column].tolist() for column in rows), strict=True
        )
    ]


def _gathered(frame: pd.DataFrame, words: str) -> list[tuple[str, ...]]:
    if frame.empty:
        return []
    events = int(frame["events"].sum())
    meaning = tone.ABSENCE if events == 0 else words
    return [(words, count_in_words(len(frame), "cell"), f"{events:,}", NONE, NONE, meaning)]
