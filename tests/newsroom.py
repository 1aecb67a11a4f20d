"""A newsroom on loopback for tests: a real HTTP server whose routes the test writes, and which remembers every request.

It serves pages, feeds (bodies by `tests.feed_bodies`), redirects and whatever a callable answers, over keep-alive
connections, from a thread of its own. No assertion about watcher lives here.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urljoin

from tests.feed_bodies import CONTENT_TYPES, feed_body
from tests.patience import HANGS
from watcher.model import Entry

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What arrived. `path` holds the query too; header names are lower-case; `at` is `time.monotonic()` seconds."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back. `delay`: seconds before it starts; `cut_after`: body bytes after which the connection is cut
    (-1: not at all, not even headers); `drip`: seconds between single bytes of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None
    drip: float = 0.0

    @classmethod
    def text(cls, text: str, *, status: int = 200, **headers: str) -> Reply:
        return cls(status=status, body=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8", **headers})

    @classmethod
    def json(cls, value: object, *, status: int = 200) -> Reply:
        return cls(status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


Responder = Callable[[Request], Reply]


class Gate:
    """A blocked route: requests wait in it until `release`, so that a test knows what is under way."""

    def __init__(self, then: Responder) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()
        self._then = then

    def __call__(self, request: Request) -> Reply:
        self.entered.set()
        self._open.wait()
        return self._then(request)

    def release(self) -> None:
        self._open.set()


class Newsroom:
    """The server. Use it as a context manager, or `start` and `close` it; `url("/path")` gives absolute addresses."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._routes: dict[str, Responder] = {}
        self._gates: list[Gate] = []
        self._changed = threading.Condition()
        self._server = _Server(self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="newsroom", daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        return urljoin(self.origin + "/", path)

    def start(self) -> Newsroom:
        self._thread.start()
        return self

    def close(self) -> None:
        for gate in self._gates:
            gate.release()
        self._server.shutdown()
        self._server.cut_connections()
        self._server.server_close()
        self._thread.join(HANGS)

    def __enter__(self) -> Newsroom:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- routes: the last registration of a path counts; a route without query answers every query ---------------------

    def respond(self, path: str, responder: Responder) -> None:
        """Answer `path` with what `responder` returns. It runs in the connection's own thread."""
        self._routes[path] = responder

    def page(
        self,
        path: str,
        body: str | bytes,
        *,
        content_type: str = HTML,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        cut_after: int | None = None,
    ) -> str:
        """Serve fixed bytes; returns the absolute address."""
        reply = Reply(
            status=status,
            body=body.encode() if isinstance(body, str) else body,
            headers={"Content-Type": content_type, **(headers or {})},
            delay=delay,
            cut_after=cut_after,
        )
        self.respond(path, lambda _request: reply)
        return self.url(path)

    def feed(
        self,
        path: str,
        entries: Iterable[Entry],
        *,
        format: str = "rss20",  # noqa: A002 - the word of the domain
        title: str = "Testredaktion",
        encoding: str = "utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Serve a feed with ETag and Last-Modified, 304 where they match. Relative links become absolute."""
        absolute: Sequence[Entry] = [
            replace(entry, link=self.url(entry.link)) if entry.link.startswith("/") else entry for entry in entries
        ]
        body = feed_body(format, absolute, title=title, site=self.url("/"), encoding=encoding)
        return self.feed_bytes(path, body, content_type=CONTENT_TYPES[format], headers=headers)

    def feed_bytes(
        self, path: str, body: bytes, *, content_type: str = "application/xml", headers: Mapping[str, str] | None = None
    ) -> str:
        """Serve feed bytes as they are, with the same validators as `feed`."""
        self.respond(path, _conditional(body, {"Content-Type": content_type, **(headers or {})}))
        return self.url(path)

    def redirect(self, path: str, to: str, *, status: int = 302) -> str:
        reply = Reply(status=status, headers={"Location": to})
        self.respond(path, lambda _request: reply)
        return self.url(path)

    def alias(self, path: str, of: str) -> str:
        """Answer `path` as `of` is answered now."""
        self.respond(path, self._routes[of])
        return self.url(path)

    def hold(self, path: str) -> Gate:
        """Let requests for `path` wait at a gate in front of what it answers now; once released it lets all pass."""
        gate = Gate(self._routes.get(path, _not_found))
        self._gates.append(gate)
        self.respond(path, gate)
        return gate

    # -- what happened -------------------------------------------------------------------------------------------------

    def count(self, path: str, *, method: str = "GET") -> int:
        return sum(1 for request in list(self.requests) if request.path == path and request.method == method)

    def counts(self) -> Counter[str]:
        """Requests per path."""
        return Counter(request.path for request in list(self.requests))

    def wait_for(self, condition: Callable[[], object], timeout: float = HANGS) -> None:
        """Return as soon as `condition` holds; looked at after every request and every 20 ms. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not within {timeout} s; requests so far: {dict(self.counts())}")
                self._changed.wait(0.02)

    def _answer(self, request: Request) -> Reply:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        route = self._routes.get(request.path) or self._routes.get(request.path.partition("?")[0]) or _not_found
        return route(request)


def _not_found(request: Request) -> Reply:
    return Reply.text(f"nothing at {request.path}", status=404)


def _conditional(body: bytes, headers: Mapping[str, str]) -> Responder:
    """RFC 9110, 13.1: If-None-Match counts alone if it is there, else If-Modified-Since."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    modified = format_datetime(datetime.now(UTC).replace(microsecond=0), usegmt=True)
    validators = {"ETag": etag, "Last-Modified": modified}

    def answer(request: Request) -> Reply:
        known = request.headers.get("if-none-match")
        same = known == etag if known is not None else request.headers.get("if-modified-since") == modified
        if same:
            return Reply(status=304, headers=validators)
        return Reply(body=body, headers={**validators, **headers})

    return answer


# -- the server underneath ---------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, answer: Responder) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def cut_connections(self) -> None:
        for connection in list(self._open):
            _shut(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that disconnects is not an error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            return
        request = Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            at=time.monotonic(),
        )
        try:
            self._send(self.server.answer(request))
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names http.server looks for

    def _body(self) -> bytes | None:
        """None if the peer went away before it had sent what it announced."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        announced = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(announced)
        return body if len(body) == announced else None

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _send(self, reply: Reply) -> None:
        if reply.delay:
            threading.Event().wait(reply.delay)
        if reply.cut_after is not None and reply.cut_after < 0:
            return self._cut()
        headers = dict(reply.headers)
        if reply.status not in (204, 304):
            headers.setdefault("Content-Length", str(len(reply.body)))
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        body = b"" if self.command == "HEAD" or reply.status in (204, 304) else reply.body
        self._write(head, body[: reply.cut_after], reply.drip)
        return self._cut() if reply.cut_after is not None else None

    def _write(self, head: bytes, body: bytes, drip: float) -> None:
        if not drip:
            self.wfile.write(head + body)
            return
        self.wfile.write(head)
        for position in range(len(body)):
            self.wfile.write(body[position : position + 1])
            threading.Event().wait(drip)

    def _cut(self) -> None:
        self.close_connection = True
        _shut(self.connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Requests are in `Newsroom.requests`; stderr stays quiet."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
