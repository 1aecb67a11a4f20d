"""The screen never loses a match: what the full path finds in a page, the look at the whole page lets through.

tests/pipeline/test_screened_pages.py asks the same of all real pages.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.goldpages import TIMEZONE, gold_pages
from tests.articles.disguise import shown
from tests.articles.newspage import news_page
from tests.needs import needs_realworld
from watcher.articles import Prefilter, extract_article, summarise_page
from watcher.matching import Watchlist
from watcher.model import Article, Watch

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()
FILLER = (
    "Am Morgen zogen die Wolken über den Hafen, und die Boote lagen noch still an der Mole, als der erste Zug kam.",
    "Die Händlerinnen bauten ihre Stände auf, sprachen über das Wetter und zählten die Körbe mit den späten Äpfeln.",
    "Gegen Mittag füllte sich der Platz, Kinder liefen zum Brunnen, und aus der Bäckerei roch es nach frischem Brot.",
)

_STATED = '<script type="application/ld+json">'


@given(shown(), st.integers(0, 4))
@pytest.mark.slow
def test_no_way_of_writing_a_term_escapes_the_screen(written: tuple[str, str], place: int) -> None:
    """Tags, comments, entities and the like, in a paragraph, in the description or in what the page states
    of itself: if the article matches, the page may match."""
    term, html = written
    said = f"{FILLER[place % 3]} Dann sprach {html} am Abend davon, und alle hörten zu."
    blocks = [f"<p>{said if place == number else escape(text)}</p>" for number, text in enumerate(FILLER)]
    stated = json.dumps({"@type": "NewsArticle", "articleBody": " ".join([said, *FILLER] * 4)}).replace("</", "<\\/")
    head = {3: f'<meta name="description" content="{escape(said)}">', 4: f"{_STATED}{stated}</script>"}
    page = news_page(headline="Markttag am Hafen", blocks=blocks, head=head.get(place, ""))
    watchlist = Watchlist.compile([Watch(name="w", terms=(term,))])
    if watchlist.match(_article(page)):
        assert Prefilter(watchlist.needles).may_match(summarise_page(page, "text/html").text)


@pytest.mark.parametrize(
    ("term", "html"),
    [
        ("Rutte", "<strong>R</strong>utte"),
        ("Rutte", "Ru<!-- a -->tte"),
        ("Purl-Initiative", "Purl&shy;initia&shy;tive"),
        ("Purl-Initiative", "PURL\u2011Initiativen"),
        ("Große Koalition", "Grosse&nbsp;Koalition"),
        ("Müller", "Mu&#776;ller"),
    ],
)
def test_both_ways_find_what_a_browser_shows(term: str, html: str) -> None:
    """The full path and the screen agree that the term is there."""
    page = news_page(
        headline="Markttag", blocks=[*(f"<p>{text}</p>" for text in FILLER), f"<p>Es sprach {html} dort.</p>"]
    )
    watchlist = Watchlist.compile([Watch(name="w", terms=(term,))])
    assert watchlist.match(_article(page))
    assert Prefilter(watchlist.needles).may_match(summarise_page(page, "text/html").text)


def test_a_page_without_the_letters_cannot_match() -> None:
    """A longer word around the term, or the term in a script, is not enough."""
    page = news_page(headline="Ruttenberg", blocks=["<p>Die Ruttenbergs feiern.</p><script>var a = 'Rutte'</script>"])
    watchlist = Watchlist.compile([Watch(name="w", terms=("Rutte",))])
    assert not Prefilter(watchlist.needles).may_match(summarise_page(page, "text/html").text)


@needs_realworld
def test_few_real_articles_are_suspected_to_be_walls() -> None:
    """A suspicion costs a full extraction; at most one page in forty pays for it."""
    suspected = [page.file for page in PAGES if summarise_page(page.bytes, "text/html").suspect]
    assert len(suspected) <= len(PAGES) / 40, suspected


def _article(page: bytes) -> Article:
    return extract_article(page, content_type="text/html", url="https://blatt.example/a", timezone=TIMEZONE, now=NOW)
