"""The shape that every channel module has, and the values that go in and out. No channel of its own, no sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from watcher.model import Alert, Verdict

CHAT_EXPIRES_AFTER = timedelta(
    hours=20
)  # older alerts belong into a digest; homeservers forget transaction ids after a day
JSON = "application/json; charset=utf-8"
_LONG = 8  # characters; a part of a path that is as long is taken for a secret
BY_APPRISE = "APPRISE"  # a method of our own: the request goes to Apprise, not out by HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What rendering needs beside the alert; nothing secret.

    `delivery_id` and `channel` stand in webhook bodies, `envelope` is "" or "cloudevents". `color`: hits are marked
    by ANSI codes (console). `sender`: the name a hookshot message carries. `thread`: the Matrix event that this one
    replies to in a thread, "" if none. `notice`: send `m.notice`, which Matrix clients show without a notification.
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
    """Where a delivery goes, secrets resolved; made right before a request. Its repr shows none of them."""

    url: str = ""
    secret: str = ""
    token: str = ""
    homeserver: str = ""
    room: str = ""

    def __repr__(self) -> str:
        return f"Target({origin(self.url or self.homeserver)!r})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outgoing:
    """One request to be sent. Header names are lower-case. Its repr shows neither the path nor the headers."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {origin(self.url)!r}, {len(self.body)} bytes)"


class Channel(Protocol):
    """A type of channel. Implemented by modules, so that each reads as one page.

    `minimum_gap`: between two requests to one target. `expires_after`: how long a delivery is tried, None for always.
    """

    @property
    def minimum_gap(self) -> timedelta: ...

    @property
    def expires_after(self) -> timedelta | None: ...

    def render(self, alert: Alert, options: RenderOptions) -> bytes:
        """The body of the request: the same alert and options give the same bytes."""

    def simplify(self, body: bytes) -> bytes | None:
        """A plainer form of a body that `render` made, for a channel that refused it; None if there is none."""

    def problems(self, target: Target) -> tuple[str, ...]:
        """What makes the target unusable, in words that hold no secret."""

    def warnings(self, target: Target) -> tuple[str, ...]:
        """What is odd about the target, though usable."""

    def address(self, target: Target) -> str:
        """Where requests go, as a person may read it: nothing secret."""

    def request(self, body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing | None:
        """The request that carries `body`; None if this channel sends none and the body is to be printed."""

    def judge(
        self, status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1
    ) -> Verdict:
        """What an answer means. Header names are lower-case; `attempt` counts from 1, this one included."""

    def inquiry(self, target: Target) -> Outgoing | None:
        """A request to send before the first delivery, to see that the target takes what we send; None: no need."""

    def judge_inquiry(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
        """What the answer to the inquiry means; DELIVERED: go ahead."""


def origin(url: str) -> str:
    """Scheme, host and port of `url`, which are never secret; "" if it has none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{port}" if parts.scheme and name else ""


def redact(text: str, target: Target) -> str:
    """`text` with every secret of `target` replaced by "***": its credentials, and its URL from the path on."""
    for secret in sorted(_secrets(target), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")}:
            text = text.replace(spelling, "***")
    return text


def url_problems(url: str, name: str = "url") -> tuple[str, ...]:
    """What makes `url` unusable as a channel's address."""
    if not url:
        return (f"{name} is empty",)
    if url != url.strip():
        return (f"{name} has white space around it",)
    if not origin(url).startswith(("https://", "http://")):
        return (f"{name} is not an http or https address",)
    return ()


def _secrets(target: Target) -> Iterator[str]:
    """Every string of `target` that must not be shown; anything shorter than 4 characters gives nothing away."""
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
