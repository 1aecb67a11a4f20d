"""Reads one followed list: fetch → parse → plan → one transaction with the feeds that it names and its next reading.

A list that does not answer with 200, is not a whole OPML file or names no feed changes nothing. Its health is recorded,
the log has a line when it begins to fail and when it recovers, and channels with `ops` are notified as for a feed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from watcher.config import OpmlConfig
from watcher.config.list_file import read_list_file
from watcher.errors import FetchError, NoParserProcess, NotOpml, ParserError, WatcherError
from watcher.feeds.formats.opml import MAX_OPML
from watcher.feeds.identity import body_hash
from watcher.feeds.plan import Answer, Failed, FailureKind, Limits, NotModified, PollPlan, PollState
from watcher.feeds.planner import kind_of_failure, kind_of_status, plan_poll, validators
from watcher.feeds.subscriptions import feeds_of_list
from watcher.json_type import JsonType
from watcher.log import event
from watcher.model import ListedFeed
from watcher.net import Client, Purpose, Request
from watcher.parsing import ParserPool
from watcher.parsing.client import read_opml
from watcher.parsing.messages import OPML_ACCEPT, OpmlTask
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import followed_lists
from watcher.store.commands.followed_lists import ListChange, ListReading
from watcher.store.queries.followed_lists import ListStatus

log = logging.getLogger(__name__)

LONGEST_INTERVAL = timedelta(hours=1)  # between two readings of a list that works, unless `every` is longer
_STATE = JsonType(PollState)
_NAMED = 5  # feeds in one line of the log


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowContext:
    """The collaborators of `read_list`."""

    settings: Settings
    store: StoreThread
    client: Client
    parsers: ParserPool
    now: Callable[[], datetime]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReport:
    """The result of reading a list: whether the feeds to poll may differ now, and why it failed ("" if it did not)."""

    changed: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The feeds of a list that was read. `hashed`: the hash of its bytes."""

    feeds: tuple[ListedFeed, ...]
    hashed: int
    answer: Answer


_Outcome = _Content | NotModified | Failed


async def read_list(context: FollowContext, followed: OpmlConfig, status: ListStatus | None) -> ListReport:
    """Reads a list and plans its next reading, whatever happens. `status`: of its last reading, None before the first.

    Raises StateError.
    """
    if status and status.place != followed.place:
        status = None
    state = _state(status)
    try:
        outcome = await (_fetch(context, followed, state) if followed.url else _open(context, followed, state))
    except Exception:
        log.exception("a bug while reading list %s", followed.name, extra=event("bug", where="list"))
        outcome = Failed(kind=FailureKind.HARD, message="internal error; see the log")
    change, error = await _record(context, followed, state, outcome)
    _log_health(followed.name, error, failing_since=status.failing_since if status else None)
    _log_change(followed.name, change)
    return ListReport(changed=bool(change.added or change.muted) or isinstance(outcome, _Content), error=error)


def _state(status: ListStatus | None) -> PollState:
    if status is None or not status.poll_state:
        return PollState()
    try:
        return _STATE.validate_json(status.poll_state)
    except ValidationError:
        words = "the state of list %s cannot be read; it is read as if for the first time"
        log.exception(words, status.name, extra=event("bug", where="list"))
        return PollState()


# -- fetch and parse ---------------------------------------------------------------------------------------------------


async def _fetch(context: FollowContext, followed: OpmlConfig, state: PollState) -> _Outcome:
    etag, last_modified = validators(state, now=context.now())
    request = Request(
        url=followed.url,
        purpose=Purpose.FEED,
        operator=True,
        timeout=context.settings.config.net.timeout,
        accept=OPML_ACCEPT,
        etag=etag,
        last_modified=last_modified,
        max_bytes=MAX_OPML,
    )
    try:
        response = await context.client.fetch(request)
    except FetchError as error:
        return Failed(kind=kind_of_failure(error.failure), message=f"{error.failure.value}: {error}")
    conditional = bool(etag or last_modified)
    answer = Answer(
        etag=response.etag, last_modified=response.last_modified, max_age=response.max_age, conditional=conditional
    )
    if response.status == 304 and conditional:
        return NotModified(answer=answer)
    if response.status != 200:
        retry_after = response.retry_after(context.now())
        return Failed(kind=kind_of_status(response.status), message=f"HTTP {response.status}", retry_after=retry_after)
    return await _parse(context, followed, state, response.body, answer, content_type=response.content_type)


