"""What may leave the house: suppressed tables that were attacked first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from safespace import cells, disclosure
from safespace.errors import DisclosureError, InputError, Remedy
from safespace.pipeline.kinds import asks_private
from safespace.pipeline.loading import area_outline
from safespace.pipeline.selection import count_events
from safespace.registry import SOURCES
from safespace.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

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

    Notes
    -----
    Cells are released whole, also where the area's outline runs through them, so a release holds more than a
    count of the area. Cut cells would be other units in each area: of two areas whose outlines differ a
    little, the difference would tell of a few doors.
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
    return disclosure.release(
        _whole_cells(view, settings),
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


def _whole_cells(view: View, settings: Settings) -> pd.DataFrame:
    """Count a view's reports in every cell that touches its area, none of them cut."""
    _, area = area_outline(view.area, Store.open(settings.store))
    window = cells.study_window(area, resolution=view.resolution)
    window = window[~window["edge"]].reset_index(drop=True)
    whole = window.drop(columns="ground").assign(area_km2=cells.areas_km2(window["cell"]))
    return count_events(view, whole, settings)
