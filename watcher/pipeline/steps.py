"""The three steps as lanes over one set of parts, with the counts of what they did. Who drives them does not matter."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from watcher.alerts.channels import CHANNELS
from watcher.corpus import FsyncFailed
from watcher.errors import CorpusError
from watcher.model import DeliveryState
from watcher.pipeline.archive import adopt_folder, write_owed
from watcher.pipeline.deliver import deliver
from watcher.pipeline.ingest import ingest
from watcher.pipeline.lane import Lane
from watcher.pipeline.parts import LEASE, Parts
from watcher.pipeline.poll import poll
from watcher.pipeline.restoring import tell_recovery
from watcher.store import deliveries, entries, feeds
from watcher.store.deliveries import ClaimedDelivery
from watcher.store.entries import ClaimedEntry
from watcher.store.feeds import ClaimedFeed

log = logging.getLogger(__name__)

POLLS_AT_ONCE = 48
INGESTS_AT_ONCE = 24  # each may hold a page of 8 MiB
DELIVERIES_AT_ONCE = 16


@dataclass(slots=True)
class Tally:
    """What the steps did since they were made. `failed_feeds`: name -> why."""

    polled: int = 0
    new_entries: int = 0
    failed_feeds: dict[str, str] = field(default_factory=dict)
    entries: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)


class Steps:
    """The lanes of poll, ingest and deliver, and the housekeeping between them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.tally = Tally()
        self._sent_at: dict[str, float] = {}
        self.poll = Lane("poll", width=POLLS_AT_ONCE, claim=self._claim_feeds, handle=self._poll)
        self.ingest = Lane("ingest", width=INGESTS_AT_ONCE, claim=self._claim_entries, handle=self._ingest)
        self.deliver = Lane("deliver", width=DELIVERIES_AT_ONCE, claim=self._claim_deliveries, handle=self._deliver)
        parts.kick_ingest = self.ingest.kick
        parts.kick_deliver = self.deliver.kick

    @property
    def lanes(self) -> tuple[Lane[ClaimedFeed], Lane[ClaimedEntry], Lane[ClaimedDelivery]]:
        return self.poll, self.ingest, self.deliver

    async def start(self) -> None:
        """Takes over the state: voids a former process's claims, subscribes, adopts files, writes those owed.

        Raises CorpusError if the folder can't be read; files that can't be written now stay owed.
        """
        store = self.parts.store
        for void in (feeds.void_claims, entries.void_claims):
            await store.run(void)
        await store.run(deliveries.void_claims)
        await self.subscribe()
        if adopted := await adopt_folder(self.parts):
            log.info("adopted %d documents that were in %s", adopted, self.parts.folder.path)
        if recovery := self.parts.recovery:
            await tell_recovery(self.parts, recovery, adopted=adopted)
        await self.keep_house()

    async def subscribe(self) -> None:
        """Makes the feeds of the current setting the subscribed ones."""
        wanted = {feed.name: feed.url for feed in self.parts.setting.config.feeds}
        await self.parts.store.run(feeds.subscribe, wanted, now=self.parts.now())

    async def keep_house(self) -> None:
        """What has to be seen to every now and then: lapsed claims, owed files."""
        now = self.parts.now()
        await self.parts.store.run(feeds.free_expired, now=now)
        await self.parts.store.run(entries.free_expired, now=now)
        try:
            await write_owed(self.parts)
        except FsyncFailed as error:
            self.parts.give_up(error)
        except CorpusError as error:
            log.error("%s", error)

    async def _claim_feeds(self, limit: int) -> list[ClaimedFeed]:
        return await self.parts.store.run(feeds.claim, now=self.parts.now(), limit=limit, lease=LEASE)

    async def _poll(self, claimed: ClaimedFeed) -> None:
        report = await poll(self.parts, claimed)
        self.tally.polled += 1
        self.tally.new_entries += report.entries
        if report.error:
            self.tally.failed_feeds[claimed.name] = report.error
        if report.entries:
            self.ingest.kick()

    async def _claim_entries(self, limit: int) -> list[ClaimedEntry]:
        return await self.parts.store.run(entries.claim, now=self.parts.now(), limit=limit, lease=LEASE)

    async def _ingest(self, claimed: ClaimedEntry) -> None:
        outcome = await ingest(self.parts, claimed)
        self.tally.entries[outcome.value if outcome else "postponed"] += 1

    async def _claim_deliveries(self, _limit: int) -> list[ClaimedDelivery]:
        """One for each channel that is free: alerts of a channel go one after the other, in order."""
        now = self.parts.now()
        first_polls_open = await self.parts.store.run(feeds.first_polls_open, now=now)
        await self.parts.store.run(deliveries.release, now=now, summaries=not first_polls_open)
        channels = tuple(self.parts.setting.channels)
        return await self.parts.store.run(deliveries.claim, channels, now=now, lease=LEASE)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        await self._keep_gap(claimed.channel)
        state = await deliver(self.parts, claimed)
        if state is not DeliveryState.PENDING:
            self.tally.deliveries[state.value] += 1

    async def _keep_gap(self, channel: str) -> None:
        """Waits until the channel may be sent to again, e.g. Slack's one message a second."""
        gap: timedelta = CHANNELS[self.parts.setting.channels[channel].type].minimum_gap
        clock = asyncio.get_running_loop().time
        wait = self._sent_at.get(channel, float("-inf")) + gap.total_seconds() - clock()
        if wait > 0:
            await asyncio.sleep(wait)
        self._sent_at[channel] = clock()
