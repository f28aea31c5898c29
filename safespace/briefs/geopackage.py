"""GeoPackages that open in QGIS as drawn here: a style for each layer, and the credit as its metadata.

QGIS reads the styles from the table ``layer_styles`` of the file itself, so nothing has to be sent beside
it. Classes differ by width and dash as well as by colour.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from safespace.briefs.pdf import put
from safespace.disclosure import escape_formula
from safespace.maps.palette import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import geopandas as gpd

_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_TABLES: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE gpkg_metadata (
    id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
    md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE gpkg_metadata_reference (
    reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
    CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
    CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles');
"""
_EXTENSION: Final = "http://www.geopackage.org/spec/#extension_metadata"


@dataclass(frozen=True)
class Category:
    """How the rows of one class look.

    Parameters
    ----------
    value
        What the layer's column holds for the class.
    words
        What the key says.
    colour
        As ``#rrggbb``.
    width_mm
        Width of the line, or of the outline of ground.
    dash_mm
        Dash and gap, as ``"3;2"``; empty for an unbroken line.
    fill
        Colour of the ground, as ``#rrggbb``; empty for a light wash of ``colour``.
    """

    value: str
    words: str
    colour: str
    width_mm: float = 0.8
    dash_mm: str = ""
    fill: str = ""


@dataclass(frozen=True)
class Layer:
    """One layer: lines or ground, EPSG:4326, drawn by the classes of a column.

    Parameters
    ----------
    name
        Name of the table.
    frame
        Its rows.
    column
        Column that holds the class.
    classes
        How each class looks, in the order of the key.
    description
        What the layer holds, in a sentence.
    """

    name: str
    frame: gpd.GeoDataFrame
    column: str
    classes: tuple[Category, ...]
    description: str


def write_geopackage(
    layers: Sequence[Layer],
    path: Path,
    *,
    data_date: date | None,
    credit: str,
    synthetic: bool = False,
    notes: Sequence[str] = (),
) -> Path:
    """Write layers as one GeoPackage with their styles and metadata.

    Parameters
    ----------
    data_date
        Day of the newest record, written as the day of last change so that the same data give the same file;
        when it is not known, the moment of writing is.
    credit
        Attribution, as a column of every row and as the rights in the metadata.
    synthetic
        Whether the data are made up; the column ``label_of_data`` then says so.
    notes
        Sentences that belong beside the figures; they become the abstract in the metadata.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    changed = data_date or datetime.now(UTC)
    moment = f"{changed:%Y-%m-%dT%H:%M:%S}.000Z"  # a day is its midnight
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "layers.gpkg")
        for layer in layers:
            rows = _labelled(layer.frame, credit, synthetic=synthetic)
            rows.to_file(made, layer=layer.name, driver="GPKG", engine="pyogrio")
        with closing(sqlite3.connect(made)) as database, database:
            database.executescript(_TABLES)
            for number, layer in enumerate(layers, start=1):
                abstract = " ".join([layer.description, *((SYNTHETIC + ".",) if synthetic else ()), *notes])
                _tell(database, number, layer, (credit, abstract), moment)
            database.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
        content = made.read_bytes()
    return put(content, path)


def style_qml(layer: Layer) -> str:
    """Return the style of a layer as QGIS writes it (QML), one class a row of the key."""
    kind = "fill" if layer.frame.geom_type.str.contains("Polygon").any() else "line"
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology")
    renderer = ET.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr=layer.column, enableorderby="0"
    )
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for place, drawn in enumerate(layer.classes):
        ET.SubElement(
            categories, "category", value=drawn.value, label=drawn.words, symbol=str(place), render="true"
        )
        symbol = ET.SubElement(symbols, "symbol", type=kind, name=str(place), alpha="1", clip_to_extent="1")
        simple = "SimpleFill" if kind == "fill" else "SimpleLine"
        part = ET.SubElement(symbol, "layer", {"class": simple, "enabled": "1", "pass": "0", "locked": "0"})
        _write_properties(part, _fill(drawn) if kind == "fill" else _line(drawn))
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def _labelled(frame: gpd.GeoDataFrame, credit: str, *, synthetic: bool) -> gpd.GeoDataFrame:
    """Return the rows with their credit and label, and with formulas stopped in every text."""
    label = {"label_of_data": SYNTHETIC} if synthetic else {}
    told = frame.assign(credit=credit, **label)
    texts = {
        name: [escape_formula(value) if isinstance(value, str) else value for value in told[name]]
        for name in told.columns.drop(told.geometry.name)
        if told[name].dtype.kind not in "biufM"
    }
    return told.assign(**texts)


def _tell(
    database: sqlite3.Connection, number: int, layer: Layer, words: tuple[str, str], moment: str
) -> None:
    """Write a layer's style, its metadata and its description into the file."""
    credit, abstract = words
    database.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
        "styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
        "VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', NULL, ?)",
        (layer.name, layer.name, style_qml(layer), layer.description, moment),
    )
    database.execute(
        "INSERT INTO gpkg_metadata VALUES (?, 'dataset', 'http://mrcc.com/qgis.dtd', 'text/xml', ?)",
        (number, _metadata(layer, credit, abstract)),
    )
    database.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, ?, NULL)",
        (layer.name, moment, number),
    )
    database.execute(
        "UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (f"{abstract} {credit}", layer.name)
    )
    if number == 1:
        database.executemany(
            "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', ?, 'read-write')",
            [("gpkg_metadata", _EXTENSION), ("gpkg_metadata_reference", _EXTENSION)],
        )


def _metadata(layer: Layer, credit: str, abstract: str) -> str:
    """Return a layer's metadata as QGIS reads it, the credit as its rights."""
    root = ET.Element("qgis", version="3.22.0")
    told = {"identifier": layer.name, "type": "dataset", "title": layer.name, "abstract": abstract}
    for name, text in told.items():
        ET.SubElement(root, name).text = text
    ET.SubElement(root, "rights").text = credit
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def _line(category: Category) -> dict[str, str]:
    dash = {"use_custom_dash": "1", "customdash": category.dash_mm, "customdash_unit": "MM"}
    return {
        "line_color": _rgb(category.colour),
        "line_style": "solid",
        "line_width": f"{category.width_mm:g}",
        "line_width_unit": "MM",
        "capstyle": "round",
        "joinstyle": "round",
    } | (dash if category.dash_mm else {"use_custom_dash": "0"})


def _fill(category: Category) -> dict[str, str]:
    return {
        "color": _rgb(category.fill) if category.fill else _rgb(category.colour, 40),
        "style": "solid",
        "outline_color": _rgb(category.colour),
        "outline_style": "dash" if category.dash_mm else "solid",
        "outline_width": f"{category.width_mm:g}",
        "outline_width_unit": "MM",
    }


def _rgb(colour: str, alpha: int = 255) -> str:
    """Write a colour as QGIS does.

    Examples
    --------
    >>> _rgb("#12436D")
    '18,67,109,255'
    """
    return ",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5)) + f",{alpha}"


def _write_properties(part: Any, properties: Mapping[str, str]) -> None:
    """Write a symbol's properties the way QGIS reads them since 3.22, and the way it did before."""
    options = ET.SubElement(part, "Option", type="Map")
    for name, value in properties.items():
        ET.SubElement(options, "Option", name=name, value=value, type="QString")
    for name, value in properties.items():
        ET.SubElement(part, "prop", k=name, v=value)
