"""Applies robots.txt (RFC 9309) to article pages at public hosts.

Missing (4xx): everything is allowed. Unreadable for now (5xx, 429, no response): nothing is fetched, and the failure is
a passing one, so that the page is tried again later. After a day of failures the host counts as having none (section
2.3.1.4 leaves the length to the crawler; thirty days would be too long for news).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from protego import Protego

from watcher.errors import FetchError, FetchFailure
from watcher.net.target import Target
from watcher.net.values import Response

SLOWEST_CRAWL = timedelta(seconds=30)
HOSTS_REMEMBERED = 512
# Parsed rules were measured to take 12 to 57 times their text.
TEXT_REMEMBERED = 1024 * 1024
# Longer rules are parsed and applied in a thread: 500 KB of wildcards against a long URL took half a second.
_LONG = 16 * 1024

_FRESH_AT_LEAST, _FRESH, _FRESH_AT_MOST = timedelta(hours=1), timedelta(hours=6), timedelta(hours=24)
_TRY_AGAIN = timedelta(minutes=10)
_GIVE_UP = timedelta(days=1)


@dataclass(slots=True)
class _Known:
    """The state of one origin. Without rules and without a failure everything is allowed."""

    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    expires: float = float("-inf")
    rules: Protego | None = None
    size: int = 0
    failure: FetchError | None = None
    failing_since: float | None = None


class Robots:
    """Reads an origin's robots.txt with `read` on its first use, and caches it. `clock` returns monotonic seconds."""

    def __init__(self, *, read: Callable[[str], Awaitable[Response]], agent: str, clock: Callable[[], float]) -> None:
        self._read = read
        self._product = agent.partition("/")[0].strip() or "watcher"
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def admit(self, target: Target) -> timedelta:
        """The pause that this host asks for between two requests, zero if none.

        Raises FetchError(ROBOTS) if the page must not be fetched, or the failure to read robots.txt.
        """
        known = self._known.setdefault(target.origin, _Known())
        self._known.move_to_end(target.origin)
        async with known.reading:
            if known.expires <= self._clock():
                await self._refresh(known, target)
        if known.failure is not None:
            message = f"robots.txt cannot be read, so no page is fetched for now: {known.failure}"
            raise FetchError(known.failure.failure, message) from known.failure
        if known.rules is None:
            return timedelta(0)
        ask = partial(known.rules.can_fetch, target.url, self._product)
        if not (await asyncio.to_thread(ask) if known.size > _LONG else ask()):
            raise FetchError(
                FetchFailure.ROBOTS, f"{target.host} does not allow robots to fetch this page (robots.txt)"
            )
        delay = known.rules.crawl_delay(self._product) or 0.0
        return min(timedelta(seconds=min(delay, 86400.0)), SLOWEST_CRAWL)

    def __len__(self) -> int:
        return len(self._known)

    async def _refresh(self, known: _Known, target: Target) -> None:
        try:
            response = await self._read(f"{target.origin}/robots.txt")
        except FetchError as error:
            self._note_failure(known, error)
        else:
            if response.status >= 500 or response.status == 429:
                message = f"{target.host} answers {response.status}"
                self._note_failure(known, FetchError(FetchFailure.BAD_RESPONSE, message))
            else:
                await self._note_rules(known, response)
        self._forget()

    def _note_failure(self, known: _Known, error: FetchError) -> None:
        now = self._clock()
        if known.failing_since is None:
            known.failing_since = now
        # Redirects in a circle or to refused addresses mean that there is none (RFC 9309, 2.3.1.2).
        lasting = error.failure in (FetchFailure.TOO_MANY_REDIRECTS, FetchFailure.REFUSED_ADDRESS)
        given_up = now - known.failing_since >= _GIVE_UP.total_seconds()
        known.failure = None if lasting or given_up else error
        known.rules, known.size = None, 0
        known.expires = now + _TRY_AGAIN.total_seconds()

    async def _note_rules(self, known: _Known, response: Response) -> None:
        text = response.body.decode("utf-8", errors="replace").removeprefix("\ufeff") if response.status == 200 else ""
        known.size = len(text)
        if known.size > _LONG:
            known.rules = await asyncio.to_thread(Protego.parse, text)
        else:
            known.rules = Protego.parse(text) if text else None
        known.failure = known.failing_since = None
        fresh = min(max(response.max_age or _FRESH, _FRESH_AT_LEAST), _FRESH_AT_MOST)
        known.expires = self._clock() + fresh.total_seconds()

    def _forget(self) -> None:
        total = sum(known.size for known in self._known.values())
        while len(self._known) > HOSTS_REMEMBERED or (total > TEXT_REMEMBERED and len(self._known) > 1):
            _, oldest = self._known.popitem(last=False)
            total -= oldest.size
