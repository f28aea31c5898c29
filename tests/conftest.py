"""What several test modules share: the folder of real files and a small built town."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Return the folder of real files, or skip saying where it was looked for."""
    folder = Path(os.environ.get("SAFESPACE_REALDATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real files at {folder}; set SAFESPACE_REALDATA to their folder")
    return folder
