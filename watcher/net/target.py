"""Parses a URL once, strictly, so that the checked target is the one that is connected to. No network.

A URL that a lenient parser would repair is refused: two parsers that repair differently are the way around an address
guard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import httpx

from watcher.errors import AddressRefused, FetchError, FetchFailure

LONGEST_URL = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)")
# The form of most addresses; their origin is a prefix as it is, and needs no parsing.
_PLAIN = re.compile(r"(https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})(?:/[!-\[\]-~]*)?")
LONGEST_PLAIN = 250
# The part behind the origin can be left out, because nothing in it is ever refused.
_START = re.compile(r"(https?://[^/?#]+)[/?#][!-\[\]-~]*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# WHATWG URL, "ends in a number": such a host is read as IPv4 by some resolver somewhere, whatever its spelling.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target of a request. `host` is ASCII without brackets; `address` is set if the host is a numeric address.

    `name` is the host, with its port if that is not the scheme's own; `parsed` is the URL for httpx.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPv4Address | IPv6Address | None
    name: str
    parsed: httpx.URL = field(compare=False, repr=False)

    @property
    def origin(self) -> str:
        """`https://example.org`, with the port only if it is not the scheme's own."""
        return f"{self.scheme}://{self.name}"

    @property
    def url(self) -> str:
        return self.origin + self.path


def parse_target(url: str) -> Target:
    """The target of an absolute http(s) URL; the fragment is left out.

    Raises AddressRefused for a misleading URL (another scheme, credentials, `\\`, control characters, odd spellings of
    numeric addresses), FetchError(INVALID_URL) for one that cannot be parsed. Neither names more of it than the host.
    """
    url = url.strip(" ")
    scheme, authority = _split(url)
    if "@" in authority:
        raise AddressRefused(
            f"the URL at {_shown(authority.rpartition('@')[2])} contains credentials; put them in a header"
        )
    if not authority.startswith("["):
        _refuse_odd_number(authority.partition(":")[0])
    try:
        parsed = httpx.URL(url)
        spelled, port, path = parsed.raw_host.decode("ascii"), parsed.port, parsed.raw_path.decode("ascii")
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise _invalid(f"the URL at {_shown(authority)} cannot be read") from error
    host, address = _host(spelled.strip("[]"), bracketed="[" in authority)
    port = DEFAULT_PORTS[scheme] if port is None else port
    if not 0 < port < 65536:
        raise _invalid(f"the URL at {_shown(host)} has no possible port")
    name = f"[{host}]" if ":" in host else host
    name = name if port == DEFAULT_PORTS[scheme] else f"{name}:{port}"
    if host != spelled:
        parsed = httpx.URL(f"{scheme}://{name}{path}")
    return Target(scheme=scheme, host=host, port=port, path=path, address=address, name=name, parsed=parsed)


@lru_cache(maxsize=256)  # each entry asks for its feed's
def origin_of(url: str) -> str:
    """The origin of an absolute http(s) URL, as in `trusted_origins` and `referrer_origin`.

    Raises like `parse_target`.
    """
    plain = _PLAIN.fullmatch(url) if len(url) <= LONGEST_PLAIN else None
    return plain[1] if plain else parse_target(url).origin


def is_same_origin(url: str, other: str) -> bool:
    """Whether two URLs have one origin; False if one of them cannot be fetched."""
    try:
        return origin_of(url) == origin_of(other)
    except FetchError:
        return False


def origins_of(urls: Iterable[str]) -> frozenset[str]:
    """The origins of the URLs that can be parsed. Each different start is parsed once: most URLs share few hosts."""
    origins = set()
    for start in {_start_of(url) for url in urls}:
        with suppress(FetchError):
            origins.add(origin_of(start))
    return frozenset(origins)


def _start_of(url: str) -> str:
    start = _START.fullmatch(url) if len(url) <= LONGEST_URL else None
    return start[1] if start else url


def _split(url: str) -> tuple[str, str]:
    if len(url) > LONGEST_URL:
        raise _invalid(f"the URL is longer than {LONGEST_URL} characters")
    if "\\" in url or _CONTROL.search(url):
        raise AddressRefused("the URL contains a backslash or a control character")
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in DEFAULT_PORTS:
        raise AddressRefused(f"the URL's scheme is {scheme[1][:20].lower()}, only http and https are fetched")
    parts = _PARTS.match(url)
    if parts is None or not parts[2]:
        raise _invalid("the URL is not of the form http(s)://host/path")
    return parts[1].lower(), parts[2]


def _host(host: str, *, bracketed: bool) -> tuple[str, IPv4Address | IPv6Address | None]:
    if bracketed:
        return _ipv6(host)
    name = host.lower().removesuffix(".")
    number = _refuse_odd_number(name)
    if number is not None:
        return name, number
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise _invalid(f"{_shown(host)} is not a host name")
    return name, None


def _refuse_odd_number(host: str) -> IPv4Address | None:
    """The address of a numeric host, None if it is a name."""
    host = host.removesuffix(".")
    last = host.rpartition(".")[2]
    if last[:1] not in _DIGITS or not _NUMBER.fullmatch(last):
        return None
    try:
        return IPv4Address(host)
    except AddressValueError as error:
        raise AddressRefused(f"{_shown(host)} is an odd spelling of an address") from error


def _ipv6(host: str) -> tuple[str, IPv6Address]:
    if "%" in host:
        raise AddressRefused(f"{_shown(host)} names a network interface")
    try:
        address = IPv6Address(host)
    except AddressValueError as error:
        raise _invalid(f"{_shown(host)} is not an address") from error
    return str(address), address


def _shown(host: str) -> str:
    """An untrusted host for a message: short, and without control characters."""
    return "".join(c if c.isprintable() else "?" for c in host[:100]) or "no host"


def _invalid(message: str) -> FetchError:
    return FetchError(FetchFailure.INVALID_URL, message)
