"""Channel type `apprise`: a title and plain text for any service of Apprise, which reports success or failure only.

https://github.com/caronc/apprise/wiki. The request goes to `watcher.net.apprise_gateway`, not out by HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from watcher.alerts import wording
from watcher.alerts.channel import BY_APPRISE, CHAT_EXPIRES_AFTER, Outgoing, RenderOptions, Target
from watcher.alerts.layout import fitted
from watcher.alerts.text import to_text
from watcher.alerts.tidy import cut, tidy
from watcher.model import Alert, AttemptOutcome, Verdict

minimum_gap: Final = timedelta(seconds=1)
expires_after: Final = CHAT_EXPIRES_AFTER

CONTENT_LIMIT = 30_000  # bytes; Apprise itself cuts for services that take less
TITLE_LIMIT = 200  # characters


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes `title` (the subject of a mail) and `body`, in the fullest detail that fits."""
    title = cut(_title(alert), TITLE_LIMIT)

    def encode(text: str) -> bytes:
        return json.dumps({"title": title, "body": text}, ensure_ascii=False, separators=(",", ":")).encode()

    return fitted(alert, lambda lines: encode(to_text(lines)), limit=CONTENT_LIMIT)


def simplify(body: bytes) -> None:
    return None


def problems(target: Target) -> tuple[str, ...]:
    if not target.url:
        return ("url is empty",)
    if ":" not in target.url or target.url != target.url.strip():
        return ("url is not an Apprise address such as mailto://… or ntfy://…",)
    return ()


def warnings(target: Target) -> tuple[str, ...]:
    return ()


def address(target: Target) -> str:
    return f"{target.url.partition(':')[0]} by Apprise"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing:
    return Outgoing(method=BY_APPRISE, url=target.url, headers={}, body=body)


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    """Reads a failure as ambiguous: it may have any cause, and some of its receivers may have been reached."""
    if 200 <= status < 300:
        return Verdict(outcome=AttemptOutcome.DELIVERED, reason="Apprise reports success")
    return Verdict(outcome=AttemptOutcome.AMBIGUOUS, reason="Apprise reports a failure without its cause")


def inquiry(target: Target) -> None:
    return None


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    return judge(status, headers, body, now)


def _title(alert: Alert) -> str:
    if len(alert.headlines) == 1 and not alert.more:
        return tidy(alert.headlines[0].title) or wording.NO_TITLE
    return wording.lead(alert) or "watcher"
