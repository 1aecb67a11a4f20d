"""One generation of the config, indexed the way the steps ask for it. A reload makes another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from watcher.alerts.windows import Window
from watcher.config import ChannelConfig, ChannelType, Config, FeedConfig, parse_digest, parse_quiet
from watcher.errors import FetchError
from watcher.matching.spikes import DAYS_BEFORE, FEWEST_MATCHES, spike
from watcher.model import AlertKind, FollowedFeed, NearMissMode, Priority, SpikeRule, TextFrom, Watch
from watcher.net import origin_of
from watcher.store.commands.outbox import Gate, Recipients

LEASE = timedelta(minutes=30)  # longer than a step can take: each is bounded by its deadlines

PARSERS_WAIT = timedelta(minutes=1)  # until work is tried again for which no parser process could start


def utc_now() -> datetime:
    """Returns the time by the wall clock; the clock of the steps outside of tests."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The feeds, watches and channels of one generation, by name. `feeds` are those of the config and of its lists."""

    generation: int
    config: Config
    feeds: Mapping[str, FeedConfig]
    watches: Mapping[str, Watch]
    channels: Mapping[str, ChannelConfig]
    windows: Mapping[str, Window]

    @classmethod
    def of(cls, config: Config, *, generation: int) -> Settings:
        return cls(
            generation=generation,
            config=config,
            feeds={feed.name: feed for feed in config.feeds},
            watches={watch.name: watch for watch in config.watches},
            channels={channel.name: channel for channel in config.channels},
            windows={channel.name: _window(channel, config.corpus.timezone) for channel in config.channels},
        )

    def following(self, followed: Iterable[FollowedFeed]) -> Settings:
        """Returns these settings with other feeds of followed lists; muted ones are not polled."""
        polling = self.config.polling
        listed = {
            feed.name: FeedConfig(
                name=feed.name,
                url=feed.url,
                every=polling.every,
                fastest=polling.fastest,
                slowest=polling.slowest,
                list=feed.list,
            )
            for feed in followed
            if not feed.muted
        }
        return replace(self, feeds=listed | {feed.name: feed for feed in self.config.feeds})

    def addresses(self, followed: Iterable[FollowedFeed]) -> dict[str, str]:
        """Returns the address of each feed that is polled: of those of followed lists, and of those of the config."""
        listed = {feed.name: feed.url for feed in followed if self.config.opml and not feed.muted}
        return listed | {feed.name: feed.url for feed in self.config.feeds}

    def origin_of_list(self, feed: FeedConfig) -> str | None:
        """The origin of the followed list that names a feed: the feed may be there though that is private."""
        place = next((each.url for each in self.config.opml if each.name == feed.list), "") if feed.list else ""
        try:
            return origin_of(place) if place else None
        except FetchError:  # an address that cannot be fetched either
            return None

    @property
    def timezone(self) -> str:
        return self.config.corpus.timezone

    @property
    def asks_for_feeds(self) -> bool:
        """Whether a watch may ask for the feed of an entry: the same article may match in one feed only, then."""
        return any("feed:" in watch.query.casefold() for watch in self.watches.values())

    @property
    def ops(self) -> tuple[str, ...]:
        """The channels that receive notices about watcher itself."""
        return tuple(name for name, channel in self.channels.items() if channel.ops)

    def recipients(
        self,
        *,
        in_first_poll: bool,
        now: datetime,
        watches: Iterable[str] | None = None,
        backfills: Mapping[str, int] | None = None,
    ) -> Recipients:
        """The channels to notify of a document found at `now` that matched `watches`; None: any watch.

        `backfills`: watch -> the backfill that looks for it.
        """
        names = self.watches.keys() if watches is None else self.watches.keys() & watches
        matched = [self.watches[name] for name in names]
        follow_ups = frozenset(name for name, channel in self.channels.items() if channel.follow_ups)
        return Recipients(
            channels={watch.name: watch.channels for watch in matched},
            release_at={name: now + channel.group_wait for name, channel in self.channels.items()},
            in_first_poll=in_first_poll,
            urgent=frozenset(watch.name for watch in matched if watch.priority is Priority.HIGH),
            digests=frozenset(name for name, channel in self.channels.items() if channel.digest),
            follow_ups=follow_ups,
            backfills=backfills or {},
            replies=frozenset(name for name in follow_ups if self.channels[name].type is ChannelType.MATRIX),
            spikes=self._spike_rule(frozenset(watch.name for watch in matched if watch.spike), now=now),
        )

    def _spike_rule(self, watches: frozenset[str], *, now: datetime) -> SpikeRule | None:
        """The rule for the spikes of these watches; articles of yesterday may still be read today."""
        if not watches:
            return None
        today = now.astimezone(ZoneInfo(self.timezone)).date()
        return SpikeRule(
            watches=watches,
            days=frozenset({today, today - timedelta(days=1)}),
            least=FEWEST_MATCHES,
            days_before=DAYS_BEFORE,
            judge=spike,
        )

    def first_revisit(self, link: str, text_from: TextFrom, now: datetime) -> datetime | None:
        """The moment at which the page of a document that is archived `now` is read again; None: never.

        A page that was gone before, so that the text is that of the seen archive, is not read.
        """
        revisions = self.config.revisions
        reads = revisions.enabled and link and text_from is not TextFrom.SEEN
        return now + revisions.schedule[0] if reads else None

    def revision_channels(self, watches: Iterable[str]) -> tuple[str, ...]:
        """The channels that receive the revisions of a document that matches `watches`.

        A channel that no watch names receives those of all documents.
        """
        named = {channel for watch in self.watches.values() for channel in watch.channels}
        wanted = {channel for name in self.watches.keys() & watches for channel in self.watches[name].channels}
        return tuple(
            name
            for name, channel in self.channels.items()
            if channel.revisions and (name in wanted or name not in named)
        )

    def near_miss_digests(self, watches: Iterable[str], *, now: datetime) -> Mapping[str, Mapping[str, datetime]]:
        """The next digests that show near misses of these watches: watch -> channel -> the moment of its digest."""
        asking = [self.watches[name] for name in self.watches.keys() & watches]
        asking = [watch for watch in asking if watch.near_misses is NearMissMode.DIGEST]
        windows = {name: self.windows[name] for watch in asking for name in watch.channels}
        moments = {name: moment for name, window in windows.items() if (moment := window.next_digest(now))}
        return {watch.name: {name: moments[name] for name in watch.channels if name in moments} for watch in asking}

    def gate(self, now: datetime) -> Gate:
        """Returns the rule that says when a channel may be sent to next; a channel without a window always may."""

        def opens_at(channel: str, kind: AlertKind, urgent: bool, sent: Sequence[datetime]) -> tuple[datetime, str]:
            window = self.windows.get(channel)
            return window.opens_at(now, kind=kind, urgent=urgent, sent=sent) if window else (now, "")

        return opens_at

    def quiet(self, now: datetime) -> Mapping[str, tuple[datetime, str]]:
        """The channels in their quiet hours: name -> end of the quiet hours, and the words for it."""
        ends = {name: window.quiet_until(now) for name, window in self.windows.items()}
        return {name: (end, self.windows[name].quiet_reason) for name, end in ends.items() if end}


def _window(channel: ChannelConfig, timezone: str) -> Window:
    return Window(
        timezone=ZoneInfo(timezone),
        digest=parse_digest(channel.digest) if channel.digest else None,
        quiet=parse_quiet(channel.quiet) if channel.quiet else None,
        max_per_hour=channel.max_per_hour,
    )
