"""What is handed over: tables, maps, walking options and briefs, as files or bytes."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from safespace import briefs, cells, maps, routes, streets
from safespace.briefs import exports
from safespace.briefs.definition import LINKS
from safespace.briefs.geopackage import Category, Layer, write_geopackage
from safespace.errors import FileError
from safespace.maps.palette import BLUE, DARK_BLUE, GREY, INK, LIGHT_BLUE, SYNTHETIC
from safespace.pipeline.analysis import judge_order
from safespace.pipeline.kinds import kinds_in_words
from safespace.pipeline.lines import LIGHTING
from safespace.pipeline.months import find_months
from safespace.pipeline.networks import require_streets, streets_credit
from safespace.pipeline.places import credit_of, find_places, is_synthetic, street_lines
from safespace.pipeline.selection import factor_shares, hours_of_week, select
from safespace.pipeline.walks import plan_walk
from safespace.registry import FELT, SOURCES, layer_of, titles
from safespace.schemas import empty
from safespace.sources.rejects import refuse_unwritable as refuse_unwritable_rejects
from safespace.sources.rejects import write_to_mend
from safespace.store import Store
from safespace.tone import ABSENCE, sentences_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safespace.pipeline.analysis import Change, Mix
    from safespace.pipeline.isochrones import ReachFound
    from safespace.pipeline.places import Agreement, PlacesFound
    from safespace.pipeline.view import View
    from safespace.pipeline.walks import Point, WalkPlanned
    from safespace.settings import Settings

HARM = ("harm", "harm_lower", "harm_upper", "harm_largest", "harm_note")
# A walk over streets alone has no newest report. A file must state a day of last change, and today's would give the
# same data other bytes tomorrow; a brief never comes to it, since an area without reports is refused.
NO_REPORT_DAY = date(1970, 1, 1)
_COLOURS = (DARK_BLUE, BLUE, INK, LIGHT_BLUE, GREY)
_DASHES = ("", "6;1.5", "1;1.5", "4;1.5;1;1.5", "2;2")


def assumptions(settings: Settings, same_event_m: Sequence[float] = ()) -> tuple[str, ...]:
    """Return what a brief takes for granted, with the distances of these settings.

    Parameters
    ----------
    settings
        How far reports bear on streets.
    same_event_m
        Within which pins became one event when they were loaded, metres; none where that was not recorded.

    Examples
    --------
    >>> from safespace.settings import Settings
    >>> assumptions(Settings(), [12.5, 30])[1]
    'Pins with the same reasons, within 12.5 m or 30 m, on the same day are one event; both counts are kept.'
    >>> assumptions(Settings())[1]
    'Pins with the same reasons, near each other, on the same day are one event; both counts are kept.'
    """
    within = " or ".join(f"{metres:g} m" for metres in same_event_m)
    near, reach_m = f"within {within}" if within else "near each other", settings.routes.reach_m
    return (
        "Reports show where people chose to report, not where harm is.",
        f"Pins with the same reasons, {near}, on the same day are one event; both counts are kept.",
        f"A report's pull on a street falls off with distance and ends at {reach_m:g} m.",
        "Lighting is as mapped: unknown is neither lit nor unlit.",
    )


def make_brief(
    view: View,
    settings: Settings,
    *,
    links: Sequence[tuple[Point | str, Point | str]] = (),
    notes: Sequence[str] = (),
) -> briefs.Brief:
    """Put together the brief of an area: places, hours, reasons, walking links and the small print.

    Parameters
    ----------
    view
        The question the brief answers.
    settings
        Where the store is.
    links
        Pairs of ends, each ``(lon, lat)`` or a landmark's name, described along their shortest option.
    notes
        Local knowledge somebody typed; checked against the tone rules.

    Raises
    ------
    AreaError, InputError, TooFewError
        As :func:`safespace.pipeline.find_places`.
    PlaceError, StoreError
        As :func:`safespace.pipeline.plan_walk`, when links are asked for.
    InputError
        When typed words carry a flag that nobody answers for.
    """
    found = find_places(view, settings)
    walks = [plan_walk(start, end, view, settings) for start, end in links]
    return brief_of(found, walks, settings, notes=notes)


def brief_of(
    answer: PlacesFound, walks: Sequence[WalkPlanned], settings: Settings, *, notes: Sequence[str] = ()
) -> briefs.Brief:
    """Put together a brief from answers already found; see :func:`make_brief`."""
    view, ours = answer.view, _inside(answer, settings)
    months = find_months(view, settings) if len(ours) else None
    untimed = any(SOURCES[source].dated == "month" for source in view.sources)
    return briefs.Brief(
        title=_title(view, settings),
        area=answer.area_name,
        period=f"{answer.since:%-d %B %Y} to {answer.until:%-d %B %Y}"
        if answer.since and answer.until
        else "no dates",
        data_date=answer.until or NO_REPORT_DAY,
        places=answer.places.drop(columns=list(HARM), errors="ignore"),  # a brief can leave the force
        counts=_counts(view, settings),
        map_svg=_map(answer, settings),
        hours_svg=b""
        if untimed
        else maps.hour_chart_svg(hours_of_week(ours, settings), synthetic=answer.synthetic),
        months_svg=months.picture(synthetic=answer.synthetic, size_mm=(86, 36)) if months else b"",
        months_notes=months.notes if months else (),
        links=_links(walks),
        shares=factor_shares(
            ours, level=answer.hotspots.method.interval, dispersion=answer.hotspots.allowed_dispersion
        ).rename(columns={"factor": "what", "n": "count"}),
        cells=_cells_by_label(answer),
        method=answer.hotspots.method,
        basis=answer.hotspots.basis(),
        caveats=(
            *(note for note in answer.notes if note not in (answer.hotspots.basis(), ABSENCE)),
            judge_order(view, settings),
        ),
        sources=(*(SOURCES[source].title for source in view.sources), answer.credit),
        assumptions=assumptions(settings, answer.same_event_m),
        notes=tuple(notes),
        version=answer.version,
        synthetic=answer.synthetic,
        recorded=layer_of(view.sources) != FELT,
        data_file="brief.json",
    )


def counted_in_words(view: View, settings: Settings) -> str:
    """Return what a view counts: its sources, and the kinds of offence where not all are asked for."""
    kinds = kinds_in_words(view, settings)
    return f"{titles(view.sources)}{f' ({kinds} only)' if kinds else ''}"


def _title(view: View, settings: Settings) -> str:
    return f"{counted_in_words(view, settings)}: where there are more than usual"


def _cells_by_label(answer: PlacesFound) -> dict[str, int]:
    judged = answer.hotspots.table[~answer.hotspots.table["edge"]]
    return {str(label): int(number) for label, number in judged["label"].value_counts().items()}


def _inside(answer: PlacesFound, settings: Settings) -> pd.DataFrame:
    """Return the reports inside the area."""
    reports = select(answer.view, settings).reports
    ours: pd.DataFrame = reports[cells.lies_in(reports["lon"], reports["lat"], answer.area)]
    return ours


def _counts(view: View, settings: Settings) -> briefs.RowCounts:
    loads = Store.open(settings.store).loads()
    ours = loads[(loads["status"] == "loaded") & loads["source"].isin(view.sources)]
    held = ours[["quarantined", "rejected", "excluded"]].to_numpy().sum()
    return briefs.RowCounts(
        read=int(ours["read"].sum()),
        accepted=int(ours[["accepted", "repaired"]].to_numpy().sum()),
        rejected=int(held),
        unknown_place=select(view, settings).without_place,
    )


def _map(answer: PlacesFound, settings: Settings) -> bytes:
    return maps.area_map_svg(
        answer.hotspots.table,
        area=answer.area,
        streets=street_lines(answer.view, settings),
        places=answer.places,
        assets=Store.open(settings.store).assets(),
        synthetic=answer.synthetic,
        streets_credit=streets_credit(settings),
    )


def _links(walks: Sequence[WalkPlanned]) -> pd.DataFrame:
    """Return the shortest option of each walk: what its owners can mend is along the way people take."""
    columns = list(LINKS.columns)
    rows = [
        {name: getattr(walk.options.routes[0], name, None) for name in columns}
        | {"name": f"{walk.origin_name} to {walk.destination_name}"}
        for walk in walks
    ]
    return pd.DataFrame(rows, columns=columns) if rows else empty(LINKS)


def write_brief(brief: briefs.Brief, out: Path) -> list[Path]:
    """Write a brief to a folder as PDF, as HTML, and its whole data as JSON; return where."""
    return [
        briefs.write_pdf(brief, out / "brief.pdf"),
        briefs.write_html(brief, out / "brief.html"),
        exports.write_brief_data(brief, out / "brief.json"),
    ]


def brief_pdf(brief: briefs.Brief) -> bytes:
    """Return a brief as PDF."""
    return briefs.to_pdf(brief)


def brief_html(brief: briefs.Brief) -> str:
    """Return a brief as HTML that opens with no network."""
    return briefs.to_html(brief)


def headline(answer: PlacesFound) -> str:
    """Say in a sentence what was found."""
    if answer.places.empty:
        return "no place is distinguishably higher than its usual."
    number = len(answer.places) + answer.unlisted
    noun = "place is" if number == 1 else "places are"
    return f"{number} {noun} higher than usual, against {answer.hotspots.baseline}."


def places_table(answer: PlacesFound) -> pd.DataFrame:
    """Return the places in words, for a terminal or a page."""
    columns = ("rate", "lower", "upper", "events")
    figures = zip(*(answer.places[name].tolist() for name in columns), strict=True)
    ranks = zip(*(answer.places[name] for name in ("rank", "tied", "rank_lower", "rank_upper")), strict=True)
    return pd.DataFrame(
        {
            "Rank": [
                f"{rank}{'=' if tied else ''} ({lower} to {upper})" for rank, tied, lower, upper in ranks
            ],
            "Place": answer.places["name"],
            "Compared with its usual": [
                maps.rate_in_words(*figure, interval=answer.hotspots.method.interval) for figure in figures
            ],
            "What this says": sentences_of(answer.places["label"]),
            "Would not stand out": [
                f"with {maps.count_in_words(int(fewer), 'event')} fewer"
                for fewer in answer.places["rests_on"]
            ],
            **_beside_places(answer.places),
        }
    )


def _beside_places(places: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what a scan and the checks say of each place, where they were asked."""
    told = {}
    if "scan_p_value" in places:
        told["p of the best disc (at random, cells shuffled, one cell)"] = pd.Series(
            [", ".join(f"{p:.3f}" for p in row) for row in places[list(_SCAN_P)].to_numpy()],
            index=places.index,
            dtype="str",
        )
    if "harm" in places:
        told["Harm-weighted, beside the count"] = _harm_in_words(places)
    if "stability" in places:
        not_when = places["fails"].map(
            lambda fails: f", not {fails.replace('; ', ', nor ')}" if fails else ""
        )
        told["Holds in"] = places["stability"] + not_when
    return told


