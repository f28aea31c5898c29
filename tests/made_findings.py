"""Findings of made-up tables: what maps, briefs and exports are given."""

from __future__ import annotations

from safespace.hotspots import Agreed, GammaPrior, HotspotMethod, Hotspots
from safespace.settings import HotspotSettings

METHOD = HotspotMethod.of(HotspotSettings(rates="cells"), baseline="length of walkable street")


def finding(table, **method):
    """Return a finding of a table of cells, made with the usual method or with parts of it changed."""
    return Hotspots(
        table=table,
        method=METHOD.but(**method),
        resolution=9,
        events=int(table["events"].sum()),
        pins=int(table["pins"].sum()),
        left_out=0,
        tested=int((~table["edge"]).sum()),
        prior=GammaPrior(2.0, 2.0),
    )


def agreed(table, *, felt=0.95, recorded=0.95):
    """Return two layers beside each other, with intervals of those probabilities."""
    return Agreed(table, METHOD.but(interval=felt), METHOD.but(interval=recorded))
