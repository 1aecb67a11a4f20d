"""Entries, the keys under which they are known, and what their pages show beside articles."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from watcher.store.dialect import Id, Instant, identity, partial_index
from watcher.store.schema.metadata import metadata

# The keys under which entries are known: 8 bytes each, one for (feed, id), one for the normalised link.
seen_keys = Table(
    "known",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Id, nullable=False),
    Column("feed_id", Id, nullable=False),  # the feed that brought it first
    Column("seen_on", Integer, nullable=False),  # days since 1970, for retention
    sqlite_with_rowid=False,
)

# One row per entry. `final_url` is "" if it equals the link.
entries = Table(
    "entries",
    metadata,
    Column("id", Id, identity(), primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("link", Text, nullable=False),
    Column("link_key", BigInteger),
    Column("title", Text, nullable=False),
    Column("content_hash", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, default="pending"),  # pending | claimed | done
    Column("turn", Integer, nullable=False, default=0),  # the n-th entries of all feeds come before their (n+1)-th
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("times_ingested", Integer, nullable=False, default=0),
    Column("changed", Boolean, nullable=False, default=False),  # in the feed, during its ingestion
    Column("in_first_poll", Boolean, nullable=False, default=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(12), nullable=False, default=""),  # matched | unmatched | duplicate | failed
    Column("reason", Text, nullable=False, default=""),
    Column("status", Integer),
    Column("final_url", Text, nullable=False, default=""),
    Column("document", Id),
    partial_index("entries_due", "turn", "due_at", where="state = 'pending'"),
    partial_index("entries_claimed", "lease_until", where="state = 'claimed'"),
    Index("entries_by_link", "link_key"),
    partial_index("entries_first_poll", "id", where="in_first_poll AND state <> 'done'"),
    Index("entries_ended", "ended_at"),
)

# The content of an entry as JSON, deleted some time after the entry's end. It is a table of its own because SQLite
# frees whole pages only, not the space that rows lose.
entry_payloads = Table(
    "words",
    metadata,
    Column("entry", ForeignKey("entries.id"), primary_key=True),
    Column("words", Text, nullable=False),
)

# The counted entries whose page was not read (yet), with the day on which they are counted, and their `Coverage`.
unread_entries = Table(
    "unread_entries",
    metadata,
    Column("entry", Id, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("coverage", String(9), nullable=False),
)

# The entries whose text was read, with the date of their articles ("" if unknown) and the day that stands for it: the
# first one of the date, else that of the fetching, in days since 1970.
entry_dates = Table(
    "entry_dates",
    metadata,
    Column("entry", Id, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("date", String(10), nullable=False),
)

# The numbers of these entries by day and date. They stay when the entries are deleted.
article_counts = Table(
    "article_counts",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("date", String(10), primary_key=True),
    Column("articles", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Since when these entries are counted; no row in a state that has counted all of them.
counted_since = Table(
    "counted_since",
    metadata,
    Column("what", String(10), primary_key=True),
    Column("since", Instant, nullable=False),
)

# Paragraphs that a host shows on several pages. `last_page`: a hash of the last page's title.
repeats = Table(
    "repeats",
    metadata,
    Column("host", String, primary_key=True),
    Column("paragraph", BigInteger, primary_key=True, autoincrement=False),
    Column("pages", Integer, nullable=False),
    Column("last_page", BigInteger, nullable=False),
    Column("seen_on", Integer, nullable=False),  # days since 1970, for retention
    sqlite_with_rowid=False,
)

# One row per watch, host and sentence of near misses. `key`: a hash of the three. `url`, `feed`: of the page that
# showed it last; `count`: entries whose page showed it.
near_misses = Table(
    "near_misses",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("watch", String, nullable=False),
    Column("term", String, nullable=False),
    Column("form", String, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("place", String, nullable=False),
    Column("host", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("feed", String, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Index("near_misses_by_time", "last_seen_at"),
)

# The entries whose pages showed a near miss, so that a page that is read again does not count twice.
near_miss_entries = Table(
    "near_miss_entries",
    metadata,
    Column("entry", Id, primary_key=True, autoincrement=False),
    Column("near_miss", BigInteger, primary_key=True, autoincrement=False),
    Index("near_miss_entries_by_near_miss", "near_miss"),
    sqlite_with_rowid=False,
)
