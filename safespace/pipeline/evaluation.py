"""Whether a change worked: counts before and after, beside a comparison area."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from safespace import evaluation
from safespace.pipeline.dispersion import dispersion_within, dispersion_words
from safespace.pipeline.kinds import FINEST_PRIVATE, refuse_private_area
from safespace.pipeline.loading import area_outline
from safespace.pipeline.selection import select
from safespace.store import Store

if TYPE_CHECKING:
    from safespace.pipeline.view import View
    from safespace.settings import Settings


def evaluate(
    view: View, settings: Settings, *, control: str, changed: date, days: int
) -> evaluation.Evaluation:
    """Compare an area before and after a change with another area, and claim only what the counts carry.

    Parameters
    ----------
    view
        The treated area and the reports; its period and resolution play no part.
    settings
        Where the store is, and the probability of the intervals.
    control
        Identifier of the comparison area, chosen by the same rule but left as it was.
    changed
        The day of the change (local); it counts as after.
    days
        Length of each period, days.

    Raises
    ------
    AreaError
        When either area is not loaded.
    InputError
        When the areas share ground, or are too small for the kind asked about.
    TooFewError
        When nothing was reported before in either.
    """
    middle = datetime.combine(changed, datetime.min.time(), ZoneInfo(settings.time_zone))
    span = timedelta(days=days)
    chosen = select(view.but(since=None, until=None, resolution=FINEST_PRIVATE), settings)
    store = Store.open(settings.store)
    areas = {
        role: area_outline(area, store)[1] for role, area in (("treated", view.area), ("control", control))
    }
    refuse_private_area(view, areas.values(), settings)
    roles = evaluation.roles_by_ground(chosen.reports, areas)
    counts = evaluation.count_periods(
        chosen.reports,
        roles,
        before=(middle - span, middle),
        after=(middle, middle + span),
    )
    periods = ((changed - span, changed - timedelta(days=1)), (changed, changed + span - timedelta(days=1)))
    dispersion = dispersion_within(chosen.reports, roles, periods=periods, time_zone=settings.time_zone)
    found = evaluation.evaluate(counts, level=settings.hotspots.interval, dispersion=dispersion or 1.0)
    only = (f"Only reports of this kind are counted: {chosen.kinds}.",) if chosen.kinds else ()
    return replace(found, caveats=(*only, dispersion_words(dispersion), *found.caveats))
