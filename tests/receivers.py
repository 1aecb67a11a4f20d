"""Webhook receivers for tests, written from the documented contracts of Slack and matrix-hookshot.

They stand on `tests.newsroom`. Sources: api.slack.com/messaging/webhooks and /reference/block-kit (limits);
matrix-org.github.io/matrix-hookshot, "Webhooks".
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tests.newsroom import Newsroom, Reply, Request
from tests.patience import HANGS


class Receiver:
    """Stores what is posted to one path. `script(...)` lays down the next answers; then `accept` decides."""

    def __init__(self, newsroom: Newsroom, path: str, accept: Callable[[Request], Reply] | None = None) -> None:
        self.url = newsroom.url(path)
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        self._newsroom = newsroom
        self._accept = accept or (lambda _request: Reply.text("ok"))
        self._script: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._path = path
        self.attach()

    def attach(self) -> None:
        """Answer the path, again if a test gave it to something else."""
        self._newsroom.respond(self._path, self._answer)

    def script(self, *replies: Reply) -> None:
        self._script.extend(replies)

    def wait_for(self, count: int, timeout: float = HANGS) -> list[Any]:
        """The JSON bodies accepted so far, once there are `count` of them. Raises TimeoutError."""
        self._newsroom.wait_for(lambda: len(self.accepted) >= count, timeout)
        return [request.json() for request in list(self.accepted)]

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            reply = self._script.popleft() if self._script else self._accept(request)
            if reply.status < 300:
                self.accepted.append(request)
            return reply


def throttled(seconds: int) -> Reply:
    """429 with Retry-After, as Slack and most others send it."""
    return Reply.text("rate_limited", status=429, **{"Retry-After": str(seconds)})


# -- Slack -------------------------------------------------------------------------------------------------------------


def slack(newsroom: Newsroom, path: str = "/services/T000/B000/XXXX") -> Receiver:
    """An incoming webhook of Slack: 200 `ok`, or 400 with Slack's word for what is wrong."""
    return Receiver(newsroom, path, _slack)


def _slack(request: Request) -> Reply:
    problem = slack_problem(request)
    return Reply.text(problem, status=400) if problem else Reply.text("ok")


def slack_problem(request: Request) -> str:
    """What Slack would say against this request, "" if nothing."""
    try:
        payload = json.loads(request.body)
    except ValueError:
        return "invalid_payload"
    if request.method != "POST" or not isinstance(payload, dict):
        return "invalid_payload"
    blocks = payload.get("blocks", [])
    if not isinstance(payload.get("text"), str) or not payload["text"]:
        return "no_text"
    if len(payload["text"]) > 40_000:
        return "msg_too_long"
    if not isinstance(blocks, list) or len(blocks) > 50 or any(_block_is_wrong(block) for block in blocks):
        return "invalid_blocks"
    return ""


def _block_is_wrong(block: Any) -> bool:
    if not isinstance(block, dict):
        return True
    check = _BLOCKS.get(str(block.get("type")))
    return check is None or not check(block)


def _text_within(limit: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda holder: 0 < len(str(holder["text"]["text"])) <= limit if "text" in holder else "fields" in holder


_BLOCKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "section": _text_within(3000),
    "header": _text_within(150),
    "context": lambda block: 0 < len(block.get("elements", ())) <= 10,
    "actions": lambda block: 0 < len(block.get("elements", ())) <= 25,
    "rich_text": lambda block: isinstance(block.get("elements"), list),
    "divider": lambda _block: True,
}


# -- matrix-hookshot ---------------------------------------------------------------------------------------------------


def hookshot(newsroom: Newsroom, path: str = "/webhook/0b1c2d3e") -> Receiver:
    """A hookshot generic webhook: 202, or 200 with `waitForComplete`; 500 if too big or no JSON; 400 without text."""
    return Receiver(newsroom, path, _hookshot)


def _hookshot(request: Request) -> Reply:
    if len(request.body) > 1_000_000:
        return Reply.json({"ok": False, "error": "request entity too large"}, status=500)
    try:
        payload = json.loads(request.body)
    except ValueError:
        return Reply.json({"ok": False, "error": "bad JSON"}, status=500)
    if not isinstance(payload, dict) or not payload.get("text") or not isinstance(payload["text"], str):
        return Reply.json({"ok": False, "error": "no text"}, status=400)
    return Reply.json({"ok": True}, status=200 if "waitForComplete" in request.path else 202)
