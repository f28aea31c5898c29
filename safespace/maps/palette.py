"""Which class a cell belongs to, and how each class looks without resting on colour alone.

The three blues are the Analysis Function's sequential palette. Three fills and a white ground cannot all
keep 3:1 to one another (that would need 27:1 and paper gives 21:1), so every class also has a line that
keeps 3:1, and either a mark or a hatch of its own; ``tests/maps/test_palette.py`` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

ClassName: TypeAlias = Literal[
    "higher_3",
    "higher_2",
    "higher_1",
    "not_different",
    "too_few",
    "none_received",
    "edge",
    "not_known",
    "hidden",
    "both",
    "felt_only",
    "recorded_only",
    "neither",
]
HIGHER_CLASSES: frozenset[ClassName] = frozenset({"higher_1", "higher_2", "higher_3"})
Hatch: TypeAlias = Literal["", "stripe", "cross", "dot"]

OSM_CREDIT = "© OpenStreetMap contributors"
SYNTHETIC = "Synthetic data"

DARK_BLUE, BLUE, LIGHT_BLUE = "#12436D", "#2073BC", "#6BACE6"
INK, WHITE, PALE, GREY, MID_GREY = "#0B0C0C", "#FFFFFF", "#E4ECF4", "#6F777B", "#B1B4B6"

# Lower end of the rate's interval at which the next band begins. Fixed, so that a colour means the
# same on every map and does not move when a filter does.
BAND_STARTS = (1.0, 2.0)


@dataclass(frozen=True)
class Style:
    """How one class looks: fill, hatch, outline, the ink of a mark on it, and its words."""

    name: ClassName
    words: str
    fill: str
    line: str
    ink: str
    hatch: Hatch = ""
    mark: str = ""
    line_pt: float = 0.3
    dashed: bool = False


STYLES: tuple[Style, ...] = (
    Style("higher_3", "Higher: low end 2 times or more", DARK_BLUE, INK, WHITE, mark="+++", line_pt=0.9),
    Style("higher_2", "Higher: low end 1 to 2 times", BLUE, INK, WHITE, mark="++", line_pt=0.9),
    Style("higher_1", Label.AROUND.sentence, LIGHT_BLUE, INK, INK, mark="+", line_pt=0.9),
    Style("not_different", Label.NOT_DIFFERENT.sentence, PALE, GREY, INK),
    Style("too_few", Label.TOO_FEW.sentence, WHITE, GREY, INK, hatch="stripe"),
    Style("none_received", "No reports received", WHITE, GREY, INK),
    Style("edge", "Just outside the area: not judged", WHITE, GREY, INK, dashed=True),
    Style("not_known", Label.NOT_KNOWN.sentence, WHITE, GREY, INK, hatch="dot"),
    Style("hidden", Label.HIDDEN.sentence, WHITE, GREY, INK, hatch="cross"),
)


def style_of(name: str) -> Style:
    """Return the style of a class."""
    return next(style for style in STYLES if style.name == name)


def classify(hotspots: pd.DataFrame) -> pd.Series:
    """Say which class each cell is drawn in.

    Parameters
    ----------
    hotspots
        Table :data:`safespace.schemas.HOTSPOTS`.

    Returns
    -------
    Series of str
        Class names on the same index.

    Notes
    -----
    The band of a hot cell follows the **lower** end of its rate's interval, not the rate: a high rate
    from few reports must not look stronger than a moderate one from many.

    Examples
    --------
    >>> frame = pd.DataFrame({"label": ["higher"], "hot": [True],
    ...                       "edge": [False], "events": [18], "lower": [1.4]})
    >>> list(classify(frame))
    ['higher_2']
    """
    band = np.searchsorted(np.asarray(BAND_STARTS), hotspots["lower"].to_numpy(float), side="right")
    hot = hotspots["hot"].to_numpy(bool)
    conditions = [
        (hotspots["label"] == Label.HIDDEN).to_numpy(),
        hotspots["edge"].to_numpy(bool),
        (hotspots["label"] == Label.NOT_KNOWN).to_numpy(),
        hot & (band == 2),
        hot & (band == 1),
        (hotspots["label"] == Label.AROUND).to_numpy(),
        (hotspots["events"] == 0).to_numpy(),
        (hotspots["label"] == Label.TOO_FEW).to_numpy(),
    ]
    names = [
        "hidden",
        "edge",
        "not_known",
        "higher_3",
        "higher_2",
        "higher_1",
        "none_received",
        "too_few",
    ]
    chosen = np.select(conditions, names, default="not_different")
    return pd.Series(chosen, index=hotspots.index, dtype="str", name="class")


def legend(classes: Iterable[str]) -> tuple[Style, ...]:
    """Return the styles that occur, in the order of the palette, for a key beside a map.

    Examples
    --------
    >>> [style.words for style in legend(["none_received", "too_few", "too_few"])]
    ['Too few to say', 'No reports received']
    """
    present = set(classes)
    return tuple(style for style in STYLES if style.name in present)


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2.2 contrast ratio of two colours written ``#RRGGBB``.

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return round((light + 0.05) / (dark + 0.05), 2)


def grey_of(colour: str) -> str:
    """Return the grey a colour becomes on a black-and-white printer."""
    red, green, blue = _channels(colour)
    level = round(0.299 * red + 0.587 * green + 0.114 * blue)
    return f"#{level:02X}{level:02X}{level:02X}"


def rgb(colour: str, alpha: int = 255) -> list[int]:
    """Return ``[red, green, blue, alpha]`` from ``#RRGGBB``, each 0-255."""
    return [*_channels(colour), alpha]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    # https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
