"""The first step: polls one feed.

    claimed feed | fetch, conditional | unchanged? | parse in a parser process | plan | record
                   failed: plan the next try         an index of sitemaps: read them, too

The plan says which entries are new or changed, and when the feed is polled next. It is made once: of an answer without
news before the transaction, of news inside the transaction that looks up the known entries.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import ValidationError

from watcher.config import FeedConfig
from watcher.errors import NoParserProcess, StateError
from watcher.feeds.contact import without_contact_since
from watcher.feeds.listing import FeedNews, Listing
from watcher.feeds.plan import (
    Failed,
    FailureKind,
    Fetched,
    Limits,
    NotModified,
    Outcome,
    PollPlan,
    PollState,
)
from watcher.feeds.planner import plan_poll, validators
from watcher.json_type import JsonType
from watcher.log import event
from watcher.model import FEED, NEWS_SITEMAP, KnownEntry, Sitemap
from watcher.pipeline.feed_bodies import PollContext, Source, read_body
from watcher.pipeline.settings import PARSERS_WAIT
from watcher.pipeline.sitemap_index import follow_index
from watcher.store.commands import feeds, polls
from watcher.store.commands.coverage import PollCount
from watcher.store.commands.feeds import ClaimedFeed
from watcher.store.commands.polls import PollRecord, QuietPoll
from watcher.store.fencing import current_hold
from watcher.text.days import day_number, seconds_by_day

log = logging.getLogger(__name__)

_STATE = JsonType(PollState)
_UNKNOWN = timedelta(seconds=15)  # until a feed that this worker does not know is tried again
_LISTED_ENTRIES_MARKED_EVERY = timedelta(days=7)  # entries are forgotten ninety days after they were marked last


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """The result of a poll: how many entries are to be ingested, and why it failed ("" if it did not)."""

    entries: int = 0
    error: str = ""


async def poll(context: PollContext, claimed: ClaimedFeed) -> PollReport:
    """Polls a claimed feed and plans its next poll, whatever happens."""
    feed = context.settings.feeds.get(claimed.name)
    if feed is None:  # it left the config after the claim, or another worker has just read it in a followed list
        if current_hold.get() is None:
            await context.store.run(feeds.release, claimed.id)
        else:
            await context.store.run(feeds.reschedule, [(claimed.id, context.now() + _UNKNOWN)])
        return PollReport()
    state = _state(claimed)
    try:
        await context.parsers.ensure_available()
        outcome = await _fetch(context, claimed, feed, state)
    except NoParserProcess as error:  # nothing was found out about the feed, and its next answer brings the same news
        wait = PARSERS_WAIT * (0.9 + 0.2 * context.jitter())
        await context.store.run(feeds.reschedule, [(claimed.id, context.now() + wait)])
        return PollReport(error=f"cannot be read yet: {error}")
    except StateError:  # the hold is over, or the state cannot be read: nothing was found out about the feed
        raise
    except Exception:
        log.exception("a bug while polling feed %s", claimed.name, extra=event("bug", where="poll", feed=claimed.name))
        outcome = Failed(kind=FailureKind.HARD, message="internal error; see the log")
    record, entries = await _record(context, claimed, feed, state, outcome)
    _log_change(claimed.name, record.error, failing_since=state.first_failure_at, next_poll_at=record.next_poll_at)
    return PollReport(entries=entries, error=record.error)


def _state(claimed: ClaimedFeed) -> PollState:
    if not claimed.poll_state:
        return PollState()
    try:
        return _STATE.validate_json(claimed.poll_state)
    except ValidationError:
        log.exception(
            "the poll state of feed %s cannot be read; it is polled as if for the first time",
            claimed.name,
            extra=event("bug", where="poll", feed=claimed.name),
        )
        return PollState()


# -- fetch and parse ---------------------------------------------------------------------------------------------------


async def _fetch(context: PollContext, claimed: ClaimedFeed, feed: FeedConfig, state: PollState) -> Outcome:
    etag, last_modified = validators(state, now=context.now())
    source = Source(
        url=claimed.url,
        feed=claimed.name,
        headers=feed.headers,
        # Neither the target of a permanent redirect nor an address in a followed list is the operator's word.
        operator=claimed.url == feed.url and not feed.list,
        referrer_origin=context.settings.origin_of_list(feed),
        timeout=feed.timeout or context.settings.config.net.timeout,
        etag=etag,
        last_modified=last_modified,
        body_hash=state.body_hash,
        listing=claimed.listing,
    )
    read = await read_body(context, source)
    if isinstance(read, Failed):
        return read
    is_index = state.is_index if isinstance(read, NotModified) else read.news.feed.is_index
    if is_index:
        return await follow_index(context, claimed, source, state, read)
    if isinstance(read, NotModified):
        return read
    return Fetched(news=read.news, body_hash=read.body_hash, answer=read.answer, problem=read.news.feed.problem)


# -- plan and record ---------------------------------------------------------------------------------------------------


async def _record(
    context: PollContext, claimed: ClaimedFeed, feed: FeedConfig, state: PollState, outcome: Outcome
) -> tuple[PollRecord, int]:
    """Plans and records the poll. Returns the record, and how many entries are to be ingested."""
    now, jitter = context.now(), context.jitter()
    limits = Limits(every=feed.every, fastest=feed.fastest, slowest=feed.slowest)
    count = _count(claimed, state, limits, timezone=context.settings.timezone, now=now)

    def plan(known: Mapping[int, KnownEntry]) -> PollRecord:
        planned = plan_poll(
            state,
            outcome,
            known=known,
            limits=limits,
            now=now,
            jitter=jitter,
            asked_for=context.settings.asks_for_feeds,
        )
        return _as_record(planned, outcome, claimed, count, previous=state, now=now)

    if isinstance(outcome, Fetched):
        looked_up = (*outcome.news.keys, *outcome.news.regained)
        keys = [key for entry in looked_up for key in entry.looked_up]
        async with context.recording:
            return await context.store.run(polls.settle_poll, claimed.id, keys, plan, ops=context.settings.ops, now=now)
    record = plan({})
    if isinstance(outcome, NotModified) and not (record.notices or record.moved_to or record.silence):
        await context.record_quiet(
            QuietPoll(
                feed_id=claimed.id,
                url=record.url,
                poll_state=record.poll_state,
                polled_at=now,
                next_poll_at=record.next_poll_at,
                count=count,
                due_at=claimed.due_at,
            )
        )
        return record, 0
    return await context.store.run(
        polls.settle_poll, claimed.id, (), lambda _known: record, ops=context.settings.ops, now=now
    )


def _count(claimed: ClaimedFeed, state: PollState, limits: Limits, *, timezone: str, now: datetime) -> PollCount:
    """What every poll counts: its day, and the time without contact before it."""
    since = without_contact_since(state, due_at=claimed.due_at, limits=limits, now=now)
    lost = tuple(seconds_by_day(since, now, timezone)) if since else ()
    return PollCount(day=day_number(now, timezone), lost=lost)


def _as_record(
    plan: PollPlan, outcome: Outcome, claimed: ClaimedFeed, count: PollCount, *, previous: PollState, now: datetime
) -> PollRecord:
    news = outcome.news if isinstance(outcome, Fetched) else None
    sitemaps = outcome.sitemaps if isinstance(outcome, Fetched) else None
    marked = news is not None and _is_long_ago(claimed.marked_on, now)
    if sitemaps and not plan.is_listed:
        sitemaps = tuple(replace(sitemap, listing=b"") for sitemap in sitemaps)
    return PollRecord(
        url=claimed.url,
        poll_state=_STATE.dump_json(plan.state, exclude_defaults=True).decode(),
        next_poll_at=plan.next_poll_at,
        due_at=claimed.due_at,
        error=outcome.message if isinstance(outcome, Failed) else "",
        title=news.feed.title if news else "",
        language=_language(news, sitemaps) if news else "",
        kind=NEWS_SITEMAP if news and news.feed.format == NEWS_SITEMAP else FEED,
        problem=outcome.problem if isinstance(outcome, Fetched) else "",
        new=plan.new,
        changed=plan.changed,
        listing=plan.listing if news else None,
        sitemaps=() if news and previous.is_index and sitemaps is None else sitemaps,
        seen=_all_keys(plan, sitemaps or ()) if marked and news and news.settled else plan.seen,
        marked=marked,
        learned=plan.learned,
        moved_to=plan.url_moved_to,
        notices=tuple(f"Feed {claimed.name} {notice.text}" for notice in plan.notices),
        rolled_over=plan.rolled_over if news and not previous.never_polled else None,
        count=replace(count, known=plan.first_named, rolled_over=plan.missed),
        silence=plan.silence,
        silent_since=plan.state.habit.last_news_at,
    )


def _language(news: FeedNews, sitemaps: tuple[Sitemap, ...] | None) -> str | None:
    """The declared language; None if that of the last poll stays: not every sitemap of an index is read each time."""
    return news.feed.language or ("" if sitemaps is None else None)


def _is_long_ago(marked_on: int | None, now: datetime) -> bool:
    """Whether the listed entries are to be marked again; also if that day lies ahead, because the clock was wrong."""
    if marked_on is None:
        return True
    return not 0 <= now.timestamp() // 86_400 - marked_on < _LISTED_ENTRIES_MARKED_EVERY.days


def _all_keys(plan: PollPlan, sitemaps: Iterable[Sitemap]) -> tuple[int, ...]:
    """The keys of all that the body and the sitemaps list; of what was parsed whole, those that were known of it."""
    packed = [plan.listing, *(sitemap.listing for sitemap in sitemaps)]
    listings = [listing for listing in map(Listing.unpack, packed) if listing]
    listed = dict.fromkeys(key for listing in listings for _, keys in listing.entries() for key in keys.all)
    return tuple(listed | dict.fromkeys(plan.seen))


def _log_change(name: str, error: str, *, failing_since: datetime | None, next_poll_at: datetime) -> None:
    """Logs one line when a feed begins to fail and one when it has recovered; the tries between are details."""
    if error:
        level = logging.DEBUG if failing_since else logging.WARNING
        facts = event("feed.failing", feed=name, error=error, next_poll_at=next_poll_at)
        log.log(level, "feed %s: %s; next try at %s", name, error, f"{next_poll_at:%Y-%m-%d %H:%M:%S} UTC", extra=facts)
    elif failing_since:
        since = f"{failing_since:%Y-%m-%d %H:%M:%S} UTC"
        log.info("feed %s: recovered, failed since %s", name, since, extra=event("feed.recovered", feed=name))
