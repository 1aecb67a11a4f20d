"""Answers of parser processes are checked before use: an untrusted page may have compromised the process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from watcher.errors import TaskFailed
from watcher.model import Entry
from watcher.parsing import ParserPool
from watcher.parsing.client import read_feed, read_news, read_opml, read_page, read_sitemaps, read_source
from watcher.parsing.messages import LONGEST_UNMATCHED, FeedTask, NewsTask, OpmlTask, PageTask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FEED = FeedTask(content_type="", url="http://news.example/feed", timezone="UTC", now=NOW)
NEWS = NewsTask(content_type="", url="http://news.example/feed", timezone="UTC", now=NOW, feed="a")
PAGE = PageTask(
    entry=Entry(id="1", link="http://news.example/1", title="Die Lage", summary="Kurz gesagt."),
    feed="a",
    site="",
    url="http://news.example/1",
    content_type="",
    timezone="UTC",
    now=NOW,
)
ARTICLE = {"title": "Der Hafen", "body": "Mark Rutte besucht den Hafen."}
HIT = {"term": "Rutte", "form": "Rutte", "start": 16, "end": 21, "field": "text"}
ENTRY = {"id": "1", "link": "http://news.example/1", "title": "Eins"}
KEYS = {"id": 7, "link": None}
PARSED = {"format": "rss", "title": "", "site": "", "language": "", "entries": [ENTRY]}


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    pool = ParserPool(1, "tests.reliability.lying_tasks")
    try:
        yield pool
    finally:
        await pool.aclose()


def reading(*, article: Any = None, hit: Any = None, **more: Any) -> bytes:
    """A reading as JSON; the parts given replace those of a true one."""
    hits = [HIT | (hit or {})]
    value = {"article": ARTICLE | (article or {}), "matches": [{"watch": "Rutte", "hits": hits}], **more}
    return json.dumps(value).encode()


NEAR = {"watch": "Insel", "term": "Norden", "form": "Norden", "sentence": "Nach Norden", "place": "menu"}


UNMATCHED = {"article": ARTICLE, "kind": "visible"}


async def test_a_true_text_for_the_archive_is_taken(pool: ParserPool) -> None:
    """Where the task asks for it, and nothing matches."""
    answer = json.dumps({"article": None, "unmatched": UNMATCHED}).encode()
    unmatched = (await read_page(pool, replace(PAGE, keep_text=True), answer)).unmatched
    assert unmatched
    assert unmatched.article.body == ARTICLE["body"]


@pytest.mark.parametrize(
    ("article", "unmatched", "keep_text"),
    [
        (None, UNMATCHED, False),
        (ARTICLE, UNMATCHED, True),
        (None, UNMATCHED | {"kind": "anders"}, True),
        (None, UNMATCHED | {"article": ARTICLE | {"body": "Hafen\x00"}}, True),
        (None, UNMATCHED | {"article": ARTICLE | {"body": "x" * (LONGEST_UNMATCHED + 1)}}, True),
    ],
    ids=["unasked", "beside a match", "unknown kind", "control characters", "too long"],
)
async def test_false_texts_for_the_archive_are_refused(
    pool: ParserPool, article: Any, unmatched: Any, keep_text: bool
) -> None:
    """They are neither stored nor searched."""
    answer = json.dumps({"article": article, "unmatched": unmatched}).encode()
    with pytest.raises(TaskFailed):
        await read_page(pool, replace(PAGE, keep_text=keep_text), answer)


async def test_true_near_misses_are_taken(pool: ParserPool) -> None:
    """Of another watch than the one that matches, in a place or in a line that a rule removed."""
    near = [NEAR, NEAR | {"place": "removed:linked pointer"}]
    assert len((await read_page(pool, PAGE, reading(near_misses=near))).near_misses) == 2


async def test_true_answers_are_taken(pool: ParserPool) -> None:
    """The true forms of what the lies below are made of pass, so that it is the lie that is refused."""
    assert (await read_page(pool, PAGE, reading())).matches[0].hits[0].form == "Rutte"
    feed_hit = {"term": "Lage", "form": "Lage", "start": 4, "end": 8, "field": "feed"}
    assert (await read_page(pool, PAGE, reading(hit=feed_hit))).matches
    assert (await read_feed(pool, FEED, json.dumps(PARSED).encode())).entries[0].title == "Eins"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"article": 7}',
        reading(article={"title": None}),
        reading(article={"body": ["x"]}),
        reading(article={"date": {"year": 2025, "month": 13}}),
        reading(article={"date": {"year": 10**12}}),
        reading(article={"date": {"year": 2025, "month": 10**12}}),
        reading(article={"published_at": "gestern"}),
        reading(article={"text_from": "/etc/passwd"}),
        reading(article={"body": "Mark Rutte\x00 besucht den Hafen."}),
        reading(article={"title": "Der\x1b[2J Hafen"}),
        reading(article={"title": "Der \ud800 Hafen"}),
        reading(article={"body": "anderer Text"}),
        reading(hit={"start": -5, "end": -1}),
        reading(hit={"start": 10**9, "end": 10**9 + 5}),
        reading(hit={"start": 21, "end": 16}),
        reading(hit={"form": "Rutt"}),
        reading(hit={"start": 16, "end": 16, "form": ""}),
        reading(hit={"field": "feed"}),
        reading(hit={"field": "state"}),
        reading(near_misses=[NEAR | {"watch": "Rutte"}]),
        reading(near_misses=[NEAR | {"form": "Emden"}]),
        reading(near_misses=[NEAR | {"form": ""}]),
        reading(near_misses=[NEAR | {"sentence": "Norden " * 60}]),
        reading(near_misses=[NEAR | {"sentence": "Nach\x1b[2J Norden"}]),
        reading(near_misses=[NEAR | {"sentence": "Nach\nNorden"}]),
        reading(near_misses=[NEAR | {"place": "elsewhere"}]),
        reading(near_misses=[NEAR | {"place": "removed:"}]),
        reading(near_misses=[NEAR | {"place": "removed:a\nb"}]),
        reading(near_misses=[NEAR] * 2_001),
        reading(left_out=-1),
        json.dumps({"article": None, "matches": [{"watch": "Rutte", "hits": [HIT]}]}).encode(),
    ],
)
async def test_readings_that_cannot_be_true_are_refused(pool: ParserPool, answer: bytes) -> None:
    """Wrong shapes, impossible dates, control characters, hits outside of their text: a reason, and the pool lives."""
    with pytest.raises(TaskFailed, match="the answer of a parser process"):
        await read_page(pool, PAGE, answer)
    assert (await read_page(pool, PAGE, reading())).article


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b'"feed"',
        json.dumps(PARSED | {"entries": "viele"}).encode(),
        json.dumps(PARSED | {"entries": [{"id": 1}]}).encode(),
        json.dumps(PARSED | {"entries": [ENTRY | {"published_at": "2026-01-01T00:00:00+99:99"}]}).encode(),
        json.dumps(PARSED | {"refresh_after": "P9999999999Y"}).encode(),
    ],
)
async def test_feeds_that_cannot_be_true_are_refused(pool: ParserPool, answer: bytes) -> None:
    """The same for feeds."""
    with pytest.raises(TaskFailed, match="the answer of a parser process"):
        await read_feed(pool, FEED, answer)


def news(**more: Any) -> bytes:
    """The answer to a poll, as JSON; the parts given replace those of a true one."""
    return json.dumps({"feed": PARSED, "keys": [KEYS], "hashes": [-5], "listing": "QQ==", **more}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        news(feed={}),
        news(keys=[]),
        news(keys=[KEYS, KEYS]),
        news(hashes=[1, 2]),
        news(hashes=[2**63]),
        news(keys=[{"id": -(2**64), "link": None}]),
        news(keys=[{"id": 7, "link": 10**30}]),
        news(regained=[{"id": 2**63, "link": 1}]),
        news(settled=-1),
        news(listing="nicht in Base64"),
        news(listing="\u00e4"),
    ],
)
async def test_news_that_cannot_be_true_are_refused(pool: ParserPool, answer: bytes) -> None:
    """Keys that are none of the entries' or fit no column, and listings that cannot be kept."""
    assert (await read_news(pool, NEWS, b"", news())).listing == b"A"
    with pytest.raises(TaskFailed, match="the answer of a parser process"):
        await read_news(pool, NEWS, b"", answer)


