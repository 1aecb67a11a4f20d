"""When a feed is polled next: the adaptive interval, and the back-off after failures. Pure: times are arguments.

The interval is inversely proportional to the square root of the feed's rate of new entries, which gives the smallest
mean delay for a given number of requests. `every` is the interval of a feed that brings an entry each half hour:

    interval = every * sqrt(rate of one entry each half hour / rate)

The rate is an exponentially weighted mean, so it can be computed back from the last interval, and nothing else is
stored. A body of which much is new is polled again before it can roll over.
"""

from __future__ import annotations

import math
from datetime import timedelta

from watcher.feeds.plan import FailureKind, Limits

DAY = timedelta(days=1)
JITTER = 0.1
REFERENCE = timedelta(minutes=30)  # between two entries of a feed that is polled `every`
MEMORY = timedelta(hours=4)  # of the mean rate
_POLLS_REMEMBERED = 5  # by the mean rate of a feed whose interval is long
_SHARE_OF_BODY = 0.15  # how much of a body may be new at the next poll, at the pace of the last entries
_A_BURST = 3  # new entries; fewer say nothing of a pace
_SHARE_OF_OUTAGE = 1 / 4  # waited at most after it, until the next poll

WEIGHTS = {
    FailureKind.HARD: 1.0,
    FailureKind.SOFT: 0.5,
    FailureKind.THROTTLED: 0.5,
    FailureKind.DNS: 0.25,
    FailureKind.GONE: 1.0,
}
_OUTAGES = frozenset({FailureKind.SOFT, FailureKind.DNS})


def adapted(interval: timedelta, limits: Limits, *, new: int, elapsed: timedelta) -> timedelta:
    """The interval after `new` entries came in the time `elapsed` since the last poll that was answered."""
    last = interval.total_seconds()
    seconds = max(elapsed.total_seconds(), 1.0)
    weight = -math.expm1(-seconds / max(MEMORY.total_seconds(), _POLLS_REMEMBERED * last))
    scale = limits.every.total_seconds() ** 2 / REFERENCE.total_seconds()
    inverse_square = (1 - weight) / last**2 + weight * new / (seconds * scale)
    longest = limits.slowest.total_seconds()
    return clamped(
        timedelta(seconds=min(1 / math.sqrt(inverse_square), longest) if inverse_square else longest), limits
    )


def before_roll_over(*, new: int, listed: int, elapsed: timedelta) -> timedelta | None:
    """The time in which a small part of the body will be new, if the entries go on at this pace. None: no burst."""
    if new < _A_BURST:
        return None
    return elapsed * (_SHARE_OF_BODY * listed / new)


def clamped(delay: timedelta, limits: Limits) -> timedelta:
    """The delay within `fastest` and `slowest`."""
    return max(limits.fastest, min(delay, limits.slowest))


def spread(delay: timedelta, jitter: float) -> timedelta:
    """The delay, shorter or longer by up to a tenth. `jitter` in [0, 1)."""
    return delay * (1 + JITTER * (2 * jitter - 1))


def back_off(
    kind: FailureKind,
    interval: timedelta,
    *,
    failures: float,
    failing_for: timedelta,
    retry_after: timedelta | None,
    jitter: float,
) -> timedelta:
    """The wait after a failure: doubled with each whole one, a day at most (or the interval, if that is longer).

    `failures` is weighted. An outage (no answer, or a server error) is checked again after a quarter of the time
    `failing_for`, so that entries are not lost long after it ended. Never before Retry-After, within the same limit.
    """
    longest = max(DAY, interval)
    if kind is FailureKind.GONE:
        return min(spread(longest, jitter), longest)
    delay = interval * 2 ** min(failures, 30.0) if interval < longest else longest
    if kind in _OUTAGES:
        delay = min(delay, max(interval, failing_for * _SHARE_OF_OUTAGE))
    return min(max(spread(min(delay, longest), jitter), retry_after or timedelta()), longest)
