"""A server on this machine that stalls, cuts off, limits, and lies about length, as told step by step."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Step:
    """How one request is answered; the default is the whole file, or the range asked for, in order."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # bytes, then the connection closes
    stall_after: int | None = None  # bytes, then nothing more comes for as long as the test runs
    announce: int | None = None  # what Content-Length says instead of the truth
    body: bytes | None = None
    ranges: bool = True


@dataclass
class Awkward:
    """What the server holds, what it does next and what it was asked."""

    content: bytes = b""
    etag: str = '"v1"'
    steps: list[Step] = field(default_factory=list)
    answer: Callable[[str, bytes], Step] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""
    over: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(told: Awkward) -> Iterator[Awkward]:
    """Serve on a free port of 127.0.0.1 until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(told: Awkward) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a server is many small answers
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            self.reply(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self.reply(b"")

        def reply(self, sent: bytes) -> None:
            told.asked.append({"path": self.path, "sent": sent, **dict(self.headers.items())})
            step = told.steps.pop(0) if told.steps else Step()
            if told.answer and step == Step():
                step = told.answer(self.path, sent)
            status, headers, body = self.content_for(step)
            self.send_response(status)
            for name, value in {"ETag": told.etag, **headers, **step.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if step.announce is None else step.announce))
            self.end_headers()
            stop = min(x for x in (step.cut_after, step.stall_after, len(body)) if x is not None)
            self.wfile.write(body[:stop])
            if step.stall_after is not None:
                self.wfile.flush()
                told.over.wait(20)
            self.close_connection = stop < len(body) or step.announce is not None

        def content_for(self, step: Step) -> tuple[int, dict[str, str], bytes]:
            if step.status != 200 or step.body is not None:
                return step.status, {}, step.body or b""
            if self.headers.get("If-None-Match") == told.etag:
                return 304, {}, b""
            first = self.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
            if first and step.ranges and self.headers.get("If-Range") == told.etag:
                size = len(told.content)
                if int(first) >= size:
                    return 416, {"Content-Range": f"bytes */{size}"}, b""
                return 206, {"Content-Range": f"bytes {first}-{size - 1}/{size}"}, told.content[int(first) :]
            return 200, {}, told.content

    return Handler
