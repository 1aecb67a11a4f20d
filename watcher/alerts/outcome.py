"""Interprets responses and failed requests as all channels do; the error codes of a channel are in its module.

Reasons hold status numbers, known error codes and fixed words only: a response may quote a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from watcher.errors import FetchError, FetchFailure
from watcher.model import AttemptOutcome, Verdict
from watcher.text.http import retry_after

LONGEST_WAIT: Final = timedelta(days=1)

_GONE = frozenset({301, 308, 401, 403, 404, 410})
_RETRY = frozenset(
    {302, 303, 307, 407, 421, 425}
)  # answered by an intermediary or too early: not processed, and possibly temporary
_NEVER_SENT_AGAIN = frozenset({FetchFailure.INVALID_URL, FetchFailure.REFUSED_ADDRESS, FetchFailure.TOO_MANY_REDIRECTS})


def of_status(status: int, headers: Mapping[str, str], now: datetime) -> Verdict:
    """Returns the usual verdict on an HTTP status.

    2xx is delivered, 429 and 503 with `Retry-After` throttled, 401, 403, 404, 410 and permanent redirects gone, other
    4xx refused, everything else ambiguous. Header names are lower-case.
    """
    reason = f"HTTP {status}"
    if 200 <= status < 300:
        return Verdict(outcome=AttemptOutcome.DELIVERED, reason=reason)
    if status == 429 or (status == 503 and "retry-after" in headers):
        return Verdict(outcome=AttemptOutcome.THROTTLED, reason=reason, wait=_wait(headers, now))
    if status in _GONE:
        return Verdict(outcome=AttemptOutcome.GONE, reason=reason)
    if status in _RETRY:
        return Verdict(outcome=AttemptOutcome.NOT_SENT, reason=reason)
    if 400 <= status < 500 and status != 408:
        return Verdict(outcome=AttemptOutcome.REFUSED, reason=reason)
    return Verdict(outcome=AttemptOutcome.AMBIGUOUS, reason=reason)


def of_failure(error: FetchError) -> Verdict:
    """Returns the verdict on a request without a response: an unusable address parks the channel, the rest is retried.

    The error's own text is left out: it may contain the URL.
    """
    reason = str(error.failure)
    if error.failure in _NEVER_SENT_AGAIN and not error.sent:
        return Verdict(outcome=AttemptOutcome.GONE, reason=reason)
    return Verdict(outcome=AttemptOutcome.AMBIGUOUS if error.sent else AttemptOutcome.NOT_SENT, reason=reason)


def bounded(wait: timedelta) -> timedelta:
    """Limits `wait` to the range from 0 to `LONGEST_WAIT`."""
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    wait = retry_after(headers.get("retry-after", ""), now)
    return None if wait is None else bounded(wait)