def _harm_in_words(places: pd.DataFrame) -> pd.Series:
    figures = places[["harm", "harm_lower", "harm_upper"]].to_numpy()
    said = [
        f"not shown: {note}"
        if note
        else f"{harm:,.0f} ({lower:,.0f} to {upper:,.0f}; heaviest event {largest:.0%})"
        for (harm, lower, upper), note, largest in zip(
            figures, places["harm_note"], places["harm_largest"], strict=True
        )
    ]
    return pd.Series(said, index=places.index, dtype="str")


_SCAN_P = ("scan_p_poisson", "scan_p_shuffle", "scan_p_one_cell")


def places_as_dict(answer: PlacesFound) -> dict[str, Any]:
    """Return an answer for machines, with what it rests on."""
    return {
        "view": answer.view.to_query(),
        "area": answer.area_name,
        "sources": [SOURCES[source].title for source in answer.view.sources],
        "kinds": answer.hotspots.method.kinds,
        "baseline": answer.hotspots.baseline,
        "method": answer.hotspots.method_as_dict(),
        "events": answer.events,
        "same_event_m": answer.same_event_m,
        "reports": answer.pins,
        "beyond": asdict(answer.beyond),
        "period": [answer.since, answer.until],
        "synthetic": answer.synthetic,
        "places": _with_cells_as_text(answer.places).to_dict("records"),
        "harm": None if answer.harm is None else asdict(answer.harm),
        "notes": (*answer.notes, *((answer.harm.words(),) if answer.harm else ())),
        "credit": answer.credit,
        "version": answer.version,
    }


