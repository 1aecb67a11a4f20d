"""What an answer, or its absence, means for a delivery. What all channels share; each channel's own words are with it.

Reasons are made of status numbers, known error codes and words of our own only: an answer may quote a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from watcher.errors import FetchError, FetchFailure
from watcher.model import Outcome, Verdict
from watcher.text import retry_after

LONGEST_WAIT: Final = timedelta(days=1)
LEASE_LOST: Final = Verdict(outcome=Outcome.AMBIGUOUS, reason="stopped while sending; the answer is unknown")

_GONE = frozenset({301, 308, 401, 403, 404, 410})
_RETRY = frozenset({302, 303, 307, 407, 421, 425})  # answered on the way or too early: not taken in, and it may pass
_NEVER_SENT_AGAIN = frozenset({FetchFailure.INVALID_URL, FetchFailure.REFUSED_ADDRESS, FetchFailure.TOO_MANY_REDIRECTS})


def of_status(status: int, headers: Mapping[str, str], now: datetime) -> Verdict:
    """The usual meaning of an HTTP status: 2xx delivered, 429 and 503 with `Retry-After` throttled, 401, 403, 404, 410
    and lasting redirects gone, other 4xx refused, everything else ambiguous. Header names are lower-case.
    """
    reason = f"HTTP {status}"
    if 200 <= status < 300:
        return Verdict(outcome=Outcome.DELIVERED, reason=reason)
    if status == 429 or (status == 503 and "retry-after" in headers):
        return Verdict(outcome=Outcome.THROTTLED, reason=reason, wait=asked_wait(headers, now))
    if status in _GONE:
        return Verdict(outcome=Outcome.GONE, reason=reason)
    if status in _RETRY:
        return Verdict(outcome=Outcome.NOT_SENT, reason=reason)
    if 400 <= status < 500 and status != 408:
        return Verdict(outcome=Outcome.REFUSED, reason=reason)
    return Verdict(outcome=Outcome.AMBIGUOUS, reason=reason)


def of_failure(error: FetchError) -> Verdict:
    """What a request without an answer means: an address that can't be used parks the channel, the rest is retried.

    The error's own text is left out: it may name the URL.
    """
    reason = str(error.failure)
    if error.failure in _NEVER_SENT_AGAIN and not error.sent:
        return Verdict(outcome=Outcome.GONE, reason=reason)
    return Verdict(outcome=Outcome.AMBIGUOUS if error.sent else Outcome.NOT_SENT, reason=reason)


def asked_wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that the `Retry-After` header asks for, at most `LONGEST_WAIT`; None if it is missing or unreadable."""
    return retry_after(headers.get("retry-after", ""), now, longest=LONGEST_WAIT)


def bounded(wait: timedelta) -> timedelta:
    """`wait`, not negative and not longer than `LONGEST_WAIT`."""
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
