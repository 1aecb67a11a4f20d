"""Calls into the worker processes: a task's value in, its checked result out, a stranger's faults as our errors."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from watcher.corpus import normalise_text
from watcher.errors import NotAFeed, TaskFailed
from watcher.model import Article, HitField, ParsedFeed
from watcher.pipeline.reading import (
    FEED_TASK,
    PAGE_TASK,
    PARSED_FEED,
    READING,
    FeedTask,
    PageTask,
    Reading,
    feed_text_of,
)
from watcher.workers import WorkerPool

T = TypeVar("T")

FEED_TIMEOUT = timedelta(seconds=30)  # 66 ms is usual for a large feed
PAGE_TIMEOUT = timedelta(seconds=20)  # 40 ms is usual


async def read_feed(pool: WorkerPool, task: FeedTask, body: bytes) -> ParsedFeed:
    """A feed's body, read. Raises NotAFeed or WorkerError; also where the worker's answer is not what it should be."""
    arguments = FEED_TASK.dump_python(task, mode="json")
    try:
        return _checked(PARSED_FEED, await pool.run("read_feed", arguments, body, timeout=FEED_TIMEOUT))
    except TaskFailed as error:
        if error.kind != NotAFeed.__name__:
            raise
        advertised = error.data.get("advertised")
        addresses = advertised if isinstance(advertised, list | tuple) else ()
        raise NotAFeed(str(error), tuple(str(address) for address in addresses)) from error


async def read_page(pool: WorkerPool, task: PageTask, page: bytes) -> Reading:
    """A page's bytes (b"": the entry's own words instead), read and matched.

    Raises WorkerError; also where the worker's answer is not what it should be.
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