def walk_as_dict(plan: WalkPlanned) -> dict[str, Any]:
    """Return walking options for machines, with the whole trade-off set."""
    return {
        "from": plan.origin_name,
        "to": plan.destination_name,
        "method": plan.options.method.as_dict(),
        "options": plan.table.to_dict("records"),
        "trade_offs": [
            {"length_m": length, "reports_nearby": nearby} for length, nearby in plan.front.tolist()
        ],
        "pairs": plan.options.pairs.to_dict("records"),
        "weightings": plan.options.stability.weightings,
        "weighed": plan.options.stability.criteria,
        "first": plan.options.stability.table.to_dict("records"),
        "limits": plan.options.limits.words(),
        "left_out": plan.options.left_out.to_dict("records"),
        "shortest_without_limits_m": plan.options.unlimited_m,
        "segments": plan.segments.drop(columns=["geometry", "attribution"]).to_dict("records"),
        "notes": plan.notes,
        "credit": plan.credit,
        "synthetic": plan.synthetic,
        "version": plan.version,
    }


def write_table(frame: pd.DataFrame, path: Path, *, credit: str = "", synthetic: bool = False) -> Path:
    """Write a table as CSV, with spreadsheet formulas stopped and cells as the text H3 tools read.

    Raises
    ------
    FileError
        When the ending is another one, or the file cannot be written.
    """
    return _write_by_ending(
        path, {".csv": lambda: _write_csv(frame, path, credit=credit, synthetic=synthetic)}
    )


