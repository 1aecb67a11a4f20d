"""Decides the next step of a delivery after an attempt: the policy of the outbox, as one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.alerts.backoff import SHORTEST, back_off
from watcher.model import AttemptOutcome, Verdict

PARK_AFTER = timedelta(days=3)  # a channel that fails for longer is parked with its queue
MOST_AFTER_OUTAGE = 10  # a longer queue becomes one digest when its channel recovers
LONGEST_UNASKED = timedelta(minutes=10)  # of the back-off of a channel that itself asks for shorter waits
IN_ORDER_ATTEMPTS = 5  # about seven minutes; then later deliveries no longer wait for one that fails


class Disposition(StrEnum):
    """The next state of a delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SIMPLER = "simpler"
    PARK = "park"
    DEAD = "dead"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The fate of a delivery. `wait`: until the next attempt. `slows_channel`: the whole channel waits as long.

    `counts`: whether the attempt counts for the back-off.
    """

    fate: Disposition
    wait: timedelta = timedelta()
    slows_channel: bool = False
    counts: bool = True


def decide(
    verdict: Verdict,
    *,
    attempt: int,
    age: timedelta,
    failing_for: timedelta,
    retried_for: timedelta,
    throttled: int,
    jitter: float,
    has_simpler: bool,
    expires_after: timedelta | None,
) -> Decision:
    """Decides the next step after attempt number `attempt` (from 1) of a delivery that has been due for `age`.

    Throttling costs no attempt and slows the whole channel, for longer after each of `throttled` times in a row. A
    refused payload is sent once more in its simpler form (`has_simpler`), then the delivery is dead. A channel that is
    gone is parked. Other failures are retried until the delivery expires into a digest. After `PARK_AFTER` of failed
    attempts without success (`failing_for`) the channel is parked; after twice that time (`retried_for`) a delivery
    that fails while others succeed is dead.
    """
    match verdict.outcome:
        case AttemptOutcome.DELIVERED:
            return Decision(fate=Disposition.DELIVERED)
        case AttemptOutcome.REFUSED:
            return Decision(fate=Disposition.SIMPLER) if has_simpler else Decision(fate=Disposition.DEAD)
        case AttemptOutcome.GONE:
            return Decision(fate=Disposition.PARK)
        case AttemptOutcome.THROTTLED:
            wait = _throttled_wait(verdict.wait, throttled, jitter)
            fate = _after_failure(age, failing_for, expires_after)
            return Decision(fate=fate, wait=wait, slows_channel=True, counts=False)
        case AttemptOutcome.NOT_SENT | AttemptOutcome.AMBIGUOUS:
            wait = max(back_off(attempt, jitter), verdict.wait or SHORTEST)
            fate = _after_failure(age, failing_for, expires_after)
            if fate is Disposition.RETRY and retried_for > 2 * PARK_AFTER:
                fate = Disposition.DEAD
            return Decision(fate=fate, wait=wait)


def _after_failure(age: timedelta, failing_for: timedelta, expires_after: timedelta | None) -> Disposition:
    if failing_for > PARK_AFTER:
        return Disposition.PARK
    if expires_after is not None and age >= expires_after:
        return Disposition.EXPIRE
    return Disposition.RETRY


def _throttled_wait(asked: timedelta | None, throttled: int, jitter: float) -> timedelta:
    """The wait that was asked for, and more where the last waits did not suffice."""
    if asked is None:
        return back_off(throttled + 1, jitter)
    unasked = min(back_off(throttled, jitter), LONGEST_UNASKED) if throttled else timedelta(seconds=1)
    return max(asked, unasked)
