"""Notifies the operator after a damaged state was set aside: what was lost, and what was not."""

from __future__ import annotations

import logging
from datetime import datetime

from watcher.log import event
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import outbox
from watcher.store.engine.recovery import Recovery

log = logging.getLogger(__name__)


async def notify_recovery(
    settings: Settings, store: StoreThread, recovery: Recovery, *, adopted: int, now: datetime
) -> None:
    """Logs it and notifies the `ops` channels. `adopted`: files of the corpus that the state did not know."""
    text = account_of(recovery, adopted=adopted)
    log.error("%s", text, extra=event("state.replaced", set_aside=str(recovery.set_aside), adopted=adopted))
    for channel in settings.ops:
        await store.run(outbox.notify, channel, text, now=now)


def account_of(recovery: Recovery, *, adopted: int) -> str:
    """Says what was lost with a state, and what was not."""
    kept = f"The state database was damaged ({recovery.reason}); it is kept as {recovery.set_aside}."
    safe = f"The corpus lost nothing; {adopted} of its documents were recorded again."
    backup = recovery.backup
    if backup is None:
        return (
            f"{kept} There was no good backup beside it, so a new one was made from the corpus. {safe} "
            "Lost: where the documents came from and what matched in them, what the feeds are known to list, which "
            "alerts were sent, and alerts that waited. The feeds are read as if for the first time: documents of the "
            "corpus are not archived twice, and each channel gets one summary of the rest."
        )
    known = f"{backup.as_of:%Y-%m-%d %H:%M} UTC" if backup.as_of else "before the first poll"
    return (
        f"{kept} The backup {backup.path.name} took its place; it knows everything until {known}. {safe} "
        "Lost since then: where new documents came from and what matched in them, and alerts that waited. "
        "Alerts that were on their way when the backup was made may be sent again."
    )