def write_answer(frame: pd.DataFrame, path: Path, view: View, settings: Settings) -> Path:
    """Write a table that answers a view as CSV, with the credit and the label that its data need.

    Raises
    ------
    FileError
        When the ending is another one, or the file cannot be written.
    """
    synthetic = is_synthetic(Store.open(settings.store))
    credit = credit_of(view, settings, synthetic=synthetic)
    if kinds := kinds_in_words(view, settings):
        frame = frame.assign(kinds=f"{kinds} only")
    return write_table(frame, path, credit=credit, synthetic=synthetic)


def write_months(change: Change, path: Path, view: View, settings: Settings) -> Path:
    """Write events by month as CSV, or as the picture with what the calendar holds (``.svg``), by the file's ending.

    Raises
    ------
    FileError
        When the ending is another one, or the file cannot be written.
    """
    synthetic = is_synthetic(Store.open(settings.store))
    return _write_by_ending(
        path,
        {
            ".csv": lambda: write_answer(change.months, path, view, settings),
            ".svg": lambda: briefs.pdf.put(change.by_month.picture(synthetic=synthetic), path),
        },
    )


def _write_csv(frame: pd.DataFrame, path: Path, *, credit: str, synthetic: bool) -> Path:
    told = frame.assign(cell=[f"{cell:x}" for cell in frame["cell"]]) if "cell" in frame else frame
    return exports.write_csv(told, path, credit=credit, synthetic=synthetic)


def write_rejects(rejects: pd.DataFrame, path: Path) -> list[Path]:
    """Write rows not accepted with the provider's own columns, to be mended in a spreadsheet and loaded back."""
    return list(write_to_mend(rejects, path))


def refuse_unwritable(path: Path) -> None:
    """Raise when rows not accepted could not be written to a file: before a load, which would stand."""
    refuse_unwritable_rejects(path)


