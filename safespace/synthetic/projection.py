"""British National Grid to longitude and latitude, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely.geometry import Polygon

from safespace.synthetic.plan import ORIGIN_EASTING_M, ORIGIN_NORTHING_M

if TYPE_CHECKING:
    from safespace.synthetic.shapes import Floats

# EPSG transformation 1314, written out: by name, PROJ may pick a grid file that only some machines have,
# and the same seed would no longer give the same bytes.
_PIPELINE = (
    "+proj=pipeline "
    "+step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy "
    "+step +proj=push +v_3 +step +proj=cart +ellps=airy "
    "+step +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
    "+convention=position_vector "
    "+step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3 "
    "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
)


def to_bng(xy: Floats) -> Floats:
    """Return easting and northing (metres, EPSG:27700) of places in metres from the market place, shape (n, 2)."""
    return np.asarray(np.asarray(xy) + np.array([ORIGIN_EASTING_M, ORIGIN_NORTHING_M]))


def to_lonlat(xy: Floats) -> Floats:
    """Return longitude and latitude (degrees, EPSG:4326, seven decimals) of such places, shape (n, 2).

    Notes
    -----
    The seven-parameter transformation is good to about two metres; Ordnance Survey's grid is finer.

    Examples
    --------
    >>> to_lonlat(np.array([[0.0, 0.0]])).round(3).tolist()
    [[-1.642, 52.33]]
    """
    easting, northing = to_bng(xy).T
    lon, lat = Transformer.from_pipeline(_PIPELINE).transform(easting, northing)
    return np.column_stack([lon, lat]).round(7)


def grid_metres(lon: Floats, lat: Floats) -> Floats:
    """Return easting and northing, whole metres, of longitudes and latitudes, shape (n, 2)."""
    easting, northing = Transformer.from_pipeline(_PIPELINE).transform(
        lon, lat, direction=TransformDirection.INVERSE
    )
    return np.column_stack([easting, northing]).round()


def polygon_to_lonlat(polygon: Polygon) -> Polygon:
    """Return a polygon in metres from the market place as one in longitude and latitude."""
    holes = [to_lonlat(shapely.get_coordinates(hole)) for hole in polygon.interiors]
    return Polygon(to_lonlat(shapely.get_coordinates(polygon.exterior)), holes)
