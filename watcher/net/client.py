"""The client: one fetch, from the request over its redirects to the last response. No policy on feeds, no parsing."""

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
from watcher.net.connection import Budget
from watcher.net.cookies import CookieJar
from watcher.net.dns import SystemResolver
from watcher.net.guard import Guard, Route
from watcher.net.headers import headers_of
from watcher.net.hop import HopResponse, HopSender, is_redirect
from watcher.net.politeness import Pacer, Politeness, Turn
from watcher.net.refresh import refresh_target
from watcher.net.robots import Robots
from watcher.net.target import Target, origins_of, parse_target
from watcher.net.values import KEPT_LIMIT, NetSettings, Purpose, Request, Resolver, Response

MOST_REDIRECTS = 5
ROBOTS_TIMEOUT = timedelta(seconds=20)


class Client:
    """Fetches for the whole daemon, from one event loop.

    `trusted_origins`: the URLs or origins that may link to themselves although they are private. `resolver`, `clock`
    (monotonic seconds) and `tls` default to the system's.
    """

    def __init__(
        self,
        settings: NetSettings,
        *,
        trusted_origins: Iterable[str],
        resolver: Resolver | None = None,
        clock: Callable[[], float] = monotonic,
        tls: ssl.SSLContext | None = None,
        pacer: Pacer | None = None,
        permit: Callable[[], None] = lambda: None,
    ) -> None:
        """`pacer` keeps pauses together with other processes; `permit` raises an error if nothing may be sent now."""
        self._permit = permit
        self._settings = settings
        self._clock = clock
        resolver = resolver or SystemResolver()
        self._guard = Guard(
            trusted_origins=origins_of(trusted_origins),
            allow_private=settings.allow_private,
            resolver=resolver,
            proxied=bool(settings.proxy),
        )
        self._politeness = Politeness(
            at_once=settings.at_once, longest_wait=settings.longest_wait, clock=clock, pacer=pacer
        )
        self._robots = Robots(read=self._read_robots, agent=settings.user_agent, clock=clock)
        context = default_tls if tls is None else lambda: tls
        # The context is made for the first https request: it takes 16 ms.
        self._sender = HopSender(proxy=settings.proxy, tls=cache(context), resolver=resolver)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection; fetches that still run fail."""
        await self._sender.aclose()

    async def fetch(self, request: Request) -> Response:
        """Fetches a URL, over at most five redirects; 304, 4xx and 5xx are responses too.

        A feed or page that forwards by `Refresh` counts as a redirect, unless it leads to a request made before.
        Cookies are kept from hop to hop and forgotten at the end.

        Raises FetchError (AddressRefused if the guard refused the address) with a message that names the host and the
        cause.
        """
        fetch = _Fetch(request)
        hop = _Hop.first(request)
        while True:
            response = await self._make(hop, fetch)
            following = fetch.following(hop, response)
            if following is None:
                return fetch.end(hop, response)
            hop = following
            fetch.note_redirect(response.status, hop)

    async def _make(self, hop: _Hop, fetch: _Fetch) -> HopResponse:
        """Makes one hop: admitted by the guard, in its turn at the host, within the rest of the deadline."""
        request = fetch.request
        route = await self._route(hop, fetch)
        urgent = request.purpose is Purpose.ALERT
        pause = await self._pause(hop, route, request.purpose)
        at_once = self._settings.own_per_host if route.own or urgent else self._settings.per_host
        queue = _queue(hop, route, urgent)
        async with self._politeness.turn(queue, at_once=at_once, pause=pause, urgent=urgent) as turn:
            return await self._send(hop, route, fetch, turn)

    async def _route(self, hop: _Hop, fetch: _Fetch) -> Route:
        if hop.target.address is not None:  # no DNS, so nothing to wait for
            return await self._guard.admit(hop.target, operator=hop.operator, own_origin=hop.own_origin)
        started = self._clock()
        try:
            async with asyncio.timeout(fetch.seconds_left):
                return await self._guard.admit(hop.target, operator=hop.operator, own_origin=hop.own_origin)
        except TimeoutError as error:
            raise fetch.late(f"{hop.name}: no answer from DNS", FetchFailure.DNS) from error
        finally:
            fetch.elapsed += self._clock() - started

    async def _pause(self, hop: _Hop, route: Route, purpose: Purpose) -> timedelta:
        if route.own or purpose is Purpose.ALERT:
            return timedelta(0)
        if purpose is Purpose.PAGE and self._settings.robots:
            return max(self._settings.pause, await self._robots.admit(hop.target))
        return self._settings.pause

    async def _send(self, hop: _Hop, route: Route, fetch: _Fetch, turn: Turn) -> HopResponse:
        allowance = _allowance(fetch.request)
        alone = fetch.request.purpose is Purpose.ALERT

        def permit() -> None:
            self._permit()
            turn.use()

        budget = Budget(name=hop.name, addresses=route.addresses, most_bytes=allowance.wire, alone=alone, permit=permit)
        request = self._http_request(hop, fetch)
        started = self._clock()
        try:
            async with asyncio.timeout(fetch.seconds_left):
                return await self._sender.send(request, budget, allowance)
        except TimeoutError as error:
            raise fetch.late(f"{hop.name}: no whole answer", FetchFailure.TIMEOUT, sent=budget.sent) from error
        finally:
            fetch.elapsed += self._clock() - started
            fetch.wire_bytes += budget.received

    def _http_request(self, hop: _Hop, fetch: _Fetch) -> httpx.Request:
        request = fetch.request
        body = request.body or b""
        headers = {"host": hop.name} | headers_of(request, agent=self._settings.agent, at_home=hop.at_home)
        if cookies := fetch.jar.header(hop.target, given=headers.get("cookie", "")):
            headers["cookie"] = cookies
        if request.body is not None or request.method not in ("GET", "HEAD"):
            headers["content-length"] = str(len(body))
        try:
            # httpx adds headers of its own to a request with `content`, but not to one with a stream.
            return httpx.Request(request.method, hop.target.parsed, headers=headers, stream=httpx.ByteStream(body))
        except UnicodeEncodeError as error:
            raise FetchError(FetchFailure.INVALID_URL, f"the request to {hop.name} cannot be sent") from error

    async def _read_robots(self, url: str) -> Response:
        return await self.fetch(Request(url=url, purpose=Purpose.ROBOTS, accept="text/plain", timeout=ROBOTS_TIMEOUT))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """One target of a fetch. `own_origin` may be reached although it is private: the link came from that origin."""

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
        """The hop that a redirect asks for. Once a fetch has left its own origin, no redirect leads it back there."""
        try:
            target = parse_target(urljoin(self.target.url, location))
        except ValueError as error:
            message = f"{self.name} redirects to something that is not a URL"
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
        """The host in error messages, with its port if that is not the scheme's own."""
        return self.target.name


