"""What differs by source and by baseline, one frozen value each, and how such values are looked up.

A source's value (:class:`Source`) is defined in the module that reads its files. The list here names that
module and nothing else, so that asking which sources there are imports no reader, and a lower room needs no
knowledge of one. What is not in the list is refused in a sentence, wherever it comes from: an address, an
option, a table or a store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from safespace.errors import InputError

Dated: TypeAlias = Literal["moment", "month"]
SharesOf: TypeAlias = Literal["factor", "category"]
Sensitivity: TypeAlias = Literal["published", "restricted", "sensitive"]
Share: TypeAlias = Literal["lighting", "behaviour", "reporter"]


class Entry(Protocol):
    """Whatever can be listed: it has an identifier."""

    @property
    def id(self) -> str:
        """The identifier it is listed under."""


E = TypeVar("E", bound=Entry)
T = TypeVar("T")


@dataclass(frozen=True)
class Layer:
    """What is counted in one number. Two sources are added together only when they are of one layer.

    Parameters
    ----------
    id
        Identifier.
    title
        What heads its figures: "Public reports".
    phrase
        What it is of, within a sentence: "what people felt".
    """

    id: str
    title: str
    phrase: str


FELT = Layer("felt", "Public reports", "what people felt")
RECORDED = Layer("recorded", "Recorded incidents", "what was recorded")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Everything that differs by source.

    Parameters
    ----------
    id
        What options, addresses, tables and the store call it.
    layer
        What it may be counted together with.
    title
        What people call its rows, plural: "StreetSafe reports".
    short
        Its name alone: "StreetSafe".
    about
        What its files hold, a sentence for one who is about to load some.
    reader
        What reads its files (:class:`safespace.sources.readers.Reader`); lower rooms do not look inside.
    sensitivity
        ``published`` by its owner, ``restricted`` to those who work with it, or ``sensitive``: about what
        must not be met unawares, so that it carries a ``content_note``.
    policy
        Name of the laxest disclosure profile its counts may be released under.
    dated
        ``moment``, or ``month``: its rows have no hour, and so no night, no weekday and no chart of hours.
    times_note
        What its times are of, when not of what happened; a sentence of the small print.
    snaps
        Its places were moved to shared map points, so that clusters of them would be those points.
    finest
        Finest H3 resolution at which its places mean something.
    place_note
        What its places are, when not where it happened; a sentence of the small print.
    merges
        Its rows have no reference each: several of one person in one place on one day are one event.
    factor_label
        What the factor is: a reason, a kind of place, a method.
    shares_of
        Whether shares are taken of what was given (``factor``) or of the kind (``category``).
    shares_label
        What heads those shares.
    bears
        Shares inside its reports that mean something: who named lighting or behaviour, who reported.
    private_kinds
        Categories told as one kind, and never of a single cell: nobody must be led to a person.
    private_note
        The sentence that says so.
    credit
        Whom to credit on everything drawn from it.
    content_note
        What a reader is told before the first figures of it.

    Raises
    ------
    ValueError
        When it is dated by month only and merged by day, or sensitive without a note.
    """

    id: str
    layer: Layer
    title: str
    short: str
    about: str
    reader: object = field(repr=False)
    sensitivity: Sensitivity
    policy: str
    dated: Dated = "moment"
    times_note: str = ""
    snaps: bool = False
    finest: int = 10
    place_note: str = ""
    merges: bool = False
    factor_label: str = "Detail"
    shares_of: SharesOf = "factor"
    shares_label: str = "What was recorded"
    bears: frozenset[Share] = frozenset()
    private_kinds: tuple[str, ...] = ()
    private_note: str = ""
    credit: str = ""
    content_note: str = ""

    def __post_init__(self) -> None:
        """Refuse a value that contradicts itself."""
        if self.merges and self.dated == "month":
            raise ValueError(f"{self.id}: rows without a day cannot be told to be one event")
        if self.sensitivity == "sensitive" and not self.content_note:
            raise ValueError(f"{self.id}: a sensitive source needs a content note")

    @property
    def refused(self) -> Mapping[str, str]:
        """What cannot be asked of it, each with the reason."""
        hours = "Its rows are dated by month only."
        clusters = "Its places were moved to shared map points."
        return {
            **({"hours": hours, "nights": hours} if self.dated == "month" else {}),
            **({"clusters": clusters} if self.snaps else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Everything that differs by what counts are held against.

    What it does is a function, or ``module:name`` of one, so that the value itself imports nothing; see
    :func:`called`.

    Parameters
    ----------
    id
        What options and addresses call it.
    words
        What it is, within a sentence: "length of walkable street".
    exposure
        From this value, a window of cells, a view and settings, the baseline by cell; None where the store has
        nothing to make it from.
    available
        From this value, settings and the names of the sources held, whether the store can serve it.
    needs
        What has to be loaded for it, within a sentence; empty when nothing has.
    note
        From this value and settings, what a reader must know of where it came from; empty for nothing.
    counted
        It is counted and varies by chance as reports do; taken as known, it would give false places.
    made_of
        The layer it is made of, which cannot also be held against it.
    loaded_as
        ``areas`` when it is one number for each loaded area, ``amounts`` when it is polygons or points with
        amounts, empty when it is made from what other layers hold.
    columns
        The code column and the value column as published, of one number for each area.
    credit
        Whom to credit on everything drawn against it.
    title, about
        What heads its files in the app and what they hold; empty when the app does not take them.
    """

    id: str
    words: str
    exposure: Callable[..., Any] | str = field(repr=False)
    available: Callable[..., bool] | str = field(repr=False)
    needs: str = ""
    note: Callable[..., str] | str = field(default="", repr=False)
    counted: bool = False
    made_of: Layer | None = None
    loaded_as: Literal["", "areas", "amounts"] = ""
    columns: tuple[str, str] = ("", "")
    credit: str = ""
    title: str = ""
    about: str = ""


def called(function: Callable[..., T] | str) -> Callable[..., T]:
    """Return a function that may be given as ``module:name``, imported now.

    Examples
    --------
    >>> called("math:hypot")(3, 4)
    5.0
    """
    if not isinstance(function, str):
        return function
    found: Callable[..., T] = found_at(function)
    return found


def found_at(place: str) -> Any:
    """Return what is defined at ``module:name``, the module imported now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


class Register(Mapping[str, E], Generic[E]):
    """Values of one kind by identifier, in the order in which they are offered.

    Parameters
    ----------
    kind
        What they are, for messages.
    listed
        Each value, or where it is defined as ``module:name``: the module is imported when the value is asked for.

    Examples
    --------
    >>> list(SOURCES), "twitter" in SOURCES
    (['streetsafe', 'nte', 'spiking', 'police_uk'], False)
    """

    def __init__(self, kind: str, listed: Mapping[str, str] | Mapping[str, E]) -> None:
        self.kind = kind
        self._listed: dict[str, str | E] = dict(listed)

    def __getitem__(self, name: str) -> E:
        """Return the value of an identifier.

        Raises
        ------
        InputError
            When there is none, naming those there are.
        """
        held = self._listed.get(name)
        if held is None:
            raise InputError(
                f"No such {self.kind}.",
                code="not-listed",
                seen=name,
                remedy=f"Choose one of: {', '.join(self._listed)}.",
            )
        if not isinstance(held, str):
            return held
        value: E = found_at(held)
        return value

    def __iter__(self) -> Iterator[str]:
        """Go through the identifiers; nothing is imported."""
        return iter(tuple(self._listed))

    def __len__(self) -> int:
        """Count the identifiers."""
        return len(self._listed)

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a value; nothing is imported."""
        return name in self._listed

    def register(self, value: E) -> None:
        """List a value for the rest of this process, as a plug-in does once at its start.

        Raises
        ------
        InputError
            When the identifier is taken.
        """
        if value.id in self._listed:
            raise InputError(
                f"There is a {self.kind} of this name.",
                code="listed-twice",
                seen=value.id,
                remedy="Name it otherwise.",
            )
        self._listed[value.id] = value

    @contextmanager
    def registered(self, value: E) -> Iterator[None]:
        """List a value for as long as the block runs, as a test does."""
        self.register(value)
        try:
            yield
        finally:
            del self._listed[value.id]


SOURCES: Register[Source] = Register(
    "source",
    {
        "streetsafe": "safespace.sources.streetsafe:SOURCE",
        "nte": "safespace.sources.nte:SOURCE",
        "spiking": "safespace.sources.spiking:SOURCE",
        "police_uk": "safespace.sources.police_uk:SOURCE",
    },
)
USUAL_SOURCE = "streetsafe"  # what is asked about when nobody says


def source_ids() -> tuple[str, ...]:
    """Return the identifiers of the sources there are.

    Examples
    --------
    >>> source_ids()
    ('streetsafe', 'nte', 'spiking', 'police_uk')
    """
    return tuple(SOURCES)


def layer_of(sources: Iterable[str]) -> Layer:
    """Return the one layer that some sources are of.

    Raises
    ------
    InputError
        When there is no such source, or they are of several layers: those are never added together.

    Examples
    --------
    >>> layer_of(("nte", "spiking")).title
    'Recorded incidents'
    """
    asked = tuple(sources)
    layers = {SOURCES[source].layer.id: SOURCES[source].layer for source in asked}
    if len(layers) != 1:
        phrases = " and ".join(layer.phrase for layer in layers.values())
        raise InputError(
            f"{phrases[:1].upper()}{phrases[1:]} are not added together.",
            code="layers-not-added",
            seen=", ".join(asked),
            remedy=f"Ask for one layer at a time: {'; or '.join(', '.join(of_layer(layer)) for layer in layers.values())}.",
        )
    return next(iter(layers.values()))


def of_layer(layer: Layer) -> tuple[str, ...]:
    """Return the sources of a layer, in the order in which they are offered.

    Examples
    --------
    >>> of_layer(FELT), of_layer(RECORDED)
    (('streetsafe',), ('nte', 'spiking', 'police_uk'))
    """
    return tuple(source for source in SOURCES if SOURCES[source].layer.id == layer.id)


def titles(sources: Iterable[str]) -> str:
    """Return what people call some sources.

    Examples
    --------
    >>> titles(("nte", "spiking"))
    'Night-time-economy incidents and Reports of suspected spiking'
    """
    return " and ".join(SOURCES[source].title for source in sources)


def listed(names: Iterable[str]) -> str:
    """Return names as a choice within a sentence.

    Examples
    --------
    >>> listed(SOURCES)
    'streetsafe, nte, spiking or police_uk'
    """
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def group_id(name: str) -> str:
    """Return the identifier of a group from its printed name, as options and addresses write it.

    Examples
    --------
    >>> group_id("Robbery and theft from the person")
    'robbery-and-theft-from-the-person'
    """
    return re.sub(r"[^0-9a-z]+", "-", name.casefold()).strip("-")
