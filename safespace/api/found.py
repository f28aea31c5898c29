"""Where it is more than usual, from points or counted cells in one line, and what can be done with the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from safespace import cells as hexagons
from safespace import hotspots, maps, streets
from safespace.api.grid import count_window, with_hexagons
from safespace.api.inputs import TIME_ZONE, moments_of, of_kinds, outline_of, points_of, require_columns
from safespace.briefs import exports, pdf
from safespace.display import in_html
from safespace.errors import FileError, InputError, SchemaError
from safespace.maps.palette import classify, style_of
from safespace.schemas import CELLS
from safespace.settings import HotspotSettings
from safespace.tone import sentences_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import folium
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

    from safespace.api.inputs import Area, Points

AREA = "area of the cell"
STREETS = "length of walkable street"
_SHOWN = ("class", "events", "expected", "rate", "lower", "upper", "label")


@dataclass(frozen=True)
class Hotspots:
    """Where reports are higher than usual: a finding on cells, with its places, maps and files.

    Parameters
    ----------
    places
        One row a place, as :func:`safespace.hotspots.places` gives them: those that cannot be told apart share a rank.
    cells
        Every cell judged: :data:`safespace.schemas.HOTSPOTS`.
    finding
        The same with its method (:class:`safespace.hotspots.Hotspots`), which can be asked of other cells.
    area
        The ground it was asked of, EPSG:4326.
    data_date
        Day of the newest record, where the points say when (``occurred_from``).
    """

    places: pd.DataFrame
    cells: pd.DataFrame
    finding: hotspots.Hotspots
    area: BaseGeometry
    data_date: date | None = None

    def __repr__(self) -> str:
        """Say in one line how many places there are, and what they rest on."""
        found = self.finding
        return (
            f"<Hotspots: {maps.count_in_words(len(self.places), 'place')} higher than usual; {found.events:,} events in "
            f"{found.tested:,} cells at resolution {found.resolution}, compared with: {found.baseline[:60]}>"
        )

    _repr_html_ = in_html

    def basis(self) -> str:
        """Say in one line what the finding rests on."""
        return self.finding.basis()

    def to_gdf(self) -> gpd.GeoDataFrame:
        """Return every cell with its hexagon (EPSG:4326), its figures and ``class``, the class it is drawn in."""
        return with_hexagons(self.cells.assign(**{"class": classify(self.cells).astype(str)}))

    def explore(self) -> folium.Map:
        """Return a folium map of the cells for a notebook; it asks no tile server for a background."""
        import folium  # noqa: PLC0415 - only those who draw pay for it

        west, south, east, north = self.area.bounds
        drawn = folium.Map(tiles=None)
        told = self.to_gdf()
        shown = told.assign(label=sentences_of(told["label"]))[[*_SHOWN, "geometry"]].round(3)
        folium.GeoJson(
            shown.to_json(),
            style_function=_style,
            tooltip=folium.GeoJsonTooltip([name for name in _SHOWN if name != "class"]),
        ).add_to(drawn)
        drawn.fit_bounds([[south, west], [north, east]])
        return drawn

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the cells with matplotlib, in the colours of our maps, and return the axes.

        Parameters
        ----------
        ax
            Axes to draw on; new ones when not given.
        **options
            Passed on to :meth:`geopandas.GeoDataFrame.plot`.
        """
        shown = self.to_gdf()
        look = {
            "color": [style_of(name).fill for name in shown["class"]],
            "edgecolor": "#6F777B",
            "linewidth": 0.3,
        }
        axes: Axes = shown.plot(ax=ax, **(look | options))
        axes.set_axis_off()
        axes.set_title(self.basis(), fontsize=7, wrap=True)
        return axes

    def to_html(
        self,
        title: str = "Where there are more reports than usual",
        *,
        credit: str = "",
        synthetic: bool = False,
    ) -> str:
        """Return a page with a map, its key and its table, which opens with no network.

        Parameters
        ----------
        title
            Heading of the page.
        credit
            Attribution the data ask for.
        synthetic
            Whether the data are made up; the page then says so.
        """
        credited = (credit,) if credit else ()
        text = maps.PageText(title=title, caption=self.basis(), credits=credited, synthetic=synthetic)
        return maps.hex_page(self.finding, area=self.area, text=text, places=self.places)

    def save(self, path: str | Path, *, credit: str = "", synthetic: bool = False) -> Path:
        """Write the finding as CSV, GeoJSON, GeoPackage, or a map page (``.html``), by the file's ending.

        Parameters
        ----------
        path
            An older file is replaced.
        credit
            Attribution the data ask for; every file carries it.
        synthetic
            Whether the data are made up; every file then says so.

        Raises
        ------
        FileError
            When the ending is none of these, or the file cannot be written.
        """
        where, found = Path(path), self.finding
        labels: dict[str, Any] = {"credit": credit, "synthetic": synthetic}
        writers: dict[str, Callable[[], Path]] = {
            ".html": lambda: pdf.put(self.to_html(**labels).encode(), where),
            ".csv": lambda: exports.write_hotspots_csv(found, where, **labels),
            ".geojson": lambda: exports.write_hotspots_geojson(found, where, **labels),
            ".gpkg": lambda: exports.write_hotspots_geopackage(
                found, where, data_date=self.data_date, **labels
            ),
        }
        if where.suffix.casefold() not in writers:
            raise FileError(
                "A finding is not written as this kind of file.",
                code="finding-file-kind-unknown",
                where=where.name,
                seen=where.suffix or "no ending",
                remedy=f"Give one of: {', '.join(writers)}.",
            )
        return writers[where.suffix.casefold()]()


