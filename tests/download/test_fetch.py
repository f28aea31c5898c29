"""Fetching from a server that stalls, cuts off, limits, and lies: the file is whole and its own, or is not there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import numpy as np
import pytest
from awkward_server import Awkward, Step, serving

from safespace.download.fetch import Client, fetch_file, read_note
from safespace.errors import FileError, SettingsError
from safespace.settings import FetchSettings

CONTENT = np.random.default_rng(1).bytes(700_000)
CHUNK = 1 << 14  # what is kept of an answer that breaks off is a whole number of these
QUICK = FetchSettings(requests_per_s=100, attempts=4, stall_s=0.4, longest_wait_s=60)


@pytest.fixture
def server():
    """Return a server that holds one file."""
    with serving(Awkward(CONTENT)) as told:
        yield told


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Do not wait, but write down for how long."""
    kept: list[float] = []
    monkeypatch.setattr("safespace.download.fetch.time.sleep", kept.append)
    return kept


def fetch(server, out, **choices):
    return fetch_file(f"{server.address}/a.bin", out, **{"settings": QUICK, **choices})


def test_a_file_arrives_whole_with_its_hash_beside_it(server, tmp_path):
    got = fetch(server, tmp_path / "new folder" / "a.bin")
    assert got.path.read_bytes() == CONTENT
    assert got.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (got.size, got.etag, got.kept) == (700_000, '"v1"', False)
    assert sorted(p.name for p in got.path.parent.iterdir()) == ["a.bin", "a.bin.fetched.json"]
    assert server.asked[0]["Accept-Encoding"] == "identity"


def test_two_at_once_fetch_a_file_once_and_both_have_it(server, tmp_path):
    out = tmp_path / "a.bin"
    with ThreadPoolExecutor(4) as pool:
        got = [one.result() for one in [pool.submit(fetch, server, out) for _ in range(4)]]
    assert {one.sha256 for one in got} == {hashlib.sha256(CONTENT).hexdigest()}
    assert sorted(one.kept for one in got) == [False, True, True, True]
    assert len(server.asked) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bin", "a.bin.fetched.json"]


def test_a_lock_that_a_killed_process_left_holds_nobody_up(server, tmp_path):
    (tmp_path / "a.bin.lock").touch()
    code = (
        "import fcntl, os, sys; fcntl.flock(open(sys.argv[1], 'a'), fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin.lock")], check=False)
    assert not fetch(server, tmp_path / "a.bin").kept
    assert not (tmp_path / "a.bin.lock").exists()


def test_a_file_that_is_here_is_not_asked_for(server, tmp_path):
    fetch(server, tmp_path / "a.bin")
    again = fetch(server, tmp_path / "a.bin")
    assert again.kept
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    out = fetch(server, tmp_path / "a.bin").path
    out.write_bytes(b"x" + CONTENT[1:])
    assert read_note(out) is None
    assert not fetch(server, out).kept
    assert out.read_bytes() == CONTENT


def test_a_refresh_asks_whether_it_changed(server, tmp_path):
    fetch(server, tmp_path / "a.bin")
    assert fetch(server, tmp_path / "a.bin", refresh=True).kept
    assert server.asked[-1]["If-None-Match"] == '"v1"'
    server.content, server.etag = b"new", '"v2"'
    newer = fetch(server, tmp_path / "a.bin", refresh=True)
    assert (newer.kept, newer.path.read_bytes()) == (False, b"new")


def test_a_file_cut_off_is_resumed_where_it_stopped(server, tmp_path):
    server.steps = [Step(cut_after=18 * CHUNK + 5), Step(cut_after=10 * CHUNK)]
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT
    assert [ask.get("Range") for ask in server.asked] == [
        None,
        f"bytes={18 * CHUNK}-",
        f"bytes={28 * CHUNK}-",
    ]
    assert server.asked[1]["If-Range"] == '"v1"'


