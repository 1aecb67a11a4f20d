"""Channel type `console`: plain lines, with ANSI codes on a terminal. It sends no request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from watcher.alerts.channel import RenderOptions, Target
from watcher.alerts.layout import lay_out
from watcher.alerts.text import to_text
from watcher.model import Alert, AttemptOutcome, Verdict

minimum_gap: Final = timedelta(0)
expires_after: Final = None

_HIT = "\x1b[1;33m{}\x1b[0m".format
_STRONG = "\x1b[1m{}\x1b[0m".format


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes the lines and an empty one after them. Hits are in «», or with `color` in bold yellow."""
    lines = lay_out(alert)
    text = to_text(lines, hit=_HIT, strong=_STRONG) if options.color else to_text(lines)
    return f"{text}\n\n".encode()


def simplify(body: bytes) -> None:
    return None


def problems(target: Target) -> tuple[str, ...]:
    return ()


def warnings(target: Target) -> tuple[str, ...]:
    return ()


def address(target: Target) -> str:
    return "standard output"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> None:
    return None


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    return Verdict(outcome=AttemptOutcome.DELIVERED, reason="printed")


def inquiry(target: Target) -> None:
    return None


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    return Verdict(outcome=AttemptOutcome.DELIVERED)
