"""Cookies of one fetch: kept from hop to hop (RFC 6265), sent to the host that set them only, then forgotten.

Some sites redirect until their cookie comes back. A cookie belongs to its exact host, with or without `www.` if it says
so by `Domain`, and to one port (or to both of 80 and 443); everything in the jar is limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from watcher.net.target import DEFAULT_PORTS, Target

MOST_COOKIES = 50
MOST_HEADERS = 100  # Set-Cookie headers that are looked at, in one response
LONGEST_COOKIE = 4096
LONGEST_HEADER = 8192

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e]?(?:[\x20-\x3a\x3c-\x7e]*[\x21-\x3a\x3c-\x7e])?")
_NUMBER = re.compile(r"-?[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    """One cookie. `host` has no `www.` if `both`: then it is sent with and without that."""

    name: str
    value: str
    host: str
    both: bool
    port: int
    path: str
    secure: bool

    def is_for(self, target: Target) -> bool:
        host = target.host.removeprefix("www.") if self.both else target.host
        return (
            (host, _port(target)) == (self.host, self.port)
            and _covers(self.path, _path(target))
            and (target.scheme == "https" or not self.secure)
        )


class CookieJar:
    """The cookies of one fetch."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, bool, int, str], _Cookie] = {}

    def take(self, target: Target, headers: Iterable[str]) -> None:
        """Keeps, replaces or deletes cookies as the Set-Cookie headers of a response from `target` ask."""
        for header in list(headers)[:MOST_HEADERS]:
            cookie, is_over = _read(header, target)
            if cookie is None:
                continue
            key = (cookie.name, cookie.host, cookie.both, cookie.port, cookie.path)
            if is_over:
                self._cookies.pop(key, None)
            elif key in self._cookies or len(self._cookies) < MOST_COOKIES:
                self._cookies[key] = cookie

    def header(self, target: Target, *, given: str = "") -> str:
        """Makes the Cookie header for a request to `target`, "" for none; cookies of the operator are `given`."""
        names = {pair.partition("=")[0].strip() for pair in given.split(";")}
        header = given
        for cookie in sorted(self._cookies.values(), key=lambda one: -len(one.path)):
            pair = f"{cookie.name}={cookie.value}"
            if cookie.name not in names and cookie.is_for(target) and len(header) + len(pair) < LONGEST_HEADER:
                header = f"{header}; {pair}" if header else pair
        return header


def _read(header: str, target: Target) -> tuple[_Cookie | None, bool]:
    """Reads one Set-Cookie header; None if it is not to be kept. The flag: it deletes the cookie."""
    pair, _, rest = header[: 2 * LONGEST_COOKIE].partition(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    readable = equals and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
    if not readable or len(pair) > LONGEST_COOKIE:
        return None, False
    attributes = _attributes(rest)
    secure = "secure" in attributes
    domain = attributes.get("domain", "").lower().removeprefix(".")
    path = attributes.get("path", "")
    both = bool(domain) and target.address is None
    cookie = _Cookie(
        name=name,
        value=value,
        host=target.host.removeprefix("www.") if both else target.host,
        both=both,
        port=_port(target),
        path=path if path.startswith("/") else _default_path(_path(target)),
        secure=secure,
    )
    if not _is_within(domain, target) or (secure and target.scheme != "https") or not _keeps_its_prefix(cookie):
        return None, False
    return cookie, _is_over(attributes)


def _attributes(text: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in text.split(";")[:20])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _is_within(domain: str, target: Target) -> bool:
    """Whether a host may set a cookie for this Domain ("" if none is given): its own, or a parent of it.

    For a parent domain the cookie is kept, but for the host itself: only lists know which domains are shared.
    """
    return not domain or target.host == domain or (target.address is None and target.host.endswith(f".{domain}"))


def _keeps_its_prefix(cookie: _Cookie) -> bool:
    """Whether a cookie named `__Secure-…` or `__Host-…` is what these names promise (RFC 6265bis, 4.1.3)."""
    name = cookie.name.lower()
    if name.startswith("__host-"):
        return cookie.secure and cookie.path == "/" and not cookie.both
    return cookie.secure or not name.startswith("__secure-")


def _is_over(attributes: dict[str, str]) -> bool:
    if (age := attributes.get("max-age", "")) and _NUMBER.fullmatch(age):
        return int(age) <= 0
    try:
        expires = parsedate_to_datetime(attributes.get("expires", ""))
    except (ValueError, TypeError, OverflowError):
        return False
    return expires.replace(tzinfo=expires.tzinfo or UTC) <= datetime.now(UTC)


def _port(target: Target) -> int:
    """The port that a cookie belongs to: one for both of http and https, so that it survives the redirect to https."""
    return 0 if target.port == DEFAULT_PORTS[target.scheme] else target.port


def _path(target: Target) -> str:
    return target.path.partition("?")[0]


def _default_path(path: str) -> str:
    return path[: path.rfind("/")] or "/"


def _covers(cookie_path: str, path: str) -> bool:
    """RFC 6265, 5.1.4."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"
