"""One request, one answer: sent through httpx, read raw, decompressed under a limit. No redirects, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any

import httpcore
import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.decoding import BadCoding, Decoder, decoder_for
from watcher.net.wire import CURRENT, MOST_HEAD_BYTES, MOST_HEAD_LINES, Meter

REDIRECTS = frozenset({301, 302, 303, 307, 308})
ERROR_BODY_LIMIT = 64 * 1024
MOST_HEADER_BYTES = 64 * 1024
# The loop serves the others after so many pieces or so many bytes of one body: a few milliseconds.
_PIECES_PER_SHARE = 64
_BYTES_PER_SHARE = 1024 * 1024
# Headers of which a second one is an error, not a list; the first counts.
_SINGULAR = frozenset({"content-type", "date", "etag", "last-modified", "location", "retry-after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one hop. The body of a redirect that will be followed is not read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def leads_on(self) -> bool:
        return self.status in REDIRECTS and bool(self.headers.get("location"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of a body is taken: `limit` decompressed bytes; beyond it the body is cut, or else refused."""

    limit: int
    cut: bool = False
    skip_redirects: bool = False

    @property
    def wire(self) -> int:
        """Bytes on the wire: compression may not help, and chunks may be small, but not without end."""
        return MOST_HEAD_BYTES + 2 * max(self.limit, ERROR_BODY_LIMIT)


class ForgetfulJar(CookieJar):
    """Keeps no cookie and sends none; hostile Set-Cookie headers are not even parsed."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        return

    def add_cookie_header(self, request: Any) -> None:
        return


def make_http(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """An httpx client that decides nothing by itself: no redirects, cookies, environment or timeouts of its own."""
    return httpx.AsyncClient(
        transport=transport,
        cookies=ForgetfulJar(),
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113
    )


async def exchange(http: httpx.AsyncClient, request: httpx.Request, meter: Meter, allowance: Allowance) -> Answer:
    """Send the request and read its answer. Raises FetchError; the caller's deadline may cancel it anywhere.

    A GET that dies on a kept connection before a byte came back is sent once more: the peer had closed it.
    """
    token = CURRENT.set(meter)
    try:
        with _explained(meter):
            try:
                return await _attempt(http, request, meter, allowance)
            except (httpcore.RemoteProtocolError, httpcore.ReadError):
                if meter.dialled or meter.received or request.method not in ("GET", "HEAD"):
                    raise
                return await _attempt(http, request, meter, allowance)
    finally:
        CURRENT.reset(token)


async def _attempt(http: httpx.AsyncClient, request: httpx.Request, meter: Meter, allowance: Allowance) -> Answer:
    response = await http.send(request, stream=True, auth=None)
    try:
        meter.head_done = True
        answer = Answer(status=response.status_code, headers=_headers(response, meter), body=b"")
        if answer.leads_on and allowance.skip_redirects:
            return answer
        return Answer(
            status=answer.status, headers=answer.headers, body=await _body(response, answer, meter, allowance)
        )
    finally:
        await response.aclose()


def _headers(response: httpx.Response, meter: Meter) -> Mapping[str, str]:
    raw = response.headers.raw
    if len(raw) > MOST_HEAD_LINES or sum(len(name) + len(value) for name, value in raw) > MOST_HEADER_BYTES:
        raise FetchError(FetchFailure.TOO_LARGE, f"{meter.name} sent too many headers", sent=True)
    if response.status_code < 200:
        raise FetchError(FetchFailure.BAD_RESPONSE, f"{meter.name} wants to switch protocols", sent=True)
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        if name == "set-cookie" or (name in headers and name in _SINGULAR):
            continue
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _body(response: httpx.Response, answer: Answer, meter: Meter, allowance: Allowance) -> bytes:
    failed = answer.status >= 400
    limit = min(allowance.limit, ERROR_BODY_LIMIT) if failed else allowance.limit
    cut = allowance.cut or failed
    announced = answer.headers.get("content-length", "")
    if not cut and announced.isascii() and announced.isdigit() and len(announced) < 20 and int(announced) > limit:
        raise FetchError(FetchFailure.TOO_LARGE, f"{meter.name} announces {announced} bytes, over {limit}", sent=True)
    try:
        body = await _read(response, decoder_for(answer.headers.get("content-encoding", "")), limit)
    except BadCoding:
        if not failed:
            raise
        return b""  # what an error page looks like matters less than that it is one
    if len(body) > limit and not cut:
        raise FetchError(FetchFailure.TOO_LARGE, f"{meter.name} sent more than {limit} bytes", sent=True)
    return bytes(body[:limit])


async def _read(response: httpx.Response, decoder: Decoder, limit: int) -> bytearray:
    """The decompressed body, or a little more than `limit` of it."""
    body = bytearray()
    pieces = share = 0
    async for chunk in response.aiter_raw():
        for piece in decoder.decode(chunk):
            body += piece
            if len(body) > limit:
                return body
            pieces += 1
            share += len(piece)
            if pieces >= _PIECES_PER_SHARE or share >= _BYTES_PER_SHARE:
                pieces = share = 0
                await asyncio.sleep(0)
    decoder.close()
    return body


@contextmanager
def _explained(meter: Meter) -> Iterator[None]:
    """Errors of the packages below, as FetchErrors that name the host and nothing of the request."""
    try:
        yield
    except BadCoding as error:
        raise FetchError(FetchFailure.BAD_RESPONSE, f"{meter.name}: {error}", sent=True) from error
    except httpcore.ProxyError as error:
        raise FetchError(FetchFailure.CONNECT, f"{meter.name}: the proxy refused", sent=meter.sent) from error
    except httpcore.RemoteProtocolError as error:
        what = "broke the rules of HTTP" if meter.received else "hung up without an answer"
        raise FetchError(FetchFailure.BAD_RESPONSE, f"{meter.name} {what}", sent=meter.sent) from error
    except (httpcore.NetworkError, httpcore.TimeoutException) as error:
        message = f"the connection to {meter.name} broke"
        raise FetchError(FetchFailure.BAD_RESPONSE, message, sent=meter.sent) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        message = f"the request to {meter.name} cannot be sent"
        raise FetchError(FetchFailure.INVALID_URL, message, sent=meter.sent) from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError) as error:
        message = f"the exchange with {meter.name} failed ({type(error).__name__})"
        raise FetchError(FetchFailure.BAD_RESPONSE, message, sent=meter.sent) from error
