"""Reads the sitemaps of an index."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from watcher.model import FeedId, Sitemap
from watcher.store import schema

_rows = schema.sitemaps.c
_OF_FEED = select(schema.sitemaps).where(_rows.feed_id == bindparam("feed")).order_by(_rows.position)


def of_feed(tx: Connection, feed_id: FeedId) -> list[Sitemap]:
    """Reads the sitemaps of a feed as its last poll left them, in the order of the index."""
    return [
        Sitemap(
            url=row.url,
            position=row.position,
            etag=row.etag,
            last_modified=row.last_modified,
            last_unconditional_at=row.last_unconditional_at,
            body_hash=row.body_hash,
            listed=row.listed,
            listing=row.listing,
            body_problem=row.body_problem,
            error=row.error,
        )
        for row in tx.execute(_OF_FEED, {"feed": feed_id})
    ]
