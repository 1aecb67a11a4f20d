"""What the look at a page spares is only time: on all real pages the matches are those of the unfiltered path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from bench.goldpages import TIMEZONE, gold_pages
from tests.needs import needs_realworld
from watcher.articles import Prefilter, extract_article, near_misses
from watcher.errors import NotAnArticle
from watcher.model import Article, Entry, Watch
from watcher.parsing import tasks
from watcher.parsing.messages import PAGE_READING, PAGE_TASK, WATCHES, PageReading, PageTask

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()
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

    def __call__(self, page: bytes, **facts: Any) -> Article:
        key = (page, repr(facts))
        if key not in self.ends:
            try:
                self.ends[key] = extract_article(page, **facts)
            except NotAnArticle as error:
                self.ends[key] = error
        end = self.ends[key]
        if isinstance(end, NotAnArticle):
            raise end
        return end


@pytest.mark.usefixtures("configured")
@needs_realworld
@pytest.mark.timeout(240)  # 295 pages are extracted
def test_matches_are_those_of_the_unfiltered_path() -> None:
    """For watches on words, sites, authors and feeds; most pages are not even extracted."""
    matching = 0
    with patch("watcher.parsing.tasks.extract_article", Extraction()) as extraction:
        screened = [_reading(number) for number in range(len(PAGES))]
        extracted = len(extraction.ends)
        with patch.object(Prefilter, "may_match", return_value=True):
            wholes = [_reading(number) for number in range(len(PAGES))]
    assert len(extraction.ends) == len(PAGES)
    for page, reading, whole in zip(PAGES, screened, wholes, strict=True):
        assert reading.matches == whole.matches, page.file
        assert (reading.article, reading.wall) == (whole.article, whole.wall), page.file
        matching += bool(whole.matches)
    assert matching > len(PAGES) / 20
    assert extracted < len(PAGES) / 2


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
