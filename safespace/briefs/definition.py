"""What a brief is made of: one frozen definition that every form is written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safespace import tone
from safespace.display import in_html, in_short
from safespace.errors import InputError
from safespace.schemas import Column, Table, check, empty

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from safespace.hotspots import HotspotMethod
    from safespace.tone import Edition, Override

PLACES = Table(
    "places of a brief",
    {
        "place": Column("integer", "number on the map, 1 first", low=1),
        "name": Column("text", "what people call it"),
        "rank": Column("integer", "rank; places that cannot be told apart share one", low=1),
        "tied": Column("yes_no", "whether the rank is shared"),
        "events": Column("integer", "events in the place", low=0),
        "rate": Column("number", "events relative to usual (1 is usual)", low=0),
        "lower": Column("number", "lower end of the rate's interval", low=0),
        "upper": Column("number", "upper end of the rate's interval", low=0),
        "label": Column("text", "what is said of it, one of the labels", words=tuple(tone.Label)),
    },
    key=("place",),
)

LINKS = Table(
    "walking links of a brief",
    {
        "name": Column("text", "what the link joins, or the option's name"),
        "length_m": Column("number", "length, metres", low=0),
        "lit_yes_m": Column("number", "metres mapped as lit", low=0),
        "lit_no_m": Column("number", "metres mapped as not lit", low=0),
        "lit_unknown_m": Column("number", "metres whose lighting is not known", low=0),
        "steps_m": Column("number", "metres of steps", low=0),
        "tunnel_m": Column("number", "metres of tunnel or underpass", low=0),
        "reports_nearby": Column("number", "reports nearby, weighted by distance", low=0),
        "reports_nearby_lower": Column("number", "lower end of its interval", low=0),
        "reports_nearby_upper": Column("number", "upper end of its interval", low=0),
        "reports_within_reach": Column("integer", "reports within reach", low=0),
    },
)

SHARES = Table(
    "shares of a brief",
    {
        "what": Column("text", "which reports, for example 'Badly lit'"),
        "count": Column("integer", "reports of that kind", low=0),
        "of": Column("integer", "reports that could be", low=0),
        "share": Column("number", "count of of", low=0, high=1),
        "lower": Column("number", "lower end of its interval", low=0, high=1),
        "upper": Column("number", "upper end of its interval", low=0, high=1),
    },
)

# What fits two pages with the longest words; tests/briefs/test_pdf.py sets them all at once.
MOST_PLACES, MOST_LINKS, MOST_SHARES, MOST_LINES = 6, 5, 7, 4
NAME_CHARACTERS, LINE_CHARACTERS, NOTE_CHARACTERS = 56, 200, 420


@dataclass(frozen=True)
class RowCounts:
    """What became of the rows read for the brief.

    ``unknown_place`` is how many of those read had no usable place, which is a part of what was not
    accepted.
    """

    read: int
    accepted: int
    rejected: int
    unknown_place: int = 0

    def __post_init__(self) -> None:
        if self.accepted + self.rejected != self.read or not 0 <= self.unknown_place <= self.read:
            raise InputError(
                "The counts of the brief do not add up.",
                code="brief-counts-unbalanced",
                seen=f"read {self.read}, accepted {self.accepted}, not accepted {self.rejected}, "
                f"without a place {self.unknown_place}",
                remedy="Accepted and not accepted rows must add up to the rows read.",
            )


@dataclass(frozen=True, eq=False)
class Brief:
    """Everything a brief says, before it has a form.

    Parameters
    ----------
    title
        Heading, for example "Where reports are higher than usual".
    area
        Name of the area.
    period
        What the reports cover, in words, for example "1 November 2024 to 31 October 2025".
    data_date
        Day of the newest record; also the date written into the files, so that the same brief gives the
        same bytes on any day.
    places, links, shares
        Tables :data:`PLACES`, :data:`LINKS`, :data:`SHARES`; further columns are not used.
    map_svg, hours_svg, months_svg
        The pictures; without them their part of the page is left out.
    months_notes
        What the calendar holds in those months, in words, and the months left out.
    counts
        What became of the rows read.
    method
        How the places were found: the baseline, and the probability of the intervals of places and shares.
    basis
        One sentence on what the finding rests on.
    cells
        How many cells were judged, by label (:class:`safespace.tone.Label`).
    edition
        Who it is for.
    classification
        Government security classification, printed on each page.
    caveats, sources, assumptions
        Sentences; the first few are printed, all are in the data file.
    notes
        Local knowledge somebody typed; checked against the tone rules.
    overrides
        Accountable decisions to keep flagged words of the notes.
    version
        Fingerprint of what the brief rests on.
    synthetic
        Whether the data are made up; every page then says so.
    recorded
        Whether the shares are of kinds of recorded incident, not of reasons people told.
    data_file
        Name of the file that holds what does not fit the page.

    Raises
    ------
    SchemaError
        When a table breaks its promise.
    InputError
        When typed words carry a red tone flag that nobody answers for, or the notes are too long.
    """

    title: str
    area: str
    period: str
    data_date: date
    places: pd.DataFrame
    counts: RowCounts
    method: HotspotMethod
    basis: str = ""
    map_svg: bytes = b""
    hours_svg: bytes = b""
    months_svg: bytes = b""
    months_notes: tuple[str, ...] = ()
    links: pd.DataFrame = field(default_factory=lambda: empty(LINKS))
    shares: pd.DataFrame = field(default_factory=lambda: empty(SHARES))
    cells: dict[str, int] = field(default_factory=dict)
    edition: Edition = "police"
    classification: str = "OFFICIAL"
    caveats: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    version: str = ""
    synthetic: bool = False
    recorded: bool = False
    data_file: str = "the data file"

    __repr__ = in_short
    _repr_html_ = in_html

    def __post_init__(self) -> None:
        check(self.places, PLACES)
        check(self.links, LINKS)
        check(self.shares, SHARES)
        long = sum(map(len, self.notes))
        if long > NOTE_CHARACTERS:
            raise InputError(
                "The notes are too long for two pages.",
                code="brief-notes-too-long",
                seen=f"{long} characters",
                remedy=f"Keep them to {NOTE_CHARACTERS} characters.",
            )
        for text in (self.title, *self.caveats, *self.notes):
            tone.require_clean(text, self.overrides, edition=self.edition)
