"""The feeds of matches that other readers subscribe to, with the tokens that give access to them."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from watcher.store.dialect import Id, Instant, identity
from watcher.store.schema.metadata import metadata

# One row per watch, also of one that is not in the config any more: it gets its address back if it returns.
watch_feeds = Table(
    "watch_feeds",
    metadata,
    Column("watch", String, primary_key=True),
    Column("token", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# The searches that are feeds, too. `scope`: where they search. `feed`: only articles of this feed, "" for all.
search_feeds = Table(
    "search_feeds",
    metadata,
    Column("number", Id, identity(), primary_key=True),
    Column("query", Text, nullable=False),
    Column("scope", String(6), nullable=False),
    Column("feed", String, nullable=False, default=""),
    Column("token", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    sqlite_autoincrement=True,  # the number of a deleted feed is not used again
)
