"""HTTP/1.1 as bytes (RFC 9112): the request written, the answer's head and body read. Pure, and bounded at every step.

What is taken for an answer is what h11 takes, which the tests hold against it; h11 itself needs 0.15 ms for one answer,
half of what a whole fetch may cost. Stricter than h11 only in that an answer framed in two ways ends its connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

Headers = list[tuple[bytes, bytes]]

# What one call takes in of a flood of tiny chunks: the loop serves others in between.
CHUNKS_AT_ONCE = 32
LONGEST_LINE = 16 * 1024
_MOST_DIGITS = 20

_STATUS_LINE = re.compile(rb"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: [^\x00\n\x0b\x0c\r]*)?")
_TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_NEVER = re.compile(rb"[\x00\x0b\x0c\r]")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\n]*)?[ \t]*")
# Obsolete (RFC 9112, 5.2), but taken.
_FOLD = re.compile(rb"\n[ \t]+")
_MEANT_FOR_US = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_CLOSE = re.compile(rb"(?:^|,)[ \t]*close[ \t]*(?:,|$)", re.IGNORECASE)


class Broken(Exception):
    """The peer broke the rules of HTTP, or hung up in the middle of an answer."""


class Body(Protocol):
    """How an answer's body is framed: takes it from the front of what came in, and nothing beyond its end.

    `take` removes from `incoming` and returns what it can, None if it needs more, b"" once the body is whole, which is
    when it is `done`. `end` is called when the peer hung up. Both raise Broken.
    """

    done: bool

    def take(self, incoming: bytearray) -> bytes | None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An answer's head, with its body's framing. `keeps`: the connection may serve another request afterwards."""

    status: int
    headers: Headers
    body: Body
    keeps: bool

    @property
    def is_interim(self) -> bool:
        """1xx: the answer itself is still to come; but 101 is the last that is heard of HTTP."""
        return self.status < 200 and self.status != 101


