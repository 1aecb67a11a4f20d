"""The outbox: deliveries from the moment that they are due to a channel until they end.

    enqueue | windows | claims | attempt (outside) | claims.settle
                  digests: deliveries that must wait, or waited too long

`channels` holds what is remembered of a channel between deliveries, `by_hand` the changes that an operator makes.
`queries.outbox_status` reads all of it.
"""

from watcher.store.commands.outbox.attempts import Attempt, Next
from watcher.store.commands.outbox.by_hand import drop, replay
from watcher.store.commands.outbox.channels import QueueLimits, resume
from watcher.store.commands.outbox.claims import (
    ClaimedDelivery,
    claim,
    claim_due,
    keep_payload,
    release,
    settle,
    void_claims,
)
from watcher.store.commands.outbox.enqueue import Recipients, notify, notify_of_document
from watcher.store.commands.outbox.revisions import notify_of_revision
from watcher.store.commands.outbox.windows import Gate, close_windows, correct_clock_skew

__all__ = [
    "Attempt",
    "ClaimedDelivery",
    "Gate",
    "Next",
    "QueueLimits",
    "Recipients",
    "claim",
    "claim_due",
    "close_windows",
    "correct_clock_skew",
    "drop",
    "keep_payload",
    "notify",
    "notify_of_document",
    "notify_of_revision",
    "release",
    "replay",
    "resume",
    "settle",
    "void_claims",
]
