"""The made-up county, once for all tests of this room."""

from __future__ import annotations

import pytest
from made_county import County


@pytest.fixture(scope="session")
def county() -> County:
    """Return the made-up county."""
    return County()