def write_request(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> bytes:
    """The bytes of a request. Raises ValueError for what would split it; callers have checked names and values."""
    lines = [b"%b %b HTTP/1.1" % (method.encode("ascii"), target)]
    lines += [b"%b: %b" % header for header in headers]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b" " in target:
        raise ValueError("a line break where there can be none")
    return b"%b\r\n\r\n%b" % (head, body)


def head_length(incoming: bytearray, start: int = 0) -> int:
    """Where the head at the front ends, behind its blank line; 0 if it is not whole. `start`: nothing ends before it.

    Raises Broken as soon as it can be no answer.
    """
    if not incoming.startswith(b"HTTP/"[: len(incoming)]):
        raise Broken("no status line")
    blank = _BLANK_LINE.search(incoming, max(start - 2, 0))
    return blank.end() if blank else 0


def read_head(raw: bytes, *, method: str) -> Head:
    """The head in these bytes, which end with a blank line; `method` is that of the request. Raises Broken."""
    first, *lines = _lines(raw)
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise Broken("no status line")
    version, status = status_line[1], int(status_line[2])
    headers = _headers(lines)
    named: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in _MEANT_FOR_US:
            named.setdefault(name, []).append(value)
    body, certain = _framing(status, method, named)
    closes = version < b"1.1" or any(_CLOSE.search(value) for value in named.get(b"connection", ()))
    return Head(status=status, headers=headers, body=body, keeps=certain and not closes)


def _lines(raw: bytes) -> list[bytes]:
    """The lines before the blank one. Raises Broken for what may stand in none of them."""
    text = raw.replace(b"\r\n", b"\n")[:-2]
    if _NEVER.search(text):
        raise Broken("a control character in the head")
    return text.split(b"\n")


def _headers(lines: list[bytes]) -> Headers:
    headers: Headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon and _TOKEN.fullmatch(name):
            headers.append((name.lower(), value.strip(b" \t")))
        elif headers and line[:1] in (b" ", b"\t"):
            return _headers(_FOLD.sub(b" ", b"\n".join(lines)).split(b"\n"))
        else:
            raise Broken("a line in the head that is no header")
    return headers


def _framing(status: int, method: str, named: Mapping[bytes, list[bytes]]) -> tuple[Body, bool]:
    """The body's framing (RFC 9112, 6.3), and whether there is no doubt about it."""
    length = _content_length(named.get(b"content-length", []))
    chunked = _is_chunked(named.get(b"transfer-encoding", []))
    if method == "HEAD" or status in (204, 304) or status < 200 or (method == "CONNECT" and status < 300):
        return Sized(0), True
    if chunked:
        return Chunked(), length is None
    return (UntilClosed(), False) if length is None else (Sized(length), True)


def _content_length(values: list[bytes]) -> int | None:
    """The announced length; repetitions of the same are one. Raises Broken if they disagree."""
    lengths = {part.strip() for value in values for part in value.split(b",")}
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > _MOST_DIGITS:
        raise Broken("a bad Content-Length")
    return int(length)


def _is_chunked(values: list[bytes]) -> bool:
    if values and [value.lower() for value in values] != [b"chunked"]:
        raise Broken("another Transfer-Encoding than chunked")
    return bool(values)


class Sized:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def take(self, incoming: bytearray) -> bytes | None:
        if self.done or not incoming:
            return b"" if self.done else None
        piece = bytes(incoming) if len(incoming) <= self._left else bytes(memoryview(incoming)[: self._left])
        del incoming[: len(piece)]
        self._left -= len(piece)
        self.done = not self._left
        return piece

    def end(self) -> None:
        if not self.done:
            raise Broken("the body is shorter than announced")


class UntilClosed:
    """A body that ends with its connection."""

    def __init__(self) -> None:
        self.done = False

    def take(self, incoming: bytearray) -> bytes | None:
        if not incoming:
            return b"" if self.done else None
        piece = bytes(incoming)
        incoming.clear()
        return piece

    def end(self) -> None:
        self.done = True


class Chunked:
    """A body in chunks (RFC 9112, 7.1). Extensions are passed over, trailers checked and dropped."""

    def __init__(self) -> None:
        self.done = False
        self._left = 0  # of the chunk's data and the line break behind it
        self._last = False

    def take(self, incoming: bytearray) -> bytes | None:
        if self.done:
            return b""
        piece = bytearray()
        at = 0
        for _ in range(CHUNKS_AT_ONCE):
            start = at
            at = self._data(incoming, at, piece) if self._left else self._line(incoming, at)
            if at == start or self.done:
                break
        del incoming[:at]
        return bytes(piece) if piece or self.done else None

    def end(self) -> None:
        if not self.done:
            raise Broken("the last chunk is missing")

    def _data(self, incoming: bytearray, at: int, piece: bytearray) -> int:
        """Take what is there of a chunk, and then its line break; where what follows begins."""
        size = min(len(incoming) - at, self._left - 2)
        if size > 0:
            piece += memoryview(incoming)[at : at + size]
            self._left -= size
            at += size
        if self._left > 2 or len(incoming) - at < 2:
            return at
        if not incoming.startswith(b"\r\n", at):
            raise Broken("a chunk is longer than its size")
        self._left = 0
        return at + 2

    def _line(self, incoming: bytearray, at: int) -> int:
        """Take a chunk's size, or the trailers, if they are whole; where what follows begins."""
        if self._last:
            return self._trailers(incoming, at)
        end = incoming.find(b"\r\n", at, at + LONGEST_LINE)
        if end < 0:
            if len(incoming) - at >= LONGEST_LINE:
                raise Broken("a chunk's size without end")
            return at
        size = _CHUNK.fullmatch(incoming, at, end)
        if size is None:
            raise Broken("a chunk's size that is none")
        length = int(size[1], 16)
        self._last = not length
        self._left = length + 2 if length else 0
        return end + 2

    def _trailers(self, incoming: bytearray, at: int) -> int:
        for empty in (b"\r\n", b"\n"):
            if incoming.startswith(empty, at):
                self.done = True
                return at + len(empty)
        blank = _BLANK_LINE.search(incoming, at, at + LONGEST_LINE)
        if blank is None:
            if len(incoming) - at >= LONGEST_LINE:
                raise Broken("trailers without end")
            return at
        read_trailers(bytes(incoming[at : blank.end()]))
        self.done = True
        return blank.end()


def read_trailers(raw: bytes) -> Headers:
    """The headers behind a body. Raises Broken."""
    return _headers(_lines(raw))
