"""What the look at a page spares is only time: on all real pages the matches are those of the unfiltered path."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest

from bench.given import REALWORLD
from bench.goldpages import TIMEZONE, GoldPage, gold_pages
from tests.needs import needs_realworld
from watcher.articles import Prefilter, extract_article, near_misses, summarise_page
from watcher.errors import NotAnArticle
from watcher.matching import Watchlist
from watcher.model import Article, Entry, Hit, Watch
from watcher.parsing import tasks
from watcher.parsing.byte_filter import ByteFilter
from watcher.parsing.messages import PAGE_READING, PAGE_TASK, WATCHES, PageReading, PageTask
from watcher.text import fold, host_of, squeeze

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()
A_PAGE = 220  # words and phrases that are drawn from each
# What an article says and its page does not, with the reason. No browser shows these words side by side.
EXPLAINED = {
    ("pages/de_proplanta.de_01.html.gz", "sind Preistreiber AgE"): "trafilatura moves a heading to its paragraph's end",
}
WATCHES_OF_ALL_KINDS = (
    Watch(name="terms", terms=("Rutte", "Purl-Initiative")),
    Watch(name="near", query="(NATO OR Bundeswehr) NEAR/30 Milliarden -title:Kommentar"),
    Watch(name="prefix", query="Klimasch* -Sport"),
    Watch(name="site", query="site:www.braunschweiger-zeitung.de OR site:ndr.de"),
    Watch(name="author", query="author:Müller OR author:Smith"),
    Watch(name="feed", query="feed:ausgewählt -Rutte"),
)


@pytest.fixture
def configured() -> Iterator[None]:
    """The worker's tasks know these watches, and none afterwards."""
    tasks.configure(1, WATCHES.dump_json(WATCHES_OF_ALL_KINDS))
    yield
    tasks.configure(2, WATCHES.dump_json(()))


class Extraction:
    """Extracts each page once, however often it is asked: the same bytes and facts have the same article."""

    def __init__(self) -> None:
        self.ends: dict[tuple[bytes, str], Article | NotAnArticle] = {}
        self.asked: set[tuple[bytes, str]] = set()

    def __call__(self, page: bytes, **facts: Any) -> Article:
        key = (page, repr(facts))
        self.asked.add(key)
        if key not in self.ends:
            try:
                self.ends[key] = extract_article(page, **facts)
            except NotAnArticle as error:
                self.ends[key] = error
        end = self.ends[key]
        if isinstance(end, NotAnArticle):
            raise end
        return end

    def articles(self) -> dict[bytes, Article]:
        """Returns the articles of the pages that hold one."""
        return {page: end for (page, _), end in self.ends.items() if isinstance(end, Article)}


class ScreenedPage:
    """A real page: its article as the full path takes it out, and its text as the prefilter sees it."""

    def __init__(self, page: GoldPage, article: Article) -> None:
        self.file, self.host = page.file, host_of(page.url)
        self.article, self.bytes = article, page.bytes
        self.text = summarise_page(page.bytes, "text/html").text


@pytest.fixture(scope="module")
def extraction() -> Extraction:
    """Keeps the articles of the real pages for all tests of this module."""
    return Extraction()


@pytest.fixture
def pages(extraction: Extraction, configured: None) -> list[ScreenedPage]:
    """The real pages that hold an article."""
    if len(extraction.ends) < len(PAGES):
        _read_all(extraction, whole=True)
    articles = extraction.articles()
    return [ScreenedPage(page, articles[page.bytes]) for page in PAGES if page.bytes in articles]


@pytest.mark.usefixtures("configured")
@needs_realworld
@pytest.mark.timeout(240)  # 295 pages are extracted
def test_matches_are_those_of_the_unfiltered_path(extraction: Extraction) -> None:
    """For watches on words, sites, authors and feeds; most pages are not even extracted. So are the near misses."""
    matching = near = 0
    extraction.asked.clear()
    screened = _read_all(extraction)
    extracted = len(extraction.asked)
    wholes = _read_all(extraction, whole=True)
    assert len(extraction.ends) == len(PAGES)
    for page, reading, whole in zip(PAGES, screened, wholes, strict=True):
        assert reading.matches == whole.matches, page.file
        assert (reading.article, reading.wall) == (whole.article, whole.wall), page.file
        assert (reading.near_misses, reading.left_out) == (whole.near_misses, whole.left_out), page.file
        matching += bool(whole.matches)
        near += bool(whole.near_misses)
    assert min(matching, near) > len(PAGES) / 20
    assert extracted < len(PAGES) / 2


@pytest.mark.usefixtures("configured")
@needs_realworld
@pytest.mark.timeout(240)  # 60,000 phrases are looked up
def test_words_and_phrases_of_real_articles_pass(pages: Sequence[ScreenedPage]) -> None:
    """Of each article, two hundred words and phrases or as many as it has: each is found in its page or explained."""
    drawn, tried = 0, 0
    lost: list[tuple[str, str]] = []
    for page in pages:
        phrases = _phrases(page.article.text, random.Random(page.file))
        watchlist = Watchlist.compile(Watch(name=phrase, terms=(phrase,), inflect=False) for phrase in phrases)
        needles = watchlist.needles
        standing = {needles[number].letters for number in Prefilter(needles).occurring(page.text)}
        matches = watchlist.match(page.article)
        drawn, tried = drawn + len(phrases), tried + len(matches)
        lost += [(page.file, match.watch) for match in matches if standing.isdisjoint(map(_letters, match.hits))]
    assert [each for each in lost if each not in EXPLAINED] == []
    assert tried > 0.8 * drawn > 0.8 * 200 * len(PAGES)


