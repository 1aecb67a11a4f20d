"""Bodies, what the store knows of them, and the plan of a poll: for the tests of the planner."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from tests.feeds.bodies import feed_keys
from watcher.feeds.identity import content_hash
from watcher.feeds.listing import whole_news
from watcher.feeds.plan import Answer, Fetched, Known, Limits, Outcome, PollPlan, PollState
from watcher.feeds.planner import plan_poll
from watcher.model import Entry, EntryId, KnownEntry, ParsedFeed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(every=15 * MINUTE, fastest=2 * MINUTE, slowest=DAY)
QUIET = math.exp(1 / 10)  # times the interval after an hour without news, of a feed that is polled each hour
POLLED = PollState(interval=HOUR, polled_at=NOW - HOUR, last_success_at=NOW - HOUR, listed=10)


def entries(*numbers: int) -> tuple[Entry, ...]:
    """Entries that differ in id, link and words."""
    return tuple(
        Entry(id=f"id-{n}", link=f"https://blatt.example/{n}", title=f"Meldung {n}", summary=f"Text Nummer {n}.")
        for n in numbers
    )


def feed(*listed: Entry, refresh_after: timedelta | None = None) -> ParsedFeed:
    """A body that lists these entries."""
    return ParsedFeed(
        format="rss20",
        title="Das Blatt",
        site="https://blatt.example/",
        language="de",
        entries=listed,
        refresh_after=refresh_after,
    )


def fetched(*listed: Entry, refresh_after: timedelta | None = None, answer: Answer | None = None) -> Fetched:
    """An outcome with this body."""
    news = whole_news("blatt", feed(*listed, refresh_after=refresh_after))
    return Fetched(news=news, body_hash=1, answer=answer or Answer())


def known(*listed: Entry, times: int = 1, same_feed: bool = True) -> Known:
    """What a store that took these entries in knows."""
    return {
        key: KnownEntry(
            entry_id=EntryId(number),
            content_hash=content_hash(entry),
            times_ingested=times,
            same_feed=same_feed,
            link_key=keys.link,
        )
        for number, (entry, keys) in enumerate(zip(listed, feed_keys("blatt", feed(*listed)), strict=True))
        for key in keys.all
    }


def plan(
    outcome: Outcome,
    state: PollState = POLLED,
    *,
    knows: Known | None = None,
    limits: Limits = LIMITS,
    now: datetime = NOW,
    jitter: float = 0.5,
    asked_for: bool = False,
) -> PollPlan:
    """The plan without jitter, unless one is given."""
    return plan_poll(state, outcome, known=knows or {}, limits=limits, now=now, jitter=jitter, asked_for=asked_for)
