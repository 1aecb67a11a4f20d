"""The client's requests, responses and settings. No network, no policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from watcher.net import caching
from watcher.net.exchange import Exchange
from watcher.text.http import retry_after

MIB = 1024 * 1024
FEED_LIMIT = 16 * MIB
PAGE_LIMIT = 8 * MIB
ALERT_LIMIT = 64 * 1024
# RFC 9309, 2.5: a crawler reads at least 500 KiB of a robots.txt.
ROBOTS_LIMIT = 500 * 1024


class Purpose(StrEnum):
    """The purpose of a request: it decides on robots.txt, redirects, pauses and the host's queue."""

    FEED = "feed"
    PAGE = "page"
    ROBOTS = "robots.txt"
    ALERT = "alert"

    @property
    def limit(self) -> int:
        """The most bytes that a decompressed body may have, unless the request sets its own limit."""
        return _LIMITS[self]

    @property
    def cuts_long_answers(self) -> bool:
        """Whether a body is cut at its limit: a part of a robots.txt is enough, and an alert is delivered."""
        return self in (Purpose.ROBOTS, Purpose.ALERT)

    @property
    def follows_refreshes(self) -> bool:
        """Whether a `Refresh` header or meta element counts as a redirect."""
        return self in (Purpose.FEED, Purpose.PAGE)


_LIMITS = {
    Purpose.FEED: FEED_LIMIT,
    Purpose.PAGE: PAGE_LIMIT,
    Purpose.ROBOTS: ROBOTS_LIMIT,
    Purpose.ALERT: ALERT_LIMIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettings:
    """The settings of the client: `[net]` of the config.

    `per_host` requests at once and `pause` between two starts apply to public hosts. The operator's own hosts (origins
    that they wrote at private addresses, and networks in `allow_private`) get `own_per_host` at once and no pause.
    `at_once` caps the requests to all hosts together, `longest_wait` the time that one request waits for its turn.
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
        """The User-Agent of every request: the program and its contact."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One fetch to make. Fields that may hold a secret are not in its repr.

    `timeout` bounds DNS, connecting, every redirect and the body together, but not the wait for a turn.
    `max_bytes` counts decompressed bytes; None takes the limit of the purpose. `cut`: a longer body is cut there, not
    refused. `operator`: the URL is in the config (a
    feed, a channel), so a private address in it is intended. `referrer_origin`: the origin of the feed that has the
    link, which may link to itself although it is private. `headers` are the operator's: they are never sent to another
    origin than that of `url`. `etag` and `last_modified` make the GET conditional. `follows` is asked before each
    redirect, with its target; if it says no, the redirect is the response. `keeps_exchange`: the response has the bytes
    of its exchange.
    """

    url: str = field(repr=False)
    purpose: Purpose
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=60)
    max_bytes: int | None = None
    cut: bool = False
    accept: str = "*/*"
    etag: str = ""
    last_modified: str = ""
    operator: bool = False
    keeps_exchange: bool = False
    referrer_origin: str | None = None
    follows: Callable[[str], bool] | None = field(default=None, repr=False)

    @property
    def limit(self) -> int:
        return self.purpose.limit if self.max_bytes is None else self.max_bytes

    @property
    def follows_redirects(self) -> bool:
        return self.method == "GET" and self.purpose is not Purpose.ALERT


KEPT_LIMIT = 2 * MIB
"""The most bytes of a body that an exchange keeps as received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response, of any status.

    `url` is its address after the `redirects`, each as (status, target URL); a refresh has the status of its page.
    `permanent_url` is `url` if every redirect was permanent (301, 308), "" otherwise. `headers` have lower-case names,
    without cookies. `body` is decompressed. `elapsed` does not include the wait for a turn; `wire_bytes` counts the
    bytes received, heads included. `exchange`: None if it was not asked for, or its body is over KEPT_LIMIT.
    """

    status: int
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: timedelta
    wire_bytes: int
    redirects: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    exchange: Exchange | None = None

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
        """How long the response is fresh by `Cache-Control`; zero for `no-cache` and `no-store`, None if not given."""
        return caching.max_age(self.headers.get("cache-control", ""))

    def retry_after(self, now: datetime) -> timedelta | None:
        """The wait that `Retry-After` asks for, never negative; None if it is missing or unreadable."""
        return retry_after(self.headers.get("retry-after", ""), now)


class Resolver(Protocol):
    """DNS: resolves a host name to numeric addresses, the best one first. Raises OSError if there are none."""

    def __call__(self, host: str, port: int) -> Awaitable[Sequence[str]]: ...
