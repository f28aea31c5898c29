"""Every error SafeSpace raises on purpose, in one tree.

Each message says what is wrong, the values that were seen and what to do about it, so a face (the
command line, the app) can show it as it is.

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


class SafeSpaceError(Exception):
    """Base of every deliberate error.

    Parameters
    ----------
    what
        What is wrong, as a sentence.
    seen
        The value or values that were met, shown verbatim.
    where
        File, row, column or setting the problem was met in.
    remedy
        What the reader can do about it, as a sentence.

    Examples
    --------
    >>> print(SafeSpaceError("No such column.", where="reports.csv", seen="lng", remedy="Map it to 'lon'."))
    reports.csv: No such column. Seen: lng. Map it to 'lon'.
    """

    def __init__(
        self, what: str, *, seen: object = None, where: object = None, remedy: str | None = None
    ) -> None:
        self.what, self.seen, self.where, self.remedy = what, seen, where, remedy
        super().__init__(what)

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where is not None else ""
        seen = f" Seen: {self.seen}." if self.seen is not None else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{prefix}{self.what}{seen}{remedy}"


class InputError(SafeSpaceError, ValueError):
    """Something a person supplied cannot be used as it is."""


class FileError(InputError):
    """A file is missing, unreadable, too large or of the wrong kind."""


class SchemaError(InputError):
    """Columns or values break what a table promises."""


class AreaError(InputError):
    """A polygon is empty, invalid or outside the data."""


class PlaceError(InputError):
    """A point is too far from any street, or two points are one."""


class SettingsError(InputError):
    """A setting is unknown or out of range."""


class TooFewError(SafeSpaceError, ValueError):
    """There is too little data for the question; the message says how much would do."""


class StoreError(SafeSpaceError, RuntimeError):
    """The store could not be read or written."""


class EngineError(SafeSpaceError, RuntimeError):
    """A query failed; the message carries its SQL."""


class DisclosureError(SafeSpaceError, RuntimeError):
    """A release was refused because it would reveal people."""


class MissingExtraError(SafeSpaceError, ImportError):
    """An optional dependency is not installed."""
