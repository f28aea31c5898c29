"""How an answer shows itself where somebody types its name: one line, or a small table in a notebook.

A result holds frames, arrays and outlines; written out whole, one of them fills a screen many times over.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from html import escape
from itertools import islice
from typing import Any

LONGEST = 280
_LONGEST_VALUE = 40
_MOST_ROWS = 10


def in_short(answer: Any) -> str:
    """Return a dataclass in one line of at most 280 characters: values as they are, frames and arrays by their size.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Found:
    ...     name: str
    ...     cells: list[int]
    >>> in_short(Found("Old Town", list(range(900))))
    "Found(name='Old Town', cells=<900 in a list>)"
    """
    parts = [f"{field.name}={_value(getattr(answer, field.name))}" for field in fields(answer) if field.repr]
    text = f"{type(answer).__name__}({', '.join(parts)})"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 5]} ...)"


def in_html(answer: Any) -> str:
    """Return the line and the first rows of the answer's first table, for notebooks."""
    lines = [f"<p>{escape(in_short(answer))}</p>"]
    held = (getattr(answer, field.name) for field in fields(answer))
    for frame in islice(filter(_is_frame, held), 1):
        shown = frame.drop(columns="geometry", errors="ignore").head(_MOST_ROWS)
        more = f"<p>{len(frame):,} rows</p>" if len(frame) > _MOST_ROWS else ""
        lines += [shown.to_html(index=False), more]
    return "".join(lines)


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "to_html")


def _value(value: Any) -> str:
    if _is_frame(value):
        return f"<{len(value):,} rows>"
    if isinstance(getattr(value, "shape", None), tuple):
        return f"<array {'x'.join(map(str, value.shape)) or 'of one'}>"
    if hasattr(value, "geom_type"):
        return f"<{value.geom_type}>"
    if is_dataclass(value):
        return f"<{type(value).__name__}>"
    text = repr(value)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[: _LONGEST_VALUE - 4]}...'" if isinstance(value, str) else _size(value)


def _size(value: Any) -> str:
    kind = type(value).__name__
    return f"<{len(value):,} in a {kind}>" if hasattr(value, "__len__") else f"<{kind}>"
