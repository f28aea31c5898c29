"""The synthetic town: same seed, same bytes; real streets; planted truth and dirt that can be counted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from safespace.sources.synthetic import Town, build_town, load_truth


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"), seed=7)


def test_same_seed_gives_same_bytes(town, tmp_path):
    again = build_town(tmp_path / "again", seed=7)
    assert hashes(again.folder) == hashes(town.folder)


def test_truth_reads_back(town):
    assert load_truth(town.truth_json) == town.truth
