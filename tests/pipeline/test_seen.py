"""The text of every ingested entry reaches the archive: matched or not, from the page or from the feed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.pages import paragraphs
from tests.newsroom import Newsroom
from tests.pipeline.rig import START, Rig, page, report, teaser
from watcher.errors import SeenError
from watcher.model import HitField, TextFrom, TextKind
from watcher.parsing.client import read_page
from watcher.parsing.messages import PageReading, PageTask
from watcher.runtime.housekeeping import SEEN_INCIDENT
from watcher.seen import open_reader

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
MENU = '<nav><a href="/a">Politik</a><a href="/b">Wirtschaft</a></nav><main>'


def unmatched(number: int) -> str:
    return page(*paragraphs(number, matching=False)).replace("<main>", MENU)


async def test_a_matched_entry_is_kept_with_its_article(make_rig: MakeRig, news: Newsroom) -> None:
    """With the feed's text beside it."""
    news.feed("/feed", [teaser("/1")])
    news.page("/1", page(*report(1)))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    (seen,) = rig.seen()
    assert rig.texts()[0].removesuffix("\n").endswith(seen.article.text)
    assert (seen.kind, seen.link, seen.feed) == (TextKind.ARTICLE, news.url("/1"), "hafen")
    assert seen.feed_text == "Ein Schiff ohne Schornstein 1\n\nMehr im Artikel."
    assert seen.fetched_at == START


async def test_an_unmatched_page_is_kept_with_all_that_it_shows(make_rig: MakeRig, news: Newsroom) -> None:
    """Menus too, a line each; a word that two elements share is there in one piece as well."""
    news.feed("/feed", [teaser("/1")])
    news.page("/1", unmatched(1).replace("</h1>", "</h1><p><b>D</b>achstuhl</p><script>geheim()</script>"))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    (seen,) = rig.seen()
    assert (seen.kind, seen.article.title) == (TextKind.VISIBLE, "Ein Schiff ohne Schornstein 1")
    assert (seen.article.language, seen.article.hosts) == ("de", ("127.0.0.1",))
    lines = seen.article.body.split("\n")
    assert lines[:2] == ["Politik", "Wirtschaft"]
    assert set(paragraphs(1, matching=False)) <= set(lines)
    assert "Dachstuhl" in lines[-1]
    assert "geheim" not in seen.article.body
    assert rig.names() == []


async def test_an_article_without_a_match_is_kept_as_an_article(make_rig: MakeRig, news: Newsroom) -> None:
    """The term is in the menu only: the page was extracted, and its article does not match."""
    news.feed("/feed", [teaser("/1")])
    news.page("/1", unmatched(1).replace("Politik", "Werft"))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    (seen,) = rig.seen()
    assert seen.kind is TextKind.ARTICLE
    assert "Werft" not in seen.article.text
    assert paragraphs(1, matching=False)[0] in seen.article.text


