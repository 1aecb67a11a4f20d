"""The screen never loses a match: what the full path finds in a page, the look at the whole page lets through."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.goldpages import REALWORLD, TIMEZONE, GoldPage, gold_pages
from tests.articles.newspage import news_page
from watcher.articles import Screen, extract_article, glance, screened_text
from watcher.matching import Watchlist
from watcher.model import Article, Watch

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()[::8] if REALWORLD.is_dir() else []
FILLER = (
    "Am Morgen zogen die Wolken über den Hafen, und die Boote lagen noch still an der Mole, als der erste Zug kam.",
    "Die Händlerinnen bauten ihre Stände auf, sprachen über das Wetter und zählten die Körbe mit den späten Äpfeln.",
    "Gegen Mittag füllte sich der Platz, Kinder liefen zum Brunnen, und aus der Bäckerei roch es nach frischem Brot.",
)
TERMS = ("Purl-Initiative", "Rutte", "Straße", "Große Koalition", "Müller", "Nord Stream 2", "Übergangsgeld")

# What may stand between two letters of a word so that a browser still shows one word.
WITHIN = ("", "", "", "<b></b>", "<!-- x -->", "&shy;", "\u00ad", "\u200b", "&#8203;", "</i><i>", "<wbr>", "\ufeff")
# What may stand where a term has a space or a hyphen.
BETWEEN = ("-", " ", "\u00a0", "&nbsp;", "\n", "\u2011", "\u2010", "&#8209;", "</i> <i>", "&#32;", "\u2013")


@st.composite
def shown(draw: st.DrawFn) -> tuple[str, str]:
    """A term, and HTML that shows it split and written in any way."""
    term = draw(st.sampled_from(TERMS))
    written = draw(st.sampled_from([term, term.upper(), term.lower(), term.replace("ß", "ss")]))
    pieces = []
    for letter in written:
        if letter in " -":
            pieces.append(draw(st.sampled_from(BETWEEN)))
        else:
            pieces.append(draw(st.sampled_from([letter, f"&#{ord(letter)};", f"<em>{letter}</em>"])))
            pieces.append(draw(st.sampled_from(WITHIN)))
    ending = draw(st.sampled_from(["", "s", "-Besuch", "’s", ".", ","]))
    return term, f"<i>{''.join(pieces)}</i>{ending}"


@settings(max_examples=40, deadline=None)
@given(shown(), st.integers(0, 2))
def test_no_way_of_writing_a_term_escapes_the_screen(written: tuple[str, str], place: int) -> None:
    """Tags, comments, entities, soft hyphens and the like: if the article matches, the page may match."""
    term, html = written
    blocks = [f"<p>{escape(text)}</p>" for text in FILLER]
    blocks[place] = f"<p>{FILLER[place]} Dann sprach {html} am Abend davon, und alle hörten zu.</p>"
    page = news_page(headline="Markttag am Hafen", blocks=blocks)
    watchlist = Watchlist.compile([Watch(name="w", terms=(term,))])
    if watchlist.match(_article(page)):
        assert Screen(watchlist.needles).may_match(screened_text(page, "text/html"))


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
    assert Screen(watchlist.needles).may_match(screened_text(page, "text/html"))


def test_a_page_without_the_letters_cannot_match() -> None:
    """A longer word around the term, or the term in a script, is not enough."""
    page = news_page(headline="Ruttenberg", blocks=["<p>Die Ruttenbergs feiern.</p><script>var a = 'Rutte'</script>"])
    watchlist = Watchlist.compile([Watch(name="w", terms=("Rutte",))])
    assert not Screen(watchlist.needles).may_match(screened_text(page, "text/html"))


@pytest.mark.skipif(not PAGES, reason=f"the real pages are not there: {REALWORLD}")
def test_words_and_phrases_of_real_articles_pass_the_screen() -> None:
    """Sixty of each page of a sample: what matches its article is found in the page, but for one in a thousand.

    The rest are words that an extractor glued together, and readings set between the signs of a word.
    """
    tried = 0
    lost: list[tuple[str, str]] = []
    for page in PAGES:
        text = screened_text(page.bytes, "text/html")
        article = _real_article(page)
        watches = [
            Watch(name=phrase, terms=(phrase,), inflect=False)
            for phrase in set(_phrases(article.text, random.Random(page.file)))
        ]
        matching = {match.watch for match in Watchlist.compile(watches).match(article)}
        owners = [(needle, watch.name) for watch in watches for needle in Watchlist.compile([watch]).needles]
        standing = {owners[number][1] for number in Screen([needle for needle, _ in owners]).standing(text)}
        tried += len(matching)
        lost += [(page.file, phrase) for phrase in matching - standing]
    assert tried > 1_000
    assert len(lost) <= tried / 1_000, lost


@pytest.mark.skipif(not PAGES, reason=f"the real pages are not there: {REALWORLD}")
def test_few_real_articles_are_suspected_to_be_walls() -> None:
    """A suspicion costs a full extraction; at most one page in twenty pays for it."""
    suspected = [page.file for page in PAGES if glance(page.bytes, "text/html").suspect]
    assert len(suspected) <= len(PAGES) / 20, suspected


def _phrases(text: str, dice: random.Random) -> list[str]:
    """Words, and runs of two or three words, from all over the text."""
    words = [word.strip(".,;:!?()[]„“\"»«'’") for word in text.split()]
    runs = [" ".join(words[at : at + length]) for length in (1, 1, 2, 3) for at in range(len(words) - length)]
    usable = [run for run in runs if re.fullmatch(r"[\w -]{3,60}", run) and run.strip(" -")]
    return dice.sample(usable, min(60, len(usable)))


def _article(page: bytes) -> Article:
    return extract_article(page, content_type="text/html", url="https://blatt.example/a", timezone=TIMEZONE, now=NOW)


def _real_article(page: GoldPage) -> Article:
    return extract_article(page.bytes, content_type="text/html", url=page.url, timezone=TIMEZONE, now=NOW)