async def _open(context: FollowContext, followed: OpmlConfig, state: PollState) -> _Outcome:
    try:
        body = await asyncio.to_thread(read_list_file, Path(followed.place), limit=MAX_OPML)
    except WatcherError as error:
        return Failed(kind=FailureKind.SOFT, message=str(error))
    return await _parse(context, followed, state, body, Answer(), content_type="")


async def _parse(
    context: FollowContext, followed: OpmlConfig, state: PollState, body: bytes, answer: Answer, *, content_type: str
) -> _Outcome:
    hashed = body_hash(body)
    if hashed == state.body_hash:
        return NotModified(answer=answer)
    try:
        read = await read_opml(context.parsers, OpmlTask(content_type=content_type), body)
    except NotOpml as error:
        return Failed(kind=FailureKind.SOFT, message=f"the list {error}")
    except NoParserProcess as error:
        return Failed(kind=FailureKind.SOFT, message=f"the list cannot be read yet: {error}")
    except ParserError as error:
        return Failed(kind=FailureKind.HARD, message=f"the list cannot be read: {error}")
    feeds = await asyncio.to_thread(feeds_of_list, followed.name, read.outlines)  # seconds for the longest lists
    if not feeds:
        return Failed(kind=FailureKind.SOFT, message="the list is empty: it names no feed")
    return _Content(feeds=feeds, hashed=hashed, answer=answer)


# -- plan and record ---------------------------------------------------------------------------------------------------


async def _record(
    context: FollowContext, followed: OpmlConfig, state: PollState, outcome: _Outcome
) -> tuple[ListChange, str]:
    plan = _plan(context, state, outcome)
    error = outcome.message if isinstance(outcome, Failed) else ""
    reading = ListReading(
        name=followed.name,
        place=followed.place,
        poll_state=_STATE.dump_json(plan.state, exclude_defaults=True).decode(),
        next_read_at=plan.next_poll_at,
        error=error,
        feeds=outcome.feeds if isinstance(outcome, _Content) else None,
        notices=tuple(f"List {followed.name} {notice.text}" for notice in plan.notices),
    )
    run, ops = context.store.run, context.settings.ops
    return await run(followed_lists.settle_reading, reading, ops=ops, now=context.now()), error


def _plan(context: FollowContext, state: PollState, outcome: _Outcome) -> PollPlan:
    """Plans the next reading as that of a feed: quiet lists are read less often, failing ones are retried."""
    polling, now, jitter = context.settings.config.polling, context.now(), context.jitter()
    limits = Limits(
        every=polling.every,
        fastest=polling.fastest,
        slowest=max(polling.every, min(polling.slowest, LONGEST_INTERVAL)),
    )
    if not isinstance(outcome, _Content):
        return plan_poll(state, outcome, known={}, limits=limits, now=now, jitter=jitter)
    again = replace(state, interval=None)  # a list that changes is read as often as a new one
    plan = plan_poll(again, NotModified(answer=outcome.answer), known={}, limits=limits, now=now, jitter=jitter)
    read = replace(
        plan.state,
        body_hash=outcome.hashed,
        etag=outcome.answer.etag,
        last_modified=outcome.answer.last_modified,
    )
    return replace(plan, state=read)


# -- log ---------------------------------------------------------------------------------------------------------------


def _log_health(name: str, error: str, *, failing_since: datetime | None) -> None:
    if error:
        level = logging.DEBUG if failing_since else logging.WARNING
        facts = event("list.failing", list=name, error=error)
        log.log(level, "list %s: %s; its feeds stay as they are", name, error, extra=facts)
    elif failing_since:
        log.info("list %s: can be read again", name, extra=event("list.recovered", list=name))


def _log_change(name: str, change: ListChange) -> None:
    if change.added or change.muted:
        facts = event("list.changed", list=name, added=len(change.added), muted=len(change.muted))
        log.info("list %s: new: %s; muted: %s", name, _few(change.added), _few(change.muted), extra=facts)
    if change.left_out:
        words = "list %s: %d feeds are left out, because it has named %d others so far"
        facts = event("list.full", list=name, left_out=change.left_out)
        log.warning(words, name, change.left_out, followed_lists.MOST_FEEDS, extra=facts)


def _few(titles: tuple[str, ...]) -> str:
    rest = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
    return (", ".join(titles[:_NAMED]) or "none") + rest
