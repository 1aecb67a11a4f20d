"""The pages of documents that are read again, and the later versions of their texts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from watcher.store.dialect import Id, Instant, partial_index
from watcher.store.schema.metadata import metadata

# One row per document whose page is read again. `due_at`: NULL after the last reading. `etag`, `last_modified`: the
# validators of the answer that showed the text with the key `validated`; `fetched_at`: of the last whole answer.
# `track`: a compressed `Track`, NULL before the first reading. `problem`: of the last reading, "" if it showed a text.
revisits = Table(
    "revisits",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("archived_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("lease_until", Instant),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", Text, nullable=False, default=""),
    Column("validated", BigInteger),
    Column("fetched_at", Instant),
    Column("track", LargeBinary),
    Column("readings", Integer, nullable=False, default=0),
    Column("last_at", Instant),
    Column("problem", Text, nullable=False, default=""),
    partial_index("revisits_due", "due_at", where="due_at IS NOT NULL"),
)

# The later versions of documents; version 0 is the document. `text`, `changes`: compressed, NULL once they are dropped
# or if the page is gone. `classes`, `passages`: JSON lists.
revisions = Table(
    "revisions",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("text", LargeBinary),
    Column("changes", LargeBinary),
    Column("classes", Text, nullable=False),
    Column("passages", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("modified_at", Instant),
    Column("admitted", Boolean),
    Column("dropped_at", Instant),
    Index("revisions_by_time", "seen_at"),
    partial_index("revisions_by_record", "recorded_at", where="text IS NOT NULL"),
)

# The revisions of which a delivery notifies.
delivery_revisions = Table(
    "delivery_revisions",
    metadata,
    Column("delivery", ForeignKey("deliveries.sequence"), primary_key=True),
    Column("document", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Index("delivery_revisions_by_document", "document"),
)