@pytest.mark.parametrize("text", ["hang-the-reader", "kill-the-reader"])
async def test_an_entry_whose_page_cannot_be_read_is_kept_with_the_text_of_the_feed(
    make_rig: MakeRig, news: Newsroom, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the page takes the parser process down."""
    monkeypatch.setattr("watcher.parsing.client.PAGE_TIMEOUT", timedelta(seconds=5))
    news.feed("/feed", [teaser("/1", summary="Der Deich hält.")])
    news.page("/1", page(text))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    (seen,) = rig.seen()
    assert (seen.kind, seen.article.text_from) == (TextKind.ARTICLE, TextFrom.FEED)
    assert "Der Deich hält." in seen.article.text


async def test_an_entry_that_changes_is_kept_once(make_rig: MakeRig, news: Newsroom) -> None:
    """With the text that was read last; an entry without a link and one of a shared page are entries of their own."""
    entry = teaser("/1")
    others = [replace(teaser("/2", number), id=f"{number}", title=f"Ticker {number}") for number in (1, 2)]
    news.feed("/feed", [entry, replace(entry, id="ohne", link="", title="Ohne Seite"), *others])
    news.page("/1", unmatched(1))
    news.page("/2", unmatched(2))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    news.feed("/feed", [replace(entry, title="Ein anderer Titel"), replace(entry, id="ohne", link=""), *others])
    rig.clock.forward(timedelta(hours=3))
    await rig.round()
    titles = sorted(seen.article.title for seen in rig.seen())
    assert len(titles) >= 4
    assert titles.count("Ein anderer Titel") == 1
    assert {"Ticker 1", "Ticker 2"} <= set(titles)
    assert len({seen.link for seen in rig.seen() if seen.article.title.startswith("Ticker")}) == 1


async def test_without_an_archive_nothing_is_sent_or_written(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text of an unmatched page crosses from the parser process, and no file is made."""
    answers: list[PageReading] = []

    async def read(*arguments: Any) -> PageReading:
        answers.append(await read_page(*arguments))
        return answers[-1]

    monkeypatch.setattr("watcher.pipeline.ingest.read_page", read)
    news.feed("/feed", [teaser("/1"), teaser("/2", 2)])
    news.page("/1", unmatched(1))
    news.page("/2", unmatched(2).replace("Politik", "Werft"))
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    assert [answer.unmatched for answer in answers] == [None, None]
    assert not (rig.folder / "state" / "seen.db").exists()


def is_created(path: Path) -> bool:
    """Whether an archive has its tables, which its thread creates."""
    try:
        with open_reader(path):
            return True
    except SeenError:
        return False


async def test_the_operator_hears_of_a_failing_archive_and_of_its_end(make_rig: MakeRig, news: Newsroom) -> None:
    """Once each, in the channels with `ops`; documents are archived all the same."""
    console = '[[channels]]\nname = "console"\ntype = "console"\nops = true\n'
    rig = await make_rig({"hafen": "/feed"}, channels=console, seen=True)
    path = rig.folder / "state" / "seen.db"
    await rig.until(lambda: is_created(path))
    for part in path.parent.glob("seen.db*"):
        part.unlink()
    path.mkdir()
    news.feed("/feed", [teaser("/1")])
    news.page("/1", page(*report(1)))
    await rig.round()
    assert len(rig.names()) == 1
    archive = rig.service.resources.seen
    assert archive
    archive.flush()
    for _ in range(2):
        await rig.service.keep_house()
        await rig.deliver()
    assert sum("Texts for the search are dropped" in text for text in rig.shown) == 1
    assert rig.rows("SELECT name FROM troubles") == [(SEEN_INCIDENT,)]
    path.rmdir()
    news.feed("/feed", [teaser("/2", 2), teaser("/1")])
    news.page("/2", unmatched(2))
    rig.clock.forward(timedelta(hours=1))
    await rig.round()
    archive.flush()
    await rig.service.keep_house()
    rig.clock.forward(timedelta(minutes=5))
    await rig.deliver()
    assert sum("The seen archive is written again." in text for text in rig.shown) == 1
    assert [seen.link for seen in rig.seen()] == [news.url("/2")]


async def test_a_task_asks_for_the_text(make_rig: MakeRig, news: Newsroom) -> None:
    """Only then it is in the answer; hits and article are the same either way."""
    rig = await make_rig({"hafen": "/feed"})
    entry = teaser("https://blatt.example/1", 1)
    task = PageTask(
        entry=entry,
        feed="hafen",
        site="Hafenblatt",
        url=entry.link,
        content_type="text/html",
        timezone="Europe/Berlin",
        now=START,
    )
    for body in (unmatched(1), page(*report(1))):
        plain = await read_page(rig.parsers, task, body.encode())
        kept = await read_page(rig.parsers, replace(task, keep_text=True), body.encode())
        assert (kept.unmatched is None) is bool(plain.matches)
        assert replace(kept, unmatched=None) == plain
        assert all(hit.field is HitField.TEXT for match in kept.matches for hit in match.hits)
