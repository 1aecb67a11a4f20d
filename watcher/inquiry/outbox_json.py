"""The JSON form of deliveries, for `outbox list` and the pages. Programs depend on its keys, so they stay."""

from __future__ import annotations

from datetime import datetime

from watcher.config import Config
from watcher.store.queries.outbox_status import DeliveryStatus


def delivery_json(status: DeliveryStatus, config: Config, now: datetime) -> dict[str, object]:
    """Converts a delivery. A channel that the config does not have any more is called orphaned."""
    orphaned = status.channel not in {channel.name for channel in config.channels}
    return {
        "id": status.id,
        "channel": f"{status.channel} (orphaned)" if orphaned else status.channel,
        "kind": status.kind.value,
        "state": status.state.value,
        "age": str(now - status.created_at).split(".")[0],
        "next_attempt": status.due_at.isoformat(timespec="seconds") if status.is_open else None,
        "attempts": status.attempts,
        "last_answer": status.last_answer,
        "uncertain": status.uncertain,
        "told_in": status.digest or None,
        "documents": list(status.documents),
    }
