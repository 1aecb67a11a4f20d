"""Channel type `matrix-webhook`: text, HTML and a name for a generic webhook of matrix-hookshot.

https://matrix-org.github.io/matrix-hookshot/latest/setup/webhooks.html. Hookshot does not sanitise HTML, so every tag
is made here. It reads `text` as Markdown if `html` is missing, so `html` is always present.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Final

from watcher.alerts.channel import CHAT_EXPIRES_AFTER, JSON, Outgoing, RenderOptions, Target, origin, url_problems
from watcher.alerts.html import to_html
from watcher.alerts.layout import fitted
from watcher.alerts.outcome import of_status
from watcher.alerts.text import to_text
from watcher.alerts.tidy import cut
from watcher.model import Alert, AttemptOutcome, Verdict

minimum_gap: Final = timedelta(seconds=1)
expires_after: Final = CHAT_EXPIRES_AFTER

CONTENT_LIMIT = 48_000  # bytes: the bridge makes one Matrix event of it, which may have 65,536
SIMPLE_LIMIT = 2_000  # characters


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes text and HTML in the fullest detail that fits one event."""
    return fitted(alert, lambda lines: _encode(to_text(lines), to_html(lines), options.sender), limit=CONTENT_LIMIT)


def simplify(body: bytes) -> bytes | None:
    """Keeps the text alone, at most `SIMPLE_LIMIT` characters of it; its HTML is the same text, escaped."""
    message = json.loads(body)
    text = cut(message["text"], SIMPLE_LIMIT)
    simple = _encode(text, escape(text).replace("\n", "<br>"), message["username"])
    return None if simple == body else simple


def problems(target: Target) -> tuple[str, ...]:
    return url_problems(target.url)


def warnings(target: Target) -> tuple[str, ...]:
    return ()


def address(target: Target) -> str:
    return f"{origin(target.url)}/…"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing:
    return Outgoing(method="POST", url=target.url, headers={"content-type": JSON}, body=body)


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    """Reads 202 as delivered, though it only proves that the bridge accepted the message (set `waitForComplete` there).

    A 500 is ambiguous: with `waitForComplete` the bridge stops waiting after 5 s, and the message may still appear.
    """
    if status == 202:
        return Verdict(outcome=AttemptOutcome.DELIVERED, reason="HTTP 202: accepted, not proven")
    return of_status(status, headers, now)


def inquiry(target: Target) -> None:
    return None


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    return of_status(status, headers, now)


def _encode(text: str, html: str, username: str) -> bytes:
    message = {"text": text, "html": html, "username": username}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
