"""Writes a feed of matches as Atom (RFC 4287) and as JSON Feed 1.1.

Neither form holds an address of the feed: its token would stay in the files of every reader.
"""

from __future__ import annotations

from typing import Any

from watcher.corpus.export.row import utc_time
from watcher.inquiry.match_feed import Item, MatchFeed
from watcher.web.rendering import render_file, to_json

ATOM, JSON_FEED = "application/atom+xml; charset=utf-8", "application/feed+json"


def to_atom(feed: MatchFeed) -> bytes:
    """Writes Atom."""
    values = {"feed": feed, "updated_at": feed.updated_at, "time": utc_time}
    return render_file("match_feed.xml", values).encode("utf-8", "replace")


def to_json_feed(feed: MatchFeed) -> bytes:
    """Writes JSON Feed."""
    return to_json(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "items": [_plain(each) for each in feed.items],
        }
    )


def _plain(item: Item) -> dict[str, Any]:
    optional = {
        "url": item.url,
        "date_published": utc_time(item.published_at) if item.published_at else "",
        "authors": [{"name": item.outlet}] if item.outlet else [],
        "tags": list(item.watches),
    }
    return {
        "id": item.id,
        "title": item.title,
        "content_text": item.excerpt,
        "date_modified": utc_time(item.found_at),
        **{key: value for key, value in optional.items() if value},
        "_watcher": {"about": "the document of this article in watcher", "document": item.number},
    }
