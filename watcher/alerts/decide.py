"""What becomes of a delivery after an attempt: the policy of the outbox, as one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.alerts.backoff import SHORTEST, back_off
from watcher.model import Outcome, Verdict

PATIENCE = timedelta(days=3)  # failing this long, a channel is parked with its queue rather than tried for ever


class Fate(StrEnum):
    """Where a delivery goes from here."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SIMPLER = "simpler"
    PARK = "park"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`wait`: until the next attempt. `slows_channel`: nothing else goes to the channel meanwhile.

    `counts`: whether the attempt counts against the back-off.
    """

    fate: Fate
    wait: timedelta = timedelta()
    slows_channel: bool = False
    counts: bool = True


def decide(verdict: Verdict, *, attempt: int, age: timedelta, jitter: float, has_simpler: bool) -> Decision:
    """The next step after attempt number `attempt` (from 1) of a delivery that is `age` old.

    Throttling costs no attempt and slows the whole channel; a refused payload is tried once more in its simpler form
    (`has_simpler`), then given up; a channel that is gone is parked; all else is retried until `PATIENCE` ends.
    """
    match verdict.outcome:
        case Outcome.DELIVERED:
            return Decision(fate=Fate.DELIVERED)
        case Outcome.THROTTLED:
            wait = verdict.wait if verdict.wait is not None else back_off(attempt, jitter)
            return Decision(fate=Fate.RETRY, wait=max(wait, timedelta(seconds=1)), slows_channel=True, counts=False)
        case Outcome.REFUSED:
            return Decision(fate=Fate.SIMPLER) if has_simpler else Decision(fate=Fate.DEAD)
        case Outcome.GONE:
            return Decision(fate=Fate.PARK)
        case Outcome.NOT_SENT | Outcome.AMBIGUOUS:
            if age > PATIENCE:
                return Decision(fate=Fate.PARK)
            return Decision(fate=Fate.RETRY, wait=max(back_off(attempt, jitter), verdict.wait or SHORTEST))
