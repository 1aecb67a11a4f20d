"""The client: one fetch from the request to the last hop's answer. No policy on feeds, no parsing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.bodies import Allowance
from watcher.net.dns import SystemResolver
from watcher.net.exchange import Answer, Exchanger, leads_on
from watcher.net.guard import Guard, Route
from watcher.net.headers import headers_of
from watcher.net.politeness import Politeness
from watcher.net.pools import METER, HostPools
from watcher.net.robots import Robots
from watcher.net.target import Target, origins_of, parse_target
from watcher.net.values import NetSettings, Purpose, Request, Resolver, Response
from watcher.net.wire import Meter

MOST_REDIRECTS = 5
ROBOTS_TIMEOUT = timedelta(seconds=20)


class Client:
    """Fetches, for the whole daemon, from one event loop.

    `trusted_origins`: the URLs or origins that may link to themselves though they are private. `resolver`, `clock`
    (monotonic seconds) and `tls` are the system's unless given.
    """

    def __init__(
        self,
        settings: NetSettings,
        *,
        trusted_origins: Iterable[str],
        resolver: Resolver | None = None,
        clock: Callable[[], float] = monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = Guard(
            trusted_origins=origins_of(trusted_origins),
            allow_private=settings.allow_private,
            resolver=resolver or SystemResolver(),
            proxied=bool(settings.proxy),
        )
        self._politeness = Politeness(at_once=settings.at_once, longest_wait=settings.longest_wait, clock=clock)
        self._robots = Robots(read=self._read_robots, agent=settings.user_agent, clock=clock)
        context = default_tls if tls is None else lambda: tls
        self._exchanger = Exchanger(HostPools(proxy=settings.proxy, tls=cache(context)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; fetches that still run fail."""
        await self._exchanger.aclose()

    def is_busy(self, url: str) -> bool:
        """Whether a fetch from this URL's host would have to wait for its turn now; False for what is no URL."""
        try:
            target = parse_target(url)
        except FetchError:
            return False
        return self._politeness.is_busy(target.host) or self._politeness.is_busy(target.origin)

    async def fetch(self, request: Request) -> Response:
        """The answer to a request, after at most five redirects; 304, 4xx and 5xx are answers too.

        Raises FetchError (AddressRefused if the guard said no) with a message that names the host and the cause.
        """
        journey = _Journey(request)
        hop = _Hop.first(request)
        while True:
            answer = await self._make(hop, journey)
            if not (request.follows_redirects and leads_on(answer.status, answer.headers)):
                return journey.end(hop, answer)
            hop = hop.onward(answer.headers["location"])
            journey.redirected(answer.status, hop)

    async def _make(self, hop: _Hop, journey: _Journey) -> Answer:
        """One hop: admitted, in its turn, within what is left of the deadline."""
        request = journey.request
        route = await self._route(hop, journey)
        urgent = request.purpose is Purpose.ALERT
        pause = await self._pause(hop, route, request.purpose)
        at_once = self._settings.own_per_host if route.own or urgent else self._settings.per_host
        async with self._politeness.turn(_line(hop, route, urgent), at_once=at_once, pause=pause, urgent=urgent):
            return await self._exchange(hop, route, journey)

    async def _route(self, hop: _Hop, journey: _Journey) -> Route:
        if hop.target.address is not None:  # nobody is asked, so nothing is waited for
            return await self._guard.admit(hop.target, operator=hop.operator, own_origin=hop.own_origin)
        started = self._clock()
        try:
            async with asyncio.timeout(journey.seconds_left):
                return await self._guard.admit(hop.target, operator=hop.operator, own_origin=hop.own_origin)
        except TimeoutError as error:
            raise journey.late(f"{hop.name}: no answer from DNS", FetchFailure.DNS) from error
        finally:
            journey.elapsed += self._clock() - started

    async def _pause(self, hop: _Hop, route: Route, purpose: Purpose) -> timedelta:
        if route.own or purpose is Purpose.ALERT:
            return timedelta(0)
        if purpose is Purpose.PAGE and self._settings.robots:
            return max(self._settings.pause, await self._robots.admit(hop.target))
        return self._settings.pause

    async def _exchange(self, hop: _Hop, route: Route, journey: _Journey) -> Answer:
        allowance = _allowance(journey.request)
        alone = journey.request.purpose is Purpose.ALERT
        meter = Meter(name=hop.name, addresses=route.addresses, most_bytes=allowance.wire, alone=alone)
        message = self._message(hop, journey.request, meter)
        started = self._clock()
        try:
            async with asyncio.timeout(journey.seconds_left):
                return await self._exchanger.exchange(message, meter, allowance)
        except TimeoutError as error:
            raise journey.late(f"{hop.name}: no whole answer", FetchFailure.TIMEOUT, sent=meter.sent) from error
        finally:
            journey.elapsed += self._clock() - started
            journey.wire_bytes += meter.received

    def _message(self, hop: _Hop, request: Request, meter: Meter) -> httpx.Request:
        url, body = hop.target.parsed, request.body
        headers = {"host": hop.name} | headers_of(request, agent=self._settings.agent, at_home=hop.at_home)
        if body is not None or request.method not in ("GET", "HEAD"):
            headers["content-length"] = str(len(body or b""))
        try:
            raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        except UnicodeEncodeError as error:
            raise FetchError(FetchFailure.INVALID_URL, f"the request to {hop.name} cannot be sent") from error
        # Given a stream, httpx adds no headers of its own.
        stream = httpx.ByteStream(body or b"")
        return httpx.Request(request.method, url, headers=raw, stream=stream, extensions={METER: meter})

    async def _read_robots(self, url: str) -> Response:
        return await self.fetch(Request(url=url, purpose=Purpose.ROBOTS, accept="text/plain", timeout=ROBOTS_TIMEOUT))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """One target on the way. `own_origin` may be reached though it is private: what led here is that origin itself."""

    target: Target
    operator: bool
    own_origin: str | None
    at_home: bool = True

    @classmethod
    def first(cls, request: Request) -> _Hop:
        target = parse_target(request.url)
        own = target.origin if request.operator else request.referrer_origin
        return cls(target=target, operator=request.operator, own_origin=own)

    def onward(self, location: str) -> _Hop:
        """The hop that a redirect asks for. Once a way has left its own origin, nobody leads it back there."""
        try:
            target = parse_target(urljoin(self.target.url, location))
        except ValueError as error:
            message = f"{self.name} redirects to something that is no URL"
            raise FetchError(FetchFailure.INVALID_URL, message, sent=True) from error
        return replace(
            self,
            target=target,
            operator=False,
            own_origin=self.own_origin if self.own_origin == self.target.origin else None,
            at_home=self.at_home and target.origin == self.target.origin,
        )

    @property
    def name(self) -> str:
        """What errors call it: the host, with its port if that is unusual."""
        return self.target.name


