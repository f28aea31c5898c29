"""Every error SafeSpace raises on purpose, in one tree.

Each error has a stable code and parts: what is wrong, where, the values that were seen, and what to do
about it at each face (the command line, the app, the library). A face shows :meth:`SafeSpaceError.told` with its own
name, a program reads :meth:`SafeSpaceError.parts`, and nothing reads the sentences. ``docs/errors.md`` lists every code.

.. code-block:: text

    SafeSpaceError
    ├── InputError (also ValueError)        something a person supplied cannot be used
    │   ├── FileError                       missing, unreadable, too large or of the wrong kind
    │   ├── SchemaError                     columns or values that break a table's promise
    │   ├── AreaError                       a polygon that is empty, invalid or outside the data
    │   ├── PlaceError                      a point too far from any street, or two points that are one
    │   └── SettingsError                   a setting that is unknown or out of range
    ├── TooFewError (also ValueError)       too little data for the question, and how much would do
    ├── StoreError (also RuntimeError)      the store could not be read or written
    ├── EngineError (also RuntimeError)     a query failed; the message carries its SQL
    ├── DisclosureError (also RuntimeError) a release was refused because it would reveal people
    └── MissingExtraError (also ImportError) an optional dependency is not installed
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

Face: TypeAlias = Literal["cli", "app", "library"]
FACES: tuple[Face, ...] = ("cli", "app", "library")


@dataclass(frozen=True)
class Remedy:
    """What can be done about an error, where that differs by face.

    Parameters
    ----------
    cli
        As commands, options, files and settings.
    app
        As what the pages of the app offer.
    library
        As arguments and values, for those who call functions.

    Examples
    --------
    >>> Remedy(cli="Leave out --source.", app="Choose other reports.", library="Pass one source.").at("app")
    'Choose other reports.'
    """

    cli: str
    app: str
    library: str

    @classmethod
    def same(cls, text: str) -> Self:
        """Return a remedy that is the same at every face."""
        return cls(text, text, text)

    @classmethod
    def limit(cls, limit: str, setting: str, more: str = "") -> Self:
        """Return that there is a limit, and who can move it: the app's readers cannot change settings.

        Examples
        --------
        >>> remedy = Remedy.limit("The limit is 200 MB", "limits.upload_mb")
        >>> remedy.cli
        'The limit is 200 MB (limits.upload_mb).'
        >>> remedy.app
        'The limit is 200 MB. Whoever runs this app can change it.'
        """
        then = f"; {more}." if more else "."
        named = f"{limit} ({setting}){then}"
        return cls(named, f"{limit}{then} Whoever runs this app can change it.", named)

    def at(self, face: Face) -> str:
        """Return what to do at a face."""
        text: str = getattr(self, face)
        return text

    def changed(self, change: Callable[[str], str]) -> Remedy:
        """Return this with a change made to the words of each face."""
        return Remedy(change(self.cli), change(self.app), change(self.library))


class SafeSpaceError(Exception):
    """Base of every deliberate error.

    Parameters
    ----------
    what
        What is wrong, as a sentence.
    code
        The stable name of this problem, in small letters and hyphens. A class has one of its own, for those who
        raise it elsewhere; every error raised in SafeSpace states one.
    seen
        The value or values that were met, shown verbatim.
    where
        File, row, column or setting the problem was met in.
    remedy
        What the reader can do about it, as a sentence; a :class:`Remedy` where that differs by face.
    causes
        The errors this one gathers, told after what is wrong; of those past ``told_most`` only the number is.

    Examples
    --------
    >>> print(SafeSpaceError("No such column.", where="reports.csv", seen="lng", remedy="Map it to 'lon'."))
    reports.csv: No such column. Seen: lng. Map it to 'lon'.
    """

    code = "safespace"
    told_most = 5

    def __init__(
        self,
        what: str,
        *,
        code: str = "",
        seen: object = None,
        where: object = None,
        remedy: str | Remedy | None = None,
        causes: Sequence[SafeSpaceError] = (),
    ) -> None:
        self.code = code or self.code
        self.what, self.seen, self.where, self.causes = what, seen, where, tuple(causes)
        self.remedy = Remedy.same(remedy) if isinstance(remedy, str) else remedy
        super().__init__(what)

    def __str__(self) -> str:
        return self.told("library")

    def told(self, face: Face) -> str:
        """Return the error as one paragraph, with what to do at a face.

        Examples
        --------
        >>> remedy = Remedy(cli="Name it with --sheet.", app="Choose it above.", library="Pass sheet.")
        >>> print(FileError("There are two sheets.", remedy=remedy).told("app"))
        There are two sheets. Choose it above.
        """
        prefix = "" if self.where is None else f"{self.where}: "
        seen = "" if self.seen is None else f"Seen: {self.seen}."
        causes = list(dict.fromkeys(cause.told(face) for cause in self.causes[: self.told_most]))
        left = len(self.causes) - self.told_most
        more = f"And {left:,} more." if left > 0 else ""
        remedy = "" if self.remedy is None else self.remedy.at(face)
        return prefix + " ".join(filter(None, [self.what, *causes, more, seen, remedy]))

    def parts(self, face: Face) -> dict[str, Any]:
        """Return the error for a program: ``code, what, where, seen, remedy``, and ``causes`` when it gathers some."""
        remedy = None if self.remedy is None else self.remedy.at(face)
        causes = {"causes": [cause.parts(face) for cause in self.causes]} if self.causes else {}
        shown = {
            name: None if value is None else str(value)
            for name, value in (("where", self.where), ("seen", self.seen))
        }
        return {"code": self.code, "what": self.what, **shown, "remedy": remedy, **causes}

    def changed(self, change: Callable[[str], str]) -> Self:
        """Return this error with a change made to the words of every part, such as other names for files."""
        other = copy.copy(self)
        other.what = change(self.what)
        other.seen, other.where = (
            None if part is None else change(str(part)) for part in (self.seen, self.where)
        )
        other.remedy = None if self.remedy is None else self.remedy.changed(change)
        other.causes = tuple(cause.changed(change) for cause in self.causes)
        other.args = (other.what,)
        return other

    def located(self, where: object) -> Self:
        """Return this error with another place that it was met in."""
        other = copy.copy(self)
        other.where = where
        return other


class InputError(SafeSpaceError, ValueError):
    """Something a person supplied cannot be used as it is."""

    code = "input"


class FileError(InputError):
    """A file is missing, unreadable, too large or of the wrong kind."""

    code = "file"


class SchemaError(InputError):
    """Columns or values break what a table promises."""

    code = "schema"


class AreaError(InputError):
    """A polygon is empty, invalid or outside the data."""

    code = "area"


class PlaceError(InputError):
    """A point is too far from any street, or two points are one."""

    code = "place"


class SettingsError(InputError):
    """A setting is unknown or out of range."""

    code = "settings"


class TooFewError(SafeSpaceError, ValueError):
    """There is too little data for the question; the message says how much would do."""

    code = "too-few"


class StoreError(SafeSpaceError, RuntimeError):
    """The store could not be read or written."""

    code = "store"


class EngineError(SafeSpaceError, RuntimeError):
    """A query failed; the message carries its SQL."""

    code = "engine"


class DisclosureError(SafeSpaceError, RuntimeError):
    """A release was refused because it would reveal people."""

    code = "disclosure"


class MissingExtraError(SafeSpaceError, ImportError):
    """An optional dependency is not installed."""

    code = "missing-extra"
