"""Calls into the worker processes: a task's value in, its checked result out, a stranger's faults as our errors."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from watcher.corpus import normalise_text
from watcher.errors import NotAFeed, TaskFailed
from watcher.feeds.listing import FeedNews
from watcher.model import Article, HitField, ParsedFeed
from watcher.parsing import ParserPool
from watcher.parsing.messages import (
    FEED_TASK,
    NEWS_READING,
    PAGE_TASK,
    PARSED_FEED,
    READING,
    FeedTask,
    NewsReading,
    PageTask,
    Reading,
    feed_text_of,
)

T = TypeVar("T")

_MOST = 2**63

FEED_TIMEOUT = timedelta(seconds=30)  # 66 ms is usual for a large feed
PAGE_TIMEOUT = timedelta(seconds=20)  # 40 ms is usual


async def read_feed(pool: ParserPool, task: FeedTask, body: bytes) -> ParsedFeed:
    """A feed's body, read. Raises NotAFeed or ParserError; also where the worker's answer is not what it should be."""
    return _checked(PARSED_FEED, await _read(pool, "read_feed", FEED_TASK.dump_python(task, mode="json"), body))


async def _read(pool: ParserPool, what: str, arguments: Mapping[str, Any], body: bytes) -> bytes:
    try:
        return await pool.run(what, arguments, body, timeout=FEED_TIMEOUT)
    except TaskFailed as error:
        if error.kind != NotAFeed.__name__:
            raise
        advertised = error.data.get("advertised")
        addresses = advertised if isinstance(advertised, list | tuple) else ()
        raise NotAFeed(str(error), tuple(str(address) for address in addresses)) from error


async def read_news(pool: ParserPool, task: FeedTask, body: bytes, *, feed: str, listing: bytes) -> FeedNews:
    """A feed's body, read as far as `listing` does not have it. Raises what `read_feed` does."""
    arguments = {**FEED_TASK.dump_python(task, mode="json"), "feed": feed, "listing": b64encode(listing).decode()}
    reading = _checked(NEWS_READING, await _read(pool, "read_news", arguments, body))
    if problem := _news_lie(reading):
        raise TaskFailed("BadAnswer", f"the worker's answer cannot be true: {problem}")
    return FeedNews(
        feed=reading.feed,
        keys=reading.keys,
        hashes=reading.hashes,
        regained=reading.regained,
        settled=reading.settled,
        listing=b64decode(reading.listing),
    )


async def read_page(pool: ParserPool, task: PageTask, page: bytes) -> Reading:
    """A page's bytes (b"": the entry's own words instead), read and matched.

    Raises ParserError; also where the worker's answer is not what it should be.
    """
    arguments = PAGE_TASK.dump_python(task, mode="json")
    reading = _checked(READING, await pool.run("read_page", arguments, page, timeout=PAGE_TIMEOUT))
    if problem := _lie(reading, task):
        raise TaskFailed("BadAnswer", f"the worker's answer cannot be true: {problem}")
    return reading


def sentence(error: NotAFeed) -> str:
    """Why an address is no feed, and which feeds it names instead."""
    if not error.advertised:
        return str(error)
    return f"{error}; it advertises: {', '.join(error.advertised)}"


def _checked(kind: TypeAdapter[T], answer: bytes) -> T:
    """A worker has read a stranger's bytes: what it says is a stranger's word, too."""
    try:
        return kind.validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))[:100]
        raise TaskFailed("BadAnswer", f"the worker's answer cannot be used: {place}: {first['msg'][:200]}") from error


def _news_lie(reading: NewsReading) -> str:
    """What in a well-formed reading cannot be, "" if nothing."""
    numbers = [*reading.hashes, *(key for keys in (*reading.keys, *reading.regained) for key in keys.all)]
    if not len(reading.feed.entries) == len(reading.keys) == len(reading.hashes):
        return "not as many keys as entries"
    if reading.settled < 0 or (numbers and not -_MOST <= min(numbers) <= max(numbers) < _MOST):
        return "a number out of range"
    try:
        b64decode(reading.listing, validate=True)
    except ValueError:
        return "a listing that cannot be unpacked"
    return ""


def _lie(reading: Reading, task: PageTask) -> str:
    """What in a well-formed reading cannot be, "" if nothing."""
    article = reading.article
    if article is None:
        return "matches without an article" if reading.matches else ""
    if not _is_plain(article):
        return "a text with control characters"
    texts = {HitField.TEXT: article.text, HitField.FEED: feed_text_of(task.entry)}
    for match in reading.matches:
        for hit in match.hits:
            if not 0 <= hit.start < hit.end or texts[hit.field][hit.start : hit.end] != hit.form:
                return f"a hit of {match.watch!r} that is not in the text"
    return ""


def _is_plain(article: Article) -> bool:
    return article.title == normalise_text(article.title) and article.body == normalise_text(article.body)
