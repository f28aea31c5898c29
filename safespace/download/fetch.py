"""Fetch one file from a public service: resumed after a break, checked, kept, and without pressing anybody.

A file arrives under another name (``.part``) and takes its own only when it is whole, so a reader never
meets half a file. Beside it stands ``NAME.fetched.json`` with its address, size and SHA-256; a file that still
has that hash is not fetched again. What came from elsewhere is not trusted to be what it says: its size is
limited, its length compared with the one announced, and its own structure read to the end.
"""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import importlib
import json
import logging
import os
import random
import struct
import time
import zipfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from rich.progress import Progress

from safespace.errors import FileError, Remedy, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from safespace.settings import FetchSettings

logger = logging.getLogger(__name__)

_CHUNK = 1 << 14  # what is lost when a connection breaks
_CONNECT_S = 15.0
_FIRST_PAUSE_S = 1.0
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None
_PROGRESS_BYTES = 1 << 20  # an attempt that brought this much is not counted as a failed one
_BUSY = (429, 500, 502, 503, 504)
_BLOCK_HEADER_LIMIT = 64 * 1024  # of the OSM PBF format


@dataclass(frozen=True)
class Fetched:
    """One file fetched.

    Parameters
    ----------
    path
        Where it is.
    address
        Where it came from.
    sha256
        Of its bytes, hexadecimal.
    size
        Bytes.
    fetched_at
        When it arrived, ISO 8601, UTC.
    etag
        What the server calls this version; empty when it does not say.
    kept
        It was here already and was not fetched again.
    """

    path: Path
    address: str
    sha256: str
    size: int
    fetched_at: str
    etag: str = ""
    kept: bool = False


@dataclass
class Client:
    """One conversation with services: its connections, and when it last asked.

    Parameters
    ----------
    settings
        How often to ask, and how long to wait.
    session
        Connections; proxies are taken from the environment.
    """

    settings: FetchSettings
    session: requests.Session = field(default_factory=requests.Session)
    asked: float = field(default=-1e9, repr=False)

    def pace(self) -> None:
        """Wait until the next request is due."""
        due = self.asked + 1 / self.settings.requests_per_s
        now = time.monotonic()
        if due > now:
            time.sleep(due - now)
        self.asked = time.monotonic()


def fetch_file(  # noqa: PLR0913 - each is a separate choice
    address: str,
    out: Path,
    *,
    settings: FetchSettings,
    client: Client | None = None,
    form: Mapping[str, str] | None = None,
    sha256: str = "",
    refresh: bool = False,
    final: Sequence[int] = (),
    progress: bool = False,
) -> Fetched:
    """Fetch a file, or keep the one that is here.

    Parameters
    ----------
    address
        ``https://`` or ``http://``.
    out
        The file to write; its folder is made.
    settings
        Limits and patience.
    client
        A conversation to go on with, so that several files together keep to the rate.
    form
        Fields to send; the answer is then asked for whole, never resumed.
    sha256
        The hash the file must have, when it is known.
    refresh
        Ask the server whether there is a newer version of a file that is here.
    final
        Answers that usually mean "busy" and here mean "too much at once" (``fetch-too-much``).
    progress
        Show a bar.

    Raises
    ------
    FileError
        When the file cannot be fetched, is too large, is not whole or is not what it should be. Whatever
        stood at ``out`` is untouched then.

    Notes
    -----
    A hash says that bytes did not change, not that they are right: a file with no ``sha256`` given is only
    as trustworthy as its address.
    """
    _check_address(address)
    held = _held(address, out, sha256)
    if held and not refresh:
        return held
    busy = frozenset(_BUSY) - set(final)
    with _disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            held = _held(address, out, sha256)  # another process may have fetched it meanwhile
            if held and not refresh:
                return held
            transfer = _Transfer(client or Client(settings), address, out, dict(form or {}), held, busy)
            return transfer.run(wanted=sha256, progress=progress)


def _held(address: str, out: Path, sha256: str) -> Fetched | None:
    held = read_note(out)
    same = held is not None and held.address == address and (not sha256 or held.sha256 == sha256)
    return held if same else None


