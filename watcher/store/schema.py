"""The tables of the state database: names and types, with the meaning of the rows beside each table.

A change here needs a migration in `migrations/versions`; a test compares the two.
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

# One row per feed that was ever in the config. `poll_state` is the planner's value as JSON.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("url", Text, nullable=False),  # as the config has it
    Column("moved_to", Text, nullable=False, default=""),  # the target of permanent redirects that have lasted for days
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

# The packed listing of each feed's last body (see `feeds.listing`). `marked_on`: the day on which all its keys were
# marked as seen, in days since 1970. It is a table of its own because every poll writes the row of its feed.
listings = Table(
    "listings",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("rows", LargeBinary, nullable=False),
    Column("marked_on", Integer, nullable=False),
)

# One row per followed list that was ever read. `place`: its address or file; `poll_state`: the planner's value as JSON.
opml_lists = Table(
    "opml_lists",
    metadata,
    Column("name", String, primary_key=True),
    Column("place", Text, nullable=False),
    Column("poll_state", Text, nullable=False, default=""),
    Column("next_read_at", Instant, nullable=False),
    Column("last_read_at", Instant),
    Column("last_success_at", Instant),
    Column("failing_since", Instant),
    Column("last_error", Text, nullable=False, default=""),
)

# The feeds that a followed list names (`listed`) or named once. `key`: of the feed's address; `feed`: the name under
# which it is subscribed, "" before the first time.
listed_feeds = Table(
    "listed_feeds",
    metadata,
    Column("list", String, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("feed", String, nullable=False, default=""),
    Column("listed", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The language that a feed declared in its last body, "" if none. It is a table of its own because SQLite cannot add a
# column to `feeds` such that new and migrated states have the same schema.
feed_languages = Table(
    "feed_languages",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("language", String, nullable=False),
)

# The kind of a feed's last body (`feed` | `news sitemap`), and what was wrong with it, "" if nothing was. A feed
# without a row is of the kind `feed`, and nothing was wrong.
feed_bodies = Table(
    "feed_bodies",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("kind", String, nullable=False),
    Column("problem", Text, nullable=False),
)

# The sitemaps of a feed that is an index of them; see `model.Sitemap`.
sitemaps = Table(
    "sitemaps",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("last_unconditional_at", Instant),
    Column("body_hash", BigInteger),
    Column("listed", Integer, nullable=False),
    Column("listing", LargeBinary, nullable=False),
    Column("body_problem", Text, nullable=False),
    Column("error", Text, nullable=False),
)

# The keys under which entries are known: 8 bytes each, one for (feed, id), one for the normalised link.
seen_keys = Table(
    "known",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Integer, nullable=False),
    Column("feed_id", Integer, nullable=False),  # the feed that brought it first
    Column("seen_on", Integer, nullable=False),  # days since 1970, for retention
    sqlite_with_rowid=False,
)

# One row per entry. `final_url` is "" if it equals the link.
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
    Column("document", Integer),
    Index("entries_due", "turn", "due_at", sqlite_where=text("state = 'pending'")),
    Index("entries_claimed", "lease_until", sqlite_where=text("state = 'claimed'")),
    Index("entries_by_link", "link_key"),
    Index("entries_first_poll", "id", sqlite_where=text("in_first_poll AND state <> 'done'")),
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

# One row per document of the corpus, adopted files included.
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

# The addresses of a document's text.
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
    Column("document", Integer, primary_key=True, autoincrement=False),
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

# The number of pages of a feed's entries without an article, by kind.
walls = Table(
    "walls",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("quality", String(16), primary_key=True),
    Column("pages", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

# The counts of each feed and day, in days since 1970 by the calendar of the corpus' time zone. `new`: entries that the
# feed brought; `known`: entries that it named after another feed had brought them; `page` to `errors`: new entries by
# `Coverage`, the rest of `new` waits; `rolled_over`: an estimate; `seconds_lost`: without contact.
coverage = Table(
    "coverage",
    metadata,
    Column("feed_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("polls", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("feed_only", Integer, nullable=False),
    Column("walls", Integer, nullable=False),
    Column("paywalls", Integer, nullable=False),
    Column("robots", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("rolled_over", Integer, nullable=False),
    Column("seconds_lost", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The counts of earlier days, 32 in a row, compressed (see `codec.pack_days`): a third of the size. A later change of
# such a day is a row of `coverage` again, to be added to these. `block`: the number of the first day divided by 32.
coverage_blocks = Table(
    "coverage_blocks",
    metadata,
    Column("feed_id", Integer, primary_key=True, autoincrement=False),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("days", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# The counted entries whose page was not read (yet), with the day on which they are counted, and their `Coverage`.
unread_entries = Table(
    "unread_entries",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("coverage", String(9), nullable=False),
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

# The near misses of a digest.
delivery_near_misses = Table(
    "delivery_near_misses",
    metadata,
    Column("delivery", ForeignKey("deliveries.sequence"), primary_key=True),
    Column("near_miss", BigInteger, primary_key=True, autoincrement=False),
    Index("delivery_near_misses_by_near_miss", "near_miss"),
)

# One row per delivery of an alert to a channel. `payload` is stored before the first attempt. `urgent` breaks through
# quiet hours; `uncertain`: it may have been shown although no answer confirms it; `reference`: the channel's id of the
# message; `told_in`: the digest that carries it instead.
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
    Column("watches", Text, nullable=False),  # a JSON list: the reasons to notify the channel
    Index("delivery_documents_by_document", "document"),
)

# The stories of which a channel was (or will be) notified: once per story and watch.
notified = Table(
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

# The state of a channel between deliveries. `failing_since`: the moment from which nothing has arrived there.
channels = Table(
    "channels",
    metadata,
    Column("name", String, primary_key=True),
    Column("parked_at", Instant),
    Column("parked_reason", Text, nullable=False, default=""),
    Column("paused_until", Instant),
    Column("failing_since", Instant),
)

# The incidents of which the operator was notified and that have not ended.
incidents = Table(
    "troubles",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("message", Text, nullable=False),
)
