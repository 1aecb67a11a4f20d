"""What runs inside a worker process: a stranger's bytes in, checked values out. The watches come by `configure`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from watcher.articles import JOINT, Screen, article_of_entry, better_of, extract_article, screened_text
from watcher.articles.headline import host_of
from watcher.corpus import normalise_text
from watcher.errors import NotAnArticle
from watcher.feeds.parse import parse_feed
from watcher.matching import Watchlist, sketch
from watcher.model import Article, Watch
from watcher.pipeline.reading import (
    FEED_TASK,
    PAGE_TASK,
    PARSED_FEED,
    READING,
    WATCHES,
    PageTask,
    Reading,
    feed_text_of,
)


@dataclass(frozen=True, slots=True)
class _Generation:
    """The watches of one generation, compiled. `screen` is None where some watch needs no particular word."""

    watchlist: Watchlist
    screen: Screen | None

    @classmethod
    def of(cls, watches: tuple[Watch, ...]) -> _Generation:
        watchlist = Watchlist.compile(watches)
        return cls(watchlist, None if watchlist.unfilterable else Screen(watchlist.needles))


_generation = _Generation.of(())


def preload() -> None:
    """Imports what readers import when they first need it, so that no page pays for it."""
    for module in ("feedparser", "lxml.html", "trafilatura"):
        import_module(module)


def configure(_number: int, watches: bytes) -> None:
    """Compiles the watches of a generation; every later task sees them."""
    global _generation
    gc.disable()  # 40 % of the time for 100,000 watches
    try:
        _generation = _Generation.of(WATCHES.validate_json(watches))
    finally:
        gc.enable()


def read_feed(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """FeedTask, body -> ParsedFeed. Raises NotAFeed."""
    task = FEED_TASK.validate_python(arguments)
    parsed = parse_feed(body, content_type=task.content_type, url=task.url, timezone=task.timezone)
    return PARSED_FEED.dump_json(parsed)


def read_page(arguments: Mapping[str, Any], page: bytes) -> bytes:
    """PageTask, page -> Reading. The better of page and feed text becomes the article; both are matched."""
    task = PAGE_TASK.validate_python(arguments)
    feed_text = feed_text_of(task.entry)
    if _cannot_match(task, page, feed_text):
        return READING.dump_json(Reading(article=None))
    article, problem = _article(task, page)
    article = replace(article, title=normalise_text(article.title), body=normalise_text(article.body))
    matches = _generation.watchlist.match(article, feed_text=feed_text, feed=task.feed)
    if not matches and not task.whole:
        return READING.dump_json(Reading(article=None, problem=problem))
    fingerprints = tuple(sorted(sketch(article.text)))
    return READING.dump_json(Reading(article=article, matches=matches, problem=problem, sketch=fingerprints))


def _cannot_match(task: PageTask, page: bytes, feed_text: str) -> bool:
    if task.whole or not page or _generation.screen is None:
        return False
    text = f"{screened_text(page, task.content_type)}{JOINT}\n{feed_text}\n{task.entry.author}"
    return not _generation.screen.may_match(text)


def _article(task: PageTask, page: bytes) -> tuple[Article, str]:
    from_entry = article_of_entry(task.entry, site=task.site)
    if not page:
        return from_entry, ""
    try:
        from_page = extract_article(
            page,
            content_type=task.content_type,
            url=task.url,
            timezone=task.timezone,
            now=task.now,
            hint=task.entry,
        )
    except NotAnArticle as error:
        return from_entry, str(error)
    if from_page.site == host_of(task.url):  # it names none: the feed's title says more to a reader
        from_page = replace(from_page, site="")
    return better_of(from_page, from_entry), ""


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {"read_feed": read_feed, "read_page": read_page}
