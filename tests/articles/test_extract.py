"""Pages in, articles out: what a normal news page must give."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import extract_article
from watcher.errors import NotAnArticle
from watcher.model import Article, Entry, PartialDate, Quality, TextFrom

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADLINE = "Bergbahn fährt wieder nach langer Pause"
TEXTS = (
    "Die Bergbahn im Oberen Tal fährt seit Montag wieder. Mehr als ein Jahr lang standen die Kabinen still, weil ein "
    "Tragseil ausgetauscht werden musste und das passende Ersatzteil nur in einem Werk gefertigt wird.",
    "Zur Eröffnung kamen rund zweihundert Gäste an die Talstation. Die Gemeinde hatte mit weniger gerechnet, doch das "
    "Wetter spielte mit, und die Musikkapelle blieb bis zum Abend.",
    "Betriebsleiterin Anna Muster sagte, man habe die Zeit genutzt, um auch die Steuerung zu erneuern. Die neue Anlage "
    "braucht ein Drittel weniger Strom als die alte.",
    "Im Winter soll die Bahn auch nachts fahren. Darüber entscheidet der Gemeinderat im Herbst, wenn die Zahlen der "
    "ersten Monate vorliegen.",
)


def article(page: bytes, *, content_type: str = "text/html; charset=utf-8", hint: Entry | None = None) -> Article:
    return extract_article(
        page,
        content_type=content_type,
        url="https://www.talbote.example/tal/bergbahn",
        timezone="Europe/Berlin",
        now=NOW,
        hint=hint,
    )


def test_a_news_page_gives_its_article_and_nothing_around_it() -> None:
    """Title, paragraphs split by one blank line, date with precision, site and language; no menu, teaser or footer."""
    got = article(news_page(headline=HEADLINE, blocks=paragraphs(*TEXTS), date="2026-05-04T23:30:00Z"))
    assert got.title == HEADLINE
    assert got.body == "\n\n".join(TEXTS)
    assert got.date == PartialDate(year=2026, month=5, day=5)
    assert got.published_at == datetime(2026, 5, 4, 23, 30, tzinfo=UTC)
    assert (got.site, got.language, got.text_from, got.quality) == ("Der Talbote", "de", TextFrom.PAGE, Quality.GOOD)
    assert set(got.origins) >= {"title", "body", "date"}
    assert got.extractor.startswith("trafilatura 2.")


def test_plain_text_is_its_own_body() -> None:
    """A text/plain answer is the article's text, its lines as paragraphs."""
    got = article("\n\n".join(TEXTS).encode(), content_type="text/plain; charset=utf-8")
    assert got.body == "\n\n".join(TEXTS)


@pytest.mark.parametrize(
    ("page", "content_type", "reason"),
    [
        (b"", "text/html", "empty"),
        (b"%PDF-1.7 \xe2\xe3", "text/html", "PDF"),
        (b"{}", "application/json", "application/json"),
        (b"\x89PNG\r\n", "image/png", "image/png"),
        (b"<html><body></body></html>", "text/html", "shell"),
    ],
)
def test_what_is_no_article_says_why(page: bytes, content_type: str, reason: str) -> None:
    """Bytes that hold no article end in NotAnArticle with the reason in words."""
    with pytest.raises(NotAnArticle, match=reason):
        article(page, content_type=content_type)
