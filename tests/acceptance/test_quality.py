"""Walls, stubs and boilerplate: never archived as articles, counted per feed, and named in alerts."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.pages import article, news_page, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

_WALL = (
    "<html><head><title>Blatt</title></head><body><h1>Willkommen</h1><p>Wir und unsere 120 Partner speichern "
    "Informationen auf einem Gerät. Mit „Alle akzeptieren“ erteilen Sie Ihre Zustimmung.</p>"
    "<button>Alle akzeptieren</button><button>Cookie-Einstellungen</button></body></html>"
)
_GONE = (
    "<html><head><title>Seite nicht gefunden</title></head><body><p>Diese Seite existiert nicht mehr.</p></body></html>"
)
_SHELL = "<html><head><title>Blatt</title></head><body><div id='root'></div><script>start()</script></body></html>"


def test_walls_are_counted_though_nothing_matches(news: Newsroom, program: Program) -> None:
    """Every page is tested, before the test whether it can match; `feeds list` shows what they were."""
    entries = [_entry(news, name, page) for name, page in (("a", _WALL), ("b", _GONE), ("c", _SHELL))]
    program.configure(feeds={"Blatt": news.feed("/f", [*entries, article(news, matching=False)])})
    program.once()
    assert program.names() == []
    (row,) = json.loads(program.command("feeds", "list", "--json").stdout)
    assert row["walls"] == {"consent wall": 1, "error page": 1, "empty shell": 1}
    assert "1 consent wall" in program.command("feeds", "list").stdout
    reason = "SELECT reason FROM entries WHERE outcome = 'failed' AND reason LIKE 'a consent wall%'"
    assert len(program.rows(reason)) == 1


def test_behind_a_wall_the_feed_text_stands_in_and_says_so(news: Newsroom, program: Program) -> None:
    """The document holds the feed's text, the alert names the reason, nothing of the wall is archived."""
    hook = Receiver(news, "/hook")
    told = "Mark Rutte sprach am Abend mit der Bürgermeisterin über den neuen Hafen."
    program.configure(
        feeds={"Blatt": news.feed("/f", [_entry(news, "a", _WALL, summary=told)])}, channels=[_webhook(hook)]
    )
    program.once()
    (text,) = program.texts()
    assert told in text
    assert "Partner" not in text
    ((headline,),) = [request.json()["headlines"] for request in hook.accepted]
    assert (headline["text_from"], headline["quality"]) == ("feed", "consent wall")


def test_a_stub_gives_way_to_a_longer_feed_text(news: Newsroom, program: Program) -> None:
    """The better of page and feed is taken; that the page was behind a paywall stays on record."""
    whole = "\n".join(f"<p>{part}</p>" for part in paragraphs(7, matching=True))
    stub = news_page("Besuch", f"<p>{paragraphs(7, matching=True)[0]}</p><p>Jetzt weiterlesen mit dem Probeabo.</p>")
    entry = _entry(news, "a", stub, content=whole, title="Besuch")
    program.configure(feeds={"Blatt": news.feed("/f", [entry])})
    program.once()
    (text,) = program.texts()
    assert paragraphs(7, matching=True)[2] in text
    assert program.rows("SELECT text_from, quality FROM documents") == [("feed", "paywall")]


def test_what_a_host_repeats_is_no_article(news: Newsroom, program: Program) -> None:
    """Pages of different names with one text teach what the host repeats; from then on it is not archived."""
    same = "".join(f"<p>{part}</p>" for part in paragraphs(11, matching=True))
    learnt = [_entry(news, str(number), news_page("Hinweis", same.replace("Rutte", "Rotte"))) for number in range(4)]
    program.configure(feeds={"Blatt": news.feed("/f", learnt)})
    program.once()
    page = news_page("Hinweis", same.replace("Rutte", "Rotte") + "<p>Mark Rutte hat heute Geburtstag.</p>")
    later = _entry(news, "neu", page, summary="Über Rutte steht heute etwas im Blatt, das man lesen sollte.")
    real = article(news, matching=True)
    program.configure(feeds={"Blatt": news.feed("/f", [real, later, *learnt])})
    program.once()
    texts = program.texts()
    assert len(texts) == 2
    assert not [text for text in texts if paragraphs(11, matching=True)[0] in text]
    rows: list[tuple[Any, ...]] = program.rows("SELECT text_from, quality FROM documents ORDER BY quality")
    assert rows == [("feed", "boilerplate"), ("page", "good")]


def test_one_article_at_many_addresses_is_no_boilerplate(news: Newsroom, program: Program) -> None:
    """Pages of one name teach nothing."""
    same = "".join(f"<p>{part}</p>" for part in paragraphs(12, matching=True))
    entries = [_entry(news, str(number), news_page("Hinweis", same), title="Hinweis") for number in range(6)]
    program.configure(feeds={"Blatt": news.feed("/f", entries)})
    program.once()
    assert program.rows("SELECT text_from, quality FROM documents") == [("page", "good")]


def _entry(
    news: Newsroom, name: str, page: str, *, summary: str = "Mehr im Artikel.", content: str = "", title: str = ""
) -> Entry:
    path = f"/artikel/qualitaet-{name}.html"
    news.page(path, page)
    return Entry(id=name, link=path, title=title or f"Aus dem Ort {name}", summary=summary, content=content)


def _webhook(hook: Receiver) -> dict[str, object]:
    return {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
