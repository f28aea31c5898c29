"""What a check of files found, worked out once before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safespace import pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from safespace.pipeline import Checked
    from safespace.settings import Settings


@dataclass(frozen=True)
class Findings:
    """What a check found, worked out once: the page is drawn anew at every click.

    Parameters
    ----------
    checked
        What can be loaded.
    notes, picture
        Sentences about what was noticed, and where the rows that can be used lie, as SVG.
    reasons
        Rows not taken by reason (:func:`safespace.pipeline.reasons_in_short`).
    rejects, repairs
        First rows by outcome and reason, and by rule.
    repaired
        Values mended by each rule.
    to_mend
        The files of rows to be mended, by name.
    """

    checked: Checked
    notes: tuple[str, ...]
    picture: bytes
    reasons: pd.DataFrame
    rejects: Mapping[tuple[str, str], pd.DataFrame]
    repairs: Mapping[str, pd.DataFrame]
    repaired: Mapping[str, int]
    to_mend: Mapping[str, bytes]


def find(checked: Checked, settings: Settings) -> Findings:
    """Work out what is shown of a check."""
    reading = checked.outcome.reading
    return Findings(
        checked=checked,
        notes=(*pipeline.reading_in_words(reading, settings), *checked.outcome.notes, *reading.notes),
        picture=pipeline.reading_picture(reading, settings),
        reasons=pipeline.reasons_in_short(reading),
        rejects=pipeline.first_rejects(reading, checked.mapping),
        repairs=pipeline.first_repairs(reading),
        repaired={str(rule): int(count) for rule, count in reading.repairs["rule"].value_counts().items()},
        to_mend=pipeline.rejects_to_mend(reading.rejects),
    )
