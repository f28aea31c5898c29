from .definition import Brief, RowCounts
from .exports import (
    write_csv,
    write_hotspots_csv,
    write_hotspots_geojson,
    write_hotspots_geopackage,
)
from .html import to_html, write_html
from .pdf import to_pdf, write_pdf
from .wording import contents

__all__ = [
    "Brief",
    "RowCounts",
    "contents",
    "to_html",
    "to_pdf",
    "write_csv",
    "write_hotspots_csv",
    "write_hotspots_geojson",
    "write_hotspots_geopackage",
    "write_html",
    "write_pdf",
]
