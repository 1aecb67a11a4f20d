"""Claims the work of this process: all that is due, or, for a worker, that of the shards and channels that it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from watcher.errors import HoldLost
from watcher.pipeline.deliver import DeliverContext, claim_due
from watcher.pipeline.settings import LEASE
from watcher.store import StoreThread
from watcher.store.commands import entries, feeds, holds, revisits
from watcher.store.commands.entries import ClaimedEntry
from watcher.store.commands.feeds import ClaimedFeed
from watcher.store.commands.outbox import ClaimedDelivery
from watcher.store.commands.revisits import ClaimedRevisit
from watcher.store.fencing import Hold, current_hold
from watcher.store.queries.holds import Due

T = TypeVar("T")
OfShard = ClaimedFeed | ClaimedEntry | ClaimedRevisit


class Holdings:
    """The holds of a worker: shard -> hold, channel -> hold."""

    def __init__(self) -> None:
        self.shards: dict[int, Hold] = {}
        self.channels: dict[str, Hold] = {}

    def of_shard(self, claimed: OfShard) -> Hold | None:
        """The hold under which this is worked on; None if it was lost since the claim."""
        return self.shards.get(claimed.shard) if claimed.shard is not None else None

    def of_channel(self, claimed: ClaimedDelivery) -> Hold | None:
        """The hold under which this is sent; None if it was lost since the claim."""
        return self.channels.get(claimed.channel)


class Claims:
    """Claims, and gives claims back. `is_open`: whether the disks have room; `holdings`: None in the only process."""

    def __init__(
        self,
        store: StoreThread,
        *,
        is_open: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime],
        holdings: Holdings | None = None,
    ) -> None:
        self._store = store
        self._is_open = is_open
        self._now = now
        self._holdings = holdings

    async def feeds(self, limit: int, *, due_by: datetime | None) -> list[ClaimedFeed]:
        """Claims feeds that are due."""
        return await self._claim(feeds.claim, Due.FEEDS, limit, due_by=due_by)

    async def entries(self, limit: int, *, for_backfills: bool) -> list[ClaimedEntry]:
        """Claims pending entries."""
        return await self._claim(entries.claim, Due.ENTRIES, limit, for_backfills=for_backfills)

    async def revisits(self, limit: int) -> list[ClaimedRevisit]:
        """Claims documents whose pages are due."""
        return await self._claim(revisits.claim, Due.REVISITS, limit)

    async def deliveries(self, context: DeliverContext, *, in_hand: Collection[int]) -> list[ClaimedDelivery]:
        """Claims deliveries, one for each free channel."""
        if self._holdings is None:
            return await claim_due(context, in_hand=in_hand)
        found: list[ClaimedDelivery] = []
        for channel, hold in list(self._holdings.channels.items()):
            with working_under(hold):
                found += await claim_due(context, in_hand=in_hand, channels=(channel,))
        return found

    async def reschedule_feeds(self, claimed: Sequence[tuple[ClaimedFeed, datetime]]) -> None:
        """Gives claims back; each feed is due at another time."""
        await self._by_hold(claimed, lambda some: self._store.run(feeds.reschedule, [(one.id, at) for one, at in some]))

    async def reschedule_entries(self, claimed: Sequence[tuple[ClaimedEntry, datetime]]) -> None:
        """Gives claims back; each entry is due at another time."""
        await self._by_hold(
            claimed, lambda some: self._store.run(entries.reschedule, [(one.id, at) for one, at in some])
        )

    async def reschedule_revisits(self, claimed: Sequence[tuple[ClaimedRevisit, datetime]]) -> None:
        """Gives claims back; each page is due at another time."""
        await self._by_hold(claimed, lambda some: self._store.run(revisits.reschedule, some))

    async def _claim(self, command: Callable[..., list[T]], due: Due, limit: int, **more: Any) -> list[T]:
        if (self._holdings is not None and not self._holdings.shards) or not await self._is_open():
            return []
        now, asked = self._now(), {"limit": limit, "lease": LEASE, **more}
        if self._holdings is None:
            return await self._store.run(command, now=now, **asked)
        shards = dict(self._holdings.shards)
        return await self._store.run(holds.claim_in_shards, command, due, shards, now=now, **asked)

    async def _by_hold(
        self,
        claimed: Sequence[tuple[Any, datetime]],
        give_back: Callable[[Sequence[tuple[Any, datetime]]], Awaitable[object]],
    ) -> None:
        """Gives claims back under the hold of each; those whose hold is lost are void already."""
        if self._holdings is None:
            await give_back(claimed)
            return
        by_hold: dict[Hold, list[tuple[Any, datetime]]] = defaultdict(list)
        for one, due_at in claimed:
            if (hold := self._holdings.of_shard(one)) is not None:
                by_hold[hold].append((one, due_at))
        for hold, some in by_hold.items():
            with working_under(hold):
                try:
                    await give_back(some)
                except HoldLost:
                    continue


@contextmanager
def working_under(hold: Hold | None) -> Iterator[None]:
    """Makes calls to the store, and requests, under a hold."""
    token = current_hold.set(hold)
    try:
        yield
    finally:
        current_hold.reset(token)
