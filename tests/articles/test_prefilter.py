"""The screen never loses a match: what the full path finds in a page, the look at the whole page lets through."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.given import REALWORLD
from bench.goldpages import TIMEZONE, GoldPage, gold_pages
from tests.articles.newspage import news_page
from tests.needs import needs_realworld
from watcher.articles import Prefilter, extract_article, summarise_page
from watcher.errors import NotAnArticle
from watcher.matching import Watchlist
from watcher.model import Article, Hit, Watch
from watcher.text import fold, host_of, squeeze

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()
A_PAGE = 220  # words and phrases that are drawn from each
# What an article says and its page does not, with the reason. No browser shows these words side by side.
EXPLAINED = {
    ("pages/de_proplanta.de_01.html.gz", "sind Preistreiber AgE"): "trafilatura moves a heading to its paragraph's end",
}
FILLER = (
    "Am Morgen zogen die Wolken über den Hafen, und die Boote lagen noch still an der Mole, als der erste Zug kam.",
    "Die Händlerinnen bauten ihre Stände auf, sprachen über das Wetter und zählten die Körbe mit den späten Äpfeln.",
    "Gegen Mittag füllte sich der Platz, Kinder liefen zum Brunnen, und aus der Bäckerei roch es nach frischem Brot.",
)
TERMS = ("Purl-Initiative", "Rutte", "Straße", "Große Koalition", "Müller", "Nord Stream 2", "Übergangsgeld")

# What may stand between two letters of a word so that a browser still shows one word.
WITHIN = (
    *("", "", "", "<b></b>", "<!-- x -->", "&shy;", "\u00ad", "\u200b", "&#8203;", "</i><i>", "<wbr>", "\ufeff"),
    *(
        "<script>let a = 1 < 2</script>",
        "<style>i{}</style>",
        "<template>x</template>",
        "<iframe>keine Rahmen</iframe>",
    ),
    *("<!-- > -->", "<span class='x' hidden></span>", "&zwnj;", "\u2060", "<img src='a.png'>", "<a id='x'></a>"),
)
# What may stand where a term has a space or a hyphen.
BETWEEN = ("-", " ", "\u00a0", "&nbsp;", "\n", "\u2011", "\u2010", "&#8209;", "</i> <i>", "&#32;", "\u2013")


_STATED = '<script type="application/ld+json">'


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


@settings(max_examples=80)
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
@pytest.mark.slow
@pytest.mark.timeout(240)  # 295 pages are extracted, and 60,000 phrases looked up
def test_what_all_real_articles_say_passes_the_screen() -> None:
    """Their words and phrases, and queries of all kinds; each page is extracted once for both."""
    articles = _real_articles()
    _assert_words_and_phrases_pass(articles)
    _assert_facts_and_queries_pass(articles)


def _assert_words_and_phrases_pass(articles: dict[str, Article]) -> None:
    """Of each article, two hundred words and phrases or as many as it has: each is found in its page or explained."""
    drawn, tried = 0, 0
    lost: list[tuple[str, str]] = []
    for page in PAGES:
        if page.file not in articles:
            continue
        phrases = _phrases(articles[page.file].text, random.Random(page.file))
        watchlist = Watchlist.compile(Watch(name=phrase, terms=(phrase,), inflect=False) for phrase in phrases)
        needles = watchlist.needles
        screened = summarise_page(page.bytes, "text/html").text
        standing = {needles[number].letters for number in Prefilter(needles).occurring(screened)}
        matches = watchlist.match(articles[page.file])
        drawn, tried = drawn + len(phrases), tried + len(matches)
        lost += [(page.file, match.watch) for match in matches if standing.isdisjoint(map(_letters, match.hits))]
    assert [each for each in lost if each not in EXPLAINED] == []
    assert tried > 0.8 * drawn > 0.8 * 200 * len(PAGES)


def _assert_facts_and_queries_pass(articles: dict[str, Article]) -> None:
    """For queries of all kinds, of the gold's terms and of each article's own host and author: whatever matches an
    article may match its page, asked alone."""
    lines = (REALWORLD / "gold" / "terms.jsonl").read_text(encoding="utf-8").splitlines()
    terms = [json.loads(line)["term"] for line in lines]
    queries = [f'"{one}" NEAR/40 ("{other}" OR der) -Kommentar' for one, other in pairwise(terms)]
    watches = [Watch(name=term, terms=(term,)) for term in terms]
    watches += [Watch(name=query, query=query) for query in queries]
    watchlist = Watchlist.compile(watches)
    owners = [(needle, watch.name) for watch in watches for needle in Watchlist.compile([watch]).needles]
    screen = Prefilter([needle for needle, _ in owners])
    for page in PAGES:
        if page.file not in articles:
            continue
        article = replace(articles[page.file], hosts=(host_of(page.url),))
        text = "\n".join((summarise_page(page.bytes, "text/html").text, *article.hosts))
        standing = {owners[number][1] for number in screen.occurring(text)}
        assert {match.watch for match in watchlist.match(article)} <= standing, page.file
        assert _passes(f"site:www.{host_of(page.url)}", article, text), page.file
        _passes(_quoted("author", article.author), article, text)


@needs_realworld
def test_few_real_articles_are_suspected_to_be_walls() -> None:
    """A suspicion costs a full extraction; at most one page in forty pays for it."""
    suspected = [page.file for page in PAGES if summarise_page(page.bytes, "text/html").suspect]
    assert len(suspected) <= len(PAGES) / 40, suspected


def _real_articles() -> dict[str, Article]:
    """The articles of all real pages that hold one, as the full path takes them out."""
    found = {}
    for page in PAGES:
        with suppress(NotAnArticle):
            found[page.file] = _real_article(page)
    return found


def _passes(query: str, article: Article, text: str) -> bool:
    """Whether a query matches the article: if it does, the screen lets the page's text pass."""
    watchlist = Watchlist.compile([Watch(name=query, query=query)] if query else [])
    matches = bool(watchlist.match(article))
    assert not matches or Prefilter(watchlist.needles).may_match(text), query
    return matches


def _letters(hit: Hit) -> str:
    return squeeze(fold(hit.form).text)


def _quoted(fact: str, value: str) -> str:
    plain = re.sub(r"[^\w.-]+", " ", value).strip()
    return f'{fact}:"{plain}"' if re.search(r"\w", plain) else ""


def _phrases(text: str, dice: random.Random) -> list[str]:
    """Words, and runs of two or three words, from all over the text."""
    runs = [run for paragraph in text.split("\n") for run in _runs(paragraph)]
    usable = sorted({run for run in runs if re.fullmatch(r"[\w -]{3,60}", run) and run.strip(" -")})
    return dice.sample(usable, min(A_PAGE, len(usable)))


def _runs(paragraph: str) -> Iterator[str]:
    words = [word.strip(".,;:!?()[]„“\"»«'’") for word in paragraph.split()]
    return (" ".join(words[at : at + length]) for length in (1, 2, 3) for at in range(len(words) - length + 1))


def _article(page: bytes) -> Article:
    return extract_article(page, content_type="text/html", url="https://blatt.example/a", timezone=TIMEZONE, now=NOW)


def _real_article(page: GoldPage) -> Article:
    return extract_article(page.bytes, content_type="text/html", url=page.url, timezone=TIMEZONE, now=NOW)
