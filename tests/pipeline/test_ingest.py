"""From an entry to its document: pages that come, pages that do not, and pages that hurt."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.newsroom import Newsroom, Reply
from tests.pipeline.rig import SENTENCE, Rig, page, report, teaser
from watcher.parsing import client
from watcher.pipeline import entry_page, ingest
from watcher.pipeline.ingest import RETRIES

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]


async def with_entry(make_rig: MakeRig, news: Newsroom, *, summary: str = "Mehr im Artikel.") -> Rig:
    """One feed with one entry that leads to /a, polled and not ingested yet."""
    news.feed("/feed", [teaser("/a", summary=summary)], title="Hafenblatt")
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    return rig


async def test_a_page_becomes_a_document(make_rig: MakeRig, news: Newsroom) -> None:
    """Title and text of the page are in the file; the entry says so, and is not asked for again."""
    news.page("/a", page(*report(1)))
    rig = await with_entry(make_rig, news)
    await rig.ingest()
    (text,) = rig.texts()
    assert text.startswith("Ein Schiff ohne Schornstein\n\nDer ")
    assert (rig.entry("/a").outcome, rig.entry("/a").status) == ("matched", 200)
    await rig.ingest()
    assert news.count("/a") == 1


async def test_a_page_without_the_word_is_no_document(make_rig: MakeRig, news: Newsroom) -> None:
    """It ends, and leaves nothing in the folder."""
    news.page("/a", page("Heute ist nichts vom Stapel gelaufen, und morgen auch nicht. " * 5))
    rig = await with_entry(make_rig, news)
    await rig.ingest()
    assert rig.names() == []
    assert rig.entry("/a").outcome == "unmatched"


@pytest.mark.parametrize("status", sorted(entry_page.TEMPORARY_STATUS))
async def test_a_page_that_may_come_back_is_waited_for(make_rig: MakeRig, news: Newsroom, status: int) -> None:
    """The first retry is a minute away, and the feed's own text is not used yet."""
    news.page("/a", "später", status=status)
    rig = await with_entry(make_rig, news, summary=SENTENCE)
    await rig.ingest()
    entry = rig.entry("/a")
    assert (entry.state, entry.attempts, entry.status) == ("pending", 1, status)
    assert entry.due_at == rig.clock.now + RETRIES[0]
    assert rig.names() == []


async def test_after_the_last_retry_the_words_of_the_feed_count(make_rig: MakeRig, news: Newsroom) -> None:
    """Each wait is longer than the one before; then there is a document, and the store says where its text is from."""
    news.respond("/a", lambda _request: Reply(cut_after=-1))
    rig = await with_entry(make_rig, news, summary=SENTENCE)
    for wait in RETRIES:
        await rig.ingest()
        assert rig.entry("/a").due_at == rig.clock.now + wait
        assert rig.names() == []
        rig.clock.forward(wait)
    await rig.ingest()
    (text,) = rig.texts()
    assert SENTENCE in text
    assert rig.rows("SELECT text_from FROM documents") == [("feed",)]
    entry = rig.entry("/a")
    assert (entry.outcome, bool(entry.reason)) == ("matched", True)


async def test_a_page_that_comes_back_is_used(make_rig: MakeRig, news: Newsroom) -> None:
    """A retry that succeeds gives the page's text."""
    news.page("/a", "später", status=503)
    rig = await with_entry(make_rig, news, summary=SENTENCE)
    await rig.ingest()
    news.page("/a", page(*report(1)))
    rig.clock.forward(RETRIES[0])
    await rig.ingest()
    assert rig.rows("SELECT text_from FROM documents") == [("page",)]


async def test_retry_after_is_kept_to(make_rig: MakeRig, news: Newsroom) -> None:
    """Where the page asks for more patience than the plan has; but never more than the longest wait of it."""
    news.page("/a", "später", status=429, headers={"Retry-After": "600"})
    rig = await with_entry(make_rig, news)
    await rig.ingest()
    assert rig.entry("/a").due_at == rig.clock.now + timedelta(minutes=10)
    rig.clock.forward(timedelta(minutes=10))
    news.page("/a", "später", status=429, headers={"Retry-After": "999999"})
    await rig.ingest()
    assert rig.entry("/a").due_at == rig.clock.now + RETRIES[-1]


@pytest.mark.parametrize(("status", "body"), [(404, "weg"), (410, "weg"), (403, "nein"), (200, "")])
async def test_a_page_that_will_not_come_is_not_waited_for(
    make_rig: MakeRig, news: Newsroom, status: int, body: str
) -> None:
    """The words of the feed are matched at once, and the reason is kept."""
    news.page("/a", body, status=status)
    rig = await with_entry(make_rig, news, summary=SENTENCE)
    await rig.ingest()
    assert rig.rows("SELECT text_from FROM documents") == [("feed",)]
    assert rig.entry("/a").reason in (f"HTTP {status}", "the page is empty")


async def test_an_entry_without_link_is_its_own_text(make_rig: MakeRig, news: Newsroom) -> None:
    """Nothing is fetched."""
    news.feed("/feed", [replace(teaser("", summary=SENTENCE), link="")])
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    assert rig.rows("SELECT text_from, url FROM documents") == [("feed", "")]
    assert set(news.counts()) == {"/feed"}


@pytest.mark.parametrize("bait", ["hang-the-reader", "kill-the-reader"])
async def test_a_page_that_hurts_its_reader_costs_no_entry(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch, bait: str
) -> None:
    """One that hangs or kills its worker is aborted; the words of the feed are matched instead."""
    monkeypatch.setattr(client, "PAGE_TIMEOUT", timedelta(seconds=1.5))
    news.page("/a", page(*report(1), f"<!-- {bait} -->"))
    rig = await with_entry(make_rig, news, summary=SENTENCE)
    await rig.ingest()
    assert rig.rows("SELECT text_from FROM documents") == [("feed",)]
    assert "could not be read" in rig.entry("/a").reason