def find_hotspots(
    points_or_cells: Points,
    area: Area | None = None,
    *,
    resolution: int = 9,
    baseline: str | pd.Series | streets.StreetGraph = "area",
    kinds: Sequence[str] = (),
    settings: HotspotSettings | None = None,
) -> Hotspots:
    """Find where there are more events than usual, with intervals, against a named baseline.

    Parameters
    ----------
    points_or_cells
        Points (a GeoDataFrame in any stated CRS, a frame with ``lon`` and ``lat``, or a path), or cells counted
        by :func:`safespace.count`.
    area
        Where points were looked for: a polygon in degrees, a GeoDataFrame of polygons, or a path. Cells bring theirs.
    resolution
        H3 resolution, 7 to 10; cells bring theirs.
    baseline
        What "usual" is: ``"area"`` (ground), a :class:`safespace.StreetGraph` (length of walkable street), or a series
        of amounts indexed by cell, whose name is shown.
    kinds
        Only these groups of offences (:mod:`safespace.sources.offences`), of points with ``source`` and ``category``.
    settings
        Rate, interval and fewest events; the defaults when not given.

    Returns
    -------
    Hotspots
        With ``places``, ``to_gdf()``, ``explore()``, ``plot()`` and ``save()``.

    Raises
    ------
    TooFewError
        When there are too few events for any place to stand out, saying how many would be enough.
    SchemaError, AreaError, InputError
        When points, area or baseline cannot be used, saying why.

    Notes
    -----
    "Usual" is the baseline's, so a finding changes with it: ask with two. Reports follow footfall and the wish to
    report; a cell without any is not safe.

    Examples
    --------
    >>> import numpy as np, safespace as ss, shapely
    >>> rng = np.random.default_rng(1)
    >>> even = pd.DataFrame({"lon": rng.uniform(-1.2, -1.1, 200), "lat": rng.uniform(52.9, 53.0, 200)})
    >>> busy = pd.DataFrame({"lon": rng.normal(-1.15, 0.001, 60), "lat": rng.normal(52.95, 0.001, 60)})
    >>> found = ss.find_hotspots(pd.concat([even, busy]), shapely.box(-1.2, 52.9, -1.1, 53.0), resolution=8)
    >>> found
    <Hotspots: 1 place higher than usual; 260 events in 140 cells at resolution 8, compared with: area of the cell>
    """
    only = of_kinds(points_or_cells, kinds, resolution=resolution)
    given = only.points if is_counted(only.points) else points_of(only.points)
    counted, ground = counted_cells(given, area, resolution=resolution)
    used, name = against(counted, baseline)
    found = hotspots.find_hotspots(used, baseline=name, settings=settings or HotspotSettings())
    found = replace(found, method=found.method.but(kinds=only.words))
    return Hotspots(hotspots.places(found), found.table, found, ground, _newest_day(given))


def scan(
    points_or_cells: Points,
    area: Area | None = None,
    *,
    resolution: int = 9,
    baseline: str | pd.Series | streets.StreetGraph = "area",
    seed: int = 0,
    replicates: int = 999,
) -> hotspots.Scan:
    """Search discs of every size for the most striking, beside simulated chance (Kulldorff's scan).

    Parameters
    ----------
    points_or_cells, area, resolution, baseline
        As for :func:`find_hotspots`.
    seed, replicates
        Of the random layers; the same seed gives the same answer.

    Raises
    ------
    TooFewError
        When fewer than two cells or two events can take part.
    SchemaError, AreaError, InputError
        When points, area or baseline cannot be used, saying why.

    Examples
    --------
    >>> import numpy as np, safespace as ss, shapely
    >>> rng = np.random.default_rng(1)
    >>> even = pd.DataFrame({"lon": rng.uniform(-1.2, -1.1, 200), "lat": rng.uniform(52.9, 53.0, 200)})
    >>> busy = pd.DataFrame({"lon": rng.normal(-1.15, 0.001, 60), "lat": rng.normal(52.95, 0.001, 60)})
    >>> scanned = ss.scan(pd.concat([even, busy]), shapely.box(-1.2, 52.9, -1.1, 53.0), resolution=8, replicates=99)
    >>> bool(scanned.table["higher"].iloc[0])
    True
    """
    counted, _ = counted_cells(points_or_cells, area, resolution=resolution)
    used, name = against(counted, baseline)
    return hotspots.scan_cells(used, baseline=name, seed=seed, replicates=replicates)


