"""News sitemaps and their indexes from poll to poll: what is asked, what is new, and what fails alone."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.feeds.sitemaps import address, article, index, urlset
from tests.newsroom import Newsroom, Reply
from tests.pipeline.rig import Rig, teaser
from watcher.feeds.limits import MAX_SITEMAPS
from watcher.pipeline import sitemap_index
from watcher.store.queries import feed_status
from watcher.store.queries.feed_status import FeedStatus

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
HOUR = timedelta(hours=1)


def status(rig: Rig, name: str = "blatt") -> FeedStatus:
    return next(found for found in rig.look().read(feed_status.statuses) if found.name == name)


def serve(news: Newsroom, path: str, *titles: str, **more: Any) -> str:
    """A news sitemap of articles with these titles; `/1` is the address of the first."""
    urls = (article(news.url(f"/{number}"), title, **more) for number, title in enumerate(titles, start=1))
    return news.feed_bytes(path, urlset("".join(urls)).encode())


def serve_index(news: Newsroom, *paths: str) -> str:
    return news.feed_bytes("/index.xml", index({news.url(path): "" for path in paths}).encode())


async def polled(rig: Rig, *, after: timedelta = HOUR) -> int:
    """Polls again later; the number of entries to ingest."""
    rig.clock.forward(after)
    before = rig.service.tally.new_entries
    await rig.poll()
    return rig.service.tally.new_entries - before


async def test_only_what_is_new_in_a_sitemap_is_ingested(make_rig: MakeRig, news: Newsroom) -> None:
    """A new article and a changed title count; a changed modification alone does not, nor does an unchanged body."""
    serve(news, "/news.xml", "Hafen", "Werft", lastmod="2026-03-01")
    rig = await make_rig({"blatt": "/news.xml"})
    await rig.round()
    assert (rig.service.tally.new_entries, status(rig).kind, status(rig).title) == (2, "news sitemap", "Das Blatt")
    serve(news, "/news.xml", "Hafen", "Werft", lastmod="2026-03-02")
    assert await polled(rig) == 0
    assert news.requests[-1].headers["if-none-match"]
    serve(news, "/news.xml", "Hafen", "Werft am Fluss", "Deich")
    assert await polled(rig) == 2
    assert rig.rows("SELECT title FROM entries WHERE state = 'pending' ORDER BY id") == [
        ("Werft am Fluss",),
        ("Deich",),
    ]


async def test_an_address_without_tags_is_news_for_two_days_and_once(make_rig: MakeRig, news: Newsroom) -> None:
    """It is ingested when it was modified lately, and never again because of another modification."""

    def listed(path: str, day: str) -> str:
        return address(news.url(path), day)

    news.feed_bytes("/map.xml", urlset(listed("/alt", "2026-02-20") + listed("/neu", "2026-03-01")).encode())
    rig = await make_rig({"blatt": "/map.xml"})
    await rig.round()
    assert rig.rows("SELECT link FROM entries") == [(news.url("/neu"),)]
    news.feed_bytes("/map.xml", urlset(listed("/alt", "2026-03-01") + listed("/neu", "2026-03-02")).encode())
    assert await polled(rig) == 1
    news.feed_bytes("/map.xml", urlset(listed("/alt", "2026-03-02") + listed("/neu", "2026-03-01")).encode())
    assert await polled(rig) == 0


async def test_feed_and_sitemap_share_their_entries(make_rig: MakeRig, news: Newsroom) -> None:
    """The article of a feed is known when the sitemap lists it, and the reverse."""
    news.feed("/feed", [teaser("/1"), teaser("/9", 9)])
    serve(news, "/news.xml", "Ein Schiff", "Noch eins")
    rig = await make_rig({"feed": "/feed", "blatt": "/news.xml"})
    await rig.poll()
    assert rig.rows("SELECT count(*), count(DISTINCT link) FROM entries") == [(3, 3)]


async def test_an_unchanged_index_is_followed_all_the_same(make_rig: MakeRig, news: Newsroom) -> None:
    """Index and sitemaps have validators of their own; a sitemap that changes is read though the index did not."""
    serve(news, "/a.xml", "Hafen")
    serve(news, "/b.xml", "Hafen", "Werft")
    serve_index(news, "/a.xml", "/b.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.round()
    assert rig.service.tally.new_entries == 2  # one of them is in both
    serve(news, "/b.xml", "Hafen", "Werft", "Deich")
    assert await polled(rig) == 1
    last = {request.path: request.headers.get("if-none-match") for request in news.requests[-3:]}
    assert last.keys() == {"/index.xml", "/a.xml", "/b.xml"}
    assert all(last.values())
    assert await polled(rig) == 0
    assert [news.count(path) for path in ("/index.xml", "/a.xml", "/b.xml")] == [3, 3, 3]
    assert (status(rig).kind, status(rig).problem, status(rig).last_error) == ("news sitemap", "", "")


async def test_quiet_sitemaps_start_no_parser_process(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all answer 304, nothing is parsed, and the next poll is later than the last."""
    serve(news, "/a.xml", "Hafen")
    serve_index(news, "/a.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.round()

    async def no_parser(*_args: object, **_more: object) -> bytes:
        raise AssertionError("a parser process was asked")

    monkeypatch.setattr(rig.parsers, "run", no_parser)
    assert await polled(rig) == 0
    first = status(rig).next_poll_at - rig.clock.now
    assert await polled(rig) == 0
    assert status(rig).next_poll_at - rig.clock.now > first
    assert status(rig).last_error == ""


async def test_each_sitemap_is_asked_unconditionally_once_a_day(make_rig: MakeRig, news: Newsroom) -> None:
    """Some servers answer 304 without end."""
    serve(news, "/a.xml", "Hafen")
    serve_index(news, "/a.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    await polled(rig, after=timedelta(hours=23))
    assert "if-none-match" in news.requests[-1].headers
    await polled(rig, after=timedelta(hours=6))
    assert "if-none-match" not in news.requests[-1].headers
    await polled(rig, after=timedelta(hours=12))
    assert "if-none-match" in news.requests[-1].headers


async def test_a_sitemap_that_fails_alone_is_named(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are read; a person sees which one fails; its entries stay known until it is back."""
    serve(news, "/a.xml", "Hafen")
    serve(news, "/b.xml", "Hafen", "Werft")
    serve_index(news, "/b.xml", "/a.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.round()
    news.page("/b.xml", "weg", status=500)
    serve(news, "/a.xml", "Hafen", "Deich")
    with caplog.at_level(logging.INFO):
        assert await polled(rig) == 1  # /2 has another title in the other sitemap
        assert await polled(rig) == 0
    assert status(rig).problem == f"{news.url('/b.xml')}: HTTP 500"
    assert status(rig).last_error == ""
    assert sum("/b.xml: HTTP 500" in message for message in caplog.messages) == 1
    serve(news, "/b.xml", "Hafen", "Deich", "Neu")
    assert await polled(rig) == 1
    assert status(rig).problem == ""


async def test_an_index_fails_if_all_its_sitemaps_do(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """It is then polled less often, as any feed that fails. The message says what the sitemaps answer, once."""
    news.page("/a.xml", "<html><body>Wir bauen um.</body></html>")
    serve_index(news, "/a.xml", "/b.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    assert status(rig).last_error.startswith("no sitemap of the index can be read (2 listed): not a feed: ")
    assert await polled(rig) == 0
    assert [record.levelname for record in caplog.records if "sitemap" in record.message] == ["WARNING"]
    serve(news, "/a.xml", "Hafen")
    assert await polled(rig, after=timedelta(days=1)) == 1
    assert "/b.xml: HTTP 404" in status(rig).problem


async def test_a_host_that_asks_to_wait_is_left_alone(make_rig: MakeRig, news: Newsroom) -> None:
    """After a 429 no further sitemap is asked for in this poll, and the next poll waits."""
    serve(news, "/a.xml", "Hafen")
    serve_index(news, "/a.xml", "/later.xml", "/b.xml")
    news.respond("/b.xml", lambda _request: Reply.text("zu viel", status=429, **{"Retry-After": "7200"}))
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    assert news.counts() == {"/index.xml": 1, "/a.xml": 1, "/b.xml": 1}
    assert f"{news.url('/later.xml')}: not read in this poll: its host asks to wait (HTTP 429)" in status(rig).problem
    assert status(rig).next_poll_at - rig.clock.now == timedelta(hours=2)


async def test_indexes_in_indexes_are_not_followed(make_rig: MakeRig, news: Newsroom) -> None:
    """One level, cycles included: each address is asked once, and the problem names those that are indexes."""
    serve(news, "/a.xml", "Hafen")
    news.feed_bytes("/tief.xml", index({news.url("/geheim.xml"): "", news.url("/index.xml"): ""}).encode())
    serve_index(news, "/index.xml", "/tief.xml", "/a.xml", "/a.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    assert news.counts() == {"/index.xml": 1, "/tief.xml": 1, "/a.xml": 1}
    assert rig.service.tally.new_entries == 1
    assert f"{news.url('/tief.xml')}: it is an index itself" in status(rig).problem


async def test_private_and_foreign_sitemaps_are_never_asked(make_rig: MakeRig, news: Newsroom) -> None:
    """An index cannot send requests into the network of the reader, nor to other sites."""
    with Newsroom() as other:
        local = news.origin.replace("127.0.0.1", "localhost")
        foreign = ("http://10.0.0.1/x.xml", "http://evil.example/x.xml", f"{local}/x.xml")
        refused = (other.url("/x.xml"), news.url("/hin.xml"), "file:///etc/passwd")
        listed = dict.fromkeys((*foreign, *refused, news.url("/a.xml")), "")
        serve(news, "/a.xml", "Hafen")
        news.redirect("/hin.xml", other.url("/x.xml"))
        news.feed_bytes("/index.xml", index(listed).encode())
        rig = await make_rig({"blatt": "/index.xml"})
        await rig.poll()
        assert other.requests == []
    assert news.counts() == {"/index.xml": 1, "/a.xml": 1, "/hin.xml": 1}
    assert rig.service.tally.new_entries == 1
    assert status(rig).problem.startswith("3 of its sitemaps are at another site and are not read; ")
    assert status(rig).problem.count("is not 80 or 443") + status(rig).problem.count("not a public address") == 2


@pytest.mark.parametrize("port", [":99999", ":0", ":x"])
async def test_an_address_that_cannot_be_fetched_costs_no_other(make_rig: MakeRig, news: Newsroom, port: str) -> None:
    """An index may list any text as an address; the problem names it, and the other sitemaps are read."""
    serve(news, "/a.xml", "Hafen")
    bad = f"http://127.0.0.1{port}/x.xml"
    news.feed_bytes("/index.xml", index({bad: "", news.url("/a.xml"): ""}).encode())
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    assert (rig.service.tally.new_entries, status(rig).last_error) == (1, "")
    assert f"{bad}: invalid url: " in status(rig).problem


async def test_no_more_than_fifty_sitemaps_are_read(make_rig: MakeRig, news: Newsroom) -> None:
    """The problem says how many there are."""
    paths = [f"/{number}.xml" for number in range(60)]
    for path in paths:
        serve(news, path, "Hafen")
    serve_index(news, *paths)
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    assert sum(news.count(path) for path in paths) == MAX_SITEMAPS == 50
    assert status(rig).problem.startswith("lists 60 sitemaps; only 50 are read")


async def test_reading_an_index_ends_within_its_limits(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not reached is said, and read first at the next poll, though the others have changed again."""
    for path in ("/a.xml", "/b.xml", "/c.xml"):
        serve(news, path, "Hafen")
    serve_index(news, "/a.xml", "/b.xml", "/c.xml")
    monkeypatch.setattr(sitemap_index, "MAX_INDEX_BYTES", 700)
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.poll()
    asked = {path for path in news.counts() if path != "/index.xml"}
    assert len(asked) == 2
    assert "not read in this poll: the others had more than 0 MB" in status(rig).problem
    (missed,) = {"/a.xml", "/b.xml", "/c.xml"} - asked
    for path in ("/a.xml", "/b.xml", "/c.xml"):
        serve(news, path, "Hafen", "Werft")
    await polled(rig)
    assert news.count(missed) == 1


async def test_keys_of_unchanged_sitemaps_are_kept_alive(make_rig: MakeRig, news: Newsroom) -> None:
    """While one sitemap changes, the entries of another that did not change for months stay known."""
    serve(news, "/alt.xml", "Hafen", "Werft")
    news.feed_bytes("/neu.xml", urlset(article(news.url("/a"), "A")).encode())
    serve_index(news, "/alt.xml", "/neu.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.round()
    days = "SELECT min(seen_on), max(seen_on) FROM known"
    ((first, _),) = rig.rows(days)
    news.feed_bytes("/neu.xml", urlset(article(news.url("/a"), "A") + article(news.url("/b"), "B")).encode())
    assert await polled(rig, after=timedelta(days=100)) == 1
    assert rig.rows(days) == [(first + 100, first + 100)]


async def test_an_index_that_becomes_a_sitemap_forgets_the_others(make_rig: MakeRig, news: Newsroom) -> None:
    """And a feed in its place is a feed again."""
    serve(news, "/a.xml", "Hafen")
    serve_index(news, "/a.xml")
    rig = await make_rig({"blatt": "/index.xml"})
    await rig.round()
    assert rig.rows("SELECT url FROM sitemaps") == [(news.url("/a.xml"),)]
    serve(news, "/index.xml", "Hafen", "Werft")
    assert await polled(rig) == 1
    assert rig.rows("SELECT url FROM sitemaps") == []
    news.feed("/index.xml", [teaser("/1")])
    await polled(rig)
    assert (status(rig).kind, news.count("/a.xml")) == ("feed", 1)


async def test_a_sitemap_larger_than_a_feed_is_read(make_rig: MakeRig, news: Newsroom) -> None:
    """Twenty megabytes: refused as a feed, fetched again as a sitemap, once; a feed of that size stays refused."""
    filler = f"<url><loc>{news.url('/alt')}</loc><!-- {' ' * 2**19} --></url>" * 40
    body = urlset(article(news.url("/1"), "Hafen") + filler)
    news.feed_bytes("/news.xml", body.encode())
    news.feed_bytes("/feed", b"<rss><channel>" + b" " * (20 * 2**20))
    rig = await make_rig({"blatt": "/news.xml", "feed": "/feed"})
    await rig.poll()
    assert (status(rig).last_error, status(rig).problem) == ("", "")
    assert (rig.service.tally.new_entries, news.count("/news.xml")) == (1, 2)
    assert "too large" in status(rig, "feed").last_error
    assert news.count("/feed") == 1
    assert await polled(rig) == 0
    assert news.count("/news.xml") == 3


async def test_a_gzip_file_that_is_cut_off_is_read_to_there(make_rig: MakeRig, news: Newsroom) -> None:
    """The file on the server is incomplete, though the answer is whole."""
    body = gzip.compress(urlset("".join(article(news.url(f"/{n}"), f"Nr. {n}") for n in range(400))).encode())
    news.feed_bytes("/news.xml.gz", body[: len(body) // 2], content_type="application/gzip")
    rig = await make_rig({"blatt": "/news.xml.gz"})
    await rig.poll()
    assert 50 < rig.service.tally.new_entries < 350
    assert (status(rig).problem, status(rig).last_error) == ("the sitemap breaks off before its end", "")


async def test_a_cut_off_sitemap_says_so_until_it_is_whole(make_rig: MakeRig, news: Newsroom) -> None:
    """Its whole entries are ingested; the problem stays over unchanged answers and ends with the next whole body."""
    whole = urlset(article(news.url("/1"), "Hafen") + article(news.url("/2"), "Werft"))
    news.feed_bytes("/news.xml", whole[:-100].encode())
    rig = await make_rig({"blatt": "/news.xml"})
    await rig.poll()
    assert rig.service.tally.new_entries == 1
    await polled(rig)
    assert status(rig).problem == "the sitemap breaks off before its end"
    news.feed_bytes("/news.xml", whole.encode())
    assert await polled(rig) == 1
    assert status(rig).problem == ""


async def test_the_language_of_an_article_is_its_own(make_rig: MakeRig, news: Newsroom) -> None:
    """A sitemap in two languages: the watch for German ones takes the page that declares none only there."""
    serve(news, "/news.xml", "Hafen")
    rig = await make_rig({"blatt": "/news.xml"})
    await rig.poll()
    ((payload,),) = rig.rows("SELECT words FROM words")
    assert '"language":"de"' in payload
