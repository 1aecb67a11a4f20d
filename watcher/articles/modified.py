"""Reads when a page says that its article was modified last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from watcher.articles.media_type import is_plain, text_of_page
from watcher.articles.page import ARTICLE_TYPES, Page, read_page, types_of
from watcher.errors import NotAnArticle
from watcher.text.dates import StatedDate, parse_date

_SKEW = timedelta(days=1)
_NAMES = (
    *("article:modified_time", "article:modified", "og:article:modified_time", "og:updated_time", "datemodified"),
    *("date.modified", "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "revised"),
)


def modification_date(page: bytes, *, content_type: str, url: str, timezone: str, now: datetime) -> StatedDate | None:
    """Returns the outlet's own modification date, None if it states none. A date in the future counts as none."""
    try:
        text = text_of_page(page, content_type)
    except NotAnArticle:
        return None
    parsed = None if is_plain(text, content_type) else read_page(text, url=url)
    if parsed is None:
        return None
    latest = (now + _SKEW).date().isoformat()
    stated = (parse_date(value, timezone=timezone) for value in _values(parsed))
    return next((date for date in stated if date and date.date.isoformat() <= latest), None)


def _values(page: Page) -> Iterator[str]:
    others = (thing for thing in page.things if types_of(thing) & (ARTICLE_TYPES | {"webpage"}))
    for thing in (page.thing, *others):
        value = thing.get("dateModified")
        if isinstance(value, str):
            yield value
    for name in _NAMES:
        yield from page.meta.get(name, ())
