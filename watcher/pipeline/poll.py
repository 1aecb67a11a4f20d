"""The first step: a feed is fetched and read, and the planner decides what is new and when it is asked again.

claimed feed | fetch, conditional | unchanged? | read in a worker | plan: new entries, next poll | record
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
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
    KnownEntry,
    Limits,
    NotModified,
    Outcome,
    PollPlan,
    PollState,
)
from watcher.feeds.planner import kind_of_failure, kind_of_status, plan_poll, validators
from watcher.log import event
from watcher.net import Purpose, Request, Response
from watcher.parsing.client import read_news, sentence
from watcher.parsing.messages import ENTRY, FEED_ACCEPT, FeedTask
from watcher.pipeline.parts import Parts
from watcher.store import feeds
from watcher.store.feeds import ChangedEntry, ClaimedFeed, KnownRow, NewEntry, PollRecord, QuietPoll

log = logging.getLogger(__name__)

_STATE = TypeAdapter(PollState)
MARKED_EVERY = timedelta(days=7)  # entries are forgotten ninety days after they were marked last


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What a poll came to: how many entries are to be ingested, or why it failed."""

    entries: int = 0
    error: str = ""


async def poll(parts: Parts, claimed: ClaimedFeed) -> PollReport:
    """Takes one claimed feed to its next poll, whatever happens."""
    setting = parts.setting.feeds.get(claimed.name)
    if setting is None:  # left the config since it was claimed
        await parts.store.run(feeds.release, claimed.id)
        return PollReport()
    state = _state(claimed)
    try:
        outcome = await _outcome(parts, claimed, setting, state)
    except Exception:
        log.exception("a bug while polling feed %s", claimed.name, extra=event("bug", where="poll", feed=claimed.name))
        outcome = Failed(kind=FailureKind.HARD, message="internal error; see the log")
    record = await _settle_quietly(parts, claimed, setting, state, outcome)
    entries = 0
    if record is None:
        async with parts.settling:
            record, entries = await _settle(parts, claimed, setting, state, outcome)
    _log_change(claimed.name, record.error, failing_since=state.first_failure_at, next_poll_at=record.next_poll_at)
    return PollReport(entries=entries, error=record.error)


def _log_change(name: str, error: str, *, failing_since: datetime | None, next_poll_at: datetime) -> None:
    """One line when a feed begins to fail and one when it is well again; the tries between are details."""
    if error:
        level = logging.DEBUG if failing_since else logging.WARNING
        facts = event("feed.failing", feed=name, error=error, next_poll_at=next_poll_at)
        log.log(level, "feed %s: %s; next try at %s", name, error, f"{next_poll_at:%Y-%m-%d %H:%M:%S} UTC", extra=facts)
    elif failing_since:
        since = f"{failing_since:%Y-%m-%d %H:%M:%S} UTC"
        log.info("feed %s: well again, it failed since %s", name, since, extra=event("feed.well", feed=name))


def _state(claimed: ClaimedFeed) -> PollState:
    if not claimed.poll_state:
        return PollState()
    try:
        return _STATE.validate_json(claimed.poll_state)
    except ValidationError:
        log.exception(
            "what was kept of feed %s cannot be read; it is polled as if for the first time",
            claimed.name,
            extra=event("bug", where="poll", feed=claimed.name),
        )
        return PollState()


async def _outcome(parts: Parts, claimed: ClaimedFeed, setting: FeedConfig, state: PollState) -> Outcome:
    etag, last_modified = validators(state, now=parts.now())
    request = Request(
        url=claimed.url,
        purpose=Purpose.FEED,
        headers=setting.headers,
        operator=claimed.url == setting.url,  # where a redirect has led for good is a stranger's word
        timeout=setting.timeout or parts.setting.config.net.timeout,
        accept=FEED_ACCEPT,
        etag=etag,
        last_modified=last_modified,
    )
    try:
        response = await parts.client.fetch(request)
    except FetchError as error:
        return Failed(kind=kind_of_failure(error.failure), message=f"{error.failure.value}: {error}")
    answer = _answer(response, conditional=bool(etag or last_modified))
    if response.status == 304:
        return NotModified(answer=answer)
    if response.status != 200:
        retry_after = response.retry_after(parts.now())
        return Failed(kind=kind_of_status(response.status), message=f"HTTP {response.status}", retry_after=retry_after)
    hashed = body_hash(response.body)
    if hashed == state.body_hash:
        return NotModified(answer=answer)
    return await _read(parts, claimed, response, hashed, answer)