def test_a_later_run_resumes_what_an_earlier_one_left(server, tmp_path):
    server.steps = [Step(cut_after=18 * CHUNK + 5), *[Step(status=503)] * 3]
    with pytest.raises(FileError, match=r"could not be fetched. Seen: 503 \(busy\).*294,912 bytes are kept"):
        fetch(server, tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT
    assert server.asked[-1]["Range"] == f"bytes={18 * CHUNK}-"


def test_a_file_that_changed_meanwhile_is_not_stitched_together(server, tmp_path):
    server.steps = [Step(cut_after=18 * CHUNK + 5), *[Step(status=503)] * 3]
    with pytest.raises(FileError, match="could not be fetched"):
        fetch(server, tmp_path / "a.bin")
    server.content, server.etag = CONTENT[::-1], '"v2"'
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_or_names_for_versions_still_serves(server, tmp_path):
    server.steps = [Step(cut_after=18 * CHUNK + 5), Step(ranges=False)]
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT
    server.etag, server.steps = 'W/"weak"', [Step(cut_after=18 * CHUNK + 5)]
    assert fetch(server, tmp_path / "b.bin").path.read_bytes() == CONTENT
    assert "Range" not in server.asked[-1]


def test_a_resumption_at_another_place_is_not_taken(server, tmp_path):
    wrong = Step(status=206, headers={"Content-Range": "bytes 5-9/700000"}, body=b"xxxxx")
    server.steps = [Step(cut_after=18 * CHUNK + 5), wrong]
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    address = f"{server.address}/a.bin"
    (tmp_path / "a.bin.part.json").write_text(json.dumps({"address": address, "validator": '"v1"'}))
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT


def test_a_server_that_stalls_is_left_and_resumed(server, tmp_path):
    server.steps = [Step(stall_after=400_000)]
    start = time.monotonic()
    assert fetch(server, tmp_path / "a.bin").path.read_bytes() == CONTENT
    assert time.monotonic() - start < 5
    assert re.fullmatch(r"bytes=[1-9]\d+-", server.asked[-1]["Range"])


def test_a_server_that_only_stalls_is_given_up(server, tmp_path):
    server.steps = [Step(stall_after=0)] * 4
    with pytest.raises(FileError, match=r"could not be fetched. Seen: the service stopped sending"):
        fetch(server, tmp_path / "a.bin")


def test_a_length_that_is_never_reached_is_given_up(server, tmp_path):
    server.etag, server.steps = "", [Step(announce=900_000)] * 4
    with pytest.raises(FileError, match="ended before the length it announced"):
        fetch(server, tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("2022-01/2022-01-west-midlands-street.csv", CONTENT)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "whole", "said"),
    [
        ("a.zip", zipped(), "not a zip file"),
        ("a.json", json.dumps(list(range(999))).encode(), "Expecting|delimiter|Unterminated"),
        (
            "a.osm",
            b"<?xml version='1.0'?><osm version='0.6'>" + b" " * 5000 + b"</osm>",
            "the end is missing",
        ),
    ],
)
def test_a_length_told_too_small_is_seen_in_the_file_itself(server, tmp_path, name, whole, said):
    server.content, server.steps = whole, [Step(announce=len(whole) // 2)]
    with pytest.raises(FileError, match=rf"not the file it should be. Seen: .*({said})"):
        fetch(server, tmp_path / name)
    assert not list(tmp_path.iterdir())
    assert fetch(server, tmp_path / name).path.read_bytes() == whole


def test_an_extract_is_walked_to_its_end(server, tmp_path, town):
    whole = town.streets_pbf.read_bytes()
    for content, said in ((whole[:-7], "cut short"), (b"<html>busy</html>", "not an OpenStreetMap extract")):
        server.content = content
        with pytest.raises(FileError, match=said):
            fetch(server, tmp_path / "a.osm.pbf")
    server.content = whole
    assert fetch(server, tmp_path / "a.osm.pbf").size == len(whole)


def test_a_damaged_archive_and_an_empty_file_are_refused(server, tmp_path):
    whole = bytearray(zipped())
    whole[5000] ^= 1
    server.content = bytes(whole)
    with pytest.raises(FileError, match=r"2022-01-west-midlands-street.csv is damaged in the archive"):
        fetch(server, tmp_path / "a.zip")
    server.content = b""
    with pytest.raises(FileError, match="an empty file"):
        fetch(server, tmp_path / "a.bin")


def test_the_hash_wanted_is_the_hash_kept(server, tmp_path):
    with pytest.raises(FileError, match=r"SHA-256 [0-9a-f]{64} instead of 00"):
        fetch(server, tmp_path / "a.bin", sha256="00")
    right = hashlib.sha256(CONTENT).hexdigest()
    assert fetch(server, tmp_path / "a.bin", sha256=right).sha256 == right


def test_a_refused_file_leaves_the_one_that_stood_there(server, tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(FileError, match="not the file it should be"):
        fetch(server, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "[1]"


def test_a_service_is_waited_for_as_long_as_it_asks(server, tmp_path, waits):
    later = formatdate(time.time() + 30, usegmt=True)
    server.steps = [
        Step(status=429, headers={"Retry-After": "7"}),
        Step(status=503, headers={"Retry-After": later}),
        Step(status=502),
    ]
    fetch(server, tmp_path / "a.bin")
    assert 7.0 in waits
    assert any(27 < wait <= 30 for wait in waits)
    assert len(server.asked) == 4


def test_a_wait_that_is_too_long_is_said_and_not_sat_through(server, tmp_path, waits):
    server.steps = [Step(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(FileError, match=r"429 \(busy\), asking to wait 3,600 s"):
        fetch(server, tmp_path / "a.bin")
    assert not [wait for wait in waits if wait > 1]


def test_pauses_grow(server, tmp_path, waits):
    server.steps = [Step(status=503)] * 3
    fetch(server, tmp_path / "a.bin")
    grown = [wait for wait in waits if wait > 0.4]
    assert all(low <= wait <= 2 * low for low, wait in zip((0.5, 1.0, 2.0), grown, strict=True))


def test_requests_keep_to_the_rate(server, tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("safespace.download.fetch.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(
        "safespace.download.fetch.time.sleep", lambda wait: clock.__setitem__(0, clock[0] + wait)
    )
    client = Client(FetchSettings(requests_per_s=0.5))
    for name in "abc":
        fetch(server, tmp_path / name, client=client)
    assert clock[0] == pytest.approx(104.0)  # three requests, two waits of two seconds


def test_what_is_not_there_is_said_at_once(server, tmp_path):
    server.steps = [Step(status=404)]
    with pytest.raises(FileError, match=r"does not give this file. Seen: 404 Not Found. Check the address"):
        fetch(server, tmp_path / "a.bin")
    assert len(server.asked) == 1


@pytest.mark.parametrize("announce", [None, 10_000_000])
def test_a_file_too_large_is_refused_before_or_while_it_comes(server, tmp_path, announce):
    server.content, server.steps = bytes(1_200_000), [Step(announce=announce)]
    with pytest.raises(
        FileError, match=r"too large. Seen: \d+ MB or more. The limit is 1 MB \(fetch.file_mb\)"
    ):
        fetch(server, tmp_path / "a.bin", settings=QUICK.model_copy(update={"file_mb": 1}))
    assert not list(tmp_path.iterdir())


def test_no_connection_is_said(server, tmp_path):
    with pytest.raises(FileError, match=r"could not be fetched. Seen: no connection"):
        fetch_file("http://127.0.0.1:9/a.bin", tmp_path / "a.bin", settings=QUICK)


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "ftp://a/b"])
def test_only_web_addresses_are_fetched(tmp_path, address):
    with pytest.raises(SettingsError, match=r"not an address.*begins with https://"):
        fetch_file(address, tmp_path / "a", settings=QUICK)


@pytest.mark.skipif(os.name != "posix", reason="needs a folder that nobody can write to")
def test_a_folder_that_cannot_be_written_to_is_said(server):
    from pathlib import Path  # noqa: PLC0415

    with pytest.raises(FileError, match="could not be written"):
        fetch(server, Path("/proc/safespace/a.bin"))


def test_a_bar_is_shown_when_asked_for(server, tmp_path, capsys):
    fetch(server, tmp_path / "a.bin", progress=True)
    assert "a.bin" in capsys.readouterr().out