class _Journey:
    """What the hops of one fetch share: what was used of the deadline and of the wire, and the way so far.

    Waiting for a turn uses nothing of the deadline.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.elapsed = 0.0
        self.wire_bytes = 0
        self._redirects: list[tuple[int, str]] = []

    @property
    def seconds_left(self) -> float:
        return max(self.request.timeout.total_seconds() - self.elapsed, 0)

    def late(self, complaint: str, failure: FetchFailure, *, sent: bool = False) -> FetchError:
        return FetchError(failure, f"{complaint} within {self.request.timeout.total_seconds():g} s", sent=sent)

    def redirected(self, status: int, hop: _Hop) -> None:
        if len(self._redirects) == MOST_REDIRECTS:
            message = f"{_Hop.first(self.request).name} redirects more than {MOST_REDIRECTS} times"
            raise FetchError(FetchFailure.TOO_MANY_REDIRECTS, message, sent=True)
        self._redirects.append((status, hop.target.url))

    def end(self, hop: _Hop, answer: Answer) -> Response:
        return Response(
            status=answer.status,
            url=hop.target.url,
            headers=answer.headers,
            body=answer.body,
            elapsed=timedelta(seconds=self.elapsed),
            wire_bytes=self.wire_bytes,
            redirects=tuple(self._redirects),
        )


def default_tls() -> ssl.SSLContext:
    """Certificates of the system and of certifi: a company's own authority works, and so does a bare machine."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _line(hop: _Hop, route: Route, urgent: bool) -> str:
    """Strangers' hosts go by their name, the operator's by their origin, alerts stand in a line of their own."""
    if urgent:
        return f"alerts {hop.target.origin}"
    return hop.target.origin if route.own else hop.target.host


def _allowance(request: Request) -> Allowance:
    return Allowance(
        limit=request.limit, cut=request.purpose.cuts_long_answers, skip_redirects=request.follows_redirects
    )
