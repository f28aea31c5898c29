"""What several test modules share: the folder of real files and a small built town."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine is no judge of a deadline; the gate tries the same cases each time, people try new ones.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Return the folder of real files, or skip saying where it was looked for."""
    folder = Path(os.environ.get("SAFESPACE_REALDATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real files at {folder}; set SAFESPACE_REALDATA to their folder")
    return folder


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory):
    """Return the synthetic town with seed 2022, built once a test session."""
    from safespace.synthetic import build_town  # noqa: PLC0415 - only the tests that ask for it pay

    return build_town(tmp_path_factory.mktemp("town"), seed=2022)


@pytest.fixture(scope="session")
def town_settings(town, tmp_path_factory: pytest.TempPathFactory):
    """Return settings whose store holds the whole town; treat the store as read-only."""
    from safespace import pipeline  # noqa: PLC0415
    from safespace.settings import load_settings  # noqa: PLC0415

    settings = load_settings(store=tmp_path_factory.mktemp("town-store"))
    for source in ("streetsafe", "nte", "spiking"):
        pipeline.ingest([getattr(town, f"{source}_csv")], source=source, settings=settings)
    pipeline.ingest_layer([town.areas_geojson], layer="areas", settings=settings)
    pipeline.ingest_streets(town.streets_pbf, settings=settings)
    return settings