async def test_a_bug_is_tried_again_and_then_given_up(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that the program chokes on does not stop the others, is logged with its trace, and ends as failed."""
    news.page("/a", page(*report(1)))
    rig = await with_entry(make_rig, news)
    monkeypatch.setattr(ingest, "_end", lambda *_: 1 / 0)
    for wait in RETRIES:
        await rig.ingest()
        assert rig.entry("/a").state == "pending"
        rig.clock.forward(wait)
    await rig.ingest()
    assert rig.entry("/a").outcome == "failed"
    assert "ZeroDivisionError" in caplog.text


async def test_the_same_text_behind_two_links_is_one_document(make_rig: MakeRig, news: Newsroom) -> None:
    """The second address is added to it."""
    for path in ("/a", "/b"):
        news.page(path, page(*report(1)))
    news.feed("/feed", [teaser("/a"), teaser("/b", 2)])
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    assert len(rig.names()) == 1
    assert sorted((rig.entry("/a").outcome, rig.entry("/b").outcome)) == ["duplicate", "matched"]
    assert len(rig.rows("SELECT url FROM document_urls")) == 2


async def test_an_entry_that_changes_is_read_again(make_rig: MakeRig, news: Newsroom) -> None:
    """It had not matched; its feed gives it a new title, and the page has the word now."""
    news.page("/a", page("Noch ist nichts bekannt, aber es soll am Nachmittag mehr dazu zu sagen sein. " * 4))
    rig = await with_entry(make_rig, news)
    await rig.ingest()
    assert rig.entry("/a").outcome == "unmatched"
    news.page("/a", page(*report(1)))
    news.feed("/feed", [replace(teaser("/a"), title="Werft zeigt ihr Schiff")], title="Hafenblatt")
    rig.clock.forward(timedelta(hours=1))
    await rig.round()
    assert rig.entry("/a").outcome == "matched"
    assert len(rig.names()) == 1


@pytest.mark.parametrize("field", ["articleBody", "author", "publisher"])
async def test_half_an_emoji_costs_no_page(make_rig: MakeRig, news: Newsroom, field: str) -> None:
    """A system that cuts texts by their UTF-16 leaves one of its two escapes in the JSON-LD."""
    half = chr(0xD83D)
    shown, *rest = (*report(1), *report(2), *report(3))
    values = {"articleBody": "\n\n".join([shown, *rest]), "author": "Maria Muster", "publisher": "Hafenblatt"}
    values[field] += f" Danke {half}"
    thing = {"@type": "NewsArticle", "headline": "Ein Schiff", **values}
    head = f'<script type="application/ld+json">{json.dumps(thing)}</script>'
    news.page("/a", page(shown, title="Ein Schiff", head=head))
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    assert rig.rows("SELECT outcome, reason FROM entries") == [("matched", "")]
    assert rig.rows("SELECT text_from FROM documents") == [("page",)]


@pytest.mark.parametrize(
    ("head", "site"), [("", "Hafenblatt"), ('<meta property="og:site_name" content="Der Anleger">', "Der Anleger")]
)
async def test_a_document_bears_the_name_of_its_outlet(make_rig: MakeRig, news: Newsroom, head: str, site: str) -> None:
    """As the page says it; a page that names none is of the feed's outlet, not of a host."""
    news.page("/a", page(*report(1), head=head))
    rig = await with_entry(make_rig, news)
    await rig.ingest()
    assert rig.rows("SELECT site FROM documents") == [(site,)]


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(status=503), Reply(cut_after=-1), Reply(body=b"")])
async def test_the_second_link_helps_where_the_first_fails(make_rig: MakeRig, news: Newsroom, reply: Reply) -> None:
    """The service that the links lead over is gone: the page is fetched at its own address, at once."""
    news.respond("/service/1", lambda _request: reply)
    news.page("/a", page(*report(1)))
    original = f'<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">{news.url("/a")}</f:origLink>'
    item = f"<item><title>Werft</title><guid>1</guid><link>{news.url('/service/1')}</link>{original}</item>"
    feed = f"<rss version='2.0'><channel><title>Hafenblatt</title>{item}</channel></rss>"
    news.page("/feed", feed, content_type="application/rss+xml")
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    await rig.ingest()
    (text,) = rig.texts()
    assert text.startswith("Ein Schiff ohne Schornstein\n\nDer ")
    assert (rig.entry("/service/1").outcome, rig.entry("/service/1").status) == ("matched", 200)
    assert news.count("/a") == 1


async def test_the_second_link_is_not_asked_without_need(make_rig: MakeRig, news: Newsroom) -> None:
    """A link that works is enough; if both fail, the problem is that of the link."""
    original = f'<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">{news.url("/b")}</f:origLink>'
    items = "".join(
        f"<item><title>{path}</title><guid>{path}</guid><link>{news.url(path)}</link>{original}</item>"
        for path in ("/gut", "/weg")
    )
    news.page("/gut", page(*report(1)))
    news.page("/weg", "weg", status=410)
    news.page("/b", "verboten", status=403)
    feed = f"<rss version='2.0'><channel><title>Hafenblatt</title>{items}</channel></rss>"
    news.page("/feed", feed, content_type="application/rss+xml")
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    await rig.ingest()
    assert (rig.entry("/gut").outcome, rig.entry("/weg").status) == ("matched", 410)
    assert news.count("/b") == 1
