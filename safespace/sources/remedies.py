"""What to do about a row that was not taken: one sentence for each reason."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safespace.errors import Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safespace.errors import Face

_UNKNOWN = Remedy(
    cli="Write a word of the list, or say in a mapping file, under [values], which word of the list theirs is.",
    app="Write a word of the list.",
    library="Write a word of the list, or say in a mapping, under words, which word of the list theirs is.",
)
REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "no_coordinates": "Fill in both coordinates from the source, or leave the row out.",
        "zero_coordinates": "Fill in the place from the source: 0, 0 stands for none.",
        "bad_coordinates": "Write degrees such as 52.4778 and -1.8983, or metres of the British National Grid.",
        "outside_britain": "Compare the place with the source: a figure may be missing or a sign wrong.",
        "no_moment": "Fill in the date from the source.",
        "bad_moment": "Write the date as 2022-01-28 23:40 or 28/01/2022 23:40.",
        "default_date": "Fill in the date from the source: the system wrote this one for none.",
        "too_old": "Compare the year with the source.",
        "future_date": "Compare the date with the source, day and month above all.",
        "end_before_start": "Compare both with the source; an end that is not known can be left blank.",
        "duplicate_row": "Nothing, where it is the same report twice; else give each a reference of its own.",
        "footer_row": "Nothing: it is not a report.",
        "header_row": "Nothing: it is not a report.",
        "ragged_row": "Put quotation marks round cells that hold the delimiter, or close the open one, and load again.",
        "same_reference": "Keep the right one of these rows, or give each a reference of its own.",
        "held_with_other_content": "Leave it where the one held is right; else roll that load back and load the newer first.",
        "mangled_reference": "Take the reference from the source again, as text and not through a spreadsheet.",
        "domestic_abuse": "Nothing: such rows are counted and never taken.",
        "home_location": "Nothing: such rows are counted and never taken.",
    }
)


def remedy(reason: str, face: Face = "cli") -> str:
    """Return what to do about rows with a reason code, at a face.

    Examples
    --------
    >>> remedy("future_date")
    'Compare the date with the source, day and month above all.'
    >>> remedy("unknown_category", "app")
    'Write a word of the list.'
    """
    return REMEDIES.get(reason, _UNKNOWN.at(face) if reason.startswith("unknown_") else "")
