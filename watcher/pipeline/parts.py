"""What the steps work with. Made by the composition root; a reload swaps the `Setting` whole, never a piece of it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from watcher.alerts.windows import Window
from watcher.config import ChannelConfig, ChannelType, Config, FeedConfig, parse_digest, parse_quiet
from watcher.corpus import CorpusFolder
from watcher.errors import WatcherError
from watcher.model import AlertKind, Priority, Watch
from watcher.net import Client
from watcher.parsing import ParserPool
from watcher.runtime.batcher import Batcher
from watcher.runtime.entry_recorder import EntryRecorder
from watcher.runtime.rwlock import ReadWriteLock
from watcher.store import StoreThread, feeds
from watcher.store.collecting import Gate
from watcher.store.deliveries import Telling
from watcher.store.feeds import QuietPoll
from watcher.store.recovery import Recovery

FEEDS_AT_HAND = 2 * (os.cpu_count() or 1)  # with 48, the way from an answer to its alert took three times as long
LEASE = timedelta(minutes=30)  # longer than any step can take: each is bounded by its deadlines


def utc_now() -> datetime:
    """The clock of the steps."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One generation of the config, indexed the way the steps ask for it."""

    generation: int
    config: Config
    feeds: Mapping[str, FeedConfig]
    watches: Mapping[str, Watch]
    channels: Mapping[str, ChannelConfig]
    windows: Mapping[str, Window]

    @classmethod
    def of(cls, config: Config, *, generation: int) -> Setting:
        return cls(
            generation=generation,
            config=config,
            feeds={feed.name: feed for feed in config.feeds},
            watches={watch.name: watch for watch in config.watches},
            channels={channel.name: channel for channel in config.channels},
            windows={channel.name: _window(channel, config.corpus.timezone) for channel in config.channels},
        )

    @property
    def timezone(self) -> str:
        return self.config.corpus.timezone

    @property
    def ops(self) -> tuple[str, ...]:
        """The channels that hear what watcher has to say about itself."""
        return tuple(name for name, channel in self.channels.items() if channel.ops)

    def telling(self, *, in_first_poll: bool, now: datetime, watches: Iterable[str] | None = None) -> Telling:
        """Whom to tell of a document found now, which matched `watches`; None: any."""
        names = self.watches.keys() if watches is None else self.watches.keys() & watches
        matched = [self.watches[name] for name in names]
        follow_ups = frozenset(name for name, channel in self.channels.items() if channel.follow_ups)
        return Telling(
            channels={watch.name: watch.channels for watch in matched},
            release_at={name: now + channel.group_wait for name, channel in self.channels.items()},
            in_first_poll=in_first_poll,
            urgent=frozenset(watch.name for watch in matched if watch.priority is Priority.HIGH),
            follow_ups=follow_ups,
            replies=frozenset(name for name in follow_ups if self.channels[name].type is ChannelType.MATRIX),
        )

    def gate(self, now: datetime) -> Gate:
        """Says for each channel when it may be told; one that left the config holds nothing back."""

        def opens_at(channel: str, kind: AlertKind, urgent: bool, told: Sequence[datetime]) -> tuple[datetime, str]:
            window = self.windows.get(channel)
            return window.opens_at(now, kind=kind, urgent=urgent, told=told) if window else (now, "")

        return opens_at

    def quiet(self, now: datetime) -> Mapping[str, tuple[datetime, str]]:
        """The channels that are in their quiet hours: until when, and the words for it."""
        ends = {name: window.quiet_until(now) for name, window in self.windows.items()}
        return {name: (end, self.windows[name].quiet_reason) for name, end in ends.items() if end}


def _window(channel: ChannelConfig, timezone: str) -> Window:
    return Window(
        timezone=ZoneInfo(timezone),
        digest=parse_digest(channel.digest) if channel.digest else None,
        quiet=parse_quiet(channel.quiet) if channel.quiet else None,
        max_per_hour=channel.max_per_hour,
    )


@dataclass(slots=True, kw_only=True)
class Parts:
    """The machinery that the steps share. `kick_*` wakes the next step as soon as there is work for it. `repeated`:
    host -> hashes of the paragraphs that it shows on page after page. `reading` and `settling`: room for feeds that
    have been fetched; the others wait, so that what the first ones bring is not kept waiting by them."""

    setting: Setting
    store: StoreThread
    client: Client
    pool: ParserPool
    folder: CorpusFolder
    show: Callable[[str], None]
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random
    kick_ingest: Callable[[], None] = lambda: None
    kick_deliver: Callable[[], None] = lambda: None
    former_clients: dict[Client, datetime] = field(default_factory=dict)  # and when each was left
    inquired: set[tuple[str, str]] = field(default_factory=set)
    repeated: dict[str, set[int]] = field(default_factory=dict)
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FEEDS_AT_HAND))
    settling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FEEDS_AT_HAND))
    archiving: ReadWriteLock = field(default_factory=ReadWriteLock)
    recovery: Recovery | None = None  # what had to be done to open the state
    show_life: Callable[[datetime], None] = lambda now: None
    fatal: WatcherError | None = None
    on_fatal: Callable[[], None] = lambda: None
    endings: EntryRecorder = field(init=False)
    quiet_polls: Batcher[QuietPoll, None] = field(init=False)

    def __post_init__(self) -> None:
        self.endings = EntryRecorder(self.store, now=lambda: self.now(), generation=lambda: self.setting.generation)
        self.quiet_polls = Batcher(lambda polls: self.store.run(feeds.settle_quiet_polls, polls))

    def give_up(self, error: WatcherError) -> None:
        """Says that going on is not safe: after a failed fsync only a restart knows what is on disk."""
        self.fatal = self.fatal or error
        self.on_fatal()
