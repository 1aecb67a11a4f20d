"""Channel type `slack`: an incoming webhook with `rich_text` blocks, whose text needs no escaping, and a plain `text`.

Limits: https://docs.slack.dev/reference/block-kit and, for the whole message, 10,000 characters to be safe.
Answers: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from watcher.alerts.channel import CHAT_EXPIRES_AFTER, JSON, Outgoing, RenderOptions, Target, origin, url_problems
from watcher.alerts.layout import Line, Role, Run, fitted
from watcher.alerts.outcome import of_status
from watcher.alerts.text import to_text
from watcher.model import Alert, AttemptOutcome, Verdict

minimum_gap: Final = timedelta(seconds=1)
expires_after: Final = CHAT_EXPIRES_AFTER

LINK_LIMIT = 3_000  # characters, as in a button; none is documented for links in text
MESSAGE_LIMIT = 9_900  # bytes, which are never fewer than characters
_HOSTS = ("https://hooks.slack.com", "https://hooks.slack-gov.com")
_NO_SERVICE_ATTEMPTS = 4
_GONE = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "user_not_found",
    }
)
_CODE = re.compile(rb"[a-z][a-z_]{2,60}")


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes the message in the fullest detail within Slack's limits."""
    return fitted(alert, _body, limit=MESSAGE_LIMIT, longest_link=LINK_LIMIT)


def simplify(body: bytes) -> bytes | None:
    """Removes the blocks of the message."""
    message = json.loads(body)
    return _message(message["text"]) if "blocks" in message else None


def problems(target: Target) -> tuple[str, ...]:
    return url_problems(target.url)


def warnings(target: Target) -> tuple[str, ...]:
    if problems(target) or origin(target.url) in _HOSTS:
        return ()
    return (f"url points to {origin(target.url)}, not to Slack (https://hooks.slack.com)",)


def address(target: Target) -> str:
    return f"{origin(target.url)}/…"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing:
    return Outgoing(method="POST", url=target.url, headers={"content-type": JSON}, body=body)


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    """Reads only 200 with the body `ok` as delivered; `no_service` may be temporary: gone at the fourth attempt."""
    answer = body.strip()
    code = answer.decode() if _CODE.fullmatch(answer) else ""
    usual = of_status(status, headers, now)
    reason = f"{usual.reason} {code}".strip()
    if status == 200:
        proven = answer == b"ok"
        return Verdict(
            outcome=AttemptOutcome.DELIVERED if proven else AttemptOutcome.AMBIGUOUS,
            reason="ok" if proven else "HTTP 200 without ok",
        )
    if code == "no_service" and attempt < _NO_SERVICE_ATTEMPTS:
        return Verdict(outcome=AttemptOutcome.NOT_SENT, reason=reason)
    if code in _GONE:
        return Verdict(outcome=AttemptOutcome.GONE, reason=reason)
    is_success = usual.outcome is AttemptOutcome.DELIVERED  # another 2xx than Slack documents
    return Verdict(outcome=AttemptOutcome.AMBIGUOUS if is_success else usual.outcome, reason=reason, wait=usual.wait)


def inquiry(target: Target) -> None:
    return None


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    return of_status(status, headers, now)


def _body(lines: Sequence[Line]) -> bytes:
    return _message(to_text(lines, escape=_escape, link="<{}>".format, indent=False), _blocks(lines))


def _message(text: str, blocks: list[object] | None = None) -> bytes:
    """Encodes a message; with `mrkdwn: false` asterisks and underscores in `text` are shown as they are."""
    message: dict[str, object] = {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    if blocks:
        message["blocks"] = blocks
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _blocks(lines: Iterable[Line]) -> list[object]:
    """Makes one `rich_text` block; consecutive lines share a section or a quote, without extra space between them."""
    parts: list[object] = []
    for is_quote, group in groupby(lines, key=lambda line: line.role is Role.SNIPPET):
        elements: list[object] = []
        for line in group:
            if elements:
                elements.append({"type": "text", "text": "\n\n" if line.apart else "\n"})
            elements.extend(_element(run) for run in line.runs)
        parts.append({"type": "rich_text_quote" if is_quote else "rich_text_section", "elements": elements})
    return [{"type": "rich_text", "elements": parts}]


def _element(run: Run) -> dict[str, object]:
    element: dict[str, object] = {"type": "link", "url": run.link} if run.link else {"type": "text"}
    element["text"] = run.text
    if run.hit or run.strong:
        element["style"] = {"bold": True}
    return element


def _escape(text: str) -> str:
    """Escapes the three characters of https://docs.slack.dev/messaging/formatting-message-text, as in `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
