"""The types of config keys, and of the tables that hold them: each converts the written value, or raises a ValueError.

Its message continues a sentence that begins with the key, and says what to write. It never shows a URL, which may be
secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict, ValidationInfo

from watcher.config.schedule import check_digest, parse_duration, parse_quiet
from watcher.text.addresses import clean_address

MOST_REVISITS = 50
_Choice = TypeVar("_Choice", bound=StrEnum)
# Valid URLs in normal form. Most URLs match, and skip the slower checks.
_PLAIN_URL = re.compile(r'https?://[a-z0-9.-]+(?::(?!0|80/|443/)(?:[1-5]?[0-9]{4}|[0-9]{2,3}))?/[!"$-~]*(?<!\?)')
_PLAIN_NAME = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?|\[[0-9A-Fa-f:.]+\]")
UNIX = "unix:"
"""The beginning of a `[web] listen` that names a Unix socket."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Section(BaseModel):
    """A table of the config file: frozen, without unknown keys, silent conversions, or values in messages.

    `defer_build`: pydantic builds the validator of a section on first use.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, validate_default=True, defer_build=True
    )


def is_plain_name(value: object) -> bool:
    """Returns whether this is certainly a valid name, by one pattern; False: check it in full."""
    return isinstance(value, str) and _PLAIN_NAME.fullmatch(value) is not None


def is_plain_url(value: object) -> bool:
    """Returns whether this is certainly a valid URL in normal form, by one pattern; False: check it in full."""
    return isinstance(value, str) and _PLAIN_URL.fullmatch(value) is not None


def check_name(text: str) -> str:
    """Returns a valid name of a feed, watch or channel as it is. Raises ValueError."""
    if not text.strip():
        raise ValueError("must not be empty; give it a name")
    if text != text.strip() or not text.isprintable():
        raise ValueError("must not begin or end with white space, or contain line breaks or control characters")
    return text


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('must be a duration in quotes such as "90s", "15m", "24h" or "2d"')
    return parse_duration(value)


def _above_zero(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError('must be longer than 0; write a duration such as "1s" or "15m"')
    return duration


def _keep(value: object) -> timedelta:
    return timedelta(0) if value == "0" else _duration(value)


def _rising(times: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    if not 1 <= len(times) <= MOST_REVISITS:
        raise ValueError(f"must have 1 to {MOST_REVISITS} durations")
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError('must be rising, each later than the one before, e.g. ["15m", "1h", "1d"]')
    return times


def _group_wait(duration: timedelta) -> timedelta:
    if not timedelta(0) <= duration <= timedelta(seconds=60):
        raise ValueError('must be between "0s" and "60s"')
    return duration


def split_http_url(text: str) -> SplitResult:
    """Splits an http or https URL that has a host. Raises ValueError, whose message does not show `text`."""
    if text != text.strip() or not text.isprintable() or " " in text:
        raise ValueError("must be an address without white space or control characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # its message quotes parts of the address, which may be those of a password
        message = "is not an address: brackets belong around IPv6 addresses only, and a port is a number up to 65535"
        raise ValueError(message) from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must be an address that begins with https:// or http://")
    if not parts.hostname or port == 0:
        raise ValueError("has no host; write it like https://www.example.org/feed.xml")
    return parts


def normal_url(url: str) -> str:
    """Returns the normal form of a URL: scheme and host in lower case, without default port and fragment."""
    if is_plain_url(url):
        return url
    try:
        parts = urlsplit(clean_address(url))
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in {None, default} else f":{parts.port}"
    except ValueError:
        return url
    return parts._replace(netloc=f"{parts.hostname}{port}", path=parts.path or "/", fragment="").geturl()


def _http_url(text: str) -> str:
    split_http_url(text)
    return text


def _feed_url(text: str) -> str:
    if text[:5].lower() == "feed:":
        text = clean_address(text)
    if split_http_url(text).username is not None:
        raise ValueError(
            'contains a user name or password; remove it and write headers = { Authorization = "Basic …" } instead'
        )
    return text


def _optional_url(text: str) -> str:
    return _http_url(text) if text else text


def _absolute(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path):
        return value
    if not str(value) or not str(value).isprintable():
        raise ValueError('must name a folder, e.g. "seeds"')
    return base_folder(info) / value


def _list_file(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path):
        return value
    if not str(value) or not str(value).isprintable():
        raise ValueError('must name an OPML file, e.g. "lists/papers.opml"')
    return base_folder(info) / value


def base_folder(info: ValidationInfo) -> Path:
    """Returns the folder of relative paths: that of the config file, or the current one outside of `load`."""
    return Path(info.context["base"]) if info.context else Path.cwd()


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        near = get_close_matches(name, available_timezones(), 1)
        raise ValueError(f"is not a known time zone, write it like Europe/Berlin or UTC{did_you_mean(near)}") from None
    return name


def _network(value: object) -> object:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise ValueError('must be a network in quotes such as "10.1.0.0/16"')
    with suppress(ValueError):
        return ipaddress.ip_network(value)
    try:
        near = [str(ipaddress.ip_network(value, strict=False))]
    except ValueError:
        near = []
    raise ValueError(f'is not a network, write it like "10.1.0.0/16" or "fd00::/8"{did_you_mean(near)}')


def _header_text(text: str) -> str:
    if not (text.isascii() and (text.isprintable() or not text)):
        raise ValueError("must contain ASCII characters only, because it is sent as an HTTP header")
    return text


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"contains {name!r}, which is not a header name; write it like Accept-Language")
        try:
            _header_text(value)
        except ValueError as error:
            raise ValueError(f"the value of {name} {error}") from None
    return MappingProxyType(dict(headers))


def _listen(place: str) -> str:
    try:
        split_listen(place)
    except ValueError:
        raise ValueError('must be an address and a port, e.g. "127.0.0.1:9464" or "[::1]:9464"') from None
    return place


def split_listen(place: str) -> tuple[str, int]:
    """Splits the value of `[metrics] listen` into address and port. Raises ValueError."""
    host, _, port = place.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(port)
    return str(ipaddress.ip_address(host)), int(port)


def _web_listen(place: str, info: ValidationInfo) -> str:
    """Accepts an address and a port, or `unix:` and a path, which becomes absolute."""
    if not place:
        return place
    try:
        if place.startswith(UNIX):
            path = place.removeprefix(UNIX)
            if not path or not path.isprintable():
                raise ValueError(path)
            return f"{UNIX}{base_folder(info) / path}"
        split_listen(place)
    except ValueError:
        raise ValueError('must be like "127.0.0.1:8410", "[::1]:8410" or "unix:state/web.sock"') from None
    return place


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"contains {name!r}; write host names without scheme and port, e.g. watcher.example.org")
    return tuple(name.lower().removesuffix(".") for name in names)


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("must be the name of a header field such as X-Remote-User")
    return name


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _durations(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError('must be a list of durations such as ["15m", "1h", "1d"]')
    return tuple(value)


def _if_written(check: Callable[[str], object]) -> AfterValidator:
    def validate(text: str) -> str:
        if text:
            check(text)
        return text

    return AfterValidator(validate)


def did_you_mean(near: list[str]) -> str:
    """Returns `; did you mean "terms"?` for the first similar word, "" without one."""
    return f'; did you mean "{near[0]}"?' if near else ""


def choice(kind: type[_Choice]) -> BeforeValidator:
    """Accepts the values of an enumeration as strings."""

    def validate(value: object) -> object:
        words = [member.value for member in kind]
        if isinstance(value, str) and value in words:
            return kind(value)
        listed = ", ".join(f'"{word}"' for word in words)
        near = get_close_matches(value, words, 1) if isinstance(value, str) else []
        raise ValueError(f"must be one of {listed}{did_you_mean(near)}")

    return BeforeValidator(validate)


def _lease(value: timedelta) -> timedelta:
    if not timedelta(seconds=2) <= value <= timedelta(hours=1):
        raise ValueError('must be between "2s" and "1h"')
    return value


Name = Annotated[str, AfterValidator(check_name)]
Duration = Annotated[timedelta, AfterValidator(_above_zero), BeforeValidator(_duration)]
Pause = Annotated[timedelta, BeforeValidator(_duration)]
Keep = Annotated[timedelta, BeforeValidator(_keep)]
Lease = Annotated[timedelta, AfterValidator(_lease), BeforeValidator(_duration)]
GroupWait = Annotated[timedelta, AfterValidator(_group_wait), BeforeValidator(_duration)]
FeedUrl = Annotated[str, AfterValidator(_feed_url)]
OptionalUrl = Annotated[str, AfterValidator(_optional_url)]
ListUrl = Annotated[str, AfterValidator(lambda url: _feed_url(url) if url else url)]
ListFile = Annotated[Path, BeforeValidator(_list_file)]
Folder = Annotated[Path, BeforeValidator(_absolute)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Networks = Annotated[tuple[Network, ...], Strict(False), BeforeValidator(_tuple)]
RevisitTimes = Annotated[tuple[Duration, ...], AfterValidator(_rising), Strict(False), BeforeValidator(_durations)]
Texts = Annotated[tuple[str, ...], Strict(False), BeforeValidator(_tuple)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
Headers = Annotated[Mapping[str, str], AfterValidator(_headers)]
Listen = Annotated[str, _if_written(_listen)]
WebListen = Annotated[str, AfterValidator(_web_listen)]
HostNames = Annotated[tuple[str, ...], AfterValidator(_host_names), Strict(False), BeforeValidator(_tuple)]
HeaderName = Annotated[str, _if_written(_header_name)]
Quiet = Annotated[str, _if_written(parse_quiet)]
Digest = Annotated[str, _if_written(check_digest)]
Raw = Mapping[str, Any]
