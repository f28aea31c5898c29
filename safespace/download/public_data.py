"""The public data SafeSpace can fetch: police.uk months, crimes inside a polygon, streets and boundaries.

Nothing is fetched unless a person asks for it, and every address is a setting (``[fetch]``).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from math import cos, radians
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd
import shapely

from safespace.download.fetch import Client, Fetched, fetch_file, hash_of, read_note, write_note
from safespace.errors import AreaError, FileError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from safespace.settings import FetchSettings

LARGEST_POLYGON_KM2 = 400.0  # a town; past this the monthly archive is the kinder way
LARGEST_STREETS_KM2 = 2_000.0
_TOO_MANY = 503  # what the API of police.uk answers when more than 10,000 crimes lie inside
_DEEPEST = 5  # quarters of quarters: 1,024 pieces
_COLUMNS = ("reference", "month", "longitude", "latitude", "location", "category")


def police_archive(
    month: str, folder: Path, *, settings: FetchSettings, refresh: bool = False, progress: bool = False
) -> Fetched:
    """Fetch the archive of police.uk that ends with a month: all forces, the three years up to it.

    Parameters
    ----------
    month
        ``2022-01``.
    folder
        Where files are kept.
    settings
        Its address, with ``{month}`` to be filled in, and patience.
    refresh
        Ask whether the file that is here has changed.
    progress
        Show a bar.

    Raises
    ------
    InputError
        When that is not a month.
    FileError
        When it cannot be fetched whole.
    """
    address = settings.police_archive.replace("{month}", _month(month))
    out = folder / f"police-uk-{month}.zip"
    return fetch_file(address, out, settings=settings, refresh=refresh, progress=progress)


def police_street_level(
    area: BaseGeometry, months: Sequence[str], folder: Path, *, settings: FetchSettings, refresh: bool = False
) -> tuple[Fetched, ...]:
    """Fetch the crimes that police.uk places inside a small polygon, one CSV a month.

    Parameters
    ----------
    area
        Polygon or multipolygon, EPSG:4326; its holes are filled.
    months
        ``2022-01``, one request each and more where many crimes lie inside.
    folder
        Where files are kept.
    settings
        The API's address and patience.
    refresh
        Fetch months again that are here: police.uk changes months afterwards.

    Returns
    -------
    tuple of Fetched
        In the order of the months; ``read_reports(..., source="police_uk")`` reads them as they are.

    Raises
    ------
    AreaError
        When the polygon is not one, or larger than 400 km².
    InputError
        When a month is not a month.
    FileError
        When a month cannot be fetched whole; the months before it are kept.
    """
    pieces = _pieces(area, LARGEST_POLYGON_KM2)
    client = Client(settings)
    name = _hash(shapely.to_wkt(shapely.normalize(area), rounding_precision=6))[:8]
    found = []
    for month in map(_month, months):
        out = folder / f"police-uk-{month}-{name}.csv"
        held = None if refresh else read_note(out)
        found.append(held or _one_month(month, pieces, out, client))
    return tuple(found)


def streets_around(
    area: BaseGeometry,
    folder: Path,
    *,
    settings: FetchSettings,
    refresh: bool = False,
    progress: bool = False,
) -> Fetched:
    """Fetch walkable ways, lamps and landmarks in an area's bounding box from Overpass, as ``.osm``.

    Raises
    ------
    AreaError
        When the area is not a polygon, or its box is larger than 2,000 km²: fetch an extract instead.
    FileError
        When it cannot be fetched whole; Overpass's own complaints are shown.
    """
    box = shapely.box(*area.bounds)
    _pieces(box, LARGEST_STREETS_KM2)
    west, south, east, north = box.bounds
    query = _overpass_query(f"{south:.6f},{west:.6f},{north:.6f},{east:.6f}")
    out = folder / f"streets-{_hash(query)[:8]}.osm"
    return fetch_file(
        settings.overpass, out, settings=settings, form={"data": query}, refresh=refresh, progress=progress
    )


def extract(
    address: str, folder: Path, *, settings: FetchSettings, refresh: bool = False, progress: bool = False
) -> Fetched:
    """Fetch a file at an address (``.osm.pbf``, ``.geojson``, ``.gpkg``, ``.kml``) under its own name.

    Parameters
    ----------
    address
        ``settings.streets`` or ``settings.boundaries``, or another.
    folder
        Where files are kept.
    settings
        Limits and patience.
    refresh, progress
        As for :func:`~safespace.download.fetch.fetch_file`.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "-", urlsplit(address).path.rpartition("/")[2]).strip(".") or "fetched"
    return fetch_file(address, folder / name, settings=settings, refresh=refresh, progress=progress)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _month(month: str) -> str:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise InputError(
            "This is not a month.", code="month-not-readable", seen=month, remedy="Write it as 2022-01."
        )
    return month


