"""What the operator is told after a damaged state was set aside: what was lost, and what was not."""

from __future__ import annotations

import logging

from watcher.log import event
from watcher.pipeline.parts import Parts
from watcher.store import deliveries
from watcher.store.recovery import Recovery

log = logging.getLogger(__name__)


async def tell_recovery(parts: Parts, recovery: Recovery, *, adopted: int) -> None:
    """Says it in the log and on the `ops` channels. `adopted`: files of the corpus that the state did not know."""
    text = account_of(recovery, adopted=adopted)
    log.error("%s", text, extra=event("state.replaced", set_aside=str(recovery.set_aside), adopted=adopted))
    for channel in parts.setting.channels.values():
        if channel.ops:
            await parts.store.run(deliveries.notify, channel.name, text, now=parts.now())


def account_of(recovery: Recovery, *, adopted: int) -> str:
    """What was lost with a state, and what was not."""
    kept = f"The state database was damaged ({recovery.reason}); it is kept as {recovery.set_aside}."
    safe = f"The corpus lost nothing; {adopted} of its documents were taken on record again."
    backup = recovery.backup
    if backup is None:
        return (
            f"{kept} There was no good backup beside it, so it was begun anew from the corpus. {safe} "
            "Lost: where the documents came from and what matched in them, what the feeds are known to list, what was "
            "told, and alerts that waited. The feeds are read as if for the first time: what stands in the corpus is "
            "not archived twice, and each channel gets one summary of the rest."
        )
    known = f"{backup.as_of:%Y-%m-%d %H:%M} UTC" if backup.as_of else "before the first poll"
    return (
        f"{kept} The backup {backup.path.name} took its place, which knows everything until {known}. {safe} "
        "Lost since then: where new documents came from and what matched in them, and alerts that waited. "
        "Alerts that were on their way when the backup was made may be told again."
    )
