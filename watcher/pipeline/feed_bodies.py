"""Fetches one body and has it parsed: that of a feed, or of a sitemap that an index lists. For the step `poll`.

source | fetch, conditional | unchanged? | parse in a parser process | NewBody
                                                                     failed: why
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.errors import FetchError, FetchFailure, NoParserProcess, NotAFeed, ParserError
from watcher.feeds.identity import body_hash
from watcher.feeds.limits import MAX_SITEMAP, begins_as_sitemap
from watcher.feeds.listing import FeedNews
from watcher.feeds.plan import Answer, Failed, FailureKind, NotModified
from watcher.feeds.planner import kind_of_failure, kind_of_status
from watcher.net import Client, Purpose, Request, Response
from watcher.parsing import ParserPool
from watcher.parsing.client import read_news, sentence
from watcher.parsing.messages import FEED_ACCEPT, NewsTask
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands.polls import QuietPoll


@dataclass(frozen=True, slots=True, kw_only=True)
class PollContext:
    """The collaborators of `poll`.

    `record_quiet` records a poll without news, in one transaction with others. `parsing` and `recording` bound how
    many polls with news do either at once, so that the news of the first is not kept waiting by the rest. `large`
    admits one body at a time that is larger than a feed may be.
    """

    settings: Settings
    store: StoreThread
    client: Client
    parsers: ParserPool
    record_quiet: Callable[[QuietPoll], Awaitable[None]]
    parsing: asyncio.Semaphore
    recording: asyncio.Semaphore
    large: asyncio.Semaphore
    now: Callable[[], datetime]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A body to read. `feed`: the name of its feed. The other fields are those of `Request`, and of the last body."""

    url: str = field(repr=False)
    feed: str
    timeout: timedelta
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    operator: bool = False
    referrer_origin: str | None = None
    etag: str = ""
    last_modified: str = ""
    body_hash: int | None = None
    listing: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBody:
    """A body that differs from the last one: what it brings. `size`: in bytes."""

    news: FeedNews
    body_hash: int
    answer: Answer
    size: int


async def read_body(context: PollContext, source: Source) -> NewBody | NotModified | Failed:
    """Fetches and parses a body, unless it is the last one again.

    Only a sitemap may be larger than a feed. A larger body that begins as one is fetched a second time, up to 50 MB of
    it, and only one at a time, because it is held in memory until it is parsed. Raises NoParserProcess.
    """
    try:
        return await _read(context, source)
    except NotAFeed as error:
        return _not_a_feed(error)
    except FetchError as error:
        if error.failure is not FetchFailure.TOO_LARGE or not begins_as_sitemap(error.head):
            return _not_fetched(error)
        too_large = _not_fetched(error)
    async with context.large:
        try:
            return await _read(context, source, most_bytes=MAX_SITEMAP + 1)
        except NotAFeed:
            return too_large
        except FetchError as error:
            return _not_fetched(error)


async def _read(
    context: PollContext, source: Source, *, most_bytes: int | None = None
) -> NewBody | NotModified | Failed:
    """Raises FetchError, NotAFeed or NoParserProcess. With `most_bytes` a longer body is cut there."""
    request = Request(
        url=source.url,
        purpose=Purpose.FEED,
        headers=source.headers,
        operator=source.operator,
        referrer_origin=source.referrer_origin,
        timeout=source.timeout,
        max_bytes=most_bytes,
        cut=most_bytes is not None,
        accept=FEED_ACCEPT,
        etag=source.etag,
        last_modified=source.last_modified,
    )
    response = await context.client.fetch(request)
    answer = Answer(
        etag=response.etag,
        last_modified=response.last_modified,
        max_age=response.max_age,
        conditional=bool(source.etag or source.last_modified),
        moved_to=response.permanent_url,
    )
    if response.status == 304:
        return NotModified(answer=answer)
    if response.status != 200:
        retry_after = response.retry_after(context.now())
        return Failed(kind=kind_of_status(response.status), message=f"HTTP {response.status}", retry_after=retry_after)
    hashed = body_hash(response.body)
    if hashed == source.body_hash:
        return NotModified(answer=answer)
    return await _parse(context, source, response, hashed, answer)


async def _parse(
    context: PollContext, source: Source, response: Response, hashed: int, answer: Answer
) -> NewBody | Failed:
    """Raises NotAFeed or NoParserProcess."""
    task = NewsTask(
        content_type=response.content_type,
        url=response.url,
        timezone=context.settings.timezone,
        now=context.now(),
        feed=source.feed,
    )
    try:
        async with context.parsing:
            news = await read_news(context.parsers, task, source.listing, response.body)
    except NoParserProcess:
        raise
    except ParserError as error:
        return Failed(kind=FailureKind.HARD, message=f"cannot be read: {error}")
    return NewBody(news=news, body_hash=hashed, answer=answer, size=len(response.body))


def _not_a_feed(error: NotAFeed) -> Failed:
    return Failed(kind=FailureKind.SOFT, message=f"not a feed: {sentence(error)}")


def _not_fetched(error: FetchError) -> Failed:
    return Failed(kind=kind_of_failure(error.failure), message=f"{error.failure.value}: {error}")
