"""The values that go into the client and come out of it. No network, no policy."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from watcher.net import caching

MIB = 1024 * 1024
FEED_LIMIT = 16 * MIB
PAGE_LIMIT = 8 * MIB
ALERT_LIMIT = 64 * 1024
# RFC 9309, 2.5: a crawler reads at least 500 KiB of a robots.txt.
ROBOTS_LIMIT = 500 * 1024


class Purpose(StrEnum):
    """What a request is for; it decides on robots.txt, redirects, pauses and what an error may name."""

    FEED = "feed"
    PAGE = "page"
    ROBOTS = "robots.txt"
    ALERT = "alert"

    @property
    def limit(self) -> int:
        """The most bytes that an answer may have once decompressed, unless the request says otherwise."""
        return _LIMITS[self]

    @property
    def cuts_long_answers(self) -> bool:
        """A long robots.txt is read as far as its limit; a long answer to an alert must not hide that it was taken."""
        return self in (Purpose.ROBOTS, Purpose.ALERT)


_LIMITS = {
    Purpose.FEED: FEED_LIMIT,
    Purpose.PAGE: PAGE_LIMIT,
    Purpose.ROBOTS: ROBOTS_LIMIT,
    Purpose.ALERT: ALERT_LIMIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettings:
    """How the client behaves, as `[net]` of the config says.

    `per_host` requests at once and `pause` between two starts hold for strangers' hosts; the operator's own (origins
    that he wrote at private addresses, and networks in `allow_private`) get `own_per_host` at once and no pause.
    `at_once` caps the requests to all hosts together, `longest_wait` the time one request waits for its turn.
    `proxy` is `http://[user:password@]host:port` or "".
    """

    user_agent: str = "watcher"
    contact: str = ""
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    per_host: int = 2
    own_per_host: int = 16
    at_once: int = 64
    pause: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=10)
    robots: bool = True
    proxy: str = field(default="", repr=False)

    @property
    def agent(self) -> str:
        """The User-Agent of every request: the program, and whom to write to."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One exchange to make.

    `timeout` bounds DNS, connecting, every redirect and the body together, but not the wait for politeness.
    `max_bytes` counts decompressed bytes, None takes the purpose's own limit. `operator`: the URL stands in the
    config (a feed, a channel), so a private address in it is meant. `referrer_origin`: the origin of the feed
    that led here, which may link to itself though it is private. `headers` are the operator's: they never leave
    the origin of `url`. `etag` and `last_modified` make the GET conditional. What may hold a secret is not in the repr.
    """

    url: str = field(repr=False)
    purpose: Purpose
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=60)
    max_bytes: int | None = None
    accept: str = "*/*"
    etag: str = ""
    last_modified: str = ""
    operator: bool = False
    referrer_origin: str | None = None

    @property
    def limit(self) -> int:
        return self.purpose.limit if self.max_bytes is None else self.max_bytes

    @property
    def follows_redirects(self) -> bool:
        return self.method == "GET" and self.purpose is not Purpose.ALERT


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, whatever its status.

    `url` is where it came from after `redirects`, each as (status, URL it led to). `permanent_url` is `url` if every
    redirect was permanent (301, 308), "" otherwise. `headers` have lower-case names; cookies are left out. `body` is
    decompressed. `elapsed` leaves out the wait for politeness; `wire_bytes` counts what came in, heads included.
    """

    status: int
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: timedelta
    wire_bytes: int
    redirects: tuple[tuple[int, str], ...] = field(default=(), repr=False)

    @property
    def permanent_url(self) -> str:
        permanent = bool(self.redirects) and all(status in (301, 308) for status, _ in self.redirects)
        return self.url if permanent else ""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")

    @property
    def max_age(self) -> timedelta | None:
        """How long `Cache-Control` calls this fresh; zero for `no-cache` and `no-store`, None if it is silent."""
        return caching.max_age(self.headers.get("cache-control", ""))

    def retry_after(self, now: datetime) -> timedelta | None:
        """How long `Retry-After` asks to wait, never negative; None if it is missing or unreadable."""
        return caching.retry_after(self.headers.get("retry-after", ""), now)


class Resolver(Protocol):
    """DNS: a host name and port to addresses in numbers, best first. Raises OSError if there are none."""

    def __call__(self, host: str, port: int) -> Awaitable[Sequence[str]]: ...
