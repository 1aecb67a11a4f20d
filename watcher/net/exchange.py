"""One request, one answer: sent through httpx, read raw, decompressed under a limit. No redirects, no waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar
from typing import Any

import httpcore
import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.bodies import Allowance, Bodies
from watcher.net.decoding import BadCoding
from watcher.net.wire import CURRENT, MOST_HEAD_LINES, Meter

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HEADER_BYTES = 64 * 1024
# Headers of which a second one is an error, not a list; the first counts.
_SINGULAR = frozenset({"content-type", "date", "etag", "last-modified", "location", "retry-after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one hop. The body of a redirect that will be followed is not read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def leads_on(self) -> bool:
        return self.status in REDIRECTS and bool(self.headers.get("location"))


class ForgetfulJar(CookieJar):
    """Keeps no cookie and sends none; hostile Set-Cookie headers are not even parsed."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        return

    def add_cookie_header(self, request: Any) -> None:
        return


class Exchanger:
    """Makes exchanges over one transport, with an httpx client that decides nothing by itself."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._http = httpx.AsyncClient(
            transport=transport,
            cookies=ForgetfulJar(),
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # noqa: S113 - one deadline lies around everything
        )
        self._bodies = Bodies()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def exchange(self, request: httpx.Request, meter: Meter, allowance: Allowance) -> Answer:
        """Send the request and read its answer. Raises FetchError; the caller's deadline may cancel it anywhere.

        A GET that dies on a kept connection before a byte came back is sent once more: the peer had closed it.
        """
        token = CURRENT.set(meter)
        try:
            with _explained(meter):
                try:
                    return await self._attempt(request, meter, allowance)
                except (httpcore.RemoteProtocolError, httpcore.ReadError):
                    if meter.dialled or meter.received or request.method not in ("GET", "HEAD"):
                        raise
                    return await self._attempt(request, meter, allowance)
        finally:
            CURRENT.reset(token)

    async def _attempt(self, request: httpx.Request, meter: Meter, allowance: Allowance) -> Answer:
        response = await self._http.send(request, stream=True, auth=None)
        try:
            meter.head_done = True
            headers = _headers(response, meter)
            answer = Answer(status=response.status_code, headers=headers)
            if answer.leads_on and allowance.skip_redirects:
                return answer
            return replace(answer, body=await self._bodies.read(response, headers, meter, allowance))
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
