"""Writes the sitemaps of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete

from watcher.model import FeedId, Sitemap
from watcher.store import schema
from watcher.store.dialect import upsert
from watcher.store.queries import sitemaps

_rows = schema.sitemaps.c
_WRITE = upsert(schema.sitemaps)
_WRITE = _WRITE.on_conflict_do_update(
    index_elements=["feed_id", "url"],
    set_={column.name: _WRITE.excluded[column.name] for column in schema.sitemaps.c if not column.primary_key},
)
_DELETE = delete(schema.sitemaps).where(_rows.feed_id == bindparam("feed"), _rows.url == bindparam("address"))


def replace_sitemaps(tx: Connection, feed_id: FeedId, wanted: Sequence[Sitemap]) -> None:
    """Makes these the sitemaps of a feed. Rows that stay the same are not written: a listing may have a megabyte."""
    stored = {sitemap.url: sitemap for sitemap in sitemaps.of_feed(tx, feed_id)}
    if changed := [sitemap for sitemap in wanted if stored.get(sitemap.url) != sitemap]:
        tx.execute(_WRITE, [{"feed_id": feed_id, **asdict(sitemap)} for sitemap in changed])
    if dropped := stored.keys() - {sitemap.url for sitemap in wanted}:
        tx.execute(_DELETE, [{"feed": feed_id, "address": url} for url in dropped])