def find_agreement(felt: Hotspots, recorded: Hotspots) -> gpd.GeoDataFrame:
    """Say of each cell whether what people felt, what was recorded, both or neither are higher than usual.

    Parameters
    ----------
    felt, recorded
        Two findings of :func:`find_hotspots` in the same area and resolution. They are never added together.

    Returns
    -------
    geopandas.GeoDataFrame
        :func:`safespace.hotspots.agree` with hexagons, EPSG:4326.

    Raises
    ------
    InputError
        When the two do not have the same cells.

    Examples
    --------
    >>> import numpy as np, safespace as ss, shapely
    >>> rng = np.random.default_rng(1)
    >>> pins = pd.DataFrame({"lon": rng.normal(-1.15, 0.01, 200), "lat": rng.normal(52.95, 0.01, 200)})
    >>> felt = ss.find_hotspots(pins, shapely.box(-1.2, 52.9, -1.1, 53.0), resolution=8)
    >>> set(ss.find_agreement(felt, felt)["agreement"]) <= {"both", "neither", "too few"}
    True
    """
    return with_hexagons(hotspots.agree(felt.finding, recorded.finding).table)


def counted_cells(
    points_or_cells: Points, area: Area | None, *, resolution: int, whole: bool = False
) -> tuple[pd.DataFrame, BaseGeometry]:
    """Return counted cells without shapes, and the ground they cover: those given, or points counted in an area.

    Raises
    ------
    InputError
        When points come without an area.
    """
    if isinstance(points_or_cells, pd.DataFrame) and is_counted(points_or_cells):
        require_columns(points_or_cells, tuple(CELLS.columns), where="cells")
        held = _with_ground(points_or_cells)
        inside = hexagons.ground_shapes(held[~held["edge"]])
        return held, outline_of(area) if area is not None else inside.union_all()
    if area is None:
        raise InputError(
            "Points need the area they were looked for in.",
            code="points-without-area",
            where="area",
            remedy="Give area: a polygon, a GeoDataFrame of polygons, or a path. A blank cell outside it means nothing.",
        )
    ground = outline_of(area)
    return count_window(points_or_cells, ground, resolution=resolution, whole=whole), ground


def _with_ground(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counted cells with their shape as ``ground`` where it is only a part of the hexagon."""
    held = pd.DataFrame(counted.drop(columns="geometry", errors="ignore"))
    if not isinstance(counted, gpd.GeoDataFrame) or counted.crs is None:
        return held
    cut = held["area_km2"] < (1 - 1e-6) * hexagons.areas_km2(held["cell"])
    shapes = counted.geometry.to_crs("EPSG:4326").to_numpy()
    ground = np.full(len(held), None, dtype=object)
    ground[cut] = shapes[cut]
    return held.assign(ground=ground)


def against(
    counted: pd.DataFrame, baseline: str | pd.Series | streets.StreetGraph
) -> tuple[pd.DataFrame, str]:
    """Return counted cells with a baseline as their exposure, and its name.

    Raises
    ------
    InputError
        When there is no such baseline.
    """
    if isinstance(baseline, pd.Series):
        return hexagons.add_exposure(counted, baseline), str(baseline.name or "amounts supplied")
    if isinstance(baseline, streets.StreetGraph):
        resolution = int(h3.get_resolution(int(counted["cell"].iloc[0])))
        metres = streets.walkable_length(baseline, counted, resolution=resolution)
        return hexagons.add_exposure(counted, metres), STREETS
    if baseline == "area":
        return counted.assign(exposure=counted["area_km2"]), AREA
    raise InputError(
        "There is no such baseline without a store.",
        code="baseline-unknown-here",
        where="baseline",
        seen=repr(baseline),
        remedy='Give "area", a StreetGraph, or a series of amounts indexed by cell.',
    )


def is_counted(given: Points) -> bool:
    """Return whether these are counted cells, not points."""
    return isinstance(given, pd.DataFrame) and {"cell", "events"} <= set(given.columns)


def _newest_day(given: Points) -> date | None:
    """Return the day of the newest record; none where it is not known when any happened."""
    if not isinstance(given, pd.DataFrame) or "occurred_from" not in given:
        return None
    try:
        newest = moments_of(given, "occurred_from").max()
    except SchemaError:
        return None  # a finding needs no moments, so a column of something else is no hindrance
    day: date | None = None if pd.isna(newest) else newest.tz_convert(TIME_ZONE).date()
    return day


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    look = style_of(feature["properties"]["class"])
    return {"fillColor": look.fill, "color": look.line, "weight": 1, "fillOpacity": 0.6}
