"""An answer shows itself in one line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import shapely

from safespace import pipeline
from safespace.display import LONGEST, in_html, in_short
from safespace.streets import import_streets


@dataclass(frozen=True)
class Found:
    name: str
    table: pd.DataFrame
    rates: np.ndarray
    area: shapely.Polygon
    notes: tuple[str, ...] = ()
    kept: str = field(default="aside", repr=False)

    __repr__ = in_short
    _repr_html_ = in_html


def found(**changes):
    frame = pd.DataFrame({"cell": range(12), "geometry": "POINT (0 0)", "label": "<b>"})
    return Found(
        **{"name": "Old Town", "table": frame, "rates": np.ones((3, 2)), "area": shapely.box(0, 0, 1, 1)}
        | changes
    )


def test_values_are_shown_and_what_is_large_by_its_size():
    assert (
        repr(found())
        == "Found(name='Old Town', table=<12 rows>, rates=<array 3x2>, area=<Polygon>, notes=())"
    )
    assert "notes=<3 in a tuple>" in repr(found(notes=("a" * 30, "b" * 30, "c")))
    assert f"name='{'x' * 35}...'" in repr(found(name="x" * 50))


def test_a_line_never_passes_its_length():
    many = dataclass(type("Many", (), {"__annotations__": {f"field_{n}": str for n in range(40)}}))
    told = in_short(many(*["value"] * 40))
    assert len(told) == LONGEST
    assert told.endswith(" ...)")


def test_a_notebook_shows_ten_rows_without_shapes_and_escapes_words():
    told = found()._repr_html_()
    assert told.count("<tr") == 1 + 10
    assert "12 rows" in told
    assert "POINT" not in told
    assert "<b>" not in told
    assert "&lt;b&gt;" in told


def test_an_answer_without_a_table_shows_its_line():
    assert found(table=None)._repr_html_().count("<p>") == 1


@pytest.fixture(scope="module")
def answers(town, town_settings):
    view = pipeline.View()
    places = pipeline.find_places(view, town_settings)
    return [
        places,
        places.hotspots,
        pipeline.find_agreement(view.but(resolution=8), town_settings),
        import_streets(town.streets_pbf).graph,
        pipeline.make_brief(view, town_settings),
    ]


def test_every_answer_of_the_town_is_short(answers):
    for answer in answers:
        assert repr(answer).startswith(f"{type(answer).__name__}(")
        assert len(repr(answer)) < 300
        assert type(answer).__name__ in answer._repr_html_()