OUTLINE = {"title": "Blatt", "url": "https://blatt.example/rss", "type": "rss"}


async def test_a_true_list_is_taken(pool: ParserPool) -> None:
    """Its outlines have plain titles and addresses of limited length."""
    read = await read_opml(pool, OpmlTask(), json.dumps({"outlines": [OUTLINE]}).encode())
    assert [outline.url for outline in read.outlines] == ["https://blatt.example/rss"]


@pytest.mark.parametrize(
    "outlines",
    [
        None,
        [{"title": "Blatt"}],
        [OUTLINE | {"title": "Blatt\x1b[2J"}],
        [OUTLINE | {"type": "zwei\nZeilen"}],
        [OUTLINE | {"url": "https://blatt.example/" + "x" * 9_000}],
        [OUTLINE | {"page": "x" * 9_000}],
        [OUTLINE | {"name": "x" * 9_000}],
        [OUTLINE] * 100_001,
    ],
)
async def test_a_false_list_is_refused(pool: ParserPool, outlines: Any) -> None:
    """Another form, control characters, and more than a list may have."""
    with pytest.raises(TaskFailed, match="answer of a parser process"):
        await read_opml(pool, OpmlTask(), json.dumps({"outlines": outlines}).encode())


SOURCE = {
    "format": "rss20",
    "title": "Blatt",
    "language": "de",
    "problem": "",
    "entries": 2,
    "newest_at": None,
    "listed": [1, 2],
    "text": 9,
    "comments": False,
}
LINK = {"url": "http://news.example/rss", "title": "", "comments": False}


