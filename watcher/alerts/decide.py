"""What becomes of a delivery after an attempt: the policy of the outbox, as one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.alerts.backoff import SHORTEST, back_off
from watcher.model import Outcome, Verdict

PATIENCE = timedelta(days=3)  # failing this long, a channel is parked with its queue rather than tried for ever
MOST_AFTER_OUTAGE = 10  # a longer queue than this becomes one digest when its channel is back
IN_ORDER_ATTEMPTS = 5  # some seven minutes; then what came later no longer waits for a delivery that fails


class Disposition(StrEnum):
    """Where a delivery goes from here."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SIMPLER = "simpler"
    PARK = "park"
    DEAD = "dead"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`wait`: until the next attempt. `slows_channel`: nothing else goes to the channel meanwhile.

    `counts`: whether the attempt counts against the back-off.
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
    jitter: float,
    has_simpler: bool,
    expires_after: timedelta | None,
) -> Decision:
    """The next step after attempt number `attempt` (from 1) of a delivery that might go since `age`.

    Throttling costs no attempt and slows the whole channel; a refused payload is tried once more in its simpler form
    (`has_simpler`), then given up; a channel that is gone is parked. All else is tried again, until it has expired and
    a digest tells it, or until `PATIENCE` ends: then a channel to which nothing arrives (`failing_for`) is parked, and
    a delivery that fails where others arrive is given up.
    """
    match verdict.outcome:
        case Outcome.DELIVERED:
            return Decision(fate=Disposition.DELIVERED)
        case Outcome.REFUSED:
            return Decision(fate=Disposition.SIMPLER) if has_simpler else Decision(fate=Disposition.DEAD)
        case Outcome.GONE:
            return Decision(fate=Disposition.PARK)
        case Outcome.THROTTLED:
            wait = verdict.wait if verdict.wait is not None else back_off(attempt, jitter)
            wait = max(wait, timedelta(seconds=1))
            expired = expires_after is not None and age >= expires_after
            fate = Disposition.EXPIRE if expired else Disposition.RETRY
            return Decision(fate=fate, wait=wait, slows_channel=True, counts=False)
        case Outcome.NOT_SENT | Outcome.AMBIGUOUS:
            wait = max(back_off(attempt, jitter), verdict.wait or SHORTEST)
            return Decision(fate=_after_failure(age, failing_for, expires_after), wait=wait)


def _after_failure(age: timedelta, failing_for: timedelta, expires_after: timedelta | None) -> Disposition:
    if failing_for > PATIENCE:
        return Disposition.PARK
    if expires_after is not None and age >= expires_after:
        return Disposition.EXPIRE
    if age > 2 * PATIENCE:
        return Disposition.DEAD
    return Disposition.RETRY
