"""What each measure has been found to do and not to do, printed beside every list so that nothing is oversold."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Card:
    """An expectation card: what may be said of a measure, and what may not.

    Parameters
    ----------
    measure
        ``light``, ``camera``, ``clear`` or ``close``.
    title
        What people call it.
    found
        What reviews and trials found.
    not_found
        What they did not find, or what is not known.
    works_by
        How it is thought to work, and what it hangs on.
    ask
        What to check on site before spending, and to ask afterwards.
    sources
        Where the findings are from.
    """

    measure: str
    title: str
    found: str
    not_found: str
    works_by: str
    ask: str
    sources: str

    def sentences(self) -> tuple[str, ...]:
        """Return the card as it is read out."""
        return self.found, self.not_found, self.works_by, self.ask, f"Sources: {self.sources}."

    def text(self) -> str:
        """Return what was found and not found, in one paragraph."""
        return f"{self.found} {self.not_found}"


# Wording and sources: College of Policing What Works briefings; the New York trial, NBER w25798.
CARDS: Final[Mapping[str, Card]] = MappingProxyType(
    {
        "light": Card(
            "light",
            "Street lighting",
            "Reviews of better street lighting find fewer burglaries and thefts, in daytime too; one large "
            "New York trial found at least 36 % fewer night-time outdoor index offences.",
            "They find no change in violence. How bright a street is does not by itself match how people "
            "feel there.",
            "Thought to work by what can be seen and by showing that a place is cared for; it hangs on even "
            "light without glare and on upkeep.",
            "Check on site first whether a street with no mapped lighting is lit already. Ask people who walk "
            "there again three months later.",
            "College of Policing What Works briefings; NBER working paper 25798",
        ),
        "camera": Card(
            "camera",
            "CCTV",
            "Reviews of CCTV find a small reduction overall, clearest in car parks and for vehicle offences.",
            "They find no effect on violence.",
            "It does better together with lighting and wide coverage, and where somebody watches and "
            "answers.",
            "Ask who watches, at what hours, and how long pictures are kept.",
            "College of Policing What Works briefings",
        ),
        "clear": Card(
            "clear",
            "Clearing a reported hazard",
            "Removing a reported hazard answers the people who reported it.",
            "No figure for its effect on other reports is established.",
            "It hangs on upkeep: growth and litter come back.",
            "Tell the people who reported it; ask again three months later.",
            "No trial was found",
        ),
        "close": Card(
            "close",
            "Closing a way at set hours",
            "It takes the way out of use at those hours, so walks through it become longer.",
            "No figure for its effect on reports is established, nor for what happens on the ways round it.",
            "It hangs on somebody locking and unlocking, and on a way round that is no worse.",
            "Check who has no other way, and the conditions on the way round.",
            "No trial was found",
        ),
    }
)
EXPECTATIONS: Final[Mapping[str, str]] = MappingProxyType({name: card.text() for name, card in CARDS.items()})
