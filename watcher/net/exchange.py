"""One exchange as it was sent; its heads are written down without cookies and credentials. No network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

Fields = Sequence[tuple[bytes, bytes]]

# The fields that watcher itself sets, but for cookies; a field of the operator may be a secret.
_SENT = frozenset({b"host", b"user-agent", b"accept", b"accept-encoding", b"if-none-match", b"if-modified-since"})
_SECRET = frozenset(
    {b"set-cookie", b"set-cookie2", b"cookie", b"authorization", b"proxy-authorization", b"proxy-authenticate"}
    | {b"authentication-info", b"proxy-authentication-info", b"x-csrf-token", b"x-xsrf-token"}
)


class ResponseHead(NamedTuple):
    """The head of a response as it was received."""

    version: tuple[int, int]
    status: int
    reason: str
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The last request of a fetch and its response as they were sent.

    The heads are the first line and the header fields; they are written when they are asked for, because few exchanges
    are kept. `body` is not decompressed, but without its chunks; it is the body of the response itself where that was
    not compressed.
    """

    method: str
    target: bytes = field(repr=False)
    sent: Fields = field(repr=False)
    received: ResponseHead = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, request: httpx.Request, head: ResponseHead, body: bytes) -> Exchange:
        return cls(
            method=request.method, target=request.url.raw_path, sent=request.headers.raw, received=head, body=body
        )

    @property
    def request_head(self) -> bytes:
        fields = ((name, value) for name, value in self.sent if name.lower() in _SENT)
        return _head(b" ".join((self.method.encode(), self.target, b"HTTP/1.1")), fields)

    @property
    def response_head(self) -> bytes:
        (major, minor), status, reason, received = self.received
        fields = ((name, value) for name, value in received if name.lower() not in _SECRET)
        return _head(f"HTTP/{major}.{minor} {status} {reason}".encode("utf-8", "replace"), fields)


def _head(first: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join((first, b"\r\n", *(name + b": " + value + b"\r\n" for name, value in fields), b"\r\n"))