def write_places(answer: PlacesFound, path: Path, settings: Settings) -> Path:
    """Write every cell of an answer as CSV, GeoJSON, GeoPackage or a map page, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    table, credit, synthetic = answer.hotspots, answer.credit, answer.synthetic
    if answer.harm is not None:
        table = replace(table, table=table.table.assign(harm_method=answer.harm.words()))
    day = answer.until or NO_REPORT_DAY
    writers: dict[str, Callable[[], Path]] = {
        ".csv": lambda: exports.write_hotspots_csv(table, path, credit=credit, synthetic=synthetic),
        ".geojson": lambda: exports.write_hotspots_geojson(table, path, credit=credit, synthetic=synthetic),
        ".gpkg": lambda: exports.write_hotspots_geopackage(
            table, path, data_date=day, credit=credit, synthetic=synthetic
        ),
        ".html": lambda: briefs.pdf.put(places_page(answer, settings).encode(), path),
    }
    return _write_by_ending(path, writers)


def _with_cells_as_text(places: pd.DataFrame) -> pd.DataFrame:
    """Return the places with their cells as H3 text: many readers of JSON round numbers of 18 digits."""
    members = places["cells"].map(lambda cells: [f"{cell:x}" for cell in cells])
    return places.assign(
        core_cell=[f"{cell:x}" for cell in places["core_cell"]],
        cells=members,
        meaning=sentences_of(places["label"]),
    )


def agreement_table(agreement: Agreement) -> pd.DataFrame:
    """Return the agreement in words, for a terminal or a page: both layers apart, each beside its own usual."""
    return maps.agreement_table(agreement.agreed, names=agreement.names)


def agreement_as_dict(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement for machines, with what each layer rests on."""
    told = agreement.table.assign(
        cell=[f"{cell:x}" for cell in agreement.table["cell"]],
        name=[agreement.names.get(cell, "") for cell in agreement.table["cell"].tolist()],
    )
    return {
        "view": agreement.view.to_query(),
        "area": agreement.area_name,
        "cells": agreement.counts(),
        "felt": agreement.felt.basis(),
        "recorded": agreement.recorded.basis(),
        "method": _methods(agreement),
        "synthetic": agreement.synthetic,
        "table": told.to_dict("records"),
        "notes": agreement.notes,
        "credit": agreement.credit,
        "version": agreement.version,
    }


def _methods(agreement: Agreement) -> dict[str, Any]:
    return {"felt": agreement.felt.method_as_dict(), "recorded": agreement.recorded.method_as_dict()}


def write_agreement(agreement: Agreement, path: Path, settings: Settings) -> Path:
    """Write an agreement as CSV, GeoJSON or a map page, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    credit, synthetic = agreement.credit, agreement.synthetic
    writers: dict[str, Callable[[], Path]] = {
        ".csv": lambda: write_table(agreement.table, path, credit=credit, synthetic=synthetic),
        ".geojson": lambda: exports.write_cells_geojson(
            agreement.table, path, credit=credit, synthetic=synthetic, method=_methods(agreement)
        ),
        ".html": lambda: briefs.pdf.put(agreement_page(agreement, settings).encode(), path),
    }
    return _write_by_ending(path, writers)


def mix_methods(mix: Mix) -> dict[str, Any]:
    """Return how the surface and the scan of a mix were made, for machines."""
    return {"surface": asdict(mix.surface.method), "scan": asdict(mix.scan.method)}


def write_mix(mix: Mix, path: Path) -> Path:
    """Write the surface of a mix as CSV or GeoJSON, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    credit, synthetic = mix.credit, mix.synthetic
    writers: dict[str, Callable[[], Path]] = {
        ".csv": lambda: write_table(mix.table, path, credit=credit, synthetic=synthetic),
        ".geojson": lambda: exports.write_cells_geojson(
            mix.table, path, credit=credit, synthetic=synthetic, method=mix_methods(mix)
        ),
    }
    return _write_by_ending(path, writers)


def agreement_page(agreement: Agreement, settings: Settings) -> str:
    """Return a map page of an agreement that opens with no network, its table below the map."""
    counts = ", ".join(f"{number:,} {name}" for name, number in agreement.counts().items())
    text = maps.PageText(
        title=f"{agreement.area_name}: where public reports and recorded incidents agree",
        subtitle=f"Cells higher than their usual: {counts}.",
        credits=agreement.credits,
        synthetic=agreement.synthetic,
        streets_credit=streets_credit(settings),
    )
    lines = street_lines(agreement.view, settings)
    return maps.agreement_page(
        agreement.agreed,
        area=agreement.area,
        text=text,
        streets=lines,
        names=agreement.names,
    )


