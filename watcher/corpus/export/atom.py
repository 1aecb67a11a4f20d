"""Atom (RFC 4287): a feed of the documents, with excerpts and links to their sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from watcher.corpus.export.row import ExportContext, ExportRow, clean_url, one_line, urn_of, utc_time
from watcher.corpus.export.xml import Builder, opened, serialised

_ATOM = Builder("http://www.w3.org/2005/Atom")
_LINKED = ("http://", "https://")


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes the feed. Its `updated` is the latest time of fetching in the corpus."""
    feed = _ATOM.root("feed")
    _ATOM.add(feed, "id", urn_of(f"corpus {context.corpus}"))
    _ATOM.add(feed, "title", "watcher: documents of the corpus")
    _ATOM.add(feed, "updated", utc_time(context.newest_at or context.made_at))
    _ATOM.add(_ATOM.add(feed, "author"), "name", "watcher")
    _ATOM.add(feed, "generator", "watcher")
    begin, end = opened(feed)
    yield begin
    for row in rows:
        yield serialised(_entry(row, context))
    yield end


def _entry(row: ExportRow, context: ExportContext) -> etree._Element:
    entry = _ATOM.root("entry")
    _ATOM.add(entry, "id", urn_of(f"document {row.stem}"))
    _ATOM.add(entry, "title", row.known_title)
    if row.url.startswith(_LINKED):
        _ATOM.add(entry, "link", rel="alternate", href=clean_url(row.url))
    _ATOM.add(_ATOM.add(entry, "author"), "name", one_line(row.author) or row.outlet or "unknown")
    _ATOM.add(entry, "updated", utc_time(row.seen_at))
    if published := _published(row, context):
        _ATOM.add(entry, "published", published)
    for match in row.matches:
        _ATOM.add(entry, "category", term=match.watch)
    _ATOM.add(entry, "summary", row.excerpt)
    if not row.url.startswith(_LINKED):  # RFC 4287, 4.1.2: an entry without a link has content
        _ATOM.add(entry, "content", row.excerpt)
    return entry


def _published(row: ExportRow, context: ExportContext) -> str:
    """Returns the time of publication, else the beginning of its day; "" if no day is known."""
    if row.published_at:
        return utc_time(row.published_at)
    date = row.date
    if date is None or date.month is None or date.day is None:
        return ""
    return datetime(date.year, date.month, date.day, tzinfo=ZoneInfo(context.timezone)).isoformat()
