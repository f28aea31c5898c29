import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace.schemas import repeated
from safespace.sources.moments import _local, _rows
from safespace.sources.texts import arrow, edged, encode, is_blank, matches, spread

WORDS = st.lists(st.text(max_size=4), max_size=30)


def column(words):
    return pd.Series(words, dtype="str")


@given(WORDS)
def test_words_that_are_taken_apart_come_back(words):
    codes, distinct = encode(column(words))
    assert spread(distinct, codes, pd.RangeIndex(len(words))).tolist() == words
    assert len(set(distinct)) == len(distinct)


@given(WORDS)
def test_repeats_are_those_that_pandas_finds(words):
    assert repeated(column(words)).tolist() == column(words).duplicated(keep=False).tolist()


def test_the_quick_look_at_a_cells_ends_rules_out_no_cell_that_needs_a_hand():
    cells = [" a", "a ", "=a", "a\u00a0", "\ufeffa", "plain", "", "a = b"]
    assert edged(arrow(column(cells)), first=b" =", last=b" ").tolist() == [True] * 5 + [False] * 3


def test_a_part_of_a_column_is_looked_at_as_a_whole_is():
    part = pa.array(["x ", "ab", "", "c "], pa.large_string()).slice(1, 3)
    assert edged(part, first=b"", last=b" ").tolist() == [False, False, True]
    assert is_blank(part).tolist() == [False, True, False]
    assert matches(part, "^a").tolist() == [True, False, False]


NEAR_MOMENTS = st.builds(
    "{}{}{}{}{}{}{}:{}{}".format,
    st.sampled_from(["28", "03", "31", "2022", "1799", "00", "x1"]),
    st.sampled_from("-/. "),
    st.sampled_from(["01", "12", "13", "02", "00"]),
    st.sampled_from("-/. "),
    st.sampled_from(["2022", "1900", "2200", "29", "30", "22"]),
    st.sampled_from([" ", "T", ", ", "  "]),
    st.sampled_from(["23", "24", "00", "9", "25"]),
    st.sampled_from(["40", "00", "60"]),
    st.sampled_from(["", ":30", ":60", "Z", " pm", "+01:00", "é"]),
)


@pytest.mark.parametrize("order", ["dmy", "mdy"])
@given(st.lists(NEAR_MOMENTS, min_size=1, max_size=20))
def test_moments_read_from_bytes_are_those_read_by_pattern(order, texts):
    held = pa.array(texts, pa.large_string())
    quick, slow = (
        _rows(held, order=order, name="x"),
        _local(pa.array(texts, pa.string()), order=order, name="x"),
    )
    for part in ("at", "offset_s", "day_only", "bad", "twenty_four", "serial"):
        np.testing.assert_array_equal(getattr(quick, part), getattr(slow, part), err_msg=part)
