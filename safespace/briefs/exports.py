"""Data files beside a brief: CSV, GeoJSON and GeoPackage, each with its credit and, if made up, a label.

Cells that a spreadsheet would run as a formula are written with a leading apostrophe, which shows the text
and stops the formula.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3.api.basic_int as h3
import pandas as pd
import shapely

from safespace.briefs.geopackage import Category, Layer, write_geopackage
from safespace.briefs.pdf import put
from safespace.briefs.wording import method_of
from safespace.disclosure import escape_formula
from safespace.maps.palette import SYNTHETIC, classify, legend
from safespace.schemas import HOTSPOTS, check
from safespace.tone import Label, sentences_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from safespace.briefs.definition import Brief
    from safespace.hotspots import Hotspots

# What a scan, the checks and the local statistics add to a finding's table, written where it is there.
ADDED = (
    "scan_p_poisson",
    "scan_p_shuffle",
    "scan_p_one_cell",
    "scan_p_value",
    "scan_ratio",
    "scan_place",
    "scan_higher",
    "checks_passed",
    "checks",
    "stability",
    "fails",
    "gi_star",
    "gi_p_value",
    "gi_note",
    "moran",
    "moran_score",
    "moran_p_high",
    "moran_p_low",
    "moran_p_value",
    "moran_quadrant",
    "moran_note",
    "marshall_rate",
    "harm",
    "harm_lower",
    "harm_upper",
    "harm_largest",
    "harm_note",
    "harm_method",
)
# What has no number where a cell is labelled not known: it is outside the area, or has nothing of the baseline.
UNTOLD = (
    *("expected", "rate", "lower", "upper", "ring_events", "ring_expected", "p_value", "q_value"),
    *("scan_ratio", "marshall_rate", "gi_star", "gi_p_value"),
)
_MM_PER_PT = 25.4 / 72
_PLACES = 7  # decimals of a degree; a centimetre


def write_csv(
    frame: pd.DataFrame,
    path: Path,
    *,
    credit: str = "",
    synthetic: bool = False,
) -> Path:
    """Write a table as CSV with formulas stopped, and its credit as a column that every row carries.

    Parameters
    ----------
    frame
        Any table; lists are joined by blanks, missing values are left empty, and the index is left out.
    path
        Where to write, UTF-8 with a mark so that spreadsheets read it as such.
    credit
        Attribution, written in the column ``credit``.
    synthetic
        Whether the data are made up; the column ``label_of_data`` then says so.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        When the file cannot be written.

    Notes
    -----
    Numbers are written as they are, a minus sign included: only text is escaped.
    """
    labelled = _labelled(frame, credit, synthetic=synthetic)
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([escape_formula(str(name)) for name in labelled.columns])
    columns = [labelled[name].tolist() for name in labelled.columns]
    writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
    return put(out.getvalue().encode("utf-8-sig"), path)


def write_brief_data(brief: Brief, path: Path) -> Path:
    """Write everything behind a brief as JSON: whole tables, every sentence, what it rests on.

    The printed pages show the first rows of long tables; this file holds them all. The same brief gives the
    same bytes.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    tables = {name: getattr(brief, name).to_dict("records") for name in ("places", "shares", "links")}
    words = {name: getattr(brief, name) for name in ("title", "area", "period", "edition", "classification")}
    lists = {
        name: list(getattr(brief, name))
        for name in ("caveats", "sources", "assumptions", "notes", "months_notes")
    }
    told = {
        **words,
        "baseline": brief.method.baseline,
        "method": method_of(brief),
        "version": brief.version,
        "made_with": brief.method.as_dict(),
        "label": SYNTHETIC if brief.synthetic else "",
        "data_date": brief.data_date.isoformat(),
        "counts": asdict(brief.counts),
        "cells": brief.cells,
        "labels": {label: label.sentence for label in Label},
        **tables,
        **lists,
    }
    return put(json.dumps(told, ensure_ascii=False, indent=1, default=_native).encode(), path)


def write_hotspots_csv(
    finding: Hotspots,
    path: Path,
    *,
    credit: str = "",
    synthetic: bool = False,
) -> Path:
    """Write the cells of a finding as CSV, sorted by cell, with the centre of each and how it was found.

    The column ``method`` says in every row what the figures are held against, and the probability of the intervals.

    Raises
    ------
    SchemaError
        When the table breaks its promise.
    FileError
        When the file cannot be written.
    """
    flat = _flat(finding.table).assign(method=finding.method.words())
    return write_csv(flat, path, credit=credit, synthetic=synthetic)


def write_hotspots_geojson(
    finding: Hotspots,
    path: Path,
    *,
    credit: str = "",
    synthetic: bool = False,
) -> Path:
    """Write the cells of a finding as GeoJSON (RFC 7946), sorted by cell; the same finding gives the same bytes.

    The member ``method`` of the collection holds every part of how it was found.

    Raises
    ------
    SchemaError
        When the table breaks its promise.
    FileError
        When the file cannot be written.
    """
    return _write_cells(
        _flat(finding.table), path, credit, synthetic=synthetic, method=finding.method_as_dict()
    )


