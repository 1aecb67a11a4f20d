"""One request, one answer: sent through httpx, read raw, decompressed under a limit. No redirects, no waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.bodies import Allowance, Bodies
from watcher.net.decoding import BadCoding
from watcher.net.wire import Meter

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Headers of which a second one is an error, not a list; the first counts.
_SINGULAR = frozenset({"content-type", "date", "etag", "last-modified", "location", "retry-after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one hop. The body of a redirect that will be followed is not read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Exchanger:
    """Makes exchanges over one of httpx's transports, without a client that would decide anything by itself."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._bodies = Bodies()

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def exchange(self, request: httpx.Request, meter: Meter, allowance: Allowance) -> Answer:
        """Send the request and read its answer. Raises FetchError; the caller's deadline may cancel it anywhere."""
        try:
            response = await self._transport.handle_async_request(request)
            try:
                return await self._read(response, meter, allowance)
            finally:
                await response.aclose()
        except (BadCoding, httpx.TransportError) as error:
            raise _explained(error, meter) from error

    async def _read(self, response: httpx.Response, meter: Meter, allowance: Allowance) -> Answer:
        status, headers = response.status_code, _headers(response.headers.raw)
        if status < 200:
            raise FetchError(FetchFailure.BAD_RESPONSE, f"{meter.name} wants to switch protocols", sent=True)
        if allowance.skip_redirects and leads_on(status, headers):
            return Answer(status=status, headers=headers)
        body = await self._bodies.read(response, headers, meter, allowance)
        return Answer(status=status, headers=headers, body=body)


def leads_on(status: int, headers: Mapping[str, str]) -> bool:
    """Whether this is a redirect that says where to."""
    return status in REDIRECTS and bool(headers.get("location"))


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("ascii").lower(), _text(value_bytes)
        if name not in headers:
            headers[name] = value
        elif name not in _SINGULAR:
            headers[name] = f"{headers[name]}, {value}"
    headers.pop("set-cookie", None)
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _explained(error: BadCoding | httpx.TransportError, meter: Meter) -> FetchError:
    """What the parts below raised, as a FetchError that names the host and nothing of the request."""
    failure, message = FetchFailure.BAD_RESPONSE, f"the connection to {meter.name} broke"
    match error:
        case BadCoding():
            message = f"{meter.name}: {error}"
        case httpx.ProxyError():
            failure, message = FetchFailure.CONNECT, f"{meter.name}: the proxy refused"
        case httpx.RemoteProtocolError():
            what = "broke the rules of HTTP" if meter.received else "hung up without an answer"
            message = f"{meter.name} {what}"
        case httpx.LocalProtocolError():
            failure, message = FetchFailure.INVALID_URL, f"the request to {meter.name} cannot be sent"
    return FetchError(failure, message, sent=meter.sent)
