"""Computes the wait before the next attempt at a delivery."""

from __future__ import annotations

from datetime import timedelta

SHORTEST = timedelta(seconds=5)
LONGEST = timedelta(hours=10)
_STEEPEST = 8  # 5 s · 4⁸ is 91 h, beyond the longest wait in any case


def back_off(attempt: int, jitter: float) -> timedelta:
    """Returns the wait after attempt number `attempt` (from 1) failed: 5 s, 20 s, 80 s, … 7.5 h, plus up to a third.

    `jitter`, from 0 to 1, chooses within that third, so that channels that failed together are not retried together.
    The wait is never below `SHORTEST` nor above `LONGEST`.
    """
    steps = min(max(attempt - 1, 0), _STEEPEST)
    wait: timedelta = min(SHORTEST * 4**steps, LONGEST * 3 / 4)
    return min(wait * (1 + min(max(jitter, 0.0), 1.0) / 3), LONGEST)