def _pieces(area: BaseGeometry, most_km2: float) -> list[shapely.Polygon]:
    parts = [
        part for part in shapely.get_parts(area) if isinstance(part, shapely.Polygon) and not part.is_empty
    ]
    if not parts or not area.is_valid:
        raise AreaError(
            "The area is not a valid polygon.",
            code="area-not-valid",
            seen=area.geom_type,
            remedy="Give one in EPSG:4326.",
        )
    size_km2 = sum(_size_km2(part) for part in parts)
    if size_km2 > most_km2:
        raise AreaError(
            "The area is too large to ask a public service for.",
            code="area-too-large-to-fetch",
            seen=f"{size_km2:,.0f} km²",
            remedy=f"At most {most_km2:,.0f} km²: fetch the monthly archive or an extract instead.",
        )
    return [shapely.Polygon(part.exterior) for part in parts]


def _size_km2(part: shapely.Polygon) -> float:
    return float(part.area) * 111.32**2 * cos(radians(part.centroid.y))


def _one_month(month: str, pieces: Iterable[shapely.Polygon], out: Path, client: Client) -> Fetched:
    address = f"{client.settings.police_api.rstrip('/')}/crimes-street/all-crime"
    # By the API's own number: a crime on the line between two pieces is in both.
    crimes = {
        _number(crime): crime
        for piece in pieces
        for crime in _crimes(address, month, piece, out=out, client=client)
    }
    rows = pd.DataFrame([_row(crimes[number]) for number in sorted(crimes)], columns=list(_COLUMNS))
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(out.name + ".new")
    rows.to_csv(fresh, index=False, lineterminator="\n")
    fresh.replace(out)
    moment = datetime.now(tz=UTC).isoformat(timespec="seconds")
    note = Fetched(out, address, hash_of(out), out.stat().st_size, moment)
    write_note(note)
    return note


def _crimes(
    address: str, month: str, piece: shapely.Polygon, *, out: Path, client: Client, depth: int = 0
) -> list[dict[str, Any]]:
    corners = ":".join(f"{lat:.6f},{lon:.6f}" for lon, lat in piece.exterior.coords[:-1])
    page = out.with_name(f"{out.stem}.page.json")
    final = () if depth == _DEEPEST else (_TOO_MANY,)
    try:
        fetch_file(
            address,
            page,
            settings=client.settings,
            client=client,
            form={"date": month, "poly": corners},
            refresh=True,
            final=final,
        )
        found: list[dict[str, Any]] = json.loads(page.read_bytes())
    except FileError as problem:
        if problem.code == "fetch-too-much":
            quarters = [q for part in _quarters(piece) for q in _pieces(part, LARGEST_POLYGON_KM2)]
            return [
                crime
                for quarter in quarters
                for crime in _crimes(address, month, quarter, out=out, client=client, depth=depth + 1)
            ]
        raise
    finally:
        for file in out.parent.glob(f"{page.name}*"):
            file.unlink()
    return found


def _quarters(piece: shapely.Polygon) -> list[BaseGeometry]:
    west, south, east, north = piece.bounds
    middle, height = (west + east) / 2, (south + north) / 2
    boxes = [
        shapely.box(*corners)
        for corners in (
            (west, south, middle, height),
            (middle, south, east, height),
            (west, height, middle, north),
            (middle, height, east, north),
        )
    ]
    cut = [piece.intersection(box) for box in boxes]
    return [part for part in cut if part.area > 0]


def _number(crime: Any) -> int:
    try:
        return int(crime["id"])
    except (KeyError, TypeError, ValueError) as problem:
        raise _strange(crime) from problem


def _row(crime: dict[str, Any]) -> tuple[str, ...]:
    try:
        place = crime["location"]
        told = (
            crime["persistent_id"] or "",
            crime["month"],
            place["longitude"],
            place["latitude"],
            place["street"]["name"],
            crime["category"],
        )
    except (KeyError, TypeError) as problem:
        raise _strange(crime) from problem
    return tuple(map(str, told))


def _strange(crime: Any) -> FileError:
    return FileError(
        "The API answered with something that is not a crime.",
        code="api-answer-unknown",
        seen=json.dumps(crime)[:200],
        remedy="The service has changed: fetch the monthly archive instead.",
    )


def _overpass_query(box: str) -> str:
    """Ask for what ``streets.osm`` reads; the limits tell the service what it may refuse."""
    wanted = (
        'way["highway"]',
        'node["highway"]',
        'node["barrier"]',
        'node["man_made"="surveillance"]',
        'nw["amenity"]["amenity"~"^(pub|bar|nightclub|bus_station|student_accommodation|theatre|arts_centre|events_venue|concert_hall|music_venue)$"]',
        'nw["railway"~"^(station|halt|tram_stop)$"]',
        'nw["leisure"="stadium"]',
        'nw["building"~"^(stadium|dormitory)$"]',
        'way["waterway"]',
        'wr["natural"="water"]',
        'wr["leisure"~"^(park|garden|common|recreation_ground)$"]',
    )
    parts = "".join(f"{one}({box});" for one in wanted)
    return f"[out:xml][timeout:180][maxsize:536870912];({parts});(._;>;);out body;"
