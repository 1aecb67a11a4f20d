"""Judges a series of failed attempts: how long they went on, and whether they make an outage. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from watcher.alerts.backoff import LONGEST
from watcher.alerts.outcome import LONGEST_WAIT
from watcher.model import AttemptOutcome

Failure = tuple[datetime, AttemptOutcome]


def failing_time(failures: Sequence[Failure], now: datetime) -> timedelta:
    """Returns how long attempts have failed, from the first of `failures` until an attempt that fails `now`.

    A pause counts up to the longest wait before a retry: if it lasts longer, the machine was off, the clock was wrong,
    or nothing was to be sent, and this proves nothing about the channel.
    """
    total = timedelta()
    for (earlier, outcome), (later, _) in pairwise([*failures, (now, AttemptOutcome.NOT_SENT)]):
        longest = LONGEST_WAIT if outcome is AttemptOutcome.THROTTLED else LONGEST
        total += min(max(later - earlier, timedelta()), longest)
    return total


def throttled_in_a_row(failures: Sequence[Failure]) -> int:
    """Counts the throttled attempts at the end of `failures`."""
    return sum(1 for _ in takewhile(lambda failure: failure[1] is AttemptOutcome.THROTTLED, reversed(failures)))
