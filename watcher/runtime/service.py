"""The three steps as lanes over one set of parts, with the counts of what they did. Who drives them does not matter."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from watcher.alerts.channels import CHANNELS
from watcher.corpus import FsyncFailed
from watcher.errors import CorpusError
from watcher.log import event
from watcher.matching import STORY_WINDOW
from watcher.model import DeliveryState
from watcher.pipeline.archive import adopt_folder, write_owed
from watcher.pipeline.deliver import claim_due, deliver
from watcher.pipeline.ingest import ingest
from watcher.pipeline.parts import LEASE, Parts
from watcher.pipeline.poll import poll
from watcher.pipeline.review import review
from watcher.runtime.clock_skew import mend_clock
from watcher.runtime.disk_guard import DiskGuard
from watcher.runtime.host_limiter import HostLimiter
from watcher.runtime.recovery_notice import tell_recovery
from watcher.runtime.retention import Retention
from watcher.runtime.runner import StepRunner
from watcher.store import entries, feeds, incidents, outbox, pages, stories
from watcher.store.entries import ClaimedEntry
from watcher.store.feeds import ClaimedFeed
from watcher.store.outbox import ClaimedDelivery
from watcher.text import host_and_port

log = logging.getLogger(__name__)

POLLS_AT_ONCE = 48
INGESTS_AT_ONCE = 24  # each may hold a page of 8 MiB
DELIVERIES_AT_ONCE = 16
A_LONG_WAY = 1_000  # ahead: past what waits for one slow host
CORPUS_TROUBLE = "corpus"


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

    def __init__(self, parts: Parts, *, to_the_end: bool = False) -> None:
        """`to_the_end`: all that is due is done now (`once`); else what waits for a crowded host may come later."""
        self.parts = parts
        far_ahead = A_LONG_WAY if to_the_end else 0
        self.tally = Tally()
        self.due_by: datetime | None = None  # `once` takes a feed once, however short its interval
        self._intake = DiskGuard(parts)
        self.clear_away = Retention(parts).clear_away
        self._sent_at: dict[str, float] = {}
        self._sending: set[int] = set()
        self._forgot_on: date | None = None
        self.poll = StepRunner(
            "poll",
            width=POLLS_AT_ONCE,
            claim=self._claim_feeds,
            handle=self._poll,
            give_back=lambda claimed: parts.store.run(feeds.release, claimed.id),
            ahead=far_ahead or POLLS_AT_ONCE,
            crowd=HostLimiter(
                host=lambda claimed: host_and_port(claimed.url),
                places=POLLS_AT_ONCE // 3,
                now=parts.now,
                later=None if to_the_end else self._put_off_feeds,
            ),
        )
        self.ingest = StepRunner(
            "ingest",
            width=INGESTS_AT_ONCE,
            claim=self._claim_entries,
            handle=self._ingest,
            give_back=lambda claimed: parts.store.run(entries.release, claimed.id),
            ahead=far_ahead or INGESTS_AT_ONCE,
            crowd=HostLimiter(
                host=lambda claimed: host_and_port(claimed.link),
                places=INGESTS_AT_ONCE // 3,
                now=parts.now,
                later=None if to_the_end else self._put_off_entries,
            ),
        )
        self.deliver = StepRunner(
            "deliver",
            width=DELIVERIES_AT_ONCE,
            claim=self._claim_deliveries,
            handle=self._deliver,
            give_back=lambda claimed: parts.store.run(outbox.release, claimed, now=parts.now()),
        )
        parts.kick_ingest = self.ingest.kick
        parts.kick_deliver = self.deliver.kick

    @property
    def lanes(self) -> tuple[StepRunner[ClaimedFeed], StepRunner[ClaimedEntry], StepRunner[ClaimedDelivery]]:
        return self.poll, self.ingest, self.deliver

    async def start(self) -> None:
        """Takes over the state: voids a former process's claims, subscribes, adopts files, writes those owed.

        Raises CorpusError if the folder can't be read; files that can't be written now stay owed.
        """
        store = self.parts.store
        for void in (feeds.void_claims, entries.void_claims):
            await store.run(void)
        await store.run(outbox.void_claims, now=self.parts.now())
        await self.subscribe()
        if adopted := await adopt_folder(self.parts):
            log.info(
                "adopted %d documents that were in %s",
                adopted,
                self.parts.folder.path,
                extra=event("corpus.adopted", documents=adopted),
            )
        if recovery := self.parts.recovery:
            await tell_recovery(self.parts, recovery, adopted=adopted)
        await self.keep_house()

    async def subscribe(self) -> None:
        """Makes the feeds of the current setting the subscribed ones, and tries its new watches on what is there."""
        wanted = {feed.name: feed.url for feed in self.parts.setting.config.feeds}
        await self.parts.store.run(feeds.subscribe, wanted, now=self.parts.now())
        await review(self.parts)

    async def keep_house(self) -> None:
        """What has to be seen to every now and then: lapsed claims, owed files."""
        now = self.parts.now()
        await self.parts.store.run(feeds.free_expired, now=now)
        await self.parts.store.run(entries.free_expired, now=now)
        await self.parts.store.run(stories.forget, before=now - STORY_WINDOW)
        if now.date() != self._forgot_on:
            await self.parts.store.run(pages.forget, now=now)
            self.parts.repeated = await self.parts.store.run(pages.repeated)
            self._forgot_on = now.date()
        await mend_clock(self.parts)
        await self._write_owed()

    async def _write_owed(self) -> None:
        """Files that are owed; the operator is told when they can't be written, and when they can again."""
        store, ops, now = self.parts.store, self.parts.setting.ops, self.parts.now()
        try:
            await write_owed(self.parts)
        except FsyncFailed as error:
            self.parts.give_up(error)
        except CorpusError as error:
            log.error("%s", error, extra=event("corpus.unwritable", error=str(error)))
            await store.run(incidents.begin, CORPUS_TROUBLE, f"The corpus can't be written: {error}", ops=ops, now=now)
        else:
            await store.run(incidents.end, CORPUS_TROUBLE, "The corpus can be written again.", ops=ops, now=now)

    async def _claim_feeds(self, limit: int) -> list[ClaimedFeed]:
        if not await self._intake.is_open():
            return []
        now = self.parts.now()
        return await self.parts.store.run(feeds.claim, now=now, limit=limit, lease=LEASE, due_by=self.due_by)

    async def _put_off_feeds(self, claimed: Sequence[tuple[ClaimedFeed, datetime]]) -> None:
        await self.parts.store.run(feeds.put_off, [(feed.id, due_at) for feed, due_at in claimed])

    async def _put_off_entries(self, claimed: Sequence[tuple[ClaimedEntry, datetime]]) -> None:
        await self.parts.store.run(entries.put_off, [(entry.id, due_at) for entry, due_at in claimed])

    async def _poll(self, claimed: ClaimedFeed) -> None:
        report = await poll(self.parts, claimed)
        self.tally.polled += 1
        self.tally.new_entries += report.entries
        if report.error:
            self.tally.failed_feeds[claimed.name] = report.error
        if report.entries:
            self.ingest.kick()

    async def _claim_entries(self, limit: int) -> list[ClaimedEntry]:
        if not await self._intake.is_open():
            return []
        return await self.parts.store.run(entries.claim, now=self.parts.now(), limit=limit, lease=LEASE)

    async def _ingest(self, claimed: ClaimedEntry) -> None:
        outcome = await ingest(self.parts, claimed)
        self.tally.entries[outcome.value if outcome else "postponed"] += 1

    async def _claim_deliveries(self, _limit: int) -> list[ClaimedDelivery]:
        claimed = await claim_due(self.parts, in_hand=self._sending)
        self._sending.update(delivery.sequence for delivery in claimed)
        return claimed

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        try:
            await self._keep_gap(claimed.channel)
            state = await deliver(self.parts, claimed)
        finally:
            self._sending.discard(claimed.sequence)
            self._sent_at[claimed.channel] = asyncio.get_running_loop().time()
        if state is not DeliveryState.PENDING:
            self.tally.deliveries[state.value] += 1

    async def _keep_gap(self, channel: str) -> None:
        """Waits until the channel may be sent to again, e.g. Slack's one message a second.

        Counted from the last answer: from the last start, a slow message and a fast one would come too close together.
        """
        setting = self.parts.setting.channels.get(channel)
        gap = CHANNELS[setting.type].minimum_gap if setting else timedelta()
        wait = self._sent_at.get(channel, float("-inf")) + gap.total_seconds() - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