@pytest.mark.usefixtures("configured")
@needs_realworld
@pytest.mark.timeout(240)
def test_the_bytes_of_real_pages_let_their_words_pass(pages: Sequence[ScreenedPage]) -> None:
    """A phrase of each fifth article: the byte filter excludes no page that has one, and many of the others."""
    lost: list[tuple[str, str]] = []
    excluded = tried = 0
    for page, other in zip(pages[::5], pages[1::5], strict=False):
        phrase = _phrases(page.article.text, random.Random(page.file))[0]
        watchlist = Watchlist.compile([Watch(name=phrase, terms=(phrase,), inflect=False)])
        compiled = ByteFilter.of(watchlist)
        if compiled is not None and watchlist.match(page.article):
            tried += 1
            excluded += not compiled.may_match(other.bytes)
            lost += [] if compiled.may_match(page.bytes) else [(page.file, phrase)]
    assert lost == []
    assert tried > len(pages) / 8
    assert excluded > tried / 4


@pytest.mark.usefixtures("configured")
@needs_realworld
@pytest.mark.timeout(240)
def test_facts_and_queries_of_real_articles_pass(pages: Sequence[ScreenedPage]) -> None:
    """Queries of all kinds, of the gold's terms and of each article's own host and author: one that matches an article
    may match its page, asked alone."""
    lines = (REALWORLD / "gold" / "terms.jsonl").read_text(encoding="utf-8").splitlines()
    terms = [json.loads(line)["term"] for line in lines]
    queries = [f'"{one}" NEAR/40 ("{other}" OR der) -Kommentar' for one, other in pairwise(terms)]
    watches = [Watch(name=term, terms=(term,)) for term in terms]
    watches += [Watch(name=query, query=query) for query in queries]
    watchlist = Watchlist.compile(watches)
    owners = [(needle, watch.name) for watch in watches for needle in Watchlist.compile([watch]).needles]
    screen = Prefilter([needle for needle, _ in owners])
    for page in pages:
        article = replace(page.article, hosts=(page.host,))
        text = "\n".join((page.text, *article.hosts))
        standing = {owners[number][1] for number in screen.occurring(text)}
        assert {match.watch for match in watchlist.match(article)} <= standing, page.file
        assert _passes(f"site:www.{page.host}", article, text), page.file
        _passes(_quoted("author", article.author), article, text)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("teaser", "searched"), [("Rutte in Kiew", 1), ("Minister in Kiew", 0)])
def test_a_page_that_cannot_match_is_not_searched_for_near_misses(teaser: str, searched: int) -> None:
    """It may be a wall and is therefore extracted, but the prefilter found no term in any of its text."""
    page = f"<html><title>Hafen</title><aside>{teaser}</aside><p>Am Hafen begann der Tag mit Regen.</p></html>"
    with patch("watcher.parsing.tasks.near_misses", wraps=near_misses) as search:
        reading = _reading_of(page.encode(), Entry(id="1", link="https://a.example/1", title=""), feed="Blatt")
    assert (search.call_count, len(reading.near_misses)) == (searched, searched)
    assert reading.wall or reading.problem


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("site:zeitung.example", True),
        ("site:www.zeitung.example", True),
        ("site:kurz.example", True),
        ("site:blätter.zeitung.example", True),
        ("site:zeitung.example -Hafen", False),
        ("site:tung.example", False),
        ("site:Anleger", False),
        ("author:Roth -site:kurz.example", False),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_site_is_the_host_of_the_page_whatever_it_calls_itself(query: str, matches: bool, whole: bool) -> None:
    """Of the feed's link and of the address that it led to, though neither is in the page."""
    tasks.configure(1, WATCHES.dump_json((Watch(name="site", query=query),)))
    text = "Am Hafen begann der Tag mit Regen, und die Fischer blieben zu Hause, sagte Jan Roth. " * 10
    task = PageTask(
        entry=Entry(id="1", link="https://kurz.example/a", title="Ein Tag", author="Jan Roth"),
        feed="Blatt",
        site="Der Anleger",
        url="https://xn--bltter-cua.zeitung.example/a",
        content_type="text/html",
        timezone=TIMEZONE,
        now=NOW,
        whole=whole,
    )
    page = f'<html><head><meta property="og:site_name" content="Der Anleger"></head><body><p>{text}</p></body></html>'
    reading = PAGE_READING.validate_json(tasks.read_page(PAGE_TASK.dump_python(task, mode="json"), page.encode()))
    tasks.configure(2, WATCHES.dump_json(()))
    assert bool(reading.matches) == matches
    if reading.article:
        assert reading.article.hosts == ("kurz.example", "xn--bltter-cua.zeitung.example")


def _read_all(extraction: Extraction, *, whole: bool = False) -> list[PageReading]:
    """Reads all real pages. `whole`: without the prefilter, so that each is extracted."""
    needles = range(len(Watchlist.compile(WATCHES_OF_ALL_KINDS).needles))
    all_needles = patch.object(Prefilter, "needles_in", lambda *_: iter(needles))
    with patch("watcher.parsing.tasks.extract_article", extraction), all_needles if whole else nullcontext():
        return [_reading(number) for number in range(len(PAGES))]


def _reading(number: int) -> PageReading:
    """What a worker makes of a page, every fortieth from a feed that a watch takes whole."""
    page = PAGES[number]
    entry = Entry(id=str(number), link=page.url, title="")
    return _reading_of(page.bytes, entry, feed="ausgewählt" if number % 40 == 0 else "anderer")


def _reading_of(page: bytes, entry: Entry, *, feed: str) -> PageReading:
    task = PageTask(
        entry=entry,
        feed=feed,
        site="",
        url=entry.link,
        content_type="text/html",
        timezone=TIMEZONE,
        now=NOW,
    )
    return PAGE_READING.validate_json(tasks.read_page(PAGE_TASK.dump_python(task, mode="json"), page))


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
