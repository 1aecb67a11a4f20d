"""The first step: polls one feed.

    claimed feed | fetch, conditional | unchanged? | parse in a parser process | plan | record
                   failed: plan the next try

The plan says which entries are new or changed, and when the feed is polled next. It is made once: of an answer without
news before the transaction, of news inside the transaction that looks up the known entries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from watcher.config import FeedConfig
from watcher.errors import FetchError, NotAFeed, ParserError
from watcher.feeds.identity import body_hash
from watcher.feeds.listing import Listing
from watcher.feeds.plan import (
    Answer,
    Failed,
    FailureKind,
    Fetched,
    Limits,
    NotModified,
    Outcome,
    PollPlan,
    PollState,
)
from watcher.feeds.planner import kind_of_failure, kind_of_status, plan_poll, validators
from watcher.log import event
from watcher.model import KnownEntry
from watcher.net import Client, Purpose, Request, Response
from watcher.parsing import ParserPool
from watcher.parsing.client import read_news, sentence
from watcher.parsing.messages import FEED_ACCEPT, NewsTask
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import feeds
from watcher.store.commands.feeds import ClaimedFeed, PollRecord, QuietPoll

log = logging.getLogger(__name__)

_STATE = TypeAdapter(PollState)
_LISTED_ENTRIES_MARKED_EVERY = timedelta(days=7)  # entries are forgotten ninety days after they were marked last


@dataclass(frozen=True, slots=True, kw_only=True)
class PollContext:
    """The collaborators of `poll`.

    `record_quiet` records a poll without news, in one transaction with others. `parsing` and `recording` bound how
    many polls with news do either at once, so that the news of the first is not kept waiting by the rest.
    """

    settings: Settings
    store: StoreThread
    client: Client
    parsers: ParserPool
    record_quiet: Callable[[QuietPoll], Awaitable[None]]
    parsing: asyncio.Semaphore
    recording: asyncio.Semaphore
    now: Callable[[], datetime]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """The result of a poll: how many entries are to be ingested, and why it failed ("" if it did not)."""

    entries: int = 0
    error: str = ""


async def poll(context: PollContext, claimed: ClaimedFeed) -> PollReport:
    """Polls a claimed feed and plans its next poll, whatever happens."""
    feed = context.settings.feeds.get(claimed.name)
    if feed is None:  # it left the config after the claim
        await context.store.run(feeds.release, claimed.id)
        return PollReport()
    state = _state(claimed)
    try:
        outcome = await _fetch(context, claimed, feed, state)
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
    request = Request(
        url=claimed.url,
        purpose=Purpose.FEED,
        headers=feed.headers,
        # Neither the target of a permanent redirect nor an address in a followed list is the operator's word.
        operator=claimed.url == feed.url and not feed.list,
        referrer_origin=context.settings.origin_of_list(feed),
        timeout=feed.timeout or context.settings.config.net.timeout,
        accept=FEED_ACCEPT,
        etag=etag,
        last_modified=last_modified,
    )
    try:
        response = await context.client.fetch(request)
    except FetchError as error:
        return Failed(kind=kind_of_failure(error.failure), message=f"{error.failure.value}: {error}")
    answer = _answer(response, conditional=bool(etag or last_modified))
    if response.status == 304:
        return NotModified(answer=answer)
    if response.status != 200:
        retry_after = response.retry_after(context.now())
        return Failed(kind=kind_of_status(response.status), message=f"HTTP {response.status}", retry_after=retry_after)
    hashed = body_hash(response.body)
    if hashed == state.body_hash:
        return NotModified(answer=answer)
    return await _parse(context, claimed, response, hashed, answer)


def _answer(response: Response, *, conditional: bool) -> Answer:
    return Answer(
        etag=response.etag,
        last_modified=response.last_modified,
        max_age=response.max_age,
        conditional=conditional,
        moved_to=response.permanent_url,
    )


async def _parse(
    context: PollContext, claimed: ClaimedFeed, response: Response, hashed: int, answer: Answer
) -> Outcome:
    task = NewsTask(
        content_type=response.content_type,
        url=response.url,
        timezone=context.settings.timezone,
        feed=claimed.name,
    )
    try:
        async with context.parsing:
            news = await read_news(context.parsers, task, claimed.listing, response.body)
    except NotAFeed as error:
        return Failed(kind=FailureKind.SOFT, message=f"not a feed: {sentence(error)}")
    except ParserError as error:
        return Failed(kind=FailureKind.HARD, message=f"cannot be read: {error}")
    return Fetched(news=news, body_hash=hashed, answer=answer)


# -- plan and record ---------------------------------------------------------------------------------------------------


async def _record(
    context: PollContext, claimed: ClaimedFeed, feed: FeedConfig, state: PollState, outcome: Outcome
) -> tuple[PollRecord, int]:
    """Plans and records the poll. Returns the record, and how many entries are to be ingested."""
    now, jitter = context.now(), context.jitter()
    limits = Limits(every=feed.every, fastest=feed.fastest, slowest=feed.slowest)

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
        return _as_record(planned, outcome, claimed, previous=state, now=now)

    if isinstance(outcome, Fetched):
        looked_up = (*outcome.news.keys, *outcome.news.regained)
        keys = [key for entry in looked_up for key in entry.looked_up]
        async with context.recording:
            return await context.store.run(feeds.settle_poll, claimed.id, keys, plan, ops=context.settings.ops, now=now)
    record = plan({})
    if isinstance(outcome, NotModified) and not (record.notices or record.moved_to):
        await context.record_quiet(
            QuietPoll(
                feed_id=claimed.id,
                url=record.url,
                poll_state=record.poll_state,
                polled_at=now,
                next_poll_at=record.next_poll_at,
            )
        )
        return record, 0
    return await context.store.run(
        feeds.settle_poll, claimed.id, (), lambda _known: record, ops=context.settings.ops, now=now
    )


def _as_record(
    plan: PollPlan, outcome: Outcome, claimed: ClaimedFeed, *, previous: PollState, now: datetime
) -> PollRecord:
    news = outcome.news if isinstance(outcome, Fetched) else None
    marked = news is not None and _is_long_ago(claimed.marked_on, now)
    return PollRecord(
        url=claimed.url,
        poll_state=_STATE.dump_json(plan.state, exclude_defaults=True).decode(),
        next_poll_at=plan.next_poll_at,
        error=outcome.message if isinstance(outcome, Failed) else "",
        title=news.feed.title if news else "",
        language=news.feed.language if news else "",
        new=plan.new,
        changed=plan.changed,
        listing=plan.listing if news else None,
        seen=_all_keys(plan) if marked and news and news.settled else plan.seen,
        marked=marked,
        learned=plan.learned,
        moved_to=plan.url_moved_to,
        notices=tuple(f"Feed {claimed.name} {notice.text}" for notice in plan.notices),
        rolled_over=plan.rolled_over if news and not previous.never_polled else None,
    )


def _is_long_ago(marked_on: int | None, now: datetime) -> bool:
    """Whether the listed entries are to be marked again; also if that day lies ahead, because the clock was wrong."""
    if marked_on is None:
        return True
    return not 0 <= now.timestamp() // 86_400 - marked_on < _LISTED_ENTRIES_MARKED_EVERY.days


def _all_keys(plan: PollPlan) -> tuple[int, ...]:
    """The keys of all that the body lists; if it was parsed whole, of what was known of it."""
    listing = Listing.unpack(plan.listing)
    return tuple(key for _, keys in listing.entries() for key in keys.all) if listing else plan.seen


def _log_change(name: str, error: str, *, failing_since: datetime | None, next_poll_at: datetime) -> None:
    """Logs one line when a feed begins to fail and one when it has recovered; the tries between are details."""
    if error:
        level = logging.DEBUG if failing_since else logging.WARNING
        facts = event("feed.failing", feed=name, error=error, next_poll_at=next_poll_at)
        log.log(level, "feed %s: %s; next try at %s", name, error, f"{next_poll_at:%Y-%m-%d %H:%M:%S} UTC", extra=facts)
    elif failing_since:
        since = f"{failing_since:%Y-%m-%d %H:%M:%S} UTC"
        log.info("feed %s: recovered, failed since %s", name, since, extra=event("feed.recovered", feed=name))