async def _read(parts: Parts, claimed: ClaimedFeed, response: Response, hashed: int, answer: Answer) -> Outcome:
    task = FeedTask(content_type=response.content_type, url=response.url, timezone=parts.setting.timezone)
    try:
        async with parts.reading:
            news = await read_news(parts.pool, task, response.body, feed=claimed.name, listing=claimed.listing)
    except NotAFeed as error:
        return Failed(kind=FailureKind.SOFT, message=f"not a feed: {sentence(error)}")
    except ParserError as error:
        return Failed(kind=FailureKind.HARD, message=f"cannot be read: {error}")
    return Fetched(news=news, body_hash=hashed, answer=answer)


def _answer(response: Response, *, conditional: bool) -> Answer:
    return Answer(
        etag=response.etag,
        last_modified=response.last_modified,
        max_age=response.max_age,
        conditional=conditional,
        moved_to=response.permanent_url,
    )


async def _settle_quietly(
    parts: Parts, claimed: ClaimedFeed, setting: FeedConfig, state: PollState, outcome: Outcome
) -> PollRecord | None:
    """Records a poll that brought nothing and has nothing to tell, together with others; None if it is no such."""
    if not isinstance(outcome, NotModified):
        return None
    now = parts.now()
    plan = plan_poll(state, outcome, known={}, limits=_limits(setting), now=now, jitter=parts.jitter())
    record = _record(plan, outcome, claimed, previous=state, now=now)
    if record.notices or record.moved_to:
        return None
    poll = QuietPoll(
        feed_id=claimed.id,
        url=record.url,
        poll_state=record.poll_state,
        polled_at=now,
        next_poll_at=record.next_poll_at,
    )
    await parts.quiet_polls.do(poll)
    return record


async def _settle(
    parts: Parts, claimed: ClaimedFeed, setting: FeedConfig, state: PollState, outcome: Outcome
) -> tuple[PollRecord, int]:
    """Plans on the store's thread, inside the transaction that looks up what is known and records what is decided."""
    now, jitter = parts.now(), parts.jitter()
    looked_up = (*outcome.news.keys, *outcome.news.regained) if isinstance(outcome, Fetched) else ()

    def decide(known: Mapping[int, KnownRow]) -> PollRecord:
        plan = plan_poll(
            state,
            outcome,
            known={key: _known_entry(row, claimed) for key, row in known.items()},
            limits=_limits(setting),
            now=now,
            jitter=jitter,
        )
        return _record(plan, outcome, claimed, previous=state, now=now)

    keys = [key for entry in looked_up for key in entry.all]
    return await parts.store.run(feeds.settle_poll, claimed.id, keys, decide, ops=parts.setting.ops, now=now)


def _limits(setting: FeedConfig) -> Limits:
    return Limits(every=setting.every, fastest=setting.fastest, slowest=setting.slowest)


def _known_entry(row: KnownRow, claimed: ClaimedFeed) -> KnownEntry:
    return KnownEntry(
        entry_id=row.entry_id,
        content_hash=row.content_hash,
        matched=row.matched,
        times_ingested=row.times_ingested,
        same_feed=row.feed_id == claimed.id,
    )


def _record(
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
        new=tuple(
            NewEntry(
                keys=planned.keys.all,
                link_key=planned.keys.link,
                link=planned.entry.link,
                title=planned.entry.title,
                entry=ENTRY.dump_json(planned.entry).decode(),
                content_hash=planned.content_hash,
            )
            for planned in plan.new
        ),
        changed=tuple(
            ChangedEntry(
                entry_id=changed.entry_id,
                link=changed.entry.link,
                title=changed.entry.title,
                entry=ENTRY.dump_json(changed.entry).decode(),
                content_hash=changed.content_hash,
            )
            for changed in plan.changed
        ),
        listing=plan.listing if news else None,
        seen=_all_keys(plan) if marked and news and news.settled else plan.seen,
        marked=marked,
        learned=plan.learned,
        moved_to=plan.url_moved_to,
        notices=tuple(f"Feed {claimed.name} {notice.text}" for notice in plan.notices),
        rolled_over=plan.rolled_over if news and not previous.never_polled else None,
    )


def _is_long_ago(marked_on: int | None, now: datetime) -> bool:
    """Also if that day lies ahead: the clock was wrong then."""
    return marked_on is None or not 0 <= now.timestamp() // 86_400 - marked_on < MARKED_EVERY.days


def _all_keys(plan: PollPlan) -> tuple[int, ...]:
    """Of what the body lists; where it was read whole, of what was known of it."""
    listing = Listing.unpack(plan.listing)
    return tuple(key for _, keys in listing.entries() for key in keys.all) if listing else plan.seen
