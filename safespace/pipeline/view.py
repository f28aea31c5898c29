"""The question being asked, as one small value.

A :class:`View` says which area, which reports, which cells and which baseline. The command line builds it
from options, the app from its address bar, a brief prints it; :meth:`View.to_query` and :meth:`View.from_query`
are the only places where it meets text, so a shared address always asks the same question.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safespace.errors import InputError
from safespace.pipeline.baselines import BASELINES, USUAL_BASELINE
from safespace.registry import SOURCES, USUAL_SOURCE
from safespace.schemas import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOUND_BY: Mapping[str, str] = MappingProxyType(
    {"public": "reported by the public, or not stated", "all": "also found by patrols"}
)
NOT = "not-"
_NIGHTS = {
    "match": "match nights",
    "event": "event nights",
    "campaign": "campaign days",
    "bank-holiday": "nights of bank-holiday weekends",
}
CALENDARS: Mapping[str, str] = MappingProxyType(
    {
        "": "any night",
        **_NIGHTS,
        **{f"{NOT}{kind}": f"nights other than {words}" for kind, words in _NIGHTS.items()},
    }
)
EDITIONS: Mapping[str, str] = MappingProxyType({"police": "Police edition", "partner": "Partner edition"})


@dataclass(frozen=True)
class View:
    """Which area, which reports, which cells, against which baseline.

    Parameters
    ----------
    area
        Identifier of a loaded area; empty means all of them together.
    sources
        Sources counted together, by their names in :data:`safespace.registry.SOURCES`. Counting sources of two
        layers (felt, recorded) in one number is refused by :func:`safespace.pipeline.find_places`.
    resolution
        H3 resolution, 7 to 10.
    baseline
        What the counts are held against; a key of :data:`safespace.pipeline.baselines.BASELINES`.
    since, until
        First and last day (local), both included; ``None`` leaves that end open.
    window
        Name of a night window from the settings (of the area's own night, where it is a zone), ``night`` for the whole night, or empty for any time.
    calendar
        Only nights when something was on, or was not; a key of :data:`CALENDARS`.
    factor
        Only reports that give this reason; empty for all.
    kinds
        Only recorded reports of these groups of offences, by identifier (:mod:`safespace.sources.offences`); empty for
        all. Which there are depends on a file, so they are held against it when the question is asked.
    found_by
        ``public`` leaves out rows known to be found by patrols (they show where patrols were).
    edition
        ``police`` or ``partner``.
    cell
        The cell a reader has picked, 0 for none. It changes what is shown beside the map, not the figures.

    Examples
    --------
    >>> View(area="centre", resolution=9).to_query()
    {'area': 'centre'}
    >>> View.from_query({"area": "centre", "since": "2022-01-01"}).since
    datetime.date(2022, 1, 1)
    """

    area: str = ""
    sources: tuple[str, ...] = (USUAL_SOURCE,)
    resolution: int = 9
    baseline: str = USUAL_BASELINE
    since: date | None = None
    until: date | None = None
    window: str = ""
    calendar: str = ""
    factor: str = ""
    kinds: tuple[str, ...] = ()
    found_by: str = "public"
    edition: str = "police"
    cell: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be asked, naming every misfit at once."""
        problems = [
            f"{name} {value!r} (choose from {', '.join(map(str, allowed))})"
            for name, value, allowed in self._choices()
            if value not in allowed
        ]
        if not self.sources:
            problems.append("no source chosen")
        if self.since and self.until and self.since > self.until:
            problems.append(f"the period ends ({self.until}) before it starts ({self.since})")
        if problems:
            raise InputError(
                "This question cannot be asked.",
                code="question-not-askable",
                seen="; ".join(problems),
                remedy="Change these choices.",
            )

    def _choices(self) -> list[tuple[str, object, tuple[object, ...]]]:
        return [
            *(("source", source, tuple(SOURCES)) for source in self.sources),
            ("resolution", self.resolution, RESOLUTIONS),
            ("baseline", self.baseline, tuple(BASELINES)),
            ("calendar", self.calendar, tuple(CALENDARS)),
            ("found by", self.found_by, tuple(FOUND_BY)),
            ("edition", self.edition, tuple(EDITIONS)),
        ]

    def to_query(self) -> dict[str, str]:
        """Return what differs from the defaults, as text fit for an address bar."""
        usual = View()
        return {
            name: _to_text(value) for name, value in asdict(self).items() if value != getattr(usual, name)
        }

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> View:
        """Read a view back from text; names it does not know are left alone.

        Raises
        ------
        InputError
            When a value does not fit its field, naming the field and the value seen.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: _from_text(name, text) for name, text in query.items() if name in known})

    def but(self, **changes: Any) -> View:
        """Return the same question with some parts changed."""
        return replace(self, **changes)


def _to_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _from_text(name: str, text: str) -> Any:
    read: Mapping[str, Callable[[str], Any]] = {
        "sources": _names,
        "kinds": _names,
        "resolution": int,
        "cell": int,
        "since": _day,
        "until": _day,
    }
    try:
        return read.get(name, str)(text)
    except ValueError as problem:
        raise InputError(
            "A value in the address or option cannot be read.",
            code="option-not-readable",
            where=name,
            seen=repr(text),
            remedy="Correct it.",
        ) from problem


def _names(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
