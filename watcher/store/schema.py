"""The tables of the state database. Names and types only; what the rows mean is said beside each table.

A change here needs a migration in `migrations/versions`; a test holds the two against each other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from watcher.store.sql import Instant

metadata = MetaData()

# One row per feed that ever stood in the config. `poll_state` is the planner's value as JSON; `first_poll` is the
# moment of the first successful poll, shared by feeds first polled together.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("url", Text, nullable=False),  # as the config has it
    Column("moved_to", Text, nullable=False, default=""),  # where permanent redirects have led for days
    Column("active", Boolean, nullable=False, default=True),
    Column("title", Text, nullable=False, default=""),
    Column("poll_state", Text, nullable=False, default=""),
    Column("next_poll_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("last_polled_at", Instant),
    Column("last_success_at", Instant),
    Column("listed_on", Integer),  # the day of the last body that was read, in days since 1970
    Column("failing_since", Instant),
    Column("last_error", Text, nullable=False, default=""),
    Index("feeds_due", "next_poll_at", sqlite_where=text("active AND lease_until IS NULL")),
)

# What each feed listed when it was last read, packed (see `feeds.listing`). `marked_on`: the day on which all its keys
# were last marked as seen, in days since 1970. In a table of its own, because every poll writes the rows of feeds.
listings = Table(
    "listings",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("rows", LargeBinary, nullable=False),
    Column("marked_on", Integer, nullable=False),
)

# What is known of the feeds' entries, by 8-byte key: one key for (feed, id), one for the normalised link.
known = Table(
    "known",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Integer, nullable=False),
    Column("feed_id", Integer, nullable=False),  # through which it became known
    Column("seen_on", Integer, nullable=False),  # days since 1970, for retention
    sqlite_with_rowid=False,
)

# One row per entry. `final_url` is "" where it is the link.
entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("link", Text, nullable=False),
    Column("link_key", BigInteger),
    Column("title", Text, nullable=False),
    Column("content_hash", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, default="pending"),  # pending | claimed | done
    Column("turn", Integer, nullable=False, default=0),  # a feed's n-th entries wait for everybody's (n-1)-th
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("times_ingested", Integer, nullable=False, default=0),
    Column("changed", Boolean, nullable=False, default=False),  # in the feed, while it was being ingested
    Column("in_first_poll", Boolean, nullable=False, default=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(12), nullable=False, default=""),  # matched | unmatched | duplicate | failed
    Column("reason", Text, nullable=False, default=""),
    Column("status", Integer),
    Column("final_url", Text, nullable=False, default=""),
    Column("document", Integer),
    Index("entries_due", "turn", "due_at", sqlite_where=text("state = 'pending'")),
    Index("entries_claimed", "lease_until", sqlite_where=text("state = 'claimed'")),
    Index("entries_by_link", "link_key"),
    Index("entries_first_poll", "id", sqlite_where=text("in_first_poll AND state <> 'done'")),
    Index("entries_ended", "ended_at"),
)

# What a feed says in an entry, as JSON; cleared away some time after the entry's end. In a table of its own, because
# SQLite gives back whole pages only, not what rows lose.
words = Table(
    "words",
    metadata,
    Column("entry", ForeignKey("entries.id"), primary_key=True),
    Column("words", Text, nullable=False),
)

# One row per document of the corpus, those that were adopted included.
documents = Table(
    "documents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
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
    Column("story", Integer, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("written_at", Instant),
    Index("documents_by_text", "text_hash"),
    Index("documents_by_story", "story"),
    Index("documents_unwritten", "number", sqlite_where=text("written_at IS NULL")),
)

# Every address under which a document's text was seen.
document_urls = Table(
    "document_urls",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("feed", String, nullable=False, default=""),
    Column("seen_at", Instant, nullable=False),
)

matches = Table(
    "matches",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("watch", String, primary_key=True),
    Column("hits", Text, nullable=False),
)

# What tells documents of one story: their fingerprints, kept as long as the window in which stories are told.
sketches = Table(
    "sketches",
    metadata,
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("size", Integer, nullable=False),  # how many fingerprints it has
    Column("recorded_at", Instant, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("fingerprint", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Integer, primary_key=True, autoincrement=False),
    Index("fingerprints_by_document", "document"),
    sqlite_with_rowid=False,
)

# The watches as they were when entries were last read against them; a changed definition is tried on earlier entries.
watches = Table(
    "watches",
    metadata,
    Column("name", String, primary_key=True),
    Column("definition", BigInteger, nullable=False),  # a hash of all that decides what it matches
    Column("since", Instant, nullable=False),
)

# Paragraphs that a host shows on several pages. `last_page` tells the pages apart: a hash of what they are called.
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

# How many pages of a feed's entries held no article, by what they were instead.
walls = Table(
    "walls",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("quality", String(16), primary_key=True),
    Column("pages", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
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
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("near_miss", BigInteger, primary_key=True, autoincrement=False),
    Index("near_miss_entries_by_near_miss", "near_miss"),
    sqlite_with_rowid=False,
)

# One row per delivery: one alert on its way to one channel. `payload` is kept from the first attempt on.
# `urgent` breaks through quiet hours; `uncertain`: it may have been shown though no answer says so; `reference`: the
# channel's own name for the message; `told_in`: the digest that tells it instead.
deliveries = Table(
    "deliveries",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("channel", String, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("story", Integer),
    Column("message", Text, nullable=False, default=""),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("release_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("payload", LargeBinary),
    Column("simplified", Boolean, nullable=False, default=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("uncertain", Boolean, nullable=False, default=False),
    Column("reference", Text, nullable=False, default=""),
    Column("told_in", Integer),
    Column("last_answer", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Index("deliveries_by_state", "state", "channel", "sequence"),
    Index("deliveries_ended", "ended_at"),
)

delivery_documents = Table(
    "delivery_documents",
    metadata,
    Column("delivery", ForeignKey("deliveries.sequence"), primary_key=True),
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("watches", Text, nullable=False),  # JSON list: why this channel is told of it
    Index("delivery_documents_by_document", "document"),
)

# What each channel was (or is about to be) told: once per story and watch.
told = Table(
    "told",
    metadata,
    Column("channel", String, primary_key=True),
    Column("story", Integer, primary_key=True),
    Column("watch", String, primary_key=True),
    Column("delivery", Integer, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery", ForeignKey("deliveries.sequence"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("status", Integer),
    Column("wait_seconds", Float),
    Column("seconds", Float, nullable=False),
    Column("answer", Text, nullable=False, default=""),
    Index("attempts_by_delivery", "delivery"),
)

# What is remembered of a channel between deliveries. `failing_since`: nothing arrived there since.
channels = Table(
    "channels",
    metadata,
    Column("name", String, primary_key=True),
    Column("parked_at", Instant),
    Column("parked_reason", Text, nullable=False, default=""),
    Column("paused_until", Instant),
    Column("failing_since", Instant),
)

# What the operator was told is amiss, until he was told that it is over. `name` says what and whose.
troubles = Table(
    "troubles",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("message", Text, nullable=False),
)
