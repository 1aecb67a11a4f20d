"""`/feeds/watches/NAME` and `/feeds/searches/N`: the feeds of matches, for those who have their tokens."""

from __future__ import annotations

import hmac

from watcher.errors import QueryError
from watcher.inquiry.match_feed import MatchFeed, feed_of_search, feed_of_watch
from watcher.store.queries import match_feeds
from watcher.web.asked import Asked
from watcher.web.problem import Problem


def watch_feed(asked: Asked) -> MatchFeed:
    """Returns the feed of a watch of the config. Raises Problem without its token, whatever the name is."""
    found = asked.store.read(match_feeds.of_watch, asked.name)
    is_watch = any(watch.name == asked.name for watch in asked.config.watches)
    if not _is_token(asked, found.token if found else "") or found is None or not is_watch:
        raise Problem(404)
    return feed_of_watch(asked.store, found, corpus=str(asked.config.corpus.folder))


def search_feed(asked: Asked) -> MatchFeed:
    """Returns the feed of a search. Raises Problem without its token, whatever the number is."""
    digits = asked.name if asked.name.isascii() and asked.name.isdigit() and len(asked.name) < 10 else "0"
    found = asked.store.read(match_feeds.of_search, int(digits))
    if not _is_token(asked, found.token if found else "") or found is None:
        raise Problem(404)
    corpus = str(asked.config.corpus.folder)
    try:
        return feed_of_search(asked.store, found, asked.places, corpus=corpus, now=asked.now, is_over=asked.is_over)
    except QueryError:
        raise Problem(404) from None  # a later version of the language may refuse it


def _is_token(asked: Asked, token: str) -> bool:
    given = asked.parameters.text("token")
    return hmac.compare_digest(given.encode(), token.encode()) and bool(token)
