"""What may leave the house: suppressed tables that were attacked first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from safespace import disclosure
from safespace.errors import DisclosureError, InputError, Remedy
from safespace.pipeline.kinds import asks_private
from safespace.pipeline.places import count_cells
from safespace.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safespace.pipeline.view import View
    from safespace.settings import Settings


def release(
    view: View,
    settings: Settings,
    *,
    policy: str,
    recipients: Sequence[str],
    ledger: Sequence[disclosure.Release] = (),
) -> disclosure.Release:
    """Make what an audience may hold of a view, attack it, and refuse it when that succeeds.

    Parameters
    ----------
    view
        The question; both ends of its period are needed, since a release is of a fixed window.
    settings
        Where the store is, and the policy profiles.
    policy
        Name of the profile.
    recipients
        Who will hold it.
    ledger
        Everything the same recipients hold already: releases are attacked together.

    Raises
    ------
    InputError
        When the view has no fixed period, or asks hours or nights of a source that has none.
    DisclosureError
        When a source allows less than the policy, when it is finer or shorter than the policy allows, of sexual
        offences alone, or when it would reveal a hidden count.
    SettingsError
        When no profile has that name.
    """
    if view.since is None or view.until is None:
        raise InputError(
            "A release needs a first and a last day.",
            code="release-needs-period",
            remedy=Remedy(
                cli="Give --since and --until.",
                app="Choose a first and a last day.",
                library="Give a view with since and until.",
            ),
        )
    refuse_private(view, settings)
    _refuse_unanswerable(view)
    profile = settings.policy(policy)
    disclosure.require_allowed(view.sources, profile, settings.policies, resolution=view.resolution)
    counted = count_cells(view, settings)
    return disclosure.release(
        counted[~counted["edge"]].reset_index(drop=True),
        profile,
        period=(view.since, view.until + timedelta(days=1)),
        sources=view.sources,
        kinds=view.kinds,
        recipients=recipients,
        ledger=ledger,
    )


def refuse_private(view: View, settings: Settings) -> None:
    """Refuse to release sexual offences alone.

    Raises
    ------
    DisclosureError
        When a group asked for holds nothing else.
    """
    if asks_private(view, settings):
        raise DisclosureError(
            "Sexual offences alone are not released.",
            code="kind-private-not-released",
            seen=", ".join(view.kinds),
            remedy="Release all kinds together: they are counted among them.",
        )


def _refuse_unanswerable(view: View) -> None:
    """Refuse a release of hours or nights that counts a source without any: its rows would be left out unsaid."""
    asked = {"hours": bool(view.window), "nights": bool(view.calendar)}
    for source in map(SOURCES.__getitem__, view.sources):
        reasons = [source.refused[name] for name in asked if asked[name] and name in source.refused]
        if reasons:
            raise InputError(
                "A source cannot be asked for this.",
                code="release-not-answerable",
                where=source.title,
                seen=" and ".join(filter(None, (view.window, view.calendar))),
                remedy=Remedy(
                    cli=f"{reasons[0]} Leave out --window and --calendar, or the source.",
                    app=f"{reasons[0]} Choose any time of day and any night, or leave the source out.",
                    library=f"{reasons[0]} Give a view without window and calendar, or without the source.",
                ),
            )
