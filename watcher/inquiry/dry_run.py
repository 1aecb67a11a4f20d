"""Runs steps without side effects: what would a poll, or an ingest, find? For `check`, `feeds add` and `explain`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from watcher.config import OpmlConfig
from watcher.config.list_file import read_list_file
from watcher.errors import FetchError, FetchFailure, NotAFeed, NotOpml, ParserError
from watcher.feeds.formats.opml import MAX_OPML
from watcher.feeds.limits import MAX_SITEMAP, begins_as_sitemap
from watcher.feeds.sitemap_index import joined_feed, problem_of, sitemaps_of
from watcher.feeds.subscriptions import feeds_of_list
from watcher.model import Entry, ParsedFeed
from watcher.net import Client, Purpose, Request, Response, is_same_origin, origin_of, redact_url
from watcher.parsing import ParserPool
from watcher.parsing.client import read_feed, read_opml, read_page
from watcher.parsing.messages import (
    FEED_ACCEPT,
    OPML_ACCEPT,
    PAGE_ACCEPT,
    FeedTask,
    OpmlTask,
    PageReading,
    PageTask,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTrial:
    """The result of a dry run at `now`: the response and its reading; `problem` says why one of them is missing.

    `size`: of the page, in bytes; `feed_text`: the feed's own text of it.
    """

    now: datetime
    response: Response | None
    reading: PageReading | None
    problem: str = ""
    feed_text: str = ""
    size: int = 0


async def try_feed(
    client: Client, pool: ParserPool, url: str, *, timezone: str, within: timedelta, now: datetime
) -> ParsedFeed:
    """Fetches and reads a feed; of an index of sitemaps, its sitemaps. Raises FetchError, NotAFeed or ParserError."""
    read = partial(_try_body, client, pool, timezone=timezone, within=within, now=now)
    feed = await read(Request(url=url, purpose=Purpose.FEED, operator=True))
    if not feed.is_index:
        return feed
    sitemaps, problem = sitemaps_of(feed, known={})
    bodies, problems = list[ParsedFeed](), list[tuple[str, str]]()
    for sitemap in sitemaps:
        # What the operator typed may be private, and so may the sitemaps at that origin, but no others.
        request = Request(url=sitemap.url, purpose=Purpose.FEED, operator=is_same_origin(sitemap.url, url))
        try:
            body = await read(request)
        except (FetchError, NotAFeed, ParserError) as error:
            problems.append((redact_url(sitemap.url), str(error)))
        else:
            bodies.append(body)
            problems += [(redact_url(sitemap.url), body.problem)] if body.problem else []
    if sitemaps and not bodies:
        raise FetchError(FetchFailure.BAD_RESPONSE, f"no sitemap of the index can be read: {problems[0][1]}", sent=True)
    return joined_feed(bodies, problem=problem_of(problem, problems))


async def _try_body(
    client: Client, pool: ParserPool, request: Request, *, timezone: str, within: timedelta, now: datetime
) -> ParsedFeed:
    """Fetches and reads a feed, also a sitemap that is larger than a feed may be."""
    request = replace(request, timeout=within, accept=FEED_ACCEPT)
    try:
        response = await client.fetch(request)
    except FetchError as error:
        if error.failure is not FetchFailure.TOO_LARGE or not begins_as_sitemap(error.head):
            raise
        response = await client.fetch(replace(request, max_bytes=MAX_SITEMAP + 1, cut=True))
    if response.status != 200:
        raise FetchError(
            FetchFailure.BAD_RESPONSE, f"{redact_url(request.url)} answers HTTP {response.status}", sent=True
        )
    task = FeedTask(content_type=response.content_type, url=response.url, timezone=timezone, now=now)
    return await read_feed(pool, task, response.body)


async def try_list(client: Client, pool: ParserPool, followed: OpmlConfig, *, within: timedelta) -> int:
    """Fetches, or opens, and reads a followed list; returns how many feeds it names. Raises WatcherError."""
    if followed.file:
        body, content_type = read_list_file(followed.file, limit=MAX_OPML), ""
    else:
        request = Request(
            url=followed.url,
            purpose=Purpose.FEED,
            operator=True,
            timeout=within,
            accept=OPML_ACCEPT,
            max_bytes=MAX_OPML,
        )
        response = await client.fetch(request)
        if response.status != 200:
            raise FetchError(FetchFailure.BAD_RESPONSE, f"HTTP {response.status}", sent=True)
        body, content_type = response.body, response.content_type
    try:
        read = await read_opml(pool, OpmlTask(content_type=content_type), body)
    except NotOpml as error:
        raise NotOpml(f"the list {error}") from error
    if feeds := feeds_of_list(followed.name, read.outlines):
        return len(feeds)
    raise NotOpml("the list is empty: it names no feed")


async def try_page(
    client: Client,
    pool: ParserPool,
    url: str,
    *,
    entry: Entry | None,
    feed: str,
    feed_language: str = "",
    timezone: str,
    now: datetime,
) -> PageTrial:
    """Fetches and reads a page as `ingest` would, by the entry's second link if its own fails."""
    read = partial(
        _try_address_of_page,
        client,
        pool,
        entry=entry,
        feed=feed,
        feed_language=feed_language,
        timezone=timezone,
        now=now,
    )
    trial = await read(url)
    if not (entry and entry.second_link and (trial.response is None or trial.reading is None)):
        return trial
    second = await read(entry.second_link)
    return trial if second.reading is None else second


async def _try_address_of_page(
    client: Client,
    pool: ParserPool,
    url: str,
    *,
    entry: Entry | None,
    feed: str,
    feed_language: str,
    timezone: str,
    now: datetime,
) -> PageTrial:
    try:
        response = await client.fetch(
            Request(url=url, purpose=Purpose.PAGE, referrer_origin=origin_of(url), accept=PAGE_ACCEPT)
        )
    except FetchError as error:
        return PageTrial(now=now, response=None, reading=None, problem=f"{error.failure.value}: {error}")
    if response.status != 200:
        size, problem = len(response.body), f"HTTP {response.status}"
        return PageTrial(now=now, response=response, reading=None, problem=problem, size=size)
    if not response.body:
        return PageTrial(now=now, response=response, reading=None, problem="the page is empty")
    trial = await try_bytes(
        pool,
        response.body,
        url=response.url,
        content_type=response.content_type,
        entry=entry or Entry(id="", link=url, title=""),
        feed=feed,
        feed_language=feed_language,
        timezone=timezone,
        now=now,
    )
    return replace(trial, response=response)


async def try_bytes(
    pool: ParserPool,
    page: bytes,
    *,
    url: str,
    content_type: str,
    entry: Entry,
    feed: str = "",
    feed_language: str = "",
    timezone: str,
    now: datetime,
) -> PageTrial:
    """Reads a page that is already here, as `ingest` would."""
    task = PageTask(
        entry=entry,
        feed=feed,
        feed_language=feed_language,
        site="",
        url=url,
        content_type=content_type,
        timezone=timezone,
        now=now,
        whole=True,
    )
    try:
        reading = await read_page(pool, task, page)
    except ParserError as error:
        return PageTrial(now=now, response=None, reading=None, problem=str(error))
    return PageTrial(
        now=now,
        response=None,
        reading=reading,
        problem=reading.problem,
        feed_text=entry.feed_text,
        size=len(page),
    )


async def try_address(client: Client, url: str) -> None:
    """Checks that a channel's host answers, whatever the status. Raises FetchError."""
    await client.fetch(Request(url=url, purpose=Purpose.ALERT, method="HEAD", operator=True))
