"""Runs the three steps over one state and one corpus, under the generation of the config that is in force.

    poll runner ──▶ new entries wake ──▶ ingest runner ──▶ released deliveries wake ──▶ deliver runner

`Resources` live as long as the process. A `Generation` holds the contexts of the steps for one config; a reload
replaces it whole, and running tasks finish under the one that they began with.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from watcher.alerts.channels import CHANNELS
from watcher.config import Config
from watcher.errors import WatcherError
from watcher.feeds.subscriptions import plan_subscriptions
from watcher.log import event
from watcher.model import DeliveryState, FollowedFeed, ListedFeed
from watcher.net import Client
from watcher.parsing.launch import usable_cores
from watcher.pipeline.archive import ArchiveContext, adopt_folder
from watcher.pipeline.deliver import DeliverContext, deliver
from watcher.pipeline.feed_bodies import PollContext
from watcher.pipeline.follow import FollowContext
from watcher.pipeline.ingest import IngestContext, ingest
from watcher.pipeline.poll import poll
from watcher.pipeline.repeated_paragraphs import RepeatedParagraphs
from watcher.pipeline.review import review
from watcher.pipeline.revisit import RevisitContext
from watcher.pipeline.screening import Screening
from watcher.pipeline.seen import find_seen_text, no_seen_text
from watcher.pipeline.send import Sender
from watcher.pipeline.settings import Settings
from watcher.runtime.batcher import Batcher
from watcher.runtime.claims import Claims
from watcher.runtime.disk_guard import DiskGuard
from watcher.runtime.entry_recorder import EntryRecorder
from watcher.runtime.host_limiter import HostLimiter
from watcher.runtime.housekeeping import Housekeeping
from watcher.runtime.list_reader import ListReader
from watcher.runtime.recovery_notice import notify_recovery
from watcher.runtime.resources import Generation, Resources, Tally
from watcher.runtime.retention import Retention
from watcher.runtime.revisits import MOST_OF_ONCE, Revisits
from watcher.runtime.runner import StepRunner
from watcher.runtime.rwlock import ReadWriteLock
from watcher.runtime.unread_feeds import review_unread_feeds
from watcher.store.commands import entries, feeds, followed_lists, holds, incidents, outbox, polls, revisits
from watcher.store.commands.entries import ClaimedEntry
from watcher.store.commands.feeds import ClaimedFeed
from watcher.store.commands.outbox import ClaimedDelivery
from watcher.store.commands.polls import QuietPoll
from watcher.store.fencing import Hold, current_hold
from watcher.store.queries import repeats
from watcher.text import host_and_port

log = logging.getLogger(__name__)

POLLS_AT_ONCE = 48
INGESTS_AT_ONCE = 24  # each may hold a page of 8 MiB
DELIVERIES_AT_ONCE = 16
NEWS_AT_ONCE = 2 * usable_cores()  # with 48, the time from a feed's answer to its alert was three times as long
_ALL_AHEAD = 1_000  # tasks of `once`: more than wait for one slow host


class Service:
    """The runners of poll, ingest and deliver, and the housekeeping between them.

    `generation` is in force; `former_clients`: HTTP clients of earlier ones, and when each was replaced; `abort_error`:
    why going on is not safe, None while it is.
    """

    def __init__(self, resources: Resources, settings: Settings, client: Client, *, to_the_end: bool = False) -> None:
        """`to_the_end`: all that is due is done now (`once`); else the work for a busy host may be rescheduled."""
        self.resources = resources
        self.tally = Tally()
        self.due_by: datetime | None = None  # `once` polls a feed once, however short its interval
        self.for_backfills = False  # only entries that a backfill waits for are ingested
        self.former_clients: dict[Client, datetime] = {}
        self.abort_error: WatcherError | None = None
        self._sent_at: dict[str, float] = {}
        self._sending: set[int] = set()
        self._accepted: set[tuple[str, str]] = set()
        self._repeated, self._screening = RepeatedParagraphs(), Screening()
        self._corpus_lock, self._writing, self._subscribing = ReadWriteLock(), asyncio.Lock(), asyncio.Lock()
        self._parsing, self._recording = asyncio.Semaphore(NEWS_AT_ONCE), asyncio.Semaphore(NEWS_AT_ONCE)
        self._large_bodies = asyncio.Semaphore(1)
        self._quiet_polls = Batcher[tuple[QuietPoll, Hold | None], None](
            lambda quiet: resources.store.run(holds.with_current, polls.settle_quiet_polls, quiet)
        )
        self._recorder = EntryRecorder(resources.store, now=resources.now, generation=lambda: self.settings.generation)
        self._claims = Claims(
            resources.store,
            is_open=lambda: self._disk_guard.is_open(),
            now=resources.now,
            holdings=resources.holdings,
        )
        self._make_runners(to_the_end=to_the_end)
        self.revisits = Revisits(
            resources.store,
            context=lambda: self.generation.revisit,
            claims=self._claims,
            holdings=resources.holdings,
            now=resources.now,
            most=MOST_OF_ONCE if to_the_end else None,
        )
        self.generation = self._generation(settings, client)
        machine = socket.gethostname() if resources.holdings else ""
        self._disk_guard = DiskGuard(
            resources.store,
            (resources.folder.path, settings.config.state.path.parent),
            ops=lambda: self.settings.ops,
            now=resources.now,
            wake_deliver=self.deliver.wake,
            machine=machine,
        )
        self._housekeeping = Housekeeping(
            lambda: self.generation.archive,
            repeated=self._repeated,
            seen_problem=lambda: resources.seen.problem if resources.seen else "",
            parsers_problem=lambda: resources.parsers.problem,
            machine=machine,
            now=resources.now,
            abort=self.abort,
        )
        self.lists = ListReader(
            resources.store,
            context=lambda: self.generation.follow,
            subscribe=self._subscribe_feeds,
            now=resources.now,
        )
        self.keep_house, self.write_missing = self._housekeeping.run, self._housekeeping.write_missing
        self.delete_expired = Retention(resources.store, now=resources.now).delete_expired

    # -- generations ---------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.generation.settings

    def switch(self, settings: Settings, client: Client) -> None:
        """Puts another generation in force."""
        if client is not self.generation.client:
            self.former_clients[self.generation.client] = self.resources.now()  # its requests go on
        self.generation = self._generation(settings, client)

    def _generation(self, settings: Settings, client: Client) -> Generation:
        own = self.resources
        archive = ArchiveContext(
            settings=settings,
            store=own.store,
            folder=own.folder,
            shared=self._corpus_lock.shared,
            exclusive=self._corpus_lock.exclusive,
            writing=self._writing,
            wake_deliver=self.deliver.wake,
            now=own.now,
            writes=own.holdings is None,
            permit=own.permit,
            is_in_force=lambda: self.settings.generation == settings.generation,
        )
        return Generation(
            settings=settings,
            client=client,
            poll=PollContext(
                settings=settings,
                store=own.store,
                client=client,
                parsers=own.parsers,
                record_quiet=lambda quiet: self._quiet_polls.do((quiet, current_hold.get())),
                parsing=self._parsing,
                recording=self._recording,
                large=self._large_bodies,
                now=own.now,
                jitter=own.jitter,
            ),
            ingest=IngestContext(
                settings=settings,
                store=own.store,
                client=client,
                parsers=own.parsers,
                archive=archive,
                record_end=self._recorder.record,
                repeated=self._repeated,
                screening=self._screening,
                abort=self.abort,
                now=own.now,
                jitter=own.jitter,
                add_seen=own.seen.add if own.seen else None,
                find_seen=partial(find_seen_text, settings.config.state.seen_path) if own.seen else no_seen_text,
            ),
            archive=archive,
            deliver=DeliverContext(
                settings=settings,
                store=own.store,
                sender=Sender(
                    config=settings.config, client=client, show=own.show, now=own.now, accepted=self._accepted
                ),
                now=own.now,
                jitter=own.jitter,
            ),
            follow=FollowContext(
                settings=settings,
                store=own.store,
                client=client,
                parsers=own.parsers,
                now=own.now,
                jitter=own.jitter,
            ),
            revisit=RevisitContext(
                settings=settings,
                store=own.store,
                client=client,
                parsers=own.parsers,
                repeated=self._repeated,
                wake_deliver=self.deliver.wake,
                now=own.now,
            ),
        )

    # -- start and end -------------------------------------------------------------------------------------------------

    async def start(self, *, subscribes: bool = True) -> None:
        """Takes over the state: voids a former process's claims, subscribes, adopts files, writes missing ones.

        Not `subscribes`: feeds and watches on record stay as they are, so that no new watch is tried. Raises
        CorpusError if the folder cannot be read; files that cannot be written now are written later.
        """
        own = self.resources
        for void in (feeds.void_claims, entries.void_claims, revisits.void_claims):
            await own.store.run(void)
        await own.store.run(outbox.void_claims, now=own.now())
        await own.store.run(incidents.forget, incidents.WORKERS)  # this process takes all work
        if subscribes:
            await self.subscribe()
        if adopted := await adopt_folder(self.generation.archive):
            log.info(
                "adopted %d documents that were in %s",
                adopted,
                own.folder.path,
                extra=event("corpus.adopted", documents=adopted),
            )
        if own.recovery:
            await notify_recovery(self.settings, own.store, own.recovery, adopted=adopted, now=own.now())
        await self.keep_house()

    async def subscribe(self) -> None:
        """Subscribes to the feeds of the config in force and of its lists, and tries new watches on what is there."""
        await self._subscribe_feeds()
        await review(self.settings, self.resources.store, now=self.resources.now())
        await self.revisits.enroll()

    async def learn_repeated(self) -> None:
        """Takes over what other processes have learned of the paragraphs that hosts repeat."""
        self._repeated.reset(await self.resources.store.run(repeats.repeated_paragraphs))

    async def follow_lists(self) -> None:
        """Takes over what another process has read of followed lists, if the config in force has any."""
        if self.settings.config.opml:
            await self._subscribe_feeds()

    async def _subscribe_feeds(self) -> None:
        """Puts the feeds of the config and of its lists in force, as the store knows the lists now."""
        async with self._subscribing:
            settings = self.settings
            followed = await self.resources.store.run(
                followed_lists.subscribe, _decision(settings.config), settings.addresses, now=self.resources.now()
            )
            if settings.config is not self.settings.config:  # a reload came in between, which subscribes itself
                return
            if settings.config.opml:
                self.switch(settings.following(followed), self.generation.client)
        self.poll.wake()

    def abort(self, error: WatcherError) -> None:
        """Ends the process because going on is not safe: after a failed fsync only a restart knows what is on disk."""
        self.abort_error = self.abort_error or error
        self.resources.on_abort()

    async def review_feeds(self) -> None:
        """Looks for feeds whose pages cannot be read, or can be again."""
        await review_unread_feeds(self.settings, self.resources.store, now=self.resources.now)

    # -- runners -------------------------------------------------------------------------------------------------------

    @property
    def runners(self) -> tuple[StepRunner[Any], ...]:
        return self.poll, self.ingest, self.deliver, self.revisits.runner

    def _make_runners(self, *, to_the_end: bool) -> None:
        store, now, held = self.resources.store, self.resources.now, self.resources.holdings
        self.poll = StepRunner(
            "poll",
            width=POLLS_AT_ONCE,
            claim=self._claim_feeds,
            handle=self._poll,
            release=lambda claimed: store.run(feeds.release, claimed.id),
            ahead=_ALL_AHEAD if to_the_end else POLLS_AT_ONCE,
            limiter=HostLimiter(
                host=lambda claimed: host_and_port(claimed.url),
                limit=POLLS_AT_ONCE // 3,
                now=now,
                reschedule=None if to_the_end else self._claims.reschedule_feeds,
            ),
            hold_of=held.of_shard if held else None,
            claims_all=True,
        )
        self.ingest = StepRunner(
            "ingest",
            width=INGESTS_AT_ONCE,
            claim=self._claim_entries,
            handle=self._ingest,
            release=lambda claimed: store.run(entries.release, claimed.id),
            ahead=_ALL_AHEAD if to_the_end else INGESTS_AT_ONCE,
            limiter=HostLimiter(
                host=lambda claimed: host_and_port(claimed.link),
                limit=INGESTS_AT_ONCE // 3,
                now=now,
                reschedule=None if to_the_end else self._claims.reschedule_entries,
            ),
            hold_of=held.of_shard if held else None,
            claims_all=True,
        )
        self.deliver = StepRunner(
            "deliver",
            width=DELIVERIES_AT_ONCE,
            claim=self._claim_deliveries,
            handle=self._deliver,
            release=lambda claimed: store.run(outbox.release, claimed, now=now()),
            hold_of=held.of_channel if held else None,
        )

    async def _claim_feeds(self, limit: int) -> list[ClaimedFeed]:
        return await self._claims.feeds(limit, due_by=self.due_by)

    async def _poll(self, claimed: ClaimedFeed) -> None:
        report = await poll(self.generation.poll, claimed)
        self.tally.polled += 1
        self.tally.new_entries += report.entries
        if report.error:
            self.tally.failed_feeds[claimed.name] = report.error
        if report.entries:
            self.ingest.wake()

    async def _claim_entries(self, limit: int) -> list[ClaimedEntry]:
        return await self._claims.entries(limit, for_backfills=self.for_backfills)

    async def _ingest(self, claimed: ClaimedEntry) -> None:
        outcome = await ingest(self.generation.ingest, claimed)
        self.tally.entries[outcome.value if outcome else "postponed"] += 1

    async def _claim_deliveries(self, _limit: int) -> list[ClaimedDelivery]:
        claimed = await self._claims.deliveries(self.generation.deliver, in_hand=self._sending)
        self._sending.update(delivery.sequence for delivery in claimed)
        return claimed

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        try:
            await self._keep_gap(claimed.channel)
            state = await deliver(self.generation.deliver, claimed)
        finally:
            self._sending.discard(claimed.sequence)
            self._sent_at[claimed.channel] = asyncio.get_running_loop().time()
        if state is not DeliveryState.PENDING:
            self.tally.deliveries[state.value] += 1

    async def _keep_gap(self, channel: str) -> None:
        """Waits until the channel may be sent to again, e.g. Slack's one message a second.

        Counted from the last response: counted from the last request, a slow message and a fast one would arrive too
        close together.
        """
        config = self.settings.channels.get(channel)
        gap = CHANNELS[config.type].minimum_gap if config else timedelta()
        wait = self._sent_at.get(channel, float("-inf")) + gap.total_seconds() - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)


def _decision(config: Config) -> Callable[[Sequence[ListedFeed]], Sequence[FollowedFeed]]:
    lists = [followed.name for followed in config.opml]
    feeds = {feed.name: feed.url for feed in config.feeds}
    return lambda listed: plan_subscriptions(lists, listed, feeds)
