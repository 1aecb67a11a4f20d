"""Backfills: watches that are tried on the seen archive, and the entries that are ingested for them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table

from watcher.store.dialect import Id, Instant, identity, partial_index
from watcher.store.schema.metadata import metadata

# One row per backfill. `known`: articles that were documents already; `ended_at`: when its last entry ended.
backfills = Table(
    "backfills",
    metadata,
    Column("id", Id, identity(), primary_key=True),
    Column("watch", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("known", Integer, nullable=False),
)

# The entries whose pages are read for a backfill. `link_key`, `variant`: of the text in the seen archive; `reopened`:
# the backfill alone asked for the ingestion, so that only its watch counts; `outcome`: document | known | unmatched |
# failed, "" until the entry ends; `from_seen`: the document has the text of the seen archive.
backfill_entries = Table(
    "backfill_entries",
    metadata,
    Column("backfill", ForeignKey("backfills.id"), primary_key=True),
    Column("entry", Id, primary_key=True, autoincrement=False),
    Column("link_key", BigInteger, nullable=False),
    Column("variant", BigInteger, nullable=False),
    Column("reopened", Boolean, nullable=False),
    Column("outcome", String(9), nullable=False, default=""),
    Column("document", Id),
    Column("from_seen", Boolean, nullable=False, default=False),
    partial_index("backfill_entries_open", "entry", where="outcome = ''"),
    partial_index("backfill_entries_left", "backfill", where="outcome = ''"),
    sqlite_with_rowid=False,
)
