"""The tables of the state database: names and types, with the meaning of the rows beside each table.

`feeds` ─▶ `entries` ─▶ `documents` ─▶ `deliveries`. A change here needs a migration in `migrations/versions`; a test
compares the two.
"""

from watcher.store.schema.backfills import backfill_entries, backfills
from watcher.store.schema.deliveries import (
    attempts,
    channels,
    deliveries,
    delivery_documents,
    delivery_near_misses,
    incidents,
    notified,
)
from watcher.store.schema.documents import (
    document_pages,
    document_rights,
    document_urls,
    documents,
    fingerprints,
    matches,
    sketches,
    spike_days,
    watches,
)
from watcher.store.schema.entries import (
    article_counts,
    counted_since,
    entries,
    entry_dates,
    entry_payloads,
    near_miss_entries,
    near_misses,
    repeats,
    seen_keys,
    unread_entries,
)
from watcher.store.schema.feeds import (
    coverage,
    coverage_blocks,
    feed_bodies,
    feed_languages,
    feeds,
    listed_feeds,
    listings,
    opml_lists,
    sitemaps,
    walls,
)
from watcher.store.schema.match_feeds import search_feeds, watch_feeds
from watcher.store.schema.metadata import metadata
from watcher.store.schema.revisions import delivery_revisions, revisions, revisits

__all__ = [
    "article_counts",
    "attempts",
    "backfill_entries",
    "backfills",
    "channels",
    "counted_since",
    "coverage",
    "coverage_blocks",
    "deliveries",
    "delivery_documents",
    "delivery_near_misses",
    "delivery_revisions",
    "document_pages",
    "document_rights",
    "document_urls",
    "documents",
    "entries",
    "entry_dates",
    "entry_payloads",
    "feed_bodies",
    "feed_languages",
    "feeds",
    "fingerprints",
    "incidents",
    "listed_feeds",
    "listings",
    "matches",
    "metadata",
    "near_miss_entries",
    "near_misses",
    "notified",
    "opml_lists",
    "repeats",
    "revisions",
    "revisits",
    "search_feeds",
    "seen_keys",
    "sitemaps",
    "sketches",
    "spike_days",
    "unread_entries",
    "walls",
    "watch_feeds",
    "watches",
]
