"""One hop: a request sent through httpx, its response read raw and decompressed under a limit. No redirects."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.bodies import Allowance, BodyReader
from watcher.net.connection import Budget
from watcher.net.decoding import BadCoding
from watcher.net.exchange import Exchange, Fields, ResponseHead
from watcher.net.transport import BUDGET, HEAD, AiohttpTransport
from watcher.net.values import Resolver

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A second header of these names is an error, not a list; the first one counts.
_SINGULAR = frozenset({"content-type", "date", "etag", "last-modified", "location", "refresh", "retry-after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HopResponse:
    """The response of one hop. The body of a redirect that will be followed is not read.

    `cookies`: the values of its Set-Cookie headers, which are not among the `headers`.
    """

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...] = field(default=(), repr=False)
    body: bytes = b""
    exchange: Exchange | None = None


class HopSender:
    """Sends single requests: no redirects, no cookies, no credentials from the environment, no time-out of its own."""

    def __init__(self, *, proxy: str, tls: Callable[[], ssl.SSLContext], resolver: Resolver) -> None:
        self._client = _CookielessClient(
            transport=AiohttpTransport(proxy=proxy, tls=tls, resolver=resolver),
            trust_env=False,
            follow_redirects=False,
            timeout=None,
        )
        self._bodies = BodyReader()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(self, request: httpx.Request, budget: Budget, allowance: Allowance) -> HopResponse:
        """Sends the request and reads its response. Raises FetchError; the caller's deadline may cancel it anywhere."""
        request.extensions[BUDGET] = budget
        response = await self._client.send(request, stream=True)
        try:
            return await self._read(request, response, budget, allowance)
        except BadCoding as error:
            raise FetchError(FetchFailure.BAD_RESPONSE, f"{budget.name}: {error}", sent=True) from error
        finally:
            await response.aclose()
            del response.stream  # it refers to the response: each fetch would leave a body for the garbage collector

    async def _read(
        self, request: httpx.Request, response: httpx.Response, budget: Budget, allowance: Allowance
    ) -> HopResponse:
        head: ResponseHead = response.extensions[HEAD]
        status, (headers, cookies) = head.status, _read_fields(head.fields)
        if status < 200:
            message = "wants to switch protocols" if status == 101 else "broke the rules of HTTP"
            raise FetchError(FetchFailure.BAD_RESPONSE, f"{budget.name} {message}", sent=True)
        if allowance.skip_redirects and is_redirect(status, headers):
            return HopResponse(status=status, headers=headers, cookies=cookies)
        body = await self._bodies.read(response, headers, budget.name, allowance)
        exchange = None if body.received is None else Exchange.of(request, head, body.received)
        return HopResponse(status=status, headers=headers, cookies=cookies, body=body.decoded, exchange=exchange)


def is_redirect(status: int, headers: Mapping[str, str]) -> bool:
    """Whether this is a redirect that names its target."""
    return status in REDIRECTS and bool(headers.get("location"))


class _NoCookies(httpx.Cookies):
    """Keeps no cookies, and spends no time on them: httpx makes three objects of each response to look for some."""

    def extract_cookies(self, response: httpx.Response) -> None:
        return


class _CookielessClient(httpx.AsyncClient):
    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise AttributeError("this client keeps no cookies from one fetch to the next")


_NO_COOKIES = _NoCookies()


def _read_fields(fields: Fields) -> tuple[dict[str, str], tuple[str, ...]]:
    """Returns the headers by lower-case name, and the values of the Set-Cookie fields, which are not among them."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name_bytes, value_bytes in fields:
        name, value = name_bytes.decode("latin-1").lower(), _text(value_bytes)
        if name == "set-cookie":
            cookies.append(value)
        elif name not in headers:
            headers[name] = value
        elif name not in _SINGULAR:
            headers[name] = f"{headers[name]}, {value}"
    return headers, tuple(cookies)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
