"""Parses JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/); ignores values of a wrong type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from watcher.errors import NotAFeed
from watcher.feeds.limits import MAX_CONTENT, MAX_ENTRIES, MAX_ID, MAX_NAME, MAX_SUMMARY, MAX_TITLE
from watcher.feeds.links import absolute_link, is_web_address
from watcher.feeds.plain import plain_line, plain_text, safe_text
from watcher.model import Entry, ParsedFeed
from watcher.text.addresses import clean_address
from watcher.text.dates import parse_date

_Object = Mapping[str, Any]


def parse_json_feed(text: str, *, url: str, timezone: str) -> ParsedFeed:
    """Parses the feed in `text`. Raises NotAFeed if it is not JSON, or JSON of another kind."""
    feed = _json_feed(text)
    site = absolute_link(_text(feed, "home_page_url"), base=url)
    items = feed["items"]
    objects = [item for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
    return ParsedFeed(
        format="json",
        title=plain_line(_text(feed, "title"), markup=False, limit=MAX_TITLE),
        site=site,
        language=_text(feed, "language")[:35],
        entries=tuple(_entry(item, feed, url, timezone) for item in objects),
        problem=_problem(len(items), len(objects)),
    )


def _json_feed(text: str) -> _Object:
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAFeed(f"the answer looks like JSON but cannot be read: {error}") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeed("the answer is JSON, but not a JSON Feed: it has no list of items")
    if "jsonfeed.org/version" not in _text(feed, "version") and not any(map(_looks_like_entry, feed["items"][:10])):
        raise NotAFeed("the answer is JSON, but not a JSON Feed: neither its version nor its items show one")
    return feed


def _looks_like_entry(item: object) -> bool:
    return isinstance(item, dict) and "id" in item and ("content_html" in item or "content_text" in item)


def _entry(item: _Object, feed: _Object, url: str, timezone: str) -> Entry:
    identity = _text(item, "id").strip()
    link = absolute_link(_text(item, "url") or _text(item, "external_url"), base=url)
    stated = parse_date(_text(item, "date_published") or _text(item, "date_modified"), timezone=timezone)
    markup = _text(item, "content_html")
    return Entry(
        id=safe_text(identity)[:MAX_ID],
        link=link or (address if is_web_address(address := clean_address(identity)) else ""),
        title=plain_line(_text(item, "title"), markup=False, limit=MAX_TITLE),
        summary=plain_text(_text(item, "summary"), markup=False, limit=MAX_SUMMARY),
        content=plain_text(markup or _text(item, "content_text"), markup=bool(markup), limit=MAX_CONTENT),
        author=_authors(item) or _authors(feed),
        published_at=stated.moment if stated else None,
        date=stated.date if stated else None,
    )


def _authors(value: _Object) -> str:
    """Joins the names of `authors` (1.1) or `author` (1.0) by commas."""
    many, one = value.get("authors"), value.get("author")
    candidates = many if isinstance(many, list) and many else [one]
    names = [_text(author, "name") if isinstance(author, dict) else "" for author in candidates[:20]]
    return plain_line(", ".join(name for name in names if name), markup=False, limit=MAX_NAME)


def _text(value: _Object, key: str) -> str:
    """Returns a string, or a number as it is written (version 1 of the format asks readers to accept numeric ids)."""
    found = value.get(key)
    if isinstance(found, str):
        return safe_text(found)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    return ""


def _problem(listed: int, read: int) -> str:
    if listed > MAX_ENTRIES:
        return f"lists {listed} entries; only the first {MAX_ENTRIES} are read"
    return "" if listed == read else f"{listed - read} of {listed} items are not objects"
