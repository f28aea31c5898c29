"""How the agreement of felt and recorded looks and reads: five classes, and a table with both layers apart."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from safespace.maps.accessible_table import NONE, count_in_words, rate_in_words
from safespace.maps.palette import BLUE, DARK_BLUE, GREY, INK, LIGHT_BLUE, PALE, WHITE, Style
from safespace.tone import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.hotspots import Agreed

COLUMNS = ("Place", "Cell", "Public reports", "Recorded incidents", "What it means")
STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "both": Style("both", Label.HIGHER_IN_BOTH.sentence, DARK_BLUE, INK, WHITE, mark="B", line_pt=0.9),
        "felt only": Style(
            "felt_only",
            "Higher than its usual in public reports only",
            LIGHT_BLUE,
            INK,
            INK,
            mark="P",
            line_pt=0.9,
        ),
        "recorded only": Style(
            "recorded_only",
            "Higher than its usual in recorded incidents only",
            BLUE,
            INK,
            WHITE,
            mark="R",
            line_pt=0.9,
        ),
        "neither": Style("neither", f"{Label.NOT_DIFFERENT.sentence} in either", PALE, GREY, INK),
        "too few": Style("too_few", Label.TOO_FEW.sentence, WHITE, GREY, INK, hatch="stripe"),
    }
)
GATHERED = ("neither", "too few")


def agreement_table(agreed: Agreed, *, names: Mapping[int, str] | None = None) -> pd.DataFrame:
    """Return the agreement of two layers as a table of words.

    Parameters
    ----------
    agreed
        From :func:`safespace.hotspots.agree`; each layer's method says what its intervals are.
    names
        Name of a place by cell, where it has one.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, all text: both, felt only, recorded only, in the order of the grid within each;
        the others gathered in one row each. Each layer is beside its own usual; there is no sum.
    """
    rows = [row for name, style in STYLES.items() for row in _rows(agreed, name, style, names or {})]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def _rows(agreed: Agreed, name: str, style: Style, names: Mapping[int, str]) -> list[tuple[str, ...]]:
    frame = agreed.table[agreed.table["agreement"] == name]
    intervals = {"felt": agreed.felt.interval, "recorded": agreed.recorded.interval}
    if name in GATHERED:
        felt, recorded = (count_in_words(int(frame[f"{one}_events"].sum()), "event") for one in _LAYERS)
        gathered = (style.words, count_in_words(len(frame), "cell"), felt, recorded, style.words)
        return [gathered] if len(frame) else []
    ordered = frame.sort_values("cell").to_dict("records")
    return [
        (
            names.get(row["cell"], NONE),
            f"{row['cell']:x}",
            *(
                rate_in_words(
                    *(row[f"{one}_{part}"] for part in ("rate", "lower", "upper", "events")),
                    interval=intervals[one],
                )
                for one in _LAYERS
            ),
            style.words,
        )
        for row in ordered
    ]


_LAYERS = ("felt", "recorded")
