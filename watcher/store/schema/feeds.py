"""Feeds and followed lists, and what is recorded of each feed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from watcher.store.dialect import Id, Instant, identity, partial_index
from watcher.store.schema.metadata import metadata

# One row per feed that was ever in the config. `poll_state` is the planner's value as JSON.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Id, identity(), primary_key=True),
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
    partial_index("feeds_due", "next_poll_at", where="active AND lease_until IS NULL"),
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
    Column("feed_id", Id, primary_key=True, autoincrement=False),
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
    Column("feed_id", Id, primary_key=True, autoincrement=False),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("days", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
