"""One report at many outlets: every text of its own lands, and each channel gets one alert."""

from __future__ import annotations

from html import escape
from typing import Any

from tests.acceptance.pages import article, news_page
from tests.acceptance.program import Program
from tests.matching.test_stories import REPORT, VARIANTS
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

TERMS = {"Hafen": ["Norderney", "Reederei"]}


def test_copies_of_a_report_are_documents_of_one_story_told_once(news: Newsroom, program: Program) -> None:
    """Another headline, byline, cut or own paragraphs make a document of their own and no alert of their own."""
    hook = Receiver(news, "/hook")
    _configure(news, program, [article(news, matching=False)], hook)
    program.once()
    copies = [
        _copy(news, name, VARIANTS[name](REPORT)) for name in ("another headline", "cut to 40 %", "own paragraphs")
    ]
    original = _copy(news, "original", REPORT)
    _configure(news, program, [original, *copies], hook)
    program.once()
    assert len(program.names()) == 4
    assert len(program.rows("SELECT DISTINCT story FROM documents")) == 1
    (body,) = _told(hook)
    assert body["kind"] == "alert"
    assert len(body["headlines"][0]["also_at"]) == 3
    later = _copy(news, "another byline", VARIANTS["another byline"](REPORT))
    _configure(news, program, [later, original, *copies], hook)
    program.once()
    assert len(program.names()) == 5
    assert len(_told(hook)) == 1


def test_a_first_poll_names_a_story_once_in_its_summary(news: Newsroom, program: Program) -> None:
    """Three outlets with one report, and another report: two headlines."""
    hook = Receiver(news, "/hook")
    copies = [_copy(news, name, VARIANTS[name](REPORT)) for name in ("another headline", "another byline")]
    other = "Reederei baut um\n\n" + " ".join(f"Der {n}. Anleger der Reederei bekommt ein Dach." for n in range(30))
    _configure(news, program, [_copy(news, "o", REPORT), *copies, _copy(news, "x", other)], hook)
    program.once()
    (body,) = _told(hook)
    assert sorted(len(headline["also_at"]) for headline in body["headlines"]) == [0, 2]


def test_the_very_same_text_lands_once_with_both_addresses(news: Newsroom, program: Program) -> None:
    """The second outlet is on record with its address and named in the alert; there is no second file."""
    hook = Receiver(news, "/hook")
    entries = [_copy(news, "eins", REPORT), _copy(news, "zwei", REPORT)]
    program.configure(
        feeds={"Blatt": news.feed("/a", entries[:1]), "Kurier": news.feed("/b", entries[1:])},
        terms=TERMS,
        channels=[_webhook(hook)],
    )
    program.once()
    assert len(program.names()) == 1
    urls = {url for (url,) in program.rows("SELECT url FROM document_urls")}
    assert urls == {news.url(entry.link) for entry in entries}
    (body,) = _told(hook)
    assert len(body["headlines"][0]["also_at"]) == 1


def test_a_copy_of_a_file_that_was_there_before_is_its_story(news: Newsroom, program: Program) -> None:
    """Adopted documents take part; their stories are sent, because no alert was sent for them."""
    hook = Receiver(news, "/hook")
    program.seeds.mkdir()
    (program.seeds / "007_00112233445566ff.txt").write_text(REPORT + "\n", encoding="utf-8")
    _configure(news, program, [_copy(news, "kopie", VARIANTS["headline and byline"](REPORT))], hook)
    program.once()
    assert program.rows("SELECT number, story FROM documents ORDER BY number") == [(7, 7), (8, 7)]
    assert len(_told(hook)) == 1


def test_what_was_published_a_week_apart_is_not_one_story(news: Newsroom, program: Program) -> None:
    """A text in set words that returns every week is news every time."""
    weekly = [
        _copy(
            news, f"woche{day}", VARIANTS[name](REPORT), date=f'<p><time datetime="2026-03-{day}">{day}.3.</time></p>'
        )
        for day, name in (("02", "another headline"), ("09", "own paragraphs"))
    ]
    _configure(news, program, weekly, Receiver(news, "/hook"))
    program.once()
    assert len(program.rows("SELECT DISTINCT story FROM documents")) == 2


def _copy(news: Newsroom, name: str, text: str, *, date: str = "") -> Entry:
    """An outlet's page that carries `text`, and the entry that leads to it."""
    title, _, body = text.partition("\n\n")
    inner = "".join(f"<p>{escape(' '.join(part.split()))}</p>" for part in body.split("\n\n"))
    path = "/artikel/" + "-".join(name.replace("%", "").split()) + ".html"
    head = f'<meta property="og:site_name" content="Blatt {escape(name)}">'
    news.page(path, news_page(title, inner, date=date, head=head))
    return Entry(id=name, link=path, title=title, summary="Mehr im Artikel.")


def _configure(news: Newsroom, program: Program, entries: list[Entry], hook: Receiver) -> None:
    program.configure(feeds={"Agentur": news.feed("/a", entries)}, terms=TERMS, channels=[_webhook(hook)])


def _webhook(hook: Receiver) -> dict[str, object]:
    return {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "5s"}


def _told(hook: Receiver) -> list[Any]:
    return [request.json() for request in hook.accepted]
