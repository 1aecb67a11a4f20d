"""Channel type `matrix`: a PUT for each delivery, whose id is the transaction id, so that a repeat appears once.

Specification: https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from watcher.alerts.channel import CHAT_EXPIRES_AFTER, JSON, Outgoing, RenderOptions, Target, origin, url_problems
from watcher.alerts.html import to_html
from watcher.alerts.layout import Line, fitted
from watcher.alerts.outcome import bounded, of_status
from watcher.alerts.text import to_text
from watcher.alerts.tidy import cut
from watcher.model import Alert, AttemptOutcome, Verdict

minimum_gap: Final = timedelta(seconds=1)
expires_after: Final = CHAT_EXPIRES_AFTER

CONTENT_LIMIT = 48_000  # bytes; the whole event with its signatures and hashes may have 65,536
SIMPLE_LIMIT = 2_000  # characters
_HTML = "org.matrix.custom.html"
_ENCRYPTED = (
    "the room is encrypted, and watcher cannot encrypt: it would show the alerts to the server. "
    "Name an unencrypted room, or use a matrix-webhook channel whose bridge encrypts"
)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes the content of an `m.room.message`: plain and HTML body, in the fullest detail that fits an event.

    `m.mentions` is empty, so that an "@room" in a headline notifies nobody.
    """
    fixed = {"msgtype": "m.notice" if options.notice else "m.text", "m.mentions": {}, **_thread(options.thread)}

    def encode(lines: Sequence[Line]) -> bytes:
        return _encode({**fixed, "body": to_text(lines), "format": _HTML, "formatted_body": to_html(lines)})

    return fitted(alert, encode, limit=CONTENT_LIMIT)


def simplify(body: bytes) -> bytes | None:
    """Keeps the plain body alone, at most `SIMPLE_LIMIT` characters of it."""
    content = json.loads(body)
    if "formatted_body" not in content:
        return None
    kept = {key: value for key, value in content.items() if key not in ("format", "formatted_body")}
    return _encode({**kept, "body": cut(content["body"], SIMPLE_LIMIT)})


def problems(target: Target) -> tuple[str, ...]:
    found = list(url_problems(target.homeserver, "homeserver"))
    if not target.token or target.token != target.token.strip():
        found.append("token is empty, or has white space around it")
    if not target.room.startswith("!"):
        found.append("room is not a room id: it begins with an exclamation mark (see the room's advanced settings)")
    return tuple(found)


def warnings(target: Target) -> tuple[str, ...]:
    return ()


def address(target: Target) -> str:
    return f"{origin(target.homeserver)} {target.room}"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing:
    url = f"{_room_url(target)}/send/m.room.message/{quote(delivery_id, safe='')}"
    return Outgoing(method="PUT", url=url, headers=_headers(target) | {"content-type": JSON}, body=body)


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    """Reads 200 with an event id as delivered. A 429 states its wait in `Retry-After` or in `retry_after_ms`."""
    answer = _answer(body)
    code = answer.get("errcode")
    verdict = of_status(status, headers, now)
    reason = f"{verdict.reason} {code}" if isinstance(code, str) and _CODE.fullmatch(code) else verdict.reason
    outcome = verdict.outcome
    if outcome is AttemptOutcome.DELIVERED and not event_id(body):
        outcome, reason = AttemptOutcome.AMBIGUOUS, f"HTTP {status} without an event id"
    wait = verdict.wait
    milliseconds = answer.get("retry_after_ms")
    if outcome is AttemptOutcome.THROTTLED and wait is None and isinstance(milliseconds, int):
        wait = bounded(timedelta(milliseconds=min(max(milliseconds, 0), 10**9)))
    return Verdict(outcome=outcome, reason=reason, wait=wait, reference=event_id(body))


def event_id(body: bytes) -> str:
    """Returns the id of the event that a response confirms, for later replies in its thread; "" if it has none."""
    found = _answer(body).get("event_id")
    return found if isinstance(found, str) and found.startswith("$") else ""


def inquiry(target: Target) -> Outgoing:
    """Asks whether the room is encrypted: such a room would accept plain text without an error."""
    return Outgoing(method="GET", url=f"{_room_url(target)}/state/m.room.encryption", headers=_headers(target))


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    """Reads 404 with M_NOT_FOUND as not encrypted, and 200 as encrypted: then the channel is refused with advice."""
    if status == 404 and _answer(body).get("errcode") == "M_NOT_FOUND":
        return Verdict(outcome=AttemptOutcome.DELIVERED, reason="the room is not encrypted")
    if status == 200:
        return Verdict(outcome=AttemptOutcome.GONE, reason=_ENCRYPTED)
    verdict = judge(status, headers, body, now)
    if verdict.outcome is AttemptOutcome.REFUSED:
        return Verdict(outcome=AttemptOutcome.GONE, reason=verdict.reason)
    return verdict


def _thread(parent: str) -> dict[str, object]:
    """Makes the relation of a threaded reply, with the fallback for clients without threads.

    https://spec.matrix.org/latest/client-server-api/#threading
    """
    if not parent:
        return {}
    relation = {"rel_type": "m.thread", "event_id": parent, "is_falling_back": True}
    return {"m.relates_to": {**relation, "m.in_reply_to": {"event_id": parent}}}


def _room_url(target: Target) -> str:
    return f"{target.homeserver.rstrip('/')}/_matrix/client/v3/rooms/{quote(target.room, safe='')}"


def _headers(target: Target) -> dict[str, str]:
    return {"authorization": f"Bearer {target.token}"}


def _encode(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _answer(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
