"""Calls the parser processes: a task goes in, its checked result comes out.

A parser process has read untrusted bytes and may have been taken over by them, so that its answer is untrusted too:
`_checked` tests its form, `_contradiction_in_…` tests what the form does not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from watcher.corpus import normalise_text
from watcher.corpus.revisions.passages import LONGEST_PASSAGE
from watcher.errors import NotAFeed, NotOpml, TaskFailed
from watcher.feeds.discover import MOST_LINKS
from watcher.feeds.formats.opml import MAX_ADDRESS, MAX_OUTLINES, OpmlList, plain_title
from watcher.feeds.links import MAX_LINK, is_web_address
from watcher.feeds.listing import FeedNews
from watcher.feeds.source_values import MOST_LISTED, SourceReading
from watcher.json_type import JsonType
from watcher.model import (
    LONGEST_NEAR_MISS,
    MOST_NEAR_MISSES,
    REMOVED,
    Article,
    Comparison,
    HitField,
    ParsedFeed,
    Place,
    Rights,
    VersionText,
)
from watcher.parsing import ParserPool
from watcher.parsing.messages import (
    ADDRESSES,
    COMPARISON,
    COMPARISON_TASK,
    FEED_NEWS,
    FEED_TASK,
    LONGEST_UNMATCHED,
    NEWS_TASK,
    OPML_LIST,
    OPML_TASK,
    PAGE_READING,
    PAGE_TASK,
    PARSED_FEED,
    ROBOTS_TASK,
    SOURCE_READING,
    VERSION_READING,
    ComparisonTask,
    FeedTask,
    NewsTask,
    OpmlTask,
    PageReading,
    PageTask,
    RobotsTask,
    UnmatchedText,
    VersionReading,
)

T = TypeVar("T")

_INT64_BOUND = 2**63
_PLACES = frozenset(Place)
_LONGEST_RULE = 100
_LONGEST_RIGHT = 2_000

FEED_TIMEOUT = timedelta(seconds=30)  # 66 ms is usual for a large feed
PAGE_TIMEOUT = timedelta(seconds=20)  # 40 ms is usual


async def read_feed(pool: ParserPool, task: FeedTask, body: bytes) -> ParsedFeed:
    """Parses a feed. Raises NotAFeed or ParserError, also where the answer contradicts itself."""
    return _checked(PARSED_FEED, await _run_feed(pool, "read_feed", FEED_TASK.dump_python(task, mode="json"), body))


async def read_news(pool: ParserPool, task: NewsTask, listing: bytes, body: bytes) -> FeedNews:
    """Parses the entries of a feed that its packed `listing` does not have. Raises what `read_feed` does."""
    arguments = NEWS_TASK.dump_python(task, mode="json") | {"listing_size": len(listing)}
    news = _checked(FEED_NEWS, await _run_feed(pool, "read_news", arguments, listing + body))
    if contradiction := _contradiction_in_news(news):
        raise _false_answer(contradiction)
    return news


async def read_opml(pool: ParserPool, task: OpmlTask, body: bytes) -> OpmlList:
    """Parses a list of feeds. Raises NotOpml or ParserError, also where the answer cannot be that of the task."""
    arguments = OPML_TASK.dump_python(task, mode="json")
    try:
        read = _checked(OPML_LIST, await pool.run("read_opml", arguments, body, timeout=FEED_TIMEOUT))
    except TaskFailed as error:
        if error.kind != NotOpml.__name__:
            raise
        raise NotOpml(str(error)) from error
    if contradiction := _contradiction_in_opml(read):
        raise _false_answer(contradiction)
    return read


async def read_source(pool: ParserPool, task: FeedTask, body: bytes) -> SourceReading:
    """Reads an answer as a source or a page. Raises ParserError, also where the reading contradicts itself."""
    arguments = FEED_TASK.dump_python(task, mode="json")
    reading = _checked(SOURCE_READING, await _run_feed(pool, "read_source", arguments, body))
    if contradiction := _contradiction_in_source(reading):
        raise _false_answer(contradiction)
    return reading


async def read_sitemaps(pool: ParserPool, url: str, robots: bytes) -> tuple[str, ...]:
    """Reads the addresses of sitemaps from the robots.txt at `url`. Raises ParserError."""
    arguments = ROBOTS_TASK.dump_python(RobotsTask(url=url), mode="json")
    addresses = _checked(ADDRESSES, await pool.run("read_sitemaps", arguments, robots, timeout=FEED_TIMEOUT))
    if not _are_addresses(addresses):
        raise _false_answer("a text that is not an address")
    return addresses


async def read_page(pool: ParserPool, task: PageTask, page: bytes) -> PageReading:
    """Extracts and matches the article of a page (b"": of the entry's own text).

    Raises ParserError, also where the answer contradicts the task.
    """
    arguments = PAGE_TASK.dump_python(task, mode="json")
    reading = _checked(PAGE_READING, await pool.run("read_page", arguments, page, timeout=PAGE_TIMEOUT))
    if contradiction := _contradiction_in_page(reading, task):
        raise _false_answer(contradiction)
    return reading


async def read_version(pool: ParserPool, task: PageTask, page: bytes) -> VersionReading:
    """Extracts the article of a page that is read again. Raises ParserError."""
    arguments = PAGE_TASK.dump_python(task, mode="json")
    reading = _checked(VERSION_READING, await pool.run("read_version", arguments, page, timeout=PAGE_TIMEOUT))
    if (reading.text is None) == (not reading.problem):
        raise _false_answer("neither a text nor a problem, or both")
    if not reading.problem.isprintable():
        raise _false_answer("a problem with control characters")
    text = reading.text
    if text and not (_are_plain(text.title, text.body) and text.extractor.isprintable() and _are_hashes(text)):
        raise _false_answer("a text with control characters, or without keys")
    return reading


async def compare_versions(pool: ParserPool, task: ComparisonTask) -> Comparison:
    """Compares two versions of a text. Raises ParserError, also where the answer is not about these two."""
    arguments = COMPARISON_TASK.dump_python(task, mode="json")
    compared = _checked(COMPARISON, await pool.run("compare_versions", arguments, b"", timeout=PAGE_TIMEOUT))
    before = f"{task.before.title}\n\n{task.before.body}"
    after = f"{task.title}\n\n{task.body}"
    if any((change.before or "") not in before or (change.after or "") not in after for change in compared.changes):
        raise _false_answer("a change of another text")
    passages = [text for passage in compared.passages for text in (passage.before, passage.after) if text]
    if not compared.classes or any(len(text) > LONGEST_PASSAGE or not _are_plain(text) for text in passages):
        raise _false_answer("a passage that is too long or has control characters")
    return compared


def sentence(error: NotAFeed) -> str:
    """Says why an address is not a feed, and which feeds it advertises."""
    if not error.advertised:
        return str(error)
    return f"{error}; it advertises: {', '.join(error.advertised)}"


async def _run_feed(pool: ParserPool, name: str, arguments: Mapping[str, Any], payload: bytes) -> bytes:
    try:
        return await pool.run(name, arguments, payload, timeout=FEED_TIMEOUT)
    except TaskFailed as error:
        if error.kind != NotAFeed.__name__:
            raise
        advertised = error.data.get("advertised")
        addresses = advertised if isinstance(advertised, list | tuple) else ()
        raise NotAFeed(str(error), tuple(str(address) for address in addresses)) from error


def _checked(kind: JsonType[T], answer: bytes) -> T:
    try:
        return kind.validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))[:100]
        message = f"the answer of a parser process cannot be used: {place}: {first['msg'][:200]}"
        raise TaskFailed("BadAnswer", message) from error


def _false_answer(contradiction: str) -> TaskFailed:
    return TaskFailed("BadAnswer", f"the answer of a parser process cannot be true: {contradiction}")


def _contradiction_in_news(news: FeedNews) -> str:
    """Names what cannot be in well-formed news, "" if nothing."""
    numbers = [*news.hashes, *(key for keys in (*news.keys, *news.regained) for key in keys.looked_up)]
    if not len(news.feed.entries) == len(news.keys) == len(news.hashes):
        return "not as many keys as entries"
    if news.settled < 0 or (numbers and not -_INT64_BOUND <= min(numbers) <= max(numbers) < _INT64_BOUND):
        return "a number out of range"
    return ""


def _contradiction_in_opml(read: OpmlList) -> str:
    """Names what cannot be in a well-formed list, "" if nothing."""
    if len(read.outlines) > MAX_OUTLINES:
        return "too many outlines"
    for outline in read.outlines:
        if outline.title != plain_title(outline.title) or outline.type != plain_title(outline.type):
            return "a title that is not plain"
        if max(len(outline.url), len(outline.page), len(outline.name)) > MAX_ADDRESS + 1:
            return "an address that is too long"
    return ""


def _contradiction_in_source(reading: SourceReading) -> str:
    """Names what cannot be in a well-formed reading, "" if nothing."""
    source, page = reading.source, reading.page
    if (source is None) == (not reading.problem):
        return "neither a source nor a problem, or both"
    if source and not (
        min(source.entries, source.text) >= 0 and len(source.listed) <= min(source.entries, MOST_LISTED)
    ):
        return "a wrong number of entries"
    feeds = page.feeds if page else ()
    if max(len(feeds), len(reading.sitemaps)) > MOST_LINKS:
        return "too many links"
    texts = (source.format, source.title, source.language, source.problem) if source else (reading.problem,)
    if not all(text.isprintable() for text in (*texts, *(link.title for link in feeds))):
        return "a text with control characters"
    canonical = [page.canonical] if page and page.canonical else []
    links = (*(link.url for link in feeds), *canonical, *reading.sitemaps)
    return "" if _are_addresses(links) else "a text that is not an address"


def _are_addresses(texts: Iterable[str]) -> bool:
    return all(is_web_address(text) and text.isprintable() and len(text) <= MAX_LINK for text in texts)


def _contradiction_in_page(reading: PageReading, task: PageTask) -> str:
    """Names what cannot be in a well-formed reading, "" if nothing."""
    if contradiction := _contradiction_in_near_misses(reading):
        return contradiction
    if contradiction := _contradiction_in_rights(reading.rights):
        return contradiction
    if reading.unmatched and (contradiction := _contradiction_in_unmatched(reading.unmatched, reading, task)):
        return contradiction
    article = reading.article
    if article is None:
        return "matches without an article" if reading.matches else ""
    if not _is_plain(article):
        return "a text with control characters"
    texts = {HitField.TEXT: article.text, HitField.FEED: task.entry.feed_text}
    for match in reading.matches:
        for hit in match.hits:
            if not 0 <= hit.start < hit.end or texts[hit.field][hit.start : hit.end] != hit.form:
                return f"a hit of {match.watch!r} that is not in the text"
    return ""


def _contradiction_in_unmatched(unmatched: UnmatchedText, reading: PageReading, task: PageTask) -> str:
    """Names what cannot be in a well-formed text for the seen archive, "" if nothing."""
    if reading.article is not None or not task.keep_text:
        return "a text of no match that nobody asked for"
    if len(unmatched.article.body) > LONGEST_UNMATCHED or not _is_plain(unmatched.article):
        return "a text of no match that is too long or has control characters"
    return ""


def _contradiction_in_near_misses(reading: PageReading) -> str:
    """Names what cannot be in well-formed near misses, "" if nothing."""
    if len(reading.near_misses) > MOST_NEAR_MISSES or reading.left_out < 0:
        return "a wrong number of near misses"
    matched = {match.watch for match in reading.matches}
    for near in reading.near_misses:
        if near.watch in matched:
            return f"a near miss of {near.watch!r}, which matches"
        if not near.form or near.form not in near.sentence or len(near.sentence) > LONGEST_NEAR_MISS:
            return f"a near miss of {near.watch!r} whose sentence does not hold it"
        if not _is_place(near.place) or near.sentence != " ".join(normalise_text(near.sentence).split()):
            return f"a near miss of {near.watch!r} that is not plain"
    return ""


def _contradiction_in_rights(rights: Rights) -> str:
    """Names what no page can declare, "" if nothing."""
    texts = (rights.robots, rights.tdm_policy)
    if any(len(text) > _LONGEST_RIGHT or not text.isprintable() for text in texts):
        return "reservations of rights that are not plain"
    return "" if rights.tdm_reservation in ("", "0", "1") else "an unknown reservation of rights"


def _is_place(place: str) -> bool:
    rule = place.removeprefix(REMOVED)
    return place in _PLACES or (rule != place and 0 < len(rule) <= _LONGEST_RULE and rule.isprintable())


def _are_hashes(text: VersionText) -> bool:
    return all(-_INT64_BOUND <= key < _INT64_BOUND for key in (text.exact, text.substance))


def _is_plain(article: Article) -> bool:
    return _are_plain(article.title, article.body)


def _are_plain(*texts: str) -> bool:
    return all(text == normalise_text(text) for text in texts)
