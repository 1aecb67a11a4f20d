"""The feeds of matches, with their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from watcher.store import schema

_watches, _searches = schema.watch_feeds.c, schema.search_feeds.c


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFeed:
    """The feed of a watch."""

    watch: str
    token: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFeed:
    """The feed of a search. `scope`: where it searches; `feed`: only articles of this feed, "" for all."""

    number: int
    query: str
    scope: str
    feed: str
    token: str
    made_at: datetime


def of_watches(tx: Connection) -> Mapping[str, WatchFeed]:
    """Returns watch -> its feed."""
    rows = tx.execute(select(schema.watch_feeds))
    return {row.watch: WatchFeed(watch=row.watch, token=row.token, made_at=row.made_at) for row in rows}


def of_searches(tx: Connection) -> list[SearchFeed]:
    """Returns the feeds of searches, the oldest first."""
    rows = tx.execute(select(schema.search_feeds).order_by(_searches.number))
    return [SearchFeed(**row._mapping) for row in rows]


def of_watch(tx: Connection, watch: str) -> WatchFeed | None:
    """Returns the feed of a watch, None if it has none."""
    row = tx.execute(select(schema.watch_feeds).where(_watches.watch == watch)).first()
    return WatchFeed(watch=row.watch, token=row.token, made_at=row.made_at) if row else None


def of_search(tx: Connection, number: int) -> SearchFeed | None:
    """Returns the feed of a search, None if there is none of this number."""
    row = tx.execute(select(schema.search_feeds).where(_searches.number == number)).first()
    return SearchFeed(**row._mapping) if row else None
