"""Values of the planner: what is remembered of a feed, what a poll came to, what to do about it. No logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.feeds.listing import FeedNews
from watcher.feeds.silence import Habit
from watcher.model import ChangedEntry, EntryId, KnownEntry, NewEntry, Sitemap


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The operator's three wishes: `every` to start with, then anything from `fastest` to `slowest`."""

    every: timedelta
    fastest: timedelta
    slowest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """What is remembered between two polls of a feed. A feed that was never polled has all of it empty.

    `interval`: the adaptive one, before the publisher's wish and before back-off. `failures`: weighted (see planner),
    0 while all is well; `failed_polls`: how many failed in a row. `listed` and `refresh_after`: the entries of the last
    body that was read, and what it wished. `moved_to` was named by permanent redirects `moved_times` times in a row,
    since `moved_since`. `is_index`: that body is an index of sitemaps; `index_problem`: what was wrong with it.
    `habit`: when it brought entries.
    """

    interval: timedelta | None = None
    polled_at: datetime | None = None
    last_success_at: datetime | None = None
    failures: float = 0.0
    failed_polls: int = 0
    first_failure_at: datetime | None = None
    told_failing: bool = False
    gone: bool = False
    listed: int = 0
    refresh_after: timedelta | None = None
    body_hash: int | None = None
    etag: str = ""
    last_modified: str = ""
    last_unconditional_at: datetime | None = None
    moved_to: str = ""
    moved_times: int = 0
    moved_since: datetime | None = None
    is_index: bool = False
    index_problem: str = ""
    habit: Habit = field(default_factory=Habit)

    @property
    def never_polled(self) -> bool:
        """No body of this feed was ever read: the entries of its first one are sent as a summary."""
        return self.last_success_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The facts of an answer that matter for polling. `conditional`: the request carried validators.

    `max_age`: of Cache-Control. `moved_to`: where permanent redirects (301, 308) led, "" if there were none.
    """

    etag: str = ""
    last_modified: str = ""
    max_age: timedelta | None = None
    conditional: bool = False
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body was read. `body_hash`: see `identity.body_hash`.

    `problem`: what was wrong with a body that still gave entries. `sitemaps`: those of an index, as this poll leaves
    them; None if the body is not an index. `index_problem`: what was wrong with the index itself.
    """

    news: FeedNews
    body_hash: int | None
    answer: Answer = field(default_factory=Answer)
    problem: str = ""
    sitemaps: tuple[Sitemap, ...] | None = None
    index_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """A 304, or a body whose hash is that of the last one, which need not be read again."""

    answer: Answer = field(default_factory=Answer)


class FailureKind(StrEnum):
    """How bad a failure is: hard ones rarely end by themselves, soft ones often, DNS nearly always.

    A body that is not a feed is soft, as at Media Cloud: it often is an error page with status 200. A body on which a
    worker ran out of time or memory is hard.
    """

    HARD = "hard"
    SOFT = "soft"
    DNS = "dns"
    THROTTLED = "throttled"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The poll brought no feed. `message` is for people; `retry_after`: what 429 and 503 asked for."""

    kind: FailureKind
    message: str
    retry_after: timedelta | None = None


Outcome = Fetched | NotModified | Failed


Known = Mapping[int, KnownEntry]


class NoticeKind(StrEnum):
    """What channels with `ops` are notified about."""

    GONE = "gone"
    FAILING = "failing"
    RECOVERED = "recovered"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice for the operator about a feed; `text` is half a sentence that follows the feed's name."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlan:
    """What one poll comes to, for one transaction.

    `seen`: keys that were known before, of the entries that were looked up. `learned`: keys that are to name a known
    entry too. `listing`: what to keep of the body for the next poll, packed; b"" if not `is_listed`: the next poll has
    to parse the whole body. `rolled_over`: nothing of the last body was left in this one, so entries may have been
    missed; `missed` is an estimate of their number. `first_named`: the number of known entries that this feed named for
    the first time, because another feed had brought them. `silence`: why the feed counts as silent, "" if it does not.
    `url_moved_to`: the feed's new address, "" if it stays.
    """

    state: PollState
    next_poll_at: datetime
    new: tuple[NewEntry, ...] = ()
    changed: tuple[ChangedEntry, ...] = ()
    seen: tuple[int, ...] = ()
    learned: tuple[tuple[EntryId, int], ...] = ()
    listing: bytes = b""
    is_listed: bool = True
    rolled_over: bool = False
    missed: int = 0
    first_named: int = 0
    silence: str = ""
    url_moved_to: str = ""
    notices: tuple[Notice, ...] = ()
