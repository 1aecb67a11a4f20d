"""The values of an attempt: its record, and the next state of its delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model import AttemptOutcome, DeliveryState

ANSWER_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The record of one attempt. `answer` is cut and without secrets; `reference`: the channel's id of the message."""

    at: datetime
    outcome: AttemptOutcome
    status: int | None = None
    wait: timedelta | None = None
    duration: timedelta = timedelta()
    answer: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next state of a delivery after an attempt. `due_at` is for PENDING; `pause_until` pauses the whole channel.

    `payload`: simpler bytes, to be sent from now on. `counts`: whether the attempt counts towards the limits.
    """

    state: DeliveryState
    due_at: datetime | None = None
    pause_until: datetime | None = None
    payload: bytes | None = None
    counts: bool = True
