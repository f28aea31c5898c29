"""Felt and recorded on the same cells: where the two agree, as a map and a table, never added together."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from safespace import maps, pipeline
from safespace.app import cache, formatting, frame, words
from safespace.app.decks import MAP_HEIGHT_PX
from safespace.errors import SafeSpaceError
from safespace.registry import FELT, RECORDED, layer_of, of_layer

if TYPE_CHECKING:
    import pandas as pd

    from safespace.pipeline import Agreement, Catalog, View
    from safespace.registry import Layer
    from safespace.settings import Settings

TAB = "Felt and recorded"
_EXPORTS = (
    ("csv", "Both layers (CSV)", "text/csv"),
    ("geojson", "Both layers (GeoJSON)", "application/geo+json"),
    ("html", "Map page of both layers (HTML)", "text/html"),
)


def offered(catalog: Catalog) -> bool:
    """Say whether the store holds both layers; the question has no part in it, so that a filter moves no tab."""
    return bool(_recorded(catalog)) and bool(set(of_layer(FELT)) & set(catalog.sources["source"]))


def show(view: View, catalog: Catalog, settings: Settings) -> None:
    """Draw where the two agree, or say in a sentence why that cannot be told."""
    if layer_of(view.sources) != FELT:
        st.info(words.ask_felt())
        return
    # The recorded layer counts every recorded source held, whatever reports are asked for.
    if not frame.has_read_notes(_of(RECORDED, catalog)["source"]):
        return
    try:
        found = cache.agreement(view.but(cell=0), settings, catalog.version)
    except SafeSpaceError as problem:
        st.info(frame.said(problem))
        return
    st.html(
        f'<p class="ss-dates"><strong>{escape(headline(found.counts()))}</strong> '
        f"Public reports: {formatting.count(found.felt.events, 'event')}. Recorded incidents, apart from them: "
        f"{formatting.count(found.recorded.events, 'event')} ({escape('; '.join(_recorded(catalog)))}).</p>"
    )
    st.pydeck_chart(
        cache.agreement_deck(view, settings, catalog.version),
        key="agreement_map",
        height=MAP_HEIGHT_PX,
        alt=f"Map of {found.area_name} in hexagons: {headline(found.counts())} The table below gives the same facts.",
    )
    st.html(formatting.key(maps.agreement_legend(found.table["agreement"])))
    st.caption(f"{words.TWO_LAYERS} {found.credit}")
    frame.table(
        pipeline.agreement_table(found), f"Cells of {found.area_name}: public reports and recorded incidents"
    )
    with st.expander("What these two findings rest on"):
        st.html(frame.list_of(found.notes))
    _downloads(found, settings)


def headline(counts: dict[str, int]) -> str:
    """Say how many cells are higher in both layers, and in one of them only.

    Examples
    --------
    >>> headline({"both": 1, "felt only": 12, "recorded only": 0, "neither": 3, "too few": 1200})
    'Higher than its usual: 1 cell in both, 12 in public reports only, 0 in recorded incidents only. Of the others, 3 are not different in either and 1,200 hold too few to say.'
    """
    return (
        f"Higher than its usual: {formatting.count(counts['both'], 'cell')} in both, {counts['felt only']:,} in public "
        f"reports only, {counts['recorded only']:,} in recorded incidents only. Of the others, "
        f"{counts['neither']:,} are not different in either and {counts['too few']:,} hold too few to say."
    )


def _recorded(catalog: Catalog) -> list[str]:
    return _of(RECORDED, catalog)["name"].tolist()


def _of(layer: Layer, catalog: Catalog) -> pd.DataFrame:
    return catalog.sources[catalog.sources["source"].isin(of_layer(layer))]


def _downloads(agreement: Agreement, settings: Settings) -> None:
    with st.container(horizontal=True, gap="small", key="ss_agreement_downloads"):
        for kind, label, mime in _EXPORTS:
            st.download_button(
                label,
                data=partial(pipeline.export_agreement, agreement, kind, settings),
                file_name=f"agreement.{kind}",
                mime=mime,
                on_click="ignore",
                key=f"agreement_{kind}",
            )
