"""The field beside its formula, and what it is like at borders and on islands."""

from __future__ import annotations

import numpy as np
import pytest
from made_graphs import dense_precision, hexagons, lattice_variance, ring_of
from scipy.sparse import csr_array

from safespace.errors import InputError
from safespace.hotspots.model.field import make_field

SHEET = make_field(hexagons(15, 15))


@pytest.mark.parametrize(("sigma", "length"), [(1.0, 2.0), (0.3, 0.7), (2.0, 9.0), (0.05, 60.0)])
def test_precision_and_determinant_are_the_formulas(sigma, length):
    found = SHEET.precision(np.log(sigma), np.log(length))
    dense = dense_precision(hexagons(15, 15), sigma, length)
    np.testing.assert_allclose(found.matrix.toarray(), dense, rtol=1e-5, atol=1e-5 * dense.max())
    assert found.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1], abs=5e-3)


def test_derivatives_by_the_range_are_differences():
    at, step = np.log(3.0), 1e-5
    found, more, less = (SHEET.precision(0.2, at + move) for move in (0, step, -step))
    np.testing.assert_allclose(
        found.by_range.data, (more.matrix.data - less.matrix.data) / (2 * step), rtol=1e-6, atol=1e-7
    )
    slope = (more.log_determinant - less.log_determinant) / (2 * step)
    assert found.log_determinant_by_range == pytest.approx(slope, rel=1e-6)


def test_the_lattices_variance_by_hand():
    """Far apart cells: K is nearly k^2 + 6, so the variance is nearly its inverse squared."""
    assert lattice_variance(1e4) == pytest.approx(10_006.0**-2, rel=1e-3)


@pytest.mark.parametrize("length", [1.0, 4.0, 16.0])
def test_a_cell_varies_by_sigma_up_to_the_border_and_not_without_end_on_an_island(length):
    variance = np.diag(np.linalg.inv(dense_precision(hexagons(20, 20), 1.0, length)))
    assert 0.8 <= variance.min() <= variance.max() <= 1.25  # the sheet is 20 cells wide
    alone = make_field(ring_of(1, []))
    assert 1.0 <= 1 / alone.precision(0.0, np.log(length)).matrix.data[0] <= 2.4


def test_fields_of_one_window_are_made_once():
    made = make_field(hexagons(15, 15))
    assert make_field(hexagons(15, 15)) is made
    assert make_field(hexagons(15, 14)) is not made


@pytest.mark.parametrize(
    ("ring", "match"),
    [
        (csr_array((0, 0)), "not a table of cells by cells"),
        (csr_array(np.ones((2, 3))), "not a table of cells by cells"),
        (csr_array(np.array([[1, 1], [0, 1]])), "one way only"),
        (csr_array(np.ones((8, 8))), "more neighbours than a hexagon"),
    ],
)
def test_what_is_no_hexagon_graph_is_refused(ring, match):
    with pytest.raises(InputError, match=match):
        make_field(ring)