def write_walk(plan: WalkPlanned, path: Path, settings: Settings) -> Path:
    """Write walking options as GeoJSON, GeoPackage, GPX, CSV or a map page, by the file's ending.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    writers: dict[str, Callable[[], Path]] = {
        ".geojson": lambda: briefs.pdf.put(
            routes.to_geojson(plan.options, label=_label(plan)).encode(), path
        ),
        ".gpkg": lambda: _write_layers(walk_layers(plan), path, plan),
        ".gpx": lambda: briefs.pdf.put(routes.to_gpx(plan.options).encode(), path),
        ".csv": lambda: write_table(plan.table, path, credit=plan.credit, synthetic=plan.synthetic),
        ".html": lambda: briefs.pdf.put(walk_page(plan, settings).encode(), path),
    }
    return _write_by_ending(path, writers)


def _write_layers(layers: Sequence[Layer], path: Path, answer: WalkPlanned | ReachFound) -> Path:
    return write_geopackage(
        layers,
        path,
        data_date=answer.until or NO_REPORT_DAY,
        credit=answer.credit,
        synthetic=answer.synthetic,
        notes=answer.notes,
    )


def _label(answer: WalkPlanned | ReachFound) -> str:
    return SYNTHETIC if answer.synthetic else ""


def walk_layers(plan: WalkPlanned) -> tuple[Layer, ...]:
    """Return the options and their segments as layers with their styles."""
    names = plan.routes["option"].tolist()
    looks = zip(names, cycle(_COLOURS), cycle(_DASHES), strict=False)
    options = tuple(Category(name, name, colour, 1.0, dash) for name, colour, dash in looks)
    segments = plan.segments.drop(columns="attribution")
    return (
        Layer("options", plan.routes.drop(columns="attribution"), "option", options, "Walking options."),
        Layer("segments", segments, "lit", LIGHTING, "Segments of each option, by lighting as mapped."),
    )


def reach_layers(isochrones: ReachFound) -> tuple[Layer, ...]:
    """Return ground and streets within reach, and the walks to places, as layers with their styles."""
    ground, lines, walks = isochrones.reach.areas, isochrones.reach.segments, isochrones.walks
    within = [f"{minutes:g} min" for minutes in ground["minutes"]]
    looks = zip(within, cycle(_COLOURS), cycle(_DASHES), strict=False)
    times = tuple(Category(words, f"Within {words}", colour, 0.5, dash) for words, colour, dash in looks)
    bare = [frame.drop(columns="attribution") for frame in (ground.assign(within=within), lines, walks)]
    layers = [
        Layer("ground", bare[0], "within", times, "Ground within 25 m of a street that can be walked."),
        Layer("streets", bare[1], "lit", LIGHTING, "Streets within reach, by lighting as mapped."),
    ]
    there = bare[2][bare[2]["problem"] == ""]
    if len(there):
        one = tuple(Category(name, name, _COLOURS[0], 1.0) for name in there["to"])
        layers.append(Layer("walks", there, "to", one, "Shortest walks to the places asked for."))
    return tuple(layers)


def write_reach(isochrones: ReachFound, path: Path) -> Path:
    """Write what is within reach as GeoJSON or GeoPackage (ground, streets and walks) or as a table.

    Parameters
    ----------
    path
        Its ending says which.

    Raises
    ------
    FileError
        When the ending is none of these, or the file cannot be written.
    """
    writers: dict[str, Callable[[], Path]] = {
        ".geojson": lambda: briefs.pdf.put(
            routes.reach_to_geojson(isochrones.reach, isochrones.walks, label=_label(isochrones)).encode(),
            path,
        ),
        ".gpkg": lambda: _write_layers(reach_layers(isochrones), path, isochrones),
        ".csv": lambda: write_table(
            isochrones.table, path, credit=isochrones.credit, synthetic=isochrones.synthetic
        ),
    }
    return _write_by_ending(path, writers)


def _write_by_ending(path: Path, writers: Mapping[str, Callable[[], Path]]) -> Path:
    if path.suffix.lower() not in writers:
        raise FileError(
            "Nothing is written in this kind of file.",
            code="output-kind-unknown",
            where=path,
            remedy=f"Choose from: {', '.join(writers)}.",
        )
    return writers[path.suffix.lower()]()


def places_page(answer: PlacesFound, settings: Settings) -> str:
    """Return a map page of an answer that opens with no network, its accessible table below the map."""
    text = maps.PageText(
        title=f"{answer.area_name}: {_title(answer.view, settings)}",
        subtitle=headline(answer).capitalize(),
        credits=answer.credits,
        synthetic=answer.synthetic,
        caption=answer.hotspots.basis(),
        streets_credit=streets_credit(settings),
    )
    lines = street_lines(answer.view, settings)
    return maps.hex_page(answer.hotspots, area=answer.area, text=text, streets=lines, places=answer.places)


def walk_page(plan: WalkPlanned, settings: Settings) -> str:
    """Return a map page of walking options that opens with no network, their table below the map."""
    text = maps.PageText(
        title=f"{plan.origin_name} to {plan.destination_name}",
        subtitle=". ".join(["Walking options, compared to find what to mend", *plan.options.limits.words()]),
        credits=(plan.credit,),
        synthetic=plan.synthetic,
        streets_credit=streets_credit(settings),
    )
    west, south, east, north = plan.routes.total_bounds
    side = max(east - west, north - south)
    frame = shapely.box(west - 1.5 * side, south - 0.7 * side, east + 1.5 * side, north + 0.7 * side)
    lines = streets.to_frame(require_streets(settings))
    return maps.route_page(
        plan.routes, text=text, streets=lines[lines.intersects(frame)], comparison=walk_in_short(plan)
    )


def walk_in_short(plan: WalkPlanned) -> pd.DataFrame:
    """Return the options in the few columns that fit beside a map; :attr:`WalkPlanned.table` holds them all."""
    rows = [
        {
            "Option": route.name,
            "Time": f"{route.walk_s / 60:.0f} min",
            "Length": f"{route.length_m:,.0f} m",
            "Longer than the shortest": f"{route.detour:.0%}".replace("%", " %"),
            "Lit / not lit / not known": f"{route.lit_yes_m:,.0f} / {route.lit_no_m:,.0f} / {route.lit_unknown_m:,.0f} m",
            "Steps": f"{route.steps_m:,.0f} m",
            "Underpass": f"{route.tunnel_m:,.0f} m",
            "Reports nearby": f"{route.reports_nearby:.1f} ({route.reports_nearby_lower:.1f} to {route.reports_nearby_upper:.1f})",
        }
        for route in plan.options.routes
    ]
    told = plan.table[["Option", "Compared with the shortest"]]
    return pd.DataFrame(rows).merge(told, on="Option", validate="one_to_one")


def export_places(answer: PlacesFound, kind: str, settings: Settings) -> bytes:
    """Return what :func:`write_places` would write, as bytes; ``kind`` is the ending without its dot."""
    with tempfile.TemporaryDirectory() as folder:
        return write_places(answer, Path(folder, f"places.{kind}"), settings).read_bytes()


def export_agreement(agreement: Agreement, kind: str, settings: Settings) -> bytes:
    """Return what :func:`write_agreement` would write, as bytes; ``kind`` is the ending without its dot."""
    with tempfile.TemporaryDirectory() as folder:
        return write_agreement(agreement, Path(folder, f"agreement.{kind}"), settings).read_bytes()


def export_walk(plan: WalkPlanned, kind: str, settings: Settings) -> bytes:
    """Return what :func:`write_walk` would write, as bytes; ``kind`` is the ending without its dot."""
    with tempfile.TemporaryDirectory() as folder:
        return write_walk(plan, Path(folder, f"walk.{kind}"), settings).read_bytes()
