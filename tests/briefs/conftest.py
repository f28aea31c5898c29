"""A small brief with every part, in made-up figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from made_findings import METHOD

from safespace.briefs import Brief, RowCounts
from safespace.maps import area_map_svg, hour_chart_svg, month_chart_svg
from safespace.schemas import HOTSPOTS, conform
from safespace.tone import Label

MONTHS = pd.DataFrame(
    {
        "month": [f"2025-{month:02d}" for month in range(1, 13)],
        "events": range(12),
        "whole": [False, *[True] * 11],
    }
)
MARKS = pd.DataFrame(
    {
        "name": [f"A mark with a name of its own {turn}" for turn in range(9)],
        "kind": ["campaign", "recording-change", "event", *["match"] * 6],
        "first": [date(2025, 1 + turn, 3) for turn in range(9)],
        "last": [date(2025, 1 + turn, 14) for turn in range(9)],
    }
)
LEFT_OUT = "Left out of every trend, as rows cover only part of the month: 2025-01."


@pytest.fixture(scope="session")
def cells():
    found = sorted(h3.grid_disk(h3.latlng_to_cell(52.48, -1.9, 9), 1))
    frame = pd.DataFrame({"cell": found}).assign(
        area_km2=0.1, edge=False, pins=2, events=2, exposure=0.1, expected=2.0, rate=1.0, lower=0.4, upper=2.2,
        ring_events=9, ring_expected=9.0, p_value=0.5, q_value=0.9, around=False, hot=False, label=Label.NOT_DIFFERENT,
    )  # fmt: skip
    return conform(frame, HOTSPOTS)


def places(number):
    return pd.DataFrame(
        {
            "place": range(1, number + 1),
            "name": [f"Broad Street and Gas Street {i}" for i in range(number)],
            "rank": 1,
            "tied": number > 1,
            "events": 18,
            "rate": 2.3,
            "lower": 1.4,
            "upper": 3.6,
            "label": Label.HIGHER,
        }
    )


def links(number):
    return pd.DataFrame(
        {
            "name": [f"Station to halls, option {i}" for i in range(number)],
            "length_m": 1240.0,
            "lit_yes_m": 610.0,
            "lit_no_m": 80.0,
            "lit_unknown_m": 550.0,
            "steps_m": 12.0,
            "tunnel_m": 64.0,
            "reports_nearby": 9.3,
            "reports_nearby_lower": 5.0,
            "reports_nearby_upper": 14.0,
            "reports_within_reach": 21,
        }
    )


def shares(number):
    return pd.DataFrame(
        {
            "what": [f"Badly lit {i}" for i in range(number)],
            "count": 54,
            "of": 100,
            "share": 0.54,
            "lower": 0.44,
            "upper": 0.635,
        }
    )


@pytest.fixture(scope="session")
def brief(cells):
    area = shapely.Point(-1.9, 52.48).buffer(0.004)
    return Brief(
        title="Where reports are higher than usual",
        area="Made-up Town centre",
        period="1 November 2024 to 31 October 2025",
        data_date=date(2025, 10, 31),
        places=places(2),
        counts=RowCounts(read=612, accepted=544, rejected=68, unknown_place=31),
        map_svg=area_map_svg(cells, area=area, synthetic=True),
        hours_svg=hour_chart_svg(np.ones((7, 24)), synthetic=True),
        months_svg=month_chart_svg(MONTHS, MARKS, size_mm=(86, 36), synthetic=True),
        months_notes=(LEFT_OUT, "In the calendar: 1 Campaign: Tell us where, 1 to 14 March 2025."),
        links=links(2),
        shares=shares(3),
        cells={Label.HIGHER: 4, Label.TOO_FEW: 34, Label.NOT_DIFFERENT: 23},
        method=METHOD,
        caveats=("A campaign ran from 25 January to 14 February; reports rose in those weeks.",),
        sources=("StreetSafe, synthetic", "Streets: © OpenStreetMap contributors"),
        assumptions=("Pins of one reporter within 30 m on one day are one event (amber).",),
        notes=("Lighting column 14 has been out since 3 October; reported to the council.",),
        version="9f3c2a7be41d5580",
        synthetic=True,
    )


@pytest.fixture(scope="session")
def full(brief):
    """The same brief with more of everything than fits."""
    long = "A very long name that goes on and on until it does not fit into its column "
    return replace(
        brief,
        places=places(40).assign(name=long),
        links=links(30).assign(name=long),
        shares=shares(25).assign(what=long),
        caveats=(f"Reports rose in the weeks of the campaign. {long}",) * 12,
        sources=(f"StreetSafe, synthetic, from 1 November 2024 to 31 October 2025. {long}",) * 12,
        assumptions=(f"Pins of one reporter within 30 m on one day are one event (amber). {long}",) * 12,
        notes=("word " * 39, "word " * 40),
        title="Where reports are higher than usual in the evening and at night",
    )
