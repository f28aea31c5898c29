"""Loaders killed at random moments, many at once, on disks that are full or may not be written to.

Eight kills by default; ``SAFESPACE_LONG=1`` makes it a hundred and adds a disk that really fills up. Run with
``-s`` to see the figures.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import store_loader
from store_loader import ROWS, STEP, assert_whole, placed, reading

from safespace.errors import StoreError
from safespace.schemas import PLACED
from safespace.store import Store

if TYPE_CHECKING:
    from pathlib import Path

LONG = os.environ.get("SAFESPACE_LONG") == "1"
KILLS = 100 if LONG else 8
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="loaders are forked, which needs POSIX")


class Loaders:
    """A process that forks loaders one at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, store_loader.__file__, "--forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, store: Path, first: int, last: int, acknowledged: Path) -> int:
        """Fork a loader and return its process."""
        self.process.stdin.write(f"{store}\t{first}\t{last}\t{acknowledged}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ended(self) -> int:
        """Wait for the loader and return how it ended."""
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def two_loaders():
    """Return two processes that fork loaders."""
    both = [Loaders(), Loaders()]
    yield both
    for one in both:
        one.process.communicate()


def acknowledged_in(file: Path) -> list[str]:
    """Return the loads acknowledged, a line torn by the kill left out."""
    return file.read_text().rpartition("\n")[0].split() if file.exists() else []


def assert_content(store: Store, batches: int) -> None:
    """The store holds exactly the reports of the first batches, every value of them."""
    expected = placed(range(batches * STEP + ROWS - STEP))
    found = store.reports().sort_values("report_id", ignore_index=True)[list(PLACED.columns)]
    pd.testing.assert_frame_equal(found, expected)


def test_killed_loaders_lose_tear_and_double_nothing(two_loaders, tmp_path) -> None:
    dice, acks, (loaders, _) = np.random.default_rng(7), tmp_path / "acknowledged", two_loaders
    store, reads = Store.open(tmp_path / "store", create=True), 0
    for _ in range(KILLS):
        begun = len(acknowledged_in(acks))
        loader = loaders.start(store.path, max(begun - 1, 0), begun + 1000, acks)
        end = time.monotonic() + dice.uniform(0.0, 1.2)
        while time.monotonic() < end:
            assert_whole(store)
            reads += 1
        os.kill(loader, signal.SIGKILL)
        assert os.WTERMSIG(loaders.ended()) == signal.SIGKILL
        assert set(acknowledged_in(acks)) <= set(store.loads()["load_id"])
        assert_whole(store)
    loads = assert_whole(store)
    said = sorted(set(acknowledged_in(acks)))
    sys.stdout.write(
        f"\n{KILLS} kills, {len(said)} loads acknowledged, {loads} held, {reads} reads meanwhile\n"
    )
    assert len(said) <= loads <= len(said) + KILLS
    loaders.start(store.path, 0, loads + 2, acks)
    assert loaders.ended() == 0
    assert_content(store, loads + 2)
    store.tidy(older_than_h=0)
    assert_content(store, loads + 2)


def test_two_processes_load_overlapping_files_at_once(two_loaders, tmp_path) -> None:
    store, acks = Store.open(tmp_path / "store", create=True), [tmp_path / "one", tmp_path / "two"]
    last = 30 if LONG else 8
    for loaders, first, file in zip(two_loaders, (0, 0), acks, strict=True):
        loaders.start(store.path, first, last, file)
    assert [loaders.ended() for loaders in two_loaders] == [0, 0]
    assert acknowledged_in(acks[0]) == acknowledged_in(acks[1])
    assert len(store.loads()) == last
    assert_content(store, last)


def test_reports_in_two_files_loaded_at_once_are_held_once(two_loaders, tmp_path) -> None:
    """Neighbouring batches share reports; odd and even batches come from different processes."""
    store, acks = Store.open(tmp_path / "store", create=True), tmp_path / "acks"
    for number in range(0, 6, 2):
        for loaders, first in zip(two_loaders, (number, number + 1), strict=True):
            loaders.start(store.path, first, first + 1, acks)
        assert [loaders.ended() for loaders in two_loaders] == [0, 0]
    assert len(store.loads()) == 6
    assert_content(store, 6)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_reported(tmp_path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    for folder in [store.path, *(path for path in store.path.rglob("*") if path.is_dir())]:
        folder.chmod(0o500)
    rows = placed(range(3))
    with pytest.raises(
        StoreError, match=r"could not be loaded into.*Check that the folder can be written to"
    ):
        store.load(rows, reading(rows, "a"))
    assert store.reports().empty


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of 3 MB, or skip."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not LONG or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs SAFESPACE_LONG=1 and the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def load_all(store: Store, numbers: range) -> None:
    """Load batches in order."""
    for number in numbers:
        rows = store_loader.batch(number)
        store.load(rows, reading(rows, f"batch {number}"))


def test_a_full_disk_and_a_read_only_one_leave_the_store_as_it_was(small_disk) -> None:
    store = Store.open(small_disk / "store", create=True)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    with pytest.raises(StoreError, match=r"could not be loaded into.*(No space|os error 28)"):
        load_all(store, range(1000))
    loaded = assert_whole(store)
    assert loaded > 1
    assert_content(store, loaded)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    rows = store_loader.batch(loaded)
    with pytest.raises(StoreError, match=r"could not be loaded into.*(Read-only|os error 30)"):
        store.load(rows, reading(rows, f"batch {loaded}"))
    assert_content(store, loaded)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert store.load(rows, reading(rows, f"batch {loaded}")).added == STEP
    assert_content(store, loaded + 1)
    assert shutil.disk_usage(small_disk).total < 4_000_000
