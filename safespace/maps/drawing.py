"""What the static pictures share: the page font, deterministic SVG bytes and the local plane.

Figures are built as objects, without pyplot's global state, and their text is drawn as outlines, so that
a picture looks the same where the font is not installed.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from safespace.maps.palette import WHITE

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

MM = 1 / 25.4
_SVG: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "safespace",
    "path.simplify": False,
}
# Matplotlib reads these two settings from process-wide state while it writes; the lock keeps one session of
# the app from writing with another's.
_WRITING = threading.Lock()
_METADATA = re.compile(rb"\s*<metadata>.*?</metadata>", re.DOTALL)
_GROUP = re.compile(rb'<g id="[^"]*">')
_PATH = re.compile(rb' d="[^"]*"')
_DIGITS = re.compile(rb"(\.\d\d)\d+")


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """Return an empty white figure of that size."""
    figure = Figure(figsize=(width_mm * MM, height_mm * MM), facecolor=WHITE)
    FigureCanvasSVG(figure)
    return figure


def bare_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Add axes without ticks or frame at ``(left, bottom, width, height)``, shares of the figure."""
    axes = figure.add_axes(box)
    axes.set_axis_off()
    return axes


def to_svg(figure: Figure) -> bytes:
    """Write a figure as SVG; the same figure gives the same bytes on every day and machine."""
    out = BytesIO()
    with _WRITING, mpl.rc_context(_SVG):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _slim(out.getvalue())


def _slim(svg: bytes) -> bytes:
    """Drop the prolog and empty metadata, and write path coordinates to a hundredth of a point."""
    body = _METADATA.sub(b"", svg[svg.index(b"<svg") :])
    body = _GROUP.sub(b"<g>", body)  # two pictures in one page must not share names
    return _PATH.sub(lambda path: _DIGITS.sub(rb"\1", path.group()), body)


@cache
def font(weight: str = "Regular", size_pt: float = 8) -> FontProperties:
    """Return the page font (Atkinson Hyperlegible Next, SIL Open Font License) at a size."""
    path = files("safespace.maps").joinpath("fonts", f"AtkinsonHyperlegibleNext-{weight}.ttf")
    return FontProperties(fname=str(path), size=size_pt)


def local_plane(area: BaseGeometry) -> str:
    """Return an equal-area CRS in metres centred on a shape in EPSG:4326, north at the top of the page."""
    centre = area.envelope.centroid
    return f"+proj=laea +lat_0={centre.y:.3f} +lon_0={centre.x:.3f} +datum=WGS84 +units=m"


def on_plane(frame: gpd.GeoDataFrame | gpd.GeoSeries, plane: str) -> gpd.GeoDataFrame | gpd.GeoSeries:
    """Return the shapes on the local plane; a frame without a CRS is taken to be EPSG:4326."""
    return (frame if frame.crs else frame.set_crs(4326)).to_crs(plane)