def read_note(out: Path) -> Fetched | None:
    """Return what is known of a fetched file, or ``None`` when it is missing or not as it arrived."""
    try:
        told = json.loads(_beside(out, ".fetched.json").read_text())
        note = Fetched(path=out, kept=True, **told)
        return note if out.stat().st_size == note.size and hash_of(out) == note.sha256 else None
    except (OSError, ValueError, TypeError):
        return None


def write_note(note: Fetched) -> None:
    """Write what is known of a fetched file beside it."""
    told = {name: value for name, value in asdict(note).items() if name not in {"path", "kept"}}
    _write_whole(_beside(note.path, ".fetched.json"), json.dumps(told, indent=1, sort_keys=True))


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Transfer:
    """One file on its way."""

    client: Client
    address: str
    out: Path
    form: dict[str, str]
    held: Fetched | None
    busy: frozenset[int]

    @property
    def part(self) -> Path:
        """Where the file grows."""
        return _beside(self.out, ".part")

    def run(self, *, wanted: str, progress: bool) -> Fetched:
        """Fetch, look at what came, and only then give it its name."""
        with _bar(self.out.name, shown=progress) as moved:
            etag = self._until_done(moved)
        if etag is None and self.held:
            return self.held
        problem = _not_whole(self.part, self.out.suffix.lower())
        found = hash_of(self.part)
        if wanted and found != wanted:
            problem = f"SHA-256 {found} instead of {wanted}"
        if problem:
            self._forget()
            raise FileError(
                "What was fetched is not the file it should be.",
                code="fetched-file-wrong",
                where=self.address,
                seen=problem,
                remedy="Try again later; check the address.",
            )
        size, now = self.part.stat().st_size, datetime.now(tz=UTC).isoformat(timespec="seconds")
        self.part.replace(self.out)
        note = Fetched(self.out, self.address, found, size, now, etag or "")
        write_note(note)
        _beside(self.out, ".part.json").unlink(missing_ok=True)
        return note

    def _until_done(self, moved: Callable[[int, int | None], None]) -> str | None:
        """Try until the part is complete; return its ETag, or ``None`` when the held file is current."""
        failed, said, settings = 0, "", self.client.settings
        while failed < settings.attempts:
            if failed:
                _pause(failed)
            before = self._size()
            try:
                return self._attempt(moved)
            except _ComeBackLater as later:
                said, failed = str(later), failed + 1
                if failed < settings.attempts:
                    self._heed(later)
            except (requests.RequestException, _Incomplete) as problem:
                said = _plainly(problem)
                failed = 1 if self._size() - before >= _PROGRESS_BYTES else failed + 1
            logger.info("%s: %s", self.address, said)
        raise self._given_up(said)

    def _attempt(self, moved: Callable[[int, int | None], None]) -> str | None:
        self.client.pace()
        start = self._resumable()
        with self._ask(start) as answer:
            if answer.status_code == 304 and self.held:
                return None
            if answer.status_code == 416:  # the part is as long as the file, or longer: not to be trusted
                self._forget()
                raise _Incomplete("the part kept from before did not fit")
            self._check_answer(answer)
            begun = start if answer.status_code == 206 else 0
            total = _total(answer, begun)
            self._check_size(total)
            etag = answer.headers.get("ETag", "")
            _write_whole(
                _beside(self.out, ".part.json"),
                json.dumps({"address": self.address, "validator": _validator(answer)}),
            )
            self._receive(answer, begun, total, moved)
        return etag

    def _ask(self, start: int) -> requests.Response:
        headers = {"Accept-Encoding": "identity", "User-Agent": "SafeSpace (public-safety analysis)"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": self._kept_validator()}
        elif self.held and self.held.etag:
            headers["If-None-Match"] = self.held.etag
        patience = (_CONNECT_S, self.client.settings.stall_s)
        how: dict[str, Any] = {"headers": headers, "stream": True, "timeout": patience}
        if self.form:
            return self.client.session.post(self.address, data=self.form, **how)
        return self.client.session.get(self.address, **how)

    def _check_answer(self, answer: requests.Response) -> None:
        if self.address.startswith("https:") and not answer.url.startswith("https:"):
            raise FileError(
                "The service led to an address that is not encrypted.",
                code="fetch-not-encrypted",
                where=self.address,
                seen=answer.url,
                remedy="Give the address it leads to, if you trust it, or another.",
            )
        if answer.status_code in self.busy:
            raise _ComeBackLater(answer.status_code, _retry_after(answer))
        if answer.status_code in _BUSY:
            raise FileError(
                "The service does not give this much at once.",
                code="fetch-too-much",
                where=self.address,
                seen=f"{answer.status_code} {answer.reason}",
                remedy="Ask for a smaller area or a shorter period.",
            )
        if answer.status_code not in {200, 206}:
            raise FileError(
                "The service does not give this file.",
                code="fetch-refused",
                where=self.address,
                seen=f"{answer.status_code} {answer.reason}",
                remedy="Check the address and the month: not every month is published.",
            )
        if answer.status_code == 206 and _range_start(answer) != self._size():
            raise _Incomplete("the service resumed at another place than asked for")

    def _receive(
        self,
        answer: requests.Response,
        begun: int,
        total: int | None,
        moved: Callable[[int, int | None], None],
    ) -> None:
        size = begun
        with self.part.open("ab" if begun else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                size += len(chunk)
                self._check_size(size)
                file.write(chunk)
                moved(size, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and size != total:
            raise _Incomplete(f"{size:,} of {total:,} bytes came")

    def _check_size(self, size: int | None) -> None:
        limit = self.client.settings.file_mb
        if size is not None and size > limit * 2**20:
            self._forget()
            raise FileError(
                "The file is too large.",
                code="file-too-large",
                where=self.address,
                seen=f"{size / 2**20:,.0f} MB or more",
                remedy=Remedy.limit(f"The limit is {limit:,} MB", "fetch.file_mb"),
            )

    def _resumable(self) -> int:
        """Return how many bytes of the same version are here already."""
        if self.form or not self._kept_validator():
            return 0
        return self._size()

    def _kept_validator(self) -> str:
        try:
            told = json.loads(_beside(self.out, ".part.json").read_text())
            return str(told["validator"]) if told["address"] == self.address else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        _beside(self.out, ".part.json").unlink(missing_ok=True)

    def _heed(self, later: _ComeBackLater) -> None:
        limit = self.client.settings.longest_wait_s
        if later.wait_s > limit:
            raise self._given_up(f"{later}, asking to wait {later.wait_s:,.0f} s")
        time.sleep(later.wait_s)

    def _given_up(self, said: str) -> FileError:
        kept = f" {self._size():,} bytes are kept and will not be fetched again." if self._resumable() else ""
        return FileError(
            "The file could not be fetched.",
            code="fetch-failed",
            where=self.address,
            seen=said,
            remedy=f"Try again later.{kept}",
        )


class _Incomplete(Exception):  # noqa: N818 - a turn of events, caught above
    """The answer ended early, or does not continue what is here."""


class _ComeBackLater(Exception):  # noqa: N818 - a turn of events, caught above
    """The service is busy."""

    def __init__(self, status: int, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"{status} (busy)")


def _check_address(address: str) -> None:
    if not address.startswith(("https://", "http://")):
        raise SettingsError(
            "This is not an address that can be fetched from.",
            code="address-not-fetchable",
            where="fetch",
            seen=address or "none",
            remedy=Remedy(
                cli="Set one that begins with https:// in safespace.toml, under [fetch].",
                app="Ask whoever runs this app to set one that begins with https://.",
                library="Give one that begins with https://.",
            ),
        )


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Wait until no other process or thread fetches this file; where files cannot be locked, go on at once.

    The system lets a lock go when its process ends, however it ends, so none is ever left behind.
    """
    if fcntl is None:
        yield
        return
    path = _beside(out, ".lock")
    while True:
        with path.open("a") as file:
            with contextlib.suppress(OSError):  # some network folders have no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_the_same(
                file.fileno(), path
            ):  # who had it took the file away: a new one is to be locked
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_the_same(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(out.name + ending)


def _write_whole(path: Path, text: str) -> None:
    fresh = _beside(path, ".new")
    fresh.write_text(text)
    fresh.replace(path)


def _total(answer: requests.Response, begun: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return begun + int(length) if length.isdigit() else None


def _range_start(answer: requests.Response) -> int:
    told = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(told) if told.isdigit() else -1


def _validator(answer: requests.Response) -> str:
    """Return what a resumed request must match; a weak ETag does not promise the same bytes."""
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _retry_after(answer: requests.Response) -> float:
    """Return the seconds to wait that the service names, as a number or a date; 0 when it names none."""
    told = answer.headers.get("Retry-After", "").strip()
    if told.isdigit():
        return float(told)
    try:
        until = email.utils.parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    return max(0.0, until.timestamp() - time.time())


def _pause(failed: int) -> None:
    longest = _FIRST_PAUSE_S * 2.0 ** min(failed - 1, 6)
    time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 (not a secret)


def _plainly(problem: Exception) -> str:
    if isinstance(problem, requests.Timeout) or "timed out" in str(problem):
        return "the service stopped sending"
    if isinstance(problem, requests.exceptions.ChunkedEncodingError) or "IncompleteRead" in str(problem):
        return "the answer ended before the length it announced"
    if isinstance(problem, requests.ConnectionError):
        return "no connection"
    return str(problem)


def _not_whole(path: Path, suffix: str) -> str:
    """Say what is wrong with a file that is not all of what its name says it is; nothing when it is."""
    checks = {
        ".zip": _check_zip,
        ".json": _check_json,
        ".geojson": _check_json,
        ".pbf": _check_pbf,
        ".osm": _check_osm,
    }
    try:
        if not path.stat().st_size:
            return "an empty file"
        return checks[suffix](path) if suffix in checks else ""
    except (ValueError, zipfile.BadZipFile, struct.error, NotImplementedError) as problem:
        return str(problem) or type(problem).__name__


def _check_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    return f"{bad} is damaged in the archive" if bad else ""


def _check_json(path: Path) -> str:
    json.loads(path.read_bytes())
    return ""


def _check_osm(path: Path) -> str:
    """Overpass reports its errors inside an answer that is otherwise in order."""
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, path.stat().st_size - 4096))
        tail = file.read()
    if b"<osm" not in head:
        return f"not OpenStreetMap data: {head[:60].decode(errors='replace')}"
    remark = tail.partition(b"<remark>")[2].partition(b"</remark>")[0].decode(errors="replace").strip()
    return remark or ("" if tail.rstrip().endswith(b"</osm>") else "the end is missing")


def _check_pbf(path: Path) -> str:
    """Walk the blocks: each says how long it is, and the last must end where the file does."""
    size, end = path.stat().st_size, 0
    with path.open("rb") as file:
        while end < size:
            file.seek(end)
            (length,) = struct.unpack(">i", file.read(4))
            header = file.read(length) if 0 < length <= _BLOCK_HEADER_LIMIT else b""
            if not header or (end == 0 and b"OSMHeader" not in header):
                return "not an OpenStreetMap extract"
            end += 4 + length + _block_size(header)
    return "" if end == size else "the last block is cut short"


def _block_size(header: bytes) -> int:
    """Return field 3 of a PBF block's header: https://wiki.openstreetmap.org/wiki/PBF_Format#File_format."""
    at = 0
    while at < len(header):
        key, at = _varint(header, at)
        value, at = _varint(header, at)
        if key == 3 << 3:
            return value
        at += value if key & 7 == 2 else 0
    raise ValueError("a block does not say how long it is")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            break
    return value, at


@contextlib.contextmanager
def _bar(name: str, *, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    with Progress(disable=not shown) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextlib.contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise FileError(
            "The file could not be written.",
            code="fetched-file-not-writable",
            where=out,
            seen=problem.strerror or str(problem),
            remedy="Check that the folder can be written to and that the disk has room.",
        ) from problem
