"""BLAS in one thread, as the model itself runs it."""

from __future__ import annotations

import pytest

from safespace.hotspots.model.threads import one_thread_each


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    with one_thread_each():
        yield
