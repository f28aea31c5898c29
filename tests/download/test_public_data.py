"""Public data from a stand-in service: months, crimes in a polygon cut up when there are too many, streets."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
import shapely
from awkward_server import Awkward, Step, serving

from safespace.download.public_data import extract, police_archive, police_street_level, streets_around
from safespace.errors import AreaError, FileError, InputError
from safespace.settings import FetchSettings, Settings
from safespace.sources import read_reports
from safespace.streets.osm import read_ways

SQUARE = shapely.box(-1.90, 52.47, -1.88, 52.49)
OSM = b"""<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6"><node id="1" lat="52.47" lon="-1.89"/><node id="2" lat="52.48" lon="-1.89"/>
<way id="5"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>
"""


@pytest.fixture
def server():
    """Return a server whose answers a test decides."""
    with serving(Awkward()) as told:
        yield told


def settings(server, **changes) -> FetchSettings:
    addresses = {
        "police_archive": f"{server.address}/archive/{{month}}.zip",
        "police_api": f"{server.address}/api/",
        "overpass": f"{server.address}/interpreter",
    }
    return FetchSettings(**{"requests_per_s": 100, "attempts": 1, **addresses, **changes})


def crimes(count: int) -> list[dict]:
    """Return crimes spread over the square, as the API writes them."""
    dice = np.random.default_rng(3)
    return [
        {
            "category": "violent-crime" if number % 2 else "anti-social-behaviour",
            "persistent_id": f"{number:064x}" if number % 2 else "",
            "id": 1000 + number,
            "month": "2022-01",
            "context": "",
            "location_type": "Force",
            "outcome_status": None,
            "location": {
                "longitude": f"{dice.uniform(-1.90, -1.88):.6f}",
                "latitude": f"{dice.uniform(52.47, 52.49):.6f}",
                "street": {"id": 7, "name": "On or near High Street"},
            },
        }
        for number in range(count)
    ]


def api(held: list[dict], most: int):
    """Answer as the API does: the crimes inside the polygon, or 503 when there are too many."""

    def answer(path: str, sent: bytes) -> Step:
        asked = parse_qs(sent.decode())
        pairs = [tuple(map(float, pair.split(",")))[::-1] for pair in asked["poly"][0].split(":")]
        polygon = shapely.Polygon(pairs)
        inside = [
            c for c in held if polygon.covers(shapely.Point(place(c))) and asked["date"] == [c["month"]]
        ]
        return Step(status=503) if len(inside) > most else Step(body=json.dumps(inside).encode())

    return answer


def place(crime: dict) -> tuple[float, float]:
    return float(crime["location"]["longitude"]), float(crime["location"]["latitude"])


def test_a_month_of_the_archive_is_fetched_by_its_name(server, tmp_path):
    server.steps = [Step(status=404)]
    with pytest.raises(FileError, match=r"archive/2022-01.zip: The service does not give this file"):
        police_archive("2022-01", tmp_path, settings=settings(server))
    with pytest.raises(InputError, match=r"This is not a month. Seen: 2022-13. Write it as 2022-01"):
        police_archive("2022-13", tmp_path, settings=settings(server))


def test_crimes_of_a_polygon_load_as_they_are(server, tmp_path):
    server.answer = api(crimes(40), most=1000)
    months = ["2022-01", "2022-02"]
    got = police_street_level(SQUARE, months, tmp_path, settings=settings(server))
    assert len(server.asked) == 2
    reading = read_reports([one.path for one in got], source="police_uk", settings=Settings())
    assert reading.counts()["accepted"] == 40
    assert set(reading.reports["category"]) == {"Violence and sexual offences", "Anti-social behaviour"}
    assert len(list(tmp_path.iterdir())) == 4  # two months and what is known of them; no pages left over
    again = police_street_level(SQUARE, months, tmp_path, settings=settings(server))
    assert [one.kept for one in again] == [True, True]
    assert len(server.asked) == 2


def test_a_polygon_with_too_many_is_cut_up_and_nothing_is_doubled(server, tmp_path):
    held = crimes(200)
    held[0]["location"] |= {"longitude": "-1.890000", "latitude": "52.480000"}  # on every cut
    server.answer = api(held, most=30)
    (got,) = police_street_level(SQUARE, ["2022-01"], tmp_path, settings=settings(server))
    found = pd.read_csv(got.path, dtype=str, keep_default_na=False)
    assert len(found) == 200
    assert found["reference"].tolist() == [crime["persistent_id"] for crime in held]
    assert len(server.asked) > 8


def test_both_pieces_of_a_broken_area_are_asked_for(server, tmp_path):
    held = crimes(60)
    server.answer = api(held, most=1000)
    halves = shapely.MultiPolygon(
        [shapely.box(-1.90, 52.47, -1.895, 52.49), shapely.box(-1.885, 52.47, -1.88, 52.49)]
    )
    (got,) = police_street_level(halves, ["2022-01"], tmp_path, settings=settings(server))
    assert len(pd.read_csv(got.path)) == sum(halves.covers(shapely.Point(place(c))) for c in held)


def test_an_answer_that_is_not_crimes_is_refused(server, tmp_path):
    server.answer = lambda *_: Step(body=b'[{"id": 3, "location": null}]')
    with pytest.raises(FileError, match=r"something that is not a crime. Seen: \{\"id\": 3"):
        police_street_level(SQUARE, ["2022-01"], tmp_path, settings=settings(server))
    server.answer = lambda *_: Step(body=b'{"error": "x"}')
    with pytest.raises(FileError, match="something that is not a crime"):
        police_street_level(SQUARE, ["2022-01"], tmp_path, settings=settings(server))
    assert not list(tmp_path.iterdir())


def test_an_area_too_large_or_not_one_is_refused_before_anything_is_asked(server, tmp_path):
    with pytest.raises(
        AreaError, match=r"too large to ask a public service for. Seen: [\d,]+ km². At most 400"
    ):
        police_street_level(shapely.box(-3, 52, -1, 53), ["2022-01"], tmp_path, settings=settings(server))
    with pytest.raises(AreaError, match=r"not a valid polygon. Seen: Point"):
        police_street_level(shapely.Point(0, 52), ["2022-01"], tmp_path, settings=settings(server))
    with pytest.raises(AreaError, match="At most 2,000 km²"):
        streets_around(shapely.box(-3, 52, -1, 53), tmp_path, settings=settings(server))
    assert not server.asked


def test_streets_of_an_area_are_read_as_they_come(server, tmp_path):
    server.answer = lambda *_: Step(body=OSM)
    got = streets_around(SQUARE, tmp_path, settings=settings(server))
    query = parse_qs(server.asked[0]["sent"].decode())["data"][0]
    assert 'way["highway"](52.470000,-1.900000,52.490000,-1.880000);' in query
    assert len(read_ways(got.path).way_id) == 1
    assert streets_around(SQUARE, tmp_path, settings=settings(server)).kept


def test_a_complaint_inside_the_answer_is_shown(server, tmp_path):
    remark = b"<osm><remark> runtime error: Query timed out after 181 seconds. </remark></osm>"
    server.answer = lambda *_: Step(body=remark)
    with pytest.raises(FileError, match="Query timed out after 181 seconds"):
        streets_around(SQUARE, tmp_path, settings=settings(server))


def test_a_file_keeps_its_own_name_and_no_path(server, tmp_path):
    server.content = b'{"type": "FeatureCollection", "features": []}'
    got = extract(
        f"{server.address}/../b%2F..%2F/wards 2022.geojson?x=1", tmp_path, settings=settings(server)
    )
    assert got.path == tmp_path / "wards-2022.geojson"