def write_cells_geojson(
    cells: pd.DataFrame,
    path: Path,
    *,
    credit: str = "",
    synthetic: bool = False,
    method: Mapping[str, Any] | None = None,
) -> Path:
    """Write any table of cells (a column ``cell``, each once) as GeoJSON, sorted by cell, every column kept.

    ``method`` says how the figures were made, and is a member of the collection.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    return _write_cells(_with_centres(cells), path, credit, synthetic=synthetic, method=method)


def _write_cells(
    flat: pd.DataFrame, path: Path, credit: str, *, synthetic: bool, method: Mapping[str, Any] | None = None
) -> Path:
    names = list(flat.columns)
    features = [
        {
            "type": "Feature",
            "id": row[0],
            "properties": {name: _plain(value) for name, value in zip(names, row, strict=True)},
            "geometry": {"type": "Polygon", "coordinates": [_ring(row[0])]},
        }
        for row in zip(*(flat[name].tolist() for name in names), strict=True)
    ]
    collection = {
        "type": "FeatureCollection",
        "credit": credit,
        "label": SYNTHETIC if synthetic else "",
        **({"method": method} if method else {}),
        "features": features,
    }
    text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return put(text.encode(), path)


def write_hotspots_geopackage(
    finding: Hotspots,
    path: Path,
    *,
    data_date: date | None,
    credit: str = "",
    synthetic: bool = False,
) -> Path:
    """Write cells as a GeoPackage layer ``cells`` (EPSG:4326), sorted by cell, drawn in QGIS as on our maps.

    Parameters
    ----------
    finding
        The finding; how it was found is written in the metadata.
    path
        Where to write; an older file is replaced.
    data_date
        Day of the newest record, written as the day of last change so that the same data give the same file;
        when it is not known, the moment of writing is.
    credit, synthetic
        Written as columns of every row, as in :func:`write_csv`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SchemaError
        When the table breaks its promise.
    FileError
        When the file cannot be written.
    """
    hotspots = finding.table
    # Both are sorted by cell, which occurs once.
    flat = _flat(hotspots).assign(drawn_as=classify(hotspots.sort_values("cell")).to_numpy())
    shapes = [shapely.Polygon(_ring(cell)) for cell in flat["cell"]]
    classes = tuple(
        Category(
            style.name, style.words, style.line, style.line_pt * _MM_PER_PT, "1;1" * style.dashed, style.fill
        )
        for style in legend(flat["drawn_as"])
    )
    layer = Layer(
        "cells",
        gpd.GeoDataFrame(flat, geometry=shapes, crs=4326),
        "drawn_as",
        classes,
        "Cells of an H3 grid against their usual.",
    )
    notes = (finding.basis(), f"{finding.method.words()}.")
    return write_geopackage(
        [layer], path, data_date=data_date, credit=credit, synthetic=synthetic, notes=notes
    )


def _flat(hotspots: pd.DataFrame) -> pd.DataFrame:
    """Return the promised columns, sorted, with the cell as text and its centre."""
    check(hotspots, HOTSPOTS)
    kept = hotspots[[*HOTSPOTS.columns, *(name for name in ADDED if name in hotspots)]]
    known = kept["label"] != Label.NOT_KNOWN
    told = {name: _whole_numbers(kept[name]).where(known) for name in UNTOLD if name in kept}
    return _with_centres(kept.assign(**told, meaning=sentences_of(kept["label"])))


def _whole_numbers(column: pd.Series) -> pd.Series:
    """Return whole numbers as such, also where some will be blank."""
    return column.astype("Int64") if pd.api.types.is_integer_dtype(column) else column


def _with_centres(cells: pd.DataFrame) -> pd.DataFrame:
    ordered = cells.sort_values("cell").reset_index(drop=True)
    centres = [h3.cell_to_latlng(cell) for cell in ordered["cell"].tolist()]
    # A spreadsheet rounds whole numbers of 18 digits, so the cell goes out as the text H3 tools read.
    return ordered.assign(
        cell=[f"{cell:x}" for cell in ordered["cell"].tolist()],
        lon=[round(lon, _PLACES) for _, lon in centres],
        lat=[round(lat, _PLACES) for lat, _ in centres],
    )


def _labelled(frame: pd.DataFrame, credit: str, *, synthetic: bool) -> pd.DataFrame:
    extra = {"credit": credit} if credit else {}
    label = {"label_of_data": SYNTHETIC} if synthetic else {}
    return frame.assign(**extra, **label)


def _ring(cell: str) -> list[list[float]]:
    corners = [[round(lon, _PLACES), round(lat, _PLACES)] for lat, lon in h3.cell_to_boundary(int(cell, 16))]
    return [*corners, corners[0]]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return escape_formula(value)
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "" if pd.isna(value) else value


def _native(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _plain(value: Any) -> Any:
    return None if value is pd.NA or (isinstance(value, float) and pd.isna(value)) else value
