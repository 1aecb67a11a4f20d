"""What runs inside a worker process: a stranger's bytes in, checked values out. The watches come by `configure`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from watcher.articles import article_of_entry, better_of, extract_article
from watcher.corpus import normalise_text
from watcher.errors import NotAnArticle
from watcher.feeds.parse import parse_feed
from watcher.matching import Watchlist
from watcher.model import Article
from watcher.pipeline.reading import (
    FEED_TASK,
    PAGE_TASK,
    PARSED_FEED,
    READING,
    WATCHES,
    PageTask,
    Reading,
)

_watchlist = Watchlist.compile(())


def configure(_generation: int, watches: bytes) -> None:
    """Compiles the watches of a generation; every later task sees them."""
    global _watchlist
    _watchlist = Watchlist.compile(WATCHES.validate_json(watches))


def read_feed(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """FeedTask, body -> ParsedFeed. Raises NotAFeed."""
    task = FEED_TASK.validate_python(arguments)
    parsed = parse_feed(body, content_type=task.content_type, url=task.url, timezone=task.timezone)
    return PARSED_FEED.dump_json(parsed)


def read_page(arguments: Mapping[str, Any], page: bytes) -> bytes:
    """PageTask, page -> Reading. The better of page and feed text becomes the article; both are matched."""
    task = PAGE_TASK.validate_python(arguments)
    article, problem = _article(task, page)
    article = replace(article, title=normalise_text(article.title), body=normalise_text(article.body))
    matches = _watchlist.match(article, feed_text=f"{task.entry.title}\n\n{task.entry.text}", feed=task.feed)
    return READING.dump_json(Reading(article=article if matches else None, matches=matches, problem=problem))


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
    return better_of(from_page, from_entry), ""


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {"read_feed": read_feed, "read_page": read_page}
