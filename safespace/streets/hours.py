"""When streets, their lighting and the premises along them are open, from OpenStreetMap's own words.

Each distinct text is read once. A text that cannot be read closes nothing: the street counts as open and
is flagged, because a wrong guess would take a walk away from people.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from opening_hours import OpeningHours, validate

from safespace.errors import InputError
from safespace.streets.graph import LIT, PART_NIGHT, UNLIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from safespace.streets.graph import StreetGraph

    Codes = NDArray[np.int8]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

Moment: TypeAlias = "dt.datetime | tuple[int, float]"

JOINT: Final = " && "  # parts of one way's or gate's words, the later counting more
BOTH: Final = " and also "  # words of two of them: both must be open
NOT_READ: Final = "conditional, hours not read"
# Monday of the week of the spring equinox: for a bare weekday and hour, days and nights are of one length.
_USUAL_WEEK: Final = dt.datetime(2026, 3, 16)  # noqa: DTZ001  local time of the streets
_OPENS: Final = frozenset(
    ("yes", "designated", "permissive", "official", "destination", "customers", "delivery")
)
_SHUTS: Final = frozenset(("no", "private", "permit", "residents", "closed", "off"))
_WORDS: Final = (
    (re.compile(r"[\u2010-\u2015]"), "-"),
    (re.compile(r"\s+to\s+", re.IGNORECASE), "-"),
    (re.compile(r"\b24\s*h(ou)?rs?\b", re.IGNORECASE), "24/7"),
    (re.compile(r"^\s*Mo-Su\s+24/7\s*$", re.IGNORECASE), "24/7"),
    (re.compile(r"\b(dawn|dusk|sunrise|sunset)\b", re.IGNORECASE), lambda m: m.group().lower()),
)
_CLOCK: Final = re.compile(r"\b(\d{1,2})(?:[:.](\d\d))?\s*([ap])\.?m\b\.?", re.IGNORECASE)
_LONGEST: Final = 1000


@dataclass(frozen=True)
class Standing:
    """What a text says of one moment; ``read`` is false where some of it could not be understood."""

    open: bool
    read: bool


def open_at(graph: StreetGraph, moment: Moment) -> Flags:
    """Say which edges a walker may use at a moment.

    Parameters
    ----------
    moment
        Local time at the streets (a ``datetime``; one with a zone is converted), or a weekday (Monday is 0)
        and an hour of it: ``(4, 23.5)`` is half past eleven on a Friday night, with dawn and dusk as at
        the spring equinox.

    Returns
    -------
    numpy.ndarray
        Shape (m,). True too where hours could not be read; :func:`hours_unread` says where.

    Raises
    ------
    InputError
        When the moment is not one.
    """
    return _at(graph, graph.hours_code, moment)


def hours_unread(graph: StreetGraph) -> Flags:
    """Say which edges have conditions that could not be read, so that they count as open, shape (m,)."""
    read = [text_at(text, _USUAL_WEEK, *_middle(graph)).read for text in graph.hours]
    return ~np.asarray(read, bool)[graph.hours_code]


def hours_text(graph: StreetGraph) -> NDArray[np.object_]:
    """Return the opening hours of each edge as written, "conditional, hours not read" or empty, shape (m,)."""
    texts = np.asarray(graph.hours, object)[graph.hours_code]
    return np.where(hours_unread(graph), NOT_READ, texts)


def lit_at(graph: StreetGraph, moment: Moment) -> Codes:
    """Return lighting at a moment: as ``lit``, but 1 (no) where it is known to be switched off then.

    Notes
    -----
    Lighting of part of the night whose hours are not known stays 2 (yes); ``lit_night`` tells it apart.
    """
    off = (graph.lit == LIT) & (graph.lit_night == PART_NIGHT) & ~_at(graph, graph.lit_hours_code, moment)
    return np.where(off, UNLIT, graph.lit).astype(np.int8)


def premises_open_at(graph: StreetGraph, moment: Moment) -> tuple[Ints, Ints]:
    """Return how many premises along each edge are open at a moment, and of how many it is not known.

    Returns
    -------
    tuple
        Known to be open, and not known; each shape (m,). The rest of ``frontage`` is known to be shut.
    """
    used, place = np.unique(graph.premise_hours_code, return_inverse=True)
    when, middle = as_moment(moment), _middle(graph)
    standing = [text_at(graph.hours[code], when, *middle) for code in used]
    known = np.asarray([s.read and graph.hours[c] != "" for c, s in zip(used, standing, strict=True)], bool)
    opened = np.asarray([s.open for s in standing], bool) & known
    at = place[graph.front_premise]
    return (
        np.bincount(graph.front_edge[opened[at]], minlength=graph.edges),
        np.bincount(graph.front_edge[~known[at]], minlength=graph.edges),
    )


def as_moment(moment: Moment) -> dt.datetime:
    """Return a moment as local time.

    Examples
    --------
    >>> as_moment((4, 23.5))
    datetime.datetime(2026, 3, 20, 23, 30)
    """
    if isinstance(moment, dt.datetime):
        return moment
    try:
        weekday, hour = moment
        if 0 <= weekday <= 6 and 0 <= hour < 24:
            return _USUAL_WEEK + dt.timedelta(days=int(weekday), minutes=round(hour * 60))
    except (TypeError, ValueError):
        pass
    raise InputError(
        "Not a moment.",
        code="moment-not-usable",
        seen=moment,
        remedy="Give a date and time, or a weekday from 0 (Monday) to 6 and an hour from 0 to 24.",
    )


def text_at(text: str, when: dt.datetime, lon: float, lat: float) -> Standing:
    """Say what opening hours and conditional access, as OpenStreetMap writes them, say of a moment.

    Parameters
    ----------
    text
        Empty, opening hours, conditional access (``no @ (22:00-06:00)``), a bare ``no`` that conditions
        open, or several of these joined by ``" && "``, the last of them counting most. Words of a way and
        of a gate on it are joined by ``" and also "``: both must be open.
    when
        Local time.
    lon, lat
        Where, degrees: dawn and dusk depend on it, and so do the public holidays.

    Examples
    --------
    >>> night = dt.datetime(2026, 3, 20, 23, 0)
    >>> text_at("dawn-dusk", night, -2.99, 51.58)
    Standing(open=False, read=True)
    >>> text_at("no @ (22:00-06:00)", night, -2.99, 51.58).open, text_at("see sign", night, -2.99, 51.58)
    (False, Standing(open=True, read=False))
    >>> text_at("06:00-23:30 and also 06:00-22:00", night, -2.99, 51.58).open
    False
    """
    found = [_standing(one, when, lon, lat) for one in text.split(BOTH)]
    return Standing(all(one.open for one in found), all(one.read for one in found))


# --- reading texts -----------------------------------------------------------------------------------


def _standing(text: str, when: dt.datetime, lon: float, lat: float) -> Standing:
    """Read the words of one way or gate."""
    opened, read = True, True
    for part in filter(None, text.split(JOINT)):
        if part == "no":
            opened = False
            continue
        known, value = _conditions(part, when, lon, lat) if "@" in part else _hours(part, when, lon, lat)
        read &= known
        opened = opened if value is None else value
    return Standing(opened, read)


def _at(graph: StreetGraph, codes: Ints, moment: Moment) -> Flags:
    when, middle = as_moment(moment), _middle(graph)
    held = np.ones(len(graph.hours), bool)
    for code in np.unique(codes):
        held[code] = text_at(graph.hours[code], when, *middle).open
    return held[codes]


def _middle(graph: StreetGraph) -> tuple[float, float]:
    return float(np.median(graph.lon)), float(np.median(graph.lat))


def _hours(text: str, when: dt.datetime, lon: float, lat: float) -> tuple[bool, bool | None]:
    """Return whether opening hours were understood and, if so, whether they are open."""
    plain = _plain(text) if len(text) <= _LONGEST else ""
    if not plain or not validate(plain):
        return False, None
    hours = OpeningHours(plain, coords=(lat, lon))
    return (False, None) if hours.is_unknown(when) else (True, hours.is_open(when))


def _plain(text: str) -> str:
    """Write the usual slips the way the standard has them.

    Examples
    --------
    >>> _plain("Dawn to dusk"), _plain("7am\u20139.30pm"), _plain("24 hours")
    ('dawn-dusk', '07:00-21:30', '24/7')
    """
    for pattern, instead in _WORDS:
        text = pattern.sub(instead, text)
    return _CLOCK.sub(_on_the_clock, text)


def _on_the_clock(match: re.Match[str]) -> str:
    hour, minute, half = match.groups()
    return f"{int(hour) % 12 + 12 * (half.lower() == 'p'):02d}:{minute or '00'}"


def _conditions(text: str, when: dt.datetime, lon: float, lat: float) -> tuple[bool, bool | None]:
    """Return whether the conditions were understood and what the last that holds says; None for none."""
    known, value = True, None
    for word, condition in _clauses(text):
        understood, holds = _hours(condition, when, lon, lat)
        understood &= word in _OPENS or word in _SHUTS
        known &= understood
        if understood and holds:
            value = word in _OPENS
    return known, value


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Split ``no @ (22:00-06:00); yes @ Su`` into words and conditions, minding brackets.

    Examples
    --------
    >>> list(_clauses("no @ (Mo-Fr 22:00-06:00; Sa off); yes @ Su"))
    [('no', 'Mo-Fr 22:00-06:00; Sa off'), ('yes', 'Su')]
    """
    depth, clause = 0, ""
    for letter in text + ";":
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and depth <= 0:
            word, _, condition = clause.partition("@")
            if clause.strip():
                yield word.strip(), _bare(condition)
            clause = ""
        else:
            clause += letter


def _bare(condition: str) -> str:
    condition = condition.strip()
    return condition[1:-1].strip() if condition[:1] == "(" and condition[-1:] == ")" else condition