class _Fetch:
    """The state that the hops of one fetch share: used part of the deadline, bytes received, redirects, cookies.

    Waiting for a turn uses nothing of the deadline.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.elapsed = 0.0
        self.wire_bytes = 0
        self.jar = CookieJar()
        self._redirects: list[tuple[int, str]] = []
        self._made: set[tuple[str, str]] = set()

    @property
    def seconds_left(self) -> float:
        return max(self.request.timeout.total_seconds() - self.elapsed, 0)

    def late(self, message: str, failure: FetchFailure, *, sent: bool = False) -> FetchError:
        return FetchError(failure, f"{message} within {self.request.timeout.total_seconds():g} s", sent=sent)

    def following(self, hop: _Hop, response: HopResponse) -> _Hop | None:
        """The next hop after a response, None if it is the last one."""
        if not self.request.follows_redirects:
            return None
        self._made.add(self._as_sent(hop))
        self.jar.take(hop.target, response.cookies)
        if is_redirect(response.status, response.headers):
            return self._wanted(hop.onward(response.headers["location"]))
        if not self.request.purpose.follows_refreshes:
            return None
        target = refresh_target(response.status, response.headers, response.body, url=hop.target.url)
        onward = hop.onward(target) if target else None
        return self._wanted(onward) if onward and self._as_sent(onward) not in self._made else None

    def _wanted(self, onward: _Hop) -> _Hop | None:
        follows = self.request.follows
        return onward if follows is None or follows(onward.target.url) else None

    def _as_sent(self, hop: _Hop) -> tuple[str, str]:
        return hop.target.url, self.jar.header(hop.target)

    def note_redirect(self, status: int, hop: _Hop) -> None:
        if len(self._redirects) == MOST_REDIRECTS:
            message = f"{_Hop.first(self.request).name} redirects more than {MOST_REDIRECTS} times"
            raise FetchError(FetchFailure.TOO_MANY_REDIRECTS, message, sent=True)
        self._redirects.append((status, hop.target.url))

    def end(self, hop: _Hop, response: HopResponse) -> Response:
        return Response(
            status=response.status,
            url=hop.target.url,
            headers=response.headers,
            body=response.body,
            elapsed=timedelta(seconds=self.elapsed),
            wire_bytes=self.wire_bytes,
            redirects=tuple(self._redirects),
            exchange=response.exchange,
        )


def default_tls() -> ssl.SSLContext:
    """Trusts the certificates of the system and of certifi: a company's own authority works, as does a bare machine."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _queue(hop: _Hop, route: Route, urgent: bool) -> str:
    """The politeness queue of a hop: public hosts by name, the operator's own by origin, alerts in a separate one."""
    if urgent:
        return f"alerts {hop.target.origin}"
    return hop.target.origin if route.own else hop.target.host


def _allowance(request: Request) -> Allowance:
    return Allowance(
        limit=request.limit,
        cut=request.cut or request.purpose.cuts_long_answers,
        keep_partial=request.purpose is Purpose.FEED,
        skip_redirects=request.follows_redirects,
        kept=KEPT_LIMIT if request.keeps_exchange else 0,
    )
