from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace.errors import InputError
from safespace.pipeline.baselines import BASELINES
from safespace.pipeline.view import CALENDARS, EDITIONS, FOUND_BY, View
from safespace.registry import SOURCES
from safespace.schemas import RESOLUTIONS

days = st.dates(min_value=date(2015, 1, 1), max_value=date(2030, 1, 1))
views = st.builds(
    View,
    area=st.text(max_size=20),
    sources=st.lists(st.sampled_from(list(SOURCES)), min_size=1, unique=True).map(tuple),
    resolution=st.sampled_from(RESOLUTIONS),
    baseline=st.sampled_from(list(BASELINES)),
    since=st.none() | days.map(lambda d: min(d, date(2022, 1, 1))),
    until=st.none() | days.map(lambda d: max(d, date(2022, 1, 1))),
    window=st.text(max_size=10),
    calendar=st.sampled_from(list(CALENDARS)),
    factor=st.text(max_size=10),
    kinds=st.lists(st.from_regex(r"[a-z-]{1,20}", fullmatch=True), max_size=3).map(tuple),
    found_by=st.sampled_from(list(FOUND_BY)),
    edition=st.sampled_from(list(EDITIONS)),
    cell=st.integers(min_value=0, max_value=2**62),
)


@given(views)
def test_a_view_survives_the_address_bar(view):
    assert View.from_query(view.to_query()) == view


def test_the_usual_view_needs_no_address():
    assert View().to_query() == {}


def test_words_the_view_does_not_know_are_left_alone():
    assert View.from_query({"utm_source": "x", "embed": "true"}) == View()


def test_every_misfit_is_named_at_once():
    with pytest.raises(InputError, match=r"resolution 3.*baseline 'moon'.*ends \(2021-01-01\) before"):
        View(resolution=3, baseline="moon", since=date(2022, 1, 1), until=date(2021, 1, 1))


def test_a_value_that_cannot_be_read_names_its_field():
    with pytest.raises(InputError, match=r"since: .*'yesterday'"):
        View.from_query({"since": "yesterday"})
