"""The protocol of channel modules, and the values that they take and return. No channel, no sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from watcher.model import Alert, Verdict

CHAT_EXPIRES_AFTER = timedelta(
    hours=20
)  # homeservers forget transaction ids after a day; older alerts go into a digest
JSON = "application/json; charset=utf-8"
_LONG = 8  # characters: a part of a path that is this long may be a secret
BY_APPRISE = "APPRISE"  # not an HTTP method: the request goes to Apprise


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """Parameters of `Channel.render` beside the alert; none of them is secret.

    `delivery_id` and `channel` are part of webhook bodies, `envelope` is "" or "cloudevents". `color`: hits are marked
    by ANSI codes (console). `sender`: the sender name of a hookshot message. `thread`: the Matrix event that begins
    the thread of this message, "" for none. `notice`: send `m.notice`, which Matrix shows without notification.
    """

    delivery_id: str = ""
    channel: str = ""
    envelope: str = ""
    color: bool = False
    sender: str = "watcher"
    thread: str = ""
    notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Target:
    """The address of a channel with its secrets resolved, made right before a request. Its repr shows no secret."""

    url: str = ""
    secret: str = ""
    token: str = ""
    homeserver: str = ""
    room: str = ""

    def __repr__(self) -> str:
        return f"Target({origin(self.url or self.homeserver)!r})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outgoing:
    """One request, not sent yet. Header names are lower-case. Its repr shows neither path nor headers."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {origin(self.url)!r}, {len(self.body)} bytes)"


class Channel(Protocol):
    """A type of channel, implemented by a module each.

    `minimum_gap`: between two requests to one target. `expires_after`: how long a delivery is tried, None for always.
    """

    @property
    def minimum_gap(self) -> timedelta: ...

    @property
    def expires_after(self) -> timedelta | None: ...

    def render(self, alert: Alert, options: RenderOptions) -> bytes:
        """Writes the body of the request: the same alert and options give the same bytes."""

    def simplify(self, body: bytes) -> bytes | None:
        """Reduces a body of `render` to a plainer form, for a channel that refused it; None if there is none."""

    def problems(self, target: Target) -> tuple[str, ...]:
        """Lists the reasons why the target is unusable, in sentences without secrets."""

    def warnings(self, target: Target) -> tuple[str, ...]:
        """Lists doubts about a target that is usable."""

    def address(self, target: Target) -> str:
        """Describes the receiver of requests for a person, without secrets."""

    def request(self, body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing | None:
        """Makes the request that carries `body`; None if this channel prints the body instead."""

    def judge(
        self, status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1
    ) -> Verdict:
        """Interprets a response. Header names are lower-case; `attempt` counts from 1, this one included."""

    def inquiry(self, target: Target) -> Outgoing | None:
        """Makes a request that checks the target before the first delivery; None if no check is needed."""

    def judge_inquiry(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
        """Interprets the response to the inquiry; DELIVERED allows deliveries."""


def origin(url: str) -> str:
    """Returns scheme, host and port of `url`, which are never secret; "" if it has none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{port}" if parts.scheme and name else ""


def redact(text: str, target: Target) -> str:
    """Replaces every secret of `target` in `text` by "***": its credentials, and its URL from the path on."""
    for secret in sorted(_secrets(target), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")}:
            text = text.replace(spelling, "***")
    return text


def url_problems(url: str, name: str = "url") -> tuple[str, ...]:
    """Lists the reasons why `url` is unusable as a channel's address."""
    if not url:
        return (f"{name} is empty",)
    if url != url.strip():
        return (f"{name} has white space around it",)
    if not origin(url).startswith(("https://", "http://")):
        return (f"{name} is not an http or https address",)
    return ()


def _secrets(target: Target) -> Iterator[str]:
    """Yields every string of `target` that must not be shown; fewer than 4 characters are not a secret."""
    candidates = [target.token, *target.secret.split()]
    try:
        parts = urlsplit(target.url)
        candidates += [
            target.url,
            parts.path.strip("/"),
            parts.query,
            parts.password or "",
            unquote(parts.password or ""),
            *parts.path.split("/")[-1:],
            *(part for part in parts.path.split("/") if len(part) >= _LONG),
        ]
    except ValueError:
        candidates.append(target.url)
    yield from (secret for secret in candidates if len(secret) >= 4)
