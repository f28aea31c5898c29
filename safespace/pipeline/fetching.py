"""Public data from its addresses: whole files or none, kept, hashed and fetched politely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safespace.download import public_data
from safespace.errors import InputError, Remedy
from safespace.pipeline.choices import KINDS
from safespace.pipeline.loading import area_outline
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safespace.download.fetch import Fetched
    from safespace.settings import Settings


def fetch(
    kind: str,
    settings: Settings,
    *,
    months: Sequence[str] = (),
    area: str = "",
    address: str = "",
    refresh: bool = False,
    progress: bool = False,
) -> tuple[Fetched, ...]:
    """Fetch public files into the store's folder ``fetched``; what is there already is kept.

    Parameters
    ----------
    kind
        A key of :data:`KINDS`.
    settings
        Addresses and patience (``[fetch]``), and where the store is.
    months
        As ``2022-01``.
    area
        Identifier of a loaded area.
    address
        Where the file is, when not the one set.
    refresh
        Ask for a newer version of what is there.
    progress
        Show a bar on the terminal.

    Raises
    ------
    InputError
        When there is no such kind, or it needs months, an area or an address that was not given.
    FileError
        When a file cannot be fetched whole; nothing half-fetched is left.
    """
    folder = settings.store / "fetched"
    if kind == "police":
        return tuple(
            public_data.police_archive(
                month, folder, settings=settings.fetch, refresh=refresh, progress=progress
            )
            for month in _needed(months)
        )
    if kind == "police-area":
        _, outline = area_outline(area, Store.open(settings.store))
        wanted = list(_needed(months))
        return public_data.police_street_level(
            outline, wanted, folder, settings=settings.fetch, refresh=refresh
        )
    if kind == "streets" and area:
        _, outline = area_outline(area, Store.open(settings.store))
        return (
            public_data.streets_around(
                outline, folder, settings=settings.fetch, refresh=refresh, progress=progress
            ),
        )
    return (_extract(kind, address, folder, settings, refresh=refresh, progress=progress),)


def _extract(
    kind: str, address: str, folder: Path, settings: Settings, *, refresh: bool, progress: bool
) -> Fetched:
    usual = {"streets": settings.fetch.streets, "boundaries": settings.fetch.boundaries}
    if kind not in usual:
        raise InputError(
            "There is no such kind of public data.",
            code="public-data-unknown",
            seen=kind,
            remedy=f"Choose from: {', '.join(KINDS)}.",
        )
    where = address or usual[kind]
    if not where:
        raise InputError(
            "No address is known for this.",
            code="fetch-address-missing",
            seen=kind,
            remedy=Remedy(
                cli=f"Give --address, or set {kind} under [fetch] in safespace.toml.",
                app="Ask whoever runs this app to fetch it.",
                library=f"Give an address, or set fetch.{kind}.",
            ),
        )
    return public_data.extract(where, folder, settings=settings.fetch, refresh=refresh, progress=progress)


def _needed(months: Sequence[str]) -> Sequence[str]:
    if not months:
        raise InputError(
            "Something is missing.",
            code="fetch-months-missing",
            remedy=Remedy(
                cli="Give a month, as --month 2022-01.",
                app="Choose a month.",
                library="Give months, such as 2022-01.",
            ),
        )
    return months
