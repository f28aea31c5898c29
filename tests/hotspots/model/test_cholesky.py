"""The factor beside dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_graphs import hexagons, ring_of
from scipy.sparse import block_diag, csr_array

from safespace.errors import InputError
from safespace.hotspots.model.cholesky import plan_elimination


def reach(ring):
    """Return the pattern of cells within two steps."""
    found = csr_array(ring @ ring)
    found.sort_indices()
    return csr_array((np.ones(found.nnz), found.indices, found.indptr), shape=found.shape)


def random_matrix(pattern, seed):
    """Return a positive definite matrix with the pattern, as stored values and dense."""
    dense = pattern.toarray() * np.random.default_rng(seed).normal(size=pattern.shape)
    dense = (dense + dense.T) / 2
    np.fill_diagonal(dense, np.abs(dense).sum(axis=1) + 0.1)
    rows = np.repeat(np.arange(len(dense)), np.diff(pattern.indptr))
    return dense[rows, pattern.indices], dense


GRAPHS = {
    "one cell": ring_of(1, []),
    "two apart": ring_of(2, []),
    "sheet": hexagons(13, 17),
    "strip": hexagons(2, 90),
    "islands": csr_array(
        block_diag([hexagons(9, 9).toarray(), np.eye(1), hexagons(3, 2).toarray(), np.eye(2)])
    ),
}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())
@pytest.mark.parametrize("smallest", [1, 8, 80])
def test_solve_determinant_and_inverse_are_the_dense_ones(graph, smallest):
    pattern = reach(graph)
    values, dense = random_matrix(pattern, 1)
    factor = plan_elimination(pattern, smallest=smallest).factor(values)
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-9)
    right = np.random.default_rng(2).normal(size=(len(dense), 3))
    np.testing.assert_allclose(factor.solve(right), np.linalg.solve(dense, right), atol=1e-10)
    np.testing.assert_allclose(factor.solve(right[:, 0]), np.linalg.solve(dense, right[:, 0]), atol=1e-10)
    rows = np.repeat(np.arange(len(dense)), np.diff(pattern.indptr))
    np.testing.assert_allclose(
        factor.inverse_on_pattern(), np.linalg.inv(dense)[rows, pattern.indices], atol=1e-10
    )


def test_draws_have_the_inverse_as_covariance():
    pattern = reach(hexagons(9, 12))
    values, dense = random_matrix(pattern, 3)
    root = plan_elimination(pattern, smallest=10).factor(values).draw(np.eye(len(dense)))
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(dense), atol=1e-10)


@given(st.integers(1, 40), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_any_graph_is_solved(size, seed):
    rng = np.random.default_rng(seed)
    pairs = [tuple(rng.choice(size, 2, replace=False)) for _ in range(size // 2)] if size > 1 else []
    pattern = reach(ring_of(size, pairs))
    values, dense = random_matrix(pattern, seed)
    elimination = plan_elimination(pattern, smallest=3)
    assert sorted(elimination.order.tolist()) == list(range(size))
    right = rng.normal(size=size)
    np.testing.assert_allclose(
        elimination.factor(values).solve(right), np.linalg.solve(dense, right), atol=1e-9
    )


def test_a_matrix_that_is_not_positive_definite_is_refused():
    pattern = reach(hexagons(3, 3))
    values, _ = random_matrix(pattern, 1)
    with pytest.raises(InputError, match="not positive definite"):
        plan_elimination(pattern).factor(-values)