def source_reading(*, source: Any = None, link: Any = None, **more: Any) -> bytes:
    """A reading of a source, or of a page with one link."""
    if link is not None:
        page = {"feeds": [LINK | link], "canonical": "", "more": 0} | more
        return json.dumps({"page": page, "problem": "a web page"}).encode()
    return json.dumps({"source": SOURCE | (source or {}), **more}).encode()


async def test_true_readings_of_sources_are_taken(pool: ParserPool) -> None:
    """A source, a page, and addresses of sitemaps."""
    reading = await read_source(pool, FEED, source_reading())
    assert reading.source is not None
    assert reading.source.listed == {1, 2}
    assert (await read_source(pool, FEED, source_reading(link={}))).page is not None
    addresses = b'["http://news.example/s.xml"]'
    assert await read_sitemaps(pool, "http://news.example/robots.txt", addresses) == ("http://news.example/s.xml",)


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        source_reading(problem="not a feed"),
        source_reading(source={"title": "Bl\x1b[2Jatt"}),
        source_reading(source={"format": "rss\x9b"}),
        source_reading(source={"entries": -1}),
        source_reading(source={"listed": [1, 2, 3]}),
        source_reading(source={"newest_at": "gestern"}),
        source_reading(source={"entries": 5_000, "listed": list(range(2_000))}),
        source_reading(link={"url": "javascript:x()"}),
        source_reading(link={"url": "http://news.example/\x1b"}),
        source_reading(link={"title": "\x07"}),
        source_reading(link={}, canonical="file:///etc/passwd"),
        source_reading(link={}, feeds=[LINK] * 101),
        json.dumps({"problem": "an index", "sitemaps": ["file:///etc/passwd"]}).encode(),
        json.dumps({"problem": "an index", "sitemaps": ["http://news.example/s"] * 101}).encode(),
    ],
)
async def test_false_readings_of_sources_are_refused(pool: ParserPool, answer: bytes) -> None:
    """What cannot be true, or could harm a terminal."""
    with pytest.raises(TaskFailed, match="parser process"):
        await read_source(pool, FEED, answer)


@pytest.mark.parametrize("answer", [b"[7]", b'["file:///etc/passwd"]', b'["http://news.example/\\u0007"]'])
async def test_false_addresses_of_sitemaps_are_refused(pool: ParserPool, answer: bytes) -> None:
    """They are http(s) addresses without control characters."""
    with pytest.raises(TaskFailed, match="parser process"):
        await read_sitemaps(pool, "http://news.example/robots.txt", answer)
