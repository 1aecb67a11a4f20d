"""Documents with their matches, pages and rights, the watches, and the fingerprints of stories."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from watcher.store.dialect import Id, Instant, partial_index
from watcher.store.schema.metadata import metadata

# One row per document of the corpus, adopted files included.
documents = Table(
    "documents",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("id", String(16), nullable=False),
    Column("name", String, nullable=False, unique=True),
    Column("adopted", Boolean, nullable=False, default=False),
    Column("date", String(10), nullable=False, default=""),
    Column("text", Text, nullable=False),
    Column("text_hash", BigInteger, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("feed", String, nullable=False, default=""),
    Column("feed_text", Text, nullable=False, default=""),
    Column("author", Text, nullable=False, default=""),
    Column("site", Text, nullable=False, default=""),
    Column("language", String, nullable=False, default=""),
    Column("published_at", Instant),
    Column("fetched_at", Instant),
    Column("text_from", String(8), nullable=False, default="page"),
    Column("quality", String(16), nullable=False, default="good"),
    Column("extractor", String, nullable=False, default=""),
    Column("origins", Text, nullable=False, default="{}"),
    Column("story", Id, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("written_at", Instant),
    Index("documents_by_text", "text_hash"),
    # What lists filter and sort by, so that they do not read the texts.
    Index("documents_listed", "number", "date", "feed", "site", "published_at", "fetched_at", "recorded_at"),
    Index("documents_by_story", "story"),
    Index("documents_by_date", "date"),
    partial_index("documents_unwritten", "number", where="written_at IS NULL"),
)

# The addresses of a document's text.
document_urls = Table(
    "document_urls",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("feed", String, nullable=False, default=""),
    Column("seen_at", Instant, nullable=False),
    Index("document_urls_by_url", "url"),
)

matches = Table(
    "matches",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("watch", String, primary_key=True),
    Column("hits", Text, nullable=False),
)

# The reservations of rights that a document's page declares; no row if it declares none.
document_rights = Table(
    "document_rights",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("robots", Text, nullable=False, default=""),
    Column("tdm_reservation", String(1), nullable=False, default=""),
    Column("tdm_policy", Text, nullable=False, default=""),
)

# The bytes of a document's page as received, kept for WARC. `body` is compressed by zstd if that makes it shorter.
document_pages = Table(
    "document_pages",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("request_head", LargeBinary, nullable=False),
    Column("response_head", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("compressed", Boolean, nullable=False),
    Index("document_pages_by_time", "fetched_at"),
)

# The fingerprints by which documents of one story are recognised, kept for the time window of stories.
sketches = Table(
    "sketches",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("size", Integer, nullable=False),  # the number of its fingerprints
    Column("recorded_at", Instant, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("fingerprint", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Id, primary_key=True, autoincrement=False),
    Index("fingerprints_by_document", "document"),
    sqlite_with_rowid=False,
)

# The watches as of the last start or reload: a new or changed one is applied to earlier entries.
watches = Table(
    "watches",
    metadata,
    Column("name", String, primary_key=True),
    Column("definition", BigInteger, nullable=False),  # a hash of all that decides its matches
    Column("since", Instant, nullable=False),
)

# The live matches of a watch with `spike` by the day of their articles, in days since 1970: neither of first polls nor
# of backfills. `notified_at`: when its channels were notified of a spike on that day.
spike_days = Table(
    "spike_days",
    metadata,
    Column("watch", String, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("matches", Integer, nullable=False),
    Column("notified_at", Instant),
    sqlite_with_rowid=False,
)
