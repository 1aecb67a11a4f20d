"""What one attempt came to, and what follows for its delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model import (
    AttemptOutcome,
    DeliveryState,
)

ANSWER_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it goes on record; `answer` is cut and free of secrets, `reference` the message's own name."""

    at: datetime
    outcome: AttemptOutcome
    status: int | None = None
    wait: timedelta | None = None
    duration: timedelta = timedelta()
    answer: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What becomes of a delivery after an attempt. `due_at` for PENDING; `pause_until` slows the whole channel.

    `payload`: the simpler bytes to go on with. `counts`: whether the attempt counts against its patience.
    """

    state: DeliveryState
    due_at: datetime | None = None
    pause_until: datetime | None = None
    payload: bytes | None = None
    counts: bool = True
