"""The search for the sources of a site: its time limit, and the addresses that it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.newsroom import Newsroom, Reply
from tests.patience import HANGS
from watcher.inquiry.discover import Discovery, discover
from watcher.net import Client, NetSettings
from watcher.parsing import ParserPool

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = '<link rel="alternate" type="application/rss+xml" href="/{}.xml">'
FEED = b"<rss version='2.0'><channel><title>Blatt</title><item><title>a</title><link>/a</link></item></channel></rss>"


async def search(
    pool: ParserPool,
    url: str,
    *,
    longest: timedelta = timedelta(seconds=HANGS),
    within: timedelta = timedelta(seconds=HANGS),
    show: Callable[[int, str], None] = lambda _number, _url: None,
    **settings: object,
) -> Discovery:
    net = NetSettings(**settings)  # type: ignore[arg-type]  # each test names few of many
    async with Client(net, trusted_origins=[url]) as client:
        now = datetime.now(UTC)
        return await discover(client, pool, url, timezone="UTC", now=now, within=within, show=show, longest=longest)


async def test_a_search_that_takes_too_long_ends_with_what_it_has(news: Newsroom, pool: ParserPool) -> None:
    """What was not fetched is named, and so is the limit."""
    home = news.page("/", PAGE.format("rss") + PAGE.format("haengt") + PAGE.format("nie"))
    news.feed_bytes("/rss.xml", FEED)
    gates = [news.hold("/haengt.xml"), news.hold("/nie.xml")]
    seconds = 1
    discovery = await search(pool, home, longest=timedelta(seconds=seconds))
    while not all(gate.entered.is_set() for gate in gates):  # how long that takes depends on the machine
        seconds *= 4
        discovery = await search(pool, home, longest=timedelta(seconds=seconds))
    assert [found.url for found in discovery.found] == [news.url("/rss.xml")]
    assert {each.url for each in discovery.refused} == {news.url("/haengt.xml"), news.url("/nie.xml")}
    assert all("took longer" in text for text in (*discovery.notes, *(each.reason for each in discovery.refused)))


async def test_an_address_that_never_answers_is_the_failure(news: Newsroom, pool: ParserPool) -> None:
    """With the time limit of one request, or of all."""
    home = news.page("/", "")
    news.hold("/")
    discovery = await search(pool, home, longest=timedelta(milliseconds=300))
    assert "longer than 0.3 seconds" in discovery.failure
    discovery = await search(pool, home, within=timedelta(milliseconds=300))
    assert "within 0.3 s" in discovery.failure
    assert discovery.requests == 1


async def test_every_request_is_shown(news: Newsroom, pool: ParserPool) -> None:
    """Redirects too, with rising numbers."""
    home = news.redirect("/", "/start", status=301)
    news.page("/start", PAGE.format("rss"))
    news.feed_bytes("/rss.xml", FEED)
    shown: list[tuple[int, str]] = []
    discovery = await search(pool, home, show=lambda number, url: shown.append((number, url)))
    assert [url for _, url in shown[:4]] == [
        home,
        news.url("/start"),
        news.url("/robots.txt"),
        news.url("/rss.xml"),
    ]
    assert [number for number, _ in shown] == list(range(1, discovery.requests + 1))
    assert len(news.requests) == discovery.requests


async def test_a_site_that_moved_elsewhere_is_not_followed(news: Newsroom, pool: ParserPool) -> None:
    """The failure names the other site."""
    home = news.redirect("/", "https://www.anderes.example/", status=301)
    discovery = await search(pool, home)
    assert "another site" in discovery.failure
    assert "https://www.anderes.example/" in discovery.failure
    assert discovery.requests == len(news.requests) == 1


async def test_two_links_to_one_address_are_one_source(news: Newsroom, pool: ParserPool) -> None:
    """A permanent redirect names the address to keep; the second link says where it leads."""
    home = news.page("/", PAGE.format("alt") + PAGE.format("rss"))
    news.redirect("/alt.xml", "/rss.xml", status=301)
    rss = news.feed_bytes("/rss.xml", FEED)
    discovery = await search(pool, home)
    assert [found.url for found in discovery.found] == [rss]
    assert len(discovery.refused) == 1
    assert rss in discovery.refused[0].reason


async def test_a_site_that_asks_for_fewer_requests_gets_none(news: Newsroom, pool: ParserPool) -> None:
    """After 429 nothing more is sent."""
    home = news.page("/", "")
    news.respond("/robots.txt", lambda _request: Reply(status=429))
    discovery = await search(pool, home)
    assert discovery.requests == len(news.requests) == 2
    assert any("429" in note for note in discovery.notes)
