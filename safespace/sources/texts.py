"""Columns of text, thought of as distinct values: a million cells hold few different words.

Frames keep their columns as pandas text; what is slow on a million cells (patterns, look-ups, cleaning) is
done on Arrow's arrays or once a distinct word, and spread over the rows by number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safespace.schemas import one_piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Flags: TypeAlias = npt.NDArray[np.bool_]
    Codes: TypeAlias = npt.NDArray[np.int32]


arrow = one_piece


def plain(header: str) -> str:
    """Return a header without case, spacing or punctuation.

    Examples
    --------
    >>> plain(" Crime-ID ")
    'crime_id'
    """
    return re.sub(r"[^0-9a-z]+", "_", header.casefold()).strip("_")


def series(values: pa.Array, index: pd.Index) -> pd.Series:
    """Return an Arrow array of text as a pandas column, not copied."""
    return pd.Series(pd.array(values, dtype="str"), index=index)


def encode(values: pd.Series | pa.Array) -> tuple[Codes, list[str]]:
    """Return each cell's number and the distinct words, in the order they are met.

    Examples
    --------
    >>> codes, words = encode(pd.Series(["b", "a", "b"]))
    >>> codes.tolist(), words
    ([0, 1, 0], ['b', 'a'])
    """
    coded = (arrow(values) if isinstance(values, pd.Series) else values).dictionary_encode()
    return np.asarray(coded.indices), coded.dictionary.to_pylist()


def spread(words: Sequence[str], codes: npt.NDArray[Any], index: pd.Index) -> pd.Series:
    """Return the word of each number as a column of text: what :func:`encode` takes apart.

    Examples
    --------
    >>> spread(["x", "y"], np.array([1, 1, 0]), pd.RangeIndex(3)).tolist()
    ['y', 'y', 'x']
    """
    held = pa.array(words, type=pa.large_string())
    return series(held.take(pa.array(codes, type=pa.int64())), index)


def said(words: Sequence[object], codes: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Return the object of each number, shape of ``codes``."""
    held = np.empty(len(words), dtype=object)
    held[:] = list(words)
    return held.take(codes)


def matches(values: pd.Series | pa.Array, pattern: str) -> Flags:
    """Tell which cells a pattern (RE2) is found in, shape (n,).

    Examples
    --------
    >>> matches(pd.Series(["a1", "b"]), "[0-9]$").tolist()
    [True, False]
    """
    held = arrow(values) if isinstance(values, pd.Series) else values
    return np.asarray(pc.match_substring_regex(held, pattern), dtype=bool)


def is_blank(values: pd.Series | pa.Array) -> Flags:
    """Tell which cells hold nothing, shape (n,)."""
    held = arrow(values) if isinstance(values, pd.Series) else values
    return np.asarray(pc.equal(pc.binary_length(held), 0), dtype=bool)


def edged(values: pa.Array, *, first: bytes, last: bytes) -> Flags:
    """Tell which cells begin or end with one of these bytes or with one that is not ASCII, shape (n,).

    A quick look, for ruling out the many cells that need no closer one.

    Examples
    --------
    >>> edged(pa.array(["ab", "b ", "", "é"], pa.large_string()), first=b"=", last=b" ").tolist()
    [False, True, False, True]
    """
    _, offsets, content = values.buffers()
    edges = np.frombuffer(offsets, dtype=np.int64, count=len(values) + 1, offset=8 * values.offset)
    held = np.frombuffer(content, dtype=np.uint8) if content else np.zeros(0, dtype=np.uint8)
    filled = edges[1:] > edges[:-1]
    found = np.zeros(len(values), dtype=bool)
    for spots, wanted in ((edges[:-1], first), (edges[1:] - 1, last)):
        is_wanted = np.arange(256) >= 128
        is_wanted[list(wanted)] = True
        found[filled] |= is_wanted[held[spots[filled]]]
    return found
