"""Writes down the heads of a request and its response, without cookies and credentials."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from watcher.net.transport import HEAD
from watcher.net.values import Exchange

# The fields that watcher itself sets, but for cookies; a field of the operator may be a secret.
_SENT = frozenset({b"host", b"user-agent", b"accept", b"accept-encoding", b"if-none-match", b"if-modified-since"})
_SECRET = frozenset(
    {b"set-cookie", b"set-cookie2", b"cookie", b"authorization", b"proxy-authorization", b"proxy-authenticate"}
    | {b"authentication-info", b"proxy-authentication-info", b"x-csrf-token", b"x-xsrf-token"}
)


def exchange_of(request: httpx.Request, response: httpx.Response, body: bytes) -> Exchange:
    """Returns the exchange with the body as it was received."""
    version, reason, received = response.extensions[HEAD]
    sent = ((name, value) for name, value in request.headers.raw if name.lower() in _SENT)
    kept = ((name, value) for name, value in received if name.lower() not in _SECRET)
    status = f"HTTP/{version.major}.{version.minor} {response.status_code} {reason or ''}".encode("utf-8", "replace")
    return Exchange(
        request_head=_head(b" ".join((request.method.encode(), request.url.raw_path, b"HTTP/1.1")), sent),
        response_head=_head(status, kept),
        body=body,
    )


def _head(first: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join((first, b"\r\n", *(name + b": " + value + b"\r\n" for name, value in fields), b"\r\n"))
