"""What runs inside a worker process: a stranger's bytes in, checked values out. The watches come by `configure`."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from watcher.articles import (
    JOINT,
    PageSummary,
    Prefilter,
    article_of_entry,
    better_of,
    body_candidates,
    extract_article,
    holds_sentence,
    repeated_share,
    summarise_page,
    without_repeated,
)
from watcher.corpus import normalise_text
from watcher.errors import NotAnArticle
from watcher.feeds.listing import Listing
from watcher.feeds.parse import parse_feed, parse_news
from watcher.heap import collecting_later
from watcher.matching import Watchlist, sketch
from watcher.model import Article, Quality, Watch
from watcher.parsing.messages import (
    FEED_TASK,
    NEWS_READING,
    NEWS_TASK,
    PAGE_TASK,
    PARSED_FEED,
    READING,
    WATCHES,
    NewsReading,
    PageTask,
    Reading,
    feed_text_of,
    hosts_of,
)
from watcher.text import host_of

_MOSTLY = 0.6  # of a text by letters: the five longest paragraphs of a page are what is learnt


@dataclass(frozen=True, slots=True)
class _Generation:
    """The watches of one generation, compiled."""

    watchlist: Watchlist
    screen: Prefilter

    @classmethod
    def of(cls, watches: tuple[Watch, ...]) -> _Generation:
        watchlist = Watchlist.compile(watches)
        return cls(watchlist, Prefilter(watchlist.needles))


_generation = _Generation.of(())


def preload() -> None:
    """Imports what readers import when they first need it, so that no page pays for it."""
    for module in ("feedparser", "lxml.html", "trafilatura"):
        import_module(module)


def configure(_number: int, watches: bytes) -> None:
    """Compiles the watches of a generation; every later task sees them."""
    global _generation
    with collecting_later():
        _generation = _Generation.of(WATCHES.validate_json(watches))


def read_feed(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """FeedTask, body -> ParsedFeed. Raises NotAFeed."""
    task = FEED_TASK.validate_python(arguments)
    parsed = parse_feed(body, content_type=task.content_type, url=task.url, timezone=task.timezone)
    return PARSED_FEED.dump_json(parsed)


def read_news(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """NewsTask, body -> NewsReading. Raises NotAFeed."""
    task = NEWS_TASK.validate_python(arguments)
    news = parse_news(
        body,
        content_type=task.content_type,
        url=task.url,
        timezone=task.timezone,
        feed_key=task.feed,
        before=Listing.unpack(b64decode(task.listing)),
    )
    reading = NewsReading(
        feed=news.feed,
        keys=news.keys,
        hashes=news.hashes,
        regained=news.regained,
        settled=news.settled,
        listing=b64encode(news.listing).decode(),
    )
    return NEWS_READING.dump_json(reading)


def read_page(arguments: Mapping[str, Any], page: bytes) -> bytes:
    """PageTask, page -> Reading. The better of page and feed text becomes the article; both are matched."""
    task = PAGE_TASK.validate_python(arguments)
    look = summarise_page(page, task.content_type) if page else None
    return READING.dump_json(_reading(task, page, look))


def _reading(task: PageTask, page: bytes, look: PageSummary | None) -> Reading:
    """Walls and stubs are looked for on every page: no term would tell them from what matches nothing."""
    feed_text = feed_text_of(task.entry)
    paragraphs = tuple(hashed for hashed in look.paragraphs if hashed not in task.repeated) if look else ()
    boilerplate = look is not None and len(paragraphs) < len(look.paragraphs)
    if look and not (look.suspect or boilerplate) and _cannot_match(task, look, feed_text):
        return Reading(article=None, paragraphs=paragraphs)
    article, problem, wall = _article(task, page)
    title, body = normalise_text(article.title), normalise_text(article.body)
    article = replace(article, title=title, body=body, hosts=hosts_of(task.entry.link, task.url))
    matches = _generation.watchlist.match(article, feed_text=feed_text, feed=task.feed)
    reading = Reading(article=None, problem=problem, wall=wall, paragraphs=paragraphs)
    if not matches and not task.whole:
        return reading
    reading = replace(reading, article=article, matches=matches, sketch=tuple(sorted(sketch(article.text))))
    return _explained(reading, task, page, article, feed_text) if task.whole else reading


def _explained(reading: Reading, task: PageTask, page: bytes, article: Article, feed_text: str) -> Reading:
    return replace(
        reading,
        candidates=body_candidates(page, content_type=task.content_type, url=task.url),
        findings=_generation.watchlist.explain(article, feed_text=feed_text, feed=task.feed),
    )


def _cannot_match(task: PageTask, look: PageSummary, feed_text: str) -> bool:
    if task.whole or _generation.watchlist.takes_all_of(task.feed):
        return False
    facts = (task.entry.author, *hosts_of(task.entry.link, task.url))
    return not _generation.screen.may_match("\n".join((f"{look.text}{JOINT}", feed_text, *facts)))


def _article(task: PageTask, page: bytes) -> tuple[Article, str, Quality | None]:
    """The article, why the page itself gave none ("" if it did), and what the page was instead of (a whole) one."""
    from_entry = article_of_entry(task.entry, site=task.site)
    if from_entry.quality is Quality.SHELL:
        from_entry = replace(from_entry, quality=Quality.SHORT)  # a shell is a page's fault
    if not page:
        return from_entry, "", None
    try:
        from_page = _own_article(task, page)
    except NotAnArticle as error:
        wall = Quality(error.quality) if error.quality else None
        return replace(from_entry, quality=wall or from_entry.quality), str(error), wall
    if from_page.site == host_of(task.url):  # it names none: the feed's title says more to a reader
        from_page = replace(from_page, site="")
    whole = from_page.quality in (Quality.GOOD, Quality.SHORT)
    return better_of(from_page, from_entry), "", None if whole else from_page.quality


def _own_article(task: PageTask, page: bytes) -> Article:
    """The page's article without what its host repeats, if that is most of it. Raises NotAnArticle."""
    article = extract_article(
        page,
        content_type=task.content_type,
        url=task.url,
        timezone=task.timezone,
        now=task.now,
        hint=task.entry,
    )
    if repeated_share(article.body, task.repeated) < _MOSTLY:
        return article
    own = without_repeated(article.body, task.repeated)
    if not holds_sentence(own):
        message = "boilerplate: the host shows the same text on other pages"
        raise NotAnArticle(message, quality=Quality.BOILERPLATE.value)
    return replace(article, body=own, quality=Quality.BOILERPLATE)


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {
    "read_feed": read_feed,
    "read_news": read_news,
    "read_page": read_page,
}
